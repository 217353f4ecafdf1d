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
    for seed in range(6):
        days = days_of(seed, rows=60)
        at = np.random.default_rng(seed).permutation(60)
        seven = midnight_in(days, zone) + pd.Timedelta(hours=7)
        times = real_times(days, zone, rounded_to_hours=rounded)
        times = times.where(at >= 4, seven).where((at < 4) | (at >= 6), midnight_in(days, zone))
        settled, warnings = settle_dates_only(records(times, zone), time_zone=zone)
        assert warnings == []
        assert (settled["time_precision"] == "minute").all()


# Where the rows that are dates alone stand, in a file of 1,000 real times.
def dated_part(where, size, zone, *, seed):
    """The times, and which of them are dates: a fortnight over the end of summer time, put in after or among the rest;
    the first rows of the file; one in so many rows of it.
    """
    generator = np.random.default_rng(seed)
    days = days_of(seed, rows=1_000)
    times, dated = real_times(days, zone), np.zeros(1_000, dtype=bool)
    if where in ("after", "among"):
        fortnight = pd.Series(np.sort(pd.Timestamp("2022-10-20") + pd.to_timedelta(np.arange(size) % 14, unit="D")))
        times = pd.concat([times, midnight_in(fortnight, zone)], ignore_index=True)
        dated = np.append(dated, np.ones(size, dtype=bool))
        if where == "among":
            order = times.sort_values(kind="stable").index
            times, dated = times[order].reset_index(drop=True), dated[order]
    else:
        dated[generator.permutation(1_000)[:size] if where == "here and there" else slice(size)] = True
        times = times.where(~dated, midnight_in(days, zone))
    return times, dated


@pytest.mark.parametrize("zone", ["Europe/London", "America/Phoenix"])
@pytest.mark.parametrize(
    ("where", "size"), [("after", 5), ("after", 10), ("after", 36), ("among", 10), ("among", 36), ("first", 500)]
)
def test_dates_in_part_of_a_file_are_told_from_its_midnights(where, size, zone):
    for seed in (2, 3):
        times, dated = dated_part(where, size, zone, seed=seed)
        settled, warnings = settle_dates_only(records(times, zone), time_zone=zone)
        found = (settled["time_precision"] == "day").to_numpy()
        assert [each.kind for each in warnings] == ["dates_only"]
        assert warnings[0].count == found.sum()
        assert found[dated].all()
        # Real midnights stay times, but for one of the same fortnight.
        assert found[~dated].sum() <= (where == "among")
        real = (times.dt.tz_convert(zone).dt.strftime("%H:%M") == "00:00").to_numpy() & ~dated
        assert (settled["local_hour"][real & ~found] == 0).all()


def test_dates_of_one_value_of_a_column_are_told_wherever_they_stand():
    times, dated = dated_part("here and there", 15, "Europe/London", seed=3)
    sources = np.where(dated, "on paper", np.random.default_rng(3).choice(["a", "b", "c"], len(dated)))
    every = records(times, "Europe/London").assign(role=pd.Categorical(sources))
    settled, _warnings = settle_dates_only(every, time_zone="Europe/London")
    assert ((settled["time_precision"] == "day").to_numpy() == dated).all()


def test_half_a_file_of_dates_leaves_the_midnights_of_the_other_half():
    times, dated = dated_part("first", 500, "Europe/London", seed=5)
    real = np.flatnonzero(~dated)[[7, 90, 300]]
    times.iloc[real] = midnight_in(times.dt.tz_convert("Europe/London").dt.tz_localize(None).dt.normalize(),
                                   "Europe/London").iloc[real]  # fmt: skip
    settled, _warnings = settle_dates_only(records(times, "Europe/London"), time_zone="Europe/London")
    assert ((settled["time_precision"] == "day").to_numpy() == dated).all()


def test_midnights_here_and_there_are_asked_about_and_settled_by_the_mapping():
    times, _dated = dated_part("here and there", 15, "Europe/London", seed=6)
    every = records(times, "Europe/London")
    settled, warnings = settle_dates_only(every, time_zone="Europe/London")
    assert (settled["time_precision"] == "minute").all()
    assert [(each.kind, each.setting) for each in warnings] == [("perhaps_dates", '[times]\nmidnights = "dates"')]
    midnight = (every["local_hour"] == 0).to_numpy() & (times.dt.minute == 0).to_numpy()
    assert warnings[0].row_numbers == tuple(np.flatnonzero(midnight) + 1)[:10]
    assert warnings[0].count == midnight.sum() >= 15
    settled, warnings = settle_dates_only(every, time_zone="Europe/London", midnights="dates")
    assert [each.kind for each in warnings] == ["dates_only"]
    assert ((settled["time_precision"] == "day").to_numpy() == midnight).all()
    times, _dated = dated_part("after", 36, "Europe/London", seed=6)
    assert settle_dates_only(records(times, "Europe/London"), time_zone="Europe/London", midnights="times")[1] == []


def test_rows_are_told_as_runs_and_counted():
    warning = make_warning(kind="k", rows=[7, 3, 4, 5, 12], sentence="S.", advice="A.")
    assert (warning.count, warning.rows, warning.row_runs) == (5, 5, ((3, 5), (7, 7), (12, 12)))
    assert warning.lines() == ["S. Rows: 3 to 5, 7, 12. A."]
    many = make_warning(kind="k", rows=range(1, 41, 2), sentence="S.", advice="A.")
    assert many.lines() == ["S. Rows: 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 10 more. A."]
    assert many.row_numbers == tuple(range(1, 20, 2))
