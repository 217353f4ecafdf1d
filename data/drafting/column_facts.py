"""What the cells of a column look like: the kinds that a mapping is drafted by. Counts and kinds only, never a cell.

Kinds: time (a date with a time of day), date, month, clock (a time of day), excel (Excel's own number for a date),
number, doses ("2 x 1.8mg"), degrees, metres, point (both coordinates in one text), gridref (what may be a reference to
a national grid, or a reference of another kind: where it lies tells), yes_no, postcode, outcode (a postcode's first
half), key, category, name, text. A column may be of several, or empty and of none.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.drafting.heading_words import plain_words
from data.points import read_point
from data.values import (
    UNIX_FORMATS,
    Texts,
    is_counted_doses,
    is_excel_date,
    is_nothing,
    is_unix_time,
    parse_numbers,
    plain_forms,
    plain_value,
)

__all__ = ["ColumnFacts", "cells_of", "column_facts"]

# Cells looked at; more would tell no more about a kind.
_CELLS = 500
# A column is of a kind where this share of its filled cells is.
_SHARE = 0.8
# Names are recognised more readily: a name that is taken for a category would be shown.
_SHARE_OF_NAMES = 0.5
_SHARE_OF_KEYS = 0.1
_MOST_CATEGORIES = 60
_LONGEST_CATEGORY = 60
_LONGEST_KEY = 128
# "LOG 201 of 04/01/2024" is a number; a note with a number in it is none.
_WORDS_OF_A_SENTENCE = 7

_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = (
    rf"(?:[a-z]{{3,9}},? )?(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[ /-]?(?:of )?{_MONTHS}[ ,/-]*'?\d{{2,4}}"
    rf"|{_MONTHS} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))"
)
_CLOCK = (
    r"(?:(?:[01]?\d|2[0-4])[:.][0-5]\d(?:[:.][0-5]\d)?(?:[.,]\d+)?(?: ?(?:[ap]\.? ?m\.?|h(?:ou)?rs?))?"
    r"|\d{1,2} ?[ap]\.? ?m\.?|(?:[01]?\d|2[0-3]) ?h(?: ?[0-5]\d)?)"
)
_TIME_END = rf"(?:(?:t|,? (?:at )?){_CLOCK}|t?[0-2]\d[0-5]\d(?:[0-5]\d)?|,? (?:at )?[0-2]?\d[0-5]\d(?: ?h(?:ou)?rs?)?)"
_OFFSET = r"(?: ?(?:z|utc|gmt|bst|[+-]\d\d(?::?\d\d)?))?"
_PATTERNS = {
    # Web services write a date as its midnight here or elsewhere, in UTC: full hours alone.
    "date": re.compile(rf"{_DAY}(?:[t ]00:00(?::00(?:\.0+)?)?|t\d\d:00:00(?:\.0+)?z)?", re.IGNORECASE),
    "time": re.compile(
        rf"{_DAY}{_TIME_END}{_OFFSET}"
        rf"|(?:at )?(?:{_CLOCK}|[0-2]\d[0-5]\d(?: ?h(?:ou)?rs?)?)[ ,]+(?:on )?(?:the )?{_DAY}"
        # As web pages and .NET write them.
        rf"|[a-z]{{3}} {_MONTHS} \d\d \d{{4}} \d\d:\d\d:\d\d gmt[+-]\d{{4}}(?: \(.*\))?"
        r"|\\?/?date\(\d{12,13}(?:[+-]\d{4})?\)\\?/?",
        re.IGNORECASE,
    ),
    "month": re.compile(
        rf"(?:19|20)\d\d-(?:0[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])/(?:19|20)\d\d|{_MONTHS},? (?:19|20)\d\d"
        rf"|(?:19|20)\d\d/(?:0[1-9]|1[0-2])|{_MONTHS}-\d\d",
        re.I,
    ),
    "clock": re.compile(
        rf"(?:(?:approx(?:imately)?\.?|about|around|circa|c\.|~) ?)?"
        rf"(?:{_CLOCK}|(?:[01]?\d|2[0-3])[0-5]\d(?: ?h(?:ou)?rs?)?)|0?\.\d{{3,}}",
        re.IGNORECASE,
    ),
    "postcode": re.compile(r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}", re.IGNORECASE),
    "outcode": re.compile(r"[a-z]{1,2}\d[a-z\d]?", re.IGNORECASE),
    "key": re.compile(rf"(?=.*\d)\S(?:.{{0,{_LONGEST_KEY - 2}}}\S)?"),
    "name": re.compile(r"[^\W\d_][^\W\d_'\u2019.\- ,]*(?:['\u2019.\- ,]+[^\W\d_]+\.?)*", re.UNICODE),
}
_SEX = re.compile(r"(?:adult )?(?:m|f|male|female|man|woman)", re.IGNORECASE)
_YES_NO = frozenset(["y", "n", "yes", "no", "true", "false", "t", "f", "1", "0", "ticked", "checked", "x"])
_COMMA_NUMBER = re.compile(r"[+-]?(?:\d+,\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?)")
# "434,229" may be either; "1,234,567" and "1,234.5" have thousands.
_EITHER, _GROUPED = re.compile(r"[+-]?([1-9]\d{0,2}),\d{3}"), re.compile(r"[+-]?\d+(?:,\d{3}){2,}|.*\..*")
# What is counted in hundreds and thousandths is no degree of longitude, and hardly anything else.
_MOST_DEGREES = 180
_SAYS_DEGREES, _EXACT = (
    re.compile(r"[\u00b0\u00ba]|\)$|[nsew](?![a-z])|lat|lon", re.IGNORECASE),
    re.compile(r"\d[.,]\d{3,}"),
)
# Of the fewest digits, a reference to a square of a kilometre; what has fewer is a code of another kind.
_COARSEST_SQUARE_M = 1_000.0
# A pair of coordinates has points of its own.
_DECIMALS = {".": re.compile(r"\.(\d+)$"), ",": re.compile(r"[.,](\d+)$")}


@dataclass(frozen=True, kw_only=True)
class ColumnFacts:
    """One column: its place (0 = first), its heading as it stands and in plain words, and what its cells look like.

    `filled` is the share of rows with something recorded; `distinct` counts what is recorded, among the cells looked
    at; `decimals` is the median number of decimals of its numbers; `decimal` is the mark they are written with.
    """

    position: int
    heading: str
    plain: str
    kinds: frozenset[str]
    filled: float
    distinct: int
    looked_at: int
    decimals: int
    decimal: str


def column_facts(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, thousands: bool = False
) -> tuple[ColumnFacts, ...]:
    """The facts of every column with a heading.

    Where nothing in the file tells whether the commas of its numbers divide thousands, `thousands` says so.
    """
    columns = [(n, heading, [row[n] for row in rows]) for n, heading in enumerate(headings) if heading]
    commas = [_commas([cell for cell in cells if not is_nothing(cell)][:_CELLS]) for _n, _heading, cells in columns]
    either = "." if "thousands" in commas or (thousands and "decimal" not in commas) else ","
    marks = {"decimal": ",", "either": either}
    alike = Counter(plain_words(heading) for _n, heading, _cells in columns)
    return tuple(
        _facts(
            position,
            heading,
            cells,
            plain=plain_words(heading, numbered=alike[plain_words(heading)] > 1),
            decimal=marks.get(said, "."),
        )
        for (position, heading, cells), said in zip(columns, commas, strict=True)
    )


def _commas(cells: Sequence[str]) -> str:
    """What the commas in a column's numbers are: "decimal", "thousands" or "either"; "" where few have any."""
    numbers = [cell for cell in cells if _COMMA_NUMBER.fullmatch(cell)]
    if not numbers or len(numbers) <= _SHARE * len(cells) / 2:
        return ""
    if any(map(_GROUPED.fullmatch, numbers)):
        return "thousands"
    heads = [found[1] for cell in numbers if (found := _EITHER.fullmatch(cell))]
    if len(heads) < len(numbers):
        return "decimal"
    return "thousands" if any(int(head) > _MOST_DEGREES for head in heads) else "either"


