"""Times that say less than they seem to: dates written as times, minutes rounded to fives, days entered in one go,
days without a record.

Everything is counted against what chance allows; thresholds stand beside their test with the reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from data.quality.warnings import QualityWarning, make_warning
from wording import _, format_count, format_date, format_period, format_share, join_words, ngettext

__all__ = [
    "ConstantClock",
    "crowded_days",
    "find_constant_clock",
    "heaped_on_fives",
    "settle_dates_only",
    "silent_days",
]

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

_DAY_S, _HOUR_S = 86_400, 3_600

# A clock that so many days have, by less than this chance, beside the file's other whole hours, is no real time.
_CLOCK_CHANCE = 1e-6
# Midnight is what systems write for "no time": any excess over the hours before and after it counts. Another clock must
# hold at least this share of the days (and so many days, or the larger share), since a shift briefing or a default may
# well be common; a whole hour is what another zone's midnight shows as.
_LEAST_SHARE_ON_THE_HOUR, _LEAST_SHARE_OF_A_FEW, _LEAST_SHARE_ELSEWHERE, _MANY_DAYS = 0.1, 0.2, 0.5, 10
_MINUTES_ON_FIVES = 288
# So far a clock must be ahead of the next (midnight: of the two hours on either side): times rounded to hours have
# several that are common.
_TIMES_THE_NEXT, _TIMES_THE_HOURS_BESIDE, _HOURS_BESIDE = 5, 3, (-2, -1, 1, 2)
# A clock that keeps to summer time, as another zone's midnight does in UTC, must explain more than one that does not:
# two zones whose summers begin on other days differ in few rows. And some clock must be common at all.
_FEWEST_MORE_ROWS, _LEAST_SHARE_WORTH_A_LOOK = 2, 0.03
# Of two readings that explain about as many days, one at which it was midnight is the one that was written.
_ABOUT_AS_MANY = 0.9
_SUMMER_TIMES = ("Europe/London", "America/New_York")

# A fifth of real minutes end in 0 or 5. Twice that, on enough times that it is not chance, is rounding.
_SHARE_ON_FIVES, _LEAST_ROUNDED_SHARE, _FEWEST_MINUTES, _ROUNDING_CHANCE = 0.2, 0.4, 20, 1e-6

# A backlog: at least so many entries on one day, so many times the usual number, about so many different days, which
# lie at least a week apart: a real cluster is entered within days.
_FEWEST_IN_A_BATCH, _TIMES_USUAL, _FEWEST_DAYS_IN_A_BATCH, _SHORTEST_BACKLOG_DAYS = 5, 3, 3, 7
# The number of such days that chance alone gives in a whole file.
_CROWDED_CHANCE = 0.01
# A share and a number of events that hardly a day of a real cluster has, in a file of four weeks or more.
_SHARE_OF_A_CROWDED_DAY, _FEWEST_ON_A_DAY, _FEWEST_EVENTS, _SHORTEST_SPAN_DAYS = 0.05, 8, 20, 28

# Chance alone gives so many silences of such a length in a whole file.
_SILENCE_CHANCE = 0.01
# The usual rate before and after a silence is taken from this long, or from three times the silence.
_RATE_DAYS = 120
_FEWEST_ACTIVE_DAYS = 20
_PERIODS_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class ConstantClock:
    """A clock time that stands for "no time": seconds after midnight, which rows have it, and their days as written.

    The clock `kept` is local, utc, summer (UTC with an hour added in summer) or late (local with an hour added then).
    """

    seconds: int
    kept: str
    rows: Mask
    days: pd.Series

    @property
    def seasonal(self) -> bool:
        """Whether the times change by an hour between winter and summer."""
        return self.kept in ("summer", "late")


def find_constant_clock(*, instants: pd.Series, local: pd.Series, time_zone: str) -> ConstantClock | None:
    """The one clock time, local or UTC, that too many days have for it to be a time; None where there is none.

    Days are counted and not rows: several records of one moment are no sign. 00:00Z is one clock in UTC and two in a
    zone with summer time, so both clocks are looked at. The midnight of a third zone with summer time, and UTC read as
    if it were local, are two clocks in either, an hour apart: then UTC and local with an hour added in summer are one.
    """
    plain = [_reading("local", local), _reading("utc", instants.dt.tz_localize(None))]
    found = [each for reading in plain if (each := _of_reading(*reading, local=local))]
    best = max((share for share, _clock in found), default=0.0)
    if best < 1 and any(_top_share(*reading[1:]) >= _LEAST_SHARE_WORTH_A_LOOK for reading in plain):
        seasonal = [_reading("late", local + _summer_hour(instants, time_zone))]
        seasonal += [_reading("summer", plain[1][1] + _summer_hour(instants, zone)) for zone in _SUMMER_TIMES]
        of_seasons = [each for reading in seasonal if (each := _of_reading(*reading, local=local))]
        # Midnight needs no margin: a few rows of one season are enough to tell.
        margin = _FEWEST_MORE_ROWS / len(local)
        found += [each for each in of_seasons if each[0] > best + (margin if each[1].seconds else 0.0)]
    if not found:
        return None
    most = max(share for share, _clock in found)
    likely = [each for each in found if each[0] >= _ABOUT_AS_MANY * most]
    return max(likely, key=lambda each: (each[1].seconds == 0, each[0]))[1]


def _reading(kept: str, walls: pd.Series) -> tuple[str, pd.Series, Ints, Ints]:
    """Wall clocks with their seconds of the day and their days since 1970."""
    return kept, walls, _seconds_of_day(walls), walls.to_numpy().astype("datetime64[D]").astype(np.int64)


def _summer_hour(instants: pd.Series, time_zone: str) -> pd.Series:
    """How far each moment's clock in a zone is ahead of the earliest that it has among these."""
    ahead = instants.dt.tz_convert(time_zone).dt.tz_localize(None) - instants.dt.tz_localize(None)
    return ahead - ahead.min()


