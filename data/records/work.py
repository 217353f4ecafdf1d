"""A block of rows in the making: how its file is read, its cells, and what is set aside of it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.listed import ListedTexts
from data.mapping import FORM_TABLE, Mapping, plain_heading
from data.places import AreaNames
from data.pseudonymise import Pseudonymiser
from data.reading import Block
from data.records.cells import Cells, Mask
from data.records.notes import FileNotes
from data.schema import Field, table_named
from data.settings import Settings
from data.values import Moments, Texts
from geo.areas import Geography

__all__ = ["BlockWork", "FileRules"]


@dataclass(frozen=True, kw_only=True)
class FileRules:
    """How one file is read, the same for all its blocks.

    `positions` gives the column (0 = first) of each plain heading that the mapping reads, `fields` are those that the
    file may fill, `time_zone` is that of its clocks. `as_of` is the import's moment (UTC), after which nothing in the
    file can have happened.
    """

    mapping: Mapping
    positions: dict[str, int]
    settings: Settings
    pseudonymiser: Pseudonymiser
    geography: Geography
    as_of: pd.Timestamp
    area_names: AreaNames
    listed: ListedTexts
    fields: dict[str, Field]
    time_zone: str

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables whose fields one row of the file may fill, the event's first."""
        return ("incidents", FORM_TABLE) if self.mapping.target == FORM_TABLE else (self.mapping.target,)

    @property
    def has_place(self) -> bool:
        """Whether a row is of something that happened somewhere."""
        return any("location_source" in table_named(name).names for name in self.tables)

    def own_values(self, field_name: str) -> dict[str, str]:
        """What the mapping says that words in a field mean."""
        return self.mapping.values.get(field_name, {})

    def field_of(self, plain: str) -> str:
        """The field that a plain heading is read for."""
        return next((each for name, each in self.mapping.headings.items() if plain_heading(name) == plain), "")


@dataclass(kw_only=True)
class BlockWork:
    """The block that is being read, and what is known of it: each is worked out once, when it is first asked for.

    `moments` are times by field, `key_parts` texts of keys and where a spreadsheet has rounded them, `coordinates` x
    and y as the file has them, `people` normalised names, `identifying` those names and keys that no text may hold.
    """

    rules: FileRules
    notes: FileNotes
    block: Block
    cells_of: dict[str, Cells] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)
    key_parts: dict[tuple[str, int], tuple[Texts, Mask]] = field(default_factory=dict)
    coordinates: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    people: Texts | None = None
    identifying: tuple[set[frozenset[str]], set[str]] | None = None

    @property
    def mapping(self) -> Mapping:
        """How the file is read."""
        return self.rules.mapping

    @property
    def rows(self) -> NDArray[np.int64]:
        """The number of each row in the file."""
        return self.block.row_numbers

    def cells(self, heading: str) -> Cells:
        """The cells under `heading`; one longer than the settings allow is set aside and read as empty."""
        plain = plain_heading(heading)
        if plain not in self.cells_of:
            position = self.rules.positions[plain]
            texts = self.block.columns[position]
            field_name = self.rules.field_of(plain)
            longest = self.rules.settings.imports.longest_cell
            long = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) > longest
            if long.any():
                whole = Cells(texts=texts, position=position)
                self.set_aside(long, field=field_name, reason="cell_too_long", cells=whole)
                texts = np.where(long, "", texts)
            self.cells_of[plain] = Cells(texts=texts, position=position)
            self.notes.words.note_placeholders(rows=self.rows, texts=texts, field_name=field_name)
        return self.cells_of[plain]

    def set_aside(self, bad: Mask, *, field: str, reason: str, cells: Cells | None, whole_row: bool = False) -> None:
        """Quarantine what `cells` hold in the `bad` rows, or with `whole_row` these rows; None: no one column's."""
        if bad.any():
            self.notes.log.add(
                rows=self.rows[bad],
                field=field,
                reason=reason,
                column=cells.position if cells else None,
                texts=cells.texts[bad] if cells else None,
                whole_row=whole_row,
            )

    def note(self, name: str, found: Mask) -> None:
        """Count rows that are worth a sentence in the report; nothing is set aside."""
        self.notes.note(name, self.rows[found])
