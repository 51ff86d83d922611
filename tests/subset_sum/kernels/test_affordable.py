"""The search of what the optimum can afford against the search of whole lists, and the lemma that it rests on."""

from itertools import pairwise, product

import numpy as np
import pytest

from sltk.core.rng import stream
from sltk.subset_sum import solve
from sltk.subset_sum.backends.meet_in_the_middle import MeetInTheMiddle
from sltk.subset_sum.kernels import affordable

AFFORDABLE = MeetInTheMiddle(smallest=1)
POOLS = 10_000


def uniform(random, n, count):
    return random.uniform(-1, 1, (count, n))


def scaled(random, n, count):
    """Samples over seven powers of two, as a construction with scale exponents has them."""
    return random.uniform(-2, 2, (count, n)) * 2.0 ** (np.arange(n) % 7 - 3)


def products(random, n, count):
    return uniform(random, n, count) * uniform(random, n, count)


def pruned(random, n, count):
    """Half of the samples are zero."""
    return uniform(random, n, count) * (random.random((count, n)) < 0.5)


def mass(random, pool):
    return {"objective": "mass", "eps": 0.01}


def uncapped(random, pool):
    return {"objective": "weighted", "alpha": 1.0}


def light(random, pool):
    """Errors cost more than samples: the other branch of the bound."""
    return {"objective": "weighted", "alpha": 1.0, "costs": 0.003 * np.abs(pool), "eps": 0.008}


def dear(random, pool):
    """Samples cost more than errors."""
    return {"objective": "weighted", "alpha": 0.2, "eps": 0.05}


def any_costs(random, pool):
    return {"objective": "mass", "eps": 0.01, "costs": random.uniform(0, 1, pool.shape)}


def by_problem(random, pool):
    """Tolerance and price differ by target; many pools fail."""
    count = len(pool)
    eps, alpha = 10.0 ** random.uniform(-6, 0, count), random.uniform(0, 3, count)
    return {"objective": "weighted", "eps": eps, "alpha": alpha, "costs": np.abs(pool) * random.uniform(0.5, 1)}


KINDS = [
    (uniform, mass, 20), (uniform, uncapped, 18), (scaled, light, 18), (uniform, dear, 16), (uniform, any_costs, 14),
    (products, by_problem, 14), (pruned, mass, 18), (scaled, by_problem, 12), (uniform, by_problem, 7),
]  # fmt: skip


@pytest.mark.parametrize(("pools", "aims", "n"), KINDS, ids=lambda part: getattr(part, "__name__", part))
def test_masks_equal_those_of_whole_lists(pools, aims, n):
    """10,000 pools of a continuous law have no ties: the optimum is one subset, whichever way it is found."""
    random = stream(1, "affordable", pools.__name__, aims.__name__)
    pool, target = pools(random, n, POOLS), random.uniform(-1, 1, POOLS)
    arguments = aims(random, pool)
    few = solve(pool, target, backend=AFFORDABLE, **arguments)
    whole = solve(pool, target, backend="whole-lists", **arguments)
    assert np.array_equal(few.mask, whole.mask)
    assert np.array_equal(few.reached, whole.reached)


@pytest.mark.parametrize(("n", "count"), [(28, 300), (36, 12)])
def test_masks_equal_those_of_long_lists(n, count):
    random = stream(2, "affordable", n)
    pool = scaled(random, n, count)
    arguments = {"target": random.normal(0, 0.3, count), **light(random, pool)}
    assert np.array_equal(solve(pool, **arguments).mask, solve(pool, backend="whole-lists", **arguments).mask)


