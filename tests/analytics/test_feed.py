"""Late, missing and batched records by hand, and over feeds with a known truth."""

import math

import numpy as np
import pytest

from analytics.feed import TooFewDelaysError, batch_entries, entry_delay, feed_gaps, reporting_delay


def test_reporting_delay_by_hand():
    events = np.arange(0, 20)
    recorded = events + np.r_[np.zeros(10), np.full(8, 2), 9, 15].astype(int)
    found = reporting_delay(event_day=events, recorded_day=recorded, today=60)
    assert found.centile_days == 2
    assert found.last_scorable_day == 58
    assert found.entered_share[[0, 1, 2, 9, 15]].tolist() == [0.5, 0.5, 0.9, 0.95, 1]


def test_young_events_do_not_make_records_look_prompt():
    """Every record takes 10 days; of the youngest days nothing could have come yet but what came at once."""
    events = np.arange(0, 100)
    recorded = events + 10
    recorded[95:] = events[95:]
    assert reporting_delay(event_day=events, recorded_day=recorded, today=99).centile_days == 10
    with pytest.raises(TooFewDelaysError, match="10 are needed"):
        reporting_delay(event_day=events[:9], recorded_day=recorded[:9], today=99)


def test_feed_gap_is_found_and_a_quiet_force_has_none():
    rng = np.random.default_rng(2)
    days = np.flatnonzero(rng.random(700) < 0.2)
    silent = days[(days < 400) | (days >= 460)]
    (gap,) = feed_gaps(event_day=silent, first_day=0, today=699)
    assert gap.first_day <= 400
    assert gap.last_day >= 459
    assert feed_gaps(event_day=days, first_day=0, today=699) == ()
    assert feed_gaps(event_day=[], first_day=0, today=699) == ()


def test_feed_gap_that_is_still_open():
    days = np.arange(0, 600, 5)
    (gap,) = feed_gaps(event_day=days, first_day=0, today=680)
    assert (gap.first_day, gap.last_day) == (596, 680)


@pytest.mark.parametrize("dispersion", [1.0, 2.0])
def test_feed_gaps_by_chance_are_rare(dispersion):
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(300):
        mean = 0.17
        daily = (
            rng.poisson(mean, 700)
            if dispersion == 1
            else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, 700)
        )
        days = np.repeat(np.arange(700), daily)
        found += bool(feed_gaps(event_day=days, first_day=0, today=699, dispersion=dispersion))
    assert found / 300 <= 0.01 + 3 * math.sqrt(0.01 / 300)


def test_batch_is_many_days_entered_late_on_one():
    prompt = np.arange(0, 100, 7)
    backlog = np.array([20, 31, 44, 60])
    (batch,) = batch_entries(
        event_day=np.r_[prompt, backlog], recorded_day=np.r_[prompt + 1, np.full(4, 92)], usual_delay_days=3
    )
    assert (batch.recorded_day, batch.records, batch.late_records) == (92, 5, 4)
    assert (batch.first_event_day, batch.last_event_day) == (20, 91)


def test_a_cluster_entered_promptly_or_one_late_incident_is_no_batch():
    assert batch_entries(event_day=[50, 51, 52, 53], recorded_day=[53] * 4, usual_delay_days=3) == ()
    assert batch_entries(event_day=[50, 50, 50], recorded_day=[70] * 3, usual_delay_days=3) == ()


def test_entry_delay_by_hand():
    found = entry_delay(days=[0, 0, 1, 1, 2, 3, 7, 8, 30, 31])
    assert (found.records, found.before) == (10, 0)
    # Ranks 2 and 9 of ten bound a median: 1 - 2 * P(binomial(10, 1/2) <= 1) = 0.979.
    assert (found.median.value, found.median.lower, found.median.upper) == (2, 0, 30)
    assert found.ninetieth.value == 30
    assert math.isinf(found.ninetieth.upper)
    assert {days: share.value for days, share in found.within.items()} == {1: 0.4, 7: 0.7, 30: 0.9}
    assert found.within[7].lower == pytest.approx(0.3475, abs=1e-4)
    assert found.within[7].upper == pytest.approx(0.9333, abs=1e-4)


def test_an_entry_before_its_event_is_counted_and_is_not_late():
    found = entry_delay(days=[-3, 0, 0, 5])
    assert (found.records, found.before, found.median.value) == (4, 1, 0)


def test_the_interval_of_a_delay_covers_the_true_centile_as_often_as_it_says():
    random = np.random.default_rng(7)
    # Geometric with chance 0.1: half are 7 days or sooner (1 - 0.9**7 = 0.52), 90 % are 22 or sooner.
    covered = np.zeros(2)
    for _trial in range(400):
        found = entry_delay(days=random.geometric(0.1, 60))
        covered += [found.median.lower <= 7 <= found.median.upper, found.ninetieth.lower <= 22 <= found.ninetieth.upper]
    assert (covered / 400 > 0.93).all()


def test_no_delays_have_no_centile():
    found = entry_delay(days=[])
    assert found.records == 0
    assert math.isnan(found.median.value)
