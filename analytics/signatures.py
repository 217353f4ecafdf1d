"""Signature rules: patterns that say something about the supply, whatever the volume.

Three or more doses to one person, no response to naloxone, and a named substance seen first or again. Each rule scores
its own marked administrations on their own history: with n marked in the D days before the window the rate is
(1/2 + n) / D a day, and the number seen in the window is news when Naus' (1982) recurrence interval for it is
`alert_recurrence_days` or more. So a rule raises about one alert in that time when nothing has changed, or fewer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.spikes import TooShortSeriesError, scan_recurrence_days
from wording import _

__all__ = ["SignatureAlert", "multiple_dose_alert", "no_response_alert", "substance_alert"]

IntArray = NDArray[np.int64]

DAYS_PER_WEEK = 7

# Jeffreys' prior for a Poisson rate is a Gamma with this shape and no exposure.
JEFFREYS_EVENTS = 0.5

# Three doses are more than a kit of two: the person was given a second kit.
MULTIPLE_DOSES = 3

# Fewest marked administrations of a pattern: one alone says nothing about a supply.
FEWEST_MARKED = 2

# Days in which marked administrations are counted. A supply of a batch lasts for days, and the marks are rare.
SIGNATURE_WINDOW_DAYS = 7

# A substance not named for this long and named again is news by itself: at most one such alert a year by construction.
SUBSTANCE_MEMORY_DAYS = 365

# After a first mention, further ones are counted over four weeks, as long as toxicology takes.
SUBSTANCE_WINDOW_DAYS = 28


@dataclass(frozen=True, kw_only=True)
class SignatureAlert:
    """What a signature rule found on a day.

    `events` marked administrations in the last `window_days` days, `expected` from the history; `recurrence_days` is
    how often an unchanged rate would give as many; `first_mention` is true where a substance is named for the first
    time in a year; `raised` is the verdict.
    """

    events: int
    window_days: int
    expected: float
    recurrence_days: float
    first_mention: bool
    raised: bool


def multiple_dose_alert(
    *, day: ArrayLike, doses: ArrayLike, today: int, first_day: int, alert_recurrence_days: float = 365
) -> SignatureAlert:
    """More administrations of three or more doses than usual: a sign of a strong opioid, such as a nitazene.

    `day` and `doses` (n) are a row an administration; conflicting reports of one must be settled before. Calibrated:
    the history's rate (1/2 + n) / days puts Naus' recurrence of the number seen at `alert_recurrence_days` or more.
    """
    marked = np.asarray(doses) >= MULTIPLE_DOSES
    return _pattern(
        np.asarray(day, dtype=np.int64)[marked], today, first_day, SIGNATURE_WINDOW_DAYS, alert_recurrence_days
    )


def no_response_alert(
    *, day: ArrayLike, responded: ArrayLike, today: int, first_day: int, alert_recurrence_days: float = 365
) -> SignatureAlert:
    """More administrations without any response than usual: not an opioid, or one that needs more.

    `responded` (n) is 1 for a response, 0 for none, NaN where not recorded (which marks nothing). Calibrated as
    `multiple_dose_alert`.
    """
    marked = np.asarray(responded, dtype=float) == 0
    return _pattern(
        np.asarray(day, dtype=np.int64)[marked], today, first_day, SIGNATURE_WINDOW_DAYS, alert_recurrence_days
    )


def substance_alert(
    *, day: ArrayLike, today: int, first_day: int, alert_recurrence_days: float = 365
) -> SignatureAlert:
    """A named substance seen first, or again.

    `day` (n): the days on which this one substance was named. Raised when it is named today for the first time in a
    year (at most one such alert a year, by construction; never within the first year of records, which cannot tell),
    or when it is named more often in four weeks than its history explains, calibrated as `multiple_dose_alert`.
    """
    days = np.asarray(day, dtype=np.int64)
    pattern = _pattern(days, today, first_day, SUBSTANCE_WINDOW_DAYS, alert_recurrence_days)
    silent_before = not ((days < today) & (days >= today - SUBSTANCE_MEMORY_DAYS)).any()
    first_mention = bool((days == today).any()) and silent_before and today - first_day >= SUBSTANCE_MEMORY_DAYS
    return replace(pattern, first_mention=first_mention, raised=pattern.raised or first_mention)


def _pattern(
    days: IntArray, today: int, first_day: int, window_days: int, alert_recurrence_days: float
) -> SignatureAlert:
    history_days = today - window_days + 1 - first_day
    if history_days < window_days:
        raise TooShortSeriesError(
            rule=_("The signature rule"),
            weeks_needed=2 * window_days // DAYS_PER_WEEK,
            weeks_given=max(0, today + 1 - first_day) // DAYS_PER_WEEK,
        )
    before = int(((days >= first_day) & (days <= today - window_days)).sum())
    events = int(((days > today - window_days) & (days <= today)).sum())
    per_day = (JEFFREYS_EVENTS + before) / history_days
    recurrence_days = scan_recurrence_days(
        rate_per_week=per_day * DAYS_PER_WEEK, window_days=window_days, events=max(1, events)
    )
    return SignatureAlert(
        events=events,
        window_days=window_days,
        expected=per_day * window_days,
        recurrence_days=recurrence_days,
        first_mention=False,
        raised=events >= FEWEST_MARKED and recurrence_days >= alert_recurrence_days,
    )
