"""The best pair of two lists of partial sums: one part of a subset from each, for ``kernels.affordable``.

A few pairs are all compared, in a loop without a branch. Many are sorted first; then each sum is compared with those of
the other list that its cost leaves it the means for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.compiled import kernel

Codes = NDArray[np.uint64]
Lists = tuple[Values, Values, Codes]  # partial sums, their costs, and their samples as bits
Aim = tuple[float, float, float, float]  # z, eps, min(s, alpha) and s, the least cost of a unit
Best = tuple[float, np.uint64]  # objective, infinite where there is no pair, and the samples

ALL = 8192  # pairs that are all compared; more are worth sorting


@kernel
def bound_of(cost: float, rest: float, aim: Aim) -> float:
    """Least objective of a subset with a part that costs ``cost`` and leaves ``rest`` to reach."""
    _, eps, low, s = aim
    r = abs(rest)
    return cost + low * min(r, eps) + s * max(0.0, r - eps)


@kernel
def best_pair(
    left: Lists, p: int, right: Lists, q: int, aim: Aim, alpha: float, most: float, slack: float, spare: Lists
) -> Best:
    """Least objective of all pairs within the tolerance, then least error; pairs dearer than ``most`` may be left out.

    Args:
        left: ``p`` partial sums in any order; right: ``q`` of them; both may be sorted here.
        aim: see ``Aim``.
        alpha: price of a unit of error.
        most: objective that is asked for.
        slack: what rounding may add to a bound.
        spare: scratch, as long as the lists.
    """
    if p * q <= ALL:
        return _compare_all(left, p, right, q, aim, alpha, most, slack, spare[0])
    _sort(left, p, spare)
    _sort(right, q, spare)
    return _compare_near(left, p, right, q, aim, alpha, most, slack)


@kernel
def _compare_all(
    left: Lists, p: int, right: Lists, q: int, aim: Aim, alpha: float, most: float, slack: float, c: Values
) -> Best:
    """As ``best_pair``; ``c`` is scratch."""
    z, eps = aim[0], aim[1]
    best, error, code = np.inf, np.inf, np.uint64(0)
    for k in range(q):
        c[k] = z - right[0][k]
    for i in range(p):
        a, m = left[0][i], left[1][i]
        if bound_of(m, z - a, aim) > min(best, most) + slack:
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
def _compare_near(left: Lists, p: int, right: Lists, q: int, aim: Aim, alpha: float, most: float, slack: float) -> Best:
    """``_compare_all`` for sorted lists: each sum is compared with its neighbours, as far as it can afford to."""
    z = aim[0]
    best, error, code = np.inf, np.inf, np.uint64(0)
    j = q - 1
    for i in range(p):
        a, m = left[0][i], left[1][i]
        while j >= 0 and z - right[0][j] < a:
            j -= 1
        top = min(best, most) + slack
        if bound_of(m, z - a, aim) > top:
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
