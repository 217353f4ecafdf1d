"""Taking one import out of the store again: what it changed is as it was before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from data.keys import Keys
from data.schema import TABLES, Table, table_named
from data.settings import Settings
from data.snapshots import existing_pointer
from data.store.comparing import link_column
from data.store.confirming import confirmation_id, read_confirmations
from data.store.connection import Connection, fetch_one, opened_snapshot, sql, tables_of
from data.store.errors import ImportNotFoundError
from data.store.rewriting import Entry, Marks, has_past, held_for_change, rewrite
from wording import _, format_count, format_moment, join_words, ngettext

__all__ = ["Undo", "undo_import"]


@dataclass(frozen=True, kw_only=True)
class Undo:
    """An import that was undone.

    `source` is the system or form of its file, `imported_at` its moment on the deployment's clock, `target` the table
    of its rows. `incidents`, `administrations` and `doses` are how many fewer count without it (negative: more, which
    it had withdrawn). `removed` are rows of it that went and `restored` earlier ones that came back, by table;
    `wait_again` counts rows of other files that had found their record in it.
    """

    version: str
    import_id: str
    source: str
    target: str
    imported_at: datetime
    rows_in: int
    incidents: int
    administrations: int
    doses: int
    removed: Mapping[str, int]
    restored: Mapping[str, int]
    wait_again: int

    def lines(self) -> tuple[str, ...]:
        """The undoing in sentences."""
        rows, back = self.removed.get(self.target, 0), self.restored.get(self.target, 0)
        fewer, more = self._counted(1), self._counted(-1)
        told = (
            _("Taken out: {records}.").format(records=fewer) if fewer else "",
            _("Counted again: {records}.").format(records=more) if more else "",
            ngettext("Taken out: {count} row.", "Taken out: {count} rows.", rows).format(count=format_count(rows))
            if rows and not fewer
            else "",
            ngettext(
                "{count} record is as it was before this import.",
                "{count} records are as they were before this import.",
                back,
            ).format(count=format_count(back))
            if back
            else "",
            ngettext(
                "{count} row of another file had found its record there and waits for it again.",
                "{count} rows of other files had found their records there and wait for them again.",
                self.wait_again,
            ).format(count=format_count(self.wait_again))
            if self.wait_again
            else "",
        )
        # Silence would read as a fault.
        kept = _("Nothing else changes: what it held was there before it, or is in a later import too, and stays.")
        return (
            ngettext(
                "Undone: “{source}”, imported {when}, {count} row.",
                "Undone: “{source}”, imported {when}, {count} rows.",
                self.rows_in,
            ).format(
                source=self.source,
                when=format_moment(self.imported_at),
                count=format_count(self.rows_in),
            ),
            *(filter(None, told) if any(told) else (kept,)),
        )

    def _counted(self, sign: int) -> str:
        """How many incidents, administrations and doses count no more (1) or again (-1)."""
        incidents, administrations, doses = (
            max(sign * each, 0) for each in (self.incidents, self.administrations, self.doses)
        )
        told = (
            (incidents, ngettext("{count} incident", "{count} incidents", incidents)),
            (administrations, ngettext("{count} administration", "{count} administrations", administrations)),
            (doses, ngettext("{count} dose", "{count} doses", doses)),
        )
        return join_words([words.format(count=format_count(count)) for count, words in told if count])


def undo_import(
    *, settings: Settings, keys: Keys, import_id: str | None = None, who: str | None = None, purpose: str = ""
) -> Undo:
    """Take one import (the latest where None) out of the store: what it changed is as it was before.

    What a later import changed again stays as that import left it, and what any later import held unchanged stays; from
    then on it is that import's. The import's quarantine goes, what it had healed comes back, and rows of second files
    that it had matched wait again. What a later import folded together with rows of this one stays, and so does what a
    full extract of some days withdrew by a day that this import had set. Raises ImportNotFoundError and other
    StoreErrors.
    """
    folder = settings.store_folder
    with held_for_change(folder) as pointer:
        with opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection:
            row = connection.execute(
                """
                SELECT import_id, source, target, imported_at, rows_in FROM old.imports
                WHERE import_id = ? OR ? IS NULL ORDER BY version DESC NULLS LAST, imported_at DESC LIMIT 1
                """,
                [import_id, import_id],
            ).fetchone()
            before = _what_counts(connection)
        if row is None:
            raise ImportNotFoundError
        undone, source, target, imported_at, rows_in = row
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
        file = folder / existing_pointer(folder).current.file
        with opened_snapshot(settings=settings, keys=keys, file=file) as connection:
            after = _what_counts(connection)
    incidents, administrations, doses = (then - now for then, now in zip(before, after, strict=True))
    return Undo(
        version=written.version,
        import_id=undone,
        source=source,
        target=target,
        imported_at=imported_at.astimezone(ZoneInfo(settings.time_zone)),
        rows_in=rows_in,
        incidents=incidents,
        administrations=administrations,
        doses=doses,
        removed=removed,
        restored=restored,
        wait_again=written.wait_again,
    )


def _what_counts(connection: Connection) -> tuple[int, int, int]:
    """How many incidents, administrations and doses count in the snapshot `old`."""
    counted = connection.execute(
        """
        SELECT count(DISTINCT incident_id), count(*), coalesce(sum(doses_given), 0)::BIGINT
        FROM old.counted JOIN old.administrations USING (administration_id)
        """
    ).fetchall()
    return counted[0]


def _mark_undone(connection: Connection, undone: str, removed: dict[str, int], restored: dict[str, int]) -> Marks:
    """Take out what an import wrote and bring back what it replaced, as the imports that are left would have it.

    First the rows that the import's file was for, then those that came with them: what is left of these follows from
    which imports now write the former.
    """
    connection.execute("CREATE TEMP TABLE undone AS SELECT ?::VARCHAR AS import_id", [undone])
    connection.execute(
        """
        CREATE TEMP TABLE later AS
        SELECT n.import_id, n.source, n.extract, n.file_hash, n.target,
               row_number() OVER (ORDER BY n.version, n.imported_at) AS turn
        FROM old.imports n, old.imports m
        WHERE m.import_id = (FROM temp.undone) AND n.import_id <> m.import_id
          AND (coalesce(n.version, ''), n.imported_at) > (coalesce(m.version, ''), m.imported_at)
        """
    )
    connection.execute("INSERT INTO temp.gone_imports FROM temp.undone")
    stored = tables_of(connection, "old")
    confirmations = _confirm_without(connection, undone, stored)
    target = table_named(fetch_one(connection, "SELECT target FROM old.imports WHERE import_id = (FROM temp.undone)"))
    back, past = set(), set()
    for table in sorted(filter(has_past, TABLES), key=lambda table: table is not target):
        earlier = f"past_{table.name}" in stored
        if not _view_versions(connection, table, earlier=earlier) and table is not target:
            continue
        back.add(table.name)
        past |= {table.name} if earlier else set()
        gone, returned = _mark_table_undone(connection, table, target=target, earlier=earlier)
        if gone:
            removed[table.name] = gone
        if returned:
            restored[table.name] = returned
        if table is target:
            if earlier:
                _mark_withdrawals_undone(connection, table)
            _view_target(connection, table, earlier=earlier)
    return Marks(back=frozenset(back), past=frozenset(past), confirmations=confirmations, forgets=True)


def _confirm_without(connection: Connection, undone: str, stored: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Table confirmed_without: each id of confirming imports, and the id of those left. Table confirmers: for each id
    the imports left, in order of place, and the id of the rest after each. Returns what the ids stand for.
    """
    known = read_confirmations(connection, stored)
    left = {found: tuple(each for each in imports if each != undone) for found, imports in known.items()}
    rests = {imports[start:] for imports in left.values() for start in range(len(imports))}
    after = {str(confirmation_id(imports)): imports for imports in rests}
    without = [(found, confirmation_id(imports)) for found, imports in left.items()]
    confirmers = [
        (found, each, place, confirmation_id(imports[place + 1 :]))
        for found, imports in {**left, **after}.items()
        for place, each in enumerate(imports)
    ]
    for name, rows, columns in (
        ("confirmed_without", without, {"confirmation_id": pa.string(), "without": pa.string()}),
        (
            "confirmers",
            confirmers,
            {"confirmation_id": pa.string(), "import_id": pa.string(), "place": pa.int32(), "rest": pa.string()},
        ),
    ):
        schema = pa.schema(list(columns.items()))
        connection.register(
            "rows", pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema)
        )
        connection.execute(sql("CREATE TEMP TABLE $name AS FROM rows", name=name))
        connection.unregister("rows")
    return after


