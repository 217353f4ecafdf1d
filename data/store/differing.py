"""In which fields the updated records of a batch differ from what their source has said of them so far."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.changes import Changes, FieldChange
from data.row_runs import RowRuns
from data.schema import Table, table_named
from data.store.batch import Batch
from data.store.connection import Connection, sql, tables_of
from data.store.ddl import ARROW_TYPES
from data.store.joining import PLACE_FIELDS
from data.store.rewriting import ROWS_AT_ONCE, view_base

__all__ = ["changes_of"]

Mask = NDArray[np.bool_]
# By name, which rows differ in it, and which lose something of it.
_Found = dict[str, tuple[Mask, Mask]]

_WAIT_FIELDS = ("started_at", "ended_at", "minutes", "outcome")
# Parts of a record that are told of as one, and what is set aside in them.
_PARTS = {
    "place": (*PLACE_FIELDS, "place"),
    "waits": _WAIT_FIELDS,
    "substances": ("substance", "certainty"),
    "doses": ("given_at", "officer_token", "officer_role", "product", "kit_token", "doses_given"),
}


def changes_of(connection: Connection, batch: Batch, *, updated: Mask, numbers: NDArray[np.int64]) -> Changes:
    """Compare the target's rows that are `updated`, what they belong to and what belongs to them, with the snapshot.

    `numbers` says where in the file each row of the target stands. The connection reads the snapshot as `old`.
    """
    if not updated.any():
        return Changes()
    view_base(connection, tables_of(connection, "old"))
    target = batch.tables[batch.target]
    rows = target if updated.all() else target[updated]
    found = _differing(connection, table_named(batch.target), rows)
    for name in batch.tables.keys() & {"incidents", "waits", "substances", "doses"} - {batch.target}:
        table, frame = table_named(name), batch.tables[name]
        if name == "incidents":
            parents = frame[_among(frame[table.key], rows[table.key])]
            places = pd.Index(parents[table.key]).get_indexer(rows[table.key])
            of_parents = _differing(connection, table, parents)
            found |= {field: (differ[places], lost[places]) for field, (differ, lost) in of_parents.items()}
        else:
            link = next(each for each in ("join_id", "administration_id", "incident_id") if _links(batch, table, each))
            found[name] = _differing_children(
                connection, table, frame[_among(frame[link], rows[link])], rows, link=link
            )
    return _account(found, batch, rows=rows, numbers=numbers[updated])


def _links(batch: Batch, table: Table, column: str) -> bool:
    return column in table.names and column in table_named(batch.target).names


def _among(column: pd.Series, keys: pd.Series | NDArray[np.object_]) -> Mask:
    """Which of a column's keys are among others; of a million, pandas would make Python texts."""
    some, others = (pa.array(each, pa.string(), from_pandas=True) for each in (column, keys))
    return np.asarray(pc.is_in(some, value_set=others.drop_null()), dtype=bool)


def _compared(table: Table) -> list[str]:
    """The fields that a file can fill, beside the row's own key."""
    return [each.name for each in table.fields if each.mapped and each.name != table.key]


def _value(table: Table, name: str, row: str) -> str:
    default = table.field(name).default
    return f"coalesce({row}.{name}, '{default}')" if default else f"{row}.{name}"


def _said(table: Table, name: str, row: str) -> str:
    """SQL that a field of a row is recorded."""
    default = table.field(name).default
    return f"({_value(table, name, row)} <> '{default}')" if default else f"({row}.{name} IS NOT NULL)"


def _lost(table: Table, name: str) -> str:
    """SQL that a field was recorded and is no more. A place that is in another area, or in none, is there."""
    lost = f"{_said(table, name, 'stored')} AND NOT {_said(table, name, 'part')}"
    return f"{lost} AND part.easting_m IS NULL" if name in PLACE_FIELDS and "easting_m" in table.names else lost


def _in_parts(connection: Connection, table: Table, rows: pd.DataFrame, names: list[str]) -> Iterator[None]:
    """Register some rows at a time as `part`, each with its `position` among all."""
    schema = pa.schema([*((name, ARROW_TYPES[table.field(name).type]) for name in names), ("position", pa.int64())])
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[names].iloc[start : start + ROWS_AT_ONCE]
        part = part.assign(position=np.arange(start, start + len(part)))
        connection.register("part", pa.Table.from_pandas(part, schema=schema, preserve_index=False, safe=False))
        yield
        connection.unregister("part")


def _bits(names: list[str], condition: Callable[[str], str]) -> str:
    """SQL of one number that has a bit for each field, in order, for which the condition holds."""
    return " + ".join(f"if({condition(name)}, {1 << place}::UBIGINT, 0)" for place, name in enumerate(names))


