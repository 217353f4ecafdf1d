"""Who really carries: trained, issued, in date and on shift are four different numbers.

Each step of the chain keeps those of the step before who also
    trained    were trained on or before the day
    issued     hold a kit
    in date    hold one that has not expired, and were trained or refreshed within the period of validity
    on shift   are rostered at the moment asked about
Whoever is left at the end counts as available. A step that the records cannot answer is not applied, is marked as not
known, and is named: nothing is assumed in its place, least of all a roster.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.estimate import poisson_interval
from wording import NaloxoneWatchError, _

__all__ = [
    "VALID_MONTHS",
    "CarrierChain",
    "CarrierRates",
    "ChainStep",
    "Step",
    "Unavailability",
    "UnusableCarriersError",
    "carrier_chain",
    "carriers_per_1000_events",
    "unavailability",
]

# Months. Training is refreshed every twelve, as the evaluation found in the forces.
VALID_MONTHS = 12


class UnusableCarriersError(NaloxoneWatchError):
    """The carriers, kits or shifts given do not fit together."""


class Step(StrEnum):
    """A step of the chain."""

    TRAINED = "trained"
    ISSUED = "issued"
    IN_DATE = "in date"
    ON_SHIFT = "on shift"


@dataclass(frozen=True)
class ChainStep:
    """Who is left after a step, shape (carriers,); where it is not `known`, as many as before it."""

    step: Step
    known: bool
    left: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many are left."""
        return int(self.left.sum())


@dataclass(frozen=True)
class CarrierChain:
    """The four steps in order, and who fell out for what; all masks of shape (carriers,).

    `training_lapsed` are the trained whose training or refresher is older than the period of validity, `kit_expired`
    the issued whose kit is past its date, `kit_undated` the issued whose kit has no date on record (they stay in).
    `missing` says in sentences what the records cannot answer.
    """

    as_of: date
    steps: tuple[ChainStep, ...]
    training_lapsed: NDArray[np.bool_]
    kit_expired: NDArray[np.bool_]
    kit_undated: NDArray[np.bool_]
    missing: tuple[str, ...]

    @property
    def ready(self) -> NDArray[np.bool_]:
        """Who may carry, whatever the shift."""
        return self.steps[2].left

    @property
    def available(self) -> NDArray[np.bool_]:
        """Who is left at the end; raises `UnusableCarriersError` where shifts are not known."""
        if not self.steps[3].known:
            raise UnusableCarriersError(_("Shifts are not recorded, so nobody can be said to be on duty: import them."))
        return self.steps[3].left


@dataclass(frozen=True)
class Unavailability:
    """q, the chance that a carrier is not on shift, over `carriers` ready carriers and the hours of the roster."""

    probability: float
    carriers: int


