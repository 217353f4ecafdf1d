"""A force's own short log: read as records of its own, with officers and kits, and added to by a second file."""

import io
import re
from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pytest

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.pseudonymise import Pseudonymiser
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import FORMS, as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored

LOG = "Naloxone deployments 2025.csv"
# Columns and their cells by row. No two rows share a day and an officer; shoulder numbers have three digits.
COLUMNS = {
    "Ref": lambda n: f"NC-{n:05}",
    "Date": lambda n: f"{datetime(2025, 1, 1) + timedelta(days=n):%d/%m/%Y}",
    "Time": lambda n: f"{n % 24:02}:{n * 7 % 60:02}",
    **dict.fromkeys(("Collar", "PC", "Shoulder number"), lambda n: str(100 + n * 37 % 400)),
    "Administering officer": lambda n: str(600 + n),
    "Pack number": lambda n: f"P{2000 + n}",
    "Batch no": lambda _n: "B77",
    "Postcode": lambda n: ("CF10 1EP", "CF11 9HA", "CF24 4HQ")[n % 3],
    "Easting": lambda n: str(318_050 + 100 * n),
    "Northing": lambda n: str(176_550 + 100 * (n % 2)),
    "Outcome": lambda n: ("Conscious", "Unconscious")[n % 2],
    "Gender": lambda n: ("Male", "Female")[n % 2],
}
SHORT_LOG = ("Date", "Time", "Collar", "Postcode", "Outcome")


def table(*headings, rows=range(40)):
    return headings, [[COLUMNS[heading](n) for heading in headings] for n in rows]


def drafted(headings, rows, label="a.csv", **options):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label=label, limits=ImportSettings())
    return draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 7, 1), **options
    )


