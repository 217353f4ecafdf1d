"""The coverage page's findings on the synthetic force: what was planted is found, what is missing is said."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.disclosure import DisclosedTable
from analytics.findings.coverage import Coverage, find_coverage
from analytics.findings.coverage_risk import read_risk, risk_layers_present
from analytics.findings.question import Question
from analytics.findings.reach_map import find_reach_map
from analytics.findings.reach_now import ReachNow, find_reach_now
from analytics.findings.risk_layers import RiskLayer
from analytics.findings.week import hours_words
from analytics.findings.workforce import read_workforce
from analytics.reach import roster_gaps
from data.demo import DemoOutcome, planted_events
from data.settings import TravelSettings
from geo.areas import Geography
from geo.travel import straight_line_minutes
from tests.analytics.findings.carrier_stores import question_about

Ask = Callable[..., Question]


@pytest.fixture(scope="module")
def now(ask: Ask) -> ReachNow:
    return find_reach_now(ask(), layer=None)


@pytest.fixture(scope="module")
def found(ask: Ask, now: ReachNow) -> Coverage:
    return find_coverage(ask(), now=now, level="authority")


@pytest.fixture(scope="module")
def without_shifts(
    demo: DemoOutcome, south_wales: Geography, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Question]:
    """No roster, no independent layer, no requests, and nobody's refresher on record."""
    question = question_about(
        demo.force,
        files=("carriers", "kits", "administrations"),
        folder=tmp_path_factory.mktemp("without_shifts"),
        geography=south_wales,
        blank={"carriers": "Refreshed"},
    )
    yield question
    question.store.close()


@pytest.fixture(scope="module")
def without_kits(
    demo: DemoOutcome, south_wales: Geography, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Question]:
    """No ledger, and dated shifts alone."""
    question = question_about(
        demo.force,
        files=("carriers", "shifts_dated", "risk_events", "administrations"),
        folder=tmp_path_factory.mktemp("without_kits"),
        geography=south_wales,
    )
    yield question
    question.store.close()


def column(table: DisclosedTable, heading: str) -> list[str]:
    place = [each.heading for each in table.columns].index(heading)
    return [row[place] for row in table.rows]


def test_the_planted_hole_is_the_first_row_of_the_gap_table(now: ReachNow, found: Coverage, demo: DemoOutcome) -> None:
    (hole,) = (event for event in planted_events(folder=demo.planted_file.parent) if event.id == "coverage-hole")
    where, when, hours, events = found.gaps.rows[0]
    assert hole.place in where
    assert when == hours_words(hole.details["hours_of_week"]) == "Friday and Saturday 23:00 to 07:00"
    assert hours == str(len(hole.details["hours_of_week"]))
    # What was planted there a year lies inside the interval that the table gives.
    first = roster_gaps(cover=now.reach.covered, area=now.catchment, **now.risk_arguments)[0]
    assert first.uncovered.lower < hole.details["extra_risk_events_a_year"] < first.uncovered.upper
    assert hole.place in found.headline
    assert found.first_gap == hole.place
    assert float(events.split(" ")[0]) == pytest.approx(first.uncovered.value, abs=0.5)


def test_requests_without_a_carrier_match_the_gap(found: Coverage) -> None:
    gap = column(found.requests, "In the gap around")
    near = column(found.requests, "Near")
    in_first = [place for place, base in zip(near, gap, strict=True) if base == found.first_gap]
    assert len(in_first) > 0.4 * len(gap)
    assert set(in_first) <= {"Merthyr Tydfil", "Abercanaid", "Aberfan", "Troed-y-rhiw", "Dowlais", "Gurnos", "Pant"}
    assert f"{len(in_first)} into the first" in found.requests_note


def test_the_chain_counts_as_the_files_do(now: ReachNow, found: Coverage, demo: DemoOutcome) -> None:
    """Trained, holding a kit and in date, counted in plain loops over the files that were imported."""
    day = pd.Timestamp(now.force.as_of)
    carriers, kits = demo.force.file("carriers").frame, demo.force.file("kits").frame

    def days(texts: pd.Series) -> pd.Series:
        return pd.to_datetime(texts, format="%d/%m/%Y")

    held: dict[str, pd.Timestamp] = {}
    for _kit, rows in kits.assign(day=days(kits["Event date"])).groupby("Kit number"):
        past = rows[rows["day"] <= day]
        if set(past["Event"]) == {"Issued"}:
            officer, expiry = past.iloc[0]["Collar number"], days(past["Expiry date"]).iloc[0]
            held[officer] = max(expiry, held.get(officer, expiry))
    last = carriers.assign(
        trained=days(carriers["Trained"]), refreshed=days(carriers["Refreshed"]), until=days(carriers["Role to"])
    )
    last = last[last["until"].isna() | (last["until"] >= day)]
    issued = last[last["Collar number"].isin(held)]
    lapse = day - pd.DateOffset(months=12)
    ready = [
        held[row["Collar number"]] >= day and max(row["trained"], row["refreshed"]) >= lapse
        if pd.notna(row["refreshed"])
        else held[row["Collar number"]] >= day and row["trained"] >= lapse
        for _index, row in issued.iterrows()
    ]
    numbers = [number for _heading, number, _about in found.steps]
    assert numbers[:3] == [str(len(last)), str(len(issued)), str(sum(ready))]
    assert len(last) == 756
    by_base = dict(zip(column(found.bases, "Base"), column(found.bases, "Trained"), strict=True))
    assert by_base == {base: str(count) for base, count in last["Base"].value_counts().items()}


