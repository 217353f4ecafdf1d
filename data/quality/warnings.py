"""One suspicion about a file: what it looks like, how often, in which rows, and what to do.

A warning never holds a value of a cell. Nothing that it tells of was removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wording import _, format_count

__all__ = ["ROWS_QUOTED", "QualityWarning", "make_warning", "quoted_rows"]

# How many row numbers a warning keeps: enough to find the pattern at the source.
ROWS_QUOTED = 10


@dataclass(frozen=True, kw_only=True)
class QualityWarning:
    """`count` rows (days, for silent days) look like `kind`; `row_numbers` are the first of them, 1 under the headings.

    `setting` holds the lines of TOML that would settle it, where lines of the mapping would ("" where not).
    """

    kind: str
    count: int
    row_numbers: tuple[int, ...]
    sentence: str
    advice: str
    setting: str = ""

    def lines(self) -> list[str]:
        """The warning for a report: what it is, where, what to do, and the lines for the mapping."""
        told = [f"{self.sentence} {self.advice}"]
        if self.row_numbers:
            rows = quoted_rows(self.row_numbers, more=self.count > len(self.row_numbers))
            told = [
                _("{sentence} Rows: {rows}. {advice}").format(sentence=self.sentence, rows=rows, advice=self.advice)
            ]
        return [*told, *(f"    {line}" for line in self.setting.splitlines())]


def make_warning(
    *,
    kind: str,
    rows: Iterable[int],
    sentence: str,
    advice: str,
    setting: str = "",
    count: int | None = None,
) -> QualityWarning:
    """A warning about `rows`, of which it keeps the first; `count` where it is not the number of rows."""
    numbers = np.sort(np.fromiter(rows, dtype=np.int64))
    return QualityWarning(
        kind=kind,
        count=len(numbers) if count is None else count,
        row_numbers=tuple(int(number) for number in numbers[:ROWS_QUOTED]),
        sentence=sentence,
        advice=advice,
        setting=setting,
    )


def quoted_rows(numbers: Iterable[int], *, more: bool = False) -> str:
    """Row numbers as a sentence lists them."""
    listed = ", ".join(format_count(number) for number in numbers)
    return _("{rows} and more").format(rows=listed) if more else listed
