"""When it happened: the event's time with its local date, hour and weekday; times and days of other fields."""

import numpy as np
import pandas as pd

from data.records.cells import Cells, Columns, Mask, anything_filled
from data.records.work import BlockWork
from data.schema import table_named
from data.time_texts import month_forms
from data.values import Moments, Texts, is_excel_date, parse_days, parse_moments, past_midnight

__all__ = ["LONGEST_WAIT_MINUTES", "days_of", "read_days", "read_moments", "read_plausible_days", "read_times"]

# Minutes a wait may last before it is more likely a slip than a wait: the schema's bound.
LONGEST_WAIT_MINUTES = 360.0
# A clock that is wrong, or a zone that is stated wrongly, is wrong by less than a day.
_CLOCK_ERROR = pd.Timedelta(days=1)
# Times of what has happened; those of shifts and due dates may lie ahead.
_PAST_TIMES = frozenset({"recorded_at", "given_at", "started_at", "ended_at"})
# Of these, a date without its time of day says nothing: read as midnight, it would make a dose or a wait.
_CLOCKS = frozenset({"given_at", "started_at", "ended_at", "starts_at", "ends_at"})
# Beyond these a date of training, duty or expiry is a slip: nobody serves, and no kit lasts, that long.
_FIRST_YEAR, _LAST_YEAR = 1950, 2100


def read_times(work: BlockWork, columns: Columns) -> None:
    """The time of the event, with its local date, hour and weekday; a row without one waits whole."""
    if "occurred_at" not in work.rules.fields or work.mapping.joins:
        return
    headings = work.mapping.headings_of("occurred_at")
    moments = _moments(work, "occurred_at", headings)
    cells = work.cells(headings[0])
    late = _in_future(work, moments)
    if len(headings) == 1 and (moments.local.dropna().dt.day == 1).all():
        dates = pd.unique(cells.texts[moments.instants.notna().to_numpy()])
        work.notes.month_forms |= set(month_forms(dates, day_first=work.mapping.times.day_first))
    numbers = _excel_dates(moments.unreadable, cells)
    missing = moments.instants.isna().to_numpy() & ~moments.unreadable & ~moments.implausible
    for bad, reason in (
        (numbers, "excel_date"),
        (moments.unreadable & ~numbers, "time_unreadable"),
        (moments.implausible, "time_implausible"),
        (late, "time_in_future"),
        (missing, "time_missing"),
    ):
        work.set_aside(bad, field="occurred_at", reason=reason, cells=cells, whole_row=True)
    work.note("future_times", (moments.instants > work.rules.as_of).to_numpy() & ~late)
    known_hour = ~np.isin(moments.precision, ("day", "month")) & moments.instants.notna().to_numpy()
    precisions = list(table_named(work.rules.tables[0]).field("time_precision").values)
    columns["occurred_at"] = moments.instants.array
    columns["time_precision"] = pd.Categorical(moments.precision, categories=precisions)
    columns["local_date"] = moments.local.dt.normalize().array
    columns["local_hour"] = moments.local.dt.hour.where(known_hour).astype("Int16").array
    columns["local_weekday"] = (moments.local.dt.weekday + 1).where(moments.precision != "month").astype("Int16").array


def read_moments(work: BlockWork, field: str, headings: tuple[str, ...]) -> Moments:
    """Times of a field that a row can do without."""
    moments = _moments(work, field, headings)
    cells = work.cells(headings[0])
    _set_aside_unreadable(work, moments.unreadable, field=field, reason="not_a_time", cells=cells)
    work.set_aside(moments.implausible, field=field, reason="time_implausible", cells=cells)
    # A step that is due and a rostered shift may lie ahead, though not by centuries.
    late = _in_future(work, moments) if field in _PAST_TIMES else (moments.local.dt.year > _LAST_YEAR).to_numpy()
    work.set_aside(late, field=field, reason="time_in_future", cells=cells)
    if late.any():
        moments = moments.without(late)
    work.moments[field] = moments
    return moments


