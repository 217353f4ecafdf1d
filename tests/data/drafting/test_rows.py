"""Rows by drug and dose: the draft and its answers give exactly the people, doses and drugs the file was made from."""

import io
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from geo.projection import from_wgs84
from tests.data.forms import as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored
from tests.data.open_data import AGES, DRUG_AND_DOSE, drug_and_dose, invented_people

NOW = datetime(2026, 7, 1)
NUMBER, VICTIM, INCIDENT, GIVEN = "Administration ID", "Victim ID", "Incident ID", "Naloxone Administered"
DESCRIBED = ("Gender Desc", "Age Range", "Race", "Ethnicity Desc")


def drafted(headings, rows):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    return draft_mapping(sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=NOW)


def asked(draft):
    return {each.setting for each in draft.questions}


class Imported:
    """A file imported by its draft with some answers, and what is then stored."""

    def __init__(self, folder, headings, lines, **answers):
        self.draft = drafted(headings, lines)
        raw = self.draft.raw | {"synthetic": True}
        raw["columns"] = raw["columns"] | answers.pop("columns", {})
        where = make_settings(folder)
        self.report = import_stream(
            stream=io.BytesIO(as_csv(headings, lines)),
            label="a.csv",
            mapping=check_mapping(raw | answers),
            settings=where,
            keys=KEYS,
            geography=south_wales(),
        )
        self.administrations = stored(where, "administrations")
        self.doses = stored(where, "doses")
        taken = stored(where, "substances")
        self.substances = Counter(
            tuple(sorted(names)) for names in taken.groupby("administration_id")["substance"].agg(set)
        )

    def accounts_for_every_row(self):
        each = self.report
        counted = each.imported + each.updated + each.unchanged + each.folded + each.withdrawn + each.waiting
        return each.rows_in == counted + each.quarantined_rows

    def doses_given(self):
        return Counter(
            None if value != value else int(value) for value in self.administrations["doses_given"].astype(float)
        )


def treated(people):
    return [each for each in people if each.treated]


def true_doses(people):
    return Counter(each.doses_given for each in treated(people))


def true_substances(people):
    return Counter(tuple(sorted(each.substances)) for each in treated(people))


def is_true(imported, people):
    """Every person once, with exactly their doses and drugs."""
    return (
        len(imported.administrations) == len(treated(people))
        and imported.doses_given() == true_doses(people)
        and len(imported.doses) == sum(each.doses_given or 0 for each in treated(people))
        and imported.substances == true_substances(people)
        and imported.accounts_for_every_row()
    )


@pytest.mark.parametrize(
    "without",
    [(), (INCIDENT,), (GIVEN,), ("Incident County Latitude", "Incident County Longitude"), DESCRIBED],
)
def test_with_a_number_of_the_person_the_draft_alone_is_right(without, tmp_path):
    """Two at one incident who are alike in all that describes them are two."""
    people = invented_people(120, alike=True)
    imported = Imported(tmp_path, *drug_and_dose(people, without=without))
    assert imported.draft.raw["rows"] == ["substance", "dose"]
    assert "rows" not in asked(imported.draft)
    assert is_true(imported, people)
    rows_of_others = sum(len(each.drugs) for each in people if not each.treated)
    assert imported.report.quarantined_rows == rows_of_others
    assert imported.report.quarantined_fields == 0
    assert "only" in asked(imported.draft)
    located = imported.administrations.merge(stored(make_settings(tmp_path), "incidents"), on="incident_id")
    assert set(located["location_source"]) == {"coordinates"}


