"""Times of a column as moments, in UTC and on the deployment's clock; and where the clocks' changes leave doubt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.values.clocks import hours_alone, times_of_day
from data.values.plain import Texts
from data.values.written_times import parse_walls

__all__ = ["Moments", "parse_days", "parse_moments"]

# Before any police carried naloxone, and after Excel's own zero (1899-12-30, 1900-01-00): a slip, not a time.
_EARLIEST_YEAR = 1990


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Times of one column. All arrays have one entry a row; NaT where the cell is empty or unusable.

    `instants` are UTC; `local` the wall clock of the deployment; `precision` "minute", "hour", "day" or "month".
    `ambiguous` marks local times that came twice as the clocks went back (the earlier is taken) and `nonexistent` those
    that the clocks skipped (the first moment after the gap is taken). `implausible` marks times before 1990.
    """

    instants: pd.Series
    local: pd.Series
    precision: NDArray[np.object_]
    unreadable: NDArray[np.bool_]
    implausible: NDArray[np.bool_]
    ambiguous: NDArray[np.bool_]
    nonexistent: NDArray[np.bool_]
    later_instants: pd.Series

    def without(self, rows: NDArray[np.bool_]) -> "Moments":
        """The same without the times of these rows."""
        return replace(
            self,
            instants=self.instants.mask(rows),
            local=self.local.mask(rows),
            later_instants=self.later_instants.mask(rows),
        )


def parse_moments(
    texts: Texts,
    *,
    formats: Sequence[str],
    day_first: bool,
    file_zone: str,
    local_zone: str,
    clocks: Texts | None = None,
    next_day: NDArray[np.bool_] | None = None,
) -> tuple[Moments, NDArray[np.bool_]]:
    """Times from cells of date and time, or from `texts` as dates and `clocks` as times of day.

    A time without an offset is a wall clock's in `file_zone`. A date alone is that day where the event happened
    (`local_zone`), with precision "day", and a month alone its first day, with precision "month". `next_day` says
    which `clocks` are of the day after that of their dates. Of the `formats` those of a time of day alone are for
    `clocks`. Returns the times, and which `clocks` could not be read (they leave a day).
    """
    walls, precision, unreadable, aware = parse_walls(texts, formats, day_first)
    bad_clocks = np.zeros(len(texts), dtype=bool)
    if clocks is not None:
        since_midnight, bad_clocks = times_of_day(clocks, formats=formats)
        if next_day is not None:
            since_midnight = since_midnight.mask(next_day, since_midnight + pd.Timedelta(days=1))
        walls, precision, aware = _without_midnight(walls, precision, aware, local_zone)
        dated = (precision == "day") & since_midnight.notna().to_numpy()
        walls = walls.mask(dated, walls + since_midnight)
        precision = np.where(dated, np.where(hours_alone(clocks, formats), "hour", "minute"), precision)
    early = (walls.dt.year < _EARLIEST_YEAR).to_numpy()
    walls = walls.mask(early)
    instants, later, ambiguous, nonexistent = _localised(walls, file_zone, skip=aware)
    if aware.any():
        instants = instants.mask(aware, walls.dt.tz_localize("UTC"))
        later = later.mask(aware, instants)
    only_day = np.isin(precision, ("day", "month")) & walls.notna().to_numpy()
    if only_day.any() and file_zone != local_zone:
        days, _later, _ambiguous, _nonexistent = _localised(walls, local_zone, skip=~only_day)
        instants = instants.mask(only_day, days)
        later = later.mask(only_day, days)
    local = instants.dt.tz_convert(local_zone).dt.tz_localize(None)
    moments = Moments(
        instants=instants,
        local=local,
        precision=precision,
        unreadable=unreadable,
        implausible=early,
        ambiguous=ambiguous & ~only_day,
        nonexistent=nonexistent & ~only_day,
        later_instants=later,
    )
    return moments, bad_clocks


def parse_days(texts: Texts, *, formats: Sequence[str], day_first: bool) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Days (naive midnights; NaT where missing or unusable), and which cells are no date.

    Years before 1678 or after 2261 become these, for the caller to find implausible.
    """
    walls, _precision, unreadable, _aware = parse_walls(texts, formats, day_first)
    return walls.dt.normalize(), unreadable


def _without_midnight(
    walls: pd.Series, precision: NDArray[np.object_], aware: NDArray[np.bool_], local_zone: str
) -> tuple[pd.Series, NDArray[np.object_], NDArray[np.bool_]]:
    """The days of a column of dates whose system writes midnight behind each of them, the local one or that of UTC."""
    timed = (precision == "minute") & walls.notna().to_numpy()
    local = walls.mask(aware, walls.dt.tz_localize("UTC").dt.tz_convert(local_zone).dt.tz_localize(None))
    for days in (local, walls):
        if timed.any() and (days == days.dt.normalize())[timed].all():
            return days, np.where(timed, "day", precision), aware & ~timed
    return walls, precision, aware


def _localised(
    walls: pd.Series, zone: str, *, skip: NDArray[np.bool_]
) -> tuple[pd.Series, pd.Series, NDArray[np.bool_], NDArray[np.bool_]]:
    """UTC instants of wall clocks (the earlier where a time came twice, and the later), and which were odd."""
    plain = walls.mask(skip)
    instants = plain.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    odd = (instants.isna() & plain.notna()).to_numpy()
    later = instants
    ambiguous = nonexistent = np.zeros(len(walls), dtype=bool)
    if odd.any():
        summer = np.ones(len(walls), dtype=bool)
        earlier = plain.dt.tz_localize(zone, ambiguous=summer, nonexistent="NaT")
        nonexistent = odd & earlier.isna().to_numpy()
        ambiguous = odd & ~nonexistent
        # pandas' own shift_forward is half an hour off where the clocks skip half an hour.
        gaps = {wall: _end_of_gap(wall, ZoneInfo(zone)) for wall in plain[nonexistent].unique()}
        ends = plain.where(nonexistent).map(gaps).astype("datetime64[ns, UTC]")
        later = plain.dt.tz_localize(zone, ambiguous=~summer, nonexistent="NaT").dt.tz_convert("UTC").fillna(ends)
        return earlier.dt.tz_convert("UTC").fillna(ends), later, ambiguous, nonexistent
    return instants.dt.tz_convert("UTC"), later.dt.tz_convert("UTC"), ambiguous, nonexistent


def _end_of_gap(wall: pd.Timestamp, zone: ZoneInfo) -> pd.Timestamp:
    """The moment (to the second) at which the clocks skipped the wall clock time `wall`."""
    before, after = (wall.to_pydatetime().replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    utc_wall = wall.floor("s").tz_localize("UTC")
    low, high = utc_wall - after - pd.Timedelta(seconds=1), utc_wall - before
    while high - low > pd.Timedelta(seconds=1):
        middle = (low + (high - low) / 2).floor("s")
        if middle.to_pydatetime().astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
