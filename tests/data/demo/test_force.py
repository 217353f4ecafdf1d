"""The synthetic forces: published totals and shares, planted events found again in the store, seeds and sizes."""

import hashlib
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import demo
from data.demo import DemoOutcome, SyntheticForce, generate, make_demo, planted_events, planted_truth, quiet_settings
from data.demo.ambulance import AmbulanceTruth
from data.demo.carriers import COVERAGE_HOLE_BASES, COVERAGE_HOLE_HOURS
from data.demo.model import PlacesNotOnMapError
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.ingest import import_frame
from data.schema import SETTINGS
from data.settings import SYNTHETIC_SOUTH_WALES, Settings, load_settings
from data.store import Store, open_store
from geo.areas import Geography
from tests.conftest import KEYS

EVERYTHING = AccessScope(audience="analyst")
# The published milestones, written down here a second time on purpose.
PUBLISHED = (
    (date(2022, 4, 13), 0),
    (date(2022, 4, 14), 1),
    (date(2023, 12, 22), 50),
    (date(2024, 8, 31), 87),
    (date(2024, 12, 30), 112),
    (date(2025, 5, 13), 134),
)
# A share of a sample this many standard errors off happens once in about 150,000 draws.
STANDARD_ERRORS = 4.5


@pytest.fixture(scope="module")
def norfolk() -> Geography:
    return open_geography(quiet_settings())


@pytest.fixture(scope="module")
def stress(south_wales: Geography) -> SyntheticForce:
    return generate(kind="stress", rows=10_000, seed=3, geography=south_wales)


@pytest.fixture(scope="session", name="made")
def made_force(demo: DemoOutcome, demo_settings: Settings) -> DemoOutcome:
    assert demo.planted_file.parent == demo_settings.store_folder
    return demo


@pytest.fixture(scope="session", name="store")
def store_of_force(demo_store: Store) -> Store:
    return demo_store


@pytest.fixture(scope="module")
def planted(made: demo.DemoOutcome) -> dict[str, demo.PlantedEvent]:
    return {event.id: event for event in planted_events(folder=made.planted_file.parent)}


def form(force: SyntheticForce) -> pd.DataFrame:
    frame = force.file("administrations").frame
    return frame.assign(day=pd.to_datetime(frame["Date"], format="%d/%m/%Y"))


def public(force: SyntheticForce) -> pd.DataFrame:
    frame = form(force)
    return frame[frame["Person treated"] != "Officer"]


def rows_of(store: Store, table: str, ids: tuple[str, ...], *, key: str) -> pd.DataFrame:
    marks = ", ".join("?" * len(ids))
    return store._frame(f"SELECT * FROM records.{table} WHERE {key} IN ({marks})", list(ids))


def incidents_of(store: Store, event: demo.PlantedEvent) -> pd.DataFrame:
    found = rows_of(store, "administrations", event.record_ids, key="administration_id")
    assert len(found) == len(event.records) > 0
    incidents = rows_of(store, "incidents", tuple(found["incident_id"]), key="incident_id")
    return found.merge(incidents, on="incident_id", suffixes=("", "_of_incident"))


def assert_share(hits: pd.Series, share: float, what: str) -> None:
    error = np.sqrt(share * (1 - share) / len(hits))
    assert abs(hits.mean() - share) < STANDARD_ERRORS * error, (what, hits.mean(), share)


# --- published totals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [demo.DEFAULT_SEED, 1, 2, 3, 4])
def test_every_seed_stands_on_the_published_milestones(seed: int, south_wales: Geography) -> None:
    days = public(generate(seed=seed, geography=south_wales))["day"]
    assert [(day, int((days <= pd.Timestamp(day)).sum())) for day, _count in PUBLISHED] == list(PUBLISHED)
    after = days[days > pd.Timestamp(2025, 5, 13)]
    weeks = (date(2026, 6, 30) - date(2025, 5, 13)).days / 7
    assert after.max() <= pd.Timestamp(2026, 6, 30)
    assert len(after) / weeks == pytest.approx(1.2, abs=0.02)


