"""How good the records are: which fields are filled in, month by month, and how soon records are entered.

A field that is rarely recorded cannot carry a conclusion, and one that stops being recorded looks like a change in the
world. How late records come says from which day on a count is whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analytics.disclosure import (
    Audience,
    Column,
    DisclosedEstimate,
    DisclosedGrid,
    DisclosedTable,
    disclose_centile,
    disclose_completeness,
    disclose_count,
    disclose_day,
    disclose_share,
    fewest_for_fifths,
    tabulate_cells,
    tabulate_grid,
)
from analytics.estimate import Estimate
from analytics.feed import DELAY_MATURITY_DAYS, entry_delay
from analytics.findings.left_out import left_out_by_setting
from analytics.findings.question import Question
from analytics.findings.words import field_label, field_words
from data.schema import table_named
from wording import (
    _,
    format_count,
    format_date,
    format_moment,
    format_month,
    format_period,
    format_quarter,
    ngettext,
)

__all__ = ["DataQuality", "find_data_quality"]

# More columns than this are too narrow to read beside one another on a laptop's screen: then quarters stand for months.
_MOST_MONTHS = 25
# A field filled in this often can be counted on in what is broken down by it.
_WELL_RECORDED = 0.95
# What the form calls the time of entry.
_RECORDED_AT = field_label("recorded_at", table_named("administrations").field("recorded_at").description)
# Shares of records entered within a day, a week, a month.
_WITHIN_DAYS = (1, 7, 30)


@dataclass(frozen=True, kw_only=True)
class DataQuality:
    """Completeness by period for everyone, delays of entry for the analyst; `empty` where nothing matches."""

    empty: bool
    headline: str
    freshness: str
    coverage: DisclosedGrid
    coverage_table: DisclosedTable
    coverage_note: str
    for_analyst: bool
    delay_sentence: str
    delays: DisclosedTable


def find_data_quality(question: Question) -> DataQuality:
    """Completeness of each field by month (quarter or year for others), and the delay of entry by quarter."""
    months = question.store.missing_by_month(filters=question.filters, scope=question.scope)
    words = field_words()
    fields = [name for name in months.columns if name in words]
    analyst = question.audience is Audience.ANALYST
    step = _step(months, question)
    periods = _by_period(months, step)[["administrations", *fields]]
    coverage = disclose_completeness(
        names=[words[name] for name in fields],
        starts=[start.date() for start in periods.index],
        step=step,
        missing=[[int(number) for number in periods[name]] for name in fields],
        administrations=[int(number) for number in periods["administrations"]],
        audience=question.audience,
        thresholds=question.thresholds,
    )
    sentence, delays = _delays(question) if analyst else ("", _delay_table([]))
    total = int(months["administrations"].sum())
    left_out = left_out_by_setting(question, total)
    return DataQuality(
        empty=months.empty,
        headline=_headline(months, fields, words, question),
        freshness=" ".join((_freshness(question), *([left_out, _("They are kept.")] if left_out else []))),
        coverage=coverage,
        coverage_table=tabulate_grid(
            coverage,
            heading=_("Field"),
            format_start={"month": format_month, "quarter": format_quarter, "year": _format_year}[step],
        ),
        coverage_note=_(
            "Share of administrations in which each field says something; “not recorded” and “unknown” say nothing."
        ),
        for_analyst=analyst,
        delay_sentence=sentence,
        delays=delays,
    )


def _step(months: pd.DataFrame, question: Question) -> str:
    """Months while they are few enough to read; to others the shortest period that mostly has enough to be shown."""
    if question.audience is Audience.ANALYST:
        return "month" if len(_by_period(months, "month")) <= _MOST_MONTHS else "quarter"
    enough = _by_period(months, "quarter")["administrations"] >= fewest_for_fifths(question.thresholds)
    return "quarter" if enough.mean() >= 0.5 else "year"


def _by_period(months: pd.DataFrame, step: str) -> pd.DataFrame:
    """Sums by the first day of each period from the first to the last with records; those between may have none."""
    sums = months.groupby(_starts(months["month"], step), sort=True).sum(numeric_only=True)
    if sums.empty:
        return sums
    every = pd.period_range(sums.index[0], sums.index[-1], freq=step[0].upper()).start_time
    return sums.reindex(every, fill_value=0)


def _starts(days: pd.Series, step: str) -> pd.Series:
    """First day of the month, quarter or year of each day."""
    return pd.to_datetime(days).dt.to_period(step[0].upper()).dt.start_time


def _format_year(start: date) -> str:
    return str(start.year)


def _headline(months: pd.DataFrame, fields: Sequence[str], words: dict[str, str], question: Question) -> str:
    """How many fields can be counted on, and which is recorded least."""
    total = int(months["administrations"].sum())
    if not total:
        return _("No administrations are recorded for this period, so there is nothing to judge.")
    if question.audience is not Audience.ANALYST and total * (1 - _WELL_RECORDED) < (
        question.thresholds.smallest_count_shown
    ):
        return _("Too few administrations to say of each field how often it is recorded.")
    shares = {name: 1 - int(months[name].sum()) / total for name in fields}
    good = sum(share >= _WELL_RECORDED for share in shares.values())
    count = disclose_count(total, audience=question.audience, thresholds=question.thresholds)
    sentence = ngettext(
        "{good} of {fields} fields is recorded in at least 95 % of {count} administrations.",
        "{good} of {fields} fields are recorded in at least 95 % of {count} administrations.",
        good,
    ).format(good=format_count(good), fields=format_count(len(fields)), count=count.text)
    rarest = [words[name] for name in sorted(fields, key=shares.__getitem__) if shares[name] < _WELL_RECORDED][:3]
    if not rarest:
        return sentence
    least = _("Least recorded: {fields}.").format(fields="; ".join(rarest))
    return f"{sentence} {least}"


def _freshness(question: Question) -> str:
    filters, freshness = question.filters, question.store.freshness()
    period = format_period(filters.first_day, filters.last_day)
    if freshness.last_import_at is None or freshness.last_event_day is None:
        return f"{period}."
    return _("{period}. Records run to {last_day}; the last import was on {imported}.").format(
        period=period,
        last_day=disclose_day(freshness.last_event_day, audience=question.audience),
        imported=format_moment(freshness.last_import_at),
    )


def _delays(question: Question) -> tuple[str, DisclosedTable]:
    """From event to entry, for all records of the period and by quarter, newest first; the analyst's."""
    entries = question.store.entry_days(filters=question.filters, scope=question.scope)
    known = entries[entries["recorded_date"].notna()]
    if known.empty:
        nothing = _(
            "No record of this period says when it was entered. If the file has a column that does, add the field "
            "“{field}” when it is brought in, and the delay is shown here."
        ).format(field=_RECORDED_AT)
        return nothing, _delay_table([])
    days = (pd.to_datetime(known["recorded_date"]) - pd.to_datetime(known["local_date"])).dt.days.to_numpy()
    quarters = _starts(known["local_date"], "quarter").to_numpy()
    rows = [_delay_row(_("All"), days, question)]
    for start in np.unique(quarters)[::-1]:
        rows.append(_delay_row(format_quarter(pd.Timestamp(start).date()), days[quarters == start], question))
    sentences = [
        ngettext(
            "{known} of {count} administration says when it was entered.",
            "{known} of {count} administrations say when they were entered.",
            len(entries),
        ).format(known=format_count(len(known)), count=format_count(len(entries)))
    ]
    if before := int((days < 0).sum()):
        sentences.append(
            ngettext(
                "{count} was entered on a day before its event: check the clocks of the source.",
                "{count} were entered on a day before their event: check the clocks of the source.",
                before,
            ).format(count=format_count(before))
        )
    sentences.append(
        _("What happened after {day} may still be coming in, so the newest quarter looks prompter than it is.").format(
            day=format_date(_last_mature_day(question))
        )
    )
    return " ".join(sentences), _delay_table(rows)


