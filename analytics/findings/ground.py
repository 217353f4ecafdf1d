"""The ground that a question asks about, and the bandwidth that fits what lies on it."""

from collections.abc import Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, union_all

from analytics import density
from analytics.disclosure import Audience
from analytics.findings.question import Question
from geo.boundaries import only_polygons
from wording import NaloxoneWatchError, _, format_number

__all__ = ["AreaLevel", "NothingInCommonError", "area_frame", "asked_bandwidth", "asked_window", "place_names"]


class NothingInCommonError(NaloxoneWatchError):
    """Areas of several levels were chosen that do not overlap."""

    def __init__(self) -> None:
        super().__init__(_("The chosen areas have no ground in common. Take one of them away."))


AreaLevel = Literal["bcu", "authority", "small_area"]
Floats = NDArray[np.float64]

# A town that people elsewhere know has so many residents at least, and so many a km2: British ones have 2,000 to 5,000,
# and the fewest draw the widest circle around its middle.
_SMALLEST_TOWN_RESIDENTS = 20_000
_TOWN_RESIDENTS_PER_KM2 = 2_000.0


def area_frame(question: Question, level: AreaLevel) -> gpd.GeoDataFrame:
    """The areas of one level."""
    geography = question.geography
    return {"bcu": geography.bcus, "authority": geography.authorities, "small_area": geography.small_areas}[level]


def asked_window(question: Question) -> Polygon | MultiPolygon:
    """The ground that the filters leave: density must not spill over into areas that were filtered out.

    Raises NothingInCommonError where the areas chosen at two levels do not overlap.
    """
    filters, window = question.filters, question.geography.outline
    chosen: list[tuple[AreaLevel, Sequence[str]]] = [
        ("bcu", filters.bcus or question.scope.bcus),
        ("authority", filters.authorities),
        ("small_area", filters.small_areas),
    ]
    for level, codes in chosen:
        if codes:
            frame = area_frame(question, level)
            window = window.intersection(union_all(frame.geometry[frame["code"].isin(codes)].to_numpy()))
    # Areas that only touch leave a line.
    window = only_polygons(window)
    if window.is_empty:
        raise NothingInCommonError
    return window


def asked_bandwidth(
    question: Question,
    *,
    easting_m: Floats,
    northing_m: Floats,
    location_precision_m: Floats,
    window: Polygon | MultiPolygon,
    bandwidth_m: float | None,
) -> tuple[float, str]:
    """Metres and the reason for them, never finer than the audience may see; by the rule where none is asked for."""
    if bandwidth_m is not None and question.audience is Audience.ANALYST:
        return bandwidth_m, _("{metres} m, chosen by hand.").format(metres=format_number(bandwidth_m, significant=3))
    precision_m = np.where(np.isnan(location_precision_m), question.settings.privacy.snap_m, location_precision_m)
    choice = density.select_bandwidth(
        easting_m=easting_m,
        northing_m=northing_m,
        window=window,
        # The coarser places decide: a bandwidth below their precision would draw the snapping grid.
        location_precision_m=float(np.quantile(precision_m, 0.9)),
    )
    if question.audience is Audience.ANALYST:
        return choice.metres, choice.reason
    # Others may smooth more than the rule does, never less: a narrow bandwidth picks out single administrations.
    finest_m = max(choice.metres, question.thresholds.partner_bandwidth_m)
    if bandwidth_m is not None and bandwidth_m > finest_m:
        return bandwidth_m, _("{metres} m, chosen by hand.").format(metres=format_number(bandwidth_m, significant=3))
    if finest_m > choice.metres or bandwidth_m is not None:
        metres = format_number(finest_m, significant=3)
        return finest_m, _("{metres} m, the finest that this audience may see.").format(metres=metres)
    return choice.metres, choice.reason


def place_names(
    question: Question, *, easting_m: Sequence[float], northing_m: Sequence[float], with_area: bool = True
) -> list[str]:
    """What people call each point: the nearest place, the larger town around it, and `with_area` the small area.

    A town is a circle with room for its residents; beyond its local authority a place is near it, not in it. The map
    writes the town, which strangers know; those who live there know the place. A small area is a postcode district in
    the UK.
    """
    if not len(easting_m):
        return []
    geography = question.geography
    towns = geography.places[geography.places["population"] >= _SMALLEST_TOWN_RESIDENTS]
    points = {"easting_m": np.asarray(easting_m, dtype=float), "northing_m": np.asarray(northing_m, dtype=float)}
    labels = geography.label_area(**points)
    authorities = geography.label_area(easting_m=towns["easting_m"], northing_m=towns["northing_m"]).authority
    residents = dict(zip(towns["name"], towns["population"], strict=True))
    radius_m = 1_000 * np.sqrt(towns["population"].to_numpy() / _TOWN_RESIDENTS_PER_KM2 / np.pi)
    # A postcode district is called by its code; other areas by their names.
    column = "code" if geography.small_area_kind == "postcode districts" else "name"
    known = dict(zip(geography.small_areas["code"], geography.small_areas[column], strict=True)) if with_area else {}
    names = []
    for place, authority, area, east, north in zip(
        geography.nearest_place(**points).name, labels.authority, labels.small_area, *points.values(), strict=True
    ):
        inside = np.hypot(towns["easting_m"] - east, towns["northing_m"] - north) <= radius_m
        name, around = str(place), np.flatnonzero(inside & (towns["population"] > residents.get(place, 0)))
        if len(around):
            # The largest stands first.
            words = _("{place} in {town}") if authorities[around[0]] == authority else _("{place} near {town}")
            name = words.format(place=name, town=towns["label"].iloc[around[0]])
        names.append(_("{place} ({area})").format(place=name, area=known[area]) if area in known else name)
    return names
