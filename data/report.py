"""What became of a file: every row accounted for, and what to correct at its source."""

from dataclasses import asdict, dataclass
from datetime import date

from data.quality_warnings import QualityWarning
from data.quarantine import ReasonCount, reason_sentence
from wording import _, format_count, format_period, ngettext

__all__ = ["ImportCounts", "ImportReport"]

# How many kinds of problem the sentences list; the JSON holds them all.
_REASONS_LISTED = 25


# Warnings that say how most coordinates were misread.
MISREADINGS = {"swapped_coordinates", "wrong_crs", "longitude_without_minus"}


@dataclass(frozen=True, kw_only=True)
class ImportCounts:
    """What was noticed in the rows that went in. `without_coordinates` are area_only and unlocated together."""

    located: int = 0
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
    identical_rows: int = 0
    conflicting_incidents: int = 0
    columns_not_read: int = 0


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """One import's account. rows_in = imported + updated + unchanged + quarantined_rows, always.

    `label` is what the sentences call the file. `version` is the snapshot that now holds the rows, or would be compared
    with (None: there is no store yet).
    """

    label: str
    target: str
    source: str
    dry_run: bool
    rows_in: int
    imported: int
    updated: int
    unchanged: int
    quarantined_rows: int
    quarantined_fields: int
    first_day: date | None
    last_day: date | None
    has_places: bool
    counts: ImportCounts
    reasons: tuple[ReasonCount, ...]
    warnings: tuple[QualityWarning, ...]
    version: str | None

    @property
    def changed(self) -> bool:
        """Whether the store holds anything new."""
        return not self.dry_run and self.imported + self.updated > 0

    @property
    def usable(self) -> bool:
        """Whether any row could be used."""
        return self.quarantined_rows < self.rows_in

    def lines(self) -> list[str]:
        """The account in sentences, the sum first."""
        return [
            *self._result_lines(),
            *self._place_lines(),
            *self._wait_lines(),
            *self._notice_lines(),
            *self._warning_lines(),
            *self._reason_lines(),
        ]

    def to_json(self) -> dict[str, object]:
        """Everything, for other programs."""
        fields = asdict(self)
        for name in ("first_day", "last_day"):
            fields[name] = fields[name] and fields[name].isoformat()
        fields["reasons"] = [
            asdict(each) | {"first_rows": list(each.first_rows), "advice": reason_sentence(each.reason)}
            for each in self.reasons
        ]
        return fields | {"lines": self.lines()}

    def _result_lines(self) -> list[str]:
        lines = [
            ngettext(
                "{rows_in} row in = {imported} imported + {updated} updated + {unchanged} unchanged + {quarantined} "
                "quarantined.",
                "{rows_in} rows in = {imported} imported + {updated} updated + {unchanged} unchanged + {quarantined} "
                "quarantined.",
                self.rows_in,
            ).format(
                rows_in=format_count(self.rows_in),
                imported=format_count(self.imported),
                updated=format_count(self.updated),
                unchanged=format_count(self.unchanged),
                quarantined=format_count(self.quarantined_rows),
            )
        ]
        if self.quarantined_fields:
            lines.append(
                ngettext(
                    "{count} field was set aside alone; its row went in without it.",
                    "{count} fields were set aside alone; their rows went in without them.",
                    self.quarantined_fields,
                ).format(count=format_count(self.quarantined_fields))
            )
        if not self.usable:
            lines.append(
                ngettext(
                    "No row could be used: the row waits in quarantine. Correct what is named below and import again.",
                    "No row could be used: all wait in quarantine. Correct what is named below and import again.",
                    self.quarantined_rows,
                )
            )
        if self.first_day and self.last_day:
            lines.append(_("The rows are from {period}.").format(period=format_period(self.first_day, self.last_day)))
        if self.dry_run:
            lines.append(_("This was a dry run: nothing was written."))
        elif not self.imported + self.updated:
            lines.append(_("Nothing changed in the store."))
        return lines

    def _place_lines(self) -> list[str]:
        counts = self.counts
        if not self.has_places:
            return []
        located = ngettext(
            "{count} row has coordinates or a postcode",
            "{count} rows have coordinates or a postcode",
            counts.located,
        ).format(count=format_count(counts.located))
        without = ngettext(
            "{count} has neither ({area_only} with an area, {unlocated} with no place at all)",
            "{count} have neither ({area_only} with an area, {unlocated} with no place at all)",
            counts.without_coordinates,
        ).format(
            count=format_count(counts.without_coordinates),
            area_only=format_count(counts.area_only),
            unlocated=format_count(counts.unlocated),
        )
        lines = [_("{located}; {without}.").format(located=located, without=without)]
        named = {each.kind for each in self.warnings}
        if counts.outside > counts.located / 2 and not named & MISREADINGS:
            lines.append(
                _(
                    "Most places lie outside the force. Perhaps x and y are swapped, or the crs is wrong: see [place] "
                    "in the mapping."
                )
            )
        return lines

    def _wait_lines(self) -> list[str]:
        counts = self.counts
        if not counts.waits:
            return []
        return [
            ngettext(
                "{waits} wait: {zero} of zero minutes, counted as already there; {negative} negative and {long} "
                "longer than 6 hours, both set aside.",
                "{waits} waits: {zero} of zero minutes, counted as already there; {negative} negative and {long} "
                "longer than 6 hours, both set aside.",
                counts.waits,
            ).format(
                waits=format_count(counts.waits),
                zero=format_count(counts.waits_zero),
                negative=format_count(counts.waits_negative),
                long=format_count(counts.waits_too_long),
            )
        ]

    def _notice_lines(self) -> list[str]:
        counts = self.counts
        notices = (
            (
                counts.ambiguous_times,
                ngettext(
                    "{count} time came twice that night, as the clocks went back; the earlier was taken.",
                    "{count} times came twice that night, as the clocks went back; the earlier was taken.",
                    counts.ambiguous_times,
                ),
            ),
            (
                counts.nonexistent_times,
                ngettext(
                    "{count} time does not exist, since the clocks went forward; the first moment after was taken.",
                    "{count} times do not exist, since the clocks went forward; the first moment after was taken.",
                    counts.nonexistent_times,
                ),
            ),
            (
                counts.future_times,
                ngettext(
                    "{count} row is dated later than now. Check the clock of the source.",
                    "{count} rows are dated later than now. Check the clock of the source.",
                    counts.future_times,
                ),
            ),
            (
                counts.identical_rows,
                ngettext(
                    "{count} row repeats an earlier one exactly and counts as unchanged.",
                    "{count} rows repeat an earlier one exactly and count as unchanged.",
                    counts.identical_rows,
                ),
            ),
            (
                counts.conflicting_incidents,
                ngettext(
                    "{count} incident has rows that disagree about its time or place; the first was taken.",
                    "{count} incidents have rows that disagree about their time or place; the first was taken.",
                    counts.conflicting_incidents,
                ),
            ),
            (
                counts.blank_rows,
                ngettext(
                    "{count} blank row was passed over.", "{count} blank rows were passed over.", counts.blank_rows
                ),
            ),
            (
                counts.columns_not_read,
                ngettext(
                    "{count} column was not read, since the mapping does not name it.",
                    "{count} columns were not read, since the mapping does not name them.",
                    counts.columns_not_read,
                ),
            ),
        )
        return [sentence.format(count=format_count(count)) for count, sentence in notices if count]

    def _warning_lines(self) -> list[str]:
        if not self.warnings:
            return []
        return [_("What looks suspicious:"), *(line for each in self.warnings for line in each.lines())]

    def _reason_lines(self) -> list[str]:
        if not self.reasons:
            return []
        lines = [
            _("What could not be used in {file} (row 1 is the first row under the headings):").format(file=self.label),
            *(_reason_line(each) for each in self.reasons[:_REASONS_LISTED]),
        ]
        if (more := len(self.reasons) - _REASONS_LISTED) > 0:
            lines.append(
                ngettext(
                    "{count} more kind of problem is listed with --json.",
                    "{count} more kinds of problem are listed with --json.",
                    more,
                ).format(count=format_count(more))
            )
        return lines


