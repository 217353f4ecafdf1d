"""What pydantic finds wrong with a settings or mapping file, in plain sentences."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from wording import _

__all__ = ["validation_problems"]

# Parts of a place that name pydantic's own choice between kinds of value, not a part of the file.
_KINDS = ("str", "tuple[str, ...]", "Fixed", "float", "int")


def validation_problems(error: ValidationError) -> str:
    """Every problem with its place in the file, each once: "file.header_row: it must be 1 or more"."""
    found: dict[str, str] = {}
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"] if part not in _KINDS)
        # Of a value that may be of several kinds, pydantic tells what each kind would need: the first says enough.
        found.setdefault(place, _sentence(item["type"], item["msg"], item.get("ctx", {})))
    return "; ".join(f"{place}: {sentence}" if place else sentence for place, sentence in found.items())


def _sentence(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind.startswith("date"):
        return _("it must be a date such as 2024-07-01")
    sentences = {
        "extra_forbidden": _("there is no such setting here; check its name, and the section that it stands in"),
        "missing": _("it is needed and not there"),
        "literal_error": _("it must be {choices}"),
        "enum": _("it must be {choices}"),
        "greater_than_equal": _("it must be {ge} or more"),
        "greater_than": _("it must be more than {gt}"),
        "less_than_equal": _("it must be {le} or less"),
        "less_than": _("it must be less than {lt}"),
        "string_too_short": _("it must not be empty"),
        "string_too_long": _("it must not be longer than {max_length} characters"),
        "too_short": _("it must not be empty"),
        "string_type": _("it must be a text in quotation marks"),
        "tuple_type": _("it must be a list in square brackets"),
        "list_type": _("it must be a list in square brackets"),
        "dict_type": _("it must be a section of names and values"),
        "model_type": _("it must be a section of names and values"),
        "bool_type": _("it must be true or false"),
        "bool_parsing": _("it must be true or false"),
        "int_type": _("it must be a whole number"),
        "int_parsing": _("it must be a whole number"),
        "int_from_float": _("it must be a whole number"),
        "float_type": _("it must be a number"),
        "float_parsing": _("it must be a number"),
        "path_type": _("it must be the name of a file in quotation marks"),
    }
    values = {name: f"{each:g}" if isinstance(each, int | float) else each for name, each in context.items()}
    return sentences.get(kind, _("it cannot be used")).format(**{"choices": values.get("expected", "")} | values)
