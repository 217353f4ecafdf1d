"""What came in when, from where and from whom; what waits, and what to correct at its source. For the analyst."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_list
from analytics.findings.file_preview import fields_in_words, stored_label
from analytics.findings.import_rows import RowList
from analytics.findings.question import Question
from data.journal import Journal, JournalEntry
from data.keys import load_keys
from data.quarantine import LEFT_OUT, NO_RECORDS, advice, column_letters, names_box
from data.row_runs import RowRuns
from data.settings import Settings
from wording import _, format_count, format_date, format_moment, format_period, ngettext

__all__ = [
    "ImportHistory",
    "PastImport",
    "find_doubled_days",
    "find_import_history",
    "import_warnings",
    "table_words",
]

# What an import is called, by its source and its moment.
NameOfImport = Callable[[str, datetime | None], str]


@dataclass(frozen=True, kw_only=True)
class PastImport:
    """One import that can be undone: its key and a sentence that names it."""

    import_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ImportHistory:
    """Imports newest first, what looked suspicious in them, quarantine by reason, and rows without their record.

    `undone` says of each import that was taken back who did so, when and why, the last one first.
    `warning_rows`, `quarantine_rows` and `waiting_rows` list all their rows, to take along.
    """

    sentence: str
    imports: DisclosedTable
    undone: tuple[str, ...]
    undoable: tuple[PastImport, ...]
    warnings_sentence: str
    warnings: DisclosedTable
    warning_rows: RowList
    quarantine_sentence: str
    quarantine: DisclosedTable
    quarantine_rows: RowList
    waiting_sentence: str
    waiting: DisclosedTable
    waiting_rows: RowList


def find_import_history(question: Question) -> ImportHistory:
    """Every import with what became of its rows; quarantine by import, reason and column with its rows."""
    imports = question.store.imports()
    zone = ZoneInfo(question.settings.time_zone)
    quarantine = question.store.quarantine_groups()
    waiting = _waiting(question)
    warnings = import_warnings(question)
    listed = question.audience is Audience.ANALYST
    names = _import_names(imports, zone)
    journal = _journal(question)
    return ImportHistory(
        sentence=ngettext("{count} import.", "{count} imports, newest first.", len(imports)).format(
            count=format_count(len(imports))
        )
        if len(imports)
        else _("Nothing has been imported yet."),
        imports=_imports_table(imports, _who(journal), zone, question),
        undone=_undone(journal, zone) if listed else (),
        undoable=_name_imports(imports, question.settings),
        warnings_sentence=_warnings_sentence(warnings),
        warnings=_warnings_table(warnings, names, question),
        warning_rows=RowList(
            columns=(_("Import"), _("What looked suspicious")),
            entries=tuple(
                ((names(each.source, each.imported_at), fields_in_words(each.sentence)), each.rows)
                for each in warnings.itertuples()
            ),
        ),
        quarantine_sentence=_quarantine_sentence(quarantine),
        quarantine=_quarantine_table(quarantine, names, question),
        quarantine_rows=RowList(
            columns=(_("Import"), _("Column"), _("Field"), _("What is wrong and what to do")),
            entries=tuple(
                (
                    (
                        names(each.source, each.imported_at),
                        _column_number(each),
                        stored_label(each.field),
                        _advice(each),
                    ),
                    RowRuns.of(each.row_numbers),
                )
                for each in quarantine.itertuples()
                if listed
            ),
        ),
        waiting_sentence=_waiting_sentence(waiting),
        waiting=_waiting_table(waiting, names, question),
        waiting_rows=RowList(
            columns=(_("Import"), _("Why")),
            entries=tuple(
                ((names(each.source, each.imported_at), _why_waiting(each.reason)), each.numbers)
                for each in waiting.itertuples()
                if listed
            ),
        ),
    )


def _name_imports(imports: pd.DataFrame, settings: Settings) -> tuple[PastImport, ...]:
    """Each of the store's imports by when it was, what it is about, its source, its rows and its days."""
    zone = ZoneInfo(settings.time_zone)
    names = [
        _("{when}: {table}, {source}, {rows}, {new} of them new").format(
            when=_moment(row.imported_at, zone),
            table=_table_name(row.target).lower(),
            source=row.source,
            rows=_rows_and_days(row),
            new=format_count(int(row.rows_imported)),
        )
        for row in imports.fillna({"rows_imported": 0}).itertuples()
    ]
    return tuple(
        PastImport(import_id=import_id, name=_told_apart(names, place))
        for place, import_id in enumerate(imports["import_id"])
    )


def _told_apart(names: Sequence[str], place: int) -> str:
    """The name at a place, newest first; numbered, the oldest first, where others are the same."""
    name = names[place]
    count = names.count(name)
    if count == 1:
        return name
    return _("{name} (number {number} of {count} alike)").format(
        name=name, number=count - names[:place].count(name), count=count
    )


