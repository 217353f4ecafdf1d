"""Plans of carriers that somebody saved: entries of the journal, so who saved which and when cannot be changed.

A plan is an action, a number and sites by their place in metres; the journal holds no value of a record. Saving under
a name again leaves the earlier entry in the journal and shows the later one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics.disclosure import Audience, DisclosureError
from analytics.findings.carrier_plan import Action, PlanChoice, PlanSites
from analytics.findings.question import Question
from data.journal import Journal, operating_system_user
from data.keys import Keys, load_keys
from wording import NaloxoneWatchError, _, format_count, ngettext

__all__ = ["LONGEST_NAME", "PlanNameError", "SavedPlan", "open_plan", "read_plans", "save_plan"]

SAVED = "save plan"
LONGEST_NAME = 60
_SUBJECT = "plan"
# Metres: a base that moved farther than this is another site.
_SAME_SITE_M = 250.0


class PlanNameError(NaloxoneWatchError):
    """A plan without a name, with too long a one, or without a site."""


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it was saved; `sites_m` are eastings and northings, one pair a site, `origin_m` one or None."""

    name: str
    action: Action
    number: int
    sites_m: tuple[tuple[float, float], ...]
    origin_m: tuple[float, float] | None
    who: str
    at: datetime


def save_plan(question: Question, *, name: str, choice: PlanChoice, sites: PlanSites, keys: Keys | None = None) -> None:
    """Journal the plan under a name. Raises PlanNameError, and DisclosureError for others than the analyst."""
    if question.audience is not Audience.ANALYST:
        raise DisclosureError(_("Only the force's own analysts save plans."))
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME or not choice.sites:
        raise PlanNameError(
            _("Give the plan a name of up to {number} characters and choose where; nothing was saved.").format(
                number=LONGEST_NAME
            )
        )
    _journal(question, keys).record(
        action=SAVED,
        who=operating_system_user(),
        purpose=plain,
        details={
            "action": str(choice.action),
            "number": choice.number,
            "sites_m": [_place(sites, each) for each in choice.sites],
            "origin_m": _place(sites, choice.origin) if choice.origin else None,
        },
        subject=f"{_SUBJECT}/{hashlib.sha256(plain.casefold().encode()).hexdigest()[:16]}",
    )


def read_plans(question: Question, *, keys: Keys | None = None) -> tuple[SavedPlan, ...]:
    """The plans that were saved, each as it was saved last, newest first; none for others than the analyst."""
    if question.audience is not Audience.ANALYST:
        return ()
    latest = {entry.subject: entry for entry in _journal(question, keys).entries(subject=_SUBJECT)}
    zone = ZoneInfo(question.settings.time_zone)
    found = [
        SavedPlan(
            name=entry.purpose,
            action=Action(entry.details["action"]),
            number=int(entry.details["number"]),
            sites_m=tuple((float(east), float(north)) for east, north in entry.details["sites_m"]),
            origin_m=_pair(entry.details),
            who=entry.who,
            at=entry.at.astimezone(zone),
        )
        for entry in latest.values()
    ]
    return tuple(sorted(found, key=lambda plan: plan.at, reverse=True))


def open_plan(plan: SavedPlan, *, sites: PlanSites) -> tuple[PlanChoice, str]:
    """The plan on today's sites, and a sentence on sites that are no longer there (empty where all are)."""
    names = [_nearest(sites, place) for place in plan.sites_m]
    origin = _nearest(sites, plan.origin_m) if plan.origin_m else None
    kept = tuple(name for name in names if name)
    gone = len(names) - len(kept) + (plan.origin_m is not None and origin is None)
    said = (
        ngettext(
            "{count} site of this plan is no longer a base or a named place, and was left out.",
            "{count} sites of this plan are no longer bases or named places, and were left out.",
            gone,
        ).format(count=format_count(gone))
        if gone
        else ""
    )
    return PlanChoice(action=plan.action, number=plan.number, sites=kept, origin=origin), said


def _place(sites: PlanSites, name: str) -> list[float]:
    site = sites.names.index(name)
    return [round(float(sites.easting_m[site])), round(float(sites.northing_m[site]))]


def _pair(details: Mapping[str, Any]) -> tuple[float, float] | None:
    place = details["origin_m"]
    return None if place is None else (float(place[0]), float(place[1]))


def _nearest(sites: PlanSites, place: Sequence[float]) -> str | None:
    if not sites.names:
        return None
    far = np.hypot(sites.easting_m - place[0], sites.northing_m - place[1])
    nearest = int(np.argmin(far))
    return sites.names[nearest] if far[nearest] <= _SAME_SITE_M else None


def _journal(question: Question, keys: Keys | None) -> Journal:
    folder = question.settings.store_folder
    return Journal(folder=folder, keys=keys or load_keys(store_folder=folder))
