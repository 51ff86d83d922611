"""Problems for the solver, and the checks of its answers against full enumeration in exact rationals.

``slack`` is the rounding that the docstring of ``solve`` states; on integer-valued pools it must not be needed.
"""

from fractions import Fraction

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from sltk.subset_sum import oracle as o
from sltk.subset_sum import solve

TINY = Fraction(np.finfo(float).smallest_subnormal)
SETTINGS = settings(max_examples=40, deadline=None, derandomize=True, database=None)

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


def both_ways(backend, pool, target, **arguments):
    """The answers of a pool of its own in a batch, and of a shared pool for several targets."""
    own = solve(np.stack([pool, pool]), np.array([target, target]), backend=backend, **arguments)
    shared = solve(pool, np.array([target, target]), backend=backend, **arguments)
    for batch in (own, shared):
        assert (batch.mask[0] == batch.mask[1]).all()
    return [type(own)(s.mask[1], s.value[1], s.error[1], s.reached[1]) for s in (own, shared)]
