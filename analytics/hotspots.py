"""Hotspots: where events are densest, how many there were, how sure that is, and whether chance would do as much.

A hotspot is a contiguous area of the smallest part of the window that holds a share (25 %) of the expected events. It
has at least five events. Three doubts are answered apart:

* its rate: exact Poisson interval of its count; * its place: the share of bootstrap surfaces whose densest part covers
at least half of it; * chance: the share of simulated maps, of as many events drawn from a denominator (addresses,
calls, residents; uniform without one), whose best hotspot is at least as extreme by the log-likelihood ratio  n ln(n /
m) + (N - n) ln((N - n) / (N - m)),  n > m, with m the events that the denominator gives the area. Not by height: five
extra in a city would hide twelve in a small town. The bootstrap alone does not protect, for noise has stable clumps
too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.special import xlogy
from shapely import MultiPolygon, Polygon

from analytics.contiguous_areas import CellArea, contiguous_areas, densest_cells
from analytics.density import DensitySurface, SurfaceMaker, bootstrap_surfaces
from analytics.estimate import poisson_interval
from analytics.point_patterns import (
    DensityError,
    GridMismatchError,
    PointPattern,
    Window,
    bounding_sides_m,
    checked_bandwidth,
    checked_coordinates,
    frozen,
    point_pattern,
)
from analytics.prediction import (
    BackTest,
    BackTestScore,
    InvalidShareError,
    PredictiveAccuracy,
    TooShortHistoryError,
    back_test,
    predictive_accuracy,
)
from wording import _

__all__ = [
    "BackTest",
    "BackTestScore",
    "EmptyDenominatorError",
    "GridMismatchError",
    "Hotspot",
    "Hotspots",
    "InvalidShareError",
    "InvalidYearsError",
    "PredictiveAccuracy",
    "TooShortHistoryError",
    "above_share",
    "back_test",
    "denominator_cells",
    "find_hotspots",
    "hotspot_cell_m",
    "persistence",
    "predictive_accuracy",
    "trend",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Progress = Callable[[float], object]

SHARE = 0.25
"""Of the expected events: what the densest part of the window holds."""

FEWEST_EVENTS = 5
"""Events under which an area is no hotspot: the disclosure rule's threshold, and too few for a rate."""

KEPT_COVER = 0.5
"""Share of a hotspot's cells that another surface's densest part must cover for the hotspot to stay."""

PERIOD_SHARE = 0.5
PERIOD_COVER = 0.25
"""Of a quarter's events, and of a hotspot's cells: a place with one or two events a quarter then shows in seven
quarters of ten and a burst of one quarter in one of twenty others; at 25 % and half it would show in four of ten
(simulated, 20 events a quarter)."""

BEYOND_CHANCE = 0.05
"""Chance at or under which a hotspot is called beyond chance."""

UNIFORM_PART = 0.01
"""Part of the denominator that is spread evenly: events also happen in parks and on beaches, where nobody lives."""

RANK_DRAWS = 2000
"""Multinomial redraws of the counts for the interval of a rank."""

RANK_CENTILES = (2.5, 97.5)

CELLS_A_BANDWIDTH = (1.5, 3.0)
"""Fewest and most cells to a bandwidth: under two the maps lose accuracy, and an outline need not be finer than
three."""

CELLS_WANTED = 50_000
"""Cells over the window's bounds: a thousand simulated maps then take a few seconds."""

NODES_A_BANDWIDTH = 1.5
"""Lattice nodes to a bandwidth in the maps that are simulated: their values are within 2 %, a hundredth of their
spread."""

RECENT = 2
"""Periods that count as now."""

FEWEST_PERIODS = 2 * RECENT
"""Periods with records under which nothing can be lasting, for that needs two before now."""


