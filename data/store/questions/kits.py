"""Kits: the ledger's rows, who holds them, and the doses that name one."""

from datetime import date

import pandas as pd

from data.filters import AccessScope
from data.store.connection import sql
from data.store.questions.carriers import OFFICERS
from data.store.questions.reader import Reader

__all__ = ["HOLDERS", "LEDGER", "KitQuestions"]

# Whatever naloxone was given in a period, to whomever: i is the incident, a the administration.
_GIVEN = """
    a.record_state = 'current' AND i.record_state = 'current' AND i.local_date BETWEEN ? AND ?
    AND (? = [] OR list_contains(?, i.bcu))
"""

# Every current row of the kit ledger with its import, and what the import could not read of it.
LEDGER = """
    ledger AS (
        SELECT k.kit_event_id, k.source, k.kit_token, k.officer_token, k.base, k.event, k.event_on, k.lot, k.expires_on,
               k.kits::FLOAT AS kits, k.row_number::FLOAT AS row_number, m.imported_at,
               m.imported_at::DATE AS imported_on, k.kit_event_id IN (
                   SELECT record_id FROM records.quarantine
                   WHERE target = 'kits' AND field = 'kits' AND record_id IS NOT NULL AND NOT whole_row
               ) AS count_unusable,
               k.officer_token IS NOT NULL AND k.officer_token NOT IN (SELECT officer_token FROM officers)
                   AND EXISTS (FROM officers) AS officer_unknown
        FROM records.kits k LEFT JOIN records.imports m USING (import_id) WHERE k.record_state = 'current'
        ORDER BY m.imported_at, k.row_number, k.kit_event_id
    )
"""

# Numbers for kits and for whoever carried or used them, so that nothing above the store handles a token.
HOLDERS = """
    kit_numbers AS (
        SELECT kit_token, row_number() OVER (ORDER BY kit_token) - 1 AS kit FROM (
            SELECT kit_token FROM records.kits UNION SELECT kit_token FROM records.doses
        ) WHERE kit_token IS NOT NULL
    ), holders AS (
        FROM officers UNION ALL
        SELECT officer_token, -row_number() OVER (ORDER BY officer_token) AS officer FROM (
            SELECT officer_token FROM records.kits UNION SELECT officer_token FROM records.doses
        ) WHERE officer_token IS NOT NULL AND officer_token NOT IN (SELECT officer_token FROM officers)
    )
"""


class KitQuestions(Reader):
    """Questions about kits."""

    def names_holders_of_kits(self) -> bool:
        """Whether the kit ledger says of any kit which officer holds it."""
        (found,) = self._row(
            "SELECT count(*) FROM records.kits WHERE record_state = 'current' AND officer_token IS NOT NULL"
        )
        return bool(found)

    def kit_ledger(self) -> pd.DataFrame:
        """The kit ledger's current rows, in the order in which they came in.

        Columns kit_event_id, kit and officer (numbers of this snapshot's own, to join `kit_uses`; NaN where the row
        names none; an officer of `carriers` has the same number there), base, event, event_on, lot, expires_on, kits,
        row_number and imported_on (of the import that last changed the row), count_unusable (its number of kits waits
        in quarantine) and officer_unknown (not among the carriers, where there are any).
        """
        return self._frame(
            sql(
                """
                WITH $officers, $ledger, $holders
                SELECT ledger.* EXCLUDE (source, kit_token, officer_token, imported_at), kit::FLOAT AS kit,
                       officer::FLOAT AS officer
                FROM ledger LEFT JOIN kit_numbers USING (kit_token) LEFT JOIN holders USING (officer_token)
                ORDER BY imported_at, row_number, kit_event_id
                """,
                officers=OFFICERS,
                ledger=LEDGER,
                holders=HOLDERS,
            )
        )

    def newest_supply_day(self, *, not_after: date) -> date | None:
        """The newest day that the kit ledger or the training register tells of; None where neither has one."""
        (newest,) = self._row(
            """
            SELECT max(day) FROM (
                SELECT event_on AS day FROM records.kits WHERE record_state = 'current'
                UNION ALL SELECT unnest([trained_on, refreshed_on]) FROM records.carriers
                WHERE record_state = 'current'
            ) WHERE day <= ?
            """,
            [not_after],
        )
        return newest

    def kit_uses(self, *, first_day: date, last_day: date, scope: AccessScope) -> pd.DataFrame:
        """Each dose of the administrations of the period that name a kit, an officer or a wish for resupply.

        One row a dose, or one for an administration without: columns administration (a number), local_date, bcu,
        small_area, doses_given, resupply_needed, resupply_kits, given_at, kit and officer (as in `kit_ledger`). The
        kits of officers who were treated after exposure count too.
        """
        return self._frame(
            sql(
                """
                WITH $officers, $holders
                SELECT a.rowid::INTEGER AS administration, i.local_date, i.bcu, i.small_area,
                       a.doses_given::FLOAT AS doses_given, a.resupply_needed = 'yes' AS resupply_needed,
                       a.resupply_kits::FLOAT AS resupply_kits, d.given_at, kit::FLOAT AS kit, officer::FLOAT AS officer
                FROM records.administrations a JOIN records.incidents i USING (incident_id)
                LEFT JOIN (FROM records.doses WHERE record_state = 'current') d
                    ON d.administration_id = a.administration_id
                LEFT JOIN kit_numbers ON kit_numbers.kit_token = d.kit_token
                LEFT JOIN holders ON holders.officer_token = d.officer_token
                WHERE $given AND (kit IS NOT NULL OR officer IS NOT NULL OR a.resupply_needed = 'yes')
                ORDER BY i.local_date, a.rowid, d.sequence
                """,
                officers=OFFICERS,
                holders=HOLDERS,
                given=_GIVEN,
            ),
            [first_day, last_day, list(scope.bcus), list(scope.bcus)],
        )

    def doses_given(self, *, first_day: date, last_day: date, scope: AccessScope) -> pd.DataFrame:
        """Columns doses (NaN where not recorded) and administrations: how often so many were given in the period."""
        return self._frame(
            sql(
                """
                SELECT a.doses_given::FLOAT AS doses, count(*) AS administrations
                FROM records.administrations a JOIN records.incidents i USING (incident_id)
                WHERE $given GROUP BY doses ORDER BY doses
                """,
                given=_GIVEN,
            ),
            [first_day, last_day, list(scope.bcus), list(scope.bcus)],
        )
