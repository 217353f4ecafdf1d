"""Carriers rostered near a point that was typed or clicked: planned, not live, not for dispatch."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.findings.carriers_near import Near, find_carriers_near, find_point, point_at
from pages.components.context import PageContext
from pages.components.sidebar import clicked_point
from pages.components.tables import show_download, show_table
from pages.components.theme import show_small
from wording import NaloxoneWatchError, _

__all__ = ["show_carriers_near"]


def show_carriers_near(context: PageContext, *, picture: str) -> None:
    """The list for the place typed here, else for the last click on the map with the key `picture`."""
    typed = st.text_input(
        _("Carriers rostered near: postcode, place or coordinates; or click the map"), key="near_place"
    )
    near = _asked(context, typed, picture)
    if near is None:
        return
    found = context.find(find_carriers_near, near=near, hour=_hour(context))
    st.subheader(found.heading)
    st.markdown(f"**{found.planned}**")
    show_table(found.table, title=found.heading, tallest_rem=18)
    show_small(found.note)
    show_download(context, found.table, name="carriers_near", notes=(found.heading, found.planned, found.note))


def _asked(context: PageContext, typed: str, picture: str) -> Near | None:
    try:
        if typed.strip():
            return find_point(context.question, typed)
        point = clicked_point(picture)
        return point_at(context.question, latitude=point[0], longitude=point[1]) if point else None
    except NaloxoneWatchError as error:
        st.warning(str(error))
        return None


def _hour(context: PageContext) -> int:
    """The hour that was chosen, else the present one where the force is."""
    if context.view.hour is not None:
        return context.view.hour
    now = datetime.now(ZoneInfo(context.question.settings.time_zone))
    return 24 * now.weekday() + now.hour