def test_the_store_counts_the_published_milestones(store: Store) -> None:
    def count(until: date) -> int:
        filters = Filters(first_day=date(2020, 1, 1), last_day=until, settings=SETTINGS)
        return store.count_administrations(filters=filters, scope=EVERYTHING).administrations

    assert [(day, count(day)) for day, _count in PUBLISHED] == list(PUBLISHED)
    assert count(date(2026, 6, 30)) == 205
    assert count(date(2030, 1, 1)) == 205


def test_every_row_of_every_file_goes_in_whole(made: demo.DemoOutcome, store: Store) -> None:
    assert len(made.reports) == len(made.force.files)
    for file, report in zip(made.force.files, made.reports, strict=True):
        # Steps of the follow-up come before the administrations that they wait for.
        gone_in = report.waiting if file.name == "follow_up" else report.imported
        assert report.rows_in == gone_in == len(file.frame), file.name
        assert report.quarantined_rows == report.quarantined_fields == 0, (file.name, report.reasons)
    assert store.waiting().empty
    assert store.synthetic
    assert sum(report.counts.outside for report in made.reports) == 0


def test_officers_treated_stand_outside_the_counts(store: Store) -> None:
    found = store._frame("SELECT recipient_type, count(*) AS n FROM records.administrations GROUP BY ALL", [])
    assert dict(zip(found["recipient_type"], found["n"], strict=True)) == {"public": 205, "officer": 4}


def test_trained_officers_are_the_published_numbers(store: Store) -> None:
    trained = store._frame("SELECT officer_token, min(trained_on) AS day FROM records.carriers GROUP BY ALL", [])
    days = pd.to_datetime(trained["day"])
    assert (days <= "2024-12-31").sum() == 673
    assert (days <= "2025-05-31").sum() == len(days) == 756


def test_risk_events_are_1600_calls_a_year(store: Store) -> None:
    calls = store._frame("SELECT local_date FROM records.risk_events WHERE kind = 'ambulance_overdose_call'", [])
    years = ((date(2026, 6, 30) - date(2022, 4, 14)).days + 1) / 365.25
    assert len(calls) == round(1600 * years)


@pytest.mark.parametrize("kind", ["south_wales", "stress"])
def test_risk_follows_the_authority_weights(kind: str, south_wales: Geography) -> None:
    """The planted calls (Merthyr's nights, the clusters) included."""
    frame = (
        generate(kind=kind, seed=8, rows=10 if kind == "stress" else None, geography=south_wales)
        .file("risk_events")
        .frame
    )
    labels = south_wales.label_area(easting_m=frame["Easting"].to_numpy(), northing_m=frame["Northing"].to_numpy())
    names = dict(zip(south_wales.authorities["code"], south_wales.authorities["name"], strict=True))
    found = pd.Series(labels.authority).map(names)
    weights = {
        "Swansea": 0.28,
        "Cardiff": 0.30,
        "Rhondda Cynon Taf": 0.13,
        "Neath Port Talbot": 0.11,
        "Bridgend": 0.08,
        "Merthyr Tydfil": 0.06,
        "Vale of Glamorgan": 0.04,
    }
    # Simplified borders differ from the cells by a few addresses: one point of a hundred on top of chance.
    for name, weight in weights.items():
        error = np.sqrt(weight * (1 - weight) / len(found))
        assert abs((found == name).mean() - weight) < STANDARD_ERRORS * error + 0.01, name


# --- shares ----------------------------------------------------------------------------------------------------------


