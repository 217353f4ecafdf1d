"""The encrypted store of records: every SQL statement of the project, one method a question.

A store is a folder of versioned snapshots (data.snapshots), each a DuckDB file encrypted with AES-256-GCM. Readers
open the current one read-only, one connection a version and one cursor a query. Every write makes a whole new file
from the one before and the change, so nothing of a replaced or erased row is left in it, no index has to be kept, and
a kill at any moment leaves the snapshot before.

Beside the tables of data.schema a snapshot holds `counted`, made when it is written: one row for each administration
that counts (current, and not given to an officer), with its incident's time and place. What is asked of every page is
then one scan of one table, in 1,000,000 rows too.

An import that replaces a row keeps it in `past_<table>` with the import's id, so that what was is still there and the
import can be undone. A second file's rows lie in `joined` and are laid over the records they fit whenever a snapshot is
written; `own_<table>` keeps what the records say without them. All these are made where there is something to keep.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from string import Template
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import duckdb
import duckdb_extension_httpfs
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.filters import AccessScope, Filters
from data.journal import Journal, JournalHead, JournalTamperedError, operating_system_user
from data.keys import Keys
from data.schema import NOT_RECORDED, SETTINGS, SUBSTANCES, TABLES, WAIT_CLOCKS, Field, Table, table_named
from data.settings import Settings
from data.snapshots import (
    WRITER_SPILL_FOLDER,
    DiskFullError,
    Pointer,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreHistoryError,
    StoreMissingError,
    current_version,
    disk_errors_named,
    earlier_pointer,
    existing_pointer,
    publish,
    read_pointer,
    stage,
    switch,
    writer_lock,
)
from wording import _, format_count, format_date, join_words, ngettext

__all__ = [
    "AdministrationCount",
    "Batch",
    "Choices",
    "ConflictNotFoundError",
    "DatedAdministrations",
    "DiskFullError",
    "DoseConflict",
    "DoseReport",
    "Erasure",
    "Freshness",
    "FullExtract",
    "ImportNotFoundError",
    "ImportOutcome",
    "ImportOutdatedError",
    "LocatedAdministrations",
    "Populations",
    "RecordNotFoundError",
    "RiskEvents",
    "Settlement",
    "Store",
    "StoreBusyError",
    "StoreCheck",
    "StoreDamagedError",
    "StoreEmptyError",
    "StoreError",
    "StoreHistoryError",
    "StoreKeyError",
    "StoreMissingError",
    "StoreMixedError",
    "StoreRefusedError",
    "StoreSchemaError",
    "StoreWriteError",
    "StoredEvidence",
    "Undo",
    "check_store",
    "current_version",
    "erase",
    "find_same_import",
    "open_store",
    "preview_batch",
    "read_evidence",
    "rollback",
    "settle_conflict",
    "stored_ledger",
    "stored_pieces",
    "undo_import",
    "upgrade_store",
    "write_batch",
]

Connection = duckdb.DuckDBPyConnection
Tell = Callable[[str], None]
AreaLevel = Literal["small_area", "authority", "bcu"]

# Rows turned into Arrow at once: large enough for DuckDB's row groups (122,880), small enough to bound memory.
ROWS_AT_ONCE = 122_880
LOCK_WAIT_S = 60.0

ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
}

# What a file could have said and "what is missing" looks at; keys, and fields that only follow from others, are not.
_NOT_ASKED = {"northing_m", "location_precision_m", "small_area", "authority", "bcu", "resupply_kits"}
MISSING_INCIDENT_FIELDS = tuple(
    item.name
    for item in table_named("incidents").fields
    if item.mapped and not item.required and item.name not in _NOT_ASKED | {"easting_m"}
)
MISSING_ADMINISTRATION_FIELDS = tuple(
    item.name
    for item in table_named("administrations").fields
    if item.mapped and not item.required and item.name not in _NOT_ASKED
)
# In the order of their bits in counted.missing_bits.
MISSING_FIELDS = ("location", "local_hour", *MISSING_INCIDENT_FIELDS, *MISSING_ADMINISTRATION_FIELDS, "substance")


class StoreKeyError(StoreError):
    """The store cannot be decrypted with the key at hand."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            _(
                "The store key does not fit the records in {folder}. Use the key they were written with; without it "
                "they cannot be read."
            ).format(folder=folder)
        )


class StoreRefusedError(StoreError):
    """A store of real records that the settings do not allow to open."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            _(
                "The store in {folder} holds real records. They open only on this machine and only where the settings "
                "say so: set synthetic = false and open_real_on_loopback = true under [store]."
            ).format(folder=folder)
        )


class StoreMixedError(StoreError):
    """Synthetic rows for a real store, or the other way round."""

    def __init__(self, *, folder: Path, store_is_synthetic: bool) -> None:
        sentence = (
            _("The store in {folder} is synthetic and takes no real records. Choose another folder with --store.")
            if store_is_synthetic
            else _("The store in {folder} is for real records and takes no synthetic ones. Choose another folder.")
        )
        super().__init__(sentence.format(folder=folder))


class StoreSchemaError(StoreError):
    """The snapshot was written by a version of this program with other tables."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            _("The store in {folder} was made by another version of this program. Run: python -m data upgrade").format(
                folder=folder
            )
        )


class StoreEmptyError(StoreError):
    """No administration counts, so the question has no answer."""

    def __init__(self) -> None:
        super().__init__(_("The store holds no administrations yet. Import a file of administrations first."))


class StoreWriteError(StoreError):
    """A batch that cannot be written; nothing was changed. The sentence names tables and columns, never values."""


class RecordNotFoundError(StoreError):
    """Nothing in the store has the token."""

    def __init__(self) -> None:
        super().__init__(_("No record has this token. Copy it whole, as the dashboard or the report shows it."))


class ImportNotFoundError(StoreError):
    """No import of the store has the id."""

    def __init__(self) -> None:
        super().__init__(_("The store holds no such import. The page “Data quality” lists them with their ids."))


class ConflictNotFoundError(StoreError):
    """No administration of the id has reports that could be settled so."""

    def __init__(self) -> None:
        super().__init__(
            _("There is no such conflict, or it has no such report. List what is open with “python -m data conflicts”.")
        )


class ImportOutdatedError(StoreError):
    """Another import was published after the rows were folded into what was stored before."""

    def __init__(self, *, folder: Path) -> None:
        super().__init__(
            _(
                "Another import changed the store in {folder} meanwhile. Nothing was changed. Import the file again."
            ).format(folder=folder)
        )


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

    `import_row` counts in rows_folded and rows_repeated those that have no row of their own in the target. `full` says
    what a full extract speaks of. `based_on` is the version that folded rows were read from. `report` makes the text
    that is kept with the import.
    """

    target: str
    synthetic: bool
    import_row: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    quarantine: pd.DataFrame
    full: FullExtract | None = None
    based_on: str | None = None
    report: "Callable[[ImportOutcome], str] | None" = None


@dataclass(frozen=True, kw_only=True)
class StoredEvidence:
    """What the store holds that a file about to come in is compared with.

    `events`: current records of the file's days under other keys, a row each: row (0), key, day (since 1970), minute
    (since 1970 UTC, -1 where only the day is known), easting_m, northing_m, area, person, and what a form says of the
    person. `only_dates`: most records of this source have no time of day. `area_points_m`, shape (n, 3): places of this
    source that stand for areas, with their precision. `stations_m`, shape (n, 2): bases of carriers.
    """

    events: pd.DataFrame
    only_dates: bool
    area_points_m: NDArray[np.float64]
    stations_m: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ImportOutcome:
    """What became of a batch's rows; `version` is the snapshot that counts afterwards.

    rows in = imported + updated + unchanged + folded + withdrawn + waiting + quarantined_rows. `gone` counts records
    that a full extract lacks and `matched` rows of earlier imports that now found their record: neither are rows of the
    file. `conflicts` are open in the store afterwards.
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
    conflicts: int = 0


@dataclass(frozen=True, kw_only=True)
class DoseReport:
    """How many doses one officer reports, and when the first was given (UTC)."""

    report_id: str
    officer_token: str | None
    doses: int | None
    given_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What was decided: "same" doses, counted once from `report_id`, or "different" ones, added up."""

    decision: str
    report_id: str | None
    who: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DoseConflict:
    """Several officers' reports of one administration; `settlement` is None while nobody has decided."""

    conflict_id: str
    administration_id: str
    local_date: date | None
    local_hour: int | None
    source: str
    reports: tuple[DoseReport, ...]
    settlement: Settlement | None

    def lines(self) -> tuple[str, ...]:
        """The conflict in sentences."""
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
                _("  report {report}: doses {doses}").format(
                    report=each.report_id, doses=_("not recorded") if each.doses is None else format_count(each.doses)
                )
                for each in self.reports
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Undo:
    """An import that was undone: rows of it that went and earlier ones that came back, by table."""

    version: str
    import_id: str
    removed: Mapping[str, int]
    restored: Mapping[str, int]

    def lines(self) -> tuple[str, ...]:
        """The undoing in sentences."""
        sentences = (
            (self.removed, _("Removed: {tables}.")),
            (self.restored, _("As it was before: {tables}.")),
        )
        told = tuple(
            sentence.format(
                tables=join_words(
                    [_("{table}: {rows}").format(table=name, rows=format_count(rows)) for name, rows in counts.items()]
                )
            )
            for counts, sentence in sentences
            if counts
        )
        return (_("The import {import_id} is undone.").format(import_id=self.import_id), *told)


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How new the records are; the moment is in the deployment's time zone."""

    last_import_at: datetime | None
    last_event_day: date | None
    imports: int
    rows_quarantined: int
    fields_quarantined: int


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Values that occur, sorted: what filters can offer."""

    bcus: tuple[str, ...]
    authorities: tuple[str, ...]
    small_areas: tuple[str, ...]
    substances: tuple[str, ...]
    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdministrationCount:
    """How many administrations, at how many incidents, and how many of them have a place.

    administrations = located (coordinates) + area_only (only an area is known) + unlocated.
    """

    administrations: int
    located: int
    area_only: int
    unlocated: int
    incidents: int


@dataclass(frozen=True, kw_only=True)
class LocatedAdministrations:
    """Places of administrations, shape (n,), metres on the deployment's CRS; precision NaN where it is not known."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    location_precision_m: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DatedAdministrations:
    """Places and days of administrations, shape (n,): metres on the deployment's CRS, and datetime64[D]."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    location_precision_m: NDArray[np.float64]
    day: NDArray[np.datetime64]


@dataclass(frozen=True, kw_only=True)
class RiskEvents:
    """Places of events of the independent layer, shape (n,), metres; `unlocated` more have no place."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    unlocated: int


@dataclass(frozen=True, kw_only=True)
class Populations:
    """Residents of one year and source, shape (n,): at a point (metres), or of an area where the point is NaN.

    The areas are codes, None where they are not known. `year` is None where the file does not say.
    """

    persons: NDArray[np.float64]
    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    small_area: NDArray[np.object_]
    authority: NDArray[np.object_]
    bcu: NDArray[np.object_]
    year: int | None


@dataclass(frozen=True, kw_only=True)
class StoreCheck:
    """What `check_store` found; `problems` are sentences, none where all is well."""

    version: str
    synthetic: bool
    schema_version: str
    created_at: datetime
    snapshots: tuple[str, ...]
    rows: Mapping[str, int]
    journal_entries: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def lines(self) -> tuple[str, ...]:
        """The check in sentences."""
        kind = _("synthetic records") if self.synthetic else _("real records")
        tables = [
            _("{table}: {rows}").format(table=table, rows=format_count(rows))
            for table, rows in self.rows.items()
            if rows
        ]
        return (
            _("Snapshot {version}, {kind}.").format(version=self.version, kind=kind),
            _("Rows in {tables}.").format(tables=join_words(tables)) if tables else _("No rows."),
            ngettext("{count} snapshot is kept.", "{count} snapshots are kept.", len(self.snapshots)).format(
                count=format_count(len(self.snapshots))
            ),
            ngettext(
                "The journal's chain of {count} entry is whole.",
                "The journal's chain of {count} entries is whole.",
                self.journal_entries,
            ).format(count=format_count(self.journal_entries))
            if self.journal_entries
            else _("The journal has no entry that can be vouched for."),
            *(self.problems or (_("Nothing is wrong."),)),
        )


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What was erased; `snapshots_left` hold it still because another program has them open."""

    version: str
    rows: Mapping[str, int]
    snapshots_removed: tuple[str, ...]
    snapshots_left: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """The erasure in sentences."""
        tables = [
            _("{table}: {rows}").format(table=table, rows=format_count(rows))
            for table, rows in self.rows.items()
            if rows
        ]
        removed = len(self.snapshots_removed)
        lines = [
            _("Erased or unlinked rows in {tables}.").format(tables=join_words(tables)),
            ngettext(
                "{count} earlier snapshot that held them is gone.",
                "{count} earlier snapshots that held them are gone.",
                removed,
            ).format(count=format_count(removed)),
        ]
        if self.snapshots_left:
            lines.append(_("Some earlier snapshots are still open in another program. Close it and erase again."))
        return tuple(lines)


# Connections ---------------------------------------------------------------------------------------------------------


def _sql(text: str, **names: str) -> str:
    """`text` with table, column and condition texts put in; all come from this program, values are always bound."""
    return Template(text).substitute(names)


@functools.cache
def _encryption_extension() -> Path:
    """DuckDB's own signed httpfs extension, from its wheel: it holds the cipher that files are written with."""
    folder = Path(duckdb_extension_httpfs.__file__).parent
    return next(folder.glob(f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"))


def _quoted(path: Path) -> str:
    """A path as an SQL text: DuckDB binds values, and a path to attach is not one."""
    return "'" + str(path).replace("'", "''") + "'"


def _connect(
    *, settings: Settings, keys: Keys, attach: Mapping[str, tuple[Path, bool]], spill: Path | None
) -> Connection:
    """An in-memory DuckDB with the files of `attach` (name: path, writable) and no way out of them.

    Readers spill nothing to disk; a writer spills encrypted blocks to `spill`.
    """
    folder = settings.store_folder
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "python_enable_replacements": "false",
            "temp_file_encryption": "true",
            "temp_directory": str(spill) if spill else "",
            "memory_limit": settings.store.memory_limit,
        },
    )
    try:
        connection.execute("SET enable_progress_bar = false")  # it would be printed among the report
        connection.execute(_sql("LOAD $path", path=_quoted(_encryption_extension())))
        for name, (path, writable) in attach.items():
            statement = (
                "ATTACH $path AS $name (ENCRYPTION_KEY ?)"
                if writable
                else ("ATTACH $path AS $name (ENCRYPTION_KEY ?, READ_ONLY)")
            )
            _attach(connection, _sql(statement, path=_quoted(path), name=name), keys=keys, folder=folder, path=path)
        connection.execute("SET GLOBAL TimeZone = ?", [settings.time_zone])  # plain SET does not reach cursors
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def _attach(connection: Connection, statement: str, *, keys: Keys, folder: Path, path: Path) -> None:
    try:
        connection.execute(statement, [keys.store_key])
    except duckdb.InvalidInputException:
        raise StoreKeyError(folder=folder) from None
    except (duckdb.IOException, duckdb.CatalogException):
        raise StoreDamagedError(file=path) from None


@contextmanager
def _write_errors_named(folder: Path) -> Iterator[None]:
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


# Schema --------------------------------------------------------------------------------------------------------------


def _column_ddl(item: Field) -> str:
    name = f'"{item.name}"'  # one field is called "at", which is a word of SQL
    parts = [name, item.type]
    if item.required or item.default:
        parts.append("NOT NULL")
    if item.values:
        parts.append("CHECK ({} IN ({}))".format(name, ", ".join(f"'{value}'" for value in item.values)))
    if item.minimum is not None:
        parts.append(f"CHECK ({name} BETWEEN {item.minimum:f} AND {item.maximum:f})")
    return " ".join(parts)


def _table_ddl(table: Table) -> str:
    return _sql(
        "CREATE TABLE fresh.$table ($columns)",
        table=table.name,
        columns=", ".join(_column_ddl(item) for item in table.fields),
    )


