"""Files that add to records of another: told from records of their own, and joined to the ones they were made from."""

import io
from collections import Counter
from datetime import datetime, timedelta

import pytest

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.known_numbers import known_numbers
from data.mapping_toml import check_mapping
from data.pseudonymise import Pseudonymiser
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from data.store import open_store
from tests.data.forms import as_csv, person
from tests.data.importing import KEYS, make_settings, south_wales, stored

NOW = datetime(2026, 7, 1)
# Columns and their cells by row. No two rows share a day and an officer.
COLUMNS = {
    "Date": lambda n: f"{datetime(2024, 1, 1) + timedelta(days=n):%d/%m/%Y}",
    "Date and time": lambda n: f"{datetime(2024, 1, 1, 8) + timedelta(days=n, minutes=7 * n):%d/%m/%Y %H:%M}",
    "Call Date": lambda n: f"{datetime(2024, 1, 1, 8) + timedelta(days=n, minutes=7 * n):%d/%m/%Y %H:%M}",
    "Collar no": lambda n: f"{1000 + n * 37 % 400:04}",
    "Officer": lambda n: f"{1000 + n * 37 % 400}",
    "Incident number": lambda n: f"NC-{n:05}",
    "OBJECTID": lambda n: str(n + 1),
    "Name": person,
    "Easting": lambda n: str(318_050 + 100 * n),
    "Northing": lambda n: str(176_550 + 100 * (n % 2)),
    "Nature of place": lambda n: ("Street", "Dwelling", "Custody")[n % 3],
    "Outcome": lambda n: ("Conscious", "Unconscious")[n % 2],
    "Taken to hospital": lambda n: ("Y", "N")[n % 2],
    "999 call time": lambda n: f"10:{n % 30:02}",
    "Ambulance arrived": lambda n: f"10:{n % 30 + 20:02}",
    "Substance detected": lambda n: ("Heroin", "Nitazene", "Bromazolam")[n % 3],
    "Laboratory result": lambda n: ("Confirmed", "Not an opioid")[n % 2],
    "Nature": lambda n: ("Overdose", "Poisoning")[n % 2],
    "Doses given": lambda n: str(n % 3 + 1),
    "Gender": lambda n: ("Male", "Female")[n % 2],
    "Item seized": lambda n: ("Bag", "Wrap", "Phone")[n % 3],
    "Offence": lambda n: ("Possession", "Supply")[n % 2],
}


def table(*headings, rows=range(40)):
    return headings, [[COLUMNS[heading](n) for heading in headings] for n in rows]


def drafted(headings, rows, *, label="a.csv", **options):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label=label, limits=ImportSettings())
    return draft_mapping(sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=NOW, **options)


def asked(draft):
    return {each.setting for each in draft.questions}


BY_OFFICER = {"day": "Date", "officer": "Officer"}


@pytest.mark.parametrize(
    ("headings", "joins", "match", "key", "source"),
    [
        (("Date", "Officer", "Easting", "Northing", "Nature of place"), "incidents", BY_OFFICER, None, "locations"),
        (("Date", "Officer", "999 call time", "Ambulance arrived"), "incidents", BY_OFFICER, None, "ambulance clocks"),
        (("Date", "Officer", "Outcome", "Taken to hospital"), "administrations", BY_OFFICER, None, "outcomes"),
        (("Date", "Name", "Outcome"), "administrations", {"day": "Date", "person": True}, None, "outcomes"),
        (("Incident number", "Date", "Collar no", "Easting", "Northing"), "incidents", None, "number", "locations"),
        (
            ("Incident number", "Date", "Substance detected", "Laboratory result"),
            *("administrations", None, "number", "laboratory findings"),
        ),
        (("Incident number", "Easting", "Northing"), "incidents", None, "number", "locations"),
    ],
)
def test_a_file_that_tells_only_where_when_or_how_it_ended_adds_to_others(headings, joins, match, key, source):
    draft = drafted(*table(*headings))
    raw = draft.raw
    assert (raw["joins"], raw.get("match"), raw["source"]) == (joins, match, source)
    assert raw["columns"].get("incident_id") == ("Incident number" if key else None)
    assert not {"occurred_at", "administration_id"} & raw["columns"].keys()
    assert {"parent_source"} <= asked(draft)
    draft.mapping()
    known = drafted(*table(*headings), known_sources=["Niche"])
    assert (known.raw["parent_source"], "parent_source" in asked(known)) == ("Niche", False)
    if "Date" in headings:
        assert "joins" in asked(known)
        own = drafted(*table(*headings), may_join=False)
        assert "joins" not in own.raw
        own.mapping()


