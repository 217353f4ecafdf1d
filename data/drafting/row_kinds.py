"""What a row of a form stands for: told by what differs between the rows of one incident and of one person.

A person is certain by a number or a name. Rows that only share what describes people, such as gender and age, may be of
two alike, so nothing is decided by that. No cell is in what is found: columns and counts.
"""

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from data.drafting.column_facts import ColumnFacts
from data.values import is_nothing, plain_value

__all__ = ["RowColumns", "RowKinds", "tell_rows"]

Row = Sequence[str]

# Headings of how many doses there were, as in "Number of doses", and of which one a row is, as in "Dose no".
_COUNT = re.compile(
    r"\b(?:doses|sprays|actuations|administrations|count|total|quantity)\b|^(?:number|no|how many|num|qty)\b"
)
_NUMBER = re.compile(r"\b(?:dose|spray|actuation|administration) (?:no|number|num|id|seq|sequence|index|order)$")
# So many people whose numbers all run 1, 2, 3 are no accident: counts would repeat or skip in some.
_ENOUGH_PEOPLE = 10
# One person's rows may be as many as the doses that each of them states, by accident.
_SOME_PEOPLE = 3


@dataclass(frozen=True, kw_only=True)
class RowColumns:
    """The columns that tell rows apart, by what they are about.

    `incident` is its number, or what stands for one; `administration` a number of each giving of naloxone; `person` a
    number or a name; `described` what people have in common with others; `drugs` and `doses` what a person may have
    several of; `counts` the number of doses; `officers` who gave them. `dose` numbers a person's doses by its cells;
    with `nobody_twice` these show that nobody whom the key describes is two.
    """

    incident: tuple[ColumnFacts, ...]
    administration: ColumnFacts | None = None
    person: tuple[ColumnFacts, ...] = ()
    described: tuple[ColumnFacts, ...] = ()
    drugs: tuple[ColumnFacts, ...] = ()
    doses: tuple[ColumnFacts, ...] = ()
    counts: ColumnFacts | None = None
    officers: tuple[ColumnFacts, ...] = ()
    dose: ColumnFacts | None = None
    nobody_twice: bool = False


@dataclass(frozen=True, kw_only=True)
class RowKinds:
    """What the rows are.

    `several` counts the incidents that stand in several rows. `key` are the columns of a person's key, `told_by` what
    makes it one: a person's number or name, an administration's number, descriptions, or nothing. `kinds` are what the
    rows of one person differ in. `dose_number` is a column that numbers a person's doses, `described` are the columns
    that describe people in nearly every row. `counts` says whether the number of doses is that of each dose's entry or
    the person's total. `either` is a column that could number doses as well as count them. `people` counts incidents
    with several descriptions, `shared` those with several administrations of one description, `repeated` rows that
    repeat another in every column, `repeats_counted` whether the number of doses counts these too, `left` the keys that
    even so stand in several rows.
    """

    several: int
    left: int
    key: tuple[ColumnFacts, ...]
    told_by: Literal["person", "administration", "description", "nothing"]
    kinds: tuple[Literal["substance", "dose", "officer"], ...]
    dose_number: ColumnFacts | None
    described: tuple[ColumnFacts, ...]
    counts: Literal["entry", "total", "unsure"]
    either: ColumnFacts | None
    people: int
    shared: int
    repeated: int
    repeats_counted: bool


def tell_rows(rows: Sequence[Row], columns: RowColumns, *, least_filled: float) -> RowKinds:
    """What the rows of a sample stand for; a column is good for a key where this share of its cells is filled."""
    administration = columns.administration if columns.administration not in columns.incident else None
    by_incident = _groups(rows, columns.incident)
    numbered = administration is not None and _filled(rows, administration) >= least_filled
    described = tuple(each for each in columns.described if _filled(rows, each) >= least_filled)
    several = sum(len({tuple(row) for row in group}) > 1 for group in by_incident.values())
    if columns.person:
        key, told_by = (*columns.incident, *columns.person), "person"
    elif numbered and administration is not None:
        key, told_by = (administration,), "administration"
    else:
        telling = tuple(each for each in described if any(_differ(group, each) for group in by_incident.values()))
        key, told_by = (*columns.incident, *telling), "description" if described else "nothing"
        told_by = "person" if columns.nobody_twice else told_by
    by_person = list(_groups(rows, key).values())
    counts = columns.counts
    may_number = told_by != "administration" and columns.dose is None and counts and _numbers_doses(by_person, counts)
    numbers_doses = may_number and counts and not _COUNT.search(counts.plain)
    if numbers_doses:
        # "Dose no" numbers each person's doses: 1, 2, 3.
        columns = replace(columns, administration=columns.counts, counts=None)
        administration = columns.administration
    if numbers_doses and told_by == "description" and not columns.officers and _once_each(by_person, columns):
        # Two people who are alike would each have a first dose, beside each drug.
        told_by = "person"
    repeats_counted = counts is not None and _counts_repeats(by_person, counts)
    shared = sum(_shares_description(group, administration, described) for group in by_incident.values())
    # Where several numbers may be one person's, each is both: whoever says so has the key alone to change.
    dose_number = columns.dose or (
        administration if numbers_doses or told_by == "person" or (told_by == "administration" and shared) else None
    )
    return RowKinds(
        several=several,
        left=sum(len({tuple(row) for row in group}) > 1 for group in by_person),
        key=tuple(dict.fromkeys(key)),
        told_by=told_by,
        kinds=_kinds(by_person, columns, dose_number),
        dose_number=dose_number,
        counts="total" if repeats_counted else _what_counts_count(by_person, columns, dose_number),
        either=counts if may_number and counts and not _NUMBER.search(counts.plain) else None,
        people=sum(any(_differ(group, each) for each in described) for group in by_incident.values()),
        described=tuple(each for each in described if each not in columns.incident),
        shared=shared if told_by == "administration" else 0,
        repeated=sum(count - 1 for count in Counter(tuple(row) for row in rows).values()),
        repeats_counted=repeats_counted,
    )


