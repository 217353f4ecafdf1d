"""Weekly limits, slow rises, the chance of what was seen, and the sentence that says it.

Counts are events a week unless a name says otherwise; all the limits are upper ones and an alarm is a count above its
limit. `index` is the 0-based place in the series that was given.

* EARS C1, C2, C3 (Hutwagner, Thompson, Seeman & Treadwell 2003): mean and standard deviation of a short baseline.
* Farrington-flexible (Noufaily et al. 2013): quasi-Poisson regression with trend and ten seasons, past outbreaks
  weighted down.
* Gamma-Poisson predictive limit (Jeffreys prior, Höhle 2007): the limit for forces with a handful of events.
* Poisson CUSUM (Lucas 1985), with the exact run length of its Markov chain (Brook & Evans 1972).
* The chance of k events in some window of the year (Naus 1982), which makes the sentence that an alert is read by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import count
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from wording import NaloxoneWatchError, _, format_count, join_words, ngettext

__all__ = [
    "Alarms",
    "CusumReferenceError",
    "CusumRunLength",
    "FarringtonAlarms",
    "SeriesError",
    "TooShortSeriesError",
    "UnknownRuleError",
    "chance_sentence",
    "cusum_limit",
    "ears",
    "farrington_flexible",
    "fixed_threshold",
    "gamma_poisson_limit",
    "mean_plus_two_sd",
    "ordinary_weeks",
    "poisson_cusum",
    "poisson_cusum_reference",
    "poisson_cusum_run_length",
    "pooled_dispersion",
    "recurrence_words",
    "scan_probability",
    "scan_recurrence_days",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DAYS_PER_WEEK = 7
DAYS_PER_YEAR = 365.25


class SeriesError(NaloxoneWatchError):
    """The numbers given to a rule are not a series that it can read."""

    def __init__(self, problem: str) -> None:
        super().__init__(_("The spike rule cannot start: {problem}").format(problem=problem))


class UnknownRuleError(NaloxoneWatchError):
    """A method name that does not exist."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(
            _("There is no rule called “{name}”. Use one of {known}.").format(name=name, known=join_words(known))
        )


class TooShortSeriesError(NaloxoneWatchError):
    """The series does not reach back as far as the rule needs."""

    def __init__(self, *, rule: str, weeks_needed: int, weeks_given: int) -> None:
        super().__init__(
            _(
                "{rule} needs {needed} weeks before the first week scored, and there are {given}. "
                "Import earlier records, or use the Gamma-Poisson limit."
            ).format(rule=rule, needed=format_count(weeks_needed), given=format_count(weeks_given))
        )


class CusumReferenceError(NaloxoneWatchError):
    """A reference value or head start that is no multiple of a hundredth, or does not lie where it must."""

    def __init__(self, problem: str) -> None:
        super().__init__(_("The CUSUM has no exact run length: {problem}").format(problem=problem))


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """One row a scored week: its index in the series, its limit (NaN where not defined), whether it is above."""

    index: IntArray
    upper_bound: FloatArray
    alarm: BoolArray


@dataclass(frozen=True, kw_only=True)
class FarringtonAlarms(Alarms):
    """Alarms with the fitted mean (NaN where the limit is), the dispersion and whether the trend was kept."""

    expected: FloatArray
    dispersion: FloatArray
    trend: BoolArray


def _series(counts: ArrayLike, score_from: int = 0) -> FloatArray:
    series = np.asarray(counts, dtype=float)
    if series.ndim != 1 or not len(series):
        raise SeriesError(_("the counts must be one series with at least one week."))
    if not np.isfinite(series).all() or (series < 0).any():
        raise SeriesError(_("a count is missing or below zero. A week without a feed is not a zero: leave it out."))
    if not 0 <= score_from < len(series):
        raise SeriesError(_("the first week to score lies outside the series."))
    return series


def _alarms(series: FloatArray, index: IntArray, upper_bound: FloatArray) -> Alarms:
    # A comparison with NaN is False: no limit, no alarm.
    return Alarms(index=index, upper_bound=upper_bound, alarm=series[index] > upper_bound)


