"""Places that are not what they seem: one point for a whole area, x and y swapped, another coordinate system.

Works on the coordinates as the file gives them, before they are snapped. Nothing is moved: an area's point keeps its
place and gets the precision of its area, so that no map draws a peak there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from data.mapping import PlaceLayout
from data.places import AREA_LEVELS
from data.pseudonymise import snap_to_cells
from data.quality.warnings import QualityWarning, make_warning
from geo.areas import Geography
from geo.projection import reproject
from wording import _, format_count, format_number, format_share, ngettext

__all__ = ["RAW_X", "RAW_Y", "misread_coordinates", "settle_area_points"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]

# The file's own coordinates beside the record, for these checks alone: no table has such columns.
RAW_X, RAW_Y = "raw_x", "raw_y"

# Coordinates that lie on a grid so coarse were rounded to it. Of places on the next finer one a hundredth does so by
# chance, hence the least share.
_STEPS_DEGREES, _METRES_OF_A_DEGREE, _STEPS_M = (0.01, 0.1, 1.0), 111_320.0, (1_000.0, 10_000.0)
_ON_THE_GRID, _FEWEST_ROUNDED, _LEAST_SHARE_ROUNDED = 1e-4, 3, 0.03
# A metre: coordinates that differ by less are one point.
_DECIMALS_OF_DEGREES, _SAME_POINT_M = 5, 1.0
# Most rows on points that hold three or more: an address that repeats (a hostel) has many around it that do not.
_FEWEST_ROWS, _REPEATS, _LEAST_SHARE_REPEATED = 10, 3, 0.75
# Half the usual distance between such points. Below it they are street points or buildings, and the bandwidth of a map
# (200 m or more, and twice the precision) bears them as they are.
_FINEST_AREA_M = 250.0
# A point so close to a station, or to the middle of one of the deployment's own areas, three times over, is that: a
# hostel may well stand in the next street (chance puts one address of ten thousand so near to one of 20 stations).
_AT_THE_MIDDLE_M = 3.0
# One point with this share of all places is worth a question, be it a station, a default or a hostel.
_CROWDED_SHARE, _FEWEST_CROWDED = 0.2, 10
# The schema's bound for location_precision_m.
_COARSEST_M = 100_000.0

# Another reading of the coordinates is proposed where the mapping's puts most places outside the force and the other
# nearly all inside it.
_MOSTLY_OUTSIDE, _NEARLY_ALL = 0.5, 0.9
# Systems that UK files and web maps use: degrees, British, Irish (old and new) grid, web maps. The deployment's own
# comes first.
_SYSTEMS = ("EPSG:4326", "EPSG:27700", "EPSG:29903", "EPSG:2157", "EPSG:3857")
# An area's own middle is known to about the area's radius; from here on the point tells of more than the area.
_WIDER_THAN_AREA = 1.5
# From half of them on, what is said of such points is what becomes of those without an area.
_MOSTLY_NOWHERE = 0.5
# Enough places to tell one reading from another.
_SAMPLE = 2_000


def settle_area_points(
    records: pd.DataFrame, *, crs: str, geography: Geography, known_points_m: Floats, stations_m: Floats, snap_m: float
) -> tuple[pd.DataFrame, list[QualityWarning]]:
    """Rows whose point stands for an area get that area's location_precision_m, and a warning says so.

    Four signs of such a point: its coordinates have two decimals of a degree or fewer (whole kilometres, of metres) and
    it is not alone in that; most rows of the file sit on few far-apart points; it is the middle of one of the
    deployment's areas, or a police station (`stations_m`, shape (n, 2)); an earlier file of this source had it so
    (`known_points_m`, shape (n, 3): snapped easting, northing and precision). Rows in custody stay: they did happen at
    a station. A point that has none of these and holds a fifth of the places is asked about and left as it is.
    """
    given = _given_points(records, crs, geography)
    if given is None:
        return records, []
    found = np.full(len(given.easting_m), np.nan)
    for precision_m in (
        _from_rounding(given),
        _from_spacing(given),
        _from_middles(given, geography),
        _from_stations(given, stations_m, geography),
        _from_before(given, known_points_m, snap_m),
    ):
        found = np.fmax(found, precision_m)
    of_rows = np.minimum(found[given.point], _COARSEST_M)
    stated = records["location_precision_m"].to_numpy(dtype=float)[given.rows]
    coarser = np.isfinite(of_rows) & (of_rows > np.fmax(stated, _FINEST_AREA_M)) & ~given.custody
    warnings = [*_asked_about(given, ~np.isfinite(found))]
    if not coarser.any():
        return records, warnings
    column = records["location_precision_m"].to_numpy(dtype=float).copy()
    column[given.rows[coarser]] = of_rows[coarser]
    settled = records.assign(location_precision_m=column, **_areas_as_wide(records, column, geography))
    points = len(np.unique(given.point[coarser]))
    sentence = ngettext(
        "{count} of {total} places is a point that stands for an area ({points}, known to {precision} m).",
        "{count} of {total} places are points that stand for areas ({points}, known to {precision} m).",
        int(coarser.sum()),
    ).format(
        count=format_count(int(coarser.sum())),
        total=format_count(len(given.rows)),
        points=ngettext("{count} point", "{count} points", points).format(count=format_count(points)),
        precision=format_number(float(np.median(of_rows[coarser])), significant=2),
    )
    # As stored: an area that is too small for the point is none.
    nowhere = settled["small_area"].isna().to_numpy()[given.rows[coarser]] if "small_area" in settled else coarser[:0]
    advice = (
        _(
            "No small area is as wide as that, so they are in no alert and in no table by small area, and are left out"
            " of the smooth map. Give the areas that they stand for (small_areas_file in the section [geography] of the"
            " settings), or map the exact places if the source has them."
        )
        if nowhere.size and nowhere.mean() >= _MOSTLY_NOWHERE
        else _(
            "They count in their areas and are left out of the smooth map. If the source has the exact places, map"
            " those."
        )
    )
    warning = make_warning(
        kind="area_points",
        rows=records.index.to_numpy()[given.rows[coarser]],
        sentence=sentence,
        advice=advice,
    )
    return settled, [warning, *warnings]


def _areas_as_wide(records: pd.DataFrame, precision_m: Floats, geography: Geography) -> dict[str, Objects]:
    """Each row's areas, without those that are too small for how far the true place may be from its point.

    The middle of a county lies in some square kilometre, and says nothing of it.
    """
    kept = {}
    for level, layer in AREA_LEVELS.items():
        if level in records:
            areas = getattr(geography, layer)
            radius_m = pd.Series(np.sqrt(areas.geometry.area.to_numpy() / np.pi), index=areas["code"].to_numpy())
            reach_m = records[level].map(radius_m.to_dict()).to_numpy(dtype=float)
            labels = records[level].to_numpy(dtype=object).copy()
            labels[precision_m > _WIDER_THAN_AREA * reach_m] = None
            kept[level] = labels
    return kept


@dataclass(frozen=True, kw_only=True)
class _Points:
    """The distinct points of a file, `raw` as it gives them, and its located rows: positions, the point of each, and
    whether in custody.
    """

    rows: NDArray[np.intp]
    point: NDArray[np.intp]
    custody: Mask
    easting_m: Floats
    northing_m: Floats
    raw: Floats
    degrees: bool
    counts: Ints
    row_numbers: Ints

    @property
    def metres(self) -> Floats:
        """Shape (n, 2)."""
        return np.column_stack([self.easting_m, self.northing_m])


def _given_points(records: pd.DataFrame, crs: str, geography: Geography) -> _Points | None:
    if RAW_X not in records or "location_source" not in records:
        return None
    # Records that were folded with stored ones may have a place and no coordinates of this file.
    stated = records[[RAW_X, RAW_Y]].notna().all(axis=1).to_numpy()
    rows = np.flatnonzero((records["location_source"] == "coordinates").to_numpy() & stated)
    if not rows.size:
        return None
    # Degrees that differ in the last digit alone are one point.
    decimals = _DECIMALS_OF_DEGREES if CRS.from_user_input(crs).is_geographic else 0
    pairs = records[[RAW_X, RAW_Y]].iloc[rows].round(decimals)
    point = pairs.groupby([RAW_X, RAW_Y], sort=False).ngroup().to_numpy()
    distinct = pairs.drop_duplicates().to_numpy(dtype=float)
    easting_m, northing_m = (
        reproject(easting_m=distinct[:, 0], northing_m=distinct[:, 1], from_crs=crs, to_crs=geography.crs)
        if crs != geography.crs
        else (distinct[:, 0], distinct[:, 1])
    )
    custody = (
        (records["setting"].iloc[rows] == "custody").to_numpy() if "setting" in records else np.zeros(len(rows), bool)
    )
    return _Points(
        rows=rows,
        point=point,
        custody=custody,
        easting_m=np.asarray(easting_m, dtype=float),
        northing_m=np.asarray(northing_m, dtype=float),
        raw=distinct,
        degrees=CRS.from_user_input(crs).is_geographic,
        counts=np.bincount(point),
        row_numbers=records.index.to_numpy(dtype=np.int64)[rows],
    )


def _from_rounding(given: _Points) -> Floats:
    """Precision of points whose coordinates were rounded: half the diagonal of the grid that they lie on."""
    steps, metres_of_one = (_STEPS_DEGREES, _METRES_OF_A_DEGREE) if given.degrees else (_STEPS_M, 1.0)
    narrowed = np.cos(np.radians(given.raw[:, 1])) if given.degrees else np.ones(len(given.raw))
    precision_m = np.full(len(given.counts), np.nan)
    among = np.ones(len(given.counts), dtype=bool)
    for step in steps:
        on_it = among & (np.abs(given.raw / step - np.round(given.raw / step)) < _ON_THE_GRID).all(axis=1)
        if given.counts[on_it].sum() < max(_FEWEST_ROUNDED, _LEAST_SHARE_ROUNDED * given.counts[among].sum()):
            break
        precision_m = np.where(on_it, step * metres_of_one * np.hypot(1.0, narrowed) / 2, precision_m)
        among = on_it
    return precision_m


def _from_spacing(given: _Points) -> Floats:
    """Precision of the points where most rows sit on few far-apart ones: half the distance to the next, at least the
    median of these halves (a small area beside a large one)."""
    nothing = np.full(len(given.counts), np.nan)
    repeated = given.counts >= _REPEATS
    rows = int(given.counts.sum())
    if rows < _FEWEST_ROWS or given.counts[repeated].sum() < _LEAST_SHARE_REPEATED * rows or repeated.sum() < 2:
        return nothing
    half_m = cKDTree(given.metres).query(given.metres, k=2)[0][:, 1] / 2
    usual_m = float(np.median(half_m[repeated]))
    return np.fmax(half_m, usual_m) if usual_m >= _FINEST_AREA_M else nothing


def _from_middles(given: _Points, geography: Geography) -> Floats:
    """Precision of points at the middle of an area of the deployment, or of the whole: the radius of its circle."""
    precision_m = np.full(len(given.counts), np.nan)
    # Squares are this program's own: a grid of the source's may well share their middles.
    layers = ["authorities", "bcus", *(["small_areas"] if geography.small_area_kind != "squares" else [])]
    for layer in layers:
        areas = getattr(geography, layer)
        if not len(areas):
            continue
        radius_m = np.sqrt(areas.geometry.area.to_numpy() / np.pi)
        centres, inner = areas.geometry.centroid, areas.geometry.representative_point()
        for x, y in (
            (areas["easting_m"], areas["northing_m"]),
            (centres.x, centres.y),
            (inner.x, inner.y),
        ):
            precision_m = np.fmax(precision_m, _near(given, np.column_stack([x, y]), radius_m))
    whole = geography.outline.centroid
    radius_m = np.array([np.sqrt(geography.outline.area / np.pi)])
    return np.fmax(precision_m, _near(given, np.array([[whole.x, whole.y]]), radius_m))


def _from_stations(given: _Points, stations_m: Floats, geography: Geography) -> Floats:
    """Precision of points at a police station: half the distance to the next station, as officers come from around."""
    stations_m = np.unique(stations_m[np.isfinite(stations_m).all(axis=1)], axis=0)
    if not len(stations_m):
        return np.full(len(given.counts), np.nan)
    whole_m = np.sqrt(geography.outline.area / np.pi)
    half_m = cKDTree(stations_m).query(stations_m, k=2)[0][:, 1] / 2 if len(stations_m) > 1 else np.array([whole_m])
    return _near(given, stations_m, half_m)


def _near(given: _Points, centres_m: Floats, radius_m: Floats) -> Floats:
    """The radius of the nearest centre for points that repeat and lie at it, else NaN."""
    found = np.full(len(given.counts), np.nan)
    repeated = np.flatnonzero(given.counts >= _REPEATS)
    distance_m, nearest = cKDTree(centres_m).query(given.metres[repeated])
    there = distance_m <= _AT_THE_MIDDLE_M
    found[repeated[there]] = radius_m[nearest[there]]
    return found


def _from_before(given: _Points, known_points_m: Floats, snap_m: float) -> Floats:
    """Precision of points that an earlier file of this source showed to be areas."""
    if not len(known_points_m):
        return np.full(len(given.counts), np.nan)
    distance_m, nearest = cKDTree(known_points_m[:, :2]).query(snap_to_cells(given.metres, snap_m=snap_m))
    return np.where(distance_m <= _SAME_POINT_M, known_points_m[nearest, 2], np.nan)


def _asked_about(given: _Points, unexplained: Mask) -> Iterator[QualityWarning]:
    """The commonest point of those not explained, where it holds an unusual share of the places."""
    counts = np.where(unexplained, given.counts, 0)
    most = int(counts.max(initial=0))
    if most < _FEWEST_CROWDED or most < _CROWDED_SHARE * given.counts.sum():
        return
    rows = given.row_numbers[given.point == int(counts.argmax())]
    sentence = _("{count} of {total} places ({share}) are one point.").format(
        count=format_count(most),
        total=format_count(int(given.counts.sum())),
        share=format_share(most / given.counts.sum()),
    )
    advice = _(
        "If it is a station, a default or the middle of an area, leave those coordinates empty at the source; if it is "
        "an address where naloxone is often given, nothing needs to be done."
    )
    yield make_warning(kind="crowded_point", rows=rows, sentence=sentence, advice=advice)


def misread_coordinates(records: pd.DataFrame, *, place: PlaceLayout, geography: Geography) -> list[QualityWarning]:
    """Warnings where coordinates are 0, or another reading of them (swapped, other system) puts them in the force."""
    if RAW_X not in records or not (place.x and place.y):
        return []
    x, y = (records[name].to_numpy(dtype=float) for name in (RAW_X, RAW_Y))
    rows = records.index.to_numpy(dtype=np.int64)
    zero = (x == 0) & (y == 0)
    usable = np.isfinite(x) & np.isfinite(y) & ~zero
    warnings = [*_zero(rows[zero])]
    if usable.any():
        crs = place.crs or geography.crs
        inside = np.zeros(len(x), dtype=bool)
        inside[usable] = _inside(_Reading(crs=crs), x[usable], y[usable], geography)
        astray = usable & ~inside
        if inside.sum() < _MOSTLY_OUTSIDE * usable.sum():
            warnings += _other_reading(rows[astray], x[usable], y[usable], place, crs, geography)
        else:
            warnings += _swapped_rows(rows[astray], x[astray], y[astray], crs, geography)
    return warnings


def _zero(rows: Ints) -> Iterator[QualityWarning]:
    if len(rows):
        yield make_warning(
            kind="zero_coordinates",
            rows=rows,
            sentence=ngettext(
                "{count} row has the coordinates 0, 0, which were read as none.",
                "{count} rows have the coordinates 0, 0, which were read as none.",
                len(rows),
            ).format(count=format_count(len(rows))),
            advice=_("Leave them empty at the source where the place is not known."),
        )


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One way to read a pair of numbers."""

    crs: str
    swapped: bool = False
    west: bool = False


