"""Meeting in the middle, in compiled kernels on every core: the default.

Least errors walk two sorted lists (``kernels.least_error``), of pools of medium size for sixteen problems at once
(``kernels.side_by_side``), or look all sums of one shared pool up in a table (``kernels.shared_pool``). Fewest samples
are enumerated while that is the cheaper way (``kernels.fewest``), and have unit costs after that. Costs look first at
what the optimum can afford (``kernels.affordable``), and where that is too much to go through, at a window over two
sorted lists of all sums (``kernels.cheapest``).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Flags, Values, fixed
from sltk.core.threads import over_cores, piece
from sltk.subset_sum.backends.base import Found, Last, register_backend
from sltk.subset_sum.kernels import affordable, cheapest, fewest, least_error, shared_pool, side_by_side
from sltk.subset_sum.kernels.lanes import LANES
from sltk.subset_sum.problem import Limits, Problem

SMALLEST = 14  # pools from which on it pays to ask first what the optimum can afford


@register_backend
@dataclass(frozen=True)
class MeetInTheMiddle:
    """E. Horowitz and S. Sahni, J. ACM 21 (1974) (remembered); what is done about costs is derived here.

    Attributes:
        smallest: size of the pools from which on costs are searched by what the optimum can afford.
        table: makes the table of one shared pool; ``None`` for ``shared_pool.table``, at every search.
    """

    smallest: int = SMALLEST
    table: Callable[[Values], shared_pool.Table] | None = None
    name = "meet-in-the-middle"
    # Two halves of 2^20 sums: 100 MB a thread with costs, 0.03 to 0.5 s a target. For one pool and least errors six
    # lists of 2^21 sums a thread, built once; about 50 ms a target.
    limits = Limits(own=40, shared=44)

    def search(self, problem: Problem) -> Found:
        """See ``Backend``."""
        if problem.objective == "error":
            return _nearest(problem, self.table or shared_pool.table), np.ones(problem.count, bool)
        if problem.objective == "cardinality":
            return _fewest(problem)
        return _cheapest(problem) if problem.pool.shape[1] < self.smallest else _affordable_first(problem)

    def for_a_stream(self) -> Self:
        """The same, which makes the table of one pool once for all searches."""
        return replace(self, table=Last(shared_pool.table, lambda pool: pool.tobytes()))


def _nearest(problem: Problem, make: Callable[[Values], shared_pool.Table]) -> NDArray[np.uint8]:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    pool, target = fixed(problem.pool), fixed(problem.target)
    if problem.looked_up and n <= shared_pool.LARGEST and count:
        _look_up(make(fixed(pool[0])), n, target, mask)
        return mask
    if len(pool) == 1 or not side_by_side.SMALLEST <= n <= side_by_side.LARGEST or count < side_by_side.FEWEST:
        _walk(pool, target, mask)
        return mask
    left = ~_side_by_side(pool, target, mask)
    if left.any():
        rest = np.zeros((int(left.sum()), n), np.uint8)
        _walk(fixed(pool[left]), fixed(target[left]), rest)
        mask[left] = rest
    return mask


def _look_up(table: shared_pool.Table, n: int, target: Values, mask: NDArray[np.uint8]) -> None:
    def search(_: None, low: int, high: int) -> None:
        shared_pool.look_up(*table, n, target, mask, low, high)

    over_cores(search, len(target), piece(len(target), 64), lambda: None)


def _walk(pool: Values, target: Values, mask: NDArray[np.uint8]) -> None:
    n = pool.shape[1]

    def search(workspace: least_error.Workspace, low: int, high: int) -> None:
        least_error.nearest(workspace, pool, target, mask, low, high)

    over_cores(
        search, len(target), piece(len(target), 6 * 2 ** (n / 2)), lambda: least_error.workspace(n, len(pool) > 1)
    )


def _side_by_side(pool: Values, target: Values, mask: NDArray[np.uint8]) -> Flags:
    """Whose masks are written."""
    (count, n), found = pool.shape, np.zeros(len(pool), bool)

    def search(workspace: side_by_side.Workspace, low: int, high: int) -> None:
        side_by_side.nearest(workspace, pool, target, mask, found, low, high)

    groups = -(-piece(count, 2 * 2 ** (n / 2)) // LANES)
    over_cores(search, count, groups * LANES, lambda: side_by_side.workspace(n))
    return found


def _fewest(problem: Problem) -> Found:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    pool, target, eps = fixed(problem.pool), fixed(problem.target), fixed(problem.caps())
    found, largest = np.zeros(count, bool), fewest.enumerated_size(n)

    def search(workspace: fewest.Workspace, low: int, high: int) -> None:
        fewest.fewest(workspace, pool, target, eps, largest, mask, found, low, high)

    over_cores(search, count, piece(count, 4 * 2 ** (n / 2)), lambda: fewest.workspace(n))
    left = ~found
    if left.any():
        rest = problem.take(left)
        mask[left], found[left] = _cheapest(replace(rest, costs=np.ones_like(rest.pool)))
    return mask, found


def _affordable_first(problem: Problem) -> Found:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    given, state = _priced(problem), np.zeros(count, np.int8)

    def search(workspace: affordable.Workspace, low: int, high: int) -> None:
        affordable.cheapest(workspace, *given, mask, state, low, high)

    over_cores(search, count, piece(count, 2**13), lambda: affordable.workspace(n))
    found, left = state == affordable.FOUND, state == affordable.TOO_MANY
    if left.any():
        mask[left], found[left] = _cheapest(problem.take(left))
    return mask, found


def _cheapest(problem: Problem) -> Found:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    given, found = _priced(problem), np.zeros(count, bool)

    def search(workspace: cheapest.Workspace, low: int, high: int) -> None:
        cheapest.cheapest(workspace, *given, mask, found, low, high)

    over_cores(search, count, piece(count, 24 * 2 ** (n / 2)), lambda: cheapest.workspace(n))
    return mask, found


def _priced(problem: Problem) -> tuple[Values, Values, Values, Values, Values]:
    """Pools, costs, targets, tolerances and prices of error, as the kernels of costs take them."""
    pool, costs, target = fixed(problem.pool), fixed(problem.prices()), fixed(problem.target)
    return pool, costs, target, fixed(problem.caps()), fixed(problem.alpha)
