"""Disclosure control: who is looking, and the only types that charts, tables, maps and exports accept.

A count of 1 to 4 is "fewer than 5" to everyone but the force's own analyst, and no total, rate or share beside it gives
it back: further cells are held back until every hidden count could still be any of 1 to 4, and where that cannot be
reached the whole breakdown is. Points are the analyst's alone; a surface reaches everyone as classes, never as values.

Thresholds follow common practice for small counts of vulnerable people and are settings of the deployment.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from analytics.estimate import poisson_interval
from wording import (
    NaloxoneWatchError,
    _,
    format_count,
    format_date,
    format_interval,
    format_month,
    format_number,
    format_period,
    format_quarter,
    format_share,
)

__all__ = [
    "NOTHING_CLASS",
    "OUTSIDE_CLASS",
    "TOO_FEW_CLASS",
    "Audience",
    "Column",
    "DisclosedBreakdown",
    "DisclosedCount",
    "DisclosedCurve",
    "DisclosedDistribution",
    "DisclosedEstimate",
    "DisclosedGrid",
    "DisclosedOutlines",
    "DisclosedPoints",
    "DisclosedRate",
    "DisclosedSeries",
    "DisclosedSurface",
    "DisclosedTable",
    "DisclosedTimeline",
    "DisclosedTrend",
    "DisclosedWeek",
    "DisclosureError",
    "Thresholds",
    "cells_shown",
    "disclose_areas",
    "disclose_breakdown",
    "disclose_centile",
    "disclose_completeness",
    "disclose_count",
    "disclose_curve",
    "disclose_day",
    "disclose_days",
    "disclose_distribution",
    "disclose_expected",
    "disclose_list",
    "disclose_missing",
    "disclose_outlines",
    "disclose_parts",
    "disclose_points",
    "disclose_rate",
    "disclose_series",
    "disclose_share",
    "disclose_surface",
    "disclose_timeline",
    "disclose_trend",
    "disclose_week",
    "hidden_together",
    "hold_back",
    "is_small",
    "tabulate_breakdown",
    "tabulate_cells",
    "tabulate_grid",
    "tabulate_series",
    "without_noughts",
]

NOTHING_CLASS = 0  # a cell below the lowest class limit
TOO_FEW_CLASS = 255  # a cell where too few administrations lie near to say anything
OUTSIDE_CLASS = 254  # a cell outside the force


class DisclosureError(NaloxoneWatchError):
    """Something was about to be shown to an audience that may not see it."""


class Audience(StrEnum):
    """Who is looking: the force's own analyst, a partner, or a room with a projector."""

    ANALYST = "analyst"
    PARTNER = "partner"
    MEETING = "meeting"


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The smallest numbers that may be shown; see data.settings.DisclosureSettings for the deployment's own."""

    smallest_count_shown: int = 5
    flagged_under: int = 20
    averages_from: int = 8
    partner_bandwidth_m: float = 500.0
    partner_classes: int = 7


@dataclass(frozen=True, kw_only=True)
class DisclosedCount:
    """A count as it may be shown: a number, "fewer than 5", or held back to protect another."""

    value: int | None
    text: str

    @property
    def shown(self) -> bool:
        """Whether the number itself may be shown."""
        return self.value is not None


@dataclass(frozen=True, kw_only=True)
class DisclosedRate:
    """A rate with its 95 % interval, or held back with the count it came from."""

    value: float | None
    lower: float | None
    upper: float | None
    unit: str
    text: str


@dataclass(frozen=True, kw_only=True)
class DisclosedBreakdown:
    """Counts of one thing by category, with a total that gives no hidden count back.

    `codes`, `names` and `counts` have one entry a category, in the order given.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    counts: tuple[DisclosedCount, ...]
    total: DisclosedCount
    note: str


@dataclass(frozen=True, kw_only=True)
class DisclosedSeries:
    """Counts by period of time: `starts` are the periods' first days."""

    starts: tuple[date, ...]
    counts: tuple[DisclosedCount, ...]
    step: str
    note: str


@dataclass(frozen=True, kw_only=True)
class DisclosedTimeline:
    """Weekly counts beside what was usual, the analyst's alone: `starts` are the weeks' first days.

    `expected` and `limit` are NaN where there is too little history. All empty for others, with the reason in `note`.
    """

    starts: tuple[date, ...]
    counts: NDArray[np.int64]
    expected: NDArray[np.float64]
    limit: NDArray[np.float64]
    note: str


