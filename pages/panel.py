"""The emergency panel: one screen, and one page of paper, on an alert or on what people reported."""

import streamlit as st

from analytics.findings.panel import find_panel
from analytics.findings.panel_actions import read_actions, tabulate_actions
from analytics.findings.panel_scene import panel_choices
from analytics.findings.spikes import find_spikes, read_alerts
from pages.components.context import open_page
from pages.components.panel_desk import (
    choose_panel,
    present_hour,
    show_action_form,
    show_papers,
    show_scene_map,
    show_section,
)
from pages.components.tables import show_table
from pages.components.theme import show_finding, show_small
from wording import _

context = open_page(title=_("Emergency panel"))
# Scored as on the spikes page: whoever opens this page first finds the alerts of today.
alerts = context.ask(read_alerts, context.find(find_spikes))
choices = context.ask(panel_choices, alerts)
st.title(_("Emergency panel"))
choice = choose_panel(context, choices)
panel = context.find(find_panel, choice=choice, now=present_hour())
show_finding(panel.scene.headline)
show_small(" ".join((*panel.known, panel.caveat)))
actions, seen = read_actions(context.question, panel_id=choice.id)
decided = tabulate_actions(actions)
with st.container(key="nw-columns"):
    where, what, who, then = st.columns([1.25, 0.9, 1, 1.1], gap="medium")
with where:
    show_scene_map(context, panel.scene)
    show_section(panel.section("timeline"), tallest_rem=17)
with what:
    for key in ("substances", "response", "waits", "follow_up"):
        show_section(panel.section(key), tallest_rem=12)
with who:
    for key in ("carriers", "kits", "outreach"):
        show_section(panel.section(key), tallest_rem=13)
with then:
    show_table(decided, title=_("Actions"), headed=True, tallest_rem=12)
    show_action_form(context, actions, panel_id=choice.id, seen=seen)
    st.header(_("Draft alert text"))
    st.code(panel.draft, language=None, wrap_lines=True)
    show_papers(context, panel, decided)
    show_section(panel.section("feeds"), tallest_rem=12)
context.show_link()
