"""Which rows are of people who were given naloxone: others are no administrations."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from data.drafting.choice_values import words_of_names
from data.drafting.column_facts import ColumnFacts, cells_of
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match
from data.drafting.services import POLICE, SERVICES, column_of_givers, is_service, says_services, service_of
from data.drafting.work import SHARE_WITH_KEY, Work
from data.mapping_toml import mapping_toml
from data.value_words import may_be_shown
from data.values import is_nothing, parse_numbers, plain_forms, plain_value
from wording import _, format_count, format_share, join_words, ngettext

__all__ = ["NOT_GIVEN", "leave_out_untreated", "only_line", "says_given"]

# How a file says that naloxone was given, how much and how, in plain form; and that it was not. Other words are no
# reason to leave a row out.
_GIVEN = frozenset({
    *("y", "yes", "true", "t", *map(str, range(1, 10)), *(f"{number}+" for number in range(1, 10))),
    *("given", "administered", "used", "deployed", "nasal", "intranasal", "in", "im", "iv", "intramuscular"),
    *("single_dose", "one_dose", "1_dose", "two_doses", "2_doses", "3_doses", "multiple_doses", "multiple_dose"),
    *("given_unknown", "given_dose_unknown", "given_doses_unknown", "given_unknown_dose", "given_unknown_doses"),
    *("effective", "not_effective", "ineffective"),
})  # fmt: skip
# What a later file may have though this one does not.
_USUAL_NUMBERS = range(1, 10)
# One alone may be a yes.
_NUMBERS_OF_DOSES = frozenset({*map(str, range(2, 10)), *(f"{number}+" for number in range(1, 10))})
NOT_GIVEN = frozenset({
    *("n", "no", "none", "false", "f", "0", "not_given", "not_administered", "not_used", "none_given", "no_narcan"),
    *("refused", "no_naloxone", "not_applicable", "no_doses", "not_required", "not_needed", "no_not_required"),
})  # fmt: skip
# A dose or a kit in so many of the rows that would be left out: the column does not say what it seems to.
_SHARE_WITH_A_DOSE = 0.02
_NALOXONE = ("naloxone", "narcan", "nyxoid", "prenoxad", "naloxone_hcl", "naloxone_hydrochloride", "narcan_naloxone")
_NAMES_NALOXONE = re.compile("naloxone|narcan|nyxoid|prenoxad")
_COUNTS_DOSES = re.compile(r"\b(?:doses|sprays|actuations)\b(?!.*\b(?:no|number|id|time|date|serial)$)")
# More to one person are a slip or another number.
_MOST_DOSES = 30
_MEDICATIONS = re.compile(
    r"\b(?:medications?|medicines?|treatments?|interventions?)\b(?! (?:time|date|dose|dosage|by))"
)
# What somebody takes anyway, or was given later by others.
_OTHER_MEDICATIONS = re.compile(
    r"\b(?:ambulance|hospital|current|prescribed|prescriptions?|usual|own|regular|history|known|opioid|ost)\b"
)


def leave_out_untreated(work: Work) -> None:
    """Where a column says whether naloxone was given at all, only rows that say so are of an administration."""
    officers = tuple(
        match
        for match in work.found.get("dose.officer", ())
        if not says_services(work, match.column) and not _holds_postcodes(match.column)
    )
    work.found = {name: each for name, each in work.found.items() if name != "dose.officer"}
    if officers:
        work.found["dose.officer"] = officers
    _take_doses_of_police(work)
    match = work.match("naloxone_given")
    if match is not None and match.score >= SURE_SCORE:
        _leave_out_by_words(work, match)
        doses = work.column_of("doses_given")
        if doses and doses is not match.column and POLICE.search(doses.plain):
            _leave_out_without_doses(work)
    elif _leave_out_other_medications(work):
        _leave_out_other_givers(work)
    elif not _leave_out_without_doses(work):
        _leave_out_unnumbered(work)


def says_given(text: str) -> bool | None:
    """Whether a cell says that police gave naloxone; False where nobody or others did, None for a word on no list."""
    plain = _said(text)
    if plain in _GIVEN or plain in NOT_GIVEN or plain in _NALOXONE:
        return plain not in NOT_GIVEN
    words = [word for word in plain.split("_") if word not in ("and", "or")]
    if words and all(SERVICES.fullmatch(word) for word in words):
        return any(POLICE.fullmatch(word) for word in words)
    return None


def _said(text: str) -> str:
    """What a cell says in plain form: the part that is on a list, where it has a code or another language beside it."""
    known = _GIVEN | NOT_GIVEN | {*_NALOXONE}
    plain, *parts = plain_forms(text)
    return plain if plain in known else next((part for part in parts if part in known), plain)


def _take_doses_of_police(work: Work) -> None:
    """Of columns that count doses, the police's own: those of other services, and of bystanders, are not theirs."""
    match = work.match("doses_given")
    if match and POLICE.search(match.column.plain):
        return
    if match and SERVICES.search(match.column.plain):
        del work.found["doses_given"]
    column = next((column for column in work.facts if _counts_doses_of_police(work, column)), None)
    if column:
        others = {
            name: tuple(each for each in several if each.column is not column) for name, several in work.found.items()
        }
        work.found = {name: several for name, several in others.items() if several}
        work.found["doses_given"] = (Match(column=column, score=LIKELY_SCORE, cells_fit=True),)


