"""Several rows a record: by drug, by dose, by officer; two people never made one; reports settled once and for all."""

import itertools
import json
import random
from collections import Counter

import pandas as pd
import pytest

from data.store import (
    ConflictNotFoundError,
    check_store,
    current_version,
    erase,
    open_store,
    rollback,
    settle_agreeing,
    settle_conflict,
    undo_import,
)
from tests.data.importing import KEYS, make_mapping
from tests.data.test_ingest import Importer, reasons, token

HEADINGS = ["Reference", "When", "Sex", "Name", "Age", "Drug", "Officer", "Dose time", "Doses"]
PERSON = {"name": "Name", "age": "Age"}


@pytest.fixture
def importer(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer(tmp_path)


def frame(*rows):
    """Rows of the headings; what a row leaves out is blank."""
    return pd.DataFrame([dict(zip(HEADINGS, row, strict=False)) for row in rows], columns=HEADINGS).fillna("")


def mapping(rows, **changes):
    columns = {"incident_id": "Reference", "administration_id": "Reference", "gender": "Sex"}
    layout = {
        "columns": columns | changes.pop("columns", {}),
        "person": PERSON,
        "substances": {"columns": ["Drug"]},
        "doses": [{"officer": "Officer", "given_at": "Dose time"}],
    }
    return make_mapping(rows=rows, **(layout | changes))


def by_reference(importer, table, *references):
    found = importer.stored(table)
    return {name: found[found["administration_id"] == token("administration_id", name)] for name in references}


def doses_given(importer):
    found = importer.stored("administrations").set_index("administration_id")["doses_given"]
    return {key: None if pd.isna(value) else int(value) for key, value in found.items()}


def test_a_row_that_is_a_dose_repeats_another_only_where_all_that_is_written_does(importer):
    """Doses of one minute that differ in a column nobody maps, such as the amount, are two; a row twice is one."""
    when = ("01/07/2024 14:00", "M", "Person A", "36", "heroin", "PC 1", "01/07/2024 14:01", "")
    rows = frame(("A", *when), ("A", *when), ("A", *when), ("B", *when)).assign(Amount=["2", "4", "2", "2"])
    report = importer.frame(rows, mapping("dose"))
    assert (report.imported, report.folded, report.unchanged) == (2, 1, 1)
    assert doses_given(importer) == {token("administration_id", "A"): 2, token("administration_id", "B"): 1}
    assert {name: report.rows[name].row_numbers for name in ("identical_rows", "alike_rows")} == {
        "identical_rows": (3,),
        "alike_rows": (2,),
    }
    assert "1 row says what an earlier one says" in "\n".join(report.lines())
    again = importer.frame(rows.iloc[::-1], mapping("dose"))
    assert (again.imported, again.updated) == (0, 0)
    assert doses_given(importer)[token("administration_id", "A")] == 2


# --- folding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [["substance", "dose"], ["dose", "substance"]])
def test_rows_by_drug_and_dose_are_one_person_with_each_drug_and_dose_once(importer, kinds):
    cases = {"A": (("heroin", "alcohol"), ("14:01", "14:05")), "B": (("cocaine",), ("14:01", "14:02", "14:03"))}
    rows = [
        (name, "01/07/2024 14:00", "M", f"Person {name}", "36", drug, "PC 1", f"01/07/2024 {time}")
        for name, (drugs, times) in cases.items()
        for drug, time in itertools.product(drugs, times)
    ]
    report = importer.frame(frame(*rows), mapping(kinds))
    assert (report.rows_in, report.imported, report.folded) == (7, 2, 5)
    for name, (drugs, times) in cases.items():
        assert set(by_reference(importer, "substances", name)[name]["substance"]) == set(drugs)
        doses = by_reference(importer, "doses", name)[name].sort_values("sequence")
        assert doses["sequence"].tolist() == list(range(1, len(times) + 1))
        assert doses["given_at"].dt.tz_convert("Europe/London").dt.strftime("%H:%M").tolist() == list(times)
        assert doses_given(importer)[token("administration_id", name)] == len(times)
    assert len(importer.stored("incidents")) == 2
    # The same rows in any order are the same records, and a row that comes twice says nothing new.
    again = importer.frame(frame(*rows[::-1], rows[0]), mapping(kinds))
    assert (again.unchanged, again.folded, again.updated) == (2 + 1, 5, 0)


@pytest.mark.parametrize(("repeats", "given"), [("same", 2), ("doses", 3)])
def test_doses_of_one_officer_and_minute_are_one_unless_repeats_are_doses(importer, repeats, given):
    person = ("01/07/2024 14:00", "M", "Person A", "36", "heroin", "PC 1")
    rows = [("A", *person, f"01/07/2024 {time}") for time in ("14:01", "14:01", "14:05")]
    importer.frame(frame(*rows), mapping(["dose"], repeats=repeats))
    assert doses_given(importer) == {token("administration_id", "A"): given}
    assert len(importer.stored("doses")) == given


def test_folding_agrees_with_dictionaries(importer):
    chance = random.Random(7)
    people = {f"P{n}": (chance.choice(["M", "F", ""]), f"0{1 + n % 9}/07/2024 1{n % 10}:00") for n in range(25)}
    rows = [
        (name, when, chance.choice([sex, ""]), "", "", drug, f"PC {chance.randrange(4)}", f"{when[:-2]}{minute:02}")
        for name, (sex, when) in people.items()
        for drug in chance.sample(["heroin", "alcohol", "cocaine", "", "methadone"], chance.randrange(1, 4))
        for minute in chance.sample(range(30), chance.randrange(1, 4))
    ]
    chance.shuffle(rows)
    report = importer.frame(frame(*rows), mapping(["substance", "dose"]))
    assert (report.imported, report.folded) == (25, len(rows) - 25)
    administrations = importer.stored("administrations").set_index("administration_id")
    drugs = importer.stored("substances").groupby("administration_id")["substance"].agg(set)
    doses = importer.stored("doses").groupby("administration_id").size()
    reports = importer.stored("dose_reports").groupby("administration_id")["doses"].max()
    for name in people:
        own = [row for row in rows if row[0] == name]
        key = token("administration_id", name)
        assert drugs[key] == ({row[5] for row in own} - {""} or {"not_recorded"})
        given = {(row[6], row[7]) for row in own}
        assert doses[key] == len(given)
        at_once = len({time for _officer, time in given}) < len(given)
        by_officer = Counter(officer for officer, _time in given)
        assert administrations.loc[key, "doses_given"] == (max(by_officer.values()) if at_once else len(given))
        assert (key in reports) == at_once
        sexes = {row[2] for row in own} - {""}
        assert administrations.loc[key, "gender"] == {"M": "male", "F": "female"}.get("".join(sexes), "not_recorded")


def test_doses_side_by_side_are_those_of_the_first_row_that_has_them(importer):
    rows = frame(
        ("A", "01/07/2024 14:00", "", "", "", "heroin", "PC 1"),
        ("A", "01/07/2024 14:00", "", "", "", "alcohol", "PC 1"),
    ).assign(Second="PC 2")
    layout = mapping("substance", doses=[{"officer": "Officer"}, {"officer": "Second"}])
    assert importer.frame(rows, layout).folded == 1
    assert doses_given(importer) == {token("administration_id", "A"): 2}
    assert len(importer.stored("doses")) == 2


@pytest.mark.parametrize("order", [1, -1])
def test_a_wait_for_the_ambulance_starts_at_the_first_dose_and_a_later_one_is_no_mistake(importer, order):
    """Of A the second dose came after the ambulance; of B the only one did, which is told."""
    doses = (("A", "14:00"), ("A", "14:05"), ("A", "14:11"), ("B", "15:20"))
    rows = [(key, f"01/07/2024 {given}", "M", "", "36", "", "", f"01/07/2024 {given}") for key, given in doses][::order]
    arrived = {"A": "01/07/2024 14:10", "B": "01/07/2024 15:00"}
    table = frame(*rows).assign(Arrived=[arrived[row[0]] for row in rows])
    waits = [{"kind": "naloxone_to_arrival", "started_at": "Dose time", "ended_at": "Arrived"}]
    report = importer.frame(table, mapping("dose", waits=waits, doses=[{"given_at": "Dose time"}]))
    assert (report.imported, report.folded, report.counts.waits_negative) == (2, 2, 1)
    assert list(importer.stored("waits")["minutes"].dropna()) == [10]


def test_the_first_recorded_value_stands_and_a_disagreement_is_told(importer):
    rows = frame(
        ("A", "01/07/2024 14:30", "", "", "", "heroin"),
        ("A", "01/07/2024 14:00", "M", "", "", ""),
        ("A", "01/07/2024 14:00", "M", "", "", "alcohol"),
    ).assign(Setting=["", "street", "home"], Lat=["", "51.5", ""], Lon=["", "-3.2", ""])
    layout = mapping("substance", columns={"setting": "Setting"}, place={"x": "Lon", "y": "Lat"}, doses=[])
    report = importer.frame(rows, layout)
    assert (report.imported, report.folded, report.counts.disagreeing_records) == (1, 2, 1)
    (incident,) = importer.stored("incidents").to_dict("records")
    assert (incident["setting"], incident["location_source"]) == ("street", "coordinates")
    assert incident["occurred_at"] == pd.Timestamp("2024-07-01 13:00", tz="UTC")
    assert importer.stored("administrations")["gender"].tolist() == ["male"]
    assert set(importer.stored("substances")["substance"]) == {"heroin", "alcohol"}


@pytest.mark.parametrize("kinds", [["substance", "dose"], "substance", "dose", "officer"])
def test_a_file_without_a_usable_row_is_held_back_whole(importer, kinds):
    report = importer.frame(frame(("A", "never", "M", "", "", "heroin", "PC 1")), mapping(kinds))
    assert (report.imported, report.folded, report.quarantined_rows) == (0, 0, 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("M", "John Smith", "36"), ("M", "John Jones", "36")),
        (("M", "", "36"), ("F", "", "36")),
        # Both in the band of 35 to 44 years.
        (("M", "", "36"), ("M", "", "43")),
    ],
)
def test_two_people_of_one_key_are_never_made_one(importer, first, second):
    rows = frame(
        ("A", "01/07/2024 14:00", *first, "heroin"),
        ("A", "01/07/2024 14:00", *second, "alcohol"),
        # Nobody can say whose this is.
        ("A", "01/07/2024 14:00", "", "", "", "cocaine"),
        ("B", "01/07/2024 14:00", *second, "alcohol"),
    )
    report = importer.frame(rows, mapping("substance"))
    assert (report.imported, report.folded, report.quarantined_rows) == (2, 0, 2)
    assert reasons(report) == {("key_of_another_person", "administration_id"): 2}
    assert by_reference(importer, "substances", "A")["A"]["substance"].tolist() == ["heroin"]
    held = importer.stored("quarantine")
    assert held["row_number"].tolist() == [2, 3]


