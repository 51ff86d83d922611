r"""Least ``alpha |z - sum| + sum of costs`` within a tolerance, by looking only at what the optimum can afford.

Lemma. Put ``s = min c_i / |x_i|`` and ``LB(r) = min(s, alpha) min(|r|, eps) + s max(0, |r| - eps)``. A subset within
``eps`` of ``z`` that contains the partial sum ``P``, of value ``x(P)`` and cost ``c(P)``, has an objective of at least
``c(P) + LB(z - x(P))``. Proof: what is added to P has value ``z - x(P) - d`` with ``|d| = e <= eps``, and so costs at
least ``s (|z - x(P)| - e)``, and not less than nothing; the least of ``alpha e + s max(0, |z - x(P)| - e)`` over
``0 <= e <= eps`` is ``LB``.

So with any guess ``G``, samples and partial sums whose bound exceeds ``G`` (and what rounding may add to it) can be
left out; if the best of what is left costs at most ``G``, it is the best of all, and all that equal it are there; if
not, ``G`` rises. The first guess is the FIRST-th smallest bound of a single sample. What rises is its excess over
``LB(z)``, which doubles, capped by the best value found: with that, nothing better is left out, and the round is the
last. A later round starts anew, so that of equal objectives one of least error is taken, whichever round sees it first.

A bound does not fall when a sample is added (``LB`` changes by at most ``s |x_i| <= c_i``), so what is left does not
depend on the order of the samples. Each goes to the shorter of two lists of partial sums, which grow at their ends. Few
pairs of sums are all compared, in a loop without a branch; many are sorted, and each sum is compared with those of the
other list that its cost leaves it the means for.

Source: derived for this project.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.compiled import kernel

Codes = NDArray[np.uint64]
Lists = tuple[Values, Values, Codes]  # partial sums, their costs, and their samples as bits
Aim = tuple[float, float, float, float]  # z, eps, min(s, alpha), s
Sizes = tuple[float, float]  # a number that no objective and no bound exceeds, and the same of sums
Workspace = tuple[Lists, Lists, Lists, Values, Values, Indices]

FIRST = 10  # samples that the first guess can afford, and how many more each later one can at least
MORE = 4
SHARE = 8  # lists may have 2^(n/2) / SHARE sums, an eighth of a whole one: what is given up costs a tenth of that
SHORTEST = 64
PAIRS = 8192  # pairs that are all compared; more are worth sorting
LEAST_EXCESS = 2.0**-24  # of a number that no objective exceeds: what a guess rises by where its excess is nothing
SMALLEST, LARGEST = 1e-280, 1e300  # sizes of objectives between which nothing under- or overflows

TOO_MANY, NONE, FOUND = -1, 0, 1


def longest(n: int) -> int:
    """How many sums a list may have for pools of ``n``."""
    return max(SHORTEST, int(2 ** (n / 2)) // SHARE)


def workspace(n: int) -> Workspace:
    """Two lists of partial sums, one to sort by, and what is known of single samples, for one thread."""
    size = 2 * longest(n)  # a list is grown before it is found to be too long
    left, right, spare = ((np.empty(size), np.empty(size), np.empty(size, np.uint64)) for _ in range(3))
    return left, right, spare, np.empty(n), np.empty(n), np.empty(n + 1, np.int64)


@kernel
def _bound(cost: float, rest: float, aim: Aim) -> float:
    """Least objective of a subset with a part that costs ``cost`` and leaves ``rest`` to reach."""
    _, eps, low, s = aim
    r = abs(rest)
    return cost + low * min(r, eps) + s * max(0.0, r - eps)


@kernel
def _price(x: Values, costs: Values) -> float:
    """Least cost of a unit, ``min c_i / |x_i|``; infinite where all samples are zero."""
    s = np.inf
    for i in range(x.size):
        size = abs(x[i])
        s = min(s, costs[i] / size if size > 0.0 else np.inf)
    return s if s > SMALLEST else 0.0  # below, a quotient has lost its digits


@kernel
def _sizes(x: Values, costs: Values, z: float, alpha: float, s: float) -> Sizes:
    total, reach = 0.0, abs(z)
    for i in range(x.size):
        total += costs[i]
        reach += abs(x[i])
    return (s + alpha) * reach + total, reach


@kernel
def _out_of_reach(x: Values, z: float, margin: float) -> bool:
    """Whether ``z`` is farther than ``margin`` from all sums because all of them are on one side of it."""
    above, below = 0.0, 0.0
    for i in range(x.size):
        above += max(x[i], 0.0)
        below += min(x[i], 0.0)
    return z - above > margin or below - z > margin


@kernel
def _bound_samples(x: Values, costs: Values, aim: Aim, bound: Values) -> None:
    """Bounds of the subsets that contain one sample; infinite for zeros, which no subset needs."""
    for i in range(x.size):
        b = _bound(costs[i], aim[0] - x[i], aim)
        bound[i] = b if x[i] != 0.0 else np.inf


@kernel
def _smallest(values: Values, count: int, least: Values) -> float:
    """The ``count``-th smallest of ``values``, or the largest finite one; ``least`` is scratch."""
    size = 0
    for i in range(values.size):
        v = values[i]
        if size < count and v < np.inf:
            size += 1
        elif size == 0 or v >= least[size - 1]:
            continue
        j = size - 1
        while j > 0 and least[j - 1] > v:
            least[j] = least[j - 1]
            j -= 1
        least[j] = v
    return least[size - 1]


@kernel
def _choose(bound: Values, most: float, chosen: Indices) -> int:
    """Samples with a bound of at most ``most``; how many."""
    size = 0
    for i in range(bound.size):
        chosen[size] = i
        size += bound[i] <= most
    return size


@kernel
def _grow(lists: Lists, size: int, x: float, cost: float, bit: np.uint64, aim: Aim, most: float) -> int:
    """Append the sums with one more sample, those that may belong to the optimum; how many there are then."""
    sums, costs, codes = lists
    end = size
    for t in range(size):
        p, m = sums[t] + x, costs[t] + cost
        sums[end], costs[end], codes[end] = p, m, codes[t] | bit
        end += _bound(m, aim[0] - p, aim) <= most
    return end


@kernel
def _start(lists: Lists) -> None:
    sums, costs, codes = lists
    sums[0] = costs[0] = 0.0
    codes[0] = np.uint64(0)


@kernel
def _build(
    x: Values, costs: Values, chosen: Indices, size: int, aim: Aim, most: float, cap: int, left: Lists, right: Lists
) -> tuple[int, int]:
    """Partial sums of the ``size`` samples ``chosen``, in two lists; how many, given up where more than ``cap``."""
    _start(left)
    _start(right)
    p, q = 1, 1
    for t in range(size):
        i: int = chosen[t]
        bit = np.uint64(1) << np.uint64(i)
        if p <= q:
            p = _grow(left, p, x[i], costs[i], bit, aim, most)
        else:
            q = _grow(right, q, x[i], costs[i], bit, aim, most)
        if max(p, q) > cap:
            break
    return p, q


@kernel
def _compare_all(
    left: Lists, p: int, right: Lists, q: int, aim: Aim, alpha: float, most: float, slack: float, c: Values
) -> tuple[float, np.uint64]:
    """Best objective of all pairs within the tolerance, then of least error, and its samples; ``c`` is scratch."""
    z, eps = aim[0], aim[1]
    best, error, code = np.inf, np.inf, np.uint64(0)
    for k in range(q):
        c[k] = z - right[0][k]
    for i in range(p):
        a, m = left[0][i], left[1][i]
        if _bound(m, z - a, aim) > min(best, most) + slack:
            continue
        row = np.inf
        for k in range(q):
            e = abs(c[k] - a)
            v = m + right[1][k] + alpha * e
            row = min(row, v if e <= eps else np.inf)
        if row <= best and row < np.inf:  # seldom: only now is it asked where
            for k in range(q):
                e = abs(c[k] - a)
                v = m + right[1][k] + alpha * e
                if e <= eps and (v < best or (v == best and e < error)):
                    best, error, code = v, e, left[2][i] | right[2][k]
    return best, code


@kernel
def _reorder(values: NDArray[Any], order: Indices, spare: NDArray[Any]) -> None:
    for t in range(order.size):
        spare[t] = values[order[t]]
    for t in range(order.size):
        values[t] = spare[t]


@kernel
def _sort(lists: Lists, size: int, spare: Lists) -> None:
    """Sort by the sums."""
    order = np.argsort(lists[0][:size])
    _reorder(lists[0], order, spare[0])
    _reorder(lists[1], order, spare[1])
    _reorder(lists[2], order, spare[2])


@kernel
def _affordable_error(cost: float, rest: float, aim: Aim, alpha: float, top: float) -> float:
    """Largest error that a pair may have for an objective of ``top``, if a sum of it costs ``cost``, ``rest`` away.

    With an error ``e`` the other sum is at least ``| |rest| - e |`` in size, and costs ``s`` times that.
    """
    _, eps, _, s = aim
    r = abs(rest)
    if alpha > s:
        return min(eps, (top - cost - s * r) / (alpha - s) * (1.0 + 2.0**-50))
    return min(eps, (top - cost + s * r) / (alpha + s) * (1.0 + 2.0**-50)) if s > 0.0 else eps


@kernel
def _compare_near(
    left: Lists, p: int, right: Lists, q: int, aim: Aim, alpha: float, most: float, slack: float
) -> tuple[float, np.uint64]:
    """``_compare_all`` for sorted lists: each sum is compared with its neighbours, as far as it can afford to."""
    z = aim[0]
    best, error, code = np.inf, np.inf, np.uint64(0)
    j = q - 1
    for i in range(p):
        a, m = left[0][i], left[1][i]
        while j >= 0 and z - right[0][j] < a:
            j -= 1
        top = min(best, most) + slack
        if _bound(m, z - a, aim) > top:
            continue
        far = _affordable_error(m, z - a, aim, alpha, top)
        for step in (-1, 1):
            k = j if step < 0 else j + 1
            while 0 <= k < q:
                e = abs(z - right[0][k] - a)
                if e > far:
                    break
                v = m + right[1][k] + alpha * e
                if v < best or (v == best and e < error):
                    best, error, code = v, e, left[2][i] | right[2][k]
                k += step
    return best, code


@kernel
def _write(code: np.uint64, mask: NDArray[np.uint8]) -> None:
    for i in range(mask.size):
        mask[i] = (code >> np.uint64(i)) & np.uint64(1)


@kernel
def search(
    x: Values, costs: Values, z: float, eps: float, alpha: float, workspace: Workspace, mask: NDArray[np.uint8]
) -> int:
    """Write the best subset within ``eps`` into ``mask``; ``FOUND``, ``NONE``, or ``TOO_MANY`` sums to go through."""
    left, right, spare, bound, least, chosen = workspace
    cap = left[0].size // 2
    s = _price(x, costs)
    if not s < LARGEST:
        return TOO_MANY
    size, reach = _sizes(x, costs, z, alpha, s)
    if not SMALLEST < size < LARGEST:
        return TOO_MANY
    rounding = (x.size + 8) * 2.0**-52
    if eps < 0.0 or _out_of_reach(x, z, eps + rounding * reach):
        return NONE
    aim, slack = (z, eps, min(s, alpha), s), rounding * size
    _bound_samples(x, costs, aim, bound)
    base, affords = _bound(0.0, z, aim), FIRST
    guess = _smallest(bound, affords, least)
    while True:
        many = _choose(bound, guess + slack, chosen)
        p, q = _build(x, costs, chosen, many, aim, guess + slack, cap, left, right)
        if max(p, q) > cap:
            return TOO_MANY
        if p * q <= PAIRS:
            best, code = _compare_all(left, p, right, q, aim, alpha, guess, slack, spare[0])
        else:
            _sort(left, p, spare)
            _sort(right, q, spare)
            best, code = _compare_near(left, p, right, q, aim, alpha, guess, slack)
        if best <= guess:
            _write(code, mask)
            return FOUND
        if best == np.inf and max(p, q) > cap // 4:  # a guess twice as high would have too many
            return TOO_MANY
        if guess >= size:  # which no objective exceeds
            return NONE
        affords = min(affords + MORE, x.size)
        rise = max(2.0 * (guess - base), LEAST_EXCESS * size)
        guess = min(best + slack, max(base + rise, _smallest(bound, affords, least)))


@kernel
def cheapest(
    workspace: Workspace, pool: Values, costs: Values, target: Values, eps: Values, alpha: Values,
    mask: NDArray[np.uint8], state: NDArray[np.int8], low: int, high: int,
) -> None:  # fmt: skip
    """``search`` of problems ``low..high-1``; ``pool`` and ``costs`` have one row a target, or one for all."""
    own = pool.shape[0] > 1
    for p in range(low, high):
        row = p if own else 0
        state[p] = search(pool[row], costs[row], target[p], eps[p], alpha[p], workspace, mask[p])
