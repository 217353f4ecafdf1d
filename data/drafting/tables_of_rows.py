"""A database's tables of doses or of drugs: several rows a record that is in the store already, by its number.

Told by the store: most of a column's numbers are keys of its records, or those of people with one record each.
"""

import re
from collections.abc import Sequence
from typing import Any

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match, speaks_of_naloxone
from data.drafting.record_keys import key_of
from data.drafting.results import FieldDraft
from data.drafting.time_fields import lacks_date, time_headings
from data.drafting.work import SHARE_WITH_KEY, Work
from data.values import whole_number
from wording import _, join_words

__all__ = ["find_table_of_rows"]

# So many of a column's numbers are the store's: the file is about the same records.
_SHARE_KNOWN = 0.5
# What rows of a record have of their own; a file that says more of people or places has records of its own.
_OF_ROWS = ("substances", "drug_number", "dose.", "dose_number", "doses_given")
_OF_RECORDS = (
    *("incident_id", "administration_id", "person_number", "person.identifier"),
    *("recipient_type", "naloxone_given", "described_by"),
)
_OF_A_DOSE = re.compile(
    r"\b(?:doses?|naloxone|narcan|nyxoid|sprays?|actuations?|medication|administ\w+|given)\b(?!.*\b(?:entered|recorded)\b)"
)
_NUMBER = re.compile(r"\b(?:id|no|num|number|ref|reference|seq|sequence|index)\b|^(?:dose|spray|administration)$")


def find_table_of_rows(work: Work) -> dict[str, Any]:
    """How a table of doses or drugs joins the records it belongs to; empty where the file is none."""
    # The number 1205 may look like a clock.
    timed = [
        each
        for each in work.facts
        if each.kinds & {"time", "date", "point"} or ("clock" in each.kinds and not _NUMBER.search(each.plain))
    ]
    likely = {
        name
        for name, each in work.found.items()
        if each[0].score >= LIKELY_SCORE and each[0].cells_fit and each[0].column not in timed
    }
    # The times of doses are rows' own; with any other the rows are of what happened.
    if any("point" in each.kinds or not _OF_A_DOSE.search(each.plain) for each in timed):
        return {}
    if work.known_numbers is None or not all(name.startswith(_OF_ROWS + _OF_RECORDS) for name in likely):
        return {}
    drugs = work.found.get("substances", ()) if "substances" in likely else ()
    told = {match.column.position for match in drugs}
    of_doses = bool(timed) or speaks_of_naloxone([each for each in work.facts if each.position not in told])
    if not (drugs or of_doses):
        return {}
    numbers = [each for each in work.facts if _may_number(each) and each.position not in told]
    found = _key_of_records(work, numbers) or _number_of_people(work, numbers)
    if found is None:
        return {}
    key, source, match = found
    if timed and work.known_numbers.times_doses(source):
        # Records whose own file timed their doses: this is more of it.
        return {}
    number = _number_of_rows(work, [each for each in numbers if each not in key], key) if of_doses else None
    kinds = [*(["substance"] if drugs else []), *(["dose"] if of_doses else [])]
    work.found = {name: each for name, each in work.found.items() if name in ("substances", "dose.kit")}
    dose = {"given_at": given} if of_doses and (given := _time_of_dose(work, timed)) else {}
    if match:
        work.found["person.identifier"] = (Match(column=key[0], score=SURE_SCORE, cells_fit=True),)
    else:
        _draft_key(work, key)
    if number:
        work.columns["dose_id"] = key_of(work, number)
        work.used.add(number.position)
        _note(work, "dose_id", [number], why=_("it numbers the doses"))
    _note(work, "rows", key, why=_("its numbers are those of records in the store"))
    work.ask(
        "joins",
        _(
            "Most numbers under {headings} are those of records of “{source}”, so that each row is read as a {kind} of"
            " one of these. Rows whose record is not there wait until it is. If each row is a record of its own, say"
            " that it does not add to other records."
        ).format(
            headings=join_words([f"“{each.heading}”" for each in key]),
            source=source,
            kind=join_words([{"substance": _("drug"), "dose": _("dose")}[each] for each in kinds]),
        ),
        in_mapping=_("no joins; “map --own-records” drafts it so"),
    )
    return {
        "joins": "administrations",
        "parent_source": source,
        "rows": kinds[0] if len(kinds) == 1 else kinds,
        # Where nothing numbers them, rows that read the same are several all the same: that is what the table is for.
        **({"repeats": "doses"} if of_doses and not number and not drugs else {}),
        **({"match": {"person": True}} if match else {}),
        **({"doses": [dose]} if of_doses else {}),
    }


