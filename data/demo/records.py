"""The synthetic force's forms: one row a person given naloxone.

Shares come from what is known of police naloxone (see the constants); where nothing is published they are
assumptions. Persons are numbered ("Person 0042"): nobody here has a name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data import schema
from data.demo.ambulance import CLOCKS, DrawnWaits, draw_waits, wait_columns, wait_layouts
from data.demo.carriers import ROLE_WORDS, DrawnCarriers, nearest_base, officers_for
from data.demo.model import (
    DATA_STATUS,
    ForceProfile,
    Intensity,
    PlaceSampler,
    RawFile,
    clock_texts,
    date_texts,
    existing_local_times,
    moment_texts,
    numbered,
    rural_at,
    words,
)
from data.demo.plan import DAYTIME_HOURS, PlannedCase, draw_hours
from data.mapping import DoseLayout, Mapping, PersonLayout, PlaceLayout, SubstanceLayout
from geo.areas import Geography

__all__ = ["KEY_COLUMNS", "DrawnCases", "administrations_file", "draw_cases"]

# Published or assumed shares of administrations.
MALE_SHARE, AGE_MEAN, AGE_SD, AGE_UNKNOWN_SHARE = 0.74, 41.0, 11.0, 0.12
DOSE_SHARES = {1: 0.45, 2: 0.42, 3: 0.08, 4: 0.04, 5: 0.01}
ALIVE = {"Yes": 0.96, "Died": 0.03, "Unknown": 0.01}
CONDITION_BEFORE = {"Unconscious": 0.85, "Conscious and responsive": 0.07, "Non-responsive": 0.06, None: 0.02}
CONDITION_AFTER = {"Conscious and responsive": 0.78, "Unconscious": 0.14, "Non-responsive": 0.05, None: 0.03}
CONDITION_AFTER_FAILED = {"Conscious and responsive": 0.25, "Unconscious": 0.55, "Non-responsive": 0.20}
PREVIOUS_CONTACT = {"Y": 0.78, "N": 0.17, None: 0.05}
POLICE_FIRST = {"Y": 0.75, "N": 0.20, None: 0.05}
PLACE_KINDS = {"Street": 0.52, "Home": 0.36, "Custody": 0.05, "Hospital": 0.02, "Other": 0.03, None: 0.02}
# Chance of each first-aid item having been done; the rest is "N" but for one in twenty left empty.
FIRST_AID_SHARES = dict(zip(schema.FIRST_AID_ITEMS, (0.95, 0.7, 0.96, 0.8, 0.72, 0.12, 0.05, 0.3, 0.6), strict=True))
FIRST_AID_EMPTY_SHARE = 0.05
# What people were thought to have taken: one or two substances.
SUBSTANCE_MIXES = {
    ("Heroin", None): 0.42,
    (None, None): 0.28,
    ("Heroin", "Benzodiazepine"): 0.10,
    ("Benzodiazepine", None): 0.06,
    ("Methadone", None): 0.04,
    ("Nitazene", None): 0.05,
    ("Cocaine", None): 0.03,
    ("Alcohol", None): 0.02,
}
NOT_OPIOIDS = ("Cocaine", "Alcohol")
CONFIRMED_SHARE, FOUND_NOT_OPIOID_SHARE = 0.15, 0.5
# One in five is given to somebody who had it before; one in seven has no name on the form.
REPEAT_SHARE, NAME_MISSING_SHARE = 0.18, 0.14
# Where a place is not given as coordinates: only the district, or nothing.
AREA_ONLY_SHARE, NO_PLACE_SHARE = 0.04, 0.02
TAKEN_TO_HOSPITAL_SHARE, RESUPPLY_SHARE = 0.65, 0.8
# From event to entry: within a day, within three, within three weeks.
ENTRY_DELAY = ((0.80, 0.5, 24.0), (0.15, 24.0, 72.0), (0.05, 72.0, 504.0))
CATEGORY_DOWNGRADED_SHARE = 0.15
WALES_NEW_CATEGORIES = np.datetime64("2025-07-01")
PRODUCTS = {"Nyxoid 1.8 mg nasal spray": 0.8, "Prenoxad 1 mg/ml injection": 0.2}
MOST_DOSE_COLUMNS = 4

KEY_COLUMNS = ("Occurrence number", "Person number")
SETTING_WORDS = {"street": "Street", "home": "Home"}
SUBSTANCE_WORDS = {"benzodiazepine": "Benzodiazepine", "nitazene": "Nitazene"}
YES_NO = {"Y": "yes", "N": "no"}


@dataclass(frozen=True, eq=False)
class DrawnCases:
    """Administrations in order of time: arrays of one entry each; `event` names the planted event, or is empty."""

    occurrence: NDArray[np.object_]
    person_number: NDArray[np.int64]
    moment: NDArray[np.datetime64]
    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    setting: NDArray[np.object_]
    doses: NDArray[np.int64]
    officer: NDArray[np.int64]
    base: NDArray[np.int64]
    rural: NDArray[np.bool_]
    event: NDArray[np.object_]
    planned: tuple[PlannedCase, ...]

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Key texts of every row."""
        return list(zip(self.occurrence.tolist(), map(str, self.person_number.tolist()), strict=True))

    def where(self, flag: str) -> NDArray[np.bool_]:
        """Which cases are planned with a flag of PlannedCase; none where nothing is planned."""
        chosen = [bool(getattr(case, flag)) for case in self.planned]
        return np.array(chosen) if chosen else np.zeros(len(self.moment), dtype=bool)

    def reordered(self, order: NDArray[np.intp]) -> "DrawnCases":
        """The same cases in another order."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        planned = values.pop("planned")
        taken = {name: value[order] for name, value in values.items()}
        return DrawnCases(**taken, planned=tuple(planned[index] for index in order) if planned else ())


def draw_cases(
    rng: np.random.Generator,
    *,
    profile: ForceProfile,
    geography: Geography,
    sampler: PlaceSampler,
    carriers: DrawnCarriers,
    days: NDArray[np.datetime64],
    planned: Sequence[PlannedCase],
    intensities: Sequence[tuple[np.datetime64, Intensity]],
    time_zone: str,
) -> DrawnCases:
    """Time, place, doses and officer of each administration.

    `planned` is empty (all background) or has one case for each of `days`. `intensities` say where background happens
    from which day on, in order.
    """
    size = len(days)
    minute = draw_hours(rng, size) * 60 + rng.integers(0, 60, size=size)
    daytime = np.array([case.daytime for case in planned]) if planned else np.zeros(size, dtype=bool)
    within_day = rng.integers(DAYTIME_HOURS[0] * 60, DAYTIME_HOURS[1] * 60, size=size)
    minute = np.where(daytime, within_day, minute)
    easting, northing = np.zeros(size), np.zeros(size)
    for start, intensity in intensities:
        later = days >= start
        easting[later], northing[later] = intensity.draw(rng, int(later.sum()))
    kinds = _draw(rng, PLACE_KINDS, size)
    doses = _draw(rng, DOSE_SHARES, size).astype(int)
    _place_planned(rng, profile, sampler, planned, easting, northing)
    for index, case in enumerate(planned):
        if case.event:
            kinds[index] = SETTING_WORDS.get(case.setting or "street")
        if case.doses:
            doses[index] = rng.choice(case.doses)
    _move_to_custody(profile, kinds == "Custody", easting, northing)
    person = np.ones(size, dtype=int)
    for index, case in enumerate(planned):
        if case.with_previous:
            for values in (minute, easting, northing):
                values[index] = values[index - 1]
            person[index] = 2
    moment = existing_local_times(days.astype("datetime64[m]") + minute.astype("timedelta64[m]"), time_zone=time_zone)
    base = nearest_base(profile=profile, easting_m=easting, northing_m=northing)
    cases = DrawnCases(
        occurrence=np.full(size, "", dtype=object),
        person_number=person,
        moment=moment,
        easting_m=easting,
        northing_m=northing,
        setting=kinds,
        doses=doses,
        officer=officers_for(rng, carriers=carriers, base=base, day=moment.astype("datetime64[D]")),
        base=base,
        rural=rural_at(geography=geography, easting_m=easting, northing_m=northing),
        event=np.array([case.event for case in planned], dtype=object) if planned else np.full(size, "", dtype=object),
        planned=tuple(planned),
    ).reordered(np.argsort(moment, kind="stable"))
    cases.occurrence[:] = numbered("SYN%07d", np.cumsum(cases.person_number == 1))
    return cases


def administrations_file(
    rng: np.random.Generator,
    *,
    profile: ForceProfile,
    geography: Geography,
    carriers: DrawnCarriers,
    cases: DrawnCases,
    kit_of_dose: NDArray[np.object_] | None,
    source: str,
    time_zone: str,
) -> tuple[RawFile, DrawnWaits]:
    """The form, one row an administration, and the ambulance's true times behind it.

    Without `kit_of_dose` the file is the short form of the stress force: one dose column and one ambulance clock.
    """
    size = len(cases.moment)
    officer_treated, fails = cases.where("officer"), cases.where("naloxone_fails")
    waits = draw_waits(rng, rural=cases.rural)
    clocks = tuple(CLOCKS) if kit_of_dose is not None else tuple(CLOCKS)[:1]
    before, after = _categories(rng, profile, cases.moment)
    condition_after = np.where(fails, _draw(rng, CONDITION_AFTER_FAILED, size), _draw(rng, CONDITION_AFTER, size))
    entered = _entered(rng, profile, cases, time_zone)
    seen = waits.seen_by_ambulance
    taken = seen & (rng.random(size) < TAKEN_TO_HOSPITAL_SHARE)
    columns: dict[str, Any] = {
        "Occurrence number": cases.occurrence,
        "Person number": cases.person_number,
        "Date": date_texts(cases.moment),
        "Time": clock_texts((cases.moment - cases.moment.astype("datetime64[D]")).astype(int)),
        **_place_columns(rng, geography, cases),
        "Kind of place": cases.setting,
        "Police first on scene": _draw(rng, POLICE_FIRST, size),
        "Ambulance category before": before,
        "Ambulance category after": after,
        "Person treated": words(["Member of the public", "Officer"], officer_treated.astype(int)),
        **_person_columns(rng, cases, officer_treated),
        **_first_aid_columns(rng, size),
        "Condition on arrival": _draw(rng, CONDITION_BEFORE, size),
        "Condition after naloxone": condition_after,
        "Alive at handover": np.where(officer_treated, "Yes", _draw(rng, ALIVE, size)),
        "Previous police contact": np.where(officer_treated, None, _draw(rng, PREVIOUS_CONTACT, size)),
        **_substance_columns(rng, cases, officer_treated),
        "Doses given": cases.doses,
        **wait_columns(rng, waits, clocks=clocks),
        "Seen by paramedics": np.where(waits.recorded, words(["N", "Y"], seen.astype(int)), None),
        "Taken to hospital": np.where(waits.recorded, words(["N", "Y"], taken.astype(int)), None),
    }
    resupply = rng.random(size) < RESUPPLY_SHARE
    columns |= {
        "Resupply needed": words(["N", "Y"], resupply.astype(int)),
        "Kits needed": np.where(resupply, np.ceil(cases.doses / 2), 0).astype(int),
        "Officer area": words([place.name for place, _bcu, _share in profile.bases], cases.base),
        **_dose_columns(rng, carriers, cases, kit_of_dose, time_zone),
        "Entered": moment_texts(entered),
        "Data status": np.full(size, DATA_STATUS, dtype=object),
    }
    dose_columns = MOST_DOSE_COLUMNS if kit_of_dose is not None else 1
    mapping = _mapping(profile, source=source, clocks=clocks, dose_columns=dose_columns)
    return RawFile(name="administrations", frame=pd.DataFrame(columns, copy=False), mapping=mapping), waits


def _draw(rng: np.random.Generator, shares: dict[Any, float], size: int) -> NDArray[np.object_]:
    """`size` draws from choices with their shares."""
    choices = np.empty(len(shares), dtype=object)
    choices[:] = list(shares)
    return choices[rng.choice(len(shares), size=size, p=np.array(list(shares.values())))]


def _place_planned(
    rng: np.random.Generator,
    profile: ForceProfile,
    sampler: PlaceSampler,
    planned: Sequence[PlannedCase],
    easting: NDArray[np.float64],
    northing: NDArray[np.float64],
) -> None:
    """Puts planned cases around their places; cases that share a lasting address share a point."""
    addresses: dict[tuple[str, int], tuple[float, float]] = {}
    around: dict[tuple[str, float], Intensity] = {}
    for index, case in enumerate(planned):
        if case.place is None:
            continue
        key = (case.place, case.spread_m)
        if key not in around:
            around[key] = sampler.near(profile.place(case.place), spread_m=case.spread_m)
        east, north = (values[0] for values in around[key].draw(rng, 1))
        if case.address >= 0:
            east, north = addresses.setdefault((case.place, case.address), (east, north))
        easting[index], northing[index] = east, north


def _move_to_custody(
    profile: ForceProfile, custody: NDArray[np.bool_], easting: NDArray[np.float64], northing: NDArray[np.float64]
) -> None:
    """What happens in custody happens at the nearest suite."""
    suites = [profile.place(name) for name in profile.custody_bases]
    east, north = np.array([[suite.easting_m, suite.northing_m] for suite in suites]).T
    distance = np.hypot(easting[custody, None] - east, northing[custody, None] - north)
    nearest = distance.argmin(axis=1)
    easting[custody], northing[custody] = east[nearest], north[nearest]


def _place_columns(rng: np.random.Generator, geography: Geography, cases: DrawnCases) -> dict[str, Any]:
    """Coordinates for most, the small area for a few, nothing for some; planted cases always have coordinates."""
    lot = rng.random(len(cases.moment))
    background = cases.event == ""
    nothing = background & (lot < NO_PLACE_SHARE)
    area_only = background & ~nothing & (lot < NO_PLACE_SHARE + AREA_ONLY_SHARE)
    area = np.full(len(lot), None, dtype=object)
    area[area_only] = geography.label_area(
        easting_m=cases.easting_m[area_only], northing_m=cases.northing_m[area_only]
    ).small_area
    located = ~(nothing | area_only)
    return {
        "Easting": np.where(located, cases.easting_m, np.nan),
        "Northing": np.where(located, cases.northing_m, np.nan),
        "District": area,
    }


def _person_columns(rng: np.random.Generator, cases: DrawnCases, officer: NDArray[np.bool_]) -> dict[str, Any]:
    """Numbered persons; gender and age belong to the person, and what is missing to the form."""
    size = len(cases.moment)
    # Planted cases are of new persons, so that no cluster is one person.
    repeat = (rng.random(size) < REPEAT_SHARE) & (cases.event == "") & (np.arange(size) > 0)
    repeat |= np.array(["lasting" in event for event in cases.event]) & (rng.random(size) < REPEAT_SHARE)
    repeat[:1] = False
    so_far = np.cumsum(~repeat)
    person = np.where(repeat, np.floor(rng.random(size) * so_far).astype(int) + 1, so_far)
    people = int(so_far[-1]) + 1
    male = rng.random(people) < MALE_SHARE
    age = np.rint(AGE_MEAN + AGE_SD * rng.standard_normal(people)).clip(16, 90)
    name_known = (rng.random(size) >= NAME_MISSING_SHARE) & ~officer
    age_known = (rng.random(size) >= AGE_UNKNOWN_SHARE) & ~officer
    return {
        "Name": np.where(name_known, numbered("Person %04d", person), None),
        "Age": pd.array(np.where(age_known, age[person], np.nan), dtype="Float64").astype("Int64"),
        "Gender": words(["Female", "Male"], male[person].astype(int)),
    }


def _first_aid_columns(rng: np.random.Generator, size: int) -> dict[str, Any]:
    columns = {}
    for item, share in FIRST_AID_SHARES.items():
        lot = rng.random(size)
        answer = np.where(lot < share * (1 - FIRST_AID_EMPTY_SHARE), 0, np.where(lot < 1 - FIRST_AID_EMPTY_SHARE, 1, 2))
        columns["First aid: " + item.replace("_", " ")] = words(["Y", "N", None], answer)
    return columns


def _substance_columns(rng: np.random.Generator, cases: DrawnCases, officer: NDArray[np.bool_]) -> dict[str, Any]:
    size = len(cases.moment)
    mixes = list(SUBSTANCE_MIXES)
    mix = rng.choice(len(mixes), size=size, p=np.array(list(SUBSTANCE_MIXES.values())))
    first, second = (words([pair[order] for pair in mixes], mix) for order in (0, 1))
    for index, case in enumerate(cases.planned):
        if case.substance:
            first[index], second[index] = SUBSTANCE_WORDS[case.substance], None
    first[officer], second[officer] = None, None
    named = cases.where("substance")
    not_opioid = np.isin(first, NOT_OPIOIDS) & (rng.random(size) < FOUND_NOT_OPIOID_SHARE)
    confirmed = (rng.random(size) < CONFIRMED_SHARE) & ~named
    certainty = np.where(not_opioid, "Found not an opioid", np.where(confirmed, "Confirmed", "Suspected"))
    return {
        "Substance 1": first,
        "Certainty 1": np.where(np.equal(first, None), None, certainty),
        "Substance 2": second,
        "Certainty 2": np.where(np.equal(second, None), None, "Suspected"),
    }


def _categories(
    rng: np.random.Generator, profile: ForceProfile, moment: NDArray[np.datetime64]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Ambulance category before and after naloxone, by the names in force in that nation on that day."""
    size = len(moment)
    # Names from the most to the less urgent; the last is where a downgraded call goes.
    if profile.england:
        names, index = [("Category 1", "Category 2", "Category 3")], np.zeros(size, dtype=int)
    else:
        names, index = (
            [("Red", "Amber 1", "Amber 2"), ("Purple", "Red", "Amber")],
            (moment >= WALES_NEW_CATEGORIES).astype(int),
        )
    rank = (rng.random(size) < 0.3).astype(int)
    lower = np.minimum(rank + (rng.random(size) < CATEGORY_DOWNGRADED_SHARE), 2)
    known = rng.random(size) >= 0.12
    table = np.array(names, dtype=object)
    return np.where(known, table[index, rank], None), np.where(known, table[index, lower], None)


