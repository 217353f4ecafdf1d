"""Overdoses without police naloxone: where an independent layer is high and administrations are rare."""

import streamlit as st

from analytics.findings.compared_places import ComparedPlaces, find_compared_places
from pages.components.context import PageContext, open_page
from pages.components.map_layers import compared_layers
from pages.components.places import show_chosen_place, show_places_table
from pages.components.theme import show_finding, show_small
from wording import _


@st.fragment
def show_places(context: PageContext, found: ComparedPlaces) -> None:
    """The map, the places that differ in a list that chooses with it, and a row of the table for each."""
    layers = context.draw(compared_layers, found, level=context.view.options.level)
    chosen, beside = show_chosen_place(context, layers, found.outlines, key="compared")
    with beside:
        show_small(found.readings)
        if chosen is None:
            show_small(_("No place differs beyond chance: what the map shows is then what chance alone would do."))
            show_small(found.method)
    if chosen is not None:
        show_places_table(
            context,
            found.outlines,
            found.table,
            title=_("Places that differ, beyond chance"),
            chosen=chosen,
            name="compared_places",
            method=found.method,
            notes=(found.counted, found.method, found.caveat),
        )


context = open_page(title=_("Overdoses without police naloxone"), place_controls=("layer",))
st.title(_("Overdoses without police naloxone"))
found = context.find_slowly(find_compared_places, layer=context.view.layer)
show_finding(found.headline)
show_small(" ".join((found.counted, found.caveat)))
if found.method:
    show_places(context, found)
context.show_link()
