"""One batch of a stage's weights: pools drawn, subsets chosen."""

from dataclasses import dataclass

import numpy as np

from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import PoolSide
from sltk.construct.pools.sub_pool import searched_first, solve_sub_pool_first
from sltk.construct.pools.task import StageTask, prices
from sltk.construct.pools.weight_pools import WeightPlaces, laid_out, weight_failures
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Indices, Values


@dataclass(frozen=True)
class Solved:
    """What came of one batch of weights.

    Args:
        kept: flat indices; failures: of the batch.
        row: ``(problems,)`` copy and output, and the sum of the weights that each problem keeps: ``mass``.
    """

    kept: Indices
    failures: FailureTable
    row: Indices
    mass: Values


def solve_batch(source: Source, role: Role, task: StageTask, side: PoolSide, places: WeightPlaces) -> Solved:
    """Draw and solve the pools of some weights by the CPU's kernels."""
    batch = laid_out(source, role, side, places)
    asked = prices(role, task, side, batch.input, batch.tap)
    some = searched_first(task.search, role, source.layers[role.combine])
    found = solve_sub_pool_first(
        batch.pool, batch.target, some, eps=batch.eps, objective=asked.objective,
        costs=asked.costs(batch.outgoing), alpha=asked.alpha,
    )  # fmt: skip
    mask, bad = found.mask & (batch.neurons >= 0), ~found.reached
    return Solved(
        kept=batch.flat[mask],
        failures=weight_failures(role, side, batch, bad, found.error[bad]),
        row=batch.copy * role.outputs + batch.output,
        mass=np.where(mask, batch.outgoing, 0.0).sum(axis=1),
    )
