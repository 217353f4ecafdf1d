"""Filters: equal views are equal objects, impossible ones cannot be built, periods widen to whole quarters."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.filters import STREET_MAP_SETTINGS, Filters, InvalidFilterError

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


def test_the_order_of_choices_makes_no_difference() -> None:
    period = {"first_day": date(2025, 1, 1), "last_day": date(2025, 3, 31)}
    one = Filters(**period, bcus=("b", "a", "a"), settings=STREET_MAP_SETTINGS)
    other = Filters(**period, bcus=("a", "b"), settings=STREET_MAP_SETTINGS[::-1])
    assert one == other
    assert hash(one) == hash(other)
    assert one.days == 90


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"last_day": date(2024, 1, 1)}, "ends before that, on 1 January 2024"),
        ({"substances": ("Zebedee",)}, "substance"),
        ({"settings": ("Zebedee",)}, "kind of place"),
    ],
)
def test_what_cannot_be_met_is_refused_without_its_value(wrong, told) -> None:
    with pytest.raises(InvalidFilterError, match=told) as error:
        Filters(**{"first_day": date(2025, 1, 1), "last_day": date(2025, 3, 31), **wrong})
    assert "Zebedee" not in str(error.value)


@given(first=DAYS, last=DAYS)
def test_whole_quarters_hold_the_period_and_nothing_more_than_they_must(first: date, last: date) -> None:
    first, last = sorted((first, last))
    whole = Filters(first_day=first, last_day=last).in_whole_quarters()
    assert whole.first_day <= first <= last <= whole.last_day
    assert (whole.first_day.month, whole.first_day.day) in ((1, 1), (4, 1), (7, 1), (10, 1))
    assert (whole.last_day.month, whole.last_day.day) in ((3, 31), (6, 30), (9, 30), (12, 31))
    assert (first - whole.first_day).days <= 91
    assert (whole.last_day - last).days <= 91
    assert whole.in_whole_quarters() == whole


@given(last=DAYS)
def test_eight_quarters_are_two_years_that_end_with_the_last_days_quarter(last: date) -> None:
    eight = Filters(first_day=last, last_day=last).last_quarters(8)
    assert eight.in_whole_quarters() == eight
    assert eight.last_day == Filters(first_day=last, last_day=last).in_whole_quarters().last_day
    assert eight.days in (730, 731)
