"""The journal: nothing readable without the key, nothing changed unnoticed."""

import base64
import hashlib
import hmac
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from data.journal import Journal, JournalTamperedError, JournalUnavailableError
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
