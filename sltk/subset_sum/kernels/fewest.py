"""Fewest samples within a tolerance: sizes 0, 1, 2, ... by enumeration, each to its least error.

A small ticket is the rule, and ``C(n, k)`` sums are then fewer than the ``2^{n/2}`` of a meet in the middle. The
sums of size ``k`` are listed by their largest sample (colexicographic order): those with largest sample ``x_j`` are
the first ``C(j, k-1)`` sums of size ``k - 1``, plus ``x_j``. So each list is made from the last in long runs, every
sum is added in index order, and a place in a list tells its samples. What enumeration leaves open goes to ``_costs``
with unit costs, whose sums are exact.
"""

from math import comb
from typing import Any

import numpy as np

from sltk.core.numerics.arrays import Flags, Indices, Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import Mask, U, add_to

Workspace = tuple[Values, Values, Indices]

LEVEL = 4  # a size is listed while it has at most 2^(n/2 + LEVEL) subsets: about the price of the other way
LONGEST = 2**20  # and no list is longer: 8 MB
LANES = 8  # sums made at a time; lists have as much space to spare
BLOCK = 32  # sums compared with eps at a time, without a branch


def enumerated_size(n: int) -> int:
    """Largest subset size that is tried by enumeration."""
    size = 0
    while size < n and comb(n, size + 1) <= min(2 ** (n / 2 + LEVEL), LONGEST):
        size += 1
    return size


def workspace(n: int) -> Workspace:
    """Two lists, and the binomial coefficients ``C(j, k)`` for ``j <= n``, for one thread."""
    largest = enumerated_size(n)
    longest = max(comb(n, size) for size in range(1, max(largest, 1) + 1)) + LANES
    count = np.array([[comb(j, k) for k in range(largest + 2)] for j in range(n + 1)], dtype=np.int64)
    return np.zeros(longest), np.zeros(longest), count


@kernel
def _list_sums(shorter: Values, x: Values, size: int, count: Indices, sums: Values) -> Any:
    """List the sums of ``size`` samples from those of ``size - 1``; how many."""
    start = U(0)
    for j in range(size - 1, x.size):
        run, y = count[j, size - 1], x[j]
        # Whole groups only: what the last one writes too many, the next run overwrites.
        for t in range((run + LANES - 1) & -LANES):
            sums[start + U(t)] = shorter[t] + y
        start += U(run)
    return np.int64(start)


@kernel
def _nearest(sums: Values, length: int, z: float, eps: float) -> int:
    """Place of the first sum nearest to ``z`` and within ``eps`` of it, or -1."""
    best, place = eps, -1
    for start in range(0, length, BLOCK):
        first, size = U(start), min(BLOCK, length - start)
        near = 0
        for t in range(size):
            near += abs(z - sums[first + U(t)]) <= best
        if near:
            for t in range(size):
                e = abs(z - sums[first + U(t)])
                if e <= best and (e < best or place < 0):
                    best, place = e, start + t
    return place


@kernel
def _write_samples(place: int, size: int, count: Indices, mask: Mask) -> None:
    """Samples of the subset at ``place`` among those of ``size``: ``place = sum_k C(j_k, k)``."""
    j = mask.size
    for k in range(size, 0, -1):
        j -= 1
        while count[j, k] > place:
            j -= 1
        mask[j] = 1
        place -= count[j, k]


@kernel
def _search(x: Values, z: float, eps: float, largest: int, workspace: Workspace, mask: Mask) -> bool:
    """Write the smallest subset within ``eps`` of at most ``largest`` samples; whether there is one."""
    if abs(z) <= eps:
        return True
    sums, spare, count = workspace
    length = x.size
    add_to(x, 0.0, sums, length)
    for size in range(1, largest + 1):
        if size > 1:
            length = _list_sums(sums, x, size, count, spare)
            sums, spare = spare, sums
        place = _nearest(sums, length, z, eps)
        if place >= 0:
            _write_samples(place, size, count, mask)
            return True
    return False


@kernel
def fewest(
    workspace: Workspace, pool: Values, target: Values, eps: Values, largest: int, mask: Mask, found: Flags, low: int,
    high: int,
) -> None:  # fmt: skip
    """Smallest subsets of problems ``low..high-1``; ``pool`` has one row a target, or one row for all."""
    own = pool.shape[0] > 1
    for p in range(low, high):
        found[p] = _search(pool[p if own else 0], target[p], eps[p], largest, workspace, mask[p])