def import_warnings(question: Question) -> pd.DataFrame:
    """What looked suspicious in each import, newest first: imported_at, target, source, kind, sentence, advice, the
    lines of the mapping that it tells of (setting), and count.

    `rows` holds the RowRuns of each. Empty for others than analysts.
    """
    columns = ["imported_at", "target", "source", "kind", "sentence", "advice", "setting", "count", "rows"]
    if question.audience is not Audience.ANALYST:
        return pd.DataFrame(columns=columns)
    imports = question.store.imports()
    found = [
        (row.imported_at, row.target, row.source, *(warning.get(name, "") for name in columns[3:-1]), _rows_of(warning))
        for row in imports[imports["report"].notna()].itertuples()
        for warning in json.loads(row.report)["warnings"]
    ]
    return pd.DataFrame(found, columns=columns)


def find_doubled_days(question: Question) -> str:
    """A word for maps of administrations where days seem to be in the store twice; "" where none do, and for others."""
    warnings = import_warnings(question)
    doubled = warnings[(warnings["kind"] == "doubled_days") & warnings["target"].isin(["administrations", "incidents"])]
    if doubled.empty:
        return ""
    # A file that holds the same days again is told of them in the same words.
    count = int(doubled.drop_duplicates(["source", "sentence"])["count"].sum())
    return ngettext(
        "{count} record seemed to be there twice when its file came in, and may be counted twice here: see “Imports” "
        "under Data quality",
        "{count} records seemed to be there twice when their files came in, and may be counted twice here: see "
        "“Imports” under Data quality",
        count,
    ).format(count=format_count(count))


def _rows_of(warning: Mapping[str, Any]) -> RowRuns:
    """The rows that an import's account keeps of a warning; accounts of the first stores have none."""
    runs = tuple((first, last) for first, last in warning.get("row_runs", ()))
    return RowRuns(rows=warning.get("rows", 0), row_runs=runs)


def table_words() -> dict[str, str]:
    """What a file can be about, in words."""
    return {
        "administrations": _("Administrations"),
        "incidents": _("Incidents"),
        "doses": _("Doses"),
        "waits": _("Ambulance waits"),
        "carriers": _("Carriers"),
        "shifts": _("Shifts"),
        "kits": _("Kits"),
        "requests": _("Requests for a carrier"),
        "follow_up": _("Follow-up"),
        "risk_events": _("Overdose calls, deaths and drug incidents"),
        "populations": _("Residents by area"),
        "outreach_points": _("Outreach points"),
        "joined": _("More about records that are there"),
    }


def _table_name(target: str) -> str:
    return table_words().get(target, target)


def _journal(question: Question) -> tuple[JournalEntry, ...]:
    """What the journal says of imports, oldest first."""
    folder = question.settings.store_folder
    entries = Journal(folder=folder, keys=load_keys(store_folder=folder)).entries()
    return tuple(entry for entry in entries if "import_id" in entry.details)


def _who(journal: Sequence[JournalEntry]) -> dict[str, str]:
    """Who brought in each import."""
    return {str(entry.details["import_id"]): entry.who for entry in journal}


def _undone(journal: Sequence[JournalEntry], zone: ZoneInfo) -> tuple[str, ...]:
    """One sentence for each import that was taken back."""
    came = {entry.details["import_id"]: entry for entry in journal if entry.action == "import"}
    return tuple(
        _("Taken back by {who}, {at}: {rows} rows about {table}, brought in on {day}. Why: {why}").format(
            who=back.who,
            at=_moment(back.at, zone),
            rows=format_count(int(entry.details["rows_in"])),
            table=_table_name(entry.details["target"]).lower(),
            day=format_date(entry.at.astimezone(zone).date()),
            why=back.purpose or _("not recorded"),
        )
        for back in reversed(journal)
        if back.action == "undo" and (entry := came.get(back.details["import_id"])) is not None
    )


def _row_words() -> dict[str, str]:
    """What becomes of a file's rows, in the order of the sum, and of records that it lacks."""
    return {
        "rows_in": _("Rows in"),
        "rows_imported": _("New"),
        "rows_updated": _("Changed"),
        "rows_unchanged": _("As before"),
        "rows_folded": _("Folded"),
        "rows_withdrawn": _("Withdrawn"),
        "rows_set_aside": _("Set aside"),
        "rows_left_out": _("Left out"),
        "rows_waiting": _("Waiting"),
        "records_gone": _("Gone"),
    }


