"""Density against R's spatstat, direct sums, exact areas and real resampling."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from shapely import MultiPolygon, Polygon, box

from analytics import density
from analytics.edge_mass import kernel_mass_inside
from analytics.point_patterns import cells_inside, grid_over, inside_window

REFERENCE = Path(__file__).parents[1] / "reference" / "density"
SQUARE = box(0, 0, 40_000, 40_000)
L_SHAPE = Polygon([(0, 0), (40_000, 0), (40_000, 40_000), (22_000, 40_000), (22_000, 20_000), (0, 20_000)])
ISLANDS = MultiPolygon(
    [
        Polygon(
            [(0, 0), (30_000, 2_000), (26_000, 21_000), (9_000, 25_000)],
            [[(10_000, 8_000), (12_000, 15_000), (20_000, 9_000)]],
        ),
        Polygon([(33_000, 5_000), (38_000, 6_500), (34_000, 13_000)]),
    ]
)
"""A mainland with a lake, and an island; no edge is along an axis but one."""

COLUMNS = {"none": "noedge", "uniform": "edge", "diggle": "diggle"}


def reference_table(name):
    text = (REFERENCE / name).read_text().replace("np.float64(", "").replace(")", "").replace('"', "")
    return np.genfromtxt(text.splitlines(), delimiter=",", names=True)


def reference_points():
    points = reference_table("points_rect40km.csv")
    return {"easting_m": points["x_km"] * 1000, "northing_m": points["y_km"] * 1000}


def clustered(events, window, seed=0, clusters=12, spread_m=1_500):
    """Events around random centres, the way towns make them, inside the window."""
    generator = np.random.default_rng(seed)
    bounds = np.array(window.bounds)
    centres = generator.uniform(bounds[:2], bounds[2:], (clusters * 8, 2))
    centres = centres[shapely.contains_xy(window, centres)][:clusters]
    points = centres[generator.choice(len(centres), 4 * events)] + generator.normal(0, spread_m, (4 * events, 2))
    points = points[shapely.contains_xy(window, points)][:events]
    return {"easting_m": points[:, 0], "northing_m": points[:, 1]}


def worst_relative_error(surface, events, window, edge, weights=None):
    """The largest relative difference from the direct sum, where that is above 1 % of the maximum."""
    easting_m, northing_m = np.meshgrid(surface.easting_m, surface.northing_m)
    inside = surface.inside
    exact = density.kernel_density_at(
        **events, window=window, bandwidth_m=surface.bandwidth_m, edge=edge, weights=weights,
        at_easting_m=easting_m[inside], at_northing_m=northing_m[inside],
    )  # fmt: skip
    counts = exact > 0.01 * exact.max()
    return np.max(np.abs(surface.values_per_km2[inside][counts] / exact[counts] - 1))


@pytest.mark.parametrize("edge", density.EDGES)
@pytest.mark.parametrize(
    ("name", "window"), [("kde_rect_sigma1.5.csv", SQUARE), ("kde_Lshape_sigma1.5.csv", L_SHAPE)], ids=["square", "L"]
)
def test_exact_density_equals_spatstat(name, window, edge):
    expected = reference_table(name)
    actual = density.kernel_density_at(
        **reference_points(), window=window, bandwidth_m=1_500, edge=edge,
        at_easting_m=expected["x"] * 1000, at_northing_m=expected["y"] * 1000,
    )  # fmt: skip
    np.testing.assert_allclose(actual, expected[COLUMNS[edge]], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("edge", density.EDGES)
def test_lattice_density_is_close_to_spatstat(edge):
    expected = reference_table("kde_rect_sigma1.5.csv")
    surface = density.kernel_density(**reference_points(), window=SQUARE, bandwidth_m=1_500, cell_m=2_500, edge=edge)
    actual = surface.at(easting_m=expected["x"] * 1000, northing_m=expected["y"] * 1000)
    counts = expected[COLUMNS[edge]] > 0.01 * expected[COLUMNS[edge]].max()
    np.testing.assert_allclose(actual[counts], expected[COLUMNS[edge]][counts], rtol=0.005)


@pytest.mark.parametrize("window", [SQUARE, L_SHAPE, ISLANDS], ids=["square", "L", "islands"])
@pytest.mark.parametrize("edge", density.EDGES)
@pytest.mark.parametrize(("bandwidth_m", "cell_m"), [(1_500, 125), (1_500, 1_000), (700, 2_600), (6_000, 333)])
def test_density_is_within_half_a_per_cent_of_the_direct_sum_at_any_cell_size(window, edge, bandwidth_m, cell_m):
    events = clustered(150, window, seed=3)
    surface = density.kernel_density(**events, window=window, bandwidth_m=bandwidth_m, cell_m=cell_m, edge=edge)
    assert worst_relative_error(surface, events, window, edge) < 0.005


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(0.0, 40_000),
    y=st.floats(0.0, 40_000),
    bandwidth_m=st.floats(300, 15_000),
    ratio=st.floats(0.3, 20),
)
def test_one_event_anywhere_is_within_half_a_per_cent(x, y, bandwidth_m, ratio):
    cell_m = max(bandwidth_m / ratio, 100)
    events = {"easting_m": [x], "northing_m": [y]}
    surface = density.kernel_density(**events, window=SQUARE, bandwidth_m=bandwidth_m, cell_m=cell_m)
    assert worst_relative_error(surface, events, SQUARE, "diggle") < 0.005


def test_weights_count_as_so_many_events():
    events = clustered(60, ISLANDS)
    weights = np.arange(60) % 4
    repeated = {name: np.repeat(values, weights) for name, values in events.items()}
    options = {"window": ISLANDS, "bandwidth_m": 1_500, "cell_m": 400}
    weighted = density.kernel_density(**events, weights=weights, **options)
    np.testing.assert_allclose(
        weighted.values_per_km2, density.kernel_density(**repeated, **options).values_per_km2, atol=1e-12
    )
    assert weighted.weight == weights.sum()
    assert worst_relative_error(weighted, events, ISLANDS, "diggle", weights) < 0.005


@pytest.mark.parametrize("window", [SQUARE, L_SHAPE, ISLANDS], ids=["square", "L", "islands"])
@pytest.mark.parametrize("bandwidth_m", [700, 1_500, 5_000])
def test_diggle_integrates_to_the_events_inside(window, bandwidth_m):
    events = clustered(210, window, seed=5)
    surface = density.kernel_density(**events, window=window, bandwidth_m=bandwidth_m, cell_m=125)
    assert surface.integral == pytest.approx(210, rel=0.001)
    # The plain sum loses what the kernels put outside; the correction is what brings it back.
    plain = density.kernel_density(**events, window=window, bandwidth_m=bandwidth_m, cell_m=125, edge="none")
    assert plain.integral < 209


def test_l_shape_integrates_to_its_210_reference_events():
    surface = density.kernel_density(**reference_points(), window=L_SHAPE, bandwidth_m=1_500, cell_m=125)
    assert (surface.events, surface.events_outside) == (210, 90)
    assert surface.integral == pytest.approx(210, rel=0.001)


def test_events_outside_the_window_change_nothing_but_their_count():
    events = clustered(80, ISLANDS)
    more = {
        "easting_m": np.append(events["easting_m"], [15_000, 31_500, -1.0, 1e7]),
        "northing_m": np.append(events["northing_m"], [10_500, 8_000, 5_000, 1e7]),
    }
    options = {"window": ISLANDS, "bandwidth_m": 1_500, "cell_m": 500}
    alone, with_others = density.kernel_density(**events, **options), density.kernel_density(**more, **options)
    np.testing.assert_array_equal(alone.values_per_km2, with_others.values_per_km2)
    assert (with_others.events, with_others.events_outside) == (80, 4)


def test_rows_run_south_to_north_and_outside_is_nan():
    surface = density.kernel_density(
        easting_m=[2_000.0], northing_m=[17_000.0], window=L_SHAPE, bandwidth_m=1_000, cell_m=500
    )
    row, column = np.unravel_index(np.nanargmax(surface.values_per_km2), surface.values_per_km2.shape)
    assert abs(surface.northing_m[row] - 17_000) <= 500
    assert abs(surface.easting_m[column] - 2_000) <= 500
    assert np.isnan(surface.at(easting_m=[5_000.0], northing_m=[35_000.0]))[0]
    assert np.isnan(surface.at(easting_m=[-5_000.0], northing_m=[5_000.0]))[0]
    assert surface.bounds_m == (0, 0, 40_000, 40_000)


def test_moving_everything_moves_the_surface():
    events = clustered(120, ISLANDS)
    moved = {"easting_m": events["easting_m"] + 250_000, "northing_m": events["northing_m"] + 900_000}
    window = shapely.transform(ISLANDS, lambda corners: corners + np.array([250_000, 900_000]))
    here = density.kernel_density(**events, window=ISLANDS, bandwidth_m=1_200, cell_m=300)
    there = density.kernel_density(**moved, window=window, bandwidth_m=1_200, cell_m=300)
    np.testing.assert_allclose(there.values_per_km2, here.values_per_km2, rtol=1e-6, atol=1e-9)
    choice = [
        density.select_bandwidth(**points, window=area, location_precision_m=0).metres
        for points, area in ((events, ISLANDS), (moved, window))
    ]
    assert choice[0] == choice[1]


def test_a_fine_bandwidth_over_a_large_area_is_summed_directly():
    window = box(0, 0, 700_000, 700_000)
    events = clustered(50, window)
    for edge in density.EDGES:
        surface = density.kernel_density(**events, window=window, bandwidth_m=250, cell_m=2_000, edge=edge)
        # Diggle's surface is scaled, by so little, to add up to the events.
        assert worst_relative_error(surface, events, window, edge) < (0.0036 if edge == "diggle" else 1e-9)


# The mass of a kernel inside the window.


def mass_in_rectangle(x, y, bandwidth_m, west, south, east, north):
    across = ndtr((east - x) / bandwidth_m) - ndtr((west - x) / bandwidth_m)
    return across * (ndtr((north - y) / bandwidth_m) - ndtr((south - y) / bandwidth_m))


@pytest.mark.parametrize("bandwidth_m", [40, 1_500, 30_000])
def test_kernel_mass_is_exact_on_rectangles_at_corners_edges_and_outside(bandwidth_m):
    generator = np.random.default_rng(0)
    corners = np.array([[0, 0], [22_000, 20_000], [22_000, 40_000], [22_000, 30_000], [10_000, 20_000], [10_000, 0]])
    x, y = np.vstack([generator.uniform(-5_000, 45_000, (200, 2)), corners, corners + 1e-7]).T
    parts = [(0, 0, 40_000, 20_000), (22_000, 20_000, 40_000, 40_000)]
    expected = sum(mass_in_rectangle(x, y, bandwidth_m, *part) for part in parts)
    actual = kernel_mass_inside(window=L_SHAPE, easting_m=x, northing_m=y, bandwidth_m=bandwidth_m)
    np.testing.assert_allclose(actual, expected, atol=1e-9)


def test_kernel_mass_in_a_slanted_polygon_equals_that_of_its_pieces_and_a_quadrature():
    x, y = np.array([5_000.0, 11_500.0, 12_000.0, 33_000.0]), np.array([3_000.0, 9_000.0, 15_000.0, 9_000.0])
    whole = kernel_mass_inside(window=ISLANDS, easting_m=x, northing_m=y, bandwidth_m=2_000)
    pieces = [
        kernel_mass_inside(window=part, easting_m=x, northing_m=y, bandwidth_m=2_000)
        for part in shapely.intersection(ISLANDS, [box(9e3 * k - 1e3, -1, 9e3 * k + 8e3, 30e3) for k in range(5)])
    ]  # fmt: skip
    np.testing.assert_allclose(whole, np.sum(pieces, axis=0), atol=1e-12)
    grid = grid_over(window=ISLANDS, cell_m=20)
    easting_m, northing_m = (axis[cells_inside(ISLANDS, grid)] for axis in np.meshgrid(grid.easting_m, grid.northing_m))
    for i in range(4):
        kernel = np.exp(-((easting_m - x[i]) ** 2 + (northing_m - y[i]) ** 2) / (2 * 2_000**2))
        assert whole[i] == pytest.approx(kernel.sum() * 400 / (2 * np.pi * 2_000**2), abs=2e-4)


def test_each_centre_may_have_its_own_bandwidth():
    x, y, widths_m = np.array([1_000.0, 9_000.0]), np.array([900.0, 24_000.0]), np.array([500.0, 4_000.0])
    together = kernel_mass_inside(window=ISLANDS, easting_m=x, northing_m=y, bandwidth_m=widths_m)
    for i in range(2):
        alone = kernel_mass_inside(
            window=ISLANDS, easting_m=x[i : i + 1], northing_m=y[i : i + 1], bandwidth_m=float(widths_m[i])
        )
        assert together[i] == alone[0]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_point_in_polygon_agrees_with_shapely(seed):
    generator = np.random.default_rng(seed)
    star = shapely.convex_hull(shapely.multipoints(generator.uniform(0, 20_000, (9, 2))))
    hole = shapely.affinity.scale(star, 0.4, 0.4)
    window = star.difference(hole)
    x, y = np.vstack([generator.uniform(-2_000, 22_000, (2_000, 2)), shapely.get_coordinates(window)]).T
    np.testing.assert_array_equal(
        inside_window(window=window, easting_m=x, northing_m=y), shapely.intersects_xy(window, x, y)
    )
    grid = grid_over(window=window, cell_m=331)
    np.testing.assert_array_equal(
        cells_inside(window, grid), shapely.contains_xy(window, *np.meshgrid(grid.easting_m, grid.northing_m))
    )


# Bandwidth.


def test_criterion_equals_spatstats_bw_ppl():
    expected = reference_table("bw_ppl_curve.csv")
    options = {"window": SQUARE, "bandwidths_m": expected["sigma"] * 1000}
    exact = density.bandwidth_criterion(**reference_points(), **options)
    np.testing.assert_allclose(exact, expected["cv"], atol=1e-9, rtol=1e-9)
    best_km = json.loads((REFERENCE / "summary.json").read_text())["ppl"]["best_km"]
    assert expected["sigma"][np.argmax(exact)] == pytest.approx(best_km)


def test_half_scott_equals_half_of_the_reference():
    choice = density.select_bandwidth(**reference_points(), window=SQUARE, location_precision_m=0, rule="half-scott")
    scott_km = json.loads((REFERENCE / "summary.json").read_text())["scott_iso"]
    assert choice.metres == pytest.approx(scott_km * 500, rel=1e-6)
    assert choice.rule == "half-scott"
    assert "asked for" in choice.reason


def test_likelihood_takes_the_maximum_of_its_curve():
    choice = density.select_bandwidth(**reference_points(), window=SQUARE, location_precision_m=150)
    assert choice.rule == "likelihood"
    assert choice.bandwidths_m.size == 32
    assert choice.bandwidths_m[0] == pytest.approx(300)
    assert choice.bandwidths_m[-1] == pytest.approx(np.hypot(40_000, 40_000) / 8)
    np.testing.assert_allclose(np.diff(np.log(choice.bandwidths_m)), np.log(choice.bandwidths_m[1] / 300))
    curve = density.bandwidth_criterion(**reference_points(), window=SQUARE, bandwidths_m=choice.bandwidths_m)
    assert choice.metres == choice.bandwidths_m[np.argmax(curve)]
    assert f"{choice.metres:,.0f} m" in choice.reason


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("snapped_m", [0, 100])
def test_binned_criterion_chooses_as_the_exact_one(seed, snapped_m):
    events = clustered(2_000, ISLANDS, seed=seed, clusters=40, spread_m=700)
    if snapped_m:
        events = {name: np.round(values / snapped_m) * snapped_m for name, values in events.items()}
    bandwidths_m = np.geomspace(200, 5_800, 32)
    options = {"window": ISLANDS, "bandwidths_m": bandwidths_m}
    exact = density.bandwidth_criterion(**events, **options, method="exact")
    binned = density.bandwidth_criterion(**events, **options, method="binned")
    assert abs(int(np.argmax(exact)) - int(np.argmax(binned))) <= 1


def test_binned_criterion_knows_an_event_far_from_all_others():
    near = clustered(400, SQUARE, clusters=1, spread_m=300)
    events = {name: np.append(values, 39_000.0) for name, values in near.items()}
    options = {"window": SQUARE, "bandwidths_m": [250.0, 500.0, 1_000.0]}
    exact = density.bandwidth_criterion(**events, **options, method="exact")
    binned = density.bandwidth_criterion(**events, **options, method="binned")
    # Without its neighbours' distances it would count as -36, the logarithm of the FFT's rounding, not as -5,000.
    assert exact[0] < -5_000
    np.testing.assert_allclose(binned, exact, atol=30)


@pytest.mark.parametrize(
    ("events", "because"), [(12, "under 30 events"), (400, "widest bandwidth")], ids=["few", "nothing to find"]
)
def test_where_cross_validation_cannot_decide_half_scott_takes_its_place_and_says_so(events, because):
    points = np.random.default_rng(4).uniform(0, 40_000, (2, events))
    choice = density.select_bandwidth(easting_m=points[0], northing_m=points[1], window=SQUARE, location_precision_m=0)
    spread_m = np.sqrt(points[0].std(ddof=1) * points[1].std(ddof=1))
    assert choice.rule == "half-scott"
    assert choice.metres == pytest.approx(0.5 * spread_m * events ** (-1 / 6))
    assert because in choice.reason


def test_all_events_on_one_point_get_the_finest_bandwidth_and_a_surface():
    events = {"easting_m": np.full(60, 10_000.0), "northing_m": np.full(60, 10_000.0)}
    choice = density.select_bandwidth(**events, window=SQUARE, location_precision_m=0)
    assert choice.metres == 200
    surface = density.kernel_density(**events, window=SQUARE, bandwidth_m=choice.metres, cell_m=100)
    assert surface.integral == pytest.approx(60, rel=0.001)


# Uncertainty.


@pytest.mark.parametrize("edge", ["uniform", "diggle"])
def test_coefficient_of_variation_is_the_limit_of_the_bootstrap(edge):
    events = clustered(90, ISLANDS, clusters=4)
    weights = np.random.default_rng(8).integers(1, 4, 90)
    options = {"window": ISLANDS, "weights": weights}
    surface = density.kernel_density(**events, **options, bandwidth_m=2_000, cell_m=1_600, edge=edge)
    uncertainty = density.density_uncertainty(surface=surface, **events, **options)
    resampled = density.bootstrap_surfaces(
        **events, **options, bandwidth_m=2_000, cell_m=1_600, edge=edge, resamples=2_000, seed=1
    )
    values = np.stack([resample.values_per_km2 for resample in resampled])
    counts = surface.inside & (np.nan_to_num(surface.values_per_km2) > 0.01 * np.nanmax(surface.values_per_km2))
    deviation = values[:, counts].std(axis=0)
    exact = uncertainty.coefficient_of_variation[counts] * surface.values_per_km2[counts]
    # The standard deviation of 3,000 resamples has a relative error near 1 / sqrt(4,000), more in the tails.
    assert np.median(np.abs(deviation / exact - 1)) < 0.02
    assert np.max(np.abs(deviation / exact - 1)) < 0.15
    assert np.all(np.isnan(uncertainty.coefficient_of_variation[~surface.inside]))


def test_bootstrap_is_repeatable_and_keeps_the_number_of_events():
    events = clustered(40, ISLANDS)
    options = {**events, "window": ISLANDS, "bandwidth_m": 1_500, "cell_m": 500, "resamples": 3}
    first, again = (list(density.bootstrap_surfaces(**options, seed=7)) for _run in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.values_per_km2, other.values_per_km2)
        assert one.integral == pytest.approx(40, rel=0.005)
    assert not np.array_equal(first[0].values_per_km2, first[1].values_per_km2)


@pytest.mark.parametrize("events", [150, 120_000], ids=["all counted", "thinned first"])
def test_a_cell_is_masked_with_fewer_than_five_events_within_two_bandwidths(events):
    generator = np.random.default_rng(11)
    # Dense in one corner, sparse elsewhere: the thinned count cannot settle the sparse cells.
    dense, sparse = generator.normal(5_000, 900, (events - 60, 2)), generator.uniform(0, 40_000, (60, 2))
    points = np.vstack([sparse, dense])
    points = points[shapely.contains_xy(L_SHAPE, points)]
    located = {"easting_m": points[:, 0], "northing_m": points[:, 1]}
    surface = density.kernel_density(**located, window=L_SHAPE, bandwidth_m=1_500, cell_m=2_000)
    uncertainty = density.density_uncertainty(surface=surface, **located, window=L_SHAPE)
    fewer = np.array(
        [
            [np.count_nonzero(np.hypot(points[:, 0] - x, points[:, 1] - y) <= 3_000) < 5 for x in surface.easting_m]
            for y in surface.northing_m
        ]
    )
    np.testing.assert_array_equal(uncertainty.too_few, fewer & surface.inside)
    assert 0 < uncertainty.too_few.sum() < surface.inside.sum()
    variation = np.nan_to_num(uncertainty.coefficient_of_variation)
    np.testing.assert_array_equal(uncertainty.masked, (fewer | (variation > 0.5)) & surface.inside)


# Adaptive bandwidths.


def test_adaptive_bandwidths_follow_abramson():
    events = clustered(40, ISLANDS, clusters=3)
    surface = density.kernel_density_adaptive(**events, window=ISLANDS, bandwidth_m=1_500, cell_m=600)
    x, y = events["easting_m"], events["northing_m"]
    pilot = density.kernel_density_at(**events, window=ISLANDS, bandwidth_m=1_500, at_easting_m=x, at_northing_m=y)
    widths_m = np.minimum(1_500 * np.sqrt(np.exp(np.log(pilot).mean()) / pilot), 5 * 1_500)
    masses = kernel_mass_inside(window=ISLANDS, easting_m=x, northing_m=y, bandwidth_m=widths_m)
    easting_m, northing_m = np.meshgrid(surface.easting_m, surface.northing_m)
    expected = np.zeros(easting_m.shape)
    for i in range(40):
        squared = (easting_m - x[i]) ** 2 + (northing_m - y[i]) ** 2
        expected += np.exp(-squared / (2 * widths_m[i] ** 2)) / (2 * np.pi * widths_m[i] ** 2 * masses[i]) * 1e6
    inside = surface.inside
    ratio = surface.values_per_km2[inside] / expected[inside]
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-9)
    assert surface.integral == pytest.approx(40)
    assert np.median(ratio) == pytest.approx(1, abs=0.001)


def test_adaptive_density_integrates_to_the_events_and_is_trimmed():
    events = clustered(6_000, SQUARE)
    surface = density.kernel_density_adaptive(**events, window=SQUARE, bandwidth_m=2_000, cell_m=200)
    assert surface.integral == pytest.approx(6_000, rel=0.001)
    fixed = density.kernel_density(**events, window=SQUARE, bandwidth_m=2_000, cell_m=200)
    assert np.nanmax(surface.values_per_km2) > np.nanmax(fixed.values_per_km2)
    equal = density.kernel_density_adaptive(**events, window=SQUARE, bandwidth_m=2_000, cell_m=1_000, trim=1)
    assert equal.integral > 0


# Legend and cells.


def test_legend_limits_are_round_ascending_and_below_the_largest_value():
    assert density.density_classes(values=[np.nan, 3.7, 0.2]) == (0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 3.0)
    assert density.density_classes(values=[3.7, 1.4, 2.0]) == (1.0, 1.5, 2.0, 3.0)
    assert density.density_classes(values=[5.0]) == (5.0,)
    assert density.density_classes(values=np.geomspace(1e-9, 5, 99)) == (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    assert density.density_classes(values=np.geomspace(1e-9, 5, 99), most=5) == (0.2, 0.5, 1.0, 2.0, 5.0)
    assert density.density_classes(values=[0.0, np.nan]) == ()


@given(largest=st.floats(1e-6, 1e6), reach=st.floats(1.01, 1e4))
def test_legend_covers_the_values_or_an_eightyfold_range(largest, reach):
    values = np.geomspace(largest / reach, largest, 50)
    limits = density.density_classes(values=values)
    assert 1 <= len(limits) <= 7
    assert list(limits) == sorted(set(limits))
    assert limits[-1] <= largest * (1 + 1e-9)
    assert limits[-1] * 2.5 > largest * (1 - 1e-9)
    assert limits[0] <= np.quantile(values, 0.02) or largest / limits[0] >= 80 * (1 - 1e-9)
    assert len(limits) == 1 or limits[1] > values.min()


def test_suggested_cells_are_round_fit_the_screen_and_the_bandwidth():
    assert density.suggested_cell_m(window=SQUARE, bandwidth_m=1_500) == 100
    assert density.suggested_cell_m(window=box(0, 0, 500_000, 700_000), bandwidth_m=1_500) == 2_000
    assert density.suggested_cell_m(window=box(0, 0, 9e7, 9e7), bandwidth_m=1_500) == 180_000


# What cannot be computed says so.

GOOD = {"easting_m": [10_000.0, 11_000.0], "northing_m": [9_000.0, 9_500.0], "window": SQUARE, "bandwidth_m": 1_000,
        "cell_m": 500}  # fmt: skip
BAD = [
    ({"easting_m": [np.nan, 1.0]}, density.InvalidCoordinatesError, "1 event has a missing"),
    ({"easting_m": [1.0]}, density.InvalidCoordinatesError, "same length"),
    ({"easting_m": [], "northing_m": []}, density.NoEventsError, "No events"),
    ({"easting_m": [-9.0, -9.0]}, density.NoEventsError, "2 lie outside"),
    ({"window": Polygon()}, density.InvalidWindowError, "empty"),
    ({"window": shapely.Point(1, 1)}, density.InvalidWindowError, "not a polygon"),
    ({"window": Polygon([(0, 0), (2, 2), (3, 0), (0, 2)])}, density.InvalidWindowError, "crosses itself"),
    ({"bandwidth_m": 0}, density.InvalidBandwidthError, "positive"),
    ({"bandwidth_m": np.nan}, density.InvalidBandwidthError, "positive"),
    ({"cell_m": -5}, density.InvalidCellError, "positive"),
    ({"cell_m": 0.5}, density.TooManyCellsError, "at least 20 m"),
    ({"edge": "periodic"}, density.InvalidOptionError, "none, uniform, diggle"),
    ({"weights": [1.0, -1.0]}, density.InvalidWeightsError, "zero or more"),
    ({"weights": [0.0, 0.0]}, density.InvalidWeightsError, "not all zero"),
]


@pytest.mark.parametrize(("change", "error", "words"), BAD)
def test_bad_input_is_refused_with_a_sentence(change, error, words):
    with pytest.raises(error, match=words):
        density.kernel_density(**(GOOD | change))


def test_one_event_has_a_surface_but_no_bandwidth_of_its_own():
    one = GOOD | {"easting_m": [0.0], "northing_m": [0.0]}
    assert density.kernel_density(**one).integral == pytest.approx(1, rel=0.01)
    with pytest.raises(density.TooFewEventsError, match="1 event lies"):
        density.select_bandwidth(easting_m=[0.0], northing_m=[0.0], window=SQUARE, location_precision_m=0)
    with pytest.raises(density.InvalidTrimError, match="1 or more"):
        density.kernel_density_adaptive(**GOOD, trim=0.5)


def test_results_cannot_be_changed_and_threads_agree():
    events = clustered(500, ISLANDS)
    surfaces = []
    barrier = threading.Barrier(6)

    def work():
        barrier.wait()
        window = shapely.from_wkb(shapely.to_wkb(ISLANDS))
        surfaces.append(density.kernel_density(**events, window=window, bandwidth_m=1_371, cell_m=200))

    threads = [threading.Thread(target=work) for _thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(surfaces) == 6
    for surface in surfaces:
        np.testing.assert_array_equal(surface.values_per_km2, surfaces[0].values_per_km2)
        with pytest.raises(ValueError, match="read-only"):
            surface.values_per_km2[0, 0] = 1.0
