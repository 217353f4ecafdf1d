"""Headings in plain words, and how well they name a field: by closed lists of how forces and open data head columns.

A pattern is matched against a heading's plain words: "OccurrenceNo." is "occurrence no". `strong` patterns name the
field, `weak` ones could mean another as well. `kinds` are what the cells may look like (data.drafting.column_facts).
"""

import re
from functools import cache

from data.drafting.field_patterns import ABODES, EXPORT_NUMBERS, FieldWords
from data.drafting.table_words import TABLE_SIGNS, WORDS

__all__ = [
    "ABODES",
    "EXPORT_NUMBERS",
    "FREE_TEXT",
    "TABLE_SIGNS",
    "FieldWords",
    "field_words",
    "match_heading",
    "plain_words",
]

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_NOT_WORDS = re.compile(r"[\W_]+")
# Words that say nothing: "Was the person conscious? (Y/N)".
_EMPTY = frozenset(
    ["the", "a", "an", "of", "was", "were", "is", "did", "do", "does", "y", "n", "if", "known", "please", "has", "any"]
)

# Headings of what people write at length or where they live: never read, never shown.
FREE_TEXT = re.compile(
    r"\b(notes?|remarks?|comments?|narrative|summary|description|free text|circumstances|details|log text|mo|"
    r"modus operandi|update|address|street|flat|house|location|telephone|phone|e ?mail)\b"
)


def plain_words(heading: str) -> str:
    """A heading as plain words: without case, punctuation and words that say nothing."""
    if heading.strip() in ("_id", ":id"):
        # How open data portals head the numbers of rows.
        return "row id"
    words = _NOT_WORDS.sub(" ", _CAMEL.sub(" ", heading.replace("#", " no "))).casefold().split()
    # "Y" beside no "N" is a coordinate's.
    empty = _EMPTY if "n" in words else _EMPTY - {"y"}
    return " ".join([word for word in words if word not in empty] or words)


@cache
def match_heading(words: FieldWords, plain: str) -> float:
    """How well a heading in plain words names the field: 1 in so many words, 0 not at all."""
    own = words.field.rpartition(".")[2].replace("_", " ")
    if plain == own or any(re.fullmatch(each, plain) for each in (words.exact, words.strong) if each):
        return 1.0
    if found := re.search(rf"\b(?:{words.strong})\b", plain):
        # The more of the heading the pattern explains, the surer.
        return 0.7 + 0.25 * len(found[0]) / len(plain)
    return 0.5 if words.weak and re.search(rf"\b(?:{words.weak})\b", plain) else 0.0


def field_words(table: str) -> tuple[FieldWords, ...]:
    """The fields that a file for `table` may fill, with how they are headed; none for other tables."""
    return WORDS.get(table, ())
