"""Location models against brute force, published-model properties, and a search that can be stopped."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.coverage import (
    ImpossiblePlanError,
    Plan,
    StopReason,
    evaluate_sites,
    maximum_coverage,
    maximum_expected_coverage,
    p_median,
)
from geo.travel import straight_line_minutes

REFERENCE = Path(__file__).parents[1] / "reference" / "coverage"
MODELS = (maximum_coverage, maximum_expected_coverage, p_median)


def brute_force_results():
    data = json.loads((REFERENCE / "coverage_bruteforce.json").read_text())
    inputs = {
        **located(data["demand_xy"], data["site_xy"], data["weights"]),
        "reach_m": data["radius"],
        "busy_probability": data["busy_q"],
    }
    return [(inputs, result) for result in data["results"]]


def located(demand, sites, weights):
    demand, sites = np.array(demand, dtype=float), np.array(sites, dtype=float)
    return {
        "demand_weight": weights,
        "demand_easting_m": demand[:, 0],
        "demand_northing_m": demand[:, 1],
        "site_easting_m": sites[:, 0],
        "site_northing_m": sites[:, 1],
    }


def random_problem(seed, *, demand=25, sites=7):
    rng = np.random.default_rng(seed)
    return located(rng.uniform(0, 10, (demand, 2)), rng.uniform(0, 10, (sites, 2)), rng.gamma(0.7, 10, demand))


def naive_values(problem, *, sites, reach, busy):
    """All three objectives of one choice, summed in plain loops."""
    covered = expected = travel = 0.0
    for x, y, weight in zip(
        problem["demand_easting_m"], problem["demand_northing_m"], problem["demand_weight"], strict=True
    ):
        apart = [
            math.hypot(x - problem["site_easting_m"][site], y - problem["site_northing_m"][site]) for site in sites
        ]
        near = sum(distance <= reach for distance in apart)
        covered += weight * (near > 0)
        expected += weight * (1 - busy**near)
        travel += weight * min(apart)
    return covered, expected, travel


# -------------------------------------------------------------------------------------------------- the references


@pytest.mark.parametrize("share_sites", [True, False])
@pytest.mark.parametrize(("inputs", "expected"), brute_force_results(), ids=lambda part: str(part.get("p", "")))
def test_reference_optima(inputs, expected, share_sites):
    cases = (
        (maximum_coverage, "MCLP_opt", "MCLP_sites"),
        (maximum_expected_coverage, "MEXCLP_q0_4_opt", "MEXCLP_sites"),
        (p_median, "pmedian_opt", "pmedian_sites"),
    )
    for model, objective, sites in cases:
        plan = model(n_sites=expected["p"], share_sites=share_sites, **inputs)
        assert plan.objective == pytest.approx(expected[objective], rel=1e-12)
        assert list(plan.sites) == expected[sites]
        assert (plan.gap, plan.stopped) == (0, StopReason.OPTIMUM)


def test_two_carriers_share_a_site_where_that_wins():
    data = json.loads((REFERENCE / "shared_site.json").read_text())
    inputs = {
        **located(data["demand_m"], data["sites_m"], data["weights"]),
        "reach_m": data["reach_m"],
        "busy_probability": data["busy_probability"],
        "n_sites": data["n_sites"],
    }
    for share_sites, name in ((True, "MEXCLP_shared_sites_allowed"), (False, "MEXCLP_one_per_site")):
        plan = maximum_expected_coverage(share_sites=share_sites, **inputs)
        assert plan.objective == pytest.approx(data[name]["objective"], rel=1e-12)
        assert list(plan.sites) == data[name]["sites"]
    # Sharing is the default.
    assert list(maximum_expected_coverage(**inputs).sites) == data["MEXCLP_shared_sites_allowed"]["sites"]
    assert maximum_coverage(**inputs).objective == data["MCLP_objective"]


@pytest.mark.parametrize("seed", range(12))
def test_every_model_finds_what_trying_all_choices_finds(seed):
    rng = np.random.default_rng(1_000 + seed)
    problem = random_problem(seed)
    number, reach, busy = int(rng.integers(2, 5)), float(rng.uniform(2, 5)), float(rng.uniform(0.1, 0.9))
    locked = tuple(int(site) for site in rng.choice(7, int(rng.integers(0, 2)), replace=False))
    share = bool(rng.random() < 0.5)
    choices = (
        itertools.combinations_with_replacement(range(7), number) if share else itertools.combinations(range(7), number)
    )
    tried = [
        naive_values(problem, sites=choice, reach=reach, busy=busy) for choice in choices if set(locked) <= set(choice)
    ]
    best = (max(row[0] for row in tried), max(row[1] for row in tried), min(row[2] for row in tried))
    for model, expected, which in zip(MODELS, best, range(3), strict=True):
        plan = model(
            n_sites=number,
            reach_m=reach,
            busy_probability=busy,
            locked_sites=locked,
            share_sites=share,
            **problem,
        )
        assert plan.objective == pytest.approx(expected, rel=1e-9)
        assert plan.gap == 0
        assert set(locked) <= set(plan.sites)
        assert len(plan.sites) == number
        values = naive_values(problem, sites=plan.sites, reach=reach, busy=busy)
        assert values[which] == pytest.approx(plan.objective, rel=1e-9)
        reported = (plan.coverage.covered, plan.coverage.expected_covered, plan.coverage.travel)
        assert reported == pytest.approx(values, rel=1e-9)


# ----------------------------------------------------------------------------------------------------- properties


@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(1, 6))
@settings(max_examples=30, deadline=None)
def test_expected_coverage_without_busy_carriers_is_coverage(seed, number, reach):
    problem = random_problem(seed, demand=15, sites=6)
    plain = maximum_coverage(n_sites=number, reach_m=reach, **problem)
    expected = maximum_expected_coverage(n_sites=number, reach_m=reach, busy_probability=0.0, **problem)
    best = max(
        naive_values(problem, sites=choice, reach=reach, busy=0.0)[0]
        for choice in itertools.combinations_with_replacement(range(6), number)
    )
    assert plain.objective == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert expected.objective == pytest.approx(best, rel=1e-9, abs=1e-12)


@given(st.integers(0, 10_000), st.floats(1, 6), st.floats(0, 0.95))
@settings(max_examples=25, deadline=None)
def test_another_carrier_never_lowers_coverage(seed, reach, busy):
    problem = random_problem(seed, demand=15, sites=6)
    for model in (maximum_coverage, maximum_expected_coverage):
        values = [
            model(n_sites=number, reach_m=reach, busy_probability=busy, **problem).objective for number in (1, 2, 3, 4)
        ]
        assert np.all(np.diff(values) >= -1e-9)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 5), min_size=1, max_size=5), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_a_carrier_added_to_any_choice_never_lowers_what_it_does(seed, sites, added):
    problem = random_problem(seed, demand=15, sites=6)
    before, after = (
        evaluate_sites(sites=chosen, reach_m=3.0, busy_probability=0.6, **problem)
        for chosen in (sites, [*sites, added])
    )
    assert after.covered >= before.covered - 1e-9
    assert after.expected_covered >= before.expected_covered - 1e-9
    assert after.travel <= before.travel + 1e-9


# ------------------------------------------------------------------------------------------- minutes, limits, ties


def test_minutes_take_the_place_of_metres():
    rng = np.random.default_rng(3)
    demand, sites = rng.uniform(0, 20_000, (60, 2)), rng.uniform(0, 20_000, (10, 2))
    problem = located(demand, sites, rng.gamma(1, 5, 60))
    minutes = straight_line_minutes(
        from_easting_m=sites[:, 0],
        from_northing_m=sites[:, 1],
        to_easting_m=demand[:, 0],
        to_northing_m=demand[:, 1],
        speed_km_h=39.0,
    )
    # At 39 km/h and a detour of 1.3, 8 minutes are 4 km in a straight line.
    by_metres = maximum_coverage(n_sites=3, reach_m=4_000, **problem)
    by_minutes = maximum_coverage(n_sites=3, reach_m=math.nan, travel_minutes=minutes, reach_minutes=8.0, **problem)
    assert by_minutes.objective == by_metres.objective
    assert by_minutes.coverage.travel == pytest.approx(by_metres.coverage.travel * 1.3 / 650)


def test_a_place_with_no_way_to_it_is_not_covered():
    problem = located([[0, 0], [1, 0]], [[0, 0]], [5.0, 7.0])
    travel = [[1.0, math.nan]]
    plan = maximum_coverage(n_sites=1, reach_m=1, travel_minutes=travel, reach_minutes=10, **problem)
    assert (plan.objective, plan.coverage.total, plan.coverage.travel) == (5.0, 12.0, math.inf)
    with pytest.raises(ImpossiblePlanError, match="cannot be reached"):
        p_median(n_sites=1, reach_m=1, travel_minutes=travel, reach_minutes=10, **problem)


def test_the_limit_itself_is_within_reach():
    problem = located([[3, 4]], [[0, 0]], [2.0])
    assert maximum_coverage(n_sites=1, reach_m=5.0, **problem).objective == 2.0
    assert maximum_coverage(n_sites=1, reach_m=4.999, **problem).objective == 0.0


def test_more_carriers_than_sites_share_them():
    problem = random_problem(1, sites=3)
    for model in MODELS:
        plan = model(n_sites=5, reach_m=3.0, locked_sites=(1, 1), **problem)
        assert len(plan.sites) == 5
        assert plan.sites.count(1) >= 2
        assert set(plan.sites) == {0, 1, 2}


def test_carriers_locked_at_one_site_leave_fewer_to_open_others():
    problem = random_problem(2, sites=4)
    plan = p_median(n_sites=3, reach_m=3.0, locked_sites=(2, 2), **problem)
    best = min(naive_values(problem, sites=(2, other), reach=3.0, busy=0.5)[2] for other in (0, 1, 3))
    assert plan.objective == pytest.approx(best, rel=1e-12)
    assert plan.sites.count(2) == 2


# -------------------------------------------------------------------------------------------- stopping and the gap


def hard_problem():
    """Large enough that greedy choices are not the best."""
    rng = np.random.default_rng(3)
    return {
        **located(rng.uniform(0, 40, (300, 2)), rng.uniform(0, 40, (70, 2)), rng.gamma(0.5, 1, 300)),
        "n_sites": 15,
        "reach_m": 7.0,
        "busy_probability": 0.4,
    }


@pytest.mark.parametrize("model", [maximum_expected_coverage, p_median])
def test_a_search_stopped_at_once_still_gives_a_plan(model):
    stopped = model(time_limit_s=0.0, **hard_problem())
    assert stopped.stopped is StopReason.TIME
    assert len(stopped.sites) == 15
    assert stopped.gap > 0
    assert "so far" in stopped.sentence


def test_a_stopped_search_keeps_the_best_so_far_and_its_gap_is_true():
    seen = []

    def stop_at_first(progress):
        seen.append(progress)
        return True

    problem = hard_problem()
    problem["demand_weight"] = np.tile(problem["demand_weight"], 3)
    for name in ("demand_easting_m", "demand_northing_m"):
        problem[name] = np.concatenate([problem[name] + shift for shift in (0, 0.7, 1.9)])
    stopped = maximum_expected_coverage(on_progress=stop_at_first, **problem)
    assert stopped.stopped is StopReason.ASKED
    assert len(seen) == 1
    assert stopped.objective >= seen[0].objective - 1e-9
    finished = maximum_expected_coverage(gap_target=0.001, time_limit_s=60, **problem)
    assert stopped.objective <= finished.bound * (1 + 1e-9)
    assert finished.objective <= stopped.bound * (1 + 1e-9)
    assert finished.objective >= stopped.objective - 1e-9


@pytest.mark.parametrize("model", [maximum_expected_coverage, p_median])
def test_a_gap_target_is_met_and_the_bound_holds(model):
    rough = model(gap_target=0.01, time_limit_s=60, **hard_problem())
    exact = model(time_limit_s=60, **hard_problem())
    assert rough.gap <= 0.01
    assert exact.gap <= rough.gap
    better, bound = (max, max) if model is maximum_expected_coverage else (min, min)
    assert better(exact.objective, rough.objective) == exact.objective
    assert bound(rough.bound, exact.objective) == pytest.approx(rough.bound, rel=1e-7)


def test_an_error_in_the_report_of_progress_is_not_swallowed():
    def broken(_progress):
        raise KeyError("page gone")

    with pytest.raises(KeyError, match="page gone"):
        maximum_expected_coverage(on_progress=broken, **hard_problem())


def test_the_gap_in_words():
    plan = maximum_coverage(n_sites=2, reach_m=3.0, **random_problem(4))
    assert plan.sentence == "No other plan does better."
    rough = Plan(**{**vars(plan), "gap": 0.0042})
    assert rough.sentence == "The best plan found so far; no plan can do better by more than 0.42 %."
    assert "not known yet" in Plan(**{**vars(plan), "gap": math.inf}).sentence


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"demand_weight": [1.0, -1.0]}, "negative"),
        ({"demand_weight": [1.0]}, "differ in number"),
        ({"demand_weight": []}, "no risk to cover"),
        ({"demand_easting_m": [0.0, math.nan]}, "no coordinates"),
        ({"n_sites": 0}, "allow more"),
        ({"locked_sites": (0, 1), "n_sites": 1}, "2 carriers are to stay but only 1"),
        ({"locked_sites": (2,)}, "not among the sites"),
        ({"n_sites": 3, "share_sites": False}, "let them share"),
        ({"busy_probability": 1.0}, "below 1"),
        ({"travel_minutes": [[1, 2], [3, 4]]}, "give both"),
    ],
)
def test_plans_that_cannot_be_are_refused_in_words(change, words):
    inputs = {**located([[0, 0], [1, 1]], [[0, 0], [5, 5]], [1.0, 2.0]), "n_sites": 1, "reach_m": 2.0}
    with pytest.raises(ImpossiblePlanError, match=words):
        maximum_coverage(**{**inputs, **change})
