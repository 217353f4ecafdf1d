"""How far a block reaches, and all of its pairs: every event and every day by what the block's own doubles are like.

The search finds days whose doubles chance does not explain. These tell which share c of the events has a second entry,
and how often the two entries agree in time, in place, in details and in the minute in which they were recorded. Beside
how often two events of other days agree, that weighs every pair of a day: with r events a day (each counted once), a
pair adds ln(c / r) and the log-likelihood ratio of how the two agree, an event alone adds ln(1 - c), and a day that was
entered once adds nothing. Where the file has more pairs that agree so on days farther off (two people of one incident),
these stand for chance. This is the ratio of the densities of two Poisson processes of events, one with and one without
second entries. Pairs are taken where they weigh more than two events alone, so that one with an edited field is taken
where nearly everything else has its double, and not where much has none. The block reaches from the first to the last
day so that its sum is largest.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.quality.blocks.kinds import MOVED_ALIKE_M, source
from data.quality.blocks.model import DAY_MIN, FEWEST_PAIRS, HOUR_MIN, Events, Floats, Ints, Kind, is_rough, oriented
from data.quality.blocks.pairs import all_pairs, central_points, joined_pairs, of_kind
from data.quality.blocks.runs import Run
from data.schema import NOT_RECORDED

__all__ = ["Extent", "whole_extent"]

# How far beyond the days that were found a block is followed.
_MOST_DAYS_BEYOND = 31
# Of the days farther off so many events tell how many pairs there are where nothing was entered twice.
_EVENTS_LOOKED_AT = 20_000
# Each round weighs the pairs by those of the round before.
_ROUNDS = 3
# How many random pairs of events of different days say how often two agree; what none shows is half as rare.
_SAMPLE, _LEAST = 100_000, 0.5
# So many of the doubles that were found may be of chance, at either end.
_FAR_FROM_OTHERS = 0.05
# No more than this share of the events is taken to have a second entry: there may always be one without.
_MOST_ENTERED_TWICE = 0.99
# And no fewer than this share of times are exact where only such were looked for.
_LEAST_EXACT = 0.05
# Classes of distance, the last but one farther than these, the last without a place to compare.
_UP_TO_M = np.array([1.0, 150.0, 300.0, 500.0, 700.0, 1_000.0, 1_500.0, 4_000.0, 10_000.0])
_FARTHER, _NO_PLACE = len(_UP_TO_M), len(_UP_TO_M) + 1
# Places that were all moved by one offset, but for the snapping, agree once that is taken off.
_SHARE_MOVED_ALIKE = 0.8
# Classes of details: all the same, one other, more of them other, none to compare.
_ONE_OTHER, _MORE_OTHER, _NO_DETAILS = 1, 2, 3
# Classes of entry: recorded in the same minute, in others, unknown.
_SAME_ENTRY, _OTHER_ENTRY, _NO_ENTRY = 0, 1, 2
# Classes of time: as the block's pairs agree, on a whole hour or not; else the same minute, where these are dates or
# hours, or two other times; a part of the block with another offset (summer time, afternoons without p.m.); else.
_AS_ALL, _WHOLE_HOURS, _BOTH_TIMED, _ELSE, _OTHER_OFFSET = 0, 1, 2, 3, 4
_OTHER_OFFSETS_MIN = np.array([HOUR_MIN, DAY_MIN - HOUR_MIN, DAY_MIN // 2])
# What is taken for granted before any double is seen, as parts of one pair: most agree, and one field was edited.
_TIMES_BEFORE = np.array([0.5, 0.2, 0.1, 0.1, 0.1])
_PLACES_BEFORE = np.array([*np.full(_FARTHER, 0.7 / _FARTHER), 0.2, 0.1])
_DETAILS_BEFORE = np.array([0.6, 0.25, 0.05, 0.1])
_ENTRIES_BEFORE = np.array([0.4, 0.4, 0.2])
# More pairs than this are not rearranged one by one; weights are equal that are so to this many digits.
_MOST_REARRANGED, _ALIKE_TO_DIGITS = 100_000, 9


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The pairs (`one`, `other`) of a block's days, and the log-likelihood ratio that speaks for it."""

    one: Ints
    other: Ints
    weight: float


