"""An import beside the page: stopped at any step the store is as it was, and a fault tells nothing of the file."""

import asyncio
import io
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from data.ingest import import_stream
from data.report import ImportReport
from data.settings import Settings
from data.snapshots import current_version
from pages.components.import_job import ImportJob, ImportStoppedError, UnexpectedImportError, running_import
from pages.components.import_steps import keep_uploads_in_memory
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales

Progress = Callable[[float, str], None]
MAPPING = make_mapping()


def form(number: int) -> bytes:
    return b"Reference,When\n" + b"".join(b"R%d,2025-05-01 10:%02d\n" % (each, each % 60) for each in range(number))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def start(settings: Settings, number: int, *, stop_when: str = "no such sentence") -> ImportJob:
    """Begin an import that is stopped from outside when it says a sentence."""
    made = threading.Event()

    def run(tell: Progress) -> ImportReport:
        made.wait(30)

        def told(share: float, sentence: str) -> None:
            if sentence.startswith(stop_when):
                job.stop()
            tell(share, sentence)

        return import_stream(
            stream=io.BytesIO(form(number)),
            label="form.csv",
            mapping=MAPPING,
            settings=settings,
            keys=KEYS,
            geography=south_wales(),
            on_progress=told,
        )

    job = ImportJob(folder=settings.store_folder, dry_run=False, run=run)
    made.set()
    return job


def files_of(settings: Settings) -> set[str]:
    return {file.name for file in settings.store_folder.iterdir() if not file.name.startswith(("journal", "writer"))}


@pytest.mark.parametrize("when", ["4 rows read", "Comparing the file", "Writing the table administrations", "Putting"])
def test_stopped_at_any_step_the_store_is_as_it_was(when: str, settings: Settings) -> None:
    assert start(settings, 3).report().imported == 3
    before, files = current_version(settings.store_folder), files_of(settings)
    with pytest.raises(ImportStoppedError):
        start(settings, 4, stop_when=when).report()
    assert current_version(settings.store_folder) == before
    assert files_of(settings) == files
    assert start(settings, 4).report().imported == 1


def test_an_import_is_found_while_it_runs_and_a_trial_is_not(tmp_path: Path) -> None:
    go_on = threading.Event()

    def run(_tell: Progress) -> ImportReport:
        go_on.wait(30)
        raise ImportStoppedError

    trial = ImportJob(folder=tmp_path, dry_run=True, run=run)
    assert running_import(tmp_path) is None
    job = ImportJob(folder=tmp_path, dry_run=False, run=run)
    assert running_import(tmp_path) is job
    assert running_import(tmp_path / "another") is None
    go_on.set()
    for each in (trial, job):
        with pytest.raises(ImportStoppedError):
            each.report()
    assert running_import(tmp_path) is None


def test_what_counts_already_is_not_called_stopped(settings: Settings) -> None:
    job = start(settings, 3, stop_when="The new snapshot is in use")
    assert job.report().imported == 3
    assert not job.running


def test_a_fault_is_told_by_its_place_and_never_by_its_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def run(_tell: Progress) -> ImportReport:
        raise ValueError("could not convert Zebedee Quillfeather")

    with caplog.at_level(logging.ERROR), pytest.raises(UnexpectedImportError) as raised:
        ImportJob(folder=tmp_path, dry_run=True, run=run).report()
    assert "ValueError" in str(raised.value)
    assert "Quillfeather" not in str(raised.value)
    assert "test_import_job.py" in caplog.text
    assert "Quillfeather" not in caplog.text.replace('raise ValueError("could not convert Zebedee Quillfeather")', "")


@pytest.mark.parametrize("kept", [False, True])
def test_the_web_server_would_write_a_large_upload_to_the_disk_and_does_not(
    kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own limit is 1 MB: this says so too if it ever stops to hold."""
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024 * 1024)
    if kept:
        keep_uploads_in_memory()

    async def body():
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="form.csv"\r\n\r\n'
        for _block in range(3):
            yield b"a" * 1_000_000
        yield b"\r\n--x--\r\n"

    headers = Headers({"content-type": "multipart/form-data; boundary=x"})
    # In a thread of its own: tests of the browser leave a running event loop in this one.
    with ThreadPoolExecutor(1) as thread:
        parsed = thread.submit(lambda: asyncio.run(MultiPartParser(headers, body()).parse())).result()
    with parsed["file"].file as file:
        assert file._rolled is not kept
