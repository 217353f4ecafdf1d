"""What fills one field of a table: a fixed text, a token, a time, a day, a choice, a number or a text, by its type."""

import numpy as np
import pandas as pd

from data.mapping import Fixed
from data.places import AREA_LEVELS
from data.records.cells import Cells, Columns
from data.records.choices import read_choices
from data.records.identifying_texts import gives_away
from data.records.numbers import read_numbers
from data.records.officers import tokens_of
from data.records.times import read_moments, read_plausible_days
from data.records.work import BlockWork
from data.schema import Field
from data.values import Texts, parse_listed, parse_texts

__all__ = ["read_field", "read_values"]


def read_field(work: BlockWork, columns: Columns, field: Field) -> None:
    """A field that the mapping fills; areas, and how exact a place is, come with the place."""
    name, chosen = field.name, work.mapping.columns[field.name]
    if isinstance(chosen, Fixed):
        columns[name] = _fixed(work, field, chosen.fixed)
    elif name in AREA_LEVELS or name == "location_precision_m":
        return
    elif field.token:
        columns[name] = tokens_of(work, name, work.mapping.headings_of(name))
    elif field.type == "TIMESTAMPTZ":
        columns[name] = read_moments(work, name, work.mapping.headings_of(name)).instants.array
    else:
        columns[name] = read_values(work, field, work.mapping.headings_of(name)[0])


def read_values(work: BlockWork, field: Field, heading: str) -> object:
    """A choice, number, day or text."""
    if field.values:
        return read_choices(work, field, heading)
    cells = work.cells(heading)
    if field.type == "DATE":
        return read_plausible_days(work, field.name, cells).array
    if field.type == "VARCHAR":
        return _read_texts(work, field.name, cells)
    if work.mapping.target == "waits" and field.name == "minutes":
        return read_numbers(work, field.name, cells)  # its bounds are the wait's own
    numbers = read_numbers(
        work, field.name, cells, minimum=field.minimum, maximum=field.maximum, whole=field.type == "SMALLINT"
    )
    if field.required:
        work.set_aside(np.isnan(numbers), field=field.name, reason="number_missing", cells=cells, whole_row=True)
    return numbers


def _read_texts(work: BlockWork, name: str, cells: Cells) -> Texts:
    """Texts of a list that a nation or a deployment keeps; without one, any that are a category and name nobody."""
    own = work.rules.own_values(name)
    if find := work.rules.listed.finders.get(name):
        texts, wrong = parse_listed(cells.texts, own=own, find=find)
        work.set_aside(wrong, field=name, reason="value_unknown", cells=cells)
        return texts
    texts, wrong = parse_texts(cells.texts, own=own)
    wrong |= gives_away(work, texts)
    work.set_aside(wrong, field=name, reason="text_not_stored", cells=cells)
    return np.where(wrong, None, texts)


def _fixed(work: BlockWork, field: Field, value: str) -> object:
    count = len(work.rows)
    if field.values:
        return pd.Categorical.from_codes([field.values.index(value)] * count, categories=list(field.values))
    return np.full(count, value, dtype=object)
