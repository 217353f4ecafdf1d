"""The pages there are, in the order in which they are listed; each link carries the view along."""

from dataclasses import dataclass

import streamlit as st

from analytics.disclosure import Audience
from wording import _

__all__ = ["PAGES", "Page", "draw_navigation"]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One screen: its file from the project's root, and its name in the list (translated when drawn)."""

    path: str
    name: str


def _pages(audience: Audience) -> tuple[Page, ...]:
    analyst = audience is Audience.ANALYST
    return (
        Page(path="dashboard.py", name=_("Overview")),
        Page(path="pages/heat_map.py", name=_("Heat map")),
        Page(
            path="pages/hotspots.py",
            name=_("Hotspots") if analyst else _("Places with repeated administrations"),
        ),
        Page(path="pages/spikes.py", name=_("Spikes") if analyst else _("Unusual clusters")),
        Page(path="pages/panel.py", name=_("Emergency panel")),
        Page(path="pages/changes.py", name=_("What changed")),
        Page(path="pages/compared_places.py", name=_("Overdoses without police naloxone")),
        Page(path="pages/ambulance_delay.py", name=_("Ambulance delay")),
        Page(path="pages/coverage.py", name=_("Carrier coverage")),
        Page(path="pages/supply.py", name=_("Kits and training")),
        Page(path="pages/data_quality.py", name=_("Data quality")),
    )


PAGES = tuple(page.path for page in _pages(Audience.ANALYST))


def draw_navigation(query: dict[str, str | list[str]], *, audience: Audience) -> None:
    """One link a page; `query` is the view that goes with it, so that a link opened elsewhere shows the same."""
    for page in _pages(audience):
        st.page_link(page.path, label=page.name, query_params=query)
