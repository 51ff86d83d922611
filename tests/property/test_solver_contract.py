"""Contract of the exact solver: every backend, on every path, against full enumeration in exact rationals.

A new backend is held by it once it is registered. The broken ones at the end show what the contract notices.
"""

import importlib.util
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from sltk.core.errors import SltkError
from sltk.subset_sum import oracle as o
from sltk.subset_sum import solve
from sltk.subset_sum.backends import backend_named, backend_names, register_backend
from sltk.subset_sum.backends.meet_in_the_middle import MeetInTheMiddle
from sltk.subset_sum.backends.torch_operations import TorchOperations
from sltk.subset_sum.kernels import shared_pool
from sltk.subset_sum.problem import Limits
from tests.property.subset_sum_problems import (
    SETTINGS,
    both_ways,
    check_costly,
    check_least_error,
    costs_for,
    integers,
    prices,
    problems,
    slack,
    tolerances,
)  # fmt: skip

# The default asks for pools of some size before it looks at what the optimum can afford: here for none.
AFFORDABLE = pytest.param(MeetInTheMiddle(smallest=1), id="affordable")
# Torch operations hold one row at a time here, so that every problem is cut into pieces.
ROW_BY_ROW = pytest.param(TorchOperations(memory=1.0, smallest=1), id="torch, row by row")
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
CUDA = pytest.param(TorchOperations("cuda", smallest=1), id="torch on a GPU", marks=GPU)
# Without a GPU the Triton kernel is interpreted, which has to be said before it is imported.
os.environ.setdefault("TRITON_INTERPRET", "0" if torch.cuda.is_available() else "1")
NO_TRITON = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="needs triton: sltk[gpu]")
PLACE = "cuda" if torch.cuda.is_available() else "cpu"
PAIRS = pytest.param(TorchOperations(PLACE, triton=True), id="triton", marks=NO_TRITON)
EVERY_BACKEND = pytest.mark.parametrize("backend", [*backend_names(), AFFORDABLE, ROW_BY_ROW, CUDA, PAIRS])


@lru_cache(maxsize=64)
def enumerated(pool, target, costs):
    """All subsets of a problem that several backends are put to."""
    return o.subsets(np.array(pool), target, np.array(costs))


