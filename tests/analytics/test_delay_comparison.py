"""The de-prioritisation question: known differences are found, confounded ones are not, and doubt is said."""

import math

import numpy as np
import pytest

from analytics.delay import arrival_quantile, cumulative_incidence
from analytics.delay_comparison import Difference, Verdict, compare_waits
from analytics.waits import UnusableWaitsError


def two_groups(rng, *, exposed_calls, other_calls, longer_by, leaving=0.1):
    calls = exposed_calls + other_calls
    exposed = np.arange(calls) < exposed_calls
    minutes = rng.lognormal(math.log(13), 0.5, calls) + np.where(exposed, longer_by, 0.0)
    outcome = np.where(rng.random(calls) < leaving, "left", "arrived")
    return minutes, outcome, exposed


def test_a_true_difference_is_found():
    minutes, outcome, exposed = two_groups(np.random.default_rng(1), exposed_calls=400, other_calls=400, longer_by=5)
    result = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed)
    assert result.median_arrived.verdict is Verdict.LONGER
    assert result.median_arrived.lower <= 5 <= result.median_arrived.upper
    swapped = compare_waits(minutes=minutes, outcome=outcome, exposed=~exposed)
    assert swapped.median_arrived.verdict is Verdict.SHORTER
    assert swapped.median.minutes == -result.median.minutes


def test_without_strata_the_centiles_are_those_of_each_curve():
    minutes, outcome, exposed = two_groups(np.random.default_rng(2), exposed_calls=90, other_calls=60, longer_by=2)
    outcome = np.where(np.arange(150) % 9 == 0, "censored", outcome)
    result = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, replicates=50)
    for rows, got in ((exposed, result.median.exposed_minutes), (~exposed, result.median.other_minutes)):
        curve = cumulative_incidence(minutes=minutes[rows], outcome=outcome[rows])
        assert got == arrival_quantile(curve=curve, share=0.5).minutes


def test_a_difference_that_is_only_rurality_disappears_within_strata():
    rng = np.random.default_rng(3)
    rural = rng.random(1_200) < 0.5
    exposed = rng.random(1_200) < np.where(rural, 0.8, 0.2)
    minutes = rng.lognormal(math.log(13), 0.4, 1_200) * np.where(rural, 1.8, 1.0)
    outcome = np.full(1_200, "arrived")
    hour_band = rng.integers(0, 4, 1_200)
    pooled = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed)
    stratified = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, strata=(rural, hour_band))
    assert pooled.median.verdict is Verdict.LONGER
    assert stratified.median.verdict is Verdict.NO_LARGE_DIFFERENCE
    assert stratified.median.sentence.startswith("no difference larger than ")
    assert (stratified.strata, stratified.outside) == (8, 0)


def test_a_stratum_that_only_one_group_has_is_left_out_and_counted():
    rng = np.random.default_rng(4)
    minutes, outcome, exposed = two_groups(rng, exposed_calls=50, other_calls=50, longer_by=0)
    rural = np.zeros(100, dtype=bool)
    rural[:7] = True
    result = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, strata=(rural,), replicates=50)
    assert (result.outside, result.exposed_calls, result.other_calls, result.strata) == (7, 43, 50, 1)


def test_six_calls_cannot_tell():
    rng = np.random.default_rng(5)
    minutes, outcome, exposed = two_groups(rng, exposed_calls=6, other_calls=80, longer_by=30, leaving=0)
    result = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed)
    assert result.median.verdict is Verdict.CANNOT_TELL
    assert result.median.sentence == "cannot tell: 6 calls"
    assert math.isnan(result.median.lower)


def test_the_ninetieth_centile_needs_thirty_six_calls():
    rng = np.random.default_rng(6)
    for calls, known in ((35, False), (36, True)):
        minutes, outcome, exposed = two_groups(rng, exposed_calls=calls, other_calls=200, longer_by=20, leaving=0)
        difference = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, replicates=200).ninetieth
        assert math.isfinite(difference.lower) is known
        assert (difference.sentence == f"cannot tell: {calls} calls") is not known


