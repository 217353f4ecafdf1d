"""The two secrets of a deployment: the key that encrypts the store, and the key that makes pseudonyms.

They come from the environment, else from key files (one folder a user, one pair a store) that nobody else may read.
Neither is ever in the store, a log or an error. The dashboard needs only the store key; a lost pseudonym key loses
no record, it only means that a person's later records no longer join the earlier ones.
"""

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from data.settings import default_config_folder
from wording import NaloxoneWatchError, _

__all__ = [
    "PSEUDONYM_KEY_VARIABLE",
    "STORE_KEY_VARIABLE",
    "KeyFileError",
    "KeyFiles",
    "KeyPermissionsError",
    "KeyUnusableError",
    "Keys",
    "KeysExistError",
    "KeysMissingError",
    "create_keys",
    "key_files",
    "load_keys",
]

STORE_KEY_VARIABLE = "NALOXONE_WATCH_STORE_KEY"
PSEUDONYM_KEY_VARIABLE = "NALOXONE_WATCH_PSEUDONYM_KEY"

# 32 random bytes, as long as the AES-256 key that is made from them; 43 characters as text.
KEY_BYTES = 32
SHORTEST_KEY = 32


class KeyFileError(NaloxoneWatchError):
    """A key cannot be used; subclasses say why. The sentence names a file or a variable, never a key."""


class KeysMissingError(KeyFileError):
    """A key is neither in the environment nor in its file."""

    def __init__(self, *, variable: str, file: Path) -> None:
        super().__init__(
            _(
                "There is no key in {variable} and none in {file}. If this store was made elsewhere, bring its key "
                "here; for a new store run: python -m data keys --create"
            ).format(variable=variable, file=file)
        )


class KeysExistError(KeyFileError):
    """New keys would replace keys that a store may need."""

    def __init__(self, *, file: Path) -> None:
        super().__init__(
            _("There is already a key in {file}. Records cannot be read without it, so it is not replaced.").format(
                file=file
            )
        )


class KeyPermissionsError(KeyFileError):
    """Others on this machine can read a key file."""

    def __init__(self, *, file: Path) -> None:
        super().__init__(
            _("Other users of this machine can read the key file {file}. Run: chmod 600 {file}").format(file=file)
        )


class KeyUnusableError(KeyFileError):
    """A key is there and is no key."""

    def __init__(self, *, place: str) -> None:
        super().__init__(
            _(
                "The key in {place} cannot be used: a key is one line of at least {length} characters. "
                "Restore it from where it is kept."
            ).format(place=place, length=SHORTEST_KEY)
        )


@dataclass(frozen=True, kw_only=True)
class KeyFiles:
    """Where the keys of one store are, whether or not they exist."""

    store: Path
    pseudonym: Path


class Keys:
    """The keys of one store; printing or logging it shows neither."""

    __slots__ = ("_missing", "_pseudonym_key", "_store_key")

    def __init__(self, *, store_key: str, pseudonym_key: bytes | None, missing: KeysMissingError | None = None) -> None:
        self._store_key = store_key
        self._pseudonym_key = pseudonym_key
        self._missing = missing

    def __repr__(self) -> str:
        return "Keys(hidden)"

    def __reduce__(self) -> NoReturn:
        """Keys are not written anywhere, pickles and caches included."""
        raise TypeError("keys are not copied out of the process")

    @property
    def store_key(self) -> str:
        """The text that DuckDB makes the AES-256 key from."""
        return self._store_key

    @property
    def pseudonym_key(self) -> bytes:
        """The secret of the keyed hash, for data.pseudonymise alone. Raises KeysMissingError where it is not here."""
        if self._pseudonym_key is None:
            raise self._missing or KeysMissingError(
                variable=PSEUDONYM_KEY_VARIABLE, file=default_config_folder() / "keys"
            )
        return self._pseudonym_key


def key_files(*, store_folder: Path) -> KeyFiles:
    """The key files that belong to the store in `store_folder`."""
    place = hashlib.sha256(str(store_folder.expanduser().resolve()).encode()).hexdigest()[:16]
    folder = default_config_folder() / "keys"
    return KeyFiles(store=folder / f"{place}-store.key", pseudonym=folder / f"{place}-pseudonym.key")


def load_keys(*, store_folder: Path, create: bool = False) -> Keys:
    """The keys of the store in `store_folder`, from the environment, else from its key files.

    `create` makes missing keys, for a synthetic store that does not exist yet: a key that does not fit an existing
    store would only hide that the right one is lost. Raises KeyFileError.
    """
    files = key_files(store_folder=store_folder)
    if create and not (store_folder / "current.json").exists():
        for file, variable in ((files.store, STORE_KEY_VARIABLE), (files.pseudonym, PSEUDONYM_KEY_VARIABLE)):
            if variable not in os.environ and not file.exists():
                _write_new_key(file)
    store_key = _read(STORE_KEY_VARIABLE, files.store)
    try:
        pseudonym_key = _read(PSEUDONYM_KEY_VARIABLE, files.pseudonym).encode()
    except KeysMissingError as missing:
        return Keys(store_key=store_key, pseudonym_key=None, missing=missing)
    return Keys(store_key=store_key, pseudonym_key=pseudonym_key)


def create_keys(*, store_folder: Path) -> tuple[Path, ...]:
    """Make both key files for the store in `store_folder` and return their paths. Raises KeysExistError."""
    files = key_files(store_folder=store_folder)
    made = (files.store, files.pseudonym)
    for file in made:
        if file.exists():
            raise KeysExistError(file=file)
    for file in made:
        _write_new_key(file)
    return made


def _write_new_key(file: Path) -> None:
    """A random key in a file that never exists half-written nor readable by others, and never replaces another."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            # Two first runs at once: the first key made is the key of both.
            return
    finally:
        draft.unlink()


def _read(variable: str, file: Path) -> str:
    if variable in os.environ:
        return _checked(os.environ[variable], place=variable)
    try:
        if os.name == "posix" and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyPermissionsError(file=file)
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeysMissingError(variable=variable, file=file) from None
    except (OSError, UnicodeDecodeError):
        raise KeyUnusableError(place=str(file)) from None
    return _checked(text, place=str(file))


def _checked(text: str, *, place: str) -> str:
    key = text.strip()
    if len(key) < SHORTEST_KEY or len(key.splitlines()) != 1:
        raise KeyUnusableError(place=place)
    return key
