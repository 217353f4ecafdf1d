"""Days on which everything is there twice, in files whose places and details are few."""

from dataclasses import replace

import numpy as np
import pandas as pd

from data.quality.blocks.kinds import source
from data.quality.blocks.model import ANY, FEWEST_PAIRS, Events, Floats, Ints, Kind
from data.quality.blocks.pairs import joined_pairs, of_time
from data.quality.blocks.runs import FALSE_BLOCKS, MOST_FROM_A_DAY, NEVER, SHARE_OF_CHANCE, Run, largest_sum
from data.quality.blocks.second_entries import one_to_one

__all__ = ["evened_block"]

# Of the odd numbers of events that chance gives so many are left where days were entered twice.
_OF_CHANCE = np.array([0.05, 0.2, 0.4])
# Among more points or details than this no day has doubles by chance.
_MOST_CODES = 1_000


def evened_block(events: Events) -> tuple[Run, pd.DataFrame] | None:
    """A run of days on which hardly any point, or any set of details, has an odd number of events.

    For files whose places and details are so few that each day has doubles by chance. If a point has a Poisson number
    of events with mean m, that number is odd with the probability (1 - exp(-2m)) / 2; of entries made twice none is.
    """
    if len(events) < 2 * FEWEST_PAIRS:
        return None
    days = int(events.day.max()) + 1
    both = np.where((events.place >= 0) & (events.details >= 0), events.place * (events.details.max() + 1), -1)
    best: tuple[float, Ints, Run] | None = None
    needed = float(np.log(days * 3 * len(_OF_CHANCE) / (SHARE_OF_CHANCE["evened"] * FALSE_BLOCKS)))
    for codes in (events.place, events.details, np.where(both >= 0, both + events.details, -1)):
        known = codes >= 0
        if known.sum() < 2 * FEWEST_PAIRS or len(np.unique(codes[known])) > _MOST_CODES:
            continue
        odd, expected = _odd_ones(codes[known], events.day[known], days)
        run = _calmest_run(odd, expected, needed)
        if run is None:
            continue
        inside = np.zeros(days, dtype=bool)
        inside[run.first : run.last + 1] = True
        usual = min(1.0, odd[~inside].sum() / expected[~inside].sum()) if expected[~inside].sum() else 1.0
        run = _calmest_run(np.where(inside, odd, NEVER), expected * usual, needed)
        if run and (best is None or run.score > best[0]):
            best = run.score, codes, run
    if best is None:
        return None
    _score, codes, run = best
    within = (codes >= 0) & (events.day >= run.first) & (events.day <= run.last)
    joined = joined_pairs(
        events,
        np.where(within, events.day * (codes.max() + 1) + codes, -1),
        np.where(within, events.day * (codes.max() + 1) + codes, -1),
        each_once=True,
    )
    kind = Kind(time="day", value=ANY)
    if joined is None:
        return None
    pairs = one_to_one(events, kind, of_time(events, {source(kind): joined}, kind, lag=0))
    return (replace(run, kind=kind), pairs) if len(pairs) >= FEWEST_PAIRS else None


def _odd_ones(codes: Ints, day: Ints, days: int) -> tuple[Floats, Floats]:
    """How many codes have an odd number of events on each day, and how many would by chance."""
    shares = np.bincount(codes) / len(codes)
    shares = shares[shares > 0]
    every = np.bincount(day, minlength=days)
    numbers, which = np.unique(every, return_inverse=True)
    expected = np.array([-np.expm1(-2 * number * shares).sum() / 2 for number in numbers])[which]
    cells, counts = np.unique(day * (int(codes.max()) + 1) + codes, return_counts=True)
    return np.bincount(cells[counts % 2 == 1] // (int(codes.max()) + 1), minlength=days).astype(float), expected


def _calmest_run(odd: Floats, expected: Floats, needed: float) -> Run | None:
    """The run of days with the least likely lack of odd numbers: sum of odd ln q + (1 - q) expected, for q < 1."""
    best = None
    for times in _OF_CHANCE:
        gain = np.minimum(odd * np.log(times) + (1 - times) * expected, needed * MOST_FROM_A_DAY)
        run = largest_sum(gain)
        if run[0] >= needed and (best is None or run[0] > best.score):
            best = Run(kind=None, score=run[0], first=run[1], last=run[2])
    return best
