"""The ambulance page as a room sees it: the two numbers, the tail, and nothing cut."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, Dashboard, Screen

OpenScreen = Callable[..., Screen]
# Pixels. A fortieth of the projector's height is read from the back row at six times the picture's height.
LEGIBLE_PX = {"projector": 27, "laptop": 19}


@pytest.mark.parametrize("audience", ["analyst", "meeting"])
@pytest.mark.parametrize("size", SIZES)
def test_the_two_numbers_and_the_tail_are_seen_without_scrolling(
    size: str, audience: str, south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen(size)
    screen.open(f"{south_wales.url}/ambulance_delay?audience={audience}")
    figures = screen.page.locator(".nw-figure.large")
    expect(figures).to_have_count(2)
    for figure in figures.all():
        expect(figure).to_be_in_viewport()
        assert figure.evaluate("each => parseFloat(getComputedStyle(each).fontSize)") > LEGIBLE_PX[size]
    chart = screen.page.locator(".js-plotly-plot").first
    expect(chart.locator(".scatterlayer .trace").first).to_be_attached()
    box = chart.bounding_box()
    assert box["y"] + box["height"] <= SIZES[size]["height"]
    # The tail: a dot, or a block with its count, to the right of 40 minutes on the lower scale.
    ticks = screen.page.locator(".xaxislayer-above .xtick text, .x2tick text").all()
    forty = next(tick.bounding_box()["x"] for tick in ticks if tick.text_content() == "40")
    tail = chart.locator(".subplot.xy2 .points path, .subplot.x2y2 .points path, .subplot.x2y2 path.js-fill")
    assert any(each["x"] + each["width"] > forty for each in (part.bounding_box() for part in tail.all()) if each)
    assert screen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    overflowing = screen.page.locator(".nw-table").evaluate_all(
        "tables => tables.filter(table => table.scrollWidth > table.clientWidth + 1).length"
    )
    assert overflowing == 0
