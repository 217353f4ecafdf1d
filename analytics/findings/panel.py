"""The emergency panel's one page: what is known of a scene, who can get there, and what is still open.

Everything is disclosed to the reader's audience; a section that rests on a table nobody imported says so, since what is
not known must not read as nothing.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from analytics.delay import arrival_quantile, without_last_arrivals
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedCount,
    DisclosedTable,
    disclose_breakdown,
    disclose_centile,
    disclose_count,
    disclose_day,
    disclose_list,
    tabulate_breakdown,
    tabulate_cells,
)
from analytics.findings.alert_words import AlertView, stream_words
from analytics.findings.ambulance_calls import WaitOptions, incidence_of, read_calls
from analytics.findings.kit_stock import read_stock
from analytics.findings.panel_scene import PanelChoice, Scene, find_scene, report_words
from analytics.findings.question import Question
from analytics.findings.reach_now import is_night, travel_minutes, travel_words
from analytics.findings.spike_records import STREAM_KINDS
from analytics.findings.week import HOURS_A_WEEK
from analytics.findings.words import substance_words
from analytics.findings.workforce import read_workforce, roster_imported
from wording import _, format_count, format_date, format_moment, format_month, format_number, join_words, ngettext

__all__ = ["Panel", "PanelSection", "find_panel"]

# Hours ahead that the panel looks, in blocks of so many.
HOURS_AHEAD, HOURS_A_BLOCK = 24, 4
# Kits that expire within so many days are named: before the next panel could meet about them.
EXPIRING_DAYS = 30
NEAREST_LISTED = 5
MOST_TIMELINE = 40
FORCE_WAIT_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class PanelSection:
    """One block of the page and of the paper: a heading, a table, and a sentence on what it rests on."""

    key: str
    title: str
    table: DisclosedTable
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The page: `known` are its first sentences, `sections` its tables by key, `draft` a text for health to approve."""

    scene: Scene
    administrations: DisclosedCount
    known: tuple[str, ...]
    sections: tuple[PanelSection, ...]
    caveat: str
    draft: str

    def section(self, key: str) -> PanelSection:
        """The section of that key."""
        return {section.key: section for section in self.sections}[key]


def find_panel(question: Question, *, choice: PanelChoice, now: datetime) -> Panel:
    """The panel for a choice, as of `now` (with a zone). Raises UnknownPanelError."""
    scene = find_scene(question, choice=choice)
    here = scene.ask(question)
    ambulance = question.settings.ambulance
    cases = question.store.cases_in_areas(
        filters=here.filters, scope=here.scope, kind=ambulance.kind, clocks=ambulance.clocks
    )
    events = question.store.risk_events_listed(filters=here.filters, scope=here.scope, kinds=STREAM_KINDS)
    local = pd.Timestamp(now).tz_convert(question.settings.time_zone).tz_localize(None)
    substances = _substances(question, cases)
    count = _count(question, len(cases))
    counted = _("Recorded there, {period}: {count} police naloxone administrations.").format(
        period=scene.period, count=count.text
    )
    return Panel(
        scene=scene,
        administrations=count,
        known=(counted, scene.began, *_said_of(scene.alert)),
        sections=(
            PanelSection(key="timeline", title=_("Timeline"), table=_timeline(question, scene, cases, events)),
            substances,
            PanelSection(key="response", title=_("Doses and response"), table=_response(question, cases)),
            _carriers(question, scene, local),
            _kits(question, scene, local),
            _waits(question, cases),
            _follow_up(question, cases, local),
            _outreach(question, scene),
            _feeds(question, now),
        ),
        caveat=_("Police naloxone administrations only where carriers were; reports are not confirmed."),
        draft=_draft(scene, substances.table),
    )


def _said_of(alert: AlertView | None) -> tuple[str, ...]:
    """What agrees with the alert, and what speaks against it."""
    if alert is None:
        return ()
    streams = (_("{streams}.").format(streams="; ".join(alert.streams)),) if alert.streams else ()
    return (*streams, *alert.doubts)


