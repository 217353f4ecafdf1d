"""How many events of each day have a double by chance."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from data.quality.blocks.model import DAY_MIN, HOUR_MIN, RADII_M, Events, Floats, Kind, Mask, is_rough

__all__ = ["Chance", "chances", "expected_doubles"]

# How many random pairs of events say how often two agree.
_SAMPLE = 200_000


@dataclass(frozen=True, kw_only=True)
class Chance:
    """How often two random events agree: by distance, by details, by both."""

    near: dict[float, float]
    details: float
    near_and_details: dict[float, float]


def chances(events: Events) -> Chance:
    """From random pairs of the file's events of different days: two entries of one event would not be chance."""
    generator = np.random.default_rng(1)
    one, other = generator.integers(0, len(events), (2, _SAMPLE))
    differ = events.day[one] != events.day[other]
    if not differ.any():
        return Chance(near=dict.fromkeys(RADII_M, 1.0), details=1.0, near_and_details=dict.fromkeys(RADII_M, 1.0))
    one, other = one[differ], other[differ]
    apart_m = np.hypot(events.east_m[one] - events.east_m[other], events.north_m[one] - events.north_m[other])
    same = (events.details[one] >= 0) & (events.details[one] == events.details[other])
    least = 1 / max(len(one), 1)
    near = {radius_m: max(float((apart_m <= radius_m).mean()), least) for radius_m in RADII_M}
    both = {radius_m: max(float((same & (apart_m <= radius_m)).mean()), least) for radius_m in RADII_M}
    return Chance(near=near, details=max(float(same.mean()), least), near_and_details=both)


def _clocks(events: Events, timed: Mask) -> Floats:
    """The share of times at each minute of the day."""
    counts = np.bincount(events.minute[timed] % DAY_MIN, minlength=DAY_MIN)
    return counts / max(int(counts.sum()), 1)


def expected_doubles(events: Events, kind: Kind, chance: Chance, days: int, *, lag: int = 0) -> Floats:
    """How many events of each day have a double by chance, `lag` days on."""
    place = 1.0
    if kind.central:
        place = _central_by_chance(events, kind) * (chance.details if kind.details else 1.0)
    elif any(kind.moved_m):
        # No more than within the circle as far off: there are the more pairs, the nearer they are.
        within_m = max(each for each in RADII_M if each <= max(np.hypot(*kind.moved_m), RADII_M[1]))
        place = chance.near_and_details[within_m] if kind.details else chance.near[within_m]
        place *= (kind.radius_m / within_m) ** 2
    elif np.isfinite(kind.radius_m):
        place = chance.near_and_details[kind.radius_m] if kind.details else chance.near[kind.radius_m]
    elif kind.details:
        place = chance.details
    stored = events.order == 0

    def count(which: Mask) -> tuple[Floats, Floats]:
        """All of each day, and the stored ones."""
        return (
            np.bincount(events.day[which], minlength=days).astype(float),
            np.bincount(events.day[which & stored], minlength=days).astype(float),
        )

    if kind.time in ("minute", "offset"):
        timed = ~events.untimed & ~(events.whole_hour & kind.exact)
        some = count(timed)
        clocks = _clocks(events, timed)
        agree = float((clocks * np.roll(clocks, kind.value)).sum())
        # Either of the two may be the later.
        agree *= 2.0 if kind.value else 1.0
        return _with_double(some, some, lag, agree * place, alike=True)
    if kind.time == "hour":
        coarse = is_rough(events, kind)
        rough, fine = count(coarse), count(~coarse & ~events.untimed)
        hours = _clocks(events, ~events.untimed).reshape(-1, kind.step_min)
        whole = hours[:, 0] / max(hours[:, 0].sum(), 1e-12)
        finer = np.delete(hours, 0, axis=1)
        held = finer.sum(axis=1) / max(finer.sum(), 1e-12)
        agree = float((whole * held).sum())
        of_both = _with_double(rough, fine, lag, agree * place)
        if kind.step_min < HOUR_MIN:
            return of_both
        return of_both + _with_double(rough, rough, lag, float((whole**2).sum()) * place, alike=True)
    rough_ones = is_rough(events, kind)
    rough, rest = count(rough_ones), count(~rough_ones)
    return _with_double(rough, rest, lag, place) + _with_double(rough, rough, lag, place, alike=True)


def _central_by_chance(events: Events, kind: Kind) -> float:
    """How often a random event is nearest to the point of a random one with a coarse time."""
    rough = is_rough(events, kind)
    placed = np.isfinite(events.east_m) & np.isfinite(events.north_m)
    metres = np.column_stack([events.east_m, events.north_m])
    points, counts = np.unique(metres[rough & placed], axis=0, return_counts=True)
    if not len(points):
        return 1.0
    nearest = np.bincount(cKDTree(points).query(metres[placed & ~rough])[1], minlength=len(points))
    return float((counts / counts.sum() * nearest / max(int(nearest.sum()), 1)).sum())


def _with_double(
    ones: tuple[Floats, Floats], others: tuple[Floats, Floats], lag: int, agree: float, *, alike: bool = False
) -> Floats:
    """Of events on each day, how many have at least one double among the others `lag` days on, if `agree` is the
    chance of each pair; two stored ones make no pair.
    """
    (every, stored), (rest, rest_stored) = ones, others
    rest, rest_stored = _on(rest, lag), _on(rest_stored, lag)
    if alike and lag == 0:
        pairs = every * np.maximum(every - 1, 0) / 2 - stored * np.maximum(stored - 1, 0) / 2
    else:
        pairs = (every * rest - stored * rest_stored) * (0.5 if alike else 1.0)
    usable = np.maximum(every * (0.5 if alike else 1.0), 0.5)
    return usable * -np.expm1(-np.maximum(pairs, 0.0) * agree / usable)


def _on(counts: Floats, lag: int) -> Floats:
    """The counts of `lag` days on."""
    moved = np.zeros_like(counts)
    if lag > 0:
        moved[:-lag] = counts[lag:]
    elif lag < 0:
        moved[-lag:] = counts[:lag]
    else:
        moved[:] = counts
    return moved
