"""Which postcode districts are no longer in use.

The directory keeps postcodes that have gone, and does not say which they are: when Royal Mail recodes an area
(Cardiff's CF6 became CF61 to CF64 and CF72), the old district and the new ones lie on the same streets. An area map
must not show the old one. It is told by two signs together: nearly every one of its addresses lies among addresses of
other districts, and most of those others are newer. Of two districts of one postcode area the higher number is the
newer; of different areas, the one with fewer coordinates rounded to ten metres, as early grid references were.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["superseded_districts"]

# Neighbours looked at around each address, and how many of them in other districts make it lie "among" others.
_NEIGHBOURS = 8
_AMONG_OTHERS = 2
# Share of a district's addresses that lie among others' from which it may be a superseded one. A district in use has
# some ground of its own; the recoded ones of the whole directory are at 0.999 and above.
_WHOLLY = 0.995


def superseded_districts(
    *, easting: NDArray[np.int32], northing: NDArray[np.int32], district: Sequence[str]
) -> frozenset[str]:
    """The districts among these addresses that others have replaced.

    easting and northing are in whole metres as the directory gives them, one row for each distinct location of a
    district.
    """
    code, names = pd.factorize(np.asarray(district, dtype=object))
    if len(code) <= _NEIGHBOURS:
        return frozenset()
    _distance, neighbour = cKDTree(np.column_stack([easting, northing])).query(
        np.column_stack([easting, northing]), k=_NEIGHBOURS + 1
    )
    other = code[neighbour[:, 1:]]
    foreign = other != code[:, None]
    size = np.bincount(code)
    among_others = np.bincount(code, weights=foreign.sum(axis=1) >= _AMONG_OTHERS) / size
    rounded = np.bincount(code, weights=(easting % 10 == 0) & (northing % 10 == 0)) / size
    older = foreign & _is_older(names, rounded, first=other, second=np.broadcast_to(code[:, None], other.shape))
    older_share = np.bincount(code, weights=older.sum(axis=1)) / np.bincount(code, weights=foreign.sum(axis=1)).clip(1)
    return frozenset(names[(among_others >= _WHOLLY) & (older_share < 0.5)])


def _is_older(
    names: NDArray[np.object_], rounded: NDArray[np.float64], *, first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether the first district of each pair is older than the second."""
    area, _areas = pd.factorize(np.array([re.match(r"[A-Z]*", name)[0] for name in names], dtype=object))
    number = np.array([int(digits[0]) if (digits := re.search(r"\d+", name)) else 0 for name in names])
    same_area = area[first] == area[second]
    return np.where(same_area, number[first] < number[second], rounded[first] > rounded[second])
