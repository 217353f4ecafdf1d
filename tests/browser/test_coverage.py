"""Carrier coverage in a browser without a network: on one screen, and answering a click."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Dashboard, Screen

OpenScreen = Callable[..., Screen]


def test_map_week_and_gain_are_on_one_screen_and_a_click_lists_who_is_near(
    south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen("projector")
    screen.open(f"{south_wales.url}/coverage?hour=130")
    page = screen.page
    gain = page.get_by_text("Your choice: ")
    expect(gain).to_be_visible()
    week = page.get_by_test_id("stPlotlyChart")
    expect(week).to_be_visible()
    expect(screen.map.locator(".leaflet-contours-pane path").first).to_be_visible()
    expect(screen.map.locator(".leaflet-few-pane path")).to_have_count(1)
    height = page.viewport_size["height"]
    for shown in (gain, week, page.locator("[class*='st-key-nw-map'] iframe")):
        box = shown.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
    # Between two bases: the area below takes the click.
    frame = page.locator("[class*='st-key-nw-map'] iframe").bounding_box()
    screen.click_map(x_px=0.6 * frame["width"], y_px=0.45 * frame["height"])
    expect(page.get_by_text("planned, not live, not for dispatch")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Shift ends")).to_be_visible()
