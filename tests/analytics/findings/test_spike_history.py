"""The back-test: planted clusters on their days, nothing ahead of its time, and the published rules beside it."""

from datetime import date, timedelta

import numpy as np
import pytest

from analytics.findings.spike_history import find_spike_history, published_rules
from data.demo import DemoOutcome


def test_the_published_rules_on_a_series_worked_out_by_hand() -> None:
    daily = np.zeros(400, dtype=np.int64)
    # One alone; five within a week; one more eight days after the last of them.
    daily[[370, 380, 381, 382, 383, 384, 392]] = 1
    rules = {rule.name: rule for rule in published_rules(daily, score_from=366)}
    # With nothing in the year before any single event is above mean + 2 SD.
    assert rules["Mean + 2 SD over 24 hours"].new == (370, 380, 392)
    assert rules["Mean + 2 SD over 24 hours"].alarm_days == 7
    assert rules["5 in 7 days"].new == (384,)
    # Five lie within the seven days up to each of these days.
    assert rules["5 in 7 days"].alarm_days == 3
    assert rules["EARS C1 on days"].new == (370, 380, 392)
    assert rules["EARS C1 on days"].single_events == 3


@pytest.mark.usefixtures("demo_store")
def test_the_synthetic_force_s_own_past(ask, demo: DemoOutcome) -> None:
    told: list[float] = []
    found = find_spike_history(ask(), on_progress=lambda share, _what: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0
    planted = {event.id: event for event in demo.force.planted}
    raised = {row[2].split(" (")[0]: row for row in found.raised.rows}
    assert len(found.raised.rows) <= 8
    for cluster, place in (("cluster-12", "Morriston"), ("cluster-6", "Bridgend")):
        event = planted[cluster]
        row = raised[place]
        days = {f"{day.day} {day:%B %Y}" for day in (event.first_day + timedelta(days=back) for back in range(4))}
        assert row[0] in days
        assert int(row[3]) >= len(event.records) - 2
    # Neither the batch nor the gap nor the roll-out: nothing was raised on their days.
    assert not any("Rumney" in row[2] for row in found.raised.rows)
    by_rule = {row[0]: row for row in found.rules.rows}
    assert int(by_rule["Mean + 2 SD over 24 hours"][1]) > 5 * int(by_rule["This scan"][1])
    again = find_spike_history(ask())
    assert again == found


@pytest.mark.usefixtures("demo_store")
def test_a_partner_gets_no_small_count(ask) -> None:
    rows = find_spike_history(ask(audience="partner", first_day=date(2025, 1, 1))).raised.rows
    assert rows
    assert all(row[3] == "fewer than 5" or int(row[3]) >= 5 for row in rows)
    hidden = [row for row in rows if row[3] == "fewer than 5"]
    assert all((row[4], row[5]) == ("", "less often than once a year") for row in hidden)
