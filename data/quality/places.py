"""Points that stand for more than a place: the middle of an area, a station, a default, a middle moved at random.

Works on the coordinates as the file gives them, before they are snapped. Nothing is moved: an area's point keeps its
place and gets the precision of its area, so that no map draws a peak there.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from data.places import AREA_LEVELS, NAMED_AREAS
from data.pseudonymise import snap_to_cells
from data.quality.area_middles import (
    FEWEST_MIDDLES,
    FINEST_AREA_M,
    SHARE_ASKED,
    dated_and_apart,
    gathered_at_middles,
    keeping_apart,
    one_an_area,
)
from data.quality.crowded import FEWEST_CROWDED, Crowd, crowded_points, reach_of_chance_m
from data.quality.file_points import RAW_AREA, FilePoints, points_of_file
from data.quality.named_areas import NamedMiddles, middles_by_name
from data.quality.scatter import Scatter, find_scatter
from data.quality.squares import points_of_squares
from data.quality.warnings import QualityWarning, make_warning
from data.store.ddl import AREA_LEVEL_M
from geo.areas import Geography
from wording import _, format_count, format_number, format_share, ngettext

__all__ = ["settle_area_points"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]

# Coordinates that lie on a grid so coarse were rounded to it. Of places on the next finer one a hundredth does so by
# chance, hence the least share.
_STEPS_DEGREES, _METRES_OF_A_DEGREE, _STEPS_M = (0.01, 0.1, 1.0), 111_320.0, (1_000.0, 10_000.0)
_ON_THE_GRID, _FEWEST_ROUNDED, _LEAST_SHARE_ROUNDED = 1e-4, 3, 0.03
# Most rows on points that hold three or more: an address that repeats (a hostel) has many around it that do not.
# A few hostels and single addresses may look so: below the larger share it is asked about.
_FEWEST_ROWS, _REPEATS, _LEAST_SHARE_REPEATED, _SHARE_OF_MIDDLES = 10, 3, 0.75, 0.9
# A point so close to a station, or to the middle of one of the deployment's own areas, three times over, is that: a
# hostel may well stand in the next street (chance puts one address of ten thousand so near to one of 20 stations).
_AT_THE_MIDDLE_M = 3.0
# A metre: coordinates that differ by less are one point.
_SAME_POINT_M = 1.0
# Of an earlier file's moved middles so many are near a new one's: the third nearest, as far as for most of them.
_FELLOWS, _USUAL_FELLOWS, _OF_PRECISION = 3, 0.95, 0.25
# Points that repeat beside others that are areas' are asked about from this share of the places on.
_SHARE_BESIDE_AREAS = 0.03
# What answers both questions, and what takes back what was settled without one.
_AS_AREAS, _AS_PLACES = '[place]\nshared_points = "areas"', '[place]\nshared_points = "places"'
# The schema's bound for location_precision_m.
_COARSEST_M = 100_000.0

# What stands for an area is in no smooth map, however small the area is: the least that the store takes for that.
_BEYOND_MAPS_M = float(np.nextafter(AREA_LEVEL_M, np.inf))
# An area's own middle is known to about the area's radius; from here on the point tells of more than the area.
_WIDER_THAN_AREA = 1.5
# From half of them on, what is said of such points is what becomes of those without an area.
_MOSTLY_NOWHERE = 0.5


def settle_area_points(
    records: pd.DataFrame,
    *,
    crs: str,
    geography: Geography,
    known_points_m: Floats,
    stations_m: Floats,
    snap_m: float,
    shared_points: Literal["places", "areas"] | None = None,
) -> tuple[pd.DataFrame, list[QualityWarning]]:
    """Rows whose point stands for an area get that area's location_precision_m, and a warning says so.

    Signs of such a point: its coordinates have two decimals of a degree or fewer (whole kilometres, of metres) and it
    is not alone in that; most rows of the file sit on few far-apart points, or lie scattered around few far-apart ones,
    all at one spread; it is the only one that repeats in the area that the file names; it is the middle of one of the
    deployment's areas, these have one point each, or it is a police station (`stations_m`, shape (n, 2)); it stands at
    one place of its square, as many others do; points that repeat, or those of rows without a time, keep apart as other
    places do not; an earlier file of this source had it so (`known_points_m`, shape (n, 3): snapped easting, northing
    and precision). Rows in custody stay: they did happen at a station.

    One point that holds a good part of the places is a default, where all others hold hardly any. Few points that do so
    together, or a scatter that towns could be as well, are asked about and left as they are, until the mapping says
    what they are: `shared_points`. As "places", decimals alone make an area of one.
    """
    given = points_of_file(records, crs, geography)
    if given is None:
        return records, []
    nothing, nobody = np.full(len(given.counts), np.nan), np.zeros(len(given.counts), dtype=bool)
    rounded, of_areas, named, by_name = _from_rounding(given), nothing, None, False
    scatter = find_scatter(given.metres, given.counts) if shared_points != "places" else None
    scattered = nothing
    if shared_points != "places":
        crowd = _crowd(given, geography)
        named = _told_by_name(given, records)
        by_name = named is not None and named.certain
        # What the file names beside its points tells middles from addresses better than how they lie.
        scatter = None if by_name else scatter
        apart_m, doubtful = (nothing, nobody) if by_name else keeping_apart(given, geography)
        spacing_m = _from_spacing(given)
        by_others = crowded_points(given.counts, ~np.isfinite(rounded))
        for precision_m in (
            np.where(named.others, np.nan, spacing_m) if named and by_name else spacing_m,
            named.precision_m if named and by_name else one_an_area(given, geography),
            apart_m,
            nothing if by_name else dated_and_apart(given),
            points_of_squares(given, ~np.isfinite(rounded)),
            _from_middles(given, geography, crowd, by_others, gathered=not by_name),
            _from_stations(given, stations_m, geography, crowd, by_others),
        ):
            of_areas = np.fmax(of_areas, _beyond_rounding(precision_m, rounded))
        by_themselves = of_areas
        before_m = _from_before(given, known_points_m, snap_m, told=np.isfinite(of_areas))
        of_areas = np.fmax(of_areas, _beyond_rounding(before_m, rounded))
        unexplained = ~np.isfinite(np.fmax(rounded, of_areas))
        crowded = crowded_points(given.counts, unexplained) | crowd.repeat_alone(unexplained)
        no_address = crowd.no_addresses(unexplained)
        if _share_repeated(given) >= _LEAST_SHARE_REPEATED:
            crowded |= unexplained & (given.counts >= _REPEATS)
        if named and by_name:
            # One of the two that come again in an area may be its middle.
            crowded |= unexplained & named.rivals
        elif named or np.isfinite(of_areas).sum() >= FEWEST_MIDDLES:
            # Where many points are areas', others that repeat may be too.
            doubtful = (given.incidents > 1) | (np.isfinite(named.precision_m) if named else nobody)
        least = SHARE_ASKED if np.isfinite(of_areas).sum() < FEWEST_MIDDLES else _SHARE_BESIDE_AREAS
        if given.counts[unexplained & doubtful].sum() >= least * given.counts.sum():
            crowded |= unexplained & doubtful
        if shared_points == "areas":
            no_address |= crowded | (unexplained & (given.incidents > 1))
        half_m = _half_way_to_next(given, no_address, geography)
        of_areas, by_themselves = np.fmax(of_areas, half_m), np.fmax(by_themselves, half_m)
        crowded &= ~no_address
        if scatter:
            # Points of a scatter that an earlier file had too are told as such again.
            explained = np.isfinite(np.fmax(rounded, by_themselves if scatter.certain else of_areas))
            scattered = np.where(explained, np.nan, scatter.precision_m(given.metres))
    column = records["location_precision_m"].to_numpy(dtype=float).copy()
    stated = column[given.rows]
    settled_scatter = scatter is not None and (scatter.certain or shared_points == "areas")
    of_areas = np.fmax(of_areas, scattered if settled_scatter else nothing)
    of_rows = np.minimum(np.fmax(rounded, of_areas)[given.point], _COARSEST_M)
    inexact = np.isfinite(of_rows) & (of_rows > FINEST_AREA_M) & ~given.custody
    coarser = inexact & ~(stated >= of_rows)
    around = np.isfinite(scattered)[given.point] & ~given.custody
    asked: list[QualityWarning] = []
    # Places that are stated to be inexact are none to ask about.
    if shared_points is None and not (stated > FINEST_AREA_M).all():
        asked = [*_asked_about(given, crowded, inexact=stated > FINEST_AREA_M)]
        if scatter and not scatter.certain and around.any():
            asked.append(_asked_scatter(given, scatter, around))
    if not coarser.any():
        by_word = (stated > FINEST_AREA_M).any()
        return (records.assign(**_areas_as_wide(records, column, geography)) if by_word else records), asked
    column[given.rows[coarser]] = of_rows[coarser]
    labels = _areas_as_wide(records, column, geography)
    stand_for_areas = coarser & np.isfinite(of_areas)[given.point]
    column[given.rows[stand_for_areas]] = np.fmax(of_rows[stand_for_areas], _BEYOND_MAPS_M)
    settled = records.assign(location_precision_m=column, **labels)
    if "row_hash" in records:
        # The row as the source gives it is the same, its place is not: what was stored before must give way.
        hashes = records["row_hash"].to_numpy(dtype=object).copy()
        hashes[given.rows[coarser]] += "-area"
        settled = settled.assign(row_hash=hashes)
    judged = np.isfinite(of_areas)[given.point]
    told = [
        _told(kind, given, of, np.fmax(of_rows, stated), settled, scatter, of_areas, named if by_name else None)
        for kind, of in (
            ("area_points", inexact & judged & ~around),
            ("rounded_points", inexact & ~judged & ~around),
            ("scattered_points", inexact & around),
        )
        if of.any()
    ]
    return settled, [*told, *asked]


def _told(
    kind: str,
    given: "FilePoints",
    chosen: Mask,
    precision_m: Floats,
    settled: pd.DataFrame,
    scatter: Scatter | None,
    of_areas: Floats,
    named: NamedMiddles | None,
) -> QualityWarning:
    """What became of the chosen located rows; `of_areas` is the precision of points that were judged to be areas'."""
    count = int(chosen.sum())
    by_judgement = bool(np.isfinite(of_areas[given.point[chosen]]).any())
    numbers = {
        "count": format_count(count),
        "total": format_count(len(given.rows)),
        "precision": format_number(float(np.median(precision_m[chosen])), significant=2),
    }
    if kind == "scattered_points" and scatter:
        sentence = ngettext(
            "{count} of {total} places lies scattered around one of {centres} far-apart points, all in the same way"
            " ({radius} m): the middles of areas, moved at random (known to {precision} m).",
            "{count} of {total} places lie scattered around {centres} far-apart points, all in the same way"
            " ({radius} m): the middles of areas, moved at random (known to {precision} m).",
            count,
        ).format(**numbers, **_of_scatter(scatter))
    elif kind == "rounded_points":
        sentence = (
            ngettext(
                "{count} of {total} places has coordinates of two decimals of a degree or fewer: rounded, and known to"
                " {precision} m.",
                "{count} of {total} places have coordinates of two decimals of a degree or fewer: rounded, and known to"
                " {precision} m.",
                count,
            )
            if given.degrees
            else ngettext(
                "{count} of {total} places has coordinates in whole kilometres: rounded, and known to {precision} m.",
                "{count} of {total} places have coordinates in whole kilometres: rounded, and known to {precision} m.",
                count,
            )
        ).format(**numbers)
    else:
        points = len(np.unique(given.point[chosen]))
        sentence = ngettext(
            "{count} of {total} places is a point that stands for an area ({points}, known to {precision} m).",
            "{count} of {total} places are points that stand for areas ({points}, known to {precision} m).",
            count,
        ).format(
            points=ngettext("{count} point", "{count} points", points).format(count=format_count(points)), **numbers
        )
        if named and (by_name := int(np.isfinite(named.precision_m[given.point[chosen]]).sum())):
            sentence = _(
                "{sentence} {count} of them are told by the areas that the file names beside them: each such point is"
                " the one that the rows of its area share."
            ).format(sentence=sentence, count=format_count(by_name))
    # As stored: an area that is too small for the point is none.
    nowhere = settled["small_area"].isna().to_numpy()[given.rows[chosen]] if "small_area" in settled else chosen[:0]
    if nowhere.size and nowhere.mean() >= _MOSTLY_NOWHERE:
        advice = _(
            "No small area is as wide as that, so they are in no alert and in no table by small area, and are left out"
            " of the smooth map. Give the areas that they stand for (small_areas_file in the section [geography] of the"
            " settings), or map the exact places if the source has them."
        )
    elif kind == "rounded_points" and (precision_m[chosen] <= AREA_LEVEL_M).all():
        advice = _(
            "They count in their areas, and the map is smoothed over twice that at least. If the source has the exact"
            " places, map those."
        )
    else:
        advice = _(
            "They count in their areas and are left out of the smooth map. If the source has the exact places, map"
            " those."
        )
    if by_judgement:
        advice = _("{advice} If they are real places, such as a hostel, write in the mapping:").format(advice=advice)
    return make_warning(
        kind=kind,
        rows=given.row_numbers[chosen],
        sentence=sentence,
        advice=advice,
        setting=_AS_PLACES if by_judgement else "",
    )


