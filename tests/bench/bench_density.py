"""Speed of the density beside its peers in the same run: sklearn's KernelDensity and scipy's gaussian_kde.

The peers give no edge correction and are timed on 256 x 256 cells with a pool of events no larger than they finish in
seconds. `python -m tests.bench.bench_density` prints one line a measurement.
"""

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
from scipy.stats import gaussian_kde
from shapely import Point, Polygon
from sklearn.neighbors import KernelDensity

from analytics import density

WINDOW = Polygon([(0, 0), (40_000, 0), (40_000, 40_000), (22_000, 40_000), (22_000, 20_000), (0, 20_000)]).union(
    Point(22_000, 20_000).buffer(9_000, quad_segs=100)
)
"""An L with a curved corner: 400 edges, like a generalised force outline."""

CELLS = 256
BANDWIDTH_M = 1_000.0
LIMIT_SECONDS = 0.02
FINDING_LIMIT_SECONDS = {100_000: 1.0, 1_000_000: 3.0}


def events(count: int) -> dict[str, np.ndarray]:
    """Events around forty centres, inside the window."""
    generator = np.random.default_rng(1)
    centres = generator.uniform(0, 40_000, (40, 2))
    points = centres[generator.integers(40, size=2 * count)] + generator.normal(0, 1_500, (2 * count, 2))
    return {"easting_m": points[:count, 0], "northing_m": points[:count, 1]}


def fastest(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of some runs: the others measure the machine's other work."""
    seconds = []
    for _repeat in range(repeats):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return min(seconds)


def finding(located: dict[str, np.ndarray]) -> density.DensityUncertainty:
    """Everything the heat map page asks for."""
    choice = density.select_bandwidth(**located, window=WINDOW, location_precision_m=10)
    cell_m = density.suggested_cell_m(window=WINDOW, bandwidth_m=choice.metres)
    surface = density.kernel_density(**located, window=WINDOW, bandwidth_m=choice.metres, cell_m=cell_m)
    return density.density_uncertainty(surface=surface, **located, window=WINDOW)


def main() -> None:
    """Print the measurements."""
    write = sys.stdout.write
    options = {"window": WINDOW, "bandwidth_m": BANDWIDTH_M, "cell_m": 40_000 / CELLS}
    for count in (1_000, 10_000, 100_000):
        located = events(count)
        seconds = fastest(lambda located=located: density.kernel_density(**located, **options), 9)
        write(f"density, Diggle, 256 x 256, {count:>9,} events: {seconds:8.4f} s (limit {LIMIT_SECONDS} s)")
        if count <= 10_000:
            surface = density.kernel_density(**located, **options)
            points = np.column_stack([axis.ravel() for axis in np.meshgrid(surface.easting_m, surface.northing_m)])
            pairs = np.column_stack([located["easting_m"], located["northing_m"]])
            tree = KernelDensity(bandwidth=BANDWIDTH_M, rtol=0.005).fit(pairs)
            # A tenth of the cells for the larger number of events: both peers take time in proportion to them.
            share = 1 if count == 1_000 else 10
            sklearn = fastest(lambda tree=tree, points=points[::share]: tree.score_samples(points), 1) * share
            kernel = gaussian_kde(pairs.T)
            scipy = fastest(lambda kernel=kernel, points=points[::share]: kernel(points.T), 1) * share
            write(f"; sklearn KernelDensity {sklearn / seconds:,.0f} x, scipy gaussian_kde {scipy / seconds:,.0f} x")
        write("\n")
    for count, limit in FINDING_LIMIT_SECONDS.items():
        located = events(count)
        seconds = fastest(lambda located=located: finding(located), 2)
        write(f"bandwidth, surface, uncertainty, {count:>9,} events: {seconds:8.2f} s (limit {limit} s)\n")


if __name__ == "__main__":
    main()
