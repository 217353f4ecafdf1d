"""Administrations: how many, when, where, of what kind, and what their records do not say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.filters import AccessScope, Filters
from data.schema import NOT_RECORDED, SUBSTANCES
from data.store.connection import sql
from data.store.ddl import MISSING_FIELDS
from data.store.errors import StoreEmptyError
from data.store.questions.reader import Reader, kept_by

__all__ = [
    "AREA_COLUMNS",
    "AdministrationCount",
    "AdministrationQuestions",
    "AreaLevel",
    "Choices",
    "DatedAdministrations",
    "LocatedAdministrations",
]

AreaLevel = Literal["small_area", "authority", "bcu"]
AREA_COLUMNS: Mapping[AreaLevel, str] = {"small_area": "small_area", "authority": "authority", "bcu": "bcu"}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Values that occur, sorted: what filters can offer."""

    bcus: tuple[str, ...]
    authorities: tuple[str, ...]
    small_areas: tuple[str, ...]
    substances: tuple[str, ...]
    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdministrationCount:
    """How many administrations, at how many incidents, and how many of them have a place.

    administrations = located (coordinates) + area_only (only an area is known) + unlocated.
    """

    administrations: int
    located: int
    area_only: int
    unlocated: int
    incidents: int


@dataclass(frozen=True, kw_only=True)
class LocatedAdministrations:
    """Places of administrations, shape (n,), metres on the deployment's CRS; precision NaN where it is not known."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    location_precision_m: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DatedAdministrations:
    """Places and days of administrations, shape (n,): metres on the deployment's CRS, and datetime64[D]."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    location_precision_m: NDArray[np.float64]
    day: NDArray[np.datetime64]


