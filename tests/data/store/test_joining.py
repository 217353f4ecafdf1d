"""A second file adds fields to records: in whichever order files come, only to the one that fits, and back again."""

import pandas as pd
import pytest
from pydantic import ValidationError

from data.mapping import Mapping
from data.store import check_store, erase, open_store, undo_import
from tests.data.importing import KEYS, make_mapping
from tests.data.test_ingest import Importer, reasons, token

CARDIFF, SWANSEA = "CF10 1EP", "SA1 1DP"


@pytest.fixture
def importer(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer(tmp_path)


def forms(*references, **columns):
    """The standard form: no place, no clock."""
    frame = pd.DataFrame(
        {
            "Reference": list(references),
            "When": [f"0{n + 1}/07/2024 14:00" for n in range(len(references))],
            "Officer": [f"PC {n + 1}" for n in range(len(references))],
            "Name": [f"Sam Quill{name}" for name in references],
            "Drug": "heroin",
        }
    )
    return frame.assign(**columns)


FORM = make_mapping(
    columns={"setting": "Setting", "doses_given": "Doses"},
    person={"name": "Name"},
    doses=[{"officer": "Officer"}],
    substances={"columns": ["Drug"]},
)


def import_forms(importer, *references, **columns):
    return importer.frame(forms(*references, **({"Setting": "street", "Doses": "1"} | columns)), FORM)


def second(**changes):
    return Mapping.model_validate(
        {
            "target": "administrations",
            "joins": "administrations",
            "source": "second",
            "parent_source": "test form",
            "synthetic": True,
            "columns": {"incident_id": "Ref", "alive_at_handover": "Alive", "setting": "Where"},
            "place": {"postcode": "Postcode"},
            "substances": {"columns": ["Laboratory"], "certainty": "found_not_opioid"},
            "waits": [{"kind": "call_to_arrival", "clock": "ambulance_cad", "minutes": "Minutes"}],
        }
        | changes
    )


def joining(*rows):
    return pd.DataFrame(rows, columns=["Ref", "Alive", "Where", "Postcode", "Laboratory", "Minutes"])


BOTH = joining(("A", "died", "", CARDIFF, "alcohol", "12"), ("B", "", "home", SWANSEA, "", "8"))


def told(importer):
    """What the store says of each incident, whichever file it is from."""
    incidents = importer.stored("incidents").set_index("incident_id")
    administrations = importer.stored("administrations").set_index("incident_id")
    waits = importer.stored("waits")
    current = waits[waits["record_state"] == "current"].set_index("incident_id")["minutes"].to_dict()
    found = importer.stored("substances")
    found = found[found["record_state"] == "current"].groupby("administration_id")["certainty"].agg(set).to_dict()
    return {
        key: (
            incidents.loc[key, "location_source"],
            incidents.loc[key, "setting"],
            administrations.loc[key, "alive_at_handover"],
            int(administrations.loc[key, "doses_given"]),
            current.get(key),
            "found_not_opioid" in found[administrations.loc[key, "administration_id"]],
        )
        for key in incidents.index
    }


def incident(name):
    return token("incident_id", name)


JOINED = {
    incident("A"): ("postcode", "street", "died", 1, 12.0, True),
    incident("B"): ("postcode", "home", "not_recorded", 1, 8.0, False),
}


def test_fields_join_whichever_file_comes_first_and_survive_either_again(importer, tmp_path):
    assert import_forms(importer, "A", "B").imported == 2
    report = importer.frame(BOTH, second())
    assert (report.imported, report.waiting) == (2, 0)
    # No word of the account may be read as two more administrations.
    assert report.news == "2 rows add to records"
    assert report.lines()[0].startswith("2 rows in = 2 added to records + 0 updated")
    assert any("no new administration comes in" in line for line in report.lines())
    assert told(importer) == JOINED
    # Each file again, changed: the other's fields stay.
    import_forms(importer, "A", "B", Doses=["3", "1"])
    assert told(importer) == JOINED | {incident("A"): ("postcode", "street", "died", 3, 12.0, True)}
    importer.frame(BOTH.assign(Minutes=["14", "8"]), second())
    assert told(importer)[incident("A")] == ("postcode", "street", "died", 3, 14.0, True)
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()
    # The other way round: rows wait, and are matched one by one.
    other = Importer(tmp_path / "other")
    report = other.frame(BOTH, second())
    assert (report.imported, report.waiting) == (0, 2)
    assert "2 rows wait for their records: they are matched by themselves when those come in. Rows: 1 to 2." in (
        report.lines()
    )
    with open_store(settings=other.settings, keys=KEYS) as store:
        assert store.waiting()[["target", "reason", "rows"]].values.tolist() == [["joined", "no_record", 2]]
    report = import_forms(other, "A")
    assert (report.matched_now, report.placed_now, report.counts.located) == (1, 1, 0)
    assert any(
        line.endswith("1 with none. Rows that had waited brought the place of 1 incident.") for line in report.lines()
    )
    assert other.frame(BOTH, second()).waiting == 1
    assert other.frame(forms("X", "B").iloc[1:].assign(Setting="street", Doses="1"), FORM).matched_now == 1
    assert told(other) == JOINED


def test_undoing_the_second_file_gives_back_what_the_form_says(importer):
    import_forms(importer, "A", "B")
    before = told(importer)
    importer.frame(BOTH, second())
    undo_import(settings=importer.settings, keys=KEYS)
    assert told(importer) == before
    assert importer.stored("joined").empty
    # Undoing the form lets the rows wait again.
    importer.frame(BOTH, second())
    with open_store(settings=importer.settings, keys=KEYS) as store:
        form = store.imports()["import_id"].iloc[-1]
    undo_import(settings=importer.settings, keys=KEYS, import_id=form)
    with open_store(settings=importer.settings, keys=KEYS) as store:
        assert store.waiting()["rows"].tolist() == [2]
    import_forms(importer, "A", "B")
    assert told(importer) == JOINED


def test_a_place_known_less_well_does_not_replace_the_record_s_own(importer):
    place = {"crs": "EPSG:4326", "x": "Lon", "y": "Lat"}
    frame = forms("A", "B").assign(Lat=["51.5", ""], Lon=["-3.2", ""], Setting="street", Doses="1")
    importer.frame(frame, FORM.model_copy(update={"place": FORM.place.model_validate(place)}))
    importer.frame(BOTH, second())
    sources = importer.stored("incidents").set_index("incident_id")["location_source"]
    assert sources.to_dict() == {incident("A"): "coordinates", incident("B"): "postcode"}


def test_two_people_at_an_incident_are_not_guessed_between(importer):
    layout = make_mapping(columns={"incident_id": "Reference", "administration_id": ["Reference", "Name"]})
    frame = forms("A", "A").assign(Name=["one", "two"])
    frame["When"] = "01/07/2024 14:00"
    importer.frame(frame, layout)
    report = importer.frame(BOTH.iloc[:1], second())
    assert report.waiting == 1
    with open_store(settings=importer.settings, keys=KEYS) as store:
        assert store.waiting()["reason"].tolist() == ["several_records"]
    # What is of the incident does not need to know the person.
    place = {"columns": {"incident_id": "Ref", "setting": "Where"}, "substances": None, "joins": "incidents"}
    assert importer.frame(BOTH.iloc[:1], second(source="third", **place)).imported == 1
    assert importer.stored("incidents")["location_source"].tolist() == ["postcode"]


@pytest.mark.parametrize("match", [{"officer": "Collar"}, {"person": True}, {"officer": "Collar", "person": True}])
def test_a_file_without_numbers_joins_by_the_day_and_who_was_there(importer, match):
    import_forms(importer, "A", "B", "C")
    rows = pd.DataFrame(
        {
            "Date": ["2024-07-01", "02/07/2024", "02/07/2024", "09/07/2024", ""],
            "Collar": ["pc1", "PC 2", "PC 9", "PC 1", "PC 1"],
            "Who": ["sam quilla", "SAM QUILLB", "sam quillz", "sam quilla", "sam quilla"],
            "Minutes": ["11", "12", "13", "14", "15"],
        }
    )
    layout = second(
        columns={},
        place={},
        substances=None,
        match={"day": "Date"} | match,
        person={"name": "Who"} if "person" in match else {},
    )
    report = importer.frame(rows, layout)
    assert (report.imported, report.waiting, report.quarantined_rows) == (2, 2, 1)
    assert reasons(report) == {("key_missing", "match_day"): 1}
    waits = importer.stored("waits")
    current = waits[waits["record_state"] == "current"].set_index("incident_id")["minutes"].to_dict()
    assert current == {incident("A"): 11.0, incident("B"): 12.0}


def test_a_composed_key_joins_however_its_parts_are_written(importer):
    key = {"incident_id": [{"code": "Officer"}, {"day": "When"}]}
    notebook = {"source": "notebook", "synthetic": True, "columns": key | {"occurred_at": "When"}}
    importer.frame(forms("A", "B"), Mapping.model_validate(notebook))
    rows = pd.DataFrame({"Collar": ["pc-1", "PC 2"], "Date": ["2024-07-01", "03/07/2024"], "Minutes": ["11", "12"]})
    layout = second(
        parent_source="notebook",
        columns={"incident_id": [{"code": "Collar"}, {"day": "Date"}]},
        place={},
        substances=None,
    )
    report = importer.frame(rows, layout)
    assert (report.imported, report.waiting) == (1, 1)
    # What the store keeps of each import adds up as its report does.
    imports = importer.stored("imports")
    parts = ["imported", "updated", "unchanged", "folded", "withdrawn", "waiting", "quarantined"]
    assert (imports[[f"rows_{name}" for name in parts]].sum(axis=1) == imports["rows_in"]).all()
    assert imports["rows_in"].tolist() == [2, 2]


def test_a_match_that_fits_two_records_waits(importer):
    frame = forms("A", "B").assign(Officer="PC 1", When="01/07/2024 14:00", Setting="street", Doses="1")
    importer.frame(frame, FORM)
    importer.frame(forms("C").assign(Officer="PC 7", Setting="street", Doses="1"), FORM)
    rows = pd.DataFrame({"Date": "01/07/2024", "Collar": ["PC 7", "PC 1", "PC 9"], "Minutes": ["11", "12", "13"]})
    layout = second(columns={}, place={}, substances=None, match={"day": "Date", "officer": "Collar"})
    report = importer.frame(rows, layout)
    assert (report.imported, report.waiting) == (1, 2)
    with open_store(settings=importer.settings, keys=KEYS) as store:
        waiting = store.waiting_rows()
    assert waiting[["row_number", "several"]].values.tolist() == [[2, True], [3, False]]
    assert set(waiting["import_id"]) == {report.import_id}


def test_rows_of_a_table_wait_for_what_they_belong_to(importer):
    layout = Mapping.model_validate(
        {
            "target": "waits",
            "source": "ambulance",
            "parent_source": "test form",
            "synthetic": True,
            "columns": {
                "wait_id": "Call",
                "incident_id": "Ref",
                "minutes": "Minutes",
                "kind": {"fixed": "call_to_arrival"},
            },
        }
    )
    rows = pd.DataFrame({"Call": ["1", "2"], "Ref": ["A", "B"], "Minutes": ["9", "10"]})
    import_forms(importer, "A")
    report = importer.frame(rows, layout)
    assert (report.imported, report.waiting) == (1, 1)
    assert import_forms(importer, "A", "B").matched_now == 1
    assert importer.stored("waits")["record_state"].tolist() == ["current", "current"]
    assert importer.frame(rows, layout).unchanged == 2


def test_an_erased_person_takes_what_was_joined_along(importer):
    import_forms(importer, "A", "B")
    importer.frame(BOTH, second())
    people = importer.stored("administrations").set_index("incident_id")["person_token"]
    erase(settings=importer.settings, keys=KEYS, token=people[incident("A")], purpose="asked to")
    assert importer.stored("joined")["incident_id"].tolist() == [incident("B")]
    assert importer.stored("waits")["minutes"].tolist() == [8.0]
    assert importer.stored("own_incidents")["incident_id"].tolist() == [incident("B")]
    assert set(importer.stored("substances")["certainty"]) == {"not_recorded"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"columns": {"alive_at_handover": "Alive"}}, "incident_id, administration_id or"),
        ({"columns": {"incident_id": "Ref", "occurred_at": "When"}}, "leave occurred_at"),
        ({"joins": "incidents"}, "fields of one person"),
        ({"match": {"day": "Date"}}, "a day alone fits many"),
        ({"match": {"day": "Date", "person": True}}, "which columns hold the name"),
        ({"joins": None, "match": {"day": "Date", "officer": "Collar"}}, "it belongs to a file that adds to records"),
        ({"joins": "incidents", "rows": "substance"}, "several rows a record"),
        ({"match": {"person": True}}, "which column is the identifier"),
        ({"parent_source": "second"}, "source is this file's own"),
    ],
)
def test_a_mapping_that_could_join_nothing_is_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        second(**changes)


