"""A number with its interval, and the exact intervals of a count and of a share.

A count's interval is Garwood's (1936, Biometrika 28:437), a share's Clopper and Pearson's (1934, Biometrika 26:404),
both by the inverse incomplete gamma and beta functions: the quantiles of scipy.stats are the same, and importing it
takes a third of a second of every start.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammaincinv

__all__ = ["Estimate", "binomial_interval", "poisson_interval"]

Floats = NDArray[np.float64]

_TAIL = 0.025


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; NaN where it cannot be estimated."""

    value: float
    lower: float
    upper: float


def poisson_interval(events: ArrayLike) -> tuple[Floats, Floats]:
    """Exact 95 % interval of a Poisson mean from one count, or from each of an array of counts (whole, >= 0)."""
    count = np.asarray(events, dtype=float)
    lower = np.where(count > 0, gammaincinv(np.maximum(count, 1), _TAIL), 0.0)
    return lower[()], gammaincinv(count + 1, 1 - _TAIL)


def binomial_interval(part: ArrayLike, whole: ArrayLike) -> tuple[Floats, Floats]:
    """Exact 95 % interval of a share from `part` of `whole` (whole numbers, 0 <= part <= whole); 0 to 1 of nothing."""
    seen, rest = np.broadcast_arrays(np.asarray(part, dtype=float), np.asarray(whole, dtype=float) - np.asarray(part))
    lower = np.where(seen > 0, betaincinv(np.maximum(seen, 1), rest + 1, _TAIL), 0.0)
    upper = np.where(rest > 0, betaincinv(seen + 1, np.maximum(rest, 1), 1 - _TAIL), 1.0)
    return lower[()], upper[()]
