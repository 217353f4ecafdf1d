"""The emergency panel: from an alert and from what people say, at each audience's precision, on one page of paper."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pytest

from analytics.disclosure import DisclosureError
from analytics.findings.alert_scoring import open_journal
from analytics.findings.carriers_near import find_point
from analytics.findings.ldis import ldis_json, ldis_record
from analytics.findings.panel import Panel, find_panel
from analytics.findings.panel_actions import ActionError, add_action, finish_action, read_actions, tabulate_actions
from analytics.findings.panel_scene import (
    PanelChoice,
    Report,
    ReportError,
    ReportKind,
    UnknownPanelError,
    open_reported_panel,
    panel_choices,
)
from analytics.findings.question import Question
from analytics.findings.spikes import find_spikes, read_alerts
from analytics.findings.workforce import read_workforce
from data.demo import DemoOutcome
from data.filters import AccessScope, Filters
from data.journal import JournalConflictError
from data.settings import SYNTHETIC_SOUTH_WALES, Settings
from data.store import open_store
from geo.areas import Geography
from geo.travel import straight_line_minutes
from pages.components.panel_paper import PaperError, panel_pdf, panel_picture
from tests.analytics.findings.case_store import ask_store, quiet_background, write_cases
from tests.conftest import KEYS

NOW = datetime(2026, 6, 26, 21, tzinfo=UTC)
HOSTEL = Report(kind=ReportKind.DEATH, number=3, note="two of them in one hostel")


@pytest.fixture(scope="module")
def force(
    demo: DemoOutcome, demo_settings: Settings, south_wales: Geography, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Question]:
    """The synthetic force in a folder of its own: panels write to the journal."""
    assert demo.planted_file.is_file()
    folder = tmp_path_factory.mktemp("panel") / "store"
    shutil.copytree(demo_settings.store_folder, folder)
    store = demo_settings.store.model_copy(update={"folder": folder})
    settings = demo_settings.model_copy(update={"store": store})
    with pytest.MonkeyPatch.context() as patch, open_store(settings=settings, keys=KEYS) as opened:
        patch.setenv("NALOXONE_WATCH_STORE_KEY", KEYS.store_key)
        first_day, last_day = opened.period()
        question = Question(
            store=opened,
            geography=south_wales,
            settings=settings,
            filters=Filters(first_day=first_day, last_day=last_day),
            scope=AccessScope(audience="analyst"),
        )
        yield question


def as_seen_by(question: Question, audience: str) -> Question:
    return replace(question, scope=AccessScope(audience=audience))


def report(question: Question, *reports: Report, place: str = "Cardiff Centre") -> PanelChoice:
    near = find_point(question, place)
    return open_reported_panel(question, near=near, at=datetime(2026, 6, 26, 20), reports=reports, who="an analyst")


def the_alert(question: Question) -> PanelChoice:
    return panel_choices(question, read_alerts(question, find_spikes(question)))[0]


def numbers(panel: Panel, key: str) -> dict[str, str]:
    return {row[0]: row[-1] for row in panel.section(key).table.rows}


def test_an_alerts_panel_counts_what_the_records_hold(force: Question, demo: DemoOutcome) -> None:
    panel = find_panel(force, choice=the_alert(force), now=NOW)
    scene = panel.scene
    assert scene.alert is not None
    assert "it does not show a cause" in scene.headline
    raw = demo.force.file("administrations").frame
    cases = force.store.cases_by_day(settings=scene.ask(force).filters.settings)
    days = cases["local_date"].dt.date
    cases = cases[cases["small_area"].isin(scene.area_codes) & (days >= scene.first_day) & (days <= scene.last_day)]
    assert 0 < len(cases) < len(raw)
    told = numbers(panel, "response")
    assert [int(told[name]) for name in ("1 dose", "2 doses", "3 doses or more", "Doses not recorded")] == [
        int((cases["doses"] == 1).sum()),
        int((cases["doses"] == 2).sum()),
        int((cases["doses"] >= 3).sum()),
        int(cases["doses"].isna().sum()),
    ]
    naloxone = [row for row in panel.section("timeline").table.rows if row[2].startswith("Naloxone")]
    assert len(naloxone) == len(cases)
    substances = [row for row in panel.section("substances").table.rows if row[0] == "Heroin"]
    heroin = sum("heroin:suspected" in (taken if taken is not None else ()) for taken in cases["substances"])
    assert sum(int(row[2]) for row in substances if row[1] == "suspected") == heroin


def test_carriers_are_those_rostered_within_minutes(force: Question) -> None:
    panel = find_panel(force, choice=the_alert(force), now=NOW)
    people, scene = read_workforce(force), panel.scene
    # 22:00 on a Friday in British summer time, at the night's speed.
    hour, speed = 4 * 24 + 22, force.settings.travel.night_speed_km_h
    minutes = straight_line_minutes(
        from_easting_m=people.site_easting_m,
        from_northing_m=people.site_northing_m,
        to_easting_m=np.array([scene.easting_m]),
        to_northing_m=np.array([scene.northing_m]),
        speed_km_h=speed,
        detour_factor=force.settings.travel.detour_factor,
    )[:, 0]
    near = sum(
        bool(people.roster[hour, carrier] and people.ready[carrier])
        and people.site[carrier] >= 0
        and minutes[people.site[carrier]] <= force.settings.travel.within_minutes
        for carrier in range(len(people.site))
    )
    assert numbers(panel, "carriers")["Now"] == str(near)
    assert near > 0
    assert "planned, not live, not for dispatch" in panel.section("carriers").about


def test_a_panel_begins_from_reports_without_any_alert(force: Question) -> None:
    panel = find_panel(force, choice=report(force, HOSTEL), now=NOW)
    assert panel.scene.alert is None
    assert panel.scene.headline.startswith("Reported, not confirmed: 3 deaths near Cardiff Centre")
    assert "not by an alert" in " ".join(panel.known)
    first = panel.section("timeline").table.rows[0]
    assert "reported, not confirmed" in first[2]
    assert HOSTEL.note in first[2]
    assert "CF10" in panel.scene.area_codes
    assert panel.scene.last_day == date(2026, 6, 26)


def test_what_was_typed_is_told_by_audience(force: Question) -> None:
    choice = report(force, HOSTEL)
    partner = find_panel(as_seen_by(force, "partner"), choice=choice, now=NOW)
    wall = find_panel(as_seen_by(force, "meeting"), choice=choice, now=NOW)
    assert "fewer than 5 deaths" in partner.scene.headline
    assert "death" not in wall.scene.headline
    for panel in (partner, wall):
        everything = repr([section.table for section in panel.sections]) + repr(panel.known) + panel.draft
        assert HOSTEL.note not in everything
    assert "Drug-related deaths" in numbers(partner, "timeline")
    assert "Drug-related deaths" not in numbers(wall, "timeline")
    with pytest.raises(DisclosureError):
        report(as_seen_by(force, "partner"), HOSTEL)


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_see_no_count_of_one_to_four(force: Question, audience: str) -> None:
    question = as_seen_by(force, audience)
    for choice in panel_choices(question, read_alerts(question, find_spikes(question))):
        panel = find_panel(question, choice=choice, now=NOW)
        for key in ("timeline", "substances", "response", "carriers", "kits", "waits", "follow_up"):
            table = panel.section(key).table
            counted = [index for index, column in enumerate(table.columns) if column.heading in COUNTS]
            assert counted
            assert not [row for row in table.rows for index in counted if row[index] in ("1", "2", "3", "4")]
        assert not panel.scene.points.easting_m.size


COUNTS = ("n", "Held", "Ending", "Expired", "n timed")


@pytest.mark.parametrize("reports", [(), (Report(kind=ReportKind.OVERDOSE, number=0),)])
def test_nothing_reported_opens_nothing(force: Question, reports: tuple[Report, ...]) -> None:
    before = len(open_journal(force).entries())
    with pytest.raises(ReportError):
        report(force, *reports)
    assert len(open_journal(force).entries()) == before


def test_a_panel_that_is_not_known_is_said(force: Question) -> None:
    with pytest.raises(UnknownPanelError):
        find_panel(force, choice=PanelChoice(id="reported-2020-01-01-ffffff", title="", last_entry=0), now=NOW)


def test_actions_are_kept_done_and_never_overwritten(force: Question) -> None:
    panel_id = report(force, HOSTEL).id
    due = date(2026, 6, 27)
    add_action(force, panel_id=panel_id, what="Test the samples", owner="Public health", due=due, who="one")
    van = {"what": "A second van", "owner": "Harm reduction", "due": due, "due_at": time(18, 30)}
    add_action(force, panel_id=panel_id, **van, who="two")
    (first, second), seen = read_actions(force, panel_id=panel_id)
    finish_action(force, panel_id=panel_id, entry=first.entry, seen=seen, who="one")
    with pytest.raises(JournalConflictError):
        finish_action(force, panel_id=panel_id, entry=second.entry, seen=seen, who="two")
    actions, _seen = read_actions(force, panel_id=panel_id)
    assert [action.done_at is not None for action in actions] == [True, False]
    assert [row[3].split()[0] for row in tabulate_actions(actions).rows] == ["done", "open"]
    assert [row[2] for row in tabulate_actions(actions).rows] == ["27 June 2026", "27 June 2026, 18:30"]
    with pytest.raises(ActionError):
        add_action(force, panel_id=panel_id, what="Something", owner="  ", due=due, who="one")
    with pytest.raises(DisclosureError):
        add_action(as_seen_by(force, "meeting"), panel_id=panel_id, what="a", owner="b", due=due, who="c")


def test_the_ldis_record_holds_no_person_and_no_point(force: Question) -> None:
    question = as_seen_by(force, "partner")
    panel = find_panel(question, choice=the_alert(question), now=NOW)
    record = ldis_record(question, panel, now=NOW)
    read = json.loads(ldis_json(record, marks=("OFFICIAL-SENSITIVE",)))
    assert read.pop("marks") == ["OFFICIAL-SENSITIVE"]
    assert read == {name: value for name, value, _meaning in record.rows}
    assert (read["schema"], read["kind"], read["synthetic"]) == ("naloxone-watch-ldis-1", "alert", "yes")
    assert date.fromisoformat(read["first_day"]) <= date.fromisoformat(read["last_day"])
    assert all(meaning for _name, _value, meaning in record.rows)
    own = find_panel(force, choice=the_alert(force), now=NOW)
    told = {name: value for name, value, _meaning in ldis_record(force, own, now=NOW).rows}
    assert told["administrations"] == own.scene.alert.count.text
    assert int(told["administrations"]) >= 5
    # Six digits are a grid reference.
    assert not re.search(r"\d{6}", " ".join(value for name, value in read.items() if name not in ("made_at", "id")))
    reported = find_panel(force, choice=report(force, HOSTEL), now=NOW)
    assert HOSTEL.note not in ldis_json(ldis_record(force, reported, now=NOW), marks=()).decode()


def test_the_paper_is_one_page_and_takes_texts_as_texts(force: Question) -> None:
    panel_id = the_alert(force).id
    panel = find_panel(force, choice=the_alert(force), now=NOW)
    hostile = '#panic("no") *bold* $x$ <label> "quoted" \\ @cite'
    add_action(force, panel_id=panel_id, what=hostile, owner="Public health", due=date(2026, 6, 27), who="one")
    actions, _seen = read_actions(force, panel_id=panel_id)
    asked = {"marks": ("OFFICIAL-SENSITIVE", "SYNTHETIC DATA"), "footer": "South Wales Police"}
    paper = panel_pdf(panel, actions=tabulate_actions(actions), **asked)
    assert paper.startswith(b"%PDF-")
    # A second page would make the picture a list of pictures.
    assert panel_picture(panel, actions=tabulate_actions(actions), **asked).startswith(b"\x89PNG")
    many = tabulate_actions(tuple(replace(actions[0], what="much to be done " * 10) for _each in range(14)))
    long_draft = replace(panel, draft="word " * 6_000)
    with pytest.raises(PaperError, match="does not fit one page"):
        panel_pdf(long_draft, actions=many, **asked)


def test_what_is_not_imported_is_said(south_wales: Geography, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SYNTHETIC_SOUTH_WALES
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NALOXONE_WATCH_STORE", str(tmp_path / "store"))
    write_cases(settings, south_wales, quiet_background(), name="first")
    question = ask_store(settings, south_wales)
    panel = find_panel(question, choice=report(question, HOSTEL), now=NOW)
    for key in ("carriers", "kits", "follow_up", "outreach"):
        section = panel.section(key)
        assert not section.table.rows
        assert re.search("imported|recorded", section.about)
    assert numbers(panel, "waits")["Here"] == "none timed"
    feeds = {row[0]: row[1] for row in panel.section("feeds").table.rows}
    assert feeds["Deaths"] == "not imported"
    question.store.close()
