"""Deciding what several officers' reports of one administration mean."""

from datetime import UTC, datetime
from typing import Literal

import pandas as pd

from data.journal import operating_system_user
from data.keys import Keys
from data.schema import table_named
from data.settings import Settings
from data.store.conflicts import CONFLICTS
from data.store.connection import Connection, fetch_one, opened_snapshot, sql
from data.store.errors import ConflictNotFoundError
from data.store.rewriting import Entry, Marks, held_for_change, mark_gone, rewrite

__all__ = ["settle_conflict"]


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
        who = who or operating_system_user()
        row = {"administration_id": conflict_id, "reports": reports, "decision": decision, "report_id": report_id}
        settlement = pd.DataFrame([row | {"settled_by": who, "settled_at": pd.Timestamp(datetime.now(UTC))}])

        def mark(connection: Connection) -> Marks:
            mark_gone(connection, table_named("settlements"), settlement["administration_id"])
            return Marks()

        return rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            mark=mark,
            incoming={"settlements": settlement},
            entry=Entry(action="settle", who=who, purpose=purpose, details={"decision": decision}),
        ).version
