"""A kit ledger comes in as it is, and every contradiction of it is told by its row: in a file and between files."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from data.ingest import import_frame
from data.mapping import Mapping
from data.report import ImportReport
from data.settings import Settings
from data.store import open_store
from tests.data.importing import KEYS, make_settings, south_wales, stored

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
LEDGER = {
    "target": "kits",
    "source": "stores desk",
    "synthetic": True,
    "columns": {
        "kit_event_id": "No",
        "kit_token": "Kit",
        "officer_token": "Collar",
        "base": "Base",
        "event": "Event",
        "event_on": "On",
        "expires_on": "Expires",
        "kits": "Kits",
    },
}
# Number, kit, collar number, base, event, day, expiry, kits.
ROWS = (
    ("1", "K1", "1001", "Barry", "Used", "01/02/2026", "01/01/2027", "1"),
    ("2", "K1", "1001", "Barry", "Issued", "05/02/2026", "01/01/2027", "1"),
    ("3", "K2", "1001", "Barry", "Issued", "05/01/2026", "01/01/2027", "1"),
    ("4", "K2", "1001", "Barry", "Used", "06/01/2026", "01/01/2027", "1"),
    ("5", "K2", "1001", "Barry", "Used", "08/01/2026", "01/01/2027", "1"),
    ("6", "K3", "1001", "Barry", "Issued", "05/01/2026", "01/01/2027", "1"),
    ("7", "K3", "1001", "Barry", "Used", "07/01/2026", "01/01/2027", "1"),
    ("8", "K3", "1001", "Barry", "Returned", "09/01/2026", "01/01/2027", "1"),
    ("9", "K4", "1001", "Ely", "Issued", "05/01/2026", "01/12/2025", "1"),
    ("10", "K5", "1001", "Ely", "Issued", "05/01/2026", "01/12/2026", "-2"),
    ("11", "K6", "9999", "Ely", "Issued", "05/01/2026", "01/12/2026", "1"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def bring_in(settings: Settings, rows: tuple, *, dry_run: bool = False, **changes: object) -> ImportReport:
    headings = ["No", "Kit", "Collar", "Base", "Event", "On", "Expires", "Kits"]
    return import_frame(
        frame=pd.DataFrame(rows, columns=headings),
        mapping=Mapping.model_validate(LEDGER | changes),
        settings=settings,
        keys=KEYS,
        geography=south_wales(),
        as_of=NOW,
        dry_run=dry_run,
    )


def bring_in_carriers(settings: Settings) -> None:
    mapping = {
        "target": "carriers",
        "source": "register",
        "synthetic": True,
        "columns": {"carrier_id": "Collar", "officer_token": "Collar", "base": "Base"},
    }
    import_frame(
        frame=pd.DataFrame({"Collar": ["1001"], "Base": ["Barry"]}),
        mapping=Mapping.model_validate(mapping),
        settings=settings,
        keys=KEYS,
        geography=south_wales(),
        as_of=NOW,
    )


def told(report: ImportReport) -> dict[int, str]:
    return {warning.row_numbers[0]: warning.kind for warning in report.warnings}


@pytest.mark.parametrize("dry_run", [False, True])
def test_each_contradiction_is_told_by_its_row_and_none_is_put_right(settings: Settings, dry_run: bool) -> None:
    bring_in_carriers(settings)
    report = bring_in(settings, ROWS, dry_run=dry_run)
    assert told(report) == {
        1: "kit_before_issue",
        5: "kit_ended_twice",
        8: "kit_ended_twice",
        9: "kit_expiry_before_issue",
        10: "kit_count_unusable",
        11: "kit_unknown_officer",
    }
    assert (report.rows_in, report.imported, report.quarantined_fields) == (11, 11, 1)
    lines = "\n".join(report.lines())
    assert "used twice: row 4 says so already. Row: 5." in lines
    assert "returned after it was used (row 7). Row: 8." in lines
    assert "used before it was issued (row 2). Row: 1." in lines
    if not dry_run:
        kept = stored(settings, "kits")
        assert sorted(kept["row_number"]) == list(range(1, 12))
        assert kept.set_index("row_number")["event"].tolist() == [row[4].lower() for row in ROWS]


def test_a_row_that_contradicts_an_earlier_import_names_both(settings: Settings) -> None:
    bring_in(settings, ROWS[2:4])
    report = bring_in(settings, (("12", "K2", "1001", "Barry", "Lost", "01/03/2026", "01/01/2027", "1"),))
    assert told(report) == {1: "kit_ended_twice"}
    (sentence,) = [warning.sentence for warning in report.warnings]
    assert "lost after it was used (row 2 of the import of" in sentence
    with open_store(settings=settings, keys=KEYS) as store:
        ledger = store.kit_ledger()
    assert ledger["row_number"].tolist() == [1, 2, 1]
    assert ledger["kit"].nunique() == 1


def test_a_file_that_repeats_or_replaces_stored_rows_is_not_held_against_them(settings: Settings) -> None:
    bring_in(settings, ROWS[2:4])
    again = tuple((*row[:5], "07/01/2026", *row[6:]) for row in ROWS[3:4])
    assert bring_in(settings, again).warnings == ()
    # A full extract numbers its rows anew: what it leaves out is withdrawn, not contradicted.
    anew = tuple(("new " + row[0], *row[1:]) for row in ROWS[2:4])
    assert bring_in(settings, anew, dry_run=True, extract="full").warnings == ()
    assert told(bring_in(settings, anew, dry_run=True)) != {}


def test_a_ledger_with_more_contradictions_than_anyone_reads_says_how_many_more(settings: Settings) -> None:
    rows = tuple((str(n), f"K{n}", "1001", "Barry", "Lost", "05/01/2026", "01/01/2027", "1") for n in range(1, 131))
    report = bring_in(settings, rows)
    assert len(report.warnings) == 101
    assert (report.warnings[-1].kind, report.warnings[-1].count) == ("kit_contradictions", 30)
