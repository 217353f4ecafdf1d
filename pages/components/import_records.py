"""What came in and what waits: past imports with their undoing, quarantine, rows without their record."""

import streamlit as st

from analytics.findings.import_history import ImportHistory, find_import_history
from analytics.findings.question import Question
from data.settings import Settings
from geo.areas import Geography
from pages.components.importing import show_first_import
from pages.components.tables import show_rows_download, show_table
from pages.components.theme import show_lines, show_small
from pages.components.undoing import show_undo
from wording import _

__all__ = ["show_beginnings", "show_imports", "show_quarantine"]


def show_beginnings(*, settings: Settings, geography: Geography, question: Question | None) -> None:
    """The page of a store without administrations: bringing in a file, and what other files have come in."""
    show_first_import(settings=settings, geography=geography, question=question)
    if question is not None:
        history = find_import_history(question)
        st.header(_("Imports"))
        show_imports(history, settings)
        st.header(_("Quarantine"))
        show_quarantine(history, settings)


def show_imports(history: ImportHistory, settings: Settings) -> None:
    """Past imports, newest first, the way to take one back as a whole, and what looked suspicious in them."""
    show_small(history.sentence)
    show_table(history.imports, title=_("Imports"), tallest_rem=34)
    if history.undoable:
        show_undo(history.undoable, settings, title=_("Undo an import"), key="undo")
    show_lines(history.undone)
    if history.warnings_sentence:
        st.header(_("What looked suspicious"))
        show_small(history.warnings_sentence)
        show_table(history.warnings, title=_("What looked suspicious"), tallest_rem=34)
        show_rows_download(
            history.warning_rows, name="suspicious_rows", settings=settings, about=history.warnings_sentence
        )


def show_quarantine(history: ImportHistory, settings: Settings) -> None:
    """What could not be used, where it stands in its file and what to correct at its source; rows without a record."""
    show_small(history.quarantine_sentence)
    show_table(history.quarantine, title=_("Quarantine"), tallest_rem=34)
    show_rows_download(
        history.quarantine_rows, name="quarantine_rows", settings=settings, about=history.quarantine_sentence
    )
    if history.waiting_sentence:
        title = _("Rows that wait for their record")
        st.header(title)
        show_small(history.waiting_sentence)
        show_table(history.waiting, title=title)
        show_rows_download(history.waiting_rows, name="waiting_rows", settings=settings, about=history.waiting_sentence)
