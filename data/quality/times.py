"""Times that say less than they seem to: minutes rounded to fives, days entered in one go, days without a record.

Everything is counted against what chance allows; thresholds stand beside their test with the reason.
"""

import json
from collections.abc import Collection, Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from data.quality.warnings import QualityWarning, make_warning
from wording import _, format_count, format_date, format_period, format_share, join_words, ngettext

__all__ = ["crowded_days", "firsts_of_months", "heaped_on_fives", "silent_days"]

Ints = NDArray[np.int64]

# A fifth of real minutes end in 0 or 5. Twice that, on enough times that it is not chance, is rounding.
_SHARE_ON_FIVES, _LEAST_ROUNDED_SHARE, _FEWEST_MINUTES, _ROUNDING_CHANCE = 0.2, 0.4, 20, 1e-6

# A backlog: at least so many entries on one day, so many times the usual number, about so many different days, which
# lie at least a week apart: a real cluster is entered within days.
_FEWEST_IN_A_BATCH, _TIMES_USUAL, _FEWEST_DAYS_IN_A_BATCH, _SHORTEST_BACKLOG_DAYS = 5, 3, 3, 7
# The number of such days that chance alone gives in a whole file.
_CROWDED_CHANCE = 0.01
# A share and a number of events that hardly a day of a real cluster has, in a file of four weeks or more.
_SHARE_OF_A_CROWDED_DAY, _FEWEST_ON_A_DAY, _FEWEST_EVENTS, _SHORTEST_SPAN_DAYS = 0.05, 8, 20, 28

# Days that are all the first of so many months, in so many rows, are no accident: they stand for months.
_FEWEST_MONTHS, _FEWEST_FIRSTS, _SHARE_OF_FIRSTS = 4, 12, 0.9

# Chance alone gives so many silences of such a length in a whole file.
_SILENCE_CHANCE = 0.01
# The usual rate before and after a silence is taken from this long, or from three times the silence.
_RATE_DAYS = 120
_FEWEST_ACTIVE_DAYS = 20
_PERIODS_NAMED = 3


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


def firsts_of_months(records: pd.DataFrame, forms: Collection[str]) -> list[QualityWarning]:
    """A warning where nearly all days are the first of a month; `forms` are formats that read them as months."""
    days = records["local_date"]
    firsts = (days.dt.day == 1).to_numpy()
    if firsts.sum() < max(_FEWEST_FIRSTS, _SHARE_OF_FIRSTS * len(records)) or days[firsts].nunique() < _FEWEST_MONTHS:
        return []
    advice = [
        _(
            "Imported so, each counts as one of the first of its month, and weekdays, alerts and spikes mean nothing. "
            "If the source has the days, map them."
        )
    ]
    if forms:
        advice.append(_("Else say in the mapping that they are months:"))
    return [
        make_warning(
            kind="firsts_of_months",
            rows=records.index.to_numpy()[firsts],
            sentence=_(
                "{count} of {total} days are the first of a month, of {months} months: that says the month and not the "
                "day."
            ).format(
                count=format_count(int(firsts.sum())),
                total=format_count(len(records)),
                months=format_count(days[firsts].nunique()),
            ),
            advice=" ".join(advice),
            setting=f"[times]\nformats = {json.dumps(sorted(forms))}" if forms else "",
        )
    ]


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
