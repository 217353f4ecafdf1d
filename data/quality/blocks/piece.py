"""Copies that were appended: they stand in one piece in the file, with few rows between that are not of it."""

import numpy as np
import pandas as pd

from data.quality.blocks.model import Events, Ints

__all__ = ["SHARE_OF_COPIES", "is_one_piece", "of_largest_piece", "places_in_file", "whole_piece"]

# Copies that were sorted in among the others are in no piece: half of the rows are the first entries.
_ROWS_BETWEEN, _SHARE_IN_ONE_PIECE, _SHARE_OF_THE_PIECE = 10, 0.8, 2 / 3
# The rows of a piece that are known copies, where the others of it are taken for such.
SHARE_OF_COPIES = 0.9
# From one row of a piece to the next as many days as anywhere between its copies, or as these.
_FEWEST_DAYS_LEFT_OUT = 2


def places_in_file(events: Events) -> Ints:
    """The place of each event among those of the file: rows that are no event do not part a piece."""
    places = np.empty(len(events), dtype=np.int64)
    places[np.argsort(events.order, kind="stable")] = np.arange(len(events))
    return places


def is_one_piece(places: Ints) -> bool:
    """Whether the copies stand together in the file, with hardly another row between."""
    ordered = np.sort(places)
    if not len(ordered) or (np.diff(ordered) > _ROWS_BETWEEN).any():
        return False
    return bool(len(ordered) >= _SHARE_OF_THE_PIECE * (ordered[-1] - ordered[0] + 1))


def of_largest_piece(places: Ints, pairs: pd.DataFrame) -> pd.DataFrame:
    """Without pairs that chance gave on the same days, where the copy stands in one piece in the file."""
    ordered = pairs.iloc[np.argsort(places[pairs["second"]], kind="stable")]
    copies_at = places[ordered["second"]]
    piece = np.cumsum(np.diff(copies_at, prepend=copies_at[:1]) > _ROWS_BETWEEN)
    sizes = np.bincount(piece) if len(piece) else np.zeros(1, dtype=np.int64)
    largest = piece == int(sizes.argmax())
    if sizes.max() >= _SHARE_IN_ONE_PIECE * len(pairs) and is_one_piece(copies_at[largest]):
        ordered = ordered[largest]
    return ordered.reset_index(drop=True)


def whole_piece(events: Events, places: Ints, copies_at: Ints) -> tuple[int, int]:
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
    whole = before <= first and len(copies_at) >= SHARE_OF_COPIES * (after - before + 1)
    return (int(before), int(after)) if whole else (first, last)
