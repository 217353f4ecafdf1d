"""Spikes: what stands beside the alerts, on the synthetic force."""

import pytest

from analytics.findings.spikes import find_spikes


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ("analyst", "2 November 2025 to 24 December 2025: no record came in"),
        ("partner", "A gap in the feed, which begins and ends in November 2025 and December 2025,"),
        ("meeting", "A gap in the feed, which begins and ends in November 2025 and December 2025,"),
    ],
)
def test_only_the_analyst_learns_the_days_beside_which_somebody_was_treated(ask, audience, told):
    state = find_spikes(ask(audience=audience)).state
    assert any(sentence.startswith(told) for sentence in state)
    assert any("24 December" in sentence for sentence in state) == (audience == "analyst")
