"""Fewest members within a tolerance: sizes 0, 1, 2, ... by enumeration, each to its least error.

A small ticket is the rule, and ``C(n, k)`` sums are then fewer than the ``2^{n/2}`` of a meet in the middle. What
enumeration leaves open goes to ``_costs`` with unit costs, whose sums are exact.
"""

from math import comb

import numpy as np
from numba import njit

from sltk.subset_sum._merge import KERNEL

LEVEL = 3  # a size is enumerated while it has at most 2^(n/2 + LEVEL) subsets: about the price of the other way


def enumerated_size(n):
    """Largest subset size that is tried by enumeration."""
    size = 0
    while size < n and comb(n, size + 1) <= 2 ** (n / 2 + LEVEL):
        size += 1
    return size


def workspace(n):
    """Positions, remainders, and the best positions found, for one thread."""
    return np.empty(n + 1, np.int64), np.empty(n + 1), np.empty(n + 1, np.int64)


@njit(**KERNEL)
def _last_member(x, rest, first):
    """Least ``|rest - x_q|`` over ``q >= first``."""
    e = np.inf
    for q in range(first, x.size):
        e = min(e, abs(rest - x[q]))
    return e


@njit(**KERNEL)
def _nearest_of_size(x, z, size, room):
    """Least error of a subset of ``size >= 1`` members; its positions are left in ``room``."""
    index, rest, chosen = room
    best, depth, last = np.inf, 0, size - 1
    index[0], rest[0] = 0, z
    while depth >= 0:
        if depth == last:
            e = _last_member(x, rest[last], index[last])
            if e < best:
                best = e
                chosen[:size] = index[:size]
                while abs(rest[last] - x[chosen[last]]) != e:
                    chosen[last] += 1
        elif index[depth] <= x.size - size + depth:
            rest[depth + 1] = rest[depth] - x[index[depth]]
            index[depth + 1] = index[depth] + 1
            depth += 1
            continue
        depth -= 1
        if depth >= 0:
            index[depth] += 1
    return best


@njit(**KERNEL)
def _search(x, z, eps, largest, room, mask):
    """Write the smallest subset within ``eps`` of at most ``largest`` members; whether there is one."""
    if abs(z) <= eps:
        return True
    for size in range(1, largest + 1):
        if _nearest_of_size(x, z, size, room) <= eps:
            for k in range(size):
                mask[room[2][k]] = 1
            return True
    return False


@njit(**KERNEL)
def fewest(room, pool, target, eps, largest, mask, found, low, high):
    """Smallest subsets of problems ``low..high-1``; ``pool`` has one row a target, or one row for all."""
    own = pool.shape[0] > 1
    for p in range(low, high):
        found[p] = _search(pool[p if own else 0], target[p], eps[p], largest, room, mask[p])
