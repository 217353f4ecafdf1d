"""Each page from a real store to what is on the screen, without a browser."""

import html
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.geography import open_geography
from data.ingest import import_frame
from data.keys import load_keys
from data.mapping import Mapping
from data.settings import Settings
from pages.components.context import _kept
from pages.components.navigation import PAGES
from tests.pages.small_store import Records, write_records

HEAT_MAP = "pages/heat_map.py"
Open = Callable[..., AppTest]
Write = Callable[..., str]


def text_of(app: AppTest) -> str:
    """Everything that the page says, tags taken out."""
    said = [element.proto.body for element in app.main if element.type == "html"]
    said += [str(getattr(element, "value", "")) for kind in ("title", "markdown", "info") for element in app.get(kind)]
    said += [element.proto.body for element in app.get("html")]
    return html.unescape(re.sub(r"<[^>]+>", " ", " ".join(said)))


def has_map(app: AppTest) -> bool:
    return any("st_folium" in element.proto.component_name for element in app.get("component_instance"))


def test_every_page_opens_and_is_marked_synthetic(records: Write, open_dashboard: Open) -> None:
    records(number=120, without_place=6)
    for screen in PAGES:
        app = open_dashboard(screen)
        assert (list(app.exception), list(app.error)) == ([], []), screen
        assert "SYNTHETIC DATA" in text_of(app), screen


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("screen", PAGES)
def test_without_a_store_every_page_says_how_to_begin(screen: str, open_dashboard: Open) -> None:
    app = open_dashboard(screen)
    assert not app.exception
    assert any("python -m data demo" in code.value for code in app.code)
    assert any("python -m data import" in code.value for code in app.code)


def test_the_heat_map_says_n_period_missing_method_and_caveat(records: Write, open_dashboard: Open) -> None:
    records(number=130, without_place=7, by_area_only=3)
    app = open_dashboard(HEAT_MAP)
    said = text_of(app)
    assert has_map(app)
    assert re.search(r"1[12]\d administrations with a place, [\w ]+ 2024 to [\w ]+ 2026", said)
    assert "7 without a place" in said
    assert re.search(r"[Bb]andwidth [\d,]+ m\b", said)
    assert "dge-corrected" in said
    assert "not a map of all overdoses" in said
    assert "administrations per km² per year" in said


def test_a_handful_is_a_list_and_a_sentence_and_no_map_and_not_listed_for_a_meeting(
    records: Write, open_dashboard: Open
) -> None:
    records(number=16)
    app = open_dashboard(HEAT_MAP)
    assert not app.exception
    assert not has_map(app)
    said = text_of(app)
    assert "Too few for a smooth map: 16" in said
    assert "16 administrations." in said
    said = text_of(open_dashboard(HEAT_MAP, audience="meeting"))
    assert "shown only to the force's own analysts" in said
    assert "May 2025" not in said.replace("1 May 2025", "")


def test_areas_without_places_become_an_area_map(records: Write, open_dashboard: Open) -> None:
    records(number=120, by_area_only=115)
    app = open_dashboard(HEAT_MAP)
    assert not app.exception
    assert has_map(app)
    assert "here they are by area" in text_of(app)


def test_single_places_are_offered_to_the_analyst_only_and_drawn_when_asked_for(
    records: Write, open_dashboard: Open
) -> None:
    records(number=120)
    app = open_dashboard(HEAT_MAP)
    assert [toggle.key for toggle in app.toggle] == ["points"]
    assert "CircleMarker" not in map_script(app)
    assert "CircleMarker" in map_script(open_dashboard(HEAT_MAP, points="1"))
    for audience in ("partner", "meeting"):
        app = open_dashboard(HEAT_MAP, audience=audience, points="1")
        assert not app.toggle
        assert "CircleMarker" not in map_script(app)


def map_script(app: AppTest) -> str:
    return next(e.proto.json_args for e in app.get("component_instance") if "st_folium" in e.proto.component_name)


def test_filters_are_kept_across_pages(records: Write, open_dashboard: Open) -> None:
    records(number=200)
    app = open_dashboard()
    app.multiselect(key="bcu").set_value(["Mid Glamorgan"]).run()
    app.switch_page(HEAT_MAP).run()
    assert app.multiselect(key="bcu").value == ["Mid Glamorgan"]
    app.switch_page("dashboard.py").run()
    assert app.multiselect(key="bcu").value == ["Mid Glamorgan"]


