"""Files that deployments bring: formats, coordinate systems, holes and islands, and everything that goes wrong."""

import os
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.boundaries import BoundaryFile, OutlineFile, read_areas, read_outline
from geo.errors import (
    BoundaryElsewhereError,
    DuplicateCodeError,
    EmptyBoundaryError,
    MissingColumnError,
    MissingCrsError,
    NotPolygonsError,
    UnreadableBoundaryError,
)

CRS = "EPSG:27700"
WITH_HOLE = shapely.Polygon(
    [(300_000, 180_000), (310_000, 180_000), (310_000, 190_000), (300_000, 190_000)],
    holes=[[(303_000, 183_000), (303_000, 186_000), (306_000, 186_000), (306_000, 183_000)]],
)
ISLAND = shapely.box(320_000, 170_000, 321_000, 171_500)
AREAS = gpd.GeoDataFrame(
    {"id": ["N", "I"], "title": ["Near", "Island"]}, geometry=[WITH_HOLE, shapely.MultiPolygon([ISLAND])], crs=CRS
)


def saved(frame: gpd.GeoDataFrame, path: Path) -> Path:
    frame.to_file(path)
    return path


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:27700", "EPSG:29903", "EPSG:3857"])
def test_any_format_in_any_system_gives_the_same_outline(tmp_path: Path, suffix: str, crs: str) -> None:
    # GeoJSON is in degrees by its standard; the other formats carry their own system.
    path = saved(AREAS.to_crs("EPSG:4326" if suffix == "geojson" else crs), tmp_path / f"outline.{suffix}")
    outline = read_outline(OutlineFile(path=path), crs=CRS)
    assert outline.symmetric_difference(AREAS.union_all()).area / AREAS.area.sum() < 1e-3
    assert len(outline.geoms) == 2
    assert sum(len(part.interiors) for part in outline.geoms) == 1


def test_areas_have_their_codes_and_names(tmp_path: Path) -> None:
    path = saved(AREAS.to_crs(4326), tmp_path / "areas.gpkg")
    areas = read_areas(BoundaryFile(path=path, code_column="id", name_column="title"), crs=CRS)
    assert areas["code"].tolist() == ["N", "I"]
    assert areas["name"].tolist() == ["Near", "Island"]
    assert areas.crs == CRS
    assert read_areas(BoundaryFile(path=path, code_column="id"), crs=CRS)["name"].tolist() == ["N", "I"]


def test_one_row_of_a_national_file_and_one_layer_of_several(tmp_path: Path) -> None:
    path = tmp_path / "nation.gpkg"
    AREAS.to_file(path, layer="areas")
    gpd.GeoDataFrame({"id": ["P"]}, geometry=[shapely.Point(0, 0)], crs=CRS).to_file(path, layer="points")
    chosen = OutlineFile(path=path, column="title", value="Island", layer="areas")
    assert read_outline(chosen, crs=CRS).equals(ISLAND)
    with pytest.raises(EmptyBoundaryError, match="value that the settings ask for"):
        read_outline(OutlineFile(path=path, column="title", value="Atlantis", layer="areas"), crs=CRS)
    with pytest.raises(MissingColumnError, match=r"“county”.*id and title"):
        read_outline(OutlineFile(path=path, column="county", value="x", layer="areas"), crs=CRS)
    with pytest.raises(NotPolygonsError, match="row 1"):
        read_outline(OutlineFile(path=path, layer="points"), crs=CRS)
    with pytest.raises(UnreadableBoundaryError, match="nothing"):
        read_outline(OutlineFile(path=path, layer="nothing"), crs=CRS)


def test_a_missing_system_is_an_error_not_a_guess(tmp_path: Path) -> None:
    path = saved(AREAS, tmp_path / "outline.shp")
    path.with_suffix(".prj").unlink()
    with pytest.raises(MissingCrsError, match="coordinate reference system"):
        read_outline(OutlineFile(path=path), crs=CRS)


