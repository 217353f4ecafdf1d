"""The tables that a file can be for, and the fields of each that it may fill."""

from dataclasses import replace
from functools import cache

from data import schema

__all__ = [
    "FORM_TABLE",
    "JOIN_TABLE",
    "MADE_ELSEWHERE",
    "MONTHS_ALLOWED_IN",
    "MONTH_FORMATS",
    "ROW_KEYS",
    "SUBSTANCE_TAKEN",
    "mapped_fields",
    "needed_fields",
    "targets",
]

# One row of a form speaks of an incident and of one person treated at it, so this target takes the fields of both.
FORM_TABLE = "administrations"
# Where rows of a second file go, which adds fields to records that are there already.
JOIN_TABLE = "joined"
# Street-level files of all drug incidents give the month alone: good enough for a layer that others are compared with
# over a year or more, and for nothing else. The month's first day then stands for it.
MONTH_FORMATS = ("%Y-%m", "%m/%Y", "%B %Y", "%b %Y", "%b-%y", "%Y/%m")
MONTHS_ALLOWED_IN = ("risk_events", FORM_TABLE, "incidents")
# What a column says of one substance: no field of a table, but its words can be mapped like those of one.
SUBSTANCE_TAKEN = replace(
    schema.table_named("substances").field("substance"), name="substance_taken", values=schema.YES_NO
)
# Fields that are made from [place] and [person], which say what the columns hold.
MADE_ELSEWHERE = ("easting_m", "northing_m", "person_token")
# What tells rows and doses apart, in a file of which several rows make one record; not fields of a table. A row without
# a dose_id has no numbered dose, and goes in all the same.
ROW_KEYS = ("row_id", "dose_id")


def mapped_fields(target: str) -> dict[str, schema.Field]:
    """The fields of `target` that a file may fill; for a form, those of the incident as well."""
    tables = ("incidents", FORM_TABLE) if target == FORM_TABLE else (target,)
    return {
        field.name: field
        for name in tables
        for field in schema.table_named(name).fields
        if field.mapped and field.name not in MADE_ELSEWHERE
    }


@cache
def targets() -> tuple[str, ...]:
    """Every table that a file can be for."""
    return tuple(table.name for table in schema.TABLES if table.name not in schema.OWN_TABLES)


def needed_fields(target: str) -> list[tuple[str, ...]]:
    """What a file for `target` must have; each entry is satisfied by any one of its names."""
    if target == FORM_TABLE:
        return [("administration_id", "incident_id"), ("occurred_at",)]
    return [(field.name,) for field in schema.table_named(target).fields if field.required]
