"""Carrier coverage, ready for one audience: who really carries, how much risk they reach by hour, and where none do.

Every number of the chain stands alone; a step that the records cannot tell is called so and never filled in. Reach is
from each carrier's base by the planned roster: it says who could be there, not who will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.carriers import Step, carriers_per_1000_events
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedCount,
    DisclosedEstimate,
    DisclosedTable,
    DisclosedWeek,
    disclose_breakdown,
    disclose_count,
    disclose_expected,
    disclose_week,
    hold_back,
    tabulate_cells,
)
from analytics.findings.ground import AreaLevel, area_frame
from analytics.findings.question import Question
from analytics.findings.reach_now import ReachNow, travel_words
from analytics.findings.risk_layers import RiskLayer
from analytics.findings.week import HOURS_A_WEEK, hour_words, hours_words
from analytics.reach import GapRows, RosterGap, UncoveredRisk, roster_gaps, uncovered_risk
from data.schema import NOT_RECORDED
from wording import (
    _,
    format_count,
    format_date,
    format_interval,
    format_number,
    format_period,
    format_share,
    join_words,
    ngettext,
)

__all__ = ["Coverage", "find_coverage", "step_words"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """The coverage page's sentences and tables; `week` is None where there is no roster or no risk.

    `steps` are the chain's numbers: heading, number, what is left out or not known. `first_gap` is the base with the
    largest gap, empty where there is none; `can_plan` says whether a what-if has somebody to reckon with.
    """

    headline: str
    counted: str
    method: str
    caveat: str
    missing: tuple[str, ...]
    steps: tuple[tuple[str, str, str], ...]
    chain: DisclosedTable
    bases: DisclosedTable
    rates: DisclosedTable
    week: DisclosedWeek | None
    week_table: DisclosedTable
    gaps: DisclosedTable
    gaps_note: str
    first_gap: str
    areas: DisclosedTable
    requests: DisclosedTable
    requests_note: str
    can_plan: bool


def find_coverage(question: Question, *, now: ReachNow, level: AreaLevel) -> Coverage:
    """The coverage of the question's force, from reach as things stand."""
    gaps, found, far = _gaps(now), None, None
    if now.reach is not None:
        found = uncovered_risk(cover=now.reach.covered, area=now.catchment, **now.risk_arguments)
        far = _too_far(now)
    week = _week(question, now, found)
    return Coverage(
        headline=_headline(question, now, gaps, found, far),
        counted=_counted(question, now),
        method=_method(question, now),
        caveat=_caveat(now),
        missing=(*now.force.missing, *((now.risk_missing,) if now.risk_missing else ()), *_warnings(now)),
        steps=_steps(question, now),
        chain=_chain(question, now),
        bases=_bases(question, now),
        rates=_rates(question, now),
        week=week,
        week_table=_week_table(week),
        gaps=_gap_table(question, now, gaps),
        gaps_note=_gaps_note(question, gaps, far),
        first_gap=now.force.site_names[gaps[0].area] if gaps else "",
        areas=_areas(question, now, level),
        requests=_requests(question, now, gaps),
        requests_note=_requests_note(question, now, gaps),
        can_plan=now.reach is not None and bool(now.force.ready.any()),
    )


def step_words() -> dict[Step, str]:
    """What the steps of the chain are called."""
    return {
        Step.TRAINED: _("Trained"),
        Step.ISSUED: _("Holding a kit"),
        Step.IN_DATE: _("In date"),
        Step.ON_SHIFT: _("On shift"),
    }


def _gaps(now: ReachNow) -> tuple[RosterGap, ...]:
    if now.reach is None:
        return ()
    return roster_gaps(cover=now.reach.covered, area=now.catchment, **now.risk_arguments)


