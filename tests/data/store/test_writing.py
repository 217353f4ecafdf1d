"""Imports written to the store: merged as a naive model merges them, refused where they do not fit."""

import dataclasses
import json
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import duckdb_extension_httpfs
import numpy as np
import pandas as pd
import pytest

from data.filters import AccessScope, Filters
from data.keys import Keys
from data.schema import SETTINGS, SUBSTANCES, TABLES
from data.settings import Settings
from data.store import (
    Batch,
    ImportOutcome,
    StoreDamagedError,
    StoreKeyError,
    StoreMissingError,
    StoreMixedError,
    StoreRefusedError,
    StoreWriteError,
    check_store,
    current_version,
    erase,
    open_store,
    preview_batch,
    rollback,
    upgrade_store,
    write_batch,
)
from data.store.connection import encryption_extension
from tests.data.store.by_hand import NaiveStore, by_hand, stored_tables
from tests.data.store_rows import KEYS, SOURCE, batch_of, person, rows_of, settings_for

ROOT = Path(__file__).parents[3]
EVERYTHING = Filters(first_day=date(2000, 1, 1), last_day=date(2030, 12, 31), settings=())
WHOLE_FORCE = AccessScope(audience="analyst")


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "store")


def write(settings: Settings, batch: Batch, **options: Any) -> ImportOutcome:
    return write_batch(settings=settings, keys=KEYS, batch=batch, **options)


def count(settings: Settings) -> int:
    with open_store(settings=settings, keys=KEYS) as store:
        return store.count_administrations(filters=EVERYTHING, scope=WHOLE_FORCE).administrations


def stored(settings: Settings, table: str) -> dict[str, dict[str, Any]]:
    """One table's rows by key."""
    return stored_tables(settings)[table]


# What a snapshot is ------------------------------------------------------------------------------------------------


def test_tables_are_those_of_the_schema(settings: Settings) -> None:
    write(settings, batch_of(person(1)))
    with by_hand(settings) as connection:
        found = connection.execute(
            """
            SELECT table_name, column_name, replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ'),
                   NOT is_nullable
            FROM duckdb_columns() WHERE database_name = 's' ORDER BY table_name, column_index
            """
        ).fetchall()
    declared = [
        (table.name, item.name, item.type, item.required or item.default is not None)
        for table in sorted(TABLES, key=lambda table: table.name)
        for item in table.fields
    ]
    assert [row for row in found if row[0] not in ("about", "counted", "row_counts")] == declared


def test_values_come_back_as_they_went_in(settings: Settings) -> None:
    write(settings, batch_of(person(7, hour=None, doses_given=None, recorded_at=datetime(2025, 7, 1, tzinfo=UTC))))
    incident = stored(settings, "incidents")["incident 7"]
    assert incident["occurred_at"] == datetime(2025, 3, 9, tzinfo=UTC)
    assert (incident["local_date"], incident["local_hour"]) == (date(2025, 3, 9), None)
    assert (incident["easting_m"], incident["call_category_before"]) == (318_750.0, None)
    administration = stored(settings, "administrations")["administration 7"]
    assert (administration["doses_given"], administration["gender"]) == (None, "not_recorded")
    assert administration["recorded_at"] == datetime(2025, 7, 1, tzinfo=UTC)


