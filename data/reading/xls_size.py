"""How large the sheets of an old workbook (.xls) are, read from its records before a reader lays them out in memory.

An .xls file is a compound file ([MS-CFB]): streams in chains of sectors. Its stream "Workbook" is a row of records
([MS-XLS] 2.1.4), of which those of cells begin with their row and column.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["XlsSize", "xls_size"]

# Above it stand marks: the end of a chain, a free sector.
_LARGEST_SECTOR = 0xFFFFFFFA
_HEADER_BYTES, _ENTRY_BYTES, _MINI_SECTOR_BYTES, _FAT_PLACES_IN_HEADER = 512, 128, 64, 109
_SMALLEST_IN_SECTORS = 4_096
_STREAMS = ("workbook", "book")
# FORMULA, MULRK, RSTRING, LABELSST, NUMBER, LABEL, BOOLERR, RK: those with a value.
_CELLS = frozenset([0x0006, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E])
_MULRK, _FILEPASS, _BOF = 0x00BD, 0x002F, 0x0809


@dataclass(frozen=True, kw_only=True)
class XlsSize:
    """The cells of all rectangles that sheets would be laid out as, how many are filled, and the farthest of them."""

    cells: int
    filled: int
    last_row: int
    last_column: int
    locked: bool


def xls_size(content: bytes) -> XlsSize:
    """The size of the sheets in a compound file. Raises ValueError where it is damaged or holds no workbook."""
    try:
        return _size_of_records(_workbook_stream(content))
    except (struct.error, IndexError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError("a damaged compound file") from error


def _size_of_records(stream: bytes) -> XlsSize:
    rectangles = filled = last_row = last_column = 0
    rows = columns = 0
    locked = False
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        if kind == _BOF:
            rectangles += rows * columns
            rows = columns = 0
        elif kind == _FILEPASS:
            locked = True
        elif kind in _CELLS and length >= 6:
            row, column = struct.unpack_from("<HH", stream, place + 4)
            if kind == _MULRK:
                column = max(column, struct.unpack_from("<H", stream, place + 2 + length)[0])
                filled += max(0, (length - 6) // 6)
            else:
                filled += 1
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            last_row, last_column = max(last_row, rows), max(last_column, columns)
        place += 4 + length
    return XlsSize(
        cells=rectangles + rows * columns, filled=filled, last_row=last_row, last_column=last_column, locked=locked
    )


def _workbook_stream(content: bytes) -> bytes:
    sector_bytes = 1 << struct.unpack_from("<H", content, 30)[0]
    if sector_bytes not in (512, 4096):
        raise ValueError("a damaged compound file")
    first_entry, first_mini, first_place = (struct.unpack_from("<I", content, at)[0] for at in (48, 60, 68))
    table = _words(b"".join(_sector(content, each, sector_bytes) for each in _fat(content, first_place, sector_bytes)))
    entries = _chained(content, first_entry, table, sector_bytes)
    streams: dict[str, tuple[int, int]] = {}
    for at in range(0, len(entries) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        name_bytes = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(name_bytes - 2, 0)].decode("utf-16-le").casefold() if name_bytes <= 64 else ""
        # The root's stream holds the small streams of all others.
        name = "" if at == 0 else name
        streams.setdefault(name, struct.unpack_from("<II", entries, at + 116))
    found = next((streams[name] for name in _STREAMS if name in streams), None)
    if found is None:
        raise ValueError("no workbook in the compound file")
    start, size = found
    if size >= _SMALLEST_IN_SECTORS:
        return _chained(content, start, table, sector_bytes)[:size]
    small = _chained(content, streams[""][0], table, sector_bytes)
    small_table = _words(_chained(content, first_mini, table, sector_bytes))
    pieces = (small[each * _MINI_SECTOR_BYTES : (each + 1) * _MINI_SECTOR_BYTES] for each in _chain(start, small_table))
    return b"".join(pieces)[:size]


def _fat(content: bytes, first_place: int, sector_bytes: int) -> Iterator[int]:
    """The sectors of the table of chains: the first in the header, more in sectors that are chained by their last."""
    places = list(struct.unpack_from(f"<{_FAT_PLACES_IN_HEADER}I", content, 76))
    seen = set()
    while True:
        yield from (each for each in places if each <= _LARGEST_SECTOR)
        if first_place > _LARGEST_SECTOR or first_place in seen:
            return
        seen.add(first_place)
        *places, first_place = _words(_sector(content, first_place, sector_bytes))


def _sector(content: bytes, number: int, sector_bytes: int) -> bytes:
    start = (number + 1) * sector_bytes if sector_bytes > _HEADER_BYTES else _HEADER_BYTES + number * sector_bytes
    return content[start : start + sector_bytes]


def _words(data: bytes) -> Sequence[int]:
    return struct.unpack_from(f"<{len(data) // 4}I", data)


def _chain(start: int, table: Sequence[int]) -> Iterator[int]:
    steps = 0
    while start <= _LARGEST_SECTOR:
        yield start
        start = table[start]
        steps += 1
        if steps > len(table):
            raise ValueError("a chain without end in the compound file")


def _chained(content: bytes, start: int, table: Sequence[int], sector_bytes: int) -> bytes:
    return b"".join(_sector(content, each, sector_bytes) for each in _chain(start, table))
