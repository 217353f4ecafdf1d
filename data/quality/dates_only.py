"""Dates that came as times get time_precision "day", in a whole file or in part of it, and the report says so."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.quality.clocks import ConstantClock, Reading, find_constant_clock, readings_of, seconds_of_day
from data.quality.dates_in_part import DatedPart, dated_parts, real_by_chance, told_apart
from data.quality.warnings import QualityWarning, make_warning
from wording import _, format_count, format_period, ngettext

__all__ = ["settle_dates_only", "settle_midnights_told"]

Ints = NDArray[np.int64]

# Columns that rows of one source may have in common: neither keys nor what is measured.
_NO_GROUPS = frozenset({"time_precision", "row_hash", "record_state"})
_SHARE_OF_DISTINCT = 0.2


def settle_dates_only(
    records: pd.DataFrame,
    *,
    time_zone: str,
    only_dates_before: bool = False,
    midnights: Literal["dates", "times"] | None = None,
) -> tuple[pd.DataFrame, list[QualityWarning]]:
    """Records whose time is only a date get time_precision "day", and a warning says so.

    Their day is the one that was written: where it is midnight on some clock, that clock's; for a constant clock of
    00:00 to 12:00 UTC (midnight in UTC or west of it) the day in UTC, for any other the local one. `only_dates_before`:
    earlier files of this source held only dates, so are midnights, and times that are all one clock, however few there
    are. `midnights` is the mapping's answer where a file does not tell: all of them are dates, or times.
    """
    timed = records["time_precision"].isin(["minute", "hour"]).to_numpy()
    if not timed.any() or midnights == "times":
        return records, []
    instants = records["occurred_at"].dt.tz_convert("UTC")[timed]
    local = instants.dt.tz_convert(time_zone).dt.tz_localize(None)
    readings = readings_of(instants=instants, local=local, time_zone=time_zone)
    groups = _groups(records[timed])
    dates, perhaps = _found(readings, groups, only_dates_before=only_dates_before)
    midnight = readings[0].seconds == 0
    if midnights and midnight.any() and all(clock.is_midnight for clock, _where in dates):
        dates, perhaps = [(ConstantClock(reading=readings[0], seconds=0, rows=midnight), "")], None
    numbers, total = records.index.to_numpy()[timed], int(timed.sum())
    warnings = []
    for clock, together in dates:
        records = _as_days(records, np.flatnonzero(timed)[clock.rows], clock.days, time_zone)
        warnings.append(_dates_only_warning(numbers[clock.rows], total, clock, time_zone, together))
    if perhaps:
        warnings.append(_perhaps_warning(numbers[perhaps.rows], total, perhaps, time_zone))
    return records, warnings


def _found(
    readings: list[Reading], groups: pd.DataFrame, *, only_dates_before: bool
) -> tuple[list[tuple[ConstantClock, str]], ConstantClock | None]:
    """The clocks that stand for no time, each with where its rows are in words, and one of which nobody can tell."""
    clock = find_constant_clock(readings)
    if clock is None and only_dates_before:
        clock = _usual_clock(readings)
        return [(clock, "")] if clock else [], None
    if clock is None:
        parts = dated_parts(readings, groups)
        unsure = next((part.clock for part in parts if not part.sure), None)
        return _one_of_each_clock(part for part in parts if part.sure), unsure
    rows, unsure_rows = told_apart(clock, groups)
    together = "" if (rows == clock.rows).all() else _("close together in the file")
    dates = [(replace(clock, rows=rows), together)] if rows.any() else []
    return dates, replace(clock, rows=unsure_rows) if unsure_rows.any() else None


def settle_midnights_told(
    records: pd.DataFrame, rows: Ints, *, warnings: list[QualityWarning], time_zone: str
) -> tuple[pd.DataFrame, list[QualityWarning]]:
    """Records, by row number, whose midnight is no time by what other records tell of them, and the warnings so far
    with these rows among the dates without a time.
    """
    timed = records["time_precision"].isin(["minute", "hour"]).to_numpy()
    local = records["occurred_at"].dt.tz_convert(time_zone).dt.tz_localize(None)
    of_rows = timed & records.index.isin(rows) & (seconds_of_day(local) == 0)
    if not of_rows.any():
        return records, warnings
    settled = _as_days(records, np.flatnonzero(of_rows), local[of_rows], time_zone)
    numbers = records.index.to_numpy()[of_rows]
    sentence = ngettext(
        "{count} time that is exactly 00:00 ({zone}) is a date without a time: the days that are there twice say so.",
        "{count} times that are exactly 00:00 ({zone}) are dates without a time: the days that are there twice say so.",
        len(numbers),
    ).format(count=format_count(len(numbers)), zone=time_zone)
    told = make_warning(kind="dates_of_doubles", rows=numbers, sentence=sentence, advice=_they_count_by_day())
    return settled, [*warnings, told]


def _groups(records: pd.DataFrame) -> pd.DataFrame:
    """Columns of few values, that rows of one source may have in common, as codes."""
    most = max(2, int(_SHARE_OF_DISTINCT * len(records)))
    codes = {
        name: pd.factorize(records[name])[0]
        for name in records
        if name not in _NO_GROUPS
        and (isinstance(records[name].dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(records[name]))
    }
    return pd.DataFrame({name: each for name, each in codes.items() if 0 < each.max(initial=0) < most})


def _one_of_each_clock(parts: Iterable[DatedPart]) -> list[tuple[ConstantClock, str]]:
    """The parts of one clock together, and where they are in words."""
    found: dict[tuple[int, int], list[DatedPart]] = {}
    for part in parts:
        found.setdefault((id(part.clock.reading), part.clock.seconds), []).append(part)
    return [
        (
            replace(same[0].clock, rows=np.logical_or.reduce([part.clock.rows for part in same])),
            _together(same[0]) if len(same) == 1 else _("in {count} parts of the file").format(count=len(same)),
        )
        for same in found.values()
    ]


def _together(part: DatedPart) -> str:
    if part.how == "rows":
        return _("close together in the file")
    if part.how == "value":
        return _("with one value of a column in common")
    days = part.clock.days
    return _("in {period}").format(period=format_period(days.min().date(), days.max().date()))


def _usual_clock(readings: list[Reading]) -> ConstantClock | None:
    """The clock of a few more dates: the one that all have, or midnight."""
    every = [
        ConstantClock(reading=reading, seconds=int(reading.seconds[0]), rows=np.ones(len(reading.seconds), dtype=bool))
        for reading in readings[:2]
        if (reading.seconds == reading.seconds[0]).all()
    ]
    if every:
        return max(every, key=lambda each: each.seconds == 0)
    midnight = readings[0].seconds == 0
    return ConstantClock(reading=readings[0], seconds=0, rows=midnight) if midnight.any() else None


def _as_days(records: pd.DataFrame, rows: NDArray[np.intp], days: pd.Series, time_zone: str) -> pd.DataFrame:
    """The rows with their days: the day's first moment, no hour."""
    starts = days.dt.tz_localize(time_zone, ambiguous=np.ones(len(days), dtype=bool), nonexistent="shift_forward")
    changed = {
        "occurred_at": starts.dt.tz_convert("UTC").array,
        "time_precision": "day",
        "local_date": days.array,
        "local_hour": pd.NA,
        "local_weekday": (days.dt.weekday + 1).astype("Int16").array,
    }
    settled = records.copy(deep=False)
    for name, values in changed.items():
        column = records[name].copy()
        column.iloc[rows] = values
        settled[name] = column
    return settled


