"""Row numbers of a file as runs: the first and the last row of each. Row 1 is the first row under the headings."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Self

import numpy as np

from wording import _, format_count, ngettext

__all__ = ["ROWS_QUOTED", "RowRuns", "row_runs"]

# How many runs of rows a sentence quotes, and how many of them are kept with an import: enough for a block of days
# among others, or for a few thousand rows here and there.
ROWS_QUOTED, RUNS_KEPT = 10, 2_000

Runs = tuple[tuple[int, int], ...]


def row_runs(numbers: Iterable[int]) -> Runs:
    """The first and the last of each run of row numbers, in order; a number that comes twice counts once."""
    rows = np.unique(np.asarray(numbers if isinstance(numbers, np.ndarray) else list(numbers), dtype=np.int64))
    starts = np.flatnonzero(np.diff(rows, prepend=rows[:1] - 2) > 1)
    ends = np.append(starts[1:], len(rows))[: len(starts)] - 1
    return tuple(zip(rows[starts].tolist(), rows[ends].tolist(), strict=True))


@dataclass(frozen=True, kw_only=True)
class RowRuns:
    """Rows of a file. `rows` is how many there are: more than in `row_runs`, where not all of these were kept."""

    rows: int = 0
    row_runs: Runs = ()

    @classmethod
    def of(cls, numbers: Iterable[int]) -> "RowRuns":
        """The rows of these numbers."""
        return RowRuns.of_runs(row_runs(numbers))

    @classmethod
    def of_runs(cls, runs: Runs) -> "RowRuns":
        """The rows of these runs."""
        return RowRuns(rows=sum(last - first + 1 for first, last in runs), row_runs=runs)

    @property
    def row_numbers(self) -> tuple[int, ...]:
        """The first rows singly, as many as a sentence quotes runs."""
        every = (row for first, last in self.row_runs for row in range(first, last + 1))
        return tuple(islice(every, ROWS_QUOTED))

    @property
    def in_words(self) -> str:
        """A sentence such as: Rows: 3, 7 to 9 and 12 more. Empty where there are none."""
        if not self.row_runs:
            return ""
        return ngettext("Row: {rows}.", "Rows: {rows}.", self.rows).format(rows=self.listed)

    @property
    def listed(self) -> str:
        """The first runs of rows, and how many rows are in none of them."""
        quoted = self.row_runs[:ROWS_QUOTED]
        more = self.rows - sum(last - first + 1 for first, last in quoted)
        listed = ", ".join(
            format_count(first)
            if first == last
            else _("{first} to {last}").format(first=format_count(first), last=format_count(last))
            for first, last in quoted
        )
        return _("{rows} and {count} more").format(rows=listed, count=format_count(more)) if more else listed

    def to_keep(self) -> Self:
        """The same with no more runs than are kept with an import."""
        return replace(self, row_runs=self.row_runs[:RUNS_KEPT])
