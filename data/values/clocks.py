"""Times of day: on a clock, in words, as shares of a day, and past midnight."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.time_texts import clock_in_words
from data.values.formats import ISO_DATE, SECONDS_A_DAY, is_clock_format
from data.values.plain import Texts, is_nothing

__all__ = ["hours_alone", "past_midnight", "times_of_day"]

_CLOCKS = ("%H:%M:%S", "%H:%M", "%H.%M", "%H%M", "%I:%M %p", "%I:%M%p", "%I:%M:%S %p", "%H:%M:%S.%f")
# A time of day as a workbook keeps it: a share of the day.
_SHARE_OF_DAY = re.compile(r"0?[.,]\d+|0|1")
_CLOCK_WITH_POINT = re.compile(r"\d{1,2}\.\d\d")
# "930" for 09:30, "45" for 00:45: a spreadsheet took the zeros in front. One of hundreds tells how all are meant.
_HOURS_BEHIND = re.compile(r"(?<=\d) ?(?:hours|hrs?|h)\.?$", re.IGNORECASE)
# "16h", "16 hrs": a full hour, and no minutes past midnight.
_WHOLE_HOURS = re.compile(r"^((?:[01]?\d|2[0-3])) ?(?:hours|hrs?|h)\.?$", re.IGNORECASE | re.ASCII)
# The same, and "9 pm": what follows the hour says that there are no minutes.
_HOUR_ALONE = re.compile(r"(?:[01]?\d|2[0-3]) ?(?:h(?:(?:ou)?rs?)?|[ap]\.? ?m)\.?", re.IGNORECASE | re.ASCII)
_BARE_CLOCK, _HUNDREDS = re.compile(r"\d{1,4}(?:\.0)?", re.ASCII), re.compile(r"\d{3,4}(?:\.0)?", re.ASCII)


def past_midnight(
    clocks: Texts, earlier: Texts, *, longest: pd.Timedelta, formats: Sequence[str] = ()
) -> NDArray[np.bool_]:
    """Which `clocks` are past midnight: before the `earlier` ones, and the next day no longer than `longest` after."""
    (later, _bad), (first, _bad_first) = (times_of_day(each, formats=formats) for each in (clocks, earlier))
    return ((later < first) & (later + pd.Timedelta(days=1) - first <= longest)).to_numpy()


def times_of_day(texts: Texts, *, formats: Sequence[str] = ()) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Times of day as spans since midnight (NaT where missing or unusable), and which cells are no time of day.

    Those of the `formats` that have no date are tried first.
    """
    codes, distinct = pd.factorize(texts)
    # A workbook gives a time of day with a date before it where the cell's format lacks one.
    parts = pd.Series([text.split(" ")[-1] if ISO_DATE.match(text) else text for text in distinct], dtype=object)
    found = pd.Series(pd.NaT, index=parts.index, dtype="datetime64[ns]")
    for form in filter(is_clock_format, formats):
        found = found.fillna(pd.to_datetime(parts, format=form, errors="coerce"))
    parts = parts.str.replace(_WHOLE_HOURS, r"\1:00", regex=True).str.replace(_HOURS_BEHIND, "", regex=True)
    shares = _shares_of_a_day(parts.mask(found.notna(), ""))
    bare = parts.str.fullmatch(_BARE_CLOCK) & shares.isna()
    padded = parts.str.removesuffix(".0").str.zfill(4)
    parts = parts.mask(bare, padded if (bare & parts.str.fullmatch(_HUNDREDS)).any() else "")
    for form in _CLOCKS:
        found = found.fillna(pd.to_datetime(parts[found.isna() & shares.isna()], format=form, errors="coerce"))
    written = parts[found.isna() & shares.isna()].map(clock_in_words)
    found = found.fillna(pd.to_datetime(written, format="%H:%M:%S", errors="coerce"))
    spans = (found - found.dt.normalize()).fillna(shares)
    found = found.fillna(pd.Timestamp(0) + shares)
    missing = np.array([is_nothing(text) for text in distinct], dtype=bool)
    unreadable = found.isna().to_numpy() & ~missing
    return spans.take(codes).reset_index(drop=True), unreadable[codes]


def hours_alone(texts: Texts, formats: Sequence[str]) -> NDArray[np.bool_]:
    """Which times of day give the hour and no minutes: by their form, or by a format that has none."""
    codes, distinct = pd.factorize(texts)
    alone = pd.Series(distinct, dtype=object).str.fullmatch(_HOUR_ALONE).to_numpy(dtype=bool)
    for form in formats:
        if is_clock_format(form) and "%M" not in form:
            alone |= pd.to_datetime(pd.Series(distinct), format=form, errors="coerce").notna().to_numpy()
    return alone[codes]


def _shares_of_a_day(texts: pd.Series) -> pd.Series:
    """Times of day that a workbook gave as shares of the day, where all with a point in them are: 0.5 is noon.

    "0.30" alone may be half past midnight, so some must have other than two decimals.
    """
    shares = texts.str.fullmatch(_SHARE_OF_DAY)
    pointed = texts.str.contains(r"[.,]", regex=True)
    certain = shares & pointed & ~texts.str.fullmatch(_CLOCK_WITH_POINT)
    if not certain.any() or (pointed & ~shares).any():
        return pd.Series(pd.NaT, index=texts.index, dtype="timedelta64[ns]")
    days = pd.to_numeric(texts.where(shares).str.replace(",", "."), errors="coerce") % 1.0
    return pd.to_timedelta((days * SECONDS_A_DAY).round(), unit="s")
