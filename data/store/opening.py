"""The open store: every question of data.store.questions, asked of one snapshot."""

from data.keys import Keys
from data.settings import Settings
from data.snapshots import Pointer, StoreDamagedError, StoreMissingError, existing_pointer
from data.store.connection import connect, read_about
from data.store.ddl import schema_version
from data.store.errors import StoreRefusedError, StoreSchemaError
from data.store.questions.administrations import AdministrationQuestions
from data.store.questions.ambulance import AmbulanceQuestions
from data.store.questions.carriers import CarrierQuestions
from data.store.questions.cases import CaseQuestions
from data.store.questions.imports import ImportQuestions
from data.store.questions.kits import KitQuestions
from data.store.questions.surroundings import SurroundingsQuestions

__all__ = ["Store", "open_store"]


class Store(
    AdministrationQuestions,
    CaseQuestions,
    AmbulanceQuestions,
    CarrierQuestions,
    KitQuestions,
    SurroundingsQuestions,
    ImportQuestions,
):
    """One snapshot, open for reading. Every method asks one question with its own cursor, so threads may share it.

    What counts: current administrations whose recipient is not an officer, within `filters` and `scope`.
    """


def open_store(*, settings: Settings, keys: Keys, version: str | None = None) -> Store:
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


def _open_snapshot(*, settings: Settings, keys: Keys, pointer: Pointer, version: str | None) -> Store:
    folder = settings.store_folder
    known = {snapshot.version: snapshot for snapshot in (pointer.current, *pointer.previous)}
    snapshot = pointer.current if version is None else known.get(version)
    if snapshot is None:
        raise StoreMissingError(folder=folder)
    file = folder / snapshot.file
    connection = connect(settings=settings, keys=keys, attach={"records": (file, False)}, spill=None)
    try:
        about = read_about(connection, "records", file=file)
        if about["schema_version"] != schema_version():
            raise StoreSchemaError(folder=folder)
        if not about["synthetic"] and (settings.store.synthetic or not settings.store.open_real_on_loopback):
            raise StoreRefusedError(folder=folder)
    except BaseException:
        connection.close()
        raise
    return Store(
        connection=connection,
        file=file,
        version=snapshot.version,
        synthetic=about["synthetic"],
        created_at=about["created_at"],
        time_zone=settings.time_zone,
    )
