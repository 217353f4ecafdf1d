"""Disclosure control against an adversary who knows the rules, the total and every cell that is shown."""

import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analytics.disclosure import (
    OUTSIDE_CLASS,
    TOO_FEW_CLASS,
    Audience,
    DisclosureError,
    Thresholds,
    disclose_breakdown,
    disclose_count,
    disclose_day,
    disclose_days,
    disclose_list,
    disclose_missing,
    disclose_parts,
    disclose_points,
    disclose_rate,
    disclose_series,
    disclose_surface,
    disclose_week,
    tabulate_breakdown,
)

THRESHOLDS = Thresholds()
OTHERS = (Audience.PARTNER, Audience.MEETING)


def breakdown(counts: list[int], audience: Audience):
    names = [f"area {index}" for index in range(len(counts))]
    return disclose_breakdown(codes=names, names=names, counts=counts, audience=audience, thresholds=THRESHOLDS)


@pytest.mark.parametrize(("size", "largest_total"), [(2, 40), (3, 26), (4, 18)])
def test_an_adversary_who_knows_the_rules_recovers_no_small_cell(size: int, largest_total: int) -> None:
    """Brute force: every table is grouped with all others that would look exactly the same, total included."""
    alike: dict[tuple[str, ...], list[tuple[int, ...]]] = {}
    for counts in itertools.product(range(largest_total + 1), repeat=size):
        if sum(counts) > largest_total:
            continue
        shown = breakdown(list(counts), Audience.MEETING)
        alike.setdefault((shown.total.text, *(count.text for count in shown.counts)), []).append(counts)
    for tables in alike.values():
        for values in map(set, zip(*tables, strict=True)):
            assert len(values) > 1 or not 0 < min(values) < 5, tables[:3]


@given(st.lists(st.integers(0, 40), min_size=2, max_size=12))
def test_whatever_is_shown_is_true_and_never_small(counts: list[int]) -> None:
    shown = breakdown(counts, Audience.PARTNER)
    for count, disclosed in zip(counts, shown.counts, strict=True):
        if disclosed.shown:
            assert disclosed.value == count
            assert not 0 < count < 5
        if "fewer" in disclosed.text:
            assert 0 < count < 5
    assert sum(not disclosed.shown for disclosed in shown.counts) != 1


def test_the_analyst_sees_numbers_and_others_see_fewer_than_five() -> None:
    assert disclose_count(3, audience=Audience.ANALYST, thresholds=THRESHOLDS).text == "3"
    for audience in OTHERS:
        assert disclose_count(3, audience=audience, thresholds=THRESHOLDS).text == "fewer than 5"
        assert disclose_count(0, audience=audience, thresholds=THRESHOLDS).text == "0"
        assert disclose_count(1232, audience=audience, thresholds=THRESHOLDS).text == "1,232"


def test_one_small_cell_takes_another_with_it() -> None:
    shown = breakdown([2, 30, 12, 0], Audience.MEETING)
    assert [count.text for count in shown.counts] == ["fewer than 5", "30", "not shown", "0"]
    assert shown.total.text == "44"


def test_two_cells_of_four_and_nothing_else_are_not_broken_down() -> None:
    shown = breakdown([4, 4], Audience.MEETING)
    assert [count.text for count in shown.counts] == ["not shown", "not shown"]
    assert shown.total.text == "8"


def test_the_threshold_is_a_setting() -> None:
    stricter = Thresholds(smallest_count_shown=10)
    assert disclose_count(7, audience=Audience.PARTNER, thresholds=stricter).text == "fewer than 10"


@pytest.mark.parametrize("count", [5, 12, 60])
def test_a_rate_carries_the_exact_poisson_interval(count: int) -> None:
    rate = disclose_rate(count, 2.5, unit="per year", audience=Audience.PARTNER, thresholds=THRESHOLDS)
    # By its definition: at the limits, the tail beyond the observed count has probability 2.5 %.
    assert stats.poisson.sf(count - 1, rate.lower * 2.5) == pytest.approx(0.025)
    assert stats.poisson.cdf(count, rate.upper * 2.5) == pytest.approx(0.025)
    assert ("from few" in rate.text) == (count < 20)


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize("count", [0, 1, 4])
def test_no_rate_under_five(audience: Audience, count: int) -> None:
    rate = disclose_rate(count, 2.5, unit="per year", audience=audience, thresholds=THRESHOLDS)
    assert rate.value is None
    assert not any(character.isdigit() for character in rate.text)


def test_a_hidden_count_hides_its_rate_in_the_table() -> None:
    counts = [2, 30, 12]
    rates = [
        disclose_rate(count, 1.0, unit="per year", audience=Audience.PARTNER, thresholds=THRESHOLDS) for count in counts
    ]
    table = tabulate_breakdown(
        breakdown(counts, Audience.PARTNER), heading="Area", count_heading="n", rates=rates, rate_heading="Rate"
    )
    assert table.rows[2][2] == "not shown"
    assert table.rows[-1] == ("Total", "44", "")


def test_points_and_lists_are_the_analysts() -> None:
    place = np.array([1.0, 2.0])
    assert disclose_points(easting_m=place, northing_m=place, audience=Audience.ANALYST).easting_m.size == 2
    for audience in OTHERS:
        points = disclose_points(easting_m=place, northing_m=place, audience=audience)
        assert points.easting_m.size == 0
        assert points.northing_m.size == 0
        assert disclose_list(columns=(), rows=[("a",)], audience=audience, caption="").rows == ()


