"""The emergency panel's page: begun without an alert in one form, opened by its link, decided on, told by audience."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from analytics.findings.alert_scoring import open_journal
from analytics.findings.alerts import Step, change_alert, load_alerts
from data.geography import open_geography
from data.settings import Settings
from tests.analytics.findings.case_store import ask_store, cluster, quiet_background, write_cases

PAGE = "pages/panel.py"


def shown(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    return " ".join([*html, *(element.value for element in (*app.markdown, *app.error, *app.info, *app.code))])


def press(app: AppTest, label: str) -> AppTest:
    next(one for one in app.button if one.label == label).click()
    return app.run()


def test_a_panel_is_begun_from_a_report_and_opened_again_by_its_link(
    settings: Settings, open_dashboard: Callable[..., AppTest]
) -> None:
    write_cases(settings, open_geography(settings), quiet_background(), name="quiet")
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "It is marked as not confirmed" in shown(app)
    # Nothing typed: told what is wanted, and nothing is opened.
    assert "Type a whole postcode" in shown(press(app, "Open the panel"))
    next(box for box in app.text_input if box.label.startswith("Place")).set_value("Cardiff Centre")
    next(box for box in app.number_input if box.label.startswith("Deaths")).set_value(5)
    press(app, "Open the panel")
    assert not app.exception
    assert "Reported, not confirmed: 5 deaths near Cardiff Centre" in shown(app)
    panel_id = app.query_params["panel"]
    assert panel_id.startswith("reported-")

    next(box for box in app.text_input if box.label == "What is to be done").set_value("A second van")
    next(box for box in app.text_input if box.label == "By which role or agency").set_value("Harm reduction")
    press(app, "Write it down")
    assert "Harm reduction" in shown(app)
    press(app, "Done: A second van")
    assert not app.exception
    assert "done " in shown(app)

    wall = open_dashboard(PAGE, panel=panel_id, audience="meeting")
    assert not wall.exception
    assert "death" not in shown(wall)
    assert "A second van" in shown(wall)
    assert not [box for box in wall.text_input if box.label == "What is to be done"]


def test_a_link_to_a_panel_that_is_gone_begins_a_new_one(
    settings: Settings, open_dashboard: Callable[..., AppTest]
) -> None:
    write_cases(settings, open_geography(settings), quiet_background(), name="quiet")
    app = open_dashboard(PAGE, panel="reported-2020-01-01-abcdef")
    assert not app.exception
    assert "Choose one from the list" in app.warning[0].value
    assert "Begin from what people report" in shown(app)
    assert not open_dashboard(PAGE).warning
    wall = open_dashboard(PAGE, audience="meeting")
    assert "no panel" in shown(wall)


def test_a_new_alert_is_found_by_whoever_opens_the_panel_first_and_stays_open_to_its_link(
    settings: Settings, open_dashboard: Callable[..., AppTest]
) -> None:
    geography = open_geography(settings)
    write_cases(settings, geography, [*quiet_background(), *cluster()], name="first")
    question = ask_store(settings, geography)
    journal = open_journal(question)
    assert not load_alerts(journal)
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "5 administrations in 4 days within 0." in shown(app)
    (alert,) = load_alerts(journal)
    assert next(box for box in app.selectbox if box.label == "Panel").value == alert.id
    # Nothing is written twice, whichever page is opened next.
    entries = len(journal.entries())
    assert not open_dashboard("pages/spikes.py").exception
    assert len(journal.entries()) == entries

    change_alert(journal, alert=alert, step=Step.CLOSED, who="somebody", note="")
    question.store.close()
    assert "Begin from what people report" in shown(open_dashboard(PAGE))
    for audience in ("analyst", "meeting"):
        ended = open_dashboard(PAGE, panel=alert.id, audience=audience)
        assert not ended.warning
        assert "Now: Closed." in shown(ended)
    assert "no panel" in shown(open_dashboard(PAGE, audience="meeting"))
