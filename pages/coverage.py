"""Carrier coverage: who really carries, what they reach by hour of the week, and what a change would gain."""

import streamlit as st

from analytics.findings.coverage import find_coverage
from analytics.findings.reach_map import find_reach_map
from analytics.findings.reach_now import ReachNow, find_reach_now
from pages.components.context import PageContext, open_page
from pages.components.coverage_charts import show_week
from pages.components.coverage_layers import reach_layers
from pages.components.coverage_near import show_carriers_near
from pages.components.coverage_plan import show_plan
from pages.components.coverage_tables import show_chain, show_coverage_tables
from pages.components.maps import show_legend, show_map
from pages.components.sidebar import draw_hour_controls
from pages.components.theme import show_finding, show_small
from wording import _


@st.fragment
def show_picture(context: PageContext, now: ReachNow) -> None:
    """The map of the chosen hour, and who is rostered near a point of it."""
    reach_map = context.find(find_reach_map, now=now, hour=context.view.hour)
    layers = context.draw(reach_layers, reach_map, level=context.view.options.level)
    show_map(layers, ground=context.ground, key="coverage")
    show_small(reach_map.sentence)
    show_legend(layers.legend, attribution=context.ground.basemap.attribution)
    show_carriers_near(context, picture="coverage")


context = open_page(title=_("Carrier coverage"), place_controls=("risk",))
now = context.find(find_reach_now, layer=context.view.risk)
found = context.find(find_coverage, now=now, level=context.view.options.level)
st.title(_("How near carriers are to the risk"))
show_finding(found.headline)
show_small(" ".join((found.counted, found.method, found.caveat)))
if found.missing:
    st.warning(" ".join(found.missing))
left, right = st.columns([1.15, 1], gap="medium")
with left:
    show_picture(context, now)
with right:
    show_chain(found)
    if found.week:
        draw_hour_controls()
        show_week(found.week, title=_("Risk in reach, per cent, by hour of the week"), hour=context.view.hour)
    if found.can_plan:
        show_plan(context, now, first=found.first_gap)
show_coverage_tables(context, found)
context.show_link()
