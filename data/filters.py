"""What is looked at (`Filters`) and by whom (`AccessScope`): frozen, hashable; invalid states cannot be built."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from data.schema import SETTINGS, SUBSTANCES
from wording import NaloxoneWatchError, _, format_date

__all__ = ["STREET_MAP_SETTINGS", "AccessScope", "Filters", "InvalidFilterError"]

# Incidents in custody and hospital are real, but their points are the suite's, not the place of the overdose.
STREET_MAP_SETTINGS = tuple(setting for setting in SETTINGS if setting not in ("custody", "hospital"))


class InvalidFilterError(NaloxoneWatchError):
    """A filter that cannot be met; the sentence says which and what is allowed."""


def _reject_unknown(values: tuple[str, ...], allowed: tuple[str, ...], what: str) -> None:
    if any(value not in allowed for value in values):
        raise InvalidFilterError(
            _("The filter for {what} has a value that this version does not know. Choose from: {allowed}.").format(
                what=what, allowed=", ".join(allowed)
            )
        )


@dataclass(frozen=True, kw_only=True)
class Filters:
    """A period (both days included) and what to keep in it; an empty tuple keeps everything.

    `substances` keeps an administration with any of them; `settings` defaults to the street map's; `placed` keeps only
    those with a place in an area of the force.
    """

    first_day: date
    last_day: date
    bcus: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    small_areas: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    settings: tuple[str, ...] = STREET_MAP_SETTINGS
    placed: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be met and put each tuple in one order, so that equal views are one cache entry."""
        if self.first_day > self.last_day:
            raise InvalidFilterError(
                _("The period starts on {first} and ends before that, on {last}. Choose a later end.").format(
                    first=format_date(self.first_day), last=format_date(self.last_day)
                )
            )
        _reject_unknown(self.substances, SUBSTANCES, _("substance"))
        _reject_unknown(self.settings, SETTINGS, _("kind of place"))
        for name in ("bcus", "authorities", "small_areas", "substances", "settings"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    def in_whole_quarters(self) -> "Filters":
        """The same with the period widened to whole calendar quarters.

        Single days picked by a reader who may not see small counts would tell him, day by day, when there was none.
        """
        first_month = 3 * ((self.first_day.month - 1) // 3) + 1
        next_month = 3 * ((self.last_day.month - 1) // 3) + 4
        next_year = self.last_day.year + (next_month > 12)
        return replace(
            self,
            first_day=self.first_day.replace(month=first_month, day=1),
            last_day=date(next_year, next_month - 12 * (next_month > 12), 1) - timedelta(days=1),
        )

    def of_other_events(self) -> "Filters":
        """The same for what is no administration: such a record has neither substances nor a setting."""
        return replace(self, substances=(), settings=(), placed=False)

    def last_quarters(self, number: int) -> "Filters":
        """The same in the last `number` whole quarters up to the one that holds the last day."""
        last = replace(self, first_day=self.last_day).in_whole_quarters()
        months = 12 * last.first_day.year + last.first_day.month - 1 - 3 * (number - 1)
        return replace(last, first_day=date(months // 12, months % 12 + 1, 1))

    @property
    def days(self) -> int:
        """Length of the period in days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def years(self) -> float:
        """Length of the period in years of 365.25 days."""
        return self.days / 365.25


@dataclass(frozen=True, kw_only=True)
class AccessScope:
    """What a reader may see at all: an audience (see analytics.disclosure) and, where limited, the BCUs.

    `audience` is "analyst", "partner" or "meeting"; `bcus` empty means the whole force.
    """

    audience: str = "meeting"
    bcus: tuple[str, ...] = ()