def _inside(reading: _Reading, x: Floats, y: Floats, geography: Geography) -> Mask:
    """Which pairs lie inside the force, read so."""
    first, second = (y, x) if reading.swapped else (x, y)
    first = -first if reading.west else first
    degrees = reading.crs == "EPSG:4326"
    possible = (np.abs(first) <= 180) & (np.abs(second) <= 90) if degrees else np.ones(len(x), dtype=bool)
    inside = np.zeros(len(x), dtype=bool)
    if possible.any():
        easting_m, northing_m = (
            reproject(
                easting_m=first[possible], northing_m=second[possible], from_crs=reading.crs, to_crs=geography.crs
            )
            if reading.crs != geography.crs
            else (first[possible], second[possible])
        )
        inside[possible] = shapely.contains_xy(geography.outline, easting_m, northing_m)
    return inside


def _other_reading(
    rows: Ints, x: Floats, y: Floats, place: PlaceLayout, crs: str, geography: Geography
) -> Iterator[QualityWarning]:
    """The reading that puts nearly all places inside the force, with the lines of the mapping for it."""
    sample = np.linspace(0, len(x) - 1, min(len(x), _SAMPLE)).astype(np.intp)
    x, y = x[sample], y[sample]
    systems = dict.fromkeys((crs, geography.crs, *_SYSTEMS))
    plain = [_Reading(crs=system, swapped=swapped) for system in systems for swapped in (False, True)]
    readings = [*plain, *(replace(each, west=True) for each in plain if each.crs == "EPSG:4326")]
    shares = [float(_inside(reading, x, y, geography).mean()) for reading in readings]
    best = int(np.argmax(shares))
    if shares[best] < _NEARLY_ALL:
        return
    reading, share = readings[best], format_share(shares[best])
    sentences = {
        (False, False): _("Most places lie outside the force; in {crs}, {share} lie inside."),
        (True, False): _("Most places lie outside the force; with x and y swapped ({crs}), {share} lie inside."),
        (False, True): _("Most places lie outside the force; with a minus before the longitude, {share} lie inside."),
        (True, True): _(
            "Most places lie outside the force; with x and y swapped and a minus before the longitude, {share} lie "
            "inside."
        ),
    }
    chosen = (place.y, place.x) if reading.swapped else (place.x, place.y)
    lines = ["[place]", f'crs = "{reading.crs}"', *(f'{n} = "{h}"' for n, h in zip("xy", chosen, strict=True))]
    kind = "longitude_without_minus" if reading.west else "swapped_coordinates" if reading.swapped else "wrong_crs"
    yield make_warning(
        kind=kind,
        rows=rows,
        sentence=sentences[reading.swapped, reading.west].format(crs=reading.crs, share=share),
        advice=_("Correct the longitude at the source.")
        if reading.west and not reading.swapped
        else _("Nothing was changed. Write in the mapping:"),
        setting="" if reading.west and not reading.swapped else "\n".join(lines),
    )


