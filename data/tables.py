"""Records as wide as the form into the schema's tables: incident, administration, substances, doses, waits."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from data.folding import MOST_DOSES, Folded
from data.mapping import FORM_TABLE
from data.mapping import Mapping as FileMapping
from data.pieces import pieces_to_store
from data.pseudonymise import Pseudonymiser
from data.records import PAIR_MARK, SUBSTANCE_MARK, doses_of_each
from data.schema import NOT_RECORDED, Field, Table, table_named

__all__ = ["find_conflicting_incidents", "make_tables"]

# What pandas calls each of the store's types while a record is on its way there.
_EMPTY = {
    "TIMESTAMPTZ": "datetime64[ns, UTC]",
    "DATE": "datetime64[ns]",
    "DOUBLE": "float64",
    "SMALLINT": "Int16",
    "BIGINT": "Int64",
    "VARCHAR": "string[pyarrow]",
}


def make_tables(
    records: pd.DataFrame,
    *,
    mapping: FileMapping,
    import_id: str,
    pseudonymiser: Pseudonymiser,
    folded: Folded | None = None,
) -> dict[str, pd.DataFrame]:
    """Every table that the records fill, with all of the schema's columns.

    `records` have unique keys, a row_hash, and the columns that data.records makes. People of one incident share its
    row: for each field the first recorded value. `folded` is what several rows added to the records.
    """
    provenance = {"source": mapping.source, "import_id": import_id}
    states = ["current", "withdrawn"]
    withdrawn = (
        records["withdrawn"].to_numpy(dtype=np.int8) if "withdrawn" in records else np.zeros(len(records), np.int8)
    )
    records = records.copy(deep=False)
    records["record_state"] = pd.Categorical.from_codes(withdrawn, categories=states)
    target = table_named(mapping.stored_in)
    tables = {target.name: _complete(records, target, provenance)}
    if mapping.target != FORM_TABLE:
        return tables
    if not mapping.joins:
        tables["incidents"] = _complete(_incidents(records), table_named("incidents"), provenance)
    if mapping.substances:
        tables["substances"] = _substances(records, provenance, pseudonymiser)
    if mapping.waits:
        waits = _numbered(records, "wait", len(mapping.waits), provenance, pseudonymiser, mapping=mapping)
        tables["waits"] = waits.drop_duplicates("wait_id", ignore_index=True)
    if folded and folded.doses is not None:
        tables["doses"] = _complete(folded.doses, table_named("doses"), provenance)
    elif mapping.doses:
        tables["doses"] = _numbered(records, "dose", len(mapping.doses), provenance, pseudonymiser)
    if folded and folded.reports is not None:
        tables["dose_reports"] = _complete(folded.reports, table_named("dose_reports"), provenance)
    if folded:
        tables["pieces"] = _complete(
            pieces_to_store(folded.pieces, import_id=import_id, earlier=folded.earlier),
            table_named("pieces"),
            provenance,
        )
    return tables


def find_conflicting_incidents(records: pd.DataFrame) -> pd.Series:
    """Incidents whose people's rows disagree about when or where it was: the incident of each of these rows."""
    shared = records[records["incident_id"].duplicated(keep=False)]
    compared = [name for name in ("occurred_at", "easting_m", "northing_m") if name in shared]
    if shared.empty:
        return shared["incident_id"]
    disagree = (shared.groupby("incident_id")[compared].nunique() > 1).any(axis=1)
    return shared.loc[shared["incident_id"].map(disagree).to_numpy(dtype=bool), "incident_id"]


def _complete(records: pd.DataFrame, table: Table, provenance: Mapping[str, str]) -> pd.DataFrame:
    """The table's columns in order; those the file does not fill hold the schema's default."""
    rows = len(records)
    columns = {}
    for field in table.fields:
        if field.name in provenance:
            columns[field.name] = _constant(provenance[field.name], rows)
        elif field.name in records:
            columns[field.name] = records[field.name].array
        elif field.name == "record_state":
            columns[field.name] = _constant("current", rows)
        elif field.name == records.index.name:  # the number of the row in the file
            columns[field.name] = records.index.array
        else:
            columns[field.name] = _default(field, rows)
    return pd.DataFrame(columns, copy=False)


def _constant(value: str, rows: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), categories=[value])


def _default(field: Field, rows: int) -> object:
    if field.default:
        code = field.values.index(field.default)
        return pd.Categorical.from_codes(np.full(rows, code, dtype=np.int8), categories=list(field.values))
    return pd.Series(np.full(rows, None), dtype=object).astype(_EMPTY[field.type]).array