@pytest.mark.parametrize(
    ("headings", "target"),
    [
        (("Date", "Officer", "Easting", "Northing", "Gender"), "administrations"),
        (("Date", "Officer", "Easting", "Northing", "Doses given"), "administrations"),
        (("Date", "Officer", "Easting", "Northing", "Item seized", "Offence"), "risk_events"),
        (("Incident number", "Date and time", "Easting", "Northing"), "administrations"),
        (("OBJECTID", "Date and time", "Easting", "Northing"), "administrations"),
        (("Incident number", "Call Date", "Nature", "Easting", "Northing"), "risk_events"),
    ],
)
def test_a_file_of_records_of_its_own_is_no_second_file(headings, target):
    draft = drafted(*table(*headings))
    assert (draft.table, "joins" in draft.raw) == (target, False)
    draft.mapping()
    tells_of_people = {"Gender", "Doses given"} & set(headings)
    assert ("joins" in asked(draft)) is (target == "administrations" and not tells_of_people)


@pytest.mark.parametrize(
    ("label", "target"),
    [("Narcan 2019.csv", "administrations"), ("Overdoses, narcan.csv", "risk_events"), ("2019.csv", "risk_events")],
)
def test_headings_of_any_event_are_of_naloxone_where_the_files_name_says_so(label, target):
    headings, rows = table("Date and time", "Call Date", "Nature", "Easting", "Northing")
    assert drafted(headings, rows, label=label).table == target


def test_headings_in_no_known_language_make_no_table_of_carriers():
    assert drafted(["Alfa", "Bravo"], [["x", str(n)] for n in range(40)]).table == "administrations"


def test_a_list_of_numbers_and_places_adds_only_where_there_is_something_to_add_to():
    headings = ("Incident number", "Date", "Easting", "Northing")
    assert "joins" not in drafted(*table(*headings)).raw
    assert drafted(*table(*headings), known_sources=["naloxone form"]).raw["joins"] == "incidents"


def test_a_laboratorys_findings_reach_the_people_that_they_are_of(tmp_path):
    """Two people an incident, told apart by a number; a cell says what was found and how sure it is."""
    findings = {
        "Opioid confirmed: heroin": "heroin confirmed", "Not an opioid": "not_recorded found_not_opioid",
        "Nitazene detected": "nitazene confirmed", "Inconclusive": "",
        "Not an opioid - benzodiazepine only": "benzodiazepine found_not_opioid",
    }  # fmt: skip
    rows = [
        (f"36/{5000 + n // 2}/24", str(n % 2 + 1), f"{datetime(2024, 1, 1, 8) + timedelta(days=n // 2):%d/%m/%Y %H:%M}")
        for n in range(60)
    ]
    where = make_settings(tmp_path)

    def bring_in(headings, rows, **options):
        draft = drafted(headings, rows, **options)
        import_stream(
            stream=io.BytesIO(as_csv(headings, rows)), label="a.csv", settings=where, keys=KEYS,
            geography=south_wales(), mapping=check_mapping(draft.raw | {"synthetic": True}),
        )  # fmt: skip
        return draft

    bring_in(("Occurrence no", "Person no", "Date & time", "Doses"), [(*row, "1") for row in rows])
    of_lab = [(*row[:2], list(findings)[n % 5]) for n, row in enumerate(rows)]
    draft = bring_in(("Occurrence", "Person no", "Finding"), of_lab, known_sources=["Niche"])
    assert (draft.raw["joins"], draft.raw["source"]) == ("administrations", "laboratory findings")
    assert not draft.unknown_values
    assert len(stored(where, "administrations")) == 60
    taken = stored(where, "substances")
    found = Counter(taken["substance"].str.cat(taken["certainty"], sep=" "))
    assert found == {said: 12 for said in findings.values() if said}
    # Each on another person.
    assert taken["administration_id"].is_unique


def test_clocks_with_the_polices_number_are_no_people_where_there_are_records_to_add_them_to():
    endings = ("Arrived", "Patient left scene", "Stood down", "Not called")
    rows = [(f"36/{5000 + n}/24", "14:20", f"14:{30 + n % 20}", endings[n % 4], "07/01/2024") for n in range(40)]
    headings = ("Police ref", "999 call", "Ambulance at scene", "How it ended", "Date")
    draft = drafted(headings, rows, known_sources=["Niche"])
    assert (draft.raw["joins"], draft.raw["parent_source"]) == ("incidents", "Niche")
    assert draft.raw["columns"] == {"incident_id": "Police ref"}
    (wait,) = draft.raw["waits"]
    assert (wait["started_at"], wait["ended_at"]) == (["Date", "999 call"], ["Date", "Ambulance at scene"])
    assert wait["outcome"] == "How it ended"
    assert not draft.unknown_values


