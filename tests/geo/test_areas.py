"""Whole geographies: a Welsh force, Scotland, Northern Ireland, a city abroad, and a deployment's own boundaries."""

import dataclasses
import json
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from geo.areas import (
    NOT_LOCATED,
    OUTSIDE,
    BoundaryFile,
    Geography,
    GeographyRequest,
    OutlineFile,
    load_geography,
)
from geo.errors import (
    BoundaryElsewhereError,
    CrsNotMetricError,
    NoOutlineError,
    UnknownAreaError,
    UnknownAuthorityError,
    UnknownForceError,
)
from geo.postcodes import look_up_postcodes
from geo.projection import from_wgs84

OFFICIAL_OUTLINE = Path(__file__).parents[3] / "shared" / "data" / "south_wales_police_force_area.geojson"
# Land of Scotland with its lochs, of Northern Ireland with Lough Neagh, and of the force, in km2 (ONS, December 2023).
SCOTLAND_KM2, NORTHERN_IRELAND_KM2, SOUTH_WALES_KM2 = 79_800, 14_130, 2_082


def overlap(first: shapely.Geometry, second: shapely.Geometry) -> float:
    return first.intersection(second).area / first.union(second).area


def at(geography: Geography, latitude: float, longitude: float) -> dict[str, str]:
    easting_m, northing_m = from_wgs84(latitude=latitude, longitude=longitude, crs=geography.crs)
    labels = geography.label_area(easting_m=easting_m, northing_m=northing_m)
    return {layer: str(codes[0]) for layer, codes in dataclasses.asdict(labels).items()}


