"""The ambulance finding: administrations accounted for, curves that cover the simulator's truth, nothing given away."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics import delay
from analytics.findings.ambulance_calls import Calls, WaitOptions, account_words, incidence_of, read_calls
from analytics.findings.ambulance_delay import AmbulanceDelay, find_ambulance_delay
from analytics.findings.question import Question
from data.demo.ambulance import draw_waits, wait_columns
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.ingest import import_frame
from data.settings import AgreementSettings, Settings, StandardSettings
from data.store import open_store
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales, stored

Ask = Callable[..., Question]
OPTIONS = WaitOptions()
EVERYTHING = {"settings": ("custody", "home", "hospital", "not_recorded", "other", "street")}
TABLES = ("account", "standards_table", "groups", "quarters", "areas_table", "comparisons", "still_waiting")
# London's clocks went back at 02:00 on 27 October 2024 and forward at 01:00 on 31 March 2024.
FORM = [
    # call, arrival, minutes as a person would count them; what becomes of it
    ("2024-05-01 10:00", "2024-05-01 10:12", 12, "arrived"),
    ("2024-05-01 23:55", "2024-05-02 00:07", 12, "arrived"),
    ("2024-10-27 00:50", "2024-10-27 02:10", 140, "arrived"),
    ("2024-10-27 01:50", "2024-10-27 01:05", 15, "arrived"),
    ("2024-03-31 00:50", "2024-03-31 02:10", 20, "arrived"),
    ("2024-06-01 10:00", "2024-06-01 10:00", 0, "already_there"),
    ("2024-06-02 10:00", "2024-06-02 10:00", 0, "already_there"),
    ("2024-06-03 10:00", "2024-06-03 09:40", None, "in_quarantine"),
    ("2024-06-04 10:00", "2024-06-05 06:00", None, "in_quarantine"),
    ("2024-06-05 10:00", "", None, "not_recorded"),
    ("2024-06-06 10:00", "not a time", None, "in_quarantine"),
    ("", "2024-06-07 10:20", None, "not_recorded"),
    ("", "", None, "not_recorded"),
    *((f"2024-07-{day:02} 10:00", f"2024-07-{day:02} 10:{10 + day}", 10 + day, "arrived") for day in range(1, 9)),
]


def account_of(question: Question, options: WaitOptions = OPTIONS) -> dict[str, int]:
    calls = read_calls(question, options)
    return pd.Series(calls.administrations).groupby(calls.account).sum().to_dict()


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Question:
    """A file whose waits are zero, negative, too long, missing, over midnight and over both changes of the clock."""
    settings = make_settings(tmp_path_factory.mktemp("clocked"))
    frame = pd.DataFrame(
        {
            "Reference": [f"R{number}" for number in range(len(FORM))],
            "When": [
                (call or arrival or "2024-06-08 10:00")[:16].replace("not a time", "") for call, arrival, *_ in FORM
            ],
            "Called": [call for call, *_ in FORM],
            "Came": [arrival for _call, arrival, *_ in FORM],
        }
    )
    wait = {"kind": "call_to_arrival", "clock": "police_log", "started_at": "Called", "ended_at": "Came"}
    mapping = make_mapping(waits=[wait])
    report = import_frame(frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=south_wales())
    assert report.imported == len(FORM)
    return Question(
        store=open_store(settings=settings, keys=KEYS),
        geography=south_wales(),
        settings=settings,
        filters=Filters(first_day=date(2024, 1, 1), last_day=date(2024, 12, 31), **EVERYTHING),
        scope=AccessScope(audience="analyst"),
    )


# Accounts ------------------------------------------------------------------------------------------------------------


def test_every_row_of_an_awkward_file_is_accounted_for(clocked: Question) -> None:
    expected = pd.Series([becomes for *_, becomes in FORM]).value_counts().to_dict()
    assert account_of(clocked) == expected
    assert sum(expected.values()) == len(FORM)


def test_waits_over_midnight_and_clock_changes_are_right_to_the_minute(clocked: Question) -> None:
    calls = read_calls(clocked, OPTIONS)
    expected = sorted(minutes for *_, minutes, becomes in FORM if becomes == "arrived")
    assert sorted(calls.minutes[calls.timed]) == expected


def test_the_page_tells_the_account_of_the_awkward_file(clocked: Question) -> None:
    found = find_ambulance_delay(clocked, options=OPTIONS)
    told = dict(found.account.rows)
    assert told == {
        "Arrived": "13",
        "Left before it came": "0",
        "Declined": "0",
        "Already there (0 minutes)": "2",
        "In quarantine": "3",
        "Not recorded": "3",
        "Administrations": "21",
    }


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        EVERYTHING,
        {"bcus": ("Mid Glamorgan",)},
        {"substances": ("nitazene",)},
        {"first_day": date(2025, 3, 1), "last_day": date(2025, 3, 14)},
        {"settings": ("custody",)},
    ],
)
@pytest.mark.parametrize("clock", ["best", "ambulance_cad", "officer_estimate", "not_recorded"])
def test_the_account_adds_up_to_the_administrations_selected(ask: Ask, chosen: dict, clock: str) -> None:
    question = ask(**chosen)
    selected = question.store.count_administrations(filters=question.filters, scope=question.scope).administrations
    account = account_of(question, WaitOptions(clock=clock))
    assert sum(account.values()) == selected
    assert set(account) <= set(account_words())
    rows = find_ambulance_delay(question, options=WaitOptions(clock=clock)).account.rows
    assert sum(int(count) for _name, count in rows[:-1]) == int(rows[-1][1]) == selected


def test_the_account_is_a_plain_recount_of_the_tables(ask: Ask) -> None:
    question = ask(**EVERYTHING)
    rows = question.store._frame(
        """
        SELECT a.administration_id, w.outcome, w.minutes FROM records.administrations a
        LEFT JOIN records.waits w ON w.incident_id = a.incident_id AND w.clock = 'police_log'
        WHERE a.recipient_type <> 'officer'
        """
    )
    expected = rows["outcome"].fillna("not_recorded").value_counts().to_dict()
    assert account_of(question, WaitOptions(clock="police_log")) == expected


def test_clocks_are_never_pooled_silently(ask: Ask) -> None:
    found = find_ambulance_delay(ask(), options=OPTIONS)
    assert re.search(r"Ambulance control's clock \d+, Police log \d+ and Officer's estimate \d+", found.counted)
    one = find_ambulance_delay(ask(), options=WaitOptions(clock="police_log"))
    assert "Officer's estimate" not in one.counted
    by_clock = {row[1]: row[2] for row in found.groups.rows if row[1] in ("Police log", "Officer's estimate")}
    assert set(by_clock) == {"Police log", "Officer's estimate"}


def test_two_clocks_of_one_call_are_compared(ask: Ask) -> None:
    question = ask(**EVERYTHING)
    pairs = question.store.clock_pairs(filters=question.filters, scope=question.scope, kind="call_to_arrival")
    both = pairs[["ambulance_cad", "police_log"]].dropna()
    assert len(both) > 0
    assert f"{len(both)}" in find_ambulance_delay(question, options=OPTIONS).clocks


# Curves --------------------------------------------------------------------------------------------------------------


def simulated(seed: int, calls: int = 900) -> tuple[Calls, float, object]:
    """Calls as the synthetic form records them, the mean arrival had nobody left, and the simulator's truth."""
    rng = np.random.default_rng(seed)
    waits = draw_waits(rng, rural=rng.random(calls) < 0.3)
    columns = wait_columns(rng, waits, clocks=("ambulance_cad",))
    minutes, outcome = (pd.Series(column) for column in columns.values())
    names = {
        "Already there": "already_there",
        "Cancelled": "cancelled",
        "Not called": "not_called",
        "Arrived": "arrived",
        "Left before ambulance": "left_before",
        "Declined ambulance": "declined",
    }
    nothing = np.full(calls, "not_recorded", dtype=object)
    recorded = Calls(
        administrations=np.ones(calls, dtype=np.int64),
        account=outcome.map(names).fillna("not_recorded").to_numpy(dtype=object),
        minutes=minutes.to_numpy(dtype=float, na_value=np.nan),
        clock=nothing,
        day=np.full(calls, np.datetime64("2025-01-01")),
        rurality=nothing,
        hour_band=nothing,
        police_first=nothing,
        category=nothing,
        lowered=np.full(calls, np.nan),
        bcu=nothing,
        authority=nothing,
        small_area=nothing,
    )
    return recorded, float(waits.latent_minutes.mean()), waits.truth