@pytest.mark.parametrize("n", [10, 16])
@pytest.mark.parametrize(
    ("objective", "alpha"), [("mass", None), ("weighted", 0.0), ("weighted", 0.5), ("weighted", 2)]
)
def test_objectives_and_errors_are_equal_where_there_are_ties(n, objective, alpha):
    """Integers: 10,000 pools full of ties, exact, so that both must agree on the objective and then on the error."""
    random = stream(3, "affordable", n, objective)
    pool, target = random.integers(-9, 10, (POOLS, n)), random.integers(-20, 21, POOLS)
    costs = random.integers(0, 4, (POOLS, n)) if n == 10 else np.abs(pool)
    arguments = {"eps": 1.5, "objective": objective, "alpha": alpha, "costs": costs}
    few = solve(pool, target, backend=AFFORDABLE, **arguments)
    whole = solve(pool, target, backend="whole-lists", **arguments)
    assert np.array_equal(few.error, whole.error)
    assert np.array_equal((few.mask * costs).sum(axis=1), (whole.mask * costs).sum(axis=1))
    assert (few.mask != whole.mask).any()  # the ties are there


def test_one_pool_for_all_targets_is_searched_as_one_for_each():
    random = stream(4, "affordable")
    pool, target = random.uniform(-1, 1, 22), random.uniform(-1, 1, 500)
    shared = solve(pool, target, eps=0.01, objective="mass")
    assert np.array_equal(shared.mask, solve(np.tile(pool, (500, 1)), target, eps=0.01, objective="mass").mask)


@pytest.mark.parametrize(("eps", "alpha"), [(0.05, 0.0), (0.05, 0.7), (0.05, 3.0), (np.inf, 0.7), (np.inf, 3.0)])
def test_no_subset_costs_less_than_the_bounds_of_its_parts(eps, alpha):
    """The lemma, and that bounds do not fall from part to whole, on all subsets of small pools."""
    random = stream(5, "affordable", str(eps), str(alpha))
    least = np.inf
    for _ in range(60):
        x, z = random.uniform(-1, 1, 7), random.uniform(-1, 1)
        costs = np.abs(x) * random.uniform(0.5, 2.0, 7)
        s = (costs / np.abs(x)).min()

        def bound(part, x=x, z=z, costs=costs, s=s):
            rest = abs(z - part @ x)
            return part @ costs + min(s, alpha) * min(rest, eps) + s * max(0.0, rest - eps)

        for taken in map(np.array, product((0, 1), repeat=7)):
            error = abs(z - taken @ x)
            parts = [bound(np.where(np.arange(7) < size, taken, 0)) for size in range(8)]
            assert all(a <= b + 1e-12 for a, b in pairwise(parts))
            if error <= eps:
                least = min(least, alpha * error + taken @ costs - parts[-1])
    assert least >= -1e-12
    assert least < 0.01  # and not for want of tightness: where errors are no dearer than samples it is reached


def test_a_bound_that_is_too_high_would_be_noticed(monkeypatch):
    """Negative control: lists cut to the samples that the first guess affords, however good the answer, are wrong."""
    random = stream(6, "affordable")
    pool, target = random.uniform(-1, 1, (2000, 16)), random.uniform(-1, 1, 2000)
    right = solve(pool, target, eps=0.01, objective="mass", backend="whole-lists")
    some = np.argsort(np.abs(target[:, None] - pool) + np.abs(pool), axis=1)[:, : affordable.FIRST]
    few = solve(np.take_along_axis(pool, some, axis=1), target, eps=0.01, objective="mass", backend="whole-lists")
    mask = np.zeros_like(right.mask)
    np.put_along_axis(mask, some, few.mask, axis=1)
    assert (mask != right.mask).any(axis=1).mean() > 0.05


def test_lists_that_grow_too_long_are_left_to_the_whole_search():
    """Tolerances that almost no subset meets, and costs that tell nothing: as good, by the other kernel."""
    random = stream(7, "affordable")
    pool, target = random.uniform(-1, 1, (300, 20)), random.uniform(-1, 1, 300)
    for costs in (np.abs(pool), np.where(random.random(pool.shape) < 0.2, 0.0, 1.0)):
        arguments = {"eps": 2e-5, "objective": "mass", "costs": costs}
        few, whole = solve(pool, target, **arguments), solve(pool, target, backend="whole-lists", **arguments)
        assert np.array_equal(few.reached, whole.reached)
        assert (few.mask * costs).sum(axis=1) == pytest.approx((whole.mask * costs).sum(axis=1), abs=1e-12)
        assert 0 < few.reached.sum() < 300