def test_every_pandas_form_of_a_column_is_the_same_row(settings: Settings) -> None:
    plain = batch_of(person(1), person(2, doses_given=None))
    tables = dict(plain.tables)
    administrations = tables["administrations"].copy()
    administrations["gender"] = pd.Categorical([None, "female"])
    administrations["doses_given"] = pd.array([3, None], dtype="Int16")
    administrations["person_token"] = pd.array(["person 1", None], dtype="string[pyarrow]")
    administrations["officer_area"] = [np.nan, pd.NA]
    incidents = tables["incidents"].copy()
    incidents["local_date"] = pd.to_datetime(incidents["local_date"])
    incidents["local_hour"] = [np.nan, 5.0]
    incidents["occurred_at"] = incidents["occurred_at"].dt.tz_convert("America/New_York")
    write(
        settings,
        dataclasses.replace(plain, tables=tables | {"administrations": administrations, "incidents": incidents}),
    )
    rows = stored(settings, "administrations")
    assert [rows[f"administration {n}"]["gender"] for n in (1, 2)] == ["not_recorded", "female"]
    assert [rows[f"administration {n}"]["doses_given"] for n in (1, 2)] == [3, None]
    assert [rows[f"administration {n}"]["person_token"] for n in (1, 2)] == ["person 1", None]
    assert rows["administration 1"]["officer_area"] is None
    places = stored(settings, "incidents")
    assert [places[f"incident {n}"]["local_hour"] for n in (1, 2)] == [None, 5]
    assert places["incident 2"]["local_date"] == date(2025, 3, 9)
    assert places["incident 2"]["occurred_at"] == datetime(2025, 3, 9, 14, tzinfo=UTC)


# Merging -----------------------------------------------------------------------------------------------------------


def test_merging_follows_the_rule_row_by_row(settings: Settings) -> None:
    chance = random.Random(1)
    naive = NaiveStore()
    for turn in range(4):
        people = [
            person(
                number,
                incident=number // 2 + 1,
                edition=f"edition {chance.randrange(3)}",
                substances=tuple(chance.sample(SUBSTANCES[:5], chance.randrange(4))),
                waits=tuple(float(minute) for minute in range(chance.randrange(3))),
                incident_fields={"row_hash": f"turn {turn}", "setting": chance.choice(SETTINGS)},
            )
            for number in chance.sample(range(40), 20)
        ]
        expected = naive.merge(people)
        batch = batch_of(*people, name=f"file {turn}")
        preview = preview_batch(settings=settings, keys=KEYS, batch=batch)
        outcome = write(settings, batch)
        assert (outcome.imported, outcome.updated, outcome.unchanged) == expected
        assert (preview.imported, preview.updated, preview.unchanged) == expected
        tables = stored_tables(settings)
        for name, rows in naive.tables.items():
            found = tables[name]
            assert found.keys() == rows.keys(), name
            different = [
                (key, field, found[key][field], value)
                for key, row in rows.items()
                for field, value in row.items()
                if field != "import_id" and found[key][field] != value
            ]
            assert not different, (name, different)
    assert check_store(settings=settings, keys=KEYS).problems == ()


def test_the_same_file_twice_changes_nothing(settings: Settings) -> None:
    batch = batch_of(person(1), person(2), quarantine=[{}, {"whole_row": False, "field": "gender"}])
    first = write(settings, batch)
    before = {file.name: file.stat().st_mtime_ns for file in settings.store_folder.iterdir()}
    second = write(settings, dataclasses.replace(batch, import_row=dict(batch.import_row) | {"import_id": "again"}))
    assert (first.imported, first.updated, first.unchanged) == (2, 0, 0)
    assert (second.imported, second.updated, second.unchanged) == (0, 0, 2)
    assert (second.quarantined_rows, second.quarantined_fields, second.version) == (1, 1, first.version)
    assert {file.name: file.stat().st_mtime_ns for file in settings.store_folder.iterdir()} == before


def test_another_file_with_the_same_rows_is_remembered_as_an_import(settings: Settings) -> None:
    first = write(settings, batch_of(person(1)))
    second = write(settings, batch_of(person(1), name="second"))
    assert (second.unchanged, second.version != first.version) == (1, True)
    with open_store(settings=settings, keys=KEYS) as store:
        assert store.freshness().imports == 2


def test_rows_of_other_sources_stay_when_a_person_is_updated(settings: Settings) -> None:
    write(settings, batch_of(person(1, source="ambulance", waits=(30.0, 31.0)), name="a", source="ambulance"))
    joined = person(1, edition="second", waits=(5.0,))
    joined["waits"][0]["wait_id"] = "wait of the form"
    write(settings, batch_of(joined, name="b"))
    assert {row["source"]: row["minutes"] for row in stored(settings, "waits").values()} == {
        "ambulance": 31.0,
        SOURCE: 5.0,
    }
    assert len(stored(settings, "waits")) == 3


