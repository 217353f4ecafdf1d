"""Incident, person and dose told by cells: headings mean nothing, and the drafted keys give the generator's."""

import io
from datetime import datetime, timedelta

import numpy as np
import pytest

from data.drafting import draft_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import south_wales

NOW = datetime(2026, 7, 1)
WHERE_AND_WHO = ["Date", "Longitude", "Latitude", "Sex", "Age"]


def drafted(headings, rows):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    return draft_mapping(sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=NOW)


def chain(seed, *, drugs=True, doses=True):
    """Rows of 90 incidents, some of two people: incident, person, person of all, dose, dose of all, cells, drug."""
    draw = np.random.default_rng(seed)
    people = dose_of_all = 0
    for incident in range(90):
        when = datetime(2024, 1, 1) + timedelta(hours=80 * incident + int(draw.integers(70)), minutes=incident % 60)
        x, y = draw.uniform(-3.4, -3.0), draw.uniform(51.5, 51.7)
        for person in range(1 + (draw.random() < 0.2)):
            people += 1
            cells = [
                f"{when:%d/%m/%Y %H:%M}",
                f"{x:.5f}",
                f"{y:.5f}",
                draw.choice(["M", "F"]),
                str(draw.integers(18, 80)),
            ]
            taken = draw.choice(["Heroin", "Cocaine", "Alcohol"], 1 + (draw.random() < 0.4), replace=False)
            for dose in range(1 + int(draw.integers(3)) if doses else 1):
                dose_of_all += 1
                for drug in taken if drugs else taken[:1]:
                    yield incident, person, people, dose, dose_of_all, cells, drug


def values(rows, headings, key):
    """The values that rows have under a drafted key."""
    parts = [
        each if isinstance(each, str) else next(iter(each.values()))
        for each in (key if isinstance(key, list) else [key])
    ]
    return [tuple(row[headings.index(part)] for part in parts) for row in rows]


def is_same_grouping(one, other):
    return len(set(one)) == len(set(other)) == len(set(zip(one, other, strict=True)))


@pytest.mark.parametrize(
    ("names", "spelt", "drugs"),
    [
        (("Ref A", "N1", "N2"), lambda i, p, _a, d, _b: (f"QX/{i + 500}", p + 1, d + 1), True),
        (("Vorgang", "Beteiligter", "Gabe"), lambda i, p, _a, d, _b: (f"VG-2024-{i:05}", f"B{p + 1}", d + 1), False),
        (("Ffeil", "Pwy", "Dos"), lambda i, p, _a, d, _b: (f"GW{i + 3000}", "AB"[p], ("1st", "2nd", "3rd")[d]), True),
        # Codes of their own: the first of all columns numbers doses, and the coarsest numbers incidents.
        (("C", "B", "A"), lambda i, _p, a, _d, b: (f"{70000 + 3 * i}", f"{90000 + 2 * a}", f"S{b:06}"), False),
        (("Dossier", "Betrokkene", "Gift"), lambda i, p, _a, d, _b: (f"23{100000 + 13 * i:08}", p + 1, d + 1), False),
    ],
)  # fmt: skip
def test_incident_person_and_dose_are_found_whatever_they_are_called(names, spelt, drugs):
    truth = list(chain(len(names[0]), drugs=drugs))
    # Columns that are none of these: a beat, a kit's lot, a number of each row.
    more = [
        (f"B{int(50 * float(each[5][1])) % 7}1", f"T{each[4] % 40:03}", str(n * 17 % 8009 + 1000))
        for n, each in enumerate(truth)
    ]
    rows = [
        [*map(str, reversed(spelt(*each[:5]))), *each[5], each[6], *extra]
        for each, extra in zip(truth, more, strict=True)
    ]
    order = np.random.default_rng(1).permutation(len(rows)) if drugs else range(len(rows))
    rows, truth = [rows[n] for n in order], [truth[n] for n in order]
    headings = [*reversed(names), *WHERE_AND_WHO, "Drug", "Bt", "Lot", "Zz"]
    draft = drafted(headings, rows)
    columns = draft.raw["columns"]
    assert is_same_grouping(values(rows, headings, columns["incident_id"]), [each[0] for each in truth])
    assert is_same_grouping(values(rows, headings, columns["administration_id"]), [each[2] for each in truth])
    doses = list(
        zip(
            values(rows, headings, columns["administration_id"]),
            values(rows, headings, columns["dose_id"]),
            strict=True,
        )
    )
    assert is_same_grouping(doses, [each[4] for each in truth])
    assert draft.raw["rows"] == (["substance", "dose"] if drugs else "dose")
    assert {each.confidence for each in draft.fields if each.field == "rows"} == {"likely"}
    [question] = [each.sentence for each in draft.questions if "by their cells" in each.sentence]
    assert f"“{names[1]}”" in question


