"""A store seen without its own code: through DuckDB alone, and as a naive model that merges row by row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from data.schema import TABLES, table_named
from data.settings import Settings
from data.store import current_version
from data.store.connection import encryption_extension
from tests.data.store_rows import KEYS


@contextmanager
def by_hand(settings: Settings, *, version: str | None = None, writable: bool = False) -> Iterator[Any]:
    """A snapshot by DuckDB alone, attached as `s`."""
    version = version or current_version(settings.store_folder)
    # Its signature was checked, which takes longer than a small test.
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoload_known_extensions": "false"})
    connection.execute(f"LOAD '{encryption_extension()}'")
    mode = "" if writable else ", READ_ONLY"
    file = settings.store_folder / f"records-{version}.duckdb"
    connection.execute(f"ATTACH '{file}' AS s (ENCRYPTION_KEY ?{mode})", [KEYS.store_key])
    yield connection
    connection.close()


def stored_tables(settings: Settings) -> dict[str, dict[str, dict[str, Any]]]:
    """Every table's rows by key, through DuckDB alone."""
    tables = {}
    with by_hand(settings) as connection:
        for table in TABLES:
            cursor = connection.execute(f"SELECT * FROM s.{table.name}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            tables[table.name] = {row[table.key]: row for row in rows}
    return tables


def tokens_in(settings: Settings) -> dict[str, set[str]]:
    """Every text of every table of every snapshot that is left, by snapshot."""
    found = {}
    for file in settings.store_folder.glob("records-*.duckdb"):
        version = file.stem.removeprefix("records-")
        with by_hand(settings, version=version) as connection:
            texts = set()
            names = connection.execute(
                """SELECT table_name, column_name FROM duckdb_columns()
                   WHERE database_name = 's' AND data_type = 'VARCHAR'"""
            ).fetchall()
            for table, column in names:
                texts |= {
                    text for (text,) in connection.execute(f'SELECT DISTINCT "{column}" FROM s.{table}').fetchall()
                }
        found[version] = texts
    return found


class NaiveStore:
    """The merge rule in words, row by row in dictionaries."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, dict[str, Any]]] = {
            name: {} for name in ("incidents", "administrations", "substances", "doses", "waits")
        }

    def merge(self, people: list[dict[str, list[dict[str, Any]]]], *, full: bool = False) -> tuple[int, int, int]:
        """How many are new, different and the same; what a full extract lacks is withdrawn."""
        result = [0, 0, 0]
        incidents = {row["incident_id"]: row for one in people for row in one["incidents"]}
        waits = {row["wait_id"]: row for one in people for row in one["waits"]}
        changed = []
        for one in people:
            (row,) = one["administrations"]
            old = self.tables["administrations"].get(row["administration_id"])
            same = old is not None and (old["row_hash"], old["record_state"]) == (row["row_hash"], row["record_state"])
            result[0 if old is None else 2 if same else 1] += 1
            if not same:
                changed.append(one)
        for one in changed:
            (row,) = one["administrations"]
            self.tables["administrations"][row["administration_id"]] = row
            self.tables["incidents"][row["incident_id"]] = incidents[row["incident_id"]]
            for name in ("substances", "doses"):
                self._replace(name, "administration_id", row["administration_id"], row["source"], one[name])
            ours = [wait for wait in waits.values() if wait["incident_id"] == row["incident_id"]]
            self._replace("waits", "incident_id", row["incident_id"], row["source"], ours)
        held = {one["administrations"][0]["administration_id"] for one in people}
        for key, row in self.tables["administrations"].items():
            if full and key not in held:
                self.tables["administrations"][key] = row | {"record_state": "withdrawn"}
        return result[0], result[1], result[2]

    def _replace(self, name: str, link: str, value: str, source: str, rows: list[dict[str, Any]]) -> None:
        table = self.tables[name]
        for key in [key for key, row in table.items() if row[link] == value and row["source"] == source]:
            del table[key]
        for row in rows:
            table[row[table_named(name).key]] = row
