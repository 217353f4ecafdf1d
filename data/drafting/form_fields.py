"""The fields of a table that columns fill: plain ones, the person, substances, doses and waits of a form."""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from data import schema
from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match, ambulance_file
from data.drafting.heading_words import field_words, match_heading
from data.drafting.time_fields import lacks_date, readable_time, time_headings
from data.drafting.work import Work, distinct_texts
from data.mapping import SUBSTANCE_TAKEN, mapped_fields
from data.value_words import band_of_range, certain_words, translate
from data.values import known_choices, parse_numbers, plain_value
from wording import _

__all__ = [
    "ask_of_kit_register",
    "read_doses",
    "read_kind_of_event",
    "read_person",
    "read_plain_fields",
    "read_substances",
    "read_waits",
]

# Words beside the substance in a heading, and words that are too common to name one.
_NOT_OF_SUBSTANCES = re.compile(
    r"\b(?:suspected|susp|confirmed|drugs?|substances?|overdose|od|used?|taken|involved|involvement|present|detected|positive|"
    r"any|other than|indicated|related|type|flag|rx|prescription|illicit|y|n|yn|yes|no)\b"
)
_TOO_COMMON = frozenset({"other", "unknown", "none", "drink", "speed", "blues", "smack", "stimulant"})
_STRENGTH = re.compile(r"\b(?:doses?|sprays?|kits? used)\b.*\b\d+ mg\b|\b\d+ mg\b.*\b(?:doses?|sprays?)\b")
_GAVE = re.compile(r"\b(?:administer\w*|gave|given|deployed|used)\b")
_NUMBERED = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")


def read_plain_fields(work: Work) -> None:
    """Fields that are read from a column as it stands, times from two."""
    for name, about in mapped_fields(work.table).items():
        match = work.match(name)
        if match is None or name in work.columns or name == "kind":
            continue
        is_time = about.type == "TIMESTAMPTZ"
        work.columns[name] = time_headings(work, match) if is_time else match.column.heading
        work.use(name, match, headings=work.columns[name] if is_time else ())
        if about.type == "DATE":
            work.time_columns.append(match.column)
        if about.values:
            work.choice_columns.append((about, match.column))


def read_person(work: Work) -> None:
    """Who was treated: names, a number, the date of birth, the age."""
    person: dict[str, Any] = {}
    names = [*work.found.get("person.first_name", ()), *work.found.get("person.last_name", ())]
    if whole := work.match("person.name"):
        names = names or [whole]
    if names:
        person["name"] = [match.column.heading for match in names] if len(names) > 1 else names[0].column.heading
        work.use("person.name", *names)
    for name in ("identifier", "date_of_birth", "age"):
        match = work.match(f"person.{name}")
        if match and name == "age" and _has_ranges(work, match.column):
            # Years and ranges, or years about right, in one column: bands are read from all.
            if "age_band" not in work.columns:
                work.columns["age_band"] = match.column.heading
                work.choice_columns.append((mapped_fields(work.table)["age_band"], match.column))
                ages = replace(match, score=LIKELY_SCORE, cells_fit=True)
                work.use("age_band", ages, why=_("it holds ages in years beside ranges or about right"))
            continue
        if match:
            person[name] = match.column.heading
            work.use(f"person.{name}", match)
            if name == "date_of_birth":
                work.time_columns.append(match.column)
    work.raw["person"] = person


def _has_ranges(work: Work, column: ColumnFacts) -> bool:
    """Whether a text is an age and no number: a range, or a number that is only about right."""
    cells = work.cells(column)
    years, _unreadable, _outside = parse_numbers(cells)
    return any(band_of_range(text) for text in cells[np.isnan(years)])


def read_substances(work: Work) -> None:
    """The columns of substances, and how sure they are."""
    matches = work.found.get("substances", ())
    named = [match for match in matches if "yes_no" not in match.column.kinds]
    asked = _substances_asked_for(work)
    if not named and not asked:
        return
    about: dict[str, Any] = {}
    if named:
        about["columns"] = [match.column.heading for match in named]
        work.use("substances", *named)
    if asked:
        about["yes_no"] = {column.heading: substance for column, substance in asked.items()}
        columns = [Match(column=column, score=SURE_SCORE, cells_fit=True) for column in asked]
        work.use("substances.yes_no", *columns, why=_("each says yes or no of the substance in its heading"))
        work.choice_columns += [(SUBSTANCE_TAKEN, column) for column in asked]
    fields = schema.table_named("substances")
    work.choice_columns += [(fields.field("substance"), match.column) for match in named]
    certainty = work.found.get("certainty", ())
    if certainty and len(certainty) in (1, len(named)):
        about["certainty_columns"] = [match.column.heading for match in certainty]
        work.use("certainty", *certainty)
        work.choice_columns += [(fields.field("certainty"), match.column) for match in certainty]
    elif any(re.search(r"\bsusp(?:ected)?\b", each.plain) for each in (*(match.column for match in named), *asked)):
        about["certainty"] = "suspected"
    work.raw["substances"] = about


