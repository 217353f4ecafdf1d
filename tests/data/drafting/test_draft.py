"""Drafts against what a person would map: published forms, coordinates of known places, dates of known order."""

import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from data.drafting import draft_mapping
from data.drafting.lines import draft_lines, preview_lines
from data.ingest import import_stream
from data.mapping import Fixed, MappingError, load_mapping
from data.mapping_toml import check_mapping, mapping_toml
from data.preview import HASHED, preview_rows
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import FORMS, SECRETS, as_csv, person
from tests.data.importing import KEYS, make_settings, south_wales

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 7, 1)


def sample_of(headings, rows, **options):
    return sample_file(source=io.BytesIO(as_csv(headings, rows, **options)), label="a.csv", limits=ImportSettings())


def drafted(headings, rows, **options):
    return draft_mapping(
        sample=sample_of(headings, rows), settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=NOW, **options
    )


@pytest.mark.parametrize(
    ("heading", "table"), [("Nx doses", "administrations"), ("Naloxone (2 mg)", "administrations"), ("Beat", None)]
)
def test_a_crime_systems_file_with_doses_of_naloxone_is_of_administrations(heading, table):
    rows = [(f"36/{n}/23", f"{n % 28 + 1:02}/03/2023 10:00", "Overdose", str(n % 4 + 1)) for n in range(40)]
    draft = drafted(("CrimeRef", "Offence start", "Offence", heading), rows)
    assert draft.table == (table or "risk_events")
    assert draft.raw["columns"].get("doses_given") == (heading if heading == "Nx doses" else None)


@pytest.mark.parametrize(
    ("cell", "is_asked"),
    [
        (lambda month, _n: f"2022-{month:02}-01T00:00:00.000", True),
        (lambda month, _n: f"01/{month:02}/2022", True),
        (lambda month, _n: f"01/{min(month, 2):02}/2022", False),
        (lambda month, n: f"{2 if n == 7 else 1:02}/{month:02}/2022", False),
        (lambda month, n: f"01/{month:02}/2022 {n % 24:02}:30", False),
    ],
)
def test_dates_that_are_all_the_first_of_a_month_are_asked_about(cell, is_asked):
    rows = [(f"NX-{n}", cell(n % 12 + 1, n), str(n % 3 + 1)) for n in range(48)]
    draft = drafted(("Ref", "Date", "Naloxone doses"), rows)
    assert draft.raw["columns"]["occurred_at"] == "Date"
    assert any("first of a month" in each.sentence for each in draft.questions) is is_asked
    # Read as months, and no day is made up.
    assert draft.mapping().times.has_months is is_asked


def previewed(mapping, headings, rows):
    return preview_rows(
        mapping=mapping, sample=sample_of(headings, rows), settings=SYNTHETIC_SOUTH_WALES, geography=south_wales()
    )


def asked(draft):
    return {each.setting for each in draft.questions}


