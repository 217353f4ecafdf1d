"""Places that one text holds both coordinates of, read by its form: no setting says which form a cell has.

* "SU 387 148", "SU387148": the National Grid of Great Britain; "J 322 823", "IJ322823": that of Ireland. The reference
  names a square (here of 100 m); its middle is the place, known to half the square's diagonal.
* "50.91774, -1.38672", "(50.91774, -1.38672)": latitude and longitude.
* "50° 54' 30" N, 1° 24' 12" W", "N50 54.500 W001 24.200": degrees with minutes and seconds.
* "438700, 114800", "E 438700 N 114800": easting and northing.
* "POINT (x y)", as databases write it; {"latitude": "50.9", "longitude": "-1.4", "human_address": ...}, as open data
  portals do, {"type": "Point", "coordinates": [x, y]} and {"x": ..., "y": ...}, as web maps do. Whatever else is in
  such a cell, an address too, is left unread.

Squares: A Guide to Coordinate Systems in Great Britain (Ordnance Survey), section 7; the Irish grid has one letter.
"""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from data.values import Texts, is_nothing
from geo.projection import reproject

__all__ = ["Point", "Points", "parse_points", "read_point"]

_WGS84, _BRITISH_GRID, _IRISH_GRID = "EPSG:4326", "EPSG:27700", "EPSG:29903"
_SQUARE_M = 100_000
# Squares of 100 km that land lies in reach 700 km east and 1,300 km north of the grid's origin.
_MOST_EAST, _MOST_NORTH = 7, 13
_METRES_OF_A_DEGREE = 111_320.0

# Digits are bounded and each text is short, so that no pattern tries one text in very many ways.
_LONGEST_TEXT = 200
_NUMBER = r"[+-]?(?:\d{1,8}(?:\.\d{0,20})?|\.\d{1,20})"
_WELL_KNOWN = re.compile(rf"\bPOINT(?: ?Z)? ?\( ?({_NUMBER}) +({_NUMBER})(?: +[+-]?[\d.]+)? ?\)$", re.IGNORECASE)
# Where a text stands before the brackets, such as an address, it is not read.
_IN_BRACKETS = re.compile(rf"\( ?({_NUMBER}) ?[,;] ?({_NUMBER}) ?\)$")
_PAIR = re.compile(rf"[\[(]? ?({_NUMBER})(?: ?[,;/|] ?| +)({_NUMBER}) ?[\])]?")
_GRID = re.compile(r"(?:(?:OS ?GR|NGR|GR|OS)[: ]+)?([A-Z]{1,2})[ -]?(\d+)(?:[ ,-]+(\d+))?", re.IGNORECASE)
# An object with an address in it may be longer than other texts.
_LONGEST_OBJECT = 2_000
_COORDINATES = re.compile(rf"""["']coordinates["'] ?: ?\[ ?({_NUMBER}) ?, ?({_NUMBER})[\],]""", re.IGNORECASE)
_PARTS = [
    tuple(re.compile(rf"""["'](?:{name})["'] ?: ?["']?({_NUMBER})(?![\w.])""", re.IGNORECASE) for name in (x, y))
    for x, y in (("lon(?:g|gitude)?|lng", "lat(?:itude)?"), ("x", "y"))
]
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # without I
_ANGLE = (
    rf"({_NUMBER}) ?(?:[°ºd]|deg)? ?(?:(\d{{1,2}}(?:\.\d{{1,20}})?) ?(?:['\u2032\u2018\u2019m]|min)? ?"
    "(?:(\\d{1,2}(?:\\.\\d{1,20})?) ?(?:[\"\u2033\u201ds]|''|sec)?)? ?)?"
)
_BEFORE = r"([nsewxy]|lat(?:itude)?|lon(?:g|gitude)?|lng|eastings?|northings?) ?[:=]? ?"
_BETWEEN = r"[ ,;/|]*"
_LABELLED = (
    re.compile(rf"{_BEFORE}{_ANGLE}{_BETWEEN}{_BEFORE}{_ANGLE}", re.IGNORECASE),
    re.compile(rf"{_ANGLE}([nsew]){_BETWEEN}{_ANGLE}([nsew])", re.IGNORECASE),
)
_MARKED = re.compile(
    r"([+-]?\d+) ?[°º] ?(\d+(?:\.\d+)?) ?['\u2032\u2019] ?(?:(\d+(?:\.\d+)?) ?(?:[\"\u2033\u201d]|''))?[ ,;/|]+"
    r"([+-]?\d+) ?[°º] ?(\d+(?:\.\d+)?) ?['\u2032\u2019] ?(?:(\d+(?:\.\d+)?) ?(?:[\"\u2033\u201d]|''))?"
)
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d{4,})")
_MOST_LATITUDE, _MOST_LONGITUDE = 90.0, 180.0


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one text says: x and y in `crs` (None: it does not say in which), and how exact its form is (NaN: unsaid).

    `form` is "grid" for letters of a national grid, "angles" for degrees, "metres" for easting and northing, "wkt".
    `ordered` is False where only custom says which of the two numbers stands first.
    """

    x: float
    y: float
    form: Literal["grid", "angles", "metres", "wkt"]
    crs: str | None = None
    precision_m: float = np.nan
    ordered: bool = True


@dataclass(frozen=True, kw_only=True)
class Points:
    """Points of a column: x and y (NaN where none), how exact each one's form is, and which cells are none."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    precision_m: NDArray[np.float64]
    unreadable: NDArray[np.bool_]