def _headline(
    question: Question,
    now: ReachNow,
    gaps: Sequence[RosterGap],
    found: UncoveredRisk | None,
    far: GapRows | None,
) -> str:
    if not len(now.force.site):
        return _("No carriers are recorded, so nothing can be said of who is near the risk.")
    if found is None or far is None:
        ready = _count(question, int(now.force.ready.sum()))
        return _(
            "{ready} carriers are trained, hold a kit and are in date, as far as is recorded; who could be where, and"
            " when, cannot be said."
        ).format(ready=ready.text)
    overall = found.overall
    reached = _("{share} ({lower} to {upper}) of {layer} are within {minutes} minutes of a carrier on shift.").format(
        share=format_share(overall.reach[0]),
        lower=format_count(round(overall.reach_lower[0] * 100)),
        upper=format_share(overall.reach_upper[0]),
        layer=now.risk.words,
        minutes=format_number(now.within_minutes),
    )
    if far.uncovered[0] > sum(gap.uncovered.value for gap in gaps):
        reached = _("{reached} Most of the rest is too far from every base at any hour.").format(reached=reached)
    if not gaps:
        return _("{reached} No base's area is without a carrier in reach in any hour.").format(reached=reached)
    words = {"reached": reached, "place": now.force.site_names[gaps[0].area], "hours": hours_words(gaps[0].hours)}
    if _hours_hidden(question, now)[gaps[0].area]:
        return _("{reached} The largest gap: around {place}.").format(**words)
    return _("{reached} The largest gap: around {place}, {hours}.").format(**words)


def _hours_hidden(question: Question, now: ReachNow) -> NDArray[np.bool_]:
    """Bases whose hours without anybody are the shifts of one to four people: not for others than the analyst."""
    small = now.force.small_sites(fewest=question.thresholds.smallest_count_shown)
    return small & (question.audience is not Audience.ANALYST)


def _counted(question: Question, now: ReachNow) -> str:
    period = format_period(question.filters.first_day, question.filters.last_day)
    day = format_date(now.force.as_of)
    if now.risk is None:
        return _("Carriers on {day}, the last day of the period.").format(day=day)
    told = _("{events} {layer} with a place, {period}; carriers on {day}, the last day of the period.").format(
        events=_count(question, now.risk.events).text, layer=now.risk.words, period=period, day=day
    )
    unlocated, untimed = now.risk.unlocated, now.risk.events - now.risk.timed
    left = [
        words.format(count=_count(question, number).text)
        for number, words in ((unlocated, _("{count} more have no place")), (untimed, _("{count} have no time")))
        if number
    ]
    return _("{told} Of the events, {left}.").format(told=told, left=join_words(left)) if left else told


def _method(question: Question, now: ReachNow) -> str:
    roster = (
        _("Roster: {roster}.").format(roster=now.force.roster_words)
        if now.force.roster is not None
        else _("No roster is recorded.")
    )
    return _("{travel} Carriers start from their base. {roster}").format(
        travel=travel_words(question.settings.travel), roster=roster
    )


def _caveat(now: ReachNow) -> str:
    planned = _("A roster is a plan: it is not where anyone is now, and not for dispatch.")
    if now.risk is None or now.risk.layer is RiskLayer.ADMINISTRATIONS:
        return planned
    if now.risk.layer is RiskLayer.INCIDENTS:
        return _("{planned} Drug incidents are recorded where police look for them.").format(planned=planned)
    return _("{planned} A call needs somebody who calls, and some calls are not overdoses.").format(planned=planned)


def _warnings(now: ReachNow) -> tuple[str, ...]:
    if now.risk is None or now.risk.layer is not RiskLayer.ADMINISTRATIONS:
        return ()
    return (
        _(
            "Risk is taken from administrations alone: they happen only where carriers already are, so reach looks"
            " better than it is. Bring in ambulance overdose calls on the page “Data quality”."
        )
        if len(now.force.site)
        else _(
            "Risk is taken from administrations alone: they happen only where carriers already are. Bring in ambulance"
            " overdose calls on the page “Data quality”."
        ),
    )


def _count(question: Question, count: int) -> DisclosedCount:
    return disclose_count(count, audience=question.audience, thresholds=question.thresholds)


# The chain -----------------------------------------------------------------------------------------------------------


