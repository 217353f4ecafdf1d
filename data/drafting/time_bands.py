"""Columns of spans of the day, "18:00-20:59" or "evening": no time, and records keep a time or their day alone."""

import re

from data.drafting.column_facts import ColumnFacts
from data.drafting.work import Work
from data.values import is_nothing, plain_value

__all__ = ["holds_spans_of_the_day"]

_SHARE = 0.8
_CLOCK = r"(?:[01]?\d|2[0-4])(?:[:.h]?[0-5]\d)?(?:[:.][0-5]\d)?\s?(?:[ap]\.?m\.?|h(?:ou)?rs?)?"
_SPAN = re.compile(rf"(?:between\s)?{_CLOCK}\s?(?:-|\u2013|to|and|until|till)\s?{_CLOCK}", re.IGNORECASE)
_WORDS = frozenset({
    "morning", "early_morning", "late_morning", "afternoon", "evening", "early_evening", "late_evening", "night",
    "late_night", "overnight", "day", "daytime", "nighttime", "night_time", "day_time", "am", "pm", "midday", "noon",
    "midnight",
})  # fmt: skip
# Spans of numbers may be of ages or anything.
_OF_TIME = re.compile(r"\b(?:times?|hours?|hrs?|clock|tod|period|part day|shifts?)\b")


def holds_spans_of_the_day(work: Work, column: ColumnFacts) -> bool:
    """Whether nearly all that a column of times says are spans of the day."""
    if not _OF_TIME.search(column.plain):
        return False
    cells = [text for text in work.cells(column) if not is_nothing(text)]
    spans = sum(bool(_SPAN.fullmatch(text.strip())) or plain_value(text) in _WORDS for text in cells)
    return bool(cells) and spans >= _SHARE * len(cells)
