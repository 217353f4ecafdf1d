"""A first mapping for a file, drafted from its headings and a sample of its rows, for a person to correct.

Each column is scored against each field by its heading (heading_words) and by what its cells look like (column_facts);
the best pairs win. What the file cannot tell becomes a question. A draft holds headings, settings and counts, and no
cell: values come from closed lists (data.value_words).
"""

import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np

from data import schema
from data.drafting.column_facts import ColumnFacts, cells_of, column_facts
from data.drafting.heading_match import (
    LIKELY_SCORE,
    SURE_SCORE,
    Match,
    ambulance_file,
    assign_columns,
    most_like_table,
    police_reference,
)
from data.drafting.heading_words import ABODES, EXPORT_NUMBERS, FREE_TEXT, field_words, match_heading
from data.drafting.places import PlaceGuess, guess_place
from data.drafting.row_kinds import RowColumns, RowKinds, tell_rows
from data.drafting.times import guess_times
from data.mapping import FORM_TABLE, MONTHS_ALLOWED_IN, Mapping, SubstanceLayout, mapped_fields
from data.mapping_toml import check_mapping, mapping_toml
from data.places import AREA_LEVELS, AreaNames
from data.pseudonymise import normalise_code
from data.reading import FileSample
from data.settings import Settings
from data.value_words import band_of_range, translate, whole_words, yes_no_means
from data.values import Texts, holds_personal_data, is_nothing, parse_points, plain_value, whole_number
from geo.areas import Geography
from geo.cities import nearest_city
from wording import NaloxoneWatchError, _, format_count, format_share, join_words, ngettext

__all__ = ["Draft", "DraftError", "FieldDraft", "Question", "UnknownValues", "UnusedColumn", "draft_mapping"]

Confidence = Literal["sure", "likely", "guess"]

# A part of a key must be there in nearly every row, or the row waits.
_SHARE_WITH_KEY = 0.98
# A value that is seen so often in a column of few values is a category's name and may be shown.
_OFTEN_ENOUGH = 3
_MOST_VALUES_SHOWN = 20
_MOST_KEY_PARTS = 6
# A column of which more values than this are strange is something else.
_SHARE_UNKNOWN = 0.5
# Public street-level files: the month alone, and points that stand for the streets around them.
_STREET_HEADINGS = frozenset({"crime id", "falls within", "crime type"})
_STREET_POINTS_M = 250
_NUMBERED = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")
_MOST_DEGREES = 180.0
# Of a column whose heading only may be a person's, fewer different texts are no names.
_SHARE_OF_NAMES_THAT_DIFFER = 0.1
# Of a column of areas so many of the different names are the deployment's.
_SHARE_OF_AREAS = 0.6
_AREAS = (
    r"county|counties|ward|district|town|city|borough|municipality|parish|neighbou?rhood|beat|sector|zone|area|region"
)
# How a file says that naloxone was given, in plain form.
_GIVEN = frozenset({"y", "yes", "true", "t", "1"})
# Whose name a file's records are kept under where nobody says better.
_SOURCES = {
    "administrations": "naloxone form",
    "carriers": "carriers",
    "shifts": "roster",
    "kits": "kit ledger",
    "requests": "carrier requests",
    "follow_up": "follow-up",
    "risk_events": "risk events",
    "waits": "ambulance clocks",
    "populations": "populations",
}
# Of what a key is composed where a file has no number: the first that are filled and make it unique.
_KEY_PARTS = {
    "administrations": (
        "occurred_at", "dose.officer", "person.name", "person.first_name", "person.last_name", "person.date_of_birth",
        "place.postcode", "place.x", "place.y", "officer_area", "person.age", "gender", "doses_given", "recorded_at",
    ),
    "carriers": ("officer_token", "valid_from", "trained_on", "role", "base"),
    "shifts": ("officer_token", "starts_at", "hour_of_week", "ends_at"),
    "kits": ("kit_token", "event_on", "event", "officer_token", "lot", "base", "expires_on"),
    "requests": ("occurred_at", "place.postcode", "place.x", "place.y", "minutes"),
    "follow_up": ("administration_id", "step", "at", "due_at"),
    "risk_events": ("occurred_at", "place.x", "place.y", "place.postcode", "kind"),
    "waits": ("incident_id", "started_at", "ended_at"),
    "populations": ("place.x", "place.y", "place.postcode", "year"),
}  # fmt: skip


class DraftError(NaloxoneWatchError):
    """There is nothing to draft a mapping from."""


@dataclass(frozen=True, kw_only=True)
class FieldDraft:
    """One field of the draft: where it comes from, how sure that is and why, and which other columns it may be."""

    field: str
    headings: tuple[str, ...]
    confidence: Confidence
    why: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the file does not tell: the setting that answers it, a sentence, and the choices where they are few."""

    setting: str
    sentence: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UnusedColumn:
    """A column that the draft leaves alone, and why."""

    heading: str
    why: str


@dataclass(frozen=True, kw_only=True)
class UnknownValues:
    """Values of a column that are on no list: how many, in how many cells, and the frequent ones, to show."""

    field: str
    heading: str
    distinct: int
    cells: int
    shown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A drafted mapping. `raw` is the mapping as a dictionary, which may still lack something: a person edits it.

    `advice` are sentences on the deployment's settings, and `settings_toml` the ones a new place would need ("" where
    the present ones fit).
    """

    table: str
    table_why: str
    raw: dict[str, Any]
    fields: tuple[FieldDraft, ...]
    questions: tuple[Question, ...]
    unused: tuple[UnusedColumn, ...]
    unknown_values: tuple[UnknownValues, ...]
    advice: tuple[str, ...] = ()
    settings_toml: str = ""

    def mapping(self) -> Mapping:
        """The mapping as it stands. Raises MappingError while something that is needed lacks."""
        return check_mapping(self.raw)

    def toml(self) -> str:
        """The mapping as a file, with what is in doubt as comments."""
        notes = {
            f"columns.{each.field}": _("{why}{others}").format(
                why=each.why,
                others=_("; or: {headings}").format(headings=", ".join(each.alternatives)) if each.alternatives else "",
            )
            for each in self.fields
            if each.confidence != "sure"
        }
        head = [
            _("Drafted from the file's headings and a sample of its rows. Check it, then try it with --dry-run."),
            *(_("To settle: {sentence}").format(sentence=each.sentence) for each in self.questions),
        ]
        notes[""] = "\n".join(head)
        return mapping_toml(self.raw, notes=notes)


