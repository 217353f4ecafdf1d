"""The heat map: how many events per km2, smoothed with a Gaussian kernel in metres, and how sure that is.

    lambda(u) = sum_i w_i k_s(u - x_i) / e,     k_s(d) = exp(-|d|^2 / 2 s^2) / (2 pi s^2)

with e = 1 ("none"), the kernel's mass inside the window around u ("uniform"), or around x_i ("diggle": Diggle 1985,
Appl. Stat. 34:138; the integral over the window is then the number of events). Values are events per km2 of the events
given: divide by the years they cover. They are NaN outside the window; rows run south to north. Everything is in metres
on the deployment's projected CRS, so a value belongs to a place and not to a zoom.

`kernel_density` works on a lattice by FFT (see `analytics.lattice`), scales what Diggle's correction gives so that the
cells add up to the events, and is within 0.5 % of `kernel_density_at`, which sums over the events, wherever the value
is above 1 % of the maximum, whatever the cell size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from analytics.bandwidth import BandwidthChoice, bandwidth_criterion, select_bandwidth
from analytics.edge_mass import kernel_mass_inside
from analytics.lattice import NODES_A_BANDWIDTH, Lattice, SplinePoints, lattice_over, smooth_points, window_mass_nodes
from analytics.point_patterns import (
    DensityError,
    Grid,
    InvalidBandwidthError,
    InvalidCellError,
    InvalidCoordinatesError,
    InvalidOptionError,
    InvalidTrimError,
    InvalidWeightsError,
    InvalidWindowError,
    NoEventsError,
    PointPattern,
    TooFewEventsError,
    TooManyCellsError,
    Window,
    cells_inside,
    checked_bandwidth,
    checked_coordinates,
    checked_window,
    frozen,
    grid_over,
    inside_window,
    point_pattern,
)

__all__ = [
    "EDGES",
    "BandwidthChoice",
    "DensityError",
    "DensitySurface",
    "DensityUncertainty",
    "InvalidBandwidthError",
    "InvalidCellError",
    "InvalidCoordinatesError",
    "InvalidOptionError",
    "InvalidTrimError",
    "InvalidWeightsError",
    "InvalidWindowError",
    "NoEventsError",
    "SurfaceMaker",
    "TooFewEventsError",
    "TooManyCellsError",
    "bandwidth_criterion",
    "bootstrap_surfaces",
    "density_classes",
    "density_uncertainty",
    "kernel_density",
    "kernel_density_adaptive",
    "kernel_density_at",
    "select_bandwidth",
    "suggested_cell_m",
]

Floats = NDArray[np.float64]

EDGES = ("none", "uniform", "diggle")

M2_PER_KM2 = 1e6

PAIRS_AT_A_TIME = 1 << 20
"""Point-and-event pairs held at a time, for memory: 8 MB an array."""

FEW_EVENTS = 5_000
"""Events up to which their own density is summed over pairs: 25 million."""

FEWEST_NEARBY = 5
"""Events within `NEARBY_BANDWIDTHS` of a cell below which it is masked: the disclosure rule's threshold, and too few
for any rate."""

NEARBY_BANDWIDTHS = 2.0
"""Bandwidths: the disc holds 86 % of the kernel, nearly all that the value is made from."""

LARGEST_VARIATION = 0.5
"""Coefficient of variation above which a cell is masked: its 95 % interval would include zero."""

THINNED_EVENTS = 50_000
"""Events that settle most cells' count of five; only the rest need them all."""

NEGLIGIBLE = 1e-9
"""Of the maximum: below it a value is the FFT's rounding and has no coefficient of variation."""

LARGEST_SCALING = 0.0035
"""Share by which a surface is scaled at most so that its cells add up to the events: with it the values stay within 0.5
%."""

CELLS_A_BANDWIDTH = 5.0
"""Cells to a bandwidth that look smooth when drawn."""

CELLS_WANTED = 100_000
"""Cells over the window's bounds at which those on a ragged outline add up to its area within 0.1 %."""

CELLS_DRAWN = 250_000
"""Cells beyond which a screen shows no more."""

ROUND_CELLS_M = (10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000)
"""Cell sizes that people can say."""

CLASS_STEPS = (
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 3.0, 5.0),
    (1.0, 2.0, 5.0),
)
"""Round class limits in each power of ten, the finer steps first."""

CLASSES = 7
"""Classes drawn: as many shades as a reader tells apart, and as many as partners may see."""