def bring_in(where, headings, rows, label, **options):
    mapping = check_mapping(drafted(headings, rows, label, **options).raw | {"synthetic": True})
    return import_stream(
        stream=io.BytesIO(as_csv(headings, rows)), label=label, mapping=mapping, settings=where, keys=KEYS,
        geography=south_wales(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("label", "headings", "known", "adds"),
    [
        (LOG, SHORT_LOG, (), False),
        ("Naloxone 2025.xlsx", SHORT_LOG, (), False),
        # Next month's log, in a store that has records: its name still says what its rows are.
        ("Naloxone deployments 2026.csv", SHORT_LOG, ("naloxone form",), False),
        # Nothing says so but what is in it, and there is nothing that it could add to.
        ("Book1.csv", SHORT_LOG, (), False),
        ("Book1.csv", SHORT_LOG, ("naloxone form",), True),
        ("Naloxone locations 2025.csv", ("Date", "Collar", "Postcode"), (), True),
        ("Locations of naloxone deployments.csv", ("Date", "Time", "Collar", "Postcode"), ("naloxone form",), True),
        ("Book1.csv", ("Date", "Time", "Collar", "Postcode"), (), True),
        ("Book1.csv", ("Date", "Collar", "Postcode", "Outcome"), (), True),
    ],
)
def test_a_log_is_of_records_of_its_own_and_a_list_of_locations_is_not(label, headings, known, adds):
    draft = drafted(*table(*headings), label, known_sources=known)
    assert ("joins" in draft.raw) is adds
    draft.mapping()


def test_officers_and_kits_of_a_log_that_counts_no_doses_are_kept_and_lead_a_second_file_to_it(tmp_path):
    where = make_settings(tmp_path)
    headings, rows = table("Date", "Time", "PC", "Pack number", "Batch no", "Postcode", "Outcome")
    assert bring_in(where, headings, rows, LOG).imported == 40
    # No number of doses is made up of an officer's being named.
    assert stored(where, "administrations")["doses_given"].isna().all()
    doses = stored(where, "doses")
    as_read = Pseudonymiser(KEYS)
    for name, heading in (("officer_token", "PC"), ("kit_token", "Pack number")):
        codes = np.array([COLUMNS[heading](n).casefold() for n in range(40)], dtype=object)
        assert sorted(doses[name]) == sorted(as_read.tokens(kind=name, parts=[codes]))
    found = bring_in(
        where, *table("Date", "Shoulder number", "Easting", "Northing", rows=range(10, 50)), "Locations.csv",
        known_sources=["naloxone form"],
    )  # fmt: skip
    assert (found.rows_in, found.imported, found.waiting) == (40, 30, 10)


@pytest.mark.parametrize("heading", ["Collar", "PC", "Shoulder number"])
def test_an_officer_is_read_whatever_the_heading_and_whoever_administered_goes_first(heading):
    alone = drafted(*table("Ref", "Date", "Gender", heading))
    assert alone.raw["doses"] == [{"officer": heading}]
    both = drafted(*table("Ref", "Date", "Gender", heading, "Administering officer"))
    assert both.raw["doses"] == [{"officer": "Administering officer"}]


def test_a_column_pc_of_postcodes_is_no_officer():
    headings, rows = table("Ref", "Date", "Gender", "Postcode")
    assert "doses" not in drafted([*headings[:3], "PC"], rows).raw


@pytest.mark.parametrize(
    ("ages", "set_aside"),
    [
        (("34 25_34", "30-39 30_39", "17 under_18", "65+ 65_and_over", "60+ not_recorded"), 0),
        # Without their signs two of these are one word.
        (("34 25_34", "<10 under_18", "18 not_recorded", "<18 not_recorded", "67 65_and_over"), 16),
    ],
)
def test_years_and_ranges_of_ages_in_one_column_are_both_read(ages, set_aside, tmp_path):
    """Bands by hand; "60+" may be of two bands."""
    texts, bands = zip(*(each.split() for each in ages), strict=True)
    rows = [[f"R{n}", COLUMNS["Date"](n), texts[n % 5], "1"] for n in range(40)]
    where = make_settings(tmp_path)
    report = bring_in(where, ["Ref", "Date", "Age", "Doses"], rows, LOG)
    assert (report.imported, report.quarantined_fields) == (40, set_aside)
    assert Counter(stored(where, "administrations")["age_band"]) == Counter(bands * 8)


def test_outcomes_of_which_some_are_deaths_say_who_lived_and_others_who_went_to_hospital(tmp_path):
    words = ("Transported", "Transported", "Refused", "Deceased")
    rows = [[f"R{n}", COLUMNS["Date"](n), "1", words[n % 4]] for n in range(40)]
    draft = drafted(["Ref", "Date", "Narcan doses", "Outcome"], rows)
    assert draft.raw["columns"]["alive_at_handover"] == "Outcome"
    assert "taken_to_hospital" not in draft.raw["columns"]
    assert any("in 10 rows that somebody died" in each.sentence for each in draft.questions)
    where = make_settings(tmp_path)
    bring_in(where, ["Ref", "Date", "Narcan doses", "Outcome"], rows, LOG)
    assert Counter(stored(where, "administrations")["alive_at_handover"]) == {"yes": 30, "died": 10}
    plain = drafted(["Ref", "Date", "Narcan doses", "Outcome"], [row for row in rows if row[-1] != "Deceased"])
    assert plain.raw["columns"]["taken_to_hospital"] == "Outcome"


def test_questions_are_in_plain_words_and_the_mapping_has_its_own():
    """A page shows the sentences beside boxes, where settings and options of the command mean nothing."""
    forms = ("standard_form", "scottish_form", "niche_extract", "ambulance_cad", "carriers", "follow_up")
    drafts = [drafted(*FORMS[name](), known_sources=["one", "two"]) for name in forms]
    drafts += [drafted(*table(*SHORT_LOG[:4]), known_sources=known) for known in ((), ("one", "two"))]
    sentences = [each.sentence for draft in drafts for each in draft.questions]
    assert len(sentences) > 5
    for sentence in sentences:
        assert not re.search(r"\[|\w_\w|\w = |--\w", re.sub("“.*?”", "", sentence)), sentence
    [parent] = [each for each in drafts[-1].questions if each.setting == "parent_source"]
    assert parent.line() == f"{parent.sentence} (In the mapping: parent_source)"
