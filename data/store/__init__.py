"""The encrypted store of records: every SQL statement of the project, one method a question.

A store is a folder of versioned snapshots (data.snapshots), each a DuckDB file encrypted with AES-256-GCM. Readers
open the current one read-only, one connection a version and one cursor a query. Every write makes a whole new file
from the one before and the change, so nothing of a replaced or erased row is left in it, no index has to be kept, and
a kill at any moment leaves the snapshot before.

Beside the tables of data.schema a snapshot holds `counted`, made when it is written: one row for each administration
that counts (current, and not given to an officer), with its incident's time and place. What is asked of every page is
then one scan of one table, in 1,000,000 rows too.

An import that replaces a row keeps it in `past_<table>` with the import's id, so that what was is still there and the
import can be undone; `confirmations` says which imports held a row unchanged. A second file's rows lie in `joined` and
are laid over the records they fit whenever a snapshot is written; `own_<table>` keeps what the records say without
them. All these are made where there is something to keep.
"""

from data.snapshots import (
    DiskFullError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreHistoryError,
    StoreMissingError,
    current_version,
)
from data.store.batch import Batch, FullExtract, ImportOutcome
from data.store.checking import StoreCheck, check_store
from data.store.conflicts import DoseConflict, DoseReport, Settlement
from data.store.erasing import Erasure, erase
from data.store.errors import (
    ConflictNotFoundError,
    ImportNotFoundError,
    ImportOutdatedError,
    RecordNotFoundError,
    StoreEmptyError,
    StoreKeyError,
    StoreMixedError,
    StoreRefusedError,
    StoreSchemaError,
    StoreWriteError,
)
from data.store.evidence import (
    OTHER_WEEKS,
    StoredEvidence,
    find_same_import,
    read_evidence,
    stored_ledger,
    stored_pieces,
)
from data.store.opening import Store, open_store
from data.store.questions.administrations import (
    AdministrationCount,
    Choices,
    DatedAdministrations,
    LocatedAdministrations,
)
from data.store.questions.imports import Freshness
from data.store.questions.surroundings import Populations, RiskEvents
from data.store.settling import settle_agreeing, settle_conflict
from data.store.undoing import Undo, undo_import
from data.store.versions import rollback, upgrade_store
from data.store.writing import preview_batch, write_batch

__all__ = [
    "OTHER_WEEKS",
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
    "settle_agreeing",
    "settle_conflict",
    "stored_ledger",
    "stored_pieces",
    "undo_import",
    "upgrade_store",
    "write_batch",
]