def _dose_columns(
    rng: np.random.Generator,
    carriers: DrawnCarriers,
    cases: DrawnCases,
    kit_of_dose: NDArray[np.object_] | None,
    time_zone: str,
) -> dict[str, Any]:
    """Officer, role, time, product and kit of each dose; a fifth dose has no column on the form."""
    size = len(cases.moment)
    roles = words(list(ROLE_WORDS.values()), carriers.role[cases.officer])
    product = _draw(rng, PRODUCTS, size)
    columns: dict[str, Any] = {}
    given_at = cases.moment
    for dose in range(MOST_DOSE_COLUMNS if kit_of_dose is not None else 1):
        given = cases.doses > dose
        columns |= {
            f"Dose {dose + 1} officer": np.where(given, carriers.collar[cases.officer], None),
            f"Dose {dose + 1} role": np.where(given, roles, None),
            f"Dose {dose + 1} product": np.where(given, product, None),
        }
        if kit_of_dose is not None:
            kits = kit_of_dose[:, dose] if dose < kit_of_dose.shape[1] else np.full(size, None, dtype=object)
            columns[f"Dose {dose + 1} kit"] = kits.copy()
            columns[f"Dose {dose + 1} given"] = np.where(given, moment_texts(given_at), None)
        later = given_at + rng.integers(2, 5, size=size).astype("timedelta64[m]")
        given_at = existing_local_times(later, time_zone=time_zone, otherwise=given_at)
    if kit_of_dose is not None:
        _report_twice(columns, carriers, cases)
    return columns