def test_a_number_that_begins_anew_with_each_incident_is_nobodys_elsewhere(tmp_path):
    headings = ["case_no", "victim_no", "date_of_incident", "victim_sex", "narcan_units"]
    rows = [
        [f"23-{case:04}", str(victim), f"2025-03-{case:02} 14:05", "Male", str(victim)]
        for case in range(1, 28)
        for victim in range(1, 2 + (case % 9 == 0))
    ]
    numbered = Imported(tmp_path / "within", headings, rows)
    assert "person" not in numbered.draft.raw
    assert len(numbered.administrations) == len(rows)
    assert numbered.administrations["person_token"].isna().all()
    assert numbered.doses_given() == {1: 27, 2: 3}
    own = [[case, f"{case[-4:]}{victim}", *rest] for case, victim, *rest in rows]
    assert drafted(headings, own).raw["person"] == {"identifier": "victim_no"}


def test_drugs_ages_and_survival_are_read_by_the_published_words(tmp_path):
    people = invented_people(150, untreated=0)
    found = Imported(tmp_path, *drug_and_dose(people))
    bands = Counter(AGES[each.age] for each in people)
    assert Counter(found.administrations["age_band"]) == bands
    lived = Counter("yes" if each.survive == "Y" else "died" for each in people)
    assert Counter(found.administrations["alive_at_handover"]) == lived
    assert not any("not recorded" in sentence for sentence in found.draft.advice)
    assert not found.draft.unknown_values
    headings, rows = drug_and_dose(people)
    across = [["26 - 35" if cell == "30 - 39" else cell for cell in row] for row in rows]
    assert any("not recorded" in sentence for sentence in drafted(headings, across).advice)


def test_where_victims_live_is_never_where_it_happened():
    gone = ("Incident County Latitude", "Incident County Longitude", "Incident County Latitude and Longitude")
    headings, rows = drug_and_dose(invented_people(40), without=gone)
    draft = drafted(headings, rows)
    assert "place" not in draft.raw
    assert "place" in asked(draft)


def test_without_a_number_of_the_dose_repeated_rows_are_asked_about(tmp_path):
    people = [
        replace(each, doses=[(n, count or 1, 4) for n, count, _mg in each.doses]) for each in invented_people(120)
    ]
    headings, rows = drug_and_dose(people, without=(NUMBER,))
    assert "repeats" in asked(drafted(headings, rows))
    assert is_true(Imported(tmp_path, headings, rows, repeats="doses"), people)


def test_the_same_number_of_doses_beside_two_drugs_of_one_word_is_counted_once(tmp_path):
    """Two drugs that the schema has one word for are two rows and one dose."""
    [person, *_rest] = [each for each in invented_people(20) if each.treated]
    person.drugs = [(1, "FENTANYL"), (2, "CARFENTANIL"), (3, "Something else")]
    person.doses = [(1, 2, 4)]
    others = [each for each in invented_people(60, seed=2) if each.incident > 20]
    people = [person, *others]
    found = Imported(tmp_path, *drug_and_dose(people, without=(NUMBER,)), repeats="doses")
    assert sum(found.administrations["doses_given"].fillna(0)) == sum(each.doses_given or 0 for each in treated(people))


def test_without_a_number_of_the_person_each_administration_is_one_and_it_is_asked(tmp_path):
    people = invented_people(120)
    headings, rows = drug_and_dose(people, without=(VICTIM,))
    draft = drafted(headings, rows)
    assert draft.raw["columns"]["administration_id"] == {"code": NUMBER}
    [question] = [each for each in draft.questions if each.setting == "columns.administration_id"]
    # The answer that the question gives makes of several administrations one person: nobody here is alike.
    answer = [{"code": INCIDENT}, "Gender Desc", "Age Range"]
    assert 'administration_id = [{ code = "Incident ID" }, "Gender Desc", "Age Range"]' in question.line()
    assert is_true(Imported(tmp_path, headings, rows, columns={"administration_id": answer}), people)