def _top_share(_walls: pd.Series, seconds: Ints, _days: Ints) -> float:
    return float(np.unique(seconds, return_counts=True)[1].max() / len(seconds)) if len(seconds) else 0.0


def _of_reading(
    kept: str, walls: pd.Series, seconds: Ints, days: Ints, *, local: pd.Series
) -> tuple[float, ConstantClock] | None:
    """The share of days that a reading's commonest clock explains, and that clock."""
    found = _commonest_clock(seconds, days)
    if found is None:
        return None
    clock, share = found
    rows = seconds == clock
    written = walls
    if kept == "utc" and clock > _DAY_S / 2:
        # East of UTC midnight falls on the day before, and a time of the local afternoon on the same.
        written = local
    elif kept == "summer" and clock > _DAY_S / 2:
        written = walls + pd.Timedelta(days=1)
    return share, ConstantClock(seconds=clock, kept=kept, rows=rows, days=written[rows].dt.normalize())


def _commonest_clock(seconds: Ints, days: Ints) -> tuple[int, float] | None:
    """The commonest clock, or else midnight, and its share of the days, where chance does not allow that many."""
    pairs = pd.DataFrame({"clock": seconds, "day": days}).drop_duplicates()
    counts = pairs["clock"].value_counts()
    if counts.empty:
        return None
    every = len(pairs)
    for clock in dict.fromkeys((int(counts.index[0]), 0)):
        most = int(counts.get(clock, 0))
        others = counts.drop(clock, errors="ignore")
        whole_hours = int(others[others.index % _HOUR_S == 0].sum())
        beside = max(int(counts.get((clock + hours * _HOUR_S) % _DAY_S, 0)) for hours in _HOURS_BESIDE)
        following = int(others.iloc[0]) if len(others) else 0
        # What a whole hour usually holds, counted as one more than it does; other clocks are marks of five minutes.
        usual = max((whole_hours + 1) / (23 * every) if clock % _HOUR_S == 0 else 1 / _MINUTES_ON_FIVES, beside / every)
        if clock:
            enough = _is_default(clock, most, every) and most >= _TIMES_THE_NEXT * following
            usual = max(usual, following / every)
        else:
            enough = most >= _TIMES_THE_HOURS_BESIDE * beside
        if most and enough and stats.binom.sf(most - 1, every, min(usual, 1.0)) <= _CLOCK_CHANCE:
            return clock, most / every
    return None