def test_the_curve_covers_the_simulators_truth_and_the_naive_mean_does_not() -> None:
    """200 files; recorded to the nearest minute, so a recorded wait of m or less is a true one under m + 0.5."""
    at = np.array([8.0, 15.0, 30.0, 60.0])
    covered, naive = np.zeros(len(at)), 0
    # The truth's mean time to arrival, had nobody left: over many more calls than a file has.
    expected = np.mean([simulated(seed, 20_000)[1] for seed in range(1_000, 1_010)])
    for seed in range(200):
        calls, _mean, truth = simulated(seed)
        chance = delay.chance_by(curve=incidence_of(calls), at_minutes=at)
        known = truth.incidence(at + 0.5)["arrived"]
        covered += (chance.lower <= known) & (known <= chance.upper)
        # What a spreadsheet gives: the average of every number in the column.
        minutes = calls.minutes[np.isfinite(calls.minutes)]
        half = 1.96 * minutes.std(ddof=1) / np.sqrt(len(minutes))
        naive += abs(minutes.mean() - expected) <= half
    assert ((covered / 200 >= 0.90) & (covered / 200 <= 0.98)).all(), covered / 200
    assert naive / 200 < 0.5, naive / 200


def test_an_unknown_time_of_leaving_moves_no_arrival() -> None:
    calls, _mean, _truth = simulated(7)
    at_once = replace(calls, minutes=np.where(np.isnan(calls.minutes) & calls.on_curve, 0.5, calls.minutes))
    at = np.arange(1.0, 240.0)
    first, last = (delay.chance_by(curve=incidence_of(each), at_minutes=at).value for each in (at_once, calls))
    np.testing.assert_allclose(first, last, atol=1e-12)