@pytest.mark.parametrize("gone", [(VICTIM, NUMBER), (VICTIM, NUMBER, *DESCRIBED)])
@pytest.mark.parametrize("alike", [False, True])
def test_with_nothing_but_descriptions_nobody_is_folded_until_it_is_answered(gone, alike, tmp_path):
    people = invented_people(120, alike=alike)
    headings, rows = drug_and_dose(people, without=gone)
    found = Imported(tmp_path, headings, rows)
    assert "rows" not in found.draft.raw
    assert "rows" in asked(found.draft)
    assert found.accounts_for_every_row()
    assert found.report.folded == 0
    assert len(found.administrations) <= len(treated(people))


def test_with_the_answer_people_who_differ_are_told_apart(tmp_path):
    people = [
        replace(each, doses=[(n, count or 1, 4) for n, count, _mg in each.doses]) for each in invented_people(120)
    ]
    headings, rows = drug_and_dose(people, without=(VICTIM, NUMBER))
    assert is_true(Imported(tmp_path, headings, rows, rows=["substance", "dose"], repeats="doses"), people)


def test_a_key_of_the_incident_alone_never_takes_in_a_second_description(tmp_path):
    """Ranges of ages that are in no one band still tell two people apart."""
    headings = ["Incident ID", "Date", "Age Range", "Drug", "Dose Count"]
    rows = [[f"R{n}", "13/02/2024 10:00", "30 - 39", drug, "1"] for n in range(30) for drug in ("Heroin", "Alcohol")]
    rows[1][2] = "40 - 49"
    answers = {"columns": {"administration_id": "Incident ID"}, "rows": "substance"}
    found = Imported(tmp_path, headings, rows, **answers)
    assert (len(found.administrations), found.report.quarantined_rows) == (30, 1)
    assert {each.reason for each in found.report.reasons} == {"key_of_another_person"}


@pytest.mark.parametrize(
    ("counts", "mapped"),
    [
        # The same total beside each of two doses, as many as there are: the person's.
        (("2", "2"), "doses_given"),
        # A person with two entries of one each has two: no total.
        (("1", "1"), "count"),
        (("1", "3"), "count"),
        (("3", "3"), "asked"),
    ],
)
def test_whether_doses_are_stated_of_the_entry_or_in_all(counts, mapped):
    headings = ["Incident ID", "Victim ID", "Administration ID", "Date", "Drug", "Dose Count"]
    rows = [
        [f"R{n}", f"V{n}", f"D{n}-{part}", "13/02/2024 10:00", "Heroin", counts[part]]
        for n in range(30)
        for part in range(2)
    ]
    draft = drafted(headings, rows)
    [dose] = draft.raw["doses"]
    assert ("doses_given" in draft.raw["columns"]) is (mapped == "doses_given")
    assert ("count" in dose) is (mapped != "doses_given")
    assert ("doses" in asked(draft)) is (mapped == "asked")
    draft.mapping()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    alike=st.booleans(),
    unstated=st.sampled_from([0.0, 0.3]),
    gone=st.sets(st.sampled_from(sorted({*DRUG_AND_DOSE} - {VICTIM, NUMBER, "Incident Date", "Susp OD Drug Desc",
                                                              "Dose Count", INCIDENT}))),
)  # fmt: skip
def test_whatever_other_columns_lack_people_and_doses_are_exact(seed, alike, unstated, gone, tmp_path_factory):
    people = invented_people(50, seed=seed, alike=alike, unstated=unstated)
    found = Imported(tmp_path_factory.mktemp("store"), *drug_and_dose(people, without=tuple(gone)))
    assert is_true(found, people)


def test_a_column_that_numbers_the_doses_of_each_person_counts_none(tmp_path):
    """1, 2, 3 down a person's rows are doses one to three, and not six."""
    headings = ["Incident ID", "Person no", "Date", "Sex", "Drug", "Officer Badge", "Dose No"]
    rows, people = [], 0
    for incident in range(40):
        for person in range(1 + (incident % 5 == 0)):
            people += 1
            for dose in range(1 + incident % 3):
                when, officer = f"{1 + incident % 28:02}/03/2024 10:00", f"B{dose % 2}"
                rows.append([f"R{incident}", str(person + 1), when, "M", "Heroin", officer, str(dose + 1)])
    found = Imported(tmp_path, headings, rows)
    assert found.draft.raw["columns"]["dose_id"] == {"code": "Dose No"}
    assert len(found.administrations) == people
    assert len(found.doses) == len(rows) == sum(found.administrations["doses_given"])


