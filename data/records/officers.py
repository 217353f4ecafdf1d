"""Officers, kits and people that the file names by a number: a token of each, and which headings name officers."""

from data.mapping import Mapping
from data.records.cells import code_of, mapped
from data.records.work import BlockWork
from data.values import Texts

__all__ = ["officer_headings", "tokens_of"]


def tokens_of(work: BlockWork, name: str, headings: tuple[str, ...]) -> Texts:
    """The token of the number under `headings` for the field `name`; None where the file gives none."""
    parts = [mapped(work.cells(heading).texts, code_of) for heading in headings]
    return work.rules.pseudonymiser.tokens(kind=name, parts=parts)


def officer_headings(mapping: Mapping) -> list[str]:
    """Every heading under which an officer is named."""
    return [*mapping.headings_of("officer_token"), *(dose.officer for dose in mapping.doses if dose.officer)]
