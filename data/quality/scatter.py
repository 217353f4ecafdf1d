"""Points scattered around a few far-apart centres: the middles of areas, each moved a little at random.

Real settlements differ in size and form. Whoever hides places by moving the middle of an area at random draws all of
them from one distribution, so the scatters have one size and one form, whatever their counts. The test is of that
equality: points are joined to clusters (single linkage, at several distances), and each cluster's covariance is put
beside the pooled one. The upper 95 % limit of how much they truly differ, the variance between clusters (Q-profile,
Viechtbauer 2007), must be small. With too few points the limit is wide and nothing is found: what counts is evidence
that they are equal, not a lack of evidence that they differ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, QhullError, cKDTree
from scipy.stats import chi2

__all__ = ["Scatter", "find_scatter"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Clusters of fewer points, or fewer clusters, say nothing of how alike they are. Sixty rows of a rural force do look
# alike by chance.
_FEWEST_POINTS, _FEWEST_OF_CENTRE, _FEWEST_CENTRES = 100, 5, 3
# What a point varies by is told from so many, else that of a normal scatter is taken.
_ENOUGH_TO_TELL = 30
# So many of the points at least lie in such clusters: pins around busy addresses look like moved middles, and half of a
# file's places have addresses of their own. The others lie by themselves (an area with few rows); few of them
# between, closer to a cluster than half the way to the next.
_LEAST_SHARE, _SHARE_CERTAIN, _MOST_BETWEEN = 0.65, 0.8, 0.1
# A point farther from a centre than this many of its radii is none of its scatter (a normal one reaches that in 8,000).
_RIM = 3.0
# Of the clusters so many may differ: two middles so close together that their scatters are one.
_SHARE_UNLIKE = 0.1
# Distances at which points are joined, from a street to a county.
_JOINED_AT_M = np.geomspace(50.0, 50_000.0, 32)
# A sample of the points is enough to find the centres.
_SAMPLE, _SEED = 20_000, 1
# Where many rows share their very point there are addresses: a place that was moved at random has no fellow.
_REPEATS, _BEYOND_USUAL, _MOST_REPEATED = 5, 5.0, 0.05

# Limits, in shares of the scatters' own variance and in their root mean square radius. Of 2,640 samples of the real
# addresses of 55 police areas (all over, in some districts, in towns alone, in spots) none is certain by them. A
# question is asked of 3 in 2,200, and of 27 in 440 whose spots were drawn with one spread: those are like moved middles
# in all but an edge. So far apart as the limit without an edge no settlements of one size stand.
_ALIKE, _ASKED_ALIKE = 0.25, 0.3
# Three or four towns may well be of one spread.
_FEWEST_WITHOUT_EDGE = 5
_APART_WITH_EDGE, _APART_WITHOUT, _APART_ASKED = 4.0, 40.0, 8.0
# Several settlements so small, and nothing between them, hold no force's records.
_TOWN_M = 150.0
# Nobody moves places farther than some hundred metres for the public; a town may be as wide.
_WIDEST_M = 1_000.0
# Half the way to the next centre, as for single points of areas: below it a map's bandwidth bears them as they are.
_CLOSEST_M = 500.0
# The variance of the squared distance from the centre, of its mean: 1 for a normal scatter, 2/5 for a square, 1/3 for a
# disc.
_EDGE = 0.8


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Clusters of one size and form around `centres_m`, shape (k, 2).

    `radius_m` is the root mean square distance from the centre, `reach_m` the farthest, `apart_m` the usual distance
    from a centre to the next. `unlike` is the upper limit of the standard deviation between the clusters' variances, in
    shares of them, and `edge` says that the scatter ends at an edge, as a square's or a disc's. Where not `certain`,
    towns may look so too. `share` of all points lie around them; the others by themselves.
    """

    centres_m: Floats
    radius_m: float
    reach_m: float
    apart_m: float
    unlike: float
    edge: bool
    share: float

    @property
    def certain(self) -> bool:
        """Whether no real places look so."""
        apart = _APART_WITH_EDGE if self.edge else _APART_ASKED if self.radius_m < _TOWN_M else _APART_WITHOUT
        if not self.edge and len(self.centres_m) < _FEWEST_WITHOUT_EDGE:
            return False
        if self.share < _SHARE_CERTAIN:
            return False
        return self.unlike < _ALIKE and self.apart_m >= apart * self.radius_m and self.radius_m <= _WIDEST_M

    def precision_m(self, metres: Floats) -> Floats:
        """How far the true places of points, shape (n, 2), may lie from them: half the way from their centre to the
        next, at least the usual half and the scatter itself. Points of no centre, which are few, are those of areas
        with too few to be compared.
        """
        next_m = cKDTree(self.centres_m).query(self.centres_m, k=2)[0][:, 1]
        distance_m, nearest = cKDTree(self.centres_m).query(metres)
        of_centre_m = np.maximum(np.maximum(next_m, self.apart_m) / 2, self.reach_m)
        of_scatter = distance_m <= max(self.reach_m, _RIM * self.radius_m)
        return np.where(of_scatter, of_centre_m[nearest], of_centre_m.min())


