"""Taking one import out of the store again: what it changed is as it was before."""

from collections.abc import Mapping
from dataclasses import dataclass

from data.keys import Keys
from data.schema import TABLES
from data.settings import Settings
from data.store.connection import Connection, fetch_one, opened_snapshot, sql, tables_of
from data.store.errors import ImportNotFoundError
from data.store.rewriting import Entry, Marks, has_past, held_for_change, rewrite
from wording import _, format_count, join_words

__all__ = ["Undo", "undo_import"]


@dataclass(frozen=True, kw_only=True)
class Undo:
    """An import that was undone: rows of it that went and earlier ones that came back, by table."""

    version: str
    import_id: str
    removed: Mapping[str, int]
    restored: Mapping[str, int]

    def lines(self) -> tuple[str, ...]:
        """The undoing in sentences."""
        sentences = (
            (self.removed, _("Removed: {tables}.")),
            (self.restored, _("As it was before: {tables}.")),
        )
        told = tuple(
            sentence.format(
                tables=join_words(
                    [_("{table}: {rows}").format(table=name, rows=format_count(rows)) for name, rows in counts.items()]
                )
            )
            for counts, sentence in sentences
            if counts
        )
        return (_("The import {import_id} is undone.").format(import_id=self.import_id), *told)


def undo_import(
    *, settings: Settings, keys: Keys, import_id: str | None = None, who: str | None = None, purpose: str = ""
) -> Undo:
    """Take one import (the latest where None) out of the store: what it changed is as it was before.

    What a later import changed again stays as that import left it, and what a later import held unchanged stays; from
    then on it is that import's. The import's quarantine goes, what it had healed comes back, and rows of second files
    that it had matched wait again. Raises ImportNotFoundError and other StoreErrors.
    """
    folder = settings.store_folder
    with held_for_change(folder) as pointer:
        with opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection:
            undone = fetch_one(
                connection,
                """
                SELECT import_id FROM old.imports WHERE import_id = ? OR ? IS NULL
                ORDER BY version DESC NULLS LAST, imported_at DESC LIMIT 1
                """,
                [import_id, import_id],
            )
        if undone is None:
            raise ImportNotFoundError
        removed: dict[str, int] = {}
        restored: dict[str, int] = {}

        def mark(connection: Connection) -> Marks:
            return _mark_undone(connection, undone, removed, restored)

        written = rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            mark=mark,
            entry=Entry(action="undo", who=who, purpose=purpose, details={"import_id": undone}),
        )
    return Undo(version=written.version, import_id=undone, removed=removed, restored=restored)


def _mark_undone(connection: Connection, undone: str, removed: dict[str, int], restored: dict[str, int]) -> Marks:
    """Take out what an import wrote and bring back what it replaced, where it is still the last to have written."""
    connection.execute("CREATE TEMP TABLE undone AS SELECT ?::VARCHAR AS import_id", [undone])
    connection.execute(
        """
        CREATE TEMP TABLE later AS
        SELECT n.import_id, row_number() OVER (ORDER BY n.version, n.imported_at) AS turn
        FROM old.imports n, old.imports m
        WHERE m.import_id = (FROM temp.undone) AND n.import_id <> m.import_id
          AND (coalesce(n.version, ''), n.imported_at) > (coalesce(m.version, ''), m.imported_at)
        """
    )
    connection.execute("INSERT INTO temp.gone_imports FROM temp.undone")
    stored = tables_of(connection, "old")
    past = set()
    for table in filter(has_past, TABLES):
        earlier = f"past_{table.name}"
        confirmed = "confirmed_by" in table.names
        names = {
            "table": table.name,
            "key": table.key,
            # Rows that a later import held unchanged are that import's from then on.
            "heir": "if(confirmed_by IN (SELECT import_id FROM temp.later), confirmed_by, NULL)"
            if confirmed
            else "NULL::VARCHAR",
            "unconfirmed": ", NULL::VARCHAR AS confirmed_by" if confirmed else "",
        }
        for statement in (
            "INSERT INTO temp.gone_$table SELECT $key FROM temp.base_$table WHERE import_id = (FROM temp.undone)",
            """
            CREATE TEMP TABLE back_$table AS
            SELECT * REPLACE ($heir AS import_id $unconfirmed) FROM temp.base_$table
            WHERE import_id = (FROM temp.undone) AND $heir IS NOT NULL
            """,
        ):
            connection.execute(sql(statement, **names))
        count = "SELECT (SELECT count(*) FROM temp.gone_$table) - (SELECT count(*) FROM temp.back_$table)"
        gone = int(fetch_one(connection, sql(count, **names)))
        if earlier in stored:
            past.add(table.name)
            if returned := _mark_past_undone(connection, names):
                restored[table.name] = returned
        if gone:
            removed[table.name] = gone
    return Marks(
        back=frozenset(table.name for table in TABLES if has_past(table)), past=frozenset(past), forgotten=undone
    )


def _mark_past_undone(connection: Connection, names: Mapping[str, str]) -> int:
    """Earlier versions of a table's rows without those of the undone import; returns how many come back into it.

    A version that the undone import replaced is followed by what came after that import's own, and comes back where
    nothing did.
    """
    for statement in (
        """
        CREATE TEMP TABLE written_$table AS
        SELECT $key AS key, import_id, $heir AS heir, replaced_by FROM old.past_$table
        UNION ALL SELECT $key, import_id, $heir, NULL FROM temp.base_$table
        """,
        """
        CREATE TEMP TABLE next_$table AS
        SELECT p.key, coalesce(max(r.heir), max(r.replaced_by), arg_min(later.import_id, later.turn)) AS import_id
        FROM temp.written_$table p
        LEFT JOIN temp.written_$table r ON r.key = p.key AND r.import_id = (FROM temp.undone)
        LEFT JOIN temp.written_$table v ON v.key = p.key
        LEFT JOIN temp.later ON later.import_id = v.import_id
        WHERE p.replaced_by = (FROM temp.undone) GROUP BY p.key
        """,
        """
        INSERT INTO temp.back_$table BY NAME
        SELECT p.* EXCLUDE (replaced_by) FROM old.past_$table p JOIN temp.next_$table n ON n.key = p.$key
        WHERE p.replaced_by = (FROM temp.undone) AND n.import_id IS NULL
        """,
        """
        CREATE TEMP TABLE kept_$table AS
        SELECT p.* REPLACE (
            if(p.replaced_by = (FROM temp.undone), n.import_id, p.replaced_by) AS replaced_by,
            if(p.import_id = (FROM temp.undone), $heir, p.import_id) AS import_id
        )
        FROM old.past_$table p LEFT JOIN temp.next_$table n ON n.key = p.$key
        WHERE (p.import_id <> (FROM temp.undone) OR $heir IS NOT NULL)
          AND (p.replaced_by <> (FROM temp.undone) OR n.import_id IS NOT NULL)
        """,
    ):
        connection.execute(sql(statement, **names))
    return int(fetch_one(connection, sql("SELECT count(*) FROM temp.next_$table WHERE import_id IS NULL", **names)))
