"""Mappings kept by name: what is kept comes back, and nothing else gets in or out of the folder."""

from pathlib import Path

import pytest

from data.mapping import MappingError
from data.saved_mappings import load_saved_mapping, mappings_folder, save_mapping, saved_mappings

TEXT = """
source = "pocket notebook"
[columns]
administration_id = "Ref"
occurred_at = ["Date", "Time"]
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path))


def test_what_is_saved_comes_back_and_is_replaced() -> None:
    assert saved_mappings() == ()
    save_mapping("niche 2025", TEXT)
    save_mapping("A form", TEXT)
    save_mapping("niche 2025", TEXT.replace("pocket", "green"))
    assert saved_mappings() == ("A form", "niche 2025")
    assert load_saved_mapping("niche 2025").source == "green notebook"
    assert load_saved_mapping("A form").headings_of("occurred_at") == ("Date", "Time")


@pytest.mark.parametrize("name", ["", "../escape", "a/b", "c:\\d", "x" * 61, ".hidden", "name\n", "nul\0"])
def test_a_name_cannot_leave_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="letters, digits"):
        save_mapping(name, TEXT)
    assert list(tmp_path.rglob("*.toml")) == []


def test_a_text_that_is_no_mapping_keeps_the_one_before() -> None:
    save_mapping("form", TEXT)
    with pytest.raises(MappingError):
        save_mapping("form", TEXT.replace("occurred_at", "happened_at"))
    assert load_saved_mapping("form").headings_of("occurred_at") == ("Date", "Time")
    assert [file.name for file in mappings_folder().iterdir()] == ["form.toml"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "naloxone-watch").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(MappingError, match="cannot be written"):
        save_mapping("form", TEXT)
