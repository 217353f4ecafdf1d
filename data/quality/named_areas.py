"""Middles of areas told by a column of the file that names an area for each row: a county, a beat, a station.

A middle is the one point of its area that comes again, and nearly all areas have one. A hostel is one of several such
points in its area, or the neighbours have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import ndtr

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
# Of more points than so many an area, or among more areas, nothing is told.
_MOST_OF_AN_AREA, _MOST_AREAS = 2.0, 3_000
# So many rows of a point name one area, and so many of the points that repeat are the only one of theirs: the others
# are hostels' and their neighbours'.
_OF_ONE_AREA, _ALONE, _ALONE_LIKELY = 0.9, 0.65, 0.3
# Rows elsewhere, in so many of the areas: where there are none the column names places, such as hostels.
_WITH_OTHERS = 0.5
# The deployment's own areas name no hostels: where nearly all rows of each lie at one point, of so many rows and areas
# that have several, that is its middle.
_ALL_AT_ONE, _FEWEST_ROWS, _FEWEST_WITH_SEVERAL = 0.9, 20, 5
_NONE = -1
# Middles that were moved a few metres at random lie so close together. Beyond so many points homes do, too.
_MOVED_M, _MOST_TO_JOIN = 10.0, 20_000


@dataclass(frozen=True, kw_only=True)
class NamedMiddles:
    """`precision_m` of the points that are the only ones of their areas to come again (NaN of others), and whether that
    is beyond doubt. `rivals` are those of areas with two, of which one may be the middle; `others` lie in areas whose
    middle is known, elsewhere. `rows` are those at middles.
    """

    precision_m: Floats
    rows: int
    certain: bool
    rivals: Mask
    others: Mask


def middles_by_name(given: FilePoints, names: Sequence[object], *, own: bool) -> NamedMiddles | None:
    """The points that repeat and are the middles of areas that `names` gives, one entry a located row (None or NaN
    where it names none). None where they are not. `own` says that these are areas of the deployment.

    Middles have many rows, homes few: how often a point must come again is tried from seldom to often.
    """
    of_row = pd.factorize(pd.Series(names, dtype=object))[0]
    found = (_all_at_one(given, of_row) if own else None) or _compare_all(given, of_row)
    if (found and found.certain) or len(given.counts) > _MOST_TO_JOIN:
        return found
    joined, of_point = _joined(given)
    moved = _compare_all(joined, of_row) if len(joined.counts) < len(given.counts) else None
    if not moved or (found and not moved.certain):
        return found
    return replace(
        moved,
        precision_m=moved.precision_m[of_point],
        rivals=moved.rivals[of_point],
        others=moved.others[of_point],
    )


def _joined(given: FilePoints) -> tuple[FilePoints, Ints]:
    """Points that lie within some metres of one another as one, and which of these each of the points is."""
    pairs = cKDTree(given.metres).query_pairs(_MOVED_M, output_type="ndarray")
    size = len(given.counts)
    beside = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    points, of_point = connected_components(beside, directed=False)
    first = np.unique(of_point, return_index=True)[1]
    joined = replace(
        given,
        point=of_point[given.point],
        easting_m=given.easting_m[first],
        northing_m=given.northing_m[first],
        raw=given.raw[first],
        stated=given.stated[first],
        counts=np.bincount(of_point, given.counts, points).astype(np.int64),
        incidents=np.bincount(of_point, given.incidents, points).astype(np.int64),
    )
    return joined, of_point


def _compare_all(given: FilePoints, of_row: Ints) -> NamedMiddles | None:
    named = np.bincount(given.point[of_row != _NONE], minlength=len(given.counts)) > 0
    of_point, rows_of_area = _area_of_each(given, of_row), np.bincount(of_row[of_row != _NONE])
    if len(rows_of_area) > _MOST_AREAS:
        return None
    tried = []
    for least in _REPEATED_SO_OFTEN:
        own = named & (given.incidents >= least)
        if not FEWEST_MIDDLES <= own.sum() <= _MOST_OF_AN_AREA * len(rows_of_area):
            continue
        tried.append(_compare(given, own, of_point, rows_of_area))
    return max((each for each in tried if each), key=lambda each: (each.certain, each.rows), default=None)


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
    if len(with_one) < FEWEST_MIDDLES or only.sum() < _ALONE_LIKELY * own.sum():
        return None
    elsewhere = rows_of_area[with_one] - np.bincount(of_point[only], given.counts[only], len(held))[with_one]
    without = rows_of_area[held == 0].sum() / rows_of_area.sum()
    chance = _chance_of_so_many(rows_of_area, int(own.sum()), int((held > 0).sum()))
    if (elsewhere > 0).mean() < _WITH_OTHERS or chance > _LIKELY or without > _MOST_WITHOUT_LIKELY:
        return None
    # An area with few rows has its middle too, of fewer.
    seldom = ~own & (given.incidents > 1) & (of_point != _NONE) & (held[of_point] == 0)
    seldom &= np.bincount(of_point[seldom], minlength=len(held))[of_point] == 1
    certain = only.sum() >= max(_FEWEST_CERTAIN, _ALONE * own.sum())
    certain &= chance < _CERTAIN and without <= _MOST_WITHOUT
    return _middles(given, only | seldom, of_point, certain=bool(certain), rivals=own & ~only)


def _all_at_one(given: FilePoints, of_row: Ints) -> NamedMiddles | None:
    """The points of the deployment's own areas, where nearly all rows of each have one."""
    of_point, rows_of_area = _area_of_each(given, of_row), np.bincount(of_row[of_row != _NONE])
    known = np.flatnonzero(of_point != _NONE)
    most = np.zeros(len(rows_of_area), dtype=np.int64)
    np.maximum.at(most, of_point[known], given.counts[known])
    several = rows_of_area > 1
    rows = rows_of_area[several].sum()
    enough = several.sum() >= _FEWEST_WITH_SEVERAL and rows >= _FEWEST_ROWS
    if not enough or most[several].sum() < _ALL_AT_ONE * rows:
        return None
    middles = np.zeros(len(given.counts), dtype=bool)
    middles[known] = given.counts[known] == most[of_point[known]]
    return _middles(given, middles, of_point, certain=True, rivals=np.zeros_like(middles))


