"""Speed of the scans and of Farrington-flexible, one core: `python -m tests.bench.bench_scan`.

The peers are SaTScan (C++, 1.1 s for the same permutation scan) and R's surveillance (71 s for the same 100 series),
timed once on a machine like this one.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from analytics.scan import space_time_scan
from analytics.simulate import plant_cluster, simulate_force
from analytics.spikes import farrington_flexible

REFERENCE = Path(__file__).parents[1] / "reference" / "scan"


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of the fastest of some runs: the others measure the machine's other work."""
    taken = []
    for _repeat in range(repeats):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return min(taken)


def scan_600_locations() -> object:
    """The permutation scan of the reference: 600 locations, 807 cases, 999 replicates."""
    places = np.loadtxt(REFERENCE / "synA.geo", usecols=(1, 2))
    rows = [line.split() for line in (REFERENCE / "synA.cas").read_text().splitlines()]
    dates = np.array([row[2].replace("/", "-") for row in rows], dtype="datetime64[D]")
    return space_time_scan(
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


def score_force(events_per_area_week: float) -> object:
    """A force's day: 60 areas, two years, 9,999 replicates, with a cluster planted."""
    quiet = simulate_force(days=734, events_per_area_week=events_per_area_week, seed=1)
    force = plant_cluster(quiet, first_day=730, seed=1)
    return space_time_scan(
        **force.rows,
        easting_m=force.easting_m,
        northing_m=force.northing_m,
        model="expectation",
        max_radius_m=8_000,
        max_window_days=7,
        min_cases=3,
        replicates=9_999,
        seed=1,
        today=733,
        exposure=force.exposure,
    )


def score_series() -> object:
    """Farrington-flexible on 100 weekly series, their last 52 weeks."""
    counts = np.random.default_rng(1).poisson(np.linspace(0.1, 3, 100)[:, None], size=(100, 400))
    return [farrington_flexible(counts=row, score_from=348) for row in counts]


def main() -> None:
    """Print the measurements."""
    write = sys.stdout.write
    taken = seconds(scan_600_locations)
    write(f"permutation scan, 600 locations, 999 replicates: {taken:.2f} s (limit 2 s); SaTScan {1.1 / taken:.1f} x\n")
    for rate in (0.02, 0.1, 1.0):
        taken = seconds(lambda rate=rate: score_force(rate), repeats=1)
        write(f"expectation scan, 60 areas at {rate} a week, 9,999 replicates: {taken:.2f} s (limit 5 s)\n")
    taken = seconds(score_series, repeats=1)
    write(f"farringtonFlexible, 100 series x 52 weeks: {taken:.1f} s (limit 15 s); R {71 / taken:.0f} x\n")


if __name__ == "__main__":
    main()
