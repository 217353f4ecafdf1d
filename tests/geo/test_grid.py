"""Grids, against shapely's own answer for every cell centre."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.grid import Grid, cell_of_points, count_in_cells, grid_for_window, polygon_mask

HOLE_AND_ISLAND = shapely.union_all(
    [
        shapely.Polygon(
            [(120, 80), (2_310, 240), (1_930, 1_870), (370, 1_490)],
            holes=[[(700, 500), (1_450, 610), (1_200, 1_150), (720, 1_020)]],
        ),
        shapely.box(2_500, 1_500, 2_910, 2_030),
    ]
)


def centres_inside(grid: Grid, polygon: shapely.Geometry) -> np.ndarray:
    x, y = np.meshgrid(grid.easting_m, grid.northing_m)
    return shapely.contains_xy(polygon, x, y)


def test_a_grid_covers_its_window_from_a_whole_cell() -> None:
    grid = grid_for_window(window=shapely.box(1_030, -250, 1_990, 310), cell_m=100, margin_m=40)
    assert grid.extent == (900, -300, 2_100, 400)
    assert grid.shape == (7, 12)
    assert grid.easting_m[0] == 950
    assert grid.northing_m[-1] == 350


@pytest.mark.parametrize("cell_m", [17.0, 50.0, 130.0])
def test_the_mask_is_the_cells_whose_centre_is_inside(cell_m: float) -> None:
    grid = grid_for_window(window=HOLE_AND_ISLAND, cell_m=cell_m, margin_m=3 * cell_m)
    assert np.array_equal(polygon_mask(grid=grid, polygon=HOLE_AND_ISLAND), centres_inside(grid, HOLE_AND_ISLAND))


def test_a_polygon_larger_than_the_grid_is_cut_at_its_edge() -> None:
    grid = Grid(x0_m=603, y0_m=401, cell_m=40, nx=25, ny=30)
    assert np.array_equal(polygon_mask(grid=grid, polygon=HOLE_AND_ISLAND), centres_inside(grid, HOLE_AND_ISLAND))


@settings(max_examples=60, deadline=None)
@given(
    vertices=st.lists(
        st.tuples(st.floats(-50, 1_050, width=32), st.floats(-50, 1_050, width=32)), min_size=3, max_size=12
    )
)
def test_the_mask_of_any_polygon_agrees_with_shapely(vertices: list[tuple[float, float]]) -> None:
    polygon = shapely.convex_hull(shapely.multipoints(vertices))
    if polygon.geom_type != "Polygon":
        return
    grid = Grid(x0_m=0, y0_m=0, cell_m=61.7, nx=16, ny=16)
    x, y = np.meshgrid(grid.easting_m, grid.northing_m)
    near_border = shapely.distance(polygon.exterior, shapely.points(x, y)) < 1e-6
    mask = polygon_mask(grid=grid, polygon=polygon)
    assert np.array_equal(mask[~near_border], centres_inside(grid, polygon)[~near_border])


def test_points_are_counted_in_their_cells_and_nowhere_else() -> None:
    grid = Grid(x0_m=1_000, y0_m=2_000, cell_m=10, nx=3, ny=2)
    easting_m = [1_000, 1_009.9, 1_010, 1_029.9, 1_030, 999.9, np.nan, 1_025]
    northing_m = [2_000, 2_009.9, 2_010, 2_019.9, 2_010, 2_010, 2_005, 2_020]
    row, column = cell_of_points(grid=grid, easting_m=easting_m, northing_m=northing_m)
    assert row.tolist() == [0, 0, 1, 1, -1, -1, -1, -1]
    assert column.tolist() == [0, 0, 1, 2, -1, -1, -1, -1]
    assert count_in_cells(grid=grid, easting_m=easting_m, northing_m=northing_m).tolist() == [[2, 0, 0], [0, 1, 1]]
