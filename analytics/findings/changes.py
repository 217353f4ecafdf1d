"""What changed between two periods, and where it is more than chance: a difference map and a table of what moved.

The labels "before" and "after" are dealt anew to the same places 999 times (analytics.relative_risk.compare_periods);
a rise everywhere is in the sentence on the whole force and in no area.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from analytics import hotspots
from analytics.density import density_classes
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedOutlines,
    DisclosedSurface,
    DisclosedTable,
    disclose_breakdown,
    disclose_outlines,
    disclose_surface,
    hold_back,
    tabulate_cells,
)
from analytics.findings.ground import asked_bandwidth, asked_window, place_names
from analytics.findings.question import Question
from analytics.findings.releases import other_filters
from analytics.point_patterns import inside_window
from analytics.relative_risk import FEWEST_EVENTS, ChangedArea, PeriodComparison, RateRatio, compare_periods
from data.filters import Filters
from wording import _, format_count, format_interval, format_number, format_period, ngettext

__all__ = ["Changes", "Earlier", "earlier_filters", "find_changes"]

# As long before the period, the same days a year before, or two days of the reader's choice.
Earlier = Literal["before", "year"] | tuple[date, date]
Progress = Callable[[float, str], None]

SEED, PERMUTATIONS = 20_250_509, 999


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The changes page: sentences, a map of the rise and one of the fall, the areas that changed and their table.

    `rise` and `fall` are None, and the table empty, where the two periods cannot be compared; `headline` then says why.
    """

    headline: str
    counted: str
    method: str
    caveat: str
    rise: DisclosedSurface | None
    fall: DisclosedSurface | None
    outlines: DisclosedOutlines
    table: DisclosedTable


def earlier_filters(filters: Filters, earlier: Earlier) -> Filters:
    """The same filters as long before the period, for the same days a year before, or for two days chosen.

    Before whole months are as many whole months, and so before whole quarters whole quarters.
    """
    after = filters.last_day + timedelta(days=1)
    if isinstance(earlier, tuple):
        first_day, last_day = earlier
    elif earlier == "year":
        first_day, last_day = _months_before(filters.first_day, 12), _months_before(after, 12) - timedelta(days=1)
    elif filters.first_day.day == after.day == 1:
        months = 12 * (after.year - filters.first_day.year) + after.month - filters.first_day.month
        first_day, last_day = _months_before(filters.first_day, months), filters.first_day - timedelta(days=1)
    else:
        first_day, last_day = filters.first_day - timedelta(days=filters.days), filters.first_day - timedelta(days=1)
    return replace(filters, first_day=first_day, last_day=last_day)


def _months_before(day: date, months: int) -> date:
    return (pd.Timestamp(day) - pd.DateOffset(months=months)).date()


def find_changes(question: Question, *, earlier: Earlier, on_progress: Progress | None = None) -> Changes:
    """The question's period against an earlier one; `on_progress` cancels by raising."""
    tell = on_progress or (lambda _share, _what: None)
    tell(0.02, _("Reading administrations"))
    now, before = question.filters, other_filters(question, earlier_filters(question.filters, earlier))
    store, window = question.store, asked_window(question)
    recent, past = (store.dated_administrations(filters=filters, scope=question.scope) for filters in (now, before))
    counts = [
        int(inside_window(window=window, easting_m=each.easting_m, northing_m=each.northing_m).sum())
        for each in (past, recent)
    ]
    first_record = None if store.is_empty else store.period()[0]
    if first_record is None or before.first_day < first_record:
        # Records that begin inside the earlier period would make a rise of what was not yet recorded.
        return _nothing(
            question,
            before,
            counts,
            _("The earlier period begins before the records do. Choose a later or a shorter period to compare."),
        )
    if now.first_day <= before.last_day:
        return _nothing(
            question,
            before,
            counts,
            _(
                "The two periods overlap, or the earlier one comes later. Choose other days for one of them: the"
                " earlier period must end before the other begins."
            ),
        )
    if min(counts) < FEWEST_EVENTS:
        return _nothing(
            question,
            before,
            counts,
            _(
                "Too few to compare: each period needs 5 administrations with a place in this area. Choose longer"
                " periods, or take a filter away."
            ),
        )
    both = {name: np.concatenate([getattr(past, name), getattr(recent, name)]) for name in _PLACE}
    bandwidth_m, reason = asked_bandwidth(question, **both, window=window, bandwidth_m=None)
    comparison = compare_periods(
        before_easting_m=past.easting_m,
        before_northing_m=past.northing_m,
        after_easting_m=recent.easting_m,
        after_northing_m=recent.northing_m,
        years_before=before.years,
        years_after=now.years,
        window=window,
        bandwidth_m=bandwidth_m,
        cell_m=hotspots.hotspot_cell_m(window=window, bandwidth_m=bandwidth_m),
        permutations=PERMUTATIONS,
        seed=SEED,
        progress=lambda share: tell(0.1 + 0.85 * share, _("Dealing the periods' labels anew")),
    )
    return _answer(question, before, comparison, counts, reason)


# Classes of a rise, and as many of a fall: side by side they fit under the map.
_MOST_CLASSES = 5
_PLACE = ("easting_m", "northing_m", "location_precision_m")


def _nothing(question: Question, before: Filters, counts: list[int], headline: str) -> Changes:
    return Changes(
        headline=headline,
        counted=_counted(question, before, counts),
        method="",
        caveat=_caveat(),
        rise=None,
        fall=None,
        outlines=disclose_outlines(
            names=(), outlines=(), events=(), marked=(), about=(), thresholds=question.thresholds
        ),
        table=tabulate_cells(columns=(), rows=(), caption=""),
    )


