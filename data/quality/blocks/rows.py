"""The rows of a block: the pairs of its days, and all that these are part of."""

import numpy as np
import pandas as pd

from data.quality.blocks.extent import whole_extent
from data.quality.blocks.kinds import source
from data.quality.blocks.model import Events, Pairs
from data.quality.blocks.pairs import all_pairs, of_kind
from data.quality.blocks.rest_of_piece import with_rest_of_piece
from data.quality.blocks.runs import Run
from data.quality.blocks.second_entries import first_and_second, one_to_one

__all__ = ["all_of_block", "matched_pairs"]


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
    kept = one_to_one(part, run.kind, chosen)
    return pd.DataFrame({name: near[kept[name].to_numpy(dtype=np.int64)] for name in kept})


def all_of_block(events: Events, details: pd.DataFrame, run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of the whole block that those of a run's days are part of; `details` as whole_extent has them."""
    extent = whole_extent(events, details, run, pairs)
    return with_rest_of_piece(events, run.kind, first_and_second(events, run.kind, extent.one, extent.other))
