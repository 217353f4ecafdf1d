"""Space-time scans: is there a place where the last days hold more events than they should?

Zones are circles over small areas (a centre and its nearest neighbours, added one by one, the lower index first on
equal distance); windows are the last 1, 2, ... `max_window_days` days, all ending today. The most extreme zone and
window is compared with the most extreme one of simulated worlds in which nothing changed, so that looking in many
places at once is paid for.

* "expectation" (Neill, Moore, Sabhnani & Daniel 2005; negative binomial: Tango, Takahashi & Kohriyama 2011).
  Area i with H events in exposure E before the windows, force mean rate m = sum(H) / sum(E), a = 0.5, expects
  b = e (H + a) / (E + a / m) events at a window exposure e. Statistic c ln(c / b) + b - c where c > b, else 0.
  Simulated worlds draw the area's rate from its Gamma(H + a, E + a / m) distribution and the area's events in the
  window from a negative binomial of variance `dispersion` x mean, spread over the days as the exposure is.
* "permutation" (Kulldorff, Heffernan, Hartman, Assuncao & Mostashari 2005). mu = N_zone N_window / N, statistic
  c ln(c / mu) + (N - c) ln((N - c) / (N - mu)) where c > mu, else 0. Simulated worlds shuffle the days among the
  events, so a rise everywhere at once does not show: it is the cross-check of the first.

p = (1 + simulated worlds at least as extreme) / (1 + simulated worlds); recurrence interval = 1 / p days, for one look
a day. Secondary clusters are the best zones of other centres that share no area with a better one, and are compared
with the same simulated maxima.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from analytics.spikes import ordinary_weeks, pooled_dispersion
from wording import NaloxoneWatchError, _, format_count, join_words

__all__ = [
    "Cluster",
    "Extent",
    "ScanHistoryError",
    "ScanInputError",
    "SpaceTimeScan",
    "UnknownScanModelError",
    "exceedances_that_rule_out",
    "same_cluster",
    "space_time_scan",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MODELS = ("expectation", "permutation")

# Pseudo-events that draw an area's rate towards the force's mean rate. METHODS C: Jeffreys' half event.
PRIOR_EVENTS = 0.5

# One event is never a cluster, whatever was expected: SaTScan has the same lower limit.
FEWEST_CASES = 2

# The permutation statistic is not meant for a zone holding most of the events: Kulldorff (2005) stops at a half.
LARGEST_SHARE_OF_EVENTS = 0.5

# Share of the force's mean carrier-days that an area is given when it has fewer. Police give naloxone outside the
# area they are based in, so an area without carriers can still have an event; a zero would make it infinitely odd.
SMALLEST_EXPOSURE_SHARE = 0.01

# Statistics closer than this are equal: the same counts summed in another order.
STATISTIC_TOLERANCE = 1e-9

# Distances are compared to the micrometre, so that rounding does not order places that are equally far.
DISTANCE_DECIMALS = 6

# Simulated worlds handled at once: bounds the memory (about 100 MB) whatever the number of replicates.
EVENT_ZONE_PAIRS_AT_ONCE = 3_000_000
MOST_REPLICATES_AT_ONCE = 2_000

# The first handful of worlds; each next one is twice as large, so that stopping early pays.
FIRST_REPLICATES = 100

DAYS_PER_WEEK = 7

# Fewer weeks of history than this have no dispersion.
FEWEST_WEEKS = 2


class ScanInputError(NaloxoneWatchError):
    """The arrays or settings given to the scan do not fit together."""

    def __init__(self, problem: str) -> None:
        super().__init__(_("The space-time scan cannot start: {problem}").format(problem=problem))


class UnknownScanModelError(NaloxoneWatchError):
    """A model other than the two that exist."""

    def __init__(self, model: str) -> None:
        super().__init__(
            _("There is no space-time scan called “{model}”. Use one of {models}.").format(
                model=model, models=join_words(MODELS)
            )
        )


class ScanHistoryError(NaloxoneWatchError):
    """No day lies before the windows, so nothing says what to expect."""

    def __init__(self, max_window_days: int) -> None:
        super().__init__(
            _(
                "There is no history before the last {days} days, so nothing says how many events to expect. "
                "Import earlier records, or shorten the window."
            ).format(days=format_count(max_window_days))
        )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A zone and a window with more events than expected.

    `statistic` is the log-likelihood ratio; `recurrence_days` = 1 / `p_value`; `locations` are indices in order of
    distance from `centre`; `first_day` and `last_day` are both inside; `radius_m` reaches the furthest member.
    """

    statistic: float
    p_value: float
    recurrence_days: float
    locations: tuple[int, ...]
    first_day: int
    last_day: int
    observed: int
    expected: float
    centre: int
    radius_m: float


