"""Weights that depend on the rest of the pool: their moments against random pools, and the bound they give."""

import itertools
import math

import numpy as np
import pytest

from sltk.core.rng import stream
from sltk.subset_sum.widths.moment_kernel import irwin_hall, ramps
from sltk.subset_sum.widths.moment_stratum import expected_statistics, second_moments, stratum_failure
from sltk.subset_sum.widths.moment_table import POWERS, PairTable, Targets

TARGETS = Targets(near=0.5, far=0.9, inner=0.7, outer=0.4)
FOUR = (-2, -1, 0, 1)


def test_ramps_are_the_alternating_sums():
    """``E (t - X)_+^k / k! = sum_j (-1)^j C(m, j) (t - j)_+^(m+k) / (m+k)!``, up to ``t = m``, and constant beyond."""
    t = np.linspace(-0.5, 6.5, 71)
    found = ramps(t, 5, 4)
    for k, m in itertools.product(range(5), range(1, 6)):
        at = np.minimum(t, m)
        terms = [(-1) ** j * math.comb(m, j) * np.maximum(at - j, 0.0) ** (m + k) for j in range(m + 1)]
        np.testing.assert_allclose(found[k, m], sum(terms) / math.factorial(m + k), atol=1e-11)
    np.testing.assert_allclose(found[0], irwin_hall(t, 5), atol=1e-14)


def _pools(counts, trials, name):
    """Sums of all subsets, ``y`` of each at a random target, and that target's weight."""
    generator = stream(6, name)
    lows = np.repeat(FOUR, counts)
    samples = 0.5 * (lows + generator.random((trials, lows.size)))
    masks = np.array(list(itertools.product([0, 1], repeat=lows.size)))
    z = generator.uniform(-TARGETS.far, TARGETS.far, size=(trials, 1))
    return samples @ masks.T, samples @ (1 - masks).T - z, z, 2.0 * TARGETS.far * TARGETS.density(z[:, 0])


def test_moments_are_those_of_random_pools():
    """Null: every mean equals its Monte Carlo mean over 60,000 pools and targets.

    Nine comparisons at five standard errors (normal approximation, false alarm 5e-6, fixed seed); the second and third
    tell what is shared added instead of taken away apart by more than twenty.
    """
    counts = (1, 1, 1, 1)
    table = PairTable(4, 0.5, FOUR, 0.1, TARGETS, statistics=True)
    quadratic, pairs = second_moments(table, counts, [(2, -1)])
    means = expected_statistics(table, counts)
    sums, y, z, weight = _pools(counts, 60_000, "statistics")
    near = np.abs(sums - z) <= 0.1
    masks = np.array(list(itertools.product([0, 1], repeat=4)))
    kind = near[:, (masks.sum(axis=1) == 2) & (masks @ FOUR == -1)].sum(axis=1)
    n, f1, f2 = near.sum(axis=1), (near * y).sum(axis=1), (near * y**2).sum(axis=1)
    cases = [(kind * f1, quadratic[0, 1]), (kind * f2, quadratic[0, 2]), (f1 * f1, quadratic[1, 1])]
    cases += [(f1 * f2, quadratic[1, 2]), (f2 * f2, quadratic[2, 2]), (n * n, pairs)]
    cases += [(f1, means[0]), (f2, means[1]), (kind * kind, quadratic[0, 0])]
    for values, found in cases:
        drawn = weight * values
        assert drawn.mean() == pytest.approx(found, abs=5.0 * drawn.std() / math.sqrt(drawn.size))


def test_the_bound_holds_and_is_smaller():
    """The missed mass of 4,000 random pools stays below, and the rest of the pool takes a third off the bound."""
    counts = (2, 2, 2, 2)
    plain = stratum_failure(PairTable(8, 0.5, FOUR, 0.05, TARGETS), counts)
    bound = stratum_failure(PairTable(8, 0.5, FOUR, 0.05, TARGETS, statistics=True), counts)
    sums, _, z, weight = _pools(counts, 4000, "missed-statistics")
    missed = weight * (np.abs(sums - z).min(axis=1) > 0.05)
    assert missed.mean() + 5.0 * missed.std() / math.sqrt(missed.size) < bound < plain


def test_the_first_column_is_the_table_without_statistics():
    plain = PairTable(5, 0.5, FOUR, 0.1, TARGETS)
    table = PairTable(5, 0.5, FOUR, 0.1, TARGETS, statistics=True)
    assert table.moments.shape == (plain.entries.size, len(POWERS))
    for c, (m, _) in enumerate(table.kinds):  # of entries that need more samples than there are nothing is said
        sizes = np.array([k for k, _ in table.kinds[: table.size[c]]])
        used = (m + sizes[:, None] + sizes <= 5).ravel()
        block = slice(table.first[c], table.first[c] + table.size[c] ** 2)
        np.testing.assert_allclose(table.entries[block][used], plain.entries[block][used], rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(table.expected, plain.expected, atol=1e-15)


def test_powers_of_equal_parts_are_symmetric():
    """Exchanging A and B exchanges u and v: the ``(1, 1)`` and ``(2, 2)`` blocks are symmetric, ``(2, 1)`` is not."""
    table = PairTable(4, 0.5, FOUR, 0.1, TARGETS, statistics=True)
    size = int(table.size[0])
    blocks = {power: table.moments[: size**2, n].reshape(size, size) for n, power in enumerate(POWERS)}
    for power in ((0, 0, 0), (1, 1, 0), (2, 2, 0)):
        np.testing.assert_allclose(blocks[power], blocks[power].T, atol=1e-15)
    assert np.abs(blocks[2, 1, 0] - blocks[2, 1, 0].T).max() > 1e-9
