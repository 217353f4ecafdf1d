"""The blocks of one file into records: which rows are taken, the order of reading, and which rows wait whole."""

from dataclasses import replace

import numpy as np
import pandas as pd

from data.listed import ListedTexts
from data.mapping import FORM_TABLE, Mapping, mapped_fields, plain_heading
from data.places import AreaNames
from data.pseudonymise import Pseudonymiser
from data.quality.file_points import RAW_AREA, RAW_X, RAW_Y
from data.quarantine import LEFT_OUT
from data.reading import Block
from data.records.cells import Columns, Mask, mapped
from data.records.doses import read_doses, read_doses_given
from data.records.fields import read_field
from data.records.keys import read_keys, read_row_keys
from data.records.notes import FileNotes
from data.records.people import read_person
from data.records.places import area_as_written, read_place
from data.records.second_file import read_join
from data.records.substances import read_substances
from data.records.times import read_times
from data.records.waits import read_waits, settle_wait_table
from data.records.work import BlockWork, FileRules
from data.schema import table_named
from data.settings import Settings
from data.values import is_nothing, plain_forms, plain_value
from geo.areas import Geography

__all__ = ["RecordReader"]

# Stands under [only] for every value but none.
_ANY = "*"


class RecordReader:
    """Reads blocks of one file by one mapping. `notes` grow as it reads."""

    def __init__(
        self,
        *,
        mapping: Mapping,
        positions: dict[str, int],
        settings: Settings,
        pseudonymiser: Pseudonymiser,
        geography: Geography,
        as_of: pd.Timestamp,
    ) -> None:
        """`positions` gives the column (0 = first) of each plain heading that the mapping reads.

        `as_of` is the import's moment (UTC), after which nothing in the file can have happened.
        """
        self.notes = FileNotes()
        self._rules = FileRules(
            mapping=mapping,
            positions=positions,
            settings=settings,
            pseudonymiser=pseudonymiser,
            geography=geography,
            as_of=as_of,
            area_names=AreaNames(geography),
            listed=ListedTexts(settings=settings, geography=geography),
            fields=mapped_fields(mapping.target),
            time_zone=mapping.times.time_zone or settings.time_zone,
        )

    def read(self, block: Block) -> pd.DataFrame:
        """The block's records with their row_hash, indexed by row number; rows that wait whole are left out."""
        rules, notes, mapping = self._rules, self.notes, self._rules.mapping
        work = BlockWork(rules=rules, notes=notes, block=_wanted(block, rules, notes))
        _note_rows_of_no_record(block, notes)
        columns = _read_columns(work)
        records = pd.DataFrame(columns, index=pd.Index(work.rows, name="row_number"))
        records["row_hash"] = rules.pseudonymiser.row_hashes(records)
        if mapping.withdrawn:
            records["withdrawn"] = _withdrawn(work)
        if work.coordinates:
            records[RAW_X], records[RAW_Y] = work.coordinates
            if mapping.place.area:
                records[RAW_AREA] = area_as_written(work, mapping.place.area)
        # A million tokens as Python texts are three times the size.
        texts = {name: "string[pyarrow]" for name in records if records[name].dtype == object}
        held = records.index.isin(notes.log.whole_rows)
        # A row that is held back is in the file all the same: its record is not gone from a full extract.
        notes.held_keys.append(records.loc[held, table_named(mapping.stored_in).key])
        return records[~held].astype(texts)


def _wanted(block: Block, rules: FileRules, notes: FileNotes) -> Block:
    """The rows that the mapping takes by [only]; the others wait in quarantine, as it declares, read no further."""
    wanted = np.ones(len(block.row_numbers), dtype=bool)
    for heading, values in rules.mapping.only.items():
        known = {plain_value(value) for value in values}
        texts = block.columns[rules.positions[plain_heading(heading)]]
        any_at_all = _ANY in values
        wanted &= mapped(
            texts,
            lambda text, known=known, filled=any_at_all: (
                not known.isdisjoint(plain_forms(text)) or (filled and not is_nothing(text))
            ),
        ).astype(bool)
    notes.log.add(rows=block.row_numbers[~wanted], field="", reason=LEFT_OUT, whole_row=True)
    return replace(
        block,
        row_numbers=block.row_numbers[wanted],
        columns={position: texts[wanted] for position, texts in block.columns.items()},
    )


def _note_rows_of_no_record(block: Block, notes: FileNotes) -> None:
    """Blank rows, rows of the wrong width, totals and headings once more; and rows with cells that were filled down."""
    notes.counts["blank_rows"] += block.blank_rows
    misfits = np.array(block.misfits, dtype=np.int64)
    notes.log.add(rows=misfits, field="", reason="wrong_number_of_cells", whole_row=True)
    notes.rows_without_key += len(block.misfits)
    for kind, rows in block.side_rows.items():
        notes.log.add(rows=np.array(rows, dtype=np.int64), field="", reason=kind, whole_row=True)
    notes.note("filled_down", np.array(block.filled, dtype=np.int64))


def _read_columns(work: BlockWork) -> Columns:
    """Everything that the mapping reads of the block, in the order in which one thing needs another."""
    columns: Columns = {}
    read_keys(work, columns)
    if work.mapping.joins:
        read_join(work, columns)
    read_row_keys(work, columns)
    read_times(work, columns)
    for name, field in work.rules.fields.items():
        if name not in columns and name in work.mapping.columns:
            read_field(work, columns, field)
    read_place(work, columns)
    if work.mapping.target == FORM_TABLE:
        read_person(work, columns)
        read_substances(work, columns)
        read_doses(work, columns)
        read_waits(work, columns)
        read_doses_given(work, columns)
    elif work.mapping.target == "waits":
        settle_wait_table(work, columns)
    return columns


def _withdrawn(work: BlockWork) -> Mask:
    """Rows that the source itself has taken back."""
    taken_back = np.zeros(len(work.rows), dtype=bool)
    for heading, values in work.mapping.withdrawn.items():
        known = {plain_value(value) for value in values}
        texts = work.cells(heading).texts
        taken_back |= mapped(texts, lambda text, known=known: plain_value(text) in known).astype(bool)
    return taken_back
