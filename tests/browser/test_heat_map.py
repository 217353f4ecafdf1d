"""The heat map as people meet it: in a browser without a network."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SIZES, Dashboard, Screen

OpenScreen = Callable[..., Screen]

# What is painted under a point of the map: the density's own pixel there, found through Leaflet's projection.
PIXEL_AT = """
([latitude, longitude]) => {
    const image = document.querySelector(".leaflet-density-pane img");
    const point = window.map.latLngToContainerPoint([latitude, longitude]);
    const frame = document.querySelector("#map_div").getBoundingClientRect();
    const box = image.getBoundingClientRect();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    const x = Math.floor((frame.left + point.x - box.left) / box.width * image.naturalWidth);
    const y = Math.floor((frame.top + point.y - box.top) / box.height * image.naturalHeight);
    return [...pen.getImageData(x, y, 1, 1).data];
}
"""
SMALL = "[data-testid=stMain] .nw-small"
CARDIFF = [51.481, -3.179]


def colours_of(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).reshape(-1, 3)


def paints_warm_colours(screen: Screen) -> bool:
    """Whether the density's oranges and reds are on the screen: nothing else on the page has them."""
    red, green, blue = colours_of(screen.page.locator("[class*=st-key-nw-map]").screenshot()).astype(int).T
    return int(((red > 200) & (red - blue > 70) & (green < 200)).sum()) > 200


