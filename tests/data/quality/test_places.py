"""Points that stand for areas: middles moved at random, few that hold many rows; and real places, left alone."""

from functools import cache

import numpy as np
import pytest

from data.ingest import import_frame
from data.quality.scatter import find_scatter
from geo.projection import from_wgs84, to_wgs84
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales, stored
from tests.data.quality.files import MAPPING, clean_file

SPREADS = {
    "square": lambda generator, rows: generator.uniform(-400, 400, (rows, 2)),
    "disc": lambda generator, rows: _around(generator, rows, 400 * np.sqrt(generator.random(rows))),
    "ring": lambda generator, rows: _around(generator, rows, generator.uniform(200, 400, rows)),
    "normal": lambda generator, rows: generator.normal(0, 60, (rows, 2)),
}


def _around(generator, rows, distance_m):
    angle = generator.uniform(0, 2 * np.pi, rows)
    return distance_m[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.fixture
def check(tmp_path, monkeypatch):
    """A function that imports a frame with these places, in metres, and gives its warnings about places by kind."""
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    settings = make_settings(tmp_path)

    def run(metres, *, dry_run=True, first=0, shared_points=None, named=None, days_from=None, decimals=6, **stated):
        latitude, longitude = to_wgs84(easting_m=metres[:, 0], northing_m=metres[:, 1], crs="EPSG:27700")
        frame = clean_file(first + len(metres), seed=44).iloc[first:].reset_index(drop=True)
        frame["Lat"], frame["Lon"] = ([f"{each:.{decimals}f}" for each in degrees] for degrees in (latitude, longitude))
        if days_from is not None:
            frame.loc[days_from:, "When"] = frame.loc[days_from:, "When"].str[:10]
        place = {"x": "Lon", "y": "Lat", "shared_points": shared_points, **stated}
        mapping = MAPPING.model_copy(update={"place": make_mapping(place=place).place})
        if named is not None:
            frame["District"] = named
            mapping = mapping.model_copy(update={"columns": {**mapping.columns, "small_area": "District"}})
        report = import_frame(
            frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=south_wales(), dry_run=dry_run
        )
        return {each.kind: each for each in report.warnings if each.kind.endswith(("point", "points"))}

    run.settings = settings
    return run


def middles(every=4):
    """Middles of postcode districts, some kilometres apart, in metres."""
    areas = south_wales().small_areas
    return np.column_stack([areas["easting_m"], areas["northing_m"]])[::every]


def usual_half_m(centres):
    """Half the median distance from a centre to the nearest other, by comparing all with all."""
    apart = np.hypot(*(centres[:, None] - centres).transpose(2, 0, 1))
    return float(np.median(np.where(apart > 0, apart, np.inf).min(axis=1))) / 2


@cache
def addresses():
    """Where the postcodes of South Wales are, in cells of 100 m, and how many in each."""
    geography = south_wales()
    row, column = np.nonzero(geography.addresses)
    cells = np.column_stack([geography.grid.easting_m[column], geography.grid.northing_m[row]])
    return cells, geography.addresses[row, column].astype(float)


def real_places(rows, *, generator, spots=0, spread_m=400.0, repeated=0.0):
    """Places at the postcodes of South Wales: all over, or around `spots` of them; some addresses again and again."""
    cells, weight = addresses()
    if spots:
        chosen = cells[generator.choice(len(cells), spots, p=weight / weight.sum())]
        wide = spread_m * generator.lognormal(0, 0.5, spots)
        weight = weight * np.exp(-((cells[:, None] - chosen) ** 2).sum(axis=2) / 2 / wide**2).max(axis=1)
    found = cells[generator.choice(len(cells), rows, p=weight / weight.sum())] + generator.uniform(-50, 50, (rows, 2))
    again = generator.random(rows) < repeated
    found[again] = found[generator.integers(0, 4, int(again.sum()))]
    return np.round(found)


def rows_of(warning):
    return {row for first, last in warning.row_runs for row in range(first, last + 1)}


@pytest.mark.parametrize("spread", ["disc", "ring"])
def test_a_scatter_with_an_edge_is_certain_and_its_centres_are_the_middles(spread):
    generator = np.random.default_rng(9)
    centres = middles()
    metres = centres[generator.integers(0, len(centres), 500)] + SPREADS[spread](generator, 500)
    found = find_scatter(metres, np.ones(500, dtype=int))
    assert found.certain
    off_m = np.hypot(*(found.centres_m[:, None] - centres).transpose(2, 0, 1))
    assert (off_m.min(axis=1) < 150).all()
    assert (off_m.min(axis=0) < 150).all()
    assert found.apart_m == pytest.approx(2 * usual_half_m(centres), rel=0.03)
    mean_square = {"disc": 400**2 / 2, "ring": (400**3 - 200**3) / (3 * 200)}[spread]
    assert found.radius_m == pytest.approx(mean_square**0.5, rel=0.05)


@pytest.mark.parametrize("spread", ["square", "normal"])
def test_middles_moved_at_random_are_areas(check, spread):
    generator = np.random.default_rng(5)
    centres = middles()
    busy = generator.lognormal(0, 0.7, len(centres))
    of = generator.choice(len(centres), 400, p=busy / busy.sum())
    found = check(centres[of] + SPREADS[spread](generator, 400), dry_run=False)
    assert set(found) == {"scattered_points"}
    assert found["scattered_points"].count == 400
    assert found["scattered_points"].row_runs == ((1, 400),)
    kept = stored(check.settings, "incidents")["location_precision_m"]
    assert kept.min() >= 0.85 * usual_half_m(centres)
    counted = stored(check.settings, "counted")
    assert not counted["located"].any()
    assert counted["area_only"].all()
    # A few rows more of the same source; and a place of its own between the middles.
    later = centres[:4] + SPREADS[spread](generator, 4)
    between = (centres[0] + centres[np.argsort(np.hypot(*(centres - centres[0]).T))[1]]) / 2
    assert check(np.vstack([later, between]), first=400)["area_points"].row_numbers == (1, 2, 3, 4)


def test_middles_of_small_areas_are_in_no_smooth_map_either(check):
    """Wards of a town, 1.1 km apart: known better than to a kilometre, and a peak at each middle all the same."""
    generator = np.random.default_rng(8)
    across = np.arange(6) * 1_100.0
    centres = np.array([314_530.0, 173_530.0]) + np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    metres = centres[generator.integers(0, 36, 300)]
    assert set(check(metres, dry_run=False)) == {"area_points"}
    counted = stored(check.settings, "counted")
    assert not counted["located"].any()
    assert counted["small_area"].notna().all()
    # The same of a later file, by what is stored.
    assert check(metres[:3], first=300, dry_run=False)["area_points"].row_numbers == (1, 2, 3)
    assert stored(check.settings, "counted")["small_area"].notna().all()


def test_an_area_that_the_file_names_wins_over_a_point_that_stands_for_one_and_over_no_other(check):
    codes, centres = south_wales().small_areas["code"].to_numpy(), middles(every=1)
    areas = np.repeat(np.arange(len(codes)), 4)
    homes = real_places(60, generator=np.random.default_rng(3))
    own = south_wales().label_area(easting_m=homes[:, 0], northing_m=homes[:, 1]).small_area
    elsewhere = np.where(own == codes[0], codes[1], codes[0])
    # Small districts too, which are narrower than half the usual way to the next.
    found = check(np.vstack([centres[areas], homes]), named=np.concatenate([codes[areas], elsewhere]), dry_run=False)
    assert found["area_points"].count == len(areas)
    kept = stored(check.settings, "counted")
    assert kept["area_only"].sum() == len(areas)
    by_name = kept[kept["area_only"]]["small_area"].value_counts()
    assert by_name.to_dict() == dict.fromkeys(codes, 4)
    assert sorted(kept[kept["located"]]["small_area"]) == sorted(own)


def test_real_places_are_no_scattered_middles():
    """Samples of the real addresses: all over the force, in villages and towns of unlike size, with hostels."""
    ways = ({}, {"spots": 6}, {"spots": 15}, {"spots": 15, "spread_m": 200.0}, {"spots": 8, "repeated": 0.3})
    found = []
    for number in range(60):
        generator = np.random.default_rng(number)
        metres = real_places(int(generator.choice([120, 200, 500])), generator=generator, **ways[number % len(ways)])
        found.append(find_scatter(*np.unique(metres, axis=0, return_counts=True)))
    assert sum(each is not None for each in found) <= 2
    assert not any(each and each.certain for each in found)


def test_middles_among_as_many_true_places_are_named_by_how_they_keep_apart(check):
    """Half of a file at the middles of squares of 5 km, half where it happened: towns, with prolific addresses."""
    generator = np.random.default_rng(4)
    true = real_places(300, generator=generator)
    true[:60] = true[generator.integers(60, 75, 60)]
    corners = np.unique(np.floor(real_places(400, generator=generator) / 5_000), axis=0) * 5_000 + 2_500
    middles_m = corners[generator.integers(0, len(corners), 300)] + 7
    _corner, which, held = np.unique(middles_m, axis=0, return_inverse=True, return_counts=True)
    shared = set(301 + np.flatnonzero(held[which.ravel()] > 1))
    assert len(shared) > 200
    (settled,) = check(np.vstack([true, middles_m]), shared_points="areas").values()
    assert settled.kind == "area_points"
    assert shared <= rows_of(settled) <= shared | set(range(1, 76))
    told = check(np.vstack([true, middles_m])).values()
    assert shared <= {row for each in told for row in rows_of(each)}
    assert check(true) == {}


def test_middles_in_the_part_of_a_file_that_has_days_alone_are_told_by_the_places_of_the_rest(check):
    """Beats of some 2 km since a change of system; half of their rows share one, and towns are as dense as before."""
    generator = np.random.default_rng(8)
    places = real_places(440, generator=generator, spots=25, spread_m=2_000.0)
    beats = np.floor(places[260:] / 1_900) * 1_900 + generator.integers(400, 1_500, 2)
    metres = np.vstack([places[:260], beats])
    (told,) = check(metres, days_from=260).values()
    assert (told.kind, rows_of(told)) == ("area_points", set(range(261, 441)))
    assert "area_points" not in check(metres)
    hostels = np.vstack([places[:260], places[generator.integers(200, 300, 180)]])
    assert "area_points" not in check(hostels, days_from=260)


@pytest.mark.parametrize("decimals", [4, 6])
@pytest.mark.parametrize(("side_m", "offset_m"), [(500, 250), (1_000, 500), (500, 0)])
def test_places_given_as_the_middle_or_corner_of_their_square_are_areas(check, decimals, side_m, offset_m):
    generator = np.random.default_rng(side_m + offset_m)
    metres = real_places(240, generator=generator)
    of_squares = np.arange(240) % 3 > 0
    # A part of the places is known to 100 m, at which such squares have their corners too.
    metres[::6] = metres[::6] // 100 * 100
    metres[of_squares] = metres[of_squares] // side_m * side_m + offset_m
    found = check(metres, decimals=decimals)
    assert rows_of(found.pop("area_points")) == set(np.flatnonzero(of_squares) + 1)
    assert not found
    # They may be hostels, for all that the program knows.
    assert not check(metres, decimals=decimals, shared_points="places")


def test_middles_of_geohashes_are_areas(check):
    places = real_places(120, generator=np.random.default_rng(8))
    latitude, longitude = to_wgs84(easting_m=places[:, 0], northing_m=places[:, 1], crs="EPSG:27700")
    middles = [
        (np.floor(degrees * halvings / whole) + 0.5) * whole / halvings
        for degrees, whole, halvings in ((longitude, 360, 2**15), (latitude, 180, 2**15))
    ]
    easting_m, northing_m = from_wgs84(longitude=middles[0], latitude=middles[1], crs="EPSG:27700")
    found = check(np.column_stack([easting_m, northing_m]))
    assert rows_of(found["area_points"]) == set(range(1, 121))


@pytest.mark.parametrize("finest_m", [1, 100])
@pytest.mark.parametrize("decimals", [3, 4, 6])
def test_places_to_a_metre_or_to_100_m_stand_for_no_larger_squares(check, finest_m, decimals):
    for seed in range(5):
        metres = real_places(400, generator=np.random.default_rng(seed), repeated=0.1) // finest_m * finest_m
        assert "area_points" not in check(metres, decimals=decimals)


def test_pins_around_busy_addresses_are_no_moved_middles(check):
    """Half of a file at seventy addresses, each pinned somewhere around, and half at homes all over the force."""
    generator = np.random.default_rng(21)
    busy = real_places(70, generator=generator)[generator.integers(0, 70, 400)]
    metres = np.vstack([busy + SPREADS["normal"](generator, 400), real_places(400, generator=generator)])
    assert check(metres) == {}


def test_towns_of_one_spread_are_asked_about_and_the_mapping_answers(check):
    """A normal scatter has no edge: towns may look so, where they are not too far apart for it."""
    generator = np.random.default_rng(6)
    centres = middles()
    metres = centres[generator.integers(0, len(centres), 600)] + generator.normal(0, 200, (600, 2))
    asked = check(metres)
    assert set(asked) == {"scattered_points"}
    assert 'shared_points = "areas"' in asked["scattered_points"].setting
    assert "Nothing was changed" in asked["scattered_points"].advice
    assert check(metres, shared_points="places", dry_run=False) == {}
    assert (stored(check.settings, "incidents")["location_precision_m"] == 100).all()
    assert check(metres, shared_points="areas", dry_run=False)["scattered_points"].count == 600
    assert (stored(check.settings, "incidents")["location_precision_m"] > 0.85 * usual_half_m(centres)).all()
    assert check(metres, location_precision_m=9_000) == {}


def test_few_points_that_hold_a_fifth_are_asked_about_and_the_mapping_answers(check):
    generator = np.random.default_rng(7)
    metres = real_places(1_000, generator=generator)
    defaults = real_places(5, generator=generator)
    some = generator.random(1_000) < 0.2
    metres[some] = defaults[generator.integers(0, 5, some.sum())]
    asked = check(metres)
    assert set(asked) == {"crowded_point"}
    assert asked["crowded_point"].count == some.sum()
    rows = [row for first, last in asked["crowded_point"].row_runs for row in range(first, last + 1)]
    assert rows == (np.flatnonzero(some) + 1).tolist()
    assert "5 points" in asked["crowded_point"].sentence
    assert check(metres, shared_points="places") == {}
    settled = check(metres, shared_points="areas", dry_run=False)
    assert settled["area_points"].count == some.sum()
    known_m = stored(check.settings, "incidents")["location_precision_m"]
    assert (known_m > 100).sum() == some.sum()


def test_one_point_beyond_all_addresses_is_a_default(check):
    metres = real_places(600, generator=np.random.default_rng(10))
    metres[100:280] = metres[100]
    # Beside other busy addresses it may be one of them.
    busy = metres.copy()
    busy[300:312] = busy[300]
    assert set(check(busy)) == {"crowded_point"}
    found = check(metres, dry_run=False)
    assert set(found) == {"area_points"}
    assert found["area_points"].row_runs == ((101, 280),)
    assert stored(check.settings, "counted")["area_only"].sum() == 180
    assert check(metres, shared_points="places") == {}


@pytest.mark.parametrize(("single", "hostels"), [(240, (60,)), (12, (30, 18)), (8, (12, 9, 7, 4))])
def test_hostels_of_a_small_force_are_never_settled_as_areas(check, single, hostels):
    """At most asked about, with the line that ends the question."""
    metres = real_places(single + len(hostels), generator=np.random.default_rng(17))
    metres = np.vstack([metres[: len(metres) - len(hostels)], np.repeat(metres[-len(hostels) :], hostels, axis=0)])
    found = check(metres, dry_run=False)
    assert set(found) <= {"crowded_point"}
    assert (stored(check.settings, "incidents")["location_precision_m"] == 100).all()


def test_a_hostel_among_real_places_is_not_asked_about(check):
    metres = real_places(600, generator=np.random.default_rng(8))
    metres[:30] = metres[0]
    metres[30:55] = metres[30]
    assert check(metres) == {}


@pytest.mark.parametrize(("count", "kind"), [(220, "area_points"), (80, "crowded_point"), (220, None)])
def test_middles_most_of_which_come_once_or_twice_are_told_by_how_all_keep_apart(check, count, kind):
    generator = np.random.default_rng(3)
    if kind:
        # Beats of somebody's own, some 2 km wide: middles of no area of the settings.
        side = np.arange(20) * 2_000.0
        lattice = np.stack(np.meshgrid(270_000 + side, 170_000 + side), axis=-1).reshape(-1, 2)
        points = generator.permutation(lattice + generator.uniform(-500, 500, lattice.shape))[:count]
    else:
        points = real_places(count, generator=generator)
    of = np.concatenate([np.arange(count), generator.integers(0, count // 3, count)])
    assert set(check(np.round(points[of]))) == ({kind} if kind else set())
