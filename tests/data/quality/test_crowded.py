"""One point with many rows: a hostel among addresses is left alone or asked about; what is no address is settled."""

import numpy as np
import pandas as pd
import pytest

from data.quality.file_points import RAW_X, RAW_Y
from data.quality.places import settle_area_points
from geo.projection import to_wgs84
from tests.data.importing import south_wales

HOMES_OF_A_POSTCODE = 15


def homes(rows, *, generator):
    """Events at homes of South Wales: of 15 in each of its postcodes, some of either see many more than others."""
    geography = south_wales()
    row, column = np.nonzero(geography.addresses)
    cells = np.column_stack([geography.grid.easting_m[column], geography.grid.northing_m[row]])
    risk = geography.addresses[row, column] * generator.gamma(0.3, size=len(cells))
    of = generator.choice(len(cells), rows, p=risk / risk.sum())
    home = np.minimum(generator.geometric(0.25, rows) - 1, HOMES_OF_A_POSTCODE - 1)
    beside_m = np.random.default_rng(3).uniform(-50, 50, (len(cells) * HOMES_OF_A_POSTCODE, 2))
    return cells[of] + beside_m[of * HOMES_OF_A_POSTCODE + home]


def settled(metres, busy, *, typed=False, shared_points=None):
    """Which rows got an area's precision, and the warnings, of a file with `busy` rows on the point of the first."""
    metres[busy] = metres[busy][:1]
    latitude, longitude = to_wgs84(easting_m=metres[:, 0], northing_m=metres[:, 1], crs="EPSG:27700")
    decimals = np.where(busy & typed, 4, 6)
    records = pd.DataFrame(
        {
            RAW_X: [round(each, to) for each, to in zip(longitude, decimals, strict=True)],
            RAW_Y: [round(each, to) for each, to in zip(latitude, decimals, strict=True)],
            "location_source": "coordinates",
            "location_precision_m": 100.0,
            "incident_id": [str(number) for number in range(len(metres))],
        },
        index=np.arange(1, len(metres) + 1),
    )
    records, found = settle_area_points(
        records,
        crs="EPSG:4326",
        geography=south_wales(),
        known_points_m=np.empty((0, 3)),
        stations_m=np.empty((0, 2)),
        snap_m=100.0,
        shared_points=shared_points,
    )
    return (records["location_precision_m"] > 1_000).to_numpy(), {each.kind: each for each in found}


def a_few(rows, share, *, generator):
    busy = np.zeros(rows, dtype=bool)
    busy[generator.choice(rows, round(share * rows), replace=False)] = True
    return busy


