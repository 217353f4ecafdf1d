"""Postcodes of public buildings, where maps put them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo.errors import CrsNotMetricError
from geo.postcodes import look_up_postcodes, normalise_postcodes
from geo.projection import from_wgs84


def test_case_and_spaces_do_not_matter() -> None:
    written = pd.Series(
        ["cf101aa", " CF10 1AA ", "Cf10\u00a01aA", "SW1A 1AA", "e1 6an", "M1-1AE"], index=list("abcdef")
    )
    normal = normalise_postcodes(written)
    assert normal.tolist() == ["CF10 1AA"] * 3 + ["SW1A 1AA", "E1 6AN", "M1 1AE"]
    assert normal.index.tolist() == list("abcdef")


def test_what_is_not_a_postcode_is_missing() -> None:
    assert normalise_postcodes(pd.Series(["CF10", "", None, np.nan, "10 CF 1AA", "unknown", 42])).isna().all()


def test_public_buildings_are_where_they_are(cache_folder: Path) -> None:
    # City Hall Cardiff; Guildhall Swansea; Edinburgh City Chambers; Belfast City Hall (Irish Grid in the directory).
    buildings = {
        "CF10 3ND": (51.4854, -3.1789, "W06000015"),
        "SA1 4PE": (51.6153, -3.9596, "W06000011"),
        "BT1 5GS": (54.5965, -5.9301, "N09000003"),
    }
    result = look_up_postcodes(postcodes=pd.Series(list(buildings)), crs="EPSG:27700", cache_folder=cache_folder)
    latitude, longitude, authority = zip(*buildings.values(), strict=True)
    easting_m, northing_m = from_wgs84(latitude=latitude, longitude=longitude, crs="EPSG:27700")
    assert result["found"].all()
    assert result["authority"].tolist() == list(authority)
    assert np.hypot(result["easting_m"] - easting_m, result["northing_m"] - northing_m).max() < 400


def test_the_same_place_on_another_system(cache_folder: Path) -> None:
    irish = look_up_postcodes(postcodes=pd.Series(["BT1 5GS"]), crs="EPSG:29903", cache_folder=cache_folder).iloc[0]
    easting_m, northing_m = from_wgs84(latitude=54.5965, longitude=-5.9301, crs="EPSG:29903")
    assert np.hypot(irish["easting_m"] - easting_m, irish["northing_m"] - northing_m) < 100
    # The directory's own whole metres come through untouched on its own grid.
    assert irish["easting_m"] == round(irish["easting_m"])


def test_what_is_not_found_says_so_and_keeps_its_row(cache_folder: Path) -> None:
    asked = pd.Series(["CF10 9ZZ", None, "nonsense", "cf10 3nd", "CF99 9ZZ", "CF10 3ND"], index=[5, 4, 3, 2, 1, 0])
    result = look_up_postcodes(postcodes=asked, crs="EPSG:27700", cache_folder=cache_folder)
    assert result.index.tolist() == [5, 4, 3, 2, 1, 0]
    assert result["found"].tolist() == [False, False, False, True, False, True]
    missing = result[~result["found"]]
    assert missing[["easting_m", "northing_m", "authority"]].isna().all(axis=None)
    # The district is known although the postcode is not.
    assert result["district"].iloc[[0, 3]].tolist() == ["CF10", "CF10"]
    assert result["district"].iloc[[1, 2]].isna().all()
    assert result["easting_m"].iloc[3] == result["easting_m"].iloc[5]


def test_only_the_directory_is_kept_whatever_was_asked(tmp_path: Path) -> None:
    look_up_postcodes(postcodes=pd.Series(["ZE1 0AA"]), crs="EPSG:27700", cache_folder=tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    look_up_postcodes(postcodes=pd.Series(["ZE2 9DU", "ze3 9jy"]), crs="EPSG:27700", cache_folder=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_nothing_asked_nothing_read(tmp_path: Path) -> None:
    result = look_up_postcodes(postcodes=pd.Series([], dtype=str), crs="EPSG:27700", cache_folder=tmp_path)
    assert result.empty
    assert list(result.columns) == ["easting_m", "northing_m", "district", "authority", "found"]
    assert not list(tmp_path.iterdir())


def test_degrees_are_refused(cache_folder: Path) -> None:
    with pytest.raises(CrsNotMetricError):
        look_up_postcodes(postcodes=pd.Series(["CF10 3ND"]), crs="EPSG:4326", cache_folder=cache_folder)
