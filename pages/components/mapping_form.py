"""How a file would be read, drafted from the file or taken from a kept mapping, and corrected on screen.

Each widget begins with what was drafted; the mapping is made from the widgets anew at each run, so nothing is kept but
what Streamlit keeps of widgets. A part of a mapping that has no widget goes through as it is.
"""

import copy
import io
import tomllib
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Mappings
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analytics.findings.import_history import table_words
from analytics.findings.words import field_label
from data.drafting import Draft, FieldDraft, draft_mapping
from data.drafting.heading_words import field_words
from data.drafting.sheets import sheets_of_records
from data.ingest import NoRowsError
from data.known_numbers import KnownNumbers
from data.mapping import FORM_TABLE, ROW_KEYS, FileLayout, Mapping, mapped_fields, needed_fields, plain_heading
from data.mapping_toml import check_mapping, mapping_toml
from data.reading import FileSample, UnreadableFileError, sample_file
from data.reading.file_rows import SeveralSheetsError
from data.saved_mappings import load_saved_mapping, saved_mappings
from data.schema import NOT_RECORDED, TABLES, Field
from data.settings import Settings
from geo.areas import Geography
from pages.components.import_job import without_values
from pages.components.import_steps import hold_boxes, import_steps
from pages.components.rows_that_count import (
    edit_rows_that_count,
    edit_rows_withdrawn,
    same_rows,
    title_of_rows_that_count,
    title_of_rows_withdrawn,
)
from pages.components.theme import show_lines, show_small
from wording import NaloxoneWatchError, _, format_count, join_words, ngettext

__all__ = ["Reading", "choose_reading"]

Raw = dict[str, Any]
T = TypeVar("T")

# Stands for a mapping that is drafted from the file itself.
_DRAFTED = ""
# Stands for a field that no column fills; no heading is empty.
_NO_COLUMN = ""
# Stands for one value that every row has; no heading is such a text.
_ONE_VALUE = "\0"
# How a part of a key is compared: as it stands, by its letters and digits, or by its day.
_AS_IT_STANDS = ""
# Parts of a mapping outside [columns] that a heading can fill, by their path in the file.
_SINGLE_PARTS = (
    "place.x",
    "place.y",
    "place.point",
    "place.postcode",
    "place.area",
    "person.name",
    "person.identifier",
    "person.date_of_birth",
    "person.age",
    "substances",
)
# Parts of which a row may have several, each a list in the mapping.
_LISTED_PARTS = {
    "doses": ("count", "officer", "officer_role", "product", "kit", "given_at"),
    "waits": ("started_at", "ended_at", "minutes", "outcome"),
}
# What an entry of such a list says beside its headings.
_ENTRY_SETTINGS = {"kind", "clock"}
_SEVERAL_HEADINGS = ("person.name", "substances")
_TIMES = ("started_at", "ended_at", "given_at")
# What the boxes for the layout show of a file that could not be read as it is.
_FIRST_GUESS = {"header_row": 1, "header_rows": 1, "separator": ",", "encoding": "utf-8"}
_SEPARATORS = (",", ";", "\t", "|")
_BOXES_A_ROW = 4
_ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16")


class FieldNeededError(NaloxoneWatchError):
    """A field without which no row could be used has no column yet."""

    def __init__(self, fields: str) -> None:
        super().__init__(
            _(
                "No row could be used yet: choose the column of {fields}. Where there is no box for it, take it under "
                "“{box}” first."
            ).format(fields=fields, box=_("Add a field"))
        )


class OtherFileError(NaloxoneWatchError):
    """A kept mapping none of whose columns is in the file."""

    def __init__(self, name: str) -> None:
        super().__init__(
            _(
                "None of the columns that “{name}” reads is in this file. Choose another under “{box}”. If it is the "
                "right one, the headings may be in another row: see “{layout}”."
            ).format(name=name, box=_("How is it read?"), layout=_("How the file is laid out"))
        )


class SheetNeededError(NaloxoneWatchError):
    """A workbook none of whose sheets looks like records."""

    def __init__(self) -> None:
        super().__init__(
            _("None of its sheets looks like records: choose the one to read under “{box}”.").format(box=_("Sheet"))
        )


