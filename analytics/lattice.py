"""Gaussian smoothing of events and windows on a lattice by FFT, accurate between the nodes.

Events are spread over the nodes with cubic B-splines (linear binning is the same with linear ones), the lattice is
smoothed in the frequency domain by exp(-2 pi^2 s^2 f^2), s the bandwidth in spacings, and the spline's own smoothing
sinc(f)^4 is divided out. What is left is the spline's aliasing, (spacing / bandwidth)^4 / 25 of the value where that is
1 % of the maximum: 0.1 % with `NODES_A_BANDWIDTH` nodes to a bandwidth. Linear binning needs 12 for 0.5 %, and so 23
times the nodes.

The window is spread in the same way, as an integral over it that Green's theorem turns into one along its edges: no
pixel has to be called inside or outside.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy import fft

from analytics.point_patterns import Grid, Window, grid_over, window_edges

__all__ = [
    "NODES_A_BANDWIDTH",
    "Lattice",
    "SplinePoints",
    "lattice_over",
    "smooth_points",
    "window_lattice",
    "window_mass_nodes",
]

Floats = NDArray[np.float64]

NODES_A_BANDWIDTH = 2.5
"""Fewest nodes to a bandwidth; see above."""

MARGIN = 3
"""Nodes outside the grid on its west and south side, for the splines that reach over the edge."""

WRAP_BANDWIDTHS = 6.0
"""Bandwidths of empty nodes: the FFT is periodic, and exp(-6**2 / 2) = 2e-8 of a kernel comes round to the other
side."""

MOST_NODES = 4_000_000
"""Nodes of a lattice, 32 MB and about 0.15 s a transform; where more would be needed the caller sums directly."""


@dataclass(frozen=True)
class Lattice:
    """Nodes at the centres of a grid's cells, each cell split into `split` x `split`, in a periodic frame.

    `split` is odd, so that a cell's centre is a node.
    """

    grid: Grid
    split: int
    columns: int
    rows: int

    @property
    def spacing_m(self) -> float:
        """Metres between nodes."""
        return self.grid.cell_m / self.split

    def position(self, easting_m: Floats, northing_m: Floats) -> tuple[Floats, Floats]:
        """Column and row of each point, counted in nodes, with a fraction."""
        column = (easting_m - self.grid.west_m) / self.spacing_m - 0.5 + MARGIN
        row = (northing_m - self.grid.south_m) / self.spacing_m - 0.5 + MARGIN
        return column, row

    def cells(self, nodes: Floats) -> Floats:
        """The values at the grid's cell centres, shape (rows, columns) of the grid."""
        first = MARGIN + self.split // 2
        row = slice(first, first + self.split * self.grid.rows, self.split)
        column = slice(first, first + self.split * self.grid.columns, self.split)
        return nodes[row, column]


def lattice_over(
    *,
    grid: Grid,
    bandwidth_m: float,
    finest_m: float | None = None,
    nodes_a_bandwidth: float = NODES_A_BANDWIDTH,
) -> Lattice | None:
    """The lattice over a grid for smoothing with bandwidths from `finest_m` to `bandwidth_m`; None where it is too
    large."""
    finest_m = bandwidth_m if finest_m is None else finest_m
    split = int(np.ceil(grid.cell_m * nodes_a_bandwidth / finest_m))
    split += 1 - split % 2
    wrap = int(np.ceil(WRAP_BANDWIDTHS * bandwidth_m * split / grid.cell_m)) + 2 * MARGIN
    columns = fft.next_fast_len(grid.columns * split + wrap, real=True)
    rows = fft.next_fast_len(grid.rows * split + wrap)
    return Lattice(grid=grid, split=split, columns=columns, rows=rows) if columns * rows <= MOST_NODES else None


class SplinePoints:
    """Points on a lattice by cubic B-splines: spreads weights over the nodes, and interpolates nodes at the points."""

    def __init__(self, lattice: Lattice, easting_m: Floats, northing_m: Floats) -> None:
        column, row = lattice.position(easting_m, northing_m)
        west, south = np.floor(column), np.floor(row)
        self._shape = lattice.rows, lattice.columns
        self._across, self._up = _cubic_spline(column - west), _cubic_spline(row - south)
        self._first = ((south - 1) * lattice.columns + west - 1).astype(np.int64)

    def spread(self, weights: Floats) -> Floats:
        """The weights of shape (points,) over the nodes, shape (rows, columns)."""
        nodes = np.zeros(self._shape[0] * self._shape[1])
        for i, up in enumerate(self._up):
            weighted = up * weights
            for j, across in enumerate(self._across):
                shift = i * self._shape[1] + j
                nodes[shift:] += np.bincount(self._first, weighted * across, minlength=nodes.size)[: nodes.size - shift]
        return nodes.reshape(self._shape)

    def interpolate(self, coefficients: Floats) -> Floats:
        """The spline with these coefficients, shape (rows, columns), at the points, shape (points,)."""
        flat = coefficients.ravel()
        values = np.zeros(self._first.size)
        for i, up in enumerate(self._up):
            along_row = np.zeros(self._first.size)
            for j, across in enumerate(self._across):
                along_row += flat[i * self._shape[1] + j :].take(self._first) * across
            values += along_row * up
        return values


