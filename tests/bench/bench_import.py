"""Speed and memory of an import, from the command to the published store, beside pandas reading the same file.

The file is a form with twenty-three columns: two of time, a person, coordinates, substances, a wait with two clocks, an
officer. `python -m tests.bench.bench_import` prints one line a measurement; more rows may be named as arguments.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from data.geography import open_geography
from data.settings import load_settings

ROOT = Path(__file__).parents[2]
LIMITS = {100_000: (15.0, 1.0), 1_000_000: (180.0, 3.0)}
"""Seconds and gigabytes by rows."""

MAPPING = """
target = "administrations"
source = "bench"
synthetic = true
[columns]
administration_id = "Reference"
occurred_at = ["Date", "Time"]
gender = "Gender"
setting = "Setting"
doses_given = "Doses"
tried_to_wake = "Woke"
tilted_head = "Tilted"
recovery_position = "Recovery"
condition_before = "Before"
condition_after = "After"
alive_at_handover = "Alive"
previous_police_contact = "Contact"
taken_to_hospital = "Hospital"
recorded_at = "Entered"
[person]
name = "Name"
date_of_birth = "DOB"
[place]
x = "Lon"
y = "Lat"
[substances]
columns = ["Substances"]
certainty = "suspected"
[[waits]]
kind = "call_to_arrival"
clock = "ambulance_cad"
started_at = "Called"
ended_at = "Arrived"
[[doses]]
officer = "Officer"
"""


def write_form(file: Path, rows: int) -> None:
    """A form of generated records, as a force's system would write it."""
    random = np.random.default_rng(1)
    called = pd.Timestamp("2019-01-01") + pd.to_timedelta(random.integers(0, 3_600_000, rows), unit="min")
    later = pd.to_timedelta(random.integers(0, 60, rows), unit="min")
    born = pd.to_datetime(random.integers(-10_000, 12_000, rows), unit="D")
    number = np.arange(rows)
    form = "%d/%m/%Y %H:%M"
    frame = pd.DataFrame(
        {
            "Reference": [f"NX{each:07d}" for each in number],
            "Date": called.strftime("%d/%m/%Y"),
            "Time": called.strftime("%H:%M"),
            "Name": [f"Person {each:05d}" for each in number % 50_000],
            "DOB": born.strftime("%d/%m/%Y"),
            "Gender": random.choice(["M", "F", "Male", "female", ""], rows),
            "Lat": np.round(random.uniform(51.4, 51.8, rows), 5),
            "Lon": np.round(random.uniform(-4.1, -3.0, rows), 5),
            "Setting": random.choice(["Street", "Home", "Custody", "other", ""], rows),
            "Substances": random.choice(
                ["Heroin", "heroin; benzos", "nitazene", "unknown", "Heroin/Cocaine", ""], rows
            ),
            "Doses": random.choice(["1", "2", "3"], rows),
            **{
                name: random.choice(["Y", "N", ""], rows)
                for name in ("Woke", "Tilted", "Recovery", "Contact", "Hospital")
            },
            **{name: random.choice(["conscious", "unconscious"], rows) for name in ("Before", "After")},
            "Alive": random.choice(["yes", "died", ""], rows),
            "Called": called.strftime(form),
            "Arrived": (called + later).strftime(form),
            "Entered": (called + later * 20).strftime(form),
            "Officer": [f"PC {each:04d}" for each in number % 700],
        }
    )
    frame.to_csv(file, index=False)


def command(file: Path, folder: Path) -> tuple[float, float]:
    """Seconds and peak gigabytes of the import command in a process of its own."""
    environment = os.environ | {
        "NALOXONE_WATCH_STORE": str(folder / "store"),
        "NALOXONE_WATCH_STORE_KEY": "s" * 43,
        "NALOXONE_WATCH_PSEUDONYM_KEY": "p" * 43,
    }
    program = (
        "import resource, sys; from data.__main__ import main; code = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
    )
    arguments = ["import", str(file), "--mapping", str(folder / "mapping.toml")]
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return perf_counter() - start, int(done.stderr.split()[-1]) * 1024 / 1e9


def main() -> None:
    """Print the measurements: the import, the same file again, and pandas reading it."""
    write = sys.stdout.write
    open_geography(load_settings())  # made once a machine, and not part of an import
    for rows in map(int, sys.argv[1:] or ["100000"]):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file = folder / "form.csv"
            write_form(file, rows)
            (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")
            seconds, gigabytes = command(file, folder)
            again, again_gigabytes = command(file, folder)
            start = perf_counter()
            pd.read_csv(file, dtype=str)
            peer = perf_counter() - start
        limit = "limit {:.0f} s, {:.1f} GB".format(*LIMITS[rows]) if rows in LIMITS else "no limit"
        ratio = f"{seconds / peer:.0f} x pandas.read_csv"
        write(f"import {rows:,} rows: {seconds:.1f} s, {gigabytes:.2f} GB ({limit}); {ratio}\n")
        write(f"import {rows:,} rows again: {again:.1f} s, {again_gigabytes:.2f} GB\n")


if __name__ == "__main__":
    main()