class ColumnsMissingError(NaloxoneWatchError):
    """The form names columns that are not in the file: those of a kept mapping."""

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__(
            ngettext(
                "The file has no column {headings}. Choose another in its box, or none.",
                "The file has no columns {headings}. Choose others in their boxes, or none.",
                len(headings),
            ).format(headings=join_words([f"“{heading}”" for heading in headings]))
        )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A mapping that can be used, the sample it was corrected on, and a name to keep it under.

    `drafted` from the file, or kept from another.
    """

    mapping: Mapping
    sample: FileSample
    name: str
    drafted: bool


def choose_reading(
    file: UploadedFile,
    *,
    settings: Settings,
    geography: Geography,
    known_sources: tuple[str, ...],
    known_numbers: KnownNumbers | None,
) -> Reading | None:
    """Draw the form and return what it says; `known_sources` are those of the store's administrations, and
    `known_numbers` asks whose numbers a column holds.

    Raises NaloxoneWatchError: an unreadable file, an unusable mapping.
    """
    hold_boxes(file.file_id)
    misfits = _misfits(file, settings)
    left, right = st.columns(2)
    chosen = left.selectbox(
        _("How is it read?"),
        (_DRAFTED, *sorted(saved_mappings(), key=lambda name: name in misfits)),
        format_func=lambda name: (
            _("{name} (none of its columns is in this file)").format(name=name)
            if name in misfits
            else name or _("As drafted from the file")
        ),
        key=f"start-{file.file_id}",
        help=_("A mapping says which column is what. Kept ones are in your configuration folder."),
    )
    start = load_saved_mapping(chosen) if chosen else None
    sample = _sample(file, settings, start.file if start else None)
    if not sample.rows:
        raise NoRowsError(_("The file {file} has headings and no rows.").format(file=sample.label))
    if start is not None and not _headings_there(start, sample):
        raise OtherFileError(chosen)
    with right:
        draft = _draft(sample, settings, geography, file.file_id, start, known_sources, known_numbers)
    prefix = f"{file.file_id}|{chosen}|{draft.table}|{'joins' in draft.raw}|{sample.layout!r}"
    raw = copy.deepcopy(tomllib.loads(mapping_toml(start)) if start else draft.raw)
    raw["synthetic"] = settings.store.synthetic
    drafted = raw.get("file", {})
    raw["file"] = sample.layout.model_dump(exclude_none=True) | {
        "decimal": drafted.get("decimal", "."),
        "fill_down": list(drafted.get("fill_down", ())),
    }
    found = st.container()
    _edit_file(raw, prefix)
    if draft.table == FORM_TABLE and not raw.get("joins"):
        _edit_rows(raw, prefix)
    left, right = st.columns(2)
    with left:
        raw["only"] = edit_rows_that_count(raw.get("only", {}), sample, prefix)
    with right:
        raw["withdrawn"] = edit_rows_withdrawn(raw.get("withdrawn", {}), sample, prefix)
    with found:
        _show_what_was_found(sample, draft, start, rows_chosen=not same_rows(raw["only"], draft.raw.get("only", {})))
    _edit_fill_down(raw, sample, prefix)
    _edit_midnights(raw, prefix)
    _edit_yes_no(raw, prefix)
    raw["columns"] = dict(raw.get("columns", {}))
    _edit_fields(raw, sample, draft, prefix)
    _edit_values(raw, draft, prefix)
    _check_needed(raw, draft.table)
    mapping = check_mapping(raw)
    there = _headings_there(mapping, sample)
    if missing := [heading for heading in mapping.headings if plain_heading(heading) not in there]:
        raise ColumnsMissingError(missing)
    _show_unread(mapping, sample, draft)
    name = chosen or _plain_name(mapping.source)
    return Reading(mapping=mapping, sample=sample, name=name, drafted=start is None)


def _headings_there(mapping: Mapping, sample: FileSample) -> set[str]:
    """The headings of the file, in plain form, that a mapping reads."""
    return {plain_heading(heading) for heading in mapping.headings} & {
        plain_heading(heading) for heading in sample.headings
    }


def _misfits(file: UploadedFile, settings: Settings) -> set[str]:
    """The kept mappings that read no column of the file; none where it cannot be read without a word more."""

    def find() -> set[str]:
        try:
            sample = _read_sample(file, settings, None)
        except NaloxoneWatchError:
            return set()
        return {name for name in saved_mappings() if not reads(name, sample)}

    def reads(name: str, sample: FileSample) -> bool:
        try:
            return bool(_headings_there(load_saved_mapping(name), sample))
        except NaloxoneWatchError:
            # One that cannot be used says so where it is chosen.
            return True

    return import_steps().keep(f"misfits|{saved_mappings()}", find)


def _check_needed(raw: Raw, table: str) -> None:
    """Raises FieldNeededError."""
    if raw.get("joins"):
        return
    fields = mapped_fields(table)
    for names in needed_fields(table):
        if not any(raw["columns"].get(name) for name in names):
            one, *other = (f"“{field_label(name, fields[name].description)}”" for name in names)
            raise FieldNeededError(_("{one} or {other}").format(one=one, other=other[0]) if other else one)


def _sample(file: UploadedFile, settings: Settings, stated: FileLayout | None) -> FileSample:
    """The file's first rows, laid out as found, or as the reader says in "How the file is laid out"."""

    def read(layout: FileLayout | None) -> FileSample:
        return _read_sample(file, settings, layout)

    sheet = _choose_sheet(read, stated, file.file_id)
    if sheet is None:
        return _as_laid_out(read, stated, file.file_id)
    chosen = (stated or FileLayout()).model_copy(update={"sheet": sheet})
    return _as_laid_out(read, chosen, f"{file.file_id}-{sheet}")


