"""The journal: nothing readable without the key, nothing changed unnoticed."""

import base64
import hashlib
import hmac
import json
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from data.journal import Journal, JournalConflictError, JournalTamperedError, JournalUnavailableError
from data.keys import Keys

KEYS = Keys(store_key="the key that the journal is written with", pseudonym_key=None)


@pytest.fixture(name="journal")
def _journal(tmp_path: Path) -> Journal:
    journal = Journal(folder=tmp_path, keys=KEYS)
    for number in range(1, 6):
        journal.record(action="export", who="analyst", purpose=f"meeting {number}", details={"rows": number})
    return journal


def change(folder: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(folder / "journal.sqlite")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_entries_come_back_as_written(journal: Journal) -> None:
    entries = journal.entries()
    assert [(entry.number, entry.purpose, entry.details["rows"]) for entry in entries] == [
        (number, f"meeting {number}", number) for number in range(1, 6)
    ]
    assert all(abs(entry.at - datetime.now(UTC)) < timedelta(minutes=5) for entry in entries)
    assert [entry.number for entry in journal.entries(most=2)] == [4, 5]
    assert journal.verify() == 5


def test_a_journal_without_entries_is_whole(tmp_path: Path) -> None:
    journal = Journal(folder=tmp_path / "not made yet", keys=KEYS)
    assert journal.verify() == 0
    assert journal.entries() == ()
    journal.verify_head(journal.head())


def hkdf_sha256(secret: bytes, purpose: bytes) -> bytes:
    """RFC 5869 with no salt and 32 bytes of output, step by step."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, purpose + b"\x01", hashlib.sha256).digest()


@pytest.mark.usefixtures("journal")
def test_chain_and_payload_follow_the_formula(tmp_path: Path) -> None:
    secret = KEYS.store_key.encode()
    fernet = Fernet(base64.urlsafe_b64encode(hkdf_sha256(secret, b"naloxone-watch journal payload")))
    chain_key = hkdf_sha256(secret, b"naloxone-watch journal chain")
    before = bytes(32)
    rows = sqlite3.connect(tmp_path / "journal.sqlite").execute("SELECT * FROM entries ORDER BY number").fetchall()
    for number, payload, chain in rows:
        assert json.loads(fernet.decrypt(payload))["details"] == {"rows": number}
        before = hmac.new(chain_key, number.to_bytes(8, "big") + before + payload, hashlib.sha256).digest()
        assert chain == before


@pytest.mark.parametrize(
    ("statement", "first_wrong"),
    [
        ("UPDATE entries SET payload = (SELECT payload FROM entries WHERE number = 1) WHERE number = 3", 3),
        ("UPDATE entries SET payload = substr(payload, 1, 40) || 'A' || substr(payload, 42) WHERE number = 4", 4),
        ("UPDATE entries SET chain = (SELECT chain FROM entries WHERE number = 1) WHERE number = 2", 2),
        ("DELETE FROM entries WHERE number = 2", 2),
        ("DELETE FROM entries WHERE number = 1", 1),
        ("INSERT INTO entries SELECT 6, payload, chain FROM entries WHERE number = 5", 6),
        ("UPDATE entries SET number = number + 10 WHERE number > 3", 4),
    ],
)
def test_a_changed_entry_shows(journal: Journal, tmp_path: Path, statement: str, first_wrong: int) -> None:
    change(tmp_path, statement)
    with pytest.raises(JournalTamperedError, match=f"Entry {first_wrong} "):
        journal.verify()


def test_entries_cut_off_the_end_show_against_a_remembered_head(journal: Journal, tmp_path: Path) -> None:
    head = journal.head()
    journal.record(action="release", who="analyst", purpose="", details={})
    journal.verify_head(head)
    change(tmp_path, "DELETE FROM entries WHERE number >= 5")
    assert journal.verify() == 4
    with pytest.raises(JournalTamperedError, match="Entry 5 "):
        journal.verify_head(head)


def test_another_key_reads_nothing(journal: Journal, tmp_path: Path) -> None:
    assert journal.verify() == 5
    other = Journal(
        folder=tmp_path, keys=Keys(store_key="some other key, just as long as that one", pseudonym_key=None)
    )
    with pytest.raises(JournalTamperedError):
        other.verify()
    with pytest.raises(JournalTamperedError):
        other.entries()


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"something else entirely" * 100)
    with pytest.raises(JournalTamperedError, match=r"journal\.sqlite"):
        Journal(folder=tmp_path, keys=KEYS).entries()


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(JournalUnavailableError, match=r"journal\.sqlite"):
        Journal(folder=tmp_path, keys=KEYS).record(action="import", who="", purpose="", details={})


def test_nothing_is_readable_on_disk_while_it_is_in_use(journal: Journal, tmp_path: Path) -> None:
    reader = sqlite3.connect(tmp_path / "journal.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    journal.record(action="release", who="PLANTED-WHO", purpose="PLANTED-WHY", details={"to": "PLANTED-WHAT"})
    on_disk = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    reader.close()
    assert "journal.sqlite-wal" in on_disk
    assert not [name for name, content in on_disk.items() if b"PLANTED" in content or b"meeting" in content]


def test_writers_at_once_make_one_chain(tmp_path: Path) -> None:
    def write(number: int) -> int:
        journal = Journal(folder=tmp_path, keys=KEYS)
        return journal.record(action="export", who="analyst", purpose="", details={"number": number})

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(write, range(60)))
    assert sorted(numbers) == list(range(1, 61))
    assert Journal(folder=tmp_path, keys=KEYS).verify() == 60


def about(journal: Journal, subject: str, *, after: int | None = None, **details: int) -> int:
    return journal.record(action="alert", who="analyst", purpose="", details=details, subject=subject, after=after)


def test_entries_about_a_subject_and_about_all_of_its_kind(journal: Journal) -> None:
    first = about(journal, "alert/7", step=1)
    about(journal, "alert/71", step=1)
    about(journal, "plan/7", step=1)
    second = about(journal, "alert/7", step=2)
    assert [entry.number for entry in journal.entries(subject="alert/7")] == [first, second]
    assert [entry.number for entry in journal.entries(subject="alert/7", most=1)] == [second]
    assert [entry.subject for entry in journal.entries(subject="alert")] == ["alert/7", "alert/71", "alert/7"]
    assert journal.entries(subject="settlement") == ()
    assert journal.entries()[0].subject is None
    assert journal.verify() == 9


def test_a_journal_written_before_there_were_subjects_has_none(journal: Journal) -> None:
    assert journal.entries(subject="alert") == ()
    assert journal.verify() == 5


def test_the_second_of_two_who_change_the_same_thing_is_told(journal: Journal) -> None:
    seen = about(journal, "alert/7", step=1)
    about(journal, "alert/8", step=1)
    theirs = about(journal, "alert/7", after=seen, step=2)
    with pytest.raises(JournalConflictError, match="analyst changed this too") as told:
        about(journal, "alert/7", after=seen, step=3)
    assert told.value.entry.number == theirs
    assert [entry.details["step"] for entry in journal.entries(subject="alert/7")] == [1, 2]
    about(journal, "alert/7", after=theirs, step=3)
    with pytest.raises(JournalConflictError):
        about(journal, "alert/8", after=0, step=2)
    assert journal.verify() == 9


def test_of_many_who_change_one_thing_at_once_each_is_kept_or_told(tmp_path: Path) -> None:
    seen = about(Journal(folder=tmp_path, keys=KEYS), "alert/7")

    def change_it(number: int) -> int | None:
        try:
            return about(Journal(folder=tmp_path, keys=KEYS), "alert/7", after=seen, number=number)
        except JournalConflictError:
            return None

    with ThreadPoolExecutor(6) as pool:
        kept = [number for number in pool.map(change_it, range(24)) if number is not None]
    assert len(kept) == 1
    assert [entry.number for entry in Journal(folder=tmp_path, keys=KEYS).entries(subject="alert/7")] == [seen, *kept]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM subjects WHERE number = 7",
        "UPDATE subjects SET tag = tag || x'00' WHERE number = 6",
        "INSERT INTO subjects SELECT tag, 7 FROM subjects WHERE number = 6",
        "INSERT INTO subjects SELECT tag, 99 FROM subjects WHERE number = 6",
    ],
)
def test_a_changed_list_of_subjects_shows(journal: Journal, tmp_path: Path, statement: str) -> None:
    about(journal, "alert/7")
    about(journal, "plan/7")
    change(tmp_path, statement)
    with pytest.raises(JournalTamperedError):
        journal.verify()


# Says each number as soon as `record` has returned, until it is killed.
_WRITER = """
import sys
from pathlib import Path
from data.journal import Journal
from data.keys import Keys
journal = Journal(folder=Path(sys.argv[1]), keys=Keys(store_key=sys.argv[2], pseudonym_key=None))
seen = 0
while True:
    seen = journal.record(action="alert", who="a", purpose="", details={}, subject="alert/7", after=seen)
    print(seen, flush=True)
"""


def test_a_killed_process_loses_no_acknowledged_change(tmp_path: Path) -> None:
    for trial in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path / str(trial)), KEYS.store_key],
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            for _line in range(5 + trial):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
            last_said = 5 + trial + len(writer.stdout.read().split())
        journal = Journal(folder=tmp_path / str(trial), keys=KEYS)
        assert journal.verify() in (last_said, last_said + 1)
        assert len(journal.entries(subject="alert/7")) == journal.verify()
