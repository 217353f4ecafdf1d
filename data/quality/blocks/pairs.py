"""Pairs of events that agree, and how many events of each day have a double."""

from itertools import product

import numpy as np
from scipy.spatial import cKDTree

from data.quality.blocks.kinds import central, default_clocks, source
from data.quality.blocks.model import (
    DAY_MIN,
    HOUR_MIN,
    RADII_M,
    WITHOUT_TIME,
    Events,
    Floats,
    Found,
    Ints,
    Kind,
    Pairs,
    is_rough,
)

__all__ = ["all_pairs", "as_alike", "central_points", "doubles_by_day", "joined_pairs", "of_kind", "of_time"]

# More pairs than this are not made: the file is too dense for them to tell anything.
_MOST_PAIRS = 1_500_000


def all_pairs(events: Events, lag: int, *, only: str | None = None) -> Found:
    """Pairs of different events `lag` days apart, at least one of this file: near ones, of the same details, of the
    same minute, and all, each where they are not too many. Each pair once on one day, else the earlier day first.
    """
    start = int(events.day.min()) if len(events) else 0
    shifted, day = events.day - start + lag + 100, events.day - start + 100
    clocks = () if only else (WITHOUT_TIME, *default_clocks(events))
    wanted = [only] if only else ["near", "details", "minute", "all", *map(central, clocks)]
    found = {}
    if "near" in wanted and np.isfinite(events.east_m).any():
        pairs = _near_pairs(events, shifted, day)
        if pairs:
            found["near"] = pairs
    if "details" in wanted and (events.details >= 0).any():
        codes = int(events.details.max()) + 1
        known = events.details >= 0
        pairs = joined_pairs(
            events,
            np.where(known, shifted * codes + events.details, -1),
            np.where(known, day * codes + events.details, -1),
        )
        if pairs:
            found["details"] = pairs
    if "minute" in wanted:
        timed = ~events.untimed
        pairs = joined_pairs(
            events,
            np.where(timed, events.minute + lag * DAY_MIN, -1),
            np.where(timed, events.minute, -1),
        )
        if pairs:
            found["minute"] = pairs
    if "all" in wanted:
        pairs = joined_pairs(events, shifted, day)
        if pairs:
            found["all"] = pairs
    for name in wanted:
        if name.startswith("central"):
            pairs = _central_pairs(events, shifted, day, int(name.split()[1]))
            if pairs:
                found[name] = pairs
    return found


def central_points(events: Events, clock: int) -> tuple[Ints, Ints, int]:
    """The number of the point at which each event with a coarse time stands, of that nearest to each other one, and how
    many points there are; -1 for the rest.
    """
    rough = is_rough(events, Kind(time="day", value=clock))
    placed = np.isfinite(events.east_m) & np.isfinite(events.north_m)
    metres = np.column_stack([events.east_m, events.north_m])
    points, own = np.unique(metres[rough & placed], axis=0, return_inverse=True)
    at, near_to = np.full(len(events), -1), np.full(len(events), -1)
    if len(points):
        at[rough & placed] = own
        near_to[placed & ~rough] = cKDTree(points).query(metres[placed & ~rough])[1]
    return at, near_to, len(points)


def _central_pairs(events: Events, shifted: Ints, day: Ints, clock: int) -> tuple[Ints, Ints] | None:
    """Pairs of one event with a coarse time and one without, which has the former's point as the nearest of such."""
    at, near_to, points = central_points(events, clock)
    if not points or points > (at >= 0).sum() / 2:
        return None

    def code(days: Ints, point: Ints) -> Ints:
        return np.where(point >= 0, days * points + point, -1)

    ones = joined_pairs(events, code(shifted, at), code(day, near_to), each_once=False)
    if ones is None or (shifted == day).all():
        return ones
    others = joined_pairs(events, code(shifted, near_to), code(day, at), each_once=False)
    return None if others is None else (np.concatenate([ones[0], others[0]]), np.concatenate([ones[1], others[1]]))


