"""Where police gave naloxone: a density surface where there are enough administrations, else areas or a list.

The same of an independent layer's events (analytics.findings.mapped_events), under a name of their own: a force may
have those before its first administration comes in.

The surface is in events per km2 per year (analytics.density); cells where fewer than 5 lie within two bandwidths, or
whose value is too uncertain, are marked too few. Everything here leaves through analytics.disclosure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from analytics import density
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedBreakdown,
    DisclosedCount,
    DisclosedPoints,
    DisclosedRate,
    DisclosedSurface,
    DisclosedTable,
    disclose_breakdown,
    disclose_count,
    disclose_list,
    disclose_points,
    disclose_rate,
    disclose_surface,
    tabulate_breakdown,
    without_noughts,
)
from analytics.findings.ground import AreaLevel, area_frame, asked_bandwidth, asked_window, place_names
from analytics.findings.layers import Layer
from analytics.findings.mapped_events import MappedEvents, read_administrations, read_layer_events
from analytics.findings.question import Question
from analytics.findings.words import setting_words, substance_words
from wording import _, format_count, format_date, format_month, format_period, format_share, join_words, ngettext

__all__ = ["AreaLevel", "HeatMap", "HeatMapOptions", "Picture", "find_heat_map"]

Progress = Callable[[float, str], None]

# A place is named in the headline only where enough administrations make it one.
PLACES_NAMED = 3
CONCENTRATION_SHARE = 0.5
# A place is drawn where it is known as well as the bandwidth: a coarser one would make a peak of its own. Postcodes and
# published street points (250 m) are drawn with any bandwidth.
ALWAYS_FINE_ENOUGH_M = 500.0
# Stands for every place that is in no area of the force.
ELSEWHERE = "elsewhere"


class Picture(StrEnum):
    """What can honestly be drawn of the administrations that match."""

    NOTHING = "nothing"
    LIST = "list"
    AREAS = "areas"
    SURFACE = "surface"


@dataclass(frozen=True, kw_only=True)
class HeatMapOptions:
    """How to draw: a bandwidth in metres, or None for the rule; and which areas the table counts."""

    bandwidth_m: float | None = None
    level: AreaLevel = "authority"


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """The heat map page's picture, numbers and sentences, ready for one audience.

    `title` says whose places these are, `events` what they are called inside a sentence.
    """

    title: str
    events: str
    picture: Picture
    headline: str
    counted: str
    method: str
    caveat: str
    located: DisclosedCount
    bandwidth_m: float | None
    surface: DisclosedSurface | None
    points: DisclosedPoints
    areas: DisclosedBreakdown
    area_rates: tuple[DisclosedRate, ...]
    areas_table: DisclosedTable
    listed: DisclosedTable | None

    @property
    def empty(self) -> bool:
        """Whether nothing matches."""
        return self.picture is Picture.NOTHING

    @property
    def smoothing(self) -> str:
        """How far around each administration the surface spreads it, in words; empty where there is no surface."""
        if self.bandwidth_m is None:
            return ""
        return _("Bandwidth {metres} m.").format(metres=format_count(round(self.bandwidth_m)))


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """The surface with its sentences, and how many events with a place are not on it."""

    surface: DisclosedSurface
    bandwidth_m: float
    method: str
    headline: str
    outside: int
    coarse: int


def find_heat_map(
    question: Question,
    *,
    options: HeatMapOptions,
    layer: Layer | None = None,
    on_progress: Progress | None = None,
) -> HeatMap:
    """The heat map of the question's administrations, or of a `layer`; or what can be shown in its place."""
    tell = on_progress or (lambda _share, _what: None)
    tell(0.05, _("Reading the records"))
    if layer is None:
        mapped = read_administrations(question, level=options.level)
    else:
        mapped = read_layer_events(question, layer=layer, level=options.level)
        question = replace(question, filters=mapped.filters)
    areas, rates = _areas(question, options.level, mapped.by_area)
    picture = _picture(question, mapped, listed=layer is None)
    drawn = _draw(question, mapped, options, tell) if picture is Picture.SURFACE else None
    thresholds, audience = question.thresholds, question.audience
    return HeatMap(
        title=mapped.title,
        events=mapped.words,
        picture=picture,
        headline=drawn.headline if drawn else _headline_without_surface(question, picture, mapped),
        counted=_counted(question, mapped, outside=drawn.outside if drawn else 0, coarse=drawn.coarse if drawn else 0),
        method=drawn.method if drawn else "",
        caveat=mapped.caveat,
        located=disclose_count(mapped.located, audience=audience, thresholds=thresholds),
        bandwidth_m=drawn.bandwidth_m if drawn else None,
        surface=drawn.surface if drawn else None,
        points=disclose_points(easting_m=mapped.easting_m, northing_m=mapped.northing_m, audience=audience),
        areas=areas,
        area_rates=rates,
        areas_table=tabulate_breakdown(
            areas,
            heading=_("Area"),
            count_heading=_("Administrations") if layer is None else _("Events"),
            rates=rates,
            rate_heading=_("Per km² per year (95 % interval)"),
        ),
        listed=_listed(question) if picture is Picture.LIST else None,
    )


