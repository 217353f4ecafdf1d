"""The distinct points of a file: how many rows and incidents share each, before anything is snapped."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from geo.areas import Geography
from geo.projection import reproject

__all__ = ["RAW_AREA", "RAW_X", "RAW_Y", "FilePoints", "points_of_file"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# The file's own coordinates, and the area that it names for them, beside the record, for these checks alone: no table
# has such columns.
RAW_X, RAW_Y, RAW_AREA = "raw_x", "raw_y", "raw_area"

# Coordinates that differ by less than a metre are one point.
_DECIMALS_OF_DEGREES = 5


@dataclass(frozen=True, kw_only=True)
class FilePoints:
    """The distinct points of a file, `raw` to a metre and as first `stated`, and its located rows: positions, the point
    of each, and whether in custody. Of each point how many rows there are (`counts`), how many of these without a time
    of day (`dated`), and how many `incidents`.
    """

    rows: NDArray[np.intp]
    point: NDArray[np.intp]
    custody: Mask
    easting_m: Floats
    northing_m: Floats
    raw: Floats
    stated: Floats
    degrees: bool
    counts: Ints
    dated: Ints
    incidents: Ints
    row_numbers: Ints

    @property
    def metres(self) -> Floats:
        """Shape (n, 2)."""
        return np.column_stack([self.easting_m, self.northing_m])


def points_of_file(records: pd.DataFrame, crs: str, geography: Geography) -> FilePoints | None:
    """The points of records with coordinates in `crs`; None where there are none."""
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
    first = ~pairs.duplicated().to_numpy()
    distinct = pairs[first].to_numpy(dtype=float)
    easting_m, northing_m = (
        reproject(easting_m=distinct[:, 0], northing_m=distinct[:, 1], from_crs=crs, to_crs=geography.crs)
        if crs != geography.crs
        else (distinct[:, 0], distinct[:, 1])
    )
    custody = (
        (records["setting"].iloc[rows] == "custody").to_numpy() if "setting" in records else np.zeros(len(rows), bool)
    )
    return FilePoints(
        rows=rows,
        point=point,
        custody=custody,
        easting_m=np.asarray(easting_m, dtype=float),
        northing_m=np.asarray(northing_m, dtype=float),
        raw=distinct,
        stated=records[[RAW_X, RAW_Y]].iloc[rows[first]].to_numpy(dtype=float),
        degrees=CRS.from_user_input(crs).is_geographic,
        counts=np.bincount(point),
        dated=np.bincount(point, weights=_without_time(records)[rows], minlength=len(distinct)).astype(np.int64),
        incidents=np.bincount(point[~_of_one_incident(records, rows, point)]),
        row_numbers=records.index.to_numpy(dtype=np.int64)[rows],
    )


def _without_time(records: pd.DataFrame) -> Mask:
    if "time_precision" not in records:
        return np.zeros(len(records), dtype=bool)
    return (records["time_precision"] == "day").to_numpy(dtype=bool)


def _of_one_incident(records: pd.DataFrame, rows: Ints, point: Ints) -> Mask:
    """Rows after the first of one incident at one point: two people, who share it."""
    if "incident_id" not in records:
        return np.zeros(len(rows), dtype=bool)
    codes = pd.factorize(records["incident_id"].to_numpy(dtype=object)[rows])[0]
    return pd.Series(point * (int(codes.max()) + 1) + codes).duplicated().to_numpy()
