"""Rows that the source itself has taken back, by a column that says so of each record: void, cancelled, a duplicate."""

import re
from collections import Counter

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match
from data.drafting.heading_words import FREE_TEXT
from data.drafting.work import Work
from data.mapping_toml import mapping_toml
from data.values import is_nothing, plain_value
from wording import _, format_count, join_words, ngettext

__all__ = ["may_take_back", "take_back_rows"]

# In plain form. Only a word of this list is ever written into a draft or shown.
_TAKEN_BACK = frozenset({
    "void", "voided", "cancelled", "canceled", "deleted", "duplicate", "duplicated", "duplicate_record",
    "duplicate_report", "duplicate_entry", "dup", "entered_in_error", "created_in_error", "in_error", "input_error",
    "entry_error", "recorded_in_error", "test", "test_record", "test_entry", "test_report", "withdrawn", "retracted",
    "rescinded",
})  # fmt: skip
# Perhaps taken back, perhaps only not finished or not approved: asked about.
_PERHAPS = frozenset({
    "draft", "rejected", "unfounded", "superseded", "inactive", "invalid", "not_approved", "incomplete", "returned",
})  # fmt: skip
_SPEAKS_OF_IT = re.compile(r"(?:^|_)(?:void(?:ed)?|cancell?ed|deleted|duplicated?|in_error|retracted|rescinded)(?:_|$)")
_DENIED = re.compile(r"(?:^|_)(?:not?|non|never)(?:_|$)")
_YES = frozenset({"y", "yes", "true", "t", "1", "x", "ticked", "checked"})
_NO = frozenset({"n", "no", "false", "f", "0"})
# What of a record a status may be; that of a kit, an ambulance or a patient is another.
_OF_A_RECORD = (
    r"(?:record|report|entry|form|case|submission|document|row|data|incident|event|review|approval|workflow|file|qa)"
)
_STATUS = re.compile(
    rf"(?:{_OF_A_RECORD} )*(?:status|state|disposition|flag|validity)(?: (?:code|desc|description|name|type|value))?"
)
_SAYS_TAKEN_BACK = re.compile(
    rf"(?:{_OF_A_RECORD} )*(?:void(?:ed)?|cancell?ed|deleted|duplicated?|dup|entered in error|in error|retracted|"
    rf"rescinded|withdrawn|test)(?: (?:{_OF_A_RECORD}|flag|ind|indicator|yn))*"
)
# Where more rows than this would go, the words mean something else.
_MOST = 0.5


def may_take_back(text: str) -> bool:
    """Whether a cell is a word of a list that takes its record back, or perhaps does."""
    return plain_value(text) in _TAKEN_BACK | _PERHAPS


def take_back_rows(work: Work) -> None:
    """Rows of which a column says that they are void count no more; a person is told how many and asked."""
    held = {match.column.position for each in work.found.values() for match in each if match.score >= SURE_SCORE}
    for column in work.facts:
        if column.position in work.used | held or FREE_TEXT.search(column.plain) or not column.kinds:
            continue
        words = Counter(plain_value(text) for text in work.cells(column) if not is_nothing(text))
        if _SAYS_TAKEN_BACK.fullmatch(column.plain) and words.keys() <= _YES | _NO | _TAKEN_BACK:
            back = sorted(words.keys() & (_YES | _TAKEN_BACK))
        elif _STATUS.fullmatch(column.plain):
            back = sorted(words.keys() & _TAKEN_BACK)
        else:
            continue
        count = sum(words[word] for word in back)
        if count > _MOST * len(work.sample.rows):
            _ask(work, column, back, count)
            continue
        if back:
            _take_back(work, column, back, count)
        if perhaps := sorted(
            word
            for word in words.keys() - set(back)
            if word in _PERHAPS or (_SPEAKS_OF_IT.search(word) and not _DENIED.search(word))
        ):
            _ask(work, column, perhaps, sum(words[word] for word in perhaps))


def _take_back(work: Work, column: ColumnFacts, words: list[str], count: int) -> None:
    work.raw.setdefault("withdrawn", {})[column.heading] = [word.replace("_", " ") for word in words]
    # A status that half fits a field of people is none of theirs.
    kept = {name: tuple(each for each in found if each.column != column) for name, found in work.found.items()}
    work.found = {name: found for name, found in kept.items() if found}
    work.use(
        "withdrawn",
        Match(column=column, score=LIKELY_SCORE, cells_fit=True),
        why=_("rows that it calls {words} are taken back by the source").format(words=_quoted(words)),
    )
    work.ask(
        "withdrawn",
        ngettext(
            "“{heading}” says of {count} row of the sample that its record is {words}. Such rows are withdrawn: kept, "
            "and not counted. Is it so?",
            "“{heading}” says of {count} rows of the sample that their records are {words}. Such rows are withdrawn: "
            "kept, and not counted. Is it so?",
            count,
        ).format(heading=column.heading, count=format_count(count), words=_quoted(words)),
        in_mapping=_("no line for it under [withdrawn], if they count"),
    )


def _ask(work: Work, column: ColumnFacts, words: list[str], count: int) -> None:
    """Of words that may take a record back, and of texts that have one in them, which are not shown."""
    known = [word for word in words if word in _PERHAPS | _TAKEN_BACK | _YES]
    told = _(" ({words})").format(words=_quoted(known)) if known else ""
    line = mapping_toml({"withdrawn": {column.heading: [word.replace("_", " ") for word in known] or ["..."]}})
    work.ask(
        "withdrawn",
        ngettext(
            "“{heading}” says of {count} row of the sample that its record may be taken back or not "
            "finished{words}. It counts all the same. Should it not?",
            "“{heading}” says of {count} rows of the sample that their records may be taken back or not "
            "finished{words}. They count all the same. Should they not?",
            count,
        ).format(heading=column.heading, count=format_count(count), words=told),
        in_mapping=" ".join(line.split()),
    )


def _quoted(words: list[str]) -> str:
    return join_words([f"“{word.replace('_', ' ')}”" for word in words])
