"""A real Chromium against the real dashboard on a free port, with stores of its own; any request off the machine fails.

Without Chromium these tests skip and say so; where NALOXONE_WATCH_REQUIRE_BROWSER=1 (as in CI) that is a failure.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FrameLocator,
    Locator,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = os.environ.get("NALOXONE_WATCH_REQUIRE_BROWSER") == "1"
QUIET_SETTINGS = ROOT / "examples" / "quiet_force" / "settings.toml"
ON_THIS_MACHINE = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
# Two cores may be shared with the rest of the suite: what does not appear in this time does not appear.
PATIENCE_MS = 60_000
SIZES = {"projector": {"width": 1920, "height": 1080}, "laptop": {"width": 1366, "height": 768}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of this folder, and skip it where there is no Chromium."""
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        item.add_marker(pytest.mark.browser)
        if CHROMIUM is None and not REQUIRED:
            item.add_marker(pytest.mark.skip(reason="no Chromium: install it (Debian: apt-get install chromium)"))


@dataclass
class Dashboard:
    """A running dashboard: its address, its store's environment, its process."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def write_records(self, **records: int) -> None:
        """Publish a snapshot with these records (tests.pages.small_store) while the dashboard runs."""
        program = (
            "import json, sys; from data.settings import load_settings;"
            " from tests.pages.small_store import Records, write_records;"
            " write_records(load_settings(), Records(**json.loads(sys.argv[1])))"
        )
        command = [sys.executable, "-c", program, json.dumps(records)]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=300)


@pytest.fixture(scope="session")
def start_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Dashboard]]:
    """Start a dashboard on a store of the given kind of force ("" for no store at all)."""
    started: list[Dashboard] = []
    # The geography holds no record: one cache serves all, as it does on a user's machine.
    cache = tmp_path_factory.mktemp("cache")

    def start(kind: str, **more: str) -> Dashboard:
        folder = tmp_path_factory.mktemp(kind or "empty")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("NALOXONE_WATCH_")},
            "NALOXONE_WATCH_STORE": str(folder / "store"),
            "NALOXONE_WATCH_CACHE": os.environ.get("NALOXONE_WATCH_CACHE", str(cache)),
            "XDG_CONFIG_HOME": str(folder / "config"),
            **more,
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if kind:
            making = [sys.executable, "-m", "data", "demo", "--kind", kind]
            subprocess.run(making, cwd=ROOT, env=environment, check=True, timeout=300, stdout=subprocess.DEVNULL)
        log = folder / "log"
        command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(port)]
        with log.open("w") as written:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=written, stderr=subprocess.STDOUT)
        dashboard = Dashboard(url=f"http://127.0.0.1:{port}", environment=environment, process=process, log=log)
        started.append(dashboard)
        _wait_until_healthy(dashboard)
        return dashboard

    yield start
    for dashboard in started:
        dashboard.process.terminate()
        dashboard.process.wait(20)


def _wait_until_healthy(dashboard: Dashboard) -> None:
    for _attempt in range(600):
        if dashboard.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{dashboard.url}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start: {dashboard.log.read_text()}")


@pytest.fixture(scope="session")
def south_wales(start_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return start_dashboard("south_wales")


@pytest.fixture(scope="session")
def quiet_force(start_dashboard: Callable[..., Dashboard]) -> Dashboard:
    return start_dashboard("quiet", NALOXONE_WATCH_SETTINGS=str(QUIET_SETTINGS))


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    assert CHROMIUM, "NALOXONE_WATCH_REQUIRE_BROWSER=1 and no Chromium"
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(driver: Playwright) -> Iterator[Browser]:
    browser = _launch(driver)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def chromium_without_webgl(driver: Playwright) -> Iterator[Browser]:
    browser = _launch(driver, "--disable-webgl", "--disable-webgl2", "--disable-3d-apis")
    yield browser
    browser.close()


def _launch(driver: Playwright, *arguments: str) -> Browser:
    quiet = ("--disable-background-networking", "--disable-component-update", "--no-first-run")
    return driver.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *quiet, *arguments]
    )


@dataclass
class Screen:
    """A browser's page, every address it asked for that is not on this machine, and what went wrong in it."""

    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def note(self, request: Request) -> None:
        if not request.url.startswith(ON_THIS_MACHINE):
            self.outside.append(request.url)

    def note_error(self, message: ConsoleMessage) -> None:
        # Streamlit first asks for its own address under the page's, is told that there is none, and goes on.
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            self.errors.append(message.text)

    def open(self, address: str) -> None:
        """Open an address and wait until the page has been drawn."""
        self.page.goto(address)
        self.page.locator("h1").first.wait_for(timeout=PATIENCE_MS)
        self.wait_until_drawn()

    def wait_until_drawn(self) -> None:
        """Wait until Streamlit says that nothing runs."""
        self.page.wait_for_function(
            "document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'notRunning'"
            " && !document.querySelector('[data-testid=stSkeleton]')",
            timeout=PATIENCE_MS,
        )

    def click(self, target: Locator) -> None:
        """Click as a person does: when nothing runs, and the target lies still with nothing above it."""
        self.wait_until_drawn()
        target.click()

    def click_map(self, *, x_px: float, y_px: float) -> None:
        """Click that far from the map's upper left corner."""
        self.wait_until_drawn()
        corner = self.page.locator("[class*='st-key-nw-map'] iframe").bounding_box()
        self.page.mouse.click(corner["x"] + x_px, corner["y"] + y_px)

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_test_id("stSidebar")

    @property
    def map(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title^='streamlit_folium']")

    @property
    def density(self) -> Locator:
        """The density's image on the map, once it is painted."""
        image = self.map.locator(".leaflet-density-pane img")
        image.wait_for(timeout=PATIENCE_MS)
        return image


@pytest.fixture
def open_screen(chromium: Browser) -> Iterator[Callable[..., Screen]]:
    """Open a screen of a size, with a browser of the test's choice.

    At the end nothing may have left the machine, and nothing may have gone wrong in a browser.
    """
    screens: list[Screen] = []

    def opened(size: str = "projector", browser: Browser = chromium) -> Screen:
        context = browser.new_context(
            viewport=SIZES[size], locale="en-GB", timezone_id="Europe/London", accept_downloads=True
        )
        screen = Screen(page=context.new_page())
        context.on("request", screen.note)
        screen.page.on("console", screen.note_error)
        screen.page.on("pageerror", lambda error: screen.errors.append(str(error)))
        screen.page.set_default_timeout(PATIENCE_MS)
        screens.append(screen)
        return screen

    yield opened
    asked = [address for screen in screens for address in screen.outside]
    errors = [error for screen in screens for error in screen.errors]
    for screen in screens:
        screen.page.context.close()
    assert asked == []
    assert errors == []
