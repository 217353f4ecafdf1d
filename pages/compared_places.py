"""Overdoses without police naloxone: where an independent layer is high and administrations are rare."""

import streamlit as st

from analytics.findings.compared_places import find_compared_places
from pages.components.context import open_page
from pages.components.map_layers import compared_layers
from pages.components.maps import show_legend, show_map
from pages.components.tables import show_download, show_outlines_download, show_table
from pages.components.theme import show_finding, show_small
from wording import _

context = open_page(title=_("Overdoses without police naloxone"), place_controls=("layer",))
st.title(_("Overdoses without police naloxone"))
found = context.find_slowly(find_compared_places, layer=context.view.layer)
show_finding(found.headline)
show_small(" ".join((found.counted, found.caveat)))
if found.method:
    layers = context.draw(compared_layers, found, level=context.view.options.level)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        show_map(layers, ground=context.ground, key="compared")
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
    with right:
        if not found.table.rows:
            show_small(_("No place differs by more than chance would explain."))
        show_small(found.readings)
        show_small(found.method)
    if found.table.rows:
        show_table(found.table, title=_("Places that differ, beyond chance"), headed=True)
        notes = (found.counted, found.method, found.caveat)
        show_outlines_download(context, found.outlines, found.table, name="compared_places", notes=notes)
        show_download(context, found.table, name="compared_places", notes=notes)
context.show_link()
