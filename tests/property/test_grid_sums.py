"""Subset sums on a grid: ``solve`` decides them exactly, against all sums as integers."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sltk.core.rng import stream
from sltk.subset_sum import solve

SETTINGS = settings(max_examples=60, deadline=None, derandomize=True, database=None)
samples = st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=10)


def sums_of(pool):
    """Every subset sum, in Python's integers."""
    return reduce(lambda sums, x: sums | {s + x for s in sums}, [int(x) for x in pool], {0})


@given(samples, st.data())
@SETTINGS
def test_a_grid_target_is_hit_exactly_or_missed_by_a_step(pool, data):
    """On integers, and on the grid of a step that is a power of two."""
    sums = sums_of(pool)
    target = data.draw(st.sampled_from(sorted(sums)) | st.integers(-(2**21), 2**21))
    distance = min(abs(target - s) for s in sums)
    for step in (1.0, 2.0**-12, 2.0**-30):
        for objective in ("error", "cardinality", "mass"):
            found = solve(np.array(pool) * step, target * step, eps=step / 4, objective=objective)
            assert found.error == distance * step
            assert bool(found.reached) == (target in sums)


def test_pools_too_large_to_list():
    """26 samples of 18 bits: 2^26 subsets share some 10^6 sums, and every answer is right."""
    generator = stream(1, "test", "grid")
    pool = generator.integers(-(2**17), 2**17 + 1, 26)
    sums = sums_of(pool)
    targets = generator.integers(min(sums) - 1000, max(sums) + 1001, 200)
    found = solve(np.repeat(pool[None].astype(float), 200, axis=0), targets.astype(float), eps=0.25)
    assert found.reached.tolist() == [int(t) in sums for t in targets]
    assert 0 < found.reached.sum() < 200
    assert (found.value == np.round(found.value)).all()


def test_a_decimal_step_is_not_a_grid_in_binary():
    """Negative control: thirds of .3 are no multiples of .1, which is why measurements count in steps."""
    pool = np.array([0.1, 0.1, 0.1])
    assert solve(pool, 0.3).error > 0.0
    assert solve(np.ones(3), 3.0).error == 0.0


@pytest.mark.parametrize("eps", [0.25, 0.99])
def test_a_tolerance_below_a_step_separates_hit_from_miss(eps):
    assert not solve(np.array([2.0, 4.0]), 3.0, eps=eps).reached
    assert solve(np.array([2.0, 4.0]), 6.0, eps=eps).reached
