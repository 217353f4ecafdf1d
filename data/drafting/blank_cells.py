"""Columns in which a blank cell stands for the one above: a date written once a day, a number once an incident.

A blank may as well mean that nobody knows, so that this is proposed only where the rows speak for it, and always asked.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from data.drafting.column_facts import ColumnFacts, column_facts
from data.drafting.heading_match import assign_columns
from data.drafting.heading_words import field_words
from data.drafting.time_fields import clock_beside, day_of
from data.drafting.work import Work
from data.reading import filled_rows
from data.values import parse_days, times_of_day
from wording import _, format_count, join_words, ngettext

__all__ = ["settle_blank_cells"]

# Fewer blanks are slips as likely as a way of writing.
_FEWEST_BLANKS = 3
# What speaks for it must hold in nearly every row.
_SHARE = 0.95
# Times of day go up within a day by chance in half of the rows.
_SHARE_OF_CLOCKS = 0.9


def settle_blank_cells(work: Work) -> None:
    """Fill the sample down where a mapping would, and ask where nobody has said so yet."""
    layout = work.sample.layout
    columns = list(layout.fill_down)
    if not columns:
        columns = _all_once_an_incident(work) or _date_once_a_day(work)
        columns += _number_once_an_incident(work, columns)
        blanks: dict[int, list[str]] = {}
        for heading in columns:
            position = work.sample.headings.index(heading)
            blanks.setdefault(sum(not row[position] for row in work.sample.rows), []).append(heading)
        for count, headings in blanks.items():
            _ask(work, headings, count)
    if columns:
        layout = layout.model_copy(update={"fill_down": tuple(columns)})
        work.sample = replace(work.sample, layout=layout, rows=filled_rows(work.sample, columns))
        facts = {each.position: each for each in column_facts(work.sample.headings, work.sample.rows)}
        work.facts = tuple(facts[each.position] if each.heading in columns else each for each in work.facts)
        work.found = assign_columns(field_words(work.table), work.facts)


def _ask(work: Work, headings: Sequence[str], count: int) -> None:
    if len(headings) > 1:
        sentence = _(
            "{headings} are blank together in {count} rows, as where they are written once for several rows. These "
            "take them from the row above. Is that right? If a blank says that it is not known, they must wait."
        )
    else:
        sentence = ngettext(
            "{headings} is blank in {count} row below one that has it. The row takes it from the row above. Is that "
            "right? If a blank says that it is not known, the row must wait.",
            "{headings} is blank in {count} rows below one that has it, as where it is written once for several rows. "
            "They take it from the row above. Is that right? If a blank says that it is not known, they must wait.",
            count,
        )
    work.ask(
        "file.fill_down",
        sentence.format(headings=join_words([f"“{each}”" for each in headings]), count=format_count(count)),
        in_mapping=_("take the column out of fill_down under [file] where a blank means not known"),
    )


def _date_once_a_day(work: Work) -> list[str]:
    """The column of the event's date, where each of its dates stands once and all are in order."""
    match = work.match("occurred_at")
    column = match and day_of(work, match.column)
    if column is None:
        return []
    blank, rows = _blank_rows(work, column)
    if blank is None:
        return []
    given = _days(rows, column.position)[~blank]
    steps = np.diff(given.dropna().to_numpy()).astype("timedelta64[D]").astype(int)
    in_order = len(steps) > 0 and max((steps > 0).sum(), (steps < 0).sum()) >= _SHARE * len(steps)
    clock = clock_beside(work, column)
    if not in_order or (clock is not None and not _clocks_go_on(rows, clock.position, blank)):
        return []
    return [column.heading]


def _clocks_go_on(rows: Sequence[Sequence[str]], position: int, blank: np.ndarray) -> bool:
    """Whether times of day go one way from each row to a row without a date."""
    since_midnight, _bad = times_of_day(_column(rows, position))
    steps = np.diff(since_midnight.to_numpy())[blank[1:]].astype("timedelta64[s]").astype(float)
    steps = steps[np.isfinite(steps)]
    return len(steps) > 0 and max((steps >= 0).mean(), (steps <= 0).mean()) >= _SHARE_OF_CLOCKS


def _number_once_an_incident(work: Work, filled: Sequence[str]) -> list[str]:
    """The column of the incident's number, where each number stands once and blanks have the day of the row above."""
    match, when = work.match("incident_id"), work.match("occurred_at")
    day = when and day_of(work, when.column)
    if match is None or day is None or match.column is day or match.column.heading in filled:
        return []
    blank, rows = _blank_rows(work, match.column)
    if blank is None:
        return []
    numbers = [row[match.column.position] for row in rows]
    given = [number for number in numbers if number]
    days = _days(filled_rows(work.sample, filled), day.position).to_numpy()
    same_day = (days[1:] == days[:-1])[blank[1:]]
    if len(set(given)) < _SHARE * len(given) or same_day.mean() < _SHARE:
        return []
    return [match.column.heading]


def _all_once_an_incident(work: Work) -> list[str]:
    """Number, date and what else of an incident is blank below its first row; then what is so of a person."""
    match, when = work.match("incident_id"), work.match("occurred_at")
    day = when and day_of(work, when.column)
    if match is None or day is None or match.column is day:
        return []
    rows, number = work.sample.rows, match.column.position
    blank = np.array([not row[number] for row in rows], dtype=bool)
    given = [row[number] for row in rows if row[number]]
    if blank.sum() < _FEWEST_BLANKS or not given or len(set(given)) < _SHARE * len(given):
        return []
    empty = {each: np.array([not row[each.position] for row in rows], dtype=bool) for each in work.facts}
    # Only what each incident's first row has can be of the incident or of its first person.
    first = {each: mask for each, mask in empty.items() if (~mask[~blank]).mean() >= _SHARE}
    of_incident = [each for each, mask in first.items() if mask[blank].mean() >= _SHARE and each is not match.column]
    if day not in of_incident:
        return []
    others = {each: mask for each, mask in first.items() if 1 - _SHARE < mask[blank].mean() < _SHARE}
    of_person = [
        each
        for each, mask in others.items()
        if any(other is not each and (mask == others[other]).mean() >= _SHARE for other in others)
    ]
    headings = [each.heading for each in (match.column, *of_incident, *of_person)]
    left = sum(not row[number] for row in filled_rows(work.sample, headings))
    return headings if left <= (1 - _SHARE) * blank.sum() else []


def _blank_rows(work: Work, column: ColumnFacts) -> tuple[np.ndarray | None, Sequence[Sequence[str]]]:
    """Which rows have the column blank, and all rows; None where these are too few or not all could be filled."""
    rows = work.sample.rows
    blank = np.array([not row[column.position] for row in rows], dtype=bool)
    after = filled_rows(work.sample, [column.heading])
    left = sum(not row[column.position] for row in after)
    clear = blank.sum() >= _FEWEST_BLANKS and left <= (1 - _SHARE) * blank.sum()
    return (blank if clear else None), rows


def _days(rows: Sequence[Sequence[str]], position: int) -> pd.Series:
    """The days of a column, in the order of day and month in which more of them can be read."""
    read = [parse_days(_column(rows, position), formats=(), day_first=first)[0] for first in (True, False)]
    return max(read, key=lambda days: (days.notna().sum(), days.is_monotonic_increasing))


def _column(rows: Sequence[Sequence[str]], position: int) -> np.ndarray:
    cells = np.empty(len(rows), dtype=object)
    cells[:] = [row[position] for row in rows]
    return cells