def _middles(given: FilePoints, middles: Mask, of_point: Ints, *, certain: bool, rivals: Mask) -> NamedMiddles | None:
    """These points as middles, known to half the way to the next; None where they stand like houses of a street."""
    half_m = cKDTree(given.metres[middles]).query(given.metres[middles], k=2)[0][:, 1] / 2
    usual_m = float(np.median(half_m))
    if usual_m < FINEST_AREA_M:
        return None
    precision_m = np.full(len(given.counts), np.nan)
    precision_m[middles] = np.fmax(half_m, usual_m)
    return NamedMiddles(
        precision_m=precision_m,
        rows=int(given.counts[middles].sum()),
        certain=certain,
        rivals=rivals,
        others=~middles & ~rivals & (of_point != _NONE) & np.isin(of_point, of_point[middles]),
    )


def _chance_of_so_many(rows_of_area: Ints, points: int, different: int) -> float:
    """The chance that points drawn from areas hit so many different ones, or more: by how many rows each area has (a
    normal law with the exact mean and variance), or exactly as if all were equally likely, which others are hit by with
    less even chance.
    """
    areas, likely = len(rows_of_area), rows_of_area / rows_of_area.sum()
    missed = (1 - likely) ** points
    together = np.fmax(1 - likely[:, None] - likely, 0.0) ** points
    np.fill_diagonal(together, missed)
    variance = together.sum() - missed.sum() ** 2
    beyond = different - 0.5 - (areas - missed.sum())
    by_rows = float(ndtr(-beyond / np.sqrt(variance))) if variance > 0 else 1.0
    chance, hit = np.zeros(areas + 1), np.arange(areas + 1)
    chance[0] = 1.0
    for _point in range(points):
        new = chance * (areas - hit) / areas
        chance = chance * hit / areas
        chance[1:] += new[:-1]
    return min(by_rows, float(chance[different:].sum()))
