"""Rows as people lay tables out: cells left blank that stand for the one above, totals, and headings that come again.

A date is written once a day and a number once an incident, where a mapping says so (`fill_down`); a month ends in its
total, and each page of a log begins with the headings. Totals and headings are no records.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from data.mapping import plain_heading

__all__ = ["LOOKS_LIKE_TOTAL", "REPEATS_HEADINGS", "FillDown", "kind_of_side_row"]

# Reasons for which a row is set aside.
LOOKS_LIKE_TOTAL = "looks_like_total"
REPEATS_HEADINGS = "repeats_headings"

_TOTAL = re.compile(r"(?:(?:grand|sub|month(?:ly)?|year(?:ly)?|running|quarter(?:ly)?)[ -]?)*totals?(?![^\W\d_])", re.I)
# A row of data has most of its cells filled; a total few of them.
_SHARE_OF_TOTAL = 0.5


def kind_of_side_row(row: Sequence[str], headings: Sequence[str]) -> str:
    """REPEATS_HEADINGS or LOOKS_LIKE_TOTAL where a row is that, "" where it may be a record."""
    # Cheap tests first: nearly every row is a record.
    if row[0].strip().casefold() == headings[0].casefold() and _repeats(row, headings):
        return REPEATS_HEADINGS
    if len(row) - row.count("") > _SHARE_OF_TOTAL * len(headings) or "total" not in "".join(row).casefold():
        return ""
    return LOOKS_LIKE_TOTAL if any(_TOTAL.match(cell.strip()) for cell in row) else ""


def _repeats(row: Sequence[str], headings: Sequence[str]) -> bool:
    """Whether the filled cells are the headings of their columns."""
    pairs = [pair for pair in zip(row, headings, strict=False) if pair[0].strip()]
    return len(pairs) > 1 and all(plain_heading(cell) == plain_heading(own) for cell, own in pairs)


class FillDown:
    """Fills blank cells of some columns with the cell above, one row after the other.

    A column is filled only where the columns named before it are blank too: a new day begins with nothing of the day
    before. Rows with much less in them than the row above, such as notes, are not filled, and nothing is carried over
    a blank row.
    """

    def __init__(self, *, headings: Sequence[str], columns: Iterable[str]) -> None:
        places = {plain_heading(heading): position for position, heading in enumerate(headings)}
        self._places = [places[plain] for each in columns if (plain := plain_heading(each)) in places]
        self._carried: dict[int, str] = {}
        self._usual = 0

    @property
    def places(self) -> Collection[int]:
        """The positions of the columns."""
        return tuple(self._places)

    def stop(self) -> None:
        """Carry nothing on: the next row stands alone."""
        self._carried = {}

    def fill(self, row: list[str]) -> bool:
        """Fill what is blank in a row, in place; whether anything was."""
        filled = sum(bool(cell.strip()) for position, cell in enumerate(row) if position not in self._places)
        changed, blank_so_far = False, True
        for place in self._places:
            if row[place].strip():
                blank_so_far = False
                for inner in self._places[self._places.index(place) :]:
                    self._carried.pop(inner, None)
                self._carried[place], self._usual = row[place], filled
            elif blank_so_far and place in self._carried and filled >= _SHARE_OF_TOTAL * self._usual:
                row[place], changed = self._carried[place], True
        return changed
