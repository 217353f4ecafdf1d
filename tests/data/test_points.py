"""Places written in one text, against published grid references and an outside library's transforms."""

import numpy as np
import pytest
from pyproj import Transformer

from data.points import parse_points

BRITISH, IRISH = "EPSG:27700", "EPSG:29903"


def read(*texts, crs=BRITISH, **options):
    return parse_points(np.array(texts, dtype=object), crs=crs, **options)


@pytest.mark.parametrize(
    ("text", "crs", "corner", "side_m"),
    [
        # Ordnance Survey, A Guide to Coordinate Systems in Great Britain: Caister water tower.
        ("TG 51409 13177", BRITISH, (651_409, 313_177), 1),
        ("TG5140913177", BRITISH, (651_409, 313_177), 1),
        ("NGR: TG 514 131", BRITISH, (651_400, 313_100), 100),
        # Ordnance Survey, "Using the National Grid": the company's own building in Southampton.
        ("SU 387 148", BRITISH, (438_700, 114_800), 100),
        ("su387148", BRITISH, (438_700, 114_800), 100),
        ("SU 38 14", BRITISH, (438_000, 114_000), 1_000),
        ("SU 3 1", BRITISH, (430_000, 110_000), 10_000),
        ("J 338 739", IRISH, (333_800, 373_900), 100),
        ("IJ338739", IRISH, (333_800, 373_900), 100),
    ],
)
def test_a_grid_reference_is_the_middle_of_the_square_that_the_survey_gives_it(text, crs, corner, side_m):
    points = read(text, crs=crs)
    assert (points.x[0], points.y[0]) == (corner[0] + side_m / 2, corner[1] + side_m / 2)
    # As far as the square's corners are.
    assert points.precision_m[0] == pytest.approx(np.hypot(side_m, side_m) / 2)


@pytest.mark.parametrize(
    ("reference", "latitude", "longitude"),
    [
        # Summits and headlands, as gazetteers give both: each in another square of the two grids.
        ("NN 166 712", 56.79685, -5.00351),  # Ben Nevis
        ("SH 609 543", 53.06850, -4.07630),  # Snowdon
        ("NY 215 072", 54.45420, -3.21150),  # Scafell Pike
        ("SW 341 250", 50.06590, -5.71480),  # Land's End
        ("J 358 277", 54.18030, -5.92070),  # Slieve Donard
    ],
)
def test_known_places_lie_where_both_ways_of_saying_so_put_them(reference, latitude, longitude):
    by_letters = read(reference, crs="EPSG:4326")
    away = Transformer.from_crs("EPSG:4326", BRITISH, always_xy=True)
    apart_m = np.hypot(
        *(np.subtract(away.transform(by_letters.x[0], by_letters.y[0]), away.transform(longitude, latitude)))
    )
    assert apart_m < 150


ONE_PLACE = (
    "50.90833, -1.40333",
    "(50.90833, -1.40333)",
    "Town Hall\nSouthampton\n(50.90833, -1.40333)",
    "POINT (-1.40333 50.90833)",
    "50,90833; -1,40333",
    "Lat: 50.90833 Long: -1.40333",
    "50.90833N 1.40333W",
    "50° 54' 30\" N, 1° 24' 12\" W",
    "50°54\u203230\u2033, -1°24\u203212\u2033",
    "N50 54.500 W001 24.200",
    '{"latitude": "50.90833", "longitude": "-1.40333", "human_address": "{\\"city\\": \\"SOUTHAMPTON 1.5\\"}"}',
    "{'lat': 50.90833, 'lng': -1.40333}",
    '{"type": "Point", "coordinates": [-1.40333, 50.90833]}',
)


def test_each_form_of_degrees_says_the_same_place_on_any_system():
    easting_m, northing_m = Transformer.from_crs("EPSG:4326", BRITISH, always_xy=True).transform(-1.40333, 50.90833)
    degrees = read(*ONE_PLACE, crs="EPSG:4326")
    assert degrees.x == pytest.approx(-1.40333, abs=1e-5)
    assert degrees.y == pytest.approx(50.90833, abs=1e-5)
    # "POINT" says no system: its numbers are on the file's own.
    metres = read(*(text for text in ONE_PLACE if "POINT" not in text.upper()))
    assert metres.x == pytest.approx(easting_m, abs=1)
    assert metres.y == pytest.approx(northing_m, abs=1)
    assert read("-1.40333, 50.90833", crs="EPSG:4326", swapped=True).y == 50.90833


def test_eastings_and_northings_in_one_text():
    forms = (
        '{"x": 438700, "y": 114800}',
        "438700, 114800",
        "438700 114800",
        "E 438700 N 114800",
        "N: 114800, E: 438700",
        "438700E 114800N",
    )
    points = read(*forms)
    assert (set(points.x), set(points.y)) == ({438_700.0}, {114_800.0})
    assert read("114800 438700", swapped=True).x == 438_700


@pytest.mark.parametrize("part", ["1", "1 ", "1.", "1°", "lat 1", "n1 ", "1,", "SU 1 ", "(", '{"x": 1 ', '{"'])
@pytest.mark.parametrize("length", [60, 199, 10_000])
def test_a_long_cell_is_no_place_and_takes_no_time(part, length):
    """Tried in every way in which its figures can be divided, one such cell would take hours."""
    text = (part * length)[: length - 1] + "x"
    assert parse_points(np.array([text], dtype=object), crs="EPSG:27700").unreadable.all()


def test_what_says_no_place_is_named_and_nothing_is_no_mistake():
    none = ("SU 38 148", "XX 123 456", "36/5000/24", "2024-01-02", "SW1A 1AA", "50.9", "E 438700 E 114800", "home")
    points = read(*none, "", "unknown", "0, 0")
    assert points.unreadable.tolist() == [True] * len(none) + [False] * 3
    assert np.isnan(points.x[:-1]).all()
    # One letter alone: a reference to the Irish grid, or one to the British that lacks a letter.
    assert read("J 338 739", irish=False).unreadable.all()
    # What some systems write for none stays so.
    assert points.x[-1] == points.y[-1] == 0
