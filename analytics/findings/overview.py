"""What happened in the period: how many administrations, how that compares, how fresh and complete the records are.

Intervals: exact Poisson for a count (Garwood 1936); exact binomial (Clopper & Pearson 1934) for the ratio of two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from analytics.disclosure import (
    Audience,
    DisclosedCount,
    DisclosedSeries,
    DisclosedTable,
    disclose_count,
    disclose_day,
    disclose_missing,
    disclose_series,
    tabulate_series,
)
from analytics.estimate import binomial_interval, poisson_interval
from analytics.findings.import_history import import_warnings
from analytics.findings.left_out import left_out_by_setting
from analytics.findings.question import Question
from analytics.findings.releases import ViewHeldBackError, other_filters
from analytics.findings.words import field_words
from data.store import Freshness
from wording import (
    _,
    format_count,
    format_date,
    format_interval,
    format_moment,
    format_month,
    format_number,
    format_period,
    format_quarter,
    join_words,
    ngettext,
)

__all__ = ["Overview", "find_overview"]

DAYS_A_QUARTER = 365.25 / 4


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The overview's numbers and sentences, ready for one audience; `empty` where no administration matches."""

    empty: bool
    headline: str
    period: str
    administrations: DisclosedCount
    interval: str
    change: str
    by_time: DisclosedSeries
    by_time_table: DisclosedTable
    missing: DisclosedTable
    left_out: str
    freshness: str
    caveat: str


def find_overview(question: Question) -> Overview:
    """The period's administrations, beside the same length of time before it."""
    filters, audience, thresholds = question.filters, question.audience, question.thresholds
    asked = {"filters": filters, "scope": question.scope}
    count = question.store.count_administrations(**asked).administrations
    disclosed = disclose_count(count, audience=audience, thresholds=thresholds)
    by_time = _by_time(question)
    words = field_words()
    missing = question.store.missing_fields(**asked)
    missing = missing[missing["field"].isin(list(words))].sort_values("missing", ascending=False)
    change = _change(question, count)
    return Overview(
        empty=count == 0,
        headline=_headline(disclosed, filters.days, change),
        period=format_period(filters.first_day, filters.last_day),
        administrations=disclosed,
        interval=_count_interval(count) if disclosed.shown else "",
        change=change,
        by_time=by_time,
        by_time_table=tabulate_series(
            by_time,
            heading=_("Quarter") if by_time.step == "quarter" else _("Month"),
            count_heading=_("Administrations"),
            format_start=format_quarter if by_time.step == "quarter" else format_month,
        ),
        missing=disclose_missing(
            names=[words[name] for name in missing["field"]],
            missing=[int(number) for number in missing["missing"]],
            administrations=count,
            audience=audience,
            thresholds=thresholds,
        ),
        left_out=left_out_by_setting(question, count),
        freshness=_freshness(question),
        caveat=_("Administrations happen only where carriers are: this is not a count of all overdoses."),
    )


def _count_interval(count: int) -> str:
    lower, upper = poisson_interval(count)
    return _("95 % interval {interval}").format(interval=format_interval(float(lower), float(upper)))


def _headline(count: DisclosedCount, days: int, change: str) -> str:
    if count.value is None:
        return _("Police naloxone administrations in this period: {count}.").format(count=count.text)
    if count.value == 0:
        return _("No police naloxone administrations are recorded for this period; police may not have been called.")
    a_week = _("{number} a week").format(number=format_number(count.value * 7 / days))
    sentence = ngettext(
        "{count} police naloxone administration, about {a_week}.",
        "{count} police naloxone administrations, about {a_week}.",
        count.value,
    ).format(count=count.text, a_week=a_week)
    return f"{sentence} {change}"


