"""The heat map: where police gave naloxone, or where a layer beside it lies, how sure that is, and what is missing."""

import streamlit as st

from analytics.findings.heat_map import HeatMap, Picture, find_heat_map
from pages.components.context import PageContext, open_page
from pages.components.map_layers import heat_map_layers
from pages.components.maps import show_legend, show_map
from pages.components.tables import show_download, show_table
from pages.components.theme import show_figure, show_finding, show_method, show_small
from wording import _


@st.fragment
def show_picture(context: PageContext, heat_map: HeatMap) -> None:
    """The map with its legend; beside it the area that was clicked and the numbers of every area."""
    layers = context.draw(heat_map_layers, heat_map, level=context.view.options.level)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        points = heat_map.points if context.view.points else None
        clicked = show_map(layers, ground=context.ground, key="heat_map", points=points)
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
        show_method(heat_map.method)
    with right:
        if clicked in heat_map.areas.names:
            place = heat_map.areas.names.index(clicked)
            st.header(clicked)
            show_figure(heat_map.areas.counts[place].text, heat_map.area_rates[place].text)
        show_areas(context, heat_map)
        if points is not None:
            show_small(points.note)


def show_areas(context: PageContext, heat_map: HeatMap) -> None:
    """The counts by area, and the same as a file."""
    title = _("By area: {events}").format(events=heat_map.events)
    st.header(title)
    show_table(heat_map.areas_table, title=title, tallest_rem=36, total=True)
    show_download(context, heat_map.areas_table, name="heat_map_areas", notes=(heat_map.counted, heat_map.method))


context = open_page(title=_("Heat map"), map_controls=True, layers_alone=True)
heat_map = context.find(find_heat_map, options=context.view.options, layer=context.view.mapped)
st.title(heat_map.title)
show_finding(heat_map.headline)
if heat_map.empty:
    context.nothing_to_show(_("Nothing matches these filters. Widen the period or take a filter away."))
show_small(" ".join((heat_map.counted, heat_map.smoothing, heat_map.caveat)))
if context.view.mapped is None:
    context.show_doubled_days()
if heat_map.picture is Picture.LIST:
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        st.header(_("Every administration, newest first"))
        show_table(heat_map.listed, title=_("Every administration"), tallest_rem=40)
    with right:
        show_areas(context, heat_map)
else:
    show_picture(context, heat_map)
context.show_link()
