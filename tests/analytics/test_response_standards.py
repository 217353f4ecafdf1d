"""Targets by nation and date: the published figures, the Welsh break, and a deployment's own list."""

from datetime import date

import pytest

from analytics.response_standards import (
    RESPONSE_STANDARDS,
    Measure,
    Nation,
    NoStandardError,
    ResponseStandard,
    describe_standard,
    standard_periods,
    standards_on,
    target_for,
)


def test_england_is_seven_on_average_and_fifteen_at_the_ninetieth_centile():
    found = standards_on(nation=Nation.ENGLAND, day=date(2024, 5, 1), category="Category 1")
    assert [(rule.measure, rule.minutes, rule.share) for rule in found] == [
        (Measure.MEAN, 7, 0.0),
        (Measure.CENTILE, 15, 0.9),
    ]
    assert target_for(nation=Nation.ENGLAND, day=date(2024, 5, 1), category="Category 2").minutes == 18


def test_wales_changes_on_the_first_of_july_2025_and_has_no_category_one():
    before = standards_on(nation=Nation.WALES, day=date(2025, 6, 30))
    after = standards_on(nation=Nation.WALES, day=date(2025, 7, 1))
    assert [(rule.category, rule.measure, rule.minutes, rule.share) for rule in before] == [
        ("Red", Measure.SHARE_WITHIN, 8, 0.65)
    ]
    assert {(rule.category, rule.measure, rule.minutes_from, rule.minutes) for rule in after} == {
        ("Purple", Measure.MEAN, 6, 8),
        ("Red", Measure.MEAN, 6, 8),
    }
    with pytest.raises(NoStandardError, match="Wales on 1 July 2025"):
        target_for(nation=Nation.WALES, day=date(2025, 7, 1), category="Category 1")


def test_scotland_and_northern_ireland_have_their_own():
    assert target_for(nation=Nation.SCOTLAND, day=date(2025, 9, 1)).minutes == 7
    assert target_for(nation=Nation.NORTHERN_IRELAND, day=date(2025, 9, 1)).minutes == 8


def test_a_series_is_cut_where_the_standard_changes():
    periods = standard_periods(nation=Nation.WALES, first_day=date(2025, 1, 1), last_day=date(2025, 12, 31))
    assert [(period.first_day, period.last_day) for period in periods] == [
        (date(2025, 1, 1), date(2025, 6, 30)),
        (date(2025, 7, 1), date(2025, 12, 31)),
    ]
    assert periods[0].standards != periods[1].standards
    assert len(standard_periods(nation=Nation.ENGLAND, first_day=date(2025, 1, 1), last_day=date(2025, 12, 31))) == 1


def test_days_before_any_listed_standard_have_none_rather_than_a_borrowed_one():
    periods = standard_periods(nation=Nation.SCOTLAND, first_day=date(2025, 3, 1), last_day=date(2025, 4, 30))
    assert [len(period.standards) for period in periods] == [0, 4]


def test_a_deployment_may_bring_its_own_list():
    own = ResponseStandard(
        Nation.ENGLAND, "Category 1", Measure.MEAN, 9, 0.0, date(2026, 4, 1), None, "Trust board paper, March 2026"
    )
    assert target_for(nation=Nation.ENGLAND, day=date(2026, 4, 1), standards=[own]) is own
    with pytest.raises(NoStandardError, match="add one in the settings"):
        target_for(nation=Nation.ENGLAND, day=date(2026, 3, 31), standards=[own])


def test_every_listed_standard_has_a_source_and_no_two_contradict():
    for rule in RESPONSE_STANDARDS:
        assert len(rule.source.split()) >= 5
        assert rule.last_day is None or rule.first_day <= rule.last_day
        same = [
            other
            for other in standards_on(nation=rule.nation, day=rule.first_day, category=rule.category)
            if (other.measure, other.share) == (rule.measure, rule.share)
        ]
        assert same == [rule]


@pytest.mark.parametrize(
    ("nation", "day", "words"),
    [
        (Nation.WALES, date(2025, 6, 30), "Wales, Red: 65 % within 8 minutes, to 30 June 2025"),
        (Nation.WALES, date(2025, 7, 1), "Wales, Red: 6 to 8 minutes on average, from 1 July 2025"),
        (Nation.ENGLAND, date(2025, 7, 1), "England, Category 1: 7 minutes on average, from 1 April 2018"),
        (Nation.SCOTLAND, date(2025, 7, 1), "Scotland, Purple: half within 7 minutes, from 1 April 2025"),
    ],
)
def test_a_standard_in_words(nation, day, words):
    assert describe_standard(target_for(nation=nation, day=day)) == words
