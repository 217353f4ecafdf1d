"""Coordinates that were read wrongly: (0, 0) for none, x and y swapped, a minus that lacks, another coordinate system.

Works on the coordinates as the file gives them, before they are snapped, and changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.mapping import PlaceLayout
from data.quality.file_points import RAW_X, RAW_Y
from data.quality.warnings import QualityWarning, make_warning
from geo.areas import Geography
from geo.projection import reproject
from wording import _, format_count, format_share, ngettext

__all__ = ["misread_coordinates"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Another reading of the coordinates is proposed where the mapping's puts most places outside the force and the other
# nearly all inside it.
_MOSTLY_OUTSIDE, _NEARLY_ALL = 0.5, 0.9
# Systems that UK files and web maps use: degrees, British, Irish (old and new) grid, web maps. The deployment's own
# comes first.
_SYSTEMS = ("EPSG:4326", "EPSG:27700", "EPSG:29903", "EPSG:2157", "EPSG:3857")
# Enough places to tell one reading from another.
_SAMPLE = 2_000


def misread_coordinates(records: pd.DataFrame, *, place: PlaceLayout, geography: Geography) -> list[QualityWarning]:
    """Warnings where coordinates are 0, or another reading of them (swapped, other system) puts them in the force."""
    if RAW_X not in records:
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
    columns = {"x": place.x, "y": place.y} if place.x else {"point": place.point}
    if reading.swapped and place.x:
        columns = {"x": place.y, "y": place.x}
    lines = ["[place]", f'crs = "{reading.crs}"', *(f'{name} = "{heading}"' for name, heading in columns.items())]
    if place.point and place.swapped != reading.swapped:
        lines.append("swapped = true")
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
