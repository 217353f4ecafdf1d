"""Whole files with traps laid into them, alone and together: exact counts and rows, and silence about clean files."""

import json
import tomllib
from datetime import timedelta
from itertools import product

import numpy as np
import pandas as pd
import pytest

from data.filters import AccessScope, Filters
from data.ingest import import_frame
from data.mapping import Fixed, TimeLayout
from data.quality.repeats import event_frame
from data.schema import SETTINGS
from data.settings import StoreSettings
from data.store import open_store
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales, stored
from tests.data.quality.files import MAPPING, clean_file, daily_dates, entered_again


@pytest.fixture
def check(tmp_path, monkeypatch):
    """A function that imports a frame (dry) and gives its warnings by kind."""
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    settings = make_settings(tmp_path)

    def run(frame, mapping=MAPPING, *, dry_run=True, changed=None):
        report = import_frame(
            frame=frame,
            mapping=mapping,
            settings=changed or settings,
            keys=KEYS,
            geography=south_wales(),
            dry_run=dry_run,
        )
        assert report.rows_in == len(frame)
        found = {}
        for each in report.warnings:
            assert each.kind not in found
            found[each.kind] = each
        return found

    run.settings = settings
    return run


def rows_of(mask):
    """Row numbers (1 under the headings) of a mask, as many as a warning quotes."""
    return tuple(np.flatnonzero(np.asarray(mask)) + 1)[:10]


# --- silence ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "seed"), [(16, 1), (60, 2), (200, 3), (200, 4), (1_000, 5)])
def test_a_clean_file_has_no_warning(check, rows, seed):
    assert check(clean_file(rows, seed=seed)) == {}


def test_a_real_outbreak_and_busy_hostels_are_no_fault_of_the_file(check):
    assert check(clean_file(200, seed=6, outbreak=12, at_hostels=0.4)) == {}


def test_a_clean_file_of_dates_alone_has_no_warning(check):
    frame = clean_file(300, seed=7, outbreak=10)
    frame["When"] = daily_dates(frame).dt.strftime("%d/%m/%Y")
    assert check(frame) == {}


# --- a block of days entered twice ------------------------------------------------------------------------------------

WAYS = list(product(["same", "hour later", "to the hour", "dates"], ["same", "moved", "random", "rounded"]))


@pytest.mark.parametrize(("times", "places"), WAYS)
def test_a_doubled_fortnight_is_found_whatever_was_done_to_it(check, times, places):
    frame, copies = entered_again(
        clean_file(700, seed=8), first="2022-09-05", last="2022-09-18", times=times, places=places
    )
    found = check(frame)
    assert set(found) == {"doubled_days"}
    assert found["doubled_days"].count == copies
    assert found["doubled_days"].row_numbers == tuple(range(701, 711))[:copies]


def test_a_doubled_fortnight_without_places_shares_its_minutes_or_details(check):
    for times in ("same", "dates"):
        frame, copies = entered_again(
            clean_file(700, seed=9), first="2022-09-05", last="2022-09-18", times=times, places="none"
        )
        assert check(frame)["doubled_days"].count == copies


def test_a_fortnight_that_is_there_three_times_is_one_block_that_says_so(check):
    frame, copies = entered_again(
        clean_file(700, seed=8), first="2022-09-05", last="2022-09-18", times="same", places="random"
    )
    third = frame.tail(copies)
    frame = pd.concat([frame, third.assign(Reference="AGAIN" + third["Reference"])], ignore_index=True)
    found = check(frame)["doubled_days"]
    assert found.count == 2 * copies
    assert "there 3 times" in found.sentence


def test_a_doubled_fortnight_of_dates_alone(check):
    frame, copies = entered_again(clean_file(700, seed=10), first="2022-09-05", last="2022-09-18", places="random")
    frame["When"] = daily_dates(frame).dt.strftime("%Y-%m-%d")
    found = check(frame)
    assert set(found) == {"doubled_days"}
    assert found["doubled_days"].count == copies


def test_midnight_may_be_no_time_but_is_an_hour_where_hours_are_known():
    midnight = pd.Timestamp("2023-07-05 00:00", tz="Europe/London")
    of_precision = {"minute": True, "hour": False}
    records = pd.DataFrame({"incident_id": ["A", "B"], "occurred_at": [midnight] * 2, "local_hour": [0, 0]})
    records = records.assign(time_precision=list(of_precision), local_date=pd.Timestamp("2023-07-05"))
    assert event_frame(records, key="incident_id")["midnight"].to_list() == list(of_precision.values())


