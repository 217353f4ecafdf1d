"""Formats of times: strptime's, and the numbers that workbooks and databases keep for dates."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from data.values.plain import Texts

__all__ = [
    "EXCEL_FORMATS",
    "ISO_DATE",
    "NUMBER_FORMATS",
    "SECONDS_A_DAY",
    "UNIX_FORMATS",
    "by_format",
    "is_clock_format",
    "is_excel_date",
    "is_time_format",
    "is_unix_time",
    "naive_utc",
    "precision_of",
]

# A date alone in ISO 8601, or the one before a time of day.
ISO_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}(?:$|[T ])")
# "+00", as databases write it, which strptime's %z does not read.
_HOURS_OF_OFFSET = re.compile(r"(\d ?)([+-]\d\d)(?![\d:])", re.ASCII)
# Days since 30 December 1899.
_EXCEL_DATE = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_EXCEL_1990, _EXCEL_2100 = 32_874, 73_051
# Formats that are not strptime's: the numbers that a workbook keeps for dates, and the day that stands for 0. Excel on
# old Macs counts from 1904.
EXCEL_FORMATS = {"excel": "1899-12-30", "excel-1904": "1904-01-01"}
# Web maps and databases count from 1970 in UTC: seconds have 9 or 10 digits from 1990 on, milliseconds three more.
UNIX_FORMATS = {
    "unix": (1, re.compile(r"(\d{9,10})(?:\.0+)?", re.ASCII)),
    "unix-ms": (1_000, re.compile(r"(\d{12,13})(?:\.0+)?", re.ASCII)),
}
_UNIX_1990, _UNIX_2100 = 631_152_000, 4_102_444_800
NUMBER_FORMATS = (*EXCEL_FORMATS, *UNIX_FORMATS)
SECONDS_A_DAY = 86_400
# Parts of a date or time that a format writes without anything between them, and how many digits each has.
_UNDIVIDED = re.compile(r"(?:%[YmdHMSyIj]){2,}")
_DIGITS_OF_PART = {"%Y": 4, "%j": 3}


def is_excel_date(text: str) -> bool:
    """Whether a cell is the number that Excel keeps for a date of 1990 to 2099, such as 45658.5."""
    return bool(_EXCEL_DATE.fullmatch(text)) and _EXCEL_1990 <= float(text.replace(",", ".")) < _EXCEL_2100


def is_unix_time(text: str, form: str) -> bool:
    """Whether a cell may be a time of 1990 to 2099 counted from 1970, by one of UNIX_FORMATS."""
    parts_of_a_second, pattern = UNIX_FORMATS[form]
    found = pattern.fullmatch(text)
    return found is not None and _UNIX_1990 <= int(found[1]) / parts_of_a_second < _UNIX_2100


def is_time_format(form: str) -> bool:
    """Whether times can be read by a format: strptime's, or one of NUMBER_FORMATS."""
    try:
        by_format(form)(np.array(["2001-02-03"], dtype=object))
    except (ValueError, re.error):
        return False
    return True


def is_clock_format(form: str) -> bool:
    """Whether a format is that of a time of day without a date, such as %H for hours alone."""
    codes = set(re.findall("%(.)", form))
    return form not in NUMBER_FORMATS and bool(codes & set("HI")) and codes <= set("HIMSpf%")


def by_format(form: str) -> Callable[[Texts], pd.Series]:
    """What reads cells by a format, as naive times (NaT where one has another form): in UTC where it tells the zone."""
    if form in EXCEL_FORMATS:
        return lambda cells: _excel_times(cells, pd.Timestamp(EXCEL_FORMATS[form]))
    if form in UNIX_FORMATS:
        return lambda cells: _unix_times(cells, *UNIX_FORMATS[form])
    if "%z" in form:
        return lambda cells: naive_utc(
            pd.to_datetime(
                pd.Series(cells).replace(_HOURS_OF_OFFSET, r"\1\g<2>00", regex=True),
                format=form,
                errors="coerce",
                utc=True,
            )
        )
    if _UNDIVIDED.search(form):
        # Where nothing divides the parts, too few digits would be shared out among them: 117 as 11:07.
        whole = re.compile(re.sub("%.", ".+?", _UNDIVIDED.sub(_all_digits, re.escape(form))) + "$", re.ASCII)
        return lambda cells: _strptime(np.array([text if whole.match(text) else "" for text in cells], object), form)
    return lambda cells: _strptime(cells, form)


def _all_digits(run: re.Match[str]) -> str:
    """As many digits as the undivided parts of a format have."""
    return rf"(?<!\d)\d{{{sum(_DIGITS_OF_PART.get(part, 2) for part in re.findall('%.', run[0]))}}}"


def _strptime(cells: Texts, form: str) -> pd.Series:
    return pd.to_datetime(pd.Series(cells, dtype=object), format=form, errors="coerce").astype("datetime64[ns]")


def _unix_times(cells: Texts, parts_of_a_second: int, form: re.Pattern[str]) -> pd.Series:
    """Times of numbers that count from 1970, to the second."""
    found = [form.fullmatch(text) for text in cells]
    seconds = np.array([int(each[1]) // parts_of_a_second if each else -1 for each in found], dtype=float)
    return pd.to_datetime(pd.Series(np.where(seconds < 0, np.nan, seconds)), unit="s").astype("datetime64[ns]")


def _excel_times(cells: Texts, day_zero: pd.Timestamp) -> pd.Series:
    """Times of Excel's numbers, to the second: a share of a day is not exact."""
    # What would not be a date from 1990 on, by either count, is some other number.
    numbers = [float(text.replace(",", ".")) if _EXCEL_DATE.fullmatch(text) else np.nan for text in cells]
    seconds = np.round(np.array(numbers) * SECONDS_A_DAY)
    return day_zero + pd.to_timedelta(pd.Series(seconds), unit="s")


def naive_utc(moments: pd.Series) -> pd.Series:
    """Times with a zone, all of them UTC, without it."""
    return moments.dt.tz_localize(None).astype("datetime64[ns]")


def precision_of(form: str) -> str:
    """How exact a time of this format is: "minute", "hour", "day" or "month"."""
    if form in NUMBER_FORMATS:
        return "minute"
    if re.search(r"%[MXcTRr]", form):
        return "minute"
    if re.search(r"%[HI]", form):
        return "hour"
    return "day" if re.search(r"%[djxcD]", form) else "month"
