"""Views beside each other: a reader who subtracts all that was shown recovers nothing, and does where nobody looks."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations
from operator import or_

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.disclosure import Audience, Thresholds, disclose_breakdown, disclose_count
from analytics.releases import recovers_small_number

THRESHOLDS = Thresholds()
SMALL = range(1, THRESHOLDS.smallest_count_shown)
Booleans = NDArray[np.bool_]


class Force:
    """A few records, each with an area, a quarter and two more things to filter by."""

    def __init__(self, seed: int, *, records: int, areas: int = 5, quarters: int = 6) -> None:
        self.random = np.random.default_rng(seed)
        self.records = records
        weights = self.random.dirichlet(np.ones(areas))
        self.area = self.random.choice(areas, records, p=weights)
        self.quarter = self.random.integers(0, quarters, records)
        self.setting = self.random.choice(4, records, p=[0.6, 0.3, 0.06, 0.04])
        self.substance = self.random.choice(3, records, p=[0.5, 0.4, 0.1])

    def views(self, number: int) -> Iterator[tuple[tuple[object, ...], Booleans]]:
        """The whole first, then views that a curious reader asks for: now one filter more, now another."""
        everything = tuple(range(max(self.quarter) + 1)), None, None, None
        asked = [everything]
        for _each in range(number):
            base = list(asked[self.random.integers(len(asked))])
            kind = self.random.integers(4)
            first, last = sorted(self.random.integers(0, len(everything[0]), 2))
            base[kind] = (
                tuple(range(first, last + 1))
                if kind == 0
                else tuple(np.unique(self.random.integers(0, (5, 4, 3)[kind - 1], self.random.integers(1, 4))))
            )
            asked.append(tuple(base))
        columns = (self.quarter, self.area, self.setting, self.substance)
        for filters in dict.fromkeys(asked):
            kept = np.ones(self.records, dtype=bool)
            for values, column in zip(filters, columns, strict=True):
                kept &= np.ones(self.records, dtype=bool) if values is None else np.isin(column, values)
            yield filters, kept


def families(filters: Sequence[tuple[object, ...]]) -> list[tuple[int, list[int]]]:
    found = []
    for kind in range(4):
        rest = [tuple(value for index, value in enumerate(each) if index != kind) for each in filters]
        for whole, wide in enumerate(rest):
            found.append((whole, [number for number, narrow in enumerate(rest) if narrow == wide and number != whole]))
    return [(whole, within) for whole, within in found if within]


def recovers(force: Force, filters: Sequence[tuple[object, ...]], views: Sequence[Booleans]) -> bool:
    return recovers_small_number(
        views=np.array(views),
        counts=np.ones(force.records, dtype=np.int64),
        parts=(force.area, force.quarter),
        families=families(filters),
        thresholds=THRESHOLDS,
    )


def as_number(members: Booleans) -> int:
    return int("".join("1" if each else "0" for each in members) or "0", 2)


def published(force: Force, view: Booleans) -> tuple[set[int], list[tuple[int, list[int]]]]:
    """What others read of a view, by the public functions: sets with a number, and the parts of each breakdown."""
    to = {"audience": Audience.PARTNER, "thresholds": THRESHOLDS}
    known = {as_number(view)} if disclose_count(int(view.sum()), **to).shown else set()
    breakdowns = []
    for part in (force.area, force.quarter):
        cells = [view & (part == value) for value in np.unique(part)]
        codes = [str(number) for number in range(len(cells))]
        shown = disclose_breakdown(codes=codes, names=codes, counts=[int(cell.sum()) for cell in cells], **to)
        known |= {as_number(cell) for cell, count in zip(cells, shown.counts, strict=True) if count.value}
        breakdowns.append((as_number(view), [as_number(cell) for cell in cells]))
    return known, breakdowns


def attack(force: Force, views: Sequence[Booleans]) -> list[tuple[str, int]]:
    """Every number of 1 to 4 that a reader of all the views gets by subtracting, with how."""
    known, breakdowns = set(), []
    for view in views:
        numbers, parts = published(force, view)
        known |= numbers
        breakdowns += parts
    found = []
    for one in known:
        for other in known:
            if other & one == other and (one ^ other).bit_count() in SMALL:
                found.append(("one number minus another", (one ^ other).bit_count()))
    # The total minus every part that is known from this view or from any other.
    for whole, cells in breakdowns:
        left = whole
        for cell in cells:
            left ^= cell if cell in known else 0
        if whole in known and left.bit_count() in SMALL:
            found.append(("a total minus its parts", left.bit_count()))
    # The total minus up to three other views that lie in it side by side; and the same within an area or a quarter.
    within = [~0, *(as_number(part == value) for part in (force.area, force.quarter) for value in np.unique(part))]
    sets = [as_number(view) for view in views]
    for cell in within:
        here = sorted({each & cell for each in sets} & known, key=int.bit_count)
        for whole in here:
            inside = [each for each in here if each & whole == each and each != whole]
            for chosen in (*combinations(inside, 2), *combinations(inside, 3)):
                union = reduce(or_, chosen)
                apart = sum(map(int.bit_count, chosen)) == union.bit_count()
                if apart and (whole ^ union).bit_count() in SMALL:
                    found.append(("a view minus narrower ones", (whole ^ union).bit_count()))
    return found


def asked(force: Force, number: int, *, heeded: bool) -> list[Booleans]:
    """The views that a reader gets of those he asks for; without the register, all of them."""
    filters, views = [], []
    for chosen, view in force.views(number):
        if heeded and views and recovers(force, [*filters, chosen], [*views, view]):
            continue
        filters.append(chosen)
        views.append(view)
    return views


@pytest.mark.parametrize("seed", range(12))
def test_a_reader_who_subtracts_recovers_no_small_number(seed: int) -> None:
    force = Force(seed, records=(60, 145, 400)[seed % 3])
    views = asked(force, 40, heeded=True)
    assert len(views) > 2
    assert attack(force, views) == []


def test_without_looking_the_same_reader_recovers_many() -> None:
    ways = set()
    for seed in range(3):
        force = Force(seed, records=145)
        ways |= {way for way, _number in attack(force, asked(force, 40, heeded=False))}
    assert ways == {"one number minus another", "a total minus its parts", "a view minus narrower ones"}


def view_of(force: Force, **chosen: int) -> Booleans:
    kept = np.ones(force.records, dtype=bool)
    for name, value in chosen.items():
        kept &= getattr(force, name) == value
    return kept


def plain_force(setting: Sequence[int], area: Sequence[int] = (), quarter: Sequence[int] = ()) -> Force:
    """Records that are listed: one a setting's number, all of one area and quarter where none is given."""
    force = Force(0, records=len(setting))
    force.setting = np.array(setting)
    force.area = np.array(area) if len(area) else np.zeros(len(setting), dtype=int)
    force.quarter = np.array(quarter) if len(quarter) else np.zeros(len(setting), dtype=int)
    force.substance = np.zeros(len(setting), dtype=int)
    return force


