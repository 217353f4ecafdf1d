"""An alert in words, for a reader: the sentence, the place, the streams that agree, the doubts, and its life.

To others than the analyst a count of 1 to 4 is "fewer than 5"; the chance is then said as "less often than once a
year", since the interval with the areas' history would give the count back, and no distance is said, since it is
measured to single cases. Deaths by place are the analyst's and partners', never on the wall.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.disclosure import (
    Audience,
    Column,
    DisclosedCount,
    DisclosedOutlines,
    DisclosedPoints,
    DisclosedTable,
    disclose_areas,
    disclose_count,
    disclose_days,
    disclose_points,
    tabulate_cells,
)
from analytics.findings.alerts import Alert, AlertFacts, Explanation, Level, Step, StreamCount
from analytics.findings.question import Question
from analytics.findings.spike_records import SpikeRecords, day_number
from analytics.findings.words import substance_words
from analytics.spikes import recurrence_words
from wording import (
    _,
    format_count,
    format_date,
    format_moment,
    format_month,
    format_number,
    join_words,
    ngettext,
)

__all__ = ["AlertView", "alert_cases", "explanation_words", "step_words", "stream_words", "view_alert"]

# Distances are said to this; places are stored to 100 m.
SAID_TO_M = 100.0
# Beyond this a distance from a named place says less than the names of the areas.
FURTHEST_SAID_M = 5_000.0
# With more areas than this the first ones are named and the rest counted.
AREAS_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class AlertView:
    """An alert as a reader may see it. `headline` is the sentence with its chance; the rest stands beside it.

    `easting_m` and `northing_m` are the middle of its areas (of the geography, not of the cases), `radius_m` a circle
    around it that holds them. `is_alert` is false for what is only watched; `area_codes` are the small areas.
    """

    id: str
    title: str
    headline: str
    place: str
    period: str
    status: str
    is_open: bool
    is_alert: bool
    count: DisclosedCount
    streams: tuple[str, ...]
    agreeing: tuple[str, ...]
    doubts: tuple[str, ...]
    neighbours: str
    method: str
    areas: DisclosedOutlines
    points: DisclosedPoints
    life: DisclosedTable
    easting_m: float
    northing_m: float
    radius_m: float
    last_entry: int
    area_codes: tuple[str, ...]


def step_words() -> dict[Step, str]:
    """What each step of an alert's life is called."""
    return {
        Step.RAISED: _("Raised"),
        Step.GROWN: _("Grown"),
        Step.CHANGED: _("Changed by late or withdrawn records"),
        Step.WATCHED: _("Watched"),
        Step.PANEL: _("Panel convened"),
        Step.CONFIRMED: _("Confirmed"),
        Step.EXPLAINED: _("Explained by recording"),
        Step.TOLD: _("Neighbouring areas told"),
        Step.CLOSED: _("Closed"),
    }


def explanation_words() -> dict[Explanation, str]:
    """What in the recording can explain an alert."""
    return {
        Explanation.BATCH: _("batch entry: a backlog entered in one go"),
        Explanation.ROLL_OUT: _("roll-out: more carriers, not more need"),
        Explanation.DUPLICATE: _("duplicate: one event reported twice"),
    }


def stream_words() -> dict[str, str]:
    """The independent streams inside a sentence."""
    return {
        "ambulance_overdose_call": _("ambulance overdose calls"),
        "drug_related_death": _("drug-related deaths"),
    }


def alert_cases(records: SpikeRecords, facts: AlertFacts) -> pd.DataFrame:
    """The cases in an alert's areas and days, a row each, columns as `SpikeRecords.cases`."""
    cases = records.cases
    inside = (cases["day"] >= day_number(facts.first_day)) & (cases["day"] <= day_number(facts.last_day))
    return cases[inside & cases["small_area"].isin(facts.areas)]


def view_alert(question: Question, records: SpikeRecords, alert: Alert) -> AlertView:
    """The alert as the question's reader may see it."""
    facts, audience = alert.facts, question.audience
    count = disclose_count(facts.observed, audience=audience, thresholds=question.thresholds)
    cases = alert_cases(records, facts)
    place = _place(question, facts, cases)
    what = _what(facts, count, place)
    title = _("{place} ({period})").format(place=_short_place(question, facts, cases), period=_period(facts, audience))
    areas = question.geography.small_areas
    inside = areas[areas["code"].isin(facts.areas)]
    easting_m, northing_m = float(inside["easting_m"].mean()), float(inside["northing_m"].mean())
    streams = [stream for stream in facts.streams if _may_see(stream, audience)]
    located = cases[np.isfinite(cases["easting_m"])]
    return AlertView(
        id=alert.id,
        title=title,
        headline=_("{what} {chance}").format(what=what, chance=_chance(facts, count)),
        place=place,
        period=_period(facts, audience),
        status=_status(alert),
        is_open=alert.is_open,
        is_alert=facts.level is Level.ALERT,
        count=count,
        streams=tuple(_stream(question, stream) for stream in streams),
        agreeing=tuple(stream_words()[stream.kind] for stream in streams if stream.agrees),
        doubts=_doubts(question, records, facts, count),
        neighbours=_neighbours(question, facts),
        method=_method(facts, audience),
        areas=disclose_areas(
            names=[title] if len(inside) else [],
            outlines=[inside.geometry.union_all()] if len(inside) else [],
            marked=[facts.level is Level.ALERT] if len(inside) else [],
            about=[what] if len(inside) else [],
        ),
        points=disclose_points(
            easting_m=located["easting_m"].to_numpy(), northing_m=located["northing_m"].to_numpy(), audience=audience
        ),
        life=_life(question, alert),
        easting_m=easting_m,
        northing_m=northing_m,
        radius_m=float(inside.geometry.hausdorff_distance(inside.geometry.union_all().centroid).max())
        if len(inside)
        else 0.0,
        last_entry=alert.last_entry,
        area_codes=facts.areas,
    )


