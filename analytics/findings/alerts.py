"""Alerts and their life, kept in the journal: raised, watched, grown, panel, confirmed or explained, closed; who, when.

An alert is what its entries in the journal say, one after the other, about the subject "alert/<id>"; nothing else is
stored. Entries hold counts, codes of areas and dates, never a value of a record. Scoring adds entries by itself
(raised, grown, changed, or watched where it stays below an alert); everything else is somebody's decision, and one made
on an outdated view is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from data.journal import Journal, JournalConflictError, JournalEntry
from wording import NaloxoneWatchError, _

__all__ = [
    "SCORING",
    "Alert",
    "AlertFacts",
    "AlertStep",
    "AlertStepError",
    "Explanation",
    "Level",
    "Step",
    "StreamCount",
    "UnknownAlertError",
    "change_alert",
    "load_alert",
    "load_alerts",
    "write_facts",
]

SUBJECT = "alert"
ACTION = "alert"
SCORING = "Naloxone Watch"
"""Who raised an alert: the program. People are named by their account."""


class Level(StrEnum):
    """How far from usual: an alert, or something to watch below it."""

    WATCH = "watch"
    ALERT = "alert"


class Step(StrEnum):
    """What happened to an alert, by scoring or by somebody's decision."""

    RAISED = "raised"
    GROWN = "grown"
    CHANGED = "changed"
    WATCHED = "watched"
    PANEL = "panel convened"
    CONFIRMED = "confirmed"
    EXPLAINED = "explained by recording"
    TOLD = "neighbouring areas told"
    CLOSED = "closed"


class Explanation(StrEnum):
    """What in the recording made an alert that was not one."""

    BATCH = "batch entry"
    ROLL_OUT = "roll-out"
    DUPLICATE = "duplicate"


# An alert with one of these as its last decision is not open any more; a case added opens it again.
ENDINGS = (Step.EXPLAINED, Step.CLOSED)
BY_SCORING = (Step.RAISED, Step.GROWN, Step.CHANGED)


class UnknownAlertError(NaloxoneWatchError):
    """An alert that the journal does not know."""

    def __init__(self, *, alert_id: str) -> None:
        super().__init__(
            _("There is no alert {alert} in this store's journal. Choose one from the list.").format(alert=alert_id)
        )


class AlertStepError(NaloxoneWatchError):
    """A decision that lacks what it needs."""


@dataclass(frozen=True, kw_only=True)
class StreamCount:
    """An independent stream in the alert's areas and days: its kind, events, expected, and whether it agrees."""

    kind: str
    events: int
    expected: float
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class AlertFacts:
    """What the rule found at its clearest: so many events in these areas and days, both included.

    `rule` is "scan", "doses", "no_response" or "substance:<name>"; `centre` the area in the middle; `radius_m` how far
    the areas' middles reach from it; `reach_*` everything that was ever part of the alert, by which a later cluster is
    known to be the same. `recurrence_days` may only be known to be longer (`at_least`). `volume_is_up`: the cross-check
    sees no cluster, so volume is up everywhere. `still_there`: the records as they are now still reach the level.
    """

    rule: str
    level: Level
    first_day: date
    last_day: date
    areas: tuple[str, ...]
    centre: str
    radius_m: float
    observed: int
    expected: float
    recurrence_days: float
    at_least: bool
    volume_is_up: bool | None
    first_mention: bool
    entered_late: int
    still_there: bool
    streams: tuple[StreamCount, ...]
    bcus: tuple[str, ...]
    neighbours: tuple[str, ...]
    neighbouring_bcus: tuple[str, ...]
    reach_first_day: date
    reach_last_day: date
    reach_areas: tuple[str, ...]
    scored_day: date
    seed: int
    replicates: int
    rule_version: str
    snapshot: str

    @property
    def days(self) -> int:
        """Days from the first to the last, both included."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, kw_only=True)
class AlertStep:
    """One entry of an alert's life; `observed` is the count after it."""

    number: int
    at: datetime
    who: str
    step: Step
    note: str
    observed: int
    explanation: Explanation | None


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert as it stands. `last_entry` is what a change must have seen (`change_alert`)."""

    id: str
    facts: AlertFacts
    steps: tuple[AlertStep, ...]

    @property
    def status(self) -> Step:
        """The last decision, or raised, grown or changed where scoring spoke last."""
        decisions = [step.step for step in self.steps if step.step not in (Step.CHANGED, Step.TOLD)]
        return decisions[-1]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an ending; a case added after one opens it again."""
        return self.status not in ENDINGS

    @property
    def explanation(self) -> Explanation | None:
        """What in the recording explains it, where somebody said so last."""
        return self.steps[-1].explanation if self.status is Step.EXPLAINED else None

    @property
    def last_entry(self) -> int:
        """The number of the last entry about it in the journal."""
        return self.steps[-1].number

    @property
    def raised_at(self) -> datetime:
        """When it was first written down, in UTC."""
        return self.steps[0].at

    @property
    def alert_entry(self) -> int | None:
        """The number of the entry that first made it an alert; None while it is below that level."""
        return next((step.number for step in self.steps if step.step is Step.RAISED), None)


