"""Headings in plain words, and how well they name a field: by closed lists of how forces and open data head columns.

A pattern is matched against a heading's plain words: "OccurrenceNo." is "occurrence no". `strong` patterns name the
field, `weak` ones could mean another as well. `kinds` are what the cells may look like (data.drafting.column_facts).
"""

import re
from functools import cache

from data.drafting.coded_headings import without_codes
from data.drafting.field_patterns import ABODES, EXPORT_NUMBERS, FieldWords
from data.drafting.run_together import parted
from data.drafting.table_words import TABLE_SIGNS, WORDS
from data.drafting.welsh_words import in_english

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
# "10. Aided person's response", "Q7a) Gender", "eTimes.06 Unit Arrived": the number of a question or an element.
_NUMBERED = re.compile(
    r"(?:q?\d{1,3}(?:\.\d{1,2})?[a-z]?(?:[.):]|\s-)|e[a-z]{4,20}\.\d\d)\s+(?=[^\W\d])", re.IGNORECASE
)
# Words that say nothing: "Was the person conscious? (Y/N)".
_EMPTY = frozenset(
    ["the", "a", "an", "of", "was", "were", "is", "did", "do", "does", "y", "n", "if", "known", "please", "has", "any"]
)

# Headings of what people write at length or where they live: never read, never shown.
FREE_TEXT = re.compile(
    r"\b(notes?|remarks?|comments?|narrative|summary|description|free text|circumstances|details|log text|mo|"
    r"modus operandi|update|address|street|flat|house|location|telephone|phone|e ?mail)\b"
)


def plain_words(heading: str, *, numbered: bool = False) -> str:
    """A heading as plain words: without case, punctuation and words that say nothing.

    The number of a question before it is left out, unless `numbered` says that it tells headings apart.
    """
    heading = without_codes(heading.strip())
    if heading in ("_id", ":id"):
        # How open data portals head the numbers of rows.
        return "row id"
    if heading.startswith((":created_at", ":updated_at", ":version", ":@computed_region")):
        return "of portal"
    one, _mark, other = heading.partition(" / ")
    if other and (known := _known_side(one, other)):
        return known
    return in_english(_plain_words(heading, numbered=numbered))


def _known_side(one: str, other: str) -> str:
    """The side of a heading in two languages that is known, where the other is not at all; "" for what is not."""
    sides = [_plain_words(each) for each in (one, other)]
    if sides[0] == sides[1]:
        return sides[0]
    if "/" in other or any(FREE_TEXT.search(each) for each in sides):
        return ""
    scores = [_best_score(each) for each in sides]
    return sides[scores.index(1.0)] if sorted(scores) == [0.0, 1.0] else ""


@cache
def _best_score(plain: str) -> float:
    return max(match_heading(each, plain) for words in WORDS.values() for each in words)


def _plain_words(heading: str, *, numbered: bool = False) -> str:
    if not numbered and (found := _NUMBERED.match(heading)):
        heading = heading[found.end() :]
    words = _NOT_WORDS.sub(" ", _CAMEL.sub(" ", heading.replace("#", " no "))).casefold().split()
    if len(words) == 1 and _best_score(words[0]) < 1:
        words = list(parted(words[0]))
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
