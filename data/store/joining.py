"""Second files: which record each of their rows fits, what they lay over it, and rows that wait for theirs."""

from collections.abc import Mapping

from data.schema import Field, Table, table_named
from data.store.connection import Connection, fetch_one, sql, tables_of

__all__ = [
    "FITS",
    "MATCHED_BY",
    "PLACE_FIELDS",
    "PLACE_ORDER",
    "WAITING_TABLES",
    "count_placed",
    "count_turned",
    "join_files",
]

# Tables whose rows wait while what they belong to is not there: the column that says to what.
WAITING_TABLES = {
    "joined": "",
    "substances": "administration_id",
    "doses": "administration_id",
    "waits": "incident_id",
    "follow_up": "administration_id",
}

MATCHED_BY = (
    *("join_id", "joins", "incident_id", "administration_id"),
    *("match_day", "officer_token", "person_token", "record_state"),
)

# Which record each row of a second file fits: by the administration it names; else by the incident, whose only person
# it then means; else by the day with an officer, a person or both; else by the person's number. Nothing is guessed: it
# must be exactly one.
FITS = """
    WITH waiting AS (FROM $joined WHERE record_state IN ('current', 'waiting')), named AS (
        SELECT j.join_id, a.incident_id, a.administration_id
        FROM waiting j JOIN $database.administrations a ON a.administration_id = j.administration_id
    ), officers AS (
        SELECT administration_id, officer_token FROM $database.doses WHERE officer_token IS NOT NULL AND join_id IS NULL
        UNION SELECT administration_id, officer_token FROM $database.dose_reports WHERE officer_token IS NOT NULL
    ), candidates AS (
        FROM named
        UNION ALL
        SELECT j.join_id, i.incident_id, a.administration_id
        FROM waiting j JOIN $database.incidents i ON i.incident_id = j.incident_id
        LEFT JOIN $database.administrations a ON a.incident_id = i.incident_id
        WHERE j.join_id NOT IN (SELECT join_id FROM named)
        UNION ALL
        SELECT j.join_id, i.incident_id, a.administration_id
        FROM waiting j JOIN $database.incidents i ON i.local_date = j.match_day AND i.time_precision <> 'month'
        JOIN $database.administrations a ON a.incident_id = i.incident_id AND a.record_state = 'current'
        WHERE (j.person_token IS NULL OR a.person_token = j.person_token)
          AND (j.officer_token IS NULL OR (a.administration_id, j.officer_token) IN (FROM officers))
        UNION ALL
        SELECT j.join_id, a.incident_id, a.administration_id
        FROM waiting j JOIN $database.administrations a ON a.person_token = j.person_token
        WHERE a.record_state = 'current' AND j.match_day IS NULL
          AND j.incident_id IS NULL AND j.administration_id IS NULL
    ), counted AS (
        SELECT join_id, min(incident_id) AS incident_id, min(administration_id) AS administration_id,
               count(DISTINCT incident_id) AS incidents, count(DISTINCT administration_id) AS people
        FROM candidates GROUP BY join_id
    )
    SELECT j.join_id, c.incident_id, if(people = 1, c.administration_id, NULL) AS administration_id,
           coalesce(incidents = 1 AND (joins = 'incidents' OR people = 1), false) AS fits,
           coalesce(incidents > 1 OR people > 1, false) AS several
    FROM waiting j LEFT JOIN counted c USING (join_id)
"""

PLACE_FIELDS = (
    *("easting_m", "northing_m", "location_precision_m", "location_source"),
    *("small_area", "authority", "bcu"),
)
# From the most to the least exact: a second file's place stands where it is no less exact than the record's own.
PLACE_ORDER = "['coordinates', 'postcode', 'area', 'none']"


# Rows of the file that a row which joins was made of.
ROWS_JOINED = "greatest(1, (SELECT count(*) FROM fresh.pieces WHERE join_id = after.join_id))"


def _laid_over(name: str) -> tuple[Field, ...]:
    """The fields of a table that a second file can fill, beside the place."""
    joined = table_named("joined")
    own = {item.name for item in joined.fields if not item.mapped or item.token} | set(PLACE_FIELDS)
    own |= {"source", "import_id", "row_hash", "record_state"}
    return tuple(item for item in table_named(name).fields if item.name in joined.names and item.name not in own)


