"""From a force's file to a batch for the store: mapped, read, pseudonymised, accounted for.

The file goes through block by block; what leaves this module holds no name, no date of birth and no key of the source.
rows in = imported + updated + unchanged + folded + withdrawn + quarantined + waiting. An exact repeat of an earlier row
of the file counts as unchanged; the same key with different content waits in quarantine, since two people are never
folded into one, unless the mapping says what the rows of one record differ in.
"""

import functools
import hashlib
import json
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.folding import Folded, fold, rows_of_later_doses, with_piece_ids
from data.keys import Keys
from data.mapping import FORM_TABLE, MONTHS_ALLOWED_IN, FileLayout, Mapping, default_mapping, plain_heading
from data.pieces import contents_of_pieces, pieces_from_store
from data.pseudonymise import Pseudonymiser
from data.quality import DAYS_BESIDE, check_records
from data.quality.kits import LEDGER_TABLE, kit_warnings
from data.quality.second_file import people_of
from data.quality.warnings import QualityWarning
from data.quarantine import ReasonCount, quarantine_frame, reason_counts
from data.reading import FileSample, SourceTable, frame_table, open_table
from data.records import RecordReader
from data.report import ImportCounts, ImportReport
from data.row_runs import RowRuns
from data.schema import table_named
from data.settings import Settings
from data.store import (
    Batch,
    FullExtract,
    ImportOutcome,
    StoredEvidence,
    find_same_import,
    preview_batch,
    read_evidence,
    stored_pieces,
    write_batch,
)
from data.tables import find_conflicting_incidents, make_tables
from geo.areas import Geography
from wording import NaloxoneWatchError, _, format_count, join_words, ngettext

__all__ = [
    "MissingHeadingError",
    "NoRowsError",
    "SyntheticMismatchError",
    "check_synthetic",
    "find_columns",
    "import_file",
    "import_frame",
    "import_stream",
]

Progress = Callable[[float, str], None]

# A hash of a row as it stands in the file, while rows are told by their content.
AS_WRITTEN = "as_written"
# Shares of an import's time, for progress: reading and pseudonymising; the rest is the store's.
_READING_SHARE = 0.75


class SyntheticMismatchError(NaloxoneWatchError):
    """Records of real people for a synthetic store, or the reverse."""


class NoRowsError(NaloxoneWatchError):
    """A file with headings and nothing under them."""


class MissingHeadingError(NaloxoneWatchError):
    """The mapping reads a column that the file does not have, or has twice."""


@dataclass(frozen=True, kw_only=True)
class _Deployment:
    """What every step of one import needs to know."""

    settings: Settings
    keys: Keys
    geography: Geography
    as_of: datetime
    who: str | None
    purpose: str


def import_file(
    *,
    path: Path,
    mapping: Mapping | None,
    settings: Settings,
    keys: Keys,
    geography: Geography,
    table: str = FORM_TABLE,
    dry_run: bool = False,
    on_progress: Progress | None = None,
    who: str | None = None,
    purpose: str = "",
) -> ImportReport:
    """Import the CSV or workbook at `path`. Without a mapping its headings must be the field names of `table`.

    `on_progress` gets the share done and a sentence, and may raise to stop the import: the store is then as it was.

    Raises NaloxoneWatchError: a file, mapping or store that cannot be used. Rows that cannot be used are no error: they
    are in the report.
    """
    return import_stream(
        stream=path,
        label=path.name,
        mapping=mapping,
        settings=settings,
        keys=keys,
        geography=geography,
        table=table,
        dry_run=dry_run,
        on_progress=on_progress,
        who=who,
        purpose=purpose,
    )


def import_stream(
    *,
    stream: BinaryIO | Path,
    label: str,
    mapping: Mapping | None,
    settings: Settings,
    keys: Keys,
    geography: Geography,
    table: str = FORM_TABLE,
    dry_run: bool = False,
    on_progress: Progress | None = None,
    who: str | None = None,
    purpose: str = "",
) -> ImportReport:
    """Import the bytes of a file that is in memory, such as an upload; `label` is what sentences call it."""
    check_synthetic(mapping, settings)
    deployment = _Deployment(
        settings=settings, keys=keys, geography=geography, as_of=datetime.now(UTC), who=who, purpose=purpose
    )
    expected = list(mapping.headings) if mapping else []
    layout = mapping.file if mapping else FileLayout()
    with open_table(source=stream, label=label, layout=layout, limits=settings.imports, expected=expected) as source:
        return _run(source, mapping or default_mapping(table, source.headings), deployment, dry_run, on_progress)


