"""How often a pool misses, computed without a draw, against pools that are drawn: exact binomial tests."""

import numpy as np
import pytest

from sltk.construct.choose.cascade import SPREAD, Cascade
from sltk.construct.choose.obstructed import obstruction_probability
from sltk.construct.choose.rehearsal import Pools
from sltk.construct.choose.target_class import Sizes
from sltk.construct.methods.scales import CASCADE_SAMPLES
from sltk.construct.pools.problems import ProblemFamily
from sltk.core.numerics.arrays import Values
from sltk.core.rng import stream
from sltk.core.statistics.stats import clopper_pearson
from sltk.subset_sum import solve
from sltk.subset_sum.laws import parse_law

LEVEL = 1e-9
TRIALS = 100_000
LAW = parse_law("uniform(2.0)")
GRID = 0.03  # sums and random factors are rounded to a grid: this share of the target, see the docstring


def scales(n: int) -> Values:
    return 2.0 ** -(np.arange(n) * 7 // n).astype(np.float64)


@pytest.mark.false_alarm(4 * LEVEL)
@pytest.mark.parametrize("n", [10, 16])
@pytest.mark.parametrize("target", [0.25, 1.0])
def test_sums_of_positive_samples_fall_short_as_often_as_computed(n: int, target: float) -> None:
    pools = LAW.sample(stream(5, "obstruction", n, str(target)), (TRIALS, n)) * scales(n)
    short = int((np.maximum(pools, 0.0).sum(axis=1) < target).sum())
    low, high = clopper_pearson(short, TRIALS, 1.0 - LEVEL)
    near = [float(obstruction_probability(LAW, scales(n)[None], np.array([t]))[0])
            for t in (target * (1 - GRID), target * (1 + GRID))]  # fmt: skip
    assert near[0] <= high
    assert low <= near[1]
    # Power: twice the targets would be told apart with certainty.
    assert float(obstruction_probability(LAW, scales(n)[None], np.array([2.0 * target]))[0]) > high


@pytest.mark.false_alarm(LEVEL)
def test_random_factors_are_averaged_over() -> None:
    n, target = 12, 0.5
    generator = stream(6, "obstruction", "factors")
    factors = LAW.sample(generator, (TRIALS, n))
    short = int((np.maximum(LAW.sample(generator, (TRIALS, n)) * factors, 0.0).sum(axis=1) < target).sum())
    low, high = clopper_pearson(short, TRIALS, 1.0 - LEVEL)
    near = [float(obstruction_probability(LAW, factors[:4096], np.array([t]))[0]) for t in (0.8 * target, 1.2 * target)]
    assert near[0] <= high
    assert low <= near[1]


@pytest.mark.false_alarm(2 * LEVEL)
@pytest.mark.parametrize("n", [16, 20])
def test_expected_failures_are_those_of_a_search(n: int) -> None:
    """All that fails in a search is foreseen within a factor of two, where there are enough failures to count."""
    eps, trials = 2.0**-7, 20_000
    family = ProblemFamily(0, "weight", np.ones(1), eps, np.zeros(1, np.int64), 1, 1, n, LAW, scales(n), None)
    halves = dict.fromkeys((-6, -4, -2, 0), 1)
    expected = Pools.of(family, 1.0).missed(Sizes(halves)) / len(halves)
    generator = stream(7, "obstruction", "search", n)
    half = np.array(list(halves))[generator.integers(len(halves), size=trials)]
    target = 2.0 ** ((half - generator.random(trials)) / 2.0)
    pools = LAW.sample(generator, (trials, n)) * scales(n)
    failed = int((~solve(pools, target, eps=eps, objective="cardinality").reached).sum())
    low, high = clopper_pearson(failed, trials, 1.0 - LEVEL)
    assert low / 2.0 <= expected <= 2.0 * high


@pytest.mark.false_alarm(LEVEL)
def test_constants_miss_intercepts_as_often_as_computed() -> None:
    """A pool of constants against a normal target whose deviation it was not made for, so that there are misses."""
    generator, square = stream(8, "obstruction", "cascade"), 3.0
    _, expected = Cascade(LAW, 0).coarsest(square, 1, 1e-2)
    exponent, _ = Cascade(LAW, 0).coarsest(square, 1, 1e-2)
    target = SPREAD * square**0.5 * np.abs(generator.standard_normal(TRIALS))
    pools = LAW.sample(generator, (TRIALS, CASCADE_SAMPLES)) * 2.0**exponent
    short = int((np.maximum(pools, 0.0).sum(axis=1) < target).sum())
    low, high = clopper_pearson(short, TRIALS, 1.0 - LEVEL)
    # The grid of sums and the upper ends of the normal's levels make the computed value too large, by a half at most.
    assert low <= expected <= 1.5 * high
    # Power: constants of half the size would be told apart with certainty.
    assert Cascade(LAW, 0).coarsest(4.0 * square, 1, 1.0)[1] > 1.5 * high