def test_midnights_that_repeat_timed_events_are_no_times_even_where_the_file_alone_does_not_tell(check):
    frame = clean_file(700, seed=10)
    # Times to the hour: midnight is one of 24, and the copies are sorted in among them.
    frame["When"] = pd.to_datetime(frame["When"]).dt.strftime("%Y-%m-%d %H:00")
    frame, copies = entered_again(frame, first="2022-09-05", last="2022-09-18", times="dates", places="moved")
    frame["When"] = pd.to_datetime(frame["When"], format="mixed").dt.strftime("%Y-%m-%d %H:%M")
    frame = frame.sort_values("When", kind="stable", ignore_index=True)
    found = check(frame, dry_run=False)
    assert found["doubled_days"].count == copies
    assert {"dates_of_doubles", "dates_only"} & set(found)
    days = stored(check.settings, "incidents").query("time_precision == 'day'")
    assert len(days) == sum(found[kind].count for kind in ("dates_of_doubles", "dates_only") if kind in found)
    copied = frame["Reference"].str.startswith("COPY")
    dated = {row for kind in ("dates_of_doubles", "dates_only") if kind in found for row in runs_as_rows(found[kind])}
    assert set(np.flatnonzero(copied) + 1) <= dated
    assert len(dated) <= copies + 1


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("%Y-%m-01T00:00:00.000", "%Y-%m-01T00:00:00.000"),
        ("01/%m/%Y", "01/%m/%Y"),
        ("%Y-%m-01 05:00:00+00", "%Y-%m-01 05:00:00+00"),
        ("1 %B %Y", "1 %B %Y"),
    ],
)
def test_firsts_of_months_are_told_and_the_line_for_them_reads_months(check, form, line):
    frame = clean_file(120, seed=12)
    months = daily_dates(frame).dt.to_period("M")
    frame["When"] = daily_dates(frame).dt.strftime(form)
    # Of 05:00Z the local day is the first in Britain too.
    found = check(frame)
    assert found["firsts_of_months"].count == 120
    assert "crowded_day" not in found
    assert tomllib.loads(found["firsts_of_months"].setting) == {"times": {"formats": [line]}}
    found = check(frame, MAPPING.model_copy(update={"times": TimeLayout(formats=(line,))}), dry_run=False)
    assert not {"firsts_of_months", "crowded_day", "dates_only"} & set(found)
    incidents = stored(check.settings, "incidents")
    assert (incidents["time_precision"] == "month").all()
    assert incidents["local_weekday"].isna().all()
    with open_store(settings=check.settings, keys=KEYS) as store:
        first, last = store.period()
        assert (first, last) == (months.min().start_time.date(), months.max().end_time.date())
        whole = AccessScope(audience="analyst")
        asked = Filters(first_day=first, last_day=last - timedelta(days=1), settings=())
        counted = store.administrations_by_month(filters=asked, scope=whole)["administrations"].sum()
        # The last month is not whole in it; and a month is no day of an alert.
        assert counted == (months != months.max()).sum()
        assert store.cases_by_day(settings=SETTINGS).empty


def test_two_blocks_in_two_ways_are_two_and_the_sentence_says_which(check):
    frame, first = entered_again(clean_file(700, seed=11), first="2022-03-07", last="2022-03-20", places="moved")
    report_frame, second = entered_again(frame, first="2023-05-01", last="2023-05-14", times="dates", places="random")
    report = import_frame(
        frame=report_frame,
        mapping=MAPPING,
        settings=check.settings,
        keys=KEYS,
        geography=south_wales(),
        dry_run=True,
    )
    blocks = [each for each in report.warnings if each.kind == "doubled_days"]
    assert sorted(each.count for each in blocks) == sorted([first, second])
    moved = next(each for each in blocks if "same minutes" in each.sentence)
    assert "all moved by about" in moved.sentence
    assert "March 2022" in moved.sentence


def test_a_whole_file_that_is_there_twice_is_one_block(check):
    frame, copies = entered_again(clean_file(150, seed=12), first="2022-01-01", last="2024-12-31", places="rounded")
    assert copies == 150
    assert check(frame)["doubled_days"].count == 150


def test_a_block_that_is_stored_already_under_other_keys(check):
    frame = clean_file(300, seed=13)
    check(frame, dry_run=False)
    both, copies = entered_again(frame, first="2022-09-05", last="2022-09-30", times="dates", places="random")
    found = check(both.iloc[300:].reset_index(drop=True))
    assert found["doubled_days"].count == copies
    # The same rows under their own keys are no repeat.
    assert check(frame) == {}


# --- single repeats ---------------------------------------------------------------------------------------------------


def test_the_same_time_and_place_or_person_and_day_under_other_keys(check):
    frame = clean_file(200, seed=14)
    again = frame.iloc[[20, 90, 150]].copy()
    again["Reference"] = ["A", "B", "C"]
    again["Name"] = ""
    frame.loc[[50, 120], "Name"] = ["Jo Bloggs", "Al Bloggs"]
    person = frame.iloc[[50, 120]].copy()
    person["Reference"] = ["D", "E"]
    person["When"] = (pd.to_datetime(person["When"]).dt.normalize() + pd.Timedelta(hours=3, minutes=7)).astype(str)
    person["Lat"], person["Lon"] = "51.66", "-3.93"
    found = check(pd.concat([frame, again, person], ignore_index=True))
    assert set(found) == {"same_time_and_place", "same_person_and_day"}
    assert (found["same_time_and_place"].count, found["same_time_and_place"].row_numbers) == (3, (201, 202, 203))
    assert "201 repeats 21" in found["same_time_and_place"].sentence
    assert (found["same_person_and_day"].count, found["same_person_and_day"].row_numbers) == (2, (204, 205))