def test_the_figures_are_a_plain_recount_where_nobody_leaves(clocked: Question) -> None:
    found = find_ambulance_delay(clocked, options=OPTIONS)
    waits = np.sort([minutes for *_, minutes, becomes in FORM if becomes == "arrived"])
    assert found.median.value == waits[int(np.ceil(0.5 * len(waits))) - 1]
    assert found.ninetieth.value == waits[int(np.ceil(0.9 * len(waits))) - 1]
    assert list(found.waits.single["arrived"]) == list(waits)
    assert found.curves["arrived"].total == 1.0


# Standards -----------------------------------------------------------------------------------------------------------


def test_a_change_of_standard_breaks_the_series_and_is_said(ask: Ask) -> None:
    found = find_ambulance_delay(ask(first_day=date(2024, 7, 1)), options=OPTIONS)
    assert found.trend.breaks == (date(2025, 7, 1),)
    assert "The standard changed on 1 July 2025" in found.method
    assert "65 % within 8 minutes, to 30 June 2025" in found.standards_table.rows[0][0]
    assert all(row[-1] for row in found.standards_table.rows)
    before = find_ambulance_delay(ask(last_day=date(2025, 6, 30)), options=OPTIONS)
    assert before.trend.breaks == ()
    assert "changed" not in before.method


def test_a_change_in_mid_quarter_cuts_the_quarter(ask: Ask, demo_settings: Settings) -> None:
    rule = {"category": "Red", "measure": "centile", "minutes": 9, "share": 0.5, "source": "A paper of our own, 2025"}
    standards = (
        StandardSettings(**rule, first_day=date(2020, 1, 1), last_day=date(2025, 5, 14)),
        StandardSettings(**{**rule, "minutes": 11}, first_day=date(2025, 5, 15)),
    )
    ambulance = demo_settings.ambulance.model_copy(update={"standards": standards})
    question = replace(
        ask(first_day=date(2024, 7, 1)), settings=demo_settings.model_copy(update={"ambulance": ambulance})
    )
    found = find_ambulance_delay(question, options=OPTIONS)
    assert [mark.first_minutes for mark in found.standards] == [9, 11]
    quarters = [row[0] for row in found.quarters.rows]
    assert quarters.index("From 15 May 2025") == quarters.index("April to June 2025") - 1
    whole = find_ambulance_delay(ask(first_day=date(2024, 7, 1)), options=OPTIONS).quarters.rows
    both = sum(int(row[1]) for row in found.quarters.rows if row[0] in ("From 15 May 2025", "April to June 2025"))
    assert both == next(int(row[1]) for row in whole if row[0] == "April to June 2025")


