"""No name, date of birth or key of the source is anywhere but in the source: not even for a moment, not in an error.

Real commands run on files with planted values, in the right columns and in every wrong one, while everything they write
is read again and again: the store and its spill, the journal, the temporary folder, configuration, what is printed.
The search is shown to find a planted control in each of these forms.
"""

import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from data.journal import Journal
from data.keys import Keys
from data.schema import TABLES
from tests.data.importing import KEYS, make_settings, stored, workbook

ROOT = Path(__file__).parents[2]
# The command line as `python -m data` runs it, once for each list of arguments.
PROGRAM = """
import json, sys
from data import __main__ as commands
sys.excepthook = commands._show_place_only
for arguments in json.loads(sys.argv[1]):
    print("code", commands.main(arguments), flush=True)
"""
NAME = "Quillfeather Zebrafinch"
OTHER_NAME = "Brackenthwaite Ptarmigan"
BORN = "17/03/1961"
KEY = "NXSECRET00017"
SECRETS = [
    *NAME.split(),
    *OTHER_NAME.split(),
    "17/03/1961",
    "1961-03-17",
    "19610317",
    "17 March 1961",
    KEY,
    "ZZ9PLURAL7",
]
PATTERN = re.compile(
    b"|".join(
        re.escape(secret.encode(encoding)) for secret in SECRETS for encoding in ("utf-8", "utf-16-le", "utf-16-be")
    ),
    re.IGNORECASE,
)

COLUMNS = ["Reference", "When", "Name", "Born", "Gender", "Doses", "Lat", "Lon", "Postcode", "Area", "Drug", "Wait"]
COLUMNS += ["Came", "Officer", "Product", "Entered"]
GOOD = [KEY, "01/07/2024 10:00", NAME, BORN, "M", "2", "51.48", "-3.18", "CF10 1EP", "Cardiff", "heroin", "9", ""]
GOOD += ["ZZ9PLURAL7", "Nyxoid", "02/07/2024 09:00"]
MAPPING = """
target = "administrations"
source = "leak test"
[columns]
incident_id = "Reference"
occurred_at = "When"
gender = "Gender"
doses_given = "Doses"
officer_area = "Area"
authority = "Area"
recorded_at = "Entered"
call_category_before = "Product"
[place]
x = "Lon"
y = "Lat"
postcode = "Postcode"
[person]
name = "Name"
date_of_birth = "Born"
[substances]
columns = ["Drug"]
[[waits]]
kind = "call_to_arrival"
minutes = "Wait"
[[waits]]
kind = "naloxone_to_arrival"
started_at = "When"
ended_at = "Came"
[[doses]]
officer = "Officer"
product = "Product"
"""


def found_in(content: bytes) -> list[str]:
    return sorted({match.decode("utf-8", "replace") for match in PATTERN.findall(content)})


def misplaced_rows() -> list[list[str]]:
    """A good row, and rows with each secret in each column where it does not belong."""
    rows = [GOOD, ["other key of the test", *GOOD[1:]]]
    for position in range(1, len(COLUMNS)):
        for number, secret in enumerate([NAME, OTHER_NAME.upper() + ", x", BORN, "1961-03-17", KEY]):
            row = [f"row-{position}-{number}", *GOOD[1:]]
            row[position] = secret
            rows.append(row)
    rows.append(["pair", GOOD[1], OTHER_NAME, *GOOD[3:]])
    return rows