@dataclass(frozen=True, kw_only=True)
class SpaceTimeScan(Sequence[Cluster]):
    """The clusters, best first, and what is needed to get them again. Behaves as a sequence of its clusters.

    `replicates` is the number of simulated worlds made (fewer than asked for when stopped early), `dispersion` the
    variance-to-mean ratio of an area's simulated weeks (1 for the permutation model, which has none) and
    `one_day_share` the share of their clumps that fall on a single day.
    """

    clusters: tuple[Cluster, ...]
    model: str
    today: int
    replicates: int
    seed: int
    dispersion: float
    one_day_share: float

    @overload
    def __getitem__(self, index: int) -> Cluster: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Cluster, ...]: ...
    def __getitem__(self, index: int | slice) -> Cluster | tuple[Cluster, ...]:
        """The cluster at a rank, 0 the best."""
        return self.clusters[index]

    def __len__(self) -> int:
        """How many clusters there are."""
        return len(self.clusters)


def space_time_scan(
    *,
    location_index: ArrayLike,
    day: ArrayLike,
    count: ArrayLike,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    model: Literal["expectation", "permutation"],
    max_radius_m: float,
    max_window_days: int,
    min_cases: int,
    replicates: int,
    seed: int,
    today: int | None = None,
    exposure: ArrayLike | None = None,
    first_day: int | None = None,
    dispersion: float | None = None,
    stop_at_exceedances: int | None = None,
) -> SpaceTimeScan:
    """Scan the days up to `today` for clusters that are still going on.

    `location_index`, `day` and `count` (n) are rows of events: at which of the locations, on which whole day (any
    integer scale), how many; rows later than `today` are left out, so that past days can be scored without looking
    ahead. `easting_m` and `northing_m` (locations) place the areas; any unit does when `max_radius_m` has it too.
    `today` is the last day of the rows unless given; `first_day`, where the history starts, is the earliest day.

    `exposure` (days x locations) holds carrier-days for the expectation model (the permutation model, given its
    totals, has no use for it); without it, every area counts one a day. Row 0 is `first_day`; when that is not given,
    row d is day d if the rows reach `today` so counted, else the last row is `today`. `dispersion` is estimated from
    the history's weeks unless given.

    Only zones with at least `min_cases` (never fewer than 2) events count, in the data and in the simulated worlds.
    `stop_at_exceedances`, if given, stops simulating once so many worlds beat the best cluster (Besag & Clifford
    1991): enough to know that it is nothing, and quicker over many days.

    Raises UnknownScanModelError, ScanInputError, and ScanHistoryError where there is a candidate cluster but no
    earlier day. Source: the papers in the module's head.
    """
    if model not in MODELS:
        raise UnknownScanModelError(str(model))
    events = _Events.checked(location_index, day, count, len(np.atleast_1d(easting_m)), today, first_day)
    _check_settings(max_radius_m, max_window_days, replicates, dispersion)
    places = np.column_stack([np.atleast_1d(easting_m), np.atleast_1d(northing_m)]).astype(float)
    if not np.isfinite(places).all():
        raise ScanInputError(_("a location has no coordinates. Leave it out, or give it some."))
    smallest = max(int(min_cases), FEWEST_CASES)
    window = _Window(days=int(max_window_days), smallest=smallest)

    nothing = SpaceTimeScan(
        clusters=(),
        model=model,
        today=events.today,
        replicates=0,
        seed=seed,
        dispersion=dispersion or 1.0,
        one_day_share=0.0,
    )
    recent = events.recent(window.days)
    if int(recent.count.sum()) < smallest:
        return nothing
    zones = _Zones.around(places, float(max_radius_m))
    rng = np.random.default_rng(seed)
    null: _PermutationNull | _ExpectationNull
    if model == "permutation":
        null = _PermutationNull.given(events, window, zones)
    else:
        null = _ExpectationNull.given(events, window, zones, exposure, dispersion)
    score = _Score(zones=zones, window=window, null=null)
    candidates = score.best_per_centre(recent)
    if not len(candidates.statistic):
        return nothing
    maxima = _simulated_maxima(score, rng, replicates, stop_at_exceedances, candidates.statistic[0])
    return SpaceTimeScan(
        clusters=tuple(_without_overlap(candidates, zones, maxima, events.today)),
        model=model,
        today=events.today,
        replicates=len(maxima),
        seed=seed,
        dispersion=null.scatter.dispersion,
        one_day_share=null.scatter.one_day_share,
    )