@dataclass(frozen=True)
class CarrierRates:
    """Carriers per 1,000 risk events by area, with the exact Poisson interval of the events; infinite with no event."""

    rate: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def carrier_chain(
    *,
    as_of: date,
    trained_on: ArrayLike,
    refreshed_on: ArrayLike | None = None,
    holds_kit: ArrayLike | None = None,
    kit_expires_on: ArrayLike | None = None,
    on_shift: ArrayLike | None = None,
    valid_months: int = VALID_MONTHS,
) -> CarrierChain:
    """Count down from the trained to the available.

    Args:
        as_of: the day asked about.
        trained_on: day of first training, datetime64, shape (carriers,); NaT where never trained.
        refreshed_on: day of the last refresher, NaT where none; None where refreshers are not recorded, and then no
            training is called lapsed.
        holds_kit: True where a kit is issued and neither used, returned nor lost; None without a ledger.
        kit_expires_on: latest expiry among the kits held, NaT where not recorded; good to the end of that day.
        on_shift: True where rostered at the moment; None without shifts.
        valid_months: how long training counts.

    Raises:
        UnusableCarriersError: columns that differ in length, or an expiry without a ledger.
    """
    trained_day = np.asarray(trained_on, dtype="datetime64[D]")
    today = np.datetime64(as_of, "D")
    count = len(trained_day)
    columns = (refreshed_on, holds_kit, kit_expires_on, on_shift)
    if any(column is not None and len(np.asarray(column)) != count for column in columns):
        raise UnusableCarriersError(_("The columns of carriers differ in length: give one value for every carrier."))
    if kit_expires_on is not None and holds_kit is None:
        raise UnusableCarriersError(_("Kits have expiry dates but no holder: import the kit ledger with both."))
    missing = []
    # Comparisons with NaT are False: whoever has no date is not trained, not lapsed and not expired.
    trained = trained_day <= today
    lapsed = np.zeros(count, dtype=bool)
    if refreshed_on is None:
        missing.append(_("Refresher dates are not recorded: nobody is counted as lapsed."))
    else:
        refreshed = np.asarray(refreshed_on, dtype="datetime64[D]")
        # A refresher planned for later has not happened yet.
        latest = np.where(refreshed <= today, np.fmax(trained_day, refreshed), trained_day)
        lapsed = trained & (latest < _months_before(as_of, valid_months))
    issued, expired, undated = trained, np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    if holds_kit is None:
        missing.append(_("Kits are not recorded: nobody can be said to hold one in date."))
    else:
        issued = trained & np.asarray(holds_kit, dtype=bool)
    if holds_kit is not None and kit_expires_on is None:
        missing.append(_("Expiry dates of kits are not recorded: no kit is counted as expired."))
        undated = issued
    elif kit_expires_on is not None:
        expires = np.asarray(kit_expires_on, dtype="datetime64[D]")
        expired, undated = issued & (expires < today), issued & np.isnat(expires)
    in_date = issued & ~expired & ~lapsed
    rostered = in_date
    if on_shift is None:
        missing.append(_("Shifts are not recorded: who is on duty is not known."))
    else:
        rostered = in_date & np.asarray(on_shift, dtype=bool)
    return CarrierChain(
        as_of=as_of,
        steps=(
            ChainStep(Step.TRAINED, True, trained),
            ChainStep(Step.ISSUED, holds_kit is not None, issued),
            ChainStep(Step.IN_DATE, kit_expires_on is not None and refreshed_on is not None, in_date),
            ChainStep(Step.ON_SHIFT, on_shift is not None, rostered),
        ),
        training_lapsed=lapsed,
        kit_expired=expired,
        kit_undated=undated,
        missing=tuple(missing),
    )


def _months_before(day: date, months: int) -> np.datetime64:
    """The same day of the month so many months before, or that month's last day where it has no such day."""
    month = np.datetime64(day, "M") - months
    last_of_month = (month + 1).astype("datetime64[D]") - 1
    return min(month.astype("datetime64[D]") + (day.day - 1), last_of_month)


def unavailability(*, on_shift: ArrayLike, ready: ArrayLike, hour_weight: ArrayLike | None = None) -> Unavailability:
    """The q of the expected covering: the share of the week, weighted by risk, that a ready carrier is off shift.

    Args:
        on_shift: True where rostered, shape (hours, carriers), such as 168 hours of the week.
        ready: who may carry, shape (carriers,), such as `CarrierChain.ready`.
        hour_weight: risk of each hour, shape (hours,); equal where not given.

    Raises:
        UnusableCarriersError: shapes that differ, nobody ready, or no weight.
    """
    roster, may_carry = np.asarray(on_shift, dtype=bool), np.asarray(ready, dtype=bool)
    weight = np.ones(len(roster)) if hour_weight is None else np.asarray(hour_weight, dtype=float)
    if roster.ndim != 2 or roster.shape != (len(weight), len(may_carry)) or not weight.sum() > 0:
        raise UnusableCarriersError(_("The roster needs one row an hour and one column a carrier, and a risk by hour."))
    if not may_carry.any():
        raise UnusableCarriersError(_("No carrier is trained, issued and in date: there is no shift to count."))
    by_hour = roster[:, may_carry].mean(axis=1)
    return Unavailability(probability=float(1.0 - np.average(by_hour, weights=weight)), carriers=int(may_carry.sum()))


def carriers_per_1000_events(*, carriers: ArrayLike, events: ArrayLike) -> CarrierRates:
    """Carriers per 1,000 risk events, by area, with an exact Poisson interval on the events (Garwood 1936).

    Args:
        carriers: carriers by area, shape (areas,); counted, so without an error of their own.
        events: risk events by area over the same period for all, shape (areas,).
    """
    held, seen = np.asarray(carriers, dtype=float), np.asarray(events, dtype=float)
    least, most = poisson_interval(seen)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, lower, upper = (1_000 * held / part for part in (seen, most, least))
    nobody = held == 0
    return CarrierRates(*(np.where(nobody, 0.0, part) for part in (rate, lower, upper)))
