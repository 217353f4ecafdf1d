"""Town or country by the density of addresses around a place.

The density at a place is the number of distinct addresses in the square of `window_m` around it, over the square's
area: for a place in cell (i, j) the mean of the cells within half a window, per km2. Rural is below a stated limit.
A square of 3 km holds a village whole and is smaller than a town, so neither a park nor a hamlet's only street decides.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

__all__ = ["WINDOW_M", "address_density_per_km2"]

WINDOW_M = 3_000.0


def address_density_per_km2(
    *,
    addresses: NDArray[np.integer],
    x0_m: float,
    y0_m: float,
    cell_m: float,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window_m: float = WINDOW_M,
) -> NDArray[np.float64]:
    """Addresses per km2 around each place; NaN where it has no coordinates or lies outside the grid.

    Args:
        addresses: distinct addresses in each cell, shape (ny, nx), rows south to north.
        x0_m: easting of the grid's western edge; y0_m: northing of its southern edge; cell_m: side of a cell.
        easting_m: places, shape (n,); NaN where not known.
        northing_m: as `easting_m`.
        window_m: side of the square that is looked at.
    """
    x, y = np.atleast_1d(np.asarray(easting_m, float)), np.atleast_1d(np.asarray(northing_m, float))
    column, row = np.floor((x - x0_m) / cell_m), np.floor((y - y0_m) / cell_m)
    rows, columns = addresses.shape
    inside = np.isfinite(column) & np.isfinite(row) & (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    side = max(1, round(window_m / cell_m))
    nearby = ndimage.uniform_filter(addresses.astype(float), side, mode="constant") / (cell_m / 1_000) ** 2
    density = np.full(x.shape, np.nan)
    density[inside] = nearby[row[inside].astype(int), column[inside].astype(int)]
    return density