def test_a_series_is_protected_as_a_breakdown_is() -> None:
    starts = [date(2025, month, 1) for month in range(1, 5)]
    series = disclose_series(
        starts=starts, counts=[1, 9, 0, 20], step="month", audience=Audience.MEETING, thresholds=THRESHOLDS
    )
    assert [count.text for count in series.counts] == ["fewer than 5", "not shown", "0", "20"]


def test_missing_shares_do_not_give_a_hidden_count_back() -> None:
    table = disclose_missing(
        names=["Age", "Gender", "Doses"],
        missing=[2, 98, 40],
        administrations=100,
        audience=Audience.PARTNER,
        thresholds=THRESHOLDS,
    )
    assert [row[2] for row in table.rows] == ["", "", "40 %"]
    assert "98" not in table.rows[1][1]


def test_a_surface_leaves_as_classes_only() -> None:
    values = np.array([[0.0, 0.3, np.nan], [1.5, 2.0, 9.0]])
    too_few = np.array([[False, False, True], [True, False, False]])
    surface = disclose_surface(
        values_per_km2_year=values,
        too_few=too_few,
        anything_near=np.zeros_like(too_few),
        limits=(0.2, 1.0, 5.0),
        unit="per km2 per year",
        x0_m=0,
        y0_m=0,
        cell_m=100,
        bandwidth_m=800,
        audience=Audience.MEETING,
        thresholds=THRESHOLDS,
    )
    assert surface.classes.tolist() == [[0, 1, OUTSIDE_CLASS], [TOO_FEW_CLASS, 2, 3]]
    assert surface.classes.dtype == np.uint8


@pytest.mark.parametrize("audience", OTHERS)
def test_a_lone_event_does_not_change_what_others_see(audience: Audience) -> None:
    generator = np.random.default_rng(7)
    values, too_few = generator.random((9, 9)), generator.random((9, 9)) < 0.6

    def classes(anything_near: np.ndarray, seen_by: Audience) -> list[list[int]]:
        surface = disclose_surface(
            values_per_km2_year=values + anything_near * too_few,
            too_few=too_few,
            anything_near=anything_near,
            limits=(0.2, 0.5),
            unit="",
            x0_m=0,
            y0_m=0,
            cell_m=100,
            bandwidth_m=800,
            audience=seen_by,
            thresholds=THRESHOLDS,
        )
        return surface.classes.tolist()

    nowhere, somewhere = np.zeros((9, 9), dtype=bool), generator.random((9, 9)) < 0.5
    assert classes(nowhere, audience) == classes(somewhere, audience)
    assert classes(nowhere, Audience.ANALYST) != classes(somewhere, Audience.ANALYST)


def test_a_surface_finer_than_allowed_is_not_made() -> None:
    arguments = {
        "values_per_km2_year": np.ones((2, 2)),
        "too_few": np.zeros((2, 2), dtype=bool),
        "anything_near": np.ones((2, 2), dtype=bool),
        "unit": "",
        "x0_m": 0,
        "y0_m": 0,
        "cell_m": 100,
        "thresholds": THRESHOLDS,
    }
    with pytest.raises(DisclosureError, match="500 m"):
        disclose_surface(**arguments, limits=(1,), bandwidth_m=300, audience=Audience.PARTNER)
    with pytest.raises(DisclosureError, match="at most 7"):
        disclose_surface(**arguments, limits=range(1, 9), bandwidth_m=900, audience=Audience.PARTNER)
    assert disclose_surface(**arguments, limits=(1,), bandwidth_m=300, audience=Audience.ANALYST).bandwidth_m == 300


def test_a_part_is_held_back_where_the_rest_of_its_whole_is_few() -> None:
    """Another page tells 20, 12 and 40: beside 18, the two of the first that are not counted here would be told."""
    shown = {"codes": "abc", "names": "abc", "counts": (18, 12, 30), "wholes": (20, 12, 40), "thresholds": Thresholds()}
    partner = disclose_parts(**shown, audience=Audience.PARTNER)
    assert [count.value for count in partner.counts] == [None, 12, None]
    assert partner.note
    analyst = disclose_parts(**shown, audience=Audience.ANALYST)
    assert [count.value for count in analyst.counts] == [18, 12, 30]


def test_days_are_told_to_others_as_quarters_and_months() -> None:
    day = date(2026, 6, 26)
    assert disclose_day(day, audience=Audience.ANALYST) == "26 June 2026"
    assert disclose_day(day, audience=Audience.PARTNER) == "a day in April to June 2026"
    assert disclose_days(day, date(2026, 6, 29), audience=Audience.ANALYST) == "26 June 2026 to 29 June 2026"
    assert disclose_days(day, day, audience=Audience.MEETING) == "June 2026"
    assert disclose_days(day, date(2026, 7, 1), audience=Audience.MEETING) == "June 2026 to July 2026"


def test_hours_do_not_give_back_the_few_events_without_a_time() -> None:
    shares = [(0.5, 0.4, 0.6)] * 168
    events = [7, 6, *[10] * 166]
    told = {
        untimed: disclose_week(
            shares=shares,
            events=events,
            on_duty=[9] * 168,
            untimed=untimed,
            audience=Audience.PARTNER,
            thresholds=Thresholds(),
        )
        for untimed in (0, 3)
    }
    assert all(count.shown for count in told[0].events)
    assert not all(count.shown for count in told[3].events)
    assert len(told[3].events) == 168
