"""Which way round a file's coordinates are and on which system, told from where they would lie; and how inexact their
headings say that they are. Where they would lie also tells a grid reference from a reference of another kind."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from data.drafting.column_facts import ColumnFacts, cells_of
from data.drafting.projected_systems import PossibleSystem, possible_systems
from data.points import parse_points, read_point
from data.values import Texts, parse_numbers
from geo.areas import Geography
from geo.projection import from_wgs84, to_wgs84
from wording import _

__all__ = [
    "InexactPlaces",
    "PlaceGuess",
    "PointGuess",
    "guess_by_register",
    "guess_place",
    "guess_point",
    "inexact_places",
    "says_moved",
    "tell_points",
]

_WGS84 = "EPSG:4326"
# The British and the Irish grids, the Irish one of today, and what web maps use.
_METRIC_SYSTEMS = ("EPSG:27700", "EPSG:29901", "EPSG:2157", "EPSG:3857")
# Longitude and latitude of the United Kingdom with its islands.
_UK = (-9.0, 49.5, 2.5, 61.5)
# A force's records reach a little over its border.
_MARGIN_M = 20_000.0
_SHARE_THAT_CONVINCES = 0.6
# A decimal of a degree of latitude is 11 km, the second 1.1 km: a place written so is rounded to that, and known to
# half the diagonal of the grid, at most.
_PRECISION_OF_DECIMALS_M = {1: 8_000.0, 2: 800.0, 3: 100.0}
_UTM_BAND_DEGREES = 6

# Headings of coordinates that belong to an area, or to a block of houses, or were made less exact on purpose.
_OF_AREAS = re.compile(
    r"\b(?:centroids?|cent(?:er|re)|middle|midpoint|county|ward|district|division|beat|sector|zone|zip|postal|tract|lsoa|"
    r"msoa|oa|dz|data ?zone|fsa|zcta|precinct|outcode|borough|city|town|parish|municipality|neighbou?rhood|region|"
    r"area)\b"
)
_OF_BLOCKS = re.compile(r"\b(?:block|hundred)\b")
_OF_A_GRID = re.compile(r"\b(?:grid|os ?gr|ngr|bng|osgb)\b")
_MOST_DEGREES = 180.0
_MOVED = re.compile(
    r"\b(?:random\w*|offset|approx\w*|jitter\w*|mask\w*|obfuscat\w*|fuzz\w*|perturb\w*|displaced|rounded|snapped|"
    r"generali[sz]ed|anonymi[sz]ed|deidentified|estimated)\b"
)
# What is proposed where the places do not tell it: an area as wide as a small town; a block of a hundred houses, some
# 200 m long, for all of which its middle stands; what public maps commonly move places by.
_AREA_M, _BLOCK_M, _MOVED_M = 5_000.0, 100.0, 500.0
# Beyond a kilometre a place is left out of smooth maps: what an area's coordinates are known to, at least.
_LEAST_OF_AREA_M, _COARSEST_M = 1_001.0, 100_000.0
# Middles of areas come again and again.
_ROWS_A_MIDDLE, _FEWEST_MIDDLES = 3, 3
_METRES_OF_A_DEGREE = 111_320.0


@dataclass(frozen=True, kw_only=True)
class PlaceGuess:
    """The headings of x (longitude or easting) and y, and their system (None: not known).

    `sure` is False where the values do not show it. `share_inside` is the share of the places that lie in or near the
    force of the settings; `middle` the latitude and longitude of the middle place (None where not known). `possible`
    are systems of the register on which the places would lie in the outline, where none of the usual ones is theirs.
    """

    x: str
    y: str
    crs: str | None
    why: str
    sure: bool
    location_precision_m: float | None
    share_inside: float
    middle: tuple[float, float] | None
    possible: tuple[PossibleSystem, ...] = ()

    @property
    def utm_crs(self) -> str | None:
        """The metric system of the places' own zone."""
        if self.middle is None:
            return None
        latitude, longitude = self.middle
        zone = int((longitude + 180.0) // _UTM_BAND_DEGREES) + 1
        return f"EPSG:{(32600 if latitude >= 0 else 32700) + min(zone, 60)}"


@dataclass(frozen=True, kw_only=True)
class InexactPlaces:
    """Places that are not exact by their headings: of areas or not, and to what they are taken to be known."""

    of_areas: bool
    precision_m: float

    @property
    def choices_m(self) -> tuple[int, ...]:
        """Other answers."""
        return (2_000, 5_000, 10_000, 25_000) if self.of_areas else (100, 250, 500, 1_000, 5_000)


@dataclass(frozen=True, kw_only=True)
class PointGuess:
    """A column with both coordinates: x and y as texts in `crs`, and whether the two stand the other way round."""

    place: PlaceGuess
    cells: tuple[Texts, Texts]
    degrees: bool
    crs: str
    swapped: bool


def tell_points(
    facts: Sequence[ColumnFacts], rows: Sequence[Sequence[str]], *, crs: str, geography: Geography | None
) -> tuple[ColumnFacts, ...]:
    """The columns, where those that may hold grid references do or do not: by where they lie, or by their heading."""
    told = []
    for column in facts:
        kinds = column.kinds - {"gridref"}
        if kinds != column.kinds:
            named = _OF_A_GRID.search(column.plain)
            guess = guess_point(column, cells_of(rows, column.position), crs=crs, geography=geography)
            # In the United Kingdom lies whatever has the letters of its grid.
            kinds = frozenset({"point", "text"}) if named or (geography and guess.place.sure) else kinds
        told.append(replace(column, kinds=kinds))
    return tuple(told)


def guess_point(column: ColumnFacts, cells: Texts, *, crs: str, geography: Geography | None) -> PointGuess:
    """The system of points in one column, and the order of their numbers, where their form does not say them."""
    forms = Counter((point.form, point.crs) for text in cells if (point := read_point(text)))
    (form, of_form), _times = forms.most_common(1)[0]
    read_in = of_form or (_WGS84 if form == "angles" else crs)
    points = parse_points(cells, crs=read_in)
    degrees = form != "grid" and bool(np.nanmax(np.abs([points.x, points.y])) <= _MOST_DEGREES)
    texts = tuple(
        np.array([f"{each:f}" if np.isfinite(each) else "" for each in axis], dtype=object)
        for axis in (points.x, points.y)
    )
    about = replace(column, kinds=frozenset({"degrees" if degrees else "metres"}))
    place = guess_place(
        replace(about, heading="x"),
        replace(about, heading="y"),
        texts,
        decimal=".",
        crs=crs,
        geography=geography,
        of_form=of_form,
    )
    return PointGuess(
        place=place,
        cells=(texts[0], texts[1]),
        degrees=degrees,
        crs=of_form or place.crs or crs,
        swapped=place.x == "y",
    )


def says_moved(plain: str) -> bool:
    """Whether the heading of a coordinate says that places were moved on purpose."""
    return bool(_MOVED.search(plain))


def inexact_places(
    headings: Sequence[ColumnFacts], cells: Sequence[Texts], *, decimal: str, degrees: bool
) -> InexactPlaces | None:
    """What the headings of x and y say of how exact the places are; None where they say nothing.

    Areas are known to half the usual distance from one to the next, where their middles are in `cells` as such.
    """
    plain = " ".join(each.plain for each in headings)
    if _OF_AREAS.search(plain):
        x, y = _points(cells, decimal)
        return InexactPlaces(of_areas=True, precision_m=_half_between(x, y, degrees=degrees) or _AREA_M)
    if _OF_BLOCKS.search(plain):
        return InexactPlaces(of_areas=False, precision_m=_BLOCK_M)
    return InexactPlaces(of_areas=False, precision_m=_MOVED_M) if _MOVED.search(plain) else None


def _half_between(x: NDArray[np.float64], y: NDArray[np.float64], *, degrees: bool) -> float | None:
    """Half the usual distance between distinct points that come again and again, to two digits."""
    middles = np.unique(np.column_stack([x, y]), axis=0)
    if len(middles) < _FEWEST_MIDDLES or _ROWS_A_MIDDLE * len(middles) > len(x):
        return None
    if degrees:
        middles = middles * _METRES_OF_A_DEGREE * [np.cos(np.radians(np.median(middles[:, 1]))), 1.0]
    half_m = float(np.median(cKDTree(middles).query(middles, k=2)[0][:, 1])) / 2
    step = 10 ** (np.floor(np.log10(max(half_m, 1.0))) - 1)
    return float(np.clip(np.round(half_m / step) * step, _LEAST_OF_AREA_M, _COARSEST_M))


def guess_place(
    x: ColumnFacts,
    y: ColumnFacts,
    cells: Sequence[Texts],
    *,
    decimal: str,
    crs: str,
    geography: Geography | None,
    of_form: str | None = None,
) -> PlaceGuess:
    """The system and the order of the coordinates in `cells` (those of x and of y). `crs` is the deployment's.

    `of_form` is the system that the texts' form says, and with it the order.
    """
    first, second = _points(cells, decimal)
    degrees = "degrees" in x.kinds or "degrees" in y.kinds
    systems = (_WGS84,) if degrees else tuple(dict.fromkeys((crs, *_METRIC_SYSTEMS)))
    best: tuple[float, str, bool] = (0.0, of_form or _WGS84, False)
    for system in (of_form,) if of_form else systems:
        for swapped in (False,) if of_form else (False, True):
            points = (second, first) if swapped else (first, second)
            share = _share_inside(*points, system=system, geography=geography)
            if share > best[0]:
                best = (share, system, swapped)
    share, system, swapped = best
    headings = (y.heading, x.heading) if swapped else (x.heading, y.heading)
    decimals = max(x.decimals, y.decimals)
    precision_m = _PRECISION_OF_DECIMALS_M.get(decimals) if degrees else None
    sure = share >= _SHARE_THAT_CONVINCES
    if sure:
        why = _("read so, the places lie in or near the area of the settings") if geography else _("they lie in the UK")
        if swapped:
            why = _("the two are swapped: {why}").format(why=why)
    elif degrees:
        why = _("they look like degrees, and few lie in the area of the settings")
    elif of_form:
        why = _("they are references to a national grid, and few lie in the area of the settings")
    else:
        why = _("the numbers do not show their system")
    known = system if sure or degrees or of_form else None
    points = (second, first) if swapped else (first, second)
    return PlaceGuess(
        x=headings[0],
        y=headings[1],
        crs=known,
        why=why,
        sure=sure,
        location_precision_m=precision_m,
        share_inside=share,
        middle=_middle(*points, system=known),
    )


def guess_by_register(
    guess: PlaceGuess, cells: Sequence[Texts], *, decimal: str, geography: Geography | None
) -> PlaceGuess:
    """A guess without a system, by the register of all systems: `cells` are those of `guess.x` and of `guess.y`.

    Where several systems are possible none is taken.
    """
    x, y = _points(cells, decimal)
    if guess.crs is not None or geography is None or not len(x):
        return guess
    possible = possible_systems(x, y, geography=geography)
    if len(possible) != 1:
        return replace(guess, possible=possible)
    system = possible[0]
    return replace(
        guess,
        x=guess.y if system.swapped else guess.x,
        y=guess.x if system.swapped else guess.y,
        crs=system.crs,
        why=_("of all systems that there are for the area, on {name} alone the places lie in it").format(
            name=system.name
        ),
        share_inside=1.0,
        possible=possible,
    )


def _points(cells: Sequence[Texts], decimal: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates that are there; (0, 0) stands for none."""
    first, second = (parse_numbers(column, decimal=decimal)[0] for column in cells)
    known = np.isfinite(first) & np.isfinite(second) & ~((first == 0) & (second == 0))
    return first[known], second[known]


def _share_inside(x: NDArray[np.float64], y: NDArray[np.float64], *, system: str, geography: Geography | None) -> float:
    if not len(x):
        return 0.0
    longitude, latitude = _degrees(x, y, system)
    if geography is None:
        west, south, east, north = _UK
        return float(np.mean((longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)))
    west, south, east, north = geography.outline.bounds
    easting_m, northing_m = from_wgs84(latitude=latitude, longitude=longitude, crs=geography.crs)
    return float(
        np.mean(
            (easting_m >= west - _MARGIN_M)
            & (easting_m <= east + _MARGIN_M)
            & (northing_m >= south - _MARGIN_M)
            & (northing_m <= north + _MARGIN_M)
        )
    )


def _degrees(
    x: NDArray[np.float64], y: NDArray[np.float64], system: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude; NaN where the numbers are no place on the system."""
    if CRS.from_user_input(system).is_geographic:
        possible = (np.abs(x) <= 180) & (np.abs(y) <= 90)
        return np.where(possible, x, np.nan), np.where(possible, y, np.nan)
    latitude, longitude = to_wgs84(easting_m=x, northing_m=y, crs=system)
    return np.where(np.isfinite(longitude), longitude, np.nan), np.where(np.isfinite(latitude), latitude, np.nan)


def _middle(x: NDArray[np.float64], y: NDArray[np.float64], *, system: str | None) -> tuple[float, float] | None:
    if system is None or not len(x):
        return None
    longitude, latitude = _degrees(x, y, system)
    known = np.isfinite(longitude) & np.isfinite(latitude)
    return (float(np.median(latitude[known])), float(np.median(longitude[known]))) if known.any() else None
