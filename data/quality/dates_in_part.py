"""Dates that came as times in part of a file: rows that stand together in it, one period, or one value of a column.

Some pages were typed in from paper, one officer's returns have no times, a fortnight came from another system. In the
whole file their midnights are few, and may be fewer than the real times of that clock; where they are they leave hardly
room for any other. For each way the rows can be put in order (as they stand, by day) the run is sought in which one
clock is the likeliest to be r times of all (r = 2% to 95%) and not what is usual, p:

    sum over the run of  hits ln(r / p) + misses ln((1 - r) / (1 - p))

Under chance exp(score) has mean 1 over any run, so that by Ville's inequality no run of a file reaches s but with
probability under rows x 6 x exp(-s). What is usual is the most of: the file's other whole hours, the hours beside it,
both again in the run and the rows around it, and that clock in the rest of the file. So neither a month of records to
the hour, nor a force that writes midnight for "about midnight", is a run. Days are counted and not rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from data.quality.clocks import (
    CLOCK_CHANCE,
    DAY_S,
    HOUR_S,
    HOURS_BESIDE,
    TIMES_THE_HOURS_BESIDE,
    ConstantClock,
    Reading,
    beside,
)

__all__ = ["DatedPart", "dated_parts", "real_by_chance", "told_apart"]

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

_SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.95)
# Fewer are told apart by nothing; a clock other than midnight must be the default of a whole stretch of rows.
_FEWEST_DAYS, _FEWEST_OF_A_DEFAULT, _SHARE_OF_A_DEFAULT = 4, 10, 0.9
# Rows around a run that are looked at too, and the rest of a file that is long enough to say what is usual.
_ROWS_AROUND, _FEWEST_ELSEWHERE = 60, 30
# Several rows of one moment near each other are one event's.
_ROWS_OF_AN_EVENT = 20
# Half of what chance may give is left to midnight where it happened, by row or by day; the rest to the other readings
# and to the clocks of the longest stretches.
_WAYS_OF_MIDNIGHT, _OTHER_WAYS = 4, 24
_MOST_PARTS = 8
# So unlikely, it is worth asking.
_CHANCE_WORTH_ASKING = 1e-3
# What is left of a clock beside its part is what chance gives; or midnights that are no more than this share.
_LIKELY_ENOUGH, _SHARE_HERE_AND_THERE = 0.01, 0.03
_WHOLE_HOURS = DAY_S // HOUR_S


@dataclass(frozen=True, kw_only=True)
class DatedPart:
    """Rows of one clock that stand together: by `how`, as they stand in the file, in one period or by a column.

    `among` are all rows of the part, `margin` is by how much the score is more than chance allows; `sure` where it is.
    """

    clock: ConstantClock
    among: Mask
    how: Literal["rows", "days", "value"]
    margin: float

    @property
    def sure(self) -> bool:
        """Whether chance does not give that."""
        return self.margin >= 0


def dated_parts(readings: list[Reading], groups: pd.DataFrame) -> list[DatedPart]:
    """The parts of a file whose times are one clock, the surest first; then those that may be, if none is sure.

    `groups` has the columns of values, in the order of the rows, that rows may have in common: as codes, -1 for none.
    """
    free = np.ones(len(readings[0].seconds), dtype=bool)
    found: list[DatedPart] = []
    while len(found) < _MOST_PARTS:
        best = max(_candidates(readings, groups, free), key=_surest, default=None)
        if best is None or best.margin < np.log(CLOCK_CHANCE / _CHANCE_WORTH_ASKING) or (found and not best.sure):
            break
        found.append(best)
        free &= ~best.clock.rows
        if not best.sure:
            break
    return found


def told_apart(clock: ConstantClock, groups: pd.DataFrame) -> tuple[Mask, Mask]:
    """Of a clock that the whole file has too often: the rows that are dates, and those that may be either.

    Where its rows stand together, others of that clock are real times. Midnights here and there that are few may be
    what people write for "about midnight".
    """
    nowhere = np.zeros(len(clock.rows), dtype=bool)
    if clock.rows.all():
        return clock.rows, nowhere
    reading, among = clock.reading, nowhere.copy()
    for _round in range(_MOST_PARTS):
        best = max(_parts_of(reading, clock.seconds, groups, ~among), key=_surest, default=None)
        if best is None or not best.sure:
            break
        among |= best.among
    rest = _Pairs.in_order(reading, ~among, by_day=False)
    hits, every = int((rest.seconds == clock.seconds).sum()), len(rest.seconds)
    # A few rows at the end of a file with dates here and there may have none by luck.
    if among.any() and stats.binom.cdf(hits, every, clock.rows[among].mean()) > CLOCK_CHANCE:
        among = nowhere
        rest = _Pairs.in_order(reading, ~among, by_day=False)
        hits, every = int((rest.seconds == clock.seconds).sum()), len(rest.seconds)
    chance = stats.binom.sf(hits - 1, every, _usual(rest.seconds, clock.seconds))
    if chance >= _LIKELY_ENOUGH:
        return clock.rows & among, nowhere
    if clock.is_midnight and hits < _SHARE_HERE_AND_THERE * every:
        return clock.rows & among, clock.rows & ~among
    return clock.rows, nowhere


def real_by_chance(clock: ConstantClock) -> int:
    """How many of a clock's rows, here and there in a file, are about to be real times, as its other hours have."""
    seconds = clock.reading.seconds
    return round(_usual(seconds, clock.seconds) * int((seconds != clock.seconds).sum()))


