"""Integer kernel of the width certificate: worst laws of the covered share, every division rounded outward.

The next share is told from the present one in units of its own: its distance, of which a step of the state ``j`` can
make at most ``2^26`` units. Probabilities are integers in units of ``2^-36``. Every product and every difference of two
products stays below ``2^63``, so int64 arithmetic is exact, however small the share or what is left of it.
"""

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Indices
from sltk.core.numerics.compiled import kernel

SPAN = 1 << 26
PROBABILITY = 1 << 36


@kernel
def worst_laws(starts: Indices, ends: NDArray[np.int32], table: Indices, mean: Indices) -> Indices:
    """Upper bound of ``E table(v')`` for each state, over all laws of the next share ``v'``.

    State ``j`` can go to its own cell and those that follow: ``ends[starts[j] + i]``, increasing, is the distance to
    the right end of cell ``j + i``, the last of them the farthest it can come. The laws are those on these cells with
    mean distance at least ``mean[j]``; ``table[i]`` is the value on cell ``i`` and does not increase with ``i``.
    """
    cells = mean.size
    result = np.empty(cells, np.int64)
    xs, ys = np.empty(cells + 1, np.int64), np.empty(cells + 1, np.int64)
    for j in range(cells):
        used = _hull(ends[starts[j] : starts[j + 1]], table[j:], xs, ys)
        result[j] = _height(xs, ys, used, mean[j])
        if j > 0:  # a larger covered set may be cut down to the smaller one, so the bound of that one holds as well
            result[j] = min(result[j], result[j - 1])
    return result


@kernel
def _hull(ends: NDArray[np.int32], values: Indices, xs: Indices, ys: Indices) -> int:
    """Upper concave hull of the step function with ``values`` on cells up to ``ends``; how many vertices it has."""
    xs[0], ys[0] = 0, values[0]
    used = 1
    for i in range(ends.size):
        # The supremum over a cell belongs to its right end: its left end would be no upper bound of the hull.
        x, y = np.int64(ends[i]), values[i]
        while used >= 2 and (ys[used - 1] - ys[used - 2]) * (x - xs[used - 2]) <= (y - ys[used - 2]) * (
            xs[used - 1] - xs[used - 2]
        ):
            used -= 1
        xs[used], ys[used] = x, y
        used += 1
    return used


@kernel
def _height(xs: Indices, ys: Indices, used: int, m: int) -> int:
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