def _period(facts: AlertFacts, audience: Audience) -> str:
    return disclose_days(facts.first_day, facts.last_day, audience=audience)


def _may_see(stream: StreamCount, audience: Audience) -> bool:
    return stream.kind != "drug_related_death" or audience is not Audience.MEETING


def _area_names(question: Question, codes: Sequence[str]) -> str:
    """The areas by name, the first few of many: "CF10, CF11 and CF24", "CF10, CF11, CF14, CF15 and 3 more"."""
    areas = question.geography.small_areas
    # A postcode district is called by its code; other areas by their names.
    column = "code" if question.geography.small_area_kind == "postcode districts" else "name"
    known = dict(zip(areas["code"], areas[column], strict=True))
    names = [str(known.get(code, code)) for code in codes]
    if len(names) > AREAS_NAMED + 1:
        more = len(names) - AREAS_NAMED
        names = [*names[:AREAS_NAMED], ngettext("{count} more", "{count} more", more).format(count=format_count(more))]
    return join_words(names)


def _nearest(question: Question, facts: AlertFacts, cases: pd.DataFrame) -> tuple[str, float, float]:
    """The named place nearest to the middle of what the reader may see: its name and its position."""
    areas = question.geography.small_areas
    middle = areas[areas["code"] == facts.centre]
    east, north = (float(middle[name].iloc[0]) if len(middle) else math.nan for name in ("easting_m", "northing_m"))
    located = cases[np.isfinite(cases["easting_m"])]
    if question.audience is Audience.ANALYST and len(located):
        east, north = float(located["easting_m"].mean()), float(located["northing_m"].mean())
    places = question.geography.places
    if not math.isfinite(east) or places.empty:
        return "", math.nan, math.nan
    name = str(question.geography.nearest_place(easting_m=[east], northing_m=[north]).name[0])
    row = places[places["name"] == name].iloc[0]
    return name, float(row["easting_m"]), float(row["northing_m"])


def _short_place(question: Question, facts: AlertFacts, cases: pd.DataFrame) -> str:
    if facts.rule != "scan":
        return {
            "doses": _("Three or more doses"),
            "no_response": _("No response to naloxone"),
        }.get(facts.rule) or substance_words()[facts.rule.partition(":")[2]]
    name, _east, _north = _nearest(question, facts, cases)
    return name or _area_names(question, facts.areas)


def _place(question: Question, facts: AlertFacts, cases: pd.DataFrame) -> str:
    """Where, inside a sentence: by distance for the analyst, by areas for others."""
    named = _area_names(question, facts.areas)
    if facts.rule != "scan":
        return _("in {areas}").format(areas=named)
    name, east, north = _nearest(question, facts, cases)
    if not name:
        return _("in {areas}").format(areas=named)
    located = cases[np.isfinite(cases["easting_m"])]
    if question.audience is Audience.ANALYST and len(located) == facts.observed:
        furthest_m = float(np.hypot(located["easting_m"] - east, located["northing_m"] - north).max())
        said_m = max(SAID_TO_M, math.ceil(furthest_m / SAID_TO_M) * SAID_TO_M)
        if said_m <= FURTHEST_SAID_M:
            return _("within {km} km of {place}").format(km=_kilometres(said_m), place=name)
    return _("in and around {place} ({areas})").format(place=name, areas=named)


def _kilometres(metres: float) -> str:
    """To a hundred metres: "0.9", "1.2"."""
    return format_number(metres / 1_000, significant=1 if metres < 1_000 else 2)