def _of_scatter(scatter: Scatter) -> dict[str, str]:
    return {
        "centres": format_count(len(scatter.centres_m)),
        "radius": format_number(scatter.radius_m, significant=2),
        "apart": format_number(scatter.apart_m / 1_000, significant=2),
    }


def _areas_as_wide(records: pd.DataFrame, precision_m: Floats, geography: Geography) -> dict[str, Objects]:
    """Each row's areas: of an inexact point those that the file names, and else none that are too small for it.

    The middle of a county lies in some square kilometre, and says nothing of it.
    """
    vague = precision_m > FINEST_AREA_M
    kept = {}
    for level, layer in AREA_LEVELS.items():
        if level in records:
            areas = getattr(geography, layer)
            radius_m = pd.Series(np.sqrt(areas.geometry.area.to_numpy() / np.pi), index=areas["code"].to_numpy())
            reach_m = records[level].map(radius_m.to_dict()).to_numpy(dtype=float)
            labels = records[level].to_numpy(dtype=object).copy()
            labels[precision_m > _WIDER_THAN_AREA * reach_m] = None
            if NAMED_AREAS[level] in records:
                named = records[NAMED_AREAS[level]].to_numpy(dtype=object)
                labels = np.where(vague & ~pd.isna(named), named, labels)
            kept[level] = labels
    return kept


