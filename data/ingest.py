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
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from data.folding import Folded, fold, pieces_from_store, with_piece_ids
from data.keys import Keys
from data.mapping import FORM_TABLE, FileLayout, Mapping, default_mapping, plain_heading
from data.pseudonymise import Pseudonymiser
from data.quality_checks import check_records
from data.quality_warnings import QualityWarning
from data.quarantine import ReasonCount, quarantine_frame, reason_counts
from data.reading import FileSample, SourceTable, frame_table, open_table
from data.records import RecordReader
from data.report import ImportCounts, ImportReport
from data.settings import Settings
from data.schema import table_named
from data.store import (
    Batch,
    FullExtract,
    ImportOutcome,
    ImportOutdatedError,
    StoredEvidence,
    find_same_import,
    preview_batch,
    read_evidence,
    stored_pieces,
    write_batch,
)
from data.tables import count_conflicting_incidents, make_tables
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
class _Read:
    """A file that was read, as records, with what was noticed on the way."""

    records: pd.DataFrame
    folded: Folded | None
    based_on: str | None
    entries: pd.DataFrame
    rows_in: int
    identical_rows: int
    full: FullExtract | None
    counts: ImportCounts
    warnings: tuple[QualityWarning, ...]


def _run(
    source: SourceTable, mapping: Mapping, deployment: _Deployment, dry_run: bool, on_progress: Progress | None
) -> ImportReport:
    tell: Progress = on_progress or _tell_nobody
    settings, keys = deployment.settings, deployment.keys
    pseudonymiser = Pseudonymiser(keys)
    reading = _fingerprint(mapping, source, deployment, pseudonymiser)
    same = find_same_import(settings=settings, keys=keys, file_hash=source.file_hash, reading=reading)
    if same and (report := ImportReport.from_json(json.loads(same[0]))).reads_the_same_any_day:
        tell(1.0, _("Done."))
        return report.as_repeated(label=source.label, dry_run=dry_run, version=same[1])
    while True:
        read = _read(source, mapping, deployment, pseudonymiser, tell)
        batch = _make_batch(read, source, mapping, pseudonymiser, reading)

        def report_of(outcome: ImportOutcome, *, read: _Read = read, batch: Batch = batch) -> ImportReport:
            return _report(outcome, source=source, mapping=mapping, read=read, batch=batch, dry_run=dry_run)

        batch = replace(batch, report=lambda outcome, of=report_of: json.dumps(of(outcome).to_json()))
        columns, has_reports = read.counts, report_of
        del read, columns
        try:
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
        except ImportOutdatedError:
            continue
        tell(1.0, _("Done."))
        return has_reports(outcome)


def _evidence(records: pd.DataFrame, mapping: Mapping, deployment: _Deployment) -> StoredEvidence | None:
    """What the store holds of the file's days, to compare with."""
    first_day, last_day = _period(records)
    if first_day is None or last_day is None:
        return None
    return read_evidence(
        settings=deployment.settings,
        keys=deployment.keys,
        target=mapping.target,
        source=mapping.source,
        incoming=records["incident_id" if mapping.target == FORM_TABLE else mapping.table.key],
        first_day=first_day,
        last_day=last_day,
    )


def _tell_nobody(share: float, sentence: str) -> None:
    """Progress that nobody asked for."""
    del share, sentence


_READER_COUNTS = ("zero_coordinates", "ambiguous_times", "nonexistent_times", "future_times", "blank_rows")


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
    source: SourceTable, reader: RecordReader, wanted: Collection[int], tell: Progress
) -> tuple[pd.DataFrame, int]:
    """All records that can go in, and how many rows the file has."""
    parts, rows_in = [], 0
    for block in source.read_blocks(set(wanted)):
        parts.append(reader.read(block))
        rows_in += len(block.row_numbers) + len(block.misfits)
        tell(
            _READING_SHARE * block.share_read,
            ngettext("{count} row read.", "{count} rows read.", rows_in).format(count=format_count(rows_in)),
        )
    if not rows_in:
        raise NoRowsError(_("The file {file} has headings and no rows.").format(file=source.label))
    return pd.concat(parts), rows_in


def _settle_repeats(records: pd.DataFrame, reader: RecordReader, key: str) -> tuple[pd.DataFrame, int]:
    """Keep the first row of each key: an exact repeat of it is passed over, a different one waits in quarantine."""
    repeated = records[key].duplicated(keep="first")
    if not repeated.any():
        return records, 0
    first = records[~repeated]
    later = records.loc[repeated, [key, "row_hash"]]
    first_rows = later[key].map(pd.Series(first.index, index=first[key].array))
    identical = (later["row_hash"] == later[key].map(first.set_index(key)["row_hash"])).to_numpy(dtype=bool)
    reader.log.add(
        rows=later.index.to_numpy()[~identical],
        field=key,
        reason="key_repeated",
        whole_row=True,
        first_rows=first_rows.to_numpy(dtype=np.int64)[~identical],
    )
    return first, int(identical.sum())


def _make_batch(
    records: pd.DataFrame,
    entries: pd.DataFrame,
    rows_in: int,
    source: SourceTable,
    mapping: Mapping,
    pseudonymiser: Pseudonymiser,
) -> Batch:
    import_id = uuid.uuid4().hex
    first_day, last_day = _period(records)
    return Batch(
        target=mapping.target,
        synthetic=mapping.synthetic,
        import_row={
            "import_id": import_id,
            "imported_at": datetime.now(UTC),
            "target": mapping.target,
            "file_hash": source.file_hash,
            "extract": mapping.extract,
            "source": mapping.source,
            "rows_in": rows_in,
            "first_day": first_day,
            "last_day": last_day,
        },
        tables=make_tables(records, mapping=mapping, import_id=import_id, pseudonymiser=pseudonymiser),
        quarantine=quarantine_frame(
            entries,
            import_id=import_id,
            target=mapping.target,
            source=mapping.source,
            file_hash=source.file_hash,
            headings=source.headings,
            record_of_row=records[mapping.table.key],
            pseudonymiser=pseudonymiser,
        ),
    )


def _period(records: pd.DataFrame) -> tuple[date | None, date | None]:
    """First and last day of the events, where the table has events."""
    if "local_date" not in records or records.empty:
        return None, None
    return records["local_date"].min().date(), records["local_date"].max().date()


def _place_counts(records: pd.DataFrame, mapping: Mapping) -> dict[str, int]:
    if "location_source" not in records:
        return {}
    by_source = records["location_source"].value_counts()
    located = int(by_source["coordinates"] + by_source["postcode"])
    return {
        "located": located,
        "outside": int(records["outside"].sum()),
        "area_only": int(by_source["area"]),
        "unlocated": int(by_source["none"]),
        "without_coordinates": len(records) - located,
        "conflicting_incidents": count_conflicting_incidents(records) if mapping.target == FORM_TABLE else 0,
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
