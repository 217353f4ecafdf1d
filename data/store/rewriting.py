"""Every write: a whole new snapshot of the one before and the change, journalled and then put into use."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.journal import Journal, JournalHead, operating_system_user
from data.keys import Keys
from data.schema import TABLES, Table
from data.settings import Settings
from data.snapshots import WRITER_SPILL_FOLDER, Pointer, existing_pointer, publish, stage, writer_lock
from data.store.confirming import CONFIRMED_TOO, read_confirmations, write_confirmations
from data.store.conflicts import OPEN_CONFLICTS, count_settled
from data.store.connection import (
    Connection,
    count_rows,
    fetch_one,
    opened,
    read_about,
    sql,
    tables_of,
    write_errors_named,
)
from data.store.ddl import ARROW_TYPES, counted_steps, schema_version, table_ddl
from data.store.errors import StoreSchemaError
from data.store.joining import count_placed, count_turned, join_files
from wording import _

__all__ = [
    "LOCK_WAIT_S",
    "ROWS_AT_ONCE",
    "Entry",
    "Marks",
    "Tell",
    "Written",
    "has_past",
    "held_for_change",
    "in_content",
    "mark_gone",
    "rewrite",
    "select_gone",
    "tell_nobody",
    "version_of",
    "view_base",
]

Tell = Callable[[str], None]

# Rows turned into Arrow at once: large enough for DuckDB's row groups (122,880), small enough to bound memory.
ROWS_AT_ONCE = 122_880
LOCK_WAIT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What a rewrite does beside leaving out the rows in gone_*.

    `replaced_by` is the import that replaces them: they are then kept. Rows in temporary tables back_<table> of the
    tables in `back` come in, and kept_<table> holds all earlier versions of the tables in `past`. `confirmed` is the
    table some of whose rows the import held unchanged: their keys are in the table confirmed. `confirmations` says what
    ids of confirming imports stand for afterwards, where that changes. With `forgets` an import is no more: the table
    confirmed_without has what each id is without it.
    """

    replaced_by: str | None = None
    back: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()
    confirmed: str | None = None
    confirmations: Mapping[str, tuple[str, ...]] | None = None
    forgets: bool = False
    unlinked: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the journal is told about a write."""

    action: str
    who: str | None
    purpose: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A snapshot that was published, rows that waited in the one before and no longer do, incidents that have a place
    by these, and open conflicts in it. Without an import: rows that wait again."""

    version: str
    matched: int
    placed: int
    wait_again: int
    conflicts: int


def tell_nobody(_sentence: str) -> None:
    """Progress that nobody asked for."""


def version_of(staging: Path) -> str:
    """The version that a file which is being written will be."""
    return staging.stem.removeprefix("staging-")


