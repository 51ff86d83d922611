"""Draws of each law against its cdf.

Null hypothesis: the draws are independent with a cdf within ``SLACK`` of the law's. The Kolmogorov distance of n draws
then exceeds ``dkw_radius(n, a) + SLACK`` with probability at most a. Against a law whose cdf is at distance d from the
null's, the test rejects with probability at least ``1 - 2 exp(-2 n (d - threshold)^2)``, by the same inequality; each
test states that power and asserts it of its alternative.
"""

import math

import numpy as np
import pytest
from scipy import integrate

from sltk.core import philox
from sltk.core.rng import key, stream
from sltk.core.statistics import stats
from sltk.subset_sum.laws import LogUniform, Masked, Normal, Product, Uniform
from tests.subset_sum.law_contract import LAWS, has_constants, of

FALSE_ALARM = 1e-9
DRAWS = 2_500_000
SLACK = (
    2.0**-22
)  # the grid of a draw (at most 2^-24) and its rounding to float32 (2^-25 relative, density times |x| < 1)
THRESHOLD = stats.dkw_radius(DRAWS, FALSE_ALARM) + SLACK
LEAST_POWER = 1 - 1e-9

CASES = [  # the law and an alternative that the test must tell from it
    (Uniform(), Uniform(1.01)),
    (Uniform(2.0), Uniform(1.98)),
    (Normal(0.5), Normal(0.51)),
    (LogUniform(0.01), LogUniform(0.0107)),
    (Product(Uniform(), Uniform()), Product(Uniform(), Uniform(1.03))),
]


def counted_draws(law, seed, count):
    """Draws of ``law`` as a source makes them: word by word from the counter-based generator."""
    words = [philox.words_range(key(seed, "test", law.spec()), 0, count, word) for word in range(law.words)]
    return law.transform(np.stack(words))


def distance_of(law, other):
    """``sup |F - G|`` of two laws, from below, on a fine grid."""
    x = np.linspace(-1.2, 1.2, 20_001) * law.high
    return float(np.max(np.abs(law.cdf(x) - other.cdf(x))))


@pytest.mark.false_alarm(FALSE_ALARM)
@pytest.mark.parametrize("law", [law for law, _ in CASES], ids=lambda law: law.spec())
def test_counted_draws_have_the_laws_cdf(law):
    """False alarm 1e-9; power over 1 - 1e-9 against the alternative of ``CASES``, see the controls."""
    drawn = counted_draws(law, 20261121, DRAWS)
    assert stats.kolmogorov_distance(drawn, law.cdf) <= THRESHOLD, "seed 20261121"


@pytest.mark.false_alarm(FALSE_ALARM)
@pytest.mark.parametrize("law", [law for law, _ in CASES], ids=lambda law: law.spec())
def test_sampled_draws_have_the_laws_cdf(law):
    """False alarm 1e-9; power as above."""
    drawn = law.sample(stream(7, "test", law.spec()), DRAWS)
    assert stats.kolmogorov_distance(drawn, law.cdf) <= THRESHOLD, "seed 7"


@pytest.mark.false_alarm(1e-9)
@pytest.mark.parametrize(("law", "other"), CASES, ids=lambda law: law.spec())
def test_the_alternative_is_refuted(law, other):
    """False alarm 1 - power, at most 1e-9: draws of the alternative fail the same check."""
    gap = distance_of(law, other) - SLACK - THRESHOLD
    assert 1 - 2 * math.exp(-2 * DRAWS * gap**2) >= LEAST_POWER
    drawn = counted_draws(other, 20261121, DRAWS)
    assert stats.kolmogorov_distance(drawn, law.cdf) > THRESHOLD


MASKED = Masked(Uniform(), 0.3)
MASK_POWER = stats.power(DRAWS, 0.304, 0.3 - 2**-33, 0.3 + 2**-33, FALSE_ALARM)


@pytest.mark.false_alarm(FALSE_ALARM)
def test_mask_keeps_its_share():
    """Null: P(kept) within 2^-33 of .3. False alarm 1e-9, exact; power against .304 over 1 - 1e-9, exact."""
    kept = int(np.count_nonzero(counted_draws(MASKED, 11, DRAWS)))
    assert not stats.test_proportion(kept, DRAWS, 0.3 - 2**-33, 0.3 + 2**-33, FALSE_ALARM).rejected, "seed 11"
    assert MASK_POWER >= LEAST_POWER


@pytest.mark.false_alarm(1e-9)
def test_another_share_is_refuted():
    """False alarm 1 - power, at most 1e-9."""
    kept = int(np.count_nonzero(counted_draws(Masked(Uniform(), 0.304), 11, DRAWS)))
    assert stats.test_proportion(kept, DRAWS, 0.3 - 2**-33, 0.3 + 2**-33, FALSE_ALARM).rejected


