"""From scores to alerts: score the last four weeks by what is known now, and write into the journal what that changes.

Records come late and imports come weekly, so every day of the last four weeks is scored again each time: a cluster
that shows only now is raised now, for its own days. One cluster is one alert, known again by its areas and its days.
Nothing is written where nothing changed, so it does not matter how often, or by whom, this is run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from analytics.alert_rules import (
    RULE_VERSION,
    AlertRules,
    DayScore,
    FoundCluster,
    TooLittleHistoryError,
    agreement,
    merge_clusters,
    score_days,
)
from analytics.feed import TooFewDelaysError, batch_entries, reporting_delay
from analytics.findings.alerts import Alert, AlertFacts, Level, Step, StreamCount, load_alerts, write_facts
from analytics.findings.question import Question
from analytics.findings.spike_records import SpikeRecords, date_of, day_number, read_spike_records, rules_of
from analytics.signatures import SignatureAlert, multiple_dose_alert, no_response_alert, substance_alert
from analytics.spikes import TooShortSeriesError
from data.journal import Journal
from data.keys import load_keys
from geo.areas import NOT_LOCATED, OUTSIDE
from wording import _

__all__ = [
    "LOOK_BACK_DAYS",
    "NAMED_SUBSTANCES",
    "ScoredAlert",
    "Scoring",
    "mark_watch_run",
    "new_since_watch",
    "open_journal",
    "score_records",
    "update_alerts",
]

# Ninety-five in a hundred records come within three weeks; what comes later still counts, but raises nothing new.
LOOK_BACK_DAYS = 28
# A city with several events a day is scored daily, or it has no use for a daily alert; a day of it takes seconds.
BUSY_A_WEEK, BUSY_LOOK_BACK_DAYS = 10.0, 7

NAMED_SUBSTANCES = ("nitazene", "fentanyl", "benzodiazepine")
"""Substances whose naming is news: strong opioids, and fake benzodiazepines, on which naloxone has no effect."""

# Areas closer than this touch: their borders are drawn to 100 m.
TOUCHING_M = 200.0
LONGEST_RECURRENCE_DAYS = 1_000_000.0
WATCH_SUBJECT = "watch"
WATCH_ACTION = "watch"


@dataclass(frozen=True, kw_only=True)
class ScoredAlert:
    """What the rules find in the last four weeks, at its clearest, before it is compared with the journal."""

    id: str
    facts: AlertFacts


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """The last four weeks (in a city one), scored: `days` in order, the latest last, and what was found in them."""

    records: SpikeRecords
    rules: AlertRules
    days: tuple[DayScore, ...]
    found: tuple[ScoredAlert, ...]


def open_journal(question: Question) -> Journal:
    """The journal of the question's store."""
    folder = question.settings.store_folder
    return Journal(folder=folder, keys=load_keys(store_folder=folder))


def score_records(question: Question, *, on_progress: Callable[[float, str], None] | None = None) -> Scoring:
    """Score the last four weeks by the rules of the deployment. Reads the store, writes nothing.

    Raises TooLittleHistoryError where the records begin too late to score any of these days.
    """
    records, rules = read_spike_records(question), rules_of(question)
    lately = int((records.series.day > records.last_day - LOOK_BACK_DAYS).sum())
    look_back = BUSY_LOOK_BACK_DAYS if lately * 7 / LOOK_BACK_DAYS > BUSY_A_WEEK else LOOK_BACK_DAYS
    first_day = records.last_day - look_back + 1

    def tell(day: int) -> None:
        if on_progress is not None:
            on_progress((day - first_day + 1) / look_back, _("Scoring the last weeks, day by day"))

    days = tuple(
        score_days(
            records.series,
            first_day=first_day,
            last_day=records.last_day,
            rules=rules,
            lag_days=None,
            cross_check=True,
            on_day=tell,
        )
    )
    if not days:
        raise TooLittleHistoryError(days=records.last_day - records.first_day)
    scans = [_scan_alert(question, records, rules, group) for group in merge_clusters(list(days))]
    return Scoring(
        records=records, rules=rules, days=days, found=(*scans, *_signature_alerts(question, records, rules, first_day))
    )


