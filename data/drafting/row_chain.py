"""What numbers incidents, the people of an incident and their doses, told by cells and not by headings.

An incident has one time and one place, a person one description (age, sex), and rows of one person differ in doses and
drugs. So a column numbers the incidents where each of its values stands with one day and one place, and it has about
as many values as there are days and places; the coarsest such column is meant. Within an incident, people are numbered
by the coarsest column beside which one description stands and several do without it; what then still differs within a
person, whatever the drug, numbers the doses. A number is a code that belongs to one incident (or person) only, or it
runs 1, 2, 3 (A, B, C) anew in each. Nothing here knows a heading: columns that are something else are not given. What
is found are columns and counts, and no cell.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.drafting.column_facts import ColumnFacts
from data.values import is_nothing, plain_value

__all__ = [
    "FEWEST_GROUPS",
    "Columns",
    "always_one",
    "days_apart",
    "differs_by_dose",
    "doses_of",
    "incidents_of",
    "people_of",
    "runs_once",
]

Row = Sequence[str]
Groups = NDArray[np.int64]

# So many of the rows that share a number may stray: a misspelt date, a corrected place.
_STRAY = 0.1
# A number that tells fewer of the days and places apart is not an incident's.
_FINE_ENOUGH = 0.7
# So many groups show that a number repeats for a reason, or begins anew in each.
FEWEST_GROUPS, _MANY_GROUPS = 3, 10
# Two people who are taken at random are described alike less often than this where a description tells people apart.
_SHARED_DESCRIPTIONS = 0.05
# An incident may go past midnight, and a date may be misspelt now and then.
_FAR_APART_DAYS, _SHARE_FAR_APART = 2, 0.3
# Of the incidents with several numbers, so many have several descriptions where the numbers are people's; few where
# they are doses'.
_OF_PEOPLE, _OF_DOSES = 0.5, 0.1
# Numbers of incidents rise with time, or fall where the newest row comes first, but for some that were entered late.
_ONE_WAY = 0.9
_LONGEST_NUMBER_WITHIN = 2
_SHORTEST_CODE = 3
# An address has digits too, but its words are any.
_SHARE_OF_WORDINGS = 0.2
_WORDS_OF_A_CODE = 3
# “2nd”, “Patient 2”, “2 of 3”, in plain form.
_ORDINAL = re.compile(r"(?:.*[^0-9])??0*(\d+)(?:st|nd|rd|th)?(?:_of_\d+)?", re.IGNORECASE)
_LETTER = re.compile(r"(?:.*[^a-z])?([a-z])", re.IGNORECASE)


class Columns:
    """The columns of a sample as numbers: the same number for the same cell, -1 where nothing is recorded."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._codes: dict[int, Groups] = {}
        self._texts: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def texts(self, column: ColumnFacts) -> list[str]:
        """What a column's numbers stand for."""
        self.of(column)
        return self._texts[column.position]

    def of(self, column: ColumnFacts) -> Groups:
        """The numbers of one column."""
        if column.position not in self._codes:
            cells, texts = pd.factorize(np.array([row[column.position] for row in self._rows], dtype=object))
            plain = [None if is_nothing(text) else plain_value(text) for text in texts]
            same, known = pd.factorize(np.array(plain, dtype=object))
            self._codes[column.position] = same[cells].astype(np.int64)
            self._texts[column.position] = list(known)
        return self._codes[column.position]

    def count(self, column: ColumnFacts) -> int:
        """How many values a column has."""
        return _count(self.of(column))

    def group(self, columns: Sequence[ColumnFacts], described: Sequence[ColumnFacts] = ()) -> Groups:
        """Rows with the same numbers, and the same description, of which parts may lack."""
        return _joined(self.together(*columns), self.described(described))

    def together(self, *columns: ColumnFacts) -> Groups:
        """The numbers of several columns taken together; -1 where one of them lacks."""
        return _joined(*(self.of(column) for column in columns)) if columns else np.zeros(len(self), dtype=np.int64)

    def described(self, columns: Sequence[ColumnFacts]) -> Groups:
        """The same, where a cell that lacks is one of its own."""
        return _joined(*(self.of(column) + 1 for column in columns)) if columns else np.zeros(len(self), dtype=np.int64)