@pytest.mark.false_alarm(FALSE_ALARM)
def test_words_of_one_draw_are_independent():
    """Null: signs of the two factors agree with probability 1/2. False alarm 1e-9; power against .505 over 1 - 1e-9."""
    words = [philox.words_range(key(3, "test", "pairs"), 0, DRAWS, word) for word in (0, 1)]
    agree = int(np.count_nonzero((words[0] ^ words[1]) >> np.uint32(31) == 0))
    assert not stats.test_proportion(agree, DRAWS, 0.5, 0.5, FALSE_ALARM).rejected, "seed 3"
    assert stats.power(DRAWS, 0.505, 0.5, 0.5, FALSE_ALARM) >= LEAST_POWER


@pytest.mark.false_alarm(FALSE_ALARM)
@pytest.mark.parametrize("lag", [1, 2, 4])
def test_neighbours_are_independent(lag):
    """Null: the top bits of words f and f + lag agree with probability 1/2; disjoint pairs. Power as above."""
    bits = philox.words_range(key(5, "test", "lag", lag), 0, 2 * lag * (DRAWS // lag), 0) >> np.uint32(31)
    first, second = bits.reshape(-1, 2, lag)[:, 0].ravel(), bits.reshape(-1, 2, lag)[:, 1].ravel()
    agree = int(np.count_nonzero(first == second))
    assert not stats.test_proportion(agree, first.size, 0.5, 0.5, FALSE_ALARM).rejected, "seed 5"


MOMENT_ERROR = 1e-4  # relative, of the quadrature; the steps of a log-uniform density make the largest


def second_moment(law):
    """``E X^2`` by quadrature of the density, in ``ln |x|``."""
    x = law.high * (1 - 1e-6) * np.exp(-np.linspace(0, 12, 601))
    return integrate.simpson((law.density(x) + law.density(-x)) * x**3, dx=0.02)


def moment_limits(draws, law):
    """Limits of ``E X^2`` at confidence 1 - FALSE_ALARM, with what the quadrature may err."""
    found = stats.empirical_bernstein((draws / law.high) ** 2, 1 - FALSE_ALARM)
    return found.low * law.high**2 * (1 - MOMENT_ERROR), found.high * law.high**2 * (1 + MOMENT_ERROR)


@pytest.mark.false_alarm(FALSE_ALARM)
@of(LAWS)
def test_draws_have_the_second_moment_of_the_density(law):
    """Null: the draws have the density's second moment but for MOMENT_ERROR. False alarm 1e-9, by Bernstein."""
    low, high = moment_limits(law.sample(stream(13, "test", law.spec()), DRAWS), law)
    assert low <= second_moment(law) <= high, "seed 13"


@pytest.mark.false_alarm(FALSE_ALARM)
def test_another_second_moment_is_refuted():
    """Draws of a law 2% wider. False alarm 1e-9: an interval that misses its own moment could hold this one."""
    low, _ = moment_limits(Uniform(1.02).sample(stream(13, "test", "wider"), DRAWS), Uniform(1.02))
    assert second_moment(Uniform()) < low


def fewer_than_constants_say(draws, constants):
    """Whether one half of ``[-L, L]`` has refutably fewer draws than ``p0 L``, at FALSE_ALARM in both together."""
    least = constants.p0 * constants.L
    halves = [np.count_nonzero((side * draws > 0) & (side * draws <= constants.L)) for side in (-1, 1)]
    return any(stats.test_proportion(int(k), DRAWS, least, 1.0, FALSE_ALARM).rejected for k in halves)


@pytest.mark.false_alarm(FALSE_ALARM)
@of([law for law in LAWS if has_constants(law)])
def test_draws_fall_as_often_as_the_constants_say(law):
    """Null: ``P(0 < X <= L)`` and ``P(-L <= X < 0)`` are at least ``p0 L``. False alarm 1e-9, exact.

    The draws sit on a grid, at most ``2^-24`` of the scale wide: where the density is constant a half may hold one
    point less, which is why ``p0`` is lowered by a relative ``2^-20``. Power over 1 - 1e-9 against ``1.25 p0``.
    """
    found = law.constants()
    lowered = type(found)(found.p0 * (1 - 2**-20), found.L, found.c)
    drawn = law.sample(stream(17, "test", law.spec()), DRAWS)
    assert not fewer_than_constants_say(drawn, lowered), "seed 17"
    assert stats.power(DRAWS, found.c, 1.25 * found.c, 1.0, FALSE_ALARM) >= LEAST_POWER


@pytest.mark.false_alarm(1e-9)
def test_bolder_constants_are_refuted():
    """False alarm 1 - power, at most 1e-9: constants of a density a quarter higher."""
    found = Uniform().constants()
    bold = type(found)(1.25 * found.p0, found.L, 1.25 * found.c)
    assert stats.power(DRAWS, found.c, bold.c, 1.0, FALSE_ALARM) >= LEAST_POWER
    assert fewer_than_constants_say(Uniform().sample(stream(17, "test", "bold"), DRAWS), bold)
