"""What an emergency panel is about: an alert, or a place, a time and reports that people typed.

In Cardiff it was deaths, and people convened the panel; no alert had been raised. So a panel opens from what somebody
was told, marked "reported, not confirmed", and what was typed is kept in the journal under the panel's own number.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from analytics.disclosure import (
    Audience,
    DisclosedOutlines,
    DisclosedPoints,
    DisclosureError,
    disclose_areas,
    disclose_days,
    disclose_points,
)
from analytics.findings.alert_scoring import open_journal
from analytics.findings.alert_words import AlertView, view_alert
from analytics.findings.alerts import UnknownAlertError, load_alert
from analytics.findings.carriers_near import Near
from analytics.findings.question import Question
from analytics.findings.spike_records import read_spike_records
from analytics.findings.spikes import AlertList
from data.filters import STREET_MAP_SETTINGS, Filters
from data.journal import JournalEntry
from wording import NaloxoneWatchError, _, format_count, format_date, format_moment, format_period, ngettext

__all__ = [
    "LONGEST_NOTE",
    "MOST_REPORTED",
    "PanelChoice",
    "Report",
    "ReportError",
    "ReportKind",
    "Scene",
    "UnknownPanelError",
    "find_scene",
    "open_reported_panel",
    "panel_choices",
    "panel_subject",
    "report_words",
]

ACTION = "panel"
OPENED = "opened"
LONGEST_NOTE = 200
# Metres around a reported place whose areas the panel looks at, and days before the report: what may belong to it.
NEAR_M = 2_000.0
DAYS_BEFORE = 7
MOST_REPORTED = 100


class ReportError(NaloxoneWatchError):
    """A typed report that lacks what it needs."""


class UnknownPanelError(NaloxoneWatchError):
    """A panel that the journal does not know."""

    def __init__(self) -> None:
        super().__init__(_("This link is for a panel that this store does not know. Choose one from the list."))


class ReportKind(StrEnum):
    """What somebody reported."""

    DEATH = "death"
    OVERDOSE = "overdose"
    SUBSTANCE = "substance"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Something told, not recorded: `number` people or sightings, with a note that names nobody."""

    kind: ReportKind
    number: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PanelChoice:
    """A panel to open; `last_entry` tells one state of it from the next; `ended` where its alert has."""

    id: str
    title: str
    last_entry: int
    ended: bool = False


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where and when a panel looks, both days included, and how it came about; `alert` where one was raised."""

    id: str
    title: str
    headline: str
    began: str
    place: str
    first_day: date
    last_day: date
    period: str
    area_codes: tuple[str, ...]
    easting_m: float
    northing_m: float
    alert: AlertView | None
    reports: tuple[Report, ...]
    outlines: DisclosedOutlines
    points: DisclosedPoints

    def ask(self, question: Question) -> Question:
        """The question about this place and these days alone, whatever the page's own filters are."""
        filters = Filters(
            first_day=self.first_day,
            last_day=self.last_day,
            small_areas=self.area_codes,
            settings=STREET_MAP_SETTINGS,
        )
        return replace(question, filters=filters)


def report_words() -> dict[ReportKind, str]:
    """What people report."""
    return {
        ReportKind.DEATH: _("Deaths thought to be drug-related"),
        ReportKind.OVERDOSE: _("Overdoses"),
        ReportKind.SUBSTANCE: _("Substance seen or sold"),
    }


def panel_subject(panel_id: str) -> str:
    """What the journal calls a panel."""
    return f"{ACTION}/{panel_id}"


def panel_choices(question: Question, alerts: AlertList) -> tuple[PanelChoice, ...]:
    """Every panel there can be: open alerts, those that people convened (the latest first), then alerts that ended."""
    journal = open_journal(question)
    opened = [entry for entry in journal.entries(subject=ACTION) if entry.details.get("what") == OPENED]
    reported = [
        PanelChoice(id=_id_of(entry), title=_reported_title(entry), last_entry=entry.number)
        for entry in reversed(opened)
    ]
    ended = [
        PanelChoice(
            id=view.id,
            title=_("{title} (ended)").format(title=view.title),
            last_entry=view.last_entry,
            ended=True,
        )
        for view in alerts.ended
    ]
    alerted = [PanelChoice(id=view.id, title=view.title, last_entry=view.last_entry) for view in alerts.open]
    return (*alerted, *reported, *ended)


def open_reported_panel(
    question: Question, *, near: Near, at: datetime, reports: tuple[Report, ...], who: str
) -> PanelChoice:
    """Journal what was reported and give the panel a number. `at` is a local wall clock without a zone.

    Raises ReportError where nothing was reported, DisclosureError for others than the force's analyst.
    """
    if question.audience is not Audience.ANALYST:
        raise DisclosureError(_("Only the force's own analysts convene a panel here."))
    if not reports or any(not 0 < report.number <= MOST_REPORTED for report in reports):
        raise ReportError(
            _("Say what was reported: at least one line with a number from 1 to {most}.").format(most=MOST_REPORTED)
        )
    if any(len(report.note) > LONGEST_NOTE for report in reports):
        raise ReportError(_("A note is longer than {most} characters. Shorten it.").format(most=LONGEST_NOTE))
    # The named place, never the postcode or point that was typed: a title stands on a wall.
    place = str(question.geography.nearest_place(easting_m=[near.easting_m], northing_m=[near.northing_m]).name[0])
    panel_id = f"reported-{at:%Y-%m-%d}-{secrets.token_hex(3)}"
    number = open_journal(question).record(
        action=ACTION,
        who=who,
        purpose=place,
        details={
            "what": OPENED,
            "easting_m": round(near.easting_m, -2),
            "northing_m": round(near.northing_m, -2),
            "at": at.isoformat(timespec="minutes"),
            "reports": [{"kind": str(each.kind), "number": each.number, "note": each.note} for each in reports],
        },
        subject=panel_subject(panel_id),
    )
    return PanelChoice(id=panel_id, title=place, last_entry=number)


