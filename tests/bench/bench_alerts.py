"""Are planted clusters raised by their fourth day, and nothing else? Over synthetic forces, then on Cincinnati's calls.

`python -m tests.bench.bench_alerts 50 9999` scores 50 synthetic South Wales from first day to last with 9,999 simulated
worlds a day, each day as it was known once its records were in, one evening later and the same evening, and
says what was raised of what was planted. `... cincinnati FOLDER` scores the city's open data (heroin_cops.csv, see
examples/cincinnati) day by day in 1 km cells, without looking ahead, beside the published rules. No store is made: the
files are read straight. Without an argument a tenth of the first is run.
"""

import sys
from collections import Counter
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from analytics.alert_rules import AlertRules, AreaSeries, carrier_exposure, merge_clusters, score_days
from analytics.findings.spike_history import published_rules
from analytics.signatures import multiple_dose_alert
from data.demo import SyntheticForce, generate
from data.geography import open_geography
from data.settings import SYNTHETIC_SOUTH_WALES
from geo.areas import Geography
from geo.projection import from_wgs84

CLUSTERS = ("true_cluster", "nitazene_cluster", "small_cluster")
NOT_SPIKES = ("batch_entry", "roll_out", "feed_gap", "doubled_report")
FOURTH_DAY = 3
# How far an alert's areas may lie from a planted event of no spike and still be laid at its door.
NEAR_M = 4_000.0


def day_numbers(texts: pd.Series, form: str | None = None) -> np.ndarray:
    """Days since 1 January 1970."""
    moments = pd.to_datetime(texts, format=form or "mixed", dayfirst=True)
    return moments.to_numpy().astype("datetime64[D]").astype(np.int64)


def series_of(force: SyntheticForce, geography: Geography) -> AreaSeries:
    """The force's administrations by postcode district, with its carrier-days."""
    areas, frame = geography.small_areas, force.file("administrations").frame
    number = {code: place for place, code in enumerate(areas["code"])}
    labels = geography.label_area(
        easting_m=frame["Easting"].to_numpy(float), northing_m=frame["Northing"].to_numpy(float)
    ).small_area
    area = np.array(
        [number.get(label, number.get(given, -1)) for label, given in zip(labels, frame["District"], strict=True)]
    )
    day = day_numbers(frame["Date"], "%d/%m/%Y")
    kept = (area >= 0) & (frame["Person treated"] != "Officer").to_numpy()
    kept &= ~frame["Kind of place"].isin(["Custody", "Hospital"]).to_numpy()
    last_day = int(np.datetime64(force.extract_day, "D").astype(int))
    first_day = int(day.min())
    carriers = force.file("carriers").frame
    since = day_numbers(carriers["Role from"], "%d/%m/%Y")
    ended = pd.to_datetime(carriers["Role to"], format="%d/%m/%Y")
    until = np.where(ended.isna(), last_day + 1, day_numbers(carriers["Role to"].fillna("01/01/2100"), "%d/%m/%Y"))
    calendar = np.arange(first_day, last_day + 1)
    on, who = np.nonzero((since <= calendar[:, None]) & (until >= calendar[:, None]))
    places = {"easting_m": areas["easting_m"].to_numpy(float), "northing_m": areas["northing_m"].to_numpy(float)}
    return AreaSeries(
        area=area[kept],
        day=day[kept],
        recorded_day=np.maximum(day_numbers(frame["Entered"]), day)[kept],
        delay_known=True,
        first_day=first_day,
        carrier_days=carrier_exposure(
            day=on,
            base_easting_m=carriers["Base easting"].to_numpy(float)[who],
            base_northing_m=carriers["Base northing"].to_numpy(float)[who],
            carriers=np.ones(len(who)),
            **places,
            days=len(calendar),
        ),
        **places,
    )