def test_an_agreement_in_the_settings_is_compared(ask: Ask, demo_settings: Settings) -> None:
    agreement = AgreementSettings(name="Category kept after naloxone", first_day=date(2025, 1, 1))
    ambulance = demo_settings.ambulance.model_copy(update={"agreements": (agreement,)})
    question = replace(ask(), settings=demo_settings.model_copy(update={"ambulance": ambulance}))
    row = find_ambulance_delay(question, options=OPTIONS).comparisons.rows[-1]
    assert row[0] == "Category kept after naloxone: from 1 January 2025, against before"
    assert int(row[1]) > 20
    assert re.match(r"(longer|shorter) by|no difference larger than|cannot tell", row[3])


# Comparisons and groups ----------------------------------------------------------------------------------------------


def test_groups_add_up_and_small_ones_say_only_how_many(ask: Ask) -> None:
    question = ask()
    found = find_ambulance_delay(question, options=OPTIONS)
    calls = read_calls(question, OPTIONS)
    running = calls.of(calls.on_curve).people
    sizes: dict[str, int] = {}
    heading = ""
    for what, _name, count, median, *_rest in found.groups.rows:
        heading = what or heading
        sizes[heading] = sizes.get(heading, 0) + int(count)
        if int(count) < 8:
            assert median == "too few"
    assert set(sizes.values()) == {running}
    assert set(sizes) == {"BCU", "Rurality", "Hour", "On scene", "Clock"}


def test_a_few_calls_cannot_tell(ask: Ask) -> None:
    found = find_ambulance_delay(ask(first_day=date(2026, 1, 1), last_day=date(2026, 3, 31)), options=OPTIONS)
    assert all(row[3].startswith("cannot tell") for row in found.comparisons.rows)


def test_what_interviewees_recalled_is_off_unless_asked_for(ask: Ask) -> None:
    assert find_ambulance_delay(ask(), options=OPTIONS).recalled == ()
    found = find_ambulance_delay(ask(), options=WaitOptions(recalled=True))
    assert [(mark.first_minutes, mark.last_minutes) for mark in found.recalled] == [(10, 20), (20, 240), (2, 24)]
    assert "As interviewees recalled, not measured" in found.picture_note


def test_recorded_minutes_as_intervals_widen_the_band_only(ask: Ask) -> None:
    plain, wide = (find_ambulance_delay(ask(), options=WaitOptions(as_intervals=each)) for each in (False, True))
    np.testing.assert_array_equal(plain.curves["arrived"].share, wide.curves["arrived"].share)
    band = wide.curves["arrived"]
    assert (band.lower <= band.share + 1e-12).all()
    assert (band.share <= band.upper + 1e-12).all()
    assert "before rounding" in wide.rounding


def test_doses_are_told_only_where_their_times_are(ask: Ask) -> None:
    assert "cannot be told" in find_ambulance_delay(ask(), options=OPTIONS).still_waiting_note


def test_no_text_speaks_of_a_safe_time(ask: Ask) -> None:
    found = find_ambulance_delay(ask(), options=WaitOptions(recalled=True))
    assert "40 minutes (Home Office" in found.still_waiting_note
    assert "safe" not in repr(found).lower()


# Disclosure ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["partner", "meeting"])
@pytest.mark.parametrize(
    "chosen", [{}, {"first_day": date(2025, 7, 1)}, {"bcus": ("Mid Glamorgan",)}, {"first_day": date(2026, 4, 1)}]
)
def test_others_see_no_count_of_one_to_four_and_no_single_wait(ask: Ask, audience: str, chosen: dict) -> None:
    question = ask(audience=audience, **chosen)
    found = find_ambulance_delay(question, options=OPTIONS)
    for name in TABLES:
        table = getattr(found, name)
        numeric = [column.heading in ("n", "against") for column in table.columns]
        for row in table.rows:
            shown = [cell for cell, counts in zip(row, numeric, strict=True) if counts and cell.isdigit()]
            assert not [cell for cell in shown if 0 < int(cell) < 5], (name, row)
    assert found.waits.single == {}
    assert all(count == 0 or count >= 5 for counts in found.waits.counts.values() for count in counts)
    calls = read_calls(question, OPTIONS)
    running = calls.of(calls.timed)
    for ending, curve in found.curves.items():
        if curve.at.size:
            times = np.sort(running.minutes[running.outcome == ending])
            steps = np.diff([0, *np.searchsorted(times, curve.at, side="right")])
            assert (steps >= 5).all()
            assert len(times) - np.searchsorted(times, curve.at[-1], side="right") >= 5 or ending != "arrived"


