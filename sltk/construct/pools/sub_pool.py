"""Subset sums over some samples of each pool first, and over all of them where these do not do.

A search over n samples takes time ``2^(n/2)``, and failures of a construction are rare: a pool of 32 samples that is
searched over 28 of them first costs a quarter of its full search, and leaves a failure only where all 32 do.
"""

import numpy as np

from sltk.core.numerics.arrays import Indices, Values
from sltk.subset_sum import Solution, solve

# Among 2**24 subsets the nearest leaves less than float32 rounding of the sum; a search over more buys nothing.
ENOUGH_SAMPLES = 24


def sub_pool(n: int, first: int | None) -> Indices:
    """Which samples are searched first: ``first`` of ``n`` spread evenly; all where there are no more, or ``None``."""
    return np.arange(n) if first is None or first >= n else np.arange(first) * n // first


def solve_sub_pool_first(
    pool: Values,
    target: Values,
    first: int | None,
    *,
    eps: float,
    objective: str,
    costs: Values | None = None,
    alpha: Values | None = None,
    device: str = "cpu",
) -> Solution:
    """``sltk.subset_sum.solve`` of ``(problems, n)`` pools; a subset of the ``first`` samples is taken if it will do.

    The samples searched first are spread evenly over the pool, so that all its scales are among them. Objectives are
    then the least over these samples only; ``reached`` is false where no subset of the whole pool is within ``eps``.

    Args:
        first: how many samples; ``None``, or n and more, for the whole pool at once.
        pool, target, eps, objective, costs, alpha, device: as ``solve`` takes them, with a row of costs to each pool.
    """
    count, n = pool.shape
    if first is None or first >= n or not count:
        return solve(pool, target, eps=eps, objective=objective, costs=costs, alpha=alpha, device=device)
    some = sub_pool(n, first)
    found = solve(
        pool[:, some],
        target,
        eps=eps,
        objective=objective,
        costs=None if costs is None else costs[:, some],
        alpha=alpha,
        device=device,
    )
    mask = np.zeros(pool.shape, dtype=bool)
    mask[:, some] = found.mask
    value, error, reached = found.value.copy(), found.error.copy(), found.reached.copy()
    left = np.flatnonzero(~reached)
    if left.size:
        whole = solve(
            pool[left],
            target[left],
            eps=eps,
            objective=objective,
            costs=None if costs is None else costs[left],
            alpha=None if alpha is None else alpha[left],
            device=device,
        )
        mask[left], value[left], error[left], reached[left] = whole.mask, whole.value, whole.error, whole.reached
    return Solution(mask=mask, value=value, error=error, reached=reached)