def _picture(question: Question, mapped: MappedEvents, *, listed: bool) -> Picture:
    if mapped.events == 0:
        return Picture.NOTHING
    fewest = question.settings.heat_map.fewest_for_surface
    if mapped.located >= fewest:
        return Picture.SURFACE
    return Picture.LIST if listed and mapped.located + mapped.area_only < fewest else Picture.AREAS


def _draw(question: Question, mapped: MappedEvents, options: HeatMapOptions, tell: Progress) -> _Drawn:
    window, points = asked_window(question), {"easting_m": mapped.easting_m, "northing_m": mapped.northing_m}
    precision_m = mapped.location_precision_m
    tell(0.15, _("Choosing the bandwidth"))
    bandwidth_m, reason = asked_bandwidth(
        question,
        location_precision_m=precision_m,
        window=window,
        bandwidth_m=options.bandwidth_m,
        **points,
    )
    # What nine places in ten are known to was heeded in choosing the bandwidth.
    usual_m = float(np.quantile(np.nan_to_num(precision_m), 0.9))
    fine = ~(precision_m > max(bandwidth_m, ALWAYS_FINE_ENOUGH_M, usual_m))
    points = {name: metres[fine] for name, metres in points.items()}
    tell(0.5, _("Estimating the density"))
    surface = density.kernel_density(
        **points,
        window=window,
        bandwidth_m=bandwidth_m,
        cell_m=density.suggested_cell_m(window=window, bandwidth_m=bandwidth_m),
    )
    tell(0.75, _("Working out where there are too few"))
    doubt = density.density_uncertainty(surface=surface, window=window, **points)
    values_per_km2_year = np.where(doubt.masked, 0.0, surface.values_per_km2 / question.filters.years)
    # What one administration alone gives at two bandwidths.
    least_per_km2 = np.exp(-2) / (2 * np.pi * (bandwidth_m / 1000) ** 2)
    west_m, south_m, _east_m, _north_m = surface.bounds_m
    disclosed = disclose_surface(
        values_per_km2_year=values_per_km2_year,
        too_few=doubt.masked,
        anything_near=surface.values_per_km2 >= least_per_km2,
        limits=density.density_classes(values=values_per_km2_year),
        unit=_("{events} per km² per year").format(events=mapped.words),
        x0_m=west_m,
        y0_m=south_m,
        cell_m=surface.cell_m,
        bandwidth_m=bandwidth_m,
        audience=question.audience,
        thresholds=question.thresholds,
    )
    method = _("Gaussian kernel, edge-corrected (Diggle). Bandwidth {reason}").format(reason=reason)
    tell(1.0, _("Done"))
    return _Drawn(
        surface=disclosed,
        bandwidth_m=bandwidth_m,
        method=method,
        headline=_headline(question, surface, doubt.masked, mapped.words),
        outside=surface.events_outside,
        coarse=int((~fine).sum()),
    )


def _headline(question: Question, surface: density.DensitySurface, too_few: NDArray[np.bool_], events: str) -> str:
    """The smallest area that holds half of what the surface expects, and the places in it."""
    values = np.nan_to_num(surface.values_per_km2)
    order = np.argsort(values, axis=None)[::-1]
    held = np.cumsum(values.ravel()[order]) / values.sum()
    core = np.zeros(values.shape, dtype=bool)
    core.ravel()[order[: int(np.searchsorted(held, CONCENTRATION_SHARE)) + 1]] = True
    share = core.sum() / surface.inside.sum()
    regions, found = ndimage.label(core & ~too_few)
    if found == 0:
        return _("The {events} are too scattered to name a place.").format(events=events)
    labels = np.arange(1, found + 1)
    mass = ndimage.sum_labels(values, regions, labels)
    peaks = ndimage.maximum_position(values, regions, labels)
    largest = np.argsort(mass)[::-1][:PLACES_NAMED]
    names = place_names(
        question,
        easting_m=surface.easting_m[[peaks[index][1] for index in largest]],
        northing_m=surface.northing_m[[peaks[index][0] for index in largest]],
        with_area=False,
    )
    return _("Half of the mapped {events} fell in {share} of the area, chiefly around {places}.").format(
        events=events,
        share=format_share(max(float(share), 0.001), decimals=1),
        places=join_words(list(dict.fromkeys(names))),
    )


def _headline_without_surface(question: Question, picture: Picture, mapped: MappedEvents) -> str:
    count = disclose_count(mapped.events, audience=question.audience, thresholds=question.thresholds)
    if picture is Picture.NOTHING:
        return mapped.none
    if picture is Picture.AREAS:
        return _("Too few {events} have an exact place for a smooth map; here they are by area.").format(
            events=mapped.words
        )
    return _("Too few for a smooth map: {count} in this period. A surface from so few would invent places.").format(
        count=count.text
    )


