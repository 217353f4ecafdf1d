"""The ways of agreeing that a file allows to tell apart: by time, by place, by details."""

from itertools import product

import numpy as np
from scipy import ndimage

from data.quality.blocks.model import (
    DAY_MIN,
    FEWEST_PAIRS,
    HOUR_MIN,
    RADII_M,
    WITHOUT_TIME,
    Events,
    Found,
    Kind,
    is_rough,
    oriented,
)

__all__ = [
    "LONGEST_OFFSET_MIN",
    "MOVED_ALIKE_M",
    "OFFSETS_MIN",
    "STEPS_MIN",
    "central",
    "default_clocks",
    "kinds_of",
    "source",
]

# Offsets of whole hours (a zone, summer time, half a day) and the halves that some zones have.
LONGEST_OFFSET_MIN = 15 * HOUR_MIN
OFFSETS_MIN = (*range(HOUR_MIN, LONGEST_OFFSET_MIN, HOUR_MIN), 15, 30, 45, 90, 330, 570, 630)
# Other offsets, where they stand out among all pairs of a day.
_MORE_OFFSETS = 3
# Moves of all places by one offset, which agree within the snapping, where they stand out in a fortnight.
MOVED_ALIKE_M, _CELL_M, _CELLS_BESIDE, _MORE_MOVES = 150.0, 100.0, 9, 3
_FEWEST_WEEKS = 13
# Where more than this share of times are whole hours, the others tell more of two entries.
_ROUNDED_TO_HOURS = 0.15
# Times are cut or rounded to halves or quarters of an hour, tens or fives too.
STEPS_MIN = (30, 15, 10, 5)
# A clock that is no time: so many events have it, and so many times more than the usual whole hour.
_FEWEST_ON_A_CLOCK, _TIMES_THE_USUAL_HOUR, _MOST_CLOCKS = 5, 4, 2
# Or that many more of a fortnight's events than chance gives have it, in standard deviations.
_FORTNIGHT_BEYOND = 5.0


