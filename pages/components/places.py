"""Found places chosen on the map or in a list beside it, each showing the other's choice: by mouse and by keyboard."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analytics.disclosure import DisclosedOutlines, DisclosedTable
from pages.components.context import PageContext
from pages.components.map_layers import MapLayers
from pages.components.maps import show_legend, show_map
from pages.components.outline_files import show_outlines_downloads
from pages.components.sidebar import chosen_place
from pages.components.tables import show_download, show_table
from pages.components.theme import show_small
from wording import _

__all__ = ["show_chosen_place", "show_places_table"]


def show_chosen_place(
    context: PageContext, layers: MapLayers, outlines: DisclosedOutlines, *, key: str
) -> tuple[int | None, DeltaGenerator]:
    """The map, its legend, and beside it the list that chooses with it.

    Returns which of the outlines is chosen (None where there is none) and the column beside the map, to be filled on.
    """
    names, listed = outlines.names, f"{key}_place"
    name = chosen_place(names, picture=key, listed=listed) if names else ""
    left, right = st.columns([1.9, 1], gap="medium")
    with left:
        show_map(layers, ground=context.ground, key=key, chosen=name)
        show_legend(layers.legend, attribution=context.ground.basemap.attribution)
    if not names:
        return None, right
    with right:
        st.radio(_("Place, here or on the map"), names, key=listed)
        st.header(name)
        show_small(outlines.about[names.index(name)])
    return names.index(name), right


def show_places_table(
    context: PageContext,
    outlines: DisclosedOutlines,
    table: DisclosedTable,
    *,
    title: str,
    chosen: int,
    name: str,
    method: str,
    notes: tuple[str, ...],
) -> None:
    """A row a place, the chosen one set apart, how it was found, and both as files."""
    st.header(title)
    show_table(table, title=title, chosen=chosen)
    show_small(method)
    with st.container(horizontal=True):
        show_download(context, table, name=name, notes=notes)
        show_outlines_downloads(context, outlines, table, name=name, notes=notes)
