"""Whether a file adds to records of another one, and under whose name its records are kept."""

import re
from collections.abc import Sequence, Set
from typing import Any

from data import schema
from data.drafting.finding_words import findings_column
from data.drafting.heading_match import (
    LIKELY_SCORE,
    SURE_SCORE,
    Match,
    ambulance_file,
    police_reference,
    speaks_of_naloxone,
)
from data.drafting.heading_words import FREE_TEXT, plain_words
from data.drafting.record_keys import key_of
from data.drafting.tables_of_rows import find_table_of_rows
from data.drafting.work import Work
from data.mapping import FORM_TABLE, mapped_fields
from wording import _

__all__ = ["STREET_SOURCE", "advise_full_extract", "ask_for_parent", "find_joins", "named_for_naloxone", "source_name"]

# Public street-level files.
STREET_SOURCE = "data.police.uk"
_STREET_HEADINGS = frozenset({"crime id", "falls within", "crime type"})
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
# Of a file that adds to others: what it may add, by the name under which its rows are kept.
_ADDED = {
    "substances": "laboratory findings",
    "certainty": "laboratory findings",
    "wait.": "ambulance clocks",
    "call_category": "ambulance clocks",
    "police_first_on_scene": "ambulance clocks",
    "place.": "locations",
    "setting": "locations",
    "authority": "locations",
    "small_area": "locations",
    "condition_after": "outcomes",
    "alive_at_handover": "outcomes",
    "taken_to_hospital": "outcomes",
    "seen_by_paramedics": "outcomes",
}
_FIELDS_OF_PEOPLE = mapped_fields(FORM_TABLE).keys() - schema.table_named("incidents").names
# What only the form itself tells: who was treated and how. An outcome may come later, from others.
_OF_A_FORM = (
    _FIELDS_OF_PEOPLE
    - {"administration_id", "recorded_at", "officer_area", "condition_after", "alive_at_handover"}
    - {"taken_to_hospital", "seen_by_paramedics"}
) | {
    *("person.age", "person.identifier", "person_number", "described_by", "naloxone_given", "given_by_others"),
    *("drug_number", "dose.count", "dose.product", "dose.kit", "dose.given_at"),
}
_FINDING = re.compile(r"\b(?:lab|laboratory|toxicology|analy[sz]ed|analysis|detected|findings?|forensic|tested)\b")
_KIND_OF_EVENT = re.compile(r"\b(?:type|nature|kind|category|complaint|disposition|determinant|offen[cs]e|crime)\b")
# In the name of a file: that it is of naloxone, that its rows are what was given, and that it adds to those.
_NALOXONE = re.compile(r"\b(?:naloxone|narcan|nyxoid)\b")
_NAMED_FOR_RECORDS = re.compile(r"\b(?:deploy\w*|administ\w*|uses?|used|usage|given|logs?|records?|returns?|forms?)\b")
_NAMED_FOR_MORE = re.compile(
    r"\b(?:locations?|places?|address(?:es)?|post ?codes?|coordinates?|maps?|outcomes?|follow ups?|hospital|lab|"
    r"laborator\w*|toxicology|tests?|findings?|geo\w*|gps|xy|results?|ambulances?|cad|ems|clocks?|times|waits?)\b"
)
# So many of a file's numbers are in the store: it is about the same incidents.
_SHARE_OF_OTHERS = 0.5
# A file that adds to others has little else in it than what it adds.
_SHARE_STRANGE = 0.25


def find_joins(work: Work) -> dict[str, Any]:
    """Whether the file adds to records of another: ambulance clocks, no time of its own, or nothing of a person."""
    if not work.may_join:
        return {}
    finding = findings_column(work)
    if (
        not finding
        and not any(_FINDING.search(each.plain) for each in work.facts)
        and (table := find_table_of_rows(work))
    ):
        return table
    if finding:
        # Nothing else in the file may be what is found, and how sure that is.
        work.found = {name: each for name, each in work.found.items() if each[0].column is not finding}
        told = Match(column=finding, score=SURE_SCORE, cells_fit=True)
        work.found |= {"substances": (told,), "certainty": (told,)}
    clocks = work.match("wait.ended_at") or work.match("wait.minutes") or work.match("call_category_before")
    event = work.match("occurred_at")
    timeless = not (event and event.cells_fit) and not any(each.kinds & {"time", "date"} for each in work.facts)
    adds = False
    match: dict[str, Any] = {}
    if ambulance_file(work.facts) and clocks is not None:
        key = _police_key(work)
    elif timeless and not _is_a_form(work):
        key = work.match("incident_id") or work.match("administration_id")
    else:
        key, match = _what_it_has(work)
        if not key and not match:
            key = _number_of_others(work)
        adds = bool(key or match)
    if not key and not match:
        return {}
    if key:
        work.found["incident_id"] = (key,)
    about_people = any(name in _FIELDS_OF_PEOPLE - {"recorded_at", "administration_id"} for name in work.found)
    of_people = (timeless or adds) and (about_people or "substances" in work.found)
    joins = "administrations" if of_people else "incidents"
    person = work.match("person_number")
    if finding and key and person and joins == "administrations":
        work.columns["administration_id"] = [key_of(work, key.column), person.column.heading]
        work.use("administration_id", key, person)
    _keep_what_is_added(work, joins=joins, person=bool(match.get("person")))
    found: dict[str, Any] = {"joins": joins}
    others = [each for each in work.known_sources if each != source_name(work, found)]
    held = _source_of_numbers(work, key, others)
    # Without a name that is known, the one that a form's own draft gives it.
    found["parent_source"] = held or (*others, _SOURCES[FORM_TABLE])[0]
    if len(others) != 1 and not held:
        work.ask(
            "parent_source",
            _("Under which source were the records imported that this file adds to?"),
            *others,
            in_mapping="parent_source",
        )
    if adds:
        _ask_whether_it_adds(work, match)
    return found | ({"match": match} if match else {})


