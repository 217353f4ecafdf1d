"""Values that a mapping does not know, with the value that they read like; and words that only stand for "nothing".

A cell's text is never kept or shown: only where it stands, how long it is, and which word of the closed lists (the
schema's values and their everyday forms) it is close to.
"""

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.quality.warnings import QualityWarning, make_warning, quoted_rows
from data.schema import NOT_RECORDED
from data.values import Texts, plain_value
from wording import _, format_count, join_words, ngettext

__all__ = ["WordLog", "suggest_value"]

Ints = NDArray[np.int64]

# A slip or two in a word; shorter words are too like each other, and of two words equally like none is proposed.
_LIKENESS, _AS_MUCH_LIKE, _SHORTEST = 0.75, 0.02, 4
# What databases and spreadsheets write where a person wrote nothing. Answers such as "not known" are no such words.
_PLACEHOLDERS = frozenset(
    {"NULL", "null", "Null", "(null)", "(NULL)", "<null>", "<NULL>", "[NULL]", "\\N", "NA", "N/A", "n/a", "#N/A"}
    | {"NaN", "nan", "None", "none", "None Given", "None given", "none given", "NONE GIVEN", "nil", "NIL", "-", "--"}
    | {"?", "."}
)


def suggest_value(text: str, *, known: Mapping[str, str]) -> str | None:
    """The value that an unknown text reads like; None where it is like none, or as much like one as like another.

    `known` gives the values of all plain words ("" for a word that says that nothing is recorded). "Femle" reads like
    female, "Not Recoreded" like not_recorded, "herion" like heroin.
    """
    plain = plain_value(text)
    if len(plain) < _SHORTEST:
        return None
    close = difflib.get_close_matches(plain, [word for word in known if len(word) >= _SHORTEST], n=3, cutoff=_LIKENESS)
    likeness = [difflib.SequenceMatcher(None, plain, word).ratio() for word in close]
    nearest = [word for word, like in zip(close, likeness, strict=True) if like > likeness[0] - _AS_MUCH_LIKE]
    best = {known[word] or NOT_RECORDED for word in nearest}
    return best.pop() if len(best) == 1 else None


@dataclass
class WordLog:
    """Collects, while a file is read, the unknown texts that read like a known value, and the placeholders."""

    _unknown: dict[tuple[str, str, int], list[Ints]] = field(default_factory=lambda: defaultdict(list))
    _placeholders: dict[str, list[Ints]] = field(default_factory=lambda: defaultdict(list))

    def note_unknown(
        self, *, rows: Ints, texts: Texts, field: str, known: Mapping[str, str], separators: Sequence[str] = ()
    ) -> None:
        """Note texts that the mapping does not know, or their parts between `separators`; each is compared once."""
        split = re.compile("|".join(map(re.escape, separators)), re.IGNORECASE) if separators else None
        for text in set(texts):
            for part in {each.strip() for each in (split.split(text) if split else [text])}:
                value = None if plain_value(part) in known else suggest_value(part, known=known)
                if value:
                    self._unknown[field, value, len(part)].append(rows[texts == text])

    def note_placeholders(self, *, rows: Ints, texts: Texts, field_name: str) -> None:
        """Note cells that hold a word for nothing."""
        found = _PLACEHOLDERS.intersection(texts)
        if found:
            self._placeholders[field_name].append(rows[np.isin(texts, list(found))])

    def warnings(self) -> list[QualityWarning]:
        """A warning for each field and value that unknown texts read like, and one for all placeholders."""
        by_value: dict[tuple[str, str], dict[int, Ints]] = defaultdict(dict)
        for (name, value, length), rows in self._unknown.items():
            by_value[name, value][length] = np.concatenate(rows)
        found = [_unknown_warning(name, value, rows) for (name, value), rows in sorted(by_value.items())]
        return [*found, *self._placeholder_warning()]

    def _placeholder_warning(self) -> list[QualityWarning]:
        if not self._placeholders:
            return []
        rows = {name: np.concatenate(each) for name, each in self._placeholders.items()}
        count = sum(len(each) for each in rows.values())
        fields = [
            _("{field} ({count})").format(field=name, count=format_count(len(each))) for name, each in rows.items()
        ]
        sentence = ngettext(
            "{count} cell holds a word for nothing, such as NULL or N/A, and was read as not recorded: {fields}.",
            "{count} cells hold a word for nothing, such as NULL or N/A, and were read as not recorded: {fields}.",
            count,
        ).format(count=format_count(count), fields=join_words(fields))
        return [
            make_warning(
                kind="placeholder_words",
                rows=np.unique(np.concatenate(list(rows.values()))),
                count=count,
                sentence=sentence,
                advice=_("Nothing needs to be done, unless one of them is an answer: then name it under [values]."),
            )
        ]


def _unknown_warning(name: str, value: str, by_length: dict[int, Ints]) -> QualityWarning:
    rows = np.concatenate(list(by_length.values()))
    lengths = sorted(by_length)
    sentence = ngettext(
        "{count} cell in {field} holds a text of {lengths} characters that the mapping does not know and that reads "
        "like “{value}”.",
        "{count} cells in {field} hold texts of {lengths} characters that the mapping does not know and that read like "
        "“{value}”.",
        len(rows),
    ).format(
        count=format_count(len(rows)),
        field=name,
        lengths=join_words([format_count(length) for length in lengths]),
        value=value,
    )
    return make_warning(
        kind="unknown_value",
        rows=rows,
        sentence=sentence,
        advice=_("If it is meant, add each spelling to the mapping, in place of the dots:"),
        setting="\n".join(
            [f"[values.{name}]"]
            + [
                f'"..." = "{value}"  # ' + _("as in row {row}").format(row=quoted_rows([int(by_length[length].min())]))
                for length in lengths
            ]
        ),
    )
