"""Files as text cells: against Python's own csv writer, in every encoding and separator, and against damage."""

import csv
import io
import itertools
import tracemalloc
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.mapping import FileLayout
from data.reading import UnreadableFileError, frame_table, open_table, workbook_size
from data.reading import source as reading
from data.settings import ImportSettings
from tests.data.importing import workbook

LIMITS = ImportSettings()


def read(content: bytes, *, layout: FileLayout | None = None, expected: tuple[str, ...] = (), limits=LIMITS):
    """The headings, the rows as lists, their numbers, misfits and the number of blank rows."""
    with open_table(
        source=io.BytesIO(content), label="a.csv", layout=layout or FileLayout(), limits=limits, expected=expected
    ) as table:
        return table.headings, *whole(table)


def whole(table):
    rows, numbers, misfits, blank = [], [], [], 0
    for block in table.read_blocks(range(len(table.headings))):
        rows += [list(row) for row in zip(*(block.columns[i] for i in range(len(table.headings))), strict=True)]
        numbers += list(block.row_numbers)
        misfits += list(block.misfits)
        blank += block.blank_rows
    return rows, numbers, misfits, blank


CELL = st.text(
    st.characters(codec="cp1252", exclude_categories=("Cc", "Cs", "Zs")) | st.sampled_from(' ",;\t|\n'), max_size=12
)


@settings(max_examples=60, deadline=None)
@example(rows=[("", ";", ";0"), ("", "", ";0")], separator="\t", encoding="utf-8", ending="\n")
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_is_read(rows, separator, encoding, ending):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["Référence", "When it was", "Name"])
    writer.writerows(rows)
    headings, found, numbers, misfits, blank = read(text.getvalue().encode(encoding))
    assert headings == ("Référence", "When it was", "Name")
    expected = [[cell.strip() for cell in row] for row in rows]
    assert found == [row for row in expected if any(row)]
    assert blank == sum(not any(row) for row in expected)
    assert list(numbers) == [n for n, row in enumerate(expected, start=1) if any(row)]
    assert misfits == []


def test_the_separator_is_the_one_that_finds_the_expected_headings():
    content = b"Ref;Name, first and last, and more, and more;When\n1;a;2\n"
    headings, rows, *_rest = read(content, expected=("Ref", "When"))
    assert headings == ("Ref", "Name, first and last, and more, and more", "When")
    assert rows == [["1", "a", "2"]]


def test_rows_of_another_width_are_named_and_blank_ones_counted():
    content = b"a,b,\n1,2\n\n1\n1,2,3,4\n,,\n3,4,\n"
    headings, rows, numbers, misfits, blank = read(content)
    assert headings == ("a", "b")
    assert rows == [["1", "2"], ["3", "4"]]
    assert list(numbers) == [1, 6]
    assert misfits == [3, 4]
    assert blank == 2


def test_a_quotation_mark_left_open_is_refused_with_its_row():
    with pytest.raises(UnreadableFileError, match="after its row 3") as error:
        read(b'a,b\n1,2\n1,2\n1,"secret words\n1,2\n')
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "no headings"),
        (b"a,b\n1,\x00\x00\n", "neither a workbook nor text"),
        (b"a,b\n1,\x81\x8d\n", "neither a workbook nor text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000), "damaged or of an unknown kind"),
        (b"PK\x03\x04 not a workbook", "damaged or of an unknown kind"),
        (b"%PDF-1.7\nobj,obj\n1,2\n", "is PDF, and no table"),
        (b'\xef\xbb\xbf[\n {"a": 1, "b": 2}]', "is JSON, and no table"),
        (b"<HTML><table>\n<tr>", "is HTML, and no table"),
    ],
)
def test_what_cannot_be_read_is_named(content, words):
    with pytest.raises(UnreadableFileError, match=words):
        read(content)


