"""Names of people and officers, and keys of the source: a text that has one is in the wrong column, and never stored.

They are sought in the block in hand alone, and nothing of them outlives it.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from data.pseudonymise import normalise_code, normalise_name
from data.records.cells import Mask, mapped
from data.records.officers import officer_headings
from data.records.people import names_of_people
from data.records.work import BlockWork
from data.values import Texts, plain_value

__all__ = ["gives_away", "words_of_names"]

# A shorter key, such as a person's number in an incident, is too common a text to be told by.
_SHORTEST_KEY = 6


def gives_away(work: BlockWork, texts: Texts) -> Mask:
    """Which texts hold a name or are a key that stands in its own column in this block: they slipped in there."""
    if work.identifying is None:
        work.identifying = _names_and_keys(work)
    names, keys = work.identifying
    sizes = sorted({len(name) for name in names})

    def holds_one(text: str) -> bool:
        words = normalise_name(text).split()
        return normalise_code(text) in keys or any(
            frozenset(some) in names for size in sizes for some in combinations(words, size)
        )

    known = ~pd.isna(texts)
    found = np.zeros(len(texts), dtype=bool)
    found[known] = mapped(texts[known], holds_one).astype(bool)
    return found


def words_of_names(work: BlockWork) -> set[str]:
    """The words of every name in this block: a value that has one is a name in the wrong column."""
    officers = [work.cells(heading).texts for heading in officer_headings(work.mapping)]
    return {
        word
        for names in (*officers, names_of_people(work))
        for name in pd.unique(names)
        for word in plain_value(name).split("_")
    }


def _names_and_keys(work: BlockWork) -> tuple[set[frozenset[str]], set[str]]:
    """Names of two words or more as sets of words, and keys of six characters or more: shorter ones are words."""
    mapping, fields = work.mapping, work.rules.fields
    names = [mapped(work.cells(heading).texts, normalise_name) for heading in officer_headings(mapping)]
    names.append(names_of_people(work))
    words = {frozenset(name.split()) for each in names for name in pd.unique(each)}
    # A column may serve as part of a key and as a text, such as a station with its own numbering.
    as_text = {heading for name, field in fields.items() if not field.token for heading in mapping.headings_of(name)}
    as_text |= {dose.product for dose in mapping.doses if dose.product}
    numbers = {heading for name, field in fields.items() if field.token for heading in mapping.key_headings(name)}
    codes = {normalise_code(text) for each in numbers - as_text for text in pd.unique(work.cells(each).texts)}
    return {name for name in words if len(name) > 1}, {code for code in codes if len(code) >= _SHORTEST_KEY}
