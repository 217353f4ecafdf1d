"""python -m analytics: what is printed, how it ends, and what is said where nothing can be."""

import json
from pathlib import Path

import pytest

from analytics import __main__ as command
from data.geography import open_geography
from data.settings import load_settings
from tests.analytics.findings.case_store import cluster, quiet_background, write_cases
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


def test_watch_ends_with_3_when_an_alert_is_new_and_once_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert folder.is_dir()
    settings = load_settings()
    write_cases(settings, open_geography(settings), quiet_background(), name="first")
    assert command.main(["watch", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["open"] == []
    write_cases(settings, open_geography(settings), cluster(), name="second")
    assert command.main(["watch", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["day"] == "2026-06-30"
    assert told["new"] == [alert["id"] for alert in told["open"]]
    assert command.main(["watch"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "30 June 2026: 1 open, 0 new."
    assert printed[1].startswith(f"open {told['new'][0]}: 5 administrations in 4 days within ")


def test_calibrate_prints_a_line_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--rates", "0.01", "--force-years", "1", "--clusters", "2", "--replicates", "999"]
    assert command.main(["calibrate", *small]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 2 * 4 + 1 + 4
    assert rows[1].startswith("| steady | 0.010 | 1.0 | 1 | ")