EXPECTED = {
    "standard_form": {
        "target": "administrations",
        "columns": {
            "administration_id": ["Date and time of incident", "Name"],
            "occurred_at": "Date and time of incident",
            "officer_area": "Area where the officer works",
            "gender": "Gender",
            "doses_given": "Number of doses delivered",
            "tried_to_wake": "Tried to wake up verbally (Y/N)",
            "tilted_head": "Tilted head back (Y/N)",
            "checked_breathing": "Checked breathing (Y/N)",
            "recovery_position": "Put into the recovery position (Y/N)",
            "chest_compressions": "Chest compressions (Y/N)",
            "rescue_breaths": "Rescue breaths / mouth-to-mouth (Y/N)",
            "cleared_airways": "Cleared airways (Y/N)",
            "checked_pulse": "Checked pulse (Y/N)",
            "condition_after": "Outcome",
            "seen_by_paramedics": "Seen by paramedics (Y/N)",
            "resupply_needed": "Resupply needed (Y/N)",
            "resupply_kits": "If yes, number of kits required",
        },
        "person": {"name": "Name", "age": "Age"},
        "substances": {"columns": ["Type of substance taken (if known)"]},
        "waits": [
            {
                "kind": "call_to_arrival",
                "clock": "officer_estimate",
                "minutes": "Ambulance response time (minutes from time of call)",
            }
        ],
        "values": {"substance": {"street valium": "benzodiazepine"}},
    },
    "scottish_form": {
        "target": "administrations",
        "columns": {
            "administration_id": [{"day": "Date of incident"}, "Time of incident", "Subject"],
            "occurred_at": ["Date of incident", "Time of incident"],
            "officer_area": "Division",
            "doses_given": "Number of actuations",
            "condition_before": "Was the person conscious or unconscious?",
            "seen_by_paramedics": "Further medical care provided",
            "taken_to_hospital": "Transported to hospital or left scene",
        },
        "person": {"name": "Subject"},
        "values": {
            "taken_to_hospital": {"left scene before ambulance arrived": "no", "taken to hospital": "yes"},
            "outcome": {"left scene before ambulance arrived": "left_before", "taken to hospital": "arrived"},
        },
    },
    "niche_extract": {
        "target": "administrations",
        "columns": {
            "incident_id": {"code": "OccurrenceNo"},
            "occurred_at": "OccStartDateTime",
            "recorded_at": "EnteredDateTime",
            "gender": "Sex",
            "doses_given": "NaloxoneDoses",
            "condition_after": "Outcome",
        },
        "person": {"name": ["Forename1", "Surname"], "identifier": "NominalRef", "date_of_birth": "DOB"},
        "place": {"crs": "EPSG:27700", "x": "Easting", "y": "Northing", "postcode": "Postcode"},
        "doses": [{"officer": "OfficerCollarNo"}],
    },
    "ambulance_cad": {
        "target": "administrations",
        "joins": "incidents",
        "columns": {
            "incident_id": {"code": "Police Reference"},
            "call_category_before": "Initial Category",
            "call_category_after": "Final Category",
        },
        "waits": [
            {
                "kind": "call_to_arrival",
                "clock": "ambulance_cad",
                "started_at": "Call Connect Time",
                "ended_at": "Time On Scene",
            }
        ],
    },
    "street_crime": {
        "target": "risk_events",
        "columns": {"risk_event_id": "Crime ID", "occurred_at": "Month", "kind": {"fixed": "drug_incident"}},
        "only": {"Crime type": ["drugs"]},
        "times": {"formats": ["%Y-%m"]},
        "place": {"crs": "EPSG:4326", "x": "Longitude", "y": "Latitude", "location_precision_m": 250},
    },
    "carriers": {
        "target": "carriers",
        "columns": {
            "carrier_id": [{"code": "Collar Number"}, {"day": "Start Date"}],
            "officer_token": "Collar Number",
            "role": "Role",
            "base": "Station",
            "bcu": "BCU",
            "trained_on": "Date Trained",
            "refreshed_on": "Refresher Date",
            "valid_from": "Start Date",
            "valid_to": "End Date",
        },
        "values": {"role": {"response officer": "response", "roads policing": "roads"}},
    },
    "shifts": {
        "target": "shifts",
        "columns": {
            "shift_id": [{"code": "Collar No"}, {"day": "Shift date"}],
            "officer_token": "Collar No",
            "starts_at": ["Shift date", "Start time"],
            "ends_at": ["Shift date", "End time"],
        },
    },
    "kits": {
        "target": "kits",
        "columns": {
            "kit_event_id": [{"code": "Kit Serial No"}, {"day": "Date"}],
            "kit_token": "Kit Serial No",
            "officer_token": "Issued To",
            "base": "Station",
            "event": "Status",
            "event_on": "Date",
            "lot": "Batch No",
            "expires_on": "Expiry Date",
        },
        "values": {"event": {"handed back": "returned"}},
    },
    "requests": {
        "target": "requests",
        "columns": {
            "request_id": {"code": "Request ID"},
            "occurred_at": "Date and time requested",
            "found": "Carrier found",
            "minutes": "Minutes to arrive",
        },
        "place": {"crs": "EPSG:4326", "x": "Longitude", "y": "Latitude"},
    },
    "follow_up": {
        "target": "follow_up",
        "columns": {
            "follow_up_id": ["Incident ref", "Action"],
            "administration_id": "Incident ref",
            "step": "Action",
            "at": "Date",
            "due_at": "Due date",
        },
        "values": {"step": {"contact made": "contacted", "referral made": "referred"}},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_drafted_as_a_person_would_map_it(form):
    draft = drafted(*FORMS[form]())
    for section, content in EXPECTED[form].items():
        assert draft.raw[section] == content
    assert draft.mapping() == check_mapping(draft.raw)
    read = {heading for each in draft.fields for heading in each.headings}
    assert {each.heading for each in draft.unused} <= set(FORMS[form]()[0]) - read


def test_what_the_form_does_not_tell_is_asked():
    assert "columns.administration_id" in asked(drafted(*FORMS["standard_form"]()))
    assert {"parent_source", "waits"} <= asked(drafted(*FORMS["ambulance_cad"]()))
    known = drafted(*FORMS["ambulance_cad"](), known_sources=["ambulance CAD", "Niche"])
    assert (known.raw["parent_source"], "parent_source" in asked(known)) == ("Niche", False)
    assert "times.day_first" not in asked(drafted(*FORMS["standard_form"]()))


@pytest.mark.parametrize("form", FORMS)
def test_a_draft_holds_no_cell(form):
    """Neither the mapping nor anything that the command prints holds a word of a name or of a remark."""
    headings, rows = FORMS[form]()
    sample = sample_of(headings, rows)
    draft = drafted(headings, rows)
    preview = previewed(draft.mapping(), headings, rows)
    told = "\n".join([draft.toml(), repr(draft), *draft_lines(draft, sample), *preview_lines(preview), repr(preview)])
    assert not [word for word in SECRETS if word.casefold() in told.casefold()]


def test_a_name_in_a_column_of_categories_is_counted_and_not_shown():
    headings, rows = FORMS["standard_form"]()
    at = headings.index("Outcome")
    for n in range(12):
        rows[n][at] = person(n % 2)
    rows[12][at] = "Unconcious"
    rows[13][at] = rows[14][at] = rows[15][at] = "Came to slowly"
    rows[16][at] = "Seen twice"
    draft = drafted(headings, rows)
    [unknown] = draft.unknown_values
    assert (unknown.field, unknown.distinct, unknown.cells) == ("condition_after", 4, 16)
    assert unknown.shown == ("Came to slowly",)
    assert draft.raw["values"]["condition_after"] == {"unconcious": "unconscious"}


def test_a_drafted_form_goes_in_whole(tmp_path):
    headings, rows = FORMS["standard_form"]()
    draft = drafted(headings, rows)
    report = import_stream(
        stream=io.BytesIO(as_csv(headings, rows)),
        label="a.csv",
        mapping=check_mapping(draft.raw | {"synthetic": True}),
        settings=make_settings(tmp_path),
        keys=KEYS,
        geography=south_wales(),
        dry_run=True,
    )
    assert (report.rows_in, report.imported, report.quarantined_rows) == (48, 48, 0)
    preview = preview_rows(
        mapping=draft.mapping(),
        sample=sample_of(headings, rows),
        settings=SYNTHETIC_SOUTH_WALES,
        geography=south_wales(),
    )
    shown = [dict(zip(preview.columns, row.cells, strict=True)) for row in preview.rows]
    assert len(shown) == 10
    for row, cells in zip(rows, shown, strict=False):
        assert cells["person_token"] == cells["administration_id"] == HASHED
        assert cells["doses_given"] == row[6]
        assert cells["gender"] == {"M": "male", "Female": "female"}[row[3]]
        assert cells["tried_to_wake"] == {"Y": "yes", "N": "no"}[row[7]]
        assert cells["wait0_minutes"] == row[16]
        assert cells["occurred_at"].endswith(row[1].split()[1])


def test_a_preview_says_which_rows_would_wait_and_why():
    headings, rows = FORMS["niche_extract"](4)
    rows[1][headings.index("OccStartDateTime")] = "soon"
    rows[2][headings.index("NaloxoneDoses")] = "some"
    draft = drafted(*FORMS["niche_extract"](4))
    preview = preview_rows(
        mapping=draft.mapping(),
        sample=sample_of(headings, rows),
        settings=SYNTHETIC_SOUTH_WALES,
        geography=south_wales(),
    )
    assert [row.waits for row in preview.rows] == [False, True, False, False]
    assert [len(row.problems) for row in preview.rows] == [0, 1, 1, 0]
    assert preview.rows[2].problems[0].startswith("doses_given: there are words where a number belongs")
    easting = [row.cells[preview.columns.index("easting_m")] for row in preview.rows if not row.waits]
    # The middle of a cell of 100 m, as the settings say.
    assert all(cell.endswith("50") for cell in easting)


def dates(texts):
    """A small form with these dates."""
    return ["Reference", "Date", "Doses given"], [[f"A{n}", text, "1"] for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("texts", "day_first", "asks"),
    [
        (["01/02/2024", "13/02/2024"], True, False),
        (["02/01/2024", "02/13/2024"], False, False),
        (["01/02/2024", "03/02/2024"], True, True),
        # The other way round, 1 December 2026 would lie ahead.
        (["01/12/2025", "12/01/2026", "02/03/2024", "05/01/2026"], True, False),
        (["12/01/2025", "01/12/2026"], False, False),
        # Kept in order: 1, 2, ... 12 of each month of half a year.
        ([f"{day:02}/{month:02}/2024" for month in range(1, 7) for day in range(1, 13)], True, False),
        ([f"{month:02}/{day:02}/2024" for month in range(1, 7) for day in range(1, 13)], False, False),
        (["2024-02-01", "2024-02-13"], True, False),
        (["1 Feb 2024", "13 February 2024"], True, False),
        (["13/02/2024", "02/13/2024", "14/02/2024"], True, True),
        # No date either way, so it says nothing of the order.
        (["13/02/2024", "32/13/2024", "14/02/2024"], True, False),
    ],
)
def test_whether_the_day_comes_first(texts, day_first, asks):
    draft = drafted(*dates(texts))
    assert draft.mapping().times.day_first is day_first
    assert ("times.day_first" in asked(draft)) is asks


@pytest.mark.parametrize(
    "form",
    ["%Y/%m/%d %H:%M", "%Y%m%d%H%M", "%d%b%Y %H%M", "%d-%b-%y %I.%M.%S.%f %p", "%d/%m/%Y %H.%M", "%H:%M on %d.%m.%Y"],
)
def test_dates_are_read_by_the_draft_alone_in_whatever_form(form):
    moment = datetime(2024, 7, 21, 14, 5)
    headings, rows = dates([moment.strftime(form)] * 3)
    mapping = drafted(headings, rows).mapping()
    preview = previewed(mapping, headings, rows)
    at = preview.columns.index("occurred_at")
    assert {row.cells[at] for row in preview.rows} == {"21 July 2024, 14:05"}


def test_a_time_in_no_form_is_asked_about_by_its_look_and_not_by_its_words():
    texts = ["12 Lammas 2024, teatime", "13 Lammas 2024, teatime", "01/02/2024"]
    (asked_of_form,) = [each for each in drafted(*dates(texts)).questions if each.setting == "times.formats"]
    assert "2 cells of its dates and times are in no known form" in asked_of_form.sentence
    assert "“99 abc 9999, abc”" in asked_of_form.sentence
    assert "%d %B %Y, %I.%M%p" in asked_of_form.sentence
    assert "ammas" not in asked_of_form.line()


def test_a_workbooks_own_numbers_are_dates_by_1900_where_1904_would_lie_ahead():
    draft = drafted(*dates(["45658.5", "45659.25"]))
    assert draft.raw["times"]["formats"] == ["excel"]
    assert "times.formats" not in asked(draft)
    assert "times.formats" in asked(drafted(*dates(["40000.5", "40001"])))


@pytest.mark.parametrize("number", ["Call Number", "Incident number", "Case number", "CAD ref", "PCR No"])
@pytest.mark.parametrize("counter", ["OBJECTID", "ObjectId", "_id", "FID", "Row number"])
def test_what_numbers_the_rows_of_an_export_is_a_key_only_where_nothing_else_is(counter, number):
    rows = [[str(n + 1), f"{n + 1:02}/07/2024 10:00", f"24{n * 7:05}", "1"] for n in range(20)]
    headings = [counter, "When", number, "Doses given"]
    draft = drafted(headings, rows)
    assert draft.raw["columns"]["incident_id"] == {"code": number}
    assert counter in {each.heading for each in draft.unused}
    alone = drafted([counter, "When", "Doses given"], [[row[0], row[1], row[3]] for row in rows])
    assert alone.raw["columns"]["incident_id"] == {"code": counter}
    assert "columns.incident_id" in asked(alone)


def test_what_is_read_is_told_whole():
    """A time of two columns has both, and no part of a key is among what is not read."""
    rows = [[f"{n + 1:02}/07/2024", f"{n + 1}:15", f"PC {n % 3}", "Male"] for n in range(20)]
    draft = drafted(["Date", "Time", "Officer", "Gender"], rows)
    assert next(each.headings for each in draft.fields if each.field == "occurred_at") == ("Date", "Time")
    assert {"code": "Officer"} in draft.raw["columns"]["administration_id"]
    assert not draft.unused


# Cardiff Castle, as Ordnance Survey and WGS84 have it (rounded).
CARDIFF = (-3.1812, 51.4823)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:27700", "EPSG:3857"])
@pytest.mark.parametrize("swapped", [False, True])
def test_coordinates_are_told_by_where_they_would_lie(crs, swapped):
    there = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    points = [there.transform(CARDIFF[0] + n / 500, CARDIFF[1] + n / 700) for n in range(20)]
    digits = 5 if crs == "EPSG:4326" else 0
    names = ["Longitude", "Latitude"] if crs == "EPSG:4326" else ["Easting", "Northing"]
    rows = [
        [f"A{n}", "13/02/2024 10:00", "1", *(f"{each:.{digits}f}" for each in (point[::-1] if swapped else point))]
        for n, point in enumerate(points)
    ]
    draft = drafted(["Reference", "Date and time", "Doses given", *names], rows)
    place = draft.mapping().place
    assert place.crs == crs
    assert (place.x, place.y) == ((names[1], names[0]) if swapped else (names[0], names[1]))
    assert not draft.advice


def test_a_new_place_is_told_its_settings():
    rows = [[f"A{n}", "2018-08-03 14:53:18", "1", f"{39.1 + n / 300:.5f}", f"{-84.5 - n / 300:.5f}"] for n in range(20)]
    draft = drafted(["Reference", "Date and time", "Doses given", "Latitude", "Longitude"], rows)
    assert "times.time_zone" in asked(draft)
    # UTM zone 16 north reaches from 90 to 84 degrees west.
    for words in ('time_zone = "America/New_York"', 'crs = "EPSG:32616"', "outline_file"):
        assert words in draft.settings_toml
    assert draft.advice[0].startswith("0 %")


def test_several_rows_an_incident_become_what_differs_between_them():
    headings = ["Incident Ref", "Date and time", "Name", "Substance", "Collar number", "Doses given"]

    def rows_as(drafts, **differing):
        rows = []
        for n in range(12):
            for part in range(2):
                row = dict(zip(headings, [f"R{n}", "13/02/2024 10:00", person(n), "Heroin", "PC 12", "1"], strict=True))
                rows.append(list((row | {name: values[part] for name, values in differing.items()}).values()))
        return drafts(headings, rows)

    drugs = rows_as(drafted, Substance=("Heroin", "Alcohol"))
    assert (drugs.raw["rows"], drugs.raw["columns"]["incident_id"]) == ("substance", "Incident Ref")
    officers = rows_as(drafted, **{"Collar number": ("PC 12", "PC 34")})
    assert officers.raw["rows"] == "officer"
    people = rows_as(drafted, Name=("Zuzanna Quibble", "Carl Dunmore"))
    assert people.raw["columns"]["administration_id"] == ["Incident Ref", "Name"]
    assert "rows" not in people.raw
    for draft in (drugs, officers, people):
        draft.mapping()
        assert "rows" not in asked(draft)


def test_american_open_data_keeps_its_number_its_clock_and_its_victim_and_makes_no_county_a_person():
    headings = ("Case #", "Incident Date", "Incident Time", "Incident County Name", "Victim ID", "Dose Count")
    rows = [
        (f"A{number:04}", f"2019-05-{number:02}T04:00:00.000Z", f"{number}:45:00", ("Hamilton", "Butler")[number % 2],
         f"V{number:05}", "1")
        for number in range(1, 21)
    ]  # fmt: skip
    raw = drafted(headings, rows).raw
    assert raw["columns"]["incident_id"] == "Case #"
    assert raw["columns"]["occurred_at"] == ["Incident Date", "Incident Time"]
    assert raw["person"] == {"identifier": "Victim ID"}


@pytest.mark.parametrize(
    ("words", "field"),
    [(("Alive", "Deceased"), "alive_at_handover"), (("Conscious", "Unconscious"), "condition_after")],
)
def test_an_outcome_is_told_by_its_words(words, field):
    rows = [[f"R{n}", f"{n + 1:02d}/07/2024 10:00", words[n % 2]] for n in range(20)]
    draft = drafted(["Reference", "When", "Outcome"], rows)
    assert draft.raw["columns"][field] == "Outcome"
    assert len({"alive_at_handover", "condition_after"} & draft.raw["columns"].keys()) == 1
    assert not draft.unknown_values


def test_a_draft_that_lacks_something_says_what():
    draft = drafted(["Colour", "Size"], [["red", "12"], ["blue", "13"]])
    with pytest.raises(MappingError, match="is needed"):
        draft.mapping()
    assert draft.questions
    assert draft.toml().split("\n")[1].startswith("# NOT USABLE YET: ")


REAL = ROOT.parent / "shared" / "data"


@pytest.mark.parametrize(
    ("example", "file"),
    [
        ("cincinnati", REAL / "cincinnati_heroin_responses" / "heroin_cops.csv"),
        ("police_uk", REAL / "police_uk_south_wales_drugs_2022-05.csv"),
    ],
)
def test_real_files_are_drafted_as_their_examples_have_them(example, file):
    if not file.is_file():
        pytest.skip("the open data is not on this machine (see examples)")
    sample = sample_file(source=file, label="a.csv", limits=ImportSettings())
    found = draft_mapping(sample=sample, settings=SYNTHETIC_SOUTH_WALES, now=NOW).mapping()
    known = load_mapping(ROOT / "examples" / example / "mapping.toml")
    fixed = {name: each for name, each in known.columns.items() if isinstance(each, Fixed)}
    assert {**found.columns, **fixed} == known.columns
    assert (found.target, found.place.x, found.place.y, found.waits) == (
        known.target, known.place.x, known.place.y, known.waits,
    )  # fmt: skip


@pytest.mark.parametrize("example", ["cincinnati", "police_uk"])
def test_the_toml_of_an_example_is_the_same_mapping(example, tmp_path):
    mapping = load_mapping(ROOT / "examples" / example / "mapping.toml")
    again = tmp_path / "again.toml"
    again.write_text(mapping_toml(mapping), encoding="utf-8")
    assert load_mapping(again) == mapping


@settings(max_examples=50, deadline=None)
@given(
    heading=st.text(st.characters(codec="utf-8"), min_size=1),
    key=st.text(st.characters(codec="utf-8"), min_size=1),
    note=st.text(st.characters(codec="utf-8")),
)
def test_any_heading_and_value_survive_the_toml(heading, key, note, tmp_path_factory):
    raw = {
        "source": "test",
        "columns": {"incident_id": [{"code": heading}, {"day": heading}], "occurred_at": heading, "gender": heading},
        "values": {"gender": {key: "male"}},
        "place": {"crs": "EPSG:27700", "x": heading, "y": heading, "location_precision_m": 0.5},
    }
    file = tmp_path_factory.getbasetemp() / "survives.toml"
    notes = {"": note, "columns.gender": note, "place": note, "values.gender": note}
    file.write_text(mapping_toml(raw, notes=notes), encoding="utf-8")
    assert load_mapping(file) == check_mapping(raw)