def _groups(rows: Sequence[Row], columns: Sequence[ColumnFacts]) -> dict[Hashable, list[Row]]:
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        cells = [row[column.position] for column in columns]
        if not any(map(is_nothing, cells)):
            groups.setdefault(tuple(map(plain_value, cells)), []).append(row)
    return groups


def _filled(rows: Sequence[Row], column: ColumnFacts) -> float:
    return sum(not is_nothing(row[column.position]) for row in rows) / max(len(rows), 1)


def _values(rows: Sequence[Row], column: ColumnFacts) -> set[str]:
    return {plain_value(row[column.position]) for row in rows if not is_nothing(row[column.position])}


def _differ(rows: Sequence[Row], column: ColumnFacts) -> bool:
    return len(_values(rows, column)) > 1


def _kinds(
    people: Sequence[Sequence[Row]], columns: RowColumns, dose_number: ColumnFacts | None
) -> tuple[Literal["substance", "dose", "officer"], ...]:
    def differ(*several: ColumnFacts) -> bool:
        return any(_differ(rows, column) for rows in people for column in several)

    counts = (columns.counts,) if columns.counts else ()
    found: list[Literal["substance", "dose", "officer"]] = []
    if differ(*columns.drugs):
        found.append("substance")
    if dose_number or differ(*columns.doses):
        found.append("dose")
    elif differ(*columns.officers):
        # Their numbers of doses may be of the same doses, so they are not added up.
        found.append("officer")
    elif differ(*counts):
        found.append("dose")
    return tuple(found)


def _numbers_doses(people: Sequence[Sequence[Row]], column: ColumnFacts) -> bool:
    """Whether every person's numbers are 1, or 1 and 2, and so on: those of doses, where counts would be any."""
    several = 0
    for rows in people:
        values = _values(rows, column)
        if values and values != {str(number) for number in range(1, len(values) + 1)}:
            return False
        several += len(values) > 1
    return several >= _ENOUGH_PEOPLE


def _once_each(people: Sequence[Sequence[Row]], columns: RowColumns) -> bool:
    """Whether each number of a dose stands once beside each drug of everybody."""
    told_by = (*columns.drugs, *((columns.administration,) if columns.administration else ()))
    return all(len({tuple(row[each.position] for each in told_by) for row in rows}) == len(rows) for rows in people)


def _counts_repeats(people: Sequence[Sequence[Row]], column: ColumnFacts) -> bool:
    """Whether everybody with rows alike in every column has as many doses as rows."""
    repeating = [rows for rows in people if len({tuple(row) for row in rows}) < len(rows)]
    return len(repeating) >= _SOME_PEOPLE and all(_values(rows, column) == {str(len(rows))} for rows in repeating)


def _what_counts_count(
    people: Sequence[Sequence[Row]], columns: RowColumns, dose_number: ColumnFacts | None
) -> Literal["entry", "total", "unsure"]:
    """Whether the number of doses is an entry's or the person's, by people with several entries."""
    if columns.counts is None:
        return "total"
    told_by = (dose_number,) if dose_number else (*columns.doses, columns.counts)
    several, more = 0, 0
    for rows in people:
        stated = _values(rows, columns.counts)
        entries = len({tuple(plain_value(row[each.position]) for each in told_by) for row in rows})
        if len(stated) > 1:
            return "entry"
        if entries > 1 and stated and (only := next(iter(stated))).isdecimal():
            if int(only) < entries:
                # A person's total is no less than its entries.
                return "entry"
            several, more = several + 1, more + (int(only) > entries)
    if not several:
        return "entry" if dose_number else "total"
    return "unsure" if more else "total"


def _shares_description(
    rows: Sequence[Row], administration: ColumnFacts | None, described: Sequence[ColumnFacts]
) -> bool:
    """Whether two administrations of an incident are of people with one description: one person, or two alike."""
    if administration is None:
        return False
    by_number: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if not is_nothing(row[administration.position]):
            seen = tuple(plain_value(row[each.position]) for each in described)
            by_number.setdefault(plain_value(row[administration.position]), seen)
    return len(set(by_number.values())) < len(by_number)
