"""How wide to smooth: the bandwidth from the events themselves.

Likelihood cross-validation (Loader 1999; Baddeley, Rubak & Turner 2015): of 32 geometric values, the one that maximises

    sum_i log( sum_{j != i} k(x_i - x_j) / e(x_i) ),    k Gaussian, per km2, e the kernel's mass inside the window,

so that every event is foretold as well as possible by the others. It stands repeated addresses, which make Diggle's
mean squared error collapse, and it does not oversmooth as Scott's rule does. Where it cannot decide (fewer than 30
events, or the best value is the first or last tried) half of Scott's isotropic rule, 0.5 sqrt(s_x s_y) n^(-1/6), takes
its place.

Up to `EXACT_EVENTS` events the sum is taken over pairs. Above, each event is moved to the centre of a square cell of at
most a third of the bandwidth and the sum over cells is a convolution; the events' own kernel is then known exactly and
taken off.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from analytics.edge_mass import kernel_mass_inside
from analytics.lattice import Lattice, SplinePoints, window_lattice, window_mass_nodes
from analytics.point_patterns import (
    InvalidBandwidthError,
    InvalidOptionError,
    PointPattern,
    TooFewEventsError,
    Window,
    bounding_diagonal_m,
    checked_bandwidth,
    frozen,
    point_pattern,
    window_edges,
)
from wording import _, format_count

__all__ = ["RULES", "BandwidthChoice", "bandwidth_criterion", "events_mass_inside", "select_bandwidth"]

Floats = NDArray[np.float64]

RULES = ("likelihood", "half-scott")
METHODS = ("exact", "binned")

FINEST_M = 200.0
"""Metres: finer than a street block no pattern of hundreds of events over a force can be told from chance."""

PRECISIONS = 2.0
"""Bandwidths finer than twice the location's precision would draw the snapping grid."""

DIAMETER_SHARE = 1 / 8
"""Widest bandwidth tried, as a share of the bounding diagonal: wider shows no places."""

VALUES = 32
"""Values tried; neighbours differ by 10 to 15 %, less than the choice's own uncertainty."""

FEWEST_FOR_LIKELIHOOD = 30
"""Events below which cross-validation wanders from sample to sample."""

EXACT_EVENTS = 10_000
"""Events up to which `bandwidth_criterion` sums over pairs."""

EXACT_EVENTS_IN_SELECTION = 2_500
"""Events up to which `select_bandwidth` sums over pairs: a second for 32 values. The binned curve picks the same or the
next."""

CELLS_A_BANDWIDTH = 3.0
"""Fewest binning cells to a bandwidth."""

MOST_CELLS = 6_000_000
"""Binning cells, 48 MB; where the finest bandwidths would need more they are not tried, and the reason says so."""

EXACT_MASS_PAIRS = 20_000
"""Events times edges of the window up to which the kernels' masses inside it are exact; else from a lattice, to
1e-4."""

NEIGHBOURS = 64
"""Nearest cells that stand for all the others around an event too far from any for the FFT's precision."""

FFT_PRECISION = 1e-11
"""Of the largest value: below it a convolved value is rounding noise."""

M2_PER_KM2 = 1e6


@dataclass(frozen=True)
class BandwidthChoice:
    """A bandwidth, the rule that chose it ("likelihood" or "half-scott") and why, in a sentence.

    `bandwidths_m` and `curve` hold the values tried and their criterion; empty where it was not evaluated.
    """

    metres: float
    rule: str
    reason: str
    events: int
    bandwidths_m: Floats
    curve: Floats


