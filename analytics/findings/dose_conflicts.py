"""Where two officers report an administration's doses: both are kept, and a person says whether they are the same.

Until somebody does, neither report is added to the other. What was settled stays settled when the file comes again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_list
from analytics.findings.question import Question
from data.store import DoseConflict, DoseReport
from wording import _, format_count, format_date, format_moment, ngettext

__all__ = ["DoseConflicts", "OpenConflict", "find_dose_conflicts"]

# A token is as long as a sentence; its first characters tell officers of one administration apart.
_TOKEN_SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class OpenConflict:
    """One administration whose reports can be settled; `reports` names each by what it says, `counted` counts now."""

    conflict_id: str
    name: str
    table: DisclosedTable
    reports: Mapping[str, str]
    counted: str


@dataclass(frozen=True, kw_only=True)
class DoseConflicts:
    """What waits to be settled, oldest first, and what was settled by whom, which can be decided again (`decided`); in
    `agreeing` of the open ones all reports state the same number of doses, and `agreeing_reports` lists these.
    """

    sentence: str
    agreeing: int
    agreeing_reports: DisclosedTable
    open: tuple[OpenConflict, ...]
    settled: DisclosedTable
    decided: tuple[OpenConflict, ...]


def find_dose_conflicts(question: Question) -> DoseConflicts:
    """Reports of the same administration that disagree or repeat each other; for the analyst alone."""
    found = question.store.conflicts() if question.audience is Audience.ANALYST else ()
    waiting = sorted(
        (each for each in found if each.settlement is None),
        key=lambda each: (each.local_date, each.occurred_at.timestamp() if each.occurred_at else math.inf),
    )
    zone = ZoneInfo(question.settings.time_zone)
    imported = {
        row.import_id: format_moment(row.imported_at.tz_convert(zone)) for row in question.store.imports().itertuples()
    }
    agreeing = [each for each in waiting if each.agrees]
    settled = [each for each in found if each.settlement is not None]
    timed = any(report.given_at for each in agreeing for report in each.reports)
    return DoseConflicts(
        sentence=ngettext(
            "{count} administration has doses reported by more than one officer, and nobody has said yet whether they "
            "are the same doses. Until then the reports are not added up.",
            "{count} administrations have doses reported by more than one officer, and nobody has said yet whether "
            "they are the same doses. Until then the reports are not added up.",
            len(waiting),
        ).format(count=format_count(len(waiting)))
        if waiting
        else _("No reports of doses wait to be settled."),
        agreeing=len(agreeing),
        agreeing_reports=disclose_list(
            columns=[Column(heading=_("Administration")), *_report_columns(timed=timed)],
            rows=[
                (_name(each, zone), *row)
                for each in agreeing
                for row in _report_rows(each, imported, zone, timed=timed)
            ],
            audience=question.audience,
            caption="",
        ),
        open=tuple(_open_conflict(each, imported, zone, question) for each in waiting),
        settled=_settled_table(settled, zone, question),
        decided=tuple(_open_conflict(each, imported, zone, question) for each in settled),
    )


def _name(conflict: DoseConflict, zone: ZoneInfo) -> str:
    return _("{when}, {source}").format(when=_when(conflict, zone), source=conflict.source)


def _when(conflict: DoseConflict, zone: ZoneInfo) -> str:
    """When it was, as exactly as is known."""
    if conflict.occurred_at is not None:
        return format_moment(conflict.occurred_at.astimezone(zone))
    day = format_date(conflict.local_date)
    if conflict.local_hour is None:
        return day
    return _("{day}, {hour} to {next} o'clock").format(
        day=day, hour=conflict.local_hour, next=(conflict.local_hour + 1) % 24
    )


def _place(report: DoseReport, imported: Mapping[str, str]) -> str:
    """Where somebody finds the report again: the row of the file that an import read."""
    if report.row_number is None or report.import_id not in imported:
        return _("not known")
    return _("row {row} of the file imported {when}").format(
        row=format_count(report.row_number), when=imported[report.import_id]
    )


def _report_columns(*, timed: bool) -> list[Column]:
    return [
        Column(heading=_("Report"), numeric=True),
        Column(heading=_("Officer (token)")),
        Column(heading=_("Doses"), numeric=True),
        *([Column(heading=_("Dose given at"))] if timed else []),
        Column(heading=_("Where it stands")),
    ]


def _report_rows(
    conflict: DoseConflict, imported: Mapping[str, str], zone: ZoneInfo, *, timed: bool
) -> list[tuple[str, ...]]:
    """A row a report: its number, whose, doses, when they were given where forms say so (`timed`), its row."""
    rows = []
    for number, report in enumerate(conflict.reports, start=1):
        given = format_moment(report.given_at.astimezone(zone)) if report.given_at else _("not recorded")
        rows.append(
            (
                format_count(number),
                (report.officer_token or _("not recorded"))[:_TOKEN_SHOWN],
                _doses(report),
                *((given,) if timed else ()),
                _place(report, imported),
            )
        )
    return rows


def _doses(report: DoseReport) -> str:
    return _("not recorded") if report.doses is None else format_count(report.doses)


def _open_conflict(
    conflict: DoseConflict, imported: Mapping[str, str], zone: ZoneInfo, question: Question
) -> OpenConflict:
    # Most forms give the time of the incident alone, which the name says.
    timed = any(report.given_at for report in conflict.reports)
    names = {
        report.report_id: ngettext(
            "Report {number}: {doses} dose", "Report {number}: {doses} doses", report.doses or 0
        ).format(number=format_count(number), doses=_doses(report))
        for number, report in enumerate(conflict.reports, start=1)
    }
    return OpenConflict(
        conflict_id=conflict.conflict_id,
        name=_name(conflict, zone),
        table=disclose_list(
            columns=_report_columns(timed=timed),
            rows=_report_rows(conflict, imported, zone, timed=timed),
            audience=question.audience,
            caption="",
        ),
        reports=names,
        counted=_counted(conflict),
    )


def _counted(conflict: DoseConflict) -> str:
    """The report that counts: the one decided on, else the one of the most doses."""
    if conflict.settlement is not None and conflict.settlement.report_id is not None:
        return conflict.settlement.report_id
    return max(conflict.reports, key=lambda report: -1 if report.doses is None else report.doses).report_id


def _doses_settled(conflict: DoseConflict) -> str:
    """How many doses count since it was settled."""
    if conflict.settlement is not None and conflict.settlement.decision == "same":
        return next(_doses(each) for each in conflict.reports if each.report_id == conflict.settlement.report_id)
    return format_count(sum(each.doses or 0 for each in conflict.reports))


def _settled_table(settled: list[DoseConflict], zone: ZoneInfo, question: Question) -> DisclosedTable:
    decisions = {"same": _("The same doses, counted once"), "different": _("Different doses, added up")}
    rows = []
    for conflict in settled:
        settlement = conflict.settlement
        if settlement is not None:
            rows.append(
                (
                    _when(conflict, zone),
                    decisions[settlement.decision],
                    _doses_settled(conflict),
                    settlement.who,
                    format_moment(settlement.at.astimezone(zone)),
                )
            )
    return disclose_list(
        columns=[
            Column(heading=_("Administration")),
            Column(heading=_("Settled as")),
            Column(heading=_("Doses"), numeric=True),
            Column(heading=_("Who")),
            Column(heading=_("When")),
        ],
        rows=rows,
        audience=question.audience,
        caption="",
    )