def test_a_person_s_own_key_keeps_two_people_of_an_incident_apart(importer):
    rows = frame(
        ("A", "01/07/2024 14:00", "M", "John Smith", "36", "heroin"),
        ("A", "01/07/2024 14:00", "M", "John Jones", "43", "heroin"),
        ("A", "01/07/2024 14:00", "M", "John Jones", "43", "alcohol"),
    ).assign(Person=["1", "2", "2"])
    layout = mapping("substance", columns={"administration_id": ["Reference", "Person"]})
    report = importer.frame(rows, layout)
    assert (report.imported, report.folded) == (2, 1)
    assert len(importer.stored("incidents")) == 1
    assert importer.stored("administrations")["person_token"].nunique() == 2


def test_a_key_given_again_on_another_day_is_held_back(importer):
    rows = frame(("A", "01/07/2024 23:50", "", "", "", "heroin"), ("A", "02/07/2024 00:10", "", "", "", "alcohol"))
    later = frame(("A", "09/07/2024 14:00", "", "", "", "cocaine"))
    report = importer.frame(pd.concat([rows, later], ignore_index=True), mapping("substance"))
    assert (report.imported, report.folded) == (1, 1)
    assert reasons(report) == {("key_of_another_day", "administration_id"): 1}


def test_a_key_is_composed_where_a_form_has_no_number(importer):
    """Officer and date, however they are written."""
    rows = pd.DataFrame(
        {
            "When": ["01/07/2024 14:00", "2024-07-01 14:00", "01/07/2024 14:00", "03/07/2024 09:00"],
            "Officer": ["PC 12", "pc12", "PC 13", "PC 12"],
            "Drug": ["heroin", "alcohol", "heroin", "heroin"],
        }
    )
    key = [{"code": "Officer"}, {"day": "When"}]
    layout = make_mapping(rows="substance", columns={"administration_id": key}, substances={"columns": ["Drug"]})
    report = importer.frame(rows, layout)
    assert (report.imported, report.folded) == (3, 1)


