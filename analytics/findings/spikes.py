"""Is anything unusual now? The latest day scored, what that rests on, and what other rules say of the same records.

`find_spikes` reads and computes and can be kept; `read_alerts` brings the journal up to date and reads it, every time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytics.alert_rules import (
    DAYS_PER_WEEK,
    AlertRules,
    TooLittleHistoryError,
    WeeklyBand,
    score_day,
    weekly_band,
)
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedOutlines,
    DisclosedTable,
    DisclosedTimeline,
    disclose_areas,
    disclose_day,
    disclose_days,
    disclose_timeline,
    tabulate_cells,
)
from analytics.findings.alert_scoring import LOOK_BACK_DAYS, Scoring, open_journal, score_records, update_alerts
from analytics.findings.alert_words import AlertView, view_alert
from analytics.findings.alerts import Alert, Explanation, Level, Step, change_alert, load_alert
from analytics.findings.question import Question
from analytics.findings.spike_records import SpikeRecords, date_of, stream_series
from analytics.spikes import (
    CusumReferenceError,
    SeriesError,
    TooShortSeriesError,
    chance_sentence,
    cusum_limit,
    ears,
    farrington_flexible,
    poisson_cusum,
    poisson_cusum_reference,
    poisson_cusum_run_length,
    pooled_dispersion,
    scan_recurrence_days,
)
from wording import _, format_count, format_date, format_month, format_number, format_period, join_words, ngettext

__all__ = [
    "AlertList",
    "Spikes",
    "WeekOverLimit",
    "alert_timeline",
    "decide",
    "find_spikes",
    "read_alerts",
    "state_of",
    "timeline_table",
    "warnings_of",
    "weeks_over_limit",
]

WEEKS_SHOWN = 26
EARS_ALPHA = {"C1": 0.001, "C2": 0.001, "C3": 0.025}
# A slow rise to one and a half times the usual, told by chance once in four years.
CUSUM_RISE = 1.5
CUSUM_WEEKS = 208
FARRINGTON_WEEKS, FARRINGTON_EVENTS = 3 * 52, 5


@dataclass(frozen=True, kw_only=True)
class WeekOverLimit:
    """The latest week of the force or a command unit (`where`), over its limit: a sign, not an alert with a life."""

    where: str
    count: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Spikes:
    """The latest scoring and all that stands beside the alerts, for one audience.

    `scoring` is None where the records are too short, and `state` says so. `comparisons` has no rows but for analysts.
    """

    scoring: Scoring | None
    state: tuple[str, ...]
    warnings: tuple[str, ...]
    over_limit: tuple[WeekOverLimit, ...]
    layer: str
    timeline: DisclosedTimeline
    comparisons: DisclosedTable
    settings: DisclosedTable
    promise: str


@dataclass(frozen=True, kw_only=True)
class AlertList:
    """The alerts that a reader may see, open ones first, with the sentence that begins the page."""

    headline: str
    open: tuple[AlertView, ...]
    ended: tuple[AlertView, ...]
    outlines: DisclosedOutlines
    open_table: DisclosedTable
    ended_table: DisclosedTable


def find_spikes(question: Question, *, on_progress: Callable[[float, str], None] | None = None) -> Spikes:
    """Score the latest four weeks and say what that rests on."""
    try:
        scoring = score_records(question, on_progress=on_progress)
    except TooLittleHistoryError as error:
        return Spikes(
            scoring=None,
            state=(str(error),),
            warnings=(),
            over_limit=(),
            layer="",
            timeline=_timeline(question, None, ()),
            comparisons=tabulate_cells(columns=(), rows=(), caption=""),
            settings=_settings_table(AlertRules(**question.settings.spikes.model_dump())),
            promise="",
        )
    records, rules = scoring.records, scoring.rules
    return Spikes(
        scoring=scoring,
        state=(
            *state_of(scoring, audience=question.audience),
            _("Of the filters at the side only the BCU counts here: it keeps its own alerts and its neighbours'."),
        ),
        warnings=warnings_of(scoring, audience=question.audience),
        over_limit=weeks_over_limit(question, scoring),
        layer=_layer(question, records, rules),
        timeline=_timeline(question, records, None),
        comparisons=_comparisons(question, scoring),
        settings=_settings_table(rules),
        promise=_promise(rules),
    )


def read_alerts(question: Question, found: Spikes) -> AlertList:
    """Bring the journal up to date with the scoring and read every alert that the reader may see."""
    if found.scoring is None:
        return _alert_list(headline=found.state[0], open_views=(), ended=())
    records = found.scoring.records
    alerts = [
        alert for alert in update_alerts(question, open_journal(question), found.scoring) if _concerns(question, alert)
    ]
    open_alerts = [alert for alert in alerts if alert.is_open]
    # An alert before what is only watched; the latest first within each.
    open_alerts.sort(key=lambda alert: alert.facts.level is Level.WATCH)
    views = tuple(view_alert(question, records, alert) for alert in open_alerts)
    return _alert_list(
        headline=_headline(found, views),
        open_views=views,
        over_limit=found.over_limit,
        ended=tuple(view_alert(question, records, alert) for alert in alerts if not alert.is_open),
    )


def _alert_list(
    *,
    headline: str,
    open_views: tuple[AlertView, ...],
    ended: tuple[AlertView, ...],
    over_limit: tuple[WeekOverLimit, ...] = (),
) -> AlertList:
    # Numbered, so that the map can mark each by its number and two alerts never share a name.
    open_views = tuple(
        replace(view, title=_("{number}. {title}").format(number=number, title=view.title))
        for number, view in enumerate(open_views, start=1)
    )
    placed = [view for view in open_views if view.areas.names]
    parts = [view.areas for view in placed]
    return AlertList(
        headline=headline,
        open=open_views,
        ended=ended,
        outlines=disclose_areas(
            names=[view.title for view in placed],
            outlines=[outline for part in parts for outline in part.outlines],
            marked=[mark for part in parts for mark in part.marked],
            about=[about for part in parts for about in part.about],
        ),
        open_table=tabulate_cells(
            columns=(
                Column(heading=_("Where and when")),
                Column(heading="n", numeric=True),
                Column(heading=_("Level")),
                Column(heading=_("Now")),
                Column(heading=_("Streams that agree")),
            ),
            rows=[
                (
                    view.title,
                    view.count.text,
                    _("alert") if view.is_alert else _("watch"),
                    view.status,
                    join_words(view.agreeing) or _("none"),
                )
                for view in open_views
            ]
            + [(week.where, week.count, _("weekly limit"), _("over its limit, no alert"), "") for week in over_limit],
            caption=_("No alert is open.") if not open_views else "",
        ),
        ended_table=tabulate_cells(
            columns=(
                Column(heading=_("Where and when")),
                Column(heading="n", numeric=True),
                Column(heading=_("What it turned out to be")),
            ),
            rows=[(view.title, view.count.text, view.status) for view in ended],
            caption=_("No alert has ended yet.") if not ended else "",
        ),
    )


def decide(
    question: Question,
    *,
    alert_id: str,
    seen: int,
    step: Step,
    who: str,
    note: str,
    explanation: Explanation | None = None,
) -> None:
    """Write a decision about an alert as it was shown, when `seen` was its last entry.

    Raises JournalConflictError where it has changed since, UnknownAlertError, AlertStepError.
    """
    journal = open_journal(question)
    alert = load_alert(journal, alert_id=alert_id)
    as_seen = Alert(id=alert.id, facts=alert.facts, steps=tuple(step for step in alert.steps if step.number <= seen))
    change_alert(journal, alert=as_seen, step=step, who=who, note=note, explanation=explanation)


def alert_timeline(question: Question, found: Spikes, *, area_codes: Sequence[str]) -> DisclosedTimeline:
    """Half a year of weeks in some areas, beside what was usual there."""
    records = found.scoring.records if found.scoring else None
    return _timeline(question, records, area_codes)


def timeline_table(timeline: DisclosedTimeline) -> DisclosedTable:
    """The weeks of a timeline as rows, the newest first."""
    rows = [
        (
            format_date(start),
            format_count(int(count)),
            format_number(float(expected)) if np.isfinite(expected) else "",
            format_count(int(limit)) if np.isfinite(limit) else "",
        )
        for start, count, expected, limit in zip(
            timeline.starts, timeline.counts, timeline.expected, timeline.limit, strict=True
        )
    ]
    return tabulate_cells(
        columns=(
            Column(heading=_("Week from")),
            Column(heading="n", numeric=True),
            Column(heading=_("Expected"), numeric=True),
            Column(heading=_("Usual up to"), numeric=True),
        ),
        rows=rows[::-1],
        caption="",
    )


def _concerns(question: Question, alert: Alert) -> bool:
    """Whether the reader's command units are the alert's or its neighbours: those are told as well."""
    wanted = set(question.scope.bcus) or set(question.filters.bcus)
    return not wanted or not wanted.isdisjoint((*alert.facts.bcus, *alert.facts.neighbouring_bcus))


def _headline(found: Spikes, views: Sequence[AlertView]) -> str:
    if found.scoring is not None and _is_silent(found.scoring):
        return found.warnings[0]
    alerts = [view for view in views if view.is_alert]
    if alerts:
        first = alerts[0].headline
        if len(alerts) == 1:
            return first
        more = len(alerts) - 1
        return ngettext("{first} {more} more alert is open.", "{first} {more} more alerts are open.", more).format(
            first=first, more=format_count(more)
        )
    # No alert says nothing of records that no alert can be made of.
    if found.scoring is not None and _without_area(found.scoring):
        return found.warnings[0]
    if views:
        return _("No alert is open. {count} below the level of an alert is watched.").format(
            count=ngettext("{count} cluster", "{count} clusters", len(views)).format(count=format_count(len(views)))
        )
    if found.over_limit:
        return _("No alert is open, but the latest week is over its limit.")
    return _("Nothing unusual: no alert is open.")


def weeks_over_limit(question: Question, scoring: Scoring) -> tuple[WeekOverLimit, ...]:
    """The latest week of the force and of each command unit that the reader looks at, where it is over its limit.

    One administration after a year without any is over a limit of nought, and is never told. Others are shown no single
    week: they are told neither its days nor its count, and nothing of a few.
    """
    if _is_silent(scoring):
        return ()
    fewest = scoring.rules.min_cases
    if question.audience is not Audience.ANALYST:
        fewest = max(fewest, question.thresholds.smallest_count_shown)
    told, day = [], format_date(date_of(scoring.records.last_day))
    for name, band in _weekly_limits(question, scoring.records):
        if not band.alarm[-1] or band.counts[-1] < fewest:
            continue
        if question.audience is not Audience.ANALYST:
            where, count = _("{where}, latest week").format(where=name), ""
            sentence = _("Weekly limit, {where}: the latest week of records is over it.").format(where=name)
        else:
            where, count = _("{where}, week to {day}").format(where=name, day=day), format_count(int(band.counts[-1]))
            sentence = _(
                "Weekly limit, {where}: {count} administrations in the seven days to {day}, over its limit of {limit}."
            ).format(where=name, count=count, day=day, limit=_limit_text(band))
        more = _("An unchanged rate exceeds it in one week in a hundred. This is no alert and needs no decision.")
        told.append(WeekOverLimit(where=where, count=count, sentence=f"{sentence} {more}"))
    return tuple(told)


def _is_silent(scoring: Scoring) -> bool:
    """Whether scoring is suspended, and not only because most cases have no area and are not scored."""
    gap = scoring.days[-1].suspended
    if gap is None:
        return False
    return _without_area(scoring) is None or not (scoring.records.unplaced >= gap.first_day).any()


def _without_area(scoring: Scoring) -> tuple[int, int] | None:
    """How many cases of the history have no small area, of how many, where that is half of them or more."""
    records = scoring.records
    since = records.last_day - scoring.rules.history_days
    unplaced, every = int((records.unplaced > since).sum()), int((records.force.day > since).sum())
    return (unplaced, every) if unplaced and 2 * unplaced >= every else None


def _cannot_be_looked_for(unplaced: int, every: int, audience: Audience) -> str:
    # Beside the whole, those that do have an area may be a few.
    said = (
        _("Clusters cannot be looked for: {count} of {total} administrations have no small area.").format(
            count=format_count(unplaced), total=format_count(every)
        )
        if audience is Audience.ANALYST
        else _("Clusters cannot be looked for: half of the administrations or more have no small area.")
    )
    advice = _(
        "Give the areas that the records name (small_areas_file in the section [geography] of the settings) or exact"
        " coordinates, and import the records again. The weeks of the whole force count all of them."
    )
    return f"{said} {advice}"


def _suspended(scoring: Scoring, audience: Audience) -> str:
    gap = scoring.days[-1].suspended
    return _(
        "No record of an administration since {day}: chance alone leaves so long a silence less than once in ten years,"
        " so it may be a fault of the feed. Scoring is suspended; nothing can be said until records come in."
    ).format(day=disclose_day(date_of((gap.first_day if gap else scoring.records.last_day) - 1), audience=audience))


def state_of(scoring: Scoring, *, audience: Audience = Audience.ANALYST) -> tuple[str, ...]:
    """What the scoring rests on, in sentences. To others without a gap's days: beside each somebody was treated."""
    latest = scoring.days[-1]
    told = [
        _("The whole force, scored for every day from {first} to {last}, the latest that records speak of.").format(
            first=format_date(date_of(scoring.days[0].day)), last=format_date(date_of(latest.day))
        )
        if audience is Audience.ANALYST
        else _("The whole force, scored day by day for the last weeks, up to {day}.").format(
            day=disclose_day(date_of(latest.day), audience=audience)
        )
    ]
    if latest.delay is None:
        told.append(_("How late records come is not known: young days are taken as complete."))
    else:
        days = latest.delay.centile_days
        told.append(
            ngettext(
                "Nine in ten records come within {days} day; younger days are corrected for what is still to come.",
                "Nine in ten records come within {days} days; younger days are corrected for what is still to come.",
                days,
            ).format(days=format_count(days))
        )
    for gap in latest.gaps:
        first_day, last_day = date_of(gap.first_day), date_of(gap.last_day)
        if audience is not Audience.ANALYST:
            months = join_words(list(dict.fromkeys((format_month(first_day), format_month(last_day)))))
            told.append(
                _("A gap in the feed, which begins and ends in {months}, is left out of what is usual.").format(
                    months=months
                )
            )
            continue
        told.append(
            _(
                "{period}: no record came in, which is taken for a gap in the feed and left out of what is usual."
            ).format(period=format_period(first_day, last_day))
        )
    return tuple(told)


