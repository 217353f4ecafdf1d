"""Waits for an ambulance: of each incident, by each clock, and the doses given in them."""

from collections.abc import Sequence

import pandas as pd

from data.filters import AccessScope, Filters
from data.schema import NOT_RECORDED, WAIT_CLOCKS
from data.store.connection import sql
from data.store.questions.reader import Reader, kept_by

__all__ = ["AmbulanceQuestions"]


class AmbulanceQuestions(Reader):
    """Questions about waits for an ambulance."""

    def calls_with_waits(
        self, *, filters: Filters, scope: AccessScope, kind: str, clocks: Sequence[str]
    ) -> pd.DataFrame:
        """Every incident once, with the wait that speaks for it: of `kind`, by the first of `clocks` that has a time.

        A clock that gives only an outcome speaks where none gives a time, and one that says nothing where none says
        more. An incident without a wait says "not_recorded", with `in_quarantine` where a time of it was set aside.
        """
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                WITH selected AS (
                    SELECT incident_number, count(*)::INTEGER AS administrations
                    FROM records.counted WHERE $kept GROUP BY incident_number
                ), ranked AS (
                    SELECT incident_id, clock, minutes, outcome,
                           row_number() OVER (
                               PARTITION BY incident_id
                               ORDER BY minutes IS NULL, outcome = '$unknown', list_position(?, clock), minutes, wait_id
                           ) AS place
                    FROM records.waits
                    WHERE record_state = 'current' AND kind = ? AND list_contains(?, clock)
                ), held AS (
                    SELECT incident_id FROM records.quarantine q JOIN records.administrations a
                    ON q.record_id = a.administration_id
                    WHERE q.target = 'administrations' AND q.field IN ($times) AND NOT q.whole_row
                    UNION
                    SELECT incident_id FROM records.quarantine q JOIN records.waits w ON q.record_id = w.wait_id
                    WHERE q.target = 'waits' AND q.field IN ($times) AND NOT q.whole_row
                )
                SELECT s.administrations, i.local_date, i.local_hour::FLOAT AS local_hour, i.easting_m, i.northing_m,
                       coalesce(i.authority, '$unknown') AS authority, coalesce(i.bcu, '$unknown') AS bcu,
                       coalesce(i.small_area, '$unknown') AS small_area,
                       i.police_first_on_scene, coalesce(i.call_category_before, '$unknown') AS category_before,
                       coalesce(i.call_category_after, '$unknown') AS category_after,
                       coalesce(r.clock, '$unknown') AS clock, r.minutes, coalesce(r.outcome, '$unknown') AS outcome,
                       r.minutes IS NULL AND i.incident_id IN (FROM held) AS in_quarantine
                FROM selected s JOIN records.incidents i ON i.rowid = s.incident_number
                LEFT JOIN ranked r ON r.incident_id = i.incident_id AND r.place = 1
                """,
                kept=kept,
                unknown=NOT_RECORDED,
                times="'minutes', 'started_at', 'ended_at'",
            ),
            [*values, list(clocks), kind, list(clocks)],
        )

    def clock_pairs(self, *, filters: Filters, scope: AccessScope, kind: str) -> pd.DataFrame:
        """A column of minutes (NaN where it has none) for each clock; one row for each incident that two or more timed.

        Where one clock gives an incident several times, the shortest stands for it.
        """
        kept, values = kept_by(filters, scope)
        columns = ", ".join(f"min(w.minutes) FILTER (w.clock = '{clock}') AS {clock}" for clock in WAIT_CLOCKS)
        return self._frame(
            sql(
                """
                WITH selected AS (SELECT DISTINCT incident_number FROM records.counted WHERE $kept)
                SELECT $columns
                FROM selected s JOIN records.incidents i ON i.rowid = s.incident_number
                JOIN records.waits w ON w.incident_id = i.incident_id
                WHERE w.record_state = 'current' AND w.kind = ? AND w.minutes IS NOT NULL
                GROUP BY i.incident_id HAVING count(DISTINCT w.clock) > 1
                """,
                kept=kept,
                columns=columns,
            ),
            [*values, kind],
        )

    def doses_in_waits(self, *, filters: Filters, scope: AccessScope, kind: str) -> pd.DataFrame:
        """Columns minutes and doses: a row for each administration whose every dose has a time, as has the ambulance.

        `doses` counts those given before the ambulance arrived; `minutes` is the wait.
        """
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                WITH arrivals AS (
                    SELECT incident_id, min(ended_at) AS arrived_at, min(minutes) AS minutes FROM records.waits
                    WHERE record_state = 'current' AND kind = ? AND outcome = 'arrived' AND ended_at IS NOT NULL
                    GROUP BY incident_id
                )
                SELECT any_value(w.minutes) AS minutes,
                       (count(*) FILTER (d.given_at <= w.arrived_at))::INTEGER AS doses
                FROM (FROM records.counted WHERE $kept) c
                JOIN records.administrations a USING (administration_id)
                JOIN arrivals w ON w.incident_id = a.incident_id
                JOIN records.doses d ON d.administration_id = a.administration_id AND d.record_state = 'current'
                GROUP BY a.administration_id HAVING count(*) = count(d.given_at)
                """,
                kept=kept,
            ),
            [kind, *values],
        )