def _imports_table(imports: pd.DataFrame, who: Mapping[str, str], zone: ZoneInfo, question: Question) -> DisclosedTable:
    words = _row_words()
    left_out = [_left_out(report) for report in imports["report"]]
    imports = imports.assign(rows_set_aside=imports["rows_quarantined"] - left_out, rows_left_out=left_out)
    rows = [
        (
            _moment(row["imported_at"], zone),
            who.get(row["import_id"], _("not recorded")),
            _table_name(row["target"]),
            row["source"],
            format_period(row["first_day"].date(), row["last_day"].date()) if pd.notna(row["first_day"]) else "",
            *(format_count(int(row[name])) if pd.notna(row[name]) else "" for name in words),
        )
        for _index, row in imports.iterrows()
    ]
    return disclose_list(
        columns=[
            Column(heading=_("When")),
            Column(heading=_("Who")),
            Column(heading=_("About")),
            Column(heading=_("Source")),
            Column(heading=_("Events")),
            *(Column(heading=word, numeric=True) for word in words.values()),
        ],
        rows=rows,
        audience=question.audience,
        caption=_(
            "Rows in = new + changed + as before + folded + withdrawn + set aside + left out + waiting, as they were "
            "at the import; what waits now is under “Quarantine”. What is left out is so by the mapping, on purpose, "
            "or is a total or a heading. New rows of a file that adds to other records are no new records. “Gone” are "
            "records that a full extract lacked: they are withdrawn, and have no row."
        )
        if rows
        else "",
    )


def _left_out(report: object) -> int:
    """How many rows were left out by the mapping or as no records, as the import's account has it."""
    reasons = json.loads(report)["reasons"] if isinstance(report, str) else []
    return sum(each["count"] for each in reasons if each["reason"] in {LEFT_OUT, *NO_RECORDS})


def _import_names(imports: pd.DataFrame, zone: ZoneInfo) -> NameOfImport:
    """What an import is called by its source and its moment: a file's name is not kept, its rows and its days tell."""
    told = {(row.source, row.imported_at): _rows_and_days(row) for row in imports.itertuples()}

    def name(source: str, imported_at: datetime | None) -> str:
        rows = told.get((source, imported_at))
        when = _moment(imported_at, zone)
        if rows is None:
            return _("{source}, {when}").format(source=source, when=when)
        return _("{source}, {when}: {rows}").format(source=source, when=when, rows=rows)

    return name


def _rows_and_days(row: Any) -> str:
    """How many rows a file had, and of which days where it says."""
    count = int(row.rows_in)
    rows = ngettext("{count} row", "{count} rows", count).format(count=format_count(count))
    if pd.isna(row.first_day):
        return rows
    return _("{rows} of {days}").format(rows=rows, days=format_period(row.first_day.date(), row.last_day.date()))


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return format_moment(pd.Timestamp(moment).tz_convert(zone)) if pd.notna(moment) else _("an earlier import")


def _warnings_sentence(warnings: pd.DataFrame) -> str:
    if warnings.empty:
        return ""
    return ngettext(
        "{count} thing looked suspicious when its file came in. Nothing was removed for it.",
        "{count} things looked suspicious when their files came in, the newest first. Nothing was removed for them.",
        len(warnings),
    ).format(count=format_count(len(warnings)))


def _warnings_table(warnings: pd.DataFrame, names: NameOfImport, question: Question) -> DisclosedTable:
    return disclose_list(
        columns=[
            Column(heading=_("Import")),
            Column(heading=_("About")),
            Column(heading=_("What looked suspicious and what to do")),
            Column(heading="n", numeric=True),
            Column(heading=_("Rows of the file")),
        ],
        rows=[
            (
                names(each.source, each.imported_at),
                _table_name(each.target),
                " ".join((fields_in_words(f"{each.sentence} {each.advice}"), *each.setting.splitlines())),
                format_count(int(each.cases)),
                each.rows.listed,
            )
            for each in warnings.rename(columns={"count": "cases"}).itertuples()
        ],
        audience=question.audience,
        caption="",
    )


def _quarantine_sentence(groups: pd.DataFrame) -> str:
    if groups.empty:
        return _("Nothing waits in quarantine.")
    by_choice, no_records = groups["reason"] == LEFT_OUT, groups["reason"].isin(NO_RECORDS)
    left_out, aside = (int(groups.loc[each, "entries"].sum()) for each in (by_choice, no_records))
    whole = int(groups.loc[groups["whole_row"] & ~by_choice & ~no_records, "entries"].sum())
    alone = int(groups.loc[~groups["whole_row"], "entries"].sum())
    sentences = [_to_correct_sentence(whole, alone)] if whole + alone else []
    if left_out:
        sentences.append(
            ngettext(
                "{count} row was left out, as the mapping says: nothing needs to be corrected in it.",
                "{count} rows were left out, as the mapping says: nothing needs to be corrected in them.",
                left_out,
            ).format(count=format_count(left_out))
        )
    if aside:
        sentences.append(
            ngettext(
                "{count} row was set aside as a total or a repeated heading: it is no record, and nothing needs to be "
                "corrected in it.",
                "{count} rows were set aside as totals or repeated headings: they are no records, and nothing needs to "
                "be corrected in them.",
                aside,
            ).format(count=format_count(aside))
        )
    return " ".join((*sentences, _("No value is kept here, only where it stands and what kind it is.")))


