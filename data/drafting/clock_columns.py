"""Columns that hold half of a time: days with a system's midnight behind them, hours alone, and the clocks of doses."""

import re
from collections import Counter
from itertools import pairwise

from data.drafting.column_facts import ColumnFacts
from data.drafting.field_patterns import NALOXONE
from data.drafting.times import guess_times
from data.drafting.work import Work
from data.values import is_nothing, parse_moments

__all__ = ["CLOCK_WORDS", "clocks_of_doses", "hour_forms", "is_clock", "is_day"]

# How the column of a time of day is headed, beside one of dates; of hours alone, as numbers, in nearly these words.
CLOCK_WORDS = r"(?:time|hours?|hrs?)"
_WHOSE = r"(?:incident|occurrence|event|call|day|local|start|start of|24|0 23)"
_HOURS = re.compile(rf"(?:{_WHOSE} )*{CLOCK_WORDS}(?: {_WHOSE})*")
_HOUR = re.compile(r"((?:[01]?\d|2[0-3]))(\.0+|:00(?::00)?)?", re.ASCII)
# A number up to 12 may be of a clock of twelve hours. Times that are all full hours by chance are fewer.
_HOURS_OF_HALF_A_DAY, _FEWEST_HOURS = 12, 20
_SHARE_OF_FIRST_CLOCKS = 0.9
_NUMBER = re.compile(r"\b(\d{1,2})(?: (?:st|nd|rd|th))?\b")


def is_day(work: Work, column: ColumnFacts) -> bool:
    """Whether a column holds dates alone: as such, or as the midnights, local or in UTC, that a system writes."""
    if "date" in column.kinds or "time" not in column.kinds:
        return "date" in column.kinds
    cells = work.cells(column)
    guess = guess_times([cells], usually_day_first=True, now=work.now, months=False)
    zone = work.settings.time_zone
    moments, _bad = parse_moments(
        cells, formats=guess.formats, day_first=guess.day_first, file_zone=zone, local_zone=zone
    )
    readings = (moments.local.dropna(), moments.instants.dropna().dt.tz_localize(None))
    return any(len(each) and (each == each.dt.normalize()).all() for each in readings)


def is_clock(work: Work, column: ColumnFacts) -> bool:
    """Whether a column holds times of day: clocks, or the numbers of hours where its heading is that of hours."""
    return "clock" in column.kinds or ("number" in column.kinds and bool(hour_forms(work, column)))


def hour_forms(work: Work, column: ColumnFacts) -> tuple[str, ...]:
    """Formats of a column that holds the hours of a day alone, as "9", "21.0" or "21:00"; () for any other."""
    cells = [cell for cell in work.cells(column) if not is_nothing(cell)]
    found = [_HOUR.fullmatch(cell) for cell in cells]
    if not cells or not all(found):
        return ()
    hours = {int(each[1]) for each in found if each}
    forms = Counter(each[2] or "" for each in found if each)
    headed = bool(_HOURS.fullmatch(column.plain))
    if any(":" not in ending for ending in forms):
        sure = headed and (0 in hours or max(hours) > _HOURS_OF_HALF_A_DAY)
    else:
        sure = (headed and "time" not in column.plain.split()) or len(cells) >= _FEWEST_HOURS
    return tuple(f"%H{ending}" for ending in forms) if sure else ()


def clocks_of_doses(work: Work) -> list[ColumnFacts]:
    """The clocks of a person's doses side by side, the first dose's first: columns headed alike but for a number.

    All say naloxone or dose, the first is filled in nearly every row, and a later one only where the one before is.
    """
    groups: dict[str, list[tuple[int, ColumnFacts]]] = {}
    for column in work.facts:
        numbers = _NUMBER.findall(column.plain)
        timed = column.kinds & {"clock", "time"} or not column.kinds
        if timed and len(numbers) == 1 and re.search(rf"\b{NALOXONE}\b", column.plain):
            groups.setdefault(_NUMBER.sub("#", column.plain), []).append((int(numbers[0]), column))
    for group in groups.values():
        group.sort(key=lambda each: each[0])
        columns = [column for _number, column in group]
        if len(group) < 2 or [number for number, _column in group] != list(range(1, len(group) + 1)):
            continue
        filled = [[not is_nothing(cell) for cell in work.cells(column)] for column in columns]
        nested = all(not later or first for pair in pairwise(filled) for first, later in zip(*pair, strict=True))
        if nested and columns[0].kinds and work.filled(columns[0]) >= _SHARE_OF_FIRST_CLOCKS:
            return columns
    return []
