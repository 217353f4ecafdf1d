"""The cache on disk: whole or absent, never wrong."""

import logging
from pathlib import Path

import pytest

from geo.cache import CACHE_VARIABLE, default_cache_folder, find_entry, make_entry


def write_two(folder: Path) -> None:
    (folder / "a.txt").write_text("alpha", encoding="utf-8")
    (folder / "b.bin").write_bytes(bytes(1_000))


def test_an_entry_is_found_as_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "entry"
    assert find_entry(folder) is None
    make_entry(folder, write_files=write_two)
    assert find_entry(folder) == folder
    assert (folder / "a.txt").read_text(encoding="utf-8") == "alpha"
    assert [path.name for path in folder.parent.iterdir()] == ["entry"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", b"alphA"), ("b.bin", bytes(999)), ("manifest.json", b"{"), ("manifest.json", b"[]"), ("b.bin", None)],
)
def test_a_damaged_entry_counts_as_absent_and_is_replaced(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = tmp_path / "entry"
    make_entry(folder, write_files=write_two)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert find_entry(folder) is None
    make_entry(folder, write_files=write_two)
    assert find_entry(folder) == folder
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_a_writer_that_fails_leaves_the_old_entry(tmp_path: Path) -> None:
    folder = tmp_path / "entry"
    make_entry(folder, write_files=write_two)

    def stop_half_way(staging: Path) -> None:
        (staging / "a.txt").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_entry(folder, write_files=stop_half_way)
    assert find_entry(folder) == folder
    assert (folder / "a.txt").read_text(encoding="utf-8") == "alpha"
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_a_place_that_cannot_be_written_is_told_and_not_fatal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        make_entry(in_the_way / "entry", write_files=write_two)
    assert "could not be kept" in caplog.text


def test_the_environment_chooses_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.delenv(CACHE_VARIABLE)
    assert default_cache_folder().name == "naloxone-watch"
    assert default_cache_folder().is_absolute()
