"""Areas from cells: nothing lost between cells and shapes, and land where it should be."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.grid import Grid, polygon_mask
from geo.land import land_around, merge_specks, polygons_of_labels

SMALL = Grid(x0_m=1_000, y0_m=-500, cell_m=50, nx=9, ny=7)


@settings(max_examples=80, deadline=None)
@given(labels=arrays(np.int32, SMALL.shape, elements=st.integers(-1, 3)))
def test_unsimplified_polygons_give_the_cells_back(labels: np.ndarray) -> None:
    found, shapes = polygons_of_labels(labels=labels, grid=SMALL, tolerance_m=0.0)
    assert found.tolist() == [label for label in range(4) if (labels == label).any()]
    for label, shape in zip(found, shapes, strict=True):
        assert np.array_equal(polygon_mask(grid=SMALL, polygon=shape), labels == label)
        assert shape.area == pytest.approx((labels == label).sum() * 50**2)


def test_simplified_neighbours_still_meet() -> None:
    grid = Grid(x0_m=0, y0_m=0, cell_m=100, nx=60, ny=50)
    x, y = np.meshgrid(np.arange(60), np.arange(50))
    labels = np.select([np.hypot(x - 30, y - 25) > 22, y < 0.4 * x + 8, x > 33], [-1, 0, 1], 2).astype(np.int32)
    _found, shapes = polygons_of_labels(labels=labels, grid=grid, tolerance_m=100)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert shapely.area(shapes).sum() == pytest.approx((labels >= 0).sum() * 100**2, rel=0.02)
    # Steps became lines: far fewer corners than the cells' own border has.
    _found, steps = polygons_of_labels(labels=labels, grid=grid, tolerance_m=0)
    assert shapely.get_num_coordinates(shapes).sum() < 0.6 * shapely.get_num_coordinates(steps).sum()


def test_specks_join_their_surroundings_and_land_keeps_its_shape() -> None:
    labels = np.full((40, 40), -1, dtype=np.int32)
    labels[5:35, 5:35] = 0
    labels[5:35, 20:35] = 1
    labels[10:12, 8:10] = 1
    labels[20, 30] = 0
    merged = merge_specks(labels=labels, cell_m=100)
    expected = np.full((40, 40), -1)
    expected[5:35, 5:20] = 0
    expected[5:35, 20:35] = 1
    assert np.array_equal(merged, expected)


def test_valleys_join_a_wide_estuary_does_not_and_islands_stay() -> None:
    cell_m = 250.0
    addresses = np.zeros((400, 400), dtype=int)
    row, column = np.indices(addresses.shape)
    town = np.random.default_rng(1).random(addresses.shape) < 0.2
    # Two settled shores 6 km apart, a third 12 km further, an island 15 km off.
    addresses[town & (row > 150) & (row < 170) & (column > 100) & (column < 300)] = 1
    addresses[town & (row > 194) & (row < 215) & (column > 100) & (column < 300)] = 1
    addresses[town & (row > 263) & (row < 290) & (column > 100) & (column < 300)] = 1
    addresses[town & (np.hypot(row - 190, column - 375) < 6)] = 1
    land = land_around(addresses=addresses, cell_m=cell_m)
    assert land[182, 200]  # between the first two
    assert not land[239, 200]  # in the estuary
    assert land[190, 375]  # the island
    assert not land[190, 340]  # the sound
    assert not land[120, 200]  # the open sea
    assert land[addresses > 0].all()
