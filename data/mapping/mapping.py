"""A mapping as a whole: what may stand beside what, and which headings it reads for which field."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from data import schema
from data.mapping.layouts import (
    CodePart,
    DayPart,
    DoseLayout,
    FileLayout,
    Fixed,
    KeyPart,
    MatchLayout,
    PersonLayout,
    PlaceLayout,
    Section,
    SubstanceLayout,
    TimeLayout,
    WaitLayout,
    headings_in,
    parts_of,
)
from data.mapping.targets import (
    FORM_TABLE,
    JOIN_TABLE,
    MADE_ELSEWHERE,
    MONTHS_ALLOWED_IN,
    ROW_KEYS,
    SUBSTANCE_TAKEN,
    mapped_fields,
    needed_fields,
    targets,
)
from data.values import holds_personal_data, is_clock_format

__all__ = ["Mapping", "Rows", "Source"]

Source = str | CodePart | DayPart | tuple[KeyPart, ...] | Fixed
Rows = Literal["person", "substance", "dose", "officer"]


class Mapping(Section):
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
        if self.target not in targets():
            raise ValueError(f"target: choose one of {', '.join(targets())}")
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
        found = () if isinstance(chosen, Fixed) else parts_of(chosen)
        if found or self.target != FORM_TABLE:
            return found
        other = {"incident_id": "administration_id", "administration_id": "incident_id"}.get(field)
        return self.key_parts(other) if other in self.columns else ()

    def headings_of(self, field: str) -> tuple[str, ...]:
        """The headings that fill `field`; empty where it is fixed or left out."""
        chosen = self.columns.get(field, ())
        return () if isinstance(chosen, Fixed) else headings_in(chosen)

    @property
    def _has_clocks(self) -> bool:
        """Whether a time is read from two columns, its date and its time of day."""
        fields = mapped_fields(self.target)
        times = [self.headings_of(name) for name in self.columns if fields[name].type == "TIMESTAMPTZ"]
        times += [headings_in(each.given_at) for each in self.doses if each.given_at]
        times += [headings_in(each) for wait in self.waits for each in (wait.started_at, wait.ended_at) if each]
        return any(len(headings) > 1 for headings in times)

    def key_headings(self, field: str) -> tuple[str, ...]:
        """The headings of a key."""
        return headings_in(self.key_parts(field))

    @property
    def headings(self) -> dict[str, str]:
        """Every heading the mapping reads, with the field it is for."""
        found = {heading: field for field in self.columns for heading in self.headings_of(field)}
        found |= {self.times.after: "occurred_at"} if self.times.after else {}
        place, person = self.place, self.person
        found |= {each: "place" for each in (place.x, place.y, place.point, place.postcode, place.area) if each}
        found |= {each: "person" for each in (*headings_in(person.name), person.identifier) if each}
        found |= {each: "age_band" for each in (person.date_of_birth, person.age) if each}
        if self.substances:
            found |= dict.fromkeys((*self.substances.columns, *self.substances.yes_no), "substance")
            found |= dict.fromkeys(self.substances.certainty_columns, "certainty")
        for dose in self.doses:
            found |= dict.fromkeys(dose.headings, "doses")
        for wait in self.waits:
            found |= dict.fromkeys((*headings_in(wait.started_at), *headings_in(wait.ended_at)), "waits")
            found |= {each: "waits" for each in (wait.minutes, wait.outcome) if each}
        if self.match:
            found |= {each: "match" for each in (self.match.day, self.match.officer) if each}
        aside = {"fill_down": self.file.fill_down, "withdrawn": self.withdrawn, "only": self.only}
        return {heading: what for what, each in aside.items() for heading in each} | found


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
        if name in MADE_ELSEWHERE:
            raise ValueError(f"columns.{name}: say in [place] or [person] what the columns hold")
        if name not in fields:
            raise ValueError(f"columns.{name}: no such field; choose from {', '.join(fields)}")
        field = fields[name]
        if isinstance(chosen, Fixed):
            if field.token or field.type != "VARCHAR":
                raise ValueError(f"columns.{name}: only a text can be fixed")
            if field.values and chosen.fixed not in field.values:
                raise ValueError(f"columns.{name}: fixed must be one of {', '.join(field.values)}")
        elif not (field.token and field.required) and any(not isinstance(part, str) for part in parts_of(chosen)):
            raise ValueError(f"columns.{name}: code and day are for the parts of keys")
        elif len(headings_in(chosen)) > 1 and not field.token and field.type != "TIMESTAMPTZ":
            raise ValueError(f"columns.{name}: only keys, tokens and times can come from several columns")
        elif len(headings_in(chosen)) > 2 and field.type == "TIMESTAMPTZ":
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
