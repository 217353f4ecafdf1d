"""A file before it goes in: its first rows as they would be stored, for the analyst who corrects the mapping."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_list
from analytics.findings.words import field_label, value_label
from data.preview import Preview, stored_field
from data.row_runs import RowRuns
from data.schema import TABLES
from geo.areas import Geography
from wording import _, format_count, ngettext

__all__ = ["FilePreview", "describe_preview", "fields_in_words", "stored_label"]

# Doses and waits stand side by side in a record: "dose0_product".
_NUMBERED = re.compile(r"(dose|wait)(\d+)_(\w+)")
# A field's name, or a value's, where a sentence for people holds one: age_band, or "setting", which is a plain word
# without its quotes. In curly ones the file's own words stand, and behind "=" a setting's value.
_NAMED = re.compile(r'(?<!= )"([a-z_]+)"|(?<![“\w.])[a-z]+(?:_[a-z]+)+\b')
_VALUES = {value for table in TABLES for field in table.fields for value in field.values or ()}
# Columns that hold codes of areas, and the geography's layer that names these.
_AREAS = {"authority": "authorities", "bcu": "bcus"}


@dataclass(frozen=True, kw_only=True)
class FilePreview:
    """A line a stored field and a column a row of the file, as forms are read; `problems` says what would be lost."""

    table: DisclosedTable
    problems: tuple[str, ...]


def describe_preview(preview: Preview, *, geography: Geography) -> FilePreview:
    """The fields that say anything in these rows, each beside its value in every row."""
    names = {column: _area_names(geography, layer) for column, layer in _AREAS.items()}
    fields = [
        (stored_label(column), [_value(column, cell, names) for cell in cells])
        for index, column in enumerate(preview.columns)
        if any(cells := [row.cells[index] for row in preview.rows])
    ]
    return FilePreview(
        table=disclose_list(
            columns=[
                Column(heading=_("Field")),
                *(
                    Column(heading=_("Row {number}").format(number=format_count(row.row_number)))
                    for row in preview.rows
                ),
            ],
            rows=[(name, *cells) for name, cells in fields],
            audience=Audience.ANALYST,
            caption=_(
                "Keys, people and officers are hashed, ages banded and places moved to a grid before anything is kept."
            ),
        ),
        problems=(*_left_out(preview), *_problems(preview)),
    )


def _area_names(geography: Geography, layer: str) -> dict[str, str]:
    areas = getattr(geography, layer)
    return dict(zip(areas["code"], areas["name"], strict=True))


def stored_label(column: str) -> str:
    """What a stored column is called."""
    found = _NUMBERED.fullmatch(column)
    field = stored_field(column)
    if field is None:
        return column
    if found is None:
        return field_label(column, field.description)
    what = _("how many the entry stands for") if found[3] == "count" else field_label(found[3], field.description)
    words = _("Dose {number}: {what}") if found[1] == "dose" else _("Ambulance {number}: {what}")
    return words.format(number=int(found[2]) + 1, what=what[:1].lower() + what[1:])


def fields_in_words(sentence: str) -> str:
    """A sentence of an import's account with its fields and values called as they are on the page.

    Settings, which are written as they stand, are neither.
    """

    def words(found: re.Match[str]) -> str:
        name = found[1] or found[0]
        if stored_field(name):
            return f"“{stored_label(name)}”"
        return value_label(found[0]) if found[0] in _VALUES else found[0]

    return _NAMED.sub(words, sentence)


def _value(column: str, cell: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """A value as it would be stored, in words."""
    if column in names:
        return names[column].get(cell, cell)
    field = stored_field(column)
    return value_label(cell) if field is not None and field.values else cell


def _left_out(preview: Preview) -> list[str]:
    """One sentence for the rows that the mapping does not take."""
    rows = RowRuns.of(row.row_number for row in preview.rows if row.left_out)
    if not rows.rows:
        return []
    return [
        ngettext(
            "Row {rows} would be left out: the boxes above take only some kinds of row.",
            "Rows {rows} would be left out: the boxes above take only some kinds of row.",
            rows.rows,
        ).format(rows=rows.listed)
    ]


def _problems(preview: Preview) -> list[str]:
    """One sentence for each thing that is wrong, with its rows; first what makes a whole row wait."""
    rows: dict[tuple[bool, str], list[int]] = {}
    for row in preview.rows:
        for problem in row.problems if not row.left_out else ():
            rows.setdefault((row.waits, _problem(problem)), []).append(row.row_number)
    return [
        _problem_of_rows(RowRuns.of(numbers), problem, waits=waits)
        for (waits, problem), numbers in sorted(rows.items(), key=lambda each: not each[0][0])
    ]


def _problem_of_rows(rows: RowRuns, problem: str, *, waits: bool) -> str:
    sentence = (
        ngettext("Row {rows} would wait whole: {problem}", "Rows {rows} would wait whole: {problem}", rows.rows)
        if waits
        else ngettext(
            "Row {rows} would go in without a field: {problem}",
            "Rows {rows} would go in without a field: {problem}",
            rows.rows,
        )
    )
    return sentence.format(rows=rows.listed, problem=problem)


def _problem(sentence: str) -> str:
    """What would be set aside, with the field that it begins with in words."""
    field, colon, rest = sentence.partition(": ")
    return f"“{stored_label(field)}”{colon}{rest}" if colon and stored_field(field) is not None else sentence
