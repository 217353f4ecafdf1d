"""Tables on screen and in a download; both take a `DisclosedTable` and nothing else.

On screen a table is plain HTML: it can be read out, reached with the keyboard and read from the back of a room.
"""

import csv
import getpass
import io
import re
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.disclosure import DisclosedTable
from analytics.findings.import_rows import RowList
from data.settings import Settings
from pages.components.context import PageContext
from wording import _, format_moment

__all__ = ["csv_of_table", "marks_of_file", "show_download", "show_listed", "show_rows_download", "show_table"]

# A date that would else be broken over three lines of a narrow column.
_DATE = re.compile(r"(\d{1,2}) (\w{3,9}) (\d{4})")
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def show_table(
    table: DisclosedTable,
    *,
    title: str,
    tallest_rem: float = 30.0,
    total: bool = False,
    headed: bool = False,
    chosen: int | None = None,
    narrow: bool = False,
) -> None:
    """The table, at most `tallest_rem` high and then scrolling; `total` sets its last row apart, `chosen` one row.

    `narrow` columns are equally wide and in small type, so that many stand side by side on a laptop. `title` names the
    table for a screen reader and, where `headed`, for everyone; the caption stands under it.
    """
    if headed:
        st.header(title)
    if table.rows:
        head = "".join(
            f'<th scope="col"{_number(column.numeric)}>{_unbroken(column.heading)}</th>' for column in table.columns
        )
        last = len(table.rows) - 1
        body = "".join(
            f"<tr{_row_kind(total and index == last, index == chosen)}>{_cells(table, row, narrow=narrow)}</tr>"
            for index, row in enumerate(table.rows)
        )
        kind = "nw-table narrow" if narrow else "nw-table"
        st.html(
            f'<div class="{kind}" style="max-height:{tallest_rem}rem" tabindex="0" role="region"'
            f' aria-label="{escape(title)}"><table><caption class="nw-hidden">{escape(title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )
    if table.caption:
        st.html(f'<p class="nw-small">{escape(table.caption)}</p>')


def show_listed(
    context: PageContext,
    table: DisclosedTable,
    *,
    title: str,
    name: str,
    about: str = "",
    notes: tuple[str, ...] = (),
    total: bool = False,
    tallest_rem: float = 30.0,
) -> None:
    """A heading, what is said of the table, the table and its download; no download where it has no rows."""
    st.header(title)
    if about:
        st.html(f'<p class="nw-small">{escape(about)}</p>')
    show_table(table, title=title, total=total, tallest_rem=tallest_rem)
    if table.rows:
        show_download(context, table, name=name, notes=(*notes, *((about,) if about else ())))


def show_download(context: PageContext, table: DisclosedTable, *, name: str, notes: tuple[str, ...] = ()) -> None:
    """A button that saves exactly what is shown, marked with what it is, who took it, when, and the view."""
    content = csv_of_table(table, marks=marks_of_file(context, notes))
    st.download_button(
        _("Download this table (CSV)"), content, file_name=f"{name}.csv", mime="text/csv", on_click="ignore"
    )


def show_rows_download(rows: RowList, *, name: str, settings: Settings, about: str) -> None:
    """A button that saves every row number of the list; the file is made when it is pressed. None where it is empty."""
    if rows.empty:
        return
    marks = _marks(synthetic=settings.store.synthetic, time_zone=settings.time_zone)
    st.download_button(
        _("Download all row numbers (CSV)"),
        lambda: csv_of_table(rows.table(), marks=(*marks, about)),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"rows-{name}",
    )


def marks_of_file(context: PageContext, notes: tuple[str, ...]) -> tuple[str, ...]:
    """What every file says of itself: what it is, who took it, when, and the view."""
    marks = _marks(synthetic=context.synthetic, time_zone=context.question.settings.time_zone)
    return (*marks, context.described, *notes)


def _marks(*, synthetic: bool, time_zone: str) -> tuple[str, ...]:
    now = format_moment(datetime.now(ZoneInfo(time_zone)))
    return (
        _("OFFICIAL-SENSITIVE"),
        *((_("SYNTHETIC DATA"),) if synthetic else ()),
        _("Downloaded by {who}, {when}").format(who=getpass.getuser(), when=now),
    )


def csv_of_table(table: DisclosedTable, *, marks: tuple[str, ...]) -> bytes:
    """The table as CSV under its marks, one a line; UTF-8 with a byte order mark, so that Excel reads it right."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([_safe(mark)] for mark in marks)
    writer.writerow([])
    writer.writerow(_safe(column.heading) for column in table.columns)
    writer.writerows([_safe(cell) for cell in row] for row in table.rows)
    if table.caption:
        writer.writerows([[], [_safe(table.caption)]])
    return text.getvalue().encode("utf-8-sig")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _number(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def _row_kind(is_total: bool, is_chosen: bool) -> str:
    return ' class="total"' if is_total else ' class="chosen" aria-current="true"' if is_chosen else ""


def _cells(table: DisclosedTable, row: tuple[str, ...], *, narrow: bool) -> str:
    words = escape if narrow else _unbroken
    return "".join(
        f"<td{_number(column.numeric)}>{_pieces(cell) if column.numeric else words(cell)}</td>"
        for column, cell in zip(table.columns, row, strict=True)
    )


def _unbroken(text: str) -> str:
    dates = _DATE.sub("\\1\N{NO-BREAK SPACE}\\2\N{NO-BREAK SPACE}\\3", escape(text))
    return dates.replace(" %", "\N{NO-BREAK SPACE}%")


def _pieces(number: str) -> str:
    """A number, its interval and what is said of it: a narrow column may break between these and nowhere else."""
    pieces = number.replace(" (", "\n(").replace("), ", "),\n").split("\n")
    return " ".join(f"<span>{escape(piece)}</span>" for piece in pieces)
