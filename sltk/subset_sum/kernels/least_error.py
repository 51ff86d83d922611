"""Minimum error, one search a target: meet in the middle on two sorted lists of equal length.

Let ``h = floor((n-1)/2)``. ``A`` holds the sums of ``x_1..x_h`` and ``N`` the negated sums of the next ``h``; one or
two samples are left. For each of the 2 or 4 ways to take those, the best pair is the closest pair between ``A`` and
``N + remaining target``, which are neighbours in the merged order: a walk of ``2^h`` steps from each end sees them all.
A step of a walk, or of a merge, has to wait for the one before it and for no other, so eight run side by side: two
problems are built together, and walked together where one sample is left of each. The walks keep the smallest distance
only. Where it was found is known to within a block of steps of one walk, and the subset is read off afterwards from its
two sums.
"""

from typing import Any

import numpy as np

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import Mask, U, code_of, merge_four, sums_by_code, write_bits

Lists = tuple[Values, Values, Values, Values, Values, Values]  # A, N, and four buffers as long
Workspace = tuple[Lists, Lists]  # of two problems
Seen = tuple[float, int, int, np.uint64]  # least distance, the block and the walk that came to it, its place before

BLOCK = 32  # steps between two looks at the smallest distance; of subsets with one error it decides which is seen first


def half(n: int) -> int:
    """Length of the two lists' pools."""
    return (n - 1) // 2


def workspace(n: int, own: bool = True) -> Workspace:
    """Buffers of ``2^h`` float64 for one thread: six for each of two pools, or six for one that targets share."""
    first = _buffers(n)
    return first, _buffers(n) if own else first


def _buffers(n: int) -> Lists:
    a, b, c, d, e, f = (np.empty(1 << half(n)) for _ in range(6))
    return a, b, c, d, e, f


@kernel
def _build(x: Values, y: Values, h: int, workspace: Workspace) -> Workspace:
    """Sort the sums of ``x[:h]`` and the negated sums of ``x[h:2h]``, and those of ``y`` beside them."""
    (a, n, spare_a, spare_n, c, d), (b, m, spare_b, spare_m, e, f) = workspace
    a[0] = 0.0
    n[0] = 0.0
    b[0] = 0.0
    m[0] = 0.0
    for k in range(h):
        step = (x[k], -x[h + k], y[k], -y[h + k])
        merge_four((a, n, b, m), (c, d, e, f), step, (spare_a, spare_n, spare_b, spare_m), 1 << k)
        a, spare_a = spare_a, a
        n, spare_n = spare_n, n
        b, spare_b = spare_b, b
        m, spare_m = spare_m, m
    return (a, n, spare_a, spare_n, c, d), (b, m, spare_b, spare_m, e, f)


@kernel
def _noted(
    seen: Seen, block: int, least: tuple[float, float, float, float],
    place: tuple[np.uint64, np.uint64, np.uint64, np.uint64],
) -> Seen:  # fmt: skip
    """``seen``, or what one of four walks has come to in this block: the first of them, where several have."""
    e = min(min(least[0], least[1]), min(least[2], least[3]))
    if not e < seen[0]:
        return seen
    walk = 0 if least[0] == e else 1 if least[1] == e else 2 if least[2] == e else 3
    return e, block, walk, place[walk]