@dataclass(frozen=True, kw_only=True)
class DisclosedPoints:
    """Places of single administrations in metres at stored precision; empty to all but the analyst."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    note: str


@dataclass(frozen=True, kw_only=True)
class DisclosedOutlines:
    """Published areas: outlines in metres, each with a name and a sentence about it.

    `marked` says which of them are drawn as sure.
    """

    names: tuple[str, ...]
    outlines: tuple[Polygon | MultiPolygon, ...]
    marked: tuple[bool, ...]
    about: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DisclosedSurface:
    """A density as classes: `classes` (rows south to north) holds 0 below the lowest limit, 1 to len(limits), or
    TOO_FEW_CLASS / OUTSIDE_CLASS; `limits` are the classes' lower limits in administrations per km2 per year.
    """

    classes: NDArray[np.uint8]
    limits: tuple[float, ...]
    unit: str
    x0_m: float
    y0_m: float
    cell_m: float
    bandwidth_m: float


@dataclass(frozen=True, kw_only=True)
class DisclosedEstimate:
    """A centile or a share with its 95 % interval, or held back; `text` is what a table or a figure says of it."""

    value: float | None
    lower: float | None
    upper: float | None
    text: str

    @property
    def shown(self) -> bool:
        """Whether the number itself may be shown."""
        return self.value is not None


@dataclass(frozen=True, kw_only=True)
class DisclosedCurve:
    """A share that rises with time, as steps at `at`; `lower` and `upper` are NaN where there is no interval.

    `total` is the share in the end (None where there is no curve). `ends_early`: the last few come after the last step
    and are not drawn one by one.
    """

    at: NDArray[np.float64]
    share: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    total: float | None
    ends_early: bool


@dataclass(frozen=True, kw_only=True)
class DisclosedDistribution:
    """Single values by kind (the analyst's), and counts between `limits` (everyone's; none where values stand alone).

    `single[kind]` holds values; `counts[kind]` has one entry less than `limits`.
    """

    single: Mapping[str, NDArray[np.float64]]
    limits: tuple[float, ...]
    counts: Mapping[str, tuple[int, ...]]
    note: str


@dataclass(frozen=True, kw_only=True)
class DisclosedTrend:
    """Estimates by period of time, one line a name; the line is broken before each start in `breaks`."""

    starts: tuple[date, ...]
    lines: Mapping[str, tuple[DisclosedEstimate, ...]]
    breaks: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class DisclosedGrid:
    """Shares by name and period: `shares[i][j]` is of `names[i]` in the period that begins on `starts[j]`.

    A share's text is a percentage without its sign: many stand side by side. `wholes[j]` is what it is a share of.
    `step` is "month", "quarter" or "year"; `in_fifths` where only the fifth that a share lies in is told.
    """

    names: tuple[str, ...]
    starts: tuple[date, ...]
    wholes: tuple[DisclosedCount, ...]
    step: str
    in_fifths: bool
    shares: tuple[tuple[DisclosedEstimate, ...], ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class DisclosedWeek:
    """One entry an hour of the week, 0 = Monday 00:00: a share, how many events stand behind it, and a number on duty.

    `shares` are of modelled risk, so none gives a person back; `events` and `on_duty` are counts.
    """

    shares: tuple[DisclosedEstimate, ...]
    events: tuple[DisclosedCount, ...]
    on_duty: tuple[DisclosedCount, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: its heading and whether it holds numbers (then it is right-aligned)."""

    heading: str
    numeric: bool = False


