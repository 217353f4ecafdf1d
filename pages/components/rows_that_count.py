"""Which rows of a file count: those with words under a column that say so, ticked by whoever knows the form."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from data.drafting.row_words import RowWord, row_words
from data.mapping import plain_heading
from data.reading import FileSample
from data.values import is_nothing, plain_forms, plain_value
from pages.components.import_steps import import_steps
from pages.components.theme import show_small
from wording import _, format_count

__all__ = ["edit_rows_that_count", "same_rows", "title_of_rows_that_count"]

# Stands under [only] for every cell that says anything.
_ANY = "*"


def title_of_rows_that_count() -> str:
    """What the box is called, for sentences that point to it."""
    return _("Rows count by the words of")


def edit_rows_that_count(only: dict[str, Any], sample: FileSample, key: str) -> dict[str, list[str]]:
    """The boxes for the columns that leave rows out and for the words of each; returns what [only] is then."""
    spelt = {plain_heading(heading): heading for heading in sample.headings if heading}
    only = {spelt.get(plain_heading(heading), heading): words for heading, words in only.items()}
    columns = st.columns(2)
    headings = columns[0].multiselect(
        title_of_rows_that_count(),
        list(dict.fromkeys((*filter(None, sample.headings), *only))),
        default=list(only),
        key=f"only|{key}",
        placeholder=_("No column: all rows count"),
        help=_("Such as one that says whether naloxone was given, or who gave it. The other rows are left out."),
    )
    kept: dict[str, list[str]] = {}
    for number, heading in enumerate(headings, start=1):
        drafted = tuple(only.get(heading, ()))
        words = import_steps().keep(
            f"row-words|{heading}|{sample.layout!r}",
            lambda heading=heading: row_words(sample, heading) if heading in sample.headings else (),
        )
        chosen = columns[number % 2].multiselect(
            _("Under “{heading}”, rows count with").format(heading=heading),
            _offered(words, drafted),
            default=_drafted(words, drafted) if drafted else [word.text for word in words if word.given],
            format_func=lambda text, words=words: _label(text, words),
            key=f"only-{heading}|{key}",
            placeholder=_("No word: all rows count"),
        )
        if chosen:
            kept[heading] = chosen
    if kept:
        _show_numbers(kept, sample)
    return kept


def same_rows(one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]) -> bool:
    """Whether both take the same rows, however they spell their words."""
    plain, others = (
        {plain_heading(heading): [set(plain_forms(word)) for word in words] for heading, words in only.items()}
        for only in (one, other)
    )
    return plain.keys() == others.keys() and all(
        any(forms & each for each in theirs)
        for heading in plain
        for ours, theirs in ((plain[heading], others[heading]), (others[heading], plain[heading]))
        for forms in ours
    )


def _offered(words: tuple[RowWord, ...], drafted: tuple[str, ...]) -> list[str]:
    """The column's words, those of the mapping that no row has, and "anything"."""
    return list(dict.fromkeys((*(word.text for word in words), *_drafted(words, drafted), _ANY)))


def _drafted(words: tuple[RowWord, ...], drafted: tuple[str, ...]) -> list[str]:
    """The mapping's words as the file spells them."""
    spelt = {form: word.text for word in words for form in plain_forms(word.text) if word.given} | {
        plain_value(word.text): word.text for word in words
    }
    return list(dict.fromkeys(spelt.get(plain_value(text), text) for text in drafted))


def _label(text: str, words: tuple[RowWord, ...]) -> str:
    if text == _ANY:
        return _("anything that is not empty")
    cells = {word.text: word.cells for word in words}.get(text)
    return text if cells is None else _("{word} ({count})").format(word=text, count=format_count(cells))


def _show_numbers(kept: dict[str, list[str]], sample: FileSample) -> None:
    """How many of the rows that were looked at count: what the boxes do, before a trial."""
    counted = list(sample.rows)
    for heading, words in kept.items():
        if heading in sample.headings:
            place, plain = sample.headings.index(heading), {plain_value(word) for word in words}
            counted = [
                row
                for row in counted
                if not plain.isdisjoint(plain_forms(row[place])) or (_ANY in words and not is_nothing(row[place]))
            ]
    show_small(
        _("Of {all} rows looked at {counted} count; {rest} are left out.").format(
            all=format_count(len(sample.rows)),
            counted=format_count(len(counted)),
            rest=format_count(len(sample.rows) - len(counted)),
        )
    )
