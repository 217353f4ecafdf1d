"""What alerts are looked for in: cases, calls and carriers by day, against plain counts of the synthetic files."""

from datetime import date

import numpy as np
import pandas as pd

from data.demo import DemoOutcome
from data.filters import STREET_MAP_SETTINGS
from data.store import Store


def test_every_person_once_with_the_day_of_entry(demo_store: Store, demo: DemoOutcome) -> None:
    form = demo.force.file("administrations").frame
    counted = form[(form["Person treated"] != "Officer") & ~form["Kind of place"].isin(["Custody", "Hospital"])]
    cases = demo_store.cases_by_day(settings=STREET_MAP_SETTINGS)
    assert len(cases) == len(counted)
    days = pd.to_datetime(counted["Date"], format="%d/%m/%Y")
    assert cases["local_date"].value_counts().to_dict() == days.value_counts().to_dict()
    assert cases["local_date"].is_monotonic_increasing
    entered = pd.to_datetime(counted["Entered"], format="mixed", dayfirst=True).dt.normalize()
    assert cases["recorded_on"].value_counts().to_dict() == entered.value_counts().to_dict()
    nowhere = counted["Easting"].isna() & counted["District"].isna()
    assert int(cases["small_area"].isna().sum()) == int(nowhere.sum())
    assert int(cases["easting_m"].isna().sum()) == int(counted["Easting"].isna().sum())


def test_a_dose_that_two_officers_report_is_one(demo_store: Store, demo: DemoOutcome) -> None:
    doubled = next(event for event in demo.force.planted if event.id == "doubled-report")
    cases = demo_store.cases_by_day(settings=STREET_MAP_SETTINGS)
    near = np.hypot(cases["easting_m"] - doubled.easting_m, cases["northing_m"] - doubled.northing_m) < 3_000
    reported = cases[near & (cases["local_date"] == pd.Timestamp(doubled.first_day))]
    assert reported["doses"].tolist() == [1.0]


def test_calls_and_deaths_by_day_and_area(demo_store: Store, demo: DemoOutcome) -> None:
    calls = demo.force.file("risk_events").frame
    events = demo_store.risk_events_by_day(kinds=("drug_related_death",))
    assert set(events["kind"]) == {"drug_related_death"}
    deaths = calls[calls["Kind"] == "Drug-related death"]
    days = pd.to_datetime(deaths["Date"], format="%d/%m/%Y")
    assert events["local_date"].value_counts().to_dict() == days.value_counts().to_dict()
    assert len(demo_store.risk_events_by_day(kinds=("ambulance_overdose_call", "drug_related_death"))) == len(calls)


def test_carriers_count_by_their_share_of_the_week(demo_store: Store, demo: DemoOutcome) -> None:
    day = date(2025, 3, 3)
    carriers = demo.force.file("carriers").frame
    since = pd.to_datetime(carriers["Role from"], format="%d/%m/%Y")
    until = pd.to_datetime(carriers["Role to"], format="%d/%m/%Y")
    there = carriers[(since <= pd.Timestamp(day)) & ~(until < pd.Timestamp(day))]
    hours = demo.force.file("shifts_typical").frame.groupby("Collar number")["Hour of week"].nunique() / 168
    expected = there["Collar number"].map(hours).fillna(hours.mean()).groupby(there["Base"]).sum()
    found = demo_store.carriers_by_day(first_day=day, last_day=day)
    assert len(found) == len(expected)
    np.testing.assert_allclose(sorted(found["carriers"]), sorted(expected), rtol=1e-9)
    two_days = demo_store.carriers_by_day(first_day=day, last_day=date(2025, 3, 4))
    assert sorted(two_days["day"].unique()) == [pd.Timestamp(2025, 3, 3), pd.Timestamp(2025, 3, 4)]
