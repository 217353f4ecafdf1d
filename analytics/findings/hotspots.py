"""Where administrations repeat, compared with what, and how sure: the hotspots of a period, ready for one audience.

The densest part of the surface that holds a quarter of the expected administrations (analytics.hotspots), each area
with its doubts beside it: interval, bootstrap, chance under a comparison layer, the last eight quarters, two other
bandwidths, and the back-test of the method itself.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from analytics import density, hotspots
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedOutlines,
    DisclosedTable,
    disclose_breakdown,
    disclose_count,
    disclose_outlines,
    disclose_rate,
    tabulate_cells,
)
from analytics.findings.back_test import BackTestFinding, find_back_test
from analytics.findings.ground import asked_bandwidth, asked_window, place_names
from analytics.findings.hotspot_profile import find_profile, read_profiles
from analytics.findings.layers import Layer, layer_caveat, layer_cells, layer_words
from analytics.findings.question import Question
from analytics.point_patterns import inside_window
from data.store import DatedAdministrations
from wording import (
    _,
    format_count,
    format_number,
    format_period,
    format_share,
    join_words,
    ngettext,
)

__all__ = ["HotspotMap", "HotspotOptions", "find_hotspots"]

Progress = Callable[[float, str], None]
Booleans = NDArray[np.bool_]

SEED = 20_250_509
RESAMPLES, SIMULATIONS = 200, 999
QUARTERS, MONTHS_A_QUARTER = 8, 3
BANDWIDTH_FACTORS = (0.7, 1.4)
# In the strip of quarters and of bandwidths: there, not there, and a quarter without records.
THERE, NOT_THERE, NO_RECORDS = "■", "□", "·"
# Of a quarter that the records begin or end in, they must cover this part for it to say anything.
SHARE_RECORDED = 0.5
PLACES_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class HotspotOptions:
    """A bandwidth in metres, or None for the rule; what chance is drawn from, or None for the best there is.

    `share` of the expected administrations (0 to 1) is what the smallest area holds whose parts are the places.
    """

    bandwidth_m: float | None = None
    layer: Layer | None = None
    share: float = hotspots.SHARE


@dataclass(frozen=True, kw_only=True)
class HotspotMap:
    """The hotspots page: sentences, outlines, a table with a row an outline, and a profile for each.

    `outlines.names` names the rows of `table` and the entries of `profiles`, in the same order.
    """

    empty: bool
    headline: str
    counted: str
    short: str
    method: str
    caveat: str
    outlines: DisclosedOutlines
    table: DisclosedTable
    profiles: tuple[DisclosedTable, ...]
    back_test: BackTestFinding


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """What the methods found: hotspots, their names, and where they stay; `recorded` are the quarters with records."""

    found: hotspots.Hotspots
    surface: density.DensitySurface
    names: list[str]
    quarters: Booleans
    recorded: Booleans
    bandwidths: Booleans
    reason: str
    layer: Layer

    def trend(self, index: int) -> str:
        return hotspots.trend(stays=self.quarters[index], recorded=self.recorded)

    @property
    def too_short(self) -> bool:
        """Whether the records are too short to say of any place that it lasts."""
        return int(self.recorded.sum()) < hotspots.FEWEST_PERIODS


def _chance_layer(question: Question, layer: Layer | None) -> Layer:
    """The layer asked for, else addresses, else the even spread where no addresses are known."""
    return layer or (Layer.ADDRESSES if question.geography.has_addresses else Layer.EVEN)


def find_hotspots(question: Question, *, options: HotspotOptions, on_progress: Progress | None = None) -> HotspotMap:
    """The hotspots of the question's administrations, or why there is none; `on_progress` cancels by raising."""
    tell = on_progress or (lambda _share, _what: None)
    tell(0.02, _("Reading administrations"))
    located = question.store.dated_administrations(filters=question.filters, scope=question.scope)
    window = asked_window(question)
    layer = _chance_layer(question, options.layer)
    judged = _judge(question, located, window, layer, options, tell) if located.day.size else None
    tell(0.85, _("Testing earlier maps on later months"))
    back_test = find_back_test(question)
    tell(0.95, _("Describing the places"))
    found = judged.found.hotspots if judged else ()
    answer = HotspotMap(
        empty=question.store.count_administrations(filters=question.filters, scope=question.scope).administrations == 0,
        headline=_headline(question, judged, located.day.size),
        counted=_counted(question, judged, located.day.size),
        short=_short(question, judged, located.day.size),
        method=_method(judged),
        caveat=" ".join(
            (
                _("Administrations happen only where carriers are: a place without them is not a place without need."),
                layer_caveat(question, layer),
            )
        ),
        outlines=disclose_outlines(
            names=judged.names if judged else (),
            outlines=[spot.outline for spot in found],
            events=[spot.events for spot in found],
            marked=[spot.beyond_chance for spot in found],
            about=[_reading(judged, index) for index in range(len(found))] if judged else (),
            thresholds=question.thresholds,
        ),
        table=_table(question, judged),
        profiles=_profiles(question, judged),
        back_test=back_test,
    )
    tell(1.0, _("Done"))
    return answer


