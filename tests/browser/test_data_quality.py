"""A file goes in through a real browser, and nothing of it is written in clear; what the page shows to whom."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import SIZES, Dashboard, Screen
from tests.browser.test_pages import ALLOWED_VIOLATIONS

OpenScreen = Callable[..., Screen]
# Written down by the server's own Python before anything else runs: every file that is opened for writing.
WATCHER = """
import os, sys
_log = os.open(os.environ["OPENED_FOR_WRITING"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def _note(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        os.write(_log, (repr(arguments[0]) + "\\n").encode())
sys.addaudithook(_note)
"""
NAME = "Zebedee Quillfeather"
# Above the 1 MB from which the web server would write an upload to the temporary folder, by itself.
ROWS = 3_000


def write_form(file: Path) -> None:
    lines = ["Reference,Date and time of incident,Latitude,Longitude,Name,Remarks"]
    for number in range(ROWS):
        when = f"{1 + number % 28:02}/{1 + number // 28 % 12:02}/2025 {number % 24:02}:{number % 60:02}"
        place = f"{51.45 + number % 97 / 1000:.3f},{-3.3 + number % 89 / 1000:.3f}"
        lines.append(f"R{number:06},{when},{place},{NAME},{'a remark of some length ' * 22}")
    file.write_text("\n".join(lines), encoding="utf-8")
    assert file.stat().st_size > 1_500_000


def holding(folder: Path, text: str) -> list[str]:
    """Files anywhere in the folder with the text in them, in UTF-8 or UTF-16."""
    wanted = (text.encode(), text.encode("utf-16-le"))
    return [
        str(file) for file in folder.rglob("*") if file.is_file() and any(each in file.read_bytes() for each in wanted)
    ]


def test_a_large_file_goes_in_and_out_and_nothing_of_it_is_written_in_clear(
    start_dashboard: Callable[..., Dashboard], open_screen: OpenScreen, tmp_path: Path
) -> None:
    hooks, temporary, opened = tmp_path / "hooks", tmp_path / "temporary", tmp_path / "opened"
    for folder in (hooks, temporary):
        folder.mkdir()
    (hooks / "sitecustomize.py").write_text(WATCHER, encoding="utf-8")
    form = tmp_path / "form.csv"
    write_form(form)
    dashboard = start_dashboard(
        "", PYTHONPATH=str(hooks), TMPDIR=str(temporary), OPENED_FOR_WRITING=str(opened), PYTHONDONTWRITEBYTECODE="1"
    )
    screen = open_screen("laptop")
    page = screen.page
    screen.open(f"{dashboard.url}/data_quality")
    screen.click(page.get_by_text("My file is generated"))
    page.locator("input[type=file]").set_input_files(form)
    expect(page.get_by_role("heading", name="The first rows as they would be stored")).to_be_visible()
    preview = page.get_by_role("region", name="The first rows as they would be stored")
    expect(preview).to_contain_text("hashed")
    held_open = [str(link.readlink()) for link in Path(f"/proc/{dashboard.process.pid}/fd").iterdir()]
    assert [name for name in held_open if str(temporary) in name or "(deleted)" in name] == []

    apart = page.get_by_role("spinbutton", name=re.compile("How far the true places may be"))
    apart.fill("250")
    apart.press("Enter")
    screen.wait_until_drawn()
    screen.click(page.get_by_role("button", name="Try it: nothing is written"))
    expect(page.get_by_role("heading", name="What an import would do")).to_be_visible()
    # What was corrected is still there, and is what goes in.
    screen.wait_until_drawn()
    expect(apart).to_have_value("250")
    confirm = page.get_by_role("button", name=f"Import: {ROWS:,} new")
    assert confirm.locator("p").evaluate("each => each.scrollWidth <= each.clientWidth")
    screen.click(confirm)
    undo = page.get_by_text("Undo this import")
    expect(undo).to_be_visible()
    expect(page.locator(".nw-finding").filter(has_text="rows in =")).to_contain_text(f"{ROWS:,} imported")
    assert NAME not in page.content()
    screen.click(undo)
    page.get_by_role("textbox", name="Why").first.fill("only tried")
    screen.click(page.get_by_role("button", name="Undo it").first)
    expect(undo).to_have_count(0)
    expect(page.get_by_test_id("stAlert").filter(has_text="Undone: “naloxone form”")).to_be_visible()

    store = Path(dashboard.environment["NALOXONE_WATCH_STORE"])
    written = [line.strip("'") for line in opened.read_text(encoding="utf-8").splitlines()]
    assert any(str(store) in name for name in written), "the watcher saw nothing"
    assert [name for name in written if str(temporary) in name] == []
    assert list(temporary.rglob("*")) == []
    assert holding(store.parent, NAME) == []
    assert NAME not in opened.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
def test_the_whole_grid_is_seen_and_no_column_is_cut(
    size: str, south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen(size)
    screen.open(f"{south_wales.url}/data_quality")
    grid = screen.page.locator(".nw-grid")
    expect(grid.locator("tbody tr")).to_have_count(14)
    box = grid.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= SIZES[size]["height"]
    assert grid.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert screen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_tab_that_is_open_stays_open_when_the_page_runs_again(
    south_wales: Dashboard, open_screen: OpenScreen
) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/data_quality")
    screen.click(screen.page.get_by_role("tab", name="Bring in a file"))
    screen.click(screen.page.get_by_text("My file is generated"))
    expect(screen.page.get_by_text("A file from your records system")).to_be_visible()
    screen.wait_until_drawn()
    expect(screen.page.get_by_role("tab", name="Bring in a file")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("query", ["", "?audience=partner"])
def test_axe_finds_only_what_streamlit_brings(query: str, south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.open(f"{south_wales.url}/data_quality{query}")
    for tab in (None, "Imports", "Bring in a file") if not query else (None,):
        if tab:
            screen.click(screen.page.get_by_role("tab", name=tab))
            expect(screen.page.get_by_role("tab", name=re.compile(tab))).to_have_attribute("aria-selected", "true")
        found: dict[str, Any] = Axe().run(screen.page).response
        violations = {one["id"]: [node["html"] for node in one["nodes"]] for one in found["violations"]}
        assert {name: where for name, where in violations.items() if name not in ALLOWED_VIOLATIONS} == {}


def test_everything_is_reached_with_the_keyboard(south_wales: Dashboard, open_screen: OpenScreen) -> None:
    screen = open_screen("laptop")
    screen.open(f"{south_wales.url}/data_quality")
    screen.page.get_by_role("tab", name="Completeness").focus()
    for _press in range(4):
        screen.page.keyboard.press("ArrowRight")
    expect(screen.page.get_by_role("tab", name="Bring in a file")).to_be_focused()
    screen.page.keyboard.press("Enter")
    screen.page.get_by_role("checkbox", name=re.compile("My file is generated")).focus()
    screen.page.keyboard.press("Space")
    expect(screen.page.get_by_role("button", name=re.compile("Upload|Browse"))).to_be_visible()