@dataclass(frozen=True, kw_only=True)
class _Doubles:
    """What the doubles of a block are like: `share` of the events have one, of `rate` events a day, each counted once.

    `log_ratios`, by the classes of time, place, details and entry: how much more often doubles agree so than chance.
    """

    share: float
    rate: float
    log_ratios: Floats


def whole_extent(events: Events, details: pd.DataFrame, run: Run, pairs: pd.DataFrame) -> Extent:
    """The block that the `pairs` (columns first and second) of a run's days are part of.

    `details`: a column each, a row for each position in the table.
    """
    days_off = np.maximum(np.maximum(run.first - events.day, events.day - run.last), 0)
    near = np.flatnonzero(days_off <= _farthest(days_off))
    part = events.part(near)
    beside = days_off[near] > _MOST_DAYS_BEYOND
    in_part = np.full(len(events), -1)
    in_part[near] = np.arange(len(near))
    one, other = oriented(part, run.kind, in_part[pairs["first"]], in_part[pairs["second"]])
    compare = _Comparison(part, details.iloc[part.position], run.kind, one, other)
    offered = _offered(part, run.kind, one, other)
    classes = compare.classes(*offered)
    elsewhere = beside[offered[0]] & beside[offered[1]]
    by_chance = compare.by_chance(classes[elsewhere, -1])
    habit = np.zeros(by_chance.shape)
    np.add.at(habit, tuple(classes[elsewhere].T), 1 / max(int(beside.sum()), 1))
    same_minutes = float(habit[_BOTH_TIMED].sum())
    if run.kind.time in ("day", "hour"):
        # Two records of one minute are two of one hour or day where their times were cut.
        habit[_AS_ALL] = habit[_BOTH_TIMED] = habit[_AS_ALL] + habit[_BOTH_TIMED]
    within = ~beside[offered[0]] & ~beside[offered[1]]
    offered, classes = (offered[0][within], offered[1][within]), classes[within]
    # Of pairs that weigh the same: what neither states of the person is alike too; then those farthest apart.
    rows_apart = np.abs(part.order[offered[0]] - part.order[offered[1]])
    preferred = rows_apart - (int(part.order.max()) + 1) * compare.stated_by_one(*offered)
    # A pair of chance far from the others must not make the block's share of doubles small.
    days = np.sort(part.day[one])
    few, weight = int(_FAR_FROM_OTHERS * len(days)), 0.0
    first, last = int(days[few]), int(days[len(days) - 1 - few])
    unseen = _unseen(part, run, classes[:, 0], offered[0], len(one), same_minutes)
    for _round in range(_ROUNDS):
        known = compare.classes(one, other)
        doubles = _doubles(part, known, by_chance, habit, days=(first, last), unseen=unseen)
        unseen = np.zeros_like(unseen)
        weights = np.log(doubles.share / doubles.rate) + doubles.log_ratios[tuple(classes.T)]
        alone = float(np.log1p(-doubles.share))
        chosen = _chosen(*offered, weights - 2 * alone, preferred)
        speaks = weights[chosen] + _choices(*offered, weights, chosen)
        by_day = np.bincount(part.day[offered[0][chosen]], speaks, minlength=int(part.day.max()) + 1)
        single = np.ones(len(part), dtype=bool)
        single[offered[0][chosen]] = single[offered[1][chosen]] = False
        by_day = by_day + alone * np.bincount(part.day[single], minlength=len(by_day))
        first, last, weight = _reach(by_day, int(np.median(part.day[one])))
        chosen = chosen[(part.day[offered[0][chosen]] >= first) & (part.day[offered[0][chosen]] <= last)]
        if not len(chosen):
            break
        one, other = offered[0][chosen], offered[1][chosen]
    if len(one) < max(FEWEST_PAIRS, len(pairs) / 2):
        # Doubles that are hardly surer than chance tell nothing of the block's ends.
        one, other = (in_part[pairs[name]] for name in ("first", "second"))
    return Extent(one=near[one], other=near[other], weight=weight)


