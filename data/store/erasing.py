"""Erasing a person, an officer or one record, from the current snapshot and from every earlier one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from data.keys import Keys
from data.schema import TABLES, table_named
from data.settings import Settings
from data.snapshots import StoreDamagedError
from data.store.connection import Connection, fetch_one, opened_snapshot, sql, tables_of
from data.store.errors import RecordNotFoundError
from data.store.joining import FITS
from data.store.rewriting import Entry, Marks, held_for_change, in_content, mark_gone, rewrite, select_gone
from wording import _, format_count, join_words, ngettext

__all__ = ["OFFICER_TABLES", "Erasure", "erase"]


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What was erased; `snapshots_left` hold it still because another program has them open."""

    version: str
    rows: Mapping[str, int]
    snapshots_removed: tuple[str, ...]
    snapshots_left: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """The erasure in sentences."""
        tables = [
            _("{table}: {rows}").format(table=table, rows=format_count(rows))
            for table, rows in self.rows.items()
            if rows
        ]
        removed = len(self.snapshots_removed)
        lines = [
            _("Erased or unlinked rows in {tables}.").format(tables=join_words(tables)),
            ngettext(
                "{count} earlier snapshot that held them is gone.",
                "{count} earlier snapshots that held them are gone.",
                removed,
            ).format(count=format_count(removed)),
        ]
        if self.snapshots_left:
            lines.append(_("Some earlier snapshots are still open in another program. Close it and erase again."))
        return tuple(lines)


def erase(*, settings: Settings, keys: Keys, token: str, who: str | None = None, purpose: str) -> Erasure:
    """Take a person, an officer or one record out of the store: a new snapshot without them, earlier ones removed.

    A person's or record's rows go with all that hangs on them, and an incident that then has nobody left goes too. An
    officer's carrier and shift rows go; doses and kits stay and no longer say whose they were. The journal says that
    it was done, by whom and why, not which token. Raises RecordNotFoundError and other StoreErrors.
    """
    folder = settings.store_folder
    with held_for_change(folder) as pointer:
        with opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection:
            gone, unlinked = _find_erased(connection, token)
            erased = pa.table({"key": pa.array([token, *pd.concat(list(gone.values()))], pa.string())})
            earlier = _mark_past_erased(connection, erased, token)
        rows = {name: len(gone[name]) + unlinked.get(name, 0) for name in gone if len(gone[name]) or name in unlinked}
        rows |= {f"past_{name}": count for name, count in earlier.items() if count}
        if not rows:
            raise RecordNotFoundError()
        holding = {pointer.current.file} | {
            snapshot.file
            for snapshot in pointer.previous
            if _holds(settings=settings, keys=keys, file=folder / snapshot.file, erased=erased, token=token)
        }

        def mark(connection: Connection) -> Marks:
            for name, found in gone.items():
                mark_gone(connection, table_named(name), found)
            past = _mark_past_erased(connection, erased, token)
            return Marks(unlinked=token, past=frozenset(past))

        version = rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            mark=mark,
            without=frozenset(holding),
            entry=Entry(action="erase", who=who, purpose=purpose, details={"rows": rows, "removed": sorted(holding)}),
        ).version
    left = tuple(sorted(file for file in holding if (folder / file).exists()))
    return Erasure(
        version=version, rows=rows, snapshots_removed=tuple(sorted(holding - set(left))), snapshots_left=left
    )


# Tables whose rows are about an officer alone; elsewhere the officer's token is only taken out of the row.
OFFICER_TABLES = ("carriers", "shifts")


