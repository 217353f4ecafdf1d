"""The first rows of a file as they would be stored: bands, snapped places, "hashed" for tokens; and what is set aside.

The import's own reader reads them, with keys that are thrown away, so that what is shown is what will be imported.
Nothing that would not be stored is in a preview.
"""

import re
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from data import schema
from data.drafting.column_facts import cells_of
from data.ingest import find_columns
from data.keys import Keys
from data.mapping import Mapping
from data.pseudonymise import Pseudonymiser
from data.quality.checks import EVENT_TABLES
from data.quality.dates_only import settle_dates_only
from data.quarantine import LEFT_OUT, advice
from data.reading import Block, FileSample, filled_rows
from data.records import NO_SUBSTANCE, PAIR_MARK, SUBSTANCE_MARK, RecordReader
from data.schema import LOCATION_SOURCES, NOT_RECORDED
from data.settings import Settings
from geo.areas import Geography
from wording import _, format_count, format_date, format_moment, format_month

__all__ = ["HASHED", "Preview", "PreviewRow", "preview_rows", "stored_field"]

HASHED = "hashed"
_ROWS = 10
# So many rows say whether times are only dates, as the whole file will say at its import.
_ROWS_OF_TIMES = 2_000
# What the schema derives from a time, and what tells rows apart: of no use to somebody who checks a mapping.
_NOT_SHOWN = frozenset({"row_hash", "local_date", "local_hour", "local_weekday", "time_precision", "joins", "join_id"})
# Doses and waits stand side by side in a record, each field with its number: "dose0_product".
_NUMBERED = re.compile(r"(?:dose|wait)\d+_(\w+)")


@dataclass(frozen=True, kw_only=True)
class PreviewRow:
    """One row: its number in the file, a text for each column, sentences on what would be set aside.

    `waits` where the whole row would wait in quarantine, with `left_out` where the mapping does not take it; its cells
    are then empty.
    """

    row_number: int
    cells: tuple[str, ...]
    problems: tuple[str, ...]
    waits: bool
    left_out: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The columns (fields as stored) and the rows."""

    columns: tuple[str, ...]
    rows: tuple[PreviewRow, ...]


def preview_rows(
    *,
    mapping: Mapping,
    sample: FileSample,
    settings: Settings,
    geography: Geography,
    rows: int = _ROWS,
    on_page: bool = False,
) -> Preview:
    """The first `rows` rows of the sample, read by the mapping. Raises MissingHeadingError.

    `on_page`: what to do is said by the boxes of the page, else by the settings of the mapping.
    """
    positions = find_columns(mapping, sample)
    reader = RecordReader(
        mapping=mapping,
        positions=positions,
        settings=settings,
        pseudonymiser=Pseudonymiser(Keys(store_key=secrets.token_hex(32), pseudonym_key=secrets.token_bytes(32))),
        geography=geography,
        as_of=pd.Timestamp(datetime.now(UTC)),
    )
    read = filled_rows(sample, mapping.file.fill_down)[: max(rows, _ROWS_OF_TIMES)]
    records = reader.read(
        Block(
            row_numbers=np.array(sample.row_numbers[: len(read)], dtype=np.int64),
            columns={position: cells_of(read, position) for position in set(positions.values())},
            misfits=(),
            blank_rows=0,
            share_read=1.0,
        )
    )
    if mapping.target in EVENT_TABLES and "occurred_at" in records and len(records):
        records, _found = settle_dates_only(records, time_zone=settings.time_zone, midnights=mapping.times.midnights)
    numbers = sample.row_numbers[:rows]
    records = records[records.index.isin(numbers)]
    problems: dict[int, list[str]] = defaultdict(list)
    entries = reader.notes.log.entries()
    left_out = {*entries.loc[entries["reason"] == LEFT_OUT, "row_number"]}
    for entry in entries.itertuples():
        field = f"{entry.field}: " if entry.field else ""
        problems[int(entry.row_number)].append(
            f"{field}{advice(entry.reason, target=mapping.stored_in, field=entry.field, on_page=on_page)}"
        )
    # Records carry more than is stored, such as places before they are snapped.
    names = [name for name in records.columns if stored_field(name) and name not in _NOT_SHOWN]
    # A time's precision is told by how the time is written.
    precision = records["time_precision"] if "time_precision" in records else pd.Series("minute", index=records.index)
    shown = {
        name: [
            _shown(
                name, value, settings, precision=known if name == "occurred_at" else _precision(name, value, settings)
            )
            for value, known in zip(records[name], precision, strict=True)
        ]
        for name in names
    }
    by_row = {int(number): tuple(shown[name][place] for name in names) for place, number in enumerate(records.index)}
    return Preview(
        columns=tuple(names),
        rows=tuple(
            PreviewRow(
                row_number=int(number),
                cells=by_row.get(int(number), ("",) * len(names)),
                problems=tuple(problems[int(number)]),
                waits=int(number) not in by_row,
                left_out=int(number) in left_out,
            )
            for number in numbers
        ),
    )


def _precision(name: str, value: object, settings: Settings) -> str:
    """How exactly a moment is shown: records are often entered with their date alone, which is no midnight."""
    if name != "recorded_at" or not isinstance(value, pd.Timestamp) or value is pd.NaT:
        return "minute"
    local = value.tz_convert(settings.time_zone)
    return "day" if local == local.normalize() else "minute"


def _shown(name: str, value: object, settings: Settings, *, precision: str) -> str:
    """A value as text. Tokens are not shown: here they mean nothing, and elsewhere they are nobody's business."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    field = stored_field(name)
    if field and field.token:
        return HASHED
    if name == "location_source" and value == LOCATION_SOURCES[-1]:
        return ""
    if name == "substances":
        return _substances(str(value))
    if isinstance(value, pd.Timestamp):
        if value.tzinfo is None:
            return format_date(value.date())
        local = value.tz_convert(settings.time_zone)
        if precision == "hour":
            return _("{day}, {hour} to {next} o'clock").format(
                day=format_date(local), hour=local.hour, next=(local.hour + 1) % 24
            )
        return {"day": format_date, "month": format_month}.get(precision, format_moment)(local)
    if isinstance(value, float | np.floating):
        return f"{value:g}" if abs(value) < 1_000 else format_count(round(value))
    return "" if value == NOT_RECORDED else str(value)


def stored_field(name: str) -> schema.Field | None:
    """The schema's field that a column of a record is for; None for what is not stored as it stands there."""
    if name == "substances":
        return schema.table_named("substances").field("substance")
    found = _NUMBERED.fullmatch(name)
    plain = found[1] if found else name
    if found and plain == "count":
        return schema.table_named("administrations").field("doses_given")
    return next((field for table in schema.TABLES for field in table.fields if field.name == plain), None)


def _substances(text: str) -> str:
    if text == NO_SUBSTANCE:
        return ""
    pairs = [each.partition(PAIR_MARK) for each in text.split(SUBSTANCE_MARK)]
    return ", ".join(item if certainty == NOT_RECORDED else f"{item} ({certainty})" for item, _mark, certainty in pairs)