def where_nobody_lives():
    """A point inside the force, a kilometre and more from its addresses."""
    geography = south_wales()
    empty = ~geography.addresses.astype(bool) & geography.inside
    row, column = np.nonzero(empty)
    points = np.column_stack([geography.grid.easting_m[column], geography.grid.northing_m[row]])
    row, column = np.nonzero(geography.addresses)
    cells = np.column_stack([geography.grid.easting_m[column], geography.grid.northing_m[row]])
    for point in points[:: len(points) // 200]:
        if np.hypot(*(cells - point).T).min() > 1_000:
            return point
    raise AssertionError


@pytest.mark.parametrize("seed", range(3))
def test_a_hostel_with_a_quarter_of_a_small_force_is_asked_about(seed):
    generator = np.random.default_rng(seed)
    busy = a_few(300, 0.25, generator=generator)
    areas, found = settled(homes(300, generator=generator), busy)
    assert not areas.any()
    assert set(found) == {"crowded_point"}
    assert found["crowded_point"].count == busy.sum()


@pytest.mark.parametrize("default", ["typed in", "where nobody lives", "near the middle of the force"])
def test_a_point_that_is_no_address_is_settled(default):
    generator = np.random.default_rng(4)
    busy = a_few(300, 0.22, generator=generator)
    metres = homes(300, generator=generator)
    if default == "where nobody lives":
        metres[busy] = where_nobody_lives()
    if default == "near the middle of the force":
        # As another outline of it has its middle.
        middle = south_wales().outline.centroid
        metres[busy] = middle.x + 250, middle.y - 250
    areas, found = settled(metres, busy, typed=default == "typed in")
    assert (areas == busy).all()
    assert set(found) == {"area_points"}
    assert 'shared_points = "places"' in found["area_points"].setting
    areas, found = settled(metres, busy, shared_points="places")
    assert not areas.any()
    assert not found


@pytest.mark.parametrize("seed", range(3))
def test_points_that_keep_to_one_an_area_are_the_areas_however_few_repeat(seed):
    generator = np.random.default_rng(seed)
    areas = south_wales().small_areas
    # Somebody else's middles: of other outlines, some hundred metres away.
    middles = np.array([[each.x, each.y] for each in areas.geometry.representative_point()])
    middles += generator.normal(0, 150, middles.shape)
    nobody = np.zeros(120, dtype=bool)
    found_areas, found = settled(middles[generator.choice(len(areas), 120)], nobody)
    assert set(found) == {"area_points"}
    assert found_areas.mean() > 0.95
    for rows in (40, 60, 120):
        found_areas, found = settled(homes(rows, generator=generator), nobody[:rows])
        assert not found_areas.any()


def test_middles_worked_out_by_somebody_else_are_known_among_true_places():
    generator = np.random.default_rng(6)
    areas = south_wales().small_areas
    middles = areas[["easting_m", "northing_m"]].to_numpy() + generator.normal(0, 250, (len(areas), 2))
    true = homes(220, generator=generator)
    metres = np.vstack([true, middles[generator.integers(0, len(areas), 380)]])
    nobody = np.zeros(600, dtype=bool)
    found_areas, found = settled(metres, nobody)
    assert "area_points" in found
    assert found_areas[220:].mean() > 0.6
    assert found_areas[:220].mean() < 0.05
    # Busy addresses in the same force stay where they are.
    busy = homes(25, generator=generator)[generator.integers(0, 25, 380)]
    found_areas, found = settled(np.vstack([true, busy]), nobody)
    assert not found_areas.any()


def test_a_point_that_repeats_among_measured_positions_is_no_place():
    """Nobody measures one position to the last decimal twice; of addresses every tenth is a fellow's."""
    for seed in range(3):
        generator = np.random.default_rng(seed)
        busy = a_few(2_000, 0.03, generator=generator)
        metres = homes(2_000, generator=generator)
        assert not settled(metres.copy(), busy)[0].any()
        areas, found = settled(metres + generator.normal(0, 8, metres.shape), busy)
        assert (areas == busy).all()
        assert found["area_points"].count == 60


def test_a_point_that_alone_repeats_is_asked_about_where_too_few_places_are_close_together():
    generator = np.random.default_rng(4)
    metres = homes(310, generator=generator)
    metres += generator.normal(0, 8, metres.shape)
    metres = metres[np.unique((metres / 300).round(), axis=0, return_index=True)[1]]
    busy = a_few(len(metres), 0.12, generator=generator)
    areas, found = settled(metres, busy)
    assert not areas.any()
    assert set(found) == {"crowded_point"}
    assert found["crowded_point"].count == busy.sum()


def test_the_larger_a_file_the_surer_that_a_quarter_of_it_is_no_hostel_and_a_fifth_may_be():
    for share in (0.2, 0.27):
        generator = np.random.default_rng(6)
        busy = a_few(700, share, generator=generator)
        metres = homes(700, generator=generator)
        assert np.unique(metres[~busy].round(), axis=0, return_counts=True)[1].max() <= 8
        areas, found = settled(metres, busy)
        assert (areas == (busy & (share > 0.25))).all()
        assert set(found) == {"area_points" if share > 0.25 else "crowded_point"}
