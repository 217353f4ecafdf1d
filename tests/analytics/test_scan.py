"""The scans against SaTScan's output, R's scanstatistics, a naive search, and worlds with a known truth."""

import csv
import itertools
import json
import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.scan import (
    Cluster,
    ScanHistoryError,
    ScanInputError,
    SpaceTimeScan,
    UnknownScanModelError,
    same_cluster,
    space_time_scan,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "scan"
STUDY_START = date(2024, 1, 1)
STUDY_LAST_DAY = 364
SATSCAN_REPLICATES = 9_999


@dataclass(frozen=True)
class Published:
    """A cluster as SaTScan prints it."""

    members: tuple[str, ...]
    first_day: int
    last_day: int
    observed: int
    expected: float
    statistic: float
    p_value: float
    radius: float


def days_in(year_month_day: str) -> int:
    return (date(*map(int, year_month_day.split("/"))) - STUDY_START).days


def satscan_input(name: str) -> dict[str, np.ndarray | list[str]]:
    rows = [line.split() for line in (REFERENCE / f"{name}.geo").read_text().splitlines()]
    names = [row[0] for row in rows]
    cases = [line.split() for line in (REFERENCE / f"{name}.cas").read_text().splitlines()]
    return {
        "names": names,
        "easting_m": np.array([float(row[1]) for row in rows]),
        "northing_m": np.array([float(row[2]) for row in rows]),
        "location_index": np.array([names.index(row[0]) for row in cases]),
        "count": np.array([int(row[1]) for row in cases]),
        "day": np.array([days_in(row[2]) for row in cases]),
    }


def satscan_clusters(name: str) -> list[Published]:
    text = (REFERENCE / f"satscan_out_{name}_9999.txt").read_text()
    blocks = re.split(r"\n\d+\.Location IDs included\.: ", text.split("CRITICAL VALUES")[0])[1:]

    def value(block: str, label: str) -> str:
        return re.search(rf"{label}\.*: (.+)", block).group(1)

    found = []
    for block in blocks:
        members, rest = block.split("Coordinates / radius", 1)
        first, last = value(block, "Time frame").split(" to ")
        found.append(
            Published(
                members=tuple(re.findall(r"L\d+", members)),
                first_day=days_in(first),
                last_day=days_in(last),
                observed=int(value(block, "Number of cases")),
                expected=float(value(block, "Expected cases")),
                statistic=float(value(block, "Test statistic")),
                p_value=float(value(block, "P-value")),
                radius=float(re.search(r"\) / ([\d.]+)", rest).group(1)),
            )
        )
    return found


def satscan_scan(name: str, **changed: object) -> tuple[SpaceTimeScan, list[str]]:
    given_input = satscan_input(name)
    names = given_input.pop("names")
    settings_of_run = {
        "model": "permutation",
        "max_radius_m": 5,
        "max_window_days": 7,
        "min_cases": 2,
        "replicates": SATSCAN_REPLICATES,
        "seed": 20240101,
        "today": STUDY_LAST_DAY,
    }
    return space_time_scan(**given_input, **(settings_of_run | changed)), names


@pytest.mark.parametrize("name", ["synA", "synB"])
def test_permutation_scan_equals_satscan(name):
    scan, names = satscan_scan(name)
    published = satscan_clusters(name)
    assert published
    assert len(scan) >= len(published)
    for ours, theirs in zip(scan, published, strict=False):
        assert tuple(names[index] for index in ours.locations) == theirs.members
        assert (ours.first_day, ours.last_day) == (theirs.first_day, theirs.last_day)
        assert ours.observed == theirs.observed
        assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-6)
        assert ours.expected == pytest.approx(theirs.expected, abs=0.005)
        assert ours.radius_m == pytest.approx(theirs.radius, abs=0.005)
        # Both p-values are simulated with 9,999 worlds, so the difference has the variance of two.
        error = math.sqrt(2 * theirs.p_value * (1 - theirs.p_value) / SATSCAN_REPLICATES) + 1e-4
        assert abs(ours.p_value - theirs.p_value) <= 3 * error
        assert ours.recurrence_days == pytest.approx(1 / ours.p_value)


def test_satscan_lists_no_cluster_that_we_rank_above_one_of_its_own():
    scan, _names = satscan_scan("synA", replicates=99)
    published = satscan_clusters("synA")
    # What SaTScan leaves out of its list are clusters with a p-value of 1.
    assert all(cluster.p_value > 0.95 for cluster in scan[len(published) :])