def _choose_sheet(read: Callable[[FileLayout | None], FileSample], stated: FileLayout | None, key: str) -> str | None:
    """The sheet to read of a workbook with several, the likeliest until the reader chooses; None where it is plain.

    Raises SheetNeededError.
    """
    try:
        found = read(stated)
    except SeveralSheetsError as error:
        sheets, note = error.sheets, ""
        likely = import_steps().keep(
            "likely-sheets", lambda: tuple(sheets_of_records(lambda sheet: read(FileLayout(sheet=sheet)), sheets))
        )
        if likely:
            note = ngettext(
                "Of its {sheets} sheets {count} looks like records, and it is chosen.",
                "Of its {sheets} sheets {count} look like records, and the first of these is chosen. Each is imported "
                "by itself.",
                len(likely),
            ).format(sheets=format_count(len(sheets)), count=format_count(len(likely)))
    except UnreadableFileError:
        # What can be done about it is chosen in the boxes of the layout.
        return None
    else:
        sheets, note, likely = found.sheets, "", (str(found.layout.sheet),)
    if len(sheets) < 2:
        return None
    sheet = st.columns(2)[0].selectbox(
        _("Sheet"),
        sheets,
        index=sheets.index(likely[0]) if likely else None,
        key=f"sheet-{key}",
        placeholder=_("Choose a sheet"),
    )
    show_small(note)
    if sheet is None:
        raise SheetNeededError
    return sheet


def _read_sample(file: UploadedFile, settings: Settings, layout: FileLayout | None) -> FileSample:
    content = io.BytesIO(file.getvalue())
    return import_steps().keep(
        f"sample|{layout!r}",
        lambda: without_values(
            lambda: sample_file(source=content, label=file.name, limits=settings.imports, layout=layout)
        ),
    )


def _as_laid_out(read: Callable[[FileLayout | None], FileSample], stated: FileLayout | None, key: str) -> FileSample:
    """The sample with the layout that was found, corrected by the reader."""
    try:
        found = read(stated)
    except SeveralSheetsError:
        raise
    except UnreadableFileError:
        guess = (stated or FileLayout()).model_copy(update=_FIRST_GUESS)
        layout = _edit_layout(guess, key)
        if layout == guess:
            raise
        return read(layout)
    layout = _edit_layout(found.layout, key)
    return found if layout == found.layout else read(layout)


def _edit_layout(layout: FileLayout, key: str) -> FileLayout:
    """Where the headings are and how cells are told apart."""
    with st.expander(_("How the file is laid out")):
        columns = st.columns(4)
        header_row = columns[0].number_input(
            _("Row with the headings"), min_value=1, max_value=1000, value=layout.header_row or 1, key=f"header-{key}"
        )
        header_rows = columns[3].number_input(
            _("Rows of headings, this one the last"),
            min_value=1,
            max_value=3,
            value=layout.header_rows or 1,
            key=f"header-rows-{key}",
            help=_("Upper headings that stand over several columns are joined to those under them."),
        )
        changed: dict[str, object] = {
            "header_row": int(header_row),
            "header_rows": min(int(header_rows), int(header_row)),
        }
        if layout.sheet is None:
            names = {",": _("Comma"), ";": _("Semicolon"), "\t": _("Tab"), "|": _("Vertical bar")}
            changed["separator"] = columns[1].selectbox(
                _("Separator"),
                _SEPARATORS,
                format_func=names.get,
                index=_index(_SEPARATORS, layout.separator),
                key=f"separator-{key}",
            )
            encodings = tuple(dict.fromkeys((layout.encoding or _ENCODINGS[0], *_ENCODINGS)))
            changed["encoding"] = columns[2].selectbox(_("Encoding"), encodings, key=f"encoding-{key}")
        return layout.model_copy(update=changed)


def _draft(
    sample: FileSample,
    settings: Settings,
    geography: Geography,
    key: str,
    start: Mapping | None,
    known_sources: tuple[str, ...],
    known_numbers: KnownNumbers | None,
) -> Draft:
    """The draft for the table that the reader chose, or for the one that fits best."""

    def draft(table: str | None, may_join: bool = True) -> Draft:
        return import_steps().keep(
            f"draft|{table}|{may_join}|{sample.layout!r}",
            lambda: without_values(
                lambda: draft_mapping(
                    sample=sample,
                    settings=settings,
                    table=table,
                    geography=geography,
                    known_sources=known_sources,
                    may_join=may_join,
                    known_numbers=known_numbers,
                )
            ),
        )

    if start is not None:
        return draft(start.target)
    guessed = draft(None)
    words = {table: word for table, word in table_words().items() if field_words(table)}
    chosen = st.selectbox(
        _("What is it about?"),
        list(words),
        format_func=words.get,
        index=_index(list(words), guessed.table),
        key=f"table-{key}",
        help=guessed.table_why,
    )
    drafted = guessed if chosen == guessed.table else draft(chosen)
    if "joins" in drafted.raw and not st.checkbox(_("It adds to other records"), value=True, key=f"joins-{key}"):
        return draft(chosen, may_join=False)
    return drafted


