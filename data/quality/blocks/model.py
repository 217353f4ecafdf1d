"""What is compared: events as arrays, the ways in which two entries of one event agree, and the block that is told."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "ANY",
    "DAY_MIN",
    "FEWEST_PAIRS",
    "HOUR_MIN",
    "NEW_POINTS",
    "RADII_M",
    "WITHOUT_TIME",
    "Block",
    "Events",
    "Floats",
    "Found",
    "Ints",
    "Kind",
    "Mask",
    "Pairs",
    "events_of",
    "is_rough",
    "oriented",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Pairs of positions by what was looked for.
Found = dict[str, tuple[Ints, Ints]]

DAY_MIN, HOUR_MIN = 1_440, 60
# Values of a kind that compares days: the events without a time are compared with all; all are; those without a time at
# points that only some days have are, with the others.
WITHOUT_TIME, ANY, NEW_POINTS = -1, -2, -3
# The same point; or published places, moved by up to some hundred metres, in the country farther, and snapped besides.
RADII_M = (1.0, 300.0, 700.0, 1_500.0)
# A point with as many events within so many days and none on others.
_FEWEST_AT_A_POINT, _DAYS_OF_A_NEW_POINT = 4, 31
# Fewer doubles are no block.
FEWEST_PAIRS = 5


@dataclass(frozen=True, kw_only=True)
class Block:
    """A run of days entered twice. `pairs`: positions in the table, columns first and second (the later row).

    `time` is what the doubles share: minute (but for rounding), offset (`offset_min` minutes apart, or none), hour or
    day; `days_apart` is not 0 where the second entries have other dates.
    """

    time: str
    offset_min: int
    pairs: pd.DataFrame
    days_apart: int = 0


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What two entries of one event are taken to share; `radius_m` is infinite where places are not compared.

    `moved_m`, where it is not nothing: the second entry stands so far east and north of the first, within `radius_m`.
    `exact`: neither time is a whole hour, which many are where times are rounded to it.
    `central`: the one without a time stands at the point, of those of its like, that is nearest to the other.
    `step_min`: what is called hour may be a quarter of one, or ten or five minutes.
    """

    time: str
    value: int
    radius_m: float = np.inf
    moved_m: tuple[float, float] = (0.0, 0.0)
    central: bool = False
    details: bool = False
    exact: bool = False
    step_min: int = HOUR_MIN


@dataclass(frozen=True, kw_only=True)
class Events:
    """Arrays with one element an event; `position` is that in the table, `order` is 0 for stored ones.

    `recorded`: the minute (since 1970 UTC) in which it was written down, -1 where only the day is known or nothing.
    """

    position: Ints
    order: Ints
    key: Ints
    day: Ints
    minute: Ints
    untimed: Mask
    whole_hour: Mask
    at_new_point: Mask
    east_m: Floats
    north_m: Floats
    place: Ints
    details: Ints
    recorded: Ints

    def __len__(self) -> int:
        return len(self.order)

    def part(self, which: Mask | Ints) -> "Events":
        """The chosen events."""
        return Events(**{name: values[which] for name, values in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs of events: `coarse` is the one with the less exact time, or the later row."""

    coarse: Ints
    other: Ints
    apart_m: Floats
    same_details: Mask

    def part(self, which: Mask | Ints) -> "Pairs":
        """The chosen pairs."""
        return Pairs(**{name: values[which] for name, values in vars(self).items()})

    def and_also(self, others: "Pairs") -> "Pairs":
        """These and, after them, the others."""
        return Pairs(**{name: np.concatenate([values, vars(others)[name]]) for name, values in vars(self).items()})


def events_of(table: pd.DataFrame) -> Events:
    """The events of a table with the columns that find_blocks asks for."""
    minute = table["minute"].to_numpy(dtype=np.int64)
    day = table["day"].to_numpy(dtype=np.int64)
    day = day - (int(day.min()) if len(day) else 0)
    untimed = (minute < 0) | table["midnight"].eq(True).to_numpy(dtype=bool)
    place = table["place"].to_numpy(dtype=np.int64)
    recorded = table["recorded"].to_numpy(dtype=np.int64)
    return Events(
        position=np.arange(len(table)),
        order=table["row"].to_numpy(dtype=np.int64),
        key=table["key"].to_numpy(dtype=np.int64),
        day=day,
        minute=minute,
        untimed=untimed,
        whole_hour=(minute >= 0) & (minute % HOUR_MIN == 0),
        at_new_point=untimed & _at_new_point(place, day),
        east_m=table["easting_m"].to_numpy(dtype=float),
        north_m=table["northing_m"].to_numpy(dtype=float),
        place=place,
        details=table["details"].to_numpy(dtype=np.int64),
        # A whole hour may be a date without a time, in any zone.
        recorded=np.where(recorded % HOUR_MIN == 0, -1, recorded),
    )


def _at_new_point(place: Ints, day: Ints) -> Mask:
    """Which events share a point with several, all within a month: the middles of areas, in a second entry."""
    placed = np.flatnonzero(place >= 0)
    points = int(place.max()) + 1 if len(placed) else 0
    counts = np.bincount(place[placed], minlength=points)
    first, last = np.full(points, np.iinfo(np.int64).max), np.full(points, -1)
    np.minimum.at(first, place[placed], day[placed])
    np.maximum.at(last, place[placed], day[placed])
    new = (counts >= _FEWEST_AT_A_POINT) & (last - first < _DAYS_OF_A_NEW_POINT)
    found = np.zeros(len(place), dtype=bool)
    found[placed] = new[place[placed]]
    return found


def oriented(events: Events, kind: Kind, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The pairs with the coarser time first, or with the later row where both are alike."""
    rough = is_rough(events, kind)
    turned = np.where(rough[one] == rough[other], events.order[one] < events.order[other], rough[other])
    return np.where(turned, other, one), np.where(turned, one, other)


def is_rough(events: Events, kind: Kind) -> Mask:
    """Which events have the coarser time of a kind: to the hour, without one, or a clock that stands for none."""
    if kind.time in ("minute", "offset"):
        return np.zeros(len(events), dtype=bool)
    if kind.value == ANY:
        return np.ones(len(events), dtype=bool)
    if kind.time == "hour":
        if kind.step_min == HOUR_MIN:
            return events.whole_hour
        return (events.minute >= 0) & (events.minute % kind.step_min == 0)
    if kind.value == NEW_POINTS:
        return events.at_new_point
    return events.untimed if kind.value < 0 else events.whole_hour & (events.minute % DAY_MIN == kind.value)