def exceedances_that_rule_out(*, replicates: int, recurrence_days: float) -> int:
    """How many simulated worlds must beat the best cluster so that its recurrence interval cannot be this long.

    As `stop_at_exceedances`, it saves most of the work on quiet days and changes no verdict at `recurrence_days`.
    """
    return max(1, math.floor((1 + replicates) / recurrence_days))


class Extent(Protocol):
    """What has members and a window: a cluster, in whatever form."""

    @property
    def locations(self) -> tuple[int, ...]:
        """Indices of the members."""
        ...

    @property
    def first_day(self) -> int:
        """First day of the window."""
        ...

    @property
    def last_day(self) -> int:
        """Last day of the window."""
        ...


def same_cluster(earlier: Extent, later: Extent) -> bool:
    """Whether two days' clusters are one: they share an area, and the later window starts by the earlier's end.

    One ongoing cluster must be one alert with a history, not an alert a day.
    """
    return later.first_day <= earlier.last_day and not set(earlier.locations).isdisjoint(later.locations)


def _check_settings(max_radius_m: float, max_window_days: int, replicates: int, dispersion: float | None) -> None:
    if not max_radius_m >= 0:
        raise ScanInputError(_("the largest radius must be zero or more."))
    if max_window_days < 1:
        raise ScanInputError(_("the longest window must be at least one day."))
    if replicates < 1:
        raise ScanInputError(_("at least one replicate is needed; use 9,999."))
    if dispersion is not None and not dispersion >= 1:
        raise ScanInputError(_("the dispersion must be 1 or more."))


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The longest window in days, and the fewest events that make a cluster."""

    days: int
    smallest: int


@dataclass(frozen=True, kw_only=True)
class _Events:
    """Rows of events up to today, each with at least one event."""

    location: IntArray
    day: IntArray
    count: IntArray
    locations: int
    today: int
    first_day: int
    first_day_given: bool

    @classmethod
    def checked(
        cls,
        location_index: ArrayLike,
        day: ArrayLike,
        count: ArrayLike,
        locations: int,
        today: int | None,
        first_day: int | None,
    ) -> _Events:
        location = np.atleast_1d(np.asarray(location_index)).astype(np.int64)
        days = np.atleast_1d(np.asarray(day)).astype(np.int64)
        counts = np.atleast_1d(np.asarray(count)).astype(np.int64)
        if not location.shape == days.shape == counts.shape or location.ndim != 1:
            raise ScanInputError(_("locations, days and counts must have the same length."))
        if len(location) and (location.min() < 0 or location.max() >= locations):
            raise ScanInputError(_("an event is at a location that has no coordinates."))
        if len(counts) and counts.min() < 0:
            raise ScanInputError(_("a count is below zero."))
        if today is None:
            if not len(days):
                raise ScanInputError(_("there are no events, so the last day is not known. Give the last day."))
            today = int(days.max())
        start = int(first_day) if first_day is not None else int(days.min()) if len(days) else int(today)
        keep = (days <= today) & (days >= start) & (counts > 0)
        return cls(
            location=location[keep],
            day=days[keep],
            count=counts[keep],
            locations=locations,
            today=int(today),
            first_day=start,
            first_day_given=first_day is not None,
        )

    def recent(self, window_days: int) -> _Worlds:
        """The events of the longest window, as a single world."""
        age = self.today - self.day
        keep = age < window_days
        return _Worlds(
            world=np.zeros(int(keep.sum()), dtype=np.int64),
            location=self.location[keep],
            age=age[keep],
            count=self.count[keep],
            worlds=1,
        )


@dataclass(frozen=True, kw_only=True)
class _Worlds:
    """Events of the last days in one or many simulated worlds; age 0 is today."""

    world: IntArray
    location: IntArray
    age: IntArray
    count: IntArray
    worlds: int


@dataclass(frozen=True, kw_only=True)
class _Zones:
    """Every centre's neighbours in order of distance, end to end in one array of positions.

    Position p stands for the zone of `centre[p]` whose furthest member is `member[p]`; its other members are the
    positions from `start[centre]` up to p. `at` lists, location by location, the positions that it is the member of.
    """

    start: IntArray
    centre: IntArray
    member: IntArray
    distance_m: FloatArray
    at: IntArray
    at_start: IntArray

    @classmethod
    def around(cls, places: FloatArray, max_radius_m: float) -> _Zones:
        locations = len(places)
        pairs = cKDTree(places).query_pairs(max_radius_m, output_type="ndarray").astype(np.int64)
        own = np.arange(locations, dtype=np.int64)
        centre = np.concatenate([own, pairs[:, 0], pairs[:, 1]])
        member = np.concatenate([own, pairs[:, 1], pairs[:, 0]])
        distance_m = np.round(np.hypot(*(places[centre] - places[member]).T), DISTANCE_DECIMALS)
        # The centre comes first even where another location has the same coordinates.
        order = np.lexsort((member, centre != member, distance_m, centre))
        centre, member, distance_m = centre[order], member[order], distance_m[order]
        at = np.argsort(member, kind="stable")
        return cls(
            start=np.concatenate([[0], np.cumsum(np.bincount(centre, minlength=locations))]),
            centre=centre,
            member=member,
            distance_m=distance_m,
            at=at,
            at_start=np.concatenate([[0], np.cumsum(np.bincount(member, minlength=locations))]),
        )

    @property
    def rank(self) -> IntArray:
        """The number of members of each zone less one."""
        return np.arange(len(self.centre)) - self.start[self.centre]

    def totals(self, per_location: FloatArray) -> FloatArray:
        """The sum of a quantity (..., locations) over the members of every zone (..., positions)."""
        rank, widest = self.rank, int(np.diff(self.start).max())
        padded = np.zeros((*per_location.shape[:-1], len(self.start) - 1, widest))
        padded[..., self.centre, rank] = per_location[..., self.member]
        # Summed along each centre's own row: a running total over all centres would lose digits of small sums.
        return np.asarray(np.cumsum(padded, axis=-1)[..., self.centre, rank])


@dataclass(frozen=True, kw_only=True)
class _Scatter:
    """Variance-to-mean ratio of an area's weeks, and the share of its clumps that fall on a single day."""

    dispersion: float
    one_day_share: float

    @classmethod
    def of_history(cls, counts: FloatArray, exposure: FloatArray, dispersion: float | None) -> _Scatter:
        """Measured on the history's whole weeks, counted back from the windows, without its outbreaks.

        Excess variance is excess pairs: pairs of a one-day clump are all on one day, pairs of a clump spread over a
        week on one day one time in seven. So the excess of days over that of weeks tells the two apart.
        """
        weeks = len(counts) // DAYS_PER_WEEK
        if weeks < FEWEST_WEEKS:
            return cls(dispersion=dispersion or 1.0, one_day_share=0.0)
        shape = (weeks, DAYS_PER_WEEK, counts.shape[1])
        last = slice(len(counts) - weeks * DAYS_PER_WEEK, None)
        days, carried = counts[last].reshape(shape), exposure[last].reshape(shape)
        usual = ordinary_weeks(counts=days.sum(axis=1), exposure=carried.sum(axis=1))
        if usual.sum() < FEWEST_WEEKS:
            return cls(dispersion=dispersion or 1.0, one_day_share=0.0)
        days, carried = days[usual], carried[usual]
        by_day = pooled_dispersion(counts=days.reshape(-1, shape[2]), exposure=carried.reshape(-1, shape[2]))
        if dispersion is None:
            dispersion = pooled_dispersion(counts=days.sum(axis=1), exposure=carried.sum(axis=1))
        same_day = (by_day - 1) / (dispersion - 1) if dispersion > 1 else 0.0
        spread = 1 / DAYS_PER_WEEK
        return cls(dispersion=dispersion, one_day_share=float(np.clip((same_day - spread) / (1 - spread), 0, 1)))