def draft_mapping(
    *,
    sample: FileSample,
    settings: Settings,
    table: str | None = None,
    geography: Geography | None = None,
    known_sources: Sequence[str] = (),
    now: datetime | None = None,
) -> Draft:
    """A mapping for the file of `sample`, for `table` or for the table it is most like. Raises DraftError.

    `geography` tells coordinates by where they would lie. `known_sources` are the names under which records of police
    were imported before. `now` (without a zone) is the moment after which nothing can have happened.
    """
    facts = column_facts(sample.headings, sample.rows)
    if not facts:
        raise DraftError(
            _("The file {file} has no headings to draft a mapping from. State header_row under [file].").format(
                file=sample.label
            )
        )
    chosen, why = (table, _("it was asked for")) if table else most_like_table(facts)
    if not field_words(chosen):
        raise DraftError(
            _("No mapping can be drafted for the table {table}. Write one by hand (see README and examples).").format(
                table=chosen
            )
        )
    work = _Work(
        sample=sample,
        settings=settings,
        table=chosen,
        geography=geography,
        known_sources=tuple(known_sources),
        now=now or datetime.now(),
        facts=facts,
        found=assign_columns(field_words(chosen), facts),
    )
    return work.draft(why)


@dataclass(kw_only=True)
class _Work:
    """One draft in the making."""

    sample: FileSample
    settings: Settings
    table: str
    geography: Geography | None
    known_sources: tuple[str, ...]
    now: datetime
    facts: tuple[ColumnFacts, ...]
    found: dict[str, tuple[Match, ...]]
    raw: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    time_columns: list[ColumnFacts] = field(default_factory=list)
    choice_columns: list[tuple[schema.Field, ColumnFacts]] = field(default_factory=list)
    drafts: list[FieldDraft] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    unknown: list[UnknownValues] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    settings_toml: str = ""
    # The rows of people who were given naloxone, and what such a row stands for.
    treated: Sequence[Sequence[str]] = ()
    kinds: RowKinds | None = None
    incident: tuple[ColumnFacts, ...] = ()

    def draft(self, table_why: str) -> Draft:
        """The whole draft."""
        form = self.table == FORM_TABLE
        self._drop_doubtful()
        joins = self._find_joins() if form else {}
        self.raw = {"target": self.table, "source": self._source(joins), **joins}
        self.treated = self.sample.rows
        if form:
            self._leave_out_untreated()
        if not joins:
            self._read_time_of_event()
        if form and not joins:
            self._ask_for_parent()
            self._tell_rows()
        self._read_keys(joins=bool(joins))
        self._read_plain_fields()
        if form:
            self._read_person()
            self._read_substances()
            self._read_doses()
            self._read_waits(joins=bool(joins))
        self._read_place()
        if self.table == "risk_events":
            self._read_kind_of_event()
        if form and not joins:
            self._settle_rows()
        self._read_times()
        self._read_values()
        self._describe_file()
        self.raw["columns"] = self.columns
        return Draft(
            table=self.table,
            table_why=table_why,
            raw={name: value for name, value in self.raw.items() if value or name == "columns"},
            fields=tuple(self.drafts),
            questions=tuple(self.questions),
            unused=self._unused(),
            unknown_values=tuple(self.unknown),
            advice=tuple(self.advice),
            settings_toml=self.settings_toml,
        )

    # --- columns ------------------------------------------------------------------------------------------------------

    def _cells(self, column: ColumnFacts) -> Texts:
        return cells_of(self.sample.rows, column.position)

    def _match(self, name: str) -> Match | None:
        return next(iter(self.found.get(name, ())), None)

    def _drop_doubtful(self) -> None:
        """A column taken for a field by half its heading, and of whose values few are known, is not that field's."""
        fields = {f"wait.{name}": ("waits", name) for name in ("outcome",)}
        fields |= {f"dose.{name}": ("doses", name) for name in ("officer_role",)}
        fields |= {"certainty": ("substances", "certainty")}
        for name in ("person.name", "person.first_name", "person.last_name"):
            # "Patient homeless" has a word for people in it, and is no name: few people share one.
            kept = tuple(match for match in self.found.get(name, ()) if _may_be_names(match))
            self.found = {each: matches for each, matches in self.found.items() if each != name}
            if kept:
                self.found[name] = kept
        self._tell_outcome_from_condition()
        for name, matches in list(self.found.items()):
            table, plain = fields.get(name, ("", name))
            about = schema.table_named(table).field(plain) if table else mapped_fields(self.table).get(plain)
            if about is None or not about.values or name == "kind":
                continue
            kept = tuple(
                match if known else replace(match, cells_fit=False)
                for match in matches
                if (known := self._values_known(about, match.column)) or match.score >= SURE_SCORE
            )
            if kept:
                self.found[name] = kept
            else:
                del self.found[name]

    def _tell_outcome_from_condition(self) -> None:
        """An outcome is how awake somebody was afterwards, or whether they lived: its words say which."""
        match, fields = self._match("condition_after"), mapped_fields(self.table)
        if (
            not match
            or "alive_at_handover" in self.found
            or self._values_known(fields["condition_after"], match.column)
        ):
            return
        if self._values_known(fields["alive_at_handover"], match.column):
            self.found["alive_at_handover"] = self.found.pop("condition_after")

    def _values_known(self, about: schema.Field, column: ColumnFacts) -> bool:
        cells = [text for text in self._cells(column) if not is_nothing(text)]
        counts = Counter(cells)
        _known, unknown = translate(about, counts, yes_no=yes_no_means(about.name, column.plain))
        return sum(counts[text] for text in unknown) <= _SHARE_UNKNOWN * len(cells)

    def _use(self, name: str, *matches: Match, why: str | None = None, doubt: bool = False) -> None:
        """Note that a field is read from these columns."""
        self.used |= {match.column.position for match in matches}
        score = min(match.score if match.cells_fit or not match.column.kinds else 0.5 for match in matches)
        score = min(score, LIKELY_SCORE) if doubt else score
        confidence: Confidence = "sure" if score >= SURE_SCORE else "likely" if score >= LIKELY_SCORE else "guess"
        self.drafts.append(
            FieldDraft(
                field=name,
                headings=tuple(match.column.heading for match in matches),
                confidence=confidence,
                why=why or _why(matches[0]),
                alternatives=matches[0].alternatives if len(matches) == 1 else (),
            )
        )

    def _ask(self, setting: str, sentence: str, *choices: str) -> None:
        self.questions.append(Question(setting=setting, sentence=sentence, choices=choices))

    def _time_headings(self, match: Match) -> str | list[str]:
        """The heading of a time, or those of its date and its time of day."""
        column = match.column
        if "clock" not in column.kinds or column.kinds & {"date", "excel"}:
            self.time_columns.append(column)
        if ("time" in column.kinds and "date" not in column.kinds) or not column.kinds:
            return column.heading
        if "clock" in column.kinds and not column.kinds & {"date", "excel"}:
            day = self._day_of(column)
            if day is None:
                return column.heading
            self.used.add(day.position)
            self.time_columns.append(day)
            return [day.heading, column.heading]
        clock = self._partner(column, "date", "time", {"clock"})
        if clock is None:
            return column.heading
        self.used.add(clock.position)
        return [column.heading, clock.heading]

    def _partner(self, column: ColumnFacts, word: str, other: str, kinds: set[str]) -> ColumnFacts | None:
        """The column that holds the other half of a time: of the same name but for one word, or next to it."""
        named = re.sub(rf"\b{word}\b", other, column.plain)
        free = [each for each in self.facts if each.kinds & kinds and each is not column]
        same = next((each for each in free if named != column.plain and each.plain == named), None)
        plain = [
            each
            for each in free
            if re.fullmatch(rf"{other}|(?:{other} )?(?:incident|occurrence|event|day)", each.plain)
        ]
        beside = [
            each
            for each in free
            if each.position == column.position + 1 and other in each.plain.split() and each.position not in self.used
        ]
        return same or next(iter(plain), None) or next(iter(beside), None)

    def _day_of(self, column: ColumnFacts) -> ColumnFacts | None:
        """The column of dates that a column of times of day belongs to: its own, else the event's."""
        event = self._match("occurred_at") or self._match("starts_at")
        own = self._partner(column, "time", "date", {"date"})
        return own or (event.column if event and "date" in event.column.kinds else None)

    def _readable_time(self, name: str) -> Match | None:
        """The column of a time; one of times of day alone is of no use without a date."""
        match = self._match(name)
        if match is None or not self._lacks_date(match):
            return match
        self._ask(
            name,
            _("“{heading}” holds times of day, and no column holds their dates. It is not read.").format(
                heading=match.column.heading
            ),
        )
        return None

    def _lacks_date(self, match: Match) -> bool:
        kinds = match.column.kinds
        return "clock" in kinds and not kinds & {"time", "date", "excel"} and self._day_of(match.column) is None

    # --- what the rows are --------------------------------------------------------------------------------------------

    def _ask_for_parent(self) -> None:
        """Ask about a file that says where and who, and nothing of anybody treated: it may add to other records."""
        own = mapped_fields(FORM_TABLE).keys() - schema.table_named("incidents").names - {"recorded_at", "officer_area"}
        of_people = ("person.", "substances", "dose.count", "dose.product", "dose.kit")
        if self.known_sources and not any(name in own or name.startswith(of_people) for name in self.found):
            self._ask(
                "joins",
                _(
                    "Nothing here tells of a person who was treated. Does the file add places or times to records that"
                    " are in the store already? Then set joins to incidents, parent_source to their source, and [match]"
                    " to the columns of day and officer; else each row becomes an administration of its own."
                ),
                "incidents",
            )

    def _find_joins(self) -> dict[str, Any]:
        """Whether the file adds to records that came from another: ambulance clocks, or no time of its own."""
        clocks = self._match("wait.ended_at") or self._match("wait.minutes") or self._match("call_category_before")
        ambulance = ambulance_file(self.facts) and clocks is not None
        event = self._match("occurred_at")
        timeless = not (event and event.cells_fit) and not any(each.kinds & {"time", "date"} for each in self.facts)
        key = self._police_key() if ambulance else self._match("incident_id") or self._match("administration_id")
        if not (ambulance or timeless) or not key:
            return {}
        self.found["incident_id"] = (key,)
        self.found.pop("occurred_at", None)
        self.found.pop("administration_id", None)
        own = mapped_fields(FORM_TABLE).keys() - schema.table_named("incidents").names
        about_people = any(name in own for name in self.found if name != "recorded_at")
        joins = "administrations" if timeless and (about_people or "substances" in self.found) else "incidents"
        no_place_for = (
            ("dose.", "person.") if joins == "administrations" else ("dose.", "person.", "substances", "certainty")
        )
        self.found = {
            name: matches
            for name, matches in self.found.items()
            if not name.startswith(no_place_for) and (joins == "administrations" or name not in own)
        }
        found = {"joins": joins}
        others = [each for each in self.known_sources if each != self._source(found)]
        # Without a name that is known, the one that a form's own draft gives it.
        found["parent_source"] = (*others, _SOURCES[FORM_TABLE])[0]
        if len(others) != 1:
            self._ask(
                "parent_source",
                _("Under which source were the records imported that this file adds to? Name it as parent_source."),
                *others,
            )
        return found

    def _police_key(self) -> Match | None:
        """The police's number in an ambulance service's file, else its only number."""
        if named := police_reference(self.facts):
            return named
        match = self._match("incident_id")
        if match:
            self._ask(
                "columns.incident_id",
                _("Is “{heading}” the police's number? Without it the clocks find no record.").format(
                    heading=match.column.heading
                ),
            )
        return match

    def _source(self, joins: dict[str, Any]) -> str:
        plain = {column.plain for column in self.facts}
        if plain >= _STREET_HEADINGS:
            return "data.police.uk"
        if joins:
            return "ambulance CAD" if ambulance_file(self.facts) else "joined file"
        return "Niche" if any(each.startswith(("niche", "occurrence")) for each in plain) else _SOURCES[self.table]

    def _read_time_of_event(self) -> None:
        if "occurred_at" not in mapped_fields(self.table):
            return
        match = self._match("occurred_at")
        if match is None:
            times = [column for column in self.facts if column.kinds & {"time", "date"}]
            if not times:
                self._ask("columns.occurred_at", _("Which column says when it happened? None looks like a date."))
                return
            match = Match(column=times[0], score=0.4, cells_fit=True, alternatives=_headings_of(times[1:4]))
            self.found["occurred_at"] = (match,)
            self._ask("columns.occurred_at", _("Is “{heading}” when it happened?").format(heading=match.column.heading))
        self.columns["occurred_at"] = self._time_headings(match)
        self._use("occurred_at", match)
        if match.score < LIKELY_SCORE and match.alternatives:
            self._ask(
                "columns.occurred_at",
                _("Is “{heading}” when naloxone was given? Other columns hold times too.").format(
                    heading=match.column.heading
                ),
                match.column.heading,
                *match.alternatives,
            )

    # --- keys ---------------------------------------------------------------------------------------------------------

    def _read_keys(self, *, joins: bool) -> None:
        if self.kinds and self.kinds.told_by != "administration" and len(self.kinds.key) > len(self.incident):
            self._read_key_of_person(self.kinds)
            return
        if self.table == FORM_TABLE:
            names = [name for name in ("incident_id", "administration_id") if self._match(name)]
            for name in names:
                self._read_key(name)
            if not names and not joins:
                self._compose_key("administration_id")
            return
        table = schema.table_named(self.table)
        if self._match(table.key):
            self._read_key(table.key)
        for parent in table.fields:
            if parent.token and parent.required and parent.name != table.key:
                if self._match(parent.name):
                    self._read_key(parent.name)
                else:
                    self._ask(f"columns.{parent.name}", _("Which column holds the number of the record it belongs to?"))
                if len(self.known_sources) == 1:
                    self.raw["parent_source"] = self.known_sources[0]
                else:
                    self._ask(
                        "parent_source",
                        _("Under which source were the records imported that this file belongs to?"),
                        *self.known_sources,
                    )
        if table.key not in self.columns:
            self._compose_key(table.key)

    def _read_key(self, name: str) -> None:
        match = self.found[name][0]
        self.columns[name] = self._key_of(match.column)
        self._use(name, match)
        filled = self._filled(match.column)
        if re.search(rf"\b(?:{EXPORT_NUMBERS})\b", match.column.plain):
            self._ask(
                f"columns.{name}",
                _(
                    "“{heading}” may number the rows of one export alone. If the next export numbers them otherwise, "
                    "name another column, or make the key of several."
                ).format(heading=match.column.heading),
            )
        if filled < _SHARE_WITH_KEY:
            self._ask(
                f"columns.{name}",
                _("“{heading}” is empty in {share} of the rows, which would wait. Is there a better key?").format(
                    heading=match.column.heading, share=format_share(1 - filled)
                ),
                match.column.heading,
                *match.alternatives,
            )

    def _key_of(self, column: ColumnFacts) -> Any:
        """A number is read as one, so that a spreadsheet that drops its leading zeros does not make it another key."""
        cells = [text for text in self._cells(column) if not is_nothing(text)]
        numbers = all(whole_number(text).isdecimal() for text in cells)
        same = len({normalise_code(text) for text in cells}) == len({text.casefold() for text in cells})
        return {"code": column.heading} if cells and numbers and same else column.heading

    def _compose_key(self, name: str) -> None:
        """A key of several columns, where the file has no number: the first that tell its rows apart."""
        parts: list[ColumnFacts] = []
        spelt: list[Any] = []
        apart, fields = False, 0
        for each in _KEY_PARTS[self.table]:
            match = self._match(each)
            if match is None or match.column in parts or match.column.filled < _SHARE_WITH_KEY:
                continue
            fields += 1
            for column in (match.column, *self._clock_beside(each)):
                parts.append(column)
                spelt.append(_key_part(each, column))
            apart = self._tell_apart(parts)
            # The time alone is never enough: two people may be treated at once.
            if (apart and fields > 1) or len(parts) >= _MOST_KEY_PARTS:
                break
        if not parts:
            self._ask(f"columns.{name}", _("Which column or columns tell the rows apart? None is filled in every row."))
            return
        self.columns[name] = spelt[0] if len(spelt) == 1 else spelt
        self.drafts.append(
            FieldDraft(
                field=name,
                headings=tuple(column.heading for column in parts),
                confidence="likely" if apart else "guess",
                why=_("no column numbers the rows, and these together tell them apart")
                if apart
                else _("no column numbers the rows, and these do not tell all of them apart"),
            )
        )
        self._ask(
            f"columns.{name}",
            _(
                "No column numbers the rows. The key is made of {headings}: a row in which one of these is corrected "
                "becomes a new record."
            ).format(headings=join_words([f"“{column.heading}”" for column in parts])),
        )

    def _clock_beside(self, name: str) -> tuple[ColumnFacts, ...]:
        headings = self.columns.get(name)
        if name != "occurred_at" or not isinstance(headings, list):
            return ()
        return tuple(each for each in self.facts if each.heading == headings[1])

    def _tell_apart(self, parts: Sequence[ColumnFacts]) -> bool:
        """Whether rows with the same parts are the same in every column."""
        whole = {}
        for row in self.sample.rows:
            key = tuple(row[column.position].casefold() for column in parts)
            if whole.setdefault(key, row) != row:
                return False
        return True

    # --- rows of one incident and of one person -----------------------------------------------------------------------

    def _leave_out_untreated(self) -> None:
        """Where a column says whether naloxone was given at all, only rows that say so are of an administration."""
        match = self._match("naloxone_given")
        if match is None or match.score < SURE_SCORE or not match.cells_fit:
            self._leave_out_unnumbered()
            return
        cells = [plain_value(text) for text in self._cells(match.column)]
        given = sorted(set(cells) & _GIVEN)
        # Ones alone may be doses.
        if not given or (set(given) == {"1"} and "0" not in cells):
            return
        if self._says_both_of_a_person(cells):
            self._ask(
                "only",
                _(
                    "“{heading}” says yes in some rows of one person and not in others, so no row is left out. People "
                    "of whom no row says yes count too: take them out at the source, or by [only]."
                ).format(heading=match.column.heading),
            )
            return
        self.raw["only"] = {match.column.heading: given}
        self.treated = [row for row, cell in zip(self.sample.rows, cells, strict=True) if cell in given]
        left_out = len(cells) - len(self.treated)
        self._use("only", match, why=_("rows in which nobody was given naloxone are left out"))
        if left_out:
            self._ask(
                "only",
                ngettext(
                    "{count} row of the sample does not say yes under “{heading}”. Such rows are left out: they are of "
                    "no administration.",
                    "{count} rows of the sample do not say yes under “{heading}”. Such rows are left out: they are of "
                    "no administration.",
                    left_out,
                ).format(count=format_count(left_out), heading=match.column.heading),
            )

    def _says_both_of_a_person(self, cells: Sequence[str]) -> bool:
        """Whether rows of one person say yes and no: to leave those out would lose what they say of drugs."""
        person, number = self._columns_of_person(), self._match("incident_id")
        key = (*person, *((number.column,) if number else ()))
        answers: dict[tuple[str, ...], set[bool]] = {}
        for row, cell in zip(self.sample.rows, cells, strict=True):
            answers.setdefault(tuple(row[column.position] for column in key), set()).add(cell in _GIVEN)
        both = sum(len(each) > 1 for each in answers.values())
        return bool(person) and both > (1 - _SHARE_WITH_KEY) * len(answers)

    def _leave_out_unnumbered(self) -> None:
        """Many rows without the number of an administration and without a dose are of people who were given none."""
        match = self._match("administration_id")
        if match is None or self._match("incident_id") is None or match.score < SURE_SCORE:
            return
        filled = [row for row in self.sample.rows if not is_nothing(row[match.column.position])]
        if not filled or len(filled) >= _SHARE_WITH_KEY * len(self.sample.rows):
            return
        of_doses = self._all_columns("doses_given", "dose.given_at", "dose.officer", "dose.kit", "dose.product")
        without = [row for row in self.sample.rows if is_nothing(row[match.column.position])]
        dosed = sum(any(not is_nothing(row[each.position]) for each in of_doses) for row in without)
        if not of_doses or dosed > (1 - _SHARE_WITH_KEY) * len(without):
            return
        if self._says_both_of_a_person(["" if is_nothing(text) else "yes" for text in self._cells(match.column)]):
            self._ask(
                "only",
                _(
                    "“{heading}” is filled in some rows of one person and empty in others, so no row is left out. "
                    "People without any number count too: take them out at the source, or by [only]."
                ).format(heading=match.column.heading),
            )
            return
        self.raw["only"] = {match.column.heading: ["*"]}
        self.treated = filled
        self._use("only", match, why=_("rows without a number of an administration are left out"))
        self._ask(
            "only",
            _(
                "“{heading}” is empty in {share} of the rows. They are left out, as of people who were given no "
                "naloxone. If they were given some, take the line out of [only]."
            ).format(heading=match.column.heading, share=format_share(1 - len(filled) / max(len(self.sample.rows), 1))),
        )

    def _tell_rows(self) -> None:
        """What a row stands for, and what tells people apart."""
        number = self._match("incident_id")
        person = self._columns_of_person()
        if number is None and not person:
            number = self._match("administration_id")
        self.incident = (number.column,) if number else self._time_of_person() if person else ()
        if not self.incident:
            return
        administration, counts = self._match("administration_id"), self._match("doses_given")
        kinds = tell_rows(
            self.treated,
            RowColumns(
                incident=self.incident,
                administration=administration.column if administration else None,
                person=person,
                described=self._all_columns("gender", "age_band", "person.age", "person.date_of_birth", "described_by"),
                drugs=self._all_columns("substances", "drug_number"),
                doses=self._all_columns("dose.given_at", "dose.kit", "dose.product"),
                counts=counts.column if counts else None,
                officers=self._all_columns("dose.officer"),
            ),
            least_filled=_SHARE_WITH_KEY,
        )
        if kinds.several:
            self.kinds = kinds

    def _all_columns(self, *names: str) -> tuple[ColumnFacts, ...]:
        return tuple(match.column for name in names for match in self.found.get(name, ()))

    def _column_of(self, name: str) -> ColumnFacts | None:
        match = self._match(name)
        return match.column if match else None

    def _columns_of_person(self) -> tuple[ColumnFacts, ...]:
        """A number of the person, else a name, if nearly every row has it."""
        names = ("person.first_name", "person.last_name")
        for each in (("person_number",), ("person.identifier",), names, ("person.name",)):
            columns = self._all_columns(*each)
            if columns and all(self._filled(column) >= _SHARE_WITH_KEY for column in columns):
                return columns
        return ()

    def _filled(self, column: ColumnFacts) -> float:
        filled = sum(not is_nothing(row[column.position]) for row in self.treated)
        return filled / max(len(self.treated), 1)

    def _time_of_person(self) -> tuple[ColumnFacts, ...]:
        """When it happened stands for an incident's number where there is none, and the person is known."""
        headings = self.columns.get("occurred_at", ())
        wanted = [headings] if isinstance(headings, str) else list(headings)
        return tuple(column for heading in wanted for column in self.facts if column.heading == heading)

    def _read_key_of_person(self, kinds: RowKinds) -> None:
        """Several people at one incident: its number, and what tells them apart, is the key of an administration."""
        numbered = self._match("incident_id")
        if numbered is None and (other := self._match("administration_id")) and other.column in kinds.key:
            numbered = other
        if numbered:
            self.columns["incident_id"] = self._key_of(numbered.column)
            self._use("incident_id", numbered)
        parts = [
            self._key_of(column) if numbered and column is numbered.column else _key_part("", column)
            for column in kinds.key
        ]
        self.columns["administration_id"] = parts
        self.used |= {column.position for column in kinds.key}
        self.drafts.append(
            FieldDraft(
                field="administration_id",
                headings=_headings_of(kinds.key),
                confidence="sure" if kinds.told_by == "person" else "guess",
                why=_("{rows}, with several people in some").format(rows=self._several_rows(kinds))
                if kinds.people
                else self._several_rows(kinds),
            )
        )

    def _several_rows(self, kinds: RowKinds) -> str:
        return ngettext(
            "{count} incident stands in several rows", "{count} incidents stand in several rows", kinds.several
        ).format(count=format_count(kinds.several))

    def _settle_rows(self) -> None:
        """What several rows of a person are; where two people could be taken for one, the reader is asked."""
        kinds = self.kinds
        if kinds is None:
            return
        found = [each for each in kinds.kinds if each == "substance" or len(self.raw.get("doses", ())) == 1]
        found = [each for each in found if each != "substance" or "substances" in self.raw]
        if kinds.dose_number and "dose" in found:
            self.columns["dose_id"] = self._key_of(kinds.dose_number)
            self.used.add(kinds.dose_number.position)
            self.drafts.append(
                FieldDraft(
                    field="dose_id",
                    headings=(kinds.dose_number.heading,),
                    confidence="likely",
                    why=_("it numbers the doses of each person"),
                )
            )
        if kinds.told_by in ("description", "nothing") and found:
            self._ask_who_is_who(kinds, found)
        elif found:
            self.raw["rows"] = found[0] if len(found) == 1 else found
            self.drafts.append(
                FieldDraft(
                    field="rows",
                    headings=_headings_of(kinds.key),
                    confidence="sure",
                    why=_("{rows}; those of one person differ in: {kinds}").format(
                        rows=self._several_rows(kinds), kinds=join_words([_kind_words()[each] for each in found])
                    ),
                )
            )
            self._ask_of_doses(kinds, found)
        elif kinds.left:
            self._ask(
                "rows",
                _(
                    "{rows} of the sample, and no drug, dose or person tells these rows apart. Rows that read the same "
                    "are passed over, and others wait. If they are of several people, name what tells these apart in "
                    "administration_id; if each is a drug, a dose or an officer's report, say so in rows."
                ).format(rows=self._several_rows(kinds)),
                "person", "substance", "dose", "officer",
            )  # fmt: skip
        if kinds.shared:
            self._ask_one_or_two(kinds)
        if other := self._match("given_by_others"):
            self._ask_who_gave(other)

    def _ask_who_is_who(self, kinds: RowKinds, found: Sequence[str]) -> None:
        """Nothing is folded on a guess: one row of each key goes in, and the others wait until this is answered."""
        if not kinds.left:
            return
        telling = [column.heading for column in kinds.key if column not in self.incident]
        alike = (
            _("Of people at one incident who are alike in {headings}, nobody can say whose row is whose.").format(
                headings=join_words([f"“{heading}”" for heading in telling])
            )
            if telling
            else _("Nothing says whether the rows of an incident are one person or several.")
        )
        self._ask(
            "rows",
            _(
                "{rows} of the sample, and neither a number nor a name tells people apart. {alike} As it stands, one "
                "row of each goes in and the others wait. If each is one person, write rows = {answer}."
            ).format(rows=self._several_rows(kinds), alike=alike, answer=_as_toml(found)),
            *dict.fromkeys(("person", _as_toml(found), '"substance"', '"dose"', '"officer"')),
        )

    def _ask_of_doses(self, kinds: RowKinds, found: Sequence[str]) -> None:
        counts = self._match("doses_given")
        if "dose" in found and counts and kinds.counts == "unsure":
            self._ask(
                "doses",
                _(
                    "Is “{heading}” the number of doses of each entry, as it is read, or of the person in all? If in "
                    "all, write it as doses_given under [columns], and not as count under [[doses]]."
                ).format(heading=counts.column.heading),
            )
        if "dose" in found and kinds.repeated and not kinds.dose_number:
            self._ask(
                "repeats",
                ngettext(
                    "{count} row of the sample repeats another in every column. It is read as the same row written "
                    "twice. If it is one more dose, write repeats = \"doses\".",
                    "{count} rows of the sample repeat another in every column. They are read as the same rows written "
                    "twice. If each is one more dose, write repeats = \"doses\".",
                    kinds.repeated,
                ).format(count=format_count(kinds.repeated)),
                "same", "doses",
            )  # fmt: skip

    def _ask_one_or_two(self, kinds: RowKinds) -> None:
        together = (*self.incident, *kinds.described)
        self._ask(
            "columns.administration_id",
            ngettext(
                "{count} incident has several numbers under “{heading}” for people who are described alike. Each "
                "number counts as a person. If it is one person treated twice, write {line} under [columns].",
                "{count} incidents have several numbers under “{heading}” for people who are described alike. Each "
                "number counts as a person. If it is one person treated twice, write {line} under [columns].",
                kinds.shared,
            ).format(
                count=format_count(kinds.shared),
                heading=kinds.key[0].heading,
                line=mapping_toml({"administration_id": [self._key_of(each) for each in together]}).strip(),
            ),
            kinds.key[0].heading,
            *([" + ".join(_headings_of(together))] if together else ()),
        )

    def _ask_who_gave(self, match: Match) -> None:
        filled = self._filled(match.column)
        if not filled:
            return
        self._ask(
            "only",
            _(
                "“{heading}” names others who gave naloxone in {share} of the rows. These count as the police's. To "
                "leave them out, add {line} under [only]."
            ).format(
                heading=match.column.heading,
                share=format_share(filled),
                line=mapping_toml({match.column.heading: [""]}).strip(),
            ),
        )

    # --- fields -------------------------------------------------------------------------------------------------------

    def _read_plain_fields(self) -> None:
        for name, about in mapped_fields(self.table).items():
            match = self._match(name)
            if match is None or name in self.columns or name == "kind":
                continue
            is_time = about.type == "TIMESTAMPTZ"
            self.columns[name] = self._time_headings(match) if is_time else match.column.heading
            self._use(name, match)
            if about.type == "DATE":
                self.time_columns.append(match.column)
            if about.values:
                self.choice_columns.append((about, match.column))

    def _read_person(self) -> None:
        person: dict[str, Any] = {}
        names = [*self.found.get("person.first_name", ()), *self.found.get("person.last_name", ())]
        if whole := self._match("person.name"):
            names = names or [whole]
        if names:
            person["name"] = [match.column.heading for match in names] if len(names) > 1 else names[0].column.heading
            self._use("person.name", *names)
        for name in ("identifier", "date_of_birth", "age"):
            if match := self._match(f"person.{name}"):
                person[name] = match.column.heading
                self._use(f"person.{name}", match)
                if name == "date_of_birth":
                    self.time_columns.append(match.column)
        self.raw["person"] = person

    def _read_substances(self) -> None:
        matches = self.found.get("substances", ())
        # Columns of yes and no, one for each substance, name it in their headings: the import reads names in cells.
        named = [match for match in matches if "yes_no" not in match.column.kinds]
        if not named:
            return
        about: dict[str, Any] = {"columns": [match.column.heading for match in named]}
        self._use("substances", *named)
        fields = schema.table_named("substances")
        self.choice_columns += [(fields.field("substance"), match.column) for match in named]
        certainty = self.found.get("certainty", ())
        if len(certainty) in (1, len(named)):
            about["certainty_columns"] = [match.column.heading for match in certainty]
            self._use("certainty", *certainty)
            self.choice_columns += [(fields.field("certainty"), match.column) for match in certainty]
        elif any(re.search(r"\bsusp(?:ected)?\b", match.column.plain) for match in named):
            about["certainty"] = "suspected"
        self.raw["substances"] = about

    def _read_doses(self) -> None:
        """Columns of single doses: numbered ones, or one set where the form states the number of doses as well."""
        by_number: dict[str, dict[str, Match]] = {}
        for name in ("officer", "officer_role", "product", "kit", "given_at"):
            for match in self.found.get(f"dose.{name}", ()):
                if name == "given_at" and self._lacks_date(match):
                    continue
                number = _NUMBERED.search(match.column.plain)
                by_number.setdefault(number[1] if number else "", {}).setdefault(name, match)
        numbered = {number: each for number, each in by_number.items() if number}
        several = self.kinds is not None and self.kinds.several > 0
        counts = self.columns.get("doses_given")
        if several and "dose" in self.kinds.kinds and not numbered:
            # The only column that counts doses says how many each row's entry stands for.
            self.raw["doses"] = [self._dose(1, by_number.get("", {}))]
            if self.kinds.dose_number and self.kinds.dose_number == self._column_of("doses_given"):
                self.columns.pop("doses_given")
                self.drafts = [each for each in self.drafts if each.field != "doses_given"]
            elif counts and self.kinds.counts != "total":
                self.raw["doses"][0] = {"count": self.columns.pop("doses_given"), **self.raw["doses"][0]}
                self.drafts = [
                    replace(each, field="doses.1.count") if each.field == "doses_given" else each
                    for each in self.drafts
                ]
            return
        if not numbered and not (by_number and (counts or several)):
            return
        chosen = [numbered[number] for number in sorted(numbered, key=int)] or [by_number[""]]
        self.raw["doses"] = [self._dose(number, each) for number, each in enumerate(chosen, start=1)]

    def _dose(self, number: int, parts: dict[str, Match]) -> dict[str, Any]:
        dose: dict[str, Any] = {}
        for name, match in parts.items():
            dose[name] = self._time_headings(match) if name == "given_at" else match.column.heading
            self._use(f"doses.{number}.{name}", match)
            if name == "officer_role":
                self.choice_columns.append((schema.table_named("doses").field(name), match.column))
        return dose

    def _read_waits(self, *, joins: bool) -> None:
        minutes = self._match("wait.minutes")
        if minutes and minutes.column.kinds and not minutes.cells_fit:
            minutes = None
        started, ended = (self._readable_time(f"wait.{name}") for name in ("started_at", "ended_at"))
        outcome = self._match("wait.outcome") or self._left_or_taken()
        wait: dict[str, Any] = {"kind": "call_to_arrival"}
        wait["clock"] = "ambulance_cad" if joins else "officer_estimate" if minutes else "police_log"
        if minutes:
            wait["minutes"] = minutes.column.heading
            self._use("waits.1.minutes", minutes)
        if ended and (started or "occurred_at" in self.columns):
            if started:
                wait["started_at"] = self._time_headings(started)
                self._use("waits.1.started_at", started)
            else:
                wait["kind"], wait["started_at"] = "naloxone_to_arrival", self.columns["occurred_at"]
            wait["ended_at"] = self._time_headings(ended)
            self._use("waits.1.ended_at", ended)
            self._ask(
                "waits",
                _("Is “{heading}” when the ambulance arrived? Whose clock is it?").format(heading=ended.column.heading),
                "ambulance_cad", "police_log", "officer_estimate",
            )  # fmt: skip
        if outcome:
            wait["outcome"] = outcome.column.heading
            self._use("waits.1.outcome", outcome)
            self.choice_columns.append((schema.table_named("waits").field("outcome"), outcome.column))
        if len(wait) > 2:
            self.raw["waits"] = [wait]

    def _left_or_taken(self) -> Match | None:
        """A column that says of some that they went to hospital and of others that they left holds both fields."""
        match = self._match("taken_to_hospital")
        if match is None or "yes_no" in match.column.kinds:
            return None
        known, _unknown = translate(
            schema.table_named("waits").field("outcome"), set(self._cells(match.column)), yes_no={}
        )
        return match if "left_before" in known.values() else None

    # --- places, times, values ----------------------------------------------------------------------------------------

    def _read_place(self) -> None:
        x, y, postcode = (self._match(f"place.{name}") for name in ("x", "y", "postcode"))
        place: dict[str, Any] = {}
        if x and y:
            cells = [self._cells(match.column) for match in (x, y)]
            guess = guess_place(
                x.column,
                y.column,
                cells,
                decimal=x.column.decimal,
                crs=self.settings.geography.crs,
                geography=self.geography,
            )
            place = {"crs": guess.crs or self.settings.geography.crs, "x": guess.x, "y": guess.y}
            if guess.location_precision_m:
                place["location_precision_m"] = guess.location_precision_m
            by_heading = {match.column.heading: match for match in (x, y)}
            for name in ("x", "y"):
                self._use(f"place.{name}", by_heading[place[name]], why=guess.why, doubt=not guess.sure)
            if not guess.sure:
                self._ask_of_place(guess)
        elif point := next((each for each in self.facts if _holds_points(each)), None):
            place = self._point(point)
        elif x or y:
            self._ask("place", _("One coordinate was found and not the other. Which columns are they?"))
        if postcode:
            place["postcode"] = postcode.column.heading
            self._use("place.postcode", postcode)
        if place and self.raw["source"] == "data.police.uk":
            place["location_precision_m"] = _STREET_POINTS_M
        if not place:
            self._read_area_by_name()
        self.raw["place"] = place

    def _point(self, column: ColumnFacts) -> dict[str, Any]:
        x, y, _unreadable = parse_points(self._cells(column))
        degrees = bool(np.nanmax(np.abs([x, y])) <= _MOST_DEGREES)
        about = replace(column, kinds=frozenset({"degrees" if degrees else "metres"}))
        cells = [np.array([f"{each:f}" if np.isfinite(each) else "" for each in axis], dtype=object) for axis in (x, y)]
        crs = self.settings.geography.crs
        guess = guess_place(about, about, cells, decimal=".", crs=crs, geography=self.geography)
        self._use(
            "place.point", Match(column=column, score=SURE_SCORE, cells_fit=True), why=guess.why, doubt=not guess.sure
        )
        if not guess.sure:
            self._ask_of_place(guess)
        return {"crs": guess.crs or crs, "point": column.heading}

    def _read_area_by_name(self) -> None:
        """A column of names of the deployment's areas, where the file has neither coordinates nor postcodes."""
        levels = [level for level in AREA_LEVELS if level in mapped_fields(self.table)]
        if self.geography is None or not levels or any(level in self.columns for level in levels):
            return
        names = AreaNames(self.geography)
        named = [
            column
            for column in self.facts
            if column.position not in self.used
            and column.kinds & {"category", "name"}
            and not column.kinds & {"number", "yes_no"}
            and not re.search(rf"\b(?:{ABODES})\b", column.plain)
        ]
        for level in levels:
            for column in named:
                texts = np.array(_distinct(self._cells(column)), dtype=object)
                if not names.has(level) or not len(texts):
                    continue
                codes, _wrong = names.find(level, texts, own={})
                share = float(np.mean([code is not None for code in codes]))
                if share >= _SHARE_OF_AREAS:
                    self.columns[level] = column.heading
                    self._use(
                        level,
                        Match(column=column, score=LIKELY_SCORE, cells_fit=True),
                        why=_("{share} of its values are names of such areas").format(share=format_share(share)),
                    )
                    return
        if area := next((column for column in named if re.search(rf"\b(?:{_AREAS})\b", column.plain)), None):
            self._ask(
                "place",
                _(
                    "Is “{heading}” where it happened? Its names are no areas of the settings, and the file has "
                    "neither coordinates nor postcodes: its records would be on no map. Name an outline with these "
                    "areas under [geography], or give the file coordinates."
                ).format(heading=area.heading),
            )

    def _ask_of_place(self, guess: PlaceGuess) -> None:
        if guess.crs is None:
            self._ask(
                "place.crs",
                _("On which system are the coordinates? On none of the known ones do they lie in the settings' area."),
                "EPSG:4326", "EPSG:27700", "EPSG:29901",
            )  # fmt: skip
            return
        if guess.middle is None:
            return
        city = nearest_city(latitude=guess.middle[0], longitude=guess.middle[1])
        self.advice.append(
            _(
                "{share} of the places lie in or near the area of the settings ({force}); most lie around {city}. A "
                "new place needs settings of its own: its time zone, a system in metres and an outline."
            ).format(share=format_share(guess.share_inside), force=self.settings.force, city=city.name)
        )
        if city.time_zone != self.settings.time_zone:
            self._ask(
                "times.time_zone",
                _("Are the times those of {zone}? Set time_zone in the settings, or under [times].").format(
                    zone=city.time_zone
                ),
                city.time_zone, self.settings.time_zone, "UTC",
            )  # fmt: skip
        home = city.country == "GB"
        self.settings_toml = mapping_toml(
            {
                "force": _("name of the police force"),
                "nation": self.settings.nation if home else "elsewhere",
                "time_zone": city.time_zone,
            }
        ) + "\n".join(
            [
                "",
                "[geography]",
                f'crs = "{"EPSG:27700" if home else guess.utm_crs}"',
                f'outline_file = "outline.geojson"      # {_("the boundary of the force or the city, as a polygon")}',
                "",
                "[store]",
                'folder = "store"',
                "synthetic = false",
                "open_real_on_loopback = true",
                "",
            ]
        )

    def _read_kind_of_event(self) -> None:
        """The column whose values say what the events are, or one kind for all of them."""
        about = schema.table_named(self.table).field("kind")
        words = next(each for each in field_words(self.table) if each.field == "kind")
        known = {
            column: translate(about, _distinct(self._cells(column)), yes_no={})
            for column in self.facts
            if match_heading(words, column.plain) and "category" in column.kinds
        }
        telling = [column for column, (values, _unknown) in known.items() if values]
        if not telling:
            kind = "ambulance_overdose_call" if ambulance_file(self.facts) else "drug_incident"
            self.columns["kind"] = {"fixed": kind}
            self._ask("columns.kind", _("What are the events of this file?"), *about.values)
            return
        column = telling[0]
        values, unknown = known[column]
        self._use("kind", Match(column=column, score=match_heading(words, column.plain), cells_fit=True))
        if len(set(values.values())) == 1 and unknown:
            # Other kinds of event are in the file: the rows of this one are taken.
            self.columns["kind"] = {"fixed": next(iter(values.values()))}
            self.raw["only"] = {column.heading: list(values)}
        else:
            self.columns["kind"] = column.heading
            self.choice_columns.append((about, column))

    def _read_times(self) -> None:
        columns = list(dict.fromkeys(self.time_columns))
        if not columns:
            return
        abroad = self.settings.nation == "elsewhere" and self.settings.time_zone.startswith("America/")
        guess = guess_times(
            [self._cells(column) for column in columns],
            usually_day_first=not abroad,
            now=self.now,
            months=self.table == MONTHS_ALLOWED_IN,
        )
        times: dict[str, Any] = {}
        if any(re.search(r"\b(?:utc|zulu)\b", column.plain) for column in columns):
            times["time_zone"] = "UTC"
        if guess.formats:
            times["formats"] = list(guess.formats)
        if not guess.day_first:
            times["day_first"] = False
        self.raw["times"] = times
        if guess.asked:
            self._ask(
                "times.day_first",
                _("Does the day come first in dates, as in 1/7 for 1 July? {why}.").format(why=_sentence(guess.why)),
                "true", "false",
            )  # fmt: skip
        if guess.excel_asked:
            self._ask(
                "times.formats",
                _("Its dates are a workbook's own numbers. Are they counted from 1900, or from 1904 as on old Macs?"),
                "excel", "excel-1904",
            )  # fmt: skip
        if guess.unreadable:
            self._ask(
                "times.formats",
                ngettext(
                    "{count} cell of its dates and times is in no known form. Add the form to formats under [times].",
                    "{count} cells of its dates and times are in no known form. Add the form to formats under [times].",
                    guess.unreadable,
                ).format(count=format_count(guess.unreadable)),
            )

    def _read_values(self) -> None:
        """Values of closed lists into [values]; others are counted, and shown only where they are plainly categories.

        A column that was taken for a field by half its heading, and of whose values few are known, is not that field.
        """
        values: dict[str, dict[str, str]] = {}
        names = self._words_of_names()
        for about, column in self.choice_columns:
            cells = self._cells(column)
            known_whole = whole_words(about) if about.name == "substance" else frozenset()
            texts = _items(cells, known_whole) if known_whole else [text for text in cells if not is_nothing(text)]
            counts = Counter(texts)
            known, unknown = translate(about, counts, yes_no=yes_no_means(about.name, column.plain))
            if known:
                values[about.name] = values.get(about.name, {}) | known
            if about.name == "age_band":
                self._tell_lost_ages(column, counts)
            if unknown:
                understood = sum(counts.values()) - sum(counts[text] for text in unknown)
                shown = [
                    text
                    for text in unknown
                    if counts[text] >= _OFTEN_ENOUGH
                    and understood >= _SHARE_UNKNOWN * sum(counts.values())
                    and not holds_personal_data(text)
                    and names.isdisjoint(plain_value(text).split("_"))
                ]
                self.unknown.append(
                    UnknownValues(
                        field=about.name,
                        heading=column.heading,
                        distinct=len(unknown),
                        cells=sum(counts[text] for text in unknown),
                        shown=tuple(sorted(shown)) if len(shown) <= _MOST_VALUES_SHOWN else (),
                    )
                )
        self.raw["values"] = values

    def _tell_lost_ages(self, column: ColumnFacts, counts: Counter[str]) -> None:
        lost = sum(count for text, count in counts.items() if band_of_range(text) == schema.NOT_RECORDED)
        if lost:
            self.advice.append(
                _(
                    "In {share} of the cells of “{heading}” the range of ages lies across two of the bands that are "
                    "kept: those ages are stored as not recorded. Ages in years or dates of birth would be kept."
                ).format(share=format_share(lost / max(sum(counts.values()), 1)), heading=column.heading)
            )

    def _words_of_names(self) -> set[str]:
        """The words of every name in the sample: a value that has one is a name in the wrong column."""
        columns = [
            match.column
            for name, matches in self.found.items()
            if name.startswith("person.") or "officer" in name
            for match in matches
            if "name" in match.column.kinds
        ]
        return {word for column in columns for cell in self._cells(column) for word in plain_value(cell).split("_")}

    # --- the file -----------------------------------------------------------------------------------------------------

    def _describe_file(self) -> None:
        layout = self.sample.layout
        file: dict[str, Any] = {}
        if layout.separator and layout.separator != ",":
            file["separator"] = layout.separator
        if layout.encoding and not layout.encoding.startswith("utf-8"):
            file["encoding"] = layout.encoding
        if layout.sheet is not None and len(self.sample.sheets) > 1:
            # By number: a sheet's name may be a person's.
            file["sheet"] = self.sample.sheets.index(str(layout.sheet)) + 1
        if layout.header_row and layout.header_row > 1:
            file["header_row"] = layout.header_row
        numbers = [
            column for column in self.facts if column.position in self.used and column.kinds & {"number", "degrees"}
        ]
        if any(column.decimal == "," for column in numbers):
            file["decimal"] = ","
        self.raw["file"] = file

    def _unused(self) -> tuple[UnusedColumn, ...]:
        return tuple(
            UnusedColumn(
                heading=column.heading,
                why=_("free text or an address, which may name people")
                if FREE_TEXT.search(column.plain)
                else _("no field of this table fits it"),
            )
            for column in self.facts
            if column.position not in self.used
        )


