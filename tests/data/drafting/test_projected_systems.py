"""Coordinates on a system that nobody named, against the transformations of PROJ itself."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import shapely
from pyproj import Transformer

from data.drafting.projected_systems import possible_systems
from tests.data.drafting.test_treated import drafted
from tests.data.importing import south_wales


def places(west, south, east, north, *, crs, count=200):
    draw = np.random.default_rng(3)
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(
        draw.uniform(west, east, count), draw.uniform(south, north, count)
    )


def test_state_plane_feet_are_told_by_where_they_lie_and_datums_are_told_apart_or_both_named():
    chicago = (-87.85, 41.65, -87.55, 42.0)
    corners = Transformer.from_crs("EPSG:4326", "EPSG:32616", always_xy=True).transform_bounds(*chicago)
    geography = replace(south_wales(), crs="EPSG:32616", outline=shapely.box(*corners))
    x, y = places(*chicago, crs="EPSG:3435")
    for first, second, swapped in ((x, y, False), (y, x, True)):
        (system,) = possible_systems(first, second, geography=geography)
        assert (system.crs, system.swapped) == ("EPSG:3435", swapped)
    # The old datum's zone is some 200 m off the new one's.
    x, y = places(*chicago, crs="EPSG:26716")
    assert {"EPSG:26716", "EPSG:26916"} <= {each.crs for each in possible_systems(x, y, geography=geography)}
    assert possible_systems(x * 0.3, y * 0.3, geography=geography) == ()


def test_the_register_is_asked_where_no_usual_system_fits_and_only_possible_ones_are_offered():
    x, y = places(-3.6, 51.55, -3.3, 51.7, crs="EPSG:25830", count=40)
    start, draw = datetime(2024, 1, 1, 8), random.Random(2)
    rows = [
        [
            f"R{n:03}",
            f"{start + timedelta(hours=31 * n):%d/%m/%Y %H:%M}",
            f"{east:.1f}",
            f"{north:.1f}",
            draw.choice("MF"),
        ]
        for n, (east, north) in enumerate(zip(x, y, strict=True))
    ]
    draft = drafted(["Incident number", "Date", "Easting", "Northing", "Sex"], rows)
    (asked,) = (each for each in draft.questions if each.setting == "place.crs")
    assert "EPSG:25830" in asked.choices
    assert "EPSG:27700" not in asked.choices
