"""What text files and workbooks share on their way to rows: where the headings stand, how a cell is written.

Headings are found where the mapping does not state their row: the row with most of the headings that the mapping reads,
else the fullest row above the first one with a number or a date in it.
"""

import itertools
import re
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
    "find_heading_rows",
    "headings_found",
    "join_headings",
    "notes_on_headings",
    "trimmed",
]

# Titles, notes and a contact line stand above the headings; nobody writes a page of them.
TOP_ROWS = 60
# A longer text is a remark, not a heading.
_LONGEST_HEADING = 200
# What stands over several headings is a word or two.
_LONGEST_BAND = 60
# What forms add to the names of their parts: "Section A: incident details".
_IDLE_WORDS = re.compile(r"^(?:section|part)\s\w+\W+|\b(?:details?|information|info|data)\b", re.IGNORECASE)
# Headings of which nobody knows what they are of: an incident's or a person's number, where it was or where they live.
_BARE = frozenset({
    *("no", "number", "num", "ref", "reference", "id", "code", "name", "type", "date", "time", "day", "initials"),
    *("postcode", "post code", "address", "town", "district", "outcome", "status"),
})  # fmt: skip
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


def find_heading_rows(rows: Sequence[Sequence[str]], header_row: int, layout: FileLayout) -> tuple[int, int]:
    """The lowest row of headings (1 = first) and how many rows they stand in, with a row that was found or stated."""
    if layout.header_rows:
        return header_row, layout.header_rows
    if 1 < header_row <= len(rows) and _is_band(rows[header_row - 2], rows[header_row - 1]):
        return header_row, 2
    # The row with most texts may be the upper one, where few of its headings have others under them. The lower one is
    # no record if values follow it.
    if not layout.header_row and header_row + 1 < len(rows) and _is_band(rows[header_row - 1], rows[header_row]):
        widest = max(sum(bool(cell.strip()) for cell in row) for row in rows)
        if _holds_values(rows[header_row + 1], widest):
            return header_row + 1, 2
    return header_row, 1


def _is_band(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether a row stands over the headings of another one and groups them: "Incident", "", "Casualty", "".

    A title has words in one or two places too, so that each column must have a heading in one of the rows, and there
    must be two groups of several columns, or one beside others where a lower heading comes twice or is lacking. Where
    the lower headings say all by themselves, the row over them adds nothing.
    """
    width = max(len(trimmed(upper)), len(trimmed(lower)))
    pairs = [(_cell(upper, each), _cell(lower, each)) for each in range(width)]
    texts = [cell for pair in pairs for cell in pair if cell]
    if not all(any(pair) for pair in pairs) or any(map(_is_no_heading, texts)):
        return False
    groups = [len(group) for group in _groups(pairs)]
    lower_headings = [plain_heading(below) for _above, below in pairs if below]
    repeated = len(set(lower_headings)) < len(lower_headings)
    if repeated and len(lower_headings) == width and len(set(lower_headings)) == 1:
        # Answers, all the same.
        return False
    alone = any(not below for _above, below in pairs)
    several = sum(size > 1 for size in groups)
    if repeated or alone:
        return several > 0 and len(groups) > 1
    return several > 1 and any(plain_heading(below).strip(".:#") in _BARE for _above, below in pairs)


def _is_no_heading(cell: str) -> bool:
    return kind_of_value(cell) != "text" or len(cell) > _LONGEST_BAND or cell.endswith(":")


def _groups(pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The lower headings under each upper one."""
    groups: list[list[str]] = []
    for above, below in pairs:
        if above:
            groups.append([below] if below else [])
        elif groups:
            groups[-1].append(below)
    return groups


def _cell(row: Sequence[str], position: int) -> str:
    return " ".join(row[position].split()) if position < len(row) else ""


def join_headings(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The headings of a file from its rows of headings: each upper one before those under it, no two the same.

    An upper heading stands over its own column and the blank ones after it; in a column that it alone heads, it ends
    there.
    """
    *upper, lowest = rows
    headings = list(trimmed(lowest))
    if not upper:
        return tuple(headings)
    width = max(len(trimmed(row)) for row in rows)
    headings = [_cell(lowest, each) for each in range(width)]
    for row in reversed(upper):
        band = ""
        for position, below in enumerate(headings):
            own = _cell(row, position)
            # A cell that is merged downwards is read in both rows.
            alone = bool(own) and (not below or plain_heading(own) == plain_heading(below))
            band = "" if alone else own or band
            word = _IDLE_WORDS.sub("", band).strip() or band
            said = set(plain_heading(word).split()) <= set(plain_heading(below).split())
            headings[position] = own if alone else below if said else f"{word} {below}".strip()
    return _without_repeats(headings)


def _without_repeats(headings: Sequence[str]) -> tuple[str, ...]:
    """The same headings, those that come again with their number behind them."""
    taken = set(map(plain_heading, headings))
    seen: set[str] = set()
    unique = []
    for heading in headings:
        text = heading
        if heading and plain_heading(heading) in seen:
            text = next(t for n in itertools.count(2) if plain_heading(t := f"{heading} {n}") not in taken)
            taken.add(plain_heading(text))
        seen.add(plain_heading(text))
        unique.append(text)
    return tuple(unique)


def notes_on_headings(rows: Sequence[Sequence[str]], header_row: int, header_rows: int) -> tuple[str, ...]:
    """Sentences on rows above the headings that hold something and are not read, and on headings that are joined."""
    above, notes = header_row - header_rows, []
    if any(cell.strip() for row in rows[:above] for cell in row):
        notes.append(
            ngettext(
                "{count} row above the headings in row {row} is not read.",
                "{count} rows above the headings in row {row} are not read.",
                above,
            ).format(count=format_count(above), row=above + 1)
        )
    if header_rows > 1:
        notes.append(
            _("The headings in rows {first} to {last} are joined, the upper ones before those under them.").format(
                first=above + 1, last=header_row
            )
        )
    return tuple(notes)


def trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """The headings up to the last that is filled: a separator at the end of a line makes no column."""
    headings = [" ".join(cell.split()) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


def check_headings(headings: Sequence[str], *, label: str, header_row: int, limits: ImportSettings) -> None:
    """Refuse a file without headings, or with more or longer ones than the settings allow."""
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
    # Whatever tells of a column prints its heading.
    for column, heading in enumerate(headings, start=1):
        if len(heading) > limits.longest_cell:
            raise UnreadableFileError(
                _(
                    "The heading of column {column} of the file {file} has {count} characters, more than the {limit} "
                    "that the settings allow for a cell. Shorten it, or check the separator and header_row under "
                    "[file]."
                ).format(
                    column=column,
                    file=label,
                    count=format_count(len(heading)),
                    limit=format_count(limits.longest_cell),
                )
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