def test_a_joined_row_that_is_taken_back_adds_nothing(importer):
    import_forms(importer, "A", "B")
    before = told(importer)
    layout = second(withdrawn={"Alive": ["withdrawn"]})
    rows = BOTH.assign(Alive=["withdrawn", "yes"])
    report = importer.frame(rows, layout)
    assert (report.imported, report.withdrawn, report.waiting) == (1, 1, 0)
    assert told(importer)[incident("A")] == before[incident("A")]
    with open_store(settings=importer.settings, keys=KEYS) as store:
        assert store.waiting().empty


# --- full extracts and rows taken back --------------------------------------------------------------------------------


def test_a_full_extract_withdraws_what_is_gone_and_brings_it_back(importer):
    layout = FORM.model_copy(update={"extract": "full"})

    def full(*references, **columns):
        frame = forms("A", "B", "C", Setting="street", Doses="1")
        return importer.frame(frame[frame["Reference"].isin(references)].assign(**columns), layout)

    assert full("A", "B", "C").imported == 3
    # What an increment or another source lacks is not gone.
    importer.frame(forms("Z", Setting="home", Doses="1"), FORM.model_copy(update={"source": "other"}))
    import_forms(importer, "D")
    report = full("A", "B")
    assert (report.unchanged, report.withdrawn_gone) == (2, 2)
    states = importer.stored("administrations").set_index("administration_id")["record_state"]
    assert {key for key, state in states.items() if state == "withdrawn"} == {
        token("administration_id", name) for name in ("C", "D")
    }
    with open_store(settings=importer.settings, keys=KEYS) as store:
        assert store.freshness().imports == 4
    assert full("A", "B", "C").updated == 1
    # A row that is in the file and cannot be used is in the file all the same.
    report = full("A", "B", "C", When=["01/07/2024 14:00", "never", "03/07/2024 14:00"])
    assert (report.quarantined_rows, report.withdrawn_gone) == (1, 0)
    # And where nobody can say whose row it is, nothing is taken back.
    report = full("A", "C", Reference=["A", ""])
    assert (report.quarantined_rows, report.withdrawn_gone, report.counts.full_but_unsure) == (1, 0, True)