@pytest.mark.parametrize(
    ("size", "webgl"), [("projector", True), ("laptop", False)], ids=["projector", "laptop without WebGL"]
)
def test_the_heat_map_is_painted_without_a_network(
    size: str,
    webgl: bool,
    south_wales: Dashboard,
    open_screen: OpenScreen,
    chromium: Browser,
    chromium_without_webgl: Browser,
) -> None:
    screen = open_screen(size, chromium if webgl else chromium_without_webgl)
    screen.open(f"{south_wales.url}/heat_map")
    assert screen.page.evaluate("!!document.createElement('canvas').getContext('webgl')") in ({False} | {webgl})
    assert screen.density.evaluate("image => image.complete && image.naturalWidth") > 400
    assert paints_warm_colours(screen)
    expect(screen.map.locator(".leaflet-names-pane .place").filter(has_text="Cardiff")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_what_decides_stands_above_or_beside_the_map(
    size: str, south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen(size)
    screen.open(f"{south_wales.url}/heat_map")
    top_of_map = screen.page.locator("[class*=st-key-nw-map]").bounding_box()["y"]
    for said in (
        "Half of the mapped administrations",
        "administrations with a place",
        "without a place",
        "not a map of all overdoses",
    ):
        box = screen.page.get_by_text(said).first.bounding_box()
        assert box["y"] + box["height"] <= top_of_map + 1
    # Nothing is cut at the side, and the map and its legend are on the screen without scrolling.
    assert screen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    overflowing = screen.page.locator(".nw-table").evaluate_all(
        "tables => tables.filter(table => table.scrollWidth > table.clientWidth + 1).length"
    )
    assert overflowing == 0
    legend = screen.page.locator(".nw-legend").bounding_box()
    assert legend["y"] + legend["height"] <= SIZES[size]["height"]


def test_value_and_legend_are_the_same_at_every_zoom(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/heat_map?bandwidth=2000")
    screen.density.wait_for()
    frame = next(frame for frame in screen.page.frames if "streamlit_folium" in frame.url)
    legend = screen.page.locator(".nw-legend").inner_html()
    seen = set()
    for zoom in (6, 10, 15):
        frame.evaluate("([place, zoom]) => window.map.setView(place, zoom, {animate: false})", [CARDIFF, zoom])
        seen.add(tuple(frame.evaluate(PIXEL_AT, CARDIFF)))
        assert screen.page.locator(".nw-legend").inner_html() == legend
    (colour,) = seen
    assert colour[3] == 255
    assert f"rgb({colour[0]}, {colour[1]}, {colour[2]})" in screen.page.locator(".nw-legend .swatch").evaluate_all(
        "swatches => swatches.map(swatch => getComputedStyle(swatch).backgroundColor)"
    )


def test_a_click_on_an_area_gives_its_numbers(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/heat_map")
    screen.density.wait_for()
    frame = next(frame for frame in screen.page.frames if "streamlit_folium" in frame.url)
    place = frame.evaluate(
        "place => { const p = window.map.latLngToContainerPoint(place); return [p.x, p.y] }", CARDIFF
    )
    screen.click_map(x_px=place[0], y_px=place[1])
    expect(screen.page.get_by_role("heading", name="Cardiff", exact=True)).to_be_visible()
    shown = screen.page.locator(".nw-figure").inner_text()
    row = screen.page.locator(".nw-table tr").filter(has=screen.page.get_by_text("Cardiff", exact=True)).inner_text()
    assert shown in re.split(r"\s+", row)


def test_the_meeting_sees_no_points_and_the_analyst_only_when_asked(
    south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    points = ".leaflet-points-pane path"
    screen = open_screen()
    screen.open(f"{south_wales.url}/heat_map?audience=meeting&points=1")
    screen.density.wait_for()
    assert screen.map.locator(points).count() == 0
    screen.open(f"{south_wales.url}/heat_map?points=1")
    screen.map.locator(points).first.wait_for()
    assert screen.map.locator(points).count() > 20


def test_a_view_can_be_sent(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/heat_map?bandwidth=1500&bcu=Cardiff+and+the+Vale")
    screen.click(screen.page.get_by_role("button", name="Link to this view"))
    link = screen.page.locator("[data-testid=stCode] code").inner_text()
    assert link.startswith(f"{south_wales.url}/heat_map?")
    said = screen.page.locator(SMALL).first.inner_text()
    assert "andwidth 1,500 m" in screen.page.locator("[data-testid=stMain]").inner_text()
    other = open_screen()
    other.open(link)
    assert other.page.locator(".nw-finding").inner_text() == screen.page.locator(".nw-finding").inner_text()
    assert other.page.locator(SMALL).first.inner_text() == said


def test_the_download_is_marked(south_wales: Dashboard, open_screen: OpenScreen, tmp_path: Path) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/heat_map?audience=partner")
    with screen.page.expect_download() as waiting:
        screen.click(screen.page.get_by_role("button", name="Download this table (CSV)"))
    waiting.value.save_as(tmp_path / "areas.csv")
    text = (tmp_path / "areas.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[:2] == ["OFFICIAL-SENSITIVE", "SYNTHETIC DATA"]
    assert "Downloaded by" in text
    assert "Partner agency" in text
    assert "Cardiff" in text


def test_everything_is_reached_with_the_keyboard(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen("laptop")
    screen.open(f"{south_wales.url}/heat_map")
    wanted = {
        "Overview",
        "Heat map",
        "Period",
        "BCU",
        "Substance",
        "Bandwidth",
        "By area: administrations",
        "Download this table (CSV)",
        "Link to this view",
    }
    reached = ""
    for _press in range(60):
        screen.page.keyboard.press("Tab")
        reached += "\n" + screen.page.evaluate(
            "(() => { const e = document.activeElement; return [e.innerText, e.getAttribute('aria-label'),"
            " ...[...(e.labels || [])].map(label => label.innerText)].join('|') })()"
        )
    assert {name for name in wanted if name not in reached} == set()


def test_a_filter_chosen_with_the_keyboard_changes_the_page(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/heat_map")
    before = screen.page.locator(SMALL).first.inner_text()
    screen.page.get_by_role("combobox", name=re.compile("BCU")).focus()
    screen.page.keyboard.type("Mid")
    screen.page.keyboard.press("Enter")
    expect(screen.page).to_have_url(re.compile("bcu=Mid"))
    expect(screen.page.locator(SMALL).first).not_to_have_text(before)