def toy() -> dict[str, np.ndarray]:
    facts = json.loads((REFERENCE / "toy9.json").read_text())
    with (REFERENCE / "scan_toy9_counts.csv").open() as file:
        rows = [list(map(int, row)) for row in list(csv.reader(file))[1:]]
    table = np.array(rows)
    day, location = np.indices(table[:, 1:].shape)
    places = np.array(facts["coords"], dtype=float)
    return {
        "location_index": location.ravel(),
        "day": table[:, 0][day.ravel()],
        "count": table[:, 1:].ravel(),
        "easting_m": places[:, 0],
        "northing_m": places[:, 1],
    }


@pytest.mark.parametrize("max_radius_m", [1_000, 1_500, 2_500])
@pytest.mark.parametrize("max_window_days", [3, 5, 15])
def test_toy_grid_equals_scanstatistics(max_radius_m, max_window_days):
    facts = json.loads((REFERENCE / "toy9.json").read_text())
    scan = space_time_scan(
        **toy(),
        model="permutation",
        max_radius_m=max_radius_m,
        max_window_days=max_window_days,
        min_cases=2,
        replicates=99,
        seed=1,
    )
    assert sorted(index + 1 for index in scan[0].locations) == facts["locations"]
    assert scan[0].last_day - scan[0].first_day + 1 == facts["duration"]
    assert scan[0].statistic == pytest.approx(facts["score"], abs=1e-8)


def places_on_grid(side: int, step_m: float = 2_000) -> dict[str, np.ndarray]:
    east, north = np.meshgrid(np.arange(side) * step_m, np.arange(side) * step_m)
    return {"easting_m": east.ravel().astype(float), "northing_m": north.ravel().astype(float)}


def steady_force(seed: int, *, days: int = 400, areas: int = 36, events: int = 60) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "location_index": rng.integers(areas, size=events),
        "day": np.sort(rng.integers(days, size=events)),
        "count": np.ones(events, dtype=int),
    }


EXPECTATION = {
    "model": "expectation",
    "max_radius_m": 4_500,
    "max_window_days": 7,
    "min_cases": 3,
    "replicates": 999,
    "seed": 7,
}


def naive_expectation(events, places, exposure, *, radius, window, smallest, today):
    """METHODS' formulas by loops over every centre, radius and window."""
    locations = len(places["easting_m"])
    before = [0.0] * locations
    for location, day, count in zip(events["location_index"], events["day"], events["count"], strict=True):
        if day <= today - window:
            before[location] += count
    carried = exposure[: today - window + 1].sum(axis=0)
    mean_rate = sum(before) / carried.sum()
    best = (0.0,)
    for centre in range(locations):
        distance = np.hypot(
            places["easting_m"] - places["easting_m"][centre], places["northing_m"] - places["northing_m"][centre]
        )
        inside = [int(i) for i in np.argsort(distance, kind="stable") if distance[i] <= radius]
        for size, length in itertools.product(range(1, len(inside) + 1), range(1, window + 1)):
            zone = inside[:size]
            seen = sum(
                count
                for location, day, count in zip(events["location_index"], events["day"], events["count"], strict=True)
                if location in zone and today - length < day <= today
            )
            expected = sum(
                exposure[today - length + 1 : today + 1, i].sum() * (before[i] + 0.5) / (carried[i] + 0.5 / mean_rate)
                for i in zone
            )
            if seen >= smallest and seen > expected:
                statistic = seen * math.log(seen / expected) + expected - seen
                if statistic > best[0] + 1e-9:
                    best = (statistic, seen, expected, length, frozenset(zone))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_expectation_scan_equals_a_naive_search(seed):
    places = places_on_grid(5)
    rng = np.random.default_rng(seed)
    events = steady_force(seed, days=120, areas=25, events=80)
    exposure = rng.uniform(1, 5, size=(120, 25))
    best = naive_expectation(events, places, exposure, radius=4_500, window=7, smallest=2, today=119)
    scan = space_time_scan(
        **events, **places, exposure=exposure, **(EXPECTATION | {"min_cases": 2, "replicates": 9, "today": 119})
    )
    assert best[0] > 0
    assert scan[0].statistic == pytest.approx(best[0], rel=1e-9)
    assert scan[0].observed == best[1]
    assert scan[0].expected == pytest.approx(best[2], rel=1e-9)
    assert scan[0].last_day - scan[0].first_day + 1 == best[3]
    assert frozenset(scan[0].locations) == best[4]


