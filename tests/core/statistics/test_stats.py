"""Intervals and tests against scipy, against brute sums over all outcomes, and against the literature."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats as scipy_stats

from sltk.core.errors import SltkError
from sltk.core.statistics import stats


def exact_upper_tail(n: int, k: int, p: Fraction) -> Fraction:
    return sum((math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1)), Fraction(0))


@pytest.mark.parametrize("confidence", [0.5, 0.95, 1 - 1e-9])
@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 1), (1, 1), (0, 12), (3, 10), (12, 12), (17, 1000), (10**6, 10**7)]
)
def test_clopper_pearson_is_scipys(successes, trials, confidence):
    expected = scipy_stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
    assert stats.clopper_pearson(successes, trials, confidence) == pytest.approx(tuple(expected), rel=1e-10)


def test_clopper_pearson_solves_its_equations_in_rationals():
    low, high = stats.clopper_pearson(3, 20, 0.98)
    assert float(exact_upper_tail(20, 3, Fraction(low))) == pytest.approx(0.01, rel=1e-12)
    assert 1 - float(exact_upper_tail(20, 4, Fraction(high))) == pytest.approx(0.01, rel=1e-12)


def test_rule_of_three_and_no_trials():
    assert stats.clopper_pearson(0, 1000, 0.9).high == pytest.approx(1 - 0.05**1e-3, rel=1e-12)  # (1 - p)^n = a/2
    assert stats.clopper_pearson(0, 0) == (0.0, 1.0)


def coverage(interval, n: int, p: float) -> float:
    """Probability that ``interval(successes)`` holds ``p``, summed over all outcomes."""
    limits = [interval(s) for s in range(n + 1)]
    return sum(scipy_stats.binom.pmf(s, n, p) for s, (low, high) in enumerate(limits) if low <= p <= high)


@pytest.mark.parametrize("p", [0.001, 0.03, 0.2, 0.5])
def test_clopper_pearson_covers(p):
    assert coverage(lambda s: stats.clopper_pearson(s, 40, 0.9), 40, p) >= 0.9


@pytest.mark.parametrize("p", [0.03, 0.2])
def test_the_check_of_coverage_refutes_the_normal_approximation(p):
    def wald(s):
        radius = 1.645 * math.sqrt(s * (40 - s) / 40) / 40
        return s / 40 - radius, s / 40 + radius

    assert coverage(wald, 40, p) < 0.9


NULLS = [
    (30, 0.2, 0.4, 0.05),
    (17, 0.5, 0.5, 0.1),
    (9, 0.0, 0.1, 0.2),
    (9, 0.3, 1.0, 0.2),
    (9, 0.0, 1.0, 0.2),
    (0, 0.5, 0.5, 0.1),
]


@pytest.mark.parametrize(("n", "low", "high", "alpha"), NULLS)
@pytest.mark.parametrize("p", [0.0, 0.05, 0.3, 0.5, 0.97, 1.0])
def test_power_is_the_sum_over_rejected_outcomes(n, low, high, alpha, p):
    rejected = [stats.test_proportion(s, n, low, high, alpha).rejected for s in range(n + 1)]
    expected = scipy_stats.binom.pmf(np.arange(n + 1), n, p)[np.array(rejected)].sum()
    assert stats.power(n, p, low, high, alpha) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n", "low", "high", "alpha"), NULLS)
def test_false_alarm_is_what_was_declared_and_attained_at_an_end(n, low, high, alpha):
    worst = max(stats.power(n, p, low, high, alpha) for p in np.linspace(low, high, 201))
    assert worst <= stats.exact_false_alarm(n, low, high, alpha) + 1e-15 <= alpha + 1e-15


def test_p_value_of_a_point_null():
    # twice the smaller tail: P(Bin(10, 1/2) <= 1) = 11/1024
    assert stats.test_proportion(1, 10, 0.5, 0.5, 0.01).p_value == pytest.approx(22 / 1024, rel=1e-14)
    assert stats.test_proportion(5, 10, 0.5, 0.5, 0.01).p_value == 1.0
    assert stats.test_proportion(0, 10**6, 0.5, 0.5, 1e-300).p_value == 0.0  # underflow of 2^-999999


def test_one_sided_tails_are_scipys():
    found = stats.test_proportion(70, 200, 0.2, 0.25, 1e-3)
    assert found.p_value == pytest.approx(2 * scipy_stats.binomtest(70, 200, 0.25, "greater").pvalue, rel=1e-12)
    assert not found.rejected
    found = stats.test_proportion(20, 200, 0.2, 0.25, 1e-3)
    assert found.p_value == pytest.approx(2 * scipy_stats.binomtest(20, 200, 0.2, "less").pvalue, rel=1e-12)
    assert found.rejected


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power"),
    [
        (0.5, 0.8, 0.05, 0.9),
        (0.1, 0.3, 0.01, 0.95),
        (0.9, 0.6, 0.05, 0.8),
        (1.0, 0.9, 0.01, 0.99),
        (0.0, 0.1, 0.01, 0.9),
        (0.5, 0.51, 0.5, 0.3),
        (0.3, 0.2, 0.2, 0.05),
    ],
)
def test_sample_size_is_the_smallest(p0, p1, alpha, power):
    expected = next(n for n in range(1, 5000) if stats.power(n, p1, p0, p0, alpha) >= power)
    assert stats.sample_size(p0, p1, alpha, power) == expected


def test_sample_size_of_a_fine_difference():
    n = stats.sample_size(0.5, 0.51, 1e-9, 0.999)
    assert stats.power(n, 0.51, 0.5, 0.5, 1e-9) >= 0.999 > stats.power(n - 1, 0.51, 0.5, 0.5, 1e-9)


def test_hoeffding_radius():
    low, high = stats.hoeffding([0.0, 1.0] * 200, 1 - 2 * math.exp(-2))
    assert (low, high) == pytest.approx((0.45, 0.55))  # sqrt(2 / 800)
    assert stats.hoeffding([0.0], 0.95) == (0.0, 1.0)


def test_empirical_bernstein_radius_and_its_gain():
    values = np.repeat([0.0, 1.0], [9_990, 10])
    log, variance = math.log(4 / 0.05), values.var(ddof=1)
    low, high = stats.empirical_bernstein(values, 0.95)
    assert high == pytest.approx(0.001 + math.sqrt(2 * variance * log / 10_000) + 7 * log / (3 * 9_999), rel=1e-12)
    assert high - low < stats.hoeffding(values, 0.95).high - 0.001


@pytest.mark.parametrize("interval", [stats.hoeffding, stats.empirical_bernstein])
@pytest.mark.parametrize("p", [0.02, 0.4])
def test_intervals_of_means_cover_bernoulli_variables(interval, p):
    assert coverage(lambda s: interval(np.repeat([0.0, 1.0], [60 - s, s]), 0.8), 60, p) >= 0.8


def test_kolmogorov_distance_is_scipys():
    sample = np.random.default_rng(1).random(1000) ** 1.1
    expected = scipy_stats.kstest(sample, scipy_stats.uniform.cdf).statistic
    assert stats.kolmogorov_distance(sample, lambda x: x) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [10, 100, 2000])
def test_dkw_radius_is_above_the_exact_quantile_and_near_it(n):
    for alpha in (0.1, 1e-6):
        exact = scipy_stats.kstwo.isf(alpha, n)
        assert exact <= stats.dkw_radius(n, alpha) <= 1.12 * exact


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stats.clopper_pearson(3, 2), "0 <= successes <= trials"),
        (lambda: stats.clopper_pearson(-1, 2), "0 <= successes <= trials"),
        (lambda: stats.clopper_pearson(1.0, 2), "must be integers"),
        (lambda: stats.clopper_pearson(1, 2, 1.0), "confidence must lie strictly"),
        (lambda: stats.clopper_pearson(1, 2, 95), "write 95% as 0.95"),
        (lambda: stats.clopper_pearson(1, 2, math.nan), "confidence must lie strictly"),
        (lambda: stats.test_proportion(1, 2, 0.6, 0.5, 0.1), "p_low <= p_high"),
        (lambda: stats.test_proportion(1, 2, 0.5, 1.1, 0.1), "p_low <= p_high"),
        (lambda: stats.test_proportion(1, 2, 0.5, 0.5, 0.0), "false_alarm must lie"),
        (lambda: stats.power(5, math.nan, 0.5, 0.5, 0.1), "p_low <= p_high"),
        (lambda: stats.sample_size(0.5, 0.5, 0.1, 0.9), "no sample tells"),
        (lambda: stats.sample_size(0.5, 0.5 + 1e-12, 0.1, 0.9), "too close"),
        (lambda: stats.hoeffding([], 0.9), "at least 1 values"),
        (lambda: stats.hoeffding([0.5, 1.5], 0.9), "rescale"),
        (lambda: stats.hoeffding([math.nan], 0.9), r"values in \[0, 1\]"),
        (lambda: stats.empirical_bernstein([0.5], 0.9), "at least 2 values"),
        (lambda: stats.dkw_radius(0, 0.1), "trials >= 1"),
        (lambda: stats.kolmogorov_distance([], lambda x: x), "empty"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(SltkError, match=message):
        call()
