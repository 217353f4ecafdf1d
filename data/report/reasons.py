"""What could not be used: where, how often, what kind of value it is, what is wrong and what to do."""

from collections.abc import Callable, Sequence

from data.quarantine import LEFT_OUT, ReasonCount, column_letters, names_box, reason_sentence
from wording import _, format_count, ngettext

__all__ = ["reason_lines", "reason_words"]

# How many kinds of problem the sentences list; the JSON holds them all.
_REASONS_LISTED = 25


def reason_lines(
    reasons: Sequence[ReasonCount],
    *,
    name_field: Callable[[str], str] | None,
    headings: Sequence[str],
    dry_run: bool,
) -> list[str]:
    """A sentence for each kind of problem; rows that the mapping leaves out on purpose are none.

    With `name_field`, which puts a field in words, they are for the page. `headings` are those of the file in hand.
    """
    reasons = [each for each in reasons if each.reason != LEFT_OUT]
    lines = [f"{reason_words(each, name_field, headings)} {each.in_words}" for each in reasons[:_REASONS_LISTED]]
    if name_field is not None and not dry_run and any(names_box(each.reason) for each in reasons):
        lines.append(_("To set a box that is named here, bring the file in again and set it there."))
    if (more := len(reasons) - _REASONS_LISTED) > 0:
        lines.append(
            ngettext(
                "{count} more kind of problem is listed with --json.",
                "{count} more kinds of problem are listed with --json.",
                more,
            ).format(count=format_count(more))
        )
    return lines


def reason_words(
    reason: ReasonCount, name_field: Callable[[str], str] | None = None, headings: Sequence[str] = ()
) -> str:
    """Where, how often, what kind of value, what is wrong and what to do."""
    parts = {
        "count": format_count(reason.count),
        "column": _column_words(reason.column_number, headings),
        "field": name_field(reason.field) if name_field else reason.field,
        "kind": _kind_words().get(reason.value_kind, reason.value_kind),
        "advice": reason_sentence(reason.reason, on_page=name_field is not None),
    }
    if not reason.column_number:
        sentence = ngettext(
            "The whole row, {count} time: {advice}",
            "The whole row, {count} times: {advice}",
            reason.count,
        )
    elif reason.whole_row:
        sentence = ngettext(
            "The whole row for column {column}: {field}, {kind}, {count} time: {advice}",
            "The whole row for column {column}: {field}, {kind}, {count} times: {advice}",
            reason.count,
        )
    else:
        sentence = ngettext(
            "Column {column}: {field}, {kind}, {count} time: {advice}",
            "Column {column}: {field}, {kind}, {count} times: {advice}",
            reason.count,
        )
    return sentence.format(**parts)


def _column_words(number: int, headings: Sequence[str]) -> str:
    """A column by its heading where the file is in hand, else by its number; and as a spreadsheet calls it."""
    if 0 < number <= len(headings) and (heading := headings[number - 1]):
        return _("“{heading}” ({letters})").format(heading=heading, letters=column_letters(number))
    return _("{letters} ({number})").format(letters=column_letters(number), number=number)


def _kind_words() -> dict[str, str]:
    return {
        "empty": _("empty cell"),
        "text": _("a text"),
        "number": _("a number"),
        "date": _("a date"),
        "time": _("a time of day"),
    }
