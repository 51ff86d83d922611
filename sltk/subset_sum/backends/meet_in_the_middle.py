"""Meeting in the middle, in compiled kernels on every core: the default.

Least errors walk two sorted lists (``kernels.least_error``), or look all sums of one shared pool up in a table
(``kernels.shared_pool``). Fewest samples are enumerated while that is the cheaper way (``kernels.fewest``), and have
unit costs after that; costs take a window over two sorted lists (``kernels.cheapest``).
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.threads import over_cores, piece
from sltk.subset_sum.backends.base import Found, register_backend
from sltk.subset_sum.kernels import cheapest, fewest, least_error, shared_pool
from sltk.subset_sum.problem import Limits, Problem


@register_backend
class MeetInTheMiddle:
    """E. Horowitz and S. Sahni, J. ACM 21 (1974) (remembered); the windows for costs are derived here."""

    name = "meet-in-the-middle"
    # Two halves of 2^20 sums: 100 MB a thread with costs, 0.03 to 0.5 s a target. For one pool and least errors six
    # lists of 2^21 sums a thread, built once; about 50 ms a target.
    limits = Limits(own=40, shared=44)

    def search(self, problem: Problem) -> Found:
        """See ``Backend``."""
        if problem.objective == "error":
            return _nearest(problem), np.ones(problem.count, bool)
        return _fewest(problem) if problem.objective == "cardinality" else _cheapest(problem)


def _nearest(problem: Problem) -> NDArray[np.uint8]:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    if problem.looked_up and n <= shared_pool.LARGEST and count:
        table = shared_pool.table(problem.pool[0])

        def run(_: None, low: int, high: int) -> None:
            shared_pool.look_up(*table, n, problem.target, mask, low, high)

        over_cores(run, count, piece(count, 64), lambda: None)
        return mask

    def search(workspace: least_error.Workspace, low: int, high: int) -> None:
        least_error.nearest(workspace, problem.pool, problem.target, mask, low, high)

    over_cores(search, count, piece(count, 6 * 2 ** (n / 2)), lambda: least_error.workspace(n))
    return mask


def _fewest(problem: Problem) -> Found:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    eps, found, largest = problem.caps(), np.zeros(count, bool), fewest.enumerated_size(n)

    def search(workspace: fewest.Workspace, low: int, high: int) -> None:
        fewest.fewest(workspace, problem.pool, problem.target, eps, largest, mask, found, low, high)

    over_cores(search, count, piece(count, 4 * 2 ** (n / 2)), lambda: fewest.workspace(n))
    left = ~found
    if left.any():
        rest = problem.take(left)
        mask[left], found[left] = _cheapest(replace(rest, costs=np.ones_like(rest.pool)))
    return mask, found


def _cheapest(problem: Problem) -> Found:
    mask, (count, n) = problem.empty_mask(), problem.mask_shape
    eps, found, costs = problem.caps(), np.zeros(count, bool), problem.prices()

    def search(workspace: Any, low: int, high: int) -> None:
        cheapest.cheapest(workspace, problem.pool, costs, problem.target, eps, problem.alpha, mask, found, low, high)

    over_cores(search, count, piece(count, 24 * 2 ** (n / 2)), lambda: cheapest.workspace(n))
    return mask, found