@dataclass(frozen=True, kw_only=True)
class DisclosedTable:
    """Rows of finished text, one entry a column; all that a table or an export ever gets."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


def _fewer_than(thresholds: Thresholds) -> str:
    return _("fewer than {number}").format(number=thresholds.smallest_count_shown)


def is_small(count: int, thresholds: Thresholds) -> bool:
    """Whether a count is 1 to 4: some, but too few to be shown to others than the analyst."""
    return 0 < count < thresholds.smallest_count_shown


def _shown(count: int) -> DisclosedCount:
    return DisclosedCount(value=count, text=format_count(count))


def _held_back() -> DisclosedCount:
    return DisclosedCount(value=None, text=_("not shown"))


def disclose_count(count: int, *, audience: Audience, thresholds: Thresholds) -> DisclosedCount:
    """One count that stands alone: exact to the analyst; to others 1 to 4 is "fewer than 5"."""
    if audience is not Audience.ANALYST and is_small(count, thresholds):
        return DisclosedCount(value=None, text=_fewer_than(thresholds))
    return _shown(count)


def disclose_rate(
    count: int, exposure: float, *, unit: str, audience: Audience, thresholds: Thresholds
) -> DisclosedRate:
    """`count` per unit of `exposure` (> 0) with an exact Poisson 95 % interval (Garwood 1936).

    Nothing under 5 administrations to anyone: such a rate is noise, and it gives the count back. Under 20 it says so.
    Nothing either where there is no exposure (0 or NaN): outside the force there is no area to divide by.
    """
    if count == 0 or not exposure > 0:
        return DisclosedRate(value=None, lower=None, upper=None, unit=unit, text="")
    if count < thresholds.smallest_count_shown:
        text = _("too few") if audience is Audience.ANALYST else _("not shown")
        return DisclosedRate(value=None, lower=None, upper=None, unit=unit, text=text)
    lower, upper = (bound / exposure for bound in poisson_interval(count))
    value = count / exposure
    text = _("{rate} ({interval})").format(rate=format_number(value), interval=format_interval(lower, upper))
    if count < thresholds.flagged_under:
        text = _("{text}, from few").format(text=text)
    return DisclosedRate(value=value, lower=float(lower), upper=float(upper), unit=unit, text=text)


def _hidden_is_ambiguous(counts: Sequence[int], small: set[int], further: set[int], thresholds: Thresholds) -> bool:
    """Whether each hidden small count could still be any of 1 to 4, for a reader who knows the hidden cells' sum.

    The reader also knows which cells are small (1 to 4), that the `further` ones are 5 or more, and that these are the
    smallest such: none is larger than the smallest that is shown.
    """
    least = thresholds.smallest_count_shown
    shown = [count for index, count in enumerate(counts) if count >= least and index not in further]
    hidden_sum = sum(counts[index] for index in small | further)
    others_least = (len(small) - 1) + least * len(further)
    others_most = (least - 1) * (len(small) - 1) + (min(shown, default=hidden_sum) * len(further))
    return others_least <= hidden_sum - (least - 1) and hidden_sum - 1 <= others_most


def _cells_to_hide(counts: Sequence[int], thresholds: Thresholds) -> tuple[set[int], set[int], bool]:
    """Indices of small cells, of the further cells that protect them, and whether protection was reached."""
    small = {index for index, count in enumerate(counts) if is_small(count, thresholds)}
    further: set[int] = set()
    # The smallest cells are held back first: they cost the reader least.
    candidates = sorted(
        (index for index, count in enumerate(counts) if count >= thresholds.smallest_count_shown),
        key=lambda index: counts[index],
    )
    while small and not _hidden_is_ambiguous(counts, small, further, thresholds):
        if not candidates:
            return small, further, False
        further.add(candidates.pop(0))
    return small, further, True


def cells_shown(counts: Sequence[int], *, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Which counts of a breakdown others than the analyst are shown, as `disclose_breakdown` shows it."""
    small, further, protected = _cells_to_hide(counts, thresholds)
    return np.array([protected and index not in small | further for index in range(len(counts))], dtype=bool)


def hidden_together(counts: Sequence[int], *, thresholds: Thresholds) -> frozenset[int]:
    """The small counts of a breakdown whose sum must stay unknown: with it, one of them could not be any of 1 to 4."""
    small = {index for index, count in enumerate(counts) if is_small(count, thresholds)}
    return frozenset(small if small and not _hidden_is_ambiguous(counts, small, set(), thresholds) else ())


def _protect(
    counts: Sequence[int], *, audience: Audience, thresholds: Thresholds
) -> tuple[tuple[DisclosedCount, ...], str]:
    """Counts whose sum is known, as they may be shown side by side, and a sentence on what is held back."""
    if audience is Audience.ANALYST:
        return tuple(_shown(count) for count in counts), ""
    small, further, protected = _cells_to_hide(counts, thresholds)
    if not protected:
        note = _("Too few administrations to break down without pointing at people, so nothing is broken down.")
        return tuple(_held_back() for _count in counts), note
    fewer = DisclosedCount(value=None, text=_fewer_than(thresholds))
    shown = tuple(
        fewer if index in small else _held_back() if index in further else _shown(count)
        for index, count in enumerate(counts)
    )
    note = (
        _("Numbers under {number} are not shown, and some others with them so that they cannot be worked out.").format(
            number=thresholds.smallest_count_shown
        )
        if small
        else ""
    )
    return shown, note