def _swapped_rows(rows: Ints, x: Floats, y: Floats, crs: str, geography: Geography) -> Iterator[QualityWarning]:
    """Single rows outside the force that lie inside it with x and y swapped, or with a minus before the longitude."""
    if not len(rows):
        return
    swapped = _inside(_Reading(crs=crs, swapped=True), x, y, geography)
    if swapped.any():
        count = int(swapped.sum())
        yield make_warning(
            kind="swapped_rows",
            rows=rows[swapped],
            sentence=ngettext(
                "{count} row outside the force lies inside it with x and y swapped.",
                "{count} rows outside the force lie inside it with x and y swapped.",
                count,
            ).format(count=format_count(count)),
            advice=_("Nothing was changed. Correct these rows at the source."),
        )
    if crs != "EPSG:4326":
        return
    west = _inside(_Reading(crs=crs, west=True), x, y, geography) & ~swapped
    if west.any():
        count = int(west.sum())
        yield make_warning(
            kind="longitude_without_minus",
            rows=rows[west],
            sentence=ngettext(
                "{count} row outside the force lies inside it with a minus before the longitude.",
                "{count} rows outside the force lie inside it with a minus before the longitude.",
                count,
            ).format(count=format_count(count)),
            advice=_("Nothing was changed. Correct these rows at the source."),
        )
