"""Rows of text into records of the schema, a block at a time, pseudonymised as they are read.

One record a row, as wide as the mapping asks; `data.tables` makes the schema's tables of them. What cannot be used goes
to the quarantine log, by its place in the file.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Mappings
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.listed import ListedTexts
from data.mapping import (
    FORM_TABLE,
    SUBSTANCE_TAKEN,
    CodePart,
    DayPart,
    DoseLayout,
    Fixed,
    Mapping,
    SubstanceLayout,
    WaitLayout,
    clocks_of,
    mapped_fields,
    plain_heading,
)
from data.places import AREA_LEVELS, AreaNames, Places, locate_rows, locate_sites
from data.points import parse_points
from data.pseudonymise import Pseudonymiser, age_bands, normalise_code, normalise_name, years_between
from data.quality.file_points import RAW_AREA, RAW_X, RAW_Y
from data.quality.words import WordLog
from data.quarantine import LEFT_OUT, QuarantineLog
from data.reading import Block
from data.schema import NOT_RECORDED, WAIT_OUTCOMES, Field, table_named
from data.settings import Settings
from data.time_texts import month_forms
from data.value_words import band_of_range, certain_words, yes_no_means
from data.values import (
    Moments,
    is_excel_date,
    is_least_number,
    is_nothing,
    is_rounded_number,
    known_choices,
    parse_choices,
    parse_days,
    parse_listed,
    parse_moments,
    parse_numbers,
    parse_substances,
    parse_texts,
    past_midnight,
    plain_forms,
    plain_value,
    says_unknown_number,
    two_digit_years,
    whole_number,
)
from geo.areas import Geography

__all__ = ["NO_SUBSTANCE", "PAIR_MARK", "SUBSTANCE_MARK", "RecordReader", "doses_of_each"]

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]
Columns = dict[str, object]

# Substances of one record in one text: "heroin:suspected|alcohol:not_recorded".
SUBSTANCE_MARK, PAIR_MARK = "|", ":"
NO_SUBSTANCE = f"{NOT_RECORDED}{PAIR_MARK}{NOT_RECORDED}"

# Hours a wait may last before it is more likely a slip than a wait: the schema's bound for minutes.
_LONGEST_WAIT_MINUTES = 360.0
# A clock that is wrong, or a zone that is stated wrongly, is wrong by less than a day.
_CLOCK_ERROR = pd.Timedelta(days=1)
# Times of what has happened; those of shifts and due dates may lie ahead.
_PAST_TIMES = frozenset({"recorded_at", "given_at", "started_at", "ended_at"})
# Of these, a date without its time of day says nothing: read as midnight, it would make a dose or a wait.
_CLOCKS = frozenset({"given_at", "started_at", "ended_at", "starts_at", "ends_at"})
# Beyond these a date of training, duty or expiry is a slip: nobody serves, and no kit lasts, that long.
_FIRST_YEAR, _LAST_YEAR = 1950, 2100
# Stands under [only] for every value but none.
_ANY = "*"
# A shorter key, such as a person's number in an incident, is too common a text to be told by.
_SHORTEST_SECRET_KEY = 6


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """One column of the block: its cells, the column's position, and the heading."""

    texts: Texts
    position: int


_NO_BLOCK = Block(row_numbers=np.empty(0, np.int64), columns={}, misfits=(), blank_rows=0, share_read=0.0)


@dataclass(kw_only=True)
class _State:
    """What is known of the block that is being read: each is worked out once, when it is first asked for."""

    block: Block
    cells: dict[str, _Cell] = dataclass_field(default_factory=dict)
    moments: dict[str, Moments] = dataclass_field(default_factory=dict)
    key_parts: dict[tuple[str, int], tuple[Texts, Mask]] = dataclass_field(default_factory=dict)
    coordinates: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    outside: Mask = dataclass_field(default_factory=lambda: np.empty(0, dtype=bool))
    people: Texts | None = None
    secrets: tuple[set[frozenset[str]], set[str]] | None = None


