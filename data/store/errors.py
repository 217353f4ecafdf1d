"""The errors of the store, each with its sentence; those of its files are in data.snapshots."""

from pathlib import Path

from data.snapshots import StoreError
from wording import _

__all__ = [
    "ConflictNotFoundError",
    "ImportNotFoundError",
    "ImportOutdatedError",
    "RecordNotFoundError",
    "StoreEmptyError",
    "StoreKeyError",
    "StoreMixedError",
    "StoreRefusedError",
    "StoreSchemaError",
    "StoreWriteError",
]


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
