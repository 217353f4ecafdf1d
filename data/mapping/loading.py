"""A mapping from its TOML file, and that of a file whose headings are the schema's own field names."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from data import schema
from data.mapping.layouts import PersonLayout, PlaceLayout, SubstanceLayout, WaitLayout, plain_heading
from data.mapping.mapping import Mapping
from data.mapping.targets import FORM_TABLE, mapped_fields, needed_fields, targets
from data.validation import validation_problems
from wording import NaloxoneWatchError, _, join_words

__all__ = ["MappingError", "default_mapping", "load_mapping"]


class MappingError(NaloxoneWatchError):
    """The mapping cannot be used; the sentence names the file, the setting and what it may hold."""


def load_mapping(path: Path) -> Mapping:
    """The mapping in the TOML file at `path`. Raises MappingError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(
            _("The mapping file {file} is not valid TOML: {detail}.").format(file=path, detail=error)
        ) from error
    except (OSError, ValueError) as error:
        raise MappingError(_("The mapping file {file} cannot be read. Check its name.").format(file=path)) from error
    try:
        return Mapping.model_validate(raw)
    except ValidationError as error:
        raise MappingError(
            _("The mapping file {file} has settings that cannot be used: {problems}.").format(
                file=path, problems=validation_problems(error)
            )
        ) from error


def default_mapping(target: str, headings: Sequence[str]) -> Mapping:
    """The mapping of a file whose headings are the schema's own field names. Raises MappingError.

    A form may also have name, date_of_birth, age, longitude and latitude (or easting_m and northing_m), postcode,
    substances, certainty and ambulance_minutes. Other headings are not read.
    """
    if target not in targets():
        raise MappingError(
            _("There is no table “{table}” to import into. Choose one of {tables}.").format(
                table=target, tables=", ".join(targets())
            )
        )
    by_name = {plain_heading(each).replace(" ", "_"): each for each in reversed(headings)}
    fields = mapped_fields(target)
    needed = needed_fields(target)
    missing = [" / ".join(each) for each in needed if not any(name in by_name for name in each)]
    if missing:
        raise MappingError(
            _(
                "Without a mapping, the headings must be this program's own field names, and {missing} is not among "
                "them. Write a mapping (see README and examples) and name it with --mapping."
            ).format(missing=join_words(missing))
        )
    form = target == FORM_TABLE
    return Mapping(
        target=target,
        source="standard headings",
        columns={name: by_name[name] for name in fields if name in by_name},
        place=_default_place(by_name)
        if "easting_m" in schema.table_named("incidents" if form else target).names
        else PlaceLayout(),
        person=PersonLayout(
            name=by_name.get("name", ()), date_of_birth=by_name.get("date_of_birth"), age=by_name.get("age")
        )
        if form
        else PersonLayout(),
        substances=_default_substances(by_name) if form else None,
        waits=(WaitLayout(kind="call_to_arrival", minutes=by_name["ambulance_minutes"]),)
        if form and "ambulance_minutes" in by_name
        else (),
    )


def _default_place(by_name: dict[str, str]) -> PlaceLayout:
    postcode = by_name.get("postcode")
    for crs, x, y in (("EPSG:4326", "longitude", "latitude"), (None, "easting_m", "northing_m")):
        if x in by_name and y in by_name:
            return PlaceLayout(crs=crs, x=by_name[x], y=by_name[y], postcode=postcode)
    return PlaceLayout(postcode=postcode)


def _default_substances(by_name: dict[str, str]) -> SubstanceLayout | None:
    columns = tuple(by_name[name] for name in ("substance", "substances") if name in by_name)
    certainty = tuple(by_name[name] for name in ("certainty",) if name in by_name)
    return SubstanceLayout(columns=columns, certainty_columns=certainty) if columns else None