def read_plausible_days(work: BlockWork, field: str, cells: Cells) -> pd.Series:
    """Days of training, duty or expiry; one that cannot be is set aside."""
    days = read_days(work, field, cells)
    implausible = ((days.dt.year < _FIRST_YEAR) | (days.dt.year > _LAST_YEAR)).to_numpy()
    work.set_aside(implausible, field=field, reason="date_implausible", cells=cells)
    return days.mask(implausible)


def read_days(work: BlockWork, field: str, cells: Cells) -> pd.Series:
    """Days of cells that hold a date (NaT where there is none), whatever day it is."""
    times = work.mapping.times
    days, wrong = parse_days(cells.texts, formats=times.formats, day_first=times.day_first)
    _set_aside_unreadable(work, wrong, field=field, reason="not_a_date", cells=cells)
    return days


def days_of(work: BlockWork, texts: Texts) -> pd.Series:
    """Local days of times or dates (NaT where there is none); nothing is set aside."""
    times = work.mapping.times
    moments, _bad_clocks = parse_moments(
        texts,
        formats=times.formats,
        day_first=times.day_first,
        file_zone=work.rules.time_zone,
        local_zone=work.rules.settings.time_zone,
    )
    return moments.local.dt.normalize()


def _moments(work: BlockWork, field: str, headings: tuple[str, ...]) -> Moments:
    """Times of one field; a time of day that cannot be read leaves the date and is set aside."""
    columns, times = [work.cells(heading) for heading in headings], work.mapping.times
    days = columns[0].texts
    if field in _CLOCKS and len(columns) > 1:
        days = np.where(anything_filled(columns[1:]), days, "")
    next_day = None
    if before := _clock_before(work, field, headings):
        earlier, longest = work.cells(before), pd.Timedelta(minutes=LONGEST_WAIT_MINUTES)
        next_day = past_midnight(columns[1].texts, earlier.texts, longest=longest, formats=times.formats)
        if field == "occurred_at":
            work.note("events_past_midnight", next_day)
    moments, bad_clocks = parse_moments(
        days,
        clocks=columns[1].texts if len(columns) > 1 else None,
        next_day=next_day,
        formats=times.formats,
        day_first=times.day_first,
        file_zone=work.rules.time_zone,
        local_zone=work.rules.settings.time_zone,
    )
    work.note("ambiguous_times", moments.ambiguous)
    work.note("nonexistent_times", moments.nonexistent)
    if len(columns) > 1:
        work.set_aside(bad_clocks, field=field, reason="not_a_time_of_day", cells=columns[1])
    if field in _CLOCKS and bad_clocks.any():
        moments = moments.without(bad_clocks)
    return moments


def _clock_before(work: BlockWork, field: str, headings: tuple[str, ...]) -> str | None:
    """The clock that a time of day cannot be before, where its date is that of the call, or of the first dose."""
    after, event = work.mapping.times.after, work.mapping.headings_of("occurred_at")
    if headings == event:
        return after
    of_a_dose = field == "given_at" and len(headings) > 1 and len(event) > 1 and headings[0] == event[0]
    return (after or event[1]) if of_a_dose else None


def _in_future(work: BlockWork, moments: Moments) -> Mask:
    """Which times are so far after the import that no clock's error explains them."""
    return (moments.instants > work.rules.as_of + _CLOCK_ERROR).to_numpy()


def _set_aside_unreadable(work: BlockWork, bad: Mask, *, field: str, reason: str, cells: Cells) -> None:
    """Times and dates in no known form; Excel's own numbers for them are told apart."""
    numbers = _excel_dates(bad, cells)
    work.set_aside(numbers, field=field, reason="excel_date", cells=cells)
    work.set_aside(bad & ~numbers, field=field, reason=reason, cells=cells)


def _excel_dates(among: Mask, cells: Cells) -> Mask:
    """Which of some cells hold Excel's own number of a date."""
    found = among.copy()
    found[among] = [is_excel_date(text) for text in cells.texts[among]]
    return found
