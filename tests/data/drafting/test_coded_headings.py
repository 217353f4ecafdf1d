"""Headings: codes that they explain, words that run together; and ages that are about right."""

from collections import Counter

import pytest

from data.drafting.coded_headings import codes_of
from data.drafting.heading_words import plain_words
from data.value_words import band_of_range
from tests.data.drafting.test_treated import drafted, imported, when


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("Sex (1=M, 2=F)", {"1": "M", "2": "F"}),
        ("Sex 1=Male 2=Female 3=Unknown", {"1": "Male", "2": "Female", "3": "Unknown"}),
        ("Outcome: A = Alive; D = Died at scene", {"a": "Alive", "d": "Died at scene"}),
        ("Ratio a=b", {}),
    ],
)
def test_what_a_heading_says_of_its_codes(heading, codes):
    assert codes_of(heading) == codes


def test_words_of_a_heading_that_run_together_are_read_one_by_one():
    headings = ["Case Number", "Incident Date", "Date Of Birth", "Suspected Drug", "Narcan Doses", "Victim Gender"]
    rows = [[f"R{n:03}", when(n), "01/02/1990", ("Heroin", "Cocaine")[n % 2], "2", "MF"[n % 2]] for n in range(40)]
    found = {each.field: each.headings for each in drafted(headings, rows).fields}
    assert {"incident_id", "occurred_at", "substances", "doses_given", "gender"} <= found.keys()
    run = drafted([each.replace(" ", "").upper() for each in headings], rows)
    assert {each.field: each.headings for each in run.fields} == {
        field: tuple(each.replace(" ", "").upper() for each in several) for field, several in found.items()
    }
    # Words that hold others, and are none of them.
    for word in ("postcode", "refused", "overdose", "handover", "timestamp", "personnel", "suspended"):
        assert plain_words(word) == word


def test_codes_mean_what_the_heading_says_also_where_it_is_not_what_they_usually_mean(tmp_path):
    """1 is usually yes, and here died; ages about right fall into the band of their number."""
    ages = ("~25", "approx 50", "43?", "43-ish", "30s", "61")
    rows = [[f"R{n:03}", when(n), str(n % 2 + 1), ages[n % 6], "12"[n % 3 == 0]] for n in range(60)]
    headings = ["Case Number", "Incident Date", "Sex (1=M, 2=F)", "Approx age", "Alive (1=Died, 2=Alive)"]
    report, people = imported(tmp_path, headings, rows)
    assert (report.imported, report.quarantined_fields) == (60, 0)
    assert Counter(people["gender"]) == {"male": 30, "female": 30}
    assert Counter(people["alive_at_handover"]) == {"yes": 20, "died": 40}
    bands = {"25_34": 10, "45_54": 10, "35_44": 20, "30_39": 10, "55_64": 10}
    assert Counter(people["age_band"]) == bands


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("early 30s", "30_39"), ("mid-40's", "40_49"), ("70s", "65_and_over"), ("late teens", "10_19"),
        ("c. 40", "35_44"), ("approx. 30-39", "30_39"), ("25 (approx)", "25_34"), ("about 40 yrs", "35_44"),
        ("see notes", ""), ("unit 30", ""),
    ],
)  # fmt: skip
def test_ages_that_are_about_right(text, band):
    assert band_of_range(text) == band