class EmptyDenominatorError(DensityError):
    """The denominator has nothing inside the window."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The comparison layer has nothing inside the area. Check its area and coordinate system, "
                "or compare with another layer."
            )
        )


class InvalidYearsError(DensityError):
    """The period has no length."""

    def __init__(self) -> None:
        super().__init__(_("The period must be longer than nothing. Widen the dates."))


@dataclass(frozen=True)
class Hotspot:
    """One area, rank 1 having most events.

    `rank_lower` and `rank_upper` bound the rank among the hotspots found, with 95 % confidence. Rates are events per
    km2 and year, with an exact 95 % interval. `expected` is what the denominator gives the area of the same total.
    `chance` is the share of simulated maps whose best hotspot is at least as extreme; `kept_share` that of bootstrap
    surfaces that keep it (NaN where none were asked for). `easting_m`, `northing_m` is its densest cell.
    """

    rank: int
    rank_lower: int
    rank_upper: int
    events: int
    area_km2: float
    rate_per_km2_year: float
    rate_lower: float
    rate_upper: float
    expected: float
    log_likelihood_ratio: float
    chance: float
    kept_share: float
    outline: Polygon | MultiPolygon
    easting_m: float
    northing_m: float

    @property
    def beyond_chance(self) -> bool:
        """Whether chance would do as much in at most one map of twenty."""
        return self.chance <= BEYOND_CHANCE


@dataclass(frozen=True)
class Hotspots:
    """The hotspots of a surface, by rank.

    `labels` has the surface's shape: 0, or the rank of the hotspot the cell belongs to. `level_per_km2` is the
    surface's value at their edge. `areas_short` areas above that level had fewer than five events, `events_short` in
    all: no hotspots.
    """

    hotspots: tuple[Hotspot, ...]
    labels: Integers
    level_per_km2: float
    share: float
    events: int
    areas_short: int
    events_short: int
    resamples: int
    simulations: int


def hotspot_cell_m(*, window: Window, bandwidth_m: float) -> float:
    """A cell size for hotspots and all the maps they are judged by: a third of the bandwidth, up to two thirds of it
    where the area is large."""
    width_m, height_m = bounding_sides_m(window)
    coarsest_m, finest_m = (checked_bandwidth(bandwidth_m) / cells for cells in CELLS_A_BANDWIDTH)
    return float(np.clip(np.sqrt(width_m * height_m / CELLS_WANTED), finest_m, coarsest_m))


def denominator_cells(
    *, surface: DensitySurface, easting_m: ArrayLike, northing_m: ArrayLike, weights: ArrayLike | None = None
) -> Floats:
    """What lies in each cell of the surface, shape (rows, columns): addresses, calls or, with weights, residents.

    Points of shape (n,). Raises EmptyDenominatorError where nothing is in any cell of the window.
    """
    easting, northing = checked_coordinates(easting_m, northing_m)
    weight = np.ones(easting.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    row, column, within = surface.grid.indices(easting, northing)
    cells = np.zeros(surface.values_per_km2.shape)
    np.add.at(cells, (row[within], column[within]), weight[within])
    cells[~surface.inside] = 0
    if not cells.sum() > 0:
        raise EmptyDenominatorError
    return cells


def find_hotspots(
    *,
    surface: DensitySurface,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    window: Window,
    years: float,
    denominator: ArrayLike | None = None,
    share: float = SHARE,
    resamples: int = 200,
    simulations: int = 999,
    seed: int,
    progress: Progress | None = None,
) -> Hotspots:
    """Find the hotspots of a surface and judge them.

    The events, shape (n,), and the window are those that made the surface; `years` is the period they cover.
    `denominator` gives each cell's weight (see `denominator_cells`; without it uniform). `progress` is called with the
    share done, and cancels by raising. The same seed gives the same answer. Raises InvalidShareError,
    InvalidYearsError, EmptyDenominatorError, GridMismatchError, and what `kernel_density` raises.
    """
    if not 0 < share < 1:
        raise InvalidShareError
    if not (np.isfinite(years) and years > 0):
        raise InvalidYearsError
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window)
    chances = _chances(surface, denominator)
    mask, level = densest_cells(surface.values_per_km2, share=share)
    areas = contiguous_areas(mask, grid=surface.grid)
    row, column, _within = surface.grid.indices(pattern.easting_m, pattern.northing_m)
    in_cell = np.zeros(mask.shape, dtype=np.int64)
    np.add.at(in_cell, (row, column), 1)
    counts = [int(in_cell[area.cells].sum()) for area in areas]
    found = sorted(
        (area for area, count in zip(areas, counts, strict=True) if count >= FEWEST_EVENTS),
        key=lambda area: (-in_cell[area.cells].sum(), area.area_km2),
    )
    report = _reporter(progress, (resamples + simulations) if found else 1)
    kept = _kept(surface, pattern, window, found, share, resamples, seed, report)
    extremes = (
        _simulated(surface, pattern.events, window, chances, share, simulations, seed, report) if found else np.empty(0)
    )
    ranks = _rank_intervals([int(in_cell[area.cells].sum()) for area in found], pattern.events, seed)
    labels = np.zeros(mask.shape, dtype=np.int64)
    hotspots = []
    for i, area in enumerate(found):
        labels[area.cells] = i + 1
        events = int(in_cell[area.cells].sum())
        expected = float(chances[area.cells].sum()) * pattern.events
        ratio = float(_log_likelihood_ratio(np.array(events), np.array(expected), pattern.events))
        lower, upper = poisson_interval(events)
        peak = int(np.argmax(surface.values_per_km2[area.cells]))
        hotspots.append(
            Hotspot(
                rank=i + 1,
                rank_lower=ranks[i][0],
                rank_upper=ranks[i][1],
                events=events,
                area_km2=area.area_km2,
                rate_per_km2_year=events / area.area_km2 / years,
                rate_lower=lower / area.area_km2 / years,
                rate_upper=upper / area.area_km2 / years,
                expected=expected,
                log_likelihood_ratio=ratio,
                chance=float((1 + np.count_nonzero(extremes >= ratio * (1 - 1e-9))) / (1 + simulations)),
                kept_share=float(kept[i]),
                outline=area.outline,
                easting_m=float(surface.easting_m[area.cells[1][peak]]),
                northing_m=float(surface.northing_m[area.cells[0][peak]]),
            )
        )
    short = [count for count in counts if count < FEWEST_EVENTS]
    return Hotspots(
        hotspots=tuple(hotspots),
        labels=frozen(labels),
        level_per_km2=level,
        share=share,
        events=pattern.events,
        areas_short=len(short),
        events_short=sum(short),
        resamples=resamples,
        simulations=simulations,
    )


def _reporter(progress: Progress | None, steps: int) -> Callable[[], None]:
    """A function to be called after each step."""
    done = 0

    def report() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done / steps)

    return report


def _chances(surface: DensitySurface, denominator: ArrayLike | None) -> Floats:
    """The chance that an event falls in each cell, shape (rows, columns), under the denominator; adds up to one."""
    uniform = surface.inside / np.count_nonzero(surface.inside)
    if denominator is None:
        return uniform
    weights = np.asarray(denominator, dtype=np.float64)
    if weights.shape != uniform.shape:
        raise GridMismatchError
    weights = np.where(surface.inside, np.nan_to_num(weights), 0.0)
    if not weights.sum() > 0 or np.any(weights < 0):
        raise EmptyDenominatorError
    return (1 - UNIFORM_PART) * weights / weights.sum() + UNIFORM_PART * uniform


def _log_likelihood_ratio(observed: NDArray[Any], expected: Floats, events: int) -> Floats:
    """Kulldorff's ratio for a higher rate inside than outside; 0 where there is no excess."""
    outside, outside_expected = events - observed, np.maximum(events - expected, np.finfo(float).tiny)
    ratio = xlogy(observed, observed / expected) + xlogy(outside, outside / outside_expected)
    return np.where(observed > expected, ratio, 0.0)


