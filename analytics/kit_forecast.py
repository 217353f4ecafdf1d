"""How many kits will be used next quarter: a Gamma-Poisson prediction, and what the year's occasions were like.

Occasions that use m kits (or days on which m people are trained) come as a Poisson process of unknown rate. With k_m of
them in T days and the prior Gamma(a_m, 0), a_m = k_m / (2 k), which for one size is Jeffreys', the number in the next h
days is negative binomial (Gelman et al. 2013, Bayesian Data Analysis, 2.6):

    N_m ~ NB(k_m + a_m, T / (T + h)),   kits = sum over m of m N_m

Unit: kits (or people). The distribution of the sum is a convolution and exact; nothing is drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from wording import NaloxoneWatchError, _

__all__ = ["NoForecastError", "Predicted", "predict_total"]

# Mass of each size's distribution that is left out at the far end.
_LEFT_OUT = 1e-7


class NoForecastError(NaloxoneWatchError):
    """There is nothing to forecast from."""


@dataclass(frozen=True)
class Predicted:
    """A number of the period to come: what is expected, and the central interval that holds it with `level`."""

    expected: float
    lower: float
    upper: float
    level: float

    def plus(self, known: float) -> "Predicted":
        """The same with a number added that is known already."""
        return Predicted(self.expected + known, self.lower + known, self.upper + known, self.level)

    def times(self, factor: float) -> "Predicted":
        """The same in another unit, such as its price."""
        return Predicted(self.expected * factor, self.lower * factor, self.upper * factor, self.level)


def predict_total(*, sizes: ArrayLike, observed_days: int, horizon_days: int, level: float = 0.95) -> Predicted:
    """What the next `horizon_days` bring in all, from the size of each occasion in the last `observed_days`.

    Args:
        sizes: kits used on each occasion, whole numbers from 1, shape (occasions,); may be empty.
        observed_days: days that were looked at, with and without occasions.
        horizon_days: days to come.
        level: how often the interval should hold what then happens, at the least.

    Raises:
        NoForecastError: no days to learn from or to look ahead to.
    """
    if observed_days <= 0 or horizon_days <= 0:
        raise NoForecastError(_("A forecast needs days to learn from and days to look ahead to."))
    seen = np.asarray(sizes, dtype=np.int64)
    kinds, counts = np.unique(seen[seen > 0], return_counts=True)
    if len(kinds) == 0:
        kinds, counts = np.array([1]), np.array([0])
    prior = counts / (2 * counts.sum()) if counts.sum() else np.array([0.5])
    total = np.ones(1)
    share = observed_days / (observed_days + horizon_days)
    for size, shape in zip(kinds, counts + prior, strict=True):
        chances = _negative_binomial(float(shape), share)
        stretched = np.zeros(size * (len(chances) - 1) + 1)
        stretched[::size] = chances
        total = np.convolve(total, stretched)
    reached = np.cumsum(total)
    outside = (1 - level) / 2
    return Predicted(
        expected=float((kinds * (counts + prior)).sum() * horizon_days / observed_days),
        lower=float(np.searchsorted(reached, outside)),
        upper=float(np.searchsorted(reached, 1 - outside)),
        level=level,
    )


def _negative_binomial(shape: float, share: float) -> NDArray[np.float64]:
    """Chances of 0, 1, 2, ... occasions, as far as they matter."""
    mean = shape * (1 - share) / share
    # Twelve standard deviations and some: the tail falls faster than an exponential's.
    most = int(mean + 12 * np.sqrt(mean / share) + 30 / share)
    number = np.arange(most + 1)
    chances = np.exp(
        gammaln(number + shape)
        - gammaln(shape)
        - gammaln(number + 1)
        + shape * np.log(share)
        + number * np.log1p(-share)
    )
    return chances[: int(np.searchsorted(np.cumsum(chances), 1 - _LEFT_OUT)) + 1]
