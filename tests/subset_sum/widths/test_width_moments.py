"""The second-moment certificate: against brute force over subsets, against Monte Carlo, and its hand-over lemma."""

import itertools
import math

import numpy as np
import pytest

from sltk.core.errors import SltkError
from sltk.core.rng import stream
from sltk.subset_sum import covers
from sltk.subset_sum.laws import LogUniform, Normal, Product, Uniform
from sltk.subset_sum.widths.handover import handover
from sltk.subset_sum.widths.moment_certificate import (
    Stratified,
    bin_weights,
    moment_failure,
)
from sltk.subset_sum.widths.moment_kernel import irwin_hall
from sltk.subset_sum.widths.moment_stratum import second_moments, stratum_failure
from sltk.subset_sum.widths.moment_table import PairTable, Targets

TARGETS = Targets(near=0.5, far=0.9, inner=0.7, outer=0.4)
FOUR = (-2, -1, 0, 1)


def test_irwin_hall_is_the_alternating_sum():
    t = np.linspace(-0.5, 5.5, 61)
    for m in range(1, 6):
        terms = [(-1) ** k * math.comb(m, k) * np.maximum(t - k, 0.0) ** m for k in range(m + 1)]
        np.testing.assert_allclose(irwin_hall(t, 5)[m], sum(terms) / math.factorial(m), atol=1e-12)


def _sums(counts, generator, trials):
    """Samples by stratum, and all subset sums with their kinds."""
    lows = np.repeat(FOUR, counts)
    samples = 0.5 * (lows + generator.random((trials, lows.size)))
    masks = np.array(list(itertools.product([0, 1], repeat=lows.size)))
    return samples @ masks.T, masks.sum(axis=1), masks @ lows


def test_second_moments_are_those_of_random_pools():
    """Null: every entry equals its Monte Carlo mean over 40,000 pools and targets.

    Each of 9 means is of values in [0, mass 2^8 ..]; five standard errors (normal approximation, false alarm 5e-6,
    fixed seed) tell a dropped factor of 1.1 apart.
    """
    counts = (1, 1, 1, 1)
    table = PairTable(4, 0.5, FOUR, 0.1, TARGETS)
    kinds = [(1, 0), (2, -1), (2, -2)]
    quadratic, _ = second_moments(table, counts, kinds)
    generator = stream(3, "moments")
    trials = 40_000
    sums, sizes, lows = _sums(counts, generator, trials)
    z = generator.uniform(-TARGETS.far, TARGETS.far, size=(trials, 1))
    near = np.abs(sums - z) <= 0.1
    weight = 2.0 * TARGETS.far * TARGETS.density(z[:, 0])
    number = {kind: near[:, (sizes == kind[0]) & (lows == kind[1])].sum(axis=1) for kind in kinds}
    for i, j in itertools.product(range(3), repeat=2):
        values = weight * number[kinds[i]] * number[kinds[j]]
        assert values.mean() == pytest.approx(quadratic[i, j], abs=5.0 * values.std() / math.sqrt(trials))


def test_a_stratum_bound_holds_for_random_pools():
    """The missed mass of 4,000 random pools stays below the bound; a table with a tenth of the radius does not fit."""
    counts = (2, 2, 2, 2)
    table = PairTable(8, 0.5, FOUR, 0.05, TARGETS)
    bound = stratum_failure(table, counts)
    generator = stream(4, "missed")
    sums, _, _ = _sums(counts, generator, 4000)
    z = generator.uniform(-TARGETS.far, TARGETS.far, size=4000)
    missed = 2.0 * TARGETS.far * TARGETS.density(z) * (np.abs(sums - z[:, None]).min(axis=1) > 0.05)
    assert missed.mean() + 5.0 * missed.std() / math.sqrt(missed.size) < bound < TARGETS.mass


@pytest.mark.parametrize("samples", [0, 1, 3, 6])
def test_handover_lines_lie_above_the_tail(samples):
    law, slack, near, far = Uniform(1.0), 0.05, 0.55, 1.2
    pair = handover(law, samples, slack, near, far)
    for b in np.linspace(0.0, 2.0 * far, 501):
        # For U[-1, 1]: P(z - x in K) at the end of J is (0.65 + 1) / 2, and a set of measure b takes away b/2 of it.
        rho = min(1.0, 1.0 - (min(far - near, 1.0) + min(far + near, 1.0)) / 2.0 + min(b / 2.0, 1.0))
        u = np.linspace(0.0, min(b, 2.0 * near), 101)
        assert np.all(np.minimum(1.0, u * rho**samples / (2.0 * slack)) <= pair.inner * u + pair.outer * b + 1e-12)


