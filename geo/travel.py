"""How long it takes to get there, where no road network is configured.

Straight-line distance times a detour factor, at a stated speed. It is an approximation and is labelled as one wherever
it is shown.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

__all__ = ["DETOUR_FACTOR", "metres_per_minute", "straight_line_minutes"]

# Road distance over straight-line distance, a dimensionless assumption: about 1.3 in built-up areas, more in the
# country (1.4 over the whole United States: Boscoe, Henry & Zdeb 2012, Prof. Geogr. 64:188).
DETOUR_FACTOR = 1.3

_MINUTES_PER_HOUR = 60
_METRES_PER_KM = 1_000


def straight_line_minutes(
    *,
    from_easting_m: ArrayLike,
    from_northing_m: ArrayLike,
    to_easting_m: ArrayLike,
    to_northing_m: ArrayLike,
    speed_km_h: float,
    detour_factor: float = DETOUR_FACTOR,
) -> NDArray[np.float64]:
    """Minutes from each start to each destination: (starts, destinations); NaN where a coordinate is unknown.

    minutes = distance x detour_factor / speed. Raises ValueError for a speed or a factor that is not possible.
    """
    straight = metres_per_minute(speed_km_h, detour_factor)
    starts = np.column_stack([np.atleast_1d(from_easting_m), np.atleast_1d(from_northing_m)]).astype(float)
    destinations = np.column_stack([np.atleast_1d(to_easting_m), np.atleast_1d(to_northing_m)]).astype(float)
    return cdist(starts, destinations) / straight


def metres_per_minute(speed_km_h: float, detour_factor: float) -> float:
    """Metres of straight line gained in a minute. Raises ValueError for a speed or a factor that is not possible."""
    if not (np.isfinite(speed_km_h) and speed_km_h > 0):
        raise ValueError(f"speed_km_h must be above 0, not {speed_km_h}")
    if not (np.isfinite(detour_factor) and detour_factor >= 1):
        raise ValueError(f"detour_factor must be at least 1, not {detour_factor}")
    return speed_km_h * _METRES_PER_KM / _MINUTES_PER_HOUR / detour_factor
