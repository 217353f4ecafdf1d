"""What text files and workbooks share on their way to rows: where the headings stand, how a cell is written.

Headings are found where the mapping does not state their row: the row with most of the headings that the mapping reads,
else the fullest row above the first one with a number or a date in it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from data.mapping import FileLayout, plain_heading
from data.settings import ImportSettings
from data.values import kind_of_value
from wording import NaloxoneWatchError, _, format_count, join_words, ngettext

__all__ = [
    "TOP_ROWS",
    "OpenedFile",
    "SeveralSheetsError",
    "UnreadableFileError",
    "cell_text",
    "check_headings",
    "find_header_row",
    "headings_found",
    "note_rows_above",
    "trimmed",
]

# Titles, notes and a contact line stand above the headings; nobody writes a page of them.
TOP_ROWS = 60
# A longer text is a remark, not a heading.
_LONGEST_HEADING = 200
# A row of data has most of its cells filled; a title has one.
_SHARE_FILLED = 0.5


class UnreadableFileError(NaloxoneWatchError):
    """The file cannot be read as a table; the sentence names the file, the place in it, and what to do."""


class SeveralSheetsError(UnreadableFileError):
    """More than one sheet may be the one to read. `sheets` are all their names, in order, for a person to choose from.

    The sentence gives numbers: a sheet's name may be a person's.
    """

    def __init__(self, *, label: str, sheets: Sequence[str], candidates: Sequence[str]) -> None:
        self.sheets = tuple(sheets)
        super().__init__(
            _(
                "The workbook {file} has {count} sheets with something in them: {sheets}. State which one to read, by "
                "number or name, as sheet under [file] in the mapping (or with --sheet, where one is drafted)."
            ).format(
                file=label,
                count=format_count(len(candidates)),
                sheets=join_words(
                    [_("sheet {number}").format(number=self.sheets.index(each) + 1) for each in candidates]
                ),
            )
        )


@dataclass(frozen=True, kw_only=True)
class OpenedFile:
    """A file with its layout found: headings, and the rows under them as they come.

    `characters_read` and `share_read` tell how far the rows were read. `sheets` are a workbook's sheets, in order, and
    `notes` sentences on what was found on the way.
    """

    layout: FileLayout
    headings: tuple[str, ...]
    file_hash: str
    records: Iterator[list[str]]
    characters_read: Callable[[], int]
    share_read: Callable[[], float]
    sheets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_header_row(rows: Sequence[Sequence[str]], expected: Collection[str]) -> int:
    """Which of the first `rows` (0 = first) has the headings; the first where nothing tells."""
    if found := [headings_found(row, expected) for row in rows]:
        best = max(found)
        if best:
            return found.index(best)
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    first_data = next((number for number, row in enumerate(rows) if _holds_values(row, max(filled, default=0))), None)
    above = [_heading_cells(row) for row in rows[:first_data]]
    return above.index(max(above)) if any(above) else next((n for n, count in enumerate(filled) if count), 0)


def headings_found(row: Sequence[str], expected: Collection[str]) -> int:
    """How many of the expected headings stand in a row."""
    wanted = {plain_heading(each) for each in expected}
    return len(wanted & {plain_heading(cell) for cell in row}) if wanted else 0


def _holds_values(row: Sequence[str], widest: int) -> bool:
    filled = [cell for cell in row if cell.strip()]
    values = sum(kind_of_value(cell) != "text" for cell in filled)
    return values > 0 and len(filled) >= max(1, _SHARE_FILLED * widest)


def _heading_cells(row: Sequence[str]) -> int:
    """How many different texts a row has that may be headings; none where one is a remark."""
    cells = {plain_heading(cell) for cell in row if kind_of_value(cell) == "text"}
    return len(cells) if max(map(len, cells), default=0) <= _LONGEST_HEADING else 0


def note_rows_above(rows: Sequence[Sequence[str]], header_row: int) -> tuple[str, ...]:
    """A sentence on rows above the headings that hold something, since they are not read; none where there are none."""
    above = header_row - 1
    if not any(cell.strip() for row in rows[:above] for cell in row):
        return ()
    return (
        ngettext(
            "{count} row above the headings in row {row} is not read.",
            "{count} rows above the headings in row {row} are not read.",
            above,
        ).format(count=format_count(above), row=header_row),
    )


def trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """The headings up to the last that is filled: a separator at the end of a line makes no column."""
    headings = [" ".join(cell.split()) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


def check_headings(headings: Sequence[str], *, label: str, header_row: int, limits: ImportSettings) -> None:
    """Refuse a file without headings, or with more than the settings allow."""
    if not headings:
        raise UnreadableFileError(
            _("The file {file} has no headings in row {row}. State header_row under [file] in the mapping.").format(
                file=label, row=header_row
            )
        )
    if len(headings) > limits.most_columns:
        raise UnreadableFileError(
            _(
                "The file {file} has {count} columns, more than the {limit} that the settings allow. Export fewer "
                "columns, check the separator, or raise most_columns under [imports]."
            ).format(file=label, count=format_count(len(headings)), limit=format_count(limits.most_columns))
        )


def cell_text(cell: Any, *, with_time: bool) -> str:
    """A cell of a workbook or a frame as text: ISO 8601 for dates and times, whole numbers without a point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if with_time or cell.time() != time(0) else cell.date().isoformat()
    if isinstance(cell, date):
        return f"{cell.isoformat()} 00:00:00" if with_time else cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if cell is None or cell is pd.NA or cell != cell:
        return ""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