def test_handover_lines_are_tight():
    """Negative control: a tenth less and the inequality breaks somewhere."""
    pair = handover(Uniform(1.0), 3, 0.05, 0.55, 1.2)
    b = np.linspace(0.01, 2.4, 2000)
    rho = np.minimum(1.0, 1.0 - 1.65 / 2.0 + np.minimum(b / 2.0, 1.0))
    least = np.minimum(b, 0.1 / rho**3)
    tail = np.minimum(1.0, least * rho**3 / 0.1)
    assert np.any(tail > 0.9 * (pair.inner * least + pair.outer * b))


@pytest.mark.parametrize("law", [Uniform(1.0), Normal(1.0), Product(Uniform(), Uniform())], ids=lambda law: law.spec())
def test_failure_is_above_the_measured(law):
    """Exact binomial room: 2,000 pools; the bound exceeds the measured failure by far (power: a bound of 0 fails)."""
    window, eps, n = law.constants().L, 0.1, 18
    plan = Stratified(6, 4, 0.03, 0.7 * window, 0.5 if isinstance(law, Uniform) else 0.3, FOUR)
    bound = moment_failure(n, eps, law, window, plan)
    pools = law.sample(stream(5, "moment-bound", law.spec()), (2000, n))
    missed = 1.0 - np.mean(covers(pools, eps, -0.5 * window, 0.5 * window))
    assert 0.0 < bound <= 1.0
    assert missed <= bound


def test_bins_lie_below_the_density():
    assert bin_weights(Uniform(1.0), Stratified(4, 1, 0.01, 1.0, 0.5, FOUR)).sum() == pytest.approx(1.0, abs=1e-11)
    weights = bin_weights(Normal(1.0), Stratified(4, 1, 0.01, 1.0, 0.75, FOUR))
    expected = [0.75 * math.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi) for t in (1.5, 0.75, 0.75, 1.5)]
    assert weights.tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    "lows", [(0, -1, -2, 1), (-1, -1, 0, 0), (1, 0, -1, -2), (-2, 0, 1), (), (-3, -2, -1, 0, 1, 2)]
)
def test_bins_that_would_prove_what_is_false_are_refused(lows):
    """The first two passed once: ``(0, -1, -2, 1)`` mirrors the wrong bins, ``(-1, -1, 0, 0)`` counts samples twice."""
    with pytest.raises(SltkError, match="strictly increasing"):
        bin_weights(Uniform(1.0), Stratified(6, 4, 0.03, 0.7, 0.5, lows))


def test_a_density_of_mass_above_1_is_refused():
    class Heavy(Uniform):
        def density(self, x):
            return 1.1 * super().density(x)

    with pytest.raises(SltkError, match="above 1"):
        bin_weights(Heavy(1.0), Stratified(6, 4, 0.03, 0.7, 0.5, FOUR))
    with pytest.raises(SltkError, match="width=0"):
        bin_weights(Uniform(1.0), Stratified(6, 4, 0.03, 0.7, 0.0, FOUR))


def test_refusals():
    plan = Stratified(6, 4, 0.03, 0.7, 0.5, FOUR)
    with pytest.raises(SltkError, match="does not fit n=9"):
        moment_failure(9, 0.1, Uniform(1.0), 1.0, plan)
    with pytest.raises(SltkError, match="does not fit"):
        moment_failure(20, 0.03, Uniform(1.0), 1.0, plan)
    with pytest.raises(SltkError, match="symmetric"):
        moment_failure(20, 0.1, LogUniform(0.1), 1.0, plan)
    with pytest.raises(SltkError, match="symmetric"):
        bin_weights(Uniform(1.0), Stratified(6, 4, 0.03, 0.7, 0.5, (0, 1)))
    with pytest.raises(SltkError, match=r"near=0\.5"):
        handover(Uniform(1.0), 3, 0.01, 0.5, 0.4)