def planted(seed: int, *, areas: tuple[int, ...], today: int = 399) -> dict[str, np.ndarray]:
    quiet = steady_force(seed)
    keep = quiet["day"] <= today - 7
    return {
        "location_index": np.concatenate([quiet["location_index"][keep], areas]),
        "day": np.concatenate([quiet["day"][keep], [today - 3, today - 2, today - 1, today - 1, today]]),
        "count": np.ones(int(keep.sum()) + 5, dtype=int),
    }


def test_five_in_four_days_over_neighbouring_areas_is_found():
    scan = space_time_scan(**planted(3, areas=(14, 15, 14, 20, 21)), **places_on_grid(6), **EXPECTATION)
    best = scan[0]
    assert best.p_value == pytest.approx(1 / 1000)
    assert {14, 15, 20, 21} <= set(best.locations)
    assert (best.observed, best.first_day, best.last_day) == (5, 396, 399)


def test_same_input_gives_the_same_answer_and_another_seed_a_close_one():
    events, places = planted(5, areas=(0, 10, 20, 30, 35)), places_on_grid(6)
    options = EXPECTATION | {"min_cases": 2}
    once, again = (space_time_scan(**events, **places, **options) for _ in range(2))
    other = space_time_scan(**events, **places, **(options | {"seed": 8}))
    assert once == again
    assert other != once
    assert other[0].p_value == pytest.approx(once[0].p_value, abs=0.08)


@pytest.mark.parametrize("model", ["expectation", "permutation"])
@pytest.mark.parametrize("min_cases", [0, 1, 3])
def test_one_event_is_never_a_cluster(model, min_cases):
    options = EXPECTATION | {"model": model, "min_cases": min_cases}
    scan = space_time_scan(location_index=[4], day=[500], count=[1], **places_on_grid(3), **options, first_day=0)
    assert len(scan) == 0
    assert scan.replicates == 0


def test_no_event_before_but_three_now_is_a_cluster():
    scan = space_time_scan(
        location_index=[4, 4, 1], day=[399, 400, 400], count=[1, 1, 1], **places_on_grid(3), **EXPECTATION, first_day=0
    )
    assert scan[0].observed == 3
    assert scan[0].recurrence_days >= 365


def test_days_after_today_do_not_exist():
    events, places = planted(3, areas=(14, 15, 14, 20, 21)), places_on_grid(6)
    known = events["day"] <= 397
    past = {name: values[known] for name, values in events.items()}
    options = EXPECTATION | {"min_cases": 2, "today": 397}
    assert space_time_scan(**events, **places, **options) == space_time_scan(**past, **places, **options)


def test_rollout_is_a_cluster_without_carrier_days_and_none_with_them():
    rng = np.random.default_rng(11)
    days, areas, places = 400, 36, places_on_grid(6)
    exposure = np.full((days, areas), 4.0)
    exposure[-10:, [14, 15, 20, 21]] *= 40
    counts = rng.poisson(exposure * 60 / exposure[:-10].sum())
    day, location = np.nonzero(counts)
    events = {"location_index": location, "day": day, "count": counts[day, location]}
    options = EXPECTATION | {"today": days - 1}
    without = space_time_scan(**events, **places, **options)
    supplied = space_time_scan(**events, **places, **options, exposure=exposure)
    assert without[0].recurrence_days >= 365
    assert all(cluster.recurrence_days < 100 for cluster in supplied)


def test_an_area_without_carriers_does_not_become_infinitely_odd():
    events, places = planted(3, areas=(14, 15, 14, 20, 21)), places_on_grid(6)
    exposure = np.ones((400, 36))
    exposure[:, 14] = 0
    scan = space_time_scan(**events, **places, **EXPECTATION, exposure=exposure)
    assert np.isfinite(scan[0].statistic)
    assert scan[0].expected > 0


