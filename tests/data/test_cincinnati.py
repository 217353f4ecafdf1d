"""Real data that nobody here wrote, by settings and mapping alone. Skipped where the data is not at hand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.density import kernel_density
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.ingest import import_file
from data.mapping import load_mapping
from data.settings import load_settings
from data.store import open_store
from tests.data.importing import KEYS, stored

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "cincinnati_heroin_responses"
RECORDS, RINGS = DATA / "heroin_cops.csv", DATA / "city_boundary_rings.csv"

pytestmark = pytest.mark.skipif(
    not RECORDS.is_file(), reason="the city's open data is not on this machine (see examples/cincinnati)"
)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example as its README sets it up."""
    folder = tmp_path_factory.mktemp("example") / "my_cincinnati"
    shutil.copytree(ROOT / "examples" / "cincinnati", folder)
    command = [sys.executable, str(folder / "outline.py"), str(RINGS), str(folder / "outline.geojson")]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def imported(example):
    """Settings, geography and the report of the import."""
    assert "NALOXONE_WATCH_STORE" not in os.environ
    settings = load_settings(example / "settings.toml")
    geography = open_geography(settings)
    mapping = load_mapping(example / "mapping.toml")
    report = import_file(path=RECORDS, mapping=mapping, settings=settings, keys=KEYS, geography=geography)
    return settings, geography, mapping, report


@pytest.fixture(scope="module")
def source():
    """The city's file as pandas reads it, to compare with."""
    return pd.read_csv(RECORDS, dtype=str)


def test_every_row_is_accounted_for(imported, source):
    _settings, _geography, _mapping, report = imported
    assert report.rows_in == len(source) == 6_960
    assert (report.imported, report.updated, report.unchanged, report.quarantined_rows) == (6_960, 0, 0, 0)
    assert report.counts.located == 6_060
    assert report.counts.without_coordinates == source["latitude_x"].isna().sum() == 900
    assert (report.counts.waits_zero, report.counts.waits_negative, report.counts.waits_too_long) == (167, 60, 0)
    text = "\n".join(report.lines())
    assert "6,960 rows in = 6,960 imported + 0 updated + 0 unchanged + 0 quarantined." in text
    assert "167 of zero minutes" in text
    assert "60 negative" in text
    assert "900 with none." in text


def test_times_are_new_yorks(imported, source):
    settings = imported[0]
    found = stored(settings, "incidents").sort_values("occurred_at")
    expected = pd.to_datetime(source["create_time_incident"]).sort_values()
    instants = expected.dt.tz_localize("America/New_York").dt.tz_convert("UTC")
    assert (found["occurred_at"].dt.tz_convert("UTC").to_numpy() == instants.to_numpy()).all()
    assert (found["local_date"].to_numpy() == expected.dt.normalize().to_numpy()).all()
    assert (found["local_hour"].to_numpy() == expected.dt.hour.to_numpy()).all()


def test_waits_are_the_files_own(imported, source):
    settings = imported[0]
    found = stored(settings, "waits")
    start, end = (pd.to_datetime(source[name]) for name in ("create_time_incident", "arrival_time_primary_unit"))
    minutes = (end - start).dt.total_seconds() / 60
    usable = np.sort(minutes[minutes >= 0])
    np.testing.assert_allclose(np.sort(found["minutes"].dropna()), usable, atol=1e-9)
    assert (found["outcome"] == "already_there").sum() == 167
    assert (found["outcome"] == "not_recorded").sum() == 831 + 60


def test_the_density_inside_the_outline_holds_the_rows_inside_it(imported):
    settings, geography, _mapping, report = imported
    assert geography.crs == "EPSG:32616"
    rows_inside = report.counts.located - report.counts.outside
    with open_store(settings=settings, keys=KEYS) as store:
        first, last = store.period()
        filters = Filters(first_day=first, last_day=last)
        located = store.located_administrations(filters=filters, scope=AccessScope(audience="analyst"))
    assert len(located.easting_m) == 6_060
    surface = kernel_density(
        easting_m=located.easting_m,
        northing_m=located.northing_m,
        window=geography.outline,
        bandwidth_m=500.0,
        cell_m=100.0,
    )
    assert surface.integral == pytest.approx(surface.events, rel=1e-3)
    assert surface.integral == pytest.approx(rows_inside, rel=1e-3)
    assert rows_inside > 5_900


def test_the_week_of_the_documented_spike_stands_out(imported, source):
    """23-25 August 2016: the store's counts are the file's, and far above what a usual week would give."""
    settings = imported[0]
    days = stored(settings, "incidents")["local_date"].dt.date.value_counts()
    assert [days[pd.Timestamp(2016, 8, day).date()] for day in (23, 24, 25)] == [21, 44, 25]
    weekly = len(source) / ((days.index.max() - days.index.min()).days / 7)
    assert stats.poisson.sf(150 - 1, weekly) < 1e-12


def test_the_same_file_again_changes_nothing(imported):
    settings, geography, mapping, first = imported
    again = import_file(path=RECORDS, mapping=mapping, settings=settings, keys=KEYS, geography=geography)
    assert (again.imported, again.updated, again.unchanged, again.version) == (0, 0, 6_960, first.version)
