"""Whether the numbers of several views, added and subtracted, give back a number of 1 to 4 that no view shows.

Records that no view and no breakdown tells apart are one *group*. Every published number is then a sum over groups, a
row of noughts and ones, and a number that nobody published can be worked out from those that were exactly where its
row is a linear combination of theirs (the audit of linked tables; Hundepool et al., Statistical Disclosure Control,
2012, ch. 4). So any number of views is looked at together: a total minus its parts, nested areas, overlapping periods.

What is looked for is not every set of records, of which there are too many, but each cell of a view, each difference
and each intersection of two, and what narrower views leave of a wider one, in all and by part. Not seen: what follows
only from a number being between limits, and a set that three or more unlike views bound but none of these describes.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analytics.disclosure import Thresholds, cells_shown, hidden_together

__all__ = ["recovers_small_number"]

Booleans = NDArray[np.bool_]
Counts = NDArray[np.int64]

# A squared distance from what can be worked out; rows are whole numbers, so the true ones are 0 or far from it.
_ROUNDING = 1e-6
# Share of the largest eigenvalue below which one is 0.
_NOUGHT = 1e-10


def recovers_small_number(
    *,
    views: Booleans,
    counts: Counts,
    parts: Sequence[NDArray[np.int64]],
    families: Sequence[tuple[int, Sequence[int]]],
    thresholds: Thresholds,
) -> bool:
    """Whether the last of `views`, beside the others, gives back a number of 1 to 4 that the others alone do not.

    `views` says which group of records each view holds, shape (views, groups); `counts` how many records a group has;
    each of `parts` numbers the part (an area, a quarter) that a group belongs to, from 0: every view is published in
    all and by these parts, as analytics.disclosure shows a breakdown. `families` are views, each with others that may
    lie in it.
    """
    views, counts, parts = _merged(views, counts, parts)
    rows = [_published(view, counts, parts, thresholds) for view in views]
    if not rows[-1].shape[0]:
        return False
    wanted = _wanted(views, counts, parts, families, thresholds)
    if not wanted.shape[0]:
        return False
    found = wanted[_can_be_worked_out(np.unique(np.concatenate(rows), axis=0), wanted)]
    before = np.concatenate(rows[:-1]) if len(rows) > 1 else np.empty((0, views.shape[1]), dtype=bool)
    return bool(found.shape[0]) and not _can_be_worked_out(np.unique(before, axis=0), found).all()


def _merged(
    views: Booleans, counts: Counts, parts: Sequence[NDArray[np.int64]]
) -> tuple[Booleans, Counts, list[NDArray[np.int64]]]:
    """The same with groups that nothing tells apart made one, and those in no view left out."""
    seen = views.any(axis=0)
    columns = np.vstack([np.packbits(views[:, seen], axis=0).astype(np.int64), *(part[seen] for part in parts)])
    _groups, first, inverse = np.unique(columns, axis=1, return_index=True, return_inverse=True)
    merged = np.bincount(inverse.ravel(), weights=counts[seen], minlength=len(first)).astype(np.int64)
    return views[:, seen][:, first], merged, [part[seen][first] for part in parts]


def _by_part(view: Booleans, part: NDArray[np.int64]) -> Booleans:
    """One row a part: the groups of the view that belong to it."""
    numbers = np.unique(part[view])
    return view & (part == numbers[:, None])


def _published(view: Booleans, counts: Counts, parts: Sequence[NDArray[np.int64]], thresholds: Thresholds) -> Booleans:
    """One row a number that is shown of a view: its total and each part that is not held back."""
    rows = [view[None, :]] if counts[view].sum() >= thresholds.smallest_count_shown else []
    for part in parts:
        cells = _by_part(view, part)
        rows.append(cells[cells_shown((cells @ counts).tolist(), thresholds=thresholds)])
    return np.concatenate([np.empty((0, len(counts)), dtype=bool), *rows])


def _wanted(
    views: Booleans,
    counts: Counts,
    parts: Sequence[NDArray[np.int64]],
    families: Sequence[tuple[int, Sequence[int]]],
    thresholds: Thresholds,
) -> Booleans:
    """One row a number of 1 to 4 that must not be worked out."""
    new, earlier = views[-1], views[:-1]
    left = [_left_of(views[whole], views[list(within)]) for whole, within in families]
    sets = np.unique(np.vstack([views, new & ~earlier, earlier & ~new, earlier & new, *left]), axis=0)
    everything = np.zeros(len(counts), dtype=np.int64)
    found = []
    for part in (everything, *parts):
        for each in _by_part(np.ones(len(counts), dtype=bool), part):
            # Several sets are often the same within a part.
            cells = np.unique(sets[:, each], axis=0)
            sums = cells @ counts[each]
            small = cells[(sums > 0) & (sums < thresholds.smallest_count_shown)]
            rows = np.zeros((len(small), len(counts)), dtype=bool)
            rows[:, each] = small
            found.append(rows)
    for view in views:
        for part in parts:
            cells = _by_part(view, part)
            together = hidden_together((cells @ counts).tolist(), thresholds=thresholds)
            if together:
                found.append(cells[list(together)].any(axis=0)[None, :])
    return np.unique(np.concatenate(found), axis=0)


def _left_of(whole: Booleans, others: Booleans) -> Booleans:
    """What those of the others that lie in the whole leave of it."""
    within = others[~(others & ~whole).any(axis=1) & (others != whole).any(axis=1)]
    return whole & ~within.any(axis=0)


def _can_be_worked_out(published: Booleans, wanted: Booleans) -> Booleans:
    """Whether each of the wanted rows is a linear combination of the published ones."""
    rows, asked = (sparse.csr_array(each.astype(float)) for each in (published, wanted))
    # The space that the rows span has an orthogonal basis from the smaller of the two products with their transpose.
    if rows.shape[1] <= rows.shape[0]:
        sizes, basis = np.linalg.eigh((rows.T @ rows).toarray())
        kept = sizes > _NOUGHT * sizes.max(initial=1.0)
        along = asked @ basis[:, kept]
    else:
        sizes, basis = np.linalg.eigh((rows @ rows.T).toarray())
        kept = sizes > _NOUGHT * sizes.max(initial=1.0)
        along = (asked @ rows.T).toarray() @ basis[:, kept] / np.sqrt(sizes[kept])
    return wanted.sum(axis=1) - (along**2).sum(axis=1) < _ROUNDING
