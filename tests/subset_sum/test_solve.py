"""The solver's interface: shapes, types, determinism, errors, and what it promises about the numbers it returns."""

import numpy as np
import pytest
import torch

from sltk.core.errors import SltkError
from sltk.core.threads import limit, over_cores
from sltk.subset_sum import covering_radius, covers, oracle, solve

RNG = np.random.default_rng(20)
POOL, TARGET = RNG.uniform(-1, 1, (3, 4, 14)), RNG.uniform(-1, 1, (3, 4))
EACH = [("error", {}), ("cardinality", {"eps": 0.01}), ("mass", {"eps": 0.01}), ("weighted", {"alpha": 2.0})]


def same(a, b):
    return all((getattr(a, k) == getattr(b, k)).all() for k in ("mask", "value", "error", "reached"))


@pytest.mark.parametrize(("objective", "more"), EACH)
def test_shapes_and_types(objective, more):
    for pool, target in [(POOL, TARGET), (POOL[0, 0], TARGET), (POOL[0, 0], TARGET[0, 0])]:
        s = solve(pool, target, objective=objective, **more)
        assert s.mask.shape == (*target.shape, 14)
        assert s.value.shape == s.error.shape == s.reached.shape == target.shape
        assert (s.mask.dtype, s.value.dtype, s.error.dtype, s.reached.dtype) == (bool, float, float, bool)


@pytest.mark.parametrize(("objective", "more"), EACH)
def test_tensors_equal_arrays(objective, more):
    pool, target = torch.tensor(POOL, requires_grad=True), torch.tensor(TARGET)
    assert same(solve(pool, target, objective=objective, **more), solve(POOL, TARGET, objective=objective, **more))


@pytest.mark.parametrize(("objective", "more"), EACH)
def test_value_is_the_sum_of_the_mask_in_index_order(objective, more):
    s = solve(POOL, TARGET, objective=objective, **more)
    total = np.zeros_like(TARGET)
    for k in range(14):
        total += np.where(s.mask[..., k], POOL[..., k], 0.0)
    assert (s.value == total).all()
    assert (s.error == np.abs(TARGET - total)).all()


@pytest.mark.parametrize(("objective", "more"), EACH)
@pytest.mark.parametrize("shared", [False, True])
def test_an_answer_does_not_hang_on_its_batch(objective, more, shared):
    rng = np.random.default_rng(3)
    pool = rng.integers(-5, 6, 11 if shared else (700, 11)).astype(float)  # full of ties
    target = rng.integers(-30, 31, 700).astype(float)
    whole = solve(pool, target, objective=objective, **more)
    for part in (slice(0, 1), slice(5, 8), slice(699, 700)):
        few = solve(pool if shared else pool[part], target[part], objective=objective, **more)
        assert (few.mask == whole.mask[part]).all()


@pytest.mark.parametrize(("objective", "more"), EACH)
def test_an_answer_does_not_hang_on_the_threads(objective, more):
    rng = np.random.default_rng(4)
    pool, target = rng.integers(-5, 6, (3000, 12)).astype(float), rng.integers(-30, 31, 3000).astype(float)
    with limit(2):
        many = solve(pool, target, objective=objective, **more)
    with limit(1):
        assert same(solve(pool, target, objective=objective, **more), many)


@pytest.mark.parametrize(("objective", "more"), EACH)
def test_no_targets(objective, more):
    for pool in (np.zeros((0, 5)), np.zeros(5)):
        s = solve(pool, np.zeros(0), objective=objective, **more)
        assert s.mask.shape == (0, 5)
        assert s.value.shape == (0,)


@pytest.mark.parametrize(("objective", "more"), EACH)
def test_no_samples(objective, more):
    for pool, target in [(np.zeros((2, 0)), np.array([0.5, 0.001])), (np.zeros(0), np.array([0.5, 0.001]))]:
        s = solve(pool, target, objective=objective, **more)
        assert s.mask.shape == (2, 0)
        assert s.error.tolist() == [0.5, 0.001]
        assert s.reached.tolist() == ([False, True] if "eps" in more else [True, True])


def test_tolerances_and_prices_by_target():
    pool, target = np.array([0.5, 0.4, 0.05]), np.array([0.5, 0.5])
    assert solve(pool, target, eps=[0.01, 0.2], objective="mass").mask.sum(axis=1).tolist() == [1, 1]
    assert solve(pool, target, eps=[0.01, 0.2], objective="mass").value.tolist() == [0.5, 0.4]
    assert solve(pool, target, alpha=[0.5, 9.0], objective="weighted").value.tolist() == [0.0, 0.5]