# --- EARS -------------------------------------------------------------------------------------------------------

EARS_METHODS = ("C1", "C2", "C3")

# Weeks between the baseline and the week scored, so that a slow start does not raise its own limit.
EARS_C2_LAG_WEEKS = 2


def ears(
    *,
    counts: ArrayLike,
    method: Literal["C1", "C2", "C3"],
    alpha: float,
    baseline: int = 7,
    minimum_sigma: float = 0.0,
) -> Alarms:
    """EARS limits for every week that has a baseline.

    C1: mean + z sd of the `baseline` weeks just before. C2: the same, two weeks earlier. C3 adds up the excesses
    max(0, (y - mean) / sd - 1) of C2 over three weeks; its limit is what this week's count may be given the two weeks
    before, max(0, y + sd (z - excess of the two weeks before)), NaN where any sd needed is 0. z is the standard
    normal quantile at 1 - `alpha`; an sd below `minimum_sigma` counts as that.

    Raises UnknownRuleError, SeriesError, TooShortSeriesError.
    """
    if method not in EARS_METHODS:
        raise UnknownRuleError(str(method), EARS_METHODS)
    series = _series(counts)
    lag = 0 if method == "C1" else EARS_C2_LAG_WEEKS
    first = baseline + lag
    needed = first + (EARS_C2_LAG_WEEKS if method == "C3" else 0)
    if len(series) <= needed:
        raise TooShortSeriesError(rule=f"EARS {method}", weeks_needed=needed, weeks_given=len(series) - 1)
    windows = np.lib.stride_tricks.sliding_window_view(series, baseline)[: len(series) - first]
    mean = windows.mean(axis=1)
    deviation = np.maximum(windows.std(axis=1, ddof=1), minimum_sigma)
    quantile = stats.norm.isf(alpha)
    if method != "C3":
        return _alarms(series, np.arange(first, len(series)), mean + quantile * deviation)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.maximum(0, (series[first:] - mean) / deviation - 1)
        room = deviation[2:] * (quantile - excess[1:-1] - excess[:-2])
    return _alarms(series, np.arange(needed, len(series)), np.maximum(0, series[needed:] + room))


# --- Farrington-flexible ----------------------------------------------------------------------------------------

THRESHOLDS = ("nb-plugin", "delta")

# Iteratively reweighted least squares stops where R's glm does, because at counts this sparse the iteration that
# stops is part of the answer (a season without an event has no finite estimate).
GLM_TOLERANCE = 1e-8
GLM_MOST_ITERATIONS = 25
GLM_START_SHIFT = 0.1

# Farrington et al. (1996): no trend from less than three years.
TREND_YEARS = 3


