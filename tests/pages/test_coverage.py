"""The coverage page from a real store to the screen: the numbers, the what-if, the plans, and what is missing."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from plotly.colors import hex_to_rgb, sample_colorscale
from shapely import Point
from shapely.geometry import shape
from streamlit.testing.v1 import AppTest

from analytics.coverage import Progress, maximum_expected_coverage
from analytics.findings.carrier_plan import Action, BestPlan
from analytics.findings.coverage import find_coverage
from analytics.findings.question import Question
from analytics.findings.reach_map import find_reach_map
from analytics.findings.reach_now import find_reach_now
from data.demo import DemoOutcome, make_demo
from data.geography import open_geography
from data.ingest import import_frame
from data.keys import load_keys
from data.settings import Settings, load_settings
from geo.basemap import build_basemap
from geo.projection import to_wgs84
from pages.components.coverage_charts import week_figure
from pages.components.coverage_layers import reach_layers
from pages.components.map_layers import Ground
from pages.components.plan_search import PlanSearch
from tests.pages.conftest import TIMEOUT_S, forget_stores
from tests.pages.test_pages import text_of
from tests.pages.test_theme import contrast

COVERAGE = "pages/coverage.py"
Open = Callable[..., AppTest]
Write = Callable[..., str]


@pytest.fixture(scope="module")
def whole_force_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic force with everything it has: its store and the keys to it."""
    folder = tmp_path_factory.mktemp("whole_force")
    with pytest.MonkeyPatch.context() as patch:
        look_in(folder, patch)
        settings = load_settings()
        keys = load_keys(store_folder=settings.store_folder, create=True)
        make_demo(settings=settings, keys=keys, geography=open_geography(settings))
    return folder


@pytest.fixture
def whole_force(whole_force_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The synthetic force where the pages look for it, for one test: another may ask for the demo of all tests."""
    look_in(whole_force_folder, monkeypatch)
    forget_stores()
    yield
    forget_stores()


def look_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("NALOXONE_WATCH_STORE", str(folder / "store"))
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    patch.delenv("NALOXONE_WATCH_SETTINGS", raising=False)


def gains(app: AppTest) -> dict[str, str]:
    """The what-if's rows: what is compared and its gain."""
    table = next(element.proto.body for element in app.get("html") if "What the change would add" in element.proto.body)
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table)[1:]]
    return {row[0]: re.sub(r"<[^>]*>", "", row[3]) for row in rows}


@pytest.mark.usefixtures("whole_force")
def test_the_screen_shows_reach_week_gap_and_gain(open_dashboard: Open) -> None:
    app = open_dashboard(COVERAGE)
    assert not app.exception
    assert not app.error
    said = text_of(app)
    for words in (
        "within 10 minutes of a carrier on shift",
        "around Merthyr Tydfil, Friday and Saturday 23:00 to 07:00",
        "not for dispatch",
        "Minutes are a straight line x 1.3",
        "fell into a gap of the table beside",
    ):
        assert words in said
    assert "hotspot" not in said.lower()
    assert [header.value for header in app.header][:2] == ["When nobody is in reach", "Carriers by base"]
    before = gains(app)
    assert list(before) == ["Now", "Your choice"]
    app.multiselect(key="plan_sites_add").set_value(["Barry"]).run()
    assert gains(app)["Your choice"] != before["Your choice"]


@pytest.mark.usefixtures("whole_force")
def test_the_best_is_searched_for_saved_and_opened_again(open_dashboard: Open) -> None:
    app = open_dashboard(COVERAGE)
    app.number_input(key="plan_number").set_value(3).run()
    next(button for button in app.button if button.label == "Search for the best").click().run()
    until = time.monotonic() + TIMEOUT_S
    while "The best found" not in gains(app) and time.monotonic() < until:
        time.sleep(0.2)
        app.run()
    assert list(gains(app)) == ["Now", "Your choice", "The best found"]
    app.text_input(key="plan_name").set_value("Three more").run()
    next(button for button in app.button if button.label == "Save this plan").click().run()
    app.number_input(key="plan_number").set_value(9).run()
    app.multiselect(key="plan_sites_add").set_value(["Barry"]).run()
    next(button for button in app.button if button.label == "Open this plan").click().run()
    assert app.number_input(key="plan_number").value == 3
    assert app.multiselect(key="plan_sites_add").value == ["Merthyr Tydfil"]
    assert list(gains(app)) == ["Now", "Your choice", "The best found"]


@pytest.mark.usefixtures("whole_force")
def test_an_hour_and_a_place_give_the_roster_there(open_dashboard: Open) -> None:
    app = open_dashboard(COVERAGE, hour="120")
    assert app.query_params["hour"] in ("120", ["120"])
    assert "Saturday 00:00: " in text_of(app)
    app.text_input(key="near_place").set_value("Merthyr Tydfil").run()
    said = text_of(app) + " ".join(part.value for part in (*app.subheader, *app.markdown))
    assert "Carriers rostered near Merthyr Tydfil, Saturday 00:00" in said
    assert "planned, not live, not for dispatch" in said
    app.text_input(key="near_place").set_value("nowhere at all").run()
    assert any("whole postcode" in warning.value for warning in app.warning)


@pytest.mark.usefixtures("whole_force")
def test_partners_get_no_single_carrier_and_no_saved_plan(open_dashboard: Open) -> None:
    app = open_dashboard(COVERAGE, audience="partner")
    assert not app.exception
    app.text_input(key="near_place").set_value("Merthyr Tydfil").run()
    body = " ".join(element.proto.body for element in app.get("html"))
    assert "Shift ends" not in body
    assert "in date to" not in body
    assert "only to the force" in body