def test_rows_that_differ_in_nothing_that_is_read_are_one_and_it_is_said(tmp_path):
    """As where an incident has a row for each offence."""
    headings = ["Incident ID", "Incident Date", "Code", "Narcan Used", "Latitude", "Longitude"]
    rows = [
        [f"R{n}", "2024-03-05 10:00", code, ("Yes", "No")[n % 2], f"{51.5 + n / 900:.4f}", f"{-3.2 + n / 900:.4f}"]
        for n in range(30)
        for code in ("3501", "3225")
    ]
    found = Imported(tmp_path, headings, rows)
    assert (len(found.administrations), found.report.unchanged, found.report.quarantined_rows) == (15, 15, 30)
    assert {"only", "rows"} <= asked(found.draft)


def test_a_number_of_the_export_is_a_key_that_is_asked_about_and_a_mark_of_a_patient_is_no_name():
    headings = ["OBJECTID", "Incident_Date", "Narcan_Given", "Patient_Student", "Patient_Gender", "Age"]
    rows = [[str(n), f"2024/03/{1 + n % 28:02} 07:00:00+00", "Yes", "Not able to say", "Male", "40"] for n in range(40)]
    draft = drafted(headings, rows)
    assert draft.raw["columns"]["incident_id"] == {"code": "OBJECTID"}
    assert "columns.incident_id" in asked(draft)
    assert draft.raw["person"] == {"age": "Age"}


def test_ones_alone_are_no_yes():
    """A column of ones may hold doses: no later row with two is to be left out."""
    headings, rows = ["Ref", "Date", "Narcan"], [[f"R{n}", "13/02/2024 10:00", "1"] for n in range(20)]
    assert "only" not in drafted(headings, rows).raw
    assert drafted(headings, [*rows, ["R20", "13/02/2024 10:00", "0"]]).raw["only"] == {"Narcan": ["1"]}


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ("POINT ({x} {y})", {"crs": "EPSG:4326"}),
        ("12 Example Street\nCardiff, CF10\n({y}, {x})", {"crs": "EPSG:4326"}),
        ("{y}, {x}", {"crs": "EPSG:4326"}),
        ("{x}, {y}", {"crs": "EPSG:4326", "swapped": True}),
        ("E {easting} N {northing}", {"crs": "EPSG:27700"}),
        ("{letters} {hundred_east} {hundred_north}", {"crs": "EPSG:27700"}),
    ],
)
def test_both_coordinates_in_one_column_are_read(form, place, tmp_path):
    headings = ["Where", "Serial", "Date", "Doses given"]
    x, y = np.array([(-3.17 - n / 500, 51.48 + n / 500) for n in range(20)]).T
    easting_m, northing_m = from_wgs84(latitude=y, longitude=x, crs="EPSG:27700")
    cells = [
        form.format(
            x=f"{x[n]:.5f}",
            y=f"{y[n]:.5f}",
            easting=round(easting_m[n]),
            northing=round(northing_m[n]),
            # All of Cardiff and around lies in this square of 100 km.
            letters="ST",
            hundred_east=f"{int(easting_m[n] - 300_000) // 100:03}",
            hundred_north=f"{int(northing_m[n] - 100_000) // 100:03}",
        )
        for n in range(20)
    ]
    # Other references look like those of the grid too; where they lie tells.
    rows = [[cell, f"NR{n:04}12", "13/02/2024 10:00", "1"] for n, cell in enumerate(cells)]
    found = Imported(tmp_path, headings, rows)
    assert found.draft.raw["place"] == {**place, "point": "Where"}
    assert found.draft.raw["columns"]["incident_id"] == "Serial"
    incidents = stored(make_settings(tmp_path), "incidents")
    # Each is in the middle of its cell of 100 m.
    assert sorted(incidents["easting_m"]) == sorted((np.floor(easting_m / 100) + 0.5) * 100)
    assert sorted(incidents["northing_m"]) == sorted((np.floor(northing_m / 100) + 0.5) * 100)