# --- over several imports ---------------------------------------------------------------------------------------------


def test_a_later_row_joins_the_record_of_an_earlier_import(importer):
    first = frame(
        ("A", "01/07/2024 14:00", "M", "John Smith", "36", "heroin", "PC 1", "01/07/2024 14:01"),
        ("A", "01/07/2024 14:00", "M", "John Smith", "36", "heroin", "PC 1", "01/07/2024 14:05"),
        ("B", "01/07/2024 14:00", "M", "Tom Smith", "36", "heroin", "PC 1", "01/07/2024 14:05"),
    )
    layout = mapping(["substance", "dose"])
    importer.frame(first, layout)
    later = frame(
        ("A", "01/07/2024 14:00", "M", "John Smith", "36", "alcohol", "PC 1", "01/07/2024 14:09"),
        ("B", "01/07/2024 14:00", "F", "Ann Jones", "20", "heroin", "PC 1", "01/07/2024 14:09"),
    )
    report = importer.frame(later, layout)
    assert (report.updated, report.folded, report.quarantined_rows) == (1, 0, 1)
    key = token("administration_id", "A")
    assert doses_given(importer)[key] == 3
    assert set(by_reference(importer, "substances", "A")["A"]["substance"]) == {"heroin", "alcohol"}
    assert importer.frame(first, layout).unchanged == 2
    # What it was is kept, and comes back.
    with open_store(settings=importer.settings, keys=KEYS) as store:
        history = store.history(record_id=key)
    assert history[history["field"] == "doses_given"]["before"].tolist() == [2]
    undo_import(settings=importer.settings, keys=KEYS)
    assert doses_given(importer)[key] == 2
    assert set(by_reference(importer, "substances", "A")["A"]["substance"]) == {"heroin"}
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()