@pytest.mark.parametrize("files", [("carriers",), ("carriers", "shifts_dated", "risk_events")])
def test_a_force_without_most_of_it_has_a_page(
    files: tuple[str, ...], demo: DemoOutcome, settings: Settings, open_dashboard: Open
) -> None:
    keys = load_keys(store_folder=settings.store_folder, create=True)
    for file in demo.force.files:
        if file.name in (*files, "administrations"):
            import_frame(
                frame=file.frame,
                mapping=file.mapping,
                settings=settings,
                keys=keys,
                geography=open_geography(settings),
                as_of=datetime.now(UTC),
            )
    app = open_dashboard(COVERAGE)
    assert not app.exception
    assert not app.error
    said = app.warning[0].value
    assert "Kits are not recorded" in said
    assert ("Shifts are not recorded" in said) == ("shifts_dated" not in files)
    assert ("only where carriers already are" in said) == ("risk_events" not in files)
    assert "Requests for a carrier are not recorded" in text_of(app)
    app.text_input(key="near_place").set_value("Cowbridge").run()
    assert not app.exception
    near = " ".join(part.value for part in app.markdown)
    assert ("No roster is recorded" in near) == ("shifts_dated" not in files)


def test_a_store_without_carriers_says_so(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(COVERAGE)
    assert not app.exception
    assert "No carriers are recorded" in text_of(app)
    assert "bring them in on the page “Data quality”" in app.warning[0].value
    assert "only where carriers already are" in app.warning[0].value


def test_a_handful_of_administrations_is_no_risk_but_a_page(records: Write, open_dashboard: Open) -> None:
    records(number=4)
    app = open_dashboard(COVERAGE)
    assert not app.exception
    assert not app.error
    assert "Where the risk is cannot be said" in app.warning[0].value


def test_a_stopped_search_keeps_the_best_so_far() -> None:
    """A problem that takes the solver seconds: even demand, many sites; stopped as soon as there is a plan."""
    generator = np.random.default_rng(3)
    demand, sites = generator.uniform(0, 40_000, (1_500, 2)), generator.uniform(0, 40_000, (200, 2))

    def search(tell: Callable[[Progress], bool]) -> BestPlan:
        plan = maximum_expected_coverage(
            demand_weight=generator.gamma(0.5, 1, 1_500),
            demand_easting_m=demand[:, 0],
            demand_northing_m=demand[:, 1],
            site_easting_m=sites[:, 0],
            site_northing_m=sites[:, 1],
            n_sites=30,
            reach_m=5_000,
            busy_probability=0.6,
            on_progress=tell,
        )
        return BestPlan(
            action=Action.ADD,
            number=30,
            origin=None,
            sites=tuple(str(site) for site in plan.sites),
            proof=plan.sentence,
            gap=plan.gap,
            seconds=plan.seconds,
        )

    searching = PlanSearch()
    searching.start("question", search)
    assert searching.running
    while searching.progress is None:
        time.sleep(0.01)
    searching.stop()
    stopped_at = time.monotonic()
    while not searching.take():
        time.sleep(0.01)
    assert time.monotonic() - stopped_at < 10
    assert not searching.running
    assert len(searching.found["question"].sites) == 30


def test_uncovered_risk_is_hatched_and_the_legend_says_what_is_what(ask: Callable[..., Question]) -> None:
    question = ask()
    now = find_reach_now(question, layer=None)
    ground = Ground(basemap=build_basemap(question.geography), crs=question.geography.crs)
    hole = reach_layers(find_reach_map(question, now=now, hour=120), ground=ground, level="authority")
    assert hole.hatched is not None
    assert hole.legend.hatched == "nobody on shift in reach"
    assert "blue in reach, red and hatched not" in hole.legend.unit
    assert hole.legend.dashed[0][1] == "edge of what is in reach"
    # The planted place lies under the hatching.
    latitude, longitude = to_wgs84(easting_m=[304_961.0], northing_m=[206_154.0], crs=question.geography.crs)
    assert shape(hole.hatched).contains(Point(longitude[0], latitude[0]))
    assert len(hole.legend.colours) == len(hole.legend.limits) <= 8


def test_the_week_says_every_number_without_colour(ask: Callable[..., Question]) -> None:
    question = ask()
    found = find_coverage(question, now=find_reach_now(question, layer=None), level="authority")
    heat = week_figure(found.week, hour=120, height_px=200).data[0]
    told = np.asarray(heat.customdata).ravel()
    assert len(told) == 168
    assert all("carriers on shift" in words and "events in this hour" in words and " to " in words for words in told)
    text = np.asarray(heat.text)
    assert "<u>" in text[5][0]
    assert "<u>" not in text[0][9]
    assert len(week_figure(found.week, hour=None, height_px=200).layout.shapes) == 0


def test_every_number_of_the_week_can_be_read_on_its_colour(ask: Callable[..., Question]) -> None:
    question = ask()
    week = find_coverage(question, now=find_reach_now(question, layer=None), level="authority").week
    shares = tuple(replace(each, value=hour / 167) for hour, each in enumerate(week.shares))
    heat = week_figure(replace(week, shares=shares), hour=None, height_px=200).data[0]
    shade = np.clip(np.asarray(heat.z).ravel() / heat.zmax, 0, 1)
    scale = [[place, f"rgb{hex_to_rgb(colour)}"] for place, colour in heat.colorscale]
    grounds = sample_colorscale(scale, shade, colortype="tuple")
    for words, ground in zip(np.asarray(heat.text).ravel(), grounds, strict=True):
        letters = re.search(r"color:(#\w{6})", words).group(1)
        assert contrast(letters, "#" + "".join(f"{round(255 * channel):02x}" for channel in ground)) >= 4.5
