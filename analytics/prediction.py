"""Does the surface foretell where the next events are? The honesty test of every heat map.

PAI (predictive accuracy index, Chainey et al. 2008) = (hits / events) / (flagged area / whole area): how many times
better than chance the flagged cells are. PEI = PAI / the best PAI that any choice of as many cells could have had.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.bandwidth import select_bandwidth
from analytics.density import DensitySurface, kernel_density
from analytics.point_patterns import (
    DensityError,
    GridMismatchError,
    NoEventsError,
    Window,
    checked_coordinates,
    inside_window,
)
from wording import _

__all__ = [
    "BackTest",
    "BackTestScore",
    "InvalidShareError",
    "PredictiveAccuracy",
    "TooShortHistoryError",
    "back_test",
    "predictive_accuracy",
]

Floats = NDArray[np.float64]

METHODS = ("surface", "last period", "denominator")

AREA_SHARES = (0.01, 0.02, 0.05)
"""Shares of the area that are flagged: about what patrols or outreach can visit."""

FEWEST_SCORED = 20
"""Scored events under which nothing is said: PAI's interval would span everything."""

FEWEST_FITTED = 5
"""Events under which no surface is fitted at an origin."""

INTERVAL = (2.5, 97.5)
"""Centiles of the bootstrap."""


class InvalidShareError(DensityError):
    """A share of the area is not between 0 and 1."""

    def __init__(self) -> None:
        super().__init__(_("A share of the area must be above 0 and at most 1. Correct it."))


class TooShortHistoryError(DensityError):
    """No month is left to score."""

    def __init__(self) -> None:
        super().__init__(
            _("The history is too short for a back-test: it has no months after the first origin. Add earlier months.")
        )


@dataclass(frozen=True)
class PredictiveAccuracy:
    """How well the densest cells foretold events: `events` in the window's cells, `hits` of them in flagged cells.

    Where cells tie at the edge of what may be flagged, each counts in part: the expectation over ways to choose among
    them.
    """

    pai: float
    pei: float
    events: int
    hits: float
    best_hits: int
    area_share: float


@dataclass(frozen=True)
class BackTestScore:
    """Accuracy of one method at one share of the area, pooled over origins, with bootstrap intervals.

    NaN where fewer than 20 events were scored. `method` is "surface", "last period" (counts by cell) or "denominator".
    """

    method: str
    area_share: float
    pai: float
    pai_lower: float
    pai_upper: float
    pei: float
    pei_lower: float
    pei_upper: float


@dataclass(frozen=True)
class BackTest:
    """Scores by method and share of the area; how many events were scored, from how many origins."""

    scores: tuple[BackTestScore, ...]
    events: int
    origins: int

    @property
    def estimable(self) -> bool:
        """Whether enough events were scored to say anything."""
        return self.events >= FEWEST_SCORED


def predictive_accuracy(
    *, surface: DensitySurface, test_easting_m: ArrayLike, test_northing_m: ArrayLike, area_share: float
) -> PredictiveAccuracy:
    """Score the surface's densest cells, `area_share` of all, on later events of shape (n,).

    Events in no cell of the window are left out. Raises InvalidShareError, and NoEventsError where no event is left.
    """
    if not 0 < area_share <= 1:
        raise InvalidShareError
    easting, northing = checked_coordinates(test_easting_m, test_northing_m)
    cell = _inside_cells(surface, easting, northing)
    if cell.size == 0:
        raise NoEventsError(outside=easting.size)
    flagged = _flagged(surface.values_per_km2[surface.inside], area_share)
    hits, wanted = float(flagged[cell].sum()), round(float(flagged.sum()))
    best_hits, share = _best_hits(cell, wanted), wanted / flagged.size
    return PredictiveAccuracy(
        pai=hits / cell.size / share,
        pei=hits / best_hits,
        events=cell.size,
        hits=hits,
        best_hits=best_hits,
        area_share=share,
    )


def _inside_cells(surface: DensitySurface, easting_m: Floats, northing_m: Floats) -> NDArray[np.int64]:
    """For each event in a cell of the window, that cell's number among them."""
    row, column, within = surface.grid.indices(easting_m, northing_m)
    number = np.cumsum(surface.inside).reshape(surface.inside.shape) - 1
    return number[row, column][within & surface.inside[row, column]]


def _flagged(values: Floats, area_share: float) -> Floats:
    """How much of each cell is flagged: 1 for the densest, a part for those that tie, else 0; shape (cells,)."""
    wanted = max(1, int(np.floor(area_share * values.size + 0.5)))
    level = np.partition(values, values.size - wanted)[values.size - wanted]
    above, tied = values > level, values == level
    return above + tied * ((wanted - np.count_nonzero(above)) / np.count_nonzero(tied))


def _best_hits(cell: NDArray[np.int64], wanted: int) -> int:
    """Events in the `wanted` cells that have most of them."""
    counts = np.sort(np.unique(cell, return_counts=True)[1])[::-1]
    return int(counts[:wanted].sum())