def _view_versions(connection: Connection, table: Table, *, earlier: bool) -> int:
    """View versions_<table>: its rows and, where there are any, earlier ones. Returns how many the import touched."""
    names = {"table": table.name}
    rows = "SELECT *, NULL::VARCHAR AS replaced_by FROM temp.base_$table"
    if earlier:
        rows += " UNION ALL BY NAME FROM old.past_$table"
    connection.execute(sql("CREATE TEMP VIEW versions_$table AS " + rows, **names))
    touched = "SELECT count(*) FROM temp.versions_$table WHERE (FROM temp.undone) IN (import_id, replaced_by)"
    return int(fetch_one(connection, sql(touched, **names)))


def _mark_table_undone(connection: Connection, table: Table, *, target: Table, earlier: bool) -> tuple[int, int]:
    """Fill gone_<table>, back_<table> and, where there are earlier versions, kept_<table>; returns how many rows go and
    how many come back.

    A version that the import wrote is from then on that of the first import left that held it: for the target's rows
    `confirmed_by` says so, others were held by whatever now writes their rows of the target. One that the import
    replaced comes back where none that is left replaces it.
    """
    names = {"table": table.name, "key": table.key, "link": table.key, "target": target.key, "also": ""}
    heirs, replaced_too = HEIRS_OF_TARGET, ""
    if table.name == "quarantine":
        connection.execute(sql(HOLDERS, **names | {"link": "record_id"}))
        heirs, replaced_too, names["link"] = NO_HEIRS, WRITTEN_WITH + ENTERED_AGAIN, "record_id"
    elif table is not target:
        names["link"] = link_column(target.name, table.name)
        connection.execute(sql(WRITERS, **names))
        heirs, replaced_too = HEIRS_OF_OTHERS, WRITTEN_WITH
    names["also"] = sql(replaced_too, **names)
    # Entries in quarantine are of one import alone.
    confirmed = "confirmed_by" in table.names
    names["rest"] = ", h.rest AS confirmed_by" if confirmed else ""
    for statement in (
        "INSERT INTO temp.gone_$table SELECT $key FROM temp.base_$table WHERE import_id = (FROM temp.undone)",
        heirs,
        FOLLOWED,
        """
        CREATE TEMP TABLE back_$table AS SELECT v.* REPLACE (h.import_id AS import_id $rest)
        FROM temp.base_$table v JOIN temp.heirs_$table h ON h.key = v.$key WHERE v.import_id = (FROM temp.undone)
        """,
    ):
        connection.execute(sql(statement, **names))
    gone = fetch_one(
        connection,
        sql("SELECT (SELECT count(*) FROM temp.gone_$table) - (SELECT count(*) FROM temp.back_$table)", **names),
    )
    returned = connection.execute(
        sql(
            """
            INSERT INTO temp.back_$table BY NAME
            SELECT v.* EXCLUDE (replaced_by) FROM temp.versions_$table v JOIN temp.followed_$table f ON f.key = v.$key
            WHERE v.replaced_by = (FROM temp.undone) AND f.import_id IS NULL
            """,
            **names,
        )
    ).fetchall()[0][0]
    if earlier:
        names["rest"] = "if(v.import_id = (FROM temp.undone), h.rest, w.without) AS confirmed_by," if confirmed else ""
        connection.execute(sql(KEPT, confirmed_by="v.confirmed_by" if confirmed else "NULL", **names))
    return int(gone), int(returned)


