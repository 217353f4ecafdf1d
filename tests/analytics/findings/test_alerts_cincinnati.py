"""A real spike: Cincinnati's calls of August 2016, scored day by day in 1 km cells, knowing nothing of later days."""

from pathlib import Path

import numpy as np
import pytest

from analytics.alert_rules import AlertRules, merge_clusters, score_days
from tests.bench.bench_alerts import cincinnati

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "cincinnati_heroin_responses"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the city's open data is not on this machine (examples/cincinnati)")
def test_the_documented_spike_of_august_2016_is_newly_raised_by_the_24th() -> None:
    series, _moments = cincinnati(FOLDER)
    first_day, last_day = (int(np.datetime64(day, "D").astype(int)) for day in ("2016-08-08", "2016-08-24"))
    rules = AlertRules(replicates=999, watch_recurrence_days=AlertRules().alert_recurrence_days)
    groups = merge_clusters(list(score_days(series, first_day=first_day, last_day=last_day, rules=rules)))
    new = [np.datetime64(group[0][0], "D") for group in groups]
    assert len(new) == 1
    assert np.datetime64("2016-08-19") <= new[0] <= np.datetime64("2016-08-24")
