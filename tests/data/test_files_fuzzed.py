"""Files as nobody would write them: read, drafted, previewed and tried out, they end in a report or in a named error.

Every row is accounted for, and what a file may take in memory is bounded by settings.
"""

import csv
import io
import random
import tomllib

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping import default_mapping, mapped_fields
from data.mapping_toml import mapping_toml
from data.preview import preview_rows
from data.reading import sample_file
from data.schema import OWN_TABLES, TABLES
from data.settings import ImportSettings
from tests.data.forms import FORMS
from tests.data.importing import KEYS, make_settings, south_wales, workbook
from wording import NaloxoneWatchError

HEADINGS = [
    *("Incident Ref", "Reference", "Date and time of incident", "Date", "Time", "Name", "Surname", "Forename", "DOB"),
    *("Age", "Gender", "Type of substance taken", "Number of doses", "Outcome", "Tried to wake", "Collar number"),
    *("Ambulance response time (minutes)", "Time of call", "Ambulance arrived", "Latitude", "Longitude", "Easting"),
    *("Northing", "Postcode", "Officer area", "Seen by paramedics", "Kit serial no", "Notes", "Month", "Crime type"),
    *("Crime ID", "Falls within", "Police reference", "Time on scene", "CAD number", "Dose 1 time", "Dose 2 officer"),
    *("Shift date", "Start time", "End time", "Expiry date", "Due date", "Action", "=1+1", "<b>Name</b>", "../x", ""),
]
NASTY = st.sampled_from(
    [
        *("", " ", "NULL", "None Given", "n/a", "-", "Y", "no", "M", "Unconscious", "heroin / street valium", "PC 123"),
        *("=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../etc/passwd", "C:\\Windows", "'; DROP TABLE x; --"),
        *(
            "51,4816",
            "-3.179",
            "318000",
            "0",
            "1e308",
            "-1e400",
            "nan",
            "45658.5",
            "0.5625",
            "2024-13-45",
            "31/02/2024",
        ),
        *("01/07/2024 10:00", "2024-07-01T10:00:00Z", "07/01/24", "1 July 2024", "29:61", "10:00", "999999-01-01"),
        *("a\nb", 'a "quoted" word', "x" * 10_001, "é\u00a0ß", "\u202eabc", "😀", "12,5", "1.234,5", "CF10 1AA", "Red"),
    ]
)
CELL = NASTY | st.text(max_size=12) | st.datetimes().map(str) | st.floats().map(str) | st.integers().map(str)
TABLE = st.integers(1, 6).flatmap(
    lambda width: st.tuples(
        st.lists(st.sampled_from(HEADINGS) | st.text(max_size=8), min_size=width, max_size=width),
        st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8),
    )
)
SOUTH_WALES = south_wales()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    """The settings of a synthetic store that does not exist: every import is a dry run."""
    return make_settings(tmp_path_factory.mktemp("fuzz"), imports=ImportSettings(largest_file_mb=20))


def try_out(content, deployment, *, table=None, named_fields=False):
    """All that is done to a file before it is imported, and the import as a dry run; None where it is refused.

    With `named_fields` the headings are the fields of `table`, and no mapping is drafted.
    """
    try:
        sample = sample_file(source=io.BytesIO(content), label="a", limits=deployment.imports)
        if named_fields:
            mapping = default_mapping(table, sample.headings)
        else:
            draft = draft_mapping(sample=sample, settings=deployment, table=table, geography=SOUTH_WALES)
            draft.toml()
            mapping = draft.mapping()
        mapping = mapping.model_copy(update={"synthetic": True})
        preview = preview_rows(mapping=mapping, sample=sample, settings=deployment, geography=SOUTH_WALES)
        report = import_stream(
            stream=io.BytesIO(content),
            label="a",
            mapping=mapping,
            settings=deployment,
            keys=KEYS,
            geography=SOUTH_WALES,
            dry_run=True,
        )
    except NaloxoneWatchError:
        return None
    sums = report.to_json()
    parts = ("imported", "updated", "unchanged", "folded", "withdrawn", "quarantined_rows", "waiting")
    assert report.rows_in == sum(sums.get(each, 0) for each in parts)
    assert len(preview.rows) == min(10, len(sample.rows))
    return sample, report


def written(headings, rows, *, separator=",", encoding="utf-8", ending="\n", quoting=csv.QUOTE_ALL):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=ending, quoting=quoting)
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue().encode(encoding, "replace")


# A file that fails is looked at as it is: making it smaller takes minutes.
FUZZED = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@FUZZED
@given(
    table=TABLE,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "latin-1", "utf-32"]),
    separator=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_table_in_any_encoding(deployment, table, encoding, separator, ending, quoting):
    headings, rows = table
    try_out(written(headings, rows, separator=separator, encoding=encoding, ending=ending, quoting=quoting), deployment)


FORM_HEADINGS = ["Incident Ref", "Date and time of incident", "Name", "Age", "Number of doses", "Outcome", "Latitude"]
FORM_HEADINGS += ["Longitude", "Ambulance response time (minutes)", "Type of substance taken", "Collar number"]


