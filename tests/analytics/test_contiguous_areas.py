"""Contours of a grid against shapes that are known, and against the cells themselves."""

import numpy as np
import pytest
import shapely

from analytics.contiguous_areas import areas_under
from analytics.point_patterns import Grid

GRID = Grid(west_m=1_000, south_m=-500, cell_m=10, columns=60, rows=50)
EASTING_M, NORTHING_M = np.meshgrid(GRID.easting_m, GRID.northing_m)
DISTANCE_M = np.hypot(EASTING_M - 1_300, NORTHING_M + 250)


def test_a_circle_and_a_ring_have_their_areas() -> None:
    (disc,) = areas_under(DISTANCE_M, level=100, grid=GRID)
    assert disc.area == pytest.approx(np.pi * 100**2, rel=0.003)
    (ring,) = areas_under(np.abs(DISTANCE_M - 120), level=40, grid=GRID)
    assert ring.area == pytest.approx(np.pi * (160**2 - 80**2), rel=0.003)
    assert len(ring.interiors) == 1


@pytest.mark.parametrize("seed", range(5))
def test_every_cell_is_on_its_side_of_the_contours(seed: int) -> None:
    values = np.random.default_rng(seed).random((GRID.rows, GRID.columns))
    inside = shapely.union_all(areas_under(values, level=0.3, grid=GRID))
    assert inside.is_valid
    assert np.array_equal(shapely.contains_xy(inside, EASTING_M, NORTHING_M), values <= 0.3)


def test_what_is_not_known_is_outside_and_nothing_is_no_area() -> None:
    values = np.where(EASTING_M < 1_200, DISTANCE_M, np.nan)
    (part,) = areas_under(values, level=250, grid=GRID)
    assert part.bounds[2] < 1_200
    assert areas_under(np.full_like(values, np.nan), level=0.05, grid=GRID) == ()
    assert areas_under(np.ones_like(values), level=0.05, grid=GRID) == ()
