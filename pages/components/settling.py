"""Reports of doses that wait for a person's word: both side by side, and two buttons."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from analytics.findings.dose_conflicts import DoseConflicts, OpenConflict
from data.keys import load_keys
from data.settings import Settings
from data.store import settle_agreeing, settle_conflict
from pages.components.context import PageContext
from pages.components.import_job import without_values
from pages.components.import_steps import import_steps
from pages.components.tables import show_download, show_table
from pages.components.theme import show_small
from wording import NaloxoneWatchError, _, format_count

__all__ = ["show_conflicts"]

# More at once is a page that nobody reads to its end.
_SHOWN_AT_ONCE = 10


def show_conflicts(context: PageContext, conflicts: DoseConflicts) -> None:
    """What waits, oldest first; under it what was settled and by whom."""
    settings = context.question.settings
    show_small(conflicts.sentence)
    if conflicts.agreeing > 1:
        _show_agreeing(context, conflicts)
    first = _choose_first(len(conflicts.open)) if len(conflicts.open) > _SHOWN_AT_ONCE else 0
    for conflict in conflicts.open[first : first + _SHOWN_AT_ONCE]:
        _show_conflict(conflict, settings)
    if conflicts.settled.rows:
        show_table(conflicts.settled, title=_("Settled"), tallest_rem=16, headed=True)
        decided = {each.conflict_id: each for each in conflicts.decided}
        again = st.selectbox(
            _("Decide again on"),
            list(decided),
            index=None,
            format_func=lambda conflict_id: decided[conflict_id].name,
            placeholder=_("Choose an administration"),
            key="conflicts-again",
            width=420,
        )
        if again is not None:
            _show_conflict(decided[again], settings)


def _choose_first(waiting: int) -> int:
    """The place of the first that is shown; no choice names how many there are, so that settling one keeps it."""
    return st.selectbox(
        _("One by one, from number"),
        range(0, waiting, _SHOWN_AT_ONCE),
        format_func=lambda start: format_count(start + 1),
        key="conflicts-from",
        width=240,
    )


@st.fragment
def _show_agreeing(context: PageContext, conflicts: DoseConflicts) -> None:
    """One decision on all whose reports say the same, with every one of these to look at."""
    settings = context.question.settings
    told = _("In {count} of them all reports state the same number of doses.").format(
        count=format_count(conflicts.agreeing)
    )
    with st.container(border=True):
        show_small(told)
        show_table(conflicts.agreeing_reports, title=told, tallest_rem=16)
        show_download(context, conflicts.agreeing_reports, name="reports_that_agree", notes=(told,))
        sure = st.checkbox(_("They are the same doses, seen by several officers."))
        if st.button(_("Count each of these once"), disabled=not sure):
            _settle(lambda: settle_agreeing(settings=settings, keys=load_keys(store_folder=settings.store_folder)))


@st.fragment
def _show_conflict(conflict: OpenConflict, settings: Settings) -> None:
    key = conflict.conflict_id
    with st.container(border=True):
        show_table(conflict.table, title=conflict.name, headed=True)
        counted = st.selectbox(
            _("Report to count"),
            list(conflict.reports),
            index=list(conflict.reports).index(conflict.counted),
            format_func=conflict.reports.get,
            key=f"counted-{key}",
            help=_("Where the reports are of the same doses, this one counts. The other is kept."),
        )
        with st.container(horizontal=True):
            if st.button(_("Same doses: count once"), key=f"same-{key}"):
                _settle(lambda: _settle_one(settings, key, "same", counted))
            if st.button(_("Different doses: add up"), key=f"different-{key}"):
                _settle(lambda: _settle_one(settings, key, "different", None))


def _settle_one(
    settings: Settings, conflict_id: str, decision: Literal["same", "different"], report_id: str | None
) -> str:
    keys = load_keys(store_folder=settings.store_folder)
    return settle_conflict(
        settings=settings, keys=keys, conflict_id=conflict_id, decision=decision, report_id=report_id
    )


def _settle(decide: Callable[[], object]) -> None:
    try:
        with st.spinner(_("Settling.")):
            without_values(decide)
            # Before anything is drawn: another click may end this run there, and it is settled by now.
            import_steps().said = _(
                "Settled. It stays so when the file comes again; the journal keeps who settled it and when."
            )
    except NaloxoneWatchError as error:
        st.error(str(error))
    else:
        st.rerun()
