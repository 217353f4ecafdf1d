"""The rows of a block: which event is whose double, and which of the two is the second entry."""

import numpy as np
import pandas as pd

from data.quality.blocks.extent import whole_extent
from data.quality.blocks.kinds import source
from data.quality.blocks.model import RADII_M, WITHOUT_TIME, Events, Ints, Kind, Pairs, is_rough
from data.quality.blocks.pairs import all_pairs, joined_pairs, of_kind, of_time
from data.quality.blocks.runs import Run

__all__ = ["all_of_block", "first_and_second", "matched_pairs", "one_to_one"]

# A copy that was appended stands in one piece, with few rows between that are not of it; one that was sorted in among
# the others does not: half of the rows are the first entries.
_ROWS_BETWEEN, _SHARE_IN_ONE_PIECE, _SHARE_OF_THE_PIECE = 10, 0.8, 2 / 3
_SHARE_OF_COPIES = 0.9
# From one row of a piece to the next as many days as anywhere between its copies, or as these.
_FEWEST_DAYS_LEFT_OUT = 2
# The later rows are of one sort where not this near to half of them are.
_NOW_AND_THEN, _RARE = 0.3, 0.1


def matched_pairs(events: Events, run: Run) -> pd.DataFrame:
    """The pairs of a run's days that agree as its kind asks, one to one."""
    near = np.flatnonzero((events.day >= run.first - 1) & (events.day <= run.last + 1))
    part = events.part(near)
    lags = (0, 1) if run.kind.time == "hour" else (0,)
    parts = []
    for lag in lags:
        # Without a lag of its own: the nearest hour may be midnight.
        parts.append(of_kind(part, all_pairs(part, lag, only=source(run.kind)), run.kind, lag=0))
    pairs = Pairs(**{name: np.concatenate([vars(each)[name] for each in parts]) for name in vars(parts[0])})
    inside = (part.day[pairs.coarse] >= run.first) & (part.day[pairs.coarse] <= run.last)
    chosen = Pairs(**{name: values[inside] for name, values in vars(pairs).items()})
    return _at(one_to_one(part, run.kind, chosen), near)


