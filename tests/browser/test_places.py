"""Places with repeated administrations in a browser without a network: chosen by click, in the list, by keyboard."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS, SIZES, Dashboard, Screen

OpenScreen = Callable[..., Screen]
CHOSEN_ROW = "tr.chosen td:first-child"
BOXES = """
elements => elements.filter(element => element.checkVisibility({visibilityProperty: true})).map(element => {
    const {left, top, right, bottom} = element.getBoundingClientRect();
    return [left, top, right, bottom];
})
"""


@pytest.mark.parametrize(
    "view",
    [
        "hotspots",
        "changes?from=2026-01-01&earlier_from=2022-05-01&earlier_to=2025-12-31",
        "compared_places?against=addresses",
        "compared_places?against=addresses&audience=partner",
    ],
)
def test_map_list_and_keyboard_choose_the_same_place(
    view: str, south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen("projector")
    page = screen.page
    # A style sheet that came after the map would move it under the pointer.
    page.route("**/*leaflet*.css", lambda route: route.abort())
    screen.open(f"{south_wales.url}/{view}")
    options = page.get_by_role("radio")
    expect(options.first).to_be_visible()
    names = [label.strip() for label in page.locator("[role=radiogroup] label").all_inner_texts()]
    assert len(names) >= 2
    outlines = screen.map.locator(".leaflet-outlines-pane path[stroke-width='1.2']")
    expect(outlines).to_have_count(len(names))
    # The last is small: a click at its middle hits it.
    screen.click(outlines.nth(len(names) - 1))
    expect(page.locator(CHOSEN_ROW)).to_have_text(names[-1])
    screen.click(page.locator("[role=radiogroup] label").first)
    expect(page.locator(CHOSEN_ROW)).to_have_text(names[0])
    page.keyboard.press("ArrowDown")
    expect(page.locator(CHOSEN_ROW)).to_have_text(names[1])
    expect(page.get_by_role("heading", name=names[1])).to_be_visible()
    # The map was not drawn anew, and the chosen outline alone is strong.
    expect(screen.map.locator(".leaflet-outlines-pane path[stroke-width='4']")).to_have_count(1)


@pytest.mark.parametrize("size", SIZES)
def test_names_are_whole_and_hide_no_place(size: str, south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen(size)
    screen.open(f"{south_wales.url}/hotspots")
    expect(screen.map.locator(".place .rank").first).to_be_visible()
    outlines = screen.map.locator(".leaflet-outlines-pane path[stroke-width='1.2']").evaluate_all(BOXES)
    found = screen.map.locator(".place.found").evaluate_all(BOXES)
    others = screen.map.locator(".place:not(.found)").evaluate_all(BOXES)
    frame = screen.page.locator("[class*=st-key-nw-map] iframe").bounding_box()
    assert len(found) == len(outlines) >= 3
    assert len(others) >= 5
    for left, top, right, bottom in [*found, *others]:
        assert 0 <= left < right <= frame["width"]
        assert 0 <= top < bottom <= frame["height"]
    placed = [shapely.box(*box) for box in [*found, *others, *outlines]]
    touching = [(one, other) for one, other in itertools.combinations(placed, 2) if one.intersection(other).area > 1]
    assert touching == []


def test_only_published_outlines_are_saved(south_wales: Dashboard, open_screen: OpenScreen, tmp_path: Path) -> None:
    screen = open_screen("projector")
    screen.open(f"{south_wales.url}/hotspots?audience=partner")
    with screen.page.expect_download() as waiting:
        screen.click(screen.page.get_by_role("button", name="Download the outlines (GeoJSON)"))
    file = tmp_path / "places.geojson"
    waiting.value.save_as(file)
    saved = json.loads(file.read_text(encoding="utf-8"))
    assert saved["marking"][:2] == ["OFFICIAL-SENSITIVE", "SYNTHETIC DATA"]
    assert {feature["geometry"]["type"] for feature in saved["features"]} <= {"Polygon", "MultiPolygon"}
    assert all(int(feature["properties"]["n"]) >= 5 for feature in saved["features"])


def test_a_geopackage_is_saved_and_opens(south_wales: Dashboard, open_screen: OpenScreen, tmp_path: Path) -> None:
    screen = open_screen("projector")
    screen.open(f"{south_wales.url}/compared_places?against=addresses")
    with screen.page.expect_download() as waiting:
        screen.click(screen.page.get_by_role("button", name="Download the outlines (GeoPackage)"))
    file = tmp_path / waiting.value.suggested_filename
    assert file.suffix == ".gpkg"
    waiting.value.save_as(file)
    saved = gpd.read_file(file)
    assert set(saved["marking"]) == {"OFFICIAL-SENSITIVE; SYNTHETIC DATA"}
    assert set(saved.geometry.geom_type) == {"MultiPolygon"}


def test_tolerance_contours_are_drawn_dashed_and_told(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen("projector")
    screen.open(f"{south_wales.url}/compared_places?against=addresses")
    dashed = screen.map.locator(".leaflet-contours-pane path[stroke-dasharray]")
    expect(dashed.first).to_be_visible()
    assert {path.get_attribute("fill") for path in dashed.all()} == {"none"}
    legend = screen.page.get_by_role("group", name="Legend")
    expect(legend.get_by_text("p = 0.05, rarer")).to_be_visible()
    expect(legend.get_by_text("p = 0.05, more frequent")).to_be_visible()


def test_work_can_be_stopped_and_gone_on_with(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen("projector")
    page = screen.page
    # A view nobody has asked for yet, and one that takes its time: what is in memory needs no stopping.
    page.goto(f"{south_wales.url}/hotspots?bandwidth=311")
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")
    stop.click()
    expect(page.get_by_text("Stopped: nothing was worked out")).to_be_visible()
    screen.click(page.get_by_role("button", name="Go on"))
    expect(page.get_by_role("radio").first).to_be_visible(timeout=3 * PATIENCE_MS)
    expect(page.get_by_text("Stopped: nothing was worked out")).to_have_count(0)
