"""The rows of a block: the pairs of its days, and all that these are part of."""

import numpy as np
import pandas as pd

from data.quality.blocks.extent import whole_extent
from data.quality.blocks.kinds import source
from data.quality.blocks.model import Events, Kind, Pairs
from data.quality.blocks.pairs import all_pairs, of_kind
from data.quality.blocks.rest_of_piece import with_rest_of_piece
from data.quality.blocks.runs import Run
from data.quality.blocks.second_entries import first_and_second, one_to_one

__all__ = ["all_of_block", "matched_pairs"]


def matched_pairs(events: Events, run: Run) -> pd.DataFrame:
    """The pairs of a run's days that agree as its kind asks, one to one."""
    near = np.flatnonzero((events.day >= run.first - 1) & (events.day <= run.last + 1))
    part = events.part(near)
    pairs = _at_lag(part, run.kind, 0)
    if run.kind.time == "hour":
        # Without a lag of its own: the nearest hour may be midnight.
        pairs = pairs.and_also(_at_lag(part, run.kind, 1))
    inside = (part.day[pairs.coarse] >= run.first) & (part.day[pairs.coarse] <= run.last)
    kept = one_to_one(part, run.kind, pairs.part(inside))
    return pd.DataFrame({name: near[kept[name].to_numpy(dtype=np.int64)] for name in kept})


def _at_lag(events: Events, kind: Kind, lag: int) -> Pairs:
    return of_kind(events, all_pairs(events, lag, only=source(kind)), kind, lag=0)


def all_of_block(events: Events, details: pd.DataFrame, run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of the whole block that those of a run's days are part of; `details` as whole_extent has them."""
    extent = whole_extent(events, details, run, pairs)
    return with_rest_of_piece(events, run.kind, first_and_second(events, run.kind, extent.one, extent.other))
