"""When and where the synthetic South Wales happens: the published milestones, and what is planted inside them.

Published cumulative counts of police naloxone administrations: the first on 14 April 2022; 50 by 22 December 2023; 87
by 31 August 2024; 112 by 30 December 2024; 134 by 13 May 2025. After that about 1.2 a week, 71 more by 30 June 2026.
Every planted event uses some of these, so the totals hold whatever is planted; the rest is background.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAYTIME_HOURS",
    "FEED_GAP",
    "MILESTONES",
    "OFFICER_RECIPIENTS",
    "PlannedCase",
    "PlannedEvent",
    "draw_days",
    "draw_hours",
    "plan_south_wales",
]

# Day, and public administrations up to the end of that day.
MILESTONES: tuple[tuple[date, int], ...] = (
    (date(2022, 4, 14), 1),
    (date(2023, 12, 22), 50),
    (date(2024, 8, 31), 87),
    (date(2024, 12, 30), 112),
    (date(2025, 5, 13), 134),
    (date(2026, 6, 30), 205),
)
# Officers treated after exposure stand outside the milestones (assumption: four).
OFFICER_RECIPIENTS = 4
# The feed of administrations is silent on these days, both included.
FEED_GAP = (date(2025, 11, 10), date(2025, 12, 14))
# Share of a day's administrations by quarter of the day: 0-6, 6-12, 12-18 and 18-24 h.
HOUR_SHARES = (0.14, 0.14, 0.36, 0.36)
# July has 20 % more than the average month: read as the height of a yearly wave around the middle of July.
JULY_PEAK, JULY_MIDDLE = 0.20, 196
# Clusters are drawn within these hours, so that no part of one slips over midnight into a fifth day.
DAYTIME_HOURS = (8, 23)

_QUARTER_STARTS = [date(2024 + (6 + 3 * order) // 12, (6 + 3 * order) % 12 + 1, 1) for order in range(9)]
# The last eight quarters: July to September 2024 up to April to June 2026.
_QUARTERS = tuple((first, after - timedelta(days=1)) for first, after in pairwise(_QUARTER_STARTS))

# First day, last day and number of further administrations at each lasting place, within the milestones' periods.
_MORE_AT_LASTING_PLACES = (
    (date(2024, 9, 1), date(2024, 12, 30), 1),
    (date(2024, 12, 31), date(2025, 5, 13), 1),
    (date(2025, 5, 14), date(2026, 6, 30), 3),
)


@dataclass(frozen=True, kw_only=True)
class PlannedCase:
    """One administration that is planned before it is drawn. None and False leave the choice to the background.

    `address` numbers a lasting address of the place, so that cases share it; -1 draws a new one within `spread_m`.
    """

    day: date
    event: str = ""
    place: str | None = None
    spread_m: float = 350.0
    address: int = -1
    daytime: bool = False
    setting: str | None = None
    substance: str | None = None
    doses: tuple[int, ...] = ()
    naloxone_fails: bool = False
    entered_on: date | None = None
    with_previous: bool = False
    two_officers: bool = False
    officer: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedEvent:
    """A planted event before its records are drawn: what it is and what a reader should conclude."""

    id: str
    kind: str
    title: str
    expectation: str
    place: str | None = None
    radius_m: float | None = None
    first_day: date | None = None
    last_day: date | None = None
    ambulance_calls: int = 0
    deaths: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)


def plan_south_wales(rng: np.random.Generator) -> tuple[tuple[PlannedCase, ...], tuple[PlannedEvent, ...]]:
    """Cases up to the last milestone in order of their day, and the planted events they belong to."""
    events: list[PlannedEvent] = []
    cases: list[PlannedCase] = [PlannedCase(day=MILESTONES[0][0])]
    for plant in (_clusters, _lasting_places, _look_alikes, _batch_entry, _roll_out, _small_traps):
        planted_events, planted_cases = plant(rng)
        events += planted_events
        cases += planted_cases
    cases += _background(rng, cases)
    days = _days(rng, size=OFFICER_RECIPIENTS, first=MILESTONES[1][0], last=MILESTONES[-1][0])
    cases += [PlannedCase(day=day, officer=True) for day in days]
    events.append(
        PlannedEvent(
            id="feed-gap",
            kind="feed_gap",
            title="No administrations were sent for five weeks",
            expectation="A gap is not zero: scoring is suspended and says so; no fall and no later rise is reported.",
            first_day=FEED_GAP[0],
            last_day=FEED_GAP[1],
        )
    )
    return tuple(sorted(cases, key=lambda case: case.day)), tuple(events)


def draw_days(
    rng: np.random.Generator, *, size: int, first: date, last: date, gap: tuple[date, date] | None = FEED_GAP
) -> NDArray[np.datetime64]:
    """`size` days from `first` to `last`, both included, by the yearly wave and outside the gap; in order."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    chance = _season(days)
    if gap:
        chance = np.where((days >= np.datetime64(gap[0])) & (days <= np.datetime64(gap[1])), 0.0, chance)
    return np.sort(rng.choice(days, size=size, p=chance / chance.sum()))


