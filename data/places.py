"""Where each row happened: coordinates, else a postcode, else an area; in metres, snapped, with its areas' labels.

The areas are looked up at the place itself, then the place is moved to the middle of its cell: only the cell and the
areas are kept. A place outside the force stays, labelled "outside"; one that cannot be read is as if none was given.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from data.pseudonymise import snap_to_cells
from data.schema import LOCATION_SOURCES
from data.values import parse_texts, plain_value, whole_number
from geo.areas import OUTSIDE, Geography
from geo.postcodes import look_up_postcodes
from geo.projection import reproject

__all__ = ["AREA_LEVELS", "NAMED_AREAS", "AreaNames", "Places", "locate_rows", "locate_sites"]

# The schema's name of each level, and geo's.
AREA_LEVELS = {"small_area": "small_areas", "authority": "authorities", "bcu": "bcus"}

# What the file itself names, beside what its coordinates say: a point that is not exact says less. No table has such
# columns.
NAMED_AREAS = {level: f"named_{level}" for level in AREA_LEVELS}

# A postcode's grid reference is that of the address nearest its middle; a unit postcode is about 15 addresses, which in
# towns lie within some 100 m (ONS Postcode Directory user guide).
_POSTCODE_PRECISION_M = 100.0
_SECTOR = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?) \d")
# What files write behind the name of an area, in plain form.
_KINDS_OF_AREA = ("county", "district", "ward", "city", "borough", "parish", "town", "council")
# Farther from the origin than any projected system in use reaches: the schema's own bound.
_FARTHEST_M = 20_000_000.0

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Places:
    """The place columns of some rows, and what was wrong: masks of rows, one entry a row.

    Columns of `frame`: easting_m, northing_m, location_precision_m, location_source, small_area, authority, bcu.
    `bad_coordinates` could not be read or lie nowhere; `bad_postcodes` are no postcode or not known; `zero` were both
    0, which some systems write for none; `outside` lie outside the force's outline. `named` are the columns of
    NAMED_AREAS: the areas that the file names, and those around them.
    """

    frame: pd.DataFrame
    named: dict[str, Texts]
    bad_coordinates: Mask
    bad_postcodes: Mask
    zero: Mask
    outside: Mask


class AreaNames:
    """The deployment's areas by code and by name, as files may give either."""

    def __init__(self, geography: Geography) -> None:
        self._geography = geography
        self._codes: dict[str, dict[str, str]] = {}
        for level, layer in AREA_LEVELS.items():
            areas = getattr(geography, layer)
            by_name = {
                plain_value(str(name)): str(code) for code, name in zip(areas["code"], areas["name"], strict=True)
            }
            codes = {plain_value(str(code)): str(code) for code in areas["code"]}
            bare = pd.Series({code: code.lstrip("0") for code in codes if code.isdigit()}, dtype=object)
            # A spreadsheet takes the zeros in front of a code of digits.
            lost = {text: codes[code] for code, text in bare.drop_duplicates(keep=False).items()}
            kinds = {f"{name}_{kind}": code for name, code in by_name.items() for kind in _KINDS_OF_AREA}
            self._codes[level] = kinds | by_name | lost | codes
        self._above: dict[str, tuple[str | None, str | None]] = {}

    def words(self, level: str) -> dict[str, str]:
        """The names of the areas of this level in plain form, with their codes."""
        return {word: code for word, code in self._codes[level].items() if not any(map(str.isdigit, word))}

    def has(self, level: str) -> bool:
        """Whether the deployment has areas of this level."""
        return bool(self._codes[level])

    def find(self, level: str, texts: Texts, *, own: dict[str, str]) -> tuple[Texts, Mask]:
        """The codes of areas given by code or name (None where missing), and which are not known.

        Where the deployment has no areas of the level, the texts themselves, as any category.
        """
        read, wrong = parse_texts(texts, own=own)
        if not self.has(level):
            return read, wrong
        codes, distinct = pd.factorize(read, use_na_sentinel=True)
        known = np.array([*(self._code(level, text) for text in distinct), None], dtype=object)
        found = known[codes]
        return found, wrong | ((codes >= 0) & pd.isna(found))

    def _code(self, level: str, text: str) -> str | None:
        code = self._codes[level].get(plain_value(whole_number(text)))
        if code is None and (sector := _SECTOR.fullmatch(text.strip())):
            # A postcode's sector lies in its district.
            code = self._codes[level].get(plain_value(sector[1]))
        return code

    def above(self, code: str) -> tuple[str | None, str | None]:
        """The authority and the BCU around an area's middle; None where there is none."""
        if code not in self._above:
            easting_m, northing_m = self._geography.centroid_of_area(code)
            labels = self._geography.label_area(easting_m=[easting_m], northing_m=[northing_m])
            found = [str(labels.authority[0]), str(labels.bcu[0])]
            self._above[code] = (None if found[0] == OUTSIDE else found[0], None if found[1] == OUTSIDE else found[1])
        return self._above[code]