def test_a_row_with_its_own_key_updates(importer):
    rows = frame(
        ("A", "01/07/2024 14:00", "M", "", "", "heroin"), ("A", "01/07/2024 14:00", "M", "", "", "alcohol")
    ).assign(Line=["1", "2"])
    layout = mapping("substance", columns={"row_id": ["Reference", "Line"]})
    importer.frame(rows, layout)
    changed = rows.iloc[[1]].assign(Drug="cocaine")
    report = importer.frame(changed, layout)
    assert (report.updated, report.folded) == (1, 0)
    assert set(by_reference(importer, "substances", "A")["A"]["substance"]) == {"heroin", "cocaine"}


def test_a_full_extract_takes_back_what_it_lacks(importer):
    rows = frame(
        ("A", "01/07/2024 14:00", "M", "", "", "heroin"),
        ("A", "01/07/2024 14:00", "M", "", "", "alcohol"),
        ("B", "02/07/2024 14:00", "M", "", "", "heroin"),
    )
    layout = mapping("substance", extract="full")
    importer.frame(rows, layout)
    report = importer.frame(rows.iloc[:1], layout)
    assert (report.updated, report.withdrawn_gone) == (1, 1)
    assert by_reference(importer, "substances", "A")["A"]["substance"].tolist() == ["heroin"]


# --- two officers' reports --------------------------------------------------------------------------------------------


REPORTS = (
    ("A", "01/07/2024 14:00", "M", "", "", "heroin", "PC 1", "", "2"),
    ("A", "01/07/2024 14:00", "M", "", "", "heroin", "PC 2", "", "1"),
    ("B", "01/07/2024 14:00", "M", "", "", "heroin", "PC 2", "", "3"),
)


def officers(**changes):
    return mapping("officer", columns={"doses_given": "Doses"}, doses=[{"officer": "Officer"}], **changes)


def open_conflicts(importer):
    with open_store(settings=importer.settings, keys=KEYS) as store:
        return [each for each in store.conflicts() if each.settlement is None]


def current_doses(importer, reference):
    doses = by_reference(importer, "doses", reference)[reference]
    return int((doses["record_state"] == "current").sum())