def _cubic_spline(fraction: Floats) -> list[Floats]:
    """Weights of the nodes -1, 0, 1 and 2 for points `fraction` of a spacing past node 0; four arrays."""
    square = fraction * fraction
    cube = square * fraction
    last = cube / 6
    before_last = 1 / 6 + (fraction + square - cube) / 2
    first = 1 / 6 - fraction / 2 + square / 2 - last
    return [first, 1 - first - before_last - last, before_last, last]


def _quartic_spline(fraction: Floats) -> list[Floats]:
    """Weights of the nodes -2 to 2 for points `fraction` (-0.5 to 0.5) of a spacing past node 0; five arrays."""
    square = fraction * fraction
    even, odd = 19 + 24 * square - 16 * square * square, 44 * fraction - 16 * square * fraction
    outer = (0.5 - fraction) ** 4 / 24, (0.5 + fraction) ** 4 / 24
    middle = (115 - 120 * square + 48 * square * square) / 192
    return [outer[0], (even - odd) / 96, middle, (even + odd) / 96, outer[1]]


def _smooth(spectrum: NDArray[np.complex128], *, lattice: Lattice, bandwidth_m: float, splines: int = 1) -> Floats:
    """The lattice whose spectrum is given, smoothed; `splines` counts the spreadings and interpolations to be
    undone."""

    def response(frequency: Floats) -> Floats:
        gaussian = np.exp(-2 * (np.pi * bandwidth_m / lattice.spacing_m * frequency) ** 2)
        return gaussian / np.sinc(frequency) ** (4 * splines)

    up, across = response(fft.fftfreq(lattice.rows)), response(fft.rfftfreq(lattice.columns))
    smoothed = spectrum * across
    smoothed *= up[:, None]
    return fft.irfft2(smoothed, s=(lattice.rows, lattice.columns), overwrite_x=True)


def smooth_points(nodes: Floats, *, lattice: Lattice, bandwidth_m: float, splines: int = 1) -> Floats:
    """Density per m2 from weights spread over the nodes, shape (rows, columns).

    At the nodes (`splines` 1), or the spline coefficients that interpolate it (2).
    """
    return _smooth(fft.rfft2(nodes), lattice=lattice, bandwidth_m=bandwidth_m, splines=splines) / lattice.spacing_m**2


def _window_spectrum(window: Window, lattice: Lattice) -> NDArray[np.complex128]:
    """The spectrum of the window spread over the lattice: each node holds the integral of its spline over the
    window."""
    x1, y1, x2, y2 = window_edges(window).T
    column_1, row_1 = lattice.position(x1, y1)
    column_2, row_2 = lattice.position(x2, y2)
    # Area = the integral of x dy along the boundary. Three Gauss points to at most half a spacing: splines are cubic
    # between nodes.
    pieces = np.ceil(2 * np.hypot(column_2 - column_1, row_2 - row_1)).astype(np.int64)
    edge = np.repeat(np.arange(pieces.size), pieces)
    piece = np.arange(edge.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    abscissae, gauss_weights = leggauss(3)
    share = (piece[:, None] + (1 + abscissae) / 2) / pieces[edge][:, None]
    climb = (gauss_weights / 2 * ((row_2 - row_1) / pieces)[edge][:, None]).ravel()
    column = (column_1[edge][:, None] + share * (column_2 - column_1)[edge][:, None]).ravel()
    row = (row_1[edge][:, None] + share * (row_2 - row_1)[edge][:, None]).ravel()
    south, nearest = np.floor(row), np.round(column - 0.5)
    nodes = np.zeros(lattice.rows * lattice.columns)
    first = ((south - 1) * lattice.columns + nearest - 2).astype(np.int64)
    across_splines = _quartic_spline(column - 0.5 - nearest)
    for i, up in enumerate(_cubic_spline(row - south)):
        for j, across in enumerate(across_splines):
            nodes += np.bincount(first + i * lattice.columns + j, up * climb * across, minlength=nodes.size)
    # What lies west of the boundary is inside: add up from the east.
    spread = np.cumsum(nodes.reshape(lattice.rows, lattice.columns)[:, ::-1], axis=1)[:, ::-1]
    return fft.rfft2(spread)


def window_mass_nodes(window: Window, lattice: Lattice, bandwidth_m: float, splines: int) -> Floats:
    """The kernel's mass inside the window: at the nodes (`splines` 1), or the spline coefficients that interpolate it
    (2)."""
    spectrum = _window_spectrum(window, lattice)
    return _smooth(spectrum, lattice=lattice, bandwidth_m=bandwidth_m, splines=splines)


def window_lattice(*, window: Window, bandwidth_m: float) -> Lattice | None:
    """A lattice over the window alone, just fine enough for the bandwidth; None where it would be too large."""
    west, south, east, north = window.bounds
    if (east - west) * (north - south) > MOST_NODES * (bandwidth_m / NODES_A_BANDWIDTH) ** 2:
        return None
    grid = grid_over(window=window, cell_m=bandwidth_m / NODES_A_BANDWIDTH)
    return lattice_over(grid=grid, bandwidth_m=bandwidth_m)