def draw_hours(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """Hours of day by the shares of the four quarters of a day."""
    return rng.choice(4, size=size, p=HOUR_SHARES) * 6 + rng.integers(0, 6, size=size)


def _days(rng: np.random.Generator, *, size: int, first: date, last: date) -> list[date]:
    return draw_days(rng, size=size, first=first, last=last).astype(object).tolist()


def _season(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    day_of_year = (days - days.astype("datetime64[Y]")).astype(int) + 1
    return 1.0 + JULY_PEAK * np.cos(2 * np.pi * (day_of_year - JULY_MIDDLE) / 365.25)


def _background(rng: np.random.Generator, planted: Sequence[PlannedCase]) -> list[PlannedCase]:
    """What the milestones ask for beyond what is planted in each of their periods."""
    cases = []
    for (before, count_before), (last, count) in pairwise(MILESTONES):
        first = before + timedelta(days=1)
        size = count - count_before - sum(first <= case.day <= last for case in planted)
        cases += [PlannedCase(day=day) for day in _days(rng, size=size, first=first, last=last)]
    return cases


def _start(rng: np.random.Generator, first: date, last: date) -> date:
    return first + timedelta(days=int(rng.integers(0, (last - first).days + 1)))


def _spread_over(rng: np.random.Generator, start: date, *, size: int, days: int) -> list[date]:
    """Days of a cluster: one case on its first day, one on its last, the rest anywhere between."""
    offsets = [0, days - 1, *rng.integers(0, days, size=size - 2).tolist()]
    return sorted(start + timedelta(days=offset) for offset in offsets)


def _spaced(rng: np.random.Generator, first: date, last: date, *, size: int) -> list[date]:
    """One day in each of `size` equal stretches of a period, well within its stretch so that none are close."""
    stretch = ((last - first).days + 1) / size
    places = (np.arange(size) + rng.uniform(0.25, 0.75, size=size)) * stretch
    return [first + timedelta(days=int(place)) for place in places]


def _clusters(rng: np.random.Generator) -> tuple[list[PlannedEvent], list[PlannedCase]]:
    plans: tuple[tuple[PlannedEvent, date, date, int, dict[str, Any]], ...] = (
        (
            PlannedEvent(
                id="cluster-12",
                kind="true_cluster",
                title="Twelve in four days, suspected fake benzodiazepines, naloxone often without effect",
                expectation="Raised by its fourth day, once; the ambulance calls agree; named as benzodiazepine.",
                place="Morriston",
                radius_m=2_000.0,
                ambulance_calls=20,
                deaths=2,
            ),
            date(2026, 1, 12),
            date(2026, 2, 27),
            12,
            {"substance": "benzodiazepine", "doses": (2, 2, 3), "naloxone_fails": True},
        ),
        (
            PlannedEvent(
                id="cluster-nitazene",
                kind="nitazene_cluster",
                title="Five in four days, nitazene suspected, three or more doses each",
                expectation="Raised by its fourth day, by number and by doses.",
                place="Ely",
                radius_m=2_000.0,
                ambulance_calls=9,
                deaths=1,
            ),
            date(2025, 8, 18),
            date(2025, 10, 10),
            5,
            {"substance": "nitazene", "doses": (3, 3, 4, 5)},
        ),
        (
            PlannedEvent(
                id="cluster-5",
                kind="small_cluster",
                title="Five in four days",
                expectation="Raised by its fourth day.",
                place="Port Talbot",
                radius_m=2_000.0,
                ambulance_calls=5,
            ),
            date(2024, 2, 12),
            date(2024, 4, 22),
            5,
            {},
        ),
        (
            PlannedEvent(
                id="cluster-6",
                kind="small_cluster",
                title="Six in four days, a few days before the data end",
                expectation="Raised by its fourth day and still open on the last day.",
                place="Bridgend",
                radius_m=2_000.0,
                ambulance_calls=6,
            ),
            date(2026, 6, 22),
            date(2026, 6, 24),
            6,
            {},
        ),
    )
    events, cases = [], []
    for event, earliest, latest, size, choices in plans:
        days = _spread_over(rng, _start(rng, earliest, latest), size=size, days=4)
        events.append(_dated(event, days))
        cases += [
            PlannedCase(day=day, event=event.id, place=event.place, daytime=True, setting=setting, **choices)
            for day, setting in zip(days, rng.choice(["street", "home"], size=size).tolist(), strict=True)
        ]
    return events, cases


def _lasting_places(rng: np.random.Generator) -> tuple[list[PlannedEvent], list[PlannedCase]]:
    """Places with one administration in each of the last eight quarters, five more among them, and five before."""
    events, cases = [], []
    for name in ("Cardiff Centre", "Swansea Centre", "Neath"):
        identity = "lasting-" + name.lower().replace(" ", "-")
        event = PlannedEvent(
            id=identity,
            kind="lasting_place",
            title=f"{name}: the same few addresses in every quarter",
            expectation="A hotspot beyond chance that lasts through the last eight quarters.",
            place=name,
            radius_m=500.0,
        )
        days = _days(rng, size=3, first=date(2022, 5, 1), last=date(2023, 12, 22))
        days += _days(rng, size=2, first=date(2023, 12, 23), last=date(2024, 6, 30))
        for first, last in _QUARTERS:
            # The second quarter of 2025 lies across a milestone; its case falls after it.
            days += _days(rng, size=1, first=date(2025, 5, 14) if first == date(2025, 4, 1) else first, last=last)
        for first, last, size in _MORE_AT_LASTING_PLACES:
            days += _days(rng, size=size, first=first, last=last)
        events.append(_dated(event, days))
        cases += [
            PlannedCase(
                day=day,
                event=identity,
                place=name,
                spread_m=120.0,
                address=int(rng.integers(0, 4)),
                setting="home" if rng.random() < 0.3 else "street",
            )
            for day in days
        ]
    return events, cases


def _look_alikes(rng: np.random.Generator) -> tuple[list[PlannedEvent], list[PlannedCase]]:
    once = PlannedEvent(
        id="look-alike-once",
        kind="look_alike",
        title="Gorseinon: seven in one quarter, none before or after",
        expectation="Not lasting: present in one of the last eight quarters.",
        place="Gorseinon",
        radius_m=800.0,
    )
    dense = PlannedEvent(
        id="look-alike-dense",
        kind="look_alike",
        title="Barry: an administration in most quarters, as many as its addresses explain",
        expectation="Not beyond chance: no more than its share of the addresses.",
        place="Barry",
        radius_m=2_500.0,
    )
    once_days = _spaced(rng, date(2025, 1, 6), date(2025, 3, 28), size=7)
    dense_days = [
        _days(rng, size=1, first=first, last=last)[0]
        for first, last in (_QUARTERS[1], _QUARTERS[2], _QUARTERS[4], _QUARTERS[6])
    ]
    cases = [PlannedCase(day=day, event=once.id, place=once.place, spread_m=250.0) for day in once_days]
    cases += [PlannedCase(day=day, event=dense.id, place=dense.place, spread_m=1_200.0) for day in dense_days]
    return [_dated(once, once_days), _dated(dense, dense_days)], cases


def _batch_entry(rng: np.random.Generator) -> tuple[list[PlannedEvent], list[PlannedCase]]:
    entered = date(2024, 8, 5)
    days = _spaced(rng, date(2024, 5, 13), date(2024, 7, 28), size=8)
    event = PlannedEvent(
        id="batch-entry",
        kind="batch_entry",
        title="Eight administrations of eleven weeks, all entered on one day",
        expectation="Not a spike; explained by recording: many dates entered on one day.",
        place="Rumney",
        radius_m=1_500.0,
        details={"entered_on": entered.isoformat()},
    )
    cases = [
        PlannedCase(day=day, event=event.id, place=event.place, spread_m=500.0, entered_on=entered) for day in days
    ]
    return [_dated(event, days)], cases


def _roll_out(rng: np.random.Generator) -> tuple[list[PlannedEvent], list[PlannedCase]]:
    towns = ["Pontypridd", "Tonypandy", "Aberdare", "Merthyr Tydfil", "Maesteg", "Bridgend"]
    days = _spaced(rng, date(2024, 9, 16), date(2024, 12, 22), size=len(towns))
    event = PlannedEvent(
        id="roll-out",
        kind="roll_out",
        title="Mid Glamorgan: carriers grow from about 20 to about 170 in a month, and administrations with them",
        expectation="Not a spike once carrier-days are known: the number per carrier-day is as before.",
        place="Pontypridd",
        radius_m=25_000.0,
        details={"bcu": "Mid Glamorgan", "trained_from": "2024-09-02", "trained_to": "2024-09-27"},
    )
    cases = [
        PlannedCase(day=day, event=event.id, place=towns[order], spread_m=500.0)
        for day, order in zip(days, rng.permutation(len(towns)), strict=True)
    ]
    return [_dated(event, days)], cases


def _small_traps(rng: np.random.Generator) -> tuple[list[PlannedEvent], list[PlannedCase]]:
    doubled = PlannedEvent(
        id="doubled-report",
        kind="doubled_report",
        title="Two officers report the same dose",
        expectation="One dose, not two: both reports are kept and flagged; no multi-dose alert.",
        place="Pontypridd",
        radius_m=1_500.0,
    )
    two = PlannedEvent(
        id="two-people",
        kind="two_people",
        title="Two people are given naloxone at one incident",
        expectation="One incident with two administrations of two people; neither is folded into the other.",
        place="Penarth",
        radius_m=1_500.0,
    )
    doubled_day = _start(rng, date(2025, 6, 1), date(2025, 8, 10))
    two_day = _start(rng, date(2026, 3, 15), date(2026, 5, 31))
    pair = PlannedCase(day=two_day, event=two.id, place=two.place, daytime=True, setting="home")
    cases = [
        PlannedCase(day=doubled_day, event=doubled.id, place=doubled.place, doses=(1,), two_officers=True),
        pair,
        PlannedCase(day=two_day, event=two.id, place=two.place, daytime=True, setting="home", with_previous=True),
    ]
    return [_dated(doubled, [doubled_day]), _dated(two, [two_day])], cases


def _dated(event: PlannedEvent, days: Sequence[date]) -> PlannedEvent:
    return PlannedEvent(**{**event.__dict__, "first_day": min(days), "last_day": max(days)})
