"""One import taken out again: the store is what it would be without it, whatever came after."""

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.journal import Journal
from data.settings import Settings
from data.store import (
    FullExtract,
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


def random_files(chance: random.Random) -> list[tuple[list[Any], bool]]:
    """Files of a few people, some of them full extracts. Persons 0 and 1 are of one incident, on which they agree."""
    files = []
    for _file in range(5):
        people = []
        for number in chance.sample(range(6), chance.randrange(2, 6)):
            edition = chance.randrange(3)
            shared = number < 2
            one = person(
                number,
                incident=90 if shared else number,
                edition=f"edition {edition}",
                waits=(5.0,) if shared else ((5.0,), (7.0, 9.0), ())[edition],
                substances=(("heroin",), ("alcohol", "heroin"), ("alcohol",))[edition],
                incident_fields={"easting_m": 318_050.0} if shared else {},
            )
            if shared:
                for row in (*one["incidents"], *one["waits"]):
                    row["row_hash"] = "agreed"
            people.append(one)
        files.append((people, chance.random() < 0.4))
    return files


def keys_of(one: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [row["administration_id"] for row in one["administrations"]]


def check_undoing(folder: Path, files: list[tuple[list[Any], bool]], chance: random.Random) -> None:
    """Undo the imports of the files one by one in any order; each time the store is that of the files that are left."""
    settings = settings_for(folder / "store")
    for number, (people, full) in enumerate(files):
        batch = batch_of(*people, name=str(number), quarantine=[{"row_number": number}])
        if full:
            kept = np.array([key for one in people for key in keys_of(one)], dtype=object)
            batch = dataclasses.replace(
                batch, full=FullExtract(kept=kept), import_row=dict(batch.import_row) | {"extract": "full"}
            )
        write_batch(settings=settings, keys=KEYS, batch=batch)
    left = set(range(len(files)))
    for undone in chance.sample(sorted(left), len(left)):
        assert undo(settings, str(undone)).import_id == f"import {undone}"
        left.remove(undone)
        naive = NaiveStore()
        for number in sorted(left):
            naive.merge(files[number][0], full=files[number][1])
        found = content(settings)
        for table, rows in naive.tables.items():
            assert found[table].keys() == rows.keys(), (left, table)
            for key, row in rows.items():
                differing = {name for name in row.keys() - DECIDED_ELSEWHERE if found[table][key][name] != row[name]}
                assert not differing, (left, table, key)
        # A later file that holds nearly all of a file's records heals its rows without a key; undone, they come back.
        numbers = {row["row_number"] for row in found["quarantine"].values()}
        keys = {number: {key for one in files[number][0] for key in keys_of(one)} for number in left}
        newer = {e for e in left for f in left if e < f and len(keys[e] & keys[f]) >= 0.9 * len(keys[e])}
        assert left - newer <= numbers <= left
        assert set(stored_tables(settings)["imports"]) == {f"import {number}" for number in left}
        assert check_store(settings=settings, keys=KEYS).problems == ()


@pytest.mark.parametrize("seed", range(2))
def test_undoing_imports_in_any_order_is_as_if_they_had_never_come(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    check_undoing(tmp_path, random_files(chance), chance)


def test_imports_undone_one_after_the_other_leave_what_there_was(settings: Settings) -> None:
    write(settings, "a", person(1), person(2))
    before = content(settings)
    write(settings, "b", person(1, edition="second", substances=()), person(3))
    write(settings, "c", person(1, edition="third"), person(2, record_state="withdrawn"))
    assert undo(settings).import_id == "import c"
    assert undo(settings).lines()[1:] == (
        "Taken out: 1 incident, 1 administration and 1 dose.",
        "1 record is as it was before this import.",
    )
    assert content(settings) == before
    undo(settings)
    assert not any(content(settings).values())
    with pytest.raises(ImportNotFoundError):
        undo(settings)


def test_an_import_whose_rows_came_again_leaves_nothing_and_says_why(settings: Settings) -> None:
    for name in ("a", "b"):
        write(settings, name, person(1))
    assert undo(settings, "a").lines()[1:] == (
        "Nothing else changes: what it held was there before it, or is in a later import too, and stays.",
    )
    assert len(stored_tables(settings)["administrations"]) == 1


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


def test_a_row_without_a_key_is_healed_by_a_newer_version_of_its_file(settings: Settings) -> None:
    write(settings, "a", person(1), person(2), quarantine=[{}])
    write(settings, "b", person(1), person(2), quarantine=[{"row_number": 7}])
    assert [row["row_number"] for row in stored_tables(settings)["quarantine"].values()] == [7]
    # Another file, though it has one of the records: nothing is known of the rows without a key.
    write(settings, "c", person(2, edition="second"), person(4))
    assert len(stored_tables(settings)["quarantine"]) == 1
    write(settings, "d", person(1), person(2, edition="second"), person(3))
    assert not stored_tables(settings)["quarantine"]
    undo(settings)
    assert [row["row_number"] for row in stored_tables(settings)["quarantine"].values()] == [7]


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
