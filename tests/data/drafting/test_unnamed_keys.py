"""Keys that hardly call themselves so: plain headings of codes, letters for people, a row for each dose."""

import io
from datetime import datetime, timedelta

import pytest

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored

NOW = datetime(2026, 7, 1)
POSTCODES = ("CF10 1EP", "CF11 9HA", "CF24 4HQ")


def drafted(headings, rows, **choices):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    return draft_mapping(sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=NOW, **choices)


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Number", "N{}"), ("Record", "2024-{}"), ("Log", "LOG {} of 04/01/2025"), ("No", "{}0"), ("Ref", "NX/{}"),
        ("PCR", "TF{}"), ("Deployment UUID", "3f{}-00a1"),
    ],
)  # fmt: skip
def test_a_plain_heading_of_codes_that_all_differ_is_the_key_and_no_place_is_part_of_it(heading, code):
    start = datetime(2025, 1, 1)
    rows = [
        (code.format(n + 3), f"{start + timedelta(n):%d/%m/%Y}", f"{51.5 + n / 999:.5f}", f"{-3.2 + n / 999:.5f}", "1")
        for n in range(60)
    ]
    draft = drafted((heading, "Event date", "Latitude", "Longitude", "Doses"), rows)
    assert draft.raw["columns"]["incident_id"] in (heading, {"code": heading})
    assert "administration_id" not in draft.raw["columns"]


