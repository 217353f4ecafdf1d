"""Values that a mapping does not know, with the value that they read like; and words that only stand for "nothing".

A cell's text is never kept: only where it stands, how long it is, and which word of the closed lists (the schema's
values and their everyday forms) it is close to. Whoever has the file is shown the texts that are plainly categories.
"""

import difflib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.quality.warnings import QualityWarning, make_warning, quoted_rows
from data.schema import NOT_RECORDED
from data.value_words import may_be_shown
from data.values import Texts, plain_value
from wording import _, format_count, join_words, ngettext

__all__ = ["WordLog", "suggest_value"]

Ints = NDArray[np.int64]

# A slip or two in a word; shorter words are too like each other, and of two words equally like none is proposed.
_LIKENESS, _AS_MUCH_LIKE, _SHORTEST = 0.75, 0.02, 4
# A column of more different texts than this is no category, and comparing them all would take minutes.
_MOST_TEXTS = 1_000
# How many lengths of texts that cannot be shown are told singly.
_LENGTHS_TOLD = 5
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


@dataclass(kw_only=True)
class _Column:
    """A field's texts that the mapping does not know, in memory while the file is read: rows by text.

    `filled` counts the cells of these blocks that say something, `names` are the words of all names in them, and
    `others` are the rows of texts beyond the first `_MOST_TEXTS`.
    """

    allowed: tuple[str, ...]
    rows: dict[str, list[Ints]] = field(default_factory=lambda: defaultdict(list))
    reads_like: dict[str, str | None] = field(default_factory=dict)
    others: list[Ints] = field(default_factory=list)
    filled: int = 0
    names: set[str] = field(default_factory=set)

    def note(self, text: str, rows: Ints, known: Mapping[str, str]) -> None:
        """Note where a text stands; it is compared with the known words when it is first seen."""
        if text not in self.reads_like and len(self.reads_like) >= _MOST_TEXTS:
            self.others.append(rows)
            return
        if text not in self.reads_like:
            self.reads_like[text] = suggest_value(text, known=known)
        self.rows[text].append(rows)

    def shown(self) -> frozenset[str]:
        """The texts that are plainly categories."""
        if self.others:
            return frozenset()
        cells = {text: sum(map(len, rows)) for text, rows in self.rows.items()}
        return frozenset(may_be_shown(cells, filled=self.filled, names=self.names))


@dataclass
class WordLog:
    """Collects, while a file is read, the texts that the mapping does not know, and the placeholders."""

    _unknown: dict[str, _Column] = field(default_factory=dict)
    _placeholders: dict[str, list[Ints]] = field(default_factory=lambda: defaultdict(list))

    def note_unknown(
        self,
        *,
        rows: Ints,
        texts: Texts,
        field: str,
        known: Mapping[str, str],
        allowed: tuple[str, ...] = (),
        separators: Sequence[str] = (),
        filled: int = 0,
        names: Set[str] = frozenset(),
    ) -> None:
        """Note texts that the mapping does not know, or their parts between `separators`.

        `allowed` are the field's values where they are few, `filled` the cells of the block that say something, and
        `names` the words of the names in it.
        """
        column = self._unknown.setdefault(field, _Column(allowed=allowed))
        column.filled += filled
        column.names |= names
        split = re.compile("|".join(map(re.escape, separators)), re.IGNORECASE) if separators else None
        codes, distinct = pd.factorize(texts)
        by_text = np.split(rows[np.argsort(codes, kind="stable")], np.cumsum(np.bincount(codes))[:-1])
        for text, where in zip(distinct, by_text, strict=True):
            for part in dict.fromkeys(each.strip() for each in (split.split(text) if split else [text])):
                if part and plain_value(part) not in known:
                    column.note(part, where, known)

    def note_placeholders(self, *, rows: Ints, texts: Texts, field_name: str) -> None:
        """Note cells that hold a word for nothing."""
        found = _PLACEHOLDERS.intersection(texts)
        if found:
            self.note_nothing(rows=rows[np.isin(texts, list(found))], field_name=field_name)

    def note_nothing(self, *, rows: Ints, field_name: str) -> None:
        """Note cells whose words were taken for nothing."""
        if len(rows):
            self._placeholders[field_name].append(rows)

    def warnings(self) -> list[QualityWarning]:
        """For each field a warning for each value that texts read like, and one for those like none; placeholders."""
        found = []
        for name, column in sorted(self._unknown.items()):
            by_value: dict[str, dict[str, Ints]] = defaultdict(dict)
            for text, rows in column.rows.items():
                by_value[column.reads_like[text] or ""][text] = np.concatenate(rows)
            shown = column.shown()
            found += [_like_warning(name, value, by_value[value], shown) for value in sorted(by_value) if value]
            if column.allowed and (by_value[""] or column.others):
                found.append(_unlisted_warning(name, column, by_value[""], shown))
        return [*found, *self._placeholder_warning()]

    def _placeholder_warning(self) -> list[QualityWarning]:
        if not self._placeholders:
            return []
        rows = {name: np.concatenate(each) for name, each in self._placeholders.items()}
        count = sum(len(each) for each in rows.values())
        fields = [
            _('"{field}" ({count})').format(field=name, count=format_count(len(each))) for name, each in rows.items()
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
                advice=_("Nothing needs to be done, unless one of them is an answer: then the mapping must say which."),
            )
        ]


