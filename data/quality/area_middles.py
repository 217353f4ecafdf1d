"""Middles of areas among true places: told by what all the points that repeat have in common.

Where places are addresses each may repeat, so that repetition proves nothing of one point. Of many together it does:
middles have one point an area, keep apart from one another, and lie where the deployment's own middles lie, however
somebody else has worked them out.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import bdtrc, pdtr

from data.quality.file_points import FilePoints
from geo.areas import Geography

__all__ = [
    "FEWEST_MIDDLES",
    "FINEST_AREA_M",
    "SHARE_ASKED",
    "dated_and_apart",
    "gathered_at_middles",
    "keeping_apart",
    "one_an_area",
]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Half the usual distance between middles. Below it they are street points or buildings, and the bandwidth of a map
# (200 m or more, and twice the precision) bears them as they are.
FINEST_AREA_M = 250.0
# What chance does once in so many files is none of it; more points than areas are not one in each.
_NEVER, _MOST_AN_AREA, _MOST_SHARED = 1e-5, 1.2, 0.1
# Of so many draws of other places hardly any may have as few close pairs as the points that repeat; to settle it, all
# have four times as many. Hostels, one a town, may keep apart too: asked about where they hold a good part of the rows.
_DRAWS, _FEW_DRAWS, _FEWER_PAIRS, _FEWEST_PAIRS, SHARE_ASKED = 300, 3, 4, 4, 0.2
_CLOSE_PAIRS = float(np.log(2) / 8)
_SHARE_SHARED, _CHANCE_ASKED, _CHANCE_SETTLED = 0.5, 0.01, 1e-4
FEWEST_MIDDLES, _MOST_APART, _FEWEST_TO_MEASURE = 8, 2_000, 30
_HOMES_TO_MEASURE, _NEAREST_ADDRESSES = 5_000, 0.05
_REPEATED_SO_OFTEN = (2, 3, 5, 10, 20, 50)


def one_an_area(given: FilePoints, geography: Geography) -> Floats:
    """Precision of points of which the deployment's areas have one each, where chance would put many into one area.

    Pairs of points share an area by chance as often as pairs of addresses do (a birthday problem), or more often where
    what happens gathers. Whoever made the middles may have taken another outline, or the addresses' mean.
    """
    precision_m = np.full(len(given.counts), np.nan)
    areas = geography.small_areas.geometry.to_numpy()
    for least in () if geography.small_area_kind == "squares" else (1, *_REPEATED_SO_OFTEN):
        own = np.flatnonzero(given.incidents >= least)
        if len(own) > _MOST_AN_AREA * len(areas):
            continue
        at, area = shapely.STRtree(areas).query(shapely.points(given.metres[own]), predicate="intersects")
        held = np.bincount(area, minlength=len(areas))
        shared, pairs = (held * (held - 1) / 2).sum(), held.sum() * (held.sum() - 1) / 2
        if shared <= _MOST_SHARED * held.sum() and pdtr(shared, pairs * _share_an_area(geography)) < _NEVER:
            alone = held[area] == 1
            precision_m[own[at[alone]]] = np.sqrt(shapely.area(areas[area[alone]]) / np.pi)
            break
    return precision_m


def keeping_apart(given: FilePoints, geography: Geography) -> tuple[Floats, Mask]:
    """Precision of points that repeat and keep apart from one another as places that happen do not: half the distance
    to the next of them, at least the median of these halves. And the points of which a person must say it.

    The measure are the file's own single places, or the deployment's addresses: so many of these, drawn again and
    again, always have pairs close together. Prolific addresses gather where the others do, or more.
    """
    precision_m, doubtful = np.full(len(given.counts), np.nan), np.zeros(len(given.counts), dtype=bool)
    chance = _all_keep_apart(given)
    if chance < _CHANCE_SETTLED:
        half_m = cKDTree(given.metres).query(given.metres, k=2)[0][:, 1] / 2
        return np.fmax(half_m, np.median(half_m)), doubtful
    if chance < _CHANCE_ASKED:
        doubtful = given.incidents > 1
    measure_m = given.metres[given.incidents == 1]
    if len(measure_m) < _FEWEST_TO_MEASURE:
        row, column = np.nonzero(geography.addresses)
        measure_m = np.column_stack([geography.grid.easting_m[column], geography.grid.northing_m[row]])
    for least in _REPEATED_SO_OFTEN:
        own = given.incidents >= least
        if not FEWEST_MIDDLES <= own.sum() <= min(len(measure_m), _MOST_APART):
            continue
        points_m = given.metres[own]
        half_m = cKDTree(points_m).query(points_m, k=2)[0][:, 1] / 2
        usual_m = float(np.median(half_m))
        if usual_m < FINEST_AREA_M:
            continue
        pairs = _pairs(points_m, usual_m)
        fewest, as_few = _pairs_of_draws(len(points_m), measure_m, within_m=usual_m, own=pairs)
        if fewest >= max(pairs * _FEWER_PAIRS, _FEWEST_PAIRS):
            precision_m[own] = np.fmax(half_m, usual_m)
            return precision_m, np.zeros_like(doubtful)
        if as_few <= _FEW_DRAWS and not doubtful.any() and given.counts[own].sum() >= SHARE_ASKED * given.counts.sum():
            doubtful = own
    return precision_m, doubtful


def dated_and_apart(given: FilePoints) -> Floats:
    """Precision, as in keeping_apart, of the points that only rows without a time of day have: where another system, or
    another form, gives days and middles of areas for a part of the file, the places of the other rows are the measure.
    """
    precision_m = np.full(len(given.counts), np.nan)
    own, measure_m = given.dated == given.counts, given.metres[given.dated == 0]
    enough = FEWEST_MIDDLES <= own.sum() <= min(len(measure_m), _MOST_APART) and len(measure_m) >= _FEWEST_TO_MEASURE
    shared = given.counts[own & (given.incidents > 1)].sum()
    if not enough or shared < _SHARE_SHARED * given.counts[own].sum():
        return precision_m
    points_m = given.metres[own]
    half_m = cKDTree(points_m).query(points_m, k=2)[0][:, 1] / 2
    usual_m = float(np.median(half_m))
    pairs = _pairs(points_m, usual_m)
    fewest, _as_few = _pairs_of_draws(len(points_m), measure_m, within_m=usual_m, own=pairs)
    if usual_m >= FINEST_AREA_M and fewest >= max(pairs * _FEWER_PAIRS, _FEWEST_PAIRS):
        precision_m[own] = np.fmax(half_m, usual_m)
    return precision_m


def _all_keep_apart(given: FilePoints) -> float:
    """How likely chance keeps all points of a file so far apart, also those that come once; 1 unless half of its rows
    share theirs.

    Half the median distance to the next point has a quarter of the area that holds a next one for half of the points:
    of n places at random n log(2) / 8 pairs or more are so close, however much denser they are here than there.
    """
    count = len(given.counts)
    if not FEWEST_MIDDLES <= count <= _MOST_APART:
        return 1.0
    usual_m = float(np.median(cKDTree(given.metres).query(given.metres, k=2)[0][:, 1])) / 2
    if usual_m < FINEST_AREA_M or given.counts[given.incidents > 1].sum() < _SHARE_SHARED * given.counts.sum():
        return 1.0
    return float(pdtr(_pairs(given.metres, usual_m), _CLOSE_PAIRS * count))


def _pairs_of_draws(count: int, measure_m: Floats, *, within_m: float, own: int) -> tuple[int, int]:
    """Of many draws of so many places the fewest pairs so close, and how many draws have not more than `own`; drawing
    ends where these are no longer few."""
    generator, fewest, as_few = np.random.default_rng(1), count * count, 0
    for _draw in range(_DRAWS):
        pairs = _pairs(generator.choice(measure_m, count, replace=False), within_m)
        fewest, as_few = min(fewest, pairs), as_few + (pairs <= own)
        if as_few > _FEW_DRAWS:
            break
    return fewest, as_few


def _pairs(points_m: Floats, within_m: float) -> int:
    tree = cKDTree(points_m)
    return int(tree.count_neighbors(tree, within_m) - len(points_m)) // 2


def _share_an_area(geography: Geography) -> float:
    """How likely two addresses are in one small area; where none are known, as if all areas had as many."""
    areas = geography.small_areas
    held = areas["addresses"].to_numpy(dtype=float) if geography.has_addresses else np.ones(len(areas))
    return float(((held / held.sum()) ** 2).sum())


def gathered_at_middles(given: FilePoints, centres_m: Floats, radius_m: Floats, homes_m: Floats) -> Floats:
    """The radius of the nearest centre for points that repeat and lie among the twentieth of the addresses that is
    nearest to one, where most such points do and the file's single places do not: middles of the same areas, worked out
    in another way.
    """
    found = np.full(len(given.counts), np.nan)
    repeated, single = np.flatnonzero(given.incidents > 1), np.flatnonzero(given.incidents == 1)
    enough = FEWEST_MIDDLES <= len(repeated) <= _MOST_APART and len(single) >= _FEWEST_TO_MEASURE
    if not enough or given.counts[repeated].sum() < SHARE_ASKED * given.counts.sum() or not len(homes_m):
        return found
    tree = cKDTree(centres_m)
    some_m = homes_m[:: len(homes_m) // _HOMES_TO_MEASURE + 1]
    within_m = np.quantile(tree.query(some_m)[0], _NEAREST_ADDRESSES)
    distance_m, nearest = tree.query(given.metres[repeated])
    near = distance_m <= within_m
    usual = max(float((tree.query(given.metres[single])[0] <= within_m).mean()), _NEAREST_ADDRESSES)
    # The chance that so many of the points, or more, are as near as single places are.
    if 2 * near.sum() >= len(near) and bdtrc(near.sum() - 1, len(near), usual) < _NEVER:
        found[repeated[near]] = radius_m[nearest[near]]
    return found
