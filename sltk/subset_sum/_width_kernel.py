"""Integer kernel of the width certificate: worst laws of the covered share, every division rounded outward.

Shares are integers in units of ``2^-26``, probabilities integers in units of ``2^-36``; every product and every
difference of two products stays below ``2^63``, so int64 arithmetic is exact.
"""

import numpy as np
from numba import njit

from sltk.subset_sum._merge import KERNEL

SHARE = 1 << 26
PROBABILITY = 1 << 36


@njit(**KERNEL)
def worst_laws(edges, table, mean):
    """Upper bound of ``E table(v')`` for each state ``edges[j]``, over all laws of the next share ``v'``.

    The laws are those on ``[edges[j], min(2 edges[j], SHARE)]`` with mean at least ``mean[j]``; ``table[i]`` is the
    value on ``[edges[i], edges[i + 1])`` and does not increase with ``i``.
    """
    cells = mean.size
    result = np.empty(cells, np.int64)
    xs, ys = np.empty(cells + 1, np.int64), np.empty(cells + 1, np.int64)
    for j in range(cells):
        used = _hull(edges, table, j, xs, ys)
        result[j] = _height(xs, ys, used, mean[j])
        if j > 0:  # a larger covered set may be cut down to the smaller one, so the bound of that one holds as well
            result[j] = min(result[j], result[j - 1])
    return result


@njit(**KERNEL)
def _hull(edges, table, j, xs, ys):
    """Upper concave hull of the table on ``[edges[j], min(2 edges[j], SHARE)]``; how many vertices it has."""
    top = min(2 * edges[j], SHARE)
    xs[0], ys[0] = edges[j], table[j]
    used, i = 1, j
    while True:
        # The supremum over a cell belongs to its right end: its left end would be no upper bound of the hull.
        x, y = min(edges[i + 1], top), table[i]
        while used >= 2 and (ys[used - 1] - ys[used - 2]) * (x - xs[used - 2]) <= (y - ys[used - 2]) * (
            xs[used - 1] - xs[used - 2]
        ):
            used -= 1
        xs[used], ys[used] = x, y
        used += 1
        if edges[i + 1] >= top:
            return used
        i += 1


@njit(**KERNEL)
def _height(xs, ys, used, m):
    """Height of the hull at ``m``, rounded up; beyond its last vertex, the last height."""
    low, high = 0, used - 1
    if m >= xs[high]:
        return ys[high]
    while high - low > 1:
        middle = (low + high) // 2
        if xs[middle] <= m:
            low = middle
        else:
            high = middle
    return ys[low] - ((ys[low] - ys[high]) * (m - xs[low])) // (xs[high] - xs[low])
