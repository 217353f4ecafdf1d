"""Events in a window: the checks that every spatial method makes before it computes anything.

A point pattern is a set of events, in metres on the deployment's projected CRS, seen through a window: a shapely
Polygon or MultiPolygon in the same metres, with holes and islands. Events outside the window take no part and are
counted; an event on the boundary is inside.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon

from wording import NaloxoneWatchError, _, format_count, format_number, ngettext

__all__ = [
    "DensityError",
    "Grid",
    "GridMismatchError",
    "InvalidBandwidthError",
    "InvalidCellError",
    "InvalidCoordinatesError",
    "InvalidOptionError",
    "InvalidTrimError",
    "InvalidWeightsError",
    "InvalidWindowError",
    "NoEventsError",
    "PointPattern",
    "TooFewEventsError",
    "TooManyCellsError",
    "Window",
    "bounding_diagonal_m",
    "bounding_sides_m",
    "cells_inside",
    "checked_bandwidth",
    "checked_window",
    "frozen",
    "grid_over",
    "inside_window",
    "point_pattern",
    "window_edges",
]

Window: TypeAlias = Polygon | MultiPolygon
Floats: TypeAlias = NDArray[np.float64]
Booleans: TypeAlias = NDArray[np.bool_]

MOST_CELLS = 4_000_000
"""Cells of an output grid: 32 MB a layer. Great Britain at 500 m needs 3.3 million."""

ROUNDING = 1e-6
"""Share of a cell: a window that reaches this little into another row of cells does not need it."""

RASTER_CELLS = 512
"""Cells along the longer side of the raster that spares most events the exact point-in-polygon test."""


class DensityError(NaloxoneWatchError):
    """A spatial method cannot run on what it was given."""


class NoEventsError(DensityError):
    """No event lies in the window."""

    def __init__(self, *, outside: int) -> None:
        super().__init__(
            _(
                "No events with a location lie inside the area ({outside} lie outside it). "
                "Widen the period, the filters or the area."
            ).format(outside=format_count(outside))
        )


class TooFewEventsError(DensityError):
    """Fewer events in the window than the method needs."""

    def __init__(self, *, events: int, needed: int) -> None:
        super().__init__(
            ngettext(
                "{events} event lies inside the area, and this needs at least {needed}. "
                "Widen the period, the filters or the area.",
                "{events} events lie inside the area, and this needs at least {needed}. "
                "Widen the period, the filters or the area.",
                events,
            ).format(events=format_count(events), needed=format_count(needed))
        )


class InvalidCoordinatesError(DensityError):
    """Coordinates are missing, infinite or not in pairs."""

    def __init__(self, *, missing: int | None = None) -> None:
        if missing is None:
            sentence = _(
                "Eastings and northings must be two lists of the same length. Check the columns they come from."
            )
        else:
            sentence = ngettext(
                "{missing} event has a missing or infinite coordinate. Leave events without a location out, "
                "and say how many there are.",
                "{missing} events have a missing or infinite coordinate. Leave events without a location out, "
                "and say how many there are.",
                missing,
            ).format(missing=format_count(missing))
        super().__init__(sentence)


class InvalidWeightsError(DensityError):
    """Weights are not one finite number of zero or more for each event."""

    def __init__(self) -> None:
        super().__init__(
            _("Weights must be one number of zero or more for each event, and not all zero. Correct the weights.")
        )


class InvalidWindowError(DensityError):
    """The window is no usable polygon."""

    def __init__(self, *, problem: str) -> None:
        super().__init__(
            _("The outline of the area cannot be used: {problem}. Supply a valid polygon in metres.").format(
                problem=problem
            )
        )


class InvalidBandwidthError(DensityError):
    """The bandwidth is not a positive number of metres."""

    def __init__(self) -> None:
        super().__init__(
            _("The bandwidth must be a positive number of metres. Choose another, or let the rule choose.")
        )


class InvalidTrimError(DensityError):
    """The limit on an event's own bandwidth is below the common one."""

    def __init__(self) -> None:
        super().__init__(_("The largest bandwidth of an event must be at least the common one: set trim to 1 or more."))


class InvalidCellError(DensityError):
    """The cell size is not a positive number of metres."""

    def __init__(self) -> None:
        super().__init__(_("The cell size must be a positive number of metres. Choose another."))


class TooManyCellsError(DensityError):
    """The grid would not fit into memory."""

    def __init__(self, *, cell_m: float, smallest_m: float) -> None:
        super().__init__(
            _("Cells of {cell} m are too small for an area of this size. Use cells of at least {smallest} m.").format(
                cell=format_number(cell_m), smallest=format_count(int(np.ceil(smallest_m)))
            )
        )


class InvalidOptionError(DensityError):
    """An option has a value that is not offered."""

    def __init__(self, *, option: str, choices: tuple[str, ...]) -> None:
        super().__init__(
            _("The option {option} must be one of: {choices}.").format(option=option, choices=", ".join(choices))
        )