def disclose_breakdown(
    *, codes: Sequence[str], names: Sequence[str], counts: Sequence[int], audience: Audience, thresholds: Thresholds
) -> DisclosedBreakdown:
    """Counts by category beside their total, with complementary suppression for all but the analyst."""
    shown, note = _protect(counts, audience=audience, thresholds=thresholds)
    total = disclose_count(sum(counts), audience=audience, thresholds=thresholds)
    return DisclosedBreakdown(codes=tuple(codes), names=tuple(names), counts=shown, total=total, note=note)


def without_noughts(breakdown: DisclosedBreakdown, *, note: str) -> tuple[DisclosedBreakdown, tuple[int, ...]]:
    """The categories that are not shown as nought, and their places; one whose count is held back stays.

    `note` says what a category that is not there means, which is what its nought said.
    """
    kept = tuple(place for place, count in enumerate(breakdown.counts) if count.value != 0)
    return (
        replace(
            breakdown,
            codes=tuple(breakdown.codes[place] for place in kept),
            names=tuple(breakdown.names[place] for place in kept),
            counts=tuple(breakdown.counts[place] for place in kept),
            note=" ".join(filter(None, (note, breakdown.note))),
        ),
        kept,
    )


def disclose_parts(
    *,
    codes: Sequence[str],
    names: Sequence[str],
    counts: Sequence[int],
    wholes: Sequence[int],
    audience: Audience,
    thresholds: Thresholds,
) -> DisclosedBreakdown:
    """Counts by category of some of what another page counts by the same: `counts` of `wholes`.

    To others than the analyst a count is shown only where the rest of its category may be shown too: the number of the
    other page would give a few that are not counted here away.
    """
    shown = {"codes": codes, "names": names, "audience": audience, "thresholds": thresholds}
    parts = disclose_breakdown(counts=counts, **shown)
    rests = disclose_breakdown(counts=[whole - count for whole, count in zip(wholes, counts, strict=True)], **shown)
    both = tuple(
        part if rest.shown or not part.shown else _held_back()
        for part, rest in zip(parts.counts, rests.counts, strict=True)
    )
    return replace(parts, counts=both, note=parts.note or rests.note)


def disclose_series(
    *, starts: Sequence[date], counts: Sequence[int], step: str, audience: Audience, thresholds: Thresholds
) -> DisclosedSeries:
    """Counts over time, whose sum stands elsewhere on the page: protected as a breakdown is."""
    shown, note = _protect(counts, audience=audience, thresholds=thresholds)
    return DisclosedSeries(starts=tuple(starts), counts=shown, step=step, note=note)


def disclose_day(day: date, *, audience: Audience) -> str:
    """The day of a record: to others than the analyst its quarter, since somebody was given naloxone on that day."""
    if audience is Audience.ANALYST:
        return format_date(day)
    return _("a day in {quarter}").format(quarter=format_quarter(day))


def disclose_days(first_day: date, last_day: date, *, audience: Audience) -> str:
    """The days of a cluster: to others than the analyst its months, or the first and the last would be somebody's."""
    if audience is Audience.ANALYST:
        return format_date(first_day) if first_day == last_day else format_period(first_day, last_day)
    first, last = format_month(first_day), format_month(last_day)
    return first if first == last else _("{first} to {last}").format(first=first, last=last)


def disclose_timeline(
    *,
    starts: Sequence[date],
    counts: NDArray[np.int64],
    expected: NDArray[np.float64],
    limit: NDArray[np.float64],
    audience: Audience,
) -> DisclosedTimeline:
    """Week by week for the analyst. To others nothing: most weeks are under 5, and a moving limit gives them back."""
    if audience is Audience.ANALYST:
        return DisclosedTimeline(starts=tuple(starts), counts=counts, expected=expected, limit=limit, note="")
    return DisclosedTimeline(
        starts=(),
        counts=np.empty(0, dtype=np.int64),
        expected=np.empty(0),
        limit=np.empty(0),
        note=_("Single weeks are not shown to this audience: most hold fewer than 5 administrations."),
    )


def disclose_centile(
    value: float,
    lower: float,
    upper: float,
    *,
    text: str,
    share: float,
    cases: int,
    audience: Audience,
    thresholds: Thresholds,
) -> DisclosedEstimate:
    """A centile of `cases` values: to nobody from fewer than 8, since it is then one person's value.

    A far centile is one person's value in larger groups too, so to others than the analyst it is shown only where 5 or
    more of the cases are expected beyond it. `value` is infinite where it is not reached; `text` then says so. NaN is
    held back from everyone.
    """
    # Rounded, as 50 * (1 - 0.9) is a hair under 5.
    few_beyond = share > 0.5 and round(cases * (1 - share), 9) < thresholds.smallest_count_shown
    if cases < thresholds.averages_from or np.isnan(value) or (audience is not Audience.ANALYST and few_beyond):
        return _too_few(audience)
    return DisclosedEstimate(value=value, lower=lower, upper=upper, text=text)