def _steps(question: Question, now: ReachNow) -> tuple[tuple[str, str, str], ...]:
    """Each step's number alone, and what it leaves out or does not know."""
    chain, words = now.force.chain, step_words()
    trained, issued, in_date, _on_shift = chain.steps
    unknown = _("not recorded")
    if not len(now.force.site):
        return tuple((words[step], unknown, "") for step in Step)
    expired, lapsed = int(chain.kit_expired.sum()), int((chain.training_lapsed & issued.left).sum())
    kits, refreshers = _count(question, expired), _count(question, lapsed)
    # Beside "holding a kit" and "in date" one of them gives the other, so that both are told or neither.
    out_of_date = (
        [
            ngettext("{count} kit expired", "{count} kits expired", expired).format(count=kits.text),
            ngettext("{count} refresher lapsed", "{count} refreshers lapsed", lapsed).format(count=refreshers.text),
        ]
        if kits.shown and refreshers.shown
        else []
    )
    steps = [
        (words[Step.TRAINED], _count(question, trained.count).text, format_date(now.force.as_of)),
        (
            words[Step.ISSUED],
            _count(question, issued.count).text if issued.known else unknown,
            _("{count} without a kit").format(count=_count(question, trained.count - issued.count).text)
            if issued.known
            else "",
        ),
        (
            words[Step.IN_DATE],
            _count(question, in_date.count).text,
            join_words(out_of_date) if in_date.known else _("as far as recorded"),
        ),
    ]
    on_shift = now.force.on_shift
    if on_shift is None:
        return (*steps, (words[Step.ON_SHIFT], unknown, ""))
    by_hour = on_shift.sum(axis=1)
    least, most = (_count(question, int(part)).text for part in (by_hour.min(), by_hour.max()))
    about = _("mean hour; {least} to {most} by hour").format(least=least, most=most)
    return (*steps, (words[Step.ON_SHIFT], _count(question, round(float(by_hour.mean()))).text, about))


def _chain(question: Question, now: ReachNow) -> DisclosedTable:
    rows = [(heading, number, about) for heading, number, about in _steps(question, now)]
    return tabulate_cells(
        columns=(Column(heading=_("Step")), Column(heading="n", numeric=True), Column(heading=_("What is left out"))),
        rows=rows,
        caption=" ".join(now.force.missing),
    )


def _bases(question: Question, now: ReachNow) -> DisclosedTable:
    """The chain by base; for others than the analyst a base with 1 to 4 carriers is not told."""
    force, chain = now.force, now.force.chain
    names = sorted({str(base) for base in force.base if base is not None})
    of_base = {name: force.base == name for name in (*names, None)}
    rows_of = [name for name in (*names, None) if of_base[name].any()]
    unknown = _("not recorded")
    masks = [(step.left, step.known) for step in chain.steps[:3]]
    columns = []
    for left, known in masks:
        counts = [int((left & of_base[name]).sum()) for name in rows_of]
        columns.append(_protected(question, counts) if known or left is masks[2][0] else [unknown] * len(rows_of))
    on_shift = force.on_shift
    if on_shift is None:
        duty: list[str] = [unknown] * len(rows_of)
    else:
        by_hour = [on_shift[:, of_base[name]].sum(axis=1) for name in rows_of]
        duty = [_from_to(question, int(each.min()), int(each.max())) for each in by_hour]
    rows = []
    for index, name in enumerate(rows_of):
        cells = [column[index] for column in columns]
        hidden = any(isinstance(cell, DisclosedCount) and not cell.shown for cell in cells)
        told = hold_back() if hidden else None
        rows.append(
            (_("Not recorded") if name is None else name, *(told or cell for cell in cells), told or duty[index])
        )
    words = step_words()
    return tabulate_cells(
        columns=(
            Column(heading=_("Base")),
            *(Column(heading=words[step], numeric=True) for step in (Step.TRAINED, Step.ISSUED, Step.IN_DATE)),
            Column(heading=_("On shift"), numeric=True),
        ),
        rows=rows,
        caption=_("On shift: in date and rostered, least to most by hour of the week.") if rows else "",
    )


def _from_to(question: Question, least: int, most: int) -> str:
    first, last = _count(question, least).text, _count(question, most).text
    return first if first == last else _("{least} to {most}").format(least=first, most=last)