def _unseen(part: Events, run: Run, times: Ints, one: Ints, known: int, same_minutes: float) -> Floats:
    """About how many doubles of each class of time the run has besides the `known` ones that were looked for.

    `times` and `one`: the class and the first event of each pair offered; `same_minutes`: of how many pairs at one
    minute an event of other days is, where doubles on one day were looked for.
    """
    unseen = np.zeros(len(_TIMES_BEFORE))
    inside = (part.day >= run.first) & (part.day <= run.last)
    if run.kind.exact:
        rounded = float(part.whole_hour.mean())
        unseen[_WHOLE_HOURS] = known * rounded / max(1 - rounded, _LEAST_EXACT)
    if run.kind.time == "day":
        # Where some of both entries lost their time, and others kept it.
        usual = same_minutes * float(inside.sum())
        unseen[_BOTH_TIMED] = max(float((inside[one] & (times == _BOTH_TIMED)).sum()) - usual - 2 * np.sqrt(usual), 0.0)
    else:
        # Of two with a time only those that both have one were looked for.
        lost = float(part.untimed[inside].mean())
        unseen[_ELSE] = known * lost / max(1 - lost, _LEAST_EXACT)
    return unseen


def _choices(one: Ints, other: Ints, weights: Floats, chosen: Ints) -> Floats:
    """What is to be added to the weight of each chosen pair for the others that its two could as well have been in.

    k events that are all alike make (k - 1)!! matchings, about (k / e) to the number of pairs.
    """
    held = np.full(int(max(one.max(), other.max())) + 1, np.inf)
    held[one[chosen]] = held[other[chosen]] = weights[chosen]
    alike = np.zeros(len(held))
    for each in (one, other):
        alike += np.bincount(each, np.exp(np.minimum(weights - held[each], 0.0)), minlength=len(held))
    return np.log(np.maximum((1 + (alike[one[chosen]] + alike[other[chosen]]) / 2) / np.e, 1.0))


def _reach(by_day: Floats, middle: int) -> tuple[int, int, float]:
    """The first and the last day with the largest sum between them, about the middle."""
    after, before = np.cumsum(by_day[middle:]), np.cumsum(by_day[middle::-1])
    last, first = int(np.argmax(after)), int(np.argmax(before))
    return middle - first, middle + last, float(after[last] + before[first] - by_day[middle])


def _farthest(days_off: Ints) -> int:
    """How many days beside a block are looked at for what the file is like elsewhere."""
    ordered = np.sort(days_off)
    return max(_MOST_DAYS_BEYOND, int(ordered[min(len(ordered), _EVENTS_LOOKED_AT) - 1]))


def _doubles(
    part: Events, known: Ints, by_chance: Floats, habit: Floats, *, days: tuple[int, int], unseen: Floats
) -> _Doubles:
    """What the `known` doubles are like, and so many `unseen` ones of each class of time besides.

    `habit`: how many pairs of each class an event of other days is in, by two records of one incident now and then.
    """
    inside = int(((part.day >= days[0]) & (part.day <= days[1])).sum())
    doubles = len(known) + float(unseen.sum())
    once = max(inside - doubles, 1.0)
    agree = []
    for each, before in enumerate((_TIMES_BEFORE, _PLACES_BEFORE, _DETAILS_BEFORE, _ENTRIES_BEFORE)):
        counts = np.bincount(known[:, each], minlength=len(before)).astype(float)
        if each == 0:
            counts += unseen
        agree.append((counts + before) / (counts.sum() + 1))
    rate = once / (days[1] - days[0] + 1)
    usual = np.maximum(by_chance, habit / rate)
    return _Doubles(
        share=min((doubles + 0.5) / (once + 1), _MOST_ENTERED_TWICE),
        rate=rate,
        log_ratios=np.log(np.einsum("t,p,d,e->tpde", *agree) / usual),
    )


def _offered(part: Events, kind: Kind, known: Ints, known_other: Ints) -> tuple[Ints, Ints]:
    """All pairs of a day, and those of two days that agree in time; of a crowded file only those of the kind."""
    joined = joined_pairs(part, part.day, part.day, each_once=True)
    if joined is None:
        joined = all_pairs(part, 0, only=source(kind)).get(source(kind), (known, known_other))
    one, other = oriented(part, kind, *joined)
    if kind.time == "day":
        return one, other
    past_midnight = Kind(time=kind.time, value=kind.value, step_min=kind.step_min)
    more = of_kind(part, all_pairs(part, 1, only=source(past_midnight)), past_midnight, lag=0)
    past = part.day[more.coarse] != part.day[more.other]
    return np.concatenate([one, more.coarse[past]]), np.concatenate([other, more.other[past]])