HEIRS_OF_TARGET = """
    CREATE TEMP TABLE heirs_$table AS
    SELECT v.$key AS key, arg_min(m.import_id, m.place) AS import_id, arg_min(m.rest, m.place) AS rest
    FROM temp.versions_$table v JOIN temp.confirmers m ON m.confirmation_id = v.confirmed_by
    WHERE v.import_id = (FROM temp.undone) GROUP BY v.$key
"""
HEIRS_OF_OTHERS = """
    CREATE TEMP TABLE heirs_$table AS
    SELECT v.$key AS key, arg_min(l.import_id, l.turn) AS import_id, NULL::VARCHAR AS rest
    FROM temp.versions_$table v JOIN temp.writers_$table w ON w.link = v.$link
    JOIN temp.later l ON l.import_id = w.import_id AND l.source IS NOT DISTINCT FROM v.source
    LEFT JOIN temp.later n ON n.import_id = v.replaced_by
    WHERE v.import_id = (FROM temp.undone) AND coalesce(l.turn < n.turn, true) GROUP BY v.$key
"""
NO_HEIRS = "CREATE TEMP TABLE heirs_$table (key VARCHAR, import_id VARCHAR, rest VARCHAR)"

# What replaces the versions that the import replaced: the first of the imports left.
FOLLOWED = """
    CREATE TEMP TABLE followed_$table AS
    WITH replaced AS (
        SELECT $key AS key, $link AS link, source, import_id
        FROM temp.versions_$table WHERE replaced_by = (FROM temp.undone)
    ), followers AS (
        SELECT key, import_id FROM temp.heirs_$table
        UNION ALL SELECT $key, import_id FROM temp.versions_$table
        UNION ALL SELECT $key, replaced_by FROM temp.versions_$table WHERE import_id = (FROM temp.undone)
        $also
    )
    SELECT r.key, arg_min(l.import_id, l.turn) AS import_id
    FROM replaced r LEFT JOIN followers f ON f.key = r.key LEFT JOIN temp.later l ON l.import_id = f.import_id
    GROUP BY r.key
"""

