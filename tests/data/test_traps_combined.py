"""Every two traps that a force's file may hold, among many others in one file: counts and rows exact, nothing false.

The files are those of a covering array: each level of each trap meets each level of every other. Other seeds give other
files and other arrays. Two things cannot be told in company: a few events entered again, where hundreds share the day,
or the five minutes, and the place, since chance does the same; and which record a row without a key is, so that a full
extract with such rows takes nothing back.
"""

import itertools
import random

import pandas as pd
import pytest

from data.store import check_store, undo_import
from tests.data.importing import KEYS, stored
from tests.data.quality.test_checks import runs_as_rows
from tests.data.test_ingest import Importer, sum_of_parts
from tests.data.traps import FORMATS, LEVELS, as_file, lay, mappings

SEED = 3
TABLES = ("incidents", "administrations", "substances", "doses", "waits", "joined")


@pytest.fixture
def importer(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer(tmp_path)


def covering_array(levels, seed):
    """Choices of one level a trap, in which every two levels of different traps meet."""
    chance = random.Random(seed)
    left = {
        frozenset(both)
        for one, other in itertools.combinations(levels, 2)
        for both in itertools.product([(one, each) for each in levels[one]], [(other, each) for each in levels[other]])
    }
    chosen = []
    while left:
        drawn = [_filled(dict(chance.choice(sorted(map(sorted, left)))), levels, left, chance) for _each in range(12)]
        best = max(drawn, key=lambda choice: len(left & _pairs(choice)))
        left -= _pairs(best)
        chosen.append({trap: best[trap] for trap in levels})
    return chosen


def _filled(choice, levels, left, chance):
    for trap in chance.sample([each for each in levels if each not in choice], len(levels) - len(choice)):
        new = {each: sum(frozenset({(trap, each), old}) in left for old in choice.items()) for each in levels[trap]}
        choice[trap] = max(chance.sample(levels[trap], len(levels[trap])), key=new.get)
    return choice


def _pairs(choice):
    return {frozenset(both) for both in itertools.combinations(choice.items(), 2)}


# Levels that are much alike take turns.
ALIKE = (
    *(("a drug", "a dose", "a drug and dose"), ("07:00Z", "midnight"), ("some midnights", "weeks of dates")),
    *(("swapped", "other system"), ("middles", "moved middles", "middles of beats")),
)
OF_ONE_FILE = {
    trap: [each for each in levels if not any(each in alike[1:] for alike in ALIKE)]
    for trap, levels in LEVELS.items()
    if trap != "import"
}
FILES = covering_array(OF_ONE_FILE, SEED)


def in_turn(choice, number):
    """The choice for a file, with one of the levels that are alike."""
    turns = {alike[0]: alike[number % len(alike)] for alike in ALIKE}
    return {trap: turns.get(level, level) for trap, level in choice.items()} | {"import": "first"}


def test_each_level_of_each_trap_meets_each_of_every_other():
    met = set.union(*map(_pairs, FILES))
    for one, other in itertools.combinations(OF_ONE_FILE, 2):
        for level, another in itertools.product(OF_ONE_FILE[one], OF_ONE_FILE[other]):
            assert frozenset({(one, level), (other, another)}) in met


def brought(importer, frame, choice, form, *, joining=False, dry_run=False):
    decimal = "," if "commas" in form else "."
    report = importer.stream(as_file(frame, form=form), mappings(choice, decimal=decimal)[joining], dry_run=dry_run)
    assert report.rows_in == sum_of_parts(report)
    return report


def told(report):
    """The rows of each kind of warning."""
    found = {}
    for each in report.warnings:
        found[each.kind] = sorted([*found.get(each.kind, []), *runs_as_rows(each)])
    return found


def assert_told(report, warnings, sums, moment):
    found = told(report)
    for kind, (must, may) in moment.items():
        assert set(must) <= set(found.pop(kind, [])) <= set(may)
    assert found == warnings
    assert {name: getattr(report, name) for name in sums} == sums


@pytest.mark.parametrize("number", range(len(FILES)))
def test_traps_of_one_file_are_each_told_by_their_rows_and_nothing_else_is(importer, number):
    laid = lay(in_turn(FILES[number], number), SEED * 1_000 + number)
    report = brought(importer, laid.file, laid.choice, FORMATS[number % len(FORMATS)], dry_run=True)
    assert_told(report, laid.warnings, laid.sums, laid.moment)


WITH_OTHERS = [
    {
        **{"import": "full", "rows": "a drug and dose", "people": "two", "times": "on fives", "places": "one point"},
        **{"block": "dates", "same moment": "some", "waits": "on fives", "batch": "some", "crowded day": "some"},
    },
    {
        **{"import": "joins", "rows": "composed key", "people": "two", "times": "07:00Z", "places": "exact"},
        **{"stray": "some", "block": "moved", "waits": "impossible", "silence": "some", "bad rows": "some"},
    },
    {
        **{"import": "table", "rows": "a drug and dose", "people": "two", "times": "weeks of dates"},
        **{"places": "moved middles", "same person": "some", "words": "some", "taken back": "some"},
    },
]


@pytest.mark.parametrize("number", range(len(WITH_OTHERS)))
def test_traps_stay_told_with_what_came_before_once_more_in_another_form_and_undone(importer, number):
    choice = {trap: levels[0] for trap, levels in LEVELS.items()} | WITH_OTHERS[number]
    laid = lay(choice, SEED * 1_000 + 500 + number)
    form, other = random.Random(number).sample(FORMATS, 2)
    steps = [(laid.file, False, laid.warnings, laid.sums, laid.moment)]
    if laid.before is not None:
        brought(importer, laid.before, choice, form)
    if laid.joining is not None:
        steps.append((laid.joining, True, laid.joining_warnings, laid.joining_sums, {}))
    states = []
    for frame, joining, warnings, sums, moment in steps:
        states.append(held(importer) if laid.before is not None or joining else {})
        report = brought(importer, frame, choice, form, joining=joining)
        assert_told(report, warnings, sums, moment)
        again = brought(importer, frame, choice, other, joining=joining)
        assert not again.already_imported
        assert (again.imported, again.updated, again.withdrawn_gone) == (0, 0, 0)
        assert told(again) == told(report)
    for state in reversed(states):
        for _import in range(2):
            undo_import(settings=importer.settings, keys=KEYS)
        assert held(importer) == state
    assert check_store(settings=importer.settings, keys=KEYS).problems == ()


def held(importer):
    """Every row of what an import brings, but for the import's number."""
    tables = {table: stored(importer.settings, table).drop(columns="import_id", errors="ignore") for table in TABLES}
    return {table: sorted(pd.util.hash_pandas_object(rows, index=False)) for table, rows in tables.items() if len(rows)}
