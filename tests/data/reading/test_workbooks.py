"""Workbooks as offices keep them, and as nobody should: found, read as they show, or refused by name."""

import io
import struct
import tracemalloc
import zipfile
from datetime import date, datetime, time

import pytest

from data.mapping import FileLayout
from data.reading import UnreadableFileError, open_table, sample_file
from data.reading.file_rows import SeveralSheetsError
from data.settings import ImportSettings
from tests.data.importing import workbook

LIMITS = ImportSettings(largest_workbook_mb=20)
TABLE = [["Ref", "When", "Doses"], ["A1", datetime(2024, 7, 1, 13, 30), 2], ["A2", datetime(2024, 7, 2, 9, 5), 1]]


def sample(content, *, expected=(), **layout):
    return sample_file(
        source=io.BytesIO(content), label="a.xlsx", limits=LIMITS, layout=FileLayout(**layout), expected=expected
    )


def changed(content, name, old, new):
    """The workbook with a part of one of its files replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for each in source.namelist():
            part = source.read(each)
            assert each != name or old in part
            target.writestr(each, part.replace(old, new) if each == name else part)
    return out.getvalue()


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in parts.items():
            target.writestr(name, part)
    return out.getvalue()


def test_titles_above_the_headings_are_passed_over_and_told_of():
    titled = [["Naloxone returns, July"], [], ["Contact the desk for questions"], *TABLE]
    found = sample(workbook({"One": titled}))
    assert found.layout.header_row == 4
    assert found.headings == ("Ref", "When", "Doses")
    assert found.rows[0] == ("A1", "2024-07-01 13:30:00", "2")
    assert found.notes == ("3 rows above the headings in row 4 are not read.",)
    assert sample(workbook({"One": titled}), header_row=1).headings == ("Naloxone returns, July",)
    text = "Naloxone returns\n\nRef;When;Doses\nA1;01/07/2024;2\n".encode("utf-16")
    assert (sample(text).headings, sample(text).layout.separator) == (("Ref", "When", "Doses"), ";")


def test_the_sheet_is_the_only_one_with_the_expected_headings():
    content = workbook({"Lists": [["Role"], ["PCSO"]], "Records": TABLE, "Empty": []})
    assert sample(content, expected=["ref", "doses"]).layout.sheet == "Records"
    assert sample(content, expected=["ref", "doses"]).sheets == ("Lists", "Records", "Empty")
    with pytest.raises(SeveralSheetsError, match="2 sheets with something in them: sheet 1 and sheet 2") as several:
        sample(content)
    assert several.value.sheets == ("Lists", "Records", "Empty")
    with pytest.raises(UnreadableFileError, match="2 sheets"):
        sample(workbook({"a": TABLE, "b": TABLE}), expected=["ref"])
    assert sample(content, sheet=1).headings == ("Role",)


def test_a_hidden_sheet_is_read_only_where_it_is_named():
    content = workbook({"Lists": [["Role"], ["PCSO"]], "Records": TABLE})
    hidden = changed(content, "xl/workbook.xml", b'<sheet name="Lists"', b'<sheet state="hidden" name="Lists"')
    assert sample(hidden).layout.sheet == "Records"
    assert sample(hidden, sheet="Lists").headings == ("Role",)


def test_a_merged_cell_stands_in_each_row_that_it_covers():
    rows = [["Ref", "Person", "Drug"], ["A1", "1", "Heroin"], [None, None, "Alcohol"], [None, "2", "Heroin"], ["A2"]]
    merged = changed(
        workbook({"One": rows}),
        "xl/worksheets/sheet1.xml",
        b"</sheetData>",
        b'</sheetData><mergeCells count="3"><mergeCell ref="A2:A4"/><mergeCell ref="B2:B3"/><mergeCell ref="B5:C5"/>'
        b"</mergeCells>",
    )
    found = sample(merged)
    assert found.rows == (("A1", "1", "Heroin"), ("A1", "1", "Alcohol"), ("A1", "2", "Heroin"), ("A2", "", ""))
    assert found.notes == ("2 merged cells cover several rows; their values are read in each of them.",)


def test_a_table_that_begins_in_another_corner():
    content = workbook({"One": [[], [], *([None, None, *row] for row in TABLE)]})
    found = sample(content)
    assert found.headings == ("", "", "Ref", "When", "Doses")
    assert found.rows[0][2:] == ("A1", "2024-07-01 13:30:00", "2")


def test_dates_counted_from_1904_are_the_same_dates():
    """The standard's own rule (ECMA-376 18.2.28): with date1904, day 0 is 1 January 1904, 1,462 days later."""
    content = workbook(
        {"One": [["When", "Day", "Clock"], [datetime(2024, 7, 1, 13, 30), date(2024, 7, 1), time(6, 15)]]}
    )
    mac = changed(content, "xl/workbook.xml", b"<sheets>", b'<workbookPr date1904="1"/><sheets>')
    assert sample(content).rows == (("2024-07-01 13:30:00", "2024-07-01", "06:15:00"),)
    assert sample(mac).rows == (("2028-07-02 13:30:00", "2028-07-02", "06:15:00"),)


ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="One">{}</table:table></office:spreadsheet></office:body></office:document-content>"""
MANIFEST = """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="content.xml">{}</manifest:file-entry></manifest:manifest>"""


def ods(rows, manifest=""):
    return archive(
        **{
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": MANIFEST.format(manifest),
            "content.xml": ODS.format(rows),
        }
    )


def ods_cell(text, repeated=1):
    return (
        f'<table:table-cell table:number-columns-repeated="{repeated}" office:value-type="string">'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def ods_row(cells, repeated=1):
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


EMPTY = '<table:table-cell table:number-columns-repeated="{}"/>'


def test_an_opendocument_sheet_is_read_without_the_empty_rest_that_it_states():
    content = ods(
        ods_row(ods_cell("Ref") + ods_cell("Doses") + EMPTY.format(16_382))
        + ods_row(ods_cell("A1") + ods_cell("2") + EMPTY.format(16_382), repeated=3)
        + ods_row(EMPTY.format(16_384), repeated=1_048_572)
    )
    found = sample(content)
    assert found.headings == ("Ref", "Doses")
    assert found.rows == (("A1", "2"),) * 3


@pytest.mark.parametrize(
    "rows",
    [
        ods_row(ods_cell("a", 2)) + ods_row(ods_cell("x", 10_000), 1_000_000),
        ods_row(ods_cell("a", 2)) + ods_row(ods_cell("x" * 100_000, 100), 1_000),
        ods_row(ods_cell("a", 2)) + ods_row(EMPTY.format(16_383) + ods_cell("x")) + ods_row(ods_cell("x"), 900_000),
    ],
)
def test_opendocument_cells_that_are_repeated_without_end_are_refused(rows):
    refused_cheaply(ods(rows), "unpacks to more|almost all of it is empty")


def refused_cheaply(content, words, limits=LIMITS):
    """The file is refused in these words, at a cost that its size does not explain."""
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFileError, match=words):
            sample_file(source=io.BytesIO(content), label="a.xlsx", limits=limits)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000 + 3 * len(content)
    finally:
        tracemalloc.stop()


def test_a_long_text_that_many_cells_share_is_refused():
    content = workbook({"One": [["a", "b"], ["1", "2"]]})
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(3, 5_000))
    many = changed(content, "xl/worksheets/sheet1.xml", b"</sheetData>", cells.encode() + b"</sheetData>")
    with zipfile.ZipFile(io.BytesIO(many)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    for length, words in ((30_000, "unpacks to more"), (10, None)):
        text = f"<sst><si><t>{'x' * length}</t></si></sst>"
        shared = archive(**parts, **{"xl/sharedStrings.xml": text})
        if words:
            refused_cheaply(shared, words)
        else:
            assert sample(shared).headings == ("a", "b")


def test_a_workbook_that_lies_about_its_size_is_refused():
    large = archive(**{"xl/workbook.xml": b"<a>" + b" " * 30_000_000 + b"</a>"})
    content = bytearray(large)
    size = (30_000_007).to_bytes(4, "little")
    assert content.count(size) == 2
    for place in (content.find(size), content.rfind(size)):
        content[place : place + 4] = (1_000).to_bytes(4, "little")
    refused_cheaply(bytes(content), "damaged")
    refused_cheaply(
        archive(**{"xl/workbook.xml": b"<a>" + b" " * 30_000_000 + b"</a>"}), "unpacks to more than the 20 MB"
    )


def test_passwords_and_binary_workbooks_are_named():
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    for content in (locked, ods(ods_row(ods_cell("a")), manifest="<manifest:encryption-data/>")):
        with pytest.raises(UnreadableFileError, match="protected by a password"):
            sample(content)
    flagged = bytearray(archive(**{"xl/workbook.xml": b"x"}))
    flagged[6] |= 1
    place = flagged.find(b"PK\x01\x02")
    flagged[place + 8] |= 1
    with pytest.raises(UnreadableFileError, match="protected by a password"):
        sample(bytes(flagged))
    with pytest.raises(UnreadableFileError, match=r"of the binary kind \(.xlsb\)"):
        sample(archive(**{"xl/workbook.bin": b"x"}))


def test_a_million_headings_are_refused():
    limits = ImportSettings()
    with pytest.raises(UnreadableFileError, match="1,000,000 columns, more than the 2,000"):
        sample_file(source=io.BytesIO(b"a," * 999_999 + b"a\n1\n"), label="a", limits=limits)
    with pytest.raises(UnreadableFileError, match="2,001 columns"):
        sample(b"a;" * 2_000 + b"a\n1\n")
    with pytest.raises(UnreadableFileError, match="has 900,000 characters, more than the 10,000"):
        sample(b"a;" + b"b" * 900_000 + b"\n1;2\n")


@pytest.mark.parametrize("content", [b"a,b\n" + b"1," * 900_000, b'a,b\n1,"' + b"x\n" * 90_000, b"a" * 900_000])
def test_a_row_without_end_is_refused_before_it_fills_the_memory(content):
    refused_cheaply(content, "longer than the 100,000 characters", ImportSettings(longest_row=100_000))


def test_rows_of_a_hundred_thousand_cells_cost_no_more_than_one_of_them():
    content = b"a,b\n1,2\n" + (b"," * 100_000 + b"x\n") * 60 + b"3,4\n"
    tracemalloc.start()
    with open_table(source=io.BytesIO(content), label="a", layout=FileLayout(), limits=LIMITS, expected=()) as table:
        [block] = table.read_blocks({0, 1})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(block.row_numbers) == [1, 62]
    assert len(block.misfits) == 60
    assert peak < 20_000_000


def biff(kind, body=b""):
    return struct.pack("<HH", kind, len(body)) + body


def xls(sheets, *, more=b""):
    """An .xls file ([MS-XLS], [MS-CFB]): cells of text and numbers as (row, column, value), by sheet."""
    bof = biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 6))
    sheet_bof = biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6))
    parts = [sheet_bof + b"".join(map(xls_cell, cells)) + biff(0x000A) for cells in sheets.values()]
    names = [bytes([len(name), 0]) + name.encode() for name in sheets]
    start = len(bof) + len(more) + sum(4 + 6 + len(name) for name in names) + 4
    places = [start + sum(map(len, parts[:n])) for n in range(len(parts))]
    bounds = [biff(0x0085, struct.pack("<IH", at, 0) + name) for at, name in zip(places, names, strict=True)]
    stream = bof + more + b"".join(bounds) + biff(0x000A) + b"".join(parts)
    stream = stream.ljust(max(4_096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    header = struct.pack("<8s16xHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4_096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    entries = xls_entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + xls_entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    return (
        header + struct.pack("<128I", *table, *[0xFFFFFFFF] * (128 - len(table))) + entries.ljust(512, b"\0") + stream
    )


def xls_entry(name, kind, child, start, size):
    text = name.encode("utf-16-le") + b"\0\0"
    return struct.pack("<64sHBBIII36xIQ", text, len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, start, size)


def xls_cell(cell):
    row, column, value = cell
    if isinstance(value, str):
        return biff(0x0204, struct.pack("<HHHHB", row, column, 0, len(value), 0) + value.encode())
    return biff(0x0203, struct.pack("<HHHd", row, column, 0, value))


def test_an_old_workbook_is_read_and_its_far_cells_are_refused():
    cells = [(0, 0, "Ref"), (0, 1, "Doses"), (1, 0, "A1"), (1, 1, 2.0)]
    found = sample(xls({"One": cells}))
    assert (found.headings, found.rows) == (("Ref", "Doses"), (("A1", "2"),))
    refused_cheaply(xls({"One": [*cells, (65_535, 255, "x")]}), "reaches to row 65,536 and column 256, and almost all")
    refused_cheaply(xls({f"s{n}": [(30_000, 40, "x")] for n in range(9)}), "almost all of it is empty")
    with pytest.raises(UnreadableFileError, match="protected by a password"):
        sample(xls({"One": cells}, more=biff(0x002F, bytes(6))))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:600],
        lambda content: content.replace("Workbook".encode("utf-16-le"), "Letter  ".encode("utf-16-le")),
        # A stream that says to be longer than it is: the reader's compiled part gives up.
        lambda content: content[:1_273] + b"\1" + content[1_274:],
        # The chain of the stream's sectors leads back to its first.
        lambda content: content[: 512 + 4 * 9] + struct.pack("<I", 2) + content[512 + 4 * 10 :],
    ],
)
def test_a_damaged_old_workbook_is_refused(change):
    with pytest.raises(UnreadableFileError, match="damaged or of an unknown kind"):
        sample(change(xls({"One": [(0, 0, "Ref")]})))
