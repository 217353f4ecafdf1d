"""Mappings kept by name in the user's configuration folder, so that next month's file needs no second drafting.

A mapping holds headings and the words of a form, no record; it is kept in clear, as settings are.
"""

import re
from pathlib import Path

from data.mapping import Mapping, MappingError, load_mapping
from data.settings import default_config_folder
from wording import _

__all__ = ["load_saved_mapping", "mappings_folder", "save_mapping", "saved_mappings"]

# Letters, digits, spaces, hyphens and underscores: a name on every file system, and no way out of the folder.
_NAME = re.compile(r"\w[\w -]{0,58}\w|\w")


def mappings_folder() -> Path:
    """Where mappings are kept."""
    return default_config_folder() / "mappings"


def saved_mappings() -> tuple[str, ...]:
    """Names of the mappings that are kept, sorted."""
    return tuple(sorted(file.stem for file in mappings_folder().glob("*.toml")))


def load_saved_mapping(name: str) -> Mapping:
    """The mapping kept under `name`. Raises MappingError."""
    return load_mapping(_file(name))


def save_mapping(name: str, text: str) -> Path:
    """Keep the TOML `text` of a mapping under `name`, in place of one kept so before; returns its file.

    Raises MappingError for a name that is none, and where the text is no mapping or cannot be written.
    """
    file = _file(name)
    draft = file.with_suffix(".draft")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        try:
            load_mapping(draft)
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise MappingError(
            _("The mapping cannot be written to {folder}. Check that you may write there.").format(folder=file.parent)
        ) from error
    return file


def _file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise MappingError(
            _("A mapping's name is letters, digits, spaces, hyphens and underscores, 60 at most: such as niche 2025.")
        )
    return mappings_folder() / f"{name}.toml"
