"""Dates and times as people write them: "Sat 8th May 24, 4.05pm", "08/May/2024 1605hrs", "8 May 2024 at 16.05", "4 pm".

Their parts are told one by one, where no fixed form fits; what comes out is ISO 8601, or a 24-hour clock.
"""

import re
from collections.abc import Iterable

__all__ = ["MONTHS", "clock_in_words", "month_forms", "time_in_words"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
    *("december", *MONTHS),
)
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4}|'?\d\d)"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}[.,]*\s+)?"
_BETWEEN = r"[\s,/.-]{0,2}"
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:"
    r"(?:[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?)?\s?(?P<half>[ap])\.?\s?m\.?"
    # "117" may be 1:17 or 11:07.
    # "16:05", "1605hrs", "16.05 hours", "16h05", "16 h 05"; "16h".
    r"|(?:[:.]|\s?h\s?|(?<=\d\d))(?P<minute24>\d\d)(?:[:.](?P<second24>\d\d))?\s?(?:h|hrs?|hours)?\.?"
    r"|\s?(?:h|hrs?|hours)\.?)"
)
# A time that is told so is the best that there is.
_ROUGHLY = r"(?:(?:approx(?:imately)?\b\.?|about|around|circa|c\.|~)\s?)?"
_DATES = (
    rf"{_DAY}{_BETWEEN}(?:of\s)?{_MONTH}{_BETWEEN}{_YEAR}",
    rf"{_MONTH}\s?{_DAY}{_BETWEEN}{_YEAR}",
    r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second_part>\d{1,2})(?P=mark)(?P<year>\d{4}|\d\d)",
    r"(?P<year>\d{4})-(?P<month_number>\d\d)-(?P<day>\d\d)",
)
_TIMES = [
    re.compile(form, re.IGNORECASE | re.ASCII)
    for date in _DATES
    for form in (
        rf"{_WEEKDAY}{date}(?:[\s,;-]+(?:(?:at|@)\s?)?{_ROUGHLY}{_CLOCK})?",
        # "1605 21/05/2024", "16.05hrs on 21 May 2024".
        rf"(?:at\s)?{_CLOCK}[\s,;-]+(?:on\s)?(?:the\s)?{_WEEKDAY}{date}",
    )
]
_ONLY_CLOCK = re.compile(_ROUGHLY + _CLOCK, re.IGNORECASE | re.ASCII)
_FIRST_OF_MONTH = re.compile(
    r"(?:\d{4}(?P<iso_mark>[/.-])\d\d(?P=iso_mark)(?P<iso_day>01)"
    r"|(?P<one>\d{1,2})(?P<mark>[/.-])(?P<other>\d{1,2})(?P=mark)(?P<short_year>\d{4}|\d\d)"
    rf"|(?P<named_day>0?1)(?P<before>[ /.-])(?P<name>{'|'.join(_MONTH_NAMES)})(?P<after>[ /.-])"
    r"(?P<named_year>\d{4}|\d\d))"
    # Some midnight: 00:00, 05:00+00, 12:00:00 AM.
    r"(?P<clock>[T ]\d{1,2}:00(?::00(?:\.0+)?)?(?: ?AM)?(?: ?Z| ?[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE | re.ASCII,
)
# The year from which two digits are of the century before, as in strptime.
_PIVOT = 69


def time_in_words(text: str, *, day_first: bool) -> str:
    """A date, or a date and time, in ISO 8601 (to the hour where it gives no minutes); "" for what is none."""
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _TIMES)), None)
    if found is None:
        return ""
    parts = found.groupdict()
    if parts.get("mark"):
        day, month = (parts["first"], parts["second_part"])[:: 1 if day_first else -1]
    else:
        day, month = parts["day"], parts.get("month_number") or MONTHS.index(parts["month"][:3].lower()) + 1
    date = f"{_four_digits(parts['year']):04}-{int(month):02}-{int(day):02}"
    if not parts["hour"]:
        return date
    clock = _clock(parts)
    return clock and f"{date} {clock}"


def clock_in_words(text: str) -> str:
    """A time of day on a 24-hour clock, "16:05:00"; "" for what is none."""
    found = _ONLY_CLOCK.fullmatch(text.strip())
    clock = _clock(found.groupdict()) if found else ""
    return clock and f"{clock}:00:00"[: len("16:05:00")]


def _clock(parts: dict[str, str | None]) -> str:
    """The hours, with the minutes and seconds that there are; "" where no clock shows them."""
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            return ""
        hour = hour % 12 + (12 if parts["half"].lower() == "p" else 0)
    minutes = (parts["minute"] or parts["minute24"], parts["second"] or parts["second24"])
    return ":".join(filter(None, (f"{hour:02}", *minutes)))


def _four_digits(year: str) -> int:
    year = year.removeprefix("'")
    return int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= _PIVOT else 2000)


def month_forms(texts: Iterable[str], *, day_first: bool) -> tuple[str, ...]:
    """Formats, in strptime's codes, that take dates which are all the first of a month for their months alone.

    What stands where the day and a clock at some midnight would is part of the format as it is; () where a text has
    another form.
    """
    forms: dict[str, None] = {}
    for text in texts:
        form = _month_form(text.strip(), day_first=day_first)
        if not form:
            return ()
        forms[form] = None
    # "May" is a name in full and a short one.
    return tuple(form for form in forms if "%b" not in form or form.replace("%b", "%B") not in forms)


def _month_form(text: str, *, day_first: bool) -> str:
    found = _FIRST_OF_MONTH.fullmatch(text)
    if found is None:
        return ""
    parts, clock = found.groupdict(), found["clock"] or ""
    if parts["iso_day"]:
        return f"%Y{parts['iso_mark']}%m{parts['iso_mark']}{parts['iso_day']}{clock}"
    if parts["mark"]:
        one, other = (parts["one"], "%m") if day_first else ("%m", parts["other"])
        year = "%Y" if len(parts["short_year"]) == 4 else "%y"
        day = parts["one" if day_first else "other"]
        return f"{one}{parts['mark']}{other}{parts['mark']}{year}{clock}" if int(day) == 1 else ""
    name = "%B" if parts["name"].lower() not in MONTHS else "%b"
    year = "%Y" if len(parts["named_year"]) == 4 else "%y"
    return f"{parts['named_day']}{parts['before']}{name}{parts['after']}{year}{clock}"
