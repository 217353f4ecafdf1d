"""A force's file as text cells, a block of rows at a time: CSV in several encodings and separators, and workbooks.

Nothing is guessed about what cells mean: that is the mapping's. Only the columns asked for are kept, blocks bound the
memory, and nothing of the file is copied to disk. Rows are numbered from 1 for the first row under the headings, blank
ones included, so that a number leads to the row in the file.
"""

import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.mapping import FileLayout
from data.reading.file_rows import OpenedFile, UnreadableFileError, cell_text
from data.reading.row_layout import FillDown, kind_of_side_row
from data.reading.text_rows import open_text
from data.reading.workbook_rows import is_workbook, open_workbook
from data.settings import ImportSettings
from wording import _, format_count

__all__ = [
    "Block",
    "FileSample",
    "SourceTable",
    "UnreadableFileError",
    "filled_rows",
    "frame_table",
    "open_table",
    "sample_file",
]

# Rows treated at once: large enough for vectorised work, small enough that 30 text columns stay near 100 MB.
_BLOCK_ROWS = 50_000
# Characters of the file treated at once, however few rows they make: 4 bytes each at worst.
_BLOCK_CHARACTERS = 1 << 26
# Rows that a draft is made from: enough to hold the rare words of a category, and drafted from within seconds.
_SAMPLE_ROWS = 20_000


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some rows: their numbers, the wanted columns' cells as text, and the numbers of rows with the wrong width.

    `blank_rows` counts rows without a single filled cell; they are not rows of data. `side_rows` are the numbers of
    rows that are totals or headings again, by what they are; `filled` those of which a blank cell was filled.
    """

    row_numbers: NDArray[np.int64]
    columns: dict[int, NDArray[np.object_]]
    misfits: tuple[int, ...]
    blank_rows: int
    share_read: float
    side_rows: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    filled: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A file that was opened as a table: its headings, the hash of its content, and its blocks on request.

    `read_blocks` takes the wanted column positions (0 = first) and can be called once.
    """

    label: str
    headings: tuple[str, ...]
    file_hash: str
    read_blocks: Callable[[Collection[int]], Iterator[Block]]


@dataclass(frozen=True, kw_only=True)
class FileSample:
    """The first rows of a file, to draft a mapping from: `layout` is what was found or stated of how it is laid out.

    `rows` are as wide as `headings` and hold what the file holds, so a sample is never shown, logged or kept. `sheets`
    names a workbook's sheets, in order; `notes` are sentences.
    """

    label: str
    layout: FileLayout
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_numbers: tuple[int, ...]
    sheets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@contextmanager
def open_table(
    *, source: Path | BinaryIO, label: str, layout: FileLayout, limits: ImportSettings, expected: Collection[str]
) -> Iterator[SourceTable]:
    """Open a CSV or workbook file, or the bytes of one. `expected` headings decide between possible separators.

    `label` is what error sentences call the file. Raises UnreadableFileError.
    """
    # A sample may find that the headings stand in two rows; a mapping says so.
    layout = layout.model_copy(update={"header_rows": layout.header_rows or 1})
    if not isinstance(source, Path):
        yield _source_table(_open_stream(source, label, layout, limits, expected), label, limits)
        return
    with _open_path(source, label) as stream:
        yield _source_table(_open_stream(stream, label, layout, limits, expected), label, limits)


def sample_file(
    *,
    source: Path | BinaryIO,
    label: str,
    limits: ImportSettings,
    layout: FileLayout | None = None,
    expected: Collection[str] = (),
    rows: int = _SAMPLE_ROWS,
) -> FileSample:
    """The first `rows` rows of a file that are not blank and as wide as its headings. Raises UnreadableFileError.

    What `layout` does not state is found; of a stream, the place is at the start again afterwards.
    """
    if isinstance(source, Path):
        with _open_path(source, label) as stream:
            return _sample(_open_stream(stream, label, layout or FileLayout(), limits, expected), label, limits, rows)
    sample = _sample(_open_stream(source, label, layout or FileLayout(), limits, expected), label, limits, rows)
    source.seek(0)
    return sample


def _open_path(path: Path, label: str) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
        raise UnreadableFileError(
            _("The file {file} cannot be opened. Check its name and that you may read it.").format(file=label)
        ) from error


def _sample(opened: OpenedFile, label: str, limits: ImportSettings, rows: int) -> FileSample:
    width = len(opened.headings)
    kept, numbers = [], []
    for number, row in enumerate(opened.records, start=1):
        if any(map(str.strip, row)) and _fits(row, width) and not kind_of_side_row(row, opened.headings):
            kept.append(tuple(cell.strip()[: limits.longest_cell] for cell in row[:width]))
            numbers.append(number)
        if len(kept) >= rows or opened.characters_read() > _BLOCK_CHARACTERS:
            break
    return FileSample(
        label=label,
        layout=opened.layout,
        headings=opened.headings,
        rows=tuple(kept),
        row_numbers=tuple(numbers),
        sheets=opened.sheets,
        notes=opened.notes,
    )


