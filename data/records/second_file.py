"""Which record a row of a second file adds to: by its own number, the record's key, or what both files know."""

import numpy as np
import pandas as pd

from data.mapping import FORM_TABLE, MatchLayout
from data.records.cells import Columns, code_of, mapped
from data.records.keys import key_parts
from data.records.officers import tokens_of
from data.records.people import names_of_people, numbers_of_people
from data.records.times import days_of
from data.records.work import BlockWork
from data.values import Texts

__all__ = ["read_join"]


def read_join(work: BlockWork, columns: Columns) -> None:
    """Which record a row adds to, and the row's own key; without either the row waits whole."""
    mapping, match = work.mapping, work.mapping.match
    count = len(work.rows)
    columns["joins"] = pd.Categorical.from_codes(
        np.zeros(count, dtype=np.int8), categories=[mapping.joins or FORM_TABLE]
    )
    columns["match_day"] = pd.Series(pd.NaT, index=range(count), dtype="datetime64[ns]").array
    own_key = "row_id" in mapping.columns and not mapping.folds
    if match is None:
        parts = key_parts(work, "row_id" if own_key else "administration_id")
    elif match.day is None:
        parts = [numbers_of_people(work)]
        work.set_aside(parts[0] == "", field="person_token", reason="key_missing", cells=None, whole_row=True)
    else:
        parts = _known_to_both(work, columns, match, match.day)
        if own_key:
            parts = key_parts(work, "row_id")
    columns["join_id"] = work.rules.pseudonymiser.tokens(kind="join_id", source=mapping.source, parts=parts)


def _known_to_both(work: BlockWork, columns: Columns, match: MatchLayout, day: str) -> list[Texts]:
    """The day, with the officer or the person or both, as the mapping has it."""
    cells = work.cells(day)
    days = days_of(work, cells.texts)
    work.set_aside(days.isna().to_numpy(), field="match_day", reason="key_missing", cells=cells, whole_row=True)
    columns["match_day"] = days.array
    parts = [days.dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object)]
    if match.officer:
        cells = work.cells(match.officer)
        codes = mapped(cells.texts, code_of)
        work.set_aside(codes == "", field="officer_token", reason="key_missing", cells=cells, whole_row=True)
        columns["officer_token"] = tokens_of(work, "officer_token", (match.officer,))
        parts.append(codes)
    if match.person:
        people = names_of_people(work)
        work.set_aside(people == "", field="person_token", reason="key_missing", cells=None, whole_row=True)
        parts.append(people)
    return parts