def _protected(question: Question, counts: Sequence[int]) -> tuple[DisclosedCount, ...]:
    return disclose_breakdown(
        codes=[str(index) for index in range(len(counts))],
        names=[""] * len(counts),
        counts=counts,
        audience=question.audience,
        thresholds=question.thresholds,
    ).counts


def _rates(question: Question, now: ReachNow) -> DisclosedTable:
    """Carriers ready per 1,000 risk events, by command unit in the order of names: no ranking."""
    frame = question.geography.bcus
    columns = (
        Column(heading=_("BCU")),
        Column(heading=_("Carriers in date"), numeric=True),
        Column(heading=_("Risk events"), numeric=True),
        Column(heading=_("Carriers per 1,000 events (95 %)"), numeric=True),
    )
    # Without a register of carriers their number is not nought: it is not known.
    if now.risk is None or not len(frame) or not len(now.force.site):
        return tabulate_cells(columns=columns, rows=(), caption="")
    bcu = question.geography.label_area(easting_m=now.risk.easting_m, northing_m=now.risk.northing_m).bcu
    of_event = bcu[now.risk.cell]
    codes = sorted(frame["code"], key=question.geography.area_name)
    carriers = [int((now.force.ready & (now.force.bcu == code)).sum()) for code in codes]
    events = [int((of_event == code).sum()) for code in codes]
    found = carriers_per_1000_events(carriers=carriers, events=events)
    shown = list(zip(_protected(question, carriers), _protected(question, events), strict=True))
    rows = []
    for index, code in enumerate(codes):
        rate: str | DisclosedEstimate = (
            _("{rate} ({interval})").format(
                rate=format_number(found.rate[index]),
                interval=format_interval(found.lower[index], found.upper[index]),
            )
            if all(count.shown for count in shown[index])
            else hold_back()
        )
        rows.append((question.geography.area_name(code), *shown[index], rate))
    caption = _("Carriers in date on {day}; events of {period}.").format(
        day=format_date(now.force.as_of),
        period=format_period(question.filters.first_day, question.filters.last_day),
    )
    return tabulate_cells(columns=columns, rows=rows, caption=caption)


# Reach ---------------------------------------------------------------------------------------------------------------


def _week(question: Question, now: ReachNow, found: UncoveredRisk | None) -> DisclosedWeek | None:
    if found is None:
        return None
    by_hour = found.by_hour
    order = np.argsort(by_hour.hour)
    events = np.bincount(now.risk.hour[now.risk.hour >= 0], minlength=HOURS_A_WEEK)
    return disclose_week(
        shares=list(zip(by_hour.reach[order], by_hour.reach_lower[order], by_hour.reach_upper[order], strict=True)),
        events=events.tolist(),
        on_duty=now.reach.on_shift.tolist(),
        untimed=now.risk.events - now.risk.timed,
        audience=question.audience,
        thresholds=question.thresholds,
    )


def _week_table(week: DisclosedWeek | None) -> DisclosedTable:
    rows = (
        [
            (hour_words(hour), share, on_duty, events)
            for hour, (share, on_duty, events) in enumerate(zip(week.shares, week.on_duty, week.events, strict=True))
        ]
        if week
        else []
    )
    return tabulate_cells(
        columns=(
            Column(heading=_("Hour of the week")),
            Column(heading=_("Risk in reach (95 %)"), numeric=True),
            Column(heading=_("Carriers on shift"), numeric=True),
            Column(heading=_("Events, n"), numeric=True),
        ),
        rows=rows,
        caption=week.note if week else "",
    )


def _expected(question: Question, value: float, lower: float, upper: float) -> DisclosedEstimate:
    return disclose_expected(
        value,
        lower,
        upper,
        years=question.filters.years,
        audience=question.audience,
        thresholds=question.thresholds,
    )


