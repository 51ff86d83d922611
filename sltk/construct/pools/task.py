"""What one stage of a construction is asked for, and what its samples and errors cost."""

from dataclasses import dataclass

import numpy as np

from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import PoolSide
from sltk.construct.recipe import Search
from sltk.core.numerics.arrays import Flags, Indices, Values
from sltk.subset_sum.problem import Objective


@dataclass(frozen=True)
class StageTask:
    """What one stage is asked for.

    Args:
        weight: target weights ``(outputs, fan, inner)``; bias: ``(outputs,)``.
        tolerance: of every weight and bias.
        reach: ``(inputs, inner)`` bound of ``|x|`` at the input, which weighs a parameter's own error.
        error: ``(copies_in, inputs, inner)`` error of each incoming copy, which weighs a sample; for a
            univariate stage the remainder takes its place.
        search: which subset to take.
        device: where weights are drawn and subsets searched; the result is the same.
        read: ``(copies_out, outputs)`` which neurons have problems; ``None`` for all.
    """

    weight: Values
    bias: Values
    tolerance: float
    reach: Values
    error: Values
    search: Search
    device: str = "cpu"
    read: Flags | None = None

    @property
    def prune_below(self) -> float:
        """Parameters up to this size are left out."""
        return self.search.pruned(self.tolerance)


@dataclass(frozen=True)
class Prices:
    """The solver's objective for some problems, with costs ``scale |v| factors`` of samples of outgoing weight ``v``.

    Args:
        objective: of the solver.
        scale: ``None`` for the solver's own costs, or none.
        factors: ``(b, n)`` or ``(b, 1)``, or ``None`` for ones.
        alpha: ``(b,)`` price of a unit of error, where the objective has one.
    """

    objective: Objective
    scale: float | None = None
    factors: Values | None = None
    alpha: Values | None = None

    def costs(self, outgoing: Values) -> Values | None:
        """Costs by sample, ``(b, n)``."""
        if self.scale is None:
            return None
        sizes = self.scale * np.abs(outgoing)
        return sizes if self.factors is None else sizes * self.factors


def prices(role: Role, task: StageTask, side: PoolSide, i: Indices, s: Indices) -> Prices:
    """What weights of the inputs ``i`` at the taps ``s`` are searched for, ``(b,)`` each."""
    phi, search = role.activation, task.search
    declared = search.copy_error_of(role.stage)
    if phi is not None and declared is not None:
        return Prices("weighted", declared, largest_incoming(side.incoming[i]), np.ones(i.size))
    if role.intercept != 0.0 and search.objective != "cardinality":
        # The intercepts d sum v join the bias problem, so their mass is what has to stay small.
        return Prices("mass", 1.0)
    if search.objective != "weighted":
        return Prices(search.objective)
    reach = task.reach[i, s]
    if phi is None:
        return Prices("weighted", 1.0, task.error[side.neurons[i], i[:, None], s[:, None]], reach)
    if not phi.curved:
        return Prices("error")
    remainder = phi.remainder
    bend = remainder.coefficient * (np.abs(side.incoming[i]) * reach[:, None]) ** remainder.order
    return Prices("weighted", 1.0, bend, abs(side.sum.slope) * reach)


def largest_incoming(incoming: Values) -> Values:
    """``(problems, 1)``: samples of a univariate stage round as if each carried the largest incoming weight."""
    return np.abs(incoming).max(axis=1, keepdims=True, initial=0.0)


def traded_costs(copy_error: float, outgoing: Values, incoming: Values) -> Values:
    """Costs of the samples where each copy is declared to have ``copy_error``, ``(problems, n)``."""
    return copy_error * np.abs(outgoing) * largest_incoming(incoming)
