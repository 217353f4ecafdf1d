"""Waits that nobody here wrote: the city's create-to-arrival times, imported as the example says, against a recount."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.findings.ambulance_delay import WaitOptions, find_ambulance_delay
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.ingest import import_file
from data.mapping import load_mapping
from data.schema import SETTINGS
from data.settings import load_settings
from data.store import open_store
from tests.data.importing import KEYS

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data" / "cincinnati_heroin_responses"
RECORDS, RINGS = DATA / "heroin_cops.csv", DATA / "city_boundary_rings.csv"


@pytest.mark.skipif(not RECORDS.is_file(), reason="the city's open data is not on this machine (examples/cincinnati)")
def test_waits_for_the_first_unit_equal_a_plain_recount(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Create to arrival as the page has it: n, median, 90th centile, and what was kept off the curve and why."""
    folder = tmp_path / "my_cincinnati"
    shutil.copytree(ROOT / "examples" / "cincinnati", folder)
    command = [sys.executable, str(folder / "outline.py"), str(RINGS), str(folder / "outline.geojson")]
    subprocess.run(command, check=True, capture_output=True)
    settings = load_settings(folder / "settings.toml")
    geography = open_geography(settings)
    mapping = load_mapping(folder / "mapping.toml")
    import_file(path=RECORDS, mapping=mapping, settings=settings, keys=KEYS, geography=geography)
    source = pd.read_csv(RECORDS, dtype=str)
    start, end = (pd.to_datetime(source[name]) for name in ("create_time_incident", "arrival_time_primary_unit"))
    # By New York's clock on the wall: a difference over a change of the clock is one of instants.
    instants = [
        each.dt.tz_localize("America/New_York", ambiguous="NaT", nonexistent="shift_forward") for each in (start, end)
    ]
    minutes = (instants[1] - instants[0]).dt.total_seconds() / 60
    timed = np.sort(minutes[minutes > 0])
    with open_store(settings=settings, keys=KEYS) as store:
        first, last = store.period()
        question = Question(
            store=store,
            geography=geography,
            settings=settings,
            filters=Filters(first_day=first, last_day=last, settings=SETTINGS),
            scope=AccessScope(audience="analyst"),
        )
        found = find_ambulance_delay(question, options=WaitOptions())
    account = dict(found.account.rows)
    assert account == {
        "Arrived": f"{len(timed):,}",
        "Left before it came": "0",
        "Declined": "0",
        "Already there (0 minutes)": "167",
        "In quarantine": "60",
        "Not recorded": "831",
        "Administrations": "6,960",
    }
    assert (minutes == 0).sum() == 167
    assert (minutes < 0).sum() == 60
    assert minutes.isna().sum() == 831
    assert found.median.value == pytest.approx(timed[int(np.ceil(0.5 * len(timed))) - 1], abs=1e-9)
    assert found.ninetieth.value == pytest.approx(timed[int(np.ceil(0.9 * len(timed))) - 1], abs=1e-9)
    # Printed with -rA, and kept in a JUnit report.
    record_property("n", len(timed))
    record_property("median_minutes", found.median.value)
    record_property("ninetieth_minutes", found.ninetieth.value)
    numbers = f"n {len(timed)}, median {found.median.value:.2f}, 90th centile {found.ninetieth.value:.2f} minutes"
    sys.stdout.write(f"{numbers}; already there 167, negative 60, not recorded 831\n")
