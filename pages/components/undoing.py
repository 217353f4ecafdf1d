"""Taking an import back as a whole: why, the button, and what came of it; the same wherever an import can be undone."""

from collections.abc import Sequence

import streamlit as st

from analytics.findings.import_history import PastImport
from data.keys import load_keys
from data.settings import Settings
from data.store import undo_import
from pages.components.import_job import without_values
from pages.components.import_steps import import_steps
from wording import NaloxoneWatchError, _

__all__ = ["show_undo"]


@st.fragment
def show_undo(imports: Sequence[PastImport], settings: Settings, *, title: str, key: str) -> None:
    """A box, closed at first, in which one of the imports can be undone."""
    with st.expander(title):
        st.markdown(
            _(
                "What it brought goes, what it changed is as it was before, and what later imports brought stays. "
                "The journal keeps who did it, when and why."
            )
        )
        names = {each.import_id: each.name for each in imports}
        chosen = imports[0].import_id
        if len(imports) > 1:
            # Begins anew with each import: the one that was the newest before must not stay chosen.
            chosen = st.selectbox(_("Import"), list(names), format_func=names.get, key=f"{key}-choice|{chosen}")
        # A form sends what was written with the press itself: a button that waits for it can be pressed too early.
        with st.form(f"{key}-form", enter_to_submit=False, border=False):
            # Empty for each: a second press of the button must not take back the import before, for the same reason.
            purpose = st.text_input(
                _("Why"), key=f"{key}-why|{chosen}", max_chars=200, placeholder=_("Needed, for the journal")
            )
            submitted = st.form_submit_button(_("Undo it"), key=f"{key}-confirm")
        if submitted and not purpose.strip():
            st.error(_("Say why first: the journal keeps it."))
        elif submitted:
            _undo(settings, chosen, purpose.strip())


def _undo(settings: Settings, import_id: str, purpose: str) -> None:
    """Take it back, and say so at the top of the page."""
    try:
        with st.spinner(_("Undoing the import.")):
            said = without_values(lambda: _undone(settings, import_id, purpose))
            # Before anything is drawn: another click may end this run there, and the import is gone by now.
            steps = import_steps()
            steps.done, steps.said = None, said
    except NaloxoneWatchError as error:
        st.error(str(error))
    else:
        st.rerun()


def _undone(settings: Settings, import_id: str, purpose: str) -> str:
    """Undo an import; what that did, in words."""
    keys = load_keys(store_folder=settings.store_folder)
    return " ".join(undo_import(settings=settings, keys=keys, import_id=import_id, purpose=purpose).lines())