def cells_of(rows: Sequence[Sequence[str]], position: int) -> Texts:
    """One column's cells as the parsers take them."""
    cells = np.empty(len(rows), dtype=object)
    cells[:] = [row[position] for row in rows]
    return cells


def _facts(position: int, heading: str, cells: Sequence[str], *, plain: str, decimal: str) -> ColumnFacts:
    recorded = [cell for cell in cells if not is_nothing(cell)]
    looked_at = recorded[:_CELLS]
    distinct = len({plain_value(cell) for cell in looked_at})
    numbers = _numbers(looked_at, decimal)
    decimals = [len(found[1]) for cell in looked_at if (found := _DECIMALS[decimal].search(cell))]
    return ColumnFacts(
        position=position,
        heading=heading,
        plain=plain,
        kinds=_kinds(looked_at, numbers, decimals, distinct) if looked_at else frozenset(),
        filled=len(recorded) / max(len(cells), 1),
        distinct=distinct,
        looked_at=len(looked_at),
        decimals=int(np.median(decimals)) if decimals else 0,
        decimal=decimal,
    )


def _numbers(cells: Sequence[str], decimal: str) -> np.ndarray:
    found, _unreadable, _outside = parse_numbers(np.array([*cells, ""], dtype=object), decimal=decimal)
    return found[np.isfinite(found)]


