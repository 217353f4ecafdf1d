"""The forecast against scipy's negative binomial, against drawn futures, and against what then happens."""

import numpy as np
import pytest
from scipy import stats

from analytics.kit_forecast import NoForecastError, predict_total


@pytest.mark.parametrize("occasions", [0, 1, 7, 60])
def test_one_size_is_the_negative_binomial_with_jeffreys_prior(occasions: int) -> None:
    found = predict_total(sizes=[1] * occasions, observed_days=365, horizon_days=92)
    exact = stats.nbinom(occasions + 0.5, 365 / (365 + 92))
    assert found.expected == pytest.approx(exact.mean())
    assert (found.lower, found.upper) == (exact.ppf(0.025), exact.ppf(0.975))


def test_several_sizes_are_the_sum_that_drawing_gives() -> None:
    sizes = [1] * 40 + [2] * 15 + [3] * 3
    found = predict_total(sizes=sizes, observed_days=365, horizon_days=90)
    random = np.random.default_rng(5)
    counts = np.array([40, 15, 3])
    rates = random.gamma(counts + counts / (2 * counts.sum()), 90 / 365, size=(200_000, 3))
    totals = random.poisson(rates) @ np.array([1, 2, 3])
    assert found.expected == pytest.approx(totals.mean(), rel=0.01)
    # Whole numbers: a drawn quantile may be its neighbour.
    assert abs(found.lower - np.quantile(totals, 0.025)) <= 1
    assert abs(found.upper - np.quantile(totals, 0.975)) <= 1


def test_the_interval_holds_what_then_happens_as_often_as_it_says() -> None:
    random = np.random.default_rng(8)
    held = []
    for rate in (2.0, 12.0, 60.0):
        for _repeat in range(150):
            sizes = 1 + (random.random(random.poisson(rate)) < 0.3)
            found = predict_total(sizes=sizes, observed_days=365, horizon_days=91)
            then = (1 + (random.random(random.poisson(rate * 91 / 365)) < 0.3)).sum()
            held.append(found.lower <= then <= found.upper)
    # 450 trials: 93 % is two standard errors under 95 %; whole numbers hold rather more.
    assert np.mean(held) > 0.93


def test_known_kits_and_prices_move_the_whole_interval() -> None:
    found = predict_total(sizes=[1, 1, 2], observed_days=365, horizon_days=92)
    priced = found.plus(10).times(30.0)
    assert (priced.expected, priced.lower, priced.upper) == pytest.approx(
        ((found.expected + 10) * 30, (found.lower + 10) * 30, (found.upper + 10) * 30)
    )


@pytest.mark.parametrize("days", [(0, 92), (365, 0)])
def test_no_days_no_forecast(days: tuple[int, int]) -> None:
    with pytest.raises(NoForecastError, match="needs days"):
        predict_total(sizes=[1], observed_days=days[0], horizon_days=days[1])
