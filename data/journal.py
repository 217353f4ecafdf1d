"""What people do: an audit log that shows when it was tampered with and tells nothing without the store's key.

One SQLite file in WAL mode beside the snapshots. Entry k holds

    payload_k = Fernet(key_1, {at, action, who, purpose, details})
    chain_k   = HMAC-SHA256(key_2, k || chain_{k-1} || payload_k),     chain_0 = 32 zero bytes

with key_1 and key_2 made from the store key by HKDF-SHA256 (RFC 5869), so an entry cannot be changed, moved, inserted
or taken out unnoticed. Entries cut off the end show against `head`, which every published snapshot remembers.

An entry may be about a subject, "alert/7" say. The payload names it; to find it without decrypting all, the table
`subjects` holds HMAC-SHA256(key_3, "alert") and HMAC-SHA256(key_3, "alert/7") beside the number of the entry.
Whoever changes a subject says which entry about it they have seen last; when there is a later one, nothing is written.
"""

import base64
import getpass
import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data.keys import Keys
from wording import NaloxoneWatchError, _, format_moment

__all__ = [
    "Journal",
    "JournalConflictError",
    "JournalEntry",
    "JournalHead",
    "JournalTamperedError",
    "JournalUnavailableError",
    "operating_system_user",
]

JOURNAL_FILE = "journal.sqlite"
CHAIN_START = bytes(32)
# Imports, rollbacks and releases are seconds apart at worst; a writer that waits this long has met a hung one.
LOCK_WAIT_S = 10.0


class JournalTamperedError(NaloxoneWatchError):
    """An entry of the journal is not what was written, or is gone."""

    def __init__(self, *, file: Path, number: int) -> None:
        super().__init__(
            _(
                "Entry {number} of the journal {file} was changed or removed after it was written, or the store key is "
                "not the one it was written with. Keep the file as it is and tell whoever answers for these records."
            ).format(number=number, file=file)
        )


class JournalUnavailableError(NaloxoneWatchError):
    """The journal cannot be read or written now."""

    def __init__(self, *, file: Path) -> None:
        super().__init__(
            _(
                "The journal {file} cannot be used: it is held by another program, or its disk is full or read-only. "
                "Nothing is done that cannot be journalled. Put this right, then try again."
            ).format(file=file)
        )


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """One thing that someone did; `at` is in UTC, `subject` what it is about, if anything ("alert/7")."""

    number: int
    at: datetime
    action: str
    who: str
    purpose: str
    details: Mapping[str, Any]
    subject: str | None = None


class JournalConflictError(NaloxoneWatchError):
    """Somebody wrote about the subject after the entry that the writer has seen last; nothing was written."""

    def __init__(self, *, entry: JournalEntry) -> None:
        self.entry = entry
        super().__init__(
            _(
                "{who} changed this too, on {at} UTC. Your change was not kept, so that theirs is not lost. Look at "
                "theirs, then make yours again if it still holds."
            ).format(who=entry.who, at=format_moment(entry.at))
        )


@dataclass(frozen=True, kw_only=True)
class JournalHead:
    """How many entries there are, and the chain value of the last (hexadecimal)."""

    entries: int
    chain: str


