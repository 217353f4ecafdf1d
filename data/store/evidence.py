"""What an import asks of the store before it writes: the same file, parts of records, what to compare with."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.keys import Keys
from data.schema import table_named
from data.settings import Settings
from data.snapshots import Pointer, read_pointer
from data.store.connection import Connection, fetch_one, opened_snapshot, sql, write_errors_named
from data.store.ddl import AREA_LEVEL_M, schema_version
from data.store.questions.carriers import OFFICERS
from data.store.questions.kits import LEDGER

__all__ = [
    "OTHER_WEEKS",
    "SAME_IMPORT",
    "StoredEvidence",
    "find_same_import",
    "read_evidence",
    "stored_ledger",
    "stored_pieces",
]

# How many weeks before and after its own tell what a file would share with the store by chance.
OTHER_WEEKS = 10


@dataclass(frozen=True, kw_only=True)
class StoredEvidence:
    """What the store holds that a file about to come in is compared with.

    `events`: current records of the file's days under other keys, a row each: row (0), key, day (since 1970), minute
    (since 1970 UTC, -1 where only the day is known), recorded (the minute of its entry, -1 where that is not known),
    people, easting_m, northing_m, area, person, and what a form says of the person. `source_days`: the file's days,
    since 1970, of which this source has records. For a form also, of OTHER_WEEKS before and after too: `days` (columns
    day and events), how many there are, and `people` (day and token), who of the people that the file names was at one,
    treated or treating. `only_dates`: most records of this source have no time of day. `area_points_m`, shape (n, 3):
    places of this source that stand for areas, with their precision. `stations_m`, shape (n, 2): bases of carriers.
    """

    events: pd.DataFrame
    source_days: NDArray[np.int64]
    days: pd.DataFrame
    people: pd.DataFrame
    only_dates: bool
    area_points_m: NDArray[np.float64]
    stations_m: NDArray[np.float64]


# Imports after which the same file, read in the same way, would find everything as it is: nothing was erased, undone or
# upgraded since, and no later import came from its source. Rows that wait may have found their record, so they do not.
SAME_IMPORT = """
    SELECT report FROM old.imports m
    WHERE file_hash = ? AND reading = ? AND report IS NOT NULL AND target <> 'joined' AND coalesce(rows_waiting, 0) = 0
      AND version > (SELECT coalesce(disturbed, '') FROM old.about)
      AND NOT EXISTS (
          SELECT 1 FROM old.imports n WHERE n.version > m.version AND n.source IS NOT DISTINCT FROM m.source
      )
    ORDER BY version DESC LIMIT 1
