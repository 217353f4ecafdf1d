"""The store under rough treatment: kills, several writers, readers that stay, erasure, going back, and prying eyes."""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from data.filters import AccessScope, Filters
from data.journal import Journal
from data.settings import Settings
from data.store import (
    Batch,
    RecordNotFoundError,
    StoreBusyError,
    StoreError,
    StoreHistoryError,
    StoreSchemaError,
    check_store,
    current_version,
    erase,
    open_store,
    rollback,
    upgrade_store,
    write_batch,
)
from tests.data.store.by_hand import by_hand, tokens_in
from tests.data.store_rows import KEYS, batch_of, person, repeated, rows_of, settings_for

ROOT = Path(__file__).parents[3]
EVERYTHING = Filters(first_day=date(2000, 1, 1), last_day=date(2030, 12, 31), settings=())
WHOLE_FORCE = AccessScope(audience="analyst")


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "store")


def write(settings: Settings, batch: Batch, **options: Any) -> str | None:
    return write_batch(settings=settings, keys=KEYS, batch=batch, **options).version


def count(settings: Settings) -> int:
    with open_store(settings=settings, keys=KEYS) as store:
        return store.count_administrations(filters=EVERYTHING, scope=WHOLE_FORCE).administrations


def test_writers_at_once_take_turns(settings: Settings) -> None:
    def write_some(first: int) -> str | None:
        people = [person(number) for number in range(first, first + 5)]
        return write(settings, batch_of(*people, name=f"file {first}"), lock_wait_s=60)

    with ThreadPoolExecutor(3) as pool:
        versions = list(pool.map(write_some, (1, 11, 21)))
    assert len(set(versions)) == 3
    assert count(settings) == 15
    assert check_store(settings=settings, keys=KEYS).problems == ()