def test_a_withdrawn_row_that_comes_back_is_an_update(settings: Settings) -> None:
    write(settings, batch_of(person(1), name="a"))
    write(settings, batch_of(person(1, record_state="withdrawn"), name="b"))
    assert count(settings) == 0
    assert write(settings, batch_of(person(1), name="c")).updated == 1
    assert count(settings) == 1


def test_tables_without_relations_merge_by_key(settings: Settings) -> None:
    def carriers(*rows: tuple[str, str], name: str) -> Batch:
        kept = {"source": SOURCE, "import_id": name, "record_state": "current"}
        frame = rows_of("carriers", [{"carrier_id": key, "row_hash": base, "base": base, **kept} for key, base in rows])
        plain = batch_of(name=name)
        row = dict(plain.import_row) | {"target": "carriers", "rows_in": len(rows)}
        return dataclasses.replace(plain, target="carriers", import_row=row, tables={"carriers": frame})

    write(settings, carriers(("c1", "Cardiff"), ("c2", "Barry"), name="a"))
    outcome = write(settings, carriers(("c2", "Swansea"), ("c3", "Neath"), name="b"))
    assert (outcome.imported, outcome.updated, outcome.unchanged) == (1, 1, 0)
    assert {key: row["base"] for key, row in stored(settings, "carriers").items()} == {
        "c1": "Cardiff",
        "c2": "Swansea",
        "c3": "Neath",
    }


def test_quarantine_is_replaced_and_heals(settings: Settings) -> None:
    field = {"whole_row": False, "field": "gender", "record_id": "administration 1"}
    write(settings, batch_of(person(1), name="a", quarantine=[field, {}, {}]))
    # The same file by a better mapping: person 2 was in a row that had been held back.
    outcome = write(settings, batch_of(person(1), person(2), name="a", quarantine=[{}]))
    assert (outcome.imported, outcome.unchanged, outcome.quarantined_rows) == (1, 1, 1)
    with open_store(settings=settings, keys=KEYS) as store:
        assert (store.freshness().rows_quarantined, store.freshness().fields_quarantined) == (1, 0)
    # A later extract has the same bad field again, then a good one.
    write(settings, batch_of(person(1, edition="second"), name="b", quarantine=[field]))
    write(settings, batch_of(person(1, edition="second"), name="c", quarantine=[field]))
    with open_store(settings=settings, keys=KEYS) as store:
        assert store.freshness().fields_quarantined == 1
        reasons = store.quarantine_reasons()
    assert reasons.to_dict("records") == [
        {"target": "administrations", "reason": "unreadable", "field": "gender", "rows": 0, "fields": 1},
        {"target": "administrations", "reason": "unreadable", "field": None, "rows": 1, "fields": 0},
    ]
    write(settings, batch_of(person(1, edition="third"), name="d"))
    with open_store(settings=settings, keys=KEYS) as store:
        assert store.freshness().fields_quarantined == 0


def test_the_report_of_an_import_is_kept(settings: Settings) -> None:
    write(settings, batch_of(person(1), person(2), name="a", quarantine=[{}, {}, {"whole_row": False}]))
    write(settings, batch_of(person(2, edition="second"), person(3), name="b"))
    with open_store(settings=settings, keys=KEYS) as store:
        imports = store.imports().set_index("import_id")
        assert store.freshness().last_import_at == datetime(2025, 6, 1, 10, 30, tzinfo=ZoneInfo("Europe/London"))
    columns = ["rows_in", "rows_imported", "rows_updated", "rows_unchanged", "rows_quarantined", "fields_quarantined"]
    assert imports.loc["import a", columns].tolist() == [4, 2, 0, 0, 2, 1]
    assert imports.loc["import b", columns].tolist() == [2, 1, 1, 0, 0, 0]


# Refusals ----------------------------------------------------------------------------------------------------------


