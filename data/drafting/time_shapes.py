"""The form of a date or time that no known form fits: its parts as strptime's codes, or at least their look.

Neither holds anything of a cell but marks and words of closed lists: digits and other letters never get out.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["forms_like", "look_of"]

# Cells looked at; those of one column are written alike.
_CELLS = 200
_MOST_FORMS = 3
_LONGEST_LOOK = 40
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
_MONTHS += ("december",)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Words that stand between the parts of a time.
_BETWEEN = frozenset({"at", "on", "of", "the", "t", "h", "hr", "hrs", "hours", "date", "time"})
_PARTS = re.compile(r"\d+(?:[:.]\d\d){1,2}(?![:.]?\d)|\d+|[^\W\d_]+|\W|_")


def forms_like(cells: Iterable[str], *, day_first: bool) -> tuple[str, ...]:
    """Formats in strptime's codes that fit the look of cells, the most frequent first."""
    found = Counter(_form(cell, day_first=day_first) for cell in itertools.islice(cells, _CELLS))
    return tuple(form for form, _count in found.most_common() if form)[:_MOST_FORMS]


def look_of(cells: Iterable[str]) -> str:
    """How most cells look, "99 abc 9999 at 99.99": 9 for a digit, abc for any word; "" for those without a digit."""
    looks = (_PARTS.sub(_masked, cell) for cell in itertools.islice(cells, _CELLS))
    found = Counter(look for look in looks if "9" in look and len(look) <= _LONGEST_LOOK)
    return found.most_common(1)[0][0] if found else ""


def _masked(part: re.Match[str]) -> str:
    text = part[0]
    if text.isalpha():
        return text.lower() if text.lower() in _BETWEEN else "abc"
    return re.sub(r"\d", "9", text)


def _form(text: str, *, day_first: bool) -> str:
    """The codes of one text; "" where a part is none that a date or time has, or could be of several meanings."""
    parts = _PARTS.findall(text)
    if sum(part.isdecimal() and len(part) == 4 for part in parts) > 1:  # which of them is the year?
        return ""
    halves = any(part.lower() in ("am", "pm") for part in parts)
    named = any(_name(part, _MONTHS) for part in parts)
    dated = ["%d"] if named else ["%d", "%m"] if day_first else ["%m", "%d"]
    codes = []
    for part in parts:
        if part.isalpha():
            code = _word(part)
        elif re.search(r"\d[:.]", part):
            code = _clock(part, halves=halves)
        elif part.isdecimal():
            code = "%Y" if len(part) == 4 else "" if len(part) > 2 else dated.pop(0) if dated else "%y"
        else:
            code = part.replace("%", "%%")
        if not code:
            return ""
        codes.append(code)
    years = codes.count("%Y") + codes.count("%y")
    return "".join(codes) if years == 1 and not dated else ""


def _word(word: str) -> str:
    if word.lower() in ("am", "pm"):
        return "%p"
    for names, short, long in ((_MONTHS, "%b", "%B"), (_DAYS, "%a", "%A")):
        if found := _name(word, names):
            return long if len(found) == len(word) and found != "may" else short
    return word if word.lower() in _BETWEEN else ""


def _name(word: str, names: tuple[str, ...]) -> str:
    """The name that a word is, in full or by its first three letters; "" for none."""
    return next((name for name in names if word.lower() in (name, name[:3])), "")


def _clock(part: str, *, halves: bool) -> str:
    hours, marks = "%I" if halves else "%H", re.findall(r"[:.]", part)
    return hours + "".join(mark + code for mark, code in zip(marks, ("%M", "%S"), strict=False))
