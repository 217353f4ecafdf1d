"""Kits and training of the synthetic force: what was planted is found, and counts are those of plain loops."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from analytics.disclosure import DisclosedTable, DisclosureError
from analytics.findings.kit_explanations import (
    NoReasonError,
    explain_difference,
    read_explanations,
    take_back_explanation,
)
from analytics.findings.kit_needs import next_quarter
from analytics.findings.question import Question
from analytics.findings.supply import Supply, SupplyOptions, find_supply, next_meeting, supply_day
from data.journal import Journal, JournalConflictError
from data.settings import SupplySettings
from tests.conftest import KEYS

DAY = date(2026, 6, 30)


def find(question: Question, **options: object) -> Supply:
    return find_supply(question, options=SupplyOptions(as_of=DAY, **options))


def with_supply(question: Question, **supply: object) -> Question:
    return replace(question, settings=question.settings.model_copy(update={"supply": SupplySettings(**supply)}))


def number(text: str) -> int:
    return int(text.replace(",", ""))


@pytest.fixture(scope="module")
def found(ask) -> Supply:
    return find(ask())


@pytest.fixture(scope="module")
def planted(demo) -> dict[str, dict]:
    every = json.loads(demo.planted_file.read_text(encoding="utf-8"))["planted"]
    return {each["id"]: each for each in every}


@pytest.fixture(scope="module")
def ledger(demo_store) -> pd.DataFrame:
    rows = demo_store.kit_ledger()
    return rows[~(rows["event_on"] > pd.Timestamp(DAY))]


def test_the_planted_base_is_first_among_the_differences(found: Supply, planted: dict[str, dict]) -> None:
    event = planted["kits-unreconciled"]
    kits = event["details"]["kits"]
    assert found.differences.rows[0] == (f"Barry: {kits} kits more were accounted for than issued", "open")
    rows = {number(row) for (row,) in event["records"]}
    named = [row for row in found.contradictions.rows if row[1] == "Barry"]
    places = [int(re.match(r"row (\d+), import of", row[0])[1]) for row in named]
    assert len(places) == kits
    assert set(places) <= rows


def test_the_planted_expired_kit_is_listed(found: Supply, planted: dict[str, dict]) -> None:
    event = planted["expired-kit"]
    (row,) = event["records"][0]
    listed = [each for each in found.expired.rows if each[4].startswith(f"row {row}, ")]
    assert [(each[0], each[1]) for each in listed] == [("Swansea Centre", "31 March 2026")]


def test_counts_are_those_of_plain_loops_over_the_ledger(found: Supply, ledger: pd.DataFrame, ask) -> None:
    meeting, is_set = next_meeting(ask(), as_of=DAY)
    assert (meeting, is_set) == (date(2026, 8, 30), False)
    held = []
    for _kit, rows in ledger.groupby("kit"):
        issues = [row for row in rows.to_dict("records") if row["event"] == "issued"]
        if issues and len(rows) == 1:
            held.append(issues[0]["expires_on"].date())
    within = [day for day in held if DAY <= day < meeting]
    soon = [day for day in held if DAY <= day <= DAY + timedelta(days=90)]
    expired = [day for day in held if day < DAY]
    figures = [number(figure) for figure, _about in found.figures]
    unreconciled = sum(abs(number(row[7])) for row in found.account.rows[:-1])
    assert figures[:4] == [len(within), len(soon), len(expired), unreconciled]
    total = dict(zip([column.heading for column in found.account.columns], found.account.rows[-1], strict=True))
    events = ledger["event"].value_counts()
    assert [number(total[name.capitalize()]) for name in ("issued", "used", "returned", "lost", "expired")] == [
        events[name] for name in ("issued", "used", "returned", "lost", "expired")
    ]
    assert number(total["Held"]) == len(held)
    assert found.headline.startswith(f"{len(within)} kits expire before the next meeting on 30 August 2026")


def test_every_row_of_the_account_adds_up(found: Supply) -> None:
    for row in found.account.rows:
        issued, used, returned, lost, expired, held, difference = map(number, row[1:])
        assert issued == used + returned + lost + expired + held + difference
    columns = list(zip(*found.account.rows, strict=True))[1:]
    assert all(sum(map(number, column[:-1])) == number(column[-1]) for column in columns)


def test_lapsed_refreshers_are_those_of_a_plain_loop(found: Supply, demo_store, ask) -> None:
    carriers = demo_store.carriers(scope=ask().scope, as_of=DAY)
    lapsed = 0
    for row in carriers.to_dict("records"):
        days = [row[name].date() for name in ("trained_on", "refreshed_on") if not pd.isna(row[name])]
        last = max((day for day in days if day <= DAY), default=None)
        lapsed += last is not None and last < date(2025, 6, 30)
    assert len(found.lapsed.rows) == lapsed > 50
    assert number(found.figures[4][0]) == lapsed
    title, _name, by_base = found.by_base[1]
    assert title == "Refresher training"
    assert by_base.rows[-1][:3] == ("Force", f"{len(carriers)}", f"{lapsed}")


def test_what_does_not_match_and_what_was_not_met(found: Supply) -> None:
    # Five doses were drawn for four administrations, and the form has columns for the kits of four of them.
    assert "4 do not match the ledger" in found.use.doses_sentence
    assert [row[2] for row in found.use.doses.rows] == ["5"] * 4
    waiting = [number(row[4]) for row in found.use.resupply.rows]
    without = [row[5] != "yes" for row in found.use.resupply.rows]
    assert without == sorted(without, reverse=True)
    assert waiting[: sum(without)] == sorted(waiting[: sum(without)], reverse=True)


def test_a_choice_of_bcu_is_the_analysts(found: Supply, ask) -> None:
    chosen = find(ask(bcus=("Mid Glamorgan",)))
    bases = {row[0] for row in chosen.account.rows[:-1]}
    assert bases < {row[0] for row in found.account.rows[:-1]}
    assert {"Bridgend", "Pontypridd"} <= bases
    assert "Barry" not in bases
    shared = {row[0]: row for row in found.account.rows[:-1]}
    assert all(shared[row[0]] == row for row in chosen.account.rows[:-1])
    assert find(ask(audience="partner", bcus=("Mid Glamorgan",))).account == find(ask(audience="partner")).account


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_see_no_small_count_and_nobody_alone(ask, audience: str) -> None:
    seen = find(ask(audience=audience))
    singly = (seen.differences, seen.contradictions, seen.expired, seen.lapsed, seen.use.doses, seen.use.resupply)
    assert [table.rows for table in singly] == [()] * 6
    assert all("only to the force's own analysts" in table.caption for table in singly)
    assert seen.open_differences == ()
    cells = [cell for _title, _name, table in seen.by_base for row in table.rows for cell in row[1:]]
    assert "fewer than 5" in cells
    assert not {"1", "2", "3", "4"} & set(cells)
    assert [row[0] for row in seen.account.rows] == ["Force"]


def test_the_next_quarter_and_its_cost(found: Supply, ask) -> None:
    assert next_quarter(DAY) == (date(2026, 7, 1), date(2026, 9, 30))
    assert next_quarter(date(2026, 11, 2)) == (date(2027, 1, 1), date(2027, 3, 31))
    used, before, within, total = (number(row[1]) for row in found.needs.kits.rows)
    assert abs(used + before + within - total) <= 1
    assert "No price is assumed: state kit_price" in found.needs.cost.caption
    assert all(len(row) == 3 for row in found.needs.cost.rows)
    priced = find(
        with_supply(ask(), kit_price=20.0, first_training_price=50.0, refresher_price=12.5, monitoring_price=1000.0)
    ).needs.cost
    cost = {row[:2]: row[4] for row in priced.rows}
    refreshers = next(number(row[2]) for row in priced.rows if row[0] == "Training")
    assert number(cost["Training", "Refreshers due or overdue by the quarter's end"][1:]) == round(refreshers * 12.5)
    sums = [row for row in priced.rows if row[1] == "together"]
    assert [row[0] for row in sums] == ["Initial roll-out", "Monitoring and supply"]
    one_price = find(with_supply(ask(), kit_price=20.0)).needs.cost
    assert one_price.rows[-1][4] == "not known"
    assert "first_training_price, refresher_price and monitoring_price" in one_price.caption


@pytest.mark.parametrize(
    ("settings", "as_of", "expected"),
    [
        ({}, date(2026, 6, 30), (date(2026, 8, 30), False)),
        ({"meeting": date(2026, 1, 14)}, date(2026, 6, 30), (date(2026, 7, 14), True)),
        ({"meeting": date(2026, 1, 14)}, date(2026, 7, 14), (date(2026, 9, 14), True)),
        ({"meeting": date(2027, 5, 31)}, date(2026, 6, 30), (date(2026, 7, 31), True)),
        ({"meeting": date(2026, 1, 31), "meeting_every_months": 1}, date(2026, 2, 10), (date(2026, 2, 28), True)),
    ],
)
def test_the_next_meeting_follows_the_settings(ask, settings: dict, as_of: date, expected: tuple) -> None:
    assert next_meeting(with_supply(ask(), **settings), as_of=as_of) == expected


def test_synthetic_records_stand_still_on_the_newest_day_of_the_ledger(ask, ledger: pd.DataFrame) -> None:
    assert supply_day(ask()) == DAY
    newest = ledger["event_on"].max().date()
    assert supply_day(ask(last_day=ask().store.period()[1])) == newest > ask().store.period()[1]
    assert supply_day(ask(last_day=date(2025, 3, 31))) == date(2025, 3, 31)


def test_rows_after_the_day_are_left_out_and_said(ask, demo_store) -> None:
    day = date(2025, 3, 31)
    early = find_supply(ask(last_day=day), options=SupplyOptions(as_of=day))
    later = (demo_store.kit_ledger()["event_on"] > pd.Timestamp(day)).sum()
    assert f"{later} rows are dated later and left out" in early.counted.replace(",", "")


# Explanations ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(ask, tmp_path: Path) -> Question:
    """The analyst's question with a journal of its own."""
    question = ask()
    store = question.settings.store.model_copy(update={"folder": tmp_path})
    return replace(question, settings=question.settings.model_copy(update={"store": store}))


