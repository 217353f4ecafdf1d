"""Relative risk and period comparison against direct sums, uniform p-values under the null, and planted differences."""

import numpy as np
import pytest
import shapely
from scipy.stats import binom, kstest
from shapely import Polygon

from analytics import density, relative_risk
from analytics.hotspots import InvalidYearsError

WINDOW = Polygon([(0, 0), (20_000, 1_000), (18_000, 15_000), (1_000, 12_000)])
CENTRES = np.array([[5_000, 5_000], [13_000, 9_000], [9_000, 4_000]])


def towns(count, generator):
    points = CENTRES[generator.integers(3, size=3 * count)] + generator.normal(0, 2_000, (3 * count, 2))
    return points[shapely.contains_xy(WINDOW, points)][:count]


def pair(first, second, names=("case", "control")):
    return {
        f"{name}_{axis}": points[:, i]
        for name, points in zip(names, (first, second), strict=True)
        for i, axis in enumerate(("easting_m", "northing_m"))
    }


def test_log_ratio_equals_that_of_the_direct_sums():
    generator = np.random.default_rng(1)
    cases, controls = towns(60, generator), towns(150, generator)
    risk = relative_risk.relative_risk(
        **pair(cases, controls), window=WINDOW, cell_m=500, bandwidth_m=2_000, relabellings=9, seed=1
    )
    judged = ~np.isnan(risk.log_ratio)
    x, y = (axis[judged] for axis in np.meshgrid(risk.surface.easting_m, risk.surface.northing_m))
    f, g = (
        density.kernel_density_at(
            easting_m=points[:, 0], northing_m=points[:, 1], window=WINDOW, bandwidth_m=2_000,
            at_easting_m=x, at_northing_m=y,
        ) / len(points)
        for points in (cases, controls)
    )  # fmt: skip
    np.testing.assert_allclose(risk.log_ratio[judged], np.log(f / g), atol=0.005)
    assert (risk.cases, risk.controls) == (60, 150)
    assert np.array_equal(judged, ~np.isnan(risk.q_higher))


def test_p_values_are_uniform_where_there_is_no_difference():
    """200 null maps: p-values above a quarter are shares of forty labellings, those below come from the tail."""
    generator = np.random.default_rng(20)
    p_values = []
    for seed in range(200):
        risk = relative_risk.relative_risk(
            **pair(towns(40, generator), towns(70, generator)), window=WINDOW, cell_m=2_000, bandwidth_m=2_000,
            relabellings=39, seed=seed,
        )  # fmt: skip
        row, column, _within = risk.surface.grid.indices(np.array([9_000.0]), np.array([5_000.0]))
        p_values.append(risk.p_higher[row[0], column[0]])
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_a_planted_excess_is_found_where_it_is_and_its_absence_too():
    generator = np.random.default_rng(3)
    extra = CENTRES[1] + generator.normal(0, 700, (40, 2))
    risk = relative_risk.relative_risk(
        **pair(np.vstack([towns(80, generator), extra]), towns(250, generator)), window=WINDOW, cell_m=500, seed=1,
        relabellings=199,
    )  # fmt: skip
    higher = shapely.union_all([area.outline for area in risk.areas_higher])
    assert higher.contains(shapely.Point(CENTRES[1]))
    assert not higher.intersects(shapely.Point(CENTRES[0]))
    turned = relative_risk.relative_risk(
        **pair(towns(250, generator), np.vstack([towns(80, generator), extra])), window=WINDOW, cell_m=500, seed=1,
        relabellings=199,
    )  # fmt: skip
    assert any(area.outline.contains(shapely.Point(CENTRES[1])) for area in turned.areas_lower)


def test_rare_p_values_are_the_tails_of_many_more_labellings():
    """One set of events, relabelled 60,000 times by hand: where p is small the short run's value agrees within a
    factor."""
    generator = np.random.default_rng(11)
    cases, controls = (
        np.vstack([towns(40, generator), CENTRES[1] + generator.normal(0, 900, (9, 2))]),
        towns(80, generator),
    )
    risk = relative_risk.relative_risk(
        **pair(cases, controls), window=WINDOW, cell_m=1_000, bandwidth_m=1_500, relabellings=99, seed=1
    )
    pooled = np.vstack([cases, controls])
    row, column = np.unravel_index(np.nanargmin(risk.p_higher), risk.p_higher.shape)
    at = {"at_easting_m": risk.surface.easting_m[[column]], "at_northing_m": risk.surface.northing_m[[row]]}
    kernels = np.array([
        density.kernel_density_at(
            easting_m=pooled[i : i + 1, 0], northing_m=pooled[i : i + 1, 1], window=WINDOW, bandwidth_m=1_500, **at
        )[0]
        for i in range(len(pooled))
    ])  # fmt: skip
    observed = kernels[: len(cases)].sum()
    dealt = np.array([generator.permutation(kernels)[: len(cases)].sum() for _deal in range(60_000)])
    share = np.mean(dealt >= observed)
    assert 1e-4 < share < 0.01
    assert risk.p_higher[row, column] == pytest.approx(share, rel=0.5)