def all_of_block(events: Events, details: pd.DataFrame, run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of the whole block that those of a run's days are part of; `details` as whole_extent has them."""
    extent = whole_extent(events, details, run, pairs)
    return _with_the_rest(events, run, first_and_second(events, run.kind, extent.one, extent.other))


def _at(pairs: pd.DataFrame, positions: Ints) -> pd.DataFrame:
    """Pairs of a part's events as pairs of all events."""
    return pd.DataFrame({name: positions[pairs[name].to_numpy(dtype=np.int64)] for name in ("first", "second")})


def _with_the_rest(events: Events, run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """With the doubles of the other rows of the piece that the copies are: farther off, or without the same details."""
    places = _places_in_file(events)
    copies_at = places[pairs["second"]]
    if not _is_one_piece(copies_at):
        return pairs
    # Two copies of one day that are much alike are no pair: each is the double of a row outside the piece.
    first_at = places[pairs["first"]]
    of_copies = (first_at >= copies_at.min()) & (first_at <= copies_at.max())
    if of_copies.any() and of_copies.mean() <= 1 - _SHARE_OF_COPIES:
        apart = _with_the_rest(events, run, pairs[~of_copies].reset_index(drop=True))
        return apart if len(apart) > len(pairs) else pairs
    first, last = _whole_piece(events, places, copies_at)
    taken = np.zeros(len(events), dtype=bool)
    taken[np.unique(pairs.to_numpy())] = True
    in_piece = (places >= first) & (places <= last)
    copies, days = in_piece & ~taken, events.day[in_piece]
    near = np.flatnonzero((events.day >= days.min()) & (events.day <= days.max()) & ~taken)
    if not copies[near].any():
        return pairs
    part, is_copy = events.part(near), copies[near]
    joined = joined_pairs(part, np.where(is_copy, part.day, -1), np.where(is_copy, -1, part.day), each_once=False)
    if joined is None:
        return pairs
    # As the others agree in time, or one of the two lost it.
    kinds = Kind(time=run.kind.time, value=run.kind.value), Kind(time="day", value=WITHOUT_TIME)
    parts = [of_time(part, {source(each): joined}, each, lag=0) for each in kinds]
    found = Pairs(**{name: np.concatenate([vars(each)[name] for each in parts]) for name in vars(parts[0])})
    # In a piece of copies alone another row is one too, whatever it has for a fellow of its time; before and after the
    # known ones where it is like its fellow in all.
    all_copies = copies.sum() <= (1 - _SHARE_OF_COPIES) * (last - first + 1)
    pair_at = np.stack([places[near[found.coarse]], places[near[found.other]]])
    between = ((pair_at >= copies_at.min()) & (pair_at <= copies_at.max())).any(axis=0)
    in_time = np.arange(len(between)) < len(parts[0].coarse)
    near_by = found.apart_m <= RADII_M[-1]
    inside = found.same_details | near_by | (all_copies & in_time)
    alike = np.where(between, inside, found.same_details & (near_by | np.isnan(found.apart_m)))
    more = one_to_one(part, run.kind, Pairs(**{name: values[alike] for name, values in vars(found).items()}))
    return pd.concat([pairs, _at(more, near)], ignore_index=True)


def _whole_piece(events: Events, places: Ints, copies_at: Ints) -> tuple[int, int]:
    """The first and the last place of the piece that the copies stand in: to where the file's days turn back or leave
    out more than the copies do, if nine in ten of its rows are known copies; else theirs.
    """
    first, last = int(copies_at.min()), int(copies_at.max())
    in_file = np.argsort(places)
    steps = np.diff(events.day[in_file])
    if (steps < 0).sum() > (steps > 0).sum():
        steps = -steps
    widest = max(int(steps[first:last].max(initial=0)), _FEWEST_DAYS_LEFT_OUT)
    stored = np.diff(events.order[in_file] > 0) != 0
    begins = np.flatnonzero((steps < 0) | (steps > widest) | stored) + 1
    before, after = begins[begins <= last].max(initial=0), begins[begins > last].min(initial=len(events)) - 1
    whole = before <= first and len(copies_at) >= _SHARE_OF_COPIES * (after - before + 1)
    return (int(before), int(after)) if whole else (first, last)


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
    places = _places_in_file(events)
    in_one_piece = _in_one_piece(places, by_row)
    stored = (events.order[coarse] == 0) | (events.order[other] == 0)
    if len(in_one_piece) < len(by_row) or stored.any() or _is_one_piece(places[by_row["second"]]):
        return in_one_piece
    # Copies that were sorted in among the others are the later ones, all of them with the coarser times or all with the
    # finer; where these are now later and now not, or where hardly any other event has such times, the second entries
    # have those that are rarer in the file: sorted by time, midnight comes before what it is the copy of.
    of_coarse = float(later.mean()) if len(later) else 1.0
    single = np.ones(len(events), dtype=bool)
    single[coarse] = single[other] = False
    rough = is_rough(events, kind)
    if len(later) and single.any() and (rough[coarse] != rough[other]).mean() > _SHARE_IN_ONE_PIECE:
        usual = float(rough[single].mean())
        if abs(of_coarse - 0.5) < _NOW_AND_THEN or not _RARE < usual < 1 - _RARE:
            of_coarse = 1.0 - usual
    if of_coarse >= 0.5:
        return pd.DataFrame({"first": other, "second": coarse})
    return pd.DataFrame({"first": coarse, "second": other})


def _places_in_file(events: Events) -> Ints:
    """The place of each event among those of the file: rows that are no event do not part a piece."""
    places = np.empty(len(events), dtype=np.int64)
    places[np.argsort(events.order, kind="stable")] = np.arange(len(events))
    return places


def _is_one_piece(places: Ints) -> bool:
    """Whether the copies stand together in the file, with hardly another row between."""
    ordered = np.sort(places)
    if not len(ordered) or (np.diff(ordered) > _ROWS_BETWEEN).any():
        return False
    return bool(len(ordered) >= _SHARE_OF_THE_PIECE * (ordered[-1] - ordered[0] + 1))


def _in_one_piece(places: Ints, pairs: pd.DataFrame) -> pd.DataFrame:
    """Without pairs that chance gave on the same days, where the copy stands in one piece in the file."""
    ordered = pairs.iloc[np.argsort(places[pairs["second"]], kind="stable")]
    copies_at = places[ordered["second"]]
    piece = np.cumsum(np.diff(copies_at, prepend=copies_at[:1]) > _ROWS_BETWEEN)
    sizes = np.bincount(piece) if len(piece) else np.zeros(1, dtype=np.int64)
    largest = piece == int(sizes.argmax())
    if sizes.max() >= _SHARE_IN_ONE_PIECE * len(pairs) and _is_one_piece(copies_at[largest]):
        ordered = ordered[largest]
    return ordered.reset_index(drop=True)
