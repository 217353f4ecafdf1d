"""The whole import command ended at any moment: the store is as before or as after, never in between."""

import io
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.__main__ import main
from data.ingest import import_frame, import_stream
from data.snapshots import read_pointer
from data.store import check_store, current_version
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales, stored
from tests.data.test_ingest import rows

ROOT = Path(__file__).parents[2]
MAPPING = """
source = "form"
synthetic = true
rows = "substance"
[columns]
administration_id = "Reference"
occurred_at = "When"
doses_given = "Doses"
[substances]
columns = ["Drug"]
"""
PEOPLE = 40
TRIALS = 14


def write_edition(folder: Path, edition: int) -> Path:
    """A file in which every person has `edition` doses, on two rows."""
    file = folder / f"{edition}.csv"
    lines = [f"R{n},01/07/2024 14:00,{edition},{drug}" for n in range(PEOPLE) for drug in ("heroin", "alcohol")]
    file.write_text("\n".join(["Reference,When,Doses,Drug", *lines]), encoding="utf-8")
    return file


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and fork are POSIX; Windows ends processes by the same lock")
def test_a_kill_at_any_moment_of_the_command_leaves_the_snapshot_before_or_after(tmp_path, monkeypatch):
    settings = make_settings(tmp_path)
    folder = settings.store_folder
    monkeypatch.setenv("NALOXONE_WATCH_STORE", str(folder))
    monkeypatch.setenv("NALOXONE_WATCH_STORE_KEY", KEYS.store_key)
    monkeypatch.setenv("NALOXONE_WATCH_PSEUDONYM_KEY", KEYS.pseudonym_key.decode())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    arguments = ["--mapping", str(mapping)]
    assert main(["import", str(write_edition(tmp_path, 1)), *arguments]) == 0
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.data.killed_command", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdout.readline() == "ready\n"

    def attempt(edition: int, killed_after_s: float) -> int:
        print(f"{write_edition(tmp_path, edition)} {killed_after_s}", file=nursery.stdin, flush=True)
        return int(nursery.stdout.readline())

    # How long the command takes on this machine now: the kills fall evenly from its start to just past its end.
    started = time.monotonic()
    assert main(["import", str(write_edition(tmp_path, 2)), *arguments]) == 0
    whole_s = time.monotonic() - started
    chance = random.Random(5)
    expected, killed = 2, 0
    for trial in range(TRIALS):
        edition = 3 + trial
        before = current_version(folder)
        status = attempt(edition, whole_s * (trial + chance.random()) / TRIALS * 1.1)
        killed += status == -signal.SIGKILL
        if current_version(folder) != before:
            expected = edition
        else:
            assert status != 0, "an import that was said to have succeeded is not there"
        found = stored(settings, "administrations")
        assert (len(found), set(found["doses_given"])) == (PEOPLE, {expected})
        assert len(stored(settings, "substances")) == len(stored(settings, "pieces")) == 2 * PEOPLE
    nursery.stdin.close()
    nursery.wait()
    nursery.stdout.close()
    assert killed >= TRIALS / 2
    # The next import clears up, and everything is as it should be.
    assert main(["import", str(write_edition(tmp_path, 20)), *arguments]) == 0
    assert check_store(settings=settings, keys=KEYS).problems == ()
    named = {file.name for file in folder.iterdir()}
    assert named == {"current.json", "writer.lock", "journal.sqlite", *read_pointer(folder).files}


class StoppedError(Exception):
    """What a page raises to stop an import."""


def test_an_import_stopped_at_any_word_of_progress_leaves_the_store_and_no_litter(tmp_path):
    deployment = {"settings": make_settings(tmp_path), "keys": KEYS, "geography": south_wales()}
    folder = deployment["settings"].store_folder
    mapping = make_mapping()
    import_frame(frame=rows(More=[""] * 3), mapping=mapping, **deployment)
    files = {file.name: file.stat().st_size for file in folder.iterdir()}
    content = rows(More=[""] * 5).to_csv(index=False).encode()

    def run(stop_at):
        """Import, and stop at that word of progress; how many words there were."""
        words = itertools.count(1)

        def told(*_what):
            if next(words) == stop_at:
                raise (KeyboardInterrupt, StoppedError)[stop_at % 2]

        stream = io.BytesIO(content)
        report = import_stream(stream=stream, label="a.csv", mapping=mapping, **deployment, on_progress=told)
        return report, next(words) - 1

    stopped = 0
    for stop_at in (1, 2, 4, *range(18, 40)):
        try:
            report, words = run(stop_at)
        except (KeyboardInterrupt, StoppedError):
            stopped = stop_at
            assert {file.name: file.stat().st_size for file in folder.iterdir()} == files, stop_at
        else:
            break
    # The last word of all was tried, and the first attempt that nobody stopped went through.
    assert (report.imported, stopped) == (2, words)
