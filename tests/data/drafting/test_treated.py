"""Which rows are of police naloxone: by words, by medicines, by who gave it; and files that say nothing of it."""

import io
import random
import tomllib
from collections import Counter
from datetime import datetime, timedelta

import pytest

from data.drafting import DraftError, draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import FORMS, as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored


def drafted(headings, rows, label="a.csv"):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label=label, limits=ImportSettings())
    return draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 7, 1)
    )


def sentences(draft, setting="only"):
    return " ".join(each.line() for each in draft.questions if each.setting == setting)


def when(n):
    return f"{datetime(2024, 1, 1, 8) + timedelta(hours=7 * n):%d/%m/%Y %H:%M}"


def imported(folder, headings, rows):
    where = make_settings(folder)
    report = import_stream(
        stream=io.BytesIO(as_csv(headings, rows)),
        label="a.csv",
        mapping=check_mapping(drafted(headings, rows).raw | {"synthetic": True}),
        settings=where,
        keys=KEYS,
        geography=south_wales(),
    )
    return report, stored(where, "administrations")


def test_words_for_how_naloxone_was_given_leave_out_those_for_not_given(tmp_path):
    """ "Multiple" is two at least; of those given an unknown number, none is made up."""
    draw = random.Random(5)
    words = {"Single Dose": 1, "Multiple Doses": 2, "Given, Unknown Doses": None, "No": 0, "Unknown": 0}
    chosen = [draw.choice(list(words)) for _n in range(120)]
    rows = [[f"R{n:03}", when(n), word, "MF"[n % 2]] for n, word in enumerate(chosen)]
    headings = ["Case Number", "Incident Date", "Naloxone Administration", "Sex"]
    draft = drafted(headings, rows)
    assert draft.raw["only"] == {"Naloxone Administration": ["given unknown doses", "multiple doses", "single dose"]}
    assert "rows of the sample do not say" in sentences(draft)
    report, people = imported(tmp_path, headings, rows)
    given = [words[word] for word in chosen if words[word] != 0]
    assert report.imported == len(given)
    stated = Counter(None if each != each else int(each) for each in people["doses_given"].astype(float))
    assert stated == Counter(given)


def test_words_that_nobody_knows_are_asked_about_and_no_row_is_left_out():
    rows = [[f"R{n}", when(n), ("No", "By the book", "Twice over")[n % 3]] for n in range(30)]
    draft = drafted(["Case Number", "Incident Date", "Narcan given"], rows)
    assert "only" not in draft.raw
    assert "not all of its words are known" in sentences(draft)
    assert "book" not in draft.toml()


def test_frequent_words_of_a_column_half_known_are_named_and_others_words_for_no_are_known():
    words = ("Yes", "No", "Not required", "Yes", "Y", "N")
    rows = [[f"R{n}", when(n), words[n % 6]] for n in range(60)]
    assert drafted(["Ref", "Date", "Naloxone given"], rows).raw["only"] == {"Naloxone given": ["y", "yes"]}
    rows = [[f"R{n}", when(n), ("Yes", "No", "Kit opened")[n % 3] if n != 5 else "Ask Dave"] for n in range(60)]
    asked = sentences(drafted(["Ref", "Date", "Naloxone given"], rows))
    assert "“Kit opened”" in asked
    assert "Dave" not in asked


def test_police_among_others_who_gave_it_are_the_polices_too():
    by = ("Police", "EMS", "Police; EMS", "Bystander", "Mrs Fire")
    rows = [[f"R{n}", when(n), "2", by[n % 4] if n != 7 else by[4]] for n in range(60)]
    draft = drafted(["Ref", "Date", "Naloxone doses", "Given by"], rows)
    asked = next(each for each in draft.questions if each.setting == "only")
    assert '["police", "police ems"]' in asked.in_mapping
    assert "“bystander”" in asked.sentence
    assert "mrs" not in asked.sentence.casefold()