def _judge(
    question: Question,
    located: DatedAdministrations,
    window: Polygon | MultiPolygon,
    layer: Layer,
    options: HotspotOptions,
    tell: Progress,
) -> _Judged | None:
    """None where none of the administrations lies inside the window."""
    points = {"easting_m": located.easting_m, "northing_m": located.northing_m}
    if not inside_window(window=window, **points).any():
        return None
    bandwidth_m, reason = asked_bandwidth(
        question,
        **points,
        location_precision_m=located.location_precision_m,
        window=window,
        bandwidth_m=options.bandwidth_m,
    )
    cell_m = hotspots.hotspot_cell_m(window=window, bandwidth_m=bandwidth_m)
    ground = {"window": window, "cell_m": cell_m}
    surface = density.kernel_density(**points, **ground, bandwidth_m=bandwidth_m)
    found = hotspots.find_hotspots(
        surface=surface,
        **points,
        window=window,
        years=question.filters.years,
        denominator=layer_cells(question, layer, surface),
        share=options.share,
        resamples=RESAMPLES,
        simulations=SIMULATIONS,
        seed=SEED,
        progress=lambda share: tell(0.1 + 0.65 * share, _("Drawing maps by chance")),
    )
    tell(0.77, _("Looking at earlier quarters and other bandwidths"))
    others = [
        density.kernel_density(**points, **ground, bandwidth_m=factor * bandwidth_m) for factor in BANDWIDTH_FACTORS
    ]
    return _Judged(
        found=found,
        surface=surface,
        names=_names(question, found.hotspots),
        quarters=_in_quarters(question, found, surface),
        recorded=_recorded(question),
        bandwidths=hotspots.persistence(hotspots=found, surfaces=others, share=found.share, cover=hotspots.KEPT_COVER),
        reason=reason,
        layer=layer,
    )


def _quarters(last_day: date) -> list[tuple[date, date]]:
    """The last eight stretches of three months that end with the period, oldest first."""
    ends = pd.Timestamp(last_day) + pd.Timedelta(days=1)
    edges = [(ends - pd.DateOffset(months=MONTHS_A_QUARTER * back)).date() for back in reversed(range(QUARTERS + 1))]
    return [(first, (pd.Timestamp(after) - pd.Timedelta(days=1)).date()) for first, after in itertools.pairwise(edges)]


def _recorded(question: Question) -> Booleans:
    """Which of the last eight quarters the store's records cover, shape (8,): the others had no record anywhere."""
    first_record, last_record = question.store.period()
    covered = [
        ((min(last, last_record) - max(first, first_record)).days + 1) / ((last - first).days + 1)
        for first, last in _quarters(question.filters.last_day)
    ]
    return np.array(covered) >= SHARE_RECORDED


def _in_quarters(question: Question, found: hotspots.Hotspots, surface: density.DensitySurface) -> Booleans:
    """Whether each hotspot had more than its share in each of the last eight quarters; shape (hotspots, 8)."""
    quarters = _quarters(question.filters.last_day)
    filters = replace(question.filters, first_day=quarters[0][0])
    events = question.store.dated_administrations(filters=filters, scope=question.scope)
    starts = np.array([first for first, _last in quarters], dtype="datetime64[D]")
    above = hotspots.above_share(
        hotspots=found,
        surface=surface,
        easting_m=events.easting_m,
        northing_m=events.northing_m,
        period=np.searchsorted(starts, events.day, side="right") - 1,
    )
    # Quarters after the last event have none to show.
    return np.pad(above, ((0, 0), (0, QUARTERS - above.shape[1])))