def test_too_large_a_file_too_many_rows_and_a_zip_bomb_are_refused():
    small = ImportSettings(largest_file_mb=1, largest_workbook_mb=1, most_rows=2)
    with pytest.raises(UnreadableFileError, match="largest_file_mb"):
        read(b"a,b\n" + b"1,2\n" * 300_000, limits=small)
    with pytest.raises(UnreadableFileError, match="most_rows"):
        read(b"a,b\n1,2\n1,2\n1,2\n", limits=small)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 2_000_000)
    assert len(bomb.getvalue()) < 10_000
    with pytest.raises(UnreadableFileError, match="unpacks to more"):
        read(bomb.getvalue(), limits=small)


def test_a_file_that_is_not_there_is_named():
    for path in (Path("no/x.csv"), Path("x\0.csv")):
        with (
            pytest.raises(UnreadableFileError, match=r"x\.csv cannot be opened"),
            open_table(source=path, label="x.csv", layout=FileLayout(), limits=LIMITS, expected=()),
        ):
            pass


def with_cell(content, place, cell="<v>1</v>"):
    """The workbook `content` with one more row, which has one cell."""
    out = io.BytesIO()
    number = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            row = f'<row r="{number}"><c r="{place}">{cell}</c></row></sheetData>'.encode()
            new.writestr(name, old.read(name).replace(b"</sheetData>", row))
    return out.getvalue()


@pytest.mark.parametrize("place", ["XFD1048576", "Z1048576", "XFD900"])
def test_a_stray_cell_far_from_the_table_is_refused_before_the_sheet_is_laid_out(place):
    content = workbook({"One": [["a", "b"], [1, 2]]})
    tracemalloc.start()
    with pytest.raises(UnreadableFileError, match="almost all of it is empty"):
        read(with_cell(content, place))
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()
    assert read(with_cell(content, "B3000"))[1] == [["1", "2"], ["", "1"]]


@pytest.mark.parametrize("places", [True, False])
def test_cells_without_a_place_are_counted_along_their_rows(places):
    rows = '<row r="900000">' if places else "<row></row>" * 900_000 + "<row>"
    sheet = f"<worksheet><sheetData>{rows}{'<c><v>1</v></c>' * 5_000}</row></sheetData></worksheet>"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    with pytest.raises(UnreadableFileError, match="and column 5,000, and almost all of it is empty"):
        read(content.getvalue())


def test_the_extent_of_a_sheet_is_found_across_chunks(monkeypatch):
    monkeypatch.setattr(workbook_size, "_READ_BYTES", 200)
    monkeypatch.setattr(workbook_size, "_CHEAP_CELLS", 10)
    dense = workbook({"One": [["a", "b", "c"]] + [[n, n, None] for n in range(1, 60)]})
    assert len(read(dense)[1]) == 59
    with pytest.raises(UnreadableFileError, match="row 400 and column 27,"):
        read(with_cell(dense, "AA400"))


def test_a_workbook_gives_iso_dates_and_whole_numbers():
    sheet = [
        ["Ref", "When", "Day", "Clock", "Doses", "Share", "Seen", "Note"],
        [12.0, datetime(2024, 7, 1, 13, 30), date(2024, 7, 1), time(13, 30), 2, 0.5, True, " O'Brien & co "],
        ["A1", datetime(2024, 7, 2, 0, 0), date(2024, 12, 31), None, None, 1.25, False, None],
    ]
    headings, rows, numbers, misfits, blank = read(workbook({"Records": sheet, "Empty": []}))
    assert headings == tuple(sheet[0])
    assert rows[0] == ["12", "2024-07-01 13:30:00", "2024-07-01", "13:30:00", "2", "0.5", "True", "O'Brien & co"]
    assert rows[1] == ["A1", "2024-07-02 00:00:00", "2024-12-31", "", "", "1.25", "False", ""]
    assert (list(numbers), misfits, blank) == ([1, 2], [], 0)


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)), min_size=1, max_size=20))
def test_a_workbooks_times_keep_their_seconds(moments):
    moments = [moment.replace(microsecond=0) for moment in moments]
    _headings, rows, *_rest = read(workbook({"One": [["When", "Ref"], *([moment, "a"] for moment in moments)]}))
    timed = any(moment.time() != time(0) for moment in moments)
    assert [row[0] for row in rows] == [
        moment.isoformat(sep=" ") if timed else moment.date().isoformat() for moment in moments
    ]


