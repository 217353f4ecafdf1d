"""The doubles of the other rows of the piece that copies stand in: farther off, without the same details or a time."""

import numpy as np
import pandas as pd

from data.quality.blocks.kinds import source
from data.quality.blocks.model import RADII_M, WITHOUT_TIME, Events, Ints, Kind, Mask, Pairs
from data.quality.blocks.pairs import joined_pairs, of_time
from data.quality.blocks.piece import SHARE_OF_COPIES, is_one_piece, places_in_file, whole_piece
from data.quality.blocks.second_entries import one_to_one

__all__ = ["with_rest_of_piece"]


def with_rest_of_piece(events: Events, kind: Kind, pairs: pd.DataFrame) -> pd.DataFrame:
    """With the doubles of the other rows of the piece, where the copies stand in one; columns first and second."""
    places = places_in_file(events)
    copies_at = places[pairs["second"]]
    if not is_one_piece(copies_at):
        return pairs
    # Two copies of one day that are much alike are no pair: each is the double of a row outside the piece.
    first_at = places[pairs["first"]]
    of_copies = (first_at >= copies_at.min()) & (first_at <= copies_at.max())
    if of_copies.any() and of_copies.mean() <= 1 - SHARE_OF_COPIES:
        apart = with_rest_of_piece(events, kind, pairs[~of_copies].reset_index(drop=True))
        return apart if len(apart) > len(pairs) else pairs
    more = _rest(events, kind, pairs, places, copies_at)
    return pairs if more is None else pd.concat([pairs, more], ignore_index=True)


def _rest(events: Events, kind: Kind, pairs: pd.DataFrame, places: Ints, copies_at: Ints) -> pd.DataFrame | None:
    """The pairs of the piece's rows that are in none of `pairs`."""
    first, last = whole_piece(events, places, copies_at)
    left = np.ones(len(events), dtype=bool)
    left[np.unique(pairs.to_numpy())] = False
    in_piece = (places >= first) & (places <= last)
    days = events.day[in_piece]
    near = np.flatnonzero((events.day >= days.min()) & (events.day <= days.max()) & left)
    part, is_copy = events.part(near), in_piece[near]
    if not is_copy.any():
        return None
    joined = joined_pairs(part, np.where(is_copy, part.day, -1), np.where(is_copy, -1, part.day), each_once=False)
    if joined is None:
        return None
    # As the others agree in time, or one of the two lost it.
    alike_in_time, lost = Kind(time=kind.time, value=kind.value), Kind(time="day", value=WITHOUT_TIME)
    in_time, timeless = (of_time(part, {source(each): joined}, each, lag=0) for each in (alike_in_time, lost))
    found = in_time.and_also(timeless)
    pair_at = np.stack([places[near[found.coarse]], places[near[found.other]]])
    between = ((pair_at >= copies_at.min()) & (pair_at <= copies_at.max())).any(axis=0)
    # In a piece of copies alone another row is one too, whatever it has for a fellow of its time.
    copies_alone = (in_piece & left).sum() <= (1 - SHARE_OF_COPIES) * (last - first + 1)
    by_time = copies_alone & (np.arange(len(between)) < len(in_time.coarse))
    alike = _alike(found, between=between, by_time=by_time)
    more = one_to_one(part, kind, found.part(alike))
    return pd.DataFrame({name: near[more[name].to_numpy(dtype=np.int64)] for name in more})


def _alike(found: Pairs, *, between: Mask, by_time: Mask) -> Mask:
    """Which pairs are near, or have the same details, or agree in time; both of the first two before and after the
    known copies.
    """
    near_by = found.apart_m <= RADII_M[-1]
    inside = found.same_details | near_by | by_time
    return np.where(between, inside, found.same_details & (near_by | np.isnan(found.apart_m)))
