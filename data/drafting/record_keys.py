"""What numbers the records: a column, or several together where none does."""

import re
from collections.abc import Sequence
from typing import Any

from data import schema
from data.drafting.column_facts import ColumnFacts
from data.drafting.field_patterns import REFERENCE
from data.drafting.heading_match import SURE_SCORE, WEAK_SCORE, Match
from data.drafting.heading_words import EXPORT_NUMBERS, FREE_TEXT
from data.drafting.keys_by_cells import counts_rows
from data.drafting.places import says_moved
from data.drafting.results import FieldDraft
from data.drafting.row_kinds import RowKinds
from data.drafting.work import SHARE_WITH_KEY, Work, headings_of
from data.mapping import FORM_TABLE
from data.pseudonymise import normalise_code
from data.values import is_nothing, whole_number
from wording import _, format_count, format_share, join_words, ngettext

__all__ = [
    "incidents_in_several_rows",
    "key_of",
    "read_keys",
    "take_export_number",
]

_MOST_KEY_PARTS = 6
_LEAST_SHARE_NUMBERED = 0.9
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


# Headings of a form's number, and whole ones of an incident's.
_FORM_NUMBER = re.compile(r"\b(?:form|report|submission|response|return)\b")
_INCIDENT_NUMBER = re.compile(
    rf"(?:police |force )?(?:incident|occurrence|event|log|crime|cad|storm|niche) {REFERENCE}(?: {REFERENCE})?"
)


def read_keys(work: Work, *, joins: bool) -> None:
    """The key of each record, and of the record it belongs to."""
    if work.kinds and work.kinds.told_by != "administration" and len(work.kinds.key) > len(work.incident):
        _read_key_of_person(work, work.kinds)
        return
    if work.table == FORM_TABLE:
        names = [name for name in ("incident_id", "administration_id") if work.match(name)]
        for name in names:
            _read_key(work, name)
        if not names and not joins:
            _compose_key(work, "administration_id")
        return
    table = schema.table_named(work.table)
    if (numbered := work.match(table.key)) and _numbers_rows(work, numbered):
        _read_key(work, table.key)
    for parent in table.fields:
        if parent.token and parent.required and parent.name != table.key:
            if work.match(parent.name):
                _read_key(work, parent.name)
            else:
                work.ask(f"columns.{parent.name}", _("Which column holds the number of the record it belongs to?"))
            if len(work.known_sources) == 1:
                work.raw["parent_source"] = work.known_sources[0]
            else:
                work.ask(
                    "parent_source",
                    _("Under which source were the records imported that this file belongs to?"),
                    *work.known_sources,
                )
    if table.key not in work.columns:
        _compose_key(work, table.key)


def _numbers_rows(work: Work, match: Match) -> bool:
    """Whether a column may number records of one row each: in so many words, or as its cells do.

    Rows of a number that was there before wait in quarantine. Some are slips; many say that it numbers something else.
    """
    if match.score >= SURE_SCORE:
        return True
    rows = {tuple(row) for row in work.sample.rows if not is_nothing(row[match.column.position])}
    numbers = {normalise_code(row[match.column.position]) for row in rows}
    return len(numbers) >= _LEAST_SHARE_NUMBERED * len(rows)


def _read_key(work: Work, name: str) -> None:
    match = work.found[name][0]
    work.columns[name] = _incident_key(work, match.column) if name == "incident_id" else key_of(work, match.column)
    work.use(name, match)
    filled = work.filled(match.column)
    if _numbers_an_export(match.column) or (match.score <= WEAK_SCORE and counts_rows(work, match.column)):
        work.ask(
            f"columns.{name}",
            _(
                "No column but “{heading}” numbers the records, and it may number the rows of one export alone. If the "
                "next export numbers them otherwise, name another column, or make the key of several."
            ).format(heading=match.column.heading),
        )
    if filled < SHARE_WITH_KEY:
        work.ask(
            f"columns.{name}",
            _("“{heading}” is empty in {share} of the rows, which would wait. Is there a better key?").format(
                heading=match.column.heading, share=format_share(1 - filled)
            ),
            match.column.heading,
            *match.alternatives,
        )


def _incident_key(work: Work, column: ColumnFacts) -> Any:
    key = key_of(work, column)
    return [key, {"day": work.day_of_number.heading}] if work.day_of_number else key


def take_export_number(work: Work) -> None:
    """Where no column numbers the records, the one that numbers the rows of the export is better than none."""
    key = "incident_id" if work.table == FORM_TABLE else schema.table_named(work.table).key
    if work.match(key) or work.match("administration_id"):
        return
    column = next((each for each in work.facts if _numbers_an_export(each) and "key" in each.kinds), None)
    if column:
        work.found[key] = (Match(column=column, score=WEAK_SCORE, cells_fit=True),)


def tell_form_from_incident(work: Work) -> None:
    """Where forms and incidents both have numbers, an incident may have several forms: each is one administration's."""
    match = work.match("incident_id")
    if match is None or work.match("administration_id") or not _FORM_NUMBER.search(match.column.plain):
        return
    held = {each.column.position for several in work.found.values() for each in several}
    incident = next(
        (
            each
            for each in work.facts
            if each.position not in held and _INCIDENT_NUMBER.fullmatch(each.plain) and "key" in each.kinds
        ),
        None,
    )
    if incident and work.filled(incident) >= SHARE_WITH_KEY:
        work.found["administration_id"] = (match,)
        work.found["incident_id"] = (Match(column=incident, score=SURE_SCORE, cells_fit=True),)


def _numbers_an_export(column: ColumnFacts) -> bool:
    return bool(re.search(rf"\b(?:{EXPORT_NUMBERS})\b", column.plain))