def test_the_url_reproduces_the_view(records: Write, open_dashboard: Open) -> None:
    records(number=300)
    app = open_dashboard(HEAT_MAP)
    app.multiselect(key="substance").set_value(["heroin"])
    app.date_input(key="period").set_value((date(2025, 1, 1), date(2025, 12, 31)))
    app.selectbox(key="bandwidth_by").set_value("metres").run()
    app.number_input(key="bandwidth").set_value(1500.0).run()
    query = dict(app.query_params)
    assert query == {"from": "2025-01-01", "to": "2025-12-31", "substance": "heroin", "bandwidth": "1500"}
    again = open_dashboard(HEAT_MAP, **query)
    assert text_of(again) == text_of(app)
    assert re.search("[Bb]andwidth 1,500 m.*chosen by hand", text_of(again))


IN_VAIN = (
    ({"from": "yesterday"}, "not two dates"),
    ({"from": "2025-12-31", "to": "2025-01-01"}, "ends before that"),
    ({"from": "1999-01-01", "to": "1999-12-31"}, "has no records"),
    ({"bcu": "Nowhere"}, "BCU: the link asks"),
    ({"substance": "<script>"}, "Substance: the link asks"),
    ({"bandwidth": "wide"}, "not a number from 200"),
    ({"bandwidth": "nan"}, "not a number from 200"),
    ({"bandwidth": "1e9"}, "not a number from 200"),
    ({"audience": "everyone"}, "under “audience”"),
    ({"level": "street"}, "under “level”"),
    ({"colour": "red"}, "under “colour” that this version does not know"),
    ({"mapped": "incidents"}, "a map of Drug incidents, of which this store has none"),
    ({"![](//elsewhere)": "1"}, "A part of the link could not be read"),
)


