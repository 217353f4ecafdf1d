"""Speed of the location models and of reach by hour, at the size of a large force.

2,000 demand points x 300 sites x 40 carriers for each model, with the gap proven in the time; 168 hours x 756 carriers
x 5,000 cells for reach. `python -m tests.bench.bench_coverage` prints one line a measurement.
"""

import sys
from time import perf_counter

import numpy as np

from analytics import coverage, reach

DEMAND, SITES, CARRIERS = 2_000, 300, 40
LIMIT_SECONDS, LIMIT_GAP = 20.0, 0.01
HOURS, ROSTERED, CELLS = 168, 756, 5_000
REACH_LIMIT_SECONDS = 2.0


def problem(*, clustered: bool) -> dict[str, np.ndarray]:
    """Demand and sites over 40 x 40 km: in towns, or everywhere alike."""
    generator = np.random.default_rng(1)
    demand, sites = generator.uniform(0, 40_000, (DEMAND, 2)), generator.uniform(0, 40_000, (SITES, 2))
    if clustered:
        towns = generator.uniform(0, 40_000, (25, 2))
        demand = towns[generator.integers(25, size=DEMAND)] + generator.normal(0, 3_000, (DEMAND, 2))
        half = SITES // 2
        sites[:half] = towns[generator.integers(25, size=half)] + generator.normal(0, 4_000, (half, 2))
    return {
        "demand_weight": generator.gamma(0.5, 1, DEMAND),
        "demand_easting_m": demand[:, 0],
        "demand_northing_m": demand[:, 1],
        "site_easting_m": sites[:, 0],
        "site_northing_m": sites[:, 1],
    }


def first_within(model: object, limit_gap: float, **inputs: object) -> tuple[float, coverage.Plan]:
    """Seconds until the gap was proven to be under the limit, and the plan at the end."""
    seen: list[coverage.Progress] = []
    plan = model(**inputs, n_sites=CARRIERS, on_progress=lambda progress: seen.append(progress) or False)
    reported = [progress.seconds for progress in seen if progress.gap <= limit_gap]
    return min([*reported, plan.seconds]), plan


def main() -> None:
    """Print the measurements."""
    write = sys.stdout.write
    for clustered in (True, False):
        inputs = problem(clustered=clustered)
        for reach_m in (4_000, 8_000):
            for busy in (0.4, 0.76):
                near, plan = first_within(
                    coverage.maximum_expected_coverage, LIMIT_GAP, **inputs, reach_m=reach_m, busy_probability=busy
                )
                write(
                    f"MEXCLP, {'towns' if clustered else 'even'}, reach {reach_m:,} m, q {busy}: gap {plan.gap:.3%} in "
                    f"{plan.seconds:.1f} s, under {LIMIT_GAP:.0%} in {near:.1f} s (limit {LIMIT_SECONDS:.0f} s)\n"
                )
        for model in (coverage.maximum_coverage, coverage.p_median):
            near, plan = first_within(model, LIMIT_GAP, **inputs, reach_m=4_000)
            write(
                f"{plan.method}, {'towns' if clustered else 'even'}: gap {plan.gap:.3%} in {plan.seconds:.1f} s, under "
                f"{LIMIT_GAP:.0%} in {near:.1f} s (limit {LIMIT_SECONDS:.0f} s)\n"
            )
    generator = np.random.default_rng(2)
    travel = generator.uniform(0, 40, (ROSTERED, CELLS))
    roster = generator.random((HOURS, ROSTERED)) < 0.24
    start = perf_counter()
    reach.reach_by_hour(travel_minutes=travel, within_minutes=8, on_shift=roster)
    seconds = perf_counter() - start
    write(f"reach, {HOURS} hours x {ROSTERED} carriers x {CELLS:,} cells: {seconds:.2f} s")
    write(f" (limit {REACH_LIMIT_SECONDS:.0f} s)\n")


if __name__ == "__main__":
    main()
