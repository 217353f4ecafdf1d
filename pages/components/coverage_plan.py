"""The what-if of the coverage page: choose a change, search for the best, save and open plans."""

import math

import streamlit as st

from analytics.disclosure import Audience
from analytics.findings.carrier_plan import (
    MOST_CARRIERS,
    Action,
    PlanChoice,
    PlanSites,
    action_words,
    find_best_plan,
    find_plan_effect,
    find_plan_sites,
    origin_names,
    site_names,
)
from analytics.findings.reach_now import ReachNow
from analytics.findings.saved_plans import LONGEST_NAME, SavedPlan, open_plan, read_plans, save_plan
from pages.components.context import PageContext
from pages.components.plan_search import PlanSearch
from pages.components.sidebar import session_object, set_widgets
from pages.components.tables import show_download, show_table
from pages.components.theme import show_finding, show_small
from wording import NaloxoneWatchError, _, format_date, format_number, format_share

__all__ = ["show_plan"]

_LOOKS_EVERY_S = 0.5
_FIRST_NUMBER = 5


@st.fragment
def show_plan(context: PageContext, now: ReachNow, *, first: str) -> None:
    """The change, its gain beside now, and the best one where it was searched for; `first` is where it begins."""
    sites = context.find(find_plan_sites, now=now)
    choice = _choose(sites, first)
    search = session_object("plan_search", PlanSearch)
    key = f"{context.key}|{now!r}|{choice.action}|{choice.number}|{choice.origin}"
    _take(search)
    if search.running:
        _show_search()
    else:
        _offer_search(now, sites, choice, key, search)
    effect = context.find(find_plan_effect, now=now, sites=sites, choice=choice, best=search.found.get(key))
    show_finding(effect.sentence)
    show_table(effect.table, title=_("What the change would add"), tallest_rem=14)
    show_small(effect.assumption)
    notes = (
        _("{action}: {number}").format(action=action_words()[choice.action], number=choice.number),
        effect.sentence,
        effect.assumption,
    )
    if context.audience is not Audience.ANALYST:
        show_download(context, effect.table, name="coverage_plan", notes=notes)
        return
    with st.popover(_("Save, open or download a plan")):
        show_download(context, effect.table, name="coverage_plan", notes=notes)
        _save_and_open(context, choice, sites)


def _choose(sites: PlanSites, begin: str) -> PlanChoice:
    words = action_words()
    first, second, third = st.columns([1.3, 0.8, 2])
    with first:
        action = st.selectbox(_("What if"), list(Action), format_func=words.get, key="plan_action")
    with second:
        number = st.number_input(_("How many"), 1, MOST_CARRIERS, _FIRST_NUMBER, key="plan_number")
    origin, key = None, f"plan_sites_{action}"
    names = site_names(sites, action)
    at_first = [begin] if begin in names else []
    with third:
        if action is Action.MOVE and origin_names(sites):
            left, right = st.columns(2)
            with left:
                origin = st.selectbox(_("From"), origin_names(sites), key="plan_origin")
            with right:
                chosen = st.multiselect(_("To"), names, at_first, key=key)
        else:
            chosen = st.multiselect(_("Where, spread evenly"), names, at_first, key=key)
    return PlanChoice(action=action, number=int(number), sites=tuple(chosen), origin=origin)


def _offer_search(now: ReachNow, sites: PlanSites, choice: PlanChoice, key: str, search: PlanSearch) -> None:
    if key in search.found:
        return
    st.button(
        _("Search for the best"),
        help=_("The sites that put most of the risk nobody reaches now in reach."),
        on_click=search.start,
        args=(key, lambda tell: find_best_plan(now, sites, choice, tell)),
    )


@st.fragment(run_every=_LOOKS_EVERY_S)
def _show_search() -> None:
    """How far the search is, and the way to stop it with the best so far."""
    search = session_object("plan_search", PlanSearch)
    if _take(search) or not search.running:
        st.rerun()
    told, share = _("Searching"), 0.0
    if search.progress is not None and math.isfinite(search.progress.gap):
        told = _("Searching: no plan can be more than {gap} better than the best so far ({seconds} s)").format(
            gap=format_share(search.progress.gap, decimals=1), seconds=format_number(search.progress.seconds)
        )
        share = min(max(1 - search.progress.gap, 0.0), 1.0)
    st.progress(share, text=told)
    if st.button(_("Stop and keep the best so far")):
        search.stop()


def _take(search: PlanSearch) -> bool:
    try:
        return search.take()
    except NaloxoneWatchError as error:
        st.warning(str(error))
        return False


def _save_and_open(context: PageContext, choice: PlanChoice, sites: PlanSites) -> None:
    """Keep this plan in the journal under a name, or put one that was kept into the choice above."""
    try:
        plans = read_plans(context.question)
        name = st.text_input(_("Name of this plan"), max_chars=LONGEST_NAME, key="plan_name")
        if st.button(_("Save this plan")):
            save_plan(context.question, name=name, choice=choice, sites=sites)
            plans = read_plans(context.question)
            st.success(_("Saved, with your name and the time, in the journal."))
    except NaloxoneWatchError as error:
        st.warning(str(error))
        return
    if plans:
        plan = st.selectbox(_("Saved plans"), plans, format_func=_plan_words)
        st.button(_("Open this plan"), on_click=_open, args=(plan, sites))


def _plan_words(plan: SavedPlan) -> str:
    return _("{name} ({who}, {day})").format(name=plan.name, who=plan.who, day=format_date(plan.at.date()))


def _open(plan: SavedPlan, sites: PlanSites) -> None:
    choice, said = open_plan(plan, sites=sites)
    possible = set(site_names(sites, choice.action))
    set_widgets(
        {
            "plan_action": choice.action,
            "plan_number": choice.number,
            f"plan_sites_{choice.action}": [name for name in dict.fromkeys(choice.sites) if name in possible],
            **({"plan_origin": choice.origin} if choice.origin in origin_names(sites) else {}),
        }
    )
    if said:
        st.toast(said)