"""


def find_same_import(*, settings: Settings, keys: Keys, file_hash: str, reading: str) -> tuple[str, str] | None:
    """Report and current version, where an import of this very file, read like this, is the latest word of its source.

    `reading` stands for all that decides how the file is read. None where there is no such import or no store.
    """
    folder = settings.store_folder
    pointer = _pointer_to_ask(settings)
    if pointer is None:
        return None
    with (
        write_errors_named(folder),
        opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection,
    ):
        report = fetch_one(connection, SAME_IMPORT, [file_hash, reading])
    return (report, pointer.current.version) if report else None


def stored_pieces(
    *, settings: Settings, keys: Keys, source: str, administrations: pd.Series, without: pd.Series
) -> tuple[pd.DataFrame, str | None]:
    """Rows that were folded into some administrations by earlier imports of `source`, and the version they are from.

    Columns as in the schema, in the order of the rows; those whose piece_id is in `without` are left out.
    """
    names = table_named("pieces").names
    folder = settings.store_folder
    pointer = _pointer_to_ask(settings)
    if pointer is None:
        return pd.DataFrame(columns=list(names)), None
    with (
        write_errors_named(folder),
        opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection,
    ):
        for name, column in (("wanted", administrations), ("known", without)):
            connection.register(name, pa.table({"key": pa.array(column.unique(), pa.string(), from_pandas=True)}))
        frame = connection.execute(
            """
            SELECT p.* FROM old.pieces p LEFT JOIN old.imports m USING (import_id)
            WHERE p.source IS NOT DISTINCT FROM ? AND p.administration_id IN (SELECT key FROM wanted)
              AND p.piece_id NOT IN (SELECT key FROM known)
            ORDER BY m.version, position, piece_id
            """,
            [source],
        ).df()
    return frame, pointer.current.version


def read_evidence(
    *,
    settings: Settings,
    keys: Keys,
    target: str,
    source: str,
    incoming: pd.Series,
    people: pd.Series,
    first_day: date,
    last_day: date,
) -> StoredEvidence | None:
    """What is stored of the days from `first_day` to `last_day`, without the keys `incoming`; None without a store.

    `target` is a table of events; `incoming` holds the keys of its events (of incidents, for a form), `people` tokens.
    """
    pointer = _pointer_to_ask(settings)
    if pointer is None:
        return None
    form = target == "administrations"
    table = table_named("incidents" if form else target)
    said_of_person = """LEFT JOIN (
        SELECT incident_id, count(*) AS people, min(epoch_us(recorded_at)) // 60_000_000 AS recorded,
               min(person_token) AS person, min(gender) AS gender, min(age_band) AS age_band,
               min(doses_given)::DOUBLE AS doses_given, min(condition_before) AS condition_before,
               min(condition_after) AS condition_after, min(alive_at_handover) AS alive_at_handover,
               min(taken_to_hospital) AS taken_to_hospital
        FROM old.administrations WHERE record_state = 'current' GROUP BY incident_id
    ) a USING (incident_id)"""
    folder = settings.store_folder
    with (
        write_errors_named(folder),
        opened_snapshot(settings=settings, keys=keys, file=folder / pointer.current.file) as connection,
    ):
        connection.register("incoming", pa.table({"key": pa.array(incoming.unique(), pa.string(), from_pandas=True)}))
        events = connection.execute(
            sql(
                """
                SELECT 0::BIGINT AS row, i.$key AS key, date_diff('day', DATE '1970-01-01', i.local_date) AS day,
                       if(i.time_precision = 'day', -1, epoch_us(i.occurred_at) // 60_000_000) AS minute,
                       coalesce(i.local_hour = 0 AND epoch_us(i.occurred_at) // 60_000_000 % 60 = 0, false)
                       AND i.time_precision = 'minute' AS midnight,
                       i.easting_m, i.northing_m, i.small_area AS area, $said
                FROM old.$table i $of_person
                WHERE i.record_state = 'current' AND i.local_date BETWEEN ? AND ?
                      AND i.time_precision IN ('minute', 'hour', 'day') AND i.$key NOT IN (SELECT key FROM incoming)
                ORDER BY i.$key
                """,
                key=table.key,
                table=table.name,
                of_person=said_of_person if form else "",
                said="coalesce(recorded, -1) AS recorded, coalesce(people, 1) AS people, "
                "a.* EXCLUDE (incident_id, recorded, people)"
                if form
                else "-1::BIGINT AS recorded, 1::BIGINT AS people, NULL AS person",
            ),
            [first_day, last_day],
        ).df()
        source_days = connection.execute(
            sql(
                """SELECT DISTINCT date_diff('day', DATE '1970-01-01', local_date) AS day FROM old.$table
                   WHERE record_state = 'current' AND source = ? AND local_date BETWEEN ? AND ? ORDER BY day""",
                table=table.name,
            ),
            [source, first_day, last_day],
        ).fetchnumpy()["day"]
        beside = timedelta(weeks=OTHER_WEEKS)
        days, at_events = _in_other_weeks(connection, people if form else None, first_day - beside, last_day + beside)
        connection.unregister("incoming")
        (only_dates,) = connection.execute(
            sql(
                "SELECT coalesce(avg((time_precision = 'day')::INTEGER) > 0.5, false) FROM old.$table WHERE source = ?",
                table=table.name,
            ),
            [source],
        ).fetchone() or (False,)
        points = connection.execute(
            sql(
                """SELECT easting_m, northing_m, max(location_precision_m) AS precision_m FROM old.$table
                   WHERE source = ? AND location_source = 'coordinates' AND location_precision_m > ?
                   GROUP BY ALL ORDER BY count(*) DESC, easting_m, northing_m LIMIT 10000""",
                table=table.name,
            ),
            [source, AREA_LEVEL_M],
        ).df()
        stations = connection.execute(
            """SELECT DISTINCT easting_m, northing_m FROM old.carriers
               WHERE record_state = 'current' AND easting_m IS NOT NULL AND northing_m IS NOT NULL ORDER BY ALL"""
        ).df()
    return StoredEvidence(
        events=events,
        source_days=np.asarray(source_days, dtype=np.int64),
        days=days,
        people=at_events,
        only_dates=bool(only_dates),
        area_points_m=points.to_numpy(np.float64),
        stations_m=stations.to_numpy(np.float64),
    )


def _in_other_weeks(
    connection: Connection, people: pd.Series | None, first_day: date, last_day: date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Incidents under other keys by day (since 1970), and at which of them `people` were; nothing without these."""
    if people is None:
        return pd.DataFrame(columns=["day", "events"]), pd.DataFrame(columns=["day", "token"])
    connection.register("people", pa.table({"token": pa.array(people.unique(), pa.string())}))
    connection.execute(
        """
        CREATE TEMP TABLE other AS
        SELECT incident_id, date_diff('day', DATE '1970-01-01', local_date) AS day FROM old.incidents
        WHERE record_state = 'current' AND local_date BETWEEN ? AND ? AND time_precision <> 'month'
              AND incident_id NOT IN (SELECT key FROM incoming)
        """,
        [first_day, last_day],
    )
    days = connection.execute("SELECT day, count(*) AS events FROM temp.other GROUP BY day ORDER BY day").df()
    there = connection.execute(
        """
        WITH treated AS (
            SELECT day, administration_id, person_token
            FROM temp.other JOIN old.administrations a USING (incident_id) WHERE a.record_state = 'current'
        ), there AS (
            SELECT day, person_token AS token FROM treated
            UNION SELECT day, officer_token FROM treated JOIN old.doses USING (administration_id)
            UNION SELECT day, officer_token FROM treated JOIN old.dose_reports USING (administration_id)
        )
        SELECT day, token FROM there SEMI JOIN people USING (token)
        """
    ).df()
    connection.unregister("people")
    return days, there


def stored_ledger(*, settings: Settings, keys: Keys) -> tuple[pd.DataFrame, frozenset[str]]:
    """The kit ledger's current rows as `Store.kit_ledger` gives them, with tokens for kits and officers, and the tokens
    of all carriers; for an import, which compares a file with them. Both are empty where there is no store.
    """
    pointer = _pointer_to_ask(settings)
    if pointer is None:
        return pd.DataFrame(), frozenset()
    file = settings.store_folder / pointer.current.file
    with opened_snapshot(settings=settings, keys=keys, file=file, name="records") as connection:
        rows = connection.execute(sql("WITH $officers, $ledger FROM ledger", officers=OFFICERS, ledger=LEDGER)).df()
        carriers = connection.execute(sql("WITH $officers SELECT officer_token FROM officers", officers=OFFICERS))
        return rows, frozenset(token for (token,) in carriers.fetchall())


def _pointer_to_ask(settings: Settings) -> Pointer | None:
    """The snapshot in use; None where there is no store, or one with the tables of another version of this program."""
    pointer = read_pointer(settings.store_folder)
    return pointer if pointer and pointer.current.schema_version == schema_version() else None