def _find_erased(connection: Connection, token: str) -> tuple[dict[str, pd.Series], dict[str, int]]:
    """Keys of the rows that go, by table, and how many rows only lose an officer's token."""
    for table in TABLES:
        connection.execute(sql("CREATE TEMP TABLE gone_$table (key VARCHAR)", table=table.name))
    administrations, incidents = table_named("administrations"), table_named("incidents")
    select_gone(connection, administrations, "? IN (administration_id, incident_id, person_token)", [token])
    select_gone(
        connection,
        incidents,
        """
        incident_id = ? OR incident_id IN (
            SELECT incident_id FROM old.administrations GROUP BY incident_id
            HAVING count(*) = count(*) FILTER (administration_id IN (SELECT key FROM temp.gone_administrations)))
        """,
        [token],
    )
    connection.execute("CREATE TEMP TABLE found AS " + sql(FITS, joined="old.joined", database="old"))
    for table in sorted(TABLES, key=lambda table: table.name != "joined"):
        if table not in (administrations, incidents) and table.field(table.key).token:
            conditions = [f"{table.key} = ?"]
            if table.name == "joined":
                conditions.append(
                    """person_token = ? OR join_id IN (
                        SELECT join_id FROM temp.found WHERE incident_id IN (SELECT key FROM temp.gone_incidents)
                        OR administration_id IN (SELECT key FROM temp.gone_administrations))"""
                )
            elif "join_id" in table.names:
                conditions.append("join_id IN (SELECT key FROM temp.gone_joined)")
            for parent in (administrations, incidents):
                if parent.key in table.names:
                    conditions.append(
                        sql("$key IN (SELECT key FROM temp.gone_$parent)", key=parent.key, parent=parent.name)
                    )
            if table.name in OFFICER_TABLES:
                conditions.append("officer_token = ?")
            condition = " OR ".join(conditions)
            select_gone(connection, table, condition, [token] * condition.count("?"))
    records = " UNION ALL ".join(
        sql("SELECT key FROM temp.gone_$table", table=table.name) for table in TABLES if table.name != "quarantine"
    )
    select_gone(
        connection, table_named("quarantine"), "record_id = ? OR record_id IN ($records)", [token], records=records
    )
    gone = {
        table.name: connection.execute(sql("SELECT DISTINCT key FROM temp.gone_$table", table=table.name)).df()["key"]
        for table in TABLES
    }
    unlinked = {
        table.name: fetch_one(
            connection, sql("SELECT count(*) FROM old.$table WHERE officer_token = ?", table=table.name), [token]
        )
        for table in TABLES
        if "officer_token" in table.names and table.name not in OFFICER_TABLES
    }
    unlinked["pieces"] = fetch_one(
        connection,
        """SELECT count(*) FROM old.pieces
           WHERE contains(content, ?) AND piece_id NOT IN (SELECT key FROM temp.gone_pieces)""",
        [in_content(token)],
    )
    return gone, {name: rows for name, rows in unlinked.items() if rows}


def _mark_past_erased(connection: Connection, erased: pa.Table, token: str) -> dict[str, int]:
    """Fill kept_<table> with the earlier versions that say nothing of what is erased; how many go, by table."""
    connection.register("erased", erased)
    gone = {}
    stored = tables_of(connection, "old")
    for table in TABLES:
        if f"past_{table.name}" not in stored:
            continue
        told_by = [item.name for item in table.fields if item.token or item.name == "record_id"]
        if table.name not in OFFICER_TABLES and "officer_token" in told_by:
            told_by.remove("officer_token")
        said = " OR ".join(sql("coalesce($name IN (SELECT key FROM erased), false)", name=name) for name in told_by)
        names = {"table": table.name, "said": said}
        texts = {
            "officer_token": "if(officer_token IN (SELECT key FROM erased), NULL, officer_token)",
            "content": "replace(content, ?, 'null')",
        }
        texts = {name: text for name, text in texts.items() if name in table.names and name not in told_by}
        changed = ", ".join(f"{text} AS {name}" for name, text in texts.items())
        names["columns"] = f"* REPLACE ({changed})" if changed else "*"
        connection.execute(
            sql("CREATE TEMP TABLE kept_$table AS SELECT $columns FROM old.past_$table WHERE NOT ($said)", **names),
            [in_content(token)] if "content" in texts else [],
        )
        gone[table.name] = fetch_one(connection, sql("SELECT count(*) FROM old.past_$table WHERE $said", **names))
    connection.unregister("erased")
    return gone


def _holds(*, settings: Settings, keys: Keys, file: Path, erased: pa.Table, token: str) -> bool:
    """Whether any key or token in a snapshot is among the erased; a file that cannot be read is taken to hold them."""
    try:
        with opened_snapshot(settings=settings, keys=keys, file=file) as connection:
            stored = tables_of(connection, "old")
            connection.register("erased", erased)
            return any(
                fetch_one(
                    connection,
                    sql(
                        "SELECT count(*) FROM old.$table WHERE $column IN (SELECT key FROM erased)",
                        table=f"{kind}{table.name}",
                        column=item.name,
                    ),
                )
                for table in TABLES
                for kind in ("", "own_", "past_")
                for item in table.fields
                if (item.token or item.name == "record_id") and item.name in stored.get(f"{kind}{table.name}", ())
            ) or any(
                fetch_one(
                    connection,
                    sql("SELECT count(*) FROM old.$table WHERE contains(content, ?)", table=name),
                    [in_content(token)],
                )
                for name in ("pieces", "past_pieces")
                if name in stored
            )
    except StoreDamagedError:
        return True