def test_a_difference_is_open_until_it_is_explained_and_again_when_that_is_taken_back(
    elsewhere: Question, found: Supply
) -> None:
    barry = found.open_differences[0]
    open_before = number(found.figures[3][0])
    about = {"subject": barry.subject, "digest": barry.digest}
    explain_difference(elsewhere, **about, reason=" Lost ledger of\n2024 ", seen=0, keys=KEYS)
    (standing,) = read_explanations(elsewhere, keys=KEYS)
    explained = find(elsewhere, explanations=(standing,))
    assert (standing.reason, explained.open_differences[0].explanation) == ("Lost ledger of 2024", standing)
    assert explained.differences.rows[-1][1].startswith("Lost ledger of 2024 (")
    assert number(explained.figures[3][0]) == open_before - 38
    assert "Barry" not in json.dumps(
        [dict(entry.details) for entry in Journal(folder=elsewhere.settings.store_folder, keys=KEYS).entries()]
    )
    take_back_explanation(elsewhere, explanation=standing, keys=KEYS)
    assert read_explanations(elsewhere, keys=KEYS) == ()
    explain_difference(elsewhere, **about, reason="Found after all", seen=0, keys=KEYS)
    entries = Journal(folder=elsewhere.settings.store_folder, keys=KEYS).entries()
    assert [entry.action for entry in entries] == ["explain difference", "take back explanation", "explain difference"]


