"""What an import hands over and what it is told of it, and whether a batch fits the schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.changes import Changes
from data.row_runs import Runs
from data.schema import table_named
from data.store.errors import StoreWriteError
from wording import _, format_count, join_words

__all__ = ["Batch", "FullExtract", "ImportOutcome", "check_batch", "quarantine_counts", "rows_without_own"]


@dataclass(frozen=True, kw_only=True)
class ImportOutcome:
    """What became of a batch's rows; `version` is the snapshot that counts afterwards.

    rows in = imported + updated + unchanged + folded + withdrawn + waiting + quarantined_rows. `gone` counts records
    that a full extract lacks and `matched` rows of earlier imports that now found their record: neither are rows of the
    file; `placed` counts incidents that have a place by the latter alone. `conflicts` are open in the store afterwards.

    Rows of the file, as runs: `waiting_rows` are all that wait, `several_rows` those of them that fit several records
    (the others found none), `conflict_rows` those that speak of administrations with an open conflict. `changes` are
    those in the updated rows.
    """

    version: str | None
    imported: int
    updated: int
    unchanged: int
    quarantined_rows: int
    quarantined_fields: int
    folded: int = 0
    withdrawn: int = 0
    waiting: int = 0
    gone: int = 0
    matched: int = 0
    placed: int = 0
    conflicts: int = 0
    waiting_rows: Runs = ()
    several_rows: Runs = ()
    conflict_rows: Runs = ()
    changes: Changes = field(default_factory=Changes)


@dataclass(frozen=True, kw_only=True)
class FullExtract:
    """A file that speaks of all its source has: `kept` are the keys in it, read or held back; others have gone.

    With days it speaks of events from `first_day` to `last_day` alone.
    """

    kept: NDArray[np.object_]
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Validated, pseudonymised rows of one file, by table; `target` is the table the file was for.

    `row_numbers` says where in the file each of the target's rows stands (None: one after the other).

    `import_row` counts in rows_folded and rows_repeated those that have no row of their own in the target. `full` says
    what a full extract speaks of. `based_on` is the version that folded rows were read from. `report` makes the text
    that is kept with the import. `contents` makes those of rows of `pieces`, by their places in its frame, when these
    are written.
    """

    target: str
    synthetic: bool
    import_row: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    quarantine: pd.DataFrame
    full: FullExtract | None = None
    based_on: str | None = None
    report: Callable[[ImportOutcome], str] | None = None
    contents: Callable[[NDArray[np.int64]], pa.ChunkedArray] | None = None
    row_numbers: NDArray[np.int64] | None = None


def check_batch(batch: Batch) -> None:
    """Refuse a batch that does not fit the schema: every column of each table, keys unique and not empty."""
    if batch.target not in batch.tables:
        raise StoreWriteError(_("The file has no rows for the table {table}.").format(table=batch.target))
    for name, frame in {**batch.tables, "quarantine": batch.quarantine}.items():
        table = table_named(name)
        wrong = sorted(set(table.names) ^ set(frame.columns))
        if wrong:
            raise StoreWriteError(
                _("The rows for {table} lack, or should not have: {columns}.").format(
                    table=name, columns=join_words(wrong)
                )
            )
        if frame[table.key].isna().any() or frame[table.key].duplicated().any():
            raise StoreWriteError(
                _("Rows for {table} share a {key} or have none; each row needs its own.").format(
                    table=name, key=table.key
                )
            )
    parts = quarantine_counts(batch.quarantine)[0] + len(batch.tables[batch.target]) + sum(rows_without_own(batch))
    if batch.import_row["rows_in"] != parts:
        raise StoreWriteError(
            _("The file has {rows_in} rows, but {parts} are accounted for. Nothing was changed.").format(
                rows_in=format_count(batch.import_row["rows_in"]), parts=format_count(parts)
            )
        )


def rows_without_own(batch: Batch) -> tuple[int, int]:
    """Rows that are parts of records, and rows that repeat another."""
    return int(batch.import_row.get("rows_folded") or 0), int(batch.import_row.get("rows_repeated") or 0)


def quarantine_counts(quarantine: pd.DataFrame) -> tuple[int, int]:
    """Rows held back whole, and fields set aside alone."""
    whole = quarantine["whole_row"].eq(True).fillna(False).astype(bool)
    return int(quarantine.loc[whole, "row_number"].nunique()), int((~whole).sum())