def _differing(connection: Connection, table: Table, rows: pd.DataFrame) -> _Found:
    """By field, the rows that differ from the stored ones of their keys. Those that are not stored do not."""
    names = _compared(table)
    statement = sql(
        "SELECT position, $differ AS differ, $lost AS lost FROM part JOIN temp.base_$table stored USING ($key)",
        differ=_bits(names, lambda n: f"{_value(table, n, 'stored')} IS DISTINCT FROM {_value(table, n, 'part')}"),
        lost=_bits(names, lambda n: _lost(table, n)),
        table=table.name,
        key=table.key,
    )
    bits = {name: np.zeros(len(rows), dtype=np.uint64) for name in ("differ", "lost")}
    for _part in _in_parts(connection, table, rows, [table.key, *names]):
        part = connection.execute(statement).fetchnumpy()
        for name, every in bits.items():
            every[part["position"]] = part[name]
    told_as = dict.fromkeys(PLACE_FIELDS, "place")
    if table.name == "waits":
        told_as |= dict.fromkeys(_WAIT_FIELDS, "waits")
    shifts: dict[str, int] = {}
    for place, name in enumerate(names):
        shifts[told_as.get(name, name)] = shifts.get(told_as.get(name, name), 0) | 1 << place
    return {
        name: ((bits["differ"] & np.uint64(mask)) > 0, (bits["lost"] & np.uint64(mask)) > 0)
        for name, mask in shifts.items()
    }


def _differing_children(
    connection: Connection, table: Table, children: pd.DataFrame, rows: pd.DataFrame, *, link: str
) -> tuple[Mask, Mask]:
    """The rows whose children of the same source are not those that are stored, and those with less recorded.

    Children are compared together, since one that is corrected may have another key.
    """
    names = [name for name in _compared(table) if not table.field(name).required]
    statement = f"""
        SELECT {link} AS link, $sign AS sign, hash({", ".join(f"$row.{name}" for name in names)})::HUGEINT AS content,
        {", ".join(f"{_said(table, name, '$row')}::TINYINT AS {name}" for name in names)}
    """
    connection.register("links", pa.table({"link": pa.array(rows[link].unique(), pa.string())}))
    connection.execute(
        sql(
            "CREATE OR REPLACE TEMP TABLE spoken AS " + statement + " FROM temp.base_$row $row "
            "SEMI JOIN links ON links.link = $row.$link WHERE $row.source IS NOT DISTINCT FROM ?",
            sign="-1",
            row=table.name,
            link=link,
        ),
        [rows["source"].iloc[0]],
    )
    connection.unregister("links")
    for _part in _in_parts(connection, table, children, [link, *names]):
        connection.execute(sql("INSERT INTO temp.spoken " + statement + " FROM part", sign="1", row="part"))
    found = connection.execute(
        sql(
            "SELECT link, $lost AS lost FROM temp.spoken GROUP BY link HAVING sum(sign * content) <> 0",
            lost=" OR ".join(f"sum(sign * {name}) < 0" for name in names),
        )
    ).fetchnumpy()
    return _among(rows[link], found["link"]), _among(rows[link], found["link"][found["lost"].astype(bool)])


def _account(found: _Found, batch: Batch, *, rows: pd.DataFrame, numbers: NDArray[np.int64]) -> Changes:
    """The rows of the file in which each field differs, and why something that was there is no more."""
    key = table_named(batch.target).key
    keys = rows[key]
    in_file = _rows_in_file(batch, keys, numbers)
    alone = batch.quarantine[~batch.quarantine["whole_row"].eq(True).fillna(False).astype(bool)]
    unread = emptied = np.zeros(len(rows), dtype=bool)
    fields = []
    for name, (differ, lost) in found.items():
        if not differ.any():
            continue
        fields.append(FieldChange(field=name, records=int(differ.sum()), lost=int(lost.sum()), **vars(in_file(differ))))
        if lost.any():
            entries = alone.loc[alone["field"].isin([name, *_PARTS.get(name, ())]), "record_id"]
            set_aside = _among(keys, entries)
            unread, emptied = unread | (lost & set_aside), emptied | (lost & ~set_aside)
    return Changes(
        fields=tuple(sorted(fields, key=lambda each: (-each.records, each.field))),
        unread=int(unread.sum()),
        emptied=int(emptied.sum()),
        unread_rows=in_file(unread),
        emptied_rows=in_file(emptied),
    )


def _rows_in_file(batch: Batch, keys: pd.Series, numbers: NDArray[np.int64]) -> Callable[[Mask], RowRuns]:
    """What finds the rows of the file that some of the target's rows were made of."""
    pieces = batch.tables.get("pieces")
    if pieces is None:
        return lambda some: RowRuns.of(numbers[some])
    # Rows of earlier imports stand before the first of this file.
    of_file = pieces[pieces["position"] > 0]
    record = pd.Index(keys).get_indexer(of_file["join_id" if batch.target == "joined" else "administration_id"])
    of_file, record = of_file["position"].to_numpy(dtype=np.int64)[record >= 0], record[record >= 0]
    return lambda some: RowRuns.of(of_file[some[record]])