@functools.cache
def _schema_version() -> str:
    """Changes whenever a table, a constraint or `counted` does: readers then ask for an upgrade."""
    text = "\n".join((*map(_table_ddl, TABLES), *_counted_steps()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _missing_conditions() -> tuple[str, ...]:
    """One condition for each of MISSING_FIELDS, in that order; i is the incident, a the administration."""
    tables = (("i", "incidents", MISSING_INCIDENT_FIELDS), ("a", "administrations", MISSING_ADMINISTRATION_FIELDS))
    conditions = ["NOT (" + LOCATED + ")", "i.local_hour IS NULL"]
    for alias, table, names in tables:
        for name in names:
            missing = f"{alias}.{name} IS NULL"
            if table_named(table).field(name).default:
                missing = f"{alias}.{name} = '{NOT_RECORDED}'"
            conditions.append(missing)
    return (*conditions, "s.administration_id IS NULL")


# Records whose place is known no better than this stand for an area, and count in it: no street map can bear them. A
# kilometre is the bandwidth of a map of a whole force; a postcode is known to 100 m, a published street point to 250 m.
AREA_LEVEL_M = 1_000.0

LOCATED = (
    "i.location_source IS NOT NULL AND i.location_source IN ('coordinates', 'postcode')"
    " AND i.easting_m IS NOT NULL AND i.northing_m IS NOT NULL"
    f" AND coalesce(i.location_precision_m <= {AREA_LEVEL_M}, true)"
)
# Only the area is known: the file names it, or gives one point for all of it.
AREA_ONLY = (
    "coalesce(i.location_source = 'area' OR i.location_source IN ('coordinates', 'postcode')"
    f" AND i.easting_m IS NOT NULL AND i.location_precision_m > {AREA_LEVEL_M}, false)"
)

# A number for each officer, so that nothing above the store handles a token.
OFFICERS = """
    officers AS (
        SELECT officer_token, row_number() OVER (ORDER BY officer_token) - 1 AS officer
        FROM (SELECT DISTINCT officer_token FROM records.carriers
              WHERE record_state = 'current' AND officer_token IS NOT NULL)
    )
"""

# Whatever naloxone was given in a period, to whomever: i is the incident, a the administration.
GIVEN = """
    a.record_state = 'current' AND i.record_state = 'current' AND i.local_date BETWEEN ? AND ?
    AND (? = [] OR list_contains(?, i.bcu))
"""

# Every current row of the kit ledger with its import, and what the import could not read of it.
LEDGER = """
    ledger AS (
        SELECT k.kit_event_id, k.source, k.kit_token, k.officer_token, k.base, k.event, k.event_on, k.lot, k.expires_on,
               k.kits::FLOAT AS kits, k.row_number::FLOAT AS row_number, m.imported_at,
               m.imported_at::DATE AS imported_on, k.kit_event_id IN (
                   SELECT record_id FROM records.quarantine
                   WHERE target = 'kits' AND field = 'kits' AND record_id IS NOT NULL AND NOT whole_row
               ) AS count_unusable,
               k.officer_token IS NOT NULL AND k.officer_token NOT IN (SELECT officer_token FROM officers)
                   AND EXISTS (FROM officers) AS officer_unknown
        FROM records.kits k LEFT JOIN records.imports m USING (import_id) WHERE k.record_state = 'current'
        ORDER BY m.imported_at, k.row_number, k.kit_event_id
    )
"""

# Numbers for kits and for whoever carried or used them, so that nothing above the store handles a token.
HOLDERS = """
    kit_numbers AS (
        SELECT kit_token, row_number() OVER (ORDER BY kit_token) - 1 AS kit FROM (
            SELECT kit_token FROM records.kits UNION SELECT kit_token FROM records.doses
        ) WHERE kit_token IS NOT NULL
    ), holders AS (
        FROM officers UNION ALL
        SELECT officer_token, -row_number() OVER (ORDER BY officer_token) AS officer FROM (
            SELECT officer_token FROM records.kits UNION SELECT officer_token FROM records.doses
        ) WHERE officer_token IS NOT NULL AND officer_token NOT IN (SELECT officer_token FROM officers)
    )
"""


# An event that is known by its month alone counts where the whole month is in the period; bound to its last day.
_WHOLE_MONTHS = "(time_precision IS DISTINCT FROM 'month' OR last_day(local_date) <= ?)"


def _counted_steps() -> tuple[str, str]:
    """Two short steps: the substances of each administration as bits, then the flat table itself, in order of time."""
    substances = _sql(
        """
        CREATE TEMP TABLE substance_bits AS
        SELECT administration_id, bit_or(1::INTEGER << (list_position([$names], substance) - 1)::INTEGER) AS bits,
               bool_and(substance = '$unknown') AS unknown
        FROM fresh.substances WHERE record_state = 'current' GROUP BY administration_id
        """,
        names=", ".join(f"'{name}'" for name in SUBSTANCES),
        unknown=NOT_RECORDED,
    )
    counted = _sql(
        """
        CREATE TABLE fresh.counted AS
        SELECT a.administration_id, i.rowid::INTEGER AS incident_number,
               count(*) OVER (PARTITION BY i.rowid) > 1 AS incident_shared,
               i.local_date, i.local_hour, i.local_weekday, i.easting_m, i.northing_m, i.location_precision_m,
               $located AS located, $area_only AS area_only,
               i.small_area, i.authority, i.bcu, i.setting,
               1::INTEGER << (list_position([$settings], i.setting) - 1)::INTEGER AS setting_bit,
               coalesce(s.bits, $no_substance) AS substance_bits, $missing AS missing_bits
        FROM fresh.administrations a
        JOIN fresh.incidents i USING (incident_id)
        LEFT JOIN (FROM temp.substance_bits) s ON s.administration_id = a.administration_id $only_known
        WHERE a.record_state = 'current' AND i.record_state = 'current' AND a.recipient_type <> 'officer'
        ORDER BY i.local_date, i.rowid, a.administration_id
        """,
        settings=", ".join(f"'{name}'" for name in SETTINGS),
        located="(" + LOCATED + ")",
        area_only="(" + AREA_ONLY + ")",
        no_substance=str(1 << SUBSTANCES.index(NOT_RECORDED)),
        only_known="AND NOT s.unknown",
        missing=" + ".join(
            f"CASE WHEN {condition} THEN {1 << bit}::BIGINT ELSE 0 END"
            for bit, condition in enumerate(_missing_conditions())
        ),
    )
    return substances, counted


# Writing -------------------------------------------------------------------------------------------------------------


def write_batch(
    *,
    settings: Settings,
    keys: Keys,
    batch: Batch,
    on_progress: Tell | None = None,
    who: str | None = None,
    purpose: str = "",
    lock_wait_s: float = LOCK_WAIT_S,
) -> ImportOutcome:
    """Merge `batch` into the store of `settings` and publish the result as a new snapshot, or change nothing at all.

    The target table's row decides: an unknown key is imported; the same row_hash is unchanged; another one is updated,
    and then its parent is updated too and its children from the same source are replaced. What a full extract lacks
    becomes withdrawn. What is replaced is kept with the import's id. The same file with nothing changed makes no new
    snapshot. Raises StoreError; waits up to `lock_wait_s` seconds for another import.
    """
    _check_batch(batch)
    folder = settings.store_folder
    tell = on_progress or _tell_nobody
    with writer_lock(folder, wait_s=lock_wait_s, on_wait=tell), _write_errors_named(folder):
        pointer = _pointer_for(batch, settings)
        tell(_("Comparing the file with what is stored."))
        merge = _compare(settings=settings, keys=keys, batch=batch, pointer=pointer)
        outcome = merge.outcome
        if merge.repeated and not merge.changes:
            return outcome
        staging = stage(folder)
        version = _version_of(staging)
        import_row = dict(batch.import_row) | {
            "target": batch.target,
            "rows_imported": outcome.imported,
            "rows_updated": outcome.updated,
            "rows_unchanged": outcome.unchanged,
            "rows_folded": outcome.folded,
            "rows_withdrawn": outcome.withdrawn,
            "rows_waiting": outcome.waiting,
            "rows_quarantined": outcome.quarantined_rows,
            "fields_quarantined": outcome.quarantined_fields,
            "records_gone": outcome.gone,
            "version": version,
        }
        counts = {name: import_row[name] for name in import_row if name.startswith(("rows_", "fields_", "records_"))}
        if batch.report:
            import_row["report"] = batch.report(replace(outcome, version=version))
        incoming = {**merge.changed_rows(batch), "quarantine": batch.quarantine}
        incoming["imports"] = _imports_frame(import_row)

        def mark(connection: Connection) -> _Marks:
            return _mark_replaced(connection, batch=batch, incoming=incoming, merge=merge)

        after = _rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=batch.synthetic,
            mark=mark,
            incoming=incoming,
            staging=staging,
            entry=_Entry(
                action="import",
                who=who,
                purpose=purpose,
                details=counts
                | {
                    "import_id": str(import_row["import_id"]),
                    "target": batch.target,
                    "file_hash": import_row["file_hash"],
                },
            ),
            tell=tell,
        )
    return replace(outcome, version=version, matched=after.matched, conflicts=after.conflicts)


def preview_batch(*, settings: Settings, keys: Keys, batch: Batch) -> ImportOutcome:
    """What `write_batch` would do, without writing anything. Raises StoreError.

    `matched` and `conflicts` are only known of a snapshot that is written: here the conflicts are those there are.
    """
    _check_batch(batch)
    with _write_errors_named(settings.store_folder):
        pointer = _pointer_for(batch, settings)
        return _compare(settings=settings, keys=keys, batch=batch, pointer=pointer).outcome


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
    pointer = read_pointer(folder)
    if pointer is None or pointer.current.schema_version != _schema_version():
        return None
    with (
        _write_errors_named(folder),
        _opened(settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}) as connection,
    ):
        report = _fetch_one(connection, SAME_IMPORT, [file_hash, reading])
    return (report, pointer.current.version) if report else None


