"""Contiguous areas of cells: the densest ones, their outlines, and exact Poisson intervals for what happened in
them."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon

from analytics.point_patterns import Grid

__all__ = ["CellArea", "areas_under", "contiguous_areas", "densest_cells"]

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

"""Coverage of the intervals."""


@dataclass(frozen=True)
class CellArea:
    """Cells that touch along their sides: which (rows, columns of the grid), their outline and area."""

    cells: tuple[NDArray[np.int64], NDArray[np.int64]]
    outline: Polygon | MultiPolygon
    area_km2: float


def densest_cells(values: Floats, *, share: float) -> tuple[Booleans, float]:
    """The smallest set of cells that holds a share (0 to 1) of what `values` add up to, and the value at its edge.

    `values` of shape (rows, columns), NaN where there is no cell. Cells of the same value as the last are all in.
    """
    present = values[~np.isnan(values)]
    wanted = share * present.sum()
    # The cells above the mean, a few, nearly always hold the share: then the others need no sorting.
    above = present[present > present.mean()]
    descending = np.sort(above if above.sum() > wanted else present)[::-1]
    last = min(int(np.searchsorted(np.cumsum(descending), wanted)), descending.size - 1)
    level = float(descending[last])
    return values >= level, level


def contiguous_areas(mask: Booleans, *, grid: Grid) -> tuple[CellArea, ...]:
    """The areas that the cells in `mask`, shape (rows, columns), form; none where it is empty."""
    labels, count = ndimage.label(mask)
    return tuple(_area(labels == label, grid) for label in range(1, count + 1))


def areas_under(values: Floats, *, level: float, grid: Grid) -> tuple[Polygon, ...]:
    """The areas inside the contours of `values`, shape (rows, columns), at `level`: where they are at or under it.

    Each square of four cell centres is cut into two triangles with a plane over each, so a contour is one straight
    piece in every triangle it crosses. Beyond the grid, and where a value is NaN, it is above the level.
    """
    padded = np.pad(np.where(np.isnan(values), np.inf, values), 1, constant_values=np.inf)
    # Twice the level is as good as any value above it, and keeps the planes finite.
    padded = np.minimum(padded, max(2 * level, level + 1))
    easting_m = grid.west_m + (np.arange(-1, grid.columns + 1) + 0.5) * grid.cell_m
    northing_m = grid.south_m + (np.arange(-1, grid.rows + 1) + 0.5) * grid.cell_m
    nodes = np.stack([*np.meshgrid(easting_m, northing_m), padded], axis=-1)
    south_west, south_east, north_west, north_east = (
        nodes[rows, columns] for rows in (slice(-1), slice(1, None)) for columns in (slice(-1), slice(1, None))
    )
    triangles = np.concatenate(
        [
            np.stack(corners, axis=2).reshape(-1, 3, 3)
            for corners in ((south_west, south_east, north_east), (south_west, north_east, north_west))
        ]
    )
    under = triangles[:, :, 2] <= level
    crossed = under.any(axis=1) & ~under.all(axis=1)
    triangles, under = triangles[crossed], under[crossed]
    # The corner that is alone on its side; the contour crosses the two sides that meet in it.
    alone = np.where(under.sum(axis=1) == 1, under.argmax(axis=1), under.argmin(axis=1))
    each = np.arange(len(triangles))
    ends = []
    for step in (1, 2):
        first, second = triangles[each, alone], triangles[each, (alone + step) % 3]
        # From the corner under the level: both triangles of a side then find the same point to the last digit.
        from_first = under[each, alone][:, np.newaxis]
        low, high = np.where(from_first, first, second), np.where(from_first, second, first)
        along = (level - low[:, 2:]) / (high[:, 2:] - low[:, 2:])
        ends.append(low[:, :2] + along * (high[:, :2] - low[:, :2]))
    pieces = np.stack(ends, axis=1)
    pieces = pieces[(pieces[:, 0] != pieces[:, 1]).any(axis=1)]
    return tuple(shapely.get_parts(shapely.build_area(shapely.multilinestrings(shapely.linestrings(pieces)))))


def _area(mask: Booleans, grid: Grid) -> CellArea:
    row, column = np.nonzero(mask)
    # Sides from whole numbers of cells, so that neighbours share them to the last digit.
    west_m, east_m = (grid.west_m + (column + side) * grid.cell_m for side in (0, 1))
    south_m, north_m = (grid.south_m + (row + side) * grid.cell_m for side in (0, 1))
    outline = shapely.union_all(shapely.box(west_m, south_m, east_m, north_m))
    return CellArea(cells=(row, column), outline=outline.simplify(0), area_km2=row.size * grid.cell_m**2 / 1e6)