class RecordReader:
    """Reads blocks of one file by one mapping. `counts`, their rows in `noted`, and `log` grow as it reads."""

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
        self.log = QuarantineLog()
        self.words = WordLog()
        self.counts: Counter[str] = Counter()
        self.noted: dict[str, list[NDArray[np.int64]]] = defaultdict(list)
        self.held_keys: list[pd.Series] = []
        self.rows_without_key = 0
        self.month_forms: set[str] = set()
        self._mapping = mapping
        self._positions = positions
        self._settings = settings
        self._pseudonymiser = pseudonymiser
        self._geography = geography
        self._as_of = as_of
        self._names = AreaNames(geography)
        self._listed = ListedTexts(settings=settings, geography=geography)
        self._file_zone = mapping.times.time_zone or settings.time_zone
        self._fields = mapped_fields(mapping.target)
        self._tables = ("incidents", FORM_TABLE) if mapping.target == FORM_TABLE else (mapping.target,)
        self._has_place = any("location_source" in table_named(name).names for name in self._tables)
        self._now = _State(block=_NO_BLOCK)

    def read(self, block: Block) -> pd.DataFrame:
        """The block's records with their row_hash, indexed by row number; rows that wait whole are left out."""
        block = self._wanted(block)
        self._now = _State(block=block)
        self.counts["blank_rows"] += block.blank_rows
        self.log.add(
            rows=np.array(block.misfits, dtype=np.int64), field="", reason="wrong_number_of_cells", whole_row=True
        )
        for kind, rows in block.side_rows.items():
            self.log.add(rows=np.array(rows, dtype=np.int64), field="", reason=kind, whole_row=True)
        self.counts["filled_down"] += len(block.filled)
        self.noted["filled_down"].append(np.array(block.filled, dtype=np.int64))
        columns: Columns = {}
        self._read_keys(columns)
        self._read_times(columns)
        for name, field in self._fields.items():
            if name not in columns and name in self._mapping.columns:
                self._read_field(columns, name, field)
        self._read_place(columns)
        if self._has_place:
            columns["outside"] = self._now.outside
        if self._mapping.target == FORM_TABLE:
            self._read_form(columns)
        elif self._mapping.target == "waits":
            self._settle_wait_table(columns)
        records = pd.DataFrame(columns, index=pd.Index(block.row_numbers, name="row_number"))
        records["row_hash"] = self._pseudonymiser.row_hashes(records)
        # A million tokens as Python texts are three times the size.
        if self._mapping.withdrawn:
            records["withdrawn"] = self._withdrawn()
        if self._now.coordinates:
            records[RAW_X], records[RAW_Y] = self._now.coordinates
            if self._mapping.place.area:
                records[RAW_AREA] = _mapped(self._cell(self._mapping.place.area).texts, _area)
        texts = {name: "string[pyarrow]" for name in records if records[name].dtype == object}
        held = records.index.isin(self.log.whole_rows)
        # A row that is held back is in the file all the same: its record is not gone from a full extract.
        self.held_keys.append(records.loc[held, table_named(self._mapping.stored_in).key])
        self.rows_without_key += len(block.misfits)
        return records[~held].astype(texts)

    def _wanted(self, block: Block) -> Block:
        """The rows that the mapping takes by [only]; the others wait in quarantine, as it declares, read no further."""
        wanted = np.ones(len(block.row_numbers), dtype=bool)
        for heading, values in self._mapping.only.items():
            known = {plain_value(value) for value in values}
            texts = block.columns[self._positions[plain_heading(heading)]]
            any_at_all = _ANY in values
            wanted &= _mapped(
                texts,
                lambda text, known=known, filled=any_at_all: (
                    not known.isdisjoint(plain_forms(text)) or (filled and not is_nothing(text))
                ),
            ).astype(bool)
        self.log.add(rows=block.row_numbers[~wanted], field="", reason=LEFT_OUT, whole_row=True)
        return replace(
            block,
            row_numbers=block.row_numbers[wanted],
            columns={position: texts[wanted] for position, texts in block.columns.items()},
        )

    def _withdrawn(self) -> Mask:
        """Rows that the source itself has taken back."""
        taken_back = np.zeros(len(self._now.block.row_numbers), dtype=bool)
        for heading, values in self._mapping.withdrawn.items():
            known = {plain_value(value) for value in values}
            texts = self._cell(heading).texts
            taken_back |= _mapped(texts, lambda text, known=known: plain_value(text) in known).astype(bool)
        return taken_back

    # --- cells and problems -------------------------------------------------------------------------------------------

    def _cell(self, heading: str) -> _Cell:
        """The cells under `heading`; one longer than the settings allow is set aside and read as empty."""
        plain = plain_heading(heading)
        if plain not in self._now.cells:
            position = self._positions[plain]
            texts = self._now.block.columns[position]
            longest = self._settings.imports.longest_cell
            long = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) > longest
            if long.any():
                self.log.add(
                    rows=self._now.block.row_numbers[long],
                    field=self._field_of(plain),
                    reason="cell_too_long",
                    column=position,
                    texts=texts[long],
                )
                texts = np.where(long, "", texts)
            self._now.cells[plain] = _Cell(texts=texts, position=position)
            rows = self._now.block.row_numbers
            self.words.note_placeholders(rows=rows, texts=texts, field_name=self._field_of(plain))
        return self._now.cells[plain]

    def _field_of(self, plain: str) -> str:
        """The field that a plain heading is read for."""
        return next((field for name, field in self._mapping.headings.items() if plain_heading(name) == plain), "")

    def _set_aside(self, bad: Mask, *, field: str, reason: str, cell: _Cell | None, whole_row: bool = False) -> None:
        if bad.any():
            self.log.add(
                rows=self._now.block.row_numbers[bad],
                field=field,
                reason=reason,
                column=cell.position if cell else None,
                texts=cell.texts[bad] if cell else None,
                whole_row=whole_row,
            )

    def _set_aside_unreadable(self, bad: Mask, *, field: str, reason: str, cell: _Cell) -> None:
        """Times and dates in no known form; Excel's own numbers for them are told apart."""
        numbers = _excel_dates(bad, cell)
        self._set_aside(numbers, field=field, reason="excel_date", cell=cell)
        self._set_aside(bad & ~numbers, field=field, reason=reason, cell=cell)

    def _set_aside_unknown(
        self, bad: Mask, *, field: Field, cell: _Cell, own: Mappings[str, str], separators: Sequence[str] = ()
    ) -> None:
        """Values that no list and not the mapping knows; what they read like is noted for the report."""
        self._set_aside(bad, field=field.name, reason="value_unknown", cell=cell)
        if bad.any():
            self.words.note_unknown(
                rows=self._now.block.row_numbers[bad],
                texts=cell.texts[bad],
                field=field.name,
                known=known_choices(field, own),
                allowed=field.values,
                separators=separators,
                filled=int(_anything_filled([cell]).sum()),
                names=self._words_of_names(),
            )

    def _words_of_names(self) -> set[str]:
        """The words of every name in this block: a value that has one is a name in the wrong column."""
        officers = [self._cell(heading).texts for heading in self._officer_headings()]
        return {
            word
            for names in (*officers, self._names_of_people())
            for name in pd.unique(names)
            for word in plain_value(name).split("_")
        }

    def _own_values(self, field: str) -> dict[str, str]:
        return self._mapping.values.get(field, {})

    def _words_of(self, field: Field, heading: str, texts: Texts) -> dict[str, str]:
        """What the closed lists make of a column's words, and what the mapping does, which goes before them.

        In a column that asks whether somebody died, yes is no sign of life. What yes means where the heading asks
        something else is for the mapping to say.
        """
        asks = plain_value(heading).replace("_", " ")
        yes_no = yes_no_means(field.name, asks) if field.name == "alive_at_handover" else {}
        words = certain_words(field, yes_no=yes_no)
        if field.name == "age_band":
            bands = {text: band_of_range(text) for text in pd.unique(texts)}
            # "18" beside "<18", or "60" beside "60+", is one word, and could be either.
            meant = defaultdict(set)
            for text, band in bands.items():
                meant[plain_value(text)] |= {band} - {""}
            known = {text: band for text, band in bands.items() if meant[plain_value(text)] == {band}}
            words |= {text: band for text, band in known.items() if band != NOT_RECORDED}
        return words | self._own_values(field.name)

    # --- keys, tokens, times ------------------------------------------------------------------------------------------

    def _read_keys(self, columns: Columns) -> None:
        """Keys of the target and of what it belongs to; without one the row waits whole."""
        mapping = self._mapping
        target_key = mapping.table.key
        for name, field in self._fields.items():
            if not (field.token and field.required) or not mapping.key_parts(name):
                continue
            if mapping.joins and mapping.folds and name not in mapping.columns:
                continue  # rows of a person are no other incident's that has the same number
            own = not mapping.joins and (name == target_key or mapping.target == FORM_TABLE)
            source = mapping.source if own else mapping.parent_source or mapping.source
            parts = self._key_parts(name)
            columns[name] = self._pseudonymiser.tokens(kind=name, source=source, parts=parts)
        if mapping.joins:
            self._read_join(columns)
        if mapping.folds and "row_id" in mapping.columns:
            columns["row_id"] = self._pseudonymiser.tokens(
                kind="row_id", source=mapping.source, parts=self._key_parts("row_id")
            )
        if mapping.folds and "dose_id" in mapping.columns:
            columns["dose_id"] = self._dose_numbers()

    def _dose_numbers(self) -> Texts:
        """What tells the doses of a person apart; None where the row has no number of a dose, as it need not."""
        parts = []
        for part, heading in zip(
            self._mapping.key_parts("dose_id"), self._mapping.key_headings("dose_id"), strict=True
        ):
            texts = self._cell(heading).texts
            parts.append(_mapped(texts, _code) if isinstance(part, CodePart) else _key_texts(texts))
        some = np.any([part != "" for part in parts], axis=0)
        filled = [np.where(part == "", "-", part) for part in parts]
        tokens = self._pseudonymiser.tokens(kind="dose_id", source=self._mapping.source, parts=filled)
        return np.where(some, tokens, None)

    def _key_parts(self, name: str) -> list[Texts]:
        """The texts that a key is made of; rows in which one lacks wait whole."""
        parts = []
        for part, heading in zip(self._mapping.key_parts(name), self._mapping.key_headings(name), strict=True):
            cell = self._cell(heading)
            texts, rounded = self._key_part(part, cell)
            self._set_aside(rounded, field=name, reason="key_rounded", cell=cell, whole_row=True)
            self._set_aside((texts == "") & ~rounded, field=name, reason="key_missing", cell=cell, whole_row=True)
            parts.append(texts)
        return parts

    def _key_part(self, part: object, cell: _Cell) -> tuple[Texts, Mask]:
        """One component of a key, and where a spreadsheet has rounded it; several keys may be made of one column."""
        how = (type(part).__name__, cell.position)
        if how not in self._now.key_parts:
            if isinstance(part, DayPart):
                texts = self._days(cell.texts).dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object)
            else:
                texts = _mapped(cell.texts, _code) if isinstance(part, CodePart) else _key_texts(cell.texts)
            self._now.key_parts[how] = texts, _mapped(cell.texts, is_rounded_number).astype(bool)
        return self._now.key_parts[how]

    def _days(self, texts: Texts) -> pd.Series:
        """Local days of times or dates (NaT where there is none)."""
        times = self._mapping.times
        moments, _bad_clocks = parse_moments(
            texts,
            formats=times.formats,
            day_first=times.day_first,
            file_zone=self._file_zone,
            local_zone=self._settings.time_zone,
        )
        return moments.local.dt.normalize()

    def _read_join(self, columns: Columns) -> None:
        """Which record a row of a second file adds to, and the row's own key."""
        mapping, match = self._mapping, self._mapping.match
        rows = len(self._now.block.row_numbers)
        columns["joins"] = pd.Categorical.from_codes(
            np.zeros(rows, dtype=np.int8), categories=[mapping.joins or FORM_TABLE]
        )
        columns["match_day"] = pd.Series(pd.NaT, index=range(rows), dtype="datetime64[ns]").array
        own_key = "row_id" in mapping.columns and not mapping.folds
        if match is None:
            parts = self._key_parts("row_id" if own_key else "administration_id")
        elif match.day is None:
            parts = [self._person_numbers()]
            self._set_aside(parts[0] == "", field="person_token", reason="key_missing", cell=None, whole_row=True)
        else:
            cell = self._cell(match.day)
            days = self._days(cell.texts)
            self._set_aside(days.isna().to_numpy(), field="match_day", reason="key_missing", cell=cell, whole_row=True)
            columns["match_day"] = days.array
            parts = [days.dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object)]
            if match.officer:
                cell = self._cell(match.officer)
                codes = _mapped(cell.texts, _code)
                self._set_aside(codes == "", field="officer_token", reason="key_missing", cell=cell, whole_row=True)
                columns["officer_token"] = self._tokens("officer_token", (match.officer,))
                parts.append(codes)
            if match.person:
                people = self._names_of_people()
                self._set_aside(people == "", field="person_token", reason="key_missing", cell=None, whole_row=True)
                parts.append(people)
            if own_key:
                parts = self._key_parts("row_id")
        columns["join_id"] = self._pseudonymiser.tokens(kind="join_id", source=mapping.source, parts=parts)

    def _read_times(self, columns: Columns) -> None:
        """The time of the event, with its local date, hour and weekday."""
        if "occurred_at" not in self._fields or self._mapping.joins:
            return
        headings = self._mapping.headings_of("occurred_at")
        moments = self._moments("occurred_at", headings)
        cell = self._cell(headings[0])
        late = self._in_future(moments)
        if len(headings) == 1 and (moments.local.dropna().dt.day == 1).all():
            dates = pd.unique(cell.texts[moments.instants.notna().to_numpy()])
            self.month_forms |= set(month_forms(dates, day_first=self._mapping.times.day_first))
        numbers = _excel_dates(moments.unreadable, cell)
        for bad, reason in (
            (numbers, "excel_date"),
            (moments.unreadable & ~numbers, "time_unreadable"),
            (moments.implausible, "time_implausible"),
            (late, "time_in_future"),
        ):
            self._set_aside(bad, field="occurred_at", reason=reason, cell=cell, whole_row=True)
        missing = moments.instants.isna().to_numpy() & ~moments.unreadable & ~moments.implausible
        self._set_aside(missing, field="occurred_at", reason="time_missing", cell=cell, whole_row=True)
        self._note("future_times", (moments.instants > self._as_of).to_numpy() & ~late)
        known_hour = ~np.isin(moments.precision, ("day", "month")) & moments.instants.notna().to_numpy()
        precisions = list(table_named(self._tables[0]).field("time_precision").values)
        columns["occurred_at"] = moments.instants.array
        columns["time_precision"] = pd.Categorical(moments.precision, categories=precisions)
        columns["local_date"] = moments.local.dt.normalize().array
        columns["local_hour"] = moments.local.dt.hour.where(known_hour).astype("Int16").array
        columns["local_weekday"] = (
            (moments.local.dt.weekday + 1).where(moments.precision != "month").astype("Int16").array
        )

    def _moments(self, field: str, headings: tuple[str, ...]) -> Moments:
        """Times of one field; a time of day that cannot be read leaves the date and is set aside."""
        cells = [self._cell(heading) for heading in headings]
        days = cells[0].texts
        if field in _CLOCKS and len(cells) > 1:
            days = np.where(_anything_filled(cells[1:]), days, "")
        next_day = None
        if before := self._clock_before(field, headings):
            earlier, longest = self._cell(before), pd.Timedelta(minutes=_LONGEST_WAIT_MINUTES)
            next_day = past_midnight(
                cells[1].texts, earlier.texts, longest=longest, formats=self._mapping.times.formats
            )
            if field == "occurred_at":
                self._note("events_past_midnight", next_day)
        moments, bad_clocks = parse_moments(
            days,
            clocks=cells[1].texts if len(cells) > 1 else None,
            next_day=next_day,
            formats=self._mapping.times.formats,
            day_first=self._mapping.times.day_first,
            file_zone=self._file_zone,
            local_zone=self._settings.time_zone,
        )
        self._note("ambiguous_times", moments.ambiguous)
        self._note("nonexistent_times", moments.nonexistent)
        if len(cells) > 1:
            self._set_aside(bad_clocks, field=field, reason="not_a_time_of_day", cell=cells[1])
        if field in _CLOCKS and bad_clocks.any():
            moments = moments.without(bad_clocks)
        return moments

    def _clock_before(self, field: str, headings: tuple[str, ...]) -> str | None:
        """The clock that a time of day cannot be before, where its date is that of the call, or of the first dose."""
        after, event = self._mapping.times.after, self._mapping.headings_of("occurred_at")
        if headings == event:
            return after
        of_a_dose = field == "given_at" and len(headings) > 1 and len(event) > 1 and headings[0] == event[0]
        return (after or event[1]) if of_a_dose else None

    def _note(self, name: str, found: Mask) -> None:
        """Count what is worth a sentence in the report and remember its rows; nothing is set aside."""
        if found.any():
            self.counts[name] += int(found.sum())
            self.noted[name].append(self._now.block.row_numbers[found])

    def _in_future(self, moments: Moments) -> Mask:
        """Which times are so far after the import that no clock's error explains them."""
        return (moments.instants > self._as_of + _CLOCK_ERROR).to_numpy()

    def _optional_moments(self, field: str, headings: tuple[str, ...]) -> Moments:
        """Times of a field that a row can do without."""
        moments = self._moments(field, headings)
        cell = self._cell(headings[0])
        self._set_aside_unreadable(moments.unreadable, field=field, reason="not_a_time", cell=cell)
        self._set_aside(moments.implausible, field=field, reason="time_implausible", cell=cell)
        # A step that is due and a rostered shift may lie ahead, though not by centuries.
        late = self._in_future(moments) if field in _PAST_TIMES else (moments.local.dt.year > _LAST_YEAR).to_numpy()
        self._set_aside(late, field=field, reason="time_in_future", cell=cell)
        if late.any():
            moments = moments.without(late)
        self._now.moments[field] = moments
        return moments

    # --- plain fields -------------------------------------------------------------------------------------------------

    def _read_field(self, columns: Columns, name: str, field: Field) -> None:
        chosen = self._mapping.columns[name]
        if isinstance(chosen, Fixed):
            columns[name] = self._fixed(field, chosen.fixed)
        elif name in AREA_LEVELS or name == "location_precision_m":
            return
        elif field.token:
            columns[name] = self._tokens(name, self._mapping.headings_of(name))
        elif field.type == "TIMESTAMPTZ":
            columns[name] = self._optional_moments(name, self._mapping.headings_of(name)).instants.array
        else:
            columns[name] = self._plain(field, self._mapping.headings_of(name)[0])

    def _plain(self, field: Field, heading: str) -> object:
        """A choice, number, day or text."""
        cell = self._cell(heading)
        if field.values:
            own = self._words_of(field, heading, cell.texts)
            choices, wrong = parse_choices(cell.texts, field=field, own=own)
            self._set_aside_unknown(wrong, field=field, cell=cell, own=own)
            return choices
        if field.type == "DATE":
            days, wrong = parse_days(
                cell.texts, formats=self._mapping.times.formats, day_first=self._mapping.times.day_first
            )
            self._set_aside_unreadable(wrong, field=field.name, reason="not_a_date", cell=cell)
            implausible = ((days.dt.year < _FIRST_YEAR) | (days.dt.year > _LAST_YEAR)).to_numpy()
            self._set_aside(implausible, field=field.name, reason="date_implausible", cell=cell)
            return days.mask(implausible).array
        if find := self._listed.finders.get(field.name):
            texts, wrong = parse_listed(cell.texts, own=self._own_values(field.name), find=find)
            self._set_aside(wrong, field=field.name, reason="value_unknown", cell=cell)
            return texts
        if field.type == "VARCHAR":
            texts, wrong = parse_texts(cell.texts, own=self._own_values(field.name))
            wrong |= self._gives_away(texts)
            self._set_aside(wrong, field=field.name, reason="text_not_stored", cell=cell)
            return np.where(wrong, None, texts)
        if self._mapping.target == "waits" and field.name == "minutes":
            return self._numbers(cell, field.name)  # its bounds are the wait's own
        numbers = self._numbers(
            cell, field.name, minimum=field.minimum, maximum=field.maximum, whole=field.type == "SMALLINT"
        )
        if field.required:
            self._set_aside(np.isnan(numbers), field=field.name, reason="number_missing", cell=cell, whole_row=True)
        return numbers

    def _gives_away(self, texts: Texts) -> Mask:
        """Which texts hold a name or are a key that stands in its own column in this block: they slipped in there."""
        if self._now.secrets is None:
            self._now.secrets = self._find_secrets()
        names, keys = self._now.secrets
        sizes = sorted({len(name) for name in names})

        def gives_away(text: str) -> bool:
            words = normalise_name(text).split()
            return normalise_code(text) in keys or any(
                frozenset(some) in names for size in sizes for some in combinations(words, size)
            )

        known = ~pd.isna(texts)
        found = np.zeros(len(texts), dtype=bool)
        found[known] = _mapped(texts[known], gives_away).astype(bool)
        return found

    def _find_secrets(self) -> tuple[set[frozenset[str]], set[str]]:
        """Names of two words or more as sets of words, and keys of six characters or more: shorter ones are words."""
        mapping = self._mapping
        names = [_mapped(self._cell(heading).texts, normalise_name) for heading in self._officer_headings()]
        names.append(self._names_of_people())
        words = {frozenset(name.split()) for each in names for name in pd.unique(each)}
        # A column may serve as part of a key and as a text, such as a station with its own numbering.
        as_text = {
            heading for name, field in self._fields.items() if not field.token for heading in mapping.headings_of(name)
        }
        as_text |= {dose.product for dose in mapping.doses if dose.product}
        numbers = {
            heading for name, field in self._fields.items() if field.token for heading in mapping.key_headings(name)
        }
        codes = {normalise_code(text) for each in numbers - as_text for text in pd.unique(self._cell(each).texts)}
        return {name for name in words if len(name) > 1}, {code for code in codes if len(code) >= _SHORTEST_SECRET_KEY}

    def _officer_headings(self) -> list[str]:
        mapping = self._mapping
        return [*mapping.headings_of("officer_token"), *(dose.officer for dose in mapping.doses if dose.officer)]

    def _numbers(
        self,
        cell: _Cell,
        field: str,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
    ) -> NDArray[np.float64]:
        decimal = self._mapping.file.decimal
        words = {plain_value(word): number.replace(".", decimal) for word, number in self._own_values(field).items()}
        texts = _mapped(cell.texts, lambda text: words.get(plain_value(text), text)) if words else cell.texts
        numbers, unreadable, outside = parse_numbers(
            texts,
            decimal=decimal,
            minimum=-np.inf if minimum is None else minimum,
            maximum=np.inf if maximum is None else maximum,
            whole=whole,
        )
        in_words = unreadable.copy()
        in_words[unreadable] = [not any(map(str.isdigit, text)) for text in texts[unreadable]]
        unknown = in_words.copy()
        unknown[in_words] = [says_unknown_number(text) for text in texts[in_words]]
        self.words.note_nothing(rows=self._now.block.row_numbers[unknown], field_name=field)
        self._set_aside(in_words & ~unknown, field=field, reason="words_for_number", cell=cell)
        self._set_aside(unreadable & ~in_words, field=field, reason="not_a_number", cell=cell)
        self._set_aside(outside, field=field, reason="out_of_range", cell=cell)
        if whole:
            self._note("least_numbers", _mapped(texts, is_least_number).astype(bool) & np.isfinite(numbers))
        return numbers

    def _tokens(self, name: str, headings: tuple[str, ...]) -> Texts:
        """Tokens of officers, kits and people that the file names by number; None where it names none."""
        parts = [_mapped(self._cell(heading).texts, _code) for heading in headings]
        return self._pseudonymiser.tokens(kind=name, parts=parts)

    def _fixed(self, field: Field, value: str) -> object:
        rows = len(self._now.block.row_numbers)
        if field.values:
            return pd.Categorical.from_codes([field.values.index(value)] * rows, categories=list(field.values))
        return np.full(rows, value, dtype=object)

    # --- place --------------------------------------------------------------------------------------------------------

    def _read_place(self, columns: Columns) -> None:
        layout = self._mapping.place
        if self._has_place:
            places = self._located(self._area_codes(columns))
            columns |= {name: places.frame[name].array for name in places.frame}
            if self._now.coordinates and AREA_LEVELS.keys() & self._mapping.columns.keys():
                columns |= places.named
        elif "easting_m" in self._mapping.table.names and (layout.point or (layout.x and layout.y)):
            x, y, unreadable, _by_form_m, cell = self._coordinates()
            crs = layout.crs or self._geography.crs
            easting_m, northing_m, bad = locate_sites(
                x=x, y=y, unreadable=unreadable, crs=crs, geography=self._geography
            )
            self._set_aside(bad, field="place", reason="coordinates_unusable", cell=cell)
            columns |= {"easting_m": easting_m, "northing_m": northing_m}
        if not self._has_place:
            columns |= {
                name: codes for name, codes in self._area_codes(columns).items() if name in self._mapping.columns
            }

    def _located(self, areas: dict[str, Texts]) -> Places:
        layout = self._mapping.place
        rows = len(self._now.block.row_numbers)
        x, y, unreadable, by_form_m, cell = self._coordinates()
        postcode = self._cell(layout.postcode) if layout.postcode else None
        self._now.coordinates = (x, y) if cell else None
        places = locate_rows(
            x=x,
            y=y,
            unreadable=unreadable,
            crs=layout.crs or self._geography.crs,
            postcodes=_mapped(postcode.texts, _postcode) if postcode else np.full(rows, "", dtype=object),
            areas=areas,
            stated_precision_m=np.fmax(self._stated_precision_m(), by_form_m),
            snap_m=self._settings.privacy.snap_m,
            geography=self._geography,
            names=self._names,
        )
        self._set_aside(places.bad_coordinates, field="place", reason="coordinates_unusable", cell=cell)
        self._set_aside(places.bad_postcodes, field="place", reason="postcode_unknown", cell=postcode)
        self.counts["zero_coordinates"] += int(places.zero.sum())
        self._now.outside = places.outside
        return places

    def _coordinates(
        self,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], Mask, NDArray[np.float64], _Cell | None]:
        """Coordinates as numbers, which cells were none, how exact their form is in metres (NaN where it does not say).

        Problems are told of the first column.
        """
        layout, unsaid = self._mapping.place, np.full(len(self._now.block.row_numbers), np.nan)
        if layout.point:
            cell = self._cell(layout.point)
            points = parse_points(
                cell.texts,
                crs=layout.crs or self._geography.crs,
                swapped=layout.swapped,
                irish=self._settings.nation not in ("england", "wales", "scotland"),
            )
            return points.x, points.y, points.unreadable, points.precision_m, cell
        if not (layout.x and layout.y):
            return unsaid, unsaid, np.zeros(len(unsaid), dtype=bool), unsaid, None
        cells = [self._cell(layout.x), self._cell(layout.y)]
        decimal = self._mapping.file.decimal
        (x, bad_x, _outside_x), (y, bad_y, _outside_y) = (parse_numbers(cell.texts, decimal=decimal) for cell in cells)
        return x, y, bad_x | bad_y, unsaid, cells[0]

    def _stated_precision_m(self) -> NDArray[np.float64]:
        stated = self._mapping.place.location_precision_m
        precision_m = np.full(len(self._now.block.row_numbers), np.nan if stated is None else stated)
        headings = self._mapping.headings_of("location_precision_m")
        if not headings:
            return precision_m
        field = self._fields["location_precision_m"]
        numbers = self._numbers(self._cell(headings[0]), field.name, minimum=field.minimum, maximum=field.maximum)
        return np.where(np.isfinite(numbers), numbers, precision_m)

    def _area_codes(self, columns: Columns) -> dict[str, Texts]:
        """The areas that the file itself names, as codes of the deployment's areas; None where none."""
        rows = len(self._now.block.row_numbers)
        codes: dict[str, Texts] = {}
        for level in AREA_LEVELS:
            headings = self._mapping.headings_of(level)
            if level in columns:
                codes[level] = np.asarray(columns[level], dtype=object)
            elif headings:
                cell = self._cell(headings[0])
                found, wrong = self._names.find(level, cell.texts, own=self._own_values(level))
                wrong |= self._gives_away(found)
                codes[level] = np.where(wrong, None, found)
                self._set_aside(wrong, field=level, reason="area_unknown", cell=cell)
                if wrong.any():
                    numbers, known = self._now.block.row_numbers[wrong], self._names.words(level)
                    self.words.note_unknown(rows=numbers, texts=cell.texts[wrong], field=level, known=known)
            else:
                codes[level] = np.full(rows, None, dtype=object)
        return codes

    # --- the form -----------------------------------------------------------------------------------------------------

    def _read_form(self, columns: Columns) -> None:
        self._read_person(columns)
        if self._mapping.substances:
            columns["substances"] = self._substances(self._mapping.substances)
            if "dose" in self._mapping.kinds_of_row:
                columns["drugs_token"] = self._drugs_as_written(self._mapping.substances)
        for number, dose in enumerate(self._mapping.doses):
            columns |= {f"dose{number}_{name}": values for name, values in self._dose(dose).items()}
        for number, wait in enumerate(self._mapping.waits):
            columns |= {f"wait{number}_{name}": values for name, values in self._wait(wait).items()}
        if self._mapping.says_how_many_doses and "doses_given" not in columns and not self._mapping.folds:
            numbers = range(len(self._mapping.doses))
            counts = [doses_of_each(columns, f"dose{number}_") for number in numbers]
            recorded = np.any([np.asarray(columns[f"dose{number}_present"]) for number in numbers], axis=0)
            columns["doses_given"] = np.where(recorded, np.sum(counts, axis=0), np.nan)

    def _drugs_as_written(self, layout: SubstanceLayout) -> Texts:
        """What the row says of drugs, hashed: two drugs that the schema has one word for are two rows all the same."""
        texts = [
            _mapped(self._cell(heading).texts, lambda text: plain_value(text) or "-")
            for heading in (*layout.columns, *layout.yes_no)
        ]
        return self._pseudonymiser.tokens(kind="drugs", parts=texts)

    def _read_person(self, columns: Columns) -> None:
        """Person token and age band; the name and the date of birth end here."""
        person = self._mapping.person
        births = self._dates_of_birth(columns)
        tokens = self._pseudonymiser.person_tokens(names=self._names_of_people(), births=births)
        if person.identifier:
            numbers = [self._person_numbers()]
            by_number = self._pseudonymiser.tokens(kind="person_token", source="identifier", parts=numbers)
            tokens = np.where(pd.isna(by_number), tokens, by_number)
        columns["person_token"] = tokens
        years = self._read_age(columns, births)
        if self._mapping.folds:
            self._read_identity(columns, births, years)

    def _person_numbers(self) -> Texts:
        """The number of the person in each row, "" where there is none."""
        return _mapped(self._cell(self._mapping.person.identifier or "").texts, _code)

    def _names_of_people(self) -> Texts:
        """The normalised name in each row, "" where there is none."""
        if self._now.people is None:
            name = self._mapping.person.name
            parts = [self._cell(heading).texts for heading in ((name,) if isinstance(name, str) else name)]
            rows = len(self._now.block.row_numbers)
            self._now.people = _mapped(_joined(parts), normalise_name) if parts else np.full(rows, "", dtype=object)
        return self._now.people

    def _dates_of_birth(self, columns: Columns) -> pd.Series:
        """Dates of birth; one after the event, or too long before it, is set aside."""
        heading = self._mapping.person.date_of_birth
        event_days = _event_days(columns)
        if not heading:
            return pd.Series(pd.NaT, index=event_days.index, dtype="datetime64[ns]")
        cell = self._cell(heading)
        births, wrong = parse_days(
            cell.texts, formats=self._mapping.times.formats, day_first=self._mapping.times.day_first
        )
        self._set_aside_unreadable(wrong, field="age_band", reason="not_a_date", cell=cell)
        # A year of two digits is read as the last century's where the other would be after the event.
        guessed = (births > event_days).to_numpy()
        guessed[guessed] = two_digit_years(cell.texts[guessed])
        if guessed.any():
            births[guessed] = births[guessed] - pd.DateOffset(years=100)
        _bands, impossible = age_bands(years_between(born=births, on=event_days))
        self._set_aside(impossible, field="age_band", reason="age_implausible", cell=cell)
        return births.mask(impossible)

    def _read_identity(self, columns: Columns, births: pd.Series, years: NDArray[np.float64]) -> None:
        """What tells two people of one key apart, each hashed with the key so that it says nothing elsewhere."""
        known = {
            "identity_name": self._names_of_people(),
            "identity_birth": births.dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object),
            "identity_age": np.array([f"{each:.0f}" if np.isfinite(each) else "" for each in years], dtype=object),
        }
        if self._mapping.person.identifier:
            known["identity_number"] = self._person_numbers()
        for heading in self._mapping.headings_of("age_band"):
            # As written: ranges that are in no one band are two people's all the same.
            known["identity_range"] = _mapped(self._cell(heading).texts, _range_of_age)
        key = np.asarray(columns["join_id" if self._mapping.joins else "administration_id"], dtype=object)
        for name, texts in known.items():
            columns[name] = self._pseudonymiser.tokens(kind=name, parts=[pd.Series(key).fillna("").to_numpy(), texts])

    def _read_age(self, columns: Columns, births: pd.Series) -> NDArray[np.float64]:
        """The age band: as recorded, else from the date of birth, else from the age in years, which are returned."""
        years = years_between(born=births, on=_event_days(columns))
        if heading := self._mapping.person.age:
            cell = self._cell(heading)
            stated = np.floor(self._numbers(cell, "age_band"))
            _bands, impossible = age_bands(stated)
            self._set_aside(impossible, field="age_band", reason="age_implausible", cell=cell)
            years = np.where(np.isfinite(years), years, np.where(impossible, np.nan, stated))
        bands, _impossible = age_bands(years)
        if "age_band" in columns:
            recorded = pd.Series(columns["age_band"])
            bands = recorded.where(recorded != NOT_RECORDED, pd.Series(bands)).array
        columns["age_band"] = bands
        return years

    def _substances(self, layout: SubstanceLayout) -> Texts:
        """Each record's substances with certainties in one text; NO_SUBSTANCE where none is recorded."""
        field = table_named("substances").field("substance")
        by_column = []
        for number, heading in enumerate(layout.columns):
            cell = self._cell(heading)
            own = self._words_of(field, heading, cell.texts)
            found, wrong = parse_substances(cell.texts, field=field, own=own, separators=layout.separators)
            self._set_aside_unknown(wrong, field=field, cell=cell, own=own, separators=layout.separators)
            by_column.append((found, self._certainties(layout, number)))
        for heading, substance in layout.yes_no.items():
            by_column.append((self._taken(heading, substance), self._certainties(layout, None)))
        return _joined_substances(by_column)

    def _taken(self, heading: str, substance: str) -> Texts:
        """The one substance of a column that says yes or no of it, where it says yes."""
        cell = self._cell(heading)
        own = self._words_of(SUBSTANCE_TAKEN, heading, cell.texts)
        answers, wrong = parse_choices(cell.texts, field=SUBSTANCE_TAKEN, own=own)
        self._set_aside_unknown(wrong, field=SUBSTANCE_TAKEN, cell=cell, own=own)
        found = np.empty(len(cell.texts), dtype=object)
        found[:] = [(substance,) if each == "yes" else () for each in answers]
        return found

    def _certainties(self, layout: SubstanceLayout, number: int | None) -> Texts:
        """How sure the substances of the column with this number are; None for the columns of yes and no."""
        if not layout.certainty_columns or (number is None and len(layout.certainty_columns) > 1):
            return np.full(len(self._now.block.row_numbers), layout.certainty, dtype=object)
        heading = layout.certainty_columns[number if number and len(layout.certainty_columns) > 1 else 0]
        cell, field = self._cell(heading), table_named("substances").field("certainty")
        own = self._words_of(field, heading, cell.texts)
        certainties, wrong = parse_choices(cell.texts, field=field, own=own)
        if number == 0 or len(layout.certainty_columns) > 1:
            self._set_aside_unknown(wrong, field=field, cell=cell, own=own)
        return np.asarray(certainties.astype(object))

    def _dose(self, layout: DoseLayout) -> Columns:
        fields = table_named("doses")
        given = (layout.given_at,) if isinstance(layout.given_at, str) else layout.given_at
        columns: Columns = {}
        if layout.count:
            most = table_named(FORM_TABLE).field("doses_given")
            columns["count"] = self._numbers(
                self._cell(layout.count), most.name, minimum=most.minimum, maximum=most.maximum, whole=True
            )
        if layout.officer:
            columns["officer_token"] = self._tokens("officer_token", (layout.officer,))
        if layout.kit:
            columns["kit_token"] = self._tokens("kit_token", (layout.kit,))
        if layout.officer_role:
            columns["officer_role"] = self._plain(fields.field("officer_role"), layout.officer_role)
        if layout.product:
            columns["product"] = self._plain(fields.field("product"), layout.product)
        if given:
            columns["given_at"] = self._optional_moments("given_at", given).instants.array
        # A dose that is numbered is one, whatever else is said of it; and where nothing is said of doses, each row is.
        told_by = [self._cell(heading) for heading in layout.told_by or self._mapping.key_headings("dose_id")]
        rows = len(self._now.block.row_numbers)
        columns["present"] = _anything_filled(told_by) if told_by else np.ones(rows, dtype=bool)
        return columns

    # --- waits --------------------------------------------------------------------------------------------------------

    def _wait(self, layout: WaitLayout) -> Columns:
        """One clock of the form; `present` where the form says anything of it."""
        started, ended = ((each,) if isinstance(each, str) else each for each in (layout.started_at, layout.ended_at))
        columns: Columns = {}
        told_by = (*clocks_of(started), *clocks_of(ended), *filter(None, (layout.minutes, layout.outcome)))
        end_moments = None
        if started:
            columns["started_at"] = self._optional_moments("started_at", started).instants.array
        if ended:
            end_moments = self._optional_moments("ended_at", ended)
            columns["ended_at"] = end_moments.instants.array
        if layout.minutes:
            columns["minutes"] = self._numbers(self._cell(layout.minutes), "minutes")
        if layout.outcome:
            columns["outcome"] = self._plain(table_named("waits").field("outcome"), layout.outcome)
        columns["present"] = _anything_filled([self._cell(heading) for heading in told_by])
        told_of = ended[0] if ended else layout.minutes
        cell = self._cell(told_of) if told_of else None
        self._settle_wait(columns, end_moments, cell, one_day=_share_a_day(started, ended))
        return columns

    def _settle_wait_table(self, columns: Columns) -> None:
        """The same rules for a file that is a table of waits."""
        started, ended = (self._mapping.headings_of(name) for name in ("started_at", "ended_at"))
        told_of = (*ended, *self._mapping.headings_of("minutes"))
        self._settle_wait(
            columns,
            self._now.moments.get("ended_at"),
            self._cell(told_of[0]) if told_of else None,
            one_day=_share_a_day(started, ended),
        )

    def _settle_wait(self, columns: Columns, end_moments: Moments | None, cell: _Cell | None, *, one_day: bool) -> None:
        """Minutes from the two times (else as stated) and the outcome; one that cannot be is set aside.

        An end that came twice as the clocks went back is taken the second time where the first is before the start.
        Where both clocks share the `one_day` that is written, an end before the start is the next day's, if the wait
        is then one that can be.
        """
        rows = len(self._now.block.row_numbers)
        minutes = np.asarray(columns.get("minutes", np.full(rows, np.nan)), dtype=float)
        if "started_at" in columns and end_moments is not None:
            start = pd.Series(columns["started_at"])
            end = end_moments.instants
            second = (end < start).to_numpy() & end_moments.ambiguous
            end = end.mask(second, end_moments.later_instants)
            if one_day:
                next_day = end + pd.Timedelta(days=1)
                past = (end < start) & (next_day - start <= pd.Timedelta(minutes=_LONGEST_WAIT_MINUTES))
                self._note("waits_past_midnight", past.to_numpy())
                end = end.mask(past, next_day)
            timed = ((end - start).dt.total_seconds() / 60).to_numpy()
            minutes = np.where(np.isfinite(timed), timed, minutes)
            columns["ended_at"] = end.array
        negative, too_long = minutes < 0, minutes > _LONGEST_WAIT_MINUTES
        unusable = negative | too_long
        self._set_aside(negative, field="minutes", reason="wait_negative", cell=cell)
        self._set_aside(too_long, field="minutes", reason="wait_too_long", cell=cell)
        minutes = np.where(unusable, np.nan, minutes)
        zero = minutes == 0
        stated = pd.Series(
            columns.get("outcome", pd.Categorical([NOT_RECORDED] * rows, categories=list(WAIT_OUTCOMES)))
        )
        # "Not called" beside two clocks that are the same is no ambulance that was there.
        there = zero & stated.isin([NOT_RECORDED, "arrived", "already_there"]).to_numpy()
        minutes = np.where(zero & ~there, np.nan, minutes)
        stated = stated.mask(there, "already_there")
        stated = stated.mask((stated == NOT_RECORDED).to_numpy() & (minutes > 0), "arrived")
        columns["minutes"], columns["outcome"] = minutes, stated.array
        if "ended_at" in columns:
            columns["ended_at"] = pd.Series(columns["ended_at"]).mask(unusable).array