class _Comparison:
    """In which classes of time, place and details two events agree, for the block of which some pairs are known."""

    def __init__(self, part: Events, details: pd.DataFrame, kind: Kind, one: Ints, other: Ints) -> None:
        self._part, self._kind = part, kind
        self._details = part.details[:, None]
        if len(details.columns):
            stated = details.astype("string").replace(NOT_RECORDED, pd.NA)
            self._details = np.column_stack(
                [pd.factorize(values)[0].astype(np.int16) for _name, values in stated.items()]
            )
        self._metres = np.column_stack([part.east_m, part.north_m])
        moves = self._metres[one] - self._metres[other]
        moves = moves[np.isfinite(moves).all(axis=1)]
        middle = np.median(moves, axis=0) if len(moves) else np.zeros(2)
        alike = np.hypot(*(moves - middle).T) <= MOVED_ALIKE_M
        self._moved_m = middle if len(moves) and alike.mean() >= _SHARE_MOVED_ALIKE else np.zeros(2)

    def classes(self, one: Ints, other: Ints) -> Ints:
        """Four columns: of time, of place, of details, of entry."""
        parts = (self._times, self._places, self._differing, self._entries)
        return np.column_stack([each(one, other) for each in parts])

    def by_chance(self, entries_of_a_day: Ints) -> Floats:
        """How often two events of different days agree so, indexed by the four classes.

        `entries_of_a_day`: the class of pairs that share a day beside the block, which may be entered together.
        """
        part = self._part
        generator = np.random.default_rng(1)
        one, other = generator.integers(0, len(part), (2, _SAMPLE))
        differ = part.day[one] != part.day[other]
        if differ.any():
            one, other = one[differ], other[differ]
        time, place, details, entry = self.classes(*oriented(part, self._kind, one, other)).T
        shape = len(_PLACES_BEFORE), len(_DETAILS_BEFORE)
        times = np.bincount(time, minlength=len(_TIMES_BEFORE))
        others = np.bincount(place * shape[1] + details, minlength=shape[0] * shape[1]).reshape(shape)
        entries, near = (np.bincount(each, minlength=len(_ENTRIES_BEFORE)) for each in (entry, entries_of_a_day))
        entered = np.maximum(np.maximum(entries, _LEAST) / len(one), (near + _LEAST) / (near.sum() + 1))
        apart = np.maximum(times, _LEAST)[:, None, None] / len(one) * np.maximum(others, _LEAST) / len(one)
        return apart[..., None] * entered

    def stated_by_one(self, one: Ints, other: Ints) -> Ints:
        """How many details one of the two states and the other does not."""
        return ((self._details[one] >= 0) != (self._details[other] >= 0)).sum(axis=1)

    def _times(self, one: Ints, other: Ints) -> Ints:
        part, kind = self._part, self._kind
        timed = ~part.untimed[one] & ~part.untimed[other]
        # Of the day: chance is seen in events of different days.
        later = (part.minute[other] - part.minute[one]) % DAY_MIN
        if kind.time == "day":
            rough = is_rough(part, kind)
            agree = rough[one] | rough[other]
            timed &= later == 0
        elif kind.time == "hour":
            agree = timed & is_rough(part, kind)[one] & ((later + kind.value) % DAY_MIN < kind.step_min)
            timed &= later == 0
        else:
            agree = timed & ((later == kind.value) | (later == (DAY_MIN - kind.value) % DAY_MIN))
        if kind.time in ("minute", "offset"):
            rounded = part.whole_hour[one] & part.whole_hour[other]
            beside = (later == 0) if kind.value else np.isin(later, _OTHER_OFFSETS_MIN)
            rest = np.where(timed, np.where(beside, _OTHER_OFFSET, _BOTH_TIMED), _ELSE)
            return np.where(agree, np.where(rounded, _WHOLE_HOURS, _AS_ALL), rest)
        return np.where(agree, _AS_ALL, np.where(timed, _BOTH_TIMED, _ELSE))

    def _places(self, one: Ints, other: Ints) -> Ints:
        if self._kind.central:
            at, near_to, _points = central_points(self._part, self._kind.value)
            return np.where((at[one] >= 0) & (at[one] == near_to[other]), 0, _FARTHER)
        moves = self._metres[one] - self._metres[other]
        # Either of two that are alike in time may be the second.
        apart_m = np.minimum(np.hypot(*(moves - self._moved_m).T), np.hypot(*(moves + self._moved_m).T))
        return np.where(np.isfinite(apart_m), np.searchsorted(_UP_TO_M, apart_m), _NO_PLACE)

    def _differing(self, one: Ints, other: Ints) -> Ints:
        ones, others = self._details[one], self._details[other]
        compared = (ones >= 0) & (others >= 0)
        differing = (compared & (ones != others)).sum(axis=1)
        return np.where(compared.any(axis=1), np.minimum(differing, _MORE_OTHER), _NO_DETAILS)

    def _entries(self, one: Ints, other: Ints) -> Ints:
        ones, others = self._part.recorded[one], self._part.recorded[other]
        known = (ones >= 0) & (others >= 0)
        return np.where(known, np.where(ones == others, _SAME_ENTRY, _OTHER_ENTRY), _NO_ENTRY)