def _report_twice(columns: dict[str, Any], carriers: DrawnCarriers, cases: DrawnCases) -> None:
    """The planted doubled report: a second officer states the first one's dose again, same time and same kit."""
    for row in np.nonzero(cases.where("two_officers"))[0]:
        for name in ("role", "product", "kit", "given"):
            columns[f"Dose 2 {name}"][row] = columns[f"Dose 1 {name}"][row]
        columns["Dose 2 officer"][row] = carriers.collar[cases.officer[row] - 1]


def _entered(
    rng: np.random.Generator, profile: ForceProfile, cases: DrawnCases, time_zone: str
) -> NDArray[np.datetime64]:
    """When the form was entered: hours to weeks later, at the latest on the day of the extract; batches on one day."""
    size = len(cases.moment)
    kind = rng.choice(len(ENTRY_DELAY), size=size, p=[share for share, _low, _high in ENTRY_DELAY])
    low, high = (np.array([row[position] for row in ENTRY_DELAY])[kind] for position in (1, 2))
    minutes = (rng.uniform(low, high) * 60).astype("timedelta64[m]")
    entered = np.minimum(cases.moment + minutes, np.datetime64(profile.extract_day, "m") + np.timedelta64(540, "m"))
    for index, case in enumerate(cases.planned):
        if case.entered_on:
            entered[index] = np.datetime64(case.entered_on, "m") + rng.integers(9 * 60, 11 * 60)
    return existing_local_times(entered, time_zone=time_zone, otherwise=cases.moment)


