"""What differs in the records that were updated, field by field, and what of them is no more."""

from collections.abc import Callable

from data.changes import Changes, FieldChange
from data.row_runs import RowRuns
from wording import _, format_count, ngettext

__all__ = ["change_lines", "changes_by_row"]


def change_lines(changes: Changes, *, updated: int, name_field: Callable[[str], str] | None) -> list[str]:
    """Which fields differ in the `updated` records, and in which of these something that was there is no more."""
    if not changes.fields:
        return []
    told = "; ".join(_change_words(each, name_field) for each in changes.fields)
    lost = [f"{sentence} {rows.in_words}" for sentence, rows in _lost(changes, updated=updated)]
    return [_("Changed: {fields}.").format(fields=told), *lost]


def changes_by_row(changes: Changes, *, updated: int) -> list[tuple[str, RowRuns]]:
    """Each field that differs, and each way in which something is no more, with all rows that it is about."""
    changed: list[tuple[str, RowRuns]] = [
        (_("Changed: {fields}.").format(fields=each.field), each) for each in changes.fields
    ]
    return changed + _lost(changes, updated=updated)


def _lost(changes: Changes, *, updated: int) -> list[tuple[str, RowRuns]]:
    """What of the updated records is no more."""
    told = (
        (
            changes.unread,
            ngettext(
                "In {count} of the {updated} updated records a value that was there becomes not recorded, since "
                "its new cell cannot be read. Correct the cell and import again.",
                "In {count} of the {updated} updated records values that were there become not recorded, since "
                "their new cells cannot be read. Correct the cells and import again.",
                changes.unread,
            ),
            changes.unread_rows,
        ),
        (
            changes.emptied,
            ngettext(
                "In {count} of the {updated} updated records a value that was there becomes not recorded, since "
                "the file has nothing there now.",
                "In {count} of the {updated} updated records values that were there become not recorded, since "
                "the file has nothing there now.",
                changes.emptied,
            ),
            changes.emptied_rows,
        ),
    )
    return [
        (sentence.format(count=format_count(count), updated=format_count(updated)), rows)
        for count, sentence, rows in told
        if count
    ]


def _change_words(change: FieldChange, name_field: Callable[[str], str] | None) -> str:
    """One field that differs: in how many records, in which rows, and in how many something is no more."""
    parts = {
        "field": (_part_words().get(change.field) or name_field(change.field)) if name_field else change.field,
        "count": format_count(change.records),
        "rows": change.listed,
    }
    told = ngettext(
        "{field} in {count} record (row {rows})", "{field} in {count} records (rows {rows})", change.records
    ).format(**parts)
    if not change.lost:
        return told
    return ngettext(
        "{changed}, of which {lost} loses what was there", "{changed}, of which {lost} lose what was there", change.lost
    ).format(changed=told, lost=format_count(change.lost))


def _part_words() -> dict[str, str]:
    """Parts of a record that are told of as one, on the page."""
    return {"place": _("Place"), "waits": _("Waits for the ambulance"), "doses": _("Doses one by one")}