@dataclass(frozen=True, kw_only=True)
class _PermutationNull:
    """Days shuffled among the events: who is recent changes, how many are recent on each day does not."""

    expected: FloatArray
    usable: NDArray[np.bool_]
    case_location: IntArray
    ages: IntArray
    events: int
    scatter: _Scatter

    @classmethod
    def given(cls, events: _Events, window: _Window, zones: _Zones) -> _PermutationNull:
        case_location = np.repeat(events.location, events.count)
        case_age = np.repeat(events.today - events.day, events.count)
        per_location = np.bincount(case_location, minlength=events.locations).astype(float)
        in_zone = zones.totals(per_location)
        ages = np.sort(case_age[case_age < window.days])
        in_window = np.searchsorted(ages, np.arange(window.days), side="right")
        total = len(case_location)
        return cls(
            expected=in_window[:, None] * in_zone / total,
            usable=in_zone <= LARGEST_SHARE_OF_EVENTS * total,
            case_location=case_location,
            ages=ages,
            events=total,
            scatter=_Scatter(dispersion=1.0, one_day_share=0.0),
        )

    @property
    def events_per_world(self) -> float:
        """How many recent events a world has."""
        return len(self.ages)

    def statistic(self, observed: FloatArray, expected: FloatArray) -> FloatArray:
        """The log-likelihood ratio; every observed must be positive."""
        rest = self.events - observed
        with np.errstate(divide="ignore", invalid="ignore"):
            outside = np.where(rest > 0, rest * np.log(rest / (self.events - expected)), 0.0)
        return np.where(observed > expected, observed * np.log(observed / expected) + outside, 0.0)

    def simulate(self, rng: np.random.Generator, worlds: int) -> _Worlds:
        """Choose, in every world, which events carry the recent days (a partial Fisher-Yates shuffle by columns)."""
        deck = np.tile(np.arange(self.events, dtype=np.int32), (worlds, 1))
        rows = np.arange(worlds)
        for slot in range(len(self.ages)):
            drawn = rng.integers(slot, self.events, size=worlds)
            deck[rows, slot], deck[rows, drawn] = deck[rows, drawn], deck[rows, slot].copy()
        chosen = deck[:, : len(self.ages)]
        return _Worlds(
            world=np.repeat(rows, len(self.ages)),
            location=self.case_location[chosen.ravel()],
            age=np.tile(self.ages, worlds),
            count=np.ones(chosen.size, dtype=np.int64),
            worlds=worlds,
        )


