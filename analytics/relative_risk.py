"""Two sets of events on one map: where one is denser than the other by more than chance.

`relative_risk` compares administrations with a denominator's events: log(f / g), both densities adding up to one, both
smoothed with the same oversmoothing bandwidth (Davies & Hazelton 2010, Stat. Med. 29:2423; Terrell 1990).
`compare_periods` compares two periods: events per km2 and year after minus before.

Both ask the same question of each cell: had the labels been dealt to the same places at random, how often would this
set's density be as high (or as low)? The share of relabellings is the p-value, uniform where there is no difference;
the Benjamini-Hochberg procedure over the cells bounds the share of false discoveries. Neither asks whether one set is
larger than the other over the whole window.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt
from scipy.stats import binomtest, false_discovery_control, pearson3
from shapely import Polygon

from analytics.contiguous_areas import CellArea, areas_under, contiguous_areas
from analytics.density import DensitySurface, SurfaceMaker, density_uncertainty
from analytics.estimate import binomial_interval
from analytics.hotspots import InvalidYearsError
from analytics.point_patterns import (
    PointPattern,
    TooFewEventsError,
    Window,
    frozen,
    point_pattern,
)

__all__ = [
    "ChangedArea",
    "PeriodComparison",
    "RateRatio",
    "RelativeRisk",
    "compare_periods",
    "oversmoothing_bandwidth_m",
    "rate_ratio",
    "relative_risk",
]

Floats = NDArray[np.float64]
Progress = Callable[[float], object]

FEWEST_EVENTS = 5
"""Events of each set under which nothing is compared."""

FALSE_DISCOVERIES = 0.05
"""Share of the cells called different that may be so by chance."""

TOLERANCE = 0.05
"""p-value of the tolerance contours, of each cell alone: of many cells some are at or under it by chance."""

FEWEST_EXCEEDING = 10
"""Labellings as extreme as the true one below which their share is too coarse: a thousand labellings cannot show a
p-value under 0.001, and no area of 1 % of the map would ever pass the false discovery rate (Winkler et al. 2016,
NeuroImage 141:502)."""

ROUNDING = 1e-9
"""Relative difference under which two densities are the same: the FFT's rounding must not break ties."""

FINEST_M = 200.0
"""Metres: no bandwidth is finer, as in `analytics.bandwidth`."""

TERRELL = 1.0846
"""(d R(K) / V)^(1/6) of Terrell's (1990) maximal smoothing for a Gaussian kernel in two dimensions, R(K) = 1 / 4 pi,
V = 16 * 4! * 8 / (10^4 pi)."""


@dataclass(frozen=True)
class RelativeRisk:
    """log(f / g) and how surprising it is, shape (rows, columns) of the cases' surface.

    NaN outside the window and where fewer than five events of both sets together lie within two bandwidths. `p_higher`
    is the share of relabellings in which the cases are as dense or denser, `p_lower` as thin or thinner; `q_` are the
    same after Benjamini-Hochberg.
    """

    log_ratio: Floats
    p_higher: Floats
    p_lower: Floats
    q_higher: Floats
    q_lower: Floats
    surface: DensitySurface
    cases: int
    controls: int

    @property
    def areas_higher(self) -> tuple[CellArea, ...]:
        """Where the cases are denser than chance allows."""
        return contiguous_areas(np.nan_to_num(self.q_higher, nan=1.0) <= FALSE_DISCOVERIES, grid=self.surface.grid)

    @property
    def areas_lower(self) -> tuple[CellArea, ...]:
        """Where the cases are thinner than chance allows: the comparison layer is there and they are not."""
        return contiguous_areas(np.nan_to_num(self.q_lower, nan=1.0) <= FALSE_DISCOVERIES, grid=self.surface.grid)

    @property
    def contours_higher(self) -> tuple[Polygon, ...]:
        """Tolerance contours (Hazelton & Davies 2009, Biom. J. 51:98): where p, point by point, is 0.05 or less that
        the cases are denser. They reach over the window's edge by as much as a cell."""
        return areas_under(self._up_to_the_edge(self.p_higher), level=TOLERANCE, grid=self.surface.grid)

    @property
    def contours_lower(self) -> tuple[Polygon, ...]:
        """Tolerance contours where the cases are thinner."""
        return areas_under(self._up_to_the_edge(self.p_lower), level=TOLERANCE, grid=self.surface.grid)

    def _up_to_the_edge(self, values: Floats) -> Floats:
        """Cells outside the window take the nearest one's value: the contours run up to the edge, not short of it."""
        inside = self.surface.inside
        row, column = distance_transform_edt(~inside, return_distances=False, return_indices=True)
        return values[row, column]