def test_the_stress_force_has_the_shares_of_the_domain(stress: SyntheticForce) -> None:
    frame = form(stress)
    assert len(frame) == 10_000
    hour = frame["Time"].str[:2].astype(int)
    for first, share in ((0, 0.14), (6, 0.14), (12, 0.36), (18, 0.36)):
        assert_share((hour >= first) & (hour < first + 6), share, f"hours from {first}")
    for doses, share in ((1, 0.45), (2, 0.42), (3, 0.08)):
        assert_share(frame["Doses given"] == doses, share, f"{doses} doses")
    assert_share(frame["Doses given"] >= 4, 0.05, "four doses and more")
    assert_share(frame["Alive at handover"] == "Yes", 0.96, "alive")
    assert_share(frame["Alive at handover"] == "Died", 0.03, "died")
    assert_share(frame["Condition on arrival"] == "Unconscious", 0.85, "unconscious")
    assert_share(frame["Previous police contact"] == "Y", 0.78, "previous police contact")
    assert_share(frame["Age"].isna(), 0.12, "age unknown")
    outcome = frame["Ambulance outcome (ambulance control)"]
    assert_share(outcome == "Left before ambulance", 0.12, "left before")
    assert_share(outcome == "Declined ambulance", 0.10, "declined")
    assert_share(outcome.isna(), 0.12, "wait missing")
    people = frame.dropna(subset=["Name"]).drop_duplicates("Name")
    assert_share(people["Gender"] == "Male", 0.74, "male")
    age = people["Age"].dropna().astype(float)
    assert age.mean() == pytest.approx(41, abs=0.6)
    assert age.std() == pytest.approx(11, abs=0.6)


@pytest.mark.parametrize(
    ("substances", "share"),
    [
        (("Heroin", None), 0.42),
        ((None, None), 0.28),
        (("Heroin", "Benzodiazepine"), 0.10),
        (("Benzodiazepine", None), 0.06),
        (("Methadone", None), 0.04),
        (("Nitazene", None), 0.05),
    ],
)
def test_substances_have_their_shares(
    substances: tuple[str | None, str | None], share: float, stress: SyntheticForce
) -> None:
    frame = form(stress)
    hits = [pair == substances for pair in zip(frame["Substance 1"], frame["Substance 2"], strict=True)]
    assert_share(pd.Series(hits), share, str(substances))


def test_july_is_a_fifth_above_the_average_month(stress: SyntheticForce) -> None:
    days = form(stress)["day"]
    whole_years = days[(days >= "2022-07-01") & (days < "2025-07-01")]
    average_day = len(whole_years) / (3 * 365 + 1)
    july = (whole_years.dt.month == 7).sum() / (3 * 31)
    assert july / average_day == pytest.approx(1.2, abs=0.12)


def test_follow_up_and_refreshers_have_their_shares(stress: SyntheticForce) -> None:
    steps = stress.file("follow_up").frame
    times = {name: pd.to_datetime(steps[name], format="%d/%m/%Y %H:%M") for name in ("At", "Due")}
    early = steps["Occurrence number"] < "SYN0009000"
    asked = steps[early & steps["Step"].isin(["Consented", "Declined"])]
    assert_share(asked["Step"] == "Consented", 0.50, "consent")
    contacted = early & (steps["Step"] == "Contacted")
    assert_share((times["At"] <= times["Due"])[contacted], 0.85, "within 72 hours")
    carriers = stress.file("carriers").frame.drop_duplicates("Collar number")
    refreshed = pd.to_datetime(carriers["Refreshed"], format="%d/%m/%Y")
    latest = refreshed.fillna(pd.to_datetime(carriers["Trained"], format="%d/%m/%Y"))
    assert (latest < "2025-06-30").mean() == pytest.approx(0.13, abs=0.015)
    first_role = stress.file("carriers").frame.drop_duplicates("Collar number")["Role"]
    for role, share in (("Response", 0.78), ("PCSO", 0.10), ("Custody", 0.05)):
        assert_share(first_role == role, share, role)


# --- the ambulance ---------------------------------------------------------------------------------------------------


