"""A mapping as the TOML file that `load_mapping` reads, with sentences as comments."""

import json
from collections.abc import Mapping as Dictionary
from typing import Any

from pydantic import ValidationError

from data.mapping import Mapping, MappingError
from data.validation import validation_problems
from wording import _

__all__ = ["check_mapping", "mapping_toml"]

# Sections in the order that a reader asks: what the file is, what its columns are, then how each is written.
_SECTIONS = (
    *("file", "columns", "times", "place", "person", "match"),
    *("substances", "doses", "waits", "values", "only", "withdrawn"),
)


def check_mapping(raw: Dictionary[str, Any]) -> Mapping:
    """The mapping of a dictionary such as a draft's. Raises MappingError, which names each setting that cannot be."""
    try:
        return Mapping.model_validate(raw)
    except ValidationError as error:
        raise MappingError(
            _("The mapping has settings that cannot be used: {problems}.").format(problems=validation_problems(error))
        ) from error


def mapping_toml(mapping: Mapping | Dictionary[str, Any], *, notes: Dictionary[str, str] | None = None) -> str:
    """The TOML text of a mapping, or of a draft that still lacks something; what has its default is left out.

    `notes` are comments by place: "columns.occurred_at", "times", or "" for the head of the file.
    """
    raw = mapping.model_dump(exclude_defaults=True) if isinstance(mapping, Mapping) else dict(mapping)
    if isinstance(mapping, Mapping) and mapping.place.crs is None:
        # TOML knows no "none"; an empty text is the deployment's own system too.
        raw["place"] = {"crs": ""} | {name: each for name, each in raw["place"].items() if each is not None}
    notes = notes or {}
    lines = _comment(notes.get("", ""))
    for name, value in raw.items():
        if name not in _SECTIONS:
            lines += _line(name, value, notes.get(name, ""))
    for section in _SECTIONS:
        content = raw.get(section)
        if not content:
            continue
        if section in ("doses", "waits"):
            for number, each in enumerate(content, start=1):
                lines += ["", *_comment(notes.get(f"{section}.{number}", "")), f"[[{section}]]"]
                lines += _body(each, f"{section}.{number}", notes)
        elif section == "values":
            for field, known in content.items():
                lines += ["", *_comment(notes.get(f"values.{field}", "")), f"[values.{_key(field)}]"]
                lines += _body(known, f"values.{field}", {})
        else:
            lines += ["", *_comment(notes.get(section, "")), f"[{section}]", *_body(content, section, notes)]
    return "\n".join(lines).strip() + "\n"


def _body(content: Dictionary[str, Any], place: str, notes: Dictionary[str, str]) -> list[str]:
    return [line for name, value in content.items() for line in _line(name, value, notes.get(f"{place}.{name}", ""))]


def _line(name: str, value: Any, note: str) -> list[str]:
    if value is None:
        return []
    return [*_comment(note), f"{_key(name)} = {_value(value)}"]


def _comment(note: str) -> list[str]:
    # A comment of TOML takes no control characters, which a heading may hold.
    return [f"# {''.join(each if each.isprintable() else '?' for each in line)}" for line in note.splitlines()]


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Dictionary):
        return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(str(value))


def _text(text: str) -> str:
    """A basic string of TOML: JSON's escapes are TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