def locate_rows(
    *,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    unreadable: Mask,
    crs: str,
    postcodes: Texts,
    areas: dict[str, Texts],
    stated_precision_m: NDArray[np.float64],
    snap_m: float,
    geography: Geography,
    names: AreaNames,
) -> Places:
    """The places of rows with coordinates `x`, `y` in `crs` (NaN where none), postcodes ("" where none) and areas.

    `unreadable` marks rows with a coordinate that is no number. `areas` holds known codes (None where none) by level;
    coordinates and postcodes win over them, unless it turns out that a point is not exact. `stated_precision_m` is the
    file's own, NaN where not stated.
    """
    easting_m, northing_m, bad_coordinates, zero = _project(x, y, unreadable, crs, geography.crs)
    located = np.isfinite(easting_m)
    postcode_rows = np.flatnonzero(~located & (postcodes != ""))
    bad_postcodes = np.zeros(len(x), dtype=bool)
    from_postcode = np.zeros(len(x), dtype=bool)
    areas = {level: areas[level].copy() for level in AREA_LEVELS}
    if postcode_rows.size:
        looked_up = look_up_postcodes(postcodes=pd.Series(postcodes[postcode_rows]), crs=geography.crs)
        found = looked_up["found"].to_numpy(dtype=bool)
        rows = postcode_rows[found]
        easting_m[rows] = looked_up["easting_m"].to_numpy()[found]
        northing_m[rows] = looked_up["northing_m"].to_numpy()[found]
        from_postcode[rows] = True
        bad_postcodes[postcode_rows[~found]] = ~_take_districts(
            postcode_rows[~found], postcodes, looked_up["district"].to_numpy(dtype=object)[~found], areas, names
        )
    located = np.isfinite(easting_m)
    named = {level: codes.copy() for level, codes in areas.items()}
    for level in ("small_area", "authority"):
        _fill_above(named, np.arange(len(x)), level, names)
    labels, outside = _label(easting_m, northing_m, located, named, geography, names)
    by_area = ~located & ~np.all([pd.isna(each) for each in labels.values()], axis=0)
    precision_m = np.fmax(np.fmax(stated_precision_m, snap_m), np.where(from_postcode, _POSTCODE_PRECISION_M, 0.0))
    source = np.select([from_postcode, located, by_area], [1, 0, 2], default=3)
    frame = pd.DataFrame(
        {
            "easting_m": snap_to_cells(easting_m, snap_m=snap_m),
            "northing_m": snap_to_cells(northing_m, snap_m=snap_m),
            "location_precision_m": np.where(located, precision_m, np.nan),
            "location_source": pd.Categorical.from_codes(source.tolist(), categories=list(LOCATION_SOURCES)),
            **labels,
        }
    )
    return Places(
        frame=frame,
        named={NAMED_AREAS[level]: codes for level, codes in named.items()},
        bad_coordinates=bad_coordinates,
        bad_postcodes=bad_postcodes,
        zero=zero,
        outside=outside,
    )


