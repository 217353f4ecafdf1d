"""The simulated ambulance: when it would have come, who left or declined before it did, and what the clocks say.

For each incident whose clock runs, the ambulance would come after T minutes: log-normal (median 13, log sigma 0.5,
median x 1.3 in rural places), with a tail of 3 % uniform on 60 to 240. Some people mean to leave after L minutes or
to decline after D minutes (log-normal); the earlier of the two times ends the clock. The share who mean to is chosen
so that 12 % of all administrations end by leaving and 10 % by declining. So the chance that the ambulance arrived by
t is

    (1 - l - d) F_T(t) + l * int_0^t f_T(u) S_L(u) du + d * int_0^t f_T(u) S_D(u) du

and `AmbulanceTruth.incidence` gives it, to be compared with what a method makes of the recorded minutes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from data.demo.model import words
from data.mapping import WaitLayout

__all__ = ["CLOCKS", "AmbulanceTruth", "DrawnWaits", "draw_waits", "wait_columns", "wait_layouts"]

MEDIAN_MINUTES, LOG_SIGMA, RURAL_FACTOR = 13.0, 0.5, 1.3
TAIL_SHARE, TAIL_MINUTES = 0.03, (60.0, 240.0)
# Shares of all administrations.
LEFT_SHARE, DECLINED_SHARE, MISSING_SHARE = 0.12, 0.10, 0.12
# Assumptions: how many clocks never run, and how soon people leave or decline.
ALREADY_THERE_SHARE, CANCELLED_SHARE, NOT_CALLED_SHARE = 0.04, 0.015, 0.015
LEAVE_MEDIAN_MINUTES, LEAVE_LOG_SIGMA = 8.0, 0.6
DECLINE_MEDIAN_MINUTES, DECLINE_LOG_SIGMA = 6.0, 0.5
# The moment someone left is not always written down.
LEAVING_TIME_UNKNOWN_SHARE = 0.15
# Whose clock it is; a quarter of the ambulance's clocks have the police log's beside them, a minute or two apart.
CLOCKS = {"ambulance_cad": "ambulance control", "police_log": "police log", "officer_estimate": "officer's estimate"}
CLOCK_SHARES = (0.55, 0.30, 0.15)
SECOND_CLOCK_SHARE, CLOCKS_DIFFER_BY_MINUTES = 0.25, 2.0
# Step of the numerical integrals (minutes) and where they end: the longest time a wait may have.
STEP_MINUTES, LAST_MINUTE = 0.05, 360.0

OUTCOMES = ("not_recorded", "already_there", "cancelled", "not_called", "arrived", "left_before", "declined")
OUTCOME_WORDS = (
    None,
    "Already there",
    "Cancelled",
    "Not called",
    "Arrived",
    "Left before ambulance",
    "Declined ambulance",
)
NOT_RECORDED, ALREADY_THERE, _CANCELLED, _NOT_CALLED, ARRIVED, LEFT, DECLINED = range(len(OUTCOMES))


@dataclass(frozen=True, eq=False)
class AmbulanceTruth:
    """The simulator's parameters; `leave_share` and `decline_share` are of the clocks that run."""

    rural_share: float
    leave_share: float
    decline_share: float

    def incidence(self, minutes: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """True chance of "arrived", "left" and "declined" by each time, among clocks that run."""
        arrival, leave, decline = _distributions(self.rural_share)
        stay = 1 - self.leave_share - self.decline_share
        arrived = stay * arrival + self.leave_share * _before(arrival, leave)
        curves = {
            "arrived": arrived + self.decline_share * _before(arrival, decline),
            "left": self.leave_share * _before(leave, arrival),
            "declined": self.decline_share * _before(decline, arrival),
        }
        return {name: np.interp(minutes, _grid(), curve) for name, curve in curves.items()}

    def as_table(self) -> dict[str, Any]:
        """Every parameter and the true incidence by whole minutes, for planted.json."""
        minutes = np.arange(0, 241, dtype=float)
        return {
            "median_minutes": MEDIAN_MINUTES,
            "log_sigma": LOG_SIGMA,
            "rural_factor": RURAL_FACTOR,
            "rural_share": self.rural_share,
            "tail_share": TAIL_SHARE,
            "tail_minutes": list(TAIL_MINUTES),
            "leave_share": self.leave_share,
            "leave_median_minutes": LEAVE_MEDIAN_MINUTES,
            "leave_log_sigma": LEAVE_LOG_SIGMA,
            "decline_share": self.decline_share,
            "decline_median_minutes": DECLINE_MEDIAN_MINUTES,
            "decline_log_sigma": DECLINE_LOG_SIGMA,
            "missing_share": MISSING_SHARE,
            "leaving_time_unknown_share": LEAVING_TIME_UNKNOWN_SHARE,
            "recorded": "nearest whole minute, at least 1",
            "police_first_effect_minutes": 0.0,
            "incidence": {
                "minutes": minutes.tolist(),
                **{name: np.round(curve, 6).tolist() for name, curve in self.incidence(minutes).items()},
            },
        }


@dataclass(frozen=True, eq=False)
class DrawnWaits:
    """One wait for each administration: outcome (index of OUTCOMES), true minutes to it, and what stayed hidden.

    `minutes` is NaN where no clock runs; `latent_minutes` is when the ambulance would have come, whatever happened.
    """

    truth: AmbulanceTruth
    outcome: NDArray[np.int64]
    minutes: NDArray[np.float64]
    latent_minutes: NDArray[np.float64]

    @property
    def recorded(self) -> NDArray[np.bool_]:
        """Whether anything was written down of the ambulance."""
        return self.outcome != NOT_RECORDED

    @property
    def seen_by_ambulance(self) -> NDArray[np.bool_]:
        """Whether an ambulance crew reached the person."""
        return np.isin(self.outcome, (ARRIVED, ALREADY_THERE))


def draw_waits(rng: np.random.Generator, *, rural: NDArray[np.bool_]) -> DrawnWaits:
    """Waits of as many administrations as `rural` has entries."""
    size = len(rural)
    truth = _calibrated(float(rural.mean()))
    latent = MEDIAN_MINUTES * np.where(rural, RURAL_FACTOR, 1.0) * np.exp(LOG_SIGMA * rng.standard_normal(size))
    latent = np.where(rng.random(size) < TAIL_SHARE, rng.uniform(*TAIL_MINUTES, size), latent)
    intent = rng.random(size)
    leave = LEAVE_MEDIAN_MINUTES * np.exp(LEAVE_LOG_SIGMA * rng.standard_normal(size))
    decline = DECLINE_MEDIAN_MINUTES * np.exp(DECLINE_LOG_SIGMA * rng.standard_normal(size))
    leave = np.where(intent < truth.leave_share, leave, np.inf)
    declines = (intent >= truth.leave_share) & (intent < truth.leave_share + truth.decline_share)
    decline = np.where(declines, decline, np.inf)
    ends = np.stack([latent, leave, decline])
    running = np.array([ARRIVED, LEFT, DECLINED])[np.argmin(ends, axis=0)]
    idle_shares = np.cumsum([MISSING_SHARE, ALREADY_THERE_SHARE, CANCELLED_SHARE, NOT_CALLED_SHARE])
    idle = np.searchsorted(idle_shares, rng.random(size), side="right")
    runs = idle == len(idle_shares)
    return DrawnWaits(
        truth=truth,
        outcome=np.where(runs, running, idle),
        minutes=np.where(runs, ends.min(axis=0), np.nan),
        latent_minutes=latent,
    )


def wait_layouts(clocks: tuple[str, ...]) -> tuple[WaitLayout, ...]:
    """How the mapping reads the columns of `wait_columns`."""
    return tuple(
        WaitLayout(
            kind="call_to_arrival", clock=clock, minutes=_heading("minutes", clock), outcome=_heading("outcome", clock)
        )
        for clock in clocks
    )


def wait_columns(rng: np.random.Generator, waits: DrawnWaits, *, clocks: tuple[str, ...]) -> dict[str, NDArray]:
    """The form's columns, two for each clock: whole minutes (nullable integers) and outcome in the form's words."""
    size = len(waits.outcome)
    shares = np.array(CLOCK_SHARES[: len(clocks)])
    clock = np.array(clocks)[rng.choice(len(clocks), size=size, p=shares / shares.sum())]
    leaving_unknown = (waits.outcome == LEFT) & (rng.random(size) < LEAVING_TIME_UNKNOWN_SHARE)
    minutes = np.where(waits.outcome == ALREADY_THERE, 0.0, np.maximum(1.0, np.rint(waits.minutes)))
    minutes = np.where(leaving_unknown, np.nan, minutes)
    # An estimate is heaped on fives.
    minutes = np.where(
        (clock == "officer_estimate") & (minutes > 0), np.maximum(5.0, 5 * np.rint(minutes / 5)), minutes
    )
    beside = (clock == "ambulance_cad") & (waits.outcome == ARRIVED) & (rng.random(size) < SECOND_CLOCK_SHARE)
    apart = np.maximum(1.0, np.rint(minutes + CLOCKS_DIFFER_BY_MINUTES * rng.standard_normal(size)))
    columns: dict[str, Any] = {}
    for name in clocks:
        second = beside & (name == "police_log")
        own = (clock == name) & (waits.outcome != NOT_RECORDED)
        columns[_heading("minutes", name)] = pd.array(
            np.where(own, minutes, np.where(second, apart, np.nan)), dtype="Float64"
        ).astype("Int64")
        columns[_heading("outcome", name)] = words(OUTCOME_WORDS, np.where(own | second, waits.outcome, NOT_RECORDED))
    return columns


def _heading(what: str, clock: str) -> str:
    return f"Ambulance {what} ({CLOCKS[clock]})"


def _calibrated(rural_share: float) -> AmbulanceTruth:
    """The shares who mean to leave and to decline that give the published shares who did."""
    running = 1 - MISSING_SHARE - ALREADY_THERE_SHARE - CANCELLED_SHARE - NOT_CALLED_SHARE
    arrival, leave, decline = _distributions(rural_share)
    return AmbulanceTruth(
        rural_share=rural_share,
        leave_share=LEFT_SHARE / running / _before(leave, arrival)[-1],
        decline_share=DECLINED_SHARE / running / _before(decline, arrival)[-1],
    )


def _grid() -> NDArray[np.float64]:
    return np.arange(0.0, LAST_MINUTE + STEP_MINUTES, STEP_MINUTES)


def _distributions(rural_share: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Distribution functions of arrival, leaving and declining over `_grid`."""
    town, country = (_log_normal(MEDIAN_MINUTES * factor, LOG_SIGMA) for factor in (1.0, RURAL_FACTOR))
    first, last = TAIL_MINUTES
    tail = ((_grid() - first) / (last - first)).clip(0, 1)
    usual = (1 - rural_share) * town + rural_share * country
    return (
        (1 - TAIL_SHARE) * usual + TAIL_SHARE * tail,
        _log_normal(LEAVE_MEDIAN_MINUTES, LEAVE_LOG_SIGMA),
        _log_normal(DECLINE_MEDIAN_MINUTES, DECLINE_LOG_SIGMA),
    )


def _log_normal(median: float, log_sigma: float) -> NDArray[np.float64]:
    minutes = _grid()
    return np.concatenate([[0.0], ndtr(np.log(minutes[1:] / median) / log_sigma)])


def _before(ends: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chance that `ends` has come by each time and before `other`: int f_ends S_other, by the trapezium rule."""
    survive = 1 - other
    return np.concatenate([[0.0], np.cumsum(np.diff(ends) * (survive[1:] + survive[:-1]) / 2)])
