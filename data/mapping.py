"""How one kind of file is read: which column fills which field, how its times, places and values are written.

A mapping is a TOML file, checked whole against the schema and frozen; a new form is a new file and no code. Headings
are compared without regard to case and spaces. A file whose headings are the schema's own field names needs no mapping.
"""

import codecs
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from data import schema
from data.validation import validation_problems
from data.values import NUMBER_FORMATS, holds_personal_data, is_clock_format, is_time_format
from wording import NaloxoneWatchError, _, join_words

__all__ = [
    "FORM_TABLE",
    "JOIN_TABLE",
    "ROW_KEYS",
    "SUBSTANCE_TAKEN",
    "CodePart",
    "DayPart",
    "DoseLayout",
    "FileLayout",
    "Fixed",
    "Mapping",
    "MappingError",
    "MatchLayout",
    "PersonLayout",
    "PlaceLayout",
    "SubstanceLayout",
    "TimeLayout",
    "WaitLayout",
    "clocks_of",
    "default_mapping",
    "load_mapping",
    "mapped_fields",
    "needed_fields",
    "plain_heading",
]

# One row of a form speaks of an incident and of one person treated at it, so this target takes the fields of both.
FORM_TABLE = "administrations"
# Where rows of a second file go, which adds fields to records that are there already.
JOIN_TABLE = "joined"

# Street-level files of all drug incidents give the month alone: good enough for a layer that others are compared with
# over a year or more, and for nothing else. The month's first day then stands for it.
MONTH_FORMATS = ("%Y-%m", "%m/%Y", "%B %Y", "%b %Y", "%b-%y", "%Y/%m")
MONTHS_ALLOWED_IN = ("risk_events", FORM_TABLE, "incidents")

# What a column says of one substance: no field of a table, but its words can be mapped like those of one.
SUBSTANCE_TAKEN = replace(
    schema.table_named("substances").field("substance"), name="substance_taken", values=schema.YES_NO
)

# Fields that are made from [place] and [person], which say what the columns hold.
_MADE_ELSEWHERE = ("easting_m", "northing_m", "person_token")


