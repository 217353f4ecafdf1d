"""Files that tell a second time of stored events are suspected, by row; those of other events are not."""

import numpy as np
import pandas as pd
import pytest

from data.quality.second_file import suspected_second_file
from data.store import StoredEvidence
from tests.data.importing import make_mapping
from tests.data.test_ingest import Importer

FIRST_DAY = pd.Timestamp("2024-01-01")


@pytest.fixture
def importer(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer(tmp_path)


def returns(events, *, days=365, officers=60, seed=1):
    """Officers' returns, one row a person."""
    chance = np.random.default_rng(seed)
    day = FIRST_DAY + pd.to_timedelta(np.sort(chance.integers(0, days, events)), unit="D")
    return pd.DataFrame(
        {
            "Reference": [f"R{seed}-{number}" for number in range(events)],
            "When": day.strftime("%d/%m/%Y ") + [f"{hour:02}:17" for hour in chance.integers(0, 24, events)],
            "Officer": [f"PC {number}" for number in chance.integers(0, officers, events)],
            "Day": day.strftime("%d/%m/%Y"),
        }
    )


def located(frame, *, seed=9):
    """A list of their places by day and officer, in another order, that lacks a few and has one of its own."""
    listed = frame.sample(frac=0.95, random_state=seed)[["Day", "Officer"]]
    listed = pd.concat([listed, pd.DataFrame({"Day": ["29/02/2024"], "Officer": ["PC 999"]})], ignore_index=True)
    listed["Lat"], listed["Lon"] = 51.5, -3.2
    return listed.drop_duplicates(["Day", "Officer"], ignore_index=True)


FORM = make_mapping(doses=[{"officer": "Officer"}])
LIST = make_mapping(
    source="control room",
    columns={"occurred_at": "Day", "administration_id": ["Day", {"code": "Officer"}]},
    place={"x": "Lon", "y": "Lat"},
)


def second_files(report):
    return [each for each in report.warnings if each.kind == "second_file"]


@pytest.mark.parametrize("names_officers", [True, False])
def test_a_list_of_places_that_is_imported_as_events_of_its_own_is_suspected(importer, names_officers):
    form = returns(210)
    importer.frame(form, FORM)
    places = located(form)
    layout = LIST.model_copy(update={"doses": FORM.doses}) if names_officers else LIST
    (warning,) = second_files(importer.frame(places, layout, dry_run=True))
    there = places.merge(form[["Day", "Officer"]].drop_duplicates(), how="left", indicator=True)["_merge"] == "both"
    by_day = places["Day"].isin(form["Day"])
    expected = np.flatnonzero(there if names_officers else by_day) + 1
    rows = [row for first, last in warning.row_runs for row in range(first, last + 1)]
    assert warning.count == len(rows)
    assert len(set(expected) ^ set(rows)) == 0
    assert "joins" in warning.advice
    # Later events of the form are nothing of the kind, nor is the form itself once more.
    assert second_files(importer.frame(form.iloc[::-1], FORM, dry_run=True)) == []
    later = returns(60, seed=2).assign(
        When=lambda rows: pd.to_datetime(rows["When"], dayfirst=True).add(pd.Timedelta(days=366)).astype(str)
    )
    assert second_files(importer.frame(later, FORM, dry_run=True)) == []


def records_and_evidence(frame, stored):
    """The records of one file as checks see them, and what the store holds of the other."""

    def days(table):
        return pd.to_datetime(table["Day"], dayfirst=True)

    records = pd.DataFrame(
        {
            "incident_id": frame["Reference"],
            "local_date": days(frame),
            "dose0_officer_token": frame["Officer"],
        }
    ).set_axis(pd.RangeIndex(1, len(frame) + 1))
    day = days(stored).to_numpy().astype("datetime64[D]").astype(np.int64)
    evidence = StoredEvidence(
        events=pd.DataFrame(),
        source_days=np.empty(0, dtype=np.int64),
        days=pd.Series(day).value_counts().rename_axis("day").rename("events").reset_index(),
        people=pd.DataFrame({"day": day, "token": stored["Officer"]}),
        only_dates=False,
        area_points_m=np.empty((0, 3)),
        stations_m=np.empty((0, 2)),
    )
    return records, evidence


@pytest.mark.parametrize(
    ("rows", "stored", "officers"), [(30, 30, 10), (200, 200, 60), (200, 3_000, 400), (3_000, 3_000, 400), (100, 9, 2)]
)
def test_other_events_of_the_same_force_are_not_suspected(rows, stored, officers):
    for seed in range(0, 20, 2):
        records, evidence = records_and_evidence(
            returns(rows, officers=officers, seed=seed), returns(stored, officers=officers, seed=seed + 1)
        )
        assert suspected_second_file(records, evidence, doubled=[]) == []
        without = records.drop(columns="dose0_officer_token")
        assert suspected_second_file(without, evidence, doubled=[]) == []


@pytest.mark.parametrize(("events", "officers"), [(25, 10), (200, 60), (3_000, 400)])
def test_a_part_of_the_same_events_is_suspected_by_its_officers_or_by_its_days(events, officers):
    form = returns(events, officers=officers)
    for share in (0.4, 0.95):
        some = form.sample(frac=share, random_state=3)
        records, evidence = records_and_evidence(some, form)
        (warning,) = suspected_second_file(records, evidence, doubled=[])
        assert warning.count == len(some)
    (warning,) = suspected_second_file(records.drop(columns="dose0_officer_token"), evidence, doubled=[])
    assert warning.count == len(some)
    # Told of already, row by row.
    assert suspected_second_file(records, evidence, doubled=[warning]) == []
