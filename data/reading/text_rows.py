"""Text files as rows of cells: the encoding, the separator and the row of the headings are found where not stated.

The memory is bounded by one row: a file is read line by line, and a row that does not end is refused, whether a
quotation mark was left open or the file has no line ends.
"""

import codecs
import contextlib
import csv
import hashlib
import io
import itertools
import re
from collections.abc import Collection, Iterator
from typing import BinaryIO

from data.mapping import FileLayout
from data.reading.file_rows import (
    TOP_ROWS,
    OpenedFile,
    UnreadableFileError,
    check_headings,
    find_header_row,
    find_heading_rows,
    headings_found,
    join_headings,
    notes_on_headings,
    trimmed,
)
from data.settings import ImportSettings
from wording import _, format_count

__all__ = ["open_text"]

_SEPARATORS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_READ_BYTES = 1 << 20
# Characters looked at to find the separator and the headings.
_TOP_CHARACTERS = 1 << 18
# In UTF-16 without a mark every other byte of Latin text is 0; a few stray letters of other scripts may be among them.
_SHARE_OF_ZEROS = 0.7
# The rows' own bound is `longest_row`; csv's (131,072) would refuse a file for one long remark.
_LONGEST_CSV_FIELD = 2**31 - 1


def open_text(
    stream: BinaryIO, size: int, label: str, layout: FileLayout, limits: ImportSettings, expected: Collection[str]
) -> OpenedFile:
    """Open text of `size` bytes. Raises UnreadableFileError."""
    csv.field_size_limit(_LONGEST_CSV_FIELD)
    encoding, file_hash = _encoding_and_hash(stream, label, layout.encoding)
    top = _top(stream, encoding)
    separator, header_row = _separator_and_header_row(top, layout, expected)
    top_rows = _top_rows(top, separator)
    header_row, header_rows = find_heading_rows(top_rows, header_row, layout)
    lines = _Lines(stream, encoding, label, limits)
    records = lines.records(separator)
    for _skipped in range(header_row - header_rows):
        next(records, None)
    headings = join_headings([next(records, []) for _each in range(header_rows)])
    check_headings(headings, label=label, header_row=header_row, limits=limits)
    return OpenedFile(
        layout=layout.model_copy(
            update={
                "encoding": encoding,
                "separator": separator,
                "header_row": header_row,
                "header_rows": header_rows,
            }
        ),
        headings=headings,
        file_hash=file_hash,
        records=records,
        characters_read=lambda: lines.characters,
        share_read=lambda: min(stream.tell() / size, 1.0),
        notes=notes_on_headings(top_rows, header_row, header_rows),
    )


# What starts so is another kind of file, whatever its name ends in.
_OTHER_KINDS = (
    *((b"%pdf", "PDF"), (b'{"', "JSON"), (b"[{", "JSON")),
    *((b"<!doctype", "HTML"), (b"<html", "HTML"), (b"<?xml", "XML")),
)
_BLANK = re.compile(rb"\s|\xef\xbb\xbf")


def _encoding_and_hash(stream: BinaryIO, label: str, stated: str | None) -> tuple[str, str]:
    """The encoding: as stated, by byte order mark, UTF-8 where the whole file is valid UTF-8, else Windows-1252."""
    start = stream.read(_READ_BYTES)
    stream.seek(0)
    if kind := next(
        (name for mark, name in _OTHER_KINDS if _BLANK.sub(b"", start[:64]).lower().startswith(mark)), None
    ):
        raise UnreadableFileError(
            _("The file {file} is {kind}, and no table. Export the records again as CSV or Excel.").format(
                file=label, kind=kind
            )
        )
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if start.startswith(mark)), None) or _utf_16(start)
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


def _utf_16(start: bytes) -> str | None:
    """UTF-16 without a mark, by which of each two bytes are 0."""
    pairs = len(start) // 2
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = (start[offset : 2 * pairs : 2].count(0) for offset in (first, 1 - first))
        if pairs > 1 and zeros >= _SHARE_OF_ZEROS * pairs and not others:
            return name
    return None


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeError:
        return False
    return True