class TestSouthWales:
    """The force the derivation was tuned on, and facts it was not tuned on."""

    @pytest.mark.skipif(not OFFICIAL_OUTLINE.exists(), reason="the official outline is not at hand")
    def test_the_outline_agrees_with_the_official_one(self, south_wales: Geography) -> None:
        official = gpd.read_file(OFFICIAL_OUTLINE).to_crs(south_wales.crs).union_all()
        assert overlap(south_wales.outline, official) >= 0.93

    def test_the_layers_nest_without_gap_or_overlap(self, south_wales: Geography) -> None:
        assert south_wales.outline.area / 1e6 == pytest.approx(SOUTH_WALES_KM2, rel=0.02)
        for layer in (south_wales.authorities, south_wales.bcus, south_wales.small_areas):
            assert shapely.coverage_is_valid(layer.geometry.to_numpy())
            assert layer.union_all().symmetric_difference(south_wales.outline).area < 1.0

    def test_public_buildings_are_labelled_as_people_know_them(self, south_wales: Geography) -> None:
        assert at(south_wales, 51.4854, -3.1789) == {
            "small_area": "CF10",
            "authority": "W06000015",
            "bcu": "Cardiff and the Vale",
        }
        assert at(south_wales, 51.6153, -3.9596) == {
            "small_area": "SA1",
            "authority": "W06000011",
            "bcu": "Swansea Neath Port Talbot",
        }
        assert at(south_wales, 51.7469, -3.3780)["bcu"] == "Mid Glamorgan"
        assert set(at(south_wales, 51.5842, -2.9977).values()) == {OUTSIDE}  # Newport is Gwent's
        assert south_wales.area_name("W06000015") == "Cardiff"
        assert south_wales.area_name("CF10") == "CF10, Cardiff"

    def test_addresses_fall_in_their_own_authority(self, south_wales: Geography) -> None:
        """Postcodes next to borders may not, but nearly all do, and each in its district."""
        areas = south_wales.small_areas
        assert areas["addresses"].sum() == south_wales.addresses.sum()
        assert areas["addresses"].min() >= 25
        assert south_wales.bcus["addresses"].sum() == south_wales.authorities["addresses"].sum()

    def test_labels_equal_the_plain_answer_for_every_point(self, south_wales: Geography) -> None:
        rng = np.random.default_rng(11)
        west, south, east, north = south_wales.outline.bounds
        easting_m, northing_m = rng.uniform(west - 3_000, east + 3_000, 8_000), rng.uniform(south, north, 8_000)
        labels = south_wales.label_area(easting_m=easting_m, northing_m=northing_m)
        for layer, codes in (("authorities", labels.authority), ("small_areas", labels.small_area)):
            plain = np.full(8_000, OUTSIDE, dtype=object)
            for code, shape in getattr(south_wales, layer)[["code", "geometry"]].itertuples(index=False):
                plain[shapely.contains_xy(shape, easting_m, northing_m)] = code
            assert np.array_equal(codes, plain)
        assert np.array_equal(labels.authority == OUTSIDE, labels.bcu == OUTSIDE)

    def test_a_million_points_are_labelled_in_seconds(self, south_wales: Geography) -> None:
        rng = np.random.default_rng(12)
        west, south, east, north = south_wales.outline.bounds
        easting_m, northing_m = rng.uniform(west, east, 1_000_000), rng.uniform(south, north, 1_000_000)
        started = time.process_time()
        labels = south_wales.label_area(easting_m=easting_m, northing_m=northing_m)
        assert time.process_time() - started < 6
        inside_share = south_wales.outline.area / ((east - west) * (north - south))
        assert (labels.bcu != OUTSIDE).mean() == pytest.approx(inside_share, abs=0.002)

    def test_points_without_coordinates_are_not_recorded_rather_than_outside(self, south_wales: Geography) -> None:
        labels = south_wales.label_area(easting_m=[np.nan, 318_000, 0], northing_m=[176_000, np.nan, 0])
        assert labels.small_area.tolist() == [NOT_LOCATED, NOT_LOCATED, OUTSIDE]
        place = south_wales.nearest_place(easting_m=[np.nan, 318_200], northing_m=[1, 176_400])
        assert place.name.tolist() == [NOT_LOCATED, "Cardiff"]
        assert np.isnan(place.distance_m[0])
        assert place.distance_m[1] < 1_500

    def test_the_middle_of_an_area_is_among_its_addresses(self, south_wales: Geography) -> None:
        easting_m, northing_m = south_wales.centroid_of_area("W06000015")
        city_hall = from_wgs84(latitude=51.4854, longitude=-3.1789, crs=south_wales.crs)
        assert np.hypot(easting_m - city_hall[0], northing_m - city_hall[1]) < 4_000
        with pytest.raises(UnknownAreaError, match="CF999"):
            south_wales.centroid_of_area("CF999")

    def test_the_denominator_is_a_share(self, south_wales: Geography) -> None:
        assert south_wales.denominator.sum() == pytest.approx(1)
        assert south_wales.denominator.shape == south_wales.grid.shape == south_wales.footprint.shape
        assert south_wales.footprint.min() >= 0
        assert south_wales.footprint.max() == 1
        assert south_wales.denominator[~south_wales.inside].sum() < 0.005

    def test_it_is_kept_and_read_back_the_same(self, south_wales: Geography, cache_folder: Path) -> None:
        request = GeographyRequest(
            force="south wales police",
            bcus=[(row.code, _members_of(row.code)) for row in south_wales.bcus.itertuples()],
        )
        load_geography(request, cache_folder=cache_folder)
        started = time.process_time()
        again = load_geography(request, cache_folder=cache_folder)
        assert time.process_time() - started < 0.5
        assert again.outline.equals(south_wales.outline)
        for layer in ("authorities", "bcus", "small_areas"):
            assert_geodataframe_equal(getattr(again, layer), getattr(south_wales, layer), check_dtype=False)
        assert np.array_equal(again.addresses, south_wales.addresses)
        assert np.array_equal(again.footprint, south_wales.footprint)
        assert again.grid == south_wales.grid


def _members_of(unit: str) -> tuple[str, ...]:
    return {
        "Cardiff and the Vale": ("W06000015", "W06000014"),
        "Mid Glamorgan": ("W06000013", "W06000016", "W06000024"),
        "Swansea Neath Port Talbot": ("W06000011", "W06000012"),
    }[unit]