def test_reports_that_agree_are_settled_together_and_others_left(importer):
    alike = [(*row[:-1], "2") for row in REPORTS[:2]]
    rows = [(f"{name}{row[0]}", *row[1:]) for name in "XYZ" for row in (alike if name != "Z" else REPORTS[:2])]
    assert importer.frame(frame(*rows), officers()).conflicts == 3
    before = doses_given(importer)
    assert settle_agreeing(settings=importer.settings, keys=KEYS, purpose="one syringe each") == 2
    (left,) = open_conflicts(importer)
    assert sorted(each.doses for each in left.reports) == [1, 2]
    assert doses_given(importer) == before
    version = current_version(importer.settings.store_folder)
    assert settle_agreeing(settings=importer.settings, keys=KEYS) == 0
    assert current_version(importer.settings.store_folder) == version
    # The decision holds when the same reports come again.
    assert importer.frame(frame(*rows[::-1]), officers()).conflicts == 1
    rollback(settings=importer.settings, keys=KEYS)
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()


def test_two_reports_are_kept_and_not_added_up_until_somebody_decides(importer):
    report = importer.frame(frame(*REPORTS), officers())
    assert (report.imported, report.folded, report.conflicts) == (2, 1, 1)
    key = token("administration_id", "A")
    assert doses_given(importer) == {key: 2, token("administration_id", "B"): 3}
    (conflict,) = open_conflicts(importer)
    assert sorted((each.doses, each.row_number, each.import_id) for each in conflict.reports) == [
        (1, 2, report.import_id),
        (2, 1, report.import_id),
    ]
    assert len(importer.stored("doses")) == 3
    assert current_doses(importer, "A") == 1

    def settle(**decision):
        settle_conflict(settings=importer.settings, keys=KEYS, conflict_id=conflict.conflict_id, **decision)

    settle(decision="different", who="Sergeant", purpose="asked both")
    assert doses_given(importer)[key] == 3
    assert current_doses(importer, "A") == 2
    assert open_conflicts(importer) == []
    # Decided otherwise, and imported again, together with another file: it stays decided.
    one = next(each.report_id for each in conflict.reports if each.doses == 1)
    settle(decision="same", report_id=one)
    assert doses_given(importer)[key] == 1
    importer.frame(frame(*REPORTS, ("C", "05/07/2024 14:00", "M", "", "", "", "PC 9", "", "1")), officers())
    assert doses_given(importer)[key] == 1
    assert open_conflicts(importer) == []
    with open_store(settings=importer.settings, keys=KEYS) as store:
        (settled,) = store.conflicts()
    assert (settled.settlement.decision, settled.settlement.report_id) == ("same", one)
    # Another report asks again.
    third = ("A", "01/07/2024 14:00", "M", "", "", "heroin", "PC 3", "", "1")
    assert importer.frame(frame(third), officers()).conflicts == 1
    assert doses_given(importer)[key] == 2
    # Undone, the decision holds again; and it does when all was undone and comes in anew.
    for _import in range(3):
        undo_import(settings=importer.settings, keys=KEYS)
    assert len(importer.stored("administrations")) == 0
    importer.frame(frame(*REPORTS), officers())
    assert doses_given(importer)[key] == 1
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()


def test_the_second_report_may_come_with_a_later_file(importer):
    first = importer.frame(frame(REPORTS[2], REPORTS[0]), officers())
    report = importer.frame(frame(REPORTS[1]), officers())
    assert (report.updated, report.conflicts) == (1, 1)
    # Each report is found where it stands, though both are now rows of the later import.
    (conflict,) = open_conflicts(importer)
    assert sorted((each.doses, each.row_number, each.import_id) for each in conflict.reports) == [
        (1, 1, report.import_id),
        (2, 2, first.import_id),
    ]
    assert doses_given(importer) == {token("administration_id", "A"): 2, token("administration_id", "B"): 3}
    # The file of an import that is no more is named no more, though what it said was folded into a later record.
    undo_import(settings=importer.settings, keys=KEYS, import_id=first.import_id)
    (conflict,) = open_conflicts(importer)
    assert {(each.doses, each.row_number, each.import_id) for each in conflict.reports} == {
        (1, 1, report.import_id),
        (2, None, None),
    }