@dataclass(frozen=True, kw_only=True)
class _ExpectationNull:
    """Each area keeps the rate that its history gives, known no better than its history allows."""

    expected: FloatArray
    usable: NDArray[np.bool_]
    shape: FloatArray
    rate: FloatArray
    exposure_by_age: FloatArray
    scatter: _Scatter

    @classmethod
    def given(
        cls, events: _Events, window: _Window, zones: _Zones, exposure: ArrayLike | None, dispersion: float | None
    ) -> _ExpectationNull:
        by_day = _exposure_by_day(events, exposure)
        if len(by_day) <= window.days:
            raise ScanHistoryError(window.days)
        past, now = by_day[: -window.days], by_day[-window.days :]
        before = events.day <= events.today - window.days
        counts = np.zeros(past.shape)
        np.add.at(
            counts,
            (events.day[before] - (events.today + 1 - len(by_day)), events.location[before]),
            events.count[before],
        )
        history, history_exposure = counts.sum(axis=0), past.sum(axis=0)
        # A force without any event yet is given the prior's half event in all its history, not a rate of zero.
        mean_rate = (history.sum() or PRIOR_EVENTS) / history_exposure.sum()
        shape = history + PRIOR_EVENTS
        rate = 1 / (history_exposure + PRIOR_EVENTS / mean_rate)
        exposure_by_age = now[::-1]
        expected = np.cumsum(exposure_by_age, axis=0) * (shape * rate)
        return cls(
            expected=zones.totals(expected),
            usable=np.ones(len(zones.centre), dtype=bool),
            shape=shape,
            rate=rate,
            exposure_by_age=exposure_by_age,
            scatter=_Scatter.of_history(counts, past, dispersion),
        )

    @property
    def events_per_world(self) -> float:
        """How many recent events a world has on average."""
        return float((self.exposure_by_age.sum(axis=0) * self.shape * self.rate).sum())

    def statistic(self, observed: FloatArray, expected: FloatArray) -> FloatArray:
        """The log-likelihood ratio; every observed must be positive."""
        return np.where(observed > expected, observed * np.log(observed / expected) + expected - observed, 0.0)

    def simulate(self, rng: np.random.Generator, worlds: int) -> _Worlds:
        """Draw rates, then clumps of events in areas, then each event's day.

        A negative binomial of mean mu and variance phi mu is a Poisson number of clumps, mean mu ln(phi) / (phi - 1),
        whose sizes follow the logarithmic distribution with parameter 1 - 1 / phi (Quenouille 1949). The dispersion is
        measured on weeks, so a clump is a bad spell in an area, its events on days of their own, except for the share
        of clumps that the history has on one day.
        """
        excess = self.scatter.dispersion - 1
        clumps_per_event = np.log1p(excess) / excess if excess > 0 else 1.0
        exposure = self.exposure_by_age.sum(axis=0)
        # Poisson given a Gamma(shape) rate is negative binomial: one draw for both.
        mean_per_shape = exposure * self.rate * clumps_per_event
        clumps = rng.negative_binomial(self.shape, 1 / (1 + mean_per_shape), size=(worlds, len(self.shape)))
        world, location = np.nonzero(clumps)
        repeats = clumps[world, location]
        world, location = np.repeat(world, repeats), np.repeat(location, repeats)
        if excess > 0:
            size = rng.logseries(excess / self.scatter.dispersion, size=len(world))
            one_day = np.repeat(rng.random(len(world)) < self.scatter.one_day_share, size)
            first = np.repeat(np.cumsum(size) - size, size)
            world, location = np.repeat(world, size), np.repeat(location, size)
        shares = np.cumsum(self.exposure_by_age, axis=0) / exposure
        age = (rng.random(len(world)) > shares[:, location]).sum(axis=0)
        if excess > 0:
            age = np.where(one_day, age[first], age)
        return _Worlds(
            world=world,
            location=location,
            age=np.minimum(age, len(shares) - 1),
            count=np.ones(len(world), dtype=np.int64),
            worlds=worlds,
        )