def find_scatter(metres: Floats, counts: Ints) -> Scatter | None:
    """How distinct points `metres`, shape (n, 2), with `counts` rows each are scattered around far-apart centres, where
    a person should know of it. None where they are not, or where nobody can tell.
    """
    usual = _BEYOND_USUAL * counts.mean()
    repeated = counts[(counts >= _REPEATS) & (counts > usual)].sum()
    if len(metres) < _FEWEST_POINTS or repeated > _MOST_REPEATED * counts.sum():
        return None
    if len(metres) > _SAMPLE:
        metres = metres[np.random.default_rng(_SEED).choice(len(metres), _SAMPLE, replace=False)]
    try:
        tree = _shortest_tree(metres - metres.mean(axis=0))
    except QhullError:
        # All on one line.
        return None
    found = [_compare(metres, labels) for labels in _joined(tree)]
    likely = [each for each in found if each and each.unlike < _ASKED_ALIKE and _far_enough(each)]
    return min(likely, key=lambda each: (not each.certain, each.unlike), default=None)


def _far_enough(scatter: Scatter) -> bool:
    return scatter.certain or scatter.apart_m >= _APART_ASKED * scatter.radius_m


def _shortest_tree(metres: Floats) -> coo_matrix:
    """The minimum spanning tree, all of whose sides are sides of Delaunay triangles."""
    corners = Delaunay(metres).simplices
    sides = np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]).astype(np.int64), axis=1)
    # One number for each side: sorting rows takes ten times as long.
    pairs = np.column_stack(np.divmod(np.unique(sides[:, 0] * len(metres) + sides[:, 1]), len(metres)))
    length_m = np.hypot(*(metres[pairs[:, 0]] - metres[pairs[:, 1]]).T)
    size = (len(metres), len(metres))
    return minimum_spanning_tree(csr_matrix((length_m, (pairs[:, 0], pairs[:, 1])), shape=size)).tocoo()


def _joined(tree: coo_matrix) -> list[NDArray[np.int32]]:
    """A label for each point: the clusters at each distance that joins others than the one before."""
    found, sides = [], 0
    for joined_at_m in _JOINED_AT_M:
        short = tree.data <= joined_at_m
        if short.sum() > sides:
            sides = int(short.sum())
            graph = csr_matrix((tree.data[short], (tree.row[short], tree.col[short])), shape=tree.shape)
            found.append(connected_components(graph, directed=False)[1])
    return found


