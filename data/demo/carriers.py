"""The synthetic force's carriers: who is trained where, their roster, and requests for a carrier.

One base is planted to have nobody on shift in some hours: `COVERAGE_HOLE`. Rosters follow five teams, of which one
each is on early, late and night turn while two rest, so that every base with five carriers has somebody at every hour
but those.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.demo.model import (
    DATA_STATUS,
    ForceProfile,
    PlantedEvent,
    RawFile,
    date_texts,
    existing_local_times,
    moment_texts,
    numbered,
    words,
)
from data.mapping import Mapping, PlaceLayout

__all__ = [
    "COVERAGE_HOLE_BASES",
    "COVERAGE_HOLE_HOURS",
    "HOLE_REQUESTS_SHARE",
    "ROLE_WORDS",
    "DrawnCarriers",
    "carriers_file",
    "coverage_hole",
    "dated_shifts_file",
    "draw_carriers",
    "nearest_base",
    "officers_for",
    "requests_file",
    "typical_shifts_file",
]

ROLE_WORDS = {
    "response": "Response",
    "pcso": "PCSO",
    "custody": "Custody",
    "roads": "Roads policing",
    "special": "Special constabulary",
}
ROLE_SHARES = (0.78, 0.10, 0.05, 0.04, 0.03)
LAPSED_SHARE = 0.13
# Carriers who moved to custody in the past: their role has two periods (assumption: 12 of 756).
MOVED_SHARE = 0.016
# Friday and Saturday night, 23:00 to 07:00, as hours of the week from Monday 00:00.
COVERAGE_HOLE_HOURS = (*range(119, 127), *range(143, 151))
COVERAGE_HOLE_BASES = ("Merthyr Tydfil", "Aberdare")
# Start hour and length of each turn; the hours of PCSOs and special constables.
EARLY, LATE, NIGHT, REST = (7, 9), (15, 9), (22, 9), None
TEAM_TURNS = (EARLY, LATE, NIGHT, REST, REST)
PCSO_TURNS = ((8, 8), (14, 8))
SPECIAL_TURN = (18, 8)
# The dated roster: four weeks from this Monday, so that the data's last day has a yesterday and a tomorrow.
DATED_FROM, DATED_DAYS = date(2026, 6, 15), 28
# Requests for a carrier: found nearly always, in about nine minutes (assumptions).
FOUND_SHARE, REQUEST_MEDIAN_MINUTES, REQUEST_LOG_SIGMA = 0.90, 9.0, 0.5
HOLE_REQUESTS_SHARE = 0.08


@dataclass(frozen=True, eq=False)
class DrawnCarriers:
    """Carriers in order of training: arrays of one entry a carrier; `base` and `role` are indices."""

    collar: NDArray[np.object_]
    base: NDArray[np.int64]
    role: NDArray[np.int64]
    trained_on: NDArray[np.datetime64]
    refreshed_on: NDArray[np.datetime64]
    team: NDArray[np.int64]


def draw_carriers(rng: np.random.Generator, *, profile: ForceProfile) -> DrawnCarriers:
    """As many carriers as the profile's courses trained; 13 % have a lapsed refresher on the last day."""
    bcus = np.array([bcu for _place, bcu, _share in profile.bases], dtype=object)
    shares = np.array([share for _place, _bcu, share in profile.bases])
    trained_on, base = [], []
    for first, last, size, weights in profile.training:
        days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
        days = days[np.is_busday(days)]
        # A course ends on its last day, so that the published date holds it whole.
        trained_on.append(np.sort(np.append(rng.choice(days, size=size - 1), days[-1])))
        chance = shares * np.array([weights.get(bcu, 0.0) for bcu in bcus]) if weights else shares
        base.append(rng.choice(len(shares), size=size, p=chance / chance.sum()))
    trained, at_base = np.concatenate(trained_on), np.concatenate(base)
    size = len(trained)
    last_day = np.datetime64(profile.last_day)
    refreshed = last_day - rng.integers(5, 355, size=size)
    lapsed = rng.choice(size, size=round(LAPSED_SHARE * size), replace=False)
    refreshed[lapsed] = last_day - rng.integers(370, 560, size=len(lapsed))
    # Nobody is refreshed within half a year of the course; until then the course itself counts.
    refreshed = np.where(refreshed < trained + np.timedelta64(180, "D"), np.datetime64("NaT"), refreshed)
    order_at_base = pd.Series(at_base).groupby(at_base).cumcount().to_numpy()
    return DrawnCarriers(
        collar=numbered(f"{profile.prefix}%04d", 1000 + rng.permutation(9000)[:size]),
        base=at_base,
        role=rng.choice(len(ROLE_SHARES), size=size, p=ROLE_SHARES),
        trained_on=trained,
        refreshed_on=refreshed,
        team=order_at_base % len(TEAM_TURNS),
    )


