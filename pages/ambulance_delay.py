"""The ambulance: how long until it arrived, for whom it did not, and what the records cannot tell."""

import streamlit as st

from analytics.findings.ambulance_delay import AmbulanceDelay, find_ambulance_delay
from pages.components.charts import show_trend, show_waits
from pages.components.context import PageContext, open_page
from pages.components.map_layers import median_wait_layers
from pages.components.maps import show_legend, show_map
from pages.components.tables import show_download, show_table
from pages.components.theme import show_figure, show_finding, show_method, show_small
from wording import _


@st.fragment
def show_groups(context: PageContext, found: AmbulanceDelay) -> None:
    """Who waited how long, when, where, and against which standard."""
    show_table(found.groups, title=_("Who waited how long"), tallest_rem=40, headed=True)
    show_download(context, found.groups, name="ambulance_waits", notes=(found.counted, found.method))
    show_table(found.comparisons, title=_("Was the wait longer where police were first?"), headed=True)
    show_small(found.comparisons_note)
    left, right = st.columns(2, gap="large")
    with left:
        st.header(_("By quarter"))
        show_trend(found.trend, title=_("Waits by quarter"))
        show_table(found.quarters, title=_("Waits by quarter"), tallest_rem=16)
        show_table(found.still_waiting, title=_("Waiting past naloxone's effect"), headed=True)
        show_small(found.still_waiting_note)
    with right:
        st.header(_("Median wait by area"))
        layers = context.draw(median_wait_layers, found, level=context.view.waits.level)
        show_map(layers, ground=context.ground, key="waits")
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
        show_table(found.areas_table, title=_("Median wait by area"), tallest_rem=16)
    show_table(found.standards_table, title=_("Standards"), headed=True)
    show_small(" ".join((found.clocks, found.rounding)))


context = open_page(title=_("Ambulance delay"), wait_controls=True)
found = context.find(find_ambulance_delay, options=context.view.waits)
st.title(_("How long until the ambulance arrived"))
show_finding(found.headline)
if found.empty:
    context.nothing_to_show(_("No administrations match these filters. Widen the period or take a filter away."))
show_small(found.counted)
left, right = st.columns([2.1, 1], gap="medium")
with left:
    if found.has_curve:
        show_waits(found, title=_("Share of calls by how the wait ended, and every wait"))
    show_small(found.picture_note)
    show_method(found.method)
    if not found.has_curve:
        show_table(found.standards_table, title=_("Standards"), headed=True)
with right:
    for figure, about in found.figures:
        show_figure(figure, about, large=True)
    show_table(found.account, title=_("What became of each wait"), total=True, headed=True)
if found.has_curve:
    show_groups(context, found)
context.show_link()
