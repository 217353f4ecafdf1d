"""The scale of each synthetic force: South Wales as published, a quiet one, and any other for load.

Published: 673 officers trained in South Wales by December 2024 and 756 by May 2025, and its three BCUs; Norfolk with
216 trained and 16 administrations (Home Office / Ipsos, "Police carriage of naloxone: process evaluation", 9 May
2025). Everything else here is an assumption: places stand for areas of about 500 m, and weights share out the risk.
"""

import dataclasses
from datetime import date

import numpy as np
import shapely

from data.demo.model import ForceProfile, TownPlace
from geo.areas import Geography
from geo.projection import from_wgs84

__all__ = ["ROLL_OUT_AUTHORITIES", "ROLL_OUT_FIRST_DAY", "other_profile", "quiet_profile", "south_wales_profile"]

CARDIFF, MID, SWANSEA = "Cardiff and the Vale", "Mid Glamorgan", "Swansea Neath Port Talbot"

# name: latitude, longitude, authority.
SOUTH_WALES_PLACES = {
    "Cardiff Centre": (51.481, -3.179, "Cardiff"),
    "Bay": (51.465, -3.166, "Cardiff"),
    "Cathays": (51.495, -3.178, "Cardiff"),
    "Ely": (51.483, -3.248, "Cardiff"),
    "Splott": (51.479, -3.156, "Cardiff"),
    "Grangetown": (51.466, -3.187, "Cardiff"),
    "Rumney": (51.505, -3.140, "Cardiff"),
    "Barry": (51.405, -3.270, "Vale of Glamorgan"),
    "Penarth": (51.436, -3.173, "Vale of Glamorgan"),
    "Pontypridd": (51.602, -3.342, "Rhondda Cynon Taf"),
    "Merthyr Tydfil": (51.746, -3.378, "Merthyr Tydfil"),
    "Aberdare": (51.715, -3.445, "Rhondda Cynon Taf"),
    "Tonypandy": (51.623, -3.455, "Rhondda Cynon Taf"),
    "Bridgend": (51.507, -3.578, "Bridgend"),
    "Maesteg": (51.609, -3.658, "Bridgend"),
    "Porthcawl": (51.479, -3.704, "Bridgend"),
    "Swansea Centre": (51.621, -3.944, "Swansea"),
    "Townhill": (51.627, -3.959, "Swansea"),
    "Morriston": (51.664, -3.922, "Swansea"),
    "Cockett": (51.633, -3.982, "Swansea"),
    "Gorseinon": (51.669, -4.043, "Swansea"),
    "Neath": (51.663, -3.806, "Neath Port Talbot"),
    "Port Talbot": (51.595, -3.785, "Neath Port Talbot"),
    "Pontardawe": (51.718, -3.854, "Neath Port Talbot"),
}
SOUTH_WALES_WEIGHTS = {
    "Swansea": 28.0,
    "Cardiff": 30.0,
    "Rhondda Cynon Taf": 13.0,
    "Neath Port Talbot": 11.0,
    "Bridgend": 8.0,
    "Merthyr Tydfil": 6.0,
    "Vale of Glamorgan": 4.0,
}
# Stations carriers parade at, with the share of their BCU's carriers (assumption).
SOUTH_WALES_BASES = (
    ("Cardiff Centre", CARDIFF, 0.30),
    ("Bay", CARDIFF, 0.26),
    ("Ely", CARDIFF, 0.16),
    ("Rumney", CARDIFF, 0.10),
    ("Barry", CARDIFF, 0.13),
    ("Penarth", CARDIFF, 0.05),
    ("Pontypridd", MID, 0.24),
    ("Merthyr Tydfil", MID, 0.16),
    ("Aberdare", MID, 0.13),
    ("Tonypandy", MID, 0.13),
    ("Bridgend", MID, 0.20),
    ("Maesteg", MID, 0.08),
    ("Porthcawl", MID, 0.06),
    ("Swansea Centre", SWANSEA, 0.34),
    ("Townhill", SWANSEA, 0.14),
    ("Morriston", SWANSEA, 0.13),
    ("Gorseinon", SWANSEA, 0.08),
    ("Neath", SWANSEA, 0.15),
    ("Port Talbot", SWANSEA, 0.12),
    ("Pontardawe", SWANSEA, 0.04),
)
# The planted roll-out: nearly all carriers of Mid Glamorgan, which is these authorities, are trained in one month.
ROLL_OUT_AUTHORITIES = ("Bridgend", "Merthyr Tydfil", "Rhondda Cynon Taf")
ROLL_OUT_FIRST_DAY = date(2024, 9, 2)
ELSEWHERE = {CARDIFF: 0.48, SWANSEA: 0.47, MID: 0.05}
# 673 by the end of December 2024 and 756 by 13 May 2025 are published; how they got there is an assumption.
SOUTH_WALES_TRAINING = (
    (date(2022, 2, 21), date(2022, 4, 13), 60, ELSEWHERE),
    (date(2022, 4, 19), date(2023, 12, 21), 220, ELSEWHERE),
    (date(2024, 1, 3), date(2024, 8, 30), 183, ELSEWHERE),
    (ROLL_OUT_FIRST_DAY, date(2024, 9, 27), 150, {MID: 1.0}),
    (date(2024, 10, 1), date(2024, 12, 20), 60, {CARDIFF: 0.45, SWANSEA: 0.35, MID: 0.20}),
    (date(2025, 1, 6), date(2025, 5, 12), 83, {CARDIFF: 0.40, SWANSEA: 0.35, MID: 0.25}),
)
# How many of the largest places a force without its own list gathers around, and how many of them are bases.
GENERIC_PLACES, GENERIC_BASES = 24, 8


