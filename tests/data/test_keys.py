"""Keys: made once, readable by nobody else, never shown."""

import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.keys import (
    PSEUDONYM_KEY_VARIABLE,
    STORE_KEY_VARIABLE,
    KeyPermissionsError,
    Keys,
    KeysExistError,
    KeysMissingError,
    KeyUnusableError,
    create_keys,
    key_files,
    load_keys,
)

POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="file modes are POSIX")


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    monkeypatch.delenv(STORE_KEY_VARIABLE, raising=False)
    monkeypatch.delenv(PSEUDONYM_KEY_VARIABLE, raising=False)


def test_first_run_of_a_synthetic_store_makes_keys_that_stay(tmp_path: Path) -> None:
    first = load_keys(store_folder=tmp_path / "store", create=True)
    again = load_keys(store_folder=tmp_path / "store", create=True)
    other = load_keys(store_folder=tmp_path / "other", create=True)
    assert (first.store_key, first.pseudonym_key) == (again.store_key, again.pseudonym_key)
    assert len({first.store_key, first.pseudonym_key.decode(), other.store_key, other.pseudonym_key.decode()}) == 4


@POSIX_ONLY
def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    for file in create_keys(store_folder=tmp_path / "store"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@POSIX_ONLY
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_that_others_read_is_refused(tmp_path: Path, mode: int) -> None:
    file, _pseudonym = create_keys(store_folder=tmp_path)
    file.chmod(mode)
    with pytest.raises(KeyPermissionsError, match="chmod 600"):
        load_keys(store_folder=tmp_path)


def test_keys_are_not_made_beside_a_store(tmp_path: Path) -> None:
    (tmp_path / "current.json").write_text("{}")
    with pytest.raises(KeysMissingError, match=STORE_KEY_VARIABLE):
        load_keys(store_folder=tmp_path, create=True)
    assert not key_files(store_folder=tmp_path).store.exists()


def test_keys_are_not_made_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(KeysMissingError, match="python -m data keys --create"):
        load_keys(store_folder=tmp_path)


def test_the_command_replaces_no_key(tmp_path: Path) -> None:
    files = create_keys(store_folder=tmp_path)
    before = [file.read_text() for file in files]
    with pytest.raises(KeysExistError):
        create_keys(store_folder=tmp_path)
    assert [file.read_text() for file in files] == before


def test_the_environment_wins_over_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_keys(store_folder=tmp_path)
    monkeypatch.setenv(STORE_KEY_VARIABLE, "s" * 40)
    monkeypatch.setenv(PSEUDONYM_KEY_VARIABLE, "p" * 40)
    keys = load_keys(store_folder=tmp_path)
    assert (keys.store_key, keys.pseudonym_key) == ("s" * 40, b"p" * 40)


@pytest.mark.parametrize("text", ["", "too short", "x" * 31, "x" * 40 + "\n" + "y" * 40])
def test_what_is_no_key_is_refused_unquoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(STORE_KEY_VARIABLE, text)
    with pytest.raises(KeyUnusableError) as caught:
        load_keys(store_folder=tmp_path)
    assert STORE_KEY_VARIABLE in str(caught.value)
    assert not text or text not in str(caught.value)


def test_a_binary_key_file_is_refused(tmp_path: Path) -> None:
    file, _pseudonym = create_keys(store_folder=tmp_path)
    file.write_bytes(b"\xff\xfe" * 40)
    with pytest.raises(KeyUnusableError):
        load_keys(store_folder=tmp_path)


def test_a_lost_pseudonym_key_stops_only_what_needs_it(tmp_path: Path) -> None:
    _store, pseudonym = create_keys(store_folder=tmp_path)
    pseudonym.unlink()
    keys = load_keys(store_folder=tmp_path)
    assert len(keys.store_key) >= 32
    with pytest.raises(KeysMissingError, match=PSEUDONYM_KEY_VARIABLE):
        _ = keys.pseudonym_key


def test_two_first_runs_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _run: load_keys(store_folder=tmp_path, create=True).store_key, range(32)))
    assert len(set(made)) == 1
    assert len(list(key_files(store_folder=tmp_path).store.parent.iterdir())) == 2


def test_keys_are_neither_shown_nor_copied() -> None:
    keys = Keys(store_key="secret store key" * 3, pseudonym_key=b"secret pseudonym key" * 3)
    assert "secret" not in f"{keys!r} {keys} {[keys]}"
    with pytest.raises(TypeError):
        pickle.dumps(keys)
