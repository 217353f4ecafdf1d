"""One import's account: the sum of its rows, and every sentence of the report in its order; kept as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from data.changes import Changes, FieldChange
from data.quality.warnings import QualityWarning
from data.quarantine import LEFT_OUT, NO_RECORDS, ReasonCount, reason_sentence
from data.report.changes import change_lines, changes_by_row
from data.report.counts import ImportCounts, notice_sentences, wait_lines
from data.report.places import place_lines, unplaced_words
from data.report.reasons import reason_lines, reason_words
from data.row_runs import RowRuns
from wording import _, format_count, format_period, join_words, ngettext

__all__ = ["ImportReport"]

_UNKNOWN_WORDS = frozenset({"unknown_value", "unlisted_value"})


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """One import's account.

    rows_in = imported + updated + unchanged + folded + withdrawn + quarantined_rows + waiting, always; in words those
    quarantined that the mapping leaves out on purpose (`left_out`) and those that are `no_records` are terms of their
    own. `withdrawn` are rows that the file itself takes back; records that a full extract lacks have no row in it and
    are `withdrawn_gone`. Rows of earlier imports that now found their record are `matched_now`, incidents that have a
    place by these alone `placed_now`, and `conflicts` wait to be settled. `rows` says which rows a count is about, by
    its name here or in `counts`, `changes` what differs in the updated records.
    `adds_to_records`: its rows add to records of other files, so those that are imported are no new records.
    `label` is what the sentences call the file. `version` is the snapshot that now holds the rows, or would be compared
    with (None: there is no store yet). `already_imported`: the store had just this file, so it was not read again.
    """

    label: str
    target: str
    source: str
    dry_run: bool
    already_imported: bool
    import_id: str
    rows_in: int
    imported: int
    updated: int
    unchanged: int
    folded: int
    withdrawn: int
    waiting: int
    quarantined_rows: int
    quarantined_fields: int
    withdrawn_gone: int
    matched_now: int
    conflicts: int
    first_day: date | None
    last_day: date | None
    has_places: bool
    counts: ImportCounts
    reasons: tuple[ReasonCount, ...]
    warnings: tuple[QualityWarning, ...]
    version: str | None
    rows: Mapping[str, RowRuns] = field(default_factory=dict)
    placed_now: int = 0
    adds_to_records: bool = False
    changes: Changes = field(default_factory=Changes)

    @property
    def changed(self) -> bool:
        """Whether the store holds anything new."""
        return not self.dry_run and self.imported + self.updated + self.withdrawn + self.withdrawn_gone > 0

    @property
    def usable(self) -> bool:
        """Whether any row could be used."""
        return self.quarantined_rows < self.rows_in

    @property
    def news(self) -> str:
        """What the file says that the store did not hold, in a few words."""
        added = ngettext("{count} row adds to a record", "{count} rows add to records", self.imported)
        terms = (
            (added if self.adds_to_records else _("{count} new"), self.imported),
            (_("{count} changed"), self.updated),
            (_("{count} withdrawn"), self.withdrawn + self.withdrawn_gone),
            (_("{count} waiting for their record"), self.waiting),
        )
        told = [words.format(count=format_count(count)) for words, count in terms if count]
        return join_words(told) if told else _("nothing new")

    @property
    def nothing_taken(self) -> str:
        """What must be read before all else where no row went in or could; "" where one did."""
        if self.usable and self.waiting + self.quarantined_rows < self.rows_in:
            return ""
        if self.usable:
            return ngettext(
                "Nothing of this file counts yet: {count} row waits for the record that it adds to.",
                "Nothing of this file counts yet: {count} rows wait for the records that they add to.",
                self.waiting,
            ).format(count=format_count(self.waiting))
        if self.left_out == self.rows_in:
            return _("The mapping leaves out every row of this file: none has the words of rows that count.")
        return ngettext(
            "No row could be used: the row waits in quarantine. Correct what the report names and import again.",
            "No row could be used: all wait in quarantine. Correct what the report names and import again.",
            self.quarantined_rows,
        )

    @property
    def left_out(self) -> int:
        """How many of the quarantined rows the mapping leaves out on purpose."""
        return sum(each.count for each in self.reasons if each.reason == LEFT_OUT)

    @property
    def no_records(self) -> int:
        """How many of the quarantined rows are totals or headings once more: nobody has to correct them."""
        return sum(each.count for each in self.reasons if each.reason in NO_RECORDS)

    @property
    def reads_the_same_any_day(self) -> bool:
        """Whether the file would be read today as it was then: no row was too late for its day."""
        return not self.counts.future_times and not any(each.reason == "time_in_future" for each in self.reasons)

    def as_repeated(self, *, label: str, dry_run: bool, version: str) -> "ImportReport":
        """The account of the very same file once more: all of its records are there already."""
        return replace(
            self,
            label=label,
            dry_run=dry_run,
            version=version,
            already_imported=True,
            imported=0,
            updated=0,
            withdrawn=0,
            unchanged=self.imported + self.updated + self.unchanged + self.withdrawn,
            withdrawn_gone=0,
            matched_now=0,
            placed_now=0,
            changes=Changes(),
        )

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "ImportReport":
        """The account that `to_json` wrote."""
        days = {name: fields[name] and date.fromisoformat(fields[name]) for name in ("first_day", "last_day")}
        reasons = tuple(ReasonCount(**_with_runs(each, without=("advice",))) for each in fields["reasons"])
        warnings = tuple(QualityWarning(**_with_runs(each)) for each in fields["warnings"])
        rows = {name: RowRuns(**_with_runs(each)) for name, each in fields["rows"].items()}
        parts = {"counts": ImportCounts(**fields["counts"]), "reasons": reasons, "warnings": warnings, "rows": rows}
        parts["changes"] = _changes_from_json(fields.get("changes") or asdict(Changes()))
        return cls(**{name: fields[name] for name in fields if name not in ("lines", "left_out")} | days | parts)

    def lines(self) -> list[str]:
        """The account in sentences: the sum first, and last, where a terminal is read, that nothing counts of it."""
        lines = [self.total]
        for title, sentences in self.sections():
            lines += [_("{title}:").format(title=title)] if title else []
            lines += sentences
        return [*lines, *filter(None, (self.nothing_taken,))]

    @property
    def total(self) -> str:
        """What became of the file's rows, in one sentence."""
        return ngettext("{rows_in} row in = {parts}.", "{rows_in} rows in = {parts}.", self.rows_in).format(
            rows_in=format_count(self.rows_in), parts=self._parts()
        )

    def sections(
        self, *, name_field: Callable[[str], str] | None = None, headings: Sequence[str] = ()
    ) -> list[tuple[str, list[str]]]:
        """The sentences after the sum, each section under its title ("" for the first); indented lines are TOML.

        With `name_field`, which puts a field in words, they are for the page: they name its boxes and hold no TOML.
        `headings` are those of the file while it is in hand: no account keeps them.
        """
        account = [
            *self._result_lines(name_field),
            *self._place_lines(),
            *wait_lines(self.counts),
            *self._told(notice_sentences(self.counts)),
        ]
        # What the page says of unknown words stands under what could not be used.
        about = [each for each in self.warnings if name_field is None or each.kind not in _UNKNOWN_WORDS]
        suspicious = [line for each in about for line in each.lines()]
        reasons = reason_lines(self.reasons, name_field=name_field, headings=headings, dry_run=self.dry_run)
        unused = _("What could not be used in {file} (row 1 is the first row under the headings)")
        found = [
            ("", account),
            (_("What looks suspicious"), suspicious),
            (unused.format(file=self.label), reasons),
        ]
        return [(title, lines) for title, lines in found if lines]

    def to_keep(self) -> "ImportReport":
        """The account as it is kept with the import, with no more runs of rows than a page would look at.

        By its source: the file's name may hold a person's.
        """
        return replace(
            self,
            label=self.source,
            reasons=tuple(each.to_keep() for each in self.reasons),
            warnings=tuple(each.to_keep() for each in self.warnings),
            rows={name: each.to_keep() for name, each in self.rows.items()},
            changes=self.changes.to_keep(),
        )

    def to_json(self) -> dict[str, object]:
        """Everything, for other programs."""
        fields = asdict(self)
        for name in ("first_day", "last_day"):
            fields[name] = fields[name] and fields[name].isoformat()
        fields["reasons"] = [asdict(each) | {"advice": reason_sentence(each.reason)} for each in self.reasons]
        return fields | {"left_out": self.left_out, "lines": self.lines()}

    def _result_lines(self, name_field: Callable[[str], str] | None) -> list[str]:
        lines = []
        if self.already_imported:
            lines.append(_("This very file is in the store, read in the same way, so it was not read again."))
        changed = change_lines(self.changes, updated=self.updated, name_field=name_field)
        lines += [*self._left_out_lines(), *changed, *self._record_lines()]
        if self.quarantined_fields:
            lines.append(
                ngettext(
                    "{count} field was set aside alone; its row went in without it.",
                    "{count} fields were set aside alone; their rows went in without them.",
                    self.quarantined_fields,
                ).format(count=format_count(self.quarantined_fields))
            )
        if self.first_day and self.last_day:
            lines.append(_("The rows are from {period}.").format(period=format_period(self.first_day, self.last_day)))
        if self.dry_run:
            lines.append(_("This was a dry run: nothing was written."))
        elif not (self.changed or self.waiting):
            lines.append(_("Nothing changed in the store."))
        return lines

    def _left_out_lines(self) -> list[str]:
        """Rows that wait for nobody."""
        if self.left_out == self.rows_in:
            return []
        sentence = ngettext(
            "{count} row was left out by the mapping, on purpose. Nothing needs to be corrected in it.",
            "{count} rows were left out by the mapping, on purpose. Nothing needs to be corrected in them.",
            self.left_out,
        ).format(count=format_count(self.left_out))
        return [f"{sentence} {each.in_words}" for each in self.reasons if each.reason == LEFT_OUT]

    def _parts(self) -> str:
        """The terms of the sum; those that most files have none of only where there are any."""
        terms = [
            (_("{count} added to records") if self.adds_to_records else _("{count} imported"), self.imported, True),
            (_("{count} updated"), self.updated, True),
            (_("{count} unchanged"), self.unchanged, True),
            (_("{count} folded into others"), self.folded, False),
            (_("{count} withdrawn"), self.withdrawn, False),
            (_("{count} waiting for their record"), self.waiting, False),
            (_("{count} quarantined"), self.quarantined_rows - self.left_out - self.no_records, True),
            (_("{count} left out by the mapping"), self.left_out, False),
            (_("{count} left out as totals or headings"), self.no_records, False),
        ]
        return " + ".join(term.format(count=format_count(count)) for term, count, always in terms if always or count)

    def _record_lines(self) -> list[str]:
        """Rows that wait, and what happened to records that have no row of their own in the sum."""
        lines = self._told(self._record_sentences())
        if self.counts.full_but_unsure:
            lines.append(
                _(
                    "This full extract has rows whose record cannot be told, or no row that could be used. So nothing "
                    "was withdrawn."
                )
            )
        return lines

    def _record_sentences(self) -> tuple[tuple[str, int, str], ...]:
        several = self.rows["several"].rows if "several" in self.rows else 0
        return (
            (
                "added",
                self.imported if self.adds_to_records else 0,
                ngettext(
                    "{count} row adds to a record that is there; no new administration comes in.",
                    "{count} rows add to records that are there; no new administration comes in.",
                    self.imported,
                ),
            ),
            (
                "waiting",
                self.waiting,
                ngettext(
                    "{count} row waits for its record: it is matched by itself when that comes in.",
                    "{count} rows wait for their records: they are matched by themselves when those come in.",
                    self.waiting,
                ),
            ),
            (
                "several",
                several,
                ngettext(
                    "{count} of them fits more than one record: name in [match] what tells these apart.",
                    "{count} of them fit more than one record: name in [match] what tells these apart.",
                    several,
                ),
            ),
            (
                "withdrawn_gone",
                self.withdrawn_gone,
                ngettext(
                    "{count} record is not in this full extract any more: it is withdrawn, kept and not counted.",
                    "{count} records are not in this full extract any more: they are withdrawn, kept and not counted.",
                    self.withdrawn_gone,
                ),
            ),
            (
                "matched_now",
                self.matched_now,
                ngettext(
                    "{count} row that had waited from an earlier import found its record.",
                    "{count} rows that had waited from earlier imports found their record.",
                    self.matched_now,
                ),
            ),
            (
                "conflicts",
                # Those of other files alone are no news of this one.
                self.conflicts if self.rows.get("conflicts", RowRuns()).rows else 0,
                ngettext(
                    "{count} administration of the store has several officers' reports of its doses, this file's "
                    "included. They are not added up until "
                    "someone has settled it: “Reports to settle” on the page “Data quality”.",
                    "{count} administrations of the store have several officers' reports of their doses, this file's "
                    "included. They are not added up "
                    "until someone has settled them: “Reports to settle” on the page “Data quality”.",
                    self.conflicts,
                ),
            ),
        )

    def _place_lines(self) -> list[str]:
        if not self.has_places:
            return []
        warned_of = {each.kind for each in self.warnings}
        return place_lines(self.counts, rows=self.rows, placed_now=self.placed_now, warned_of=warned_of)

    def row_lists(self) -> list[tuple[str, RowRuns]]:
        """Every sentence that is about rows of the file, with all of these rows."""
        told = [*self._record_sentences(), *notice_sentences(self.counts)]
        told += [(name, self.rows[name].rows, words) for name, words in unplaced_words().items() if name in self.rows]
        counted = [
            (sentence.format(count=format_count(count)), self.rows[name])
            for name, count, sentence in told
            if name in self.rows
        ]
        suspicious = [(each.sentence, each) for each in self.warnings if each.rows]
        changed = changes_by_row(self.changes, updated=self.updated)
        return [*counted, *changed, *suspicious, *((reason_words(each), each) for each in self.reasons)]

    def _told(self, sentences: Sequence[tuple[str, int, str]]) -> list[str]:
        """The sentences, by name and count, of what there is, each with the rows that it is about."""
        return [
            f"{sentence.format(count=format_count(count))} {self.rows.get(name, RowRuns()).in_words}".rstrip()
            for name, count, sentence in sentences
            if count
        ]


def _with_runs(fields: Mapping[str, Any], without: Sequence[str] = ()) -> dict[str, Any]:
    """What JSON holds of rows, with their runs as pairs again."""
    runs = tuple((first, last) for first, last in fields["row_runs"])
    return {name: value for name, value in fields.items() if name not in without} | {"row_runs": runs}


def _changes_from_json(fields: Mapping[str, Any]) -> Changes:
    rows = {name: RowRuns(**_with_runs(fields[name])) for name in ("unread_rows", "emptied_rows")}
    changed = tuple(FieldChange(**_with_runs(each)) for each in fields["fields"])
    return Changes(fields=changed, unread=fields["unread"], emptied=fields["emptied"], **rows)