def operating_system_user() -> str:
    """The name of the account that runs this process, for the journal's "who" where nobody has signed in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # Containers run as a number without a name, and Windows has no module `pwd` to ask.
        return _("unknown account")


class Journal:
    """The audit log of the store in `folder`; the file is made with the first entry. Safe between processes."""

    def __init__(self, *, folder: Path, keys: Keys) -> None:
        self._file = folder / JOURNAL_FILE
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(keys, purpose=b"naloxone-watch journal payload")))
        self._chain_key = _derive(keys, purpose=b"naloxone-watch journal chain")
        self._subject_key = _derive(keys, purpose=b"naloxone-watch journal subject")

    def record(
        self,
        *,
        action: str,
        who: str,
        purpose: str,
        details: Mapping[str, Any],
        subject: str | None = None,
        after: int | None = None,
    ) -> int:
        """Add an entry and return its number, once it is on the disk.

        `details` is JSON and never holds a value from a record. `subject` is what the entry is about, with "/" between
        its parts. `after` is the number of the entry about the subject that the writer has seen last, 0 for none, and
        None to write whatever others wrote. Raises JournalConflictError where there is a later one.
        """
        content = {
            "at": datetime.now(UTC).isoformat(),
            "action": action,
            "who": who,
            "purpose": purpose,
            "details": dict(details),
        }
        if subject is not None:
            content["subject"] = subject
        payload = self._fernet.encrypt(json.dumps(content).encode())
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries"
                " (number INTEGER PRIMARY KEY, payload BLOB NOT NULL, chain BLOB NOT NULL)"
            )
            number, before = _last(connection)
            if subject is not None:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS subjects"
                    " (tag BLOB NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tag, number)) WITHOUT ROWID"
                )
                if after is not None:
                    self._refuse_later(connection, subject=subject, after=after)
                connection.executemany(
                    "INSERT INTO subjects VALUES (?, ?)", [(tag, number + 1) for tag in self._tags(subject)]
                )
            chain = self._chain(number + 1, before, payload)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (number + 1, payload, chain))
            connection.execute("COMMIT")
        return number + 1

    def entries(self, *, most: int | None = None, subject: str | None = None) -> tuple[JournalEntry, ...]:
        """All entries, or the newest `most`, oldest first. Raises JournalTamperedError.

        `subject` "alert/7" gives the entries about that alert, "alert" those about any.
        """
        return tuple(self._read(number, payload) for number, payload, _chain in self._rows(most=most, subject=subject))

    def verify(self) -> int:
        """Follow the whole chain and return how many entries it has. Raises JournalTamperedError."""
        before = CHAIN_START
        count = 0
        tagged = self._tagged()
        for count, (number, payload, chain) in enumerate(self._rows(), start=1):
            if number != count or not hmac.compare_digest(chain, self._chain(count, before, payload)):
                raise JournalTamperedError(file=self._file, number=count)
            subject = self._read(number, payload).subject
            if tagged.pop(number, set()) != (set() if subject is None else set(self._tags(subject))):
                raise JournalTamperedError(file=self._file, number=count)
            before = chain
        if tagged:
            raise JournalTamperedError(file=self._file, number=min(tagged))
        return count

    def head(self) -> JournalHead:
        """Where the chain ends now; a later journal must still have it (`verify_head`)."""
        if not self._file.exists():
            return JournalHead(entries=0, chain=CHAIN_START.hex())
        with self._connection() as connection:
            number, chain = _last(connection) if _has_table(connection, "entries") else (0, CHAIN_START)
        return JournalHead(entries=number, chain=chain.hex())

    def verify_head(self, head: JournalHead) -> None:
        """Check that the entry that was last at some time is still there, unchanged. Raises JournalTamperedError."""
        if head.entries == 0:
            return
        kept = {number: chain for number, _payload, chain in self._rows()}
        if kept.get(head.entries, b"").hex() != head.chain:
            raise JournalTamperedError(file=self._file, number=head.entries)

    def _refuse_later(self, connection: sqlite3.Connection, *, subject: str, after: int) -> None:
        later = connection.execute(
            "SELECT number, CAST(payload AS BLOB) FROM entries JOIN subjects USING (number)"
            " WHERE tag = ? AND number > ? ORDER BY number DESC LIMIT 1",
            (self._tags(subject)[-1], after),
        ).fetchone()
        if later is not None:
            raise JournalConflictError(entry=self._read(*later))

    def _rows(self, *, most: int | None = None, subject: str | None = None) -> list[tuple[int, bytes, bytes]]:
        if not self._file.exists():
            return []
        with self._connection() as connection:
            if not _has_table(connection, "entries"):
                return []
            # SQLite columns hold whatever they are given; a text put in place of bytes must fail as bytes.
            if subject is None:
                newest_first = connection.execute(
                    "SELECT number, CAST(payload AS BLOB), CAST(chain AS BLOB) FROM entries"
                    " ORDER BY number DESC LIMIT ?",
                    (-1 if most is None else most,),
                ).fetchall()
            elif _has_table(connection, "subjects"):
                newest_first = connection.execute(
                    "SELECT number, CAST(payload AS BLOB), CAST(chain AS BLOB) FROM entries"
                    " JOIN subjects USING (number) WHERE tag = ? ORDER BY number DESC LIMIT ?",
                    (self._tags(subject)[-1], -1 if most is None else most),
                ).fetchall()
            else:
                newest_first = []
        return newest_first[::-1]

    def _tagged(self) -> dict[int, set[bytes]]:
        tags: dict[int, set[bytes]] = {}
        if self._file.exists():
            with self._connection() as connection:
                if _has_table(connection, "subjects"):
                    for number, tag in connection.execute("SELECT number, CAST(tag AS BLOB) FROM subjects"):
                        tags.setdefault(number, set()).add(tag)
        return tags

    def _tags(self, subject: str) -> list[bytes]:
        """The keyed tags of a subject and of everything it is part of, the widest first."""
        parts = subject.split("/")
        return [
            hmac.digest(self._subject_key, "/".join(parts[: length + 1]).encode(), "sha256")
            for length in range(len(parts))
        ]

    def _read(self, number: int, payload: bytes) -> JournalEntry:
        try:
            content = json.loads(self._fernet.decrypt(payload))
        except InvalidToken:
            raise JournalTamperedError(file=self._file, number=number) from None
        return JournalEntry(number=number, **(content | {"at": datetime.fromisoformat(content["at"])}))

    def _chain(self, number: int, before: bytes, payload: bytes) -> bytes:
        return hmac.digest(self._chain_key, number.to_bytes(8, "big") + before + payload, "sha256")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each use: SQLite connections do not cross threads."""
        try:
            connection = sqlite3.connect(self._file, timeout=LOCK_WAIT_S, isolation_level=None)
        except sqlite3.OperationalError:
            raise JournalUnavailableError(file=self._file) from None
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA temp_store = MEMORY")
            yield connection
        except sqlite3.OperationalError:
            raise JournalUnavailableError(file=self._file) from None
        except sqlite3.DatabaseError:
            # Not a database any more: nothing in it can be trusted, not even the first entry.
            raise JournalTamperedError(file=self._file, number=1) from None
        finally:
            connection.close()


def _derive(keys: Keys, *, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(keys.store_key.encode())


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (name,)).fetchone() == (1,)


def _last(connection: sqlite3.Connection) -> tuple[int, bytes]:
    row = connection.execute("SELECT number, CAST(chain AS BLOB) FROM entries ORDER BY number DESC LIMIT 1").fetchone()
    return row or (0, CHAIN_START)
