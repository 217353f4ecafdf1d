"""What is noticed while a file is read, over all of its blocks."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.quality.words import WordLog
from data.quarantine import QuarantineLog

__all__ = ["FileNotes"]


@dataclass(kw_only=True)
class FileNotes:
    """Collections that grow as the file is read.

    `log` is the quarantine, `words` are those that the mapping does not know. `counts` are worth a sentence in the
    report, each about its rows in `noted`. `held_keys` are the keys of rows that wait whole, without those of
    `rows_without_key`, whose key nobody can tell. `month_forms` are forms of times that may give the month alone.
    """

    log: QuarantineLog = field(default_factory=QuarantineLog)
    words: WordLog = field(default_factory=WordLog)
    counts: Counter[str] = field(default_factory=Counter)
    noted: dict[str, list[NDArray[np.int64]]] = field(default_factory=lambda: defaultdict(list))
    held_keys: list[pd.Series] = field(default_factory=list)
    rows_without_key: int = 0
    month_forms: set[str] = field(default_factory=set)

    def note(self, name: str, rows: NDArray[np.int64]) -> None:
        """Count these rows and remember them; nothing is set aside."""
        if len(rows):
            self.counts[name] += len(rows)
            self.noted[name].append(rows)