def judge(seed: int, geography: Geography, replicates: int) -> dict[str, Counter[str]]:
    """Of one force: what was planted, what was raised by the fourth day (by three readings), what else was."""
    force = generate(seed=seed, geography=geography)
    series = series_of(force, geography)
    rules = AlertRules(replicates=replicates, watch_recurrence_days=AlertRules().alert_recurrence_days)
    last_day = int(np.datetime64(force.extract_day, "D").astype(int))
    planted = {event.id: event for event in force.planted if event.first_day is not None}
    told: dict[str, Counter[str]] = {}
    for name, lag in (("once its records are in", None), ("one evening later", 1), ("the same evening", 0)):
        count = told[name] = Counter()
        groups = merge_clusters(
            list(score_days(series, first_day=series.first_day, last_day=last_day, rules=rules, lag_days=lag))
        )
        laid_to: set[int] = set()
        for event in planted.values():
            first_day = int(np.datetime64(event.first_day, "D").astype(int))
            final_day = int(np.datetime64(event.last_day, "D").astype(int))
            for index, group in enumerate(groups):
                scored, cluster = group[0]
                distance_m = (
                    np.hypot(
                        series.easting_m[list(cluster.locations)] - event.easting_m,
                        series.northing_m[list(cluster.locations)] - event.northing_m,
                    ).min()
                    if event.easting_m is not None
                    else 0.0
                )
                in_time = first_day <= scored <= final_day + rules.max_window_days
                if event.kind in CLUSTERS and in_time and distance_m <= 2 * NEAR_M:
                    laid_to.add(index)
                    count[f"{event.id} raised by day 4"] += scored <= first_day + FOURTH_DAY
                    break
            if event.kind in ("batch_entry", "doubled_report", "feed_gap", "roll_out"):
                near = [
                    index
                    for index, group in enumerate(groups)
                    if index not in laid_to
                    and first_day <= group[0][0] <= final_day + rules.max_window_days
                    and _touches(series, group[0][1].locations, event)
                ]
                count[f"{event.id} raised"] += bool(near)
        count["other alerts"] += len(groups) - len(laid_to)
        count["days"] += last_day - series.first_day + 1
    doubled = planted["doubled-report"]
    told["once its records are in"]["doubled-report raised by doses"] += _doses_raised(force, doubled.first_day)
    return told


def _touches(series: AreaSeries, locations: tuple[int, ...], event: object) -> bool:
    radius_m = event.radius_m if event.radius_m is not None else np.inf
    if event.easting_m is None:
        return True
    distance_m = np.hypot(
        series.easting_m[list(locations)] - event.easting_m, series.northing_m[list(locations)] - event.northing_m
    )
    return bool(distance_m.min() <= radius_m + NEAR_M)


def _doses_raised(force: SyntheticForce, day: object) -> bool:
    """Whether the multi-dose rule speaks on the day of the doubled report."""
    frame = force.file("administrations").frame
    days = day_numbers(frame["Date"], "%d/%m/%Y")
    today = int(np.datetime64(day, "D").astype(int))
    doses = pd.to_numeric(frame["Doses given"], errors="coerce").to_numpy(float)
    marked_today = doses[days == today]
    score = multiple_dose_alert(day=days, doses=doses, today=today, first_day=max(int(days.min()), today - 730))
    return bool(score.raised and (marked_today >= 3).any())