def test_a_writer_in_another_process_is_waited_for_or_named(settings: Settings) -> None:
    settings.store_folder.mkdir()
    script = (
        "import sys, pathlib\nfrom data.snapshots import writer_lock\n"
        "with writer_lock(pathlib.Path(sys.argv[1]), wait_s=0):\n"
        "    print('in', flush=True)\n    sys.stdin.readline()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(settings.store_folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "in\n"
    with pytest.raises(StoreBusyError, match="Another import is running"):
        write(settings, batch_of(person(1)), lock_wait_s=0)
    assert current_version(settings.store_folder) is None
    told: list[str] = []

    def release(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 1:
            other.communicate("go on\n")

    write(settings, batch_of(person(1)), lock_wait_s=60, on_progress=release)
    assert told[0] == "Another import is running. Waiting for it to finish."
    assert count(settings) == 1


def test_readers_stay_up_while_versions_come_and_go(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, snapshots_kept=1)
    write(settings, batch_of(person(1), name="file 1"))
    failures: list[StoreError] = []
    seen: set[int] = set()
    done = threading.Event()
    kept_open = open_store(settings=settings, keys=KEYS)

    def read() -> None:
        try:
            while not done.is_set():
                seen.add(count(settings))
        except StoreError as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2, 5):
        write(settings, batch_of(person(number), name=f"file {number}"))
    deadline = time.monotonic() + 30
    while 4 not in seen and time.monotonic() < deadline:
        time.sleep(0.01)
    done.set()
    reader.join()
    assert failures == []
    assert 4 in seen
    # The first version's file is gone by now (or, on Windows, kept for its reader): the open store still answers.
    assert kept_open.count_administrations(filters=EVERYTHING, scope=WHOLE_FORCE).administrations == 1
    assert kept_open.version != current_version(tmp_path)
    kept_open.close()


# Erasing and going back --------------------------------------------------------------------------------------------


def test_a_person_is_erased_with_all_that_hangs_on_them(settings: Settings) -> None:
    before_them = write(settings, batch_of(person(8), name="a"))
    # Persons 1 and 2 at one incident; 3 alone; a follow-up and a quarantine entry of person 3.
    write(
        settings,
        batch_of(
            *(person(1, incident=1), person(2, incident=1), person(3)),
            name="b",
            quarantine=[{"whole_row": False, "field": "gender", "record_id": "administration 3"}],
        ),
    )
    steps = rows_of(
        "follow_up",
        [{"follow_up_id": f"step {n}", "administration_id": f"administration {n}", "step": "referred"} for n in (1, 3)],
    )
    plain = batch_of(name="c")
    row = dict(plain.import_row) | {"target": "follow_up", "rows_in": 2}
    write(
        settings,
        Batch(
            target="follow_up", synthetic=True, import_row=row, tables={"follow_up": steps}, quarantine=plain.quarantine
        ),
    )
    erasure = erase(settings=settings, keys=KEYS, token="person 3", who="records manager", purpose="asked to")
    assert erasure.rows == {
        "incidents": 1,
        "administrations": 1,
        "substances": 1,
        "doses": 1,
        "waits": 1,
        "follow_up": 1,
        "quarantine": 1,
    }
    assert len(erasure.snapshots_removed) == 2
    assert erasure.snapshots_left == ()
    left = tokens_in(settings)
    assert left.keys() == {erasure.version, before_them}
    gone = {"person 3", "administration 3", "incident 3", "substance 3 heroin", "dose 3", "wait incident 3 0", "step 3"}
    assert gone & set.union(*left.values()) == set()
    assert {"person 1", "person 2", "person 8", "incident 1", "step 1"} <= left[erasure.version]
    # Only person 2 goes from the incident that two share.
    assert erase(settings=settings, keys=KEYS, token="person 2", purpose="").rows.get("incidents") is None
    assert "incident 1" in tokens_in(settings)[str(current_version(settings.store_folder))]
    check = check_store(settings=settings, keys=KEYS)
    assert check.problems == ()
    assert (check.rows["administrations"], check.rows["counted"]) == (2, 2)
    entry = Journal(folder=settings.store_folder, keys=KEYS).entries()[3]
    assert (entry.action, entry.who, entry.purpose) == ("erase", "records manager", "asked to")
    assert "person 3" not in json.dumps(dict(entry.details))


def test_an_officer_is_unlinked_and_the_doses_stay(settings: Settings) -> None:
    write(settings, batch_of(*(person(number) for number in range(1, 7)), name="a"))
    kept = {"source": "roster", "record_state": "current"}
    carriers = rows_of(
        "carriers", [{"carrier_id": f"carrier {n}", "officer_token": f"officer {n}", **kept} for n in range(3)]
    )
    plain = batch_of(name="b")
    row = dict(plain.import_row) | {"target": "carriers", "rows_in": 3}
    write(
        settings,
        Batch(
            target="carriers",
            synthetic=True,
            import_row=row,
            tables={"carriers": carriers},
            quarantine=plain.quarantine,
        ),
    )
    erasure = erase(settings=settings, keys=KEYS, token="officer 1", purpose="left the force")
    assert erasure.rows == {"carriers": 1, "doses": 2}
    assert "officer 1" not in set.union(*tokens_in(settings).values())
    check = check_store(settings=settings, keys=KEYS)
    assert (check.rows["doses"], check.rows["carriers"], check.problems) == (6, 2, ())


@pytest.mark.parametrize(
    ("token", "administrations"), [("incident 1", 1), ("administration 1", 2), ("dose 1", 3), ("wait incident 1 0", 3)]
)
def test_one_record_is_erased_by_its_key(settings: Settings, token: str, administrations: int) -> None:
    write(settings, batch_of(person(1, incident=1), person(2, incident=1), person(3)))
    erase(settings=settings, keys=KEYS, token=token, purpose="entered by mistake")
    assert token not in set.union(*tokens_in(settings).values())
    assert count(settings) == administrations
    assert check_store(settings=settings, keys=KEYS).problems == ()


def test_erasing_nobody_changes_nothing(settings: Settings) -> None:
    version = write(settings, batch_of(person(1)))
    with pytest.raises(RecordNotFoundError):
        erase(settings=settings, keys=KEYS, token="person 99", purpose="")
    assert current_version(settings.store_folder) == version


def test_going_back_and_on(settings: Settings) -> None:
    first = write(settings, batch_of(person(1), name="a"))
    write(settings, batch_of(person(2), name="b"))
    assert count(settings) == 2
    assert rollback(settings=settings, keys=KEYS, who="analyst", purpose="wrong file") == first
    assert (current_version(settings.store_folder), count(settings)) == (first, 1)
    with pytest.raises(StoreHistoryError):
        rollback(settings=settings, keys=KEYS)
    # The file that was gone back from can be imported again.
    write(settings, batch_of(person(2), name="b"))
    assert count(settings) == 2
    check = check_store(settings=settings, keys=KEYS)
    assert (check.problems, len(check.snapshots)) == ((), 2)
    journal = Journal(folder=settings.store_folder, keys=KEYS).entries()
    assert [entry.action for entry in journal] == ["import", "import", "rollback", "import"]
    assert (journal[2].who, journal[2].purpose, journal[2].details["to"]) == ("analyst", "wrong file", first)
    assert journal[1].details["rows_imported"] == 1


def test_a_store_of_an_earlier_version_is_upgraded_on_request(settings: Settings) -> None:
    version = write(settings, batch_of(person(1), person(2)))
    with by_hand(settings, writable=True) as connection:
        connection.execute("CREATE TABLE s.narrower AS SELECT * EXCLUDE (gender, officer_area) FROM s.administrations")
        connection.execute("DROP TABLE s.administrations")
        connection.execute("ALTER TABLE s.narrower RENAME TO administrations")
        connection.execute("DROP TABLE s.risk_events")
        connection.execute("UPDATE s.about SET schema_version = 'earlier'")
    file = settings.store_folder / "current.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema_version": "earlier"}))
    for attempt in (
        lambda: open_store(settings=settings, keys=KEYS),
        lambda: write(settings, batch_of(person(3), name="b")),
        lambda: erase(settings=settings, keys=KEYS, token="person 1", purpose=""),
    ):
        with pytest.raises(StoreSchemaError, match="python -m data upgrade"):
            attempt()
    assert any("another version" in problem for problem in check_store(settings=settings, keys=KEYS).problems)
    upgraded = upgrade_store(settings=settings, keys=KEYS)
    assert upgraded != version
    assert upgrade_store(settings=settings, keys=KEYS) == upgraded
    assert check_store(settings=settings, keys=KEYS).problems == ()
    with by_hand(settings) as connection:
        rows = connection.execute("SELECT administration_id, gender, officer_area FROM s.administrations ORDER BY 1")
        assert rows.fetchall() == [(f"administration {n}", "not_recorded", None) for n in (1, 2)]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("DELETE FROM s.waits WHERE incident_id = 'incident 1'", "The table waits has 1 rows and should have 2"),
        ("INSERT INTO s.doses SELECT * FROM s.doses WHERE dose_id = 'dose 1'", "Keys in the table doses occur twice"),
        ("UPDATE s.administrations SET incident_id = 'lost' WHERE person_token = 'person 1'", "belong to nothing"),
        ("UPDATE s.about SET version = '20200101T000000000000Z'", "do not say the same"),
    ],
)
def test_a_check_finds_what_is_wrong(settings: Settings, damage: str, sentence: str) -> None:
    write(settings, batch_of(person(1), person(2)))
    with by_hand(settings, writable=True) as connection:
        connection.execute(damage)
    check = check_store(settings=settings, keys=KEYS)
    assert not check.ok
    assert any(sentence in line for line in check.lines())


