"""A file before it goes in: its first rows as they would be stored, for the analyst who corrects the mapping."""

from collections.abc import Sequence

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_list
from data.preview import Preview
from wording import _, format_count

__all__ = ["tabulate_preview"]


def tabulate_preview(preview: Preview) -> DisclosedTable:
    """A row for each row of the file, a column for each stored field that says something there; and what is wrong."""
    used = [index for index, _name in enumerate(preview.columns) if any(row.cells[index] for row in preview.rows)]
    columns = [Column(heading=_("Row"), numeric=True), *(Column(heading=preview.columns[index]) for index in used)]
    rows: Sequence[Sequence[str]] = [
        (format_count(row.row_number), *(row.cells[index] for index in used), _what_is_wrong(row.waits, row.problems))
        for row in preview.rows
    ]
    return disclose_list(
        columns=[*columns, Column(heading=_("What could not be used"))],
        rows=rows,
        audience=Audience.ANALYST,
        caption=_(
            "Keys, people and officers are hashed, ages banded and places moved to a grid before anything is kept."
        ),
    )


def _what_is_wrong(waits: bool, problems: Sequence[str]) -> str:
    said = " ".join(problems)
    return _("The whole row would wait: {problems}").format(problems=said) if waits else said
