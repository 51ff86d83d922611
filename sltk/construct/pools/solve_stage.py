"""Solve every subset-sum problem of one stage: a pool of source weights for each parameter and copy."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sltk.construct.failures import FailureTable
from sltk.construct.methods.roles import Role
from sltk.construct.pools.on_device import ON_DEVICE, DevicePools, torch_place
from sltk.construct.pools.samples import constant_pools, flat_index, sides
from sltk.construct.pools.solve_batch import Solved, solve_batch
from sltk.construct.pools.sub_pool import ENOUGH_SAMPLES, solve_sub_pool_first, spread_evenly
from sltk.construct.pools.task import StageTask
from sltk.construct.pools.weight_pools import CHUNK, batches
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.threads import in_order


@dataclass
class StageResult:
    """What was chosen for a stage.

    Args:
        kept: weights of the combining layer, flat, sorted.
        failures: what did not reach its target.
        problems: number of them by copy and output, ``(copies_out * outputs,)``.
    """

    kept: Indices
    failures: FailureTable
    problems: Indices


@dataclass
class Progress:
    """What has been found so far."""

    problems: Indices
    kept: list[Indices] = field(default_factory=list[Indices])
    failures: list[FailureTable] = field(default_factory=list[FailureTable])


def solve_stage(source: Source, role: Role, task: StageTask) -> StageResult:
    """Choose the kept weights of a stage."""
    rows = role.copies_out * role.outputs
    progress, mass = Progress(np.zeros(rows, dtype=np.int64)), np.zeros(rows)
    for solved in _weights(source, role, task):
        progress.kept.append(solved.kept)
        progress.failures.append(solved.failures)
        progress.problems += np.bincount(solved.row, minlength=rows)
        np.add.at(mass, solved.row, solved.mass)
    solve_biases(source, role, task, progress, mass)
    kept = np.sort(np.concatenate([*progress.kept, np.zeros(0, dtype=np.int64)]))
    return StageResult(kept, FailureTable.concatenate(progress.failures), progress.problems)


def _weights(source: Source, role: Role, task: StageTask) -> Iterator[Solved]:
    """What comes of the stage's weights, in batches."""
    place, families = torch_place(task.device), sides(source, role)
    most = CHUNK if place is None else ON_DEVICE
    work = [
        (side, places)
        for side in families
        for places in batches(role, side, task.weight, task.tolerance, task.prune_below, most, task.read)
    ]
    if place is None:
        # A batch is laid out, drawn and solved by one thread: dealt out step by step, much would be left to one core.
        yield from in_order(lambda item: solve_batch(source, role, task, item[0], item[1]()), work)
        return
    lay = {id(side): DevicePools(place, source, role, task, side) for side in families}
    yield from (lay[id(side)].solve(places()) for side, places in work)


def solve_biases(source: Source, role: Role, task: StageTask, progress: Progress, mass: Values) -> None:
    """Biases, and the intercepts that the weights brought along, as sums over constant neurons."""
    k, j = np.divmod(np.arange(role.copies_out * role.outputs), role.outputs)
    target = task.bias[j]
    if role.intercept != 0.0:
        target = target - role.intercept * mass
    asked = np.abs(target) > task.prune_below
    wanted = np.flatnonzero(asked if task.read is None else asked & task.read.reshape(-1))
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
        few = spread_evenly(pool.shape[1], ENOUGH_SAMPLES if objective == "error" else None)
        found = solve_sub_pool_first(pool, left, few, eps=task.tolerance, objective=objective, device=task.device)
        progress.kept.append(flat[found.mask])
        left = left - found.value
    error = np.abs(left)
    progress.problems += np.bincount(k * role.outputs + j, minlength=progress.problems.size)
    bad = error > task.tolerance
    none = np.zeros(int(bad.sum()), dtype=np.int64)
    places = j[bad], none, none + phase, k[bad]
    progress.failures.append(FailureTable.of("bias", role.stage, *places, target[bad], error[bad], task.tolerance))