def _top(stream: BinaryIO, encoding: str) -> str:
    """The first characters of the file."""
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    top = text.read(_TOP_CHARACTERS)
    text.detach()
    stream.seek(0)
    return top


def _separator_and_header_row(top: str, layout: FileLayout, expected: Collection[str]) -> tuple[str, int]:
    """The separator, and the row of the headings.

    It is the one that finds most of the expected headings, else under which quoted cells are whole and most rows agree.
    """
    found = []
    for separator in (layout.separator,) if layout.separator else _SEPARATORS:
        rows = _top_rows(top, separator)
        header = min(layout.header_row - 1, len(rows)) if layout.header_row else find_header_row(rows, expected)
        first = max(header + 1 - (layout.header_rows or 1), 0)
        headings = join_headings(rows[first : header + 1]) if header < len(rows) else ()
        under = [len(trimmed(row)) for row in rows[header + 1 :] if any(row)]
        agreeing = sum(1 < count <= len(headings) for count in under) / max(len(under), 1)
        score = (
            *(headings_found(headings, expected), len(headings) > 1),
            *(_quotes_pair(top, separator, len(rows)), round(agreeing, 1), len(headings)),
        )
        found.append((score, separator, layout.header_row or header + 1))
    _score, chosen, header_row = max(found, key=lambda each: each[0])
    return chosen, header_row


def _top_rows(top: str, separator: str) -> list[list[str]]:
    """The first rows; the last one may be cut and is left out where there are others."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # the reading proper says in which row
        rows.extend(itertools.islice(csv.reader(io.StringIO(top, newline=""), delimiter=separator), TOP_ROWS))
    return rows[:-1] if len(top) == _TOP_CHARACTERS and 1 < len(rows) < TOP_ROWS else rows


def _quotes_pair(top: str, separator: str, rows: int) -> bool:
    """Whether every cell of the first rows that begins with a quotation mark ends with one, with this separator."""
    try:
        for _row in itertools.islice(csv.reader(io.StringIO(top, newline=""), delimiter=separator, strict=True), rows):
            pass
    except csv.Error:
        return False
    return True


class _Lines:
    """The lines of a text, counted, with a bound on those that make one row."""

    def __init__(self, stream: BinaryIO, encoding: str, label: str, limits: ImportSettings) -> None:
        self.characters = 0
        self._stream, self._encoding, self._label = stream, encoding, label
        self._limit = limits.longest_row
        self._row_began_at = 0
        self._rows = 0

    def records(self, separator: str) -> Iterator[list[str]]:
        """Rows of cells; a file whose quotation marks do not pair up is refused rather than guessed at."""
        text = io.TextIOWrapper(self._stream, encoding=self._encoding, newline="")
        try:
            for row in csv.reader(self._lines(text), delimiter=separator, strict=True):
                self._rows += 1
                self._row_began_at = self.characters
                yield row
        except csv.Error:
            # The library's own message may quote the row.
            raise UnreadableFileError(
                _(
                    "The file {file} cannot be read after its row {row}: a quotation mark there is not closed or "
                    "stands inside a cell. Export the file again with quotation marks doubled, or correct that row at "
                    "its source."
                ).format(file=self._label, row=format_count(self._rows))
            ) from None
        finally:
            if not self._stream.closed:
                text.detach()  # the stream is not ours to close

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        while line := text.readline(self._limit + 1):
            self.characters += len(line)
            if self.characters - self._row_began_at > self._limit:
                raise UnreadableFileError(
                    _(
                        "The file {file} has a row after row {row} that is longer than the {limit} characters that the "
                        "settings allow: a quotation mark may not be closed there, or the file has no line ends. "
                        "Correct it, or raise longest_row under [imports]."
                    ).format(file=self._label, row=format_count(self._rows), limit=format_count(self._limit))
                )
            yield line
