"""The week as a table of colours with its numbers in it: one cell an hour."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from analytics.disclosure import DisclosedWeek
from analytics.findings.week import day_words, hour_words
from pages.components.theme import ACCENT, DENSITY_RAMP, LABELS, TEXT, show_small
from wording import _

__all__ = ["show_week", "week_figure"]

_DAYS, _HOURS = 7, 24
# Under this share an hour is underlined, so that it stands out without colour: it leaves a fifth of the risk alone.
_POOR_PERCENT = 80
# Share out of reach that has the darkest colour, and from which white numbers have the better contrast than black ones.
_DARKEST, _WHITE_FROM = 0.75, 0.635


def show_week(week: DisclosedWeek, *, title: str, hour: int | None = None, height_px: int = 230) -> None:
    """Share of risk in reach by hour of the week, in percent; pointing at a cell tells n and interval."""
    show_small(
        _("Per cent of the risk in reach in each hour, under 80 underlined. The table below has n and interval.")
    )
    st.plotly_chart(
        week_figure(week, hour=hour, height_px=height_px),
        config={"displayModeBar": False, "scrollZoom": False},
        alt=title,
        key=f"chart-{title}",
    )


def week_figure(week: DisclosedWeek, *, hour: int | None, height_px: int) -> go.Figure:
    """The table of `show_week`; hours under 80 % are underlined, the chosen hour is framed."""
    share = np.array([each.value for each in week.shares]).reshape(_DAYS, _HOURS)
    days = day_words()
    told = np.array(
        [
            _(
                "{hour}: {share} in reach<br>{carriers} carriers on shift; {events} events in this hour of the week"
            ).format(hour=hour_words(index), share=each.text, carriers=duty.text, events=events.text)
            for index, (each, duty, events) in enumerate(zip(week.shares, week.on_duty, week.events, strict=True))
        ]
    ).reshape(_DAYS, _HOURS)
    text = [[_cell(value) for value in row] for row in share]
    figure = go.Figure(
        go.Heatmap(
            z=1.0 - share,
            x=list(range(_HOURS)),
            y=list(range(_DAYS)),
            zmin=0.0,
            zmax=_DARKEST,
            colorscale=[[place / 5, colour] for place, colour in enumerate(DENSITY_RAMP[:6])],
            showscale=False,
            text=text,
            texttemplate="%{text}",
            textfont={"size": 12},
            customdata=told,
            hovertemplate="%{customdata}<extra></extra>",
            xgap=1,
            ygap=1,
        )
    )
    if hour is not None:
        column, row = hour % _HOURS, hour // _HOURS
        figure.add_shape(
            type="rect",
            x0=column - 0.5,
            x1=column + 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": ACCENT, "width": 3},
        )
    figure.update_layout(
        height=height_px,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        font={"color": TEXT, "size": 13},
        plot_bgcolor="#ffffff",
        dragmode=False,
    )
    figure.update_xaxes(
        fixedrange=True, showgrid=False, side="top", tickvals=list(range(0, _HOURS, 2)), zeroline=False, tickfont=LABELS
    )
    figure.update_yaxes(
        fixedrange=True,
        showgrid=False,
        autorange="reversed",
        tickvals=list(range(_DAYS)),
        ticktext=days,
        tickfont=LABELS,
        zeroline=False,
    )
    return figure


def _cell(share: float) -> str:
    """The number of one cell, readable on its colour."""
    percent = round(share * 100)
    # As it is written: an 80 that is not underlined beside one that is would puzzle.
    number = f"<b><u>{percent}</u></b>" if percent < _POOR_PERCENT else str(percent)
    return f'<span style="color:{"#ffffff" if 1 - share >= _WHITE_FROM else "#000000"}">{number}</span>'
