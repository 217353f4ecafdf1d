"""One import taken out again: the store is what it would be without it, whatever came after."""

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from data.journal import Journal
from data.settings import Settings
from data.store import (
    ImportNotFoundError,
    StoreMissingError,
    check_store,
    current_version,
    erase,
    open_store,
    rollback,
    undo_import,
    write_batch,
)
from tests.data.store.by_hand import NaiveStore, stored_tables, tokens_in
from tests.data.store_rows import KEYS, batch_of, person, settings_for

DECIDED_ELSEWHERE = {"import_id", "confirmed_by"}


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "store")


def write(settings: Settings, name: str, *people: Any, **options: Any) -> None:
    write_batch(settings=settings, keys=KEYS, batch=batch_of(*people, name=name, **options))


def undo(settings: Settings, name: str | None = None) -> Any:
    return undo_import(
        settings=settings, keys=KEYS, import_id=name and f"import {name}", who="analyst", purpose="wrong"
    )


def content(settings: Settings) -> dict[str, dict[str, dict[str, Any]]]:
    """Every table's rows without what says which import they are from."""
    return {
        table: {key: {k: v for k, v in row.items() if k not in DECIDED_ELSEWHERE} for key, row in rows.items()}
        for table, rows in stored_tables(settings).items()
        if table != "imports"
    }


def test_undoing_any_import_is_as_if_it_had_never_come(tmp_path: Path) -> None:
    chance = random.Random(3)
    files = []
    for _file in range(4):
        people = []
        for number in chance.sample(range(8), 5):
            edition = f"edition {chance.randrange(2)}"
            minutes = (5.0,) if edition.endswith("0") else (7.0, 9.0)
            substances = ("heroin",) if edition.endswith("0") else ("alcohol", "heroin")
            people.append(person(number, edition=edition, waits=minutes, substances=substances))
        files.append(people)
    settings = settings_for(tmp_path / "store")
    for name, people in enumerate(files):
        write(settings, str(name), *people, quarantine=[{"row_number": name}])
    for left_out in range(len(files)):
        folder = tmp_path / f"without {left_out}"
        shutil.copytree(settings.store_folder, folder)
        copied = settings_for(folder)
        undone = undo(copied, str(left_out))
        assert undone.import_id == f"import {left_out}"
        naive = NaiveStore()
        for name, people in enumerate(files):
            if name != left_out:
                naive.merge(people)
        found = content(copied)
        for table, rows in naive.tables.items():
            assert found[table].keys() == rows.keys(), (left_out, table)
            for key, row in rows.items():
                differing = {name for name in row.keys() - DECIDED_ELSEWHERE if found[table][key][name] != row[name]}
                assert not differing, (left_out, table, key)
        held = {row["row_number"] for row in found["quarantine"].values()}
        assert held == set(range(4)) - {left_out}
        assert set(stored_tables(copied)["imports"]) == {f"import {n}" for n in range(4) if n != left_out}
        assert check_store(settings=copied, keys=KEYS).problems == ()


def test_imports_undone_one_after_the_other_leave_what_there_was(settings: Settings) -> None:
    write(settings, "a", person(1), person(2))
    before = content(settings)
    write(settings, "b", person(1, edition="second", substances=()), person(3))
    write(settings, "c", person(1, edition="third"), person(2, record_state="withdrawn"))
    assert undo(settings).import_id == "import c"
    assert undo(settings).lines()[0] == "The import import b is undone."
    assert content(settings) == before
    undo(settings)
    assert not any(content(settings).values())
    with pytest.raises(ImportNotFoundError):
        undo(settings)


def test_an_undone_import_can_come_again(settings: Settings) -> None:
    write(settings, "a", person(1))
    write(settings, "b", person(1, edition="second"))
    after = content(settings)
    undo(settings, "b")
    write(settings, "b", person(1, edition="second"))
    assert content(settings) == after


def test_quarantine_that_an_import_healed_comes_back(settings: Settings) -> None:
    held = {"whole_row": False, "field": "gender", "record_id": "administration 1"}
    write(settings, "a", person(1), quarantine=[held])
    write(settings, "b", person(1, edition="second"))
    assert not stored_tables(settings)["quarantine"]
    undo(settings)
    assert [row["field"] for row in stored_tables(settings)["quarantine"].values()] == ["gender"]


def test_undoing_is_journalled_and_can_be_gone_back_from(settings: Settings) -> None:
    write(settings, "a", person(1))
    write(settings, "b", person(2))
    version = current_version(settings.store_folder)
    undo(settings, "a")
    entry = Journal(folder=settings.store_folder, keys=KEYS).entries()[-1]
    assert (entry.action, entry.who, entry.purpose) == ("undo", "analyst", "wrong")
    assert entry.details["import_id"] == "import a"
    assert rollback(settings=settings, keys=KEYS) == version
    assert len(stored_tables(settings)["administrations"]) == 2


def test_no_import_of_that_id_changes_nothing(settings: Settings) -> None:
    with pytest.raises(StoreMissingError):
        undo(settings)
    write(settings, "a", person(1))
    version = current_version(settings.store_folder)
    with pytest.raises(ImportNotFoundError):
        undo(settings, "nothing")
    assert current_version(settings.store_folder) == version


def test_history_names_what_a_record_was_and_erasing_takes_it_too(settings: Settings) -> None:
    write(settings, "a", person(1, gender="male", person_token="somebody else"), person(2))
    write(settings, "b", person(1, gender="female", edition="second"))
    with open_store(settings=settings, keys=KEYS) as store:
        history = store.history(record_id="administration 1").set_index("field")["before"]
    assert history.to_dict() == {"gender": "male", "person_token": "somebody else"}
    # Whom an earlier version named can ask to be erased, though the record names another now.
    erased = erase(settings=settings, keys=KEYS, token="somebody else", purpose="asked to")
    assert erased.rows == {"past_administrations": 1}
    assert "somebody else" not in set.union(*tokens_in(settings).values())
    assert "person 1" in set.union(*tokens_in(settings).values())
    # An officer's token leaves earlier versions, and these stay.
    write(settings, "c", person(1, edition="third"))
    erase(settings=settings, keys=KEYS, token="officer 1", purpose="left")
    assert "officer 1" not in set.union(*tokens_in(settings).values())
    undo(settings, "c")
    assert stored_tables(settings)["doses"]["dose 1"]["officer_token"] is None
