"""The calls behind the ambulance page: what became of each, on whose clock, and what they are compared by.

A call is one incident with the wait that speaks for it (data.store). It is on the curve where a clock ran: the
ambulance arrived after a time that is known, or the person left or declined first. Every other call has a name of its
own in the account, so that the account adds up to the administrations that were selected.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.delay import LONGEST_PLAUSIBLE_MINUTES, CumulativeIncidence, Outcome, cumulative_incidence
from analytics.disclosure import Audience
from analytics.findings.question import Question
from analytics.rurality import address_density_per_km2
from data.schema import NOT_RECORDED, WAIT_CLOCKS, WAIT_KINDS
from wording import _

__all__ = [
    "BEST_CLOCK",
    "Account",
    "Calls",
    "WaitOptions",
    "account_words",
    "band_words",
    "clock_words",
    "incidence_of",
    "kind_words",
    "read_calls",
    "rurality_words",
]

# The first clock of the settings' order that has a time.
BEST_CLOCK = "best"
HOUR_BANDS = ("00_06", "06_12", "12_18", "18_24")
# Names of call categories in the UK's nations, most urgent first; the same number is the same urgency.
URGENCY = {
    "purple": 0,
    "red": 1,
    "amber": 2,
    "amber 1": 2,
    "orange": 2,
    "amber 2": 3,
    "yellow": 3,
    "green": 4,
    **{f"category {number}": number for number in range(1, 6)},
}


class Account(StrEnum):
    """What became of a call; each administration is in exactly one."""

    ARRIVED = "arrived"
    LEFT = "left_before"
    DECLINED = "declined"
    ALREADY_THERE = "already_there"
    ARRIVED_UNTIMED = "arrived_untimed"
    CANCELLED = "cancelled"
    NOT_CALLED = "not_called"
    IN_QUARANTINE = "in_quarantine"
    NOT_RECORDED = NOT_RECORDED


ENDINGS = {Account.ARRIVED: Outcome.ARRIVED, Account.LEFT: Outcome.LEFT, Account.DECLINED: Outcome.DECLINED}


@dataclass(frozen=True, kw_only=True)
class WaitOptions:
    """Which wait: what is timed (None for the settings' kind), whose clock, the areas of the map, and two extras.

    `as_intervals` draws a recorded minute as the interval it stands for; `recalled` adds what interviewees recalled.
    """

    kind: str | None = None
    clock: str = BEST_CLOCK
    level: Literal["bcu", "authority", "small_area"] = "authority"
    as_intervals: bool = False
    recalled: bool = False


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Calls as columns, shape (n,); minutes are NaN where no time is known, `lowered` 1, 0 or NaN (not comparable)."""

    administrations: NDArray[np.int64]
    account: NDArray[np.object_]
    minutes: NDArray[np.float64]
    clock: NDArray[np.object_]
    day: NDArray[np.datetime64]
    rurality: NDArray[np.object_]
    hour_band: NDArray[np.object_]
    police_first: NDArray[np.object_]
    category: NDArray[np.object_]
    lowered: NDArray[np.float64]
    bcu: NDArray[np.object_]
    authority: NDArray[np.object_]
    small_area: NDArray[np.object_]

    def __len__(self) -> int:
        """How many calls."""
        return len(self.minutes)

    def of(self, rows: NDArray[np.bool_]) -> "Calls":
        """The calls of some rows."""
        return replace(self, **{name: column[rows] for name, column in vars(self).items()})

    @property
    def people(self) -> int:
        """How many administrations the calls stand for."""
        return int(self.administrations.sum())

    @property
    def on_curve(self) -> NDArray[np.bool_]:
        """Calls whose clock ran; of some it is not known when the person left or declined."""
        return np.isin(self.account, [str(name) for name in ENDINGS])

    @property
    def timed(self) -> NDArray[np.bool_]:
        """Calls whose clock ran and whose end has a time."""
        return self.on_curve & np.isfinite(self.minutes)

    @property
    def outcome(self) -> NDArray[np.object_]:
        """How the clock of each call on the curve ended, as analytics.delay names it."""
        names = {str(account): str(outcome) for account, outcome in ENDINGS.items()}
        return pd.Series(self.account).map(names).to_numpy(dtype=object)

    @property
    def latest_minutes(self) -> NDArray[np.float64]:
        """Minutes with an unknown time of leaving put at the latest it can have been: it moves no arrival."""
        return np.where(np.isnan(self.minutes), LONGEST_PLAUSIBLE_MINUTES, self.minutes)


def incidence_of(calls: Calls) -> CumulativeIncidence:
    """The page's curve: the incidence of arrival, leaving and declining among calls whose clock ran."""
    running = calls.of(calls.on_curve)
    return cumulative_incidence(minutes=running.latest_minutes, outcome=running.outcome)


def read_calls(question: Question, options: WaitOptions) -> Calls:
    """The calls of the question's administrations, by the clock that `options` choose."""
    ambulance = question.settings.ambulance
    frame = question.store.calls_with_waits(
        filters=question.filters,
        scope=question.scope,
        kind=options.kind or ambulance.kind,
        clocks=ambulance.clocks if options.clock == BEST_CLOCK else (options.clock,),
    )
    if question.audience is not Audience.ANALYST:
        # One by one: calls beside people would tell of the few who shared an ambulance.
        frame = frame.loc[frame.index.repeat(frame["administrations"])].assign(administrations=1)
    columns = {name: frame[name].to_numpy() for name in frame}
    minutes = columns["minutes"].astype(float)
    return Calls(
        administrations=columns["administrations"].astype(np.int64),
        account=_account(columns["outcome"], minutes, columns["in_quarantine"].astype(bool)),
        minutes=minutes,
        clock=columns["clock"],
        day=columns["local_date"].astype("datetime64[D]"),
        rurality=_rurality(question, columns["easting_m"], columns["northing_m"]),
        hour_band=_hour_band(columns["local_hour"].astype(float)),
        police_first=columns["police_first_on_scene"],
        category=columns["category_before"],
        lowered=_lowered(columns["category_before"], columns["category_after"]),
        **{name: columns[name] for name in ("bcu", "authority", "small_area")},
    )


def _account(
    outcome: NDArray[np.object_], minutes: NDArray[np.float64], in_quarantine: NDArray[np.bool_]
) -> NDArray[np.object_]:
    arrived, timed = outcome == "arrived", np.isfinite(minutes)
    account = outcome.astype(object)
    account[arrived & ~timed] = str(Account.ARRIVED_UNTIMED)
    account[(arrived & ~timed | (outcome == NOT_RECORDED)) & in_quarantine] = str(Account.IN_QUARANTINE)
    account[minutes == 0] = str(Account.ALREADY_THERE)
    return account


def _rurality(
    question: Question, easting_m: NDArray[np.float64], northing_m: NDArray[np.float64]
) -> NDArray[np.object_]:
    geography = question.geography
    words = np.full(len(easting_m), NOT_RECORDED, dtype=object)
    if not geography.has_addresses:
        return words
    density = address_density_per_km2(
        addresses=geography.addresses,
        x0_m=geography.grid.x0_m,
        y0_m=geography.grid.y0_m,
        cell_m=geography.grid.cell_m,
        easting_m=easting_m,
        northing_m=northing_m,
    )
    limit = question.settings.ambulance.rural_below_addresses_per_km2
    words[density >= limit] = "town"
    words[density < limit] = "country"
    return words


def _hour_band(hour: NDArray[np.float64]) -> NDArray[np.object_]:
    known = np.isfinite(hour)
    index = np.where(known, hour, 0).astype(int) // 6
    return np.where(known, np.array(HOUR_BANDS, dtype=object)[index], NOT_RECORDED)


def _lowered(before: NDArray[np.object_], after: NDArray[np.object_]) -> NDArray[np.float64]:
    """1 where the category after naloxone is less urgent than before, 0 where not, NaN where either is not known."""
    first, last = (pd.Series(names).str.casefold().map(URGENCY).to_numpy(dtype=float) for names in (before, after))
    return np.where(np.isfinite(first) & np.isfinite(last), (last > first).astype(float), np.nan)


def account_words() -> dict[str, str]:
    """What became of a call, as the account names it."""
    words = {
        Account.ARRIVED: _("Arrived"),
        Account.LEFT: _("Left before it came"),
        Account.DECLINED: _("Declined"),
        Account.ALREADY_THERE: _("Already there (0 minutes)"),
        Account.ARRIVED_UNTIMED: _("Arrived, time not recorded"),
        Account.CANCELLED: _("Cancelled"),
        Account.NOT_CALLED: _("Not called"),
        Account.IN_QUARANTINE: _("In quarantine"),
        Account.NOT_RECORDED: _("Not recorded"),
    }
    return {str(name): word for name, word in words.items()}


def clock_words() -> dict[str, str]:
    """Whose clock it is."""
    words = (_("Ambulance control's clock"), _("Police log"), _("Officer's estimate"), _("Clock not recorded"))
    return dict(zip(WAIT_CLOCKS, words, strict=True))


def kind_words() -> dict[str, str]:
    """What is timed."""
    words = (_("Call to arrival"), _("Naloxone to arrival"))
    return dict(zip(WAIT_KINDS, words, strict=True))


def rurality_words() -> dict[str, str]:
    """Town and country."""
    return {"town": _("Town"), "country": _("Country"), NOT_RECORDED: _("Place not recorded")}


def band_words() -> dict[str, str]:
    """Bands of the hour of day."""
    words = (_("00:00 to 05:59"), _("06:00 to 11:59"), _("12:00 to 17:59"), _("18:00 to 23:59"))
    return {**dict(zip(HOUR_BANDS, words, strict=True)), NOT_RECORDED: _("Hour not recorded")}
