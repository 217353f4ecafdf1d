"""What looks suspicious in a file that was read: one list of warnings, and records that claim no more than they know.

Two things are changed, and the warnings say so: times that are only dates count by day, and points that stand for an
area get its precision. Everything else is told and left as it is.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.mapping import FORM_TABLE, Mapping
from data.places import NAMED_AREAS
from data.quality.dates_only import settle_dates_only, settle_midnights_told
from data.quality.file_points import RAW_AREA, RAW_X, RAW_Y
from data.quality.misread import misread_coordinates
from data.quality.places import settle_area_points
from data.quality.repeats import event_frame, suspected_repeats
from data.quality.second_file import suspected_second_file
from data.quality.times import crowded_days, firsts_of_months, heaped_on_fives, silent_days
from data.quality.waits import suspicious_waits
from data.quality.warnings import QualityWarning, make_warning
from data.settings import Settings
from data.store import StoredEvidence
from geo.areas import Geography
from wording import _, format_count, ngettext

__all__ = ["EVENT_TABLES", "CheckedRecords", "check_records"]

# Tables whose rows are events of which each happened once.
EVENT_TABLES = (FORM_TABLE, "incidents", "risk_events", "requests")


@dataclass(frozen=True, kw_only=True)
class CheckedRecords:
    """Records whose times and places claim no more than they know, and what was found."""

    records: pd.DataFrame
    warnings: tuple[QualityWarning, ...]


def check_records(
    *,
    records: pd.DataFrame,
    entries: pd.DataFrame,
    mapping: Mapping,
    settings: Settings,
    geography: Geography,
    stored: StoredEvidence | None,
    month_forms: Collection[str] = (),
) -> CheckedRecords:
    """Look through the records of one file, indexed by row number, and the quarantine's `entries` about it.

    `month_forms` would read dates that are all the first of a month as months, in the forms that they have.
    `stored` is what the store holds of the same days, under other keys, and of the same source.
    """
    warnings: list[QualityWarning] = []
    events = mapping.target in EVENT_TABLES and "occurred_at" in records and len(records) > 0
    if events:
        records, found = settle_dates_only(
            records,
            time_zone=settings.time_zone,
            only_dates_before=stored is not None and stored.only_dates,
            midnights=mapping.times.midnights,
        )
        warnings += found
    if RAW_X in records:
        misread = misread_coordinates(records, place=mapping.place, geography=geography)
        warnings += misread
        # Read wrongly, a county shrinks to a point.
        if not {each.kind for each in misread} & {"swapped_coordinates", "wrong_crs"}:
            records, found = settle_area_points(
                records,
                crs=mapping.place.crs or geography.crs,
                geography=geography,
                known_points_m=stored.area_points_m if stored else np.empty((0, 3)),
                stations_m=stored.stations_m if stored else np.empty((0, 2)),
                snap_m=settings.privacy.snap_m,
                shared_points=mapping.place.shared_points,
            )
            warnings += found
    aside = (RAW_X, RAW_Y, RAW_AREA, *NAMED_AREAS.values())
    records = records.drop(columns=[name for name in aside if name in records])
    warnings += _outside(records)
    if events:
        records, found = _events(records, mapping, settings, stored, month_forms)
        warnings += found
    if len(records):
        warnings += suspicious_waits(records, entries=entries, clocks=[wait.clock for wait in mapping.waits])
    return CheckedRecords(records=records, warnings=tuple(warnings))


def _outside(records: pd.DataFrame) -> list[QualityWarning]:
    rows = records.index.to_numpy()[records["outside"].to_numpy(dtype=bool)] if "outside" in records else np.empty(0)
    if not len(rows):
        return []
    sentence = ngettext(
        "{count} row lies outside the force; it is kept and marked so.",
        "{count} rows lie outside the force; they are kept and marked so.",
        len(rows),
    )
    return [
        make_warning(
            kind="outside_force",
            rows=rows,
            sentence=sentence.format(count=format_count(len(rows))),
            advice=_("Check their coordinates at the source, if they are not from beyond the border."),
        )
    ]


def _events(
    records: pd.DataFrame,
    mapping: Mapping,
    settings: Settings,
    stored: StoredEvidence | None,
    month_forms: Collection[str],
) -> tuple[pd.DataFrame, list[QualityWarning]]:
    dated = records[(records["time_precision"] != "month").to_numpy()]
    if dated.empty:
        return records, []
    key = "incident_id" if mapping.target == FORM_TABLE else mapping.table.key
    repeats, dates = suspected_repeats(
        event_frame(dated, key=key), stored=stored.events if stored else None, snap_m=settings.privacy.snap_m
    )
    if len(dates) and mapping.times.midnights != "times":
        of_events = records.index[records[key].isin(records.loc[dates, key])]
        records, repeats = settle_midnights_told(
            records, of_events.to_numpy(), warnings=repeats, time_zone=settings.time_zone
        )
        dated = records.loc[dated.index]
    one_each = dated[~dated[key].duplicated()]
    timed = one_each[(one_each["time_precision"] == "minute").to_numpy()]
    clocks = timed["occurred_at"].dt.minute.to_numpy(dtype=float)
    # A second that is stated says that the minute was not rounded.
    exact = (timed["occurred_at"].dt.second == 0).to_numpy()
    doubled = [each for each in repeats if each.kind == "doubled_days"]
    second = suspected_second_file(dated, stored, doubled=doubled) if stored and mapping.target == FORM_TABLE else []
    return records, [
        *repeats,
        *second,
        *heaped_on_fives(timed.index.to_numpy(), np.where(exact, clocks, 0.5), kind="times_on_fives", what=_("times")),
        *(firsts_of_months(dated, month_forms) or crowded_days(one_each, time_zone=settings.time_zone)),
        *silent_days(one_each, stored.source_days if stored else np.empty(0, dtype=np.int64)),
    ]