def stored_pieces(
    *, settings: Settings, keys: Keys, source: str, administrations: pd.Series, without: pd.Series
) -> tuple[pd.DataFrame, str | None]:
    """Rows that were folded into some administrations by earlier imports of `source`, and the version they are from.

    Columns as in the schema, in the order of the rows; those whose piece_id is in `without` are left out.
    """
    names = table_named("pieces").names
    folder = settings.store_folder
    pointer = read_pointer(folder)
    if pointer is None or pointer.current.schema_version != _schema_version():
        return pd.DataFrame(columns=list(names)), None
    with (
        _write_errors_named(folder),
        _opened(settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}) as connection,
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
    *, settings: Settings, keys: Keys, target: str, source: str, incoming: pd.Series, first_day: date, last_day: date
) -> StoredEvidence | None:
    """What is stored of the days from `first_day` to `last_day`, without the keys `incoming`; None without a store.

    `target` is a table of events; `incoming` holds the keys of its events (of incidents, for a form).
    """
    pointer = read_pointer(settings.store_folder)
    if pointer is None or pointer.current.schema_version != _schema_version():
        return None
    form = target == "administrations"
    table = table_named("incidents" if form else target)
    people = """LEFT JOIN (
        SELECT incident_id, min(person_token) AS person, min(gender) AS gender, min(age_band) AS age_band,
               min(doses_given)::DOUBLE AS doses_given, min(condition_before) AS condition_before,
               min(condition_after) AS condition_after, min(alive_at_handover) AS alive_at_handover,
               min(taken_to_hospital) AS taken_to_hospital
        FROM old.administrations WHERE record_state = 'current' GROUP BY incident_id
    ) a USING (incident_id)"""
    folder = settings.store_folder
    with (
        _write_errors_named(folder),
        _opened(settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}) as connection,
    ):
        connection.register("incoming", pa.table({"key": pa.array(incoming.unique(), pa.string(), from_pandas=True)}))
        events = connection.execute(
            _sql(
                """
                SELECT 0::BIGINT AS row, i.$key AS key, date_diff('day', DATE '1970-01-01', i.local_date) AS day,
                       if(i.time_precision = 'minute', (epoch(i.occurred_at) // 60)::BIGINT, -1) AS minute,
                       i.easting_m, i.northing_m, i.small_area AS area, $said
                FROM old.$table i $people
                WHERE i.record_state = 'current' AND i.local_date BETWEEN ? AND ?
                      AND i.time_precision IN ('minute', 'hour', 'day') AND i.$key NOT IN (SELECT key FROM incoming)
                ORDER BY i.$key
                """,
                key=table.key,
                table=table.name,
                people=people if form else "",
                said="a.* EXCLUDE (incident_id)" if form else "NULL AS person",
            ),
            [first_day, last_day],
        ).df()
        connection.unregister("incoming")
        (only_dates,) = connection.execute(
            _sql(
                "SELECT coalesce(avg((time_precision = 'day')::INTEGER) > 0.5, false) FROM old.$table WHERE source = ?",
                table=table.name,
            ),
            [source],
        ).fetchone() or (False,)
        points = connection.execute(
            _sql(
                """SELECT easting_m, northing_m, max(location_precision_m) AS precision_m FROM old.$table
                   WHERE source = ? AND location_source = 'coordinates' AND location_precision_m > ?
                   GROUP BY ALL ORDER BY ALL LIMIT 10000""",
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
        only_dates=bool(only_dates),
        area_points_m=points.to_numpy(np.float64),
        stations_m=stations.to_numpy(np.float64),
    )


def _tell_nobody(_sentence: str) -> None:
    """Progress that nobody asked for."""


def _pointer_for(batch: Batch, settings: Settings) -> Pointer | None:
    folder = settings.store_folder
    pointer = read_pointer(folder)
    holds_synthetic = pointer.synthetic if pointer else settings.store.synthetic
    if batch.synthetic != holds_synthetic:
        raise StoreMixedError(folder=folder, store_is_synthetic=holds_synthetic)
    if pointer and pointer.current.schema_version != _schema_version():
        raise StoreSchemaError(folder=folder)
    return pointer


def _check_batch(batch: Batch) -> None:
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
    parts = _quarantine_counts(batch.quarantine)[0] + len(batch.tables[batch.target]) + sum(_without_own_row(batch))
    if batch.import_row["rows_in"] != parts:
        raise StoreWriteError(
            _("The file has {rows_in} rows, but {parts} are accounted for. Nothing was changed.").format(
                rows_in=format_count(batch.import_row["rows_in"]), parts=format_count(parts)
            )
        )


def _without_own_row(batch: Batch) -> tuple[int, int]:
    """Rows that are parts of records, and rows that repeat another."""
    return int(batch.import_row.get("rows_folded") or 0), int(batch.import_row.get("rows_repeated") or 0)


def _quarantine_counts(quarantine: pd.DataFrame) -> tuple[int, int]:
    """Rows held back whole, and fields set aside alone."""
    whole = quarantine["whole_row"].eq(True).fillna(False).astype(bool)
    return int(quarantine.loc[whole, "row_number"].nunique()), int((~whole).sum())


def _imports_frame(import_row: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([import_row], columns=list(table_named("imports").names))


@dataclass(frozen=True, kw_only=True)
class _Merge:
    """Which rows of the target are new or different, and whether this very file was imported before.

    `gone` are keys that a full extract lacks, `gone_before` those that it lacks still.
    """

    outcome: ImportOutcome
    changed: NDArray[np.bool_]
    repeated: bool
    gone: pd.Series
    gone_before: pd.Series

    @property
    def changes(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.changed.any() or len(self.gone))

    def changed_rows(self, batch: Batch) -> dict[str, pd.DataFrame]:
        """The batch's rows that go in: changed rows of the target, their parents and their children."""
        target = batch.tables[batch.target]
        rows = {batch.target: target if self.changed.all() else target[self.changed]}
        for name, frame in batch.tables.items():
            if name != batch.target:
                link = _link(batch.target, name)
                rows[name] = frame if self.changed.all() else frame[frame[link].isin(rows[batch.target][link])]
        return rows


def _link(target: str, other: str) -> str:
    """The column through which rows of `other` follow rows of `target`: a key that both tables have."""
    target_table, other_table = table_named(target), table_named(other)
    if target_table.key in other_table.names:
        return target_table.key
    keys = {table.key for table in TABLES if table.field(table.key).token}
    for name in target_table.names:
        if name in keys and name in other_table.names and name != other_table.key:
            return name
    if other_table.key in target_table.names:
        return other_table.key
    raise StoreWriteError(
        _("A file of {target} cannot fill the table {other}: they share no key.").format(target=target, other=other)
    )


def _compare(*, settings: Settings, keys: Keys, batch: Batch, pointer: Pointer | None) -> _Merge:
    """Compare the target's keys and row hashes with the current snapshot."""
    target = batch.tables[batch.target]
    state = np.zeros(len(target), dtype=np.int8)
    waiting = np.full(len(target), batch.target in WAITING_TABLES and _parent_of(batch) is not None)
    gone = gone_before = pd.Series(dtype=object)
    repeated = False
    conflicts = 0
    if pointer:
        folder = settings.store_folder
        if batch.based_on and batch.based_on != pointer.current.version:
            raise ImportOutdatedError(folder=folder)
        with _opened(
            settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}
        ) as connection:
            state = _states(connection, table=table_named(batch.target), rows=target)
            repeated = bool(_fetch_one(connection, SAME_FILE, _same_file(batch)))
            waiting = _waiting(connection, batch)
            gone, gone_before = _gone(connection, batch)
            conflicts = _fetch_one(connection, _sql(OPEN_CONFLICTS, database="old"))
    taken_back = (target["record_state"] == "withdrawn").to_numpy(dtype=bool)
    waiting &= ~taken_back
    withdrawn = taken_back & (state < 2)
    counted = ~waiting & ~withdrawn
    quarantined_rows, quarantined_fields = _quarantine_counts(batch.quarantine)
    folded, identical = _without_own_row(batch)
    outcome = ImportOutcome(
        version=pointer.current.version if pointer else None,
        imported=int((counted & (state == 0)).sum()),
        updated=int((counted & (state == 1)).sum()),
        unchanged=int((counted & (state == 2)).sum()) + identical,
        folded=folded,
        withdrawn=int(withdrawn.sum()),
        waiting=int(waiting.sum()),
        quarantined_rows=quarantined_rows,
        quarantined_fields=quarantined_fields,
        gone=len(gone),
        conflicts=conflicts,
    )
    return _Merge(outcome=outcome, changed=state < 2, repeated=repeated, gone=gone, gone_before=gone_before)


# Tables whose rows wait while what they belong to is not there: the column that says to what.
WAITING_TABLES = {
    "joined": "",
    "substances": "administration_id",
    "doses": "administration_id",
    "waits": "incident_id",
    "follow_up": "administration_id",
}


def _parent_of(batch: Batch) -> str | None:
    """The table that the target's rows belong to, where the file does not bring it itself."""
    column = WAITING_TABLES.get(batch.target)
    if column is None:
        return None
    parent = "joined" if not column else "incidents" if column == "incident_id" else "administrations"
    return None if column and parent in batch.tables else parent


def _waiting(connection: Connection, batch: Batch) -> NDArray[np.bool_]:
    """Which rows of the target find nothing, or several records, that they could belong to."""
    target = batch.tables[batch.target]
    parent = _parent_of(batch)
    if parent is None:
        return np.zeros(len(target), dtype=bool)
    table = table_named(batch.target)
    column = WAITING_TABLES[batch.target] or "join_id"
    names = MATCHED_BY if parent == "joined" else (table.key, column)
    schema = pa.schema([(name, ARROW_TYPES[table.field(name).type]) for name in dict.fromkeys(names)])
    rows = pa.Table.from_pandas(target[schema.names], schema=schema, preserve_index=False, safe=False)
    connection.register("incoming", rows)
    found = connection.execute(
        _sql("SELECT join_id FROM ($fits) WHERE fits", fits=_sql(FITS, joined="incoming", database="old"))
        if parent == "joined"
        else _sql(
            "SELECT $key FROM incoming SEMI JOIN old.$parent USING ($column)",
            key=table.key,
            parent=parent,
            column=column,
        )
    ).fetchnumpy()
    connection.unregister("incoming")
    return ~target[table.key].isin(next(iter(found.values()))).to_numpy(dtype=bool)


def _gone(connection: Connection, batch: Batch) -> tuple[pd.Series, pd.Series]:
    """Keys of current and of withdrawn rows of the same source that a full extract speaks of and does not hold."""
    if batch.full is None:
        return pd.Series(dtype=object), pd.Series(dtype=object)
    table = table_named(batch.target)
    dated, values = "", [batch.import_row["source"]]
    if batch.full.first_day:
        day = "stored.local_date"
        if "local_date" not in table.names:
            day = "(SELECT local_date FROM old.incidents i WHERE i.incident_id = stored.incident_id)"
        dated = f"AND {day} BETWEEN ? AND ?"
        values += [batch.full.first_day, batch.full.last_day]
    connection.register("kept", pa.table({"key": pa.array(batch.full.kept, pa.string(), from_pandas=True)}))
    frame = connection.execute(
        _sql(
            """
            SELECT stored.$key AS key, stored.record_state = 'withdrawn' AS before
            FROM old.$table stored ANTI JOIN kept ON kept.key = stored.$key
            WHERE stored.source IS NOT DISTINCT FROM ? $dated
            """,
            key=table.key,
            table=table.name,
            dated=dated,
        ),
        values,
    ).df()
    connection.unregister("kept")
    return frame.loc[~frame["before"], "key"], frame.loc[frame["before"], "key"]


SAME_FILE = "SELECT count(*) FROM old.imports WHERE file_hash = ? AND target = ? AND source IS NOT DISTINCT FROM ?"


def _same_file(batch: Batch) -> list[Any]:
    return [batch.import_row["file_hash"], batch.target, batch.import_row["source"]]


def _states(connection: Connection, *, table: Table, rows: pd.DataFrame) -> NDArray[np.int8]:
    """For each row 0 where its key is new, 1 where it differs from the stored row, 2 where it is the same."""
    incoming = pa.table(
        {
            "position": pa.array(np.arange(len(rows))),
            "key": pa.array(rows[table.key], pa.string(), from_pandas=True),
            "row_hash": pa.array(rows["row_hash"], pa.string(), from_pandas=True),
            "record_state": pa.array(rows["record_state"], pa.string(), from_pandas=True),
        }
    )
    connection.register("incoming", incoming)
    states = connection.execute(
        _sql(
            """
            SELECT incoming.position, CASE
                       WHEN stored.$key IS NULL THEN 0
                       WHEN (stored.row_hash, stored.record_state = 'withdrawn')
                            IS NOT DISTINCT FROM (incoming.row_hash, incoming.record_state = 'withdrawn') THEN 2
                       ELSE 1
                   END AS state
            FROM incoming LEFT JOIN old.$table stored ON stored.$key = incoming.key
            """,
            key=table.key,
            table=table.name,
        )
    ).fetchnumpy()
    connection.unregister("incoming")
    ordered = np.empty(len(rows), dtype=np.int8)
    ordered[states["position"]] = states["state"]
    return ordered


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """What a rewrite does beside leaving out the rows in gone_*.

    `replaced_by` is the import that replaces them: they are then kept. Rows in temporary tables back_<table> of the
    tables in `back` come in, and kept_<table> holds all earlier versions of the tables in `past`. `confirmed` gives the
    tables some of whose rows the import held unchanged, with the column by which keys are in confirmed_<table>.
    `forgotten` is an import that is no more.
    """

    replaced_by: str | None = None
    source: str | None = None
    back: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()
    confirmed: Mapping[str, str] = field(default_factory=dict)
    forgotten: str | None = None
    unlinked: str | None = None


def _mark_replaced(
    connection: Connection, *, batch: Batch, incoming: Mapping[str, pd.DataFrame], merge: _Merge
) -> _Marks:
    """Fill the gone_* tables: stored rows that are not carried over, since this batch replaces them."""
    for name, frame in incoming.items():
        _mark(connection, table_named(name), frame[table_named(name).key])
    source = batch.import_row["source"]
    target_rows = incoming[batch.target]
    for name in batch.tables:
        table = table_named(name)
        if name != batch.target and table.key not in table_named(batch.target).names:
            # Children that the new version of their parent no longer has.
            link = _link(batch.target, name)
            connection.register("parents", pa.table({"key": pa.array(target_rows[link].unique(), pa.string())}))
            _select_gone(
                connection,
                table,
                "stored.source IS NOT DISTINCT FROM ? AND stored.$link IN (SELECT key FROM parents)",
                [source],
                link=link,
            )
            connection.unregister("parents")
    quarantine = table_named("quarantine")
    _select_gone(
        connection,
        quarantine,
        """stored.import_id IN (SELECT import_id FROM old.imports
           WHERE file_hash = ? AND target = ? AND source IS NOT DISTINCT FROM ?)""",
        _same_file(batch),
    )
    # What is still wrong with a record of the file is in the batch: earlier entries about it are no more.
    spoken_of = (batch.tables[batch.target][table_named(batch.target).key], batch.quarantine["record_id"].dropna())
    healed = np.concatenate([column.to_numpy(dtype=object) for column in spoken_of])
    connection.register("healed", pa.table({"key": pa.array(healed, pa.string())}))
    _select_gone(
        connection, quarantine, "stored.target = ? AND stored.record_id IN (SELECT key FROM healed)", [batch.target]
    )
    connection.unregister("healed")
    import_id = str(batch.import_row["import_id"])
    if len(merge.gone):
        _mark(connection, table_named(batch.target), merge.gone)
        connection.register("lacking", pa.table({"key": pa.array(merge.gone, pa.string())}))
        connection.execute(
            _sql(
                """
                CREATE TEMP TABLE back_$table AS
                SELECT stored.* REPLACE ('withdrawn' AS record_state, ? AS import_id, NULL::VARCHAR AS confirmed_by)
                FROM temp.base_$table stored SEMI JOIN lacking ON lacking.key = stored.$key
                """,
                table=batch.target,
                key=table_named(batch.target).key,
            ),
            [import_id],
        )
        connection.unregister("lacking")
    return _Marks(
        replaced_by=import_id,
        source=source,
        back=frozenset([batch.target] if len(merge.gone) else []),
        confirmed=_mark_confirmed(connection, batch, merge),
    )


def _mark_confirmed(connection: Connection, batch: Batch, merge: _Merge) -> dict[str, str]:
    """Note which stored rows the file held unchanged: they stay when the import that brought them is undone."""
    same = batch.tables[batch.target][~merge.changed]
    found = {}
    for name in batch.tables:
        link = table_named(name).key if name == batch.target else _link(batch.target, name)
        keys = same[link].dropna().unique()
        if name == batch.target:
            keys = np.concatenate([keys, merge.gone_before.to_numpy(dtype=object)])
        if len(keys):
            found[name] = link
            connection.register("same", pa.table({"key": pa.array(keys, pa.string())}))
            connection.execute(_sql("CREATE TEMP TABLE confirmed_$table AS FROM same", table=name))
            connection.unregister("same")
    return found


def _mark(connection: Connection, table: Table, keys: pd.Series) -> None:
    connection.register("replaced", pa.table({"key": pa.array(keys, pa.string(), from_pandas=True)}))
    connection.execute(_sql("INSERT INTO temp.gone_$table SELECT key FROM replaced", table=table.name))
    connection.unregister("replaced")


def _select_gone(connection: Connection, table: Table, condition: str, values: list[Any], **names: str) -> None:
    connection.execute(
        _sql(
            "INSERT INTO temp.gone_$table SELECT stored.$key FROM old.$table stored WHERE $condition",
            table=table.name,
            key=table.key,
            condition=_sql(condition, **names),
        ),
        values,
    )


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What the journal is told about a write."""

    action: str
    who: str | None
    purpose: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Written:
    """A snapshot that was published, rows that waited in the one before and no longer do, and open conflicts in it."""

    version: str
    matched: int
    conflicts: int


def _version_of(staging: Path) -> str:
    return staging.stem.removeprefix("staging-")


def _rewrite(
    *,
    settings: Settings,
    keys: Keys,
    pointer: Pointer | None,
    synthetic: bool,
    entry: _Entry,
    mark: Callable[[Connection], _Marks] | None = None,
    incoming: Mapping[str, pd.DataFrame] | None = None,
    without: frozenset[str] = frozenset(),
    staging: Path | None = None,
    tell: Tell = _tell_nobody,
) -> _Written:
    """Write and publish a snapshot: the current one's rows but those that `mark` puts into gone_*, and `incoming`.

    `without` names earlier snapshots to remove for good. Under the writer's lock.
    """
    folder = settings.store_folder
    journal = Journal(folder=folder, keys=keys)
    staging = staging or stage(folder)
    attach = {"fresh": (staging, True)}
    if pointer:
        attach["old"] = (folder / pointer.current.file, False)
    try:
        spill = folder / WRITER_SPILL_FOLDER
        with _opened(settings=settings, keys=keys, attach=attach, spill=spill) as connection:
            # Few commits, since each waits for the disk; but a large table's rows stay in memory until theirs.
            connection.execute("BEGIN")
            stored = _tables_of(connection, "old") if pointer else {}
            _view_base(connection, stored)
            for table in TABLES:
                connection.execute(_sql("CREATE TEMP TABLE gone_$table (key VARCHAR)", table=table.name))
            marks = mark(connection) if pointer and mark else _Marks()
            for table in TABLES:
                tell(_("Writing the table {table}.").format(table=table.name))
                connection.execute(_table_ddl(table))
                rows = 0
                if table.name in stored:
                    rows += _carry_over(connection, table, stored=stored, marks=marks)
                if incoming and table.name in incoming:
                    rows += _load(connection, table, incoming[table.name])
                if rows >= ROWS_AT_ONCE:
                    connection.execute("COMMIT")
                    connection.execute("BEGIN")
            connection.execute("COMMIT")
            tell(_("Putting the administrations in order."))
            connection.execute("BEGIN")
            _join(connection)
            _settle(connection)
            matched = _count_matched(connection, stored)
            conflicts = _fetch_one(connection, _sql(OPEN_CONFLICTS, database="fresh"))
            disturbed = _version_of(staging)
            if entry.action == "import" and pointer:
                disturbed = _read_about(connection, "old", file=folder / pointer.current.file).get("disturbed")
            elif entry.action == "import":
                disturbed = None
            _finish(connection, synthetic=synthetic, version=staging, head=journal.head(), disturbed=disturbed)
        # The last word before the switch: whoever stops at one finds the store as it was.
        tell(_("Putting the new snapshot into use."))
        details = dict(entry.details) | {"previous": pointer.current.version if pointer else None}
        who = entry.who or operating_system_user()
        # Before the switch: a change that counts is always in the journal, a journalled change may not have come about.
        journal.record(
            action=entry.action,
            who=who,
            purpose=entry.purpose,
            details=details | {"version": _version_of(staging)},
        )
        published = publish(
            folder=folder,
            staging=staging,
            synthetic=synthetic,
            schema_version=_schema_version(),
            kept=settings.store.snapshots_kept,
            without=without,
        )
    except BaseException:
        for leftover in folder.glob(staging.name + "*"):
            leftover.unlink()
        raise
    return _Written(version=published.current.version, matched=matched, conflicts=conflicts)


@contextmanager
def _held_for_change(folder: Path) -> Iterator[Pointer]:
    """The snapshot in use, of this program's schema, while nobody else can switch to another. Raises StoreError."""
    # Asked before the lock too, which would make a folder where there is no store.
    existing_pointer(folder)
    with writer_lock(folder, wait_s=LOCK_WAIT_S), _write_errors_named(folder):
        pointer = existing_pointer(folder)
        if pointer.current.schema_version != _schema_version():
            raise StoreSchemaError(folder=folder)
        yield pointer


@contextmanager
def _opened(
    *, settings: Settings, keys: Keys, attach: Mapping[str, tuple[Path, bool]], spill: Path | None = None
) -> Iterator[Connection]:
    connection = _connect(settings=settings, keys=keys, attach=attach, spill=spill)
    try:
        yield connection
    finally:
        connection.close()


def _tables_of(connection: Connection, database: str) -> dict[str, tuple[str, ...]]:
    """Tables and their columns in an attached file; one from an earlier version may have fewer than the schema."""
    rows = connection.execute(
        """
        SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
        WHERE database_name = ? GROUP BY table_name
        """,
        [database],
    ).fetchall()
    return {name: tuple(columns) for name, columns in rows}


def _view_base(connection: Connection, stored: Mapping[str, tuple[str, ...]]) -> None:
    """Views base_<table>: the old rows without what second files and settlements laid over them."""
    for table in TABLES:
        if table.name in stored:
            own = f"own_{table.name}"
            rows = "FROM old.$table"
            if own in stored:
                rows = "FROM old.$table ANTI JOIN old.$own USING ($key) UNION ALL BY NAME FROM old.$own"
            names = {"table": table.name, "own": own, "key": table.key}
            connection.execute(_sql("CREATE TEMP VIEW base_$table AS $rows", rows=_sql(rows, **names), **names))


def _carry_over(connection: Connection, table: Table, *, stored: Mapping[str, tuple[str, ...]], marks: _Marks) -> int:
    """Copy the rows that stay and return how many, beside them those that come back and earlier versions of rows."""
    texts, values = _column_texts(table, stored[table.name], marks)
    names = {"table": table.name, "key": table.key, "columns": ", ".join(texts)}
    copied = connection.execute(
        _sql(
            """
            INSERT INTO fresh.$table SELECT $columns FROM temp.base_$table stored
            ANTI JOIN temp.gone_$table gone ON gone.key = stored.$key
            """,
            **names,
        ),
        values,
    ).fetchall()
    rows = int(copied[0][0])
    if table.name in marks.back:
        connection.execute(_sql("INSERT INTO fresh.$table BY NAME FROM temp.back_$table", **names))
    return rows + _write_past(connection, table, stored=stored, marks=marks)


def _column_texts(table: Table, columns: tuple[str, ...], marks: _Marks) -> tuple[list[str], list[Any]]:
    """Each column of a table as it is copied. A field that the old file has not yet is not recorded."""
    texts: list[str] = []
    values: list[Any] = []
    for item in table.fields:
        if item.name not in columns:
            texts.append(f"'{item.default}'" if item.default else f"NULL::{item.type}")
        elif marks.unlinked is not None and item.name == "officer_token":
            texts.append("nullif(stored.officer_token, ?)")
            values.append(marks.unlinked)
        elif marks.unlinked is not None and item.name == "content":
            texts.append("replace(stored.content, ?, 'null')")
            values.append(f'"{marks.unlinked}"')
        elif marks.forgotten is not None and item.name == "confirmed_by":
            texts.append("nullif(stored.confirmed_by, ?)")
            values.append(marks.forgotten)
        elif item.name == "confirmed_by" and table.name in marks.confirmed:
            texts.append(
                _sql(
                    """
                    CASE WHEN stored.source IS NOT DISTINCT FROM ?
                         AND stored.$link IN (SELECT key FROM temp.confirmed_$table)
                    THEN coalesce(stored.confirmed_by, ?) ELSE stored.confirmed_by END
                    """,
                    link=marks.confirmed[table.name],
                    table=table.name,
                )
            )
            values += [marks.source, marks.replaced_by]
        else:
            texts.append(f'stored."{item.name}"')
    return texts, values


# What an import made itself, and what people decided, has no earlier versions.
def _has_past(table: Table) -> bool:
    return "import_id" in table.names and table.name != "imports"


def _write_past(connection: Connection, table: Table, *, stored: Mapping[str, tuple[str, ...]], marks: _Marks) -> int:
    """Carry over the earlier versions of a table's rows and add those that are replaced now; returns how many."""
    if not _has_past(table):
        return 0
    past = f"past_{table.name}"
    names = {"table": table.name, "past": past, "key": table.key}
    columns = ", ".join(f'"{item.name}"' for item in table.fields)
    parts, values = [], []
    if table.name in marks.past:
        parts.append(_sql("SELECT $columns, replaced_by FROM temp.kept_$table", columns=columns, **names))
    elif past in stored:
        texts, bound = _column_texts(table, stored[past], replace(marks, confirmed={}))
        columns_then = ", ".join(texts)
        parts.append(_sql("SELECT $columns, stored.replaced_by FROM old.$past stored", columns=columns_then, **names))
        values += bound
    if marks.replaced_by and _fetch_one(connection, _sql("SELECT count(*) FROM temp.gone_$table", **names)):
        texts, bound = _column_texts(table, stored[table.name], _Marks())
        parts.append(
            _sql(
                """
                SELECT $columns, ? AS replaced_by FROM temp.base_$table stored
                SEMI JOIN temp.gone_$table gone ON gone.key = stored.$key
                """,
                columns=", ".join(texts),
                **names,
            )
        )
        values += [*bound, marks.replaced_by]
    if not parts:
        return 0
    named = ", ".join([columns, "replaced_by"])
    connection.execute(
        _sql(
            "CREATE TABLE fresh.$past AS SELECT * FROM ($rows) earlier($named)",
            rows=" UNION ALL ".join(parts),
            named=named,
            **names,
        ),
        values,
    )
    rows = int(_fetch_one(connection, _sql("SELECT count(*) FROM fresh.$past", **names)))
    if not rows:
        connection.execute(_sql("DROP TABLE fresh.$past", **names))
    return rows


def _load(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    """Put a frame's rows in, some at a time, with types from the schema; what is missing becomes "not recorded"."""
    schema = pa.schema([(item.name, ARROW_TYPES[item.type]) for item in table.fields])
    columns = ", ".join(
        f"coalesce({item.name}, '{item.default}')" if item.default else f'"{item.name}"' for item in table.fields
    )
    for start in range(0, len(frame), ROWS_AT_ONCE):
        part = frame.iloc[start : start + ROWS_AT_ONCE]
        connection.register("part", pa.Table.from_pandas(part, schema=schema, preserve_index=False, safe=False))
        connection.execute(
            _sql("INSERT INTO fresh.$table SELECT $columns FROM part", table=table.name, columns=columns)
        )
        connection.unregister("part")
    return len(frame)


def _finish(
    connection: Connection, *, synthetic: bool, version: Path, head: JournalHead, disturbed: str | None
) -> None:
    """Make `counted`, note what the file is and how many rows it should have, and write everything to the file.

    `disturbed` is the version since which only imports have changed the store.
    """
    for step in _counted_steps():
        connection.execute(step)
    connection.execute(
        """
        CREATE TABLE fresh.about AS SELECT ?::VARCHAR AS version, ?::BOOLEAN AS synthetic, ?::VARCHAR AS schema_version,
               ?::TIMESTAMPTZ AS created_at, ?::BIGINT AS journal_entries, ?::VARCHAR AS journal_chain,
               ?::VARCHAR AS disturbed
        """,
        [
            _version_of(version),
            synthetic,
            _schema_version(),
            datetime.now(UTC),
            head.entries,
            head.chain,
            disturbed,
        ],
    )
    connection.execute("CREATE TABLE fresh.row_counts (name VARCHAR, rows BIGINT)")
    written = sorted(_tables_of(connection, "fresh").keys() - {"about", "row_counts"})
    for name, rows in _count_rows(connection, "fresh", written).items():
        connection.execute("INSERT INTO fresh.row_counts VALUES (?, ?)", [name, rows])
    connection.execute("COMMIT")
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")


def _count_rows(connection: Connection, database: str, names: Iterable[str]) -> dict[str, int]:
    return {
        name: _fetch_one(connection, _sql("SELECT count(*) FROM $database.$table", database=database, table=name))
        for name in names
    }


def _fetch_one(connection: Connection, statement: str, values: list[Any] | None = None) -> Any:
    row = connection.execute(statement, values or []).fetchone()
    return row[0] if row else None


# Joining -------------------------------------------------------------------------------------------------------------

MATCHED_BY = (
    *("join_id", "joins", "incident_id", "administration_id"),
    *("match_day", "officer_token", "person_token", "record_state"),
)

# Which record each row of a second file fits: by the administration it names; else by the incident, whose only person
# it then means; else by the day with an officer, a person or both. Nothing is guessed: it must be exactly one.
FITS = """
    WITH waiting AS (FROM $joined WHERE record_state IN ('current', 'waiting')), named AS (
        SELECT j.join_id, a.incident_id, a.administration_id
        FROM waiting j JOIN $database.administrations a ON a.administration_id = j.administration_id
    ), officers AS (
        SELECT administration_id, officer_token FROM $database.doses WHERE officer_token IS NOT NULL
        UNION SELECT administration_id, officer_token FROM $database.dose_reports WHERE officer_token IS NOT NULL
    ), candidates AS (
        FROM named
        UNION ALL
        SELECT j.join_id, i.incident_id, a.administration_id
        FROM waiting j JOIN $database.incidents i ON i.incident_id = j.incident_id
        LEFT JOIN $database.administrations a ON a.incident_id = i.incident_id
        WHERE j.join_id NOT IN (SELECT join_id FROM named)
        UNION ALL
        SELECT j.join_id, i.incident_id, a.administration_id
        FROM waiting j JOIN $database.incidents i ON i.local_date = j.match_day
        JOIN $database.administrations a ON a.incident_id = i.incident_id AND a.record_state = 'current'
        WHERE (j.person_token IS NULL OR a.person_token = j.person_token)
          AND (j.officer_token IS NULL OR (a.administration_id, j.officer_token) IN (FROM officers))
    ), counted AS (
        SELECT join_id, min(incident_id) AS incident_id, min(administration_id) AS administration_id,
               count(DISTINCT incident_id) AS incidents, count(DISTINCT administration_id) AS people
        FROM candidates GROUP BY join_id
    )
    SELECT j.join_id, c.incident_id, if(people = 1, c.administration_id, NULL) AS administration_id,
           coalesce(incidents = 1 AND (joins = 'incidents' OR people = 1), false) AS fits,
           coalesce(incidents > 1 OR people > 1, false) AS several
    FROM waiting j LEFT JOIN counted c USING (join_id)
"""

PLACE_FIELDS = (
    *("easting_m", "northing_m", "location_precision_m", "location_source"),
    *("small_area", "authority", "bcu"),
)
# From the most to the least exact: a second file's place stands where it is no less exact than the record's own.
PLACE_ORDER = "['coordinates', 'postcode', 'area', 'none']"


def _laid_over(name: str) -> tuple[Field, ...]:
    """The fields of a table that a second file can fill, beside the place."""
    joined = table_named("joined")
    own = {item.name for item in joined.fields if not item.mapped or item.token} | set(PLACE_FIELDS)
    own |= {"source", "import_id", "row_hash", "record_state"}
    return tuple(item for item in table_named(name).fields if item.name in joined.names and item.name not in own)


def _join(connection: Connection) -> None:
    """Lay second files' rows over the records that they fit, and let rows wait whose record is not there."""
    for name, column in WAITING_TABLES.items():
        if column:
            parent = "incidents" if column == "incident_id" else "administrations"
            missing = _sql("$column NOT IN (SELECT $column FROM fresh.$parent)", column=column, parent=parent)
            if "join_id" in table_named(name).names:
                missing = "join_id IS NULL AND " + missing
            connection.execute(
                _sql("UPDATE fresh.$table SET record_state = 'current' WHERE record_state = 'waiting'", table=name)
            )
            connection.execute(
                _sql(
                    "UPDATE fresh.$table SET record_state = 'waiting' WHERE record_state = 'current' AND $missing",
                    table=name,
                    missing=missing,
                )
            )
    if not _fetch_one(connection, "SELECT count(*) FROM fresh.joined"):
        return
    connection.execute("CREATE TEMP TABLE found AS " + _sql(FITS, joined="fresh.joined", database="fresh"))
    connection.execute(
        """
        UPDATE fresh.joined SET record_state = if(found.fits, 'current', 'waiting')
        FROM temp.found WHERE found.join_id = joined.join_id
        """
    )
    for name, column in WAITING_TABLES.items():
        if "join_id" in table_named(name).names and column:
            connection.execute(
                _sql(
                    """
                    UPDATE fresh.$table SET
                        $column = if(found.fits AND found.$column IS NOT NULL, found.$column, $table.join_id),
                        record_state = if(found.fits AND found.$column IS NOT NULL, 'current', 'waiting')
                    FROM fresh.joined j LEFT JOIN temp.found USING (join_id)
                    WHERE j.join_id = $table.join_id AND $table.record_state <> 'withdrawn'
                    """,
                    table=name,
                    column=column,
                )
            )
    for name in ("incidents", "administrations"):
        _lay_over(connection, table_named(name))


def _lay_over(connection: Connection, table: Table) -> None:
    """Of each field the latest import's word; the table's own row is kept in own_<table>."""
    fields = _laid_over(table.name)
    chosen = []
    for item in fields:
        says = f"j.{item.name} <> '{item.default}'" if item.default else f"j.{item.name} IS NOT NULL"
        chosen.append(f"arg_max(j.{item.name}, turn) FILTER ({says}) AS {item.name}")
    placed = table.name == "incidents"
    if placed:
        place = ", ".join(f"'{name}': j.{name}" for name in PLACE_FIELDS)
        chosen.append(f"arg_max({{{place}}}, turn) FILTER (coalesce(j.location_source, 'none') <> 'none') AS place")
    names = {"table": table.name, "key": table.key, "chosen": ", ".join(chosen)}
    connection.execute(
        _sql(
            """
            CREATE TEMP TABLE over_$table AS SELECT found.$key, $chosen
            FROM temp.found JOIN (
                SELECT j.*, coalesce(m.version, '') || j.join_id AS turn
                FROM fresh.joined j LEFT JOIN fresh.imports m USING (import_id)
            ) j USING (join_id)
            WHERE found.fits AND found.$key IS NOT NULL GROUP BY found.$key
            """,
            **names,
        )
    )
    connection.execute(
        _sql("CREATE TABLE fresh.own_$table AS FROM fresh.$table SEMI JOIN temp.over_$table USING ($key)", **names)
    )
    changes = [f"{item.name} = coalesce(o.{item.name}, {table.name}.{item.name})" for item in fields]
    if placed:
        better = (
            f"o.place IS NOT NULL AND list_position({PLACE_ORDER}, o.place.location_source)"
            f" <= coalesce(list_position({PLACE_ORDER}, {table.name}.location_source), 4)"
        )
        changes += [f"{name} = if({better}, o.place.{name}, {table.name}.{name})" for name in PLACE_FIELDS]
    connection.execute(
        _sql(
            "UPDATE fresh.$table SET $changes FROM temp.over_$table o WHERE o.$key = $table.$key",
            changes=", ".join(changes),
            **names,
        )
    )


def _count_matched(connection: Connection, stored: Mapping[str, tuple[str, ...]]) -> int:
    """Rows that waited in the old snapshot and no longer wait in the fresh one."""
    return sum(
        _fetch_one(
            connection,
            _sql(
                """
                SELECT count(*) FROM old.$table before JOIN fresh.$table after USING ($key)
                WHERE before.record_state = 'waiting' AND after.record_state = 'current' $own
                """,
                table=name,
                key=table_named(name).key,
                own="AND after.join_id IS NULL" if column and "join_id" in table_named(name).names else "",
            ),
        )
        for name, column in WAITING_TABLES.items()
        if name in stored
    )


# Settling ------------------------------------------------------------------------------------------------------------

# Administrations that several officers report, with a hash of the reports: a decision is about these reports alone.
CONFLICTS = """
    SELECT administration_id,
           md5(string_agg(report_id || ':' || coalesce(doses::VARCHAR, ''), ',' ORDER BY report_id)) AS reports,
           least(sum(doses), 20)::SMALLINT AS together,
           first(officer_token ORDER BY doses DESC NULLS LAST, report_id) AS officer_token
    FROM $database.dose_reports WHERE record_state = 'current' GROUP BY administration_id HAVING count(*) > 1
"""
OPEN_CONFLICTS = _sql(
    "SELECT count(*) FROM ($conflicts) c ANTI JOIN $$database.settlements USING (administration_id, reports)",
    conflicts=CONFLICTS,
)


def _settle(connection: Connection) -> None:
    """Count the doses that were decided on; while nobody has decided, those of the report of the most."""
    connection.execute("UPDATE fresh.doses SET record_state = 'current' WHERE record_state = 'not_counted'")
    if not _fetch_one(connection, "SELECT count(*) FROM fresh.dose_reports"):
        return
    connection.execute(
        _sql(
            """
            CREATE TEMP TABLE decided AS
            SELECT c.administration_id, s.decision,
                   if(s.decision = 'same', r.officer_token, c.officer_token) AS officer_token,
                   if(s.decision = 'same', r.doses, if(s.decision = 'different', c.together, NULL)) AS doses
            FROM ($conflicts) c LEFT JOIN fresh.settlements s USING (administration_id, reports)
            LEFT JOIN fresh.dose_reports r ON r.report_id = s.report_id
            """,
            conflicts=_sql(CONFLICTS, database="fresh"),
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
    if "own_administrations" in _tables_of(connection, "fresh"):
        connection.execute(
            _sql(
                """
                INSERT INTO fresh.own_administrations FROM fresh.administrations
                WHERE administration_id IN ($settled)
                  AND administration_id NOT IN (SELECT administration_id FROM fresh.own_administrations)
                """,
                settled=settled,
            )
        )
    elif _fetch_one(connection, _sql("SELECT count(*) FROM ($settled)", settled=settled)):
        connection.execute(
            _sql(
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


def settle_conflict(
    *,
    settings: Settings,
    keys: Keys,
    conflict_id: str,
    decision: Literal["same", "different"],
    report_id: str | None = None,
    who: str | None = None,
    purpose: str = "",
) -> str:
    """Decide what several officers' reports of one administration mean, and return the version that counts so.

    "same": they report the same doses, which count once, as in `report_id`; "different": the reports add up. The
    decision holds for these reports, also when they are imported again, and until another decision. Raises
    ConflictNotFoundError and other StoreErrors.
    """
    folder = settings.store_folder
    with _held_for_change(folder) as pointer:
        with _opened(
            settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}
        ) as connection:
            reports = _fetch_one(
                connection,
                _sql(
                    "SELECT reports FROM ($conflicts) WHERE administration_id = ?",
                    conflicts=_sql(CONFLICTS, database="old"),
                ),
                [conflict_id],
            )
            known = _fetch_one(
                connection,
                """
                SELECT count(*) FROM old.dose_reports
                WHERE administration_id = ? AND report_id = ? AND record_state = 'current'
                """,
                [conflict_id, report_id],
            )
        if reports is None or (decision == "same") != bool(known):
            raise ConflictNotFoundError
        who = who or operating_system_user()
        row = {"administration_id": conflict_id, "reports": reports, "decision": decision, "report_id": report_id}
        settlement = pd.DataFrame([row | {"settled_by": who, "settled_at": pd.Timestamp(datetime.now(UTC))}])

        def mark(connection: Connection) -> _Marks:
            _mark(connection, table_named("settlements"), settlement["administration_id"])
            return _Marks()

        return _rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            mark=mark,
            incoming={"settlements": settlement},
            entry=_Entry(action="settle", who=who, purpose=purpose, details={"decision": decision}),
        ).version


# Undoing -------------------------------------------------------------------------------------------------------------


def undo_import(
    *, settings: Settings, keys: Keys, import_id: str | None = None, who: str | None = None, purpose: str = ""
) -> Undo:
    """Take one import (the latest where None) out of the store: what it changed is as it was before.

    What a later import changed again stays as that import left it, and what a later import held unchanged stays; from
    then on it is that import's. The import's quarantine goes, what it had healed comes back, and rows of second files
    that it had matched wait again. Raises ImportNotFoundError and other StoreErrors.
    """
    folder = settings.store_folder
    with _held_for_change(folder) as pointer:
        with _opened(
            settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}
        ) as connection:
            undone = _fetch_one(
                connection,
                """
                SELECT import_id FROM old.imports WHERE import_id = ? OR ? IS NULL
                ORDER BY version DESC NULLS LAST, imported_at DESC LIMIT 1
                """,
                [import_id, import_id],
            )
        if undone is None:
            raise ImportNotFoundError
        removed: dict[str, int] = {}
        restored: dict[str, int] = {}

        def mark(connection: Connection) -> _Marks:
            return _mark_undone(connection, undone, removed, restored)

        written = _rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            mark=mark,
            entry=_Entry(action="undo", who=who, purpose=purpose, details={"import_id": undone}),
        )
    return Undo(version=written.version, import_id=undone, removed=removed, restored=restored)


def _mark_undone(connection: Connection, undone: str, removed: dict[str, int], restored: dict[str, int]) -> _Marks:
    """Take out what an import wrote and bring back what it replaced, where it is still the last to have written."""
    connection.execute("CREATE TEMP TABLE undone AS SELECT ?::VARCHAR AS import_id", [undone])
    connection.execute(
        """
        CREATE TEMP TABLE later AS
        SELECT n.import_id, row_number() OVER (ORDER BY n.version, n.imported_at) AS turn
        FROM old.imports n, old.imports m
        WHERE m.import_id = (FROM temp.undone) AND n.import_id <> m.import_id
          AND (coalesce(n.version, ''), n.imported_at) > (coalesce(m.version, ''), m.imported_at)
        """
    )
    connection.execute("INSERT INTO temp.gone_imports FROM temp.undone")
    stored = _tables_of(connection, "old")
    past = set()
    for table in filter(_has_past, TABLES):
        earlier = f"past_{table.name}"
        confirmed = "confirmed_by" in table.names
        names = {
            "table": table.name,
            "key": table.key,
            # Rows that a later import held unchanged are that import's from then on.
            "heir": "if(confirmed_by IN (SELECT import_id FROM temp.later), confirmed_by, NULL)"
            if confirmed
            else "NULL::VARCHAR",
            "unconfirmed": ", NULL::VARCHAR AS confirmed_by" if confirmed else "",
        }
        for statement in (
            "INSERT INTO temp.gone_$table SELECT $key FROM temp.base_$table WHERE import_id = (FROM temp.undone)",
            """
            CREATE TEMP TABLE back_$table AS
            SELECT * REPLACE ($heir AS import_id $unconfirmed) FROM temp.base_$table
            WHERE import_id = (FROM temp.undone) AND $heir IS NOT NULL
            """,
        ):
            connection.execute(_sql(statement, **names))
        count = "SELECT (SELECT count(*) FROM temp.gone_$table) - (SELECT count(*) FROM temp.back_$table)"
        gone = int(_fetch_one(connection, _sql(count, **names)))
        if earlier in stored:
            past.add(table.name)
            if returned := _mark_past_undone(connection, names):
                restored[table.name] = returned
        if gone:
            removed[table.name] = gone
    return _Marks(
        back=frozenset(table.name for table in TABLES if _has_past(table)), past=frozenset(past), forgotten=undone
    )


def _mark_past_undone(connection: Connection, names: Mapping[str, str]) -> int:
    """Earlier versions of a table's rows without those of the undone import; returns how many come back into it.

    A version that the undone import replaced is followed by what came after that import's own, and comes back where
    nothing did.
    """
    for statement in (
        """
        CREATE TEMP TABLE written_$table AS
        SELECT $key AS key, import_id, $heir AS heir, replaced_by FROM old.past_$table
        UNION ALL SELECT $key, import_id, $heir, NULL FROM temp.base_$table
        """,
        """
        CREATE TEMP TABLE next_$table AS
        SELECT p.key, coalesce(max(r.heir), max(r.replaced_by), arg_min(later.import_id, later.turn)) AS import_id
        FROM temp.written_$table p
        LEFT JOIN temp.written_$table r ON r.key = p.key AND r.import_id = (FROM temp.undone)
        LEFT JOIN temp.written_$table v ON v.key = p.key
        LEFT JOIN temp.later ON later.import_id = v.import_id
        WHERE p.replaced_by = (FROM temp.undone) GROUP BY p.key
        """,
        """
        INSERT INTO temp.back_$table BY NAME
        SELECT p.* EXCLUDE (replaced_by) FROM old.past_$table p JOIN temp.next_$table n ON n.key = p.$key
        WHERE p.replaced_by = (FROM temp.undone) AND n.import_id IS NULL
        """,
        """
        CREATE TEMP TABLE kept_$table AS
        SELECT p.* REPLACE (
            if(p.replaced_by = (FROM temp.undone), n.import_id, p.replaced_by) AS replaced_by,
            if(p.import_id = (FROM temp.undone), $heir, p.import_id) AS import_id
        )
        FROM old.past_$table p LEFT JOIN temp.next_$table n ON n.key = p.$key
        WHERE (p.import_id <> (FROM temp.undone) OR $heir IS NOT NULL)
          AND (p.replaced_by <> (FROM temp.undone) OR n.import_id IS NOT NULL)
        """,
    ):
        connection.execute(_sql(statement, **names))
    return int(_fetch_one(connection, _sql("SELECT count(*) FROM temp.next_$table WHERE import_id IS NULL", **names)))


# Care ----------------------------------------------------------------------------------------------------------------


def stored_ledger(*, settings: Settings, keys: Keys) -> tuple[pd.DataFrame, frozenset[str]]:
    """The kit ledger's current rows as `Store.kit_ledger` gives them, with tokens for kits and officers, and the tokens
    of all carriers; for an import, which compares a file with them. Both are empty where there is no store.
    """
    pointer = read_pointer(settings.store_folder)
    if pointer is None:
        return pd.DataFrame(), frozenset()
    file = settings.store_folder / pointer.current.file
    with _opened(settings=settings, keys=keys, attach={"records": (file, False)}) as connection:
        rows = connection.execute(_sql("WITH $officers, $ledger FROM ledger", officers=OFFICERS, ledger=LEDGER)).df()
        carriers = connection.execute(_sql("WITH $officers SELECT officer_token FROM officers", officers=OFFICERS))
        return rows, frozenset(token for (token,) in carriers.fetchall())


def rollback(*, settings: Settings, keys: Keys, who: str | None = None, purpose: str = "") -> str:
    """Make the snapshot before the current one count again and return its version. Raises StoreError."""
    folder = settings.store_folder
    existing_pointer(folder)
    with writer_lock(folder, wait_s=LOCK_WAIT_S):
        pointer = existing_pointer(folder)
        back = earlier_pointer(folder, pointer)
        Journal(folder=folder, keys=keys).record(
            action="rollback",
            who=who or operating_system_user(),
            purpose=purpose,
            details={"from": pointer.current.version, "to": back.current.version},
        )
        switch(folder, back)
    return back.current.version


def upgrade_store(*, settings: Settings, keys: Keys, who: str | None = None) -> str:
    """Write the store again with the tables of this version of the program; returns the version. Raises StoreError."""
    folder = settings.store_folder
    existing_pointer(folder)
    with writer_lock(folder, wait_s=LOCK_WAIT_S), _write_errors_named(folder):
        pointer = existing_pointer(folder)
        if pointer.current.schema_version == _schema_version():
            return pointer.current.version
        return _rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            entry=_Entry(action="upgrade", who=who, purpose="", details={}),
        ).version


def erase(*, settings: Settings, keys: Keys, token: str, who: str | None = None, purpose: str) -> Erasure:
    """Take a person, an officer or one record out of the store: a new snapshot without them, earlier ones removed.

    A person's or record's rows go with all that hangs on them, and an incident that then has nobody left goes too. An
    officer's carrier and shift rows go; doses and kits stay and no longer say whose they were. The journal says that
    it was done, by whom and why, not which token. Raises RecordNotFoundError and other StoreErrors.
    """
    folder = settings.store_folder
    with _held_for_change(folder) as pointer:
        with _opened(
            settings=settings, keys=keys, attach={"old": (folder / pointer.current.file, False)}
        ) as connection:
            gone, unlinked = _find_erased(connection, token)
            erased = pa.table({"key": pa.array([token, *pd.concat(list(gone.values()))], pa.string())})
            earlier = _mark_past_erased(connection, erased)
        rows = {name: len(found) for name, found in gone.items() if len(found)} | unlinked
        rows |= {f"past_{name}": count for name, count in earlier.items() if count}
        if not rows:
            raise RecordNotFoundError()
        holding = {pointer.current.file} | {
            snapshot.file
            for snapshot in pointer.previous
            if _holds(settings=settings, keys=keys, file=folder / snapshot.file, erased=erased)
        }

        def mark(connection: Connection) -> _Marks:
            for name, found in gone.items():
                _mark(connection, table_named(name), found)
            past = _mark_past_erased(connection, erased)
            return _Marks(unlinked=token, past=frozenset(past))

        version = _rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            mark=mark,
            without=frozenset(holding),
            entry=_Entry(action="erase", who=who, purpose=purpose, details={"rows": rows, "removed": sorted(holding)}),
        ).version
    left = tuple(sorted(file for file in holding if (folder / file).exists()))
    return Erasure(
        version=version, rows=rows, snapshots_removed=tuple(sorted(holding - set(left))), snapshots_left=left
    )


