"""Charts; they take disclosed types and nothing else. Each has its numbers in a table beside it."""

import math

import plotly.graph_objects as go
import streamlit as st

from analytics.disclosure import DisclosedSeries
from pages.components.theme import ACCENT, HATCH, MUTED, TEXT
from wording import _, format_month, format_quarter

__all__ = ["show_series"]

# A count that is held back is drawn as a stub of one height, whatever it is: its length says nothing.
_STUB_SHARE = 0.06
_MOST_TICKS = 8


def show_series(series: DisclosedSeries, *, title: str, height_px: int = 260) -> None:
    """Counts by period as bars; a count that is held back is a hatched stub, named in the legend."""
    st.plotly_chart(
        series_figure(series, height_px=height_px),
        config={"displayModeBar": False, "scrollZoom": False},
        alt=title,
        key=f"chart-{title}",
    )


def series_figure(series: DisclosedSeries, *, height_px: int) -> go.Figure:
    """The bars of `show_series`."""
    label = format_quarter if series.step == "quarter" else format_month
    counted = [(start, count) for start, count in zip(series.starts, series.counts, strict=True) if count.shown]
    held = [(start, count) for start, count in zip(series.starts, series.counts, strict=True) if not count.shown]
    tallest = max((count.value or 0 for _start, count in counted), default=0) or 1
    figure = go.Figure()
    figure.add_bar(
        x=[start for start, _count in counted],
        y=[count.value for _start, count in counted],
        name=_("Administrations"),
        marker={"color": ACCENT},
        customdata=[f"{label(start)}: {count.text}" for start, count in counted],
        hovertemplate="%{customdata}<extra></extra>",
    )
    if held:
        figure.add_bar(
            x=[start for start, _count in held],
            y=[tallest * _STUB_SHARE for _held in held],
            name=_("Not shown, too few"),
            marker={
                "color": "#ffffff",
                "line": {"color": HATCH, "width": 1},
                "pattern": {"shape": "/", "fgcolor": HATCH, "size": 5},
            },
            customdata=[f"{label(start)}: {count.text}" for start, count in held],
            hovertemplate="%{customdata}<extra></extra>",
        )
    ticks = series.starts[:: max(1, math.ceil(len(series.starts) / _MOST_TICKS))]
    figure.update_layout(
        height=height_px,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        bargap=0.25,
        barmode="overlay",
        showlegend=bool(held),
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0},
        font={"color": TEXT, "size": 14},
        plot_bgcolor="#ffffff",
        dragmode=False,
    )
    figure.update_xaxes(
        showgrid=False, linecolor=MUTED, fixedrange=True, tickvals=list(ticks), ticktext=[label(tick) for tick in ticks]
    )
    figure.update_yaxes(rangemode="tozero", gridcolor="#e3e7ec", zeroline=False, fixedrange=True, tickformat=",d")
    return figure
