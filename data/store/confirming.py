"""Which imports held a row unchanged: with any of them left, the row outlives the import that wrote it.

A row's `confirmed_by` is the id of the one import that held it, or stands for several, in the order in which they came;
which these are says the table `confirmations`. A full extract holds a million rows at once, so rows share such ids.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping

import pyarrow as pa

from data.schema import TABLES
from data.store.connection import Connection, sql

__all__ = ["CONFIRMED_TOO", "confirmation_id", "confirmed_too", "read_confirmations", "write_confirmations"]

# The id after one more import, given twice: `confirmation_id` in SQL.
CONFIRMED_TOO = "coalesce(md5(stored.confirmed_by || ?), ?)"

Confirmations = Mapping[str, tuple[str, ...]]


def confirmation_id(imports: Iterable[str]) -> str | None:
    """What stands for some imports in this order, None for none."""
    found: str | None = None
    for each in imports:
        found = hashlib.md5((found + each).encode(), usedforsecurity=False).hexdigest() if found else each
    return found


def read_confirmations(connection: Connection, tables: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The imports that each id of the old snapshot, which has these tables, stands for."""
    known = {found: (found,) for (found,) in connection.execute("SELECT import_id FROM old.imports").fetchall()}
    if "confirmations" in tables:
        rows = connection.execute(
            "SELECT confirmation_id, list(import_id ORDER BY place) FROM old.confirmations GROUP BY confirmation_id"
        )
        known |= {found: tuple(imports) for found, imports in rows.fetchall()}
    return known


def confirmed_too(known: Confirmations, import_id: str) -> dict[str, tuple[str, ...]]:
    """What ids can stand for once one more import has held some rows."""
    several = [(*imports, import_id) for imports in known.values()]
    return {**known, **{str(confirmation_id(imports)): imports for imports in several}}


def write_confirmations(connection: Connection, known: Confirmations, tables: Collection[str]) -> None:
    """Say in the fresh snapshot, which has these tables, what the ids stand for that its rows have."""
    parts = [
        sql("SELECT confirmed_by FROM fresh.$table", table=name)
        for table in TABLES
        for name in (table.name, f"past_{table.name}")
        if "confirmed_by" in table.names and name in tables
    ]
    used = connection.execute(
        sql(
            "SELECT DISTINCT confirmed_by FROM ($parts) WHERE confirmed_by IS NOT NULL", parts=" UNION ALL ".join(parts)
        )
    ).fetchall()
    rows = [
        (found, import_id, place)
        for (found,) in used
        for place, import_id in enumerate(known.get(found, ()))
        if len(known[found]) > 1
    ]
    if rows:
        names = ("confirmation_id", "import_id", "place")
        connection.register("rows", pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))))
        connection.execute("CREATE TABLE fresh.confirmations AS FROM rows")
        connection.unregister("rows")