# Tables whose rows are about an officer alone; elsewhere the officer's token is only taken out of the row.
OFFICER_TABLES = ("carriers", "shifts")


def _find_erased(connection: Connection, token: str) -> tuple[dict[str, pd.Series], dict[str, int]]:
    """Keys of the rows that go, by table, and how many rows only lose an officer's token."""
    for table in TABLES:
        connection.execute(_sql("CREATE TEMP TABLE gone_$table (key VARCHAR)", table=table.name))
    administrations, incidents = table_named("administrations"), table_named("incidents")
    _select_gone(connection, administrations, "? IN (administration_id, incident_id, person_token)", [token])
    _select_gone(
        connection,
        incidents,
        """
        incident_id = ? OR incident_id IN (
            SELECT incident_id FROM old.administrations GROUP BY incident_id
            HAVING count(*) = count(*) FILTER (administration_id IN (SELECT key FROM temp.gone_administrations)))
        """,
        [token],
    )
    connection.execute("CREATE TEMP TABLE found AS " + _sql(FITS, joined="old.joined", database="old"))
    for table in sorted(TABLES, key=lambda table: table.name != "joined"):
        if table not in (administrations, incidents) and table.field(table.key).token:
            conditions = [f"{table.key} = ?"]
            if table.name == "joined":
                conditions.append(
                    """person_token = ? OR join_id IN (
                        SELECT join_id FROM temp.found WHERE incident_id IN (SELECT key FROM temp.gone_incidents)
                        OR administration_id IN (SELECT key FROM temp.gone_administrations))"""
                )
            elif "join_id" in table.names:
                conditions.append("join_id IN (SELECT key FROM temp.gone_joined)")
            for parent in (administrations, incidents):
                if parent.key in table.names:
                    conditions.append(
                        _sql("$key IN (SELECT key FROM temp.gone_$parent)", key=parent.key, parent=parent.name)
                    )
            if table.name in OFFICER_TABLES:
                conditions.append("officer_token = ?")
            condition = " OR ".join(conditions)
            _select_gone(connection, table, condition, [token] * condition.count("?"))
    records = " UNION ALL ".join(
        _sql("SELECT key FROM temp.gone_$table", table=table.name) for table in TABLES if table.name != "quarantine"
    )
    _select_gone(
        connection, table_named("quarantine"), "record_id = ? OR record_id IN ($records)", [token], records=records
    )
    gone = {
        table.name: connection.execute(_sql("SELECT DISTINCT key FROM temp.gone_$table", table=table.name)).df()["key"]
        for table in TABLES
    }
    unlinked = {
        table.name: _fetch_one(
            connection, _sql("SELECT count(*) FROM old.$table WHERE officer_token = ?", table=table.name), [token]
        )
        for table in TABLES
        if "officer_token" in table.names and table.name not in OFFICER_TABLES
    }
    return gone, {name: rows for name, rows in unlinked.items() if rows}