def _crowd(given: FilePoints, geography: Geography) -> Crowd:
    """What is known of the points and of where people live: where addresses are, else where other places are."""
    row, column = np.nonzero(geography.addresses)
    grid = geography.grid
    homes_m = np.column_stack([grid.easting_m[column], grid.northing_m[row]])
    if not geography.has_addresses:
        homes_m = given.metres[given.counts < FEWEST_CROWDED]
    return Crowd(
        counts=given.counts,
        incidents=given.incidents,
        stated=given.stated,
        degrees=given.degrees,
        metres=given.metres,
        homes_m=homes_m,
        homes_known=shapely.contains_xy(geography.outline, given.easting_m, given.northing_m) & geography.has_addresses,
    )


def _beyond_rounding(precision_m: Floats, rounded_m: Floats) -> Floats:
    """Precision of points as areas', but for those that lie no farther apart than the grid that all were rounded to."""
    both = np.isfinite(precision_m) & np.isfinite(rounded_m)
    explained = both.any() and np.median(precision_m[both]) <= np.median(rounded_m[both])
    return np.where(both & explained, np.nan, precision_m)


def _from_rounding(given: FilePoints) -> Floats:
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


def _from_spacing(given: FilePoints) -> Floats:
    """Precision of the points where most rows sit on few far-apart ones: half the distance to the next, at least the
    median of these halves (a small area beside a large one)."""
    nothing = np.full(len(given.counts), np.nan)
    repeated = given.counts >= _REPEATS
    if _share_repeated(given) < _SHARE_OF_MIDDLES or repeated.sum() < 2:
        return nothing
    half_m = cKDTree(given.metres).query(given.metres, k=2)[0][:, 1] / 2
    usual_m = float(np.median(half_m[repeated]))
    return np.fmax(half_m, usual_m) if usual_m >= FINEST_AREA_M else nothing


