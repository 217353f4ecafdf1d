"""Doses of a row: who gave each, when, of what product, with which kit; and how many the row speaks of."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from data.mapping import FORM_TABLE, DoseLayout
from data.records.cells import Columns, anything_filled
from data.records.fields import read_values
from data.records.numbers import read_numbers
from data.records.officers import tokens_of
from data.records.times import read_moments
from data.records.work import BlockWork
from data.schema import table_named

__all__ = ["doses_of_each", "read_doses", "read_doses_given"]


def read_doses(work: BlockWork, columns: Columns) -> None:
    """The doses side by side, each field with the dose's number: "dose0_product"."""
    for number, layout in enumerate(work.mapping.doses):
        columns |= {f"dose{number}_{name}": values for name, values in _dose(work, layout).items()}


def read_doses_given(work: BlockWork, columns: Columns) -> None:
    """How many doses were given, where the form does not say but its doses do."""
    mapping = work.mapping
    if mapping.says_how_many_doses and "doses_given" not in columns and not mapping.folds:
        numbers = range(len(mapping.doses))
        counts = [doses_of_each(columns, f"dose{number}_") for number in numbers]
        recorded = np.any([np.asarray(columns[f"dose{number}_present"]) for number in numbers], axis=0)
        columns["doses_given"] = np.where(recorded, np.sum(counts, axis=0), np.nan)


def doses_of_each(columns: Mapping[str, object], prefix: str) -> NDArray[np.int64]:
    """How many doses each row's entry stands for: what it states, else one where anything of it is recorded."""
    present = np.asarray(columns[f"{prefix}present"], dtype=bool)
    if f"{prefix}count" not in columns:
        return present.astype(np.int64)
    stated = np.asarray(columns[f"{prefix}count"], dtype=float)
    return np.where(np.isfinite(stated), np.nan_to_num(stated), present).astype(np.int64)


def _dose(work: BlockWork, layout: DoseLayout) -> Columns:
    """One dose of the row; `present` where the form says anything of it."""
    fields = table_named("doses")
    given = (layout.given_at,) if isinstance(layout.given_at, str) else layout.given_at
    columns: Columns = {}
    if layout.count:
        most = table_named(FORM_TABLE).field("doses_given")
        columns["count"] = read_numbers(
            work, most.name, work.cells(layout.count), minimum=most.minimum, maximum=most.maximum, whole=True
        )
    if layout.officer:
        columns["officer_token"] = tokens_of(work, "officer_token", (layout.officer,))
    if layout.kit:
        columns["kit_token"] = tokens_of(work, "kit_token", (layout.kit,))
    if layout.officer_role:
        columns["officer_role"] = read_values(work, fields.field("officer_role"), layout.officer_role)
    if layout.product:
        columns["product"] = read_values(work, fields.field("product"), layout.product)
    if given:
        columns["given_at"] = read_moments(work, "given_at", given).instants.array
    # A dose that is numbered is one, whatever else is said of it; and where nothing is said of doses, each row is.
    told_by = [work.cells(heading) for heading in layout.told_by or work.mapping.key_headings("dose_id")]
    columns["present"] = anything_filled(told_by) if told_by else np.ones(len(work.rows), dtype=bool)
    return columns
