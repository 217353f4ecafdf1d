"""The ambulance page against real stores: with waits, without, for each audience, by its own controls."""

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

Open = Callable[..., AppTest]
Write = Callable[..., str]
PAGE = "pages/ambulance_delay.py"


def text_of(app: AppTest) -> str:
    html = " ".join(element.proto.body for element in app.get("html"))
    headings = " ".join(element.value for element in (*app.title, *app.header))
    return re.sub(r"<[^>]+>", " ", f"{headings} {html}")


def charts(app: AppTest) -> list[str]:
    return [element.proto.spec for element in app.get("plotly_chart")]


@pytest.mark.parametrize("audience", ["analyst", "partner", "meeting"])
def test_waits_are_shown_to_every_audience(audience: str, records: Write, open_dashboard: Open) -> None:
    records(number=300, with_waits=True)
    app = open_dashboard(PAGE, audience=audience)
    assert not app.exception
    said = text_of(app)
    assert "How long until the ambulance arrived" in said
    assert re.search(r"Half of the people had an ambulance within \d+ minutes of the call", said)
    assert len(re.findall(r"\d+ min(?!:)\b", said)) >= 2
    assert len(charts(app)) == 2


def test_without_a_single_wait_the_account_is_all_there_is(records: Write, open_dashboard: Open) -> None:
    records(number=60)
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "Too few waits with a time to say how long: 0." in text_of(app)
    assert re.search(r"Not recorded\s+60", text_of(app))
    assert charts(app) == []


def test_the_clock_is_chosen_and_kept_in_the_link(records: Write, open_dashboard: Open) -> None:
    records(number=200, with_waits=True)
    app = open_dashboard(PAGE)
    app.selectbox(key="clock").set_value("police_log").run()
    assert not app.exception
    assert app.query_params["clock"] == "police_log"
    assert "Ambulance control" not in text_of(app).split("Leaving or declining")[0]
    again = open_dashboard(PAGE, clock="police_log")
    assert text_of(again) == text_of(app)


def test_what_was_recalled_is_drawn_only_when_asked_for(records: Write, open_dashboard: Open) -> None:
    records(number=200, with_waits=True)
    app = open_dashboard(PAGE)
    assert "England and Wales, usual" not in charts(app)[0]
    app.toggle(key="recalled").set_value(True).run()
    assert "England and Wales, usual" in charts(app)[0]
    assert "As interviewees recalled, not measured" in text_of(app)


@pytest.mark.parametrize(("name", "value"), [("clock", "sundial"), ("wait", "forever"), ("recalled", "perhaps")])
def test_a_link_that_asks_for_no_such_wait_says_so(name: str, value: str, records: Write, open_dashboard: Open) -> None:
    records(number=60, with_waits=True)
    app = open_dashboard(PAGE, **{name: value})
    assert not app.exception
    assert f"“{name}”" in app.warning[0].value


def test_single_waits_are_drawn_for_the_analyst_only(records: Write, open_dashboard: Open) -> None:
    records(number=200, with_waits=True)
    assert '"mode":"markers"' in charts(open_dashboard(PAGE))[0]
    assert '"mode":"markers"' not in charts(open_dashboard(PAGE, audience="partner"))[0]
