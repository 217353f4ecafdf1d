"""Data quality: how complete and how fresh the records are; and how a file comes in, waits, and is taken back."""

import streamlit as st

from analytics.findings.data_quality import DataQuality, find_data_quality
from analytics.findings.dose_conflicts import find_dose_conflicts
from analytics.findings.import_history import find_import_history
from pages.components.context import PageContext, open_page
from pages.components.grids import show_grid, show_grid_legend
from pages.components.import_records import show_beginnings, show_imports, show_quarantine
from pages.components.importing import show_import, show_import_result
from pages.components.settling import show_conflicts
from pages.components.tables import show_download, show_table
from pages.components.theme import show_finding, show_small
from wording import _


def show_completeness(context: PageContext, found: DataQuality) -> None:
    """Each field month by month, and how late records are entered."""
    if found.empty:
        st.info(_("No administrations match these filters. Widen the period or take a filter away."))
        return
    title = _("Recorded, in per cent of administrations")
    st.header(title)
    show_grid(found.coverage, title=title)
    show_grid_legend(found.coverage)
    show_small(" ".join((found.coverage_note, found.coverage.note)))
    show_download(context, found.coverage_table, name="completeness", notes=(found.coverage_note,))
    if found.for_analyst:
        show_table(found.delays, title=_("From event to entry"), headed=True)
        show_small(found.delay_sentence)


context = open_page(title=_("Data quality"), without_records=show_beginnings)
settings = context.question.settings
# Bars of progress come and go in a place of their own: the tabs keep theirs, and with it the one that is open.
with st.container():
    found = context.find(find_data_quality)
    history, conflicts = context.find(find_import_history), context.find(find_dose_conflicts)
st.title(_("How complete and how fresh the records are"))
show_finding(found.headline)
show_small(found.freshness)
if found.for_analyst:
    with st.container():
        show_import_result(settings)
    names = (_("Completeness"), _("Imports"), _("Quarantine"), _("Reports to settle"), _("Bring in a file"))
    complete, imports, quarantine, settle, bring_in = st.tabs(names)
    with complete:
        show_completeness(context, found)
    with imports:
        show_imports(history, settings)
    with quarantine:
        show_quarantine(history, settings)
    with settle:
        show_conflicts(context, conflicts)
    with bring_in:
        show_import(context.question)
else:
    show_completeness(context, found)
context.show_link()
