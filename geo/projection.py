"""Between coordinate systems: WGS84 degrees, the deployment's metres, and web Mercator for the map.

A density grid in British National Grid must be warped, not stretched, to lie right on a web map: grid north is not true
north, and stretching an image by its corners moves it by hundreds of metres.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from scipy import ndimage

from geo.errors import CrsNotMetricError

__all__ = ["LatLonBounds", "check_metric_crs", "from_wgs84", "reproject", "to_wgs84", "warp_to_mercator"]

LatLonBounds = tuple[tuple[float, float], tuple[float, float]]

_WGS84 = "EPSG:4326"
# Web Mercator is a formula on a sphere of this radius (m). It is applied to WGS84 degrees here, so that an image and a
# marker at the same place go through the same datum shift: the library may choose another one for EPSG:3857.
_MERCATOR_RADIUS_M = 6_378_137.0
# Pixels between exactly transformed points of the warp; between them the transform is interpolated. At 16 pixels the
# curvature left out is under a metre for any force (tests/geo/test_projection.py measures it).
_LATTICE_STEP_PX = 16
# Points along each side of a grid when its extent in Mercator is taken: the sides are curves there.
_SIDE_POINTS = 33


def check_metric_crs(crs: str) -> None:
    """Raise CrsNotMetricError unless `crs` is a projected system in metres."""
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        raise CrsNotMetricError(crs=crs) from error
    if not system.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in system.axis_info[:2]):
        raise CrsNotMetricError(crs=crs)


def to_wgs84(
    *, easting_m: ArrayLike, northing_m: ArrayLike, crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude in degrees of points in `crs`. NaN stays NaN."""
    longitude, latitude = _transform(crs, _WGS84, easting_m, northing_m)
    return latitude, longitude


