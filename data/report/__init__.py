"""What became of a file: every row accounted for, and what to correct at its source.

`account` is the whole in its order. The sentences of a subject stand in its module: `counts` for what was noticed of
times, waits and repeated rows, `places`, `changes` for records that were updated, `reasons` for what could not be used.
"""

from data.report.account import ImportReport
from data.report.counts import ImportCounts

__all__ = ["ImportCounts", "ImportReport"]
