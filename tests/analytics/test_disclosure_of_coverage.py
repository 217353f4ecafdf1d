"""What a week's hours and expected events say to each audience."""

import pytest

from analytics.disclosure import Audience, Thresholds, disclose_expected, disclose_week

THRESHOLDS = Thresholds()


def week(audience: Audience):
    events = [12] * 168
    events[3], events[4] = 2, 0
    on_duty = [40] * 168
    on_duty[5] = 3
    return disclose_week(
        shares=[(0.5, 0.4, 0.6)] * 168, events=events, on_duty=on_duty, audience=audience, thresholds=THRESHOLDS
    )


def test_the_analyst_sees_every_number_of_the_week():
    found = week(Audience.ANALYST)
    assert [found.events[hour].value for hour in (3, 4, 5)] == [2, 0, 12]
    assert found.on_duty[5].value == 3
    assert found.shares[0].text == "50 % (40 to 60 %)"


@pytest.mark.parametrize("audience", [Audience.PARTNER, Audience.MEETING])
def test_others_see_no_small_number_nor_what_would_give_it_back(audience):
    found = week(audience)
    assert found.events[3].text == "fewer than 5"
    assert found.on_duty[5].text == "fewer than 5"
    # The events' sum is known, so another hour is held back with the small one.
    assert sum(count.value is None for count in found.events) >= 2
    assert found.note


@pytest.mark.parametrize(("value", "years", "shown"), [(2.4, 2.0, False), (2.6, 2.0, True), (0.0, 2.0, False)])
def test_expected_events_stand_for_five_records_or_more(value, years, shown):
    limits = {"lower": value / 2, "upper": value * 2, "years": years, "thresholds": THRESHOLDS}
    assert disclose_expected(value, **limits, audience=Audience.PARTNER).shown == shown
    assert disclose_expected(value, **limits, audience=Audience.ANALYST).shown