def _counted(question: Question, mapped: MappedEvents, *, outside: int, coarse: int) -> str:
    """How many are on the picture, over what period, and how many are not on it and why."""
    filters, words = question.filters, mapped.words
    period = format_period(filters.first_day, filters.last_day)
    drawn = mapped.located - outside - coarse
    missing = mapped.events - drawn
    if question.audience is not Audience.ANALYST:
        return _counted_for_others(question, drawn=drawn, missing=missing, period=period, words=words)
    reasons = {
        _("{count} known only by area, or by one point that stands for it"): mapped.area_only,
        _("{count} whose place is known less well than the bandwidth"): coarse,
        _("{count} without a place"): mapped.unlocated,
        _("{count} outside the force"): outside,
        _("{count} left out by kind of place"): mapped.left_out_by_setting,
    }
    told = [reason.format(count=format_count(number)) for reason, number in reasons.items() if number]
    sentence = _("{count} {events} with a place, {period}.").format(
        count=format_count(drawn), events=words, period=period
    )
    if not told:
        return _("{sentence} None is missing from the map.").format(sentence=sentence)
    sentence = _("{sentence} Not on the map: {missing}.").format(sentence=sentence, missing=join_words(told))
    if not mapped.area_only:
        return sentence
    return _(
        "{sentence} The import tells which points stand for areas, and how to say that they are real places."
    ).format(sentence=sentence)


def _counted_for_others(question: Question, *, drawn: int, missing: int, period: str, words: str) -> str:
    """The same without reasons: beside the total, a few that are missing must not be worked out."""
    parts = disclose_breakdown(
        codes=("mapped", "missing"),
        names=("", ""),
        counts=(drawn, missing),
        audience=question.audience,
        thresholds=question.thresholds,
    )
    on_map, not_on_map = parts.counts
    if not on_map.shown:
        sentence = (
            _("{count} {events}, {period}. Nearly all are on the map.")
            if missing < question.thresholds.smallest_count_shown < drawn
            else _("{count} {events}, {period}. Not all are on the map.")
        )
        return sentence.format(count=parts.total.text, events=words, period=period)
    return _("{count} {events} with a place, {period}. Not on the map: {missing}.").format(
        count=on_map.text, events=words, period=period, missing=not_on_map.text
    )


def _areas(
    question: Question, level: AreaLevel, by_area: Mapping[str, int]
) -> tuple[DisclosedBreakdown, tuple[DisclosedRate, ...]]:
    """Counts by area with rates per km2 per year; areas without any are kept, so that nought is seen as nought.

    Where there are no areas but squares, thousands have none: they are left out.
    """
    frame = area_frame(question, level)
    names = dict(zip(frame["code"], frame["name"], strict=True))
    km2 = dict(zip(frame["code"], frame.geometry.area / 1e6, strict=True))
    counts = dict.fromkeys(names, 0)
    for area, number in by_area.items():
        code = area if area in names else ELSEWHERE
        counts[code] = counts.get(code, 0) + number
    names[ELSEWHERE] = _("Outside the force or not recorded")
    # To others than the analyst the order is by name: the rank of a hidden count would tell about it.
    ranked = question.audience is Audience.ANALYST
    codes = sorted(counts, key=lambda code: (code == ELSEWHERE, -counts[code] * ranked, names[code]))
    breakdown = disclose_breakdown(
        codes=codes,
        names=[names[code] for code in codes],
        counts=[counts[code] for code in codes],
        audience=question.audience,
        thresholds=question.thresholds,
    )
    rates = tuple(
        disclose_rate(
            counts[code],
            km2.get(code, 0.0) * question.filters.years,
            unit=_("per km² per year"),
            audience=question.audience,
            thresholds=question.thresholds,
        )
        for code in codes
    )
    if level == "small_area" and question.geography.small_area_kind == "squares":
        breakdown, kept = without_noughts(breakdown, note=_("Squares without any are not listed."))
        rates = tuple(rates[place] for place in kept)
    return breakdown, rates


def _listed(question: Question) -> DisclosedTable:
    """Each administration in a row, newest first, for a force with a handful."""
    fewest = question.settings.heat_map.fewest_for_surface
    listed = question.store.listed_administrations(filters=question.filters, scope=question.scope, most=10 * fewest)
    geography, settings, substances = question.geography, setting_words(), substance_words()
    known = {*geography.small_areas["code"]}
    rows = [
        (
            format_month(row.local_date) if pd.isna(row.local_weekday) else format_date(row.local_date),
            geography.area_name(row.small_area) if row.small_area in known else _("Not recorded"),
            settings[row.setting],
            join_words([substances[name] for name in row.substances]) if len(row.substances) else _("Not recorded"),
            _("Not recorded") if pd.isna(row.doses_given) else format_count(int(row.doses_given)),
        )
        for row in listed.itertuples()
    ]
    return disclose_list(
        columns=(
            Column(heading=_("Date")),
            Column(heading=_("Area")),
            Column(heading=_("Kind of place")),
            Column(heading=_("Substance")),
            Column(heading=_("Doses"), numeric=True),
        ),
        rows=rows,
        audience=question.audience,
        caption=ngettext("{count} administration.", "{count} administrations.", len(rows)).format(
            count=format_count(len(rows))
        ),
    )
