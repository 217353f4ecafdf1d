"""A grid of shares, field by month: shaded where little is recorded, with the number in every cell."""

from html import escape
from itertools import groupby, pairwise

import streamlit as st

from analytics.disclosure import DisclosedCount, DisclosedEstimate, DisclosedGrid
from pages.components.theme import DENSITY_RAMP, HATCH, TEXT
from wording import _, format_months

__all__ = ["show_grid", "show_grid_legend"]

# Lower limits of the shades, palest first; what is below the last is darkest.
_LIMITS = (0.95, 0.8, 0.6, 0.4, 0.2, 0.0)
_SHADES = ("#ffffff", *DENSITY_RAMP[:3], DENSITY_RAMP[3], DENSITY_RAMP[5])
# From this shade on, white letters have the better contrast.
_FIRST_DARK = 5
_HIDDEN = (
    f'<td style="background:repeating-linear-gradient(45deg, {HATCH} 0 1px, transparent 1px 5px)">'
    '<span class="nw-hidden">{}</span></td>'
)
_STYLE = """
<style>
.nw-grid {overflow-x: auto; scrollbar-width: thin}
.nw-grid:focus-visible {outline: 2px solid #12436D; outline-offset: 2px}
.nw-grid table {border-collapse: collapse; width: 100%; font-size: .82rem; line-height: 1.2}
.nw-grid th {font-weight: 400; text-align: left; white-space: nowrap; padding: .1rem .6rem .1rem 0}
.nw-grid thead th {text-align: center; padding: .1rem .1rem; font-size: .75rem}
.nw-grid thead th.year {font-weight: 600; border-left: 2px solid #fff; border-bottom: 1px solid #b1b8c2}
.nw-grid tfoot th, .nw-grid tfoot td {border-top: 2px solid #b1b8c2; color: #3d4449}
.nw-grid thead td {border: none}
.nw-grid td {text-align: center; border: 1px solid #e3e7ec; padding: .22rem .05rem; min-width: 1.7rem;
  font-variant-numeric: tabular-nums}
</style>
"""


def show_grid(grid: DisclosedGrid, *, title: str) -> None:
    """The grid as a table that can be read out and reached with the keyboard."""
    years = "".join(
        f'<th class="year" scope="colgroup" colspan="{len(list(days))}">{year}</th>'
        for year, days in groupby(grid.starts, key=lambda start: start.year)
    )
    starts = "".join(
        f'<th scope="col">{escape(format_months(start, quarter=grid.step == "quarter"))}</th>' for start in grid.starts
    )
    # Of whole years the upper row says it all.
    second = "" if grid.step == "year" else f"<tr>{starts}</tr>"
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(map(_cell, shares))}</tr>'
        for name, shares in zip(grid.names, grid.shares, strict=True)
    )
    wholes = "".join(map(_whole, grid.wholes))
    st.html(
        f'{_STYLE}<div class="nw-grid" tabindex="0" role="region" aria-label="{escape(title)}"><table>'
        f'<caption class="nw-hidden">{escape(title)}</caption><thead><tr><td rowspan="2"></td>{years}</tr>'
        f"{second}</thead><tbody>{body}</tbody>"
        f'<tfoot><tr><th scope="row">{_("Administrations")}</th>{wholes}</tr></tfoot></table></div>'
    )


def show_grid_legend(grid: DisclosedGrid) -> None:
    """What the shades of this grid mean."""
    fifths = [
        (shade, _("{lower} to {upper} %").format(lower=round(lower * 100), upper=round(upper * 100)))
        for shade, (upper, lower) in zip(_SHADES[1:], pairwise((1.0, *_LIMITS[1:])), strict=True)
    ]
    whole = [(_SHADES[0], _("95 % or more")), (_SHADES[1], _("80 to 95 %")), *fifths[1:]]
    swatches = "".join(
        f'<div><span class="swatch" style="background:{shade}"></span><span class="limit">{escape(word)}</span></div>'
        for shade, word in (fifths if grid.in_fifths else whole)
    )
    few = f'<div class="few"><span class="swatch"></span>{_("not shown")}</div>' if grid.in_fifths else ""
    st.html(f'<div class="nw-legend"><div class="classes">{swatches}</div>{few}</div>')


def _whole(count: DisclosedCount) -> str:
    return f"<td>{escape(count.text)}</td>" if count.shown else _HIDDEN.format(escape(count.text))


def _cell(share: DisclosedEstimate) -> str:
    if share.value is None:
        return _HIDDEN.format(escape(share.text)) if share.text else "<td></td>"
    # As it is written: 94.6 % reads 95 %.
    shade = next(index for index, limit in enumerate(_LIMITS) if round(share.value, 2) >= limit)
    colour = "#ffffff" if shade >= _FIRST_DARK else TEXT
    return f'<td style="background:{_SHADES[shade]};color:{colour}">{escape(share.text)}</td>'