def _surest(part: DatedPart) -> tuple[float, bool]:
    # A reading with a season in it explains the same rows as a plain one where there is but one season.
    return round(part.margin, 6), not part.clock.reading.seasonal


def _candidates(readings: list[Reading], groups: pd.DataFrame, free: Mask) -> Iterator[DatedPart]:
    for reading in readings:
        clocks = [0] if reading.seasonal else list(dict.fromkeys((0, *_long_stretches(reading, free))))
        for clock in clocks:
            yield from _parts_of(reading, clock, groups, free)


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """The days and clocks of a file in an order, each once, and the rows that they are first met in."""

    rows: Ints
    seconds: Ints
    days: Ints

    @classmethod
    def in_order(cls, reading: Reading, free: Mask, *, by_day: bool) -> "_Pairs":
        """By day each pair is there once; as they stand in the file, once among rows that are near each other."""
        rows = np.flatnonzero(free)
        seconds, days = reading.seconds[rows], reading.days[rows]
        moments = days * DAY_S + seconds
        if by_day:
            # What is of one day and one clock is of one moment.
            _each, first = np.unique(moments, return_index=True)
        else:
            since = pd.Series(np.arange(len(rows))).groupby(moments, sort=False).diff().to_numpy()
            first = np.flatnonzero(~(since <= _ROWS_OF_AN_EVENT))
        return cls(rows=rows[first], seconds=seconds[first], days=days[first])


def _long_stretches(reading: Reading, free: Mask) -> list[int]:
    """The whole hour that the longest stretch of the file has, where it is long enough for a default."""
    pairs = _Pairs.in_order(reading, free, by_day=False)
    starts = np.flatnonzero(np.diff(pairs.seconds, prepend=-1))
    if not len(starts):
        return []
    lengths = np.diff(np.append(starts, len(pairs.seconds)))
    lengths = np.where(pairs.seconds[starts] % HOUR_S == 0, lengths, 0)
    longest = int(lengths.argmax())
    return [int(pairs.seconds[starts[longest]])] if lengths[longest] >= _FEWEST_OF_A_DEFAULT else []


def _parts_of(reading: Reading, clock: int, groups: pd.DataFrame, free: Mask) -> Iterator[DatedPart]:
    """Where that clock stands together, in each of the ways."""
    at_clock = free & (reading.seconds == clock)
    if at_clock.sum() < _FEWEST_DAYS:
        return
    in_file = _Pairs.in_order(reading, free, by_day=False)
    yield from _run(reading, clock, in_file, at_clock, by_day=False)
    if clock == 0:
        yield from _run(reading, clock, _Pairs.in_order(reading, free, by_day=True), at_clock, by_day=True)
        if not reading.seasonal:
            yield from _of_values(reading, in_file, at_clock, groups)


