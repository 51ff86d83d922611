"""Contract of the exact solver: every path against full enumeration in exact rationals.

``slack`` is the rounding that the docstring of ``solve`` states; on integer-valued pools it must not be needed.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sltk.core.errors import SltkError
from sltk.subset_sum import covering_radius, covers, solve
from sltk.subset_sum import oracle as o
from sltk.subset_sum.backends import _shared
from sltk.subset_sum.widths import coverage

TINY = Fraction(np.finfo(float).smallest_subnormal)
SETTINGS = settings(max_examples=100, deadline=None, derandomize=True, database=None)

plain = st.floats(-4, 4)
integers = st.integers(-6, 6).map(float)
denormal = st.integers(-9, 9).map(lambda k: k * 5e-324)
wild = st.sampled_from([0.0, 1e300, -1e300, 1e-300, -3e-300, 5e-324, 1.0, -0.5, 2.0**52, 1e16, 1e17 + 64])
families = st.sampled_from([plain, integers, denormal, wild, st.floats(0, 3), st.floats(-3, -0.0), st.just(0.7)])


@st.composite
def problems(draw, largest=8, entries=None):
    """A pool, often with duplicates, and a target: any, or near the sum of a subset."""
    family = draw(families) if entries is None else entries
    pool = draw(st.lists(family, max_size=largest))
    if pool and draw(st.booleans()):
        pool = (pool + pool[: largest // 2])[:largest]
    take = draw(st.none() | st.lists(st.booleans(), min_size=len(pool), max_size=len(pool)))
    target = draw(family) if take is None else float(sum(x for x, taken in zip(pool, take, strict=True) if taken))
    return np.array(pool), target


def costs_for(pool, entries):
    return st.lists(entries, min_size=len(pool), max_size=len(pool)).map(np.array)


tolerances = st.sampled_from([5e-324, 1e-300, 1e-17, 1e-3, 0.01, 0.5, 1.0, 3.0, 1e10])
prices = st.sampled_from([st.integers(0, 3).map(float), st.floats(0, 5), st.sampled_from([0.0, 1e-300, 1e100])])


def slack(pool, target):
    scale = abs(Fraction(target)) + sum(abs(Fraction(x)) for x in pool)
    return (len(pool) + 4) * Fraction(1, 2**52) * scale + TINY


def chosen(solution, every, pool, target):
    """The exact subset behind a mask, once its value and error are checked against it."""
    subset = every[sum(1 << k for k, taken in enumerate(solution.mask) if taken)]
    near = slack(pool, target)
    assert abs(Fraction(float(solution.value)) - subset.value) <= near
    assert abs(Fraction(float(solution.error)) - subset.error) <= near
    return subset


def check_least_error(solution, every, pool, target, exact=False):
    subset = chosen(solution, every, pool, target)
    assert subset.error <= o.least_error(every) + (0 if exact else slack(pool, target))


def check_costly(solution, every, pool, target, eps, costs, alpha=0.0, exact=False):
    """Reached: as good as any subset surely within eps. Not reached: none is, and the error is the least."""
    near = Fraction(0) if exact else slack(pool, target)
    cap, a = None if eps is None else Fraction(eps), Fraction(alpha)
    best = o.best_within(every, None if cap is None else cap - near, a)
    subset = chosen(solution, every, pool, target)
    assert bool(solution.reached) == (eps is None or float(solution.error) <= eps)
    if not solution.reached:
        assert best is None
        check_least_error(solution, every, pool, target, exact)
    elif best is not None:
        size = sum(Fraction(c) for c in costs) + a * (abs(Fraction(target)) + sum(abs(Fraction(x)) for x in pool))
        extra = 0 if exact else (len(pool) + 4) * Fraction(1, 2**52) * size + TINY
        got, least = a * subset.error + subset.cost, a * best.error + best.cost
        assert got <= least + extra
        assert not exact or got < least or subset.error <= best.error


def both_ways(pool, target, **arguments):
    """The answers of a pool of its own in a batch, and of a shared pool for several targets."""
    own = solve(np.stack([pool, pool]), np.array([target, target]), **arguments)
    shared = solve(pool, np.array([target, target]), **arguments)
    for batch in (own, shared):
        assert (batch.mask[0] == batch.mask[1]).all()
    return [type(own)(s.mask[1], s.value[1], s.error[1], s.reached[1]) for s in (own, shared)]


@given(problems())
@example((np.array([1e300, -1e300, 1e-300]), 1e-300))
@example((np.array([5e-324] * 9), 2.5e-323))
@example((np.zeros(0), 0.75))
@SETTINGS
def test_least_error(problem):
    pool, target = problem
    every = o.subsets(pool, target)
    for solution in both_ways(pool, target):
        check_least_error(solution, every, pool, target)
        assert solution.reached


@given(problems(entries=integers))
@SETTINGS
def test_least_error_of_integers_is_exact(problem):
    pool, target = problem
    for solution in both_ways(pool, target):
        check_least_error(solution, o.subsets(pool, target), pool, target, exact=True)


@given(problems())
@SETTINGS
def test_shared_pool_too_large_for_a_table(problem):
    pool, target = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_shared, "LARGEST", -1)
        shared = solve(pool, np.array([target, 0.0]))
    own = solve(np.stack([pool, pool]), np.array([target, 0.0]))
    assert (shared.mask == own.mask).all()  # the very same search


@given(problems(), tolerances)
@SETTINGS
def test_fewest_samples(problem, eps):
    pool, target = problem
    every = o.subsets(pool, target)
    for solution in both_ways(pool, target, eps=eps, objective="cardinality"):
        check_costly(solution, every, pool, target, eps, np.ones(len(pool)))


@given(problems(entries=integers), st.sampled_from([0.5, 1.0, 2.0]))
@SETTINGS
def test_fewest_integers_is_exact(problem, eps):
    pool, target = problem
    every = o.subsets(pool, target)
    for solution in both_ways(pool, target, eps=eps, objective="cardinality"):
        check_costly(solution, every, pool, target, eps, np.ones(len(pool)), exact=True)


@given(problems(entries=integers), st.sampled_from([0.5, 1.0, 2.0]))
@SETTINGS
def test_fewest_samples_without_enumeration(problem, eps):
    pool, target = problem
    every = o.subsets(pool, target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sltk.subset_sum.backends._cardinality.LEVEL", -99)  # nothing is enumerated but the empty subset
        solutions = both_ways(pool, target, eps=eps, objective="cardinality")
    for solution in solutions:
        check_costly(solution, every, pool, target, eps, np.ones(len(pool)), exact=True)


@given(problems(), tolerances, st.data())
@SETTINGS
def test_least_mass(problem, eps, data):
    pool, target = problem
    costs = data.draw(costs_for(pool, data.draw(prices)))
    every = o.subsets(pool, target, costs)
    for solution in both_ways(pool, target, eps=eps, objective="mass", costs=costs):
        check_costly(solution, every, pool, target, eps, costs)
    default = solve(pool, target, eps=eps, objective="mass")
    check_costly(default, o.subsets(pool, target, np.abs(pool)), pool, target, eps, np.abs(pool))


@given(problems(), st.none() | tolerances, st.sampled_from([0.0, 1e-3, 1.0, 7.0]), st.data())
@SETTINGS
def test_least_weighted(problem, eps, alpha, data):
    pool, target = problem
    costs = data.draw(costs_for(pool, data.draw(prices)))
    every = o.subsets(pool, target, costs)
    for solution in both_ways(pool, target, eps=eps, objective="weighted", costs=costs, alpha=alpha):
        check_costly(solution, every, pool, target, eps, costs, alpha)


@given(problems(entries=integers), st.sampled_from([None, 0.5, 1.0, 2.0]), st.sampled_from([0.0, 1.0, 2.0]), st.data())
@SETTINGS
def test_integers_with_tied_costs_are_exact(problem, eps, alpha, data):
    pool, target = problem
    costs = data.draw(costs_for(pool, st.integers(0, 2).map(float)))
    every = o.subsets(pool, target, costs)
    for solution in both_ways(pool, target, eps=eps, objective="weighted", costs=costs, alpha=alpha):
        check_costly(solution, every, pool, target, eps, costs, alpha, exact=True)


@pytest.mark.parametrize("n", [10, 11, 12, 13])
@pytest.mark.parametrize("objective", ["error", "cardinality", "mass", "weighted"])
def test_pools_of_several_blocks(n, objective):
    """Walks of a few blocks, long queues, and cardinalities beyond enumeration."""
    rng = np.random.default_rng(n)
    pool, target = rng.uniform(-1, 1, (6, n)), rng.uniform(-3, 3, 6)
    eps, alpha = None if objective == "error" else 2e-3, 2.0 if objective == "weighted" else None
    solution = solve(pool, target, eps=eps, objective=objective, alpha=alpha)
    for k in range(6):
        costs = np.ones(n) if objective == "cardinality" else np.abs(pool[k])
        every = o.subsets(pool[k], target[k], costs)
        one = type(solution)(solution.mask[k], solution.value[k], solution.error[k], solution.reached[k])
        if objective == "error":
            check_least_error(one, every, pool[k], target[k])
        else:
            check_costly(one, every, pool[k], target[k], eps, costs, alpha or 0.0)


def test_the_contract_rejects_a_worse_subset():
    """Negative control: an answer with one sample missing must be noticed by each check."""
    pool, target = np.array([0.5, 0.25, 0.125, -0.75]), 0.875
    every = o.subsets(pool, target)
    right = solve(pool, target, eps=0.01, objective="cardinality")
    wrong = solve(pool[:2], target, eps=0.01)
    wrong = type(right)(np.append(wrong.mask, [False, False]), wrong.value, wrong.error, wrong.reached)
    check_least_error(right, every, pool, target)
    check_costly(right, every, pool, target, 0.01, np.ones(4))
    with pytest.raises(AssertionError):
        check_least_error(wrong, every, pool, target)
    with pytest.raises(AssertionError):
        check_costly(wrong, every, pool, target, 0.01, np.ones(4))


windows = st.tuples(st.floats(-6, 6), st.floats(-6, 6)).map(sorted)


@given(problems(largest=7), windows)
@example((np.zeros(0), 0.0), [-1.0, 0.5])
@example((np.array([4.0]), 0.0), [1.0, 1.5])
@SETTINGS
def test_covering_radius(problem, window):
    pool, (low, high) = problem[0], window
    near = slack(pool, max(abs(low), abs(high)))
    exact = o.largest_distance(pool, low, high)
    assert abs(Fraction(covering_radius(pool, low, high)) - exact) <= near
    assert abs(Fraction(coverage._by_stretches(pool, low, high)) - exact) <= near
    assert (covering_radius(np.stack([pool, pool]), low, high) == covering_radius(pool, low, high)).all()


@given(problems(largest=8, entries=integers), st.tuples(st.integers(-20, 20), st.integers(-20, 20)).map(sorted))
@SETTINGS
def test_covering_radius_of_integers_is_exact(problem, window):
    pool, (low, high) = problem[0], (window[0] / 4, window[1] / 4)
    exact = o.largest_distance(pool, low, high)
    assert Fraction(covering_radius(pool, low, high)) == exact
    assert Fraction(coverage._by_stretches(pool, low, high)) == exact
    if exact > 0:
        assert covers(pool, float(exact), low, high)
        assert not covers(pool, float(exact) * (1 - 1e-12), low, high)


@pytest.mark.parametrize("n", [11, 18])
def test_stretches_equal_the_table(n):
    pool = np.random.default_rng(n).uniform(-1, 1, n)
    for low, high in [(-0.5, 0.5), (0.0, 4.0), (-1e-3, 1e-3), (-9.0, 9.0), (0.3, 0.3)]:
        assert coverage._by_stretches(pool, low, high) == pytest.approx(covering_radius(pool, low, high), abs=1e-14)


def test_largest_gap_rule_is_not_the_radius():
    """Negative control: the widest gap that meets the window has its midpoint outside."""
    pool, low, high = np.array([1.0, 11.0]), 0.0, 3.0
    assert covering_radius(pool, low, high) == 2.0  # 3 is 2 from 1; half of the gap (1, 11) is 5
    assert o.largest_distance(pool, low, high) == 2


@given(problems(largest=7), st.data())
@SETTINGS
def test_least_error_of_a_given_size_and_with_locked_samples(problem, data):
    """Against enumeration: the subset has the size and the samples that were asked for, and none of them is nearer."""
    pool, target = problem
    locked = np.array(data.draw(st.lists(st.booleans(), min_size=len(pool), max_size=len(pool))), bool)
    size = data.draw(st.none() | st.integers(int(locked.sum()), len(pool)))
    if size is not None and (np.abs(pool).max(initial=0.0) > 1e290 or abs(target) > 1e290):
        return  # refused, see below
    code = sum(1 << k for k, taken in enumerate(locked) if taken)
    every = [s for s in o.subsets(pool, target) if s.code & code == code and size in (None, bin(s.code).count("1"))]
    for solution in both_ways(pool, target, size=size, locked=locked):
        subset = {s.code: s for s in every}[sum(1 << k for k, taken in enumerate(solution.mask) if taken)]
        near = slack(pool, target) * (1 if size is None else 8 * max(len(pool), 1))
        assert subset.error <= o.least_error(every) + near


@given(problems(largest=7, entries=integers), st.integers(0, 7), tolerances)
@SETTINGS
def test_cheapest_of_a_given_size_of_integers_is_exact(problem, size, eps):
    pool, target = problem
    size = min(size, len(pool))
    every = [s for s in o.subsets(pool, target, np.abs(pool)) if bin(s.code).count("1") == size]
    best = o.best_within(every, Fraction(eps))
    for solution in both_ways(pool, target, eps=eps, objective="mass", size=size):
        assert solution.mask.sum() == size
        assert bool(solution.reached) == (best is not None)
        if best is not None:
            assert np.abs(pool)[solution.mask].sum() == best.cost


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 4}, "one is 4"),
        ({"size": -1}, "one is -1"),
        ({"size": 1.0}, "whole numbers"),
        ({"size": np.array([1, 2])}, "broadcast to the targets' shape"),
        ({"locked": [1, 0, 0]}, "locked must be bool"),
        ({"locked": [True, False]}, "locked must be bool with shape"),
        ({"size": 1, "locked": [True, True, False]}, "between the number of locked samples"),
    ],
)
def test_restrictions_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(SltkError, match=message):
        solve(np.array([0.1, 0.2, 0.3]), 0.2, **arguments)
    with pytest.raises(SltkError, match="too large for a search by size"):
        solve(np.array([4e307]), 0.0, size=1)
