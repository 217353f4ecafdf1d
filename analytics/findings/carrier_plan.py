"""What if: carriers added, moved or made ready, or kits put in cars, and what that would add to the risk within reach.

The reader's own choice and the best one stand side by side with now, scored hour by hour on the same resampled risk.
The best is a maximum expected covering (MEXCLP) of the risk that nobody reaches now, day and night apart, in the hours
that those of the change work, with q from the roster in these hours; for cars, which are taken to be crewed at every
hour, a maximum covering.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analytics.carrier_changes import ImpossibleChangeError, Team, cover_after
from analytics.coverage import Plan, Progress, maximum_coverage, maximum_expected_coverage
from analytics.disclosure import Audience, Column, DisclosedTable, hold_back, tabulate_cells
from analytics.estimate import Estimate
from analytics.findings.question import Question
from analytics.findings.reach_now import ReachNow, travel_minutes
from analytics.reach import CoverageGain, GainVerdict, what_if_gain
from wording import _, format_count, format_interval, format_number, format_share, join_words

__all__ = [
    "MOST_CARRIERS",
    "Action",
    "BestPlan",
    "PlanChoice",
    "PlanEffect",
    "PlanSites",
    "action_words",
    "find_best_plan",
    "find_plan_effect",
    "find_plan_sites",
    "origin_names",
    "site_names",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# A plan of more would be another force; the search is measured with so many.
MOST_CARRIERS = 40
# Sites a plan may use: the bases and the largest places besides.
MOST_SITES = 300
# Metres: a place nearer to a base than this is that base.
_SAME_PLACE_M = 1_500.0
# Of the largest weight. Cells with less risk out of reach do not move the choice and only slow it down.
_LEAST_WEIGHT = 1e-3
# A q of one would make every site worthless.
_LARGEST_BUSY = 0.99
# The search stops at this gap to the bound: under the noise of any risk surface.
_GAP_TARGET = 0.005


class Action(StrEnum):
    """What may be changed."""

    ADD = "add"
    MOVE = "move"
    READY = "ready"
    CARS = "cars"


@dataclass(frozen=True, kw_only=True)
class PlanChoice:
    """`number` carriers or cars, spread evenly over `sites` in their order; `origin` is where carriers move from."""

    action: Action
    number: int
    sites: tuple[str, ...] = ()
    origin: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanSites:
    """Where carriers may stand: bases first, then places, with minutes (2, sites, cells) by day and by night.

    `ready`, `not_ready` by base, and these by hour of the week, shape (168, sites); 0 at places.
    """

    names: tuple[str, ...]
    easting_m: Floats
    northing_m: Floats
    bases: int
    in_reach: NDArray[np.bool_]
    minutes: Floats
    ready: Integers
    ready_on_shift: Integers
    not_ready: Integers
    not_ready_on_shift: Integers

    def __repr__(self) -> str:
        """The same question has the same sites."""
        return "PlanSites()"


@dataclass(frozen=True, kw_only=True)
class BestPlan:
    """Sites of the best plan found, one entry a carrier, how good it is known to be, and how long that took."""

    action: Action
    number: int
    origin: str | None
    sites: tuple[str, ...]
    proof: str
    gap: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class PlanEffect:
    """Now, the reader's choice and the best in one table; `sentence` says of the choice what matters."""

    sentence: str
    table: DisclosedTable
    assumption: str


def action_words() -> dict[Action, str]:
    """What each change is called."""
    return {
        Action.ADD: _("Add carriers"),
        Action.MOVE: _("Move carriers"),
        Action.READY: _("Train or equip carriers"),
        Action.CARS: _("Put kits in cars"),
    }