def _exposure_by_day(events: _Events, exposure: ArrayLike | None) -> FloatArray:
    """Exposure of each day from the first of the history to today, with a floor."""
    if exposure is None:
        return np.ones((events.today - events.first_day + 1, events.locations))
    given = np.asarray(exposure, dtype=float)
    if given.ndim != 2 or given.shape[1] != events.locations:
        raise ScanInputError(_("the exposure must have one row a day and one column a location."))
    if not np.isfinite(given).all() or (given < 0).any():
        raise ScanInputError(_("the exposure must be zero or more on every day and at every location."))
    if events.first_day_given:
        first_row_day = events.first_day
    elif 0 <= events.today < len(given):
        first_row_day = 0
    else:
        first_row_day = events.today + 1 - len(given)
    until_today = given[: events.today - first_row_day + 1]
    if len(until_today) != events.today - first_row_day + 1:
        raise ScanInputError(_("the exposure ends before the last day. Give carrier-days up to the day scored."))
    if (events.day < first_row_day).any():
        raise ScanInputError(
            _("some events are older than the exposure. Leave them out, or give carrier-days for them.")
        )
    if not until_today.sum() > 0:
        raise ScanInputError(_("the exposure is zero everywhere. Leave it out if carrier-days are not known."))
    return np.asarray(np.maximum(until_today, SMALLEST_EXPOSURE_SHARE * until_today.mean(axis=1, keepdims=True)))


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """The best zone and window of every centre, best first."""

    statistic: FloatArray
    position: IntArray
    window_days: IntArray
    observed: IntArray
    expected: FloatArray


