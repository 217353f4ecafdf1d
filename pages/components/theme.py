"""The look in one place: the colours that maps and charts share, and the one style block of every page.

Colours are the Government Analysis Function's; the density ramp falls steadily in lightness too, so that it survives a
bad projector and colour blindness.
"""

from collections.abc import Sequence
from html import escape

import streamlit as st

from wording import _

__all__ = [
    "ACCENT",
    "AREA_RAMP",
    "DENSITY_RAMP",
    "FOOTPRINT",
    "HATCH",
    "LABELS",
    "LAND",
    "LINE",
    "MUTED",
    "SEA",
    "TEXT",
    "apply_theme",
    "pick_colours",
    "show_figure",
    "show_finding",
    "show_lines",
    "show_method",
    "show_small",
]

ACCENT = "#12436D"
TEXT = "#0b0c0c"
MUTED = "#50595f"
LINE = "#5b6b7d"
SEA = "#E9EEF3"
LAND = "#FBFBF9"
FOOTPRINT = "#606874"
HATCH = "#6b5b53"
# Plotly's own grey is too pale to be read from the back of a room.
LABELS = {"color": TEXT, "size": 14}

DENSITY_RAMP = ("#fde7c3", "#fdcd8f", "#fba863", "#f07f43", "#d9522f", "#b02a2e", "#7d1128")
AREA_RAMP = ("#d7e6f5", "#b3d1ee", "#84b5e2", "#4d92cf", "#2270b5", "#12436D", "#0b2b47")

# Streamlit's own margins are wide: this tightens them, sets the type of the finding, the label, the tables and the
# legend, and gives the map the height that the window has left. Nothing else is restyled.
_STYLE = """
<style>
[data-testid="stHeader"] {height: 1.75rem; min-height: 1.75rem; background: transparent}
[data-testid="stMainBlockContainer"] {padding-left: 2.2rem; padding-right: 2.2rem; max-width: 118rem}
[data-testid="stSidebarHeader"] {height: 1.5rem; margin-bottom: 0; padding-bottom: 0}
[data-testid="stSidebarUserContent"] [data-testid="stVerticalBlock"] {gap: .55rem}
[data-testid="stSidebarUserContent"] [data-testid="stPageLink"] a {padding: .1rem .5rem}
[data-testid="stSidebarUserContent"] hr {margin: .3rem 0}
[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"] {gap: .6rem}
[data-testid="stColumn"] [data-testid="stVerticalBlock"] {gap: .7rem}
[data-testid="stMain"] [data-testid="stPageLink"] a {border: 1px solid #12436D; padding: .25rem .75rem}
[data-testid="stWidgetLabel"][disabled] {color: #50595f}
/* Streamlit's own brown on yellow and blue on blue are too pale for a projector. */
[data-testid="stAlert"] p {color: #0b0c0c}
/* What was chosen is seen whole: on further lines rather than behind the box's edge. */
[data-testid="stMultiSelect"] [role="group"]:has(> [data-testid="stMultiSelectTagsContainer"]) {height: auto;
  max-height: none}
[data-testid="stMultiSelectTagsContainer"] {flex-wrap: wrap; height: auto; min-width: 0; overflow: visible;
  mask: none}
[data-testid="stMultiSelectTagsContainer"] span {height: auto; white-space: normal; overflow-wrap: anywhere}
h1 {padding: 0 0 .45rem !important}
h2, h3 {padding: .55rem 0 .1rem !important}
[data-testid="stHeading"] [data-testid="stMarkdownContainer"] {margin-bottom: -.5rem}
.nw-mark {position: fixed; top: .3rem; right: 2.2rem; z-index: 999999; background: #fff;
  border: 1px solid currentColor; border-radius: 3px; padding: 0 .45rem;
  font-size: .8rem; font-weight: 600; letter-spacing: .04em; color: #801650}
.nw-head {font-size: 1.15rem; font-weight: 700}
.nw-finding {font-size: 1.15rem; line-height: 1.45; margin: 0}
.nw-small {font-size: .9rem; line-height: 1.4; color: #3d4449; margin: 0}
.nw-lines {padding-left: 1.2rem}
.nw-lines li {margin-bottom: .25rem; overflow-wrap: anywhere}
.nw-lines code {display: block; font-size: .85em; color: #0b0c0c; white-space: pre-wrap}
.nw-figure {font-size: 2.4rem; font-weight: 700; line-height: 1.1; margin: 0}
.nw-figure.words {font-size: 1.15rem; line-height: 1.3}
.nw-figure.large {font-size: clamp(2.6rem, 3.6vw, 4.4rem)}
.nw-table {overflow: auto; scrollbar-width: thin; scrollbar-color: #8a929c transparent}
.nw-table:focus-visible {outline: 2px solid #12436D; outline-offset: 2px}
[data-testid="stSidebarNavLink"]:focus-visible {outline: 2px solid #12436D; outline-offset: -2px}
.nw-table table {border-collapse: collapse; width: 100%; font-size: .95rem; line-height: 1.3}
.nw-table th, .nw-table td {text-align: left; padding: .32rem .8rem .32rem 0; border-bottom: 1px solid #dce1e7;
  vertical-align: top}
.nw-table th {font-weight: 600; position: sticky; top: 0; background: #fff; border-bottom: 2px solid #b1b8c2}
.nw-table .number {text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap}
@media (max-width: 1700px) {.nw-table table {font-size: .88rem} .nw-table .number {white-space: normal}
  .nw-table .number span {white-space: nowrap}}
@media (max-width: 1500px) {.st-key-nw-columns > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"]
  {flex-wrap: wrap} .st-key-nw-columns [data-testid="stColumn"] {flex: 1 1 45% !important}}
.nw-table .number:last-child {padding-right: .3rem}
.nw-table.narrow table {table-layout: fixed; font-size: .8rem; overflow-wrap: break-word}
.nw-table.narrow th:first-child {width: 11rem}
.nw-table tr.chosen td {background: #e3ebf5; box-shadow: inset 0 1px #12436D, inset 0 -1px #12436D}
.nw-table tr.total td {font-weight: 600; border-bottom: none; position: sticky; bottom: 0; background: #fff;
  box-shadow: inset 0 1px #b1b8c2}
.nw-hidden {position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap}
.nw-legend {display: flex; flex-wrap: wrap; align-items: flex-end; gap: .1rem 1.4rem; font-size: .85rem;
  line-height: 1.25}
.nw-legend .classes {display: flex}
.nw-legend .classes div {min-width: 2.7rem}
.nw-legend .swatch {display: block; height: .85rem; border: 1px solid rgba(11, 12, 12, .25)}
.nw-legend .classes div + div .swatch {border-left: none}
.nw-legend .limit {display: block; padding-right: .6rem}
.nw-legend .falling + .rising {margin-left: -.6rem}
.nw-legend .falling .limit {text-align: right; padding-right: 0}
.nw-legend + .nw-small {margin-top: .3rem}
.nw-legend .few {display: flex; align-items: center; gap: .4rem}
.nw-legend .few .swatch {width: 2rem;
  background: repeating-linear-gradient(45deg, #6b5b53 0 1.5px, transparent 1.5px 6px)}
[class*="st-key-nw-map"] iframe {height: clamp(22rem, calc(100vh - 24rem), 42rem) !important}
[class*="st-key-nw-map-panel"] iframe {height: clamp(16rem, calc(100vh - 42rem), 24rem) !important}
</style>
"""


