"""A recognisable map without the internet: a built-up footprint as an image, outlines as GeoJSON, and place names.

Everything here is in WGS84 degrees, as web maps want it, and small enough to be sent with a page.
"""

import io
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from geo.areas import geography_key
from geo.cache import default_cache_folder, find_entry, make_entry
from geo.geography import Geography
from geo.grid import polygon_mask
from geo.projection import LatLonBounds, to_wgs84, warp_to_mercator
from geo.request import GeographyRequest
from wording import _

__all__ = ["Basemap", "GeoJson", "PlaceLabel", "build_basemap", "load_basemap", "thin_labels", "to_geojson"]

GeoJson = dict[str, object]

# A quiet grey that carries densities above it (RGB), and its opacity where the ground is most built-up.
_FOOTPRINT_RGB = (96, 104, 116)
_FOOTPRINT_OPACITY = 150
# Shades of it: no more can be told apart, and the image is half the size.
_FOOTPRINT_SHADES = 16
# Pixels of the longest side: sharp at the zoom of a whole force.
_FOOTPRINT_SIDE_PX = 1_600
# A layer's size as GeoJSON (bytes), and the digits of a degree kept: the fifth is a metre.
_MOST_BYTES = 300_000
_DIGITS = 5
# First simplification tried (m); it doubles until a layer is small enough. Below a pixel at the zoom of a force.
_FIRST_TOLERANCE_M = 30.0
# Files of an entry in the cache.
_FOOTPRINT = "footprint.png"
_DRAWN = "drawn.json"
# Labels apart by this share of the longer side: about 20 on a map of a force, none on another.
_LABEL_SPACING_SHARE = 0.07


@dataclass(frozen=True)
class PlaceLabel:
    """A place's name on the map, where it stands in degrees, and its rank (1 the largest)."""

    name: str
    latitude: float
    longitude: float
    rank: int


@dataclass(frozen=True, eq=False)
class Basemap:
    """What a map of a deployment is drawn on.

    footprint_png is an image (RGBA) in web Mercator, rows north to south, with footprint_bounds
    ((south, west), (north, east)). The layers are GeoJSON feature collections with the properties code and name; bounds
    are those of the outline.
    """

    footprint_png: bytes
    footprint_bounds: LatLonBounds
    outline: GeoJson
    authorities: GeoJson
    bcus: GeoJson
    small_areas: GeoJson
    labels: tuple[PlaceLabel, ...]
    bounds: LatLonBounds
    attribution: str


def build_basemap(geography: Geography) -> Basemap:
    """Footprint, outlines and names of a deployment, ready for a web map."""
    grid = geography.grid
    built_up, image_bounds = warp_to_mercator(
        values=np.where(polygon_mask(grid=grid, polygon=geography.outline), geography.footprint, 0.0),
        x0_m=grid.x0_m,
        y0_m=grid.y0_m,
        cell_m=grid.cell_m,
        crs=geography.crs,
        smooth=True,
        longest_side_px=_FOOTPRINT_SIDE_PX,
    )
    outline = gpd.GeoDataFrame({"code": ["outline"], "name": [""]}, geometry=[geography.outline], crs=geography.crs)
    west, south, east, north = (float(side) for side in outline.to_crs("EPSG:4326").total_bounds)
    spacing_m = _LABEL_SPACING_SHARE * max(np.ptp(grid.easting_m), np.ptp(grid.northing_m))
    return Basemap(
        footprint_png=_tinted(np.nan_to_num(built_up)),
        footprint_bounds=image_bounds,
        outline=to_geojson(outline),
        authorities=to_geojson(geography.authorities),
        bcus=to_geojson(geography.bcus),
        small_areas=to_geojson(geography.small_areas),
        labels=_labels(thin_labels(places=geography.places, spacing_m=spacing_m), geography.crs),
        bounds=((south, west), (north, east)),
        attribution=_attribution(geography),
    )


def load_basemap(request: GeographyRequest, *, geography: Geography, cache_folder: Path | None = None) -> Basemap:
    """The base map of `geography`, which `request` gave: from the cache after the first time.

    The sentence of attribution is made anew each time, in the language of the day.
    """
    root = default_cache_folder() if cache_folder is None else cache_folder
    folder = root / f"basemap-{geography_key(request)}"
    if find_entry(folder):
        return _read(folder, geography)
    basemap = build_basemap(geography)
    make_entry(folder, write_files=lambda staging: _write(basemap, staging))
    return basemap