def _last_mature_day(question: Question) -> date:
    """Events up to this day are old enough that late records of them have come."""
    last = question.store.freshness().last_event_day or question.filters.last_day
    return min(last, question.filters.last_day) - timedelta(days=DELAY_MATURITY_DAYS)


def _delay_row(name: str, days: np.ndarray, question: Question) -> tuple[str | DisclosedEstimate, ...]:
    found = entry_delay(days=days, within=_WITHIN_DAYS)
    shown = {"audience": question.audience, "thresholds": question.thresholds, "cases": found.records}
    return (
        name,
        format_count(found.records),
        *(
            disclose_centile(each.value, each.lower, each.upper, text=_days_text(each), share=share, **shown)
            for share, each in ((0.5, found.median), (0.9, found.ninetieth))
        ),
        *(disclose_share(each.value, each.lower, each.upper, **shown) for each in found.within.values()),
    )


def _days_text(days: Estimate) -> str:
    value = format_count(int(days.value))
    if math.isinf(days.upper):
        return _("{days} ({lower} or more)").format(days=value, lower=format_count(int(days.lower)))
    return _("{days} ({lower} to {upper})").format(
        days=value, lower=format_count(int(days.lower)), upper=format_count(int(days.upper))
    )


def _delay_table(rows: Sequence[tuple[str | DisclosedEstimate, ...]]) -> DisclosedTable:
    return tabulate_cells(
        columns=(
            Column(heading=_("Quarter of the event")),
            Column(heading="n", numeric=True),
            Column(heading=_("Median days (95 %)"), numeric=True),
            Column(heading=_("90th centile (95 %)"), numeric=True),
            Column(heading=_("Within 1 day"), numeric=True),
            Column(heading=_("Within 7 days"), numeric=True),
            Column(heading=_("Within 30 days"), numeric=True),
        ),
        rows=rows,
        caption="",
    )
