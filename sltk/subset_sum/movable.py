r"""Subset sums of samples that may move a little after they were drawn.

Definition (this project's). Each sample that is taken may move by up to ``m``; one that is not is worth nothing. A
subset I then reaches z within eps exactly if ``|z - sum_I x| <= eps + m |I|``: the moves add up to any number of size
at most ``m |I|`` and to no other. So one exact search for each size ``k``, at the tolerance ``eps + m k``, decides it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags, Values
from sltk.subset_sum.backends import backend_named
from sltk.subset_sum.problem import Problem, read
from sltk.subset_sum.solve import solve


@dataclass(frozen=True)
class MovedSolution:
    """One subset a target, and the move of each of its samples.

    Args:
        mask: ``(..., n)`` bool, the samples taken.
        move: ``(...)`` float64, by how much each sample taken moves, ``|move| <= movable``; 0 where none is.
        value: ``(...)`` float64, the sum of the samples as they were drawn.
        error: ``(...)`` float64, what moving leaves of ``|target - value|``: ``max(0, |target - value| - movable k)``.
        reached: ``(...)`` bool, ``error <= eps``.
    """

    mask: Flags
    move: Values
    value: Values
    error: Values
    reached: Flags


def solve_movable(pool: Any, target: Any, *, eps: Any, movable: float) -> MovedSolution:
    """Choose for each target the fewest samples that reach it within ``eps`` once each may move by ``movable``.

    Among subsets of that size, one whose sum is nearest before moving. Where none reaches the target, a subset that
    leaves the least error. A search by size carries the rounding that ``solve`` states for it; where all sums are exact
    in float64 there is none but that of ``movable k``.

    Args:
        pool: ``(*target.shape, n)``, one pool a target, or ``(n,)``, one for all targets; ``n <= 40``.
        target: any shape, in the units of ``pool``.
        eps: tolerance > 0, in the units of ``pool``: a number, or broadcast to ``target``.
        movable: largest move of a sample, >= 0, in the units of ``pool``; 0 is ``solve`` by cardinality.

    Returns:
        A ``MovedSolution``.

    Raises:
        SltkError: ``movable`` negative or not finite, and whatever ``solve`` refuses.

    Source: derived here. It costs up to ``n + 1`` searches where ``solve`` takes one.
    """
    if not 0.0 <= movable < math.inf:
        raise SltkError(f"movable must be finite and >= 0, but got movable={movable}; it is the largest move.")
    problem = read(pool, target, eps, "cardinality", None, None, backend_named("auto").limits)
    mask = np.zeros((problem.target.size, problem.samples), bool)
    value, error = np.zeros_like(problem.target), np.abs(problem.target)
    for size in range(1, problem.samples + 1):
        left = np.flatnonzero(error > _tolerance(problem))
        if not left.size:
            break
        found = solve(_rows(problem, left), problem.target[left], size=size)
        remains = np.maximum(0.0, found.error - movable * size)
        better = remains < error[left]
        rows = left[better]
        mask[rows], value[rows], error[rows] = found.mask[better], found.value[better], remains[better]
    return _shaped(problem, mask, value, error, movable)


def _rows(problem: Problem, rows: NDArray[np.int64]) -> Values:
    """The pools of some targets, as ``solve`` takes them."""
    return problem.pool[0] if problem.looked_up else problem.pool[rows if problem.pool.shape[0] > 1 else [0]]


def _tolerance(problem: Problem) -> Values:
    assert problem.eps is not None  # a cardinality problem has one
    return problem.eps


def _shaped(problem: Problem, mask: Flags, value: Values, error: Values, movable: float) -> MovedSolution:
    """The answer, with the missing distance shared equally by the samples that were taken."""
    move = np.clip((problem.target - value) / np.maximum(mask.sum(axis=1), 1), -movable, movable)
    shape = problem.shape
    return MovedSolution(
        mask.reshape(*shape, problem.samples), np.where(mask.any(axis=1), move, 0.0).reshape(shape),
        value.reshape(shape), error.reshape(shape), (error <= _tolerance(problem)).reshape(shape),
    )  # fmt: skip
