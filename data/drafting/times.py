"""How a file's dates are written, told from its cells: day or month first, further formats, and what cannot be told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from data.drafting.time_shapes import forms_like, look_of
from data.mapping import MONTH_FORMATS
from data.values import (
    EXCEL_FORMATS,
    UNIX_FORMATS,
    Texts,
    is_excel_date,
    is_time_format,
    is_unix_time,
    parse_moments,
)
from wording import _, format_count, ngettext

__all__ = ["TimesGuess", "guess_times"]

# A clock may stand before it.
_NUMERIC_DATE = re.compile(
    r"(?:(?:at )?\d{1,2} ?[:.h]? ?\d\d(?:[:.]\d\d)?(?: ?(?:h(?:ou)?rs?|[ap]\.?m\.?))?[ ,]+(?:on )?(?:the )?)?"
    r"(?:[A-Za-z]{3,9},? )?(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?!\d)"
)
_MOST_IN_A_YEAR = 12
_MOST_IN_A_MONTH = 31
# Forms that the import does not try by itself, which police, ambulance and database exports write.
_FURTHER_FORMATS = (
    "%Y%m%d%H%M",  # before the next, which would read the minutes as a minute and a second
    "%Y%m%d%H%M%S",
    "%d %b %Y %H:%M:%S.%f",
    "%d-%b-%y %I.%M.%S.%f %p",
    "%d-%b-%y %H.%M.%S.%f",
    "%d/%m/%Y %H:%M:%S.%f",
    "%m/%d/%Y %H:%M:%S.%f",
)
_MOST_FORMATS = 5
# A file that is kept in order is so in nearly all of its rows; read wrongly it goes back in time once a month.
_SHARE_IN_ORDER = 0.98
_FEWEST_STEPS_BACK = 3


@dataclass(frozen=True, kw_only=True)
class TimesGuess:
    """Whether the day comes first and why; `asked` where the file does not tell; formats beyond the common ones.

    `excel_asked` where dates are a workbook's own numbers and could be counted from 1900 or from 1904. `unreadable`
    counts the cells that no known form fits, and `look` is that of most of them (see time_shapes).
    """

    day_first: bool
    why: str
    asked: bool
    formats: tuple[str, ...]
    excel_asked: bool
    unreadable: int
    look: str


def guess_times(columns: Sequence[Texts], *, usually_day_first: bool, now: datetime, months: bool) -> TimesGuess:
    """How the dates of `columns` are written, the time of the event first. `now` has no zone.

    `months` allows forms that give the month alone.
    """
    cells = np.concatenate([*columns, np.empty(0, dtype=object)])
    found = [match for cell in cells if (match := _NUMERIC_DATE.match(cell))]
    # A date that is none either way, such as 32/13/2025, says nothing of the order.
    numbers = [(int(match[1]), int(match[2])) for match in found]
    first = sum(_MOST_IN_A_YEAR < one <= _MOST_IN_A_MONTH and two <= _MOST_IN_A_YEAR for one, two in numbers)
    second = sum(_MOST_IN_A_YEAR < two <= _MOST_IN_A_MONTH and one <= _MOST_IN_A_YEAR for one, two in numbers)
    day_first, why, asked = True, _("all dates name their months or are in ISO form"), False
    if first or second:
        day_first = first >= second
        why = (
            ngettext(
                "{count} date has the day first and cannot have it second",
                "{count} dates have the day first and cannot have it second",
                first,
            )
            if day_first
            else ngettext(
                "{count} date has the month first and cannot have it second",
                "{count} dates have the month first and cannot have it second",
                second,
            )
        ).format(count=format_count(max(first, second)))
        asked = bool(first and second)
        if asked:
            why += _(", but others have it the other way")
    elif found:
        day_first, why, asked = _by_order(columns[0], usually_day_first=usually_day_first, now=now)
    formats, unreadable = _formats(cells, day_first=day_first, months=months)
    return TimesGuess(
        day_first=day_first,
        why=why,
        asked=asked,
        formats=formats,
        excel_asked="excel" in formats and _may_count_from_1904(cells, now),
        unreadable=len(unreadable),
        look=look_of(unreadable),
    )


def _by_order(column: Texts, *, usually_day_first: bool, now: datetime) -> tuple[bool, str, bool]:
    """No day is above 12: a reading with dates of the future, or out of a kept order, is the wrong one."""
    late, steps_back, in_order = {}, {}, {}
    for day_first in (True, False):
        read = _read(column, day_first=day_first)
        times = read[read.notna()]
        late[day_first] = int((times > pd.Timestamp(now) + pd.Timedelta(days=1)).sum())
        steps = np.diff(times.to_numpy())
        back, forward = int((steps < np.timedelta64(0)).sum()), int((steps > np.timedelta64(0)).sum())
        # The latest may come first.
        steps_back[day_first] = min(back, forward)
        in_order[day_first] = bool(len(steps)) and steps_back[day_first] <= (1 - _SHARE_IN_ORDER) * len(steps)
    if bool(late[True]) != bool(late[False]):
        return not late[True], _("read the other way, some dates would lie in the future"), False
    for day_first in (True, False):
        if in_order[day_first] and not in_order[not day_first] and steps_back[not day_first] >= _FEWEST_STEPS_BACK:
            return day_first, _("read so, the rows are in order"), False
    return usually_day_first, _("no date tells: none has a day above 12"), True


def _formats(cells: Texts, *, day_first: bool, months: bool) -> tuple[tuple[str, ...], Texts]:
    """Formats for the cells that the common forms do not fit, and the cells that none fits."""
    waiting = cells[_unreadable(cells, day_first=day_first)]
    other_order = "%m/%d" if day_first else "%d/%m"
    candidates = [
        *(each for each in _FURTHER_FORMATS if not each.startswith(other_order)),
        *(MONTH_FORMATS if months else ()),
        "excel",
        *UNIX_FORMATS,
        *(form for form in forms_like(waiting, day_first=day_first) if is_time_format(form)),
    ]
    chosen: list[str] = []
    while len(waiting) and len(chosen) < _MOST_FORMATS:
        fits = [_fitting(waiting, form) for form in candidates]
        best = int(np.argmax([int(each.sum()) for each in fits]))
        if not fits[best].any():
            break
        chosen.append(candidates[best])
        waiting = waiting[~fits[best]]
    return tuple(chosen), waiting


def _may_count_from_1904(cells: Texts, now: datetime) -> bool:
    """Whether a workbook's numbers would still be dates of the past if they were counted from 1904, as on old Macs."""
    numbers = [text for text in cells if is_excel_date(text)]
    moments, _bad = parse_moments(
        np.array(numbers, dtype=object), formats=("excel-1904",), day_first=True, file_zone="UTC", local_zone="UTC"
    )
    return bool((moments.local <= pd.Timestamp(now)).all())


def _fitting(cells: Texts, form: str) -> np.ndarray:
    if form in EXCEL_FORMATS:
        return np.fromiter(map(is_excel_date, cells), dtype=bool, count=len(cells))
    if form in UNIX_FORMATS:
        return np.fromiter((is_unix_time(cell, form) for cell in cells), dtype=bool, count=len(cells))
    return pd.to_datetime(pd.Series(cells), format=form, errors="coerce").notna().to_numpy()


def _unreadable(cells: Texts, *, day_first: bool) -> np.ndarray:
    moments, _bad = parse_moments(cells, formats=(), day_first=day_first, file_zone="UTC", local_zone="UTC")
    return moments.unreadable


def _read(cells: Texts, *, day_first: bool) -> pd.Series:
    moments, _bad = parse_moments(cells, formats=(), day_first=day_first, file_zone="UTC", local_zone="UTC")
    return moments.local
