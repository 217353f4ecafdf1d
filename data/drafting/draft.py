"""A first mapping for a file, drafted from its headings and a sample of its rows, for a person to correct.

Each column is scored against each field by its heading (heading_words) and by what its cells look like (column_facts);
the best pairs win. What the file cannot tell becomes a question. A draft holds headings, settings and counts, and no
cell: values come from closed lists (data.value_words).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from data.drafting.blank_cells import settle_blank_cells
from data.drafting.choice_values import drop_doubtful, read_values
from data.drafting.column_facts import ColumnFacts, cells_of, column_facts
from data.drafting.counted_tables import is_table_of_counts
from data.drafting.field_patterns import PLACE
from data.drafting.form_fields import (
    ask_of_kit_register,
    read_doses,
    read_kind_of_event,
    read_person,
    read_plain_fields,
    read_substances,
    read_waits,
)
from data.drafting.heading_match import assign_columns, most_like_table
from data.drafting.heading_words import FREE_TEXT, field_words, plain_words
from data.drafting.keys_by_cells import take_keys_by_cells
from data.drafting.place_fields import choose_areas, choose_coordinates, read_place
from data.drafting.places import guess_place, tell_points
from data.drafting.record_keys import (
    read_keys,
    take_export_number,
    tell_form_from_incident,
)
from data.drafting.results import Draft, DraftError, UnusedColumn
from data.drafting.second_files import advise_full_extract, ask_for_parent, find_joins, named_for_naloxone, source_name
from data.drafting.several_rows import settle_rows, tell_rows_apart
from data.drafting.taken_back import take_back_rows
from data.drafting.time_bands import holds_spans_of_the_day
from data.drafting.time_fields import read_time_of_event, read_times
from data.drafting.treated import leave_out_untreated
from data.drafting.who_gave import ask_who_gave
from data.drafting.work import Work
from data.known_numbers import KnownNumbers
from data.mapping import FORM_TABLE
from data.reading import FileSample
from data.settings import Settings
from geo.areas import Geography
from wording import _

__all__ = ["draft_mapping"]

# Of these tables a row is something that happened; others may have a row a year.
_NAMED_FOR_EVENTS = re.compile(r"\b(?:overdos\w*|poison\w*|deaths?|fatal\w*|crimes?|offences?|calls?|events?)\b")
_OF_EVENTS = (FORM_TABLE, "risk_events")


def draft_mapping(
    *,
    sample: FileSample,
    settings: Settings,
    table: str | None = None,
    geography: Geography | None = None,
    known_sources: Sequence[str] = (),
    may_join: bool = True,
    known_numbers: KnownNumbers | None = None,
    now: datetime | None = None,
) -> Draft:
    """A mapping for the file of `sample`, for `table` or for the table it is most like. Raises DraftError.

    `geography` tells coordinates by where they would lie. `known_sources` are the names under which records of police
    were imported before, and `known_numbers` asks whether a column holds the numbers of one of them. Without `may_join`
    no file adds to records of another one. `now` (without a zone) is the moment after which nothing can have happened.
    """
    facts = tell_points(
        _column_facts(sample, settings, geography), sample.rows, crs=settings.geography.crs, geography=geography
    )
    if not facts:
        raise DraftError(
            _("The file {file} has no headings to draft a mapping from. State header_row under [file].").format(
                file=sample.label
            )
        )
    chosen, why = (table, _("it was asked for")) if table else most_like_table(facts)
    if (
        not table
        and chosen == "risk_events"
        and named_for_naloxone(sample.label, known_sources)
        and not _NAMED_FOR_EVENTS.search(plain_words(sample.label))
    ):
        # Its headings are those of any event: a date and a place.
        chosen, why = FORM_TABLE, _("the file is named for naloxone that was given")
    if not field_words(chosen):
        raise DraftError(
            _("No mapping can be drafted for the table {table}. Write one by hand (see README and examples).").format(
                table=chosen
            )
        )
    work = Work(
        sample=sample,
        settings=settings,
        table=chosen,
        geography=geography,
        known_sources=tuple(known_sources),
        may_join=may_join,
        known_numbers=known_numbers,
        now=now or datetime.now(),
        facts=facts,
        found=assign_columns(field_words(chosen), facts),
    )
    if chosen in _OF_EVENTS and is_table_of_counts(facts, sample.rows, work.found):
        raise DraftError(
            _(
                "{file} holds counts and no records: a row for each month and place with numbers. It cannot be read. "
                "Export a row for each administration instead, with its date and, if there is one, its number."
            ).format(file=sample.label)
        )
    settle_blank_cells(work)
    return _draft(work, why)


def _column_facts(sample: FileSample, settings: Settings, geography: Geography | None) -> tuple[ColumnFacts, ...]:
    """The columns' facts, with the commas of "51,481" read so that more of the coordinates lie in the force."""
    facts = column_facts(sample.headings, sample.rows)
    if geography is None or all(column.decimal == "." for column in facts):
        return facts

    def share_inside(columns: tuple[ColumnFacts, ...]) -> float:
        found = assign_columns(PLACE, columns)
        pair = [found[name][0].column for name in ("place.x", "place.y") if name in found]
        if len(pair) < 2:
            return 0.0
        x, y = pair
        cells = [cells_of(sample.rows, each.position) for each in pair]
        crs = settings.geography.crs
        return guess_place(x, y, cells, decimal=x.decimal, crs=crs, geography=geography).share_inside

    return max(facts, column_facts(sample.headings, sample.rows, thousands=True), key=share_inside)


