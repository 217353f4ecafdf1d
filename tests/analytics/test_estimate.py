"""The exact intervals, against published tables and against scipy's own."""

import numpy as np
import pytest
from scipy.stats import binomtest

from analytics.estimate import binomial_interval, poisson_interval


# Ulm (1990, American Journal of Epidemiology 131:373) and any table of Garwood's limits.
@pytest.mark.parametrize(
    ("events", "lower", "upper"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390)]
)
def test_the_interval_of_a_count_equals_the_published_table(events, lower, upper):
    assert poisson_interval(events) == pytest.approx((lower, upper), abs=0.001)


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (0, 9), (3, 9), (9, 9), (81, 263)])
def test_the_interval_of_a_share_is_clopper_and_pearsons(part, whole):
    expected = binomtest(part, whole).proportion_ci(0.95, method="exact")
    assert binomial_interval(part, whole) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_share_of_nothing_can_be_anything():
    assert binomial_interval(0, 0) == (0.0, 1.0)


def test_arrays_give_what_their_elements_give():
    parts, wholes = np.array([0, 2, 7]), np.array([4, 4, 7])
    lower, upper = binomial_interval(parts, wholes)
    each = [binomial_interval(part, whole) for part, whole in zip(parts, wholes, strict=True)]
    np.testing.assert_allclose(np.transpose([lower, upper]), each)
    lower, upper = poisson_interval(parts)
    np.testing.assert_allclose(np.transpose([lower, upper]), [poisson_interval(part) for part in parts])