def _counts_doses_of_police(work: Work, column: ColumnFacts) -> bool:
    """Whether a column is headed "Officer doses" or "PD Narcan" and holds small numbers; the latter not yes and no."""
    named = _COUNTS_DOSES.search(column.plain) or (
        _NAMES_NALOXONE.search(column.plain) and "yes_no" not in column.kinds
    )
    if not named or not POLICE.search(column.plain) or not column.kinds & {"number", "doses"}:
        return False
    numbers, _unreadable, outside = parse_numbers(work.cells(column), minimum=0, maximum=_MOST_DOSES, whole=True)
    return not outside.any() and bool(np.isfinite(numbers).any())


def _leave_out_without_doses(work: Work) -> bool:
    """A count of doses that is 0 in some rows says that nobody, or nobody of the police, gave any in them."""
    match = work.match("doses_given")
    if match is None or not match.cells_fit:
        return False
    texts = cells_of(work.treated, match.column.position)
    numbers, unreadable, _outside = parse_numbers(texts, decimal=match.column.decimal, whole=True)
    left_out, silent = int((numbers == 0).sum()), int((np.isnan(numbers) & ~unreadable).sum())
    if not left_out:
        return False
    heading, taken = match.column.heading, (numbers > 0).tolist()
    given = {plain_value(text) for text in texts[numbers > 0]} | {str(number) for number in _USUAL_NUMBERS}
    words = [word.replace("_", " ") for word in sorted(given)]
    if (
        unreadable.any()
        or silent > left_out
        or not any(taken)
        or _says_both_of_a_person(work, ["yes" if each else "no" for each in taken])
        or _have_doses(work, match, taken)
    ):
        work.ask(
            "only",
            ngettext(
                "“{heading}” is 0 in {count} row of the sample. It counts as an administration all the same, since "
                "other rows or columns leave it open. If police gave no naloxone in it, leave it out.",
                "“{heading}” is 0 in {count} rows of the sample. They count as administrations all the same, since "
                "other rows or columns leave it open. If police gave no naloxone in them, leave them out.",
                left_out,
            ).format(heading=heading, count=format_count(left_out)),
            in_mapping=only_line(match.column, words),
        )
        return False
    work.raw["only"] = work.raw.get("only", {}) | {heading: words}
    work.treated = [row for row, each in zip(work.treated, taken, strict=True) if each]
    work.use("only", match, why=_("rows with 0 doses are left out"), doubt=True)
    work.ask(
        "only",
        ngettext(
            "“{heading}” is 0 in {count} row of the sample and says nothing in {silent}. Such rows are left out, as "
            "of people to whom police gave no naloxone. If they were given some, take them too.",
            "“{heading}” is 0 in {count} rows of the sample and says nothing in {silent}. Such rows are left out, as "
            "of people to whom police gave no naloxone. If they were given some, take them too.",
            left_out,
        ).format(heading=heading, count=format_count(left_out), silent=format_count(silent)),
        in_mapping=_("more words, or no line for it, under [only]"),
    )
    return True


def _holds_postcodes(column: ColumnFacts) -> bool:
    """Whether "PC" stands for postcodes and not for constables; other headings of officers do not stand for either."""
    return column.plain == "pc" and bool(column.kinds & {"postcode", "outcode"})


def _says_both_of_a_person(work: Work, cells: Sequence[str]) -> bool:
    """Whether rows of one person say yes and no: to leave those out would lose what they say of drugs."""
    person, number = work.columns_of_person(), work.match("incident_id")
    key = (*person, *((number.column,) if number else ()))
    answers: dict[tuple[str, ...], set[bool]] = {}
    for row, cell in zip(work.treated, cells, strict=True):
        answers.setdefault(tuple(row[column.position] for column in key), set()).add(cell in _GIVEN)
    both = sum(len(each) > 1 for each in answers.values())
    return bool(person) and both > (1 - SHARE_WITH_KEY) * len(answers)