def test_a_workbook_with_several_sheets_needs_to_be_told_which():
    content = workbook({"One": [["a"], ["1"]], "Two": [["b"], ["2"]]})
    with pytest.raises(UnreadableFileError, match="2 sheets with something in them"):
        read(content)
    assert read(content, layout=FileLayout(sheet="Two"))[:2] == (("b",), [["2"]])
    assert read(content, layout=FileLayout(sheet=1))[:2] == (("a",), [["1"]])
    with pytest.raises(UnreadableFileError, match="has nothing in it"):
        read(workbook({"One": [], "Two": []}))
    with pytest.raises(UnreadableFileError, match="has 1 sheet and not the one"):
        read(workbook({"One": [["a"], ["1"]]}), layout=FileLayout(sheet=2))
    with pytest.raises(UnreadableFileError, match="not the one that the mapping states"):
        read(content, layout=FileLayout(sheet="Three"))


def test_headings_may_stand_in_a_later_row():
    layout = FileLayout(header_row=3)
    assert read(b"A title,\n\na,b\n1,2\n", layout=layout)[:2] == (("a", "b"), [["1", "2"]])
    sheet = workbook({"One": [["A title", None], [None, None], ["a", "b"], [1, 2]]})
    assert read(sheet, layout=layout)[:2] == (("a", "b"), [["1", "2"]])


def test_blocks_join_up_to_the_whole_file(monkeypatch):
    content = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(1, 26))
    expected = read(content)
    monkeypatch.setattr(reading, "_BLOCK_ROWS", 4)
    assert read(content) == expected
    frame = pd.DataFrame({"a": range(25), "b": np.arange(25) ** 2})
    assert [len(block.row_numbers) for block in frame_table(frame=frame, label="f").read_blocks({0})] == [4] * 6 + [1]


def test_a_frame_reads_as_a_file_of_the_same_content_would():
    frame = pd.DataFrame(
        {
            "text": ["a", None, " b "],
            "moment": pd.to_datetime(["2024-01-02 03:04", None, "2024-01-02 00:00"]),
            "aware": pd.to_datetime(["2024-07-02 03:04", None, "2024-01-02 00:00"], utc=True),
            "day": pd.to_datetime(["2024-01-02", None, "2024-01-03"]),
            "number": [1.0, np.nan, 2.5],
            "whole": pd.array([1, None, 3], dtype="Int64"),
            "kind": pd.Categorical(["x", None, "y"]),
        }
    )
    rows, *_rest = whole(frame_table(frame=frame, label="f"))
    assert rows == [
        ["a", "2024-01-02 03:04:00", "2024-07-02 03:04:00+00:00", "2024-01-02", "1", "1", "x"],
        ["", "", "", "", "", "", ""],
        ["b", "2024-01-02 00:00:00", "2024-01-02 00:00:00+00:00", "2024-01-03", "2.5", "3", "y"],
    ]


def test_the_hash_is_of_the_content():
    def file_hash(frame):
        return frame_table(frame=frame, label="f").file_hash

    frame = pd.DataFrame({"a": ["1", "2"], "b": ["3", "4"]})
    others = [frame.rename(columns={"a": "c"}), frame.iloc[::-1], frame.assign(b=["3", "5"]), frame[["b", "a"]]]
    hashes = [file_hash(each) for each in (frame, *others)]
    assert len(set(hashes)) == len(hashes)
    assert file_hash(frame.copy()) == hashes[0]
    for one, other in itertools.combinations([b"a,b\n1,2\n", b"a,b\n1,3\n"], 2):
        with (
            open_table(source=io.BytesIO(one), label="x", layout=FileLayout(), limits=LIMITS, expected=()) as first,
            open_table(source=io.BytesIO(other), label="x", layout=FileLayout(), limits=LIMITS, expected=()) as second,
        ):
            assert first.file_hash != second.file_hash
