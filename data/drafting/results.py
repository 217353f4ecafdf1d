"""What a draft is: the mapping so far, where each field comes from, what is left to settle, and why."""

from dataclasses import dataclass
from typing import Any, Literal

from data.mapping import Mapping, MappingError
from data.mapping_toml import check_mapping, mapping_toml
from wording import NaloxoneWatchError, _

__all__ = ["Confidence", "Draft", "DraftError", "FieldDraft", "Question", "UnknownValues", "UnusedColumn"]

Confidence = Literal["sure", "likely", "guess"]


class DraftError(NaloxoneWatchError):
    """There is nothing to draft a mapping from."""


@dataclass(frozen=True, kw_only=True)
class FieldDraft:
    """One field of the draft: where it comes from, how sure that is and why, and which other columns it may be."""

    field: str
    headings: tuple[str, ...]
    confidence: Confidence
    why: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the file does not tell: the setting that answers it, a sentence, and the choices where they are few.

    The sentence is in plain words, for a reader who has boxes to choose from. `in_mapping` is what whoever writes the
    mapping by hand writes there, or the option of the command ("" where the sentence says all).
    """

    setting: str
    sentence: str
    choices: tuple[str, ...] = ()
    in_mapping: str = ""

    def line(self) -> str:
        """The sentence with what the mapping needs, for those who write it by hand."""
        if not self.in_mapping:
            return self.sentence
        return _("{sentence} (In the mapping: {line})").format(sentence=self.sentence, line=self.in_mapping)


@dataclass(frozen=True, kw_only=True)
class UnusedColumn:
    """A column that the draft leaves alone, and why."""

    heading: str
    why: str


@dataclass(frozen=True, kw_only=True)
class UnknownValues:
    """Values of a column that are on no list: how many, in how many cells, and the frequent ones, to show."""

    field: str
    heading: str
    distinct: int
    cells: int
    shown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A drafted mapping. `raw` is the mapping as a dictionary, which may still lack something: a person edits it.

    `advice` are sentences on the deployment's settings, and `settings_toml` the ones a new place would need ("" where
    the present ones fit).
    """

    table: str
    table_why: str
    raw: dict[str, Any]
    fields: tuple[FieldDraft, ...]
    questions: tuple[Question, ...]
    unused: tuple[UnusedColumn, ...]
    unknown_values: tuple[UnknownValues, ...]
    advice: tuple[str, ...] = ()
    settings_toml: str = ""

    def mapping(self) -> Mapping:
        """The mapping as it stands. Raises MappingError while something that is needed lacks."""
        return check_mapping(self.raw)

    def toml(self) -> str:
        """The mapping as a file, with what is in doubt as comments."""
        notes = {
            f"columns.{each.field}": _("{why}{others}").format(
                why=each.why,
                others=_("; or: {headings}").format(headings=", ".join(each.alternatives)) if each.alternatives else "",
            )
            for each in self.fields
            if each.confidence != "sure"
        }
        head = [
            _("Drafted from the file's headings and a sample of its rows. Check it, then try it with --dry-run."),
            *self._what_lacks(),
            *(_("To settle: {sentence}").format(sentence=each.line()) for each in self.questions),
        ]
        notes[""] = "\n".join(head)
        return mapping_toml(self.raw, notes=notes)

    def _what_lacks(self) -> list[str]:
        """Why no file can be imported with the mapping as it stands; nothing where one can."""
        try:
            self.mapping()
        except MappingError as error:
            return [_("NOT USABLE YET: {problem}").format(problem=error)]
        return []
