"""Dates and times as they are written, brought to wall clocks: by formats, ISO 8601, common forms and words."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.time_texts import MONTHS, time_in_words
from data.values.formats import (
    EXCEL_FORMATS,
    ISO_DATE,
    UNIX_FORMATS,
    by_format,
    is_clock_format,
    naive_utc,
    precision_of,
)
from data.values.plain import Texts, is_nothing

__all__ = ["parse_walls", "two_digit_years"]

_OFFSET = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ].*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$")
# "2017/01/05 07:00:00+00", "2018-1-5 07:00 UTC" and "5/1/2019, 7:00 AM", as exports of databases and maps have them.
_YEAR_FIRST = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?=$|[T ])")
_NAMED_UTC = re.compile(r" ?(?:UTC|GMT)$")
# RFC 5322: "Mon, 25 Nov 2019 08:00:00 GMT".
_INTERNET_DATE = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})")
# "03/05/2023 08:00:00+00". Without its seconds, "08:00-09" may be a span of time.
_SHORT_WITH_OFFSET = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?([Zz]|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
# As web pages and as .NET write them: "Mon Jan 03 2022 21:05:00 GMT-0500 (Eastern Standard Time)", and milliseconds
# since 1970 in UTC, "/Date(1641250800000-0500)/", whose offset is that of whoever wrote it down.
_SCRIPT_DATE = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d{4}) (\d\d:\d\d:\d\d) GMT([+-]\d{4})(?: \(.*\))?", re.ASCII
)
_NET_DATE = re.compile(r"\\?/?Date\((\d{12,13})(?:[+-]\d{4})?\)\\?/?", re.ASCII)
# What all of these have, and hardly any other.
_UNTIDY = re.compile(r",|Date\(|GMT[+-]|\d{4}[/.-]\d|\d{4}[T ]\d\d:\d\d:\d\d[\d.]* ?[Zz+-]")
_COMMA_AFTER_DATE = re.compile(r"^(\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}),\s*")
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")
# Years that a nanosecond clock of 64 bits cannot hold are read as the nearest that it can: both are implausible.
_FIRST_YEAR_HELD, _LAST_YEAR_HELD = 1678, 2261
_TWO_DIGIT_YEAR = re.compile(
    r"(?:^|\D)\d{1,2}(?:\D\d{1,2}\D|(?:st|nd|rd|th)?\W{0,2}(?:of )?[A-Za-z]{3,9}\W{0,2})\d{2}(?:\D|$)"
)
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d/%m/%y", "%d-%b-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%m/%d/%y", "%Y %b %d")
_WHOLE = re.compile(r"\d+$")
# "2024-07-01" and "2024-07-01T14": longer texts have minutes.
_ISO_DAY_LENGTH, _ISO_HOUR_LENGTH = 10, 13
_ISO_PRECISIONS = {_ISO_DAY_LENGTH: "day", _ISO_HOUR_LENGTH: "hour"}
# Cells looked at to guess the form of the others.
_SAMPLE = 200


def two_digit_years(texts: Texts) -> NDArray[np.bool_]:
    """Which dates are written with a year of two digits, whose century is a guess."""
    return _contain(_TWO_DIGIT_YEAR, texts)


def parse_walls(
    texts: Texts, formats: Sequence[str], day_first: bool
) -> tuple[pd.Series, NDArray[np.object_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Wall clock times, their precision, which cells are unreadable, and which are UTC because they had an offset."""
    codes, distinct = pd.factorize(texts)
    walls = np.full(len(distinct), np.datetime64("NaT"), dtype="datetime64[ns]")
    precision = np.full(len(distinct), "minute", dtype=object)
    aware = np.zeros(len(distinct), dtype=bool)
    waiting = np.fromiter((not is_nothing(text) for text in distinct), dtype=bool, count=len(distinct))

    def settle(read: Callable[[Texts], pd.Series], candidates: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Read the candidates; those that could be read are no longer waiting."""
        rows = np.flatnonzero(candidates)
        settled = np.zeros(len(distinct), dtype=bool)
        if rows.size:
            found = read(distinct[rows]).to_numpy()
            good = ~np.isnat(found)
            walls[rows[good]] = found[good]
            settled[rows[good]] = True
            waiting[rows[good]] = False
        return settled

    for form in formats:
        if is_clock_format(form):
            continue
        settled = settle(by_format(form), waiting)
        precision[settled] = precision_of(form)
        if form in EXCEL_FORMATS:
            precision[settled & _matches(_WHOLE, distinct)] = "day"
        aware |= settled & ("%z" in form or form in UNIX_FORMATS)
    iso = _matches(ISO_DATE, distinct)
    ends_in_utc = np.fromiter((text.endswith(("UTC", "GMT")) for text in distinct), dtype=bool, count=len(distinct))
    odd = waiting & (ends_in_utc | (~iso & _contain(_UNTIDY, distinct)))
    if odd.any():
        distinct = distinct.copy()
        distinct[odd] = [_tidied(text, day_first) for text in distinct[odd]]
        iso = _matches(ISO_DATE, distinct)
    iso &= waiting
    if iso.any():
        offset = iso & _matches(_OFFSET, distinct)
        aware |= settle(_utc_iso, offset)
        settled = settle(_naive_iso, iso & ~offset)
        lengths = np.fromiter(map(len, distinct), dtype=int, count=len(distinct))
        precision[settled & (lengths <= _ISO_DAY_LENGTH)] = "day"
        precision[settled & (lengths == _ISO_HOUR_LENGTH)] = "hour"
    for form in _common_forms(day_first, sample=distinct[waiting][:_SAMPLE]):
        if not waiting.any():
            break
        settled = settle(by_format(form), waiting)
        precision[settled] = precision_of(form)
    if waiting.any():
        written = {text: time_in_words(text, day_first=day_first) for text in distinct[waiting]}
        settled = settle(lambda cells: _naive_iso(np.array([written[text] for text in cells], dtype=object)), waiting)
        for row in np.flatnonzero(settled):
            precision[row] = _ISO_PRECISIONS.get(len(written[distinct[row]]), "minute")
    if waiting.any():
        rows = np.flatnonzero(waiting)
        _read_far_years(distinct, rows, formats, day_first, walls=walls, precision=precision, waiting=waiting)
    return pd.Series(walls[codes]), precision[codes], waiting[codes], aware[codes]


def _tidied(text: str, day_first: bool) -> str:
    """A time as databases and web services write it, brought nearer to ISO 8601 or a common form."""
    if _INTERNET_DATE.fullmatch(text):
        try:
            return parsedate_to_datetime(text).isoformat()
        except ValueError:
            return text
    if found := _SCRIPT_DATE.fullmatch(text):
        month, day, year, clock, offset = found.groups()
        return f"{year}-{MONTHS.index(month.lower()) + 1:02}-{day}T{clock}{offset}" if month.lower() in MONTHS else text
    if found := _NET_DATE.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]) // 1_000, UTC).isoformat()
    if found := _SHORT_WITH_OFFSET.fullmatch(text):
        day, month = found.group(*((1, 3) if day_first else (3, 1)))
        return f"{found[4]}-{int(month):02}-{int(day):02}T{found[5]}{found[6]}"
    text = _NAMED_UTC.sub("Z", text) if _YEAR_FIRST.match(text) else text
    return _COMMA_AFTER_DATE.sub(r"\1 ", _YEAR_FIRST.sub(_hyphened, text))


def _hyphened(year_first: re.Match[str]) -> str:
    year, month, day = year_first.groups()
    return f"{year}-{int(month):02}-{int(day):02}"


def _read_far_years(
    distinct: Texts,
    rows: NDArray[np.intp],
    formats: Sequence[str],
    day_first: bool,
    *,
    walls: NDArray[np.datetime64],
    precision: NDArray[np.object_],
    waiting: NDArray[np.bool_],
) -> None:
    """Times such as 2999-01-01, which have a known form and a year that cannot be held, become the nearest held."""
    far, texts = [], []
    for row in rows:
        years = [int(each) for each in _FOUR_DIGITS.findall(distinct[row])]
        beyond = [year for year in years if not _FIRST_YEAR_HELD <= year <= _LAST_YEAR_HELD]
        if len(beyond) == 1:
            far.append((row, beyond[0]))
            texts.append(distinct[row].replace(f"{beyond[0]:04}", "2000", 1))
    if not far:
        return
    near = np.empty(len(texts), dtype=object)
    near[:] = texts
    _walls, found_precision, unreadable, _aware = parse_walls(near, formats, day_first)
    for (row, year), form, bad in zip(far, found_precision, unreadable, strict=True):
        if not bad:
            held = _LAST_YEAR_HELD if year > _LAST_YEAR_HELD else _FIRST_YEAR_HELD
            walls[row], precision[row], waiting[row] = np.datetime64(f"{held}-01-01"), form, False


def _common_forms(day_first: bool, *, sample: Texts) -> Iterator[str]:
    """The common forms, those that fit most of the sample first: a form that fits all saves trying the others."""
    if not len(sample):
        return
    dates = _DAY_FIRST if day_first else _MONTH_FIRST
    clocks = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
    unfit: dict[str, int] = {}
    for form in [*(f"{day} {clock}" for day in dates for clock in clocks), *dates]:
        unfit[form] = int(by_format(form)(sample).isna().sum())
        if not unfit[form]:
            yield form
    yield from sorted(filter(unfit.get, unfit), key=unfit.__getitem__)


def _utc_iso(cells: Texts) -> pd.Series:
    return naive_utc(pd.to_datetime(pd.Series(cells), format="ISO8601", errors="coerce", utc=True))


def _naive_iso(cells: Texts) -> pd.Series:
    return pd.to_datetime(pd.Series(cells), format="ISO8601", errors="coerce").astype("datetime64[ns]")


def _matches(pattern: re.Pattern[str], texts: Texts) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, map(pattern.match, texts)), dtype=bool, count=len(texts))


def _contain(pattern: re.Pattern[str], texts: Texts) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, map(pattern.search, texts)), dtype=bool, count=len(texts))
