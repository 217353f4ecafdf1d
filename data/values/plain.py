"""A cell in plain form, as values are compared, and what says that nothing was recorded."""

import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NOTHING",
    "NO_WORDS",
    "YES_WORDS",
    "Texts",
    "is_nothing",
    "kind_of_value",
    "plain_forms",
    "plain_value",
    "whole_number",
]

Texts = NDArray[np.object_]

YES_WORDS = ("y", "yes", "true", "t", "1", "ticked", "checked")
NO_WORDS = ("n", "no", "false", "f", "0")
# What forms hold where nothing was recorded, in plain form.
# fmt: off
NOTHING = frozenset({
    "unknown", "unk", "not_known", "nk", "not_recorded", "not_stated", "not_given", "none", "none_given",
    "none_recorded", "none_stated", "n_k", "n_a", "na", "not_applicable", "null", "nil", "nan", "nat", "blank", "?",
    "-", "--", ".", "tbc", "anhysbys",
})
# fmt: on
# What MySQL and PostgreSQL write for NULL; without its stroke it would read as "no".
_DATABASE_NULL = "\\n"
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
# The code of a list behind its word, as in "Naloxone (7242)".
_CODE_BEHIND = re.compile(r"[(\[](?=[^)\]]{0,19}\d)[\w.:-]{1,20}[)\]]$")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")


def plain_value(text: str) -> str:
    """A value without case, spaces or punctuation, as values are compared; punctuation alone stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    if folded == _DATABASE_NULL:
        return "null"
    return _NOT_ALPHANUMERIC.sub("_", folded).strip("_") or folded


def plain_forms(text: str) -> tuple[str, ...]:
    """The plain forms by which a cell may be known: as it stands, without the code of "Naloxone (7242)", and either
    side of "Male / Homme", as forms in two languages have it, unless one side says yes and the other no."""
    forms = [plain_value(text)]
    stripped = text.strip()
    if stripped.endswith((")", "]")):
        forms.append(plain_value(_CODE_BEHIND.sub("", stripped)))
    sides = [plain_value(side) for side in stripped.split("/")] if stripped.count("/") == 1 else []
    if all(sides) and not (set(sides) & set(YES_WORDS) and set(sides) & set(NO_WORDS)):
        forms += sides
    return tuple(dict.fromkeys((forms[0], *filter(None, forms[1:]))))


def is_nothing(text: str) -> bool:
    """Whether a cell is empty or says that nothing was recorded."""
    # No such word begins or ends with a digit, and most codes, dates and numbers do.
    return not text or not (text[0].isdigit() or text[-1].isdigit() or plain_value(text) not in NOTHING)


def whole_number(text: str) -> str:
    """A text without the ".0" that spreadsheets and data frames add to whole numbers."""
    found = _WHOLE_FLOAT.fullmatch(text.strip())
    return found[1] if found else text


def kind_of_value(text: str) -> str:
    """What a cell looks like: empty, number, date, time or text; all that is ever kept of an unusable cell."""
    stripped = text.strip()
    if not stripped:
        return "empty"
    if re.fullmatch(r"[+-]?[\d .,]*\d[\d .,]*(?:[eE][+-]?\d+)?", stripped):
        return "number"
    if re.fullmatch(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?", stripped):
        return "time"
    if re.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", stripped):
        return "date"
    return "text"