def _to_correct_sentence(whole: int, alone: int) -> str:
    rows = ngettext("{count} row waits whole", "{count} rows wait whole", whole).format(count=format_count(whole))
    fields = ngettext(
        "{count} field of a row that went in was set aside",
        "{count} fields of rows that went in were set aside",
        alone,
    ).format(count=format_count(alone))
    return _(
        "{what}. Correct them in the system they came from and import its file again: what is right then leaves this "
        "list."
    ).format(what="; ".join(words for words, count in ((rows, whole), (fields, alone)) if count))


def _quarantine_table(groups: pd.DataFrame, names: NameOfImport, question: Question) -> DisclosedTable:
    rows = [
        (
            names(row.source, row.imported_at),
            _what_is_held(row),
            _column_number(row),
            stored_label(row.field),
            _advice(row),
            format_count(int(row.entries)),
            RowRuns.of(row.row_numbers).listed,
        )
        for row in groups.itertuples()
    ]
    return disclose_list(
        columns=[
            Column(heading=_("Import")),
            Column(heading=_("What")),
            Column(heading=_("Column")),
            Column(heading=_("Field")),
            Column(heading=_("What is wrong and what to do")),
            Column(heading="n", numeric=True),
            Column(heading=_("Rows of the file")),
        ],
        rows=rows,
        audience=question.audience,
        caption=" ".join(
            (
                _("Row 1 is the first row under the headings. A column has the letter that a spreadsheet gives it."),
                *(
                    (_("To set a box that is named here, bring the file in again and set it there."),)
                    if any(map(names_box, groups["reason"]))
                    else ()
                ),
            )
        )
        if rows
        else "",
    )


def _what_is_held(group: Any) -> str:
    if group.reason == LEFT_OUT:
        return _("Row left out")
    if group.reason in NO_RECORDS:
        return _("No record")
    return _("Whole row") if group.whole_row else _("Field alone")


def _column_number(group: Any) -> str:
    if pd.isna(group.column_number):
        return ""
    number = int(group.column_number)
    return _("{letters} ({number})").format(letters=column_letters(number), number=number)


def _advice(group: Any) -> str:
    sentence = advice(group.reason, target=group.target, field=group.field, on_page=True)
    return sentence[:1].upper() + sentence[1:]


def _waiting(question: Question) -> pd.DataFrame:
    """Rows that wait, by import and reason: columns of Store.waiting, imported_at, and `numbers`, the RowRuns."""
    waiting, rows = question.store.waiting(), question.store.waiting_rows()
    numbers = {
        (import_id, "several_records" if several else "no_record"): RowRuns.of(group["row_number"].dropna())
        for (import_id, several), group in rows.groupby(["import_id", "several"])
    }
    imported = question.store.imports().set_index("import_id")["imported_at"]
    return waiting.assign(
        imported_at=waiting["import_id"].map(imported),
        numbers=[
            numbers.get((each.import_id, each.reason), RowRuns()) if each.target == "joined" else RowRuns()
            for each in waiting.itertuples()
        ],
    )


def _waiting_sentence(waiting: pd.DataFrame) -> str:
    total = int(waiting["rows"].sum())
    if not total:
        return ""
    return ngettext(
        "{count} row waits for the record that it belongs to. It is matched by itself when that comes in.",
        "{count} rows wait for the records that they belong to. They are matched by themselves when those come in.",
        total,
    ).format(count=format_count(total))


def _why_waiting(reason: str) -> str:
    return {
        "no_record": _("No record fits yet. Import the records first, or check the key that joins the two files."),
        "several_records": _("More than one record fits. Add what tells them apart to the file or to [match]."),
    }.get(reason, reason)


def _waiting_table(waiting: pd.DataFrame, names: NameOfImport, question: Question) -> DisclosedTable:
    return disclose_list(
        columns=[
            Column(heading=_("Import")),
            Column(heading=_("About")),
            Column(heading=_("Why")),
            Column(heading="n", numeric=True),
            Column(heading=_("Rows of the file")),
        ],
        rows=[
            (
                names(row.source, row.imported_at),
                _table_name(row.target),
                _why_waiting(row.reason),
                format_count(int(row.rows)),
                row.numbers.listed,
            )
            for row in waiting.sort_values("imported_at", ascending=False, kind="stable").itertuples()
        ],
        audience=question.audience,
        caption="",
    )