def _like_warning(name: str, value: str, by_text: Mapping[str, Ints], shown: Set[str]) -> QualityWarning:
    """Texts that read like a known value, slips most of them."""
    rows = np.concatenate(list(by_text.values()))
    lengths = sorted({len(text) for text in by_text})
    sentence = ngettext(
        '{count} cell in "{field}" holds a text of {lengths} characters that the mapping does not know and that reads '
        "like “{value}”.",
        '{count} cells in "{field}" hold texts of {lengths} characters that the mapping does not know and that read '
        "like “{value}”.",
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
        advice=_("If it is meant, add each spelling to the mapping, in place of the dots:")
        if shown.isdisjoint(by_text)
        else _("If it is meant, add to the mapping:"),
        setting=_lines_to_add(name, value, by_text, frozenset()),
        setting_in_words=_lines_to_add(name, value, by_text, shown & by_text.keys()),
    )


def _unlisted_warning(name: str, column: _Column, by_text: Mapping[str, Ints], shown: Set[str]) -> QualityWarning:
    """Texts that read like no value at all."""
    rows = np.concatenate([*by_text.values(), *column.others])
    sentence = ngettext(
        '{count} cell in "{field}" holds a text that the mapping does not know and that reads like no value of it.',
        '{count} cells in "{field}" hold texts that the mapping does not know and that read like no value of it.',
        len(rows),
    ).format(count=format_count(len(rows)), field=name)
    return make_warning(
        kind="unlisted_value",
        rows=rows,
        sentence=sentence,
        advice=_("Say in the mapping which of {values} each is, or correct it at the source:").format(
            values=", ".join(column.allowed)
        ),
        setting=_lines_to_add(name, "...", by_text, frozenset()),
        setting_in_words=_lines_to_add(name, "...", by_text, shown & by_text.keys()),
    )


def _lines_to_add(name: str, value: str, by_text: Mapping[str, Ints], shown: Set[str]) -> str:
    """The lines of [values]: those shown in their own words, the others by their length and the first row of each."""
    by_length: dict[int, list[int]] = defaultdict(list)
    lines = []
    for text, rows in sorted(by_text.items()):
        if text in shown:
            lines.append(f'{json.dumps(text, ensure_ascii=False)} = "{value}"  # ' + _cells_in_words(rows))
        else:
            by_length[len(text)].append(int(rows.min()))
    lines += [
        f'"..." = "{value}"  # ' + _("as in row {row}").format(row=quoted_rows([min(by_length[length])]))
        for length in sorted(by_length)[:_LENGTHS_TOLD]
    ]
    return "\n".join([f"[values.{name}]", *lines])


def _cells_in_words(rows: Ints) -> str:
    return ngettext("{count} cell", "{count} cells", len(rows)).format(count=format_count(len(rows)))
