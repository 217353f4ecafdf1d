"""What a synthetic force is made of: its files, its planted events, its scale, and where things happen in it.

Nothing here reads or writes a file. Random numbers come from numpy generators, one stream a subject
(`random_stream`), so that a change to one subject leaves the others as they were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from data.mapping import Mapping as FileMapping
from geo.areas import Geography
from geo.grid import polygon_mask
from wording import NaloxoneWatchError, _

__all__ = [
    "DATA_STATUS",
    "ForceProfile",
    "Intensity",
    "PlaceSampler",
    "PlacesNotOnMapError",
    "PlantedEvent",
    "RawFile",
    "SyntheticForce",
    "TownPlace",
    "clock_texts",
    "clock_texts_of_moments",
    "date_texts",
    "existing_local_times",
    "moment_texts",
    "numbered",
    "random_stream",
    "rural_at",
    "words",
]

# Stands in every row of every file, so that no synthetic row can pass for a record.
DATA_STATUS = "SYNTHETIC"
# A place name of a town stands for its middle: about 500 m around the coordinate.
PLACE_SPREAD_M = 500.0
# Half of what happens is near the named places, the rest follows the addresses of the authority.
NAMED_PLACE_SHARE = 0.5
# Fewer postcode locations than this per km2, in the 3 km square around a point, is rural: Cardiff Centre has 174,
# Aberdare 45, Pontardawe 23.
RURAL_BELOW_PER_KM2 = 25.0
RURAL_WINDOW_M = 3_000.0


class PlacesNotOnMapError(NaloxoneWatchError):
    """The synthetic force asked for does not fit the geography of the settings."""

    def __init__(self, *, place: str) -> None:
        super().__init__(
            _(
                "The synthetic South Wales needs {place} on the map, and the geography of the settings has no address "
                "there. Use the settings of South Wales, or choose the quiet or the stress force."
            ).format(place=place)
        )


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """One file as a force would send it: headings and texts of its form, and the mapping that reads it."""

    name: str
    frame: pd.DataFrame
    mapping: FileMapping


@dataclass(frozen=True, kw_only=True)
class PlantedEvent:
    """Something put into the synthetic force on purpose, and what a reader of it should conclude.

    `records` are the key texts of the rows concerned, as they stand in the file `file`; `record_ids` are the keys of
    the same rows in the store, known after the import. A place is in metres on the geography's CRS.
    """

    id: str
    kind: str
    title: str
    expectation: str
    file: str
    first_day: date | None = None
    last_day: date | None = None
    place: str | None = None
    easting_m: float | None = None
    northing_m: float | None = None
    radius_m: float | None = None
    records: tuple[tuple[str, ...], ...] = ()
    record_ids: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SyntheticForce:
    """A whole synthetic force: files in the order of import, what was planted, and the simulator's own truth."""

    kind: str
    seed: int
    first_day: date
    last_day: date
    extract_day: date
    files: tuple[RawFile, ...]
    planted: tuple[PlantedEvent, ...]
    truth: Mapping[str, Any]
    synthetic: bool = True

    def file(self, name: str) -> RawFile:
        """The file of that name; KeyError where there is none."""
        return {file.name: file for file in self.files}[name]


@dataclass(frozen=True, kw_only=True)
class TownPlace:
    """A named place that the simulation gathers around; `group` is its authority's name, or empty."""

    name: str
    easting_m: float
    northing_m: float
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class ForceProfile:
    """The scale of a force: who, where, how many and since when.

    `authority_weights` share out the risk between authorities by name (empty: by addresses). `training` lists the
    courses: first day, last day, officers trained, and the weight of each BCU (empty: any base).
    """

    kind: str
    force: str
    prefix: str
    england: bool
    first_day: date
    last_day: date
    extract_day: date
    places: tuple[TownPlace, ...]
    bases: tuple[tuple[TownPlace, str, float], ...]
    custody_bases: tuple[str, ...]
    authority_weights: Mapping[str, float]
    training: tuple[tuple[date, date, int, Mapping[str, float]], ...]
    risk_events_a_year: int
    deaths_a_year: int
    requests_a_year: int

    def place(self, name: str) -> TownPlace:
        """The place of that name; KeyError where there is none."""
        return {place.name: place for place in self.places}[name]


