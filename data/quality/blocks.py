"""Blocks of days that were entered twice: under other keys, with moved places, or with another time precision.

Two entries of one event share what the second kept of the first: the minute, the minute but for one offset, the hour,
or only the day; the place to within some distance; what the form says of the person. For each combination of these (a
`_Kind` of pair) the number of events of each day that have a double is compared with what chance gives, and the run of
days is sought whose doubles are the least likely.

The score of a run is the log-likelihood ratio of doubles being q times as many as chance gives (q = 2, 5, 20, 100),

    sum over days of  n ln q - (q - 1) e      (n found, e expected by chance)

Under chance exp(score) has mean 1 over any run of days, so that by Ville's inequality no run of a file reaches s but
with probability under days x kinds x 4 x exp(-s); s is chosen so that this is FALSE_BLOCKS a file. No day adds more
than a third of s: a cluster of one or two days, however dense, is no block. What chance gives is taken from how often
any two events of the file agree; where a run is found it is counted again, in those days, between each day and the days
1 to 21 days off, so that a real cluster of places or a month of records to the hour is no block either, and beside what
doubles there are on all other days, so that a habit (two people of one incident) is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["DAYS_BESIDE", "Block", "find_blocks"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Pairs of positions by what was looked for.
Found = dict[str, tuple[Ints, Ints]]

# The number of blocks that chance alone may give in a file.
FALSE_BLOCKS = 0.005
_SHARE_OF_CHANCE = {"plain": 0.6, "known": 0.1, "any": 0.1}
_TIMES_CHANCE = np.array([2.0, 5.0, 20.0, 100.0])
_FEWEST_PAIRS = 5
# Of the odd numbers of events that chance gives so many are left where days were entered twice.
_OF_CHANCE, _SHARE_OF_EVENED = np.array([0.05, 0.2, 0.4]), 0.2
# No more of the score from one day than this share of what is asked for.
_MOST_FROM_A_DAY = 1 / 3
_MOST_BLOCKS = 5
# Among more points or details than this no day has doubles by chance.
_MOST_CODES = 1_000
# More than any day's doubles.
_NEVER = 1e9
# Where it is not a block of a file's days but the whole file, most events must have a double.
_LEAST_SHARE_OF_A_FILE, _MOST_HABITS = 0.5, 3

# The same point; or published places, moved by up to some hundred metres, in the country farther, and snapped besides.
_RADII_M = (1.0, 300.0, 700.0, 1_500.0)
# Details that agree oftener than this between any two events tell nothing on their own.
_DETAILS_AGREE = 0.25

_DAY_MIN, _HOUR_MIN = 1_440, 60
# Values of a kind that compares days: the events without a time are compared with all, or all are.
_WITHOUT_TIME, _ANY = -1, -2
# Offsets of whole hours (a zone, summer time, half a day) and the halves that some zones have.
_LONGEST_OFFSET_MIN = 15 * _HOUR_MIN
_OFFSETS_MIN = (*range(_HOUR_MIN, _LONGEST_OFFSET_MIN, _HOUR_MIN), 15, 30, 45, 90, 330, 570, 630)
# Other offsets, where they stand out among all pairs of a day.
_MORE_OFFSETS = 3
# A clock that is no time: so many events have it, and so many times more than the usual whole hour.
_FEWEST_ON_A_CLOCK, _TIMES_THE_USUAL_HOUR, _MOST_CLOCKS = 5, 4, 2

# Days off at which chance is counted: beside, in the same cluster, and beyond it.
_NEAR_LAGS, _FAR_LAGS = (1,), (7, 10, 14, 21)
_MOST_DAYS_RECOUNTED = 60
# How far beside a file's own days stored records tell what chance gives.
DAYS_BESIDE = timedelta(days=max(_FAR_LAGS))
# More pairs than this are not made: the file is too dense for them to tell anything.
_MOST_PAIRS = 1_500_000
# How many random pairs of events say how often two agree.
_SAMPLE = 200_000
# An event's double is unclear where another is as near; a copy that was appended stands in one piece, with few rows
# between that are not of it.
_ROWS_BETWEEN, _SHARE_IN_ONE_PIECE = 10, 0.8


@dataclass(frozen=True, kw_only=True)
class Block:
    """A run of days entered twice. `pairs`: positions in the table, columns first and second (the later row).

    `time` is what the doubles share: minute, offset (`offset_min` minutes apart), hour or day.
    """

    time: str
    offset_min: int
    pairs: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """What two entries of one event are taken to share; `radius_m` is infinite where places are not compared.

    `central`: the one without a time stands at the point, of those of its like, that is nearest to the other.
    """

    time: str
    value: int
    radius_m: float = np.inf
    central: bool = False
    details: bool = False


@dataclass(frozen=True, kw_only=True)
class _Events:
    """Arrays with one element an event; `order` is 0 for stored ones."""

    order: Ints
    key: Ints
    day: Ints
    minute: Ints
    untimed: Mask
    whole_hour: Mask
    east_m: Floats
    north_m: Floats
    place: Ints
    details: Ints

    def __len__(self) -> int:
        return len(self.order)

    def part(self, which: Mask | Ints) -> "_Events":
        """The chosen events."""
        return _Events(**{name: values[which] for name, values in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Pairs of events: `coarse` is the one with the less exact time, or the later row."""

    coarse: Ints
    other: Ints
    apart_m: Floats
    same_details: Mask