def test_a_doubled_fortnight_of_a_quiet_force_shares_its_minutes(check):
    frame, copies = entered_again(clean_file(130, seed=39), first="2022-09-05", last="2022-09-25", places="moved")
    found = check(frame)
    assert 2 <= copies < 5
    assert {kind: each.count for kind, each in found.items()} == {"same_time": copies}


def test_two_rows_of_one_moment_and_place_are_told_even_alone(check):
    frame = pd.concat([clean_file(1, seed=38)] * 2, ignore_index=True).assign(Reference=["A", "B"], Name="")
    found = check(frame)
    assert found["same_time_and_place"].row_numbers == (2,)


def test_a_doubled_incident_of_two_people_is_one_and_both_are_told(check):
    frame, copies = entered_again(clean_file(700, seed=8), first="2022-09-05", last="2022-09-18")
    second = frame.iloc[[700, 702, 10]].assign(Name="", Person="2")
    frame = pd.concat([frame.assign(Person="1"), second], ignore_index=True)
    columns = {"incident_id": "Reference", "administration_id": ("Reference", "Person")}
    found = check(frame, MAPPING.model_copy(update={"columns": MAPPING.columns | columns}))["doubled_days"]
    assert found.count == copies
    assert f"With them {copies + 2} people" in found.sentence


def test_two_people_of_one_incident_are_no_repeat(check):
    frame = clean_file(100, seed=15)
    second = frame.iloc[[10]].assign(Name="Somebody Else")
    frame = pd.concat([frame, second], ignore_index=True)
    frame["Person"] = [f"P{number}" for number in range(101)]
    mapping = MAPPING.model_copy(
        update={"columns": MAPPING.columns | {"incident_id": "Reference", "administration_id": "Person"}}
    )
    assert check(frame, mapping) == {}


def test_thousands_of_rows_of_one_moment_and_place_are_told_in_time(check):
    frame = pd.concat([clean_file(1, seed=37)] * 20_000, ignore_index=True)
    frame["Reference"] = [f"R{number}" for number in range(20_000)]
    frame["Name"] = "Jo Bloggs"
    found = check(frame)
    assert found["same_person_and_day"].count == 19_999


# --- times that are only dates ----------------------------------------------------------------------------------------