def test_a_number_that_begins_anew_each_day_is_an_incident_s_with_the_day_and_asked_about(tmp_path):
    """Logs 1 to 25 of each of 40 days, two people at every tenth."""
    headings = ["Log no", "Date", "Time", "Sex", "Age", "Doses given"]
    logs = [(day, log) for day in range(40) for log in np.random.default_rng(day).choice(25, 2, replace=False)]
    rows = [
        [f"{log + 1}", f"{day % 28 + 1:02}/{day // 28 + 1:02}/2024", f"{8 + log // 2:02}:00", "M", f"{30 + who}", "1"]
        for number, (day, log) in enumerate(logs)
        for who in range(1 + (number % 10 == 0))
    ]
    found = Imported(tmp_path, headings, rows)
    assert found.draft.raw["columns"]["incident_id"] == [{"code": "Log no"}, {"day": "Date"}]
    assert "columns.incident_id" in asked(found.draft)
    assert found.administrations["incident_id"].nunique() == len(logs)
    assert len(found.administrations) == len(rows)
    # Another column that numbers the rows is better than a call's number that does not.
    other = drafted(
        ["Call number", "Serial", *headings[1:]], [[row[0], f"S{n:03}", *row[1:]] for n, row in enumerate(rows)]
    )
    assert other.raw["columns"]["incident_id"] == "Serial"


def test_of_two_columns_of_areas_the_one_is_read_whose_areas_are_the_deployment_s():
    codes = south_wales().small_areas["code"].tolist()[:20]
    rows = [[f"R{n}", "13/02/2024 10:00", "1", f"ZX{n % 10} {n % 7}", code, "Exact"] for n, code in enumerate(codes)]
    headings = ["Ref", "Date", "Doses given", "Postcode sector", "District", "Accuracy"]
    assert drafted(headings, rows).raw["columns"]["small_area"] == "District"
    assert "location_precision_m" not in drafted(headings, rows).raw["columns"]
    # A sector of a district that is known is known.
    sectors = [[*row[:3], f"{code} 3", *row[4:]] for row, code in zip(rows, codes, strict=True)]
    assert drafted(headings, sectors).raw["columns"]["small_area"] == "Postcode sector"


def test_a_place_by_name_alone_is_an_area_where_the_deployment_knows_it_and_asked_about_where_not(tmp_path):
    names = south_wales().authorities["name"].tolist()
    rows = [[f"R{n}", "13/02/2024 10:00", "1", names[n % len(names)].upper()] for n in range(20)]
    found = Imported(tmp_path, ["Ref", "Date", "Doses given", "Ward of incident"], rows)
    assert found.draft.raw["columns"]["authority"] == "Ward of incident"
    assert set(stored(make_settings(tmp_path), "incidents")["location_source"]) == {"area"}
    elsewhere = drafted(["Ref", "Date", "Doses given", "County"], [[*row[:3], "Ashmoor"] for row in rows])
    assert "place" in asked(elsewhere)
    home = drafted(["Ref", "Date", "Doses given", "Victim ward"], rows)
    assert "authority" not in home.raw["columns"]


