"""Middles and corners of squares among places: a file that gives the square of a place, written as one point.

Squares of half a kilometre hold few records each, so that their points hardly repeat and do not keep apart from one
another as those of larger areas do. They all stand at one place within their squares, which places at random do not.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from data.quality.area_middles import FINEST_AREA_M
from data.quality.file_points import FilePoints

__all__ = ["points_of_squares"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Sides that squares have, the finer ones so that references to 100 m are none of 500. Of degrees: sides of a decimal
# system, and those of geohashes, whose sides are halved again and again.
_SIDES_M = (100.0, 200.0, 250.0, 500.0, 1_000.0, 2_000.0, 2_500.0, 5_000.0, 10_000.0)
_SIDES_DEGREES = (0.001, 0.002, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1)
_GEOHASHES_DEGREES = tuple((360 / 2**each, 180 / 2**other) for each, other in ((18, 17), (15, 15), (13, 12)))
_METRES_OF_A_DEGREE = 111_320.0
# Points are written to some decimals of a degree, and worked out with one shift of datum or another.
_MOST_DECIMALS, _SHIFT_M, _SHARE_OF_DECIMALS = 4, 3.0, 0.9
# So many, of which chance puts hardly any there, and in no file by luck; nearly all of those on finer squares are on
# the coarser ones, where these are meant.
_FEWEST, _MOST_BY_CHANCE, _NEVER, _SAME = 10, 0.1, 1e-7, 0.9
# Of more points so many tell it too.
_MOST_TRIED = 20_000


def points_of_squares(given: FilePoints, among: Mask) -> Floats:
    """Precision of the points that stand in the middle or at the corner of squares: half the diagonal of these.

    `among` are the points that nothing else explains. Squares so small that any map bears them are none.
    """
    precision_m, tolerance_m = np.full(len(given.counts), np.nan), _tolerance_m(given)
    for at, sides, metres_of_one in _frames(given):
        tolerance = tolerance_m / metres_of_one
        for side, offset in _squares_of(at, sides, tolerance, among):
            half_m = np.hypot(*(side * metres_of_one)) / 2
            on_it = among & _on_squares(at, side, offset, tolerance)
            precision_m = np.where(on_it, np.fmax(precision_m, half_m), precision_m)
    return np.where(precision_m > FINEST_AREA_M, precision_m, np.nan)


def _squares_of(at: Floats, sides: Floats, tolerance: Floats, among: Mask) -> list[tuple[Floats, float]]:
    """The sides and offsets (shares of a side) of the squares that points stand at, the finer ones first."""
    some = slice(None, None, len(at) // _MOST_TRIED + 1)
    at, among = at[some], among[some]
    found: list[tuple[Floats, float, Mask]] = []
    explained = np.zeros(len(at), dtype=bool)
    for side in sides:
        for offset in (0.5, 0.0):
            on_it = among & _on_squares(at, side, offset, tolerance)
            meant = [each for each in found if (on_it & each[2]).sum() >= _SAME * each[2].sum()]
            # Places to 100 m may be at the corners of coarser squares too, as often as these are larger.
            parts = [_beyond_chance(on_it & each[2], each[2], float((each[0] / side).prod())) for each in found]
            chance = float(np.minimum(2 * tolerance / side, 1).prod())
            if meant or any(parts) or _beyond_chance(on_it & ~explained, among & ~explained, chance):
                found = [each for each in found if not any(each is other for other in meant)]
                found.append((side, offset, on_it))
                explained |= on_it
    return [(side, offset) for side, offset, _on_it in found]


def _on_squares(at: Floats, side: Floats, offset: float, tolerance: Floats) -> Mask:
    off = np.abs((at / side - offset + 0.5) % 1 - 0.5) * side
    return (off <= tolerance).all(axis=1)


def _frames(given: FilePoints) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Coordinates, shape (n, 2); the sides of squares in them, shape (m, 2); how many metres one of their units has."""
    yield given.metres, np.array([(each, each) for each in _SIDES_M]), np.ones(2)
    if given.degrees:
        narrowed = float(np.cos(np.radians(np.median(given.raw[:, 1]))))
        metres_of_one = _METRES_OF_A_DEGREE * np.array([narrowed, 1.0])
        for sides in ([(each, each) for each in _SIDES_DEGREES], _GEOHASHES_DEGREES):
            yield given.raw, np.array(sides), metres_of_one


def _tolerance_m(given: FilePoints) -> Floats:
    """How far a point may be written from where it is, east and north."""
    if not given.degrees:
        return np.full(2, _SHIFT_M)
    decimals = 0
    while decimals < _MOST_DECIMALS and _written_to(given.stated, decimals) < _SHARE_OF_DECIMALS:
        decimals += 1
    north_m = 10.0**-decimals * _METRES_OF_A_DEGREE / 2
    return np.array([north_m * np.cos(np.radians(np.median(given.raw[:, 1]))), north_m]) + _SHIFT_M


def _written_to(degrees: Floats, decimals: int) -> float:
    """The share of points with no more decimals than these."""
    return float(np.isclose(degrees, np.round(degrees, decimals), rtol=0, atol=1e-9).all(axis=1).mean())


def _beyond_chance(found: Mask, among: Mask, chance: float) -> bool:
    """Whether so many points are where chance puts a share of them."""
    count, total = int(found.sum()), int(among.sum())
    if count < _FEWEST or chance * total > _MOST_BY_CHANCE * count:
        return False
    return bool(bdtrc(count - 1, total, chance) < _NEVER)
