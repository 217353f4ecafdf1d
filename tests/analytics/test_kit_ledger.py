"""The account of kits against one kept by hand, row by row, and properties that any ledger's account has."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kit_ledger import (
    EVENTS,
    Mismatch,
    UnusableLedgerError,
    account_for_kits,
    match_doses,
    unmet_resupply,
)
from data.quality.kit_contradictions import find_contradictions

DAY = np.datetime64("2026-01-01")


def ledger(*rows: tuple) -> pd.DataFrame:
    """Rows of kit, base, event, day (None or days after the first), expiry (likewise) and kits."""
    frame = pd.DataFrame(rows, columns=["kit", "base", "event", "event_on", "expires_on", "kits"])
    for name in ("event_on", "expires_on"):
        days = [np.datetime64("NaT") if pd.isna(day) else DAY + np.timedelta64(int(day), "D") for day in frame[name]]
        frame[name] = np.array(days, dtype="datetime64[ns]")
    frame[["kit", "kits"]] = frame[["kit", "kits"]].astype(float)
    return frame.assign(count_unusable=False, officer_unknown=False)


def account(frame: pd.DataFrame):
    return account_for_kits(
        kit=frame["kit"],
        base=frame["base"],
        event=frame["event"],
        day=frame["event_on"],
        expires_on=frame["expires_on"],
        kits=frame["kits"],
    )


def rows_of_ledgers():
    day = st.one_of(st.none(), st.integers(0, 6))
    row = st.tuples(
        st.one_of(st.none(), st.integers(0, 4)),
        st.sampled_from(["Barry", "Ely", ""]),
        st.sampled_from(EVENTS),
        day,
        st.one_of(st.none(), st.integers(5, 9)),
        st.one_of(st.none(), st.integers(0, 3)),
    )
    return st.lists(row, min_size=1, max_size=25).map(lambda rows: ledger(*rows))


def by_hand(frame: pd.DataFrame) -> dict[str, Counter]:
    """Events and kits held by base, with plain loops over plain rows."""
    rows = frame.to_dict("records")
    for place, row in enumerate(rows):
        row["place"], row["kits"] = place, 1 if pd.isna(row["kits"]) else int(row["kits"])
    found: dict[str, Counter] = defaultdict(Counter)
    for kit in {row["kit"] for row in rows if not pd.isna(row["kit"])}:
        of_kit = sorted((row for row in rows if row["kit"] == kit and row["kits"]), key=by_day)
        issues = [row for row in of_kit if row["event"] == "issued"]
        ends = [row for row in of_kit if row["event"] != "issued"]
        is_box = any(row["kits"] > 1 for row in of_kit)
        for row in issues:
            row["base"] = issues[0]["base"] if is_box else row["base"]
        for place, row in enumerate(ends):
            if issues:
                row["base"] = issues[0 if is_box else min(place, len(issues) - 1)]["base"]
        net = sum(row["kits"] for row in issues) - sum(row["kits"] for row in ends)
        held = net if is_box else min(net, 1)
        if held > 0:
            found[issues[-1]["base"]]["held"] += held
    for row in rows:
        found[row["base"]][row["event"]] += row["kits"]
    for base in {row["base"] for row in rows}:
        counted = [row for row in rows if pd.isna(row["kit"]) and row["base"] == base]
        net = sum(row["kits"] if row["event"] == "issued" else -row["kits"] for row in counted)
        found[base]["held"] += max(net, 0)
    return found


def by_day(row: dict) -> tuple:
    return (1, 0, row["place"]) if pd.isna(row["event_on"]) else (0, row["event_on"].value, row["place"])


@settings(max_examples=40, deadline=None)
@given(frame=rows_of_ledgers())
def test_the_account_is_that_of_a_bookkeeper(frame: pd.DataFrame) -> None:
    found = account(frame)
    expected = by_hand(frame)
    for index, base in enumerate(found.bases):
        assert [expected[base][event] for event in EVENTS] == found.counts[index].tolist(), base
        assert expected[base]["held"] == found.held[index], base


@settings(max_examples=40, deadline=None)
@given(frame=rows_of_ledgers())
def test_totals_add_up_and_every_difference_has_a_row_that_is_named(frame: pd.DataFrame) -> None:
    found = account(frame)
    kits = frame["kits"].fillna(1).astype(int)
    assert found.counts.sum() == kits.sum()
    issued, *ended = found.counts.sum(axis=0)
    assert issued == sum(ended) + found.held.sum() + found.difference.sum()
    assert found.stock.kits.sum() == found.held.sum()
    named = find_contradictions(frame)
    rows = np.unique(named[["row", "other"]].to_numpy()[named["kind"] != "expiry_differs"])
    at = {int(found.home[row]) for row in rows if row >= 0}
    assert set(np.flatnonzero(found.difference)) <= at


def test_a_ledger_without_contradictions_has_no_difference() -> None:
    frame = ledger(
        (1, "Barry", "issued", 0, 400, 1),
        (1, "Barry", "returned", 5, 400, 1),
        (1, "Barry", "issued", 5, 400, 1),
        (2, "Barry", "issued", 0, 3, 1),
        (2, "Ely", "used", 2, 3, 1),  # the officer moved: it still counts where it was issued
        (None, "Ely", "issued", 0, 50, 40),
        (None, "Ely", "lost", 4, None, 2),
    )
    found = account(frame)
    assert found.bases == ("Barry", "Ely")
    assert found.counts.tolist() == [[3, 1, 1, 0, 0], [40, 0, 0, 2, 0]]
    assert found.held.tolist() == [1, 38]
    assert found.difference.tolist() == [0, 0]
    assert found.moved.tolist() == [False, False, False, False, True, False, False]
    assert find_contradictions(frame).empty


def test_every_contradiction_is_named_by_its_row() -> None:
    frame = ledger(
        (1, "Barry", "used", 1, 90, 1),  # 0 before its issue
        (1, "Barry", "issued", 3, 90, 1),
        (2, "Barry", "issued", 0, 90, 1),
        (2, "Barry", "used", 2, 90, 1),
        (2, "Barry", "used", 4, 90, 1),  # 4 used twice
        (3, "Barry", "issued", 0, 90, 1),
        (3, "Barry", "used", 2, 90, 1),
        (3, "Barry", "returned", 3, 90, 1),  # 7 returned after it was used
        (4, "Barry", "lost", 3, 90, 1),  # 8 never issued
        (5, "Barry", "issued", 5, 4, 1),  # 9 expired before it was issued
        (6, "Barry", "issued", 1, 90, 1),
        (6, "Barry", "issued", 2, 91, 1),  # 11 issued twice, and another expiry
        (7, "Barry", "issued", 1, 90, 4),  # 12 one number, four kits
        (None, "Ely", "issued", 2, 90, 3),
        (None, "Ely", "used", 3, None, 2),
        (None, "Ely", "lost", 4, None, 2),  # 15 one more than there were
        (8, "Ely", "issued", 1, 90, 1),
        (9, "Ely", None, 1, 90, 1),  # 17
        (10, "Ely", "issued", 1, 90, None),  # 18
        (11, "Ely", "issued", 1, 90, 0),  # 19 of no kit
    )
    frame["officer_unknown"] = frame.index == 16
    frame["count_unusable"] = frame.index == 18
    found = {(row, kind): other for row, kind, other in find_contradictions(frame).itertuples(index=False)}
    assert found == {
        (0, "before_issue"): 1,
        (4, "ended_twice"): 3,
        (7, "ended_twice"): 6,
        (8, "never_issued"): -1,
        (9, "expiry_before_issue"): -1,
        (11, "issued_twice"): 10,
        (11, "expiry_differs"): 10,
        (12, "several_kits"): -1,
        (15, "too_many"): -1,
        (16, "unknown_officer"): -1,
        (17, "event_unknown"): -1,
        (18, "count_unusable"): -1,
        (19, "no_kits"): -1,
    }
    counted = frame.drop(index=[17, 18])
    sums = account(counted)
    assert sums.counts.sum() == counted["kits"].sum()
    # Used twice -1, returned after use -1, never issued -1, issued twice +1; one more ended than there were -1.
    assert sums.difference.tolist() == [-2, -1]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_order_in_a_day_and_a_missing_day_contradict_nothing(order: tuple[int, ...]) -> None:
    rows = [
        (1, "Barry", "issued", 3, 90, 1),
        (1, "Barry", "returned", 3, 90, 1),
        (1, "Barry", "issued", None, 90, 1),
    ]
    frame = ledger(*(rows[place] for place in order))
    assert find_contradictions(frame).empty
    assert account(frame).held.tolist() == [1]


def test_expiries_of_kits_with_and_without_numbers() -> None:
    frame = ledger(
        (1, "Barry", "issued", 0, 10, 1),
        (2, "Barry", "issued", 0, None, 1),
        (None, "Barry", "issued", 0, 5, 10),
        (None, "Barry", "issued", 0, 30, 10),
        (None, "Barry", "used", 1, 5, 3),
        (None, "Barry", "lost", 1, None, 4),  # taken from the later ones: rather too many expire than too few
    )
    stock = account(frame).stock
    until = [stock.between(None, DAY + day, bases=1).tolist() for day in (4, 5, 10, 29, 30)]
    assert until == [[0], [7], [8], [8], [14]]
    assert stock.between(DAY + 6, DAY + 30, bases=1).tolist() == [7]
    assert np.isnat(stock.expires_on).sum() == 1
    assert sorted(stock.row[stock.row >= 0]) == [0, 1]


def test_columns_that_do_not_fit_are_refused() -> None:
    frame = ledger((1, "Barry", "issued", 0, 10, 1))
    with pytest.raises(UnusableLedgerError, match="differ in length"):
        account_for_kits(
            kit=[1, 2], base=["Barry"], event=["used"], day=frame["event_on"], expires_on=frame["event_on"], kits=[1]
        )
    with pytest.raises(UnusableLedgerError, match="unknown event"):
        account(frame.assign(event="eaten"))


def doses(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["administration", "day", "doses_given", "minute", "kit", "officer"])
    frame["local_date"] = [pd.Timestamp(DAY + int(day)) for day in frame["day"]]
    frame["given_at"] = [
        pd.NaT if pd.isna(minute) else pd.Timestamp(DAY + int(day)) + pd.Timedelta(minutes=minute)
        for day, minute in zip(frame["day"], frame["minute"], strict=True)
    ]
    return frame.astype({"kit": float, "officer": float, "doses_given": float})


def uses(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["kit", "officer", "day", "kits"])
    frame["event_on"] = [pd.NaT if pd.isna(day) else pd.Timestamp(DAY + int(day)) for day in frame["day"]]
    frame["event_on"] = frame["event_on"].astype("datetime64[ns]")
    return frame.astype({"kit": float, "officer": float, "kits": float})


def test_administrations_are_held_against_the_ledger() -> None:
    given_doses = doses(
        (0, 1, 2, 0, 10, 1),
        (0, 1, 2, 4, 10, 1),  # two doses of one kit: right
        (1, 2, 1, 0, 11, 2),  # kit 11 is not used according to the ledger
        (2, 3, 3, 0, 12, 3),
        (2, 3, 3, 2, 12, 3),  # three doses, one kit
        (3, 5, 1, 0, 13, 4),
        (4, 6, 2, 0, 13, 4),
        (4, 6, 2, 3, 13, 4),  # kit 13 gave three doses over two administrations
        (5, 9, 1, 0, 14, 5),  # the ledger dates it five days later
        (6, 9, 3, None, None, 6),  # its officer used two kits that night
        (7, 9, 3, None, None, 7),  # its officer used one
        (8, 9, 1, None, None, 8),  # its officer used none
        (9, 20, 1, 0, 16, 9),
        (9, 20, 1, 0, 16, 10),  # one dose that two officers report
        (10, 21, 1, 5, 16, 9),
    )
    in_ledger = uses(
        (10, 1, 1, 1),
        (12, 3, 4, 1),
        (13, 4, 5, 1),
        (14, 5, 14, 1),
        (None, 6, 10, 2),
        (None, 7, 9, 1),
        (None, 8, 20, 1),
        (15, 1, 1, 1),  # no administration names kit 15
        (16, 9, 20, 1),
    )
    found = match_doses(given_doses, in_ledger)
    assert dict(zip(found.administration.tolist(), found.mismatch, strict=True)) == {
        0: Mismatch.NONE,
        1: Mismatch.NOT_IN_LEDGER,
        2: Mismatch.TOO_MANY_DOSES,
        3: Mismatch.KIT_OVERUSED,
        4: Mismatch.KIT_OVERUSED,
        5: Mismatch.OTHER_DAY,
        6: Mismatch.NONE,
        7: Mismatch.TOO_MANY_DOSES,
        8: Mismatch.NOT_IN_LEDGER,
        9: Mismatch.NONE,
        10: Mismatch.NONE,
    }
    assert found.unclaimed.tolist() == [7]
    assert found.kits_used[found.administration == 6].tolist() == [2]


def test_kits_issued_later_meet_the_earliest_request_first() -> None:
    asked = pd.DataFrame(
        {
            "local_date": pd.to_datetime(["2026-03-05", "2026-01-05", "2026-01-07", "2026-01-09", "2026-02-01"]),
            "kits": [1.0, 2.0, 2.0, 1.0, 1.0],
            "officer": [1.0, 1.0, 1.0, 2.0, np.nan],
        }
    )
    issues = pd.DataFrame(
        {
            "event_on": pd.to_datetime(["2026-01-04", "2026-01-05", "2026-02-01", "2026-01-08", None]),
            "kits": [5.0, 1.0, 2.0, 1.0, np.nan],
            "officer": [1.0, 1.0, 1.0, 2.0, 1.0],
        }
    )
    # Officer 1: 1 + 2 + 1 (undated) after 5 January meet 2, then 2 of 2; nothing is left for March.
    np.testing.assert_array_equal(unmet_resupply(asked, issues), [1, 0, 0, 1, np.nan])