SMALL_VALUES = 0.02
"""Share of the drawn values that may lie below the lowest class: the thin rim of a hotspot."""


@dataclass(frozen=True)
class DensitySurface:
    """Events per km2 over a grid of square cells, at the cells' centres.

    `values_per_km2` has shape (northing_m.size, easting_m.size), rows south to north, NaN where the centre is outside
    the window. `events` counts the events inside the window, `events_outside` those left out, `weight` is the sum of
    the weights inside (the number of events where none were given).
    """

    values_per_km2: Floats
    easting_m: Floats
    northing_m: Floats
    events: int
    events_outside: int
    weight: float
    bandwidth_m: float
    edge: str
    grid: Grid

    @property
    def cell_m(self) -> float:
        """Side of a cell in metres."""
        return self.grid.cell_m

    @property
    def cell_area_km2(self) -> float:
        """Area of a cell."""
        return self.cell_m**2 / M2_PER_KM2

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each cell's centre is in the window."""
        return ~np.isnan(self.values_per_km2)

    @property
    def integral(self) -> float:
        """Events expected over the window's cells."""
        return float(np.nansum(self.values_per_km2)) * self.cell_area_km2

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the grid."""
        grid = self.grid
        east_m, north_m = grid.west_m + grid.columns * grid.cell_m, grid.south_m + grid.rows * grid.cell_m
        return grid.west_m, grid.south_m, east_m, north_m

    def at(self, *, easting_m: ArrayLike, northing_m: ArrayLike) -> Floats:
        """The value of the cell that holds each point, NaN outside the window; shape (n,)."""
        easting, northing = checked_coordinates(easting_m, northing_m)
        row, column, within = self.grid.indices(easting, northing)
        return np.where(within, self.values_per_km2[row, column], np.nan)


@dataclass(frozen=True)
class DensityUncertainty:
    """How sure a surface is, cell by cell, same shape as its values.

    `coefficient_of_variation` is NaN outside the window. `too_few`: fewer than 5 events within two bandwidths.
    `too_uncertain`: coefficient of variation above 50 %. Both are False outside the window.
    """

    coefficient_of_variation: Floats
    too_few: NDArray[np.bool_]
    too_uncertain: NDArray[np.bool_]

    @property
    def masked(self) -> NDArray[np.bool_]:
        """The cells of which nothing should be read: too few events, or too uncertain."""
        return self.too_few | self.too_uncertain


def kernel_density(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    bandwidth_m: float,
    cell_m: float,
    edge: str = "diggle",
    weights: ArrayLike | None = None,
    nodes_a_bandwidth: float = NODES_A_BANDWIDTH,
) -> DensitySurface:
    """Density on a grid from the window's south-west corner.

    Coordinates and weights of shape (n,), metres. With fewer than the usual 2.5 nodes to a bandwidth it is faster: 1.5
    keep 2 % instead of 0.5 %, enough for one of a thousand simulated maps. Raises the errors of
    `analytics.point_patterns`: among them NoEventsError where no event is inside, TooManyCellsError above four million
    cells.
    """
    maker = SurfaceMaker.of(
        window=window, bandwidth_m=bandwidth_m, cell_m=cell_m, edge=edge, nodes_a_bandwidth=nodes_a_bandwidth
    )
    return maker.surface(point_pattern(easting_m=easting_m, northing_m=northing_m, window=window, weights=weights))


@dataclass(frozen=True)
class SurfaceMaker:
    """A window, a grid and a bandwidth made ready for many patterns: simulated, resampled or relabelled ones."""

    window: Window
    grid: Grid
    bandwidth_m: float
    edge: str
    nodes_a_bandwidth: float

    @classmethod
    def of(
        cls,
        *,
        window: Window,
        bandwidth_m: float,
        cell_m: float,
        edge: str = "diggle",
        nodes_a_bandwidth: float = NODES_A_BANDWIDTH,
    ) -> "SurfaceMaker":
        """Check everything first; arguments and errors as `kernel_density`."""
        _check_edge(edge)
        bandwidth_m = checked_bandwidth(bandwidth_m)
        return cls(window, grid_over(window=window, cell_m=cell_m), bandwidth_m, edge, nodes_a_bandwidth)

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Whether each cell's centre is in the window, shape (rows, columns)."""
        return cells_inside(self.window, self.grid)

    @cached_property
    def _lattice(self) -> Lattice | None:
        return self._lattice_for(self.bandwidth_m)

    def _lattice_for(self, finest_m: float) -> Lattice | None:
        return lattice_over(
            grid=self.grid,
            bandwidth_m=self.bandwidth_m,
            finest_m=finest_m,
            nodes_a_bandwidth=self.nodes_a_bandwidth,
        )

    @cached_property
    def _mass_coefficients(self) -> Floats:
        return _mass_nodes(self.window, self._lattice, self.bandwidth_m, 2)

    def values(self, pattern: PointPattern) -> Floats:
        """Events per km2 at the cell centres, NaN outside the window; shape (rows, columns)."""
        return self._finished(self.sum_of_kernels(pattern), float(pattern.weights.sum()))

    def surface(self, pattern: PointPattern) -> DensitySurface:
        """The density of a pattern."""
        return self._surface(self.values(pattern), pattern)

    def surface_of_own_bandwidths(self, pattern: PointPattern, bandwidths_m: Floats) -> DensitySurface:
        """The density of a pattern in which each event has its own bandwidth, shape (events,)."""
        share = pattern.weights
        if self.edge == "diggle":
            share = share / kernel_mass_inside(
                window=self.window,
                easting_m=pattern.easting_m,
                northing_m=pattern.northing_m,
                bandwidth_m=bandwidths_m,
            )
        total = _separable_sum(self.grid, pattern.easting_m, pattern.northing_m, bandwidths_m, share)
        return self._surface(self._finished(total, float(pattern.weights.sum())), pattern)

    def sum_of_kernels(self, pattern: PointPattern, *, power: int = 1) -> Floats:
        """The sum over events of (weight * k(u - x_i) / e(x_i)) ** power at the cell centres, per m to twice the power;
        e is 1 but for "diggle".

        A Gaussian kernel to the power p is one of bandwidth s / sqrt(p), over p (2 pi s^2)^(p - 1).
        """
        bandwidth_m = self.bandwidth_m / np.sqrt(power)
        factor = 1 / (power * (2 * np.pi * self.bandwidth_m**2) ** (power - 1))
        lattice = self._lattice if power == 1 else self._lattice_for(bandwidth_m)
        if lattice is None:
            return factor * self._summed_directly(pattern, bandwidth_m, power)
        nodes = self._spread(pattern, lattice, power)
        return factor * lattice.cells(smooth_points(nodes, lattice=lattice, bandwidth_m=bandwidth_m))

    def _spread(self, pattern: PointPattern, lattice: Lattice, power: int) -> Floats:
        """Weights over the kernels' masses, to the power, on the nodes."""
        points = SplinePoints(lattice, pattern.easting_m, pattern.northing_m)
        weights = pattern.weights
        if self.edge == "diggle":
            coefficients = (
                self._mass_coefficients if power == 1 else _mass_nodes(self.window, lattice, self.bandwidth_m, 2)
            )
            weights = weights / points.interpolate(coefficients)
        return points.spread(weights**power)

    def _summed_directly(self, pattern: PointPattern, bandwidth_m: float, power: int) -> Floats:
        """Where the lattice would not fit into memory: a fine bandwidth over a large area."""
        weights = pattern.weights
        if self.edge == "diggle":
            weights = weights / kernel_mass_inside(
                window=self.window,
                easting_m=pattern.easting_m,
                northing_m=pattern.northing_m,
                bandwidth_m=self.bandwidth_m,
            )
        widths_m = np.full(pattern.events, bandwidth_m)
        return _separable_sum(self.grid, pattern.easting_m, pattern.northing_m, widths_m, weights**power)

    def at_events(self, pattern: PointPattern) -> Floats:
        """The density with Diggle's correction at the events themselves, per km2; shape (events,)."""
        if self._lattice is None or pattern.events <= FEW_EVENTS:
            return kernel_density_at(
                easting_m=pattern.easting_m,
                northing_m=pattern.northing_m,
                window=self.window,
                bandwidth_m=self.bandwidth_m,
                at_easting_m=pattern.easting_m,
                at_northing_m=pattern.northing_m,
                weights=pattern.weights,
            )
        nodes = self._spread(pattern, self._lattice, 1)
        coefficients = smooth_points(nodes, lattice=self._lattice, bandwidth_m=self.bandwidth_m, splines=2)
        points = SplinePoints(self._lattice, pattern.easting_m, pattern.northing_m)
        return points.interpolate(coefficients) * M2_PER_KM2

    def _finished(self, sum_per_m2: Floats, weight: float) -> Floats:
        """Per km2, with the uniform correction, or scaled to the events, and NaN outside the window."""
        values = np.where(self.inside, np.maximum(sum_per_m2, 0) * M2_PER_KM2, np.nan)
        if self.edge == "uniform":
            values[self.inside] /= self._mass_inside()
        if self.edge == "diggle":
            # A cell on the boundary counts whole or not at all, by its centre; the total is known.
            summed = np.nansum(values) * self.grid.cell_m**2 / M2_PER_KM2
            values *= np.clip(weight / summed if summed else 1.0, 1 - LARGEST_SCALING, 1 + LARGEST_SCALING)
        return values

    def _surface(self, values: Floats, pattern: PointPattern) -> DensitySurface:
        return DensitySurface(
            values_per_km2=frozen(values),
            easting_m=frozen(self.grid.easting_m),
            northing_m=frozen(self.grid.northing_m),
            events=pattern.events,
            events_outside=pattern.outside,
            weight=float(pattern.weights.sum()),
            bandwidth_m=self.bandwidth_m,
            edge=self.edge,
            grid=self.grid,
        )

    def _mass_inside(self) -> Floats:
        """The kernel's mass in the window around each cell inside it, shape (cells inside,)."""
        if self._lattice is not None:
            nodes = _mass_nodes(self.window, self._lattice, self.bandwidth_m, 1)
            return self._lattice.cells(nodes)[self.inside]
        easting_m, northing_m = (axis[self.inside] for axis in np.meshgrid(self.grid.easting_m, self.grid.northing_m))
        return kernel_mass_inside(
            window=self.window, easting_m=easting_m, northing_m=northing_m, bandwidth_m=self.bandwidth_m
        )