def _show_what_was_found(sample: FileSample, draft: Draft, start: Mapping | None, *, rows_chosen: bool) -> None:
    """What is in doubt, for the reader to settle in the boxes below; which rows count is not, once that was chosen."""
    doubts = []
    for question in draft.questions if start is None else ():
        # What nothing in the mapping settles must be settled at the source.
        of_rows = question.setting == "only" and bool(question.in_mapping)
        if of_rows and rows_chosen:
            continue
        box = title_of_rows_that_count() if of_rows else _box_that_settles(question.setting, draft)
        doubts.append(
            _("{sentence} It is settled under “{box}”.").format(sentence=question.sentence, box=box)
            if box
            else question.sentence
        )
    show_lines([*sample.notes, *doubts, *(draft.advice if start is None else ())])


def _box_that_settles(setting: str, draft: Draft) -> str:
    """What the box is called that holds a setting of the mapping; "" where none does, or its sentence names it."""
    section, _dot, name = setting.partition(".")
    if section == "columns":
        return _meanings(draft)[name] if name in draft.raw["columns"] else _("Add a field")
    return {
        "file.fill_down": _("A blank cell is that of the row above in"),
        "place.x": _("Longitude or easting"),
        "place.crs": _("Coordinates are"),
        "place.location_precision_m": _("How far the true places may be from these, in metres (empty: exact)"),
        "times.day_first": _("Order of day and month"),
        "times.formats": _("Date format, if unusual"),
        "rows": _("What is a row?"),
        "repeats": _("A row that repeats another is"),
        "joins": _("It adds to other records") if "joins" in draft.raw else _("What is it about?"),
        "parent_source": _("Source of the records that it adds to"),
        "target": _("What is it about?"),
        "waits": _("Ambulance {number}: whose clock").format(number=1),
        "withdrawn": title_of_rows_withdrawn(),
    }.get(setting, "")


def _show_unread(mapping: Mapping, sample: FileSample, draft: Draft) -> None:
    """The columns that no field is read from, and why where the draft says."""
    read = {plain_heading(heading) for heading in mapping.headings}
    why = {plain_heading(each.heading): each.why for each in draft.unused}
    unread = [heading for heading in sample.headings if plain_heading(heading) not in read]
    if unread:
        with st.expander(
            ngettext("{count} column is not read", "{count} columns are not read", len(unread)).format(
                count=format_count(len(unread))
            )
        ):
            show_lines(
                [
                    _("{heading}: {why}").format(heading=heading, why=why[plain_heading(heading)])
                    if plain_heading(heading) in why
                    else heading
                    for heading in unread
                ]
            )


def _edit_file(raw: Raw, key: str) -> None:
    """What the mapping says of the whole file: its source, what a missing row means, how dates and numbers look."""
    columns = st.columns((3, 4, 3, 3, 2), vertical_alignment="bottom")
    raw["source"] = columns[0].text_input(
        _("Source"),
        value=str(raw.get("source", "")),
        max_chars=60,
        key=f"source|{key}",
        help=_("The system or form, such as Niche occurrence log. Never a name."),
    )
    kinds = {
        "some": _("Some: others stay"),
        "its_days": _("All of its days: others of these days are withdrawn"),
        "everything": _("All there is: every other record is withdrawn"),
    }
    if "occurred_at" not in raw.get("columns", {}):
        del kinds["its_days"]
    kind = columns[1].selectbox(
        _("Which records does it hold?"),
        list(kinds),
        format_func=kinds.get,
        index=_index(list(kinds), raw.get("covers", "everything") if raw.get("extract") == "full" else "some"),
        key=f"extract|{key}",
    )
    raw["extract"] = "incremental" if kind == "some" else "full"
    raw["covers"] = "its_days" if kind == "its_days" else "everything"
    times = dict(raw.get("times", {}))
    orders = {True: _("Day first: 31/12/2025"), False: _("Month first: 12/31/2025")}
    times["day_first"] = columns[2].selectbox(
        _("Order of day and month"),
        list(orders),
        format_func=orders.get,
        index=_index(list(orders), times.get("day_first", True)),
        key=f"day-first|{key}",
    )
    formats = columns[3].text_input(
        _("Date format, if unusual"),
        value="; ".join(times.get("formats", ())),
        key=f"formats|{key}",
        placeholder="%d/%m/%Y %H:%M",
        help=_("In strptime's codes; several are parted by semicolons."),
    )
    times["formats"] = [each.strip() for each in formats.split(";") if each.strip()]
    raw["times"] = times
    marks = (".", ",")
    raw["file"]["decimal"] = columns[4].selectbox(
        _("Decimal mark"),
        marks,
        format_func={".": "51.48", ",": "51,48"}.get,
        index=_index(marks, raw["file"]["decimal"]),
        key=f"decimal|{key}",
    )
    if "joins" in raw:
        # On a line of its own: above the others it would push them down.
        raw["parent_source"] = st.columns(4)[0].text_input(
            _("Source of the records that it adds to"),
            value=str(raw.get("parent_source", "")),
            max_chars=60,
            key=f"parent-source|{key}",
        )