def locate_sites(
    *, x: NDArray[np.float64], y: NDArray[np.float64], unreadable: Mask, crs: str, geography: Geography
) -> tuple[NDArray[np.float64], NDArray[np.float64], Mask]:
    """Eastings and northings of police stations, which are public and not snapped, and which could not be read."""
    easting_m, northing_m, bad, _zero = _project(x, y, unreadable, crs, geography.crs)
    return easting_m, northing_m, bad


def _project(
    x: NDArray[np.float64], y: NDArray[np.float64], unreadable: Mask, crs: str, to_crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], Mask, Mask]:
    """Coordinates on the deployment's system, which were unusable, and which were (0, 0)."""
    zero = (x == 0) & (y == 0)
    half = np.isfinite(x) != np.isfinite(y)
    beyond = (np.abs(x) > 180) | (np.abs(y) > 90) if CRS.from_user_input(crs).is_geographic else np.zeros(len(x), bool)
    usable = np.isfinite(x) & np.isfinite(y) & ~zero & ~beyond
    easting_m, northing_m = np.full(len(x), np.nan), np.full(len(x), np.nan)
    if usable.any():
        easting_m[usable], northing_m[usable] = (
            reproject(easting_m=x[usable], northing_m=y[usable], from_crs=crs, to_crs=to_crs)
            if crs != to_crs
            else (x[usable], y[usable])
        )
    nowhere = usable & ~((np.abs(easting_m) <= _FARTHEST_M) & (np.abs(northing_m) <= _FARTHEST_M))
    easting_m[nowhere] = northing_m[nowhere] = np.nan
    return easting_m, northing_m, unreadable | half | beyond | nowhere, zero


def _take_districts(
    rows: NDArray[np.intp], postcodes: Texts, districts: Texts, areas: dict[str, Texts], names: AreaNames
) -> Mask:
    """Rows whose postcode is only a district, or an unknown one of a known district, get that small area."""
    stated, _wrong = names.find("small_area", postcodes[rows], own={}) if names.has("small_area") else (None, None)
    found = np.zeros(len(rows), dtype=bool)
    if stated is None:
        return found
    by_district, _wrong = names.find("small_area", np.where(pd.isna(districts), "", districts), own={})
    chosen = np.where(pd.isna(stated), by_district, stated)
    known = ~pd.isna(chosen)
    free = known & pd.isna(areas["small_area"][rows])
    areas["small_area"][rows[free]] = chosen[free]
    # Only a district alone says all that it was meant to say; an unknown postcode is still reported.
    return known & ~pd.isna(stated)


def _label(
    easting_m: NDArray[np.float64],
    northing_m: NDArray[np.float64],
    located: Mask,
    named: dict[str, Texts],
    geography: Geography,
    names: AreaNames,
) -> tuple[dict[str, Texts], Mask]:
    """Each level's code for each row, by its place or else by name, and which located rows lie outside the force."""
    labels = {level: named[level].copy() for level in AREA_LEVELS}
    outside = np.zeros(len(easting_m), dtype=bool)
    if located.any():
        found = geography.label_area(easting_m=easting_m[located], northing_m=northing_m[located])
        for level in AREA_LEVELS:
            if names.has(level):
                labels[level][located] = getattr(found, level)
        outside[located] = ~shapely.contains_xy(geography.outline, easting_m[located], northing_m[located])
    return labels, outside


def _fill_above(labels: dict[str, Texts], rows: NDArray[np.intp], level: str, names: AreaNames) -> None:
    """Rows that name an area of `level` get the authority and BCU around it where they name none."""
    if not names.has(level):
        return
    given = labels[level][rows]
    for code in set(given[~pd.isna(given)]):
        matching = rows[given == code]
        for above, value in zip(("authority", "bcu"), names.above(code), strict=True):
            free = matching[pd.isna(labels[above][matching])]
            labels[above][free] = value