def warnings_of(scoring: Scoring, *, audience: Audience = Audience.ANALYST) -> tuple[str, ...]:
    """What must stand in a banner."""
    warnings = []
    without_area = _without_area(scoring)
    if _is_silent(scoring):
        warnings.append(_suspended(scoring, audience))
    if without_area is not None:
        warnings.append(_cannot_be_looked_for(*without_area, audience))
    if not scoring.records.carriers_known:
        warnings.append(
            _(
                "Carriers are not imported, so nothing tells more carriers from more need: a roll-out would be raised"
                " as a spike. Bring carriers in on the page “Data quality”."
            )
        )
    lately = int((scoring.records.unplaced > scoring.records.last_day - DAYS_PER_WEEK).sum())
    if lately and without_area is None:
        warnings.append(
            _("Some administrations of the last seven days have no area, so they are in no cluster. Check their place.")
        )
    return tuple(warnings)


def _layer(question: Question, records: SpikeRecords, rules: AlertRules) -> str:
    """The independent layer, scanned by itself on its latest day."""
    series = stream_series(records)
    if series is None:
        return _(
            "No overdose calls or deaths are imported, so no independent stream stands beside the administrations."
        )
    day = int(series.day.max())
    try:
        score = score_day(series, day=day, rules=rules, cross_check=False)
    except TooLittleHistoryError:
        return _("Overdose calls and deaths are too few or too recent to say what is usual.")
    until = disclose_days(date_of(day), date_of(day), audience=question.audience)
    clusters = [cluster for cluster in score.found if cluster.is_alert]
    if not clusters:
        return _("Overdose calls and deaths, scanned by themselves up to {day}: nothing unusual.").format(day=until)
    if question.audience is Audience.MEETING:
        # Deaths are part of the layer and are never shown by place on the wall.
        return _("Overdose calls and deaths, scanned by themselves up to {day}: more than usual in one place.").format(
            day=until
        )
    cluster = clusters[0]
    codes = [records.area_codes[location] for location in cluster.locations]
    names = question.geography.nearest_place(
        easting_m=[series.easting_m[cluster.locations[0]]], northing_m=[series.northing_m[cluster.locations[0]]]
    ).name
    window = cluster.last_day - cluster.first_day + 1
    return _(
        "Overdose calls and deaths, scanned by themselves up to {day}: {count} in {days} days around {place} ({areas}),"
        " where about {expected} would be usual."
    ).format(
        day=until,
        count=format_count(cluster.observed)
        if question.audience is Audience.ANALYST or cluster.observed >= question.thresholds.smallest_count_shown
        else _("a few"),
        days=format_count(window),
        place=names[0],
        areas=", ".join(codes[:4]),
        expected=format_number(cluster.expected),
    )


