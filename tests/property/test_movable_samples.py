"""Subset sums of samples that move: the fast search against enumeration in exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sltk.core.errors import SltkError
from sltk.subset_sum import oracle as o
from sltk.subset_sum import solve, solve_movable

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True, database=None)
quarters = st.integers(-24, 24).map(lambda k: k / 4)
pools = st.lists(quarters, max_size=7).map(np.array)
moves = st.integers(0, 8).map(lambda k: k / 8)
tolerances = st.sampled_from([0.125, 0.25, 1.0])


def left(subset: o.Subset, move: float) -> Fraction:
    """What moves of up to ``move`` leave of a subset's error, exactly."""
    return max(Fraction(0), subset.error - Fraction(move) * bin(subset.code).count("1"))


def check(solution, pool, target, eps, move, left=left):
    """The contract, exactly: dyadic numbers of few bits have no rounding."""
    every = o.subsets(pool, target)
    chosen = every[sum(1 << k for k, taken in enumerate(solution.mask) if taken)]
    within = [bin(s.code).count("1") for s in every if left(s, move) <= eps]
    assert Fraction(float(solution.value)) == chosen.value
    assert Fraction(float(solution.error)) == left(chosen, move)
    assert bool(solution.reached) == bool(within)
    if within:
        assert solution.mask.sum() == min(within)
    else:
        assert left(chosen, move) == min(left(s, move) for s in every)
    assert abs(solution.move) <= move
    moved = float(np.sum((pool + solution.move)[solution.mask]))
    assert abs(target - moved) <= float(solution.error) + 1e-13


@given(pools, quarters, tolerances, moves)
@SETTINGS
def test_one_target_and_batches_meet_the_contract(pool, target, eps, move):
    check(solve_movable(pool, target, eps=eps, movable=move), pool, target, eps, move)
    own = solve_movable(np.stack([pool, pool]), np.array([target, target]), eps=eps, movable=move)
    shared = solve_movable(pool, np.array([target, target]), eps=eps, movable=move)
    for batch in (own, shared):
        check(type(batch)(*(value[1] for value in vars(batch).values())), pool, target, eps, move)


@given(pools, quarters, tolerances, moves)
@SETTINGS
def test_moving_never_hurts(pool, target, eps, move):
    fixed = solve(pool, target, eps=eps, objective="cardinality")
    moved = solve_movable(pool, target, eps=eps, movable=move)
    assert moved.reached or not fixed.reached
    still = solve_movable(pool, target, eps=eps, movable=0.0)
    assert bool(still.reached) == bool(fixed.reached)
    assert not fixed.reached or still.mask.sum() == fixed.mask.sum()


def test_the_contract_has_teeth():
    """Negative control: moves that do not add up over the samples are noticed."""
    pool, target = np.array([1.0, 1.0, 0.25]), 2.75
    solution = solve_movable(pool, target, eps=0.125, movable=0.25)
    check(solution, pool, target, 0.125, 0.25)
    with pytest.raises(AssertionError):
        check(solution, pool, target, 0.125, 0.25, lambda s, move: max(Fraction(0), s.error - Fraction(move)))


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf")])
def test_moves_that_cannot_be_are_refused(wrong):
    with pytest.raises(SltkError, match="movable must be finite"):
        solve_movable(np.array([0.5]), 0.2, eps=0.1, movable=wrong)
    with pytest.raises(SltkError, match="eps"):
        solve_movable(np.array([0.5]), 0.2, eps=0.0, movable=0.1)
