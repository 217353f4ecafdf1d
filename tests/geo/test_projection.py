"""Transforms and the warp, in numbers: an event must show where it is, not where a stretched picture puts it."""

import numpy as np
import pytest
from pyproj import Geod

from geo.areas import Geography
from geo.errors import CrsNotMetricError
from geo.projection import check_metric_crs, from_wgs84, reproject, to_wgs84, warp_to_mercator


def shown_at(image: np.ndarray, bounds: tuple[tuple[float, float], tuple[float, float]]) -> tuple[float, float]:
    """Latitude and longitude of an image's centre of mass, as a web map shows it (spherical Mercator by hand)."""
    (south, west), (north, east) = bounds
    weight = np.nan_to_num(image)
    row, column = (np.average(np.indices(image.shape)[axis], weights=weight) for axis in (0, 1))
    top, bottom = (np.log(np.tan(np.pi / 4 + np.radians(side) / 2)) for side in (north, south))
    y = top + (bottom - top) * (row + 0.5) / image.shape[0]
    return np.degrees(2 * np.arctan(np.exp(y)) - np.pi / 2), west + (east - west) * (column + 0.5) / image.shape[1]


def metres_apart(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    return Geod(ellps="WGS84").inv(longitude, latitude, other_longitude, other_latitude)[2]


def blob(shape: tuple[int, int], row: int, column: int, spread_cells: float = 4.0) -> np.ndarray:
    i, j = np.indices(shape)
    return np.exp(-((i - row) ** 2 + (j - column) ** 2) / (2 * spread_cells**2))


def test_known_points_of_two_grids() -> None:
    # Ordnance Survey's worked example (Caister water tower) and Belfast City Hall, to the few metres of a shift
    # without grid files.
    easting_m, northing_m = from_wgs84(latitude=52.657977, longitude=1.716038, crs="EPSG:27700")
    assert (easting_m, northing_m) == (pytest.approx(651_409.8, abs=5), pytest.approx(313_177.4, abs=5))
    easting_m, northing_m = from_wgs84(latitude=54.59653, longitude=-5.93012, crs="EPSG:29903")
    assert (easting_m, northing_m) == (pytest.approx(333_830, abs=60), pytest.approx(374_020, abs=60))


def test_there_and_back_again() -> None:
    easting_m, northing_m = np.array([250_000.0, 318_000, np.nan]), np.array([190_000.0, 176_000, 1])
    latitude, longitude = to_wgs84(easting_m=easting_m, northing_m=northing_m, crs="EPSG:27700")
    back = from_wgs84(latitude=latitude, longitude=longitude, crs="EPSG:27700")
    assert np.allclose(back, [easting_m, northing_m], atol=0.01, equal_nan=True) or np.isnan(back[0][2])
    assert np.allclose(back[0][:2], easting_m[:2], atol=0.01)
    assert np.isnan(latitude[2])
    assert np.isnan(longitude[2])
    there = reproject(easting_m=easting_m, northing_m=northing_m, from_crs="EPSG:27700", to_crs="EPSG:32630")
    back = reproject(easting_m=there[0], northing_m=there[1], from_crs="EPSG:32630", to_crs="EPSG:27700")
    assert np.allclose(back[0][:2], easting_m[:2], atol=0.01)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "nonsense"])
def test_only_metres_will_do(crs: str) -> None:
    with pytest.raises(CrsNotMetricError, match="metres"):
        check_metric_crs(crs)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(50.3, -4.9), (50.9, 0.3), (51.6, -3.5), (58.2, -6.4), (58.4, -3.2)]
)
def test_an_event_at_each_corner_shows_where_it_is(latitude: float, longitude: float) -> None:
    """A 90 km x 55 km window as South Wales has, in the south and the north of Britain."""
    crs, cell_m, shape = "EPSG:27700", 100.0, (550, 900)
    x0_m, y0_m = (float(each) for each in from_wgs84(latitude=latitude, longitude=longitude, crs=crs))
    for row in (25, shape[0] - 26):
        for column in (25, shape[1] - 26):
            image, bounds = warp_to_mercator(
                values=blob(shape, row, column),
                x0_m=x0_m,
                y0_m=y0_m,
                cell_m=cell_m,
                crs=crs,
                smooth=True,
                longest_side_px=700,
            )
            true = to_wgs84(easting_m=x0_m + (column + 0.5) * cell_m, northing_m=y0_m + (row + 0.5) * cell_m, crs=crs)
            assert metres_apart(*shown_at(image, bounds), float(true[0]), float(true[1])) < 5


