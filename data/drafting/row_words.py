"""The words of a column by which rows count or are left out, for a person to tick who knows the form."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from data.drafting.column_facts import cells_of, column_facts
from data.drafting.taken_back import may_take_back
from data.drafting.treated import says_given
from data.reading import FileSample
from data.value_words import plain_categories
from data.values import is_nothing, plain_value

__all__ = ["RowWord", "row_words"]

# Of a column with fewer words that speak of giving, of no or of services, only those themselves are shown.
_SHARE_THAT_SPEAKS = 0.5


@dataclass(frozen=True, kw_only=True)
class RowWord:
    """A word as it is written most often, in how many cells it stands in any spelling, and whether it is a list's yes.

    `given` is None where the word is on no list.
    """

    text: str
    cells: int
    given: bool | None


def row_words(sample: FileSample, heading: str) -> tuple[RowWord, ...]:
    """The words under `heading` that may be shown, the most frequent first; rare ones that are on no list are not."""
    facts = column_facts(sample.headings, sample.rows)
    column = next(each for each in facts if each.heading == heading)
    spelt: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in cells_of(sample.rows, column.position):
        if not is_nothing(text):
            spelt[plain_value(text)][text.strip()] += 1
    held = {counts.most_common(1)[0][0]: sum(counts.values()) for counts in spelt.values()}
    strange = {text: cells for text, cells in held.items() if says_given(text) is None and not may_take_back(text)}
    speaks = sum(cells for text, cells in held.items() if text not in strange or _speaks(text))
    shown = set(held) - set(strange)
    if speaks >= _SHARE_THAT_SPEAKS * sum(held.values()):
        people = [each for each in facts if "name" in each.kinds and "category" not in each.kinds]
        names = {
            word
            for each in people
            for cell in cells_of(sample.rows, each.position)
            for word in plain_value(cell).split("_")
        }
        shown |= set(plain_categories(strange, names=names))
    return tuple(
        RowWord(text=text, cells=cells, given=says_given(text))
        for text, cells in sorted(held.items(), key=lambda each: (-each[1], each[0]))
        if text in shown
    )


def _speaks(text: str) -> bool:
    """Whether a word within a text is on a list: "Yes - by PC" speaks of giving."""
    return any(len(word) > 1 and says_given(word) is not None for word in plain_value(text).split("_"))