@lru_cache(maxsize=8)
def _mass_nodes(window: Window, lattice: Lattice, bandwidth_m: float, splines: int) -> Floats:
    """`window_mass_nodes`, kept: a rerun with other events has the same window."""
    return frozen(window_mass_nodes(window, lattice, bandwidth_m, splines))


def _check_edge(edge: str) -> None:
    if edge not in EDGES:
        raise InvalidOptionError(option="edge", choices=EDGES)


def _separable_sum(grid: Grid, easting_m: Floats, northing_m: Floats, bandwidth_m: Floats, weights: Floats) -> Floats:
    """Sum of weighted kernels, each with its own bandwidth, at the cell centres, per m2.

    A Gaussian is a product of one along the rows and one along the columns, so the sum over events is a matrix product.
    """
    total = np.zeros((grid.rows, grid.columns))
    step = max(1, PAIRS_AT_A_TIME // (grid.rows + grid.columns))
    for start in range(0, easting_m.size, step):
        block = slice(start, start + step)
        width_m = bandwidth_m[block, None]
        across = np.exp(-(((grid.easting_m - easting_m[block, None]) / width_m) ** 2) / 2)
        up = np.exp(-(((grid.northing_m - northing_m[block, None]) / width_m) ** 2) / 2)
        total += (up * (weights[block] / (2 * np.pi * bandwidth_m[block] ** 2))[:, None]).T @ across
    return total


def kernel_density_at(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    bandwidth_m: float,
    at_easting_m: ArrayLike,
    at_northing_m: ArrayLike,
    edge: str = "diggle",
    weights: ArrayLike | None = None,
) -> Floats:
    """Density at given points, summed over the events without approximation; NaN outside the window.

    Events of shape (n,), points of shape (m,); returns shape (m,), events per km2. Takes n x m operations: for checks
    and for single places. Raises what `kernel_density` raises.
    """
    _check_edge(edge)
    bandwidth_m = checked_bandwidth(bandwidth_m)
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window, weights=weights)
    at_easting, at_northing = checked_coordinates(at_easting_m, at_northing_m)
    share = pattern.weights / (2 * np.pi * bandwidth_m**2 / M2_PER_KM2)
    if edge == "diggle":
        share = share / kernel_mass_inside(
            window=window, easting_m=pattern.easting_m, northing_m=pattern.northing_m, bandwidth_m=bandwidth_m
        )
    values = np.empty(at_easting.shape)
    step = max(1, PAIRS_AT_A_TIME // pattern.events)
    for start in range(0, at_easting.size, step):
        block = slice(start, start + step)
        squared_m2 = (at_easting[block, None] - pattern.easting_m) ** 2 + (
            at_northing[block, None] - pattern.northing_m
        ) ** 2
        values[block] = np.exp(squared_m2 / (-2 * bandwidth_m**2)) @ share
    inside = inside_window(window=window, easting_m=at_easting, northing_m=at_northing)
    if edge == "uniform":
        values[inside] /= kernel_mass_inside(
            window=window, easting_m=at_easting[inside], northing_m=at_northing[inside], bandwidth_m=bandwidth_m
        )
    return np.where(inside, values, np.nan)


def kernel_density_adaptive(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    bandwidth_m: float,
    cell_m: float,
    edge: str = "diggle",
    weights: ArrayLike | None = None,
    trim: float = 5.0,
) -> DensitySurface:
    """Density with a bandwidth for each event: narrow where events are dense, wide where they are sparse (Abramson
    1982).

    s_i = s * sqrt(g / f(x_i)), f the density with the fixed bandwidth `bandwidth_m` (the pilot), g its geometric mean
    over the events, so that the geometric mean of the bandwidths is `bandwidth_m`; none exceeds `trim` times it. `edge`
    is "none" or "diggle". Arguments and errors otherwise
    as `kernel_density`.
    """
    if edge not in ("none", "diggle"):
        raise InvalidOptionError(option="edge", choices=("none", "diggle"))
    if not (np.isfinite(trim) and trim >= 1):
        raise InvalidTrimError
    maker = SurfaceMaker.of(window=window, bandwidth_m=bandwidth_m, cell_m=cell_m, edge=edge)
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window, weights=weights)
    pilot = maker.at_events(pattern)
    geometric_mean = np.exp(np.mean(np.log(pilot)))
    widths_m = np.minimum(bandwidth_m * np.sqrt(geometric_mean / pilot), trim * bandwidth_m)
    return maker.surface_of_own_bandwidths(pattern, widths_m)