def back_test(
    *,
    easting_m: ArrayLike,
    northing_m: ArrayLike,
    month: ArrayLike,
    window: Window,
    cell_m: float,
    location_precision_m: float,
    denominator: ArrayLike | None = None,
    area_shares: tuple[float, ...] = AREA_SHARES,
    first_origin: int = 12,
    horizon: int = 3,
    resamples: int = 1000,
    seed: int,
) -> BackTest:
    """Rolling origin: fit on months 1 to t, score months t + 1 to t + `horizon`, move on by `horizon`; pooled over
    origins.

    Every event is scored once. The bandwidth is chosen anew at each origin from its own past. Beside the surface stand
    the counts by cell of the last `horizon` months and the denominator, shape (rows, columns) of the surface's grid;
    without one uniform, which is chance. `month` counts months, shape (n,), in any numbering. Raises
    TooShortHistoryError, InvalidShareError and what `kernel_density` raises.
    """
    if not all(0 < share <= 1 for share in area_shares):
        raise InvalidShareError
    easting, northing = checked_coordinates(easting_m, northing_m)
    months = np.asarray(month, dtype=np.int64)
    inside = inside_window(window=window, easting_m=easting, northing_m=northing)
    easting, northing, months = easting[inside], northing[inside], months[inside]
    if not months.size:
        raise NoEventsError(outside=int(inside.size))
    first, last = int(months.min()), int(months.max())
    origins = range(first + first_origin, last + 2 - horizon, horizon)
    if not origins:
        raise TooShortHistoryError
    scored: dict[tuple[str, float], list[_Scored]] = {
        (method, share): [] for method in METHODS for share in area_shares
    }
    used = 0
    for origin in origins:
        past, future = months < origin, (months >= origin) & (months < origin + horizon)
        if np.count_nonzero(past) < FEWEST_FITTED:
            continue
        surface = _fitted(easting[past], northing[past], window, cell_m, location_precision_m)
        cell = _inside_cells(surface, easting[future], northing[future])
        latest = past & (months >= origin - horizon)
        forecasts = {
            "surface": surface.values_per_km2[surface.inside],
            "last period": _counts(_inside_cells(surface, easting[latest], northing[latest]), surface),
            "denominator": _denominator_values(denominator, surface),
        }
        used += 1
        for method, values in forecasts.items():
            for share in area_shares:
                flagged = _flagged(values, share)
                wanted = round(float(flagged.sum()))
                best_hits = _best_hits(cell, wanted)
                scored[method, share].append(_Scored(flagged[cell], wanted / flagged.size, best_hits))
    generator = np.random.default_rng(seed)
    scores = tuple(_pooled(method, share, rounds, generator, resamples) for (method, share), rounds in scored.items())
    events = sum(one.parts.size for one in scored[METHODS[0], area_shares[0]])
    return BackTest(scores=scores, events=events, origins=used)


@dataclass(frozen=True)
class _Scored:
    """One origin: how much of each later event was flagged, the share of cells flagged, the hits that were possible."""

    parts: Floats
    share: float
    best_hits: int


def _fitted(
    easting_m: Floats, northing_m: Floats, window: Window, cell_m: float, location_precision_m: float
) -> DensitySurface:
    choice = select_bandwidth(
        easting_m=easting_m, northing_m=northing_m, window=window, location_precision_m=location_precision_m
    )
    return kernel_density(
        easting_m=easting_m, northing_m=northing_m, window=window, bandwidth_m=choice.metres, cell_m=cell_m
    )


def _counts(cell: NDArray[np.int64], surface: DensitySurface) -> Floats:
    return np.bincount(cell, minlength=int(surface.inside.sum())).astype(np.float64)


def _denominator_values(denominator: ArrayLike | None, surface: DensitySurface) -> Floats:
    if denominator is None:
        return np.ones(int(surface.inside.sum()))
    values = np.asarray(denominator, dtype=np.float64)
    if values.shape != surface.values_per_km2.shape:
        raise GridMismatchError
    return np.nan_to_num(values[surface.inside])


def _pooled(
    method: str, share: float, rounds: list[_Scored], generator: np.random.Generator, resamples: int
) -> BackTestScore:
    """PAI and PEI over all origins; the interval resamples events, with the best possible hits held."""
    parts = np.concatenate([one.parts for one in rounds]) if rounds else np.empty(0)
    if parts.size < FEWEST_SCORED:
        return BackTestScore(method, share, *[np.nan] * 6)
    flagged_share = float(np.average([one.share for one in rounds], weights=[one.parts.size for one in rounds]))
    best_hits = sum(one.best_hits for one in rounds)
    worths, times = np.unique(parts, return_counts=True)
    hits = generator.multinomial(parts.size, times / parts.size, size=resamples) @ worths
    pai = np.array([parts.sum(), *np.percentile(hits, INTERVAL)]) / parts.size / flagged_share
    pei = np.minimum(np.array([parts.sum(), *np.percentile(hits, INTERVAL)]) / best_hits, 1.0)
    return BackTestScore(method, share, *pai.tolist(), *pei.tolist())
