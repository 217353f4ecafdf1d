"""Numbers in figures and in words, counts of doses and ages."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.values.plain import Texts, is_nothing, plain_value

__all__ = ["is_counted_doses", "is_least_number", "is_rounded_number", "parse_numbers", "says_unknown_number"]

_LEAST_NUMBER = re.compile(r"(\d+) ?\+|(\d+) or more|(?:>=|\u2265) ?(\d+)", re.IGNORECASE)
# "2 x 1.8mg", "1.8 mg x 2", "2 doses": so many doses, whatever each of them is.
_STRENGTH = r"\d+(?:[.,]\d+)? ?(?:mg|mcg|ug)\b"
_COUNTED_DOSES = re.compile(
    rf"(\d{{1,2}}) ?[x*\u00d7] ?{_STRENGTH}.*|{_STRENGTH} ?[x*\u00d7] ?(\d{{1,2}})"
    r"|(\d{1,2}) ?x? ?(?:doses?|sprays?|actuations?)",
    re.IGNORECASE,
)
_NUMBER_WORDS = {"single_dose": "1", "multiple_doses": "2+", "multiple_dose": "2+"}
_TO_TWELVE = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# "Two", "two sprays", "Two (2)".
_NUMBER_IN_WORDS = re.compile(
    rf"({'|'.join(_TO_TWELVE)})(?:[ -](?:doses?|sprays?|actuations?|kits?))?(?: ?[(\[]?(\d{{1,2}})[)\]]?)?",
    re.IGNORECASE,
)
# "52 years", "52 yrs old", "52y", "52 y/o", and of infants months.
_YEARS_OLD = re.compile(
    r"(\d{1,3}) ?(?:y(?:ea)?rs?\.?|years?|y ?/? ?o|y)(?:[ -]?(?:old|of age))?\.?|(\d{1,2}) ?(?:months?|mths?)(?: old)?",
    re.IGNORECASE | re.ASCII,
)
_MONTHS_A_YEAR = 12
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
# "Given unknown doses", "number not recorded"; a text with a digit says a number.
_UNKNOWN_NUMBER = re.compile(
    r"(?:^|_)(?:unk|unknown|unsure|unclear|uncertain|(?:not|never)_(?:known|recorded|stated|sure|noted))(?:_|$)"
)
_NUMBER = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_ROUNDED_NUMBER = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,3}", re.ASCII)


def is_rounded_number(text: str) -> bool:
    """Whether a cell is a long number that a spreadsheet has cut to its first digits, such as 6.24E+11."""
    return bool(_ROUNDED_NUMBER.fullmatch(text))


def is_least_number(text: str) -> bool:
    """Whether a cell gives the least that a number can be, such as "2+" or "3 or more"."""
    return bool(_LEAST_NUMBER.fullmatch(_NUMBER_WORDS.get(plain_value(text), text).strip()))


def says_unknown_number(text: str) -> bool:
    """Whether words that stand for a number say that nobody knows or noted it."""
    return bool(_UNKNOWN_NUMBER.search(plain_value(text)))


def parse_numbers(
    texts: Texts,
    *,
    decimal: str = ".",
    minimum: float = -np.inf,
    maximum: float = np.inf,
    whole: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Numbers (NaN where missing or unusable), which cells are no number, and which are outside what is allowed.

    Of whole numbers "2+" is the least that it can be (see is_least_number), and "2 x 1.8mg" is 2. "Three" and
    "52 years" are numbers, and with a decimal point the commas of "434,229" divide thousands.
    """
    codes, distinct = pd.factorize(texts)
    plain = [_least_number(text) if whole else text for text in distinct]
    numbers = np.array([float(_as_python(text, decimal) or "nan") for text in plain], dtype=float)
    missing = np.array([is_nothing(text) for text in distinct], dtype=bool)
    unreadable = ~np.isfinite(numbers) & ~missing
    outside = np.isfinite(numbers) & ((numbers < minimum) | (numbers > maximum))
    if whole:
        outside |= np.isfinite(numbers) & (numbers != np.round(numbers))
    numbers = np.where(outside | unreadable | missing, np.nan, numbers)
    return numbers[codes], unreadable[codes], outside[codes]


def is_counted_doses(text: str) -> bool:
    """Whether a cell says how many doses of a strength were given, such as "2 x 1.8mg"."""
    return bool(_COUNTED_DOSES.fullmatch(text.strip()))


def _least_number(text: str) -> str:
    text = _NUMBER_WORDS.get(plain_value(text), text)
    found = _LEAST_NUMBER.fullmatch(text.strip()) or _COUNTED_DOSES.fullmatch(text.strip())
    return next(filter(None, found.groups())) if found else text


def _as_python(text: str, decimal: str) -> str:
    """The number as Python writes it, "" for what is none: only digits, sign, point and exponent make a number."""
    if decimal == "." and _NUMBER.fullmatch(text):
        return text
    compact = text.replace("\u2212", "-").replace("\u00a0", "").replace(" ", "")
    if decimal == ",":
        compact = compact.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(compact):
        compact = compact.replace(",", "")
    return compact if _NUMBER.fullmatch(compact) else _in_figures(text)


def _in_figures(text: str) -> str:
    """The figures of a number or an age in words, "" for what is none."""
    if found := _YEARS_OLD.fullmatch(text.strip()):
        return found[1] or str(int(found[2]) // _MONTHS_A_YEAR)
    found = _NUMBER_IN_WORDS.fullmatch(text.strip())
    number = str(_TO_TWELVE.index(found[1].lower()) + 1) if found else ""
    return number if found and found[2] in (None, number) else ""
