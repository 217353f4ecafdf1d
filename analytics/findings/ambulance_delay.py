"""How long until the ambulance arrived: curves, centiles, groups, standards, and what may not be concluded.

Methods: analytics.delay (Aalen-Johansen incidence, log-log intervals) and analytics.delay_comparison (centiles within
strata of rurality and hour, bootstrap intervals). Everything here leaves through analytics.disclosure; numbers shown
beside shares and centiles are administrations, the curves count each call's ambulance once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics import delay
from analytics.delay_comparison import Difference, WaitComparison, compare_waits
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedBreakdown,
    DisclosedCount,
    DisclosedCurve,
    DisclosedDistribution,
    DisclosedEstimate,
    DisclosedTable,
    DisclosedTrend,
    disclose_breakdown,
    disclose_centile,
    disclose_count,
    disclose_curve,
    disclose_distribution,
    disclose_parts,
    disclose_share,
    disclose_trend,
    hold_back,
    tabulate_cells,
)
from analytics.findings.ambulance_calls import (
    ENDINGS,
    Account,
    Calls,
    WaitOptions,
    account_words,
    band_words,
    clock_words,
    incidence_of,
    kind_words,
    read_calls,
    rurality_words,
)
from analytics.findings.question import Question
from analytics.response_standards import (
    RESPONSE_STANDARDS,
    Measure,
    Nation,
    ResponseStandard,
    StandardPeriod,
    describe_standard,
    standard_periods,
)
from analytics.waits import minute_words
from data.schema import NOT_RECORDED, WAIT_CLOCKS
from data.settings import AmbulanceSettings
from wording import (
    _,
    format_date,
    format_interval,
    format_number,
    format_period,
    format_quarter,
    format_share,
    join_words,
    ngettext,
)

__all__ = ["AmbulanceDelay", "Mark", "WaitOptions", "find_ambulance_delay"]

Progress = Callable[[float, str], None]

# Minutes between which calls are counted where single ones are not drawn.
CLASS_MINUTES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0)
# Above this many calls 200 resamples give the ends of an interval to a few seconds, and 2,000 would take a minute.
MANY_CALLS, FEW_REPLICATES, REPLICATES = 50_000, 200, 2_000
# Minutes that an officer's estimate is heaped on; whole minutes elsewhere.
ESTIMATE_STEP_MINUTES = 5.0
SHARES = (0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A stretch of minutes to draw beside the curves: a standard (a single number) or what somebody recalled."""

    label: str
    first_minutes: float
    last_minutes: float


@dataclass(frozen=True, kw_only=True)
class AmbulanceDelay:
    """The ambulance page's numbers, pictures and sentences, ready for one audience.

    `has_curve` is False where fewer than 8 calls have a time: then the account is all there is.
    """

    empty: bool
    has_curve: bool
    headline: str
    counted: str
    method: str
    median: DisclosedEstimate
    median_about: str
    ninetieth: DisclosedEstimate
    ninetieth_about: str
    curves: Mapping[str, DisclosedCurve]
    waits: DisclosedDistribution
    picture_note: str
    standards: tuple[Mark, ...]
    recalled: tuple[Mark, ...]
    account: DisclosedTable
    standards_table: DisclosedTable
    groups: DisclosedTable
    quarters: DisclosedTable
    trend: DisclosedTrend
    areas: DisclosedBreakdown
    area_medians: tuple[DisclosedEstimate, ...]
    areas_table: DisclosedTable
    comparisons: DisclosedTable
    comparisons_note: str
    still_waiting: DisclosedTable
    still_waiting_note: str
    clocks: str
    rounding: str

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """The two numbers that matter, each with what it is, as far as they may be shown."""
        numbers = ((self.median, self.median_about), (self.ninetieth, self.ninetieth_about))
        return tuple((number.text, about) for number, about in numbers if number.shown)


def find_ambulance_delay(
    question: Question, *, options: WaitOptions, on_progress: Progress | None = None
) -> AmbulanceDelay:
    """Waits of the question's administrations, by the clock that `options` choose."""
    tell = on_progress or (lambda _share, _what: None)
    tell(0.05, _("Reading calls"))
    return _Answer(question, options, read_calls(question, options), tell).whole()


@dataclass(frozen=True)
class _Centiles:
    """Centiles of one group: of all calls and of those the ambulance reached, with the calls behind each."""

    median: DisclosedEstimate
    ninetieth: DisclosedEstimate
    median_reached: DisclosedEstimate
    ninetieth_reached: DisclosedEstimate


