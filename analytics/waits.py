"""What every method on waits shares: the outcomes, the checks, and minutes in words."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wording import NaloxoneWatchError, _, format_count, format_number

__all__ = [
    "ENDINGS",
    "MINIMUM_TIMED",
    "SHARE_TOLERANCE",
    "Outcome",
    "UnusableWaitsError",
    "check_same_length",
    "checked_minutes",
    "minute_words",
    "outcome_masks",
]

# Timed events. A median of fewer describes single people and tells nothing of the service: only the count is given.
MINIMUM_TIMED = 8
# Sums of shares reach a centile only up to rounding: 0.1 added five times is not 0.5.
SHARE_TOLERANCE = 1e-12


class Outcome(StrEnum):
    """How a wait ended."""

    ARRIVED = "arrived"
    LEFT = "left"
    DECLINED = "declined"
    CENSORED = "censored"


ENDINGS = (Outcome.ARRIVED, Outcome.LEFT, Outcome.DECLINED)


class UnusableWaitsError(NaloxoneWatchError):
    """The waits given cannot be made into a curve."""


def checked_minutes(minutes: ArrayLike) -> NDArray[np.float64]:
    """The minutes as an array of shape (n,), n > 0, finite and not negative; else `UnusableWaitsError`."""
    waits = np.asarray(minutes, dtype=float)
    if waits.ndim != 1 or waits.size == 0:
        raise UnusableWaitsError(_("There are no waits to make a curve from: widen the dates or the filters."))
    if not np.all(np.isfinite(waits)) or np.any(waits < 0):
        raise UnusableWaitsError(
            _("Some waits are negative or have no minutes: put them in quarantine and count them first.")
        )
    return waits


def outcome_masks(outcome: ArrayLike) -> dict[Outcome, NDArray[np.bool_]]:
    """Where each outcome stands; `UnusableWaitsError` where a text is none of them."""
    names = np.asarray(outcome)
    masks = {name: np.asarray(names == str(name), dtype=bool) for name in Outcome}
    if sum(int(mask.sum()) for mask in masks.values()) != names.size:
        raise UnusableWaitsError(
            _("Some waits end in an outcome that is none of arrived, left, declined and censored: correct the mapping.")
        )
    return masks


def check_same_length(first: NDArray, second: NDArray) -> None:
    """Raise `UnusableWaitsError` where two columns differ in shape."""
    if first.shape != second.shape:
        raise UnusableWaitsError(_("The columns of waits differ in length: give one value of each for every wait."))


def minute_words(minutes: float) -> str:
    """Minutes to the precision they deserve: whole where whole or from ten up, else one decimal."""
    if abs(minutes) >= 10 or float(minutes).is_integer():
        return format_count(round(minutes))
    return format_number(minutes, significant=2)
