"""The search for blocks: all ways of agreeing, the surest run of days of each, and that against its neighbours."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from data.quality.blocks.chance import chances, expected_doubles
from data.quality.blocks.contained import contained_block
from data.quality.blocks.evened import evened_block
from data.quality.blocks.kinds import LONGEST_OFFSET_MIN, OFFSETS_MIN, default_clocks, kinds_of, source
from data.quality.blocks.model import (
    ANY,
    DAY_MIN,
    FEWEST_PAIRS,
    HOUR_MIN,
    RADII_M,
    Block,
    Events,
    Floats,
    Kind,
    Pairs,
    events_of,
)
from data.quality.blocks.pairs import all_pairs, as_alike, doubles_by_day, of_time
from data.quality.blocks.recount import FAR_LAGS, of_file_by_day, recounted_run
from data.quality.blocks.rows import all_of_block, matched_pairs
from data.quality.blocks.runs import (
    FALSE_BLOCKS,
    MOST_FROM_A_DAY,
    SHARE_OF_CHANCE,
    TIMES_CHANCE,
    Run,
    best_run,
    largest_sum,
)
from data.quality.blocks.shifted import shifted_block

__all__ = ["DAYS_BESIDE", "find_blocks"]

_MOST_BLOCKS = 5
# Where it is not a block of a file's days but most of the file, so many of its events must be in a pair: of incidents
# with two people, one in three and more would be needed.
_LEAST_SHARE_OF_A_FILE, _MOST_HABITS = 0.75, 3
# In a longer run than this more than few of the events must have a double.
_LONGEST_OF_FEW_DAYS, _FEW = 60, 0.2
_DEVIATIONS = 2.0
# How far beside a file's own days stored records tell what chance gives.
DAYS_BESIDE = timedelta(days=max(FAR_LAGS))


def find_blocks(table: pd.DataFrame, *, details: Sequence[str] = ()) -> Iterator[Block]:
    """The blocks of a table (see data.quality.repeats), the surest first; an event is in one of them at most.

    Columns row, key, day, minute, midnight, easting_m, northing_m; place and details as numbers (-1: nothing told); and
    those named in `details`, each of which the two entries of an event may have the same.
    """
    events, stated = events_of(table), table[list(details)]
    # A clock that stands for no time is no minute that two entries share.
    no_time = np.isin(events.minute % DAY_MIN, default_clocks(events)) & events.whole_hour
    events = replace(events, untimed=events.untimed | no_time)
    once = np.ones(len(events), dtype=bool)
    for _number in range(_MOST_BLOCKS):
        # The first entries of a block may have a third; but numbers are even without both of its entries.
        rest, alone = events, events.part(once[events.position])
        found = best_block(rest)
        if found is None:
            found, rest = evened_block(alone), alone
        if found is None or _is_habit(rest, *found):
            found, rest = contained_block(events), events
        days_apart = 0
        if found:
            run, pairs = found
            pairs = all_of_block(rest, stated, run, pairs)
        else:
            shifted = shifted_block(events, stated)
            if shifted is None or _is_habit(events, *shifted[:2]):
                return
            run, pairs, days_apart = shifted
        pairs = pd.DataFrame({name: rest.position[pairs[name]] for name in ("first", "second")})
        yield Block(
            time="minute" if run.kind.step_min < HOUR_MIN else run.kind.time,
            offset_min=run.kind.value if run.kind.time == "offset" else 0,
            pairs=pairs,
            days_apart=days_apart,
        )
        once[np.unique(pairs.to_numpy())] = False
        events = events.part(~np.isin(events.position, pairs["second"]))


def best_block(events: Events) -> tuple[Run, pd.DataFrame] | None:
    """The surest run of days, with its pairs."""
    if len(events) < 2 * FEWEST_PAIRS:
        return None
    chance = chances(events)
    found = all_pairs(events, 0)
    kinds = kinds_of(events, found)
    days = int(events.day.max()) + 1
    needed = scores_needed(kinds, days)
    runs = []
    in_time: dict[tuple[str, str, int, int, bool], Pairs] = {}
    for kind in kinds:
        asked = source(kind), kind.time, kind.step_min, kind.value, kind.exact
        if asked not in in_time:
            in_time = {asked: of_time(events, found, kind, lag=0)}
        pairs = as_alike(events, in_time[asked], kind)
        if len(pairs.coarse) < FEWEST_PAIRS:
            continue
        counted = doubles_by_day(events, pairs, kind, days)
        random = expected_doubles(events, kind, chance, days)
        expected = _with_habit(events, pairs, counted, random, needed[kind])
        run = best_run(kind, counted, expected, needed[kind])
        if run:
            runs.append((run, counted, random))
    best: tuple[Run, pd.DataFrame] | None = None
    by_kind = {run.kind: (counted, random) for run, counted, random in runs}
    for run, counted, random in sorted(runs, key=lambda each: -each[0].weight):
        if best and run.weight <= best[0].weight:
            break
        recounted = recounted_run(events, run, counted, random, chance, needed[run.kind])
        if recounted is None or (best and recounted.weight <= best[0].weight):
            continue
        recounted = _wider(recounted, by_kind)
        pairs = matched_pairs(events, recounted)
        if len(pairs) >= FEWEST_PAIRS and not _is_habit(events, recounted, pairs):
            best = recounted, pairs
    return best


def _wider(run: Run, by_kind: dict[Kind | None, tuple[Floats, Floats]]) -> Run:
    """The run, with places compared as far as its days have more doubles than chance gives by that.

    Of copies snapped to a grid many stay at their points, which is the least likely: the others are doubles too.
    """
    days = slice(run.first, run.last + 1)
    most = None
    for radius_m in RADII_M:
        kind = replace(run.kind, radius_m=radius_m)
        if radius_m >= run.kind.radius_m and not any(kind.moved_m) and kind in by_kind:
            counted, random = (float(each[days].sum()) for each in by_kind[kind])
            # Chance is known to its own standard deviations.
            surely = counted - random - _DEVIATIONS * np.sqrt(random)
            if most is None or surely > most[0]:
                most = surely, kind
    return replace(run, kind=most[1]) if most else run


def _is_habit(events: Events, run: Run, pairs: pd.DataFrame) -> bool:
    """Whether it is no block: a double now and then, for months."""
    if run.last - run.first < _LONGEST_OF_FEW_DAYS:
        return False
    inside = int(((events.day >= run.first) & (events.day <= run.last)).sum())
    # Where every number is even, most of these days' events are in a pair.
    few = _LEAST_SHARE_OF_A_FILE / (2 - _LEAST_SHARE_OF_A_FILE) if run.kind.value == ANY else _FEW
    return len(pairs) < few * (inside - len(pairs))


def scores_needed(kinds: list[Kind], days: int) -> dict[Kind, float]:
    """The score that chance hardly reaches, for each kind.

    Most of what chance may give is left to the kinds that need no offset. An offset that was taken because it stands
    out is one of all that could have stood out.
    """
    groups = [_group(each) for each in kinds]
    tried = {"plain": groups.count("plain"), "known": groups.count("known"), "any": 8 * LONGEST_OFFSET_MIN}
    return {
        kind: float(np.log(days * len(TIMES_CHANCE) * tried[group] / (SHARE_OF_CHANCE[group] * FALSE_BLOCKS)))
        for kind, group in zip(kinds, groups, strict=True)
    }


def _group(kind: Kind) -> str:
    if kind.time == "offset":
        return "known" if kind.value in OFFSETS_MIN else "any"
    return "any" if any(kind.moved_m) else "plain"


def _with_habit(events: Events, pairs: Pairs, counted: Floats, random: Floats, needed: float) -> Floats:
    """What is expected, with the doubles that the file has all through: two records of one event now and then.

    Where most of a file is a run, and yet many events in it are in no pair, what the run has is the file's usual.
    """
    expected = random
    ours = of_file_by_day(events, len(counted))
    for _round in range(_MOST_HABITS):
        run = best_run(None, counted, expected, needed)
        if run is None:
            break
        inside = slice(run.first, run.last + 1)
        within = (events.day[pairs.coarse] >= run.first) & (events.day[pairs.coarse] <= run.last)
        # Of a pair with a stored event only one is of the file.
        of_file = (events.order[pairs.coarse] > 0).astype(float) + (events.order[pairs.other] > 0)
        paired = (counted - random)[inside].sum() * (of_file[within].mean() if within.any() else 1.0)
        if ours[inside].sum() <= ours.sum() / 2 or paired >= _LEAST_SHARE_OF_A_FILE * ours[inside].sum():
            break
        expected = np.maximum(expected, ours * _share_elsewhere(counted, ours, needed))
    return expected


def _share_elsewhere(counted: Floats, every: Floats, needed: float) -> float:
    """The share of events with a double on all days but those where it is the most beyond the whole file's."""
    usual = counted.sum() / every.sum()
    beyond = [
        largest_sum(np.minimum(counted * np.log(times) - (times - 1) * every * usual, needed * MOST_FROM_A_DAY))
        for times in TIMES_CHANCE
    ]
    _score, first, last = max(beyond)
    rest = np.ones(len(counted), dtype=bool)
    rest[first : last + 1] = False
    return float(counted[rest].sum() / every[rest].sum()) if every[rest].sum() > every.sum() / 2 else float(usual)
