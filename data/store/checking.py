"""Whether a store is whole: key, schema, counts, links, every block, and the journal's chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from data.journal import Journal, JournalHead, JournalTamperedError
from data.keys import Keys
from data.schema import TABLES, table_named
from data.settings import Settings
from data.snapshots import StoreDamagedError, existing_pointer
from data.store.connection import Connection, count_rows, fetch_one, opened_snapshot, read_about, sql, tables_of
from data.store.ddl import schema_version
from data.store.errors import StoreSchemaError
from wording import _, format_count, join_words, ngettext

__all__ = ["StoreCheck", "check_store"]


@dataclass(frozen=True, kw_only=True)
class StoreCheck:
    """What `check_store` found; `problems` are sentences, none where all is well."""

    version: str
    synthetic: bool
    schema_version: str
    created_at: datetime
    snapshots: tuple[str, ...]
    rows: Mapping[str, int]
    journal_entries: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def lines(self) -> tuple[str, ...]:
        """The check in sentences."""
        kind = _("synthetic records") if self.synthetic else _("real records")
        tables = [
            _("{table}: {rows}").format(table=table, rows=format_count(rows))
            for table, rows in self.rows.items()
            if rows
        ]
        return (
            _("Snapshot {version}, {kind}.").format(version=self.version, kind=kind),
            _("Rows in {tables}.").format(tables=join_words(tables)) if tables else _("No rows."),
            ngettext("{count} snapshot is kept.", "{count} snapshots are kept.", len(self.snapshots)).format(
                count=format_count(len(self.snapshots))
            ),
            ngettext(
                "The journal's chain of {count} entry is whole.",
                "The journal's chain of {count} entries is whole.",
                self.journal_entries,
            ).format(count=format_count(self.journal_entries))
            if self.journal_entries
            else _("The journal has no entry that can be vouched for."),
            *(self.problems or (_("Nothing is wrong."),)),
        )


def check_store(*, settings: Settings, keys: Keys) -> StoreCheck:
    """Open the current snapshot and verify key, schema, counts, links and every block, then the journal's chain.

    Works for real stores too. Raises StoreMissingError, StoreKeyError, StoreDamagedError; what else is wrong is listed.
    """
    folder = settings.store_folder
    pointer = existing_pointer(folder)
    file = folder / pointer.current.file
    journal = Journal(folder=folder, keys=keys)
    problems: list[str] = []
    with opened_snapshot(settings=settings, keys=keys, file=file) as connection:
        try:
            about = read_about(connection, "old", file=file)
            written = sorted(tables_of(connection, "old").keys() - {"about", "row_counts"})
            rows = count_rows(connection, "old", written)
            if about["version"] != pointer.current.version or about["synthetic"] != pointer.synthetic:
                problems.append(_("current.json and the snapshot it names do not say the same."))
            if about["schema_version"] != schema_version():
                problems.append(str(StoreSchemaError(folder=folder)))
            noted = dict(connection.execute("SELECT name, rows FROM old.row_counts").fetchall())
            problems += [
                _("The table {table} has {rows} rows and should have {noted}.").format(
                    table=name, rows=format_count(rows.get(name, 0)), noted=format_count(count)
                )
                for name, count in noted.items()
                if rows.get(name) != count
            ]
            problems += _broken_links(connection, rows)
        except duckdb.Error:
            # A block that does not decrypt to what was written: the cipher's tag shows it.
            raise StoreDamagedError(file=file) from None
    problems += [
        str(StoreDamagedError(file=folder / snapshot.file))
        for snapshot in pointer.previous
        if not (folder / snapshot.file).exists()
    ]
    entries = 0
    try:
        entries = journal.verify()
        journal.verify_head(JournalHead(entries=about["journal_entries"], chain=about["journal_chain"]))
    except JournalTamperedError as error:
        problems.append(str(error))
    return StoreCheck(
        version=pointer.current.version,
        synthetic=about["synthetic"],
        schema_version=about["schema_version"],
        created_at=about["created_at"].astimezone(ZoneInfo(settings.time_zone)),
        snapshots=tuple(
            snapshot.version for snapshot in (pointer.current, *pointer.previous) if (folder / snapshot.file).exists()
        ),
        rows=rows,
        journal_entries=entries,
        problems=tuple(problems),
    )


def _broken_links(connection: Connection, rows: Mapping[str, int]) -> list[str]:
    """Keys that occur twice and rows whose administration or incident is not there; reads every column on the way."""
    problems = []
    parents = [table_named("incidents"), table_named("administrations")]
    for table in TABLES:
        if table.name not in rows:
            continue
        connection.execute(sql("SELECT count(COLUMNS(*)) FROM old.$table", table=table.name)).fetchall()
        once = fetch_one(
            connection, sql("SELECT count(DISTINCT $key) FROM old.$table", key=table.key, table=table.name)
        )
        if once != rows[table.name]:
            problems.append(_("Keys in the table {table} occur twice.").format(table=table.name))
        for parent in parents:
            if parent is not table and parent.key in table.names and table.name not in ("joined", "settlements"):
                lost = fetch_one(
                    connection,
                    sql(
                        """
                        SELECT count(*) FROM old.$table ANTI JOIN old.$parent USING ($key)
                        WHERE record_state <> 'waiting' $own
                        """,
                        table=table.name,
                        parent=parent.name,
                        key=parent.key,
                        # Rows that a second file's were made of belong to that, whosever it is.
                        own="AND join_id IS NULL" if table.name == "pieces" else "",
                    ),
                )
                if lost:
                    problems.append(
                        _("{rows} rows of {table} belong to nothing in {parent}.").format(
                            rows=format_count(lost), table=table.name, parent=parent.name
                        )
                    )
    return problems