def _run(reading: Reading, clock: int, pairs: _Pairs, at_clock: Mask, *, by_day: bool) -> Iterator[DatedPart]:
    """The run in which the clock is the least likely to be a real time."""
    hits = pairs.seconds == clock
    shares = _SHARES if clock == 0 else _SHARES[-1:]
    usual = _usual(pairs.seconds, clock)
    found = [_best_run(hits, usual, share) for share in shares if share > usual]
    if not found:
        return
    _score, first, last = max(found)
    inside = np.zeros(len(hits), dtype=bool)
    inside[first : last + 1] = True
    most, every = int(hits[inside].sum()), int(inside.sum())
    most_beside = int(beside(pd.Series(pairs.seconds[inside]).value_counts(), clock).max())
    fewest = _FEWEST_OF_A_DEFAULT if clock else _FEWEST_DAYS
    if most < fewest or most < TIMES_THE_HOURS_BESIDE * most_beside or (clock and most < _SHARE_OF_A_DEFAULT * every):
        return
    around = max(_ROWS_AROUND, every)
    near = slice(max(first - around, 0), last + 1 + around)
    usual = max(usual, _usual(pairs.seconds[near], clock, by_luck=1), _elsewhere(hits, inside))
    score = max((_score_of(most, every, usual, share) for share in shares if share > usual), default=0.0)
    margin = score - float(np.log(len(hits) * len(_SHARES) * _ways(reading, clock) / CLOCK_CHANCE))
    if by_day:
        among = (reading.days >= pairs.days[first]) & (reading.days <= pairs.days[last])
    else:
        among = _stretch(at_clock, int(pairs.rows[first]), int(pairs.rows[last]))
    clock_there = ConstantClock(reading=reading, seconds=clock, rows=at_clock & among)
    yield DatedPart(clock=clock_there, among=among, how="days" if by_day else "rows", margin=margin)


def _ways(reading: Reading, clock: int) -> int:
    return _WAYS_OF_MIDNIGHT if reading.kept == "local" and not clock else _OTHER_WAYS


def _stretch(at_clock: Mask, first: int, last: int) -> Mask:
    """The rows from the first to the last, and those of the same moments that follow."""
    while last + 1 < len(at_clock) and at_clock[last + 1]:
        last += 1
    stretch = np.zeros(len(at_clock), dtype=bool)
    stretch[first : last + 1] = True
    return stretch


def _best_run(hits: Mask, usual: float, share: float) -> tuple[float, int, int]:
    """The run with the highest score, and its first and last place."""
    weights = np.where(hits, np.log(share / usual), np.log((1 - share) / (1 - usual)))
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    gains = sums[1:] - np.minimum.accumulate(sums[:-1])
    last = int(gains.argmax())
    first = int(sums[: last + 1].argmin())
    return float(gains[last]), first, last


def _score_of(hits: int, every: int, usual: float, share: float) -> float:
    return float(hits * np.log(share / usual) + (every - hits) * np.log((1 - share) / (1 - usual)))


def _usual(seconds: Ints, clock: int, *, by_luck: int = 0, fewest: int = 1) -> float:
    """The share that a whole hour has among times other than `clock`, by the other whole hours and the hours beside.

    Either is counted as one more than it is, but for those that a few rows may have `by_luck`, and of no fewer than
    `fewest` times.
    """
    counts = pd.Series(seconds[seconds != clock]).value_counts()
    others = max(int(counts.sum()), fewest)
    whole_hours = int(counts[counts.index % HOUR_S == 0].sum())
    shares = [
        max(found + 1 - by_luck, 1) / hours
        for found, hours in ((whole_hours, _WHOLE_HOURS - 1), (beside(counts, clock).sum(), len(HOURS_BESIDE)))
    ]
    return min(max(shares) / others, 0.99)


def _elsewhere(hits: Mask, inside: Mask) -> float:
    """The share of the clock in the rest of the file, where there is enough of it."""
    return float(hits[~inside].mean()) if (~inside).sum() >= _FEWEST_ELSEWHERE else 0.0


def _of_values(reading: Reading, pairs: _Pairs, at_clock: Mask, groups: pd.DataFrame) -> Iterator[DatedPart]:
    """The rows of one value of a column, where these have the clock."""
    hits = at_clock[pairs.rows]
    for name in groups:
        codes = groups[name].to_numpy()
        here = codes[pairs.rows]
        counts = np.bincount(here[hits & (here >= 0)], minlength=1)
        if counts.max() < _FEWEST_DAYS:
            continue
        for code in np.flatnonzero(counts >= _FEWEST_DAYS):
            inside = here == code
            most, every = int(counts[code]), int(inside.sum())
            most_beside = beside(pd.Series(pairs.seconds[inside]).value_counts(), 0).max()
            if most < TIMES_THE_HOURS_BESIDE * most_beside or inside.all():
                continue
            usual = max(
                _usual(pairs.seconds, 0),
                _usual(pairs.seconds[inside], 0, by_luck=1, fewest=_ROWS_AROUND),
                _elsewhere(hits, inside),
            )
            tries = (int(codes.max()) + 1) * groups.shape[1] * _ways(reading, 0)
            margin = float(-stats.binom.logsf(most - 1, every, usual) - np.log(tries / CLOCK_CHANCE))
            among = codes == code
            clock = ConstantClock(reading=reading, seconds=0, rows=at_clock & among)
            yield DatedPart(clock=clock, among=among, how="value", margin=margin)
