"""What the store answers, against the same questions asked of the rows in plain Python."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.filters import AccessScope, Filters
from data.schema import FIRST_AID_ITEMS, SETTINGS, SUBSTANCES
from data.store import Store, StoreEmptyError, open_store, write_batch
from tests.data.store_rows import KEYS, batch_of, person, settings_for

BCUS = ("Cardiff and the Vale", "Mid Glamorgan", "Swansea Neath Port Talbot")
WHOLE_FORCE = AccessScope(audience="analyst")


def some_people() -> list[dict[str, list[dict[str, Any]]]]:
    """Every kind of row that counts or does not: officers, withdrawn, without a place, without a substance."""
    chance = random.Random(20250601)
    people = []
    for number in range(240):
        incident = chance.randrange(170) + 1
        # Rows of one incident share its place and time, as the import makes them.
        shared = random.Random(incident)
        place = shared.choice(["coordinates", "coordinates", "postcode", "area", "none", "lost"])
        has_numbers = place in ("coordinates", "postcode")
        day = date(2024, 1, 15) + timedelta(days=shared.randrange(500))
        fields = {
            "recipient_type": chance.choice(["public", "public", "public", "not_recorded", "officer"]),
            "record_state": chance.choice(["current"] * 9 + ["withdrawn"]),
            "gender": chance.choice(["male", "female", "not_recorded"]),
            "alive_at_handover": chance.choice(["yes", "died", "not_recorded"]),
            "doses_given": chance.choice([None, 1, 2]),
            **{item: chance.choice(["yes", "no", "not_recorded"]) for item in FIRST_AID_ITEMS},
        }
        incident_fields = {
            "easting_m": 300_050.0 + 100 * shared.randrange(200) if has_numbers else None,
            "northing_m": 180_050.0 + 100 * shared.randrange(200) if has_numbers else None,
            "location_precision_m": shared.choice([100.0, 1000.0, None]) if has_numbers else None,
            "location_source": "coordinates" if place == "lost" else place,
            "bcu": shared.choice([*BCUS, None]),
            "authority": shared.choice(["W06000015", "W06000011", None]),
            "small_area": shared.choice(["CF10", "CF11", "SA1", None]),
            "setting": shared.choice(SETTINGS),
            "record_state": "withdrawn" if shared.random() < 0.05 else "current",
        }
        substances = tuple(chance.sample(SUBSTANCES, chance.randrange(4)))
        people.append(
            person(
                number,
                incident=incident,
                day=day,
                hour=shared.choice([None, shared.randrange(24)]),
                substances=substances,
                incident_fields=incident_fields,
                **fields,
            )
        )
    return people


PEOPLE = some_people()


@pytest.fixture(name="store", scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = settings_for(tmp_path_factory.mktemp("reading"))
    write_batch(settings=settings, keys=KEYS, batch=batch_of(*PEOPLE))
    with open_store(settings=settings, keys=KEYS) as store:
        yield store


def substances_of(one: dict[str, list[dict[str, Any]]]) -> set[str]:
    named = {row["substance"] for row in one["substances"]}
    return named - {"not_recorded"} or {"not_recorded"} if named <= {"not_recorded"} else named


def counted(filters: Filters, scope: AccessScope) -> list[tuple[dict[str, Any], dict[str, Any], set[str]]]:
    """(administration, incident, substances) of what counts, one loop."""
    kept = []
    for one in PEOPLE:
        (administration,), (incident,) = one["administrations"], one["incidents"]
        if administration["recipient_type"] == "officer":
            continue
        if "withdrawn" in (administration["record_state"], incident["record_state"]):
            continue
        if not filters.first_day <= incident["local_date"] <= filters.last_day:
            continue
        if any(
            allowed and incident[name] not in allowed
            for name, allowed in (
                ("bcu", scope.bcus),
                ("bcu", filters.bcus),
                ("authority", filters.authorities),
                ("small_area", filters.small_areas),
                ("setting", filters.settings),
            )
        ):
            continue
        if filters.substances and not substances_of(one) & set(filters.substances):
            continue
        kept.append((administration, incident, substances_of(one)))
    return kept


def is_located(incident: dict[str, Any]) -> bool:
    return incident["location_source"] in ("coordinates", "postcode") and incident["easting_m"] is not None


LONG = {"first_day": date(2023, 11, 3), "last_day": date(2025, 12, 31)}
QUESTIONS = {
    "everything": (Filters(**LONG, settings=()), WHOLE_FORCE),
    "street map": (Filters(**LONG), WHOLE_FORCE),
    "one month": (Filters(first_day=date(2024, 6, 1), last_day=date(2024, 6, 30), settings=()), WHOLE_FORCE),
    "heroin or fentanyl": (Filters(**LONG, substances=("heroin", "fentanyl"), settings=()), WHOLE_FORCE),
    "no substance": (Filters(**LONG, substances=("not_recorded",), settings=()), WHOLE_FORCE),
    "areas": (Filters(**LONG, small_areas=("CF10", "SA1"), authorities=("W06000015",), settings=()), WHOLE_FORCE),
    "one BCU": (Filters(**LONG, bcus=BCUS[:1], settings=()), WHOLE_FORCE),
    "scope": (Filters(**LONG, settings=()), AccessScope(audience="analyst", bcus=BCUS[1:])),
    "scope and another BCU": (
        Filters(**LONG, bcus=BCUS[:1], settings=()),
        AccessScope(audience="analyst", bcus=BCUS[1:]),
    ),
    "nothing there": (Filters(first_day=date(2001, 1, 1), last_day=date(2001, 3, 1)), WHOLE_FORCE),
}


@pytest.fixture(name="question", params=QUESTIONS)
def _question(request: pytest.FixtureRequest) -> tuple[Filters, AccessScope]:
    return QUESTIONS[request.param]


def test_the_questions_have_answers_of_every_kind() -> None:
    sizes = {name: len(counted(*question)) for name, question in QUESTIONS.items()}
    assert sizes.pop("nothing there") == 0
    assert sizes.pop("scope and another BCU") == 0
    assert min(sizes.values()) > 2
    everything = counted(*QUESTIONS["everything"])
    assert len({incident["incident_id"] for _a, incident, _s in everything}) < len(everything) < len(PEOPLE)


def test_counts(store: Store, question: tuple[Filters, AccessScope]) -> None:
    filters, scope = question
    rows = counted(filters, scope)
    found = store.count_administrations(filters=filters, scope=scope)
    located = sum(is_located(incident) for _a, incident, _s in rows)
    area_only = sum(incident["location_source"] == "area" for _a, incident, _s in rows)
    assert (found.administrations, found.located, found.area_only) == (len(rows), located, area_only)
    assert found.unlocated == len(rows) - located - area_only
    assert found.incidents == len({incident["incident_id"] for _a, incident, _s in rows})


def test_places(store: Store, question: tuple[Filters, AccessScope]) -> None:
    filters, scope = question
    found = store.located_administrations(filters=filters, scope=scope)
    columns = (found.easting_m, found.northing_m, found.location_precision_m)
    expected = sorted(
        (incident["easting_m"], incident["northing_m"], incident["location_precision_m"] or -1)
        for _a, incident, _s in counted(filters, scope)
        if is_located(incident)
    )
    assert [column.dtype for column in columns] == [np.float64] * 3
    assert [column.shape for column in columns] == [(len(expected),)] * 3
    precision = np.nan_to_num(found.location_precision_m, nan=-1)
    assert sorted(zip(found.easting_m, found.northing_m, precision, strict=True)) == expected
    again = store.located_administrations(filters=filters, scope=scope)
    for column, repeated in zip(columns, (again.easting_m, again.northing_m, again.location_precision_m), strict=True):
        np.testing.assert_array_equal(column, repeated)


def test_months_have_no_gaps(store: Store, question: tuple[Filters, AccessScope]) -> None:
    filters, scope = question
    found = store.administrations_by_month(filters=filters, scope=scope)
    months = pd.period_range(filters.first_day, filters.last_day, freq="M")
    counts = Counter(pd.Period(incident["local_date"], freq="M") for _a, incident, _s in counted(filters, scope))
    assert list(found["month"]) == [month.start_time for month in months]
    assert list(found["administrations"]) == [counts[month] for month in months]


@pytest.mark.parametrize("level", ["small_area", "authority", "bcu"])
def test_areas(store: Store, question: tuple[Filters, AccessScope], level: Any) -> None:
    filters, scope = question
    found = store.administrations_by_area(filters=filters, scope=scope, level=level)
    counts = Counter(incident[level] or "not_recorded" for _a, incident, _s in counted(filters, scope))
    assert list(zip(found["area"], found["administrations"], strict=True)) == sorted(counts.items())


def test_what_is_missing(store: Store, question: tuple[Filters, AccessScope]) -> None:
    filters, scope = question
    rows = counted(filters, scope)
    found = store.missing_fields(filters=filters, scope=scope)
    assert set(found["administrations"]) == {len(rows)}
    missing = dict(zip(found["field"], found["missing"], strict=True))
    assert missing["location"] == sum(not is_located(incident) for _a, incident, _s in rows)
    assert missing["local_hour"] == sum(incident["local_hour"] is None for _a, incident, _s in rows)
    assert missing["setting"] == sum(incident["setting"] == "not_recorded" for _a, incident, _s in rows)
    assert missing["police_first_on_scene"] == len(rows)
    assert missing["substance"] == sum(substances == {"not_recorded"} for _a, _i, substances in rows)
    for name in ("gender", "alive_at_handover", "doses_given", "recipient_type", *FIRST_AID_ITEMS):
        expected = sum(administration[name] in (None, "not_recorded") for administration, _i, _s in rows)
        assert missing[name] == expected, name


def test_the_newest_one_by_one(store: Store, question: tuple[Filters, AccessScope]) -> None:
    filters, scope = question
    rows = sorted(
        counted(filters, scope),
        key=lambda row: (
            -row[1]["local_date"].toordinal(),
            -1 if row[1]["local_hour"] is None else -row[1]["local_hour"] - 100,
            row[0]["administration_id"],
        ),
    )[:16]
    found = store.listed_administrations(filters=filters, scope=scope, most=16)
    assert [day.date() for day in found["local_date"]] == [incident["local_date"] for _a, incident, _s in rows]
    assert [set(names) for names in found["substances"]] == [substances for _a, _i, substances in rows]
    for name, part in (("bcu", 1), ("setting", 1), ("alive_at_handover", 0)):
        assert list(found[name]) == [row[part][name] for row in rows]
    assert list(found["doses_given"].fillna(0)) == [
        administration["doses_given"] or 0 for administration, _i, _s in rows
    ]


def test_period_and_choices(store: Store) -> None:
    rows = counted(*QUESTIONS["everything"])
    days = [incident["local_date"] for _a, incident, _s in rows]
    assert store.period() == (min(days), max(days))
    assert store.freshness().last_event_day == max(days)
    choices = store.choices()
    assert choices.bcus == tuple(sorted({incident["bcu"] for _a, incident, _s in rows} - {None}))
    assert choices.small_areas == ("CF10", "CF11", "SA1")
    assert choices.authorities == ("W06000011", "W06000015")
    assert choices.settings == tuple(sorted({incident["setting"] for _a, incident, _s in rows}))
    assert choices.substances == tuple(sorted(set.union(*(substances for _a, _i, substances in rows))))


def test_a_store_where_nothing_counts_is_empty(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    write_batch(settings=settings, keys=KEYS, batch=batch_of(person(1, recipient_type="officer")))
    filters, scope = QUESTIONS["everything"]
    with open_store(settings=settings, keys=KEYS) as store:
        assert store.is_empty
        with pytest.raises(StoreEmptyError):
            store.period()
        assert store.freshness().last_event_day is None
        assert store.choices().bcus == store.choices().substances == ()
        assert store.count_administrations(filters=filters, scope=scope).administrations == 0
        assert store.located_administrations(filters=filters, scope=scope).easting_m.shape == (0,)
        assert store.missing_fields(filters=filters, scope=scope)["missing"].eq(0).all()
        assert store.listed_administrations(filters=filters, scope=scope, most=5).empty


def test_threads_share_one_store(store: Store) -> None:
    def ask(name: str) -> tuple[Any, ...]:
        filters, scope = QUESTIONS[name]
        places = store.located_administrations(filters=filters, scope=scope)
        months = store.administrations_by_month(filters=filters, scope=scope)
        return (
            store.count_administrations(filters=filters, scope=scope),
            places.easting_m.tolist(),
            months["administrations"].tolist(),
            store.choices(),
        )

    alone = {name: ask(name) for name in QUESTIONS}
    asked = list(QUESTIONS) * 12
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(ask, asked))
    assert [name for name, answer in zip(asked, together, strict=True) if answer != alone[name]] == []


@pytest.mark.parametrize("name", QUESTIONS)
def test_dated_places_and_profiles_are_those_of_the_located(store: Store, name: str) -> None:
    filters, scope = QUESTIONS[name]
    located = [
        (incident["easting_m"], incident["northing_m"], administration, incident)
        for administration, incident, _substances in counted(filters, scope)
        if incident["location_source"] in ("coordinates", "postcode") and incident["easting_m"] is not None
    ]
    dated = store.dated_administrations(filters=filters, scope=scope)
    found = sorted(zip(dated.easting_m, dated.northing_m, dated.day.tolist(), strict=True))
    assert found == sorted((east, north, incident["local_date"]) for east, north, _one, incident in located)
    profiles = store.administration_profiles(
        filters=filters, scope=scope, kind="call_to_arrival", clocks=["not_recorded"]
    )
    told = Counter(
        zip(profiles["easting_m"], profiles["alive_at_handover"], profiles["outcome"], profiles["minutes"], strict=True)
    )
    assert told == Counter((east, one["alive_at_handover"], "arrived", 8.0) for east, _north, one, _at in located)


def test_risk_events_follow_period_area_and_kind_and_no_setting(ask: Any, demo: Any) -> None:
    everything = ask(settings=("custody",), substances=("heroin",))
    frame = demo.force.file("risk_events").frame
    for kind, word in (("ambulance_overdose_call", "Overdose call"), ("drug_related_death", "Drug-related death")):
        events = everything.store.risk_events(filters=everything.filters, scope=everything.scope, kinds=[kind])
        wanted = frame[frame["Kind"] == word]
        assert events.easting_m.size + events.unlocated == len(wanted)
        assert events.easting_m.mean() == pytest.approx(wanted["Easting"].astype(float).mean(), abs=30)
    year = ask(first_day=date(2025, 1, 1), last_day=date(2025, 12, 31))
    events = year.store.risk_events(
        filters=year.filters, scope=year.scope, kinds=["ambulance_overdose_call", "drug_related_death"]
    )
    in_year = pd.to_datetime(frame["Date"], format="%d/%m/%Y").dt.year == 2025
    assert events.easting_m.size + events.unlocated == in_year.sum()
