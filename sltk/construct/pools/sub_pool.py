"""Subset sums over some samples of each pool first, and over all of them where these do not do.

A search over n samples takes time ``2^(n/2)``, and failures of a construction are rare: a pool of 32 samples that is
searched over 28 of them first costs a quarter of its full search, and leaves a failure only where all 32 do.

Which samples are first decides what is read. Spread evenly over the pool, they are like the pool. The smallest ones do
for nearly every parameter, since large samples are there for the rare pool whose large samples all have the wrong
sign: errors are then what they are with all, and as the samples are copies of a neuron, the other copies are read in
rare places only, hence hardly ever kept where what nothing reads is left out.
"""

import numpy as np

from sltk.construct.methods.roles import Role
from sltk.construct.recipe import Search
from sltk.construct.source import SourceLayer
from sltk.core.numerics.arrays import Indices, Values
from sltk.subset_sum import Solution, solve

# Among 2**24 subsets the nearest leaves less than float32 rounding of the sum; a search over more buys nothing.
ENOUGH_SAMPLES = 24


def spread_evenly(n: int, first: int | None) -> Indices:
    """``first`` of ``n`` samples spread evenly; all where there are no more, or ``None``."""
    return np.arange(n) if first is None or first >= n else np.arange(first) * n // first


def smallest(scale: Values, first: int) -> Indices:
    """The ``first`` samples of the smallest ``scale``, of equal ones the later, in order: fewer are among more."""
    return np.sort(np.argsort(-scale, kind="stable")[max(0, scale.size - first) :])


def searched_first(search: Search, role: Role, combine: SourceLayer) -> Indices:
    """Which samples of a weight's pool are searched first.

    Args:
        search: what was asked for.
        role: of the stage.
        combine: the source layer whose weights the samples have.
    """
    copies = None if role.univariate else search.first_copies_of(role.stage)
    if copies is None:
        return spread_evenly(role.samples, search.sub_pool)
    return smallest(combine.column_factors[: role.samples], copies)


def solve_sub_pool_first(
    pool: Values,
    target: Values,
    some: Indices,
    *,
    eps: float,
    objective: str,
    costs: Values | None = None,
    alpha: Values | None = None,
    device: str = "cpu",
) -> Solution:
    """``sltk.subset_sum.solve`` of ``(problems, n)`` pools; a subset of the samples ``some`` is taken if it will do.

    Objectives are then the least over these samples only; ``reached`` is false where no subset of the whole pool is
    within ``eps``.

    Args:
        some: indices of samples, ascending; all n for the whole pool at once.
        pool, target, eps, objective, costs, alpha, device: as ``solve`` takes them, with a row of costs to each pool.
    """
    count, n = pool.shape
    if some.size >= n or not count:
        return solve(pool, target, eps=eps, objective=objective, costs=costs, alpha=alpha, device=device)
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