@dataclass(frozen=True)
class RateRatio:
    """Rate after over rate before, with its exact 95 % interval and p-value; infinite where nothing was before."""

    ratio: float
    lower: float
    upper: float
    p_value: float


@dataclass(frozen=True)
class ChangedArea:
    """An area whose share of the events changed beyond chance: its counts in both periods, and their rates' ratio."""

    area: CellArea
    events_before: int
    events_after: int
    change: RateRatio


@dataclass(frozen=True)
class PeriodComparison:
    """After minus before, events per km2 and year, with two-sided p-values; shape (rows, columns) of the surfaces.

    `q_value` is `p_value` after Benjamini-Hochberg; both NaN where fewer than five events lie within two bandwidths.
    `areas` are those at or under 0.05, most events first. `change` is that of the whole window.
    """

    difference_per_km2_year: Floats
    p_value: Floats
    q_value: Floats
    before: DensitySurface
    after: DensitySurface
    change: RateRatio
    areas: tuple[ChangedArea, ...]


def oversmoothing_bandwidth_m(*, easting_m: ArrayLike, northing_m: ArrayLike, window: Window, events: float) -> float:
    """Terrell's (1990) largest sensible bandwidth, 1.085 s n^(-1/6), for `events` of a pattern's spread.

    s is the mean of the two coordinates' spreads, each the smaller of standard deviation and interquartile range /
    1.34. Raises TooFewEventsError below five events.
    """
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window)
    if pattern.events < FEWEST_EVENTS:
        raise TooFewEventsError(events=pattern.events, needed=FEWEST_EVENTS)
    spreads = []
    for values in (pattern.easting_m, pattern.northing_m):
        quartiles = np.percentile(values, (25, 75))
        robust = (quartiles[1] - quartiles[0]) / 1.34
        deviation = float(np.std(values, ddof=1))
        spreads.append(min(deviation, robust) if robust > 0 else deviation)
    return max(float(TERRELL * np.mean(spreads) * events ** (-1 / 6)), FINEST_M)


def relative_risk(
    *,
    case_easting_m: ArrayLike,
    case_northing_m: ArrayLike,
    control_easting_m: ArrayLike,
    control_northing_m: ArrayLike,
    window: Window,
    cell_m: float,
    bandwidth_m: float | None = None,
    relabellings: int = 999,
    seed: int,
    progress: Progress | None = None,
) -> RelativeRisk:
    """Where cases (administrations) are denser or thinner than controls (the denominator's events).

    Coordinates of shapes (n,) and (m,). The bandwidth defaults to the oversmoothing one for all events together at the
    geometric mean of both numbers. Raises TooFewEventsError below five of either inside the window, and what
    `kernel_density` raises.
    """
    cases, controls = _both(
        (case_easting_m, case_northing_m), (control_easting_m, control_northing_m), window, FEWEST_EVENTS
    )
    if bandwidth_m is None:
        bandwidth_m = oversmoothing_bandwidth_m(
            easting_m=np.concatenate([cases.easting_m, controls.easting_m]),
            northing_m=np.concatenate([cases.northing_m, controls.northing_m]),
            window=window,
            events=float(np.sqrt(cases.events * controls.events)),
        )
    maker = SurfaceMaker.of(window=window, bandwidth_m=bandwidth_m, cell_m=cell_m)
    case_surface, control_surface = maker.surface(cases), maker.surface(controls)
    p_higher, p_lower = _relabelled_tails(cases, controls, maker, relabellings, seed, progress)
    smallest = np.finfo(float).tiny
    log_ratio = np.log(np.maximum(case_surface.values_per_km2 / cases.events, smallest)) - np.log(
        np.maximum(control_surface.values_per_km2 / controls.events, smallest)
    )
    return RelativeRisk(
        log_ratio=frozen(np.where(np.isnan(p_higher), np.nan, log_ratio)),
        p_higher=frozen(p_higher),
        p_lower=frozen(p_lower),
        q_higher=frozen(_discovery_rates(p_higher)),
        q_lower=frozen(_discovery_rates(p_lower)),
        surface=case_surface,
        cases=cases.events,
        controls=controls.events,
    )