def test_a_full_extract_of_some_days_speaks_of_these_days(importer):
    layout = FORM.model_copy(update={"extract": "full", "covers": "its_days"})
    frame = forms("A", "B", "C", "D", Setting="street", Doses="1")
    importer.frame(frame, layout)
    assert importer.frame(frame.iloc[[1, 3]], layout).withdrawn_gone == 1
    states = importer.stored("administrations").set_index("administration_id")["record_state"]
    assert states[states == "withdrawn"].index.tolist() == [token("administration_id", "C")]


def test_rows_that_the_source_took_back_are_withdrawn(importer):
    layout = FORM.model_copy(update={"withdrawn": {"Status": ("Cancelled", "created in error")}})
    frame = forms("A", "B", "C", Setting="street", Doses="1").assign(Status=["", "CANCELLED", "Created in error"])
    report = importer.frame(frame, layout)
    assert (report.imported, report.withdrawn) == (1, 2)
    report = importer.frame(frame.assign(Status=["Cancelled", "", "Created in error"]), layout)
    assert (report.updated, report.withdrawn, report.unchanged) == (1, 1, 1)
    states = importer.stored("administrations").set_index("administration_id")["record_state"]
    assert states[states == "current"].index.tolist() == [token("administration_id", "B")]


# --- the same file again ----------------------------------------------------------------------------------------------


