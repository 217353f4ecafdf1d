"""Boundaries that a deployment brings: GeoPackage, GeoJSON or Shapefile, in any coordinate reference system.

Whatever is wrong with a file is told as a named error before anything is computed from it. Shapes that merely cross
themselves are repaired.
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.errors import (
    BoundaryElsewhereError,
    DuplicateCodeError,
    EmptyBoundaryError,
    MissingColumnError,
    MissingCrsError,
    NotPolygonsError,
    UnreadableBoundaryError,
)
from wording import _

__all__ = ["BoundaryFile", "OutlineFile", "read_areas", "read_outline"]

_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
# Whatever the reader says of a file it does not understand.
_READER_ERRORS = (CRSError, DataSourceError, FeatureError, GeometryError)


@dataclass(frozen=True)
class OutlineFile:
    """A file whose areas together are the deployment's outline; with `column` and `value`, only the rows with it."""

    path: Path
    column: str | None = None
    value: str | None = None
    layer: str | None = None


@dataclass(frozen=True)
class BoundaryFile:
    """A file of areas, each with its own code, and the columns of code and name (the code, if no name is set)."""

    path: Path
    code_column: str
    name_column: str | None = None
    layer: str | None = None


def read_outline(outline: OutlineFile, *, crs: str) -> BaseGeometry:
    """The union of a file's areas as a (Multi)Polygon in metres on `crs`; holes and islands are kept.

    Raises UnreadableBoundaryError, MissingCrsError, EmptyBoundaryError, NotPolygonsError, MissingColumnError or
    BoundaryElsewhereError.
    """
    frame = _read(outline.path, layer=outline.layer)
    if outline.column is not None:
        _check_column(frame, outline.column, outline.path)
        frame = frame[frame[outline.column].astype(str) == str(outline.value)]
    shapes = _shapes(frame, path=outline.path, crs=crs)
    union = only_polygons(shapely.union_all(shapes))
    if union.is_empty or not np.isfinite(union.bounds).all() or union.area <= 0:
        raise BoundaryElsewhereError(path=outline.path, crs=crs)
    return union


def read_areas(areas: BoundaryFile, *, crs: str) -> gpd.GeoDataFrame:
    """A file's areas on `crs`: code (text, unique), name, geometry.

    Raises what read_outline raises, and DuplicateCodeError.
    """
    frame = _read(areas.path, layer=areas.layer)
    name_column = areas.name_column or areas.code_column
    for column in (areas.code_column, name_column):
        _check_column(frame, column, areas.path)
    shapes = _shapes(frame, path=areas.path, crs=crs)
    code = frame[areas.code_column]
    if code.isna().any() or code.astype(str).duplicated().any():
        raise DuplicateCodeError(path=areas.path, column=areas.code_column)
    name = frame[name_column].where(frame[name_column].notna(), code)
    return gpd.GeoDataFrame(
        {"code": code.astype(str).to_numpy(), "name": name.astype(str).to_numpy()}, geometry=shapes, crs=crs
    )


def only_polygons(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape; the stray points and lines that repairs and overlays leave are dropped."""
    if shapely.get_type_id(shape) in _POLYGONS:
        return shape
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), [int(kind) for kind in _POLYGONS])])


def _read(path: Path, *, layer: str | None) -> gpd.GeoDataFrame:
    if not path.is_file():
        raise UnreadableBoundaryError(path=path, reason=_("there is no such file"))
    try:
        frame = gpd.read_file(path, layer=layer, engine="pyogrio")
    except DataLayerError as error:
        raise UnreadableBoundaryError(
            path=path, reason=_("it has no layer called “{layer}”").format(layer=layer or "")
        ) from error
    except (*_READER_ERRORS, OSError, ValueError) as error:
        # The reader's own words speak of drivers; they stay in the error's cause.
        raise UnreadableBoundaryError(path=path, reason=_("it is damaged or of another kind")) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise EmptyBoundaryError(path=path)
    return frame


def _check_column(frame: gpd.GeoDataFrame, column: str, path: Path) -> None:
    if column not in frame.columns:
        names = [name for name in frame.columns if name != frame.geometry.name]
        raise MissingColumnError(path=path, column=column, columns=names)


def _shapes(frame: gpd.GeoDataFrame, *, path: Path, crs: str) -> np.ndarray:
    """The rows' polygons on `crs`, repaired."""
    if len(frame) == 0:
        raise EmptyBoundaryError(path=path)
    if frame.crs is None:
        raise MissingCrsError(path=path)
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    polygonal = np.isin(shapely.get_type_id(shapes), [int(kind) for kind in _POLYGONS])
    if not polygonal.all():
        raise NotPolygonsError(path=path, row=int(np.argmin(polygonal)) + 1)
    placed = gpd.GeoSeries(shapes, crs=frame.crs).to_crs(crs).to_numpy()
    if not np.isfinite(shapely.bounds(placed)).all() and not shapely.is_empty(placed).any():
        raise BoundaryElsewhereError(path=path, crs=crs)
    repaired = np.array([only_polygons(shape) for shape in shapely.make_valid(placed)], dtype=object)
    usable = shapely.area(repaired) > 0
    if not usable.all():
        raise NotPolygonsError(path=path, row=int(np.argmin(usable)) + 1)
    return repaired
