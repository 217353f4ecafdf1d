"""Late, missing and batched records by hand, and over feeds with a known truth."""

import math

import numpy as np
import pytest

from analytics.feed import TooFewDelaysError, batch_entries, feed_gaps, reporting_delay


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