def find_plan_sites(question: Question, *, now: ReachNow) -> PlanSites:
    """The sites of any plan of this force: its bases and the largest named places inside its area."""
    force, geography = now.force, question.geography
    bases = len(force.site_names)
    places = geography.places.sort_values("rank")
    taken = {*force.site_names}
    names, easting_m, northing_m = list(force.site_names), list(force.site_easting_m), list(force.site_northing_m)
    inside = geography.label_area(easting_m=places["easting_m"], northing_m=places["northing_m"]).small_area
    known = {*geography.small_areas["code"]}
    for name, east, north, area in zip(places["name"], places["easting_m"], places["northing_m"], inside, strict=True):
        apart = np.hypot(force.site_easting_m - east, force.site_northing_m - north).min(initial=np.inf)
        if len(names) < MOST_SITES and name not in taken and area in known and apart > _SAME_PLACE_M:
            taken.add(str(name))
            names.append(str(name))
            easting_m.append(float(east))
            northing_m.append(float(north))
    minutes = travel_minutes(
        question,
        from_easting_m=np.array(easting_m),
        from_northing_m=np.array(northing_m),
        to_easting_m=now.risk.easting_m,
        to_northing_m=now.risk.northing_m,
    )
    waiting = now.force.chain.steps[0].left & ~force.ready
    room = ((0, 0), (0, len(names) - bases))
    return PlanSites(
        names=tuple(names),
        easting_m=np.array(easting_m),
        northing_m=np.array(northing_m),
        bases=bases,
        minutes=minutes,
        in_reach=minutes <= now.within_minutes,
        ready=np.pad(force.at_site(force.ready), room[1]),
        ready_on_shift=np.pad(force.at_site(force.roster & force.ready), room),
        not_ready=np.pad(force.at_site(waiting), room[1]),
        not_ready_on_shift=np.pad(force.at_site(force.roster & waiting), room),
    )


def site_names(sites: PlanSites, action: Action) -> tuple[str, ...]:
    """Where the change may put somebody: carriers are made ready at bases that have some who are not."""
    if action is Action.READY:
        return tuple(sites.names[index] for index in np.flatnonzero(sites.not_ready))
    return sites.names


def origin_names(sites: PlanSites) -> tuple[str, ...]:
    """Bases that carriers can move from."""
    return tuple(sites.names[index] for index in np.flatnonzero(sites.ready))


def find_plan_effect(
    question: Question, *, now: ReachNow, sites: PlanSites, choice: PlanChoice, best: BestPlan | None
) -> PlanEffect:
    """What the choice adds, beside now and beside the best where one was found for the same change.

    Where a base has not so many carriers, `sentence` says so and the choice has no row.
    """
    rows: list[tuple] = []
    chosen, impossible = None, ""
    try:
        chosen = _gain(now, sites, choice, _spread(sites, choice)) if choice.sites else None
    except ImpossibleChangeError as error:
        impossible = str(error)
    found = None
    if best is not None:
        like = replace(choice, action=best.action, number=best.number, origin=best.origin)
        found = _gain(now, sites, like, _counts(sites, best.sites))
    reference = (
        chosen or found or what_if_gain(cover_now=now.reach.covered, cover_then=now.reach.covered, **now.risk_arguments)
    )
    rows.append((_("Now"), "", _share_text(reference.now), "", ""))
    if chosen:
        rows.append((_("Your choice"), _where(_spread(sites, choice), sites), *_effect_cells(question, chosen)))
    if found and best:
        rows.append((_("The best found"), _where(_counts(sites, best.sites), sites), *_effect_cells(question, found)))
    return PlanEffect(
        sentence=impossible or _sentence(question, chosen, found),
        table=tabulate_cells(
            columns=(
                Column(heading=_("Carriers")),
                Column(heading=_("Where")),
                Column(heading=_("Risk in reach (95 %)"), numeric=True),
                Column(heading=_("Gain, events a year (95 %)"), numeric=True),
                Column(heading=_("Beyond the noise?")),
            ),
            rows=rows,
            caption=_("Of the best found: {proof}").format(proof=best.proof) if best else "",
        ),
        assumption=_assumption(choice.action, now),
    )


