"""The overview: how many, is that a change, where, how fresh, and what is missing. Opens like every other page."""

import streamlit as st

from analytics.findings.heat_map import Picture, find_heat_map
from analytics.findings.overview import find_overview
from pages.components.charts import show_series
from pages.components.context import open_page
from pages.components.map_layers import heat_map_thumbnail
from pages.components.tables import show_table
from pages.components.theme import show_figure, show_finding, show_small
from wording import _

context = open_page(title=_("Overview"))
overview = context.find(find_overview)
st.title(_("Police naloxone administrations"))
show_finding(overview.headline)
if overview.empty:
    context.nothing_to_show(_("No administrations match these filters. Widen the period or take a filter away."))
show_small(" ".join(filter(None, (overview.period + ".", overview.left_out, overview.freshness, overview.caveat))))

heat_map = context.find(find_heat_map, options=context.view.options)
left, right = st.columns([1, 1.2], gap="large")
with left:
    show_figure(overview.administrations.text, overview.interval, large=True)
    st.header(_("Over time"))
    show_series(overview.by_time, title=_("Administrations over time"))
    show_table(overview.by_time_table, title=_("Administrations over time"), tallest_rem=17)
with right:
    st.header(_("Where"))
    show_small(heat_map.headline)
    if heat_map.picture in (Picture.SURFACE, Picture.AREAS):
        picture = context.draw(heat_map_thumbnail, heat_map, level=context.view.options.level)
        st.image(picture, width="stretch", alt=heat_map.headline)
    st.page_link("pages/heat_map.py", label=_("Open the heat map"))
    st.header(_("What is missing"))
    show_table(overview.missing, title=_("What is missing"), tallest_rem=17)
context.show_link()
