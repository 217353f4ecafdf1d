"""What was noticed in the rows that went in: the counts, and the sentences on times, waits and repeated rows."""

from dataclasses import dataclass

from wording import _, format_count, ngettext

__all__ = ["ImportCounts", "notice_sentences", "wait_lines"]


@dataclass(frozen=True, kw_only=True)
class ImportCounts:
    """What was noticed in the rows that went in.

    `by_postcode` of the located have no coordinates; `without_coordinates` are area_only and unlocated together.
    """

    located: int = 0
    by_postcode: int = 0
    outside: int = 0
    area_only: int = 0
    unlocated: int = 0
    without_coordinates: int = 0
    zero_coordinates: int = 0
    waits: int = 0
    waits_zero: int = 0
    waits_negative: int = 0
    waits_too_long: int = 0
    ambiguous_times: int = 0
    nonexistent_times: int = 0
    future_times: int = 0
    blank_rows: int = 0
    filled_down: int = 0
    least_numbers: int = 0
    events_past_midnight: int = 0
    waits_past_midnight: int = 0
    identical_rows: int = 0
    identical_may_be_doses: bool = False
    alike_rows: int = 0
    conflicting_incidents: int = 0
    disagreeing_records: int = 0
    columns_not_read: int = 0
    full_but_unsure: bool = False


def wait_lines(counts: ImportCounts) -> list[str]:
    """How many waits there are, and how many of them were odd."""
    if not counts.waits:
        return []
    waits = ngettext("{count} wait for an ambulance", "{count} waits for an ambulance", counts.waits).format(
        count=format_count(counts.waits)
    )
    terms = (
        (_("{count} of zero minutes, counted as already there"), counts.waits_zero),
        (_("{count} negative, set aside"), counts.waits_negative),
        (_("{count} longer than 6 hours, set aside"), counts.waits_too_long),
    )
    odd = [words.format(count=format_count(count)) for words, count in terms if count]
    if not odd:
        return [_("{waits}.").format(waits=waits)]
    return [_("{waits}: {odd}.").format(waits=waits, odd="; ".join(odd))]


def notice_sentences(counts: ImportCounts) -> tuple[tuple[str, int, str], ...]:
    """What was noticed: its name among the counts, how many, and the sentence, whose count is to be put in."""
    return (
        (
            "ambiguous_times",
            counts.ambiguous_times,
            ngettext(
                "{count} time comes twice in the night in which the clocks go back; the earlier was taken.",
                "{count} times come twice in the night in which the clocks go back; the earlier was taken.",
                counts.ambiguous_times,
            ),
        ),
        (
            "nonexistent_times",
            counts.nonexistent_times,
            ngettext(
                "{count} time does not exist, since the clocks went forward; the first moment after was taken.",
                "{count} times do not exist, since the clocks went forward; the first moment after was taken.",
                counts.nonexistent_times,
            ),
        ),
        (
            "future_times",
            counts.future_times,
            ngettext(
                "{count} row is dated later than now. Check the clock of the source.",
                "{count} rows are dated later than now. Check the clock of the source.",
                counts.future_times,
            ),
        ),
        (
            "events_past_midnight",
            counts.events_past_midnight,
            ngettext(
                "{count} time is past midnight of the date beside it, as an earlier clock tells: it is the next day's.",
                "{count} times are past midnight of the dates beside them, as an earlier clock tells: they are the "
                "next day's.",
                counts.events_past_midnight,
            ),
        ),
        (
            "waits_past_midnight",
            counts.waits_past_midnight,
            ngettext(
                "{count} wait ended past midnight: both clocks stand beside one date, so the next day was taken.",
                "{count} waits ended past midnight: both clocks stand beside one date, so the next day was taken.",
                counts.waits_past_midnight,
            ),
        ),
        (
            "filled_down",
            counts.filled_down,
            ngettext(
                "{count} row has a blank cell that stands for the one above, as the mapping says; it was filled.",
                "{count} rows have blank cells that stand for those above, as the mapping says; they were filled.",
                counts.filled_down,
            ),
        ),
        (
            "least_numbers",
            counts.least_numbers,
            ngettext(
                "{count} number is the least that it can be, such as 2+; that was taken.",
                "{count} numbers are the least that they can be, such as 2+; that was taken.",
                counts.least_numbers,
            ),
        ),
        (
            "identical_rows",
            counts.identical_rows,
            ngettext(
                "{count} row repeats an earlier one in all that is read and counts as unchanged.",
                "{count} rows repeat an earlier one in all that is read and count as unchanged.",
                counts.identical_rows,
            )
            + (
                " "
                + _(
                    "If each is one more dose, say that a row is one dose of a person and one that repeats another "
                    'is one more (in the mapping rows = "dose" and repeats = "doses").'
                )
                if counts.identical_may_be_doses
                else ""
            ),
        ),
        (
            "alike_rows",
            counts.alike_rows,
            ngettext(
                "{count} row says what an earlier one says and differs from it only in columns that are not read: "
                "it counts as a dose of its own. If it is the same dose, map what numbers the doses (dose_id).",
                "{count} rows say what earlier ones say and differ from them only in columns that are not read: "
                "each counts as a dose of its own. If they are the same doses, map what numbers these (dose_id).",
                counts.alike_rows,
            ),
        ),
        (
            "conflicting_incidents",
            counts.conflicting_incidents,
            ngettext(
                "{count} incident has rows that disagree about its time or place; the first was taken.",
                "{count} incidents have rows that disagree about their time or place; the first was taken.",
                counts.conflicting_incidents,
            ),
        ),
        (
            "disagreeing_records",
            counts.disagreeing_records,
            ngettext(
                "{count} record is made of rows that disagree; the first recorded value was taken.",
                "{count} records are made of rows that disagree; the first recorded value was taken.",
                counts.disagreeing_records,
            ),
        ),
        (
            "blank_rows",
            counts.blank_rows,
            ngettext("{count} blank row was passed over.", "{count} blank rows were passed over.", counts.blank_rows),
        ),
        (
            "columns_not_read",
            counts.columns_not_read,
            ngettext(
                "{count} column was not read, since the mapping does not name it.",
                "{count} columns were not read, since the mapping does not name them.",
                counts.columns_not_read,
            ),
        ),
    )
