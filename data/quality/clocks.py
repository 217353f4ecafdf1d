"""The clock times of a file, as the clocks of several zones show them, and the one that stands for "no time".

A system that has a date and no time writes midnight: the local one, that of UTC, or that of a third zone, which in UTC
is 07:00 all the year, or 23:00 in summer and 00:00 in winter. So the times are read in several ways, and in each the
commonest clock is compared with the hours beside it and with the other whole hours.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "CLOCK_CHANCE",
    "DAY_S",
    "HOURS_BESIDE",
    "HOUR_S",
    "TIMES_THE_HOURS_BESIDE",
    "ConstantClock",
    "Reading",
    "beside",
    "find_constant_clock",
    "readings_of",
    "seconds_of_day",
]

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

DAY_S, HOUR_S = 86_400, 3_600

# A clock that so many days have, by less than this chance, beside the file's other whole hours, is no real time.
CLOCK_CHANCE = 1e-6
# Midnight is what systems write for "no time": any excess over the hours before and after it counts. Another clock must
# hold at least this share of the days (and so many days, or the larger share), since a shift briefing or a default may
# well be common; a whole hour is what another zone's midnight shows as.
_LEAST_SHARE_ON_THE_HOUR, _LEAST_SHARE_OF_A_FEW, _LEAST_SHARE_ELSEWHERE, _MANY_DAYS = 0.1, 0.2, 0.5, 10
_MINUTES_ON_FIVES = 288
# So far a clock must be ahead of the next (midnight: of the two hours on either side): times rounded to hours have
# several that are common.
_TIMES_THE_NEXT, TIMES_THE_HOURS_BESIDE, HOURS_BESIDE = 5, 3, (-2, -1, 1, 2)
# A clock that keeps to summer time, as another zone's midnight does in UTC, must explain more than one that does not:
# two zones whose summers begin on other days differ in few rows. And some clock must be common at all.
_FEWEST_MORE_ROWS, _LEAST_SHARE_WORTH_A_LOOK = 2, 0.03
# Of two readings that explain about as many days, one at which it was midnight is the one that was written.
_ABOUT_AS_MANY = 0.9
_SUMMER_TIMES = ("Europe/London", "America/New_York")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The times as one clock shows them, with their seconds of the day and their days since 1970.

    The clock `kept` is local, utc, summer (UTC with an hour added in summer) or late (local with an hour added then).
    """

    kept: str
    walls: pd.Series
    local: pd.Series
    seconds: Ints
    days: Ints

    @property
    def seasonal(self) -> bool:
        """Whether a clock that is one here changes by an hour between winter and summer."""
        return self.kept in ("summer", "late")


@dataclass(frozen=True, kw_only=True)
class ConstantClock:
    """A clock time that stands for "no time": how it is read, its seconds after midnight, and which rows have it."""

    reading: Reading
    seconds: int
    rows: Mask

    @property
    def is_local(self) -> bool:
        """Whether local clocks showed it: in winter those of London show what UTC does."""
        reading = self.reading
        return reading.kept == "local" or bool((reading.walls == reading.local).to_numpy()[self.rows].all())

    @property
    def is_midnight(self) -> bool:
        """Whether it was midnight where it happened."""
        return self.is_local and not self.seconds

    @property
    def days(self) -> pd.Series:
        """The days of its rows as they were written."""
        written = self.reading.walls
        if self.reading.kept == "utc" and self.seconds > DAY_S / 2:
            # East of UTC midnight falls on the day before, and a time of the local afternoon on the same.
            written = self.reading.local
        elif self.reading.kept == "summer" and self.seconds > DAY_S / 2:
            written = written + pd.Timedelta(days=1)
        return written[self.rows].dt.normalize()


def readings_of(*, instants: pd.Series, local: pd.Series, time_zone: str) -> list[Reading]:
    """The times as local clocks and those of UTC show them, and then as UTC read as local time and clocks of two zones
    with summer time do.
    """
    utc = instants.dt.tz_localize(None)
    walls = {"local": local, "utc": utc, "late": local + _summer_hour(instants, time_zone)}
    found = [*walls.items(), *(("summer", utc + _summer_hour(instants, zone)) for zone in _SUMMER_TIMES)]
    return [
        Reading(
            kept=kept,
            walls=each,
            local=local,
            seconds=seconds_of_day(each),
            days=each.to_numpy().astype("datetime64[D]").astype(np.int64),
        )
        for kept, each in found
    ]


