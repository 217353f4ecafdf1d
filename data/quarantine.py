"""What an import could not use, noted by place, kind and length; never the value.

A field is set aside alone and the row goes in without it; a row without a usable key or time waits whole. Column
headings are hashed too: in a file without headings the first row's values stand in their place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.pseudonymise import Pseudonymiser
from data.reading.row_layout import LOOKS_LIKE_TOTAL, REPEATS_HEADINGS
from data.row_runs import RowRuns
from data.schema import TABLES, table_named
from data.values import kind_of_value
from wording import _

__all__ = [
    "LEFT_OUT",
    "NO_RECORDS",
    "QuarantineLog",
    "ReasonCount",
    "advice",
    "column_letters",
    "names_box",
    "quarantine_frame",
    "reason_counts",
    "reason_sentence",
]

Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]

# The reason of rows that wait for nobody: the mapping leaves them out on purpose.
LEFT_OUT = "left_out_by_mapping"
# Rows that are no records: nobody has anything to correct in them.
NO_RECORDS = frozenset({REPEATS_HEADINGS, LOOKS_LIKE_TOTAL})
# What a quarantine_id holds for the field where the whole row is meant.
_WHOLE_ROW = "*"


@dataclass(frozen=True, kw_only=True)
class ReasonCount(RowRuns):
    """One reason of one field: how often, in which column (1 = first, 0 for none) and in which rows."""

    reason: str
    field: str
    column_number: int
    value_kind: str
    whole_row: bool
    count: int


class QuarantineLog:
    """Collects what could not be used while a file is read."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []

    def add(
        self,
        *,
        rows: NDArray[np.int64],
        field: str,
        reason: str,
        column: int | None = None,
        texts: Texts | None = None,
        whole_row: bool = False,
        first_rows: NDArray[np.int64] | None = None,
    ) -> None:
        """Note `rows` (numbers in the file); `texts` are their cells, of which only kind and length are kept.

        `column` is the position in the file, 0 the first.
        """
        if len(rows) == 0:
            return
        cells: Sequence[str] = [""] * len(rows) if texts is None else list(texts)
        self._parts.append(
            pd.DataFrame(
                {
                    "row_number": rows,
                    "column_number": 0 if column is None else column + 1,
                    "field": field,
                    "reason": reason,
                    "value_kind": [kind_of_value(cell) for cell in cells],
                    "value_length": [len(cell) for cell in cells],
                    "first_row": pd.array(first_rows if first_rows is not None else [pd.NA] * len(rows), dtype="Int64"),
                    "whole_row": whole_row,
                }
            )
        )

    def entries(self) -> pd.DataFrame:
        """Every entry; a row that waits whole has one, its first, and none for its fields."""
        columns = list(dict.fromkeys(name for part in self._parts for name in part))
        if not columns:
            return pd.DataFrame(
                {"row_number": pd.Series(dtype="int64"), "whole_row": pd.Series(dtype=bool)}
                | {
                    name: pd.Series(dtype=object)
                    for name in ("column_number", "field", "reason", "value_kind", "value_length", "first_row")
                }
            )
        every = pd.concat(self._parts, ignore_index=True)
        whole = every[every["whole_row"]].drop_duplicates("row_number")
        alone = every[~every["whole_row"] & ~every["row_number"].isin(whole["row_number"])]
        return pd.concat([whole, alone], ignore_index=True).sort_values("row_number", kind="stable", ignore_index=True)

    @property
    def whole_rows(self) -> NDArray[np.int64]:
        """Numbers of the rows that wait whole so far."""
        parts = [part["row_number"].to_numpy() for part in self._parts if part["whole_row"].any()]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)


