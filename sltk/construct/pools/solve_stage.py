"""Solve every subset-sum problem of one stage: a pool of source weights for each parameter and copy."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.pools.samples import PoolSide, constant_pools, flat_index, sides
from sltk.construct.pools.sub_pool import ENOUGH_SAMPLES, solve_sub_pool_first
from sltk.construct.pools.weight_pools import WeightPools, batches, weight_failures
from sltk.construct.recipe import Search
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.threads import in_order


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
    """

    weight: Values
    bias: Values
    tolerance: float
    reach: Values
    error: Values
    search: Search

    @property
    def prune_below(self) -> float:
        """Parameters up to this size are left out."""
        return self.search.pruned(self.tolerance)


@dataclass
class StageResult:
    """Kept weights of the combining layer (flat, sorted), and what did not reach its target."""

    kept: Indices
    failures: FailureTable
    problems: int


@dataclass
class Progress:
    """What has been found so far."""

    kept: list[Indices] = field(default_factory=list[Indices])
    failures: list[FailureTable] = field(default_factory=list[FailureTable])
    problems: int = 0


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


def solve_stage(source: Source, role: Role, task: StageTask) -> StageResult:
    """Choose the kept weights of a stage."""
    progress = Progress()
    mass = np.zeros(role.copies_out * role.outputs)
    work = [
        (side, lay)
        for side in sides(source, role)
        for lay in batches(source, role, side, task.weight, task.tolerance, task.prune_below)
    ]
    # A batch is laid out, drawn and solved by one thread: dealt out step by step, much of it would be left to one core.
    for solved in in_order(lambda item: _solved(role, task, *item), work):
        progress.kept.append(solved.kept)
        progress.failures.append(solved.failures)
        progress.problems += solved.row.size
        np.add.at(mass, solved.row, solved.mass)
    solve_biases(source, role, task, progress, mass)
    kept = np.sort(np.concatenate([*progress.kept, np.zeros(0, dtype=np.int64)]))
    return StageResult(kept, FailureTable.concatenate(progress.failures), progress.problems)


def _solved(role: Role, task: StageTask, side: PoolSide, lay: Callable[[], WeightPools]) -> Solved:
    batch = lay()
    objective, costs, alpha = _objective(role, task, side, batch)
    found = solve_sub_pool_first(
        batch.pool, batch.target, task.search.sub_pool, eps=batch.eps, objective=objective, costs=costs, alpha=alpha
    )
    mask, bad = found.mask & (batch.neurons >= 0), ~found.reached
    return Solved(
        kept=batch.flat[mask],
        failures=weight_failures(role, side, batch, bad, found.error[bad]),
        row=batch.copy * role.outputs + batch.output,
        mass=np.where(mask, batch.outgoing, 0.0).sum(axis=1),
    )


def _objective(
    role: Role, task: StageTask, side: PoolSide, batch: WeightPools
) -> tuple[str, Values | None, Values | None]:
    """The solver's objective, costs by sample and weight of the error, for one batch of problems."""
    phi, i, s, outgoing, search = role.activation, batch.input, batch.tap, batch.outgoing, task.search
    declared = search.copy_error_of(role.stage)
    if phi is not None and declared is not None:
        return "weighted", traded_costs(declared, outgoing, side.incoming[i]), np.ones(i.size)
    if role.intercept != 0.0 and search.objective != "cardinality":
        # The intercepts d sum v join the bias problem, so their mass is what has to stay small.
        return "mass", np.abs(outgoing), None
    if search.objective != "weighted":
        return search.objective, None, None
    reach = task.reach[i, s]
    if phi is None:
        costs = np.abs(outgoing) * task.error[batch.neurons, i[:, None], s[:, None]]
        return "weighted", costs, reach
    if not phi.curved:
        return "error", None, None
    remainder = phi.remainder
    bend = remainder.coefficient * (np.abs(side.incoming[i]) * reach[:, None]) ** remainder.order
    return "weighted", np.abs(outgoing) * bend, abs(side.sum.slope) * reach


def traded_costs(copy_error: float, outgoing: Values, incoming: Values) -> Values:
    """Costs of the samples where each copy is declared to have ``copy_error``, ``(problems, n)``.

    Every sample of a univariate stage brings rounding and curvature, as if it carried the largest incoming weight.
    """
    return copy_error * np.abs(outgoing) * np.abs(incoming).max(axis=1, keepdims=True, initial=0.0)


def solve_biases(source: Source, role: Role, task: StageTask, progress: Progress, mass: Values) -> None:
    """Biases, and the intercepts that the weights brought along, as sums over constant neurons."""
    k, j = np.divmod(np.arange(role.copies_out * role.outputs), role.outputs)
    target = task.bias[j]
    if role.intercept != 0.0:
        target = target - role.intercept * mass
    wanted = np.flatnonzero(np.abs(target) > task.prune_below)
    if not wanted.size:
        return
    for phase in range(len(role.phases)):
        _solve_phase(source, role, task, progress, (phase, j[wanted], k[wanted], target[wanted]))


def _solve_phase(
    source: Source, role: Role, task: StageTask, progress: Progress, asked_for: tuple[int, Indices, Indices, Values]
) -> None:
    """The biases of the output pixels of one phase."""
    phase, j, k, target = asked_for
    left, pools = target.copy(), constant_pools(source, role, phase)
    for number, constants in enumerate(pools):
        flat = flat_index(role, j[:, None], k[:, None], constants.channels[None, :], constants.taps[None, :])
        pool = source.weights(role.combine, flat) * constants.values
        last = number == len(pools) - 1
        asked = task.search.objective
        objective = asked if last and asked in ("cardinality", "mass") else "error"
        few = ENOUGH_SAMPLES if objective == "error" else None
        found = solve_sub_pool_first(pool, left, few, eps=task.tolerance, objective=objective)
        progress.kept.append(flat[found.mask])
        left = left - found.value
    error = np.abs(left)
    progress.problems += target.size
    bad = error > task.tolerance
    none = np.zeros(int(bad.sum()), dtype=np.int64)
    places = j[bad], none, none + phase, k[bad]
    progress.failures.append(FailureTable.of("bias", role.stage, *places, target[bad], error[bad], task.tolerance))
