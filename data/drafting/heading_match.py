"""Which column is which field: each pair scored by the heading's words and by what the cells look like, best first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_words import TABLE_SIGNS, FieldWords, field_words, match_heading
from data.mapping import FORM_TABLE
from wording import _

__all__ = [
    "LIKELY_SCORE",
    "SURE_SCORE",
    "WEAK_SCORE",
    "Match",
    "ambulance_file",
    "assign_columns",
    "most_like_table",
    "police_reference",
    "speaks_of_naloxone",
]

# Below the first a pair of heading and field is no pair; a sure one has the heading in so many words and fitting cells.
_LEAST_SCORE = 0.28
WEAK_SCORE, LIKELY_SCORE, SURE_SCORE = 0.5, 0.6, 0.95
# Headings that fit about as well, such as "Date of incident" and "Incident date".
_NEARLY_EQUAL = 0.02
# Cells that look like something else count against a heading, and an empty column can be anything.
_UNFITTING, _EMPTY_COLUMN = 0.3, 0.7
# Fields that take every column that names them well.
_SEVERAL = frozenset({
    "substances", "certainty", "dose.officer", "dose.officer_role", "dose.product", "dose.kit", "dose.given_at",
    "person.first_name", "described_by",
})  # fmt: skip
# Without these there is no record, so they choose first; what else fits them may still be a clock's column.
_FIRST = ("incident_id", "administration_id", "occurred_at")
_MAY_SHARE = {"wait.started_at": "occurred_at", "started_at": "occurred_at"}
# A schema field is worth half a sign of the table.
_WORTH = 0.5
_AMBULANCE = re.compile(
    r"\b(?:cad|call connect|t 0|on scene|at scene|vehicle|call ?sign|resource|clock (?:start|stop)|determinant|"
    r"chief complaint|handover|mobile|allocated|ambulance|category)\b"
)
_NALOXONE = re.compile(r"\b(?:naloxone|narcan|nyxoid|doses?|actuations?|recovery position|resupply)\b")
# The number of a form tells nothing of what is on it.
_NALOXONE_FORM = re.compile(r"\b(?:naloxone|narcan) (?:(?:form|record|report) )?(?:ref|reference|id|urn|no|number)$")
# What a column that counts them says, and one that may also say whether any was given.
_DOSES, _ANTIDOTE = re.compile(r"\b(?:doses|dose count)\b"), re.compile(r"\b(?:naloxone|narcan|nyxoid|nx)\b")
_AMBULANCE_COLUMNS = 2
_POLICE = re.compile(r"\b(?:police|force|niche|storm|linked|related|occurrence)\b")
_KINDS_OF_KEYS = frozenset({"key", "number", "metres", "category", "text", "clock", "excel", "outcode"})
_REFERENCE = re.compile(r"\b(?:no|number|num|ref|reference|id|urn|log|cad)\b")


@dataclass(frozen=True, kw_only=True)
class Match:
    """A column for a field, how well it fits (0 to 1), whether its cells fit, and other columns that it may be.

    `rivals` are those of the others that fit as well and that no other field has taken. `why` is what speaks for the
    column where its heading does not.
    """

    column: ColumnFacts
    score: float
    cells_fit: bool
    alternatives: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    why: str = ""


def assign_columns(words: Sequence[FieldWords], facts: Sequence[ColumnFacts]) -> dict[str, tuple[Match, ...]]:
    """The columns of each field that has any, the best pairs first; a column serves one field."""
    scored = [
        (score, -order, -column.position, each, column)
        for order, each in enumerate(words)
        for column in facts
        if (score := _score(each, column)) >= _LEAST_SCORE
    ]
    scored.sort(key=lambda pair: (pair[3].field in _FIRST, *pair[:3]), reverse=True)
    taken: dict[int, str] = {}
    found: dict[str, list[tuple[float, FieldWords, ColumnFacts]]] = {}
    for score, _order, _position, each, column in scored:
        holder = taken.get(column.position)
        free = holder is None or _MAY_SHARE.get(each.field) == holder
        if free and (each.field not in found or (each.field in _SEVERAL and score >= LIKELY_SCORE)):
            taken.setdefault(column.position, each.field)
            found.setdefault(each.field, []).append((score, each, column))
    return {
        field: tuple(
            Match(
                column=column,
                score=score,
                cells_fit=bool(column.kinds & set(each.kinds)),
                alternatives=tuple(
                    other.heading
                    for other_score, _o, _p, its_words, other in scored
                    if its_words is each and other is not column and other_score >= 0.5
                )[:3]
                if field not in _SEVERAL
                else (),
                rivals=tuple(
                    other.heading
                    for other_score, _o, _p, its_words, other in scored
                    if its_words is each
                    and other is not column
                    and other_score >= score - _NEARLY_EQUAL
                    and taken.get(other.position) in (None, field)
                ),
            )
            for score, each, column in sorted(matches, key=lambda match: match[2].position)
        )
        for field, matches in found.items()
    }


def _score(words: FieldWords, column: ColumnFacts) -> float:
    by_heading = match_heading(words, column.plain)
    if words.never and re.search(rf"\b(?:{words.never})\b", column.plain):
        return 0.0
    if words.unlike and re.search(rf"\b(?:{words.unlike})\b", column.plain):
        by_heading *= 0.5
    if "point" in column.kinds:
        # Both coordinates in one text are a place and nothing else, least of all a number of what happened there.
        return 0.0
    if "doses" in column.kinds and "doses" not in words.kinds:
        # "2 x 1.8mg" is a number of doses, though the heading may be that of a product.
        return 0.0
    if "sex" in words.kinds and "sex" not in column.kinds:
        return 0.0
    if "sex" in column.kinds and not {"sex", "category"} & set(words.kinds):
        # "Male" is nobody's name or number.
        return 0.0
    if not column.kinds:
        return by_heading * _EMPTY_COLUMN
    return by_heading * (1.0 if column.kinds & set(words.kinds) else _UNFITTING)


def ambulance_file(facts: Sequence[ColumnFacts]) -> bool:
    """Whether the columns are those of an ambulance service's own records."""
    plain = [column.plain for column in facts]
    ambulance = sum(bool(_AMBULANCE.search(each)) for each in plain) >= _AMBULANCE_COLUMNS
    return ambulance and not speaks_of_naloxone(facts)