def test_true_incidence_equals_a_plain_simulation(stress: SyntheticForce) -> None:
    """An independent simulation from the listed parameters, arrivals against leavers and decliners."""
    truth = stress.truth["ambulance"]
    rng = np.random.default_rng(11)
    size = 400_000
    median = truth["median_minutes"] * np.where(rng.random(size) < truth["rural_share"], truth["rural_factor"], 1.0)
    arrives = rng.lognormal(np.log(median), truth["log_sigma"])
    tail = rng.random(size) < truth["tail_share"]
    arrives[tail] = rng.uniform(*truth["tail_minutes"], tail.sum())
    intent = rng.random(size)
    leaves, declines = np.full(size, np.inf), np.full(size, np.inf)
    leaver = intent < truth["leave_share"]
    leaves[leaver] = rng.lognormal(np.log(truth["leave_median_minutes"]), truth["leave_log_sigma"], leaver.sum())
    decliner = intent > 1 - truth["decline_share"]
    declines[decliner] = rng.lognormal(
        np.log(truth["decline_median_minutes"]), truth["decline_log_sigma"], decliner.sum()
    )
    first = np.minimum(arrives, np.minimum(leaves, declines))
    ends = {"arrived": arrives, "left": leaves, "declined": declines}
    for name, end in ends.items():
        for minute in (3, 8, 13, 20, 40, 120, 240):
            simulated = ((end == first) & (end <= minute)).mean()
            error = np.sqrt(max(simulated * (1 - simulated), 1e-6) / size)
            assert abs(truth["incidence"][name][minute] - simulated) < STANDARD_ERRORS * error + 1e-4, (name, minute)
    assert sum(truth["incidence"][name][240] for name in ends) == pytest.approx(1.0, abs=1e-3)


def test_recorded_minutes_follow_the_true_incidence(stress: SyntheticForce) -> None:
    frame = form(stress)
    outcome = frame["Ambulance outcome (ambulance control)"]
    minutes = frame["Ambulance minutes (ambulance control)"]
    running = outcome.isin(["Arrived", "Left before ambulance", "Declined ambulance"])
    rural = stress.truth["ambulance"]["rural_share"]
    shares = (stress.truth["ambulance"]["leave_share"], stress.truth["ambulance"]["decline_share"])
    curve = AmbulanceTruth(rural_share=rural, leave_share=shares[0], decline_share=shares[1])
    for minute in (5, 10, 15, 30, 60):
        hits = ((outcome == "Arrived") & (minutes <= minute).fillna(False))[running]
        assert_share(hits, float(curve.incidence(np.array([minute + 0.5]))["arrived"][0]), f"arrived by {minute}")


def test_latent_times_are_recorded_and_never_before_the_arrival(made: demo.DemoOutcome) -> None:
    latent = planted_truth(folder=made.planted_file.parent)["ambulance"]["latent_arrival_minutes"]
    frame = form(made.force)
    assert len(latent) == len(frame)
    when = (frame["Occurrence number"] + " " + frame["Person number"].astype(str)).map(latent)
    outcome, minutes = (frame[f"Ambulance {what} (ambulance control)"] for what in ("outcome", "minutes"))
    arrived = outcome == "Arrived"
    assert (when[arrived] - minutes[arrived].astype(float)).abs().max() <= 0.51
    left = (outcome == "Left before ambulance") & minutes.notna()
    assert left.sum() > 0
    assert (when[left] >= minutes[left].astype(float) - 0.51).all()


# --- planted events, found again in the store -------------------------------------------------------------------------


def test_everything_planted_is_listed(planted: dict[str, demo.PlantedEvent], made: demo.DemoOutcome) -> None:
    kinds = [event.kind for event in planted.values()]
    assert sorted(kinds) == sorted(
        [
            "true_cluster",
            "nitazene_cluster",
            "small_cluster",
            "small_cluster",
            "batch_entry",
            "roll_out",
            "feed_gap",
            "lasting_place",
            "lasting_place",
            "lasting_place",
            "look_alike",
            "look_alike",
            "coverage_hole",
            "kits_unreconciled",
            "expired_kit",
            "doubled_report",
            "two_people",
        ]
    )
    assert tuple(planted.values()) == made.force.planted


