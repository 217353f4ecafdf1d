"""Which sheets of a workbook look like records: with days, and with numbers of what happened on them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from data.drafting.column_facts import column_facts
from data.drafting.heading_match import assign_columns
from data.drafting.heading_words import field_words
from data.mapping import FORM_TABLE
from data.reading import FileSample, UnreadableFileError
from wording import _, format_count, join_words

__all__ = ["SheetsAlikeError", "sheet_of_records", "sheets_of_records"]

# A workbook with more has a sheet a day, and reading them all would take long.
_MOST_SHEETS = 24


class SheetsAlikeError(UnreadableFileError):
    """Several sheets are records with the same headings, such as one a month: each is imported by itself."""

    def __init__(self, *, label: str, numbers: Sequence[int]) -> None:
        super().__init__(
            _(
                "{count} sheets of {file} look like records with the same headings: {sheets}. Each is imported by "
                "itself, with one mapping: draft it from one of them (--sheet {first}), and import the others with the "
                "number of each as sheet under [file]."
            ).format(
                count=format_count(len(numbers)),
                file=label,
                sheets=join_words([_("sheet {number}").format(number=number) for number in numbers]),
                first=numbers[0],
            )
        )


def sheets_of_records(read: Callable[[str], FileSample], sheets: Sequence[str]) -> dict[str, FileSample]:
    """Of a workbook's `sheets` those that look like records, with what `read` gives of each, in their order."""
    found = {}
    for sheet in sheets[:_MOST_SHEETS]:
        try:
            sample = read(sheet)
        except UnreadableFileError:
            continue
        fields = assign_columns(field_words(FORM_TABLE), column_facts(sample.headings, sample.rows))
        numbered = any(name in fields and fields[name][0].cells_fit for name in ("incident_id", "administration_id"))
        if numbered and "occurred_at" in fields and fields["occurred_at"][0].cells_fit:
            found[sheet] = sample
    return found


def sheet_of_records(read: Callable[[str], FileSample], sheets: Sequence[str]) -> FileSample | None:
    """The only sheet that looks like records; None where none or several do.

    Raises SheetsAlikeError where several have the same headings, as where there is one a month.
    """
    found = sheets_of_records(read, sheets)
    samples = list(found.values())
    if len(samples) == 1:
        note = _("Of its {count} sheets, sheet {number} is read: it alone looks like records.").format(
            count=format_count(len(sheets)), number=sheets.index(next(iter(found))) + 1
        )
        return replace(samples[0], notes=(*samples[0].notes, note))
    if samples and len({sample.headings for sample in samples}) == 1:
        raise SheetsAlikeError(label=samples[0].label, numbers=[sheets.index(name) + 1 for name in found])
    return None