@kernel
def _walk(
    first: tuple[Values, Values], z: float, y: float, second: tuple[Values, Values], x: float, w: float, size: int
) -> tuple[Seen, Seen]:
    """Smallest distance between ``a`` and ``n + z`` (walk 0 from the low end, 1 from the high) or ``n + y`` (2, 3).

    So for the lists ``(a, n)`` of the first and, beside them, with ``x`` and ``w``, for those of the second.
    """
    (a, n), (b, o) = first, second
    i, j, k, m, front = U(0), U(0), U(0), U(0), U(0)
    r, s, t, v, back = U(size - 1), U(size - 1), U(size - 1), U(size - 1), U(2 * size - 2)
    steps = min(size, BLOCK)
    ei = ej = ek = em = er = es = et = ev = np.inf
    seen = other = (np.inf, 0, 0, U(0))
    for block in range(size // steps):
        here, there = (i, r, j, s), (k, t, m, v)
        for _ in range(steps):
            p, q = a[i], n[front - i] + z
            ei = min(ei, abs(p - q))
            i += U(p <= q)
            p, q = a[j], n[front - j] + y
            ej = min(ej, abs(p - q))
            j += U(p <= q)
            p, q = b[k], o[front - k] + x
            ek = min(ek, abs(p - q))
            k += U(p <= q)
            p, q = b[m], o[front - m] + w
            em = min(em, abs(p - q))
            m += U(p <= q)
            p, q = a[r], n[back - r] + z
            er = min(er, abs(p - q))
            r -= U(p > q)
            p, q = a[s], n[back - s] + y
            es = min(es, abs(p - q))
            s -= U(p > q)
            p, q = b[t], o[back - t] + x
            et = min(et, abs(p - q))
            t -= U(p > q)
            p, q = b[v], o[back - v] + w
            ev = min(ev, abs(p - q))
            v -= U(p > q)
            front += U(1)
            back -= U(1)
        seen = _noted(seen, block, (ei, er, ej, es), here)
        other = _noted(other, block, (ek, et, em, ev), there)
    return seen, other


@kernel
def _locate(a: Values, n: Values, z: float, size: int, seen: Seen) -> tuple[Any, Any]:
    """Positions in ``a`` and ``n`` of the pair that a walk has seen: its block is walked again, alone."""
    best, block, walk, place = seen
    steps = min(size, BLOCK)
    if walk % 2 == 0:
        front = U(block * steps)
        for _ in range(steps):
            p, q = a[place], n[front - place] + z
            if abs(p - q) == best:
                return np.int64(place), np.int64(front - place)
            place += U(p <= q)
            front += U(1)
        return -1, -1
    back = U(2 * size - 2 - block * steps)
    for _ in range(steps):
        p, q = a[place], n[back - place] + z
        if abs(p - q) == best:
            return np.int64(place), np.int64(back - place)
        place -= U(p > q)
        back -= U(1)
    return -1, -1


@kernel
def _write(x: Values, z: float, h: int, lists: Lists, seen: Seen, second: bool, mask: Mask) -> None:
    """Write into ``mask`` the subset that ``seen`` stands for, with the last sample if it is the ``second`` way."""
    a, n, spare_a, spare_n, _, _ = lists
    size, last, extra = 1 << h, x.size - 1, seen[2] >= 2
    rest = z - x[last] if second else z
    at: tuple[int, int] = _locate(a, n, rest - x[2 * h] if extra else rest, size, seen)
    sums_by_code(x[:h], 1.0, spare_a)
    sums_by_code(x[h : 2 * h], -1.0, spare_n)
    write_bits(code_of(spare_a, a[at[0]], size), mask, 0, h)
    write_bits(code_of(spare_n, n[at[1]], size), mask, h, h)
    mask[last] = second
    mask[2 * h] = extra


@kernel
def _search_both_ways(x: Values, z: float, h: int, lists: Lists, mask: Mask) -> None:
    """Two samples are left: without the last, and with it."""
    pair, rest, extra = (lists[0], lists[1]), z - x[x.size - 1], x[2 * h]
    seen, other = _walk(pair, z, z - extra, pair, rest, rest - extra, 1 << h)
    second = other[0] < seen[0]
    _write(x, z, h, lists, other if second else seen, second, mask)


@kernel
def _search(
    pools: tuple[Values, Values], targets: tuple[float, float], h: int, built: Workspace, masks: tuple[Mask, Mask]
) -> None:
    """Write subsets of least error of two problems; ``built`` comes from ``_build`` for their pools."""
    (x, y), (z, w), (first, second) = pools, targets, built
    if x.size - 2 * h == 2:
        _search_both_ways(x, z, h, first, masks[0])
        _search_both_ways(y, w, h, second, masks[1])
        return
    seen, other = _walk(
        (first[0], first[1]), z, z - x[2 * h], (second[0], second[1]), w, w - y[2 * h], 1 << h
    )  # fmt: skip
    _write(x, z, h, first, seen, False, masks[0])
    _write(y, w, h, second, other, False, masks[1])


@kernel
def nearest(workspace: Workspace, pool: Values, target: Values, mask: Mask, low: int, high: int) -> None:
    """Least-error subsets of problems ``low..high-1``; ``pool`` has one row a target, or one row for all."""
    n = pool.shape[1]
    h = (n - 1) // 2
    own = pool.shape[0] > 1
    built = workspace
    if not own:
        built = _build(pool[0], pool[0], h, workspace)
    for p in range(low, high, 2):
        q = min(p + 1, high - 1)  # an odd one is searched beside itself
        x, y = pool[p if own else 0], pool[q if own else 0]
        if own:
            built = _build(x, y, h, workspace)
        _search((x, y), (target[p], target[q]), h, built, (mask[p], mask[q]))
