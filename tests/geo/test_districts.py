"""Recoded postcode districts, against Royal Mail's recodings that are well known."""

from pathlib import Path

import numpy as np
import pytest

from geo.areas import Geography
from geo.districts import superseded_districts
from geo.postcodes import read_directory

# Gone since the 1990s, and what took their place.
GONE = {
    "CF": {"CF1", "CF2", "CF4", "CF6", "CF7", "CF8"},
    "AB": {"AB1", "AB2", "AB3", "AB4", "AB5"},
}
IN_USE = {
    "CF": {"CF3", "CF5", "CF10", "CF11", "CF14", "CF15", "CF23", "CF24", "CF31", "CF37", "CF48", "CF61", "CF62", "CF63"}
    | {"CF64", "CF71", "CF72", "CF81", "CF82", "CF83"},
    "AB": {"AB10", "AB11", "AB12", "AB15", "AB16", "AB21", "AB25", "AB30", "AB31", "AB41", "AB42", "AB43", "AB51"},
}


@pytest.mark.parametrize("area", ["CF", "AB"])
def test_the_known_recodings_of_two_areas(area: str, cache_folder: Path) -> None:
    rows = read_directory(letters=area[0], cache_folder=cache_folder)
    coarse = (rows["easting"] % 100 == 0) & (rows["northing"] % 100 == 0)
    rows = rows[rows["district"].astype(str).str.match(area + "[0-9]") & ~coarse]
    rows = rows.drop_duplicates(["easting", "northing", "district"])
    gone = superseded_districts(
        easting=rows["easting"].to_numpy(), northing=rows["northing"].to_numpy(), district=rows["district"].to_numpy()
    )
    assert gone >= GONE[area]
    assert not gone & IN_USE[area]


def test_neighbours_that_merely_touch_are_in_use() -> None:
    rng = np.random.default_rng(5)
    easting, northing = (rng.integers(0, 8_000, 4_000).astype(np.int32) for _ in range(2))
    district = np.where(easting < 4_000, "XX1", "XX2").astype(object)
    assert superseded_districts(easting=easting, northing=northing, district=district) == frozenset()


def test_of_two_on_the_same_ground_the_lower_number_went() -> None:
    """Streets of XX2 recoded to XX14, with a few new postcodes beside each old one and an estate built since."""
    rng = np.random.default_rng(6)
    old = rng.integers(0, 8_000, (1_000, 2))
    recoded = np.repeat(old, 2, axis=0) + rng.integers(-30, 30, (2_000, 2))
    estate = rng.integers(8_500, 10_000, (300, 2))
    easting, northing = np.concatenate([old, recoded, estate]).astype(np.int32).T
    district = np.repeat(np.array(["XX2", "XX14"], dtype=object), [1_000, 2_300])
    assert superseded_districts(easting=easting, northing=northing, district=district) == {"XX2"}


def test_small_areas_of_the_force_are_districts_in_use(south_wales: Geography) -> None:
    codes = set(south_wales.small_areas["code"])
    assert not codes & GONE["CF"]
    assert codes >= {"CF10", "CF11", "CF14", "CF24", "CF31", "CF37", "CF44", "CF48", "CF62", "SA1", "SA5", "SA12"}
    assert len(codes) == 46
