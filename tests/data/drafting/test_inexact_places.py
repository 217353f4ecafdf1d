"""Headings that say how inexact the coordinates under them are."""

import numpy as np
import pytest

from geo.projection import from_wgs84
from tests.data.drafting.test_draft import drafted

MIDDLES = np.array([(51.62, -3.94), (51.48, -3.18), (51.747, -3.378), (51.6, -3.66), (51.55, -3.55)])


def draft_of(x, y, *, scattered, metres=False):
    """The draft of 60 rows with places under these headings: at five middles, or scattered over the force."""
    generator = np.random.default_rng(1)
    places = MIDDLES[generator.integers(0, 5, 60)] + scattered * generator.normal(0, 0.01, (60, 2))
    texts = [(f"{lon:.5f}", f"{lat:.5f}") for lat, lon in places]
    if metres:
        east, north = from_wgs84(latitude=places[:, 0], longitude=places[:, 1], crs="EPSG:27700")
        texts = [(f"{e:.1f}", f"{n:.1f}") for e, n in zip(east, north, strict=True)]
    rows = [[f"R{i}", f"{1 + i % 28:02}/03/2025 09:15", *texts[i], "Male"] for i in range(60)]
    return drafted(["Reference", "Date and time", x, y, "Gender"], rows)


@pytest.mark.parametrize(
    ("x", "y", "known_m"),
    [
        ("Longitude Random", "Latitude Random", 500),
        ("Longitude_Random", "Latitude_Random", 500),
        ("Approx Lon", "Approx Lat", 500),
        ("Masked_X", "Masked_Y", 500),
        ("long_rounded", "lat_rounded", 500),
        ("Block Easting", "Block Northing", 100),
    ],
)
def test_places_moved_on_purpose_are_proposed_as_inexact_and_asked_about(x, y, known_m):
    draft = draft_of(x, y, scattered=True, metres="Easting" in x)
    assert (draft.raw["place"]["x"], draft.raw["place"]["y"]) == (x, y)
    assert draft.mapping().place.location_precision_m == known_m
    (question,) = (each for each in draft.questions if each.setting == "place.location_precision_m")
    assert str(known_m) in question.choices
    assert "not exact" in question.sentence
    assert "To settle" in draft.toml()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("County Longitude", "County Latitude"),
        ("Ward_Centroid_X", "Ward_Centroid_Y"),
        ("District Longitude", "District Latitude"),
        ("DZ_Longitude", "DZ_Latitude"),
        ("Centroid Long", "Centroid Lat"),
    ],
)
def test_places_of_areas_are_known_to_half_the_way_between_them(x, y):
    east, north = from_wgs84(latitude=MIDDLES[:, 0], longitude=MIDDLES[:, 1], crs="EPSG:27700")
    apart = np.hypot(east[:, None] - east, north[:, None] - north)
    half_m = np.median(np.where(apart > 0, apart, np.inf).min(axis=1)) / 2
    draft = draft_of(x, y, scattered=False)
    assert (draft.raw["place"]["x"], draft.raw["place"]["y"]) == (x, y)
    # Two digits are told.
    assert draft.mapping().place.location_precision_m == pytest.approx(half_m, rel=0.05)
    # Moved middles do not tell it; they are no places of what happened all the same.
    assert draft_of(x, y, scattered=True).mapping().place.location_precision_m > 1_000


@pytest.mark.parametrize(
    ("heading", "words", "known_m"),
    [
        (
            "Geocode Type",
            ("ROOFTOP", "RANGE_INTERPOLATED", "GEOMETRIC_CENTER", "APPROXIMATE"),
            {"rooftop": "50", "range_interpolated": "100", "geometric_center": "5000", "approximate": "5000"},
        ),
        (
            "How found",
            ("StreetAddress", "Centroid", "Postal"),
            {"streetaddress": "50", "centroid": "5000", "postal": "5000"},
        ),
        ("Accuracy", ("Exact", "Approximate"), {"exact": "50", "approximate": "500"}),
        ("Location type", ("Street", "House", "Park"), None),
        ("Premises", ("House", "Street"), None),
        ("Match type", ("Police", "Street"), None),
    ],
)
def test_words_of_a_geocoder_say_how_exact_each_place_is(heading, words, known_m):
    generator = np.random.default_rng(1)
    places = MIDDLES[generator.integers(0, 5, 60)] + generator.normal(0, 0.01, (60, 2))
    rows = [
        [f"R{i}", f"{1 + i % 28:02}/03/2025 09:15", f"{x:.5f}", f"{y:.5f}", words[i % len(words)]]
        for i, (y, x) in enumerate(places)
    ]
    draft = drafted(["Reference", "Date and time", "Longitude", "Latitude", heading], rows)
    mapping = draft.mapping()
    assert mapping.columns.get("location_precision_m") == (heading if known_m else None)
    assert mapping.values.get("location_precision_m") == known_m
    asked = any(each.setting == "values.location_precision_m" for each in draft.questions)
    assert asked == ("5000" in (known_m or {}).values())


@pytest.mark.parametrize(
    ("x", "y"), [("Longitude", "Latitude"), ("X_Coord", "Y_Coord"), ("Incident Lon", "Incident Lat")]
)
def test_other_places_are_exact(x, y):
    draft = draft_of(x, y, scattered=True)
    assert (draft.raw["place"]["x"], draft.raw["place"]["y"]) == (x, y)
    assert "location_precision_m" not in draft.raw["place"]
    assert not any(each.setting.startswith("place") for each in draft.questions)


def test_of_the_same_coordinates_those_are_read_whose_headings_say_that_they_were_moved():
    places = MIDDLES[np.arange(60) % 5] + np.random.default_rng(1).normal(0, 0.01, (60, 2))
    for twin, x in ((0.0, "Longitude_Random"), (0.01, "X")):
        rows = [
            [
                f"R{i}",
                f"{1 + i % 28:02}/03/2025 09:15",
                f"{lon:.4f}0001",
                f"{lat:.4f}",
                f"{lon + twin:.4f}",
                f"{lat + twin:.4f}",
            ]
            for i, (lat, lon) in enumerate(places)
        ]
        draft = drafted(["Reference", "Date and time", "X", "Y", "Longitude_Random", "Latitude_Random"], rows)
        assert draft.raw["place"]["x"] == x
        assert draft.raw["place"].get("location_precision_m") == (500 if x != "X" else None)
