"""Which rows of a file count: those with words under a column that say so, ticked by whoever knows the form.

Rows that the source itself has taken back are chosen in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from data.drafting.row_words import RowWord, row_words
from data.drafting.taken_back import may_take_back
from data.mapping import plain_heading
from data.reading import FileSample
from data.values import is_nothing, plain_forms, plain_value
from pages.components.import_steps import import_steps
from pages.components.theme import show_small
from wording import _, format_count

__all__ = [
    "edit_rows_that_count",
    "edit_rows_withdrawn",
    "same_rows",
    "title_of_rows_that_count",
    "title_of_rows_withdrawn",
]

Words = dict[str, list[str]]

# Stands under [only] for every cell that says anything.
_ANY = "*"
# A column with more different cells than this is of no words; such columns come last.
_FEW_WORDS = 30


def title_of_rows_that_count() -> str:
    """What the box is called, for sentences that point to it."""
    return _("Rows count by the words of")


def title_of_rows_withdrawn() -> str:
    """What the box is called, for sentences that point to it."""
    return _("Rows are withdrawn by the words of")


def edit_rows_that_count(only: dict[str, Any], sample: FileSample, key: str) -> Words:
    """The boxes for the columns that leave rows out and for the words of each; returns what [only] is then."""
    kept = _edit_words(
        only,
        sample,
        title=title_of_rows_that_count(),
        none_chosen=_("No column: all rows count"),
        about=_("Such as one that says whether naloxone was given, or who gave it. The other rows are left out."),
        of_column=lambda heading: _("Under “{heading}”, rows count with").format(heading=heading),
        no_word=_("No word: all rows count"),
        begins_with=lambda word: bool(word.given),
        more=(_ANY,),
        key=f"only|{key}",
    )
    if kept:
        counted = sum(_has_words(row, kept, sample, every=True) for row in sample.rows)
        show_small(
            _("Of {all} rows looked at {counted} count; {rest} are left out.").format(
                all=format_count(len(sample.rows)),
                counted=format_count(counted),
                rest=format_count(len(sample.rows) - counted),
            )
        )
    return kept


def edit_rows_withdrawn(withdrawn: dict[str, Any], sample: FileSample, key: str) -> Words:
    """The boxes for the columns that take records back and for the words of each; returns what [withdrawn] is then."""
    kept = _edit_words(
        withdrawn,
        sample,
        title=title_of_rows_withdrawn(),
        none_chosen=_("No column: none is"),
        about=_("Such as a record's status: void, cancelled, a duplicate. Such records are kept, and not counted."),
        of_column=lambda heading: _("Under “{heading}”, rows are withdrawn with").format(heading=heading),
        no_word=_("No word: none is"),
        begins_with=lambda word: may_take_back(word.text),
        more=(),
        key=f"withdrawn|{key}",
    )
    if kept:
        show_small(
            _("Of {all} rows looked at {count} are withdrawn.").format(
                all=format_count(len(sample.rows)),
                count=format_count(sum(_has_words(row, kept, sample, every=False) for row in sample.rows)),
            )
        )
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


def _edit_words(
    drafted: dict[str, Any],
    sample: FileSample,
    *,
    title: str,
    none_chosen: str,
    about: str,
    of_column: Callable[[str], str],
    no_word: str,
    begins_with: Callable[[RowWord], bool],
    more: Sequence[str],
    key: str,
) -> Words:
    """A box for columns and one for the words of each: those that the mapping has, else those that `begins_with` takes.

    `more` can be chosen beside a column's words.
    """
    spelt = {plain_heading(heading): heading for heading in sample.headings if heading}
    drafted = {spelt.get(plain_heading(heading), heading): words for heading, words in drafted.items()}
    columns = import_steps().keep(f"word-columns|{sample.layout!r}", lambda: _columns_of_words_first(sample))
    headings = st.multiselect(
        title, list(dict.fromkeys((*columns, *drafted))), default=list(drafted), key=key, placeholder=none_chosen,
        help=about,
    )  # fmt: skip
    kept: Words = {}
    for heading in headings:
        stated = tuple(drafted.get(heading, ()))
        words = import_steps().keep(
            f"row-words|{heading}|{sample.layout!r}",
            lambda heading=heading: row_words(sample, heading) if heading in sample.headings else (),
        )
        spelt_so = _spelt_as_in_file(words, stated)
        chosen = st.multiselect(
            of_column(heading),
            list(dict.fromkeys((*(word.text for word in words), *spelt_so, *more))),
            default=spelt_so if stated else [word.text for word in words if begins_with(word)],
            format_func=lambda text, words=words: _label(text, words),
            key=f"{heading}|{key}",
            placeholder=no_word,
        )
        if chosen:
            kept[heading] = chosen
    return kept


def _columns_of_words_first(sample: FileSample) -> tuple[str, ...]:
    """The headings in the file's order, those first whose cells are a few words that come again."""
    few = {
        heading
        for place, heading in enumerate(sample.headings)
        if 1 < len({row[place] for row in sample.rows}) <= min(_FEW_WORDS, len(sample.rows) / 2)
    }
    return tuple(sorted(filter(None, sample.headings), key=lambda heading: heading not in few))


def _spelt_as_in_file(words: tuple[RowWord, ...], stated: tuple[str, ...]) -> list[str]:
    """The mapping's words as the file spells them."""
    spelt = {form: word.text for word in words for form in plain_forms(word.text) if word.given} | {
        plain_value(word.text): word.text for word in words
    }
    return list(dict.fromkeys(spelt.get(plain_value(text), text) for text in stated))


def _label(text: str, words: tuple[RowWord, ...]) -> str:
    if text == _ANY:
        return _("anything that is not empty")
    cells = {word.text: word.cells for word in words}.get(text)
    return text if cells is None else _("{word} ({count})").format(word=text, count=format_count(cells))


def _has_words(row: Sequence[str], kept: Words, sample: FileSample, *, every: bool) -> bool:
    """What the boxes do to a row, before a trial: whether it has a word under each column, or under any."""
    found = []
    for heading, words in kept.items():
        if heading in sample.headings:
            cell, plain = row[sample.headings.index(heading)], {plain_value(word) for word in words}
            found.append(not plain.isdisjoint(plain_forms(cell)) or (_ANY in words and not is_nothing(cell)))
    return all(found) if every else any(found)
