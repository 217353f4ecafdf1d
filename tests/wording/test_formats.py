"""Numbers and dates as the field writes them, in English and in a language with other rules."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from wording import (
    format_count,
    format_date,
    format_day_of_month,
    format_interval,
    format_moment,
    format_month,
    format_months,
    format_number,
    format_period,
    format_quarter,
    format_share,
    join_words,
    set_language,
)


@pytest.fixture
def in_german():
    set_language("de_DE")
    yield
    set_language("en_GB")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0344, "0.034"),
        (0.5, "0.50"),
        (2.14, "2.1"),
        (9.96, "10"),
        (12.34, "12"),
        (99.7, "100"),
        (1234.5, "1,230"),
        (-3.21, "-3.2"),
        (float("nan"), "not estimable"),
        (float("inf"), "not estimable"),
    ],
)
def test_a_measured_value_keeps_the_figures_it_deserves(value: float, text: str) -> None:
    assert format_number(value) == text


def test_counts_dates_and_intervals() -> None:
    assert format_count(1232) == "1,232"
    assert format_share(0.314) == "31 %"
    assert format_share(0.019, decimals=1) == "1.9 %"
    assert format_day_of_month(date(2025, 5, 9)) == "9 May"
    assert format_months(date(2025, 5, 9), quarter=False) == "May"
    assert format_months(date(2025, 5, 9), quarter=True) == "Apr to Jun"
    assert format_date(date(2025, 5, 9)) == "9 May 2025"
    assert format_month(date(2025, 5, 9)) == "May 2025"
    assert format_quarter(date(2025, 5, 9)) == "April to June 2025"
    assert format_period(date(2024, 7, 1), date(2026, 6, 30)) == "1 July 2024 to 30 June 2026"
    assert join_words(["Cardiff", "Swansea", "Barry"]) == "Cardiff, Swansea and Barry"


@pytest.mark.parametrize(
    ("lower", "upper", "text"),
    [
        (1.5, 2.9, "1.5 to 2.9"),
        (9.15, 26.0, "9 to 26"),
        (0.0058, 0.022, "0.006 to 0.022"),
        (0.672, 3.96, "0.7 to 4.0"),
        (0.044, 2.3, "0.044 to 2.3"),
        (0.0, 0.46, "0 to 0.46"),
        (-12.4, -3.26, "-12 to -3"),
        (-0.31, 4.2, "-0.3 to 4.2"),
        (98.4, 1234.5, "98 to 1,230"),
        (1.5, float("inf"), "1.5 to not estimable"),
    ],
)
def test_both_ends_of_an_interval_have_the_same_decimals(lower: float, upper: float, text: str) -> None:
    assert format_interval(lower, upper) == text


def test_a_moment_is_told_in_its_own_time_zone() -> None:
    assert format_moment(datetime(2025, 7, 1, 0, 30, tzinfo=ZoneInfo("Europe/London"))) == "1 July 2025, 00:30"


@pytest.mark.usefixtures("in_german")
def test_numbers_follow_the_deployments_language() -> None:
    assert format_count(1232) == "1.232"
    assert format_date(date(2025, 5, 9)) == "9 Mai 2025"
