"""Speed of the delay page's methods at 1,000,000 timed events, beside lifelines in the same run.

`python -m tests.bench.bench_delay` prints one line a measurement.
"""

import math
import sys
from time import perf_counter

import lifelines
import numpy as np

from analytics import delay, delay_comparison

EVENTS = 1_000_000
LIMIT_SECONDS = 1.0


def waits(*, whole_seconds: bool) -> tuple[np.ndarray, np.ndarray]:
    """Waits with a tail, 12 % of the people leaving, to the second as a control room's clock has them or finer."""
    generator = np.random.default_rng(1)
    minutes = generator.lognormal(math.log(13), 0.5, EVENTS)
    outcome = generator.choice(["arrived", "left", "declined", "censored"], EVENTS, p=[0.78, 0.12, 0.09, 0.01])
    return np.maximum(np.round(minutes * 60) / 60, 1 / 60) if whole_seconds else minutes, outcome


def main() -> None:
    """Print the measurements."""
    write = sys.stdout.write
    for whole_seconds in (True, False):
        minutes, outcome = waits(whole_seconds=whole_seconds)
        start = perf_counter()
        delay.summarise_waits(minutes=minutes, outcome=outcome, target_minutes=(7, 8, 15))
        seconds = perf_counter() - start
        start = perf_counter()
        delay.kaplan_meier(minutes=minutes, arrived=outcome == "arrived")
        product_seconds = perf_counter() - start
        start = perf_counter()
        lifelines.KaplanMeierFitter().fit(minutes, outcome == "arrived")
        peer = (perf_counter() - start) / product_seconds
        write(
            f"waits to the {'second' if whole_seconds else 'last digit'}, {EVENTS:,}: summary {seconds:.2f} s (limit "
            f"{LIMIT_SECONDS:.0f} s), Kaplan-Meier {product_seconds:.2f} s; lifelines KaplanMeierFitter {peer:,.1f} x\n"
        )
    minutes, outcome = waits(whole_seconds=True)
    generator = np.random.default_rng(2)
    for calls in (1_000, 100_000):
        start = perf_counter()
        delay_comparison.compare_waits(
            minutes=minutes[:calls],
            outcome=outcome[:calls],
            exposed=generator.random(calls) < 0.3,
            strata=(generator.integers(0, 2, calls), generator.integers(0, 4, calls)),
        )
        write(f"comparison in 8 strata, 2,000 resamples, {calls:,} calls: {perf_counter() - start:.2f} s\n")


if __name__ == "__main__":
    main()