def _mark_past_erased(connection: Connection, erased: pa.Table) -> dict[str, int]:
    """Fill kept_<table> with the earlier versions that say nothing of what is erased; how many go, by table."""
    connection.register("erased", erased)
    gone = {}
    stored = _tables_of(connection, "old")
    for table in TABLES:
        if f"past_{table.name}" not in stored:
            continue
        told_by = [item.name for item in table.fields if item.token or item.name == "record_id"]
        if table.name not in OFFICER_TABLES and "officer_token" in told_by:
            told_by.remove("officer_token")
        said = " OR ".join(_sql("coalesce($name IN (SELECT key FROM erased), false)", name=name) for name in told_by)
        names = {"table": table.name, "said": said}
        texts = {"officer_token": "if(officer_token IN (SELECT key FROM erased), NULL, officer_token)"}
        texts = {name: text for name, text in texts.items() if name in table.names and name not in told_by}
        changed = ", ".join(f"{text} AS {name}" for name, text in texts.items())
        names["columns"] = f"* REPLACE ({changed})" if changed else "*"
        connection.execute(
            _sql("CREATE TEMP TABLE kept_$table AS SELECT $columns FROM old.past_$table WHERE NOT ($said)", **names)
        )
        gone[table.name] = _fetch_one(connection, _sql("SELECT count(*) FROM old.past_$table WHERE $said", **names))
    connection.unregister("erased")
    return gone


