"""What was imported, how fresh it is, and what waits: in quarantine, for its record, for a decision."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from data.quarantine import LEFT_OUT, NO_RECORDS
from data.schema import TABLES, Table, table_named
from data.store.conflicts import CONFLICTS, OPEN_CONFLICTS, DoseConflict, DoseReport, Settlement
from data.store.connection import sql, tables_of
from data.store.joining import FITS, WAITING_TABLES
from data.store.questions.reader import Reader

__all__ = ["Freshness", "ImportQuestions"]


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How new the records are; the moment is in the deployment's time zone."""

    last_import_at: datetime | None
    last_event_day: date | None
    imports: int
    rows_quarantined: int
    fields_quarantined: int
    rows_left_out: int
    rows_no_records: int


class ImportQuestions(Reader):
    """Questions about imports and what became of their rows."""

    def freshness(self) -> Freshness:
        """When records last came in, how far they reach, and what waits in quarantine for somebody to correct it.

        Rows that the mapping leaves out, and totals and repeated headings, are in quarantine too; they wait for nobody
        and are counted apart.
        """
        last_import_at, imports = self._row("SELECT max(imported_at), count(*) FROM records.imports")
        (last_event_day,) = self._row(
            "SELECT max(if(local_weekday IS NULL, last_day(local_date), local_date)) FROM records.counted"
        )
        rows, fields, left_out, no_records = self._row(
            """
            SELECT count(DISTINCT (import_id, row_number)) FILTER (
                       whole_row AND reason <> $1 AND NOT list_contains($2, reason)
                   ),
                   count(*) FILTER (NOT whole_row),
                   count(DISTINCT (import_id, row_number)) FILTER (whole_row AND reason = $1),
                   count(DISTINCT (import_id, row_number)) FILTER (whole_row AND list_contains($2, reason))
            FROM records.quarantine
            """,
            [LEFT_OUT, sorted(NO_RECORDS)],
        )
        return Freshness(
            last_import_at=last_import_at.astimezone(self._time_zone) if last_import_at else None,
            last_event_day=last_event_day,
            imports=imports,
            rows_quarantined=rows,
            fields_quarantined=fields,
            rows_left_out=left_out,
            rows_no_records=no_records,
        )

    def feeds(self) -> pd.DataFrame:
        """How fresh each kind of record is: columns feed, rows, last_event (local date) and last_import (UTC).

        `feed` is a table, or a kind of risk event; tables that hold nothing are left out.
        """
        dated = {
            "administrations": ("counted", "local_date", "'administrations'"),
            "waits": ("waits", "timezone(?, ended_at)::DATE", "'waits'"),
            "follow_up": ("follow_up", 'timezone(?, "at")::DATE', "'follow_up'"),
            "shifts": ("shifts", "timezone(?, starts_at)::DATE", "'shifts'"),
            "carriers": ("carriers", "NULL::DATE", "'carriers'"),
            "kits": ("kits", "event_on", "'kits'"),
            "outreach_points": ("outreach_points", "NULL::DATE", "'outreach_points'"),
            "risk_events": ("risk_events", "local_date", "kind"),
        }
        parts = [
            sql(
                """
                SELECT $feed AS feed, '$target' AS target, count(*) AS rows, max($day) AS last_event
                FROM records.$table $current GROUP BY ALL
                """,
                feed=feed,
                target=target,
                day=day,
                table=table,
                current="" if table == "counted" else "WHERE record_state = 'current'",
            )
            for target, (table, day, feed) in dated.items()
        ]
        zones = [str(self._time_zone)] * sum("?" in day for _table, day, _feed in dated.values())
        return self._frame(
            sql(
                """
                WITH imported AS (SELECT target, max(imported_at) AS last_import FROM records.imports GROUP BY target)
                SELECT feed, rows, last_event, last_import
                FROM ($parts) f LEFT JOIN imported i
                ON i.target = if(f.target = 'waits', 'administrations', f.target)
                WHERE rows > 0 ORDER BY feed
                """,
                parts=" UNION ALL ".join(parts),
            ),
            zones,
        )

    def imports(self) -> pd.DataFrame:
        """Every import with its counts, newest first, columns as in the schema."""
        columns = ", ".join(table_named("imports").names)
        return self._frame(
            sql("SELECT $columns FROM records.imports ORDER BY imported_at DESC, import_id", columns=columns)
        )

    def form_sources(self) -> tuple[str, ...]:
        """Under which names administrations were imported, the latest first."""
        imports = self.imports()
        return tuple(dict.fromkeys(imports.loc[imports["target"] == "administrations", "source"]))

    def count_incidents(self, tokens: list[str]) -> int:
        """How many of these are tokens of incidents in the store, counted or not."""
        asked = "SELECT count(*) FROM records.incidents WHERE incident_id IN (SELECT unnest(?))"
        return int(self._row(asked, [tokens])[0])

    def count_numbered_administrations(self, tokens: list[str]) -> int:
        """How many of these are keys of administrations in the store, counted or not."""
        asked = "SELECT count(*) FROM records.administrations WHERE administration_id IN (SELECT unnest(?))"
        return int(self._row(asked, [tokens])[0])

    def times_doses(self, source: str) -> bool:
        """Whether records of a source have times of doses that came with them, and not from another file."""
        asked = "SELECT count(*) FROM records.doses WHERE source = ? AND join_id IS NULL AND given_at IS NOT NULL"
        return bool(self._row(asked, [source])[0])

    def count_numbered_people(self, source: str, tokens: list[str]) -> tuple[int, int]:
        """How many of these are people's with one current administration of a source, and with several."""
        once, several = self._row(
            """
            SELECT count(*) FILTER (records = 1), count(*) FILTER (records > 1) FROM (
                SELECT count(*) AS records FROM records.administrations
                WHERE record_state = 'current' AND source = ? AND person_token IN (SELECT unnest(?))
                GROUP BY person_token
            )
            """,
            [source, tokens],
        )
        return int(once), int(several)

    def quarantine_reasons(self) -> pd.DataFrame:
        """Columns target, reason, field, rows and fields: what waits in quarantine and why, most frequent first."""
        return self._frame(
            """
            SELECT target, reason, field, count(*) FILTER (whole_row) AS rows, count(*) FILTER (NOT whole_row) AS fields
            FROM records.quarantine GROUP BY target, reason, field
            ORDER BY count(*) DESC, target, reason, field
            """
        )

    def quarantine_groups(self) -> pd.DataFrame:
        """What waits in quarantine, one row for each reason of each column of each import, newest import first.

        Columns imported_at, source, target, field, reason, column_number, value_kind, whole_row, entries, and
        row_numbers (an array).
        """
        return self._frame(
            """
            SELECT imported_at, q.source, q.target, field, reason, column_number, value_kind, whole_row,
                   count(*) AS entries, list(row_number ORDER BY row_number) AS row_numbers
            FROM records.quarantine q LEFT JOIN records.imports USING (import_id)
            GROUP BY imported_at, q.source, q.target, field, reason, column_number, value_kind, whole_row
            ORDER BY imported_at DESC, whole_row DESC, entries DESC, q.source, reason, field, column_number, value_kind
            """
        )

    def waiting(self) -> pd.DataFrame:
        """Rows that wait for their record: columns target, source, import_id, reason and rows.

        The reason is "no_record", or "several_records" where a second file's row fits more than one.
        """
        other = " UNION ALL ".join(
            sql(
                """
                SELECT '$table' AS target, source, import_id, false AS several FROM records.$table
                WHERE record_state = 'waiting' $own
                """,
                table=name,
                own="AND join_id IS NULL" if "join_id" in table_named(name).names else "",
            )
            for name, column in WAITING_TABLES.items()
            if column
        )
        return self._frame(
            sql(
                """
                SELECT target, source, import_id, if(several, 'several_records', 'no_record') AS reason,
                       count(*) AS rows
                FROM (
                    SELECT 'joined' AS target, j.source, j.import_id, f.several
                    FROM records.joined j JOIN ($fits) f USING (join_id) WHERE NOT f.fits
                    UNION ALL $other
                ) GROUP BY ALL ORDER BY ALL
                """,
                fits=sql(FITS, joined="records.joined", database="records"),
                other=other,
            )
        )

    def count_waiting(self) -> int:
        """How many rows wait for their record, as `waiting` lists them."""
        parts = [
            sql(
                "SELECT count(*) AS rows FROM records.$table WHERE record_state = 'waiting' $own",
                table=name,
                own="AND join_id IS NULL" if column and "join_id" in table_named(name).names else "",
            )
            for name, column in WAITING_TABLES.items()
        ]
        (rows,) = self._row(sql("SELECT sum(rows) FROM ($parts)", parts=" UNION ALL ".join(parts)))
        return int(rows)

    def count_conflicts(self) -> int:
        """How many administrations have several officers' reports that nobody has settled."""
        (conflicts,) = self._row(sql("SELECT count(*) FROM ($open)", open=sql(OPEN_CONFLICTS, database="records")))
        return int(conflicts)

    def waiting_rows(self) -> pd.DataFrame:
        """Rows of second files that wait, one each: columns import_id, imported_at, source, row_number and several.

        The row number is that of the import's file, and `several` says that it fits more than one record.
        """
        return self._frame(
            sql(
                """
                SELECT j.import_id, m.imported_at, j.source, j.row_number, f.several
                FROM records.joined j JOIN ($fits) f USING (join_id)
                LEFT JOIN records.imports m ON m.import_id = j.import_id
                WHERE NOT f.fits ORDER BY m.imported_at DESC, j.import_id, j.row_number, j.join_id
                """,
                fits=sql(FITS, joined="records.joined", database="records"),
            )
        )

    def conflicts(self) -> tuple[DoseConflict, ...]:
        """Administrations that several officers report, those that nobody has settled first, then the newest."""
        reports = self._frame(
            sql(
                """
                SELECT r.administration_id, r.report_id, r.officer_token, r.doses, r.given_at, r.source,
                       i.local_date, i.local_hour,
                       CASE WHEN i.time_precision = 'minute' THEN i.occurred_at END AS occurred_at,
                       s.decision, s.report_id AS counted_report, s.settled_by, s.settled_at, p.row_number, p.read_by
                FROM records.dose_reports r JOIN ($conflicts) c USING (administration_id)
                JOIN records.administrations a USING (administration_id) JOIN records.incidents i USING (incident_id)
                LEFT JOIN records.settlements s USING (administration_id, reports)
                LEFT JOIN (
                    SELECT administration_id, row_hash, arg_min(row_number, position) AS row_number,
                           arg_min(read_by, position) AS read_by
                    FROM records.pieces SEMI JOIN ($conflicts) c USING (administration_id) GROUP BY ALL
                ) p ON p.administration_id = r.administration_id AND p.row_hash = r.row_hash
                WHERE r.record_state = 'current'
                ORDER BY s.decision IS NOT NULL, i.local_date DESC, administration_id, r.report_id
                """,
                conflicts=sql(CONFLICTS, database="records"),
            )
        )
        return tuple(_conflict(str(key), rows) for key, rows in reports.groupby("administration_id", sort=False))

    def history(self, *, record_id: str) -> pd.DataFrame:
        """What a record of any table was: columns table, field, before, replaced_by and replaced_at, newest first.

        One row for each field that a later version says otherwise.
        """
        with self._cursor() as cursor:
            stored = tables_of(cursor, "records")
            changes = []
            for table in TABLES:
                if f"past_{table.name}" not in stored:
                    continue
                versions = cursor.execute(
                    sql(
                        """
                        SELECT p.* EXCLUDE (replaced_by), p.replaced_by, m.imported_at AS replaced_at, m.version
                        FROM records.past_$table p LEFT JOIN records.imports m ON m.import_id = p.replaced_by
                        WHERE p.$key = ?
                        UNION ALL BY NAME SELECT *, '9' AS version FROM records.$table WHERE $key = ?
                        ORDER BY version
                        """,
                        table=table.name,
                        key=table.key,
                    ),
                    [record_id, record_id],
                ).df()
                changes += _changes(versions.astype(object).where(versions.notna(), None), table)
        columns = ["table", "field", "before", "replaced_by", "replaced_at"]
        return pd.DataFrame(changes, columns=columns).sort_values("replaced_at", ascending=False, ignore_index=True)