def _compare(metres: Floats, label: NDArray[np.int32]) -> Scatter | None:
    """The clusters of these labels, and how alike they are."""
    counts = np.bincount(label)
    large = counts >= _FEWEST_OF_CENTRE
    if large.sum() < _FEWEST_CENTRES or counts[large].sum() < _LEAST_SHARE * len(metres):
        return None
    inside = large[label]
    cluster, counts = (np.cumsum(large) - 1)[label[inside]], counts[large]
    centres_m, off_m = _around(metres[inside], cluster, counts)
    apart_m = float(np.median(cKDTree(centres_m).query(centres_m, k=2)[0][:, 1]))
    # Joined at a short distance a scatter loses its rim, and would seem to have an edge.
    distance_m, cluster = cKDTree(centres_m).query(metres)
    near = distance_m <= np.minimum(_RIM * np.sqrt((off_m**2).sum() / len(off_m)), apart_m / 2)
    between = (~near & (distance_m < apart_m / 2)).sum()
    if apart_m < _CLOSEST_M or between > _MOST_BETWEEN * len(metres):
        return None
    cluster = cluster[near]
    counts = np.bincount(cluster, minlength=len(centres_m))
    if counts.min() < _FEWEST_OF_CENTRE:
        return None
    centres_m, off_m = _around(metres[near], cluster, counts)
    spread = off_m.T @ off_m / (len(off_m) - len(counts))
    if np.linalg.det(spread) <= 0:
        return None
    scaled = np.linalg.solve(np.linalg.cholesky(spread), off_m.T).T
    return Scatter(
        centres_m=centres_m,
        radius_m=float(np.sqrt(np.trace(spread))),
        reach_m=float(np.hypot(*off_m.T).max()),
        apart_m=apart_m,
        unlike=_unlike(scaled, cluster, counts),
        edge=_has_edge((scaled**2).sum(axis=1), cluster, counts),
        share=float(near.mean()),
    )


def _around(points: Floats, cluster: Ints, counts: Ints) -> tuple[Floats, Floats]:
    """The clusters' centres, and how far off each point lies from its own."""
    centres_m = np.column_stack([np.bincount(cluster, axis) for axis in points.T]) / counts[:, None]
    return centres_m, points - centres_m[cluster]


def _unlike(scaled: Floats, cluster: Ints, counts: Ints) -> float:
    """Upper limit of the standard deviation between the clusters' variances and covariances, in shares."""
    products = np.column_stack([scaled[:, 0] ** 2, scaled[:, 1] ** 2, scaled[:, 0] * scaled[:, 1]])
    means = np.column_stack([np.bincount(cluster, each) for each in products.T]) / (counts - 1)[:, None]
    # What one point's product varies by within a cluster, in units of the cluster's own size: a normal scatter's, where
    # no cluster has enough points to tell.
    size = np.maximum(means[:, :2].mean(axis=1), np.finfo(float).tiny)[cluster]
    many = counts[cluster] >= 2 * _FEWEST_OF_CENTRE
    told = many.sum() >= _ENOUGH_TO_TELL
    within = np.var(products[many] / size[many, None], axis=0) if told else np.array([2.0, 2.0, 1.0])
    off, chance = (means - [1.0, 1.0, 0.0]) ** 2, within / counts[:, None]
    kept = np.argsort((off / (chance + _ALIKE**2)).sum(axis=1))[: len(counts) - int(_SHARE_UNLIKE * len(counts))]
    least = chi2.ppf(0.05, 3 * (len(kept) - 1))

    def excess(variance: float) -> float:
        return float((off[kept] / (chance[kept] + variance)).sum() - least)

    smallest = np.finfo(float).eps
    return float(np.sqrt(brentq(excess, smallest, 1e9))) if excess(smallest) > 0 else 0.0


def _has_edge(squared: Floats, cluster: Ints, counts: Ints) -> bool:
    """Whether the squared distances from the centre vary less than a normal scatter's, beyond doubt."""
    many = counts[cluster] >= 2 * _FEWEST_OF_CENTRE
    if many.sum() < _ENOUGH_TO_TELL:
        return False
    own = (np.bincount(cluster, squared) / counts)[cluster]
    off = ((squared / own)[many] - 1) ** 2
    return float(off.mean() + 2 * off.std() / np.sqrt(len(off))) < _EDGE