def find_scene(question: Question, *, choice: PanelChoice) -> Scene:
    """The scene of a panel. Raises UnknownPanelError."""
    journal = open_journal(question)
    try:
        alert = load_alert(journal, alert_id=choice.id)
    except UnknownAlertError:
        entries = journal.entries(subject=panel_subject(choice.id))
        opened = next((entry for entry in entries if entry.details.get("what") == OPENED), None)
        if opened is None:
            raise UnknownPanelError from None
        return _reported_scene(question, opened)
    view = view_alert(question, read_spike_records(question), alert)
    facts = alert.facts
    return Scene(
        id=alert.id,
        title=view.title,
        headline=view.headline,
        began=_("Opened from an alert of {day}. Now: {status}.").format(
            day=disclose_days(alert.raised_at.date(), alert.raised_at.date(), audience=question.audience),
            status=view.status,
        ),
        place=view.place,
        first_day=facts.first_day,
        last_day=facts.last_day,
        period=view.period,
        area_codes=facts.areas,
        easting_m=view.easting_m,
        northing_m=view.northing_m,
        alert=view,
        reports=(),
        outlines=view.areas,
        points=view.points,
    )


def _reported_scene(question: Question, entry: JournalEntry) -> Scene:
    told, at = entry.details, datetime.fromisoformat(entry.details["at"])
    reports = tuple(
        Report(kind=ReportKind(each["kind"]), number=int(each["number"]), note=str(each["note"]))
        for each in told["reports"]
    )
    easting_m, northing_m = float(told["easting_m"]), float(told["northing_m"])
    codes = _areas_near(question, easting_m, northing_m)
    areas = question.geography.small_areas
    outline = areas[areas["code"].isin(codes)].geometry.union_all()
    title = _reported_title(entry)
    place = _("near {place}").format(place=entry.purpose)
    what = _told(question, reports)
    zone = ZoneInfo(question.settings.time_zone)
    nothing = np.empty(0)
    return Scene(
        id=_id_of(entry),
        title=title,
        headline=_("Reported, not confirmed: {what} {place}, {when}.").format(
            what=what, place=place, when=format_moment(at)
        ),
        began=_("Convened by people, not by an alert; typed on {moment}.").format(
            moment=format_moment(entry.at.astimezone(zone))
        ),
        place=place,
        first_day=at.date() - timedelta(days=DAYS_BEFORE - 1),
        last_day=at.date(),
        # What people reported is not confirmed: its day is theirs, not a record's.
        period=format_period(at.date() - timedelta(days=DAYS_BEFORE - 1), at.date()),
        area_codes=codes,
        easting_m=easting_m,
        northing_m=northing_m,
        alert=None,
        reports=reports if question.audience is Audience.ANALYST else (),
        outlines=disclose_areas(names=[title], outlines=[outline], marked=[True], about=[title]),
        points=disclose_points(easting_m=nothing, northing_m=nothing, audience=question.audience),
    )


def _told(question: Question, reports: tuple[Report, ...]) -> str:
    """What was reported, in a sentence: small numbers are the analyst's alone, and deaths are never for the wall."""
    words = {
        ReportKind.DEATH: lambda n: ngettext("{count} death", "{count} deaths", n),
        ReportKind.OVERDOSE: lambda n: ngettext("{count} overdose", "{count} overdoses", n),
        ReportKind.SUBSTANCE: lambda n: ngettext("{count} sighting", "{count} sightings", n),
    }
    least = question.thresholds.smallest_count_shown
    parts = []
    for report in reports:
        if report.kind is ReportKind.DEATH and question.audience is Audience.MEETING:
            continue
        shown = question.audience is Audience.ANALYST or report.number >= least
        count = format_count(report.number) if shown else _("fewer than {number}").format(number=least)
        parts.append(words[report.kind](report.number if shown else least).format(count=count))
    return "; ".join(parts) or _("something that is not for a projected page")


def _reported_title(entry: JournalEntry) -> str:
    at = datetime.fromisoformat(entry.details["at"])
    return _("{place}, {day} (reported)").format(place=entry.purpose, day=format_date(at.date()))


def _id_of(entry: JournalEntry) -> str:
    return str(entry.subject).partition("/")[2]


def _areas_near(question: Question, easting_m: float, northing_m: float) -> tuple[str, ...]:
    """The small areas within reach of the place; the nearest where none is."""
    areas = question.geography.small_areas
    far = areas.geometry.distance(shapely.Point(easting_m, northing_m)).to_numpy()
    near = far <= max(NEAR_M, float(far.min()))
    order = np.argsort(far[near], kind="stable")
    return tuple(areas["code"].to_numpy()[near][order])
