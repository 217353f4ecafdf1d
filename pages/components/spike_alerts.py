"""Open alerts on the spikes page: the chosen one in words, its life, and the form that decides about it."""

import streamlit as st

from analytics.disclosure import Audience
from analytics.findings.alert_words import AlertView, explanation_words, step_words
from analytics.findings.alerts import Explanation, Step
from analytics.findings.spike_history import find_spike_history
from analytics.findings.spikes import AlertList, decide
from data.journal import operating_system_user
from pages.components.context import PageContext
from pages.components.sidebar import shown_before
from pages.components.tables import show_download, show_table
from pages.components.theme import show_finding, show_method, show_small
from wording import NaloxoneWatchError, _

__all__ = ["show_alert", "show_all", "show_history"]

_DECISIONS = (Step.WATCHED, Step.PANEL, Step.CONFIRMED, Step.TOLD, Step.CLOSED)


def show_alert(context: PageContext, alert: AlertView, *, said: str) -> None:
    """One alert: its sentence (unless it is `said` already), what agrees, what speaks against it, and its life."""
    if alert.headline != said:
        show_finding(alert.headline)
    show_small(_("Now: {status}.").format(status=alert.status))
    for doubt in alert.doubts:
        st.warning(doubt)
    for stream in alert.streams:
        st.markdown(f"- {stream}")
    show_small(alert.neighbours)
    show_method(alert.method)
    query = context.view.query(context.offered) | {"panel": alert.id}
    st.page_link("pages/panel.py", label=_("Open the emergency panel"), query_params=query)
    if context.audience is Audience.ANALYST:
        _show_form(context, alert)
    show_table(alert.life, title=_("What became of it"), tallest_rem=14)
    show_download(context, alert.life, name=f"alert_{alert.id}", notes=(alert.headline, alert.place, alert.period))


def show_all(context: PageContext, alerts: AlertList) -> None:
    """Every alert in two tables: those that are open, and those that are closed or were explained by recording."""
    show_table(alerts.open_table, title=_("Open alerts"), headed=True)
    show_download(context, alerts.open_table, name="open_alerts", notes=(alerts.headline,))
    show_table(alerts.ended_table, title=_("Alerts that have ended"), headed=True)


@st.fragment
def show_history(context: PageContext) -> None:
    """The back-test, when it is asked for: it takes seconds where administrations are few, minutes in a city."""
    if not st.toggle(_("Score the last three years day by day, as each day was known"), key="back_test"):
        return
    found = context.find_slowly(find_spike_history)
    show_finding(found.sentence)
    show_table(found.rules, title=_("Rules on the same days"))
    show_table(found.raised, title=_("What would have been raised"))
    show_small(found.method)
    show_download(context, found.raised, name="spike_history", notes=(found.sentence, found.method))


def _show_form(context: PageContext, alert: AlertView) -> None:
    """What somebody decides, checked against what stood here when the form was drawn."""
    seen = shown_before(f"seen-{alert.id}", alert.last_entry)
    words, why = step_words(), explanation_words()
    choices: dict[str, tuple[Step, Explanation | None]] = {words[step]: (step, None) for step in _DECISIONS}
    choices |= {
        _("{status}: {why}").format(status=words[Step.EXPLAINED], why=why[reason]): (Step.EXPLAINED, reason)
        for reason in Explanation
    }
    with st.form(f"decide-{alert.id}", clear_on_submit=True):
        chosen = st.selectbox(_("Decision"), list(choices))
        note = st.text_input(_("Note, without names of people"), max_chars=200)
        who = st.text_input(_("Decided by"), value=operating_system_user(), max_chars=80)
        submitted = st.form_submit_button(_("Write it down"))
    if not submitted:
        return
    step, explanation = choices[chosen]
    try:
        decide(
            context.question,
            alert_id=alert.id,
            seen=seen,
            step=step,
            who=who.strip() or operating_system_user(),
            note=note.strip(),
            explanation=explanation,
        )
    except NaloxoneWatchError as error:
        st.error(str(error))
        return
    st.rerun()
