"""Curves of waits against R's survival, lifelines, exact formulas and a simulation with known truth."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import lifelines
import lifelines.utils
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.delay import (
    LONGEST_PLAUSIBLE_MINUTES,
    CallsOnly,
    Outcome,
    Quantile,
    Rounding,
    UnusableWaitsError,
    WaitSummary,
    arrival_quantile,
    chance_by,
    clock_disagreement,
    cumulative_incidence,
    kaplan_meier,
    leaving_bounds,
    restricted_mean,
    rounding_effect,
    screen_waits,
    share_waiting,
    summarise_waits,
    without_last_arrivals,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "delay"
OUTCOME_OF_STATUS = {0: "censored", 1: "arrived", 2: "left"}


def columns(name: str) -> dict[str, np.ndarray]:
    with (REFERENCE / name).open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float("nan" if row[key] == "NA" else row[key]) for row in rows]) for key in rows[0]}


@pytest.fixture(scope="module")
def reference_waits():
    table = columns("ambulance_delay.csv")
    return table["minutes"], np.array([OUTCOME_OF_STATUS[int(status)] for status in table["status"]])


@pytest.fixture(scope="module")
def r_summary():
    return json.loads((REFERENCE / "summary.json").read_text())


def curve_of(arrived=(), left=(), declined=(), censored=()):
    groups = {"arrived": arrived, "left": left, "declined": declined, "censored": censored}
    return cumulative_incidence(
        minutes=[minute for waits in groups.values() for minute in waits],
        outcome=[name for name, waits in groups.items() for _minute in waits],
    )


# ------------------------------------------------------------------------------------------------- R as the truth


def test_kaplan_meier_equals_r(reference_waits):
    minutes, outcome = reference_waits
    expected = columns("km_left_as_censored.csv")
    result = kaplan_meier(minutes=minutes, arrived=outcome == "arrived")
    np.testing.assert_array_equal(result.minutes, expected["time"])
    np.testing.assert_array_equal(result.at_risk, expected["n_risk"])
    np.testing.assert_allclose(result.waiting, expected["surv"], atol=1e-9, rtol=0)
    np.testing.assert_allclose(result.lower, expected["lower"], atol=1e-9, rtol=0)
    np.testing.assert_allclose(result.upper, expected["upper"], atol=1e-9, rtol=0)


def test_aalen_johansen_equals_r(reference_waits):
    minutes, outcome = reference_waits
    result = cumulative_incidence(minutes=minutes, outcome=outcome)
    shares, intervals = columns("aj_cif.csv"), columns("aj_interval.csv")
    # R leaves out times at which only censoring happens.
    rows = np.isin(result.minutes, shares["time"])
    assert rows.sum() == len(shares["time"])
    for expected, got in (
        (shares["p0"], result.waiting),
        (shares["cif_arrive"], result.incidence["arrived"]),
        (shares["cif_left"], result.incidence["left"]),
        (intervals["se_arrive"], result.se["arrived"]),
        (intervals["se_left"], result.se["left"]),
        (intervals["lower_arrive"], result.lower["arrived"]),
        (intervals["upper_arrive"], result.upper["arrived"]),
    ):
        np.testing.assert_allclose(got[rows], expected, atol=1e-9, rtol=0)


def test_centiles_and_restricted_mean_equal_r_where_leavers_are_censored(reference_waits, r_summary):
    minutes, outcome = reference_waits
    curve = cumulative_incidence(minutes=minutes, outcome=np.where(outcome == "left", "censored", outcome))
    median = arrival_quantile(curve=curve, share=0.5)
    assert (median.minutes, [median.lower, median.upper]) == (r_summary["km_median"], r_summary["km_median_ci"])
    assert arrival_quantile(curve=curve, share=0.9).minutes == r_summary["km_p90"]
    mean = restricted_mean(curve=curve, to_minutes=60)
    assert mean.waiting.value == pytest.approx(r_summary["rmst60"], abs=1e-9)
    # With nobody leaving, being without an ambulance and waiting are one thing.
    assert mean.without_ambulance.value == pytest.approx(mean.waiting.value, abs=1e-9)


def test_the_ninetieth_centile_of_the_reference_waits_is_not_reached(reference_waits):
    minutes, outcome = reference_waits
    summary = summarise_waits(minutes=minutes, outcome=outcome, target_minutes=(7, 8))
    assert isinstance(summary, WaitSummary)
    assert not summary.ninetieth.reached
    assert summary.ninetieth.sentence == "not reached"
    # Beside it the centile among those reached, which exists.
    arrived = np.sort(minutes[outcome == "arrived"])
    assert summary.ninetieth_arrived.minutes == arrived[math.ceil(0.9 * len(arrived)) - 1]
    assert summary.median.minutes == 18


# --------------------------------------------------------------------------------------------- lifelines as oracle


@pytest.mark.parametrize("seed", range(3))
def test_kaplan_meier_equals_lifelines(seed):
    rng = np.random.default_rng(seed)
    minutes = rng.integers(1, 40, 120).astype(float)
    arrived = rng.random(120) < 0.7
    fitter = lifelines.KaplanMeierFitter().fit(minutes, arrived)
    result = kaplan_meier(minutes=minutes, arrived=arrived)
    table = fitter.survival_function_["KM_estimate"]
    np.testing.assert_allclose(result.waiting, table[table.index > 0], atol=1e-9)
    low, high = (fitter.confidence_interval_survival_function_.iloc[1:, side].to_numpy() for side in (0, 1))
    inside = (result.waiting > 0) & (result.waiting < 1)
    np.testing.assert_allclose(result.lower[inside], low[inside], atol=1e-9)
    np.testing.assert_allclose(result.upper[inside], high[inside], atol=1e-9)


def test_incidence_equals_lifelines_where_nothing_is_tied():
    rng = np.random.default_rng(5)
    minutes = rng.permutation(np.arange(1, 101)).astype(float)
    code = rng.choice([0, 1, 2], 100, p=[0.2, 0.6, 0.2])
    outcome = np.array([OUTCOME_OF_STATUS[value] for value in code])
    result = cumulative_incidence(minutes=minutes, outcome=outcome)
    for event, name in ((1, "arrived"), (2, "left")):
        fitter = lifelines.AalenJohansenFitter(calculate_variance=False).fit(minutes, code, event_of_interest=event)
        expected = fitter.cumulative_density_.iloc[:, 0]
        np.testing.assert_allclose(result.incidence[name], expected[expected.index > 0], atol=1e-9)


@pytest.mark.parametrize("to_minutes", [10.0, 25.0, 60.0])
def test_restricted_mean_equals_lifelines(to_minutes):
    rng = np.random.default_rng(8)
    minutes, arrived = rng.integers(1, 40, 90).astype(float), rng.random(90) < 0.7
    curve = cumulative_incidence(minutes=minutes, outcome=np.where(arrived, "arrived", "censored"))
    fitter = lifelines.KaplanMeierFitter().fit(minutes, arrived)
    expected = lifelines.utils.restricted_mean_survival_time(fitter, t=to_minutes)
    assert restricted_mean(curve=curve, to_minutes=to_minutes).waiting.value == pytest.approx(expected, abs=1e-9)


# ------------------------------------------------------------------------------------------------ exact formulas


def test_standard_errors_are_binomial_without_censoring():
    rng = np.random.default_rng(2)
    minutes = rng.integers(1, 30, 77).astype(float)
    outcome = rng.choice(["arrived", "left", "declined"], 77)
    result = cumulative_incidence(minutes=minutes, outcome=outcome)
    for name in ("arrived", "left", "declined"):
        share = np.array([np.mean((minutes <= time) & (outcome == name)) for time in result.minutes])
        np.testing.assert_allclose(result.incidence[name], share, atol=1e-12)
        np.testing.assert_allclose(result.se[name], np.sqrt(share * (1 - share) / 77), atol=1e-12)
    waiting = np.array([np.mean(minutes > time) for time in result.minutes])
    np.testing.assert_allclose(result.waiting_se, np.sqrt(waiting * (1 - waiting) / 77), atol=1e-12)


def test_standard_error_equals_the_double_sum_with_censoring():
    rng = np.random.default_rng(3)
    minutes = rng.integers(1, 25, 200).astype(float)
    outcome = rng.choice(["arrived", "left", "declined", "censored"], 200)
    result = cumulative_incidence(minutes=minutes, outcome=outcome)
    before = np.concatenate(([1.0], result.waiting[:-1]))
    for last in range(len(result.minutes)):
        variance = 0.0
        for row in range(last + 1):
            n, d = result.at_risk[row], sum(result.ended[name][row] for name in result.ended)
            own = result.ended["arrived"][row]
            apart = result.incidence["arrived"][last] - result.incidence["arrived"][row]
            variance += apart**2 * d / (n * (n - d)) if n > d else 0.0
            variance += before[row] ** 2 * own * (n - own) / n**3 - 2 * apart * before[row] * own / n**2
        assert result.se["arrived"][last] == pytest.approx(math.sqrt(variance), abs=1e-12)


def test_standard_errors_keep_their_digits_over_many_calls():
    rng = np.random.default_rng(4)
    minutes = np.arange(1.0, 50_001.0)
    outcome = rng.choice(["arrived", "left"], 50_000)
    result = cumulative_incidence(minutes=minutes, outcome=outcome)
    share = np.cumsum(outcome == "arrived") / 50_000
    np.testing.assert_allclose(result.se["arrived"], np.sqrt(share * (1 - share) / 50_000), rtol=1e-8)


def test_restricted_means_are_plain_means_without_censoring():
    rng = np.random.default_rng(6)
    minutes = rng.lognormal(math.log(20), 0.8, 60)
    outcome = rng.choice(["arrived", "left"], 60, p=[0.8, 0.2])
    mean = restricted_mean(curve=cumulative_incidence(minutes=minutes, outcome=outcome), to_minutes=60)
    waited = np.minimum(minutes, 60)
    without = np.where(outcome == "arrived", waited, 60)
    for estimate, values in ((mean.waiting, waited), (mean.without_ambulance, without)):
        assert estimate.value == pytest.approx(values.mean(), abs=1e-9)
        half = 1.959963984540054 * values.std() / math.sqrt(60)
        assert estimate.lower == pytest.approx(values.mean() - half, abs=1e-9)
        assert estimate.upper == pytest.approx(min(60, values.mean() + half), abs=1e-9)
    assert not mean.beyond_follow_up


def test_a_restricted_mean_past_the_follow_up_says_so():
    assert restricted_mean(curve=curve_of(arrived=[5, 6], censored=[20]), to_minutes=60).beyond_follow_up
    assert not restricted_mean(curve=curve_of(arrived=[5, 6], censored=[20]), to_minutes=10).beyond_follow_up


# ---------------------------------------------------------------------------------------------------- properties

waits = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([name.value for name in Outcome])), min_size=1, max_size=60
)


@given(waits)
@settings(max_examples=200, deadline=None)
def test_shares_sum_to_one_at_each_time(rows):
    minutes, outcome = zip(*rows, strict=True)
    result = cumulative_incidence(minutes=minutes, outcome=outcome)
    np.testing.assert_allclose(result.waiting + sum(result.incidence.values()), 1.0, atol=1e-12)
    for share in result.incidence.values():
        assert np.all(np.diff(share) >= -1e-15)
    assert result.calls == sum(result.events.values()) == len(rows)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_without_a_competing_event_incidence_is_one_minus_kaplan_meier(rows):
    minutes, arrived = zip(*rows, strict=True)
    product = kaplan_meier(minutes=minutes, arrived=arrived)
    result = cumulative_incidence(minutes=minutes, outcome=["arrived" if yes else "censored" for yes in arrived])
    np.testing.assert_array_equal(result.minutes, product.minutes)
    np.testing.assert_array_equal(result.at_risk, product.at_risk)
    np.testing.assert_allclose(result.incidence["arrived"], 1 - product.waiting, atol=1e-12)


@given(waits, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    one, other = (
        cumulative_incidence(minutes=[row[0] for row in each], outcome=[row[1] for row in each])
        for each in (rows, mixed)
    )
    for name in one.incidence:
        np.testing.assert_array_equal(one.incidence[name], other.incidence[name])
        np.testing.assert_array_equal(one.se[name], other.se[name])


@given(waits, st.lists(st.floats(0, 60), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_a_share_lies_inside_its_interval(rows, at_minutes):
    curve = cumulative_incidence(minutes=[row[0] for row in rows], outcome=[row[1] for row in rows])
    for chances in (chance_by(curve=curve, at_minutes=at_minutes), share_waiting(curve=curve, at_minutes=at_minutes)):
        known = np.isfinite(chances.value)
        assert np.all(chances.lower[known] <= chances.value[known] + 1e-12)
        assert np.all(chances.value[known] <= chances.upper[known] + 1e-12)
        assert np.all((chances.lower[known] >= 0) & (chances.upper[known] <= 1))


# ------------------------------------------------------------------------------------------------ reading a curve


def test_chance_by_counts_those_at_the_target_itself():
    chances = chance_by(curve=curve_of(arrived=[4, 8, 9, 12], left=[3]), at_minutes=(7.99, 8))
    np.testing.assert_allclose(chances.value, [0.2, 0.4])


def test_a_share_of_nought_has_the_exact_binomial_limit():
    chances = chance_by(curve=curve_of(arrived=[10] * 9, censored=[1]), at_minutes=8)
    assert chances.value[0] == 0
    assert chances.lower[0] == 0
    # Nobody of nine still followed: upper limit 1 - 0.025^(1/9), Clopper & Pearson 1934.
    assert chances.upper[0] == pytest.approx(1 - 0.025 ** (1 / 9))


def test_nothing_is_said_beyond_the_follow_up():
    curve = curve_of(arrived=[5] * 8, censored=[30] * 2)
    assert np.isnan(share_waiting(curve=curve, at_minutes=(20, 40)).value).tolist() == [False, True]
    # Where every wait has ended, the share stays what it is for good.
    assert share_waiting(curve=curve_of(arrived=[5] * 8), at_minutes=80).value[0] == 0


def test_ten_equal_steps_reach_the_median_at_the_fifth():
    assert arrival_quantile(curve=curve_of(arrived=range(1, 11)), share=0.5).minutes == 5


@pytest.mark.parametrize(
    ("upper", "kept"),
    [(15, 15), (16, math.inf), (20, math.inf), (math.inf, math.inf)],
)
def test_an_upper_limit_among_the_last_four_of_twenty_arrivals_is_left_open(upper, kept):
    curve = curve_of(arrived=range(1, 21))
    found = Quantile(share=0.5, minutes=10, lower=6, upper=upper)
    assert without_last_arrivals(quantile=found, curve=curve, least=5) == replace(found, upper=kept)


def test_a_median_that_only_the_last_arrivals_reach_is_held_back():
    # Nine of twenty left; the eleventh and last arrival is at 11 minutes, the tenth, which is the median, at 10.
    curve = curve_of(arrived=range(1, 12), left=[1] * 9)
    median = arrival_quantile(curve=curve, share=0.5)
    assert median.minutes == 10
    assert math.isnan(without_last_arrivals(quantile=median, curve=curve, least=5).minutes)


@pytest.mark.parametrize(
    ("quantile", "sentence"),
    [
        (Quantile(share=0.5, minutes=14, lower=10, upper=20), "14 minutes (10 to 20)"),
        (Quantile(share=0.5, minutes=7.25, lower=6.5, upper=240), "7.2 minutes (6.5 to 240)"),
        (Quantile(share=0.9, minutes=31, lower=20, upper=math.inf), "31 minutes (at least 20)"),
        (Quantile(share=0.9, minutes=math.inf, lower=20, upper=math.inf), "not reached"),
    ],
)
def test_a_centile_in_words(quantile, sentence):
    assert quantile.sentence == sentence


# ----------------------------------------------------------------------------------------------------- summaries


def test_under_eight_timed_events_only_the_count_is_given():
    result = summarise_waits(
        minutes=[5, 6, 7, 8, 9, 10, 11, 12, 13], outcome=["arrived"] * 6 + ["left"] + ["censored"] * 2
    )
    assert result == CallsOnly(calls=9, timed=7)
    assert result.sentence == "7 timed calls: too few for a median or a curve (8 are needed)."
    assert summarise_waits(minutes=[], outcome=[]) == CallsOnly(calls=0, timed=0)


def test_eight_timed_events_make_a_summary_but_no_centile_of_five_arrivals():
    result = summarise_waits(minutes=range(1, 9), outcome=["arrived"] * 5 + ["left"] * 3)
    assert isinstance(result, WaitSummary)
    assert result.median_arrived == CallsOnly(calls=5, timed=5)


def test_the_longest_waits_are_kept_longest_first():
    minutes = [12.0, 240.0, 9.0, 61.0, 8.0, 7.0, 7.0, 7.0, 200.0]
    outcome = ["arrived"] * 8 + ["left"]
    longest = summarise_waits(minutes=minutes, outcome=outcome, longest=3).longest
    assert [(wait.minutes, wait.outcome) for wait in longest] == [
        (240.0, Outcome.ARRIVED),
        (200.0, Outcome.LEFT),
        (61.0, Outcome.ARRIVED),
    ]


# ---------------------------------------------------------------------------------------- what the clock leaves open


@pytest.mark.parametrize(("rounding", "recorded"), [("nearest", np.round), ("down", np.floor)])
def test_rounded_waits_bracket_the_exact_curve(rounding, recorded):
    rng = np.random.default_rng(11)
    exact = rng.lognormal(math.log(13), 0.5, 300) + 1
    outcome = rng.choice(["arrived", "left"], 300, p=[0.85, 0.15])
    effect = rounding_effect(
        minutes=recorded(exact), outcome=outcome, rounding=Rounding(rounding), target_minutes=(7, 8, 15)
    )
    truth = cumulative_incidence(minutes=exact, outcome=outcome)
    at = np.linspace(0, 60, 241)
    low, middle, high = (
        chance_by(curve=curve, at_minutes=at).value for curve in (effect.latest, truth, effect.earliest)
    )
    assert np.all(low <= middle + 1e-12)
    assert np.all(middle <= high + 1e-12)
    first, _recorded, last = effect.median_minutes
    assert first <= arrival_quantile(curve=truth, share=0.5).minutes <= last
    # At a target that waits are rounded to, the effect is not small: the minute's own arrivals hang on it.
    assert effect.within_target[0][1] - effect.within_target[2][1] > 0.02


def test_exact_times_have_no_rounding_effect():
    effect = rounding_effect(minutes=[3, 8.5, 9], outcome=["arrived"] * 3, recorded_to_minutes=0)
    assert len(set(effect.median_minutes)) == 1


def test_rounding_in_words():
    effect = rounding_effect(minutes=[8] * 9, outcome=["arrived"] * 9)
    assert effect.sentence == ("The recorded median is 8 minutes; before rounding it lay between 7.5 and 8.5 minutes.")


def test_unknown_times_of_leaving_bound_the_share_waiting_and_leave_arrival_alone():
    rng = np.random.default_rng(12)
    minutes = rng.uniform(1, 60, 100)
    outcome = rng.choice(["arrived", "left"], 100, p=[0.7, 0.3])
    known = rng.random(100) < 0.5
    recorded = np.where((outcome == "left") & ~known, np.nan, minutes)
    bounds = leaving_bounds(minutes=recorded, outcome=outcome, latest_known_minutes=minutes + rng.uniform(0, 30, 100))
    assert bounds.unknown == int(np.isnan(recorded).sum())
    at = np.linspace(0, 60, 61)
    truth = cumulative_incidence(minutes=minutes, outcome=outcome)
    low, middle, high = (
        share_waiting(curve=curve, at_minutes=at).value for curve in (bounds.at_once, truth, bounds.latest)
    )
    assert np.all(low <= middle + 1e-12)
    assert np.all(middle <= high + 1e-12)
    assert np.any(high - low > 0.05)
    for curve in (bounds.at_once, bounds.latest):
        np.testing.assert_allclose(
            chance_by(curve=curve, at_minutes=at).value, chance_by(curve=truth, at_minutes=at).value, atol=1e-12
        )


def test_leaving_is_bounded_by_six_hours_where_nothing_later_is_known():
    bounds = leaving_bounds(minutes=[5, np.nan], outcome=["arrived", "left"], latest_known_minutes=[np.nan, np.nan])
    assert bounds.latest.minutes.tolist() == [5, LONGEST_PLAUSIBLE_MINUTES]


def test_screening_counts_each_row_once():
    raw = [0, 0, -3, 7, 361, 1200, np.nan, 360, 0.5]
    screened = screen_waits(minutes=raw)
    assert screened.usable.tolist() == [False, False, False, True, False, False, False, True, True]
    assert (screened.already_there, screened.negative, screened.too_long, screened.not_recorded) == (2, 1, 2, 1)


def test_two_clocks_are_compared_where_both_exist():
    first = np.array([10.0, 12, 14, 16, 18, 20, 22, 24, np.nan])
    result = clock_disagreement(first_minutes=first, second_minutes=first + np.array([1, 1, 1, 1, 1, 1, 1, -30, 5]))
    assert (result.pairs, result.median_minutes, result.largest_minutes) == (8, 1.0, -30.0)
    assert clock_disagreement(first_minutes=[1.0, np.nan], second_minutes=[2.0, 3.0]) == CallsOnly(calls=2, timed=1)


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("minutes", "outcome", "words"),
    [
        ([], [], "no waits"),
        ([3, -1], ["arrived"] * 2, "quarantine"),
        ([3, np.nan], ["arrived"] * 2, "quarantine"),
        ([3, 4], ["arrived", "went away"], "none of arrived, left, declined and censored"),
        ([3, 4], ["arrived"], "differ in length"),
    ],
)
def test_waits_that_make_no_curve_are_refused_in_words(minutes, outcome, words):
    with pytest.raises(UnusableWaitsError, match=words):
        cumulative_incidence(minutes=minutes, outcome=outcome)


def test_a_missing_time_of_arrival_is_not_a_time_of_leaving():
    with pytest.raises(UnusableWaitsError, match="Only the time of leaving"):
        leaving_bounds(minutes=[np.nan], outcome=["arrived"], latest_known_minutes=[5])


def test_an_empty_window_and_a_negative_step_are_refused():
    with pytest.raises(UnusableWaitsError, match="window"):
        restricted_mean(curve=curve_of(arrived=[5]), to_minutes=0)
    with pytest.raises(UnusableWaitsError, match="step"):
        rounding_effect(minutes=[5], outcome=["arrived"], recorded_to_minutes=-1)


# ----------------------------------------------------------------------------------------------- simulated truth


def simulate(rng, calls):
    """Latent arrival (log-normal, median 13 minutes, 3 % a tail of one to four hours) against leaving early."""
    arrival = rng.lognormal(math.log(13), 0.5, calls)
    arrival = np.where(rng.random(calls) < 0.03, rng.uniform(60, 240, calls), arrival)
    leaving = rng.exponential(25, calls)
    lost = np.where(rng.random(calls) < 0.1, rng.uniform(0, 60, calls), np.inf)
    minutes = np.minimum(np.minimum(arrival, leaving), lost)
    outcome = np.select([minutes == arrival, minutes == leaving], ["arrived", "left"], "censored")
    return minutes, outcome, arrival, leaving


def test_curves_cover_the_simulated_truth_and_the_naive_mean_does_not():
    rng = np.random.default_rng(20)
    _minutes, _outcome, arrival, leaving = simulate(rng, 1_000_000)
    at = np.array([8.0, 15.0, 25.0])
    truly_arrived = [np.mean((arrival <= time) & (arrival < leaving)) for time in at]
    truly_waiting = [np.mean(np.minimum(arrival, leaving) > time) for time in at]
    ended = np.minimum(arrival, leaving)
    true_mean = np.minimum(ended, 60).mean()
    true_arrival_mean = arrival.mean()
    runs, covered, mean_covered, naive_covered = 200, np.zeros(6), 0, 0
    for _run in range(runs):
        minutes, outcome, _arrival, _leaving = simulate(rng, 150)
        curve = cumulative_incidence(minutes=minutes, outcome=outcome)
        for offset, chances, truth in (
            (0, chance_by(curve=curve, at_minutes=at), truly_arrived),
            (3, share_waiting(curve=curve, at_minutes=at), truly_waiting),
        ):
            covered[offset : offset + 3] += (chances.lower <= truth) & (truth <= chances.upper)
        mean = restricted_mean(curve=curve).waiting
        mean_covered += mean.lower <= true_mean <= mean.upper
        reached = minutes[outcome == "arrived"]
        half = 1.96 * reached.std(ddof=1) / math.sqrt(len(reached))
        naive_covered += abs(reached.mean() - true_arrival_mean) <= half
    assert np.all((covered / runs >= 0.90) & (covered / runs <= 0.98))
    assert 0.90 <= mean_covered / runs <= 0.98
    # Those who waited longest left first: their waits are missing from a mean of arrivals.
    assert naive_covered / runs < 0.10