def speaks_of_naloxone(facts: Sequence[ColumnFacts]) -> bool:
    """Whether a heading speaks of naloxone, of doses or of what is done for somebody who is given it."""
    return any(_NALOXONE.search(each.plain) and not _NALOXONE_FORM.search(each.plain) for each in facts)


def police_reference(facts: Sequence[ColumnFacts]) -> Match | None:
    """The column with the police's number in another service's file; None where there is none."""
    named = [
        column
        for column in facts
        if _POLICE.search(column.plain)
        and _REFERENCE.search(column.plain)
        and (column.kinds & {"key"} or not column.kinds)
    ]
    if not named:
        return None
    return Match(column=named[0], score=0.9, cells_fit=True, alternatives=tuple(column.heading for column in named[1:]))


def _counts_doses(column: ColumnFacts) -> bool:
    """Whether a column counts doses of naloxone: its rows are administrations, whatever they are filed under."""
    if not column.kinds & {"number", "doses"}:
        return False
    named = _ANTIDOTE.search(column.plain) and not _NALOXONE_FORM.search(column.plain)
    counts = "category" in column.kinds and "yes_no" not in column.kinds
    return bool(_DOSES.search(column.plain) or (named and counts))


def most_like_table(facts: Sequence[ColumnFacts]) -> tuple[str, str]:
    """The table that most of the headings speak for, and why."""
    if ambulance_file(facts) and police_reference(facts):
        return FORM_TABLE, _("an ambulance service's clocks, with the police's number, add to the police's records")
    scores: dict[str, float] = {}
    for table, signs in TABLE_SIGNS.items():
        matches = assign_columns(field_words(table), facts)
        explained = sum(match.score for each in matches.values() for match in each if match.score >= LIKELY_SCORE)
        scores[table] = _WORTH * explained + sum(
            weight for pattern, weight in signs for column in facts if re.search(rf"\b(?:{pattern})\b", column.plain)
        )
    best = max(scores, key=lambda table: scores[table])
    if not scores[best]:
        return FORM_TABLE, _("none of its headings is known, and most files are records of naloxone")
    if best == "risk_events" and any(map(_counts_doses, facts)):
        return FORM_TABLE, _("it counts the doses of naloxone that were given")
    others = sorted((score for table, score in scores.items() if table != best), reverse=True)
    sure = scores[best] >= 1.5 * others[0]
    return best, _("most of its headings are of this table") if sure else _("its headings fit this table best")