def test_costs_of_a_shared_pool_may_differ_by_target():
    pool, target = np.array([1.0, 1.0]), np.array([1.0, 1.0])
    s = solve(pool, target, eps=0.1, objective="mass", costs=np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert s.mask.tolist() == [[True, False], [False, True]]
    own = solve(np.stack([pool, pool]), target, eps=0.1, objective="mass", costs=np.array([2.0, 1.0]))
    assert own.mask.tolist() == [[False, True]] * 2


def test_an_unreachable_target_is_a_failure_with_the_least_error():
    pool = np.array([[0.25, 0.5], [0.25, 0.5]])
    for objective, more in EACH[1:]:
        s = solve(pool, [3.0, 0.5], objective=objective, **{"eps": 0.01, **more})
        assert s.reached.tolist() == [False, True]
        assert s.error.tolist() == [2.25, 0.0]


def test_reached_is_decided_on_the_error_that_is_returned():
    """0.1 + 0.2 in halves of one sample each misses 0.3 by an ulp: no order of adding may call that zero."""
    for objective in ("cardinality", "mass"):
        s = solve([[0.1, 0.2]], [0.3], eps=1e-300, objective=objective)
        assert s.error[0] == abs(0.3 - (0.1 + 0.2)) > 0
        assert not s.reached[0]


def test_mass_falls_where_error_may_rise():
    least = solve(POOL, TARGET)
    light = solve(POOL, TARGET, eps=0.01, objective="mass")
    mass = [np.where(s.mask, np.abs(POOL), 0).sum(axis=-1) for s in (least, light)]
    assert (mass[1] <= mass[0] + 1e-12).all()
    assert mass[1].mean() < 0.7 * mass[0].mean()
    assert (least.error <= light.error).all()


@pytest.mark.parametrize("n", [30, 40])
def test_large_pools_find_a_hidden_subset(n):
    """Integers below 2^50 and a target that a known subset hits: error 0 must be found, and is exact."""
    rng = np.random.default_rng(n)
    pool = rng.integers(-(2**46), 2**46, n).astype(float)
    target = float(pool[rng.random(n) < 0.5].sum())
    assert solve(pool, target).error == 0
    if n == 30:
        assert solve(pool, target, eps=0.5, objective="mass").error == 0


def test_a_shared_pool_beyond_the_table():
    pool, target = np.random.default_rng(5).uniform(-1, 1, 26), np.array([0.3, -0.2, 0.9])
    shared, own = solve(pool, target), solve(np.stack([pool] * 3), target)
    assert same(shared, own)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"pool": [[np.nan]], "target": [1.0]}, r"pool must be finite, but pool\[\(0, 0\)\] = nan"),
        ({"pool": [[1.0]], "target": [np.inf]}, "target must be finite"),
        ({"pool": 1.0, "target": 1.0}, "single number"),
        ({"pool": [["a"]], "target": [1.0]}, "real numbers"),
        ({"pool": np.zeros((2, 3)), "target": np.zeros(3)}, "pool has shape"),
        ({"pool": np.zeros((2, 3)), "target": 0.0}, "pool has shape"),
        ({"pool": [1.0], "target": 0.0, "eps": 0.0}, "eps > 0"),
        ({"pool": [1.0], "target": 0.0, "eps": np.nan}, "eps must be finite"),
        ({"pool": [1.0], "target": [0.0], "eps": [0.1, 0.1]}, "eps must be a number or broadcast"),
        ({"pool": [1.0], "target": 0.0, "objective": "mass"}, "needs a tolerance"),
        ({"pool": [1.0], "target": 0.0, "objective": "best"}, "objective must be one of"),
        ({"pool": [1.0], "target": 0.0, "objective": "weighted"}, "needs alpha"),
        ({"pool": [1.0], "target": 0.0, "objective": "weighted", "alpha": -1.0}, "alpha >= 0"),
        ({"pool": [1.0], "target": 0.0, "alpha": 1.0}, "alpha is used by"),
        ({"pool": [1.0], "target": 0.0, "costs": [1.0]}, "costs are used by"),
        ({"pool": [1.0], "target": 0.0, "eps": 1.0, "objective": "mass", "costs": [-1.0]}, "costs must be >= 0"),
        ({"pool": [1.0], "target": 0.0, "eps": 1.0, "objective": "mass", "costs": [1.0, 1.0]}, "one entry a pool"),
        ({"pool": [1e308, 1e308], "target": 0.0}, "power of two"),
        ({"pool": np.zeros((1, 41)), "target": [0.0]}, "sub-pool"),
        ({"pool": np.zeros(45), "target": [0.0]}, "sub-pool"),
        ({"pool": np.zeros(41), "target": [0.0], "eps": 1.0, "objective": "cardinality"}, "sub-pool"),
    ],
)
def test_bad_input_is_named(arguments, said):
    with pytest.raises(SltkError, match=said):
        solve(**arguments)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: covering_radius([1.0], 1.0, 0.0), "low <= high"),
        (lambda: covering_radius(1.0, 0.0, 1.0), "single number"),
        (lambda: covering_radius(np.ones(35), 0.0, 1.0), "sub-pool"),
        (lambda: covering_radius([1e308, 1e308], 0.0, 1.0), "rescale"),
        (lambda: covering_radius([1.0], 0.0, np.nan), "high must be finite"),
        (lambda: covers([1.0], 0.0, 0.0, 1.0), "eps > 0"),
        (lambda: oracle.subsets([1.0] * 17, 0.0), "n <= 16"),
    ],
)
def test_bad_windows_are_named(call, said):
    with pytest.raises(SltkError, match=said):
        call()


def test_coverage_of_many_pools_and_of_a_long_one():
    pools = np.random.default_rng(6).uniform(-1, 1, (2, 50, 9))
    radius = covering_radius(pools, -0.5, 0.5)
    assert radius.shape == (2, 50)
    assert radius[1, 7] == covering_radius(pools[1, 7], -0.5, 0.5)
    assert (covers(pools, 0.05, -0.5, 0.5) == (radius <= 0.05)).all()
    powers = 2.0 ** -np.arange(1, 27)  # all multiples of 2^-26 in [0, 1)
    assert covering_radius(powers, 0.0, 0.5) == 2.0**-27
    assert covering_radius(powers, 0.5, 1.0) == 2.0**-26


def test_errors_of_a_thread_reach_the_caller():
    def fail(workspace, low, high):
        raise KeyError(low)

    with limit(2), pytest.raises(KeyError):
        over_cores(fail, 10, 1, lambda: None)
