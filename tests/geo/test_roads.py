"""Minutes by road: small networks by hand, a grid against a naive search, and files that are none."""

import heapq
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString

from geo.projection import to_wgs84
from geo.roads import RoadGraph, UnreadableRoadsError, network_minutes, read_roads

CRS = "EPSG:27700"
X, Y = 318_000.0, 176_000.0


def graph(nodes: list[tuple[float, float]], edges: list[tuple[int, int, float, float]]) -> RoadGraph:
    columns = np.array(edges, dtype=float)
    places = np.array(nodes, dtype=float)
    return RoadGraph(
        easting_m=places[:, 0],
        northing_m=places[:, 1],
        start=columns[:, 0].astype(np.int64),
        end=columns[:, 1].astype(np.int64),
        length_m=columns[:, 2],
        speed_km_h=columns[:, 3],
    )


def minutes(roads: RoadGraph, start: tuple[float, float], end: tuple[float, float], **chosen: float) -> float:
    found = network_minutes(
        roads=roads,
        from_easting_m=[start[0]],
        from_northing_m=[start[1]],
        to_easting_m=[end[0]],
        to_northing_m=[end[1]],
        **{"speed_km_h": 30.0, **chosen},
    )
    return float(found[0, 0])


def test_the_way_round_counts_and_not_the_crow() -> None:
    # A river: 3 km east over the bridge, 4 km north, 3 km back; the crow has 4 km.
    corners = [(0, 0), (3_000, 0), (3_000, 4_000), (0, 4_000)]
    edges = [(0, 1, 3_000, np.nan), (1, 2, 4_000, np.nan), (2, 3, 3_000, np.nan)]
    roads = graph(corners, edges)
    assert minutes(roads, corners[0], corners[3]) == pytest.approx(20)
    # One-way: there is no way back.
    assert np.isnan(minutes(roads, corners[3], corners[0]))
    assert np.isnan(minutes(roads, corners[0], corners[3], longest_minutes=19.9))


def test_a_stated_speed_holds_in_its_share_and_others_follow_the_hour() -> None:
    roads = graph([(0, 0), (10_000, 0), (20_000, 0)], [(0, 1, 10_000, 60), (1, 2, 10_000, np.nan)])
    assert minutes(roads, (0, 0), (20_000, 0)) == pytest.approx(10 + 20)
    assert minutes(roads, (0, 0), (20_000, 0), stated_speed_share=0.5, speed_km_h=60) == pytest.approx(20 + 10)


def test_the_way_to_the_road_is_straight_with_its_detour() -> None:
    roads = graph([(0, 0), (1_000, 0)], [(0, 1, 1_000, np.nan)])
    # 500 m and 300 m beside the road, x 1.3, at 30 km/h (500 m a minute).
    assert minutes(roads, (0, 500), (1_000, -300)) == pytest.approx(2 + 800 * 1.3 / 500)
    assert np.isnan(minutes(roads, (np.nan, 0), (1_000, 0)))


def test_of_parallel_roads_the_fastest_is_taken() -> None:
    roads = graph([(0, 0), (1_000, 0)], [(0, 1, 5_000, np.nan), (0, 1, 2_000, np.nan), (0, 1, 4_000, 90)])
    assert minutes(roads, (0, 0), (1_000, 0)) == pytest.approx(4_000 / 1_500)


def test_a_random_network_agrees_with_a_naive_search() -> None:
    generator = np.random.default_rng(4)
    places = generator.uniform(0, 10_000, (40, 2))
    pairs = generator.integers(0, 40, (160, 2))
    lengths = generator.uniform(100, 3_000, 160)
    roads = graph(places.tolist(), [(*pair, length, np.nan) for pair, length in zip(pairs, lengths, strict=True)])
    best = {0: 0.0}
    queue = [(0.0, 0)]
    while queue:
        far, node = heapq.heappop(queue)
        if far > best[node]:
            continue
        for (start, end), length in zip(pairs, lengths, strict=True):
            if start == node and far + length < best.get(int(end), np.inf):
                best[int(end)] = far + length
                heapq.heappush(queue, (best[int(end)], int(end)))
    found = network_minutes(
        roads=roads,
        from_easting_m=places[:1, 0],
        from_northing_m=places[:1, 1],
        to_easting_m=places[:, 0],
        to_northing_m=places[:, 1],
        speed_km_h=60,
    )
    assert np.allclose(found[0], [best.get(node, np.nan) / 1_000 for node in range(40)], equal_nan=True)


def test_a_geopackage_of_links_joins_where_ends_meet(tmp_path: Path) -> None:
    lines = [
        LineString([(X, Y), (X + 500, Y + 10), (X + 1_000, Y)]),
        LineString([(X + 1_000.1, Y), (X + 1_000, Y + 2_000)]),
        LineString([(X, Y), (X, Y + 2_000)]),
    ]
    frame = gpd.GeoDataFrame({"oneway": [False, False, True], "speed_kph": [60.0, 60.0, 60.0]}, geometry=lines, crs=CRS)
    file = tmp_path / "roads.gpkg"
    frame.to_file(file, layer="road_link")
    roads = read_roads(file, crs=CRS, layer="road_link")
    assert len(roads.easting_m) == 4
    assert len(roads.start) == 5
    assert minutes(roads, (X, Y), (X + 1_000, Y + 2_000)) == pytest.approx(3.0, abs=0.01)
    with pytest.raises(UnreadableRoadsError, match="no layer called"):
        read_roads(file, crs=CRS, layer="rivers")


def test_graphml_as_osmnx_writes_it(tmp_path: Path) -> None:
    latitude, longitude = to_wgs84(easting_m=[X, X + 3_000], northing_m=[Y, Y], crs=CRS)
    nodes = "".join(
        f'<node id="{index}"><data key="x">{east}</data><data key="y">{north}</data></node>'
        for index, (north, east) in enumerate(zip(latitude, longitude, strict=True))
    )
    keys = "".join(
        f'<key id="{name}" for="{kind}" attr.name="{name}" attr.type="string"/>'
        for name, kind in (("x", "node"), ("y", "node"), ("length", "edge"), ("speed_kph", "edge"), ("crs", "graph"))
    )
    file = tmp_path / "roads.graphml"
    file.write_text(
        '<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        f'{keys}<graph edgedefault="directed"><data key="crs">epsg:4326</data>{nodes}'
        '<edge source="0" target="1"><data key="length">3600</data><data key="speed_kph">36</data></edge>'
        "</graph></graphml>"
    )
    roads = read_roads(file, crs=CRS)
    assert minutes(roads, (X, Y), (X + 3_000, Y)) == pytest.approx(6.0, abs=0.01)
    assert np.isnan(minutes(roads, (X + 3_000, Y), (X, Y)))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.gpkg", None, "no such file"),
        ("bad.graphml", "<graphml", "not GraphML"),
        ("empty.graphml", '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"/>', "not GraphML"),
        ("bad.gpkg", "no package", "another kind"),
    ],
)
def test_a_file_that_is_no_network_is_named(name: str, content: str | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UnreadableRoadsError, match=words) as caught:
        read_roads(tmp_path / name, crs=CRS)
    assert name in str(caught.value)
    assert "[travel]" in str(caught.value)


def test_impossible_speeds_are_refused() -> None:
    roads = graph([(0, 0), (1, 0)], [(0, 1, 1, np.nan)])
    with pytest.raises(ValueError, match="speed_km_h"):
        minutes(roads, (0, 0), (1, 0), speed_km_h=0)
    with pytest.raises(ValueError, match="stated_speed_share"):
        minutes(roads, (0, 0), (1, 0), stated_speed_share=0)
