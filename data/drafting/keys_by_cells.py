"""The numbers of incidents, people and doses that headings do not tell, taken by their cells and asked about."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.drafting.column_facts import ColumnFacts, cells_of
from data.drafting.field_patterns import ABODES, EXPORT_NUMBERS, REFERENCE
from data.drafting.form_words import NOT_KEYS
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, WEAK_SCORE, Match
from data.drafting.heading_words import FREE_TEXT
from data.drafting.places import says_moved
from data.drafting.row_chain import (
    FEWEST_GROUPS,
    Columns,
    always_one,
    days_apart,
    differs_by_dose,
    doses_of,
    incidents_of,
    people_of,
    runs_once,
)
from data.drafting.times import guess_times
from data.drafting.work import SHARE_WITH_KEY, Work, headings_of
from data.values import parse_moments, whole_number
from wording import _, format_count, ngettext

__all__ = ["counts_rows", "take_keys_by_cells"]

# Of so many dates it is told how they are written.
_CELLS = 500
_NO_CODES = frozenset({"date", "month", "degrees", "point", "doses"})
_PLACES = ("place.x", "place.y", "place.point", "place.postcode", "authority", "small_area")
_DESCRIBED = (
    "gender", "age_band", "person.age", "person.date_of_birth", "person.first_name", "person.last_name", "person.name",
    "described_by",
)  # fmt: skip
# Columns that may yet be a number of something else than their heading half says.
_KEYS = frozenset({
    "incident_id", "administration_id", "person_number", "person.identifier", "recipient_type", "drug_number",
    "naloxone_given",
})  # fmt: skip
_SAYS_INCIDENT = re.compile(r"\b(?:incident|occurrence|occ|event|crime|case|call|run|complaint|cad|storm|niche)\b")
_SAYS_DOSE = re.compile(r"\b(?:doses?|sprays?|actuations?|administrations?|medications?|naloxone|narcan|nyxoid|nx)\b")
_SAYS_NO_INCIDENT = re.compile(rf"\b(?:{NOT_KEYS}|{EXPORT_NUMBERS}|{ABODES}|address|site|premises)\b")
_SAYS_NO_PERSON = re.compile(
    rf"\b(?:doses?|actuations?|sprays?|kits?|minutes|officer|collar|warrant|type|drug|substance|{EXPORT_NUMBERS})\b"
)
_SAYS_NO_DOSE = re.compile(
    rf"\b(?:persons?|patients?|victims?|subjects?|nominal|officer|collar|warrant|type|drug|substance|{EXPORT_NUMBERS})\b"
)


def take_keys_by_cells(work: Work) -> None:
    """Take the chain of incident, person and dose from the cells where headings leave a part of it open."""
    columns, days = Columns(work.treated), _days(work)
    _settle_shared_number(work, columns, days)
    incident = _take_incident(work, columns, days)
    _settle_repeating_number(work, columns, days)
    person, dose = _take_person(work, columns), _take_dose(work, columns)
    parts = [each for each in (incident, person, dose) if each]
    if not parts:
        return
    match = work.match("incident_id")
    work.ask(
        "columns.incident_id" if incident else "columns.administration_id" if person else "columns.dose_id",
        _("No heading says so, but by their cells: {parts}. Is it so?").format(parts="; ".join(parts)),
        *((match.column.heading, *match.alternatives) if incident and match and match.alternatives else ()),
    )


def _numbers_of_incidents(work: Work, columns: Columns, days: NDArray[np.int64]) -> list[ColumnFacts]:
    return incidents_of(
        columns,
        [each for each in _candidates(work, _SAYS_NO_INCIDENT) if each.kinds & {"key", "number"}],
        days=days,
        times=_time_columns(work),
        places=[each for each in work.all_columns(*_PLACES) if not says_moved(each.plain)],
        described=_described(work),
    )


def _settle_shared_number(work: Work, columns: Columns, days: NDArray[np.int64]) -> None:
    """A number that several people of one time and place share numbers their incident, whatever its heading says."""
    match, person = work.match("administration_id"), work.columns_of_person()
    if match is None or work.match("incident_id") or not person or match.column in person:
        return
    people = len(np.unique(columns.together(match.column, *person)))
    if people >= columns.count(match.column) + FEWEST_GROUPS and match.column in _numbers_of_incidents(
        work, columns, days
    ):
        work.found["incident_id"] = work.found.pop("administration_id")


def _settle_repeating_number(work: Work, columns: Columns, days: NDArray[np.int64]) -> None:
    """A number beside days far apart numbers no incident: another one does, or its key is the number and the day."""
    match = work.match("incident_id")
    repeats = days_apart(columns.of(match.column), days) if match else 0
    if match is None or not repeats:
        return
    numbers = [each for each in _numbers_of_incidents(work, columns, days) if each != match.column]
    told = ngettext(
        "“{heading}” comes again on days far apart, {count} of its numbers does, so that it is not one incident's each"
        " time.",
        "“{heading}” comes again on days far apart, {count} of its numbers do, so that it is not one incident's each"
        " time.",
        repeats,
    ).format(heading=match.column.heading, count=format_count(repeats))
    if numbers and match.score < SURE_SCORE:
        work.found["incident_id"] = (Match(column=numbers[0], score=WEAK_SCORE, cells_fit=True),)
        asked = _("{told} Does “{other}” number the incidents?").format(told=told, other=numbers[0].heading)
    else:
        day = _day_column(work)
        work.day_of_number = day
        asked = _(
            "{told} It may begin anew each day or year. An incident's key is made of it and the day of “{day}”. Is"
            " there a better number?"
        ).format(told=told, day=day.heading if day else "")
    work.ask("columns.incident_id", asked, *headings_of(numbers))


def _time_columns(work: Work) -> list[ColumnFacts]:
    headings = work.columns.get("occurred_at", ())
    wanted = [headings] if isinstance(headings, str) else list(headings)
    return [each for heading in wanted for each in work.facts if each.heading == heading]


def _day_column(work: Work) -> ColumnFacts | None:
    return next(iter(_time_columns(work)), None)


def _take_incident(work: Work, columns: Columns, days: NDArray[np.int64]) -> str:
    match = work.match("incident_id")
    if match and _SAYS_INCIDENT.search(match.column.plain) and match.score >= LIKELY_SCORE:
        return ""
    found = _numbers_of_incidents(work, columns, days)
    repeating = [each for each in found if _repeats(work, columns, each)]
    other = match or work.match("administration_id")
    if other:
        finer = columns.count(other.column)
        found = [each for each in repeating if each != other.column and columns.count(each) < finer]
        if match and match.column in repeating and repeating[0] == match.column:
            return ""
    headed = [each for each in found if each in repeating or _headed(each)]
    found = headed or [each for each in found if not counts_rows(work, each)]
    if not found:
        return ""
    best, *others = found
    if counts_rows(work, best):
        # It may be that of one export alone, which is asked about where keys are read.
        work.found["incident_id"] = (Match(column=best, score=WEAK_SCORE, cells_fit=True),)
        return ""
    _take(
        work,
        "incident_id",
        best,
        why=_("each of its values has one day and one place, and nearly every day and place has its own"),
        alternatives=headings_of(others[:3]),
    )
    return _("“{heading}” numbers the incidents").format(heading=best.heading)


def _take_person(work: Work, columns: Columns) -> str:
    incident = work.match("incident_id")
    described = _described(work)
    if incident is None or work.columns_of_person() or not described:
        return ""
    found = people_of(
        columns,
        [
            each
            for each in _candidates(work, _SAYS_NO_PERSON)
            if each not in (incident.column, work.column_of("administration_id"))
        ],
        incident=columns.together(*_incident(work, incident)),
        described=described,
    )
    if found is None:
        return ""
    _take(work, "person_number", found, why=_("of people at one incident, each of its values has one description"))
    return _("“{heading}” tells the people of an incident apart").format(heading=found.heading)


def _take_dose(work: Work, columns: Columns) -> str:
    incident = work.match("incident_id")
    if incident is None or work.match("administration_id"):
        return ""
    people, described = work.columns_of_person(), _described(work)
    number = columns.together(*_incident(work, incident))
    person = columns.group((*_incident(work, incident), *people), () if people else described)
    candidates = [
        each for each in _candidates(work, _SAYS_NO_DOSE) if each not in (incident.column, *people, *described)
    ]
    officers, drugs = work.all_columns("dose.officer"), work.all_columns("substances")
    named = [each for each in candidates if _SAYS_DOSE.search(each.plain)]
    found = doses_of(columns, named, person=person, described=described, drugs=drugs) or doses_of(
        columns, candidates, person=person, described=described, drugs=drugs, officers=officers
    )
    exact = work.all_columns("person.age", "person.date_of_birth")
    one_each = bool(set(exact) & set(described)) and always_one(columns, number, described)
    if found:
        _take(work, "dose_number", found, why=_("it differs between the rows of one person, whatever the drug"))
        once = runs_once(columns, found, person=person, drugs=drugs)
        work.nobody_twice = not people and (one_each if once is None else once)
        return _("“{heading}” numbers the doses of a person").format(heading=found.heading)
    times = _time_columns(work)
    if (
        not times
        or work.match("dose.given_at")
        or work.match("doses_given")
        or not described
        or not differs_by_dose(
            columns,
            columns.together(*times),
            person=person,
            described=described,
            drugs=drugs,
            officers=officers,
        )
    ):
        return ""
    work.timed_doses, work.nobody_twice = True, not people and one_each
    return _("“{heading}” is when each dose of a person was given").format(heading=times[-1].heading)


def _incident(work: Work, match: Match) -> tuple[ColumnFacts, ...]:
    return (match.column, work.day_of_number) if work.day_of_number else (match.column,)


def _take(work: Work, field: str, column: ColumnFacts, *, why: str, alternatives: tuple[str, ...] = ()) -> None:
    """Read a field from a column, whatever its heading was half taken for."""
    others = {name: tuple(match for match in matches if match.column != column) for name, matches in work.found.items()}
    work.found = {name: matches for name, matches in others.items() if matches}
    work.found[field] = (Match(column=column, score=LIKELY_SCORE, cells_fit=True, alternatives=alternatives, why=why),)


def _candidates(work: Work, unlike: re.Pattern[str]) -> list[ColumnFacts]:
    """Columns that may number something: of codes or numbers, filled, and not read for what their headings say."""
    held = {
        match.column.position
        for name, matches in work.found.items()
        for match in matches
        if name not in _KEYS and match.score >= LIKELY_SCORE and match.cells_fit
    }
    return [
        each
        for each in work.facts
        if each.position not in held | work.used
        and each.kinds & {"key", "number", "category"}
        and not each.kinds & _NO_CODES
        and not each.decimals
        and not FREE_TEXT.search(each.plain)
        and not unlike.search(each.plain)
        and work.filled(each) >= SHARE_WITH_KEY
    ]


def _described(work: Work) -> tuple[ColumnFacts, ...]:
    return tuple(each for each in work.all_columns(*_DESCRIBED) if work.filled(each) >= SHARE_WITH_KEY)


def counts_rows(work: Work, column: ColumnFacts) -> bool:
    """Whether a column reads 1, 2, 3 down the file."""
    return [whole_number(text) for text in work.cells(column)] == [
        str(number) for number in range(1, len(work.sample.rows) + 1)
    ]


def _headed(column: ColumnFacts) -> bool:
    return bool(re.search(rf"\b(?:{REFERENCE}|serial|log)\b|^(?:record|entry|case|event|job)$", column.plain))


def _repeats(work: Work, columns: Columns, column: ColumnFacts) -> bool:
    return columns.count(column) < len(work.treated)


def _days(work: Work) -> NDArray[np.int64]:
    """The day of each row as a number, -1 where it is unknown."""
    column = _day_column(work)
    if column is None:
        return np.full(len(work.treated), -1, dtype=np.int64)
    rows, cells = pd.factorize(cells_of(work.treated, column.position))
    american = work.settings.nation == "elsewhere" and work.settings.time_zone.startswith("America/")
    guess = guess_times([cells[:_CELLS]], usually_day_first=not american, now=work.now, months=True)
    moments, _bad = parse_moments(
        cells, formats=guess.formats, day_first=guess.day_first, file_zone="UTC", local_zone="UTC"
    )
    days = moments.local.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), -1, days.astype(np.int64))[rows]
