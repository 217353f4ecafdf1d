"""README says what is so: its field table is the schema's, its commands and files exist, its settings load."""

import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from data.__main__ import main
from data.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.DOTALL | re.MULTILINE)


def test_the_field_table_is_the_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields"]) == 0
    printed = capsys.readouterr().out.strip()
    written = README.split("<!-- fields -->")[1].split("<!-- /fields -->")[0].strip()
    assert written == printed
    assert written.count("\n") > 150


def test_every_data_command_is_a_command_with_those_options(capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"python -m data (\w+)([^`\n]*)", README)
    assert {name for name, _options in commands} >= {"import", "demo", "check", "rollback", "erase", "keys", "fields"}
    for name in {name for name, _options in commands}:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0, name
        helped = capsys.readouterr().out
        for option in re.findall(r"--[a-z-]+", " ".join(options for each, options in commands if each == name)):
            assert option in helped, (name, option)


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([a-z]+)", "".join(blocks("sh")), re.MULTILINE)) | set(
        re.findall(r"`make ([a-z]+)`", README)
    )
    assert {"run", "test"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_windows_gets_the_same_steps_as_make() -> None:
    windows = "".join(blocks("bat"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for step in ("-m data demo --if-missing", "-m streamlit run dashboard.py", "-m pytest", "requirements.txt"):
        assert step in windows
        assert step in makefile


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_settings_block_loads(block: str) -> None:
    text = textwrap.dedent(block)
    assert Settings.model_validate(tomllib.loads(text)) != Settings()


def test_the_block_for_ones_own_force_opens_a_store_of_real_records() -> None:
    store = Settings.model_validate(tomllib.loads(textwrap.dedent(blocks("toml")[0]))).store
    assert not store.synthetic
    assert store.open_real_on_loopback


def test_every_folder_and_file_named_exists() -> None:
    named = re.findall(r"`((?:pages|analytics|data|geo|wording|locale|tests|examples)/[\w./]*)`", README)
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []
