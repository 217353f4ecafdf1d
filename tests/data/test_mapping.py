"""A mapping is checked whole against the schema, and every table can be filled without one."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from data.mapping import (
    FORM_TABLE,
    Mapping,
    MappingError,
    default_mapping,
    load_mapping,
    mapped_fields,
    plain_heading,
)
from data.schema import OWN_TABLES, TABLES
from tests.data.importing import FORM

ROOT = Path(__file__).parents[2]
TARGETS = [table.name for table in TABLES if table.name not in OWN_TABLES]


def write(folder, text):
    file = folder / "mapping.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_mapping_is_read_whole(tmp_path):
    mapping = load_mapping(
        write(
            tmp_path,
            """
            target = "administrations"
            source = "Niche"
            extract = "full"
            [file]
            separator = ";"
            encoding = "windows-1252"
            decimal = ","
            [columns]
            incident_id = "Occurrence"
            administration_id = ["Occurrence", "Person"]
            occurred_at = ["Date", "Time"]
            setting = { fixed = "street" }
            gender = "Sex"
            [times]
            time_zone = "Europe/London"
            formats = ["%d/%m/%Y"]
            [place]
            crs = "EPSG:27700"
            x = "E"
            y = "N"
            [person]
            name = ["First", "Last"]
            date_of_birth = "DOB"
            [values.gender]
            "MALE / GWRYW" = "male"
            [substances]
            columns = ["Drug 1", "Drug 2"]
            certainty_columns = ["Sure 1", "Sure 2"]
            [[waits]]
            kind = "call_to_arrival"
            minutes = "Ambulance"
            [[doses]]
            officer = "Collar"
            given_at = ["Date", "Dose time"]
            """,
        )
    )
    assert mapping.key_headings("incident_id") == ("Occurrence",)
    assert mapping.key_headings("administration_id") == ("Occurrence", "Person")
    assert mapping.file.encoding == "cp1252"
    assert set(mapping.headings) == {
        *("Occurrence", "Person", "Date", "Time", "Sex", "E", "N", "First", "Last", "DOB", "Drug 1", "Drug 2"),
        *("Sure 1", "Sure 2", "Ambulance", "Collar", "Dose time"),
    }
    with pytest.raises(ValidationError, match="frozen"):
        mapping.source = "another"


def test_one_key_serves_incident_and_administration():
    for given, other in (("incident_id", "administration_id"), ("administration_id", "incident_id")):
        mapping = Mapping.model_validate(FORM | {"columns": {given: ["A", "B"], "occurred_at": "When"}})
        assert mapping.key_headings(other) == ("A", "B")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "people"}, "choose one of incidents, administrations"),
        ({"target": "imports"}, "choose one of incidents, administrations"),
        ({"surprise": 1}, "surprise"),
        ({"source": ""}, "source"),
        ({"source": "PC 1234 Quagmire"}, "source: it is stored as it stands"),
        ({"parent_source": "form of 14 March 1971"}, "parent_source: it is stored as it stands"),
        ({"columns": FORM["columns"] | {"officer_area": {"fixed": "a@b.example"}}}, "it is stored as it stands"),
        ({"columns": {"occurred_at": "When"}}, "administration_id or incident_id is needed"),
        ({"columns": {"incident_id": "R"}}, "occurred_at is needed"),
        ({"columns": FORM["columns"] | {"gendre": "G"}}, "no such field"),
        ({"columns": FORM["columns"] | {"local_hour": "G"}}, "no such field"),
        ({"columns": FORM["columns"] | {"easting_m": "E"}}, r"\[place\]"),
        ({"columns": FORM["columns"] | {"person_token": "E"}}, r"\[person\]"),
        ({"columns": FORM["columns"] | {"gender": {"fixed": "man"}}}, "must be one of male, female"),
        ({"columns": FORM["columns"] | {"doses_given": {"fixed": "2"}}}, "only a text can be fixed"),
        ({"columns": FORM["columns"] | {"gender": ["A", "B"]}}, "several columns"),
        ({"columns": FORM["columns"] | {"recorded_at": ["A", "B", "C"]}}, "a date and a time of day"),
        ({"times": {"time_zone": "Europe/Cardiff"}}, "not a time zone"),
        ({"times": {"formats": ["%H:%M"]}}, "needs a day and a year"),
        (
            {"target": "requests", "columns": {"request_id": "R", "occurred_at": "W"}, "times": {"formats": ["%Y-%m"]}},
            "needs a day and a year",
        ),
        ({"place": {"crs": "EPSG:nowhere", "x": "E", "y": "N"}}, "not a coordinate reference system"),
        ({"place": {"x": "E"}}, "go together"),
        ({"file": {"encoding": "utf-99"}}, "not an encoding"),
        *(({"file": {"encoding": name}}, "not an encoding") for name in ("base64", "rot13", "undefined", "a\0b")),
        *(
            ({"times": {"formats": [form]}}, "strptime does not know")
            for form in ("%d/%m/%Y %H:%N", "%d/%d/%Y", "%d/%m/%Y %", "%Y %U %d")
        ),
        ({"file": {"separator": "#"}}, "separator"),
        ({"values": {"gender": {"M": "man"}}}, "man is not one of male, female"),
        ({"values": {"incident_id": {"M": "man"}}}, "not a field whose values"),
        ({"substances": {"columns": []}}, "columns or yes_no is needed"),
        ({"substances": {"columns": ["A", "B", "C"], "certainty_columns": ["D", "E"]}}, "one column for all"),
        ({"waits": [{"kind": "call_to_arrival", "started_at": "A"}]}, "needs minutes"),
        ({"waits": [{"kind": "call_to_tea", "minutes": "A"}]}, "call_to_arrival"),
        ({"target": "shifts", "columns": {"shift_id": "A"}, "place": {"x": "E", "y": "N"}}, "has no place"),
        ({"target": "shifts", "columns": {"shift_id": "A"}, "person": {"name": "E"}}, "administrations only"),
        ({"target": "doses", "columns": {"dose_id": "A"}}, "administration_id is needed"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(changes, words):
    content = FORM | changes
    with pytest.raises(ValidationError, match=words):
        Mapping.model_validate(content)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("target = ", "is not valid TOML"),
        ('source = "a"\n[columns]\nincident_id = "A"', "columns: occurred_at is needed"),
        ('source = "a"\n[columns]\nincident_id = "A"\noccurred_at = "B"\n[times]\nformats = 1', "times.formats"),
    ],
)
def test_an_unusable_file_is_named(text, words, tmp_path):
    file = write(tmp_path, text)
    with pytest.raises(MappingError, match=words) as error:
        load_mapping(file)
    assert str(file) in str(error.value)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("surprise = 1", "surprise: there is no such setting here"),
        ('synthetic = "maybe"', "synthetic: it must be true or false"),
        ("[file]\nheader_row = 0", "file.header_row: it must be 1 or more"),
        ("[file]\nheader_row = 1001", "file.header_row: it must be 1000 or less"),
        ('[file]\nheader_row = "x"', "file.header_row: it must be a whole number"),
        ('[file]\ndecimal = "x"', "file.decimal: it must be '.' or ','"),
        ("[file]\nheader_rows = 2", "file: header_rows: state header_row too"),
        ("[substances]\ncertainty = 'suspected'", "substances: columns or yes_no is needed"),
        ("[[waits]]\nminutes = 'Wait'", "kind: it is needed and not there"),
        ('[only]\n"Kind" = []', "only.Kind: it must not be empty"),
        ("[times]\nformats = 1", "times.formats: it must be a list in square brackets"),
        ("[person]\nage = 1", "person.age: it must be a text in quotation marks"),
        ("[person]\nname = 1", "person.name: it must be a text in quotation marks"),
        ('[place]\nlocation_precision_m = "x"', "place.location_precision_m: it must be a number"),
        ('[times]\ntime_zone = "Cardiff"', "times.time_zone: not a time zone name such as Europe/London"),
        ("[[waits]]\nclock = 'police_log'", "waits.0.kind: it is needed and not there"),
        ("waits = 1", "waits: it must be a list"),
        ("file = 1", "file: it must be a section"),
    ],
)
def test_what_cannot_be_used_is_told_in_plain_words(setting, words, tmp_path):
    columns = '[columns]\nincident_id = "A"\noccurred_at = "B"\n'
    text = f'source = "a"\n{columns}{setting}' if setting.startswith("[") else f'source = "a"\n{setting}\n{columns}'
    with pytest.raises(MappingError) as error:
        load_mapping(write(tmp_path, text))
    assert words in str(error.value)
    assert "nput" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(Path("no\0ne.toml"))


@pytest.mark.parametrize("target", TARGETS)
def test_field_names_as_headings_need_no_mapping(target):
    headings = [name.upper().replace("_", " ") for name in mapped_fields(target)]
    mapping = default_mapping(target, [*headings, "Something else"])
    assert set(mapping.columns) == set(mapped_fields(target))
    assert {plain_heading(each) for each in mapping.headings} == {plain_heading(each) for each in headings}


def test_a_form_without_mapping_may_name_people_places_and_substances():
    headings = ["incident_id", "occurred_at", "name", "date_of_birth", "longitude", "latitude", "postcode"]
    mapping = default_mapping(FORM_TABLE, [*headings, "substances", "certainty", "ambulance_minutes", "age"])
    assert mapping.person.name == "name"
    assert (mapping.place.x, mapping.place.crs) == ("longitude", "EPSG:4326")
    assert mapping.substances.certainty_columns == ("certainty",)
    assert mapping.waits[0].minutes == "ambulance_minutes"
    metres = default_mapping(FORM_TABLE, ["incident_id", "occurred_at", "easting_m", "northing_m"])
    assert (metres.place.x, metres.place.crs) == ("easting_m", None)


def test_without_key_or_time_the_default_is_refused_without_quoting_headings():
    with pytest.raises(MappingError, match="administration_id / incident_id and occurred_at") as error:
        default_mapping(FORM_TABLE, ["Ann Lee", "gender"])
    assert "Ann Lee" not in str(error.value)
    with pytest.raises(MappingError, match="Choose one of incidents"):
        default_mapping("imports", ["import_id"])


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/**/*mapping*.toml")), ids=lambda file: str(file.name))
def test_every_example_is_valid(file):
    assert load_mapping(file).source
