"""Place names: the deployment's own first, the largest first."""

from pathlib import Path

import pytest

from geo.areas import Geography
from geo.errors import PlaceListError
from geo.places import gather_places, read_own_places
from geo.projection import from_wgs84

CRS = "EPSG:27700"
OWN = """name,latitude,longitude
Cardiff Centre,51.481,-3.179
Ely,51.483,-3.248
Townhill,51.627,-3.959
Custody suite,51.9,-3.0
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "places.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cities_come_first(south_wales: Geography) -> None:
    places = south_wales.places
    assert places["name"].head(2).tolist() == ["Cardiff", "Swansea"]
    assert places["rank"].tolist() == list(range(1, len(places) + 1))
    assert places["population"].is_monotonic_decreasing
    easting_m, northing_m = from_wgs84(latitude=51.48, longitude=-3.18, crs=CRS)
    cardiff = places.iloc[0]
    assert abs(cardiff["easting_m"] - easting_m) < 1_000
    assert abs(cardiff["northing_m"] - northing_m) < 1_000


def test_the_own_list_wins_and_keeps_the_towns_it_does_not_name(
    south_wales: Geography, cache_folder: Path, tmp_path: Path
) -> None:
    places = gather_places(
        outline=south_wales.outline, crs=CRS, own_list=write(tmp_path, OWN), cache_folder=cache_folder
    ).set_index("name")
    assert "Cardiff" not in places.index
    # The town's population and, on a map of the force, its name pass to the own place in its middle.
    assert places.loc["Cardiff Centre", "rank"] == 1
    assert places.loc["Cardiff Centre", "label"] == "Cardiff"
    assert places.loc["Cardiff Centre", "population"] == south_wales.places["population"].iloc[0]
    assert places.loc["Swansea", "rank"] == 2
    assert places.loc["Townhill", "label"] == "Townhill"
    # A listed place counts even outside the outline; a GeoNames place does not.
    assert "Custody suite" in places.index
    assert "Newport" not in places.index


def test_a_list_in_metres_with_population(tmp_path: Path) -> None:
    path = write(tmp_path, "name,easting_m,northing_m,population\nHere,300000,180000,1200\nThere,310000,190000,\n")
    own = read_own_places(path, crs=CRS)
    assert own["easting_m"].tolist() == [300_000, 310_000]
    assert own["population"].tolist() == [1_200, 0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("town,latitude,longitude\nX,51,-3\n", "columns are missing"),
        ("name,latitude\nX,51\n", "columns are missing"),
        ("name,latitude,longitude\nX,51,-3\nY,north,-3\n", "line 3"),
        ("name,latitude,longitude\n,51,-3\n", "line 2"),
        ("", "cannot be used"),
    ],
)
def test_an_unusable_list_is_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(PlaceListError, match=reason):
        read_own_places(write(tmp_path, text), crs=CRS)


def test_a_missing_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlaceListError, match=r"nowhere\.csv"):
        read_own_places(tmp_path / "nowhere.csv", crs=CRS)
