"""Row numbers of imported files as a list to take along: one line for each run of rows. For the analyst."""

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_list
from analytics.findings.file_preview import fields_in_words
from data.report import ImportReport
from data.row_runs import RowRuns
from wording import _, format_count

__all__ = ["RowList", "rows_of_report"]


@dataclass(frozen=True, kw_only=True)
class RowList:
    """Rows under the same words; `columns` head the words. The table is long, so it is made when it is asked for."""

    columns: tuple[str, ...]
    entries: tuple[tuple[tuple[str, ...], RowRuns], ...]

    @property
    def empty(self) -> bool:
        """Whether there is no row in it."""
        return not any(rows.row_runs for _words, rows in self.entries)

    def table(self) -> DisclosedTable:
        """A line for each run of rows: the words, its first row and its last."""
        columns = [
            *(Column(heading=each) for each in self.columns),
            Column(heading=_("First row"), numeric=True),
            Column(heading=_("Last row"), numeric=True),
        ]
        left = sum(rows.rows - sum(last - first + 1 for first, last in rows.row_runs) for _words, rows in self.entries)
        return disclose_list(
            columns=columns,
            rows=[(*words, str(first), str(last)) for words, rows in self.entries for first, last in rows.row_runs],
            audience=Audience.ANALYST,
            caption=_("{count} more rows were not kept with their import.").format(count=format_count(left))
            if left
            else "",
        )


def rows_of_report(report: ImportReport) -> RowList:
    """Every row that an import's account speaks of."""
    lists: Sequence[tuple[str, RowRuns]] = report.row_lists()
    return RowList(
        columns=(_("What was found"),), entries=tuple(((fields_in_words(words),), rows) for words, rows in lists)
    )
