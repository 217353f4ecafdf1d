"""The register of releases: what is written, what is read back, what can be forgotten, and by whom it is seen."""

from datetime import date
from pathlib import Path

import pytest

from data.__main__ import main
from data.filters import AccessScope, Filters
from data.journal import Journal, JournalConflictError
from data.keys import create_keys, load_keys
from data.releases import NoReasonError, ReleaseNotFoundError, ReleaseRegister

FIRST = Filters(first_day=date(2024, 7, 1), last_day=date(2026, 6, 30))
SECOND = Filters(
    first_day=date(2026, 1, 1),
    last_day=date(2026, 6, 30),
    bcus=("A/B",),
    substances=("heroin",),
    settings=(),
    placed=True,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NALOXONE_WATCH_STORE", str(tmp_path / "store"))
    create_keys(store_folder=tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def register(folder: Path) -> ReleaseRegister:
    return ReleaseRegister(Journal(folder=folder, keys=load_keys(store_folder=folder)))


def test_what_is_recorded_is_read_back_in_order(register: ReleaseRegister) -> None:
    assert register.read() == ((), 0)
    first = register.record(filters=FIRST, scope=AccessScope(audience="partner"), after=0)
    second = register.record(filters=SECOND, scope=AccessScope(audience="meeting", bcus=("X",)), after=first)
    releases, last = register.read()
    assert [(each.number, each.filters, each.bcus) for each in releases] == [
        (first, FIRST, ()),
        (second, SECOND, ("X",)),
    ]
    assert last == second


def test_a_writer_who_has_not_seen_the_last_release_writes_nothing(register: ReleaseRegister) -> None:
    register.record(filters=FIRST, scope=AccessScope(), after=0)
    with pytest.raises(JournalConflictError):
        register.record(filters=SECOND, scope=AccessScope(), after=0)
    assert len(register.read()[0]) == 1


def test_a_release_is_forgotten_with_a_reason_and_the_journal_keeps_both(
    register: ReleaseRegister, folder: Path
) -> None:
    number = register.record(filters=FIRST, scope=AccessScope(), after=0)
    with pytest.raises(NoReasonError):
        register.forget(number, purpose=" ")
    with pytest.raises(ReleaseNotFoundError):
        register.forget(number + 1, purpose="nobody saw it")
    register.forget(number, purpose="nobody saw it")
    releases, last = register.read()
    assert releases == ()
    assert last > number
    entries = Journal(folder=folder, keys=load_keys(store_folder=folder)).entries(subject="release")
    assert [entry.action for entry in entries] == ["view released", "release forgotten"]
    assert entries[1].purpose == "nobody saw it"


def test_the_file_tells_nothing_of_the_filters_without_the_key(register: ReleaseRegister, folder: Path) -> None:
    register.record(filters=SECOND, scope=AccessScope(), after=0)
    kept = b"".join(path.read_bytes() for path in folder.glob("journal.sqlite*"))
    assert b"heroin" not in kept
    assert b"release" not in kept


def test_the_command_lists_releases_and_forgets_one(
    register: ReleaseRegister, capsys: pytest.CaptureFixture[str]
) -> None:
    number = register.record(filters=SECOND, scope=AccessScope(), after=0)
    assert main(["releases"]) == 0
    assert capsys.readouterr().out.startswith(
        f"{number}: 1 January 2026 to 30 June 2026, bcus A/B, substances heroin, settings"
    )
    assert main(["releases", "--forget", str(number)]) == 1
    assert main(["releases", "--forget", str(number), "--purpose", "the page was never sent"]) == 0
    capsys.readouterr()
    assert main(["releases"]) == 0
    assert "no view yet" in capsys.readouterr().out
