"""Connections to encrypted snapshots, closed to everything else, and the few things asked of any of them."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import duckdb_extension_httpfs
import pyarrow as pa

from data.keys import Keys
from data.settings import Settings
from data.snapshots import DiskFullError, StoreDamagedError, disk_errors_named
from data.store.errors import StoreKeyError, StoreWriteError
from wording import _

__all__ = [
    "Connection",
    "connect",
    "count_rows",
    "damage_named",
    "encryption_extension",
    "fetch_one",
    "opened",
    "opened_snapshot",
    "read_about",
    "sql",
    "tables_of",
    "write_errors_named",
]

Connection = duckdb.DuckDBPyConnection
_NO_OTHER_EXTENSIONS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


def sql(text: str, **names: str) -> str:
    """`text` with table, column and condition texts put in; all come from this program, values are always bound."""
    return Template(text).substitute(names)


@functools.cache
def encryption_extension() -> Path:
    """DuckDB's own signed httpfs extension, from its wheel: it holds the cipher that files are written with.

    Its signature is checked here, once a process. DuckDB would check the 21 MB for each connection (87 ms; an import
    opens five), so connections load it unchecked; nothing else can be loaded once `connect` has returned.
    """
    folder = Path(duckdb_extension_httpfs.__file__).parent
    file = next(folder.glob(f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"))
    with duckdb.connect(config=_NO_OTHER_EXTENSIONS) as connection:
        connection.execute(sql("LOAD $path", path=_quoted(file)))
    return file


def _quoted(path: Path) -> str:
    """A path as an SQL text: DuckDB binds values, and a path to attach is not one."""
    return "'" + str(path).replace("'", "''") + "'"


def connect(
    *, settings: Settings, keys: Keys, attach: Mapping[str, tuple[Path, bool]], spill: Path | None
) -> Connection:
    """An in-memory DuckDB with the files of `attach` (name: path, writable) and no way out of them.

    Readers spill nothing to disk; a writer spills encrypted blocks to `spill`.
    """
    folder = settings.store_folder
    connection = duckdb.connect(
        ":memory:",
        config={
            **_NO_OTHER_EXTENSIONS,
            "allow_unsigned_extensions": "true",
            "python_enable_replacements": "false",
            "temp_file_encryption": "true",
            "temp_directory": str(spill) if spill else "",
            "memory_limit": settings.store.memory_limit,
        },
    )
    try:
        connection.execute("SET enable_progress_bar = false")  # it would be printed among the report
        connection.execute(sql("LOAD $path", path=_quoted(encryption_extension())))
        for name, (path, writable) in attach.items():
            statement = (
                "ATTACH $path AS $name (ENCRYPTION_KEY ?)"
                if writable
                else "ATTACH $path AS $name (ENCRYPTION_KEY ?, READ_ONLY)"
            )
            _attach(connection, sql(statement, path=_quoted(path), name=name), keys=keys, folder=folder, path=path)
        connection.execute("SET GLOBAL TimeZone = ?", [settings.time_zone])  # plain SET does not reach cursors
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def _attach(connection: Connection, statement: str, *, keys: Keys, folder: Path, path: Path) -> None:
    try:
        with damage_named(path):
            connection.execute(statement, [keys.store_key])
    except duckdb.InvalidInputException:
        raise StoreKeyError(folder=folder) from None
    except duckdb.CatalogException:
        raise StoreDamagedError(file=path) from None


@contextmanager
def damage_named(file: Path) -> Iterator[None]:
    """Say of a snapshot that cannot be read, or no longer says what was written, that it is damaged.

    The cipher's tag shows a changed block only when it is read: at the start, or under any question later. DuckDB
    then asks whether the key is right, but by then the key has opened the file.
    """
    try:
        yield
    except duckdb.IOException:
        raise StoreDamagedError(file=file) from None
    except duckdb.InvalidInputException as error:
        if "AES tag" not in str(error):
            raise
        raise StoreDamagedError(file=file) from None


@contextmanager
def opened(
    *, settings: Settings, keys: Keys, attach: Mapping[str, tuple[Path, bool]], spill: Path | None = None
) -> Iterator[Connection]:
    """A connection with the files of `attach` as in `connect`, closed again at the end."""
    connection = connect(settings=settings, keys=keys, attach=attach, spill=spill)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def opened_snapshot(*, settings: Settings, keys: Keys, file: Path, name: str = "old") -> Iterator[Connection]:
    """A connection that reads one snapshot, which statements call `name`."""
    with opened(settings=settings, keys=keys, attach={name: (file, False)}) as connection:
        yield connection


@contextmanager
def write_errors_named(folder: Path) -> Iterator[None]:
    """Turn DuckDB's errors into ours without their text or chain: both may quote a value of a record."""
    try:
        with disk_errors_named(folder):
            yield
    except duckdb.ConstraintException:
        raise StoreWriteError(
            _("The rows hold a value that the schema does not allow. Nothing was changed. Check the mapping.")
        ) from None
    except duckdb.OutOfMemoryException:
        raise StoreWriteError(
            _(
                "There was not enough memory for this import. Nothing was changed. Raise memory_limit under [store], "
                "or split the file."
            )
        ) from None
    except duckdb.Error as error:
        # The system's own words, whichever kind of error DuckDB makes of them (POSIX, Windows).
        if any(words in str(error) for words in ("No space left", "not enough space")):
            raise DiskFullError(folder=folder) from None
        if isinstance(error, duckdb.IOException):
            raise StoreWriteError(
                _("The store folder {folder} cannot be written. Nothing was changed.").format(folder=folder)
            ) from None
        raise StoreWriteError(
            _("The records could not be written ({kind}). Nothing was changed.").format(kind=type(error).__name__)
        ) from None
    except pa.ArrowException as error:
        raise StoreWriteError(
            _("A column holds values of the wrong type ({kind}). Nothing was changed.").format(
                kind=type(error).__name__
            )
        ) from None


def fetch_one(connection: Connection, statement: str, values: list[Any] | None = None) -> Any:
    """The first value of the first row, None where there is no row."""
    row = connection.execute(statement, values or []).fetchone()
    return row[0] if row else None


def tables_of(connection: Connection, database: str) -> dict[str, tuple[str, ...]]:
    """Tables and their columns in an attached file; one from an earlier version may have fewer than the schema."""
    rows = connection.execute(
        """
        SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
        WHERE database_name = ? GROUP BY table_name
        """,
        [database],
    ).fetchall()
    return {name: tuple(columns) for name, columns in rows}


def count_rows(connection: Connection, database: str, names: Iterable[str]) -> dict[str, int]:
    """How many rows each of the named tables of an attached file has."""
    return {
        name: fetch_one(connection, sql("SELECT count(*) FROM $database.$table", database=database, table=name))
        for name in names
    }


def read_about(connection: Connection, database: str, *, file: Path) -> dict[str, Any]:
    """What the snapshot says it is; unlike current.json nobody can change it without the key."""
    try:
        found = connection.execute(sql("SELECT * FROM $database.about", database=database))
        names = [column[0] for column in found.description or ()]
        return dict(zip(names, found.fetchall()[0], strict=True))
    except (duckdb.Error, IndexError):
        raise StoreDamagedError(file=file) from None
