"""The commands as README gives them: what they print, what they return, and what they refuse."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import __main__ as commands
from data.keys import key_files
from data.schema import TABLES
from data.snapshots import current_version

ROOT = Path(__file__).parents[2]
FILE = "incident_id,occurred_at,gender,name,date_of_birth\nA1,01/07/2024 10:00,M,Ann Lee,1980-02-01\nA2,never,F,,\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a home of its own; gives its return code, output and errors."""
    for name in ("STORE", "SETTINGS", "STORE_KEY", "PSEUDONYM_KEY"):
        monkeypatch.delenv(f"NALOXONE_WATCH_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    before = dict(os.environ)

    def run(*arguments):
        code = commands.main([str(each) for each in arguments])
        os.environ.clear()
        os.environ.update(before)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def real(tmp_path):
    """A settings file for real records, and a file of two rows of which one cannot be used."""
    settings = tmp_path / "real.toml"
    settings.write_text(
        'force = "South Wales Police"\n[geography]\nforce = "South Wales"\n'
        '[store]\nfolder = "real-store"\nsynthetic = false\nopen_real_on_loopback = true\n',
        encoding="utf-8",
    )
    records = tmp_path / "records.csv"
    records.write_text(FILE, encoding="utf-8")
    return settings, records


def test_keys_then_dry_run_then_import_then_check_then_roll_back(run, real, tmp_path):
    settings, records = real
    code, out, err = run("import", records, "--settings", settings)
    assert (code, out) == (1, "")
    assert "python -m data keys --create" in err
    code, out, err = run("keys", "--create", "--settings", settings)
    assert (code, err) == (0, "")
    files = key_files(store_folder=tmp_path / "real-store")
    for file in (files.store, files.pseudonym):
        assert str(file) in out
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text().strip() not in out
    assert run("keys", "--create", "--settings", settings)[0] == 1

    code, out, err = run("import", records, "--settings", settings, "--dry-run")
    assert code == 0
    assert "2 rows in = 1 imported + 0 updated + 0 unchanged + 1 quarantined." in out
    assert "dry run: nothing was written" in out
    assert current_version(tmp_path / "real-store") is None

    code, out, err = run("import", records, "--settings", settings, "--json")
    report = json.loads(out)
    assert (code, report["imported"], report["quarantined_rows"]) == (0, 1, 1)
    first = current_version(tmp_path / "real-store")
    assert report["version"] == first
    assert "Nothing changed in the store." in run("import", records, "--settings", settings)[1]
    assert current_version(tmp_path / "real-store") == first

    records.write_text(FILE.replace("M,", "F,"), encoding="utf-8")
    assert "1 updated" in run("import", records, "--settings", settings)[1]
    second = current_version(tmp_path / "real-store")
    code, out, err = run("check", "--settings", settings)
    assert code == 0
    assert "administrations: 1" in out
    code, out, err = run("rollback", "--settings", settings, "--purpose", "test")
    assert (code, current_version(tmp_path / "real-store")) == (0, first)
    assert second != first
    assert run("rollback", "--settings", settings)[0] == 1


def test_a_person_is_erased_by_name_asked_for_and_not_given_as_an_argument(run, real, monkeypatch):
    settings, records = real
    run("keys", "--create", "--settings", settings)
    run("import", records, "--settings", settings)
    answers = iter(["LEE, Ann", "1980-02-01"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(answers))
    code, out, _err = run("erase", "--person", "--settings", settings, "--purpose", "asked for it")
    assert code == 0
    assert "administrations: 1" in out
    assert "Lee" not in out
    answers = iter(["LEE, Ann", "1980-02-01"])
    code, out, _err = run("erase", "--person", "--settings", settings, "--purpose", "asked for it")
    assert (code, out) == (1, "")
    answers = iter(["unknown", ""])
    assert "That is no name" in run("erase", "--person", "--settings", settings)[2]
    answers = iter(["Ann Lee", "1 Feb"])
    assert "That is no date" in run("erase", "--person", "--settings", settings)[2]
    assert "Say what to erase" in run("erase", "--settings", settings)[2]


def test_the_default_store_is_synthetic_and_refuses_real_records(run, real):
    code, out, err = run("import", real[1])
    assert (code, out) == (1, "")
    assert "takes no records of real people" in err


def test_a_file_of_which_no_row_can_be_used_ends_with_an_error_code(run, real):
    settings, records = real
    run("keys", "--create", "--settings", settings)
    records.write_text(FILE.replace("01/07/2024 10:00", "01/07/2999 10:00"), encoding="utf-8")
    for options in (("--dry-run",), ("--json",), ()):
        code, out, _err = run("import", records, "--settings", settings, *options)
        assert code == 1
        assert "No row could be used" in (out if "--json" in options else out.splitlines()[-1])
        assert "What could not be used in records.csv" in out


def test_the_demo_is_made_once_and_only_where_it_belongs(run, real, tmp_path):
    folder = tmp_path / "demo"
    code, out, err = run("demo", "--kind", "stress", "--rows", 300, "--store", folder)
    assert code == 0
    assert "SYNTHETIC DATA" in out
    assert "administrations: 3" in out
    version = current_version(folder)
    assert version
    assert run("demo", "--if-missing", "--store", folder)[:2] == (0, "")
    code, out, err = run("demo", "--store", folder)
    assert code == 1
    assert "There is a store in" in err
    assert current_version(folder) == version
    code, out, err = run("demo", "--settings", real[0])
    assert code == 1
    assert "real records" in err
    assert run("demo", "--settings", real[0], "--if-missing")[0] == 0
    assert current_version(tmp_path / "real-store") is None
    assert "examples/quiet_force/settings.toml" in run("demo", "--kind", "quiet", "--store", tmp_path / "quiet")[2]


def test_the_store_argument_wins_over_settings(run, real, tmp_path):
    settings, records = real
    assert run("keys", "--create", "--settings", settings, "--store", tmp_path / "other")[0] == 0
    assert run("import", records, "--settings", settings, "--store", tmp_path / "other")[0] == 0
    assert current_version(tmp_path / "other")
    assert current_version(tmp_path / "real-store") is None


def test_what_the_options_name_must_be_there_and_fit(run, real, tmp_path):
    settings, records = real
    run("keys", "--create", "--settings", settings)
    mapping = tmp_path / "m.toml"
    mapping.write_text('target = "shifts"\nsource = "a"\n[columns]\nshift_id = "incident_id"\n', encoding="utf-8")
    base = ("import", records, "--settings", settings)
    assert "The mapping is for the table shifts, not kits" in run(*base, "--mapping", mapping, "--table", "kits")[2]
    assert run(*base, "--mapping", mapping)[0] == 0
    assert "cannot be read" in run(*base, "--mapping", tmp_path / "none.toml")[2]
    assert "cannot be opened" in run("import", tmp_path / "none.csv", "--settings", settings)[2]
    assert "does not exist" in run("check", "--settings", tmp_path / "none.toml")[2]
    assert run("check", "--settings", settings, "--store", tmp_path / "nothing")[0] == 1
    with pytest.raises(SystemExit):
        run("import", records, "--table", "imports")


def test_fields_prints_every_field_of_the_schema(run):
    code, out, _err = run("fields")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 2 + sum(len(table.fields) for table in TABLES)
    assert all(line.count("|") - line.count("\\|") == 7 for line in lines)


def test_an_unexpected_error_shows_where_and_not_what(real):
    program = (
        "import sys, runpy, data.ingest as ingest\n"
        "def broken(**options): raise ValueError('Ann Lee, born 1980-02-01')\n"
        "ingest.import_file = broken\n"
        "sys.argv = ['data', 'import', 'x.csv', '--settings', sys.argv[1]]\n"
        "import data.settings, data.keys\n"
        "runpy.run_module('data', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(real[0])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"NALOXONE_WATCH_STORE_KEY": "s" * 43, "NALOXONE_WATCH_PSEUDONYM_KEY": "p" * 43},
        check=False,
    )
    assert done.returncode == 1
    assert "Ann Lee" not in done.stdout + done.stderr
    assert "data/__main__.py" in done.stderr.replace(os.sep, "/")


@pytest.mark.parametrize("arguments", [("data", "fields"), ("analytics", "calibrate", "--rates", "0.01")])
def test_a_reader_that_goes_ends_a_command_quietly(arguments, tmp_path):
    if arguments[0] == "analytics":
        arguments += ("--force-years", "1", "--clusters", "1", "--replicates", "19")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
            check=False,
        )
    assert done.returncode == 141
    assert "Error" not in done.stderr
    assert "error" not in done.stderr


def test_conflicts_are_listed_and_settled_and_an_import_undone(run, real, tmp_path):
    settings, _records = real
    records = tmp_path / "reports.csv"
    records.write_text("Ref,When,Collar,Doses\nA1,01/07/2024 10:00,12,1\nA1,01/07/2024 10:00,34,2\n", encoding="utf-8")
    mapping = tmp_path / "reports.toml"
    mapping.write_text(
        'source = "reports"\nrows = "officer"\n[columns]\nincident_id = "Ref"\noccurred_at = "When"\n'
        'doses_given = "Doses"\n[[doses]]\nofficer = "Collar"\n',
        encoding="utf-8",
    )
    run("keys", "--create", "--settings", settings)
    code, out, _err = run("import", records, "--mapping", mapping, "--settings", settings, "--dry-run")
    assert (code, "1 administration of the store has several officers' reports" in out) == (0, True)
    assert "on the page “Data quality”. Rows: 1 to 2." in out
    code, out, _err = run("import", records, "--mapping", mapping, "--settings", settings)
    assert code == 0
    assert "2 rows in = 1 imported + 0 updated + 0 unchanged + 1 folded into others + 0 quarantined." in out
    code, out, _err = run("conflicts", "--settings", settings)
    conflict, *reports = out.splitlines()
    assert "1 July 2024: not settled" in conflict
    told = sorted(line.split(": ", 1)[1] for line in reports)
    assert [line.split(", imported")[0] for line in told] == ["row 1 of “reports”", "row 2 of “reports”"]
    assert [line.rsplit(", ", 1)[1] for line in told] == ["doses 1", "doses 2"]
    code, out, _err = run("conflicts", "--settle-agreeing", "--settings", settings)
    assert (code, "whose reports state the same number" in out) == (0, True)
    chosen = ["conflicts", "--settle", conflict.split(",")[0], "--settings", settings]
    assert run(*chosen)[0] == 1
    assert run(*chosen, "--same", "nothing")[2].startswith("There is no such conflict")
    assert run(*chosen, "--different", "--purpose", "asked both")[0] == 0
    assert "settled as different doses" in run("conflicts", "--settings", settings)[1]
    code, out, _err = run("undo", "--settings", settings, "--purpose", "wrong file")
    undone, taken_out = out.splitlines()
    assert undone.startswith("Undone: “reports”, imported ")
    assert (code, taken_out) == (0, "Taken out: 1 incident, 1 administration and 3 doses.")
    assert run("conflicts", "--settings", settings)[1] == "No administration has several officers' reports.\n"
    code, _out, err = run("undo", "--settings", settings)
    assert (code, "no such import" in err) == (1, True)