def nearest_base(
    *, profile: ForceProfile, easting_m: NDArray[np.float64], northing_m: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Index of the base nearest to each point, in a straight line."""
    best = np.zeros(len(easting_m), dtype=np.int64)
    nearest = np.full(len(easting_m), np.inf)
    for index, (place, _bcu, _share) in enumerate(profile.bases):
        distance = np.hypot(easting_m - place.easting_m, northing_m - place.northing_m)
        best[distance < nearest] = index
        nearest = np.minimum(nearest, distance)
    return best


def officers_for(
    rng: np.random.Generator, *, carriers: DrawnCarriers, base: NDArray[np.int64], day: NDArray[np.datetime64]
) -> NDArray[np.int64]:
    """A carrier (index) for each administration: anyone trained by that day, of the base where it has one."""
    chosen = np.zeros(len(base), dtype=np.int64)
    lot = rng.random(len(base))
    # Carriers stand in order of training, so those trained by a day are the first few of any group.
    anywhere = np.searchsorted(carriers.trained_on, day, side="right")
    for index in np.unique(base):
        here = base == index
        group = np.nonzero(carriers.base == index)[0]
        trained = np.searchsorted(carriers.trained_on[group], day[here], side="right")
        own = group[np.minimum((lot[here] * trained).astype(int), max(len(group) - 1, 0))] if len(group) else 0
        chosen[here] = np.where(trained > 0, own, (lot[here] * anywhere[here]).astype(int))
    return chosen


def carriers_file(rng: np.random.Generator, *, profile: ForceProfile, carriers: DrawnCarriers, source: str) -> RawFile:
    """The training register: one row a carrier and role; a few carriers have two roles after each other."""
    size = len(carriers.collar)
    last_day = np.datetime64(profile.last_day)
    moved = np.zeros(size, dtype=bool)
    moved[rng.choice(size, size=round(MOVED_SHARE * size), replace=False)] = True
    moved &= carriers.trained_on < last_day - np.timedelta64(200, "D")
    moved_on = np.where(moved, last_day - rng.integers(30, 150, size=size), np.datetime64("NaT"))
    places = [place for place, _bcu, _share in profile.bases]
    roles = list(ROLE_WORDS.values())
    row = np.concatenate([np.arange(size), np.nonzero(moved)[0]])
    later = np.arange(len(row)) >= size
    # Two periods of a role lie one day apart; the first is always response, the second what the person does now.
    role = np.where(moved[row] & ~later, 0, np.where(later, 2, carriers.role[row]))
    starts = np.where(later, moved_on[row], carriers.trained_on[row])
    ends = np.where(~later, moved_on[row] - np.timedelta64(1, "D"), np.datetime64("NaT"))
    base = carriers.base[row]
    frame = pd.DataFrame(
        {
            "Collar number": carriers.collar[row],
            "Role": words(roles, role),
            "Base": words([place.name for place in places], base),
            "BCU": words([bcu or None for _place, bcu, _share in profile.bases], base),
            "Base easting": np.array([place.easting_m for place in places])[base],
            "Base northing": np.array([place.northing_m for place in places])[base],
            "Trained": date_texts(carriers.trained_on[row]),
            "Refreshed": date_texts(carriers.refreshed_on[row]),
            "Role from": date_texts(starts),
            "Role to": date_texts(ends),
            "Data status": DATA_STATUS,
        }
    )
    mapping = Mapping(
        target="carriers",
        source=source,
        extract="full",
        synthetic=True,
        columns={
            "carrier_id": ("Collar number", "Role from"),
            "officer_token": "Collar number",
            "role": "Role",
            "base": "Base",
            "bcu": "BCU",
            "trained_on": "Trained",
            "refreshed_on": "Refreshed",
            "valid_from": "Role from",
            "valid_to": "Role to",
        },
        place=PlaceLayout(crs=None, x="Base easting", y="Base northing"),
        values={"role": {word: role for role, word in ROLE_WORDS.items()}},
    )
    return RawFile(name="carriers", frame=frame, mapping=mapping)


def typical_shifts_file(*, profile: ForceProfile, carriers: DrawnCarriers, source: str) -> RawFile:
    """The typical week: one row for each carrier and hour of the week."""
    weekly = _turns(carriers, days=7)
    hours = (weekly["start"].to_numpy()[:, None] + np.arange(max(weekly["hours"]))) % 168
    within = np.arange(max(weekly["hours"])) < weekly["hours"].to_numpy()[:, None]
    carrier = np.repeat(weekly["carrier"].to_numpy(), within.sum(axis=1))
    pairs = np.unique(np.column_stack([carrier, hours[within]]), axis=0)
    pairs = pairs[~_in_hole(profile, carriers, carrier=pairs[:, 0], hour=pairs[:, 1])]
    frame = pd.DataFrame(
        {
            "Collar number": carriers.collar[pairs[:, 0]],
            "Hour of week": pairs[:, 1],
            "Data status": DATA_STATUS,
        }
    )
    mapping = Mapping(
        target="shifts",
        source=source + ", typical week",
        extract="full",
        synthetic=True,
        columns={
            "shift_id": ("Collar number", "Hour of week"),
            "officer_token": "Collar number",
            "hour_of_week": "Hour of week",
        },
    )
    return RawFile(name="shifts_typical", frame=frame, mapping=mapping)


def dated_shifts_file(*, profile: ForceProfile, carriers: DrawnCarriers, source: str, time_zone: str) -> RawFile:
    """The dated roster of four weeks around the data's last day; nobody at the planted base in its hours."""
    monday = np.datetime64(DATED_FROM, "h")
    turns = _turns(carriers, days=DATED_DAYS)
    carrier, start, hours = (turns[name].to_numpy() for name in ("carrier", "start", "hours"))
    worked = np.arange(max(hours)) < hours[:, None]
    hole = _in_hole(
        profile,
        carriers,
        carrier=np.repeat(carrier, max(hours)),
        hour=((start[:, None] + np.arange(max(hours))) % 168).ravel(),
    ).reshape(worked.shape)
    # A turn ends where the hole begins; one that would begin inside it is not worked.
    length = np.where((worked & hole).any(axis=1), np.argmax(worked & hole, axis=1), hours)
    kept = length > 0
    begins = monday + start[kept].astype("timedelta64[h]")
    ends = begins + length[kept].astype("timedelta64[h]")
    frame = pd.DataFrame(
        {
            "Collar number": carriers.collar[carrier[kept]],
            "Starts": moment_texts(existing_local_times(begins.astype("datetime64[m]"), time_zone=time_zone)),
            "Ends": moment_texts(existing_local_times(ends.astype("datetime64[m]"), time_zone=time_zone)),
            "Data status": DATA_STATUS,
        }
    )
    mapping = Mapping(
        target="shifts",
        source=source + ", dated",
        extract="incremental",
        synthetic=True,
        columns={
            "shift_id": ("Collar number", "Starts"),
            "officer_token": "Collar number",
            "starts_at": "Starts",
            "ends_at": "Ends",
        },
    )
    return RawFile(name="shifts_dated", frame=frame, mapping=mapping)


def requests_file(
    rng: np.random.Generator,
    *,
    profile: ForceProfile,
    easting_m: NDArray[np.float64],
    northing_m: NDArray[np.float64],
    moment: NDArray[np.datetime64],
    source: str,
) -> RawFile:
    """Requests for a carrier at the given places and times; in the planted hole nobody is found."""
    size = len(moment)
    hour = (moment.astype("datetime64[h]") - np.datetime64("1970-01-05T00", "h")).astype(int) % 168
    names = np.array([place.name for place, _bcu, _share in profile.bases], dtype=object)
    base = names[nearest_base(profile=profile, easting_m=easting_m, northing_m=northing_m)]
    hole = np.isin(base, COVERAGE_HOLE_BASES) & np.isin(hour, COVERAGE_HOLE_HOURS) & (profile.kind == "south_wales")
    found = (rng.random(size) < FOUND_SHARE) & ~hole
    minutes = np.rint(REQUEST_MEDIAN_MINUTES * np.exp(REQUEST_LOG_SIGMA * rng.standard_normal(size))).clip(1, 90)
    frame = pd.DataFrame(
        {
            "Request number": numbered("SYN-R%05d", np.arange(1, size + 1)),
            "Asked at": moment_texts(moment),
            "Easting": easting_m,
            "Northing": northing_m,
            "Carrier found": words(["N", "Y"], found.astype(int)),
            "Minutes to arrive": pd.array(np.where(found, minutes, np.nan), dtype="Float64").astype("Int64"),
            "Data status": DATA_STATUS,
        }
    )
    mapping = Mapping(
        target="requests",
        source=source,
        synthetic=True,
        columns={
            "request_id": "Request number",
            "occurred_at": "Asked at",
            "found": "Carrier found",
            "minutes": "Minutes to arrive",
        },
        place=PlaceLayout(crs=None, x="Easting", y="Northing"),
        values={"found": {"Y": "yes", "N": "no"}},
    )
    return RawFile(name="requests", frame=frame, mapping=mapping)


def coverage_hole(*, profile: ForceProfile, risk_events_a_year: int) -> PlantedEvent:
    """The planted place and hours with risk and nobody on shift."""
    place = profile.place(COVERAGE_HOLE_BASES[0])
    return PlantedEvent(
        id="coverage-hole",
        kind="coverage_hole",
        title="Merthyr Tydfil and Aberdare: nobody on shift on Friday and Saturday nights, 23:00 to 07:00",
        expectation="First row of the gap table: these hours of the week at Merthyr Tydfil.",
        file="shifts_typical",
        place=place.name,
        easting_m=place.easting_m,
        northing_m=place.northing_m,
        radius_m=2_500.0,
        details={
            "bases": list(COVERAGE_HOLE_BASES),
            "hours_of_week": list(COVERAGE_HOLE_HOURS),
            "extra_risk_events_a_year": risk_events_a_year,
        },
    )


def _turns(carriers: DrawnCarriers, *, days: int) -> pd.DataFrame:
    """Every turn of duty: carrier (index), start (hours after the first Monday) and length in hours."""
    names = list(ROLE_WORDS)
    pcso, special = carriers.role == names.index("pcso"), carriers.role == names.index("special")
    rows = []
    for day in range(days):
        weekday = day % 7
        for team, turn in zip(range(len(TEAM_TURNS)), np.roll(np.arange(len(TEAM_TURNS)), day), strict=True):
            if TEAM_TURNS[turn]:
                rows.append((np.nonzero((carriers.team == team) & ~pcso & ~special)[0], day, TEAM_TURNS[turn]))
        if weekday < 5:
            for half, turn in enumerate(PCSO_TURNS):
                rows.append((np.nonzero(pcso & (carriers.team % 2 == half))[0], day, turn))
        if weekday in (4, 5):
            rows.append((np.nonzero(special)[0], day, SPECIAL_TURN))
    return pd.DataFrame(
        {
            "carrier": np.concatenate([who for who, _day, _turn in rows]),
            "start": np.concatenate([np.full(len(who), day * 24 + turn[0]) for who, day, turn in rows]),
            "hours": np.concatenate([np.full(len(who), turn[1]) for who, _day, turn in rows]),
        }
    )


def _in_hole(
    profile: ForceProfile, carriers: DrawnCarriers, *, carrier: NDArray[np.int64], hour: NDArray[np.int64]
) -> NDArray[np.bool_]:
    if profile.kind != "south_wales":
        return np.zeros(len(carrier), dtype=bool)
    bases = [index for index, (place, _bcu, _share) in enumerate(profile.bases) if place.name in COVERAGE_HOLE_BASES]
    return np.isin(carriers.base[carrier], bases) & np.isin(hour, COVERAGE_HOLE_HOURS)