@pytest.mark.parametrize(
    ("heading", "cell", "is_read"),
    [
        ("Officer given / Donné par agent", lambda _n: "Yes / Oui", False),
        ("Officer", lambda n: ("Nage / No", "Ie / Yes")[n % 2], False),
        ("Officer", lambda _n: "Police", False),
        ("Officer", lambda _n: "4711", True),
        ("Officer", lambda n: f"{4000 + n}", True),
    ],
)
def test_answers_and_one_word_in_every_row_are_no_officers(heading, cell, is_read):
    rows = [(f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", "1", cell(n)) for n in range(30)]
    officers = [each.get("officer") for each in drafted(("Ref", "Date", "Doses", heading), rows).raw.get("doses", ())]
    assert (heading in officers) is is_read


@pytest.mark.parametrize(
    ("heading", "cell", "line"),
    [
        ("Officer given / Donné par agent", lambda _n: "Yes / Oui", None),
        ("Naloxone donnée par agent", lambda _n: "Oui", None),
        ("Given by officer", lambda n: "X" if n % 5 else "", '"Given by officer" = ["x"]'),
        ("Police administered", lambda n: "No" if n % 5 == 0 else "Yes", '"Police administered" = ["yes"]'),
        ("Remarks", lambda _n: "Yes", ""),
    ],
)
def test_a_yes_to_police_gave_it_settles_who_did(heading, cell, line):
    rows = [(f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", "1", cell(n)) for n in range(30)]
    asked = [
        each for each in drafted(("Ref", "Date", "Naloxone doses", heading), rows).questions if each.setting == "only"
    ]
    assert len(asked) == (line is not None)
    assert all((line or "Nothing in the file says who gave") in f"{each.sentence} {each.in_mapping}" for each in asked)


@pytest.mark.parametrize("several", [True, False])
def test_numbers_under_recipient_tell_the_people_of_an_incident_apart(several):
    rows = [
        (f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", "Male", "1", str(1 + person))
        for n in range(30)
        for person in range(2 if several and n % 3 == 0 else 1)
    ]
    columns = drafted(("Incident number", "Date", "Gender", "Doses", "Recipient"), rows).raw["columns"]
    assert "recipient_type" not in columns
    key = [{"code": "Incident number"}, "Recipient"]
    assert not several or columns["administration_id"] in (key, ["Incident number", "Recipient"])


@pytest.mark.parametrize(("heading", "cell"), [("Person on form", "{}"), ("Pt", "Patient {}"), ("Nominal", "6{}24")])
def test_the_persons_number_beside_the_incidents_makes_the_key(heading, cell):
    rows = [
        (f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", "Male", "1", cell.format(n if heading == "Nominal" else person))
        for n in range(30)
        for person in range(2 if n % 3 == 0 and heading != "Nominal" else 1)
    ]
    rows.append((*rows[-1][:4], cell.format(77)))
    key = drafted(("Incident number", "Date", "Gender", "Doses", heading), rows).raw["columns"]["administration_id"]
    assert [each["code"] if isinstance(each, dict) else each for each in key] == ["Incident number", heading]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (("Time given",), "Time given"),
        (("Call Time", "Time of dose"), "Time of dose"),
        (("Naloxone Time", "Event Time"), "Event Time"),
        (("Time Cleared",), None),
        (("Report Date", "Report Time"), None),
    ],
)
def test_the_clock_of_an_event_is_read_wherever_it_stands_and_no_other_is(headings, expected):
    others = ["02/04/2025" if "Date" in each else "14:32" for each in headings[:-1]]
    rows = [(f"{n % 28 + 1:02}/{n // 28 + 1:02}/2025", f"NX-{n:03}", *others, f"13:{n:02}") for n in range(60)]
    draft = drafted(("Incident Date", "Incident No", *headings), rows)
    assert draft.raw["columns"]["occurred_at"] == (["Incident Date", expected] if expected else "Incident Date")
    asked = [each for each in draft.questions if each.setting == "columns.occurred_at"]
    assert len(asked) == bool(expected)


@pytest.mark.parametrize("shared", [True, False])
def test_an_entry_that_several_people_share_is_their_incident_and_else_none(shared):
    rows = []
    for number in range(60):
        place = (f"{51.5 + number / 999:.5f}", f"{-3.2 + number / 999:.5f}")
        for person in range(2 if number % 8 == 0 else 1):
            entry = f"OEL-{4000 + 3 * number + (0 if shared else person)}"
            when = f"{number % 28 + 1:02}/{number // 28 + 1:02}/2025 {number % 24:02}:10"
            rows.append((entry, f"N{7 * len(rows) + 100}", when, *place, "1"))
    columns = drafted(("OEL Ref", "Nominal Ref", "Date Time", "Lat", "Long", "Doses"), rows).raw["columns"]
    assert columns.get("incident_id") == ("OEL Ref" if shared else None)
    assert "Nominal Ref" in columns["administration_id"]


def test_places_moved_at_random_are_no_part_of_a_key():
    rows = [
        (f"{n % 28 + 1:02}/03/2025 {n % 24:02}:15", f"{51.5 + n / 999:.5f}", f"{-3.2 + n / 999:.5f}", str(n % 3), "M")
        for n in range(60)
    ]
    headings = ("Date", "Latitude_Random", "Longitude_Random", "Doses", "Gender")
    assert "Random" not in str(drafted(headings, rows).raw["columns"]["administration_id"])
    plain = tuple(each.removesuffix("_Random") for each in headings)
    assert "Longitude" in drafted(plain, rows).raw["columns"]["administration_id"]


@pytest.mark.parametrize(
    ("headings", "east", "is_read"),
    [
        (("ITM_E", "ITM_N"), 318_000, True),
        (("gy", "gx"), 318_000, True),
        (("Home e", "Home n"), 318_000, False),
        (("Cost", "Paid"), 918_000, False),
    ],
)
def test_numbers_side_by_side_that_lie_in_the_force_are_asked_about_as_coordinates(headings, east, is_read):
    east_and_north = [(str(east + 100 * n), str(176_000 + 70 * n)) for n in range(40)]
    if headings[0] == "gy":
        east_and_north = [(north, east) for east, north in east_and_north]
    rows = [(f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", *point, "1") for n, point in enumerate(east_and_north)]
    draft = drafted(("Incident number", "Date", *headings, "Doses"), rows)
    place = draft.raw.get("place", {})
    assert [place.get("x"), place.get("y")] == (sorted(headings) if is_read else [None, None])
    assert ("place.x" in {each.setting for each in draft.questions}) is is_read


def test_a_number_of_rows_alone_is_asked_about():
    rows = [(str(n + 1), f"{datetime(2025, 1, 1) + timedelta(days=n):%d/%m/%Y}", "2") for n in range(40)]
    draft = drafted(("No", "Date", "Doses"), rows)
    assert any("one export alone" in each.sentence for each in draft.questions if each.setting == "columns.incident_id")


@pytest.mark.parametrize(
    ("heading", "called"),
    [
        ("Patient", ("A", "B")), ("Patient", ("Patient A", "Patient B")), ("Patient", ("1 of 2", "2 of 2")),
        ("Casualty", ("1 of 2", "2 of 2")),
    ],
)  # fmt: skip
def test_a_row_for_each_dose_of_people_called_by_letters_is_folded_into_them(tmp_path, heading, called):
    """Every third incident has two people, every second person a second dose four minutes after the first."""
    headings = ("Log", heading, "Dose time", "Postcode", "Sex", "Age", "Product", "Collar no")
    rows, people = [], 0
    for incident in range(45):
        when = datetime(2025, 1, 1, 9, 30) + timedelta(days=incident, minutes=7 * incident)
        for person in range(1 + (incident % 3 == 0)):
            people += 1
            for dose in range(1 + people % 2):
                given = when + timedelta(minutes=2 * person + 4 * dose)
                rows.append((
                    f"LOG {incident + 200} of {when:%d/%m/%Y}", called[person], f"{given:%d/%m/%Y %H:%M}",
                    POSTCODES[incident % 3], ("Male", "Female")[person], str(30 + person), "Nyxoid 1.8mg",
                    str(100 + len(rows) * 37 % 800),
                ))  # fmt: skip
    draft = drafted(headings, rows)
    where = make_settings(tmp_path)
    report = import_stream(
        stream=io.BytesIO(as_csv(headings, rows)), label="a.csv", settings=where, keys=KEYS, geography=south_wales(),
        mapping=check_mapping(draft.raw | {"synthetic": True}),
    )  # fmt: skip
    assert (report.quarantined_rows, report.waiting) == (0, 0)
    kept = stored(where, "administrations")
    assert (len(kept), kept["incident_id"].nunique(), len(stored(where, "doses"))) == (people, 45, len(rows))
    # "A" is nobody's name: no two incidents have the same person.
    assert kept["person_token"].isna().all()


def test_a_code_that_comes_again_in_every_other_row_numbers_no_calls():
    towns = [("LEEDS", "7050"), ("WOODBURY", "8096"), ("BRICK", "8723"), ("TRENTON", "8611")]
    rows = [
        (f"{n % 28 + 1:02}/03/2025 {n % 24:02}:15", towns[n % 4][0], f"{51.5 + n / 999:.5f}", f"{-3.2 + n / 999:.5f}")
        for n in range(60)
    ]
    for heading in ("Zip Code", "Desk No"):
        coded = [(*row, towns[n % 4][1] if n % 3 else f"9{n:03}") for n, row in enumerate(rows)]
        draft = drafted(("Date", "Town", "Latitude", "Longitude", heading), coded, table="risk_events")
        assert draft.raw["columns"]["risk_event_id"] == ["Date", "Longitude"]


@pytest.mark.parametrize(
    ("headings", "row", "expected"),
    [
        (
            ("Collar", "Shift date", "Start", "Finish"),
            lambda n: (f"{4000 + n}", f"{n % 28 + 1:02}/03/2025", ("0700", "22:00")[n % 2], ("1700", "07:00")[n % 2]),
            {"starts_at": ["Shift date", "Start"], "ends_at": ["Shift date", "Finish"]},
        ),
        (
            ("Collar", "Rank", "Trained on", "Refresher due", "Next training date"),
            lambda n: (f"{4000 + n}", "PC", f"{n % 28 + 1:02}/03/2025", "14/03/2027", "01/02/2027"),
            {"trained_on": "Trained on", "refreshed_on": None},
        ),
        (
            ("incident_number", "dispatch_date", "patient_number", "narcan_administrations"),
            lambda n: (f"20211{n:04}", f"2021-11-{n % 28 + 1:02}T15:25:28Z", "1", str(1 + n % 3)),
            {"doses_given": "narcan_administrations"},
        ),
        (
            ("Date", "Time", "Officer", "Casualty", "How many given", "Drug suspected"),
            lambda n: (
                *(f"{n % 28 + 1}/3/25", (f"approx 1{n % 9}:15", "3.37pm", f"1{n % 9}05 hrs")[n % 3], f"PC {4000 + n}"),
                *(("male", "female")[n % 2], ("1", "one", "x2", "2 sprays")[n % 4], "heroin"),
            ),
            {
                "occurred_at": ["Date", "Time"],
                "gender": "Casualty",
                "doses_given": "How many given",
                "administration_id": [{"day": "Date"}, "Time", {"code": "Officer"}],
            },
        ),
    ],
)
def test_columns_are_read_by_their_cells_where_headings_are_short(headings, row, expected):
    draft = drafted(headings, [row(n) for n in range(60)])
    assert {name: draft.raw["columns"].get(name) for name in expected} == expected
    assert "name" not in draft.raw.get("person", {})


@pytest.mark.parametrize(
    ("day", "status", "asked"), [("Date issued", "Used", 1), ("Date issued", "Issued", 0), ("Date", "Used", 0)]
)
def test_what_became_of_a_kit_is_not_dated_by_its_issue_unasked(day, status, asked):
    rows = [
        (f"K{n}", f"L{n // 9}", f"{n % 28 + 1:02}/03/2025", ("Issued", status)[n % 2], "Norwich") for n in range(40)
    ]
    questions = drafted(("Kit serial", "Lot", day, "Status", "Station"), rows, table="kits").questions
    assert sum(each.setting == "columns.event_on" for each in questions) == asked


@pytest.mark.parametrize("heading", ["DOSE_ID", "tblDose_ID", "Dose ref", "Spray identifier"])
def test_the_number_by_which_a_dose_goes_is_no_count_of_doses(heading):
    rows = [
        (
            f"N{n}",
            f"{n}{person}",
            f"{n % 28 + 1:02}/03/2025",
            "MF"[person],
            str(30 + n % 40),
            f"{n}{person}{dose}",
            drug,
        )
        for n in range(200, 260)
        for person in range(1 + (n % 9 == 0))
        for dose in range(1 + n % 3)
        for drug in ("Heroin", "Cocaine")[: 1 + n % 2]
    ]
    draft = drafted(("Incident No", "Victim ID", "Incident date", "Sex", "Age", heading, "Drug"), rows)
    assert draft.raw["columns"]["dose_id"] == {"code": heading}
    assert not any("count" in each for each in draft.raw["doses"])
    assert draft.raw["rows"] == ["substance", "dose"]


@pytest.mark.parametrize("heading", ["Qty naloxone", "How many naloxone given", "Number of Nyxoid"])
def test_a_quantity_of_naloxone_counts_doses(heading):
    rows = [(f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", str(n % 3 + 1)) for n in range(30)]
    assert drafted(("Ref", "Date", heading), rows).raw["columns"]["doses_given"] == heading


@pytest.mark.parametrize(
    ("heading", "cell", "is_read"),
    [
        ("What do you think they had taken?", "Heroin;Cocaine;", True),
        ("What had the person taken", "Heroin", True),
        ("What action was taken?", "Recovery position", False),
        ("What they took from the kit bag", "Mask", False),
    ],
)
def test_what_somebody_had_taken_are_drugs_and_what_was_done_is_none(heading, cell, is_read):
    rows = [(f"NX-{n:03}", f"{n % 28 + 1:02}/03/2025", "1", cell) for n in range(30)]
    draft = drafted(("Ref", "Date", "Doses", heading), rows)
    assert (heading in draft.raw.get("substances", {}).get("columns", ())) is is_read