def density_uncertainty(
    *,
    surface: DensitySurface,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    weights: ArrayLike | None = None,
) -> DensityUncertainty:
    """How sure the surface is, from the same events, window and weights that made it.

    The coefficient of variation is that of the bootstrap with ever more resamples, which has a closed form: with the
    bandwidth held, the resampled value is a sum of multinomial counts times k_i = w_i k(u - x_i) / e, so its variance
    is sum k_i^2 - (sum k_i)^2 / n. One more smoothing, with the squared kernel, gives it without noise or seed.
    """
    maker = SurfaceMaker.of(window=window, bandwidth_m=surface.bandwidth_m, cell_m=surface.cell_m, edge=surface.edge)
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window, weights=weights)
    inside = surface.inside
    total = np.maximum(maker.sum_of_kernels(pattern), 0)
    squares = maker.sum_of_kernels(pattern, power=2)
    variance = np.maximum(squares - total**2 / pattern.events, 0)
    sure = total > NEGLIGIBLE * total.max()
    # What is common to all events at a cell, such as the uniform correction, leaves the ratio as it is.
    variation = np.where(sure, np.sqrt(variance) / np.where(sure, total, 1.0), np.inf)
    return DensityUncertainty(
        coefficient_of_variation=frozen(np.where(inside, variation, np.nan)),
        too_few=frozen(inside & ~_enough_nearby(pattern, maker.grid, NEARBY_BANDWIDTHS * maker.bandwidth_m)),
        too_uncertain=frozen(inside & (variation > LARGEST_VARIATION)),
    )


