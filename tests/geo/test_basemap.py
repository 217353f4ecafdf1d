"""The basemap: in its place, small, and readable."""

import io
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from geo import basemap as basemap_module
from geo.areas import Geography
from geo.basemap import Basemap, build_basemap, load_basemap, thin_labels, to_geojson
from geo.projection import from_wgs84
from tests.geo.conftest import SOUTH_WALES


@pytest.fixture(scope="module")
def basemap(south_wales: Geography) -> Basemap:
    return build_basemap(south_wales)


def as_metres(layer: dict[str, object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame.from_features(layer, crs="EPSG:4326").to_crs("EPSG:27700")


@pytest.mark.parametrize("layer", ["outline", "authorities", "bcus", "small_areas"])
def test_layers_are_small_and_lie_where_the_areas_are(basemap: Basemap, south_wales: Geography, layer: str) -> None:
    text = json.dumps(getattr(basemap, layer))
    assert len(text) < 300_000
    shown = as_metres(json.loads(text))
    true = shapely.union_all(getattr(south_wales, layer).geometry) if layer != "outline" else south_wales.outline
    seen = shown.union_all()
    assert seen.intersection(true).area / seen.union(true).area > 0.995
    if layer != "outline":
        assert shown["code"].tolist() == getattr(south_wales, layer)["code"].tolist()
        assert shown["name"].tolist() == getattr(south_wales, layer)["name"].tolist()


def test_the_footprint_shows_where_people_live(basemap: Basemap) -> None:
    (south, west), (north, east) = basemap.footprint_bounds
    with Image.open(io.BytesIO(basemap.footprint_png)) as image:
        pixels = np.asarray(image)
    rows, columns = pixels.shape[:2]

    def opacity(latitude: float, longitude: float) -> int:
        top, here, bottom = (np.arctanh(np.sin(np.radians(each))) for each in (north, latitude, south))
        row, column = (top - here) / (top - bottom) * rows, (longitude - west) / (east - west) * columns
        return int(pixels[int(row), int(column), 3])

    assert opacity(51.4950, -3.1780) > 75  # Cathays, Cardiff
    assert opacity(51.6210, -3.9440) > 75  # Swansea
    assert opacity(51.7000, -3.5500) < 25  # forest north of the Rhondda
    assert opacity(51.4200, -3.8500) == 0  # the Bristol Channel
    assert image.mode == "RGBA"


def test_it_is_kept_and_read_back_the_same(
    south_wales: Geography, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = load_basemap(SOUTH_WALES, geography=south_wales, cache_folder=tmp_path)
    monkeypatch.delattr(basemap_module, "warp_to_mercator")
    kept = load_basemap(SOUTH_WALES, geography=south_wales, cache_folder=tmp_path)
    assert kept.footprint_png == built.footprint_png
    assert (kept.bounds, kept.footprint_bounds, kept.labels) == (built.bounds, built.footprint_bounds, built.labels)
    assert kept.attribution == built.attribution
    for layer in ("outline", "authorities", "bcus", "small_areas"):
        # As sent to the browser: pairs of numbers are tuples in one, lists in the other.
        assert json.dumps(getattr(kept, layer)) == json.dumps(getattr(built, layer))


def test_a_damaged_copy_is_made_again(south_wales: Geography, tmp_path: Path) -> None:
    built = load_basemap(SOUTH_WALES, geography=south_wales, cache_folder=tmp_path)
    (picture,) = tmp_path.glob("basemap-*/footprint.png")
    picture.write_bytes(b"")
    again = load_basemap(SOUTH_WALES, geography=south_wales, cache_folder=tmp_path)
    assert again.footprint_png == built.footprint_png
    assert picture.stat().st_size > 0


def test_labels_start_with_the_cities_and_keep_apart(basemap: Basemap) -> None:
    assert [label.name for label in basemap.labels[:2]] == ["Cardiff", "Swansea"]
    assert 12 <= len(basemap.labels) <= 40
    easting_m, northing_m = from_wgs84(
        latitude=[label.latitude for label in basemap.labels],
        longitude=[label.longitude for label in basemap.labels],
        crs="EPSG:27700",
    )
    apart_m = np.hypot(easting_m[:, None] - easting_m, northing_m[:, None] - northing_m)
    assert apart_m[~np.eye(len(easting_m), dtype=bool)].min() > 5_000


def test_a_larger_place_wins_and_a_hidden_one_hides_nothing() -> None:
    places = pd.DataFrame(
        {"name": list("ABCD"), "easting_m": [0, 800, 1_600, 5_000], "northing_m": [0] * 4, "rank": [2, 1, 3, 4]}
    )
    assert thin_labels(places=places, spacing_m=1_000)["name"].tolist() == ["B", "D"]
    chain = places.assign(rank=[1, 2, 3, 4])
    assert thin_labels(places=chain, spacing_m=1_000)["name"].tolist() == ["A", "C", "D"]


def test_a_detailed_official_layer_is_made_small_enough() -> None:
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    wobble = 10_000 + 300 * np.sin(97 * angle) + 60 * np.sin(1_999 * angle)
    ring = shapely.Polygon(np.column_stack([300_000 + wobble * np.cos(angle), 200_000 + wobble * np.sin(angle)]))
    layer = to_geojson(gpd.GeoDataFrame({"code": ["r"], "name": ["Ring"]}, geometry=[ring], crs="EPSG:27700"))
    assert len(json.dumps(layer)) < 300_000
    assert as_metres(layer).area.iloc[0] == pytest.approx(ring.area, rel=0.01)


def test_the_sources_are_named(basemap: Basemap) -> None:
    assert "Open Government Licence" in basemap.attribution
    assert "GeoNames" in basemap.attribution
