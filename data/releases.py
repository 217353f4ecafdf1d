"""The register of releases: which views were shown to others than the analyst, in the journal of the store.

A release is its filters, whoever's command units they were limited to, and a time: never a number and never a person.
What has been shown cannot be taken back by an import or a rollback, so the register outlives snapshots. An analyst can
forget a release, with a reason, where it reached nobody; that too is an entry of the journal.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from data.filters import STREET_MAP_SETTINGS, AccessScope, Filters
from data.journal import Journal, operating_system_user
from wording import NaloxoneWatchError, _, format_moment, format_period, join_words

__all__ = ["NoReasonError", "Release", "ReleaseNotFoundError", "ReleaseRegister"]

SUBJECT = "release"
SHOWN, FORGOTTEN = "view released", "release forgotten"


class NoReasonError(NaloxoneWatchError):
    """A view was to be forgotten without a reason."""

    def __init__(self) -> None:
        super().__init__(_("Say why nobody has this view, for the journal: --purpose REASON. Nothing was forgotten."))


class ReleaseNotFoundError(NaloxoneWatchError):
    """No view is in the register under this number."""

    def __init__(self) -> None:
        super().__init__(_("The register has no view of this number. python -m data releases lists those that it has."))


@dataclass(frozen=True, kw_only=True)
class Release:
    """A view that was shown: `number` is its entry in the journal, `at` in UTC; `bcus` limited its reader, if any."""

    number: int
    at: datetime
    filters: Filters
    bcus: tuple[str, ...]

    @property
    def scope(self) -> AccessScope:
        """What its reader could see at all."""
        return AccessScope(bcus=self.bcus)

    def line(self) -> str:
        """The release for a list: "12: 1 July 2024 to 30 June 2026, substances heroin; shown on 3 July 2026 ..."."""
        filters = self.filters
        parts = [format_period(filters.first_day, filters.last_day)]
        parts += [
            _("{what} {values}").format(what=name, values=join_words(values))
            for name in ("bcus", "authorities", "small_areas", "substances")
            if (values := getattr(filters, name))
        ]
        if set(filters.settings) != set(STREET_MAP_SETTINGS):
            parts.append(_("{what} {values}").format(what="settings", values=join_words(filters.settings)))
        if self.bcus:
            parts.append(_("for readers of {bcus}").format(bcus=join_words(self.bcus)))
        return _("{number}: {view}; shown on {moment} UTC").format(
            number=self.number, view=", ".join(parts), moment=format_moment(self.at)
        )


class ReleaseRegister:
    """The releases of one store."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def read(self) -> tuple[tuple[Release, ...], int]:
        """The releases that stand, oldest first, and the last entry of the journal about any release, 0 for none."""
        standing: dict[int, Release] = {}
        last = 0
        for entry in self._journal.entries(subject=SUBJECT):
            last = entry.number
            if entry.action == FORGOTTEN:
                standing.pop(entry.details["release"], None)
            else:
                standing[entry.number] = Release(
                    number=entry.number,
                    at=entry.at,
                    filters=_filters_of(entry.details["filters"]),
                    bcus=tuple(entry.details["bcus"]),
                )
        return tuple(standing.values()), last

    def record(self, *, filters: Filters, scope: AccessScope, after: int) -> int:
        """Write a release down and return its number.

        `after` is the last entry that the writer knows of (see `read`). Raises JournalConflictError where there is a
        later one: another view was released meanwhile, and this one has to be looked at beside it.
        """
        return self._journal.record(
            action=SHOWN,
            who=operating_system_user(),
            purpose="",
            details={"audience": scope.audience, "bcus": scope.bcus, "filters": _as_details(filters)},
            subject=SUBJECT,
            after=after,
        )

    def forget(self, number: int, *, purpose: str) -> None:
        """Take a release out, with the reason. Raises NoReasonError, ReleaseNotFoundError, JournalConflictError."""
        if not purpose.strip():
            raise NoReasonError
        releases, last = self.read()
        if all(release.number != number for release in releases):
            raise ReleaseNotFoundError
        self._journal.record(
            action=FORGOTTEN,
            who=operating_system_user(),
            purpose=purpose,
            details={"release": number},
            subject=SUBJECT,
            after=last,
        )


def _as_details(filters: Filters) -> dict[str, Any]:
    values = asdict(filters)
    return values | {name: values[name].isoformat() for name in ("first_day", "last_day")}


def _filters_of(details: Mapping[str, Any]) -> Filters:
    """The filters of an entry; one that an older version wrote lacks what came later."""
    known = {each.name: details[each.name] for each in fields(Filters) if each.name in details}
    days = {name: date.fromisoformat(known[name]) for name in ("first_day", "last_day")}
    return Filters(**{name: tuple(value) if isinstance(value, list) else value for name, value in known.items()} | days)