def _edit_rows(raw: Raw, key: str) -> None:
    """What a row stands for, and what a row is that repeats another."""
    words = {
        ("person",): _("One person treated"),
        ("substance",): _("One drug of a person"),
        ("dose",): _("One dose of a person"),
        ("substance", "dose"): _("One drug and one dose of a person"),
        ("officer",): _("One officer's report on a person"),
    }
    found = raw.pop("rows", "person")
    current = (found,) if isinstance(found, str) else tuple(found)
    options = list(dict.fromkeys((*words, current)))
    left, right = st.columns(2)
    chosen = left.selectbox(
        _("What is a row?"),
        options,
        format_func=lambda kinds: words.get(kinds, ", ".join(kinds)),
        index=_index(options, current),
        key=f"rows|{key}",
        help=_("Rows with the same key of an administration become one person. Two people are never made one."),
    )
    if chosen != ("person",):
        raw["rows"] = chosen[0] if len(chosen) == 1 else list(chosen)
    else:
        raw["columns"] = {name: each for name, each in raw.get("columns", {}).items() if name not in ROW_KEYS}
    repeats = raw.pop("repeats", "same")
    if "dose" in chosen:
        meanings = {"same": _("The same row, written twice"), "doses": _("One more dose")}
        again = right.selectbox(
            _("A row that repeats another is"),
            list(meanings),
            format_func=meanings.get,
            index=_index(list(meanings), repeats),
            key=f"repeats|{key}",
        )
        if again != "same":
            raw["repeats"] = again
        raw["doses"] = raw.get("doses") or [{}]


def _edit_fill_down(raw: Raw, sample: FileSample, key: str) -> None:
    """The columns whose blank cells stand for the one above: dates and keys alone, in which others would wait."""
    drafted = raw["file"]["fill_down"]
    needed = [each for path in ("occurred_at", "incident_id", "administration_id") for each in _headings_at(raw, path)]
    places = {heading: place for place, heading in enumerate(sample.headings) if heading in needed}
    blank = [heading for heading, place in places.items() if any(not row[place] for row in sample.rows)]
    if drafted or blank:
        raw["file"]["fill_down"] = st.multiselect(
            _("A blank cell is that of the row above in"),
            list(dict.fromkeys((*drafted, *blank))),
            default=drafted,
            key=f"fill-down|{key}",
            placeholder=_("No column: rows with a blank there wait"),
            help=_("Where a date is written once a day, or a number once an incident. The outermost comes first."),
        )


def _edit_midnights(raw: Raw, key: str) -> None:
    """What midnights stand for: a box where a trial found that they may be dates alone, or where that was answered."""
    steps, box = import_steps(), f"midnights|{key}"
    stated = raw["times"].pop("midnights", "")
    told = steps.trial.warnings if steps.trial is not None else ()
    asked = any("midnights =" in line for each in told for line in each.lines())
    if not (stated or asked or steps.boxes.get(box)):
        return
    meanings = {
        "": _("Worked out from the file"),
        "dates": _("Dates whose time is not known"),
        "times": _("Times like any other"),
    }
    chosen = st.columns(_BOXES_A_ROW)[0].selectbox(
        _("Midnights are"), list(meanings), format_func=meanings.get, index=_index(list(meanings), stated), key=box
    )
    raw["times"] |= {"midnights": chosen} if chosen else {}


def _edit_yes_no(raw: Raw, key: str) -> None:
    """The columns that say yes or no of one substance: each can be dropped."""
    layout = dict(raw.get("substances", {}))
    for heading, substance in layout.get("yes_no", {}).items():
        words = _("Yes under “{heading}” is {substance}").format(heading=heading, substance=substance.replace("_", " "))
        if not st.checkbox(words, value=True, key=f"yes-no-{heading}|{key}"):
            layout["yes_no"] = {name: each for name, each in layout["yes_no"].items() if name != heading}
    if layout.get("yes_no") or layout.get("columns"):
        raw["substances"] = layout
    else:
        raw.pop("substances", None)


