"""What a panel decided to do: each action with its owner and time, kept in the journal, done when somebody says so."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from analytics.disclosure import Audience, Column, DisclosedTable, DisclosureError, tabulate_cells
from analytics.findings.alert_scoring import open_journal
from analytics.findings.panel_scene import ACTION, panel_subject
from analytics.findings.question import Question
from wording import NaloxoneWatchError, _, format_date, format_moment

__all__ = [
    "LONGEST_ACTION",
    "ActionError",
    "PanelAction",
    "add_action",
    "finish_action",
    "read_actions",
    "tabulate_actions",
]

LONGEST_ACTION = 160
_ADDED, _DONE = "action", "done"


class ActionError(NaloxoneWatchError):
    """An action that lacks what it needs."""


@dataclass(frozen=True, kw_only=True)
class PanelAction:
    """Something to be done by a role or an agency, by a day and perhaps an hour of it (local wall clock).

    `done_at` is None while it is open. `entry` is its number.
    """

    entry: int
    what: str
    owner: str
    due: date
    due_at: time | None
    added_at: datetime
    done_at: datetime | None


def add_action(
    question: Question, *, panel_id: str, what: str, owner: str, due: date, due_at: time | None = None, who: str
) -> None:
    """Write an action down. Raises ActionError where a part is missing, DisclosureError for others than the analyst."""
    _check_analyst(question)
    plain, holder = " ".join(what.split()), " ".join(owner.split())
    if not plain or not holder or max(len(plain), len(holder)) > LONGEST_ACTION:
        raise ActionError(
            _("Give what is to be done and who does it, each in up to {most} characters; nothing was written.").format(
                most=LONGEST_ACTION
            )
        )
    open_journal(question).record(
        action=ACTION,
        who=who,
        purpose=plain,
        details={"what": _ADDED, "owner": holder, "due": due.isoformat()}
        | ({"due_at": due_at.isoformat(timespec="minutes")} if due_at else {}),
        subject=panel_subject(panel_id),
    )


def finish_action(question: Question, *, panel_id: str, entry: int, seen: int, who: str) -> None:
    """Say that an action is done, as the list stood when its last entry was `seen`.

    Raises JournalConflictError where somebody changed the list since, DisclosureError for others than the analyst.
    """
    _check_analyst(question)
    open_journal(question).record(
        action=ACTION,
        who=who,
        purpose="",
        details={"what": _DONE, "entry": entry},
        subject=panel_subject(panel_id),
        after=seen,
    )


def read_actions(question: Question, *, panel_id: str) -> tuple[tuple[PanelAction, ...], int]:
    """The panel's actions in the order they were decided, and the number of the last entry about the panel."""
    entries = open_journal(question).entries(subject=panel_subject(panel_id))
    zone = ZoneInfo(question.settings.time_zone)
    done = {
        int(entry.details["entry"]): entry.at.astimezone(zone) for entry in entries if entry.details["what"] == _DONE
    }
    actions = tuple(
        PanelAction(
            entry=entry.number,
            what=entry.purpose,
            owner=str(entry.details["owner"]),
            due=date.fromisoformat(entry.details["due"]),
            due_at=time.fromisoformat(entry.details["due_at"]) if "due_at" in entry.details else None,
            added_at=entry.at.astimezone(zone),
            done_at=done.get(entry.number),
        )
        for entry in entries
        if entry.details["what"] == _ADDED
    )
    return actions, entries[-1].number if entries else 0


def tabulate_actions(actions: tuple[PanelAction, ...]) -> DisclosedTable:
    """The list as it is shown and printed: roles and agencies, no records."""
    rows = [
        (
            action.what,
            action.owner,
            format_date(action.due)
            if action.due_at is None
            else format_moment(datetime.combine(action.due, action.due_at)),
            _("open") if action.done_at is None else _("done {moment}").format(moment=format_moment(action.done_at)),
        )
        for action in actions
    ]
    columns = (_("Action"), _("Owner"), _("By"), _("State"))
    return tabulate_cells(
        columns=[Column(heading=heading) for heading in columns],
        rows=rows,
        caption="" if rows else _("No action is written down yet."),
    )


def _check_analyst(question: Question) -> None:
    if question.audience is not Audience.ANALYST:
        raise DisclosureError(_("Only the force's own analysts write a panel's actions."))