def incidents_of(
    columns: Columns,
    candidates: Sequence[ColumnFacts],
    *,
    days: Groups,
    times: Sequence[ColumnFacts],
    places: Sequence[ColumnFacts],
    described: Sequence[ColumnFacts],
) -> list[ColumnFacts]:
    """The columns that could number the incidents, the likeliest first: those that repeat, the coarsest of them first.

    `days` are the rows' days as numbers in order, -1 where unknown. A coarser one that only throws together what
    happened at several places (at several times, without places) is no better. Of columns that never repeat, codes that
    run one way through the file, whose newest row may be its first, come first.
    """
    place = columns.together(*places)
    about = place if places else columns.described(described)
    happened = _joined(days + 1, place + 1) if places else columns.described(times)
    incidents = _count(_joined(days + 1, about + 1))
    repeating: list[tuple[int, int, int, ColumnFacts]] = []
    single: list[tuple[float, int, ColumnFacts]] = []
    for column in candidates:
        number = columns.of(column)
        if not _is_code(columns.texts(column), shortest=1) or _count(number) < _FINE_ENOUGH * incidents:
            continue
        if not _one_day(number, days) or not _determines(number, place):
            continue
        if len(columns) - _count(number) >= FEWEST_GROUPS and _is_code(columns.texts(column)):
            apart = _count(_joined(number, happened))
            repeating.append((apart, apart - _count(number), column.position, column))
        elif (one_way := _one_way(columns, column)) >= _ONE_WAY or not "".join(columns.texts(column)).isdecimal():
            single.append((-one_way, column.position, column))
    return [each[-1] for each in sorted(repeating)] + [each[-1] for each in sorted(single)]


def days_apart(number: Groups, days: Groups) -> int:
    """How many of a column's numbers stand beside days far apart; 0 where these are but a few of those that repeat."""
    spans = _spans(number, days)
    apart = int((spans > _FAR_APART_DAYS).sum())
    return apart if apart >= FEWEST_GROUPS and apart >= _SHARE_FAR_APART * len(spans) else 0


def people_of(
    columns: Columns,
    candidates: Sequence[ColumnFacts],
    *,
    incident: Groups,
    described: Sequence[ColumnFacts],
) -> ColumnFacts | None:
    """The coarsest column that tells people of one incident apart: one description each, and several without it."""
    description = columns.described(described)
    found: list[tuple[bool, int, int, ColumnFacts]] = []
    for column in candidates:
        number = columns.of(column)
        runs = _runs(columns, column, incident)
        if not runs and not _belongs(columns, column, incident):
            continue
        person = _joined(incident, number)
        several = _differing(incident, number)
        differ = several & _differing(incident, description)
        if (
            several.sum() >= FEWEST_GROUPS
            and differ.sum() >= _OF_PEOPLE * several.sum()
            and _determines(person, description)
        ):
            found.append((not runs, _count(person), column.position, column))
    return min(found)[-1] if found else None


def doses_of(
    columns: Columns,
    candidates: Sequence[ColumnFacts],
    *,
    person: Groups,
    described: Sequence[ColumnFacts],
    drugs: Sequence[ColumnFacts],
    officers: Sequence[ColumnFacts] = (),
) -> ColumnFacts | None:
    """The column that numbers the doses of each person: 1, 2, 3, or a code of each dose.

    What differs with the drug alone numbers drugs, and a code beside another of the `officers` each time may be that of
    a report.
    """
    found: list[tuple[bool, int, int, ColumnFacts]] = []
    for column in candidates:
        number = columns.of(column)
        runs = _runs(columns, column, person)
        if (runs or _belongs(columns, column, person)) and differs_by_dose(
            columns, number, person=person, described=described, drugs=drugs, officers=() if runs else officers
        ):
            found.append((not runs, _count(_joined(person, number)), column.position, column))
    return min(found)[-1] if found else None


def differs_by_dose(
    columns: Columns,
    number: Groups,
    *,
    person: Groups,
    described: Sequence[ColumnFacts],
    drugs: Sequence[ColumnFacts],
    officers: Sequence[ColumnFacts],
) -> bool:
    """Whether something differs between the rows of one person, and not with the description, drug or officer alone."""
    description, drug, officer = (columns.described(each) for each in (described, drugs, officers))
    several = _differing(person, number)
    mixed = several & _differing(person, description)
    if several.sum() < FEWEST_GROUPS or mixed.sum() > _OF_DOSES * several.sum():
        return False
    dose = _joined(person, number)
    if _differing(person, drug).sum() >= FEWEST_GROUPS and (
        _determines(dose, drug) or _determines(_joined(person, drug), number)
    ):
        return False
    return not (_differing(person, officer).sum() >= FEWEST_GROUPS and _determines(dose, officer))


def runs_once(columns: Columns, column: ColumnFacts, *, person: Groups, drugs: Sequence[ColumnFacts]) -> bool | None:
    """Whether a column reads 1, 2, 3 for each person, once for each drug: then nobody who is described alike is two.

    None where it holds codes, which say nothing of that. A row that is there twice may be of two people.
    """
    if not _runs(columns, column, person):
        return None
    rows = _joined(person, columns.of(column), columns.described(drugs))
    return _count(rows) == len(columns)