def _incidents(records: pd.DataFrame) -> pd.DataFrame:
    """One row an incident. Only incidents with several people need more than to be taken as they are."""
    several = records["incident_id"].duplicated(keep=False)
    if not several.any():
        return records
    wanted = [name for name in table_named("incidents").names if name in records] + ["row_hash"]
    shared = records.loc[several, list(dict.fromkeys(wanted))]
    choices = [name for name in shared if isinstance(shared[name].dtype, pd.CategoricalDtype)]
    known = shared.assign(**{name: shared[name].astype(object).replace(NOT_RECORDED, None) for name in choices})
    merged = known.groupby("incident_id", sort=False, as_index=False).first()
    _keep_places_whole(merged, shared)
    for name in choices:
        filled = merged[name].fillna(NOT_RECORDED) if NOT_RECORDED in shared[name].cat.categories else merged[name]
        merged[name] = pd.Categorical(filled, categories=shared[name].cat.categories)
    return pd.concat([records.loc[~several, merged.columns], merged], ignore_index=True)


def _keep_places_whole(merged: pd.DataFrame, shared: pd.DataFrame) -> None:
    """The place and the time of an incident come from one row each, not a part from every row."""
    place = ["easting_m", "northing_m", "location_precision_m", "location_source", "small_area", "authority", "bcu"]
    order = {"coordinates": 0, "postcode": 1, "area": 2, "none": 3}
    ranked = shared.assign(_rank=shared["location_source"].astype(object).map(order))
    best = ranked.sort_values("_rank", kind="stable").drop_duplicates("incident_id").set_index("incident_id")
    first = shared.drop_duplicates("incident_id").set_index("incident_id")
    for names, rows in ((place, best), (["time_precision", "local_date", "local_hour", "local_weekday"], first)):
        for name in names:
            merged[name] = (
                merged["incident_id"]
                .map(rows[name].astype(object))
                .astype(object if isinstance(shared[name].dtype, pd.CategoricalDtype) else shared[name].dtype)
            )


def _substances(records: pd.DataFrame, provenance: Mapping[str, str], pseudonymiser: Pseudonymiser) -> pd.DataFrame:
    codes, distinct = pd.factorize(records["substances"])
    pairs = [[pair.split(PAIR_MARK) for pair in text.split(SUBSTANCE_MARK)] for text in distinct]
    lengths = np.array([len(each) for each in pairs], dtype=np.int64)[codes]
    joins = "join_id" in records
    parent = "join_id" if joins else "administration_id"
    rows = records[[parent, "row_hash"]].loc[records.index.repeat(lengths)].reset_index(drop=True)
    flat = np.array([pair for code in codes for pair in pairs[code]], dtype=object).reshape(-1, 2)
    table = table_named("substances")
    for position, name in enumerate(("substance", "certainty")):
        rows[name] = pd.Categorical(flat[:, position], categories=list(table.field(name).values))
    rows["substance_id"] = pseudonymiser.tokens(
        kind="substance_id", parts=[rows[parent].to_numpy(), flat[:, 0]], source=provenance["source"]
    )
    if joins:
        # A second file that names no substance says nothing of what was taken, but that it was no opioid.
        says = (flat[:, 0] != NOT_RECORDED) | (flat[:, 1] == "found_not_opioid")
        rows = rows[says].assign(administration_id=lambda each: each["join_id"])
    return _complete(rows, table, provenance)


def _numbered(
    records: pd.DataFrame,
    what: str,
    count: int,
    provenance: Mapping[str, str],
    pseudonymiser: Pseudonymiser,
    *,
    mapping: FileMapping | None = None,
) -> pd.DataFrame:
    """The doses or waits that stand side by side in a row, one under the other; those left blank are left out."""
    table = table_named(f"{what}s")
    joins = "join_id" in records
    parent = "join_id" if joins else "incident_id" if what == "wait" else "administration_id"
    parts = []
    for number in range(count):
        prefix = f"{what}{number}_"
        rows = records[records[f"{prefix}present"].to_numpy(dtype=bool)]
        each = doses_of_each(rows, prefix) if what == "dose" else np.ones(len(rows), dtype=np.int64)
        rows = rows.take(np.repeat(np.arange(len(rows)), each))
        part = rows[[name for name in rows if name.startswith(prefix)]].rename(columns=lambda n, p=prefix: n[len(p) :])
        part = part.assign(**{parent: rows[parent], "row_hash": rows["row_hash"]})
        if joins:
            part["incident_id"] = rows[parent]  # until it is known whose it is
        position = np.array(
            [f"{number + 1}.{place + 1}" if place else f"{number + 1}" for times in each for place in range(times)],
            dtype=object,
        )
        part[table.key] = pseudonymiser.tokens(
            kind=table.key, parts=[rows[parent].to_numpy(dtype=object), position], source=provenance["source"]
        )
        if mapping is not None:
            layout = mapping.waits[number]
            part = part.assign(kind=_constant(layout.kind, len(rows)), clock=_constant(layout.clock, len(rows)))
        parts.append(_complete(part, table, provenance))
    found = pd.concat(parts, ignore_index=True)
    if what == "dose":
        order = found.groupby(parent, sort=False).cumcount() + 1
        found["sequence"] = order.where(order <= MOST_DOSES).astype("Int16")
    return found