def find_best_plan(
    now: ReachNow, sites: PlanSites, choice: PlanChoice, on_progress: Callable[[Progress], bool] | None = None
) -> BestPlan:
    """The best sites for the change, to a proven gap; `on_progress` stops it by True, and the best so far is kept.

    Raises ImpossibleChangeError, ImpossiblePlanError.
    """
    lost, on_shift = _open_risk(now, sites, choice)
    weight = np.concatenate([lost[now.speed_of_hour == speed].sum(axis=0) for speed in (0, 1)])
    busy = 1.0 - float((lost * on_shift).sum() / lost.sum()) if lost.any() else 0.0
    kept = weight > _LEAST_WEIGHT * weight.max(initial=0.0)
    allowed = np.array([sites.names.index(name) for name in site_names(sites, choice.action)])
    # One candidate for each carrier that a base could make ready, so that none has to make more than it can.
    if choice.action is Action.READY:
        allowed = np.repeat(allowed, np.minimum(sites.not_ready[allowed], choice.number))
        if len(allowed) < choice.number:
            raise ImpossibleChangeError(_("There are not so many carriers who could be made ready. Choose fewer."))
    minutes = np.concatenate([sites.minutes[0], sites.minutes[1]], axis=1)[allowed][:, kept]
    solve = maximum_coverage if choice.action is Action.CARS else maximum_expected_coverage
    plan: Plan = solve(
        demand_weight=weight[kept],
        demand_easting_m=np.tile(now.risk.easting_m, 2)[kept],
        demand_northing_m=np.tile(now.risk.northing_m, 2)[kept],
        site_easting_m=sites.easting_m[allowed],
        site_northing_m=sites.northing_m[allowed],
        n_sites=choice.number,
        reach_m=1.0,
        busy_probability=min(max(busy, 0.0), _LARGEST_BUSY),
        share_sites=choice.action is not Action.READY,
        travel_minutes=minutes,
        reach_minutes=now.within_minutes,
        gap_target=_GAP_TARGET,
        on_progress=on_progress,
    )
    return BestPlan(
        action=choice.action,
        number=choice.number,
        origin=choice.origin,
        sites=tuple(sites.names[allowed[site]] for site in plan.sites),
        proof=plan.sentence,
        gap=plan.gap,
        seconds=plan.seconds,
    )


def _open_risk(now: ReachNow, sites: PlanSites, choice: PlanChoice) -> tuple[Floats, Floats]:
    """Risk that nobody reaches now and that those of the change could, and the chance that one of them is on shift.

    Both (hours, cells). In hours in which none of them ever works their change is no help, whatever q says of the week.
    """
    nobody = np.zeros(len(sites.names), dtype=np.int64)
    # Those who move away are gone from their base before anybody is placed.
    before = _cover(now, sites, choice, nobody) if choice.action is Action.MOVE else now.reach.covered.astype(float)
    lost = (1.0 - before) * now.hour_share[now.catchment].T * now.risk.per_year
    if choice.action is Action.CARS:
        return lost, np.ones_like(lost)
    if choice.action is Action.READY:
        chance = np.zeros_like(lost)
        for speed, near in enumerate(sites.in_reach.astype(np.float32)):
            hours = now.speed_of_hour == speed
            people, working = sites.not_ready @ near, sites.not_ready_on_shift[hours] @ near
            chance[hours] = np.divide(working, people, out=np.zeros_like(working), where=people > 0)
    elif choice.action is Action.MOVE:
        home = sites.names.index(choice.origin or "")
        share = sites.ready_on_shift[:, home] / max(int(sites.ready[home]), 1)
        chance = np.broadcast_to(share[:, None], lost.shape)
    else:
        chance = np.broadcast_to(_present_share(now)[:, None], lost.shape)
    return lost * (chance > 0), chance


def _present_share(now: ReachNow) -> Floats:
    """Share of the present carriers who are on shift, by hour."""
    return now.force.on_shift.sum(axis=1) / max(int(now.force.ready.sum()), 1)


# Scoring -------------------------------------------------------------------------------------------------------------


def _gain(now: ReachNow, sites: PlanSites, choice: PlanChoice, counts: Integers) -> CoverageGain:
    return what_if_gain(
        cover_now=now.reach.covered, cover_then=_cover(now, sites, choice, counts), **now.risk_arguments
    )


