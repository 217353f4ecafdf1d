"""What the emergency panel's page is worked with: the choice of a panel, its map, the forms, and what is taken away."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.disclosure import Audience, DisclosedTable
from analytics.findings.carriers_near import find_point
from analytics.findings.ldis import ldis_json, ldis_record
from analytics.findings.panel import Panel, PanelSection
from analytics.findings.panel_actions import LONGEST_ACTION, PanelAction, add_action, finish_action
from analytics.findings.panel_scene import (
    LONGEST_NOTE,
    MOST_REPORTED,
    PanelChoice,
    Report,
    Scene,
    open_reported_panel,
    report_words,
)
from data.journal import operating_system_user
from pages.components.context import PageContext
from pages.components.maps import show_legend, show_map
from pages.components.panel_paper import panel_pdf
from pages.components.sidebar import draw_panel_choice
from pages.components.spike_pictures import alert_layers
from pages.components.tables import csv_of_table, marks_of_file, show_table
from pages.components.theme import show_finding, show_small
from wording import NaloxoneWatchError, _, format_moment

__all__ = ["choose_panel", "present_hour", "show_action_form", "show_papers", "show_scene_map", "show_section"]

# The choice that begins a panel without any alert.
_NEW = "new"


def choose_panel(context: PageContext, choices: Sequence[PanelChoice]) -> PanelChoice:
    """The panel that was chosen; where none is, how to begin one, and the page ends there."""
    titles = {choice.id: choice.title for choice in choices if not choice.ended}
    if context.audience is Audience.ANALYST:
        titles[_NEW] = _("Begin without an alert")
    ended = {choice.id: choice.title for choice in choices if choice.ended}
    if titles or context.view.panel in ended:
        titles |= ended
    else:
        context.nothing_to_show(_("No alert is open, and the force's analysts have convened no panel."))
    asked = draw_panel_choice(titles)
    if asked == _NEW:
        _show_start(context)
        st.stop()
    return {choice.id: choice for choice in choices}[asked]


def present_hour() -> datetime:
    """Now, to the hour: the page is then worked out once an hour, and the carriers on shift are still right."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def _show_start(context: PageContext) -> None:
    """Place, time and what was reported; nothing else is needed."""
    show_finding(_("Begin from what people report: a place, a time and what they say. It is marked as not confirmed."))
    zone = ZoneInfo(context.question.settings.time_zone)
    now = datetime.now(zone)
    with st.form("begin-panel"):
        where, day, clock = st.columns([2, 1, 1])
        place = where.text_input(_("Place: postcode, town, or latitude and longitude"), max_chars=80)
        on = day.date_input(_("Day"), value=now.date(), max_value=now.date(), format="DD/MM/YYYY")
        at = clock.time_input(_("Time"), value=time(now.hour, 0), step=timedelta(minutes=15))
        told = []
        for kind, words in report_words().items():
            number, note = st.columns([1, 3])
            count = number.number_input(words, min_value=0, max_value=MOST_REPORTED, value=0, key=f"told-{kind}")
            told.append(
                (
                    kind,
                    count,
                    note.text_input(_("Note, without names of people"), max_chars=LONGEST_NOTE, key=f"note-{kind}"),
                )
            )
        submitted = st.form_submit_button(_("Open the panel"))
    if not submitted:
        return
    reports = tuple(Report(kind=kind, number=int(count), note=note.strip()) for kind, count, note in told if count)
    try:
        choice = open_reported_panel(
            context.question,
            near=find_point(context.question, place),
            at=datetime.combine(on, at),
            reports=reports,
            who=operating_system_user(),
        )
    except NaloxoneWatchError as error:
        st.error(str(error))
        return
    st.query_params["panel"] = choice.id
    st.rerun()


def show_scene_map(context: PageContext, scene: Scene) -> None:
    """The scene's areas, and single cases where the audience may see them."""
    layers = alert_layers(scene.outlines, ground=context.ground)
    show_map(layers, ground=context.ground, key="panel", points=scene.points, closer=True)
    show_legend(layers.legend, attribution=context.ground.basemap.attribution)


def show_section(section: PanelSection, *, tallest_rem: float) -> None:
    """One block: its heading, its table, and what it rests on."""
    show_table(section.table, title=section.title, tallest_rem=tallest_rem, headed=True)
    if section.about:
        show_small(section.about)


def show_action_form(context: PageContext, actions: Sequence[PanelAction], *, panel_id: str, seen: int) -> None:
    """Write an action down, or say that one is done; for the analyst, who keeps the panel's list."""
    if context.audience is not Audience.ANALYST:
        return
    with st.popover(_("Write an action down")), st.form(f"action-{panel_id}", clear_on_submit=True):
        told = st.text_input(_("What is to be done"), max_chars=LONGEST_ACTION)
        holder = st.text_input(_("By which role or agency"), max_chars=LONGEST_ACTION)
        on, at = st.columns(2)
        day = on.date_input(_("By day"), format="DD/MM/YYYY")
        clock = at.time_input(_("By time, if it matters"), value=None, step=timedelta(minutes=15))
        added = st.form_submit_button(_("Write it down"))
    try:
        if added:
            who = operating_system_user()
            add_action(context.question, panel_id=panel_id, what=told, owner=holder, due=day, due_at=clock, who=who)
            st.rerun()
        for action in actions:
            if action.done_at is None and st.button(
                _("Done: {action}").format(action=action.what), key=f"done-{action.entry}"
            ):
                finish_action(
                    context.question, panel_id=panel_id, entry=action.entry, seen=seen, who=operating_system_user()
                )
                st.rerun()
    except NaloxoneWatchError as error:
        st.error(str(error))


def show_papers(context: PageContext, panel: Panel, actions: DisclosedTable) -> None:
    """The page as A4, and the record for the Local Drug Information System, each marked."""
    moment = datetime.now(UTC)
    marks = marks_of_file(context, (panel.caveat,))
    local = moment.astimezone(ZoneInfo(context.question.settings.time_zone))
    footer = _("{force}. Naloxone Watch, {moment}, records of snapshot {version}.").format(
        force=context.question.settings.force, moment=format_moment(local), version=context.question.store.version
    )
    shown = marks[: 2 if context.synthetic else 1]
    record = ldis_record(context.question, panel, now=local)
    files = st.container(horizontal=True)
    try:
        paper = panel_pdf(panel, actions=actions, marks=shown, footer=footer)
        files.download_button(
            _("One page (PDF)"), paper, file_name="panel.pdf", mime="application/pdf", on_click="ignore"
        )
    except NaloxoneWatchError as error:
        files.error(str(error))
    files.download_button(
        _("LDIS record (CSV)"),
        csv_of_table(record, marks=marks),
        file_name="ldis.csv",
        mime="text/csv",
        on_click="ignore",
    )
    files.download_button(
        _("LDIS record (JSON)"),
        ldis_json(record, marks=marks),
        file_name="ldis.json",
        mime="application/json",
        on_click="ignore",
    )
