"""An import's batch becomes a new snapshot: what it replaces is kept, what it holds unchanged is noted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from data.keys import Keys
from data.schema import table_named
from data.settings import Settings
from data.snapshots import Pointer, read_pointer, stage, writer_lock
from data.store.batch import Batch, ImportOutcome, check_batch
from data.store.comparing import Merge, compare, link_column, same_file
from data.store.confirming import confirmed_too, read_confirmations
from data.store.connection import Connection, sql, tables_of, write_errors_named
from data.store.ddl import schema_version
from data.store.errors import StoreMixedError, StoreSchemaError
from data.store.rewriting import (
    LOCK_WAIT_S,
    Entry,
    Marks,
    Tell,
    mark_gone,
    rewrite,
    select_gone,
    tell_nobody,
    version_of,
)
from wording import _

__all__ = ["preview_batch", "write_batch"]

# A file that holds this share of an earlier one's records again is a newer version of it; some may have been deleted.
_SHARE_AGAIN = 0.9


def write_batch(
    *,
    settings: Settings,
    keys: Keys,
    batch: Batch,
    on_progress: Tell | None = None,
    who: str | None = None,
    purpose: str = "",
    lock_wait_s: float = LOCK_WAIT_S,
) -> ImportOutcome:
    """Merge `batch` into the store of `settings` and publish the result as a new snapshot, or change nothing at all.

    The target table's row decides: an unknown key is imported; the same row_hash is unchanged; another one is updated,
    and then its parent is updated too and its children from the same source are replaced. What a full extract lacks
    becomes withdrawn. What is replaced is kept with the import's id. The same file with nothing changed makes no new
    snapshot. Raises StoreError; waits up to `lock_wait_s` seconds for another import.
    """
    check_batch(batch)
    folder = settings.store_folder
    tell = on_progress or tell_nobody
    with writer_lock(folder, wait_s=lock_wait_s, on_wait=tell), write_errors_named(folder):
        pointer = _pointer_for(batch, settings)
        tell(_("Comparing the file with what is stored."))
        merge = compare(settings=settings, keys=keys, batch=batch, pointer=pointer)
        outcome = merge.outcome
        if merge.repeated and not merge.changes:
            return outcome
        staging = stage(folder)
        version = version_of(staging)
        import_row = dict(batch.import_row) | {
            "target": batch.target,
            "rows_imported": outcome.imported,
            "rows_updated": outcome.updated,
            "rows_unchanged": outcome.unchanged,
            "rows_folded": outcome.folded,
            "rows_withdrawn": outcome.withdrawn,
            "rows_waiting": outcome.waiting,
            "rows_quarantined": outcome.quarantined_rows,
            "fields_quarantined": outcome.quarantined_fields,
            "records_gone": outcome.gone,
            "version": version,
        }
        counts = {name: import_row[name] for name in import_row if name.startswith(("rows_", "fields_", "records_"))}
        if batch.report:
            import_row["report"] = batch.report(replace(outcome, version=version))
        incoming = {**merge.changed_rows(batch), "quarantine": batch.quarantine}
        incoming["imports"] = _imports_frame(import_row)

        def mark(connection: Connection) -> Marks:
            return _mark_replaced(connection, batch=batch, incoming=incoming, merge=merge)

        after = rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=batch.synthetic,
            mark=mark,
            incoming=incoming,
            contents=batch.contents,
            staging=staging,
            entry=Entry(
                action="import",
                who=who,
                purpose=purpose,
                details=counts
                | {
                    "import_id": str(import_row["import_id"]),
                    "target": batch.target,
                    "file_hash": import_row["file_hash"],
                },
            ),
            tell=tell,
        )
    return replace(outcome, version=version, matched=after.matched, placed=after.placed, conflicts=after.conflicts)


def preview_batch(*, settings: Settings, keys: Keys, batch: Batch) -> ImportOutcome:
    """What `write_batch` would do, without writing anything. Raises StoreError.

    `matched` is only known of a snapshot that is written.
    """
    check_batch(batch)
    with write_errors_named(settings.store_folder):
        pointer = _pointer_for(batch, settings)
        return compare(settings=settings, keys=keys, batch=batch, pointer=pointer).outcome


def _pointer_for(batch: Batch, settings: Settings) -> Pointer | None:
    folder = settings.store_folder
    pointer = read_pointer(folder)
    holds_synthetic = pointer.synthetic if pointer else settings.store.synthetic
    if batch.synthetic != holds_synthetic:
        raise StoreMixedError(folder=folder, store_is_synthetic=holds_synthetic)
    if pointer and pointer.current.schema_version != schema_version():
        raise StoreSchemaError(folder=folder)
    return pointer


def _imports_frame(import_row: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([import_row], columns=list(table_named("imports").names))


def _mark_replaced(
    connection: Connection, *, batch: Batch, incoming: Mapping[str, pd.DataFrame], merge: Merge
) -> Marks:
    """Fill the gone_* tables: stored rows that are not carried over, since this batch replaces them."""
    for name, frame in incoming.items():
        mark_gone(connection, table_named(name), frame[table_named(name).key])
    source = batch.import_row["source"]
    target_rows = incoming[batch.target]
    for name in batch.tables:
        table = table_named(name)
        if name != batch.target and table.key not in table_named(batch.target).names:
            # Children that the new version of their parent no longer has.
            link = link_column(batch.target, name)
            connection.register("parents", pa.table({"key": pa.array(target_rows[link].unique(), pa.string())}))
            select_gone(
                connection,
                table,
                "stored.source IS NOT DISTINCT FROM ? AND stored.$link IN (SELECT key FROM parents)",
                [source],
                link=link,
            )
            connection.unregister("parents")
    quarantine = table_named("quarantine")
    select_gone(
        connection,
        quarantine,
        """stored.import_id IN (SELECT import_id FROM old.imports
           WHERE file_hash = ? AND target = ? AND source IS NOT DISTINCT FROM ?)""",
        same_file(batch),
    )
    # What is still wrong with a record of the file is in the batch: earlier entries about it are no more.
    spoken_of = (batch.tables[batch.target][table_named(batch.target).key], batch.quarantine["record_id"].dropna())
    healed = np.concatenate([column.to_numpy(dtype=object) for column in spoken_of])
    connection.register("healed", pa.table({"key": pa.array(healed, pa.string())}))
    select_gone(
        connection, quarantine, "stored.target = ? AND stored.record_id IN (SELECT key FROM healed)", [batch.target]
    )
    connection.unregister("healed")
    known = read_confirmations(connection, tables_of(connection, "old"))
    _heal_without_key(connection, batch=batch, known=known)
    import_id = str(batch.import_row["import_id"])
    if len(merge.gone):
        mark_gone(connection, table_named(batch.target), merge.gone)
        connection.register("lacking", pa.table({"key": pa.array(merge.gone, pa.string())}))
        connection.execute(
            sql(
                """
                CREATE TEMP TABLE back_$table AS
                SELECT stored.* REPLACE ('withdrawn' AS record_state, ? AS import_id, NULL::VARCHAR AS confirmed_by)
                FROM temp.base_$table stored SEMI JOIN lacking ON lacking.key = stored.$key
                """,
                table=batch.target,
                key=table_named(batch.target).key,
            ),
            [import_id],
        )
        connection.unregister("lacking")
    return Marks(
        replaced_by=import_id,
        confirmations=confirmed_too(known, import_id),
        back=frozenset([batch.target] if len(merge.gone) else []),
        confirmed=_mark_confirmed(connection, batch, merge),
    )


def _heal_without_key(connection: Connection, *, batch: Batch, known: Mapping[str, tuple[str, ...]]) -> None:
    """Leave out rows without a key of earlier files that this one is a newer version of: it holds their records again.

    Nothing leads from such a row to the corrected one but its file. What is still wrong with it is in the batch.
    """
    stands_for = [{"found": found, "import_id": each} for found, imports in known.items() for each in imports]
    held = pa.Table.from_pylist(stands_for, pa.schema([("found", pa.string()), ("import_id", pa.string())]))
    target = table_named(batch.target)
    # Earlier versions too: an import holds a record although a later one changed it.
    past = f"past_{target.name}"
    versions = "SELECT $key, source, record_state, import_id, confirmed_by FROM "
    rows = [f"{versions} temp.base_$target"] if target.name in tables_of(connection, "old") else []
    rows += [f"{versions} old.$past"] if past in tables_of(connection, "old") else []
    if not rows:
        return
    connection.register("stands_for", held)
    connection.register("again", pa.table({"key": pa.array(batch.tables[target.name][target.key], pa.string())}))
    select_gone(
        connection,
        table_named("quarantine"),
        """
        stored.target = ? AND stored.record_id IS NULL AND stored.import_id IN (
            SELECT import_id FROM (
                SELECT DISTINCT v.$key AS key, s.import_id
                FROM (SELECT $key, unnest([import_id, confirmed_by]) AS found FROM ($versions)
                      WHERE source IS NOT DISTINCT FROM ? AND record_state <> 'withdrawn') v
                JOIN stands_for s USING (found)
            ) held
            LEFT JOIN again USING (key)
            GROUP BY import_id HAVING avg((again.key IS NOT NULL)::INT) >= ?
        )
        """,
        [batch.target, batch.import_row["source"], _SHARE_AGAIN],
        versions=sql(" UNION ALL ".join(rows), key=target.key, target=target.name, past=past),
        key=target.key,
    )
    connection.unregister("again")
    connection.unregister("stands_for")


def _mark_confirmed(connection: Connection, batch: Batch, merge: Merge) -> str | None:
    """Note which stored rows the file held unchanged: they stay when the import that brought them is undone."""
    same = batch.tables[batch.target].loc[~merge.changed, table_named(batch.target).key]
    keys = np.concatenate([same.to_numpy(dtype=object), merge.gone_before.to_numpy(dtype=object)])
    if not len(keys):
        return None
    connection.register("same", pa.table({"key": pa.array(keys, pa.string())}))
    connection.execute("CREATE TEMP TABLE confirmed AS FROM same")
    connection.unregister("same")
    return batch.target
