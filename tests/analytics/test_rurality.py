"""Address density by hand: a single cell, a uniform country, the edge, and places that are nowhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.rurality import address_density_per_km2

GRID = {"x0_m": 1_000.0, "y0_m": 2_000.0, "cell_m": 100.0}


def test_one_crowded_cell_is_spread_over_the_square_around() -> None:
    addresses = np.zeros((81, 81), dtype=np.uint16)
    addresses[40, 40] = 90
    middle, far = (1_000 + 40.5 * 100, 2_000 + 40.5 * 100), (1_000 + 70.5 * 100, 2_000 + 40.5 * 100)
    east, north = zip(middle, far, strict=True)
    density = address_density_per_km2(addresses=addresses, **GRID, easting_m=east, northing_m=north)
    # 90 addresses in a square of 3 km by 3 km.
    assert density == pytest.approx([90 / 9, 0.0])


@given(st.integers(0, 200), st.floats(1_600, 8_900), st.floats(1_600, 8_900))
def test_a_uniform_country_has_one_density_inside(each: int, east: float, north: float) -> None:
    addresses = np.full((120, 120), each, dtype=np.uint16)
    grid = {"x0_m": 0.0, "y0_m": 0.0, "cell_m": 100.0}
    density = address_density_per_km2(addresses=addresses, **grid, easting_m=east, northing_m=north)
    assert density[0] == pytest.approx(each * 100)


def test_places_without_coordinates_or_off_the_grid_are_not_known() -> None:
    addresses = np.ones((10, 10), dtype=np.uint16)
    density = address_density_per_km2(
        addresses=addresses, **GRID, easting_m=[np.nan, 999.0, 1_500.0], northing_m=[2_500.0, 2_500.0, 2_500.0]
    )
    assert np.isnan(density[:2]).all()
    assert density[2] > 0


def test_towns_are_towns_and_hills_are_country(south_wales) -> None:
    grid = south_wales.grid
    # The middle of Cardiff, and the Rhigos mountain above the Rhondda.
    east, north = [318_450.0, 293_000.0], [176_350.0, 203_500.0]
    cardiff, hills = address_density_per_km2(
        addresses=south_wales.addresses,
        x0_m=grid.x0_m,
        y0_m=grid.y0_m,
        cell_m=grid.cell_m,
        easting_m=np.array(east, dtype=float),
        northing_m=np.array(north, dtype=float),
    )
    assert cardiff > 100
    assert hills < 25
