"""Spikes: what is unusual now, in words first; how sure that is, what else agrees, and what rules would have done."""

import streamlit as st

from analytics.findings.spikes import AlertList, Spikes, alert_timeline, find_spikes, read_alerts
from pages.components.context import PageContext, open_page
from pages.components.maps import show_legend, show_map
from pages.components.sidebar import chosen_place
from pages.components.spike_alerts import show_alert, show_all, show_history
from pages.components.spike_pictures import alert_layers, show_timeline
from pages.components.tables import show_table
from pages.components.theme import show_finding, show_small
from wording import _


def show_open(context: PageContext, spikes: Spikes, alerts: AlertList) -> None:
    """The map and the list that choose an alert, and the chosen one with the weeks in its areas."""
    titles = [alert.title for alert in alerts.open]
    chosen = alerts.open[titles.index(chosen_place(titles, picture="alerts", listed="alert"))]
    layers = alert_layers(alerts.outlines, ground=context.ground)
    left, right = st.columns([1.5, 1], gap="medium")
    with left:
        show_map(layers, ground=context.ground, key="alerts", points=chosen.points, chosen=chosen.title)
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
        title = _("Weeks in these areas, beside what was usual")
        st.header(title)
        show_timeline(alert_timeline(context.question, spikes, area_codes=chosen.area_codes), title=title)
    with right:
        st.radio(_("Alert, here or on the map"), titles, key="alert")
        show_alert(context, chosen, said=alerts.headline)


context = open_page(title=_("Spikes"))
spikes = context.find(find_spikes)
alerts = context.ask(read_alerts, spikes)
st.title(_("Unusual clusters of police naloxone administrations"))
show_finding(alerts.headline)
for week in spikes.over_limit:
    st.info(week.sentence)
for warning in spikes.warnings:
    st.warning(warning)
show_small(" ".join((*spikes.state, spikes.layer)))
if alerts.open:
    show_open(context, spikes, alerts)
names = (_("The force by week"), _("All alerts"), _("Settings"), _("Other rules"), _("History and back-test"))
weeks, every, settings, rules, history = st.tabs(names)
with weeks:
    show_timeline(spikes.timeline, title=_("The whole force by week, beside what was usual"))
with every:
    show_all(context, alerts)
with settings:
    show_small(spikes.promise)
    show_table(spikes.settings, title=_("Settings"))
with rules:
    show_table(spikes.comparisons, title=_("Other rules on the same records"))
with history:
    show_history(context)
context.show_link()
