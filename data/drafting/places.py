"""Which way round a file's coordinates are and on which system, told from where they would lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from data.drafting.column_facts import ColumnFacts
from data.values import Texts, parse_numbers
from geo.areas import Geography
from geo.projection import from_wgs84, to_wgs84
from wording import _

__all__ = ["PlaceGuess", "guess_place"]

_WGS84 = "EPSG:4326"
# The British and the Irish grids, the Irish one of today, and what web maps use.
_METRIC_SYSTEMS = ("EPSG:27700", "EPSG:29901", "EPSG:2157", "EPSG:3857")
# Longitude and latitude of the United Kingdom with its islands.
_UK = (-9.0, 49.5, 2.5, 61.5)
# A force's records reach a little over its border.
_MARGIN_M = 20_000.0
_SHARE_THAT_CONVINCES = 0.6
# A decimal of a degree of latitude is 11 km, the second 1.1 km: a place written so is rounded to that.
_PRECISION_OF_DECIMALS_M = {1: 10_000.0, 2: 1_000.0, 3: 100.0}
_UTM_BAND_DEGREES = 6


@dataclass(frozen=True, kw_only=True)
class PlaceGuess:
    """The headings of x (longitude or easting) and y, and their system (None: not known).

    `sure` is False where the values do not show it. `share_inside` is the share of the places that lie in or near the
    force of the settings; `middle` the latitude and longitude of the middle place (None where not known).
    """

    x: str
    y: str
    crs: str | None
    why: str
    sure: bool
    location_precision_m: float | None
    share_inside: float
    middle: tuple[float, float] | None

    @property
    def utm_crs(self) -> str | None:
        """The metric system of the places' own zone."""
        if self.middle is None:
            return None
        latitude, longitude = self.middle
        zone = int((longitude + 180.0) // _UTM_BAND_DEGREES) + 1
        return f"EPSG:{(32600 if latitude >= 0 else 32700) + min(zone, 60)}"


def guess_place(
    x: ColumnFacts, y: ColumnFacts, cells: Sequence[Texts], *, decimal: str, crs: str, geography: Geography | None
) -> PlaceGuess:
    """The system and the order of the coordinates in `cells` (those of x and of y). `crs` is the deployment's."""
    first, second = _points(cells, decimal)
    degrees = "degrees" in x.kinds or "degrees" in y.kinds
    systems = (_WGS84,) if degrees else tuple(dict.fromkeys((crs, *_METRIC_SYSTEMS)))
    best: tuple[float, str, bool] = (0.0, _WGS84, False)
    for system in systems:
        for swapped in (False, True):
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
    else:
        why = _("the numbers do not show their system")
    known = system if sure or degrees else None
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
