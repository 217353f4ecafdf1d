"""Areas from addresses alone: land, authorities and postcode districts without a boundary file.

Land is the morphological closing of the address points: what lies within reach of an address, less that reach, plus a
strip of shore, with enclosed gaps filled. Within it each cell belongs to the authority, and to the postcode district,
of its nearest address; the neighbours' addresses take part, so a force ends where its neighbours begin. The cells'
borders are then simplified together, so that areas still meet without gaps.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from geo.grid import Grid

__all__ = ["WIDE_REACH_M", "fill_with_nearest", "land_around", "merge_specks", "nearest_address", "polygons_of_labels"]

# How far apart addresses may lie with land between them, halved (m): moorland between two valleys is land, an estuary
# wider than this is not. With the shore, tuned on the South Wales police force area (intersection over union 0.95).
_REACH_M = 3_500.0
# The same where hardly anybody lives, so that mountains are land and firths with towns around them are not: addresses
# per km2, averaged over a Gaussian of this deviation (m). Tuned on Scotland: no inland gap, the Minch and the firths
# open, narrow sea lochs filled (83,300 km2 drawn for 79,800 with inland water).
WIDE_REACH_M = 10_000.0
_SPARSE_PER_KM2 = 0.25
_SPARSE_OVER_M = 5_000.0
# How far land goes beyond the outermost addresses (m).
_SHORE_M = 350.0
_M2_PER_KM2 = 1e6
# Specks smaller than this (m2) come from single misplaced addresses, not from a boundary.
_SPECK_M2 = 250_000.0


def land_around(*, addresses: NDArray[np.integer], cell_m: float) -> NDArray[np.bool_]:
    """Cells that are land, from the number of addresses in each: (ny, nx)."""
    distance_m = ndimage.distance_transform_edt(addresses == 0) * cell_m
    per_km2 = addresses.astype(np.float32) * (_M2_PER_KM2 / cell_m**2)
    sparse = ndimage.gaussian_filter(per_km2, _SPARSE_OVER_M / cell_m, truncate=3.0) < _SPARSE_PER_KM2
    land = _closed(distance_m, _REACH_M, cell_m) | (sparse & _closed(distance_m, WIDE_REACH_M, cell_m))
    return ndimage.binary_fill_holes(land)


def _closed(distance_m: NDArray[np.float64], reach_m: float, cell_m: float) -> NDArray[np.bool_]:
    """Within `reach_m` of an address, less that reach, plus the shore."""
    return ndimage.distance_transform_edt(distance_m <= reach_m) * cell_m > reach_m - _SHORE_M


def nearest_address(*, occupied: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Row and column of the nearest cell that holds an address, for every cell."""
    row, column = ndimage.distance_transform_edt(~occupied, return_distances=False, return_indices=True)
    return row, column


def fill_with_nearest(*, labels: NDArray[np.int32], unknown: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Labels with the unknown cells taken from the nearest known one."""
    return labels[nearest_address(occupied=~unknown)]


def merge_specks(*, labels: NDArray[np.int32], cell_m: float) -> NDArray[np.int32]:
    """Labels (-1: none) in which pieces under a quarter of a square kilometre have joined what surrounds them."""
    smallest = _SPECK_M2 / cell_m**2
    speck = np.zeros(labels.shape, dtype=bool)
    for label, window in enumerate(ndimage.find_objects(labels + 1)):
        if window is None:
            continue
        pieces, count = ndimage.label(labels[window] == label)
        small = np.bincount(pieces.ravel(), minlength=count + 1) < smallest
        small[0] = False
        if not small[1:].all():
            speck[window] |= small[pieces]
    merged = fill_with_nearest(labels=labels, unknown=speck | (labels < 0))
    return np.where(speck, merged, labels)


def polygons_of_labels(
    *, labels: NDArray[np.int32], grid: Grid, tolerance_m: float
) -> tuple[NDArray[np.int32], NDArray]:
    """The labels from 0 up that occur, and each one's (Multi)Polygon, borders simplified together.

    Visvalingam & Whyatt (1993) on shared edges: neighbours still share them, so the areas have no gap or overlap.
    """
    lines = _borders(labels, grid)
    faces = shapely.get_parts(shapely.polygonize(lines))
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    row = ((inside[:, 1] - grid.y0_m) // grid.cell_m).astype(np.intp)
    column = ((inside[:, 0] - grid.x0_m) // grid.cell_m).astype(np.intp)
    label = labels[row, column]
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    found, group = np.unique(label[order], return_inverse=True)
    shapes = shapely.multipolygons(faces[order], indices=group)
    return found, shapely.coverage_simplify(shapes, tolerance_m)


def _borders(labels: NDArray[np.int32], grid: Grid) -> NDArray:
    """The straight stretches of border between cells of different labels, as lines that meet only at their ends."""
    padded = np.pad(labels, 1, constant_values=-1)
    upright = padded[1:-1, 1:] != padded[1:-1, :-1]  # (ny, nx + 1): west edge of each cell, and the last east edge
    level = padded[1:, 1:-1] != padded[:-1, 1:-1]  # (ny + 1, nx): south edge of each cell, and the last north edge
    beside_level = np.pad(level, ((0, 0), (1, 1)))
    beside_upright = np.pad(upright, ((1, 1), (0, 0)))
    turn_on_upright = beside_level[:, 1:] | beside_level[:, :-1]  # (ny + 1, nx + 1): a level border ends here
    turn_on_level = beside_upright[1:] | beside_upright[:-1]
    column, bottom, top = _runs(upright.T, turn_on_upright.T)
    row, left, right = _runs(level, turn_on_level)
    start = np.concatenate([np.column_stack([column, bottom]), np.column_stack([left, row])])
    end = np.concatenate([np.column_stack([column, top]), np.column_stack([right, row])])
    corner = np.array([grid.x0_m, grid.y0_m])
    return shapely.linestrings(np.stack([start, end], axis=1) * grid.cell_m + corner)


def _runs(edges: NDArray[np.bool_], turns: NDArray[np.bool_]) -> tuple[NDArray, NDArray, NDArray]:
    """Along each row of `edges`, runs of true cells cut at `turns`: row, first vertex, last vertex."""
    before, after = np.pad(edges[:, :-1], ((0, 0), (1, 0))), np.pad(edges[:, 1:], ((0, 0), (0, 1)))
    row, first = np.nonzero(edges & (~before | turns[:, :-1]))
    _row, last = np.nonzero(edges & (~after | turns[:, 1:]))
    return row, first, last + 1
