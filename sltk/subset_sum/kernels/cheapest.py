"""Least ``alpha |z - sum| + sum of costs`` within a tolerance; with ``alpha = 0``, least mass.

``A`` holds the left half's sums ``a`` with costs ``m``, ``C`` the values ``c = z - b`` that the right half leaves to
reach, with costs ``w``; both ascend. For each ``a`` the admissible ``c`` are a window ``[a - eps, a + eps]`` that only
moves up. Below ``a`` the objective is ``m + alpha a + (w - alpha c)``, above it ``m - alpha a + (w + alpha c)``: the
minimum of a fixed key over a sliding window, which a monotone queue gives in ``O(2^{n/2})``. Equal keys go to the ``c``
nearer to ``a``, so that of all subsets of least cost one of least error is taken.

No pair is better than its dearer sum alone. So sums that cost more than a guess are left out first, and if the best
of the others costs no more than the guess, it is the best of all; if not, the guess was low, and rises.
"""

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Flags, Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import Mask, add_to, merge_tagged, merge_two_tagged, sums_by_code, write_bits

Halves = tuple[Values, Values, Values, Values, Values, Values, Values, Values]
Queue = tuple[Values, Values, NDArray[np.int32]]
Workspace = tuple[Halves, Queue]
Built = tuple[tuple[Values, Values, Values, Values], tuple[Values, Values, Values, Values]]
Pair = tuple[float, float, int, int]  # objective, error, and the positions of both sums

LOW = 1.3  # first guess of the cost, in standard deviations below the mean: about a tenth of the sums cost less