def test_false_discovery_rates_equal_the_definition():
    generator = np.random.default_rng(4)
    risk = relative_risk.relative_risk(
        **pair(towns(30, generator), towns(40, generator)), window=WINDOW, cell_m=1_000, relabellings=39, seed=1
    )
    judged = ~np.isnan(risk.p_higher)
    p = risk.p_higher[judged]
    expected = [min(p[p >= value].size and min(p.size * q / np.sum(p <= q) for q in p if q >= value), 1) for value in p]
    np.testing.assert_allclose(risk.q_higher[judged], expected)


def test_oversmoothing_bandwidth_is_terrells():
    generator = np.random.default_rng(5)
    points = towns(400, generator)
    actual = relative_risk.oversmoothing_bandwidth_m(
        easting_m=points[:, 0], northing_m=points[:, 1], window=WINDOW, events=200
    )
    spread = np.mean(
        [min(np.std(axis, ddof=1), np.subtract(*np.percentile(axis, (75, 25))) / 1.34) for axis in points.T]
    )
    # V = 16 Gamma((d + 8) / 2) d (d + 2) / ((d + 8)^((d + 6) / 2) pi^(d / 2)), d = 2; h^6 = d R(K) / (n V).
    v = 16 * 24 * 2 * 4 / (10**4 * np.pi)
    assert actual == pytest.approx(spread * (2 / (4 * np.pi) / (200 * v)) ** (1 / 6), rel=1e-4)


PERIODS = {"names": ("before", "after")}
OPTIONS = {"window": WINDOW, "bandwidth_m": 1_200, "cell_m": 500, "seed": 1, "permutations": 199}


def test_difference_map_is_after_minus_before_per_year():
    generator = np.random.default_rng(6)
    before, after = towns(50, generator), towns(90, generator)
    compared = relative_risk.compare_periods(
        **pair(before, after, **PERIODS), years_before=2, years_after=1.5, **OPTIONS
    )
    area_km2 = compared.after.cell_area_km2
    assert np.nansum(compared.difference_per_km2_year) * area_km2 == pytest.approx(90 / 1.5 - 50 / 2, rel=1e-6)
    assert compared.change.ratio == pytest.approx(90 / 1.5 / (50 / 2))


def test_a_place_that_appears_is_found_and_a_rise_everywhere_is_not_a_place():
    generator = np.random.default_rng(7)
    place = np.array([16_000, 5_000])
    appeared = np.vstack([towns(60, generator), place + generator.normal(0, 500, (20, 2))])
    compared = relative_risk.compare_periods(
        **pair(towns(70, generator), appeared, **PERIODS), years_before=1, years_after=1, **OPTIONS
    )
    risen = [one for one in compared.areas if one.change.ratio > 1]
    assert risen[0].area.outline.contains(shapely.Point(place))
    assert risen[0].events_after > risen[0].events_before
    inside = shapely.intersects_xy(risen[0].area.outline, appeared[:, 0], appeared[:, 1])
    assert risen[0].events_after == inside.sum()
    doubled = relative_risk.compare_periods(
        **pair(towns(50, generator), towns(150, generator), **PERIODS), years_before=1, years_after=1, **OPTIONS
    )
    assert doubled.areas == ()
    assert doubled.change.lower > 1


def test_two_samples_of_the_same_places_rarely_differ():
    generator = np.random.default_rng(8)
    called = sum(
        bool(
            relative_risk.compare_periods(
                **pair(towns(40, generator), towns(40, generator), **PERIODS), years_before=1, years_after=1,
                **(OPTIONS | {"permutations": 99, "cell_m": 800}),
            ).areas
        )
        for _map in range(30)
    )  # fmt: skip
    assert called <= 5


def test_rate_ratio_interval_is_where_the_binomial_tails_are():
    change = relative_risk.rate_ratio(before=6, after=11, years_before=2, years_after=1)
    assert change.ratio == pytest.approx(11 / 3)
    # At the bounds, the chance of what was seen or more extreme is 2.5 %: the definition of Clopper and Pearson.
    for ratio, tail in ((change.lower, binom.sf(10, 17, 1)), (change.upper, binom.cdf(11, 17, 1))):
        share = ratio / (ratio + 2)
        tail = binom.sf(10, 17, share) if ratio == change.lower else binom.cdf(11, 17, share)
        assert tail == pytest.approx(0.025, abs=1e-6)
    nothing_before = relative_risk.rate_ratio(before=0, after=3, years_before=1, years_after=1)
    assert nothing_before.ratio == nothing_before.upper == float("inf")
    assert nothing_before.p_value == pytest.approx(0.25)
    assert relative_risk.rate_ratio(before=4, after=0, years_before=1, years_after=1).lower == 0


def test_bad_input_is_refused_with_a_sentence():
    generator = np.random.default_rng(9)
    few, many = towns(3, generator), towns(30, generator)
    with pytest.raises(density.TooFewEventsError, match="3 events lie inside"):
        relative_risk.relative_risk(**pair(few, many), window=WINDOW, cell_m=500, seed=1)
    with pytest.raises(density.NoEventsError):
        relative_risk.relative_risk(**pair(many, many + 1e6), window=WINDOW, cell_m=500, seed=1)
    with pytest.raises(InvalidYearsError):
        relative_risk.compare_periods(**pair(many, many, **PERIODS), years_before=0, years_after=1, **OPTIONS)
    with pytest.raises(density.TooFewEventsError):
        relative_risk.rate_ratio(before=0, after=0, years_before=1, years_after=1)
