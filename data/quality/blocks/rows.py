"""The rows of a block: which event is whose double, and which of the two is the second entry."""

import numpy as np
import pandas as pd

from data.quality.blocks.kinds import source
from data.quality.blocks.model import RADII_M, Events, Ints, Kind, Pairs
from data.quality.blocks.pairs import all_pairs, joined_pairs, of_kind, of_time
from data.quality.blocks.runs import Run

__all__ = ["matched_pairs", "one_to_one"]

# A copy that was appended stands in one piece, with few rows between that are not of it.
_ROWS_BETWEEN, _SHARE_IN_ONE_PIECE = 10, 0.8


def matched_pairs(events: Events, run: Run) -> pd.DataFrame:
    """The pairs of a run's days, one to one."""
    near = np.flatnonzero((events.day >= run.first - 1) & (events.day <= run.last + 1))
    part = events.part(near)
    lags = (0,) if run.kind.time == "day" else (0, 1)
    parts = []
    for lag in lags:
        # Without a lag of its own: an offset may lead past midnight.
        found = all_pairs(part, lag, only=source(run.kind)) if source(run.kind) != "minute" or not lag else {}
        parts.append(of_kind(part, found, run.kind, lag=0))
    pairs = Pairs(**{name: np.concatenate([vars(each)[name] for each in parts]) for name in vars(parts[0])})
    inside = (part.day[pairs.coarse] >= run.first) & (part.day[pairs.coarse] <= run.last)
    chosen = Pairs(**{name: values[inside] for name, values in vars(pairs).items()})
    return _with_the_rest(events, run, _at(one_to_one(part, chosen), near))


def _at(pairs: pd.DataFrame, positions: Ints) -> pd.DataFrame:
    """Pairs of a part's events as pairs of all events."""
    return pd.DataFrame({name: positions[pairs[name].to_numpy(dtype=np.int64)] for name in ("first", "second")})


def _with_the_rest(events: Events, run: Run, pairs: pd.DataFrame) -> pd.DataFrame:
    """With the doubles of the other rows of the piece that the copies are: farther off, or without the same details."""
    kind = run.kind
    if kind is None or not _is_one_piece(events, pairs):
        return pairs
    rows = events.order[pairs["second"]]
    taken = np.zeros(len(events), dtype=bool)
    taken[np.unique(pairs.to_numpy())] = True
    copies = (events.order >= rows.min()) & (events.order <= rows.max()) & ~taken
    days = (events.day >= run.first) & (events.day <= run.last) & ~taken
    near = np.flatnonzero(days)
    if not copies[near].any():
        return pairs
    part, is_copy = events.part(near), copies[near]
    wider = Kind(time=kind.time, value=kind.value)
    joined = joined_pairs(part, np.where(is_copy, part.day, -1), np.where(is_copy, -1, part.day), each_once=False)
    if joined is None:
        return pairs
    found = of_time(part, {source(wider): joined}, wider, lag=0)
    alike = found.same_details | (found.apart_m <= RADII_M[-1])
    more = one_to_one(part, Pairs(**{name: values[alike] for name, values in vars(found).items()}))
    return pd.concat([pairs, _at(more, near)], ignore_index=True)


def one_to_one(events: Events, pairs: Pairs) -> pd.DataFrame:
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
    later = events.order[coarse] > events.order[other]
    by_row = pd.DataFrame({"first": np.where(later, other, coarse), "second": np.where(later, coarse, other)})
    in_one_piece = _in_one_piece(events, by_row)
    stored = (events.order[coarse] == 0) | (events.order[other] == 0)
    if len(in_one_piece) < len(by_row) or stored.any() or _is_one_piece(events, by_row):
        return in_one_piece
    # Copies that were sorted in among the others have the coarser times, or the finer.
    second_is_coarse = later.mean() >= 0.5 if len(later) else True
    if second_is_coarse:
        return pd.DataFrame({"first": other, "second": coarse})
    return pd.DataFrame({"first": coarse, "second": other})


def _is_one_piece(events: Events, pairs: pd.DataFrame) -> bool:
    """Whether the later rows of all pairs stand together in the file."""
    rows = np.sort(events.order[pairs["second"]])
    return bool(len(rows)) and bool((np.diff(rows) <= _ROWS_BETWEEN).all())


def _in_one_piece(events: Events, pairs: pd.DataFrame) -> pd.DataFrame:
    """Without pairs that chance gave on the same days, where the copy stands in one piece in the file."""
    ordered = pairs.sort_values("second", key=lambda each: events.order[each])
    rows = events.order[ordered["second"]]
    piece = np.cumsum(np.diff(rows, prepend=rows[:1]) > _ROWS_BETWEEN)
    sizes = np.bincount(piece) if len(piece) else np.zeros(1, dtype=np.int64)
    if sizes.max() >= _SHARE_IN_ONE_PIECE * len(pairs):
        ordered = ordered[piece == int(sizes.argmax())]
    return ordered.reset_index(drop=True)
