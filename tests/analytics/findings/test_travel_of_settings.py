"""Travel as the settings have it: speeds by hour, a road network, and the words for both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString

from analytics.findings.question import Question
from analytics.findings.reach_now import is_night, travel_minutes, travel_words
from data.settings import TravelSettings, load_settings

X, Y = 305_000.0, 206_000.0


def test_the_night_may_reach_over_midnight() -> None:
    hours = np.arange(24)
    over = is_night(TravelSettings(night_from_hour=22, night_to_hour=6), hours)
    assert np.flatnonzero(over).tolist() == [0, 1, 2, 3, 4, 5, 22, 23]
    early = is_night(TravelSettings(night_from_hour=1, night_to_hour=5), hours)
    assert np.flatnonzero(early).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("by_road", [False, True])
def test_minutes_by_day_and_by_night(by_road: bool, ask: Callable[..., Question], tmp_path: Path) -> None:
    """A road of 3 km east and 4 km north; straight across it is 5 km."""
    file = tmp_path / "roads.gpkg"
    line = [LineString([(X, Y), (X + 3_000, Y)]), LineString([(X + 3_000, Y), (X + 3_000, Y + 4_000)])]
    gpd.GeoDataFrame(geometry=line, crs="EPSG:27700").to_file(file)
    travel = TravelSettings(
        day_speed_km_h=42, night_speed_km_h=60, within_minutes=10, road_graph_file=file if by_road else None
    )
    question = ask()
    settings = question.settings.model_copy(update={"travel": travel})
    minutes = travel_minutes(
        replace(question, settings=settings),
        from_easting_m=np.array([X]),
        from_northing_m=np.array([Y]),
        to_easting_m=np.array([X + 3_000, X + 60_000]),
        to_northing_m=np.array([Y + 4_000, Y]),
    )
    metres = 7_000 if by_road else 5_000 * 1.3
    assert minutes[:, 0, 0] == pytest.approx([metres / 700, metres / 1_000])
    # By road nobody looks farther than the time that counts.
    assert np.isnan(minutes[:, 0, 1]).all() == by_road
    words = travel_words(travel)
    assert ("road network" in words) == by_road
    assert ("not by road" in words) != by_road
    assert "42 km/h" in words
    assert "60 km/h from 22:00 to 06:00" in words


def test_the_network_is_named_from_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "force.toml"
    file.write_text('[travel]\nwithin_minutes = 8\nroad_graph_file = "roads/edges.gpkg"\n', encoding="utf-8")
    travel = load_settings(file).travel
    assert travel.within_minutes == 8
    assert travel.road_graph_file == tmp_path / "roads" / "edges.gpkg"
