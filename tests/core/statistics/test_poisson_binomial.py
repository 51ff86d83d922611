"""The Poisson-binomial law against enumeration and the binomial law; its test against exact error rates."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.core.statistics import poisson_binomial as pb

ALARM = 0.01


def naive(p: list[float]) -> list[float]:
    found = [0.0] * (len(p) + 1)
    for outcome in itertools.product((0, 1), repeat=len(p)):
        found[sum(outcome)] += math.prod(q if hit else 1.0 - q for q, hit in zip(p, outcome, strict=True))
    return found


@given(st.lists(st.floats(0.0, 1.0), min_size=0, max_size=8))
def test_probabilities_are_those_of_all_outcomes(p: list[float]) -> None:
    found = pb.probabilities(p)
    np.testing.assert_allclose(found, naive(p), rtol=1e-13, atol=1e-300)
    for k in range(-1, len(p) + 2):
        assert math.isclose(pb.upper_tail(p, k), found[max(k, 0) :].sum(), abs_tol=1e-15)
        assert math.isclose(pb.lower_tail(p, k), found[: max(k + 1, 0)].sum(), abs_tol=1e-15)


def test_equal_trials_have_the_binomial_law() -> None:
    np.testing.assert_allclose(pb.probabilities([0.03] * 200), binom.pmf(np.arange(201), 200, 0.03), rtol=1e-9)


def test_a_true_null_is_rejected_as_rarely_as_declared() -> None:
    """Exact false alarms at both ends of the null and between them."""
    generator = stream(3, "test", "poisson-binomial")
    for _ in range(20):
        low = generator.random(30) ** 2
        high = np.minimum(1.0, low + 0.1 * generator.random(30))
        for share in (0.0, 0.3, 1.0):
            assert pb.power(low + share * (high - low), low, high, ALARM) <= ALARM


def test_power_is_the_probability_of_rejecting() -> None:
    low = np.array([0.2, 0.6, 0.9, 0.5, 0.95, 0.99])
    truth = 0.1 * low
    rejecting = [pb.test_successes(k, low, low, 0.2).rejected for k in range(7)]
    assert 0.2 < float(pb.probabilities(truth)[rejecting].sum()) == pytest.approx(pb.power(truth, low, low, 0.2))


def test_it_is_sharper_than_the_test_against_one_mean() -> None:
    """Half of the sources hold the network for certain: the binomial law of the mean has twice the variance."""
    own = np.array([1.0] * 20 + [0.5] * 20)
    assert pb.test_successes(23, own, own, ALARM).rejected
    assert not pb.test_successes(23, np.full(40, 0.75), np.full(40, 0.75), ALARM).rejected


def test_failures_that_are_halved_are_refuted() -> None:
    """Control: forty sources that hold the network with probability .1 to .6; a prediction of half."""
    truth = np.linspace(0.1, 0.6, 40)
    halved = 1.0 - (1.0 - truth) / 2.0
    assert pb.power(truth, halved, halved, ALARM) > 0.9
    assert pb.power(truth, truth, truth, ALARM) <= ALARM
    assert pb.test_successes(round(truth.sum()), halved, halved, ALARM).rejected
    assert not pb.test_successes(round(truth.sum()), truth, truth, ALARM).rejected


@pytest.mark.parametrize(
    ("successes", "low", "high", "alarm"),
    [
        (3, [0.1, 0.2], [0.1, 0.2], 0.05),
        (-1, [0.1], [0.1], 0.05),
        (1, [0.3], [0.2], 0.05),
        (1, [0.3], [0.4, 0.5], 0.05),
        (1, [-0.1], [0.2], 0.05),
        (1, [0.1], [math.nan], 0.05),
        (1, [0.1], [0.2], 0.0),
    ],
)
def test_what_it_refuses(successes: int, low: list[float], high: list[float], alarm: float) -> None:
    with pytest.raises(SltkError):
        pb.test_successes(successes, low, high, alarm)


def test_power_needs_a_truth_a_trial() -> None:
    with pytest.raises(SltkError, match="a truth for each"):
        pb.power([0.5], [0.5, 0.5], [0.5, 0.5], ALARM)