def report_forces(forces: int, replicates: int) -> None:
    """Print the shares over many seeds, after each tenth of them."""
    geography = open_geography(SYNTHETIC_SOUTH_WALES)
    start = process_time()
    total: dict[str, Counter[str]] = {}
    for seed in range(forces):
        for name, count in judge(seed, geography, replicates).items():
            total.setdefault(name, Counter()).update(count)
        if (seed + 1) % max(1, forces // 10) == 0:
            _print_total({name: Counter(count) for name, count in total.items()}, seed + 1)
    sys.stdout.write(f"{process_time() - start:.0f} s of one core, {replicates} replicates a day\n")


def _print_total(total: dict[str, Counter[str]], forces: int) -> None:
    write = sys.stdout.write
    for name, count in total.items():
        years = count.pop("days") / 365.25
        others = count.pop("other alerts")
        write(f"{forces} forces, scored {name}:\n")
        for what in sorted(count):
            write(f"  {what}: {count[what]} of {forces} ({count[what] / forces:.0%})\n")
        write(f"  other alerts: {others}, {others / years:.2f} a year\n")
    sys.stdout.flush()


def cincinnati(folder: Path) -> tuple[AreaSeries, pd.Timestamp]:
    """The city's calls in cells of 1 km."""
    frame = pd.read_csv(folder / "heroin_cops.csv", usecols=["latitude_x", "longitude_x", "create_time_incident"])
    moments = pd.to_datetime(frame["create_time_incident"], errors="coerce")
    placed = frame["latitude_x"].between(39.0, 39.3) & frame["longitude_x"].between(-84.8, -84.3) & moments.notna()
    easting_m, northing_m = from_wgs84(
        latitude=frame.loc[placed, "latitude_x"], longitude=frame.loc[placed, "longitude_x"], crs="EPSG:32616"
    )
    cells, area = np.unique(np.floor(np.column_stack([easting_m, northing_m]) / 1_000), axis=0, return_inverse=True)
    day = moments[placed].to_numpy().astype("datetime64[D]").astype(np.int64)
    series = AreaSeries(
        area=area.ravel(),
        day=day,
        recorded_day=day,
        delay_known=False,
        easting_m=cells[:, 0] * 1_000 + 500,
        northing_m=cells[:, 1] * 1_000 + 500,
        first_day=int(day.min()),
    )
    return series, moments


def report_cincinnati(folder: Path, replicates: int) -> None:
    """Print each new alert, and the published rules' on the same days (all calls, with a place or not)."""
    series, moments = cincinnati(folder)
    write = sys.stdout.write
    start = process_time()
    rules = AlertRules(replicates=replicates, watch_recurrence_days=AlertRules().alert_recurrence_days)
    last_day = int(series.day.max())
    write(f"{len(series.day)} calls in {len(series.easting_m)} cells of 1 km, {replicates} replicates\n")
    groups, told = [], 0
    scores = []
    for score in score_days(series, first_day=series.first_day + 182, last_day=last_day, rules=rules):
        scores.append(score)
        if score.found:
            groups = merge_clusters(scores)
            for group in groups[told:]:
                scored, cluster = group[0]
                write(
                    f"  new on {np.datetime64(scored, 'D')}: {cluster.observed} against {cluster.expected:.1f} in"
                    f" {cluster.last_day - cluster.first_day + 1} days, {len(cluster.locations)} cells,"
                    f" radius {cluster.radius_m / 1_000:.1f} km\n"
                )
                sys.stdout.flush()
            told = len(groups)
    years = len(scores) / 365.25
    days = len({day for group in groups for day, _cluster in group})
    write(f"scan: {len(groups)} new alerts in {years:.2f} years, {len(groups) / years:.1f} a year, {days} days\n")
    every_day = moments.dropna().to_numpy().astype("datetime64[D]").astype(np.int64)
    begins = int(every_day.min())
    for rule in published_rules(np.bincount(every_day - begins), score_from=scores[0].day - begins):
        new = [np.datetime64(begins + day, "D") for day in rule.new]
        hit = any(np.datetime64("2016-08-19") <= day <= np.datetime64("2016-08-24") for day in new)
        write(
            f"{rule.name}: {len(rule.new)} new alerts, {len(rule.new) / years:.1f} a year, {rule.alarm_days} days,"
            f" new between 19 and 24 August 2016: {'yes' if hit else 'no'}\n"
        )
    write(f"{process_time() - start:.0f} s of one core\n")


def main() -> None:
    """Run one of the two."""
    if len(sys.argv) > 2 and sys.argv[1] == "cincinnati":
        report_cincinnati(Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 9_999)
    else:
        forces, replicates = (*map(int, sys.argv[1:3]), *((5, 9_999)[len(sys.argv[1:3]) :]))
        report_forces(forces, replicates)


if __name__ == "__main__":
    main()