def _draft(work: Work, table_why: str) -> Draft:
    """The whole draft."""
    form = work.table == FORM_TABLE
    drop_doubtful(work)
    choose_areas(work)
    choose_coordinates(work)
    joins = find_joins(work) if form else {}
    work.raw = {"target": work.table, "source": source_name(work, joins), **joins}
    work.treated = work.sample.rows
    if form:
        leave_out_untreated(work)
        take_back_rows(work)
    if not joins:
        if form:
            tell_form_from_incident(work)
        read_time_of_event(work)
    if form and not joins:
        ask_for_parent(work)
        take_keys_by_cells(work)
        tell_rows_apart(work)
    if not joins:
        take_export_number(work)
    read_keys(work, joins=bool(joins))
    read_plain_fields(work)
    if form:
        read_person(work)
        read_substances(work)
        read_doses(work)
        read_waits(work, joins=bool(joins))
    read_place(work)
    if work.table == "risk_events":
        read_kind_of_event(work)
    if work.table == "kits":
        ask_of_kit_register(work)
    if form and not joins:
        settle_rows(work)
        ask_who_gave(work)
        advise_full_extract(work)
    read_times(work)
    read_values(work)
    _describe_file(work)
    work.raw["columns"] = work.columns
    return Draft(
        table=work.table,
        table_why=table_why,
        raw={name: value for name, value in work.raw.items() if value or name == "columns"},
        fields=tuple(work.drafts),
        questions=tuple(work.questions),
        unused=_unused(work),
        unknown_values=tuple(work.unknown),
        advice=tuple(work.advice),
        settings_toml=work.settings_toml,
    )


def _describe_file(work: Work) -> None:
    layout = work.sample.layout
    file: dict[str, Any] = {}
    if layout.separator and layout.separator != ",":
        file["separator"] = layout.separator
    if layout.encoding and not layout.encoding.startswith("utf-8"):
        file["encoding"] = layout.encoding
    if layout.sheet is not None and len(work.sample.sheets) > 1:
        # By number: a sheet's name may be a person's.
        file["sheet"] = work.sample.sheets.index(str(layout.sheet)) + 1
    if layout.header_row and layout.header_row > 1:
        file["header_row"] = layout.header_row
    if layout.header_rows and layout.header_rows > 1:
        file["header_rows"] = layout.header_rows
    if layout.fill_down:
        file["fill_down"] = list(layout.fill_down)
    numbers = [column for column in work.facts if column.position in work.used and column.kinds & {"number", "degrees"}]
    if any(column.decimal == "," for column in numbers):
        file["decimal"] = ","
    work.raw["file"] = file


def _unused(work: Work) -> tuple[UnusedColumn, ...]:
    return tuple(
        UnusedColumn(
            heading=column.heading,
            why=_why_unused(work, column),
        )
        for column in work.facts
        if column.position not in work.used
    )


def _why_unused(work: Work, column: ColumnFacts) -> str:
    if FREE_TEXT.search(column.plain):
        return _("free text or an address, which may name people")
    if holds_spans_of_the_day(work, column):
        return _("it holds spans of the day, and a record keeps a time or its day alone")
    return _("no field of this table fits it")