def _timeline(question: Question, records: SpikeRecords | None, area_codes: Sequence[str] | None) -> DisclosedTimeline:
    if records is None or records.last_day - records.first_day < DAYS_PER_WEEK:
        nothing = np.empty(0)
        return disclose_timeline(
            starts=(), counts=np.empty(0, np.int64), expected=nothing, limit=nothing, audience=question.audience
        )
    number = {code: place for place, code in enumerate(records.area_codes)}
    locations = None if area_codes is None else [number[code] for code in area_codes if code in number]
    band = weekly_band(
        records.force if locations is None else records.series,
        locations=locations,
        last_day=records.last_day,
        weeks_shown=WEEKS_SHOWN,
        dispersion=_dispersion(records),
    )
    return disclose_timeline(
        starts=[date_of(day) for day in band.first_days],
        counts=band.counts.astype(np.int64),
        expected=band.expected,
        limit=band.limit,
        audience=question.audience,
    )


# --- Other rules on the same records ----------------------------------------------------------------------------


def _comparisons(question: Question, scoring: Scoring) -> DisclosedTable:
    """What the other rules say of the latest week: for the analyst."""
    columns = (
        Column(heading=_("Rule")),
        Column(heading=_("Looks at")),
        Column(heading=_("Seen"), numeric=True),
        Column(heading=_("Limit"), numeric=True),
        Column(heading=_("Says")),
    )
    if question.audience is not Audience.ANALYST:
        return tabulate_cells(columns=columns, rows=(), caption=_("For the force's own analysts."))
    records = scoring.records
    weeks = (records.last_day - records.first_day + 1) // DAYS_PER_WEEK
    weekly = weekly_band(records.force, locations=None, last_day=records.last_day, weeks_shown=weeks)
    counts = weekly.counts
    rows = [
        _permutation_row(scoring),
        *_limit_rows(question, records),
        _farrington_row(counts),
        *_ears_rows(counts),
        _cusum_row(counts),
        _naus_row(records),
    ]
    caption = _("The week that ends on {day}.").format(day=format_date(date_of(records.last_day)))
    return tabulate_cells(columns=columns, rows=rows, caption=caption)


