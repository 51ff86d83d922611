"""Minimum error, one search a target: meet in the middle on two sorted lists of equal length.

Let ``h = floor((n-1)/2)``. ``A`` holds the sums of ``x_1..x_h`` and ``N`` the negated sums of the next ``h``; one or
two samples are left. For each of the 2 or 4 ways to take those, the best pair is the closest pair between ``A`` and
``N + remaining target``, which are neighbours in the merged order: a walk of ``2^h`` steps from each end sees them all.
The walks keep the smallest distance only. Where it was found is known to within a block of steps, and the subset is
read off afterwards from its two sums.
"""

from typing import Any

import numpy as np

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import Mask, U, add_to, code_of, merge_two, sums_by_code, write_bits

Workspace = tuple[Values, Values, Values, Values, Values, Values]
Start = tuple[np.uint64, np.uint64, np.uint64, np.uint64]  # of a block: the places in the four walks

BLOCK = 32  # steps between two looks at the smallest distance


def half(n: int) -> int:
    """Length of the two lists' pools."""
    return (n - 1) // 2


def workspace(n: int) -> Workspace:
    """Six buffers of ``2^h`` float64 for one thread."""
    a, b, c, d, e, f = (np.empty(1 << half(n)) for _ in range(6))
    return a, b, c, d, e, f


@kernel
def _build(x: Values, h: int, workspace: Workspace) -> Workspace:
    """Sort the sums of ``x[:h]`` and the negated sums of ``x[h:2h]``; return both, then four free buffers."""
    a, n, spare_a, spare_n, c, d = workspace
    a[0] = 0.0
    n[0] = 0.0
    for k in range(h):
        merge_two(a, c, x[k], spare_a, n, d, -x[h + k], spare_n, 1 << k)
        a, spare_a = spare_a, a
        n, spare_n = spare_n, n
    return a, n, spare_a, spare_n, c, d


@kernel
def _aim(n: Values, rest: float, extra: float, c: Values, d: Values, size: int) -> None:
    """``c``, ``d``: what is left to reach after each sum of the second half, without and with ``extra``."""
    add_to(n, rest, c, size)
    add_to(n, rest - extra, d, size)


@kernel
def _walk(a: Values, c: Values, d: Values, size: int, best: float) -> tuple[float, int, Start]:
    """Smallest distance below ``best`` between ``a`` and ``c`` or ``d``; the block that saw it, and its start."""
    i, j, front = U(0), U(0), U(0)
    u, v, back = U(size - 1), U(size - 1), U(2 * size - 2)
    steps = min(size, BLOCK)
    seen, start = -1, (i, j, u, v)
    ei = ej = eu = ev = best
    for block in range(size // steps):
        here = (i, j, u, v)
        for _ in range(steps):
            p, q = a[i], c[front - i]
            ei = min(ei, abs(p - q))
            i += U(p <= q)
            p, q = a[j], d[front - j]
            ej = min(ej, abs(p - q))
            j += U(p <= q)
            p, q = a[u], c[back - u]
            eu = min(eu, abs(p - q))
            u -= U(p > q)
            p, q = a[v], d[back - v]
            ev = min(ev, abs(p - q))
            v -= U(p > q)
            front += U(1)
            back -= U(1)
        e = min(min(ei, ej), min(eu, ev))
        if e < best:
            best, seen, start = e, block, here
    return best, seen, start


@kernel
def _locate_front(a: Values, c: Values, i: np.uint64, front: np.uint64, steps: int, best: float) -> tuple[Any, Any]:
    """Repeat one block of a walk from the low end; the positions at distance ``best``, or -1."""
    for _ in range(steps):
        p, q = a[i], c[front - i]
        if abs(p - q) == best:
            return np.int64(i), np.int64(front - i)
        i += U(p <= q)
        front += U(1)
    return -1, -1


@kernel
def _locate_back(a: Values, c: Values, u: np.uint64, back: np.uint64, steps: int, best: float) -> tuple[Any, Any]:
    """Repeat one block of a walk from the high end; the positions at distance ``best``, or -1."""
    for _ in range(steps):
        p, q = a[u], c[back - u]
        if abs(p - q) == best:
            return np.int64(u), np.int64(back - u)
        u -= U(p > q)
        back -= U(1)
    return -1, -1


@kernel
def _locate(a: Values, c: Values, d: Values, size: int, best: float, seen: int, start: Start) -> tuple[int, int, bool]:
    """Positions of the pair at distance ``best``, and whether it uses the extra sample."""
    steps = min(size, BLOCK)
    front, back = U(seen * steps), U(2 * size - 2 - seen * steps)
    i, j = _locate_front(a, c, start[0], front, steps, best)
    if i >= 0:
        return i, j, False
    i, j = _locate_back(a, c, start[2], back, steps, best)
    if i >= 0:
        return i, j, False
    i, j = _locate_front(a, d, start[1], front, steps, best)
    if i >= 0:
        return i, j, True
    i, j = _locate_back(a, d, start[3], back, steps, best)
    return i, j, True


@kernel
def _search(x: Values, z: float, h: int, workspace: Workspace, mask: Mask) -> None:
    """Write a subset of least error into ``mask``; ``workspace`` comes from ``_build`` for ``x``."""
    a, n, spare_a, spare_n, c, d = workspace
    size, last = 1 << h, x.size - 1
    best, seen, start, second = np.inf, -1, (U(0), U(0), U(0), U(0)), False
    for way in range(x.size - 2 * h):
        _aim(n, z - x[last] if way else z, x[2 * h], c, d, size)
        e, block, here = _walk(a, c, d, size, best)
        if block >= 0:
            best, seen, start, second = e, block, here, way == 1
    _aim(n, z - x[last] if second else z, x[2 * h], c, d, size)
    i, j, extra = _locate(a, c, d, size, best, seen, start)
    sums_by_code(x[:h], 1.0, spare_a)
    sums_by_code(x[h : 2 * h], -1.0, spare_n)
    write_bits(code_of(spare_a, a[i], size), mask, 0, h)
    write_bits(code_of(spare_n, n[j], size), mask, h, h)
    mask[last] = second
    mask[2 * h] = extra


@kernel
def nearest(workspace: Workspace, pool: Values, target: Values, mask: Mask, low: int, high: int) -> None:
    """Least-error subsets of problems ``low..high-1``; ``pool`` has one row a target, or one row for all."""
    n = pool.shape[1]
    h = (n - 1) // 2
    own = pool.shape[0] > 1
    built = _build(pool[low if own else 0], h, workspace)
    for p in range(low, high):
        row = p if own else 0
        if own and p > low:
            built = _build(pool[row], h, workspace)
        _search(pool[row], target[p], h, built, mask[p])
