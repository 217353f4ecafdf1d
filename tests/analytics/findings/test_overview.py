"""The overview finding against a plain recount and against intervals by their definition."""

import re
from datetime import date

import pytest
from scipy import stats

from analytics.findings.overview import _ratio_interval, find_overview


def test_counts_equal_the_published_milestone(ask) -> None:
    overview = find_overview(ask(first_day=date(2022, 4, 14), last_day=date(2024, 12, 30), settings=()))
    assert overview.administrations.value == 112
    assert sum(count.value for count in overview.by_time.counts) == 112
    assert overview.by_time.starts[0] == date(2022, 4, 1)
    assert overview.by_time_table.rows[-1][0] == "April 2022"


def test_the_interval_of_a_count_is_exact(ask) -> None:
    overview = find_overview(ask(first_day=date(2022, 4, 14), last_day=date(2024, 12, 30), settings=()))
    lower, upper = (float(text) for text in re.findall(r"[\d.]+", overview.interval)[1:])
    assert stats.poisson.sf(111, lower) == pytest.approx(0.025, abs=0.004)
    assert stats.poisson.cdf(112, upper) == pytest.approx(0.025, abs=0.004)


@pytest.mark.parametrize(("count", "before"), [(10, 6), (30, 10), (5, 5), (122, 66)])
def test_the_ratio_interval_is_the_exact_binomial_test(count: int, before: int) -> None:
    exact = stats.binomtest(count, count + before).proportion_ci(0.95, "exact")
    lower, upper = _ratio_interval(count, before)
    assert lower == pytest.approx(exact.low / (1 - exact.low))
    assert upper == pytest.approx(exact.high / (1 - exact.high))


def test_ten_against_six_is_within_chance() -> None:
    assert _ratio_interval(10, 6)[0] < 1 < _ratio_interval(10, 6)[1]


def test_no_comparison_before_records_begin(ask) -> None:
    overview = find_overview(ask(first_day=date(2022, 4, 14), last_day=date(2023, 4, 13)))
    assert "records begin on 14 April 2022" in overview.change


def test_others_see_quarters_and_no_small_number(ask) -> None:
    overview = find_overview(ask(audience="meeting"))
    assert overview.by_time.step == "quarter"
    assert all(start.month in (1, 4, 7, 10) for start in overview.by_time.starts)
    assert all(not count.shown or count.value == 0 or count.value >= 5 for count in overview.by_time.counts)


def test_a_tiny_period_is_fewer_than_five_to_others(ask) -> None:
    overview = find_overview(ask(audience="partner", first_day=date(2022, 4, 14), last_day=date(2022, 4, 20)))
    assert overview.administrations.text == "fewer than 5"
    assert overview.interval == ""
    assert "fewer than 5" in overview.headline


def test_an_empty_period_says_so(ask) -> None:
    overview = find_overview(ask(first_day=date(2020, 1, 1), last_day=date(2020, 1, 31)))
    assert overview.empty
    assert "police may not have been called" in overview.headline


def test_freshness_and_gaps_are_told(ask) -> None:
    overview = find_overview(ask())
    assert overview.freshness.startswith("Records run to ")
    assert all(row[2].endswith("%") for row in overview.missing.rows)


def test_what_the_filter_by_setting_leaves_out_is_told(ask) -> None:
    everything, usual = find_overview(ask(settings=())), find_overview(ask())
    assert everything.left_out == ""
    missing = everything.administrations.value - usual.administrations.value
    assert missing > 0
    assert usual.left_out == f"The filter by kind of place leaves out {missing} more (custody and hospital)."
    partner = find_overview(ask(audience="partner")).left_out
    assert partner == "The filter by kind of place leaves out: custody and hospital."
