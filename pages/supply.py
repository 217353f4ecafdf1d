"""Kits and training: what expires, what does not reconcile, whose refresher has lapsed, and what is needed next."""

import streamlit as st

from analytics.findings.supply import Supply, find_supply
from pages.components.context import PageContext, open_page
from pages.components.kits import show_explanations, show_kits, supply_options
from pages.components.theme import show_figure, show_finding, show_small
from wording import _


def show_reconciliation(context: PageContext, found: Supply) -> None:
    """The account by base, beside what does not add up and who explained it."""
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        about = found.account_sentence
        show_kits(context, found, found.account, title=_("Reconciliation"), name="kit_account", about=about, total=True)
    with right:
        show_kits(context, found, found.differences, title=_("Differences"), name="kit_differences", tallest_rem=16)
        show_explanations(context, found.open_differences)


def show_lists(context: PageContext, found: Supply) -> None:
    """By base, and what is behind the counts one by one; the lists are empty to all but the analyst."""
    for column, (title, name, table) in zip(st.columns(len(found.by_base), gap="large"), found.by_base, strict=True):
        with column:
            show_kits(context, found, table, title=title, name=name, total=True)
    show_kits(context, found, found.lapsed, title=_("Refresher lapsed"), name="lapsed_refreshers", tallest_rem=22)
    use, (left, right) = found.use, st.columns(2, gap="large")
    with left:
        show_kits(context, found, found.expired, title=_("Expired and still held"), name="expired_kits")
        show_kits(context, found, use.doses, title=_("Doses and ledger"), name="doses", about=use.doses_sentence)
    with right:
        show_kits(context, found, use.resupply, title=_("Resupply"), name="resupply", about=use.resupply_sentence)
    show_kits(context, found, found.contradictions, title=_("Rows that contradict each other"), name="contradictions")


context = open_page(title=_("Kits and training"))
st.title(_("Naloxone kits and refresher training"))
found = context.find(find_supply, options=supply_options(context))
show_finding(found.headline)
for sentence in found.missing:
    st.info(sentence)
if found.figures:
    for column, (figure, about) in zip(st.columns(len(found.figures)), found.figures, strict=True):
        with column:
            show_figure(figure, about, large=True)
show_small(found.counted)
show_reconciliation(context, found)
left, right = st.columns([1, 1.6], gap="large")
with left:
    show_kits(context, found, found.needs.kits, title=_("Kits for the next quarter"), name="kits_needed", total=True)
    show_small(found.needs.method)
with right:
    show_kits(context, found, found.needs.cost, title=_("Cost by funding strand"), name="cost")
show_lists(context, found)
context.show_link()
