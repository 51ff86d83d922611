"""Exact subset sum for many targets at once: least error, fewest samples, least mass, or a weighted mixture."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sltk.core.arrays import Flags, Values
from sltk.subset_sum._problem import Problem, read
from sltk.subset_sum._restrict import restriction
from sltk.subset_sum._threads import over_cores, piece
from sltk.subset_sum.backends import _cardinality, _costs, _error, _shared
from sltk.subset_sum.backends._merge import KERNEL

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Solution:
    """One subset a target.

    Args:
        mask: ``(..., n)`` bool, the samples taken.
        value: ``(...)`` float64, their sum, added in index order from ``mask`` alone.
        error: ``(...)`` float64, ``|target - value|``.
        reached: ``(...)`` bool, ``error <= eps``; true where no tolerance was asked for.
    """

    mask: Flags
    value: Values
    error: Values
    reached: Flags


def solve(
    pool: Any,
    target: Any,
    *,
    eps: Any = None,
    objective: str = "error",
    costs: Any = None,
    alpha: Any = None,
    size: Any = None,
    locked: Any = None,
) -> Solution:
    r"""Choose for each target ``z`` a subset ``I`` of its pool ``x_1..x_n``, exactly, by meeting in the middle.

    - ``error``: the least ``|z - sum_I x|``.
    - ``cardinality``: the fewest samples with error at most ``eps``, then the least error.
    - ``mass``: the least ``sum_I costs`` with error at most ``eps``, then the least error.
    - ``weighted``: the least ``alpha |z - sum_I x| + sum_I costs`` with error at most ``eps``.

    Where no subset is within ``eps`` the last three give a subset of least error, and ``reached`` is false.

    Rounding. With ``s = (n + 4) 2^-52 (|z| + sum |x|)``: the returned error exceeds the least one by at most ``s``;
    a subset whose error is within ``s`` of ``eps`` may count on either side, but ``reached`` is always
    ``error <= eps`` for the very error returned; a weighted objective exceeds the least by at most
    ``(n + 4) 2^-52 (alpha (|z| + sum |x|) + sum costs)``, a mass by ``(n + 4) 2^-52 sum costs``. Where all sums are
    exact in float64 (integers, say) there is no error at all. A search by ``size`` has ``8 n`` times the slack.

    Ties are broken by the order of the search, which depends on pool, target, eps, costs and alpha only: not on
    the batch, the machine or the number of threads. A pool shared by a vector of targets is searched in another order
    than the same pool given once a target.

    Args:
        pool: ``(*target.shape, n)``, one pool a target, ``n <= 40``, or ``(n,)``, one for all targets: ``n <= 44``
            for ``error`` and ``n <= 40`` else; arrays or tensors, read as float64.
        target: any shape, in the units of ``pool``.
        eps: tolerance > 0, in the units of ``pool``: a number, or broadcast to ``target``. ``error`` needs it only for
            ``reached``; ``weighted`` takes ``None`` for no cap.
        objective: one of the four above.
        costs: >= 0, ``(*target.shape, n)`` or ``(n,)``; by default ``|x|``.
        alpha: >= 0, the price of a unit of error: a number, or broadcast to ``target``.
        size: exact number of samples, locked ones among them: an integer, or broadcast to ``target``.
        locked: bool, ``(n,)`` or ``(*target.shape, n)``: samples that every subset must take.

    Returns:
        A ``Solution``; ``value`` and ``error`` carry at most ``n 2^-53 (|z| + sum |x|)`` of rounding.

    Raises:
        SltkError: for shapes that do not fit, numbers that are not finite, ``eps <= 0``, negative costs or alpha, sums
            that may overflow, pools that are too large.

    Source: E. Horowitz and S. Sahni, J. ACM 21 (1974), meeting in the middle (remembered, not read again); the
    sliding windows for mass and weight are derived here.
    """
    problem = read(pool, target, eps, objective, costs, alpha)
    required = restriction(problem, size, locked)
    searched = required.lifted(problem)
    found = _least_error(searched) if objective == "error" else _least_cost(searched, objective)
    mask = required.completed(found)
    value, error = _sums(problem, mask)
    reached = np.ones(error.size, bool) if problem.eps is None else error <= problem.eps
    shape, n = problem.shape, problem.samples
    return Solution(
        mask=mask.view(np.bool_)[:, :n].reshape(*shape, n), value=value.reshape(shape),
        error=error.reshape(shape), reached=reached.reshape(shape),
    )  # fmt: skip


def _least_error(problem: Problem) -> Mask:
    mask, n, count = _empty_mask(problem), problem.pool.shape[1], problem.target.size
    if problem.looked_up and n <= _shared.LARGEST and count:
        table = _shared.table(problem.pool[0])

        def run(_: None, low: int, high: int) -> None:
            _shared.look_up(*table, n, problem.target, mask, low, high)

        over_cores(run, count, piece(count, 64), lambda: None)
        return mask

    def search(workspace: Any, low: int, high: int) -> None:
        _error.nearest(workspace, problem.pool, problem.target, mask, low, high)

    over_cores(search, count, piece(count, 6 * 2 ** (n / 2)), lambda: _error.workspace(n))
    return mask


def _least_cost(problem: Problem, objective: str) -> Mask:
    """Search within ``eps``, and once more within ``eps - slack`` where rounding lifts an error above ``eps``."""
    eps = np.full(problem.target.size, np.inf) if problem.eps is None else problem.eps
    within = _fewest if objective == "cardinality" else _cheapest
    mask, found = within(problem, eps)
    beyond = found & (_sums(problem, mask)[1] > eps)
    if beyond.any():
        mask[beyond], found[beyond] = within(problem.take(beyond), (eps - problem.slack())[beyond])
    if not found.all():
        # The same search whatever the pool's sharing, so that one target's answer does not hang on the others.
        mask[~found] = _least_error(replace(problem.take(~found), looked_up=False))
    return mask


def _fewest(problem: Problem, eps: Values) -> tuple[Mask, Flags]:
    mask, found = _empty_mask(problem), np.zeros(eps.size, bool)
    n, largest = problem.pool.shape[1], _cardinality.enumerated_size(problem.pool.shape[1])

    def search(workspace: Any, low: int, high: int) -> None:
        _cardinality.fewest(workspace, problem.pool, problem.target, eps, largest, mask, found, low, high)

    over_cores(search, eps.size, piece(eps.size, 4 * 2 ** (n / 2)), lambda: _cardinality.workspace(n))
    left = ~found
    if left.any():
        rest = problem.take(left)
        mask[left], found[left] = _cheapest(replace(rest, costs=np.ones_like(rest.pool)), eps[left])
    return mask, found


def _cheapest(problem: Problem, eps: Values) -> tuple[Mask, Flags]:
    mask, found, n = _empty_mask(problem), np.zeros(eps.size, bool), problem.pool.shape[1]
    pool, costs, target, alpha = problem.pool, problem.costs, problem.target, problem.alpha

    def search(workspace: Any, low: int, high: int) -> None:
        _costs.cheapest(workspace, pool, costs, target, eps, alpha, mask, found, low, high)

    over_cores(search, eps.size, piece(eps.size, 24 * 2 ** (n / 2)), lambda: _costs.workspace(n))
    return mask, found


def _empty_mask(problem: Problem) -> Mask:
    return np.zeros((problem.target.size, problem.pool.shape[1]), np.uint8)


def _sums(problem: Problem, mask: Mask) -> tuple[Values, Values]:
    """Sum of each subset in index order, and its error."""
    value, error = np.empty_like(problem.target), np.empty_like(problem.target)
    pool, target, count = problem.pool, problem.target, problem.target.size

    def add(_: None, low: int, high: int) -> None:
        _resum(pool, target, mask, value, error, low, high)

    over_cores(add, count, piece(count, 128), lambda: None)
    return value, error


@njit(**KERNEL)
def _resum(pool, target, mask, value, error, low, high):
    own = pool.shape[0] > 1
    for p in range(low, high):
        row = p if own else 0
        total = 0.0
        for k in range(mask.shape[1]):
            total += pool[row, k] * mask[p, k]  # exact, and no branch that the processor has to guess
        value[p] = total
        error[p] = abs(target[p] - total)