def test_a_check_finds_a_journal_cut_short(settings: Settings) -> None:
    write(settings, batch_of(person(1), name="a"))
    write(settings, batch_of(person(2), name="b"))
    assert check_store(settings=settings, keys=KEYS).ok
    # With its last entries gone the chain itself is whole: the snapshot remembers where it ended.
    for file in settings.store_folder.glob("journal.sqlite*"):
        file.unlink()
    check = check_store(settings=settings, keys=KEYS)
    assert "Entry 1 of the journal" in check.problems[0]


# Prying eyes -------------------------------------------------------------------------------------------------------


def test_nothing_is_in_plain_text_on_disk_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that appears in the store folder or the temporary folder during a write that spills is searched."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    settings = settings_for(tmp_path / "store", memory_limit="90MB")
    markers = [b"PLANTEDtoken", b"PLANTEDarea", b"PLANTEDtext", KEYS.store_key.encode().strip()]
    people = [
        person(
            number,
            person_token=f"PLANTEDtoken {number} " + "x" * 60,
            officer_area=f"PLANTEDarea {number}",
            incident_fields={"call_category_before": f"PLANTEDtext {number}"},
        )
        for number in range(1, 1001)
    ]
    batch = repeated(batch_of(*people), times=40)
    seen: dict[str, int] = {}
    leaks: list[str] = []
    done = threading.Event()

    def look() -> None:
        for folder in (settings.store_folder, temporary):
            for file in folder.rglob("*"):
                try:
                    content = file.read_bytes() if file.is_file() else b""
                except OSError:
                    continue
                kind = file.name.split("-")[0] if "spill" not in file.parts else "spill"
                seen[kind] = max(seen.get(kind, 0), len(content))
                leaks.extend(f"{file.name}: {marker!r}" for marker in markers if marker in content)

    def watch() -> None:
        while not done.is_set():
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        write(settings, batch)
        write(settings, batch_of(*(person(n, edition="second") for n in range(1, 201)), name="second"))
    finally:
        done.set()
        watcher.join()
    with open_store(settings=settings, keys=KEYS) as store:
        store.listed_administrations(filters=EVERYTHING, scope=WHOLE_FORCE, most=10)
        look()
    assert leaks == []
    assert seen["staging"] > 100_000
    assert seen["records"] > 100_000
    assert seen["spill"] > 0
    assert not (settings.store_folder / "spill").exists()
