"""Straight-line travel time, by hand."""

import numpy as np
import pytest

from geo.travel import straight_line_minutes


def test_a_three_four_five_triangle() -> None:
    minutes = straight_line_minutes(
        from_easting_m=[0, 3_000],
        from_northing_m=[0, 4_000],
        to_easting_m=[3_000, 0, np.nan],
        to_northing_m=[4_000, 0, 0],
        speed_km_h=30,
    )
    # 5 km x 1.3 at 30 km/h: 13 minutes.
    assert np.allclose(minutes, [[13, 0, np.nan], [0, 13, np.nan]], equal_nan=True)


def test_time_goes_down_with_speed_and_up_with_detour() -> None:
    trip = {"from_easting_m": 0, "from_northing_m": 0, "to_easting_m": 10_000, "to_northing_m": 0}
    assert straight_line_minutes(**trip, speed_km_h=60, detour_factor=1.0).item() == pytest.approx(10)
    assert straight_line_minutes(**trip, speed_km_h=30, detour_factor=1.5).item() == pytest.approx(30)


@pytest.mark.parametrize(("speed_km_h", "detour_factor"), [(0, 1.3), (-5, 1.3), (np.nan, 1.3), (30, 0.9)])
def test_impossible_settings_are_refused(speed_km_h: float, detour_factor: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        straight_line_minutes(
            from_easting_m=0,
            from_northing_m=0,
            to_easting_m=1,
            to_northing_m=1,
            speed_km_h=speed_km_h,
            detour_factor=detour_factor,
        )
