"""What administrations are seen beside: the independent layer's events, residents, places of help."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.filters import AccessScope, Filters
from data.store.connection import sql
from data.store.ddl import AREA_ONLY, LOCATED
from data.store.questions.reader import Reader, kept_by

__all__ = ["Populations", "RiskEvents", "SurroundingsQuestions"]

# An event that is known by its month alone counts where the whole month is in the period; bound to its last day.
_WHOLE_MONTHS = "(time_precision IS DISTINCT FROM 'month' OR last_day(local_date) <= ?)"


@dataclass(frozen=True, kw_only=True)
class RiskEvents:
    """Places of events of the independent layer, shape (n,), metres; `unlocated` more have no place."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    unlocated: int


@dataclass(frozen=True, kw_only=True)
class Populations:
    """Residents of one year and source, shape (n,): at a point (metres), or of an area where the point is NaN.

    The areas are codes, None where they are not known. `year` is None where the file does not say.
    """

    persons: NDArray[np.float64]
    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    small_area: NDArray[np.object_]
    authority: NDArray[np.object_]
    bcu: NDArray[np.object_]
    year: int | None


class SurroundingsQuestions(Reader):
    """Questions about what is recorded beside administrations."""

    def risk_events(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> RiskEvents:
        """Events of the independent layer of some kinds, from west to east; substance and setting do not apply.

        One that is known by its month alone counts where the whole month lies in the period.
        """
        kept, values = kept_by(filters.of_other_events(), scope)
        condition = f"record_state = 'current' AND list_contains(?, kind) AND {kept} AND {_WHOLE_MONTHS}"
        bound = [list(kinds), *values, filters.last_day]
        columns = self._columns(
            sql(
                """
                SELECT easting_m, northing_m FROM records.risk_events i WHERE $located AND $condition
                ORDER BY easting_m, northing_m
                """,
                located=LOCATED,
                condition=condition,
            ),
            bound,
        )
        (events,) = self._row(sql("SELECT count(*) FROM records.risk_events WHERE $kept", kept=condition), bound)
        return RiskEvents(**columns, unlocated=events - len(columns["easting_m"]))

    def risk_event_places(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> pd.DataFrame:
        """The same events one by one, with or without a place, for a map of their own.

        Columns easting_m, northing_m, location_precision_m (NaN where not known), located, area_only (no place, but an
        area), small_area, authority, bcu.
        """
        kept, values = kept_by(filters.of_other_events(), scope)
        return self._frame(
            sql(
                """
                SELECT easting_m, northing_m, location_precision_m, small_area, authority, bcu, $located AS located,
                       NOT ($located) AND ($area_only) AS area_only
                FROM records.risk_events i
                WHERE record_state = 'current' AND list_contains(?, kind) AND $kept AND $whole_months
                ORDER BY easting_m, northing_m, risk_event_id
                """,
                located=LOCATED,
                area_only=AREA_ONLY,
                kept=kept,
                whole_months=_WHOLE_MONTHS,
            ),
            [list(kinds), *values, filters.last_day],
        )

    def risk_event_periods(self) -> pd.DataFrame:
        """What the independent layer holds: columns kind, located (events with a place), first_day, last_day.

        An event that is known by its month alone may have been on any day of it.
        """
        return self._frame(
            sql(
                """
                SELECT kind, count(*) FILTER ($located) AS located, min(local_date) AS first_day,
                       max(if(time_precision = 'month', last_day(local_date), local_date)) AS last_day
                FROM records.risk_events i WHERE record_state = 'current' GROUP BY kind ORDER BY kind
                """,
                located=LOCATED,
            )
        )

    def risk_events_by_day(self, *, kinds: Sequence[str]) -> pd.DataFrame:
        """The independent layer's events of some kinds in a known small area: columns local_date, small_area, kind."""
        return self._frame(
            """
            SELECT local_date, small_area, kind FROM records.risk_events
            WHERE record_state = 'current' AND list_contains(?, kind) AND small_area IS NOT NULL
              AND time_precision IS DISTINCT FROM 'month'
            ORDER BY local_date, small_area, kind, risk_event_id
            """,
            [list(kinds)],
        )

    def risk_events_listed(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> pd.DataFrame:
        """Events of the independent layer one by one in order of time; substance and setting do not apply.

        Columns occurred_at (local wall clock), time_precision, kind, small_area.
        """
        kept, values = kept_by(filters.of_other_events(), scope)
        return self._frame(
            sql(
                """
                SELECT timezone(?, occurred_at) AS occurred_at, time_precision, kind, small_area
                FROM records.risk_events i
                WHERE record_state = 'current' AND list_contains(?, kind) AND time_precision <> 'month' AND $kept
                ORDER BY occurred_at, risk_event_id
                """,
                kept=kept,
            ),
            [str(self._time_zone), list(kinds), *values],
        )

    def timed_events(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> pd.DataFrame:
        """Events with a place, from west to east: columns easting_m, northing_m, hour_of_week (NA without a time).

        Of the independent layer's `kinds`, to which substance and setting do not apply; with none, administrations.
        """
        kept, values = kept_by(filters.of_other_events() if kinds else filters, scope)
        return self._frame(
            sql(
                """
                SELECT easting_m, northing_m, ((local_weekday - 1) * 24 + local_hour)::FLOAT AS hour_of_week
                FROM $table i WHERE $condition AND $kept ORDER BY easting_m, northing_m, hour_of_week
                """,
                table="records.risk_events" if kinds else "records.counted",
                condition=f"record_state = 'current' AND list_contains(?, kind) AND {LOCATED}" if kinds else "located",
                kept=f"{kept} AND {_WHOLE_MONTHS}" if kinds else kept,
            ),
            [list(kinds), *values, filters.last_day] if kinds else values,
        )

    def populations(self, *, last_day: date) -> Populations:
        """Residents of one year and one source: two would count people twice.

        The latest year that is not after that of `last_day`, else the earliest; of several sources, the last imported.
        """
        chosen = self._frame(
            """
            SELECT p.year, p.source FROM records.populations p LEFT JOIN records.imports m USING (import_id)
            WHERE p.record_state = 'current' GROUP BY p.year, p.source
            ORDER BY p.year > ?, CASE WHEN p.year > ? THEN p.year ELSE -p.year END NULLS LAST, max(m.imported_at) DESC
            LIMIT 1
            """,
            [last_day.year, last_day.year],
        )
        year = None if chosen.empty or pd.isna(chosen["year"][0]) else int(chosen["year"][0])
        frame = self._frame(
            """
            SELECT persons, easting_m, northing_m, small_area, authority, bcu FROM records.populations
            WHERE record_state = 'current' AND persons > 0
              AND year IS NOT DISTINCT FROM ? AND source IS NOT DISTINCT FROM ?
            ORDER BY ALL
            """,
            [year, None if chosen.empty else chosen["source"][0]],
        )
        areas = {name: frame[name].astype(object).to_numpy() for name in ("small_area", "authority", "bcu")}
        numbers = {name: frame[name].to_numpy(np.float64) for name in ("persons", "easting_m", "northing_m")}
        return Populations(**numbers, **areas, year=year)

    def outreach_points(self) -> pd.DataFrame:
        """Where naloxone and help are to be had: columns kind, name, opening, easting_m, northing_m; those placed."""
        return self._frame(
            """
            SELECT kind, name, opening, easting_m, northing_m FROM records.outreach_points
            WHERE record_state = 'current' AND easting_m IS NOT NULL ORDER BY name, easting_m, northing_m
            """
        )
