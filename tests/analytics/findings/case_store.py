"""A small encrypted store of cases that a test chooses one by one: day, time of entry, place, doses, state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.keys import load_keys
from data.schema import table_named
from data.settings import Settings
from data.store import Batch, Store, open_store, write_batch
from geo.areas import Geography

FIRST_DAY, LAST_DAY = date(2024, 7, 1), date(2026, 6, 30)
CARDIFF, BRIDGEND, SWANSEA = (318_450.0, 176_350.0), (290_650.0, 179_950.0), (265_650.0, 193_050.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One administration of one person."""

    id: str
    day: date
    place: tuple[float, float] = CARDIFF
    entered_after_days: int = 0
    doses: int = 1
    substance: str = "heroin"
    condition_after: str = "conscious"
    state: str = "current"
    in_area: bool = True


def quiet_background() -> list[Case]:
    """Two years with a case every eleven days, here and there, the last on the last day."""
    days = range((LAST_DAY - FIRST_DAY).days, -1, -11)
    places = (CARDIFF, SWANSEA, BRIDGEND, CARDIFF, SWANSEA)
    return [
        Case(id=f"background-{back}", day=FIRST_DAY + timedelta(days=back), place=places[number % len(places)])
        for number, back in enumerate(days)
    ]


def cluster(*, first_day: date = date(2026, 6, 24), size: int = 5, place: tuple[float, float] = BRIDGEND) -> list[Case]:
    """A case a day, 100 m apart."""
    return [
        Case(
            id=f"cluster-{first_day}-{number}",
            day=first_day + timedelta(days=number % 4),
            place=(place[0] + 100 * number, place[1]),
        )
        for number in range(size)
    ]


def write_cases(settings: Settings, geography: Geography, cases: Sequence[Case], *, name: str) -> str:
    """Write the cases, which replace those of the same id, and return the version of the snapshot."""
    keys = load_keys(store_folder=settings.store_folder, create=True)
    places = np.array([case.place for case in cases])
    labels = geography.label_area(easting_m=places[:, 0], northing_m=places[:, 1])
    small_area = [code if case.in_area else None for code, case in zip(labels.small_area, cases, strict=True)]
    identity = [case.id for case in cases]
    moments = [datetime(case.day.year, case.day.month, case.day.day, 12, tzinfo=UTC) for case in cases]
    states = [case.state for case in cases]
    incidents = pd.DataFrame(
        {
            "incident_id": [f"i-{one}" for one in identity],
            "occurred_at": moments,
            "time_precision": "minute",
            "local_date": pd.to_datetime([case.day for case in cases]),
            "local_hour": 12,
            "local_weekday": [case.day.isoweekday() for case in cases],
            "easting_m": places[:, 0],
            "northing_m": places[:, 1],
            "location_precision_m": 100.0,
            "location_source": "coordinates",
            "small_area": small_area,
            "authority": labels.authority,
            "bcu": labels.bcu,
            "setting": "street",
            "record_state": states,
        }
    )
    administrations = pd.DataFrame(
        {
            "administration_id": [f"a-{one}" for one in identity],
            "incident_id": incidents["incident_id"],
            "recipient_type": "public",
            "doses_given": [case.doses for case in cases],
            "condition_after": [case.condition_after for case in cases],
            "recorded_at": [
                moment + timedelta(days=case.entered_after_days) for moment, case in zip(moments, cases, strict=True)
            ],
            "record_state": states,
        }
    )
    substances = pd.DataFrame(
        {
            "substance_id": [f"s-{one}" for one in identity],
            "administration_id": administrations["administration_id"],
            "substance": [case.substance for case in cases],
            "certainty": "suspected",
            "record_state": states,
        }
    )
    frames = {"incidents": incidents, "administrations": administrations, "substances": substances}
    outcome = write_batch(
        settings=settings,
        keys=keys,
        batch=Batch(
            target="administrations",
            synthetic=True,
            import_row={
                "import_id": name,
                "imported_at": datetime(2026, 7, 1, 9, tzinfo=UTC),
                "file_hash": name,
                "extract": "incremental",
                "source": "test",
                "rows_in": len(cases),
                "rows_unchanged": 0,
                "rows_quarantined": 0,
                "fields_quarantined": 0,
                "first_day": min(case.day for case in cases),
                "last_day": max(case.day for case in cases),
            },
            tables={table: _whole(table, frame, name) for table, frame in frames.items()},
            quarantine=pd.DataFrame(columns=list(table_named("quarantine").names)),
        ),
    )
    return str(outcome.version)


def ask_store(
    settings: Settings, geography: Geography, *, audience: str = "analyst", bcus: tuple[str, ...] = ()
) -> Question:
    """A question about the store as it is now; the caller closes `question.store`."""
    store: Store = open_store(settings=settings, keys=load_keys(store_folder=settings.store_folder))
    first_day, last_day = store.period()
    return Question(
        store=store,
        geography=geography,
        settings=settings,
        filters=Filters(first_day=first_day, last_day=last_day),
        scope=AccessScope(audience=audience, bcus=bcus),
    )


def _whole(name: str, frame: pd.DataFrame, import_id: str) -> pd.DataFrame:
    table = table_named(name)
    whole = frame.copy()
    for column in table.fields:
        if column.name not in whole:
            whole[column.name] = column.default
    whole["source"], whole["import_id"] = "test", import_id
    # A row whose hash differs is an update of the row with its key.
    whole["row_hash"] = [f"{import_id}-{name}-{number}" for number in range(len(whole))]
    return whole[list(table.names)]
