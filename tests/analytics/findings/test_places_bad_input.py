"""What is said of odd ground and odd layers: no overlap, no events, a hole, islands. From files to sentences."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analytics.findings import changes as changes_finding
from analytics.findings.changes import find_changes
from analytics.findings.compared_places import find_compared_places
from analytics.findings.ground import NothingInCommonError
from analytics.findings.hotspots import HotspotOptions, find_hotspots
from analytics.findings.layers import Layer
from analytics.findings.question import Question
from analytics.hotspots import EmptyDenominatorError
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.ingest import import_frame
from data.keys import Keys, load_keys
from data.mapping import Mapping, PlaceLayout
from data.settings import GeographySettings, Settings
from data.store import open_store
from geo.areas import Geography
from tests.pages.small_store import CENTRES, Records, write_records

YEARS = Filters(first_day=date(2024, 7, 1), last_day=date(2026, 6, 30))
# Swansea and Bridgend on the mainland; the other places on an island with a hole where Cardiff is.
HOLE = shapely.box(313_000, 171_000, 324_000, 181_500)
GROUND = shapely.MultiPolygon(
    [shapely.box(255_000, 170_000, 297_000, 205_000), shapely.box(301_000, 160_000, 330_000, 215_000) - HOLE]
)


@pytest.fixture(scope="module")
def settings(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """That ground from a boundary file, and 150 administrations around the middles of six towns."""
    folder = tmp_path_factory.mktemp("ground")
    outline = folder / "outline.geojson"
    gpd.GeoDataFrame(geometry=[GROUND], crs="EPSG:27700").to_crs("EPSG:4326").to_file(outline)
    return demo_settings.model_copy(
        update={
            "geography": GeographySettings(crs="EPSG:27700", outline_file=outline),
            "store": demo_settings.store.model_copy(update={"folder": folder / "store"}),
        }
    )


@pytest.fixture(scope="module")
def ground(settings: Settings) -> Geography:
    return open_geography(settings)


@pytest.fixture(scope="module")
def ask(
    settings: Settings, ground: Geography, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Question]]:
    """A question about the administrations; `calls` imports overdose calls at such places (x, y) first."""
    stores = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        write_records(settings, Records(number=150, spread_m=700.0))
        keys = load_keys(store_folder=settings.store_folder)

        def asked(*, filters: Filters = YEARS, calls: np.ndarray | None = None, day: str = "2025-03-01") -> Question:
            if calls is not None:
                import_calls(calls, day, settings, keys, ground)
            stores.append(open_store(settings=settings, keys=keys))
            return Question(
                store=stores[-1],
                geography=ground,
                settings=settings,
                filters=filters,
                scope=AccessScope(audience="analyst"),
            )

        yield asked
    for store in stores:
        store.close()


def import_calls(places: np.ndarray, day: str, settings: Settings, keys: Keys, geography: Geography) -> None:
    names = [f"{day} {number}" for number in range(len(places))]
    frame = pd.DataFrame({"id": names, "day": day, "x": places[:, 0], "y": places[:, 1]})
    mapping = Mapping(
        target="risk_events",
        source="calls",
        synthetic=True,
        columns={"risk_event_id": "id", "occurred_at": "day", "kind": {"fixed": "ambulance_overdose_call"}},
        place=PlaceLayout(crs=None, x="x", y="y"),
    )
    report = import_frame(frame=frame, mapping=mapping, settings=settings, keys=keys, geography=geography)
    assert report.imported == len(places)


def test_a_hole_and_an_island_are_ground_like_any_other(ask) -> None:
    question = ask()
    assert len(shapely.get_parts(question.geography.outline)) == 2
    found = find_hotspots(question, options=HotspotOptions(bandwidth_m=1_500.0, share=0.7))
    located = question.store.located_administrations(filters=YEARS, scope=question.scope)
    inside = shapely.contains_xy(question.geography.outline, located.easting_m, located.northing_m).sum()
    # Cardiff's third of the records lies in the hole: told, not counted, and nowhere outlined.
    assert f"{inside} administrations with a place" in found.counted
    assert f"Outside the area, and not counted here: {150 - inside}." in found.counted
    assert 150 - inside > 30
    places = shapely.union_all(found.outlines.outlines)
    assert places.contains(shapely.Point(list(CENTRES)[1]))
    assert places.intersects(GROUND.geoms[0])
    assert places.intersects(GROUND.geoms[1])
    # Outlines are made of cells, whose middles are inside.
    assert places.intersection(HOLE).area < 0.02 * places.area
    assert not places.contains(HOLE.centroid)
    assert "earlier maps" in found.back_test.sentence


def test_changes_and_comparisons_work_on_islands_too(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_finding, "PERMUTATIONS", 39)  # what is asked here is not how sure
    generator = np.random.default_rng(1)
    middles = np.array(list(CENTRES))[generator.choice(6, 300)]
    question = ask(
        filters=Filters(first_day=date(2025, 7, 1), last_day=date(2026, 6, 30)),
        calls=middles + generator.normal(0, 700, (300, 2)),
    )
    changes = find_changes(question, earlier=(date(2024, 7, 8), date(2025, 6, 30)))
    assert "times as many a year" in changes.headline
    compared = find_compared_places(ask(), layer=Layer.CALLS)
    said = re.search(r"(\d+) administrations with a place and (\d+) overdose calls", compared.counted)
    # A third of each lies in the hole.
    assert 80 < int(said[1]) < 120
    assert 150 < int(said[2]) < 270
    window = question.geography.outline
    assert all(window.buffer(1).covers(contour) for contour in compared.contours.outlines)


def test_a_layer_somewhere_else_says_what_to_check(ask) -> None:
    london = np.array([530_123.0, 180_456.0]) + np.random.default_rng(1).normal(0, 900, (50, 2))
    june = Filters(first_day=date(2025, 6, 1), last_day=date(2025, 6, 30))
    question = ask(filters=june, calls=london, day="2025-06-10")
    compared = find_compared_places(question, layer=Layer.CALLS)
    assert "None of the overdose calls and drug-related deaths lies in this area" in compared.headline
    assert "Check the coordinate system under [place]" in compared.headline
    with pytest.raises(EmptyDenominatorError, match="Check its area and coordinate system, or compare with another"):
        find_hotspots(question, options=HotspotOptions(layer=Layer.CALLS))


def test_a_period_without_events_says_what_to_choose(ask) -> None:
    question = ask(filters=Filters(first_day=date(2019, 1, 1), last_day=date(2019, 12, 31)))
    found = find_hotspots(question, options=HotspotOptions())
    assert found.empty
    assert "None recorded with a place" in found.headline
    assert "not estimable" in found.back_test.sentence
    assert "Choose a later or a shorter period" in find_changes(question, earlier="before").headline
    one_day = Filters(first_day=date(2026, 6, 29), last_day=date(2026, 6, 29))
    assert "Choose longer periods" in find_changes(ask(filters=one_day), earlier="before").headline
    assert "choose another comparison" in find_compared_places(question, layer=None).headline


def test_areas_with_nothing_in_common_say_which_to_take_away(demo_store, demo_settings, south_wales) -> None:
    codes = dict(zip(south_wales.authorities["name"], south_wales.authorities["code"], strict=True))
    cardiff_and_swansea = replace(YEARS, bcus=("Eastern",), authorities=(codes["Swansea"],))
    question = Question(
        store=demo_store,
        geography=south_wales,
        settings=demo_settings,
        filters=cardiff_and_swansea,
        scope=AccessScope(audience="analyst"),
    )
    for find, options in (
        (find_hotspots, {"options": HotspotOptions()}),
        (find_changes, {"earlier": "before"}),
        (find_compared_places, {"layer": None}),
    ):
        with pytest.raises(NothingInCommonError, match="Take one of them away"):
            find(question, **options)