def _keep_what_is_added(work: Work, *, joins: str, person: bool) -> None:
    """The time, the doses and the person stay those of the record that is added to."""
    left_out = ["dose.", "occurred_at", "administration_id"]
    left_out += [] if person else ["person."]
    left_out += [] if joins == "administrations" else ["substances", "certainty", *_FIELDS_OF_PEOPLE]
    work.found = {name: each for name, each in work.found.items() if not name.startswith(tuple(left_out))}


# --- files that tell nothing of a person ------------------------------------------------------------------------------


def _what_it_has(work: Work) -> tuple[Match | None, dict[str, Any]]:
    """What leads to the records that a file adds to: their number, or the day with an officer or a person.

    None of them where the file may hold records of its own.
    """
    likely = _likely_fields(work)
    finding = "substances" in likely and ("certainty" in likely or any(_FINDING.search(e.plain) for e in work.facts))
    added = {name for name in likely if name.startswith(tuple(_ADDED)) and (finding or name != "substances")}
    points = any("point" in each.kinds for each in work.facts)
    if _is_a_form(work) or ("substances" in likely and not finding) or not (added or points) or _says_what_kind(work):
        return None, {}
    if named_for_naloxone(work.sample.label, work.known_sources) or _may_be_a_log(work, added):
        return None, {}
    form = work.match("administration_id") if "administration_id" in likely else None
    number = form or (work.match("incident_id") if "incident_id" in likely else None)
    if number is None and work.known_sources and "wait.ended_at" in likely:
        # "Police ref" beside clocks, where there are records of police to add them to.
        number = police_reference(work.facts)
    officer = work.match("dose.officer") if "dose.officer" in likely else None
    names = [name for name in ("person.name", "person.last_name") if name in likely]
    day = work.match("occurred_at") if "occurred_at" in likely else None
    known = {each[0].column.position for each in work.found.values()}
    strange = sum(each.position not in known and not FREE_TEXT.search(each.plain) for each in work.facts)
    # A list of calls has a number, a time and a place too: without an officer or a finding it may be one.
    most_strange = _SHARE_STRANGE * len(work.facts) if form or finding or work.known_sources else 0
    if number and (form or officer or finding or work.known_sources) and strange <= most_strange:
        return number, {}
    if number or not day or not (officer or names) or strange > 2 * _SHARE_STRANGE * len(work.facts):
        return None, {}
    if not day.column.kinds & {"date", "time", "excel"}:
        return None, {}
    work.use("match.day", day)
    work.time_columns.append(day.column)
    if not officer:
        return None, {"day": day.column.heading, "person": True}
    work.use("match.officer", officer)
    return None, {"day": day.column.heading, "officer": officer.column.heading}


def _number_of_others(work: Work) -> Match | None:
    """The number of a file that says nothing of a person, where most of its numbers are those of another's records."""
    match = work.match("incident_id") or police_reference(work.facts)
    own = source_name(work, {})
    if match is None or _is_a_form(work) or named_for_naloxone(work.sample.label, work.known_sources):
        return None
    return match if _source_of_numbers(work, match, [each for each in work.known_sources if each != own]) else None


def _source_of_numbers(work: Work, match: Match | None, sources: Sequence[str]) -> str | None:
    """The source whose records have most of a column's numbers; None where none has half of them."""
    if match is None or work.known_numbers is None or not sources:
        return None
    shares = {source: work.known_numbers.incidents(source, work.cells(match.column)) for source in sources}
    best = max(shares, key=lambda source: shares[source])
    return best if shares[best] >= _SHARE_OF_OTHERS else None


