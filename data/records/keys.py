"""Keys of what the rows are of: records, the records they belong to, rows and doses. Without one a row waits whole."""

import numpy as np

from data.mapping import FORM_TABLE, CodePart, DayPart, KeyPart
from data.records.cells import Cells, Columns, Mask, code_of, mapped
from data.records.times import days_of
from data.records.work import BlockWork
from data.values import Texts, is_nothing, is_rounded_number, whole_number

__all__ = ["key_parts", "read_keys", "read_row_keys"]


def read_keys(work: BlockWork, columns: Columns) -> None:
    """Keys of the target and of what it belongs to."""
    mapping = work.mapping
    for name, field in work.rules.fields.items():
        if not (field.token and field.required) or not mapping.key_parts(name):
            continue
        if mapping.joins and mapping.folds and name not in mapping.columns:
            continue  # rows of a person are no other incident's that has the same number
        own = not mapping.joins and (name == mapping.table.key or mapping.target == FORM_TABLE)
        source = mapping.source if own else mapping.parent_source or mapping.source
        columns[name] = work.rules.pseudonymiser.tokens(kind=name, source=source, parts=key_parts(work, name))


def read_row_keys(work: BlockWork, columns: Columns) -> None:
    """What tells rows and doses apart where several rows make one record."""
    mapping, pseudonymiser = work.mapping, work.rules.pseudonymiser
    if mapping.folds and "row_id" in mapping.columns:
        parts = key_parts(work, "row_id")
        columns["row_id"] = pseudonymiser.tokens(kind="row_id", source=mapping.source, parts=parts)
    if mapping.folds and "dose_id" in mapping.columns:
        columns["dose_id"] = _dose_numbers(work)


def key_parts(work: BlockWork, name: str) -> list[Texts]:
    """The texts that a key is made of; rows in which one lacks wait whole."""
    parts = []
    for part, heading in zip(work.mapping.key_parts(name), work.mapping.key_headings(name), strict=True):
        cells = work.cells(heading)
        texts, rounded = _key_part(work, part, cells)
        work.set_aside(rounded, field=name, reason="key_rounded", cells=cells, whole_row=True)
        work.set_aside((texts == "") & ~rounded, field=name, reason="key_missing", cells=cells, whole_row=True)
        parts.append(texts)
    return parts


def _key_part(work: BlockWork, part: KeyPart, cells: Cells) -> tuple[Texts, Mask]:
    """One component of a key, and where a spreadsheet has rounded it; several keys may be made of one column."""
    how = (type(part).__name__, cells.position)
    if how not in work.key_parts:
        if isinstance(part, DayPart):
            texts = days_of(work, cells.texts).dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object)
        else:
            texts = _key_texts(part, cells.texts)
        work.key_parts[how] = texts, mapped(cells.texts, is_rounded_number).astype(bool)
    return work.key_parts[how]


def _key_texts(part: KeyPart, texts: Texts) -> Texts:
    """Codes by their letters and digits, other keys with single spaces; what says that there is none is empty."""
    return mapped(texts, code_of if isinstance(part, CodePart) else _with_single_spaces)


def _with_single_spaces(text: str) -> str:
    return "" if is_nothing(text) else " ".join(whole_number(text).split())


def _dose_numbers(work: BlockWork) -> Texts:
    """What tells the doses of a person apart; None where the row has no number of a dose, as it need not."""
    mapping = work.mapping
    parts = [
        _key_texts(part, work.cells(heading).texts)
        for part, heading in zip(mapping.key_parts("dose_id"), mapping.key_headings("dose_id"), strict=True)
    ]
    some = np.any([part != "" for part in parts], axis=0)
    filled = [np.where(part == "", "-", part) for part in parts]
    tokens = work.rules.pseudonymiser.tokens(kind="dose_id", source=mapping.source, parts=filled)
    return np.where(some, tokens, None)
