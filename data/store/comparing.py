"""A batch beside the current snapshot: which rows are new, different, the same, gone or waiting."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.changes import Changes
from data.keys import Keys
from data.row_runs import Runs, row_runs
from data.schema import TABLES, Table, table_named
from data.settings import Settings
from data.snapshots import Pointer
from data.store.batch import Batch, ImportOutcome, quarantine_counts, rows_without_own
from data.store.conflicts import OPEN_CONFLICTS, open_with
from data.store.connection import Connection, fetch_one, opened_snapshot, sql
from data.store.ddl import ARROW_TYPES
from data.store.differing import changes_of
from data.store.errors import ImportOutdatedError, StoreWriteError
from data.store.joining import FITS, MATCHED_BY, WAITING_TABLES
from wording import _

__all__ = ["SAME_FILE", "Merge", "compare", "link_column", "same_file"]

SAME_FILE = "SELECT count(*) FROM old.imports WHERE file_hash = ? AND target = ? AND source IS NOT DISTINCT FROM ?"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Which rows of the target are new or different, and whether this very file was imported before.

    `gone` are keys that a full extract lacks, `gone_before` those that it lacks still.
    """

    outcome: ImportOutcome
    changed: NDArray[np.bool_]
    repeated: bool
    gone: pd.Series
    gone_before: pd.Series

    @property
    def changes(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.changed.any() or len(self.gone))

    def changed_rows(self, batch: Batch) -> dict[str, pd.DataFrame]:
        """The batch's rows that go in: changed rows of the target, their parents and their children."""
        target = batch.tables[batch.target]
        rows = {batch.target: target if self.changed.all() else target[self.changed]}
        for name, frame in batch.tables.items():
            if name != batch.target:
                link = link_column(batch.target, name)
                rows[name] = frame if self.changed.all() else frame[frame[link].isin(rows[batch.target][link])]
        return rows


def link_column(target: str, other: str) -> str:
    """The column through which rows of `other` follow rows of `target`: a key that both tables have."""
    target_table, other_table = table_named(target), table_named(other)
    if target_table.key in other_table.names:
        return target_table.key
    keys = {table.key for table in TABLES if table.field(table.key).token}
    for name in target_table.names:
        if name in keys and name in other_table.names and name != other_table.key:
            return name
    if other_table.key in target_table.names:
        return other_table.key
    raise StoreWriteError(
        _("A file of {target} cannot fill the table {other}: they share no key.").format(target=target, other=other)
    )


def compare(*, settings: Settings, keys: Keys, batch: Batch, pointer: Pointer | None) -> Merge:
    """Compare the target's keys and row hashes with the current snapshot."""
    target = batch.tables[batch.target]
    state = np.zeros(len(target), dtype=np.int8)
    waiting = np.full(len(target), batch.target in WAITING_TABLES and _parent_of(batch) is not None)
    gone = gone_before = pd.Series(dtype=object)
    repeated = False
    reports = batch.tables.get("dose_reports")
    in_conflict = np.empty(0, dtype=object) if reports is None else _disagreeing(reports)
    several = np.zeros(len(target), dtype=bool)
    changes = Changes()
    taken_back = (target["record_state"] == "withdrawn").to_numpy(dtype=bool)
    numbers = np.arange(1, len(target) + 1) if batch.row_numbers is None else batch.row_numbers
    if pointer:
        folder = settings.store_folder
        if batch.based_on and batch.based_on != pointer.current.version:
            raise ImportOutdatedError(folder=folder)
        with opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection:
            state = _states(connection, table=table_named(batch.target), rows=target)
            repeated = bool(fetch_one(connection, SAME_FILE, same_file(batch)))
            waiting, several = _waiting(connection, batch)
            gone, gone_before = _gone(connection, batch)
            updated = (state == 1) & ~taken_back & ~waiting
            changes = changes_of(connection, batch, updated=updated, numbers=numbers)
            in_conflict = (
                connection.execute(sql(OPEN_CONFLICTS, database="old")).fetchnumpy()["administration_id"]
                if reports is None
                else open_with(
                    connection,
                    administrations=target["administration_id"],
                    reports=reports,
                    source=batch.import_row["source"],
                )
            )
    waiting &= ~taken_back
    several &= waiting
    withdrawn = taken_back & (state < 2)
    counted = ~waiting & ~withdrawn
    quarantined_rows, quarantined_fields = quarantine_counts(batch.quarantine)
    folded, identical = rows_without_own(batch)
    # A record that waits does so with all of its rows.
    waiting_rows, several_rows = (_rows_of(batch, found, numbers) for found in (waiting, several))
    folded -= len(waiting_rows) - int(waiting.sum())
    outcome = ImportOutcome(
        version=pointer.current.version if pointer else None,
        imported=int((counted & (state == 0)).sum()),
        updated=int((counted & (state == 1)).sum()),
        unchanged=int((counted & (state == 2)).sum()) + identical,
        folded=folded,
        withdrawn=int(withdrawn.sum()),
        waiting=len(waiting_rows),
        quarantined_rows=quarantined_rows,
        quarantined_fields=quarantined_fields,
        gone=len(gone),
        conflicts=len(in_conflict),
        waiting_rows=row_runs(waiting_rows),
        several_rows=row_runs(several_rows),
        conflict_rows=_conflict_rows(batch, in_conflict),
        changes=changes,
    )
    return Merge(outcome=outcome, changed=state < 2, repeated=repeated, gone=gone, gone_before=gone_before)


