"""Words of a closed list: what each means, and what becomes of those that neither a list nor the mapping knows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from data.records.cells import Cells, Mask, anything_filled
from data.records.identifying_texts import words_of_names
from data.records.work import BlockWork
from data.schema import NOT_RECORDED, Field
from data.value_words import band_of_range, certain_words, yes_no_means
from data.values import Texts, known_choices, parse_choices, plain_value

__all__ = ["meanings_of", "read_choices", "set_aside_unknown"]


def read_choices(work: BlockWork, field: Field, heading: str, *, told_before: bool = False) -> pd.Categorical:
    """The field's values; `told_before`: the column was read for another, so what it lacks is not told again."""
    cells = work.cells(heading)
    own = meanings_of(work, field, heading, cells.texts)
    choices, wrong = parse_choices(cells.texts, field=field, own=own)
    if not told_before:
        set_aside_unknown(work, wrong, field=field, cells=cells, own=own)
    return choices


def meanings_of(work: BlockWork, field: Field, heading: str, texts: Texts) -> dict[str, str]:
    """What the closed lists make of a column's words, and what the mapping does, which goes before them.

    In a column that asks whether somebody died, yes is no sign of life. What yes means where the heading asks
    something else is for the mapping to say.
    """
    asks = plain_value(heading).replace("_", " ")
    yes_no = yes_no_means(field.name, asks) if field.name == "alive_at_handover" else {}
    words = certain_words(field, yes_no=yes_no)
    if field.name == "age_band":
        words |= _bands_of_ranges(texts)
    return words | work.rules.own_values(field.name)


def _bands_of_ranges(texts: Texts) -> dict[str, str]:
    """The band of each range of ages that lies in one."""
    bands = {text: band_of_range(text) for text in pd.unique(texts)}
    # "18" beside "<18", or "60" beside "60+", is one word, and could be either.
    meant = defaultdict(set)
    for text, band in bands.items():
        meant[plain_value(text)] |= {band} - {""}
    known = {text: band for text, band in bands.items() if meant[plain_value(text)] == {band}}
    return {text: band for text, band in known.items() if band != NOT_RECORDED}


def set_aside_unknown(
    work: BlockWork, bad: Mask, *, field: Field, cells: Cells, own: Mapping[str, str], separators: Sequence[str] = ()
) -> None:
    """Values that no list and not the mapping knows; what they read like is noted for the report."""
    work.set_aside(bad, field=field.name, reason="value_unknown", cells=cells)
    if bad.any():
        work.notes.words.note_unknown(
            rows=work.rows[bad],
            texts=cells.texts[bad],
            field=field.name,
            known=known_choices(field, own),
            allowed=field.values,
            separators=separators,
            filled=int(anything_filled([cells]).sum()),
            names=words_of_names(work),
        )
