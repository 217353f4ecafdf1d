"""Curves, distributions, centiles and shares as others may see them: no step, class or share for 1 to 4 people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.disclosure import (
    Audience,
    DisclosedCurve,
    Thresholds,
    disclose_centile,
    disclose_curve,
    disclose_distribution,
    disclose_share,
)

OTHERS = (Audience.PARTNER, Audience.MEETING)
MINUTES = st.lists(st.integers(1, 300), max_size=80)
LIMITS = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 360.0)


def curve_of(minutes: list[int], audience: Audience, **more: int) -> DisclosedCurve:
    at, events = np.unique(np.array(minutes, dtype=float), return_counts=True)
    share = np.cumsum(events) / max(len(minutes), 1)
    return disclose_curve(
        at=at, events=events, share=share, lower=share, upper=share, audience=audience, thresholds=Thresholds(), **more
    )


@given(MINUTES, st.sampled_from(OTHERS))
def test_a_step_stands_for_five_and_the_last_five_have_none(minutes: list[int], audience: Audience) -> None:
    curve = curve_of(minutes, audience)
    if len(minutes) < 8:
        assert curve.at.size == 0
        assert curve.total is None
        return
    counts = [sum(each <= at for each in minutes) for at in curve.at]
    assert all(step >= 5 for step in np.diff([0, *counts]))
    if counts:
        assert len(minutes) - counts[-1] >= 5
    assert curve.total == 1.0


@given(MINUTES)
def test_the_analyst_sees_every_step_as_it_is(minutes: list[int]) -> None:
    curve = curve_of(minutes, Audience.ANALYST)
    if len(minutes) >= 8:
        assert list(curve.at) == sorted(set(minutes))
        assert curve.share[-1] == 1.0
        assert not curve.ends_early


def test_a_million_steps_are_drawn_as_a_few_hundred_and_keep_their_end() -> None:
    minutes = list(range(1, 100_001))
    curve = curve_of(minutes, Audience.ANALYST, most_steps=400)
    assert 300 < len(curve.at) <= 401
    assert curve.at[-1] == 100_000


@given(st.dictionaries(st.sampled_from(["arrived", "left", "declined"]), MINUTES, max_size=3), st.sampled_from(OTHERS))
def test_no_class_holds_one_to_four_and_none_is_lost(values: dict[str, list[int]], audience: Audience) -> None:
    shown = disclose_distribution(
        values={kind: np.array(each, dtype=float) for kind, each in values.items()},
        limits=LIMITS,
        audience=audience,
        thresholds=Thresholds(),
    )
    assert shown.single == {}
    assert set(shown.counts) == {kind for kind, each in values.items() if len(each) >= 5}
    for kind, counts in shown.counts.items():
        assert len(counts) == len(shown.limits) - 1
        assert all(count == 0 or count >= 5 for count in counts)
        assert sum(counts) == len(values[kind])
    assert (shown.limits[0], shown.limits[-1]) == (0.0, 360.0)


def test_the_tail_stays_apart_from_the_rest() -> None:
    minutes = np.array([8.0] * 60 + [70.0, 90.0, 130.0, 200.0, 240.0])
    shown = disclose_distribution(
        values={"arrived": minutes}, limits=LIMITS, audience=Audience.MEETING, thresholds=Thresholds()
    )
    assert shown.limits[-2:] == (60.0, 360.0)
    assert shown.counts["arrived"][-1] == 5


def test_the_analyst_has_each_value_or_the_longest_where_there_are_many() -> None:
    few, many = np.arange(1.0, 31.0), np.arange(1.0, 2_001.0) / 10
    ours = {"limits": LIMITS, "audience": Audience.ANALYST, "thresholds": Thresholds()}
    assert list(disclose_distribution(values={"arrived": few}, **ours).single["arrived"]) == list(few)
    shown = disclose_distribution(values={"arrived": many}, **ours)
    assert list(shown.single["arrived"]) == list(many[-50:])
    assert sum(shown.counts["arrived"]) == 2_000


@pytest.mark.parametrize(
    ("share", "cases", "analyst", "others"),
    [
        (0.5, 7, False, False),
        (0.5, 8, True, True),
        (0.9, 8, True, False),
        (0.9, 49, True, False),
        (0.9, 50, True, True),
    ],
)
def test_centiles_from_eight_and_far_ones_from_fifty(share: float, cases: int, analyst: bool, others: bool) -> None:
    for audience in Audience:
        shown = disclose_centile(
            12.0, 10.0, 15.0, text="12", share=share, cases=cases, audience=audience, thresholds=Thresholds()
        )
        assert shown.shown is (analyst if audience is Audience.ANALYST else others)


@given(st.integers(0, 60), st.integers(0, 60))
def test_no_share_stands_for_one_to_four_or_leaves_as_few(part: int, rest: int) -> None:
    cases = part + rest
    value = part / cases if cases else float("nan")
    for audience in OTHERS:
        shown = disclose_share(value, 0.0, 1.0, cases=cases, audience=audience, thresholds=Thresholds())
        assert shown.shown is (cases >= 5 and not 0 < part < 5 and not 0 < rest < 5)
