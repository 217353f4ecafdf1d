"""What changed since an earlier period: in the whole force, and where by more than chance."""

import streamlit as st

from analytics.findings.changes import find_changes
from pages.components.context import open_page
from pages.components.map_layers import change_layers
from pages.components.maps import show_legend, show_map
from pages.components.tables import show_download, show_outlines_download, show_table
from pages.components.theme import show_finding, show_small
from wording import _

context = open_page(title=_("What changed"), place_controls=("earlier",))
st.title(_("What changed in where police gave naloxone"))
found = context.find_slowly(find_changes, earlier=context.view.earlier)
show_finding(found.headline)
show_small(" ".join((found.counted, found.caveat)))
if found.method:
    layers = context.draw(change_layers, found, level=context.view.options.level)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        show_map(layers, ground=context.ground, key="changes")
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
    with right:
        title = _("What moved, beyond chance")
        st.header(title)
        if found.table.rows:
            show_table(found.table, title=title, tallest_rem=24)
            notes = (found.counted, found.method, found.caveat)
            show_outlines_download(context, found.outlines, found.table, name="changes", notes=notes)
            show_download(context, found.table, name="changes", notes=notes)
        else:
            show_small(_("No place. The colours on the map are then what chance alone would do."))
        show_small(found.method)
context.show_link()