def broken(batch: Batch, table: str, **columns: Any) -> Batch:
    return dataclasses.replace(batch, tables=dict(batch.tables) | {table: batch.tables[table].assign(**columns)})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda batch: broken(batch, "waits", wait_id="the same for all"), "share a wait_id"),
        (lambda batch: broken(batch, "administrations", administration_id=[None, "b"]), "have none"),
        (lambda batch: broken(batch, "incidents", name="PLANTED NAME"), "should not have: name"),
        (lambda batch: broken(batch, "incidents", setting="PLANTED NAME"), "does not allow"),
        (lambda batch: broken(batch, "waits", minutes=-3.0), "does not allow"),
        (lambda batch: broken(batch, "waits", minutes=float("inf")), "does not allow"),
        (lambda batch: broken(batch, "incidents", occurred_at=pd.NaT), "does not allow"),
        (lambda batch: broken(batch, "waits", minutes="PLANTED NAME"), "wrong type"),
        (lambda batch: broken(batch, "incidents", local_date="PLANTED NAME"), "wrong type"),
        (
            lambda batch: dataclasses.replace(
                batch, tables=dict(batch.tables) | {"waits": batch.tables["waits"].drop(columns="clock")}
            ),
            "lack, or should not have: clock",
        ),
        (lambda batch: dataclasses.replace(batch, import_row=dict(batch.import_row) | {"rows_in": 3}), "3 rows, but 2"),
        (lambda batch: dataclasses.replace(batch, target="carriers"), "no rows for the table carriers"),
        (
            lambda batch: dataclasses.replace(batch, tables=dict(batch.tables) | {"carriers": rows_of("carriers", [])}),
            "share no key",
        ),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_whole(settings: Settings, spoil: Any, sentence: str) -> None:
    version = write(settings, batch_of(person(1))).version
    before = {file.name for file in settings.store_folder.iterdir()}
    with pytest.raises(StoreWriteError, match=sentence) as caught:
        write(settings, spoil(batch_of(person(2), person(3), name="second")))
    assert "PLANTED" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert current_version(settings.store_folder) == version
    assert {file.name for file in settings.store_folder.iterdir()} == before
    assert count(settings) == 1


def test_real_and_synthetic_rows_never_mix(tmp_path: Path) -> None:
    synthetic = settings_for(tmp_path / "synthetic")
    real = settings_for(tmp_path / "real", synthetic=False, open_real_on_loopback=True)
    with pytest.raises(StoreMixedError, match="no real records"):
        write(synthetic, batch_of(person(1), synthetic=False))
    with pytest.raises(StoreMixedError, match="no synthetic"):
        write(real, batch_of(person(1)))
    write(synthetic, batch_of(person(1)))
    write(real, batch_of(person(1), synthetic=False))
    # Settings that say otherwise do not change what a store is.
    with pytest.raises(StoreMixedError, match="no real records"):
        write(settings_for(tmp_path / "synthetic", synthetic=False), batch_of(person(2), synthetic=False))
    with pytest.raises(StoreMixedError, match="no synthetic"):
        write(settings_for(tmp_path / "real"), batch_of(person(2)))


def test_a_real_store_opens_only_where_the_settings_say_so(tmp_path: Path) -> None:
    allowed = settings_for(tmp_path, synthetic=False, open_real_on_loopback=True)
    write(allowed, batch_of(person(1), synthetic=False))
    assert count(allowed) == 1
    for refused in (settings_for(tmp_path, synthetic=False), settings_for(tmp_path, open_real_on_loopback=True)):
        with pytest.raises(StoreRefusedError, match="open_real_on_loopback = true"):
            open_store(settings=refused, keys=KEYS)
    # What the pointer claims does not count: the snapshot itself says what it is.
    file = tmp_path / "current.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"synthetic": True}))
    with pytest.raises(StoreRefusedError):
        open_store(settings=settings_for(tmp_path), keys=KEYS)
    assert "do not say the same" in check_store(settings=allowed, keys=KEYS).problems[0]