def _holds(*, settings: Settings, keys: Keys, file: Path, erased: pa.Table) -> bool:
    """Whether any key or token in a snapshot is among the erased; a file that cannot be read is taken to hold them."""
    try:
        with _opened(settings=settings, keys=keys, attach={"old": (file, False)}) as connection:
            stored = _tables_of(connection, "old")
            connection.register("erased", erased)
            return any(
                _fetch_one(
                    connection,
                    _sql(
                        "SELECT count(*) FROM old.$table WHERE $column IN (SELECT key FROM erased)",
                        table=f"{kind}{table.name}",
                        column=item.name,
                    ),
                )
                for table in TABLES
                for kind in ("", "own_", "past_")
                for item in table.fields
                if (item.token or item.name == "record_id") and item.name in stored.get(f"{kind}{table.name}", ())
            )
    except StoreDamagedError:
        return True


def check_store(*, settings: Settings, keys: Keys) -> StoreCheck:
    """Open the current snapshot and verify key, schema, counts, links and every block, then the journal's chain.

    Works for real stores too. Raises StoreMissingError, StoreKeyError, StoreDamagedError; what else is wrong is listed.
    """
    folder = settings.store_folder
    pointer = existing_pointer(folder)
    file = folder / pointer.current.file
    journal = Journal(folder=folder, keys=keys)
    problems: list[str] = []
    with _opened(settings=settings, keys=keys, attach={"old": (file, False)}) as connection:
        try:
            about = _read_about(connection, "old", file=file)
            written = sorted(_tables_of(connection, "old").keys() - {"about", "row_counts"})
            rows = _count_rows(connection, "old", written)
            if about["version"] != pointer.current.version or about["synthetic"] != pointer.synthetic:
                problems.append(_("current.json and the snapshot it names do not say the same."))
            if about["schema_version"] != _schema_version():
                problems.append(str(StoreSchemaError(folder=folder)))
            noted = dict(connection.execute("SELECT name, rows FROM old.row_counts").fetchall())
            problems += [
                _("The table {table} has {rows} rows and should have {noted}.").format(
                    table=name, rows=format_count(rows.get(name, 0)), noted=format_count(count)
                )
                for name, count in noted.items()
                if rows.get(name) != count
            ]
            problems += _broken_links(connection, rows)
        except duckdb.Error:
            # A block that does not decrypt to what was written: the cipher's tag shows it.
            raise StoreDamagedError(file=file) from None
    problems += [
        str(StoreDamagedError(file=folder / snapshot.file))
        for snapshot in pointer.previous
        if not (folder / snapshot.file).exists()
    ]
    entries = 0
    try:
        entries = journal.verify()
        journal.verify_head(JournalHead(entries=about["journal_entries"], chain=about["journal_chain"]))
    except JournalTamperedError as error:
        problems.append(str(error))
    return StoreCheck(
        version=pointer.current.version,
        synthetic=about["synthetic"],
        schema_version=about["schema_version"],
        created_at=about["created_at"].astimezone(ZoneInfo(settings.time_zone)),
        snapshots=tuple(
            snapshot.version for snapshot in (pointer.current, *pointer.previous) if (folder / snapshot.file).exists()
        ),
        rows=rows,
        journal_entries=entries,
        problems=tuple(problems),
    )


def _broken_links(connection: Connection, rows: Mapping[str, int]) -> list[str]:
    """Keys that occur twice and rows whose administration or incident is not there; reads every column on the way."""
    problems = []
    parents = [table_named("incidents"), table_named("administrations")]
    for table in TABLES:
        if table.name not in rows:
            continue
        connection.execute(_sql("SELECT count(COLUMNS(*)) FROM old.$table", table=table.name)).fetchall()
        once = _fetch_one(
            connection, _sql("SELECT count(DISTINCT $key) FROM old.$table", key=table.key, table=table.name)
        )
        if once != rows[table.name]:
            problems.append(_("Keys in the table {table} occur twice.").format(table=table.name))
        for parent in parents:
            if parent is not table and parent.key in table.names and table.name not in ("joined", "settlements"):
                lost = _fetch_one(
                    connection,
                    _sql(
                        """
                        SELECT count(*) FROM old.$table ANTI JOIN old.$parent USING ($key)
                        WHERE record_state <> 'waiting'
                        """,
                        table=table.name,
                        parent=parent.name,
                        key=parent.key,
                    ),
                )
                if lost:
                    problems.append(
                        _("{rows} rows of {table} belong to nothing in {parent}.").format(
                            rows=format_count(lost), table=table.name, parent=parent.name
                        )
                    )
    return problems


def _read_about(connection: Connection, database: str, *, file: Path) -> dict[str, Any]:
    """What the snapshot says it is; unlike current.json nobody can change it without the key."""
    try:
        found = connection.execute(_sql("SELECT * FROM $database.about", database=database))
        names = [column[0] for column in found.description or ()]
        return dict(zip(names, found.fetchall()[0], strict=True))
    except (duckdb.Error, IndexError):
        raise StoreDamagedError(file=file) from None


# Reading -------------------------------------------------------------------------------------------------------------


def open_store(*, settings: Settings, keys: Keys, version: str | None = None) -> "Store":
    """The store of `settings` at `version` (the current one where None), read-only and safe between threads.

    Raises StoreMissingError, StoreKeyError, StoreSchemaError, StoreDamagedError, and StoreRefusedError for a store of
    real records that the settings do not open.
    """
    folder = settings.store_folder
    pointer = existing_pointer(folder)
    while True:
        try:
            return _open_snapshot(settings=settings, keys=keys, pointer=pointer, version=version)
        except StoreDamagedError:
            # A writer may have published and cleared this one away since the pointer was read: then look again.
            newer = existing_pointer(folder)
            if newer == pointer:
                raise
            pointer = newer


def _open_snapshot(*, settings: Settings, keys: Keys, pointer: Pointer, version: str | None) -> "Store":
    folder = settings.store_folder
    known = {snapshot.version: snapshot for snapshot in (pointer.current, *pointer.previous)}
    snapshot = pointer.current if version is None else known.get(version)
    if snapshot is None:
        raise StoreMissingError(folder=folder)
    file = folder / snapshot.file
    connection = _connect(settings=settings, keys=keys, attach={"records": (file, False)}, spill=None)
    try:
        about = _read_about(connection, "records", file=file)
        if about["schema_version"] != _schema_version():
            raise StoreSchemaError(folder=folder)
        if not about["synthetic"] and (settings.store.synthetic or not settings.store.open_real_on_loopback):
            raise StoreRefusedError(folder=folder)
    except BaseException:
        connection.close()
        raise
    return Store(
        connection=connection,
        version=snapshot.version,
        synthetic=about["synthetic"],
        created_at=about["created_at"],
        time_zone=settings.time_zone,
    )


AREA_COLUMNS: Mapping[AreaLevel, str] = {"small_area": "small_area", "authority": "authority", "bcu": "bcu"}