@pytest.mark.parametrize(
    ("identity", "cases"), [("cluster-12", 12), ("cluster-nitazene", 5), ("cluster-5", 5), ("cluster-6", 6)]
)
def test_a_cluster_is_in_the_store(
    identity: str, cases: int, store: Store, planted: dict[str, demo.PlantedEvent]
) -> None:
    event = planted[identity]
    rows = incidents_of(store, event)
    assert len(rows) == cases
    days = pd.to_datetime(rows["local_date"]).dt.date
    assert (min(days), max(days)) == (event.first_day, event.last_day)
    assert event.last_day == event.first_day + timedelta(days=3)
    away = np.hypot(rows["easting_m"] - event.easting_m, rows["northing_m"] - event.northing_m)
    assert away.max() <= event.radius_m
    filters = Filters(first_day=event.first_day, last_day=event.last_day)
    located = store.located_administrations(filters=filters, scope=EVERYTHING)
    away = np.hypot(located.easting_m - event.easting_m, located.northing_m - event.northing_m)
    assert (away <= event.radius_m).sum() >= cases
    calls = store._frame(
        "SELECT easting_m, northing_m FROM records.risk_events WHERE kind = 'ambulance_overdose_call' "
        "AND local_date BETWEEN ? AND ?",
        [event.first_day, event.last_day],
    )
    near = np.hypot(calls["easting_m"] - event.easting_m, calls["northing_m"] - event.northing_m) < 3_000
    assert near.sum() >= event.details["ambulance_calls"] * 0.9


def test_the_large_cluster_is_fake_benzodiazepines_that_naloxone_does_not_reverse(
    store: Store, planted: dict[str, demo.PlantedEvent]
) -> None:
    event = planted["cluster-12"]
    found = rows_of(store, "substances", event.record_ids, key="administration_id")
    assert set(zip(found["substance"], found["certainty"], strict=True)) == {("benzodiazepine", "suspected")}
    assert len(found) == 12
    rows = incidents_of(store, event)
    assert (rows["condition_after"] != "conscious").sum() >= 5