def load_alerts(journal: Journal) -> tuple[Alert, ...]:
    """Every alert of the store, the latest days first. Raises JournalTamperedError."""
    by_subject: dict[str, list[JournalEntry]] = {}
    for entry in journal.entries(subject=SUBJECT):
        by_subject.setdefault(str(entry.subject), []).append(entry)
    alerts = [_alert(subject.partition("/")[2], entries) for subject, entries in by_subject.items()]
    return tuple(sorted(alerts, key=lambda alert: (alert.facts.last_day, alert.facts.observed, alert.id), reverse=True))


def load_alert(journal: Journal, *, alert_id: str) -> Alert:
    """One alert. Raises UnknownAlertError."""
    entries = journal.entries(subject=f"{SUBJECT}/{alert_id}")
    if not entries:
        raise UnknownAlertError(alert_id=alert_id)
    return _alert(alert_id, entries)


def change_alert(
    journal: Journal,
    *,
    alert: Alert,
    step: Step,
    who: str,
    note: str = "",
    explanation: Explanation | None = None,
) -> Alert:
    """Write a decision about the alert as it was seen, and return the alert after it.

    Raises JournalConflictError where somebody changed it since `alert` was loaded; nothing is written then.
    """
    if step in BY_SCORING:
        raise AlertStepError(_("Only scoring raises or changes an alert by itself. Choose a decision."))
    if step is Step.EXPLAINED and explanation is None:
        raise AlertStepError(_("Say what in the recording explains it: a batch entry, a roll-out or a duplicate."))
    details: dict[str, Any] = {"step": str(step), "observed": alert.facts.observed}
    if explanation is not None:
        details["explanation"] = str(explanation)
    journal.record(
        action=ACTION,
        who=who,
        purpose=note,
        details=details,
        subject=f"{SUBJECT}/{alert.id}",
        after=alert.last_entry,
    )
    return load_alert(journal, alert_id=alert.id)


def write_facts(
    journal: Journal, *, alert_id: str, step: Step, facts: AlertFacts, after: int, note: str = ""
) -> int | None:
    """Write what scoring found; None where somebody wrote first, who then scored the same records."""
    try:
        return journal.record(
            action=ACTION,
            who=SCORING,
            purpose=note,
            details={"step": str(step), "observed": facts.observed, "facts": _as_json(facts)},
            subject=f"{SUBJECT}/{alert_id}",
            after=after,
        )
    except JournalConflictError:
        return None


def _alert(alert_id: str, entries: Sequence[JournalEntry]) -> Alert:
    facts = next(entry.details["facts"] for entry in reversed(entries) if "facts" in entry.details)
    return Alert(id=alert_id, facts=_from_json(facts), steps=tuple(_step(entry) for entry in entries))


def _step(entry: JournalEntry) -> AlertStep:
    explanation = entry.details.get("explanation")
    return AlertStep(
        number=entry.number,
        at=entry.at,
        who=entry.who,
        step=Step(entry.details["step"]),
        note=entry.purpose,
        observed=int(entry.details["observed"]),
        explanation=Explanation(explanation) if explanation else None,
    )


_DATES = ("first_day", "last_day", "reach_first_day", "reach_last_day", "scored_day")
_LISTS = ("areas", "bcus", "neighbours", "neighbouring_bcus", "reach_areas")


def _as_json(facts: AlertFacts) -> dict[str, Any]:
    written = dict(vars(facts))
    for name in _DATES:
        written[name] = written[name].isoformat()
    written["level"] = str(facts.level)
    written["streams"] = [dict(vars(stream)) for stream in facts.streams]
    return written


def _from_json(written: Mapping[str, Any]) -> AlertFacts:
    read = dict(written)
    for name in _DATES:
        read[name] = date.fromisoformat(read[name])
    for name in _LISTS:
        read[name] = tuple(read[name])
    read["level"] = Level(read["level"])
    read["streams"] = tuple(StreamCount(**stream) for stream in read["streams"])
    return AlertFacts(**read)
