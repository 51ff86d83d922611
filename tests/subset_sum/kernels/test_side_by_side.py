"""Sixteen problems at once take the subsets that one at a time takes, bit for bit, or leave them to it."""

import numpy as np
import pytest

from sltk.core.numerics.arrays import fixed
from sltk.subset_sum import solve
from sltk.subset_sum.kernels import least_error, side_by_side
from sltk.subset_sum.kernels.lanes import LANES


def walked(pool, target):
    """Masks of the walk, one problem after another."""
    count, n = pool.shape
    mask = np.zeros((count, n), np.uint8)
    least_error.nearest(least_error.workspace(n), fixed(pool), fixed(target), mask, 0, count)
    return mask


def together(pool, target):
    """Masks, and of which problems."""
    count, n = pool.shape
    mask, found = np.full((count, n), 2, np.uint8), np.zeros(count, bool)
    side_by_side.nearest(side_by_side.workspace(n), fixed(pool), fixed(target), mask, found, 0, count)
    assert (mask[found] < 2).all()
    assert (mask[~found] == 2).all()
    return mask, found


def same_or_left(pool, target, most_left: float) -> None:
    mask, found = together(pool, target)
    assert np.array_equal(mask[found], walked(pool, target)[found])
    assert np.mean(~found) <= most_left


def drawn(n: int, count: int, seed: int = 0):
    rng = np.random.default_rng([seed, n])
    return rng.uniform(-1.0, 1.0, (count, n)), rng.uniform(-1.0, 1.0, count)


@pytest.mark.parametrize("n", range(side_by_side.SMALLEST, side_by_side.LARGEST + 1))
def test_the_walks_masks(n: int) -> None:
    pool, target = drawn(n, 203 if n < 20 else 75)
    same_or_left(pool, target, 0.0 if n < 24 else 0.1)


@pytest.mark.parametrize("count", [1, 2, LANES - 1, LANES, LANES + 1])
def test_groups_that_are_not_full(count: int) -> None:
    pool, target = drawn(12, count)
    same_or_left(pool, target, 0.0)


@pytest.mark.parametrize("scale", [1e-270, 1e-30, 1.0, 1e30, 1e270])
@pytest.mark.parametrize("law", ["normal", "octaves", "one large", "far", "zeros"])
def test_whatever_the_sizes(law: str, scale: float) -> None:
    rng = np.random.default_rng(5)
    pool, target = rng.normal(size=(64, 15)), rng.normal(size=64)
    if law == "octaves":
        pool *= 2.0 ** (np.arange(15) % 7 - 3)
    elif law == "one large":
        pool[:, 3] *= 1e6  # all others are a few units of the fixed point
    elif law == "far":
        target *= 1e3
    elif law == "zeros":
        pool[:, ::3] = 0.0  # of every subset there are 32
    same_or_left(pool * scale, target * scale, 1.0 if law in ("zeros", "one large") else 0.0)


def test_sums_nearer_to_one_another_than_the_fixed_point_tells() -> None:
    """Of two samples that differ by a ten-thousandth of its unit, one makes the lesser error."""
    for n in (13, 16, 20):
        pool, target = drawn(n, 96, 7)
        unit = (np.abs(pool).sum(axis=1) + np.abs(target)) / 2**29
        pool[:, 5] = pool[:, 2] + unit * 1e-4 * np.random.default_rng(n).choice([-1.0, 1.0], 96)
        same_or_left(pool, target, 0.0)


@pytest.mark.parametrize("pool", ["whole numbers", "all equal", "nothing"])
def test_ties_are_left_to_the_walk(pool: str) -> None:
    rng = np.random.default_rng(3)
    given = {"whole numbers": rng.integers(-9, 10, (40, 14)), "all equal": np.ones((40, 14)),
             "nothing": np.zeros((40, 14))}[pool].astype(float)  # fmt: skip
    target = rng.integers(2, 12, 40) + 0.25
    mask, found = together(given, target)
    assert np.array_equal(mask[found], walked(given, target)[found])
    assert np.mean(found) < 0.5  # negative control: most of them have several subsets of one error
    assert np.array_equal(solve(given, target).mask, walked(given, target).astype(bool))


def test_solve_joins_what_is_left_to_the_rest() -> None:
    pool, target = drawn(15, 60)
    pool[::3] = np.round(4 * pool[::3])
    assert 0 < together(pool, target)[1].sum() < 60
    assert np.array_equal(solve(pool, target).mask, walked(pool, target).astype(bool))


def test_unaligned_buffers_change_nothing() -> None:
    pool, target = drawn(15, 40)
    space = side_by_side.workspace(15)
    shifted = space._replace(merged=np.empty(space.merged.size + 1, np.int32)[1:])
    mask, found = np.zeros((40, 15), np.uint8), np.zeros(40, bool)
    side_by_side.nearest(shifted, fixed(pool), fixed(target), mask, found, 0, 40)
    assert found.all()
    assert np.array_equal(mask, walked(pool, target))