def test_places_by_day_and_officer_reach_the_records_they_were_made_from(tmp_path):
    """Of 40 forms 30 get their places; 10 rows of days with no form wait."""
    where = make_settings(tmp_path)

    def imported(headings, rows, known=()):
        draft = drafted(headings, rows, known_sources=known)
        return import_stream(
            stream=io.BytesIO(as_csv(headings, rows)),
            label="a.csv",
            mapping=check_mapping(draft.raw | {"synthetic": True}),
            settings=where,
            keys=KEYS,
            geography=south_wales(),
        )

    assert imported(*table("Incident number", "Date and time", "Collar no", "Gender", "Doses given")).imported == 40
    report = imported(*table("Date", "Officer", "Easting", "Northing", rows=range(10, 50)), known=["naloxone form"])
    assert (report.rows_in, report.imported, report.waiting) == (40, 30, 10)
    incidents = stored(where, "incidents").sort_values("local_date")
    placed = incidents[incidents["location_source"] == "coordinates"]
    assert list(placed["easting_m"]) == [318_050 + 100 * n for n in range(10, 40)]
    assert len(stored(where, "administrations")) == 40


def test_a_databases_tables_of_doses_and_drugs_reach_the_people_of_its_third(tmp_path):
    """By a person's number alone, and beside the incident's: told by whose numbers are in the store."""
    where = make_settings(tmp_path)
    people = [(f"{5000 + n // 2}", f"{20000 + 3 * n}") for n in range(40)]
    when = [(f"{datetime(2024, 1, 1, 8) + timedelta(days=n // 2):%d/%m/%Y %H:%M}", f"{20 + n}") for n in range(40)]
    doses = [(victim, "4") for n, (_incident, victim) in enumerate(people) for _dose in range(n % 3 + 1)]
    doses = [(f"{n}", *dose) for n, dose in enumerate(doses, start=1)]
    days = {victim: given[:10] for (_incident, victim), (given, _age) in zip(people, when, strict=True)}
    doses = [(*dose, days[dose[1]], f"08:{int(dose[0]) % 60:02}") for dose in doses]
    kinds = ("Heroin", "Cocaine", "Alcohol")
    drugs = [(*one, drug) for n, one in enumerate(people) for drug in kinds[n % 2 : n % 3 + 1]]

    def bring_in(headings, rows, **options):
        draft = drafted(headings, rows, **options)
        report = import_stream(
            stream=io.BytesIO(as_csv(headings, rows)), label="a.csv", settings=where, keys=KEYS,
            geography=south_wales(), mapping=check_mapping(draft.raw | {"synthetic": True}),
        )  # fmt: skip
        return draft, report

    headings = ("Incident ID", "Victim ID", "Incident date and time", "Age")
    bring_in(headings, [(*one, *other) for one, other in zip(people, when, strict=True)])
    of_doses = (("Administration ID", "Victim ID", "Naloxone dose mg", "Dose date", "Dose time"), doses)
    assert "joins" not in drafted(*of_doses, known_sources=["naloxone form"]).raw
    with open_store(settings=where, keys=KEYS) as store:
        known = {"known_sources": store.form_sources(), "known_numbers": known_numbers(store, Pseudonymiser(KEYS))}
        # People of the same numbers with an event of their own are records.
        again = drafted(headings, [(*one, *other) for one, other in zip(people, when, strict=True)], **known)
        assert "joins" not in again.raw
        for kind, (headings, rows) in {
            "dose": of_doses,
            "substance": (("Incident ID", "Victim ID", "Suspected drug"), drugs),
        }.items():
            draft, report = bring_in(headings, rows, **known)
            assert (draft.raw["rows"], "joins" in asked(draft)) == (kind, True)
            assert draft.raw.get("doses") in (None, [{"given_at": ["Dose date", "Dose time"]}])
            assert (report.rows_in, report.imported + report.folded, report.waiting) == (len(rows), len(rows), 0)
    kept = stored(where, "administrations")
    assert Counter(kept["doses_given"]) == Counter(n % 3 + 1 for n in range(40))
    listed = stored(where, "doses").query("record_state == 'current'").groupby("administration_id").size()
    assert listed.to_dict() == kept.set_index("administration_id")["doses_given"].to_dict()
    taken = Counter(stored(where, "substances").query("record_state == 'current'")["substance"])
    assert taken == Counter(drug.casefold() for *_one, drug in drugs)


def test_more_of_a_file_that_times_its_doses_is_records_of_its_own(tmp_path):
    where = make_settings(tmp_path)
    rows = [(f"{700 + n // 2}", f"{n // 2 % 28 + 1:02}/01/2024 {8 + n % 2:02}:15") for n in range(40)]
    headings = ("Victim ID", "Time administered")
    raw = drafted(headings, rows).raw | {"rows": "dose", "doses": [{"given_at": "Time administered"}]}
    raw["columns"]["administration_id"] = "Victim ID"
    report = import_stream(
        stream=io.BytesIO(as_csv(headings, rows)), label="a.csv", settings=where, keys=KEYS, geography=south_wales(),
        mapping=check_mapping(raw | {"synthetic": True}),
    )  # fmt: skip
    assert report.imported
    with open_store(settings=where, keys=KEYS) as store:
        known = {"known_sources": store.form_sources(), "known_numbers": known_numbers(store, Pseudonymiser(KEYS))}
        assert "joins" not in drafted(headings, rows, **known).raw
