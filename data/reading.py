"""A force's file as text cells, a block of rows at a time: CSV in several encodings and separators, and workbooks.

Nothing is guessed about what cells mean: that is the mapping's. Only the columns asked for are kept, blocks bound the
memory, and nothing of the file is copied to disk. Rows are numbered from 1 for the first row under the headings, blank
ones included, so that a number leads to the row in the file.
"""

import codecs
import csv
import hashlib
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from data.mapping import FileLayout, plain_heading
from data.settings import ImportSettings
from wording import NaloxoneWatchError, _, format_count, ngettext

__all__ = ["Block", "SourceTable", "UnreadableFileError", "frame_table", "open_table"]

_SEPARATORS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZIP_START = b"PK\x03\x04"
_COMPOUND_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Rows treated at once: large enough for vectorised work, small enough that 30 text columns stay near 100 MB.
_BLOCK_ROWS = 50_000
_READ_BYTES = 1 << 20
# Readers lay a sheet out as one rectangle (some 50 bytes a cell), so one stray cell far out costs the whole memory. A
# rectangle under the first bound is cheap; above it, it must be mostly of filled cells, which the file's size bounds.
_CHEAP_CELLS = 5_000_000
_CELLS_FOR_A_FILLED_ONE = 4
# A cell with something in it, by its letters and number: <c r="XFD1048576" t="s">.
_FILLED_CELL = re.compile(rb'<(?:\w+:)?c\s[^<>]*?\br\s*=\s*["\']\$?([A-Za-z]{1,3})\$?([0-9]{1,7})["\'][^<>]*(?<!/)>')
# Cells may also state no place and follow one another, in rows that state their number or follow one another.
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s>/])")
_ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\s[^<>]*?\br\s*=\s*["\']([0-9]{1,7})')
_UNPLACED_CELL = re.compile(rb"<(?:\w+:)?c(?:>|\s(?![^<>]*\br\s*=)[^<>]*>)")
# A cell can be no longer than the file; csv's own limit (131,072) would refuse a file for one long remark.
_LONGEST_CSV_FIELD = 2**31 - 1


class UnreadableFileError(NaloxoneWatchError):
    """The file cannot be read as a table; the sentence names the file, the place in it, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some rows: their numbers, the wanted columns' cells as text, and the numbers of rows with the wrong width.

    `blank_rows` counts rows without a single filled cell; they are not rows of data.
    """

    row_numbers: NDArray[np.int64]
    columns: dict[int, NDArray[np.object_]]
    misfits: tuple[int, ...]
    blank_rows: int
    share_read: float


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A file that was opened as a table: its headings, the hash of its content, and its blocks on request.

    `read_blocks` takes the wanted column positions (0 = first) and can be called once.
    """

    label: str
    headings: tuple[str, ...]
    file_hash: str
    read_blocks: Callable[[Collection[int]], Iterator[Block]]


@contextmanager
def open_table(
    *, source: Path | BinaryIO, label: str, layout: FileLayout, limits: ImportSettings, expected: Collection[str]
) -> Iterator[SourceTable]:
    """Open a CSV or workbook file, or the bytes of one. `expected` headings decide between possible separators.

    `label` is what error sentences call the file. Raises UnreadableFileError.
    """
    if not isinstance(source, Path):
        yield _open_stream(source, label, layout, limits, expected)
        return
    try:
        stream = source.open("rb")
    except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
        raise UnreadableFileError(
            _("The file {file} cannot be opened. Check its name and that you may read it.").format(file=label)
        ) from error
    with stream:
        yield _open_stream(stream, label, layout, limits, expected)


def frame_table(*, frame: pd.DataFrame, label: str) -> SourceTable:
    """A data frame as a table: one row a record, columns named by their headings, cells of any type."""
    digest = hashlib.sha256("\x1f".join(map(str, frame.columns)).encode())
    texts: dict[int, NDArray[np.object_]] = {}

    def column_text(position: int) -> NDArray[np.object_]:
        if position not in texts:
            texts[position] = _frame_column_text(frame.iloc[:, position])
        return texts[position]

    for position in range(frame.shape[1]):
        digest.update(pd.util.hash_array(column_text(position)).tobytes())
    return SourceTable(
        label=label,
        headings=tuple(map(str, frame.columns)),
        file_hash=digest.hexdigest(),
        read_blocks=lambda wanted: _frame_blocks({each: column_text(each) for each in wanted}, len(frame)),
    )


def _open_stream(
    stream: BinaryIO, label: str, layout: FileLayout, limits: ImportSettings, expected: Collection[str]
) -> SourceTable:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size == 0:
        raise UnreadableFileError(_("The file {file} is empty.").format(file=label))
    if size > limits.largest_file_mb * 1_000_000:
        raise UnreadableFileError(
            _(
                "The file {file} is larger than the {limit} MB that the settings allow. Split it, or raise "
                "largest_file_mb under [imports]."
            ).format(file=label, limit=format_count(limits.largest_file_mb))
        )
    start = stream.read(8)
    stream.seek(0)
    if start.startswith((_ZIP_START, _COMPOUND_START)):
        return _open_workbook(stream, label, layout, limits)
    return _open_text(stream, size, label, layout, limits, expected)


# --- text -------------------------------------------------------------------------------------------------------------


def _open_text(
    stream: BinaryIO, size: int, label: str, layout: FileLayout, limits: ImportSettings, expected: Collection[str]
) -> SourceTable:
    encoding, file_hash = _encoding_and_hash(stream, label, layout.encoding)
    separator = layout.separator or _sniff_separator(_head_line(stream, encoding, layout.header_row), expected)
    records = _records(stream, encoding, separator, label)
    for _skipped in range(layout.header_row - 1):
        next(records, None)
    headings = _trimmed(next(records, []))
    if not headings:
        raise UnreadableFileError(
            _("The file {file} has no headings in row {row}. State header_row under [file] in the mapping.").format(
                file=label, row=layout.header_row
            )
        )
    return SourceTable(
        label=label,
        headings=headings,
        file_hash=file_hash,
        read_blocks=lambda wanted: _blocks(
            records, wanted, len(headings), limits, label, share_read=lambda: min(stream.tell() / size, 1.0)
        ),
    )


def _encoding_and_hash(stream: BinaryIO, label: str, stated: str | None) -> tuple[str, str]:
    """The encoding: as stated, by byte order mark, UTF-8 where the whole file is valid UTF-8, else Windows-1252."""
    start = stream.read(4)
    stream.seek(0)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark)), None)
    first_choice = stated or marked or "utf-8"
    # A BOM in a file stated to be UTF-8 belongs to no heading.
    first_choice = "utf-8-sig" if marked == "utf-8-sig" and first_choice == "utf-8" else first_choice
    candidates = [first_choice] if stated or marked else [first_choice, "cp1252"]
    decoders = {name: codecs.getincrementaldecoder(name)() for name in candidates}
    digest = hashlib.sha256()
    holds_nul = False
    while chunk := stream.read(_READ_BYTES):
        digest.update(chunk)
        holds_nul = holds_nul or b"\0" in chunk
        decoders = {name: each for name, each in decoders.items() if _decodes(each, chunk, final=False)}
    stream.seek(0)
    possible = [name for name, each in decoders.items() if _decodes(each, b"", final=True)]
    if not possible or (holds_nul and possible[0] in ("utf-8", "utf-8-sig", "cp1252")):
        raise UnreadableFileError(
            _(
                "The file {file} is neither a workbook nor text in {encodings}. Save it again as CSV (UTF-8), or state "
                "its encoding under [file] in the mapping."
            ).format(file=label, encodings=" / ".join(candidates))
        )
    return possible[0], digest.hexdigest()


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeError:
        return False
    return True


def _head_line(stream: BinaryIO, encoding: str, header_row: int) -> str:
    """The line with the headings (a heading with a line break in it is cut there, which is enough to sniff)."""
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    line = next(itertools.islice(text, header_row - 1, None), "")
    text.detach()
    stream.seek(0)
    return line


def _sniff_separator(line: str, expected: Collection[str]) -> str:
    """The separator that finds most of the expected headings; where that decides nothing, most columns."""
    wanted = {plain_heading(each) for each in expected}

    def score(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([line], delimiter=separator), [])
        return sum(plain_heading(cell) in wanted for cell in cells), len(cells)

    return max(_SEPARATORS, key=score)


def _records(stream: BinaryIO, encoding: str, separator: str, label: str) -> Iterator[list[str]]:
    """Rows as lists of cells; a file whose quotation marks do not pair up is refused rather than guessed at."""
    csv.field_size_limit(_LONGEST_CSV_FIELD)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    reader = csv.reader(text, delimiter=separator, strict=True)
    rows_read = 0
    try:
        for row in reader:
            rows_read += 1
            yield row
    except csv.Error:
        # The library's own message may quote the row.
        raise UnreadableFileError(
            _(
                "The file {file} cannot be read after its row {row}: a quotation mark there is not closed or stands "
                "inside a cell. Export the file again with quotation marks doubled, or correct that row at its source."
            ).format(file=label, row=format_count(rows_read))
        ) from None
    finally:
        if not stream.closed:
            text.detach()  # the stream is not ours to close


# --- workbooks --------------------------------------------------------------------------------------------------------


def _open_workbook(stream: BinaryIO, label: str, layout: FileLayout, limits: ImportSettings) -> SourceTable:
    file_hash = hashlib.sha256(stream.read()).hexdigest()
    stream.seek(0)
    _refuse_zip_bomb(stream, label, limits)
    _refuse_stray_cells(stream, label)
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
        rows = _sheet_rows(workbook, label, layout)
    except PasswordError as error:
        raise UnreadableFileError(
            _("The workbook {file} is protected by a password. Save a copy without one and import that.").format(
                file=label
            )
        ) from error
    except (CalamineError, OSError, ValueError):
        # The library's own message may quote a part of the workbook.
        raise UnreadableFileError(
            _("The workbook {file} is damaged or of an unknown kind. Save it again as .xlsx or CSV.").format(file=label)
        ) from None
    records = _sheet_records(rows[layout.header_row - 1 :])
    headings = _trimmed(next(records, []))
    if not headings:
        raise UnreadableFileError(
            _("The workbook {file} has no headings in row {row}. State header_row under [file] in the mapping.").format(
                file=label, row=layout.header_row
            )
        )
    return SourceTable(
        label=label,
        headings=headings,
        file_hash=file_hash,
        read_blocks=lambda wanted: _blocks(records, wanted, len(headings), limits, label, share_read=lambda: 1.0),
    )


def _refuse_zip_bomb(stream: BinaryIO, label: str, limits: ImportSettings) -> None:
    """A workbook is a zip file: a small one may unpack to more than the machine holds."""
    try:
        with zipfile.ZipFile(stream) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        return  # an old .xls, or damaged: the reader says which
    finally:
        stream.seek(0)
    if unpacked > limits.largest_file_mb * 1_000_000:
        raise UnreadableFileError(
            _(
                "The workbook {file} unpacks to more than the {limit} MB that the settings allow. Save it as CSV, or "
                "raise largest_file_mb under [imports]."
            ).format(file=label, limit=format_count(limits.largest_file_mb))
        )


def _refuse_stray_cells(stream: BinaryIO, label: str) -> None:
    """Refuse a workbook of whose sheets one is a huge rectangle for a few cells."""
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                if entry.filename.lower().endswith(".xml"):
                    with archive.open(entry) as part:
                        rows, columns, filled = _extent(part)
                    if rows * columns > max(_CHEAP_CELLS, _CELLS_FOR_A_FILLED_ONE * filled):
                        raise UnreadableFileError(
                            _(
                                "A sheet of the workbook {file} reaches to row {row} and column {column}, and almost "
                                "all of it is empty. Delete the cells far from the table, or save the table as CSV."
                            ).format(file=label, row=format_count(rows), column=format_count(columns))
                        )
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
        return  # an old .xls, or damaged, or locked: the reader says which
    finally:
        stream.seek(0)


def _extent(part: IO[bytes]) -> tuple[int, int, int]:
    """The last row and column of a sheet with anything in them, and how many cells have."""
    last_row, letters, filled, rest = 0, set(), 0, b""
    rows, width, widest = 0, 0, 0
    while chunk := part.read(_READ_BYTES):
        text = rest + chunk
        whole = text.rfind(b"<")
        # A tag is never this long; what is no XML has no tags to wait for.
        rest = text[whole:] if whole >= 0 and len(text) - whole < _READ_BYTES else b""
        text = text[:whole] if rest else text
        cells = _FILLED_CELL.findall(text)
        filled += len(cells)
        rows = max(rows + len(_ROW.findall(text)), max(map(int, _ROW_NUMBER.findall(text)), default=0))
        if _UNPLACED_CELL.search(text):
            for number, row in enumerate(_ROW.split(text)):
                unplaced = len(_UNPLACED_CELL.findall(row))
                filled += unplaced
                width = unplaced if number else width + unplaced
                widest = max(widest, width)
        else:
            width = 0
        letters.update(column for column, _row in cells)
        last_row = max(last_row, max((int(row) for _column, row in cells), default=0))
    last_row = max(last_row, rows) if widest else last_row
    return last_row, max(widest, max(map(_column_number, letters), default=0)), filled


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    return reduce(lambda number, letter: 26 * number + letter - ord("A") + 1, letters.upper(), 0)


def _sheet_rows(workbook: CalamineWorkbook, label: str, layout: FileLayout) -> list[list[Any]]:
    """The cells of the sheet that the mapping names, or of the only one with anything in it."""
    names = workbook.sheet_names
    if isinstance(layout.sheet, int) and 1 <= layout.sheet <= len(names):
        return workbook.get_sheet_by_index(layout.sheet - 1).to_python(skip_empty_area=False)
    if isinstance(layout.sheet, str) and layout.sheet in names:
        return workbook.get_sheet_by_name(layout.sheet).to_python(skip_empty_area=False)
    if layout.sheet is not None:
        raise UnreadableFileError(
            ngettext(
                "The workbook {file} has {count} sheet and not the one that the mapping states under [file].",
                "The workbook {file} has {count} sheets and not the one that the mapping states under [file].",
                len(names),
            ).format(file=label, count=format_count(len(names)))
        )
    sheets = [workbook.get_sheet_by_index(index) for index in range(len(names))]
    filled = [sheet for sheet in sheets if sheet.end is not None]
    if not filled:
        raise UnreadableFileError(_("The workbook {file} has nothing in it.").format(file=label))
    if len(filled) > 1:
        raise UnreadableFileError(
            _(
                "The workbook {file} has {count} sheets with something in them. State which one to read, by number or "
                "name, as sheet under [file] in the mapping."
            ).format(file=label, count=format_count(len(filled)))
        )
    return filled[0].to_python(skip_empty_area=False)


def _sheet_records(rows: list[list[Any]]) -> Iterator[list[str]]:
    """Rows of text. A date is written without a time where its whole column has none: Excel tells them not apart."""
    width = max(map(len, rows), default=0)
    dated = [
        any(isinstance(row[column], datetime) and row[column].time() != time(0) for row in rows if column < len(row))
        for column in range(width)
    ]
    for row in rows:
        yield [_cell_text(cell, with_time=dated[column]) for column, cell in enumerate(row)]


def _cell_text(cell: Any, *, with_time: bool) -> str:
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


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """The headings up to the last that is filled: a separator at the end of a line makes no column."""
    headings = [cell.strip() for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return tuple(headings)


# --- rows into blocks -------------------------------------------------------------------------------------------------


def _blocks(
    records: Iterable[list[str]],
    wanted: Collection[int],
    width: int,
    limits: ImportSettings,
    label: str,
    *,
    share_read: Callable[[], float],
) -> Iterator[Block]:
    numbered = enumerate(records, start=1)
    rows_so_far = 0
    while part := list(itertools.islice(numbered, _BLOCK_ROWS)):
        block = _block(part, wanted, width, share_read())
        rows_so_far += len(block.row_numbers) + len(block.misfits)
        if rows_so_far > limits.most_rows:
            raise UnreadableFileError(
                _(
                    "The file {file} has more than the {limit} rows that the settings allow. Split it, or raise "
                    "most_rows under [imports]."
                ).format(file=label, limit=format_count(limits.most_rows))
            )
        yield block


def _block(part: list[tuple[int, list[str]]], wanted: Collection[int], width: int, share_read: float) -> Block:
    kept_numbers, kept_rows, misfits, blank_rows = [], [], [], 0
    for number, row in part:
        if not any(row) or not any(map(str.strip, row)):
            blank_rows += 1
        elif len(row) == width or (not any(row[width:]) and len(row) > width):
            kept_numbers.append(number)
            kept_rows.append(row)
        else:
            misfits.append(number)
    columns = {position: _text_array([row[position] for row in kept_rows]) for position in wanted}
    return Block(
        row_numbers=np.array(kept_numbers, dtype=np.int64),
        columns=columns,
        misfits=tuple(misfits),
        blank_rows=blank_rows,
        share_read=share_read,
    )


def _text_array(cells: Sequence[str]) -> NDArray[np.object_]:
    array = np.empty(len(cells), dtype=object)
    array[:] = list(map(str.strip, cells))
    return array


def _frame_column_text(column: pd.Series) -> NDArray[np.object_]:
    known = column.dropna()
    with_time = isinstance(column.dtype, pd.DatetimeTZDtype) or (
        pd.api.types.is_datetime64_dtype(column.dtype) and bool((known != known.dt.normalize()).any())
    )
    return _text_array(
        ["" if cell is pd.NaT else _cell_text(cell, with_time=with_time) for cell in column.astype(object)]
    )


def _frame_blocks(columns: dict[int, NDArray[np.object_]], rows: int) -> Iterator[Block]:
    for start in range(0, rows, _BLOCK_ROWS):
        end = min(start + _BLOCK_ROWS, rows)
        yield Block(
            row_numbers=np.arange(start + 1, end + 1, dtype=np.int64),
            columns={position: cells[start:end] for position, cells in columns.items()},
            misfits=(),
            blank_rows=0,
            share_read=end / rows,
        )
