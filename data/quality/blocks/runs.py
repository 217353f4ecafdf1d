"""The run of days whose doubles chance explains the least."""

from dataclasses import dataclass

import numpy as np

from data.quality.blocks.model import Floats, Kind

__all__ = [
    "FALSE_BLOCKS",
    "MOST_FROM_A_DAY",
    "NEVER",
    "SHARE_OF_CHANCE",
    "TIMES_CHANCE",
    "Run",
    "best_run",
    "largest_sum",
]

# The number of blocks that chance alone may give in a file.
FALSE_BLOCKS = 0.005
# How much of that is left to which search.
SHARE_OF_CHANCE = {"plain": 0.4, "shifted": 0.1, "known": 0.1, "any": 0.1, "evened": 0.15, "contained": 0.15}
# How many times as many doubles as chance gives are looked for.
TIMES_CHANCE = np.array([2.0, 5.0, 10.0, 20.0, 100.0])
# No more of the score from one day than this share of what is asked for.
MOST_FROM_A_DAY = 1 / 3
# More than any day's doubles.
NEVER = 1e9


@dataclass(frozen=True, kw_only=True)
class Run:
    """Days `first` to `last` of a kind. `weight` is the log-likelihood ratio without a limit on what a day adds.

    The score says whether it is a block at all; the weight, of several readings of one block, which it is.
    """

    kind: Kind | None
    first: int
    last: int
    score: float
    weight: float = 0.0


def best_run(kind: Kind | None, counted: Floats, expected: Floats, needed: float) -> Run | None:
    """The run of days with the largest weight, of the largest score at each number of times chance, where that is
    enough: what a day adds to the score is limited, so that days far off with a double each would make it larger.
    """
    best = None
    for times in TIMES_CHANCE:
        gain = np.minimum(counted * np.log(times) - (times - 1) * expected, needed * MOST_FROM_A_DAY)
        score, first, last = largest_sum(gain)
        if score >= needed:
            found, usual = counted[first : last + 1].sum(), max(float(expected[first : last + 1].sum()), 1e-9)
            weight = float(found * np.log(found / usual) - (found - usual)) if found > usual else 0.0
            if best is None or weight > best.weight:
                best = Run(kind=kind, first=first, last=last, score=score, weight=weight)
    return best


def largest_sum(gain: Floats) -> tuple[float, int, int]:
    """The largest sum of a run of days, with its first and last day."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    lowest = np.minimum.accumulate(total)
    last = int(np.argmax(total - lowest))
    # Of equal ones the shortest.
    first = last - int(np.argmin(total[last::-1]))
    return float(total[last] - lowest[last]), first, last - 1