def test_stretching_instead_would_be_wrong_by_hundreds_of_metres() -> None:
    """What the warp is for: the same event in the same picture, laid on the map by its corners alone."""
    crs, cell_m, shape = "EPSG:27700", 100.0, (550, 900)
    x0_m, y0_m, row, column = 240_000.0, 164_000.0, 15, 15
    latitude, longitude = to_wgs84(
        easting_m=[x0_m, x0_m + shape[1] * cell_m] * 2,
        northing_m=[y0_m, y0_m, y0_m + shape[0] * cell_m, y0_m + shape[0] * cell_m],
        crs=crs,
    )
    stretched = blob(shape, row, column)[::-1]
    bounds = ((latitude.min(), longitude.min()), (latitude.max(), longitude.max()))
    true = to_wgs84(easting_m=x0_m + (column + 0.5) * cell_m, northing_m=y0_m + (row + 0.5) * cell_m, crs=crs)
    assert metres_apart(*shown_at(stretched, bounds), float(true[0]), float(true[1])) > 200


def test_an_event_in_each_corner_of_the_force_shows_within_100_m(south_wales: Geography) -> None:
    grid = south_wales.grid
    for row in (12, grid.ny - 13):
        for column in (12, grid.nx - 13):
            image, bounds = warp_to_mercator(
                values=blob(grid.shape, row, column, spread_cells=3.0),
                x0_m=grid.x0_m,
                y0_m=grid.y0_m,
                cell_m=grid.cell_m,
                crs=south_wales.crs,
            )
            true = to_wgs84(easting_m=grid.easting_m[column], northing_m=grid.northing_m[row], crs=south_wales.crs)
            assert metres_apart(*shown_at(image, bounds), float(true[0]), float(true[1])) < 100


@pytest.mark.parametrize("crs", ["EPSG:32616", "EPSG:29903"])
def test_the_warp_is_right_on_other_systems(crs: str) -> None:
    x0_m, y0_m = (697_000.0, 4_325_000.0) if crs == "EPSG:32616" else (230_000.0, 330_000.0)
    image, bounds = warp_to_mercator(
        values=blob((200, 300), 170, 30), x0_m=x0_m, y0_m=y0_m, cell_m=100, crs=crs, smooth=True
    )
    true = to_wgs84(easting_m=x0_m + 3_050, northing_m=y0_m + 17_050, crs=crs)
    assert metres_apart(*shown_at(image, bounds), float(true[0]), float(true[1])) < 5


def test_nothing_stays_nothing_and_values_keep_their_range() -> None:
    values = np.full((40, 60), np.nan)
    values[10:30, 20:40] = 3.5
    for smooth in (False, True):
        image, _bounds = warp_to_mercator(
            values=values, x0_m=300_000, y0_m=180_000, cell_m=250, crs="EPSG:27700", smooth=smooth
        )
        known = np.isfinite(image)
        assert np.allclose(image[known], 3.5)
        # The area shown is the area given: a sixth of the cells, whatever the pixels are.
        assert known.mean() == pytest.approx(400 / 2_400, rel=0.06)


def test_colours_are_warped_without_dark_fringes() -> None:
    rgba = np.zeros((40, 60, 4), dtype=np.uint8)
    rgba[10:30, 20:40] = (200, 100, 50, 255)
    for smooth in (False, True):
        image, _bounds = warp_to_mercator(
            values=rgba, x0_m=300_000, y0_m=180_000, cell_m=250, crs="EPSG:27700", smooth=smooth
        )
        assert image.dtype == np.uint8
        visible = image[image[..., 3] > 8]
        assert len(visible) > 0
        assert np.abs(visible[:, :3].astype(int) - (200, 100, 50)).max() <= 8


def test_a_large_grid_gives_an_image_of_bounded_size() -> None:
    image, _bounds = warp_to_mercator(
        values=np.ones((2_700, 1_660), dtype=np.float32),
        x0_m=53_000,
        y0_m=530_000,
        cell_m=250,
        crs="EPSG:27700",
        longest_side_px=900,
    )
    assert max(image.shape) == 900