def disclose_share(
    value: float, lower: float, upper: float, *, cases: int, audience: Audience, thresholds: Thresholds
) -> DisclosedEstimate:
    """A share of `cases` with its interval: none under 5 cases, and to others none that stands for 1 to 4 of them.

    Neither may the rest be 1 to 4: one share gives the other.
    """
    if cases < thresholds.smallest_count_shown or not np.isfinite(value):
        return _too_few(audience)
    part = round(value * cases)
    if audience is not Audience.ANALYST and (is_small(part, thresholds) or is_small(cases - part, thresholds)):
        return hold_back()
    text = _("{share} ({lower} to {upper})").format(
        share=format_share(value), lower=format_count(round(lower * 100)), upper=format_share(upper)
    )
    return DisclosedEstimate(value=value, lower=lower, upper=upper, text=text)


def hold_back() -> DisclosedEstimate:
    """What stands beside a count that is held back: neither a centile nor a share."""
    return DisclosedEstimate(value=None, lower=None, upper=None, text=_("not shown"))


def _too_few(audience: Audience) -> DisclosedEstimate:
    text = _("too few") if audience is Audience.ANALYST else _("not shown")
    return DisclosedEstimate(value=None, lower=None, upper=None, text=text)


def disclose_curve(
    *,
    at: NDArray[np.float64],
    events: NDArray[np.int64],
    share: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    audience: Audience,
    thresholds: Thresholds,
    most_steps: int = 400,
) -> DisclosedCurve:
    """A rising share, whose step at `at` stands for `events` people; at most about `most_steps` steps are kept.

    To others than the analyst each step stands for 5 people or more, and the curve stops before the last 5 or more, so
    that nobody's time, the longest least of all, can be read from it; from fewer than 8 events nobody sees one.
    """
    total = int(events.sum())
    ours = audience is Audience.ANALYST
    if total < thresholds.averages_from:
        nothing = np.empty(0)
        return DisclosedCurve(at=nothing, share=nothing, lower=nothing, upper=nothing, total=None, ends_early=False)
    least = max(1 if ours else thresholds.smallest_count_shown, -(-total // most_steps))
    kept, since, left = [], 0, total
    for index in np.flatnonzero(events):
        since += int(events[index])
        left -= int(events[index])
        if since >= least and (ours or left >= thresholds.smallest_count_shown):
            kept.append(index)
            since = 0
    # The analyst's curve keeps its very end, where the longest waits are.
    if ours and since:
        kept.append(int(np.flatnonzero(events)[-1]))
    return DisclosedCurve(
        at=at[kept],
        share=share[kept],
        lower=lower[kept],
        upper=upper[kept],
        total=float(share[-1]),
        ends_early=not ours,
    )


def disclose_distribution(
    *,
    values: Mapping[str, NDArray[np.float64]],
    limits: Sequence[float],
    audience: Audience,
    thresholds: Thresholds,
    most_single: int = 600,
) -> DisclosedDistribution:
    """Values by kind: each one to the analyst while there are few enough to tell apart, else counts between `limits`.

    Where the analyst has counts, the longest 50 stand alone beside them. To others no class holds 1 to 4 of a kind:
    classes are joined from the top until each has 5 or more, so the tail stays visible; a kind with fewer than 5 in all
    is left out.
    """
    if audience is Audience.ANALYST:
        if sum(len(each) for each in values.values()) <= most_single:
            return DisclosedDistribution(
                single={kind: np.sort(each) for kind, each in values.items()}, limits=(), counts={}, note=""
            )
        every = np.concatenate(list(values.values()))
        longest = np.partition(every, len(every) - 50)[len(every) - 50]
        return DisclosedDistribution(
            single={kind: np.sort(each[each >= longest])[-50:] for kind, each in values.items()},
            limits=tuple(limits),
            counts={kind: _histogram(each, limits) for kind, each in values.items()},
            note=_("Too many calls to draw each one: the longest stand alone."),
        )
    kept = {
        kind: _histogram(each, limits) for kind, each in values.items() if len(each) >= thresholds.smallest_count_shown
    }
    edges = _edges_of_large_classes(list(kept.values()), len(limits) - 1, thresholds)
    return DisclosedDistribution(
        single={},
        limits=tuple(limits[edge] for edge in edges),
        counts={kind: _join(counts, edges) for kind, counts in kept.items()},
        note=_("Single calls are not shown to this audience; neighbouring classes are joined until each has enough."),
    )


def _edges_of_large_classes(kinds: Sequence[Sequence[int]], classes: int, thresholds: Thresholds) -> tuple[int, ...]:
    """Edges of joined classes, made from the top down, in which no kind has a small count."""

    def is_large(first: int, last: int) -> bool:
        return not any(is_small(sum(counts[first:last]), thresholds) for counts in kinds)

    edges = [classes]
    for first in reversed(range(classes)):
        if is_large(first, edges[-1]):
            edges.append(first)
    # What is left at the bottom joins the class above it; all classes together are large enough.
    while edges[-1] != 0:
        edges.pop()
        if is_large(0, edges[-1]):
            edges.append(0)
    return tuple(reversed(edges))


def _histogram(values: NDArray[np.float64], limits: Sequence[float]) -> tuple[int, ...]:
    """How many values lie above each limit and up to the next."""
    index = np.searchsorted(np.asarray(limits), values, side="left") - 1
    return tuple(int(count) for count in np.bincount(index.clip(0, len(limits) - 2), minlength=len(limits) - 1))


def _join(counts: Sequence[int], edges: Sequence[int]) -> tuple[int, ...]:
    return tuple(sum(counts[first:last]) for first, last in itertools.pairwise(edges))


def disclose_trend(
    *, starts: Sequence[date], lines: Mapping[str, Sequence[DisclosedEstimate]], breaks: Sequence[date]
) -> DisclosedTrend:
    """Estimates over time, each disclosed already."""
    return DisclosedTrend(
        starts=tuple(starts), lines={name: tuple(line) for name, line in lines.items()}, breaks=tuple(breaks)
    )


def disclose_week(
    *,
    shares: Sequence[tuple[float, float, float]],
    events: Sequence[int],
    on_duty: Sequence[int],
    untimed: int = 0,
    audience: Audience,
    thresholds: Thresholds,
) -> DisclosedWeek:
    """Shares with their limits by hour of the week; the events' sum is known, so they are protected as a breakdown.

    `untimed` events belong to the sum and to no hour: where few, the hours must not give them back either.
    """
    (*counts, _untimed), note = _protect((*events, untimed), audience=audience, thresholds=thresholds)
    return DisclosedWeek(
        shares=tuple(
            DisclosedEstimate(
                value=float(value),
                lower=float(lower),
                upper=float(upper),
                text=_("{share} ({lower} to {upper})").format(
                    share=format_share(value), lower=format_count(round(lower * 100)), upper=format_share(upper)
                ),
            )
            for value, lower, upper in shares
        ),
        events=tuple(counts),
        on_duty=tuple(disclose_count(count, audience=audience, thresholds=thresholds) for count in on_duty),
        note=note,
    )


def disclose_expected(
    value: float, lower: float, upper: float, *, years: float, audience: Audience, thresholds: Thresholds
) -> DisclosedEstimate:
    """Events a year that a model expects, with their interval, from records of so many `years`.

    To others than the analyst none that stands for fewer than 5 records: it would be nearly their own count.
    """
    if audience is not Audience.ANALYST and value * years < thresholds.smallest_count_shown:
        return hold_back()
    text = _("{rate} ({interval})").format(rate=format_number(value), interval=format_interval(lower, upper))
    return DisclosedEstimate(value=float(value), lower=float(lower), upper=float(upper), text=text)


def disclose_points(
    *, easting_m: NDArray[np.float64], northing_m: NDArray[np.float64], audience: Audience
) -> DisclosedPoints:
    """Single places for the analyst; nobody else gets any."""
    if audience is Audience.ANALYST:
        return DisclosedPoints(
            easting_m=easting_m,
            northing_m=northing_m,
            note=_("Points are for the force's own analysts. Do not project them."),
        )
    nothing = np.empty(0)
    return DisclosedPoints(easting_m=nothing, northing_m=nothing, note=_("Points are not shown to this audience."))


def disclose_outlines(
    *,
    names: Sequence[str],
    outlines: Sequence[Polygon | MultiPolygon],
    events: Sequence[int],
    marked: Sequence[bool],
    about: Sequence[str],
    thresholds: Thresholds,
) -> DisclosedOutlines:
    """Outlines that rest on `events` each. Raises DisclosureError where one rests on fewer than 5: nobody sees that."""
    if any(count < thresholds.smallest_count_shown for count in events):
        raise DisclosureError(
            _("An area with fewer than {number} events is not outlined.").format(number=thresholds.smallest_count_shown)
        )
    return DisclosedOutlines(names=tuple(names), outlines=tuple(outlines), marked=tuple(marked), about=tuple(about))


def disclose_areas(
    *, names: Sequence[str], outlines: Sequence[Polygon | MultiPolygon], marked: Sequence[bool], about: Sequence[str]
) -> DisclosedOutlines:
    """Whole areas of the map, named: no outline is made from events. `about` is disclosed already."""
    return DisclosedOutlines(names=tuple(names), outlines=tuple(outlines), marked=tuple(marked), about=tuple(about))


def disclose_surface(
    *,
    values_per_km2_year: NDArray[np.float64],
    too_few: NDArray[np.bool_],
    anything_near: NDArray[np.bool_],
    limits: Sequence[float],
    unit: str,
    x0_m: float,
    y0_m: float,
    cell_m: float,
    bandwidth_m: float,
    audience: Audience,
    thresholds: Thresholds,
) -> DisclosedSurface:
    """A density reduced to classes; `values_per_km2_year` (rows south to north) is NaN outside the force.

    Cells of `too_few` say so and nothing else. To the analyst only where there is `anything_near`: elsewhere there is
    nothing to doubt. To others everywhere, or the edge of the hatching would circle the place of a single person.

    Raises DisclosureError where a partner or a meeting would get a finer bandwidth or more classes than allowed.
    """
    if audience is not Audience.ANALYST and bandwidth_m < thresholds.partner_bandwidth_m:
        raise DisclosureError(
            _("This audience may see a bandwidth of {metres} m or more. Choose a wider one.").format(
                metres=format_number(thresholds.partner_bandwidth_m, significant=3)
            )
        )
    if len(limits) > thresholds.partner_classes:
        raise DisclosureError(
            _("A surface may have at most {number} classes.").format(number=thresholds.partner_classes)
        )
    outside = np.isnan(values_per_km2_year)
    classes = np.digitize(np.where(outside, 0.0, values_per_km2_year), limits).astype(np.uint8)
    classes[too_few] = NOTHING_CLASS
    classes[too_few & anything_near if audience is Audience.ANALYST else too_few] = TOO_FEW_CLASS
    classes[outside] = OUTSIDE_CLASS
    return DisclosedSurface(
        classes=classes,
        limits=tuple(float(limit) for limit in limits),
        unit=unit,
        x0_m=x0_m,
        y0_m=y0_m,
        cell_m=cell_m,
        bandwidth_m=bandwidth_m,
    )


def disclose_list(
    *, columns: Sequence[Column], rows: Sequence[Sequence[str]], audience: Audience, caption: str, held_back: str = ""
) -> DisclosedTable:
    """Single administrations, row by row: for the analyst; others are told that it is not for them.

    `held_back` is what they are told where the rows are something else, such as officers.
    """
    if audience is Audience.ANALYST:
        return DisclosedTable(columns=tuple(columns), rows=tuple(tuple(row) for row in rows), caption=caption)
    return DisclosedTable(
        columns=tuple(columns),
        rows=(),
        caption=held_back or _("Single administrations are shown only to the force's own analysts."),
    )


def disclose_missing(
    *, names: Sequence[str], missing: Sequence[int], administrations: int, audience: Audience, thresholds: Thresholds
) -> DisclosedTable:
    """How many administrations lack each field, with the share; shares of hidden counts are hidden with them."""
    rows = []
    for name, count in zip(names, missing, strict=True):
        # Missing and present are a breakdown of two: either, when small, gives the other's share away.
        pair, _note = _protect((count, administrations - count), audience=audience, thresholds=thresholds)
        share = format_share(count / administrations) if administrations and pair[0].shown else ""
        rows.append((name, pair[0].text, share))
    return DisclosedTable(
        columns=(
            Column(heading=_("Not recorded")),
            Column(heading="n", numeric=True),
            Column(heading="%", numeric=True),
        ),
        rows=tuple(rows),
        caption=_("Of {number} administrations.").format(
            number=disclose_count(administrations, audience=audience, thresholds=thresholds).text
        ),
    )


def disclose_completeness(
    *,
    names: Sequence[str],
    starts: Sequence[date],
    step: str,
    missing: Sequence[Sequence[int]],
    administrations: Sequence[int],
    audience: Audience,
    thresholds: Thresholds,
) -> DisclosedGrid:
    """Percentages of administrations with each field, by period; `missing[i][j]` of `administrations[j]` lack field i.

    To the analyst only all is 100 % and only none is 0 %. Others see fifths, and only of periods in which a fifth is 5
    administrations or more: neither a cell nor the sum of its row then tells of 1 to 4 that have or lack the field.
    """
    rows = [
        tuple(
            _completeness(whole - part, whole, audience=audience, thresholds=thresholds)
            for part, whole in zip(lacking, administrations, strict=True)
        )
        for lacking in missing
    ]
    note = _("Shares are in fifths; periods with fewer than {number} administrations are not shown.").format(
        number=fewest_for_fifths(thresholds)
    )
    wholes, _hidden = _protect(administrations, audience=audience, thresholds=thresholds)
    return DisclosedGrid(
        names=tuple(names),
        starts=tuple(starts),
        wholes=wholes,
        step=step,
        in_fifths=audience is not Audience.ANALYST,
        shares=tuple(rows),
        note="" if audience is Audience.ANALYST else note,
    )


_FIFTHS = 5


def fewest_for_fifths(thresholds: Thresholds) -> int:
    """The fewest administrations of which a fifth is not a small number."""
    return _FIFTHS * thresholds.smallest_count_shown


def _completeness(part: int, whole: int, *, audience: Audience, thresholds: Thresholds) -> DisclosedEstimate:
    if not whole:
        return DisclosedEstimate(value=None, lower=None, upper=None, text="")
    if audience is Audience.ANALYST:
        percent = min(max(round(100 * part / whole), 1 if part else 0), 99 if part < whole else 100)
        return DisclosedEstimate(value=part / whole, lower=None, upper=None, text=format_count(percent))
    if whole < fewest_for_fifths(thresholds):
        return hold_back()
    # A share on the limit belongs to the outer fifth, so that the outermost are never narrower than 5 administrations.
    upper = -(-_FIFTHS * part // whole) if 2 * part < whole else _FIFTHS * part // whole + 1
    upper = min(max(upper, 1), _FIFTHS)
    text = _("{lower} to {upper}").format(
        lower=format_count(100 * (upper - 1) // _FIFTHS), upper=format_count(100 * upper // _FIFTHS)
    )
    return DisclosedEstimate(value=(upper - 0.5) / _FIFTHS, lower=None, upper=None, text=text)


def tabulate_breakdown(
    breakdown: DisclosedBreakdown,
    *,
    heading: str,
    count_heading: str,
    rates: Sequence[DisclosedRate] | None = None,
    rate_heading: str = "",
) -> DisclosedTable:
    """A breakdown as rows with its total last; a rate stands only beside a count that is shown."""
    columns = [Column(heading=heading), Column(heading=count_heading, numeric=True)]
    if rates is not None:
        columns.append(Column(heading=rate_heading, numeric=True))
    rows = []
    for index, (name, count) in enumerate(zip(breakdown.names, breakdown.counts, strict=True)):
        rate = () if rates is None else (rates[index].text if count.shown else _("not shown"),)
        rows.append((name, count.text, *rate))
    rows.append((_("Total"), breakdown.total.text, *(() if rates is None else ("",))))
    return DisclosedTable(columns=tuple(columns), rows=tuple(rows), caption=breakdown.note)


def tabulate_series(
    series: DisclosedSeries, *, heading: str, count_heading: str, format_start: Callable[[date], str]
) -> DisclosedTable:
    """A series as rows, newest first."""
    rows = tuple((format_start(start), count.text) for start, count in zip(series.starts, series.counts, strict=True))
    return DisclosedTable(
        columns=(Column(heading=heading), Column(heading=count_heading, numeric=True)),
        rows=rows[::-1],
        caption=series.note,
    )


def tabulate_grid(grid: DisclosedGrid, *, heading: str, format_start: Callable[[date], str]) -> DisclosedTable:
    """A grid as a table, a column a period."""
    return DisclosedTable(
        columns=(Column(heading=heading), *(Column(heading=format_start(day), numeric=True) for day in grid.starts)),
        rows=(
            *((name, *(cell.text for cell in row)) for name, row in zip(grid.names, grid.shares, strict=True)),
            (_("Administrations"), *(count.text for count in grid.wholes)),
        ),
        caption=grid.note,
    )


def tabulate_cells(
    *,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | DisclosedCount | DisclosedEstimate]],
    caption: str,
) -> DisclosedTable:
    """Rows of words and of numbers that are disclosed already, each number in its own words."""
    texts = tuple(tuple(cell if isinstance(cell, str) else cell.text for cell in row) for row in rows)
    return DisclosedTable(columns=tuple(columns), rows=texts, caption=caption)
