"""On which projected system coordinates may be, of all that the EPSG register has for the force, such as American state
plane feet. The register is part of pyproj; no network is needed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import ProjError

from geo.areas import Geography
from geo.projection import reproject, to_wgs84

__all__ = ["PossibleSystem", "possible_systems"]

# Nearly all places lie in the outline, or a slip beside it; on a system that is only close to theirs, many do not.
_SHARE_INSIDE, _BESIDE_M = 0.95, 500.0
# Before a datum is looked at, a place may be so far off.
_DATUM_SHIFT_M = 2_000.0
# Editions of one system lie so near to each other, also where one counts in American feet and the other in those of
# today.
_AGREE_M = 10.0
# So many places tell as much as all.
_PLACES = 500
_FEWEST = 5
_METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True, kw_only=True)
class PossibleSystem:
    """A system by its code in the register and its name; `swapped` where x is the northing on it."""

    crs: str
    name: str
    swapped: bool


def possible_systems(
    x: NDArray[np.float64], y: NDArray[np.float64], *, geography: Geography
) -> tuple[PossibleSystem, ...]:
    """The systems on which nearly all of these places lie in the outline, one of those that agree to a few metres.

    The edition with the shortest name stands for the others. Nothing is told of a handful of places.
    """
    every = max(1, len(x) // _PLACES)
    x, y = x[::every], y[::every]
    if len(np.unique(np.column_stack([x, y]), axis=0)) < _FEWEST:
        return ()
    near = geography.outline.buffer(_BESIDE_M)
    shapely.prepare(near)
    found: list[tuple[PossibleSystem, NDArray[np.float64]]] = []
    area = _area(geography)
    for code, name in _systems_of(area):
        for swapped in (False, True):
            points = (y, x) if swapped else (x, y)
            if not _roughly_there(*points, crs=code, area=area):
                continue
            easting_m, northing_m = reproject(
                easting_m=points[0], northing_m=points[1], from_crs=code, to_crs=geography.crs
            )
            if np.mean(shapely.contains_xy(near, easting_m, northing_m)) < _SHARE_INSIDE:
                continue
            places = np.column_stack([easting_m, northing_m])
            if not any(_agree(places, other) for _system, other in found):
                found.append((PossibleSystem(crs=code, name=name, swapped=swapped), places))
    return tuple(system for system, _places in found)


def _area(geography: Geography) -> tuple[float, float, float, float]:
    """West, south, east and north of the outline in degrees."""
    west, south, east, north = geography.outline.bounds
    latitude, longitude = to_wgs84(
        easting_m=[west, west, east, east], northing_m=[south, north, south, north], crs=geography.crs
    )
    return float(longitude.min()), float(latitude.min()), float(longitude.max()), float(latitude.max())


def _systems_of(area: Sequence[float]) -> list[tuple[str, str]]:
    known = query_crs_info(
        auth_name="EPSG", pj_types=PJType.PROJECTED_CRS, area_of_interest=AreaOfInterest(*area), contains=False
    )
    # Later editions have more in their names: "NAD83 / UTM zone 11N", "NAD83(NSRS2007) / UTM zone 11N".
    return sorted(((f"EPSG:{each.code}", each.name) for each in known), key=lambda pair: (len(pair[1]), pair[0]))


def _roughly_there(x: NDArray[np.float64], y: NDArray[np.float64], *, crs: str, area: Sequence[float]) -> bool:
    """Whether the places lie about there, whatever the datum: most systems are told to be others by this alone."""
    try:
        longitude, latitude = Proj(crs)(x, y, inverse=True)
    except ProjError:
        return False
    west, south, east, north = area
    up = _DATUM_SHIFT_M / _METRES_A_DEGREE
    aside = up / max(np.cos(np.radians((south + north) / 2)), 0.1)
    inside = (longitude >= west - aside) & (longitude <= east + aside)
    inside &= (latitude >= south - up) & (latitude <= north + up)
    return bool(np.mean(inside) >= _SHARE_INSIDE)


def _agree(places: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    return bool(np.nanmedian(np.hypot(*(places - others).T)) <= _AGREE_M)