def table_of(kind, **changes):
    """A database's table of doses or of drugs, a row each, with the number of a person."""
    without = {"columns": {}, "place": {}, "substances": None, "waits": []}
    return second(**without | {"source": kind, "rows": kind} | changes)


BY_PERSON = {"match": {"person": True}, "person": {"identifier": "Ref"}}


def test_tables_of_doses_and_of_drugs_add_all_rows_of_a_record_and_go_again(importer):
    people = make_mapping(columns={"doses_given": "Doses"}, person={"identifier": "Reference"})
    doses = pd.DataFrame({"Ref": list("AABAZZ"), "No": list("123456")})
    drugs = pd.DataFrame({"Ref": list("AAZB"), "Drug": ["heroin", "alcohol", "cocaine", "heroin"]})
    as_doses = table_of("dose", columns={"administration_id": "Ref", "dose_id": "No"}, doses=[{}])
    as_drugs = table_of("substance", substances={"columns": ["Drug"]}, **BY_PERSON)

    def told():
        """Doses stated, doses listed and drugs of each record, whichever table they are from."""
        given = importer.stored("administrations").set_index("administration_id")["doses_given"]
        listed, taken = (importer.stored(name).query("record_state == 'current'") for name in ("doses", "substances"))
        return {
            name: (
                int(given[key]),
                int((listed["administration_id"] == key).sum()),
                set(taken.loc[taken["administration_id"] == key, "substance"]),
            )
            for name in "ABZ"
            if (key := token("administration_id", name)) in given
        }

    importer.frame(forms("A", "B", Doses="1"), people)
    report = importer.frame(doses, as_doses)
    assert (report.imported, report.folded, report.waiting) == (2, 2, 2)
    assert report.rows["waiting"].row_numbers == (5, 6)
    first = report.import_id
    importer.frame(drugs, as_drugs)
    both = {"A": (3, 3, {"heroin", "alcohol"}), "B": (1, 1, {"heroin"})}
    assert told() == both
    # Again in another order nothing is new; the next export, without the doses of before, adds its own.
    again = importer.frame(doses.iloc[::-1], as_doses, dry_run=True)
    assert (again.unchanged, again.folded, again.waiting) == (2, 2, 2)
    late = importer.frame(pd.DataFrame({"Ref": ["A"], "No": ["7"]}), as_doses)
    assert (late.updated, told()["A"][:2]) == (1, (4, 4))
    undo_import(settings=importer.settings, keys=KEYS)
    assert told() == both
    assert importer.frame(forms("X", "Y", "Z", Doses="1").iloc[2:], people).matched_now == 3
    assert told() == both | {"Z": (2, 2, {"cocaine"})}
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()
    undo_import(settings=importer.settings, keys=KEYS, import_id=first)
    assert told() == {"A": (1, 0, {"heroin", "alcohol"}), "B": (1, 0, {"heroin"}), "Z": (1, 0, {"cocaine"})}
    erase(settings=importer.settings, keys=KEYS, token=token("administration_id", "A"), purpose="asked to")
    assert len(importer.stored("pieces")) == len(importer.stored("substances")) == 2