def import_frame(
    *,
    frame: pd.DataFrame,
    mapping: Mapping,
    settings: Settings,
    keys: Keys,
    geography: Geography,
    dry_run: bool = False,
    on_progress: Progress | None = None,
    as_of: datetime | None = None,
    who: str | None = None,
    purpose: str = "",
) -> ImportReport:
    """Import a data frame: one row a record, columns named by their headings, cells of any type.

    `as_of` is the moment (with a zone) after which nothing in it can have happened; without it, now.
    """
    check_synthetic(mapping, settings)
    deployment = _Deployment(
        settings=settings,
        keys=keys,
        geography=geography,
        as_of=as_of or datetime.now(UTC),
        who=who,
        purpose=purpose,
    )
    return _run(frame_table(frame=frame, label=_("the table")), mapping, deployment, dry_run, on_progress)


def check_synthetic(mapping: Mapping | None, settings: Settings) -> None:
    """Real records never go into a synthetic store, nor generated ones into a real store."""
    synthetic = mapping is not None and mapping.synthetic
    if settings.store.synthetic and not synthetic:
        raise SyntheticMismatchError(
            _(
                "The store of these settings is synthetic and takes no records of real people. Write a settings file "
                "with another folder and synthetic = false under [store], or, for generated files, synthetic = true "
                "in the mapping."
            )
        )
    if synthetic and not settings.store.synthetic:
        raise SyntheticMismatchError(
            _(
                "The mapping says that the file is synthetic, and the store of these settings holds real records. "
                "Import it with the settings of a synthetic store."
            )
        )


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A file that was read: what goes to the store, and what the report says of it."""

    batch: Batch
    rows_in: int
    counts: ImportCounts
    reasons: tuple[ReasonCount, ...]
    warnings: tuple[QualityWarning, ...]
    rows: dict[str, RowRuns]
    has_places: bool


def _run(
    source: SourceTable, mapping: Mapping, deployment: _Deployment, dry_run: bool, on_progress: Progress | None
) -> ImportReport:
    tell: Progress = on_progress or _tell_nobody
    settings, keys = deployment.settings, deployment.keys
    pseudonymiser = Pseudonymiser(keys)
    reading = _fingerprint(mapping, source, deployment, pseudonymiser)
    same = find_same_import(settings=settings, keys=keys, file_hash=source.file_hash, reading=reading)
    if same:
        report = ImportReport.from_json(json.loads(same[0]))
        if report.reads_the_same_any_day:
            tell(1.0, _("Done."))
            return report.as_repeated(label=source.label, dry_run=dry_run, version=same[1])
    prepared = _prepare(source, mapping, deployment, pseudonymiser, tell)

    def report_of(outcome: ImportOutcome) -> ImportReport:
        return _report(outcome, prepared=prepared, source=source, mapping=mapping, dry_run=dry_run)

    batch = replace(
        prepared.batch,
        import_row=dict(prepared.batch.import_row) | {"reading": reading},
        report=lambda outcome: json.dumps(report_of(outcome).to_keep().to_json()),
    )
    outcome = (
        preview_batch(settings=settings, keys=keys, batch=batch)
        if dry_run
        else write_batch(
            settings=settings,
            keys=keys,
            batch=batch,
            who=deployment.who,
            purpose=deployment.purpose,
            on_progress=lambda sentence: tell(_READING_SHARE, sentence),
        )
    )
    return report_of(outcome)


def _report(
    outcome: ImportOutcome, *, prepared: _Prepared, source: SourceTable, mapping: Mapping, dry_run: bool
) -> ImportReport:
    row = prepared.batch.import_row
    runs = {
        "waiting": outcome.waiting_rows,
        "several": outcome.several_rows,
        "conflicts": outcome.conflict_rows,
    }
    return ImportReport(
        label=source.label,
        target=mapping.target,
        source=mapping.source,
        dry_run=dry_run,
        already_imported=False,
        import_id=str(row["import_id"]),
        rows_in=prepared.rows_in,
        imported=outcome.imported,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        folded=outcome.folded,
        withdrawn=outcome.withdrawn,
        waiting=outcome.waiting,
        quarantined_rows=outcome.quarantined_rows,
        quarantined_fields=outcome.quarantined_fields,
        withdrawn_gone=outcome.gone,
        matched_now=outcome.matched,
        placed_now=outcome.placed,
        adds_to_records=bool(mapping.joins),
        conflicts=outcome.conflicts,
        first_day=row["first_day"],
        last_day=row["last_day"],
        has_places=prepared.has_places,
        counts=prepared.counts,
        reasons=prepared.reasons,
        warnings=prepared.warnings,
        version=outcome.version,
        rows=prepared.rows | {name: RowRuns.of_runs(some) for name, some in runs.items() if some},
        changes=outcome.changes,
    )


@functools.cache
def _program() -> str:
    """A hash of this program: another version may read the same file otherwise."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for folder in ("data", "geo"):
        for file in sorted((root / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _fingerprint(mapping: Mapping, source: SourceTable, deployment: _Deployment, pseudonymiser: Pseudonymiser) -> str:
    """A keyed hash of all but the file's bytes that decides what comes of it."""
    geography = deployment.settings.geography.model_dump()
    files = [path for path in geography.values() if isinstance(path, Path)]
    parts = [
        _program(),
        mapping.model_dump_json(),
        deployment.settings.model_dump_json(exclude={"store"}),
        json.dumps(source.headings),
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()),
    ]
    return pseudonymiser.token(kind="reading", parts=parts)


def _prepare(
    source: SourceTable, mapping: Mapping, deployment: _Deployment, pseudonymiser: Pseudonymiser, tell: Progress
) -> _Prepared:
    """Read the whole file; the records themselves end here, so that the store has the memory to itself."""
    positions = find_columns(mapping, source)
    reader = RecordReader(
        mapping=mapping,
        positions=positions,
        settings=deployment.settings,
        pseudonymiser=pseudonymiser,
        geography=deployment.geography,
        as_of=pd.Timestamp(deployment.as_of).tz_convert("UTC"),
    )
    by_content = mapping.doses_by_content
    wanted = range(len(source.headings)) if by_content else positions.values()
    records, rows_in = _read_all(source, reader, wanted, tell, as_written=by_content)
    folded, based_on, alike = None, None, np.empty(0, dtype=np.int64)
    if mapping.folds:
        identical = np.empty(0, dtype=np.int64)
        if mapping.repeats == "same" or "row_id" in records:
            records, identical = _settle_repeats(records, reader, "row_id" if "row_id" in records else "row_hash")
        if by_content:
            alike = records.index.to_numpy()[records["row_hash"].duplicated()]
            records = records.drop(columns=AS_WRITTEN)
        rows_kept = len(records)
        folded, based_on = _fold(records, reader, mapping, deployment, pseudonymiser)
        records = folded.records
        rows_kept -= len(folded.other_people) + len(folded.other_days)
    else:
        records, identical = _settle_repeats(records, reader, table_named(mapping.stored_in).key)
        rows_kept = len(records)
    full = _full_extract(records, reader, mapping)
    entries = reader.notes.log.entries()
    if folded is not None:
        later = entries["row_number"].isin(rows_of_later_doses(folded, mapping=mapping))
        entries = entries[~(later & (entries["reason"] == "wait_negative"))].reset_index(drop=True)
    checked = check_records(
        records=records,
        entries=entries,
        mapping=mapping,
        settings=deployment.settings,
        geography=deployment.geography,
        stored=_evidence(records, mapping, deployment),
        month_forms=reader.notes.month_forms if mapping.target in MONTHS_ALLOWED_IN else (),
    )
    records = checked.records
    batch = _make_batch(
        records,
        entries,
        source,
        mapping,
        pseudonymiser,
        folded=folded,
        held_keys=reader.notes.held_keys,
        counts={"rows_in": rows_in, "rows_folded": rows_kept - len(records), "rows_repeated": len(identical)},
    )
    noted = {
        **{name: np.concatenate(rows) for name, rows in reader.notes.noted.items()},
        **_place_rows(records, mapping),
        "identical_rows": identical,
        "alike_rows": alike,
        "disagreeing_records": folded.disagreeing_rows if folded else [],
    }
    return _Prepared(
        batch=replace(batch, full=full, based_on=based_on),
        rows_in=rows_in,
        counts=ImportCounts(
            **_place_counts(records, mapping),
            **_wait_counts(batch, entries),
            **{name: reader.notes.counts[name] for name in _READER_COUNTS},
            identical_rows=len(identical),
            identical_may_be_doses=mapping.repeats_may_be_doses,
            alike_rows=len(alike),
            disagreeing_records=folded.disagreeing if folded else 0,
            columns_not_read=len(source.headings) - len(positions),
            full_but_unsure=mapping.extract == "full" and full is None,
        ),
        reasons=reason_counts(entries),
        warnings=(
            *reader.notes.words.warnings(),
            *checked.warnings,
            *_ledger_warnings(checked.records, entries, mapping, deployment),
        ),
        rows={name: RowRuns.of(rows) for name, rows in noted.items() if len(rows)},
        has_places="location_source" in records,
    )


def _fold(
    records: pd.DataFrame,
    reader: RecordReader,
    mapping: Mapping,
    deployment: _Deployment,
    pseudonymiser: Pseudonymiser,
) -> tuple[Folded, str | None]:
    """The file's rows as records, with what earlier imports of an incremental source brought of the same records."""
    pieces = with_piece_ids(records, mapping=mapping, pseudonymiser=pseudonymiser)
    version = earlier = None
    if mapping.extract == "incremental":
        stored, version = stored_pieces(
            settings=deployment.settings,
            keys=deployment.keys,
            source=mapping.source,
            administrations=pieces["administration_id"],
            without=pieces["piece_id"],
        )
        if len(stored):
            pieces = pd.concat([pieces_from_store(stored, like=pieces), pieces])
            earlier = stored[["row_number", "read_by"]]
    folded = replace(fold(pieces, mapping=mapping, pseudonymiser=pseudonymiser), earlier=earlier)
    for rows, reason in (
        (folded.other_people, "key_of_another_person"),
        (folded.other_days, "key_of_another_day"),
    ):
        reader.notes.log.add(rows=rows, field="administration_id", reason=reason, whole_row=True)
    return folded, version


def _full_extract(records: pd.DataFrame, reader: RecordReader, mapping: Mapping) -> FullExtract | None:
    """What a full extract holds; None where it is none, or where nobody can say which records its bad rows are."""
    if mapping.extract != "full" or records.empty:
        return None
    held = pd.concat(reader.notes.held_keys).to_numpy(dtype=object)
    if reader.notes.rows_without_key or pd.isna(held).any():
        return None
    first_day, last_day = _period(records) if mapping.covers == "its_days" else (None, None)
    key = records[table_named(mapping.stored_in).key].to_numpy(dtype=object)
    return FullExtract(kept=np.concatenate([key, held]), first_day=first_day, last_day=last_day)


def _ledger_warnings(
    records: pd.DataFrame, entries: pd.DataFrame, mapping: Mapping, deployment: _Deployment
) -> tuple[QualityWarning, ...]:
    """What the rows of a kit ledger contradict."""
    if mapping.target != LEDGER_TABLE:
        return ()
    return kit_warnings(
        records=records,
        entries=entries,
        source=mapping.source,
        is_full=mapping.extract == "full",
        settings=deployment.settings,
        keys=deployment.keys,
    )


def _evidence(records: pd.DataFrame, mapping: Mapping, deployment: _Deployment) -> StoredEvidence | None:
    """What the store holds of the file's days and of some before and after, to compare with."""
    first_day, last_day = _period(records)
    if first_day is None or last_day is None:
        return None
    return read_evidence(
        settings=deployment.settings,
        keys=deployment.keys,
        target=mapping.target,
        source=mapping.source,
        incoming=records["incident_id" if mapping.target == FORM_TABLE else mapping.table.key],
        people=people_of(records),
        first_day=first_day - DAYS_BESIDE,
        last_day=last_day + DAYS_BESIDE,
    )


def _tell_nobody(share: float, sentence: str) -> None:
    """Progress that nobody asked for."""
    del share, sentence


_READER_COUNTS = (
    *("zero_coordinates", "ambiguous_times", "nonexistent_times", "future_times", "blank_rows", "filled_down"),
    *("least_numbers", "events_past_midnight", "waits_past_midnight"),
)


def find_columns(mapping: Mapping, source: SourceTable | FileSample) -> dict[str, int]:
    """The column (0 = first) of each plain heading that the mapping reads. Raises MissingHeadingError."""
    columns: dict[str, list[int]] = {}
    for position, heading in enumerate(source.headings):
        columns.setdefault(plain_heading(heading), []).append(position)
    wanted = {plain_heading(heading): heading for heading in mapping.headings}
    missing = [heading for plain, heading in wanted.items() if plain not in columns]
    if missing:
        raise MissingHeadingError(
            ngettext(
                "The file {file} has {count} column, and it is not the heading {missing}, which the mapping reads. "
                "Correct the mapping, or its separator, sheet or header_row under [file].",
                "The file {file} has {count} columns, and none with the heading {missing}, which the mapping reads. "
                "Correct the mapping, or its separator, sheet or header_row under [file].",
                len(source.headings),
            ).format(
                file=source.label,
                count=format_count(len(source.headings)),
                missing=join_words([f"“{heading}”" for heading in missing]),
            )
        )
    for plain, heading in wanted.items():
        if len(columns[plain]) > 1:
            raise MissingHeadingError(
                _("The file {file} has the heading “{heading}” in columns {columns}. Rename all but one.").format(
                    file=source.label,
                    heading=heading,
                    columns=join_words([format_count(position + 1) for position in columns[plain]]),
                )
            )
    return {plain: columns[plain][0] for plain in wanted}


def _read_all(
    source: SourceTable, reader: RecordReader, wanted: Collection[int], tell: Progress, *, as_written: bool
) -> tuple[pd.DataFrame, int]:
    """All records that can go in, and how many rows the file has.

    With `as_written` a column of that name is a hash of the whole row, for the time of the import.
    """
    parts, rows_in = [], 0
    for block in source.read_blocks(set(wanted)):
        records = reader.read(block)
        if as_written:
            cells = pd.DataFrame(block.columns, index=block.row_numbers)
            records[AS_WRITTEN] = pd.util.hash_pandas_object(cells, index=False).reindex(records.index)
        parts.append(records)
        rows_in += len(block.row_numbers) + len(block.misfits) + sum(map(len, block.side_rows.values()))
        tell(
            _READING_SHARE * block.share_read,
            ngettext("{count} row read.", "{count} rows read.", rows_in).format(count=format_count(rows_in)),
        )
    if not rows_in:
        raise NoRowsError(_("The file {file} has headings and no rows.").format(file=source.label))
    return pd.concat(parts), rows_in


def _settle_repeats(records: pd.DataFrame, reader: RecordReader, key: str) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Keep the first row of each key: an exact repeat of it is passed over, a different one waits in quarantine.

    Returns the rows kept and the numbers of the exact repeats. Where rows are told by their content alone, a repeat is
    exact, also in what is not read where the rows are known as they were written. A row that was taken back is the
    repeat of one that was not: it may be a duplicate of it.
    """
    if "withdrawn" in records:
        records = records.sort_values("withdrawn", kind="stable")
    told_by = [name for name in (key, AS_WRITTEN) if name in records]
    repeated = records.duplicated(told_by, keep="first")
    if not repeated.any():
        return records.sort_index(), np.empty(0, dtype=np.int64)
    first = records[~repeated].sort_index()
    if key == "row_hash":
        return first, records.index.to_numpy()[repeated]
    later = records.loc[repeated, [key, "row_hash"]]
    first_rows = later[key].map(pd.Series(first.index, index=first[key].array))
    identical = (later["row_hash"] == later[key].map(first.set_index(key)["row_hash"])).to_numpy(dtype=bool)
    reader.notes.log.add(
        rows=later.index.to_numpy()[~identical],
        field=key,
        reason="key_repeated",
        whole_row=True,
        first_rows=first_rows.to_numpy(dtype=np.int64)[~identical],
    )
    reader.notes.held_keys.append(later.loc[~identical, key])
    return first, later.index.to_numpy()[identical]


def _make_batch(
    records: pd.DataFrame,
    entries: pd.DataFrame,
    source: SourceTable,
    mapping: Mapping,
    pseudonymiser: Pseudonymiser,
    *,
    folded: Folded | None,
    held_keys: Sequence[pd.Series],
    counts: dict[str, int],
) -> Batch:
    import_id = uuid.uuid4().hex
    first_day, last_day = _period(records)
    return Batch(
        target=mapping.stored_in,
        synthetic=mapping.synthetic,
        import_row={
            "import_id": import_id,
            "imported_at": datetime.now(UTC),
            "target": mapping.stored_in,
            "file_hash": source.file_hash,
            "extract": mapping.extract,
            "source": mapping.source,
            "first_day": first_day,
            "last_day": last_day,
            **counts,
        },
        tables=make_tables(records, mapping=mapping, import_id=import_id, pseudonymiser=pseudonymiser, folded=folded),
        quarantine=quarantine_frame(
            entries,
            import_id=import_id,
            target=mapping.stored_in,
            source=mapping.source,
            file_hash=source.file_hash,
            headings=source.headings,
            record_of_row=_record_of_row(records, mapping, folded, held_keys),
            pseudonymiser=pseudonymiser,
        ),
        contents=contents_of_pieces(folded.pieces) if folded else None,
        row_numbers=records.index.to_numpy(dtype=np.int64),
    )


def _record_of_row(
    records: pd.DataFrame, mapping: Mapping, folded: Folded | None, held_keys: Sequence[pd.Series]
) -> pd.Series:
    """The key of the record that each row of the file is, also where the row waits: when it is right it is no more."""
    rows = folded.pieces[folded.pieces.index > 0] if folded else records
    keys = pd.concat([rows[table_named(mapping.stored_in).key].astype(object), *held_keys])
    return keys[~keys.index.duplicated()]


def _period(records: pd.DataFrame) -> tuple[date | None, date | None]:
    """First and last day of the events, where the table has events."""
    if "local_date" not in records or records.empty:
        return None, None
    # What is known by its month alone may have been on any day of it.
    days = records["local_date"]
    last = days.where(records["time_precision"] != "month", days + pd.offsets.MonthEnd(0))
    return days.min().date(), last.max().date()


def _place_counts(records: pd.DataFrame, mapping: Mapping) -> dict[str, int]:
    if "location_source" not in records:
        return {}
    by_source = records["location_source"].value_counts()
    located = int(by_source["coordinates"] + by_source["postcode"])
    return {
        "located": located,
        "by_postcode": int(by_source["postcode"]),
        "outside": int(records["outside"].sum()),
        "area_only": int(by_source["area"]),
        "unlocated": int(by_source["none"]),
        "without_coordinates": len(records) - located,
        "conflicting_incidents": _conflicting(records, mapping).nunique(),
    }


def _conflicting(records: pd.DataFrame, mapping: Mapping) -> pd.Series:
    """The incident of each row that disagrees about when or where it was."""
    looked_at = mapping.target == FORM_TABLE and not mapping.joins
    return find_conflicting_incidents(records) if looked_at else pd.Series(dtype=object)


def _place_rows(records: pd.DataFrame, mapping: Mapping) -> dict[str, NDArray[np.int64]]:
    """Rows with an area alone, with no place at all, and whose incident has several."""
    if "location_source" not in records:
        return {}
    numbers, source = records.index.to_numpy(), records["location_source"]
    return {
        "area_only": numbers[(source == "area").to_numpy(dtype=bool)],
        "unlocated": numbers[(source == "none").to_numpy(dtype=bool)],
        "conflicting_incidents": _conflicting(records, mapping).index.to_numpy(dtype=np.int64),
    }


def _wait_counts(batch: Batch, entries: pd.DataFrame) -> dict[str, int]:
    waits = batch.tables.get("waits")
    if waits is None:
        return {}
    return {
        "waits": len(waits),
        "waits_zero": int((waits["minutes"] == 0).sum()),
        "waits_negative": int((entries["reason"] == "wait_negative").sum()),
        "waits_too_long": int((entries["reason"] == "wait_too_long").sum()),
    }