def farrington_flexible(
    *,
    counts: ArrayLike,
    score_from: int,
    week_starts: list[date] | None = None,
    period: int = 52,
    years_back: int = 5,
    half_window: int = 3,
    seasons: int = 10,
    weeks_excluded: int = 26,
    reweight_above: float = 2.58,
    trend_p: float = 1.0,
    threshold: Literal["nb-plugin", "delta"] = "nb-plugin",
    alpha: float = 0.005,
    quiet_limit: tuple[int, int] = (0, 4),
) -> FarringtonAlarms:
    """Noufaily's limit for every week from `score_from` on.

    A quasi-Poisson regression (log link; trend and seasons) on the `years_back` years before, without the last
    `weeks_excluded` weeks, is fitted twice, the second time with weights residual^-2 for Anscombe residuals above
    `reweight_above`. One season is the weeks within `half_window` of the same week in each year; the rest of the year
    is cut into `seasons` - 1 (with `seasons` 1, only the windows are used). The trend is always kept at `trend_p` 1,
    else when its p-value is smaller and it does not extrapolate beyond the largest count.

    `threshold` "nb-plugin": 1 - `alpha` quantile of the negative binomial with the fitted mean and dispersion;
    "delta": mu (1 + 2/3 z sqrt(phi mu + var(mu)) / mu)^1.5. With fewer than `quiet_limit[0]` events in the last
    `quiet_limit[1]` weeks there is no limit.

    With `week_starts`, the same week of an earlier year starts on the nearest same weekday to that date; without, it
    is `period` places back. Raises UnknownRuleError, SeriesError, TooShortSeriesError.
    """
    if threshold not in THRESHOLDS:
        raise UnknownRuleError(str(threshold), THRESHOLDS)
    series = _series(counts, score_from)
    if week_starts is not None and len(week_starts) != len(series):
        raise SeriesError(_("there must be one start date for every week."))
    least_events, quiet_weeks = quiet_limit
    index = np.arange(score_from, len(series))
    rows: list[tuple[float, float, float, bool]] = []
    for week in index:
        anchors = _same_weeks(int(week), week_starts, period, years_back)
        if anchors[0] - half_window < 0:
            needed = int(week) - anchors[0] + half_window
            raise TooShortSeriesError(rule="Farrington-flexible", weeks_needed=needed, weeks_given=int(week))
        past, season = _reference_weeks(anchors, half_window, seasons, int(week) - weeks_excluded)
        fit = _fit_with_trend_rule(
            series[past], (past - week).astype(float), season, reweight_above, trend_p, years_back
        )
        enough = series[max(0, week - quiet_weeks + 1) : week + 1].sum() >= least_events
        limit = _farrington_limit(fit, threshold, alpha) if enough else np.nan
        rows.append((limit, fit.expected if enough else np.nan, fit.dispersion, fit.trend))
    upper_bound, expected, dispersion, trend = (np.array(column) for column in zip(*rows, strict=True))
    return FarringtonAlarms(
        index=index,
        upper_bound=upper_bound,
        alarm=series[index] > upper_bound,
        expected=expected,
        dispersion=dispersion,
        trend=trend,
    )