def _mapping(profile: ForceProfile, *, source: str, clocks: tuple[str, ...], dose_columns: int) -> Mapping:
    full = dose_columns > 1
    return Mapping(
        target="administrations",
        source=source,
        extract="full",
        synthetic=True,
        columns={
            "incident_id": "Occurrence number",
            "administration_id": KEY_COLUMNS,
            "occurred_at": ("Date", "Time"),
            "small_area": "District",
            "setting": "Kind of place",
            "recording_force": {"fixed": profile.force},
            "police_first_on_scene": "Police first on scene",
            "call_category_before": "Ambulance category before",
            "call_category_after": "Ambulance category after",
            "recipient_type": "Person treated",
            "gender": "Gender",
            **{item: "First aid: " + item.replace("_", " ") for item in schema.FIRST_AID_ITEMS},
            "condition_before": "Condition on arrival",
            "condition_after": "Condition after naloxone",
            "alive_at_handover": "Alive at handover",
            "previous_police_contact": "Previous police contact",
            "seen_by_paramedics": "Seen by paramedics",
            "taken_to_hospital": "Taken to hospital",
            "doses_given": "Doses given",
            "resupply_needed": "Resupply needed",
            "resupply_kits": "Kits needed",
            "officer_area": "Officer area",
            "recorded_at": "Entered",
        },
        place=PlaceLayout(crs=None, x="Easting", y="Northing"),
        person=PersonLayout(name="Name", age="Age"),
        substances=SubstanceLayout(
            columns=("Substance 1", "Substance 2"), certainty_columns=("Certainty 1", "Certainty 2")
        ),
        doses=tuple(
            DoseLayout(
                officer=f"Dose {dose} officer",
                officer_role=f"Dose {dose} role",
                product=f"Dose {dose} product",
                kit=f"Dose {dose} kit" if full else None,
                given_at=f"Dose {dose} given" if full else (),
            )
            for dose in range(1, dose_columns + 1)
        ),
        waits=wait_layouts(clocks),
        values=_form_values() | {"officer_area": {place.name: place.name for place, _bcu, _share in profile.bases}},
    )


