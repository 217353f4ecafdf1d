"""Points with many rows: which may be an address, and which are a default, a station or the middle of an area.

Where places are addresses each of them repeats exactly, so that repetition alone proves nothing: a hostel does so too.
What tells that a point is no address:

* no other comes near it: in a power law with an exponent of 1 or more the first is twenty times the second in one file
  of twenty, and no real address holds a good part of hundreds of places besides;
* it is stated with two decimals fewer than nearly all others (a chance of 1e-4 for a pair of coordinates): typed in;
* nobody lives within half a kilometre of it;
* it is nearer to the middle of an area, or to a station, than nearly all addresses are;
* the other places are not addresses: many lie close together, and yet hardly two are the same. In a town about a
  hundred homes lie within 100 m of each other, so that were all alike one such pair in a hundred would share its home,
  and people who overdose live in few of them. Measured or randomly moved positions have no such pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["FEWEST_CROWDED", "Crowd", "crowded_points", "reach_of_chance_m"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# One point with this share of all places is worth a question, be it a station, a default or a hostel; so are several
# that hold many rows each, ten times what others do, and together a good part of the file.
_CROWDED_SHARE, FEWEST_CROWDED = 0.2, 10
_CROWDED_TOGETHER, _MANY_ROWS, _SHARE_OF_EACH, _BEYOND_OTHERS = 0.15, 20, 0.01, 10.0
# No hostel holds such a share of so many rows, where the next address holds so much less; of fewer rows it may.
_SHARE_OF_DEFAULT, _MANY_OF_DEFAULT, _BEYOND_THE_NEXT = 0.25, 100, 20.0
# So many decimals fewer than nearly all of at least so many others.
_FEWER_DECIMALS, _NEARLY_ALL, _FEWEST_OTHERS, _MOST_DECIMALS, _ON_THE_GRID = 2, 0.95, 20, 8, 1e-4
_NOBODY_WITHIN_M = 500.0
# Nearer to a middle than this share of the addresses, and than this share of the area's radius: a county's middle is
# found in several ways, which lie some hundred metres apart.
_BY_CHANCE, _OF_RADIUS = 0.0025, 0.1
# Where of so many pairs of other places this close together under half a hundredth are at the same point, places are
# none that repeat. A sample of the points is enough.
_CLOSE_M, _FEWEST_CLOSE, _MOST_ALIKE, _SAMPLE = 100.0, 100, 0.005, 5_000
# A point that repeats in such a file matters from this share of all places on.
_LEAST_SHARE = 0.02
# Where too few places are close together to tell, it is asked about: of so many others hardly one repeats.
_SHARE_ALONE, _FEWEST_SINGLE, _MOST_OTHERS = 0.1, 50, 0.01


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """The distinct points of a file: rows and incidents at each, coordinates as stated (`degrees` or not) and `metres`.

    `homes_m`, shape (n, 2), are where people live, and `homes_known` says which points are where that is known.
    """

    counts: Ints
    incidents: Ints
    stated: Floats
    degrees: bool
    metres: Floats
    homes_m: Floats
    homes_known: Mask

    def no_addresses(self, unexplained: Mask) -> Mask:
        """Points of those not explained that hold many rows and are no address, by all signs but where areas are."""
        crowded = crowded_points(self.counts, unexplained)
        found = crowded & (self._beyond_all_addresses() | self._typed_in() | self._where_nobody_lives(crowded))
        busy = unexplained & (self.counts >= max(FEWEST_CROWDED, _LEAST_SHARE * self.counts.sum()))
        if (busy & ~found).any() and self._never_repeats(~busy):
            found |= busy
        return found

    def repeat_alone(self, unexplained: Mask) -> Mask:
        """Points of those not explained that hold a good part of the rows, where hardly any other repeats."""
        busy = unexplained & (self.counts >= max(FEWEST_CROWDED, _SHARE_ALONE * self.counts.sum()))
        others = self.incidents[~busy]
        alone = len(others) >= _FEWEST_SINGLE and (others > 1).sum() <= _MOST_OTHERS * len(others)
        return busy & alone

    def _beyond_all_addresses(self) -> Mask:
        most = self.counts >= max(_MANY_OF_DEFAULT, _SHARE_OF_DEFAULT * self.counts.sum())
        return most & (self.counts >= _BEYOND_THE_NEXT * self.counts[~most].max(initial=1))

    def _typed_in(self) -> Mask:
        """Points with so much rounder coordinates than others."""
        decimals = _decimals(self.stated, self.degrees)
        once = decimals[self.counts < FEWEST_CROWDED]
        if len(once) < _FEWEST_OTHERS:
            return np.zeros(len(decimals), dtype=bool)
        return decimals <= np.quantile(once, 1 - _NEARLY_ALL, method="lower") - _FEWER_DECIMALS

    def _where_nobody_lives(self, crowded: Mask) -> Mask:
        found = np.zeros(len(crowded), dtype=bool)
        if crowded.any() and len(self.homes_m):
            found[crowded] = cKDTree(self.homes_m).query(self.metres[crowded])[0] > _NOBODY_WITHIN_M
        return found & self.homes_known

    def _never_repeats(self, others: Mask) -> bool:
        metres, incidents = self.metres[others], self.incidents[others].astype(float)
        if len(metres) > _SAMPLE:
            some = np.random.default_rng(1).choice(len(metres), _SAMPLE, replace=False)
            metres, incidents = metres[some], incidents[some]
        tree = cKDTree(metres)
        close = (tree.count_neighbors(tree, _CLOSE_M) - len(metres)) / 2
        alike = float((incidents * (incidents - 1) / 2).sum())
        return close >= _FEWEST_CLOSE and alike <= _MOST_ALIKE * close


def crowded_points(counts: Ints, unexplained: Mask) -> Mask:
    """The points of those not explained that hold an unusual share of the places: one alone, or several together."""
    ours, total = np.where(unexplained, counts, 0), int(counts.sum())
    many = ours >= max(_MANY_ROWS, _SHARE_OF_EACH * total)
    others = counts[~many].mean() if not many.all() else 0.0
    many &= ours >= _BEYOND_OTHERS * others
    if ours[many].sum() >= _CROWDED_TOGETHER * total:
        return many
    return (ours == ours.max()) & (ours >= max(FEWEST_CROWDED, _CROWDED_SHARE * total))


def reach_of_chance_m(homes_m: Floats, centres_m: Floats, radius_m: Floats, *, points: int) -> Floats:
    """How near to each centre one of so many points is by no chance: nearly all homes are farther from all of them."""
    by_chance = _BY_CHANCE / points
    if len(homes_m) < 1 / by_chance:
        return np.zeros(len(centres_m))
    distance_m = cKDTree(centres_m).query(homes_m)[0]
    return np.minimum(np.quantile(distance_m, by_chance), _OF_RADIUS * radius_m)


def _decimals(stated: Floats, degrees: bool) -> Ints:
    """How many decimals each point's coordinates need, the longer of the two; fewer than none for whole kilometres."""
    decimals = np.full(len(stated), _MOST_DECIMALS)
    for number in range(_MOST_DECIMALS - 1, -1 if degrees else -4, -1):
        scaled = stated * 10.0**number
        decimals[(np.abs(scaled - np.round(scaled)) < _ON_THE_GRID).all(axis=1)] = number
    return decimals
