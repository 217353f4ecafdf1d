"""The sections of a mapping: how the file, times, places, people, substances, doses and waits are laid out."""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from data import schema
from data.values import NUMBER_FORMATS, is_clock_format, is_time_format

__all__ = [
    "CodePart",
    "DayPart",
    "DoseLayout",
    "FileLayout",
    "Fixed",
    "KeyPart",
    "MatchLayout",
    "PersonLayout",
    "PlaceLayout",
    "Section",
    "SubstanceLayout",
    "TimeLayout",
    "WaitLayout",
    "clocks_of",
    "headings_in",
    "parts_of",
    "plain_heading",
]


class Section(BaseModel):
    """A part of a mapping: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fixed(Section):
    """One value for every row of the file, where the form has no column for it."""

    fixed: str


class CodePart(Section):
    """A part of a key that is written in several ways, as collar numbers are: letters and digits count, not case."""

    code: str = Field(min_length=1)


class DayPart(Section):
    """A part of a key that is a date: the day itself counts, not how it is written or the time of day beside it."""

    day: str = Field(min_length=1)


class FileLayout(Section):
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


class TimeLayout(Section):
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


class PlaceLayout(Section):
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


class PersonLayout(Section):
    """Who was treated; only a keyed hash and an age band are kept. Names stand in natural order: first, then last."""

    name: str | tuple[str, ...] = ()
    identifier: str | None = None
    date_of_birth: str | None = None
    age: str | None = None


class SubstanceLayout(Section):
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


class DoseLayout(Section):
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
        return self._single + headings_in(self.given_at)

    @property
    def told_by(self) -> tuple[str, ...]:
        """The headings that say whether there was such a dose: the date beside a clock is that of the incident."""
        return self._single + clocks_of(headings_in(self.given_at))

    @property
    def _single(self) -> tuple[str, ...]:
        single = (self.count, self.officer, self.officer_role, self.product, self.kit)
        return tuple(each for each in single if each)


class WaitLayout(Section):
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


class MatchLayout(Section):
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


def plain_heading(heading: str) -> str:
    """A heading without case, accents of form, or extra spaces: how headings are compared."""
    return " ".join(unicodedata.normalize("NFKC", heading).casefold().split())


def parts_of(chosen: KeyPart | Iterable[KeyPart]) -> tuple[KeyPart, ...]:
    """The parts of a key, of which there may be one."""
    return (chosen,) if isinstance(chosen, str | CodePart | DayPart) else tuple(chosen)


def clocks_of(headings: tuple[str, ...]) -> tuple[str, ...]:
    """Of the columns that make a moment, those that say it happened: the time of day where the date has its own."""
    return headings[1:] or headings


def headings_in(chosen: KeyPart | Iterable[KeyPart]) -> tuple[str, ...]:
    """The headings of one or more columns, or of the parts of a key."""
    return tuple(
        part if isinstance(part, str) else part.code if isinstance(part, CodePart) else part.day
        for part in parts_of(chosen)
    )