def _names(question: Question, found: Sequence[hotspots.Hotspot]) -> list[str]:
    """Rank and place: two hotspots can lie near one place, and the rank tells them apart on the map."""
    places = place_names(
        question, easting_m=[spot.easting_m for spot in found], northing_m=[spot.northing_m for spot in found]
    )
    return [_("{rank}. {place}").format(rank=spot.rank, place=place) for spot, place in zip(found, places, strict=True)]


def _place_of(name: str) -> str:
    """The place without its rank and small area, for a sentence."""
    return name.split(". ", 1)[1].rsplit(" (", 1)[0]


def _places(count: int, audience: Audience) -> str:
    """What these are called: the analyst may read hotspots."""
    if audience is Audience.ANALYST:
        return ngettext("{count} hotspot", "{count} hotspots", count).format(count=format_count(count))
    return ngettext(
        "{count} place with repeated administrations", "{count} places with repeated administrations", count
    ).format(count=format_count(count))


def _headline(question: Question, judged: _Judged | None, located: int) -> str:
    if located == 0:
        return _("None recorded with a place; police may not have been called.")
    if judged is None or not judged.found.hotspots:
        return _("No place has enough administrations to be called one where they repeat.")
    found = judged.found.hotspots
    held = sum(spot.events for spot in found)
    told = ngettext(
        "{places}, in {share} of the area, holds {held} of {all} mapped administrations.",
        "{places}, in {share} of the area, hold {held} of {all} mapped administrations.",
        len(found),
    ).format(
        places=_places(len(found), question.audience),
        share=format_share(
            sum(spot.area_km2 for spot in found) * 1e6 / (judged.surface.inside.sum() * judged.surface.cell_m**2),
            decimals=1,
        ),
        held=format_count(held),
        all=format_count(judged.found.events),
    )
    beyond = [index for index, spot in enumerate(found) if spot.beyond_chance]
    lasting = beyond if judged.too_short else [index for index in beyond if judged.trend(index) == "lasting"]
    # Those that were there in most quarters come first.
    sure = [_place_of(judged.names[index]) for index in sorted(lasting, key=lambda i: -judged.quarters[i].sum())]
    named = _first_places(sure)
    if judged.too_short:
        short = _("The records are too short to say which of them last.")
        return (
            _("{told} Beyond chance: {places}. {short}").format(told=told, places=named, short=short)
            if sure
            else _("{told} None is beyond chance. {short}").format(told=told, short=short)
        )
    if not sure:
        return _("{told} None is both lasting and beyond chance.").format(told=told)
    return ngettext(
        "{told} Lasting and beyond chance: {places}.", "{told} Lasting and beyond chance: {places}.", len(sure)
    ).format(told=told, places=named)


def _first_places(places: list[str]) -> str:
    """The first places by name, and how many more there are."""
    names = list(dict.fromkeys(places))
    more = len(names) - PLACES_NAMED
    others = [ngettext("{count} more", "{count} more", more).format(count=format_count(more))] if more > 0 else []
    return join_words([*names[:PLACES_NAMED], *others])


def _counted(question: Question, judged: _Judged | None, located: int) -> str:
    filters = question.filters
    mapped = judged.found.events if judged else 0
    parts = disclose_breakdown(
        codes=("mapped", "outside"),
        names=("", ""),
        counts=(mapped, located - mapped),
        audience=question.audience,
        thresholds=question.thresholds,
    )
    counted = _("{count} administrations with a place, {period}.").format(
        count=parts.counts[0].text, period=format_period(filters.first_day, filters.last_day)
    )
    if mapped == located:
        return counted
    return _("{counted} Outside the area, and not counted here: {outside}.").format(
        counted=counted, outside=parts.counts[1].text
    )