def _may_be_names(match: Match) -> bool:
    column = match.column
    return match.score >= SURE_SCORE or column.distinct >= _SHARE_OF_NAMES_THAT_DIFFER * column.looked_at


def _holds_points(column: ColumnFacts) -> bool:
    return "point" in column.kinds and not re.search(rf"\b(?:{ABODES})\b", column.plain)


def _kind_words() -> dict[str, str]:
    return {"substance": _("drugs"), "dose": _("doses"), "officer": _("officers' reports")}


def _as_toml(texts: Sequence[str]) -> str:
    quoted = [f'"{text}"' for text in texts]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"


def _why(match: Match) -> str:
    if not match.column.kinds:
        return _("the heading says so; the column is empty in the sample")
    if not match.cells_fit:
        return _("the heading says so, but the cells look like something else")
    if match.score >= SURE_SCORE:
        return _("the heading says so, and the cells fit")
    return _("the heading nearly says so, and the cells fit")


def _key_part(name: str, column: ColumnFacts) -> Any:
    """A part of a key: a date's day, a collar number's letters and digits, or the cell as it is."""
    if "date" in column.kinds:
        return {"day": column.heading}
    return {"code": column.heading} if name in ("dose.officer", "officer_token", "kit_token") else column.heading


def _headings_of(columns: Sequence[ColumnFacts]) -> tuple[str, ...]:
    return tuple(column.heading for column in columns)


def _distinct(cells: Texts) -> list[str]:
    return [text for text in dict.fromkeys(cells) if not is_nothing(text)]


def _items(cells: Texts, known_whole: Set[str]) -> list[str]:
    """The single substances of cells that may hold several, each cell whole where it is known whole."""
    split = re.compile("|".join(re.escape(each) for each in SubstanceLayout(columns=("-",)).separators), re.IGNORECASE)
    return [
        item.strip()
        for cell in cells
        if not is_nothing(cell)
        for item in ([cell] if plain_value(cell) in known_whole else split.split(cell))
        if item.strip()
    ]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