def test_longest_waits_stay_in_sight_of_everyone(ask: Ask) -> None:
    analyst, meeting = (find_ambulance_delay(ask(audience=each), options=OPTIONS) for each in ("analyst", "meeting"))
    calls = read_calls(ask(), OPTIONS)
    arrived = calls.minutes[calls.timed & (calls.account == "arrived")]
    assert max(analyst.waits.single["arrived"]) == arrived.max()
    limits, counts = meeting.waits.limits, meeting.waits.counts["arrived"]
    # To others each person counts, so that no number tells of the few who shared a call.
    arrived = np.repeat(calls.minutes, calls.administrations)[
        np.repeat(calls.timed & (calls.account == "arrived"), calls.administrations)
    ]
    for (first, last), count in zip(pairwise(limits), counts, strict=True):
        assert count == ((arrived > first) & (arrived <= last)).sum()
    assert sum(counts) == len(arrived)


def test_an_empty_selection_says_so(ask: Ask) -> None:
    found = find_ambulance_delay(ask(first_day=date(2020, 1, 1), last_day=date(2020, 1, 31)), options=OPTIONS)
    assert found.empty
    assert found.headline == "None recorded; police may not have been called."
    assert not found.has_curve


def test_seven_timed_waits_are_a_count(tmp_path: Path) -> None:
    found = find_of_minutes(tmp_path, [5, 6, 7, 8, 9, 10, 240])
    assert not found.has_curve
    assert found.figures == ()
    assert found.headline.startswith("Too few waits with a time to say how long: 7.")


def test_eight_timed_waits_have_a_median_and_a_tail(tmp_path: Path) -> None:
    found = find_of_minutes(tmp_path, [5, 6, 7, 8, 9, 10, 11, 240])
    assert found.median.value == 8
    assert found.ninetieth.value == 240
    assert 240 in found.waits.single["arrived"]


def find_of_minutes(folder: Path, minutes: list[int]) -> AmbulanceDelay:
    frame = pd.DataFrame({"When": ["2024-05-01 10:00"] * len(minutes), "Minutes": minutes})
    return find_of_frame(
        folder, frame, waits=[{"kind": "call_to_arrival", "clock": "police_log", "minutes": "Minutes"}]
    )


def find_of_frame(folder: Path, frame: pd.DataFrame, **mapped: list[dict[str, str]]) -> AmbulanceDelay:
    settings = make_settings(folder)
    frame = frame.assign(Reference=[f"R{number}" for number in range(len(frame))])
    mapping = make_mapping(**mapped)
    import_frame(frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=south_wales())
    assert len(stored(settings, "waits")) == len(frame)
    with open_store(settings=settings, keys=KEYS) as store:
        question = Question(
            store=store,
            geography=open_geography(settings),
            settings=settings,
            filters=Filters(first_day=date(2024, 5, 1), last_day=date(2024, 5, 1), **EVERYTHING),
            scope=AccessScope(audience="analyst"),
        )
        return find_ambulance_delay(question, options=OPTIONS)


def test_doses_in_the_wait_are_those_given_before_the_ambulance_came(tmp_path: Path) -> None:
    """Ten people: six have one dose in the wait, three have two, one has no time for the second; some come after it."""
    first, second = ["10:02"] * 10, ["", "", "", "", "10:30", "10:31", "10:05", "10:06", "10:07", "no time"]
    frame = pd.DataFrame(
        {
            "When": ["2024-05-01 10:00"] * 10,
            "Called": ["2024-05-01 10:00"] * 10,
            "Came": ["2024-05-01 10:20"] * 10,
            "First dose": [f"2024-05-01 {time}" for time in first],
            "Second dose": [f"2024-05-01 {time}" if ":" in time else time for time in second],
        }
    )
    found = find_of_frame(
        tmp_path,
        frame,
        waits=[{"kind": "call_to_arrival", "clock": "ambulance_cad", "started_at": "Called", "ended_at": "Came"}],
        doses=[{"given_at": "First dose"}, {"given_at": "Second dose"}],
    )
    assert "one dose or none 6, two doses 3 and three or more 0" in found.still_waiting_note
