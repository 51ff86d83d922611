"""Subsets of a given size, and with given samples: the same search over a lifted pool.

With ``R = |z| + sum |x|`` and ``M >= 4 R``, a subset of ``x + M`` is within ``R`` of ``z + k M`` exactly if it has
``k`` samples and is within ``R`` of ``z`` without the lift; any other size is off by more. Samples that must be taken
become zeros, and their sum is taken from the target.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Flags, Indices
from sltk.subset_sum.problem import RANGE, Problem


@dataclass(frozen=True)
class Restriction:
    """What a subset must be.

    Attributes:
        size: ``(P,)`` number of samples, those that must be taken among them; or ``None`` for any.
        locked: ``(P, n)`` or ``(1, n)`` samples that must be taken; or ``None``.
    """

    size: Indices | None
    locked: Flags | None

    def lifted(self, problem: Problem) -> Problem:
        """The problem whose free answer is the restricted one of ``problem``."""
        if self.locked is not None:
            problem = _without(problem, self.locked)
        return problem if self.size is None else _lift(problem, self.size, self.locked)

    def completed(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """``mask`` with the samples that must be taken."""
        if self.locked is None:
            return mask
        n = self.locked.shape[1]
        mask[:, :n] |= self.locked
        return mask


def restriction(problem: Problem, size: Any, locked: Any) -> Restriction:
    """Check ``size`` and ``locked`` of ``solve`` against a problem."""
    samples = _locked(problem, locked)
    return Restriction(_sizes(problem, size, samples), samples)


def _sizes(problem: Problem, size: Any, locked: Flags | None) -> Indices | None:
    if size is None:
        return None
    sizes = np.asarray(size)
    if sizes.dtype.kind not in "iu":
        raise SltkError(f"size must hold whole numbers, but is {sizes.dtype}; pass integers from 0 to n.")
    try:
        sizes = np.broadcast_to(sizes, problem.shape).reshape(-1).astype(np.int64)
    except ValueError:
        raise SltkError(
            f"size must be a number or broadcast to the targets' shape {problem.shape}, but its shape is {sizes.shape}."
        ) from None
    least = 0 if locked is None else locked.sum(axis=1)
    if ((sizes < least) | (sizes > problem.samples)).any():
        raise SltkError(
            f"size must lie between the number of locked samples and n={problem.samples}, but one is "
            f"{sizes[(sizes < least) | (sizes > problem.samples)][0]}."
        )
    return sizes


def _locked(problem: Problem, locked: Any) -> Flags | None:
    if locked is None:
        return None
    flags, n = np.asarray(locked), problem.samples
    if flags.dtype != np.bool_ or flags.shape not in ((n,), (*problem.shape, n)):
        raise SltkError(
            f"locked must be bool with shape ({n},) or {(*problem.shape, n)}, but is {flags.dtype} {flags.shape}."
        )
    return flags.reshape(1 if flags.ndim == 1 else problem.target.size, n)


def _without(problem: Problem, locked: Flags) -> Problem:
    pool = problem.pool
    if locked.shape[0] > 1 and pool.shape[0] == 1:
        pool = np.repeat(pool, problem.target.size, axis=0)
    taken = np.where(_wide(locked, pool), pool, 0.0)
    costs = problem.costs
    if costs is not None:
        costs = np.where(_wide(locked, pool), 0.0, np.broadcast_to(costs, pool.shape))
    return replace(
        problem, pool=np.ascontiguousarray(pool - taken), target=problem.target - taken.sum(axis=1),
        costs=None if costs is None else np.ascontiguousarray(costs),
        looked_up=problem.looked_up and pool.shape[0] == 1,
    )  # fmt: skip


def _lift(problem: Problem, size: Indices, locked: Flags | None) -> Problem:
    reach = np.abs(problem.pool).sum(axis=1)
    far = np.abs(problem.target) + reach if reach.size > 1 else np.abs(problem.target).max(initial=0.0) + reach
    if not (far <= RANGE / (8 * (problem.samples + 2))).all():
        raise SltkError("pool and target are too large for a search by size; divide both by a common power of two.")
    lift = np.ldexp(1.0, np.frexp(far)[1] + 2)
    free = np.ones((1, problem.pool.shape[1]), bool) if locked is None else ~_wide(locked, problem.pool)
    left = size if locked is None else size - locked.sum(axis=1)
    # Beyond the reach a tolerance admits every subset of the size, and must not admit others.
    cap = np.broadcast_to(1.5 * far, problem.target.shape)
    return replace(
        problem, pool=np.ascontiguousarray(problem.pool + np.where(free, lift[:, None], 0.0)),
        target=problem.target + left * lift, eps=cap if problem.eps is None else np.minimum(problem.eps, cap),
    )  # fmt: skip


def _wide(locked: Flags, pool: NDArray[np.float64]) -> Flags:
    """``locked`` with as many columns as the pool, which has a zero sample where there is none."""
    missing = pool.shape[1] - locked.shape[1]
    return np.pad(locked, ((0, 0), (0, missing))) if missing else locked