def find_blocks(table: pd.DataFrame) -> Iterator[Block]:
    """The blocks of a table (see data.quality.repeats), the surest first; an event is in one of them at most.

    Columns row, key, day, minute, midnight, easting_m, northing_m; place and details as numbers (-1: nothing told).
    """
    events = _events(table)
    free = np.arange(len(events))
    for _number in range(_MOST_BLOCKS):
        found = _best_block(events.part(free)) or _evened_block(events.part(free))
        if found is None:
            return
        kind, pairs = found
        yield Block(
            time=kind.time,
            offset_min=kind.value if kind.time == "offset" else 0,
            pairs=pd.DataFrame({name: free[pairs[name]] for name in ("first", "second")}),
        )
        free = np.delete(free, np.unique(pairs.to_numpy()))


def _events(table: pd.DataFrame) -> _Events:
    minute = table["minute"].to_numpy(dtype=np.int64)
    day = table["day"].to_numpy(dtype=np.int64)
    midnight = table["midnight"].eq(True).to_numpy(dtype=bool)
    return _Events(
        order=table["row"].to_numpy(dtype=np.int64),
        key=table["key"].to_numpy(dtype=np.int64),
        day=day - (int(day.min()) if len(day) else 0),
        minute=minute,
        untimed=(minute < 0) | midnight,
        whole_hour=(minute >= 0) & (minute % _HOUR_MIN == 0),
        east_m=table["easting_m"].to_numpy(dtype=float),
        north_m=table["northing_m"].to_numpy(dtype=float),
        place=table["place"].to_numpy(dtype=np.int64),
        details=table["details"].to_numpy(dtype=np.int64),
    )


# --- the search -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Run:
    """Days `first` to `last` of a kind. `weight` is the log-likelihood ratio without a limit on what a day adds.

    The score says whether it is a block at all; the weight, of several readings of one block, which it is.
    """

    kind: _Kind | None
    first: int
    last: int
    score: float
    weight: float = 0.0


def _best_block(events: _Events) -> tuple[_Kind, pd.DataFrame] | None:
    """The surest run of days, with its pairs."""
    if len(events) < 2 * _FEWEST_PAIRS:
        return None
    chance = _chances(events)
    found = _all_pairs(events, 0)
    kinds = _kinds(events, found)
    days = int(events.day.max()) + 1
    needed = _scores_needed(kinds, days)
    runs = []
    of_time: dict[tuple[str, str, int], _Pairs] = {}
    for kind in kinds:
        asked = _source(kind), kind.time, kind.value
        if asked not in of_time:
            of_time = {asked: _of_time(events, found, kind, lag=0)}
        pairs = _as_alike(of_time[asked], kind)
        if len(pairs.coarse) < _FEWEST_PAIRS:
            continue
        counted = _doubles_by_day(events, pairs, kind, days)
        expected = _with_habit(events, counted, _expected(events, kind, chance, days), needed[kind])
        run = _best_run(kind, counted, expected, needed[kind])
        if run:
            runs.append((run, counted, expected))
    best: tuple[_Run, pd.DataFrame] | None = None
    for run, counted, expected in sorted(runs, key=lambda each: -each[0].weight):
        if best and run.weight <= best[0].weight:
            break
        recounted = _recounted(events, run, counted, expected, chance, needed[run.kind])
        if recounted is None or (best and recounted.weight <= best[0].weight):
            continue
        pairs = _matched(events, recounted)
        if len(pairs) >= _FEWEST_PAIRS:
            best = recounted, pairs
    return (best[0].kind, best[1]) if best else None


def _scores_needed(kinds: list[_Kind], days: int) -> dict[_Kind, float]:
    """The score that chance hardly reaches, for each kind.

    Most of what chance may give is left to the kinds that need no offset. An offset that was taken because it stands
    out is one of all that could have stood out.
    """
    groups = ["plain" if each.time != "offset" else "known" if each.value in _OFFSETS_MIN else "any" for each in kinds]
    tried = {"plain": groups.count("plain"), "known": groups.count("known"), "any": 8 * _LONGEST_OFFSET_MIN}
    return {
        kind: float(np.log(days * len(_TIMES_CHANCE) * tried[group] / (_SHARE_OF_CHANCE[group] * FALSE_BLOCKS)))
        for kind, group in zip(kinds, groups, strict=True)
    }


