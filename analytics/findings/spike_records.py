"""The records as the alert rules take them: persons given naloxone by small area and day, and the streams beside them.

Alerts are of the whole force and do not depend on the filters of a view: what one reader looks at must not decide what
is raised. Custody and hospital suites stay out, as on the map. Days are whole days since 1 January 1970.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.alert_rules import AlertRules, AreaSeries, carrier_exposure
from analytics.findings.question import Question
from data.filters import STREET_MAP_SETTINGS

__all__ = ["STREAM_KINDS", "SpikeRecords", "date_of", "day_number", "read_spike_records", "rules_of", "stream_series"]

Integers = NDArray[np.int64]

STREAM_KINDS = ("ambulance_overdose_call", "drug_related_death")
"""The independent layer: neither waits for a carrier. Drug incidents are found where police look, so they stay out."""

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class SpikeRecords:
    """`cases` has a row a person (store.cases_by_day) in a known area, with day, recorded_day and area as numbers.

    `series` is the same for the scan; `force` has the cases without an area as well (area -1); `streams` the
    independent layer by kind (only kinds that have events); `area_codes` the small areas by number; `unplaced` the days
    of cases without an area; `carriers_known` whether carrier-days are part of the series; `last_day` the latest day
    that a record of administrations speaks of.
    """

    cases: pd.DataFrame
    series: AreaSeries
    force: AreaSeries
    streams: dict[str, AreaSeries]
    area_codes: tuple[str, ...]
    unplaced: Integers
    carriers_known: bool
    first_day: int
    last_day: int


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return (day - _EPOCH).days


def date_of(day: int) -> date:
    """The date of a day's number."""
    return _EPOCH + timedelta(days=int(day))


def rules_of(question: Question) -> AlertRules:
    """The deployment's rules."""
    return AlertRules(**question.settings.spikes.model_dump())


def read_spike_records(question: Question) -> SpikeRecords:
    """Everything the rules need from the store. Raises StoreEmptyError where there is no administration."""
    store, areas = question.store, question.geography.small_areas
    codes = tuple(areas["code"])
    number = {code: place for place, code in enumerate(codes)}
    every_case = store.cases_by_day(settings=STREET_MAP_SETTINGS)
    day = _days(every_case["local_date"])
    recorded = every_case["recorded_on"]
    # One without a time of entry counts as known on its day; one entered before its day, as entered on it.
    recorded_day = np.where(recorded.notna(), np.maximum(_days(recorded.fillna(every_case["local_date"])), day), day)
    area = every_case["small_area"].map(number).fillna(-1).to_numpy(np.int64)
    first_day, newest = (day_number(limit) for limit in store.period())
    last_day = int(max(newest, recorded_day.max(initial=newest)))
    placed = area >= 0
    carrier_days = _carrier_days(question, first_day, last_day)
    series = AreaSeries(
        area=area[placed],
        day=day[placed],
        recorded_day=recorded_day[placed],
        delay_known=bool(recorded.notna().any()),
        easting_m=areas["easting_m"].to_numpy(float),
        northing_m=areas["northing_m"].to_numpy(float),
        first_day=first_day,
        carrier_days=carrier_days,
    )
    return SpikeRecords(
        cases=every_case[placed].assign(day=day[placed], recorded_day=recorded_day[placed], area=area[placed]),
        series=series,
        force=replace(series, area=area, day=day, recorded_day=recorded_day),
        streams=_streams(question, number),
        area_codes=codes,
        unplaced=day[~placed],
        carriers_known=carrier_days is not None,
        first_day=first_day,
        last_day=last_day,
    )


def stream_series(records: SpikeRecords) -> AreaSeries | None:
    """The whole independent layer as one series; None where there is none."""
    parts = list(records.streams.values())
    if not parts:
        return None
    day = np.concatenate([part.day for part in parts])
    return AreaSeries(
        area=np.concatenate([part.area for part in parts]),
        day=day,
        recorded_day=day,
        delay_known=False,
        easting_m=records.series.easting_m,
        northing_m=records.series.northing_m,
        first_day=parts[0].first_day,
    )


def _days(moments: "pd.Series[pd.Timestamp]") -> Integers:
    return moments.to_numpy().astype("datetime64[D]").astype(np.int64)


def _streams(question: Question, number: dict[str, int]) -> dict[str, AreaSeries]:
    events = question.store.risk_events_by_day(kinds=STREAM_KINDS)
    area, day = events["small_area"].map(number), _days(events["local_date"])
    areas = question.geography.small_areas
    # A kind as rare as deaths begins with its feed, not with its first event.
    first_day = int(day.min()) if len(day) else 0
    streams = {}
    for kind in STREAM_KINDS:
        here = ((events["kind"] == kind) & area.notna()).to_numpy()
        if here.any():
            streams[kind] = AreaSeries(
                area=area[here].to_numpy(np.int64),
                day=day[here],
                recorded_day=day[here],
                delay_known=False,
                easting_m=areas["easting_m"].to_numpy(float),
                northing_m=areas["northing_m"].to_numpy(float),
                first_day=first_day,
            )
    return streams


def _carrier_days(question: Question, first_day: int, last_day: int) -> NDArray[np.float64] | None:
    by_base = question.store.carriers_by_day(first_day=date_of(first_day), last_day=date_of(last_day))
    if by_base.empty:
        return None
    areas = question.geography.small_areas
    return carrier_exposure(
        day=_days(by_base["day"]) - first_day,
        base_easting_m=by_base["easting_m"].to_numpy(float),
        base_northing_m=by_base["northing_m"].to_numpy(float),
        carriers=by_base["carriers"].to_numpy(float),
        easting_m=areas["easting_m"].to_numpy(float),
        northing_m=areas["northing_m"].to_numpy(float),
        days=last_day - first_day + 1,
    )