def rewrite(
    *,
    settings: Settings,
    keys: Keys,
    pointer: Pointer | None,
    synthetic: bool,
    entry: Entry,
    mark: Callable[[Connection], Marks] | None = None,
    incoming: Mapping[str, pd.DataFrame] | None = None,
    contents: Callable[[NDArray[np.int64]], pa.ChunkedArray] | None = None,
    without: frozenset[str] = frozenset(),
    staging: Path | None = None,
    tell: Tell = tell_nobody,
) -> Written:
    """Write and publish a snapshot: the current one's rows but those that `mark` puts into gone_*, and `incoming`.

    `contents` makes what a batch leaves out until its rows of `pieces` are written. `without` names earlier snapshots
    to remove for good. Under the writer's lock.
    """
    folder = settings.store_folder
    journal = Journal(folder=folder, keys=keys)
    staging = staging or stage(folder)
    attach = {"fresh": (staging, True)}
    if pointer:
        attach["old"] = (folder / pointer.current.file, False)
    try:
        spill = folder / WRITER_SPILL_FOLDER
        with opened(settings=settings, keys=keys, attach=attach, spill=spill) as connection:
            # Few commits, since each waits for the disk; but a large table's rows stay in memory until theirs.
            connection.execute("BEGIN")
            stored = tables_of(connection, "old") if pointer else {}
            view_base(connection, stored)
            for table in TABLES:
                connection.execute(sql("CREATE TEMP TABLE gone_$table (key VARCHAR)", table=table.name))
            marks = mark(connection) if pointer and mark else Marks()
            for table in TABLES:
                tell(_("Writing the table {table}.").format(table=table.name))
                connection.execute(table_ddl(table))
                rows = 0
                if table.name in stored:
                    rows += _carry_over(connection, table, stored=stored, marks=marks)
                if incoming and table.name in incoming:
                    rows += _load(connection, table, incoming[table.name], contents)
                if rows >= ROWS_AT_ONCE:
                    connection.execute("COMMIT")
                    connection.execute("BEGIN")
            if pointer:
                known = marks.confirmations or read_confirmations(connection, stored)
                write_confirmations(connection, known, tables_of(connection, "fresh"))
            connection.execute("COMMIT")
            tell(_("Putting the administrations in order."))
            connection.execute("BEGIN")
            join_files(connection)
            count_settled(connection)
            matched = count_turned(connection, stored, was="waiting", now="current")
            placed = count_placed(connection, stored)
            wait_again = count_turned(connection, stored, was="current", now="waiting") if marks.forgets else 0
            if marks.forgets:
                _forget_where_read(connection)
            still_open = sql(OPEN_CONFLICTS, database="fresh")
            conflicts = fetch_one(connection, sql("SELECT count(*) FROM ($still_open)", still_open=still_open))
            disturbed = version_of(staging)
            if entry.action == "import" and pointer:
                disturbed = read_about(connection, "old", file=folder / pointer.current.file).get("disturbed")
            elif entry.action == "import":
                disturbed = None
            _finish(connection, synthetic=synthetic, version=staging, head=journal.head(), disturbed=disturbed)
        # The last word before the switch: whoever stops at one finds the store as it was.
        tell(_("Putting the new snapshot into use."))
        details = dict(entry.details) | {"previous": pointer.current.version if pointer else None}
        who = entry.who or operating_system_user()
        # Before the switch: a change that counts is always in the journal, a journalled change may not have come about.
        journal.record(
            action=entry.action,
            who=who,
            purpose=entry.purpose,
            details=details | {"version": version_of(staging)},
        )
        published = publish(
            folder=folder,
            staging=staging,
            synthetic=synthetic,
            schema_version=schema_version(),
            kept=settings.store.snapshots_kept,
            without=without,
        )
    except BaseException:
        for leftover in folder.glob(staging.name + "*"):
            leftover.unlink()
        raise
    return Written(
        version=published.current.version, matched=matched, placed=placed, wait_again=wait_again, conflicts=conflicts
    )


@contextmanager
def held_for_change(folder: Path) -> Iterator[Pointer]:
    """The snapshot in use, of this program's schema, while nobody else can switch to another. Raises StoreError."""
    # Asked before the lock too, which would make a folder where there is no store.
    existing_pointer(folder)
    with writer_lock(folder, wait_s=LOCK_WAIT_S), write_errors_named(folder):
        pointer = existing_pointer(folder)
        if pointer.current.schema_version != schema_version():
            raise StoreSchemaError(folder=folder)
        yield pointer


def mark_gone(connection: Connection, table: Table, keys: pd.Series) -> None:
    """Leave out the old rows of these keys."""
    connection.register("replaced", pa.table({"key": pa.array(keys, pa.string(), from_pandas=True)}))
    connection.execute(sql("INSERT INTO temp.gone_$table SELECT key FROM replaced", table=table.name))
    connection.unregister("replaced")


def select_gone(connection: Connection, table: Table, condition: str, values: list[Any], **names: str) -> None:
    """Leave out the old rows that a condition holds for; it names the row `stored`, and `names` fill in its texts."""
    connection.execute(
        sql(
            "INSERT INTO temp.gone_$table SELECT stored.$key FROM old.$table stored WHERE $condition",
            table=table.name,
            key=table.key,
            condition=sql(condition, **names),
        ),
        values,
    )