def test_a_person_with_two_records_has_no_table_s_rows_guessed_between_them(importer):
    importer.frame(forms("A", "B").assign(Number="7"), make_mapping(person={"identifier": "Number"}))
    rows = pd.DataFrame({"Ref": ["7", "7"], "Mg": ["2", "4"]})
    report = importer.frame(rows, table_of("dose", doses=[{}], **BY_PERSON), dry_run=True)
    assert (report.waiting, report.rows["several"].row_numbers) == (2, (1, 2))


def test_the_same_file_is_not_read_again_while_it_is_the_latest_word(importer):
    def again():
        return import_forms(importer, "A", "B")

    assert not again().already_imported
    report = again()
    assert (report.already_imported, report.rows_in, report.unchanged, report.imported) == (True, 2, 2, 0)
    # Another source does not matter; the same one does, and so does whatever took records away.
    importer.frame(forms("Z", Setting="home", Doses="1"), FORM.model_copy(update={"source": "other"}))
    assert again().already_imported
    import_forms(importer, "C")
    assert not again().already_imported
    undo_import(settings=importer.settings, keys=KEYS)
    assert not again().already_imported
    people = importer.stored("administrations")["person_token"]
    erase(settings=importer.settings, keys=KEYS, token=people.iloc[0], purpose="asked to")
    assert again().imported == 1
    assert again().already_imported
    # Read by another mapping it is another reading.
    frame = forms("A", "B", Setting="street", Doses="1")
    assert not importer.frame(
        frame, FORM.model_copy(update={"values": {"setting": {"street": "home"}}})
    ).already_imported