def _share_a_day(started: Sequence[str], ended: Sequence[str]) -> bool:
    """Whether two clocks have one column of dates: the day of the call, which an arrival past midnight has too."""
    return len(started) > 1 and len(ended) > 1 and plain_heading(started[0]) == plain_heading(ended[0])


def _event_days(columns: Columns) -> pd.Series:
    """The day of the event: a second file has it only where it is matched by it."""
    return pd.Series(columns["local_date"] if "local_date" in columns else columns["match_day"])


def _key_texts(texts: Texts) -> Texts:
    """Keys with single spaces; what says that there is none is empty."""
    return _mapped(texts, lambda text: "" if is_nothing(text) else " ".join(whole_number(text).split()))


def _joined(parts: list[Texts]) -> Texts:
    """The texts of several columns, side by side."""
    if len(parts) == 1:
        return parts[0]
    joined = np.empty(len(parts[0]), dtype=object)
    joined[:] = [" ".join(row) for row in zip(*parts, strict=True)]
    return joined


def _code(text: str) -> str:
    return "" if is_nothing(text) else normalise_code(text)


def _range_of_age(text: str) -> str:
    return "" if is_nothing(text) else plain_value(text)


def doses_of_each(columns: Mappings[str, object], prefix: str) -> NDArray[np.int64]:
    """How many doses each row's entry stands for: what it states, else one where anything of it is recorded."""
    present = np.asarray(columns[f"{prefix}present"], dtype=bool)
    if f"{prefix}count" not in columns:
        return present.astype(np.int64)
    stated = np.asarray(columns[f"{prefix}count"], dtype=float)
    return np.where(np.isfinite(stated), np.nan_to_num(stated), present).astype(np.int64)


