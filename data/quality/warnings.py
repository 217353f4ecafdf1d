"""One suspicion about a file: what it looks like, how often, in which rows, and what to do.

A warning never holds a value of a cell. Nothing that it tells of was removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from wording import _, format_count

__all__ = ["ROWS_QUOTED", "QualityWarning", "make_warning", "quoted_rows"]

# How many rows a sentence quotes singly, and how many runs of rows a report keeps: enough for a block of days among
# others, or for a few thousand rows here and there.
ROWS_QUOTED, RUNS_KEPT = 10, 2_000


@dataclass(frozen=True, kw_only=True)
class QualityWarning:
    """`count` rows (days, for silent days) look like `kind`; `row_runs` says which: first and last row of each run.

    Row 1 is the first under the headings. `rows` is how many rows there are: more than in the runs, where the runs are
    too many to keep. `setting` holds the lines of TOML that would settle it, where lines of the mapping would ("" where
    not).
    """

    kind: str
    count: int
    rows: int
    row_runs: tuple[tuple[int, int], ...]
    sentence: str
    advice: str
    setting: str = ""

    @property
    def row_numbers(self) -> tuple[int, ...]:
        """The first rows singly, as many as a sentence quotes."""
        every = (row for first, last in self.row_runs for row in range(first, last + 1))
        return tuple(islice(every, ROWS_QUOTED))

    def lines(self) -> list[str]:
        """The warning for a report: what it is, where, what to do, and the lines for the mapping."""
        told = [f"{self.sentence} {self.advice}"]
        if self.row_runs:
            told = [
                _("{sentence} Rows: {rows}. {advice}").format(
                    sentence=self.sentence, rows=self._rows_in_words(), advice=self.advice
                )
            ]
        return [*told, *(f"    {line}" for line in self.setting.splitlines())]

    def _rows_in_words(self) -> str:
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


def make_warning(
    *,
    kind: str,
    rows: Iterable[int],
    sentence: str,
    advice: str,
    setting: str = "",
    count: int | None = None,
) -> QualityWarning:
    """A warning about `rows`; `count` where it is not the number of rows."""
    given = np.fromiter(rows, dtype=np.int64)
    numbers = np.unique(given)
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 2) > 1)
    ends = np.append(starts[1:], len(numbers))[: len(starts)] - 1
    runs = zip(numbers[starts].tolist(), numbers[ends].tolist(), strict=True)
    return QualityWarning(
        kind=kind,
        count=len(given) if count is None else count,
        rows=len(numbers),
        row_runs=tuple(islice(runs, RUNS_KEPT)),
        sentence=sentence,
        advice=advice,
        setting=setting,
    )


def quoted_rows(numbers: Iterable[int]) -> str:
    """Row numbers as a sentence lists them."""
    return ", ".join(format_count(number) for number in numbers)