def always_one(columns: Columns, incident: Groups, described: Sequence[ColumnFacts]) -> bool:
    """Whether each of many numbers with several rows has one description, and few share theirs: it is a person's."""
    description = columns.described(described)
    several = np.bincount(incident[incident >= 0]) > 1
    shares = np.bincount(description) / len(columns)
    return bool(
        several.sum() >= _MANY_GROUPS
        and (shares**2).sum() <= _SHARED_DESCRIPTIONS
        and not _differing(incident, description).any()
    )


# --- groups of rows ---------------------------------------------------------------------------------------------------


def _joined(*numbers: Groups) -> Groups:
    """One number for each combination; -1 where a part is -1."""
    joined = numbers[0]
    for each in numbers[1:]:
        both = np.where((joined < 0) | (each < 0), -1, joined * (each.max(initial=0) + 1) + each)
        known, joined = np.unique(both, return_inverse=True)
        joined = joined.astype(np.int64) - int(-1 in known)
    return joined


def _count(numbers: Groups) -> int:
    return len(np.unique(numbers[numbers >= 0]))


def _determines(number: Groups, value: Groups) -> bool:
    """Whether rows of one number have one value, but for a few."""
    known = (number >= 0) & (value >= 0)
    number, value = number[known], value[known]
    groups = _count(number)
    strays = _count(_joined(number, value)) - groups
    return strays <= _STRAY * min(len(number) - groups, groups)


def _one_day(number: Groups, days: Groups) -> bool:
    """Whether rows of one number are of one day, or go past midnight, but for a few."""
    spans = _spans(number, days)
    return bool((spans > 1).sum() <= _STRAY * len(spans))


def _spans(number: Groups, days: Groups) -> Groups:
    """How many days the rows of each number go apart, of those with several rows."""
    known = pd.DataFrame({"number": number, "day": days})[(number >= 0) & (days >= 0)]
    by_number = known.groupby("number")["day"].agg(["min", "max", "size"])
    repeating = by_number[by_number["size"] > 1]
    return (repeating["max"] - repeating["min"]).to_numpy()


def _differing(group: Groups, value: Groups) -> NDArray[np.bool_]:
    """For each group, in order, whether its rows have several values."""
    pairs = np.unique(np.column_stack([group, value])[(group >= 0) & (value >= 0)], axis=0)
    return np.bincount(pairs[:, 0], minlength=int(group.max(initial=-1)) + 1) > 1


def _belongs(columns: Columns, column: ColumnFacts, group: Groups) -> bool:
    """Whether a column holds codes each of which is of one group, but for a few."""
    number = columns.of(column)
    return _is_code(columns.texts(column)) and _count(_joined(number, group)) <= (1 + _STRAY) * _count(number)


def _runs(columns: Columns, column: ColumnFacts, group: Groups) -> bool:
    """Whether a column reads 1, 2, 3 (or A, B, C) anew in each group, but for a few."""
    places = [_place_in_order(text) for text in columns.texts(column)]
    if not all(places):
        return False
    number = np.array([*places, 0], dtype=np.int64)[columns.of(column)]
    pairs = np.unique(np.column_stack([group, number])[(group >= 0) & (number > 0)], axis=0)
    by_group = pd.DataFrame(pairs, columns=["group", "number"]).groupby("group")["number"].agg(["max", "size"])
    strays = (by_group["max"] != by_group["size"]).sum()
    several = (by_group["size"] > 1).sum()
    return bool(several >= FEWEST_GROUPS and strays <= _STRAY * several)


def _place_in_order(text: str) -> int:
    """1 for "1", "S1", "1st" or "Patient A"; 0 for what is no place in an order."""
    if numbered := _ORDINAL.fullmatch(text):
        return int(numbered[1]) if len(numbered[1]) <= _LONGEST_NUMBER_WITHIN else 0
    lettered = _LETTER.fullmatch(text)
    return ord(lettered[1].casefold()) - ord("a") + 1 if lettered else 0


def _is_code(texts: Sequence[str], *, shortest: int = _SHORTEST_CODE) -> bool:
    """Whether texts are codes with digits, and no addresses or measures."""
    if not texts or not all(any(map(str.isdigit, text)) for text in texts):
        return False
    if np.median([len(text) for text in texts]) < shortest:
        return False
    worded = [text for text in texts if text.count("_") >= _WORDS_OF_A_CODE - 1]
    return len({re.sub(r"\d+", "", text) for text in worded}) <= max(1, _SHARE_OF_WORDINGS * len(texts))


def _one_way(columns: Columns, column: ColumnFacts) -> float:
    """The share of steps down the file at which a column's codes rise, or at which they fall, by their digits."""
    texts = columns.texts(column)
    values = [int("".join(re.findall(r"\d", text))[:18]) for text in texts]
    number = columns.of(column)
    steps = np.diff(np.array(values, dtype=np.float64)[number[number >= 0]])
    steps = steps[steps != 0]
    rising = np.mean(steps > 0) if len(steps) else 0.5
    return float(max(rising, 1 - rising))
