"""Texts that may be stored as they stand: categories, which say nothing of a person, and those of a list."""

import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.values.plain import NOTHING, Texts, plain_value

__all__ = ["holds_personal_data", "parse_listed", "parse_texts"]

# A category, a station or a product fits; a remark about a person does not and would be stored as it stands.
_LONGEST_TEXT = 60
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|ionawr|chwef|mawrth|ebrill|mai|mehef|gorff|awst|medi|hydref|tach|rhag)[^\W\d_]*"
)
_DAY_OF_MONTH = r"(?<!\d)\d{1,2}(?:st|nd|rd|th|af|il|ydd|fed|eg|ain)?"
_RANK = r"(?:p\.?c|p\.?s|d\.?c|d\.?s|d\.?i|t/?dc|spc|sc|pcso|csi|sgt|sergeant|insp|inspector|constable|officer|collar)"
# Dates of birth, telephone and NHS numbers, e-mail addresses, collar numbers: never part of a category's name.
_PERSONAL = re.compile(
    r"@|\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}|(?:\d[ \-]?){9,}"
    # 14 March 1971, 14-Mar-71, 14MAR1971; March 14, 1971; 19710314, 14031971 (lots of today start with 20).
    rf"|{_DAY_OF_MONTH}\W*(?:of\s+|o\s+)?{_MONTH}\W*(?:\d{{4}}|\d{{2}})(?!\d)"
    rf"|\b{_MONTH}\W+{_DAY_OF_MONTH}\W+\d{{2,4}}(?!\d)"
    r"|(?<!\d)(?:19\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])19\d\d)(?!\d)"
    rf"|\b{_RANK}\.?\W*(?:no\W*|number\W*)?\d{{1,6}}(?!\d)|(?<!\d)\d{{2,6}}\W*{_RANK}\b",
    re.IGNORECASE,
)


def parse_texts(texts: Texts, *, own: Mapping[str, str]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Texts to be stored as they stand (None where missing), and which must not be: too long, or like personal data.

    `own` (the mapping's values) replaces a text by another, or lets one through.
    """
    known = {plain_value(raw): value for raw, value in own.items()}
    codes, distinct = pd.factorize(texts)
    found = np.empty(len(distinct), dtype=object)
    wrong = np.zeros(len(distinct), dtype=bool)
    for index, text in enumerate(distinct):
        plain = plain_value(text)
        if plain in known:
            found[index] = known[plain] or None
        elif not text or plain in NOTHING:
            found[index] = None
        elif len(text) > _LONGEST_TEXT or holds_personal_data(text) or not text.isprintable():
            wrong[index] = True
        else:
            found[index] = " ".join(text.split())
    return found[codes], wrong[codes]


def holds_personal_data(text: str) -> bool:
    """Whether a text holds a date, a collar, telephone or NHS number or an e-mail address. Names it cannot tell."""
    return bool(_PERSONAL.search(text))


def parse_listed(
    texts: Texts, *, own: Mapping[str, str], find: Callable[[str], str | None]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Texts of a list that a nation or a deployment keeps (None where missing or not in it), and which are not in it.

    `own` (the mapping's values) adds to the list what it names, in either form; `find` gives a text's listed form.
    """
    named = {plain_value(value): value for value in own.values()} | {plain_value(raw): own[raw] for raw in own}
    codes, distinct = pd.factorize(texts)
    found = np.empty(len(distinct), dtype=object)
    wrong = np.zeros(len(distinct), dtype=bool)
    for index, text in enumerate(distinct):
        plain = plain_value(text)
        if plain in named:
            found[index] = named[plain] or None
        elif text and plain not in NOTHING:
            found[index] = find(text) if len(text) <= _LONGEST_TEXT else None
            wrong[index] = found[index] is None
    return found[codes], wrong[codes]
