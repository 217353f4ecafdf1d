"""The pictures of the spikes page: where the alerts are, and the weeks beside what was usual."""

from datetime import timedelta

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from analytics.disclosure import DisclosedOutlines, DisclosedTimeline
from analytics.findings.spikes import timeline_table
from pages.components.map_layers import Ground, MapLayers, outline_layers
from pages.components.tables import show_table
from pages.components.theme import ACCENT, LABELS, MUTED, TEXT, show_small
from wording import _, format_date, format_day_of_month, format_number

__all__ = ["alert_layers", "show_timeline", "timeline_figure"]

_ABOVE = "#c2521a"
_BAND = "rgba(80, 89, 95, 0.18)"
_MOST_TICKS = 8
# Six of a week's seven days, in milliseconds: a trace with a single bar has no width of its own.
_BAR_MS = 6 * 24 * 3_600_000
_HALF_BAR = timedelta(days=3)


def alert_layers(outlines: DisclosedOutlines, *, ground: Ground) -> MapLayers:
    """Whole small areas with an open alert, dark, and those only watched, pale."""
    return outline_layers(
        outlines,
        ground=ground,
        level="authority",
        sure=_("area of an alert"),
        unsure=_("watched, below an alert"),
        alt=_("Map of the areas of open alerts; each is described beside the map."),
    )


def show_timeline(timeline: DisclosedTimeline, *, title: str, height_px: int = 240) -> None:
    """Weeks as bars beside the range that was usual, and as a table; those above it stand out in colour and number."""
    if not timeline.starts:
        show_small(timeline.note or _("There are too few weeks of records for a timeline."))
        return
    st.plotly_chart(
        timeline_figure(timeline, height_px=height_px),
        config={"displayModeBar": False, "scrollZoom": False},
        alt=title,
        key=f"chart-{title}",
    )
    show_table(timeline_table(timeline), title=title, tallest_rem=9)
    if np.isnan(timeline.limit).all():
        show_small(_("What is usual is known of weeks that have a year of records before them: of none of these yet."))


def timeline_figure(timeline: DisclosedTimeline, *, height_px: int) -> go.Figure:
    """The bars and the band of `show_timeline`."""
    starts, counts = list(timeline.starts), timeline.counts
    above = np.nan_to_num(timeline.limit, nan=np.inf) < counts
    figure = go.Figure()
    figure.add_scatter(
        # As wide as the first and the last bar.
        x=[starts[0] - _HALF_BAR, *starts, starts[-1] + _HALF_BAR],
        y=[timeline.limit[0], *timeline.limit, timeline.limit[-1]],
        mode="lines",
        line={"width": 0, "shape": "hvh"},
        fill="tozeroy",
        fillcolor=_BAND,
        name=_("Usual: 99 weeks in 100"),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=starts,
        y=timeline.expected,
        mode="lines",
        line={"color": MUTED, "width": 2, "dash": "dash"},
        name=_("Expected"),
        hoverinfo="skip",
    )
    for mask, colour, name in ((~above, ACCENT, _("Administrations")), (above, _ABOVE, _("Above the usual"))):
        if mask.any():
            chosen = np.flatnonzero(mask)
            figure.add_bar(
                x=[starts[place] for place in chosen],
                y=counts[chosen],
                name=name,
                marker={"color": colour},
                width=_BAR_MS,
                text=[str(counts[place]) if above[place] else "" for place in chosen],
                textposition="outside",
                customdata=[_hover(timeline, place) for place in chosen],
                hovertemplate="%{customdata}<extra></extra>",
            )
    ticks = starts[:: max(1, -(-len(starts) // _MOST_TICKS))]
    figure.update_layout(
        height=height_px,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        bargap=0.25,
        barmode="overlay",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0},
        font={"color": TEXT, "size": 14},
        plot_bgcolor="#ffffff",
        dragmode=False,
    )
    figure.update_xaxes(
        showgrid=False,
        linecolor=MUTED,
        fixedrange=True,
        tickvals=ticks,
        ticktext=[f"{format_day_of_month(tick)}<br>{tick.year}" for tick in ticks],
        tickangle=0,
        tickfont=LABELS,
    )
    tallest = max(int(counts.max(initial=1)), int(np.nanmax(timeline.limit, initial=1)))
    figure.update_yaxes(
        range=[0, tallest * 1.2],
        gridcolor="#e3e7ec",
        zeroline=False,
        fixedrange=True,
        tickformat=",d",
        tickfont=LABELS,
    )
    return figure


def _hover(timeline: DisclosedTimeline, place: int) -> str:
    week = _("week from {day}: {count}").format(
        day=format_date(timeline.starts[place]), count=int(timeline.counts[place])
    )
    if not np.isfinite(timeline.expected[place]):
        return week
    return _("{week}, about {expected} expected").format(
        week=week, expected=format_number(float(timeline.expected[place]))
    )