def test_a_wrong_key_is_refused_and_not_quoted(settings: Settings) -> None:
    write(settings, batch_of(person(1)))
    wrong = Keys(store_key="a wrong key, and long enough to be one", pseudonym_key=None)
    for attempt in (
        lambda: open_store(settings=settings, keys=wrong),
        lambda: check_store(settings=settings, keys=wrong),
        lambda: write_batch(settings=settings, keys=wrong, batch=batch_of(person(2), name="second")),
        lambda: erase(settings=settings, keys=wrong, token="person 1", purpose=""),
    ):
        with pytest.raises(StoreKeyError) as caught:
            attempt()
        assert "wrong key, and" not in str(caught.value)
    assert count(settings) == 1
    plain = duckdb.connect()
    pointer = json.loads((settings.store_folder / "current.json").read_text())
    with pytest.raises(duckdb.Error):
        plain.execute(f"ATTACH '{settings.store_folder / pointer['file']}' AS s (READ_ONLY)")


def test_an_empty_folder_and_an_unknown_version_are_named(settings: Settings) -> None:
    for ask in (open_store, check_store, upgrade_store, rollback):
        with pytest.raises(StoreMissingError):
            ask(settings=settings, keys=KEYS)
    write(settings, batch_of(person(1)))
    for version in ("20250101T000000000000Z", "../../etc/passwd"):
        with pytest.raises(StoreMissingError):
            open_store(settings=settings, keys=KEYS, version=version)


def test_a_damaged_snapshot_is_named(settings: Settings) -> None:
    write(settings, batch_of(*(person(number) for number in range(1, 3000))))
    file = settings.store_folder / json.loads((settings.store_folder / "current.json").read_text())["file"]
    content = bytearray(file.read_bytes())
    # Headers at the front stay: some block in the middle does not decrypt to what was written.
    for place in range(len(content) // 3, len(content), 100_000):
        content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(StoreDamagedError, match="rollback"):
        check_store(settings=settings, keys=KEYS)
    with open_store(settings=settings, keys=KEYS) as store, pytest.raises(StoreDamagedError, match="rollback"):
        store.listed_administrations(filters=EVERYTHING, scope=WHOLE_FORCE, most=5_000)
    # The key opens the file, and the block after its headers is another: the key is not to blame.
    content[2 * 4096 + 8] ^= 0xFF
    content[4096 + 8] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(StoreDamagedError):
        open_store(settings=settings, keys=KEYS)
    file.write_bytes(b"nothing like a database")
    with pytest.raises(StoreDamagedError):
        open_store(settings=settings, keys=KEYS)
    file.unlink()
    with pytest.raises(StoreDamagedError):
        open_store(settings=settings, keys=KEYS)


@pytest.fixture
def changed_extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only extension in what looks like its wheel, with a byte that DuckDB did not sign."""
    file = tmp_path / "wheel" / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
    file.parent.mkdir(parents=True)
    content = bytearray(encryption_extension().read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(duckdb_extension_httpfs, "__file__", str(tmp_path / "wheel" / "__init__.py"))
    return file


@pytest.mark.usefixtures("changed_extension")
def test_an_extension_that_duckdb_did_not_sign_is_refused() -> None:
    with pytest.raises(duckdb.IOException, match="signature"):
        encryption_extension.__wrapped__()


def test_no_query_reaches_outside_the_store(settings: Settings, tmp_path: Path, changed_extension: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    # Under its own name it would be taken for the one that is loaded.
    unsigned = changed_extension.rename(tmp_path / "unsigned.duckdb_extension")
    write(settings, batch_of(person(1)))
    with open_store(settings=settings, keys=KEYS) as store, store._cursor() as cursor:
        for statement in (
            f"SELECT * FROM read_csv('{outside}')",
            f"COPY (SELECT 1) TO '{tmp_path / 'copied.csv'}'",
            f"ATTACH '{tmp_path / 'other.duckdb'}' AS other",
            "INSTALL spatial",
            f"LOAD '{unsigned}'",
            "SET enable_external_access = true",
            "DELETE FROM records.administrations",
        ):
            with pytest.raises(duckdb.Error):
                cursor.execute(statement)
    assert not (tmp_path / "copied.csv").exists()
