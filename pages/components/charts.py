"""Charts; they take disclosed types and nothing else. Each has its numbers in a table beside it."""

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from analytics.disclosure import (
    DisclosedCurve,
    DisclosedDistribution,
    DisclosedEstimate,
    DisclosedSeries,
    DisclosedTrend,
)
from analytics.findings.ambulance_delay import AmbulanceDelay, Mark
from pages.components.theme import ACCENT, HATCH, LABELS, MUTED, TEXT
from wording import _, format_count, format_month, format_months, format_quarter, format_share

__all__ = ["ENDING_COLOURS", "show_series", "show_trend", "show_waits"]

# A count that is held back is drawn as a stub of one height, whatever it is: its length says nothing.
_STUB_SHARE = 0.06
# Labels on the axis of time that do not touch where a chart is half of a small screen.
_MOST_TICKS = {"month": 6, "quarter": 4}


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
    _mark_time(figure, series.starts, step=series.step)
    figure.update_yaxes(
        rangemode="tozero", gridcolor="#e3e7ec", zeroline=False, fixedrange=True, tickformat=",d", tickfont=LABELS
    )
    return figure


def _mark_time(figure: go.Figure, starts: Sequence[date], *, step: str) -> None:
    """An axis of months or quarters, the year of each under it."""
    ticks = starts[:: max(1, math.ceil(len(starts) / _MOST_TICKS[step]))]
    figure.update_xaxes(
        type="date",
        showgrid=False,
        linecolor=MUTED,
        fixedrange=True,
        tickvals=list(ticks),
        ticktext=[f"{format_months(tick, quarter=step == 'quarter')}<br>{tick.year}" for tick in ticks],
        tickangle=0,
        tickfont=LABELS,
    )


# Waits --------------------------------------------------------------------------------------------------------------

# Minutes: from the shortest wait that is told apart to the longest that is not a recording error. On a log scale seven
# minutes and four hours are both read off.
_FIRST_MINUTE, _LAST_MINUTE = 1.0, 360.0
_MINUTE_TICKS = (1, 2, 5, 10, 20, 40, 60, 120, 240)
# Dots in one column of the strip lie within this factor of each other.
_DOT_FACTOR = 1.09
# So many of the longest are labelled, where they lie this factor apart, and none shorter than these minutes.
_LABELLED_DOTS, _LABEL_FACTOR, _LABELLED_FROM = 6, 1.35, 20.0
# From this share on a curve meets the label of a line when that hangs from the top.
_HIGH_SHARE = 0.5
ENDING_COLOURS = {"arrived": ACCENT, "left": "#801650", "declined": "#c2521a"}


def show_waits(found: AmbulanceDelay, *, title: str, height_px: int = 560) -> None:
    """The share of each ending as time goes by, over the waits themselves, on one scale of minutes."""
    st.plotly_chart(
        waits_figure(
            found.curves, found.waits, standards=found.standards, recalled=found.recalled, height_px=height_px
        ),
        config={"displayModeBar": False, "scrollZoom": False},
        alt=title,
        key=f"chart-{title}",
    )


