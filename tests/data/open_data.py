"""Files of the shapes that police forces publish, with invented values and the truth they were made from.

The drug-and-dose shape is that of a state's open overdose data: a row for each drug and each administration of each
person, dates as midnights, places as the middle of a county. Columns can be left out, as other forces do.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

__all__ = ["DRUG_AND_DOSE", "Person", "drug_and_dose", "invented_people"]

# What the published list of columns has, in its order.
DRUG_AND_DOSE = (
    "Incident ID", "Incident Date", "Incident Time", "Day", "Incident County Name", "Incident State", "Victim ID",
    "Gender Desc", "Age Range", "Race", "Ethnicity Desc", "Victim State", "Victim County", "Accidental Exposure",
    "Victim OD Drug ID", "Susp OD Drug Desc", "Naloxone Administered", "Administration ID", "Dose Count", "Dose Unit",
    "Dose Desc", "Response Time Desc", "Survive", "Response Desc", "Revive Action Desc", "Third Party Admin Desc",
    "Incident County FIPS Code", "Incident County Latitude", "Incident County Longitude", "Victim County FIPS Code",
    "Victim County Latitude", "Victim County Longitude", "Incident County Latitude and Longitude",
    "Victim County Latitude and Longitude",
)  # fmt: skip
_ADMINISTRATION_COLUMNS = ("Dose Count", "Dose Unit", "Dose Desc", "Response Time Desc", "Response Desc",
                           "Third Party Admin Desc")  # fmt: skip

# Each drug as such data write it, and the schema's word for it.
DRUGS = {
    "HEROIN": "heroin",
    "FENTANYL": "fentanyl",
    "FENTANYL ANALOG/OTHER SYNTHETIC OPIOID": "fentanyl",
    "CARFENTANIL": "fentanyl",
    "METHADONE": "methadone",
    "SUBOXONE": "other_opioid",
    "PHARMACEUTICAL OPIOID": "other_opioid",
    "BENZODIAZEPINES (I.E.VALIUM, XANAX, ATIVAN, ETC)": "benzodiazepine",
    "COCAINE/CRACK": "cocaine",
    "ALCOHOL": "alcohol",
    "METHAMPHETAMINE": "other",
    "MARIJUANA": "other",
    "SYNTHETIC MARIJUANA": "other",
    "BATH SALTS": "other",
    "PHARMACEUTICAL OTHER": "other",
    "PHARMACEUTICAL STIMULANT": "other",
    "BARBITURATES (I.E. AMYTAL, NEMBUTAL, ETC)": "other",
    "OTHER": "other",
    "UNKNOWN": "not_recorded",
}
# Invented counties inside the synthetic force's outline, each with a middle.
COUNTIES = {"Ashmoor": (51.6214, -3.9436), "Birchley": (51.4816, -3.1791), "Calderholt": (51.7470, -3.3777)}
# The published ranges, and how they are stored: as the band that holds all of one, else as they are.
AGES = {
    "0 - 9": "under_18", "10 - 14": "under_18", "15 - 19": "15_19", "20 - 24": "18_24", "25 - 29": "25_34",
    "30 - 39": "30_39", "40 - 49": "40_49", "50 - 59": "50_59", "60 - 69": "60_69",
    "70 - 79": "65_and_over", "80 - *": "65_and_over",
}  # fmt: skip


@dataclass(kw_only=True)
class Person:
    """Someone treated or not: `doses` are administrations as (number, doses or None, milligrams)."""

    incident: int
    victim: int
    when: datetime
    county: str
    gender: str
    age: str
    race: str
    drugs: list[tuple[int, str]] = field(default_factory=list)
    doses: list[tuple[int, int | None, int]] = field(default_factory=list)
    survive: str = "Y"

    @property
    def treated(self) -> bool:
        """Whether naloxone was given."""
        return bool(self.doses)

    @property
    def doses_given(self) -> int | None:
        """The doses that are stated; None where none are."""
        stated = [count for _number, count, _mg in self.doses if count is not None]
        return sum(stated) if stated else None

    @property
    def substances(self) -> set[str]:
        """The schema's words."""
        found = {DRUGS[name] for _number, name in self.drugs}
        return (found - {"not_recorded"}) or {"not_recorded"}