@dataclass(frozen=True, eq=False)
class Intensity:
    """Where things happen: populated cells of the geography's grid and the chance of each."""

    west_m: NDArray[np.float64]
    south_m: NDArray[np.float64]
    cell_m: float
    chance: NDArray[np.float64]

    def draw(self, rng: np.random.Generator, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`size` places (easting, northing in whole metres), anywhere within the drawn cells."""
        cumulative = np.cumsum(self.chance)
        cell = np.searchsorted(cumulative, rng.random(size) * cumulative[-1]).clip(max=len(cumulative) - 1)
        east, north = rng.random((2, size)) * self.cell_m
        return np.floor(self.west_m[cell] + east), np.floor(self.south_m[cell] + north)


def random_stream(seed: int, subject: str) -> np.random.Generator:
    """The generator of one subject: the same seed and subject always give the same numbers."""
    return np.random.Generator(np.random.PCG64([seed, *subject.encode()]))


class PlaceSampler:
    """Where things can happen in a geography: its populated cells, and intensities over them.

    A cell on the edge may lie partly at sea or in the next force, so only cells with all neighbours inside take part.
    """

    def __init__(self, geography: Geography) -> None:
        grid = geography.grid
        inside = ndimage.binary_erosion(polygon_mask(grid=grid, polygon=geography.outline), np.ones((3, 3)))
        addresses = np.where(inside, geography.denominator, 0.0)
        row, column = np.nonzero(addresses)
        self._geography = geography
        self._addresses = addresses[row, column]
        self._west_m = grid.x0_m + column * grid.cell_m
        self._south_m = grid.y0_m + row * grid.cell_m

    def near(self, place: TownPlace, *, spread_m: float) -> Intensity:
        """Addresses around one place, less and less likely with distance (Gaussian of `spread_m`)."""
        half = self._geography.grid.cell_m / 2
        east, north = self._west_m + half - place.easting_m, self._south_m + half - place.northing_m
        chance = self._addresses * np.exp(-(east**2 + north**2) / (2 * spread_m**2))
        if chance.sum() <= self._addresses.sum() * 1e-12:
            raise PlacesNotOnMapError(place=place.name)
        return self._intensity(chance)

    def over_area(self, *, places: Sequence[TownPlace], authority_weights: Mapping[str, float]) -> Intensity:
        """The whole area: half around the named places and half by addresses, shared out by authority."""
        groups = self._authorities if authority_weights else np.full(len(self._addresses), "", dtype=object)
        chance = np.zeros(len(self._addresses))
        for group, weight in (authority_weights or {"": 1.0}).items():
            background = np.where(groups == group, self._addresses, 0.0)
            if not background.any():
                raise PlacesNotOnMapError(place=group)
            background /= background.sum()
            kernels = [self.near(place, spread_m=PLACE_SPREAD_M).chance for place in places if place.group == group]
            named = sum(kernels) / len(kernels) if kernels else background
            chance += weight * ((1 - NAMED_PLACE_SHARE) * background + NAMED_PLACE_SHARE * named)
        return self._intensity(chance)

    @cached_property
    def _authorities(self) -> NDArray[np.object_]:
        """The name of each cell's authority; empty outside all of them."""
        geography, half = self._geography, self._geography.grid.cell_m / 2
        labels = geography.label_area(easting_m=self._west_m + half, northing_m=self._south_m + half).authority
        names = dict(zip(geography.authorities["code"], geography.authorities["name"], strict=True))
        return np.array([names.get(code, "") for code in labels], dtype=object)

    def _intensity(self, chance: NDArray[np.float64]) -> Intensity:
        return Intensity(self._west_m, self._south_m, self._geography.grid.cell_m, chance / chance.sum())


def rural_at(
    *, geography: Geography, easting_m: NDArray[np.float64], northing_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether few addresses lie around each point; nowhere is rural where a geography has no addresses."""
    if not geography.has_addresses:
        return np.zeros(len(easting_m), dtype=bool)
    grid = geography.grid
    side = max(1, round(RURAL_WINDOW_M / grid.cell_m))
    nearby = ndimage.uniform_filter(geography.addresses.astype(float), side, mode="constant")
    per_km2 = nearby / (grid.cell_m / 1_000) ** 2
    column = ((easting_m - grid.x0_m) // grid.cell_m).astype(int).clip(0, grid.nx - 1)
    row = ((northing_m - grid.y0_m) // grid.cell_m).astype(int).clip(0, grid.ny - 1)
    return per_km2[row, column] < RURAL_BELOW_PER_KM2


def words(choices: Sequence[str | None], index: NDArray[np.integer]) -> NDArray[np.object_]:
    """The choice each index points to, as an array of texts."""
    return np.array(choices, dtype=object)[index]


def numbered(template: str, numbers: NDArray[np.integer]) -> NDArray[np.object_]:
    """Numbers in a text, such as "Person 0042" from "Person %04d"."""
    return np.array([template % number for number in numbers.tolist()], dtype=object)


def date_texts(moments: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """Dates as a form has them: "14/04/2022"; NaT becomes None."""
    days, index = np.unique(moments.astype("datetime64[D]"), return_inverse=True)
    texts = pd.DatetimeIndex(days).strftime("%d/%m/%Y").to_numpy(dtype=object)
    return np.where(pd.isna(texts), None, texts)[index]


def clock_texts(minute_of_day: NDArray[np.integer]) -> NDArray[np.object_]:
    """Times of day as a form has them: "09:05"."""
    return words([f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60)], minute_of_day)


def clock_texts_of_moments(moments: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """The time of day of each moment: "09:05". No moment may be missing."""
    return clock_texts((moments.astype("datetime64[m]") - moments.astype("datetime64[D]")).astype(int))


def moment_texts(moments: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """Date and time in one text: "14/04/2022 09:05"; NaT becomes None."""
    texts = np.full(len(moments), None, dtype=object)
    known = ~np.isnat(moments)
    texts[known] = date_texts(moments[known]) + " " + clock_texts_of_moments(moments[known])
    return texts


def existing_local_times(
    moments: NDArray[np.datetime64], *, time_zone: str, otherwise: NDArray[np.datetime64] | None = None
) -> NDArray[np.datetime64]:
    """Local times that exist exactly once: one within a clock change becomes three hours later, or `otherwise`."""
    fallback = moments + np.timedelta64(180, "m") if otherwise is None else otherwise
    known = ~np.isnat(moments)
    located = pd.DatetimeIndex(moments).tz_localize(time_zone, ambiguous="NaT", nonexistent="NaT")
    return np.where(known & located.isna(), fallback, moments)