def _rows_of(batch: Batch, found: NDArray[np.bool_], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows of the file that some of the target's rows were made of."""
    pieces = batch.tables.get("pieces")
    if batch.target != "joined" or pieces is None:
        return numbers[found]
    these = pieces["join_id"].isin(batch.tables["joined"].loc[found, "join_id"]) & (pieces["position"] > 0)
    return pieces.loc[these, "position"].to_numpy(dtype=np.int64)


def _disagreeing(reports: pd.DataFrame) -> NDArray[np.object_]:
    """Administrations with several reports, where there is no store yet in which one was settled."""
    current = reports.loc[reports["record_state"] == "current", "administration_id"].to_numpy(dtype=object)
    return pd.unique(current[pd.Series(current).duplicated()])


def _conflict_rows(batch: Batch, in_conflict: NDArray[np.object_]) -> Runs:
    """Rows of the file that were folded into these administrations."""
    pieces = batch.tables.get("pieces")
    if pieces is None or not len(in_conflict):
        return ()
    # Rows of earlier imports stand before the first of this file.
    positions = pieces.loc[pieces["administration_id"].isin(in_conflict).to_numpy(dtype=bool), "position"]
    return row_runs(positions[positions > 0])


def _parent_of(batch: Batch) -> str | None:
    """The table that the target's rows belong to, where the file does not bring it itself."""
    column = WAITING_TABLES.get(batch.target)
    if column is None:
        return None
    parent = "joined" if not column else "incidents" if column == "incident_id" else "administrations"
    return None if column and parent in batch.tables else parent


def _waiting(connection: Connection, batch: Batch) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows of the target do not find exactly one record that they could belong to, and which find several."""
    target = batch.tables[batch.target]
    parent = _parent_of(batch)
    if parent is None:
        return np.zeros(len(target), dtype=bool), np.zeros(len(target), dtype=bool)
    table = table_named(batch.target)
    column = WAITING_TABLES[batch.target] or "join_id"
    names = MATCHED_BY if parent == "joined" else (table.key, column)
    schema = pa.schema([(name, ARROW_TYPES[table.field(name).type]) for name in dict.fromkeys(names)])
    rows = pa.Table.from_pandas(target[schema.names], schema=schema, preserve_index=False, safe=False)
    connection.register("incoming", rows)
    found = connection.execute(
        sql("SELECT join_id AS key, fits, several FROM ($fits)", fits=sql(FITS, joined="incoming", database="old"))
        if parent == "joined"
        else sql(
            "SELECT $key AS key, true AS fits, false AS several FROM incoming SEMI JOIN old.$parent USING ($column)",
            key=table.key,
            parent=parent,
            column=column,
        )
    ).fetchnumpy()
    connection.unregister("incoming")
    keys_of = {name: found["key"][found[name]] for name in ("fits", "several")}
    fits, several = (target[table.key].isin(keys_of[name]).to_numpy(dtype=bool) for name in ("fits", "several"))
    return ~fits, several


def _gone(connection: Connection, batch: Batch) -> tuple[pd.Series, pd.Series]:
    """Keys of current and of withdrawn rows of the same source that a full extract speaks of and does not hold."""
    if batch.full is None:
        return pd.Series(dtype=object), pd.Series(dtype=object)
    table = table_named(batch.target)
    dated, values = "", [batch.import_row["source"]]
    if batch.full.first_day:
        day = "stored.local_date"
        if "local_date" not in table.names:
            day = "(SELECT local_date FROM old.incidents i WHERE i.incident_id = stored.incident_id)"
        dated = f"AND {day} BETWEEN ? AND ?"
        values += [batch.full.first_day, batch.full.last_day]
    connection.register("kept", pa.table({"key": pa.array(batch.full.kept, pa.string(), from_pandas=True)}))
    frame = connection.execute(
        sql(
            """
            SELECT stored.$key AS key, stored.record_state = 'withdrawn' AS before
            FROM old.$table stored ANTI JOIN kept ON kept.key = stored.$key
            WHERE stored.source IS NOT DISTINCT FROM ? $dated
            """,
            key=table.key,
            table=table.name,
            dated=dated,
        ),
        values,
    ).df()
    connection.unregister("kept")
    return frame.loc[~frame["before"], "key"], frame.loc[frame["before"], "key"]


def same_file(batch: Batch) -> list[Any]:
    """The values of SAME_FILE: an earlier import of this very file into this table."""
    return [batch.import_row["file_hash"], batch.target, batch.import_row["source"]]


def _states(connection: Connection, *, table: Table, rows: pd.DataFrame) -> NDArray[np.int8]:
    """For each row 0 where its key is new, 1 where it differs from the stored row, 2 where it is the same."""
    incoming = pa.table(
        {
            "position": pa.array(np.arange(len(rows))),
            "key": pa.array(rows[table.key], pa.string(), from_pandas=True),
            "row_hash": pa.array(rows["row_hash"], pa.string(), from_pandas=True),
            "record_state": pa.array(rows["record_state"], pa.string(), from_pandas=True),
        }
    )
    connection.register("incoming", incoming)
    states = connection.execute(
        sql(
            """
            SELECT incoming.position, CASE
                       WHEN stored.$key IS NULL THEN 0
                       WHEN (stored.row_hash, stored.record_state = 'withdrawn')
                            IS NOT DISTINCT FROM (incoming.row_hash, incoming.record_state = 'withdrawn') THEN 2
                       ELSE 1
                   END AS state
            FROM incoming LEFT JOIN old.$table stored ON stored.$key = incoming.key
            """,
            key=table.key,
            table=table.name,
        )
    ).fetchnumpy()
    connection.unregister("incoming")
    ordered = np.empty(len(rows), dtype=np.int8)
    ordered[states["position"]] = states["state"]
    return ordered
