"""Rows in the schema's shape for tests of the store, made here and not by the import."""

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from data.keys import Keys
from data.schema import table_named
from data.settings import SYNTHETIC_SOUTH_WALES, Settings
from data.store import Batch

KEYS = Keys(store_key="a key for tests, of some length ", pseudonym_key=b"another key for tests, as long as")
SOURCE = "standard form"


def settings_for(folder: Path, **store: Any) -> Settings:
    """The synthetic South Wales with its store in `folder`."""
    changed = SYNTHETIC_SOUTH_WALES.store.model_copy(update={"folder": folder, "memory_limit": "500MB", **store})
    return SYNTHETIC_SOUTH_WALES.model_copy(update={"store": changed})


def rows_of(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A frame with every column of the table; what a row does not say is not recorded."""
    table = table_named(name)
    complete = [{field.name: row.get(field.name, field.default) for field in table.fields} for row in rows]
    frame = pd.DataFrame(complete, columns=list(table.names), dtype=object)
    for field in table.fields:
        if field.type == "TIMESTAMPTZ":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
        elif field.type == "DOUBLE":
            frame[field.name] = frame[field.name].astype(float)
    return frame


def person(
    number: int,
    *,
    incident: int | None = None,
    day: date = date(2025, 3, 9),
    hour: int | None = 14,
    edition: str = "first",
    substances: tuple[str, ...] = ("heroin",),
    waits: tuple[float, ...] = (8.0,),
    source: str = SOURCE,
    incident_fields: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, list[dict[str, Any]]]:
    """One administration with its incident, substances, dose and waits; `edition` is what the row hash follows."""
    administration_id, incident_id = f"administration {number}", f"incident {incident or number}"
    kept = {"source": source, "import_id": "set by batch_of", "record_state": "current"}
    return {
        "incidents": [
            {
                "incident_id": incident_id,
                "occurred_at": datetime(day.year, day.month, day.day, hour or 0, tzinfo=UTC),
                "time_precision": "minute",
                "local_date": day,
                "local_hour": hour,
                "local_weekday": day.isoweekday(),
                "easting_m": 318_050.0 + 100 * number,
                "northing_m": 176_050.0,
                "location_precision_m": 100.0,
                "location_source": "coordinates",
                "small_area": "CF10",
                "authority": "W06000015",
                "bcu": "Cardiff and the Vale",
                "setting": "street",
                "row_hash": edition,
                **kept,
                **(incident_fields or {}),
            }
        ],
        "administrations": [
            {
                "administration_id": administration_id,
                "incident_id": incident_id,
                "person_token": f"person {number}",
                "recipient_type": "public",
                "doses_given": 1,
                "row_hash": f"{number} {edition}",
                **kept,
                **fields,
            }
        ],
        "substances": [
            {
                "substance_id": f"substance {number} {name}",
                "administration_id": administration_id,
                "substance": name,
                "certainty": "suspected",
                "row_hash": edition,
                **kept,
            }
            for name in substances
        ],
        "doses": [
            {
                "dose_id": f"dose {number}",
                "administration_id": administration_id,
                "sequence": 1,
                "officer_token": f"officer {number % 3}",
                "row_hash": edition,
                **kept,
            }
        ],
        "waits": [
            {
                "wait_id": f"wait {incident_id} {order}",
                "incident_id": incident_id,
                "kind": "call_to_arrival",
                "minutes": minutes,
                "outcome": "arrived",
                "row_hash": edition,
                **kept,
            }
            for order, minutes in enumerate(waits)
        ],
    }


def batch_of(
    *people: dict[str, list[dict[str, Any]]],
    name: str = "first",
    synthetic: bool = True,
    source: str = SOURCE,
    quarantine: list[dict[str, Any]] | None = None,
) -> Batch:
    """A batch of administrations as the import hands it over; `name` tells files and imports apart."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for tables in people:
        for table, items in tables.items():
            for item in items:
                rows.setdefault(table, {})[item[table_named(table).key]] = item | {"import_id": f"import {name}"}
    tables = {
        table: rows_of(table, list(rows.get(table, {}).values()))
        for table in ("incidents", "administrations", "substances", "doses", "waits")
    }
    held = [
        {"quarantine_id": f"entry {name} {number}", "import_id": f"import {name}", "target": "administrations"}
        | {"source": source, "row_number": number, "reason": "unreadable", "whole_row": True}
        | entry
        for number, entry in enumerate(quarantine or [], start=1)
    ]
    whole = sum(entry["whole_row"] for entry in held)
    return Batch(
        target="administrations",
        synthetic=synthetic,
        import_row={
            "import_id": f"import {name}",
            "imported_at": datetime(2025, 6, 1, 9, 30, tzinfo=UTC),
            "target": "administrations",
            "file_hash": f"hash of {name}",
            "extract": "incremental",
            "source": source,
            "rows_in": len(people) + whole,
            "first_day": date(2025, 1, 1),
            "last_day": date(2025, 5, 31),
        },
        tables=tables,
        quarantine=rows_of("quarantine", held),
    )


def repeated(batch: Batch, *, times: int) -> Batch:
    """The same rows so many times, each time with keys of their own."""
    tables = {
        name: pd.concat([frame.assign(**{key: frame[key] + f" {turn}" for key in keys}) for turn in range(times)])
        for name, frame in batch.tables.items()
        for keys in [[item.name for item in table_named(name).fields if item.token and item.required]]
    }
    row = dict(batch.import_row) | {"rows_in": len(tables[batch.target])}
    return dataclasses.replace(batch, tables=tables, import_row=row)