def _caveat() -> str:
    return _("More carriers, or another way of recording, change the map as much as more overdoses do.")


def _counted(question: Question, before: Filters, counts: list[int]) -> str:
    parts = disclose_breakdown(
        codes=("before", "after"),
        names=("", ""),
        counts=counts,
        audience=question.audience,
        thresholds=question.thresholds,
    )
    return _("{after} administrations with a place, {period}; {before} in the earlier period, {earlier}.").format(
        after=parts.counts[1].text,
        period=format_period(question.filters.first_day, question.filters.last_day),
        before=parts.counts[0].text,
        earlier=format_period(before.first_day, before.last_day),
    )


def _answer(
    question: Question, before: Filters, comparison: PeriodComparison, counts: list[int], reason: str
) -> Changes:
    fewest = question.thresholds.smallest_count_shown
    areas = [area for area in comparison.areas if area.events_before + area.events_after >= fewest]
    middles = [area.area.outline.representative_point() for area in areas]
    places = place_names(
        question, easting_m=[middle.x for middle in middles], northing_m=[middle.y for middle in middles]
    )
    names = [_("{rank}. {place}").format(rank=rank, place=place) for rank, place in enumerate(places, start=1)]
    rises = [_is_rise(area) for area in areas]
    return Changes(
        headline=_headline(comparison.change, names, rises),
        counted=_counted(question, before, counts),
        method=_(
            "Difference of two surfaces with one bandwidth ({reason}). An area is marked where the labels of the two"
            " periods, dealt anew {permutations} times, differ as much too seldom: at most one cell in twenty of those"
            " marked is so by chance (false discovery rate)."
        ).format(reason=reason.rstrip("."), permutations=format_count(PERMUTATIONS)),
        caveat=_caveat(),
        rise=_surface(question, comparison, 1.0),
        fall=_surface(question, comparison, -1.0),
        outlines=disclose_outlines(
            names=names,
            outlines=[area.area.outline for area in areas],
            events=[area.events_before + area.events_after for area in areas],
            marked=rises,
            about=[_("more than before") if rise else _("fewer than before") for rise in rises],
            thresholds=question.thresholds,
        ),
        table=_table(question, areas, names),
    )


def _is_rise(area: ChangedArea) -> bool:
    return not area.change.ratio < 1


def _headline(change: RateRatio, names: list[str], rises: list[bool]) -> str:
    verdict = (
        _("more than chance would explain")
        if change.lower > 1
        else _("fewer than chance would explain")
        if change.upper < 1
        else _("within what chance alone would do")
    )
    whole = _("{ratio} times as many a year as before ({interval}): {verdict}.").format(
        ratio=format_number(change.ratio),
        interval=format_interval(change.lower, change.upper),
        verdict=verdict,
    )
    if not names:
        return _("{whole} No place changed beyond chance.").format(whole=whole)
    up, down = sum(rises), len(rises) - sum(rises)
    parts = [
        ngettext("{count} place has a larger share", "{count} places have a larger share", up).format(
            count=format_count(up)
        ),
        ngettext("{count} a smaller one", "{count} a smaller one", down).format(count=format_count(down)),
    ]
    return _("{whole} Beyond chance, {up}, {down}.").format(whole=whole, up=parts[0], down=parts[1])


def _surface(question: Question, comparison: PeriodComparison, sign: float) -> DisclosedSurface | None:
    """Where the difference rises (sign 1) or falls (-1), as classes where five or more lie near. One scale for both."""
    surface = comparison.after
    judged = surface.inside & ~np.isnan(comparison.p_value)
    difference = np.where(judged, comparison.difference_per_km2_year, 0.0)
    shown = np.maximum(sign * difference, 0.0)
    limits = [limit for limit in density_classes(values=np.abs(difference), most=_MOST_CLASSES) if limit <= shown.max()]
    if not limits:
        return None
    west_m, south_m, _east_m, _north_m = surface.bounds_m
    return disclose_surface(
        values_per_km2_year=np.where(surface.inside, shown, np.nan),
        too_few=np.zeros(shown.shape, dtype=bool),
        anything_near=np.zeros(shown.shape, dtype=bool),
        limits=limits,
        unit=_("administrations per km² per year, change"),
        x0_m=west_m,
        y0_m=south_m,
        cell_m=surface.cell_m,
        bandwidth_m=surface.bandwidth_m,
        audience=question.audience,
        thresholds=question.thresholds,
    )


def _table(question: Question, areas: list[ChangedArea], names: list[str]) -> DisclosedTable:
    rows = []
    for name, area in zip(names, areas, strict=True):
        # Before and after are a breakdown of the area: either, when small, hides both.
        counts = disclose_breakdown(
            codes=("before", "after"),
            names=("", ""),
            counts=(area.events_before, area.events_after),
            audience=question.audience,
            thresholds=question.thresholds,
        ).counts
        ratio = area.change
        told = _("{ratio} ({interval})").format(
            ratio=format_number(ratio.ratio), interval=format_interval(ratio.lower, ratio.upper)
        )
        open_to_reader = question.audience is Audience.ANALYST or all(count.shown for count in counts)
        rows.append((name, *counts, told if open_to_reader else hold_back(), format_number(area.area.area_km2)))
    return tabulate_cells(
        columns=(
            Column(heading=_("Place")),
            Column(heading=_("Before"), numeric=True),
            Column(heading=_("After"), numeric=True),
            Column(heading=_("Ratio of rates (95 %)"), numeric=True),
            Column(heading=_("km²"), numeric=True),
        ),
        rows=rows,
        caption="",
    )