def select_bandwidth(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    location_precision_m: float,
    rule: str = "likelihood",
) -> BandwidthChoice:
    """Choose the bandwidth for the events inside the window.

    Coordinates of shape (n,) in metres; `location_precision_m` is how finely locations are recorded (0 where exact).
    Moving events and window together changes nothing. Raises TooFewEventsError below two events, and what
    `point_pattern` raises.
    """
    if rule not in RULES:
        raise InvalidOptionError(option="rule", choices=RULES)
    if not (np.isfinite(location_precision_m) and location_precision_m >= 0):
        raise InvalidBandwidthError
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window)
    if pattern.events < 2:
        raise TooFewEventsError(events=pattern.events, needed=2)
    finest_m = max(FINEST_M, PRECISIONS * location_precision_m)
    if rule == "half-scott":
        return _half_scott(pattern, finest_m, because=_("it was asked for"))
    if pattern.events < FEWEST_FOR_LIKELIHOOD:
        because = _("cross-validation is not stable under {fewest} events").format(fewest=FEWEST_FOR_LIKELIHOOD)
        return _half_scott(pattern, finest_m, because=because)
    binned = pattern.events > EXACT_EVENTS_IN_SELECTION
    widest_m = bounding_diagonal_m(window) * DIAMETER_SHARE
    first_m = max(finest_m, _finest_binned_m(window)) if binned else finest_m
    if first_m >= widest_m:
        return _half_scott(pattern, finest_m, because=_("the area is too small for cross-validation"))
    bandwidths_m = np.geomspace(first_m, widest_m, VALUES)
    curve = (
        _binned_criterion(pattern, window, bandwidths_m) if binned else _exact_criterion(pattern, window, bandwidths_m)
    )
    best = int(np.argmax(curve))
    if best in (0, VALUES - 1):
        because = (
            _("cross-validation chose the finest bandwidth it was allowed to try")
            if best == 0
            else _("cross-validation chose the widest bandwidth it was allowed to try")
        )
        return _half_scott(pattern, finest_m, because=because, bandwidths_m=bandwidths_m, curve=curve)
    # The reason is shown to every audience, so it does not say how many events there were.
    reason = _("{metres} m by likelihood cross-validation, the best of {values} from {finest} m to {widest} m.").format(
        metres=format_count(round(bandwidths_m[best])),
        values=format_count(VALUES),
        finest=format_count(round(first_m)),
        widest=format_count(round(widest_m)),
    )
    if binned:
        reason += " " + _("Events were counted in small cells for speed; the choice is the same or the next value.")
    if first_m > finest_m:
        reason += " " + _("Finer bandwidths were not tried: the area is too large for them.")
    return BandwidthChoice(
        metres=float(bandwidths_m[best]),
        rule="likelihood",
        reason=reason,
        events=pattern.events,
        bandwidths_m=frozen(bandwidths_m),
        curve=frozen(curve),
    )


def _half_scott(
    pattern: PointPattern,
    finest_m: float,
    *,
    because: str,
    bandwidths_m: Floats | None = None,
    curve: Floats | None = None,
) -> BandwidthChoice:
    """Half of Scott's isotropic rule, never finer than the locations allow."""
    spread_m = np.sqrt(np.std(pattern.easting_m, ddof=1) * np.std(pattern.northing_m, ddof=1))
    scott_m = float(0.5 * spread_m * pattern.events ** (-1 / 6))
    metres = max(scott_m, finest_m)
    reason = _("{metres} m: half of Scott's rule, because {because}.").format(
        metres=format_count(round(metres)), because=because
    )
    if scott_m < finest_m:
        reason += " " + _("The rule alone gives {scott} m, finer than the locations allow.").format(
            scott=format_count(round(scott_m))
        )
    none = np.empty(0)
    return BandwidthChoice(
        metres=metres,
        rule="half-scott",
        reason=reason,
        events=pattern.events,
        bandwidths_m=frozen(none if bandwidths_m is None else bandwidths_m),
        curve=frozen(none if curve is None else curve),
    )


def bandwidth_criterion(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    bandwidths_m: ArrayLike,
    method: str | None = None,
) -> Floats:
    """The cross-validation criterion for each bandwidth, shape (bandwidths,): the larger, the better.

    `method` is "exact" (the default up to 10,000 events) or "binned". Raises TooFewEventsError below two events,
    InvalidBandwidthError, InvalidOptionError, and what `point_pattern` raises.
    """
    if method is not None and method not in METHODS:
        raise InvalidOptionError(option="method", choices=METHODS)
    widths_m = np.atleast_1d(np.asarray(bandwidths_m, dtype=np.float64))
    for width_m in widths_m:
        checked_bandwidth(width_m)
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window)
    if pattern.events < 2:
        raise TooFewEventsError(events=pattern.events, needed=2)
    exact = pattern.events <= EXACT_EVENTS if method is None else method == "exact"
    return _exact_criterion(pattern, window, widths_m) if exact else _binned_criterion(pattern, window, widths_m)


