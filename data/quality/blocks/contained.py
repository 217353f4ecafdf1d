"""Days whose dates without a time are all among the timed events: as many at each point, or of each set of details.

For copies that kept the date alone and stand at the middles of areas. In a busy force any of them finds some event of
its day that is nearest to its point, so that it tells little that one does; but that there are never more of them at a
point than events does. With n timed events a day of which the share q is nearest to a point, the number there is about
Poisson with mean nq: by chance the r-th copy at the point finds one, where r - 1 others did, with the probability
P(at least r) / P(at least r - 1). The score of a run of days is the log-likelihood ratio of the share FOUND instead.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from data.quality.blocks.kinds import default_clocks, source
from data.quality.blocks.model import FEWEST_PAIRS, NEW_POINTS, WITHOUT_TIME, Events, Floats, Ints, Kind, Mask, is_rough
from data.quality.blocks.pairs import central_points, joined_pairs, of_time
from data.quality.blocks.runs import FALSE_BLOCKS, MOST_FROM_A_DAY, SHARE_OF_CHANCE, Run, largest_sum
from data.quality.blocks.second_entries import one_to_one

__all__ = ["contained_block"]

# So many of the copies find their event: all but a few, or most where unrelated dates are among them.
_FOUND = (0.95, 0.75)
_CODINGS = 3
# Days off at which chance is counted again where a run was found.
_LAGS = (-21, -14, -10, -7, -1, 1, 7, 10, 14, 21)
# Not surer than this of what chance gives.
_LEAST, _MOST = 1e-3, 0.999


@dataclass(frozen=True, kw_only=True)
class _Trials:
    """The copies one by one: day, whether they find an event, and the probability that chance gives them one."""

    day: Ints
    found: Mask
    by_chance: Floats


def contained_block(events: Events) -> tuple[Run, pd.DataFrame] | None:
    """The surest such run, with its pairs."""
    best: tuple[Run, Ints, Ints] | None = None
    clocks = (WITHOUT_TIME, *default_clocks(events), NEW_POINTS)
    for clock in clocks:
        rough = is_rough(events, Kind(time="day", value=clock)) & (events.order > 0)
        days = np.unique(events.day[rough])
        # Points of the file's own are none but where nothing else tells the copies.
        if rough.sum() < FEWEST_PAIRS or rough.all() or (clock == NEW_POINTS and best):
            continue
        beside = np.zeros(int(events.day.max()) + 1 + 2 * max(_LAGS), dtype=bool)
        for lag in (0, *_LAGS):
            beside[days + lag + max(_LAGS)] = True
        near = np.flatnonzero(beside[events.day + max(_LAGS)])
        part = events.part(near)
        needed = float(np.log(len(beside) * len(clocks) * _CODINGS * len(_FOUND)))
        needed -= float(np.log(SHARE_OF_CHANCE["contained"] * FALSE_BLOCKS))
        for kind, coarse, fine in _coded(part, clock):
            run = _run(part, kind, coarse, fine, needed)
            if run and (best is None or run.score > best[0].score):
                best = run, *(_on_all(codes, near, len(events)) for codes in (coarse, fine))
    if best is None:
        return None
    run, coarse, fine = best
    inside = (events.day >= run.first) & (events.day <= run.last)
    cells = int(max(coarse.max(), fine.max())) + 1
    joined = joined_pairs(
        events,
        np.where(inside & (coarse >= 0), events.day * cells + coarse, -1),
        np.where(inside & (fine >= 0), events.day * cells + fine, -1),
        each_once=False,
    )
    if joined is None:
        return None
    pairs = one_to_one(events, run.kind, of_time(events, {source(run.kind): joined}, run.kind, lag=0))
    return (run, pairs) if len(pairs) >= FEWEST_PAIRS else None


def _on_all(codes: Ints, near: Ints, count: int) -> Ints:
    every = np.full(count, -1)
    every[near] = codes
    return every


def _coded(part: Events, clock: int) -> list[tuple[Kind, Ints, Ints]]:
    """The kinds with the cell of each coarse and of each timed event, -1 for the rest."""
    rough = is_rough(part, Kind(time="day", value=clock))
    at, near_to, points = central_points(part, clock)
    at = np.where(part.order > 0, at, -1)
    shared = 0 < points <= (at >= 0).sum() / 2
    told = part.details >= 0
    coarse_details = np.where(rough & told & (part.order > 0), part.details, -1)
    fine_details = np.where(~rough & told, part.details, -1)
    codings = []
    if shared:
        codings.append((Kind(time="day", value=clock, central=True), at, near_to))
    if told.any():
        codings.append((Kind(time="day", value=clock, details=True), coarse_details, fine_details))
    if shared and told.any():
        sets = int(part.details.max()) + 1
        both = Kind(time="day", value=clock, central=True, details=True)
        coarse = np.where((at >= 0) & (coarse_details >= 0), at * sets + coarse_details, -1)
        fine = np.where((near_to >= 0) & (fine_details >= 0), near_to * sets + fine_details, -1)
        codings.append((both, coarse, fine))
    return codings


def _run(part: Events, kind: Kind, coarse: Ints, fine: Ints, needed: float) -> Run | None:
    """The surest run of days of one coding, where it is sure enough against its neighbours and against other days."""
    if (coarse >= 0).sum() < FEWEST_PAIRS or not (fine >= 0).any():
        return None
    trials = _trials(part, coarse, fine, lag=0)
    run = _surest(trials, trials.by_chance, needed)
    if run is None:
        return None
    usual = 1.0
    inside = (trials.day >= run[1]) & (trials.day <= run[2])
    beside = [_trials(part, coarse, fine, lag=lag) for lag in _LAGS]
    for others in (
        [(each, (each.day >= run[1]) & (each.day <= run[2])) for each in beside],
        [(trials, ~inside)],
    ):
        found = np.concatenate([each.found[which] for each, which in others])
        by_chance = np.concatenate([each.by_chance[which] for each, which in others])
        if len(found):
            # How much more there is at each point than chance has it, in events to be found.
            missed = max(float((~found).mean()), 1 - _MOST)
            usual = max(usual, float(np.log(missed) / np.log(np.clip(1 - by_chance.mean(), 1 - _MOST, _MOST))))
    by_chance = 1 - (1 - trials.by_chance) ** usual
    again = _surest(
        replace(trials, day=trials.day[inside], found=trials.found[inside], by_chance=trials.by_chance[inside]),
        by_chance[inside],
        needed,
    )
    return Run(kind=kind, first=again[1], last=again[2], score=again[0]) if again else None


def _surest(trials: _Trials, by_chance: Floats, needed: float) -> tuple[float, int, int] | None:
    """The largest score with its first and last day, where it is large enough."""
    by_chance = np.clip(by_chance, _LEAST, _MOST)
    best = None
    for share in _FOUND:
        gain = np.where(trials.found, np.log(share / by_chance), np.log((1 - share) / (1 - by_chance)))
        by_day = np.bincount(trials.day, gain)
        run = largest_sum(np.minimum(by_day, needed * MOST_FROM_A_DAY))
        if run[0] >= needed and (best is None or run[0] > best[0]):
            best = run
    return best


def _trials(part: Events, coarse: Ints, fine: Ints, *, lag: int) -> _Trials:
    """Each copy whose forerunners at its point all found an event, `lag` days on."""
    cells = int(max(coarse.max(), fine.max())) + 1
    copies = np.flatnonzero(coarse >= 0)
    code = part.day[copies] * cells + coarse[copies]
    order = np.argsort(code, kind="stable")
    copies, code = copies[order], code[order]
    rank = np.arange(len(code)) - np.searchsorted(code, code, side="left")
    timed = np.sort((part.day[fine >= 0] - lag) * cells + fine[fine >= 0])
    there = np.searchsorted(timed, code, side="right") - np.searchsorted(timed, code, side="left")
    share = np.bincount(fine[fine >= 0], minlength=cells) / (fine >= 0).sum()
    days = int(part.day.max()) + 1
    a_day = np.zeros(days + 2 * max(_LAGS))
    a_day[: days + max(_LAGS)] = np.bincount(part.day[fine >= 0] - lag + max(_LAGS), minlength=days + max(_LAGS))[
        : days + max(_LAGS)
    ]
    mean = a_day[part.day[copies] + max(_LAGS)] * share[coarse[copies]]
    tried = there >= rank
    least = np.where(rank > 0, stats.poisson.sf(rank - 1.0, mean), 1.0)
    by_chance = stats.poisson.sf(rank, mean) / np.maximum(least, 1e-12)
    return _Trials(day=part.day[copies][tried], found=(there > rank)[tried], by_chance=by_chance[tried])
