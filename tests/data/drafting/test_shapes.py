"""Shapes of files that police and cities keep: by the draft alone, exactly the people and doses they were made of."""

import io
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv, person
from tests.data.importing import KEYS, make_settings, south_wales, stored

ROWS = 60


def when(n, form, later=0):
    return (datetime(2024, 1, 1, 8) + timedelta(hours=5 * n, minutes=later)).strftime(form)


def doses(n):
    return random.Random(n).choice((1, 1, 2, 3))


def online_form():
    """An online form names whoever filled it in, not who was treated."""
    headings = [
        *("ID", "Start time", "Completion time", "Email", "Name", "Your collar number", "Date of incident"),
        *("Time of incident", "Location postcode", "Did you administer naloxone?"),
        *("How many doses did you administer?", "Was the person conscious afterwards?", "Gender of person"),
    ]
    rows = [
        [
            *(str(n + 1), when(n, "%d/%m/%Y %H:%M", 30), when(n, "%d/%m/%Y %H:%M", 40), "x@y.example", person(n % 9)),
            *(f"{4000 + n % 9}", when(n, "%d/%m/%Y"), when(n, "%H:%M"), "CF10 1AA", "Yes" if n % 8 else "No"),
            *(str(doses(n)) if n % 8 else "", "Yes" if n % 3 else "No", ("Male", "Female")[n % 2]),
        ]
        for n in range(ROWS)
    ]
    given = [doses(n) for n in range(ROWS) if n % 8]
    return headings, rows, len(given), sum(given)


def strengths_and_ticks():
    """Doses by their strength, and a tick for each drug."""
    headings = [
        *("Report ID", "Report Date", "Overdose Date", "Overdose Time", "Naloxone Administered", "Doses (2mg IN)"),
        *("Doses (4mg IN)", "Fentanyl", "Rx Opioid", "Survived"),
    ]
    rows = [
        [
            *(f"{n + 1}", when(n + 9, "%m/%d/%Y"), when(n, "%m/%d/%Y"), when(n, "%H:%M"), "Yes"),
            *(str(doses(n) % 2), str(doses(n) - doses(n) % 2), "X" if n % 2 else "", "", "Yes" if n % 9 else "No"),
        ]
        for n in range(ROWS)
    ]
    return headings, rows, ROWS, sum(map(doses, range(ROWS)))


def written_by_hand():
    """Dates in words, doses with their strength, and the sexes as a heading."""
    headings = ["Ref", "When given", "M/F", "Nyxoid given"]
    rows = [
        [f"HC-{n:04}", when(n, "%d %B %Y, %I.%M%p").replace("AM", "am").replace("PM", "pm"), "MF"[n % 2],
         f"{doses(n)} x 1.8mg"]
        for n in range(ROWS)
    ]  # fmt: skip
    return headings, rows, ROWS, sum(map(doses, range(ROWS)))


def several_people_an_occurrence():
    headings = [
        *("Occurrence number", "Occurrence date", "Occurrence time", "Nominal URN", "Sex", "Role", "Kit serial"),
        *("Doses", "Officer collar"),
    ]
    people = [(n, part) for n in range(ROWS) for part in range(1 if n % 9 else 2)]
    rows = [
        [
            *(f"3{n:09}", when(n, "%d/%m/%Y"), when(n, "%H:%M"), f"N{2 * n + part:06}", "MF"[part], "Casualty"),
            *(f"KT{2 * n + part:05}", str(doses(n)), f"{500 + n % 30}"),
        ]
        for n, part in people
    ]
    return headings, rows, len(people), sum(doses(n) for n, _part in people)


def doses_of_three_services():
    """A 0 says that police gave none; eastings and northings are written with thousands' commas."""
    headings = ["Incident Number", "Incident Date Time", "Fire Narcan Doses", "PD Narcan Doses", "Easting", "Northing"]
    rows = [
        [f"M{n:04}", when(n, "%d/%m/%Y %H:%M"), "2", str(doses(n) if n % 8 else 0),
         f"{318_000 + 37 * n:,}", f"{176_000 + n:,}"]
        for n in range(ROWS)
    ]  # fmt: skip
    given = [doses(n) for n in range(ROWS) if n % 8]
    return headings, rows, len(given), sum(given)


def medicines_of_an_ambulance_service():
    """A row for each medicine by the elements of an emergency services' standard: police gave some of the naloxone."""
    headings = [
        *("eRecord.01", "eResponse.03", "eMedications.01 Date/Time Medication Administered", "ePatient.13 Gender"),
        *("eMedications.03 Medication Administered", "eMedications.10 Role/Type of Person Administering Medication"),
    ]
    rows = [
        [f"PCR8{n:04}", f"24-{n:05}", when(n, "%Y-%m-%dT%H:%M:00+00:00", 3 * part), ("Male", "Female")[n % 2], what, by]
        for n in range(ROWS)
        for part, (what, by) in enumerate(
            [("Naloxone (7242)", "Law Enforcement")] * (doses(n) if n % 8 else 0)
            + [("Naloxone (7242)", "EMS"), ("Oxygen (7806)", "EMS")]
        )
    ]
    given = [doses(n) for n in range(ROWS) if n % 8]
    return headings, rows, len(given), sum(given)


