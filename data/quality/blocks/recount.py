"""What chance gives in just the days of a run: counted between each day and others, and on the file's other days."""

import numpy as np

from data.quality.blocks.chance import Chance, expected_doubles
from data.quality.blocks.kinds import source
from data.quality.blocks.model import DAY_MIN, Events, Floats
from data.quality.blocks.pairs import all_pairs, doubles_by_day, of_kind
from data.quality.blocks.runs import NEVER, Run, best_run

__all__ = ["FAR_LAGS", "of_file_by_day", "recounted_run"]

# Days off at which chance is counted: beside, in the same cluster, and beyond it.
_NEAR_LAGS, _NEAR_LAGS_OF_HALF_A_DAY, FAR_LAGS = (1,), (2,), (7, 10, 14, 21)
_MOST_DAYS_RECOUNTED = 60
# Before any other day is seen, one record in so many is taken to be the second of an incident.
_EVENTS_BEFORE = 20


def of_file_by_day(events: Events, days: int) -> Floats:
    """How many events of the file each day has: of stored ones it is not known what doubles they have."""
    return np.bincount(events.day[events.order > 0], minlength=days).astype(float)


def recounted_run(
    events: Events, run: Run, counted: Floats, random: Floats, chance: Chance, needed: float, *, days_apart: int = 0
) -> Run | None:
    """The run with its score against what chance gives in just these days and what doubles other days have.

    `days_apart`: of how many days on the doubles are.
    """
    kind, days = run.kind, len(counted)
    inside = np.zeros(days, dtype=bool)
    inside[run.first : run.last + 1] = True
    sums = np.cumsum(counted[inside])
    middle = run.first + int(np.searchsorted(sums, sums[-1] / 2))
    first, last = max(run.first, middle - _MOST_DAYS_RECOUNTED // 2), min(run.last, middle + _MOST_DAYS_RECOUNTED // 2)
    reach = max(FAR_LAGS)
    near = np.zeros(len(events), dtype=bool)
    for start in (0, days_apart):
        near |= (events.day >= first + start - reach) & (events.day <= last + start + reach)
    part = events.part(near)
    factor = 1.0
    # One coincidence is there twice where both of its events were entered twice.
    # Half a day off, the next day's and the day's own are the same.
    beside = _NEAR_LAGS_OF_HALF_A_DAY if kind.time == "offset" and 2 * kind.value == DAY_MIN else _NEAR_LAGS
    if days_apart:
        # What comes round each week does so on the days a week before and after, too.
        beside = (*beside, 7)
    for lags, by_luck in ((beside, 2.0), (FAR_LAGS, 0.25)):
        seen, by_chance = [], 0.0
        # The days themselves tell of two people of one incident.
        others = [
            days_apart + each for each in (*lags, *(-each for each in lags)) if days_apart + each or not days_apart
        ]
        for lag in others:
            pairs = of_kind(part, all_pairs(part, lag, only=source(kind)), kind, lag=lag)
            seen.append(doubles_by_day(part, pairs, kind, days, lag=lag)[first : last + 1])
            by_chance += float(expected_doubles(part, kind, chance, days, lag=lag)[first : last + 1].sum()) / (
                len(others)
            )
        # On the edge of a cluster only one of the two days beside is of it.
        usual = np.max(seen, axis=0) if lags != FAR_LAGS else np.mean(seen, axis=0)
        found = max(float(each.sum()) for each in seen) if days_apart and lags != FAR_LAGS else float(usual.sum())
        factor = max(factor, (found - by_luck) / max(by_chance, 1e-9))
    ours = of_file_by_day(events, days)
    # Of few other events, without a double, it is not known that none has one.
    habit = (counted[~inside].sum() + 1) / (ours[~inside].sum() + _EVENTS_BEFORE)
    usual = np.maximum(random * factor, ours * habit)
    return best_run(kind, np.where(inside, counted, 0.0), np.where(inside, usual, NEVER), needed)
