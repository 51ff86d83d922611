"""Tails and critical values of the binomial distribution, for arrays of trials.

The tails are regularised incomplete beta functions; scipy gives them, far ones included, to about ``1e-12`` relative.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sltk.core.lazy import later
from sltk.core.numerics.arrays import Indices

special = later("scipy.special")


def upper_tail(n: ArrayLike, k: ArrayLike, p: float) -> NDArray[np.float64]:
    """``P(Bin(n, p) >= k) = I_p(k, n - k + 1)`` for ``0 <= k <= n + 1``."""
    n, k = np.asarray(n), np.asarray(k)
    inside = (k >= 1) & (k <= n)
    value = special.betainc(np.where(inside, k, 1), np.where(inside, n - k + 1, 1), p)
    return np.where(inside, value, np.where(k < 1, 1.0, 0.0))


def lower_tail(n: ArrayLike, k: ArrayLike, p: float) -> NDArray[np.float64]:
    """``P(Bin(n, p) <= k)`` for ``-1 <= k <= n``, without the cancellation of one minus the other tail."""
    n, k = np.asarray(n), np.asarray(k)
    inside = (k >= 0) & (k < n)
    value = special.betaincc(np.where(inside, k + 1, 1), np.where(inside, n - k, 1), p)
    return np.where(inside, value, np.where(k < 0, 0.0, 1.0))


def upper_critical(n: Indices, p: float, alpha: float) -> Indices:
    """Least ``k`` with ``P(Bin(n, p) >= k) <= alpha``, in ``[1, n + 1]``."""
    return _bisect(np.zeros_like(n), n + 1, lambda k: upper_tail(n, k, p) <= alpha)


def lower_critical(n: Indices, p: float, alpha: float) -> Indices:
    """Largest ``k`` with ``P(Bin(n, p) <= k) <= alpha``, in ``[-1, n - 1]``."""
    return _bisect(np.full_like(n, -1), n, lambda k: lower_tail(n, k, p) > alpha) - 1


def _bisect(low: Indices, high: Indices, holds: Callable[[Indices], NDArray[np.bool_]]) -> Indices:
    """Least integers in ``(low, high]`` from which on ``holds`` is true, given that it is at ``high``."""
    while np.any(high - low > 1):
        middle = (low + high) // 2
        found = holds(middle)
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    return high


def rejection(n: Indices, p: float, p_low: float, p_high: float, side: float) -> NDArray[np.float64]:
    """Probability under ``p`` of either tail, each of probability at most ``side`` under its end of the null."""
    above = upper_tail(n, upper_critical(n, p_high, side), p)
    return above + lower_tail(n, lower_critical(n, p_low, side), p)


def randomised_power(n: int, p0: float, p1: float, side: float) -> float:
    """Power at ``p1 > p0`` of the best test of ``p0`` with false alarm ``side``, which may toss a coin at the limit."""
    sizes = np.array([n])
    k = upper_critical(sizes, p0, side)
    mass = upper_tail(sizes, k - 1, p0) - upper_tail(sizes, k, p0)
    share = np.divide(side - upper_tail(sizes, k, p0), mass, out=np.zeros(1), where=mass > 0)
    return float((upper_tail(sizes, k, p1) * (1.0 - share) + upper_tail(sizes, k - 1, p1) * share)[0])
