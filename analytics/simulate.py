"""Forces with a known truth, to say how often the scan raises a false alert and how often it finds a true cluster.

A simulated force has areas on a square grid, each with a rate of its own (Gamma distributed, shape 2) per carrier-day;
the events of an area and day are Poisson, or negative binomial with variance `dispersion` x mean. Putting the extra
variance on single days in single areas is the hardest case for a rule that looks for clusters. Clusters are added on
top; a roll-out multiplies carriers and events alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from analytics.alert_rules import AlertRules, AreaSeries, FoundCluster, score_days
from analytics.estimate import binomial_interval, poisson_interval
from analytics.scan import same_cluster
from analytics.signatures import SignatureAlert, multiple_dose_alert, substance_alert
from wording import NaloxoneWatchError, _

__all__ = [
    "CalibrationRow",
    "EventRows",
    "PlantedCluster",
    "RollOut",
    "SimulatedForce",
    "SimulationError",
    "alerts_day_by_day",
    "calibrate",
    "new_alerts",
    "plant_cluster",
    "simulate_force",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DAYS_PER_WEEK = 7
DAYS_PER_YEAR = 365

# Areas differ: with this Gamma shape the busiest tenth has about twice the mean, as towns and their surroundings do.
RATE_SHAPE = 2.0

# Distance between neighbouring areas: postcode districts of a mixed force.
AREA_SPACING_M = 3_000.0

# Carriers on duty in an area on an ordinary day. Only its changes matter.
USUAL_CARRIERS = 10.0

# Days of history that a simulated force has before the first day scored.
HISTORY_DAYS = 730

# The planted cluster of METHODS C: five events in four days over neighbouring areas of a force with 40 a year.
PLANTED_EVENTS = 5
PLANTED_DAYS = 4
PLANTED_FORCE_EVENTS_PER_YEAR = 40
PLANTED_AREAS = 4


class SimulationError(NaloxoneWatchError):
    """A force that cannot be simulated."""

    def __init__(self, problem: str) -> None:
        super().__init__(_("The simulation cannot start: {problem}").format(problem=problem))


@dataclass(frozen=True, kw_only=True)
class PlantedCluster:
    """A cluster added on top of the usual events: its areas and its days, both included."""

    locations: tuple[int, ...]
    first_day: int
    last_day: int
    events: int


@dataclass(frozen=True, kw_only=True)
class RollOut:
    """From `first_day` on, a share of the areas (the first ones on the map) have `factor` times the carriers."""

    first_day: int
    factor: float = 2.0
    area_share: float = 1.0


class EventRows(TypedDict):
    """Events in the form that the scan takes."""

    location_index: IntArray
    day: IntArray
    count: IntArray


@dataclass(frozen=True, kw_only=True)
class SimulatedForce:
    """Events by area and day, in the arrays that the scan takes, and the truth about them.

    `counts` and `exposure` are days x areas; `planted` lists the clusters.
    """

    counts: IntArray
    exposure: FloatArray
    easting_m: FloatArray
    northing_m: FloatArray
    planted: tuple[PlantedCluster, ...] = ()

    @property
    def rows(self) -> EventRows:
        """One row an area and day with events."""
        day, location = np.nonzero(self.counts)
        return EventRows(location_index=location, day=day, count=self.counts[day, location])


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """One line of the calibration table.

    `scenario`: "steady", "roll-out, carrier-days supplied" or "... not supplied" and the signatures give alerts a
    force-year (for signatures the rate is of marked administrations a week in the force); "five in four days" gives
    the share of clusters raised by their fourth day, "all zero, then one" the share of single events raised. `lower`
    and `upper` are the exact 95 % interval of `value`; `trials` is force-years or clusters, `found` alerts or clusters
    raised.
    """

    scenario: str
    unit: str
    events_per_area_week: float
    dispersion: float
    trials: int
    found: int
    value: float
    lower: float
    upper: float


def simulate_force(
    *,
    days: int,
    events_per_area_week: float,
    seed: int,
    areas: int = 60,
    dispersion: float = 1.0,
    roll_out: RollOut | None = None,
) -> SimulatedForce:
    """A force without clusters. `events_per_area_week` is the mean over areas at the usual number of carriers."""
    if days < 1 or areas < 1 or events_per_area_week < 0 or dispersion < 1:
        raise SimulationError(_("days and areas must be 1 or more, the rate 0 or more, the dispersion 1 or more."))
    rng = np.random.default_rng(seed)
    side = math.ceil(math.sqrt(areas))
    area = np.arange(areas)
    weight = rng.gamma(RATE_SHAPE, size=areas)
    exposure = np.full((days, areas), USUAL_CARRIERS)
    if roll_out is not None:
        exposure[roll_out.first_day :, : math.ceil(roll_out.area_share * areas)] *= roll_out.factor
    mean = events_per_area_week / DAYS_PER_WEEK * (weight / weight.mean()) * exposure / USUAL_CARRIERS
    excess = dispersion - 1
    counts = rng.negative_binomial(mean / excess, 1 / dispersion) if excess > 0 and mean.all() else rng.poisson(mean)
    return SimulatedForce(
        counts=counts.astype(np.int64),
        exposure=exposure,
        easting_m=np.asarray(area % side, dtype=float) * AREA_SPACING_M,
        northing_m=np.asarray(area // side, dtype=float) * AREA_SPACING_M,
    )


def plant_cluster(
    force: SimulatedForce,
    *,
    first_day: int,
    seed: int,
    events: int = PLANTED_EVENTS,
    days: int = PLANTED_DAYS,
    areas: int = PLANTED_AREAS,
) -> SimulatedForce:
    """The same force with `events` more, on random days from `first_day` on, over a random area's `areas` nearest."""
    if first_day < 0 or first_day + days > len(force.counts) or events < 1 or areas < 1:
        raise SimulationError(_("the cluster must lie within the days simulated, with at least one event and area."))
    rng = np.random.default_rng(seed)
    centre = rng.integers(force.counts.shape[1])
    distance = np.hypot(force.easting_m - force.easting_m[centre], force.northing_m - force.northing_m[centre])
    nearest = np.argsort(distance, kind="stable")[:areas]
    counts = force.counts.copy()
    np.add.at(counts, (first_day + rng.integers(days, size=events), rng.choice(nearest, size=events)), 1)
    cluster = PlantedCluster(
        locations=tuple(nearest.tolist()), first_day=first_day, last_day=first_day + days - 1, events=events
    )
    return replace(force, counts=counts, planted=(*force.planted, cluster))