def _enough_nearby(pattern: PointPattern, grid: Grid, radius_m: float) -> NDArray[np.bool_]:
    """Whether at least five events lie within the radius of each cell's centre, shape (rows, columns).

    Of very many events a sample settles most cells; the events around the others are then all counted.
    """
    easting_m, northing_m = pattern.easting_m, pattern.northing_m
    step = -(-pattern.events // THINNED_EVENTS)
    enough = _events_within(easting_m[::step], northing_m[::step], grid, radius_m) >= FEWEST_NEARBY
    if step == 1 or enough.all():
        return enough
    cells_away = ndimage.distance_transform_edt(enough)
    row, column, _within = grid.indices(easting_m, northing_m)
    # An event lies within a cell's half diagonal of its cell's centre.
    near = (cells_away[row, column] - 1) * grid.cell_m <= radius_m
    return enough | (_events_within(easting_m[near], northing_m[near], grid, radius_m) >= FEWEST_NEARBY)


def _events_within(easting_m: Floats, northing_m: Floats, grid: Grid, radius_m: float) -> NDArray[np.int64]:
    """Events within the radius of each cell's centre, exactly: each event's disc covers one run of cells in a row."""
    starts = np.zeros(grid.rows * (grid.columns + 1), dtype=np.int64)
    column, row = (easting_m - grid.west_m) / grid.cell_m - 0.5, (northing_m - grid.south_m) / grid.cell_m - 0.5
    radius = radius_m / grid.cell_m
    lowest = np.ceil(row - radius)
    for step in range(int(2 * radius) + 1):
        height = lowest + step
        reach = radius**2 - (height - row) ** 2
        covered = np.flatnonzero((reach >= 0) & (height >= 0) & (height < grid.rows))
        half_width = np.sqrt(reach[covered])
        line = height[covered].astype(np.int64) * (grid.columns + 1)
        first = np.clip(np.ceil(column[covered] - half_width), 0, grid.columns).astype(np.int64)
        behind = np.clip(np.floor(column[covered] + half_width) + 1, 0, grid.columns).astype(np.int64)
        starts += np.bincount(line + first, minlength=starts.size) - np.bincount(line + behind, minlength=starts.size)
    return np.cumsum(starts.reshape(grid.rows, grid.columns + 1), axis=1)[:, :-1]


def bootstrap_surfaces(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    bandwidth_m: float,
    cell_m: float,
    edge: str = "diggle",
    weights: ArrayLike | None = None,
    nodes_a_bandwidth: float = NODES_A_BANDWIDTH,
    resamples: int = 200,
    seed: int,
) -> Iterator[DensitySurface]:
    """Surfaces of as many events drawn with replacement, one at a time; the same seed gives the same surfaces.

    For what is no average over cells, such as whether a hotspot is still one. Raises what `kernel_density` raises.
    """
    maker = SurfaceMaker.of(
        window=window, bandwidth_m=bandwidth_m, cell_m=cell_m, edge=edge, nodes_a_bandwidth=nodes_a_bandwidth
    )
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window, weights=weights)
    return _resampled(maker, pattern, resamples, np.random.default_rng(seed))


