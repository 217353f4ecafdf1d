"""The scheduled look: score the latest day, bring the journal up to date, and say what is open and what is new."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from analytics.disclosure import Audience
from analytics.findings.alert_scoring import (
    mark_watch_run,
    new_since_watch,
    open_journal,
    score_records,
    update_alerts,
)
from analytics.findings.alert_words import view_alert
from analytics.findings.alerts import Alert, Level
from analytics.findings.question import Question
from analytics.findings.spike_records import SpikeRecords, date_of
from analytics.findings.spikes import state_of, warnings_of, weeks_over_limit
from data.journal import operating_system_user
from wording import _, format_date, ngettext

__all__ = ["WatchReport", "mark_told", "watch"]


@dataclass(frozen=True, kw_only=True)
class WatchReport:
    """What a scheduled run prints: `as_json` for a program, `lines` for a reader; `new` alerts were not told before.

    `seen` is the last entry of the journal that it tells of.
    """

    new: tuple[str, ...]
    day: date
    seen: int
    lines: tuple[str, ...]
    as_json: dict[str, Any]


def watch(question: Question) -> WatchReport:
    """Score, write down what changed, and report. An alert is new until a run has told of it (`mark_told`).

    Raises TooLittleHistoryError where nothing can be scored yet.
    """
    scoring = score_records(question)
    journal = open_journal(question)
    alerts = update_alerts(question, journal, scoring)
    open_alerts = [alert for alert in alerts if alert.is_open]
    new = tuple(alert.id for alert in new_since_watch(journal, alerts))
    day = date_of(scoring.records.last_day)
    state, warnings = state_of(scoring), warnings_of(scoring)
    over_limit = [week.sentence for week in weeks_over_limit(question, scoring)]
    told = [_told(question, scoring.records, alert, new=alert.id in new) for alert in open_alerts]
    count = ngettext("{count} open", "{count} open", len(told)).format(count=len(told))
    return WatchReport(
        new=new,
        day=day,
        seen=max((alert.alert_entry or 0 for alert in alerts), default=0),
        lines=(
            _("{day}: {count}, {new} new.").format(day=format_date(day), count=count, new=len(new)),
            *(_line(one) for one in told),
            *over_limit,
            *warnings,
            *state,
        ),
        as_json={
            "day": day.isoformat(),
            "suspended": scoring.days[-1].suspended is not None,
            "new": list(new),
            "open": told,
            "over_limit": over_limit,
            "warnings": list(warnings),
            "state": list(state),
        },
    )


def mark_told(question: Question, report: WatchReport) -> None:
    """Write down that the report was printed: to be called after it, so that a run cut short is told again."""
    mark_watch_run(open_journal(question), who=operating_system_user(), day=report.day, seen=report.seen)


def _told(question: Question, records: SpikeRecords, alert: Alert, *, new: bool) -> dict[str, Any]:
    """An open alert for a program. Numbers that the reader may not see are left out, as on screen."""
    view, facts = view_alert(question, records, alert), alert.facts
    told: dict[str, Any] = {
        "id": alert.id,
        "new": new,
        "level": str(facts.level),
        "rule": facts.rule,
        "status": str(alert.status),
        "sentence": view.headline,
        "first_day": facts.first_day.isoformat(),
        "last_day": facts.last_day.isoformat(),
        "areas": list(facts.areas),
        "count": view.count.text,
        "streams": list(view.streams),
        "doubts": list(view.doubts),
        "neighbours": view.neighbours,
    }
    if question.audience is Audience.ANALYST:
        told |= {
            "expected": facts.expected,
            "recurrence_days": facts.recurrence_days,
            "at_least": facts.at_least,
            "seed": facts.seed,
            "replicates": facts.replicates,
            "rule_version": facts.rule_version,
            "snapshot": facts.snapshot,
        }
    return told


def _line(told: dict[str, Any]) -> str:
    mark = _("NEW") if told["new"] else _("watched") if told["level"] == Level.WATCH else _("open")
    return _("{mark} {id}: {sentence}").format(mark=mark, id=told["id"], sentence=told["sentence"])