def in_welsh():
    """Headings and answers in Welsh alone: its "Na" is "no", not "not available"."""
    headings = [
        *("Cyfeirnod", "Dyddiad y digwyddiad", "Amser", "Cod post", "Rhyw", "Oedran", "Nifer y dosau"),
        *("Sylwedd a amheuir", "Aed i'r ysbyty", "Rhif coler", "Cyfeiriad"),
    ]
    rows = [
        [
            *(f"DP{n:05}", when(n, "%d/%m/%Y"), when(n, "%H:%M"), "CF10 1AA", ("Gwryw", "Benyw")[n % 2]),
            *(f"{20 + n}", f"{doses(n)}", ("heroin", "anhysbys")[n % 2], "Na" if n % 3 else "Ie", f"{4000 + n % 9}"),
            f"{n} Heol yr Eglwys",
        ]
        for n in range(ROWS)
    ]
    return headings, rows, ROWS, sum(map(doses, range(ROWS)))


def in_two_languages():
    """Welsh and English, numbers in words, ages with their unit, and places as open data portals write them."""
    headings = [
        *(":id", "Cyfeirnod / Reference", "Dyddiad / Date", "Rhyw / Sex", "6. Oed / Age"),
        *("Nifer y dosau / Number of doses", "Lleoliad / Location", "Fyw / Alive", "Naloxone given"),
    ]
    rows = [
        [
            *(f"row-{n}", f"NG{n:05}", when(n, "%Y-%m-%d"), ("Gwryw / Male", "Benyw / Female")[n % 2]),
            *(f"{20 + n} years", ("One", "Two", "Three")[doses(n) - 1]),
            *(f'{{"latitude": "51.48{n:02}", "longitude": "-3.17{n:02}"}}',),
            *("Nac ydy / No" if n % 6 == 5 else "Ydy / Yes", "Ydy / Yes"),
        ]
        for n in range(ROWS)
    ]
    return headings, rows, ROWS, sum(map(doses, range(ROWS)))


SHAPES = [
    *(online_form, strengths_and_ticks, several_people_an_occurrence, written_by_hand, doses_of_three_services),
    *(medicines_of_an_ambulance_service, in_two_languages, in_welsh),
]
LEAVE_OUT = (online_form, doses_of_three_services, medicines_of_an_ambulance_service)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_draft_alone_gives_the_people_and_doses(shape, tmp_path):
    headings, rows, people, given = shape()
    content = as_csv(headings, rows)
    sample = sample_file(source=io.BytesIO(content), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 7, 1)
    )
    where = make_settings(tmp_path)
    report = import_stream(
        stream=io.BytesIO(content), label="a.csv", mapping=check_mapping(draft.raw | {"synthetic": True}),
        settings=where, keys=KEYS, geography=south_wales(),
    )  # fmt: skip
    found = stored(where, "administrations")
    assert (len(found), found["doses_given"].astype(int).sum(), report.quarantined_fields) == (people, given, 0)
    incidents = stored(where, "incidents")
    treated = [n for n in range(ROWS) if shape not in LEAVE_OUT or n % 8]
    assert set(incidents["local_date"].dt.strftime("%d/%m/%Y")) == {when(n, "%d/%m/%Y") for n in treated}
    if shape is online_form:
        assert "person" not in draft.raw
    if shape is doses_of_three_services:
        assert incidents["easting_m"].between(318_000, 321_000).all()
    if shape is in_two_languages:
        assert incidents["location_source"].eq("coordinates").all()
        assert Counter(found["gender"]) == {"male": ROWS / 2, "female": ROWS / 2}
        assert Counter(found["alive_at_handover"]) == {"died": ROWS / 6, "yes": ROWS * 5 / 6}
        assert Counter(found["age_band"])["25_34"] == 10
    if shape is in_welsh:
        assert Counter(found["gender"]) == {"male": ROWS / 2, "female": ROWS / 2}
        assert Counter(found["taken_to_hospital"]) == {"yes": ROWS / 3, "no": ROWS * 2 / 3}
        assert set(incidents["location_source"]) == {"postcode"}
        assert not draft.questions
    if shape is written_by_hand:
        assert set(found["gender"]) == {"male", "female"}
        local = incidents["occurred_at"].dt.tz_convert("Europe/London")
        assert set(local.dt.strftime("%d/%m/%Y %H:%M")) == {when(n, "%d/%m/%Y %H:%M") for n in range(ROWS)}


def test_numbers_of_doses_are_no_counts_though_nothing_tells_people_apart(tmp_path):
    """The draft asks what a row is, and with that answer alone each number is one dose."""
    rows = [
        [f"R{n:03}", when(n, "%d/%m/%Y %H:%M"), drug, str(number)]
        for n in range(ROWS)
        for number in range(1, doses(n) + 1)
        for drug in (("Heroin",), ("Heroin", "Alcohol"))[n % 2]
    ]
    content = as_csv(["Incident No", "Incident Date", "Suspected Drug", "Naloxone Dose No"], rows)
    sample = sample_file(source=io.BytesIO(content), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 7, 1)
    )
    [question] = [each for each in draft.questions if each.setting == "rows"]
    assert question.in_mapping == 'rows = ["substance", "dose"]'
    # The page has boxes, so it shows the sentence without the mapping's words.
    assert "rows =" not in question.sentence
    assert "one drug of a person" in question.sentence
    assert question.line() in " ".join(draft.toml().split("\n")[:8])
    assert "doses_given" not in draft.raw["columns"]
    draft.mapping()
    answered = draft.raw | {"rows": ["substance", "dose"], "synthetic": True}
    where = make_settings(tmp_path)
    import_stream(
        stream=io.BytesIO(content), label="a.csv", mapping=check_mapping(answered), settings=where, keys=KEYS,
        geography=south_wales(),
    )  # fmt: skip
    found = stored(where, "administrations")
    assert (len(found), found["doses_given"].sum()) == (ROWS, sum(map(doses, range(ROWS))))
