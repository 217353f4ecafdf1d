"""Each person given naloxone one by one, with what other tables say of them."""

from collections.abc import Sequence

import pandas as pd

from data.filters import AccessScope, Filters
from data.schema import NOT_RECORDED
from data.store.connection import sql
from data.store.questions.reader import Reader, kept_by

__all__ = ["CaseQuestions"]


class CaseQuestions(Reader):
    """Questions whose answer is a row for each person given naloxone."""

    def cases_by_day(self, *, settings: Sequence[str]) -> pd.DataFrame:
        """Every person given naloxone at a kind of place on a known day, one row each, in order of day: for alerts.

        Columns local_date, recorded_on (the local day of entry, NaT where not recorded), small_area and bcu (None where
        not known), easting_m and northing_m (NaN without coordinates), doses, condition_after and substances (a list of
        "substance:certainty"). Two reports about one person at one incident are one row, and its doses are the fewest
        that any of the statements gives: a conflict alone is not a sign of anything.
        """
        return self._frame(
            sql(
                """
                WITH listed AS (
                    SELECT administration_id, count(*) AS listed,
                           count(DISTINCT if(given_at IS NULL OR kit_token IS NULL, dose_id, given_at || kit_token))
                           AS doses
                    FROM records.doses WHERE record_state = 'current' GROUP BY administration_id
                ), taken AS (
                    SELECT administration_id, list(substance || ':' || certainty ORDER BY substance) AS substances
                    FROM records.substances WHERE record_state = 'current' GROUP BY administration_id
                ), reports AS (
                    SELECT c.local_date, timezone(?, a.recorded_at)::DATE AS recorded_on, c.small_area, c.bcu,
                           if(c.located, c.easting_m, NULL) AS easting_m,
                           if(c.located, c.northing_m, NULL) AS northing_m,
                           -- Of more doses than are listed singly, nobody can say that two are one.
                           if(a.doses_given > listed.listed, a.doses_given, least(a.doses_given, listed.doses))::FLOAT
                           AS doses, a.condition_after, taken.substances,
                           c.administration_id,
                           row_number() OVER (
                               PARTITION BY c.incident_number, coalesce(a.person_token, c.administration_id)
                               ORDER BY doses NULLS LAST, recorded_on NULLS LAST, c.administration_id
                           ) AS place
                    FROM records.counted c JOIN records.administrations a USING (administration_id)
                    LEFT JOIN listed USING (administration_id) LEFT JOIN taken USING (administration_id)
                    -- A month alone is no day.
                    WHERE list_contains(?, c.setting) AND c.local_weekday IS NOT NULL
                )
                SELECT * EXCLUDE (place, administration_id) FROM reports WHERE place = 1
                ORDER BY local_date, easting_m, northing_m, administration_id
                """
            ),
            [str(self._time_zone), list(settings)],
        )

    def cases_in_areas(self, *, filters: Filters, scope: AccessScope, kind: str, clocks: Sequence[str]) -> pd.DataFrame:
        """Each person given naloxone, one by one in order of time, also those known by area alone.

        Columns occurred_at (local wall clock), time_precision, setting, small_area, doses, condition_after,
        alive_at_handover, substances (a list of "substance:certainty"), minutes and outcome of the incident's wait of
        `kind`, by the first of `clocks` that has a time, and of the follow-up: begun, due_at and contacted_at (local),
        answer ("consented", "declined" or None), closed. Two reports about one person at one incident are one row.
        """
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                WITH asked AS (
                    SELECT ?::VARCHAR AS zone, ?::VARCHAR[] AS clocks, ?::VARCHAR AS kind
                ), taken AS (
                    SELECT administration_id, list(substance || ':' || certainty ORDER BY substance) AS substances
                    FROM records.substances WHERE record_state = 'current' GROUP BY administration_id
                ), listed AS (
                    SELECT administration_id, count(*) AS doses FROM records.doses
                    WHERE record_state = 'current' GROUP BY administration_id
                ), steps AS (
                    SELECT administration_id, true AS begun, max(timezone(asked.zone, due_at)) AS due_at,
                           min(timezone(asked.zone, "at")) FILTER (step IN ('contacted', 'engaged')) AS contacted_at,
                           max_by(step, "at") FILTER (step IN ('consented', 'declined')) AS answer,
                           bool_or(step = 'closed') AS closed
                    FROM records.follow_up CROSS JOIN asked
                    WHERE record_state = 'current' GROUP BY administration_id
                ), ranked AS (
                    SELECT incident_id, minutes, outcome,
                           row_number() OVER (
                               PARTITION BY incident_id
                               ORDER BY minutes IS NULL, outcome = '$unknown',
                                        list_position(asked.clocks, clock), wait_id
                           ) AS place
                    FROM records.waits w CROSS JOIN asked
                    WHERE record_state = 'current' AND w.kind = asked.kind AND list_contains(asked.clocks, clock)
                ), cases AS (
                    SELECT timezone(asked.zone, i.occurred_at) AS occurred_at, i.time_precision,
                           c.setting, c.small_area,
                           -- One that is listed alone may only say who gave it.
                           coalesce(a.doses_given, if(listed.doses > 1, listed.doses, NULL))::FLOAT AS doses,
                           a.condition_after, a.alive_at_handover,
                           taken.substances, ranked.minutes, coalesce(ranked.outcome, '$unknown') AS outcome,
                           coalesce(steps.begun, false) AS begun, steps.due_at, steps.contacted_at, steps.answer,
                           coalesce(steps.closed, false) AS closed, c.administration_id,
                           row_number() OVER (
                               PARTITION BY c.incident_number, coalesce(a.person_token, c.administration_id)
                               ORDER BY doses NULLS LAST, c.administration_id
                           ) AS report
                    FROM (SELECT * FROM records.counted WHERE $kept) c CROSS JOIN asked
                    JOIN records.administrations a USING (administration_id)
                    JOIN records.incidents i ON i.incident_id = a.incident_id
                    LEFT JOIN taken USING (administration_id) LEFT JOIN listed USING (administration_id)
                    LEFT JOIN steps USING (administration_id)
                    LEFT JOIN ranked ON ranked.incident_id = i.incident_id AND ranked.place = 1
                )
                SELECT * EXCLUDE (report, administration_id) FROM cases WHERE report = 1
                ORDER BY occurred_at, administration_id
                """,
                kept=kept,
                unknown=NOT_RECORDED,
            ),
            [str(self._time_zone), list(clocks), kind, *values],
        )

    def administration_profiles(
        self, *, filters: Filters, scope: AccessScope, kind: str, clocks: Sequence[str]
    ) -> pd.DataFrame:
        """Each administration that has coordinates, one by one, from west to east: what a profile of places counts.

        `substances` holds a list of "substance:certainty"; `times` how often the person was given naloxone in all the
        records (missing where nobody was named); `contacted` whether the follow-up reached the person (missing where
        none was begun); minutes and outcome are of the incident's wait of `kind`, by the first of `clocks` that has a
        time.
        """
        kept, values = kept_by(filters, scope)
        return self._frame(
            sql(
                """
                WITH selected AS (SELECT * FROM records.counted WHERE located AND $kept),
                people AS (
                    SELECT a.person_token, count(*)::INTEGER AS times
                    FROM records.counted c JOIN records.administrations a USING (administration_id)
                    WHERE a.person_token IS NOT NULL GROUP BY a.person_token
                ), steps AS (
                    SELECT administration_id, bool_or(step IN ('contacted', 'consented', 'engaged')) AS contacted
                    FROM records.follow_up WHERE record_state = 'current' GROUP BY administration_id
                ), taken AS (
                    SELECT administration_id, list(substance || ':' || certainty ORDER BY substance) AS substances
                    FROM records.substances WHERE record_state = 'current' GROUP BY administration_id
                ), ranked AS (
                    SELECT incident_id, minutes, outcome,
                           row_number() OVER (
                               PARTITION BY incident_id
                               ORDER BY minutes IS NULL, outcome = '$unknown', list_position(?, clock), minutes, wait_id
                           ) AS place
                    FROM records.waits WHERE record_state = 'current' AND kind = ? AND list_contains(?, clock)
                )
                SELECT c.easting_m, c.northing_m, c.incident_number, c.local_hour::FLOAT AS local_hour,
                       c.local_weekday, taken.substances, a.doses_given::FLOAT AS doses_given,
                       people.times::FLOAT AS times, a.previous_police_contact, a.alive_at_handover,
                       steps.contacted, ranked.minutes, coalesce(ranked.outcome, '$unknown') AS outcome
                FROM selected c JOIN records.administrations a USING (administration_id)
                LEFT JOIN people ON people.person_token = a.person_token
                LEFT JOIN steps ON steps.administration_id = a.administration_id
                LEFT JOIN taken ON taken.administration_id = a.administration_id
                LEFT JOIN ranked ON ranked.incident_id = a.incident_id AND ranked.place = 1
                ORDER BY c.easting_m, c.northing_m, a.administration_id
                """,
                kept=kept,
                unknown=NOT_RECORDED,
            ),
            [*values, list(clocks), kind, list(clocks)],
        )
