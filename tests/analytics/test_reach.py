"""Reach by hour, the gap tables and the what-if gain against plain loops and planted truths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.reach import (
    GainVerdict,
    UnusableReachError,
    hour_profiles,
    reach_by_hour,
    roster_gaps,
    uncovered_risk,
    what_if_gain,
)


def force(seed=0, *, hours=24, carriers=12, sites=5, places=40, areas=4, resamples=60):
    rng = np.random.default_rng(seed)
    events = rng.gamma(0.8, 5.0, places)
    return {
        "travel": rng.uniform(0, 30, (sites, places)),
        "site": rng.integers(0, sites, carriers),
        "roster": rng.random((hours, carriers)) < 0.3,
        "events": events,
        "share": rng.dirichlet(np.ones(hours)),
        "area": rng.integers(0, areas, places),
        "resampled": rng.gamma(20.0, events / 20.0, (resamples, places)),
    }


def gaps(case, cover, **more):
    return uncovered_risk(
        cover=cover,
        events_per_year=case["events"],
        hour_share=case["share"],
        area=case["area"],
        resampled_events_per_year=case["resampled"],
        **more,
    )


def test_reach_counts_who_is_on_shift_and_near_enough():
    case = force()
    result = reach_by_hour(
        travel_minutes=case["travel"], within_minutes=8, on_shift=case["roster"], carrier_site=case["site"]
    )
    for hour in range(24):
        for place in range(40):
            near = sum(
                case["roster"][hour, carrier] and case["travel"][case["site"][carrier], place] <= 8
                for carrier in range(12)
            )
            assert result.carriers_in_reach[hour, place] == near
    np.testing.assert_array_equal(result.on_shift, case["roster"].sum(axis=1))
    np.testing.assert_array_equal(result.covered, result.carriers_in_reach > 0)
    np.testing.assert_allclose(result.expected_cover(busy_probability=0.0), result.covered)
    np.testing.assert_allclose(result.expected_cover(busy_probability=0.5), 1 - 0.5**result.carriers_in_reach)


def test_night_speeds_hold_at_night():
    case = force(1)
    night = np.arange(24) < 7
    both = reach_by_hour(
        travel_minutes=np.stack([case["travel"], case["travel"] / 2]),
        within_minutes=8,
        on_shift=case["roster"],
        carrier_site=case["site"],
        speed_of_hour=night.astype(int),
    )
    for hours, travel in ((~night, case["travel"]), (night, case["travel"] / 2)):
        alone = reach_by_hour(
            travel_minutes=travel, within_minutes=8, on_shift=case["roster"], carrier_site=case["site"]
        )
        np.testing.assert_array_equal(both.carriers_in_reach[hours], alone.carriers_in_reach[hours])


def test_a_place_without_a_way_is_out_of_reach():
    result = reach_by_hour(travel_minutes=[[5.0, np.nan]], within_minutes=8, on_shift=[[True]])
    assert result.covered.tolist() == [[True, False]]


@given(st.integers(0, 10_000), st.floats(1, 29))
@settings(max_examples=40, deadline=None)
def test_another_carrier_never_lowers_reach(seed, within_minutes):
    case = force(seed, hours=6, places=15)
    fewer, more = (
        reach_by_hour(
            travel_minutes=case["travel"],
            within_minutes=within_minutes,
            on_shift=case["roster"][:, :carriers],
            carrier_site=case["site"][:carriers],
        )
        for carriers in (11, 12)
    )
    assert np.all(more.carriers_in_reach >= fewer.carriers_in_reach)


def test_the_tables_equal_plain_sums_and_add_up():
    case = force(2)
    cover = np.random.default_rng(5).random((24, 40)) < 0.6
    tables = gaps(case, cover)
    both = tables.by_area_and_hour
    for area, hour, events, uncovered in zip(both.area, both.hour, both.events, both.uncovered, strict=True):
        inside = case["area"] == area
        weights = case["events"][inside] * case["share"][hour]
        assert events == pytest.approx(weights.sum(), rel=1e-5)
        assert uncovered == pytest.approx(weights[~cover[hour, inside]].sum(), rel=1e-5, abs=1e-6)
    total = case["events"].sum()
    for table in (tables.overall, tables.by_hour, tables.by_area, both):
        assert table.events.sum() == pytest.approx(total, rel=1e-5)
        assert table.uncovered.sum() == pytest.approx(tables.overall.uncovered[0], rel=1e-5)
        assert np.all(np.diff(table.uncovered) <= 0)
        np.testing.assert_allclose(table.reach, 1 - table.uncovered / table.events, rtol=1e-6)
    assert (tables.overall.area.tolist(), tables.by_hour.area[0], tables.by_area.hour[0]) == ([-1], -1, -1)


def test_limits_are_the_centiles_of_the_resampled_surfaces():
    case = force(3)
    cover = np.random.default_rng(6).random((24, 40)) < 0.6
    missed = np.array([((surface * ~cover).sum(axis=1) @ case["share"]) for surface in case["resampled"]])
    overall = gaps(case, cover).overall
    lower, upper = np.quantile(missed, [0.025, 0.975])
    assert (overall.uncovered_lower[0], overall.uncovered_upper[0]) == pytest.approx((lower, upper), rel=1e-5)
    reach = 1 - missed / case["resampled"].sum(axis=1)
    expected = np.quantile(reach, [0.025, 0.975])
    assert (overall.reach_lower[0], overall.reach_upper[0]) == pytest.approx(tuple(expected), rel=1e-5)


def test_hours_joined_into_bands_sum_and_a_planted_hole_comes_first():
    case = force(4, hours=168, places=60)
    cover = np.ones((168, 60), dtype=bool)
    band = np.arange(168) // 6
    # Nobody in area 2 from the 60th to the 65th hour, and one stray place now and then elsewhere.
    cover[60:66, case["area"] == 2] = False
    cover[::17, 0] = False
    table = gaps(case, cover, hour_group=band).by_area_and_hour
    assert (table.area[0], table.hour[0]) == (2, 10)
    expected = case["events"][case["area"] == 2].sum() * case["share"][60:66].sum()
    assert table.uncovered[0] == pytest.approx(expected, rel=1e-5)
    assert table.reach[0] == pytest.approx(0, abs=1e-6)


def test_places_of_no_area_count_in_all_but_in_no_area():
    case = force(5)
    case["area"][:3] = -1
    tables = gaps(case, np.zeros((24, 40), dtype=bool))
    assert tables.by_area.uncovered.sum() == pytest.approx(case["events"][3:].sum(), rel=1e-5)
    assert tables.overall.uncovered[0] == pytest.approx(case["events"].sum(), rel=1e-5)


def gain_of(case, now, then, **more):
    return what_if_gain(
        cover_now=now,
        cover_then=then,
        events_per_year=case["events"],
        hour_share=case["share"],
        resampled_events_per_year=case["resampled"],
        **more,
    )


def test_a_large_gain_is_a_gain_and_its_reverse_a_loss():
    case = force(6)
    now = np.random.default_rng(7).random((24, 40)) < 0.4
    then = now | (np.random.default_rng(8).random((24, 40)) < 0.5)
    gain, loss = gain_of(case, now, then), gain_of(case, then, now)
    exact = ((then & ~now) * case["events"]).sum(axis=1) @ case["share"]
    assert gain.gain.value == pytest.approx(exact, rel=1e-5)
    assert gain.verdict is GainVerdict.GAIN
    assert gain.sentence.endswith(").")
    assert "more expected events a year within reach" in gain.sentence
    assert loss.verdict is GainVerdict.LOSS
    assert loss.gain.value == pytest.approx(-exact, rel=1e-5)
    assert gain.then.value - gain.now.value == pytest.approx(exact / case["events"].sum(), rel=1e-4)
    assert gain.now.lower <= gain.now.value <= gain.now.upper


def test_a_gain_that_one_year_may_not_show_is_inside_the_noise():
    case = force(7)
    now = np.zeros((24, 40), dtype=bool)
    then = now.copy()
    then[3, 5] = True
    result = gain_of(case, now, then)
    # The surface itself is sure of a gain, but it is under one event a year.
    assert 0 < result.gain.lower <= result.gain.value < 1
    assert result.year_lower == 0
    assert result.verdict is GainVerdict.INSIDE_NOISE
    assert result.sentence.startswith("Inside the noise: ")


def test_a_years_limits_are_those_of_a_poisson_count():
    case = force(8, places=1, hours=1, areas=1)
    case["events"][:] = 30.0
    case["resampled"] = np.full((400, 1), 30.0)
    result = gain_of(case, [[0.0]], [[1.0]])
    # 2.5 and 97.5 % of a Poisson count of mean 30.
    assert result.year_lower == pytest.approx(20, abs=1)
    assert result.year_upper == pytest.approx(41, abs=1)


def test_no_change_is_no_gain_and_the_seed_decides_the_years():
    case = force(9)
    now = np.random.default_rng(7).random((24, 40)) < 0.4
    same = gain_of(case, now, now)
    assert (same.gain.value, same.year_lower, same.year_upper) == (0, 0, 0)
    assert same.verdict is GainVerdict.INSIDE_NOISE
    assert gain_of(case, now, ~now, seed=3) == gain_of(case, now, ~now, seed=3)


@pytest.mark.parametrize(
    "change",
    [
        {"carrier_site": [0, 9]},
        {"on_shift": [[True]]},
        {"within_minutes": 0},
        {"speed_of_hour": [0]},
        {"travel_minutes": np.zeros((2, 2, 3))},
    ],
)
def test_rosters_and_travel_that_do_not_fit_are_refused(change):
    inputs = {
        "travel_minutes": np.zeros((2, 3)),
        "within_minutes": 8,
        "on_shift": [[True, False]],
        "carrier_site": [0, 1],
    }
    with pytest.raises(UnusableReachError):
        reach_by_hour(**{**inputs, **change})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("events", np.full(40, -1.0)),
        ("share", np.full(24, 1.0)),
        ("resampled", np.zeros((0, 40))),
        ("resampled", np.zeros((5, 39))),
        ("area", np.zeros(39, dtype=int)),
    ],
)
def test_risk_that_does_not_fit_is_refused(name, value):
    case = {**force(10), name: value}
    with pytest.raises(UnusableReachError):
        gaps(case, np.ones((24, 40), dtype=bool))


def profiled(seed=3, *, profiles=3, **chosen):
    """A force whose parts have hours of their own, one part an area."""
    case = force(seed, **chosen)
    rng = np.random.default_rng(seed + 100)
    hours, resamples = len(case["share"]), len(case["resampled"])
    case["profile"] = case["area"] % profiles
    case["share"] = rng.dirichlet(np.ones(hours), profiles)
    case["resampled_share"] = rng.dirichlet(np.ones(hours), (resamples, profiles))
    return case


def cover_of(case):
    return reach_by_hour(
        travel_minutes=case["travel"], within_minutes=8, on_shift=case["roster"], carrier_site=case["site"]
    ).covered


def test_each_place_has_the_hours_of_its_profile():
    case = profiled()
    cover = cover_of(case)
    result = gaps(case, cover, profile=case["profile"], resampled_hour_share=case["resampled_share"])
    surfaces = np.vstack([case["events"], case["resampled"]])
    shares = np.concatenate([case["share"][None], case["resampled_share"]])
    lost = np.array(
        [
            [
                sum(
                    surface[place] * share[case["profile"][place], hour] * (not cover[hour, place])
                    for place in np.flatnonzero(case["area"] == 2)
                )
                for hour in range(24)
            ]
            for surface, share in zip(surfaces, shares, strict=True)
        ]
    )
    row = int(np.flatnonzero(result.by_area.area == 2)[0])
    assert result.by_area.uncovered[row] == pytest.approx(lost[0].sum(), rel=1e-5)
    assert result.by_area.uncovered_lower[row] == pytest.approx(np.quantile(lost[1:].sum(axis=1), 0.025), rel=1e-5)
    assert result.overall.events[0] == pytest.approx(case["events"].sum(), rel=1e-5)
    by_both = result.by_area_and_hour
    for hour in (0, 11, 23):
        row = int(np.flatnonzero((by_both.area == 2) & (by_both.hour == hour))[0])
        assert by_both.uncovered[row] == pytest.approx(lost[0, hour], rel=1e-5)


def test_equal_profiles_are_as_one():
    case = force(5)
    cover = cover_of(case)
    alone = gaps(case, cover)
    several = gaps(case | {"share": np.tile(case["share"], (4, 1))}, cover, profile=case["area"])
    np.testing.assert_allclose(several.by_hour.uncovered, alone.by_hour.uncovered, rtol=1e-5)
    np.testing.assert_allclose(several.by_area.uncovered_upper, alone.by_area.uncovered_upper, rtol=1e-5)


def gap_arguments(case, cover):
    return {
        "cover": cover,
        "events_per_year": case["events"],
        "hour_share": case["share"],
        "area": case["area"],
        "resampled_events_per_year": case["resampled"],
    }


def test_a_planted_gap_is_the_first_with_its_very_hours():
    case = force(6, areas=3)
    cover = np.ones((24, 40), dtype=bool)
    hole = [1, 2, 22]
    cover[np.ix_(hole, case["area"] == 1)] = False
    # Too far at any hour: no gap of a roster.
    far = (case["area"] == 2) & (np.arange(40) % 2 == 0)
    cover[:, far] = False
    # A few places out of reach for an hour are not most of an area.
    cover[5, np.flatnonzero(case["area"] == 0)[0]] = False
    (gap,) = roster_gaps(**gap_arguments(case, cover))
    assert (gap.area, gap.hours) == (1, tuple(hole))
    expected = case["events"][case["area"] == 1].sum() * case["share"][hole].sum()
    assert gap.uncovered.value == pytest.approx(expected, rel=1e-5)
    assert gap.uncovered.lower < gap.uncovered.value < gap.uncovered.upper


def test_gaps_come_largest_first():
    case = force(7, areas=4)
    cover = np.ones((24, 40), dtype=bool)
    cover[:6] = False
    found = roster_gaps(**gap_arguments(case, cover))
    values = [gap.uncovered.value for gap in found]
    assert len(found) == 4
    assert values == sorted(values, reverse=True)
    assert all(gap.hours == tuple(range(6)) for gap in found)


def test_a_part_with_many_events_has_its_own_hours_and_one_with_none_those_of_all():
    counts = np.zeros((3, 24))
    counts[0, 3] = 2_000
    counts[1] = 50
    shares = hour_profiles(events=counts)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert shares[0, 3] > 0.99
    whole = (counts.sum(axis=0) + 20 / 24) / (counts.sum() + 20)
    np.testing.assert_allclose(shares[2], whole)
    np.testing.assert_allclose(hour_profiles(events=np.stack([counts, counts * 2]))[0], shares)


@pytest.mark.parametrize(
    ("name", "value"),
    [("profile", np.zeros(39, dtype=int)), ("profile", np.full(40, 9)), ("profile", None)],
)
def test_profiles_that_do_not_fit_are_refused(name, value):
    case = profiled()
    arguments = {**gap_arguments(case, cover_of(case)), "profile": case["profile"], name: value}
    with pytest.raises(UnusableReachError, match="one row for all places"):
        roster_gaps(**arguments)
    with pytest.raises(UnusableReachError, match="Areas need one number"):
        roster_gaps(**{**arguments, "profile": case["profile"], "area": [0, 1]})