def filled_rows(sample: FileSample, columns: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """The rows of a sample as an import reads them where a mapping fills these columns down."""
    if not columns:
        return sample.rows
    fill_down = FillDown(headings=sample.headings, columns=columns)
    rows, before = [], 0
    for number, row in zip(sample.row_numbers, sample.rows, strict=True):
        if number != before + 1:
            fill_down.stop()
        cells, before = list(row), number
        fill_down.fill(cells)
        rows.append(tuple(cells))
    return tuple(rows)


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
) -> OpenedFile:
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
    if is_workbook(start):
        return open_workbook(stream, label, layout, limits, expected)
    return open_text(stream, size, label, layout, limits, expected)


def _source_table(opened: OpenedFile, label: str, limits: ImportSettings) -> SourceTable:
    return SourceTable(
        label=label,
        headings=opened.headings,
        file_hash=opened.file_hash,
        read_blocks=lambda wanted: _blocks(opened, wanted, limits, label),
    )


# --- rows into blocks -------------------------------------------------------------------------------------------------


def _blocks(opened: OpenedFile, wanted: Collection[int], limits: ImportSettings, label: str) -> Iterator[Block]:
    """Only the wanted cells of a row outlive it, so a row may be wide and a block is bounded in rows and characters."""
    rows_so_far = 0
    fill_down = FillDown(headings=opened.headings, columns=opened.layout.fill_down)
    part = _Part(wanted=sorted(wanted), headings=opened.headings, fill_down=fill_down)
    characters = opened.characters_read()
    for number, row in enumerate(opened.records, start=1):
        part.take(number, row)
        if part.rows >= _BLOCK_ROWS or opened.characters_read() - characters > _BLOCK_CHARACTERS:
            rows_so_far = _counted(rows_so_far, part, limits, label)
            yield part.block(opened.share_read())
            part = _Part(wanted=part.wanted, headings=opened.headings, fill_down=fill_down)
            characters = opened.characters_read()
    if part.rows:
        _counted(rows_so_far, part, limits, label)
        yield part.block(opened.share_read())


def _counted(rows_so_far: int, part: "_Part", limits: ImportSettings, label: str) -> int:
    rows_so_far += part.rows - part.blank_rows
    if rows_so_far > limits.most_rows:
        raise UnreadableFileError(
            _(
                "The file {file} has more than the {limit} rows that the settings allow. Split it, or raise "
                "most_rows under [imports]."
            ).format(file=label, limit=format_count(limits.most_rows))
        )
    return rows_so_far


class _Part:
    """The rows of one block as they come."""

    def __init__(self, *, wanted: list[int], headings: Sequence[str], fill_down: FillDown) -> None:
        self.wanted, self.headings, self.fill_down = wanted, headings, fill_down
        self.rows, self.blank_rows = 0, 0
        self.numbers: list[int] = []
        self.misfits: list[int] = []
        self.side_rows: dict[str, list[int]] = {}
        self.filled: list[int] = []
        self._kept: list[list[str]] = []

    def take(self, number: int, row: list[str]) -> None:
        """Keep the wanted cells of a row."""
        self.rows += 1
        if not any(row) or not any(map(str.strip, row)):
            self.blank_rows += 1
            self.fill_down.stop()
        elif not _fits(row, len(self.headings)):
            self.misfits.append(number)
            self.fill_down.stop()
        elif kind := kind_of_side_row(row, self.headings):
            self.side_rows.setdefault(kind, []).append(number)
            self.fill_down.stop()
        else:
            self.numbers.append(number)
            if self.fill_down.places and self.fill_down.fill(row):
                self.filled.append(number)
            self._kept.append([row[position] for position in self.wanted])

    def block(self, share_read: float) -> Block:
        """What was kept."""
        columns = zip(*self._kept, strict=True) if self._kept else ([] for _position in self.wanted)
        return Block(
            row_numbers=np.array(self.numbers, dtype=np.int64),
            columns={position: _text_array(cells) for position, cells in zip(self.wanted, columns, strict=True)},
            misfits=tuple(self.misfits),
            blank_rows=self.blank_rows,
            share_read=share_read,
            side_rows={kind: tuple(numbers) for kind, numbers in self.side_rows.items()},
            filled=tuple(self.filled),
        )


def _fits(row: Sequence[str], width: int) -> bool:
    """Whether a row is as wide as the headings; separators at its end make no cells."""
    return len(row) == width or (len(row) > width and not any(row[width:]))


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
        ["" if cell is pd.NaT else cell_text(cell, with_time=with_time) for cell in column.astype(object)]
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