def quarantine_frame(
    entries: pd.DataFrame,
    *,
    import_id: str,
    target: str,
    source: str,
    file_hash: str,
    headings: Sequence[str],
    record_of_row: pd.Series,
    pseudonymiser: Pseudonymiser,
) -> pd.DataFrame:
    """The store's quarantine table. The same file gives the same quarantine_id again, so nothing is counted twice.

    `record_of_row` gives the record's id by row number, for rows that have a key.
    """
    heading_hashes = [None, *(pseudonymiser.token(kind="heading", parts=[heading]) for heading in headings)]
    parts = [
        entries["row_number"].astype(str).to_numpy(dtype=object),
        entries["column_number"].astype(str).to_numpy(dtype=object),
        entries["field"].where(entries["field"] != "", _WHOLE_ROW).to_numpy(dtype=object),
        entries["reason"].to_numpy(dtype=object),
    ]
    frame = entries.assign(
        quarantine_id=pseudonymiser.tokens(
            kind="quarantine", source=f"{file_hash}\x1f{target}\x1f{source}", parts=parts
        ),
        import_id=import_id,
        target=target,
        source=source,
        column_hash=[heading_hashes[number] for number in entries["column_number"]],
        column_number=entries["column_number"].where(entries["column_number"] > 0),
        record_id=entries["row_number"].map(record_of_row).astype(object).where(lambda keys: keys.notna(), None),
    )
    return frame[list(table_named("quarantine").names)].drop_duplicates("quarantine_id", ignore_index=True)


def reason_counts(entries: pd.DataFrame) -> tuple[ReasonCount, ...]:
    """The entries by reason, whole rows first, then the most frequent."""
    found = [
        ReasonCount(
            reason=str(reason),
            field=str(field),
            column_number=int(column),
            value_kind=str(kind),
            whole_row=bool(whole),
            count=len(group),
            **vars(RowRuns.of(group["row_number"])),
        )
        for (reason, field, column, kind, whole), group in entries.groupby(
            ["reason", "field", "column_number", "value_kind", "whole_row"], sort=True
        )
    ]
    return tuple(sorted(found, key=lambda each: (not each.whole_row, -each.count)))


def advice(reason: str, *, target: str, field: str, on_page: bool) -> str:
    """What is wrong with a field of a file for `target` and what to do, with the values that it may have."""
    sentence = reason_sentence(reason, on_page=on_page)
    tables = (table_named(target), *(each for each in TABLES if each.name != target))
    values = next((table.field(field).values for table in tables if field in table.names), ())
    if reason != "value_unknown" or not values:
        return sentence
    shown = [value.replace("_", " ") if on_page else value for value in values]
    return _("{sentence} It may be {values}.").format(sentence=sentence, values=", ".join(shown))


def names_box(reason: str) -> bool:
    """Whether what to do about it is, on the page, to set a box of the form in which a file comes in."""
    return reason_sentence(reason, on_page=True) != reason_sentence(reason)


def column_letters(number: int) -> str:
    """What a spreadsheet calls the column of this number (1 = first): M for 13, AA for 27."""
    letters = ""
    while number > 0:
        number, last = divmod(number - 1, 26)
        letters = chr(ord("A") + last) + letters
    return letters


def _settings(*, on_page: bool) -> dict[str, str]:
    """What to change in how a file is read: the boxes of the page, or the settings of the mapping."""
    if not on_page:
        return {
            "blank": _("fill_down under [file]"),
            "formats": _("formats under [times]"),
            "day_first": _("day_first under [times]"),
            "excel": _('add "excel" to formats under [times]'),
            "decimal": _("decimal under [file]"),
            "words": _("[values]"),
            "own_words": _("[values]"),
            "number_words": _("Say in the mapping what number each stands for, for doses under [values.doses_given]"),
            "crs": _("the crs under [place]"),
            "rows": _("rows in the mapping"),
        }
    boxes = {
        "blank": _("A blank cell is that of the row above in"),
        "formats": _("Date format, if unusual"),
        "day_first": _("Order of day and month"),
        "decimal": _("Decimal mark"),
        "words": _("Words that are on no list yet"),
        "crs": _("Coordinates are"),
        "rows": _("What is a row?"),
    }
    return {name: _("“{box}”").format(box=box) for name, box in boxes.items()} | {
        "excel": _("write excel under “{box}”").format(box=boxes["formats"]),
        "number_words": _("Choose another column"),
        # No list has such words, so that no box of the page does.
        "own_words": _("in the mapping that you save, as README tells"),
    }