@dataclass(frozen=True, kw_only=True)
class _Score:
    """Scores every zone that can be the best one in each of many worlds.

    A zone whose furthest member has no event in the window is beaten by the smaller zone without that member, so only
    zones that end at an event are looked at: pairs of a recent event and a centre within reach of it.
    """

    zones: _Zones
    window: _Window
    null: _PermutationNull | _ExpectationNull

    def best_per_centre(self, world: _Worlds) -> _Candidates:
        """The candidates of a single world; of equal ones the smaller zone, the shorter window, the lower centre."""
        found = [(*part, window) for window, part in self._scored(world)]
        position, _world, observed, expected, statistic = (
            np.concatenate([part[column] for part in found]) for column in range(5)
        )
        window_days = np.concatenate([np.full(len(part[0]), part[5]) for part in found])
        kept = statistic > 0
        position, observed, expected, statistic, window_days = (
            values[kept] for values in (position, observed, expected, statistic, window_days)
        )
        centre, rank = self.zones.centre[position], self.zones.rank[position]
        rounded = np.round(statistic / STATISTIC_TOLERANCE)
        order = np.lexsort((window_days, rank, -rounded, centre))
        order = order[np.unique(centre[order], return_index=True)[1]]
        order = order[np.lexsort((centre[order], window_days[order], rank[order], -rounded[order]))]
        return _Candidates(
            statistic=statistic[order],
            position=position[order],
            window_days=window_days[order],
            observed=observed[order].astype(np.int64),
            expected=expected[order],
        )

    def maxima(self, worlds: _Worlds) -> FloatArray:
        """The best statistic of each world (worlds,), 0 where no zone has enough events."""
        best = np.zeros(worlds.worlds)
        for _window, (_position, world, _observed, _expected, statistic) in self._scored(worlds):
            np.maximum.at(best, world, statistic)
        return best

    def _scored(self, worlds: _Worlds) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """For each window: positions, worlds, observed, expected and statistics of the zones with enough events."""
        zones, days = self.zones, self.window.days
        reach = np.diff(zones.at_start)[worlds.location]
        pair = np.repeat(np.arange(len(reach)), reach)
        offset = np.arange(len(pair)) - np.repeat(np.cumsum(reach) - reach, reach)
        position = zones.at[zones.at_start[worlds.location][pair] + offset]
        group = worlds.world[pair] * (len(zones.start) - 1) + zones.centre[position]
        groups = worlds.worlds * (len(zones.start) - 1)
        enough = np.bincount(group, weights=worlds.count[pair], minlength=groups)[group] >= self.window.smallest
        pair, position = pair[enough], position[enough]
        # One integer orders by world, then centre, then distance; age and count ride along through the ordering.
        order = np.argsort(worlds.world[pair] * len(zones.centre) + position, kind="stable")
        pair, position = pair[order], position[order]
        world, age, count = worlds.world[pair], worlds.age[pair], worlds.count[pair]
        group = world * (len(zones.start) - 1) + zones.centre[position]
        first = np.flatnonzero(np.diff(group, prepend=-1))
        members = np.diff(np.append(first, len(group)))
        usable = self.null.usable[position]
        for window in range(1, days + 1):
            inside = age < window
            running = np.cumsum(np.where(inside, count, 0))
            before = np.repeat((running - np.where(inside, count, 0))[first], members)
            observed = running - before
            candidate = np.flatnonzero(inside & usable & (observed >= self.window.smallest))
            chosen, seen = position[candidate], observed[candidate].astype(float)
            expected = self.null.expected[window - 1, chosen]
            yield window, (chosen, world[candidate], seen, expected, self.null.statistic(seen, expected))


