"""What is kept of each row that was folded into a record, so that later rows of it can be folded with them again.

A row's fields are one text, a list of JSON, and their names another, which all rows of an import share. Times are
seconds since 1970; what was not recorded is null. Everything is pseudonymised, and exact coordinates are left out.
"""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.quality.file_points import RAW_AREA, RAW_X, RAW_Y
from data.schema import NOT_RECORDED

__all__ = ["contents_of_pieces", "known_where", "pieces_from_store", "pieces_to_store"]

Contents = Callable[[NDArray[np.int64]], pa.ChunkedArray]

# In columns of their own; or, exact coordinates, looked at while a file is read and never stored: the place that is
# kept was snapped.
_APART = ("piece_id", "administration_id", "row_hash", "withdrawn", RAW_X, RAW_Y, RAW_AREA)
# What cannot stand in a text of JSON as it is.
_ESCAPED = r'["\\\x00-\x1f]'
# Rows put in words at once: on the way they are several times as large as in the end.
_ROWS_AT_ONCE = 16_384


def known_where(column: pd.Series) -> NDArray[np.bool_]:
    """Where a column says something."""
    known = column.notna().to_numpy(dtype=bool)
    if isinstance(column.dtype, pd.CategoricalDtype):
        known &= (column != NOT_RECORDED).to_numpy(dtype=bool)
    elif column.dtype == bool:
        known &= column.to_numpy(dtype=bool)
    return known


def pieces_to_store(pieces: pd.DataFrame, *, import_id: str, earlier: pd.DataFrame | None = None) -> pd.DataFrame:
    """The rows as the table `pieces` keeps them, but for their content.

    `pieces` are indexed by row number; `earlier` says of rows of earlier imports (0 and below), in the order of these
    numbers up to 0, where they were read (columns row_number and read_by of the table).
    """
    position = pieces.index.to_numpy()
    withdrawn = pieces["withdrawn"].to_numpy(dtype=bool) if "withdrawn" in pieces else np.zeros(len(pieces), dtype=bool)
    row_number = pd.array(position.copy(), dtype="Int64")
    read_by = _same_for_all(import_id, len(pieces))
    if earlier is not None and (before := position <= 0).any():
        at = position[before] + len(earlier) - 1
        row_number[before] = earlier["row_number"].to_numpy()[at]
        texts = np.full(len(pieces), import_id, dtype=object)
        texts[before] = earlier["read_by"].to_numpy(dtype=object)[at]
        read_by = pd.Categorical(texts)
    return pd.DataFrame(
        {
            "piece_id": pieces["piece_id"].array,
            "administration_id": pieces["administration_id"].array,
            **({"join_id": pieces["join_id"].array} if "join_id" in pieces else {}),
            "position": position,
            "fields": _same_for_all(json.dumps(_said(pieces)), len(pieces)),
            "row_number": row_number,
            "read_by": read_by,
            "row_hash": pieces["row_hash"].array,
            "record_state": pd.Categorical.from_codes(withdrawn.astype(np.int8), categories=["current", "withdrawn"]),
        }
    )


def _same_for_all(text: str, rows: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), categories=[text])


def contents_of_pieces(pieces: pd.DataFrame) -> Contents:
    """A function of places among the rows that gives their contents.

    They are made some at a time, as they are written: those of a million rows are as large as all else of an import.
    """
    told = pieces[_said(pieces)]

    def contents(places: NDArray[np.int64]) -> pa.ChunkedArray:
        parts = [places[start : start + _ROWS_AT_ONCE] for start in range(0, len(places), _ROWS_AT_ONCE)]
        return pa.chunked_array([_contents(told.take(part)) for part in parts], pa.string())

    return contents


def _said(pieces: pd.DataFrame) -> list[str]:
    """Columns in which any row says something."""
    return [name for name in pieces if name not in _APART and known_where(pieces[name]).any()]


def _contents(pieces: pd.DataFrame) -> pa.Array:
    """Each row as a list of JSON, made a column at a time."""
    if not len(pieces.columns):
        return pa.array(["[]"] * len(pieces), pa.string())
    columns = [_as_json(pieces[name]) for name in pieces]
    joined = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="null")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _as_json(column: pd.Series) -> pa.Array:
    """The texts of one column, null where it says nothing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = [None if word == NOT_RECORDED else json.dumps(word) for word in column.cat.categories]
        codes = column.cat.codes.to_numpy()
        return pa.array(words, pa.string()).take(pa.array(codes, mask=codes < 0))
    unknown = ~known_where(column)
    if _is_time(column):
        # Whole numbers wherever they can be: no moment is finer than a microsecond, and that a float holds.
        microseconds = column.array.as_unit("us").asi8
        whole = not (microseconds[~unknown] % 1_000_000).any()
        seconds = microseconds // 1_000_000 if whole else microseconds / 1_000_000
        return pa.array(seconds, mask=unknown).cast(pa.string())
    if isinstance(column.dtype, pd.StringDtype) or column.dtype == object:
        return _quoted(pa.array(column, pa.string(), from_pandas=True))
    if isinstance(column.dtype, np.dtype):
        return pa.array(column.to_numpy(), mask=unknown).cast(pa.string())
    return pa.array(column).cast(pa.string())


def _quoted(texts: pa.Array) -> pa.Array:
    """Texts as JSON writes them."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if pc.any(pc.match_substring_regex(texts, _ESCAPED)).as_py():
        return pa.array([None if text is None else json.dumps(text) for text in texts.to_pylist()], pa.string())
    return pc.binary_join_element_wise('"', texts, '"', "")


def _is_time(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column.dtype)


def pieces_from_store(stored: pd.DataFrame, *, like: pd.DataFrame) -> pd.DataFrame:
    """Rows of earlier imports, with the columns and types of `like`; their row numbers are 0 and below."""
    stored = stored.reset_index(drop=True)
    content = _read_contents(stored)
    columns: dict[str, object] = {}
    for name in like:
        if name in ("piece_id", "administration_id", "row_hash"):
            column = stored[name]
        elif name == "withdrawn":
            column = stored["record_state"] == "withdrawn"
        else:
            column = content[name] if name in content else pd.Series([None] * len(stored))
        if _is_time(like[name]):
            microseconds = (pd.to_numeric(column) * 1_000_000).round()
            column = pd.to_datetime(microseconds.astype("Int64"), unit="us", utc=True).dt.as_unit("ns")
            column = column if like[name].dt.tz is not None else column.dt.tz_localize(None)
        elif isinstance(like[name].dtype, pd.CategoricalDtype):
            fallback = NOT_RECORDED if NOT_RECORDED in like[name].cat.categories else None
            column = column.where(column.isin(like[name].cat.categories), fallback)
        elif like[name].dtype == bool:
            column = column.eq(True)
        columns[name] = column.astype(like[name].dtype).array
    index = pd.RangeIndex(1 - len(stored), 1, name=like.index.name)
    return pd.DataFrame(columns, index=index)


def _read_contents(stored: pd.DataFrame) -> pd.DataFrame:
    """The fields of all rows; imports that named them otherwise are read apart."""
    parts = [
        pd.DataFrame(
            json.loads("[" + ",".join(rows["content"]) + "]"),
            index=rows.index,
            columns=json.loads(fields),
            dtype=object,
        )
        for fields, rows in stored.groupby("fields", sort=False)
    ]
    return pd.concat(parts).sort_index()