WHOLE = ((0,), None, None, None)


def narrowed(kind: int, *values: int) -> tuple[object, ...]:
    return tuple(values if index == kind else each for index, each in enumerate(WHOLE))


def test_two_views_that_differ_by_three_are_kept_apart_and_by_five_are_not() -> None:
    for apart, told in ((3, True), (5, False)):
        force = plain_force([0] * 20 + [1] * apart)
        views = [view_of(force), view_of(force, setting=0)]
        assert recovers(force, [WHOLE, narrowed(2, 0)], views) is told


def test_the_parts_of_a_total_are_kept_from_leaving_three() -> None:
    force = plain_force([0] * 20 + [1] * 9 + [2] * 3)
    filters, views = [WHOLE, narrowed(2, 0)], [view_of(force), view_of(force, setting=0)]
    assert not recovers(force, filters, views)
    # 32 - 20 - 9 leaves the three of the last kind.
    assert recovers(force, [*filters, narrowed(2, 1)], [*views, view_of(force, setting=1)])


def test_a_view_of_the_area_that_was_held_back_for_another_gives_that_back() -> None:
    force = plain_force([0] * 33, area=[0] * 24 + [1] * 6 + [2] * 3)
    # The whole hides the third area, and the second with it.
    assert recovers(force, [WHOLE, narrowed(1, 1)], [view_of(force), view_of(force, area=1)])
    assert not recovers(force, [WHOLE, narrowed(1, 0)], [view_of(force), view_of(force, area=0)])


def test_what_earlier_views_tell_already_is_no_reason_to_hold_another_back() -> None:
    force = plain_force([0] * 20 + [1] * 3, quarter=[0] * 20 + [1] * 3)
    whole, street = view_of(force), view_of(force, setting=0)
    assert recovers(force, [WHOLE, narrowed(2, 0)], [whole, street])
    assert not recovers(force, [WHOLE, narrowed(2, 0), narrowed(3, 0)], [whole, street, street])


def test_a_view_of_nobody_and_one_of_too_few_tell_nothing() -> None:
    force = plain_force([0] * 20 + [1] * 3)
    for setting in (1, 3):
        assert not recovers(force, [WHOLE, narrowed(2, setting)], [view_of(force), view_of(force, setting=setting)])
