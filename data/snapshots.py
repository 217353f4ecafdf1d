"""Versioned store files: staged beside the current one, then published by one atomic rename.

The store folder holds `current.json` (which snapshot counts, and the ones before it), the snapshots
`records-<version>.duckdb`, and the lock that lets one writer in at a time. A snapshot never changes once published,
so readers need no lock, and a kill at any moment leaves the previous or the new one. Only files are known here;
what is in them belongs to data.store.
"""

import errno
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar

from wording import NaloxoneWatchError, _

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = [
    "DiskFullError",
    "Pointer",
    "Snapshot",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreError",
    "StoreHistoryError",
    "StoreMissingError",
    "current_version",
    "disk_errors_named",
    "earlier_pointer",
    "existing_pointer",
    "publish",
    "read_pointer",
    "stage",
    "switch",
    "writer_lock",
]

Result = TypeVar("Result")

POINTER_FILE = "current.json"
PENDING_FILE = "current.json.new"
LOCK_FILE = "writer.lock"
WRITER_SPILL_FOLDER = "spill"
STAGING_PATTERN = "staging-*"
SNAPSHOT_PATTERN = "records-*.duckdb"
_VERSION = re.compile(r"\d{8}T\d{12}Z")

# Long enough that a waiting import starts at once, short enough to cost nothing.
LOCK_RETRY_S = 0.1
# On Windows a file that another process has just opened cannot be replaced or read for a moment.
SHARING_RETRIES = 50
SHARING_RETRY_S = 0.02


class StoreError(NaloxoneWatchError):
    """The store cannot do what was asked; subclasses say why."""


class StoreMissingError(StoreError):
    """There is no store in the folder."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            _(
                "There are no records in {folder} yet. Import a file (python -m data import FILE) or make the "
                "synthetic force (python -m data demo)."
            ).format(folder=folder)
        )


class StoreBusyError(StoreError):
    """Another import holds the store."""

    def __init__(self, *, folder: Path, waited_s: float) -> None:
        super().__init__(
            _(
                "Another import is running in {folder}; it did not end within {seconds} seconds. "
                "Nothing was changed. Try again when it has finished."
            ).format(folder=folder, seconds=f"{waited_s:.0f}")
        )


class StoreDamagedError(StoreError):
    """Something in the store folder is not as it was left."""

    def __init__(self, *, file: Path) -> None:
        sentence = (
            _("{file} is missing or damaged. Restore the store folder from a backup.")
            if file.name == POINTER_FILE
            else _(
                "{file} is missing or damaged. Go back to the snapshot before it (python -m data rollback), or "
                "restore the store folder from a backup."
            )
        )
        super().__init__(sentence.format(file=file))


class StoreHistoryError(StoreError):
    """There is no earlier snapshot to go back to."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(_("There is no earlier snapshot in {folder} to go back to.").format(folder=folder))


class DiskFullError(StoreError):
    """No room for the new snapshot."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            _("The disk of {folder} is full. Nothing was changed. Make room, then import again.").format(folder=folder)
        )


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One published store file."""

    file: str
    created_at: str
    schema_version: str

    @property
    def version(self) -> str:
        """The part of the file name that tells versions apart."""
        return self.file.removeprefix("records-").removesuffix(".duckdb")


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """What `current.json` says: the snapshot that counts and, newest first, those that can be gone back to."""

    current: Snapshot
    synthetic: bool
    previous: tuple[Snapshot, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Every snapshot file that is to be kept."""
        return (self.current.file, *(snapshot.file for snapshot in self.previous))


def current_version(folder: Path) -> str | None:
    """The version that counts, None where there is no store. Reads one small file; raises StoreDamagedError."""
    pointer = read_pointer(folder)
    return pointer.current.version if pointer else None


def read_pointer(folder: Path) -> Pointer | None:
    """What counts in `folder`, None where there is no store. Raises StoreDamagedError."""
    return _parse_pointer(folder / POINTER_FILE)


def existing_pointer(folder: Path) -> Pointer:
    """What counts in `folder`. Raises StoreMissingError where there is no store, StoreDamagedError."""
    pointer = read_pointer(folder)
    if pointer is None:
        raise StoreMissingError(folder=folder)
    return pointer


def _parse_pointer(file: Path) -> Pointer | None:
    try:
        raw = json.loads(_patiently(lambda: file.read_text(encoding="utf-8")))
        previous = tuple(Snapshot(**item) for item in raw.pop("previous"))
        pointer = Pointer(synthetic=raw.pop("synthetic"), current=Snapshot(**raw), previous=previous)
        if not all(_VERSION.fullmatch(item.version) for item in (pointer.current, *previous)):
            raise StoreDamagedError(file=file)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreDamagedError(file=file) from None
    return pointer


def _patiently(action: Callable[[], Result]) -> Result:
    """`action`, repeated while Windows says that another process is just using the file."""
    for _attempt in range(SHARING_RETRIES if os.name == "nt" else 0):
        try:
            return action()
        except PermissionError:
            time.sleep(SHARING_RETRY_S)
    return action()


@contextmanager
def disk_errors_named(folder: Path) -> Iterator[None]:
    """Turn the system's "no space left" into DiskFullError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(folder=folder) from None
        raise


@contextmanager
def writer_lock(folder: Path, *, wait_s: float, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the store folder (made where missing) as its only writer; the system frees the lock of a killed process.

    Waits up to `wait_s` seconds, telling `on_wait` once that it does, then raises StoreBusyError. What a killed
    writer left behind is put in order before the body runs.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / LOCK_FILE).open("a+b") as stream:
        _wait_for_lock(stream, folder=folder, wait_s=wait_s, on_wait=on_wait)
        try:
            _settle(folder)
            yield
        finally:
            _unlock(stream)


def _wait_for_lock(stream: IO[bytes], *, folder: Path, wait_s: float, on_wait: Callable[[str], None] | None) -> None:
    deadline = time.monotonic() + wait_s
    told = False
    while not _try_lock(stream):
        if time.monotonic() >= deadline:
            raise StoreBusyError(folder=folder, waited_s=wait_s)
        if on_wait and not told:
            on_wait(_("Another import is running. Waiting for it to finish."))
            told = True
        time.sleep(LOCK_RETRY_S)


if sys.platform == "win32":

    def _try_lock(stream: IO[bytes]) -> bool:
        stream.seek(0)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)