def test_exposure_rows_are_days_from_zero_or_end_today():
    events, places = planted(3, areas=(14, 15, 14, 20, 21)), places_on_grid(6)
    exposure = np.random.default_rng(0).uniform(1, 3, size=(400, 36))
    counted_from_zero = space_time_scan(**events, **places, **EXPECTATION, exposure=exposure)
    later_rows = np.vstack([exposure, np.full((30, 36), 9.0)])
    looking_back = space_time_scan(**events, **places, **EXPECTATION, exposure=later_rows, today=399)
    shifted = events | {"day": events["day"] + 738_000}
    by_calendar = space_time_scan(**shifted, **places, **EXPECTATION, exposure=exposure)
    assert looking_back == counted_from_zero
    assert [c.statistic for c in by_calendar] == [c.statistic for c in counted_from_zero]
    assert by_calendar[0].first_day == counted_from_zero[0].first_day + 738_000


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), east=st.floats(-1e5, 1e5), scale=st.sampled_from([0.5, 2.0, 1000.0]))
def test_moving_and_scaling_the_map_changes_nothing(seed, east, scale):
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 10_000, size=(12, 2)).round(0)
    events = steady_force(seed, days=60, areas=12, events=60)
    options = EXPECTATION | {"min_cases": 2, "replicates": 19}
    here = space_time_scan(**events, easting_m=place[:, 0], northing_m=place[:, 1], **options)
    there = space_time_scan(
        **events,
        easting_m=place[:, 0] * scale + round(east),
        northing_m=place[:, 1] * scale,
        **(options | {"max_radius_m": EXPECTATION["max_radius_m"] * scale}),
    )
    assert [(c.locations, c.p_value) for c in here] == [(c.locations, c.p_value) for c in there]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), model=st.sampled_from(["expectation", "permutation"]))
def test_clusters_do_not_overlap_and_come_best_first(seed, model):
    options = EXPECTATION | {"model": model, "min_cases": 2, "replicates": 19, "max_window_days": 30}
    scan = space_time_scan(**steady_force(seed, days=90), **places_on_grid(6), **options)
    members = [location for cluster in scan for location in cluster.locations]
    assert len(members) == len(set(members))
    assert [c.statistic for c in scan] == sorted((c.statistic for c in scan), reverse=True)
    assert all(c.observed >= 2 and c.observed > c.expected for c in scan)


def test_rows_split_or_shuffled_are_the_same_events():
    events, places = planted(3, areas=(14, 15, 14, 20, 21)), places_on_grid(6)
    doubled = {name: np.repeat(values, 2) for name, values in events.items()} | {
        "count": np.tile([1, 0], len(events["day"]))
    }
    order = np.random.default_rng(0).permutation(len(events["day"]))
    shuffled = {name: values[order] for name, values in events.items()}
    whole = space_time_scan(**events, **places, **EXPECTATION)
    assert space_time_scan(**doubled, **places, **EXPECTATION) == whole
    assert space_time_scan(**shuffled, **places, **EXPECTATION) == whole


@pytest.mark.parametrize("model", ["expectation", "permutation"])
def test_p_values_keep_their_word_when_nothing_has_changed(model):
    """A p-value at or below 0.1 in no more than a tenth of steady worlds, within three standard errors.

    The areas' rates follow the prior that the expectation model draws them towards.
    """
    worlds, low, days = 200, 0, 200
    places = places_on_grid(6)
    options = EXPECTATION | {"model": model, "min_cases": 2, "replicates": 99, "max_window_days": 14}
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(rng.gamma(0.5, 2, size=36) * 100 / 36 / days, size=(days, 36))
        day, location = np.nonzero(counts)
        scan = space_time_scan(
            location_index=location,
            day=day,
            count=counts[day, location],
            **places,
            **(options | {"seed": seed, "today": days - 1, "first_day": 0}),
        )
        low += bool(len(scan)) and scan[0].p_value <= 0.1
    assert low / worlds <= 0.1 + 3 * math.sqrt(0.1 * 0.9 / worlds)
    assert low > 0


def test_simulated_counts_have_the_dispersion_asked_for():
    """A wider null makes the same cluster less surprising."""
    events, places = planted(3, areas=(14, 15, 14, 20, 21)), places_on_grid(6)
    options = EXPECTATION | {"min_cases": 2, "replicates": 2_000}
    few = {name: values[:-2] for name, values in events.items()}
    p_values = [
        space_time_scan(**few, **places, **options, dispersion=phi, today=399)[0].p_value for phi in (1.0, 1.5, 3.0)
    ]
    assert p_values[0] < p_values[1] < p_values[2]