# Which later imports write the rows of the target that others came with, without the import that is undone. A full
# extract that withdraws what it lacks says nothing of those.
WRITERS = """
    CREATE TEMP TABLE writers_$table AS
    SELECT DISTINCT t.$link AS link, t.import_id FROM temp.target_after t JOIN temp.later l ON l.import_id = t.import_id
    WHERE t.record_state <> 'withdrawn' OR l.extract IS DISTINCT FROM 'full'
"""
# Which later imports have a record in their file, right: entries about it in quarantine are no more.
HOLDERS = """
    CREATE TEMP TABLE writers_$table AS
    WITH held AS (
        SELECT $target AS link, import_id, confirmed_by FROM temp.target_after t
        WHERE record_state <> 'withdrawn' AND $target IN (SELECT $link FROM temp.versions_$table)
    )
    SELECT link, import_id FROM held
    UNION SELECT held.link, m.import_id FROM held JOIN temp.confirmers m ON m.confirmation_id = held.confirmed_by
"""
WRITTEN_WITH = """
    UNION ALL SELECT r.key, w.import_id FROM replaced r JOIN temp.writers_$table w ON w.link = r.link
    JOIN temp.later l ON l.import_id = w.import_id AND l.source IS NOT DISTINCT FROM r.source
"""
# A later import has the record in quarantine again, or is of the same file.
ENTERED_AGAIN = """
    UNION ALL SELECT r.key, v.import_id FROM replaced r JOIN temp.versions_$table v ON v.record_id = r.link
    UNION ALL SELECT r.key, l.import_id FROM replaced r JOIN old.imports m ON m.import_id = r.import_id
    JOIN temp.later l ON (l.file_hash, l.target, l.source) IS NOT DISTINCT FROM (m.file_hash, m.target, m.source)
"""
KEPT = """
    CREATE TEMP TABLE kept_$table AS
    SELECT v.* REPLACE (
        if(v.replaced_by = (FROM temp.undone), f.import_id, v.replaced_by) AS replaced_by, $rest
        if(v.import_id = (FROM temp.undone), h.import_id, v.import_id) AS import_id
    )
    FROM old.past_$table v LEFT JOIN temp.followed_$table f ON f.key = v.$key
    LEFT JOIN temp.heirs_$table h ON h.key = v.$key
    LEFT JOIN temp.confirmed_without w ON w.confirmation_id = $confirmed_by
    WHERE (v.import_id <> (FROM temp.undone) OR h.import_id IS NOT NULL)
      AND (v.replaced_by <> (FROM temp.undone) OR f.import_id IS NOT NULL)
"""