def join_files(connection: Connection) -> None:
    """Lay second files' rows over the records that they fit, and let rows wait whose record is not there."""
    for name, column in WAITING_TABLES.items():
        if column:
            parent = "incidents" if column == "incident_id" else "administrations"
            missing = sql("$column NOT IN (SELECT $column FROM fresh.$parent)", column=column, parent=parent)
            if "join_id" in table_named(name).names:
                missing = "join_id IS NULL AND " + missing
            connection.execute(
                sql("UPDATE fresh.$table SET record_state = 'current' WHERE record_state = 'waiting'", table=name)
            )
            connection.execute(
                sql(
                    "UPDATE fresh.$table SET record_state = 'waiting' WHERE record_state = 'current' AND $missing",
                    table=name,
                    missing=missing,
                )
            )
    if not fetch_one(connection, "SELECT count(*) FROM fresh.joined"):
        return
    connection.execute("CREATE TEMP TABLE found AS " + sql(FITS, joined="fresh.joined", database="fresh"))
    connection.execute(
        """
        UPDATE fresh.joined SET record_state = if(found.fits, 'current', 'waiting')
        FROM temp.found WHERE found.join_id = joined.join_id
        """
    )
    for name, column in WAITING_TABLES.items():
        if "join_id" in table_named(name).names and column:
            connection.execute(
                sql(
                    """
                    UPDATE fresh.$table SET
                        $column = if(found.fits AND found.$column IS NOT NULL, found.$column, $table.join_id),
                        record_state = if(found.fits AND found.$column IS NOT NULL, 'current', 'waiting')
                    FROM fresh.joined j LEFT JOIN temp.found USING (join_id)
                    WHERE j.join_id = $table.join_id AND $table.record_state <> 'withdrawn'
                    """,
                    table=name,
                    column=column,
                )
            )
    for name in ("incidents", "administrations"):
        _lay_over(connection, table_named(name))


def _lay_over(connection: Connection, table: Table) -> None:
    """Of each field the latest import's word; the table's own row is kept in own_<table>."""
    fields = _laid_over(table.name)
    chosen = []
    for item in fields:
        says = f"j.{item.name} <> '{item.default}'" if item.default else f"j.{item.name} IS NOT NULL"
        chosen.append(f"arg_max(j.{item.name}, turn) FILTER ({says}) AS {item.name}")
    placed = table.name == "incidents"
    if placed:
        place = ", ".join(f"'{name}': j.{name}" for name in PLACE_FIELDS)
        chosen.append(f"arg_max({{{place}}}, turn) FILTER (coalesce(j.location_source, 'none') <> 'none') AS place")
    names = {"table": table.name, "key": table.key, "chosen": ", ".join(chosen)}
    connection.execute(
        sql(
            """
            CREATE TEMP TABLE over_$table AS SELECT found.$key, $chosen
            FROM temp.found JOIN (
                SELECT j.*, coalesce(m.version, '') || j.join_id AS turn
                FROM fresh.joined j LEFT JOIN fresh.imports m USING (import_id)
            ) j USING (join_id)
            WHERE found.fits AND found.$key IS NOT NULL GROUP BY found.$key
            """,
            **names,
        )
    )
    connection.execute(
        sql("CREATE TABLE fresh.own_$table AS FROM fresh.$table SEMI JOIN temp.over_$table USING ($key)", **names)
    )
    changes = [f"{item.name} = coalesce(o.{item.name}, {table.name}.{item.name})" for item in fields]
    if placed:
        better = (
            f"o.place IS NOT NULL AND list_position({PLACE_ORDER}, o.place.location_source)"
            f" <= coalesce(list_position({PLACE_ORDER}, {table.name}.location_source), 4)"
        )
        changes += [f"{name} = if({better}, o.place.{name}, {table.name}.{name})" for name in PLACE_FIELDS]
    connection.execute(
        sql(
            "UPDATE fresh.$table SET $changes FROM temp.over_$table o WHERE o.$key = $table.$key",
            changes=", ".join(changes),
            **names,
        )
    )


def count_placed(connection: Connection, stored: Mapping[str, tuple[str, ...]]) -> int:
    """Incidents without a place of their own that have one by rows which waited in the old snapshot."""
    if "joined" not in stored or "own_incidents" not in tables_of(connection, "fresh"):
        return 0
    return int(
        fetch_one(
            connection,
            """
            SELECT count(DISTINCT found.incident_id) FROM old.joined before JOIN fresh.joined after USING (join_id)
            JOIN temp.found USING (join_id) JOIN fresh.own_incidents own ON own.incident_id = found.incident_id
            WHERE before.record_state = 'waiting' AND after.record_state = 'current'
              AND coalesce(own.location_source, 'none') = 'none' AND coalesce(after.location_source, 'none') <> 'none'
            """,
        )
    )


def count_turned(connection: Connection, stored: Mapping[str, tuple[str, ...]], *, was: str, now: str) -> int:
    """Rows that could wait and were in one state in the old snapshot and are in another in the fresh one."""
    return sum(
        fetch_one(
            connection,
            sql(
                """
                SELECT coalesce(sum($rows), 0)::BIGINT
                FROM old.$table before JOIN fresh.$table after USING ($key)
                WHERE before.record_state = ? AND after.record_state = ? $own
                """,
                table=name,
                key=table_named(name).key,
                rows="1" if column else ROWS_JOINED,
                own="AND after.join_id IS NULL" if column and "join_id" in table_named(name).names else "",
            ),
            [was, now],
        )
        for name, column in WAITING_TABLES.items()
        if name in stored
    )