def invented_people(
    incidents: int, *, seed: int = 1, alike: bool = False, untreated: float = 0.2, unstated: float = 0.05
) -> list[Person]:
    """People of so many incidents, one in eight with two; `alike` makes the two the same in all that describes them."""
    chance = random.Random(seed)
    people: list[Person] = []
    drug_number, dose_number, victim_number = 70_000, 30_000, 50_000
    for incident in range(1, incidents + 1):
        when = datetime(2019, 1, 1) + timedelta(minutes=chance.randrange(5 * 365 * 24 * 60))
        county = chance.choice(list(COUNTIES))
        for position in range(2 if chance.random() < 0.125 else 1):
            victim_number += 1
            person = Person(
                incident=incident,
                victim=victim_number,
                when=when,
                county=county,
                gender=chance.choice(("Male", "Male", "Female")),
                age=chance.choice(list(AGES)[2:]),
                race=chance.choice(("White", "Black", "Unknown")),
                survive=chance.choice("YYYYN"),
            )
            if position and alike:
                first = people[-1]
                person.gender, person.age, person.race = first.gender, first.age, first.race
            elif position and people[-1].gender == person.gender and people[-1].age == person.age:
                person.age = next(age for age in AGES if age != people[-1].age)
            for name in chance.sample(list(DRUGS), chance.choice((1, 1, 1, 2, 3))):
                drug_number += 1
                person.drugs.append((drug_number, name))
            if chance.random() >= untreated:
                for _administration in range(chance.choice((1, 1, 1, 2))):
                    dose_number += 1
                    count = None if chance.random() < unstated else chance.choice((1, 1, 2, 3))
                    person.doses.append((dose_number, count, chance.choice((2, 4))))
            people.append(person)
    return people


def drug_and_dose(
    people: list[Person],
    *,
    without: tuple[str, ...] = (),
    moved: tuple[float, float] = (0.0, 0.0),
    apart: bool = False,
) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: each drug of a person beside each administration, as a join of the tables gives them.

    `moved` are degrees of latitude and longitude by which all places lie elsewhere. With `apart` drugs and doses stand
    in rows of their own, each blank for the other.
    """
    headings = [name for name in DRUG_AND_DOSE if name not in without]
    rows = []
    for person in people:
        latitude, longitude = (round(a + b, 4) for a, b in zip(COUNTIES[person.county], moved, strict=True))
        whole = {
            "Incident ID": str(person.incident),
            "Incident Date": person.when.strftime("%m/%d/%Y"),
            "Incident Time": person.when.strftime("%H:%M:%S"),
            "Day": person.when.strftime("%A"),
            "Incident County Name": person.county,
            "Incident State": "Pennsylvania",
            "Victim ID": str(person.victim),
            "Gender Desc": person.gender,
            "Age Range": person.age,
            "Race": person.race,
            "Ethnicity Desc": "Unknown",
            "Victim State": "Pennsylvania",
            "Victim County": person.county,
            "Accidental Exposure": "N",
            "Naloxone Administered": "Y" if person.treated else "N",
            "Survive": person.survive,
            "Revive Action Desc": "Hospital Conscious" if person.treated and person.survive == "Y" else "",
            "Incident County FIPS Code": str(1 + 2 * list(COUNTIES).index(person.county)),
            "Incident County Latitude": str(latitude),
            "Incident County Longitude": str(longitude),
            "Victim County FIPS Code": str(1 + 2 * list(COUNTIES).index(person.county)),
            "Victim County Latitude": str(latitude),
            "Victim County Longitude": str(longitude),
            "Incident County Latitude and Longitude": f"POINT ({longitude} {latitude})",
            "Victim County Latitude and Longitude": f"POINT ({longitude} {latitude})",
        }
        no_drug, no_dose = ("", ""), ("", None, 0)
        beside = [(drug, dose) for drug in person.drugs or [no_drug] for dose in person.doses or [no_dose]]
        by_itself = [(drug, no_dose) for drug in person.drugs] + [(no_drug, dose) for dose in person.doses]
        for (drug_number, drug), (dose_number, count, milligrams) in by_itself if apart else beside:
            row = whole | {"Victim OD Drug ID": str(drug_number), "Susp OD Drug Desc": drug}
            if dose_number:
                row |= {
                    "Administration ID": str(dose_number),
                    "Dose Count": "" if count is None else str(count),
                    "Dose Unit": str(milligrams),
                    "Dose Desc": "MG",
                    "Response Time Desc": "1-3",
                    "Response Desc": "Responsive and Alert",
                }
            rows.append([row.get(name, "") for name in headings])
    return headings, rows