def _what(facts: AlertFacts, count: DisclosedCount, place: str) -> str:
    """What was seen, as a sentence."""
    window = ngettext("{days} day", "{days} days", facts.days).format(days=format_count(facts.days))
    one = facts.observed == 1 and count.shown
    sentences = {
        "scan": _("{count} administration in {window} {place}.")
        if one
        else _("{count} administrations in {window} {place}."),
        "doses": _("{count} administrations of three or more doses in {window}, {place}."),
        "no_response": _("{count} administrations without a response to naloxone in {window}, {place}."),
    }
    sentence = sentences.get(facts.rule)
    if sentence is not None:
        return _capital(sentence.format(count=count.text, window=window, place=place))
    name = substance_words()[facts.rule.partition(":")[2]]
    if facts.first_mention:
        return _("{substance} was named for the first time in a year, {place}.").format(substance=name, place=place)
    return _("{substance} was named in {count} administrations in {window}, {place}.").format(
        substance=name, count=count.text, window=window, place=place
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _chance(facts: AlertFacts, count: DisclosedCount) -> str:
    """The one sentence of chance, from the rule that raised the alert."""
    if facts.first_mention:
        return _("A first naming is raised at most once a year for each substance; it does not show a cause.")
    if not count.shown:
        return (
            _("If nothing had changed, this would be expected less often than once a year; it does not show a cause.")
            if (facts.level is Level.ALERT)
            else _("If nothing had changed, this would be expected now and then; it does not show a cause.")
        )
    return _("If nothing had changed, this would be expected {often}; it does not show a cause.").format(
        often=recurrence_words(recurrence_days=facts.recurrence_days, at_least=facts.at_least)
    )


def _status(alert: Alert) -> str:
    words = step_words()[alert.status]
    if alert.explanation is not None:
        return _("{status} ({why})").format(status=words, why=explanation_words()[alert.explanation])
    if alert.facts.level is Level.WATCH and alert.status is Step.WATCHED:
        return _("Watched: below the level of an alert")
    return words


def _stream(question: Question, stream: StreamCount) -> str:
    """One stream in the same areas and days: "6 ambulance overdose calls where about 0.4 would be usual: agrees"."""
    count = disclose_count(stream.events, audience=question.audience, thresholds=question.thresholds)
    name = stream_words()[stream.kind]
    verdict = _("this agrees") if stream.agrees else _("nothing unusual")
    if not count.shown:
        return _("{stream}: {count}, {verdict}").format(stream=_capital(name), count=count.text, verdict=verdict)
    return _("{stream}: {count} where about {expected} would be usual, {verdict}").format(
        stream=_capital(name), count=count.text, expected=format_number(stream.expected), verdict=verdict
    )


def _doubts(question: Question, records: SpikeRecords, facts: AlertFacts, count: DisclosedCount) -> tuple[str, ...]:
    doubts = []
    if not facts.still_there:
        doubts.append(
            _("By the records as they are now this would not be raised: records came late or were withdrawn.")
        )
    if facts.volume_is_up:
        doubts.append(_("Volume is up everywhere: check roll-out or recording first."))
    if facts.entered_late and 2 * facts.entered_late >= facts.observed:
        share = format_count(facts.entered_late) if question.audience is Audience.ANALYST else _("Some")
        doubts.append(
            _("{number} of {count} were entered late, in one go with others: check for a batch entry.").format(
                number=share, count=count.text
            )
        )
    if facts.rule == "scan" and not records.carriers_known:
        doubts.append(_("Carriers are not imported: more carriers would look the same."))
    if facts.rule == "scan" and not facts.streams:
        doubts.append(_("No independent stream is imported, so nothing else can agree or disagree."))
    return tuple(doubts)


def _neighbours(question: Question, facts: AlertFacts) -> str:
    if not facts.neighbours:
        return ""
    named = _area_names(question, facts.neighbours)
    if not facts.neighbouring_bcus:
        return _("Neighbouring areas: {areas}.").format(areas=named)
    known = dict(zip(question.geography.bcus["code"], question.geography.bcus["name"], strict=True))
    return _("Neighbouring areas: {areas}; neighbouring command units: {bcus}.").format(
        areas=named, bcus=join_words([str(known.get(code, code)) for code in facts.neighbouring_bcus])
    )


def _method(facts: AlertFacts, audience: Audience) -> str:
    rule = (
        _("expectation-based space-time scan, {replicates} simulated worlds, seed {seed}").format(
            replicates=format_count(facts.replicates), seed=facts.seed
        )
        if facts.rule == "scan"
        else _("its own rule, on its own history (Naus)")
    )
    if audience is not Audience.ANALYST:
        return _("Raised by: {rule}; rules version {version}.").format(rule=rule, version=facts.rule_version)
    return _("Raised by: {rule}; rules version {version}, records of snapshot {snapshot}, scored for {day}.").format(
        rule=rule, version=facts.rule_version, snapshot=facts.snapshot, day=format_date(facts.scored_day)
    )


def _life(question: Question, alert: Alert) -> DisclosedTable:
    """Every step, oldest first. Who, why and the count after it are the analyst's: two counts tell of one person."""
    words, why = step_words(), explanation_words()
    rows, ours = [], question.audience is Audience.ANALYST
    zone = question.settings.time_zone
    for step in alert.steps:
        told = words[step.step] + (f": {why[step.explanation]}" if step.explanation else "")
        moment = pd.Timestamp(step.at).tz_convert(zone).to_pydatetime()
        when = format_moment(moment) if ours else format_month(moment)
        rows.append((when, told, format_count(step.observed), step.who, step.note))
    columns = [
        Column(heading=_("When")),
        Column(heading=_("What")),
        Column(heading="n", numeric=True),
        Column(heading=_("Who")),
        Column(heading=_("Note")),
    ]
    kept = len(columns) if ours else 2
    return tabulate_cells(columns=columns[:kept], rows=[row[:kept] for row in rows], caption="")