def _leave_out_unnumbered(work: Work) -> None:
    """Many rows without the number of an administration and without a dose are of people who were given none."""
    match = work.match("administration_id")
    if match is None or work.match("incident_id") is None or match.score < SURE_SCORE:
        return
    filled = [row for row in work.sample.rows if not is_nothing(row[match.column.position])]
    if not filled or len(filled) >= SHARE_WITH_KEY * len(work.sample.rows):
        return
    of_doses = work.all_columns("doses_given", "dose.given_at", "dose.officer", "dose.kit", "dose.product")
    without = [row for row in work.sample.rows if is_nothing(row[match.column.position])]
    dosed = sum(any(not is_nothing(row[each.position]) for each in of_doses) for row in without)
    if not of_doses or dosed > (1 - SHARE_WITH_KEY) * len(without):
        return
    if _says_both_of_a_person(work, ["" if is_nothing(text) else "yes" for text in work.cells(match.column)]):
        work.ask(
            "only",
            _(
                "“{heading}” is filled in some rows of one person and empty in others, so no row is left out. "
                "People without any number count too: if they were given none, take them out at the source."
            ).format(heading=match.column.heading),
            in_mapping=only_line(match.column, ["*"]),
        )
        return
    work.raw["only"] = {match.column.heading: ["*"]}
    work.treated = filled
    work.use("only", match, why=_("rows without a number of an administration are left out"))
    work.ask(
        "only",
        _(
            "“{heading}” is empty in {share} of the rows. They are left out, as of people who were given no "
            "naloxone. If they were given some, take them too."
        ).format(heading=match.column.heading, share=format_share(1 - len(filled) / max(len(work.sample.rows), 1))),
        in_mapping=_("no line for it under [only]"),
    )


def _leave_out_by_words(work: Work, match: Match) -> None:
    """A column that says no of some rows: those are left out, unless it has words on no list, or they have doses."""
    cells = [_said(text) for text in work.cells(match.column)]
    counts = Counter(cells)
    given = sorted(counts.keys() & _GIVEN)
    heading = match.column.heading
    if "doses_given" not in work.found and any(word in _NUMBERS_OF_DOSES for word in given):
        work.found["doses_given"] = (match,)
    if not counts.keys() & NOT_GIVEN:
        if given and (empty := sum(count for word, count in counts.items() if is_nothing(word))):
            work.ask(
                "only",
                _(
                    "“{heading}” says nothing in {share} of the rows, and no in none. All count as administrations. If "
                    "nobody was given naloxone in those, leave them out."
                ).format(heading=heading, share=format_share(empty / len(cells))),
                in_mapping=only_line(match.column, ["*"]),
            )
        return
    known = _GIVEN | NOT_GIVEN
    strange = Counter(text for text in work.cells(match.column) if _said(text) not in known and not is_nothing(text))
    if strange:
        shown = may_be_shown(strange, filled=sum(not is_nothing(word) for word in cells), names=words_of_names(work))
        work.ask(
            "only",
            _(
                "“{heading}” says in some rows that no naloxone was given, and these are read as administrations all "
                "the same, since not all of its words are known{words}. Leave those of nobody treated out."
            ).format(
                heading=heading,
                words=_(" ({words} among those that are not)").format(words=join_words([f"“{each}”" for each in shown]))
                if shown
                else "",
            ),
            in_mapping=_("the words of the rows to take, under [only]"),
        )
        return
    if not given:
        return
    if _says_both_of_a_person(work, cells):
        work.ask(
            "only",
            _(
                "“{heading}” says yes in some rows of one person and not in others, so no row is left out. People "
                "of whom no row says yes count too: if they were given none, take them out at the source."
            ).format(heading=heading),
            in_mapping=only_line(match.column, given),
        )
        return
    taken = [cell in given for cell in cells]
    if _have_doses(work, match, taken):
        work.ask(
            "only",
            _(
                "Rows in which “{heading}” does not say that naloxone was given have doses or kits all the same, so no "
                "row is left out. If nobody was given naloxone in them, leave them out."
            ).format(heading=heading),
            in_mapping=only_line(match.column, given),
        )
        return
    if any("dose" in word for word in given):
        work.found.setdefault("doses_given", (match,))
    _take_only(work, match, given, taken)


def _have_doses(work: Work, match: Match, taken: Sequence[bool]) -> bool:
    """Whether rows that would be left out have a dose or a kit."""
    columns = [
        column
        for column in work.all_columns("doses_given", "dose.count", "dose.kit")
        if column.position != match.column.position
    ]
    left_out = [row for row, each in zip(work.treated, taken, strict=True) if not each]
    with_dose = sum(
        any(not is_nothing(row[each.position]) and plain_value(row[each.position]) not in NOT_GIVEN for each in columns)
        for row in left_out
    )
    return with_dose > _SHARE_WITH_A_DOSE * len(left_out)


