"""Workbooks (.xlsx, .xlsm, .xls, .ods) as rows of cells: the sheet and the row of the headings are found if not stated.

A merged cell's value stands in each row that it covers, in its first column: forms merge a reference over the rows of
its doses. A reader lays a whole sheet out in memory, so what it would take is worked out from the file first.
"""

import hashlib
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from data.mapping import FileLayout
from data.reading.file_rows import (
    TOP_ROWS,
    OpenedFile,
    SeveralSheetsError,
    UnreadableFileError,
    cell_text,
    check_headings,
    find_header_row,
    find_heading_rows,
    headings_found,
    join_headings,
    notes_on_headings,
)
from data.reading.workbook_size import check_workbook
from data.settings import ImportSettings
from wording import _, format_count, ngettext

__all__ = ["is_workbook", "open_workbook"]

_ZIP_START = b"PK\x03\x04"
_COMPOUND_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_COMPILED_PART = "pyo3_runtime"
# A text of one character takes some 60 bytes with its place in the row, so that cells count as much as characters do.
_CHARACTERS_A_CELL = 10


def is_workbook(start: bytes) -> bool:
    """Whether a file that starts so is a workbook, or pretends to be one."""
    return start.startswith((_ZIP_START, _COMPOUND_START))


def open_workbook(
    stream: BinaryIO, label: str, layout: FileLayout, limits: ImportSettings, expected: Collection[str]
) -> OpenedFile:
    """Open a workbook. Raises UnreadableFileError."""
    content = stream.read()
    stream.seek(0)
    check_workbook(content, label=label, limits=limits)
    try:
        # A copy that the reader can keep, whatever becomes of the stream.
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        chosen = _choose_sheet(workbook, label, layout, expected)
    except PasswordError as error:
        raise UnreadableFileError(
            _("The workbook {file} is protected by a password. Save a copy without one and import that.").format(
                file=label
            )
        ) from error
    except UnreadableFileError:
        raise
    except BaseException as error:
        # The library's own message may quote a part of the workbook. Where its compiled part gives up, the error is of
        # a kind of its own that is no Exception.
        if not isinstance(error, CalamineError | OSError | ValueError) and type(error).__module__ != _COMPILED_PART:
            raise
        raise UnreadableFileError(
            _("The workbook {file} is damaged or of an unknown kind. Save it again as .xlsx or CSV.").format(file=label)
        ) from None
    header_row = layout.header_row or find_header_row(chosen.top, expected) + 1
    header_row, header_rows = find_heading_rows(chosen.top, header_row, layout)
    progress = _Progress(rows=chosen.sheet.total_height)
    records = _records(chosen.sheet, progress, header_row - header_rows + 1)
    headings = join_headings([next(records, []) for _each in range(header_rows)])
    check_headings(headings, label=label, header_row=header_row, limits=limits)
    return OpenedFile(
        layout=layout.model_copy(
            update={"sheet": chosen.sheet.name, "header_row": header_row, "header_rows": header_rows}
        ),
        headings=headings,
        file_hash=hashlib.sha256(content).hexdigest(),
        records=records,
        characters_read=lambda: progress.characters,
        share_read=lambda: progress.rows_read / max(progress.rows, 1),
        sheets=chosen.names,
        notes=(*notes_on_headings(chosen.top, header_row, header_rows), *_notes(chosen)),
    )


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The sheet to read, its first rows, and the names of all with something in them."""

    sheet: CalamineSheet
    top: list[list[str]]
    names: tuple[str, ...]
    stated: bool  # or the only one


def _choose_sheet(workbook: CalamineWorkbook, label: str, layout: FileLayout, expected: Collection[str]) -> _Chosen:
    """The sheet that the mapping states, else the only one with anything in it, else the only one with the headings."""
    names = workbook.sheet_names
    if layout.sheet is not None:
        sheet = workbook.get_sheet_by_index(_stated_sheet(names, layout.sheet, label))
        return _Chosen(sheet=sheet, top=_top(sheet), names=tuple(names), stated=True)
    candidates = []
    for number, about in enumerate(workbook.sheets_metadata):
        if about.typ == SheetTypeEnum.WorkSheet and (sheet := workbook.get_sheet_by_index(number)).end is not None:
            candidates.append((sheet, _top(sheet), about.visible == SheetVisibleEnum.Visible))
    if not candidates:
        raise UnreadableFileError(_("The workbook {file} has nothing in it.").format(file=label))
    # What nobody sees is a list for a drop-down more often than records.
    shown = [each for each in candidates if each[2]] or candidates
    matching = [each for each in shown if _best_match(each[1], expected) == _best_possible(expected)]
    chosen = matching if len(matching) == 1 else shown
    if len(chosen) > 1:
        raise SeveralSheetsError(label=label, sheets=names, candidates=[sheet.name for sheet, *_about in chosen])
    return _Chosen(sheet=chosen[0][0], top=chosen[0][1], names=tuple(names), stated=len(candidates) == 1)


def _best_match(rows: list[list[str]], expected: Collection[str]) -> int:
    return max((headings_found(row, expected) for row in rows), default=0)


def _best_possible(expected: Collection[str]) -> int:
    # Without headings to look for, no sheet has them.
    return headings_found(list(expected), expected) if expected else -1


def _stated_sheet(names: list[str], stated: str | int, label: str) -> int:
    """The place (0 = first) of the sheet that the mapping states by name, or by number from 1."""
    if stated in names:
        return names.index(stated)
    if isinstance(stated, int) and 1 <= stated <= len(names):
        return stated - 1
    raise UnreadableFileError(
        ngettext(
            "The workbook {file} has {count} sheet and not the one that the mapping states under [file].",
            "The workbook {file} has {count} sheets and not the one that the mapping states under [file].",
            len(names),
        ).format(file=label, count=format_count(len(names)))
    )


def _top(sheet: CalamineSheet) -> list[list[str]]:
    """The first rows as text, as they are in the sheet."""
    if sheet.start is None:
        return []
    return [
        [cell_text(cell, with_time=False) for cell in row]
        for row in sheet.to_python(skip_empty_area=False, nrows=TOP_ROWS)
    ]


def _notes(chosen: _Chosen) -> tuple[str, ...]:
    merged = sum(last[0] > first[0] for first, last in chosen.sheet.merged_cell_ranges or ())
    notes = []
    if merged:
        notes.append(
            ngettext(
                "{count} merged cell covers several rows; its value is read in each of them.",
                "{count} merged cells cover several rows; their values are read in each of them.",
                merged,
            ).format(count=format_count(merged))
        )
    if not chosen.stated and len(chosen.names) > 1:
        notes.append(
            _("Of its {count} sheets, sheet {number} is read.").format(
                count=format_count(len(chosen.names)), number=chosen.names.index(chosen.sheet.name) + 1
            )
        )
    return tuple(notes)


@dataclass(kw_only=True)
class _Progress:
    rows: int
    rows_read: int = 0
    characters: int = 0


def _records(sheet: CalamineSheet, progress: _Progress, header_row: int) -> Iterator[list[str]]:
    """Rows of text from the headings on. A date has no time where its column has none: Excel tells them not apart."""
    timed = _columns_with_times(sheet, header_row)
    for number, row in enumerate(_unmerged(sheet)):
        progress.rows_read = number + 1
        if number + 1 < header_row:
            continue
        cells = [cell_text(cell, with_time=column in timed) for column, cell in enumerate(row)]
        progress.characters += sum(map(len, cells)) + _CHARACTERS_A_CELL * len(cells)
        yield cells


def _columns_with_times(sheet: CalamineSheet, header_row: int) -> set[int]:
    timed: set[int] = set()
    if sheet.start is None:
        return timed
    offset = sheet.start[1]
    for number, row in enumerate(sheet.iter_rows()):
        if number + 1 > header_row:
            timed |= {
                offset + column
                for column, cell in enumerate(row)
                if isinstance(cell, datetime) and cell.time() != time(0)
            }
    return timed


def _unmerged(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """The sheet's rows from its first on, each cell that is merged downwards repeated in the rows it covers."""
    if sheet.start is None:
        return
    offset = [""] * sheet.start[1]
    starting: dict[int, list[tuple[int, int]]] = {}
    for (first_row, column), (last_row, _last_column) in sheet.merged_cell_ranges or ():
        if last_row > first_row:
            starting.setdefault(first_row, []).append((column, last_row))
    carried: dict[int, tuple[Any, int]] = {}
    for number, row in enumerate(sheet.iter_rows()):
        cells = offset + row
        carried = {column: each for column, each in carried.items() if each[1] >= number}
        for column, (value, _last_row) in carried.items():
            cells[column] = value
        for column, last_row in starting.get(number, ()):
            if column < len(cells):
                carried[column] = (cells[column], last_row)
        yield cells