def workspace(n: int) -> Workspace:
    """Buffers of one thread: sums and costs of two halves, twice each, and the queue."""
    left, right = 1 << (n - n // 2), 1 << (n // 2)
    a, m, spare_a, spare_m = (np.empty(left) for _ in range(4))
    b, w, spare_b, spare_w = (np.empty(right) for _ in range(4))
    queue = np.empty(right), np.empty(right), np.empty(right, np.int32)
    return (a, m, b, w, spare_a, spare_m, spare_b, spare_w), queue


@kernel
def _build(x: Values, costs: Values, workspace: Halves) -> Built:
    """Sort the left half's sums and the right half's negated sums, with costs; each list pair, then its two spares."""
    a, m, b, w, spare_a, spare_m, spare_b, spare_w = workspace
    a[0] = m[0] = b[0] = w[0] = 0.0
    h, g = x.size - x.size // 2, x.size // 2
    for k in range(g):
        u, v = x[k], -x[h + k]
        left, right = (a, m, u, costs[k], spare_a, spare_m), (b, w, v, costs[h + k], spare_b, spare_w)
        merge_two_tagged(left, right, 1 << k)
        a, m, spare_a, spare_m = spare_a, spare_m, a, m
        b, w, spare_b, spare_w = spare_b, spare_w, b, w
    if h > g:
        merge_tagged(a, m, x[g], costs[g], spare_a, spare_m, 1 << g)
        a, m, spare_a, spare_m = spare_a, spare_m, a, m
    return (a, m, spare_a, spare_m), (b, w, spare_b, spare_w)


@kernel
def _slide_below(
    a: Values, m: Values, c: Values, w: Values, eps: float, alpha: float, key: Values, queue: NDArray[np.int32]
) -> Pair:
    """Least ``(m + w + alpha (a - c), a - c)`` over pairs with ``0 <= a - c <= eps``, and its positions."""
    head, tail, coming = 0, 0, 0
    best, error, left, right = np.inf, np.inf, -1, -1
    for i in range(a.size):
        while coming < c.size and c[coming] <= a[i]:
            if a[i] - c[coming] <= eps:
                k = w[coming] - alpha * c[coming]
                while tail > head and key[tail - 1] >= k:
                    tail -= 1
                key[tail] = k
                queue[tail] = coming
                tail += 1
            coming += 1
        while head < tail and a[i] - c[queue[head]] > eps:
            head += 1
        if head < tail:
            j = queue[head]
            e = a[i] - c[j]
            v = m[i] + w[j] + alpha * e
            if v < best or (v == best and e < error):
                best, error, left, right = v, e, i, j
    return best, error, left, right


@kernel
def _slide_above(
    a: Values, m: Values, c: Values, w: Values, eps: float, alpha: float, key: Values, queue: NDArray[np.int32]
) -> Pair:
    """Least ``(m + w + alpha (c - a), c - a)`` over pairs with ``0 < c - a <= eps``, and its positions."""
    head, tail, coming = 0, 0, 0
    best, error, left, right = np.inf, np.inf, -1, -1
    for i in range(a.size):
        while coming < c.size and c[coming] - a[i] <= eps:
            if c[coming] > a[i]:
                k = w[coming] + alpha * c[coming]
                while tail > head and key[tail - 1] > k:
                    tail -= 1
                key[tail] = k
                queue[tail] = coming
                tail += 1
            coming += 1
        while head < tail and c[queue[head]] <= a[i]:
            head += 1
        if head < tail:
            j = queue[head]
            e = c[j] - a[i]
            v = m[i] + w[j] + alpha * e
            if v < best or (v == best and e < error):
                best, error, left, right = v, e, i, j
    return best, error, left, right


@kernel
def _read_off(
    x: Values, costs: Values, sign: float, value: float, cost: float, sums: Values, mass: Values, mask: Mask, start: int
) -> None:
    """Write the subset with the given sum and cost, the smallest code where several have both."""
    sums_by_code(x, sign, sums)
    sums_by_code(costs, 1.0, mass)
    for code in range(1 << x.size):
        if sums[code] == value and mass[code] == cost:
            write_bits(code, mask, start, x.size)
            return


@kernel
def _affordable(sums: Values, mass: Values, bound: float, out: Values, out_mass: Values) -> int:
    """Copy the sums that cost at most ``bound``, in order; how many."""
    kept = 0
    for t in range(sums.size):
        out[kept] = sums[t]
        out_mass[kept] = mass[t]
        kept += mass[t] <= bound
    return kept


@kernel
def _best_pair(
    built: Built, z: float, eps: float, alpha: float, bound: float, queues: Queue
) -> tuple[float, float, float, float, float]:
    """Least objective among sums that cost at most ``bound`` each; then the two sums and their two costs."""
    (a, m, near_a, near_m), (b, w, near_b, near_w) = built
    c, key, queue = queues
    p, q = _affordable(a, m, bound, near_a, near_m), _affordable(b, w, bound, near_b, near_w)
    add_to(near_b, z, c, q)
    left, right = (near_a[:p], near_m[:p]), (c[:q], near_w[:q])
    best, error, i, j = _slide_below(left[0], left[1], right[0], right[1], eps, alpha, key, queue)
    other, distance, u, v = _slide_above(left[0], left[1], right[0], right[1], eps, alpha, key, queue)
    if other < best or (other == best and distance < error):
        best, i, j = other, u, v
    if i < 0:
        return np.inf, 0.0, 0.0, 0.0, 0.0
    return best, near_a[i], near_m[i], near_b[j], near_w[j]


@kernel
def _spread(costs: Values) -> tuple[float, float]:
    """Mean and standard deviation of the cost over all subsets."""
    total, squares = 0.0, 0.0
    for c in costs:
        total += c
        squares += c * c
    return 0.5 * total, 0.5 * np.sqrt(squares)


@kernel
def _search(
    x: Values, costs: Values, z: float, eps: float, alpha: float, built: Built, queues: Queue, mask: Mask
) -> bool:
    """Write the best subset within ``eps`` into ``mask``; whether there is one."""
    h = x.size - x.size // 2
    mean, deviation = _spread(costs[:h])
    for guess in (mean - LOW * deviation, mean, np.inf):
        best, a, m, b, w = _best_pair(built, z, eps, alpha, guess, queues)
        if best <= guess:
            break
    if best == np.inf:
        return False
    (_, _, spare_a, spare_m), (_, _, spare_b, spare_w) = built
    _read_off(x[:h], costs[:h], 1.0, a, m, spare_a, spare_m, mask, 0)
    _read_off(x[h:], costs[h:], -1.0, b, w, spare_b, spare_w, mask, h)
    return True


@kernel
def cheapest(
    workspace: Workspace, pool: Values, costs: Values, target: Values, eps: Values, alpha: Values, mask: Mask,
    found: Flags, low: int, high: int,
) -> None:  # fmt: skip
    """Best subsets of problems ``low..high-1``; ``pool`` and ``costs`` have one row a target, or one for all."""
    buffers, queues = workspace
    own = pool.shape[0] > 1
    first = low if own else 0
    built = _build(pool[first], costs[first], buffers)
    for p in range(low, high):
        row = p if own else 0
        if own and p > low:
            built = _build(pool[row], costs[row], buffers)
        found[p] = _search(pool[row], costs[row], target[p], eps[p], alpha[p], built, queues, mask[p])