def test_two_officers_who_count_differently_are_two_reports_and_no_sum(tmp_path):
    headings = ["Incident ID", "Victim ID", "Date", "Drug", "Officer Badge", "Dose Count"]
    rows = [
        [f"R{n}", f"V{n}", "13/02/2024 10:00", drug, f"B{officer}", str(officer)]
        for n in range(20)
        for drug in ("Heroin", "Alcohol")
        for officer in (1, 3)
    ]
    found = Imported(tmp_path, headings, rows)
    assert found.draft.raw["rows"] == ["substance", "officer"]
    assert set(found.administrations["doses_given"]) == {3}
    assert found.report.conflicts == 20


def test_rows_without_a_number_of_an_administration_but_with_a_dose_are_kept():
    headings, rows = drug_and_dose(invented_people(120, unstated=0), without=(GIVEN,))
    at, count = headings.index(NUMBER), headings.index("Dose Count")
    draft = drafted(headings, rows)
    assert draft.raw["only"] == {NUMBER: ["*"]}
    some = [[*row[:at], "", *row[at + 1 :]] if row[count] and n % 4 == 0 else row for n, row in enumerate(rows)]
    assert "only" not in drafted(headings, some).raw


def test_a_file_that_comes_in_halves_and_again_makes_the_same_records(tmp_path):
    people = invented_people(80, alike=True)
    headings, rows = drug_and_dose(people)
    raw = drafted(headings, rows).raw | {"synthetic": True}
    where = make_settings(tmp_path)

    def bring_in(lines):
        return import_stream(
            stream=io.BytesIO(as_csv(headings, lines)),
            label="a.csv",
            mapping=check_mapping(raw),
            settings=where,
            keys=KEYS,
            geography=south_wales(),
        )

    bring_in(rows[::2])
    bring_in(rows[1::2])
    kept = stored(where, "administrations")
    assert len(kept) == len(treated(people))
    assert sum(kept["doses_given"].fillna(0)) == sum(each.doses_given or 0 for each in treated(people))
    assert len(stored(where, "doses")) == sum(kept["doses_given"].fillna(0))
    again = bring_in(rows)
    assert (again.imported, again.updated) == (0, 0)


@pytest.mark.parametrize("without", [(), (NUMBER,)])
def test_drugs_and_doses_in_rows_of_their_own_are_one_person_too(without, tmp_path):
    """Rows that are blank for the drug or for the dose lose neither."""
    people = [replace(each, doses=[(n, count or 1, 4) for n, count, _mg in each.doses]) for each in invented_people(80)]
    answers = {"repeats": "doses"} if without else {}
    assert is_true(Imported(tmp_path, *drug_and_dose(people, without=without, apart=True), **answers), people)


def test_a_yes_beside_the_doses_alone_leaves_out_no_drug(tmp_path):
    people = invented_people(80, untreated=0, unstated=0)
    headings, rows = drug_and_dose(people, apart=True)
    given, number = headings.index(GIVEN), headings.index(NUMBER)
    for row in rows:
        row[given] = "Y" if row[number] else "N"
    found = Imported(tmp_path, headings, rows)
    assert "only" not in found.draft.raw
    assert "only" in asked(found.draft)
    assert is_true(found, people)
    unsaid = drafted(*drug_and_dose(people, apart=True, without=(GIVEN,)))
    assert "only" not in unsaid.raw
    assert "only" in asked(unsaid)


ALIKE = ("Incident number", "Date", "Gender", "Age", "Product", "Collar number", "Doses given")


def alike_rows(*, counted):
    """As many rows as doses, alike in every column but where another product was used; and how many doses in all."""
    draw = np.random.default_rng(8)
    rows = []
    for n in range(60):
        doses = int(draw.integers(1, 5))
        person = [f"NC-{n:04}", f"{n % 28 + 1:02}/02/2024", "MF"[n % 2], str(20 + n % 40)]
        for dose in range(doses):
            product = "Prenoxad" if dose == 3 else "Nyxoid"
            rows.append([*person, product, str(700 + n), *([str(doses)] if counted else [])])
    return ALIKE[: len(rows[0])], rows, len(rows)