def _short(question: Question, judged: _Judged | None, located: int) -> str:
    """Which dense areas fell short of five administrations, and by how many."""
    fewest = hotspots.FEWEST_EVENTS
    least = _("Under {fewest} administrations there is no such place.").format(fewest=fewest)
    if judged is None or judged.found.events < fewest:
        missing = fewest - (judged.found.events if judged else 0)
        if question.audience is not Audience.ANALYST or located == 0:
            return least
        return _("{least} {missing} more would be needed.").format(least=least, missing=missing)
    if not judged.found.areas_short:
        return _("{least} No other area is as dense.").format(least=least)
    areas = ngettext("{count} area as dense", "{count} areas as dense", judged.found.areas_short).format(
        count=format_count(judged.found.areas_short)
    )
    together = disclose_count(
        judged.found.events_short, audience=question.audience, thresholds=question.thresholds
    ).text
    return _("{least} {areas} fell short, with {together} in all.").format(least=least, areas=areas, together=together)


def _method(judged: _Judged | None) -> str:
    if judged is None or not judged.found.hotspots:
        return ""
    return _(
        "A place is a contiguous part of the smallest area that holds {share} of what the surface expects (bandwidth"
        " {reason}). Kept: share of {resamples} resampled surfaces that still have it. Chance: share of {simulations}"
        " maps of as many administrations, drawn from {layer}, with a place at least as extreme; beyond chance is 0.05"
        " or less. Quarters: the last eight, oldest first, ■ where it had more than its share, □ where not, · where"
        " there are no records, or only of less than half the quarter; under four with records none is called lasting."
    ).format(
        share=format_share(judged.found.share),
        reason=judged.reason.rstrip("."),
        resamples=judged.found.resamples,
        simulations=judged.found.simulations,
        layer=layer_words()[judged.layer],
    )


def _trend_words() -> dict[str, str]:
    return {
        "new": _("new"),
        "lasting": _("lasting"),
        "fading": _("fading"),
        "unsettled": _("comes and goes"),
        "short": _("too short to say"),
    }


def _reading(judged: _Judged, index: int) -> str:
    """The strip and the chance in words."""
    sure = _("beyond chance") if judged.found.hotspots[index].beyond_chance else _("chance could do it")
    return _("{trend}, {sure}").format(trend=_trend_words()[judged.trend(index)], sure=sure)


def _strip(stays: Booleans, recorded: Booleans | None = None) -> str:
    known = np.ones(len(stays), dtype=bool) if recorded is None else recorded
    return "".join(
        THERE if stay and each else NOT_THERE if each else NO_RECORDS for stay, each in zip(stays, known, strict=True)
    )


def _table(question: Question, judged: _Judged | None) -> DisclosedTable:
    rows = []
    for index, spot in enumerate(judged.found.hotspots if judged else ()):
        rate = disclose_rate(
            spot.events,
            spot.area_km2 * question.filters.years,
            unit=_("per km² per year"),
            audience=question.audience,
            thresholds=question.thresholds,
        )
        rows.append(
            (
                judged.names[index],
                _reading(judged, index),
                disclose_count(spot.events, audience=question.audience, thresholds=question.thresholds),
                rate.text,
                format_number(spot.area_km2),
                format_number(spot.expected),
                format_number(spot.chance),
                format_share(spot.kept_share),
                _("{lower} to {upper}").format(lower=spot.rank_lower, upper=spot.rank_upper),
                _strip(judged.quarters[index], judged.recorded),
                _strip(judged.bandwidths[index]),
            )
        )
    return tabulate_cells(
        columns=(
            Column(heading=_("Place")),
            Column(heading=_("Reading")),
            Column(heading="n", numeric=True),
            Column(heading=_("Per km² per year (95 %)"), numeric=True),
            Column(heading=_("km²"), numeric=True),
            Column(heading=_("Expected"), numeric=True),
            Column(heading=_("Chance"), numeric=True),
            Column(heading=_("Kept"), numeric=True),
            Column(heading=_("Rank (95 %)"), numeric=True),
            Column(heading=_("Quarters")),
            Column(heading=_("Bandwidth 0.7 and 1.4 times")),
        ),
        rows=rows,
        caption="",
    )


def _profiles(question: Question, judged: _Judged | None) -> tuple[DisclosedTable, ...]:
    if judged is None or not judged.found.hotspots:
        return ()
    frame = read_profiles(question)
    row, column, within = judged.surface.grid.indices(frame["easting_m"].to_numpy(), frame["northing_m"].to_numpy())
    label = np.where(within, judged.found.labels[row, column], 0)
    return tuple(find_profile(question, frame=frame, here=label == spot.rank) for spot in judged.found.hotspots)