Row = tuple[str, str, str, str, str]


def _verdict(alarm: bool) -> str:
    return _("above") if alarm else _("usual")


def _permutation_row(scoring: Scoring) -> Row:
    found = scoring.days[-1].found
    if not found:
        said = _("not asked: the first scan sees nothing today")
    elif found[0].volume_is_up:
        said = _("no cluster: volume is up everywhere")
    else:
        said = _("a cluster here as well")
    return (_("Space-time permutation scan (cross-check)"), _("the latest seven days"), "", "", said)


def _limit_rows(question: Question, records: SpikeRecords) -> list[Row]:
    """The limit of the week, force and command units."""
    return [
        (
            _("Weekly limit (Gamma-Poisson, 1 %)"),
            name,
            format_count(int(band.counts[-1])),
            _limit_text(band),
            _verdict(bool(band.alarm[-1])) if np.isfinite(band.limit[-1]) else _("too little history"),
        )
        for name, band in _weekly_limits(question, records)
    ]


def _weekly_limits(question: Question, records: SpikeRecords) -> Iterator[tuple[str, WeeklyBand]]:
    """The Gamma-Poisson limit of the latest week, with the dispersion pooled over areas.

    Of the force and its command units; of those alone that the reader may see or has chosen.
    """
    labels = question.geography.label_area(easting_m=records.series.easting_m, northing_m=records.series.northing_m).bcu
    known = dict(zip(question.geography.bcus["code"], question.geography.bcus["name"], strict=True))
    dispersion = _dispersion(records)
    wanted = set(question.scope.bcus) or set(question.filters.bcus)
    groups: list[tuple[str, list[int] | None]] = [] if wanted else [(_("the force"), None)]
    groups += [
        (str(name), np.flatnonzero(labels == code).tolist())
        for code, name in known.items()
        if not wanted or code in wanted
    ]
    for name, locations in groups:
        yield (
            name,
            weekly_band(
                records.force, locations=locations, last_day=records.last_day, weeks_shown=1, dispersion=dispersion
            ),
        )