def test_the_nitazene_cluster_has_three_and_more_doses(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    event = planted["cluster-nitazene"]
    rows = incidents_of(store, event)
    assert (rows["doses_given"] >= 3).all()
    found = rows_of(store, "substances", event.record_ids, key="administration_id")
    assert set(found["substance"]) == {"nitazene"}
    doses = rows_of(store, "doses", event.record_ids, key="administration_id")
    assert (doses.groupby("administration_id").size() >= 3).all()


@pytest.mark.parametrize("name", ["cardiff-centre", "swansea-centre", "neath"])
def test_a_lasting_place_has_every_one_of_the_last_eight_quarters(
    name: str, store: Store, planted: dict[str, demo.PlantedEvent]
) -> None:
    rows = incidents_of(store, planted["lasting-" + name])
    quarters = pd.PeriodIndex(pd.to_datetime(rows["local_date"]), freq="Q")
    assert set(pd.period_range("2024Q3", "2026Q2", freq="Q")) <= set(quarters)
    assert len(rows) == 18
    points = rows[["easting_m", "northing_m"]].drop_duplicates()
    assert len(points) <= 4


def test_look_alikes_are_not_lasting_or_not_more_than_addresses_explain(
    store: Store, planted: dict[str, demo.PlantedEvent], south_wales: Geography
) -> None:
    once = incidents_of(store, planted["look-alike-once"])
    assert set(pd.PeriodIndex(pd.to_datetime(once["local_date"]), freq="Q")) == {pd.Period("2025Q1")}
    event = planted["look-alike-dense"]
    filters = Filters(first_day=date(2024, 7, 1), last_day=date(2026, 6, 30))
    located = store.located_administrations(filters=filters, scope=EVERYTHING)
    here = np.hypot(located.easting_m - event.easting_m, located.northing_m - event.northing_m) <= event.radius_m
    grid = south_wales.grid
    east, north = np.meshgrid(grid.easting_m, grid.northing_m)
    near = np.hypot(east - event.easting_m, north - event.northing_m) <= event.radius_m
    expected = len(here) * south_wales.denominator[near].sum()
    assert here.sum() >= 4
    assert here.sum() <= expected + 3 * np.sqrt(expected)


def test_the_batch_has_many_days_entered_on_one(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    event = planted["batch-entry"]
    rows = incidents_of(store, event)
    entered = pd.to_datetime(rows["recorded_at"], utc=True).dt.tz_convert("Europe/London").dt.date
    assert set(entered) == {date.fromisoformat(event.details["entered_on"])}
    days = np.sort(pd.to_datetime(rows["local_date"]).to_numpy())
    assert len(set(days)) == 8
    assert (days[2:] - days[:-2]).min() > np.timedelta64(7, "D")


def test_the_roll_out_multiplies_carriers_and_stays_sparse(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    event = planted["roll-out"]
    rows = incidents_of(store, event)
    assert set(rows["bcu"]) == {event.details["bcu"]}
    days = np.sort(pd.to_datetime(rows["local_date"]).to_numpy())
    assert (days[2:] - days[:-2]).min() > np.timedelta64(7, "D")
    carriers = store._frame(
        "SELECT count(*) FILTER (trained_on < ?) AS before, count(*) FILTER (trained_on <= ?) AS after "
        "FROM (SELECT officer_token, min(trained_on) AS trained_on FROM records.carriers WHERE bcu = ? GROUP BY 1)",
        [event.details["trained_from"], event.details["trained_to"], event.details["bcu"]],
    ).iloc[0]
    assert carriers["after"] >= carriers["before"] + 150
    assert carriers["before"] < 45


def test_the_feed_is_silent_in_the_gap(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    event = planted["feed-gap"]
    filters = Filters(first_day=event.first_day, last_day=event.last_day, settings=SETTINGS)
    assert store.count_administrations(filters=filters, scope=EVERYTHING).administrations == 0
    days = store._frame("SELECT DISTINCT local_date FROM records.incidents ORDER BY 1", [])["local_date"]
    gaps = pd.to_datetime(days).diff().dt.days
    assert gaps[pd.to_datetime(days) > "2024-01-01"].max() > filters.days


def test_nobody_is_on_shift_in_the_planted_hours(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    event = planted["coverage-hole"]
    shifts = store._frame(
        "SELECT hour_of_week, base, count(*) AS carriers FROM records.shifts JOIN "
        "(SELECT DISTINCT officer_token, base FROM records.carriers) USING (officer_token) "
        "WHERE hour_of_week IS NOT NULL GROUP BY ALL",
        [],
    )
    assert tuple(event.details["hours_of_week"]) == COVERAGE_HOLE_HOURS
    hole = shifts["base"].isin(COVERAGE_HOLE_BASES)
    assert not (hole & shifts["hour_of_week"].isin(COVERAGE_HOLE_HOURS)).any()
    assert set(shifts.loc[hole, "hour_of_week"]) == set(range(168)) - set(COVERAGE_HOLE_HOURS)
    busy = shifts[shifts["base"].isin(["Cardiff Centre", "Swansea Centre", "Bridgend", "Pontypridd"])]
    assert (busy.groupby("base")["hour_of_week"].nunique() == 168).all()
    dated = store._frame(
        "SELECT DISTINCT starts_at, ends_at FROM records.shifts JOIN records.carriers USING (officer_token) "
        "WHERE starts_at IS NOT NULL AND base IN (?, ?)",
        list(COVERAGE_HOLE_BASES),
    )
    starts, ends = (
        pd.to_datetime(dated[name], utc=True).dt.tz_convert("Europe/London") for name in ("starts_at", "ends_at")
    )
    for hour in range(30):
        moment = starts + pd.Timedelta(hours=hour)
        on_shift = moment < ends
        of_week = moment.dt.weekday * 24 + moment.dt.hour
        assert not (on_shift & of_week.isin(COVERAGE_HOLE_HOURS)).any()


def test_the_planted_hours_have_the_most_risk_that_nobody_reaches(
    store: Store, planted: dict[str, demo.PlantedEvent]
) -> None:
    """By district and hour of the week, Merthyr's planted hours have more calls than any other uncovered pair."""
    event = planted["coverage-hole"]
    calls = store._frame(
        "SELECT easting_m, northing_m, (local_weekday - 1) * 24 + local_hour AS hour FROM records.risk_events "
        "WHERE kind = 'ambulance_overdose_call'",
        [],
    )
    shifts = store._frame(
        "SELECT DISTINCT hour_of_week AS hour, easting_m, northing_m "
        "FROM records.shifts JOIN records.carriers USING (officer_token) WHERE hour_of_week IS NOT NULL",
        [],
    )
    calls["cell"] = list(zip(calls["easting_m"] // 4_000, calls["northing_m"] // 4_000, strict=True))
    reached = np.zeros(len(calls), dtype=bool)
    for hour, bases in shifts.groupby("hour"):
        index = np.nonzero((calls["hour"] == hour).to_numpy())[0]
        away = np.hypot(
            calls["easting_m"].to_numpy()[index, None] - bases["easting_m"].to_numpy(),
            calls["northing_m"].to_numpy()[index, None] - bases["northing_m"].to_numpy(),
        )
        reached[index] = away.min(axis=1) <= 6_000
    missed = calls[~reached].groupby(["cell", "hour"]).size().sort_values(ascending=False)
    (east, north), hour = missed.index[0]
    assert hour in COVERAGE_HOLE_HOURS
    middle = np.array([(east + 0.5) * 4_000 - event.easting_m, (north + 0.5) * 4_000 - event.northing_m])
    assert np.abs(middle).max() <= 4_000


def test_one_base_does_not_reconcile_and_one_kit_is_expired(
    store: Store, planted: dict[str, demo.PlantedEvent]
) -> None:
    kits = store._frame(
        "SELECT kit_token, any_value(base) AS base, max(expires_on) AS expires_on, "
        "count(*) FILTER (event = 'issued') AS issued, count(*) FILTER (event <> 'issued') AS ended "
        "FROM records.kits GROUP BY kit_token",
        [],
    )
    bad = kits[(kits["issued"] != 1) | (kits["ended"] > 1)]
    assert len(bad) / len(kits) == pytest.approx(0.04, abs=0.003)
    by_base = bad["base"].value_counts()
    event = planted["kits-unreconciled"]
    assert by_base.index[0] == event.details["base"]
    assert by_base.iloc[0] == event.details["kits"] > 3 * by_base.iloc[1]
    assert len(rows_of(store, "kits", event.record_ids, key="kit_event_id")) == len(event.records)
    expired = rows_of(store, "kits", planted["expired-kit"].record_ids, key="kit_event_id")
    held = kits[(kits["ended"] == 0) & (pd.to_datetime(kits["expires_on"]) < "2026-06-30")]
    assert set(expired["kit_token"]) <= set(held["kit_token"])
    assert len(held) / (kits["ended"] == 0).sum() == pytest.approx(0.02, abs=0.01)


def test_used_kits_are_those_of_the_doses(store: Store) -> None:
    unmatched = store._frame(
        "SELECT count(*) AS n FROM (SELECT DISTINCT kit_token FROM records.doses WHERE kit_token IS NOT NULL) "
        "WHERE kit_token NOT IN (SELECT kit_token FROM records.kits WHERE event = 'used')",
        [],
    )
    assert unmatched["n"].item() == 0


def test_two_officers_report_one_dose(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    event = planted["doubled-report"]
    doses = rows_of(store, "doses", event.record_ids, key="administration_id")
    assert len(doses) == doses["officer_token"].nunique() == 2
    assert doses["kit_token"].nunique() == doses["given_at"].nunique() == 1
    assert incidents_of(store, event)["doses_given"].tolist() == [1]


def test_two_people_at_one_incident_stay_two(store: Store, planted: dict[str, demo.PlantedEvent]) -> None:
    found = rows_of(store, "administrations", planted["two-people"].record_ids, key="administration_id")
    assert len(found) == 2
    assert found["incident_id"].nunique() == 1
    assert found["person_token"].dropna().is_unique


# --- seeds, sizes, other forces ---------------------------------------------------------------------------------------


def digest(force: SyntheticForce) -> str:
    content = hashlib.sha256()
    for file in force.files:
        content.update(file.frame.to_csv(index=False).encode())
        content.update(file.mapping.model_dump_json().encode())
    content.update(repr((force.planted, sorted(force.truth.items()))).encode())
    return content.hexdigest()


def test_the_same_seed_is_the_same_force_and_another_is_another(south_wales: Geography) -> None:
    first, again, other = (digest(generate(seed=seed, geography=south_wales)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_every_row_says_synthetic_and_nobody_has_a_name(made: demo.DemoOutcome) -> None:
    for file in made.force.files:
        assert (file.frame["Data status"] == "SYNTHETIC").all(), file.name
        assert file.mapping.synthetic
        assert file.mapping.source.startswith("SYNTHETIC")
    assert form(made.force)["Name"].dropna().str.fullmatch(r"Person \d{4}").all()


def test_the_stress_force_goes_in(tmp_path: Path, stress: SyntheticForce, south_wales: Geography) -> None:
    store = SYNTHETIC_SOUTH_WALES.store.model_copy(update={"folder": tmp_path})
    settings = SYNTHETIC_SOUTH_WALES.model_copy(update={"store": store})
    file = stress.file("administrations")
    report = import_frame(frame=file.frame, mapping=file.mapping, settings=settings, keys=KEYS, geography=south_wales)
    assert report.rows_in == report.imported == 10_000
    assert (report.quarantined_rows, report.quarantined_fields) == (0, 0)


def test_the_quiet_force_has_16_administrations(tmp_path: Path, norfolk: Geography) -> None:
    chosen = quiet_settings()
    settings = chosen.model_copy(update={"store": chosen.store.model_copy(update={"folder": tmp_path})})
    told: list[float] = []
    outcome = make_demo(
        settings=settings,
        keys=KEYS,
        geography=norfolk,
        kind="quiet",
        on_progress=lambda share, _sentence: told.append(share),
    )
    assert [report.quarantined_rows + report.quarantined_fields for report in outcome.reports] == [0] * 9
    assert told == sorted(told)
    with open_store(settings=settings, keys=KEYS) as store:
        first, last = store.period()
        filters = Filters(first_day=first, last_day=last, settings=SETTINGS)
        assert store.count_administrations(filters=filters, scope=EVERYTHING).administrations == 16
    assert planted_events(folder=tmp_path) == ()
    trained = outcome.force.file("carriers").frame["Collar number"].nunique()
    assert trained == 216


def test_the_quiet_example_is_the_quiet_settings() -> None:
    example = Path(__file__).parents[3] / "examples" / "quiet_force" / "settings.toml"
    assert load_settings(example) == quiet_settings()


def test_what_cannot_be_made_is_said(south_wales: Geography, norfolk: Geography, tmp_path: Path) -> None:
    with pytest.raises(demo.DemoSizeError, match="number of rows from 1"):
        generate(kind="quiet", rows=10, geography=south_wales)
    with pytest.raises(demo.DemoSizeError):
        generate(kind="stress", rows=0, geography=south_wales)
    with pytest.raises(PlacesNotOnMapError, match="South Wales"):
        generate(kind="south_wales", geography=norfolk)
    with pytest.raises(demo.PlantedFileError, match=r"planted\.json"):
        planted_events(folder=tmp_path)
    (tmp_path / "planted.json").write_text("{}", encoding="utf-8")
    with pytest.raises(demo.PlantedFileError):
        planted_truth(folder=tmp_path)


def test_a_force_of_any_geography_can_be_loaded(norfolk: Geography) -> None:
    force = generate(kind="stress", rows=500, geography=norfolk)
    frame = force.file("administrations").frame
    located = frame.dropna(subset=["Easting"])
    labels = norfolk.label_area(easting_m=located["Easting"].to_numpy(), northing_m=located["Northing"].to_numpy())
    assert len(frame) == 500
    assert (labels.small_area != "outside").all()