def advise_full_extract(work: Work) -> None:
    """A file most of whose numbers came before under its own source may be all that there is: then some have gone."""
    match, source = work.match("incident_id"), str(work.raw["source"])
    if source in work.known_sources and _source_of_numbers(work, match, [source]):
        work.advice.append(
            _(
                "Most of its numbers are in the store already, under “{source}”. If the file holds every record that "
                "there is of its days, say so (“Which records does it hold?”; in the mapping {line}): then records "
                "of these days that it lacks are withdrawn. As it stands they stay."
            ).format(source=source, line='extract = "full", covers = "its_days"')
        )


def _likely_fields(work: Work) -> set[str]:
    return {name for name, each in work.found.items() if each[0].score >= LIKELY_SCORE and each[0].cells_fit}


def _is_a_form(work: Work) -> bool:
    """Whether a file says who was treated or how: its records are its own, even where no time is found."""
    of_a_form = _OF_A_FORM - {"person_number"} if "certainty" in work.found else _OF_A_FORM
    return bool(_likely_fields(work) & of_a_form) or speaks_of_naloxone(work.facts)


def named_for_naloxone(label: str, known_sources: Sequence[str]) -> bool:
    """Whether a file's name says that its rows are of naloxone that was given: "Naloxone deployments 2025.xlsx"."""
    name = plain_words(label)
    if not _NALOXONE.search(name) or _NAMED_FOR_MORE.search(name):
        return False
    return bool(_NAMED_FOR_RECORDS.search(name)) or not known_sources


def _may_be_a_log(work: Work, added: Set[str]) -> bool:
    """Whether a file with the time of day says where it was and how it ended, and there is nothing to add it to."""
    timed = any(each.kinds & {"clock", "time"} for each in work.facts)
    kinds = {kind for sign, kind in _ADDED.items() if any(name.startswith(sign) for name in added)}
    return timed and not work.known_sources and {"locations", "outcomes"} <= kinds


def _says_what_kind(work: Work) -> bool:
    """Whether a column tells kinds of event apart, as a list of calls or crimes has it."""
    known = {match.column.position for name in ("setting", "substances") for match in work.found.get(name, ())}
    return any(_KIND_OF_EVENT.search(each.plain) and each.position not in known for each in work.facts)


def _ask_whether_it_adds(work: Work, match: dict[str, Any]) -> None:
    """The reverse of what is drafted: records of their own."""
    by = (
        _("day and officer")
        if "officer" in match
        else _("day and person")
        if match
        else _("the number of the incident")
    )
    work.ask(
        "joins",
        _(
            "The file says nothing of naloxone or of who was treated, so it is read as adding to other records, found"
            " by {by}. Rows that fit none of them, or several, wait until one is there. If each row is a record of its"
            " own, say that it does not add to other records."
        ).format(by=by),
        in_mapping=_("no joins; “map --own-records” drafts it so"),
    )


def ask_for_parent(work: Work) -> None:
    """Ask about a file with a number, a time and a place, and nothing of anybody treated: it may add to others."""
    of_people = ("person.", "substances", "dose.count", "dose.product", "dose.kit")
    told = _FIELDS_OF_PEOPLE - {"recorded_at", "officer_area"}
    if work.may_join and not any(name in told or name.startswith(of_people) for name in work.found):
        work.ask(
            "joins",
            _(
                "Nothing here tells of a person who was treated. As it stands, each row becomes an administration of"
                " its own. Is it a list of calls or offences? Then say that it is about these. A file that adds places"
                " or times to records of another file must be read as such."
            ),
            "incidents",
            in_mapping=_(
                'joins = "incidents", parent_source with the source of these records, and no occurred_at; for calls'
                " or offences, “map --table risk_events”"
            ),
        )


def _police_key(work: Work) -> Match | None:
    """The police's number in an ambulance service's file, else its only number."""
    if named := police_reference(work.facts):
        return named
    match = work.match("incident_id")
    if match:
        work.ask(
            "columns.incident_id",
            _("Is “{heading}” the police's number? Without it the clocks find no record.").format(
                heading=match.column.heading
            ),
        )
    return match


def source_name(work: Work, joins: dict[str, Any]) -> str:
    """Whose name the file's records are kept under."""
    plain = {column.plain for column in work.facts}
    if plain >= _STREET_HEADINGS:
        return STREET_SOURCE
    if joins:
        if "rows" in joins:
            return "doses" if "dose" in joins["rows"] else "drugs"
        if ambulance_file(work.facts):
            return "ambulance CAD"
        return next(
            (name for sign, name in _ADDED.items() if any(each.startswith(sign) for each in work.found)), "joined"
        )
    return "Niche" if any(each.startswith(("niche", "occurrence")) for each in plain) else _SOURCES[work.table]