@pytest.mark.parametrize(
    ("headings", "row"),
    [
        (("Month", "Postcode district", "Naloxone uses", "Doses used"), lambda n: (n // 20, f"CF{n % 20}")),
        (("Year", "Area", "Number of administrations", "Deaths"), lambda n: (n // 20, f"Area {n % 20}")),
    ],
)
def test_a_table_of_counts_is_refused_by_name(headings, row):
    rows = []
    for n in range(120):
        period, place = row(n)
        said = str(2019 + period) if headings[0] == "Year" else f"{datetime(2025, 1 + period, 1):%B %Y}"
        rows.append((said, place, str(n % 4), str(n % 7)))
    with pytest.raises(DraftError, match="counts and no records"):
        drafted(headings, rows)
    # A number that tells its rows apart makes it a file of records, if of months alone.
    drafted(("Incident number", *headings), [(f"R{n}", *each) for n, each in enumerate(rows)])


def test_of_a_row_for_each_medicine_those_of_naloxone_are_doses(tmp_path):
    draw = random.Random(6)
    rows, truth = [], {}
    for n in range(60):
        for patient in range(1, draw.choice((2, 2, 3))):
            for part in range(draw.randint(1, 4)):
                medicine = draw.choice(("Naloxone", "Naloxone", "Narcan", "Oxygen", "Ondansetron"))
                given_at = f"{datetime(2024, 1, 1, 8, 2 * part) + timedelta(hours=7 * n):%d/%m/%Y %H:%M}"
                by = draw.choice(("City PD", "Fire Department"))
                rows.append([f"E{n:03}", patient, when(n), medicine, given_at, "Intranasal", by, "MF"[patient % 2]])
                truth[n, patient] = truth.get((n, patient), 0) + (medicine[0] == "N")
    headings = [
        "Incident Number",
        "Patient No",
        "Call Date Time",
        "Medication Given",
        "Medication Time",
        "Route",
        "Given By",
        "Patient Sex",
    ]
    draft = drafted(headings, rows)
    assert draft.raw["only"] == {"Medication Given": ["naloxone", "narcan"]}
    assert draft.raw["rows"] == "dose"
    # Services are no officers; whose rows to take is for a person to say.
    assert "officer" not in draft.raw["doses"][0]
    assert '"Given By" = ["police"]' in sentences(draft)
    _report, people = imported(tmp_path, headings, rows)
    doses = [count for count in truth.values() if count]
    assert Counter(people["doses_given"].astype(int)) == Counter(doses)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("Y", "N", "N"), '"Naloxone given by bystander" = ["n"] under [only]'),
        (("Friend", "", "No"), '"Naloxone given by bystander" = ["", "no"] under [only]'),
        # Next to nothing would be left of the file.
        (("Y", "Y", "Y"), ""),
        (("N", "", "No"), None),
    ],
)
def test_naloxone_that_a_bystander_gave_before_police_is_no_reason_to_leave_out_police(words, line, tmp_path):
    headings = ["Reference", "Date", "Collar", "Naloxone doses", "Naloxone given by bystander"]
    rows = [[f"R{n}", when(n), 1000 + n, 1 + n % 2, words[n % 3]] for n in range(30)]
    draft = drafted(headings, rows)
    assert "only" not in draft.raw
    asked = [each for each in draft.questions if each.setting == "only"]
    assert [each.in_mapping for each in asked] == ([] if line is None else [line])
    for each in asked:
        assert f"{100 if line == '' else 33} %" in each.sentence
    if not line:
        return
    answered = draft.raw | {"only": {headings[-1]: tomllib.loads(line.removesuffix("under [only]"))[headings[-1]]}}
    report = import_stream(
        stream=io.BytesIO(as_csv(headings, rows)), label="a.csv", settings=make_settings(tmp_path), keys=KEYS,
        mapping=check_mapping(answered | {"synthetic": True}), geography=south_wales(),
    )  # fmt: skip
    assert (report.imported, report.left_out) == (20, 10)


COLLARS = ("Reference", "Date", "Collar", "Naloxone doses", "Kit number")


@pytest.mark.parametrize(
    ("heading", "words", "said"),
    [
        ("Naloxone given", ("Y", "Yes", ""), "no in none"),
        ("Naloxone given", ("Yes", "No", "Unknown"), "have doses or kits all the same"),
        ("Naloxone given", ("Yes", "No", "Yes x2"), "not all of its words are known"),
        ("Medication", ("Naloxone", "Nyxoid 1.8mg", "Nasal naloxone"), ""),
        ("Ambulance treatment", ("Naloxone", "Oxygen", "None"), ""),
        ("Medications", ("Methadone", "None", "Naloxone"), ""),
    ],
)
def test_no_administration_is_left_out_by_a_column_that_does_not_say_so(heading, words, said):
    """A form of the police: each row has doses, a kit and a collar number."""
    rows = [[f"R{n}", when(n), f"{1200 + n % 9}", str(1 + n % 3), f"K{n}", words[n % 3]] for n in range(60)]
    draft = drafted([*COLLARS, heading], rows)
    assert "only" not in draft.raw
    assert said in sentences(draft)
    assert "joins" not in draft.raw


@pytest.mark.parametrize(
    "heading",
    ["Doses of naloxone given", "Doses of naloxone", "Naloxone given", "Officer doses of naloxone", "PD Narcan"],
)
def test_numbers_of_doses_are_read_whatever_their_column_is_called(heading):
    rows = [[f"F{n}", when(n), "MF"[n % 2], f"{1200 + n % 9}", str(1 + n % 3)] for n in range(60)]
    draft = drafted(["Incident number", "Date", "Sex", "Collar number", heading], rows)
    assert draft.raw["columns"]["doses_given"] == heading
    assert draft.raw["doses"] == [{"officer": "Collar number"}]


def test_a_form_s_number_beside_its_incident_s_is_that_of_the_administration():
    rows = [[f"F{n}", f"I{n // 2}", when(n // 2), "MF"[n % 2], str(1 + n % 3)] for n in range(60)]
    draft = drafted(["Form number", "Incident number", "Date", "Sex", "Doses given"], rows)
    assert draft.raw["columns"]["administration_id"] == "Form number"
    assert draft.raw["columns"]["incident_id"] == "Incident number"
    alone = drafted(["Form number", "Date", "Sex", "Doses given"], [[row[0], *row[2:]] for row in rows])
    assert alone.raw["columns"]["incident_id"] == "Form number"


def test_of_one_row_a_person_a_medicine_is_asked_about_and_a_number_of_doses_may_be_none():
    medicine = [[f"R{n}", when(n), "MF"[n % 2], ("Naloxone", "Naloxone + CPR", "CPR")[n % 3]] for n in range(60)]
    draft = drafted(["Incident Number", "Date", "Sex", "Treatment given"], medicine)
    assert "only" not in draft.raw
    assert "names naloxone in some rows" in sentences(draft)
    doses = [[f"R{n}", when(n), "MF"[n % 2], "1230"[n % 4]] for n in range(60)]
    draft = drafted(["Incident Number", "Date", "Sex", "Naloxone given"], doses)
    assert draft.raw["only"] == {"Naloxone given": ["1", "2", "3"]}


@pytest.mark.parametrize(
    ("headings", "label", "asks"),
    [
        (("Incident Number", "Date", "Narcan Given", "Sex"), "calls.csv", True),
        (("Incident Number", "Date", "Narcan Given", "Sex"), "police_calls.csv", False),
        (("Incident Number", "Date", "Narcan Given", "Officer badge"), "calls.csv", False),
        (("Incident Number", "Date", "Naloxone given by police", "Sex"), "calls.csv", False),
    ],
)
def test_who_gave_it_is_asked_where_nothing_says_police(headings, label, asks):
    rows = [
        [f"F{n:04}", when(n), "YN"[n % 5 == 0], f"{1000 + n}" if "badge" in headings[3] else "MF"[n % 2]]
        for n in range(30)
    ]
    assert ("Nothing in the file says who gave naloxone" in sentences(drafted(headings, rows, label))) is asks


@pytest.mark.parametrize(
    ("agencies", "words"),
    [(("Police",), None), (("Police", "Fire", "EMS"), " (“ems”, “fire” and “police”)"), (("York PD", "Ely FD"), "")],
)
def test_the_agencies_of_others_may_have_given_it(agencies, words):
    rows = [[f"F{n:04}", when(n), "1", agencies[n % len(agencies)]] for n in range(30)]
    said = sentences(drafted(["Incident Number", "Date", "Doses given", "Agency"], rows))
    assert "Nothing in the file" not in said
    assert (f"“Agency” names services{words}," in said) is (words is not None)


@pytest.mark.parametrize("form", ["standard_form", "scottish_form", "niche_extract"])
def test_of_the_forms_of_the_police_nobody_is_asked_who_gave_it(form):
    assert "who gave" not in sentences(drafted(*FORMS[form]()))


def test_deaths_are_no_administrations_and_a_form_without_a_time_adds_to_nothing():
    deaths = [[f"D{n}", when(n), "MF"[n % 2], "Overdose", "YN"[n % 2]] for n in range(30)]
    draft = drafted(["Case Number", "Date", "Sex", "Cause of Death", "Heroin"], deaths)
    assert (draft.table, draft.raw["columns"]["kind"]) == ("risk_events", {"fixed": "drug_related_death"})
    form = [[f"F{n}", "MF"[n % 2], str(20 + n), "2"] for n in range(30)]
    draft = drafted(["Incident Number", "Sex", "Age", "Narcan doses"], form)
    assert "joins" not in draft.raw
    assert sentences(draft, "columns.occurred_at")


def test_when_a_row_was_edited_is_never_when_it_happened_and_two_dates_are_asked_about():
    edited = [[f"F{n}", str(1_700_000_000_000 + n * 86_400_000), str(1_719_000_000_000 + n), "1"] for n in range(30)]
    draft = drafted(["Incident Number", "Call Received", "EditDate", "Doses given"], edited)
    assert draft.raw["columns"]["occurred_at"] == "Call Received"
    two = [[f"F{n}", when(n), when(n + 1), "1"] for n in range(30)]
    draft = drafted(["Incident Number", "Date of incident", "Incident date", "Doses given"], two)
    assert "Is “Date of incident” when" in sentences(draft, "columns.occurred_at")


def test_rows_that_their_status_calls_void_are_withdrawn_and_what_may_be_is_asked_about(tmp_path):
    """Also where a row that was taken back stands before the one that it repeats; a status of others tells nothing."""
    words = {3: "Voided", 5: "Entered in error", 6: "Draft", 7: "Void - see Dave"}
    rows = [[f"R{n:03}", when(n), words.get(n, "Final"), "Cancelled", "MF"[n % 2]] for n in range(40)]
    rows.insert(0, [*rows[10][:2], "Duplicate", *rows[10][3:]])
    headings = ["Case Number", "Incident Date", "Record status", "EMS status", "Sex"]
    draft = drafted(headings, rows)
    assert draft.raw["withdrawn"] == {"Record status": ["duplicate", "entered in error", "voided"]}
    asked = sentences(draft, "withdrawn")
    assert "of 3 rows" in asked
    assert "of 2 rows" in asked
    assert "“draft”" in asked
    assert "Dave" not in asked + draft.toml()
    report, people = imported(tmp_path, headings, rows)
    assert (report.imported, report.withdrawn, report.unchanged) == (38, 2, 1)
    assert Counter(people["record_state"]) == {"current": 38, "withdrawn": 2}


def test_a_yes_under_deleted_withdraws_a_row():
    rows = [[f"R{n:03}", when(n), "Y" if n in (4, 9) else "N", "MF"[n % 2]] for n in range(40)]
    assert drafted(["Case Number", "Incident Date", "Deleted", "Sex"], rows).raw["withdrawn"] == {"Deleted": ["y"]}