def view_base(connection: Connection, stored: Mapping[str, tuple[str, ...]]) -> None:
    """Views base_<table>: the old rows without what second files and settlements laid over them."""
    for table in TABLES:
        if table.name in stored:
            own = f"own_{table.name}"
            rows = "FROM old.$table"
            if own in stored:
                rows = "FROM old.$table ANTI JOIN old.$own USING ($key) UNION ALL BY NAME FROM old.$own"
            names = {"table": table.name, "own": own, "key": table.key}
            connection.execute(sql("CREATE TEMP VIEW base_$table AS $rows", rows=sql(rows, **names), **names))


def _carry_over(connection: Connection, table: Table, *, stored: Mapping[str, tuple[str, ...]], marks: Marks) -> int:
    """Copy the rows that stay and return how many, beside them those that come back and earlier versions of rows."""
    texts, values = _column_texts(table, stored[table.name], marks)
    names = {"table": table.name, "key": table.key, "columns": ", ".join(texts)}
    copied = connection.execute(
        sql(
            """
            INSERT INTO fresh.$table SELECT $columns FROM temp.base_$table stored
            ANTI JOIN temp.gone_$table gone ON gone.key = stored.$key
            """,
            **names,
        ),
        values,
    ).fetchall()
    rows = int(copied[0][0])
    if table.name in marks.back:
        connection.execute(sql("INSERT INTO fresh.$table BY NAME FROM temp.back_$table", **names))
    return rows + _write_past(connection, table, stored=stored, marks=marks)


def _column_texts(table: Table, columns: tuple[str, ...], marks: Marks) -> tuple[list[str], list[Any]]:
    """Each column of a table as it is copied. A field that the old file has not yet is not recorded."""
    texts: list[str] = []
    values: list[Any] = []
    for item in table.fields:
        if item.name not in columns:
            texts.append(f"'{item.default}'" if item.default else f"NULL::{item.type}")
        elif marks.unlinked is not None and item.name == "officer_token":
            texts.append("nullif(stored.officer_token, ?)")
            values.append(marks.unlinked)
        elif marks.unlinked is not None and item.name == "content":
            texts.append("replace(stored.content, ?, 'null')")
            values.append(in_content(marks.unlinked))
        elif marks.forgets and item.name == "confirmed_by":
            texts.append("(SELECT without FROM temp.confirmed_without w WHERE w.confirmation_id = stored.confirmed_by)")
        elif item.name == "confirmed_by" and table.name == marks.confirmed:
            held = "if(stored.$key IN (SELECT key FROM temp.confirmed), $too, stored.confirmed_by)"
            texts.append(sql(held, key=table.key, too=CONFIRMED_TOO))
            values += [marks.replaced_by, marks.replaced_by]
        else:
            texts.append(f'stored."{item.name}"')
    return texts, values


def in_content(token: str) -> str:
    """A token as the content of a row of `pieces` has it."""
    return f'"{token}"'


def has_past(table: Table) -> bool:
    """Whether replaced rows are kept: not those of imports themselves, nor of what people decided."""
    return "import_id" in table.names and table.name != "imports"