def waits_figure(
    curves: Mapping[str, DisclosedCurve],
    waits: DisclosedDistribution,
    *,
    standards: Sequence[Mark],
    recalled: Sequence[Mark],
    height_px: int,
) -> go.Figure:
    """The picture of `show_waits`."""
    heights = [0.62, 0.38] if not recalled else [0.52, 0.33, 0.15]
    figure = make_subplots(rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights)
    for ending, curve in curves.items():
        _add_curve(figure, ending, curve)
    _add_waits(figure, waits)
    for before, mark in zip((None, *standards), standards, strict=False):
        _add_standard(figure, mark, before, reached=_share_by(mark.first_minutes, curves))
    for place, mark in enumerate(reversed(recalled)):
        figure.add_scatter(
            x=[mark.first_minutes, mark.last_minutes],
            y=[place, place],
            mode="lines",
            line={"color": MUTED, "width": 7},
            hoverinfo="skip",
            row=3,
            col=1,
        )
        # The label stands on the side that has more room.
        on_left = mark.first_minutes > math.sqrt(_LAST_MINUTE)
        figure.add_annotation(
            x=math.log10(mark.first_minutes if on_left else mark.last_minutes),
            y=place,
            text=mark.label,
            xanchor="right" if on_left else "left",
            xshift=-6 if on_left else 6,
            row=3,
            col=1,
        )
    figure.update_layout(
        height=height_px,
        margin={"l": 8, "r": 150, "t": 10, "b": 8},
        showlegend=False,
        font={"color": TEXT, "size": 15},
        plot_bgcolor="#ffffff",
        dragmode=False,
    )
    figure.update_annotations(showarrow=False, font={"size": 15})
    figure.update_xaxes(
        type="log",
        range=[math.log10(_FIRST_MINUTE), math.log10(_LAST_MINUTE)],
        tickvals=_MINUTE_TICKS,
        ticktext=[_minute_tick(minutes) for minutes in _MINUTE_TICKS],
        gridcolor="#e3e7ec",
        linecolor=MUTED,
        tickfont={"size": 15, "color": TEXT},
        fixedrange=True,
        showticklabels=False,
    )
    figure.update_xaxes(showticklabels=True, title={"text": _("Minutes from the start of the clock")}, row=len(heights))
    plain = {"color": TEXT, "size": 15}
    figure.update_xaxes(title={"font": plain})
    figure.update_yaxes(
        gridcolor="#e3e7ec", zeroline=False, fixedrange=True, tickfont=plain, title={"font": plain, "standoff": 4}
    )
    shares = (0, 0.25, 0.5, 0.75, 1)
    figure.update_yaxes(
        range=[0, 1.02],
        tickvals=shares,
        ticktext=[format_share(share) for share in shares],
        title={"text": _("Share of calls")},
        row=1,
    )
    figure.update_yaxes(title={"text": _("Calls")}, rangemode="tozero", tickformat=",d", row=2)
    if recalled:
        figure.update_yaxes(showticklabels=False, range=[-0.7, len(recalled) - 0.3], showgrid=False, row=3)
    return figure