@EVERY_BACKEND
class TestSolverContract:
    """Whatever the backend, ``solve`` keeps what its docstring promises."""

    @given(problems())
    @example((np.array([1e300, -1e300, 1e-300]), 1e-300))
    @example((np.array([5e-324] * 9), 2.5e-323))
    @example((np.zeros(0), 0.75))
    @SETTINGS
    def test_least_error(self, backend, problem):
        pool, target = problem
        every = o.subsets(pool, target)
        for solution in both_ways(backend, pool, target):
            check_least_error(solution, every, pool, target)
            assert solution.reached

    @given(problems(entries=integers))
    @SETTINGS
    def test_least_error_of_integers_is_exact(self, backend, problem):
        pool, target = problem
        for solution in both_ways(backend, pool, target):
            check_least_error(solution, o.subsets(pool, target), pool, target, exact=True)

    @given(problems(), tolerances)
    @SETTINGS
    def test_fewest_samples(self, backend, problem, eps):
        pool, target = problem
        every = o.subsets(pool, target)
        for solution in both_ways(backend, pool, target, eps=eps, objective="cardinality"):
            check_costly(solution, every, pool, target, eps, np.ones(len(pool)))

    @given(problems(entries=integers), st.sampled_from([0.5, 1.0, 2.0]))
    @SETTINGS
    def test_fewest_integers_is_exact(self, backend, problem, eps):
        pool, target = problem
        every = o.subsets(pool, target)
        for solution in both_ways(backend, pool, target, eps=eps, objective="cardinality"):
            check_costly(solution, every, pool, target, eps, np.ones(len(pool)), exact=True)

    @given(problems(), tolerances, st.data())
    @SETTINGS
    def test_least_mass(self, backend, problem, eps, data):
        pool, target = problem
        costs = data.draw(costs_for(pool, data.draw(prices)))
        every = o.subsets(pool, target, costs)
        for solution in both_ways(backend, pool, target, eps=eps, objective="mass", costs=costs):
            check_costly(solution, every, pool, target, eps, costs)
        default = solve(pool, target, backend=backend, eps=eps, objective="mass")
        check_costly(default, o.subsets(pool, target, np.abs(pool)), pool, target, eps, np.abs(pool))

    @given(problems(), st.none() | tolerances, st.sampled_from([0.0, 1e-3, 1.0, 7.0]), st.data())
    @SETTINGS
    def test_least_weighted(self, backend, problem, eps, alpha, data):
        pool, target = problem
        costs = data.draw(costs_for(pool, data.draw(prices)))
        every = o.subsets(pool, target, costs)
        for solution in both_ways(backend, pool, target, eps=eps, objective="weighted", costs=costs, alpha=alpha):
            check_costly(solution, every, pool, target, eps, costs, alpha)

    @given(
        problems(entries=integers), st.sampled_from([None, 0.5, 1.0, 2.0]), st.sampled_from([0.0, 1.0, 2.0]), st.data()
    )
    @SETTINGS
    def test_integers_with_tied_costs_are_exact(self, backend, problem, eps, alpha, data):
        pool, target = problem
        costs = data.draw(costs_for(pool, st.integers(0, 2).map(float)))
        every = o.subsets(pool, target, costs)
        for solution in both_ways(backend, pool, target, eps=eps, objective="weighted", costs=costs, alpha=alpha):
            check_costly(solution, every, pool, target, eps, costs, alpha, exact=True)

    @pytest.mark.parametrize("n", [10, 11, 12, 13])
    @pytest.mark.parametrize("objective", ["error", "cardinality", "mass", "weighted"])
    def test_pools_of_several_blocks(self, backend, n, objective):
        """Walks of a few blocks, long queues, and cardinalities beyond enumeration."""
        rng = np.random.default_rng(n)
        pool, target = rng.uniform(-1, 1, (6, n)), rng.uniform(-3, 3, 6)
        eps, alpha = None if objective == "error" else 2e-3, 2.0 if objective == "weighted" else None
        solution = solve(pool, target, backend=backend, eps=eps, objective=objective, alpha=alpha)
        for k in range(6):
            costs = np.ones(n) if objective == "cardinality" else np.abs(pool[k])
            every = enumerated(tuple(pool[k]), target[k], tuple(costs))
            one = type(solution)(solution.mask[k], solution.value[k], solution.error[k], solution.reached[k])
            if objective == "error":
                check_least_error(one, every, pool[k], target[k])
            else:
                check_costly(one, every, pool[k], target[k], eps, costs, alpha or 0.0)

    @given(problems(largest=7), st.data())
    @SETTINGS
    def test_least_error_of_a_given_size_and_with_locked_samples(self, backend, problem, data):
        """Against enumeration: the size and the samples that were asked for, and no such subset is nearer."""
        pool, target = problem
        locked = np.array(data.draw(st.lists(st.booleans(), min_size=len(pool), max_size=len(pool))), bool)
        size = data.draw(st.none() | st.integers(int(locked.sum()), len(pool)))
        if size is not None and (np.abs(pool).max(initial=0.0) > 1e290 or abs(target) > 1e290):
            return  # refused, see below
        code = sum(1 << k for k, taken in enumerate(locked) if taken)
        every = [s for s in o.subsets(pool, target) if s.code & code == code and size in (None, bin(s.code).count("1"))]
        for solution in both_ways(backend, pool, target, size=size, locked=locked):
            subset = {s.code: s for s in every}[sum(1 << k for k, taken in enumerate(solution.mask) if taken)]
            near = slack(pool, target) * (1 if size is None else 8 * max(len(pool), 1))
            assert subset.error <= o.least_error(every) + near

    @given(problems(largest=7, entries=integers), st.integers(0, 7), tolerances)
    @SETTINGS
    def test_cheapest_of_a_given_size_of_integers_is_exact(self, backend, problem, size, eps):
        pool, target = problem
        size = min(size, len(pool))
        every = [s for s in o.subsets(pool, target, np.abs(pool)) if bin(s.code).count("1") == size]
        best = o.best_within(every, Fraction(eps))
        for solution in both_ways(backend, pool, target, eps=eps, objective="mass", size=size):
            assert solution.mask.sum() == size
            assert bool(solution.reached) == (best is not None)
            if best is not None:
                assert np.abs(pool)[solution.mask].sum() == best.cost


@given(problems())
@SETTINGS
def test_shared_pool_too_large_for_a_table(problem):
    pool, target = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_pool, "LARGEST", -1)
        shared = solve(pool, np.array([target, 0.0]))
    own = solve(np.stack([pool, pool]), np.array([target, 0.0]))
    assert (shared.mask == own.mask).all()  # the very same search


