"""Middles of areas told by a column of the file that names an area for each row: a county, a beat, a station.

A middle is the one point of its area that comes again, and nearly all areas have one. A hostel is one of several such
points in its area, or the neighbours have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from data.quality.area_middles import FEWEST_MIDDLES, FINEST_AREA_M
from data.quality.file_points import FilePoints

__all__ = ["NamedMiddles", "middles_by_name"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_REPEATED_SO_OFTEN = (2, 3, 5, 10, 20)
# To settle it: so many points, which chance puts into as many areas once in so many files, and areas without one hold
# few rows. With less it is asked about.
_CERTAIN, _FEWEST_CERTAIN, _MOST_WITHOUT = 1e-4, 12, 0.1
_LIKELY, _MOST_WITHOUT_LIKELY = 1e-2, 0.4
# So many rows of a point name one area, and so many of the points that repeat are the only one of theirs.
_OF_ONE_AREA, _ALONE = 0.9, 0.9
# Rows elsewhere, in so many of the areas: where there are none the column names places, such as hostels.
_WITH_OTHERS = 0.5
_NONE = -1


@dataclass(frozen=True, kw_only=True)
class NamedMiddles:
    """`precision_m` of the points that are the only ones of their areas to come again (NaN of others), and whether that
    is beyond doubt. `rivals` are those of areas with two, of which one may be the middle.
    """

    precision_m: Floats
    certain: bool
    rivals: Mask


def middles_by_name(given: FilePoints, names: Sequence[object]) -> NamedMiddles | None:
    """The points that repeat and are the middles of areas that `names` gives, one entry a located row (None or NaN
    where it names none). None where they are not.

    Middles have many rows, homes few: how often a point must come again is tried from seldom to often.
    """
    of_row = pd.factorize(pd.Series(names, dtype=object))[0]
    named = np.bincount(given.point[of_row != _NONE], minlength=len(given.counts)) > 0
    of_point, rows_of_area = _area_of_each(given, of_row), np.bincount(of_row[of_row != _NONE])
    likely = None
    for least in _REPEATED_SO_OFTEN:
        own = named & (given.incidents >= least)
        if own.sum() < FEWEST_MIDDLES:
            break
        found = _compare(given, own, of_point, rows_of_area)
        if found and found.certain:
            return found
        likely = likely or found
    return likely


def _area_of_each(given: FilePoints, of_row: Ints) -> Ints:
    """The area that nearly all rows of each point name."""
    rows = pd.DataFrame({"point": given.point, "area": of_row})
    pairs = rows[of_row != _NONE].value_counts().reset_index(name="rows")
    # The most frequent comes first.
    first = pairs.drop_duplicates("point")
    named = np.bincount(pairs["point"], pairs["rows"], minlength=len(given.counts))[first["point"]]
    clear = first[(first["rows"] >= _OF_ONE_AREA * named).to_numpy()]
    areas = np.full(len(given.counts), _NONE)
    areas[clear["point"]] = clear["area"]
    return areas


def _compare(given: FilePoints, own: Mask, of_point: Ints, rows_of_area: Ints) -> NamedMiddles | None:
    """The points `own` as middles of areas."""
    held = np.bincount(of_point[own & (of_point != _NONE)], minlength=len(rows_of_area))
    only = own & (of_point != _NONE) & (held[of_point] == 1)
    with_one = np.flatnonzero(held == 1)
    if len(with_one) < FEWEST_MIDDLES or only.sum() < _ALONE * own.sum():
        return None
    elsewhere = rows_of_area[with_one] - np.bincount(of_point[only], given.counts[only], len(held))[with_one]
    without = rows_of_area[held == 0].sum() / rows_of_area.sum()
    chance = _chance_of_so_many(len(held), int(own.sum()), int((held > 0).sum()))
    if (elsewhere > 0).mean() < _WITH_OTHERS or chance > _LIKELY or without > _MOST_WITHOUT_LIKELY:
        return None
    # An area with few rows has its middle too, of fewer.
    seldom = ~own & (given.incidents > 1) & (of_point != _NONE) & (held[of_point] == 0)
    seldom &= np.bincount(of_point[seldom], minlength=len(held))[of_point] == 1
    middles = only | seldom
    half_m = cKDTree(given.metres[middles]).query(given.metres[middles], k=2)[0][:, 1] / 2
    usual_m = float(np.median(half_m))
    if usual_m < FINEST_AREA_M:
        return None
    precision_m = np.full(len(given.counts), np.nan)
    precision_m[middles] = np.fmax(half_m, usual_m)
    return NamedMiddles(
        precision_m=precision_m,
        certain=only.sum() >= _FEWEST_CERTAIN and chance < _CERTAIN and without <= _MOST_WITHOUT,
        rivals=own & ~only,
    )


def _chance_of_so_many(areas: int, points: int, different: int) -> float:
    """The chance that points drawn from equally likely areas hit so many different ones, or more; those that are not
    equally likely are hit by less even chance.
    """
    chance, hit = np.zeros(areas + 1), np.arange(areas + 1)
    chance[0] = 1.0
    for _point in range(points):
        new = chance * (areas - hit) / areas
        chance = chance * hit / areas
        chance[1:] += new[:-1]
    return float(chance[different:].sum())
