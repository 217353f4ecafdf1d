"""What would have been raised on the force's own past, day by day, and by other rules on the same days.

Each of the last three years' days is scored by what was known on its own evening: records entered later are not there
yet. The published rules look at the force's daily totals with all records there are, which favours them. A new alert
of theirs is an alarm with none in the seven days before.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.alert_rules import (
    AlertRules,
    DayScore,
    FoundCluster,
    TooLittleHistoryError,
    merge_clusters,
    score_days,
)
from analytics.disclosure import Audience, Column, DisclosedTable, disclose_count, tabulate_cells
from analytics.findings.question import Question
from analytics.findings.spike_records import SpikeRecords, date_of, read_spike_records, rules_of
from analytics.spikes import Alarms, TooShortSeriesError, ears, fixed_threshold, mean_plus_two_sd, recurrence_words
from wording import _, format_count, format_date, format_number, format_period, format_share, join_words, ngettext

__all__ = ["PublishedRule", "SpikeHistory", "find_spike_history", "published_rules"]

HISTORY_YEARS = 3
DAYS_PER_YEAR = 365.25
DAYS_APART = 7
EARS_ALPHA = 0.001
# A baseline of a year and a week comes before the first day on which the published rules are asked.
BASELINE_DAYS = 365
# A city with several events a day is scored with fewer simulated worlds: three years must not take an hour.
BUSY_A_WEEK, FEWER_REPLICATES = 10.0, 999
AREAS_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class PublishedRule:
    """A rule in use elsewhere on a daily series: new alerts (days, as indices into the series) and alarm days."""

    name: str
    new: tuple[int, ...]
    alarm_days: int
    single_events: int


@dataclass(frozen=True, kw_only=True)
class SpikeHistory:
    """The back-test: a sentence, what would have been raised (newest first), and the rules beside each other."""

    sentence: str
    raised: DisclosedTable
    rules: DisclosedTable
    method: str


def find_spike_history(question: Question, *, on_progress: Callable[[float, str], None] | None = None) -> SpikeHistory:
    """Score the last three years as if each day were today. Raises TooLittleHistoryError."""
    records, rules = read_spike_records(question), rules_of(question)
    first_day = max(records.first_day + BASELINE_DAYS, records.last_day - round(HISTORY_YEARS * DAYS_PER_YEAR) + 1)
    days = records.last_day - first_day + 1
    if days < DAYS_APART:
        raise TooLittleHistoryError(days=records.last_day - records.first_day)
    a_week = len(records.series.day) / max(records.last_day - records.first_day, 1) * 7
    if a_week > BUSY_A_WEEK:
        rules = replace(rules, replicates=min(rules.replicates, FEWER_REPLICATES))

    def tell(day: int) -> None:
        if on_progress is not None:
            on_progress((day - first_day + 1) / days, _("Scoring {day}").format(day=format_date(date_of(day))))

    scores = list(
        score_days(records.series, first_day=first_day, last_day=records.last_day, rules=rules, lag_days=0, on_day=tell)
    )
    groups = [group for group in merge_clusters(scores) if any(cluster.is_alert for _day, cluster in group)]
    daily = np.bincount(records.series.day - records.first_day, minlength=records.last_day - records.first_day + 1)
    others = published_rules(daily, score_from=first_day - records.first_day)
    years = days / DAYS_PER_YEAR
    return SpikeHistory(
        sentence=_sentence(groups, others, years),
        raised=_raised_table(question, records, groups),
        rules=_rules_table(groups, others, years),
        method=" ".join(
            filter(None, (_method(records, rules, scores, first_day), _without_area(question, records, first_day)))
        ),
    )


def published_rules(daily: NDArray[np.int64], *, score_from: int) -> tuple[PublishedRule, ...]:
    """Mean + 2 SD over 24 hours, EARS C1 on days, and 5 in 7 days, on one daily series from an index on."""
    rules: list[tuple[str, Alarms]] = [
        (_("Mean + 2 SD over 24 hours"), mean_plus_two_sd(counts=daily, score_from=score_from)),
        (_("5 in 7 days"), fixed_threshold(counts=daily, score_from=score_from)),
    ]
    # EARS alone needs a week before the first day; a series shorter than that has no line of it.
    with suppress(TooShortSeriesError):
        rules.insert(1, (_("EARS C1 on days"), ears(counts=daily, method="C1", alpha=EARS_ALPHA)))
    found = []
    for name, alarms in rules:
        days = alarms.index[alarms.alarm & (alarms.index >= score_from)]
        new = [int(day) for place, day in enumerate(days) if place == 0 or day - days[place - 1] > DAYS_APART]
        single = sum(int(daily[max(0, day - DAYS_APART + 1) : day + 1].sum()) == 1 for day in new)
        found.append(PublishedRule(name=name, new=tuple(new), alarm_days=len(days), single_events=single))
    return tuple(found)


def _first_alert(group: Sequence[tuple[int, FoundCluster]]) -> tuple[int, FoundCluster]:
    return next((day, cluster) for day, cluster in group if cluster.is_alert)


def _sentence(
    groups: Sequence[Sequence[tuple[int, FoundCluster]]], others: Sequence[PublishedRule], years: float
) -> str:
    raised = ngettext("{count} alert", "{count} alerts", len(groups)).format(count=format_count(len(groups)))
    told = _("On the last {years} years of this force's own days the scan would have raised {alerts}, {a_year} a year.")
    beside = [
        _("{rule} ({a_year})").format(rule=rule.name, a_year=format_number(len(rule.new) / years)) for rule in others
    ]
    sentence = told.format(years=format_number(years), alerts=raised, a_year=format_number(len(groups) / years))
    return _("{sentence} New alerts a year by rules in use elsewhere: {others}.").format(
        sentence=sentence, others=join_words(beside)
    )


def _raised_table(
    question: Question, records: SpikeRecords, groups: Sequence[Sequence[tuple[int, FoundCluster]]]
) -> DisclosedTable:
    rows = []
    for group in reversed(groups):
        first_scored, first = _first_alert(group)
        peak = max((cluster for _day, cluster in group if cluster.is_alert), key=lambda found: found.observed)
        count = disclose_count(peak.observed, audience=question.audience, thresholds=question.thresholds)
        centre = peak.locations[0]
        place = question.geography.nearest_place(
            easting_m=[records.series.easting_m[centre]], northing_m=[records.series.northing_m[centre]]
        ).name[0]
        codes = [records.area_codes[location] for location in peak.locations]
        named = ", ".join(codes[:AREAS_NAMED]) + (", ..." if len(codes) > AREAS_NAMED else "")
        often = recurrence_words(recurrence_days=first.recurrence_days, at_least=first.at_least)
        rows.append(
            (
                format_date(date_of(first_scored)),
                format_period(date_of(peak.first_day), date_of(peak.last_day)),
                _("{place} ({areas})").format(place=place, areas=named),
                count.text,
                format_number(peak.expected) if count.shown else "",
                often if count.shown else _("less often than once a year"),
            )
        )
    return tabulate_cells(
        columns=(
            Column(heading=_("Raised")),
            Column(heading=_("Days")),
            Column(heading=_("Where")),
            Column(heading="n", numeric=True),
            Column(heading=_("Usual"), numeric=True),
            Column(heading=_("When raised, expected")),
        ),
        rows=rows,
        caption="",
    )


def _rules_table(
    groups: Sequence[Sequence[tuple[int, FoundCluster]]], others: Sequence[PublishedRule], years: float
) -> DisclosedTable:
    days = len({day for group in groups for day, cluster in group if cluster.is_alert})
    a_year = format_number(len(groups) / years)
    rows = [(_("This scan"), format_count(len(groups)), a_year, format_count(days), format_share(0))]
    for rule in others:
        single = format_share(rule.single_events / len(rule.new)) if rule.new else ""
        rows.append(
            (
                rule.name,
                format_count(len(rule.new)),
                format_number(len(rule.new) / years),
                format_count(rule.alarm_days),
                single,
            )
        )
    return tabulate_cells(
        columns=(
            Column(heading=_("Rule")),
            Column(heading=_("New alerts"), numeric=True),
            Column(heading=_("A year"), numeric=True),
            Column(heading=_("Days with an alarm"), numeric=True),
            Column(heading=_("Raised by a single one"), numeric=True),
        ),
        rows=rows,
        caption="",
    )


def _without_area(question: Question, records: SpikeRecords, first_day: int) -> str:
    """That some cases are in no area, so that nothing here has counted them; whether there are is the analyst's."""
    if question.audience is not Audience.ANALYST:
        return _("Administrations without an area are counted in none of this.")
    without = int((records.unplaced >= first_day).sum())
    if not without:
        return ""
    return ngettext(
        "{count} administration of these days has no area and is counted in none of this.",
        "{count} administrations of these days have no area and are counted in none of this.",
        without,
    ).format(count=format_count(without))


def _method(records: SpikeRecords, rules: AlertRules, scores: Sequence[DayScore], first_day: int) -> str:
    suspended = sum(score.suspended is not None for score in scores)
    return _(
        "{period}, each day scored by the records entered by its evening, {replicates} simulated worlds a day, seed"
        " {seed}; scoring was suspended on {suspended} days for a silent feed. The other rules look at the force's"
        " daily total with all records; an alarm within seven days of another is the same alert."
    ).format(
        period=format_period(date_of(first_day), date_of(records.last_day)),
        replicates=format_count(rules.replicates),
        seed=rules.seed,
        suspended=format_count(suspended),
    )
