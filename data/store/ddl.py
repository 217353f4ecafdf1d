"""The tables as DuckDB is told of them: data.schema's, and `counted`, which is made from them for every page."""

import functools
import hashlib

import pyarrow as pa

from data.schema import NOT_RECORDED, SETTINGS, SUBSTANCES, TABLES, Field, Table, table_named
from data.store.connection import sql

__all__ = [
    "AREA_LEVEL_M",
    "AREA_ONLY",
    "ARROW_TYPES",
    "LOCATED",
    "MISSING_ADMINISTRATION_FIELDS",
    "MISSING_FIELDS",
    "MISSING_INCIDENT_FIELDS",
    "counted_steps",
    "schema_version",
    "table_ddl",
]

ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "DATE": pa.date32(),
    "DOUBLE": pa.float64(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
}

# What a file could have said and "what is missing" looks at; keys, and fields that only follow from others, are not.
_NOT_ASKED = {"northing_m", "location_precision_m", "small_area", "authority", "bcu", "resupply_kits"}
MISSING_INCIDENT_FIELDS = tuple(
    item.name
    for item in table_named("incidents").fields
    if item.mapped and not item.required and item.name not in _NOT_ASKED | {"easting_m"}
)
MISSING_ADMINISTRATION_FIELDS = tuple(
    item.name
    for item in table_named("administrations").fields
    if item.mapped and not item.required and item.name not in _NOT_ASKED
)
# In the order of their bits in counted.missing_bits.
MISSING_FIELDS = ("location", "local_hour", *MISSING_INCIDENT_FIELDS, *MISSING_ADMINISTRATION_FIELDS, "substance")

# Records whose place is known no better than this stand for an area, and count in it: no street map can bear them. A
# kilometre is the bandwidth of a map of a whole force; a postcode is known to 100 m, a published street point to 250 m.
AREA_LEVEL_M = 1_000.0

LOCATED = (
    "i.location_source IS NOT NULL AND i.location_source IN ('coordinates', 'postcode')"
    " AND i.easting_m IS NOT NULL AND i.northing_m IS NOT NULL"
    f" AND coalesce(i.location_precision_m <= {AREA_LEVEL_M}, true)"
)
# Only the area is known: the file names it, or gives one point for all of it.
AREA_ONLY = (
    "coalesce(i.location_source = 'area' OR i.location_source IN ('coordinates', 'postcode')"
    f" AND i.easting_m IS NOT NULL AND i.location_precision_m > {AREA_LEVEL_M}, false)"
)


def _column_ddl(item: Field) -> str:
    name = f'"{item.name}"'  # one field is called "at", which is a word of SQL
    parts = [name, item.type]
    if item.required or item.default:
        parts.append("NOT NULL")
    if item.values:
        parts.append("CHECK ({} IN ({}))".format(name, ", ".join(f"'{value}'" for value in item.values)))
    if item.minimum is not None:
        parts.append(f"CHECK ({name} BETWEEN {item.minimum:f} AND {item.maximum:f})")
    return " ".join(parts)


def table_ddl(table: Table) -> str:
    """The statement that makes a table in the snapshot that is being written."""
    return sql(
        "CREATE TABLE fresh.$table ($columns)",
        table=table.name,
        columns=", ".join(_column_ddl(item) for item in table.fields),
    )


@functools.cache
def schema_version() -> str:
    """Changes whenever a table, a constraint or `counted` does: readers then ask for an upgrade."""
    text = "\n".join((*map(table_ddl, TABLES), *counted_steps()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _missing_conditions() -> tuple[str, ...]:
    """One condition for each of MISSING_FIELDS, in that order; i is the incident, a the administration."""
    tables = (("i", "incidents", MISSING_INCIDENT_FIELDS), ("a", "administrations", MISSING_ADMINISTRATION_FIELDS))
    conditions = ["NOT (" + LOCATED + ")", "i.local_hour IS NULL"]
    for alias, table, names in tables:
        for name in names:
            missing = f"{alias}.{name} IS NULL"
            if table_named(table).field(name).default:
                missing = f"{alias}.{name} = '{NOT_RECORDED}'"
            conditions.append(missing)
    return (*conditions, "s.administration_id IS NULL")


def counted_steps() -> tuple[str, str]:
    """Two short steps: the substances of each administration as bits, then the flat table itself, in order of time."""
    substances = sql(
        """
        CREATE TEMP TABLE substance_bits AS
        SELECT administration_id, bit_or(1::INTEGER << (list_position([$names], substance) - 1)::INTEGER) AS bits,
               bool_and(substance = '$unknown') AS unknown
        FROM fresh.substances WHERE record_state = 'current' GROUP BY administration_id
        """,
        names=", ".join(f"'{name}'" for name in SUBSTANCES),
        unknown=NOT_RECORDED,
    )
    counted = sql(
        """
        CREATE TABLE fresh.counted AS
        SELECT a.administration_id, i.rowid::INTEGER AS incident_number,
               count(*) OVER (PARTITION BY i.rowid) > 1 AS incident_shared,
               i.local_date, i.local_hour, i.local_weekday, i.easting_m, i.northing_m, i.location_precision_m,
               $located AS located, $area_only AS area_only,
               i.small_area, i.authority, i.bcu, i.setting,
               1::INTEGER << (list_position([$settings], i.setting) - 1)::INTEGER AS setting_bit,
               coalesce(s.bits, $no_substance) AS substance_bits, $missing AS missing_bits
        FROM fresh.administrations a
        JOIN fresh.incidents i USING (incident_id)
        LEFT JOIN (FROM temp.substance_bits) s ON s.administration_id = a.administration_id $only_known
        WHERE a.record_state = 'current' AND i.record_state = 'current' AND a.recipient_type <> 'officer'
        ORDER BY i.local_date, i.rowid, a.administration_id
        """,
        settings=", ".join(f"'{name}'" for name in SETTINGS),
        located="(" + LOCATED + ")",
        area_only="(" + AREA_ONLY + ")",
        no_substance=str(1 << SUBSTANCES.index(NOT_RECORDED)),
        only_known="AND NOT s.unknown",
        missing=" + ".join(
            f"CASE WHEN {condition} THEN {1 << bit}::BIGINT ELSE 0 END"
            for bit, condition in enumerate(_missing_conditions())
        ),
    )
    return substances, counted