def test_an_explanation_is_of_the_rows_as_they_were(elsewhere: Question, found: Supply) -> None:
    barry = found.open_differences[0]
    explain_difference(elsewhere, subject=barry.subject, digest=barry.digest, reason="Known", keys=KEYS)
    (standing,) = read_explanations(elsewhere, keys=KEYS)
    other = replace(standing, digest="of other rows")
    reopened = find(elsewhere, explanations=(other,)).open_differences[0]
    assert (reopened.explanation, reopened.seen) == (None, standing.number)


def test_two_who_explain_at_once_do_not_undo_each_other(elsewhere: Question, found: Supply) -> None:
    barry = found.open_differences[0]
    about = {"subject": barry.subject, "digest": barry.digest, "seen": barry.seen, "keys": KEYS}
    explain_difference(elsewhere, reason="First", **about)
    with pytest.raises(JournalConflictError):
        explain_difference(elsewhere, reason="Second", **about)


def test_an_explanation_needs_a_reason_and_an_analyst(elsewhere: Question, ask) -> None:
    with pytest.raises(NoReasonError):
        explain_difference(elsewhere, subject="supply/x", digest="y", reason="  ", keys=KEYS)
    with pytest.raises(DisclosureError):
        explain_difference(ask(audience="partner"), subject="supply/x", digest="y", reason="because", keys=KEYS)


