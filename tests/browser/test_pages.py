"""Every page in a browser: opened first, with a quiet force, without a store, and while an import goes on."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from pages.components.navigation import PAGES
from tests.browser.conftest import SIZES, Dashboard, Screen

OpenScreen = Callable[..., Screen]
# Streamlit's own, in parts that this project does not draw.
ALLOWED_VIOLATIONS = {"svg-img-alt", "presentation-role-conflict"}
PATHS = ["/" if path == "dashboard.py" else "/" + path.removeprefix("pages/").removesuffix(".py") for path in PAGES]


@pytest.mark.parametrize("path", [*PATHS, "/heat_map?audience=meeting"])
def test_every_page_is_marked_synthetic_lists_the_pages_and_is_accessible(
    path: str, south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen("projector")
    screen.open(south_wales.url + path)
    if "heat_map" in path:
        screen.density.wait_for()
    assert screen.sidebar.get_by_test_id("stPageLink").count() == len(PAGES)
    assert screen.page.locator("[data-testid=stSidebarNav]").count() == 0
    # Streamlit's and the charts' parts are what they are at any size; axe looks once.
    found: dict[str, Any] = Axe().run(screen.page).response
    violations = {one["id"]: [node["html"] for node in one["nodes"]] for one in found["violations"]}
    assert {name: where for name, where in violations.items() if name not in ALLOWED_VIOLATIONS} == {}
    for size in SIZES.values():
        screen.page.set_viewport_size(size)
        expect(screen.page.locator(".nw-mark")).to_be_in_viewport()
        screen.page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
        assert cut_tables(screen) == []


def cut_tables(screen: Screen) -> list[str]:
    """The names of tables and grids that go on at the side beyond what is seen of them."""
    return screen.page.locator(".nw-table, .nw-grid").evaluate_all(
        "tables => tables.filter(table => table.scrollWidth > table.clientWidth + 1)"
        ".map(table => table.getAttribute('aria-label'))"
    )


@pytest.mark.parametrize("path", ["panel", "ambulance_delay", "coverage", "hotspots"])
def test_no_table_is_cut_where_numbers_are_held_back(
    path: str, south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen("laptop")
    screen.open(f"{south_wales.url}/{path}?audience=partner")
    expect(screen.page.locator(".nw-table").first).to_be_visible()
    assert cut_tables(screen) == []


def test_the_overview_shows_number_change_chart_and_picture(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(south_wales.url)
    expect(screen.page.locator(".nw-figure")).to_have_text(re.compile(r"^\d+$"))
    expect(screen.page.locator(".js-plotly-plot .bars path").nth(1)).to_be_visible()
    picture = screen.page.locator("[data-testid=stImage] img")
    expect(picture).to_be_visible()
    assert picture.get_attribute("alt")
    assert picture.evaluate("image => image.naturalWidth") > 400


def test_filters_go_with_the_reader_from_page_to_page(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/?bcu=Mid+Glamorgan")
    screen.click(screen.sidebar.get_by_role("link", name="Heat map"))
    expect(screen.page.get_by_role("heading", name="Where police gave naloxone")).to_be_visible()
    screen.wait_until_drawn()
    expect(screen.page).to_have_url(re.compile("/heat_map.*bcu=Mid"))
    expect(screen.sidebar.get_by_text("Mid Glamorgan").first).to_be_visible()


def test_a_quiet_force_gets_a_list_and_a_sentence(quiet_force: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen("laptop")
    screen.open(f"{quiet_force.url}/heat_map")
    expect(screen.page.locator(".nw-finding")).to_contain_text("Too few for a smooth map")
    assert screen.page.locator("iframe").count() == 0
    assert screen.page.locator(".nw-table").first.locator("tbody tr").count() > 0


def test_the_first_snapshot_and_a_new_one_are_shown_on_the_next_interaction(
    start_dashboard: Callable[..., Dashboard], open_screen: OpenScreen
) -> None:
    dashboard = start_dashboard("")
    screen = open_screen()
    # What every page says without a store, tests/pages asks without a browser.
    for path in ("/data_quality", "/"):
        screen.open(dashboard.url + path)
        expect(screen.page.get_by_text("python -m data demo")).to_be_visible()
    for seed, total in ((1, 60), (2, 120)):
        dashboard.write_records(number=60, seed=seed)
        screen.click(screen.sidebar.get_by_role("link", name="Heat map"))
        expect(screen.page.get_by_role("heading", name="Where police gave naloxone")).to_be_visible()
        screen.click(screen.sidebar.get_by_role("link", name="Overview"))
        expect(screen.page.locator(".nw-figure")).to_have_text(str(total))
