"""python -m analytics backtest: what is printed, and what is said where nothing can be."""

from pathlib import Path

import pytest

from analytics import __main__ as command
from data.settings import load_settings
from tests.pages.small_store import Records, write_records


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NALOXONE_WATCH_SETTINGS", raising=False)
    monkeypatch.setenv("NALOXONE_WATCH_STORE", str(tmp_path / "store"))
    return tmp_path


def test_the_table_has_three_methods_at_three_shares(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_records(load_settings(), Records(number=150))
    assert command.main(["backtest", "--store", str(folder / "store")]) == 0
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 9
    assert sum("Counts of the three months before" in row for row in rows) == 3
    assert sum("| Map of addresses | " in row for row in rows) == 3
    assert printed.startswith("Tested on the months that followed")


def test_too_few_are_not_estimable(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.is_dir()
    write_records(load_settings(), Records(number=12))
    assert command.main(["backtest"]) == 0
    assert "not estimable" in capsys.readouterr().out


def test_no_store_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.is_dir()
    assert command.main(["backtest"]) == 1
    assert capsys.readouterr().err.strip()