def _share_repeated(given: FilePoints) -> float:
    """The share of rows on points that hold several; 0 in a file of few rows."""
    rows = int(given.counts.sum())
    return float(given.counts[given.counts >= _REPEATS].sum() / rows) if rows >= _FEWEST_ROWS else 0.0


def _told_by_name(given: FilePoints, records: pd.DataFrame) -> NamedMiddles | None:
    """What a column of areas tells: one that the mapping names for it, or those that are read as the record's areas."""
    columns = (name for name in (RAW_AREA, *NAMED_AREAS.values()) if name in records)
    told = [
        middles_by_name(given, records[name].iloc[given.rows].to_numpy(dtype=object), own=name != RAW_AREA)
        for name in columns
    ]
    return max((each for each in told if each), key=lambda each: each.certain, default=None)


def _from_middles(given: FilePoints, geography: Geography, crowd: Crowd, crowded: Mask, *, gathered: bool) -> Floats:
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
            centres_m = np.column_stack([x, y])
            precision_m = np.fmax(precision_m, _near(given, centres_m, radius_m, crowd, crowded))
            if gathered:
                precision_m = np.fmax(precision_m, gathered_at_middles(given, centres_m, radius_m, crowd.homes_m))
    whole = geography.outline.centroid
    radius_m = np.array([np.sqrt(geography.outline.area / np.pi)])
    return np.fmax(precision_m, _near(given, np.array([[whole.x, whole.y]]), radius_m, crowd, crowded))