def _timeline(question: Question, scene: Scene, cases: pd.DataFrame, events: pd.DataFrame) -> DisclosedTable:
    """Case by case for the analyst; how many of each stream for others, deaths never on the wall."""
    columns = (Column(heading=_("When")), Column(heading=_("Where")), Column(heading=_("What")))
    if question.audience is not Audience.ANALYST:
        return _stream_counts(question, scene, cases, events)
    words = {"ambulance_overdose_call": _("Ambulance overdose call"), "drug_related_death": _("Drug-related death")}
    rows = [
        (row.occurred_at, row.time_precision, row.small_area or "", _case_words(row)) for row in cases.itertuples()
    ] + [(row.occurred_at, row.time_precision, row.small_area or "", words[row.kind]) for row in events.itertuples()]
    rows.sort(key=lambda row: row[0], reverse=True)
    told = [
        (
            "",
            scene.place,
            _("{what}: {count}, reported, not confirmed. {note}")
            .format(what=report_words()[report.kind], count=format_count(report.number), note=report.note)
            .strip(),
        )
        for report in scene.reports
    ]
    left = len(rows) - MOST_TIMELINE
    return disclose_list(
        columns=columns,
        rows=[*told, *((_when(moment, exact), area, what) for moment, exact, area, what in rows[:MOST_TIMELINE])],
        audience=question.audience,
        caption=ngettext("{count} earlier one is not listed.", "{count} earlier ones are not listed.", left).format(
            count=format_count(left)
        )
        if left > 0
        else "",
    )


def _stream_counts(question: Question, scene: Scene, cases: pd.DataFrame, events: pd.DataFrame) -> DisclosedTable:
    words = stream_words()
    shown = [kind for kind in STREAM_KINDS if kind != "drug_related_death" or question.audience is Audience.PARTNER]
    counts = [(_("Police naloxone administrations"), len(cases))]
    counts += [(_capital(words[kind]), int((events["kind"] == kind).sum())) for kind in shown]
    return tabulate_cells(
        columns=(Column(heading=scene.period), Column(heading="n", numeric=True)),
        rows=[(name, _count(question, number)) for name, number in counts],
        caption=_("Single events are shown only to the force's own analysts."),
    )


def _case_words(case: object) -> str:
    """One administration in a few words."""
    parts = [_("Naloxone")]
    if np.isfinite(case.doses):
        parts.append(
            ngettext("{count} dose", "{count} doses", int(case.doses)).format(count=format_count(int(case.doses)))
        )
    if case.substances is not None:
        words, sure = substance_words(), _certainty_words()
        parts += [
            _("{substance} ({certainty})").format(substance=words[name], certainty=sure[certainty])
            for name, _colon, certainty in (each.partition(":") for each in case.substances)
        ]
    if case.alive_at_handover == "died":
        parts.append(_("died"))
    elif case.condition_after in _condition_words():
        parts.append(_condition_words()[case.condition_after].lower())
    if np.isfinite(case.minutes):
        parts.append(
            _("ambulance {minutes} min").format(minutes=format_number(case.minutes))
            if case.minutes > 0
            else _("ambulance already there")
        )
    return ", ".join(parts)


def _when(moment: pd.Timestamp, precision: str) -> str:
    if precision == "month":
        return format_month(moment.date())
    return format_moment(moment.to_pydatetime()) if precision == "minute" else format_date(moment.date())


