"""A file before it goes in: its first rows as they would be stored, for the analyst who corrects the mapping."""

from dataclasses import dataclass

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_list
from data.preview import Preview
from data.row_runs import RowRuns
from wording import _, format_count, ngettext

__all__ = ["FilePreview", "describe_preview"]


@dataclass(frozen=True, kw_only=True)
class FilePreview:
    """A line a stored field and a column a row of the file, as forms are read; `problems` says what would be lost."""

    table: DisclosedTable
    problems: tuple[str, ...]


def describe_preview(preview: Preview) -> FilePreview:
    """The fields that say anything in these rows, each beside its value in every row."""
    fields = [
        (name, cells)
        for index, name in enumerate(preview.columns)
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


def _left_out(preview: Preview) -> list[str]:
    """One sentence for the rows that the mapping does not take."""
    rows = RowRuns.of(row.row_number for row in preview.rows if row.left_out)
    if not rows.rows:
        return []
    return [
        ngettext(
            "Row {rows} would be left out, as the mapping says ([only]).",
            "Rows {rows} would be left out, as the mapping says ([only]).",
            rows.rows,
        ).format(rows=rows.listed)
    ]


def _problems(preview: Preview) -> list[str]:
    return [
        (
            _("Row {number} would wait whole: {problems}")
            if row.waits
            else _("Row {number} would go in without a field: {problems}")
        ).format(number=format_count(row.row_number), problems=" ".join(row.problems))
        for row in preview.rows
        if row.problems and not row.left_out
    ]
