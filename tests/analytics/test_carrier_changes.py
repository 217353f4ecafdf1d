"""Reach after a change against every way in which it could turn out, and what no change may do."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.carrier_changes import ImpossibleChangeError, Team, chance_of_nobody, cover_after

SITES, PLACES, HOURS = 3, 6, 4


def force(seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "in_reach": generator.random((2, SITES, PLACES)) < 0.45,
        "speed_of_hour": np.array([0, 1, 0, 1]),
        "on_shift_at_site": generator.integers(0, 2, (HOURS, SITES)),
    }


def test_nobody_of_those_drawn_by_counting_every_draw() -> None:
    for people, on_shift, drawn in product(range(1, 6), range(6), range(6)):
        if on_shift > people or drawn > people:
            continue
        draws = list(combinations(range(people), drawn))
        without = sum(all(one >= on_shift for one in draw) for draw in draws)
        found = chance_of_nobody(people=people, on_shift=on_shift, drawn=drawn)
        assert found == pytest.approx(without / comb(people, drawn), abs=1e-12)


def test_no_change_is_the_roster_itself() -> None:
    case = force()
    cover = cover_after(**case)
    for hour, place in product(range(HOURS), range(PLACES)):
        near = case["in_reach"][case["speed_of_hour"][hour], :, place]
        assert cover[hour, place] == float((case["on_shift_at_site"][hour] * near).any())


def test_moving_is_the_average_over_everybody_who_could_move() -> None:
    """Four people of site 0: two stay, one goes to site 1, one leaves the force's reach."""
    case = force(1)
    generator = np.random.default_rng(8)
    roster = generator.random((HOURS, 4)) < 0.4
    case["on_shift_at_site"][:, 0] = 0
    team = Team(people=4, on_shift=roster.sum(axis=1), stands=((0, 2), (1, 1)))
    cover = cover_after(**case, teams=[team])
    ways = [(stay, goes) for stay in combinations(range(4), 2) for goes in range(4) if goes not in stay]
    for hour, place in product(range(HOURS), range(PLACES)):
        near = case["in_reach"][case["speed_of_hour"][hour], :, place]
        base = (case["on_shift_at_site"][hour] * near).any()
        times = [
            base or (near[0] and roster[hour, list(stay)].any()) or (near[1] and roster[hour, goes])
            for stay, goes in ways
        ]
        assert cover[hour, place] == pytest.approx(np.mean(times), abs=1e-12)


def test_added_carriers_are_on_shift_by_chance_and_cars_always() -> None:
    case = force(2)
    case["on_shift_at_site"][:] = 0
    chance = np.array([0.1, 0.2, 0.3, 0.4])
    cover = cover_after(**case, added=[2, 0, 1], added_chance=chance, cars=[0, 1, 0])
    for hour, place in product(range(HOURS), range(PLACES)):
        near = case["in_reach"][case["speed_of_hour"][hour], :, place]
        nobody = (1 - chance[hour]) ** (2 * near[0] + near[2]) * (not near[1])
        assert cover[hour, place] == pytest.approx(1 - nobody)


@given(seed=st.integers(0, 10_000), site=st.integers(0, SITES - 1), more=st.integers(0, 4), kind=st.sampled_from("atc"))
@settings(max_examples=60, deadline=None)
def test_more_carriers_never_lower_cover(seed: int, site: int, more: int, kind: str) -> None:
    case = force(seed)
    generator = np.random.default_rng(seed)
    chance = generator.random(HOURS)
    at = np.eye(SITES, dtype=int)[site]
    on_shift = generator.integers(0, 5, HOURS)

    def cover(number: int) -> np.ndarray:
        if kind == "a":
            return cover_after(**case, added=number * at, added_chance=chance)
        if kind == "c":
            return cover_after(**case, cars=number * at)
        return cover_after(**case, teams=[Team(people=5, on_shift=on_shift, stands=((site, number),))])

    assert np.all(cover(more + 1) >= cover(more) - 1e-12)
    assert np.all((cover(more) >= 0) & (cover(more) <= 1))


def test_more_than_there_are_is_refused() -> None:
    team = Team(people=2, on_shift=np.zeros(HOURS, dtype=int), stands=((0, 2), (1, 1)))
    with pytest.raises(ImpossibleChangeError, match="Choose fewer"):
        cover_after(**force(), teams=[team])
    with pytest.raises(ImpossibleChangeError, match="do not fit"):
        cover_after(**force(), added=[1, 2])
