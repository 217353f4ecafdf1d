"""Who carries naloxone: roles, training, hours on duty, and requests for a carrier."""

from datetime import date

import pandas as pd

from data.filters import AccessScope, Filters
from data.store.connection import sql
from data.store.ddl import LOCATED
from data.store.questions.reader import Reader, kept_by

__all__ = ["OFFICERS", "CarrierQuestions"]

# A number for each officer, so that nothing above the store handles a token.
OFFICERS = """
    officers AS (
        SELECT officer_token, row_number() OVER (ORDER BY officer_token) - 1 AS officer
        FROM (SELECT DISTINCT officer_token FROM records.carriers
              WHERE record_state = 'current' AND officer_token IS NOT NULL)
    )
"""


class CarrierQuestions(Reader):
    """Questions about officers who carry naloxone."""

    def carriers(self, *, scope: AccessScope, as_of: date) -> pd.DataFrame:
        """Whoever has a role on the day, one row each, by base: with training and the kit held at the day's end.

        Columns officer (a number of this snapshot's own, to join `typical_hours` and `dated_shifts`), role, base, bcu,
        easting_m, northing_m, trained_on, refreshed_on, holds_kit, kit_expires_on (the latest of those held), and
        row_number and imported_on of the import that last changed the row. A kit is held from its issue until it is
        used, returned, lost or written off.
        """
        return self._frame(
            sql(
                """
                WITH $officers, roles AS (
                    SELECT *, row_number() OVER (
                               PARTITION BY coalesce(officer_token, carrier_id)
                               ORDER BY valid_from DESC NULLS LAST, carrier_id
                           ) AS place
                    FROM records.carriers
                    WHERE record_state = 'current' AND coalesce(valid_from <= ?, true) AND coalesce(valid_to >= ?, true)
                ), ledger AS (
                    SELECT *, min(event_on) FILTER (event = 'issued') OVER (PARTITION BY kit_token) AS first_issued
                    FROM records.kits
                    WHERE record_state = 'current' AND coalesce(event_on <= ?, true)
                ), latest AS (
                    SELECT officer_token, event, expires_on, row_number() OVER (
                               PARTITION BY kit_token
                               -- A kit is first issued and then ends; on a later day it comes back and is issued anew.
                               ORDER BY event <> 'issued' AND event_on IS NULL DESC, event_on DESC NULLS LAST,
                                        (event = 'issued') = (event_on = first_issued), kit_event_id
                           ) AS place
                    FROM ledger WHERE kit_token IS NOT NULL
                ), counted AS (
                    SELECT officer_token, max(expires_on) FILTER (event = 'issued') AS expires_on
                    FROM ledger WHERE kit_token IS NULL GROUP BY officer_token
                    HAVING sum(coalesce(kits, 1) * if(event = 'issued', 1, -1)) > 0
                ), held AS (
                    SELECT officer_token, max(expires_on) AS expires_on FROM (
                        SELECT officer_token, expires_on FROM latest WHERE place = 1 AND event = 'issued'
                        UNION ALL SELECT officer_token, expires_on FROM counted
                    ) WHERE officer_token IS NOT NULL GROUP BY officer_token
                )
                SELECT o.officer::FLOAT AS officer, r.role, r.base, r.bcu, r.easting_m, r.northing_m,
                       r.trained_on, r.refreshed_on, h.officer_token IS NOT NULL AS holds_kit,
                       h.expires_on AS kit_expires_on,
                       r.row_number::FLOAT AS row_number, m.imported_at::DATE AS imported_on
                FROM roles r LEFT JOIN officers o USING (officer_token) LEFT JOIN held h USING (officer_token)
                LEFT JOIN records.imports m USING (import_id)
                WHERE r.place = 1 AND $allowed ORDER BY r.base, r.role, o.officer, r.carrier_id
                """,
                officers=OFFICERS,
                allowed="(? = [] OR list_contains(?, r.bcu))",
            ),
            [as_of, as_of, as_of, list(scope.bcus), list(scope.bcus)],
        )

    def carriers_by_day(self, *, first_day: date, last_day: date) -> pd.DataFrame:
        """Carriers by day and base: columns day, easting_m, northing_m (NaN where the base has no place), carriers.

        Whoever is trained and in a role that day counts, by the share of the typical week that is rostered where there
        is a roster; one without hours counts as the others do on average.
        """
        return self._frame(
            """
            WITH days AS (
                SELECT unnest(generate_series(?::DATE, ?::DATE, INTERVAL 1 DAY))::DATE AS day
            ), hours AS (
                SELECT officer_token, count(DISTINCT hour_of_week) / 168 AS share FROM records.shifts
                WHERE record_state = 'current' AND hour_of_week IS NOT NULL GROUP BY officer_token
            ), roles AS (
                SELECT c.officer_token, c.easting_m, c.northing_m, c.valid_to,
                       greatest(coalesce(c.valid_from, c.trained_on), c.trained_on) AS since,
                       coalesce(h.share, (SELECT avg(share) FROM hours), 1) AS share
                FROM records.carriers c LEFT JOIN hours h USING (officer_token)
                WHERE c.record_state = 'current' AND c.trained_on IS NOT NULL
            )
            SELECT day, easting_m, northing_m, sum(share)::DOUBLE AS carriers
            FROM days JOIN roles ON since <= day AND coalesce(valid_to >= day, true)
            GROUP BY day, easting_m, northing_m ORDER BY day, easting_m, northing_m
            """,
            [first_day, last_day],
        )

    def typical_hours(self) -> pd.DataFrame:
        """The typical week: columns officer (as in `carriers`) and hour_of_week, a row for each hour on duty."""
        return self._frame(
            sql(
                """
                WITH $officers SELECT DISTINCT officer, hour_of_week
                FROM records.shifts JOIN officers USING (officer_token)
                WHERE record_state = 'current' AND hour_of_week IS NOT NULL ORDER BY officer, hour_of_week
                """,
                officers=OFFICERS,
            )
        )

    def dated_shifts(self) -> pd.DataFrame:
        """Dated shifts: columns officer (as in `carriers`), starts_at and ends_at, local times."""
        zone = str(self._time_zone)
        return self._frame(
            sql(
                """
                WITH $officers SELECT officer, timezone(?, starts_at) AS starts_at, timezone(?, ends_at) AS ends_at
                FROM records.shifts JOIN officers USING (officer_token)
                WHERE record_state = 'current' AND starts_at < ends_at ORDER BY officer, starts_at
                """,
                officers=OFFICERS,
            ),
            [zone, zone],
        )

    def requests(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Each time a carrier was asked for, newest first; substance and setting do not apply.

        Columns local_date, hour_of_week (NA without a time), easting_m and northing_m (NA without a place), small_area,
        found and minutes.
        """
        kept, values = kept_by(filters.of_other_events(), scope)
        return self._frame(
            sql(
                """
                SELECT local_date, ((local_weekday - 1) * 24 + local_hour)::FLOAT AS hour_of_week,
                       if($located, easting_m, NULL) AS easting_m, if($located, northing_m, NULL) AS northing_m,
                       small_area, found, minutes
                FROM records.requests i WHERE record_state = 'current' AND $kept ORDER BY occurred_at DESC, request_id
                """,
                located=LOCATED,
                kept=kept,
            ),
            values,
        )