def south_wales_profile(geography: Geography) -> ForceProfile:
    """South Wales at its published scale, from the first administration to 30 June 2026."""
    names = tuple(SOUTH_WALES_PLACES)
    latitude, longitude = (np.array([SOUTH_WALES_PLACES[name][axis] for name in names]) for axis in (0, 1))
    easting, northing = from_wgs84(latitude=latitude, longitude=longitude, crs=geography.crs)
    places = tuple(
        TownPlace(name=name, easting_m=float(east), northing_m=float(north), group=SOUTH_WALES_PLACES[name][2])
        for name, east, north in zip(names, np.round(easting), np.round(northing), strict=True)
    )
    named = {place.name: place for place in places}
    return ForceProfile(
        kind="south_wales",
        force="South Wales Police",
        prefix="SW",
        england=False,
        first_day=date(2022, 4, 14),
        last_day=date(2026, 6, 30),
        extract_day=date(2026, 7, 6),
        places=places,
        bases=tuple((named[name], bcu, share) for name, bcu, share in SOUTH_WALES_BASES),
        custody_bases=("Bay", "Swansea Centre", "Bridgend", "Merthyr Tydfil"),
        authority_weights=SOUTH_WALES_WEIGHTS,
        training=SOUTH_WALES_TRAINING,
        risk_events_a_year=1_600,
        deaths_a_year=120,
        requests_a_year=90,
    )


def quiet_profile(geography: Geography) -> ForceProfile:
    """A quiet force, Norfolk-like: 216 officers trained, a third of the South Wales risk, over two years."""
    places = _largest_places(geography)
    training = (
        (date(2024, 1, 8), date(2024, 6, 28), 160, {}),
        (date(2024, 9, 2), date(2024, 12, 20), 56, {}),
    )
    return _generic(
        geography, places, kind="quiet", prefix="NF", first_day=date(2024, 7, 1), training=training, risk_events=520
    )


def other_profile(geography: Geography) -> ForceProfile:
    """A force for load: South Wales where the geography holds its places, else the geography's largest places."""
    south_wales = south_wales_profile(geography)
    points = [shapely.Point(place.easting_m, place.northing_m) for place in south_wales.places]
    if shapely.contains(geography.outline, points).all():
        return dataclasses.replace(south_wales, kind="stress")
    return _generic(
        geography,
        _largest_places(geography),
        kind="stress",
        prefix="ST",
        first_day=south_wales.first_day,
        training=tuple((first, last, trained, {}) for first, last, trained, _weights in SOUTH_WALES_TRAINING),
        risk_events=south_wales.risk_events_a_year,
    )


def _largest_places(geography: Geography) -> tuple[TownPlace, ...]:
    """The geography's first-ranked places; the middle of the outline where it names none."""
    table = geography.places.sort_values("rank").drop_duplicates("name").head(GENERIC_PLACES)
    inside = shapely.contains_xy(geography.outline, table["easting_m"].to_numpy(), table["northing_m"].to_numpy())
    table = table[inside]
    middle = geography.outline.representative_point()
    return tuple(
        TownPlace(name=str(row.name), easting_m=float(row.easting_m), northing_m=float(row.northing_m))
        for row in table[["name", "easting_m", "northing_m"]].itertuples(index=False, name="Place")
    ) or (TownPlace(name="Centre", easting_m=round(middle.x), northing_m=round(middle.y)),)


def _generic(
    geography: Geography,
    places: tuple[TownPlace, ...],
    *,
    kind: str,
    prefix: str,
    first_day: date,
    training: tuple,
    risk_events: int,
) -> ForceProfile:
    based = places[:GENERIC_BASES]
    labels = geography.label_area(
        easting_m=np.array([place.easting_m for place in based]),
        northing_m=np.array([place.northing_m for place in based]),
    ).bcu
    bcus = [str(label) if len(geography.bcus) else "" for label in labels]
    return ForceProfile(
        kind=kind,
        force="Synthetic force",
        prefix=prefix,
        england=True,
        first_day=first_day,
        last_day=date(2026, 6, 30),
        extract_day=date(2026, 7, 6),
        places=places,
        # The larger the town, the more of the carriers parade there.
        bases=tuple((place, bcus[order], 1.0 / (1 + order)) for order, place in enumerate(based)),
        custody_bases=(based[0].name,),
        authority_weights={},
        training=training,
        risk_events_a_year=risk_events,
        deaths_a_year=round(risk_events * 0.075),
        requests_a_year=12,
    )
