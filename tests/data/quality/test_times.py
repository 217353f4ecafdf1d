"""Dates that came as times: as midnight of some zone, with or without summer time, alone or among real times."""

import numpy as np
import pandas as pd
import pytest

from data.quality.dates_only import settle_dates_only
from data.quality.warnings import make_warning

ROWS = 300


def records(instants, zone):
    """What the import knows of the times."""
    local = instants.dt.tz_convert(zone).dt.tz_localize(None)
    return pd.DataFrame(
        {
            "occurred_at": instants,
            "time_precision": "minute",
            "local_date": local.dt.normalize(),
            "local_hour": local.dt.hour.astype("Int16"),
            "local_weekday": (local.dt.weekday + 1).astype("Int16"),
        }
    ).set_axis(np.arange(1, len(instants) + 1))


def days_of(seed, rows=ROWS):
    generator = np.random.default_rng(seed)
    return pd.Series(pd.Timestamp("2021-03-01") + pd.to_timedelta(np.sort(generator.integers(0, 900, rows)), unit="D"))


def real_times(days, zone, *, rounded_to_hours=0.0):
    """Times of an evening trade, some of them noted to the hour."""
    generator = np.random.default_rng(len(days))
    minute = (generator.beta(2.5, 1.5, len(days)) * 1_440).astype(int)
    minute = np.where(generator.random(len(days)) < rounded_to_hours, minute // 60 * 60, minute)
    walls = days + pd.to_timedelta(minute, unit="min")
    return walls.dt.tz_localize(zone, ambiguous=np.ones(len(days), bool), nonexistent="shift_forward").dt.tz_convert(
        "UTC"
    )


def midnight_in(days, zone):
    return days.dt.tz_localize(zone).dt.tz_convert("UTC")


# What was written, and where the force is.
WRITTEN = {
    "Arizona, 07:00+00": (lambda days: midnight_in(days, "America/Phoenix"), "America/Phoenix"),
    "Arizona, 00:00Z": (lambda days: midnight_in(days, "UTC"), "America/Phoenix"),
    "Arizona's 07:00+00 elsewhere": (lambda days: midnight_in(days, "America/Phoenix"), "Europe/London"),
    "eastern, 04:00Z and 05:00Z": (lambda days: midnight_in(days, "America/New_York"), "America/New_York"),
    "eastern, 00:00Z": (lambda days: midnight_in(days, "UTC"), "America/New_York"),
    "eastern 04:00Z and 05:00Z elsewhere": (lambda days: midnight_in(days, "America/New_York"), "Europe/London"),
    "British, 23:00Z in summer": (lambda days: midnight_in(days, "Europe/London"), "Europe/London"),
    "British, 00:00Z": (lambda days: midnight_in(days, "UTC"), "Europe/London"),
    "British 23:00Z in summer elsewhere": (lambda days: midnight_in(days, "Europe/London"), "America/Phoenix"),
}


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("rounded", [0.0, 0.5])
@pytest.mark.parametrize("name", WRITTEN)
def test_each_form_of_a_date_is_found_and_keeps_its_day(name, rounded, share):
    write, zone = WRITTEN[name]
    days = days_of(len(name))
    dated = np.random.default_rng(4).random(ROWS) < share
    times = real_times(days, zone, rounded_to_hours=rounded)
    settled, warnings = settle_dates_only(records(times.where(~dated, write(days)), zone), time_zone=zone)
    found = (settled["time_precision"] == "day").to_numpy()
    assert [each.kind for each in warnings] == ["dates_only"]
    assert warnings[0].count == warnings[0].rows == found.sum()
    assert found[dated].all()
    # A real time may be of just that clock; and it keeps its day as well.
    assert found[~dated].sum() <= 0.05 * ROWS
    assert (settled["local_date"].to_numpy()[dated] == days.to_numpy()[dated]).all()
    starts = settled["occurred_at"].dt.tz_convert(zone).dt.tz_localize(None)[dated]
    assert (starts.to_numpy() == days.to_numpy()[dated]).all()
    assert settled["local_hour"][dated].isna().all()


def test_utc_read_as_local_time_is_midnight_of_the_next_day_in_summer():
    days = days_of(9)
    written = midnight_in(days, "Europe/London").dt.tz_localize(None)
    times = written.dt.tz_localize("Europe/London", nonexistent="shift_forward").dt.tz_convert("UTC")
    settled, warnings = settle_dates_only(records(times, "Europe/London"), time_zone="Europe/London")
    assert warnings[0].count == ROWS
    assert "23:00 in summer and 00:00 in winter" in warnings[0].sentence
    assert (settled["local_date"].to_numpy() == days.to_numpy()).all()


@pytest.mark.parametrize("zone", ["America/Phoenix", "Europe/London", "America/New_York"])
@pytest.mark.parametrize("rounded", [0.0, 0.6, 1.0])
def test_real_times_with_a_few_at_seven_and_at_midnight_stay_times(zone, rounded):
    for seed in range(20):
        days = days_of(seed, rows=60)
        at = np.random.default_rng(seed).permutation(60)
        seven = midnight_in(days, zone) + pd.Timedelta(hours=7)
        times = real_times(days, zone, rounded_to_hours=rounded)
        times = times.where(at >= 4, seven).where((at < 4) | (at >= 6), midnight_in(days, zone))
        settled, warnings = settle_dates_only(records(times, zone), time_zone=zone)
        assert warnings == []
        assert (settled["time_precision"] == "minute").all()


def test_rows_are_told_as_runs_and_counted():
    warning = make_warning(kind="k", rows=[7, 3, 4, 5, 12], sentence="S.", advice="A.")
    assert (warning.count, warning.rows, warning.row_runs) == (5, 5, ((3, 5), (7, 7), (12, 12)))
    assert warning.lines() == ["S. Rows: 3 to 5, 7, 12. A."]
    many = make_warning(kind="k", rows=range(1, 41, 2), sentence="S.", advice="A.")
    assert many.lines() == ["S. Rows: 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 10 more. A."]
    assert many.row_numbers == tuple(range(1, 20, 2))