def apply_theme() -> None:
    """Put the one style block on the page."""
    st.html(_STYLE)


def pick_colours(ramp: tuple[str, ...], number: int) -> tuple[str, ...]:
    """`number` colours spread over the whole ramp, pale first."""
    if number == 1:
        return (ramp[len(ramp) // 2],)
    return tuple(ramp[round(index * (len(ramp) - 1) / (number - 1))] for index in range(number))


def show_finding(sentence: str) -> None:
    """The page's finding: one sentence that a chair can read out."""
    st.html(f'<p class="nw-finding"><strong>{escape(sentence)}</strong></p>')


def show_figure(figure: str, about: str = "", *, large: bool = False) -> None:
    """One number and what stands behind it; `large` where it must be read from the back of a room.

    Words in its place ("not recorded") are smaller: side by side they would run into each other.
    """
    words = not any(letter.isdigit() for letter in figure)
    size = " large" if large else " words" if words else ""
    st.html(f'<p class="nw-figure{size}">{escape(figure)}</p><p class="nw-small">{escape(about)}</p>')


def show_small(sentence: str) -> None:
    """What qualifies the finding: how many, over what, by which method, and the caveat."""
    if sentence:
        st.html(f'<p class="nw-small">{escape(sentence)}</p>')


def show_method(sentence: str) -> None:
    """How a number was worked out, for those who ask: what decides stands on the page itself."""
    if sentence:
        with st.expander(_("How this was worked out")):
            show_small(sentence)


def show_lines(sentences: Sequence[str]) -> None:
    """Sentences one below the other, each a point of its own; an indented line is text for a file, below its own."""
    points: list[str] = []
    for sentence in sentences:
        if sentence.startswith("    ") and points:
            points[-1] += f"<code>{escape(sentence.strip())}</code>"
        else:
            points.append(escape(sentence))
    if points:
        st.html(f'<ul class="nw-small nw-lines">{"".join(f"<li>{point}</li>" for point in points)}</ul>')
