"""Synthetic forces: South Wales at its true scale, a quiet force, and one of any size for load. SYNTHETIC DATA only.

`generate` makes a whole force in memory from a seed: files as a force would send them, with form headings and texts,
and a list of what was planted in them. `make_demo` imports these files like any other and writes the planted events
to planted.json beside the store, where tests and trainers find them. The same seed gives the same force to the byte;
another seed gives another force with the same published milestones.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.demo.carriers import (
    COVERAGE_HOLE_BASES,
    HOLE_REQUESTS_SHARE,
    carriers_file,
    coverage_hole,
    dated_shifts_file,
    draw_carriers,
    requests_file,
    typical_shifts_file,
)
from data.demo.follow_up import follow_up_file
from data.demo.kits import KitUses, draw_kits
from data.demo.model import (
    ForceProfile,
    Intensity,
    PlaceSampler,
    PlantedEvent,
    RawFile,
    SyntheticForce,
    existing_local_times,
    random_stream,
)
from data.demo.outreach import outreach_file
from data.demo.plan import MILESTONES, PlannedCase, PlannedEvent, draw_days, plan_south_wales
from data.demo.profiles import (
    ROLL_OUT_AUTHORITIES,
    ROLL_OUT_FIRST_DAY,
    other_profile,
    quiet_profile,
    south_wales_profile,
)
from data.demo.records import DrawnCases, administrations_file, draw_cases
from data.demo.risk import HOLE_EVENTS_A_YEAR, draw_moments, hole_moments, risk_events_file
from data.ingest import ImportReport, import_frame
from data.keys import Keys
from data.pseudonymise import Pseudonymiser
from data.schema import table_named
from data.settings import GeographySettings, Settings
from geo.areas import Geography
from wording import NaloxoneWatchError, _

__all__ = [
    "DEFAULT_SEED",
    "MILESTONES",
    "QUIET_ADMINISTRATIONS",
    "DemoOutcome",
    "DemoSizeError",
    "PlantedEvent",
    "PlantedFileError",
    "RawFile",
    "SyntheticForce",
    "generate",
    "make_demo",
    "planted_events",
    "planted_truth",
    "quiet_settings",
]

Kind = Literal["south_wales", "quiet", "stress"]

DEFAULT_SEED = 20220414
DEFAULT_STRESS_ROWS = 100_000
QUIET_ADMINISTRATIONS = 16
PLANTED_FILE = "planted.json"
# Before the roll-out its authorities have a quarter of the administrations that their risk would suggest.
BEFORE_ROLL_OUT_FACTOR = 0.25
# Up to this many administrations, planted.json tells when the ambulance would have come to each.
MOST_LATENT_WAITS = 10_000


class DemoSizeError(NaloxoneWatchError):
    """A number of rows that cannot be generated, or for a force whose size is fixed."""

    def __init__(self) -> None:
        super().__init__(_("Only the stress force has a size of its own: give it a number of rows from 1 upwards."))


class PlantedFileError(NaloxoneWatchError):
    """The list of planted events is not there or cannot be read."""

    def __init__(self, *, file: Path) -> None:
        super().__init__(
            _(
                "{file} cannot be read. It is written with a synthetic store: make one with “python -m data demo”."
            ).format(file=file)
        )


@dataclass(frozen=True, kw_only=True)
class DemoOutcome:
    """The force that was made, what the import said of each of its files, and where its planted events are listed."""

    force: SyntheticForce
    reports: tuple[ImportReport, ...]
    planted_file: Path


def generate(
    *,
    kind: Kind = "south_wales",
    seed: int = DEFAULT_SEED,
    rows: int | None = None,
    geography: Geography,
    time_zone: str = "Europe/London",
) -> SyntheticForce:
    """A synthetic force over `geography`, in memory. `rows` is the stress force's number of administrations.

    Raises DemoSizeError, and PlacesNotOnMapError where South Wales is asked for and the geography is elsewhere.
    """
    if (rows is not None and kind != "stress") or (rows is not None and rows < 1):
        raise DemoSizeError
    profile = {"south_wales": south_wales_profile, "quiet": quiet_profile, "stress": other_profile}[kind](geography)
    planted: tuple[PlannedEvent, ...] = ()
    planned: tuple[PlannedCase, ...] = ()
    if kind == "south_wales":
        planned, planted = plan_south_wales(random_stream(seed, "plan"))
        days = np.array([case.day for case in planned], dtype="datetime64[D]")
    else:
        size = QUIET_ADMINISTRATIONS if kind == "quiet" else rows or DEFAULT_STRESS_ROWS
        first, last = profile.first_day, profile.last_day
        days = draw_days(random_stream(seed, "plan"), size=size, first=first, last=last, gap=None)
    return _Simulation(kind=kind, seed=seed, profile=profile, geography=geography, time_zone=time_zone).force(
        days=days, planned=planned, planted=planted
    )


def make_demo(
    *,
    settings: Settings,
    keys: Keys,
    geography: Geography,
    seed: int = DEFAULT_SEED,
    rows: int | None = None,
    kind: Kind = "south_wales",
    on_progress: Callable[[float, str], None] | None = None,
) -> DemoOutcome:
    """Generates a force, imports its files into the settings' store and lists what was planted beside it.

    `on_progress` gets the share done and a sentence. Raises what `generate` and `import_frame` raise.
    """
    if on_progress:
        on_progress(0.0, _("Drawing a synthetic force."))
    force = generate(kind=kind, seed=seed, rows=rows, geography=geography, time_zone=settings.time_zone)
    weights = np.cumsum([0, *(len(file.frame) for file in force.files)])
    # The force's files are of its own day, which a machine's clock may not have reached.
    extracted = datetime.combine(force.extract_day, time(), UTC) + timedelta(days=1)
    as_of = max(extracted, datetime.now(UTC))
    reports = []
    for file, start, end in zip(force.files, weights, weights[1:], strict=False):
        reports.append(
            import_frame(
                frame=file.frame,
                mapping=file.mapping,
                settings=settings,
                keys=keys,
                geography=geography,
                as_of=as_of,
                on_progress=_part_of(on_progress, start / weights[-1], end / weights[-1]),
            )
        )
    named = _with_record_ids(force, keys)
    planted_file = settings.store_folder / PLANTED_FILE
    _write_planted(planted_file, named)
    return DemoOutcome(force=named, reports=tuple(reports), planted_file=planted_file)


def planted_events(*, folder: Path) -> tuple[PlantedEvent, ...]:
    """What was planted in the synthetic store in `folder`. Raises PlantedFileError."""
    try:
        return tuple(_planted_from_json(item) for item in _read_planted(folder)["planted"])
    except (KeyError, TypeError, ValueError) as error:
        raise PlantedFileError(file=folder / PLANTED_FILE) from error


def planted_truth(*, folder: Path) -> dict[str, Any]:
    """The simulator's parameters behind the synthetic store in `folder`. Raises PlantedFileError."""
    try:
        return dict(_read_planted(folder)["truth"])
    except (KeyError, TypeError, ValueError) as error:
        raise PlantedFileError(file=folder / PLANTED_FILE) from error


