"""The rules against R's surveillance, exact chances, papers' numbers, and worlds with a known truth."""

import csv
import math
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.spikes import (
    CusumReferenceError,
    SeriesError,
    TooShortSeriesError,
    UnknownRuleError,
    chance_sentence,
    cusum_limit,
    ears,
    farrington_flexible,
    fixed_threshold,
    gamma_poisson_limit,
    mean_plus_two_sd,
    ordinary_weeks,
    poisson_cusum,
    poisson_cusum_reference,
    poisson_cusum_run_length,
    pooled_dispersion,
    scan_probability,
    scan_recurrence_days,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "weekly"
SERIES_NAMES = ("a_0.1", "b_0.3", "c_0.5", "d_1", "e_2", "f_3")


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open() as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    return math.nan if text == "NA" else float(text)


@pytest.fixture(scope="module")
def series() -> dict[str, np.ndarray]:
    table = rows("weekly_series.csv")
    return {name: np.array([int(row[name]) for row in table]) for name in SERIES_NAMES}


def by_keys(name: str, *keys: str) -> dict[tuple[str, ...], list[dict[str, str]]]:
    groups = defaultdict(list)
    for row in rows(name):
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


def assert_same(alarms, reference, tolerance):
    """Limits within the tolerance, undefined in the same weeks, alarms identical (R's NA is no alarm)."""
    place = {int(index): row for row, index in enumerate(alarms.index)}
    found = [place[int(row["t"]) - 1] for row in reference]
    np.testing.assert_allclose(
        alarms.upper_bound[found], [number(row["upperbound"]) for row in reference], rtol=0, atol=tolerance
    )
    assert alarms.alarm[found].tolist() == [row["alarm"] == "1" for row in reference]


@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
@pytest.mark.parametrize("minimum_sigma", ["0", "0.5", "1"])
def test_ears_equals_surveillance(series, method, minimum_sigma):
    groups = by_keys("ears.csv", "series", "method", "minSigma")
    alpha = 0.025 if method == "C3" else 0.001
    for name in SERIES_NAMES:
        alarms = ears(counts=series[name], method=method, alpha=alpha, minimum_sigma=float(minimum_sigma))
        assert_same(alarms, groups[name, method, minimum_sigma], 1e-8)


FARRINGTON = {
    "A_default": {
        "seasons": 1,
        "weeks_excluded": 3,
        "trend_p": 0.05,
        "threshold": "delta",
        "alpha": 0.05,
        "quiet_limit": (5, 4),
    },
    "D_ukhsa_delta": {"threshold": "delta", "quiet_limit": (5, 4)},
    "F_ukhsa_nbPlugin": {},
}


@pytest.mark.parametrize("configuration", list(FARRINGTON))
@pytest.mark.parametrize("name", SERIES_NAMES)
def test_farrington_flexible_equals_surveillance(series, configuration, name):
    reference = by_keys("farringtonFlexible.csv", "series", "config")[name, configuration]
    alarms = farrington_flexible(counts=series[name], score_from=460, **FARRINGTON[configuration])
    assert_same(alarms, reference, 1e-8)
    np.testing.assert_allclose(alarms.expected, [number(row["expected"]) for row in reference], rtol=0, atol=1e-8)
    np.testing.assert_allclose(alarms.dispersion, [number(row["phi"]) for row in reference], rtol=0, atol=1e-8)
    assert alarms.trend.tolist() == [row["trend"] == "1" for row in reference]


def test_dated_weeks_without_a_53rd_step_are_index_steps(series):
    """364 days apart is 52 weeks: dated and undated differ only where a calendar year is nearer to 53."""
    starts = [date(2015, 1, 5) + timedelta(weeks=week) for week in range(len(series["e_2"]))]
    dated = farrington_flexible(counts=series["e_2"], score_from=460, week_starts=starts, years_back=3)
    undated = farrington_flexible(counts=series["e_2"], score_from=460, years_back=3)
    for week, day in enumerate(starts[460:]):
        back = [
            min(starts, key=lambda other, y=y: abs((other - day.replace(year=day.year - y)).days)) for y in (1, 2, 3)
        ]
        in_steps = all((day - then).days == 364 * y for y, then in zip((1, 2, 3), back, strict=True))
        if in_steps:
            assert dated.expected[week] == pytest.approx(undated.expected[week], rel=1e-12)
        else:
            assert dated.expected[week] != undated.expected[week]


def test_dated_weeks_survive_the_29_of_february():
    starts = [date(2014, 2, 27) + timedelta(weeks=week) for week in range(530)]
    leap = starts.index(date(2024, 2, 29))
    counts = np.random.default_rng(0).poisson(2, len(starts))
    alarms = farrington_flexible(counts=counts, score_from=leap, week_starts=starts)
    assert np.isfinite(alarms.upper_bound).all()


def test_a_past_outbreak_raises_the_limit_less_than_its_size():
    counts = np.random.default_rng(1).poisson(2, 400)
    outbreak = counts.copy()
    outbreak[340] += 25
    limit, raised, naive = (
        farrington_flexible(counts=c, score_from=399, reweight_above=above).upper_bound[0]
        for c, above in ((counts, 2.58), (outbreak, 2.58), (outbreak, 1e9))
    )
    assert raised < naive
    assert raised - limit <= 2


def test_gamma_poisson_equals_surveillance(series):
    for (name, alpha), reference in by_keys("gamma_poisson_w52.csv", "series", "alpha").items():
        alarms = gamma_poisson_limit(counts=series[name], score_from=104, alpha=float(alpha))
        assert_same(alarms, reference, 0)


def test_gamma_poisson_is_undefined_before_a_year_of_weeks():
    alarms = gamma_poisson_limit(counts=np.ones(60), score_from=50, weeks_excluded=4)
    assert np.isnan(alarms.upper_bound[:6]).all()
    assert np.isfinite(alarms.upper_bound[6:]).all()
    assert not alarms.alarm[:6].any()
    # Less than the year itself: nothing can be said, and nothing fails.
    short = gamma_poisson_limit(counts=np.ones(44), score_from=30, weeks_excluded=4)
    assert np.isnan(short.upper_bound).all()
    assert not short.alarm.any()


@given(scale=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_gamma_poisson_does_not_care_about_the_unit_of_exposure(scale, seed):
    counts = np.random.default_rng(seed).poisson(1, 60)
    plain = gamma_poisson_limit(counts=counts, score_from=52)
    scaled = gamma_poisson_limit(counts=counts, score_from=52, exposure=np.full(60, scale))
    # A quantile of a count may step where the cumulative chance meets 1 - alpha to the last bit.
    assert np.abs(plain.upper_bound - scaled.upper_bound).max() <= 1
    assert np.mean(plain.upper_bound == scaled.upper_bound) > 0.7


def test_gamma_poisson_expects_more_from_more_carriers():
    counts = np.r_[np.ones(52), 9]
    exposure = np.r_[np.full(52, 10.0), 60.0]
    assert gamma_poisson_limit(counts=counts, score_from=52).alarm[0]
    assert not gamma_poisson_limit(counts=counts, score_from=52, exposure=exposure).alarm[0]


@pytest.mark.parametrize("dispersion", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0, 3.0])
def test_gamma_poisson_alarms_at_most_as_often_as_it_says(rate, dispersion):
    rng = np.random.default_rng(17)
    shape = (400, 54)
    counts = (
        rng.poisson(rate, shape)
        if dispersion == 1
        else rng.negative_binomial(rate / (dispersion - 1), 1 / dispersion, shape)
    )
    alarms = [gamma_poisson_limit(counts=row, score_from=52, dispersion=dispersion).alarm for row in counts]
    weeks = np.size(alarms)
    assert np.mean(alarms) <= 0.01 + 3 * math.sqrt(0.01 * 0.99 / weeks)


def test_pooled_dispersion_is_unbiased():
    rng = np.random.default_rng(5)
    rate = rng.uniform(0.01, 0.3, 40)
    exposure = rng.uniform(1, 4, (104, 40))
    for dispersion in (1.3, 2.0):
        found = [
            pooled_dispersion(
                counts=rng.negative_binomial(exposure * rate / (dispersion - 1), 1 / dispersion), exposure=exposure
            )
            for _ in range(60)
        ]
        assert np.mean(found) == pytest.approx(dispersion, abs=3 * np.std(found) / math.sqrt(60))


def test_an_outbreak_week_does_not_pass_for_scatter():
    rng = np.random.default_rng(5)
    counts = rng.poisson(0.0128, size=(104, 60))
    outbreak = counts.copy()
    outbreak[50, 7] += 12
    usual = pooled_dispersion(counts=counts)
    assert pooled_dispersion(counts=outbreak) > usual + 0.8
    ordinary = ordinary_weeks(counts=outbreak)
    assert not ordinary[50]
    assert pooled_dispersion(counts=outbreak[ordinary]) == pytest.approx(usual, abs=0.05)


def test_leaving_out_outbreaks_keeps_most_of_a_true_dispersion():
    rng = np.random.default_rng(6)
    counts = [rng.negative_binomial(0.1 / 0.5, 1 / 1.5, size=(104, 60)) for _ in range(40)]
    found = np.mean([pooled_dispersion(counts=weeks[ordinary_weeks(counts=weeks)]) for weeks in counts])
    assert 1.4 <= found <= 1.52


def test_pooled_dispersion_is_never_below_one():
    assert pooled_dispersion(counts=np.ones((10, 3))) == 1
    assert pooled_dispersion(counts=np.zeros((10, 3))) == 1


def test_cusum_run_lengths_equal_the_reference():
    for row in rows("cusum_poisson_arl.csv"):
        values = {name: float(text) for name, text in row.items()}
        means = {"in_control_mean": values["lambda0"], "out_of_control_mean": values["lambda1"]}
        found = poisson_cusum_run_length(**means, reference=values["k"], limit=values["h"])
        assert found.in_control == pytest.approx(values["ARL0"], rel=1e-9)
        assert found.out_of_control == pytest.approx(values["ARL1"], rel=1e-9)
        early = poisson_cusum_run_length(**means, reference=values["k"], limit=values["h"], head_start=values["h"] / 2)
        assert early.in_control == pytest.approx(values["FIR_ARL0"], rel=1e-9)


def test_cusum_raises_alarms_as_often_as_its_run_length_says():
    counts = np.random.default_rng(3).poisson(0.5, 40_000)
    _path, alarm = poisson_cusum(counts=counts, reference=0.9, limit=3.0)
    expected = poisson_cusum_run_length(in_control_mean=0.5, out_of_control_mean=1.5, reference=0.9, limit=3)
    lengths = np.diff(np.flatnonzero(alarm))
    assert lengths.mean() == pytest.approx(expected.in_control, abs=3 * lengths.std() / math.sqrt(len(lengths)))


def test_cusum_path_by_hand():
    path, alarm = poisson_cusum(counts=[0, 2, 1, 3, 0], reference=0.7, limit=2.5)
    assert path.tolist() == pytest.approx([0, 1.3, 1.6, 3.9, 0])
    assert alarm.tolist() == [False, False, False, True, False]


def test_cusum_limit_is_the_smallest_that_is_long_enough():
    reference = poisson_cusum_reference(in_control_mean=0.5, out_of_control_mean=1.5)
    assert reference == pytest.approx(1 / math.log(3), abs=0.005)
    limit = cusum_limit(in_control_mean=0.5, reference=reference, weeks_between_false_alarms=260)
    long, short = (
        poisson_cusum_run_length(in_control_mean=0.5, out_of_control_mean=1.5, reference=reference, limit=h).in_control
        for h in (limit, limit - 0.5)
    )
    assert short < 260 <= long


def test_naus_equals_the_reference():
    for row in rows("temporal_scan_naus.csv"):
        found = scan_probability(
            rate_per_week=float(row["lam_week"]), window_days=float(row["window_days"]), events=int(row["k"])
        )
        assert found == pytest.approx(float(row["p_year_naus"]), abs=1e-9)
        assert found == pytest.approx(float(row["p_year_mc"]), abs=0.01)


def test_naus_recurrence_is_the_poisson_one_for_single_events():
    assert scan_recurrence_days(rate_per_week=1.4, window_days=3, events=1) == pytest.approx(5, rel=1e-6)
    assert scan_recurrence_days(rate_per_week=0, window_days=3, events=2) == math.inf


@settings(deadline=None)
@given(rate=st.floats(0.01, 4), window=st.sampled_from([1, 3, 7, 28]), events=st.integers(2, 9))
def test_naus_falls_with_more_events_and_rises_with_rate_and_window(rate, window, events):
    chance = scan_probability(rate_per_week=rate, window_days=window, events=events)
    assert 0 <= chance <= 1
    assert scan_probability(rate_per_week=rate, window_days=window, events=events + 1) <= chance + 1e-9
    assert scan_probability(rate_per_week=rate * 1.5, window_days=window, events=events) >= chance - 1e-9
    assert scan_probability(rate_per_week=rate, window_days=window * 2, events=events) >= chance - 1e-9


def test_the_sentence_of_chance():
    """The example of METHODS: 5 in 4 days at 1.2 a week, about once in 4 years."""
    recurrence = scan_recurrence_days(rate_per_week=1.2, window_days=4, events=5)
    assert chance_sentence(events=5, window_days=4, recurrence_days=recurrence) == (
        "If nothing had changed, 5 events in 4 days would be expected about once in 4 years; "
        "this does not show a cause."
    )


@pytest.mark.parametrize(
    ("days", "at_least", "words"),
    [
        (0.3, False, "about once in 1 day;"),
        (33, False, "about once in 33 days;"),
        (100, False, "about once in 3 months;"),
        (1000, True, "less than once in 3 years;"),
        (math.inf, False, "about once in more than 100 years;"),
    ],
)
def test_periods_in_words(days, at_least, words):
    assert words in chance_sentence(events=1, window_days=1, recurrence_days=days, at_least=at_least)


def test_published_rules_alarm_on_single_events():
    """METHODS 0: at one a week, mean + 2 SD makes some 45 alerts an area-year, most of them a single event."""
    counts = np.random.default_rng(4).poisson(1 / 7, 365 * 21)
    alarms = mean_plus_two_sd(counts=counts, score_from=365)
    assert alarms.alarm.sum() / 20 == pytest.approx(45, abs=6)
    assert np.mean(counts[alarms.index[alarms.alarm]] == 1) > 0.85


def test_five_in_seven_days():
    alarms = fixed_threshold(counts=[1, 1, 1, 1, 0, 0, 0, 0, 0, 5, 0], score_from=0)
    assert np.flatnonzero(alarms.alarm).tolist() == [9, 10]
    alarms = fixed_threshold(counts=[1, 1, 1, 1, 0, 0, 1, 0], score_from=0)
    assert np.flatnonzero(alarms.alarm).tolist() == [6]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: ears(counts=np.ones(20), method="C4", alpha=0.01), UnknownRuleError),
        (lambda: ears(counts=np.ones(5), method="C1", alpha=0.01), TooShortSeriesError),
        (lambda: ears(counts=[[1.0]], method="C1", alpha=0.01), SeriesError),
        (lambda: farrington_flexible(counts=np.ones(300), score_from=100), TooShortSeriesError),
        (lambda: farrington_flexible(counts=np.ones(300), score_from=299, threshold="x"), UnknownRuleError),
        (lambda: farrington_flexible(counts=np.ones(300), score_from=299, week_starts=[date.min]), SeriesError),
        (lambda: gamma_poisson_limit(counts=[1, math.nan], score_from=0), SeriesError),
        (lambda: gamma_poisson_limit(counts=[1, 2], score_from=2), SeriesError),
        (lambda: gamma_poisson_limit(counts=[1, 2], score_from=0, exposure=[1, 0]), SeriesError),
        (lambda: gamma_poisson_limit(counts=[1, 2], score_from=0, dispersion=0.5), SeriesError),
        (lambda: pooled_dispersion(counts=[1, 2]), SeriesError),
        (lambda: pooled_dispersion(counts=[[1], [2]], exposure=[[0], [0]]), SeriesError),
        (lambda: scan_probability(rate_per_week=1, window_days=300, events=2), SeriesError),
        (lambda: poisson_cusum_reference(in_control_mean=2, out_of_control_mean=1), CusumReferenceError),
        (lambda: poisson_cusum(counts=[1], reference=1 / math.pi, limit=1), CusumReferenceError),
        (
            lambda: poisson_cusum_run_length(in_control_mean=1, out_of_control_mean=2, reference=1, limit=0),
            CusumReferenceError,
        ),
        (
            lambda: poisson_cusum_run_length(in_control_mean=0, out_of_control_mean=2, reference=1, limit=1),
            CusumReferenceError,
        ),
    ],
)
def test_what_cannot_be_computed_is_said(call, error):
    with pytest.raises(error, match=r"\.$"):
        call()


def test_farrington_matches_a_general_regression():
    """The centred normal equations against scipy's optimum of the same Poisson likelihood, without reweighting."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(6)
    counts = rng.poisson(np.exp(0.6 + 0.001 * np.arange(320)))
    week, seasons = 310, 10
    found = farrington_flexible(counts=counts, score_from=week, reweight_above=math.inf)
    past = np.arange(week - 5 * 52 - 3, week - 26)
    step = (past - week) % 52
    season = np.where((step <= 3) | (step >= 49), 0, (step - 4) // 5 + 1)
    design = np.column_stack([np.eye(seasons)[season], (past - week) / 100])

    def deviance(beta):
        predictor = design @ beta
        return np.sum(np.exp(predictor) - counts[past] * predictor)

    best = minimize(deviance, np.zeros(seasons + 1), method="BFGS", options={"gtol": 1e-9})
    assert found.expected[0] == pytest.approx(math.exp(best.x[0]), rel=1e-5)
    mean, phi = found.expected[0], found.dispersion[0]
    limit = stats.nbinom.ppf(0.995, mean / (phi - 1), 1 / phi) if phi > 1 else stats.poisson.ppf(0.995, mean)
    assert found.upper_bound[0] == limit