def _excel_dates(among: Mask, cell: _Cell) -> Mask:
    """Which of some cells hold Excel's own number of a date."""
    found = among.copy()
    found[among] = [is_excel_date(text) for text in cell.texts[among]]
    return found


def _area(text: str) -> str | None:
    return None if is_nothing(text) else plain_value(text)


def _postcode(text: str) -> str:
    return "" if is_nothing(text) else text


def _mapped(texts: Texts, function: Callable[[str], object]) -> Texts:
    """`function` of each text, called once for each distinct one."""
    codes, distinct = pd.factorize(texts)
    table = np.empty(len(distinct), dtype=object)
    table[:] = [function(text) for text in distinct]
    return table[codes]


def _anything_filled(cells: list[_Cell]) -> Mask:
    filled = [_mapped(cell.texts, lambda text: not is_nothing(text)).astype(bool) for cell in cells]
    return np.any(filled, axis=0)


def _joined_substances(by_column: list[tuple[Texts, Texts]]) -> Texts:
    known: dict[tuple[object, ...], str] = {}
    joined = np.empty(len(by_column[0][0]), dtype=object)
    for row, parts in enumerate(zip(*(part for column in by_column for part in column), strict=True)):
        if parts not in known:
            known[parts] = _one_text(parts[0::2], parts[1::2])
        joined[row] = known[parts]
    return joined


def _one_text(substances: Sequence[tuple[str, ...]], certainties: Sequence[str]) -> str:
    """The substances of one record, each once, with the certainty that it is first stated with."""
    found: dict[str, str] = {}
    for items, certainty in zip(substances, certainties, strict=True):
        for item in items:
            found.setdefault(item, f"{item}{PAIR_MARK}{certainty}")
    return SUBSTANCE_MARK.join(found.values()) or NO_SUBSTANCE
