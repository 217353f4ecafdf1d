"""What changed since an earlier period: in the whole force, and where by more than chance."""

import streamlit as st

from analytics.findings.changes import Changes, find_changes
from pages.components.context import PageContext, open_page
from pages.components.map_layers import change_layers
from pages.components.places import show_chosen_place, show_places_table
from pages.components.theme import show_finding, show_small
from wording import _


@st.fragment
def show_places(context: PageContext, found: Changes) -> None:
    """The map, the places beyond chance in a list that chooses with it, and a row of the table for each."""
    layers = context.draw(change_layers, found, level=context.view.options.level)
    chosen, beside = show_chosen_place(context, layers, found.outlines, key="changes")
    if chosen is None:
        with beside:
            show_small(_("No place changed beyond chance. The colours on the map are then what chance alone would do."))
            show_small(found.method)
        return
    show_places_table(
        context,
        found.outlines,
        found.table,
        title=_("What moved, beyond chance"),
        chosen=chosen,
        name="changes",
        method=found.method,
        notes=(found.counted, found.method, found.caveat),
    )


context = open_page(title=_("What changed"), place_controls=("earlier",))
st.title(_("What changed in where police gave naloxone"))
found = context.find_slowly(find_changes, earlier=context.view.earlier)
show_finding(found.headline)
show_small(" ".join((found.counted, found.caveat)))
if found.method:
    show_places(context, found)
context.show_link()
