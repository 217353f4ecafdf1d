"""The independent layer of the synthetic force: ambulance overdose calls and drug-related deaths.

It does not depend on carriers, so it shows risk where police gave no naloxone. True clusters appear in it as well;
what only looks like one (batch entry, roll-out, a look-alike) does not.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.demo.carriers import COVERAGE_HOLE_BASES, COVERAGE_HOLE_HOURS
from data.demo.model import (
    DATA_STATUS,
    ForceProfile,
    Intensity,
    PlaceSampler,
    RawFile,
    clock_texts_of_moments,
    date_texts,
    existing_local_times,
    numbered,
    words,
)
from data.demo.plan import PlannedEvent, draw_days, draw_hours
from data.mapping import Mapping, PlaceLayout

__all__ = ["HOLE_EVENTS_A_YEAR", "draw_moments", "hole_moments", "risk_events_file"]

# Calls in the planted hours without a carrier: enough to stand out in a table by place and hour (assumption).
HOLE_EVENTS_A_YEAR = 45
KIND_WORDS = {"ambulance_overdose_call": "Overdose call", "drug_related_death": "Drug-related death"}
CLUSTER_SPREAD_M, HOLE_SPREAD_M, CLUSTER_DAYS = 600.0, 700.0, 4


def risk_events_file(
    rng: np.random.Generator,
    *,
    profile: ForceProfile,
    sampler: PlaceSampler,
    intensity: Intensity,
    planted: Sequence[PlannedEvent],
    source: str,
    time_zone: str,
) -> RawFile:
    """Calls and deaths over the force's whole period; the yearly total includes what is planted."""
    years = ((profile.last_day - profile.first_day).days + 1) / 365.25
    clusters = [event for event in planted if event.ambulance_calls and event.first_day and event.place]
    moments, places, kinds = [], [], []
    for event in clusters:
        size = event.ambulance_calls + event.deaths
        first = np.datetime64(event.first_day, "m")
        moments.append(first + rng.integers(0, CLUSTER_DAYS * 24 * 60, size=size).astype("timedelta64[m]"))
        places.append(sampler.near(profile.place(event.place), spread_m=CLUSTER_SPREAD_M).draw(rng, size))
        kinds.append(np.arange(size) >= event.ambulance_calls)
    if profile.kind == "south_wales":
        size = round(HOLE_EVENTS_A_YEAR * years)
        moments.append(hole_moments(rng, profile=profile, size=size))
        hole = profile.place(COVERAGE_HOLE_BASES[0])
        places.append(sampler.near(hole, spread_m=HOLE_SPREAD_M).draw(rng, size))
        kinds.append(np.zeros(size, dtype=bool))
    already = np.concatenate([*kinds, np.zeros(0, dtype=bool)])
    calls = round(profile.risk_events_a_year * years) - int((~already).sum())
    deaths = round(profile.deaths_a_year * years) - int(already.sum())
    moments.append(draw_moments(rng, profile=profile, size=calls + deaths))
    places.append(intensity.draw(rng, calls + deaths))
    kinds.append(np.arange(calls + deaths) >= calls)
    moment = np.concatenate(moments)
    order = np.argsort(moment, kind="stable")
    moment = existing_local_times(moment[order], time_zone=time_zone)
    easting, northing = (np.concatenate([place[axis] for place in places])[order] for axis in (0, 1))
    frame = pd.DataFrame(
        {
            "Call number": numbered("SYN-C%06d", np.arange(1, len(moment) + 1)),
            "Kind": words(list(KIND_WORDS.values()), np.concatenate(kinds)[order].astype(int)),
            "Date": date_texts(moment),
            "Time": clock_texts_of_moments(moment),
            "Easting": easting,
            "Northing": northing,
            "Data status": DATA_STATUS,
        }
    )
    mapping = Mapping(
        target="risk_events",
        source=source,
        synthetic=True,
        columns={"risk_event_id": "Call number", "kind": "Kind", "occurred_at": ("Date", "Time")},
        place=PlaceLayout(crs=None, x="Easting", y="Northing"),
        values={"kind": {word: kind for kind, word in KIND_WORDS.items()}},
    )
    return RawFile(name="risk_events", frame=frame, mapping=mapping)


def draw_moments(rng: np.random.Generator, *, profile: ForceProfile, size: int) -> NDArray[np.datetime64]:
    """Local times over the force's whole period, by season and hour of day; in order of their days."""
    days = draw_days(rng, size=size, first=profile.first_day, last=profile.last_day, gap=None)
    minutes = draw_hours(rng, size) * 60 + rng.integers(0, 60, size=size)
    return days.astype("datetime64[m]") + minutes.astype("timedelta64[m]")


def hole_moments(rng: np.random.Generator, *, profile: ForceProfile, size: int) -> NDArray[np.datetime64]:
    """Local times in the planted hours of the week, over the force's whole weeks."""
    first = np.datetime64(profile.first_day, "D")
    monday = first + np.timedelta64((7 - (first.astype(int) + 3) % 7) % 7, "D")
    weeks = (np.datetime64(profile.last_day, "D") - monday).astype(int) // 7
    hours = rng.choice(np.array(COVERAGE_HOLE_HOURS), size=size) + 168 * rng.integers(0, weeks, size=size)
    return monday.astype("datetime64[m]") + (hours * 60 + rng.integers(0, 60, size=size)).astype("timedelta64[m]")