def test_what_a_url_asks_for_in_vain_is_said_and_left_out(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    for query, says in IN_VAIN:
        app = open_dashboard(**query)
        assert not app.exception, query
        assert says in " ".join(warning.value for warning in app.warning), query
        assert not set(query) & {*app.query_params}, query


def test_a_period_beyond_the_records_is_cut_and_that_is_said(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(**{"from": "2025-01-01", "to": "2099-12-31"})
    assert ["was cut to those" in warning.value for warning in app.warning] == [True]
    first_day, last_day = app.date_input(key="period").value
    assert first_day == date(2025, 1, 1)
    assert last_day <= date(2026, 6, 30)
    assert not open_dashboard(**{"from": "2025-01-01", "to": last_day.isoformat()}).warning


def test_a_store_with_a_layer_alone_maps_it_and_says_so_on_every_page(settings: Settings, open_dashboard: Open) -> None:
    geography = open_geography(settings)
    east = [-3.18 + 0.004 * (number % 6) for number in range(36)]
    north = [51.48 + 0.003 * (number // 6) for number in range(36)]
    frame = pd.DataFrame({"key": range(36), "month": "2022-05", "lon": east, "lat": north}).astype(str)
    mapping = Mapping.model_validate(
        {
            "target": "risk_events",
            "source": "test",
            "synthetic": True,
            "columns": {"risk_event_id": "key", "kind": {"fixed": "drug_incident"}, "occurred_at": "month"},
            "times": {"formats": ["%Y-%m"]},
            "place": {"x": "lon", "y": "lat", "location_precision_m": 100},
        }
    )
    keys = load_keys(store_folder=settings.store_folder, create=True)
    import_frame(frame=frame, mapping=mapping, settings=settings, keys=keys, geography=geography)
    app = open_dashboard(HEAT_MAP)
    said = text_of(app)
    assert has_map(app)
    assert app.title[0].value == "Drug incidents recorded by police"
    assert "No police naloxone administrations have been imported yet" in said
    assert "36 drug incidents with a place, 1 May 2022 to 31 May 2022" in said
    assert app.date_input(key="period").value == (date(2022, 5, 1), date(2022, 5, 31))
    assert any("python -m data import" in code.value for code in app.code)
    for screen in PAGES:
        other = open_dashboard(screen)
        assert not other.exception
        assert not other.error
        if screen != HEAT_MAP:
            assert "drug incidents, 1 May 2022 to 31 May 2022" in text_of(other)
    assert "Drug incidents recorded by police" not in text_of(open_dashboard())
    imported = text_of(open_dashboard("pages/data_quality.py"))
    assert "1 import." in imported
    assert "36" in imported

    # With administrations the same page is about them, and the layer can be chosen beside them.
    write_records(settings, Records(number=60))
    app = open_dashboard(HEAT_MAP)
    assert app.title[0].value == "Where police gave naloxone"
    app.selectbox(key="mapped").set_value("incidents").run()
    assert app.title[0].value == "Drug incidents recorded by police"
    assert app.query_params["mapped"] == "incidents"
    assert "those imported cover 1 May 2022 to 31 May 2022" in text_of(app)
    app.switch_page("dashboard.py").run()
    assert app.title[0].value == "Police naloxone administrations"


def test_a_url_cannot_widen_the_audience(
    records: Write, open_dashboard: Open, other_settings: Callable[[str], None]
) -> None:
    records(number=60)
    other_settings('audience = "partner"\n[geography]\nforce = "South Wales"\n')
    app = open_dashboard(audience="analyst")
    assert app.selectbox(key="audience").value == "partner"
    assert app.warning


def test_a_new_snapshot_shows_on_the_next_interaction(records: Write, open_dashboard: Open) -> None:
    records(number=60, seed=1)
    app = open_dashboard()
    assert "60 police naloxone administrations" in text_of(app)
    records(number=40, seed=2, last_day=date(2026, 7, 31))
    app.run()
    assert "police naloxone administrations" in text_of(app)
    assert "60 police" not in text_of(app)
    assert app.date_input(key="period").value[1] > date(2026, 6, 30)


def test_a_lost_key_is_said_with_what_to_do(records: Write, open_dashboard: Open, tmp_path: Path) -> None:
    records(number=60)
    for file in (tmp_path / "config").rglob("*.key"):
        file.unlink()
    app = open_dashboard()
    assert not app.exception
    assert "bring its key here" in app.error[0].value


REAL = '[geography]\nforce = "South Wales"\n[store]\nsynthetic = false\n'


@pytest.fixture
def real_store(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that says it holds real records (it holds none: the test made them up)."""
    monkeypatch.setenv("NALOXONE_WATCH_STORE_KEY", "k" * 43)
    monkeypatch.setenv("NALOXONE_WATCH_PSEUDONYM_KEY", "p" * 43)
    real = settings.model_copy(update={"store": settings.store.model_copy(update={"synthetic": False})})
    write_records(real, Records(number=30))


@pytest.mark.usefixtures("real_store")
def test_a_real_store_does_not_open_unless_the_settings_say_so(
    open_dashboard: Open, other_settings: Callable[[str], None]
) -> None:
    other_settings(REAL)
    assert "open_real_on_loopback" in open_dashboard().error[0].value


@pytest.mark.usefixtures("real_store")
@pytest.mark.parametrize(("address", "opens"), [("127.0.0.1", True), ("0.0.0.0", False), (None, False)])
def test_a_real_store_opens_on_loopback_only(
    address: str | None, opens: bool, open_dashboard: Open, other_settings: Callable[[str], None]
) -> None:
    other_settings(REAL + "open_real_on_loopback = true\n")
    before = st.get_option("server.address")
    st.config.set_option("server.address", address)
    try:
        app = open_dashboard()
    finally:
        st.config.set_option("server.address", before)
    assert not app.exception
    assert [error.value for error in app.error if "this machine only" in error.value] == (
        [] if opens else [app.error[0].value]
    )
    assert ("SYNTHETIC DATA" in text_of(app)) is False


def test_an_answer_is_computed_once_for_one_view(records: Write, open_dashboard: Open) -> None:
    records(number=120)
    app = open_dashboard(HEAT_MAP)
    kept = dict(_kept().results)
    app.run()
    assert {key: id(value) for key, value in _kept().results.items()} == {k: id(v) for k, v in kept.items()}
    app.multiselect(key="substance").set_value(["heroin"]).run()
    assert len(_kept().results) > len(kept)
