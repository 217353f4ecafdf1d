"""The emergency panel's page: begun without an alert in one form, opened by its link, decided on, told by audience."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

PAGE = "pages/panel.py"


def shown(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    return " ".join([*html, *(element.value for element in (*app.markdown, *app.error, *app.info, *app.code))])


def press(app: AppTest, label: str) -> AppTest:
    next(one for one in app.button if one.label == label).click()
    return app.run()


def test_a_panel_is_begun_from_a_report_and_opened_again_by_its_link(
    records: Callable[..., str], open_dashboard: Callable[..., AppTest]
) -> None:
    records(number=30)
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
    records: Callable[..., str], open_dashboard: Callable[..., AppTest]
) -> None:
    records(number=30)
    app = open_dashboard(PAGE, panel="reported-2020-01-01-abcdef")
    assert not app.exception
    assert "Begin from what people report" in shown(app)
    wall = open_dashboard(PAGE, audience="meeting")
    assert "no panel" in shown(wall)