def kinds_of(events: Events, found: Found) -> list[Kind]:
    """The kinds of pair that the file allows to tell apart."""
    times = [("minute", 0)]
    times += [("offset", each) for each in dict.fromkeys((*OFFSETS_MIN, *_frequent_offsets(events, found)))]
    if events.whole_hour.any():
        times += [("hour", 0), ("hour", HOUR_MIN // 2)]
    if events.untimed.any():
        times += [("day", WITHOUT_TIME)]
    times += [("day", clock) for clock in default_clocks(events)]
    placed, known = np.isfinite(events.east_m).any(), (events.details >= 0).any()
    radii = [np.inf, *(RADII_M if placed else ())]
    kinds = [
        Kind(time=time, value=value, radius_m=radius_m, details=details)
        for (time, value), radius_m, details in product(times, radii, (False, True) if known else (False,))
        # One offset is so seldom shared by chance that the closest distances add nothing.
        if time != "offset" or radius_m >= RADII_M[-1]
    ]
    timed = (events.minute >= 0).sum()
    if events.whole_hour.sum() > _ROUNDED_TO_HOURS * timed:
        kinds += [Kind(time=time, value=value, exact=True) for time, value in times if time in ("minute", "offset")]
    kinds += [
        Kind(time="hour", value=value, radius_m=radius_m, details=details, step_min=step_min)
        for step_min, radius_m, details in product(STEPS_MIN, radii, (False, True) if known else (False,))
        for value in (0, step_min // 2)
        # So few minutes are so seldom shared by chance that each distance adds little.
        if radius_m != RADII_M[0] and radius_m != RADII_M[2]
    ]
    kinds += [
        Kind(time=time, value=value, central=True, details=details)
        for (time, value), details in product(times, (False, True) if known else (False,))
        if time == "day" and central(value) in found
    ]
    kinds += [
        Kind(time=time, value=value, radius_m=MOVED_ALIKE_M, moved_m=moved_m, details=details)
        for (time, value) in times
        if time == "day" and "near" in found
        for moved_m, details in product(_frequent_moves(events, found, value), (False, True) if known else (False,))
    ]
    kinds = [each for each in kinds if source(each) in found]
    return sorted(kinds, key=lambda each: (source(each), each.time, each.step_min, each.value, each.exact))


def source(kind: Kind) -> str:
    """Which list of pairs holds those of a kind: of the same minute, near ones, those of the same details, or all.

    Those of an offset are in none: they are looked up.
    """
    if kind.time in ("minute", "offset"):
        return "minute"
    if np.isfinite(kind.radius_m):
        return "near"
    if kind.central:
        return central(kind.value)
    if kind.details:
        return "details"
    return "all"


def central(clock: int) -> str:
    """The list of pairs of which one, without a time or with the time `clock`, stands at the other's nearest point."""
    return f"central {clock}"


def _frequent_offsets(events: Events, found: Found) -> list[int]:
    """Minutes by which more pairs of a day differ than the times of day, many of them rounded, have it."""
    clocks = np.bincount(events.minute[~events.untimed] % DAY_MIN, minlength=DAY_MIN)
    shares = np.abs(np.fft.rfft(clocks / max(int(clocks.sum()), 1))) ** 2
    by_chance = 2 * np.fft.irfft(shares, DAY_MIN)
    frequent = []
    for name in ("near", "details", "all"):
        if name in found:
            one, other = found[name]
            timed = ~events.untimed[one] & ~events.untimed[other]
            apart = np.abs(events.minute[one] - events.minute[other])[timed]
            counts = np.bincount(apart[(apart > 0) & (apart < LONGEST_OFFSET_MIN)], minlength=LONGEST_OFFSET_MIN)
            usual = np.maximum(by_chance[:LONGEST_OFFSET_MIN], 0.0) * len(apart)
            top = np.argsort((counts - usual) / np.sqrt(usual + 1))[::-1][:_MORE_OFFSETS]
            frequent += [int(each) for each in top if counts[each] >= FEWEST_PAIRS]
    return frequent


def _frequent_moves(events: Events, found: Found, clock: int) -> list[tuple[float, float]]:
    """Metres east and north by which more pairs of a fortnight differ than by others and than on other days.

    Counted in cells as places are snapped to them: one offset falls into two beside each other, each way.
    """
    one, other = oriented(events, Kind(time="day", value=clock), *found["near"])
    rough = is_rough(events, Kind(time="day", value=clock))
    one, other = one[rough[one]], other[rough[one]]
    reach = int(RADII_M[-1] // _CELL_M)
    east = np.rint((events.east_m[one] - events.east_m[other]) / _CELL_M).astype(np.int64) + reach
    north = np.rint((events.north_m[one] - events.north_m[other]) / _CELL_M).astype(np.int64) + reach
    weeks, side = int(events.day.max()) // 7 + 2, 2 * reach + 1
    cells = np.bincount((events.day[one] // 7 * side + east) * side + north, minlength=weeks * side * side)
    cells = cells.reshape(weeks, side, side)
    counts = cells[:-1] + cells[1:]
    counts = counts[:, :-1, :-1] + counts[:, 1:, :-1] + counts[:, :-1, 1:] + counts[:, 1:, 1:]
    # As many as by moves alike; and, where it is not a few weeks that have any, as by the same move in most weeks.
    usual = ndimage.uniform_filter(counts.astype(float), (0, _CELLS_BESIDE, _CELLS_BESIDE))
    each = counts.sum(axis=(1, 2))
    if (each > 0).sum() >= _FEWEST_WEEKS:
        shares = counts[each > 0] / each[each > 0, None, None]
        usual = np.maximum(usual, np.median(shares, axis=0) * each[:, None, None])
    beyond = (counts - usual) / np.sqrt(usual + 1)
    middles = (np.arange(side - 1) + 0.5 - reach) * _CELL_M
    # Nearer ones are among the near pairs as they are.
    beyond[:, np.hypot(middles[:, None], middles) < MOVED_ALIKE_M] = 0.0
    beyond[counts < FEWEST_PAIRS] = 0.0
    best = beyond.max(axis=0)
    top = np.argsort(best, axis=None)[::-1][:_MORE_MOVES]
    return [
        (float(middles[east]), float(middles[north]))
        for east, north in zip(*np.unravel_index(top, best.shape), strict=True)
        if best[east, north] > 0
    ]


def default_clocks(events: Events) -> list[int]:
    """Whole hours, in minutes of the day in UTC, that far more events have than the usual whole hour, or one that far
    more have in a fortnight than in others.
    """
    hours = events.minute[events.whole_hour] % DAY_MIN // HOUR_MIN
    counts = np.bincount(hours, minlength=24)
    usual = float(np.median(counts))
    top = np.argsort(counts)[::-1][:_MOST_CLOCKS]
    fewest = max(_FEWEST_ON_A_CLOCK, _TIMES_THE_USUAL_HOUR * usual)
    clocks = [int(hour) * HOUR_MIN for hour in top if counts[hour] >= fewest]
    if clocks or not len(hours):
        return clocks
    weeks = int(events.day.max()) // 7 + 2
    by_week = np.bincount(events.day[events.whole_hour] // 7 * 24 + hours, minlength=weeks * 24).reshape(weeks, 24)
    fortnights = by_week[:-1] + by_week[1:]
    expected = fortnights.sum(axis=1)[:, None] * counts / len(hours)
    beyond = ((fortnights - expected) / np.sqrt(expected + 1)).max(axis=0)
    hour = int(np.argmax(beyond))
    return [hour * HOUR_MIN] if beyond[hour] > _FORTNIGHT_BEYOND else []
