"""A draft in the making: the file, the columns found for each field, and what has been settled so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from data import schema
from data.drafting.column_facts import ColumnFacts, cells_of
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match
from data.drafting.results import Confidence, FieldDraft, Question, UnknownValues
from data.drafting.row_kinds import RowKinds
from data.known_numbers import KnownNumbers
from data.reading import FileSample
from data.settings import Settings
from data.values import Texts, is_nothing
from geo.areas import Geography
from wording import _

__all__ = ["SHARE_WITH_KEY", "Work", "distinct_texts", "headings_of"]

# A part of a key must be there in nearly every row, or the row waits.
SHARE_WITH_KEY = 0.98


@dataclass(kw_only=True)
class Work:
    """One draft in the making. `raw` grows into the mapping, and `columns` into its [columns].

    `known_numbers` asks the store whose numbers a column holds (None where there is no store).

    `found` are the columns of each field, best first; `used` the positions of those that are read. `treated` are the
    rows of people who were given naloxone, `kinds` what such a row stands for, and `incident` what numbers incidents:
    with the column `day_of_number` where their number comes again on other days. With `nobody_twice` the
    cells show that no two people of an incident are described alike; `timed_doses` says that its time is each dose's.
    """

    sample: FileSample
    settings: Settings
    table: str
    geography: Geography | None
    known_sources: tuple[str, ...]
    may_join: bool
    known_numbers: KnownNumbers | None
    now: datetime
    facts: tuple[ColumnFacts, ...]
    found: dict[str, tuple[Match, ...]]
    raw: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    time_columns: list[ColumnFacts] = field(default_factory=list)
    choice_columns: list[tuple[schema.Field, ColumnFacts]] = field(default_factory=list)
    drafts: list[FieldDraft] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    unknown: list[UnknownValues] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    settings_toml: str = ""
    treated: Sequence[Sequence[str]] = ()
    kinds: RowKinds | None = None
    incident: tuple[ColumnFacts, ...] = ()
    day_of_number: ColumnFacts | None = None
    nobody_twice: bool = False
    timed_doses: bool = False

    def cells(self, column: ColumnFacts) -> Texts:
        """The cells of one column."""
        return cells_of(self.sample.rows, column.position)

    def match(self, name: str) -> Match | None:
        """The best column for a field."""
        return next(iter(self.found.get(name, ())), None)

    def use(
        self,
        name: str,
        *matches: Match,
        headings: str | Sequence[str] = (),
        why: str | None = None,
        doubt: bool = False,
    ) -> None:
        """Note that a field is read from these columns. `headings` are those of a time, if it is of two columns."""
        self.used |= {match.column.position for match in matches}
        score = min(match.score if match.cells_fit or not match.column.kinds else 0.5 for match in matches)
        score = min(score, LIKELY_SCORE) if doubt else score
        confidence: Confidence = "sure" if score >= SURE_SCORE else "likely" if score >= LIKELY_SCORE else "guess"
        self.drafts.append(
            FieldDraft(
                field=name,
                headings=tuple(headings)
                if headings and not isinstance(headings, str)
                else headings_of([match.column for match in matches]),
                confidence=confidence,
                why=why or matches[0].why or _why(matches[0]),
                alternatives=matches[0].alternatives if len(matches) == 1 else (),
            )
        )

    def ask(self, setting: str, sentence: str, *choices: str, in_mapping: str = "") -> None:
        """Put a question about a setting; `in_mapping` is what whoever writes the mapping by hand answers with."""
        self.questions.append(Question(setting=setting, sentence=sentence, choices=choices, in_mapping=in_mapping))

    def all_columns(self, *names: str) -> tuple[ColumnFacts, ...]:
        """Every column found for these fields."""
        return tuple(match.column for name in names for match in self.found.get(name, ()))

    def column_of(self, name: str) -> ColumnFacts | None:
        """The best column for a field, without how well it fits."""
        match = self.match(name)
        return match.column if match else None

    def told_by_cells(self) -> bool:
        """Whether what tells incidents, people or doses apart was told by cells and not by a heading."""
        names = ("incident_id", "person_number", "dose_number")
        described = self.kinds is not None and self.kinds.told_by == "person" and not self.columns_of_person()
        return self.timed_doses or described or any(match.why for name in names for match in self.found.get(name, ()))

    def filled(self, column: ColumnFacts) -> float:
        """The share of the rows of people treated in which a column is filled."""
        filled = sum(not is_nothing(row[column.position]) for row in self.treated)
        return filled / max(len(self.treated), 1)

    def columns_of_person(self) -> tuple[ColumnFacts, ...]:
        """A number of the person, else a name, if nearly every row has it."""
        names = ("person.first_name", "person.last_name")
        for each in (("person_number",), ("person.identifier",), names, ("person.name",)):
            columns = self.all_columns(*each)
            if columns and all(self.filled(column) >= SHARE_WITH_KEY for column in columns):
                return columns
        return ()


def headings_of(columns: Sequence[ColumnFacts]) -> tuple[str, ...]:
    """The headings of columns."""
    return tuple(column.heading for column in columns)


def distinct_texts(cells: Texts) -> list[str]:
    """What is recorded in cells, each once."""
    return [text for text in dict.fromkeys(cells) if not is_nothing(text)]


def _why(match: Match) -> str:
    if not match.column.kinds:
        return _("the heading says so; the column is empty in the sample")
    if not match.cells_fit:
        return _("the heading says so, but the cells look like something else")
    if match.score >= SURE_SCORE:
        return _("the heading says so, and the cells fit")
    return _("the heading nearly says so, and the cells fit")
