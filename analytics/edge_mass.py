"""How much of a Gaussian kernel lies inside the window, exactly, for any polygon.

For a point x and an isotropic Gaussian of bandwidth s, the mass over the triangle of x and an edge whose line is d*s
away and whose ends are t1*s and t2*s along it is

    sign(d) * (angle(t1, t2) / 2 pi - T(|d|, t2/|d|) + T(|d|, t1/|d|)),   T(h, a) = Owen's T function,

and the mass over the polygon is the sum over its edges, the inside on their left (Owen 1956, Ann. Math. Stat. 27:1075).
The angles alone add up to one inside and to none outside, so edges more than `REACH` bandwidths away need no T.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import owens_t

from analytics.point_patterns import Window, inside_window, window_edges

__all__ = ["kernel_mass_inside"]

REACH = 8.5
"""Bandwidths beyond which a kernel has no mass: exp(-8.5**2 / 2) = 2e-16, the rounding of a float."""

DEGENERATE = 1e-9
"""Bandwidths from an edge within which a point counts as on it, and its angles are added up one by one."""

BLOCK = 1 << 18
"""Point-and-edge pairs held at a time, for memory: 2 MB an array."""

Floats = NDArray[np.float64]


def kernel_mass_inside(*, window: Window, easting_m: Floats, northing_m: Floats, bandwidth_m: float | Floats) -> Floats:
    """The Gaussian kernel's mass inside the window for each centre, shape (n,), between 0 and 1, to 1e-13.

    One bandwidth for all centres, or one for each.
    """
    edges = window_edges(window)
    widths_m = np.broadcast_to(np.asarray(bandwidth_m, dtype=np.float64), easting_m.shape)
    mass = inside_window(window=window, easting_m=easting_m, northing_m=northing_m).astype(np.float64)
    tree = shapely.STRtree(shapely.linestrings(edges.reshape(-1, 2, 2)))
    step = max(1, BLOCK // len(edges))
    for start in range(0, mass.size, step):
        block = slice(start, start + step)
        x, y, width_m = easting_m[block], northing_m[block], widths_m[block]
        point, edge = tree.query(shapely.points(x, y), predicate="dwithin", distance=REACH * width_m)
        distance, along_1, along_2 = _edge_position(x[point], y[point], edges[edge], width_m[point])
        mass[block] -= np.bincount(point, _owen(distance, along_1, along_2), minlength=x.size)
        touching = np.unique(point[np.abs(distance) < DEGENERATE])
        mass[start + touching] = [_mass_on_edge(x[i], y[i], edges, width_m[i]) for i in touching]
    return mass


def _edge_position(x: Floats, y: Floats, edges: Floats, bandwidth_m: float | Floats) -> tuple[Floats, Floats, Floats]:
    """Distance to each edge's line (positive where the point is on its left) and its ends along it, in bandwidths."""
    x1, y1, x2, y2 = (edges.T - np.stack([x, y, x, y])) / bandwidth_m
    across, up = x2 - x1, y2 - y1
    length = np.hypot(across, up)
    return (x1 * y2 - x2 * y1) / length, (x1 * across + y1 * up) / length, (x2 * across + y2 * up) / length


def _owen(distance: Floats, along_1: Floats, along_2: Floats) -> Floats:
    """The part of the mass beyond each edge, as seen from the point; nothing from a point on the edge's line."""
    height = np.maximum(np.abs(distance), np.finfo(float).tiny ** 0.5)
    beyond = owens_t(height, along_2 / height) - owens_t(height, along_1 / height)
    return np.where(distance == 0, 0.0, np.sign(distance) * beyond)


def _mass_on_edge(x: float, y: float, edges: Floats, bandwidth_m: float) -> float:
    """The mass for one point on the boundary: the edges through it, triangles without area, are left out."""
    distance, along_1, along_2 = _edge_position(np.full(len(edges), x), np.full(len(edges), y), edges, bandwidth_m)
    through = (np.abs(distance) < DEGENERATE) & (along_1 <= DEGENERATE) & (along_2 >= -DEGENERATE)
    angle = np.arctan2(distance * (along_2 - along_1), distance**2 + along_1 * along_2)
    beyond = _owen(distance, along_1, along_2)
    return float(np.sum(np.where(through, 0.0, angle / (2 * np.pi) - beyond)))