def _substances_asked_for(work: Work) -> dict[ColumnFacts, str]:
    """Columns of yes and no that are headed by a substance, as "Heroin", "Suspected fentanyl" or "Opioid: Y/N"."""
    taken = {match.column.position for name, each in work.found.items() if name != "substances" for match in each}
    about = schema.table_named("substances").field("substance")
    known = {plain: value for plain, value in certain_words(about, yes_no={}).items() if value != schema.NOT_RECORDED}
    known |= {plain: value for plain, value in known_choices(about, {}).items() if value in about.values}
    asked = {}
    for column in work.facts:
        if column.position in work.used | taken or (column.kinds and "yes_no" not in column.kinds):
            continue
        words = _NOT_OF_SUBSTANCES.sub(" ", column.plain).strip()
        # "Heroin/Morphine": the first that is known stands for both.
        found = [known.get(plain_value(part)) for part in (words, *re.split(r"[/,;&+]", _plain_parts(column.heading)))]
        if words and (substance := next(filter(None, found), None)) and words not in _TOO_COMMON:
            asked[column] = substance
    return asked


def _plain_parts(heading: str) -> str:
    return _NOT_OF_SUBSTANCES.sub(" ", " ".join(re.sub(r"[^\w/,;&+]+|_", " ", heading.casefold()).split()))


def read_doses(work: Work) -> None:
    """Columns of single doses: numbered ones, or one set where the form states the number of doses as well."""
    strengths = [each for each in work.facts if _STRENGTH.search(each.plain) and "number" in each.kinds]
    if len(strengths) > 1 and not (work.kinds and "dose" in work.kinds.kinds):
        # "Doses of 2 mg" and "doses of 4 mg": all of them were given.
        work.columns.pop("doses_given", None)
        work.drafts = [each for each in work.drafts if each.field != "doses_given"]
        work.raw["doses"] = [{"count": column.heading} for column in strengths]
        for number, column in enumerate(strengths, start=1):
            work.use(f"doses.{number}.count", Match(column=column, score=LIKELY_SCORE, cells_fit=True))
        return
    by_number: dict[str, dict[str, Match]] = {}
    for name in ("officer", "officer_role", "product", "kit", "given_at"):
        for match in sorted(work.found.get(f"dose.{name}", ()), key=_who_gave_first):
            if match.score < LIKELY_SCORE or (name == "given_at" and lacks_date(work, match)):
                continue
            number = _NUMBERED.search(match.column.plain)
            by_number.setdefault(number[1] if number else "", {}).setdefault(name, match)
    numbered = {number: each for number, each in by_number.items() if number}
    several = work.kinds is not None and work.kinds.several > 0
    counts = work.columns.get("doses_given")
    if several and "dose" in work.kinds.kinds and not numbered:
        # The only column that counts doses says how many each row's entry stands for.
        work.raw["doses"] = [_dose(work, 1, by_number.get("", {}))]
        if work.kinds.dose_number and work.kinds.dose_number == work.column_of("doses_given"):
            work.columns.pop("doses_given")
            work.drafts = [each for each in work.drafts if each.field != "doses_given"]
        elif counts and work.kinds.counts != "total":
            work.raw["doses"][0] = {"count": work.columns.pop("doses_given"), **work.raw["doses"][0]}
            work.drafts = [
                replace(each, field="doses.1.count") if each.field == "doses_given" else each for each in work.drafts
            ]
        return
    # Who gave it, and with which kit, is kept also where nothing counts doses; then their number stays unrecorded.
    named = {"officer", "kit"} & by_number.get("", {}).keys()
    if not numbered and not (by_number and (counts or several or named)):
        return
    chosen = [numbered[number] for number in sorted(numbered, key=int)] or [by_number[""]]
    work.raw["doses"] = [_dose(work, number, each) for number, each in enumerate(chosen, start=1)]


def _who_gave_first(match: Match) -> bool:
    """Sorts the officer who gave it before others whom a form names: whoever reports it, or fills it in."""
    return not _GAVE.search(match.column.plain)