def parse_points(texts: Texts, *, crs: str, swapped: bool = False, irish: bool = True) -> Points:
    """The points of `texts` in `crs`; what their form puts on another system is moved to it.

    `swapped` says that of two plain numbers the longitude or the northing stands where the other is usual. Where not
    `irish`, a reference with one letter is none: in Great Britain it lacks the other.
    """
    codes, distinct = pd.factorize(texts)
    read = [read_point(text) for text in distinct]
    if not irish:
        read = [None if point and point.crs == _IRISH_GRID else point for point in read]
    found = np.full((len(distinct), 3), np.nan)
    geographic = CRS.from_user_input(crs).is_geographic
    systems = np.full(len(distinct), crs, dtype=object)
    for index, point in enumerate(read):
        if point is None:
            continue
        x, y = (point.y, point.x) if swapped and not point.ordered else (point.x, point.y)
        found[index] = x, y, point.precision_m
        # 0, 0 stands for none on every system.
        degrees = point.form == "angles" and not geographic and (x or y)
        systems[index] = point.crs or (_WGS84 if degrees else crs)
    for system in set(systems) - {crs}:
        of_it = systems == system
        found[of_it, 0], found[of_it, 1] = reproject(
            easting_m=found[of_it, 0], northing_m=found[of_it, 1], from_crs=system, to_crs=crs
        )
    unreadable = np.array(
        [point is None and not is_nothing(text) for point, text in zip(read, distinct, strict=True)], dtype=bool
    )
    return Points(x=found[codes, 0], y=found[codes, 1], precision_m=found[codes, 2], unreadable=unreadable[codes])


def read_point(text: str) -> Point | None:
    """The place that a text says, None where it says none."""
    if text[:1] == "{" and len(text) <= _LONGEST_OBJECT:
        return _of_object(" ".join(text.split()))
    if len(text) > _LONGEST_TEXT:
        return None
    text = " ".join(text.replace("\u2212", "-").split())
    if "." not in text and len(_DECIMAL_COMMA.findall(text)) == 2:
        text = _DECIMAL_COMMA.sub(".", text)
    if found := _PAIR.fullmatch(text):
        return _of_pair(float(found[1]), float(found[2]))
    if found := _WELL_KNOWN.search(text):
        return Point(x=float(found[1]), y=float(found[2]), form="wkt", ordered=False)
    if found := _GRID.fullmatch(text):
        return _of_grid(found[1].upper(), found[2], found[3])
    for pattern, order in zip(_LABELLED, ((0, 1, 5), (3, 0, 4)), strict=True):
        if found := pattern.fullmatch(text):
            return _of_labels(found.groups(), order)
    if found := _MARKED.fullmatch(text):
        parts = found.groups()
        (y, precision_m), (x, _precision_m) = _angle(parts[:3]), _angle(parts[3:])
        return _of_angles(x, y, precision_m=precision_m, ordered=False)
    if found := _IN_BRACKETS.search(text):
        return _of_pair(float(found[1]), float(found[2]))
    return None


