"""How one kind of file is read: which column fills which field, how its times, places and values are written.

A mapping is a TOML file, checked whole against the schema and frozen; a new form is a new file and no code. Headings
are compared without regard to case and spaces. A file whose headings are the schema's own field names needs no mapping.

`layouts` are its sections, each with what it may hold; `mapping` is the whole and what may stand beside what; `targets`
are the tables that a file can be for, with their fields; `loading` reads the file, or makes the mapping of one that
needs none.
"""

from data.mapping.layouts import (
    CodePart,
    DayPart,
    DoseLayout,
    FileLayout,
    Fixed,
    KeyPart,
    MatchLayout,
    PersonLayout,
    PlaceLayout,
    SubstanceLayout,
    TimeLayout,
    WaitLayout,
    clocks_of,
    plain_heading,
)
from data.mapping.loading import MappingError, default_mapping, load_mapping
from data.mapping.mapping import Mapping
from data.mapping.targets import (
    FORM_TABLE,
    JOIN_TABLE,
    MONTH_FORMATS,
    MONTHS_ALLOWED_IN,
    ROW_KEYS,
    SUBSTANCE_TAKEN,
    mapped_fields,
    needed_fields,
)

__all__ = [
    "FORM_TABLE",
    "JOIN_TABLE",
    "MONTHS_ALLOWED_IN",
    "MONTH_FORMATS",
    "ROW_KEYS",
    "SUBSTANCE_TAKEN",
    "CodePart",
    "DayPart",
    "DoseLayout",
    "FileLayout",
    "Fixed",
    "KeyPart",
    "Mapping",
    "MappingError",
    "MatchLayout",
    "PersonLayout",
    "PlaceLayout",
    "SubstanceLayout",
    "TimeLayout",
    "WaitLayout",
    "clocks_of",
    "default_mapping",
    "load_mapping",
    "mapped_fields",
    "needed_fields",
    "plain_heading",
]