def from_wgs84(
    *, latitude: ArrayLike, longitude: ArrayLike, crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Easting and northing in metres in `crs` of points in degrees. NaN, or a place `crs` cannot show, is NaN."""
    return _transform(_WGS84, crs, longitude, latitude)


def reproject(
    *, easting_m: ArrayLike, northing_m: ArrayLike, from_crs: str, to_crs: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Easting and northing in `to_crs` of points in `from_crs`, both in metres. NaN stays NaN."""
    return _transform(from_crs, to_crs, easting_m, northing_m)


def warp_to_mercator(
    *,
    values: NDArray,
    x0_m: float,
    y0_m: float,
    cell_m: float,
    crs: str,
    smooth: bool = False,
    longest_side_px: int = 2_000,
) -> tuple[NDArray, LatLonBounds]:
    """A grid in `crs` as an image in web Mercator, ready to be laid on a web map.

    `values` is (ny, nx) of numbers, NaN where there is nothing, or (ny, nx, 4) RGBA of uint8; rows run south to north
    and (x0_m, y0_m) is the south-west corner. The image's rows run **north to south**; its longest side is at most
    `longest_side_px`, its pixels otherwise half a cell. `smooth` interpolates between cells (values with weights
    renormalised at the edge of NaN, colours with premultiplied alpha); otherwise a pixel shows the cell it lies in.

    Returns the image and its bounds ((south, west), (north, east)) in degrees.
    """
    rows, columns = values.shape[:2]
    west, south, east, north = _mercator_extent(x0_m, y0_m, rows, columns, cell_m, crs)
    scale = _mercator_scale(x0_m + columns * cell_m / 2, y0_m + rows * cell_m / 2, crs)
    pixel = max(cell_m / 2 * scale, max(east - west, north - south) / longest_side_px)
    width, height = max(1, round((east - west) / pixel)), max(1, round((north - south) / pixel))
    row, column = _cell_positions(
        mercator_x=west + (np.arange(width) + 0.5) * (east - west) / width,
        mercator_y=north - (np.arange(height) + 0.5) * (north - south) / height,
        x0_m=x0_m,
        y0_m=y0_m,
        cell_m=cell_m,
        crs=crs,
    )
    image = _sample_rgba(values, row, column, smooth) if values.ndim == 3 else _sample(values, row, column, smooth)
    (s, n), (w, e) = _degrees(np.array([west, east]), np.array([south, north]))
    return image, ((float(s), float(w)), (float(n), float(e)))


@lru_cache(maxsize=32)
def _transformer(from_crs: str, to_crs: str) -> Transformer:
    return Transformer.from_crs(from_crs, to_crs, always_xy=True)


def _transform(
    from_crs: str, to_crs: str, x: ArrayLike, y: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    new_x, new_y = _transformer(from_crs, to_crs).transform(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    unknown = ~(np.isfinite(new_x) & np.isfinite(new_y))
    return np.where(unknown, np.nan, new_x), np.where(unknown, np.nan, new_y)


def _degrees(mercator_x: NDArray, mercator_y: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of points in web Mercator."""
    latitude = np.degrees(np.arcsin(np.tanh(mercator_y / _MERCATOR_RADIUS_M)))
    return latitude, np.degrees(mercator_x / _MERCATOR_RADIUS_M)


def _mercator_extent(
    x0_m: float, y0_m: float, rows: int, columns: int, cell_m: float, crs: str
) -> tuple[float, float, float, float]:
    along_x = x0_m + np.linspace(0, columns * cell_m, _SIDE_POINTS)
    along_y = y0_m + np.linspace(0, rows * cell_m, _SIDE_POINTS)
    x = np.concatenate([along_x, along_x, np.full(_SIDE_POINTS, along_x[0]), np.full(_SIDE_POINTS, along_x[-1])])
    y = np.concatenate([np.full(_SIDE_POINTS, along_y[0]), np.full(_SIDE_POINTS, along_y[-1]), along_y, along_y])
    latitude, longitude = to_wgs84(easting_m=x, northing_m=y, crs=crs)
    mercator_x = _MERCATOR_RADIUS_M * np.radians(longitude)
    mercator_y = _MERCATOR_RADIUS_M * np.arctanh(np.sin(np.radians(latitude)))
    return float(mercator_x.min()), float(mercator_y.min()), float(mercator_x.max()), float(mercator_y.max())


def _mercator_scale(easting_m: float, northing_m: float, crs: str) -> float:
    """How many Mercator metres a metre on the ground is, at a point: 1 / cos(latitude)."""
    latitude, _longitude = to_wgs84(easting_m=easting_m, northing_m=northing_m, crs=crs)
    return float(1 / np.cos(np.radians(latitude)))


def _cell_positions(
    *, mercator_x: NDArray, mercator_y: NDArray, x0_m: float, y0_m: float, cell_m: float, crs: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fractional row and column of the grid under each pixel; whole numbers are cell centres. Both (height, width)."""
    knots_x, knots_y = _knots(mercator_x), _knots(mercator_y)
    latitude, longitude = _degrees(*np.meshgrid(mercator_x[knots_x], mercator_y[knots_y]))
    easting_m, northing_m = from_wgs84(latitude=latitude, longitude=longitude, crs=crs)
    weight_x = _interpolation(knots_x, mercator_x.size)
    weight_y = _interpolation(knots_y, mercator_y.size)
    row = ((weight_y @ ((northing_m - y0_m) / cell_m - 0.5)) @ weight_x.T).astype(np.float32)
    column = ((weight_y @ ((easting_m - x0_m) / cell_m - 0.5)) @ weight_x.T).astype(np.float32)
    return row, column


def _knots(pixels: NDArray) -> NDArray[np.intp]:
    return np.unique(np.append(np.arange(0, pixels.size, _LATTICE_STEP_PX), pixels.size - 1))


def _interpolation(knots: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """The matrix (size, knots) of linear interpolation from values at `knots` to values at every pixel."""
    return np.stack([np.interp(np.arange(size), knots, column) for column in np.eye(knots.size)], axis=1)


def _sample(values: NDArray, row: NDArray, column: NDArray, smooth: bool) -> NDArray[np.float64]:
    if not smooth:
        return _nearest(values.astype(float), row, column, outside=np.nan)
    known = np.isfinite(values)
    position = np.stack([row, column])
    weight = ndimage.map_coordinates(known.astype(np.float32), position, order=1, cval=0.0)
    total = ndimage.map_coordinates(np.where(known, values, 0.0), position, order=1, cval=0.0)
    # Half the weight known is where the cell-wise picture ends too: smoothing neither grows nor shrinks the area.
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight >= 0.5)


def _sample_rgba(values: NDArray, row: NDArray, column: NDArray, smooth: bool) -> NDArray[np.uint8]:
    if not smooth:
        return _nearest(values, row, column, outside=0)
    position = np.stack([row, column])
    alpha = values[..., 3].astype(np.float32)
    warped = [
        ndimage.map_coordinates(values[..., band] * alpha, position, order=1, cval=0.0, output=np.float32)
        for band in range(3)
    ]
    opacity = ndimage.map_coordinates(alpha, position, order=1, cval=0.0)
    colours = [np.divide(band, opacity, out=np.zeros_like(band), where=opacity > 0) for band in warped]
    return np.stack([*colours, opacity], axis=-1).round().clip(0, 255).astype(np.uint8)


def _nearest(values: NDArray, row: NDArray, column: NDArray, *, outside: float) -> NDArray:
    i, j = np.rint(row).astype(np.intp), np.rint(column).astype(np.intp)
    inside = (i >= 0) & (i < values.shape[0]) & (j >= 0) & (j < values.shape[1])
    picked = values[i.clip(0, values.shape[0] - 1), j.clip(0, values.shape[1] - 1)]
    picked[~inside] = outside
    return picked