def alerts_day_by_day(
    force: SimulatedForce, *, first_day: int, last_day: int, rules: AlertRules, use_exposure: bool = True
) -> dict[int, tuple[FoundCluster, ...]]:
    """The alerts of each day that has one, by the rules as they are used (alert_rules), none looking ahead."""
    day, area = np.nonzero(force.counts)
    repeats = force.counts[day, area]
    day, area = np.repeat(day, repeats), np.repeat(area, repeats)
    series = AreaSeries(
        area=area,
        day=day,
        recorded_day=day,
        delay_known=False,
        easting_m=force.easting_m,
        northing_m=force.northing_m,
        first_day=0,
        carrier_days=force.exposure if use_exposure else None,
    )
    # What is only watched is not looked for: ruling it out would take three times as long.
    looked_for = replace(rules, watch_recurrence_days=rules.alert_recurrence_days)
    found: dict[int, tuple[FoundCluster, ...]] = {}
    for score in score_days(series, first_day=first_day, last_day=last_day, rules=looked_for):
        if score.found:
            found[score.day] = score.found
    return found


def new_alerts(alerts: dict[int, tuple[FoundCluster, ...]]) -> tuple[FoundCluster, ...]:
    """The alerts as first raised, without those that continue an earlier one (`scan.same_cluster`)."""
    first: list[FoundCluster] = []
    seen: list[FoundCluster] = []
    for today in sorted(alerts):
        for cluster in alerts[today]:
            if not any(same_cluster(earlier, cluster) for earlier in seen):
                first.append(cluster)
        seen.extend(alerts[today])
    return tuple(first)


