"""The emergency panel as one A4 page, set by Typst from the very sections that the screen shows."""

import json
from pathlib import Path

import typst

from analytics.disclosure import DisclosedTable
from analytics.findings.panel import Panel, PanelSection
from wording import NaloxoneWatchError, _

__all__ = ["PaperError", "panel_pdf", "panel_picture"]

_TEMPLATE = Path(__file__).with_name("panel_paper.typ")
# Tried in this order until all of it stands on one page.
_SIZES_PT = (8.5, 7.5, 6.5, 5.5)
# Characters from which a column may break its lines and takes what width is left.
_WIDE_FROM = 24
# Rows of the longest tables that the paper holds; the screen holds all.
_MOST_ROWS = 14
_LEFT = ("timeline", "substances", "response")
_RIGHT = ("carriers", "kits", "waits", "follow_up", "outreach", "feeds")


class PaperError(NaloxoneWatchError):
    """The page could not be set."""


def panel_pdf(panel: Panel, *, actions: DisclosedTable, marks: tuple[str, ...], footer: str) -> bytes:
    """The page as PDF. Raises PaperError where even the smallest type does not fit, or Typst fails."""
    return _set(panel, actions, marks, footer).compile(format="pdf")


def panel_picture(panel: Panel, *, actions: DisclosedTable, marks: tuple[str, ...], footer: str) -> bytes:
    """The same page as a picture (PNG): what a printer would show. Raises PaperError likewise."""
    return _set(panel, actions, marks, footer).compile(format="png", ppi=150)


def _set(panel: Panel, actions: DisclosedTable, marks: tuple[str, ...], footer: str) -> typst.Compiler:
    """The page in the largest type in which all of it stands on one."""
    content = json.dumps(_content(panel, actions, marks, footer), ensure_ascii=False)
    for size in _SIZES_PT:
        inputs = {"panel": content, "size": str(size)}
        try:
            compiler = typst.Compiler(str(_TEMPLATE), sys_inputs=inputs, ignore_system_fonts=True)
            pages = int(json.loads(compiler.query("<pages>", field="value", one=True)))
        except typst.TypstError as error:
            raise PaperError(_("The page could not be set for printing. Print the screen instead.")) from error
        if pages == 1:
            return compiler
    raise PaperError(_("The panel does not fit one page. Shorten its actions, then try again."))


def _content(panel: Panel, actions: DisclosedTable, marks: tuple[str, ...], footer: str) -> dict[str, object]:
    listed = PanelSection(key="actions", title=_("Actions"), table=actions)
    return {
        "title": _("Emergency panel: {title}").format(title=panel.scene.title),
        "headline": panel.scene.headline,
        "known": list(panel.known),
        "caveat": panel.caveat,
        "marks": list(marks),
        "footer": footer,
        "draft": panel.draft,
        "left": [_section(panel.section(key)) for key in _LEFT],
        "right": [_section(panel.section(key)) for key in _RIGHT],
        "wide": [_section(listed)],
    }


def _section(section: PanelSection) -> dict[str, object]:
    table = section.table
    left_out = len(table.rows) - _MOST_ROWS
    more = _("{count} more on screen.").format(count=left_out) if left_out > 0 else ""
    return {
        "title": section.title,
        "headings": [column.heading for column in table.columns],
        "numeric": [column.numeric for column in table.columns],
        "wide": _wide(table),
        "rows": [list(row) for row in table.rows[:_MOST_ROWS]],
        "note": " ".join(part for part in (more, table.caption, section.about) if part),
    }


def _wide(table: DisclosedTable) -> list[bool]:
    """Which columns take the width that is left: those with long texts, else the first."""
    longest = [max((len(row[place]) for row in table.rows), default=0) for place in range(len(table.columns))]
    wide = [length >= _WIDE_FROM for length in longest]
    return wide if any(wide) else [place == 0 for place in range(len(wide))]