def test_without_a_number_of_the_person_doses_once_each_show_that_nobody_is_two():
    truth = list(chain(7, drugs=False))
    rows = [[f"HK{each[0]:04}", str(each[3] + 1), *each[5]] for each in truth]
    headings = ["Code", "Seq", *WHERE_AND_WHO]
    draft = drafted(headings, rows)
    assert draft.raw["rows"] == "dose"
    assert is_same_grouping(
        values(rows, headings, draft.raw["columns"]["administration_id"]), [each[2] for each in truth]
    )
    # Two people of one incident who are alike each have a first dose.
    alike = [[*row[:5], "M", str(20 + each[0] % 60)] for row, each in zip(rows, truth, strict=True)]
    assert "rows" not in drafted(headings, alike).raw


def test_times_that_differ_for_one_person_are_those_of_doses():
    truth = list(chain(8, drugs=False))
    given = [datetime.strptime(each[5][0], "%d/%m/%Y %H:%M") + timedelta(minutes=3 * each[3]) for each in truth]
    rows = [
        [f"AA{each[0]:05}", f"{at:%d/%m/%Y %H:%M}", str(each[1] + 1), *each[5][1:]]
        for each, at in zip(truth, given, strict=True)
    ]
    raw = drafted(["Aa", "Time given", "Bb", *WHERE_AND_WHO[1:]], rows).raw
    assert (raw["rows"], raw["doses"]) == ("dose", [{"given_at": "Time given"}])
    assert raw["columns"]["administration_id"] == ["Aa", "Bb"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_numbers_that_never_repeat_are_a_key_where_they_follow_the_time_either_way(newest_first):
    first = [each for each in chain(10, drugs=False, doses=False) if each[1] == 0]
    rows = [[str(44250000017 + 31 * each[0]), *each[5]] for each in first][:: -1 if newest_first else 1]
    headings = ["RMS", *WHERE_AND_WHO]
    assert drafted(headings, rows).raw["columns"]["incident_id"] == {"code": "RMS"}
    # In no order they may be anything: a telephone's number, a property's.
    mixed = [rows[n] for n in np.random.default_rng(2).permutation(len(rows))]
    assert "incident_id" not in drafted(headings, mixed).raw["columns"]


def test_a_shift_or_a_beat_numbers_no_incident_and_nobody_vanishes_behind_a_composed_key():
    truth = list(chain(9, drugs=False, doses=False))
    days = [[each[5][0][:10], *each[5][1:]] for each in truth]
    rows = [[f"{cells[0][:2]}{'EL'[n % 2]}1", *cells, str(n % 24)] for n, cells in enumerate(days)]
    twins = [[*row[:-1], str((int(row[-1]) + 5) % 24)] for row in rows[:6]]
    headings = ["Sh", *WHERE_AND_WHO, "Hr"]
    draft = drafted(headings, [*rows, *twins])
    assert "incident_id" not in draft.raw["columns"]
    assert "Hr" in draft.raw["columns"]["administration_id"]


def test_rows_alike_in_all_that_is_read_name_the_columns_in_which_they_differ():
    truth = list(chain(10, drugs=False, doses=False))
    rows = [[f"R{n:04}", *each[5], "first note"] for n, each in enumerate(truth)]
    again = [[*row[:-1], "second note"] for row in rows[:4]]
    draft = drafted(["Incident number", *WHERE_AND_WHO, "Entry"], [*rows, *again])
    [asked] = [each.sentence for each in draft.questions if each.setting == "rows"]
    assert "“Entry”" in asked