def _reason_line(reason: ReasonCount) -> str:
    """Where, how often, what kind of value, what is wrong and what to do; and the first rows."""
    rows = ", ".join(format_count(number) for number in reason.first_rows)
    more = _(" and {count} more").format(count=format_count(reason.count - len(reason.first_rows)))
    parts = {
        "count": format_count(reason.count),
        "column": format_count(reason.column_number),
        "field": reason.field,
        "kind": _kind_words().get(reason.value_kind, reason.value_kind),
        "advice": reason_sentence(reason.reason),
        "rows": rows + (more if reason.count > len(reason.first_rows) else ""),
    }
    if not reason.column_number:
        sentence = ngettext(
            "The whole row, {count} time: {advice} Row: {rows}.",
            "The whole row, {count} times: {advice} Rows: {rows}.",
            reason.count,
        )
    elif reason.whole_row:
        sentence = ngettext(
            "The whole row for column {column} ({field}, {kind}), {count} time: {advice} Row: {rows}.",
            "The whole row for column {column} ({field}, {kind}), {count} times: {advice} Rows: {rows}.",
            reason.count,
        )
    else:
        sentence = ngettext(
            "Column {column} ({field}, {kind}), {count} time: {advice} Row: {rows}.",
            "Column {column} ({field}, {kind}), {count} times: {advice} Rows: {rows}.",
            reason.count,
        )
    return sentence.format(**parts)


def _kind_words() -> dict[str, str]:
    return {
        "empty": _("empty cell"),
        "text": _("a text"),
        "number": _("a number"),
        "date": _("a date"),
        "time": _("a time of day"),
    }
