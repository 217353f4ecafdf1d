"""A small synthetic store written straight through `write_batch`: administrations at places the test chooses."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from data.geography import open_geography
from data.keys import load_keys
from data.schema import table_named
from data.settings import Settings
from data.store import Batch, write_batch

# Centres on the British grid of places that South Wales has, with how much of the records each gets.
CENTRES = {
    (318_500.0, 176_300.0): 0.34,  # Cardiff
    (265_600.0, 193_000.0): 0.30,  # Swansea
    (304_900.0, 206_100.0): 0.12,  # Merthyr Tydfil
    (290_600.0, 179_900.0): 0.10,  # Bridgend
    (307_300.0, 190_000.0): 0.08,  # Pontypridd
    (311_500.0, 168_000.0): 0.06,  # Barry
}
SUBSTANCES = ("heroin", "nitazene", "benzodiazepine", "not_recorded")


@dataclass(frozen=True, kw_only=True)
class Records:
    """How many records, over which days, how many of them without coordinates or with nothing but an area."""

    number: int
    first_day: date = date(2024, 7, 1)
    last_day: date = date(2026, 6, 30)
    without_place: int = 0
    by_area_only: int = 0
    seed: int = 11
    spread_m: float = 900.0
    with_waits: bool = False
    extra: dict[str, str] = field(default_factory=dict)


def write_records(settings: Settings, records: Records) -> str:
    """Write the records and return the version of the snapshot."""
    keys = load_keys(store_folder=settings.store_folder, create=True)
    geography = open_geography(settings)
    random = np.random.default_rng(records.seed)
    centres = np.array(list(CENTRES))[random.choice(len(CENTRES), records.number, p=list(CENTRES.values()))]
    places = np.floor((centres + random.normal(0, records.spread_m, centres.shape)) / 100) * 100 + 50
    labels = geography.label_area(easting_m=places[:, 0], northing_m=places[:, 1])
    days = (records.last_day - records.first_day).days
    day = [records.first_day + timedelta(days=int(offset)) for offset in random.integers(0, days + 1, records.number)]
    number = np.arange(records.number)
    located = number >= records.without_place + records.by_area_only
    area_known = number >= records.without_place
    prefix = f"r{records.seed}-"
    incidents = pd.DataFrame(
        {
            "incident_id": [f"{prefix}i{n}" for n in number],
            "occurred_at": [datetime(one.year, one.month, one.day, 13, tzinfo=UTC) for one in day],
            "time_precision": "minute",
            "local_date": pd.to_datetime(day),
            "local_hour": 13,
            "local_weekday": [one.isoweekday() for one in day],
            "easting_m": np.where(located, places[:, 0], np.nan),
            "northing_m": np.where(located, places[:, 1], np.nan),
            "location_precision_m": np.where(located, 100.0, np.nan),
            "location_source": np.where(located, "coordinates", np.where(area_known, "area", "none")),
            "small_area": np.where(area_known, labels.small_area, None),
            "authority": np.where(area_known, labels.authority, None),
            "bcu": np.where(area_known, labels.bcu, None),
            "setting": random.choice(["street", "home", "other"], records.number),
        }
    )
    administrations = pd.DataFrame(
        {
            "administration_id": [f"{prefix}a{n}" for n in number],
            "incident_id": incidents["incident_id"],
            "recipient_type": "public",
            "doses_given": random.choice([1, 2, 3], records.number, p=[0.5, 0.4, 0.1]),
        }
    )
    substances = pd.DataFrame(
        {
            "substance_id": [f"{prefix}s{n}" for n in number],
            "administration_id": administrations["administration_id"],
            "substance": random.choice(SUBSTANCES, records.number),
            "certainty": "suspected",
        }
    )
    frames = {"incidents": incidents, "administrations": administrations, "substances": substances}
    if records.with_waits:
        frames["waits"] = pd.DataFrame(
            {
                "wait_id": [f"{prefix}w{n}" for n in number],
                "incident_id": incidents["incident_id"],
                "kind": "call_to_arrival",
                "clock": random.choice(["ambulance_cad", "police_log"], records.number),
                "minutes": np.maximum(1, np.round(13 * np.exp(0.6 * random.standard_normal(records.number)))),
                "outcome": random.choice(["arrived", "left_before", "declined"], records.number, p=[0.8, 0.1, 0.1]),
            }
        )
    outcome = write_batch(
        settings=settings,
        keys=keys,
        batch=Batch(
            target="administrations",
            synthetic=settings.store.synthetic,
            import_row={
                "import_id": f"{prefix}import",
                "imported_at": datetime(2026, 7, 1, 9, tzinfo=UTC),
                "file_hash": f"{prefix}hash",
                "extract": "incremental",
                "source": "test",
                "rows_in": records.number,
                "rows_unchanged": 0,
                "rows_quarantined": 0,
                "fields_quarantined": 0,
                "first_day": min(day),
                "last_day": max(day),
            },
            tables={name: _whole(name, frame, prefix) for name, frame in frames.items()},
            quarantine=pd.DataFrame(columns=list(table_named("quarantine").names)),
        ),
    )
    return str(outcome.version)


def _whole(name: str, frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """The frame with every column of its table, what it lacks at the schema's default."""
    table = table_named(name)
    whole = frame.copy()
    for column in table.fields:
        if column.name not in whole:
            whole[column.name] = column.default
    whole["source"], whole["import_id"], whole["record_state"] = "test", f"{prefix}import", "current"
    whole["row_hash"] = [f"{prefix}{name}{n}" for n in range(len(whole))]
    return whole[list(table.names)]
