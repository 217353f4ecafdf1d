"""The kit ledger on screen: its tables with their downloads, and explaining its differences, which is the analyst's."""

from collections.abc import Callable, Sequence

import streamlit as st

from analytics.disclosure import DisclosedTable
from analytics.findings.kit_explanations import (
    LONGEST_REASON,
    Explanation,
    explain_difference,
    read_explanations,
    take_back_explanation,
)
from analytics.findings.supply import Difference, Supply, SupplyOptions, supply_day
from pages.components.context import PageContext
from pages.components.tables import show_listed
from wording import NaloxoneWatchError, _

__all__ = ["show_explanations", "show_kits", "supply_options"]

# Room for a row for each of a force's 30 or so bases.
_ALL_BASES_REM = 60.0


def supply_options(context: PageContext) -> SupplyOptions:
    """The day to look at and the explanations that stand now: the journal changes without a new snapshot."""
    explanations: tuple[Explanation, ...] = ()
    try:
        explanations = read_explanations(context.question)
    except NaloxoneWatchError as error:
        st.error(str(error))
    return SupplyOptions(as_of=supply_day(context.question), explanations=explanations)


def show_kits(
    context: PageContext,
    found: Supply,
    table: DisclosedTable,
    *,
    title: str,
    name: str,
    about: str = "",
    total: bool = False,
    tallest_rem: float = 30.0,
) -> None:
    """A table under its heading; its download says as of when, and from how many rows.

    A table with a total is shown whole, so that the total is seen. One of which there is nothing to say is left out.
    """
    if not (table.rows or table.caption or about):
        return
    show_listed(
        context,
        table,
        title=title,
        name=name,
        about=about,
        notes=(found.counted,),
        total=total,
        tallest_rem=_ALL_BASES_REM if total else tallest_rem,
    )


def show_explanations(context: PageContext, differences: Sequence[Difference]) -> None:
    """A form for those that are open, and a way back for those that are explained."""
    still_open = [each for each in differences if each.explanation is None]
    explained = [each for each in differences if each.explanation is not None]
    if still_open:
        with st.form("explain", clear_on_submit=True, border=False):
            chosen = st.selectbox(_("Difference to explain"), still_open, format_func=lambda each: each.name)
            reason = st.text_area(
                _("What became of the kits"),
                max_chars=LONGEST_REASON,
                height=68,
                help=_("Kept in the journal with your name and the time. Name no officer and nobody who was treated."),
            )
            if st.form_submit_button(_("Keep this explanation")):
                _write(
                    lambda: explain_difference(
                        context.question,
                        subject=chosen.subject,
                        digest=chosen.digest,
                        reason=reason,
                        seen=chosen.seen,
                    )
                )
    if explained:
        with st.form("take-back", border=False):
            chosen = st.selectbox(_("Explained difference"), explained, format_func=lambda each: each.name)
            if st.form_submit_button(_("Take the explanation back")) and chosen.explanation is not None:
                explanation = chosen.explanation
                _write(lambda: take_back_explanation(context.question, explanation=explanation))


def _write(write: Callable[[], None]) -> None:
    """Write to the journal and show the page anew, or say why that could not be."""
    try:
        write()
    except NaloxoneWatchError as error:
        st.error(str(error))
    else:
        st.rerun()