def _kept(
    surface: DensitySurface,
    pattern: PointPattern,
    window: Window,
    found: Sequence[CellArea],
    share: float,
    resamples: int,
    seed: int,
    report: Callable[[], None],
) -> Floats:
    """The share of bootstrap surfaces that keep each area."""
    if not found or not resamples:
        return np.full(len(found), np.nan)
    kept = np.zeros(len(found))
    for resample in bootstrap_surfaces(
        easting_m=pattern.easting_m,
        northing_m=pattern.northing_m,
        window=window,
        bandwidth_m=surface.bandwidth_m,
        cell_m=surface.cell_m,
        edge=surface.edge,
        nodes_a_bandwidth=NODES_A_BANDWIDTH,
        resamples=resamples,
        seed=seed,
    ):
        mask, _level = densest_cells(resample.values_per_km2, share=share)
        kept += [mask[area.cells].mean() >= KEPT_COVER for area in found]
        report()
    return kept / resamples


def _simulated(
    surface: DensitySurface,
    events: int,
    window: Window,
    chances: Floats,
    share: float,
    simulations: int,
    seed: int,
    report: Callable[[], None],
) -> Floats:
    """The largest log-likelihood ratio of any hotspot in each simulated map, 0 where a map has none; shape
    (simulations,)."""
    generator = np.random.default_rng([seed, 1])
    maker = SurfaceMaker.of(
        window=window,
        bandwidth_m=surface.bandwidth_m,
        cell_m=surface.cell_m,
        edge=surface.edge,
        nodes_a_bandwidth=NODES_A_BANDWIDTH,
    )
    cumulative = np.cumsum(chances.ravel())
    extremes = np.zeros(simulations)
    for i in range(simulations):
        # Each event lies anywhere in a cell drawn by its chance.
        cell = np.searchsorted(cumulative, generator.random(events) * cumulative[-1], side="right")
        row, column = np.divmod(cell, maker.grid.columns)
        drawn = PointPattern(
            surface.easting_m[column] + (generator.random(events) - 0.5) * surface.cell_m,
            surface.northing_m[row] + (generator.random(events) - 0.5) * surface.cell_m,
            np.ones(events),
            0,
        )
        mask, _level = densest_cells(maker.values(drawn), share=share)
        labels, areas = ndimage.label(mask)
        observed = np.bincount(labels[row, column], minlength=areas + 1)[1:]
        expected = np.bincount(labels[mask], weights=chances[mask], minlength=areas + 1)[1:] * events
        ratios = _log_likelihood_ratio(observed, expected, events)
        extremes[i] = np.max(ratios, where=observed >= FEWEST_EVENTS, initial=0.0)
        report()
    return extremes


