"""What a workbook would take in memory, worked out from the file before it is laid out there.

A workbook is a zip file: a small one may unpack to more than the machine holds, one stray cell far out makes a sheet of
billions, and one long text may be shared by a million cells. Readers guard against none of these.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import reduce
from typing import IO

import numpy as np
from numpy.typing import NDArray

from data.reading.file_rows import UnreadableFileError
from data.reading.xls_size import XlsSize, xls_size
from data.settings import ImportSettings
from wording import _, format_count

__all__ = ["check_workbook"]

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
# A text that cells share is written once, <si><t>...</t></si>, and named by its number: <c t="s"><v>12</v></c>.
_SHARED_TEXT = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si\s*/>")
_SHARED_CELL = re.compile(rb"""\bt\s*=\s*["']s["'][^<>]*>\s*<(?:\w+:)?v>\s*([0-9]{1,9})\s*<""")
# In an OpenDocument sheet a row or a cell may be repeated by number, which readers write out.
_ODS_PART = re.compile(
    rb"<table:table-row(?P<row>[^<>]*)>|<table:(?:covered-)?table-cell(?P<cell>[^<>]*)>|(?P<end></table:table-row>)"
)
_ODS_ROWS = re.compile(rb'number-rows-repeated\s*=\s*["\']([0-9]{1,10})')
_ODS_COLUMNS = re.compile(rb'number-columns-repeated\s*=\s*["\']([0-9]{1,10})')


def check_workbook(content: bytes, *, label: str, limits: ImportSettings) -> None:
    """Refuse a workbook that would run away with the memory. Raises UnreadableFileError."""
    if b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e" in content[: 1 << 26]:
        raise _locked(label)
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                _check_archive(archive, label, limits)
        else:
            _check_xls(xls_size(content), label)
    # All that zipfile raises of a file that was cut, mutated or packed in a way it does not know; found by fuzzing.
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise UnreadableFileError(
            _("The workbook {file} is damaged or of an unknown kind. Save it again as .xlsx or CSV.").format(file=label)
        ) from None


def _check_xls(size: XlsSize, label: str) -> None:
    if size.locked:
        raise _locked(label)
    if size.cells > max(_CHEAP_CELLS, _CELLS_FOR_A_FILLED_ONE * size.filled):
        raise _almost_empty(label, size.last_row, size.last_column)


def _almost_empty(label: str, rows: int, columns: int) -> UnreadableFileError:
    return UnreadableFileError(
        _(
            "A sheet of the workbook {file} reaches to row {row} and column {column}, and almost all of it is empty. "
            "Delete the cells far from the table, or save the table as CSV."
        ).format(file=label, row=format_count(rows), column=format_count(columns))
    )


def _locked(label: str) -> UnreadableFileError:
    return UnreadableFileError(
        _("The workbook {file} is protected by a password. Save a copy without one and import that.").format(file=label)
    )


def _check_archive(archive: zipfile.ZipFile, label: str, limits: ImportSettings) -> None:
    entries = archive.infolist()
    names = {entry.filename.casefold(): entry for entry in entries}
    limit_bytes = limits.largest_workbook_mb * 1_000_000
    if sum(entry.file_size for entry in entries) > limit_bytes:
        raise _too_large(label, limits)
    manifest = names.get("meta-inf/manifest.xml")
    if any(entry.flag_bits & 1 for entry in entries) or (
        manifest is not None and b"encryption-data" in archive.read(manifest)
    ):
        raise _locked(label)
    if any(name.endswith("workbook.bin") for name in names):
        raise UnreadableFileError(
            _("The workbook {file} is of the binary kind (.xlsb). Save it again as .xlsx or CSV.").format(file=label)
        )
    shared_lengths = np.zeros(0, dtype=np.int64)
    for name, entry in names.items():
        if name.endswith("sharedstrings.xml"):
            with archive.open(entry) as part:
                shared_lengths = _shared_lengths(part)
    for name, entry in names.items():
        if not name.endswith(".xml") or name.endswith("sharedstrings.xml"):
            continue
        with archive.open(entry) as part:
            found = _extent_of_ods(part) if name == "content.xml" else _extent(part, shared_lengths)
        rows, columns, filled, characters = found
        if rows * columns > max(_CHEAP_CELLS, _CELLS_FOR_A_FILLED_ONE * filled):
            raise _almost_empty(label, rows, columns)
        if characters > limit_bytes:
            raise _too_large(label, limits)


def _too_large(label: str, limits: ImportSettings) -> UnreadableFileError:
    return UnreadableFileError(
        _(
            "The workbook {file} unpacks to more than the {limit} MB that the settings allow. Save it as CSV, or raise "
            "largest_workbook_mb under [imports]."
        ).format(file=label, limit=format_count(limits.largest_workbook_mb))
    )


def _parts(stream: IO[bytes], *, until: tuple[bytes, ...]) -> Iterator[bytes]:
    """A stream in pieces that end where one of `until` ended, so that what stands between two is in one piece."""
    rest = b""
    while chunk := stream.read(_READ_BYTES):
        text = rest + chunk
        end = max(place + len(mark) if (place := text.rfind(mark)) >= 0 else 0 for mark in until)
        # What lies between two marks is never this long; what is no XML has no marks to wait for.
        if not end and len(text) > 2 * _READ_BYTES:
            end = len(text)
        yield text[:end]
        rest = text[end:]
    yield rest


def _shared_lengths(part: IO[bytes]) -> NDArray[np.int64]:
    """How long each shared text is, in bytes with its tags."""
    ends, place = [0], 0
    while chunk := part.read(_READ_BYTES):
        # An end that lies across two pieces is missed: its text then counts to the next one, which is longer.
        ends.extend(place + match.end() for match in _SHARED_TEXT.finditer(chunk))
        place += len(chunk)
    return np.diff(np.array(ends, dtype=np.int64))


def _extent(part: IO[bytes], shared_lengths: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """The last row and column of a sheet with anything in them, how many cells have, and how long their shared texts.

    Texts are written out by the reader, once for each cell.
    """
    last_row, letters, filled, characters = 0, set(), 0, 0
    rows, width, widest = 0, 0, 0
    longest = int(shared_lengths.max(initial=0))
    for text in _parts(part, until=(b"</c>", b":c>", b"/>", b"</row>")):
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
        if longest:
            numbers = np.array(_SHARED_CELL.findall(text), dtype=np.int64)
            characters += int(shared_lengths[numbers[numbers < len(shared_lengths)]].sum())
    last_row = max(last_row, rows) if widest else last_row
    return last_row, max(widest, max(map(_column_number, letters), default=0)), filled, characters


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    return reduce(lambda number, letter: 26 * number + letter - ord("A") + 1, letters.upper(), 0)


def _extent_of_ods(part: IO[bytes]) -> tuple[int, int, int, int]:
    """The same of an OpenDocument file, whose sheets count together."""
    last_row = widest = filled = characters = row = column = row_filled = row_characters = row_end = 0
    repeats = 1
    for text in _parts(part, until=(b"</table:table-cell>", b"/>", b"</table:table-row>")):
        for match in _ODS_PART.finditer(text):
            if match["end"]:
                if row_end:
                    # Rows that repeat a filled row are written out; empty ones only where a filled one follows.
                    last_row, widest = row + repeats, max(widest, row_end)
                    filled += repeats * row_filled
                    characters += repeats * row_characters
                row += repeats
                column = row_filled = row_characters = row_end = 0
            elif match["row"] is not None:
                stated = _ODS_ROWS.search(match["row"])
                repeats = int(stated[1]) if stated else 1
            else:
                about = match["cell"]
                stated = _ODS_COLUMNS.search(about)
                cells = int(stated[1]) if stated else 1
                column += cells
                if not about.endswith(b"/") or b"office:value" in about or b"string-value" in about:
                    end = text.find(b"</table:table-cell>", match.end())
                    row_filled += cells
                    row_end = column
                    row_characters += cells * (len(about) + max(end - match.end(), 0))
    return last_row, widest, filled, characters
