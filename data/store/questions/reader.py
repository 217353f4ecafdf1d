"""What every question needs: an open snapshot, a cursor of its own, and what filters amount to as a condition."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.filters import AccessScope, Filters
from data.schema import SETTINGS, SUBSTANCES
from data.store.connection import Connection, damage_named

__all__ = ["Reader", "kept_by"]


class Reader:
    """One snapshot, open for reading."""

    def __init__(
        self,
        *,
        connection: Connection,
        file: Path,
        version: str,
        synthetic: bool,
        created_at: datetime,
        time_zone: str,
    ) -> None:
        self._connection = connection
        self._file = file
        self._time_zone = ZoneInfo(time_zone)
        self.version = version
        self.synthetic = synthetic
        self.created_at = created_at.astimezone(self._time_zone)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; questions cannot be asked afterwards."""
        self._connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[Connection]:
        """A cursor for one question; sharing the connection itself between threads mixes up their results."""
        with damage_named(self._file), self._connection.cursor() as cursor:
            yield cursor

    def _row(self, statement: str, values: list[Any] | None = None) -> tuple[Any, ...]:
        with self._cursor() as cursor:
            return cursor.execute(statement, values or []).fetchall()[0]

    def _frame(self, statement: str, values: list[Any] | None = None) -> pd.DataFrame:
        with self._cursor() as cursor:
            return cursor.execute(statement, values or []).df()

    def _columns(self, statement: str, values: list[Any]) -> dict[str, NDArray[np.float64]]:
        with self._cursor() as cursor:
            columns = cursor.execute(statement, values).fetchnumpy()
        return {name: np.ma.filled(column.astype(np.float64), np.nan) for name, column in columns.items()}


def kept_by(filters: Filters, scope: AccessScope) -> tuple[str, list[Any]]:
    """The condition on `counted` that filters and scope amount to, and the values to bind to it."""
    # What is known by its month alone has no weekday, and counts where all of its month is in the period.
    conditions = ["local_date BETWEEN ? AND ?", "(local_weekday IS NOT NULL OR last_day(local_date) <= ?)"]
    values: list[Any] = [filters.first_day, filters.last_day, filters.last_day]
    chosen = (
        ("bcu", scope.bcus),
        ("bcu", filters.bcus),
        ("authority", filters.authorities),
        ("small_area", filters.small_areas),
    )
    for column, allowed in chosen:
        if allowed:
            conditions.append(f"{column} IN ({', '.join('?' * len(allowed))})")
            values += allowed
    for bits, names, chosen_names in (
        ("substance_bits", SUBSTANCES, filters.substances),
        ("setting_bit", SETTINGS, filters.settings),
    ):
        if chosen_names:
            conditions.append(f"{bits} & ? <> 0")
            values.append(sum(1 << names.index(name) for name in chosen_names))
    if filters.placed:
        conditions.append("located AND coalesce(bcu, authority, small_area) IS NOT NULL")
    return " AND ".join(conditions), values