def calibrate(
    *,
    events_per_area_week: Sequence[float] = (0.01, 0.1, 0.5, 1.0),
    dispersions: Sequence[float] = (1.0, 1.5),
    areas: int = 60,
    force_years: int = 20,
    clusters: int = 200,
    seed: int = 1,
    rules: AlertRules | None = None,
    signature_events_per_week: Sequence[float] = (0.02, 0.2),
    progress: Callable[[float], Any] | None = None,
) -> tuple[CalibrationRow, ...]:
    """The table of METHODS C: false alerts a force-year, clusters found by their fourth day, a silent roll-out.

    Each of the `force_years` is another force with two years of history and one year scored daily; each of the
    `clusters` is planted in another force of 40 events a year, and as many forces without any event are given one.
    The signature rules are scored on as many years of marked administrations at `signature_events_per_week`.
    `progress` is told the share done, 0 to 1.
    """
    used = rules or AlertRules()
    low = min(events_per_area_week)
    planted_rate = PLANTED_FORCE_EVENTS_PER_YEAR * DAYS_PER_WEEK / DAYS_PER_YEAR / areas
    seeds = np.random.SeedSequence(seed).generate_state(force_years + clusters).tolist()
    year_seeds, cluster_seeds = seeds[:force_years], seeds[force_years:]
    steps = (len(events_per_area_week) + 3) * len(dispersions) + 1 + 2 * len(signature_events_per_week)
    rows: list[CalibrationRow] = []

    def add(*new: CalibrationRow) -> None:
        rows.extend(new)
        if progress is not None:
            progress(len(rows) / steps)

    for dispersion in dispersions:
        for rate in events_per_area_week:
            alerts = sum(_alerts_in_a_year(s, rate, dispersion, areas, used) for s in year_seeds)
            add(_alert_row("steady", rate, dispersion, force_years, alerts))
        found = sum(_cluster_is_found(s, planted_rate, dispersion, areas, used) for s in cluster_seeds)
        add(_share_row("five in four days", planted_rate, dispersion, clusters, found))
        rate = max(low, planted_rate)
        roll_out = RollOut(first_day=HISTORY_DAYS + DAYS_PER_YEAR // 4)
        for supplied, words in ((True, "supplied"), (False, "not supplied")):
            alerts = sum(
                _alerts_in_a_year(s, rate, dispersion, areas, used, roll_out=roll_out, use_exposure=supplied)
                for s in year_seeds
            )
            add(_alert_row(f"roll-out, carrier-days {words}", rate, dispersion, force_years, alerts))
    raised = sum(_one_after_nothing_is_raised(s, areas, used) for s in cluster_seeds)
    add(_share_row("all zero, then one", 0.0, 1.0, clusters, raised, unit="share raised"))
    for name, rule in (("three or more doses", _dose_rule), ("a named substance", _substance_rule)):
        for rate in signature_events_per_week:
            alerts = sum(_signature_alerts_in_a_year(s, rate, rule) for s in year_seeds)
            add(_alert_row(f"signature, {name}", rate, 1.0, force_years, alerts))
    return tuple(rows)


SignatureRule = Callable[[IntArray, int], SignatureAlert]


def _dose_rule(day: IntArray, today: int) -> SignatureAlert:
    return multiple_dose_alert(day=day, doses=np.full(len(day), 3), today=today, first_day=0)


def _substance_rule(day: IntArray, today: int) -> SignatureAlert:
    return substance_alert(day=day, today=today, first_day=0)


def _signature_alerts_in_a_year(seed: int, per_week: float, rule: SignatureRule) -> int:
    """New alerts in a year after two: a raised day begins one unless one was raised within the rule's window before."""
    days = HISTORY_DAYS + DAYS_PER_YEAR
    counts = np.random.default_rng(seed).poisson(per_week / DAYS_PER_WEEK, size=days)
    marked = np.repeat(np.arange(days), counts)
    alerts, last = 0, -days
    # Between two marked days a count in a window only falls: nothing new can be raised.
    for today in np.unique(marked[marked >= HISTORY_DAYS]).tolist():
        score = rule(marked, today)
        if score.raised:
            alerts += today - last >= score.window_days
            last = today
    return alerts


def _one_after_nothing_is_raised(seed: int, areas: int, rules: AlertRules) -> bool:
    force = simulate_force(days=HISTORY_DAYS + 1, events_per_area_week=0, areas=areas, seed=seed)
    counts = force.counts.copy()
    counts[-1, np.random.default_rng(seed).integers(areas)] = 1
    alerts = alerts_day_by_day(
        replace(force, counts=counts), first_day=HISTORY_DAYS, last_day=HISTORY_DAYS, rules=rules
    )
    return bool(alerts)


def _alerts_in_a_year(
    seed: int,
    rate: float,
    dispersion: float,
    areas: int,
    rules: AlertRules,
    *,
    roll_out: RollOut | None = None,
    use_exposure: bool = True,
) -> int:
    days = HISTORY_DAYS + DAYS_PER_YEAR
    force = simulate_force(
        days=days, events_per_area_week=rate, dispersion=dispersion, areas=areas, seed=seed, roll_out=roll_out
    )
    alerts = alerts_day_by_day(
        force,
        first_day=HISTORY_DAYS,
        last_day=days - 1,
        rules=replace(rules, seed=seed),
        use_exposure=use_exposure,
    )
    return len(new_alerts(alerts))


def _cluster_is_found(seed: int, rate: float, dispersion: float, areas: int, rules: AlertRules) -> bool:
    quiet = simulate_force(
        days=HISTORY_DAYS + PLANTED_DAYS, events_per_area_week=rate, dispersion=dispersion, areas=areas, seed=seed
    )
    force = plant_cluster(quiet, first_day=HISTORY_DAYS, seed=seed)
    (planted,) = force.planted
    alerts = alerts_day_by_day(
        force, first_day=planted.first_day, last_day=planted.last_day, rules=replace(rules, seed=seed)
    )
    return any(
        not set(cluster.locations).isdisjoint(planted.locations) for found in alerts.values() for cluster in found
    )


def _alert_row(scenario: str, rate: float, dispersion: float, force_years: int, alerts: int) -> CalibrationRow:
    """Exact Poisson interval (Garwood 1936)."""
    lower, upper = poisson_interval(alerts)
    return CalibrationRow(
        scenario=scenario,
        unit="alerts per force-year",
        events_per_area_week=rate,
        dispersion=dispersion,
        trials=force_years,
        found=alerts,
        value=alerts / force_years,
        lower=float(lower) / force_years,
        upper=float(upper) / force_years,
    )


def _share_row(
    scenario: str, rate: float, dispersion: float, clusters: int, found: int, unit: str = "share raised by day 4"
) -> CalibrationRow:
    """Exact binomial interval (Clopper & Pearson 1934)."""
    lower, upper = binomial_interval(found, clusters)
    return CalibrationRow(
        scenario=scenario,
        unit=unit,
        events_per_area_week=rate,
        dispersion=dispersion,
        trials=clusters,
        found=found,
        value=found / clusters,
        lower=float(lower),
        upper=float(upper),
    )
