"""Problems on a device, a row each, and how many of them the memory allows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.tensors import tensor_of
from sltk.subset_sum.problem import Objective, Problem


@dataclass(frozen=True)
class Batch:
    """``B`` targets with pools ``(R, n)`` and costs ``(R, n)``, where ``R`` is ``B``, or 1 for a shared pool: float64.

    Attributes:
        objective: what is to be least.
        pool: ``(R, n)``.
        target: ``(B,)``.
        eps: ``(B,)`` tolerances, infinite where there is none.
        alpha: ``(B,)`` price of a unit of error.
        costs: ``(R, n)``, where the objective has any.
        looked_up: several targets and one pool.
    """

    objective: Objective
    pool: Tensor
    target: Tensor
    eps: Tensor
    alpha: Tensor
    costs: Tensor | None = None
    looked_up: bool = False

    @property
    def count(self) -> int:
        """``B``."""
        return self.target.shape[0]

    @property
    def samples(self) -> int:
        """``n``."""
        return self.pool.shape[1]

    def take(self, rows: Tensor | slice) -> "Batch":
        """The problems ``rows``: a slice, or a tensor of flags or numbers."""
        own, costs = self.pool.shape[0] > 1, self.costs
        return Batch(
            self.objective, self.pool[rows] if own else self.pool, self.target[rows], self.eps[rows], self.alpha[rows],
            costs[rows] if costs is not None and costs.shape[0] > 1 else costs, self.looked_up,
        )  # fmt: skip

    def prices(self) -> Tensor:
        """``costs`` of an objective that has them."""
        assert self.costs is not None
        return self.costs

    def empty_mask(self) -> Tensor:
        """``(B, n)`` zeros."""
        return torch.zeros((self.count, self.samples), dtype=torch.uint8, device=self.pool.device)

    def flags(self, value: bool) -> Tensor:
        """``(B,)`` of ``value``."""
        return torch.full((self.count,), value, dtype=torch.bool, device=self.pool.device)


def batch_of(problem: Problem, device: torch.device) -> Batch:
    """``problem`` on ``device``."""
    given = problem.pool, problem.target, problem.caps(), problem.alpha
    pool, target, eps, alpha = (_sent(values, device) for values in given)
    costs = None if problem.costs is None else _sent(problem.costs, device)
    return Batch(problem.objective, pool, target, eps, alpha, costs, problem.looked_up)


def _sent(values: Values, device: torch.device) -> Tensor:
    # Torch takes no array that is read-only, as those are that were broadcast.
    return tensor_of(np.require(values, requirements=["C", "W"])).to(device)


def pieces(count: int, row: float, memory: float) -> Iterator[slice]:
    """Slices of ``range(count)`` whose rows, of ``row`` bytes each, fit into ``memory`` bytes; at least one row."""
    size = max(1, int(memory / row))
    for low in range(0, count, size):
        yield slice(low, min(low + size, count))