def update_alerts(question: Question, journal: Journal, scoring: Scoring) -> tuple[Alert, ...]:
    """Write what the scoring changes into the journal, and return every alert as it then stands."""
    known = list(load_alerts(journal))
    taken = {alert.id for alert in known}
    matched: dict[str, AlertFacts] = {}
    for found in scoring.found:
        same = next((alert for alert in known if _is_same(alert.facts, found.facts)), None)
        if same is None:
            step = Step.RAISED if found.facts.level is Level.ALERT else Step.WATCHED
            write_facts(journal, alert_id=_unused(found.id, taken), step=step, facts=found.facts, after=0)
        elif same.id not in matched or found.facts.observed > matched[same.id].observed:
            matched[same.id] = found.facts
    for alert in known:
        _update(question, journal, scoring, alert, matched.get(alert.id))
    return load_alerts(journal)


def _unused(alert_id: str, taken: set[str]) -> str:
    """The id, numbered where a month and a place have had an alert before; then it is taken too.

    An id stands in addresses that others read: of the days of a cluster it tells the month.
    """
    ids = (alert_id, *(f"{alert_id}-{number}" for number in range(2, len(taken) + 2)))
    unused = next(each for each in ids if each not in taken)
    taken.add(unused)
    return unused


def mark_watch_run(journal: Journal, *, who: str, day: date, seen: int) -> int:
    """Write down that a scheduled run has told of every alert up to the entry `seen`."""
    return journal.record(
        action=WATCH_ACTION,
        who=who,
        purpose="",
        details={"day": day.isoformat(), "seen": seen},
        subject=WATCH_SUBJECT,
    )


def new_since_watch(journal: Journal, alerts: Sequence[Alert]) -> tuple[Alert, ...]:
    """The alerts that were raised since the last scheduled run, whoever's look at a page raised them."""
    runs = journal.entries(subject=WATCH_SUBJECT, most=1)
    seen = int(runs[-1].details["seen"]) if runs else 0
    return tuple(alert for alert in alerts if alert.alert_entry is not None and alert.alert_entry > seen)


def _is_same(alert: AlertFacts, found: AlertFacts) -> bool:
    """Whether a finding is the alert: the same kind of rule, an area in common (for the scan) and days in common."""
    if alert.rule != found.rule:
        return False
    in_time = found.reach_first_day <= alert.reach_last_day and alert.reach_first_day <= found.reach_last_day
    return in_time and (alert.rule != "scan" or not set(alert.reach_areas).isdisjoint(found.reach_areas))


def _update(question: Question, journal: Journal, scoring: Scoring, alert: Alert, found: AlertFacts | None) -> None:
    """Write that the alert has grown, or that late or withdrawn records changed it; nothing where neither is so."""
    old = alert.facts
    if found is not None:
        reach = {
            "reach_first_day": min(old.reach_first_day, found.reach_first_day),
            "reach_last_day": max(old.reach_last_day, found.reach_last_day),
            "reach_areas": tuple(sorted({*old.reach_areas, *found.reach_areas})),
        }
        if found.level is Level.ALERT and old.level is Level.WATCH:
            facts = replace(found, **reach)
            write_facts(journal, alert_id=alert.id, step=Step.RAISED, facts=facts, after=alert.last_entry)
            return
        if found.observed > old.observed and (found.level is Level.ALERT or old.level is Level.WATCH):
            facts = replace(found, **reach)
            write_facts(journal, alert_id=alert.id, step=Step.GROWN, facts=facts, after=alert.last_entry)
            return
    counted = _count(scoring.records, old)
    # Earlier days are not scored again: of them only the count is known.
    scored_again = day_number(old.reach_last_day) >= scoring.days[0].day
    still_there = found is not None if scored_again else old.still_there
    if counted != old.observed or still_there != old.still_there:
        facts = replace(old, observed=counted, still_there=still_there, snapshot=question.store.version)
        step = Step.GROWN if counted > old.observed else Step.CHANGED
        write_facts(journal, alert_id=alert.id, step=step, facts=facts, after=alert.last_entry)


def _count(records: SpikeRecords, facts: AlertFacts) -> int:
    """How many the alert counts by the records as they are now."""
    marked = _marked(records, facts.rule)
    first_day, last_day = day_number(facts.first_day), day_number(facts.last_day)
    inside = marked[(marked["day"] >= first_day) & (marked["day"] <= last_day)]
    if facts.rule == "scan":
        inside = inside[inside["small_area"].isin(facts.areas)]
    return len(inside)


