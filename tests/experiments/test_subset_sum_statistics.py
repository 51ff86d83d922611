"""The published search rule against enumeration and the exact solver; the split of failures."""

from itertools import combinations

import numpy as np

from experiments.subset_sum_statistics.study import first_subset, obstructed, redrawn
from sltk.core.rng import stream
from sltk.subset_sum import solve

EPS, N = 0.05, 7


def _given():
    random = stream(3, "test of statistics")
    return random.uniform(-1, 1, (60, N)), random.uniform(-1, 1, 60), random


def _naive(pool, target):
    for k in range(N + 1):
        for samples in combinations(range(N), k):
            if (away := abs(sum(pool[list(samples)]) - target)) <= EPS:
                return k, away
    return -1, np.inf


def test_first_subset_is_the_naive_search():
    pools, target, _ = _given()
    size, error = first_subset(pools, target, EPS)
    naive = [_naive(*pair) for pair in zip(pools, target, strict=True)]
    assert list(size) == [k for k, _ in naive]
    assert {-1, 1, 2, 3} <= set(size)
    np.testing.assert_allclose(error, [away for _, away in naive], atol=1e-12)


def test_sizes_are_the_solvers_and_errors_are_not():
    pools, target, _ = _given()
    size, _ = first_subset(pools, target, EPS)
    solved = solve(pools, target, eps=EPS, objective="cardinality")
    assert np.array_equal(solved.reached, size >= 0)
    assert np.array_equal(solved.mask.sum(axis=-1)[size >= 0], size[size >= 0])
    least = solve(pools, target, eps=EPS, objective="error")  # the control: another rule has other sizes
    assert not np.array_equal(least.mask.sum(axis=-1)[size >= 0], size[size >= 0])


def test_redraws_hide_every_failure_and_count_it():
    pools, target, random = _given()
    draws, size, error = redrawn(pools, target, EPS, lambda count: random.uniform(-1, 1, (count, N)))
    missed = first_subset(pools, target, EPS)[0] < 0
    assert missed.any()
    assert np.array_equal(draws > 1, missed)
    assert (size >= 0).all()
    assert (error <= EPS).all()


def test_obstruction_is_beyond_the_sums_of_one_sign():
    pools = np.array([[0.1, 0.2, -0.5], [0.1, 0.2, -0.5], [0.1, 0.2, -0.5]])
    assert obstructed(pools, np.array([0.5, -0.3, -0.6]), EPS).tolist() == [True, False, True]