def _dose(work: Work, number: int, parts: dict[str, Match]) -> dict[str, Any]:
    dose: dict[str, Any] = {}
    for name, match in parts.items():
        dose[name] = time_headings(work, match) if name == "given_at" else match.column.heading
        work.use(f"doses.{number}.{name}", match, headings=dose[name] if name == "given_at" else ())
        if name == "officer_role":
            work.choice_columns.append((schema.table_named("doses").field(name), match.column))
    return dose


def read_waits(work: Work, *, joins: bool) -> None:
    """The ambulance's clock: two times, minutes, or how the wait ended."""
    minutes = work.match("wait.minutes")
    if minutes and minutes.column.kinds and not minutes.cells_fit:
        minutes = None
    started, ended = (readable_time(work, f"wait.{name}") for name in ("started_at", "ended_at"))
    outcome = work.match("wait.outcome") or _left_or_taken(work)
    wait: dict[str, Any] = {"kind": "call_to_arrival"}
    wait["clock"] = "ambulance_cad" if joins else "officer_estimate" if minutes else "police_log"
    if minutes:
        wait["minutes"] = minutes.column.heading
        work.use("waits.1.minutes", minutes)
    if ended and (started or "occurred_at" in work.columns):
        if started:
            wait["started_at"] = time_headings(work, started)
            work.use("waits.1.started_at", started, headings=wait["started_at"])
        else:
            wait["kind"], wait["started_at"] = "naloxone_to_arrival", work.columns["occurred_at"]
        wait["ended_at"] = time_headings(work, ended)
        work.use("waits.1.ended_at", ended, headings=wait["ended_at"])
        work.ask(
            "waits",
            _("Is “{heading}” when the ambulance arrived? Whose clock is it?").format(heading=ended.column.heading),
            "ambulance_cad", "police_log", "officer_estimate",
        )  # fmt: skip
    if outcome:
        wait["outcome"] = outcome.column.heading
        work.use("waits.1.outcome", outcome)
        work.choice_columns.append((schema.table_named("waits").field("outcome"), outcome.column))
    if len(wait) > 2:
        work.raw["waits"] = [wait]


def _left_or_taken(work: Work) -> Match | None:
    """A column that says of some that they went to hospital and of others that they left holds both fields."""
    match = work.match("taken_to_hospital")
    if match is None or "yes_no" in match.column.kinds:
        return None
    known, _unknown = translate(schema.table_named("waits").field("outcome"), set(work.cells(match.column)), yes_no={})
    return match if "left_before" in known.values() else None


def ask_of_kit_register(work: Work) -> None:
    """Where a row is a kit and not a movement, what has become of it did not happen on the day of issue."""
    status, day = work.match("event"), work.match("event_on")
    if status is None or day is None or not re.search(r"\bissued?\b", day.column.plain):
        return
    about = schema.table_named(work.table).field("event")
    said = distinct_texts(work.cells(status.column))
    values, _unknown = translate(about, said, yes_no={})
    issued = {"issued", *(word for word, value in values.items() if value == "issued")}
    if any(plain_value(text) not in issued for text in said):
        work.ask(
            "columns.event_on",
            _(
                "“{status}” says what has become of a kit, and “{day}” when it was issued: kits that were used, lost or"
                " returned would count on that day. Name the column with the day of what “{status}” says, or import a "
                "row for each movement."
            ).format(status=status.column.heading, day=day.column.heading),
        )


def read_kind_of_event(work: Work) -> None:
    """The column whose values say what the events are, or one kind for all of them."""
    about = schema.table_named(work.table).field("kind")
    words = next(each for each in field_words(work.table) if each.field == "kind")
    known = {
        column: translate(about, distinct_texts(work.cells(column)), yes_no={})
        for column in work.facts
        if match_heading(words, column.plain) and "category" in column.kinds
    }
    telling = [column for column, (values, _unknown) in known.items() if values]
    if not telling:
        kind = "ambulance_overdose_call" if ambulance_file(work.facts) else "drug_incident"
        if any(re.search(r"\b(?:death|deceased)\b", column.plain) for column in work.facts):
            kind = "drug_related_death"
        work.columns["kind"] = {"fixed": kind}
        work.ask("columns.kind", _("What are the events of this file?"), *about.values)
        return
    column = telling[0]
    values, unknown = known[column]
    work.use("kind", Match(column=column, score=match_heading(words, column.plain), cells_fit=True))
    if len(set(values.values())) == 1 and unknown:
        # Other kinds of event are in the file: the rows of this one are taken.
        work.columns["kind"] = {"fixed": next(iter(values.values()))}
        work.raw["only"] = {column.heading: list(values)}
    else:
        work.columns["kind"] = column.heading
        work.choice_columns.append((about, column))
