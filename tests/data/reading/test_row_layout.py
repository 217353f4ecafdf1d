"""Headings in two rows, blank cells below a filled one, totals and headings that come again, in text and workbooks."""

import io

import pytest

from data.mapping import FileLayout
from data.reading import filled_rows, open_table, sample_file
from data.settings import ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import workbook
from tests.data.reading.test_workbooks import changed

GROUPED = [
    ["Incident", "", "", "Location", "", "Casualty", "", "Notes"],
    ["Number", "Date", "Time", "Easting", "Northing", "No", "Date", ""],
    ["I1", "02/03/2024", "09:10", "318000", "176000", "1", "01/01/1990", "x"],
]
JOINED = (
    *("Incident Number", "Incident Date", "Incident Time", "Location Easting", "Location Northing"),
    *("Casualty No", "Casualty Date", "Notes"),
)


def sample(content, **layout):
    return sample_file(source=io.BytesIO(content), label="a", limits=ImportSettings(), layout=FileLayout(**layout))


def imported(content, **layout):
    """The headings and rows as an import reads them, with what it tells of rows that it fills or sets aside."""
    with open_table(
        source=io.BytesIO(content), label="a", layout=FileLayout(**layout), limits=ImportSettings(), expected=()
    ) as table:
        (block,) = table.read_blocks(range(len(table.headings)))
    rows = [tuple(row) for row in zip(*block.columns.values(), strict=True)]
    return table.headings, dict(zip(block.row_numbers.tolist(), rows, strict=True)), block


@pytest.mark.parametrize("above", [0, 2])
def test_two_rows_of_headings_are_one_and_an_import_that_is_told_reads_the_same(above):
    table = [["Naloxone return"], []][:above] + GROUPED
    merged = changed(
        workbook({"One": table}),
        "xl/worksheets/sheet1.xml",
        b"</sheetData>",
        # "Notes" stands over both rows; the groups over several columns.
        f'</sheetData><mergeCells count="2"><mergeCell ref="A{above + 1}:C{above + 1}"/>'
        f'<mergeCell ref="H{above + 1}:H{above + 2}"/></mergeCells>'.encode(),
    )
    for content in (as_csv(table[0], table[1:]), merged):
        found = sample(content)
        assert (found.headings, found.layout.header_row, found.layout.header_rows) == (JOINED, above + 2, 2)
        assert found.row_numbers == (1,)
        stated = {"header_row": above + 2, "header_rows": 2}
        assert imported(content, **stated)[0] == JOINED
        # Without being told, an import reads one row.
        assert imported(content, header_row=above + 2)[0][0] == "Number"


def test_headings_are_joined_only_under_groups():
    values = ["A1", "01/02/2024", "2", "x"]
    for table in (
        [["Naloxone returns, July", "", "", ""], ["Ref", "When", "Doses", "Note"], values],
        [["Force:", "", "Norfolk", ""], ["Ref", "When", "Doses", "Note"], values],
        [["Norfolk", "July", "", ""], ["Ref", "When", "Doses", "Note"], values],
        [["Ref", "", "Doses", ""], values, values],
        # A record of yeses that is wider than the headings.
        [["Woken", "", "Breathing"], ["Y", "Y", "Y", "Y"], values],
        # Groups over headings that say all by themselves.
        [["Incident", "", "Naloxone", ""], ["Incident ref", "Incident date", "Doses given", "Product"], values],
    ):
        assert sample(as_csv(table[0], table[1:])).layout.header_rows == 1
    # Words of forms that say nothing, and a group whose name its headings have already.
    parts = [["Part 1: incident details", "", "Person", ""], ["No", "Incident date", "No", "Age"], values]
    assert sample(as_csv(parts[0], parts[1:])).headings == ("incident No", "Incident date", "Person No", "Person Age")
    # An upper row that is fuller than the one under it, and headings that would come twice.
    few = [["Ref", "When", "Dose", "", "Age"], ["", "", "Given", "Given", ""], ["A1", "01/02/2024", "1", "1", "30"]]
    assert sample(as_csv(few[0], few[1:])).headings == ("Ref", "When", "Dose Given", "Dose Given 2", "Age")


LOG = [
    ["Date", "No", "Age", "Doses", "Town"],
    ["1 May", "1", "30", "1", "Barry"],
    ["", "2", "31", "1", "Barry"],
    ["", "", "32", "2", "Barry"],
    ["2 May", "", "33", "1", "Barry"],
    ["", "", "34", "1", "Barry"],
    ["", "", "", "", "see book"],
    ["Total for May", "", "", "6", ""],
    ["", "", "", "", ""],
    ["", "3", "35", "1", "Barry"],
    ["DATE", "No", "", "Doses", "Town"],
    ["3 May", "4", "36", "1", "Total stranger, Barry"],
]


def test_blanks_are_filled_from_above_but_never_over_what_begins_anew():
    content = as_csv(LOG[0], LOG[1:])
    _headings, rows, block = imported(content, fill_down=("Date", "No"))
    assert {number: row[:2] for number, row in rows.items()} == {
        1: ("1 May", "1"),
        2: ("1 May", "2"),
        3: ("1 May", "2"),
        4: ("2 May", ""),  # a new day begins with no number of the day before
        5: ("2 May", ""),
        6: ("", ""),  # a note
        9: ("", "3"),  # after a blank row
        11: ("3 May", "4"),
    }
    assert block.filled == (2, 3, 5)
    assert block.side_rows == {"looks_like_total": (7,), "repeats_headings": (10,)}
    assert block.blank_rows == 1
    # A sample has the same rows, filled only when asked to.
    found = sample(content)
    assert dict(zip(found.row_numbers, filled_rows(found, ("Date", "No")), strict=True)) == rows
    assert [row[0] for row in found.rows][:3] == ["1 May", "", ""]