def _write(basemap: Basemap, folder: Path) -> None:
    drawn = {field.name: getattr(basemap, field.name) for field in fields(basemap)}
    (folder / _FOOTPRINT).write_bytes(drawn.pop("footprint_png"))
    del drawn["attribution"]
    drawn["labels"] = [asdict(label) for label in basemap.labels]
    (folder / _DRAWN).write_text(json.dumps(drawn), encoding="utf-8")


def _read(folder: Path, geography: Geography) -> Basemap:
    drawn = json.loads((folder / _DRAWN).read_text(encoding="utf-8"))
    drawn["labels"] = tuple(PlaceLabel(**label) for label in drawn["labels"])
    for name in ("bounds", "footprint_bounds"):
        drawn[name] = tuple(tuple(corner) for corner in drawn[name])
    return Basemap(footprint_png=(folder / _FOOTPRINT).read_bytes(), attribution=_attribution(geography), **drawn)


def to_geojson(areas: gpd.GeoDataFrame) -> GeoJson:
    """Areas as a GeoJSON feature collection in degrees, simplified together until it is under 300 kB."""
    tolerance_m = _FIRST_TOLERANCE_M
    while True:
        collection = _collection(areas, tolerance_m)
        if len(json.dumps(collection, separators=(",", ":"))) <= _MOST_BYTES or tolerance_m > _largest_side(areas):
            return collection
        tolerance_m *= 2


def thin_labels(*, places: pd.DataFrame, spacing_m: float) -> pd.DataFrame:
    """The places left when each keeps `spacing_m` from every larger one that is shown; by rank."""
    ordered = places.sort_values("rank")
    points = ordered[["easting_m", "northing_m"]].to_numpy()
    if not len(points):
        return ordered
    shown = np.ones(len(points), dtype=bool)
    # Smaller places near a shown one go; a place that has gone hides nothing.
    for place, near in enumerate(cKDTree(points).query_ball_point(points, spacing_m)):
        if shown[place]:
            shown[[each for each in near if each > place]] = False
    return ordered[shown]


def _tinted(built_up: NDArray[np.float64]) -> bytes:
    """The footprint's grey, more opaque where it is more built-up (0 to 1)."""
    rgba = np.empty((*built_up.shape, 4), dtype=np.uint8)
    rgba[..., :3] = _FOOTPRINT_RGB
    rgba[..., 3] = (built_up * _FOOTPRINT_SHADES).round() * (_FOOTPRINT_OPACITY / _FOOTPRINT_SHADES)
    written = io.BytesIO()
    Image.fromarray(rgba).save(written, "PNG")
    return written.getvalue()


def _collection(areas: gpd.GeoDataFrame, tolerance_m: float) -> GeoJson:
    if areas.empty:
        return {"type": "FeatureCollection", "features": []}
    shapes = areas.geometry.to_numpy()
    # Neighbours that meet exactly are simplified along their common border; official files that overlap cannot be.
    if shapely.coverage_is_valid(shapes):
        simple = shapely.coverage_simplify(shapes, tolerance_m)
    else:
        simple = shapely.simplify(shapes, tolerance_m)
    degrees = gpd.GeoSeries(simple, crs=areas.crs).to_crs("EPSG:4326").to_numpy()
    rounded = shapely.transform(degrees, lambda positions: positions.round(_DIGITS))
    features = [
        {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": shapely.geometry.mapping(shape)}
        for code, name, shape in zip(areas["code"], areas["name"], rounded, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _largest_side(areas: gpd.GeoDataFrame) -> float:
    west, south, east, north = areas.total_bounds
    return float(max(east - west, north - south))


def _labels(places: pd.DataFrame, crs: str) -> tuple[PlaceLabel, ...]:
    latitude, longitude = to_wgs84(easting_m=places["easting_m"], northing_m=places["northing_m"], crs=crs)
    return tuple(
        PlaceLabel(name=str(name), latitude=float(north), longitude=float(east), rank=int(rank))
        for name, north, east, rank in zip(places["label"], latitude, longitude, places["rank"], strict=True)
    )


def _attribution(geography: Geography) -> str:
    if not geography.has_addresses:
        return _("Place names: GeoNames, CC BY 4.0.")
    return _(
        "Contains Office for National Statistics, Royal Mail, Ordnance Survey and Land and Property Services data, "
        "Open Government Licence v3. Place names: GeoNames, CC BY 4.0."
    )
