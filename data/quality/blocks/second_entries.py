"""Which event is whose double, and which of the two is the second entry."""

import numpy as np
import pandas as pd

from data.quality.blocks.model import Events, Ints, Kind, Pairs, is_rough
from data.quality.blocks.piece import is_one_piece, of_largest_piece, places_in_file

__all__ = ["first_and_second", "one_to_one"]

# Nearly all pairs are of a coarser and a finer time.
_SHARE_OF_TWO_SORTS = 0.8
# The later rows are of one sort where not this near to half of them are.
_NOW_AND_THEN, _RARE = 0.3, 0.1


def one_to_one(events: Events, kind: Kind, pairs: Pairs) -> pd.DataFrame:
    """The pairs such that no event is in two: the same details first, then the nearest, then the farthest in the file.

    Columns first and second: second is the later row, or, where most copies have the coarser (or the finer) time, the
    one that has it.
    """
    rows_apart = np.abs(events.order[pairs.coarse] - events.order[pairs.other])
    apart_m = np.nan_to_num(pairs.apart_m, nan=np.inf)
    used: set[int] = set()
    kept = []
    for place in np.lexsort((-rows_apart, apart_m, ~pairs.same_details)):
        one, other = int(pairs.coarse[place]), int(pairs.other[place])
        if one not in used and other not in used:
            used |= {one, other}
            kept.append((one, other))
    coarse, other = np.array(kept, dtype=np.int64).reshape(-1, 2).T
    return first_and_second(events, kind, coarse, other)


def first_and_second(events: Events, kind: Kind, coarse: Ints, other: Ints) -> pd.DataFrame:
    """The pairs with their first and second entry; without those of chance beside copies that stand in one piece."""
    later = events.order[coarse] > events.order[other]
    by_row = pd.DataFrame({"first": np.where(later, other, coarse), "second": np.where(later, coarse, other)})
    places = places_in_file(events)
    in_one_piece = of_largest_piece(places, by_row)
    stored = (events.order[coarse] == 0) | (events.order[other] == 0)
    if len(in_one_piece) < len(by_row) or stored.any() or is_one_piece(places[by_row["second"]]):
        return in_one_piece
    # Copies that were sorted in among the others are the later ones, all of them with the coarser times or all with the
    # finer; where these are now later and now not, or where hardly any other event has such times, the second entries
    # have those that are rarer in the file: sorted by time, midnight comes before what it is the copy of.
    of_coarse = float(later.mean()) if len(later) else 1.0
    single = np.ones(len(events), dtype=bool)
    single[coarse] = single[other] = False
    rough = is_rough(events, kind)
    if len(later) and single.any() and (rough[coarse] != rough[other]).mean() > _SHARE_OF_TWO_SORTS:
        usual = float(rough[single].mean())
        if abs(of_coarse - 0.5) < _NOW_AND_THEN or not _RARE < usual < 1 - _RARE:
            of_coarse = 1.0 - usual
    if of_coarse >= 0.5:
        return pd.DataFrame({"first": other, "second": coarse})
    return pd.DataFrame({"first": coarse, "second": other})