def _is_default(clock: int, most: int, every: int) -> bool:
    """Whether a clock other than midnight holds enough of the days."""
    if clock % _HOUR_S:
        return most >= _LEAST_SHARE_ELSEWHERE * every
    return most >= (_LEAST_SHARE_ON_THE_HOUR if most >= _MANY_DAYS else _LEAST_SHARE_OF_A_FEW) * every


def settle_dates_only(
    records: pd.DataFrame, *, time_zone: str, only_dates_before: bool = False
) -> tuple[pd.DataFrame, list[QualityWarning]]:
    """Records whose time is only a date get time_precision "day", and a warning says so.

    Their day is the one that was written: where it is midnight on some clock, that clock's; for a constant clock of
    00:00 to 12:00 UTC (midnight in UTC or west of it) the day in UTC, for any other the local one. `only_dates_before`:
    earlier files of this source held only dates, so are midnights, and times that are all one clock, however few there
    are.
    """
    timed = records["time_precision"].isin(["minute", "hour"]).to_numpy()
    if not timed.any():
        return records, []
    instants = records["occurred_at"].dt.tz_convert("UTC")[timed]
    local = instants.dt.tz_convert(time_zone).dt.tz_localize(None)
    clock = find_constant_clock(instants=instants, local=local, time_zone=time_zone)
    if clock is None and only_dates_before:
        clock = _usual_clock(instants, local)
    if clock is None:
        return records, []
    rows = np.flatnonzero(timed)[clock.rows]
    settled = _as_days(records, rows, clock.days, time_zone)
    zone = time_zone
    utc = instants[clock.rows].dt.strftime("%H:%M").unique()
    if clock.kept == "local" and not clock.seconds and utc.size == 1 and utc[0] != "00:00":
        # As the file has it, where it is written in UTC.
        zone = _("{zone}; {clock} in UTC").format(zone=time_zone, clock=utc[0])
    return settled, [_dates_only_warning(records.index.to_numpy()[rows], int(timed.sum()), clock, zone)]


def _usual_clock(instants: pd.Series, local: pd.Series) -> ConstantClock | None:
    """The clock of a few more dates: the one that all have, or midnight."""
    found = []
    for kept, walls in (("local", local), ("utc", instants.dt.tz_localize(None))):
        seconds = _seconds_of_day(walls)
        if (seconds == seconds[0]).all():
            written = local if kept == "utc" and seconds[0] > _DAY_S / 2 else walls
            every = np.ones(len(seconds), dtype=bool)
            found.append(ConstantClock(seconds=int(seconds[0]), kept=kept, rows=every, days=written.dt.normalize()))
    if found:
        return max(found, key=lambda each: each.seconds == 0)
    midnight = _seconds_of_day(local) == 0
    if not midnight.any():
        return None
    return ConstantClock(seconds=0, kept="local", rows=midnight, days=local[midnight].dt.normalize())


