"""An alert's life: raised once for one cluster, grown, changed by late and withdrawn records, decided by people."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics.findings.alert_scoring import new_since_watch, open_journal, score_records, update_alerts
from analytics.findings.alert_words import view_alert
from analytics.findings.alerts import (
    Alert,
    AlertStepError,
    Explanation,
    Level,
    Step,
    UnknownAlertError,
    change_alert,
    load_alert,
    load_alerts,
)
from analytics.findings.question import Question
from analytics.findings.spikes import decide, find_spikes, read_alerts
from analytics.findings.watch import mark_told, watch
from data.journal import Journal, JournalConflictError
from data.settings import SYNTHETIC_SOUTH_WALES, Settings
from geo.areas import Geography
from tests.analytics.findings.case_store import (
    BRIDGEND,
    CARDIFF,
    SWANSEA,
    Case,
    ask_store,
    cluster,
    quiet_background,
    write_cases,
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NALOXONE_WATCH_STORE", str(tmp_path / "store"))
    quick = SYNTHETIC_SOUTH_WALES.spikes.model_copy(update={"replicates": 999})
    return SYNTHETIC_SOUTH_WALES.model_copy(update={"spikes": quick})


@contextmanager
def asked(settings: Settings, south_wales: Geography, **chosen) -> Iterator[Question]:
    question = ask_store(settings, south_wales, **chosen)
    try:
        yield question
    finally:
        question.store.close()


def score(settings: Settings, south_wales: Geography) -> tuple[Journal, tuple[Alert, ...]]:
    with asked(settings, south_wales) as question:
        journal = open_journal(question)
        return journal, update_alerts(question, journal, score_records(question))


def test_an_alert_from_raised_to_closed_and_raised_again(settings: Settings, south_wales: Geography) -> None:
    write_cases(settings, south_wales, [*quiet_background(), *cluster(size=4)], name="first")
    journal, (alert,) = score(settings, south_wales)
    facts = alert.facts
    assert alert.id.endswith("-CF31")
    assert (facts.rule, facts.level, facts.observed, facts.areas) == ("scan", Level.ALERT, 4, ("CF31",))
    assert (facts.first_day, facts.last_day) == (date(2026, 6, 24), date(2026, 6, 27))
    assert set(facts.neighbours) >= {"CF32", "CF35"}
    assert facts.bcus == ("Mid Glamorgan",)
    assert (facts.seed, facts.replicates, facts.rule_version) == (20_250_509, 999, "1")
    assert [step.step for step in alert.steps] == [Step.RAISED]

    # Scoring the same records again, by anyone, writes nothing.
    entries = journal.entries()
    assert score(settings, south_wales)[1] == (alert,)
    assert journal.entries() == entries

    alert = change_alert(journal, alert=alert, step=Step.PANEL, who="lead", note="within two hours")
    # A case comes in late: the same alert grows, it is not a second one.
    late = Case(id="late", day=date(2026, 6, 25), place=BRIDGEND, entered_after_days=3)
    second = write_cases(settings, south_wales, [late], name="second")
    _journal, (grown,) = score(settings, south_wales)
    assert grown.id == alert.id
    assert [step.step for step in grown.steps] == [Step.RAISED, Step.PANEL, Step.GROWN]
    assert (grown.facts.observed, grown.facts.snapshot) == (5, second)

    # Two records are withdrawn: that shows, and raises nothing.
    gone = [replace(case, state="withdrawn") for case in (late, cluster()[1])]
    write_cases(settings, south_wales, gone, name="third")
    _journal, (changed,) = score(settings, south_wales)
    assert [step.step for step in changed.steps][-1] is Step.CHANGED
    assert changed.facts.observed == 3
    assert changed.status is Step.GROWN

    closed = change_alert(journal, alert=changed, step=Step.CLOSED, who="lead", note="")
    assert not closed.is_open
    assert not score(settings, south_wales)[1][0].is_open
    # Raised again only when a case is added.
    write_cases(settings, south_wales, [Case(id="new", day=date(2026, 6, 29), place=BRIDGEND)], name="fourth")
    write_cases(settings, south_wales, [replace(case, state="current") for case in gone], name="fifth")
    (again,) = score(settings, south_wales)[1]
    assert again.is_open
    assert again.facts.observed >= 5
    assert journal.verify() == len(journal.entries())


def test_what_would_not_be_raised_any_more_says_so(settings: Settings, south_wales: Geography) -> None:
    cases = cluster(size=4)
    write_cases(settings, south_wales, [*quiet_background(), *cases], name="first")
    score(settings, south_wales)
    write_cases(settings, south_wales, [replace(case, state="withdrawn") for case in cases[:3]], name="second")
    _journal, (alert,) = score(settings, south_wales)
    assert (alert.facts.observed, alert.facts.still_there) == (1, False)
    with asked(settings, south_wales) as question:
        view = view_alert(question, score_records(question).records, alert)
    assert any("would not be raised" in doubt for doubt in view.doubts)


def test_two_clusters_are_two_alerts(settings: Settings, south_wales: Geography) -> None:
    both = [*cluster(), *cluster(first_day=date(2026, 6, 23), place=SWANSEA)]
    write_cases(settings, south_wales, [*quiet_background(), *both], name="first")
    _journal, alerts = score(settings, south_wales)
    assert {alert.facts.bcus for alert in alerts} == {("Mid Glamorgan",), ("Swansea Neath Port Talbot",)}


def test_the_second_of_two_who_decide_is_told(settings: Settings, south_wales: Geography) -> None:
    write_cases(settings, south_wales, [*quiet_background(), *cluster()], name="first")
    journal, (alert,) = score(settings, south_wales)
    with asked(settings, south_wales) as question:
        shown = {"alert_id": alert.id, "seen": alert.last_entry}
        decide(question, **shown, step=Step.CONFIRMED, who="first", note="")
        with pytest.raises(JournalConflictError, match="first changed this too"):
            decide(question, **shown, step=Step.CLOSED, who="second", note="")
    assert load_alert(journal, alert_id=alert.id).status is Step.CONFIRMED


def test_a_decision_needs_a_reason_where_recording_explains_it(settings: Settings, south_wales: Geography) -> None:
    write_cases(settings, south_wales, [*quiet_background(), *cluster()], name="first")
    journal, (alert,) = score(settings, south_wales)
    with pytest.raises(AlertStepError, match="batch entry, a roll-out or a duplicate"):
        change_alert(journal, alert=alert, step=Step.EXPLAINED, who="lead")
    with pytest.raises(AlertStepError):
        change_alert(journal, alert=alert, step=Step.GROWN, who="lead")
    with pytest.raises(UnknownAlertError, match="nothing like it"):
        load_alert(journal, alert_id="nothing like it")
    explained = change_alert(
        journal, alert=alert, step=Step.EXPLAINED, who="lead", explanation=Explanation.BATCH, note="one afternoon"
    )
    assert (explained.is_open, explained.explanation) == (False, Explanation.BATCH)


def test_the_journal_holds_counts_codes_and_dates_only(settings: Settings, south_wales: Geography) -> None:
    marked = [replace(case, place=(case.place[0] + 37, case.place[1] + 41)) for case in cluster()]
    write_cases(settings, south_wales, [*quiet_background(), *marked], name="first")
    journal, (alert,) = score(settings, south_wales)
    written = json.dumps([dict(entry.details) for entry in journal.entries(subject=f"alert/{alert.id}")])
    values = {f"{coordinate:.0f}" for case in marked for coordinate in case.place} | {case.id for case in marked}
    assert [value for value in values if value in written] == []


def test_a_batch_for_many_days_raises_nothing_and_one_for_a_cluster_is_named(
    settings: Settings, south_wales: Geography
) -> None:
    """Eight cases of eleven weeks entered on one day are no spike; late ones of one week are raised with a doubt."""
    backlog = [
        Case(id=f"backlog-{week}", day=date(2026, 4, 1 + week), place=CARDIFF, entered_after_days=89 - week)
        for week in range(0, 24, 8)
    ]
    write_cases(settings, south_wales, [*quiet_background(), *backlog], name="first")
    assert score(settings, south_wales)[1] == ()
    late = [replace(case, entered_after_days=(date(2026, 6, 30) - case.day).days) for case in cluster()]
    write_cases(settings, south_wales, late, name="second")
    _journal, (alert,) = score(settings, south_wales)
    assert alert.facts.entered_late >= 3
    with asked(settings, south_wales) as question:
        view = view_alert(question, score_records(question).records, alert)
    assert any("batch entry" in doubt for doubt in view.doubts)


def test_signatures_have_alerts_of_their_own(settings: Settings, south_wales: Geography) -> None:
    places = (CARDIFF, SWANSEA, BRIDGEND)
    strong = [
        Case(id=f"strong-{number}", day=date(2026, 6, 20 + 3 * number), place=place, doses=4, substance="nitazene")
        for number, place in enumerate(places)
    ]
    write_cases(settings, south_wales, [*quiet_background(), *strong], name="first")
    _journal, alerts = score(settings, south_wales)
    by_rule = {alert.facts.rule: alert for alert in alerts}
    assert set(by_rule) == {"doses", "substance:nitazene"}
    assert by_rule["doses"].facts.observed == 3
    assert by_rule["substance:nitazene"].facts.first_mention
    with asked(settings, south_wales) as question:
        records = score_records(question).records
        sentences = {rule: view_alert(question, records, alert).headline for rule, alert in by_rule.items()}
    assert sentences["doses"].startswith("3 administrations of three or more doses in 7 days, in ")
    assert sentences["substance:nitazene"].startswith("Nitazene was named for the first time in a year, in ")


# What a reader is told ------------------------------------------------------------------------------------------


def test_the_sentence_is_exact_for_the_analyst_and_fewer_than_five_for_others(
    settings: Settings, south_wales: Geography
) -> None:
    write_cases(settings, south_wales, [*quiet_background(), *cluster(size=4)], name="first")
    _journal, (alert,) = score(settings, south_wales)
    views = {}
    for audience in ("analyst", "partner", "meeting"):
        with asked(settings, south_wales, audience=audience) as question:
            views[audience] = view_alert(question, score_records(question).records, alert)
    analyst, partner = views["analyst"], views["partner"]
    assert analyst.headline.startswith("4 administrations in 4 days within 0.")
    assert " km of Bridgend. If nothing had changed, this would be expected " in analyst.headline
    assert analyst.headline.endswith("; it does not show a cause.")
    assert analyst.points.easting_m.size == 4
    assert partner.headline == (
        "Fewer than 5 administrations in 4 days in and around Bridgend (CF31). If nothing had changed, this would be"
        " expected less often than once a year; it does not show a cause."
    )
    for view in (partner, views["meeting"]):
        assert view.points.easting_m.size == 0
        shown = [view.headline, *view.doubts, *view.streams, *(cell for row in view.life.rows for cell in row)]
        assert not any("4 administrations" in text or text == "4" for text in shown)
        assert [column.heading for column in view.life.columns] == ["When", "What"]


def test_neighbouring_command_units_are_told_and_distant_ones_not(settings: Settings, south_wales: Geography) -> None:
    write_cases(settings, south_wales, [*quiet_background(), *cluster(place=CARDIFF)], name="first")
    _journal, (alert,) = score(settings, south_wales)
    assert alert.facts.bcus == ("Cardiff and the Vale",)
    seen = {}
    for bcu in (*alert.facts.bcus, *alert.facts.neighbouring_bcus, "Swansea Neath Port Talbot"):
        with asked(settings, south_wales, bcus=(bcu,)) as question:
            seen[bcu] = len(read_alerts(question, find_spikes(question)).open)
    assert seen["Swansea Neath Port Talbot"] == 0
    assert all(count == 1 for bcu, count in seen.items() if bcu != "Swansea Neath Port Talbot")


def test_the_page_says_what_is_open_and_what_it_rests_on(settings: Settings, south_wales: Geography) -> None:
    write_cases(settings, south_wales, quiet_background(), name="first")
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
        listed = read_alerts(question, found)
    assert listed.headline == "Nothing unusual: no alert is open."
    assert any("Carriers are not imported" in warning for warning in found.warnings)
    assert found.state[0].startswith("The whole force, scored for every day from 3 June 2026 to 30 June 2026")
    assert "about 1.0 alert a year" in found.promise
    assert len({row[0] for row in found.comparisons.rows}) == 8
    with asked(settings, south_wales, audience="partner") as question:
        partner = find_spikes(question)
    assert partner.comparisons.rows == ()
    assert partner.timeline.starts == ()


def test_a_week_over_its_limit_is_told_in_words_beside_the_alerts(settings: Settings, south_wales: Geography) -> None:
    """With a case every eleven days, nine in a week come by chance less than once in a thousand years; one often."""
    towns = (CARDIFF, (307_300.0, 190_000.0), (304_900.0, 206_100.0))
    busy = [
        Case(id=f"busy-{number}", day=date(2026, 6, 24) + timedelta(days=number % 7), place=towns[number % 3])
        for number in range(9)
    ]
    write_cases(settings, south_wales, quiet_background(), name="first")
    with asked(settings, south_wales) as question:
        assert find_spikes(question).over_limit == ()
        assert watch(question).as_json["over_limit"] == []
    write_cases(settings, south_wales, busy, name="second")
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
        rows = [row for row in read_alerts(question, found).open_table.rows if row[2] == "weekly limit"]
        watched = watch(question)
    # The last of the background lies in the same week.
    force, *_units = found.over_limit
    assert force.sentence.startswith("Weekly limit, the force: 10 administrations in the seven days to 30 June 2026,")
    assert "This is no alert" in force.sentence
    assert [row[:2] for row in rows] == [(week.where, week.count) for week in found.over_limit]
    assert watched.as_json["over_limit"] == [week.sentence for week in found.over_limit]
    assert set(watched.as_json["over_limit"]) <= set(watched.lines)
    with asked(settings, south_wales, audience="partner") as question:
        told = find_spikes(question).over_limit
    # Single weeks are the analyst's alone: others learn of them, without a number or a day.
    assert len(told) == sum(int(week.count) >= 5 for week in found.over_limit) >= 1
    assert not any(letter.isdigit() for week in told for letter in week.sentence + week.count + week.where)


def test_one_after_a_year_of_nobody_is_over_a_limit_of_nought_and_is_not_told(
    settings: Settings, south_wales: Geography
) -> None:
    elsewhere = [case for case in quiet_background() if case.place != BRIDGEND]
    alone = Case(id="alone", day=date(2026, 6, 29), place=BRIDGEND)
    write_cases(settings, south_wales, [*elsewhere, alone], name="first")
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
    limits = [row[2:] for row in found.comparisons.rows if row[0].startswith("Weekly limit")]
    assert ("1", "0", "above") in limits
    assert found.over_limit == ()


def test_a_silent_feed_suspends_and_says_so(settings: Settings, south_wales: Geography) -> None:
    heard = [case for case in quiet_background() if case.day < date(2026, 3, 1)]
    risen = Case(id="entered now", day=date(2025, 1, 3), entered_after_days=542)
    write_cases(settings, south_wales, [*heard, risen], name="first")
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
        headline = read_alerts(question, found).headline
    assert headline.startswith("No record of an administration since ")
    assert headline in found.warnings


@pytest.mark.parametrize(("placed_every", "unplaced"), [(None, 67), (3, 44), (2, 33)])
def test_records_without_areas_are_never_told_as_quiet(
    settings: Settings, south_wales: Geography, placed_every: int | None, unplaced: int
) -> None:
    """Of 67 cases, one every eleven days, none, a third or half have an area: no alert then says nothing at all."""
    cases = [
        replace(case, in_area=placed_every is not None and number % placed_every == 0)
        for number, case in enumerate(quiet_background())
    ]
    write_cases(settings, south_wales, cases, name="first")
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
        headline = read_alerts(question, found).headline
        watched = watch(question)
    if 2 * unplaced < len(cases):
        assert headline == "Nothing unusual: no alert is open."
        return
    told = f"Clusters cannot be looked for: {unplaced} of 67 administrations have no small area. Give the areas"
    assert headline.startswith(told)
    assert "small_areas_file" in headline
    assert headline in found.warnings
    assert headline in watched.lines
    assert headline in watched.as_json["warnings"]
    # The force's weeks are those of every case, with or without an area: half a year of one every eleven days.
    assert found.timeline.counts.sum() == sum(case.day > date(2026, 6, 30) - timedelta(weeks=26) for case in cases)
    with asked(settings, south_wales, audience="partner") as question:
        partner = read_alerts(question, find_spikes(question)).headline
    assert partner.startswith("Clusters cannot be looked for: half of the administrations or more")
    assert not any(letter.isdigit() for letter in partner)


def test_a_rise_without_areas_is_over_the_weekly_limit_of_the_force(settings: Settings, south_wales: Geography) -> None:
    busy = [Case(id=f"busy-{number}", day=date(2026, 6, 24) + timedelta(days=number % 7)) for number in range(9)]
    cases = [replace(case, in_area=False) for case in (*quiet_background(), *busy)]
    write_cases(settings, south_wales, cases, name="first")
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
    (force,) = found.over_limit
    assert force.sentence.startswith("Weekly limit, the force: 10 administrations in the seven days to 30 June 2026,")


def test_too_short_a_history_is_a_sentence_on_the_page(settings: Settings, south_wales: Geography) -> None:
    write_cases(
        settings, south_wales, [case for case in quiet_background() if case.day > date(2026, 5, 1)], name="first"
    )
    with asked(settings, south_wales) as question:
        found = find_spikes(question)
        assert "are needed to say what is usual" in read_alerts(question, found).headline
        assert load_alerts(open_journal(question)) == ()


# On a schedule --------------------------------------------------------------------------------------------------


def test_an_alert_is_new_until_a_run_has_told_of_it(settings: Settings, south_wales: Geography) -> None:
    write_cases(settings, south_wales, [*quiet_background(), *cluster()], name="first")
    # Somebody's look at the page raises it first; the scheduled run must still tell of it.
    _journal, (alert,) = score(settings, south_wales)
    with asked(settings, south_wales) as question:
        cut_short = watch(question)
        report = watch(question)
        mark_told(question, report)
        after = watch(question)
        journal = open_journal(question)
    assert cut_short.new == report.new == (alert.id,)
    assert after.new == ()
    assert new_since_watch(journal, load_alerts(journal)) == ()
    (told,) = report.as_json["open"]
    assert (told["id"], told["new"], told["areas"], told["count"]) == (alert.id, True, ["CF31"], "5")
    json.dumps(report.as_json)
