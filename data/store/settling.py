"""Deciding what several officers' reports of one administration mean."""

from datetime import UTC, datetime
from typing import Literal

import pandas as pd

from data.journal import operating_system_user
from data.keys import Keys
from data.schema import table_named
from data.settings import Settings
from data.snapshots import Pointer
from data.store.conflicts import CONFLICTS
from data.store.connection import Connection, fetch_one, opened_snapshot, sql
from data.store.errors import ConflictNotFoundError
from data.store.rewriting import Entry, Marks, held_for_change, mark_gone, rewrite

__all__ = ["settle_agreeing", "settle_conflict"]

# Open ones whose reports all state the same number of doses; the first report stands for them.
_AGREEING = """
    SELECT c.administration_id, c.reports, 'same' AS decision, min(r.report_id) AS report_id
    FROM ($conflicts) c ANTI JOIN old.settlements s USING (administration_id, reports)
    JOIN old.dose_reports r ON r.administration_id = c.administration_id AND r.record_state = 'current'
    GROUP BY ALL HAVING min(r.doses) = max(r.doses) AND count(*) = count(r.doses) ORDER BY c.administration_id
"""


def settle_conflict(
    *,
    settings: Settings,
    keys: Keys,
    conflict_id: str,
    decision: Literal["same", "different"],
    report_id: str | None = None,
    who: str | None = None,
    purpose: str = "",
) -> str:
    """Decide what several officers' reports of one administration mean, and return the version that counts so.

    "same": they report the same doses, which count once, as in `report_id`; "different": the reports add up. The
    decision holds for these reports, also when they are imported again, and until another decision. Raises
    ConflictNotFoundError and other StoreErrors.
    """
    folder = settings.store_folder
    with held_for_change(folder) as pointer:
        with opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection:
            reports = fetch_one(
                connection,
                sql(
                    "SELECT reports FROM ($conflicts) WHERE administration_id = ?",
                    conflicts=sql(CONFLICTS, database="old"),
                ),
                [conflict_id],
            )
            known = fetch_one(
                connection,
                """
                SELECT count(*) FROM old.dose_reports
                WHERE administration_id = ? AND report_id = ? AND record_state = 'current'
                """,
                [conflict_id, report_id],
            )
        if reports is None or (decision == "same") != bool(known):
            raise ConflictNotFoundError
        row = {"administration_id": conflict_id, "reports": reports, "decision": decision, "report_id": report_id}
        entry = Entry(
            action="settle", who=who or operating_system_user(), purpose=purpose, details={"decision": decision}
        )
        return _write(pd.DataFrame([row]), settings=settings, keys=keys, pointer=pointer, entry=entry)


def settle_agreeing(*, settings: Settings, keys: Keys, who: str | None = None, purpose: str = "") -> int:
    """Settle all open conflicts whose reports state the same number of doses as the same doses; returns how many.

    One change of the store, which a roll-back takes back; none where there is nothing to settle. Raises StoreErrors.
    """
    with held_for_change(settings.store_folder) as pointer:
        file = settings.store_folder / pointer.current.file
        with opened_snapshot(settings=settings, keys=keys, file=file) as connection:
            agreeing = connection.execute(sql(_AGREEING, conflicts=sql(CONFLICTS, database="old"))).df()
        if agreeing.empty:
            return 0
        details = {"decision": "same", "settled": len(agreeing)}
        entry = Entry(action="settle", who=who or operating_system_user(), purpose=purpose, details=details)
        _write(agreeing, settings=settings, keys=keys, pointer=pointer, entry=entry)
    return len(agreeing)


def _write(settlements: pd.DataFrame, *, settings: Settings, keys: Keys, pointer: Pointer, entry: Entry) -> str:
    """Publish decisions, columns as in the schema but for who and when, and return the version."""
    incoming = settlements.assign(settled_by=entry.who, settled_at=pd.Timestamp(datetime.now(UTC)))

    def mark(connection: Connection) -> Marks:
        mark_gone(connection, table_named("settlements"), incoming["administration_id"])
        return Marks()

    return rewrite(
        settings=settings,
        keys=keys,
        pointer=pointer,
        synthetic=pointer.synthetic,
        mark=mark,
        incoming={"settlements": incoming},
        entry=entry,
    ).version
