"""One day's score: what would be raised on a day, by the records that were known on it.

The space-time scan decides (analytics.scan, expectation-based); the permutation scan says whether volume is up
everywhere. A cluster is an alert from `alert_recurrence_days` on (1 / p, one look a day) and a watch from
`watch_recurrence_days` on. What an area should expect comes from its own history, counted against an exposure:

    exposure(day, area) = carrier-days(day, area) x share of records that have come by the age of the day
                          x 0 on the days of a feed gap, in which a count of none means nothing

so that more carriers, late records and a silent feed are not taken for a change. While the feed is silent nothing is
scored, and the score says so. The same records, rules and day give the same score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analytics.feed import FeedGap, ReportingDelay, TooFewDelaysError, feed_gaps, reporting_delay
from analytics.scan import Cluster, SpaceTimeScan, exceedances_that_rule_out, same_cluster, space_time_scan
from analytics.spikes import gamma_poisson_limit
from wording import NaloxoneWatchError, _, format_count

__all__ = [
    "RULE_VERSION",
    "AlertRules",
    "AreaSeries",
    "DayScore",
    "FoundCluster",
    "TooLittleHistoryError",
    "WeeklyBand",
    "agreement",
    "carrier_exposure",
    "merge_clusters",
    "score_day",
    "score_days",
    "weekly_band",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RULE_VERSION = "1"
"""Stored with every alert; raised whenever the same records would give another score."""

# Under a quarter of a year of records nothing says what is usual, least of all the season.
FEWEST_HISTORY_DAYS = 91

# A silence is a feed gap when one as long is expected at most this often in a year: by chance once in ten years. While
# it lasts there is nothing that could be raised, so a suspension costs little.
GAP_CHANCE_A_YEAR = 0.1
DAYS_PER_YEAR = 365
DAYS_PER_WEEK = 7

# A record may come on the day itself even where none did before.
SMALLEST_ENTERED_SHARE = 0.05

# Chance that an unchanged independent stream has as many: agreement is looked at once an alert, not searched for.
AGREEMENT_CHANCE = 0.05
PRIOR_EVENTS = 0.5

# How far from its base a carrier is usually met with: with this spread 40 % of a carrier's days fall within 10 km.
CARRIER_SPREAD_M = 10_000.0


class TooLittleHistoryError(NaloxoneWatchError):
    """The records begin too late to say what is usual."""

    def __init__(self, *, days: int) -> None:
        super().__init__(
            _(
                "There are {days} days of records before this day, and {needed} are needed to say what is usual. "
                "Import earlier records, or wait."
            ).format(days=format_count(max(days, 0)), needed=format_count(FEWEST_HISTORY_DAYS))
        )


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """What makes an alert. The defaults are calibrated: about one alert a year, at most, when nothing changes."""

    max_radius_m: float = 8_000.0
    max_window_days: int = 7
    min_cases: int = 3
    replicates: int = 9_999
    alert_recurrence_days: float = 365.0
    watch_recurrence_days: float = 100.0
    history_days: int = 730
    seed: int = 20_250_509


@dataclass(frozen=True, kw_only=True)
class AreaSeries:
    """Events by small area and day, one entry an event; places of the areas in metres.

    `recorded_day` is when the event became known (its own day where that is not recorded, and then `delay_known` is
    false); `first_day` is when the records begin; `carrier_days` (days from `first_day` on x areas) or None. Days are
    whole days on any integer scale. An area of -1 is not known: only `weekly_band` of the whole takes such events.
    """

    area: IntArray
    day: IntArray
    recorded_day: IntArray
    delay_known: bool
    easting_m: FloatArray
    northing_m: FloatArray
    first_day: int
    carrier_days: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class FoundCluster:
    """A cluster on the day it was scored. `at_least`: the recurrence interval is only known to be longer.

    `volume_is_up`: the permutation scan sees nothing there, so volume is up everywhere; None where it was not asked.
    """

    locations: tuple[int, ...]
    first_day: int
    last_day: int
    observed: int
    expected: float
    recurrence_days: float
    at_least: bool
    is_alert: bool
    volume_is_up: bool | None
    radius_m: float


@dataclass(frozen=True, kw_only=True)
class DayScore:
    """What a day's records say: clusters, best first, or the open feed gap that suspends scoring.

    `delay` is None where entry times are too few; `gaps` are the silences left out of the history.
    """

    day: int
    known_day: int
    found: tuple[FoundCluster, ...]
    suspended: FeedGap | None
    delay: ReportingDelay | None
    gaps: tuple[FeedGap, ...]
    dispersion: float
    replicates: int
    seed: int


def score_day(
    series: AreaSeries, *, day: int, rules: AlertRules, known_day: int | None = None, cross_check: bool = True
) -> DayScore:
    """Score `day` by what was known at the end of `known_day` (the same day unless given).

    Raises TooLittleHistoryError under 91 days of records before the day.
    """
    known_day = day if known_day is None else max(known_day, day)
    if day - series.first_day < FEWEST_HISTORY_DAYS:
        raise TooLittleHistoryError(days=day - series.first_day)
    known = (series.recorded_day <= known_day) & (series.day <= day) & (series.day >= series.first_day)
    area, event_day = series.area[known], series.day[known]
    delay = _delay(series, known_day)
    first_day = max(series.first_day, day - rules.history_days + 1)
    gaps = feed_gaps(
        event_day=event_day,
        first_day=max(series.first_day, day - DAYS_PER_YEAR + 1),
        today=day,
        largest_chance=GAP_CHANCE_A_YEAR,
    )
    suspended = next((gap for gap in gaps if gap.last_day == day), None)
    nothing = DayScore(
        day=day,
        known_day=known_day,
        found=(),
        suspended=suspended,
        delay=delay,
        gaps=gaps,
        dispersion=1.0,
        replicates=0,
        seed=rules.seed,
    )
    inside = event_day >= first_day
    if suspended or int((event_day[inside] > day - rules.max_window_days).sum()) < rules.min_cases:
        return nothing
    scan = _scan(
        series,
        area[inside],
        event_day[inside],
        day=day,
        first_day=first_day,
        rules=rules,
        exposure=_exposure(series, first_day, day, known_day, delay, gaps),
    )
    kept = [cluster for cluster in scan if cluster.recurrence_days >= rules.watch_recurrence_days]
    if not kept:
        return nothing
    checked = _permutation(series, area[inside], event_day[inside], day, rules) if cross_check else None
    return DayScore(
        day=day,
        known_day=known_day,
        found=tuple(_found(cluster, scan, checked, rules) for cluster in kept),
        suspended=None,
        delay=delay,
        gaps=gaps,
        dispersion=scan.dispersion,
        replicates=scan.replicates,
        seed=rules.seed,
    )


def score_days(
    series: AreaSeries,
    *,
    first_day: int,
    last_day: int,
    rules: AlertRules,
    lag_days: int | None = 0,
    cross_check: bool = False,
    on_day: Callable[[int], None] | None = None,
) -> Iterator[DayScore]:
    """Score day after day, each as it was known `lag_days` later (None: as known on the last day); nothing looks ahead.

    Days with too little history before them are left out.
    """
    for day in range(max(first_day, series.first_day + FEWEST_HISTORY_DAYS), last_day + 1):
        known_day = last_day if lag_days is None else min(day + lag_days, last_day)
        yield score_day(series, day=day, rules=rules, known_day=known_day, cross_check=cross_check)
        if on_day is not None:
            on_day(day)


def merge_clusters(scores: Iterator[DayScore] | list[DayScore]) -> list[list[tuple[int, FoundCluster]]]:
    """The clusters of many days, those that are one put together: (day scored, cluster), in order of first raising.

    Two are one when they share an area and the later window starts by the end of what was seen before (plus a window
    that touches it): one ongoing cluster is one alert with a history.
    """
    merged: list[list[tuple[int, FoundCluster]]] = []
    for score in scores:
        for cluster in score.found:
            same = next(
                (group for group in merged if any(same_cluster(earlier, cluster) for _day, earlier in group)), None
            )
            if same is None:
                merged.append([(score.day, cluster)])
            else:
                same.append((score.day, cluster))
    return merged


def agreement(
    series: AreaSeries, *, locations: tuple[int, ...], first_day: int, last_day: int, rules: AlertRules
) -> tuple[int, float, bool]:
    """Another stream in an alert's areas and days: events, expected, and whether that is more than chance.

    The expectation is the areas' own history of the stream, Gamma distributed with half an event of prior; more than
    chance: the negative binomial predictive probability of as many is 0.05 or less.
    """
    here = np.isin(series.area, locations)
    start = max(series.first_day, first_day - rules.history_days)
    history_days = first_day - start
    if history_days < FEWEST_HISTORY_DAYS:
        raise TooLittleHistoryError(days=history_days)
    before = int((here & (series.day >= start) & (series.day < first_day)).sum())
    events = int((here & (series.day >= first_day) & (series.day <= last_day)).sum())
    window_days = last_day - first_day + 1
    shape = before + PRIOR_EVENTS
    chance = float(stats.nbinom.sf(events - 1, shape, history_days / (history_days + window_days)))
    return events, shape / history_days * window_days, events > 0 and chance <= AGREEMENT_CHANCE


@dataclass(frozen=True, kw_only=True)
class WeeklyBand:
    """Weekly counts (weeks,) beside what was usual: `first_days` are the weeks' first days, oldest first.

    `limit` is the count that an unchanged rate exceeds in one week in a hundred; it and `expected` are NaN where there
    is less than a year of records before.
    """

    first_days: IntArray
    counts: IntArray
    expected: FloatArray
    limit: FloatArray
    alarm: NDArray[np.bool_]


def weekly_band(
    series: AreaSeries, *, locations: Sequence[int] | None, last_day: int, weeks_shown: int, dispersion: float = 1.0
) -> WeeklyBand:
    """Weeks that end on `last_day`, in some areas or (None) the whole, with the Gamma-Poisson limit of the year before.

    The last four weeks before each are left out, so that a rise does not hide itself; weeks of carrier-days and of
    records that have come by now are the exposure where known.
    """
    weeks = (last_day - series.first_day + 1) // DAYS_PER_WEEK
    start = last_day + 1 - weeks * DAYS_PER_WEEK
    here = (series.day >= start) & (series.day <= last_day)
    chosen = np.arange(len(series.easting_m)) if locations is None else np.asarray(locations, dtype=np.int64)
    if locations is not None:
        here &= np.isin(series.area, chosen)
    counts = np.bincount((series.day[here] - start) // DAYS_PER_WEEK, minlength=weeks)
    daily = _exposure(series, start, last_day, last_day, _delay(series, last_day), ())[:, chosen].sum(axis=1)
    exposure = np.maximum(daily.reshape(weeks, DAYS_PER_WEEK).sum(axis=1), 1e-9)
    back, left_out = 52, 4
    alarms = gamma_poisson_limit(
        counts=counts,
        score_from=max(0, weeks - weeks_shown),
        weeks=back,
        weeks_excluded=left_out,
        dispersion=dispersion,
        exposure=exposure,
    )
    events = np.concatenate([[0], np.cumsum(counts)])
    known = np.concatenate([[0.0], np.cumsum(exposure)])
    first = np.maximum(alarms.index - left_out - back, 0)
    end = np.minimum(first + back, weeks)
    rate = (PRIOR_EVENTS + events[end] - events[first]) / (known[end] - known[first])
    enough = alarms.index - left_out - back >= 0
    return WeeklyBand(
        first_days=start + alarms.index * DAYS_PER_WEEK,
        counts=counts[alarms.index],
        expected=np.where(enough, rate * exposure[alarms.index], np.nan),
        limit=alarms.upper_bound,
        alarm=alarms.alarm,
    )


def carrier_exposure(
    *,
    day: IntArray,
    base_easting_m: FloatArray,
    base_northing_m: FloatArray,
    carriers: FloatArray,
    easting_m: FloatArray,
    northing_m: FloatArray,
    days: int,
) -> FloatArray:
    """Carrier-days by day and area (days x areas): each base's carriers spread over the areas around it.

    Rows (n) are a day (0 to days - 1) and a base with so many carriers; NaN places spread evenly over the force. The
    spread falls off as a Gaussian of 10 km and each carrier's day is shared out whole.
    """
    exposure = np.zeros((days, len(easting_m)))
    bases, which = np.unique(np.column_stack([base_easting_m, base_northing_m]), axis=0, return_inverse=True)
    distance_m = np.hypot(bases[:, :1] - easting_m, bases[:, 1:] - northing_m)
    weight = np.exp(-0.5 * (distance_m / CARRIER_SPREAD_M) ** 2)
    unplaced = ~np.isfinite(weight).all(axis=1) | (weight.sum(axis=1) == 0)
    weight[unplaced] = 1.0
    weight /= weight.sum(axis=1, keepdims=True)
    by_base = np.zeros((days, len(bases)))
    np.add.at(by_base, (day, which.ravel()), carriers)
    exposure += by_base @ weight
    return exposure


def _delay(series: AreaSeries, known_day: int) -> ReportingDelay | None:
    if not series.delay_known:
        return None
    try:
        return reporting_delay(event_day=series.day, recorded_day=series.recorded_day, today=known_day)
    except TooFewDelaysError:
        return None


def _exposure(
    series: AreaSeries,
    first_day: int,
    day: int,
    known_day: int,
    delay: ReportingDelay | None,
    gaps: tuple[FeedGap, ...],
) -> FloatArray:
    days = np.arange(first_day, day + 1)
    exposure = (
        np.ones((len(days), len(series.easting_m)))
        if series.carrier_days is None
        else series.carrier_days[days - series.first_day].copy()
    )
    # A force whose first carriers are not recorded still gave naloxone then: no day counts for nothing.
    nobody = ~(exposure.sum(axis=1) > 0)
    if nobody.any() and not nobody.all():
        exposure[nobody] = exposure[~nobody][0]
    if delay is not None:
        age = np.minimum(known_day - days, len(delay.entered_share) - 1)
        exposure *= np.maximum(delay.entered_share[age], SMALLEST_ENTERED_SHARE)[:, None]
    for gap in gaps:
        exposure[(days >= gap.first_day) & (days <= gap.last_day)] = 0.0
    return exposure


def _scan(
    series: AreaSeries,
    area: IntArray,
    event_day: IntArray,
    *,
    day: int,
    first_day: int,
    rules: AlertRules,
    exposure: FloatArray,
) -> SpaceTimeScan:
    return space_time_scan(
        location_index=area,
        day=event_day,
        count=np.ones(len(area), dtype=np.int64),
        easting_m=series.easting_m,
        northing_m=series.northing_m,
        model="expectation",
        max_radius_m=rules.max_radius_m,
        max_window_days=rules.max_window_days,
        min_cases=rules.min_cases,
        replicates=rules.replicates,
        seed=rules.seed,
        today=day,
        first_day=first_day,
        exposure=exposure,
        stop_at_exceedances=exceedances_that_rule_out(
            replicates=rules.replicates, recurrence_days=rules.watch_recurrence_days
        ),
    )


def _permutation(series: AreaSeries, area: IntArray, event_day: IntArray, day: int, rules: AlertRules) -> SpaceTimeScan:
    return space_time_scan(
        location_index=area,
        day=event_day,
        count=np.ones(len(area), dtype=np.int64),
        easting_m=series.easting_m,
        northing_m=series.northing_m,
        model="permutation",
        max_radius_m=rules.max_radius_m,
        max_window_days=rules.max_window_days,
        min_cases=rules.min_cases,
        replicates=min(rules.replicates, 999),
        seed=rules.seed,
        today=day,
    )


# The cross-check is looked at where the first scan has found something already: one in twenty is enough.
CROSS_CHECK_CHANCE = 0.05


def _found(cluster: Cluster, scan: SpaceTimeScan, checked: SpaceTimeScan | None, rules: AlertRules) -> FoundCluster:
    members = set(cluster.locations)
    agrees = checked is not None and any(
        other.p_value <= CROSS_CHECK_CHANCE and not members.isdisjoint(other.locations) for other in checked
    )
    return FoundCluster(
        locations=cluster.locations,
        first_day=cluster.first_day,
        last_day=cluster.last_day,
        observed=cluster.observed,
        expected=cluster.expected,
        recurrence_days=cluster.recurrence_days,
        at_least=cluster.p_value <= 1 / (scan.replicates + 1) * (1 + 1e-9),
        is_alert=cluster.recurrence_days >= rules.alert_recurrence_days,
        volume_is_up=None if checked is None else not agrees,
        radius_m=cluster.radius_m,
    )
