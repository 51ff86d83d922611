"""All ``2^n`` subsets, in plain numpy: slow, and short enough to be believed. Other backends are held against it."""

import numpy as np
from numpy.typing import NDArray

from sltk.core.numerics.arrays import Flags, Values
from sltk.subset_sum.backends.base import Found, register_backend
from sltk.subset_sum.problem import Limits, Problem

ENTRIES = 2**20  # sums held at a time


@register_backend
class Enumeration:
    """Of all subsets within the tolerance the best one, then of least error, then of smallest code.

    Bit ``k`` of a code is sample ``k``. Sums are added in index order, as those that ``solve`` returns.
    """

    name = "enumeration"
    limits = Limits(own=16, shared=16)

    def search(self, problem: Problem) -> Found:
        """See ``Backend``."""
        mask, found = problem.empty_mask(), np.zeros(problem.count, bool)
        rows = max(1, ENTRIES >> problem.mask_shape[1])
        for low in range(0, problem.count, rows):
            part = slice(low, low + rows)
            mask[part], found[part] = _best(problem.take(np.arange(problem.count)[part]))
        return mask, found


def _best(problem: Problem) -> tuple[NDArray[np.uint8], Flags]:
    error = np.abs(problem.target[:, None] - _sums(problem.pool))
    value = _objective(problem, error)
    value[error > problem.caps()[:, None]] = np.inf
    best = value.min(axis=1)
    code = np.where(value == best[:, None], error, np.inf).argmin(axis=1)
    return (code[:, None] >> np.arange(problem.mask_shape[1]) & 1).astype(np.uint8), best < np.inf


def _objective(problem: Problem, error: Values) -> Values:
    match problem.objective:
        case "error":
            return error.copy()
        case "cardinality":
            return np.broadcast_to(_sums(np.ones_like(problem.pool[:1])), error.shape).copy()
        case "mass" | "weighted":
            return problem.alpha[:, None] * error + _sums(problem.prices())


def _sums(rows: Values) -> Values:
    """All subset sums of each row, ``(rows, n)`` to ``(rows, 2^n)``, by code."""
    sums = np.zeros((len(rows), 1))
    for k in range(rows.shape[1]):
        sums = np.concatenate([sums, sums + rows[:, k : k + 1]], axis=1)
    return sums