@given(problems(entries=integers), st.sampled_from([0.5, 1.0, 2.0]))
@SETTINGS
def test_fewest_samples_without_enumeration(problem, eps):
    pool, target = problem
    every = o.subsets(pool, target)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sltk.subset_sum.kernels.fewest.LEVEL", -99)  # nothing is enumerated but the empty subset
        solutions = both_ways("auto", pool, target, eps=eps, objective="cardinality")
    for solution in solutions:
        check_costly(solution, every, pool, target, eps, np.ones(len(pool)), exact=True)


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


def answers(backend):
    """The contract on problems of each objective that are drawn once: what the broken backends are put to."""
    rng = np.random.default_rng(8)
    for n in (1, 4, 6):
        pool, target = rng.integers(-6, 7, (12, n)).astype(float), rng.integers(-9, 10, 12).astype(float)
        costs = rng.integers(1, 4, (12, n)).astype(float)
        least = solve(pool, target, backend=backend)
        fewest = solve(pool, target, eps=1.0, objective="cardinality", backend=backend)
        light = solve(pool, target, eps=1.0, objective="mass", costs=costs, backend=backend)
        mixed = solve(pool, target, eps=2.0, objective="weighted", costs=costs, alpha=0.5, backend=backend)
        for k in range(12):
            one = [type(s)(s.mask[k], s.value[k], s.error[k], s.reached[k]) for s in (least, fewest, light, mixed)]
            ones, own = o.subsets(pool[k], target[k]), o.subsets(pool[k], target[k], costs[k])
            check_least_error(one[0], ones, pool[k], target[k], exact=True)
            check_costly(one[1], ones, pool[k], target[k], 1.0, np.ones(n), exact=True)
            check_costly(one[2], own, pool[k], target[k], 1.0, costs[k], exact=True)
            check_costly(one[3], own, pool[k], target[k], 2.0, costs[k], 0.5, exact=True)


@EVERY_BACKEND
def test_backends_answer_the_problems_of_the_controls(backend):
    answers(backend)


@dataclass(frozen=True)
class Broken:
    """A right backend whose masks are spoilt for one objective."""

    objective: str
    right = backend_named("enumeration")
    name = "broken"
    limits = Limits(own=16, shared=16)

    def search(self, problem):
        mask, found = self.right.search(problem)
        return self.spoil(problem, mask, found) if problem.objective == self.objective else (mask, found)


class FlipsABit(Broken):
    """The first sample of every subset is taken where it should not be, and left where it should."""

    def spoil(self, problem, mask, found):
        mask[:, 0] ^= 1
        return mask, found


class SecondBest(Broken):
    """The best is passed over: one of its samples is forbidden, where it has any."""

    def spoil(self, problem, mask, found):
        pool = np.where(mask, 1e6, problem.pool)
        costs = None if problem.costs is None else np.where(mask, 1e6, problem.costs)
        return self.right.search(replace(problem, pool=pool, costs=costs))


class FindsNothing(Broken):
    """Every tolerance is too tight."""

    def spoil(self, problem, mask, found):
        return mask, np.zeros_like(found)


class FindsAll(Broken):
    """No tolerance is too tight; the empty subset stands for what is not there."""

    def spoil(self, problem, mask, found):
        return mask * found[:, None], np.ones_like(found)


COSTLY = ("cardinality", "mass", "weighted")


@pytest.mark.parametrize(
    ("broken", "objective"),
    [(FlipsABit, "error"), (SecondBest, "error")]
    + [(kind, objective) for kind in (FlipsABit, SecondBest, FindsNothing, FindsAll) for objective in COSTLY],
)
def test_the_contract_catches_a_broken_backend(broken, objective):
    """Negative control."""
    with pytest.raises(AssertionError):
        answers(broken(objective))


def test_a_backend_is_named_once_and_known_by_its_name():
    class Again:
        name = "enumeration"
        limits = Limits(own=1, shared=1)

        def search(self, problem):
            raise NotImplementedError

    with pytest.raises(SltkError, match="registered already"):
        register_backend(Again)
    with pytest.raises(SltkError, match="backend must be one of auto, enumeration, meet-in-the-middle"):
        solve([0.5], 0.5, backend="gurobi")
    with pytest.raises(SltkError, match="n <= 16"):
        solve(np.ones(17), 0.5, backend="enumeration")


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