def quiet_settings() -> Settings:
    """Settings of the quiet force: Norfolk Constabulary, whose district councils make three policing areas.

    The areas are an assumption; examples/quiet_force/settings.toml holds the same.
    """
    return Settings(
        force="Norfolk Constabulary",
        nation="england",
        geography=GeographySettings(
            force="Norfolk",
            bcus={
                "Norwich and Broadland": ("Norwich", "Broadland"),
                "East": ("Great Yarmouth", "North Norfolk", "South Norfolk"),
                "West": ("Breckland", "King's Lynn and West Norfolk"),
            },
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Simulation:
    """One force being drawn: every subject has its own stream of random numbers."""

    kind: Kind
    seed: int
    profile: ForceProfile
    geography: Geography
    time_zone: str

    def force(
        self, *, days: NDArray[np.datetime64], planned: Sequence[PlannedCase], planted: Sequence[PlannedEvent]
    ) -> SyntheticForce:
        """Everything, in an order in which each part finds what it builds on."""
        profile, zone = self.profile, self.time_zone
        sampler = PlaceSampler(self.geography)
        risk = sampler.over_area(places=profile.places, authority_weights=profile.authority_weights)
        carriers = draw_carriers(self._stream("carriers"), profile=profile)
        cases = draw_cases(
            self._stream("cases"),
            profile=profile,
            geography=self.geography,
            sampler=sampler,
            carriers=carriers,
            days=days,
            planned=planned,
            intensities=self._administration_intensities(sampler, risk),
            time_zone=zone,
        )
        # The stress force is for load: its kit ledger does not follow each dose.
        used = (
            KitUses(officer=cases.officer, day=cases.moment.astype("datetime64[D]"), doses=cases.doses)
            if self.kind != "stress"
            else KitUses(*(np.zeros(0, dtype=kind) for kind in (int, "datetime64[D]", int)))
        )
        kits = draw_kits(
            self._stream("kits"), profile=profile, carriers=carriers, uses=used, source=self._source("kit ledger")
        )
        administrations, waits = administrations_file(
            self._stream("administrations"),
            profile=profile,
            geography=self.geography,
            carriers=carriers,
            cases=cases,
            kit_of_dose=kits.kit_of_dose if self.kind != "stress" else None,
            source=self._source("naloxone form"),
            time_zone=zone,
        )
        # The largest file comes last: each import writes a whole snapshot, and half a force shows no administrations.
        files = (
            follow_up_file(
                self._stream("follow-up"),
                profile=profile,
                cases=cases,
                source=self._source("follow-up log"),
                parent_source=self._source("naloxone form"),
                time_zone=zone,
            ),
            carriers_file(
                self._stream("register"), profile=profile, carriers=carriers, source=self._source("training register")
            ),
            typical_shifts_file(profile=profile, carriers=carriers, source=self._source("roster")),
            dated_shifts_file(profile=profile, carriers=carriers, source=self._source("roster"), time_zone=zone),
            kits.file,
            outreach_file(self._stream("outreach"), profile=profile, source=self._source("outreach list")),
            self._requests(sampler, risk),
            risk_events_file(
                self._stream("risk"),
                profile=profile,
                sampler=sampler,
                intensity=self._risk_beside_the_hole(sampler, risk),
                planted=planted,
                source=self._source("ambulance and coroner"),
                time_zone=zone,
            ),
            administrations,
        )
        found = [_plant(event, cases, profile) for event in planted]
        if self.kind == "south_wales":
            found += [coverage_hole(profile=profile, risk_events_a_year=HOLE_EVENTS_A_YEAR), *kits.planted]
        latent = (
            {
                " ".join(key): round(float(minutes), 2)
                for key, minutes in zip(cases.keys, waits.latent_minutes, strict=True)
            }
            if len(days) <= MOST_LATENT_WAITS
            else {}
        )
        return SyntheticForce(
            kind=self.kind,
            seed=self.seed,
            first_day=profile.first_day,
            last_day=profile.last_day,
            extract_day=profile.extract_day,
            files=files,
            planted=tuple(found),
            truth={
                "milestones": [[day.isoformat(), count] for day, count in MILESTONES] if planned else [],
                "authority_weights": dict(profile.authority_weights),
                "risk_events_a_year": profile.risk_events_a_year,
                "ambulance": {**waits.truth.as_table(), "latent_arrival_minutes": latent},
            },
        )

    def _stream(self, subject: str) -> np.random.Generator:
        return random_stream(self.seed, subject)

    def _source(self, what: str) -> str:
        return f"SYNTHETIC {what}"

    def _administration_intensities(
        self, sampler: PlaceSampler, risk: Intensity
    ) -> list[tuple[np.datetime64, Intensity]]:
        """Administrations happen where risk is and carriers are: few in one command unit before its roll-out."""
        if self.kind != "south_wales":
            return [(np.datetime64(self.profile.first_day), risk)]
        weights = {
            name: weight * (BEFORE_ROLL_OUT_FACTOR if name in ROLL_OUT_AUTHORITIES else 1.0)
            for name, weight in self.profile.authority_weights.items()
        }
        before = sampler.over_area(places=self.profile.places, authority_weights=weights)
        return [(np.datetime64(self.profile.first_day), before), (np.datetime64(ROLL_OUT_FIRST_DAY), risk)]

    def _risk_beside_the_hole(self, sampler: PlaceSampler, risk: Intensity) -> Intensity:
        """Risk without the calls of the planted hole, which are part of their authority's share."""
        if self.kind != "south_wales":
            return risk
        weights = dict(self.profile.authority_weights)
        planted = HOLE_EVENTS_A_YEAR / self.profile.risk_events_a_year * sum(weights.values())
        weights[self.profile.place(COVERAGE_HOLE_BASES[0]).group] -= planted
        return sampler.over_area(places=self.profile.places, authority_weights=weights)

    def _requests(self, sampler: PlaceSampler, risk: Intensity) -> RawFile:
        profile, rng = self.profile, self._stream("requests")
        years = ((profile.last_day - profile.first_day).days + 1) / 365.25
        size = round(profile.requests_a_year * years)
        in_hole = round(HOLE_REQUESTS_SHARE * size) if self.kind == "south_wales" else 0
        moments, places = [draw_moments(rng, profile=profile, size=size - in_hole)], [risk.draw(rng, size - in_hole)]
        if in_hole:
            hole = profile.place(COVERAGE_HOLE_BASES[0])
            moments.append(hole_moments(rng, profile=profile, size=in_hole))
            places.append(sampler.near(hole, spread_m=700.0).draw(rng, in_hole))
        moment = np.concatenate(moments)
        order = np.argsort(moment, kind="stable")
        easting, northing = (np.concatenate([place[axis] for place in places])[order] for axis in (0, 1))
        return requests_file(
            rng,
            profile=profile,
            easting_m=easting,
            northing_m=northing,
            moment=existing_local_times(moment[order], time_zone=self.time_zone),
            source=self._source("carrier requests"),
        )


def _plant(event: PlannedEvent, cases: DrawnCases, profile: ForceProfile) -> PlantedEvent:
    """The planted event with its place in metres and the keys of its records."""
    place = profile.place(event.place) if event.place else None
    return PlantedEvent(
        id=event.id,
        kind=event.kind,
        title=event.title,
        expectation=event.expectation,
        file="administrations",
        first_day=event.first_day,
        last_day=event.last_day,
        place=event.place,
        easting_m=place.easting_m if place else None,
        northing_m=place.northing_m if place else None,
        radius_m=event.radius_m,
        records=tuple(key for key, name in zip(cases.keys, cases.event, strict=True) if name == event.id),
        details={**event.details, "ambulance_calls": event.ambulance_calls, "deaths": event.deaths},
    )


def _with_record_ids(force: SyntheticForce, keys: Keys) -> SyntheticForce:
    """Planted events with the store's keys of their records, made as the import made them."""
    pseudonymiser = Pseudonymiser(keys)

    def named(event: PlantedEvent) -> PlantedEvent:
        if not event.records:
            return event
        mapping = force.file(event.file).mapping
        texts = pd.DataFrame(event.records).to_numpy(dtype=object).T
        kind = table_named(mapping.target).key
        tokens = pseudonymiser.tokens(kind=kind, source=mapping.source, parts=list(texts))
        return dataclasses.replace(event, record_ids=tuple(tokens.tolist()))

    return dataclasses.replace(force, planted=tuple(named(event) for event in force.planted))


def _part_of(
    on_progress: Callable[[float, str], None] | None, start: float, end: float
) -> Callable[[float, str], None] | None:
    """Progress of one file as a part of the whole."""
    if on_progress is None:
        return None
    return lambda share, sentence: on_progress(start + (end - start) * share, sentence)


def _write_planted(file: Path, force: SyntheticForce) -> None:
    """Writes the list in one step, so that a reader never finds half of it."""
    content = {
        "synthetic": force.synthetic,
        "kind": force.kind,
        "seed": force.seed,
        "first_day": force.first_day,
        "last_day": force.last_day,
        "extract_day": force.extract_day,
        "planted": [dataclasses.asdict(event) for event in force.planted],
        "truth": force.truth,
    }
    staged = file.with_suffix(".part")
    staged.write_text(json.dumps(content, default=date.isoformat, indent=1), encoding="utf-8")
    staged.replace(file)


def _read_planted(folder: Path) -> Mapping[str, Any]:
    file = folder / PLANTED_FILE
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise PlantedFileError(file=file) from error


def _planted_from_json(item: Mapping[str, Any]) -> PlantedEvent:
    days = {name: date.fromisoformat(item[name]) if item[name] else None for name in ("first_day", "last_day")}
    records = tuple(tuple(record) for record in item["records"])
    return PlantedEvent(**{**item, **days, "records": records, "record_ids": tuple(item["record_ids"])})