def _from_stations(given: FilePoints, stations_m: Floats, geography: Geography, crowd: Crowd, crowded: Mask) -> Floats:
    """Precision of points at a police station: half the distance to the next station, as officers come from around."""
    stations_m = np.unique(stations_m[np.isfinite(stations_m).all(axis=1)], axis=0)
    if not len(stations_m):
        return np.full(len(given.counts), np.nan)
    whole_m = np.sqrt(geography.outline.area / np.pi)
    half_m = cKDTree(stations_m).query(stations_m, k=2)[0][:, 1] / 2 if len(stations_m) > 1 else np.array([whole_m])
    return _near(given, stations_m, half_m, crowd, crowded)


def _near(given: FilePoints, centres_m: Floats, radius_m: Floats, crowd: Crowd, crowded: Mask) -> Floats:
    """The radius of the nearest centre for points that repeat and lie at it, or are crowded and nearer to it than by
    chance; else NaN."""
    found = np.full(len(given.counts), np.nan)
    repeated = np.flatnonzero(given.counts >= _REPEATS)
    distance_m, nearest = cKDTree(centres_m).query(given.metres[repeated])
    there = distance_m <= _AT_THE_MIDDLE_M
    if crowded.any():
        reach_m = reach_of_chance_m(crowd.homes_m, centres_m, radius_m, points=int(crowded.sum()))
        there |= crowded[repeated] & (distance_m <= reach_m[nearest])
    found[repeated[there]] = radius_m[nearest[there]]
    return found


