"""What a re-import changes in records that are stored is told by field, with its rows, before and after it is done."""

import json

import pytest

from data.changes import Changes
from data.mapping import Mapping
from data.report import ImportReport
from tests.data.importing import make_mapping
from tests.data.test_ingest import Importer, rows

FORM = make_mapping(
    columns={"doses_given": "Doses", "gender": "Gender"},
    person={"age": "Age"},
    place={"x": "Lon", "y": "Lat"},
    substances={"columns": ["Drug"]},
    waits=[{"kind": "call_to_arrival", "started_at": "Called", "ended_at": "Came"}],
)
SAID = {
    "Doses": "2",
    "Gender": "M",
    "Age": "30",
    "Lat": "51.48123",
    "Lon": "-3.17912",
    "Drug": "heroin",
    "Called": "01/07/2024 10:00",
    "Came": "01/07/2024 10:10",
}


@pytest.fixture
def importer(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer(tmp_path)


def said_of(report):
    """By field: how many records, which rows, and how many lose something."""
    return {each.field: (each.records, each.row_numbers, each.lost) for each in report.changes.fields}


def test_each_field_that_changes_is_told_with_its_rows(importer):
    first = rows(**{name: [cell] * 14 for name, cell in SAID.items()})
    assert importer.frame(first, FORM).changes == Changes()
    changed = first.copy()
    cells = {
        "Doses": {0: "lots", 1: "3", 2: ""},
        "Age": {3: "text", 4: "71", 5: "31"},  # 31 is in the same band as 30
        "Lat": {6: "95", 7: "51.52345"},
        "Came": {8: "01/07/2020 10:10", 9: "01/07/2024 10:20"},
        "Drug": {10: "xyzzy", 11: "alcohol"},
        "Gender": {12: "F", 0: ""},
    }
    for column, new in cells.items():
        for row, cell in new.items():
            changed.loc[row, column] = cell
    trial, done = importer.frame(changed, FORM, dry_run=True), importer.frame(changed, FORM)
    assert trial.changes == done.changes
    assert said_of(done) == {
        "doses_given": (3, (1, 2, 3), 2),
        "age_band": (2, (4, 5), 1),
        "gender": (2, (1, 13), 1),
        "place": (2, (7, 8), 1),
        "waits": (2, (9, 10), 1),
        "substances": (2, (11, 12), 1),
    }
    assert (done.changes.unread, done.changes.unread_rows.row_numbers) == (5, (1, 4, 7, 9, 11))
    assert (done.changes.emptied, done.changes.emptied_rows.row_numbers) == (2, (1, 3))
    told = "\n".join(done.lines())
    assert "doses_given in 3 records (rows 1 to 3), of which 2 lose what was there; " in told
    assert "In 5 of the 12 updated records values that were there become not recorded, since their new cells" in told
    on_page = "\n".join(line for _title, lines in done.sections(name_field=str.upper) for line in lines)
    assert "AGE_BAND in 2 records (rows 4 to 5), of which 1 loses what was there; " in on_page
    assert not [
        cell for cell in ("lots", "xyzzy", "51.52", "alcohol in", "2020") if cell in told.split("suspicious")[0]
    ]
    assert ImportReport.from_json(json.loads(json.dumps(done.to_json()))) == done
    # What is corrected comes back, and nothing is lost by it.
    healed = importer.frame(first, FORM)
    assert said_of(healed) == {field: (*records, 0) for field, (*records, _lost) in said_of(done).items()}
    assert healed.changes.unread == healed.changes.emptied == 0


def test_records_of_several_rows_and_second_files_are_told_of_too(importer):
    """Rows that are folded into one record are all named; of what a second file laid over it nothing is said."""
    several = make_mapping(rows="substance", columns={"gender": "Gender"}, substances={"columns": ["Drug"]})
    form = rows(Gender=["M", "M", "F"], Drug=["heroin", "alcohol", "heroin"])
    form["Reference"], form["When"] = ["R0", "R0", "R1"], "01/07/2024 14:00"
    importer.frame(form, several)
    columns = {"administration_id": "Reference", "condition_before": "Before", "gender": "Gender"}
    second = Mapping.model_validate(
        {"target": "administrations", "source": "second file", "synthetic": True, "joins": "administrations"}
        | {"parent_source": "test form", "columns": columns, "substances": {"columns": ["Drug"]}}
    )
    ambulance = rows(Before=["unconscious"] * 2, Drug=["heroin", "heroin;alcohol"], Gender=["F", "M"])
    importer.frame(ambulance, second)
    form.loc[1, "Drug"] = "nitazene"
    assert said_of(importer.frame(form, several)) == {"substances": (1, (1, 2), 0)}
    ambulance.loc[1, ["Before", "Drug"]] = ["who knows", "heroin"]
    told = importer.frame(ambulance, second)
    assert said_of(told) == {"condition_before": (1, (2,), 1), "substances": (1, (2,), 1)}
    assert (told.changes.unread, told.changes.emptied) == (1, 1)