def _seconds_of_day(walls: pd.Series) -> Ints:
    return ((walls - walls.dt.normalize()) // pd.Timedelta(seconds=1)).to_numpy(dtype=np.int64)


def _as_days(records: pd.DataFrame, rows: NDArray[np.intp], days: pd.Series, time_zone: str) -> pd.DataFrame:
    """The rows with their days: the day's first moment, no hour."""
    starts = days.dt.tz_localize(time_zone, ambiguous=np.ones(len(days), dtype=bool), nonexistent="shift_forward")
    changed = {
        "occurred_at": starts.dt.tz_convert("UTC").array,
        "time_precision": "day",
        "local_date": days.array,
        "local_hour": pd.NA,
        "local_weekday": (days.dt.weekday + 1).astype("Int16").array,
    }
    settled = records.copy(deep=False)
    for name, values in changed.items():
        column = records[name].copy()
        column.iloc[rows] = values
        settled[name] = column
    return settled


def _dates_only_warning(rows: Ints, total: int, clock: ConstantClock, time_zone: str) -> QualityWarning:
    hours, minutes = divmod(clock.seconds // 60, 60)
    named = {"local": time_zone, "late": _("UTC read as {zone}").format(zone=time_zone)}.get(clock.kept, "UTC")
    winter = f"{hours:02}:{minutes:02}"
    told = (
        _("{summer} in summer and {winter} in winter").format(
            summer=f"{(hours - 1) % 24:02}:{minutes:02}", winter=winter
        )
        if clock.seasonal
        else winter
    )
    sentence = ngettext(
        "{count} of {total} times is exactly {clock} ({zone}): a date without a time.",
        "{count} of {total} times are exactly {clock} ({zone}), more than chance allows: dates without a time.",
        len(rows),
    ).format(count=format_count(len(rows)), total=format_count(total), clock=told, zone=named)
    return make_warning(
        kind="dates_only",
        rows=rows,
        sentence=sentence,
        advice=_(
            "They count by day, and in no hour of the day. If the source has the time of day, map it: occurred_at may "
            "name two columns, a date and a time."
        ),
    )


def heaped_on_fives(rows: Ints, minutes: NDArray[np.float64], *, kind: str, what: str) -> list[QualityWarning]:
    """A warning where whole `minutes` end in 0 or 5 far oftener than a fifth of the time; `what` they are, in words."""
    whole = np.isfinite(minutes) & (minutes % 1 == 0)
    heaped = whole & (minutes % 5 == 0)
    every, on_fives = int(whole.sum()), int(heaped.sum())
    if (
        every < _FEWEST_MINUTES
        or every < np.isfinite(minutes).sum() / 2
        or on_fives / every < _LEAST_ROUNDED_SHARE
        or stats.binom.sf(on_fives - 1, every, _SHARE_ON_FIVES) > _ROUNDING_CHANCE
    ):
        return []
    sentence = _("{count} of {total} {what} end in 0 or 5 ({share}; by chance 20%): they were rounded.").format(
        count=format_count(on_fives), total=format_count(every), what=what, share=format_share(on_fives / every)
    )
    advice = _("Take them as known to about five minutes, and ask for the control room's own clock.")
    return [make_warning(kind=kind, rows=rows[heaped], sentence=sentence, advice=advice)]


def crowded_days(records: pd.DataFrame, *, time_zone: str) -> list[QualityWarning]:
    """Days with too large a share of the entries (recorded_at) or of the events."""
    return [*_entered_together(records, time_zone), *_dated_together(records)]


def _entered_together(records: pd.DataFrame, time_zone: str) -> Iterator[QualityWarning]:
    """Days on which many records about several days were entered: someone worked off a backlog."""
    if "recorded_at" not in records:
        return
    known = records["recorded_at"].notna().to_numpy()
    entered = records["recorded_at"][known].dt.tz_convert(time_zone).dt.tz_localize(None).dt.normalize()
    events = records["local_date"][known]
    counts = entered.value_counts().sort_index()
    # Days on which something was entered: a clerk who comes on Mondays makes no batch of every Monday.
    usual = np.maximum((len(entered) - counts) / max(len(counts) - 1, 1), 1.0)
    chance = len(counts) * stats.poisson.sf(counts - 1, usual)
    crowded = (chance <= _CROWDED_CHANCE) & (counts >= np.maximum(_FEWEST_IN_A_BATCH, _TIMES_USUAL * usual))
    for day, count in counts[crowded].items():
        of_day = (entered == day).to_numpy()
        about = events[of_day]
        if about.nunique() < _FEWEST_DAYS_IN_A_BATCH or (about.max() - about.min()).days < _SHORTEST_BACKLOG_DAYS:
            continue
        sentence = _(
            "{count} of {total} records were entered on {day}, about {days} different days: a backlog."
        ).format(
            count=format_count(count),
            total=format_count(len(entered)),
            day=format_date(day.date()),
            days=format_count(about.nunique()),
        )
        yield make_warning(
            kind="batch_entry",
            rows=entered.index.to_numpy()[of_day],
            sentence=sentence,
            advice=_("Counted by the day of the event this is no spike. Check that those days are right."),
        )


def _dated_together(records: pd.DataFrame) -> Iterator[QualityWarning]:
    """Days of events that hold so much of a file that they may be days of entry."""
    days = records["local_date"]
    if len(days) < _FEWEST_EVENTS:
        return
    if (days.max() - days.min()).days < _SHORTEST_SPAN_DAYS:
        yield from _timed_together(records)
        return
    span, counts = (days.max() - days.min()).days + 1, days.value_counts()
    fewest = max(_FEWEST_ON_A_DAY, _SHARE_OF_A_CROWDED_DAY * len(days))
    for day, count in counts[counts >= fewest].sort_index().items():
        if span * stats.poisson.sf(count - 1, (len(days) - count) / (span - 1)) > _CROWDED_CHANCE:
            continue
        sentence = _("{count} of {total} events are dated {day}: an unusual share for one day.").format(
            count=format_count(count), total=format_count(len(days)), day=format_date(day.date())
        )
        yield make_warning(
            kind="crowded_day",
            rows=days.index.to_numpy()[(days == day).to_numpy()],
            sentence=sentence,
            advice=_("Check whether it is the day of entry, or a default, and not the day of the event."),
        )


def _timed_together(records: pd.DataFrame) -> Iterator[QualityWarning]:
    """Most events of a short file at one moment: a column that says when the rows were exported or entered."""
    timed = records["occurred_at"].where(records["time_precision"].isin(["minute", "hour"]))
    counts = timed.value_counts()
    if counts.empty or counts.iloc[0] < max(_FEWEST_EVENTS, len(records) / 2):
        return
    yield make_warning(
        kind="crowded_day",
        rows=records.index.to_numpy()[(timed == counts.index[0]).to_numpy()],
        sentence=_("{count} of {total} events have one and the same date and time.").format(
            count=format_count(int(counts.iloc[0])), total=format_count(len(records))
        ),
        advice=_("Check that occurred_at is read from the time of the event, not from that of an export or an edit."),
    )


def silent_days(records: pd.DataFrame, stored_days: Ints) -> list[QualityWarning]:
    """Silences that the rate of the days around them does not allow: exp(-rate x days), over all silences of the file.

    Days since 1970 of which the store has records of the same source, `stored_days`, are none.

    The rate is -ln(1 - share of days with any event), so that several events of one day count once, and the lower of
    those before and after the silence: a service that grows, or shrinks, is no gap.
    """
    of_file = records["local_date"].dropna().to_numpy().astype("datetime64[D]").astype(np.int64)
    active = np.union1d(of_file, stored_days)
    if len(active) < _FEWEST_ACTIVE_DAYS:
        return []
    lengths = np.diff(active) - 1
    gaps = [i for i in np.flatnonzero(lengths > 0) if _unlikely(active, int(i), int(lengths[i]))]
    if not gaps:
        return []
    days = int(sum(lengths[i] for i in gaps))
    edges = active[[j for i in gaps for j in (i, i + 1)]]
    beside = np.isin(records["local_date"].to_numpy().astype("datetime64[D]").astype(np.int64), edges)
    longest = sorted(sorted(gaps, key=lambda i: -lengths[i])[:_PERIODS_NAMED])
    periods = [format_period(_date(active[i] + 1), _date(active[i + 1] - 1)) for i in longest]
    more = len(gaps) - len(longest)
    sentence = ngettext(
        "{days} day has no record, where silence is unlikely: {periods}.",
        "{days} days have no record, where silence is unlikely: {periods}.",
        days,
    ).format(
        days=format_count(days),
        periods=join_words(periods if not more else [*periods, _("{count} more").format(count=format_count(more))]),
    )
    advice = _("Ask whether the feed failed or nothing was entered. A gap is not counted as nought.")
    return [
        make_warning(
            kind="silent_days", rows=records.index.to_numpy()[beside], sentence=sentence, advice=advice, count=days
        )
    ]


def _unlikely(active: Ints, before: int, length: int) -> bool:
    """Whether chance gives hardly one silence as long as this one in a file like this."""
    reach = max(_RATE_DAYS, 3 * length)
    left, right = active[before], active[before + 1]
    sides = (
        (int(((active <= left) & (active > left - reach)).sum()), min(reach, int(left - active[0]) + 1)),
        (int(((active >= right) & (active < right + reach)).sum()), min(reach, int(active[-1] - right) + 1)),
    )
    # A side with hardly any days beside the edge of the file says nothing of a rate.
    rates = [-np.log1p(-min(days / span, 1 - 0.5 / span)) for days, span in sides if span >= _SHORTEST_SPAN_DAYS]
    return bool(rates) and len(active) * np.exp(-min(rates) * length) <= _SILENCE_CHANCE


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