def _conflict(conflict_id: str, rows: pd.DataFrame) -> DoseConflict:
    """One administration's reports, as a page shows them."""
    first = rows.iloc[0]
    return DoseConflict(
        conflict_id=conflict_id,
        administration_id=conflict_id,
        local_date=None if pd.isna(first["local_date"]) else first["local_date"].date(),
        local_hour=None if pd.isna(first["local_hour"]) else int(first["local_hour"]),
        occurred_at=None if pd.isna(first["occurred_at"]) else first["occurred_at"].to_pydatetime(),
        source=str(first["source"]),
        reports=tuple(
            DoseReport(
                report_id=str(row["report_id"]),
                officer_token=None if pd.isna(row["officer_token"]) else str(row["officer_token"]),
                doses=None if pd.isna(row["doses"]) else int(row["doses"]),
                given_at=None if pd.isna(row["given_at"]) else row["given_at"].to_pydatetime(),
                row_number=None if pd.isna(row["row_number"]) else int(row["row_number"]),
                import_id=None if pd.isna(row["read_by"]) else str(row["read_by"]),
            )
            for _number, row in rows.iterrows()
        ),
        settlement=None
        if pd.isna(first["decision"])
        else Settlement(
            decision=str(first["decision"]),
            report_id=None if pd.isna(first["counted_report"]) else str(first["counted_report"]),
            who=str(first["settled_by"]),
            at=first["settled_at"].to_pydatetime(),
        ),
    )


def _changes(versions: pd.DataFrame, table: Table) -> list[tuple[object, ...]]:
    """Fields that differ from one version of a row to the next."""
    kept = ("source", "import_id", "row_hash", "confirmed_by")
    found: list[tuple[object, ...]] = []
    for position in range(len(versions) - 1):
        before, after = versions.iloc[position], versions.iloc[position + 1]
        found += [
            (table.name, name, before[name], before["replaced_by"], before["replaced_at"])
            for name in table.names
            if name not in kept and before[name] != after[name]
        ]
    return found
