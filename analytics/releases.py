"""Whether the numbers of several views, added and subtracted, give back a number of 1 to 4 that no view shows.

Records that no view and no breakdown tells apart are one *group*. Every published number is then a sum over groups, a
row of noughts and ones, and a number that nobody published can be worked out from those that were exactly where its
row is a linear combination of theirs (the audit of linked tables; Hundepool et al., Statistical Disclosure Control,
2012, ch. 4). So any number of views is looked at together: a total minus its parts, nested areas, overlapping periods.

What is looked for is not every set of records, of which there are too many, but each cell of a view, any two numbers
of which one lies in the other, each difference and each intersection of two views, and what narrower views leave of a
wider one, in all and by part: any two or three that lie side by side in it, and all that narrow it in one kind of
filter. Not seen: what follows only from a number being between limits, and a set that more views bound together but
none of these describes.
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
    shown = [_published(view, counts, parts, thresholds) for view in views]
    earlier = _distinct(np.vstack([np.zeros((1, len(counts)), dtype=bool), *shown[:-1]]))
    # A set that was shown in another view tells nothing new.
    new = _distinct(shown[-1][~_is_among(shown[-1], earlier)])
    if not len(new):
        return False
    published = np.vstack([earlier, new])
    if _subtracts_to_small_number(new, published, counts, thresholds):
        return True
    for cell in _cells(parts):
        here = _distinct(views & cell)
        here = here[_is_among(here, published)]
        row = views[-1] & cell
        if _is_among(row[None, :], here)[0] and _leaves_small_number(row, here, counts, thresholds):
            return True
    wanted = _wanted(views, counts, parts, families, thresholds)
    found = wanted[_can_be_worked_out(published, wanted)]
    return bool(len(found)) and not _can_be_worked_out(earlier, found).all()


def _distinct(rows: Booleans) -> Booleans:
    """Each row once. A row's bytes tell it from others many times faster than sorting rows of thousands does."""
    return rows[list({row.tobytes(): index for index, row in enumerate(rows)}.values())]


def _is_among(rows: Booleans, others: Booleans) -> Booleans:
    known = {each.tobytes() for each in others}
    return np.array([row.tobytes() in known for row in rows], dtype=bool)


def _cells(parts: Sequence[NDArray[np.int64]]) -> Booleans:
    """One row a part, after one for all."""
    every = np.ones(len(parts[0]), dtype=bool)
    return np.vstack([every, *(_by_part(every, part) for part in parts)])


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
    """One row a number that is shown of a view: the groups behind its total and each part that is not held back."""
    rows = [view[None, :]] if counts[view].sum() >= thresholds.smallest_count_shown else []
    for part in parts:
        cells = _by_part(view, part)
        rows.append(cells[cells_shown((cells @ counts).tolist(), thresholds=thresholds)])
    return np.vstack([np.empty((0, len(counts)), dtype=bool), *rows])


def _subtracts_to_small_number(new: Booleans, published: Booleans, counts: Counts, thresholds: Thresholds) -> bool:
    """Whether one of the new numbers is inside another that is published, or around it, and all but 1 to 4 of it."""
    sums = published @ counts
    for row in new:
        apart = np.abs(sums - counts[row].sum())
        near = published[(apart > 0) & (apart < thresholds.smallest_count_shown)]
        if ((near <= row).all(axis=1) | (near >= row).all(axis=1)).any():
            return True
    return False


def _leaves_small_number(new: Booleans, others: Booleans, counts: Counts, thresholds: Thresholds) -> bool:
    """Whether two or three numbers of sets side by side in another leave 1 to 4 of it, the new one among them."""

    def few(left: Counts) -> Booleans:
        return (left > 0) & (left < thresholds.smallest_count_shown)

    def side_by_side(sets: Booleans) -> tuple[Booleans, Counts]:
        """Pairs without a group in common, each once, and how many records they have together."""
        sums = sets @ counts
        apart = np.triu(sets.astype(np.int64) @ sets.T == 0, k=1)
        return apart, sums[:, None] + sums

    size = counts[new].sum()
    inside = others[(others <= new).all(axis=1) & (others != new).any(axis=1)]
    apart, sums = side_by_side(inside)
    pairs = np.argwhere(apart)
    if few(size - sums[apart]).any():
        return True
    for first, second in pairs:
        third = inside[second + 1 :][apart[first, second + 1 :] & apart[second, second + 1 :]]
        if few(size - sums[first, second] - third @ counts).any():
            return True
    beside = others[~(others & new).any(axis=1)]
    for whole in others[(others >= new).all(axis=1) & (others != new).any(axis=1)]:
        left = counts[whole].sum() - size
        inside = beside[(beside <= whole).all(axis=1)]
        apart, sums = side_by_side(inside)
        if few(left - inside @ counts).any() or few(left - sums[apart]).any():
            return True
    return False


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
    sets = _distinct(np.vstack([views, new & ~earlier, earlier & ~new, earlier & new, *left]))
    found = []
    for each in _cells(parts):
        # Several sets are often the same within a part.
        cells = _distinct(sets[:, each])
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
    return _distinct(np.concatenate(found))


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
