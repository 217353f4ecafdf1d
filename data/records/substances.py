"""Substances with their certainties: of one record in one text, "heroin:suspected|alcohol:not_recorded"."""

from collections.abc import Sequence

import numpy as np

from data.mapping import SUBSTANCE_TAKEN, SubstanceLayout
from data.records.cells import Columns, mapped
from data.records.choices import meanings_of, read_choices, set_aside_unknown
from data.records.work import BlockWork
from data.schema import NOT_RECORDED, table_named
from data.values import Texts, parse_substances, plain_value

__all__ = ["NO_SUBSTANCE", "PAIR_MARK", "SUBSTANCE_MARK", "read_substances"]

SUBSTANCE_MARK, PAIR_MARK = "|", ":"
NO_SUBSTANCE = f"{NOT_RECORDED}{PAIR_MARK}{NOT_RECORDED}"


def read_substances(work: BlockWork, columns: Columns) -> None:
    """What was taken; where a row is a dose also a token of what the row says of it."""
    if layout := work.mapping.substances:
        columns["substances"] = _substances(work, layout)
        if "dose" in work.mapping.kinds_of_row:
            columns["drugs_token"] = _as_written(work, layout)


def _substances(work: BlockWork, layout: SubstanceLayout) -> Texts:
    """Each record's substances with certainties in one text; NO_SUBSTANCE where none is recorded."""
    field = table_named("substances").field("substance")
    by_column = []
    for number, heading in enumerate(layout.columns):
        cells = work.cells(heading)
        own = meanings_of(work, field, heading, cells.texts)
        found, wrong = parse_substances(cells.texts, field=field, own=own, separators=layout.separators)
        set_aside_unknown(work, wrong, field=field, cells=cells, own=own, separators=layout.separators)
        by_column.append((found, _certainties(work, layout, number, told_before=bool(by_column))))
    for heading, substance in layout.yes_no.items():
        taken = _taken(work, heading, substance)
        by_column.append((taken, _certainties(work, layout, None, told_before=bool(by_column))))
    return _joined(by_column)


def _taken(work: BlockWork, heading: str, substance: str) -> Texts:
    """The one substance of a column that says yes or no of it, where it says yes."""
    answers = read_choices(work, SUBSTANCE_TAKEN, heading)
    found = np.empty(len(work.rows), dtype=object)
    found[:] = [(substance,) if each == "yes" else () for each in answers]
    return found


def _certainties(work: BlockWork, layout: SubstanceLayout, number: int | None, *, told_before: bool) -> Texts:
    """How sure the substances of the column with this number are; None for the columns of yes and no.

    One column of certainties for all is read for each; `told_before` says that it was told of what it lacks.
    """
    one_each = len(layout.certainty_columns) > 1
    if not layout.certainty_columns or (number is None and one_each):
        return np.full(len(work.rows), layout.certainty, dtype=object)
    heading = layout.certainty_columns[number if number and one_each else 0]
    field = table_named("substances").field("certainty")
    certainties = read_choices(work, field, heading, told_before=told_before and not one_each)
    return np.asarray(certainties.astype(object))


def _as_written(work: BlockWork, layout: SubstanceLayout) -> Texts:
    """What the row says of drugs, hashed: two drugs that the schema has one word for are two rows all the same."""
    texts = [
        mapped(work.cells(heading).texts, lambda text: plain_value(text) or "-")
        for heading in (*layout.columns, *layout.yes_no)
    ]
    return work.rules.pseudonymiser.tokens(kind="drugs", parts=texts)


def _joined(by_column: list[tuple[Texts, Texts]]) -> Texts:
    known: dict[tuple[object, ...], str] = {}
    joined = np.empty(len(by_column[0][0]), dtype=object)
    for row, parts in enumerate(zip(*(part for column in by_column for part in column), strict=True)):
        if parts not in known:
            known[parts] = _one_text(parts[0::2], parts[1::2])
        joined[row] = known[parts]
    return joined


def _one_text(substances: Sequence[tuple[str, ...]], certainties: Sequence[str]) -> str:
    """The substances of one record, each once, with the certainty that it is first stated with."""
    found: dict[str, str] = {}
    for items, certainty in zip(substances, certainties, strict=True):
        for item in items:
            found.setdefault(item, f"{item}{PAIR_MARK}{certainty}")
    return SUBSTANCE_MARK.join(found.values()) or NO_SUBSTANCE