def _simulated_maxima(
    score: _Score, rng: np.random.Generator, replicates: int, stop_at_exceedances: int | None, best: float
) -> FloatArray:
    """The best statistic of each simulated world (replicates,), fewer when stopped early."""
    reach = max(1.0, score.null.events_per_world) * len(score.zones.centre) / (len(score.zones.start) - 1)
    most_at_once = int(np.clip(EVENT_ZONE_PAIRS_AT_ONCE / reach, 1, MOST_REPLICATES_AT_ONCE))
    at_once = min(FIRST_REPLICATES, most_at_once)
    parts: list[FloatArray] = []
    done = exceeding = 0
    while done < replicates:
        worlds = min(at_once, replicates - done)
        parts.append(score.maxima(score.null.simulate(rng, worlds)))
        done += worlds
        exceeding += int((parts[-1] >= best - STATISTIC_TOLERANCE).sum())
        if stop_at_exceedances is not None and exceeding >= stop_at_exceedances:
            break
        at_once = min(2 * at_once, most_at_once)
    return np.concatenate(parts)


def _without_overlap(candidates: _Candidates, zones: _Zones, maxima: FloatArray, today: int) -> Iterator[Cluster]:
    ordered = np.sort(maxima)
    taken: set[int] = set()
    for row, position in enumerate(candidates.position):
        centre = int(zones.centre[position])
        members = tuple(zones.member[zones.start[centre] : position + 1].tolist())
        if not taken.isdisjoint(members):
            continue
        taken.update(members)
        statistic = float(candidates.statistic[row])
        exceeding = len(ordered) - np.searchsorted(ordered, statistic - STATISTIC_TOLERANCE, side="left")
        p_value = float((1 + exceeding) / (1 + len(ordered)))
        yield Cluster(
            statistic=statistic,
            p_value=p_value,
            recurrence_days=1 / p_value,
            locations=members,
            first_day=today - int(candidates.window_days[row]) + 1,
            last_day=today,
            observed=int(candidates.observed[row]),
            expected=float(candidates.expected[row]),
            centre=centre,
            radius_m=float(zones.distance_m[position]),
        )
