"""The spikes page in a browser: the planted cluster of the last days is open, on the map, and leads to the panel."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Dashboard, Screen


def test_the_last_planted_cluster_is_open_and_can_be_decided_on(
    south_wales: Dashboard, open_screen: Callable[..., Screen]
) -> None:
    screen = open_screen("laptop")
    screen.open(south_wales.url + "/spikes")
    page = screen.page
    expect(page.locator(".nw-finding").first).to_contain_text(
        re.compile(r"\d administrations in \d days within .* km of .*it does not show a cause\.")
    )
    expect(screen.map.locator("path").first).to_be_visible()
    page.get_by_label("Note, without names of people").fill("looked at in a test")
    screen.click(page.get_by_role("button", name="Write it down"))
    expect(page.get_by_text("looked at in a test").first).to_be_visible()
    # Until the page is drawn anew the old tabs stand beside the new ones.
    screen.wait_until_drawn()
    screen.click(page.get_by_role("tab", name="Other rules"))
    expect(page.get_by_text("Farrington flexible")).to_be_visible()
    screen.click(page.get_by_role("link", name="Open the emergency panel"))
    expect(page).to_have_url(re.compile(r"/panel\?.*panel=\d{4}-\d\d-"))