def _with_habit(events: _Events, counted: Floats, expected: Floats, needed: float) -> Floats:
    """What is expected, with the doubles that the file has all through: two records of one event now and then.

    Where most of a file is a run, and yet most events in it have no double, what the run has is the file's usual.
    """
    every = np.bincount(events.day, minlength=len(counted)).astype(float)
    for _round in range(_MOST_HABITS):
        run = _best_run(None, counted, expected, needed)
        if run is None:
            break
        inside = slice(run.first, run.last + 1)
        ours = float((events.order > 0)[(events.day >= run.first) & (events.day <= run.last)].sum())
        paired = counted[inside].sum() * (2.0 if ours == every[inside].sum() else 1.0)
        if every[inside].sum() <= every.sum() / 2 or paired >= _LEAST_SHARE_OF_A_FILE * ours:
            break
        expected = np.maximum(expected, every * counted[inside].sum() / every[inside].sum())
    return expected


def _kinds(events: _Events, found: Found) -> list[_Kind]:
    """The kinds of pair that the file allows to tell apart."""
    times = [("minute", 0)]
    times += [("offset", each) for each in dict.fromkeys((*_OFFSETS_MIN, *_frequent_offsets(events, found)))]
    if events.whole_hour.any():
        times += [("hour", 0), ("hour", _HOUR_MIN // 2)]
    if events.untimed.any():
        times += [("day", _WITHOUT_TIME)]
    times += [("day", clock) for clock in _default_clocks(events)]
    placed, known = np.isfinite(events.east_m).any(), (events.details >= 0).any()
    radii = [np.inf, *(_RADII_M if placed else ())]
    kinds = [
        _Kind(time=time, value=value, radius_m=radius_m, details=details)
        for (time, value), radius_m, details in product(times, radii, (False, True) if known else (False,))
        # One offset is so seldom shared by chance that the closest distances add nothing.
        if time != "offset" or radius_m >= _RADII_M[-1]
    ]
    kinds += [
        _Kind(time=time, value=value, central=True, details=details)
        for (time, value), details in product(times, (False, True) if known else (False,))
        if time == "day" and _central(value) in found
    ]
    kinds = [each for each in kinds if _source(each) in found]
    return sorted(kinds, key=lambda each: (_source(each), each.time, each.value))


def _source(kind: _Kind) -> str:
    """Which list of pairs holds those of a kind: near ones, those of the same details, of the same minute, or all."""
    if np.isfinite(kind.radius_m):
        return "near"
    if kind.central:
        return _central(kind.value)
    if kind.details:
        return "details"
    return "minute" if kind.time == "minute" else "all"


def _central(clock: int) -> str:
    """The list of pairs of which one, without a time or with the time `clock`, stands at the other's nearest point."""
    return f"central {clock}"


def _frequent_offsets(events: _Events, found: Found) -> list[int]:
    """Minutes by which more pairs of a day differ than by others."""
    frequent = []
    for name in ("near", "details", "all"):
        if name in found:
            one, other = found[name]
            timed = ~events.untimed[one] & ~events.untimed[other]
            apart = np.abs(events.minute[one] - events.minute[other])[timed]
            counts = np.bincount(apart[(apart > 0) & (apart < _LONGEST_OFFSET_MIN)], minlength=1)
            top = np.argsort(counts)[::-1][:_MORE_OFFSETS]
            frequent += [int(each) for each in top if counts[each] >= _FEWEST_PAIRS]
    return frequent


def _default_clocks(events: _Events) -> list[int]:
    """Whole hours, in minutes of the day in UTC, that far more events have than the usual whole hour."""
    hours = events.minute[events.whole_hour] % _DAY_MIN // _HOUR_MIN
    counts = np.bincount(hours, minlength=24)
    usual = float(np.median(counts))
    top = np.argsort(counts)[::-1][:_MOST_CLOCKS]
    fewest = max(_FEWEST_ON_A_CLOCK, _TIMES_THE_USUAL_HOUR * usual)
    return [int(hour) * _HOUR_MIN for hour in top if counts[hour] >= fewest]


def _best_run(kind: _Kind | None, counted: Floats, expected: Floats, needed: float) -> _Run | None:
    """The run of days with the largest score, where it is large enough."""
    best = None
    for times in _TIMES_CHANCE:
        gain = np.minimum(counted * np.log(times) - (times - 1) * expected, needed * _MOST_FROM_A_DAY)
        score, first, last = _largest_sum(gain)
        if score >= needed and (best is None or score > best.score):
            found, usual = counted[first : last + 1].sum(), max(float(expected[first : last + 1].sum()), 1e-9)
            weight = float(found * np.log(found / usual) - (found - usual)) if found > usual else 0.0
            best = _Run(kind=kind, first=first, last=last, score=score, weight=weight)
    return best


def _largest_sum(gain: Floats) -> tuple[float, int, int]:
    """The largest sum of a run of days, with its first and last day."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(total)
    last = int(np.argmax(total - lowest))
    return float(total[last] - lowest[last]), int(np.argmin(total[: last + 1])), last - 1


def _recounted(
    events: _Events, run: _Run, counted: Floats, expected: Floats, chance: "_Chance", needed: float
) -> _Run | None:
    """The run with its score against what chance gives in just these days and what doubles other days have."""
    kind, days = run.kind, len(counted)
    inside = np.zeros(days, dtype=bool)
    inside[run.first : run.last + 1] = True
    middle = (run.first + run.last) // 2
    first, last = max(run.first, middle - _MOST_DAYS_RECOUNTED // 2), min(run.last, middle + _MOST_DAYS_RECOUNTED // 2)
    reach = max(_FAR_LAGS)
    part = events.part((events.day >= first - reach) & (events.day <= last + reach))
    factor = 1.0
    for lags, by_luck in ((_NEAR_LAGS, 1.0), (_FAR_LAGS, 0.25)):
        seen, by_chance = [], 0.0
        for lag in (*lags, *(-each for each in lags)):
            pairs = _of_kind(part, _all_pairs(part, lag, only=_source(kind)), kind, lag=lag)
            seen.append(_doubles_by_day(part, pairs, kind, days, lag=lag)[first : last + 1])
            by_chance += float(_expected(part, kind, chance, days, lag=lag)[first : last + 1].sum()) / (2 * len(lags))
        # On the edge of a cluster only one of the two days beside is of it.
        usual = np.max(seen, axis=0) if lags == _NEAR_LAGS else np.mean(seen, axis=0)
        factor = max(factor, (usual.sum() - by_luck) / max(by_chance, 1e-9))
    every = np.bincount(events.day, minlength=days)
    habit = counted[~inside].sum() / max(every[~inside].sum(), 1)
    usual = np.maximum(expected * factor, every * habit)
    return _best_run(kind, np.where(inside, counted, 0.0), np.where(inside, usual, _NEVER), needed)


def _doubles_by_day(events: _Events, pairs: _Pairs, kind: _Kind, days: int, *, lag: int = 0) -> Floats:
    """How many events of each day have a double, `lag` days on.

    Of two that are alike in time either is the other's double: they count half each.
    """
    rough = _rough(events, kind)
    alike = rough[pairs.coarse] == rough[pairs.other]
    weight = np.zeros(len(events))
    np.maximum.at(weight, pairs.coarse, np.where(alike, 0.5, 1.0))
    if not lag:
        np.maximum.at(weight, pairs.other[alike], 0.5)
    return np.bincount(events.day, weights=weight, minlength=days)


# --- pairs ------------------------------------------------------------------------------------------------------------


def _all_pairs(events: _Events, lag: int, *, only: str | None = None) -> Found:
    """Pairs of different events `lag` days apart, at least one of this file: near ones, of the same details, of the
    same minute, and all, each where they are not too many. Each pair once on one day, else the earlier day first.
    """
    start = int(events.day.min()) if len(events) else 0
    shifted, day = events.day - start + lag + 100, events.day - start + 100
    clocks = () if only else (_WITHOUT_TIME, *_default_clocks(events))
    wanted = [only] if only else ["near", "details", "minute", "all", *map(_central, clocks)]
    found = {}
    if "near" in wanted and np.isfinite(events.east_m).any():
        pairs = _near_pairs(events, shifted, day)
        if pairs:
            found["near"] = pairs
    if "details" in wanted and (events.details >= 0).any():
        codes = int(events.details.max()) + 1
        known = events.details >= 0
        pairs = _joined(
            events,
            np.where(known, shifted * codes + events.details, -1),
            np.where(known, day * codes + events.details, -1),
        )
        if pairs:
            found["details"] = pairs
    if "minute" in wanted:
        timed = ~events.untimed
        pairs = _joined(
            events,
            np.where(timed, events.minute + lag * _DAY_MIN, -1),
            np.where(timed, events.minute, -1),
        )
        if pairs:
            found["minute"] = pairs
    if "all" in wanted:
        pairs = _joined(events, shifted, day)
        if pairs:
            found["all"] = pairs
    for name in wanted:
        if name.startswith("central"):
            pairs = _central_pairs(events, shifted, day, int(name.split()[1]))
            if pairs:
                found[name] = pairs
    return found


def _central_pairs(events: _Events, shifted: Ints, day: Ints, clock: int) -> tuple[Ints, Ints] | None:
    """Pairs of one event with a coarse time and one without, which has the former's point as the nearest of such."""
    rough = _rough(events, _Kind(time="day", value=clock))
    placed = np.isfinite(events.east_m) & np.isfinite(events.north_m)
    metres = np.column_stack([events.east_m, events.north_m])
    points, own = np.unique(metres[rough & placed], axis=0, return_inverse=True)
    if not len(points) or len(points) > len(own) / 2:
        return None
    nearest = cKDTree(points).query(metres[placed])[1]
    at, near_to = np.full(len(events), -1), np.full(len(events), -1)
    at[rough & placed] = own
    near_to[placed] = nearest
    near_to[rough] = -1

    def code(days: Ints, point: Ints) -> Ints:
        return np.where(point >= 0, days * len(points) + point, -1)

    ones = _joined(events, code(shifted, at), code(day, near_to), each_once=False)
    if ones is None or (shifted == day).all():
        return ones
    others = _joined(events, code(shifted, near_to), code(day, at), each_once=False)
    return None if others is None else (np.concatenate([ones[0], others[0]]), np.concatenate([ones[1], others[1]]))


def _near_pairs(events: _Events, shifted: Ints, day: Ints) -> tuple[Ints, Ints] | None:
    """Pairs no farther apart than the largest radius, by squares of that side and their neighbours."""
    radius_m = _RADII_M[-1]
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
        joined = _joined(events, left, right, order=order, each_once=(across, up) == (0, 0) and same_day)
        if joined is None:
            return None
        one, other = joined
        apart_m = np.hypot(events.east_m[one] - events.east_m[other], events.north_m[one] - events.north_m[other])
        parts.append((one[apart_m <= radius_m], other[apart_m <= radius_m]))
    return np.concatenate([one for one, _o in parts]), np.concatenate([other for _o, other in parts])


def _joined(
    events: _Events, left: Ints, right: Ints, *, order: Ints | None = None, each_once: bool | None = None
) -> tuple[Ints, Ints] | None:
    """Pairs (i, j) with left[i] = right[j], neither negative, of different keys, one of them of this file."""
    order = np.argsort(right, kind="stable") if order is None else order
    ordered = right[order]
    low = np.searchsorted(ordered, left, side="left")
    counts = np.where(left >= 0, np.searchsorted(ordered, left, side="right") - low, 0)
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


def _of_kind(events: _Events, found: Found, kind: _Kind, *, lag: int) -> _Pairs:
    """The pairs of one kind among those found; `lag` days lie between the two events of each."""
    return _as_alike(_of_time(events, found, kind, lag=lag), kind)


def _as_alike(pairs: _Pairs, kind: _Kind) -> _Pairs:
    """Those of the pairs that share place and details as the kind asks."""
    keep = np.ones(len(pairs.coarse), dtype=bool)
    if np.isfinite(kind.radius_m):
        keep &= pairs.apart_m <= kind.radius_m
    if kind.details:
        keep &= pairs.same_details
    return _Pairs(**{name: values[keep] for name, values in vars(pairs).items()})


def _of_time(events: _Events, found: Found, kind: _Kind, *, lag: int) -> _Pairs:
    """The pairs that agree in time as the kind asks, `lag` days apart."""
    one, other = found.get(_source(kind), (np.empty(0, np.int64), np.empty(0, np.int64)))
    minute, timed = events.minute, events.minute >= 0
    rough = _rough(events, kind)
    if kind.time in ("minute", "offset"):
        # Seen from one day, the other event's minutes are those of `lag` days on.
        keep = np.abs(minute[other] - minute[one] - lag * _DAY_MIN) == kind.value
        keep[keep] &= timed[one[keep]] & timed[other[keep]] & ~(events.untimed[one[keep]] & events.untimed[other[keep]])
    else:
        keep = rough[one] | rough[other]
        if kind.time == "hour":
            keep &= timed[one] & timed[other]
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
        after = minute[finer] - minute[coarse] - lag * _DAY_MIN + kind.value
        held = (after >= 0) & (after < _HOUR_MIN)
        coarse, finer = coarse[held], finer[held]
    return _Pairs(
        coarse=coarse,
        other=finer,
        apart_m=np.hypot(events.east_m[coarse] - events.east_m[finer], events.north_m[coarse] - events.north_m[finer]),
        same_details=(events.details[coarse] >= 0) & (events.details[coarse] == events.details[finer]),
    )


def _rough(events: _Events, kind: _Kind) -> Mask:
    """Which events have the coarser time of a kind: to the hour, without one, or a clock that stands for none."""
    if kind.time in ("minute", "offset"):
        return np.zeros(len(events), dtype=bool)
    if kind.value == _ANY:
        return np.ones(len(events), dtype=bool)
    if kind.time == "hour":
        return events.whole_hour
    return events.untimed if kind.value < 0 else events.whole_hour & (events.minute % _DAY_MIN == kind.value)


# --- what chance gives ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Chance:
    """How often two random events agree: by distance, by details, by both."""

    near: dict[float, float]
    details: float
    near_and_details: dict[float, float]


def _chances(events: _Events) -> _Chance:
    """From random pairs of the file's events of different days: two entries of one event would not be chance."""
    generator = np.random.default_rng(1)
    one, other = generator.integers(0, len(events), (2, _SAMPLE))
    differ = events.day[one] != events.day[other]
    if not differ.any():
        return _Chance(near=dict.fromkeys(_RADII_M, 1.0), details=1.0, near_and_details=dict.fromkeys(_RADII_M, 1.0))
    one, other = one[differ], other[differ]
    apart_m = np.hypot(events.east_m[one] - events.east_m[other], events.north_m[one] - events.north_m[other])
    same = (events.details[one] >= 0) & (events.details[one] == events.details[other])
    least = 1 / max(len(one), 1)
    near = {radius_m: max(float((apart_m <= radius_m).mean()), least) for radius_m in _RADII_M}
    both = {radius_m: max(float((same & (apart_m <= radius_m)).mean()), least) for radius_m in _RADII_M}
    return _Chance(near=near, details=max(float(same.mean()), least), near_and_details=both)


def _clocks(events: _Events) -> Floats:
    """The share of times at each minute of the day."""
    counts = np.bincount(events.minute[~events.untimed] % _DAY_MIN, minlength=_DAY_MIN)
    return counts / max(int(counts.sum()), 1)


def _expected(events: _Events, kind: _Kind, chance: _Chance, days: int, *, lag: int = 0) -> Floats:
    """How many events of each day have a double by chance, `lag` days on."""
    place = 1.0
    if kind.central:
        place = _central_by_chance(events, kind) * (chance.details if kind.details else 1.0)
    elif np.isfinite(kind.radius_m):
        place = chance.near_and_details[kind.radius_m] if kind.details else chance.near[kind.radius_m]
    elif kind.details:
        place = chance.details
    stored = events.order == 0

    def count(which: Mask) -> tuple[Floats, Floats]:
        """All of each day, and the stored ones."""
        return (
            np.bincount(events.day[which], minlength=days).astype(float),
            np.bincount(events.day[which & stored], minlength=days).astype(float),
        )

    if kind.time in ("minute", "offset"):
        some = rest = count(~events.untimed)
        clocks = _clocks(events)
        agree = float((clocks * np.roll(clocks, kind.value)).sum())
        # Either of the two may be the later.
        agree *= 2.0 if kind.value else 1.0
        return _with_double(some, some, lag, agree * place, alike=True)
    if kind.time == "hour":
        rough, fine = count(events.whole_hour), count(~events.whole_hour & ~events.untimed)
        hours = _clocks(events).reshape(24, _HOUR_MIN)
        whole = hours[:, 0] / max(hours[:, 0].sum(), 1e-12)
        finer = np.delete(hours, 0, axis=1)
        held = finer.sum(axis=1) / max(finer.sum(), 1e-12)
        agree = float((whole * held).sum())
        return _with_double(rough, fine, lag, agree * place) + _with_double(
            rough, rough, lag, float((whole**2).sum()) * place, alike=True
        )
    rough_ones = _rough(events, kind)
    rough, rest = count(rough_ones), count(~rough_ones)
    return _with_double(rough, rest, lag, place) + _with_double(rough, rough, lag, place, alike=True)


def _central_by_chance(events: _Events, kind: _Kind) -> float:
    """How often a random event is nearest to the point of a random one with a coarse time."""
    rough = _rough(events, kind)
    placed = np.isfinite(events.east_m) & np.isfinite(events.north_m)
    metres = np.column_stack([events.east_m, events.north_m])
    points, counts = np.unique(metres[rough & placed], axis=0, return_counts=True)
    if not len(points):
        return 1.0
    nearest = np.bincount(cKDTree(points).query(metres[placed & ~rough])[1], minlength=len(points))
    return float((counts / counts.sum() * nearest / max(int(nearest.sum()), 1)).sum())


def _with_double(
    ones: tuple[Floats, Floats], others: tuple[Floats, Floats], lag: int, agree: float, *, alike: bool = False
) -> Floats:
    """Of events on each day, how many have at least one double among the others `lag` days on, if `agree` is the
    chance of each pair; two stored ones make no pair.
    """
    (every, stored), (rest, rest_stored) = ones, others
    rest, rest_stored = _on(rest, lag), _on(rest_stored, lag)
    if alike and lag == 0:
        pairs = every * np.maximum(every - 1, 0) / 2 - stored * np.maximum(stored - 1, 0) / 2
    else:
        pairs = (every * rest - stored * rest_stored) * (0.5 if alike else 1.0)
    usable = np.maximum(every * (0.5 if alike else 1.0), 0.5)
    return usable * -np.expm1(-np.maximum(pairs, 0.0) * agree / usable)


def _on(counts: Floats, lag: int) -> Floats:
    """The counts of `lag` days on."""
    moved = np.zeros_like(counts)
    if lag > 0:
        moved[:-lag] = counts[lag:]
    elif lag < 0:
        moved[-lag:] = counts[:lag]
    else:
        moved[:] = counts
    return moved


# --- days on which everything is there twice ------------------------------------------------------------------------


def _evened_block(events: _Events) -> tuple[_Kind, pd.DataFrame] | None:
    """A run of days on which hardly any point, or any set of details, has an odd number of events.

    For files whose places and details are so few that each day has doubles by chance. If a point has a Poisson number
    of events with mean m, that number is odd with the probability (1 - exp(-2m)) / 2; of entries made twice none is.
    """
    if len(events) < 2 * _FEWEST_PAIRS:
        return None
    days = int(events.day.max()) + 1
    both = np.where((events.place >= 0) & (events.details >= 0), events.place * (events.details.max() + 1), -1)
    best: tuple[float, Ints, _Run] | None = None
    needed = float(np.log(days * 3 * len(_OF_CHANCE) / (_SHARE_OF_EVENED * FALSE_BLOCKS)))
    for codes in (events.place, events.details, np.where(both >= 0, both + events.details, -1)):
        known = codes >= 0
        if known.sum() < 2 * _FEWEST_PAIRS or len(np.unique(codes[known])) > _MOST_CODES:
            continue
        odd, expected = _odd_ones(codes[known], events.day[known], days)
        run = _calmest_run(odd, expected, needed)
        if run is None:
            continue
        inside = np.zeros(days, dtype=bool)
        inside[run.first : run.last + 1] = True
        usual = min(1.0, odd[~inside].sum() / expected[~inside].sum()) if expected[~inside].sum() else 1.0
        run = _calmest_run(np.where(inside, odd, _NEVER), expected * usual, needed)
        if run and (best is None or run.score > best[0]):
            best = run.score, codes, run
    if best is None:
        return None
    _score, codes, run = best
    within = (codes >= 0) & (events.day >= run.first) & (events.day <= run.last)
    joined = _joined(
        events,
        np.where(within, events.day * (codes.max() + 1) + codes, -1),
        np.where(within, events.day * (codes.max() + 1) + codes, -1),
        each_once=True,
    )
    kind = _Kind(time="day", value=_WITHOUT_TIME)
    if joined is None:
        return None
    pairs = _one_to_one(events, _of_time(events, {_source(kind): joined}, _Kind(time="day", value=_ANY), lag=0))
    return (kind, pairs) if len(pairs) >= _FEWEST_PAIRS else None


def _odd_ones(codes: Ints, day: Ints, days: int) -> tuple[Floats, Floats]:
    """How many codes have an odd number of events on each day, and how many would by chance."""
    shares = np.bincount(codes) / len(codes)
    shares = shares[shares > 0]
    every = np.bincount(day, minlength=days)
    numbers, which = np.unique(every, return_inverse=True)
    expected = np.array([-np.expm1(-2 * number * shares).sum() / 2 for number in numbers])[which]
    cells, counts = np.unique(day * (int(codes.max()) + 1) + codes, return_counts=True)
    return np.bincount(cells[counts % 2 == 1] // (int(codes.max()) + 1), minlength=days).astype(float), expected


def _calmest_run(odd: Floats, expected: Floats, needed: float) -> _Run | None:
    """The run of days with the least likely lack of odd numbers: sum of odd ln q + (1 - q) expected, for q < 1."""
    best = None
    for times in _OF_CHANCE:
        gain = np.minimum(odd * np.log(times) + (1 - times) * expected, needed * _MOST_FROM_A_DAY)
        run = _largest_sum(gain)
        if run[0] >= needed and (best is None or run[0] > best.score):
            best = _Run(kind=None, score=run[0], first=run[1], last=run[2])
    return best


# --- the rows ---------------------------------------------------------------------------------------------------------


def _matched(events: _Events, run: _Run) -> pd.DataFrame:
    """The pairs of a run's days, one to one."""
    near = np.flatnonzero((events.day >= run.first - 1) & (events.day <= run.last + 1))
    part = events.part(near)
    lags = (0,) if run.kind.time == "day" else (0, 1)
    parts = []
    for lag in lags:
        # Without a lag of its own: an offset may lead past midnight.
        found = _all_pairs(part, lag, only=_source(run.kind)) if _source(run.kind) != "minute" or not lag else {}
        parts.append(_of_kind(part, found, run.kind, lag=0))
    pairs = _Pairs(**{name: np.concatenate([vars(each)[name] for each in parts]) for name in vars(parts[0])})
    inside = (part.day[pairs.coarse] >= run.first) & (part.day[pairs.coarse] <= run.last)
    chosen = _Pairs(**{name: values[inside] for name, values in vars(pairs).items()})
    return _with_the_rest(events, run, _at(_one_to_one(part, chosen), near))


def _at(pairs: pd.DataFrame, positions: Ints) -> pd.DataFrame:
    """Pairs of a part's events as pairs of all events."""
    return pd.DataFrame({name: positions[pairs[name].to_numpy(dtype=np.int64)] for name in ("first", "second")})


def _with_the_rest(events: _Events, run: _Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """With the doubles of the other rows of the piece that the copies are: farther off, or without the same details."""
    kind = run.kind
    if kind is None or not _is_one_piece(events, pairs):
        return pairs
    rows = events.order[pairs["second"]]
    taken = np.zeros(len(events), dtype=bool)
    taken[np.unique(pairs.to_numpy())] = True
    copies = (events.order >= rows.min()) & (events.order <= rows.max()) & ~taken
    days = (events.day >= run.first) & (events.day <= run.last) & ~taken
    near = np.flatnonzero(days)
    if not copies[near].any():
        return pairs
    part, is_copy = events.part(near), copies[near]
    wider = _Kind(time=kind.time, value=kind.value)
    joined = _joined(part, np.where(is_copy, part.day, -1), np.where(is_copy, -1, part.day), each_once=False)
    if joined is None:
        return pairs
    found = _of_time(part, {_source(wider): joined}, wider, lag=0)
    alike = found.same_details | (found.apart_m <= _RADII_M[-1])
    more = _one_to_one(part, _Pairs(**{name: values[alike] for name, values in vars(found).items()}))
    return pd.concat([pairs, _at(more, near)], ignore_index=True)


def _one_to_one(events: _Events, pairs: _Pairs) -> pd.DataFrame:
    """The pairs such that no event is in two: the same details first, then the nearest, then the farthest in the file.

    Columns first and second: second is the later row, or, where most copies have the coarser (or the finer) time, the
    one that has it.
    """
    rows_apart = np.abs(events.order[pairs.coarse] - events.order[pairs.other])
    apart_m = np.nan_to_num(pairs.apart_m, nan=np.inf)
    used: set[int] = set()
    kept = []
    for place in np.lexsort((-rows_apart, apart_m, ~pairs.same_details)):
        one, other = int(pairs.coarse[place]), int(pairs.other[place])
        if one not in used and other not in used:
            used |= {one, other}
            kept.append((one, other))
    coarse, other = np.array(kept, dtype=np.int64).reshape(-1, 2).T
    later = events.order[coarse] > events.order[other]
    by_row = pd.DataFrame({"first": np.where(later, other, coarse), "second": np.where(later, coarse, other)})
    in_one_piece = _in_one_piece(events, by_row)
    stored = (events.order[coarse] == 0) | (events.order[other] == 0)
    if len(in_one_piece) < len(by_row) or stored.any() or _is_one_piece(events, by_row):
        return in_one_piece
    # Copies that were sorted in among the others have the coarser times, or the finer.
    second_is_coarse = later.mean() >= 0.5 if len(later) else True
    if second_is_coarse:
        return pd.DataFrame({"first": other, "second": coarse})
    return pd.DataFrame({"first": coarse, "second": other})


def _is_one_piece(events: _Events, pairs: pd.DataFrame) -> bool:
    """Whether the later rows of all pairs stand together in the file."""
    rows = np.sort(events.order[pairs["second"]])
    return bool(len(rows)) and bool((np.diff(rows) <= _ROWS_BETWEEN).all())


def _in_one_piece(events: _Events, pairs: pd.DataFrame) -> pd.DataFrame:
    """Without pairs that chance gave on the same days, where the copy stands in one piece in the file."""
    ordered = pairs.sort_values("second", key=lambda each: events.order[each])
    rows = events.order[ordered["second"]]
    piece = np.cumsum(np.diff(rows, prepend=rows[:1]) > _ROWS_BETWEEN)
    sizes = np.bincount(piece) if len(piece) else np.zeros(1, dtype=np.int64)
    if sizes.max() >= _SHARE_IN_ONE_PIECE * len(pairs):
        ordered = ordered[piece == int(sizes.argmax())]
    return ordered.reset_index(drop=True)