def _edit_fields(raw: Raw, sample: FileSample, draft: Draft, key: str) -> None:
    """A box for each field that has a heading or needs one, then for those that the reader adds."""
    meanings = _meanings(draft)
    if draft.table == FORM_TABLE and "rows" not in raw:
        meanings = {name: meaning for name, meaning in meanings.items() if name not in ROW_KEYS}
    parts = _listed_parts(raw) if draft.table == FORM_TABLE else {}
    meanings |= {**_form_words(), **parts} if draft.table == FORM_TABLE else _place_words()
    paths = (*raw["columns"], *_SINGLE_PARTS, *parts)
    filled = [path for path in paths if _headings_at(raw, path) or _value_at(raw, path) is not None]
    by_path = {each.field: each for each in draft.fields}
    st.header(_("Which column is what"))
    more = st.multiselect(
        _("Add a field"),
        [path for path in meanings if path not in filled],
        format_func=lambda path: f"{meanings[path]} ({path})",
        key=f"more|{key}",
        placeholder=_("Fields that no column fills yet"),
    )
    for row in _in_rows((*filled, *more)):
        for box, path in zip(st.columns(_BOXES_A_ROW), row, strict=False):
            with box:
                _edit_field(raw, path, meanings.get(path, path), sample, by_path.get(path), key)
    for section in _LISTED_PARTS:
        numbered = section == "doses" and "dose_id" in raw["columns"]
        raw[section] = [entry for entry in raw.get(section, ()) if numbered or set(entry) - _ENTRY_SETTINGS]
    _edit_clocks(raw, key)
    if _headings_at(raw, "place.x") or _headings_at(raw, "place.point"):
        asked = next((each.choices for each in draft.questions if each.setting == "place.crs"), ())
        _edit_coordinates(raw, asked, key)


def _meanings(draft: Draft) -> dict[str, str]:
    """What the fields of the draft's table are called, those that tell the rows of a person apart among them."""
    meanings = {name: field_label(name, field.description) for name, field in mapped_fields(draft.table).items()}
    if draft.table == FORM_TABLE:
        meanings |= {"dose_id": _("Number of the dose, where a person has several"), "row_id": _("Number of the row")}
    return meanings


def _edit_field(raw: Raw, path: str, meaning: str, sample: FileSample, drafted: FieldDraft | None, key: str) -> None:
    """One field's box: a heading, or several where a key, a person or a time is composed."""
    current = _headings_at(raw, path)
    options = [heading for heading in dict.fromkeys((*sample.headings, *current)) if heading]
    why = drafted.why if drafted is not None and drafted.headings == current else None
    if _takes_several(path, raw):
        chosen = st.multiselect(meaning, options, default=list(current), key=f"{path}|{key}", help=why)
        before = raw["columns"].get(path)
        _put(raw, path, chosen)
        if _is_key(path, raw):
            _edit_parts(raw, path, chosen, before, meaning, key)
        return
    value = _value_at(raw, path)
    # A box that begins with a heading cannot be emptied, so "no column" is one of its choices.
    choices = (_NO_COLUMN, *((_ONE_VALUE,) if _can_be_fixed(path, raw) else ()), *options)
    words = {_NO_COLUMN: _("No column"), _ONE_VALUE: _("One value for every row")}
    one = st.selectbox(
        meaning,
        choices,
        index=choices.index(current[0] if current else _NO_COLUMN if value is None else _ONE_VALUE),
        format_func=lambda heading: words.get(heading, heading),
        key=f"{path}|{key}",
        help=why,
    )
    if one == _ONE_VALUE:
        _edit_one_value(raw, path, value or "", meaning, key)
    else:
        _put(raw, path, [one] if one else [])


def _edit_clocks(raw: Raw, key: str) -> None:
    """Whose clock tells of each wait for an ambulance."""
    words = {
        "ambulance_cad": _("The ambulance service's"),
        "police_log": _("The police log's"),
        "officer_estimate": _("An officer's estimate"),
        NOT_RECORDED: _("Not known"),
    }
    for row in _in_rows(list(enumerate(raw["waits"], start=1))):
        for box, (number, wait) in zip(st.columns(_BOXES_A_ROW), row, strict=False):
            stated = wait.get("clock", NOT_RECORDED)
            chosen = box.selectbox(
                _("Ambulance {number}: whose clock").format(number=number),
                list(words),
                format_func=words.get,
                index=_index(list(words), stated),
                key=f"clock-{number}|{key}",
            )
            if chosen != stated:
                wait["clock"] = chosen


def _edit_one_value(raw: Raw, path: str, value: str, meaning: str, key: str) -> None:
    """The value that every row of the file has for a field."""
    field = mapped_fields(str(raw.get("target", FORM_TABLE)))[path]
    label = _("{field}, in every row").format(field=meaning)
    if field.values:
        chosen = st.selectbox(
            label,
            field.values,
            index=_index(field.values, value),
            format_func=lambda word: word.replace("_", " "),
            key=f"value-of-{path}|{key}",
        )
    else:
        chosen = st.text_input(label, value=value, max_chars=60, key=f"value-of-{path}|{key}").strip()
    raw["columns"].pop(path, None)
    if chosen:
        raw["columns"][path] = {"fixed": chosen}