def test_every_hour_has_its_share_interval_and_n(found: Coverage, now: ReachNow) -> None:
    assert len(found.week_table.rows) == 168
    assert sum(count.value for count in found.week.events) == now.risk.timed
    assert all(share.lower <= share.value <= share.upper for share in found.week.shares)
    on_duty = now.force.on_shift.sum(axis=1)
    assert [count.value for count in found.week.on_duty] == on_duty.tolist()
    assert found.week_table.rows[119][0] == "Friday 23:00"


def test_partners_see_no_small_base_and_no_single_request(ask: Ask) -> None:
    question = ask(audience="partner")
    found = find_coverage(question, now=find_reach_now(question, layer=None), level="authority")
    for row in found.bases.rows:
        numbers = [int(cell) for cell in row[1:4] if cell.isdigit()]
        assert all(number == 0 or number >= 5 for number in numbers)
        assert numbers == [] or len(numbers) == 3
        least = row[4].split(" to ")[0]
        assert not least.isdigit() or int(least) == 0 or int(least) >= 5
    assert "not shown" in column(found.bases, "Trained")
    # Barry has one carrier in date: the hours without anybody would be that one's shifts.
    barry = next(row for row in found.gaps.rows if "Barry" in row[0])
    assert barry[1:3] == ("not shown", "not shown")
    assert found.requests.rows == ()
    assert "only to the force's own analysts" in found.requests.caption
    # Names, so that the rank of a number that is held back says nothing.
    assert column(found.areas, "Area")[:-1] == sorted(column(found.areas, "Area")[:-1])


def test_the_map_and_the_table_tell_the_same_hour(ask: Ask, now: ReachNow, found: Coverage) -> None:
    question = ask()
    hole, noon = find_reach_map(question, now=now, hour=120), find_reach_map(question, now=now, hour=12)
    share = found.week.shares[120].text.split(" (")[0]
    assert f"Saturday 00:00: {share} of the risk" in hole.sentence
    drawn = [(each.far.classes > 0) & (each.far.classes < 200) for each in (hole, noon)]
    place = now.risk.surface.grid.indices(np.array([304_961.0]), np.array([206_154.0]))
    assert drawn[0][place[0], place[1]].all()
    assert not drawn[1][place[0], place[1]].any()
    for each in (hole, noon):
        both = (each.far.classes > 0) & (each.far.classes < 200) & (each.near.classes > 0) & (each.near.classes < 200)
        assert not both.any()


def test_a_partners_hour_leaves_out_where_a_handful_work(ask: Ask) -> None:
    """Around Barry, with its one carrier in date, every hour's map is the same to a partner, and differs to us."""
    maps = {}
    for audience in ("analyst", "partner"):
        question = ask(audience=audience)
        now = find_reach_now(question, layer=None)
        row, line, _within = now.risk.surface.grid.indices(np.array([311_500.0]), np.array([167_500.0]))
        maps[audience] = [find_reach_map(question, now=now, hour=hour) for hour in (10, 40)]
        drawn = [(int(each.near.classes[row, line][0]), int(each.far.classes[row, line][0])) for each in maps[audience]]
        assert (drawn[0] != drawn[1]) == (audience == "analyst")
        assert audience == "analyst" or drawn[0] == (0, 0)
    assert "fewer than 5 carriers" in maps["partner"][0].sentence


def test_administrations_are_taken_with_a_warning(ask: Ask, found: Coverage) -> None:
    question = ask()
    assert risk_layers_present(question)[0] is RiskLayer.CALLS
    assert found.missing == ()
    other = find_reach_now(question, layer=RiskLayer.ADMINISTRATIONS)
    told = find_coverage(question, now=other, level="authority").missing
    assert any("only where carriers already are" in sentence for sentence in told)
    assert risk_layers_present(question)[-1] is RiskLayer.ADMINISTRATIONS


def test_the_wall_shows_no_death_by_place(ask: Ask, now: ReachNow) -> None:
    meeting = read_risk(ask(audience="meeting"), layer=None)
    calls = ask().store.timed_events(filters=ask().filters, scope=ask().scope, kinds=("ambulance_overdose_call",))
    assert meeting.events == len(calls) < now.risk.events
    assert "death" not in meeting.words


def test_one_area_is_looked_at_alone_and_carriers_come_from_beside_it(ask: Ask, now: ReachNow) -> None:
    question = ask(bcus=("Mid Glamorgan",))
    part = find_reach_now(question, layer=None)
    assert part.risk.events < now.risk.events
    assert len(part.force.site) == len(now.force.site)
    found = find_coverage(question, now=part, level="authority")
    # A cell on the edge may have its middle beyond it.
    assert column(found.areas, "Area")[:3] == ["Merthyr Tydfil", "Rhondda Cynon Taf", "Bridgend"]
    assert "Merthyr Tydfil" in found.gaps.rows[0][0]


