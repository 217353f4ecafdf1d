"""The spikes page: words first, a decision that is written down, and what is told when somebody was quicker."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from analytics.disclosure import Audience, disclose_timeline
from analytics.findings.alert_scoring import open_journal
from analytics.findings.alerts import Step, change_alert, load_alerts
from data.geography import open_geography
from data.settings import Settings
from pages.components.spike_pictures import timeline_figure
from tests.analytics.findings.case_store import ask_store, cluster, quiet_background, write_cases

PAGE = "pages/spikes.py"


def shown(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    return " ".join([*html, *(element.value for element in (*app.markdown, *app.caption, *app.warning, *app.error))])


@pytest.fixture
def clustered(settings: Settings, tmp_path: Path) -> Settings:
    assert settings.store_folder.is_relative_to(tmp_path)
    write_cases(settings, open_geography(settings), [*quiet_background(), *cluster()], name="first")
    return settings


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def test_an_open_alert_is_told_decided_on_and_kept(clustered: Settings, open_dashboard: Callable[..., AppTest]) -> None:
    app = open_dashboard(PAGE)
    assert not app.exception
    text = shown(app)
    assert "5 administrations in 4 days within 0." in text
    assert "it does not show a cause" in text
    assert "Carriers are not imported" in text
    assert [radio.label for radio in app.radio] == ["Alert, here or on the map"]

    decision = next(box for box in app.selectbox if box.label == "Decision")
    decision.set_value("Panel convened")
    next(box for box in app.text_input if box.label.startswith("Note")).set_value("within two hours")
    button(app, "Write it down").click()
    app.run()
    assert not app.exception
    assert "Panel convened" in shown(app)

    # Somebody else confirms it while this page stands open: this reader is told, and theirs is kept.
    question = ask_store(clustered, open_geography(clustered))
    journal = open_journal(question)
    (alert,) = load_alerts(journal)
    assert alert.steps[-1].note == "within two hours"
    change_alert(journal, alert=alert, step=Step.CONFIRMED, who="somebody else", note="")
    question.store.close()
    next(box for box in app.selectbox if box.label == "Decision").set_value("Closed")
    button(app, "Write it down").click()
    app.run()
    assert "somebody else changed this too" in shown(app)
    assert load_alerts(journal)[0].status is Step.CONFIRMED
    # Having seen theirs, the decision holds.
    next(box for box in app.selectbox if box.label == "Decision").set_value("Closed")
    button(app, "Write it down").click()
    app.run()
    assert load_alerts(journal)[0].status is Step.CLOSED
    assert "No alert is open, but the latest week is over its limit." in shown(app)


def test_the_past_is_scored_when_it_is_asked_for(clustered: Settings, open_dashboard: Callable[..., AppTest]) -> None:
    assert clustered.audience == "analyst"
    app = open_dashboard(PAGE)
    assert "the scan would have raised" not in shown(app)
    app.toggle(key="back_test").set_value(True).run()
    assert not app.exception
    assert "own days the scan would have raised 1 alert, " in shown(app)
    assert "EARS C1 on days" in shown(app)


def test_others_get_no_form_and_no_weeks(clustered: Settings, open_dashboard: Callable[..., AppTest]) -> None:
    assert clustered.audience == "analyst"
    app = open_dashboard(PAGE, audience="partner")
    assert not app.exception
    assert not [one for one in app.button if one.label == "Write it down"]
    assert "Single weeks are not shown to this audience" in shown(app)
    assert "in and around Bridgend" in shown(app)


def test_a_quiet_force_and_a_new_one(records: Callable[..., str], open_dashboard: Callable[..., AppTest]) -> None:
    records(number=12)
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "Nothing unusual: no alert is open." in shown(app) or "Scoring is suspended" in shown(app)


def test_records_of_less_than_a_year_are_scored(
    records: Callable[..., str], open_dashboard: Callable[..., AppTest]
) -> None:
    records(number=300, first_day=date(2025, 8, 26), last_day=date(2026, 6, 30))
    for page in (PAGE, "pages/panel.py"):
        assert not open_dashboard(page).exception


def test_too_short_a_history_is_said(records: Callable[..., str], open_dashboard: Callable[..., AppTest]) -> None:
    records(number=8, first_day=date(2026, 6, 1))
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "are needed to say what is usual" in shown(app)


def test_weeks_above_the_usual_stand_out() -> None:
    timeline = disclose_timeline(
        starts=[date(2026, 6, 8), date(2026, 6, 15), date(2026, 6, 22)],
        counts=np.array([1, 0, 7]),
        expected=np.array([np.nan, 1.1, 1.2]),
        limit=np.array([np.nan, 4.0, 4.0]),
        audience=Audience.ANALYST,
    )
    figure = timeline_figure(timeline, height_px=240)
    bars = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert list(bars["Above the usual"].y) == [7]
    assert list(bars["Above the usual"].text) == ["7"]
    assert list(bars["Administrations"].y) == [1, 0]
    assert bars["Administrations"].customdata[0] == "week from 8 June 2026: 1"
