"""Trained, issued, in date and on shift: four numbers, and what is said when one of them is not known."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.carriers import (
    Step,
    UnusableCarriersError,
    carrier_chain,
    carriers_per_1000_events,
    unavailability,
)

TODAY = date(2026, 3, 3)


def days(*texts):
    return np.array([text or "NaT" for text in texts], dtype="datetime64[D]")


FORCE = {
    # never trained, lapsed, refreshed, kit expired, no kit, off shift, available, trained later
    "trained_on": days(
        "", "2024-01-10", "2023-05-01", "2025-09-01", "2025-09-01", "2025-09-01", "2025-09-01", "2026-03-04"
    ),
    "refreshed_on": days("", "", "2025-06-01", "", "", "", "", ""),
    "holds_kit": [True, True, True, True, False, True, True, True],
    "kit_expires_on": days(
        "2027-01-01", "2027-01-01", "2027-01-01", "2026-03-02", "", "2027-01-01", "2026-03-03", "2027-01-01"
    ),
    "on_shift": [True, True, True, True, True, False, True, True],
}


def counts(chain):
    return {step.step: step.count for step in chain.steps}


def test_each_step_takes_out_those_it_should():
    chain = carrier_chain(as_of=TODAY, **FORCE)
    assert counts(chain) == {Step.TRAINED: 6, Step.ISSUED: 5, Step.IN_DATE: 3, Step.ON_SHIFT: 2}
    assert np.flatnonzero(chain.available).tolist() == [2, 6]
    assert np.flatnonzero(chain.training_lapsed).tolist() == [1]
    assert np.flatnonzero(chain.kit_expired).tolist() == [3]
    assert all(step.known for step in chain.steps)
    assert chain.missing == ()


@pytest.mark.parametrize(("trained", "lapsed"), [("2025-03-03", False), ("2025-03-02", True), ("2026-03-03", False)])
def test_training_counts_for_twelve_months_to_the_day(trained, lapsed):
    chain = carrier_chain(as_of=TODAY, trained_on=days(trained), refreshed_on=days(""))
    assert chain.training_lapsed.tolist() == [lapsed]


def test_twelve_months_before_a_leap_day_end_with_february():
    chain = carrier_chain(
        as_of=date(2028, 2, 29), trained_on=days("2027-02-28", "2027-02-27"), refreshed_on=days("", "")
    )
    assert chain.training_lapsed.tolist() == [False, True]


def test_a_refresher_planned_for_later_has_not_happened():
    chain = carrier_chain(as_of=TODAY, trained_on=days("2024-01-01"), refreshed_on=days("2026-04-01"))
    assert chain.training_lapsed.tolist() == [True]


def test_what_is_not_recorded_is_said_and_nothing_is_assumed():
    chain = carrier_chain(as_of=TODAY, trained_on=FORCE["trained_on"])
    assert [step.known for step in chain.steps] == [True, False, False, False]
    assert {step.count for step in chain.steps} == {6}
    assert [sentence.split(":")[0] for sentence in chain.missing] == [
        "Refresher dates are not recorded",
        "Kits are not recorded",
        "Shifts are not recorded",
    ]
    with pytest.raises(UnusableCarriersError, match="import them"):
        _ = chain.available


def test_kits_without_dates_are_kept_and_named():
    chain = carrier_chain(as_of=TODAY, trained_on=days("2025-09-01"), refreshed_on=days(""), holds_kit=[True])
    assert chain.kit_undated.tolist() == [True]
    assert chain.ready.tolist() == [True]
    assert not chain.steps[2].known
    one_undated = carrier_chain(
        as_of=TODAY,
        trained_on=days("2025-09-01", "2025-09-01"),
        holds_kit=[True, True],
        kit_expires_on=days("", "2027-01-01"),
    )
    assert one_undated.kit_undated.tolist() == [True, False]


dated = st.one_of(st.none(), st.dates(date(2023, 1, 1), date(2027, 1, 1)))


@given(st.lists(st.tuples(dated, dated, st.booleans(), dated, st.booleans()), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_chain_agrees_with_each_carrier_judged_alone(rows):
    trained, refreshed, held, expires, rostered = zip(*rows, strict=True)
    chain = carrier_chain(
        as_of=TODAY,
        trained_on=days(*trained),
        refreshed_on=days(*refreshed),
        holds_kit=held,
        kit_expires_on=days(*expires),
        on_shift=rostered,
    )
    expected = []
    for first, again, has_kit, expiry, on in rows:
        past = [day for day in (first, again) if day and day <= TODAY]
        trained_now = first is not None and first <= TODAY
        in_date = trained_now and max(past) >= date(2025, 3, 3)
        expected.append(in_date and has_kit and (expiry is None or expiry >= TODAY) and on)
    assert chain.available.tolist() == expected
    found = [step.count for step in chain.steps]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    "change", [{"holds_kit": [True]}, {"holds_kit": None}, {"refreshed_on": days("2025-01-01")}, {"on_shift": [True]}]
)
def test_columns_that_do_not_fit_are_refused(change):
    with pytest.raises(UnusableCarriersError):
        carrier_chain(as_of=TODAY, **{**FORCE, **change})


def test_a_forty_hour_week_leaves_a_carrier_off_shift_for_128_of_168_hours():
    roster = np.zeros((168, 3), dtype=bool)
    roster[:40] = True
    roster[:, 2] = True
    result = unavailability(on_shift=roster, ready=[True, True, False])
    assert result.probability == pytest.approx(128 / 168)
    assert result.carriers == 2
    # All risk in the hours on shift: then nobody is ever missed.
    weighted = unavailability(on_shift=roster, ready=[True, True, False], hour_weight=np.arange(168) < 40)
    assert weighted.probability == 0


def test_a_roster_without_anyone_ready_is_refused():
    with pytest.raises(UnusableCarriersError, match="trained, issued and in date"):
        unavailability(on_shift=np.ones((168, 2)), ready=[False, False])
    with pytest.raises(UnusableCarriersError, match="one row an hour"):
        unavailability(on_shift=np.ones((168, 2)), ready=[True])


def test_carriers_per_1000_events_have_the_exact_poisson_interval():
    result = carriers_per_1000_events(carriers=[20, 20, 0], events=[10, 0, 0])
    # 10 events: 4.795 to 18.39 (Garwood 1936), so 20 carriers are 1,087 to 4,171 per 1,000.
    assert result.rate.tolist() == [2_000, np.inf, 0]
    assert result.lower[0] == pytest.approx(20_000 / 18.390, rel=1e-4)
    assert result.upper[0] == pytest.approx(20_000 / 4.7954, rel=1e-4)
    assert result.lower[1] == pytest.approx(20_000 / 3.6889, rel=1e-4)
    assert result.upper[1] == np.inf
