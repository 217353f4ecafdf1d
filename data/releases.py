"""The register of releases: which views were shown to others than the analyst, in the journal of the store.

A release is its filters, whoever's command units they were limited to, and a time: never a number and never a person.
What has been shown cannot be taken back by an import or a rollback, so the register outlives snapshots. An analyst can
forget a release, with a reason, where it reached nobody; that too is an entry of the journal.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from data.filters import AccessScope, Filters
from data.journal import Journal, operating_system_user
from wording import NaloxoneWatchError, _

__all__ = ["Release", "ReleaseNotFoundError", "ReleaseRegister"]

SUBJECT = "release"
SHOWN, FORGOTTEN = "view released", "release forgotten"


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
        """Take a release out, with the reason. Raises ReleaseNotFoundError, JournalConflictError."""
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