def _dates_only_warning(rows: Ints, total: int, clock: ConstantClock, time_zone: str, together: str) -> QualityWarning:
    told, named = _in_words(clock, time_zone)
    sentence = (
        _(
            "{count} of {total} times are exactly {clock} ({zone}), {together}, where chance gives hardly one: dates "
            "without a time."
        )
        if together
        else ngettext(
            "{count} of {total} times is exactly {clock} ({zone}): a date without a time.",
            "{count} of {total} times are exactly {clock} ({zone}), more than chance allows: dates without a time.",
            len(rows),
        )
    ).format(count=format_count(len(rows)), total=format_count(total), clock=told, zone=named, together=together)
    advice = [_they_count_by_day()]
    real = real_by_chance(clock) if not together and len(rows) < total else 0
    if real:
        advice.append(
            ngettext(
                "About {count} of them may be a real time: no file tells which.",
                "About {count} of them may be real times: no file tells which.",
                real,
            ).format(count=format_count(real))
        )
    if clock.is_midnight and len(rows) < total:
        advice.append(
            _("If midnights are times here, say so in the mapping: {line} under [times].").format(
                line='midnights = "times"'
            )
        )
    return make_warning(kind="dates_only", rows=rows, sentence=sentence, advice=" ".join(advice))


def _they_count_by_day() -> str:
    return _(
        "They count by day, and in no hour of the day. If the source has the time of day, map it: occurred_at may "
        "name two columns, a date and a time."
    )


def _perhaps_warning(rows: Ints, total: int, clock: ConstantClock, time_zone: str) -> QualityWarning:
    told, named = _in_words(clock, time_zone)
    return make_warning(
        kind="perhaps_dates",
        rows=rows,
        sentence=_(
            "{count} of {total} times are exactly {clock} ({zone}), more of them together than chance readily gives: "
            "they may be dates without a time. They are kept as times."
        ).format(count=format_count(len(rows)), total=format_count(total), clock=told, zone=named),
        advice=_("Look at these rows at the source. If midnight stands for a date alone, say so in the mapping."),
        setting='[times]\nmidnights = "dates"' if clock.is_midnight else "",
    )


def _in_words(clock: ConstantClock, time_zone: str) -> tuple[str, str]:
    """The clock as it is written, and whose it is."""
    hours, minutes = divmod(clock.seconds // 60, 60)
    named = {"local": time_zone, "late": _("UTC read as {zone}").format(zone=time_zone)}.get(clock.reading.kept, "UTC")
    winter = f"{hours:02}:{minutes:02}"
    if clock.is_local:
        named = time_zone
    elif clock.reading.seasonal:
        summer = f"{(hours - 1) % 24:02}:{minutes:02}"
        return _("{summer} in summer and {winter} in winter").format(summer=summer, winter=winter), named
    walls = clock.reading.walls
    utc = walls[clock.rows].dt.tz_localize(time_zone, ambiguous="NaT", nonexistent="NaT").dropna().dt.tz_convert("UTC")
    clocks = utc.dt.strftime("%H:%M").unique()
    if clock.is_midnight and clocks.size == 1 and clocks[0] != "00:00":
        # As the file has it, where it is written in UTC.
        named = _("{zone}; {clock} in UTC").format(zone=time_zone, clock=clocks[0])
    return winter, named