def _is_point(cell: str) -> bool:
    point = read_point(cell)
    if point is None or point.form not in ("angles", "wkt"):
        return False
    # A pressure of blood is two numbers too.
    return point.form == "wkt" or bool(_SAYS_DEGREES.search(cell)) or len(_EXACT.findall(cell)) == 2


def _may_be_grid_reference(cell: str) -> bool:
    point = read_point(cell)
    if point is None or point.form not in ("grid", "metres"):
        return False
    return point.precision_m <= _COARSEST_SQUARE_M if point.form == "grid" else min(point.x, point.y) >= 1_000


def _kinds(cells: Sequence[str], numbers: np.ndarray, decimals: Sequence[int], distinct: int) -> frozenset[str]:
    def most(test: Callable[[str], object], share: float = _SHARE) -> bool:
        return sum(bool(test(cell)) for cell in cells) >= share * len(cells)

    found = {name for name, pattern in _PATTERNS.items() if name != "name" and most(pattern.fullmatch)}
    if found & {"date", "time"} or most(
        lambda cell: _PATTERNS["date"].fullmatch(cell) or _PATTERNS["time"].fullmatch(cell)
    ):
        # A column of times with some dates among them is one of times.
        found |= set() if found & {"date", "time"} else {"time"}
        return frozenset(found & {"date", "time", "month"})
    if most(is_excel_date):
        found.add("excel")
    if any(most(lambda cell, form=form: is_unix_time(cell, form)) for form in UNIX_FORMATS):
        # A long number of its own may look the same: the heading decides.
        found.add("time")
    if len(numbers) >= _SHARE * len(cells):
        found.add("number")
        if np.abs(numbers).max() <= 180 and len(decimals) >= _SHARE * len(cells) and np.median(decimals) >= 2:
            found.add("degrees")
        # Grid references of the UK, UTM and web Mercator; 0 stands for none.
        if np.mean(np.abs(numbers) >= 1_000) >= _SHARE / 2:
            found.add("metres")
    if most(_is_point):
        return frozenset({"point", "text"})
    if most(_may_be_grid_reference):
        found.add("gridref")
    # With a "no" among them the column says first of all whether any were given.
    if all(map(is_counted_doses, cells)):
        return frozenset({"doses", "text"})
    if most(lambda cell: not _YES_NO.isdisjoint(plain_forms(cell))):
        found.add("yes_no")
    elif most(_SEX.fullmatch):
        found.add("sex")
    elif most(_PATTERNS["name"].fullmatch, _SHARE_OF_NAMES):
        found.add("name")
    # A key tells rows apart; few rows of a record share one.
    if (
        found & {"degrees", "postcode", "month"}
        or distinct < _SHARE_OF_KEYS * len(cells)
        or most(lambda cell: ":" in cell or cell.count(" ") >= _WORDS_OF_A_SENTENCE)
    ):
        found.discard("key")
    if distinct <= _MOST_CATEGORIES and most(lambda cell: len(cell) <= _LONGEST_CATEGORY):
        found.add("category")
    return frozenset(found | {"text"})