class Store:
    """One snapshot, open for reading. Every method asks one question with its own cursor, so threads may share it.

    What counts: current administrations whose recipient is not an officer, within `filters` and `scope`.
    """

    def __init__(
        self, *, connection: Connection, version: str, synthetic: bool, created_at: datetime, time_zone: str
    ) -> None:
        self._connection = connection
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

    @property
    def is_empty(self) -> bool:
        """Whether no administration counts."""
        return not self._row("SELECT count(*) FROM records.counted")[0]

    def period(self) -> tuple[date, date]:
        """First and last day with an administration. Raises StoreEmptyError."""
        first, last = self._row("SELECT min(local_date), max(local_date) FROM records.counted")
        if first is None:
            raise StoreEmptyError()
        return first, last

    def freshness(self) -> Freshness:
        """When records last came in, how far they reach, and what waits in quarantine for somebody to correct it."""
        last_import_at, imports = self._row("SELECT max(imported_at), count(*) FROM records.imports")
        (last_event_day,) = self._row("SELECT max(local_date) FROM records.counted")
        rows, fields = self._row(
            """
            SELECT count(DISTINCT (import_id, row_number)) FILTER (whole_row), count(*) FILTER (NOT whole_row)
            FROM records.quarantine WHERE reason <> 'left_out_by_mapping'
            """
        )
        return Freshness(
            last_import_at=last_import_at.astimezone(self._time_zone) if last_import_at else None,
            last_event_day=last_event_day,
            imports=imports,
            rows_quarantined=rows,
            fields_quarantined=fields,
        )

    def choices(self) -> Choices:
        """Values that occur among the administrations that count, sorted."""
        (bits,) = self._row("SELECT coalesce(bit_or(substance_bits), 0) FROM records.counted")
        return Choices(
            bcus=self._distinct("bcu"),
            authorities=self._distinct("authority"),
            small_areas=self._distinct("small_area"),
            substances=tuple(sorted(name for bit, name in enumerate(SUBSTANCES) if bits >> bit & 1)),
            settings=self._distinct("setting"),
        )

    def administrations_by_month(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns month (first day, datetime64) and administrations (int); a row for every month of the period."""
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                WITH months AS (
                    SELECT unnest(generate_series(date_trunc('month', ?::DATE), date_trunc('month', ?::DATE),
                                                  INTERVAL 1 MONTH))::DATE AS month
                ), counts AS (
                    SELECT date_trunc('month', local_date)::DATE AS month, count(*) AS administrations
                    FROM records.counted WHERE $kept GROUP BY month
                )
                SELECT month, coalesce(administrations, 0)::BIGINT AS administrations
                FROM months LEFT JOIN counts USING (month) ORDER BY month
                """,
                kept=kept,
            ),
            [filters.first_day, filters.last_day, *values],
        )

    def count_administrations(self, *, filters: Filters, scope: AccessScope) -> AdministrationCount:
        """How many, at how many incidents, and how many of them have a place."""
        kept, values = _kept(filters, scope)
        administrations, located, area_only, incidents = self._row(
            _sql(
                """
                SELECT count(*), count(*) FILTER (located), count(*) FILTER (area_only),
                       count(*) FILTER (NOT incident_shared)
                       + count(DISTINCT incident_number) FILTER (incident_shared)
                FROM records.counted WHERE $kept
                """,
                kept=kept,
            ),
            values,
        )
        return AdministrationCount(
            administrations=administrations,
            located=located,
            area_only=area_only,
            unlocated=administrations - located - area_only,
            incidents=incidents,
        )

    def located_administrations(self, *, filters: Filters, scope: AccessScope) -> LocatedAdministrations:
        """Places of the administrations that have coordinates, from west to east: never in the order they happened."""
        kept, values = _kept(filters, scope)
        columns = self._columns(
            _sql(
                """
                SELECT easting_m, northing_m, location_precision_m FROM records.counted
                WHERE located AND $kept ORDER BY easting_m, northing_m, location_precision_m
                """,
                kept=kept,
            ),
            values,
        )
        return LocatedAdministrations(**columns)

    def dated_administrations(self, *, filters: Filters, scope: AccessScope) -> DatedAdministrations:
        """Places and days of the administrations that have coordinates, from west to east."""
        kept, values = _kept(filters, scope)
        frame = self._frame(
            _sql(
                """
                SELECT easting_m, northing_m, location_precision_m, local_date FROM records.counted
                WHERE located AND $kept ORDER BY easting_m, northing_m, local_date, location_precision_m
                """,
                kept=kept,
            ),
            values,
        )
        return DatedAdministrations(
            easting_m=frame["easting_m"].to_numpy(np.float64),
            northing_m=frame["northing_m"].to_numpy(np.float64),
            location_precision_m=frame["location_precision_m"].to_numpy(np.float64),
            day=frame["local_date"].to_numpy().astype("datetime64[D]"),
        )

    def cases_by_day(self, *, settings: Sequence[str]) -> pd.DataFrame:
        """Every person given naloxone at a kind of place, one row each, in order of day: what alerts are looked for in.

        Columns local_date, recorded_on (the local day of entry, NaT where not recorded), small_area and bcu (None where
        not known), easting_m and northing_m (NaN without coordinates), doses, condition_after and substances (a list of
        "substance:certainty"). Two reports about one person at one incident are one row, and its doses are the fewest
        that any of the statements gives: a conflict alone is not a sign of anything.
        """
        return self._frame(
            _sql(
                """
                WITH listed AS (
                    SELECT administration_id, count(*) AS listed,
                           count(DISTINCT if(given_at IS NULL OR kit_token IS NULL, dose_id, given_at || kit_token))
                           AS doses
                    FROM records.doses WHERE record_state = 'current' GROUP BY administration_id
                ), taken AS (
                    SELECT administration_id, list(substance || ':' || certainty ORDER BY substance) AS substances
                    FROM records.substances WHERE record_state = 'current' GROUP BY administration_id
                ), reports AS (
                    SELECT c.local_date, timezone(?, a.recorded_at)::DATE AS recorded_on, c.small_area, c.bcu,
                           if(c.located, c.easting_m, NULL) AS easting_m,
                           if(c.located, c.northing_m, NULL) AS northing_m,
                           -- Of more doses than are listed singly, nobody can say that two are one.
                           if(a.doses_given > listed.listed, a.doses_given, least(a.doses_given, listed.doses))::FLOAT
                           AS doses, a.condition_after, taken.substances,
                           c.administration_id,
                           row_number() OVER (
                               PARTITION BY c.incident_number, coalesce(a.person_token, c.administration_id)
                               ORDER BY doses NULLS LAST, recorded_on NULLS LAST, c.administration_id
                           ) AS place
                    FROM records.counted c JOIN records.administrations a USING (administration_id)
                    LEFT JOIN listed USING (administration_id) LEFT JOIN taken USING (administration_id)
                    WHERE list_contains(?, c.setting)
                )
                SELECT * EXCLUDE (place, administration_id) FROM reports WHERE place = 1
                ORDER BY local_date, easting_m, northing_m, administration_id
                """
            ),
            [str(self._time_zone), list(settings)],
        )

    def risk_events_by_day(self, *, kinds: Sequence[str]) -> pd.DataFrame:
        """The independent layer's events of some kinds in a known small area: columns local_date, small_area, kind."""
        return self._frame(
            """
            SELECT local_date, small_area, kind FROM records.risk_events
            WHERE record_state = 'current' AND list_contains(?, kind) AND small_area IS NOT NULL
              AND time_precision IS DISTINCT FROM 'month'
            ORDER BY local_date, small_area, kind, risk_event_id
            """,
            [list(kinds)],
        )

    def carriers_by_day(self, *, first_day: date, last_day: date) -> pd.DataFrame:
        """Carriers by day and base: columns day, easting_m, northing_m (NaN where the base has no place), carriers.

        Whoever is trained and in a role that day counts, by the share of the typical week that is rostered where there
        is a roster; one without hours counts as the others do on average.
        """
        return self._frame(
            """
            WITH days AS (
                SELECT unnest(generate_series(?::DATE, ?::DATE, INTERVAL 1 DAY))::DATE AS day
            ), hours AS (
                SELECT officer_token, count(DISTINCT hour_of_week) / 168 AS share FROM records.shifts
                WHERE record_state = 'current' AND hour_of_week IS NOT NULL GROUP BY officer_token
            ), roles AS (
                SELECT c.officer_token, c.easting_m, c.northing_m, c.valid_to,
                       greatest(coalesce(c.valid_from, c.trained_on), c.trained_on) AS since,
                       coalesce(h.share, (SELECT avg(share) FROM hours), 1) AS share
                FROM records.carriers c LEFT JOIN hours h USING (officer_token)
                WHERE c.record_state = 'current' AND c.trained_on IS NOT NULL
            )
            SELECT day, easting_m, northing_m, sum(share)::DOUBLE AS carriers
            FROM days JOIN roles ON since <= day AND coalesce(valid_to >= day, true)
            GROUP BY day, easting_m, northing_m ORDER BY day, easting_m, northing_m
            """,
            [first_day, last_day],
        )

    def risk_events(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> RiskEvents:
        """Events of the independent layer of some kinds, from west to east; substance and setting do not apply.

        One that is known by its month alone counts where the whole month lies in the period.
        """
        kept, values = _kept(replace(filters, substances=(), settings=()), scope)
        condition = f"record_state = 'current' AND list_contains(?, kind) AND {kept} AND {_WHOLE_MONTHS}"
        bound = [list(kinds), *values, filters.last_day]
        columns = self._columns(
            _sql(
                """
                SELECT easting_m, northing_m FROM records.risk_events i WHERE $located AND $condition
                ORDER BY easting_m, northing_m
                """,
                located=LOCATED,
                condition=condition,
            ),
            bound,
        )
        (events,) = self._row(_sql("SELECT count(*) FROM records.risk_events WHERE $kept", kept=condition), bound)
        return RiskEvents(**columns, unlocated=events - len(columns["easting_m"]))

    def populations(self, *, last_day: date) -> Populations:
        """Residents of one year and one source: two would count people twice.

        The latest year that is not after that of `last_day`, else the earliest; of several sources, the last imported.
        """
        chosen = self._frame(
            """
            SELECT p.year, p.source FROM records.populations p LEFT JOIN records.imports m USING (import_id)
            WHERE p.record_state = 'current' GROUP BY p.year, p.source
            ORDER BY p.year > ?, CASE WHEN p.year > ? THEN p.year ELSE -p.year END NULLS LAST, max(m.imported_at) DESC
            LIMIT 1
            """,
            [last_day.year, last_day.year],
        )
        year = None if chosen.empty or pd.isna(chosen["year"][0]) else int(chosen["year"][0])
        frame = self._frame(
            """
            SELECT persons, easting_m, northing_m, small_area, authority, bcu FROM records.populations
            WHERE record_state = 'current' AND persons > 0
              AND year IS NOT DISTINCT FROM ? AND source IS NOT DISTINCT FROM ?
            ORDER BY ALL
            """,
            [year, None if chosen.empty else chosen["source"][0]],
        )
        areas = {name: frame[name].astype(object).to_numpy() for name in ("small_area", "authority", "bcu")}
        numbers = {name: frame[name].to_numpy(np.float64) for name in ("persons", "easting_m", "northing_m")}
        return Populations(**numbers, **areas, year=year)

    def timed_events(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> pd.DataFrame:
        """Events with a place, from west to east: columns easting_m, northing_m, hour_of_week (NA without a time).

        Of the independent layer's `kinds`, to which substance and setting do not apply; with none, administrations.
        """
        kept, values = _kept(replace(filters, substances=(), settings=()) if kinds else filters, scope)
        return self._frame(
            _sql(
                """
                SELECT easting_m, northing_m, ((local_weekday - 1) * 24 + local_hour)::FLOAT AS hour_of_week
                FROM $table i WHERE $condition AND $kept ORDER BY easting_m, northing_m, hour_of_week
                """,
                table="records.risk_events" if kinds else "records.counted",
                condition=f"record_state = 'current' AND list_contains(?, kind) AND {LOCATED}" if kinds else "located",
                kept=f"{kept} AND {_WHOLE_MONTHS}" if kinds else kept,
            ),
            [list(kinds), *values, filters.last_day] if kinds else values,
        )

    def carriers(self, *, scope: AccessScope, as_of: date) -> pd.DataFrame:
        """Whoever has a role on the day, one row each, by base: with training and the kit held at the day's end.

        Columns officer (a number of this snapshot's own, to join `typical_hours` and `dated_shifts`), role, base, bcu,
        easting_m, northing_m, trained_on, refreshed_on, holds_kit, kit_expires_on (the latest of those held), and
        row_number and imported_on of the import that last changed the row. A kit is held from its issue until it is
        used, returned, lost or written off.
        """
        return self._frame(
            _sql(
                """
                WITH $officers, roles AS (
                    SELECT *, row_number() OVER (
                               PARTITION BY coalesce(officer_token, carrier_id)
                               ORDER BY valid_from DESC NULLS LAST, carrier_id
                           ) AS place
                    FROM records.carriers
                    WHERE record_state = 'current' AND coalesce(valid_from <= ?, true) AND coalesce(valid_to >= ?, true)
                ), ledger AS (
                    SELECT *, min(event_on) FILTER (event = 'issued') OVER (PARTITION BY kit_token) AS first_issued
                    FROM records.kits
                    WHERE record_state = 'current' AND coalesce(event_on <= ?, true)
                ), latest AS (
                    SELECT officer_token, event, expires_on, row_number() OVER (
                               PARTITION BY kit_token
                               -- A kit is first issued and then ends; on a later day it comes back and is issued anew.
                               ORDER BY event <> 'issued' AND event_on IS NULL DESC, event_on DESC NULLS LAST,
                                        (event = 'issued') = (event_on = first_issued), kit_event_id
                           ) AS place
                    FROM ledger WHERE kit_token IS NOT NULL
                ), counted AS (
                    SELECT officer_token, max(expires_on) FILTER (event = 'issued') AS expires_on
                    FROM ledger WHERE kit_token IS NULL GROUP BY officer_token
                    HAVING sum(coalesce(kits, 1) * if(event = 'issued', 1, -1)) > 0
                ), held AS (
                    SELECT officer_token, max(expires_on) AS expires_on FROM (
                        SELECT officer_token, expires_on FROM latest WHERE place = 1 AND event = 'issued'
                        UNION ALL SELECT officer_token, expires_on FROM counted
                    ) WHERE officer_token IS NOT NULL GROUP BY officer_token
                )
                SELECT o.officer::FLOAT AS officer, r.role, r.base, r.bcu, r.easting_m, r.northing_m,
                       r.trained_on, r.refreshed_on, h.officer_token IS NOT NULL AS holds_kit,
                       h.expires_on AS kit_expires_on,
                       r.row_number::FLOAT AS row_number, m.imported_at::DATE AS imported_on
                FROM roles r LEFT JOIN officers o USING (officer_token) LEFT JOIN held h USING (officer_token)
                LEFT JOIN records.imports m USING (import_id)
                WHERE r.place = 1 AND $allowed ORDER BY r.base, r.role, o.officer, r.carrier_id
                """,
                officers=OFFICERS,
                allowed="(? = [] OR list_contains(?, r.bcu))",
            ),
            [as_of, as_of, as_of, list(scope.bcus), list(scope.bcus)],
        )

    def typical_hours(self) -> pd.DataFrame:
        """The typical week: columns officer (as in `carriers`) and hour_of_week, a row for each hour on duty."""
        return self._frame(
            _sql(
                """
                WITH $officers SELECT DISTINCT officer, hour_of_week
                FROM records.shifts JOIN officers USING (officer_token)
                WHERE record_state = 'current' AND hour_of_week IS NOT NULL ORDER BY officer, hour_of_week
                """,
                officers=OFFICERS,
            )
        )

    def dated_shifts(self) -> pd.DataFrame:
        """Dated shifts: columns officer (as in `carriers`), starts_at and ends_at, local times."""
        zone = str(self._time_zone)
        return self._frame(
            _sql(
                """
                WITH $officers SELECT officer, timezone(?, starts_at) AS starts_at, timezone(?, ends_at) AS ends_at
                FROM records.shifts JOIN officers USING (officer_token)
                WHERE record_state = 'current' AND starts_at < ends_at ORDER BY officer, starts_at
                """,
                officers=OFFICERS,
            ),
            [zone, zone],
        )

    def names_holders_of_kits(self) -> bool:
        """Whether the kit ledger says of any kit which officer holds it."""
        (found,) = self._row(
            "SELECT count(*) FROM records.kits WHERE record_state = 'current' AND officer_token IS NOT NULL"
        )
        return bool(found)

    def requests(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Each time a carrier was asked for, newest first; substance and setting do not apply.

        Columns local_date, hour_of_week (NA without a time), easting_m and northing_m (NA without a place), small_area,
        found and minutes.
        """
        kept, values = _kept(replace(filters, substances=(), settings=()), scope)
        return self._frame(
            _sql(
                """
                SELECT local_date, ((local_weekday - 1) * 24 + local_hour)::FLOAT AS hour_of_week,
                       if($located, easting_m, NULL) AS easting_m, if($located, northing_m, NULL) AS northing_m,
                       small_area, found, minutes
                FROM records.requests i WHERE record_state = 'current' AND $kept ORDER BY occurred_at DESC, request_id
                """,
                located=LOCATED,
                kept=kept,
            ),
            values,
        )

    def kit_ledger(self) -> pd.DataFrame:
        """The kit ledger's current rows, in the order in which they came in.

        Columns kit_event_id, kit and officer (numbers of this snapshot's own, to join `kit_uses`; NaN where the row
        names none; an officer of `carriers` has the same number there), base, event, event_on, lot, expires_on, kits,
        row_number and imported_on (of the import that last changed the row), count_unusable (its number of kits waits
        in quarantine) and officer_unknown (not among the carriers, where there are any).
        """
        return self._frame(
            _sql(
                """
                WITH $officers, $ledger, $holders
                SELECT ledger.* EXCLUDE (source, kit_token, officer_token, imported_at), kit::FLOAT AS kit,
                       officer::FLOAT AS officer
                FROM ledger LEFT JOIN kit_numbers USING (kit_token) LEFT JOIN holders USING (officer_token)
                ORDER BY imported_at, row_number, kit_event_id
                """,
                officers=OFFICERS,
                ledger=LEDGER,
                holders=HOLDERS,
            )
        )

    def newest_supply_day(self, *, not_after: date) -> date | None:
        """The newest day that the kit ledger or the training register tells of; None where neither has one."""
        (newest,) = self._row(
            """
            SELECT max(day) FROM (
                SELECT event_on AS day FROM records.kits WHERE record_state = 'current'
                UNION ALL SELECT unnest([trained_on, refreshed_on]) FROM records.carriers
                WHERE record_state = 'current'
            ) WHERE day <= ?
            """,
            [not_after],
        )
        return newest

    def kit_uses(self, *, first_day: date, last_day: date, scope: AccessScope) -> pd.DataFrame:
        """Each dose of the administrations of the period that name a kit, an officer or a wish for resupply.

        One row a dose, or one for an administration without: columns administration (a number), local_date, bcu,
        small_area, doses_given, resupply_needed, resupply_kits, given_at, kit and officer (as in `kit_ledger`). The
        kits of officers who were treated after exposure count too.
        """
        return self._frame(
            _sql(
                """
                WITH $officers, $holders
                SELECT a.rowid::INTEGER AS administration, i.local_date, i.bcu, i.small_area,
                       a.doses_given::FLOAT AS doses_given, a.resupply_needed = 'yes' AS resupply_needed,
                       a.resupply_kits::FLOAT AS resupply_kits, d.given_at, kit::FLOAT AS kit, officer::FLOAT AS officer
                FROM records.administrations a JOIN records.incidents i USING (incident_id)
                LEFT JOIN (FROM records.doses WHERE record_state = 'current') d
                    ON d.administration_id = a.administration_id
                LEFT JOIN kit_numbers ON kit_numbers.kit_token = d.kit_token
                LEFT JOIN holders ON holders.officer_token = d.officer_token
                WHERE $given AND (kit IS NOT NULL OR officer IS NOT NULL OR a.resupply_needed = 'yes')
                ORDER BY i.local_date, a.rowid, d.sequence
                """,
                officers=OFFICERS,
                holders=HOLDERS,
                given=GIVEN,
            ),
            [first_day, last_day, list(scope.bcus), list(scope.bcus)],
        )

    def doses_given(self, *, first_day: date, last_day: date, scope: AccessScope) -> pd.DataFrame:
        """Columns doses (NaN where not recorded) and administrations: how often so many were given in the period."""
        return self._frame(
            _sql(
                """
                SELECT a.doses_given::FLOAT AS doses, count(*) AS administrations
                FROM records.administrations a JOIN records.incidents i USING (incident_id)
                WHERE $given GROUP BY doses ORDER BY doses
                """,
                given=GIVEN,
            ),
            [first_day, last_day, list(scope.bcus), list(scope.bcus)],
        )

    def administration_profiles(
        self, *, filters: Filters, scope: AccessScope, kind: str, clocks: Sequence[str]
    ) -> pd.DataFrame:
        """Each administration that has coordinates, one by one, from west to east: what a profile of places counts.

        `substances` holds a list of "substance:certainty"; `times` how often the person was given naloxone in all the
        records (missing where nobody was named); `contacted` whether the follow-up reached the person (missing where
        none was begun); minutes and outcome are of the incident's wait of `kind`, by the first of `clocks` that has a
        time.
        """
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                WITH selected AS (SELECT * FROM records.counted WHERE located AND $kept),
                people AS (
                    SELECT a.person_token, count(*)::INTEGER AS times
                    FROM records.counted c JOIN records.administrations a USING (administration_id)
                    WHERE a.person_token IS NOT NULL GROUP BY a.person_token
                ), steps AS (
                    SELECT administration_id, bool_or(step IN ('contacted', 'consented', 'engaged')) AS contacted
                    FROM records.follow_up WHERE record_state = 'current' GROUP BY administration_id
                ), taken AS (
                    SELECT administration_id, list(substance || ':' || certainty ORDER BY substance) AS substances
                    FROM records.substances WHERE record_state = 'current' GROUP BY administration_id
                ), ranked AS (
                    SELECT incident_id, minutes, outcome,
                           row_number() OVER (
                               PARTITION BY incident_id
                               ORDER BY minutes IS NULL, outcome = '$unknown', list_position(?, clock), minutes, wait_id
                           ) AS place
                    FROM records.waits WHERE record_state = 'current' AND kind = ? AND list_contains(?, clock)
                )
                SELECT c.easting_m, c.northing_m, c.incident_number, c.local_hour::FLOAT AS local_hour,
                       c.local_weekday, taken.substances, a.doses_given::FLOAT AS doses_given,
                       people.times::FLOAT AS times, a.previous_police_contact, a.alive_at_handover,
                       steps.contacted, ranked.minutes, coalesce(ranked.outcome, '$unknown') AS outcome
                FROM selected c JOIN records.administrations a USING (administration_id)
                LEFT JOIN people ON people.person_token = a.person_token
                LEFT JOIN steps ON steps.administration_id = a.administration_id
                LEFT JOIN taken ON taken.administration_id = a.administration_id
                LEFT JOIN ranked ON ranked.incident_id = a.incident_id AND ranked.place = 1
                ORDER BY c.easting_m, c.northing_m, a.administration_id
                """,
                kept=kept,
                unknown=NOT_RECORDED,
            ),
            [*values, list(clocks), kind, list(clocks)],
        )

    def cases_in_areas(self, *, filters: Filters, scope: AccessScope, kind: str, clocks: Sequence[str]) -> pd.DataFrame:
        """Each person given naloxone, one by one in order of time, also those known by area alone.

        Columns occurred_at (local wall clock), time_precision, setting, small_area, doses, condition_after,
        alive_at_handover, substances (a list of "substance:certainty"), minutes and outcome of the incident's wait of
        `kind`, by the first of `clocks` that has a time, and of the follow-up: begun, due_at and contacted_at (local),
        answer ("consented", "declined" or None), closed. Two reports about one person at one incident are one row.
        """
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                WITH asked AS (
                    SELECT ?::VARCHAR AS zone, ?::VARCHAR[] AS clocks, ?::VARCHAR AS kind
                ), taken AS (
                    SELECT administration_id, list(substance || ':' || certainty ORDER BY substance) AS substances
                    FROM records.substances WHERE record_state = 'current' GROUP BY administration_id
                ), listed AS (
                    SELECT administration_id, count(*) AS doses FROM records.doses
                    WHERE record_state = 'current' GROUP BY administration_id
                ), steps AS (
                    SELECT administration_id, true AS begun, max(timezone(asked.zone, due_at)) AS due_at,
                           min(timezone(asked.zone, "at")) FILTER (step IN ('contacted', 'engaged')) AS contacted_at,
                           max_by(step, "at") FILTER (step IN ('consented', 'declined')) AS answer,
                           bool_or(step = 'closed') AS closed
                    FROM records.follow_up CROSS JOIN asked
                    WHERE record_state = 'current' GROUP BY administration_id
                ), ranked AS (
                    SELECT incident_id, minutes, outcome,
                           row_number() OVER (
                               PARTITION BY incident_id
                               ORDER BY minutes IS NULL, outcome = '$unknown',
                                        list_position(asked.clocks, clock), wait_id
                           ) AS place
                    FROM records.waits w CROSS JOIN asked
                    WHERE record_state = 'current' AND w.kind = asked.kind AND list_contains(asked.clocks, clock)
                ), cases AS (
                    SELECT timezone(asked.zone, i.occurred_at) AS occurred_at, i.time_precision,
                           c.setting, c.small_area,
                           coalesce(a.doses_given, listed.doses)::FLOAT AS doses, a.condition_after,
                           a.alive_at_handover,
                           taken.substances, ranked.minutes, coalesce(ranked.outcome, '$unknown') AS outcome,
                           coalesce(steps.begun, false) AS begun, steps.due_at, steps.contacted_at, steps.answer,
                           coalesce(steps.closed, false) AS closed, c.administration_id,
                           row_number() OVER (
                               PARTITION BY c.incident_number, coalesce(a.person_token, c.administration_id)
                               ORDER BY doses NULLS LAST, c.administration_id
                           ) AS report
                    FROM (SELECT * FROM records.counted WHERE $kept) c CROSS JOIN asked
                    JOIN records.administrations a USING (administration_id)
                    JOIN records.incidents i ON i.incident_id = a.incident_id
                    LEFT JOIN taken USING (administration_id) LEFT JOIN listed USING (administration_id)
                    LEFT JOIN steps USING (administration_id)
                    LEFT JOIN ranked ON ranked.incident_id = i.incident_id AND ranked.place = 1
                )
                SELECT * EXCLUDE (report, administration_id) FROM cases WHERE report = 1
                ORDER BY occurred_at, administration_id
                """,
                kept=kept,
                unknown=NOT_RECORDED,
            ),
            [str(self._time_zone), list(clocks), kind, *values],
        )

    def risk_events_listed(self, *, filters: Filters, scope: AccessScope, kinds: Sequence[str]) -> pd.DataFrame:
        """Events of the independent layer one by one in order of time; substance and setting do not apply.

        Columns occurred_at (local wall clock), time_precision, kind, small_area.
        """
        kept, values = _kept(replace(filters, substances=(), settings=()), scope)
        return self._frame(
            _sql(
                """
                SELECT timezone(?, occurred_at) AS occurred_at, time_precision, kind, small_area
                FROM records.risk_events i
                WHERE record_state = 'current' AND list_contains(?, kind) AND time_precision <> 'month' AND $kept
                ORDER BY occurred_at, risk_event_id
                """,
                kept=kept,
            ),
            [str(self._time_zone), list(kinds), *values],
        )

    def outreach_points(self) -> pd.DataFrame:
        """Where naloxone and help are to be had: columns kind, name, opening, easting_m, northing_m; those placed."""
        return self._frame(
            """
            SELECT kind, name, opening, easting_m, northing_m FROM records.outreach_points
            WHERE record_state = 'current' AND easting_m IS NOT NULL ORDER BY name, easting_m, northing_m
            """
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
            _sql(
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
            _sql(
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

    def administrations_by_area(self, *, filters: Filters, scope: AccessScope, level: AreaLevel) -> pd.DataFrame:
        """Columns area and administrations, by area; without an area the row says "not_recorded"."""
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                SELECT coalesce($area, '$unknown') AS area, count(*) AS administrations
                FROM records.counted WHERE $kept GROUP BY area ORDER BY area
                """,
                area=AREA_COLUMNS[level],
                unknown=NOT_RECORDED,
                kept=kept,
            ),
            values,
        )

    def listed_administrations(self, *, filters: Filters, scope: AccessScope, most: int) -> pd.DataFrame:
        """The newest `most` one by one, for forces with very few; `substances` holds a list of names in each row."""
        kept, values = _kept(filters, scope)
        listed = self._frame(
            _sql(
                """
                WITH newest AS (
                    SELECT * FROM records.counted WHERE $kept
                    ORDER BY local_date DESC, local_hour DESC NULLS LAST, administration_id LIMIT ?
                )
                SELECT newest.local_date, newest.local_hour, newest.bcu, newest.authority, newest.small_area,
                       newest.setting, newest.substance_bits, a.doses_given, a.alive_at_handover
                FROM newest JOIN records.administrations a USING (administration_id)
                ORDER BY newest.local_date DESC, newest.local_hour DESC NULLS LAST, administration_id
                """,
                kept=kept,
            ),
            [*values, most],
        )
        names = [[name for bit, name in enumerate(SUBSTANCES) if bits >> bit & 1] for bits in listed["substance_bits"]]
        listed["substance_bits"] = pd.Series(names, index=listed.index, dtype=object)
        return listed.rename(columns={"substance_bits": "substances"})

    def calls_with_waits(
        self, *, filters: Filters, scope: AccessScope, kind: str, clocks: Sequence[str]
    ) -> pd.DataFrame:
        """Every incident once, with the wait that speaks for it: of `kind`, by the first of `clocks` that has a time.

        A clock that gives only an outcome speaks where none gives a time, and one that says nothing where none says
        more. An incident without a wait says "not_recorded", with `in_quarantine` where a time of it was set aside.
        """
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                WITH selected AS (
                    SELECT incident_number, count(*)::INTEGER AS administrations
                    FROM records.counted WHERE $kept GROUP BY incident_number
                ), ranked AS (
                    SELECT incident_id, clock, minutes, outcome,
                           row_number() OVER (
                               PARTITION BY incident_id
                               ORDER BY minutes IS NULL, outcome = '$unknown', list_position(?, clock), minutes, wait_id
                           ) AS place
                    FROM records.waits
                    WHERE record_state = 'current' AND kind = ? AND list_contains(?, clock)
                ), held AS (
                    SELECT incident_id FROM records.quarantine q JOIN records.administrations a
                    ON q.record_id = a.administration_id
                    WHERE q.target = 'administrations' AND q.field IN ($times) AND NOT q.whole_row
                    UNION
                    SELECT incident_id FROM records.quarantine q JOIN records.waits w ON q.record_id = w.wait_id
                    WHERE q.target = 'waits' AND q.field IN ($times) AND NOT q.whole_row
                )
                SELECT s.administrations, i.local_date, i.local_hour::FLOAT AS local_hour, i.easting_m, i.northing_m,
                       coalesce(i.authority, '$unknown') AS authority, coalesce(i.bcu, '$unknown') AS bcu,
                       coalesce(i.small_area, '$unknown') AS small_area,
                       i.police_first_on_scene, coalesce(i.call_category_before, '$unknown') AS category_before,
                       coalesce(i.call_category_after, '$unknown') AS category_after,
                       coalesce(r.clock, '$unknown') AS clock, r.minutes, coalesce(r.outcome, '$unknown') AS outcome,
                       r.minutes IS NULL AND i.incident_id IN (FROM held) AS in_quarantine
                FROM selected s JOIN records.incidents i ON i.rowid = s.incident_number
                LEFT JOIN ranked r ON r.incident_id = i.incident_id AND r.place = 1
                """,
                kept=kept,
                unknown=NOT_RECORDED,
                times="'minutes', 'started_at', 'ended_at'",
            ),
            [*values, list(clocks), kind, list(clocks)],
        )

    def clock_pairs(self, *, filters: Filters, scope: AccessScope, kind: str) -> pd.DataFrame:
        """A column of minutes (NaN where it has none) for each clock; one row for each incident that two or more timed.

        Where one clock gives an incident several times, the shortest stands for it.
        """
        kept, values = _kept(filters, scope)
        columns = ", ".join(f"min(w.minutes) FILTER (w.clock = '{clock}') AS {clock}" for clock in WAIT_CLOCKS)
        return self._frame(
            _sql(
                """
                WITH selected AS (SELECT DISTINCT incident_number FROM records.counted WHERE $kept)
                SELECT $columns
                FROM selected s JOIN records.incidents i ON i.rowid = s.incident_number
                JOIN records.waits w ON w.incident_id = i.incident_id
                WHERE w.record_state = 'current' AND w.kind = ? AND w.minutes IS NOT NULL
                GROUP BY i.incident_id HAVING count(DISTINCT w.clock) > 1
                """,
                kept=kept,
                columns=columns,
            ),
            [*values, kind],
        )

    def doses_in_waits(self, *, filters: Filters, scope: AccessScope, kind: str) -> pd.DataFrame:
        """Columns minutes and doses: a row for each administration whose every dose has a time, as has the ambulance.

        `doses` counts those given before the ambulance arrived; `minutes` is the wait.
        """
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                WITH arrivals AS (
                    SELECT incident_id, min(ended_at) AS arrived_at, min(minutes) AS minutes FROM records.waits
                    WHERE record_state = 'current' AND kind = ? AND outcome = 'arrived' AND ended_at IS NOT NULL
                    GROUP BY incident_id
                )
                SELECT any_value(w.minutes) AS minutes,
                       (count(*) FILTER (d.given_at <= w.arrived_at))::INTEGER AS doses
                FROM (FROM records.counted WHERE $kept) c
                JOIN records.administrations a USING (administration_id)
                JOIN arrivals w ON w.incident_id = a.incident_id
                JOIN records.doses d ON d.administration_id = a.administration_id AND d.record_state = 'current'
                GROUP BY a.administration_id HAVING count(*) = count(d.given_at)
                """,
                kept=kept,
            ),
            [kind, *values],
        )

    def missing_fields(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns field, missing and administrations: how often each field says nothing, in the schema's order.

        "location" is missing without coordinates, "substance" where none is named.
        """
        kept, values = _kept(filters, scope)
        sums = ", ".join(f"sum(missing_bits >> {bit} & 1)" for bit in range(len(MISSING_FIELDS)))
        row = self._row(_sql("SELECT count(*), $sums FROM records.counted WHERE $kept", sums=sums, kept=kept), values)
        missing = [int(count or 0) for count in row[1:]]
        return pd.DataFrame({"field": MISSING_FIELDS, "missing": missing, "administrations": row[0]})

    def missing_by_month(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns month (first day), administrations, and one a field of `missing_fields` with how many lack it.

        Months without administrations have no row.
        """
        kept, values = _kept(filters, scope)
        sums = ", ".join(f"sum(missing_bits >> {bit} & 1)::BIGINT AS {name}" for bit, name in enumerate(MISSING_FIELDS))
        return self._frame(
            _sql(
                """
                SELECT date_trunc('month', local_date)::DATE AS month, count(*) AS administrations, $sums
                FROM records.counted WHERE $kept GROUP BY month ORDER BY month
                """,
                sums=sums,
                kept=kept,
            ),
            values,
        )

    def entry_days(self, *, filters: Filters, scope: AccessScope) -> pd.DataFrame:
        """Columns local_date and recorded_date (NaT where it is not recorded when), one row an administration."""
        kept, values = _kept(filters, scope)
        return self._frame(
            _sql(
                """
                WITH kept AS (SELECT administration_id, local_date FROM records.counted WHERE $kept)
                SELECT local_date, recorded_at::DATE AS recorded_date
                FROM kept JOIN records.administrations USING (administration_id) ORDER BY local_date
                """,
                kept=kept,
            ),
            values,
        )

    def quarantine_reasons(self) -> pd.DataFrame:
        """Columns target, reason, field, rows and fields: what waits in quarantine and why, most frequent first."""
        return self._frame(
            """
            SELECT target, reason, field, count(*) FILTER (whole_row) AS rows, count(*) FILTER (NOT whole_row) AS fields
            FROM records.quarantine GROUP BY target, reason, field
            ORDER BY count(*) DESC, target, reason, field
            """
        )

    def quarantine_groups(self, *, rows_quoted: int) -> pd.DataFrame:
        """What waits in quarantine, one row for each reason of each column of each import, newest import first.

        Columns imported_at, source, target, field, reason, column_number, value_kind, whole_row, entries, and
        row_numbers (the first `rows_quoted`, as a list).
        """
        return self._frame(
            """
            SELECT imported_at, q.source, q.target, field, reason, column_number, value_kind, whole_row,
                   count(*) AS entries, list(row_number ORDER BY row_number)[1:?] AS row_numbers
            FROM records.quarantine q LEFT JOIN records.imports USING (import_id)
            GROUP BY imported_at, q.source, q.target, field, reason, column_number, value_kind, whole_row
            ORDER BY imported_at DESC, whole_row DESC, entries DESC, q.source, reason, field, column_number, value_kind
            """,
            [rows_quoted],
        )

    def imports(self) -> pd.DataFrame:
        """Every import with its counts, newest first, columns as in the schema."""
        columns = ", ".join(table_named("imports").names)
        return self._frame(
            _sql("SELECT $columns FROM records.imports ORDER BY imported_at DESC, import_id", columns=columns)
        )

    def conflicts(self) -> tuple[DoseConflict, ...]:
        """Administrations that several officers report, those that nobody has settled first, then the newest."""
        reports = self._frame(
            _sql(
                """
                SELECT r.administration_id, r.report_id, r.officer_token, r.doses, r.given_at, r.source,
                       i.local_date, i.local_hour, s.decision, s.report_id AS counted_report, s.settled_by, s.settled_at
                FROM records.dose_reports r JOIN ($conflicts) c USING (administration_id)
                JOIN records.administrations a USING (administration_id) JOIN records.incidents i USING (incident_id)
                LEFT JOIN records.settlements s USING (administration_id, reports)
                WHERE r.record_state = 'current'
                ORDER BY s.decision IS NOT NULL, i.local_date DESC, administration_id, r.report_id
                """,
                conflicts=_sql(CONFLICTS, database="records"),
            )
        )
        return tuple(_conflict(str(key), rows) for key, rows in reports.groupby("administration_id", sort=False))

    def waiting(self) -> pd.DataFrame:
        """Rows that wait for their record: columns target, source, import_id, reason and rows.

        The reason is "no_record", or "several_records" where a second file's row fits more than one.
        """
        other = " UNION ALL ".join(
            _sql(
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
            _sql(
                """
                SELECT target, source, import_id, if(several, 'several_records', 'no_record') AS reason,
                       count(*) AS rows
                FROM (
                    SELECT 'joined' AS target, j.source, j.import_id, f.several
                    FROM records.joined j JOIN ($fits) f USING (join_id) WHERE NOT f.fits
                    UNION ALL $other
                ) GROUP BY ALL ORDER BY ALL
                """,
                fits=_sql(FITS, joined="records.joined", database="records"),
                other=other,
            )
        )

    def history(self, *, record_id: str) -> pd.DataFrame:
        """What a record of any table was: columns table, field, before, replaced_by and replaced_at, newest first.

        One row for each field that a later version says otherwise.
        """
        with self._cursor() as cursor:
            stored = _tables_of(cursor, "records")
            changes = []
            for table in TABLES:
                if f"past_{table.name}" not in stored:
                    continue
                versions = cursor.execute(
                    _sql(
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

    def _distinct(self, column: str) -> tuple[str, ...]:
        statement = _sql(
            "SELECT DISTINCT $column FROM records.counted WHERE $column IS NOT NULL ORDER BY $column", column=column
        )
        with self._cursor() as cursor:
            return tuple(value for (value,) in cursor.execute(statement).fetchall())

    @contextmanager
    def _cursor(self) -> Iterator[Connection]:
        """A cursor for one question; sharing the connection itself between threads mixes up their results."""
        with self._connection.cursor() as cursor:
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


def _kept(filters: Filters, scope: AccessScope) -> tuple[str, list[Any]]:
    """The condition on `counted` that filters and scope amount to, and the values to bind to it."""
    conditions = ["local_date BETWEEN ? AND ?"]
    values: list[Any] = [filters.first_day, filters.last_day]
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
    return " AND ".join(conditions), values


def _conflict(conflict_id: str, rows: pd.DataFrame) -> DoseConflict:
    """One administration's reports, as a page shows them."""
    first = rows.iloc[0]
    return DoseConflict(
        conflict_id=conflict_id,
        administration_id=conflict_id,
        local_date=None if pd.isna(first["local_date"]) else first["local_date"].date(),
        local_hour=None if pd.isna(first["local_hour"]) else int(first["local_hour"]),
        source=str(first["source"]),
        reports=tuple(
            DoseReport(
                report_id=str(row["report_id"]),
                officer_token=None if pd.isna(row["officer_token"]) else str(row["officer_token"]),
                doses=None if pd.isna(row["doses"]) else int(row["doses"]),
                given_at=None if pd.isna(row["given_at"]) else row["given_at"].to_pydatetime(),
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