def _rank_intervals(counts: Sequence[int], events: int, seed: int) -> list[tuple[int, int]]:
    """Lowest and highest rank of each area over multinomial redraws of the counts; ties take the better rank."""
    if not counts:
        return []
    generator = np.random.default_rng([seed, 2])
    chances = np.array([*counts, events - sum(counts)]) / events
    drawn = generator.multinomial(events, chances, size=RANK_DRAWS)[:, :-1]
    ranks = 1 + np.count_nonzero(drawn[:, None, :] > drawn[:, :, None], axis=2)
    lower, upper = np.percentile(ranks, RANK_CENTILES, axis=0, method="nearest")
    return list(zip(lower.astype(int).tolist(), upper.astype(int).tolist(), strict=True))


def persistence(
    *,
    hotspots: Hotspots,
    surfaces: Sequence[DensitySurface | None],
    share: float = PERIOD_SHARE,
    cover: float = PERIOD_COVER,
) -> Booleans:
    """Whether each hotspot stays in each other surface: whether `cover` of it is in the part that holds `share` there.

    The surfaces have the hotspots' cells. The defaults are for periods, which have few events: a quarter of the hotspot
    among the places that hold half of the period's events. For other bandwidths ask for the hotspots' own share and
    half of it: `share=hotspots.share, cover=0.5`. None stands for a period with too few events, in which nothing stays.
    Returns shape (hotspots, surfaces). Raises GridMismatchError, InvalidShareError.
    """
    if not (0 < share < 1 and 0 < cover <= 1):
        raise InvalidShareError
    stays = np.zeros((len(hotspots.hotspots), len(surfaces)), dtype=bool)
    for j, surface in enumerate(surfaces):
        if surface is None:
            continue
        if surface.values_per_km2.shape != hotspots.labels.shape:
            raise GridMismatchError
        mask, _level = densest_cells(surface.values_per_km2, share=share)
        for i in range(len(hotspots.hotspots)):
            stays[i, j] = mask[hotspots.labels == i + 1].mean() >= cover
    return stays


def above_share(
    *, hotspots: Hotspots, surface: DensitySurface, easting_m: ArrayLike, northing_m: ArrayLike, period: ArrayLike
) -> Booleans:
    """Whether each hotspot had more than its share of each period's events; shape (hotspots, periods).

    `surface` is the one the hotspots were found on. Events of shape (n,), each in a `period` counted from 0; its share
    of a period's events is what the denominator gives it. Unlike `persistence` it needs no surface of a period's few
    events: one or two a quarter are seen wherever that is more than the denominator would have there.
    """
    row, column, within = surface.grid.indices(*checked_coordinates(easting_m, northing_m))
    numbers = np.asarray(period, dtype=np.int64)
    inside = within & surface.inside[row, column]
    label = np.where(inside, hotspots.labels[row, column], 0)
    periods = int(numbers.max(initial=-1)) + 1
    totals = np.bincount(numbers[inside], minlength=periods)
    above = np.zeros((len(hotspots.hotspots), periods), dtype=bool)
    for i, spot in enumerate(hotspots.hotspots):
        counts = np.bincount(numbers[label == spot.rank], minlength=periods)
        above[i] = counts > totals * spot.expected / hotspots.events
    return above


def trend(*, stays: ArrayLike, recorded: ArrayLike | None = None) -> str:
    """What a strip of periods, oldest first, says: "new", "lasting", "fading", "unsettled" or "short".

    `recorded` says in which periods there were records (without it in all): the others say nothing. The last two of
    these are now: "lasting" is now and in at least two before, "new" now only, or in the last three without a break,
    "fading" before only. Under four of them none of this can be told apart: "short".
    """
    periods = np.asarray(stays, dtype=bool)
    if recorded is not None:
        periods = periods[np.asarray(recorded, dtype=bool)]
    if periods.size < FEWEST_PERIODS:
        return "short"
    now, before = bool(periods[-RECENT:].any()), int(periods[:-RECENT].sum())
    if now and before < RECENT:
        return "new" if before == 0 or periods[-RECENT - 1 :].all() else "unsettled"
    return "lasting" if now else "fading" if before else "unsettled"