def _edit_parts(raw: Raw, path: str, chosen: Sequence[str], before: object, meaning: str, key: str) -> None:
    """How each part of a key is compared."""
    kinds = {
        _AS_IT_STANDS: _("as it stands"),
        "code": _("by letters and digits alone"),
        "day": _("by its day alone"),
    }
    parts: list[str | dict[str, str]] = []
    for heading in chosen:
        kind = st.selectbox(
            _("{field}: “{heading}” is compared").format(field=meaning, heading=heading),
            list(kinds),
            format_func=kinds.get,
            index=_index(list(kinds), _kind_of_part(before, heading)),
            key=f"part-{path}-{heading}|{key}",
        )
        parts.append({kind: heading} if kind else heading)
    if parts:
        raw["columns"][path] = parts[0] if len(parts) == 1 else parts


def _kind_of_part(found: object, heading: str) -> str:
    """How the mapping that the form began with compares this heading in a key."""
    for part in found if isinstance(found, list) else [found]:
        if isinstance(part, Mappings) and heading in part.values():
            return str(next(iter(part)))
    return _AS_IT_STANDS


def _edit_coordinates(raw: Raw, systems: Sequence[str], key: str) -> None:
    """Boxes for how coordinates are meant; `systems` are those that the draft asks about."""
    place = dict(raw["place"])
    words = {
        "EPSG:4326": _("Longitude and latitude (EPSG:4326)"),
        "EPSG:27700": _("British National Grid, metres (EPSG:27700)"),
        "EPSG:29903": _("Irish Grid, metres (EPSG:29903)"),
    }
    options = list(dict.fromkeys((*words, place.get("crs", "EPSG:4326"), *systems)))
    first, second, third = st.columns(3, vertical_alignment="bottom")
    place["crs"] = first.selectbox(
        _("Coordinates are"),
        options,
        format_func=lambda crs: words.get(crs, crs),
        index=_index(options, place.get("crs", "EPSG:4326")),
        key=f"crs|{key}",
    )
    swapped = place.pop("swapped", False)
    if place.get("point") and st.checkbox(
        _("The longitude, or the northing, stands first"), value=swapped, key=f"swapped|{key}"
    ):
        place["swapped"] = True
    stated_m = place.pop("location_precision_m", None)
    precision_m = second.number_input(
        _("How far the true places may be from these, in metres (empty: exact)"),
        min_value=0.0,
        max_value=100_000.0,
        value=None if stated_m is None else float(stated_m),
        step=100.0,
        format="%.0f",
        key=f"precision|{key}",
    )
    meanings = {"": _("Ask me"), "places": _("Places"), "areas": _("Middles of areas, or defaults")}
    shared = third.selectbox(
        _("Points that many rows share or lie around are"),
        list(meanings),
        format_func=meanings.get,
        index=_index(list(meanings), place.pop("shared_points", "")),
        key=f"shared|{key}",
    )
    place |= {} if precision_m is None else {"location_precision_m": precision_m}
    raw["place"] = place | ({"shared_points": shared} if shared else {})


def _edit_values(raw: Raw, draft: Draft, key: str) -> None:
    """A box for each word that occurs often and is on no list: what it stands for."""
    fields = {field.name: field for table in TABLES for field in table.fields if field.values}
    unknown = [each for each in draft.unknown_values if each.shown and each.field in fields]
    if not unknown:
        return
    st.header(_("Words that are on no list yet"))
    show_small(_("A word that stands for nothing here is set aside, and its row goes in without it."))
    values = {name: dict(known) for name, known in raw.get("values", {}).items()}
    for row in _in_rows([(each.field, each.heading, word) for each in unknown for word in each.shown]):
        for box, (field, heading, word) in zip(
            st.columns(_BOXES_A_ROW, vertical_alignment="bottom"), row, strict=False
        ):
            choices = ("", *fields[field].values)
            chosen = box.selectbox(
                _("{heading}: {word}").format(heading=heading, word=word),
                choices,
                index=_index(choices, values.get(field, {}).get(word)),
                format_func=lambda value: value.replace("_", " ") or _("Not known"),
                key=f"value-{field}-{word}|{key}",
            )
            if chosen:
                values.setdefault(field, {})[word] = chosen
    raw["values"] = values


def _in_rows(entries: Sequence[T]) -> list[Sequence[T]]:
    """As they are read: from left to right, a row of boxes after the other."""
    return [entries[first : first + _BOXES_A_ROW] for first in range(0, len(entries), _BOXES_A_ROW)]


