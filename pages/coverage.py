"""Carrier coverage: who really carries, what they reach by hour of the week, and what a change would gain."""

import streamlit as st

from analytics.findings.coverage import find_coverage
from analytics.findings.reach_map import find_reach_map
from analytics.findings.reach_now import find_reach_now
from pages.components.context import open_page
from pages.components.coverage_charts import show_week
from pages.components.coverage_layers import reach_layers
from pages.components.maps import show_legend, show_map
from pages.components.sidebar import draw_hour_controls
from pages.components.tables import show_download, show_table
from pages.components.theme import show_finding, show_small
from wording import _

context = open_page(title=_("Carrier coverage"), place_controls=("risk",))
now = context.find(find_reach_now, layer=context.view.risk)
level = context.view.options.level
found = context.find(find_coverage, now=now, level=level)
st.title(_("How near carriers are to the risk"))
show_finding(found.headline)
show_small(" ".join((*found.missing, found.counted, found.method, found.caveat)))
left, right = st.columns([1.25, 1], gap="medium")
with right:
    draw_hour_controls()
    if found.week:
        show_week(found.week, title=_("Risk in reach by hour of the week"), hour=context.view.hour)
with left:
    reach_map = context.find(find_reach_map, now=now, hour=context.view.hour)
    layers = context.draw(reach_layers, reach_map, level=level)
    show_map(layers, ground=context.ground, key="coverage")
    show_legend(layers.legend, attribution=context.ground.basemap.attribution)
    show_small(reach_map.sentence)
notes = (found.counted, found.method, found.caveat)
show_table(found.gaps, title=_("When nobody is in reach"), headed=True)
show_small(found.gaps_note)
show_download(context, found.gaps, name="coverage_gaps", notes=notes)
context.show_link()