def test_a_dry_run_tells_of_the_reports_that_the_import_then_finds(importer):
    third = ("A", "01/07/2024 14:00", "M", "", "", "heroin", "PC 3", "", "1")
    elsewhere = [("C", "03/07/2024 14:00", "M", "", "", "", f"PC {n}", "", str(n)) for n in (1, 2)]
    told = []
    for rows in (REPORTS, [*REPORTS, REPORTS[2]], elsewhere, [third]):
        dry = importer.frame(frame(*rows), officers(), dry_run=True).conflicts
        assert importer.frame(frame(*rows), officers()).conflicts == dry
        told.append(dry)
        if len(told) == 2:
            (conflict,) = open_conflicts(importer)
            settle_conflict(
                settings=importer.settings, keys=KEYS, conflict_id=conflict.conflict_id, decision="different"
            )
    # Settled after the second file; the last brings another report of what was settled.
    assert told == [1, 1, 1, 2]


def test_doses_at_one_time_by_two_officers_are_not_added_up(importer):
    rows = frame(
        *(("A", "01/07/2024 14:00", "", "", "", "", f"PC {n}", "01/07/2024 14:01") for n in (1, 2)),
        ("B", "01/07/2024 14:00", "", "", "", "", "PC 1", "01/07/2024 14:01"),
        ("B", "01/07/2024 14:00", "", "", "", "", "PC 2", "01/07/2024 14:04"),
    )
    report = importer.frame(rows, mapping("dose"))
    assert report.conflicts == 1
    assert doses_given(importer) == {token("administration_id", "A"): 1, token("administration_id", "B"): 2}


def test_what_cannot_be_settled_is_refused(importer):
    importer.frame(frame(*REPORTS), officers())
    (conflict,) = open_conflicts(importer)
    for conflict_id, decision, report_id in (
        ("nothing", "different", None),
        (conflict.conflict_id, "same", None),
        (conflict.conflict_id, "same", "nothing"),
        (conflict.conflict_id, "different", conflict.reports[0].report_id),
    ):
        with pytest.raises(ConflictNotFoundError):
            settle_conflict(
                settings=importer.settings,
                keys=KEYS,
                conflict_id=conflict_id,
                decision=decision,
                report_id=report_id,
            )


def test_an_erased_person_leaves_no_row_report_or_decision(importer):
    rows = [(*row[:3], "John Smith" if row[0] == "A" else "Tom Jones", *row[4:]) for row in REPORTS]
    importer.frame(frame(*rows), officers())
    (conflict,) = open_conflicts(importer)
    settle_conflict(settings=importer.settings, keys=KEYS, conflict_id=conflict.conflict_id, decision="different")
    importer.frame(frame((*rows[0][:8], "4")), officers())
    people = importer.stored("administrations").set_index("administration_id")["person_token"]
    erase(settings=importer.settings, keys=KEYS, token=people[conflict.administration_id], purpose="asked to")
    for table in ("administrations", "pieces", "dose_reports", "settlements", "doses", "substances"):
        assert not (importer.stored(table)["administration_id"] == conflict.administration_id).any(), table
    for table in ("past_administrations", "past_pieces", "past_doses", "past_dose_reports"):
        with pytest.raises(Exception, match="does not exist"):
            importer.stored(table)
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()


def test_a_dry_run_foretells_the_import_and_kept_rows_hold_no_name_number_or_exact_place(importer):
    rows = frame(*((*row[:3], "Zebedee Quillfeather", *row[4:]) for row in REPORTS))
    rows = rows.assign(Lat="51.4816321", Lon="-3.1791234")
    layout = officers(values={"gender": {"M": "male"}}, place={"x": "Lon", "y": "Lat"})
    foretold = importer.frame(rows, layout, dry_run=True)
    report = importer.frame(rows, layout)
    assert (foretold.imported, foretold.folded) == (report.imported, report.folded) == (2, 1)
    pieces = importer.stored("pieces")
    kept = " ".join(pieces["content"]).casefold()
    for name in ("dose0_officer_token", "identity_name", "easting_m"):
        assert all(name in json.loads(fields) for fields in pieces["fields"]), name
    for secret in ("quillfeather", "zebedee", "pc 1", "pc1", "51.4816", "3.1791"):
        assert secret not in kept