def _write_past(connection: Connection, table: Table, *, stored: Mapping[str, tuple[str, ...]], marks: Marks) -> int:
    """Carry over the earlier versions of a table's rows and add those that are replaced now; returns how many."""
    if not has_past(table):
        return 0
    past = f"past_{table.name}"
    names = {"table": table.name, "past": past, "key": table.key}
    columns = ", ".join(f'"{item.name}"' for item in table.fields)
    parts, values = [], []
    if table.name in marks.past:
        parts.append(sql("SELECT $columns, replaced_by FROM temp.kept_$table", columns=columns, **names))
    elif past in stored:
        texts, bound = _column_texts(table, stored[past], replace(marks, confirmed=None))
        columns_then = ", ".join(texts)
        parts.append(sql("SELECT $columns, stored.replaced_by FROM old.$past stored", columns=columns_then, **names))
        values += bound
    if marks.replaced_by and fetch_one(connection, sql("SELECT count(*) FROM temp.gone_$table", **names)):
        texts, bound = _column_texts(table, stored[table.name], Marks())
        parts.append(
            sql(
                """
                SELECT $columns, ? AS replaced_by FROM temp.base_$table stored
                SEMI JOIN temp.gone_$table gone ON gone.key = stored.$key
                """,
                columns=", ".join(texts),
                **names,
            )
        )
        values += [*bound, marks.replaced_by]
    if not parts:
        return 0
    named = ", ".join([columns, "replaced_by"])
    connection.execute(
        sql(
            "CREATE TABLE fresh.$past AS SELECT * FROM ($rows) earlier($named)",
            rows=" UNION ALL ".join(parts),
            named=named,
            **names,
        ),
        values,
    )
    rows = int(fetch_one(connection, sql("SELECT count(*) FROM fresh.$past", **names)))
    if not rows:
        connection.execute(sql("DROP TABLE fresh.$past", **names))
    return rows


def _forget_where_read(connection: Connection) -> None:
    """Rows that were folded again by a later import do not name the file of one that is no more."""
    for name in {"pieces", "past_pieces"} & tables_of(connection, "fresh").keys():
        connection.execute(
            sql(
                """
                UPDATE fresh.$table SET read_by = NULL, row_number = NULL
                WHERE read_by NOT IN (SELECT import_id FROM fresh.imports)
                """,
                table=name,
            )
        )


def _load(
    connection: Connection,
    table: Table,
    frame: pd.DataFrame,
    contents: Callable[[NDArray[np.int64]], pa.ChunkedArray] | None,
) -> int:
    """Put a frame's rows in, some at a time, with types from the schema; what is missing becomes "not recorded"."""
    schema = pa.schema([(item.name, ARROW_TYPES[item.type]) for item in table.fields])
    columns = ", ".join(
        f"coalesce({item.name}, '{item.default}')" if item.default else f'"{item.name}"' for item in table.fields
    )
    for start in range(0, len(frame), ROWS_AT_ONCE):
        part = frame.iloc[start : start + ROWS_AT_ONCE]
        if contents and table.name == "pieces":
            part = part.assign(content=pd.array(contents(part.index.to_numpy()), dtype=pd.ArrowDtype(pa.string())))
        connection.register("part", pa.Table.from_pandas(part, schema=schema, preserve_index=False, safe=False))
        connection.execute(sql("INSERT INTO fresh.$table SELECT $columns FROM part", table=table.name, columns=columns))
        connection.unregister("part")
        # Until a transaction ends, DuckDB holds what was registered in it, and the rows are in memory twice.
        if start + ROWS_AT_ONCE < len(frame):
            connection.execute("COMMIT")
            connection.execute("BEGIN")
    return len(frame)


def _finish(
    connection: Connection, *, synthetic: bool, version: Path, head: JournalHead, disturbed: str | None
) -> None:
    """Make `counted`, note what the file is and how many rows it should have, and write everything to the file.

    `disturbed` is the version since which only imports have changed the store.
    """
    for step in counted_steps():
        connection.execute(step)
    connection.execute(
        """
        CREATE TABLE fresh.about AS SELECT ?::VARCHAR AS version, ?::BOOLEAN AS synthetic, ?::VARCHAR AS schema_version,
               ?::TIMESTAMPTZ AS created_at, ?::BIGINT AS journal_entries, ?::VARCHAR AS journal_chain,
               ?::VARCHAR AS disturbed
        """,
        [
            version_of(version),
            synthetic,
            schema_version(),
            datetime.now(UTC),
            head.entries,
            head.chain,
            disturbed,
        ],
    )
    connection.execute("CREATE TABLE fresh.row_counts (name VARCHAR, rows BIGINT)")
    written = sorted(tables_of(connection, "fresh").keys() - {"about", "row_counts"})
    for name, rows in count_rows(connection, "fresh", written).items():
        connection.execute("INSERT INTO fresh.row_counts VALUES (?, ?)", [name, rows])
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")
