"""One suspicion about a file: what it looks like, how often, in which rows, and what to do.

A warning as it is kept never holds a value of a cell. Nothing that it tells of was removed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from data.row_runs import ROWS_QUOTED, RowRuns, row_runs
from wording import format_count

__all__ = ["ROWS_QUOTED", "QualityWarning", "make_warning", "quoted_rows"]


@dataclass(frozen=True, kw_only=True)
class QualityWarning(RowRuns):
    """`count` rows (days, for silent days) look like `kind`, those of `row_runs`.

    `setting` holds the lines of TOML that would settle it, where lines of the mapping would ("" where not), and
    `setting_in_words` the same with the file's own words where these are plainly categories. The words are for whoever
    holds the file: they are never kept.
    """

    kind: str
    count: int
    sentence: str
    advice: str
    setting: str = ""
    setting_in_words: str = ""

    def to_keep(self) -> Self:
        """The warning as it is kept with the import: without a word of the file."""
        return replace(super().to_keep(), setting_in_words="")

    def lines(self) -> list[str]:
        """The warning for a report: what it is, where, what to do, and the lines for the mapping."""
        told = " ".join(filter(None, (self.sentence, self.in_words, self.advice)))
        return [told, *(f"    {line}" for line in (self.setting_in_words or self.setting).splitlines())]


def make_warning(
    *,
    kind: str,
    rows: Iterable[int],
    sentence: str,
    advice: str,
    setting: str = "",
    setting_in_words: str = "",
    count: int | None = None,
) -> QualityWarning:
    """A warning about `rows`; `count` where it is not the number of rows."""
    given = np.fromiter(rows, dtype=np.int64)
    return QualityWarning(
        kind=kind,
        count=len(given) if count is None else count,
        rows=len(np.unique(given)),
        row_runs=row_runs(given),
        sentence=sentence,
        advice=advice,
        setting=setting,
        setting_in_words=setting_in_words,
    )


def quoted_rows(numbers: Iterable[int]) -> str:
    """Row numbers as a sentence lists them."""
    return ", ".join(format_count(number) for number in numbers)