class MappingError(NaloxoneWatchError):
    """The mapping cannot be used; the sentence names the file, the setting and what it may hold."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fixed(_Section):
    """One value for every row of the file, where the form has no column for it."""

    fixed: str


class CodePart(_Section):
    """A part of a key that is written in several ways, as collar numbers are: letters and digits count, not case."""

    code: str = Field(min_length=1)


class DayPart(_Section):
    """A part of a key that is a date: the day itself counts, not how it is written or the time of day beside it."""

    day: str = Field(min_length=1)


class FileLayout(_Section):
    """How the file is laid out; what is left out is worked out from the file, but for the last three.

    `header_row` is the lowest of `header_rows` rows of headings, which are joined. `fill_down` names columns in which a
    blank cell stands for the one above it, the outermost first.
    """

    separator: Literal[",", ";", "\t", "|"] | None = None
    encoding: str | None = None
    sheet: str | int | None = None
    header_row: int | None = Field(default=None, ge=1, le=1000)
    header_rows: int | None = Field(default=None, ge=1, le=3)
    decimal: Literal[".", ","] = "."
    fill_down: tuple[str, ...] = ()

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            # Looking up alone would let base64 through, which is no encoding of text.
            "".encode(value)
            return codecs.lookup(value).name
        except (LookupError, ValueError) as error:
            raise ValueError("not an encoding such as utf-8 or cp1252") from error

    @model_validator(mode="after")
    def _headings_end_in_a_row(self) -> "FileLayout":
        if (self.header_rows or 1) > (self.header_row or 1):
            raise ValueError("header_rows: state header_row too, the lowest of the rows of headings")
        return self


class TimeLayout(_Section):
    """How times are written. `time_zone` is that of the file's clocks; without it, the deployment's.

    `formats` are strptime's, tried in order; then ISO 8601, then the common forms with the day or the month first.
    "excel" stands for the numbers that a workbook keeps for dates, "excel-1904" for those of old Macs, "unix" and
    "unix-ms" for seconds and milliseconds since 1970; a format without a date is for columns of times of day, "%H" for
    hours alone. Where the date beside the clock of occurred_at is that of an
    earlier clock, such as the call's, `after` names this one: a clock before it is the next day's. `midnights` says
    what 00:00 is among other times where an import asks: dates without a time, or times.
    """

    after: str | None = None
    time_zone: str | None = None
    formats: tuple[str, ...] = ()
    day_first: bool = True
    midnights: Literal["dates", "times"] | None = None

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, value: str | None) -> str | None:
        try:
            return value and ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not a time zone name such as Europe/London") from error

    @field_validator("formats")
    @classmethod
    def _formats_hold_a_date(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not (_holds_a_date(each) or _holds_a_month(each) or is_clock_format(each)) for each in value):
            raise ValueError("each format needs a day and a year, such as %d/%m/%Y %H:%M")
        if any(not is_time_format(each) for each in value):
            raise ValueError("a format has a code that strptime does not know, or one twice; write %d/%m/%Y %H:%M")
        return value

    @property
    def has_months(self) -> bool:
        """Whether a format gives the month alone."""
        return any(_holds_a_month(each) for each in self.formats)


def _holds_a_month(form: str) -> bool:
    """Whether a format gives the month alone, such as %Y-%m, or %Y-%m-01T00:00 where every date is the first of one."""
    codes = set(re.findall("%(.)", form))
    return form not in NUMBER_FORMATS and bool(codes & set("mbB") and codes & set("yY")) and codes <= set("mbByY%")


def _holds_a_date(form: str) -> bool:
    return form in NUMBER_FORMATS or bool(re.search(r"%[dj]|%[xcD]", form) and re.search(r"%[Yy]|%[xcD]", form))


class PlaceLayout(_Section):
    """Where it happened: coordinates in `crs` (without it, the deployment's), or a postcode, or both.

    Coordinates stand in two columns, `x` and `y`, or in one, `point`, in any form that data.points reads: references to
    a national grid, and degrees, have their system by their form. Of two plain numbers there, latitude or easting
    stands first, but for `swapped`.
    `location_precision_m` is how far the file's own places may be from the true ones. `shared_points` says what points
    are that many rows share or lie around, where an import asks: places, or areas, which are left out of smooth maps.
    `area` is a column of areas of any kind (a county, a beat, a station), not stored: a point that repeats and is the
    only one of its area to do so is its middle.
    """

    crs: str | None = "EPSG:4326"
    x: str | None = None
    y: str | None = None
    point: str | None = None
    swapped: bool = False
    postcode: str | None = None
    area: str | None = None
    location_precision_m: float | None = Field(default=None, ge=0, le=100_000)
    shared_points: Literal["places", "areas"] | None = None

    @field_validator("crs")
    @classmethod
    def _crs_exists(cls, value: str | None) -> str | None:
        try:
            return value and str(CRS.from_user_input(value)) and value
        except CRSError as error:
            raise ValueError("not a coordinate reference system such as EPSG:4326 or EPSG:27700") from error

    @model_validator(mode="after")
    def _both_coordinates(self) -> "PlaceLayout":
        if (self.x is None) != (self.y is None):
            raise ValueError("x and y (longitude or easting, and latitude or northing) go together")
        if self.x and self.point:
            raise ValueError("coordinates stand in x and y or in point, not in both")
        if self.swapped and self.x:
            raise ValueError("swapped belongs to point; name x and y the other way round instead")
        return self


class PersonLayout(_Section):
    """Who was treated; only a keyed hash and an age band are kept. Names stand in natural order: first, then last."""

    name: str | tuple[str, ...] = ()
    identifier: str | None = None
    date_of_birth: str | None = None
    age: str | None = None


class SubstanceLayout(_Section):
    """Substances: several in one cell, or one in each of several columns, with a certainty fixed or from columns.

    `yes_no` names columns that say yes or no of one substance each, with the substance that a yes stands for.
    """

    columns: tuple[str, ...] = ()
    yes_no: dict[str, str] = Field(default_factory=dict)
    separators: tuple[str, ...] = (";", "/", ",", "+", "|", "&", " and ")
    certainty: Literal["suspected", "confirmed", "found_not_opioid", "not_recorded"] = "not_recorded"
    certainty_columns: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_certainty_a_column(self) -> "SubstanceLayout":
        if not self.columns and not self.yes_no:
            raise ValueError("columns or yes_no is needed, or no substance could be read")
        substances = schema.table_named("substances").field("substance").values
        if wrong := sorted(set(self.yes_no.values()) - set(substances)):
            raise ValueError(f"yes_no: {', '.join(wrong)} is not one of {', '.join(substances)}")
        if len(self.certainty_columns) not in (0, 1, len(self.columns)):
            raise ValueError("certainty_columns names one column for all substances, or one for each")
        return self


class DoseLayout(_Section):
    """One dose of the row, where a form records doses singly; or as many of one kind as `count` says.

    A single entry without `count` says who gave naloxone and with which kit: the number of doses stays unrecorded,
    unless a row is a dose.
    """

    count: str | None = None
    officer: str | None = None
    officer_role: str | None = None
    product: str | None = None
    kit: str | None = None
    given_at: str | tuple[str, ...] = ()

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading that this dose is read from."""
        return self._single + _headings(self.given_at)

    @property
    def told_by(self) -> tuple[str, ...]:
        """The headings that say whether there was such a dose: the date beside a clock is that of the incident."""
        return self._single + clocks_of(_headings(self.given_at))

    @property
    def _single(self) -> tuple[str, ...]:
        single = (self.count, self.officer, self.officer_role, self.product, self.kit)
        return tuple(each for each in single if each)


class WaitLayout(_Section):
    """One ambulance clock of the row: two times, or minutes, or both (then minutes are used where a time lacks)."""

    kind: Literal["call_to_arrival", "naloxone_to_arrival"]
    clock: Literal["ambulance_cad", "police_log", "officer_estimate", "not_recorded"] = "not_recorded"
    started_at: str | tuple[str, ...] = ()
    ended_at: str | tuple[str, ...] = ()
    minutes: str | None = None
    outcome: str | None = None

    @model_validator(mode="after")
    def _measures_something(self) -> "WaitLayout":
        if not (self.minutes or self.outcome or (self.started_at and self.ended_at)):
            raise ValueError("a wait needs minutes, an outcome, or both started_at and ended_at")
        return self


class MatchLayout(_Section):
    """Where a second file has no number: what both files know, and that must lead to exactly one record.

    `day` is the heading of the incident's date, `officer` that of an officer who gave a dose; `person` asks for the
    person of [person] too. Without a day it is the person's number alone.
    """

    day: str | None = Field(default=None, min_length=1)
    officer: str | None = None
    person: bool = False

    @model_validator(mode="after")
    def _says_more_than_the_day(self) -> "MatchLayout":
        if not (self.officer or self.person):
            raise ValueError("a day alone fits many records: add officer or person")
        if not self.day and (self.officer or not self.person):
            raise ValueError("without a day only the person's number leads to a record: person = true, and no officer")
        return self


KeyPart = str | CodePart | DayPart
Source = str | CodePart | DayPart | tuple[KeyPart, ...] | Fixed
Rows = Literal["person", "substance", "dose", "officer"]
# What tells rows and doses apart, in a file of which several rows make one record; not fields of a table. A row without
# a dose_id has no numbered dose, and goes in all the same.
ROW_KEYS = ("row_id", "dose_id")


class Mapping(_Section):
    """Everything that is needed to read one kind of file into one table.

    `columns` gives each field the heading it comes from; keys and tokens may be composed of several headings, a time
    may be a date and a time of day; `{ fixed = "..." }` stands for a column the form lacks. `parent_source`
    is the source under which the records were imported that this file's rows belong to. `only` names, by heading, the
    values of the rows that are taken ("*": any at all); the others wait in quarantine, declared so. `withdrawn` names
    those of rows that the source itself has taken back. `rows` is what a row stands for: one row a person, or one a
    substance, a dose or an officer's report (or several of these), folded into one administration by its key. A row
    that repeats another in all that is read is the same row written twice, or, where `repeats` says so, one more dose;
    where a row is a dose and has no number, in all that is written in it.
    A `full` extract speaks of everything its source has, or of the days from its first to its last event: what it lacks
    becomes withdrawn. With `joins` the file adds fields to records that are there already, by their key or by `match`;
    its rows may be doses or substances of a record too, as a database keeps them in tables of their own.
    """

    target: str = FORM_TABLE
    source: str = Field(min_length=1, max_length=60)
    extract: Literal["full", "incremental"] = "incremental"
    covers: Literal["everything", "its_days"] = "everything"
    rows: Rows | tuple[Rows, ...] = "person"
    repeats: Literal["same", "doses"] = "same"
    joins: Literal["incidents", "administrations"] | None = None
    match: MatchLayout | None = None
    synthetic: bool = False
    parent_source: str | None = None
    file: FileLayout = FileLayout()
    columns: dict[str, Source] = Field(default_factory=dict)
    times: TimeLayout = TimeLayout()
    place: PlaceLayout = PlaceLayout()
    person: PersonLayout = PersonLayout()
    substances: SubstanceLayout | None = None
    doses: tuple[DoseLayout, ...] = ()
    waits: tuple[WaitLayout, ...] = ()
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    only: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    withdrawn: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_the_schema(self) -> "Mapping":
        if self.target not in _targets():
            raise ValueError(f"target: choose one of {', '.join(_targets())}")
        fields = mapped_fields(self.target)
        _check_columns(self.columns, fields)
        _check_rows(self)
        if self.joins or self.match:
            _check_joins(self)
        else:
            _check_required(self.columns, self.target)
        _check_form_only(self)
        if self.times.after and len(self.headings_of("occurred_at")) < 2:
            raise ValueError("times.after: occurred_at needs a column of dates and one of times of day beside it")
        if self.times.has_months and self.target not in MONTHS_ALLOWED_IN:
            raise ValueError("times.formats: each format needs a day and a year, such as %d/%m/%Y %H:%M")
        if any(map(is_clock_format, self.times.formats)) and not self._has_clocks:
            raise ValueError(
                "times.formats: each format needs a day and a year; one of a time of day alone is for a column of them "
                "that stands with its column of dates in one field"
            )
        _check_stored_texts(self)
        for name, known in self.values.items():
            _check_values(name, known, _value_fields(self.target))
        return self

    @property
    def table(self) -> schema.Table:
        """The table that the file is for."""
        return schema.table_named(self.target)

    @property
    def stored_in(self) -> str:
        """The table that the file's rows are kept in: the target, but for a file that joins."""
        return JOIN_TABLE if self.joins else self.target

    @property
    def kinds_of_row(self) -> tuple[Rows, ...]:
        """What a row stands for."""
        return (self.rows,) if isinstance(self.rows, str) else self.rows

    @property
    def doses_by_content(self) -> bool:
        """Whether each row is a dose that no number tells from another: then all that is written in it does."""
        kinds = self.kinds_of_row
        numbered = {"row_id", "dose_id"} & set(self.columns)
        return "dose" in kinds and "substance" not in kinds and self.repeats == "same" and not numbered

    @property
    def says_how_many_doses(self) -> bool:
        """Whether [[doses]] count doses: one entry that states no number says who gave naloxone, and not how often."""
        return len(self.doses) > 1 or any(dose.count for dose in self.doses)

    @property
    def repeats_may_be_doses(self) -> bool:
        """Whether a row that repeats another may be one more dose, which nothing in the file numbers or counts."""
        if self.target != FORM_TABLE or {"row_id", "dose_id"} & set(self.columns):
            return False
        if self.joins:
            return "dose" in self.kinds_of_row
        return "dose" in self.kinds_of_row or not (self.says_how_many_doses or "doses_given" in self.columns)

    @property
    def folds(self) -> bool:
        """Whether several rows make one record."""
        return self.kinds_of_row != ("person",)

    def key_parts(self, field: str) -> tuple[KeyPart, ...]:
        """The parts of a key. On a form, incident and administration stand in for each other."""
        chosen = self.columns.get(field, ())
        found = () if isinstance(chosen, Fixed) else _parts(chosen)
        if found or self.target != FORM_TABLE:
            return found
        other = {"incident_id": "administration_id", "administration_id": "incident_id"}.get(field)
        return self.key_parts(other) if other in self.columns else ()

    def headings_of(self, field: str) -> tuple[str, ...]:
        """The headings that fill `field`; empty where it is fixed or left out."""
        chosen = self.columns.get(field, ())
        return () if isinstance(chosen, Fixed) else _headings(chosen)

    @property
    def _has_clocks(self) -> bool:
        """Whether a time is read from two columns, its date and its time of day."""
        fields = mapped_fields(self.target)
        times = [self.headings_of(name) for name in self.columns if fields[name].type == "TIMESTAMPTZ"]
        times += [_headings(each.given_at) for each in self.doses if each.given_at]
        times += [_headings(each) for wait in self.waits for each in (wait.started_at, wait.ended_at) if each]
        return any(len(headings) > 1 for headings in times)

    def key_headings(self, field: str) -> tuple[str, ...]:
        """The headings of a key."""
        return _headings(self.key_parts(field))

    @property
    def headings(self) -> dict[str, str]:
        """Every heading the mapping reads, with the field it is for."""
        found = {heading: field for field in self.columns for heading in self.headings_of(field)}
        found |= {self.times.after: "occurred_at"} if self.times.after else {}
        place, person = self.place, self.person
        found |= {each: "place" for each in (place.x, place.y, place.point, place.postcode, place.area) if each}
        found |= {each: "person" for each in (*_headings(person.name), person.identifier) if each}
        found |= {each: "age_band" for each in (person.date_of_birth, person.age) if each}
        if self.substances:
            found |= dict.fromkeys((*self.substances.columns, *self.substances.yes_no), "substance")
            found |= dict.fromkeys(self.substances.certainty_columns, "certainty")
        for dose in self.doses:
            found |= dict.fromkeys(dose.headings, "doses")
        for wait in self.waits:
            found |= dict.fromkeys((*_headings(wait.started_at), *_headings(wait.ended_at)), "waits")
            found |= {each: "waits" for each in (wait.minutes, wait.outcome) if each}
        if self.match:
            found |= {each: "match" for each in (self.match.day, self.match.officer) if each}
        aside = {"fill_down": self.file.fill_down, "withdrawn": self.withdrawn, "only": self.only}
        return {heading: what for what, each in aside.items() for heading in each} | found


def mapped_fields(target: str) -> dict[str, schema.Field]:
    """The fields of `target` that a file may fill; for a form, those of the incident as well."""
    tables = ("incidents", FORM_TABLE) if target == FORM_TABLE else (target,)
    return {
        field.name: field
        for name in tables
        for field in schema.table_named(name).fields
        if field.mapped and field.name not in _MADE_ELSEWHERE
    }


def plain_heading(heading: str) -> str:
    """A heading without case, accents of form, or extra spaces: how headings are compared."""
    return " ".join(unicodedata.normalize("NFKC", heading).casefold().split())


def load_mapping(path: Path) -> Mapping:
    """The mapping in the TOML file at `path`. Raises MappingError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(
            _("The mapping file {file} is not valid TOML: {detail}.").format(file=path, detail=error)
        ) from error
    except (OSError, ValueError) as error:
        raise MappingError(_("The mapping file {file} cannot be read. Check its name.").format(file=path)) from error
    try:
        return Mapping.model_validate(raw)
    except ValidationError as error:
        raise MappingError(
            _("The mapping file {file} has settings that cannot be used: {problems}.").format(
                file=path, problems=validation_problems(error)
            )
        ) from error


def default_mapping(target: str, headings: Sequence[str]) -> Mapping:
    """The mapping of a file whose headings are the schema's own field names. Raises MappingError.

    A form may also have name, date_of_birth, age, longitude and latitude (or easting_m and northing_m), postcode,
    substances, certainty and ambulance_minutes. Other headings are not read.
    """
    if target not in _targets():
        raise MappingError(
            _("There is no table “{table}” to import into. Choose one of {tables}.").format(
                table=target, tables=", ".join(_targets())
            )
        )
    by_name = {plain_heading(each).replace(" ", "_"): each for each in reversed(headings)}
    fields = mapped_fields(target)
    needed = needed_fields(target)
    missing = [" / ".join(each) for each in needed if not any(name in by_name for name in each)]
    if missing:
        raise MappingError(
            _(
                "Without a mapping, the headings must be this program's own field names, and {missing} is not among "
                "them. Write a mapping (see README and examples) and name it with --mapping."
            ).format(missing=join_words(missing))
        )
    form = target == FORM_TABLE
    return Mapping(
        target=target,
        source="standard headings",
        columns={name: by_name[name] for name in fields if name in by_name},
        place=_default_place(by_name)
        if "easting_m" in schema.table_named("incidents" if form else target).names
        else PlaceLayout(),
        person=PersonLayout(
            name=by_name.get("name", ()), date_of_birth=by_name.get("date_of_birth"), age=by_name.get("age")
        )
        if form
        else PersonLayout(),
        substances=_default_substances(by_name) if form else None,
        waits=(WaitLayout(kind="call_to_arrival", minutes=by_name["ambulance_minutes"]),)
        if form and "ambulance_minutes" in by_name
        else (),
    )


def _default_place(by_name: dict[str, str]) -> PlaceLayout:
    postcode = by_name.get("postcode")
    for crs, x, y in (("EPSG:4326", "longitude", "latitude"), (None, "easting_m", "northing_m")):
        if x in by_name and y in by_name:
            return PlaceLayout(crs=crs, x=by_name[x], y=by_name[y], postcode=postcode)
    return PlaceLayout(postcode=postcode)


def _default_substances(by_name: dict[str, str]) -> SubstanceLayout | None:
    columns = tuple(by_name[name] for name in ("substance", "substances") if name in by_name)
    certainty = tuple(by_name[name] for name in ("certainty",) if name in by_name)
    return SubstanceLayout(columns=columns, certainty_columns=certainty) if columns else None


@cache
def _targets() -> tuple[str, ...]:
    return tuple(table.name for table in schema.TABLES if table.name not in schema.OWN_TABLES)


def needed_fields(target: str) -> list[tuple[str, ...]]:
    """What a file for `target` must have; each entry is satisfied by any one of its names."""
    if target == FORM_TABLE:
        return [("administration_id", "incident_id"), ("occurred_at",)]
    return [(field.name,) for field in schema.table_named(target).fields if field.required]


def _parts(chosen: KeyPart | Iterable[KeyPart]) -> tuple[KeyPart, ...]:
    return (chosen,) if isinstance(chosen, str | CodePart | DayPart) else tuple(chosen)


def clocks_of(headings: tuple[str, ...]) -> tuple[str, ...]:
    """Of the columns that make a moment, those that say it happened: the time of day where the date has its own."""
    return headings[1:] or headings


def _headings(chosen: KeyPart | Iterable[KeyPart]) -> tuple[str, ...]:
    return tuple(
        part if isinstance(part, str) else part.code if isinstance(part, CodePart) else part.day
        for part in _parts(chosen)
    )


def _check_rows(mapping: Mapping) -> None:
    """What several rows make, and what a full extract covers, only where it can be."""
    kinds = mapping.kinds_of_row
    if not kinds or len(set(kinds)) < len(kinds) or ("person" in kinds and len(kinds) > 1):
        raise ValueError("rows: one of person, substance, dose, officer, or a list of the last three")
    if mapping.folds and (mapping.target != FORM_TABLE or mapping.joins == "incidents"):
        raise ValueError(f"rows: only a file for {FORM_TABLE} has several rows a record")
    if mapping.joins and "officer" in kinds:
        raise ValueError("rows: a file that adds to records has rows of substances or doses, not of officers")
    if "substance" in kinds and not mapping.substances:
        raise ValueError("rows: one row a substance needs [substances]")
    if "dose" in kinds and len(mapping.doses) != 1:
        raise ValueError("rows: one row a dose needs exactly one [[doses]]")
    if mapping.repeats == "doses" and "dose" not in kinds:
        raise ValueError("repeats: a repeated row is one more dose only where a row is a dose (rows)")
    if "officer" in kinds and not (len(mapping.doses) == 1 and mapping.doses[0].officer):
        raise ValueError("rows: one row an officer needs exactly one [[doses]] that names the officer")
    one_row = mapping.target == FORM_TABLE and not mapping.folds and not mapping.joins
    # A dose's number may stand by until it is known what a row is; a row's own key is never of use then.
    if one_row and "row_id" in mapping.columns:
        raise ValueError("columns.row_id: only where several rows make one record (rows)")
    if mapping.covers == "its_days" and (mapping.extract != "full" or "occurred_at" not in mapping.columns):
        raise ValueError("covers: its_days belongs to a full extract of a table with a time")


def _check_joins(mapping: Mapping) -> None:
    """A second file says which records it adds to, and adds to these alone."""
    if not mapping.joins:
        raise ValueError('match: it belongs to a file that adds to records; write joins = "incidents" beside it')
    if mapping.target != FORM_TABLE:
        raise ValueError(f'target: write target = "{FORM_TABLE}", also where joins = "incidents"; or take joins out')
    if mapping.parent_source in (None, mapping.source):
        raise ValueError("parent_source: name the source of the records that are added to; source is this file's own")
    if not (mapping.match or mapping.key_parts("incident_id")):
        raise ValueError("joins: incident_id, administration_id or [match] is needed, or no row could be joined")
    if mapping.match and mapping.match.person and mapping.match.day and not mapping.person.name:
        raise ValueError("match.person: say under [person] which columns hold the name")
    if mapping.match and not mapping.match.day and not mapping.person.identifier:
        raise ValueError("match.person: without a day, say under [person] which column is the identifier")
    if "occurred_at" in mapping.columns or (mapping.doses and "dose" not in mapping.kinds_of_row):
        raise ValueError("joins: the time and the doses stay those of the record; leave occurred_at and doses out")
    own = mapped_fields("administrations").keys() - schema.table_named("incidents").names - {"administration_id"}
    if mapping.joins == "incidents" and (mapping.substances or own & mapping.columns.keys()):
        raise ValueError('joins: fields of one person and substances need joins = "administrations"')


def _check_columns(columns: dict[str, Source], fields: dict[str, schema.Field]) -> None:
    for name, chosen in columns.items():
        if name in ROW_KEYS and name not in fields:
            if isinstance(chosen, Fixed):
                raise ValueError(f"columns.{name}: only a text can be fixed")
            continue
        if name in _MADE_ELSEWHERE:
            raise ValueError(f"columns.{name}: say in [place] or [person] what the columns hold")
        if name not in fields:
            raise ValueError(f"columns.{name}: no such field; choose from {', '.join(fields)}")
        field = fields[name]
        if isinstance(chosen, Fixed):
            if field.token or field.type != "VARCHAR":
                raise ValueError(f"columns.{name}: only a text can be fixed")
            if field.values and chosen.fixed not in field.values:
                raise ValueError(f"columns.{name}: fixed must be one of {', '.join(field.values)}")
        elif not (field.token and field.required) and any(not isinstance(part, str) for part in _parts(chosen)):
            raise ValueError(f"columns.{name}: code and day are for the parts of keys")
        elif len(_headings(chosen)) > 1 and not field.token and field.type != "TIMESTAMPTZ":
            raise ValueError(f"columns.{name}: only keys, tokens and times can come from several columns")
        elif len(_headings(chosen)) > 2 and field.type == "TIMESTAMPTZ":
            raise ValueError(f"columns.{name}: a time comes from one column, or from a date and a time of day")


def _check_stored_texts(mapping: Mapping) -> None:
    """The mapping's own texts go into the store as they stand, so they may say nothing of a person."""
    fixed = {f"columns.{name}": each.fixed for name, each in mapping.columns.items() if isinstance(each, Fixed)}
    for name, text in ({"source": mapping.source, "parent_source": mapping.parent_source or ""} | fixed).items():
        if holds_personal_data(text) or not text.isprintable():
            raise ValueError(
                f"{name}: it is stored as it stands, so it must not hold a date, a long number, a collar number or an "
                "e-mail address"
            )


def _check_required(columns: dict[str, Source], target: str) -> None:
    for names in needed_fields(target):
        if not any(name in columns for name in names):
            raise ValueError(f"columns: {' or '.join(names)} is needed, or no row could be used")


def _check_form_only(mapping: Mapping) -> None:
    if mapping.target == FORM_TABLE:
        return
    if mapping.substances or mapping.doses or mapping.waits or mapping.person != PersonLayout():
        raise ValueError(f"person, substances, doses and waits belong to the target {FORM_TABLE} only")
    if (mapping.place.x or mapping.place.point or mapping.place.postcode) and "easting_m" not in mapping.table.names:
        raise ValueError(f"place: the table {mapping.target} has no place")


_NUMBERS = ("SMALLINT", "INTEGER", "DOUBLE")


def _value_fields(target: str) -> dict[str, schema.Field]:
    fields = mapped_fields(target)
    if target == FORM_TABLE:
        for table, names in (
            ("substances", ("substance", "certainty")),
            ("doses", ("officer_role", "product")),
            ("waits", ("outcome",)),
        ):
            fields |= {name: schema.table_named(table).field(name) for name in names}
        fields[SUBSTANCE_TAKEN.name] = SUBSTANCE_TAKEN
    return fields


def _check_values(name: str, known: dict[str, str], fields: dict[str, schema.Field]) -> None:
    if name not in fields or fields[name].token or fields[name].type not in ("VARCHAR", *_NUMBERS):
        listed = sorted(each for each, field in fields.items() if field.values and not field.token)
        raise ValueError(f"values.{name}: not a field whose values can be mapped; choose one of {', '.join(listed)}")
    if fields[name].type in _NUMBERS and not all(re.fullmatch(r"(\d+(\.\d+)?)?", value) for value in known.values()):
        raise ValueError(f'values.{name}: a number stands for each word, as in "two doses" = "2"')
    allowed = fields[name].values
    if allowed and (wrong := sorted({value for value in known.values() if value not in allowed})):
        raise ValueError(f"values.{name}: {', '.join(wrong)} is not one of {', '.join(allowed)}")