def _time_of_dose(work: Work, timed: Sequence[ColumnFacts]) -> str | list[str]:
    """When a row's dose was given: its clock with its date, or a column of both; "" where there is no date."""
    # A clock finds its date; a date alone says no more than the record does.
    for column in sorted(timed, key=lambda each: "clock" not in each.kinds):
        match = Match(column=column, score=LIKELY_SCORE, cells_fit=True)
        if column.kinds & {"time", "clock"} and not lacks_date(work, match):
            work.found["dose.given_at"] = (match,)
            headings = time_headings(work, match)
            work.use("doses.1.given_at", match, headings=headings)
            return headings
    return ""


def _key_of_records(work: Work, numbers: Sequence[ColumnFacts]) -> tuple[tuple[ColumnFacts, ...], str, bool] | None:
    """A column, or two, whose numbers are keys of administrations, and the source of these."""
    known = work.known_numbers
    pairs = [(one, other) for one in numbers for other in numbers if one is not other]
    for key in (*((each,) for each in numbers), *pairs):
        spelt = _spelt(work, key)
        for source in work.known_sources:
            codes = [isinstance(each, dict) for each in spelt]
            share = known.administrations(source, [work.cells(each) for each in key], codes=codes) if known else 0
            if share >= _SHARE_KNOWN:
                return tuple(key), source, False
    return None


def _number_of_people(work: Work, numbers: Sequence[ColumnFacts]) -> tuple[tuple[ColumnFacts, ...], str, bool] | None:
    """A column whose numbers are those of people with one record each, and the source of these."""
    for column in numbers:
        for source in work.known_sources:
            if work.known_numbers and work.known_numbers.people(source, work.cells(column)) >= _SHARE_KNOWN:
                return (column,), source, True
    return None


def _spelt(work: Work, key: Sequence[ColumnFacts]) -> list[Any]:
    """The parts of a key as a form's own draft writes them: what tells an incident's people apart as it is."""
    return [key_of(work, key[0]), *(each.heading for each in key[1:])]


def _draft_key(work: Work, key: Sequence[ColumnFacts]) -> None:
    spelt = _spelt(work, key)
    work.columns["administration_id"] = spelt[0] if len(spelt) == 1 else spelt
    work.used |= {each.position for each in key}
    _note(work, "administration_id", key, why=_("its numbers are those of records in the store"))


def _note(work: Work, field: str, columns: Sequence[ColumnFacts], *, why: str) -> None:
    headings = tuple(each.heading for each in columns)
    work.drafts.append(FieldDraft(field=field, headings=headings, confidence="likely", why=why))


def _may_number(column: ColumnFacts) -> bool:
    filled = column.filled >= SHARE_WITH_KEY
    return filled and bool(column.kinds & {"key", "number"}) and bool(_NUMBER.search(column.plain))


def _number_of_rows(work: Work, columns: Sequence[ColumnFacts], key: Sequence[ColumnFacts]) -> ColumnFacts | None:
    """The column that tells a record's rows apart: one that differs in all rows before one that begins anew."""
    rows = len(work.sample.rows)
    of_key = list(zip(*(work.cells(each) for each in key), strict=True))
    for anew in (False, True):
        for column in columns:
            texts = [whole_number(text) for text in work.cells(column)]
            if len(set(zip(of_key, texts, strict=True) if anew else texts)) == rows:
                return column
    return None
