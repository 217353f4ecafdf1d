"""What a laboratory's finding says in one cell: a substance and how sure, as in "Opioid confirmed: heroin".

Only cells that are made of words on closed lists are read, so that no other word comes into a mapping.
"""

import re

from data import schema
from data.drafting.column_facts import ColumnFacts
from data.drafting.work import Work
from data.value_words import certain_words
from data.values import is_nothing, known_choices, plain_value

__all__ = ["finding_of", "findings_column"]

_HEADING = re.compile(r"\b(?:lab|laboratory|toxicology|tox|analysis|findings?|forensic|results?)\b")
# Of the column's cells so many must be findings.
_SHARE_READ = 0.8
_FOUND = frozenset(["confirmed", "detected", "positive", "identified", "found", "present"])
_OPEN = frozenset(["inconclusive", "insufficient", "pending", "untested", "awaited", "awaiting", "undetermined"])
_NOT_OPIOID = re.compile(r"\b(?:not (?:an? |to be (?:an? )?)?|non |no )(?:opioids?|opiates?)\b")
_OPIOID = frozenset(["opioid", "opioids", "opiate", "opiates"])
_SAY_NOTHING = frozenset(
    ["a", "an", "and", "the", "only", "in", "of", "was", "is", "to", "be", "sample", "result", "results", "lab", "drug"]
)
_MOST_WORDS = 3


def finding_of(text: str) -> tuple[str, str] | None:
    """The substance and the certainty of a finding; None where one of its words is on no list, or it is unclear."""
    words = " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())
    rest = _NOT_OPIOID.sub(" ", f" {words} ")
    negative = rest != f" {words} "
    tokens = rest.split()
    found, substances, unsettled = False, set(), False
    known = _substances()
    while tokens:
        size = next((n for n in range(_MOST_WORDS, 0, -1) if "_".join(tokens[:n]) in known and len(tokens) >= n), 0)
        if size:
            substances.add(known["_".join(tokens[:size])])
        elif tokens[0] in _FOUND:
            found = True
        elif tokens[0] in _OPEN:
            unsettled = True
        elif tokens[0] in _OPIOID:
            substances.add("other_opioid")
        elif tokens[0] not in _SAY_NOTHING:
            return None
        tokens = tokens[max(size, 1) :]
    if len(substances) > 1:
        # "Opioid confirmed: heroin" names the kind and the drug.
        substances.discard("other_opioid")
    if len(substances) > 1 or (unsettled and (found or negative or substances)):
        return None
    substance = next(iter(substances), schema.NOT_RECORDED)
    if negative:
        return (substance, "found_not_opioid")
    if found and substances:
        return (substance, "confirmed")
    return (schema.NOT_RECORDED, schema.NOT_RECORDED) if unsettled else None


def findings_column(work: Work) -> ColumnFacts | None:
    """The column of a laboratory's findings, each with its substance and how sure it is; None where there is none."""
    for column in work.facts:
        if not _HEADING.search(column.plain) or "category" not in column.kinds:
            continue
        cells = [text for text in work.cells(column) if not is_nothing(text)]
        read = [found for text in cells if (found := finding_of(text))]
        both = {sure for _substance, sure in read} & {"confirmed", "found_not_opioid"}
        if cells and len(read) >= _SHARE_READ * len(cells) and both and len({each for each, _sure in read}) > 1:
            return column
    return None


def _substances() -> dict[str, str]:
    about = schema.table_named("substances").field("substance")
    words = known_choices(about, {}) | certain_words(about, yes_no={})
    known = {plain_value(word): value for word, value in words.items() if value and value != schema.NOT_RECORDED}
    return known | {f"{word}s": value for word, value in known.items() if f"{word}s" not in known}