def _substances(question: Question, cases: pd.DataFrame) -> PanelSection:
    """People by substance and by how sure that is; one person may count under several."""
    counted = Counter(
        pair for taken in cases["substances"] for pair in set(taken if taken is not None else ("not_recorded:",))
    )
    words, sure = substance_words(), _certainty_words()
    rows = [
        (words[pair.partition(":")[0]], sure.get(pair.partition(":")[2], ""), _count(question, number))
        for pair, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    return PanelSection(
        key="substances",
        title=_("Substances"),
        table=tabulate_cells(
            columns=(Column(heading=_("Substance")), Column(heading=_("How sure")), Column(heading="n", numeric=True)),
            rows=rows,
            caption="",
        ),
    )


def _certainty_words() -> dict[str, str]:
    return {
        "suspected": _("suspected"),
        "confirmed": _("confirmed"),
        "found_not_opioid": _("found not an opioid"),
        "not_recorded": _("not recorded"),
    }


def _condition_words() -> dict[str, str]:
    return {
        "conscious": _("Conscious after"),
        "unconscious": _("Unconscious after"),
        "non_responsive": _("No response"),
    }


def _response(question: Question, cases: pd.DataFrame) -> DisclosedTable:
    """How many doses, and how people were afterwards: two breakdowns, each with its own protection."""
    doses = cases["doses"].to_numpy(float)
    by_dose = [int((doses == 1).sum()), int((doses == 2).sum()), int((doses >= 3).sum()), int(np.isnan(doses).sum())]
    after = cases["condition_after"].to_numpy(object)
    died = int((cases["alive_at_handover"] == "died").sum())
    states = _condition_words()
    by_state = [int((after == state).sum()) for state in states]
    parts = [
        ([_("1 dose"), _("2 doses"), _("3 doses or more"), _("Doses not recorded")], by_dose),
        ([*states.values(), _("Condition not recorded")], [*by_state, len(cases) - sum(by_state)]),
    ]
    # Deaths by place are never for the wall.
    if question.audience is not Audience.MEETING:
        parts.append(([_("Died before handover"), _("Not known to have died")], [died, len(cases) - died]))
    rows: list[tuple[str, str]] = []
    for names, counts in parts:
        disclosed = disclose_breakdown(
            codes=names, names=names, counts=counts, audience=question.audience, thresholds=question.thresholds
        )
        rows += zip(disclosed.names, (count.text for count in disclosed.counts), strict=True)
    return tabulate_cells(
        columns=(Column(heading=_("People")), Column(heading="n", numeric=True)), rows=rows, caption=""
    )


def _carriers(question: Question, scene: Scene, local: pd.Timestamp) -> PanelSection:
    """Carriers rostered within reach, now and by block of the next day: the fewest in any hour of the block."""
    title, force = _("Carriers within reach"), read_workforce(question)
    if force.on_shift is None:
        missing = _("No roster is imported: nobody can be said to be on shift.")
        return PanelSection(key="carriers", title=title, table=_nothing(), about=missing)
    within = question.settings.travel.within_minutes
    minutes = travel_minutes(
        question,
        from_easting_m=force.site_easting_m,
        from_northing_m=force.site_northing_m,
        to_easting_m=np.array([scene.easting_m]),
        to_northing_m=np.array([scene.northing_m]),
    )[:, :, 0]
    first = 24 * local.weekday() + local.hour
    hours = (first + np.arange(HOURS_AHEAD)) % HOURS_A_WEEK
    night = is_night(question.settings.travel, hours % 24).astype(int)
    placed = force.site >= 0
    near = np.zeros((HOURS_AHEAD, len(force.site)), dtype=bool)
    near[:, placed] = (minutes[night] <= within)[:, force.site[placed]]
    on_shift = (force.on_shift[hours] & near).sum(axis=1)
    rows: list[tuple[str, DisclosedCount]] = [(_("Now"), _count(question, int(on_shift[0])))]
    for start in range(0, HOURS_AHEAD, HOURS_A_BLOCK):
        begins = local.floor("h") + pd.Timedelta(hours=start)
        ends = begins + pd.Timedelta(hours=HOURS_A_BLOCK)
        least = int(on_shift[start : start + HOURS_A_BLOCK].min())
        rows.append(
            (_("{first} to {last}").format(first=f"{begins:%H:%M}", last=f"{ends:%H:%M}"), _count(question, least))
        )
    imported = roster_imported(question)
    return PanelSection(
        key="carriers",
        title=_("Carriers within {minutes} minutes").format(minutes=format_number(within)),
        table=tabulate_cells(
            columns=(Column(heading=_("Rostered, fewest at a time")), Column(heading="n", numeric=True)),
            rows=rows,
            caption="",
        ),
        about=_("From the roster imported on {day}: planned, not live, not for dispatch. {travel}").format(
            day=_("an unknown day") if imported is None else format_date(imported),
            travel=travel_words(question.settings.travel),
        ),
    )


def _kits(question: Question, scene: Scene, local: pd.Timestamp) -> PanelSection:
    """Kits held at the nearest bases, and how many of them expire soon or have expired."""
    title, force = _("Kits at the nearest bases"), read_workforce(question)
    stock = read_stock(question, as_of=local.date(), bcu_of_base={}, bcus=())
    held = stock.held()
    if held.empty or not force.site_names:
        missing = _("No kit ledger with bases is imported: what is held near here is not known.")
        return PanelSection(key="kits", title=title, table=_nothing(), about=missing)
    far = np.hypot(force.site_easting_m - scene.easting_m, force.site_northing_m - scene.northing_m)
    names = [stock.account.bases[index] for index in held["at"]]
    held = held.assign(base=names)
    soon = np.datetime64(local.date() + timedelta(days=EXPIRING_DAYS))
    counts = []
    for name in force.site_names:
        own = held[held["base"] == name]
        expired = own["expires_on"] < np.datetime64(local.date())
        expiring = ~expired & (own["expires_on"] <= soon)
        counts.append([int(each["kits"].sum()) for each in (own, own[expiring], own[expired])])
    # Of all bases, as on the page of kits: the nearest by themselves would show what is held back there.
    shown = [
        disclose_breakdown(
            codes=force.site_names,
            names=force.site_names,
            counts=column,
            audience=question.audience,
            thresholds=question.thresholds,
        ).counts
        for column in zip(*counts, strict=True)
    ]
    rows = [
        (force.site_names[site], format_number(far[site] / 1_000), *(column[site] for column in shown))
        for site in np.argsort(far)[:NEAREST_LISTED]
    ]
    columns = (
        Column(heading=_("Base")),
        Column(heading=_("km"), numeric=True),
        Column(heading=_("Held"), numeric=True),
        Column(heading=_("Ending"), numeric=True),
        Column(heading=_("Expired"), numeric=True),
    )
    about = _("As the ledger says for {day}. Ending: expiring within {days} days. Two doses a kit.").format(
        day=format_date(local.date()), days=EXPIRING_DAYS
    )
    table = tabulate_cells(columns=columns, rows=rows, caption="")
    return PanelSection(key="kits", title=title, table=table, about=about)


def _waits(question: Question, cases: pd.DataFrame) -> PanelSection:
    """The cluster's waits beside the force's year: of those for whom a wait began."""
    waited = cases.loc[cases["outcome"] != "already_there", "minutes"].to_numpy(float)
    minutes = np.sort(waited[np.isfinite(waited)])
    timed = len(minutes)
    here = disclose_centile(
        float(np.median(minutes)) if timed else np.nan,
        np.nan,
        np.nan,
        text=_("median {minutes} minutes").format(minutes=format_number(float(np.median(minutes)))) if timed else "",
        share=0.5,
        cases=timed,
        audience=question.audience,
        thresholds=question.thresholds,
    )
    single = question.audience is Audience.ANALYST and timed > 0 and not here.shown
    listed = join_words([format_number(each) for each in minutes]) if single else here.text
    if not timed:
        listed = _("none timed")
    last_day = question.store.period()[1]
    year = replace(
        question.filters, first_day=last_day - timedelta(days=FORCE_WAIT_DAYS - 1), last_day=last_day, small_areas=()
    )
    calls = read_calls(replace(question, filters=replace(year, bcus=(), authorities=())), WaitOptions())
    running = calls.of(calls.on_curve)
    force = _("not recorded")
    if len(running):
        curve = incidence_of(calls)
        median = arrival_quantile(curve=curve, share=0.5)
        if question.audience is not Audience.ANALYST:
            least = question.thresholds.smallest_count_shown
            median = without_last_arrivals(quantile=median, curve=curve, least=least)
        force = disclose_centile(
            median.minutes,
            median.lower,
            median.upper,
            text=_("median {minutes}").format(minutes=median.sentence),
            share=0.5,
            cases=len(running),
            audience=question.audience,
            thresholds=question.thresholds,
        ).text
    return PanelSection(
        key="waits",
        title=_("Ambulance waits"),
        table=tabulate_cells(
            columns=(
                Column(heading=_("Where")),
                Column(heading=_("n timed"), numeric=True),
                Column(heading=_("Minutes")),
            ),
            rows=[
                (_("Here"), _count(question, timed), listed),
                (_("Force, last year of records"), _count(question, len(running)), force),
            ],
            caption="",
        ),
    )


def _follow_up(question: Question, cases: pd.DataFrame, local: pd.Timestamp) -> PanelSection:
    """Consent and the clock of the follow-up (72 hours in South Wales), as its log says now."""
    title = _("Follow-up and consent")
    begun = cases[cases["begun"]]
    if begun.empty:
        missing = _("No follow-up of these people is imported: consents and clocks are not known.")
        return PanelSection(key="follow_up", title=title, table=_nothing(), about=missing)
    answer, closed = begun["answer"], begun["closed"].astype(bool)
    waiting = begun["contacted_at"].isna() & answer.isna() & ~closed
    late = waiting & (begun["due_at"] < local)
    # Everyone in one row, so that no row can be worked out from the others.
    states = {
        _("Not contacted, clock still running"): waiting & ~late,
        _("Not contacted, past the time limit"): late,
        _("Contacted, consent still open"): ~waiting & answer.isna() & ~closed,
        _("Consented"): answer == "consented",
        _("Declined"): answer == "declined",
        _("Closed without an answer"): answer.isna() & closed,
    }
    names, counts = list(states), [int(state.sum()) for state in states.values()]
    disclosed = disclose_breakdown(
        codes=names, names=names, counts=counts, audience=question.audience, thresholds=question.thresholds
    )
    return PanelSection(
        key="follow_up",
        title=title,
        table=tabulate_breakdown(disclosed, heading=_("Step"), count_heading="n"),
    )


def _outreach(question: Question, scene: Scene) -> PanelSection:
    """The nearest places of peer-to-peer supply, outreach and treatment, with their hours."""
    title, points = _("Peer-to-peer and outreach nearby"), question.store.outreach_points()
    if points.empty:
        missing = _("No list of outreach is imported (table outreach_points).")
        return PanelSection(key="outreach", title=title, table=_nothing(), about=missing)
    far = np.hypot(points["easting_m"] - scene.easting_m, points["northing_m"] - scene.northing_m).to_numpy()
    nearest = points.assign(km=far / 1_000).iloc[np.argsort(far, kind="stable")[:NEAREST_LISTED]]
    rows = [
        (row.name or _("not named"), format_number(row.km), row.opening or "")
        for row in nearest.itertuples(index=False)
    ]
    columns = (Column(heading=_("Where")), Column(heading=_("km"), numeric=True), Column(heading=_("Open")))
    return PanelSection(key="outreach", title=title, table=tabulate_cells(columns=columns, rows=rows, caption=""))


def _feeds(question: Question, now: datetime) -> PanelSection:
    """How old each feed is: a quiet feed and a late one look alike."""
    today = pd.Timestamp(now).tz_convert(question.settings.time_zone)
    words = {
        "administrations": _("Administrations"),
        "ambulance_overdose_call": _("Overdose calls"),
        "drug_related_death": _("Deaths"),
        "drug_incident": _("Drug incidents"),
        "follow_up": _("Follow-up"),
        "shifts": _("Roster"),
        "carriers": _("Carriers"),
        "kits": _("Kit ledger"),
        "outreach_points": _("Outreach list"),
    }
    frame = question.store.feeds()
    rows = []
    for feed, name in words.items():
        own = frame[frame["feed"] == feed]
        if own.empty:
            rows.append((name, _("not imported"), ""))
            continue
        row = own.iloc[0]
        last, imported = row["last_event"], row["last_import"]
        told = _("none dated") if pd.isna(last) else disclose_day(last.date(), audience=question.audience)
        rows.append((name, told, _age(today, imported)))
    columns = (Column(heading=_("Feed")), Column(heading=_("Latest record")), Column(heading=_("Imported")))
    return PanelSection(
        key="feeds", title=_("Age of each feed"), table=tabulate_cells(columns=columns, rows=rows, caption="")
    )


def _age(today: pd.Timestamp, moment: pd.Timestamp) -> str:
    if pd.isna(moment):
        return _("not known")
    days = (today.date() - moment.tz_convert(today.tz).date()).days
    return ngettext("{days} day ago", "{days} days ago", days).format(days=format_count(days)) if days else _("today")


def _draft(scene: Scene, substances: DisclosedTable) -> str:
    """A text to begin from. It names no substance that is only suspected as a fact, and no number of people."""
    sure, unknown = _certainty_words(), substance_words()["not_recorded"]
    opioids = {row[0] for row in substances.rows if row[1] != sure["found_not_opioid"]} - {unknown}
    named = join_words(sorted(opioids)) or _("not known")
    return _(
        "DRAFT, not to be sent before health has approved it. Possible overdoses were reported {place} ({period})."
        " Substances named so far, not confirmed unless said: {substances}. Do not use alone, start low, carry"
        " naloxone, call 999. Naloxone and advice nearby: see the list of the panel."
    ).format(
        place=scene.place,
        period=scene.period,
        substances=named,
    )


def _count(question: Question, number: int) -> DisclosedCount:
    return disclose_count(number, audience=question.audience, thresholds=question.thresholds)


def _nothing() -> DisclosedTable:
    return tabulate_cells(columns=(), rows=(), caption="")


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