def _exact_criterion(pattern: PointPattern, window: Window, bandwidths_m: Floats) -> Floats:
    """Over pairs, in blocks of rows; each row relative to its nearest neighbour, so that no logarithm sees a zero."""
    events = pattern.events
    criterion = np.zeros(bandwidths_m.size)
    step = max(1, (1 << 18) // events)
    for start in range(0, events, step):
        rows = np.arange(start, min(start + step, events))
        squared = (pattern.easting_m[rows, None] - pattern.easting_m) ** 2
        squared += (pattern.northing_m[rows, None] - pattern.northing_m) ** 2
        squared[np.arange(rows.size), rows] = np.inf
        nearest = squared.min(axis=1)
        squared -= nearest[:, None]
        kernel = np.empty_like(squared)
        for i, bandwidth_m in enumerate(bandwidths_m):
            twice = 2 * bandwidth_m**2
            np.exp(np.divide(squared, -twice, out=kernel), out=kernel)
            criterion[i] += np.sum(np.log(kernel.sum(axis=1)) - nearest / twice)
    for i, bandwidth_m in enumerate(bandwidths_m):
        mass = events_mass_inside(
            window=window, easting_m=pattern.easting_m, northing_m=pattern.northing_m, bandwidth_m=bandwidth_m
        )
        criterion[i] -= np.sum(np.log(mass * (2 * np.pi * bandwidth_m**2 / M2_PER_KM2)))
    return criterion


def events_mass_inside(*, window: Window, easting_m: Floats, northing_m: Floats, bandwidth_m: float) -> Floats:
    """The kernels' mass inside the window: exact for few events or plain outlines, else interpolated to 1e-4."""
    lattice = window_lattice(window=window, bandwidth_m=bandwidth_m)
    if lattice is None or easting_m.size * len(window_edges(window)) <= EXACT_MASS_PAIRS:
        return kernel_mass_inside(window=window, easting_m=easting_m, northing_m=northing_m, bandwidth_m=bandwidth_m)
    coefficients = _mass_coefficients(window, lattice, bandwidth_m)
    return SplinePoints(lattice, easting_m, northing_m).interpolate(coefficients)


@lru_cache(maxsize=VALUES)
def _mass_coefficients(window: Window, lattice: Lattice, bandwidth_m: float) -> Floats:
    """`window_mass_nodes`, kept: a back-test chooses among the same bandwidths over the same window at every origin."""
    return frozen(window_mass_nodes(window, lattice, bandwidth_m, 2))


def _finest_binned_m(window: Window) -> float:
    """The finest bandwidth whose binning cells over the window fit into memory."""
    west, south, east, north = window.bounds
    return float(CELLS_A_BANDWIDTH * np.sqrt((east - west) * (north - south) / MOST_CELLS))


def _binned_criterion(pattern: PointPattern, window: Window, bandwidths_m: Floats) -> Floats:
    """Over cells of at most a third of each bandwidth, their size doubled as often as the bandwidth allows."""
    west, south, _east, _north = window.bounds
    finest_m = float(np.min(bandwidths_m)) / CELLS_A_BANDWIDTH
    doublings = np.floor(np.log2(bandwidths_m / np.min(bandwidths_m)) + 1e-9)
    criterion = np.empty(bandwidths_m.size)
    for doubling in np.unique(doublings):
        cell_m = finest_m * 2**doubling
        column = np.floor((pattern.easting_m - west) / cell_m).astype(np.int64)
        row = np.floor((pattern.northing_m - south) / cell_m).astype(np.int64)
        columns, rows = int(column.max()) + 1, int(row.max()) + 1
        counts = np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns).astype(np.float64)
        chosen = np.flatnonzero(doublings == doubling)
        wrap = int(np.ceil(8 * bandwidths_m[chosen].max() / cell_m))
        shape = fft.next_fast_len(rows + wrap), fft.next_fast_len(columns + wrap, real=True)
        spectrum = fft.rfft2(counts, s=shape)
        occupied = np.nonzero(counts)
        centre_m = west + (occupied[1] + 0.5) * cell_m, south + (occupied[0] + 0.5) * cell_m
        cells = _OccupiedCells(counts[occupied], *centre_m)
        for i in chosen:
            frequency = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])
            gaussian = [np.exp(-2 * (np.pi * bandwidths_m[i] / cell_m * f) ** 2) for f in frequency]
            smoothed = (
                fft.irfft2(spectrum * gaussian[1] * gaussian[0], s=shape)[occupied] * (bandwidths_m[i] / cell_m) ** 2
            )
            criterion[i] = _criterion_over_cells(cells, smoothed * 2 * np.pi, window, bandwidths_m[i])
    return criterion


@dataclass(frozen=True)
class _OccupiedCells:
    """Cells that hold events: how many, and the centres' coordinates."""

    count: Floats
    easting_m: Floats
    northing_m: Floats


def _criterion_over_cells(cells: _OccupiedCells, relative: Floats, window: Window, bandwidth_m: float) -> Floats:
    """The criterion from the convolved counts at the occupied cells, in units of one event's own kernel at its
    centre."""
    others = relative - 1
    unsure = np.flatnonzero((cells.count == 1) & (others < FFT_PRECISION * relative.max()))
    logarithm = np.log(np.maximum(others, np.finfo(float).tiny))
    if unsure.size:
        centres = np.column_stack([cells.easting_m, cells.northing_m])
        neighbours = min(NEIGHBOURS, len(centres))
        distance_m, neighbour = cKDTree(centres).query(centres[unsure], k=neighbours)
        exponent = -((distance_m[:, 1:] / bandwidth_m) ** 2) / 2
        logarithm[unsure] = logsumexp(exponent, b=cells.count[neighbour[:, 1:]], axis=1)
    mass = events_mass_inside(
        window=window, easting_m=cells.easting_m, northing_m=cells.northing_m, bandwidth_m=bandwidth_m
    )
    # A cell's centre may lie just outside a ragged outline, where no event is.
    mass = np.maximum(mass, 1e-3)
    return np.sum(cells.count * (logarithm - np.log(mass * (2 * np.pi * bandwidth_m**2 / M2_PER_KM2))))