CLOCKS = {
    "midnight": lambda days: days.dt.strftime("%Y-%m-%d 00:00:00"),
    "midnight with a zone": lambda days: days.dt.tz_localize("Europe/London").map(lambda each: each.isoformat()),
    "07:00+00": lambda days: days.dt.strftime("%Y-%m-%dT07:00:00+00:00"),
    "00:00Z": lambda days: days.dt.strftime("%Y-%m-%dT00:00:00.000Z"),
    "as a map service": lambda days: days.dt.strftime("%Y/%m/%d 07:00:00+00"),
    "12:00 AM": lambda days: days.dt.strftime("%d/%m/%Y 12:00:00 AM"),
    "noon": lambda days: days.dt.strftime("%Y-%m-%d 12:00"),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_constant_clock_is_a_date(check, clock):
    frame = clean_file(120, seed=16)
    days = daily_dates(frame)
    frame["When"] = CLOCKS[clock](days)
    found = check(frame, dry_run=False)
    assert set(found) == {"dates_only"}
    assert found["dates_only"].count == 120
    kept = stored(check.settings, "incidents")
    assert (kept["time_precision"] == "day").all()
    assert kept["local_hour"].isna().all()
    assert sorted(kept["local_date"].dt.date) == sorted(days.dt.date)
    starts = kept["local_date"].dt.tz_localize("Europe/London")
    assert (kept["occurred_at"].dt.tz_convert("UTC").to_numpy() == starts.dt.tz_convert("UTC").to_numpy()).all()


def test_midnights_among_real_times_are_dates_and_the_others_stay(check):
    frame = clean_file(200, seed=17)
    some = np.zeros(200, dtype=bool)
    some[np.random.default_rng(1).choice(200, 60, replace=False)] = True
    frame.loc[some, "When"] = daily_dates(frame)[some].dt.strftime("%Y-%m-%d 00:00")
    found = check(frame, dry_run=False)
    assert set(found) == {"dates_only"}
    assert (found["dates_only"].count, found["dates_only"].row_numbers) == (60, rows_of(some))
    kept = stored(check.settings, "incidents")["time_precision"].value_counts()
    assert (kept["day"], kept["minute"]) == (60, 140)


def test_times_to_the_hour_and_a_few_midnights_stay_times(check):
    frame = clean_file(400, seed=18)
    when = pd.to_datetime(frame["When"])
    assert "dates_only" not in check(frame.assign(When=when.dt.strftime("%Y-%m-%d %H:00")))
    frame.loc[[5, 200], "When"] = when[[5, 200]].dt.strftime("%Y-%m-%d 00:00")
    assert check(frame) == {}


def test_utc_midnight_in_a_far_zone_keeps_the_day_that_was_written(check):
    frame = clean_file(40, seed=19)
    days = daily_dates(frame)
    frame["When"] = days.dt.strftime("%Y-%m-%dT00:00:00Z")
    settings = check.settings.model_copy(update={"time_zone": "America/New_York"})
    assert check(frame, dry_run=False, changed=settings)["dates_only"].count == 40
    assert sorted(stored(settings, "incidents")["local_date"].dt.date) == sorted(days.dt.date)


def test_a_few_midnights_of_a_source_of_dates_are_dates(check):
    frame = clean_file(60, seed=20)
    frame["When"] = daily_dates(frame).dt.strftime("%Y-%m-%d 00:00")
    check(frame.iloc[:57], dry_run=False)
    assert check(frame.iloc[57:].reset_index(drop=True))["dates_only"].count == 3
    few = frame.iloc[57:].reset_index(drop=True)
    few["When"] = daily_dates(few).dt.strftime("%Y-%m-%dT07:00:00Z")
    assert check(few)["dates_only"].count == 3
    other = MAPPING.model_copy(update={"source": "another form"})
    assert "dates_only" not in check(frame.iloc[57:].reset_index(drop=True), other)


# --- rounded times, days entered together, silent days ----------------------------------------------------------------


def test_times_rounded_to_five_minutes(check):
    frame = clean_file(200, seed=21)
    rounded = pd.to_datetime(frame["When"]).dt.floor("5min")
    found = check(frame.assign(When=rounded.dt.strftime("%Y-%m-%d %H:%M")))
    assert set(found) == {"times_on_fives"}
    assert found["times_on_fives"].count == 200


def test_waits_rounded_negative_zero_and_absurd(check):
    frame = clean_file(100, seed=22)
    frame["Wait"] = ["5", "10", "15", "20", "30"] * 12 + ["7", "11", "13", "23", "26", "31", "8", "9"] * 5
    frame.loc[[3, 40], "Wait"] = "0"
    frame.loc[[7, 70], "Wait"] = "-4"
    frame.loc[99, "Wait"] = "500"
    mapping = MAPPING.model_copy(
        update={"waits": make_mapping(waits=[{"kind": "call_to_arrival", "minutes": "Wait"}]).waits}
    )
    found = check(frame, mapping)
    assert set(found) == {"wait_zero", "wait_negative", "wait_too_long", "waits_on_fives"}
    assert (found["wait_zero"].count, found["wait_zero"].row_numbers) == (2, (4, 41))
    assert (found["wait_negative"].count, found["wait_negative"].row_numbers) == (2, (8, 71))
    assert (found["wait_too_long"].count, found["wait_too_long"].row_numbers) == (1, (100,))
    assert found["waits_on_fives"].count == 57 + (frame["Wait"].iloc[60:].isin(["5", "10"])).sum()


def test_an_ambulance_log_that_came_twice(check):
    frame = pd.DataFrame(
        {
            "Wait": [f"W{number}" for number in range(40)],
            "Incident": [f"I{number}" for number in range(38)] + ["I4", "I30"],
            "Minutes": [f"{7 + number % 13}" for number in range(40)],
        }
    )
    mapping = make_mapping().model_copy(
        update={
            "target": "waits",
            "columns": {"wait_id": "Wait", "incident_id": "Incident", "kind": Fixed(fixed="call_to_arrival")}
            | {"clock": Fixed(fixed="ambulance_cad"), "minutes": "Minutes"},
        }
    )
    found = check(frame, mapping)
    assert {kind: (each.count, each.row_numbers) for kind, each in found.items()} == {"wait_twice": (2, (39, 40))}


def test_a_backlog_entered_on_one_day(check):
    frame = clean_file(150, seed=23)
    backlog = np.arange(60, 75)
    frame.loc[backlog, "Entered"] = "2023-12-20 10:15"
    found = check(frame)
    assert set(found) == {"batch_entry"}
    assert (found["batch_entry"].count, found["batch_entry"].row_numbers) == (15, tuple(range(61, 71)))


def test_two_people_of_each_incident_are_no_second_entry(check):
    """Another sex and age each time: no form is a copy of the other."""
    one = clean_file(100, seed=41).assign(Name="", Gender="M", Age="25-34")
    other = one.assign(Reference=[f"{each}-2" for each in one["Reference"]], Gender="F", Age="45-54")
    assert "doubled_days" not in check(pd.concat([one, other], ignore_index=True))


def test_copies_cut_to_five_minutes_are_one_block(check):
    frame, copies = entered_again(
        clean_file(1_600, seed=36), first="2022-09-05", last="2022-09-25", times="to fives", places="random"
    )
    assert copies >= 40
    found = check(frame)["doubled_days"]
    assert copies - 2 <= found.count <= copies
    assert "up to 4 minutes apart, as if one of the two were rounded" in found.sentence


def test_a_default_day_of_events(check):
    frame = clean_file(150, seed=24)
    some = np.arange(100, 120)
    frame.loc[some, "When"] = [f"2023-01-01 {hour:02}:17" for hour in range(20)]
    frame.loc[some, "Entered"] = "2023-01-02 09:03"
    found = check(frame)
    on_the_day = (daily_dates(frame) == "2023-01-01").sum()
    assert found["crowded_day"].count == on_the_day >= 20
    assert set(found) == {"crowded_day"}


def test_one_moment_for_a_whole_file_is_no_time_of_events(check):
    found = check(clean_file(60, seed=26).assign(When="2023-11-26 14:03", Entered=""))
    assert found["crowded_day"].count == 60
    assert "one and the same date and time" in found["crowded_day"].sentence


def test_days_without_a_feed(check):
    frame = clean_file(800, seed=25)
    days = daily_dates(frame)
    silent = (days >= "2022-10-03") & (days <= "2022-10-16")
    found = check(frame[~silent].reset_index(drop=True))
    assert set(found) == {"silent_days"}
    active = days[~silent].drop_duplicates().sort_values()
    before, after = active[active < "2022-10-03"].max(), active[active > "2022-10-16"].min()
    assert found["silent_days"].count == (after - before).days - 1 >= 14
    # What an earlier file of the same source holds of these days is no silence.
    check(frame[silent].reset_index(drop=True), dry_run=False)
    assert "silent_days" not in check(frame[~silent].reset_index(drop=True))


def test_a_later_file_repeats_minutes_to_the_second(check):
    frame = clean_file(300, seed=78).assign(Name="")
    frame["When"] += ":45"
    days = daily_dates(frame)
    first = frame[days < "2023-01-01"]
    check(first.reset_index(drop=True), dry_run=False)
    copied = first[days[first.index] >= "2022-11-20"]
    again = copied.assign(Reference=[f"again-{number}" for number in range(len(copied))])
    later = pd.concat([again, frame[days >= "2023-01-01"]], ignore_index=True)
    assert len(again) >= 10
    found = check(later)["doubled_days"]
    assert found.count == len(again)
    assert "at the same minutes" in found.sentence


def test_a_second_copy_at_midnight_is_found_among_rows_with_their_times(check):
    """Twelve of three hundred: too few to say that the file's times are only dates."""
    frame = clean_file(300, seed=77)
    day = pd.to_datetime(frame["When"]).dt.normalize()
    month = frame[day.between("2022-06-01", "2022-06-30")]
    copy = month.assign(
        Reference=[f"again-{number}" for number in range(len(month))],
        When=day[month.index].dt.strftime("%Y-%m-%d 00:00"),
        Lat=[f"{float(each) + 0.001:.6f}" for each in month["Lat"]],
    )
    found = check(pd.concat([frame, copy], ignore_index=True))
    assert len(copy) >= 8
    assert "doubled_days" in found
    assert found["doubled_days"].count >= len(copy) - 2


# --- places -----------------------------------------------------------------------------------------------------------


def at_middles(frame, rows=None):
    """The file with the middle of its authority, as another source would put it, in place of each point."""
    middles = np.array([(51.62, -3.95), (51.66, -3.80), (51.55, -3.60), (51.48, -3.20), (51.64, -3.42), (51.74, -3.36)])
    points = frame[["Lat", "Lon"]].astype(float).to_numpy()
    nearest = np.argmin(((points[:, None] - middles) ** 2).sum(axis=2), axis=1)
    chosen = np.ones(len(frame), dtype=bool) if rows is None else rows
    moved = frame.copy()
    moved.loc[chosen, "Lat"] = [f"{each:.5f}" for each in middles[nearest[chosen], 0]]
    moved.loc[chosen, "Lon"] = [f"{each:.5f}" for each in middles[nearest[chosen], 1]]
    return moved


@pytest.mark.parametrize("rows", [80, 200])
def test_middles_of_areas_get_their_precision_and_leave_the_density(check, rows):
    frame = at_middles(clean_file(rows, seed=26))
    found = check(frame, dry_run=False)
    assert set(found) == {"area_points"}
    assert found["area_points"].count == rows
    kept = stored(check.settings, "incidents")
    assert kept["location_precision_m"].between(3_000, 20_000).all()
    # What is known to kilometres lies in no single small area that is smaller than that.
    areas = south_wales().small_areas
    radius_m = dict(zip(areas["code"], np.sqrt(areas.geometry.area / np.pi), strict=True))
    named = kept[kept["small_area"].notna()]
    assert len(named) < rows
    assert all(row.location_precision_m <= 1.5 * radius_m[row.small_area] for row in named.itertuples())
    assert 2 * len(named) < rows
    assert "in no alert and in no table by small area" in found["area_points"].advice
    assert "small_areas_file" in found["area_points"].advice
    assert kept["authority"].notna().any()
    counted = stored(check.settings, "counted")
    assert not counted["located"].any()
    assert counted["area_only"].all()
    with open_store(settings=check.settings, keys=KEYS) as store:
        assert not store.is_empty


def test_a_later_small_file_of_the_same_source_knows_its_middles(check):
    frame = at_middles(clean_file(100, seed=27))
    check(frame.iloc[:96], dry_run=False)
    assert check(frame.iloc[96:].reset_index(drop=True))["area_points"].count == 4


def test_a_hostel_is_no_area_and_one_point_with_a_fifth_of_all_is_asked_about(check):
    frame = clean_file(150, seed=28, at_hostels=0.5)
    assert check(frame) == {}
    frame.loc[:39, ["Lat", "Lon"]] = ["51.62145", "-3.94371"]
    found = check(frame, dry_run=False)
    assert set(found) == {"crowded_point"}
    assert found["crowded_point"].count == 40
    assert (stored(check.settings, "incidents")["location_precision_m"] == 100).all()


def test_street_points_as_published_are_street_points(check):
    frame = clean_file(300, seed=29)
    for name, step in (("Lat", 0.002), ("Lon", 0.003)):
        frame[name] = [f"{round(float(each) / step) * step:.4f}" for each in frame[name]]
    assert check(frame) == {}


def test_the_middle_of_an_area_of_the_deployment_among_exact_places(check):
    code = south_wales().authorities["code"].iloc[0]
    easting_m, northing_m = south_wales().centroid_of_area(code)
    frame = clean_file(100, seed=30).rename(columns={"Lat": "North", "Lon": "East"})
    frame["East"], frame["North"] = "300000", "190000"
    generator = np.random.default_rng(4)
    frame["East"] = [f"{each:.0f}" for each in 300_000 + generator.normal(0, 3_000, 100)]
    frame["North"] = [f"{each:.0f}" for each in 190_000 + generator.normal(0, 3_000, 100)]
    frame.loc[10:15, "East"], frame.loc[10:15, "North"] = f"{easting_m:.0f}", f"{northing_m:.0f}"
    mapping = MAPPING.model_copy(update={"place": make_mapping(place={"crs": None, "x": "East", "y": "North"}).place})
    found = check(frame, mapping)
    assert set(found) == {"area_points"}
    assert (found["area_points"].count, found["area_points"].row_numbers) == (6, tuple(range(11, 17)))


@pytest.mark.parametrize(
    ("place", "kind", "line"),
    [
        ({"x": "Lat", "y": "Lon"}, "swapped_coordinates", 'x = "Lon"'),
        ({"x": "Lon", "y": "Lat", "crs": "EPSG:27700"}, "wrong_crs", 'crs = "EPSG:4326"'),
        ({"x": "E", "y": "N"}, "wrong_crs", 'crs = "EPSG:27700"'),
        ({"x": "N", "y": "E"}, "swapped_coordinates", 'crs = "EPSG:27700"'),
        ({"x": "N", "y": "E", "crs": "EPSG:27700"}, "swapped_coordinates", 'x = "E"'),
        ({"x": "West", "y": "Lat"}, "longitude_without_minus", ""),
        ({"point": "Both"}, "swapped_coordinates", "swapped = true"),
        ({"point": "Metres"}, "wrong_crs", 'crs = "EPSG:27700"\npoint = "Metres"'),
    ],
)
def test_another_reading_of_the_coordinates_is_proposed_and_nothing_changed(check, place, kind, line):
    frame = clean_file(50, seed=31)
    points = frame[["Lon", "Lat"]].astype(float)
    easting, northing = to_grid(points["Lon"], points["Lat"])
    frame["E"], frame["N"] = [f"{each:.0f}" for each in easting], [f"{each:.0f}" for each in northing]
    frame["West"] = frame["Lon"].str.removeprefix("-")
    frame["Both"], frame["Metres"] = frame["Lon"] + ", " + frame["Lat"], frame["E"] + ", " + frame["N"]
    mapping = MAPPING.model_copy(update={"place": make_mapping(place=place).place})
    found = check(frame, mapping)
    assert kind in found
    assert found[kind].count == 50
    assert line in found[kind].setting
    assert set(found) <= {kind, "outside_force"}


def to_grid(longitude, latitude):
    from geo.projection import reproject

    return reproject(
        easting_m=longitude.to_numpy(), northing_m=latitude.to_numpy(), from_crs="EPSG:4326", to_crs="EPSG:27700"
    )


def test_single_rows_that_are_swapped_zero_or_without_a_minus(check):
    frame = clean_file(100, seed=32)
    frame.loc[[3, 50], ["Lat", "Lon"]] = frame.loc[[3, 50], ["Lon", "Lat"]].to_numpy()
    frame.loc[[20, 21], ["Lat", "Lon"]] = "0"
    frame.loc[[60], "Lon"] = frame.loc[[60], "Lon"].str.removeprefix("-")
    frame.loc[[80], ["Lat", "Lon"]] = ["48.857", "2.352"]
    found = check(frame)
    rows = {kind: (each.count, each.row_numbers) for kind, each in found.items()}
    assert rows == {
        "swapped_rows": (2, (4, 51)),
        "zero_coordinates": (2, (21, 22)),
        "longitude_without_minus": (1, (61,)),
        "outside_force": (4, (4, 51, 61, 81)),
    }


# --- words ------------------------------------------------------------------------------------------------------------


def test_unknown_words_get_a_suggestion_and_placeholders_are_counted(check):
    frame = clean_file(60, seed=33)
    frame.loc[[2, 8], "Gender"] = "Femlae"
    frame.loc[[11], "Gender"] = "Not Recoreded"
    frame.loc[[12], "Gender"] = "Zebra"
    frame.loc[[20, 21, 22, 23], "Gender"] = ["NULL", "N/A", "None Given", "-"]
    frame.loc[[30], "Age"] = "NA"
    report = import_frame(
        frame=frame, mapping=MAPPING, settings=check.settings, keys=KEYS, geography=south_wales(), dry_run=True
    )
    found = [(each.kind, each.count, each.row_numbers) for each in report.warnings]
    assert found == [
        ("unknown_value", 2, (3, 9)),
        ("unknown_value", 1, (12,)),
        ("unlisted_value", 1, (13,)),
        ("placeholder_words", 5, (21, 22, 23, 24, 31)),
    ]
    female, missing, unlisted, _placeholders = report.warnings
    assert "male, female, other, not_recorded" in unlisted.advice
    assert unlisted.setting.splitlines() == ["[values.gender]", '"..." = "..."  # as in row 13']
    assert female.setting.splitlines() == ["[values.gender]", '"..." = "female"  # as in row 3']
    assert "6 characters" in female.sentence
    assert '"not_recorded"' in missing.setting
    told = json.dumps(report.to_json()) + "\n".join(report.lines())
    for value in ("Femlae", "Recoreded", "Zebra"):
        assert value not in told


def test_a_slip_among_several_substances_and_in_the_name_of_an_area(check):
    frame = clean_file(30, seed=36)
    frame["Drugs"] = ["heroin"] * 28 + ["herion; alcohol", "Alchohol / zebra"]
    frame["Council"] = ["Cardiff"] * 28 + ["Cardif", "Atlantis"]
    changes = make_mapping(columns={"authority": "Council"}, substances={"columns": ["Drugs"]})
    mapping = changes.model_copy(update={"place": MAPPING.place})
    found = import_frame(
        frame=frame, mapping=mapping, settings=check.settings, keys=KEYS, geography=south_wales(), dry_run=True
    ).warnings
    told = [(each.kind, each.row_numbers, each.setting.splitlines()) for each in found]
    assert told == [
        ("unknown_value", (29,), ["[values.authority]", '"..." = "W06000015"  # as in row 29']),
        ("unknown_value", (30,), ["[values.substance]", '"..." = "alcohol"  # as in row 30']),
        ("unknown_value", (29,), ["[values.substance]", '"..." = "heroin"  # as in row 29']),
        ("unlisted_value", (30,), ["[values.substance]", '"..." = "..."  # as in row 30']),
    ]


def test_everyday_words_are_read_without_a_mapping_of_them_and_frequent_categories_are_shown_and_never_kept(check):
    """A mapping that a person wrote has no [values]; what the file says is certain all the same, or is asked about."""
    frame = clean_file(60, seed=37)
    frame["Alive"] = ["Survived", "Deceased", "survived", "DECEASED", "Yes"] * 12
    frame["Died"] = ["N", "Y", "no", "Yes", ""] * 12
    frame["Age"] = ["20 - 24", "25 to 29", "65+", "30 - 40", "u18"] * 12
    frame["Drugs"] = ["Diamorphine / ETOH", "Street Valium", "Heroin", "Pink champagne", "Heroin"] * 12
    frame["Name"] = ["Jo Soap"] * 60
    frame.loc[frame.index[:6], "Drugs"] = "Soap"
    columns = {"alive_at_handover": "Alive", "age_band": "Age"}
    mapping = make_mapping(columns=columns, substances={"columns": ["Drugs"]}, person={"name": "Name"})
    deployment = {"settings": check.settings, "keys": KEYS, "geography": south_wales()}
    report = import_frame(frame=frame, mapping=mapping, **deployment)
    people = stored(check.settings, "administrations")
    assert people["alive_at_handover"].value_counts().to_dict() == {"yes": 36, "died": 24}
    assert people["age_band"].value_counts().to_dict() == {
        "18_24": 12, "25_34": 12, "65_and_over": 12, "under_18": 12, "not_recorded": 12,
    }  # fmt: skip
    taken = stored(check.settings, "substances")["substance"].value_counts()
    assert taken.to_dict() == {"heroin": 32, "alcohol": 10, "benzodiazepine": 11, "not_recorded": 17}
    (drugs,) = (each for each in report.warnings if "substance" in each.sentence)
    assert (drugs.kind, drugs.count) == ("unlisted_value", 17)
    assert drugs.setting_in_words.splitlines()[1:] == [
        '"Pink champagne" = "..."  # 11 cells',
        '"..." = "..."  # as in row 1',
    ]
    told = "\n".join(report.lines())
    assert "Pink champagne" in told
    assert "Soap" not in told
    kept = stored(check.settings, "imports")["report"][0]
    assert "champagne" not in kept
    assert "Soap" not in kept

    asked = make_mapping(columns={"alive_at_handover": "Died"})
    settings = check.settings.model_copy(update={"store": StoreSettings(folder=check.settings.store_folder / "asked")})
    import_frame(frame=frame, mapping=asked, **deployment | {"settings": settings})
    alive = stored(settings, "administrations")["alive_at_handover"].value_counts()
    assert alive.to_dict() == {"yes": 24, "died": 24, "not_recorded": 12}


# --- together ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "details"), [(600, True), (1_200, False)])
def test_traps_laid_together_are_each_counted_exactly(check, rows, details):
    """Dates in UTC, middles of areas, a doubled fortnight, words for nothing and a backlog in one file."""
    frame, copies = entered_again(clean_file(rows, seed=34), first="2022-09-05", last="2022-09-18", times="same")
    frame = at_middles(frame)
    if not details:
        frame[["Gender", "Age", "Doses"]] = ""
    frame["When"] = daily_dates(frame).dt.strftime("%Y-%m-%dT07:00:00.000Z")
    frame.loc[[100, 200], "Gender"] = "NULL"
    frame.loc[300:320, "Entered"] = "2023-12-20 10:15"
    found = check(frame)
    assert {kind: each.count for kind, each in found.items()} == {
        "placeholder_words": 2,
        "dates_only": rows + copies,
        "area_points": rows + copies,
        "doubled_days": copies,
        "batch_entry": 21,
    }


def test_a_table_of_risk_events_is_looked_through_as_well(check):
    frame, copies = entered_again(clean_file(500, seed=35), first="2022-09-05", last="2022-09-18", times="dates")
    frame = at_middles(frame)
    mapping = make_mapping(place={"x": "Lon", "y": "Lat"}).model_copy(
        update={"target": "risk_events", "columns": {"risk_event_id": "Reference", "occurred_at": "When"}}
    )
    found = check(frame, mapping)
    assert found["area_points"].count == 500 + copies


@pytest.mark.parametrize("share", [1.0, 0.3])
@pytest.mark.parametrize(("decimals", "least_m", "most_m"), [(2, 600, 700), (1, 6_000, 7_000)])
def test_coordinates_with_few_decimals_are_known_to_half_their_grid(check, share, decimals, least_m, most_m):
    """A hundredth of a degree is 1,113 m by 693 m there: half the diagonal is 655 m."""
    frame = clean_file(200, seed=41, at_hostels=0.0)
    some = np.random.default_rng(1).random(200) < share
    for name in ("Lat", "Lon"):
        frame.loc[some, name] = [f"{float(each):.{decimals}f}" for each in frame.loc[some, name]]
    found = check(frame, dry_run=False)
    assert "area_points" not in found
    assert (found["rounded_points"].count, found["rounded_points"].row_numbers) == (some.sum(), rows_of(some))
    incidents = stored(check.settings, "incidents")
    kept = incidents["location_precision_m"]
    assert (kept > 100).sum() == some.sum()
    # What the advice says is what was stored: half a kilometre is within a postcode district, seven are not.
    lost = incidents["small_area"].isna()[kept > 100].mean() >= 0.5
    assert ("in no alert" in found["rounded_points"].advice) == lost == (decimals == 1)
    assert ("They count in their areas" in found["rounded_points"].advice) == (decimals == 2)
    assert kept[kept > 100].between(least_m, 20_000 if share == 1 else most_m).all()
    assert (stored(check.settings, "counted")["located"].sum() < 200) == (decimals == 1)


def runs_as_rows(warning):
    """Every row that a warning tells of."""
    return tuple(row for first, last in warning.row_runs for row in range(first, last + 1))