def compare_periods(
    *,
    before_easting_m: ArrayLike,
    before_northing_m: ArrayLike,
    after_easting_m: ArrayLike,
    after_northing_m: ArrayLike,
    years_before: float,
    years_after: float,
    window: Window,
    bandwidth_m: float,
    cell_m: float,
    permutations: int = 999,
    seed: int,
    progress: Progress | None = None,
) -> PeriodComparison:
    """The difference map of two periods, and where it is beyond chance: period labels are dealt anew, as many of each.

    A rise everywhere moves the whole map and no label: it is in `change`, not in `areas`. Raises TooFewEventsError
    below five events in either period, InvalidYearsError, and what `kernel_density` raises.
    """
    for years in (years_before, years_after):
        if not (np.isfinite(years) and years > 0):
            raise InvalidYearsError
    before, after = _both(
        (before_easting_m, before_northing_m), (after_easting_m, after_northing_m), window, FEWEST_EVENTS
    )
    maker = SurfaceMaker.of(window=window, bandwidth_m=bandwidth_m, cell_m=cell_m)
    before_surface, after_surface = maker.surface(before), maker.surface(after)
    higher, lower = _relabelled_tails(after, before, maker, permutations, seed, progress)
    p_value = np.minimum(2 * np.minimum(higher, lower), 1)
    q_value = _discovery_rates(p_value)
    years = years_before, years_after
    areas = [
        _changed(area, before, after, before_surface, years)
        for sign in (higher <= lower, higher > lower)
        for area in contiguous_areas(
            (np.nan_to_num(q_value, nan=1.0) <= FALSE_DISCOVERIES) & sign, grid=before_surface.grid
        )
    ]
    return PeriodComparison(
        difference_per_km2_year=frozen(
            after_surface.values_per_km2 / years_after - before_surface.values_per_km2 / years_before
        ),
        p_value=frozen(p_value),
        q_value=frozen(q_value),
        before=before_surface,
        after=after_surface,
        change=rate_ratio(before=before.events, after=after.events, years_before=years_before, years_after=years_after),
        areas=tuple(sorted(areas, key=lambda changed: -(changed.events_before + changed.events_after))),
    )


def rate_ratio(*, before: int, after: int, years_before: float, years_after: float) -> RateRatio:
    """The ratio of two Poisson rates with its exact conditional interval (Clopper-Pearson on the share after) and
    p-value.

    Raises TooFewEventsError where nothing happened in either period, InvalidYearsError.
    """
    if before + after == 0:
        raise TooFewEventsError(events=0, needed=1)
    if not (years_before > 0 and years_after > 0):
        raise InvalidYearsError
    lower, upper = binomial_interval(after, before + after)
    ratio, lowest, highest = (
        float(share / (1 - share) * years_before / years_after) if share < 1 else float("inf")
        for share in (after / (before + after), lower, upper)
    )
    expected = years_after / (years_before + years_after)
    return RateRatio(ratio, lowest, highest, float(binomtest(after, before + after, expected).pvalue))


def _changed(
    area: CellArea, before: PointPattern, after: PointPattern, surface: DensitySurface, years: tuple[float, float]
) -> ChangedArea:
    mask = np.zeros(surface.values_per_km2.shape, dtype=bool)
    mask[area.cells] = True
    counts = []
    for pattern in (before, after):
        row, column, _within = surface.grid.indices(pattern.easting_m, pattern.northing_m)
        counts.append(int(np.count_nonzero(mask[row, column])))
    change = (
        rate_ratio(before=counts[0], after=counts[1], years_before=years[0], years_after=years[1])
        if sum(counts)
        else RateRatio(float("nan"), 0.0, float("inf"), 1.0)
    )
    return ChangedArea(area=area, events_before=counts[0], events_after=counts[1], change=change)


