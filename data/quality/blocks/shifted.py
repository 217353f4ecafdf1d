"""Days that were entered again under other dates: a day or a week off, or with another month or year.

The same search as on one day, between each day and that so many days on: of events at one minute of the day or, near
each other or alike, of a time and that time cut or rounded, or of dates without a time. The block is then followed and
paired in a table that holds every event twice, as it is and so many days earlier, where each pair is of one as it is
and one moved.
"""

from itertools import product

import numpy as np
import pandas as pd

from data.quality.blocks.chance import chances, expected_doubles
from data.quality.blocks.extent import whole_extent
from data.quality.blocks.kinds import STEPS_MIN
from data.quality.blocks.model import DAY_MIN, FEWEST_PAIRS, HOUR_MIN, RADII_M, WITHOUT_TIME, Events, Found, Kind
from data.quality.blocks.pairs import all_pairs, doubles_by_day, of_kind
from data.quality.blocks.recount import recounted_run
from data.quality.blocks.runs import FALSE_BLOCKS, SHARE_OF_CHANCE, TIMES_CHANCE, Run, best_run
from data.quality.blocks.second_entries import first_and_second

__all__ = ["shifted_block"]

# A day or a few off, a week or two, a month, a year; 364 days are a year with the same days of the week.
_DAYS_OFF = (1, 2, 3, 4, 5, 6, 7, 14, 28, 29, 30, 31, 364, 365, 366)
# Of rounded times, the street and its surroundings: each distance more is one more to beat chance.
_RADII_M = RADII_M[1], RADII_M[3]
# An hour off is a zone or summer time.
_TO_THE_MINUTE = ("minute", "offset")
# Of more dates without a time than this a day's are too many to tell anything.
_MOST_DATES = 50_000
# The same of times that are cut, rounded or an hour off, of which there are more kinds.
_MOST_ROUNDED = 20_000


def shifted_block(events: Events, stated: pd.DataFrame) -> tuple[Run, pd.DataFrame, int] | None:
    """The surest such block: its run, its pairs (columns first and second) and how many days are between the two.

    `stated`: the details, a column each, a row for each position in the table.
    """
    if len(events) < 2 * FEWEST_PAIRS:
        return None
    days = int(events.day.max()) + 1
    kinds = _kinds(events)
    needed = float(np.log(days * len(TIMES_CHANCE) * len(kinds) * 2 * len(_DAYS_OFF)))
    needed -= float(np.log(SHARE_OF_CHANCE["shifted"] * FALSE_BLOCKS))
    chance = chances(events)
    best: tuple[Run, int] | None = None
    for off in (each for each in _DAYS_OFF if each < days):
        # Of dates and timed events, either may be the later.
        for lag in (off, -off) if len({each.time for each in kinds}) > 1 and not events.untimed.all() else (off,):
            found = _found(events, kinds, lag)
            for kind in kinds:
                pairs = of_kind(events, found, kind, lag=lag)
                if len(pairs.coarse) < FEWEST_PAIRS or (lag < 0 and kind.time in _TO_THE_MINUTE):
                    continue
                # Two that are alike in time count half each, and only the one of that day is counted.
                whole = 2.0 if kind.time in _TO_THE_MINUTE or events.untimed.all() else 1.0
                counted = whole * doubles_by_day(events, pairs, kind, days, lag=lag)
                random = whole * expected_doubles(events, kind, chance, days, lag=lag)
                run = best_run(kind, counted, random, needed)
                if run and (best is None or run.weight > best[0].weight):
                    run = recounted_run(events, run, counted, random, chance, needed, days_apart=lag)
                    if run and (best is None or run.weight > best[0].weight):
                        best = run, lag
    if best is None:
        return None
    pairs = _all_pairs_of(events, stated, *best)
    return (best[0], pairs, abs(best[1])) if len(pairs) >= FEWEST_PAIRS else None


def _kinds(events: Events) -> list[Kind]:
    placed, known = np.isfinite(events.east_m).any(), (events.details >= 0).any()
    dated = int(events.untimed.sum()) >= FEWEST_PAIRS and len(events) <= _MOST_DATES
    few = len(events) <= _MOST_ROUNDED
    times = [("minute", 0), *([("offset", HOUR_MIN)] if few else []), *([("day", WITHOUT_TIME)] if dated else [])]
    rounded = [
        Kind(time="hour", value=value, radius_m=radius_m, details=details, step_min=step_min)
        for step_min, radius_m, details in product([HOUR_MIN, *STEPS_MIN], (np.inf, *_RADII_M), (False, True))
        for value in (0, step_min // 2)
        if few and (placed or np.isinf(radius_m)) and (known or not details) and (details or np.isfinite(radius_m))
    ]
    return rounded + [
        Kind(time=time, value=value, radius_m=radius_m, details=details)
        for (time, value), radius_m, details in product(times, (np.inf, *RADII_M), (False, True))
        if (placed or np.isinf(radius_m)) and (known or not details)
        # That two dates are so many days apart tells nothing by itself.
        if time in _TO_THE_MINUTE or details or np.isfinite(radius_m)
    ]


def _found(events: Events, kinds: list[Kind], lag: int) -> Found:
    wanted = ["minute", *(["near", "details"] if any(kind.time not in _TO_THE_MINUTE for kind in kinds) else [])]
    found: Found = {}
    for name in wanted:
        found |= all_pairs(events, lag, only=name)
    return found


def _all_pairs_of(events: Events, stated: pd.DataFrame, run: Run, lag: int) -> pd.DataFrame:
    """The pairs of the whole block, one to one."""
    numbers = np.tile(np.arange(len(events)), 2)
    moved = np.repeat([0, 1], len(events))
    day = events.day[numbers] - moved * lag
    within = np.flatnonzero((day >= 0) & (day <= int(events.day.max())))
    numbers, moved = numbers[within], moved[within]
    twice = vars(events.part(numbers)) | {
        "day": day[within],
        "minute": np.where(events.minute[numbers] >= 0, events.minute[numbers] - moved * lag * DAY_MIN, -1),
        # Two of one key are no pair.
        "key": moved,
    }
    both = Events(**twice)
    inside = both.part(np.flatnonzero((both.day >= run.first) & (both.day <= run.last)))
    at = np.flatnonzero((both.day >= run.first) & (both.day <= run.last))
    first = of_kind(inside, _found(inside, [run.kind], 0), run.kind, lag=0)
    known = pd.DataFrame({"first": at[first.coarse], "second": at[first.other]})
    if len(known) < FEWEST_PAIRS:
        return known
    extent = whole_extent(both, stated, run, known)
    one, other = numbers[extent.one], numbers[extent.other]
    # Where the days follow each other an event may seem to be the second entry of one and the first of another.
    taken: set[int] = set()
    kept = []
    for place in np.argsort(events.day[np.minimum(one, other)], kind="stable").tolist():
        pair = {int(one[place]), int(other[place])}
        if not pair & taken:
            taken |= pair
            kept.append(place)
    return first_and_second(events, run.kind, one[kept], other[kept])