def test_without_shifts_nobody_is_on_shift_and_the_bases_are_told(without_shifts: Question) -> None:
    now = find_reach_now(without_shifts, layer=None)
    found = find_coverage(without_shifts, now=now, level="authority")
    assert now.risk.layer is RiskLayer.ADMINISTRATIONS
    said = " ".join(found.missing)
    for words in ("Shifts are not recorded", "Refresher dates are not recorded", "administrations alone"):
        assert words in said
    assert found.steps[3] == ("On shift", "not recorded", "")
    assert found.week is None
    assert found.gaps.rows == ()
    assert not found.can_plan
    assert "cannot be said" in found.headline
    assert len(found.bases.rows) == 20
    assert set(column(found.bases, "On shift")) == {"not recorded"}
    assert "Requests for a carrier are not recorded" in found.requests_note
    reach = find_reach_map(without_shifts, now=now, hour=None)
    assert "who is on shift there is not recorded" in reach.sentence


def test_without_kits_reach_is_of_the_trained_and_says_so(without_kits: Question) -> None:
    now = find_reach_now(without_kits, layer=None)
    found = find_coverage(without_kits, now=now, level="authority")
    assert "Kits are not recorded" in " ".join(found.missing)
    assert found.steps[1][1] == "not recorded"
    assert set(column(found.bases, "Holding a kit")) == {"not recorded"}
    assert "dated roster of the week from" in found.method
    assert found.week is not None
    assert "Merthyr Tydfil" in found.gaps.rows[0][0]


def test_a_dated_week_counts_whoever_covers_the_middle_of_the_hour(without_kits: Question) -> None:
    force = read_workforce(without_kits)
    shifts = without_kits.store.dated_shifts()
    officers = without_kits.store.carriers(scope=without_kits.scope, as_of=force.as_of)["officer"].to_numpy(int)
    # 30 June 2026 is a Tuesday.
    monday = pd.Timestamp(2026, 6, 29)
    for hour in (0, 7, 30, 63, 119, 150, 167):
        middle = monday + pd.Timedelta(hours=hour, minutes=30)
        on = set(shifts.loc[(shifts["starts_at"] <= middle) & (shifts["ends_at"] > middle), "officer"])
        assert force.roster[hour].tolist() == [number in on for number in officers]
    assert "29 June 2026" in force.roster_words


def test_reach_agrees_with_distances_by_hand(now: ReachNow) -> None:
    minutes = straight_line_minutes(
        from_easting_m=now.force.site_easting_m,
        from_northing_m=now.force.site_northing_m,
        to_easting_m=now.risk.easting_m,
        to_northing_m=now.risk.northing_m,
        speed_km_h=50,
    )
    on_duty = now.force.at_site(now.force.on_shift[3])
    expected = ((minutes <= 10) & (on_duty[:, None] > 0)).any(axis=0)
    np.testing.assert_array_equal(now.reach.covered[3], expected)


def test_the_risk_adds_up_to_its_events_a_year(ask: Ask, now: ReachNow) -> None:
    years = ask().filters.years
    assert now.risk.per_year.sum() == pytest.approx(now.risk.events / years, rel=1e-3)
    assert now.risk.resampled.sum(axis=1) == pytest.approx(now.risk.events / years, rel=1e-2)
    again = read_risk(ask(), layer=RiskLayer.CALLS)
    np.testing.assert_array_equal(again.resampled, now.risk.resampled)


def test_a_longer_time_or_a_faster_car_never_reaches_less(ask: Ask, now: ReachNow) -> None:
    question = ask()
    settings = question.settings.model_copy(
        update={"travel": TravelSettings(within_minutes=12, day_speed_km_h=45, night_speed_km_h=60)}
    )
    wider = find_reach_now(replace(question, settings=settings), layer=None)
    assert np.all(wider.reach.carriers_in_reach >= now.reach.carriers_in_reach)
    assert wider.reach.covered.sum() > now.reach.covered.sum()


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ((), "no hour of the week"),
        (tuple(range(168)), "every hour of the week"),
        ((0,), "Monday 00:00 to 01:00"),
        ((167, 0), "Sunday 23:00 to 01:00"),
        (tuple(range(30)), "Monday 00:00 to Tuesday 06:00"),
        (tuple(day * 24 + hour for day in range(7) for hour in (2, 3)), "every day 02:00 to 04:00"),
        (tuple(range(10, 168)), "every hour but Monday 00:00 to 10:00"),
        ((1, 3, 5, 7), "Monday 01:00 to 02:00, Monday 03:00 to 04:00, Monday 05:00 to 06:00 and 1 more hour"),
    ],
)
def test_hours_in_words(hours: tuple[int, ...], words: str) -> None:
    assert hours_words(hours) == words