def _both(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], window: Window, needed: int
) -> tuple[PointPattern, PointPattern]:
    """Both sets' events inside the window; raises TooFewEventsError."""
    patterns = []
    for easting_m, northing_m in (first, second):
        pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window)
        if pattern.events < needed:
            raise TooFewEventsError(events=pattern.events, needed=needed)
        patterns.append(pattern)
    return patterns[0], patterns[1]


def _relabelled_tails(
    asked: PointPattern,
    others: PointPattern,
    maker: SurfaceMaker,
    relabellings: int,
    seed: int,
    progress: Progress | None,
) -> tuple[Floats, Floats]:
    """How often labels dealt at random make the set asked about as dense or denser, and as thin or thinner.

    All else at a cell (ratio, difference) rises with that set's density, so this answers for all. Shares of the
    labellings, the true one among them; where `FEWEST_EXCEEDING` or fewer are as extreme, the tail of the Pearson III
    distribution with the labellings' exact mean, variance and skewness. NaN where fewer than five events of both sets
    lie within two bandwidths.
    """
    pooled = PointPattern(
        np.concatenate([asked.easting_m, others.easting_m]),
        np.concatenate([asked.northing_m, others.northing_m]),
        np.ones(asked.events + others.events),
        0,
    )
    uncertainty = density_uncertainty(
        surface=maker.surface(pooled), easting_m=pooled.easting_m, northing_m=pooled.northing_m, window=maker.window
    )
    judged = maker.inside & ~uncertainty.too_few
    observed = maker.sum_of_kernels(asked)[judged]
    generator = np.random.default_rng(seed)
    as_dense, as_thin = np.ones(observed.shape), np.ones(observed.shape)
    for step in range(relabellings):
        # Drawn, not shuffled: residents are a million, and all of them need not be dealt to give out a hundred labels.
        chosen = generator.choice(pooled.events, asked.events, replace=False, shuffle=False)
        dealt = maker.sum_of_kernels(
            PointPattern(pooled.easting_m[chosen], pooled.northing_m[chosen], np.ones(chosen.size), 0)
        )[judged]
        as_dense += dealt >= observed * (1 - ROUNDING)
        as_thin += dealt <= observed * (1 + ROUNDING)
        if progress is not None:
            progress((step + 1) / relabellings)
    moments = [maker.sum_of_kernels(pooled, power=power)[judged] / pooled.events for power in (1, 2, 3)]
    tails = _pearson_tails(observed, asked.events, pooled.events, *moments)
    results = []
    for exceeding, tail in zip((as_dense, as_thin), tails, strict=True):
        p_values = np.full(judged.shape, np.nan)
        p_values[judged] = np.where(exceeding <= FEWEST_EXCEEDING, tail, exceeding / (relabellings + 1))
        results.append(p_values)
    return results[0], results[1]


def _pearson_tails(
    observed: Floats, chosen: int, events: int, first: Floats, second: Floats, third: Floats
) -> tuple[Floats, Floats]:
    """Upper and lower tail of a sum of `chosen` of `events` values drawn without replacement, from their raw
    moments."""
    others = events - chosen
    variance = np.maximum(second - first**2, 0) * chosen * others / (events - 1)
    deviation = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    cubed = (third - 3 * first * second + 2 * first**3) * chosen * others * (others - chosen)
    skewness = cubed / ((events - 1) * (events - 2)) / deviation**3
    standardised = (observed - chosen * first) / deviation
    return pearson3.sf(standardised, skewness), pearson3.cdf(standardised, skewness)


def _discovery_rates(p_values: Floats) -> Floats:
    """Benjamini-Hochberg over the cells that have a p-value."""
    rates = np.full(p_values.shape, np.nan)
    judged = ~np.isnan(p_values)
    if judged.any():
        rates[judged] = false_discovery_control(p_values[judged])
    return rates
