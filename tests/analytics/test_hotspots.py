"""Hotspots against naive loops, planted places and noise."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, poisson
from shapely import Polygon, box

from analytics import density, hotspots
from analytics.contiguous_areas import contiguous_areas, densest_cells
from analytics.estimate import poisson_interval
from analytics.point_patterns import Grid

WINDOW = Polygon(
    [(0, 0), (30_000, 1_000), (27_000, 20_000), (2_000, 18_000)], [[(9e3, 8e3), (12e3, 12e3), (14e3, 7e3)]]
)
TOWNS = np.array([[6_000, 5_000], [22_000, 6_000], [20_000, 15_000], [6_000, 15_000], [15_000, 15_000]])
TOWN_SHARES = np.array([0.4, 0.25, 0.15, 0.12, 0.08])
PLACE = np.array([[15_000.0, 15_000.0]])
"""The smallest town, where the planted place is."""


def addresses(count, seed):
    generator = np.random.default_rng(seed)
    town = generator.choice(len(TOWNS), 2 * count, p=TOWN_SHARES)
    points = TOWNS[town] + generator.normal(0, 1_400, (2 * count, 2))
    return points[shapely.contains_xy(WINDOW, points)][:count]


def located(points):
    return {"easting_m": points[:, 0], "northing_m": points[:, 1]}


def found_in(points, *, seed=1, simulations=99, resamples=0, years=2.0, **options):
    """Hotspots the way the page finds them: bandwidth chosen, cells for hotspots, addresses as denominator."""
    choice = density.select_bandwidth(**located(points), window=WINDOW, location_precision_m=50)
    cell_m = hotspots.hotspot_cell_m(window=WINDOW, bandwidth_m=choice.metres)
    surface = density.kernel_density(**located(points), window=WINDOW, bandwidth_m=choice.metres, cell_m=cell_m)
    denominator = hotspots.denominator_cells(surface=surface, **located(addresses(20_000, 99)))
    found = hotspots.find_hotspots(
        surface=surface, **located(points), window=WINDOW, years=years, denominator=denominator,
        resamples=resamples, simulations=simulations, seed=seed, **options,
    )  # fmt: skip
    return surface, denominator, found


def planted(seed):
    """A hundred events at addresses and fourteen more around one place in the smallest town."""
    around = PLACE + np.random.default_rng(seed).normal(0, 250, (14, 2))
    return np.vstack([addresses(100, seed), around])


FOUND_ONCE = found_in(planted(3), simulations=19)


# Parts.


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.95))
def test_densest_cells_are_the_fewest_that_hold_the_share(seed, share):
    generator = np.random.default_rng(seed)
    values = np.where(generator.random((6, 7)) < 0.2, np.nan, generator.random((6, 7)))
    mask, level = densest_cells(values, share=share)
    total = np.nansum(values)
    assert values[mask].sum() >= share * total * (1 - 1e-12)
    assert values[mask].sum() - values[mask].min() < share * total
    assert level == values[mask].min() > np.nanmax(np.where(mask, -np.inf, values))


def test_areas_touch_along_sides_only_and_keep_their_holes():
    mask = np.zeros((6, 7), dtype=bool)
    mask[1:4, 1:4] = True
    mask[2, 2] = False
    mask[4, 4] = True
    grid = Grid(west_m=0.1, south_m=-0.3, cell_m=100 / 3, columns=7, rows=6)
    areas = contiguous_areas(mask, grid=grid)
    assert sorted(area.cells[0].size for area in areas) == [1, 8]
    for area in areas:
        assert isinstance(area.outline, Polygon)
        assert area.outline.area / 1e6 == pytest.approx(area.area_km2)
    assert contiguous_areas(np.zeros((3, 3), dtype=bool), grid=grid) == ()


def test_hotspot_cells_follow_the_bandwidth_and_the_area():
    assert hotspots.hotspot_cell_m(window=WINDOW, bandwidth_m=900) == pytest.approx(300)
    assert hotspots.hotspot_cell_m(window=box(0, 0, 9e5, 9e5), bandwidth_m=900) == pytest.approx(600)


# Finding.


def test_a_planted_place_is_found_beyond_chance_and_described():
    points = planted(3)
    surface, denominator, found = found_in(points, resamples=50)
    hotspot = min(found.hotspots, key=lambda one: one.chance)
    assert hotspot.beyond_chance
    assert hotspot.chance == 0.01
    assert np.hypot(hotspot.easting_m - 15_000, hotspot.northing_m - 15_000) < 1_000
    assert hotspot.kept_share > 0.8
    inside = shapely.intersects_xy(hotspot.outline, points[:, 0], points[:, 1])
    assert hotspot.events == inside.sum()
    assert hotspot.area_km2 == pytest.approx(hotspot.outline.area / 1e6)
    assert hotspot.rate_per_km2_year == pytest.approx(hotspot.events / hotspot.area_km2 / 2)
    lower, upper = (bound / hotspot.area_km2 / 2 for bound in poisson_interval(hotspot.events))
    assert (hotspot.rate_lower, hotspot.rate_upper) == pytest.approx((lower, upper))
    # The expected number and the ratio, by hand: 1 % of the denominator is spread evenly.
    cells = found.labels == hotspot.rank
    share = 0.99 * denominator[cells].sum() / denominator.sum() + 0.01 * cells.sum() / surface.inside.sum()
    n, total, expected = hotspot.events, len(points), len(points) * share
    ratio = n * np.log(n / expected) + (total - n) * np.log((total - n) / (total - expected))
    assert hotspot.expected == pytest.approx(expected)
    assert hotspot.log_likelihood_ratio == pytest.approx(ratio)


def test_hotspots_together_are_the_densest_quarter_less_what_fell_short():
    points = planted(4)
    surface, _denominator, found = found_in(points, simulations=9)
    mask, level = densest_cells(surface.values_per_km2, share=0.25)
    assert found.level_per_km2 == level
    assert np.all(mask[found.labels > 0])
    areas = contiguous_areas(mask, grid=surface.grid)
    assert len(areas) == len(found.hotspots) + found.areas_short
    counts = [shapely.intersects_xy(area.outline, points[:, 0], points[:, 1]).sum() for area in areas]
    assert sorted(counts, reverse=True)[: len(found.hotspots)] == [one.events for one in found.hotspots]
    assert found.events_short == sum(count for count in counts if count < 5)
    assert all(one.events >= 5 for one in found.hotspots)


def test_planted_places_are_mostly_found_and_noise_is_mostly_not():
    """Power and size at reduced numbers: 20 maps of each, 39 simulated maps to judge by."""
    power = sum(
        any(
            one.beyond_chance and np.hypot(one.easting_m - 15_000, one.northing_m - 15_000) < 1_500
            for one in found_in(planted(seed), simulations=39)[2].hotspots
        )
        for seed in range(20)
    )
    false_calls = sum(
        any(one.beyond_chance for one in found_in(addresses(112, 500 + seed), simulations=39)[2].hotspots)
        for seed in range(20)
    )
    assert power >= 0.8 * 20
    assert binomtest(false_calls, 20, 0.05, alternative="greater").pvalue > 0.01


def test_under_five_events_there_is_no_hotspot():
    points = np.vstack([PLACE + np.array([[0, 0], [50, 0], [0, 50], [30, 30]]), [[3_000, 3_000], [26_000, 3_000]]])
    surface = density.kernel_density(**located(points), window=WINDOW, bandwidth_m=700, cell_m=200)
    found = hotspots.find_hotspots(surface=surface, **located(points), window=WINDOW, years=1, seed=1)
    assert found.hotspots == ()
    assert (found.areas_short, found.events_short) == (1, 4)
    assert not found.labels.any()


def test_the_same_seed_gives_the_same_answer_and_progress_reaches_one():
    points, steps = planted(5), []
    first = found_in(points, simulations=19, resamples=5, progress=steps.append)[2]
    assert steps[-1] == 1
    assert steps == sorted(steps)
    again = found_in(points, simulations=19, resamples=5)[2]
    assert first.hotspots == again.hotspots
    np.testing.assert_array_equal(first.labels, again.labels)


def test_raising_in_progress_cancels():
    class CancelledError(Exception):
        pass

    def cancel(share):
        if share > 0.2:
            raise CancelledError

    with pytest.raises(CancelledError):
        found_in(planted(5), simulations=49, progress=cancel)


def test_kept_share_counts_the_bootstrap_surfaces_that_cover_half():
    points = planted(6)
    surface, _denominator, found = found_in(points, simulations=9, resamples=20, seed=4)
    resampled = density.bootstrap_surfaces(
        **located(points), window=WINDOW, bandwidth_m=surface.bandwidth_m, cell_m=surface.cell_m, resamples=20, seed=4
    )
    kept = np.zeros(len(found.hotspots))
    for one in resampled:
        order = np.sort(one.values_per_km2[one.inside])[::-1]
        level = order[np.searchsorted(np.cumsum(order), 0.25 * order.sum())]
        kept += [np.mean(one.values_per_km2[found.labels == rank + 1] >= level) >= 0.5 for rank in range(len(kept))]
    # The resampled maps inside are on a coarser lattice: a cover near one half may fall on the other side.
    np.testing.assert_allclose([hotspot.kept_share for hotspot in found.hotspots], kept / 20, atol=0.1)


def test_ranks_of_equal_counts_are_uncertain_and_of_very_different_ones_are_not():
    generator = np.random.default_rng(2)
    points = np.vstack(
        [town + generator.normal(0, 150, (count, 2)) for town, count in zip(TOWNS, (60, 12, 11, 10, 1), strict=True)]
    )
    surface = density.kernel_density(**located(points), window=WINDOW, bandwidth_m=500, cell_m=170)
    found = hotspots.find_hotspots(
        surface=surface, **located(points), window=WINDOW, years=1, share=0.97, simulations=9, resamples=0, seed=1
    )
    ranks = [(one.rank, one.rank_lower, one.rank_upper) for one in found.hotspots]
    assert ranks[0] == (1, 1, 1)
    assert ranks[1][1] == 2
    assert ranks[1][2] == 4
    assert [one.events for one in found.hotspots] == sorted((one.events for one in found.hotspots), reverse=True)
    assert np.isnan(found.hotspots[0].kept_share)


# Denominators and bad input.


def test_denominator_counts_points_by_cell_inside_the_window():
    surface = density.kernel_density(**located(planted(1)), window=WINDOW, bandwidth_m=1_000, cell_m=500)
    points = np.array([[15_100.0, 15_100.0], [15_200.0, 15_300.0], [100.0, 17_900.0], [1e6, 1e6]])
    cells = hotspots.denominator_cells(surface=surface, **located(points), weights=[2, 3, 5, 7])
    assert cells.sum() == 5
    assert cells[np.searchsorted(surface.northing_m, 15_000), np.searchsorted(surface.easting_m, 15_000)] == 5
    with pytest.raises(hotspots.EmptyDenominatorError, match="nothing inside the area"):
        hotspots.denominator_cells(surface=surface, **located(points[2:]))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"years": 0}, hotspots.InvalidYearsError, "Widen the dates"),
        ({"share": 1.0}, hotspots.InvalidShareError, "above 0"),
        ({"denominator": np.ones((2, 2))}, hotspots.GridMismatchError, "different cells"),
        ({"denominator": "zero"}, hotspots.EmptyDenominatorError, "nothing inside"),
        ({"easting_m": [], "northing_m": []}, density.NoEventsError, "Widen the period"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(change, error, words):
    points = planted(1)
    surface = density.kernel_density(**located(points), window=WINDOW, bandwidth_m=1_000, cell_m=500)
    if change.get("denominator") is not None and isinstance(change["denominator"], str):
        change = {"denominator": np.zeros(surface.values_per_km2.shape)}
    options = {"surface": surface, **located(points), "window": WINDOW, "years": 1, "seed": 1}
    with pytest.raises(error, match=words):
        hotspots.find_hotspots(**(options | change))


# Persistence.


def test_a_place_stays_where_it_was_and_not_where_nothing_was():
    points = planted(7)
    surface, _denominator, found = found_in(points, simulations=9)
    rank = min(found.hotspots, key=lambda one: np.hypot(one.easting_m - 15_000, one.northing_m - 15_000)).rank
    options = {"window": WINDOW, "bandwidth_m": surface.bandwidth_m, "cell_m": surface.cell_m}
    without = density.kernel_density(**located(addresses(100, 7)), **options)
    stays = hotspots.persistence(hotspots=found, surfaces=[surface, None, without], share=found.share, cover=0.5)
    assert stays.shape == (len(found.hotspots), 3)
    assert stays[:, 0].all()
    assert not stays[:, 1].any()
    assert not stays[rank - 1, 2]
    other = density.kernel_density(**located(points), window=WINDOW, bandwidth_m=1_000, cell_m=900)
    with pytest.raises(hotspots.GridMismatchError):
        hotspots.persistence(hotspots=found, surfaces=[other])
    with pytest.raises(hotspots.InvalidShareError):
        hotspots.persistence(hotspots=found, surfaces=[surface], share=1.5)


def test_a_lasting_place_reads_as_lasting_and_a_burst_does_not():
    """Eight quarters of about 18 events: one place with events in all of them, one with all its events in the third."""
    generator, lasting, burst = np.random.default_rng(5), [], []
    places = np.array([[3_000.0, 16_000.0], [26_000.0, 12_000.0]])
    for seed in range(12):
        background = addresses(120, seed)
        points = np.vstack([background, *(place + generator.normal(0, 250, (14, 2)) for place in places)])
        quarter = np.concatenate([generator.integers(8, size=120 + 14), np.full(14, 2)])
        surface = density.kernel_density(**located(points), window=WINDOW, bandwidth_m=1_000, cell_m=350)
        found = hotspots.find_hotspots(
            surface=surface, **located(points), window=WINDOW, years=2, share=0.4, resamples=0, simulations=1, seed=1
        )
        surfaces = [
            density.kernel_density(**located(points[quarter == k]), window=WINDOW, bandwidth_m=1_000, cell_m=350)
            for k in range(8)
        ]
        words = [hotspots.trend(stays=row) for row in hotspots.persistence(hotspots=found, surfaces=surfaces)]
        for hotspot, word in zip(found.hotspots, words, strict=True):
            away = np.hypot(*(places - [hotspot.easting_m, hotspot.northing_m]).T)
            if away.min() < 1_000:
                (lasting, burst)[int(np.argmin(away))].append(word)
    assert len(lasting) >= 10
    assert len(burst) >= 10
    assert lasting.count("lasting") >= 0.7 * len(lasting)
    assert burst.count("lasting") + burst.count("new") <= 0.2 * len(burst)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_above_share_equals_a_naive_count(seed):
    surface, _denominator, found = FOUND_ONCE
    generator = np.random.default_rng(seed)
    points = np.vstack([addresses(60, seed), PLACE + generator.normal(0, 300, (12, 2))])
    period = generator.integers(0, 4, len(points))
    above = hotspots.above_share(hotspots=found, surface=surface, **located(points), period=period)
    for spot in found.hotspots:
        inside = shapely.contains_xy(spot.outline, points)
        for number in range(above.shape[1]):
            now = period == number
            expected = now.sum() * spot.expected / found.events
            assert above[spot.rank - 1, number] == (np.count_nonzero(inside & now) > expected)


def test_islands_and_holes_keep_their_water_empty():
    island = box(35_000, 0, 42_000, 7_000)
    window = shapely.union_all([WINDOW, island])
    on_island = np.random.default_rng(5).normal((38_000, 3_500), 300, (15, 2))
    points = np.vstack([addresses(60, 4), on_island])
    surface = density.kernel_density(**located(points), window=window, bandwidth_m=1_200, cell_m=400)
    found = hotspots.find_hotspots(
        surface=surface, **located(points), window=window, years=1, resamples=5, simulations=19, seed=1
    )
    best = next(spot for spot in found.hotspots if spot.outline.intersects(island))
    assert best.events == np.count_nonzero(shapely.contains_xy(best.outline, points))
    assert best.beyond_chance
    for spot in found.hotspots:
        # Cells are counted by their middles: at most half a cell of a hotspot lies in the water.
        assert spot.outline.difference(window.buffer(300)).area == pytest.approx(0)


@pytest.mark.parametrize(
    ("stays", "word"),
    [
        ([1, 1, 0, 1, 0, 0, 1, 0], "lasting"),
        ([0, 0, 0, 0, 0, 0, 0, 1], "new"),
        ([1, 1, 1, 0, 1, 1, 0, 0], "fading"),
        ([0, 1, 0, 0, 0, 0, 1, 0], "unsettled"),
        ([0, 0, 0, 0, 0, 0, 0, 0], "unsettled"),
        ([0, 0, 0, 0, 0, 1, 1, 1], "new"),
    ],
)
def test_trend_reads_the_strip(stays, word):
    assert hotspots.trend(stays=stays) == word


@pytest.mark.parametrize(
    ("stays", "recorded", "word"),
    [
        # Hot whenever there were records, which began late.
        ([0, 0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1], "short"),
        ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1], "lasting"),
        ([0, 0, 0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 1, 1, 1, 1], "unsettled"),
        # Records that ended before the period did.
        ([1, 1, 1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1, 0, 0], "lasting"),
    ],
)
def test_a_period_without_records_says_nothing_of_a_place(stays, recorded, word):
    assert hotspots.trend(stays=stays, recorded=recorded) == word


# Accuracy.


def naive_accuracy(values, cells, wanted):
    """Flag the densest cells one by one; the best possible likewise by what happened."""
    order = sorted(range(len(values)), key=lambda cell: -values[cell])
    hits = sum(cells.count(cell) for cell in order[:wanted])
    best = sum(sorted((cells.count(cell) for cell in range(len(values))), reverse=True)[:wanted])
    pai = (hits / len(cells)) / (wanted / len(values))
    return pai, pai / ((best / len(cells)) / (wanted / len(values)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), wanted=st.integers(1, 90))
def test_accuracy_equals_a_naive_count(seed, wanted):
    generator = np.random.default_rng(seed)
    window = box(0, 0, 1_000, 1_000)
    surface = density.kernel_density(
        **located(generator.uniform(0, 1_000, (25, 2))), window=window, bandwidth_m=150, cell_m=100
    )
    test = generator.uniform(0, 1_000, (30, 2))
    cells = [int(y // 100) * 10 + int(x // 100) for x, y in test]
    accuracy = hotspots.predictive_accuracy(
        surface=surface, test_easting_m=test[:, 0], test_northing_m=test[:, 1], area_share=wanted / 100
    )
    expected = naive_accuracy(surface.values_per_km2.ravel().tolist(), cells, wanted)
    assert (accuracy.pai, accuracy.pei) == pytest.approx(expected, abs=1e-12)
    assert accuracy.events == 30


def test_tied_cells_count_in_part_so_that_no_order_of_cells_matters():
    window = box(0, 0, 1_000, 1_000)
    # One event between all cells of each quarter: symmetric values, tied eight by eight.
    surface = density.kernel_density(
        easting_m=[500.0], northing_m=[500.0], window=window, bandwidth_m=300, cell_m=250, edge="none"
    )
    middle = np.round(surface.values_per_km2, 9)
    tied = density.DensitySurface(**{**surface.__dict__, "values_per_km2": middle})
    test = {"test_easting_m": [400.0, 600.0, 10.0], "test_northing_m": [400.0, 600.0, 10.0]}
    half_of_the_middle = hotspots.predictive_accuracy(surface=tied, **test, area_share=2 / 16)
    assert half_of_the_middle.hits == pytest.approx(1.0)
    assert half_of_the_middle.pai == pytest.approx((1 / 3) / (2 / 16))


def test_accuracy_refuses_no_events_and_no_area():
    surface = density.kernel_density(**located(planted(1)), window=WINDOW, bandwidth_m=1_000, cell_m=500)
    with pytest.raises(density.NoEventsError):
        hotspots.predictive_accuracy(surface=surface, test_easting_m=[-1e6], test_northing_m=[0.0], area_share=0.1)
    with pytest.raises(hotspots.InvalidShareError):
        hotspots.predictive_accuracy(surface=surface, test_easting_m=[1e3], test_northing_m=[1e3], area_share=0)


def history(events_a_month=8, months=24, seed=2):
    generator = np.random.default_rng(seed)
    count = events_a_month * months
    points = TOWNS[generator.choice(5, count, p=TOWN_SHARES)] + generator.normal(0, 500, (count, 2))
    month = generator.permutation(np.repeat(np.arange(months), events_a_month)) + 7
    inside = shapely.contains_xy(WINDOW, points)
    return {**located(points[inside]), "month": month[inside]}


BACK_TEST = {"window": WINDOW, "cell_m": 400, "location_precision_m": 0, "seed": 1}


def test_back_test_scores_every_later_event_once_and_uniform_is_chance():
    events = history()
    result = hotspots.back_test(**events, **BACK_TEST)
    assert result.origins == 4
    assert result.events == pytest.approx(np.count_nonzero(events["month"] >= 7 + 12), abs=2)
    scores = {(score.method, score.area_share): score for score in result.scores}
    for share in (0.01, 0.02, 0.05):
        assert scores["denominator", share].pai == pytest.approx(1)
        surface = scores["surface", share]
        assert surface.pai > 3
        assert surface.pai_lower < surface.pai < surface.pai_upper
        assert 0 < surface.pei_lower <= surface.pei <= surface.pei_upper <= 1


def test_back_test_of_one_origin_equals_the_parts_it_is_made_of():
    events = history(months=15)
    result = hotspots.back_test(**events, **BACK_TEST)
    past = events["month"] < 7 + 12
    before = {"easting_m": events["easting_m"][past], "northing_m": events["northing_m"][past]}
    choice = density.select_bandwidth(**before, window=WINDOW, location_precision_m=0)
    surface = density.kernel_density(**before, window=WINDOW, bandwidth_m=choice.metres, cell_m=400)
    for share in (0.01, 0.02, 0.05):
        expected = hotspots.predictive_accuracy(
            surface=surface, test_easting_m=events["easting_m"][~past], test_northing_m=events["northing_m"][~past],
            area_share=share,
        )  # fmt: skip
        score = next(one for one in result.scores if (one.method, one.area_share) == ("surface", share))
        assert (score.pai, score.pei) == pytest.approx((expected.pai, expected.pei))
    latest = past & (events["month"] >= 7 + 9)
    row, column, _within = surface.grid.indices(events["easting_m"], events["northing_m"])
    counts = np.zeros(surface.values_per_km2.shape)
    np.add.at(counts, (row[latest], column[latest]), 1)
    values = density.DensitySurface(**{**surface.__dict__, "values_per_km2": np.where(surface.inside, counts, np.nan)})
    expected = hotspots.predictive_accuracy(
        surface=values, test_easting_m=events["easting_m"][~past], test_northing_m=events["northing_m"][~past],
        area_share=0.02,
    )  # fmt: skip
    score = next(one for one in result.scores if (one.method, one.area_share) == ("last period", 0.02))
    assert score.pai == pytest.approx(expected.pai)


def test_under_twenty_scored_events_nothing_is_estimable():
    result = hotspots.back_test(**history(events_a_month=1, months=20), **BACK_TEST)
    assert not result.estimable
    assert all(np.isnan(score.pai) and np.isnan(score.pei_upper) for score in result.scores)


def test_back_test_refuses_a_history_without_later_months():
    with pytest.raises(hotspots.TooShortHistoryError, match="too short"):
        hotspots.back_test(**history(months=9), **BACK_TEST)
    with pytest.raises(hotspots.GridMismatchError):
        hotspots.back_test(**history(), **BACK_TEST, denominator=np.ones((2, 2)))


def test_poisson_interval_covers_as_often_as_it_says():
    mean = 7.3
    covered = sum(
        poisson.pmf(count, mean)
        for count in range(60)
        if poisson_interval(count)[0] <= mean <= poisson_interval(count)[1]
    )
    assert covered >= 0.95