def _headings_at(raw: Raw, path: str) -> tuple[str, ...]:
    """The headings at a path, those of a key's parts too; none where nothing is there, or no heading."""
    found: object = raw["columns"].get(path)
    if found is None:
        section, _dot, name = path.partition(".")
        found = raw.get(section)
        for part in (name or "columns").split("."):
            if isinstance(found, list) and part.isdigit():
                found = found[int(part) - 1] if len(found) >= int(part) else None
            else:
                found = found.get(part) if isinstance(found, Mappings) else None
    parts = found if isinstance(found, list) else [found]
    headings = [_heading_of_part(part) for part in parts]
    return tuple(heading for heading in headings if heading)


def _heading_of_part(part: object) -> str:
    if isinstance(part, Mappings):
        return str(part.get("code") or part.get("day") or "")
    return part if isinstance(part, str) else ""


def _value_at(raw: Raw, path: str) -> str | None:
    """The one value of a field for every row; None where it comes from a column or from nowhere."""
    found = raw["columns"].get(path)
    return str(found["fixed"]) if isinstance(found, Mappings) and "fixed" in found else None


def _field_at(path: str, raw: Raw) -> Field | None:
    return mapped_fields(str(raw.get("target", FORM_TABLE))).get(path)


def _is_key(path: str, raw: Raw) -> bool:
    field = _field_at(path, raw)
    return path in ROW_KEYS or (field is not None and field.token and field.required)


def _can_be_fixed(path: str, raw: Raw) -> bool:
    field = _field_at(path, raw)
    return field is not None and not field.token and field.type == "VARCHAR"


def _put(raw: Raw, path: str, headings: Sequence[str]) -> None:
    """Put the headings at a path, or take it out where there are none."""
    value = headings[0] if len(headings) == 1 and path != "substances" else list(headings)
    section, _dot, name = path.partition(".")
    if section == "substances":
        if value:
            raw[section] = {**raw.get(section, {}), "columns": value}
        elif raw.get(section, {}).get("yes_no"):
            raw[section] = {name: each for name, each in raw[section].items() if name != "columns"}
        else:
            raw.pop(section, None)
    elif section in _LISTED_PARTS:
        number, _dot, part = name.partition(".")
        entries = [dict(entry) for entry in raw.get(section, ())]
        while value and len(entries) < int(number):
            entries.append({"kind": "call_to_arrival"} if section == "waits" else {})
        if len(entries) >= int(number):
            _put_in(entries[int(number) - 1], part, value)
        raw[section] = entries
    elif path in _SINGLE_PARTS:
        raw[section] = dict(raw.get(section, {}))
        _put_in(raw[section], name, value)
    else:
        _put_in(raw["columns"], path, value)


def _put_in(section: Raw, name: str, value: str | list[str]) -> None:
    if value:
        section[name] = value
    else:
        section.pop(name, None)


def _takes_several(path: str, raw: Raw) -> bool:
    if path in _SEVERAL_HEADINGS or path.endswith(_TIMES):
        return True
    field = _field_at(path, raw)
    return path in ROW_KEYS or (field is not None and (field.token or field.type == "TIMESTAMPTZ"))


def _form_words() -> dict[str, str]:
    return {
        **_place_words(),
        "person.name": _("Name of the person treated: hashed, never kept"),
        "person.identifier": _("Number of the person treated: hashed, never kept"),
        "person.date_of_birth": _("Date of birth: kept as an age band"),
        "person.age": _("Age: kept as a band"),
        "substances": _("Substances"),
    }


def _listed_parts(raw: Raw) -> dict[str, str]:
    """Paths of the parts of each dose and each wait, and what they are; one of either even where there is none yet."""
    words = {
        "count": _("Dose {number}: how many the entry stands for"),
        "officer": _("Dose {number}: number of the officer, hashed"),
        "officer_role": _("Dose {number}: role of the officer"),
        "product": _("Dose {number}: product"),
        "kit": _("Dose {number}: kit, hashed"),
        "given_at": _("Dose {number}: when it was given"),
        "started_at": _("Ambulance {number}: when its wait began"),
        "ended_at": _("Ambulance {number}: when it arrived"),
        "minutes": _("Ambulance {number}: minutes waited"),
        "outcome": _("Ambulance {number}: how the wait ended"),
    }
    return {
        f"{section}.{number}.{part}": words[part].format(number=number)
        for section, parts in _LISTED_PARTS.items()
        for number in range(1, max(1, len(raw.get(section, ()))) + 1)
        for part in parts
    }


def _place_words() -> dict[str, str]:
    return {
        "place.x": _("Longitude or easting"),
        "place.y": _("Latitude or northing"),
        "place.point": _("Both coordinates in one column"),
        "place.postcode": _("Postcode"),
        "place.area": _("Area that a point may be the middle of"),
    }


def _index(options: Sequence[object], value: object) -> int:
    return options.index(value) if value in options else 0


def _plain_name(text: str) -> str:
    """A name that a mapping can be kept under."""
    kept = "".join(letter if letter.isalnum() or letter in " -_" else " " for letter in text)
    return " ".join(kept.split())[:60].strip(" -") or "mapping"