def _near_pairs(events: Events, shifted: Ints, day: Ints) -> tuple[Ints, Ints] | None:
    """Pairs no farther apart than the largest radius, by squares of that side and their neighbours."""
    radius_m = RADII_M[-1]
    placed = np.isfinite(events.east_m) & np.isfinite(events.north_m)
    column = np.zeros(len(events), dtype=np.int64)
    line = column.copy()
    column[placed] = (events.east_m[placed] - events.east_m[placed].min()) // radius_m + 1
    line[placed] = (events.north_m[placed] - events.north_m[placed].min()) // radius_m + 1
    width, height = int(column.max()) + 2, int(line.max()) + 2
    right = np.where(placed, (day * width + column) * height + line, -1)
    same_day = bool((shifted == day).all())
    neighbours = [(0, 0), (0, 1), (1, -1), (1, 0), (1, 1)] if same_day else list(product((-1, 0, 1), repeat=2))
    parts = []
    order = np.argsort(right, kind="stable")
    for across, up in neighbours:
        left = np.where(placed, (shifted * width + column + across) * height + line + up, -1)
        joined = joined_pairs(events, left, right, order=order, each_once=(across, up) == (0, 0) and same_day)
        if joined is None:
            return None
        one, other = joined
        apart_m = np.hypot(events.east_m[one] - events.east_m[other], events.north_m[one] - events.north_m[other])
        parts.append((one[apart_m <= radius_m], other[apart_m <= radius_m]))
    return np.concatenate([one for one, _o in parts]), np.concatenate([other for _o, other in parts])


def joined_pairs(
    events: Events, left: Ints, right: Ints, *, order: Ints | None = None, each_once: bool | None = None
) -> tuple[Ints, Ints] | None:
    """Pairs (i, j) with left[i] = right[j], neither negative, of different keys, one of them of this file."""
    order = np.argsort(right, kind="stable") if order is None else order
    low, counts = _equal_run(left, right, order)
    total = int(counts.sum())
    if total > 2 * _MOST_PAIRS:
        return None
    one = np.repeat(np.arange(len(left)), counts)
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    other = order[np.repeat(low, counts) + within]
    fits = (events.key[one] != events.key[other]) & ((events.order[one] > 0) | (events.order[other] > 0))
    if each_once if each_once is not None else bool((left == right).all()):
        fits &= one < other
    return one[fits], other[fits]


