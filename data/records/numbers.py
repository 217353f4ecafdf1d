"""Numbers of a column, in figures or in words that the mapping or custom knows."""

import numpy as np
from numpy.typing import NDArray

from data.records.cells import Cells, mapped
from data.records.work import BlockWork
from data.values import is_least_number, parse_numbers, plain_value, says_unknown_number

__all__ = ["read_numbers"]


def read_numbers(
    work: BlockWork,
    field: str,
    cells: Cells,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    whole: bool = False,
) -> NDArray[np.float64]:
    """Numbers within bounds (NaN where there is none); others are set aside, and words apart from other texts."""
    decimal = work.mapping.file.decimal
    words = {plain_value(word): number.replace(".", decimal) for word, number in work.rules.own_values(field).items()}
    texts = mapped(cells.texts, lambda text: words.get(plain_value(text), text)) if words else cells.texts
    numbers, unreadable, outside = parse_numbers(
        texts,
        decimal=decimal,
        minimum=-np.inf if minimum is None else minimum,
        maximum=np.inf if maximum is None else maximum,
        whole=whole,
    )
    in_words = unreadable.copy()
    in_words[unreadable] = [not any(map(str.isdigit, text)) for text in texts[unreadable]]
    unknown = in_words.copy()
    unknown[in_words] = [says_unknown_number(text) for text in texts[in_words]]
    work.notes.words.note_nothing(rows=work.rows[unknown], field_name=field)
    work.set_aside(in_words & ~unknown, field=field, reason="words_for_number", cells=cells)
    work.set_aside(unreadable & ~in_words, field=field, reason="not_a_number", cells=cells)
    work.set_aside(outside, field=field, reason="out_of_range", cells=cells)
    if whole:
        work.note("least_numbers", mapped(texts, is_least_number).astype(bool) & np.isfinite(numbers))
    return numbers
