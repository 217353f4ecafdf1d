"""The pages about places from a real store to the screen: names for each audience, the choice, and what is refused."""

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import text_of

HOTSPOTS, CHANGES, COMPARED = "pages/hotspots.py", "pages/changes.py", "pages/compared_places.py"
Open = Callable[..., AppTest]
Write = Callable[..., str]


def links(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.sidebar.get("page_link")]


def chosen_row(app: AppTest) -> str:
    table = next(element.proto.body for element in app.get("html") if 'class="chosen"' in element.proto.body)
    return table.split('class="chosen"')[1].split("<td>")[1].split("</td>")[0]


def test_list_and_map_choose_the_row_and_the_profile_in_the_analysts_words(
    records: Write, open_dashboard: Open
) -> None:
    records(number=120)
    app = open_dashboard(HOTSPOTS)
    assert not app.exception
    names = app.radio[0].options
    assert len(names) >= 2
    assert chosen_row(app) == names[0]
    app.radio[0].set_value(names[1]).run()
    assert chosen_row(app) == names[1]
    assert names[1] in [header.value for header in app.header]
    said = text_of(app)
    assert "administrations with a place" in said
    assert "only where carriers are" in said
    assert "Tested on the months that followed" in said
    assert "Hotspots" in links(app)
    assert "hotspot" in said.lower()

    app.radio[0].set_value(names[0]).run()
    app.session_state["hotspots"] = {
        "last_object_clicked_tooltip": names[1],
        "last_object_clicked": {"lat": 51.6, "lng": -3.9},
    }
    app.run()
    assert app.radio[0].value == names[1]
    assert chosen_row(app) == names[1]
    app.radio[0].set_value(names[0]).run()
    assert chosen_row(app) == names[0]


def test_quarters_before_the_records_begin_are_not_held_against_a_place(records: Write, open_dashboard: Open) -> None:
    records(number=100, first_day=date(2025, 10, 1))
    app = open_dashboard(HOTSPOTS, **{"from": "2025-07-01", "to": "2026-06-30"})
    assert not app.exception
    said = text_of(app)
    # Two of three administrations are in Cardiff and Swansea, in each quarter.
    rows = next(each.proto.body for each in app.get("html") if 'class="chosen"' in each.proto.body)
    assert rows.count("·····■■■") >= 2
    assert "comes and goes" not in rows
    assert "too short to say, beyond chance" in rows
    assert "The records are too short to say which of them last." in said


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_read_plain_words_and_choose_no_share(audience: str, records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(HOTSPOTS, audience=audience, share="0.1")
    assert "Places with repeated administrations" in links(app)
    assert "hotspot" not in text_of(app).lower()
    # Places inside each other would tell a partner what lies between them.
    assert "the smallest area that holds 10 %" not in text_of(app)
    assert all(box.key != "share" for box in app.selectbox)


def test_a_handful_is_enough_for_every_page_to_say_something(records: Write, open_dashboard: Open) -> None:
    records(number=4)
    for screen in (HOTSPOTS, CHANGES, COMPARED):
        app = open_dashboard(screen)
        assert not app.exception
        assert not app.error
    assert "Under 5 administrations there is no such place" in text_of(open_dashboard(HOTSPOTS))


def test_a_layer_that_was_not_imported_is_a_sentence(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(HOTSPOTS, against="incidents")
    assert "Bring them in on the page “Data quality”" in app.error[0].value
    assert "There are no overdose calls" in text_of(open_dashboard(COMPARED))


def test_the_link_keeps_layer_and_earlier_period(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(CHANGES, earlier="year", against="even")
    assert "year" in app.query_params["earlier"]
    assert "even" in app.query_params["against"]
    assert next(box for box in app.selectbox if box.key == "earlier").value == "year"


def test_days_of_the_earlier_period_and_the_share_live_in_the_link(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(CHANGES, earlier_from="2024-08-01", earlier_to="2024-12-31", **{"from": "2025-01-01"})
    assert app.date_input(key="earlier_period").value == (date(2024, 8, 1), date(2024, 12, 31))
    assert "in the earlier period, 1 August 2024 to 31 December 2024" in text_of(app)
    app.date_input(key="earlier_period").set_value((date(2024, 8, 1), date(2024, 11, 30))).run()
    assert "2024-11-30" in app.query_params["earlier_to"]
    assert "in the earlier period, 1 August 2024 to 30 November 2024" in text_of(app)
    app = open_dashboard(HOTSPOTS, share="0.1")
    assert "the smallest area that holds 10 %" in text_of(app)
