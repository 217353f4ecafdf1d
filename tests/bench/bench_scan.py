"""Speed of the scans and of Farrington-flexible: `pytest tests/bench/bench_scan.py`.

Targets of METHODS on one core: 600 locations, 807 cases, 999 replicates within 2 s (SaTScan 1.1 s); 60 areas with 9,999
replicates within 5 s; farringtonFlexible on 100 series of 52 weeks within 15 s (R 71 s).
"""

from pathlib import Path

import numpy as np
import pytest

from analytics.scan import space_time_scan
from analytics.simulate import plant_cluster, simulate_force
from analytics.spikes import farrington_flexible

REFERENCE = Path(__file__).parents[1] / "reference" / "scan"


def test_permutation_scan_of_600_locations(benchmark):
    places = np.loadtxt(REFERENCE / "synA.geo", usecols=(1, 2))
    rows = [line.split() for line in (REFERENCE / "synA.cas").read_text().splitlines()]
    dates = np.array([row[2].replace("/", "-") for row in rows], dtype="datetime64[D]")
    scan = benchmark(
        space_time_scan,
        location_index=[int(row[0][1:]) for row in rows],
        day=dates.astype(int),
        count=[int(row[1]) for row in rows],
        easting_m=places[:, 0],
        northing_m=places[:, 1],
        model="permutation",
        max_radius_m=5,
        max_window_days=7,
        min_cases=2,
        replicates=999,
        seed=1,
    )
    assert scan.replicates == 999


@pytest.mark.parametrize("events_per_area_week", [0.02, 0.1, 1.0])
def test_daily_scoring_of_a_force(benchmark, events_per_area_week):
    quiet = simulate_force(days=734, events_per_area_week=events_per_area_week, seed=1)
    force = plant_cluster(quiet, first_day=730, seed=1)
    scan = benchmark.pedantic(
        space_time_scan,
        kwargs={
            **force.rows,
            "easting_m": force.easting_m,
            "northing_m": force.northing_m,
            "model": "expectation",
            "max_radius_m": 8_000,
            "max_window_days": 7,
            "min_cases": 3,
            "replicates": 9_999,
            "seed": 1,
            "today": 733,
            "exposure": force.exposure,
        },
        rounds=2,
    )
    assert scan.replicates == 9_999


def test_farrington_on_100_series(benchmark):
    counts = np.random.default_rng(1).poisson(np.linspace(0.1, 3, 100)[:, None], size=(100, 400))

    def score() -> int:
        return sum(len(farrington_flexible(counts=row, score_from=348).index) for row in counts)

    assert benchmark.pedantic(score, rounds=1) == 5_200