def test_a_centile_that_neither_group_reaches_is_said_to_be_so():
    rng = np.random.default_rng(7)
    minutes, outcome, exposed = two_groups(rng, exposed_calls=80, other_calls=80, longer_by=0, leaving=0.4)
    result = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, replicates=200)
    assert result.ninetieth.sentence == "cannot tell: neither group reaches this centile"
    # Beside it the centile among those reached, which exists.
    assert math.isfinite(result.ninetieth_arrived.minutes)


def test_an_interval_that_holds_nothing_and_a_doubling_says_nothing():
    rng = np.random.default_rng(8)
    calls = 20
    minutes = rng.lognormal(math.log(13), 2.0, calls)
    exposed = np.arange(calls) < 10
    result = compare_waits(minutes=minutes, outcome=np.full(calls, "arrived"), exposed=exposed)
    assert result.median.lower < 0
    assert result.median.upper > result.median.other_minutes
    assert result.median.verdict is Verdict.CANNOT_TELL
    assert result.median.sentence.startswith("cannot tell: from ")


def test_the_same_seed_gives_the_same_answer():
    minutes, outcome, exposed = two_groups(np.random.default_rng(9), exposed_calls=40, other_calls=40, longer_by=3)
    first, again, other = (
        compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, replicates=100, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.median != other.median


def test_merging_the_times_of_a_large_file_keeps_the_interval():
    rng = np.random.default_rng(10)
    minutes, outcome, exposed = two_groups(rng, exposed_calls=4_000, other_calls=4_000, longer_by=3, leaving=0)
    fine = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, replicates=1_000)
    # A resampled median's spread, from the density of the waits at their median (Serfling 1980, 2.3.3).
    density = 1 / (13 * 0.5 * math.sqrt(2 * math.pi))
    half = 1.96 * math.sqrt(2 * 0.25 / 4_000) / density
    assert fine.median.upper - fine.median.lower == pytest.approx(2 * half, rel=0.12)


def test_intervals_cover_a_known_difference():
    rng = np.random.default_rng(11)
    covered, runs = 0, 150
    for run in range(runs):
        minutes, outcome, exposed = two_groups(rng, exposed_calls=60, other_calls=60, longer_by=4, leaving=0)
        difference = compare_waits(minutes=minutes, outcome=outcome, exposed=exposed, replicates=400, seed=run).median
        covered += difference.lower <= 4 <= difference.upper
    assert 0.90 <= covered / runs <= 1.0


@pytest.mark.parametrize(
    ("lower", "upper", "verdict", "sentence"),
    [
        (2.0, 9.0, Verdict.LONGER, "longer by 2 to 9 minutes"),
        (-9.0, -2.5, Verdict.SHORTER, "shorter by 2.5 to 9 minutes"),
        (3.0, math.inf, Verdict.LONGER, "longer by at least 3 minutes"),
        (-4.0, 3.0, Verdict.NO_LARGE_DIFFERENCE, "no difference larger than 4 minutes is compatible"),
        (-math.inf, 3.0, Verdict.CANNOT_TELL, "cannot tell: too few of the calls reach this centile"),
    ],
)
def test_the_verdict_in_words(lower, upper, verdict, sentence):
    difference = Difference(
        share=0.5,
        exposed_minutes=15,
        other_minutes=12,
        minutes=3,
        lower=lower,
        upper=upper,
        verdict=verdict,
        calls=50,
        calls_needed=8,
    )
    assert difference.sentence == sentence


def test_no_resamples_and_columns_of_other_lengths_are_refused():
    with pytest.raises(UnusableWaitsError, match="at least one resample"):
        compare_waits(minutes=[5], outcome=["arrived"], exposed=[True], replicates=0)
    with pytest.raises(UnusableWaitsError, match="differ in length"):
        compare_waits(minutes=[5, 6], outcome=["arrived"] * 2, exposed=[True, False], strata=([1],))