def reason_sentence(reason: str, *, on_page: bool = False) -> str:
    """What is wrong and what to do, for each reason; the report adds where.

    `on_page` names the boxes of the page where an import is tried, else the settings of the mapping are named.
    """
    where = _settings(on_page=on_page)
    return {
        "wrong_number_of_cells": _(
            "the row has more or fewer cells than there are headings. Look for a separator or a line break inside a "
            "cell and export the file with quotation marks."
        ),
        REPEATS_HEADINGS: _("the row is the headings once more. Nothing needs to be corrected."),
        LOOKS_LIKE_TOTAL: _(
            "the row looks like a total, so it is taken for no record. Nothing needs to be corrected, unless it is a "
            "record all the same: then take the word “total” out of it at the source."
        ),
        "key_missing": _("the row has no key, so it could not be recognised again. Fill it in at the source."),
        "key_rounded": _(
            "a spreadsheet has rounded this key (6.24E+11), so that several records share it. Export it as text."
        ),
        "key_repeated": _(
            "the key was given before in this file, with different content. If several rows are of one person, say "
            "what a row is ({setting}); else compose the key of more columns, or keep one of the two at the source."
        ).format(setting=where["rows"]),
        "key_of_another_person": _(
            "the key was given before for another person, by name, date of birth, age or gender. Two people are never "
            "made one: add the person's number to the key, or correct the row at the source."
        ),
        "key_of_another_day": _(
            "the key was given before for another day. Correct it at the source, or compose the key of more columns."
        ),
        "time_missing": _(
            "the row has no time. Fill it in at the source; or, where a blank stands for the cell above, say so "
            "({setting})."
        ).format(setting=where["blank"]),
        "time_unreadable": _(
            "this is no time in a known form, or there is no such day. Correct it, or add its form ({setting})."
        ).format(setting=where["formats"]),
        "time_implausible": _("this time is before 1990. Correct the year at the source."),
        "time_in_future": _(
            "this time is more than a day after the import, so it cannot have happened yet. Correct the year, or the "
            "order of day and month ({setting})."
        ).format(setting=where["day_first"]),
        "date_implausible": _("this date is before 1950 or after 2100. Correct the year at the source."),
        "excel_date": _(
            "this looks like an Excel date number. Format the column as a date in Excel and save the file again, or "
            "{setting}."
        ).format(setting=where["excel"]),
        "not_a_time": _(
            "this is no time in a known form, or there is no such day. Correct it, or add its form ({setting})."
        ).format(setting=where["formats"]),
        "not_a_time_of_day": _(
            "this is no time of day such as 14:05; only the date was kept. Correct it, or add its form ({setting}): "
            "%H is the hour alone."
        ).format(setting=where["formats"]),
        "not_a_date": _(
            "this is no date in a known form, or there is no such day. Correct it, or add its form ({setting})."
        ).format(setting=where["formats"]),
        "not_a_number": _("this is no number. Correct it, or set how decimals are written ({setting}).").format(
            setting=where["decimal"]
        ),
        "words_for_number": _(
            "there are words where a number belongs. {setting}, or correct them at the source."
        ).format(setting=where["number_words"]),
        "number_missing": _("the row lacks the number that it is there for. Fill it in at the source."),
        LEFT_OUT: _("the mapping takes only some kinds of row, and this is another. Nothing needs to be corrected."),
        "out_of_range": _("this number is outside what the field allows. Correct it at the source."),
        "value_unknown": _(
            "the mapping does not know this value. Say what it means ({setting}), or correct it at the source."
        ).format(setting=where["words"]),
        "text_not_stored": _(
            "this text is longer than a category, or holds a name or key of another column, a date, a long number or "
            "an e-mail address, so it was not stored. Choose another column, or say what it means ({setting})."
        ).format(setting=where["own_words"]),
        "cell_too_long": _("the cell is longer than the settings allow. Shorten it at the source."),
        "age_implausible": _("no living person has this age. Correct it, or the date of birth, at the source."),
        "coordinates_unusable": _(
            "the coordinates are no place on Earth, or one of the two lacks. Correct them, or say what they are "
            "({setting})."
        ).format(setting=where["crs"]),
        "postcode_unknown": _("this is no postcode that is or was in use. Correct it at the source."),
        "area_unknown": _(
            "no area of this deployment has this code or name. Correct it, or say what it means ({setting})."
        ).format(setting=where["own_words"]),
        "wait_negative": _("the wait ends before it starts. Correct one of the two times at the source."),
        "wait_too_long": _("the wait is longer than 6 hours. Correct it at the source if it is a slip."),
    }[reason]