class GridMismatchError(DensityError):
    """Two layers of cells do not lie on each other."""

    def __init__(self) -> None:
        super().__init__(_("The layers have different cells. Make both for the same area with the same cell size."))


@dataclass(frozen=True)
class Grid:
    """Square cells over a window's bounds, the first cell's corner at the south-west."""

    west_m: float
    south_m: float
    cell_m: float
    columns: int
    rows: int

    @property
    def easting_m(self) -> Floats:
        """Eastings of the cell centres, shape (columns,)."""
        return self.west_m + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.cell_m

    @property
    def northing_m(self) -> Floats:
        """Northings of the cell centres, shape (rows,), south to north."""
        return self.south_m + (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell_m

    def indices(self, easting_m: Floats, northing_m: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Booleans]:
        """Row and column of the nearest cell, and whether it holds the point; the outer edges belong to the grid."""
        across, up = (easting_m - self.west_m) / self.cell_m, (northing_m - self.south_m) / self.cell_m
        within = (across >= -ROUNDING) & (across <= self.columns + ROUNDING)
        within &= (up >= -ROUNDING) & (up <= self.rows + ROUNDING)
        row = np.clip(up.astype(np.int64), 0, self.rows - 1)
        return row, np.clip(across.astype(np.int64), 0, self.columns - 1), within


@dataclass(frozen=True)
class PointPattern:
    """The events inside a window, with their weights, and how many were left out."""

    easting_m: Floats
    northing_m: Floats
    weights: Floats
    outside: int

    @property
    def events(self) -> int:
        """Events inside the window."""
        return self.easting_m.size


def frozen(values: NDArray) -> NDArray:
    """The same array, no longer writable: results and cached arrays are shared between threads."""
    values.flags.writeable = False
    return values


def point_pattern(
    *, easting_m: ArrayLike, northing_m: ArrayLike, window: Window, weights: ArrayLike | None = None
) -> PointPattern:
    """Check coordinates, weights and window, and keep the events inside.

    Shapes (n,). Raises InvalidCoordinatesError, InvalidWeightsError, InvalidWindowError, and NoEventsError where none
    is inside.
    """
    easting, northing = checked_coordinates(easting_m, northing_m)
    weight = np.ones(easting.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != easting.shape or not np.all(np.isfinite(weight)) or np.any(weight < 0):
        raise InvalidWeightsError
    inside = inside_window(window=window, easting_m=easting, northing_m=northing)
    outside = int(inside.size - np.count_nonzero(inside))
    if outside == inside.size:
        raise NoEventsError(outside=outside)
    if not np.any(weight[inside] > 0):
        raise InvalidWeightsError
    return PointPattern(easting[inside], northing[inside], weight[inside], outside)


def checked_coordinates(easting_m: ArrayLike, northing_m: ArrayLike) -> tuple[Floats, Floats]:
    """Two float arrays of one shape (n,), all finite; raises InvalidCoordinatesError."""
    easting, northing = np.asarray(easting_m, dtype=np.float64), np.asarray(northing_m, dtype=np.float64)
    if easting.ndim != 1 or easting.shape != northing.shape:
        raise InvalidCoordinatesError
    missing = int(np.count_nonzero(~(np.isfinite(easting) & np.isfinite(northing))))
    if missing:
        raise InvalidCoordinatesError(missing=missing)
    return easting, northing


def checked_bandwidth(bandwidth_m: float) -> float:
    """The bandwidth as a float; raises InvalidBandwidthError unless it is positive and finite."""
    if not (np.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise InvalidBandwidthError
    return float(bandwidth_m)


@lru_cache(maxsize=32)
def checked_window(window: Window) -> Window:
    """The window with exterior rings anticlockwise and holes clockwise; raises InvalidWindowError."""
    if not isinstance(window, Polygon | MultiPolygon):
        raise InvalidWindowError(problem=_("it is not a polygon"))
    if window.is_empty:
        raise InvalidWindowError(problem=_("it is empty"))
    if not np.all(np.isfinite(window.bounds)):
        raise InvalidWindowError(problem=_("it has a missing or infinite coordinate"))
    if not window.is_valid:
        raise InvalidWindowError(problem=_("it crosses itself or its parts overlap"))
    if not window.area > 0:
        raise InvalidWindowError(problem=_("it is empty"))
    oriented = shapely.orient_polygons(window, exterior_cw=False)
    # Prepared and asked once, which builds the index, before other threads share it.
    shapely.prepare(oriented)
    shapely.intersects_xy(oriented, *oriented.bounds[:2])
    return oriented


@lru_cache(maxsize=32)
def window_edges(window: Window) -> Floats:
    """Every edge of the window's rings, the inside on its left: shape (edges, 4), x1, y1, x2, y2 in metres."""
    rings = shapely.get_rings(shapely.get_parts(checked_window(window)))
    corners = [shapely.get_coordinates(ring) for ring in rings]
    edges = np.concatenate([np.hstack([corner[:-1], corner[1:]]) for corner in corners])
    return frozen(edges[np.any(edges[:, :2] != edges[:, 2:], axis=1)])


def bounding_diagonal_m(window: Window) -> float:
    """Diagonal of the window's bounding rectangle, to the millimetre so that moving the window does not change it."""
    west, south, east, north = checked_window(window).bounds
    return round(float(np.hypot(east - west, north - south)), 3)


def bounding_sides_m(window: Window) -> tuple[float, float]:
    """Width and height of the window's bounding rectangle."""
    west, south, east, north = checked_window(window).bounds
    return east - west, north - south


def grid_over(*, window: Window, cell_m: float) -> Grid:
    """The grid of square cells from the window's south-west corner that covers its bounds.

    Raises InvalidCellError, and TooManyCellsError above four million cells.
    """
    if not (np.isfinite(cell_m) and cell_m > 0):
        raise InvalidCellError
    west, south, east, north = checked_window(window).bounds
    columns, rows = (max(1, np.ceil(length / cell_m - ROUNDING)) for length in (east - west, north - south))
    if columns * rows > MOST_CELLS:
        smallest_m = cell_m * np.sqrt(columns * rows / MOST_CELLS)
        raise TooManyCellsError(cell_m=cell_m, smallest_m=smallest_m)
    return Grid(west_m=west, south_m=south, cell_m=float(cell_m), columns=int(columns), rows=int(rows))


@lru_cache(maxsize=32)
def cells_inside(window: Window, grid: Grid) -> Booleans:
    """Whether each cell's centre lies in the window, shape (rows, columns).

    A centre is inside when an odd number of edges crosses its row to the west of it.
    """
    x1, y1, x2, y2 = window_edges(window).T
    first = np.ceil((np.minimum(y1, y2) - grid.south_m) / grid.cell_m - 0.5).astype(np.int64)
    last = np.ceil((np.maximum(y1, y2) - grid.south_m) / grid.cell_m - 0.5).astype(np.int64)
    first, last = np.clip(first, 0, grid.rows), np.clip(last, 0, grid.rows)
    crossed = last - first
    edge = np.repeat(np.arange(crossed.size), crossed)
    row = np.arange(edge.size) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    height = grid.south_m + (row + 0.5) * grid.cell_m
    crossing_m = x1[edge] + (height - y1[edge]) * (x2[edge] - x1[edge]) / (y2[edge] - y1[edge])
    column = np.clip(np.ceil((crossing_m - grid.west_m) / grid.cell_m - 0.5).astype(np.int64), 0, grid.columns)
    crossings = np.bincount(row * (grid.columns + 1) + column, minlength=grid.rows * (grid.columns + 1))
    westward = np.cumsum(crossings.reshape(grid.rows, grid.columns + 1), axis=1)[:, :-1]
    return frozen(westward % 2 == 1)


@lru_cache(maxsize=32)
def _raster(window: Window) -> tuple[Grid, Booleans, Booleans]:
    """A grid over the window, which of its cells lie wholly inside, and which may be cut by the boundary."""
    west, south, east, north = checked_window(window).bounds
    grid = grid_over(window=window, cell_m=max(east - west, north - south) / RASTER_CELLS)
    x1, y1, x2, y2 = window_edges(window).T
    # Points at most half a cell apart along the boundary: every cell it touches is a neighbour of a cell that has one.
    pieces = np.ceil(np.hypot(x2 - x1, y2 - y1) / (grid.cell_m / 2)).astype(np.int64)
    edge = np.repeat(np.arange(pieces.size), pieces)
    share = (np.arange(edge.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[edge]
    easting_m, northing_m = x1[edge] + share * (x2 - x1)[edge], y1[edge] + share * (y2 - y1)[edge]
    row, column, _within = grid.indices(easting_m, northing_m)
    touched = np.zeros((grid.rows, grid.columns), dtype=bool)
    touched[row, column] = True
    touched = ndimage.binary_dilation(touched, structure=np.ones((3, 3)))
    return grid, frozen(cells_inside(window, grid) & ~touched), frozen(touched)


def inside_window(*, window: Window, easting_m: Floats, northing_m: Floats) -> Booleans:
    """Whether each point lies in the window or on its boundary, exactly; shape (n,)."""
    window = checked_window(window)
    grid, wholly_inside, touched = _raster(window)
    # No outermost cell is wholly inside, so a point beyond the grid, taken to its nearest cell, is outside or asked.
    row, column, _within = grid.indices(easting_m, northing_m)
    inside = wholly_inside[row, column]
    unsure = np.flatnonzero(touched[row, column])
    inside[unsure] = shapely.intersects_xy(window, easting_m[unsure], northing_m[unsure])
    return inside