def test_a_shape_that_crosses_itself_is_repaired(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(300_000, 180_000), (302_000, 182_000), (302_000, 180_000), (300_000, 182_000)])
    path = saved(gpd.GeoDataFrame({"id": ["b"]}, geometry=[bow_tie], crs=CRS), tmp_path / "bow.gpkg")
    outline = read_outline(OutlineFile(path=path), crs=CRS)
    assert outline.is_valid
    assert outline.area == pytest.approx(2_000_000)


def test_heights_are_left_out(tmp_path: Path) -> None:
    tall = gpd.GeoDataFrame({"id": ["t"]}, geometry=[shapely.force_3d(ISLAND, 12.0)], crs=CRS)
    outline = read_outline(OutlineFile(path=saved(tall, tmp_path / "tall.gpkg")), crs=CRS)
    assert not outline.has_z
    assert outline.equals(ISLAND)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.geojson", '{"type": "FeatureCollection", "features": ['),
        ("text.gpkg", "this is not a database"),
        ("empty.shp", ""),
        ("list.csv", "id,name\n1,one\n"),
    ],
)
def test_a_file_that_is_no_boundary_file_is_told(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises((UnreadableBoundaryError, EmptyBoundaryError), match=name):
        read_outline(OutlineFile(path=path), crs=CRS)


@pytest.mark.parametrize("name", ["outline.geojson", "outline.gpkg", "outline.shp", "outline.zip"])
def test_a_file_that_no_reader_understands_is_told_without_the_readers_jargon(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04 neither a map nor anything else")
    with pytest.raises(UnreadableBoundaryError, match="damaged or of another kind") as error:
        read_outline(OutlineFile(path=path), crs=CRS)
    assert not any(word in str(error.value) for word in ("driver", "DRIVER", "vsizip", "supported"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBoundaryError, match="no such file"):
        read_outline(OutlineFile(path=tmp_path / "nowhere.gpkg"), crs=CRS)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = saved(AREAS, tmp_path / "locked.gpkg")
    path.chmod(0)
    with pytest.raises(UnreadableBoundaryError):
        read_outline(OutlineFile(path=path), crs=CRS)


def test_a_file_without_rows_is_told(tmp_path: Path) -> None:
    path = saved(AREAS.iloc[:0], tmp_path / "none.gpkg")
    with pytest.raises(EmptyBoundaryError):
        read_outline(OutlineFile(path=path), crs=CRS)


@pytest.mark.parametrize("shape", [shapely.Point(3e5, 18e4), shapely.LineString([(3e5, 18e4), (31e4, 18e4)]), None])
def test_what_is_not_an_area_is_told_with_its_row(tmp_path: Path, shape: shapely.Geometry | None) -> None:
    frame = gpd.GeoDataFrame({"id": ["a", "b"]}, geometry=[ISLAND, shape], crs=CRS)
    with pytest.raises(NotPolygonsError, match="row 2"):
        read_outline(OutlineFile(path=saved(frame, tmp_path / "mixed.gpkg")), crs=CRS)


@pytest.mark.parametrize("codes", [["a", "a"], ["a", None]])
def test_every_area_needs_its_own_code(tmp_path: Path, codes: list[str | None]) -> None:
    frame = gpd.GeoDataFrame({"id": codes}, geometry=[ISLAND, WITH_HOLE], crs=CRS)
    with pytest.raises(DuplicateCodeError, match="“id”"):
        read_areas(BoundaryFile(path=saved(frame, tmp_path / "codes.gpkg"), code_column="id"), crs=CRS)


def test_coordinates_that_the_system_cannot_express_are_told(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"id": ["x"]}, geometry=[shapely.box(300_000, 180_000, 310_000, 190_000)], crs="EPSG:4326")
    with pytest.raises(BoundaryElsewhereError):
        read_outline(OutlineFile(path=saved(frame, tmp_path / "wrong.gpkg")), crs=CRS)