def _marked(records: SpikeRecords, rule: str) -> pd.DataFrame:
    """The cases that a rule counts."""
    cases = records.cases
    if rule == "doses":
        return cases[cases["doses"] >= 3]
    if rule == "no_response":
        return cases[cases["condition_after"].isin(["unconscious", "non_responsive"])]
    if rule.startswith("substance:"):
        name = rule.partition(":")[2]
        named = cases["substances"].map(
            lambda listed: any(
                text.startswith(f"{name}:") and not text.endswith(":found_not_opioid")
                for text in (listed if isinstance(listed, list | tuple | np.ndarray) else ())
            )
        )
        return cases[named.astype(bool)]
    return cases


def _scan_alert(
    question: Question, records: SpikeRecords, rules: AlertRules, group: Sequence[tuple[int, FoundCluster]]
) -> ScoredAlert:
    """The clearest day of a cluster: an alert before a watch, then the most cases, the rarest, the earliest."""
    scored_day, peak = max(
        group, key=lambda seen: (seen[1].is_alert, seen[1].observed, seen[1].recurrence_days, -seen[0])
    )
    codes = [records.area_codes[location] for location in peak.locations]
    first_scored, first_seen = group[0]
    facts = _facts(
        question,
        records,
        rules,
        rule="scan",
        is_alert=peak.is_alert,
        first_day=peak.first_day,
        last_day=peak.last_day,
        codes=codes,
        observed=peak.observed,
        expected=peak.expected,
        recurrence_days=peak.recurrence_days,
        scored_day=scored_day,
    )
    facts = replace(
        facts,
        radius_m=peak.radius_m,
        at_least=peak.at_least,
        volume_is_up=peak.volume_is_up,
        streams=_streams(records, rules, peak),
        reach_first_day=date_of(min(cluster.first_day for _day, cluster in group)),
        reach_last_day=date_of(max(cluster.last_day for _day, cluster in group)),
        reach_areas=tuple(
            sorted({records.area_codes[location] for _day, cluster in group for location in cluster.locations})
        ),
    )
    centre = records.area_codes[first_seen.locations[0]]
    return ScoredAlert(id=f"{date_of(first_scored):%Y-%m}-{_safe(centre)}", facts=facts)


def _safe(code: str) -> str:
    """A code as part of an id that stands in addresses and file names."""
    return "".join(letter if letter.isalnum() else "_" for letter in code)


def _streams(records: SpikeRecords, rules: AlertRules, cluster: FoundCluster) -> tuple[StreamCount, ...]:
    counts = []
    for kind, series in records.streams.items():
        try:
            events, expected, agrees = agreement(
                series,
                locations=cluster.locations,
                first_day=cluster.first_day,
                last_day=cluster.last_day,
                rules=rules,
            )
        except TooLittleHistoryError:
            continue
        counts.append(StreamCount(kind=kind, events=events, expected=expected, agrees=agrees))
    return tuple(counts)


def _facts(
    question: Question,
    records: SpikeRecords,
    rules: AlertRules,
    *,
    rule: str,
    is_alert: bool,
    first_day: int,
    last_day: int,
    codes: Sequence[str],
    observed: int,
    expected: float,
    recurrence_days: float,
    scored_day: int,
    first_mention: bool = False,
) -> AlertFacts:
    neighbours = _neighbours(question, codes)
    bcus = _bcus(question, codes)
    return AlertFacts(
        rule=rule,
        level=Level.ALERT if is_alert else Level.WATCH,
        first_day=date_of(first_day),
        last_day=date_of(last_day),
        areas=tuple(codes),
        centre=codes[0] if codes else "",
        radius_m=0.0,
        observed=observed,
        expected=expected,
        recurrence_days=min(recurrence_days, LONGEST_RECURRENCE_DAYS),
        at_least=False,
        volume_is_up=None,
        first_mention=first_mention,
        entered_late=_entered_late(records, rule, codes, first_day, last_day),
        still_there=True,
        streams=(),
        bcus=bcus,
        neighbours=neighbours,
        neighbouring_bcus=tuple(bcu for bcu in _bcus(question, neighbours) if bcu not in bcus),
        reach_first_day=date_of(first_day),
        reach_last_day=date_of(last_day),
        reach_areas=tuple(sorted(codes)),
        scored_day=date_of(scored_day),
        seed=rules.seed,
        replicates=rules.replicates,
        rule_version=RULE_VERSION,
        snapshot=question.store.version,
    )