def test_rows_alike_in_every_column_are_doses_where_the_answer_says_so(tmp_path):
    headings, rows, doses = alike_rows(counted=False)
    draft = drafted(headings, rows)
    lines = {each.setting: each.in_mapping for each in draft.questions}
    assert lines["rows"] == 'rows = "dose"'
    assert 'repeats = "doses"' in lines["repeats"]
    assert 'repeats = "doses"' in draft.toml()
    # Without that answer the report names the rows that count once, and the remedy.
    (tmp_path / "once").mkdir()
    once = Imported(tmp_path / "once", headings, rows, rows="dose")
    seen = Counter(map(tuple, rows))
    assert once.report.unchanged == sum(seen.values()) - len(seen)
    [told] = [line for line in once.report.lines() if "repeat an earlier one in all that is read" in line]
    assert re.search(r'repeats = "doses".*Rows: \d', told)
    # The same where no row of a person differs in anything, and nothing else is said of a dose.
    for chosen, answer in ((range(len(headings)), {}), (range(4), {"doses": [{}]})):
        where = tmp_path / str(len(chosen))
        where.mkdir()
        lines = [[row[n] for n in chosen] for row in rows]
        found = Imported(where, [headings[n] for n in chosen], lines, rows="dose", repeats="doses", **answer)
        assert [each.setting for each in found.draft.questions].count("repeats") == 1
        people = found.administrations
        assert (len(people), people["doses_given"].sum(), len(found.doses)) == (60, doses, doses)


def test_rows_alike_are_doses_without_a_question_where_a_column_counts_them(tmp_path):
    headings, rows, doses = alike_rows(counted=True)
    named = [[f"Person {row[0]}", *row] for row in rows]
    found = Imported(tmp_path, ["Nominal ref", *headings], named)
    assert (found.draft.raw["rows"], found.draft.raw["repeats"]) == ("dose", "doses")
    assert not {"rows", "repeats"} & asked(found.draft)
    assert (found.administrations["doses_given"].sum(), len(found.doses)) == (doses, doses)


def test_rows_alike_are_asked_about_where_a_column_says_one_dose_in_each(tmp_path):
    headings, rows, doses = alike_rows(counted=False)
    # One product: nothing differs between the rows of a person.
    ones = [[f"Person {row[0]}", *row[:4], "Nyxoid", row[5], "1"] for row in rows]
    answer = {"rows": "dose", "repeats": "doses", "doses": [{"count": "Doses"}]}
    found = Imported(tmp_path, ["Nominal ref", *headings, "Doses"], ones, **answer)
    (line,) = [each.in_mapping for each in found.draft.questions if each.setting == "repeats"]
    assert 'count = "Doses"' in line
    assert (len(found.administrations), len(found.doses)) == (60, doses)


@pytest.mark.parametrize(
    ("heading", "numbers", "is_asked"),
    [("Number of naloxone doses", False, True), ("Naloxone dose", True, True), ("Dose no", True, False)],
)
def test_counts_of_one_and_of_two_in_second_officers_rows_are_no_numbers_of_doses(heading, numbers, is_asked):
    headings = ["Incident number", "Date", "Gender", "Age", "Collar number", heading]
    rows = [
        [
            f"NC-{n:04}",
            f"{n % 28 + 1:02}/02/2024",
            "MF"[n % 2],
            str(20 + n),
            str(2000 + 2 * n + officer),
            str(1 + officer),
        ]
        for n in range(50)
        for officer in range(2 if n % 5 == 0 else 1)
    ]
    draft = drafted(headings, rows)
    assert ("dose_id" in draft.raw["columns"]) is numbers
    assert ("doses_given" in draft.raw["columns"]) is not numbers
    lines = {each.setting: each.in_mapping for each in draft.questions}
    assert lines["rows"] == ('rows = "dose"' if numbers else 'rows = "officer"')
    assert bool({"columns.dose_id", "columns.doses_given"} & lines.keys()) is is_asked
