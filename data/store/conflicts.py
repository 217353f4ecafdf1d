"""Several officers' reports of one administration: which there are, and the doses that count of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.store.connection import Connection, fetch_one, sql, tables_of
from wording import _, format_count, format_date

__all__ = ["CONFLICTS", "OPEN_CONFLICTS", "DoseConflict", "DoseReport", "Settlement", "count_settled", "open_with"]


@dataclass(frozen=True, kw_only=True)
class DoseReport:
    """How many doses one officer reports, and when the first was given (UTC).

    The report begins in row `row_number` of the file of the import `import_id`; None where that was not noted.
    """

    report_id: str
    officer_token: str | None
    doses: int | None
    given_at: datetime | None
    row_number: int | None
    import_id: str | None


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What was decided: "same" doses, counted once from `report_id`, or "different" ones, added up."""

    decision: str
    report_id: str | None
    who: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DoseConflict:
    """Several officers' reports of one administration; `settlement` is None while nobody has decided.

    `occurred_at` is the time of the incident (UTC), None where only the hour or the day is known.
    """

    conflict_id: str
    administration_id: str
    local_date: date | None
    local_hour: int | None
    occurred_at: datetime | None
    source: str
    reports: tuple[DoseReport, ...]
    settlement: Settlement | None

    @property
    def agrees(self) -> bool:
        """Whether all reports state the same number of doses."""
        return len({each.doses for each in self.reports}) == 1 and self.reports[0].doses is not None

    def lines(self, *, imports: Mapping[str, str]) -> tuple[str, ...]:
        """The conflict in sentences; `imports` names each import by its key."""
        day = format_date(self.local_date) if self.local_date else _("unknown day")
        counted = self.settlement.report_id if self.settlement else None
        state = (
            _("not settled")
            if self.settlement is None
            else _("settled as different doses, added up")
            if self.settlement.decision == "different"
            else _("settled as the same doses, counted as in {report}").format(report=counted)
        )
        return (
            _("{conflict}, {day}: {state}.").format(conflict=self.conflict_id, day=day, state=state),
            *(
                _("  report {report}: {where}, doses {doses}").format(
                    report=each.report_id,
                    where=_("row {row} of {file}").format(
                        row=format_count(each.row_number), file=imports.get(each.import_id or "", each.import_id)
                    )
                    if each.row_number
                    else _("row not known"),
                    doses=_("not recorded") if each.doses is None else format_count(each.doses),
                )
                for each in self.reports
            ),
        )


# Administrations that several officers report, with a hash of the reports: a decision is about these reports alone.
CONFLICTS = """
    SELECT administration_id,
           md5(string_agg(report_id || ':' || coalesce(doses::VARCHAR, ''), ',' ORDER BY report_id)) AS reports,
           least(sum(doses), 20)::SMALLINT AS together,
           first(officer_token ORDER BY doses DESC NULLS LAST, report_id) AS officer_token
    FROM $database.dose_reports WHERE record_state = 'current' GROUP BY administration_id HAVING count(*) > 1
"""
OPEN_CONFLICTS = sql(
    "SELECT administration_id FROM ($conflicts) c ANTI JOIN $$database.settlements USING (administration_id, reports)",
    conflicts=CONFLICTS,
)


def open_with(
    connection: Connection, *, administrations: pd.Series, reports: pd.DataFrame, source: str
) -> NDArray[np.object_]:
    """Administrations in open conflict in the snapshot `old` once `source` brings these, with these reports."""
    columns = "administration_id, report_id, doses, officer_token, record_state"
    connection.register("brought", pa.table({"key": pa.array(administrations, pa.string())}))
    connection.register("reports", pa.Table.from_pandas(reports[columns.split(", ")], preserve_index=False))
    connection.execute(
        sql(
            """
            CREATE TEMP TABLE dose_reports AS SELECT $columns FROM old.dose_reports
            WHERE NOT (source IS NOT DISTINCT FROM ? AND administration_id IN (SELECT key FROM brought))
            """,
            columns=columns,
        ),
        [source],
    )
    connection.execute("INSERT INTO temp.dose_reports BY NAME FROM reports")
    connection.execute("CREATE TEMP TABLE settlements AS FROM old.settlements")
    found = connection.execute(sql(OPEN_CONFLICTS, database="temp")).fetchnumpy()["administration_id"]
    connection.unregister("brought")
    connection.unregister("reports")
    return np.asarray(found, dtype=object)


def count_settled(connection: Connection) -> None:
    """Count the doses that were decided on; while nobody has decided, those of the report of the most."""
    connection.execute("UPDATE fresh.doses SET record_state = 'current' WHERE record_state = 'not_counted'")
    if not fetch_one(connection, "SELECT count(*) FROM fresh.dose_reports"):
        return
    connection.execute(
        sql(
            """
            CREATE TEMP TABLE decided AS
            SELECT c.administration_id, s.decision,
                   if(s.decision = 'same', r.officer_token, c.officer_token) AS officer_token,
                   if(s.decision = 'same', r.doses, if(s.decision = 'different', c.together, NULL)) AS doses
            FROM ($conflicts) c LEFT JOIN fresh.settlements s USING (administration_id, reports)
            LEFT JOIN fresh.dose_reports r ON r.report_id = s.report_id
            """,
            conflicts=sql(CONFLICTS, database="fresh"),
        )
    )
    connection.execute(
        """
        UPDATE fresh.doses SET record_state = 'not_counted' FROM temp.decided d
        WHERE d.administration_id = doses.administration_id AND doses.record_state = 'current'
          AND d.decision IS DISTINCT FROM 'different' AND doses.officer_token IS DISTINCT FROM d.officer_token
        """
    )
    settled = "SELECT administration_id FROM temp.decided WHERE decision IS NOT NULL"
    if "own_administrations" in tables_of(connection, "fresh"):
        connection.execute(
            sql(
                """
                INSERT INTO fresh.own_administrations FROM fresh.administrations
                WHERE administration_id IN ($settled)
                  AND administration_id NOT IN (SELECT administration_id FROM fresh.own_administrations)
                """,
                settled=settled,
            )
        )
    elif fetch_one(connection, sql("SELECT count(*) FROM ($settled)", settled=settled)):
        connection.execute(
            sql(
                """
                CREATE TABLE fresh.own_administrations AS FROM fresh.administrations
                WHERE administration_id IN ($settled)
                """,
                settled=settled,
            )
        )
    connection.execute(
        """
        UPDATE fresh.administrations SET doses_given = d.doses FROM temp.decided d
        WHERE d.administration_id = administrations.administration_id AND d.decision IS NOT NULL
        """
    )
