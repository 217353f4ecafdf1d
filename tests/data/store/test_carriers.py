"""Who carries on a day, as the store tells it: roles with periods, kits that change hands, rosters, requests."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.filters import AccessScope, Filters
from data.schema import table_named
from data.store import Batch, Store, open_store, write_batch
from tests.data.store_rows import KEYS, rows_of, settings_for

DAY = date(2025, 6, 30)
EVERYONE = AccessScope(audience="analyst")


def batch(target: str, rows: list[dict[str, Any]]) -> Batch:
    key = table_named(target).key
    complete = [
        {key: f"{target} {number}", "row_hash": str(number), "record_state": "current", "source": "s"}
        | {"import_id": f"import {target}"}
        | row
        for number, row in enumerate(rows)
    ]
    return Batch(
        target=target,
        synthetic=True,
        import_row={
            "import_id": f"import {target}",
            "imported_at": datetime(2025, 7, 1, 9, tzinfo=UTC),
            "target": target,
            "file_hash": f"hash of {target}",
            "extract": "full",
            "source": "s",
            "rows_in": len(rows),
            "first_day": None,
            "last_day": None,
        },
        tables={target: rows_of(target, complete)},
        quarantine=rows_of("quarantine", []),
    )


def officer(name: str, **fields: Any) -> dict[str, Any]:
    return {"officer_token": name, "role": "response", "base": "Ely", "trained_on": date(2024, 1, 1)} | fields


def kit(name: str | None, holder: str, event: str, on: date | None, **fields: Any) -> dict[str, Any]:
    said = {"kit_token": name, "officer_token": holder, "event": event, "event_on": on}
    return said | {"expires_on": date(2026, 1, 31)} | fields


CARRIERS = [
    officer("a", valid_from=date(2024, 1, 1), valid_to=date(2025, 5, 31)),
    officer("a", valid_from=date(2025, 6, 1), role="custody"),
    officer("b", bcu="Mid Glamorgan", refreshed_on=date(2025, 2, 1)),
    officer("left", valid_to=date(2025, 6, 29)),
    officer("later", valid_from=date(2025, 7, 1)),
    officer("withdrawn", record_state="withdrawn"),
    *(officer(name) for name in ("c", "d", "e", "f", "g")),
]
KITS = [
    # Issued to a, given back, issued to b: b's.
    kit("1", "a", "issued", date(2024, 2, 1)),
    kit("1", "a", "returned", date(2024, 9, 1)),
    kit("1", "b", "issued", date(2024, 9, 1), expires_on=date(2026, 3, 31)),
    kit("2", "b", "issued", date(2024, 1, 1), expires_on=date(2025, 12, 31)),
    # Used the day it was issued, and used on a day that nobody wrote down: not held.
    kit("3", "c", "issued", date(2025, 1, 1)),
    kit("3", "c", "used", date(2025, 1, 1)),
    kit("4", "d", "issued", date(2025, 1, 1)),
    kit("4", "d", "used", None),
    # Issued or lost after the day asked about: not yet.
    kit("5", "e", "issued", date(2025, 7, 1)),
    kit("6", "f", "issued", date(2025, 1, 1), expires_on=None),
    kit("6", "f", "lost", date(2025, 7, 1)),
    # A ledger of numbers, without a name for each kit.
    kit(None, "g", "issued", date(2025, 1, 1), kits=2),
    kit(None, "g", "used", date(2025, 2, 1), kits=1),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = settings_for(tmp_path_factory.mktemp("carriers") / "store")
    hours = [{"officer_token": "b", "hour_of_week": hour} for hour in (5, 6)]
    dated = [
        {
            "officer_token": "c",
            # Summer time: 22:00 to 07:00 where the force is.
            "starts_at": datetime(2025, 6, 30, 21, tzinfo=UTC),
            "ends_at": datetime(2025, 7, 1, 6, tzinfo=UTC),
        }
    ]
    asked = [
        {
            "occurred_at": datetime(2025, 6, 1, 9, tzinfo=UTC),
            "local_date": date(2025, 6, 1),
            "local_hour": 10,
            "local_weekday": 7,
            "easting_m": 318_050.0,
            "northing_m": 176_050.0,
            "location_source": source,
            "found": "no",
        }
        for source in ("coordinates", "area")
    ]
    for target, rows in (
        ("carriers", CARRIERS),
        ("kits", KITS),
        ("shifts", [*hours, *dated]),
        ("requests", asked),
    ):
        write_batch(settings=settings, keys=KEYS, batch=batch(target, rows))
    with open_store(settings=settings, keys=KEYS) as opened:
        yield opened


def test_everyone_with_a_role_on_the_day_stands_there_once(store: Store) -> None:
    found = store.carriers(scope=EVERYONE, as_of=DAY)
    assert len(found) == 7
    assert found["officer"].is_unique
    assert sorted(found["role"]) == ["custody"] + ["response"] * 6
    before = store.carriers(scope=EVERYONE, as_of=date(2025, 5, 1))
    assert set(before["role"]) == {"response"}
    assert len(before) == 8


def test_a_kit_is_held_from_issue_to_its_end(store: Store) -> None:
    found = store.carriers(scope=EVERYONE, as_of=DAY)
    assert int(found["holds_kit"].sum()) == 3
    held = found[found["holds_kit"]]
    # b's later expiry of two, g's, and f's that nobody wrote down.
    expiries = [None if pd.isna(day) else day.date() for day in held["kit_expires_on"]]
    assert set(expiries) == {date(2026, 3, 31), date(2026, 1, 31), None}
    later = store.carriers(scope=EVERYONE, as_of=date(2025, 7, 2))
    # e's has come, f's is gone.
    assert int(later["holds_kit"].sum()) == 3
    assert store.names_holders_of_kits()


def test_a_reader_of_one_unit_gets_its_carriers(store: Store) -> None:
    found = store.carriers(scope=AccessScope(audience="analyst", bcus=("Mid Glamorgan",)), as_of=DAY)
    assert found["bcu"].tolist() == ["Mid Glamorgan"]
    assert found["refreshed_on"].iloc[0].date() == date(2025, 2, 1)


def test_rosters_are_of_the_same_officers(store: Store) -> None:
    found = store.carriers(scope=EVERYONE, as_of=DAY)
    (b,) = found.loc[found["bcu"] == "Mid Glamorgan", "officer"]
    typical = store.typical_hours()
    assert typical["officer"].tolist() == [b, b]
    assert typical["hour_of_week"].tolist() == [5, 6]
    shift = store.dated_shifts().iloc[0]
    assert shift["officer"] in set(found["officer"]) - {b}
    assert (shift["starts_at"], shift["ends_at"]) == (pd.Timestamp(2025, 6, 30, 22), pd.Timestamp(2025, 7, 1, 7))


def test_requests_have_their_hour_and_a_place_only_where_it_is_one(store: Store) -> None:
    found = store.requests(filters=Filters(first_day=date(2025, 6, 1), last_day=DAY), scope=EVERYONE)
    assert found["hour_of_week"].tolist() == [154, 154]
    assert np.isfinite(found["easting_m"]).sum() == 1
    nothing = store.requests(filters=Filters(first_day=date(2025, 6, 2), last_day=DAY), scope=EVERYONE)
    assert nothing.empty