@pytest.mark.parametrize("one_day", [True, False])
def test_clumps_on_one_day_are_told_from_bad_weeks(one_day):
    rng = np.random.default_rng(3)
    weeks, areas = 110, 36
    clumps = rng.poisson(0.1, size=(weeks, areas))
    counts = np.zeros((7 * weeks, areas), dtype=int)
    for week, area in zip(*np.nonzero(clumps), strict=True):
        days = np.full(3, rng.integers(7)) if one_day else rng.integers(7, size=3)
        np.add.at(counts, (7 * week + days, area), 1)
    counts[-3:, 0] += 3
    day, location = np.nonzero(counts)
    scan = space_time_scan(
        location_index=location, day=day, count=counts[day, location], **places_on_grid(6), **EXPECTATION, first_day=0
    )
    # Three events a clump: an area's week has three times the variance of its mean.
    assert scan.dispersion == pytest.approx(3, abs=0.4)
    assert scan.one_day_share == pytest.approx(1 if one_day else 0, abs=0.15)


def test_stopping_early_keeps_the_clusters():
    events, places = steady_force(2, events=400), places_on_grid(6)
    options = EXPECTATION | {"min_cases": 2, "replicates": 9_999}
    full = space_time_scan(**events, **places, **options)
    stopped = space_time_scan(**events, **places, **options, stop_at_exceedances=20)
    assert stopped.replicates < full.replicates == 9_999
    assert [c.locations for c in stopped] == [c.locations for c in full]
    assert stopped[0].p_value == pytest.approx(full[0].p_value, rel=0.3)


def test_one_ongoing_cluster_is_recognised_on_the_next_day():
    first = space_time_scan(**planted(3, areas=(14, 15, 14, 20, 21)), **places_on_grid(6), **EXPECTATION)[0]
    later = space_time_scan(**planted(3, areas=(14, 15, 14, 20, 21)), **places_on_grid(6), **EXPECTATION, today=400)[0]
    elsewhere = Cluster(
        statistic=1.0,
        p_value=0.5,
        recurrence_days=2.0,
        locations=(0,),
        first_day=398,
        last_day=400,
        observed=3,
        expected=0.1,
        centre=0,
        radius_m=0.0,
    )
    assert same_cluster(first, later)
    assert not same_cluster(first, elsewhere)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"location_index": [0, 9]}, "no coordinates"),
        ({"count": [1, -1]}, "below zero"),
        ({"day": [1]}, "same length"),
        ({"location_index": [], "day": [], "count": []}, "Give the last day"),
        ({"max_radius_m": -1}, "radius"),
        ({"max_window_days": 0}, "window"),
        ({"replicates": 0}, "9,999"),
        ({"dispersion": 0.5}, "dispersion"),
        ({"easting_m": [0, math.nan, 2, 3]}, "coordinates"),
        ({"exposure": [[1.0, 1.0]]}, "column a location"),
        ({"exposure": np.full((21, 4), -1.0)}, "zero or more"),
        ({"exposure": np.zeros((21, 4))}, "zero everywhere"),
        ({"exposure": np.ones((15, 4)), "first_day": 0}, "ends before the last day"),
        ({"exposure": np.ones((5, 4))}, "older than the exposure"),
    ],
)
def test_what_cannot_be_scanned_is_said(changed, words):
    fine = {
        "location_index": [0, 1, 1, 1],
        "day": [0, 20, 20, 20],
        "count": [1, 1, 1, 1],
        "easting_m": [0, 1, 2, 3],
        "northing_m": [0, 0, 0, 0],
    }
    if "location_index" in changed or "count" in changed or "day" in changed:
        fine |= {"location_index": [0, 1], "day": [0, 20], "count": [1, 1]}
    with pytest.raises(ScanInputError, match=words):
        space_time_scan(**(fine | EXPECTATION | changed))


def test_an_unknown_model_and_a_missing_history_are_said():
    events = {"location_index": [0, 0, 0], "day": [9, 9, 9], "count": [1, 1, 1], "easting_m": [0], "northing_m": [0]}
    with pytest.raises(UnknownScanModelError, match="expectation and permutation"):
        space_time_scan(**events, **(EXPECTATION | {"model": "poisson"}))
    with pytest.raises(ScanHistoryError, match="last 7 days"):
        space_time_scan(**events, **EXPECTATION)