class AdministrationQuestions(Reader):
    """Questions about the administrations that count."""

    @property
    def is_empty(self) -> bool:
        """Whether no administration counts."""
        return not self._row("SELECT count(*) FROM records.counted")[0]

    def period(self) -> tuple[date, date]:
        """First and last day with an administration. Raises StoreEmptyError."""
        first, last = self._row(
            """
            SELECT min(local_date), max(if(local_weekday IS NULL, last_day(local_date), local_date))
            FROM records.counted
            """
        )
        if first is None:
            raise StoreEmptyError()
        return first, last

    def choices(self) -> Choices:
        """Values that occur among the administrations that count, sorted."""
        (bits,) = self._row("SELECT coalesce(bit_or(substance_bits), 0) FROM records.counted")
        return Choices(
            bcus=self._distinct("bcu"),
            authorities=self._distinct("authority"),
            small_areas=self._distinct("small_area"),
            substances=tuple(sorted(name for bit, name in enumerate(SUBSTANCES) if bits >> bit & 1)),
            settings=self._distinct("setting"),
        )

    def administrations_by_month(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns month (first day, datetime64) and administrations (int); a row for every month of the period."""
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                WITH months AS (
                    SELECT unnest(generate_series(date_trunc('month', ?::DATE), date_trunc('month', ?::DATE),
                                                  INTERVAL 1 MONTH))::DATE AS month
                ), counts AS (
                    SELECT date_trunc('month', local_date)::DATE AS month, count(*) AS administrations
                    FROM records.counted WHERE $kept GROUP BY month
                )
                SELECT month, coalesce(administrations, 0)::BIGINT AS administrations
                FROM months LEFT JOIN counts USING (month) ORDER BY month
                """,
                kept=kept,
            ),
            [filters.first_day, filters.last_day, *values],
        )

    def administrations_by_view(
        self, *, views: Sequence[tuple[Filters, AccessScope]], level: AreaLevel | None
    ) -> pd.DataFrame:
        """Columns quarter (first day), area (of `level`; None where not known, or without a level), administrations,
        and view_0, view_1, ...: how many administrations are in the same quarter and area and in the same of the views.
        """
        conditions, values = [], []
        for number, (filters, scope) in enumerate(views):
            kept, bound = kept_by(filters, scope)
            conditions.append(f"coalesce({kept}, false) AS view_{number}")
            values += bound
        return self._frame(
            sql(
                """
                SELECT date_trunc('quarter', local_date)::DATE AS quarter, $area AS area, $views,
                       count(*) AS administrations
                FROM records.counted GROUP BY ALL
                """,
                area=AREA_COLUMNS[level] if level else "NULL",
                views=", ".join(conditions),
            ),
            values,
        )

    def administrations_by_area(self, *, filters: Filters, scope: AccessScope, level: AreaLevel) -> pd.DataFrame:
        """Columns area and administrations, by area; without an area the row says "not_recorded"."""
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                SELECT coalesce($area, '$unknown') AS area, count(*) AS administrations
                FROM records.counted WHERE $kept GROUP BY area ORDER BY area
                """,
                area=AREA_COLUMNS[level],
                unknown=NOT_RECORDED,
                kept=kept,
            ),
            values,
        )

    def count_administrations(self, *, filters: Filters, scope: AccessScope) -> AdministrationCount:
        """How many, at how many incidents, and how many of them have a place."""
        kept, values = kept_by(filters, scope)
        administrations, located, area_only, incidents = self._row(
            sql(
                """
                SELECT count(*), count(*) FILTER (located), count(*) FILTER (area_only),
                       count(*) FILTER (NOT incident_shared)
                       + count(DISTINCT incident_number) FILTER (incident_shared)
                FROM records.counted WHERE $kept
                """,
                kept=kept,
            ),
            values,
        )
        return AdministrationCount(
            administrations=administrations,
            located=located,
            area_only=area_only,
            unlocated=administrations - located - area_only,
            incidents=incidents,
        )

    def located_administrations(self, *, filters: Filters, scope: AccessScope) -> LocatedAdministrations:
        """Places of the administrations that have coordinates, from west to east: never in the order they happened."""
        kept, values = kept_by(filters, scope)
        columns = self._columns(
            sql(
                """
                SELECT easting_m, northing_m, location_precision_m FROM records.counted
                WHERE located AND $kept ORDER BY easting_m, northing_m, location_precision_m
                """,
                kept=kept,
            ),
            values,
        )
        return LocatedAdministrations(**columns)

    def dated_administrations(self, *, filters: Filters, scope: AccessScope) -> DatedAdministrations:
        """Places and days of the administrations that have coordinates, from west to east."""
        kept, values = kept_by(filters, scope)
        frame = self._frame(
            sql(
                """
                SELECT easting_m, northing_m, location_precision_m, local_date FROM records.counted
                WHERE located AND $kept ORDER BY easting_m, northing_m, local_date, location_precision_m
                """,
                kept=kept,
            ),
            values,
        )
        return DatedAdministrations(
            easting_m=frame["easting_m"].to_numpy(np.float64),
            northing_m=frame["northing_m"].to_numpy(np.float64),
            location_precision_m=frame["location_precision_m"].to_numpy(np.float64),
            day=frame["local_date"].to_numpy().astype("datetime64[D]"),
        )

    def listed_administrations(self, *, filters: Filters, scope: AccessScope, most: int) -> pd.DataFrame:
        """The newest `most` one by one, for forces with very few; `substances` holds a list of names in each row."""
        kept, values = kept_by(filters, scope)
        listed = self._frame(
            sql(
                """
                WITH newest AS (
                    SELECT * FROM records.counted WHERE $kept
                    ORDER BY local_date DESC, local_hour DESC NULLS LAST, administration_id LIMIT ?
                )
                SELECT newest.local_date, newest.local_weekday, newest.local_hour, newest.bcu, newest.authority,
                       newest.small_area, newest.setting, newest.substance_bits, a.doses_given, a.alive_at_handover
                FROM newest JOIN records.administrations a USING (administration_id)
                ORDER BY newest.local_date DESC, newest.local_hour DESC NULLS LAST, administration_id
                """,
                kept=kept,
            ),
            [*values, most],
        )
        names = [[name for bit, name in enumerate(SUBSTANCES) if bits >> bit & 1] for bits in listed["substance_bits"]]
        listed["substance_bits"] = pd.Series(names, index=listed.index, dtype=object)
        return listed.rename(columns={"substance_bits": "substances"})

    def missing_fields(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns field, missing and administrations: how often each field says nothing, in the schema's order.

        "location" is missing without coordinates, "substance" where none is named.
        """
        kept, values = kept_by(filters, scope)
        sums = ", ".join(f"sum(missing_bits >> {bit} & 1)" for bit in range(len(MISSING_FIELDS)))
        row = self._row(sql("SELECT count(*), $sums FROM records.counted WHERE $kept", sums=sums, kept=kept), values)
        missing = [int(count or 0) for count in row[1:]]
        return pd.DataFrame({"field": MISSING_FIELDS, "missing": missing, "administrations": row[0]})

    def missing_by_month(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns month (first day), administrations, and one a field of `missing_fields` with how many lack it.

        Months without administrations have no row.
        """
        kept, values = kept_by(filters, scope)
        sums = ", ".join(f"sum(missing_bits >> {bit} & 1)::BIGINT AS {name}" for bit, name in enumerate(MISSING_FIELDS))
        return self._frame(
            sql(
                """
                SELECT date_trunc('month', local_date)::DATE AS month, count(*) AS administrations, $sums
                FROM records.counted WHERE $kept GROUP BY month ORDER BY month
                """,
                sums=sums,
                kept=kept,
            ),
            values,
        )

    def entry_days(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns local_date and recorded_date (NaT where it is not recorded when), one row an administration whose day
        is known.
        """
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                WITH kept AS (
                    SELECT administration_id, local_date FROM records.counted WHERE $kept AND local_weekday IS NOT NULL
                )
                SELECT local_date, recorded_at::DATE AS recorded_date
                FROM kept JOIN records.administrations USING (administration_id) ORDER BY local_date
                """,
                kept=kept,
            ),
            values,
        )

    def _distinct(self, column: str) -> tuple[str, ...]:
        statement = sql(
            "SELECT DISTINCT $column FROM records.counted WHERE $column IS NOT NULL ORDER BY $column", column=column
        )
        with self._cursor() as cursor:
            return tuple(value for (value,) in cursor.execute(statement).fetchall())