def _change(question: Question, count: int) -> str:
    """This period against the same number of days before it, in words."""
    filters, the_day_before = question.filters, question.filters.first_day - timedelta(days=1)
    earlier = replace(filters, first_day=filters.first_day - timedelta(days=filters.days), last_day=the_day_before)
    if question.store.is_empty:
        return ""
    ours = question.audience is Audience.ANALYST
    if not ours:
        whole = filters.in_whole_quarters()
        last = whole.first_day - timedelta(days=1)
        earlier = replace(whole, first_day=last, last_day=last).last_quarters(round(whole.days / DAYS_A_QUARTER))
    first_record, _last = question.store.period()
    if earlier.first_day < first_record:
        if not ours:
            return _("There is no earlier period of the same length to compare with: records begin later.")
        return _("There is no earlier period of the same length to compare with: records begin on {date}.").format(
            date=format_date(first_record)
        )
    try:
        earlier = other_filters(question, earlier)
    except ViewHeldBackError:
        return _("The period before cannot be shown to this audience beside what it was shown already.")
    before = question.store.count_administrations(filters=earlier, scope=question.scope).administrations
    smallest = question.thresholds.smallest_count_shown
    if min(before, count) < smallest:
        return _("Too few to compare with the {days} days before.").format(days=format_count(earlier.days))
    # Quarters differ by a day or two.
    longer = earlier.days / filters.days
    lower, upper = (longer * bound for bound in _ratio_interval(count, before))
    verdict = (
        _("more than chance would explain, though more carriers alone can do that")
        if lower > 1
        else _("fewer than chance would explain")
        if upper < 1
        else _("within what chance alone would do")
    )
    return _("{before} in the {days} days before: {ratio} times as many ({interval}), {verdict}.").format(
        before=format_count(before),
        days=format_count(earlier.days),
        ratio=format_number(longer * count / before),
        interval=format_interval(lower, upper),
        verdict=verdict,
    )


def _ratio_interval(count: int, before: int) -> tuple[float, float]:
    """95 % interval of count / before for equal exposure: the share count / (count + before) is binomial."""
    lower, upper = binomial_interval(count, count + before)
    return float(lower / (1 - lower)), float(upper / (1 - upper))


def _by_time(question: Question) -> DisclosedSeries:
    """Months for the analyst; quarters for others, where single months would mostly have to be hidden."""
    months = question.store.administrations_by_month(filters=question.filters, scope=question.scope)
    starts: Sequence[date] = [pd.Timestamp(start).date() for start in months["month"]]
    counts = [int(number) for number in months["administrations"]]
    step = "month"
    if question.audience is not Audience.ANALYST:
        step = "quarter"
        quarters: dict[date, int] = {}
        for start, count in zip(starts, counts, strict=True):
            quarter = date(start.year, 3 * ((start.month - 1) // 3) + 1, 1)
            quarters[quarter] = quarters.get(quarter, 0) + count
        starts, counts = list(quarters), list(quarters.values())
    return disclose_series(
        starts=starts, counts=counts, step=step, audience=question.audience, thresholds=question.thresholds
    )


def _freshness(question: Question) -> str:
    freshness = question.store.freshness()
    if freshness.last_import_at is None or freshness.last_event_day is None:
        return _("Nothing has been imported yet.")
    sentence = _("Records run to {last_day}; the last import was on {imported}.").format(
        last_day=disclose_day(freshness.last_event_day, audience=question.audience),
        imported=format_moment(freshness.last_import_at),
    )
    undone = _undone(question, freshness)
    if not undone:
        return sentence
    ending = _("{undone}: see “Data quality”.") if question.audience is Audience.ANALYST else _("{undone}.")
    return f"{sentence} {ending.format(undone=join_words(undone))}"


def _undone(question: Question, freshness: Freshness) -> list[str]:
    """What waits for somebody, and what was left out; others than analysts are told of quarantine alone."""
    held = freshness.rows_quarantined
    parts = [(held, ngettext("{count} row waits in quarantine", "{count} rows wait in quarantine", held))]
    if question.audience is Audience.ANALYST:
        store = question.store
        waiting, conflicts, left_out = store.count_waiting(), store.count_conflicts(), freshness.rows_left_out
        aside = freshness.rows_no_records
        # By kind: a full extract that comes in every night would repeat its warnings every night.
        kinds = len(import_warnings(question).drop_duplicates(["target", "source", "kind"]))
        parts += [
            (waiting, ngettext("{count} row waits for its record", "{count} rows wait for their records", waiting)),
            (
                left_out,
                ngettext(
                    "{count} row was left out by the mapping", "{count} rows were left out by the mapping", left_out
                ),
            ),
            (
                aside,
                ngettext(
                    "{count} row was set aside as a total or a heading",
                    "{count} rows were set aside as totals or headings",
                    aside,
                ),
            ),
            (
                conflicts,
                ngettext(
                    "{count} administration has officers' reports to settle",
                    "{count} administrations have officers' reports to settle",
                    conflicts,
                ),
            ),
            (
                kinds,
                ngettext(
                    "{count} kind of possible error was found in the files that came in",
                    "{count} kinds of possible error were found in the files that came in",
                    kinds,
                ),
            ),
        ]
    return [words.format(count=format_count(count)) for count, words in parts if count]