def write_rows(file: Path, rows: list[list[str]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows(rows)
    return file


class Watch:
    """Reads every file that appears in some folders, for as long as a program runs."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.found: dict[str, list[str]] = {}
        self.seen: dict[Path, tuple[int, int]] = {}
        self._stop = threading.Event()

    def look(self) -> None:
        for top in self.folders:
            for folder, _folders, names in os.walk(top):
                for name in names:
                    self._look_into(Path(folder) / name)

    def _look_into(self, file: Path) -> None:
        try:
            state = file.stat()
            if self.seen.get(file) == (state.st_mtime_ns, state.st_size):
                return
            if secrets := found_in(file.read_bytes()) + found_in(file.name.encode()):
                self.found[str(file)] = secrets
        except OSError:
            return  # gone again
        self.seen[file] = (state.st_mtime_ns, state.st_size)

    def __enter__(self) -> "Watch":
        self._stop.clear()
        self._thread = threading.Thread(target=self._keep_looking)
        self._thread.start()
        return self

    def _keep_looking(self) -> None:
        while not self._stop.is_set():
            self.look()
            time.sleep(0.01)

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()
        self.look()


class Place:
    """A home of its own for the program: store, configuration, temporary folder; the sources lie elsewhere."""

    def __init__(self, folder: Path, memory_limit: str = "4GB") -> None:
        self.sources = folder / "sources"
        self.home = folder / "home"
        self.store = self.home / "store"
        for each in (self.sources, self.home / "tmp"):
            each.mkdir(parents=True)
        self.settings = self.sources / "settings.toml"
        self.settings.write_text(
            'force = "South Wales Police"\n[geography]\nforce = "South Wales"\n[store]\nsynthetic = false\n'
            f'open_real_on_loopback = true\nfolder = "{self.store.as_posix()}"\nmemory_limit = "{memory_limit}"\n',
            encoding="utf-8",
        )
        self.mapping = self.sources / "mapping.toml"
        self.mapping.write_text(MAPPING, encoding="utf-8")
        self.output = b""
        self.watch = Watch(self.home)

    def run(self, *arguments: object, keys: Keys = KEYS) -> int:
        """Run one command in a process of its own."""
        return self.run_all([arguments], keys=keys)[0]

    def run_all(self, commands: Sequence[Sequence[object]], keys: Keys = KEYS) -> list[int]:
        """Run commands one after the other in one process; gives their return codes."""
        lines = [[*map(str, command), "--settings", str(self.settings)] for command in commands]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NALOXONE_WATCH_STORE")}
        environment |= {
            "NALOXONE_WATCH_STORE_KEY": keys.store_key,
            "NALOXONE_WATCH_PSEUDONYM_KEY": keys.pseudonym_key.decode(),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "TMPDIR": str(self.home / "tmp"),
        }
        with self.watch:
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, json.dumps(lines)],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                check=False,
            )
        self.output += done.stdout + done.stderr
        codes = [int(code) for code in re.findall(rb"^code (\d+)$", done.stdout, re.MULTILINE)]
        assert len(codes) == len(commands), done.stderr[-2000:]
        return codes

    def leaks(self) -> dict[str, list[str]]:
        """Everything found so far, in files at any moment, in what was printed, and inside the opened store."""
        found = dict(self.watch.found)
        if secrets := found_in(self.output):
            found["printed"] = secrets
        if (self.store / "current.json").exists():
            settings = make_settings(self.home)
            for table in TABLES:
                if secrets := found_in(stored(settings, table.name).to_csv().encode()):
                    found[f"table {table.name}"] = secrets
            journal = repr(Journal(folder=self.store, keys=KEYS).entries())
            if secrets := found_in(journal.encode()):
                found["journal"] = secrets
        return found


def test_the_search_finds_a_control_in_every_form(tmp_path):
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        (tmp_path / encoding).write_bytes(b"\x00\x01" + f"x{NAME.upper()}x".encode(encoding))
    (tmp_path / f"{KEY}.tmp").write_bytes(b"")
    with duckdb.connect(str(tmp_path / "plain.duckdb")) as connection:
        connection.execute("SET force_compression = 'uncompressed'")
        connection.execute("CREATE TABLE t AS SELECT ? || i::VARCHAR AS name FROM range(5000) r(i)", [NAME])
    watch = Watch(tmp_path)
    with watch:
        spilled = tmp_path / "gone" / "spill"
        spilled.parent.mkdir()
        spilled.write_text(BORN, encoding="utf-8")
        deadline = time.monotonic() + 20
        while str(spilled) not in watch.found and time.monotonic() < deadline:
            time.sleep(0.01)
        spilled.unlink()
    assert {Path(file).name for file in watch.found} == {
        *("utf-8", "utf-16-le", "utf-16-be", f"{KEY}.tmp", "plain.duckdb", "spill")
    }


def test_an_import_that_succeeds_leaves_nothing_behind(tmp_path):
    place = Place(tmp_path)
    file = write_rows(place.sources / "form.csv", [COLUMNS, *misplaced_rows()])
    command = ["import", file, "--mapping", place.mapping]
    assert place.run_all([[*command, "--dry-run", "--json"], command, [*command, "--json"], ["check"]]) == [0] * 4
    assert place.run("rollback") == 1
    assert place.leaks() == {}
    kept = stored(make_settings(place.home), "administrations")
    assert len(kept) > 60
    assert kept["person_token"].notna().sum() > 60
    assert place.store / "current.json" in place.watch.seen
    quarantine = stored(make_settings(place.home), "quarantine")
    assert {"value_unknown", "not_a_number", "text_not_stored", "area_unknown", "coordinates_unusable"} <= set(
        quarantine["reason"]
    )


def failing_files(folder: Path) -> dict[str, Path]:
    """Files that fail as a whole, one for each way in which they can."""
    good = [COLUMNS, *misplaced_rows()[:5]]
    files = {
        "no headings": write_rows(folder / "a.csv", good[1:]),
        "double heading": write_rows(folder / "b.csv", [[*COLUMNS, "Name"], *([*row, NAME] for row in good[1:])]),
        "secret heading": write_rows(folder / "c.csv", [[NAME, BORN, KEY], *good[1:]]),
        "no rows": write_rows(folder / "d.csv", [COLUMNS]),
    }
    files["open quote"] = write_rows(folder / "e.csv", good)
    with files["open quote"].open("a", encoding="utf-8") as file:
        file.write(f'"{NAME},{BORN}\n')
    files["stray quote"] = folder / "f.csv"
    files["stray quote"].write_text(",".join(COLUMNS) + f'\n"{NAME}"x,{BORN},{KEY}\n', encoding="utf-8")
    files["no text"] = folder / "g.csv"
    files["no text"].write_bytes(f"{NAME},{BORN}\n".encode() + b"\x81\x00\x8d")
    files["damaged workbook"] = folder / "h.xlsx"
    files["damaged workbook"].write_bytes(b"PK\x03\x04" + f"{NAME} {BORN} {KEY}".encode() * 50)
    files["broken sheet"] = folder / "i.xlsx"
    content = workbook({NAME: [COLUMNS, GOOD]})
    files["broken sheet"].write_bytes(content[: len(content) // 2] + content[len(content) // 2 + 9 :])
    files["several sheets"] = folder / "j.xlsx"
    files["several sheets"].write_bytes(workbook({NAME: [COLUMNS, GOOD], KEY: [COLUMNS, GOOD]}))
    return files


def test_imports_that_fail_leave_nothing_behind_and_quote_nothing(tmp_path):
    place = Place(tmp_path)
    files = failing_files(place.sources)
    good = write_rows(place.sources / "good.csv", [COLUMNS, GOOD])
    commands = [["import", file, "--mapping", place.mapping] for file in [*files.values(), good]]
    *codes, last = place.run_all([["import", files["no headings"]], *commands])
    assert dict(zip(["no mapping", *files], codes, strict=True)) == dict.fromkeys(["no mapping", *files], 1)
    assert last == 0
    for file in files.values():
        assert file.name.encode() in place.output
    wrong = Keys(store_key="w" * 43, pseudonym_key=KEYS.pseudonym_key)
    assert place.run("import", good, "--mapping", place.mapping, keys=wrong) == 1
    place.mapping.write_text(MAPPING.replace('"leak test"', '"leak test"\nsynthetic = true'), encoding="utf-8")
    assert place.run("import", good, "--mapping", place.mapping) == 1
    assert place.leaks() == {}


# With 10,000 rows and two threads the first spills and then runs out of memory, the second spills and goes through.
@pytest.mark.parametrize("memory_limit", ["40MB", "45MB"])
def test_a_store_that_spills_or_runs_out_of_memory_leaks_nothing(tmp_path, memory_limit):
    place = Place(tmp_path, memory_limit)
    rows = ([f"{KEY}-{n}", GOOD[1], f"{NAME} {n}", *GOOD[3:]] for n in range(10_000))
    file = write_rows(place.sources / "large.csv", [COLUMNS, *rows])
    code = place.run("import", file, "--mapping", place.mapping)
    assert code == 1 or any("duckdb_temp_storage" in seen.name for seen in place.watch.seen)
    assert b"Traceback" not in place.output
    assert place.leaks() == {}