def _resampled(
    maker: SurfaceMaker, pattern: PointPattern, resamples: int, generator: np.random.Generator
) -> Iterator[DensitySurface]:
    events = pattern.events
    for _resample in range(resamples):
        times_drawn = np.bincount(generator.integers(events, size=events), minlength=events)
        yield maker.surface(replace(pattern, weights=pattern.weights * times_drawn))


def density_classes(*, values: ArrayLike, most: int = CLASSES) -> tuple[float, ...]:
    """At most `most` round, ascending lower limits for a legend, from the values that will be drawn (NaN ignored).

    The finest steps whose limits reach from the largest value down to the small ones; where no steps do, the
    coarsest, and what lies below the first limit is not drawn. Depends on the values alone, in the unit given. Empty
    where no value is above zero.
    """
    drawn = np.asarray(values, dtype=np.float64)
    drawn = drawn[np.isfinite(drawn) & (drawn > 0)]
    if drawn.size == 0:
        return ()
    largest = float(drawn.max()) * (1 + 1e-12)
    smallest = float(np.quantile(drawn, SMALL_VALUES))
    power = int(np.floor(np.log10(largest)))
    limits: list[float] = []
    for steps in CLASS_STEPS:
        rounded = [float(f"{step * 10.0**exponent:.1e}") for exponent in range(power - 3, power + 1) for step in steps]
        limits = [limit for limit in rounded if limit <= largest][-most:]
        if limits[0] <= smallest:
            # Classes below the smallest value would stand empty in the legend.
            return tuple(limits[max(0, int(np.searchsorted(limits, smallest, side="right")) - 1) :])
    return tuple(limits)


def suggested_cell_m(*, window: Window, bandwidth_m: float) -> float:
    """A round cell size: five cells to a bandwidth or finer, 100,000 cells over the window's bounds, never above
    250,000."""
    bandwidth_m = checked_bandwidth(bandwidth_m)
    west, south, east, north = checked_window(window).bounds
    side_m = np.sqrt((east - west) * (north - south))
    finest_m, wanted_m = side_m / np.sqrt(CELLS_DRAWN), side_m / np.sqrt(CELLS_WANTED)
    fitting = [cell_m for cell_m in ROUND_CELLS_M if cell_m >= finest_m]
    smooth = [cell_m for cell_m in fitting if cell_m <= min(bandwidth_m / CELLS_A_BANDWIDTH, wanted_m)]
    if smooth:
        return float(smooth[-1])
    return float(fitting[0]) if fitting else float(np.ceil(finest_m))
