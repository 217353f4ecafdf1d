"""When naloxone was given, in a file whose date is that of the call: by the dose's clock, past midnight where it is."""

import io
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored

HEADINGS = ("Ref", "Call date", "Call time", "Naloxone time", "Doses", "Date entered")


def test_naloxone_is_dated_by_its_own_clock_and_not_by_the_calls(tmp_path):
    calls = [datetime(2025, 1, 1, 1, 50) + timedelta(days=n, hours=11 * n) for n in range(40)]
    given = [call + timedelta(minutes=25) for call in calls]
    rows = [
        (f"NC-{n}", f"{call:%d/%m/%Y}", f"{call:%H%M}", f"{dose:%H%M}", "1", f"{call + timedelta(2):%d/%m/%Y}")
        for n, (call, dose) in enumerate(zip(calls, given, strict=True))
    ]
    assert any(call.date() != dose.date() for call, dose in zip(calls, given, strict=True))
    sample = sample_file(source=io.BytesIO(as_csv(HEADINGS, rows)), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 1, 1)
    )
    assert "times.after" in {each.setting for each in draft.questions}
    where = make_settings(tmp_path)
    import_stream(
        stream=io.BytesIO(as_csv(HEADINGS, rows)), label="a.csv", settings=where, keys=KEYS, geography=south_wales(),
        mapping=check_mapping(draft.raw | {"synthetic": True}),
    )  # fmt: skip
    found = stored(where, "incidents")
    read = sorted(zip(found["local_date"].dt.date, found["local_hour"], strict=True))
    assert read == sorted((dose.date(), dose.hour) for dose in given)


def test_the_day_of_entry_takes_no_clock_of_the_event():
    headings = ("Ref", "Date", "Time", "Entered on", "Doses")
    rows = [
        (f"NC-{n}", f"{n % 28 + 1:02}/01/2025", f"{n % 24:02}:15", f"{n % 28 + 1:02}/02/2025", "1") for n in range(40)
    ]
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 1, 1)
    )
    assert draft.raw["columns"]["occurred_at"] == ["Date", "Time"]
    assert draft.raw["columns"]["recorded_at"] == "Entered on"


@pytest.mark.parametrize(
    ("day", "clock", "precision"),
    [
        ("{:%d/%m/%Y}", ("Hour of day", "{:%-H}"), "hour"),
        ("{:%Y-%m-%dT00:00:00.000Z}", ("Incident hour", "{:%H}:00"), "hour"),
        ("unix-ms", ("Time", "{:%H h %M}"), "minute"),
    ],
)
def test_a_day_takes_the_clock_or_the_hour_beside_it_and_no_minute_that_nobody_wrote(tmp_path, day, clock, precision):
    times = [datetime(2025, 1, 1, 0, 50) + timedelta(days=4 * n, hours=11 * n) for n in range(50)]
    london = ZoneInfo("Europe/London")
    days = [
        f"{datetime.combine(each, time(), london).timestamp() * 1_000:.0f}" if day == "unix-ms" else day.format(each)
        for each in times
    ]
    heading = "Incident date" if clock[0].startswith("Incident") else "Date"
    rows = [
        (f"NC-{n}", date, clock[1].format(each), str(n % 3 + 1))
        for n, (date, each) in enumerate(zip(days, times, strict=True))
    ]
    where = drafted_and_imported(tmp_path, ("Ref", heading, clock[0], "Doses"), rows)
    found = stored(where, "incidents")
    read = sorted(zip(found["local_date"].dt.date, found["local_hour"], strict=True))
    assert read == sorted((each.date(), each.hour) for each in times)
    assert set(found["time_precision"]) == {precision}


def drafted_and_imported(tmp_path, headings, rows):
    """The settings of a store with a file that was drafted and imported as drafted."""
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 1, 1)
    )
    where = make_settings(tmp_path)
    import_stream(
        stream=io.BytesIO(as_csv(headings, rows)), label="a.csv", settings=where, keys=KEYS, geography=south_wales(),
        mapping=check_mapping(draft.raw | {"synthetic": True}),
    )  # fmt: skip
    return where


@pytest.mark.parametrize("bands", [("09:00-11:59", "18:00-20:59"), ("0900 to 1159", "1800 to 2059"), ("AM", "Evening")])
def test_spans_of_the_day_are_told_to_be_no_times(bands):
    rows = [(f"NC-{n}", f"{datetime(2025, 1, 1) + timedelta(days=n):%d/%m/%Y}", bands[n % 2], "1") for n in range(40)]
    headings = ("Ref", "Date", "Time band", "Doses")
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 1, 1)
    )
    assert draft.raw["columns"]["occurred_at"] == "Date"
    (band,) = (each for each in draft.unused if each.heading == "Time band")
    assert "spans of the day" in band.why


def test_clocks_of_doses_side_by_side_are_the_doses_and_the_first_is_when_naloxone_was_given(tmp_path):
    calls = [datetime(2025, 1, 1, 1, 50) + timedelta(days=n, hours=11 * n) for n in range(40)]
    doses = [[call + timedelta(minutes=5 + 11 * k) for k in range(1 + n % 3)] for n, call in enumerate(calls)]
    rows = [
        (f"NC-{n}", f"{call:%d/%m/%Y}", f"{call:%H:%M}", *(f"{each:%H:%M}" for each in given), *[""] * (3 - len(given)))
        for n, (call, given) in enumerate(zip(calls, doses, strict=True))
    ]
    assert any(call.date() != each.date() for call, given in zip(calls, doses, strict=True) for each in given[1:])
    headings = ("Ref", "Call Date", "Call Time", *(f"Narcan {k} Time" for k in (1, 2, 3)))
    where = drafted_and_imported(tmp_path, headings, rows)
    incidents = stored(where, "incidents")
    read = sorted(zip(incidents["local_date"].dt.date, incidents["local_hour"], strict=True))
    assert read == sorted((given[0].date(), given[0].hour) for given in doses)
    given_at = stored(where, "doses")["given_at"].dt.tz_convert("Europe/London").dt.tz_localize(None)
    assert sorted(given_at) == sorted(each for given in doses for each in given)
    assert stored(where, "administrations")["doses_given"].sum() == len(given_at)