def key_of(work: Work, column: ColumnFacts) -> Any:
    """A number is read as one, so that a spreadsheet that drops its leading zeros does not make it another key."""
    cells = [text for text in work.cells(column) if not is_nothing(text)]
    numbers = all(whole_number(text).isdecimal() for text in cells)
    same = len({normalise_code(text) for text in cells}) == len({text.casefold() for text in cells})
    return {"code": column.heading} if cells and numbers and same else column.heading


def _compose_key(work: Work, name: str) -> None:
    """A key of several columns, where the file has no number: the first that tell its rows apart."""
    parts: list[ColumnFacts] = []
    spelt: list[Any] = []
    apart, fields = False, 0
    for each in _KEY_PARTS[work.table]:
        match = work.match(each)
        if match is None or match.column in parts or match.column.filled < SHARE_WITH_KEY:
            continue
        if says_moved(match.column.plain):
            # Drawn anew each time that a file is published: every row would be another record then.
            continue
        fields += 1
        for column in (match.column, *_clock_beside(work, each)):
            parts.append(column)
            spelt.append(_key_part(each, column))
        apart = _tell_apart(work, parts)
        # The time alone is never enough: two people may be treated at once.
        if (apart and fields > 1) or len(parts) >= _MOST_KEY_PARTS:
            break
    if work.table == FORM_TABLE and parts and not apart:
        # Rows that differ elsewhere are not the same row: nobody is to vanish behind a key that was made up.
        for column in _telling_further(work, parts):
            parts.append(column)
            spelt.append(_key_part("", column))
        apart = _tell_apart(work, parts)
    if not parts:
        work.ask(f"columns.{name}", _("Which column or columns tell the rows apart? None is filled in every row."))
        return
    work.columns[name] = spelt[0] if len(spelt) == 1 else spelt
    work.used |= {column.position for column in parts}
    work.drafts.append(
        FieldDraft(
            field=name,
            headings=tuple(column.heading for column in parts),
            confidence="likely" if apart else "guess",
            why=_("no column numbers the rows, and these together tell them apart")
            if apart
            else _("no column numbers the rows, and these do not tell all of them apart"),
        )
    )
    work.ask(
        f"columns.{name}",
        _(
            "No column numbers the rows. The key is made of {headings}: a row in which one of these is corrected "
            "becomes a new record."
        ).format(headings=join_words([f"“{column.heading}”" for column in parts])),
    )


def _telling_further(work: Work, parts: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """Further columns that tell rows of one key apart, those first that tell most; drugs and free text tell nobody."""
    further: list[ColumnFacts] = []
    drugs = work.all_columns("substances")
    free = [
        each
        for each in work.facts
        if each not in (*parts, *drugs)
        and each.kinds & {"key", "number", "category"}
        and each.filled >= SHARE_WITH_KEY
        and not FREE_TEXT.search(each.plain)
        and not says_moved(each.plain)
    ]
    while len(parts) + len(further) < _MOST_KEY_PARTS and not _tell_apart(work, (*parts, *further)):
        told = {each: _told_apart(work, (*parts, *further, each)) for each in free}
        best = max(told, key=lambda each: told[each], default=None)
        if best is None or told[best] == _told_apart(work, (*parts, *further)):
            break
        further.append(best)
        free.remove(best)
    return further


def _told_apart(work: Work, parts: Sequence[ColumnFacts]) -> int:
    return len({tuple(row[column.position].casefold() for column in parts) for row in work.treated})


def _clock_beside(work: Work, name: str) -> tuple[ColumnFacts, ...]:
    headings = work.columns.get(name)
    if name != "occurred_at" or not isinstance(headings, list):
        return ()
    return tuple(each for each in work.facts if each.heading == headings[1])


def _tell_apart(work: Work, parts: Sequence[ColumnFacts]) -> bool:
    """Whether rows with the same parts are the same in every column."""
    whole = {}
    for row in work.sample.rows:
        key = tuple(row[column.position].casefold() for column in parts)
        if whole.setdefault(key, row) != row:
            return False
    return True


def _read_key_of_person(work: Work, kinds: RowKinds) -> None:
    """Several people at one incident: its number, and what tells them apart, is the key of an administration."""
    numbered = work.match("incident_id")
    if numbered is None and (other := work.match("administration_id")) and other.column in kinds.key:
        numbered = other
    if numbered:
        work.columns["incident_id"] = _incident_key(work, numbered.column)
        work.use("incident_id", numbered)
    parts = [
        {"day": column.heading}
        if column is work.day_of_number
        else key_of(work, column)
        if numbered and column is numbered.column
        else _key_part("", column)
        for column in kinds.key
    ]
    work.columns["administration_id"] = parts
    work.used |= {column.position for column in kinds.key}
    work.drafts.append(
        FieldDraft(
            field="administration_id",
            headings=headings_of(kinds.key),
            confidence=("likely" if work.told_by_cells() else "sure") if kinds.told_by == "person" else "guess",
            why=_("{rows}, with several people in some").format(rows=incidents_in_several_rows(kinds))
            if kinds.people
            else incidents_in_several_rows(kinds),
        )
    )


def incidents_in_several_rows(kinds: RowKinds) -> str:
    """How many there are, in words."""
    return ngettext(
        "{count} incident stands in several rows", "{count} incidents stand in several rows", kinds.several
    ).format(count=format_count(kinds.several))


def _key_part(name: str, column: ColumnFacts) -> Any:
    """A part of a key: a date's day, a collar number's letters and digits, or the cell as it is."""
    if "date" in column.kinds:
        return {"day": column.heading}
    return {"code": column.heading} if name in ("dose.officer", "officer_token", "kit_token") else column.heading