def _cover(now: ReachNow, sites: PlanSites, choice: PlanChoice, counts: Integers) -> Floats:
    """The chance of cover by hour and cell when the change puts `counts` at the sites."""
    staying = sites.ready_on_shift.copy()
    placed = [(int(site), int(counts[site])) for site in np.flatnonzero(counts)]
    teams, added, cars = [], None, None
    if choice.action is Action.ADD:
        added = counts
    elif choice.action is Action.CARS:
        cars = counts
    elif choice.action is Action.READY:
        for site, number in placed:
            if number > sites.not_ready[site]:
                raise ImpossibleChangeError(
                    _("{base} has {count} carriers who could be made ready. Choose fewer, or more bases.").format(
                        base=sites.names[site], count=format_count(int(sites.not_ready[site]))
                    )
                )
            teams.append(
                Team(
                    people=int(sites.not_ready[site]),
                    on_shift=sites.not_ready_on_shift[:, site],
                    stands=((site, number),),
                )
            )
    else:
        home = sites.names.index(choice.origin or "")
        people = int(sites.ready[home])
        if choice.number > people:
            raise ImpossibleChangeError(
                _("{base} has {count} carriers in date. Choose fewer.").format(
                    base=choice.origin, count=format_count(people)
                )
            )
        teams.append(
            Team(people=people, on_shift=staying[:, home].copy(), stands=((home, people - choice.number), *placed))
        )
        staying[:, home] = 0
    return cover_after(
        in_reach=sites.in_reach,
        speed_of_hour=now.speed_of_hour,
        on_shift_at_site=staying,
        teams=teams,
        added=added,
        added_chance=_present_share(now),
        cars=cars,
    )


def _spread(sites: PlanSites, choice: PlanChoice) -> Integers:
    """The number spread evenly over the chosen sites, the first ones getting what is left over."""
    counts = np.zeros(len(sites.names), dtype=np.int64)
    for index in range(choice.number):
        counts[sites.names.index(choice.sites[index % len(choice.sites)])] += 1
    return counts


def _counts(sites: PlanSites, names: tuple[str, ...]) -> Integers:
    counts = np.zeros(len(sites.names), dtype=np.int64)
    np.add.at(counts, [sites.names.index(name) for name in names], 1)
    return counts


# Words ---------------------------------------------------------------------------------------------------------------


def _where(counts: Integers, sites: PlanSites) -> str:
    order = np.argsort(-counts, kind="stable")
    parts = [
        _("{count} at {place}").format(count=format_count(int(counts[site])), place=sites.names[site])
        for site in order
        if counts[site]
    ]
    return join_words(parts)


def _share_text(share: Estimate) -> str:
    return _("{share} ({interval} %)").format(
        share=format_share(share.value, decimals=1),
        interval=format_interval(100 * share.lower, 100 * share.upper, significant=3),
    )


def _effect_cells(question: Question, gain: CoverageGain) -> tuple:
    # To others than the analyst a gain that stands for under 5 records is not told: see disclose_expected.
    few = abs(gain.gain.value) * question.filters.years < question.thresholds.smallest_count_shown
    amount = (
        hold_back()
        if few and question.audience is not Audience.ANALYST
        else _("{gain} ({interval})").format(
            gain=format_number(gain.gain.value), interval=format_interval(gain.gain.lower, gain.gain.upper)
        )
    )
    verdict = {
        GainVerdict.GAIN: _("yes"),
        GainVerdict.LOSS: _("yes, a loss"),
        GainVerdict.INSIDE_NOISE: _("no"),
    }[gain.verdict]
    return (_share_text(gain.then), amount, verdict)


def _sentence(question: Question, chosen: CoverageGain | None, found: CoverageGain | None) -> str:
    if chosen is None and found is None:
        return _("Choose where, or search for the best, to see what the change would add.")
    # The years that one may see are counts of a model, not of records.
    if chosen is None:
        return _("The best found: {gain}").format(gain=found.sentence)
    if chosen.verdict is not GainVerdict.INSIDE_NOISE:
        return _("Your choice: {gain}").format(gain=chosen.sentence)
    if question.audience is not Audience.ANALYST:
        return _("Your choice is inside the noise: a year could as well show no gain.")
    return _(
        "Your choice is inside the noise: {events} expected events a year more, of which one year may show from {least}"
        " to {most}."
    ).format(events=format_number(chosen.gain.value), least=chosen.year_lower, most=chosen.year_upper)


def _assumption(action: Action, now: ReachNow) -> str:
    busy = format_share(now.busy_probability)
    return {
        Action.ADD: _(
            "Added carriers are taken to work as the present ones do: off shift {busy} of the week, by risk."
        ).format(busy=busy),
        Action.MOVE: _("Whoever moves keeps their shifts; nobody is picked out, any of the base may be the one."),
        Action.READY: _(
            "Those who are trained but lack a kit in date or a refresher, on the shifts they already work; any of the"
            " base may be the one."
        ),
        Action.CARS: _("A car with a kit is taken to be crewed at every hour."),
    }[action]