def _minute_tick(minutes: int) -> str:
    return _("{hours} h").format(hours=format_count(minutes // 60)) if minutes >= 60 else format_count(minutes)


def _ending_words() -> dict[str, str]:
    return {"arrived": _("Arrived"), "left": _("Left before"), "declined": _("Declined")}


def _add_curve(figure: go.Figure, ending: str, curve: DisclosedCurve) -> None:
    if not curve.at.size:
        return
    colour, word = ENDING_COLOURS[ending], _ending_words()[ending]
    # A curve that says all goes on level to the end of the scale; one that ends early stops where it was told to.
    last = [] if curve.ends_early else [_LAST_MINUTE]
    at = np.concatenate([[_FIRST_MINUTE], np.maximum(curve.at, _FIRST_MINUTE), last])

    def stepped(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([[0.0], values, values[-1:] if last else []])

    known = np.isfinite(curve.lower) & np.isfinite(curve.upper)
    lower, upper = np.where(known, curve.lower, curve.share), np.where(known, curve.upper, curve.share)
    for values, fill in ((stepped(lower), None), (stepped(upper), "tonexty")):
        figure.add_scatter(
            x=at,
            y=values,
            mode="lines",
            line={"width": 0, "shape": "hv"},
            fill=fill,
            fillcolor=_pale(colour),
            hoverinfo="skip",
            row=1,
            col=1,
        )
    figure.add_scatter(
        x=at,
        y=stepped(curve.share),
        mode="lines",
        line={"color": colour, "width": 3.5, "shape": "hv"},
        name=word,
        hovertemplate="%{y:.0%}, %{x:.0f}<extra>" + word + "</extra>",
        row=1,
        col=1,
    )
    if curve.ends_early:
        figure.add_scatter(
            x=[at[-1], _LAST_MINUTE],
            y=[curve.share[-1], curve.total],
            mode="lines",
            line={"color": colour, "width": 2, "dash": "dot"},
            hoverinfo="skip",
            row=1,
            col=1,
        )
    figure.add_annotation(
        x=math.log10(_LAST_MINUTE),
        y=curve.total,
        text=f"<b>{word} {format_share(curve.total)}</b>",
        font={"color": colour, "size": 16},
        xanchor="left",
        xshift=6,
        row=1,
        col=1,
    )


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.15)"


def _share_by(minutes: float, curves: Mapping[str, DisclosedCurve]) -> float:
    """The highest share that any of the curves has reached by then."""
    return max((float(share) for curve in curves.values() for share in curve.share[curve.at <= minutes]), default=0.0)


def _add_standard(figure: go.Figure, mark: Mark, before: Mark | None, *, reached: float) -> None:
    for row in (1, 2):
        figure.add_vline(x=mark.first_minutes, line={"color": TEXT, "width": 1.5, "dash": "dash"}, row=row, col=1)
    # Beside its line on the left, or on the right where the one before is too near; under a curve that is high there.
    is_near = before is not None and mark.first_minutes < _LABEL_FACTOR * before.first_minutes
    figure.add_annotation(
        x=math.log10(mark.first_minutes),
        y=1.02 if reached < _HIGH_SHARE else 0,
        text=mark.label,
        textangle=-90,
        xanchor="left" if is_near else "right",
        yanchor="top" if reached < _HIGH_SHARE else "bottom",
        bgcolor="rgba(255, 255, 255, 0.7)",
        row=1,
        col=1,
    )


def _add_waits(figure: go.Figure, waits: DisclosedDistribution) -> None:
    """A dot for each single wait, stacked where they crowd; blocks with their count between the limits of classes."""
    base = np.zeros(max(len(waits.limits) - 1, 0))
    for ending, counts in waits.counts.items():
        for place, count in enumerate(counts):
            if count:
                left, right = (max(limit, _FIRST_MINUTE) for limit in waits.limits[place : place + 2])
                low, high = base[place], base[place] + count
                figure.add_scatter(
                    x=[left, left, right, right],
                    y=[low, high, high, low],
                    mode="lines",
                    fill="toself",
                    fillcolor=ENDING_COLOURS[ending],
                    line={"color": "#ffffff", "width": 2},
                    hoverinfo="skip",
                    row=2,
                    col=1,
                )
        base = base + np.asarray(counts)
    for place, count in enumerate(base):
        if count:
            left, right = (max(limit, _FIRST_MINUTE) for limit in waits.limits[place : place + 2])
            figure.add_annotation(
                x=math.log10(math.sqrt(left * right)),
                y=count,
                text=format_count(int(count)),
                yanchor="bottom",
                row=2,
                col=1,
            )
    # Where blocks are drawn too, the longest waits stand on the ground before them.
    _add_dots(figure, waits.single)


def _add_dots(figure: go.Figure, single: Mapping[str, NDArray[np.float64]]) -> None:
    endings = np.concatenate([np.full(len(each), ending) for ending, each in single.items()] or [np.empty(0)])
    minutes = np.concatenate([*single.values(), np.empty(0)])
    column = np.floor(np.log(np.maximum(minutes, _FIRST_MINUTE)) / math.log(_DOT_FACTOR)).astype(int)
    height = np.zeros(len(minutes), dtype=int)
    filled: dict[int, int] = {}
    for index in np.argsort(minutes, kind="stable"):
        filled[column[index]] = height[index] = filled.get(column[index], 0) + 1
    size = 9 if height.max(initial=0) <= 12 else 6
    for ending in single:
        mine = endings == ending
        figure.add_scatter(
            x=np.maximum(minutes[mine], _FIRST_MINUTE),
            y=height[mine],
            mode="markers",
            marker={"color": ENDING_COLOURS[ending], "size": size, "line": {"color": "#ffffff", "width": 0.5}},
            hovertemplate="%{x:.0f}<extra>" + _ending_words()[ending] + "</extra>",
            row=2,
            col=1,
        )
    for index in _labelled(minutes):
        # Over the tallest column that the number would else be written across.
        near = np.abs(np.log(np.maximum(minutes, _FIRST_MINUTE) / minutes[index])) < math.log(_LABEL_FACTOR) / 2
        figure.add_annotation(
            x=math.log10(minutes[index]),
            y=height[near].max(),
            text=format_count(round(minutes[index])),
            yanchor="bottom",
            yshift=4,
            row=2,
            col=1,
        )


def _labelled(minutes: NDArray[np.float64]) -> list[int]:
    """The longest waits, by index, as far as their labels do not touch."""
    labelled: list[int] = []
    for index in np.argsort(minutes, kind="stable")[::-1]:
        if len(labelled) == _LABELLED_DOTS or minutes[index] < _LABELLED_FROM:
            break
        if all(minutes[other] >= _LABEL_FACTOR * minutes[index] for other in labelled):
            labelled.append(int(index))
    return labelled


def show_trend(trend: DisclosedTrend, *, title: str, height_px: int = 300) -> None:
    """Centiles by quarter with their intervals; no line joins what a change of standard parts."""
    st.plotly_chart(
        trend_figure(trend, height_px=height_px),
        config={"displayModeBar": False, "scrollZoom": False},
        alt=title,
        key=f"chart-{title}",
    )


def trend_figure(trend: DisclosedTrend, *, height_px: int) -> go.Figure:
    """The lines of `show_trend`."""
    figure = go.Figure()
    for (name, line), colour in zip(trend.lines.items(), (ACCENT, "#801650"), strict=False):
        for number, (starts, estimates) in enumerate(_unbroken(trend, line)):
            values = [estimate.value for estimate in estimates]
            figure.add_scatter(
                x=starts,
                y=values,
                mode="lines+markers",
                name=name,
                legendgroup=name,
                showlegend=number == 0,
                line={"color": colour, "width": 3},
                marker={"size": 9},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [_reach(each.upper, each.value) for each in estimates],
                    "arrayminus": [_reach(each.value, each.lower) for each in estimates],
                    "thickness": 1.2,
                    "width": 4,
                },
                customdata=[
                    f"{format_quarter(start)}: {each.text}" for start, each in zip(starts, estimates, strict=True)
                ],
                hovertemplate="%{customdata}<extra>" + name + "</extra>",
            )
    for day in trend.breaks:
        figure.add_vline(x=day.isoformat(), line={"color": TEXT, "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=day.isoformat(),
            y=1,
            yref="paper",
            text=_("standard changed"),
            showarrow=False,
            xanchor="left",
            xshift=4,
        )
    figure.update_layout(
        height=height_px,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1, "x": 0},
        font={"color": TEXT, "size": 14},
        plot_bgcolor="#ffffff",
        dragmode=False,
    )
    _mark_time(figure, trend.starts, step="quarter")
    figure.update_yaxes(
        tickfont=LABELS,
        rangemode="tozero",
        gridcolor="#e3e7ec",
        zeroline=False,
        fixedrange=True,
        title={"text": _("Minutes"), "font": {"color": TEXT}},
    )
    return figure


def _reach(far: float | None, near: float | None) -> float:
    """The length of one arm of an interval; none where there is no limit."""
    known = far is not None and near is not None and math.isfinite(far) and math.isfinite(near)
    return far - near if known else 0.0


def _unbroken(
    trend: DisclosedTrend, line: Sequence[DisclosedEstimate]
) -> list[tuple[list[date], list[DisclosedEstimate]]]:
    """The stretches of a line: parted where the standard changed, and where a quarter has no number."""
    stretches: list[tuple[list[date], list[DisclosedEstimate]]] = [([], [])]
    for start, estimate in zip(trend.starts, line, strict=True):
        if start in trend.breaks:
            stretches.append(([], []))
        if estimate.value is None or not math.isfinite(estimate.value):
            stretches.append(([], []))
            continue
        stretches[-1][0].append(start)
        stretches[-1][1].append(estimate)
    return [stretch for stretch in stretches if stretch[0]]
