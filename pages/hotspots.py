"""Places where administrations repeat: where, compared with what, how sure, and whether earlier maps held."""

import streamlit as st

from analytics.findings.hotspots import HotspotMap, HotspotOptions, find_hotspots
from pages.components.context import PageContext, open_page
from pages.components.map_layers import hotspot_layers
from pages.components.maps import show_legend, show_map
from pages.components.sidebar import chosen_place
from pages.components.tables import show_download, show_outlines_download, show_table
from pages.components.theme import show_finding, show_small
from wording import _


@st.fragment
def show_places(context: PageContext, found: HotspotMap) -> None:
    """The map, the list that chooses with it, the chosen place's profile, and the table with a row a place."""
    names = found.outlines.names
    name = chosen_place(names, picture="hotspots", listed="hotspot")
    chosen = names.index(name)
    layers = context.draw(hotspot_layers, found, level=context.view.options.level)
    left, right = st.columns([1.9, 1], gap="medium")
    with left:
        show_map(layers, ground=context.ground, key="hotspots", chosen=name)
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
    with right:
        st.radio(_("Place, here or on the map"), names, key="hotspot")
        st.header(name)
        show_small(found.outlines.about[chosen])
        show_table(found.profiles[chosen], title=_("Profile of {place}").format(place=name), tallest_rem=22)
    st.header(_("How sure each place is"))
    show_table(found.table, title=_("How sure each place is"), chosen=chosen)
    show_small(found.method)
    notes = (found.counted, found.short, found.method, found.caveat)
    first, second, _rest = st.columns([1, 1, 2])
    with first:
        show_outlines_download(context, found.outlines, found.table, name="places", notes=notes)
    with second:
        show_download(context, found.table, name="places", notes=notes)


context = open_page(title=_("Hotspots"), place_controls=("layer", "share", "bandwidth"))
st.title(_("Where administrations repeat"))
view = context.view
options = HotspotOptions(bandwidth_m=view.options.bandwidth_m, layer=view.layer, share=view.share)
found = context.find_slowly(find_hotspots, options=options)
show_finding(found.headline)
if found.empty:
    context.nothing_to_show(_("No administrations match these filters. Widen the period or take a filter away."))
show_small(" ".join((found.counted, found.short, found.caveat)))
show_small(found.back_test.sentence)
if found.outlines.names:
    show_places(context, found)
else:
    st.page_link("pages/heat_map.py", label=_("See the administrations on the heat map"))
if found.back_test.table.rows:
    st.header(_("Did earlier maps foretell later administrations?"))
    show_table(found.back_test.table, title=_("Back-test"))
    show_small(found.back_test.method)
context.show_link()
