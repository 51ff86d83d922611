"""Which targets no subset of a pool reaches: sorted sums of two halves, of a part of the pool first.

What some of the samples reach, all of them reach; so most targets are settled by the few sums of the first samples, and
only those that are left open pay for longer lists. The pairs nearest to a target are neighbours in the merged order of
the two lists; the walk stops at the first pair within the tolerance.
"""

import numpy as np

from sltk.core.numerics.arrays import Flags, Indices, Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import merge_two

Workspace = tuple[Values, Values, Values, Values, Values, Values]

FEWEST, STEP = 8, 4  # samples looked at first, and by how many more from look to look


def looks(n: int) -> Indices:
    """How many samples each look at a pool of ``n`` takes, increasing, ``n`` last."""
    return np.array([*range(min(FEWEST, n), n, STEP), n], dtype=np.int64)


def workspace(n: int) -> Workspace:
    """Six buffers of ``2^(n // 2)`` float64 for one thread."""
    a, b, c, d, e, f = (np.empty(1 << max(1, n // 2)) for _ in range(6))
    return a, b, c, d, e, f


@kernel
def _halves(x: Values, h: int, workspace: Workspace) -> tuple[Values, Values]:
    """The sums of ``x[:h]`` and the negated sums of ``x[h : 2 h]``, ascending."""
    a, n, spare_a, spare_n, c, d = workspace
    a[0] = 0.0
    n[0] = 0.0
    for k in range(h):
        merge_two(a, c, x[k], spare_a, n, d, -x[h + k], spare_n, 1 << k)
        a, spare_a = spare_a, a
        n, spare_n = spare_n, n
    return a, n


@kernel
def _below(sums: Values, size: int, value: float) -> int:
    """How many of the ascending ``sums[:size]`` are below ``value``."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if sums[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _reached(a: Values, n: Values, size: int, z: float, eps: float) -> bool:
    """Whether a sum ``a_i - n_j`` lies within ``eps`` of ``z``.

    Only sums that the other list's range can complete are walked: near the edge of a pool's range, where pools fail,
    these are few.
    """
    i, j = _below(a, size, z - eps + n[0]), _below(n, size, a[0] - z - eps)
    if i > 0:
        i -= 1  # one more on each side, so that rounding of the ends leaves nothing out
    if j > 0:
        j -= 1
    last_i = min(size, _below(a, size, z + eps + n[size - 1]) + 1)
    last_j = min(size, _below(n, size, a[size - 1] - z + eps) + 1)
    while i < last_i and j < last_j:
        p, q = a[i], n[j] + z
        if abs(p - q) <= eps:
            return True
        less = p <= q
        i += less
        j += not less
    return False


@kernel
def _look(x: Values, size: int, target: Values, eps: float, workspace: Workspace, out: Flags) -> int:
    """Clear ``out`` where a subset of the first ``size`` samples reaches the target; how many are left."""
    h, left = size // 2, 0
    a, n = _halves(x, h, workspace)
    for t in range(target.size):
        if out[t]:
            found = _reached(a, n, 1 << h, target[t], eps)
            if not found and size > 2 * h:
                found = _reached(a, n, 1 << h, target[t] - x[size - 1], eps)
            out[t] = not found
            left += not found
    return left


@kernel
def missed(
    workspace: Workspace, pool: Values, target: Values, count: Indices, eps: float, sizes: Indices, out: Flags,
    low: int, high: int,
) -> None:  # fmt: skip
    """Fill ``out`` for pools ``low..high-1``: the first ``count`` targets of each row, and no others, may be missed."""
    for p in range(low, high):
        left = 0
        for t in range(target.shape[1]):
            out[p, t] = t < count[p] and abs(target[p, t]) > eps
            left += out[p, t]
        for size in sizes:
            if left:
                left = _look(pool[p], size, target[p], eps, workspace, out[p])
