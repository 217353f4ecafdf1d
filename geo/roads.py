"""How long it takes by road, where the deployment has a road network: minutes along its edges.

minutes = the shortest sum of edge length / speed (Dijkstra 1959), plus the way from each point to the nearest node, in
a straight line with the detour factor of `geo.travel`. A network is a GraphML file (as OSMnx writes from
OpenStreetMap) or any vector file of lines whose ends meet (such as the road links of OS Open Roads). An edge may state
a speed in km/h (`speed_kph` or `speed_km_h`) and that it is one-way (`oneway`); without these the deployment's speed
holds, and both ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from geo.errors import GeographyError
from geo.projection import from_wgs84, reproject
from geo.travel import DETOUR_FACTOR, metres_per_minute
from wording import _

__all__ = ["RoadGraph", "UnreadableRoadsError", "network_minutes", "read_roads"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Ends of lines this near are one node, metres: digitised ends that meet differ by rounding alone.
_JOIN_M = 0.5
_SPEED_NAMES = ("speed_kph", "speed_km_h")
_YES = ("true", "yes", "1", "t")


class UnreadableRoadsError(GeographyError):
    """The file named as the road network is not one."""

    def __init__(self, *, path: Path, reason: str) -> None:
        super().__init__(
            _(
                "The road network {path} cannot be used: {reason}. Name a GraphML file or a GeoPackage of lines in the"
                " settings under [travel], or leave it out: travel is then a straight line."
            ).format(path=path, reason=reason)
        )


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """Nodes in metres, shape (nodes,), and directed edges between them, shape (edges,); speed NaN where not stated."""

    easting_m: Floats
    northing_m: Floats
    start: Integers
    end: Integers
    length_m: Floats
    speed_km_h: Floats


def read_roads(path: Path, *, crs: str, layer: str | None = None) -> RoadGraph:
    """The network in `path` on the deployment's `crs`; read once while the file stays as it is.

    Raises UnreadableRoadsError.
    """
    if not path.is_file():
        raise UnreadableRoadsError(path=path, reason=_("there is no such file"))
    return _read(path, path.stat().st_mtime_ns, crs, layer)


@lru_cache(maxsize=2)
def _read(path: Path, _changed_at: int, crs: str, layer: str | None) -> RoadGraph:
    roads = _read_graphml(path, crs) if path.suffix.lower() == ".graphml" else _read_lines(path, crs, layer)
    if not len(roads.start) or not np.isfinite([*roads.easting_m, *roads.northing_m]).all():
        raise UnreadableRoadsError(path=path, reason=_("it has no edges, or nodes without a place"))
    return roads


def network_minutes(
    *,
    roads: RoadGraph,
    from_easting_m: ArrayLike,
    from_northing_m: ArrayLike,
    to_easting_m: ArrayLike,
    to_northing_m: ArrayLike,
    speed_km_h: float,
    stated_speed_share: float = 1.0,
    detour_factor: float = DETOUR_FACTOR,
    longest_minutes: float = np.inf,
) -> Floats:
    """Minutes by road from each start to each destination, (starts, destinations); NaN where there is no way in time.

    Args:
        roads: the network.
        from_easting_m: metres, shape (starts,); so the other coordinates.
        from_northing_m: as above.
        to_easting_m: metres, shape (destinations,).
        to_northing_m: as above.
        speed_km_h: on edges that state no speed, and to and from the network.
        stated_speed_share: share of an edge's stated speed that is driven.
        detour_factor: of the straight way to and from the network.
        longest_minutes: longer ways are not looked for.

    Raises ValueError for a speed, share or factor that is not possible.
    """
    off_road = metres_per_minute(speed_km_h, detour_factor)
    if not 0 < stated_speed_share <= 10:
        raise ValueError(f"stated_speed_share must be above 0, not {stated_speed_share}")
    tree = cKDTree(np.column_stack([roads.easting_m, roads.northing_m]))
    starts = np.column_stack([np.atleast_1d(from_easting_m), np.atleast_1d(from_northing_m)]).astype(float)
    ends = np.column_stack([np.atleast_1d(to_easting_m), np.atleast_1d(to_northing_m)]).astype(float)
    (to_road_m, first), (from_road_m, last) = (tree.query(np.nan_to_num(points)) for points in (starts, ends))
    nodes, row = np.unique(first, return_inverse=True)
    by_road = dijkstra(
        _edge_minutes(roads, speed_km_h, stated_speed_share), indices=nodes, limit=longest_minutes, directed=True
    )
    minutes = (to_road_m / off_road)[:, None] + by_road[row][:, last] + (from_road_m / off_road)[None, :]
    known = np.isfinite(starts).all(axis=1)[:, None] & np.isfinite(ends).all(axis=1)[None, :]
    return np.where(known & np.isfinite(minutes) & (minutes <= longest_minutes), minutes, np.nan)


def _edge_minutes(roads: RoadGraph, speed_km_h: float, stated_speed_share: float) -> sparse.csr_matrix:
    speed = np.where(np.isnan(roads.speed_km_h), speed_km_h, roads.speed_km_h * stated_speed_share)
    minutes = roads.length_m / (speed * 1_000 / 60)
    # Of parallel edges the fastest; a sparse matrix would add them up.
    order = np.lexsort((minutes, roads.end, roads.start))
    start, end, minutes = roads.start[order], roads.end[order], minutes[order]
    fastest = np.append(True, (np.diff(start) != 0) | (np.diff(end) != 0)) & (start != end)
    nodes = len(roads.easting_m)
    # An edge of no length would count as no edge at all.
    least = np.maximum(minutes[fastest], 1e-9)
    return sparse.csr_matrix((least, (start[fastest], end[fastest])), shape=(nodes, nodes))


# Files --------------------------------------------------------------------------------------------------------------


def _read_graphml(path: Path, crs: str) -> RoadGraph:
    try:
        root = ElementTree.parse(path).getroot()
        graph = root.findall("{*}graph")[0]
        names = {key.get("id"): key.get("attr.name") for key in root.findall("{*}key")}
        nodes = {node.get("id"): dict(_data(node, names)) for node in graph.findall("{*}node")}
        edges = [
            (edge.get("source"), edge.get("target"), dict(_data(edge, names))) for edge in graph.findall("{*}edge")
        ]
        number = {name: index for index, name in enumerate(nodes)}
        x, y = (np.array([float(node[axis]) for node in nodes.values()]) for axis in ("x", "y"))
        start, end = (np.array([number[edge[side]] for edge in edges], dtype=np.int64) for side in (0, 1))
        easting_m, northing_m = _placed(x, y, str(dict(_data(graph, names)).get("crs", "EPSG:4326")), crs)
    except (ElementTree.ParseError, IndexError, KeyError, ValueError, CRSError) as error:
        raise UnreadableRoadsError(path=path, reason=_("it is damaged, or not GraphML of a road network")) from error
    straight_m = np.hypot(easting_m[start] - easting_m[end], northing_m[start] - northing_m[end])
    length_m = np.array([_number(edge[2].get("length")) for edge in edges])
    speed = np.array(
        [_number(next((edge[2][name] for name in _SPEED_NAMES if name in edge[2]), None)) for edge in edges]
    )
    directed = graph.get("edgedefault") == "directed"
    return _both_ways(
        easting_m,
        northing_m,
        start,
        end,
        np.where(np.isnan(length_m), straight_m, length_m),
        np.where(speed > 0, speed, np.nan),
        one_way=np.full(len(start), directed),
    )


def _data(element: ElementTree.Element, names: dict[str | None, str | None]) -> Iterator[tuple[str, str]]:
    for entry in element.findall("{*}data"):
        yield names.get(entry.get("key")) or "", entry.text or ""


def _placed(x: Floats, y: Floats, from_crs: str, crs: str) -> tuple[Floats, Floats]:
    if CRS.from_user_input(from_crs).is_geographic:
        return from_wgs84(latitude=y, longitude=x, crs=crs)
    return reproject(easting_m=x, northing_m=y, from_crs=from_crs, to_crs=crs)


def _read_lines(path: Path, crs: str, layer: str | None) -> RoadGraph:
    try:
        frame = gpd.read_file(path, layer=layer, engine="pyogrio")
    except DataLayerError as error:
        reason = _("it has no layer called “{layer}”").format(layer=layer or "")
        raise UnreadableRoadsError(path=path, reason=reason) from error
    except (DataSourceError, OSError, ValueError) as error:
        raise UnreadableRoadsError(path=path, reason=_("it is damaged or of another kind")) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise UnreadableRoadsError(path=path, reason=_("it has no lines, or does not state its coordinate system"))
    frame = frame[frame.geometry.notna()].to_crs(crs).explode(index_parts=False)
    lines = shapely.force_2d(frame.geometry.to_numpy())
    is_line = shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING
    frame, lines = frame[is_line], lines[is_line]
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, place)) for place in (0, -1)])
    nodes, index = np.unique(np.rint(ends / _JOIN_M), axis=0, return_inverse=True)
    speed = next((frame[name].to_numpy(float) for name in _SPEED_NAMES if name in frame), np.full(len(lines), np.nan))
    one_way = (
        frame["oneway"].astype(str).str.lower().isin(_YES).to_numpy()
        if "oneway" in frame
        else np.zeros(len(lines), bool)
    )
    start, end = index.reshape(2, -1)
    return _both_ways(
        nodes[:, 0] * _JOIN_M,
        nodes[:, 1] * _JOIN_M,
        start,
        end,
        shapely.length(lines),
        np.where(speed > 0, speed, np.nan),
        one_way=one_way,
    )


def _both_ways(
    easting_m: Floats,
    northing_m: Floats,
    start: Integers,
    end: Integers,
    length_m: Floats,
    speed_km_h: Floats,
    *,
    one_way: NDArray[np.bool_],
) -> RoadGraph:
    back = ~one_way
    return RoadGraph(
        easting_m=easting_m,
        northing_m=northing_m,
        start=np.concatenate([start, end[back]]),
        end=np.concatenate([end, start[back]]),
        length_m=np.concatenate([length_m, length_m[back]]),
        speed_km_h=np.concatenate([speed_km_h, speed_km_h[back]]),
    )


def _number(text: str | None) -> float:
    try:
        return float(text) if text else np.nan
    except ValueError:
        return np.nan
