"""Signature rules by hand, and over steady years."""

import math

import numpy as np
import pytest

from analytics.signatures import multiple_dose_alert, no_response_alert, substance_alert
from analytics.spikes import TooShortSeriesError


@pytest.mark.parametrize("rate_per_week", [0.03, 0.15, 0.5])
def test_signature_rules_keep_to_one_false_alert_a_year(rate_per_week):
    """Day by day over steady years, an alert being new when the number seen grows."""
    rng = np.random.default_rng(9)
    years, new, history = 15, 0, 730
    for _ in range(years):
        days = np.flatnonzero(rng.random(history + 365) < rate_per_week / 7)
        last = 0
        for today in range(history, history + 365):
            found = multiple_dose_alert(day=days, doses=np.full(len(days), 3), today=today, first_day=0)
            new += found.raised and found.events > last
            last = found.events if found.raised else 0
    assert new / years <= 1 + 3 * math.sqrt(1 / years)


def test_multiple_doses_are_found_in_four_days():
    days = np.r_[np.arange(0, 700, 50), 727, 728, 729, 730]
    doses = np.r_[np.full(14, 3), 3, 4, 1, 3]
    found = multiple_dose_alert(day=days, doses=doses, today=730, first_day=0)
    assert found.events == 3
    assert found.raised
    assert found.recurrence_days > 365
    assert found.expected == pytest.approx(7 * 14.5 / 724)


def test_a_response_not_recorded_marks_nothing():
    days = np.r_[np.arange(0, 700, 50), 728, 729, 730]
    silent = np.r_[np.zeros(14), 0, 0, 0]
    unknown = np.r_[np.zeros(14), math.nan, math.nan, 0]
    assert no_response_alert(day=days, responded=silent, today=730, first_day=0).raised
    assert no_response_alert(day=days, responded=unknown, today=730, first_day=0).events == 1


def test_a_substance_seen_first_or_again():
    assert substance_alert(day=[700], today=700, first_day=0).first_mention
    assert substance_alert(day=[700], today=700, first_day=0).raised
    assert not substance_alert(day=[700], today=701, first_day=0).raised
    assert substance_alert(day=[300, 700], today=700, first_day=0).first_mention
    again = substance_alert(day=[690, 700], today=700, first_day=0)
    assert again.raised
    assert not again.first_mention
    often = np.arange(0, 701, 20)
    assert not substance_alert(day=often, today=700, first_day=0).raised


def test_a_first_year_of_records_cannot_say_first():
    assert not substance_alert(day=[100], today=100, first_day=0).raised
    with pytest.raises(TooShortSeriesError):
        substance_alert(day=[3], today=3, first_day=0)
