"""Going back to the snapshot before, and bringing a store to the tables of this version of the program."""

from data.journal import Journal, operating_system_user
from data.keys import Keys
from data.settings import Settings
from data.snapshots import earlier_pointer, existing_pointer, switch, writer_lock
from data.store.connection import write_errors_named
from data.store.ddl import schema_version
from data.store.rewriting import LOCK_WAIT_S, Entry, rewrite

__all__ = ["rollback", "upgrade_store"]


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
    with writer_lock(folder, wait_s=LOCK_WAIT_S), write_errors_named(folder):
        pointer = existing_pointer(folder)
        if pointer.current.schema_version == schema_version():
            return pointer.current.version
        return rewrite(
            settings=settings,
            keys=keys,
            pointer=pointer,
            synthetic=pointer.synthetic,
            entry=Entry(action="upgrade", who=who, purpose="", details={}),
        ).version
