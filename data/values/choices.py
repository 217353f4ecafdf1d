"""Words of the schema's closed lists, and of several substances in one cell."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schema import YES_NO, Field
from data.values.plain import NO_WORDS, NOTHING, YES_WORDS, Texts, plain_forms, plain_value

__all__ = ["known_choices", "meaning_of", "parse_choices", "parse_substances"]

# Everyday ways of writing the schema's values; a mapping's own come first.
_OTHER_WORDS: dict[str, dict[str, str]] = {
    "gender": {"m": "male", "f": "female", "man": "male", "woman": "female", "non_binary": "other", "x": "other"},
    "age_band": {"65": "65_and_over", "over_65": "65_and_over", "65_plus": "65_and_over", "under_18s": "under_18"},
    "alive_at_handover": {
        **dict.fromkeys(YES_WORDS, "yes"),
        **dict.fromkeys(NO_WORDS, "died"),
        "dead": "died",
        "alive": "yes",
    },
    "substance": {
        "benzo": "benzodiazepine",
        "benzos": "benzodiazepine",
        "benzodiazepines": "benzodiazepine",
        "nitazenes": "nitazene",
        "opioid": "other_opioid",
        "opioids": "other_opioid",
        "opiate": "other_opioid",
        "opiates": "other_opioid",
        "crack": "cocaine",
        "crack_cocaine": "cocaine",
    },
    "condition_before": {"non_responsive": "non_responsive", "unresponsive": "non_responsive"},
    "condition_after": {"conscious_and_responsive": "conscious", "unresponsive": "non_responsive"},
}
# Shorter words of one language are too often words of another, too.
_SHORTEST_OTHER_WORD = 3


def known_choices(field: Field, own: Mapping[str, str]) -> dict[str, str]:
    """Every plain form that is understood for `field`, with the value it means; the mapping's `own` come first."""
    known = dict.fromkeys(NOTHING, "")
    if set(YES_NO) <= set(field.values):
        known |= dict.fromkeys(YES_WORDS, "yes") | dict.fromkeys(NO_WORDS, "no")
    known |= _OTHER_WORDS.get(field.name, {})
    known |= {plain_value(value): value for value in field.values}
    return known | {plain_value(raw): value for raw, value in own.items()}


def meaning_of(text: str, known: Mapping[str, str], *, languages: bool = True) -> str | None:
    """What a cell means by words in plain form: its own, else that before a code, else that of one of two languages.

    None where it is on no list, or where its two sides say different things ("Survived / later died").
    """
    plain, *others = plain_forms(text)
    if plain in known:
        return known[plain]
    others = others if languages else [form for form in others if plain.startswith(f"{form}_") and "/" not in text]
    values = {known[form] for form in others if form in known}
    strange = {word for form in others if form not in known for word in form.split("_")}
    against = {known[word] for word in strange if len(word) >= _SHORTEST_OTHER_WORD and known.get(word)} - values
    return values.pop() if len(values) == 1 and not against else None


def parse_choices(texts: Texts, *, field: Field, own: Mapping[str, str]) -> tuple[pd.Categorical, NDArray[np.bool_]]:
    """The schema's values for `texts` (the default where missing or not understood), and which were not understood."""
    known = known_choices(field, own)
    codes, distinct = pd.factorize(texts)
    values = list(field.values)
    default = values.index(field.default) if field.default else -1
    found = [meaning_of(text, known) if text else "" for text in distinct]
    table = np.array([values.index(each) if each else default for each in found], dtype=int)
    wrong = np.array([each is None for each in found], dtype=bool)
    return pd.Categorical.from_codes(table[codes].tolist(), categories=values), wrong[codes]


def parse_substances(
    texts: Texts, *, field: Field, own: Mapping[str, str], separators: Sequence[str]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """The substances of each cell as a tuple of values, and in which cells one was not understood."""
    known = known_choices(field, own)
    split = re.compile("|".join(re.escape(each) for each in separators), re.IGNORECASE) if separators else None
    codes, distinct = pd.factorize(texts)
    found = np.empty(len(distinct), dtype=object)
    wrong = np.zeros(len(distinct), dtype=bool)
    for index, text in enumerate(distinct):
        whole = known.get(plain_value(text)) if text else ""
        items = (
            [whole]
            if whole is not None or split is None
            else [meaning_of(e, known, languages=False) for e in split.split(text) if e.strip()]
        )
        found[index] = tuple(dict.fromkeys(item for item in items if item))
        wrong[index] = None in items
    return found[codes], wrong[codes]