def test_lists_are_tables_that_can_be_exported(found: Supply) -> None:
    tables = [found.account, found.differences, found.contradictions, found.expired, found.lapsed]
    for table in [*tables, found.use.doses, found.use.resupply, found.needs.kits, found.needs.cost]:
        assert isinstance(table, DisclosedTable)
        assert all(len(row) == len(table.columns) for row in table.rows)


# Training -------------------------------------------------------------------------------------------------------------


class Register:
    """A store that gives carriers of the test's own."""

    def __init__(self, question: Question, carriers: pd.DataFrame) -> None:
        self._store, self._carriers = question.store, carriers

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def carriers(self, **_asked: object) -> pd.DataFrame:
        return self._carriers


def register(*people: tuple[str | None, str | None]) -> pd.DataFrame:
    """Carriers at Ely by first training and last refresher, in a register of 1 June 2026."""
    days = pd.DataFrame(people, columns=["trained_on", "refreshed_on"]).astype("datetime64[us]")
    return days.assign(
        officer=range(len(people)),
        role="response",
        base="Ely",
        bcu="Cardiff and the Vale",
        holds_kit=False,
        kit_expires_on=pd.NaT,
        row_number=range(1, len(people) + 1),
        imported_on=pd.Timestamp("2026-06-01"),
    )


def with_register(question: Question, *people: tuple[str | None, str | None]) -> Question:
    return replace(question, store=Register(question, register(*people)))


def test_nobody_is_lapsed_who_came_to_a_refresher_after_the_day(ask) -> None:
    people = (
        ("2024-01-10", "2025-03-20"),  # lapsed on 21 March 2026
        ("2024-01-10", "2025-03-31"),  # good to the day itself
        ("2024-01-10", "2026-05-02"),  # came later: how it stood on the day is not known
        ("2024-01-10", "2026-08-01"),  # only planned when the register came in: lapsed
        ("2025-06-01", None),
        (None, None),
    )
    seen = find_supply(with_register(ask(), *people), options=SupplyOptions(as_of=date(2026, 3, 31)))
    assert [(row[4], row[6]) for row in seen.lapsed.rows] == [
        ("10 January 2025", "row 4, import of 1 June 2026"),
        ("20 March 2026", "row 1, import of 1 June 2026"),
    ]
    assert any("1 carrier had a refresher after 31 March 2026" in sentence for sentence in seen.missing)


def test_a_register_without_refresher_dates_calls_nobody_lapsed_and_says_so(ask) -> None:
    seen = find(with_register(ask(), ("2020-01-10", None), ("2026-01-10", None)))
    assert seen.lapsed.rows == ()
    assert any("no refresher dates" in sentence for sentence in seen.missing)
    refreshers = next(row for row in seen.needs.cost.rows if row[0] == "Training")
    assert refreshers[2] == "not known"
    assert not any("refreshers" in about for _figure, about in seen.figures)