def _limit_text(band: WeeklyBand) -> str:
    return format_count(int(band.limit[-1])) if np.isfinite(band.limit[-1]) else ""


def _dispersion(records: SpikeRecords) -> float:
    """Variance to mean of the areas' weeks over the last two years."""
    weeks = min(104, (records.last_day - records.first_day + 1) // DAYS_PER_WEEK)
    start = records.last_day + 1 - weeks * DAYS_PER_WEEK
    series = records.series
    here = (series.day >= start) & (series.day <= records.last_day)
    counts = np.zeros((weeks, len(records.area_codes)))
    np.add.at(counts, ((series.day[here] - start) // DAYS_PER_WEEK, series.area[here]), 1)
    return pooled_dispersion(counts=counts)


def _farrington_row(counts: np.ndarray) -> Row:
    name, looks = _("Farrington flexible"), _("the force, by week")
    if len(counts) < FARRINGTON_WEEKS or counts[-4:].sum() < FARRINGTON_EVENTS:
        return (
            name,
            looks,
            format_count(int(counts[-1])),
            "",
            _("not asked: needs three years, and five in four weeks"),
        )
    try:
        alarms = farrington_flexible(
            counts=counts, score_from=len(counts) - 1, years_back=min(5, (len(counts) - 27) // 52)
        )
    except (TooShortSeriesError, SeriesError) as error:
        return (name, looks, format_count(int(counts[-1])), "", str(error))
    limit = alarms.upper_bound[-1]
    return (
        name,
        looks,
        format_count(int(counts[-1])),
        format_number(float(limit)),
        _verdict(bool(alarms.alarm[-1])),
    )


def _ears_rows(counts: np.ndarray) -> list[Row]:
    rows = []
    for method, alpha in EARS_ALPHA.items():
        name, looks = _("EARS {method}").format(method=method), _("the force, by week, against seven before")
        seen = format_count(int(counts[-1]))
        try:
            alarms = ears(counts=counts, method=method, alpha=alpha)
        except TooShortSeriesError as error:
            rows.append((name, looks, seen, "", str(error)))
            continue
        limit = float(alarms.upper_bound[-1])
        said = (
            _verdict(bool(alarms.alarm[-1])) if np.isfinite(limit) else _("not defined: no spread in the weeks before")
        )
        rows.append((name, looks, seen, format_number(limit) if np.isfinite(limit) else "", said))
    return rows


def _cusum_row(counts: np.ndarray) -> Row:
    name = _("Poisson CUSUM (slow rises)")
    before = counts[-56:-4] if len(counts) >= 56 else counts[:0]
    mean = float(before.mean()) if len(before) else 0.0
    if mean <= 0:
        return (name, _("the force, by week"), "", "", _("too little history"))
    risen = CUSUM_RISE * mean
    try:
        reference = poisson_cusum_reference(in_control_mean=mean, out_of_control_mean=risen)
        limit = cusum_limit(in_control_mean=mean, reference=reference, weeks_between_false_alarms=CUSUM_WEEKS)
        path, _alarm = poisson_cusum(counts=counts[-26:], reference=reference, limit=limit)
        lengths = poisson_cusum_run_length(
            in_control_mean=mean, out_of_control_mean=risen, reference=reference, limit=limit
        )
    except CusumReferenceError as error:
        return (name, _("the force, by week"), "", "", str(error))
    return (
        name,
        _("the force, half a year of weeks"),
        format_number(float(path[-1])),
        format_number(limit),
        _("{verdict}; by chance once in {weeks} weeks, a rise to one and a half times is seen in {seen}").format(
            verdict=_verdict(bool(path[-1] >= limit)),
            weeks=format_number(lengths.in_control, significant=3),
            seen=format_number(lengths.out_of_control, significant=2),
        ),
    )


def _naus_row(records: SpikeRecords) -> Row:
    """The busiest seven days of the last four weeks in the whole force, and how often an unchanged rate has such."""
    day = records.force.day
    year = day[(day > records.last_day - 365 - LOOK_BACK_DAYS) & (day <= records.last_day - LOOK_BACK_DAYS)]
    lately = day[day > records.last_day - LOOK_BACK_DAYS]
    most = max((int(((lately > last - DAYS_PER_WEEK) & (lately <= last)).sum()) for last in lately), default=0)
    name, looks = _("Naus, whole force"), _("the busiest seven days of the last four weeks")
    if most < 2 or not len(year):
        return (name, looks, format_count(most), "", _("usual"))
    recurrence = scan_recurrence_days(
        rate_per_week=len(year) / 365 * DAYS_PER_WEEK, window_days=DAYS_PER_WEEK, events=most
    )
    said = chance_sentence(events=most, window_days=DAYS_PER_WEEK, recurrence_days=recurrence)
    return (name, looks, format_count(most), "", said)


# --- Settings ---------------------------------------------------------------------------------------------------


def _settings_table(rules: AlertRules) -> DisclosedTable:
    rows = [
        (
            _("Alert from a recurrence interval of"),
            _("{days} days").format(days=format_count(round(rules.alert_recurrence_days))),
        ),
        (_("Watch from"), _("{days} days").format(days=format_count(round(rules.watch_recurrence_days)))),
        (_("Windows"), _("1 to {days} days, ending on the day").format(days=format_count(rules.max_window_days))),
        (_("Circles over small areas up to"), _("{km} km").format(km=format_number(rules.max_radius_m / 1_000))),
        (_("Fewest administrations"), format_count(rules.min_cases)),
        (_("Simulated worlds a day"), format_count(rules.replicates)),
        (_("History that says what is usual"), _("{days} days").format(days=format_count(rules.history_days))),
        (_("Seed"), str(rules.seed)),
    ]
    return tabulate_cells(
        columns=(Column(heading=_("Setting")), Column(heading=_("Value"), numeric=True)), rows=rows, caption=""
    )


def _promise(rules: AlertRules) -> str:
    """The false alerts a year that the settings imply."""
    a_year = 365 / rules.alert_recurrence_days
    return _(
        "With these settings an unchanged force should see about {alerts} alert a year from the scan, or fewer, and"
        " each signature rule adds fewer still; {watches} a year are watched below that level. On simulated forces the"
        " scan raised 0.3 to 1.2 a year at 365 days (the table is in README). The settings are in the section [spikes]"
        " of the settings file."
    ).format(alerts=format_number(a_year), watches=format_number(365 / rules.watch_recurrence_days))