def form(rows):
    return [
        [
            *(f"R{n:03}", f"{1 + n % 28:02}/{1 + n % 12:02}/2024 1{n % 10}:05", "Ann Lee", str(20 + n), "2"),
            *("Conscious", f"{51.48 + n / 1000:.5f}", "-3.17912", "12", "Heroin", "PC 1234"),
        ]
        for n in range(rows)
    ]


@FUZZED
@given(
    rows=st.integers(1, 12),
    changes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, len(FORM_HEADINGS) - 1), CELL), max_size=12),
    ragged=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 14)), max_size=3),
    repeats=st.lists(st.integers(0, 11), max_size=3),
)
def test_a_form_with_cells_that_are_anything_keeps_every_row(deployment, rows, changes, ragged, repeats):
    cells = form(rows)
    for row, column, text in changes:
        cells[row % rows][column] = text
    for row, width in ragged:
        cells[row % rows] = [*cells[row % rows], *["y"] * 20][:width]
    cells += [cells[row % rows] for row in repeats]
    outcome = try_out(written(FORM_HEADINGS, cells), deployment)
    if outcome is not None:
        _sample, report = outcome
        assert report.rows_in == sum(any(cell.strip() for cell in row) for row in cells)


FIELDS = {table.name: mapped_fields(table.name) for table in TABLES if table.name not in OWN_TABLES}


def plausible(field):
    """What the field may hold."""
    if field.values:
        return st.sampled_from(field.values)
    if field.minimum is not None:
        return st.sampled_from([f"{field.minimum:g}", f"{field.minimum + 7:g}", "51.48", "-3.18", "318000"])
    times = ["01/07/2024 10:00", "2024-07-01", "2024-07-01T10:00:00Z"]
    return st.sampled_from(times if field.type in ("TIMESTAMPTZ", "DATE") else ["A", "B", "PC 12", "Cardiff"])


@FUZZED
@given(
    data=st.data(),
    table=st.sampled_from(sorted(FIELDS)),
    rows=st.integers(1, 8),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16"]),
    drafted=st.booleans(),
)
def test_each_table_with_cells_that_are_anything_keeps_every_row(deployment, data, table, rows, encoding, drafted):
    """By the names of its fields, and by a mapping that is drafted for it."""
    some = data.draw(st.sets(st.sampled_from(sorted(FIELDS[table])), max_size=6))
    fields = [field for name, field in FIELDS[table].items() if field.required or name in some]
    cells = [[data.draw(st.one_of(plausible(each), plausible(each), CELL)) for each in fields] for _row in range(rows)]
    content = written([field.name for field in fields], cells, encoding=encoding)
    outcome = try_out(content, deployment, table=table, named_fields=not drafted)
    if outcome is not None and encoding != "cp1252":
        assert outcome[1].rows_in == sum(any(cell.strip() for cell in row) for row in cells)


@FUZZED
@given(
    maker=st.sampled_from(sorted(FORMS)),
    changes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 40), CELL), max_size=12),
    as_workbook=st.booleans(),
)
def test_published_forms_with_cells_that_are_anything_keep_every_row(deployment, maker, changes, as_workbook):
    headings, rows = FORMS[maker](12)
    for row, column, text in changes:
        rows[row][column % len(headings)] = "".join(each for each in text if each.isprintable())
    content = workbook({"One": [headings, *rows]}) if as_workbook and len(headings) < 27 else written(headings, rows)
    outcome = try_out(content, deployment)
    assert outcome is None or outcome[1].rows_in == len(rows)


@FUZZED
@given(seed=st.integers(0, 2**32 - 1), encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_damaged_bytes(deployment, seed, encoding):
    random_ = random.Random(seed)
    content = bytearray(written(FORM_HEADINGS, form(6), encoding=encoding))
    for _change in range(random_.randint(1, 6)):
        place = random_.randrange(len(content))
        content[place : place + random_.randint(0, 3)] = random_.choice(
            [b"\0", b'"', b"\xff", b"\x81", b"\n", b"\r", b",", b"\xef\xbb\xbf", random_.randbytes(5), b""]
        )
    try_out(bytes(content), deployment)


@FUZZED
@given(
    table=TABLE,
    typed=st.lists(st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none() | st.dates(), max_size=6),
    damage=st.none() | st.tuples(st.integers(0, 10_000), st.binary(max_size=8)),
)
def test_any_workbook(deployment, table, typed, damage):
    headings, rows = table
    printable = [["".join(each for each in cell if each.isprintable()) for cell in row] for row in [headings, *rows]]
    values = [[*row[: len(row) - len(typed)], *typed][: len(headings)] if n else row for n, row in enumerate(printable)]
    content = bytearray(workbook({"One": values}))
    if damage:
        content[damage[0] % len(content) : damage[0] % len(content) + len(damage[1])] = damage[1]
    try_out(bytes(content), deployment)


@FUZZED
@given(table=TABLE)
def test_what_is_drafted_is_the_same_file_again(deployment, table):
    """The TOML of a mapping, read again, is that mapping, whatever the headings hold."""
    headings, rows = table
    try:
        sample = sample_file(source=io.BytesIO(written(headings, rows)), label="a", limits=deployment.imports)
        draft = draft_mapping(sample=sample, settings=deployment)
        mapping = draft.mapping()
    except NaloxoneWatchError:
        return
    for text in (mapping_toml(mapping), draft.toml()):
        assert type(mapping).model_validate(tomllib.loads(text)) == mapping