def _chosen(one: Ints, other: Ints, gain: Floats, preferred: Ints) -> Ints:
    """Which pairs to take, such that no event is in two: those that gain most first, then rearranged where two take the
    place of one. Of equal ones the `preferred`.
    """
    worth = np.flatnonzero(gain > 0)
    worth = worth[np.lexsort((-preferred[worth], -gain[worth]))]
    of_event: dict[int, int] = {}
    for pair in worth.tolist():
        if one[pair] not in of_event and other[pair] not in of_event:
            of_event[int(one[pair])] = of_event[int(other[pair])] = pair
    if len(worth) <= _MOST_REARRANGED:
        _rearrange(one, other, gain, worth, of_event, preferred)
    return np.unique(np.fromiter(of_event.values(), dtype=np.int64, count=len(of_event)))


def _rearrange(one: Ints, other: Ints, gain: Floats, worth: Ints, of_event: dict[int, int], preferred: Ints) -> None:
    """Give an event without a double that of another, where that one finds a third, and the two pairs gain more: of
    equal ones the preferred.
    """
    offers: dict[int, list[int]] = {}
    for pair in worth.tolist():
        offers.setdefault(int(one[pair]), []).append(pair)
        offers.setdefault(int(other[pair]), []).append(pair)
    for event in [each for each in offers if each not in of_event]:
        best = (0.0, -np.inf, -1, -1, -1)
        for pair in offers[event]:
            wanted = int(one[pair] + other[pair] - event)
            held = of_event[wanted]
            left = int(one[held] + other[held] - wanted)
            for instead in offers[left]:
                third = int(one[instead] + other[instead] - left)
                if third not in of_event and third != event:
                    more = round(float(gain[pair] + gain[instead] - gain[held]), _ALIKE_TO_DIGITS)
                    liking = int(preferred[pair] + preferred[instead])
                    best = max(best, (more, liking, pair, instead, held))
        if best[0] > 0:
            for pair in best[2:4]:
                of_event[int(one[pair])] = of_event[int(other[pair])] = pair
    _exchange(one, other, gain, offers, of_event, preferred)


def _exchange(
    one: Ints, other: Ints, gain: Floats, offers: dict[int, list[int]], of_event: dict[int, int], preferred: Ints
) -> None:
    """Of two pairs, let each take one of the other's, where both gain more: two people of one incident and their
    copies. Of equal ones the preferred.
    """

    def fellow(pair: int, event: int) -> int:
        return int(one[pair] + other[pair] - event)

    between = {frozenset((int(one[pair]), int(other[pair]))): pair for event in offers for pair in offers[event]}
    for pair in sorted(set(of_event.values())):
        best = (0.0, -np.inf, -1, -1)
        for event in (int(one[pair]), int(other[pair])):
            if of_event[event] != pair:
                break
            for instead in offers[event]:
                held = of_event.get(fellow(instead, event), pair)
                if held != pair:
                    left = frozenset((fellow(pair, event), fellow(held, fellow(instead, event))))
                    closing = between.get(left, -1)
                    if closing >= 0:
                        more = float(gain[instead] + gain[closing] - gain[pair] - gain[held])
                        more = round(more, _ALIKE_TO_DIGITS)
                        liking = int(preferred[instead] + preferred[closing])
                        best = max(best, (more, liking, instead, closing))
        if best[0] > 0:
            for new in best[2:]:
                of_event[int(one[new])] = of_event[int(other[new])] = new
