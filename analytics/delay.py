"""How long until the ambulance arrived: curves that keep the long wait and the person who left.

A wait starts at a stated clock (by default the call) and ends in exactly one of
    arrived    the ambulance reached the person
    left       the person left before it came
    declined   the ambulance was declined or stood down
    censored   the record stops while the person was still waiting (lost follow-up only)
Leaving is a competing event, not censoring: a person who left can no longer be reached, so treating the departure as
censoring answers "how long, had nobody left", which no one can observe.

With distinct times t_1 < t_2 < ..., n_j still waiting just before t_j, d_kj waits ended by outcome k there and
d_j = sum_k d_kj:
    waiting      S(t) = prod_{t_j <= t} (1 - d_j / n_j)                               (Kaplan & Meier 1958)
    incidence    F_k(t) = sum_{t_j <= t} S(t_j-) d_kj / n_j                           (Aalen & Johansen 1978)
    variance     sum_{t_j <= t} (F_k(t) - F_k(t_j))^2 d_j / (n_j (n_j - d_j))
                   - 2 (F_k(t) - F_k(t_j)) S(t_j-) d_kj / n_j^2 + S(t_j-)^2 d_kj (n_j - d_kj) / n_j^3
    interval     P^exp(+-z se / (P log P)), the log-log interval of a probability P, undefined (NaN) at 0 and 1
All times are minutes, all shares are of one, all intervals hold 95 %.

A centile is the first time at which the incidence reaches it; its interval is where the curve's limits reach it
(Brookmeyer & Crowley 1982). A centile the curve never reaches is infinite: "not reached", never a guess.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from analytics.estimate import Estimate
from analytics.waits import (
    ENDINGS,
    MINIMUM_TIMED,
    SHARE_TOLERANCE,
    Outcome,
    UnusableWaitsError,
    check_same_length,
    checked_minutes,
    minute_words,
    outcome_masks,
)
from wording import _, format_count, ngettext

__all__ = [
    "LONGEST_PLAUSIBLE_MINUTES",
    "MINIMUM_TIMED",
    "WAITING_MINUTES",
    "CallsOnly",
    "Chances",
    "ClockDisagreement",
    "CumulativeIncidence",
    "Estimate",
    "KaplanMeier",
    "LeavingBounds",
    "LongWait",
    "Outcome",
    "Quantile",
    "RestrictedMean",
    "Rounding",
    "RoundingEffect",
    "ScreenedWaits",
    "UnusableWaitsError",
    "WaitSummary",
    "arrival_quantile",
    "chance_by",
    "clock_disagreement",
    "cumulative_incidence",
    "kaplan_meier",
    "leaving_bounds",
    "restricted_mean",
    "rounding_effect",
    "screen_waits",
    "share_waiting",
    "summarise_waits",
    "without_last_arrivals",
]

# Minutes. A wait of over six hours is a recording error more often than a wait; it goes to quarantine and is counted.
LONGEST_PLAUSIBLE_MINUTES = 360.0
# Minutes. One, two and four times the 40 minutes that the evaluation gives as naloxone's half-life.
WAITING_MINUTES = (20.0, 40.0, 80.0)

# Two-sided 95 %.
_Z = float(ndtri(0.975))
_MEDIAN = 0.5
_NINETIETH = 0.9


@dataclass(frozen=True)
class KaplanMeier:
    """The share still waiting where every end but arrival censors: one row a distinct time.

    `minutes`, `at_risk` (waits not ended just before), `waiting` (share just after) and the log-log limits `lower`
    and `upper` of `waiting`, NaN where it is 0 or 1.
    """

    minutes: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    waiting: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True)
class CumulativeIncidence:
    """Aalen-Johansen incidence of each ending: one row a distinct time, arrays keyed by outcome.

    `incidence[outcome]` is the share ended so by then, `se` its standard error, `lower` and `upper` the log-log limits
    (NaN at 0 and 1). `waiting` is the share with no ending yet (`waiting_se` its standard error); with the incidences
    it sums to one. `calls` counts the waits and `events` how each ended, censored ones included.
    """

    minutes: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    ended: Mapping[str, NDArray[np.int64]]
    waiting: NDArray[np.float64]
    waiting_se: NDArray[np.float64]
    incidence: Mapping[str, NDArray[np.float64]]
    se: Mapping[str, NDArray[np.float64]]
    lower: Mapping[str, NDArray[np.float64]]
    upper: Mapping[str, NDArray[np.float64]]
    calls: int
    events: Mapping[str, int]

    @property
    def timed(self) -> int:
        """Waits whose end was seen."""
        return sum(self.events[outcome] for outcome in ENDINGS)


@dataclass(frozen=True)
class Quantile:
    """The time by which `share` of calls had the ambulance; infinite where the incidence never gets there."""

    share: float
    minutes: float
    lower: float
    upper: float

    @property
    def reached(self) -> bool:
        """Whether the incidence gets to `share` at all."""
        return math.isfinite(self.minutes)

    @property
    def sentence(self) -> str:
        """The centile as a reader meets it: "14 minutes (10 to 20)" or "not reached"."""
        if not self.reached:
            return _("not reached")
        words = minute_words(self.minutes)
        if math.isfinite(self.lower) and math.isfinite(self.upper):
            limits = _("{lower} to {upper}").format(lower=minute_words(self.lower), upper=minute_words(self.upper))
        elif math.isfinite(self.lower):
            limits = _("at least {lower}").format(lower=minute_words(self.lower))
        else:
            limits = _("no interval can be given")
        return _("{minutes} minutes ({limits})").format(minutes=words, limits=limits)


def without_last_arrivals(*, quantile: Quantile, curve: CumulativeIncidence, least: int) -> Quantile:
    """`quantile` of `curve` without the times of the last few: each is one person's wait, the longest most of all.

    An upper limit later than which fewer than `least` arrived is left open; minutes of which that is so are NaN.
    """
    arrived = np.concatenate([[0.0], curve.incidence["arrived"]])

    def is_of_last(minutes: float) -> bool:
        so_far = arrived[int(np.searchsorted(curve.minutes, minutes, side="right"))]
        return math.isfinite(minutes) and round(float(arrived[-1] - so_far) * curve.calls) < least

    return Quantile(
        share=quantile.share,
        minutes=math.nan if is_of_last(quantile.minutes) else quantile.minutes,
        lower=quantile.lower,
        upper=math.inf if is_of_last(quantile.upper) else quantile.upper,
    )


@dataclass(frozen=True)
class Chances:
    """Shares of calls at given times, with 95 % limits; NaN beyond the longest follow-up."""

    minutes: NDArray[np.float64]
    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True)
class RestrictedMean:
    """Mean minutes within the first `to_minutes`.

    `waiting` is the time until the wait ended, whatever ended it; `without_ambulance` counts a person who left or
    declined as without an ambulance to the end of the window. Where follow-up stops before the window does, the last
    share is carried on and `beyond_follow_up` says so.
    """

    to_minutes: float
    waiting: Estimate
    without_ambulance: Estimate
    beyond_follow_up: bool


@dataclass(frozen=True)
class LongWait:
    """One of the longest waits, kept as a point."""

    minutes: float
    outcome: Outcome


@dataclass(frozen=True)
class CallsOnly:
    """Too few timed events for anything but their count."""

    calls: int
    timed: int

    @property
    def sentence(self) -> str:
        """Why there is no median."""
        return ngettext(
            "{count} timed call: too few for a median or a curve ({minimum} are needed).",
            "{count} timed calls: too few for a median or a curve ({minimum} are needed).",
            self.timed,
        ).format(count=format_count(self.timed), minimum=MINIMUM_TIMED)


@dataclass(frozen=True)
class WaitSummary:
    """What a page says of one group of waits.

    `median` and `ninetieth` are of all calls; `median_arrived` and `ninetieth_arrived` of those the ambulance reached
    (`CallsOnly` where under eight). `within_target` is the chance of arrival by each target given, `waiting` the share
    still waiting at `WAITING_MINUTES`, `longest` the longest waits, longest first.
    """

    curve: CumulativeIncidence
    median: Quantile
    ninetieth: Quantile
    median_arrived: Quantile | CallsOnly
    ninetieth_arrived: Quantile | CallsOnly
    within_target: Chances
    mean: RestrictedMean
    waiting: Chances
    longest: tuple[LongWait, ...]


class Rounding(StrEnum):
    """What a recorded number of minutes stands for: `nearest` [m - w/2, m + w/2], `down` [m, m + w],
    `clock` [m - w, m + w] (the difference of two clock times, each cut to the minute)."""

    NEAREST = "nearest"
    DOWN = "down"
    CLOCK = "clock"


@dataclass(frozen=True)
class RoundingEffect:
    """The curve where each recorded minute is an interval: all arrivals at its start, and all at its end.

    With no censoring the true curve lies between `earliest` and `latest`. The quantiles and the chances by the targets
    are (start, recorded, end).
    """

    earliest: CumulativeIncidence
    recorded: CumulativeIncidence
    latest: CumulativeIncidence
    median_minutes: tuple[float, float, float]
    ninetieth_minutes: tuple[float, float, float]
    target_minutes: NDArray[np.float64]
    within_target: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

    @property
    def sentence(self) -> str:
        """How far rounding moves the median."""
        first, recorded, last = self.median_minutes
        if not math.isfinite(recorded):
            return _("The median is not reached, with the minutes as recorded.")
        if not math.isfinite(last):
            return _(
                "The recorded median is {recorded} minutes; before rounding it may have been {first} minutes or more."
            ).format(recorded=minute_words(recorded), first=minute_words(first))
        return _(
            "The recorded median is {recorded} minutes; before rounding it lay between {first} and {last} minutes."
        ).format(recorded=minute_words(recorded), first=minute_words(first), last=minute_words(last))


@dataclass(frozen=True)
class LeavingBounds:
    """Two curves between which the truth lies where the time of leaving is not recorded for `unknown` people.

    `at_once`: each left as the wait began. `latest`: each left just before the latest moment known.
    """

    at_once: CumulativeIncidence
    latest: CumulativeIncidence
    unknown: int


@dataclass(frozen=True)
class ScreenedWaits:
    """Raw minutes sorted into what may be a wait and what may not: every row counted once.

    `usable` marks rows above 0 and up to `LONGEST_PLAUSIBLE_MINUTES`.
    """

    usable: NDArray[np.bool_]
    already_there: int
    negative: int
    too_long: int
    not_recorded: int


@dataclass(frozen=True)
class ClockDisagreement:
    """Second clock minus first, minutes, over the incidents that have both."""

    pairs: int
    median_minutes: float
    tenth_minutes: float
    ninetieth_minutes: float
    largest_minutes: float


# ---------------------------------------------------------------------------------------------------------- curves


def kaplan_meier(*, minutes: ArrayLike, arrived: ArrayLike) -> KaplanMeier:
    """The share still waiting, every wait that did not end in arrival censored (Kaplan & Meier 1958).

    For comparison with curves made so elsewhere; `cumulative_incidence` is the honest one wherever people leave.

    Args:
        minutes: waits, shape (n,), finite and not negative.
        arrived: True where the ambulance arrived, shape (n,).

    Raises:
        UnusableWaitsError: no waits, lengths that differ, or minutes that are negative or missing.
    """
    waits = checked_minutes(minutes)
    events = np.asarray(arrived, dtype=bool)
    check_same_length(waits, events)
    # scipy loads its parts when they are first named: pages that only need a wait's words are spared the statistics.
    survival = scipy.stats.ecdf(scipy.stats.CensoredData.right_censored(waits, ~events)).sf
    with warnings.catch_warnings():
        # Undefined limits at shares of 0 and 1 are documented as NaN, so the warning says nothing new.
        warnings.simplefilter("ignore", RuntimeWarning)
        limits = survival.confidence_interval(method="log-log")
    times = survival.quantiles
    at_risk = len(waits) - np.searchsorted(np.sort(waits), times, side="left")
    return KaplanMeier(
        minutes=times,
        at_risk=at_risk,
        waiting=survival.probabilities,
        lower=limits.low.probabilities,
        upper=limits.high.probabilities,
    )


def cumulative_incidence(*, minutes: ArrayLike, outcome: ArrayLike) -> CumulativeIncidence:
    """Aalen-Johansen incidence of arrived, left and declined (Aalen & Johansen 1978).

    Args:
        minutes: waits, shape (n,), finite and not negative.
        outcome: an `Outcome` or its text for each, shape (n,).

    Raises:
        UnusableWaitsError: no waits, lengths that differ, minutes negative or missing, or an outcome not known.
    """
    waits = checked_minutes(minutes)
    masks = outcome_masks(outcome)
    check_same_length(waits, masks[Outcome.ARRIVED])
    times, row = np.unique(waits, return_inverse=True)
    ended = {name: np.bincount(row[masks[name]], minlength=len(times)) for name in ENDINGS}
    leaving_risk_set = np.bincount(row, minlength=len(times))
    at_risk = leaving_risk_set[::-1].cumsum()[::-1]
    all_ended = sum(ended.values(), start=np.zeros(len(times), dtype=np.int64))

    waiting = np.cumprod(1.0 - all_ended / at_risk)
    before = np.concatenate(([1.0], waiting[:-1]))
    hazard_variance = _greenwood_terms(all_ended, at_risk)
    waiting_se = waiting * np.sqrt(np.cumsum(hazard_variance))
    incidence = {name: np.cumsum(before * ended[name] / at_risk) for name in ENDINGS}
    se = {name: _incidence_se(incidence[name], ended[name], at_risk, before, hazard_variance) for name in ENDINGS}
    limits = {name: _log_log_limits(incidence[name], se[name]) for name in ENDINGS}
    return CumulativeIncidence(
        minutes=times,
        at_risk=at_risk,
        ended={str(name): ended[name] for name in ENDINGS},
        waiting=waiting,
        waiting_se=waiting_se,
        incidence={str(name): incidence[name] for name in ENDINGS},
        se={str(name): se[name] for name in ENDINGS},
        lower={str(name): limits[name][0] for name in ENDINGS},
        upper={str(name): limits[name][1] for name in ENDINGS},
        calls=len(waits),
        events={str(name): int(masks[name].sum()) for name in Outcome},
    )


def _greenwood_terms(all_ended: NDArray[np.int64], at_risk: NDArray[np.int64]) -> NDArray[np.float64]:
    remaining = at_risk - all_ended
    # When the last one waiting ends, nothing is left to be uncertain about: the term multiplies a share of zero.
    return np.where(remaining > 0, all_ended / (at_risk * np.maximum(remaining, 1.0)), 0.0)


def _incidence_se(
    incidence: NDArray[np.float64],
    ended: NDArray[np.int64],
    at_risk: NDArray[np.int64],
    before: NDArray[np.float64],
    hazard_variance: NDArray[np.float64],
) -> NDArray[np.float64]:
    if incidence[-1] == 0:
        return np.zeros_like(incidence)
    # F(t) - F(t_j) is written as (remaining at t_j) - (remaining at t): the sums then lose no digits late in the
    # curve, where the hazard's variance is largest and these remainders are smallest.
    remaining = incidence[-1] - incidence
    first_order = before * ended / at_risk**2
    own = before**2 * ended * (at_risk - ended) / at_risk.astype(float) ** 3
    variance = (
        np.cumsum(remaining**2 * hazard_variance - 2 * remaining * first_order + own)
        - 2 * remaining * np.cumsum(remaining * hazard_variance - first_order)
        + remaining**2 * np.cumsum(hazard_variance)
    )
    # Exactly nothing is uncertain about a share of 0 or 1; the sums leave 1e-20 there, whose root would show.
    certain = (incidence == 0) | (incidence >= 1 - SHARE_TOLERANCE)
    return np.where(certain, 0.0, np.sqrt(np.maximum(variance, 0.0)))


def _log_log_limits(
    share: NDArray[np.float64], se: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    inside = (share > 0) & (share < 1 - SHARE_TOLERANCE)
    safe = np.where(inside, share, 0.5)
    power = _Z * se / (safe * -np.log(safe))
    lower = np.where(inside, safe ** np.exp(power), np.nan)
    upper = np.where(inside, safe ** np.exp(-power), np.nan)
    return lower, upper


# ------------------------------------------------------------------------------------------------ reading a curve


def arrival_quantile(*, curve: CumulativeIncidence, share: float) -> Quantile:
    """The time by which `share` of all calls had the ambulance, with its log-log interval.

    Args:
        curve: from `cumulative_incidence`.
        share: between 0 and 1: 0.5 for the median, 0.9 for the 90th centile.
    """
    arrived = Outcome.ARRIVED
    return Quantile(
        share=share,
        minutes=_first_time(curve.minutes, curve.incidence[arrived], share),
        lower=_first_time(curve.minutes, curve.upper[arrived], share),
        upper=_first_time(curve.minutes, curve.lower[arrived], share),
    )


def _first_time(minutes: NDArray[np.float64], share_by: NDArray[np.float64], share: float) -> float:
    reached = np.flatnonzero(share_by >= share - SHARE_TOLERANCE)
    return float(minutes[reached[0]]) if len(reached) else math.inf


def chance_by(*, curve: CumulativeIncidence, at_minutes: ArrayLike, outcome: Outcome = Outcome.ARRIVED) -> Chances:
    """The share of calls that had ended in `outcome` by each time, such as arrived by the target.

    Where the share is 0 or 1 the log-log interval is undefined and the exact binomial limit of those then still
    followed stands in for it.

    Args:
        curve: from `cumulative_incidence`.
        at_minutes: times, shape (k,) or one number.
        outcome: the ending asked about.
    """
    return _read_curve(curve, at_minutes, start=0.0, share=curve.incidence[outcome], se=curve.se[outcome])


def share_waiting(*, curve: CumulativeIncidence, at_minutes: ArrayLike = WAITING_MINUTES) -> Chances:
    """The share of calls still waiting after each time: no arrival, nobody left, not declined."""
    return _read_curve(curve, at_minutes, start=1.0, share=curve.waiting, se=curve.waiting_se)


def _read_curve(
    curve: CumulativeIncidence,
    at_minutes: ArrayLike,
    *,
    start: float,
    share: NDArray[np.float64],
    se: NDArray[np.float64],
) -> Chances:
    at = np.atleast_1d(np.asarray(at_minutes, dtype=float))
    row = np.searchsorted(curve.minutes, at, side="right")
    value = np.concatenate(([start], share))[row]
    lower, upper = _log_log_limits(value, np.concatenate(([0.0], se))[row])
    # Followed to this time: those at risk after it and those whose wait ended by then; the censored tell nothing.
    censored_before = np.concatenate(([0], np.cumsum(_leaving_censored(curve))))[row]
    followed = np.maximum(curve.calls - censored_before, 1)
    all_limit = 0.025 ** (1.0 / followed)
    none, everyone = value <= SHARE_TOLERANCE, value >= 1 - SHARE_TOLERANCE
    lower = np.where(none, 0.0, np.where(everyone, all_limit, lower))
    upper = np.where(none, 1.0 - all_limit, np.where(everyone, 1.0, upper))
    unknown = (at > curve.minutes[-1]) & (curve.waiting[-1] > SHARE_TOLERANCE)
    value, lower, upper = (np.where(unknown, np.nan, part) for part in (value, lower, upper))
    return Chances(minutes=at, value=value, lower=lower, upper=upper)


def _leaving_censored(curve: CumulativeIncidence) -> NDArray[np.int64]:
    out = curve.at_risk - np.concatenate((curve.at_risk[1:], [0]))
    return out - sum(curve.ended[name] for name in ENDINGS)


def restricted_mean(*, curve: CumulativeIncidence, to_minutes: float = 60.0) -> RestrictedMean:
    """Mean minutes within a window: the areas under `waiting` and under 1 - incidence of arrival, to `to_minutes`.

    Bounded by the window, so one wait of four hours cannot carry the figure and one that never ended still counts.
    Interval: normal, from the variance formula above with areas in place of shares.

    Raises:
        UnusableWaitsError: the window is not a positive number of minutes.
    """
    if not (math.isfinite(to_minutes) and to_minutes > 0):
        raise UnusableWaitsError(_("The window of a mean must be a number of minutes above zero: give one such as 60."))
    within = curve.minutes < to_minutes
    edges = np.concatenate(([0.0], curve.minutes[within], [to_minutes]))
    widths = np.diff(edges)
    at_risk = curve.at_risk[within]
    ended = curve.ended[Outcome.ARRIVED][within]
    hazard_variance = _greenwood_terms(sum(curve.ended[name] for name in ENDINGS)[within], at_risk)
    before = np.concatenate(([1.0], curve.waiting))[:-1][within]

    waiting = np.concatenate(([1.0], curve.waiting[within]))
    waiting_after = np.concatenate((np.cumsum((waiting * widths)[::-1])[::-1][1:], [0.0]))[:-1]
    waiting_variance = np.sum(waiting_after**2 * hazard_variance)

    arrived = np.concatenate(([0.0], curve.incidence[Outcome.ARRIVED][within]))
    arrived_after = np.cumsum((arrived * widths)[::-1])[::-1][1:]
    left_in_window = to_minutes - curve.minutes[within]
    # The area of F(t) - F(t_j) from t_j to the window's end, and what one more arrival at t_j adds directly.
    gained = arrived_after - arrived[1:] * left_in_window
    arrived_variance = np.sum(
        gained**2 * hazard_variance
        - 2 * gained * left_in_window * before * ended / at_risk**2
        + (left_in_window * before) ** 2 * ended * (at_risk - ended) / at_risk.astype(float) ** 3
    )
    return RestrictedMean(
        to_minutes=to_minutes,
        waiting=_within_window(float(np.sum(waiting * widths)), waiting_variance, to_minutes),
        without_ambulance=_within_window(to_minutes - float(np.sum(arrived * widths)), arrived_variance, to_minutes),
        beyond_follow_up=bool(curve.minutes[-1] < to_minutes and curve.waiting[-1] > SHARE_TOLERANCE),
    )


def _within_window(value: float, variance: float, to_minutes: float) -> Estimate:
    half = _Z * math.sqrt(max(variance, 0.0))
    return Estimate(value=value, lower=max(0.0, value - half), upper=min(to_minutes, value + half))


def summarise_waits(
    *, minutes: ArrayLike, outcome: ArrayLike, target_minutes: ArrayLike = (), longest: int = 10
) -> WaitSummary | CallsOnly:
    """Everything a page says about one group of waits; the count alone under `MINIMUM_TIMED` timed events.

    Args:
        minutes: waits, shape (n,), above zero (see `screen_waits`).
        outcome: an `Outcome` or its text for each, shape (n,).
        target_minutes: times to give the chance of arrival by, shape (k,).
        longest: how many of the longest waits to keep as points.

    Raises:
        UnusableWaitsError: as `cumulative_incidence`.
    """
    waits = np.asarray(minutes, dtype=float)
    if waits.size == 0:
        return CallsOnly(calls=0, timed=0)
    curve = cumulative_incidence(minutes=waits, outcome=outcome)
    if curve.timed < MINIMUM_TIMED:
        return CallsOnly(calls=curve.calls, timed=curve.timed)
    reached = _quantiles_among_arrived(waits[outcome_masks(outcome)[Outcome.ARRIVED]])
    return WaitSummary(
        curve=curve,
        median=arrival_quantile(curve=curve, share=_MEDIAN),
        ninetieth=arrival_quantile(curve=curve, share=_NINETIETH),
        median_arrived=reached[0],
        ninetieth_arrived=reached[1],
        within_target=chance_by(curve=curve, at_minutes=target_minutes),
        mean=restricted_mean(curve=curve),
        waiting=share_waiting(curve=curve),
        longest=_longest_waits(waits, np.asarray(outcome), longest),
    )


def _quantiles_among_arrived(waits: NDArray[np.float64]) -> tuple[Quantile, Quantile] | tuple[CallsOnly, CallsOnly]:
    if len(waits) < MINIMUM_TIMED:
        few = CallsOnly(calls=len(waits), timed=len(waits))
        return few, few
    curve = cumulative_incidence(minutes=waits, outcome=np.full(len(waits), str(Outcome.ARRIVED)))
    return arrival_quantile(curve=curve, share=_MEDIAN), arrival_quantile(curve=curve, share=_NINETIETH)


def _longest_waits(waits: NDArray[np.float64], outcome: NDArray, count: int) -> tuple[LongWait, ...]:
    kept = min(count, len(waits))
    if kept == 0:
        return ()
    rows = np.argpartition(waits, len(waits) - kept)[len(waits) - kept :]
    rows = rows[np.argsort(-waits[rows], kind="stable")]
    return tuple(LongWait(minutes=float(waits[row]), outcome=Outcome(str(outcome[row]))) for row in rows)


# --------------------------------------------------------------------------------------- what the clock does not say


def rounding_effect(
    *,
    minutes: ArrayLike,
    outcome: ArrayLike,
    recorded_to_minutes: ArrayLike = 1.0,
    rounding: Rounding = Rounding.NEAREST,
    target_minutes: ArrayLike = (),
) -> RoundingEffect:
    """The curve with each recorded time an interval, and how far that moves the median and the chance by the target.

    A whole number of minutes is an interval, not a point: eight arrivals "at 8" may be all inside a target of 8 minutes
    or half of them outside. Arrivals go to the start, then to the end, of their interval; other ends stay as recorded.

    Args:
        minutes: waits as recorded, shape (n,).
        outcome: an `Outcome` or its text for each, shape (n,).
        recorded_to_minutes: the step that times were recorded to, one number or shape (n,): 1 for whole minutes, 5
            where they heap on fives, 0 for exact.
        rounding: what a recorded number stands for.
        target_minutes: times to give the chance of arrival by, shape (k,).

    Raises:
        UnusableWaitsError: as `cumulative_incidence`, or a negative step.
    """
    waits = checked_minutes(minutes)
    step = np.broadcast_to(np.asarray(recorded_to_minutes, dtype=float), waits.shape)
    if not np.all(step >= 0):
        raise UnusableWaitsError(
            _("The step that minutes were recorded to cannot be negative: give 1 for whole minutes.")
        )
    before, after = {Rounding.NEAREST: (0.5, 0.5), Rounding.DOWN: (0.0, 1.0), Rounding.CLOCK: (1.0, 1.0)}[rounding]
    arrived = outcome_masks(outcome)[Outcome.ARRIVED]
    check_same_length(waits, arrived)
    curves = tuple(
        cumulative_incidence(minutes=np.maximum(waits + np.where(arrived, shift, 0.0), 0.0), outcome=outcome)
        for shift in (-before * step, np.zeros_like(step), after * step)
    )
    targets = np.atleast_1d(np.asarray(target_minutes, dtype=float))
    median, ninetieth = (
        tuple(arrival_quantile(curve=curve, share=share).minutes for curve in curves) for share in (_MEDIAN, _NINETIETH)
    )
    return RoundingEffect(
        earliest=curves[0],
        recorded=curves[1],
        latest=curves[2],
        median_minutes=median,
        ninetieth_minutes=ninetieth,
        target_minutes=targets,
        within_target=tuple(chance_by(curve=curve, at_minutes=targets).value for curve in curves),
    )


def leaving_bounds(*, minutes: ArrayLike, outcome: ArrayLike, latest_known_minutes: ArrayLike) -> LeavingBounds:
    """Curves for the two extremes where someone left and no form says when; the time is bounded, never guessed.

    The share still waiting lies between the two. With no censoring the incidence of arrival is the same in both:
    whoever left was not reached, whenever they went.

    Args:
        minutes: waits, shape (n,), NaN where the person left at an unknown time.
        outcome: an `Outcome` or its text for each, shape (n,).
        latest_known_minutes: the latest the person can have left, such as when the ambulance came and found no one,
            shape (n,), read where `minutes` is NaN; NaN there means up to `LONGEST_PLAUSIBLE_MINUTES`.

    Raises:
        UnusableWaitsError: minutes missing where the person did not leave, or as `cumulative_incidence`.
    """
    waits = np.asarray(minutes, dtype=float)
    left = outcome_masks(outcome)[Outcome.LEFT]
    latest = np.asarray(latest_known_minutes, dtype=float)
    check_same_length(waits, left)
    check_same_length(waits, latest)
    unknown = np.isnan(waits)
    if np.any(unknown & ~left):
        raise UnusableWaitsError(_("Only the time of leaving may be missing: take out waits without a time first."))
    bound = np.where(np.isnan(latest), LONGEST_PLAUSIBLE_MINUTES, latest)
    return LeavingBounds(
        at_once=cumulative_incidence(minutes=np.where(unknown, 0.0, waits), outcome=outcome),
        latest=cumulative_incidence(minutes=np.where(unknown, bound, waits), outcome=outcome),
        unknown=int(unknown.sum()),
    )


def screen_waits(*, minutes: ArrayLike) -> ScreenedWaits:
    """Sort raw minutes, NaN where not recorded: zero is "already there", negative and over six hours are not waits."""
    waits = np.asarray(minutes, dtype=float)
    return ScreenedWaits(
        usable=(waits > 0) & (waits <= LONGEST_PLAUSIBLE_MINUTES),
        already_there=int(np.sum(waits == 0)),
        negative=int(np.sum(waits < 0)),
        too_long=int(np.sum(waits > LONGEST_PLAUSIBLE_MINUTES)),
        not_recorded=int(np.isnan(waits).sum()),
    )


def clock_disagreement(*, first_minutes: ArrayLike, second_minutes: ArrayLike) -> ClockDisagreement | CallsOnly:
    """How two clocks of the same incidents differ; the count alone under `MINIMUM_TIMED` incidents with both.

    Args:
        first_minutes: waits by the first clock, shape (n,), NaN where it has none.
        second_minutes: waits by the second, shape (n,).

    Raises:
        UnusableWaitsError: lengths that differ.
    """
    first, second = np.asarray(first_minutes, dtype=float), np.asarray(second_minutes, dtype=float)
    check_same_length(first, second)
    both = np.isfinite(first) & np.isfinite(second)
    apart = second[both] - first[both]
    if len(apart) < MINIMUM_TIMED:
        return CallsOnly(calls=len(first), timed=len(apart))
    tenth, median, ninetieth = np.quantile(apart, (0.1, 0.5, 0.9))
    return ClockDisagreement(
        pairs=len(apart),
        median_minutes=float(median),
        tenth_minutes=float(tenth),
        ninetieth_minutes=float(ninetieth),
        largest_minutes=float(apart[np.argmax(np.abs(apart))]),
    )
