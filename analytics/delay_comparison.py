"""Whether one group of calls waited longer than another, with rurality and hour held equal.

Each group's Aalen-Johansen incidence of arrival (see `analytics.delay`) is standardised to the strata of both groups
together: a call of group g in stratum s weighs N_s / n_gs, with N_s calls of both groups in the stratum and n_gs of its
own. The difference of medians and of 90th centiles, in minutes, has a bootstrap interval (Efron & Tibshirani 1993,
percentile) from resampling calls within each group and stratum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.waits import (
    MINIMUM_TIMED,
    Outcome,
    UnusableWaitsError,
    check_same_length,
    checked_minutes,
    minute_words,
    outcome_masks,
)
from wording import _, format_count, ngettext

__all__ = ["Difference", "Verdict", "WaitComparison", "compare_waits"]

_SHARES = (0.5, 0.9)
# Weighted shares are sums of up to a million parts.
_SUM_TOLERANCE = 1e-9
# Replicates. The ends of a 95 % interval then rest on 50 draws each.
_REPLICATES = 2_000
# Distinct times kept in the bootstrap. Equal shares of the calls are merged above it: 1/1,000 of the curve, under the
# standard error of any file small enough to need a bootstrap.
_BOOTSTRAP_TIMES = 1_000
# Numbers held at once by a block of replicates (8 bytes each).
_BLOCK_NUMBERS = 2_000_000


class Verdict(StrEnum):
    """What the data say about a difference."""

    LONGER = "longer"
    SHORTER = "shorter"
    NO_LARGE_DIFFERENCE = "no large difference"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Difference:
    """Exposed minus other at one centile, minutes, strata weighted alike.

    Infinite where one group never reaches the centile, NaN where neither does or the calls are too few. `calls` is the
    smaller group's count of calls that the centile rests on, `calls_needed` what it takes.
    """

    share: float
    exposed_minutes: float
    other_minutes: float
    minutes: float
    lower: float
    upper: float
    verdict: Verdict
    calls: int
    calls_needed: int

    @property
    def sentence(self) -> str:
        """The verdict in words, to follow the name of the group."""
        if self.verdict is Verdict.CANNOT_TELL:
            return self._doubt
        if self.verdict is Verdict.NO_LARGE_DIFFERENCE:
            largest = max(abs(self.lower), abs(self.upper))
            return _("no difference larger than {minutes} minutes is compatible").format(minutes=minute_words(largest))
        low, high = sorted((abs(self.lower), abs(self.upper)))
        longer = self.verdict is Verdict.LONGER
        if math.isinf(low):
            return (
                _("longer: only the others reach this centile")
                if longer
                else _("shorter: only these reach this centile")
            )
        if math.isinf(high):
            sentence = _("longer by at least {low} minutes") if longer else _("shorter by at least {low} minutes")
            return sentence.format(low=minute_words(low))
        sentence = _("longer by {low} to {high} minutes") if longer else _("shorter by {low} to {high} minutes")
        return sentence.format(low=minute_words(low), high=minute_words(high))

    @property
    def _doubt(self) -> str:
        if self.calls < self.calls_needed:
            sentence = ngettext("cannot tell: {count} call", "cannot tell: {count} calls", self.calls)
            return sentence.format(count=format_count(self.calls))
        if math.isnan(self.minutes):
            return _("cannot tell: neither group reaches this centile")
        if math.isinf(self.lower) or math.isinf(self.upper):
            return _("cannot tell: too few of the calls reach this centile")
        return _("cannot tell: from {low} minutes shorter to {high} minutes longer is compatible").format(
            low=minute_words(-self.lower), high=minute_words(self.upper)
        )


@dataclass(frozen=True)
class WaitComparison:
    """Two groups of waits compared within strata.

    `median` and `ninetieth` are of all calls, `median_arrived` and `ninetieth_arrived` of those the ambulance reached.
    `outside` counts the calls in strata that only one group has: they cannot be compared and are left out.
    """

    exposed_calls: int
    other_calls: int
    exposed_timed: int
    other_timed: int
    outside: int
    strata: int
    replicates: int
    seed: int
    median: Difference
    ninetieth: Difference
    median_arrived: Difference
    ninetieth_arrived: Difference


def compare_waits(
    *,
    minutes: ArrayLike,
    outcome: ArrayLike,
    exposed: ArrayLike,
    strata: Sequence[ArrayLike] = (),
    replicates: int = _REPLICATES,
    seed: int = 1,
) -> WaitComparison:
    """How much longer the exposed waited, at the median and the 90th centile, within the same strata.

    Both groups' curves are standardised to the strata of the two together (each call weighs N_s / n_gs), so that a
    difference in rurality or hour is not taken for one in response. Interval: 2.5 and 97.5 % of resamples of the calls
    within each group and stratum. A centile that a resample never reaches counts as an infinite wait.

    The verdict is `cannot tell` where a group has too few calls, where neither reaches the centile, and where the
    interval holds both no difference and one as long as the other group's own centile: such an interval says nothing.
    Too few is under `MINIMUM_TIMED`, and for the 90th centile under 36: the longest of fewer calls falls short of the
    true centile more than 2.5 % of the time (0.9^35 = 0.025), so no resample can reach its upper limit.

    Args:
        minutes: waits, shape (n,).
        outcome: an `Outcome` or its text for each, shape (n,).
        exposed: True for the group asked about (police first on scene and naloxone given), shape (n,).
        strata: arrays of shape (n,) to hold equal, such as rurality and hour band.
        replicates: resamples.
        seed: of the resamples; the same seed gives the same answer.

    Raises:
        UnusableWaitsError: as `cumulative_incidence`, or fewer than one replicate.
    """
    waits = checked_minutes(minutes)
    masks = outcome_masks(outcome)
    is_exposed = np.asarray(exposed, dtype=bool)
    for column in (masks[Outcome.ARRIVED], is_exposed, *(np.asarray(part) for part in strata)):
        check_same_length(waits, column)
    if replicates < 1:
        raise UnusableWaitsError(_("An interval needs at least one resample: give a number such as 2,000."))
    stratum = _stratum_index(strata, len(waits))
    width = int(stratum.max()) + 1
    calls = np.stack([np.bincount(stratum[is_exposed == side], minlength=width) for side in (True, False)])
    shared = (calls > 0).all(axis=0)
    inside = shared[stratum]
    groups = (inside & is_exposed, inside & ~is_exposed)
    timed = [int(np.sum(rows & ~masks[Outcome.CENSORED])) for rows in groups]
    arrived = [int(np.sum(rows & masks[Outcome.ARRIVED])) for rows in groups]

    undrawn = np.full(4, np.nan), np.full((replicates, 4), np.nan)
    drawn = [undrawn, undrawn]
    if min(timed) >= MINIMUM_TIMED:
        rng = np.random.default_rng(seed)
        drawn = [
            _standardised_centiles(
                waits=waits[rows],
                arrived=masks[Outcome.ARRIVED][rows],
                censored=masks[Outcome.CENSORED][rows],
                stratum=stratum[rows],
                weight=calls.sum(axis=0),
                replicates=replicates,
                rng=rng,
            )
            for rows in groups
        ]
    differences = [
        _difference(
            share=share,
            calls=min(counts),
            observed=[observed[index] for observed, _resampled in drawn],
            resampled=[resampled[:, index] for _observed, resampled in drawn],
        )
        for index, (counts, share) in enumerate((counts, share) for counts in (timed, arrived) for share in _SHARES)
    ]
    return WaitComparison(
        exposed_calls=int(groups[0].sum()),
        other_calls=int(groups[1].sum()),
        exposed_timed=timed[0],
        other_timed=timed[1],
        outside=int(np.sum(~inside)),
        strata=int(shared.sum()),
        replicates=replicates,
        seed=seed,
        median=differences[0],
        ninetieth=differences[1],
        median_arrived=differences[2],
        ninetieth_arrived=differences[3],
    )


def _stratum_index(strata: Sequence[ArrayLike], rows: int) -> NDArray[np.int64]:
    index = np.zeros(rows, dtype=np.int64)
    for part in strata:
        names, code = np.unique(np.asarray(part), return_inverse=True)
        index = index * len(names) + code
    return np.unique(index, return_inverse=True)[1]


def _standardised_centiles(
    *,
    waits: NDArray[np.float64],
    arrived: NDArray[np.bool_],
    censored: NDArray[np.bool_],
    stratum: NDArray[np.int64],
    weight: NDArray[np.int64],
    replicates: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median and 90th centile of all, then of those reached: observed, shape (4,), and resampled, (replicates, 4)."""
    times, column = np.unique(waits, return_inverse=True)
    own = np.bincount(stratum, minlength=len(weight))
    call_weight = weight[stratum] / own[stratum]
    # Observed, from the times as they are.
    arrived_weight, ended_weight, total_weight = (
        np.bincount(column, call_weight * mask, len(times))[None, :]
        for mask in (arrived, ~censored, np.ones(len(waits)))
    )
    observed = _weighted_centiles(times, arrived_weight, ended_weight, total_weight)[0]

    if len(times) > _BOOTSTRAP_TIMES:
        edges = np.unique(np.quantile(waits, np.linspace(0, 1, _BOOTSTRAP_TIMES + 1)[1:], method="inverted_cdf"))
        column = np.searchsorted(edges, waits)
        times = edges
    # A cell is one stratum, time and kind of ending; a resample is a multinomial over a stratum's cells.
    kind = np.where(arrived, 0, np.where(censored, 2, 1))
    cells, count = np.unique((stratum * len(times) + column) * 3 + kind, return_counts=True)
    cell_kind, cell_column, cell_stratum = cells % 3, cells // 3 % len(times), cells // 3 // len(times)
    resampled = np.empty((replicates, 4))
    block = max(1, _BLOCK_NUMBERS // max(len(cells), 4 * len(times)))
    for first in range(0, replicates, block):
        size = min(block, replicates - first)
        arrived_weight, ended_weight, total_weight = (np.zeros((size, len(times))) for _part in range(3))
        for name in np.unique(cell_stratum):
            mine = cell_stratum == name
            drawn = rng.multinomial(own[name], count[mine] / own[name], size=size) * (weight[name] / own[name])
            columns, kinds = cell_column[mine], cell_kind[mine]
            # Within one kind a stratum has at most one cell a column, so fancy indexing adds each once.
            for which in range(3):
                of_kind = kinds == which
                total_weight[:, columns[of_kind]] += drawn[:, of_kind]
                if which < 2:
                    ended_weight[:, columns[of_kind]] += drawn[:, of_kind]
                if which == 0:
                    arrived_weight[:, columns[of_kind]] += drawn[:, of_kind]
        resampled[first : first + size] = _weighted_centiles(times, arrived_weight, ended_weight, total_weight)
    return observed, resampled


def _weighted_centiles(
    times: NDArray[np.float64],
    arrived: NDArray[np.float64],
    ended: NDArray[np.float64],
    total: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Centiles of the Aalen-Johansen curve of each row of weights, then of the curve over its end, shape (rows, 4)."""
    at_risk = np.cumsum(total[:, ::-1], axis=1)[:, ::-1]
    safe = np.where(at_risk > 0, at_risk, 1.0)
    waiting = np.cumprod(1.0 - ended / safe, axis=1)
    before = np.concatenate((np.ones((len(total), 1)), waiting[:, :-1]), axis=1)
    incidence = np.cumsum(before * arrived / safe, axis=1)
    levels = [np.full(len(total), share) for share in _SHARES] + [share * incidence[:, -1] for share in _SHARES]
    reached = np.stack([(incidence >= level[:, None] - _SUM_TOLERANCE) for level in levels], axis=1)
    reached &= incidence[:, None, -1:] > 0
    return np.where(reached.any(axis=2), times[reached.argmax(axis=2)], np.inf)


def _difference(
    *, share: float, calls: int, observed: Sequence[float], resampled: Sequence[NDArray[np.float64]]
) -> Difference:
    needed = max(MINIMUM_TIMED, math.ceil(math.log(0.025) / math.log(share)))
    exposed, other = (float(value) for value in observed)
    apart = lower = upper = math.nan
    if calls >= needed and (math.isfinite(exposed) or math.isfinite(other)):
        apart = exposed - other
        lower, upper = _difference_interval(*resampled)
    return Difference(
        share=share,
        exposed_minutes=exposed,
        other_minutes=other,
        minutes=apart,
        lower=lower,
        upper=upper,
        verdict=_verdict(apart, lower, upper, other),
        calls=calls,
        calls_needed=needed,
    )


def _difference_interval(exposed: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float]:
    neither = np.isinf(exposed) & np.isinf(other)
    # A resample in which neither group reaches the centile leaves the difference open to both sides.
    low = np.where(neither, -np.inf, exposed - np.where(neither, 0.0, other))
    high = np.where(neither, np.inf, exposed - np.where(neither, 0.0, other))
    return (
        float(np.quantile(low, 0.025, method="inverted_cdf")),
        float(np.quantile(high, 0.975, method="inverted_cdf")),
    )


def _verdict(apart: float, lower: float, upper: float, other: float) -> Verdict:
    if math.isnan(apart):
        return Verdict.CANNOT_TELL
    if lower > 0:
        return Verdict.LONGER
    if upper < 0:
        return Verdict.SHORTER
    if max(-lower, upper) >= other:
        return Verdict.CANNOT_TELL
    return Verdict.NO_LARGE_DIFFERENCE
