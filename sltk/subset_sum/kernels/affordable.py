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
depend on the order of the samples. Each goes to the shorter of two lists of partial sums, which grow at their ends;
the best pair of the two is found by ``kernels.pairs``.

Source: derived for this project.
"""

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.compiled import kernel
from sltk.subset_sum.kernels.merge import Mask
from sltk.subset_sum.kernels.pairs import Aim, Lists, best_pair, bound_of

Workspace = tuple[Lists, Lists, Lists, Values, Values, Indices]

FIRST = 10  # samples that the first guess can afford, and how many more each later one can at least
MORE = 4
SHARE = 8  # lists may have 2^(n/2) / SHARE sums, an eighth of a whole one: what is given up costs a tenth of that
SHORTEST = 64
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
def _price(x: Values, costs: Values) -> float:
    """Least cost of a unit, ``min c_i / |x_i|``; infinite where all samples are zero."""
    s = np.inf
    for i in range(x.size):
        size = abs(x[i])
        s = min(s, costs[i] / size if size > 0.0 else np.inf)
    return s if s > SMALLEST else 0.0  # below, a quotient has lost its digits


@kernel
def _sizes(x: Values, costs: Values, z: float, alpha: float, s: float) -> tuple[float, float]:
    """A number that no objective and no bound exceeds, and the same of sums and errors."""
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
        b = bound_of(costs[i], aim[0] - x[i], aim)
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
        end += bound_of(m, aim[0] - p, aim) <= most
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
def _write(code: np.uint64, mask: Mask) -> None:
    for i in range(mask.size):
        mask[i] = (code >> np.uint64(i)) & np.uint64(1)


@kernel
def search(x: Values, costs: Values, z: float, eps: float, alpha: float, workspace: Workspace, mask: Mask) -> int:
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
    base, affords = bound_of(0.0, z, aim), FIRST
    guess = _smallest(bound, affords, least)
    while True:
        many = _choose(bound, guess + slack, chosen)
        p, q = _build(x, costs, chosen, many, aim, guess + slack, cap, left, right)
        if max(p, q) > cap:
            return TOO_MANY
        best, code = best_pair(left, p, right, q, aim, alpha, guess, slack, spare)
        if best <= guess:
            _write(code, mask)
            return FOUND
        if best == np.inf and max(p, q) > cap // 4:  # a guess twice as high would have too many
            return TOO_MANY
        if best == np.inf and guess >= size:  # which no objective exceeds
            return NONE
        affords = min(affords + MORE, x.size)
        rise = max(2.0 * (guess - base), LEAST_EXCESS * size)
        guess = min(best + slack, max(base + rise, _smallest(bound, affords, least)))


@kernel
def cheapest(
    workspace: Workspace, pool: Values, costs: Values, target: Values, eps: Values, alpha: Values,
    mask: Mask, state: NDArray[np.int8], low: int, high: int,
) -> None:  # fmt: skip
    """``search`` of problems ``low..high-1``; ``pool`` and ``costs`` have one row a target, or one for all."""
    own = pool.shape[0] > 1
    for p in range(low, high):
        row = p if own else 0
        state[p] = search(pool[row], costs[row], target[p], eps[p], alpha[p], workspace, mask[p])