def find_constant_clock(readings: list[Reading]) -> ConstantClock | None:
    """The one clock time, local or UTC, that too many days have for it to be a time; None where there is none.

    Days are counted and not rows: several records of one moment are no sign. 00:00Z is one clock in UTC and two in a
    zone with summer time, so both clocks are looked at. The midnight of a third zone with summer time, and UTC read as
    if it were local, are two clocks in either, an hour apart: then UTC and local with an hour added in summer are one.
    """
    plain, seasonal = readings[:2], readings[2:]
    found = [each for reading in plain if (each := _of_reading(reading))]
    best = max((share for share, _clock in found), default=0.0)
    if best < 1 and any(_top_share(reading.seconds) >= _LEAST_SHARE_WORTH_A_LOOK for reading in plain):
        of_seasons = [each for reading in seasonal if (each := _of_reading(reading))]
        # Midnight needs no margin: a few rows of one season are enough to tell.
        margin = _FEWEST_MORE_ROWS / len(plain[0].seconds)
        found += [each for each in of_seasons if each[0] > best + (margin if each[1].seconds else 0.0)]
    if not found:
        return None
    most = max(share for share, _clock in found)
    likely = [each for each in found if each[0] >= _ABOUT_AS_MANY * most]
    return max(likely, key=lambda each: (each[1].seconds == 0, each[0]))[1]


def seconds_of_day(walls: pd.Series) -> Ints:
    """Seconds since midnight of wall clocks."""
    return ((walls - walls.dt.normalize()) // pd.Timedelta(seconds=1)).to_numpy(dtype=np.int64)


def beside(counts: pd.Series, clock: int) -> Ints:
    """What each of the two hours before and after a clock has; `counts` by seconds of the day."""
    return np.array([counts.get((clock + hours * HOUR_S) % DAY_S, 0) for hours in HOURS_BESIDE], dtype=np.int64)


def _summer_hour(instants: pd.Series, time_zone: str) -> pd.Series:
    """How far each moment's clock in a zone is ahead of the earliest that it has among these."""
    ahead = instants.dt.tz_convert(time_zone).dt.tz_localize(None) - instants.dt.tz_localize(None)
    return ahead - ahead.min()


def _top_share(seconds: Ints) -> float:
    return float(np.unique(seconds, return_counts=True)[1].max() / len(seconds)) if len(seconds) else 0.0


def _of_reading(reading: Reading) -> tuple[float, ConstantClock] | None:
    """The share of days that a reading's commonest clock explains, and that clock."""
    found = _commonest_clock(reading.seconds, reading.days)
    if found is None:
        return None
    clock, share = found
    return share, ConstantClock(reading=reading, seconds=clock, rows=reading.seconds == clock)


def _commonest_clock(seconds: Ints, days: Ints) -> tuple[int, float] | None:
    """The commonest clock, or else midnight, and its share of the days, where chance does not allow that many."""
    pairs = pd.DataFrame({"clock": seconds, "day": days}).drop_duplicates()
    counts = pairs["clock"].value_counts()
    if counts.empty:
        return None
    every = len(pairs)
    for clock in dict.fromkeys((int(counts.index[0]), 0)):
        most = int(counts.get(clock, 0))
        others = counts.drop(clock, errors="ignore")
        whole_hours = int(others[others.index % HOUR_S == 0].sum())
        most_beside = int(beside(counts, clock).max())
        following = int(others.iloc[0]) if len(others) else 0
        # What a whole hour usually holds, counted as one more than it does; other clocks are marks of five minutes.
        usual = max(
            (whole_hours + 1) / (23 * every) if clock % HOUR_S == 0 else 1 / _MINUTES_ON_FIVES, most_beside / every
        )
        if clock:
            enough = _is_default(clock, most, every) and most >= _TIMES_THE_NEXT * following
            usual = max(usual, following / every)
        else:
            enough = most >= TIMES_THE_HOURS_BESIDE * most_beside
        if most and enough and stats.binom.sf(most - 1, every, min(usual, 1.0)) <= CLOCK_CHANCE:
            return clock, most / every
    return None


def _is_default(clock: int, most: int, every: int) -> bool:
    """Whether a clock other than midnight holds enough of the days."""
    if clock % HOUR_S:
        return most >= _LEAST_SHARE_ELSEWHERE * every
    return most >= (_LEAST_SHARE_ON_THE_HOUR if most >= _MANY_DAYS else _LEAST_SHARE_OF_A_FEW) * every
