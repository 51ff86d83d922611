"""Pools of random numbers as they are measured: coverage by prefixes, least sizes, hits."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Flags, Values
from sltk.subset_sum import covers, solve
from sltk.subset_sum.laws import Law, Uniform

UNIT = Uniform(1.0)
PREFIXES = (8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32)  # beyond 24 a pool takes a second


def count(successes: Flags) -> dict[str, int]:
    """Successes and trials."""
    return {"successes": int(np.count_nonzero(successes)), "trials": int(successes.size)}


def violations(measured: Values, allowed: Values) -> dict[str, Any]:
    """How often ``measured > allowed``, and the largest ratio; arrays of one value a trial."""
    measured, allowed = np.asarray(measured, dtype=float), np.asarray(allowed, dtype=float)
    ratio = np.divide(measured, allowed, out=np.where(measured > 0, np.finfo(float).max, 0.0), where=allowed > 0)
    return {
        "violations": int(np.count_nonzero(measured > allowed)),
        "trials": int(measured.size),
        "largest_ratio": float(ratio.max()),
    }


def covered(pools: Values, eps: float, window: float) -> Flags:
    """Which pools ``(trials, n)`` reach all of ``[-window/2, window/2]`` to within ``eps``.

    Samples that are 0 are passed over. Prefixes are tried first: what a part of the pool covers, the pool covers.
    A pool whose first 32 samples do not is counted as a failure; that can refute the claim, never support it.
    """
    pools, samples = zeros_last(pools), np.count_nonzero(pools, axis=1)
    done, n, before = np.zeros(len(pools), dtype=bool), pools.shape[1], -1
    for size in [*(p for p in PREFIXES if p < n), min(n, PREFIXES[-1])]:
        left = np.flatnonzero(~done & (samples > before))  # what is left of the others are zeros
        if left.size:
            done[left] = covers(pools[left, :size], eps, -window / 2, window / 2)
        before = size
    return done


def least_sizes(pools: Values, target: Values, eps: float) -> Values:
    """Least ``n`` such that a subset of the first n samples is within ``eps`` of the target; the width + 1 if none."""
    return least(pools, lambda part, rows: solve(part, target[rows], eps=eps, objective="cardinality").reached)


def least_covering(pools: Values, eps: float, window: float) -> Values:
    """Least ``n`` such that the first n samples cover ``[-window/2, window/2]``; the width + 1 where none do."""
    return least(pools, lambda part, _: covers(part, eps, -window / 2, window / 2))


def least_pairs(pools: Values, target: Values, eps: float) -> Values:
    """As ``least_sizes``, with subsets of at most two samples: it grows like a power of ``1/eps``."""

    def newest(part: Values, rows: NDArray[np.int64]) -> Flags:
        left = target[rows, None] - part[:, -1:]  # alone, or with an older sample
        return (np.abs(left[:, 0]) <= eps) | (np.abs(left - part[:, :-1]) <= eps).any(axis=1)

    return least(pools, newest)


def growth(sizes: Values, cap: int) -> dict[str, Any]:
    """Sums, products and cut values of ``(trials, grid)`` sizes for ``sltk.core.statistics.verdict.Slope``."""
    cut = np.minimum(sizes, cap)
    return {
        "sums": cut.sum(axis=0).tolist(),
        "products": (cut.T @ cut).tolist(),
        "censored": int(np.count_nonzero((sizes > cap).any(axis=1))),
        "trials": int(sizes.shape[0]),
    }


def draw(law: Law, generator: np.random.Generator, trials: int, n: int) -> Values:
    """Pools ``(trials, n)``."""
    return law.sample(generator, (trials, n))


def least(pools: Values, reached: Callable[[Values, Any], Flags]) -> Values:
    """Least n at which ``reached(first n samples of the rows left, rows left)`` holds; the width + 1 where never."""
    rows, n = np.arange(len(pools)), pools.shape[1]
    size = np.full(len(pools), n + 1.0)
    for samples in range(1, n + 1):
        now = np.asarray(reached(pools[rows, :samples], rows), dtype=bool)
        size[rows[now]] = samples
        rows = rows[~now]
        if not rows.size:
            break
    return size


def zeros_last(pools: Values) -> Values:
    """Each pool with its samples that are not 0 first, in their order."""
    order = np.argsort(pools == 0.0, axis=1, kind="stable")
    return np.take_along_axis(pools, order, axis=1)
