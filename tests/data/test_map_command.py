"""`python -m data map`: what it prints and writes, and that it can be imported as it stands."""

import pytest

from data import __main__ as commands
from data.mapping import load_mapping
from tests.data.forms import FORMS, SECRETS, as_csv
from tests.data.importing import workbook


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a home of its own; gives its return code, output and errors."""
    for name in ("STORE", "SETTINGS", "STORE_KEY", "PSEUDONYM_KEY"):
        monkeypatch.delenv(f"NALOXONE_WATCH_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def run(*arguments):
        code = commands.main([str(each) for each in arguments])
        return code, *capsys.readouterr()

    return run


def test_a_mapping_is_drafted_and_can_be_tried_out_at_once(run, tmp_path):
    file, out = tmp_path / "form.csv", tmp_path / "form.toml"
    file.write_bytes(as_csv(*FORMS["standard_form"]()))
    settings = tmp_path / "real.toml"
    settings.write_text(
        'force = "South Wales Police"\n[geography]\nforce = "South Wales"\n'
        '[store]\nfolder = "store"\nsynthetic = false\nopen_real_on_loopback = true\n',
        encoding="utf-8",
    )
    code, told, err = run("map", file, "--out", out, "--settings", settings)
    assert (code, err) == (0, "")
    assert "form.csv: text in utf-8, separated by comma; headings in row 1; 48 rows looked at." in told
    assert "doses_given = “Number of doses delivered” (sure: the heading says so, and the cells fit)" in told
    assert "To settle, columns.administration_id: No column numbers the rows." in told
    assert "doses_given: read from 10" in told
    assert not [word for word in SECRETS if word in told + out.read_text(encoding="utf-8")]
    assert load_mapping(out).columns["occurred_at"] == "Date and time of incident"
    assert run("keys", "--create", "--settings", settings)[0] == 0
    code, report, _err = run("import", file, "--mapping", out, "--settings", settings, "--dry-run")
    assert (code, "48 rows in = 48 imported" in report) == (0, True)
    code, told, err = run("map", file, "--out", out, "--settings", settings)
    assert (code, told) == (1, "")
    assert "exists already" in err


def test_without_a_file_to_write_the_mapping_is_printed(run, tmp_path):
    file = tmp_path / "kits.csv"
    file.write_bytes(as_csv(*FORMS["kits"]()))
    code, told, _err = run("map", file)
    assert code == 0
    assert 'target = "kits"' in told
    code, told, _err = run("map", file, "--table", "follow_up")
    assert code == 1
    assert 'target = "follow_up"' in told


def test_what_lacks_ends_with_a_sentence_and_an_error_code(run, tmp_path):
    file = tmp_path / "colours.csv"
    file.write_bytes(b"Colour,Size\nred,12\nblue,13\n")
    code, told, err = run("map", file)
    assert code == 1
    assert "Which column says when it happened?" in told
    assert "is needed" in err
    assert "cannot be opened" in run("map", tmp_path / "missing.csv")[2]
    assert "cannot be written" in run("map", file, "--out", tmp_path / "no" / "x.toml")[2]


def test_a_sheet_is_asked_for_by_name_or_number(run, tmp_path):
    file = tmp_path / "book.xlsx"
    headings, rows = FORMS["requests"]()
    file.write_bytes(workbook({"Lists": [["Role"], ["PCSO"]], "Log": [headings, *rows]}))
    assert "sheet 2 is read: it alone looks like records" in run("map", file)[1]
    for sheet in ("Log", "2"):
        code, told, _err = run("map", file, "--sheet", sheet)
        assert (code, "sheet = 2" in told) == (0, True)


def test_a_file_with_the_numbers_of_records_that_are_there_adds_to_them_whatever_its_headings(run, tmp_path):
    """Two sources in the store: the numbers say which is meant, and that nobody in the file is another person."""
    for name, heading in (("first", "Ref"), ("second", "Occurrence no")):
        rows = [(f"{name[0]}{n}/25", f"{1 + n % 28:02}/01/2025 10:00", "1") for n in range(40)]
        (tmp_path / f"{name}.csv").write_bytes(as_csv((heading, "Date and time", "Doses given"), rows))
        out = tmp_path / f"{name}.toml"
        assert run("map", tmp_path / f"{name}.csv", "--out", out)[0] == 0
        out.write_text(f"synthetic = true\n{out.read_text(encoding='utf-8')}", encoding="utf-8")
        assert run("import", tmp_path / f"{name}.csv", "--mapping", out)[0] == 0
    # The same numbers under the same source may be all that there is.
    assert 'extract = "full"' in run("map", tmp_path / "second.csv")[1]
    file = tmp_path / "third.csv"
    odd = [(f"s{n}/25", f"{1 + n % 28:02}/01/2025", "Y", str(n), "x") for n in range(40)]
    headings = ("Our log ref", "Day", "Taken to hospital", "Stock at base", "Reviewed by panel")
    file.write_bytes(as_csv(headings, odd))
    told = run("map", file)[1]
    assert 'parent_source = "Niche"' in told
    assert "To settle, joins" in told
    # Of numbers that nobody has there is nothing to add to.
    file.write_bytes(as_csv(headings, [(f"t{n}/25", *row[1:]) for n, row in enumerate(odd)]))
    assert "parent_source" not in run("map", file)[1]


def test_of_a_workbooks_sheets_the_one_of_records_is_drafted_and_one_a_month_is_told(run, tmp_path):
    rows = [["Occurrence no", "Date", "Doses"]]
    rows += [[f"N{n}", f"{1 + n % 28:02}/0{1 + n // 28}/2025", "1"] for n in range(60)]
    lists = {"Lookup": [["Code", "Meaning"], ["A", "Street"], ["B", "Home"]], "Pivot": [["Month", "Count"], ["Jan", 3]]}
    file, out = tmp_path / "export.xlsx", tmp_path / "export.toml"
    file.write_bytes(workbook(lists | {"Occurrences": rows}))
    code, told, _err = run("map", file, "--out", out)
    assert (code, "sheet 3 is read: it alone looks like records" in told) == (0, True)
    assert load_mapping(out).file.sheet == 3
    file.write_bytes(workbook({"Jan": rows[:30], "Feb": [rows[0], *rows[30:]], **lists}))
    code, told, err = run("map", file)
    assert (code, told) == (1, "")
    assert "sheet 1 and sheet 2" in err
    assert "by itself" in err
    file.write_bytes(workbook(lists))
    assert "State which one to read" in run("map", file)[2]