def _leave_out_other_medications(work: Work) -> bool:
    """A row for each medicine: those of others than naloxone are no dose of it.

    Only where incidents have rows of several medicines; a column beside one row a person says what else was done.
    """
    for column in work.facts:
        if not _MEDICATIONS.search(column.plain) or _OTHER_MEDICATIONS.search(column.plain):
            continue
        cells = [_said(text) for text in work.cells(column)]
        named = sorted(set(cells) & set(_NALOXONE))
        match = Match(column=column, score=SURE_SCORE, cells_fit=True)
        if not named or _have_doses(work, match, [cell in named for cell in cells]):
            continue
        strange = any(_NAMES_NALOXONE.search(cell) and cell not in _NALOXONE for cell in cells)
        if strange or not _has_rows_of_several(work, cells):
            work.ask(
                "only",
                _(
                    "“{heading}” names naloxone in some rows and not in others. All count as administrations. If only "
                    "those that name it are, leave the others out."
                ).format(heading=column.heading),
                in_mapping=_("the words that name it, under [only]"),
            )
            continue
        work.found["naloxone_given"] = (match,)
        _take_only(work, match, named, [cell in named for cell in cells])
        return True
    return False


def _leave_out_other_givers(work: Work) -> None:
    """Of a row for each medicine, those that other services gave: where the column has services' names alone."""
    by = column_of_givers(work)
    if by is None:
        return
    services = Counter(service_of(row[by.position]) for row in work.treated)
    police = {word for word in services if POLICE.search(word)}
    left_out = sum(count for word, count in services.items() if word not in police)
    if not police or not left_out or not all(map(is_service, services)):
        return
    work.raw["only"][by.heading] = sorted(police)
    work.treated = [row for row in work.treated if service_of(row[by.position]) in police]
    work.use("only", Match(column=by, score=LIKELY_SCORE, cells_fit=True), why=_("others gave naloxone in the rest"))
    work.ask(
        "only",
        ngettext(
            "“{heading}” says of {count} more row of the sample that others gave naloxone. It is left out. If police "
            "gave it too, take it.",
            "“{heading}” says of {count} more rows of the sample that others gave naloxone. They are left out. If "
            "police gave it too, take them.",
            left_out,
        ).format(heading=by.heading, count=format_count(left_out)),
        in_mapping=_("more words, or no line for it, under [only]"),
    )


def _has_rows_of_several(work: Work, cells: Sequence[str]) -> bool:
    """Whether incidents have several rows with different words."""
    number = (
        work.column_of("incident_id")
        or work.column_of("administration_id")
        or next((column for column in work.facts if "key" in column.kinds), None)
    )
    if number is None:
        return False
    words: dict[str, set[str]] = {}
    for row, cell in zip(work.sample.rows, cells, strict=True):
        words.setdefault(row[number.position], set()).add(cell)
    return sum(len(each) > 1 for each in words.values()) > (1 - SHARE_WITH_KEY) * len(words)


def _take_only(work: Work, match: Match, words: Sequence[str], taken: Sequence[bool]) -> None:
    """Only rows with these words are taken."""
    work.raw["only"] = {match.column.heading: [word.replace("_", " ") for word in words]}
    work.treated = [row for row, each in zip(work.sample.rows, taken, strict=True) if each]
    work.use("only", match, why=_("rows that do not say that naloxone was given are left out"), doubt=True)
    if left_out := len(taken) - len(work.treated):
        work.ask(
            "only",
            ngettext(
                "{count} row of the sample does not say under “{heading}” that naloxone was given ({silent} say "
                "nothing there). Such rows are left out. If people in them were given some, take them too.",
                "{count} rows of the sample do not say under “{heading}” that naloxone was given ({silent} say "
                "nothing there). Such rows are left out. If people in them were given some, take them too.",
                left_out,
            ).format(
                count=format_count(left_out),
                heading=match.column.heading,
                silent=format_count(sum(map(is_nothing, work.cells(match.column)))),
            ),
            in_mapping=_("more words, or no line for it, under [only]"),
        )


def only_line(column: ColumnFacts, words: Sequence[str]) -> str:
    """The line under [only] that takes the rows with these words in plain form."""
    line = mapping_toml({column.heading: [word.replace("_", " ") for word in words]}).strip()
    return _("{line} under [only]").format(line=line)
