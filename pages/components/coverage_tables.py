"""The tables of the coverage page, each with its file, and the numbers of the chain."""

import streamlit as st

from analytics.disclosure import DisclosedTable
from analytics.findings.coverage import Coverage
from pages.components.context import PageContext
from pages.components.tables import show_download, show_table
from pages.components.theme import show_figure, show_small
from wording import _

__all__ = ["show_chain", "show_coverage_tables"]


def show_chain(found: Coverage) -> None:
    """Trained, holding a kit, in date, on shift: four numbers, none in place of another."""
    for column, (step, number, about) in zip(st.columns(len(found.steps)), found.steps, strict=True):
        with column:
            show_small(step)
            show_figure(number, about)


def show_coverage_tables(context: PageContext, found: Coverage) -> None:
    """Every number of the page, as a table and as a file; the log of requests beside the gaps it should match."""
    left, right = st.columns(2, gap="large")
    with left:
        _show(context, found, found.gaps, _("When nobody is in reach"), "coverage_gaps", found.gaps_note)
        _show(context, found, found.bases, _("Carriers by base"), "coverage_bases")
        _show(context, found, found.week_table, _("Risk in reach by hour of the week"), "coverage_hours")
    with right:
        title = _("When no carrier was available")
        _show(context, found, found.requests, title, "coverage_requests", found.requests_note)
        _show(context, found, found.areas, _("Risk not in reach, by area"), "coverage_areas")
        _show(context, found, found.rates, _("Carriers per 1,000 risk events, by BCU"), "coverage_rates")
        _show(context, found, found.chain, _("Who may carry"), "coverage_chain")


def _show(context: PageContext, found: Coverage, table: DisclosedTable, title: str, name: str, note: str = "") -> None:
    if not (table.rows or table.caption or note):
        return
    st.header(title)
    if note:
        show_small(note)
    show_table(table, title=title, tallest_rem=20)
    if table.rows:
        notes = tuple(part for part in (note, found.counted, found.method, found.caveat, *found.missing) if part)
        show_download(context, table, name=name, notes=notes)