def _mark_withdrawals_undone(connection: Connection, table: Table) -> None:
    """What a later full extract withdrew is a copy of the import's row: then of the row before, or nothing."""
    for statement in (
        """
        CREATE TEMP TABLE copied AS
        WITH RECURSIVE withdrawals AS (
            SELECT v.$key AS key, v.import_id, v.replaced_by, v.row_hash, w.without AS confirmed_by
            FROM temp.versions_$table v JOIN temp.later l ON l.import_id = v.import_id AND l.extract = 'full'
            LEFT JOIN temp.confirmed_without w ON w.confirmation_id = v.confirmed_by
            WHERE v.record_state = 'withdrawn'
        ), copied AS (
            SELECT w.*, w.import_id AS first
            FROM temp.versions_$table u JOIN withdrawals w ON w.key = u.$key AND w.import_id = u.replaced_by
            WHERE u.import_id = (FROM temp.undone) AND u.record_state <> 'withdrawn'
              AND w.row_hash IS NOT DISTINCT FROM u.row_hash AND u.$key NOT IN (SELECT key FROM temp.heirs_$table)
            UNION ALL
            SELECT w.*, c.first
            FROM copied c JOIN withdrawals w ON w.key = c.key AND w.import_id = c.replaced_by
            WHERE w.row_hash IS NOT DISTINCT FROM c.row_hash
        )
        FROM copied
        """,
        """
        CREATE TEMP TABLE copies AS
        SELECT p.* REPLACE (
            'withdrawn' AS record_state, c.import_id AS import_id, c.confirmed_by AS confirmed_by,
            c.replaced_by AS replaced_by
        )
        FROM temp.kept_$table p JOIN temp.copied c ON c.key = p.$key AND c.first = p.replaced_by
        """,
        "INSERT INTO temp.gone_$table SELECT key FROM temp.copied WHERE replaced_by IS NULL",
        """
        INSERT INTO temp.back_$table BY NAME
        SELECT * EXCLUDE (replaced_by) FROM temp.copies WHERE replaced_by IS NULL
        """,
        "DELETE FROM temp.kept_$table WHERE ($key, import_id) IN (SELECT (key, import_id) FROM temp.copied)",
        "INSERT INTO temp.kept_$table BY NAME FROM temp.copies WHERE replaced_by IS NOT NULL",
    ):
        connection.execute(sql(statement, table=table.name, key=table.key))


def _view_target(connection: Connection, table: Table, *, earlier: bool) -> None:
    """View target_after: every version of the target's rows as they are without the import."""
    parts = ["FROM temp.base_$table v ANTI JOIN temp.gone_$table g ON g.key = v.$key", "FROM temp.back_$table"]
    if earlier:
        parts.append("SELECT * EXCLUDE (replaced_by) FROM temp.kept_$table")
    rows = " UNION ALL BY NAME ".join(parts)
    connection.execute(sql("CREATE TEMP VIEW target_after AS " + rows, table=table.name, key=table.key))
