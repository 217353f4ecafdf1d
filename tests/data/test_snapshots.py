"""Snapshot files: one atomic switch, one writer, nothing lost and nothing left over."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from data.snapshots import (
    DiskFullError,
    StoreBusyError,
    StoreDamagedError,
    StoreHistoryError,
    StoreMissingError,
    current_version,
    disk_errors_named,
    earlier_pointer,
    existing_pointer,
    publish,
    read_pointer,
    stage,
    switch,
    writer_lock,
)

ROOT = Path(__file__).parents[2]


def write(folder: Path, content: str, *, kept: int = 3) -> str:
    with writer_lock(folder, wait_s=0):
        staging = stage(folder)
        staging.write_text(content)
        return publish(folder=folder, staging=staging, synthetic=True, schema_version="1", kept=kept).current.version


def content_of(folder: Path) -> str:
    return (folder / existing_pointer(folder).current.file).read_text()


def files_of(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_each_publish_is_current_and_the_last_few_stay(tmp_path: Path) -> None:
    assert current_version(tmp_path) is None
    versions = [write(tmp_path, f"snapshot {number}") for number in range(5)]
    assert current_version(tmp_path) == versions[-1]
    assert len(set(versions)) == 5
    assert content_of(tmp_path) == "snapshot 4"
    assert files_of(tmp_path) == {"current.json", "writer.lock", *(f"records-{v}.duckdb" for v in versions[-3:])}


def test_a_folder_without_a_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreMissingError, match="python -m data import FILE"):
        existing_pointer(tmp_path)


def test_going_back_follows_the_line_of_what_counted(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path, f"snapshot {number}")
    switch(tmp_path, earlier_pointer(tmp_path, existing_pointer(tmp_path)))
    assert content_of(tmp_path) == "snapshot 1"
    write(tmp_path, "snapshot 3")
    # Snapshot 2 was gone back from: it is cleared away, and back from 3 is 1.
    switch(tmp_path, earlier_pointer(tmp_path, existing_pointer(tmp_path)))
    assert content_of(tmp_path) == "snapshot 1"
    switch(tmp_path, earlier_pointer(tmp_path, existing_pointer(tmp_path)))
    assert content_of(tmp_path) == "snapshot 0"
    with pytest.raises(StoreHistoryError):
        earlier_pointer(tmp_path, existing_pointer(tmp_path))


def test_going_back_passes_over_a_lost_file(tmp_path: Path) -> None:
    versions = [write(tmp_path, f"snapshot {number}") for number in range(3)]
    (tmp_path / f"records-{versions[1]}.duckdb").unlink()
    assert earlier_pointer(tmp_path, existing_pointer(tmp_path)).current.version == versions[0]


def test_snapshots_named_at_publishing_are_not_kept(tmp_path: Path) -> None:
    first = write(tmp_path, "holds someone")
    write(tmp_path, "holds nobody")
    with writer_lock(tmp_path, wait_s=0):
        staging = stage(tmp_path)
        staging.write_text("new")
        gone = f"records-{first}.duckdb"
        pointer = publish(
            folder=tmp_path, staging=staging, synthetic=True, schema_version="1", kept=5, without=frozenset({gone})
        )
    assert len(pointer.files) == 2
    assert gone not in files_of(tmp_path)


def test_leftovers_of_a_killed_writer_are_cleared_by_the_next(tmp_path: Path) -> None:
    version = write(tmp_path, "snapshot")
    (tmp_path / "staging-20250101T000000000000Z.duckdb").write_text("half")
    (tmp_path / "staging-20250101T000000000000Z.duckdb.wal").write_text("half")
    (tmp_path / "records-20250101T000000000000Z.duckdb").write_text("renamed but not switched to")
    (tmp_path / "current.json.new").write_text('{"file": "half')
    (tmp_path / "spill").mkdir()
    (tmp_path / "spill" / "duckdb_temp_storage.tmp").write_text("half")
    with writer_lock(tmp_path, wait_s=0):
        assert files_of(tmp_path) == {"current.json", "writer.lock", f"records-{version}.duckdb"}
    assert content_of(tmp_path) == "snapshot"


def test_a_first_import_killed_just_before_its_switch_is_finished(tmp_path: Path) -> None:
    version = write(tmp_path, "snapshot")
    (tmp_path / "current.json").rename(tmp_path / "current.json.new")
    assert current_version(tmp_path) is None
    with writer_lock(tmp_path, wait_s=0):
        assert current_version(tmp_path) == version


def test_snapshots_whose_pointer_is_lost_are_never_cleared_away(tmp_path: Path) -> None:
    version = write(tmp_path, "snapshot")
    (tmp_path / "current.json").unlink()
    with pytest.raises(StoreDamagedError, match="Restore the store folder"), writer_lock(tmp_path, wait_s=0):
        pytest.fail("a writer was let in")
    assert f"records-{version}.duckdb" in files_of(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../../elsewhere/records-20250101T000000000000Z.duckdb"},
        {"file": "records-x.duckdb"},
        {"file": 3},
        {"previous": [{"file": "/etc/passwd", "created_at": "", "schema_version": ""}]},
        {"previous": None},
        {"unknown": 1},
    ],
)
def test_a_pointer_that_was_tampered_with_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    write(tmp_path, "snapshot")
    pointer = json.loads((tmp_path / "current.json").read_text())
    (tmp_path / "current.json").write_text(json.dumps(pointer | change))
    with pytest.raises(StoreDamagedError, match=r"current\.json"):
        read_pointer(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00\x01"])
def test_a_pointer_that_is_no_pointer_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "current.json").write_text(content)
    with pytest.raises(StoreDamagedError):
        current_version(tmp_path)


def test_a_second_writer_waits_and_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with writer_lock(tmp_path, wait_s=0):
            inside.set()
            time.sleep(0.4)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with writer_lock(tmp_path, wait_s=20, on_wait=told.append):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert told == ["Another import is running. Waiting for it to finish."]


def test_a_writer_who_will_not_wait_is_refused(tmp_path: Path) -> None:
    with (
        writer_lock(tmp_path, wait_s=0),
        pytest.raises(StoreBusyError, match="Another import is running"),
        writer_lock(tmp_path, wait_s=0),
    ):
        pytest.fail("two writers at once")


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\nfrom data.snapshots import writer_lock\n"
        "with writer_lock(pathlib.Path(sys.argv[1]), wait_s=0):\n    print('in', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"in"
    with pytest.raises(StoreBusyError), writer_lock(tmp_path, wait_s=0):
        pytest.fail("two writers at once")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with writer_lock(tmp_path, wait_s=5):
        assert (tmp_path / "writer.lock").exists()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    with pytest.raises(DiskFullError, match="Make room"), disk_errors_named(tmp_path), full.open("w") as stream:
        stream.write("something")