def _gap_table(question: Question, now: ReachNow, gaps: Sequence[RosterGap]) -> DisclosedTable:
    # To others than the analyst by name: the rank of a number that is held back would tell about it.
    ranked = sorted(gaps, key=lambda gap: now.force.site_names[gap.area]) if _is_hidden(question, gaps) else gaps
    hidden = _hours_hidden(question, now)
    rows = [
        (
            _("Around {place}").format(place=now.force.site_names[gap.area]),
            hold_back() if hidden[gap.area] else hours_words(gap.hours),
            hold_back() if hidden[gap.area] else format_count(len(gap.hours)),
            _expected(question, gap.uncovered.value, gap.uncovered.lower, gap.uncovered.upper),
        )
        for gap in ranked
    ]
    order = _("Largest first.") if ranked is gaps else _("By name.")
    return tabulate_cells(
        columns=(
            Column(heading=_("Where")),
            Column(heading=_("When nobody on shift is in reach")),
            Column(heading=_("Hours a week"), numeric=True),
            Column(heading=_("Events a year expected then (95 %)"), numeric=True),
        ),
        rows=rows,
        caption=_("Nobody in reach: of most of the risk nearest to that base. {order}").format(order=order)
        if gaps
        else "",
    )


def _is_hidden(question: Question, gaps: Sequence[RosterGap]) -> bool:
    return any(
        not _expected(question, gap.uncovered.value, gap.uncovered.lower, gap.uncovered.upper).shown for gap in gaps
    )


def _too_far(now: ReachNow) -> GapRows:
    """Risk that nobody reaches in any hour of the week: every base is too far."""
    at_times = now.reach.covered.any(axis=0)
    nowhere = np.full(len(at_times), -1)
    return uncovered_risk(
        cover=np.broadcast_to(at_times, now.reach.covered.shape), area=nowhere, **now.risk_arguments
    ).overall


def _gaps_note(question: Question, gaps: Sequence[RosterGap], far: GapRows | None) -> str:
    if far is None:
        return _("Without a roster and a layer of risk no gap can be found.")
    told = _expected(question, far.uncovered[0], far.uncovered_lower[0], far.uncovered_upper[0])
    beyond = _("Beyond these, {events} events a year are too far from every base at any hour.").format(events=told.text)
    return beyond if gaps else _("Nowhere is a base's area without a carrier in reach. {beyond}").format(beyond=beyond)


def _areas(question: Question, now: ReachNow, level: AreaLevel) -> DisclosedTable:
    """Reach by area and for the force, uncovered risk with its interval; areas by what is uncovered."""
    columns = (
        Column(heading=_("Area")),
        Column(heading=_("Events a year"), numeric=True),
        Column(heading=_("Not in reach, a year (95 %)"), numeric=True),
        Column(heading=_("In reach (95 %)"), numeric=True),
    )
    if now.reach is None:
        return tabulate_cells(columns=columns, rows=(), caption="")
    frame = area_frame(question, level)
    labels = question.geography.label_area(easting_m=now.risk.easting_m, northing_m=now.risk.northing_m)
    codes = {"bcu": labels.bcu, "authority": labels.authority, "small_area": labels.small_area}[level]
    number = {code: index for index, code in enumerate(frame["code"])}
    area = np.array([number.get(code, -1) for code in codes])
    found = uncovered_risk(cover=now.reach.covered, area=area, **now.risk_arguments)
    names = frame["name"].tolist()
    order = range(len(found.by_area.area))
    if question.audience is not Audience.ANALYST:
        order = sorted(order, key=lambda row: names[found.by_area.area[row]])
    rows = [
        _area_row(question, names[found.by_area.area[row]], found.by_area, row)
        for row in order
        if found.by_area.events[row] > 0
    ]
    rows.append(_area_row(question, _("Whole area"), found.overall, 0))
    return tabulate_cells(columns=columns, rows=rows, caption="")


def _area_row(question: Question, name: str, found: GapRows, row: int) -> tuple[str | DisclosedEstimate, ...]:
    events, years = float(found.events[row]), question.filters.years
    few = question.audience is not Audience.ANALYST and events * years < question.thresholds.smallest_count_shown
    if few:
        return (name, hold_back(), hold_back(), hold_back())
    uncovered = _expected(question, found.uncovered[row], found.uncovered_lower[row], found.uncovered_upper[row])
    if not uncovered.shown:
        return (name, format_number(events), uncovered, hold_back())
    return (
        name,
        format_number(events),
        uncovered,
        _("{share} ({lower} to {upper})").format(
            share=format_share(found.reach[row]),
            lower=format_count(round(found.reach_lower[row] * 100)),
            upper=format_share(found.reach_upper[row]),
        ),
    )