def _settle(folder: Path) -> None:
    """Finish or clear what a killed writer left; only under the lock.

    A snapshot without a pointer is complete (it is renamed last but one), so a first import killed just before its
    switch is switched to; snapshots whose pointer is lost are never cleared away.
    """
    pending = folder / PENDING_FILE
    if not (folder / POINTER_FILE).exists() and pending.exists():
        try:
            pointer = _parse_pointer(pending)
        except StoreDamagedError:
            pointer = None
        if pointer and (folder / pointer.current.file).exists():
            _replace(pending, folder / POINTER_FILE)
    pending.unlink(missing_ok=True)
    for leftover in folder.glob(STAGING_PATTERN):
        leftover.unlink()
    shutil.rmtree(folder / WRITER_SPILL_FOLDER, ignore_errors=True)
    pointer = read_pointer(folder)
    if pointer is None:
        if any(folder.glob(SNAPSHOT_PATTERN)):
            raise StoreDamagedError(file=folder / POINTER_FILE)
        return
    _prune(folder, pointer)


def _prune(folder: Path, pointer: Pointer) -> None:
    """Remove snapshots that nothing points to. Windows keeps one that a reader has open, until a later writer."""
    for file in folder.glob(SNAPSHOT_PATTERN):
        if file.name not in pointer.files:
            with suppress(PermissionError):
                file.unlink()


def stage(folder: Path) -> Path:
    """A path for the next snapshot, named after this moment (UTC); nothing is there yet."""
    while True:
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        if not (folder / f"records-{version}.duckdb").exists():
            return folder / f"staging-{version}.duckdb"


def publish(
    *,
    folder: Path,
    staging: Path,
    synthetic: bool,
    schema_version: str,
    kept: int,
    without: frozenset[str] = frozenset(),
) -> Pointer:
    """Make the finished file `staging` the snapshot that counts; under the lock.

    At most `kept` snapshots stay in all, and none of the files in `without`.
    """
    old = read_pointer(folder)
    version = staging.name.removeprefix("staging-").removesuffix(".duckdb")
    current = Snapshot(
        file=f"records-{version}.duckdb",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        schema_version=schema_version,
    )
    before = (old.current, *old.previous) if old else ()
    previous = tuple(snapshot for snapshot in before if snapshot.file not in without)[: kept - 1]
    pointer = Pointer(current=current, synthetic=synthetic, previous=previous)
    _sync_file(staging)
    _write_pending(folder, pointer)
    staging.rename(folder / current.file)
    _sync_folder(folder)
    _replace(folder / PENDING_FILE, folder / POINTER_FILE)
    _prune(folder, pointer)
    return pointer


def earlier_pointer(folder: Path, pointer: Pointer) -> Pointer:
    """The pointer that makes the snapshot before the current one count. Raises StoreHistoryError.

    The snapshot gone back from stays until the next writer clears it away, so that readers can end in peace.
    """
    usable = tuple(snapshot for snapshot in pointer.previous if (folder / snapshot.file).exists())
    if not usable:
        raise StoreHistoryError(folder=folder)
    return Pointer(current=usable[0], synthetic=pointer.synthetic, previous=usable[1:])


def switch(folder: Path, pointer: Pointer) -> None:
    """Make `pointer` what counts, in one step; under the lock."""
    _write_pending(folder, pointer)
    _replace(folder / PENDING_FILE, folder / POINTER_FILE)


def _write_pending(folder: Path, pointer: Pointer) -> None:
    content = {
        **asdict(pointer.current),
        "synthetic": pointer.synthetic,
        "previous": [asdict(snapshot) for snapshot in pointer.previous],
    }
    with (folder / PENDING_FILE).open("w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())


def _replace(source: Path, target: Path) -> None:
    _patiently(lambda: source.replace(target))
    _sync_folder(target.parent)


def _sync_file(file: Path) -> None:
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make renames last through a power cut; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
