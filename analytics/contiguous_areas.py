"""Contiguous areas of cells: the densest ones, their outlines, and exact Poisson intervals for what happened in
them."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon

from analytics.point_patterns import Grid

__all__ = ["CellArea", "contiguous_areas", "densest_cells"]

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


def _area(mask: Booleans, grid: Grid) -> CellArea:
    row, column = np.nonzero(mask)
    # Sides from whole numbers of cells, so that neighbours share them to the last digit.
    west_m, east_m = (grid.west_m + (column + side) * grid.cell_m for side in (0, 1))
    south_m, north_m = (grid.south_m + (row + side) * grid.cell_m for side in (0, 1))
    outline = shapely.union_all(shapely.box(west_m, south_m, east_m, north_m))
    return CellArea(cells=(row, column), outline=outline.simplify(0), area_km2=row.size * grid.cell_m**2 / 1e6)