# Requests ------------------------------------------------------------------------------------------------------------


def _requests(question: Question, now: ReachNow, gaps: Sequence[RosterGap]) -> DisclosedTable:
    """Each request that found nobody, newest first, and whether it fell into a gap of the table."""
    frame = question.store.requests(filters=question.filters, scope=question.scope)
    frame = frame[frame["found"] == "no"]
    within = _in_gaps(
        now,
        gaps,
        frame["easting_m"].to_numpy(float),
        frame["northing_m"].to_numpy(float),
        frame["hour_of_week"].to_numpy(float),
    )
    near = question.geography.nearest_place(easting_m=frame["easting_m"], northing_m=frame["northing_m"]).name
    rows = [
        (
            format_date(row.local_date),
            _("Not recorded") if np.isnan(row.hour_of_week) else hour_words(int(row.hour_of_week)),
            str(near[index]) if np.isfinite(row.easting_m) else str(row.small_area or _("Not recorded")),
            now.force.site_names[within[index]] if within[index] >= 0 else _("no"),
        )
        for index, row in enumerate(frame.itertuples())
    ]
    columns = (
        Column(heading=_("Date")),
        Column(heading=_("Hour of the week")),
        Column(heading=_("Near")),
        Column(heading=_("In the gap around")),
    )
    if question.audience is not Audience.ANALYST:
        caption = _("Single requests are shown only to the force's own analysts.")
        return tabulate_cells(columns=columns, rows=(), caption=caption)
    return tabulate_cells(columns=columns, rows=rows, caption="")


def _in_gaps(
    now: ReachNow, gaps: Sequence[RosterGap], easting_m: NDArray, northing_m: NDArray, hour: NDArray
) -> Integers:
    """The base whose gap each place and hour falls into, -1 for none."""
    found = np.full(len(hour), -1, dtype=np.int64)
    if now.risk is None or not gaps:
        return found
    known = np.flatnonzero(np.isfinite(easting_m) & np.isfinite(northing_m) & np.isfinite(hour))
    base = now.catchment[now.risk.cell_at(easting_m[known], northing_m[known])]
    hours_of = {gap.area: set(gap.hours) for gap in gaps}
    for index, site in zip(known, base, strict=True):
        if int(hour[index]) in hours_of.get(int(site), ()):
            found[index] = site
    return found


def _requests_note(question: Question, now: ReachNow, gaps: Sequence[RosterGap]) -> str:
    frame = question.store.requests(filters=question.filters, scope=question.scope)
    if frame.empty:
        return _("Requests for a carrier are not recorded: bring them in on the page “Data quality”.")
    none_found = frame[frame["found"] == "no"]
    told = _("A carrier was asked for {asked} times; {none} times none was found.").format(
        asked=_count(question, len(frame)).text, none=_count(question, len(none_found)).text
    )
    unknown = int((frame["found"] == NOT_RECORDED).sum())
    if unknown:
        told = _("{told} For {count} it is not recorded.").format(told=told, count=_count(question, unknown).text)
    if not gaps:
        return told
    columns = [none_found[name].to_numpy(float) for name in ("easting_m", "northing_m", "hour_of_week")]
    within = int((_in_gaps(now, gaps, *columns) >= 0).sum())
    largest = int((_in_gaps(now, gaps[:1], *columns) >= 0).sum())
    # Each is a part of the one before: what remains between them must not be 1 to 4 either.
    parts = disclose_breakdown(
        codes=("first", "others", "none"),
        names=("", "", ""),
        counts=(largest, within - largest, len(none_found) - within),
        audience=question.audience,
        thresholds=question.thresholds,
    )
    if not all(count.shown for count in parts.counts):
        return told
    return _("{told} Of these, {within} fell into a gap of the table beside, {largest} into the first.").format(
        told=told, within=_count(question, within).text, largest=_count(question, largest).text
    )
