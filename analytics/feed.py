"""The state of the feed behind the counts: how late records come, where none came, and backlogs entered in one go.

A silent feed and a quiet week look alike in a count, and a backlog looks like a spike when it is counted on the day it
was entered. Days are whole days on any integer scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

from analytics.estimate import Estimate, binomial_interval
from wording import NaloxoneWatchError, _, format_count

__all__ = [
    "BatchEntry",
    "EntryDelay",
    "FeedGap",
    "ReportingDelay",
    "TooFewDelaysError",
    "batch_entries",
    "entry_delay",
    "feed_gaps",
    "reporting_delay",
]

FloatArray = NDArray[np.float64]

# Fewer delays than this have no 90th centile.
FEWEST_DELAYS = 10

# Records of events younger than this are left out when delays are measured: of those, only the quick ones are known.
DELAY_MATURITY_DAYS = 28


class TooFewDelaysError(NaloxoneWatchError):
    """Too few records to say how late records come."""

    def __init__(self, *, given: int, needed: int) -> None:
        super().__init__(
            _(
                "{given} records are old enough to say how late records arrive; {needed} are needed. "
                "Set the reporting delay by hand until there are more."
            ).format(given=format_count(given), needed=format_count(needed))
        )


@dataclass(frozen=True, kw_only=True)
class ReportingDelay:
    """How late records come.

    `centile_days`: within how many days of the event the stated share of records has come; `last_scorable_day`: the
    latest day old enough to score; `entered_share[d]`: share of records that came within d days, to shrink the
    exposure of young days by.
    """

    centile_days: int
    last_scorable_day: int
    records: int
    entered_share: FloatArray


def reporting_delay(
    *, event_day: ArrayLike, recorded_day: ArrayLike, today: int, centile: float = 0.9
) -> ReportingDelay:
    """The `centile` of days from event to entry, of events at least four weeks old on `today`.

    Records entered after `today` are not known yet and left out. Raises TooFewDelaysError under 10 records.
    """
    events, recorded = np.asarray(event_day, dtype=np.int64), np.asarray(recorded_day, dtype=np.int64)
    old = (events <= today - DELAY_MATURITY_DAYS) & (recorded <= today)
    delays = np.sort(np.maximum(0, recorded[old] - events[old]))
    if len(delays) < FEWEST_DELAYS:
        raise TooFewDelaysError(given=len(delays), needed=FEWEST_DELAYS)
    days = int(np.quantile(delays, centile, method="inverted_cdf"))
    return ReportingDelay(
        centile_days=days,
        last_scorable_day=today - days,
        records=len(delays),
        entered_share=np.searchsorted(delays, np.arange(DELAY_MATURITY_DAYS + 1), side="right") / len(delays),
    )


@dataclass(frozen=True, kw_only=True)
class EntryDelay:
    """How many days lie between event and entry, in whole days; `before` records are entered before their event.

    `within[d]` is the share of records that were entered within d days, for each d asked for.
    """

    records: int
    before: int
    median: Estimate
    ninetieth: Estimate
    within: dict[int, Estimate]


def entry_delay(*, days: ArrayLike, within: tuple[int, ...] = (1, 7, 30)) -> EntryDelay:
    """Median, 90th centile and shares of the whole `days` from event to entry, with 95 % intervals.

    An entry dated before its event counts as none too late and is counted apart. A centile's interval is that between
    order statistics whose binomial probability covers it (David and Nagaraja 2003, Order Statistics, 7.1), open above
    (infinite) where there are too few records; a share's is exact (Clopper and Pearson 1934).
    """
    given = np.sort(np.asarray(days, dtype=np.int64))
    count = len(given)
    delays = np.maximum(given, 0)
    shares = {}
    for most in within:
        part = int(np.searchsorted(delays, most, side="right"))
        lower, upper = binomial_interval(part, count)
        shares[most] = Estimate(part / count if count else np.nan, float(lower), float(upper))
    return EntryDelay(
        records=count,
        before=int((given < 0).sum()),
        median=_centile(delays, 0.5),
        ninetieth=_centile(delays, 0.9),
        within=shares,
    )


def _centile(ordered: NDArray[np.int64], share: float) -> Estimate:
    """The value that `share` of the ordered values do not exceed, with its order-statistic interval."""
    count = len(ordered)
    if not count:
        return Estimate(np.nan, np.nan, np.nan)
    # P(X <= k) for X ~ binomial(count, share): the chance that the centile lies above the k-th value.
    chance = bdtr(np.arange(count + 1), count, share)
    low = int(np.searchsorted(chance, 0.025, side="right"))
    high = int(np.searchsorted(chance, 0.975)) + 1
    return Estimate(
        float(ordered[max(int(np.ceil(round(share * count, 9))) - 1, 0)]),
        float(ordered[low - 1]) if low else 0.0,
        float(ordered[high - 1]) if high <= count else np.inf,
    )


@dataclass(frozen=True, kw_only=True)
class FeedGap:
    """Days, both included, without any record, and how often chance alone would leave such a silence in the series."""

    first_day: int
    last_day: int
    chance: float


def feed_gaps(
    *, event_day: ArrayLike, first_day: int, today: int, dispersion: float = 1.0, largest_chance: float = 0.01
) -> tuple[FeedGap, ...]:
    """Silences too long for chance, in order of time; one that ends today is still open.

    Of n events spread evenly over T days, the silence before, between or after them lasts s days or more with
    probability (1 - s / T)^n, for each of the n + 1 silences; a silence is a gap when the expected number of such ones
    is at most `largest_chance`. With a `dispersion` phi above 1, n counts clumps, ln(phi) / (phi - 1) an event. A gap
    is not a zero: scoring stops over it.
    """
    given = np.asarray(event_day, dtype=np.int64)
    given = given[(given >= first_day) & (given <= today)]
    clumps = len(given) * (np.log(dispersion) / (dispersion - 1) if dispersion > 1 else 1.0)
    edges = [first_day - 1, *np.unique(given).tolist(), today + 1]
    gaps = []
    for before, after in pairwise(edges):
        chance = min(1.0, (clumps + 1) * (1 - (after - before - 1) / (today - first_day + 1)) ** clumps)
        if chance <= largest_chance:
            gaps.append(FeedGap(first_day=before + 1, last_day=after - 1, chance=chance))
    return tuple(gaps)


# A day on which this many late records for different days are entered is someone working off a backlog.
FEWEST_LATE_RECORDS = 3


@dataclass(frozen=True, kw_only=True)
class BatchEntry:
    """A day on which a backlog was entered: its records, how many of them late, and the days they are about."""

    recorded_day: int
    records: int
    late_records: int
    first_event_day: int
    last_event_day: int


def batch_entries(*, event_day: ArrayLike, recorded_day: ArrayLike, usual_delay_days: int) -> tuple[BatchEntry, ...]:
    """Days on which a backlog was entered: records later than `usual_delay_days`, about three different days or more.

    `usual_delay_days` is `reporting_delay(...).centile_days`. Late records about a single day are one incident
    reported late, not a batch.
    """
    events, recorded = np.asarray(event_day, dtype=np.int64), np.asarray(recorded_day, dtype=np.int64)
    late = recorded - events > usual_delay_days
    batches = []
    for entered in np.unique(recorded[late]):
        of_day = recorded == entered
        late_days = np.unique(events[of_day & late])
        if len(late_days) >= FEWEST_LATE_RECORDS:
            batches.append(
                BatchEntry(
                    recorded_day=int(entered),
                    records=int(of_day.sum()),
                    late_records=int((of_day & late).sum()),
                    first_event_day=int(events[of_day].min()),
                    last_event_day=int(events[of_day].max()),
                )
            )
    return tuple(batches)