def _of_object(text: str) -> Point | None:
    """The point of an object as JSON writes it: longitude before latitude in a list."""
    if found := _COORDINATES.search(text):
        return Point(x=float(found[1]), y=float(found[2]), form="wkt", ordered=False)
    for form, parts in zip(("angles", "wkt"), _PARTS, strict=True):
        x, y = (each.search(text) for each in parts)
        if x and y:
            return Point(x=float(x[1]), y=float(y[1]), form=form)
    return None


def _of_pair(first: float, second: float) -> Point:
    """Two numbers alone: latitude and longitude where they can be, else easting and northing."""
    if abs(first) <= _MOST_LATITUDE and abs(second) <= _MOST_LONGITUDE:
        return Point(x=second, y=first, form="angles", ordered=False)
    if abs(first) <= _MOST_LONGITUDE and abs(second) <= _MOST_LATITUDE:
        # Longitudes alone go beyond 90.
        return Point(x=first, y=second, form="angles")
    return Point(x=first, y=second, form="metres", ordered=False)


def _of_grid(letters: str, first: str, second: str | None) -> Point | None:
    digits = first + (second or "")
    half = len(digits) // 2
    if not 2 <= len(digits) <= 10 or len(digits) % 2 or (second is not None and len(first) != len(second)):
        return None
    if len(letters) == 2 and letters[0] == "I":
        letters = letters[1]
    if any(letter not in _LETTERS for letter in letters):
        return None
    at = [_LETTERS.index(letter) for letter in letters]
    if len(at) == 2:
        east = (at[0] - 2) % 5 * 5 + at[1] % 5
        north = 19 - at[0] // 5 * 5 - at[1] // 5
        if not (0 <= east < _MOST_EAST and 0 <= north < _MOST_NORTH):
            return None
    else:
        east, north = at[0] % 5, 4 - at[0] // 5
    side_m = _SQUARE_M / 10**half
    return Point(
        x=east * _SQUARE_M + (int(digits[:half]) + 0.5) * side_m,
        y=north * _SQUARE_M + (int(digits[half:]) + 0.5) * side_m,
        form="grid",
        crs=_BRITISH_GRID if len(at) == 2 else _IRISH_GRID,
        precision_m=side_m / np.sqrt(2),
    )


def _of_labels(parts: tuple[str, ...], order: tuple[int, int, int]) -> Point | None:
    """Two numbers with their names: `order` is where the first's name and number and the second's number begin."""
    name_at, first, second = order
    names = [parts[name_at].casefold()[:2], parts[name_at + 4].casefold()[:2]]
    axes = ["y" if name in ("n", "s", "no", "y", "la") else "x" for name in names]
    if sorted(axes) != ["x", "y"]:
        return None
    values = dict(zip(axes, (_angle(parts[first : first + 3]), _angle(parts[second : second + 3])), strict=True))
    signs = {axis: -1.0 if name in ("s", "w") else 1.0 for axis, name in zip(axes, names, strict=True)}
    (x, precision_m), (y, _precision_m) = values["x"], values["y"]
    if abs(x) <= _MOST_LONGITUDE and abs(y) <= _MOST_LATITUDE:
        return _of_angles(signs["x"] * x, signs["y"] * y, precision_m=precision_m, ordered=True)
    return None if np.isfinite(precision_m) else Point(x=x, y=y, form="metres")


def _of_angles(x: float, y: float, *, precision_m: float, ordered: bool) -> Point:
    return Point(x=x, y=y, form="angles", precision_m=precision_m, ordered=ordered)


def _angle(parts: tuple[str | None, ...]) -> tuple[float, float]:
    """Degrees of a number with minutes and seconds, and how exact that is in metres (NaN without minutes)."""
    degrees, minutes, seconds = parts
    number = abs(float(degrees or 0)) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    number = -number if (degrees or "").startswith("-") else number
    last, step = (seconds, 1 / 3600) if seconds else (minutes, 1 / 60)
    if last is None:
        return number, np.nan
    decimals = len(last.partition(".")[2])
    return number, step / 10**decimals * _METRES_OF_A_DEGREE / np.sqrt(2)