class _Answer:
    """One question's answer in the making: the calls, the part of them on the curve, and the parts of the page."""

    def __init__(self, question: Question, options: WaitOptions, calls: Calls, tell: Progress) -> None:
        self.question, self.options, self.calls, self.tell = question, options, calls, tell
        self.asked = {"filters": question.filters, "scope": question.scope}
        self.shown_to = {"audience": question.audience, "thresholds": question.thresholds}
        self.running = calls.of(calls.on_curve)
        # What every group needs, made once: a million calls are sliced by each of some forty groups.
        self.outcome = self.running.outcome
        self.latest_minutes = self.running.latest_minutes
        self.is_timed = np.isfinite(self.running.minutes)
        self.has_arrived = self.running.account == str(Account.ARRIVED)
        self.every = np.ones(len(self.running), dtype=bool)
        self.kind = options.kind or question.settings.ambulance.kind
        self.periods = self._periods()
        self.leading_minutes = next(
            (standard.minutes for period in reversed(self.periods) for standard in period.standards), None
        )
        self.account = self._account()

    def whole(self) -> AmbulanceDelay:
        """Every part of the page."""
        running = self.running
        has_curve = int(running.timed.sum()) >= delay.MINIMUM_TIMED
        curve = incidence_of(running) if has_curve else None
        self.tell(0.2, _("Comparing groups"))
        centiles = self._centiles(self.every, units=True)
        groups, quarters, trend = self._groups_table(), *self._quarters()
        areas, medians = self._areas()
        self.tell(0.5, _("Comparing calls within rurality and hour"))
        comparisons, comparisons_note = self._comparisons()
        self.tell(0.9, _("Drawing"))
        still_waiting, still_waiting_note = self._still_waiting(curve)
        shown_endings = self._shown_endings()
        return AmbulanceDelay(
            empty=len(self.calls) == 0,
            has_curve=has_curve and bool(shown_endings),
            headline=self._headline(centiles, curve),
            counted=self._counted(),
            method=self._method(),
            median=centiles.median,
            median_about=self._about_median(centiles),
            ninetieth=centiles.ninetieth if _reached(centiles.ninetieth) else centiles.ninetieth_reached,
            ninetieth_about=self._about_ninetieth(centiles, curve),
            curves=self._curves(curve, shown_endings) if curve else {},
            waits=self._distribution(shown_endings),
            picture_note=" ".join((self._picture_note(), _recalled_source() if self.options.recalled else "")).strip(),
            standards=self._marks(),
            recalled=_recalled() if self.options.recalled else (),
            account=self._account_table(),
            standards_table=self._standards_table(),
            groups=groups,
            quarters=quarters,
            trend=trend,
            areas=areas,
            area_medians=medians,
            areas_table=tabulate_cells(
                columns=(Column(heading=_("Area")), *_count_and_median()),
                rows=[
                    (name, count, median)
                    for name, count, median in zip(areas.names, areas.counts, medians, strict=True)
                ],
                caption=areas.note,
            ),
            comparisons=comparisons,
            comparisons_note=comparisons_note,
            still_waiting=still_waiting,
            still_waiting_note=f"{still_waiting_note} {self._doses()}",
            clocks=self._clocks(),
            rounding=self._rounding().sentence if curve and centiles.median.shown else "",
        )

    # The account ------------------------------------------------------------------------------------------------------

    def _account(self) -> Mapping[str, int]:
        people = _people_by(self.calls.account, self.calls.administrations)
        return {name: people.get(name, 0) for name in account_words()}

    def _account_counts(self) -> tuple[Mapping[str, DisclosedCount], str]:
        """The account in two parts whose sums are told elsewhere on the page: on the curve, and not."""
        on_curve = [str(name) for name in ENDINGS]
        parts = (on_curve, [name for name in self.account if name not in on_curve])
        sums = self._breakdown(["on", "off"], ["", ""], [sum(self.account[name] for name in part) for part in parts])
        counts: dict[str, DisclosedCount] = {}
        notes = [sums.note]
        for part in parts:
            shown = self._breakdown(part, part, [self.account[name] for name in part])
            if not all(count.shown for count in sums.counts):
                # One part is small: all are protected together, as one breakdown of the administrations.
                shown = self._breakdown(list(self.account), list(self.account), list(self.account.values()))
            counts |= dict(zip(shown.codes, shown.counts, strict=True))
            notes.append(shown.note)
        return counts, next((note for note in notes if note), "")

    def _account_table(self) -> DisclosedTable:
        counts, note = self._account_counts()
        words = account_words()
        total = disclose_count(self.calls.people, **self.shown_to)
        rows = [
            (words[name], counts[name])
            for name in self.account
            # A line of nought is left out, but for the endings that the page is about.
            if counts[name].value != 0 or name in (str(ending) for ending in ENDINGS)
        ]
        return tabulate_cells(
            columns=(Column(heading=_("What became of the wait")), Column(heading="n", numeric=True)),
            rows=[*rows, (_("Administrations"), total)],
            caption=note,
        )

    def _shown_endings(self) -> tuple[str, ...]:
        """Endings whose curve and calls may be drawn: those whose number may be told."""
        counts, _note = self._account_counts()
        return tuple(str(ENDINGS[name]) for name in ENDINGS if counts[str(name)].value)

    def _breakdown(self, codes: Sequence[str], names: Sequence[str], counts: Sequence[int]) -> DisclosedBreakdown:
        return disclose_breakdown(codes=codes, names=names, counts=counts, **self.shown_to)

    # Sentences --------------------------------------------------------------------------------------------------------

    def _headline(self, centiles: _Centiles, curve: delay.CumulativeIncidence | None) -> str:
        if not len(self.calls):
            return _("None recorded; police may not have been called.")
        if curve is None:
            timed = disclose_count(int(self.running.administrations[self.running.timed].sum()), **self.shown_to)
            return _("Too few waits with a time to say how long: {count}. From 8 a median is shown.").format(
                count=timed.text
            )
        if not centiles.median.shown:
            return _("Too few waits may be shown to this audience to say how long.")
        if _reached(centiles.median):
            first = (
                _("Half of the people had an ambulance within {minutes} minutes of the call.")
                if self.kind == "call_to_arrival"
                else _("Half of the people had an ambulance within {minutes} minutes of being given naloxone.")
            )
            sentence = first.format(minutes=minute_words(centiles.median.value))
        else:
            sentence = _("Fewer than half of the people were reached by an ambulance before they left or declined it.")
        far = centiles.ninetieth_reached
        if far.shown and _reached(far):
            sentence = _("{sentence} Of those it reached, one in ten waited {minutes} minutes or longer.").format(
                sentence=sentence, minutes=minute_words(far.value)
            )
        return sentence

    def _counted(self) -> str:
        """How many, over what period, how many are on the curve, and by whose clock."""
        filters = self.question.filters
        total = disclose_count(self.calls.people, **self.shown_to)
        period = format_period(filters.first_day, filters.last_day)
        sums = self._breakdown(["on", "off"], ["", ""], [self.running.people, self.calls.people - self.running.people])
        on_curve, off_curve = sums.counts
        sentence = ngettext(
            "{count} administration, {period}", "{count} administrations, {period}", self.calls.people
        ).format(count=total.text, period=period)
        if on_curve.shown and off_curve.shown:
            sentence = _("{sentence}: {on} with a wait that ran, {off} without.").format(
                sentence=sentence, on=on_curve.text, off=off_curve.text
            )
        else:
            sentence = _("{sentence}.").format(sentence=sentence)
        clocks = self._group_counts(self.running.clock, [*WAIT_CLOCKS])
        words = clock_words()
        told = [
            _("{clock} {count}").format(clock=words[code], count=count.text) if count.shown else words[code]
            for code, count in zip(clocks.codes, clocks.counts, strict=True)
            if count.value != 0
        ]
        if not told:
            return sentence
        return _("{sentence} {kind}, by: {clocks}.").format(
            sentence=sentence,
            kind=kind_words()[self.kind],
            clocks=join_words(told),
        )

    def _method(self) -> str:
        """What the curve counts, where the standard changed, and the people of shared calls."""
        sentences = [_("Leaving or declining is an ending of its own, not a wait cut short (Aalen-Johansen).")]
        if len(self.periods) > 1:
            days = join_words([format_date(period.first_day) for period in self.periods[1:]])
            sentences.append(
                _("The standard changed on {days}: quarters before and after are not joined.").format(days=days)
            )
        if self.question.audience is Audience.ANALYST and self.calls.people > len(self.calls):
            shared = self.calls.people - len(self.calls)
            sentences.append(
                ngettext(
                    "{count} person shared a call with another; its ambulance counts once.",
                    "{count} people shared a call with another; its ambulance counts once.",
                    shared,
                ).format(count=shared)
            )
        return " ".join(sentences)

    def _about_median(self, centiles: _Centiles) -> str:
        if not centiles.median.shown:
            return _("Median, all whose wait ran")
        return _("Median of all whose wait ran, 95 % interval {interval}. Of those it reached: {reached}.").format(
            interval=_limits(centiles.median), reached=_minutes_text(centiles.median_reached)
        )

    def _about_ninetieth(self, centiles: _Centiles, curve: delay.CumulativeIncidence | None) -> str:
        if not centiles.ninetieth_reached.shown or curve is None:
            return _("90th centile: it takes more waits than there are here")
        reached = centiles.ninetieth_reached
        if _reached(centiles.ninetieth):
            return _(
                "90th centile of all whose wait ran, 95 % interval {interval}. Of those it reached: {reached}."
            ).format(interval=_limits(centiles.ninetieth), reached=_minutes_text(reached))
        ended = disclose_share(
            1 - float(curve.incidence[delay.Outcome.ARRIVED][-1]), 0.0, 1.0, cases=self.running.people, **self.shown_to
        )
        share = format_share(ended.value) if ended.value is not None else _("some")
        return _(
            "90th centile of those it reached, 95 % interval {interval}. Of all: not reached, as {share} left or"
            " declined first."
        ).format(interval=_limits(reached), share=share)

    # Centiles and groups ----------------------------------------------------------------------------------------------

    def _centiles(self, rows: NDArray[np.bool_], *, units: bool = False) -> _Centiles:
        """Median and 90th centile of some calls on the curve, of all and of those reached."""
        reached = rows & self.has_arrived
        made = []
        for mine, cases in ((rows, int((rows & self.is_timed).sum())), (reached, int(reached.sum()))):
            curve = self._incidence(mine) if cases >= delay.MINIMUM_TIMED else None
            made += [self._centile(curve, share, cases, units=units) for share in SHARES]
        return _Centiles(median=made[0], ninetieth=made[1], median_reached=made[2], ninetieth_reached=made[3])

    def _incidence(self, rows: NDArray[np.bool_]) -> delay.CumulativeIncidence:
        return delay.cumulative_incidence(minutes=self.latest_minutes[rows], outcome=self.outcome[rows])

    def _centile(
        self, curve: delay.CumulativeIncidence | None, share: float, cases: int, *, units: bool
    ) -> DisclosedEstimate:
        found = (
            delay.arrival_quantile(curve=curve, share=share)
            if curve
            else delay.Quantile(share=share, minutes=np.inf, lower=np.inf, upper=np.inf)
        )
        if curve and self.question.audience is not Audience.ANALYST:
            least = self.question.thresholds.smallest_count_shown
            found = delay.without_last_arrivals(quantile=found, curve=curve, least=least)
        if not found.reached:
            text = _("not reached")
        elif units:
            text = _("{minutes} min").format(minutes=minute_words(found.minutes))
        else:
            text = _("{minutes} ({limits})").format(
                minutes=minute_words(found.minutes), limits=_limit_words(found.lower, found.upper)
            )
        return disclose_centile(
            found.minutes, found.lower, found.upper, text=text, share=share, cases=cases, **self.shown_to
        )

    def _group_counts(self, labels: NDArray[np.object_], codes: Sequence[str]) -> DisclosedBreakdown:
        people = _people_by(labels, self.running.administrations)
        return self._breakdown(codes, codes, [people.get(code, 0) for code in codes])

    def _parts(
        self,
        codes: Sequence[str],
        names: Sequence[str],
        running: NDArray[np.object_],
        every: NDArray[np.object_],
    ) -> DisclosedBreakdown:
        """How many waits ran in each group, of the administrations in it, which other pages tell."""
        on_curve, whole = (
            _people_by(running, self.running.administrations),
            _people_by(every, self.calls.administrations),
        )
        return disclose_parts(
            codes=codes,
            names=names,
            counts=[on_curve.get(code, 0) for code in codes],
            wholes=[whole.get(code, 0) for code in codes],
            **self.shown_to,
        )

    def _group_rows(self, labels: NDArray[np.object_], words: Mapping[str, str]) -> list[tuple[object, ...]]:
        """One row a group: its name, how many, its centiles and its chance by the target; small groups held back."""
        counts = self._group_counts(labels, list(words))
        rows: list[tuple[object, ...]] = []
        for code, count in zip(counts.codes, counts.counts, strict=True):
            if count.value == 0:
                continue
            if not count.shown:
                held = hold_back()
                rows.append((words[code], count, *[held] * (3 + (self.leading_minutes is not None))))
                continue
            mine = labels == code
            centiles = self._centiles(mine)
            row = [words[code], count, centiles.median, centiles.ninetieth, centiles.ninetieth_reached]
            if self.leading_minutes is not None:
                row.append(self._chance(mine, self.leading_minutes))
            rows.append(tuple(row))
        return rows

    def _chance(self, rows: NDArray[np.bool_], minutes: float) -> DisclosedEstimate:
        """The share of some calls that had the ambulance by then."""
        people = int(self.running.administrations[rows].sum())
        if not people:
            return disclose_share(np.nan, np.nan, np.nan, cases=0, **self.shown_to)
        chance = delay.chance_by(curve=self._incidence(rows), at_minutes=minutes)
        return disclose_share(
            float(chance.value[0]), float(chance.lower[0]), float(chance.upper[0]), cases=people, **self.shown_to
        )

    def _centile_columns(self) -> tuple[Column, ...]:
        columns = [
            *_count_and_median(),
            Column(heading=_("90th centile"), numeric=True),
            Column(heading=_("90th, of those reached"), numeric=True),
        ]
        if self.leading_minutes is not None:
            columns.append(
                Column(
                    heading=_("Arrived within {minutes} min").format(minutes=minute_words(self.leading_minutes)),
                    numeric=True,
                )
            )
        return tuple(columns)

    def _groups_table(self) -> DisclosedTable:
        """Every grouping of the page one under the other."""
        running = self.running
        bcus = dict(zip(self.question.geography.bcus["code"], self.question.geography.bcus["name"], strict=True))
        others = {code: _("Other or not recorded") for code in sorted({*running.bcu} - {*bcus})}
        yes_no = {"yes": _("Police first"), "no": _("Police not first"), NOT_RECORDED: _("Not recorded")}
        groupings = (
            # Others have the areas of the map: two levels, one inside the other, tell what lies between them.
            (_("BCU"), running.bcu, {**bcus, **others} if bcus and self.question.audience is Audience.ANALYST else {}),
            (_("Rurality"), running.rurality, rurality_words()),
            (_("Hour"), running.hour_band, band_words()),
            (_("On scene"), running.police_first, yes_no),
            (_("Clock"), running.clock, clock_words()),
        )
        rows = [
            (what if index == 0 else "", *row)
            for what, labels, words in groupings
            for index, row in enumerate(self._group_rows(labels, words))
        ]
        return tabulate_cells(
            columns=(Column(heading=_("By")), Column(heading=_("Group")), *self._centile_columns()),
            rows=rows,
            caption=_(
                "Minutes with 95 % intervals, of those whose wait ran. Country: fewer than {limit} addresses per km²"
                " around. Fewer than 8 timed waits: only the number."
            ).format(limit=format_number(self._settings.rural_below_addresses_per_km2)),
        )

    def _quarters(self) -> tuple[DisclosedTable, DisclosedTrend]:
        """Centiles by quarter; a quarter in which the standard changed is cut in two."""
        labels = self._quarter_starts(self.running)
        first_days = self._every_quarter()
        words = {day.isoformat(): _quarter_words(day) for day in first_days}
        counts = self._parts([*words], [*words.values()], labels, self._quarter_starts(self.calls))
        rows, median, ninetieth = [], [], []
        for day, count in zip(first_days, counts.counts, strict=True):
            mine = labels == day.isoformat()
            if not count.shown or count.value == 0:
                held = hold_back()
                rows.append((_quarter_words(day), count, *(["", "", ""] if count.shown else [held] * 3)))
                median.append(held)
                ninetieth.append(held)
                continue
            centiles = self._centiles(mine)
            rows.append((_quarter_words(day), count, centiles.median, centiles.ninetieth, centiles.ninetieth_reached))
            median.append(centiles.median)
            ninetieth.append(centiles.ninetieth_reached)
        table = tabulate_cells(
            columns=(
                Column(heading=_("Quarter")),
                *_count_and_median(),
                Column(heading=_("90th centile"), numeric=True),
                Column(heading=_("90th, of those reached"), numeric=True),
            ),
            rows=rows[::-1],
            caption=counts.note,
        )
        trend = disclose_trend(
            starts=first_days,
            lines={_("Median, all"): median, _("90th centile, of those reached"): ninetieth},
            breaks=[period.first_day for period in self.periods[1:]],
        )
        return table, trend

    def _quarter_starts(self, calls: Calls) -> NDArray[np.object_]:
        months = calls.day.astype("datetime64[M]").astype(int)
        starts = (months // 3 * 3).astype("datetime64[M]").astype("datetime64[D]")
        for period in self.periods[1:]:
            begins = np.datetime64(period.first_day)
            starts = np.where((calls.day >= begins) & (starts < begins), begins, starts)
        return starts.astype(str).astype(object)

    def _every_quarter(self) -> list[date]:
        filters = self.question.filters
        first = pd.Timestamp(filters.first_day).to_period("Q")
        last = pd.Timestamp(filters.last_day).to_period("Q")
        quarters = {quarter.start_time.date() for quarter in pd.period_range(first, last)}
        return sorted(quarters | {period.first_day for period in self.periods[1:]})

    def _areas(self) -> tuple[DisclosedBreakdown, tuple[DisclosedEstimate, ...]]:
        """Median by area, where there are enough."""
        level = self.options.level
        geography = self.question.geography
        frame = {"bcu": geography.bcus, "authority": geography.authorities, "small_area": geography.small_areas}[level]
        names = dict(zip(frame["code"], frame["name"], strict=True))
        labels, every = (
            np.where(np.isin(each, list(names)), each, "elsewhere").astype(object)
            for each in (getattr(self.running, level), getattr(self.calls, level))
        )
        people = _people_by(labels, self.running.administrations)
        codes = [code for code in sorted(names, key=names.get) if people.get(code)]
        if people.get("elsewhere"):
            codes.append("elsewhere")
            names["elsewhere"] = _("Outside the force or not recorded")
        breakdown = self._parts(codes, [names[code] for code in codes], labels, every)
        medians = []
        for code, count in zip(codes, breakdown.counts, strict=True):
            medians.append(self._centiles(labels == code).median if count.shown else hold_back())
        return breakdown, tuple(medians)

    # Curves -----------------------------------------------------------------------------------------------------------

    def _curves(self, curve: delay.CumulativeIncidence, endings: Sequence[str]) -> Mapping[str, DisclosedCurve]:
        """Incidence of each ending; bands are 95 % intervals, or what rounding or an unknown time of leaving allows."""
        bounds = self._leaving_bounds()
        made = {}
        for ending in endings:
            lower, upper = curve.lower[ending], curve.upper[ending]
            share = curve.incidence[ending]
            if ending == delay.Outcome.ARRIVED and self.options.as_intervals:
                effect = self._rounding()
                lower, upper = (
                    delay.chance_by(curve=each, at_minutes=curve.minutes).value
                    for each in (effect.latest, effect.earliest)
                )
            elif ending != delay.Outcome.ARRIVED and bounds is not None and bounds.unknown:
                lower, upper = (
                    share,
                    delay.chance_by(
                        curve=bounds.at_once, at_minutes=curve.minutes, outcome=delay.Outcome(ending)
                    ).value,
                )
            made[ending] = disclose_curve(
                at=curve.minutes,
                events=curve.ended[ending],
                share=share,
                lower=lower,
                upper=upper,
                **self.shown_to,
            )
        return made

    def _picture_note(self) -> str:
        """What the bands and the dots stand for, and what is not drawn."""
        if not self._shown_endings():
            return _("Too few waits may be shown to this audience for a picture.") if len(self.running) else ""
        if self.question.audience is Audience.ANALYST:
            dots = _("Each dot is one call; the scale of minutes is not even.")
        else:
            dots = _("Blocks count the calls it reached; dotted lines stand for too few; the scale is not even.")
        bands = (
            _("The band of arrivals is what recording in whole minutes (fives for estimates) allows.")
            if self.options.as_intervals
            else _("Bands are 95 % intervals.")
        )
        unknown = int(self.running.administrations[np.isnan(self.running.minutes)].sum())
        if not unknown:
            return _("{bands} {dots}").format(bands=bands, dots=dots)
        count = disclose_count(unknown, **self.shown_to)
        return _(
            "{bands} When {count} of those who left or declined did so was not recorded: their band runs from at once"
            " to the end of the scale. {dots}"
        ).format(bands=bands, count=count.text, dots=dots)

    def _leaving_bounds(self) -> delay.LeavingBounds | None:
        """Bounds where the time of leaving is not known; declining without a time is bounded in the same way."""
        unknown = np.isnan(self.running.minutes)
        if not len(self.running):
            return None
        outcome = np.where(
            unknown & (self.outcome == str(delay.Outcome.DECLINED)), str(delay.Outcome.LEFT), self.outcome
        )
        return delay.leaving_bounds(
            minutes=self.running.minutes, outcome=outcome, latest_known_minutes=np.full(len(unknown), np.nan)
        )

    def _distribution(self, endings: Sequence[str]) -> DisclosedDistribution:
        minutes, timed = self.running.minutes, self.running.timed
        if self.question.audience is not Audience.ANALYST:
            # The few who left or declined would make every class wide; the lines tell of them.
            endings = [ending for ending in endings if ending == delay.Outcome.ARRIVED]
        return disclose_distribution(
            values={ending: minutes[timed & (self.outcome == ending)] for ending in endings},
            limits=CLASS_MINUTES,
            **self.shown_to,
        )

    def _rounding(self) -> delay.RoundingEffect:
        """The curve with each recorded minute an interval: fives for estimates, whole minutes else, none if finer."""
        minutes = self.running.latest_minutes
        step = np.where(minutes == np.round(minutes), 1.0, 0.0)
        heaped = (self.running.clock == "officer_estimate") & (minutes % ESTIMATE_STEP_MINUTES == 0)
        return delay.rounding_effect(
            minutes=minutes, outcome=self.outcome, recorded_to_minutes=np.where(heaped, ESTIMATE_STEP_MINUTES, step)
        )

    # Standards --------------------------------------------------------------------------------------------------------

    @property
    def _settings(self) -> AmbulanceSettings:
        return self.question.settings.ambulance

    def _periods(self) -> tuple[StandardPeriod, ...]:
        settings = self.question.settings
        if settings.nation == "elsewhere":
            return ()
        nation = Nation[settings.nation.upper()]
        own = tuple(
            ResponseStandard(nation=nation, **{**each.model_dump(), "measure": Measure(each.measure)})
            for each in settings.ambulance.standards
        )
        filters = self.question.filters
        return standard_periods(
            nation=nation,
            first_day=filters.first_day,
            last_day=filters.last_day,
            standards=own or RESPONSE_STANDARDS,
        )

    def _marks(self) -> tuple[Mark, ...]:
        """Each number of minutes that a standard of the period names, once, with the standards that name it."""
        labels: dict[float, list[str]] = {}
        for period in self.periods:
            for standard in period.standards:
                labels.setdefault(standard.minutes, [])
                if standard.category not in labels[standard.minutes]:
                    labels[standard.minutes].append(standard.category)
        return tuple(
            Mark(
                label=_("{minutes} min: {categories}").format(
                    minutes=minute_words(minutes), categories=join_words(categories)
                ),
                first_minutes=minutes,
                last_minutes=minutes,
            )
            for minutes, categories in sorted(labels.items())
        )

    def _standards_table(self) -> DisclosedTable:
        """What each standard asks and what was seen, among its own calls where categories are recorded."""
        running, rows = self.running, []
        category = pd.Series(running.category).str.casefold().to_numpy(dtype=object)
        has_categories = bool((running.category != NOT_RECORDED).any())
        cells: list[tuple[ResponseStandard, NDArray[np.bool_], str]] = []
        for number, period in enumerate(self.periods):
            days = (running.day >= np.datetime64(period.first_day)) & (running.day <= np.datetime64(period.last_day))
            for standard in period.standards:
                mine = days & (category == standard.category.casefold()) if has_categories else days
                cells.append((standard, mine, f"{number} {standard.category if has_categories else ''}"))
        groups = {code: mine for _standard, mine, code in cells}
        rest = ~np.logical_or.reduce([*groups.values(), np.zeros(len(running), dtype=bool)])
        people = [int(running.administrations[mine].sum()) for mine in (*groups.values(), rest)]
        codes = [*groups, "rest"]
        counts = dict(zip(codes, self._breakdown(codes, codes, people).counts, strict=True))
        for standard, mine, code in cells:
            count = counts[code]
            seen = self._seen(standard, mine) if count.shown else hold_back()
            chance = self._chance(mine, standard.minutes) if count.shown else hold_back()
            rows.append((describe_standard(standard), count, chance, seen, standard.source))
        changed = _("A change of standard breaks the series: rows before and after are not to be compared.")
        return tabulate_cells(
            columns=(
                Column(heading=_("Standard")),
                Column(heading="n", numeric=True),
                Column(heading=_("Arrived within its minutes"), numeric=True),
                Column(heading=_("In the standard's own measure"), numeric=True),
                Column(heading=_("Source")),
            ),
            rows=rows,
            caption=changed if len(self.periods) > 1 else "",
        )

    def _seen(self, standard: ResponseStandard, rows: NDArray[np.bool_]) -> DisclosedEstimate:
        """A mean of those reached over the first hour, a centile of all, or a share."""
        if standard.measure is Measure.SHARE_WITHIN:
            return self._chance(rows, standard.minutes)
        if standard.measure is Measure.CENTILE:
            cases = int((rows & self.is_timed).sum())
            curve = self._incidence(rows) if cases >= delay.MINIMUM_TIMED else None
            return self._centile(curve, standard.share, cases, units=False)
        reached = rows & self.has_arrived
        cases = int(reached.sum())
        if cases < delay.MINIMUM_TIMED:
            return self._centile(None, SHARES[0], cases, units=False)
        mean = delay.restricted_mean(curve=self._incidence(reached)).waiting
        text = _("mean {minutes} ({interval})").format(
            minutes=minute_words(mean.value), interval=format_interval(mean.lower, mean.upper)
        )
        return disclose_centile(mean.value, mean.lower, mean.upper, text=text, share=0.5, cases=cases, **self.shown_to)

    # Comparisons ------------------------------------------------------------------------------------------------------

    def _comparisons(self) -> tuple[DisclosedTable, str]:
        """Police first or not, category lowered or not, before and after an agreement: in words."""
        running = self.running
        first = running.police_first
        asked = [
            (_("Police first on scene, against not first"), first == "yes", first == "no"),
            (_("Category lowered after naloxone, against not lowered"), running.lowered == 1, running.lowered == 0),
        ]
        for agreement in self._settings.agreements:
            after = running.day >= np.datetime64(agreement.first_day)
            what = _("{agreement}: from {day}, against before").format(
                agreement=agreement.name, day=format_date(agreement.first_day)
            )
            asked.append((what, after, ~after))
        rows = [(what, *self._compared(exposed, other)) for what, exposed, other in asked]
        table = tabulate_cells(
            columns=(
                Column(heading=_("Question")),
                Column(heading="n", numeric=True),
                Column(heading=_("against"), numeric=True),
                Column(heading=_("Median wait")),
                Column(heading=_("90th centile")),
            ),
            rows=rows,
            caption="",
        )
        note = _(
            "Compared within town and country and within six-hour bands, 95 % bootstrap intervals; the 90th centile is"
            " of those reached. Every record is of police giving naloxone, so calls where they did not are not here. A"
            " difference does not show why."
        )
        if not self._settings.agreements:
            note = _("{note} No agreement with the ambulance trust is in the settings.").format(note=note)
        return table, note

    def _compared(self, exposed: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[object, ...]:
        running = self.running
        people = [int(running.administrations[rows].sum()) for rows in (exposed, other)]
        rest = running.people - sum(people)
        counts = self._breakdown(["with", "against", "rest"], ["", "", ""], [*people, rest]).counts[:2]
        rows = exposed | other
        if not all(count.shown for count in counts):
            return *counts, _("cannot tell: too few"), _("cannot tell: too few")
        if min(people) == 0:
            return *counts, _("cannot tell: no call to compare with"), _("cannot tell: no call to compare with")
        compared = compare_waits(
            minutes=running.latest_minutes[rows],
            outcome=self.outcome[rows],
            exposed=exposed[rows],
            strata=(running.rurality[rows], running.hour_band[rows]),
            replicates=FEW_REPLICATES if rows.sum() > MANY_CALLS else REPLICATES,
        )
        return *counts, *self._differences(compared)

    def _differences(self, compared: WaitComparison) -> tuple[str, str]:
        return self._difference_words(compared.median), self._difference_words(compared.ninetieth_arrived)

    def _difference_words(self, difference: Difference) -> str:
        """The method's sentence, but for a difference without end from few calls, and for a number that is hidden."""
        thresholds = self.question.thresholds
        count = disclose_count(difference.calls, **self.shown_to)
        endless = bool(np.isinf([difference.lower, difference.upper]).any())
        if not count.shown or (endless and difference.calls < thresholds.flagged_under):
            sentence = ngettext("cannot tell: {count} call", "cannot tell: {count} calls", difference.calls)
            return sentence.format(count=count.text)
        return difference.sentence

    # Waiting past naloxone's effect -----------------------------------------------------------------------------------

    def _still_waiting(self, curve: delay.CumulativeIncidence | None) -> tuple[DisclosedTable, str]:
        """The share with no ending yet after 20, 40 and 80 minutes, bounded where times of leaving are not known."""
        settings = self._settings
        note = _("Half-life of naloxone: {minutes} minutes ({source}).").format(
            minutes=minute_words(settings.half_life_minutes), source=settings.half_life_source
        )
        bounds = self._leaving_bounds()
        if curve is None or bounds is None:
            return tabulate_cells(columns=(Column(heading=_("Still waiting after")),), rows=[], caption=""), note
        columns = [Column(heading=_("Still waiting after"))]
        sides = [bounds.at_once]
        if bounds.unknown:
            sides.append(bounds.latest)
            columns += [
                Column(heading=_("If those without a time left at once"), numeric=True),
                Column(heading=_("If they left last"), numeric=True),
            ]
        else:
            columns.append(Column(heading=_("Share of those whose wait ran"), numeric=True))
        rows = []
        shares = [delay.share_waiting(curve=side) for side in sides]
        for index, minutes in enumerate(delay.WAITING_MINUTES):
            cells = [
                disclose_share(
                    float(share.value[index]),
                    float(share.lower[index]),
                    float(share.upper[index]),
                    cases=self.running.people,
                    **self.shown_to,
                )
                for share in shares
            ]
            # Side by side they differ by those without a time, whose number stands above: one gives the other.
            if not all(cell.shown for cell in cells):
                cells = [hold_back()] * len(cells)
            rows.append((_("{minutes} minutes").format(minutes=minute_words(minutes)), *cells))
        mean = delay.restricted_mean(curve=curve).without_ambulance
        note = _(
            "In the first hour people were without an ambulance for {mean} minutes on average ({interval}), whether"
            " they waited, left or declined. {note}"
        ).format(mean=minute_words(mean.value), interval=format_interval(mean.lower, mean.upper), note=note)
        return tabulate_cells(columns=tuple(columns), rows=rows, caption=""), note

    def _doses(self) -> str:
        given = self.question.store.doses_in_waits(**self.asked, kind=self.kind)
        if given.empty:
            return _(
                "Doses given in the wait cannot be told: no record has the time of every dose and of the ambulance's"
                " arrival."
            )
        doses = given["doses"].to_numpy()
        names = [_("one dose or none"), _("two doses"), _("three or more")]
        people = [int((doses <= 1).sum()), int((doses == 2).sum()), int((doses >= 3).sum())]
        counts = self._breakdown(names, names, people)
        told = [f"{name} {count.text}" for name, count in zip(counts.names, counts.counts, strict=True)]
        return _("Doses before the ambulance arrived, where every dose and the arrival have a time: {told}.").format(
            told=join_words(told)
        )

    def _clocks(self) -> str:
        """Where two clocks timed one call, how far they are apart."""
        pairs = self.question.store.clock_pairs(**self.asked, kind=self.kind)
        words, told = clock_words(), []
        for number, first in enumerate(WAIT_CLOCKS):
            for second in WAIT_CLOCKS[number + 1 :]:
                both = pairs[[first, second]].dropna()
                if both.empty:
                    continue
                names = {"first": words[first], "second": words[second]}
                apart = delay.clock_disagreement(first_minutes=both[first], second_minutes=both[second])
                count = disclose_count(len(both), **self.shown_to)
                if isinstance(apart, delay.CallsOnly):
                    told.append(
                        _("{first} and {second} both timed too few calls to compare: {count}.").format(
                            count=count.text, **names
                        )
                    )
                    continue
                told.append(
                    _(
                        "{first} and {second} both timed {count} calls; the second is {median} minutes longer at the"
                        " median, between {low} and {high} in four of five."
                    ).format(
                        count=count.text,
                        median=_signed(apart.median_minutes),
                        low=_signed(apart.tenth_minutes),
                        high=_signed(apart.ninetieth_minutes),
                        **names,
                    )
                )
        return " ".join(told) or _("No call was timed by two clocks.")


def _people_by(labels: NDArray[np.object_], administrations: NDArray[np.int64]) -> dict[str, int]:
    codes, names = pd.factorize(labels)
    return dict(zip(map(str, names), np.bincount(codes, administrations, len(names)).astype(int).tolist(), strict=True))


def _count_and_median() -> tuple[Column, Column]:
    return Column(heading="n", numeric=True), Column(heading=_("Median"), numeric=True)


def _quarter_words(day: date) -> str:
    whole = day.day == 1 and day.month in (1, 4, 7, 10)
    return format_quarter(day) if whole else _("From {day}").format(day=format_date(day))


def _reached(centile: DisclosedEstimate) -> bool:
    return centile.value is not None and bool(np.isfinite(centile.value))


def _limit_words(lower: float, upper: float) -> str:
    if np.isfinite(lower) and np.isfinite(upper):
        return _("{lower} to {upper}").format(lower=minute_words(lower), upper=minute_words(upper))
    if np.isfinite(lower):
        return _("at least {lower}").format(lower=minute_words(lower))
    return _("no interval")


def _limits(centile: DisclosedEstimate) -> str:
    if centile.lower is None or centile.upper is None:
        return _("not shown")
    return _limit_words(centile.lower, centile.upper)


def _minutes_text(centile: DisclosedEstimate) -> str:
    if not _reached(centile):
        return centile.text
    return _("{minutes} minutes").format(minutes=minute_words(centile.value))


def _signed(minutes: float) -> str:
    return format_number(minutes) if minutes else "0"


def _recalled() -> tuple[Mark, ...]:
    """What the evaluation's interviewees recalled; nobody measured it."""
    return (
        Mark(label=_("England and Wales, usual"), first_minutes=10, last_minutes=20),
        Mark(label=_("England and Wales, single waits up to"), first_minutes=20, last_minutes=240),
        Mark(label=_("Scotland, shortest to longest (under 10 on average)"), first_minutes=2, last_minutes=24),
    )


def _recalled_source() -> str:
    return _(
        "As interviewees recalled, not measured: Home Office and Ipsos, Police carriage of naloxone: process"
        " evaluation, 9 May 2025."
    )
