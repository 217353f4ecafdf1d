"""A deployment's geography, ready for use: which area a point lies in, what is near it, how many live where."""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geo.errors import UnknownAreaError
from geo.grid import Grid, polygon_mask
from geo.labels import OUTSIDE, AreaIndex

__all__ = ["LAYERS", "NOT_LOCATED", "OUTSIDE", "AreaLabels", "Geography", "NearestPlaces"]

# The label of a point without coordinates: the records' own word for what is not known.
NOT_LOCATED = "not recorded"
LAYERS = ("authorities", "bcus", "small_areas")


@dataclass(frozen=True)
class AreaLabels:
    """The area of each point in three layers, as arrays of codes: OUTSIDE every area, or NOT_LOCATED."""

    small_area: NDArray[np.object_]
    authority: NDArray[np.object_]
    bcu: NDArray[np.object_]


@dataclass(frozen=True)
class NearestPlaces:
    """The nearest named place to each point and how far it is (m); NOT_LOCATED and NaN without coordinates."""

    name: NDArray[np.object_]
    distance_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Geography:
    """A deployment's geography in metres on `crs`.

    authorities, bcus and small_areas have the columns code, name, addresses (distinct postcode locations), easting_m
    and northing_m (their middle: of the addresses where there are any) and geometry; a layer the deployment lacks is
    empty.
    small_area_kind: "postcode districts", "squares" or "boundary file". places: name, label, easting_m, northing_m,
    population, rank (1 the largest). addresses (distinct postcode locations per cell) and footprint (how built-up, 0 to
    1) are (ny, nx) arrays over `grid`, rows south to north.
    """

    crs: str
    outline: BaseGeometry
    authorities: gpd.GeoDataFrame
    bcus: gpd.GeoDataFrame
    small_areas: gpd.GeoDataFrame
    small_area_kind: str
    places: pd.DataFrame
    grid: Grid
    addresses: NDArray[np.uint16]
    footprint: NDArray[np.float32]

    @property
    def has_addresses(self) -> bool:
        """Whether the postcode directory knows addresses here; without them the denominator is uniform."""
        return bool(self.addresses.any())

    @property
    def denominator(self) -> NDArray[np.float64]:
        """Share of each cell in the area's addresses, or in its surface where there are none; (ny, nx), sums to 1."""
        weight = (self.addresses if self.has_addresses else self.inside).astype(float)
        return weight / weight.sum()

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Cells whose centre lies inside the outline: (ny, nx)."""
        return polygon_mask(grid=self.grid, polygon=self.outline)

    def label_area(self, *, easting_m: ArrayLike, northing_m: ArrayLike) -> AreaLabels:
        """The small area, authority and command unit of each point: its code, OUTSIDE or NOT_LOCATED."""
        x, y = np.atleast_1d(easting_m).astype(float), np.atleast_1d(northing_m).astype(float)
        located = np.isfinite(x) & np.isfinite(y)
        authority, bcu, small_area = (
            np.where(located, self._indexes[layer].label(easting_m=x, northing_m=y), NOT_LOCATED) for layer in LAYERS
        )
        return AreaLabels(small_area=small_area, authority=authority, bcu=bcu)

    def nearest_place(self, *, easting_m: ArrayLike, northing_m: ArrayLike) -> NearestPlaces:
        """The nearest place to each point, large or small."""
        points = np.column_stack([np.atleast_1d(easting_m), np.atleast_1d(northing_m)]).astype(float)
        located = np.isfinite(points).all(axis=1)
        name = np.full(len(points), NOT_LOCATED, dtype=object)
        distance_m = np.full(len(points), np.nan)
        if len(self.places) and located.any():
            distance_m[located], nearest = self._place_tree.query(points[located])
            name[located] = self.places["name"].to_numpy(dtype=object)[nearest]
        return NearestPlaces(name=name, distance_m=distance_m)

    def centroid_of_area(self, code: str) -> tuple[float, float]:
        """Easting and northing (m) of an area's middle, of its addresses where it has any. Raises UnknownAreaError."""
        area = self._area(code)
        return float(area["easting_m"]), float(area["northing_m"])

    def area_name(self, code: str) -> str:
        """The name of an area of any layer. Raises UnknownAreaError."""
        return str(self._area(code)["name"])

    def _area(self, code: str) -> pd.Series:
        for layer in LAYERS:
            areas = getattr(self, layer)
            matching = areas.index[areas["code"] == code]
            if len(matching):
                return areas.loc[matching[0]]
        raise UnknownAreaError(code=code)

    @cached_property
    def _indexes(self) -> dict[str, AreaIndex]:
        return {layer: AreaIndex(areas=getattr(self, layer), grid=self.grid) for layer in LAYERS}

    @cached_property
    def _place_tree(self) -> cKDTree:
        return cKDTree(self.places[["easting_m", "northing_m"]].to_numpy())