def _form_values() -> dict[str, dict[str, str]]:
    """The form's words in the schema's."""
    conditions = {
        "Conscious and responsive": "conscious",
        "Unconscious": "unconscious",
        "Non-responsive": "non_responsive",
    }
    return {
        **dict.fromkeys((*schema.FIRST_AID_ITEMS, "police_first_on_scene", "previous_police_contact"), YES_NO),
        **dict.fromkeys(("seen_by_paramedics", "taken_to_hospital", "resupply_needed"), YES_NO),
        "setting": {word: word.lower() for word in PLACE_KINDS if word},
        "recipient_type": {"Member of the public": "public", "Officer": "officer"},
        "gender": {"Male": "male", "Female": "female"},
        "condition_before": conditions,
        "condition_after": conditions,
        "alive_at_handover": {"Yes": "yes", "Died": "died", "Unknown": schema.NOT_RECORDED},
        "substance": {word: word.lower() for mix in SUBSTANCE_MIXES for word in mix if word},
        "certainty": {
            "Suspected": "suspected",
            "Confirmed": "confirmed",
            "Found not an opioid": "found_not_opioid",
        },
        "officer_role": {word: role for role, word in ROLE_WORDS.items()},
        "outcome": {
            "Already there": "already_there",
            "Cancelled": "cancelled",
            "Not called": "not_called",
            "Arrived": "arrived",
            "Left before ambulance": "left_before",
            "Declined ambulance": "declined",
        },
    }