def _from_before(given: FilePoints, known_points_m: Floats, snap_m: float, *, told: Mask) -> Floats:
    """Precision of points that an earlier file of this source showed to be areas, or that lie among such a file's moved
    middles. Which of several in one cell it was is told by the file itself, where it tells of one (`told`)."""
    if not len(known_points_m):
        return np.full(len(given.counts), np.nan)
    known = cKDTree(known_points_m[:, :2])
    snapped = snap_to_cells(given.metres, snap_m=snap_m)
    distance_m, nearest = known.query(snapped)
    within_m = _SAME_POINT_M
    if len(known_points_m) > _FELLOWS:
        fellow_m = known.query(known_points_m[:, :2], k=_FELLOWS + 1)[0][:, -1]
        usual_m = float(np.quantile(fellow_m, _USUAL_FELLOWS))
        # Middles themselves lie farther from one another than they are known to.
        if usual_m <= _OF_PRECISION * np.median(known_points_m[:, 2]):
            distance_m, within_m = known.query(snapped, k=_FELLOWS)[0][:, -1], usual_m
    # Of the least that is stored nobody knows how small the area was.
    precision_m = np.where(known_points_m[:, 2] <= _BEYOND_MAPS_M, 2 * FINEST_AREA_M, known_points_m[:, 2])
    cell = np.unique(snapped, axis=0, return_inverse=True)[1].reshape(-1)
    beside = ~told & (np.bincount(cell, told)[cell] > 0)
    return np.where((distance_m <= within_m) & ~beside, precision_m[nearest], np.nan)


def _half_way_to_next(given: FilePoints, crowded: Mask, geography: Geography) -> Floats:
    """Precision of crowded points that are areas': half the distance to the next of them, or all of the force for one
    alone."""
    precision_m = np.full(len(given.counts), np.nan)
    if crowded.sum() == 1:
        precision_m[crowded] = np.sqrt(geography.outline.area / np.pi)
    elif crowded.any():
        own = given.metres[crowded]
        precision_m[crowded] = cKDTree(own).query(own, k=2)[0][:, 1] / 2
    return precision_m


def _asked_about(given: FilePoints, crowded: Mask, *, inexact: Mask) -> Iterator[QualityWarning]:
    """Points that many rows share, and that may be places or not; but for rows that the file says are inexact."""
    asked = crowded[given.point] & ~inexact
    points, rows = len(np.unique(given.point[asked])), given.row_numbers[asked]
    if not points:
        return
    sentence = ngettext(
        "{count} of {total} places ({share}) are {points} point.",
        "{count} of {total} places ({share}) are {points} points, to the last decimal.",
        points,
    ).format(
        count=format_count(len(rows)),
        total=format_count(len(given.rows)),
        share=format_share(len(rows) / len(given.rows)),
        points=_("one") if points == 1 else format_count(points),
    )
    advice = _(
        "An address where naloxone is often given is a place, and nothing was changed. If they are stations, defaults"
        " or the middles of areas, leave those coordinates empty at the source, or write in the mapping (“places” ends"
        " the question):"
    )
    yield make_warning(kind="crowded_point", rows=rows, sentence=sentence, advice=advice, setting=_AS_AREAS)


def _asked_scatter(given: FilePoints, scatter: Scatter, around: Mask) -> QualityWarning:
    """A scatter that may be that of towns."""
    return make_warning(
        kind="scattered_points",
        rows=given.row_numbers[around],
        sentence=_(
            "{count} of {total} places lie around {centres} points some {apart} km apart, all in the same way"
            " ({radius} m). They may be the middles of areas, moved at random, or towns."
        ).format(count=format_count(int(around.sum())), total=format_count(len(given.rows)), **_of_scatter(scatter)),
        advice=_(
            "Nothing was changed. If the source moves places, peaks on the map are of its making: write in the mapping"
            " (“places” if they are real):"
        ),
        setting=_AS_AREAS,
    )
