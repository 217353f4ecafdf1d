"""Numbers and dates as the field writes them: "1,232", "9 May 2025", "2.1 (1.5 to 2.9)"."""

import math
from collections.abc import Sequence
from datetime import date, datetime

from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.lists import format_list
from babel.numbers import format_decimal

from wording.translation import _, current_language

__all__ = [
    "format_count",
    "format_date",
    "format_day_of_month",
    "format_interval",
    "format_moment",
    "format_month",
    "format_month_name",
    "format_months",
    "format_number",
    "format_period",
    "format_quarter",
    "format_share",
    "join_words",
]


def format_count(count: int) -> str:
    """A whole number with thousands separators: "1,232"."""
    return format_decimal(count, format="#,##0", locale=current_language())


def format_number(value: float, *, significant: int = 2) -> str:
    """A measured value rounded to `significant` figures, never in exponent form: "2.1", "0.034", "1,200"."""
    if not math.isfinite(value):
        return _("not estimable")
    rounded, decimals = _rounded(value, significant)
    return _fixed(rounded, decimals)


def _rounded(value: float, significant: int) -> tuple[float, int]:
    """A finite value to its significant figures, and the decimals that these take."""
    # Numbers over 100 keep three figures, or they look like guesses.
    figures = max(significant, 3) if abs(value) >= 100 else significant
    rounded = float(f"{value:.{figures - 1}e}")
    return rounded, 0 if rounded == 0 else max(0, figures - 1 - math.floor(math.log10(abs(rounded))))


def _fixed(value: float, decimals: int) -> str:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, format=pattern, locale=current_language())


def format_share(share: float, *, decimals: int = 0) -> str:
    """A share of one as a percentage: 0.314 is "31 %"."""
    if not math.isfinite(share):
        return _("not estimable")
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return _("{number} %").format(number=format_decimal(share * 100, format=pattern, locale=current_language()))


def format_interval(lower: float, upper: float, *, significant: int = 2) -> str:
    """An interval in words, both ends with the decimals that the larger deserves: "1.5 to 2.9", "9 to 26".

    An end that would become nought keeps its own: "0.04 to 2.3".
    """
    ends = [lower, upper]
    if all(map(math.isfinite, ends)):
        _value, decimals = _rounded(max(ends, key=abs), significant)
        words = [
            _fixed(end, decimals)
            if decimals < _rounded(end, significant)[1] and round(end, decimals)
            else format_number(end, significant=significant)
            for end in ends
        ]
    else:
        words = [format_number(end, significant=significant) for end in ends]
    return _("{lower} to {upper}").format(lower=words[0], upper=words[1])


def format_date(day: date) -> str:
    """A day: "9 May 2025"."""
    return babel_date(day, format="d MMMM y", locale=current_language())


def format_month(day: date) -> str:
    """The month of a day: "May 2025"."""
    return babel_date(day, format="MMMM y", locale=current_language())


def format_month_name(day: date) -> str:
    """The month of a day in a narrow column: "May"; its year stands elsewhere."""
    return babel_date(day, format="LLL", locale=current_language())


def format_months(day: date, *, quarter: bool) -> str:
    """The month, or the quarter, of a day in a narrow place: "May", "Apr to Jun"; its year stands elsewhere."""
    if not quarter:
        return format_month_name(day)
    first = 3 * ((day.month - 1) // 3) + 1
    return _("{first} to {last}").format(
        first=format_month_name(date(day.year, first, 1)), last=format_month_name(date(day.year, first + 2, 1))
    )


def format_day_of_month(day: date) -> str:
    """A day in a narrow place: "9 May"; its year stands elsewhere."""
    return babel_date(day, format="d MMM", locale=current_language())


def format_quarter(day: date) -> str:
    """The calendar quarter of a day: "April to June 2025"."""
    first = 3 * ((day.month - 1) // 3) + 1
    months = [
        babel_date(date(day.year, month, 1), format="LLLL", locale=current_language()) for month in (first, first + 2)
    ]
    return _("{first} to {last} {year}").format(first=months[0], last=months[1], year=day.year)


def format_moment(moment: datetime) -> str:
    """A day and a time of day, in the moment's own time zone: "9 May 2025, 14:05"."""
    time = babel_time(moment, format="HH:mm", tzinfo=moment.tzinfo, locale=current_language())
    return _("{date}, {time}").format(date=format_date(moment), time=time)


def format_period(first_day: date, last_day: date) -> str:
    """A period, both days included: "1 July 2024 to 30 June 2026"."""
    return _("{first} to {last}").format(first=format_date(first_day), last=format_date(last_day))


def join_words(words: Sequence[str]) -> str:
    """A list in a sentence: "Cardiff, Swansea and Barry"."""
    return format_list(list(words), locale=current_language())