def _neighbours(question: Question, codes: Sequence[str]) -> tuple[str, ...]:
    areas = question.geography.small_areas
    inside = areas["code"].isin(codes)
    if not inside.any():
        return ()
    near = areas.geometry.distance(areas.geometry[inside].union_all()) <= TOUCHING_M
    return tuple(sorted(areas["code"][near & ~inside]))


def _bcus(question: Question, codes: Sequence[str]) -> tuple[str, ...]:
    areas = question.geography.small_areas
    inside = areas[areas["code"].isin(codes)]
    if inside.empty:
        return ()
    labels = question.geography.label_area(
        easting_m=inside["easting_m"].to_numpy(), northing_m=inside["northing_m"].to_numpy()
    )
    return tuple(sorted({str(code) for code in labels.bcu if code not in (OUTSIDE, NOT_LOCATED)}))


def _entered_late(records: SpikeRecords, rule: str, codes: Sequence[str], first_day: int, last_day: int) -> int:
    """How many of the cases were entered in a backlog: late, on a day on which late records of many days came in."""
    series = records.series
    if not series.delay_known:
        return 0
    try:
        delay = reporting_delay(event_day=series.day, recorded_day=series.recorded_day, today=records.last_day)
    except TooFewDelaysError:
        return 0
    batches = batch_entries(event_day=series.day, recorded_day=series.recorded_day, usual_delay_days=delay.centile_days)
    days = [batch.recorded_day for batch in batches]
    cases = _marked(records, rule)
    inside = cases[(cases["day"] >= first_day) & (cases["day"] <= last_day) & cases["small_area"].isin(codes)]
    late = inside["recorded_day"] - inside["day"] > delay.centile_days
    return int((late & inside["recorded_day"].isin(days)).sum())


# --- Signatures -------------------------------------------------------------------------------------------------


def _signature_alerts(
    question: Question, records: SpikeRecords, rules: AlertRules, first_day: int
) -> Iterator[ScoredAlert]:
    """Each signature rule over the last four weeks; days that follow one another within its window are one alert."""
    for rule in ("doses", "no_response", *(f"substance:{name}" for name in NAMED_SUBSTANCES)):
        marked = _marked(records, rule)
        runs: list[list[tuple[int, SignatureAlert]]] = []
        for day in range(first_day, records.last_day + 1):
            score = _signature_score(records, rules, rule, day)
            if score is None or not score.raised:
                continue
            if runs and day - score.window_days < runs[-1][-1][0]:
                runs[-1].append((day, score))
            else:
                runs.append([(day, score)])
        for run in runs:
            yield _signature_alert(question, records, rules, rule, marked, run)


def _signature_score(records: SpikeRecords, rules: AlertRules, rule: str, day: int) -> SignatureAlert | None:
    """The rule's verdict on a day; None where the records are too short for it."""
    asked = {
        "today": day,
        "first_day": max(records.first_day, day - rules.history_days),
        "alert_recurrence_days": rules.alert_recurrence_days,
    }
    try:
        if rule == "doses":
            cases = records.cases
            return multiple_dose_alert(day=cases["day"], doses=cases["doses"], **asked)
        days = _marked(records, rule)["day"]
        if rule == "no_response":
            return no_response_alert(day=days, responded=np.zeros(len(days)), **asked)
        return substance_alert(day=days, **asked)
    except TooShortSeriesError:
        return None


def _signature_alert(
    question: Question,
    records: SpikeRecords,
    rules: AlertRules,
    rule: str,
    marked: pd.DataFrame,
    run: Sequence[tuple[int, SignatureAlert]],
) -> ScoredAlert:
    day, peak = max(run, key=lambda seen: (seen[1].events, seen[1].recurrence_days, -seen[0]))
    first_day = day - peak.window_days + 1
    inside = marked[(marked["day"] >= first_day) & (marked["day"] <= day)]
    codes = list(inside["small_area"].value_counts().index)
    facts = _facts(
        question,
        records,
        rules,
        rule=rule,
        is_alert=True,
        first_day=first_day,
        last_day=day,
        codes=codes,
        observed=peak.events,
        expected=peak.expected,
        recurrence_days=peak.recurrence_days,
        scored_day=day,
        first_mention=any(score.first_mention for _day, score in run),
    )
    facts = replace(
        facts,
        reach_first_day=date_of(run[0][0] - peak.window_days + 1),
        reach_last_day=date_of(run[-1][0]),
    )
    return ScoredAlert(id=f"{date_of(run[0][0]):%Y-%m}-{_safe(rule.partition(':')[2] or rule)}", facts=facts)