def _same_weeks(week: int, week_starts: list[date] | None, period: int, years_back: int) -> list[int]:
    """Indices of the same week `years_back`, ..., 1, 0 years ago; may be negative."""
    if week_starts is None:
        return [week - years * period for years in range(years_back, -1, -1)]
    now = week_starts[week]
    found = []
    for years in range(years_back, -1, -1):
        leap = now.month == 2 and now.day == 29
        then = date(now.year - years, 3, 1) if leap and years % 4 else now.replace(year=now.year - years)
        shift = (now.weekday() - then.weekday() + 3) % DAYS_PER_WEEK - 3
        found.append(week - (now - then - timedelta(days=shift)).days // DAYS_PER_WEEK)
    return found


def _reference_weeks(anchors: list[int], half_window: int, seasons: int, before: int) -> tuple[IntArray, IntArray]:
    """Indices earlier than `before` that the fit uses, and the season of each (0: the windows)."""
    weeks: list[IntArray] = []
    season: list[IntArray] = []
    for place, anchor in enumerate(anchors):
        window = np.arange(anchor - half_window, anchor + half_window + 1)
        weeks.append(window)
        season.append(np.zeros(len(window), dtype=np.int64))
        if seasons > 1 and place + 1 < len(anchors):
            between = np.arange(anchor + half_window + 1, anchors[place + 1] - half_window)
            parts = np.array_split(between, seasons - 1)
            weeks.append(between)
            season.append(np.repeat(np.arange(1, seasons), [len(part) for part in parts]))
    all_weeks, all_seasons = np.concatenate(weeks), np.concatenate(season)
    return all_weeks[all_weeks < before], all_seasons[all_weeks < before]


class _Fit(NamedTuple):
    """A quasi-Poisson fit: the mean at the week scored, its scaled variance, and the two dispersions.

    `dispersion` is at least 1 and uses the working weights of the last iteration; `weight_dispersion` uses the
    re-weighting alone, as R's farringtonFlexible does in the trend's p-value and in the variance of the mean.
    """

    fitted: FloatArray
    leverage: FloatArray
    expected: float
    scaled_variance: float
    dispersion: float
    weight_dispersion: float
    trend_p: float
    trend: bool


def _fit_with_trend_rule(
    events: FloatArray, week: FloatArray, season: IntArray, reweight_above: float, trend_p: float, years_back: int
) -> _Fit:
    if years_back < TREND_YEARS:
        return _reweighted_fit(events, week, season, reweight_above, trend=False)
    fit = _reweighted_fit(events, week, season, reweight_above, trend=True)
    if trend_p < 1 and not (fit.trend_p < trend_p and fit.expected <= events.max()):
        return _reweighted_fit(events, week, season, reweight_above, trend=False)
    return fit


def _reweighted_fit(
    events: FloatArray, week: FloatArray, season: IntArray, reweight_above: float, *, trend: bool
) -> _Fit:
    first = _quasi_poisson(events, week, season, np.ones(len(events)), trend=trend)
    # Anscombe residuals of the Poisson; NaN (a fitted value of 0, a season of one week) keeps its weight.
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = first.fitted ** (1 / 6) * np.sqrt(first.dispersion * (1 - first.leverage))
        residual = 1.5 * (events ** (2 / 3) - first.fitted ** (2 / 3)) / scale
        weight = np.where(residual > reweight_above, residual**-2.0, 1.0)
    return _quasi_poisson(events, week, season, weight * len(events) / weight.sum(), trend=trend)


def _quasi_poisson(events: FloatArray, week: FloatArray, season: IntArray, weight: FloatArray, *, trend: bool) -> _Fit:
    """Iteratively reweighted least squares for season levels and one slope.

    Given the slope, a season's level is a weighted mean, so the seasons are taken out by centring and the normal
    equations are one division: exact, and stable however small a season's weight becomes.
    """
    seasons = int(season.max()) + 1
    weighted_events = weight * events
    log_events = np.log(np.where(events > 0, events, 1.0))
    saturated = float(weighted_events @ log_events)
    predictor = np.log(events + GLM_START_SHIFT)
    fitted = events + GLM_START_SHIFT
    deviance = 2 * (saturated - weighted_events @ predictor - weight @ (events - fitted))
    centred, spread, slope = np.zeros(len(events)), np.inf, 0.0
    for _iteration in range(GLM_MOST_ITERATIONS):
        working_weight = weight * fitted
        response = predictor + (events - fitted) / fitted
        total = np.bincount(season, working_weight, seasons)
        with np.errstate(invalid="ignore"):
            mean_week = np.bincount(season, working_weight * week, seasons) / total
            mean_response = np.bincount(season, working_weight * response, seasons) / total
        if trend:
            centred = week - mean_week[season]
            spread = float(working_weight @ (centred * centred))
            slope = float((working_weight * centred) @ (response - mean_response[season])) / spread
        level = mean_response - slope * mean_week
        predictor = level[season] + slope * week
        fitted = np.exp(predictor)
        previous = deviance
        deviance = 2 * (saturated - weighted_events @ predictor - weight @ (events - fitted))
        if abs(deviance - previous) < GLM_TOLERANCE * (abs(deviance) + 0.1):
            break
    free = len(events) - len(np.unique(season)) - int(trend)
    relative = (events - fitted) / fitted
    weight_dispersion = float(weight @ relative**2) / free
    return _Fit(
        fitted=fitted,
        leverage=working_weight * (1 / total[season] + centred**2 / spread),
        expected=float(np.exp(level[0])),
        scaled_variance=float(1 / total[0] + (mean_week[0] ** 2 / spread)),
        dispersion=max(1.0, float(working_weight @ relative**2) / free),
        weight_dispersion=weight_dispersion,
        trend_p=float(2 * stats.t.sf(abs(slope) / np.sqrt(weight_dispersion / spread), free)) if trend else 1.0,
        trend=trend,
    )


def _farrington_limit(fit: _Fit, threshold: str, alpha: float) -> float:
    mean, dispersion = fit.expected, fit.dispersion
    if threshold == "nb-plugin":
        return _count_quantile(mean, dispersion, alpha)
    variance = dispersion * mean + mean**2 * fit.scaled_variance * fit.weight_dispersion
    return float(mean * max(0.0, 1 + 2 / 3 * stats.norm.isf(alpha) * np.sqrt(variance) / mean) ** 1.5)


def _count_quantile(mean: float, dispersion: float, alpha: float) -> float:
    """The 1 - `alpha` quantile of a count of this mean and variance `dispersion` x mean."""
    if dispersion > 1:
        return float(stats.nbinom.ppf(1 - alpha, mean / (dispersion - 1), 1 / dispersion))
    return float(stats.poisson.ppf(1 - alpha, mean))


# --- Gamma-Poisson ----------------------------------------------------------------------------------------------

# Jeffreys' prior for a Poisson rate is a Gamma with this shape and no exposure.
JEFFREYS_EVENTS = 0.5


def gamma_poisson_limit(
    *,
    counts: ArrayLike,
    score_from: int,
    weeks: int = 52,
    weeks_excluded: int = 0,
    alpha: float = 0.01,
    dispersion: float = 1.0,
    exposure: ArrayLike | None = None,
) -> Alarms:
    """The count that an unchanged rate would exceed with probability below `alpha`.

    The rate of the `weeks` weeks that end `weeks_excluded` weeks before has a Gamma(1/2 + sum y, E) distribution, so
    a week of exposure e has a negative binomial count of mean mu = (1/2 + sum y) e / E and variance mu (1 + e / E);
    exposure is one a week unless given (same length as `counts`, such as carrier-days). A `dispersion` phi of 1 or
    more makes the variance phi mu (1 + e / E). NaN where the series does not reach back far enough.

    Raises SeriesError. Source: METHODS C.3; Höhle 2007.
    """
    series = _series(counts, score_from)
    known = np.ones(len(series)) if exposure is None else np.asarray(exposure, dtype=float)
    if known.shape != series.shape or not (np.isfinite(known) & (known > 0)).all():
        raise SeriesError(_("the exposure must be above zero in every week of the series."))
    if dispersion < 1 or weeks < 1 or weeks_excluded < 0:
        raise SeriesError(_("the dispersion and the weeks must be 1 or more, and the weeks left out 0 or more."))
    index = np.arange(score_from, len(series))
    first = index - weeks_excluded - weeks
    possible = first >= 0
    events_before = np.concatenate([[0], np.cumsum(series)])
    exposure_before = np.concatenate([[0], np.cumsum(known)])
    start = np.where(possible, first, 0)
    end = np.minimum(start + weeks, len(series))
    shape = JEFFREYS_EVENTS + events_before[end] - events_before[start]
    share = known[index] / (exposure_before[end] - exposure_before[start])
    ratio = dispersion * (1 + share)
    limit = stats.nbinom.ppf(1 - alpha, shape * share / (ratio - 1), 1 / ratio)
    return _alarms(series, index, np.where(possible, limit, np.nan))


def pooled_dispersion(*, counts: ArrayLike, exposure: ArrayLike | None = None) -> float:
    """Variance-to-mean ratio of counts (weeks x areas) about each area's own constant rate, never below 1.

    sum (y - mu)^2 / sum mu (1 - e / E) with mu = e H / E: exactly unbiased when every count has variance phi times its
    mean. A ratio of sums, because a sum of ratios is ruled by the areas where hardly anything happens. `exposure` has
    the shape of `counts`; without it every week counts one. 1 when there is no event. Days may stand for weeks.
    """
    events, known = _periods_by_area(counts, exposure)
    share = known / known.sum(axis=0)
    mean = share * events.sum(axis=0)
    free = float((mean * (1 - share)).sum())
    return max(1.0, float(((events - mean) ** 2).sum()) / free) if free > 0 else 1.0


# METHODS C asks for limits that hold up to this variance-to-mean ratio; a fuller week than it allows is an outbreak.
LARGEST_USUAL_DISPERSION = 1.5


def ordinary_weeks(*, counts: ArrayLike, exposure: ArrayLike | None = None, outbreak_chance: float = 0.01) -> BoolArray:
    """Which weeks (of weeks x areas) are not outbreaks.

    An outbreak week has a total over the areas that a constant rate and a dispersion of 1.5 reach with at most the
    chance `outbreak_chance`: what an alert is for, not the scatter that alerts must allow for.
    """
    events, known = _periods_by_area(counts, exposure)
    mean = (known / known.sum(axis=0) * events.sum(axis=0)).sum(axis=1)
    excess = LARGEST_USUAL_DISPERSION - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = stats.nbinom.sf(events.sum(axis=1) - 1, mean / excess, 1 / LARGEST_USUAL_DISPERSION)
    return np.asarray((mean == 0) | (chance > outbreak_chance))


def _periods_by_area(counts: ArrayLike, exposure: ArrayLike | None) -> tuple[FloatArray, FloatArray]:
    events = np.asarray(counts, dtype=float)
    if events.ndim != 2 or len(events) < 2:
        raise SeriesError(_("the dispersion needs at least two weeks of counts by area."))
    known = np.ones_like(events) if exposure is None else np.asarray(exposure, dtype=float)
    if known.shape != events.shape or not (known > 0).any(axis=0).all():
        raise SeriesError(_("the exposure must have the shape of the counts, and be above zero for every area."))
    return events, known


# --- Rules in use elsewhere, for comparison ---------------------------------------------------------------------


def mean_plus_two_sd(*, counts: ArrayLike, score_from: int, baseline: int = 365, deviations: float = 2.0) -> Alarms:
    """Mean plus two standard deviations of the `baseline` days before: the rule of overdose dashboards, on days."""
    series = _series(counts, score_from)
    index = np.arange(score_from, len(series))
    limit = np.full(len(index), np.nan)
    for place, day in enumerate(index):
        if day >= baseline:
            before = series[day - baseline : day]
            limit[place] = before.mean() + deviations * before.std(ddof=1)
    return _alarms(series, index, limit)


def fixed_threshold(*, counts: ArrayLike, score_from: int, events: int = 5, days: int = 7) -> Alarms:
    """At least `events` in `days` days. The limit is the count of the day itself above which the alarm is raised."""
    series = _series(counts, score_from)
    index = np.arange(score_from, len(series))
    before = np.concatenate([[0], np.cumsum(series)])
    others = before[index] - before[np.maximum(0, index - days + 1)]
    return _alarms(series, index, events - 1 - others)


# --- Poisson CUSUM ----------------------------------------------------------------------------------------------

# Reference values, limits and head starts are read as hundredths: the chain then has at most a few hundred states.
CUSUM_LARGEST_DENOMINATOR = 100
CUSUM_LARGEST_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class CusumRunLength:
    """Mean number of weeks to an alarm: when nothing has changed, and when the mean has risen."""

    in_control: float
    out_of_control: float


def poisson_cusum_reference(*, in_control_mean: float, out_of_control_mean: float) -> float:
    """Lucas' (1985) reference value (l1 - l0) / ln(l1 / l0), to the hundredth: best for telling the two means apart."""
    if not 0 < in_control_mean < out_of_control_mean:
        raise CusumReferenceError(_("the mean to detect must be above the mean in control, and both above zero."))
    value = (out_of_control_mean - in_control_mean) / np.log(out_of_control_mean / in_control_mean)
    return max(
        1 / CUSUM_LARGEST_DENOMINATOR, round(float(value) * CUSUM_LARGEST_DENOMINATOR) / CUSUM_LARGEST_DENOMINATOR
    )


def poisson_cusum(*, counts: ArrayLike, reference: float, limit: float) -> tuple[FloatArray, BoolArray]:
    """S = max(0, S + y - reference), alarm at S >= `limit`, then S starts again at 0: (S, alarm), a row a week."""
    series = _series(counts)
    # Kept in hundredths, as the run length is: rounding must not decide whether the limit is reached.
    step = _hundredths(reference)
    needed = _hundredths(limit)
    path, alarm = np.zeros(len(series)), np.zeros(len(series), dtype=bool)
    level = Fraction(0)
    for week, events in enumerate(series):
        level = max(Fraction(0), level + int(events) - step)
        path[week], alarm[week] = float(level), level >= needed
        if alarm[week]:
            level = Fraction(0)
    return path, alarm


def poisson_cusum_run_length(
    *, in_control_mean: float, out_of_control_mean: float, reference: float, limit: float, head_start: float = 0.0
) -> CusumRunLength:
    """Exact mean run lengths of the CUSUM, in weeks, from `head_start`.

    With a rational reference value S moves on finitely many values below the limit; their transition matrix Q gives
    the run lengths L = (I - Q)^-1 1 without approximation (Brook & Evans 1972). Reference, limit and head start are
    read as fractions with a denominator of at most 100. Raises CusumReferenceError.
    """
    step, needed, start = _hundredths(reference), _hundredths(limit), _hundredths(head_start)
    if not 0 < needed <= CUSUM_LARGEST_LIMIT or step <= 0 or not 0 <= start < needed:
        raise CusumReferenceError(
            _("the reference value and the limit must be above zero, the head start below the limit.")
        )
    return CusumRunLength(
        in_control=_run_length(in_control_mean, step, needed, start),
        out_of_control=_run_length(out_of_control_mean, step, needed, start),
    )


def cusum_limit(*, in_control_mean: float, reference: float, weeks_between_false_alarms: float) -> float:
    """The smallest limit, in halves, whose in-control run length is at least `weeks_between_false_alarms`."""
    for halves in range(1, 2 * CUSUM_LARGEST_LIMIT):
        step, limit = _hundredths(reference), Fraction(halves, 2)
        if _run_length(in_control_mean, step, limit, Fraction(0)) >= weeks_between_false_alarms:
            return float(limit)
    raise CusumReferenceError(_("no limit raises so few alarms by chance. Use a larger reference value."))


def _hundredths(value: float) -> Fraction:
    fraction = Fraction(value).limit_denominator(CUSUM_LARGEST_DENOMINATOR)
    if abs(float(fraction) - value) > 1e-9:
        raise CusumReferenceError(_("round the reference value, the limit and the head start to hundredths."))
    return fraction


def _run_length(mean: float, step: Fraction, limit: Fraction, start: Fraction) -> float:
    if not mean > 0:
        raise CusumReferenceError(_("a mean must be above zero."))
    place = {start: 0}
    moves: list[tuple[int, int, Fraction]] = []
    waiting = [start]
    while waiting:
        state = waiting.pop()
        for events, after in _moves(state, step, limit):
            if after not in place:
                place[after] = len(place)
                waiting.append(after)
            moves.append((place[state], events, after))
    chance = stats.poisson.pmf(np.arange(int(limit + step) + 2), mean)
    stay = np.zeros((len(place), len(place)))
    for row, events, after in moves:
        stay[row, place[after]] += chance[events]
    return float(np.linalg.solve(np.eye(len(place)) - stay, np.ones(len(place)))[place[start]])


def _moves(state: Fraction, step: Fraction, limit: Fraction) -> Iterator[tuple[int, Fraction]]:
    """Numbers of events that keep the CUSUM below its limit, and where each takes it."""
    for events in count():
        after = max(Fraction(0), state + events - step)
        if after >= limit:
            return
        yield events, after


# --- Naus -------------------------------------------------------------------------------------------------------


def scan_probability(*, rate_per_week: float, window_days: float, events: int, horizon_days: float = 365) -> float:
    """The chance that some window of `window_days` within `horizon_days` holds at least `events` events.

    Poisson events at a constant `rate_per_week`. Naus' (1982) approximation 1 - Q2 (Q3 / Q2)^(L - 2), with L windows in
    the horizon and Q2, Q3 the exact chances of no such window in 2 and in 3 windows' time. Raises SeriesError.
    """
    if not (rate_per_week >= 0 and window_days > 0 and horizon_days >= 2 * window_days and events >= 1):
        raise SeriesError(
            _("the rate, window and events must be positive, and the horizon twice the window or longer.")
        )
    return float(-np.expm1(_log_chance_of_none(rate_per_week, window_days, events, horizon_days)))


def scan_recurrence_days(*, rate_per_week: float, window_days: float, events: int) -> float:
    """Mean days between windows of `window_days` with at least `events` events: horizon / -ln(1 - chance in a year)."""
    horizon_days = max(DAYS_PER_YEAR, 2 * window_days)
    chance = scan_probability(
        rate_per_week=rate_per_week, window_days=window_days, events=events, horizon_days=horizon_days
    )
    if chance <= 0:
        return float("inf")
    return horizon_days / -float(_log_chance_of_none(rate_per_week, window_days, events, horizon_days))


def _log_chance_of_none(rate_per_week: float, window_days: float, events: int, horizon_days: float) -> float:
    mean = rate_per_week * window_days / DAYS_PER_WEEK
    if mean == 0:
        return 0.0
    if events == 1:
        return -rate_per_week * horizon_days / DAYS_PER_WEEK
    k = events

    def chance(number: ArrayLike) -> FloatArray:
        return np.asarray(stats.poisson.pmf(number, mean))

    def up_to(number: ArrayLike) -> FloatArray:
        return np.asarray(stats.poisson.cdf(number, mean))

    two = up_to(k - 1) ** 2 - (k - 1) * chance(k) * chance(k - 2) - (k - 1 - mean) * chance(k) * up_to(k - 3)
    r = np.arange(1, k)
    s = np.arange(2, k)
    first = 2 * chance(k) * up_to(k - 1) * ((k - 1) * up_to(k - 2) - mean * up_to(k - 3))
    second = (
        0.5
        * chance(k) ** 2
        * ((k - 1) * (k - 2) * up_to(k - 3) - 2 * (k - 2) * mean * up_to(k - 4) + mean**2 * up_to(k - 5))
    )
    third = np.sum(chance(2 * k - r) * up_to(r - 1) ** 2)
    fourth = np.sum(chance(2 * k - s) * chance(s) * ((s - 1) * up_to(s - 2) - mean * up_to(s - 3)))
    three = up_to(k - 1) ** 3 - first + second + third - fourth
    windows = horizon_days / window_days
    return float(np.log(two) + (windows - 2) * np.log(three / two))


# Below this many days a recurrence is said in days, below two years in months.
LONGEST_IN_DAYS = 60
LONGEST_IN_MONTHS_DAYS = 2 * DAYS_PER_YEAR
DAYS_PER_MONTH = DAYS_PER_YEAR / 12

# A constant rate over longer than this is not believable, so no longer period is said.
MOST_YEARS_SAID = 100


def chance_sentence(*, events: int, window_days: int, recurrence_days: float, at_least: bool = False) -> str:
    """The one sentence an alert is read by: how often an unchanged rate would give as many.

    `at_least` says that the recurrence interval is only known to be longer: a simulation of M worlds cannot speak of
    more than M + 1 days.
    """
    what = ngettext("{events} event in {window}", "{events} events in {window}", events).format(
        events=format_count(events),
        window=ngettext("{days} day", "{days} days", window_days).format(days=format_count(window_days)),
    )
    return _("If nothing had changed, {what} would be expected {often}; this does not show a cause.").format(
        what=what, often=recurrence_words(recurrence_days=recurrence_days, at_least=at_least)
    )


def recurrence_words(*, recurrence_days: float, at_least: bool = False) -> str:
    """A recurrence interval inside a sentence: "about once in 3 years", "less than once in 27 years"."""
    often = _("less than once in {period}") if at_least else _("about once in {period}")
    return often.format(period=_period_in_words(recurrence_days))


def _period_in_words(days: float) -> str:
    if days < LONGEST_IN_DAYS:
        number = max(1, round(days))
        return ngettext("{number} day", "{number} days", number).format(number=format_count(number))
    if days < LONGEST_IN_MONTHS_DAYS:
        number = round(days / DAYS_PER_MONTH)
        return ngettext("{number} month", "{number} months", number).format(number=format_count(number))
    years = days / DAYS_PER_YEAR
    if years >= MOST_YEARS_SAID:
        return _("more than {number} years").format(number=format_count(MOST_YEARS_SAID))
    number = round(years)
    return ngettext("{number} year", "{number} years", number).format(number=format_count(number))