class TestOtherForces:
    """By settings alone."""

    def test_scotland_keeps_its_islands_and_stays_small(self, cache_folder: Path) -> None:
        scotland = load_geography(GeographyRequest(force="Police Scotland"), cache_folder=cache_folder)
        assert scotland.outline.area / 1e6 == pytest.approx(SCOTLAND_KM2, rel=0.06)
        assert scotland.addresses.size < 5_000_000
        assert len(scotland.authorities) == 32
        assert scotland.places["name"].head(2).tolist() == ["Glasgow", "Edinburgh"]
        towns = {
            "S12000027": (60.1547, -1.1486),  # Lerwick
            "S12000023": (58.9814, -2.9606),  # Kirkwall
            "S12000013": (58.2093, -6.3865),  # Stornoway
            "S12000035": (55.7572, -6.2867),  # Bowmore, Islay
            "S12000017": (57.4778, -4.2247),  # Inverness
            "S12000049": (55.8609, -4.2514),  # Glasgow
        }
        for code, (latitude, longitude) in towns.items():
            assert at(scotland, latitude, longitude)["authority"] == code
        # The Minch, the Moray Firth and the North Sea are sea; the Cairngorms and Rannoch Moor are land.
        for latitude, longitude in ((58.2, -5.85), (57.85, -3.5), (56.5, -1.5)):
            assert at(scotland, latitude, longitude)["authority"] == OUTSIDE
        for latitude, longitude in ((57.08, -3.67), (56.63, -4.75)):
            assert at(scotland, latitude, longitude)["authority"] != OUTSIDE
        # Small areas of the Western Isles are today's.
        assert at(scotland, 58.2093, -6.3865)["small_area"] == "HS1"

    def test_northern_ireland_on_the_irish_grid(self, cache_folder: Path) -> None:
        request = GeographyRequest(force="PSNI", crs="EPSG:29903", bcus={"Belfast City": ["Belfast"]})
        northern_ireland = load_geography(request, cache_folder=cache_folder)
        assert northern_ireland.outline.area / 1e6 == pytest.approx(NORTHERN_IRELAND_KM2, rel=0.03)
        assert at(northern_ireland, 54.5965, -5.9301) == {
            "small_area": "BT1",
            "authority": "N09000003",
            "bcu": "Belfast City",
        }
        assert at(northern_ireland, 54.9966, -7.3086)["authority"] == "N09000005"  # Derry
        assert set(at(northern_ireland, 53.3498, -6.2603).values()) == {OUTSIDE}  # Dublin
        found = look_up_postcodes(
            postcodes=northern_ireland.small_areas["code"] + " 1AA", crs="EPSG:29903", cache_folder=cache_folder
        )
        found = found[found["found"]]
        labels = northern_ireland.label_area(easting_m=found["easting_m"], northing_m=found["northing_m"])
        assert (labels.authority == found["authority"]).mean() > 0.9

    def test_a_part_of_a_force_by_authority(self, cache_folder: Path) -> None:
        request = GeographyRequest(force="South Wales", authority_codes=["Merthyr Tydfil"], cell_m=200)
        merthyr = load_geography(request, cache_folder=cache_folder)
        assert merthyr.authorities["code"].tolist() == ["W06000024"]
        assert merthyr.outline.area / 1e6 == pytest.approx(111, rel=0.1)
        assert merthyr.grid.cell_m == 200
        assert merthyr.bcus.empty


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city on the Ohio with an enclave and an exclave, as its council would publish it: GeoJSON in degrees."""
    body = shapely.Point(-84.5, 39.14).buffer(0.08).difference(shapely.Point(-84.47, 39.16).buffer(0.012))
    shapes = [body, shapely.box(-84.38, 39.2, -84.36, 39.22)]
    path = tmp_path_factory.mktemp("city") / "city.geojson"
    gpd.GeoDataFrame({"part": ["body", "exclave"]}, geometry=shapes, crs="EPSG:4326").to_file(path)
    return path


class TestCityAbroad:
    """No postcodes: squares and a uniform denominator."""

    def test_squares_cover_the_city_and_nothing_else(self, city: Path, cache_folder: Path) -> None:
        geography = load_geography(GeographyRequest(crs="EPSG:32616", outline_file=city), cache_folder=cache_folder)
        assert not geography.has_addresses
        assert geography.small_area_kind == "squares"
        assert geography.small_areas.area.sum() == pytest.approx(geography.outline.area)
        assert geography.small_areas.area.max() == pytest.approx(1e6)
        assert geography.authorities.empty
        assert geography.bcus.empty
        assert list(geography.authorities.columns) == list(geography.small_areas.columns)
        assert len(geography.outline.geoms) == 2
        assert at(geography, 39.16, -84.47)["small_area"] == OUTSIDE  # the enclave
        assert at(geography, 39.21, -84.37)["small_area"] != OUTSIDE  # the exclave
        easting_m, northing_m = from_wgs84(latitude=39.1031, longitude=-84.5120, crs="EPSG:32616")
        expected = f"E{int(easting_m // 1_000)}N{int(northing_m // 1_000)}"
        assert at(geography, 39.1031, -84.5120)["small_area"] == expected
        assert geography.places["name"].iloc[0] == "Cincinnati"
        assert geography.area_name(expected).startswith(f"{expected}, ")

    def test_the_denominator_is_uniform(self, city: Path, cache_folder: Path) -> None:
        geography = load_geography(GeographyRequest(crs="EPSG:32616", outline_file=city), cache_folder=cache_folder)
        inside = geography.denominator[geography.inside]
        assert np.ptp(inside) == 0
        assert inside.sum() == pytest.approx(1)
        assert geography.inside.sum() * geography.grid.cell_m**2 == pytest.approx(geography.outline.area, rel=0.01)

    def test_squares_of_another_size(self, city: Path, cache_folder: Path) -> None:
        request = GeographyRequest(crs="EPSG:32616", outline_file=city, small_area_cell_m=2_500)
        squares = load_geography(request, cache_folder=cache_folder).small_areas
        assert squares.area.max() == pytest.approx(2_500**2)
        assert squares["code"].is_unique


class TestOwnBoundaries:
    """What the deployment brings replaces what would be derived."""

    @pytest.fixture(scope="class")
    @staticmethod
    def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
        folder = tmp_path_factory.mktemp("official")
        outline = shapely.box(303_000, 203_000, 309_000, 211_000)
        west, east = shapely.box(303_000, 203_000, 306_000, 211_000), shapely.box(306_000, 203_000, 309_000, 211_000)
        away = shapely.box(100_000, 100_000, 101_000, 101_000)
        beats = gpd.GeoDataFrame(
            {"beat": ["B1", "B2", "X"], "label": ["West", "East", "Away"]},
            geometry=[west, east, away],
            crs="EPSG:27700",
        )
        wholes = gpd.GeoDataFrame({"force": ["Ours"]}, geometry=[outline], crs="EPSG:27700")
        paths = {"outline": folder / "outline.shp", "beats": folder / "beats.gpkg"}
        wholes.to_crs("EPSG:3857").segmentize(100).to_file(paths["outline"])
        beats.to_crs("EPSG:4326").to_file(paths["beats"])
        return paths

    def test_an_official_outline_is_cut_exactly(self, files: dict[str, Path], cache_folder: Path) -> None:
        geography = load_geography(
            GeographyRequest(force="South Wales", outline_file=OutlineFile(path=files["outline"])),
            cache_folder=cache_folder,
        )
        assert geography.outline.area == pytest.approx(48e6, rel=0.001)
        assert geography.small_area_kind == "postcode districts"
        for layer in (geography.authorities, geography.small_areas):
            assert layer.union_all().symmetric_difference(geography.outline).area < 100
        assert "Merthyr Tydfil" in geography.authorities["name"].tolist()
        assert geography.has_addresses

    def test_official_small_areas_and_units_of_a_larger_file(self, files: dict[str, Path], cache_folder: Path) -> None:
        beats = BoundaryFile(path=files["beats"], code_column="beat", name_column="label")
        geography = load_geography(
            GeographyRequest(outline_file=files["outline"], small_areas_file=beats, bcus_file=beats),
            cache_folder=cache_folder,
        )
        assert geography.small_areas["code"].tolist() == geography.bcus["code"].tolist() == ["B1", "B2"]
        assert geography.small_areas["name"].tolist() == ["West", "East"]
        assert geography.small_area_kind == "boundary file"
        labels = geography.label_area(easting_m=[304_000, 308_000], northing_m=[206_000, 206_000])
        assert labels.small_area.tolist() == labels.bcu.tolist() == ["B1", "B2"]
        assert geography.small_areas["addresses"].sum() == pytest.approx(geography.addresses.sum(), abs=3)

    def test_official_authorities_make_the_outline_and_can_be_grouped(
        self, files: dict[str, Path], cache_folder: Path
    ) -> None:
        request = GeographyRequest(
            authorities_file=BoundaryFile(path=files["beats"], code_column="beat", name_column="label"),
            authority_codes=["B1", "B2"],
            bcus={"Both": ["West", "B2"]},
        )
        geography = load_geography(request, cache_folder=cache_folder)
        assert geography.outline.area == pytest.approx(48e6, rel=0.001)
        assert geography.authorities["code"].tolist() == ["B1", "B2"]
        assert geography.bcus["addresses"].tolist() == [geography.authorities["addresses"].sum()]
        with pytest.raises(UnknownAuthorityError, match="B9"):
            load_geography(dataclasses.replace(request, authority_codes=("B9",)), cache_folder=cache_folder)

    def test_a_changed_file_is_read_again(self, city: Path, tmp_path: Path, cache_folder: Path) -> None:
        path = tmp_path / "outline.geojson"
        path.write_bytes(city.read_bytes())
        request = GeographyRequest(crs="EPSG:32616", outline_file=path)
        before = load_geography(request, cache_folder=cache_folder)
        features = json.loads(path.read_text(encoding="utf-8"))
        features["features"] = features["features"][1:]
        path.write_text(json.dumps(features), encoding="utf-8")
        after = load_geography(request, cache_folder=cache_folder)
        assert after.outline.area < before.outline.area / 10

    def test_areas_of_another_part_of_the_world_are_told(
        self, city: Path, files: dict[str, Path], cache_folder: Path
    ) -> None:
        beats = BoundaryFile(path=files["beats"], code_column="beat")
        request = GeographyRequest(crs="EPSG:32616", outline_file=city, small_areas_file=beats)
        with pytest.raises(BoundaryElsewhereError, match=r"beats\.gpkg"):
            load_geography(request, cache_folder=cache_folder)


class TestRequest:
    """Settings that cannot be meant."""

    def test_it_can_key_a_cache(self) -> None:
        first = GeographyRequest(force="South Wales", bcus={"A": ["Cardiff"]}, authority_codes=["W06000015"])
        second = GeographyRequest(force="South Wales", bcus=(("A", ("Cardiff",)),), authority_codes=("W06000015",))
        assert first == second
        assert len({first, second}) == 1

    def test_wrong_settings_are_told(self, cache_folder: Path) -> None:
        with pytest.raises(NoOutlineError):
            GeographyRequest()
        with pytest.raises(CrsNotMetricError):
            GeographyRequest(force="South Wales", crs="EPSG:4326")
        with pytest.raises(UnknownForceError, match="South Wales"):
            load_geography(GeographyRequest(force="South Whales"), cache_folder=cache_folder)
        with pytest.raises(UnknownAuthorityError, match="Bristol"):
            load_geography(
                GeographyRequest(force="South Wales", authority_codes=("Bristol",)), cache_folder=cache_folder
            )

    def test_a_damaged_cache_is_made_again(self, city: Path, cache_folder: Path) -> None:
        request = GeographyRequest(crs="EPSG:32616", outline_file=city, cell_m=170)
        first = load_geography(request, cache_folder=cache_folder)
        newest = max(cache_folder.glob("geography-*/rasters.npz"), key=lambda path: path.stat().st_mtime_ns)
        newest.write_bytes(newest.read_bytes()[:-40])
        again = load_geography(request, cache_folder=cache_folder)
        assert again.outline.equals(first.outline)
        assert np.array_equal(again.addresses, first.addresses)
        assert newest.stat().st_size > 0