def _equal_run(left: Ints, right: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Where in right[order], which is sorted, the values equal to each of `left` begin, and how many they are."""
    low, counts = np.zeros(len(left), dtype=np.int64), np.zeros(len(left), dtype=np.int64)
    if not len(right):
        return low, counts
    ordered = right[order]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    lengths = np.diff(first, append=len(ordered))
    length_at = np.repeat(lengths, lengths)
    if np.array_equal(left, right):
        # A search of a million values in a million is most of the work, and not needed here.
        low[order], counts[order] = np.repeat(first, lengths), length_at
    else:
        # Mostly the same values but for an offset: those that are sorted are found ten times as fast.
        low[order] = np.searchsorted(ordered, left[order])
        at = np.minimum(low, len(ordered) - 1)
        counts = np.where(ordered[at] == left, length_at[at], 0)
    return low, np.where(left >= 0, counts, 0)


def of_kind(events: Events, found: Found, kind: Kind, *, lag: int) -> Pairs:
    """The pairs of one kind among those found; `lag` days lie between the two events of each."""
    return as_alike(events, of_time(events, found, kind, lag=lag), kind)


def as_alike(events: Events, pairs: Pairs, kind: Kind) -> Pairs:
    """Those of the pairs that share place and details as the kind asks."""
    keep = np.ones(len(pairs.coarse), dtype=bool)
    if any(kind.moved_m):
        east_m = events.east_m[pairs.coarse] - events.east_m[pairs.other] - kind.moved_m[0]
        north_m = events.north_m[pairs.coarse] - events.north_m[pairs.other] - kind.moved_m[1]
        keep &= np.hypot(east_m, north_m) <= kind.radius_m
    elif np.isfinite(kind.radius_m):
        keep &= pairs.apart_m <= kind.radius_m
    if kind.details:
        keep &= pairs.same_details
    return pairs.part(keep)


def of_time(events: Events, found: Found, kind: Kind, *, lag: int) -> Pairs:
    """The pairs that agree in time as the kind asks, `lag` days apart."""
    one, other = found.get(source(kind), (np.empty(0, np.int64), np.empty(0, np.int64)))
    minute, timed = events.minute, events.minute >= 0
    rough = is_rough(events, kind)
    if kind.time in ("minute", "offset"):
        if kind.time == "offset":
            one, other = _apart(events, kind.value, lag=lag)
        # Seen from one day, the other event's minutes are those of `lag` days on.
        keep = np.abs(minute[other] - minute[one] - lag * DAY_MIN) == kind.value
        if kind.exact:
            keep[keep] &= ~events.whole_hour[one[keep]] & ~events.whole_hour[other[keep]]
        keep[keep] &= timed[one[keep]] & timed[other[keep]] & ~(events.untimed[one[keep]] & events.untimed[other[keep]])
    else:
        # Of two people at a quarter past both times are rounded to it, of a copy and its first entry hardly ever.
        keep = rough[one] != rough[other] if kind.step_min < HOUR_MIN else rough[one] | rough[other]
        if kind.time == "hour":
            # One of the two may be midnight, which the first hour is cut to.
            keep &= timed[one] & timed[other] & ~(events.untimed[one] & events.untimed[other])
    one, other = one[keep], other[keep]
    alike = rough[one] == rough[other]
    if lag:
        # The double is `lag` days on from the one that is counted.
        one_is_coarse = rough[one] | alike
        one, other, one_is_coarse = one[one_is_coarse], other[one_is_coarse], one_is_coarse[one_is_coarse]
    else:
        one_is_coarse = np.where(alike, events.order[one] > events.order[other], rough[one])
    coarse, finer = np.where(one_is_coarse, one, other), np.where(one_is_coarse, other, one)
    if kind.time == "hour":
        after = minute[finer] - minute[coarse] - lag * DAY_MIN + kind.value
        held = (after >= 0) & (after < kind.step_min)
        coarse, finer = coarse[held], finer[held]
    return Pairs(
        coarse=coarse,
        other=finer,
        apart_m=np.hypot(events.east_m[coarse] - events.east_m[finer], events.north_m[coarse] - events.north_m[finer]),
        same_details=(events.details[coarse] >= 0) & (events.details[coarse] == events.details[finer]),
    )


def _apart(events: Events, minutes: int, *, lag: int) -> tuple[Ints, Ints]:
    """Pairs so many minutes apart, whichever is the later, `lag` days on; also where this leads past midnight."""
    timed = ~events.untimed
    parts = []
    for shift in (minutes,) if not lag else (lag * DAY_MIN + minutes, lag * DAY_MIN - minutes):
        joined = joined_pairs(
            events,
            np.where(timed, events.minute + shift, -1),
            np.where(timed, events.minute, -1),
            each_once=False,
        )
        parts.append(joined or (np.empty(0, np.int64), np.empty(0, np.int64)))
    return np.concatenate([one for one, _o in parts]), np.concatenate([other for _o, other in parts])


def doubles_by_day(events: Events, pairs: Pairs, kind: Kind, days: int, *, lag: int = 0) -> Floats:
    """How many events of each day have a double, `lag` days on.

    Of two that are alike in time either is the other's double: they count half each.
    """
    rough = is_rough(events, kind)
    alike = rough[pairs.coarse] == rough[pairs.other]
    weight = np.zeros(len(events))
    np.maximum.at(weight, pairs.coarse, np.where(alike, 0.5, 1.0))
    if not lag:
        np.maximum.at(weight, pairs.other[alike], 0.5)
    return np.bincount(events.day, weights=weight, minlength=days)
