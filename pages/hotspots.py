"""Places where administrations repeat: where, compared with what, how sure, and whether earlier maps held."""

import streamlit as st

from analytics.findings.hotspots import HotspotMap, HotspotOptions, find_hotspots
from pages.components.context import PageContext, open_page
from pages.components.map_layers import hotspot_layers
from pages.components.places import show_chosen_place, show_places_table
from pages.components.tables import show_table
from pages.components.theme import show_finding, show_small
from wording import _


@st.fragment
def show_places(context: PageContext, found: HotspotMap) -> None:
    """The map, the list that chooses with it, the chosen place's profile, and the table with a row a place."""
    layers = context.draw(hotspot_layers, found, level=context.view.options.level)
    chosen, beside = show_chosen_place(context, layers, found.outlines, key="hotspots")
    with beside:
        title = _("Profile of {place}").format(place=found.outlines.names[chosen])
        show_table(found.profiles[chosen], title=title, tallest_rem=22)
    show_places_table(
        context,
        found.outlines,
        found.table,
        title=_("How sure each place is"),
        chosen=chosen,
        name="places",
        method=found.method,
        notes=(found.counted, found.short, found.method, found.caveat),
    )


context = open_page(title=_("Hotspots"), place_controls=("layer", "share", "bandwidth"))
st.title(_("Where administrations repeat"))
view = context.view
options = HotspotOptions(bandwidth_m=view.options.bandwidth_m, layer=view.layer, share=view.share)
found = context.find_slowly(find_hotspots, options=options)
show_finding(found.headline)
if not found.empty:
    show_small(" ".join((found.counted, found.short, found.caveat)))
    context.show_doubled_days()
show_small(found.back_test.sentence)
if found.outlines.names:
    show_places(context, found)
elif found.empty:
    st.info(_("No administrations match these filters. Widen the period or take a filter away."))
else:
    st.page_link("pages/heat_map.py", label=_("See the administrations on the heat map"))
if found.back_test.table.rows:
    st.header(_("Did earlier maps foretell later administrations?"))
    show_table(found.back_test.table, title=_("Back-test"))
    show_small(found.back_test.method)
context.show_link()
