"""Solve the stages of a construction in order, each with what the ones before it came to."""

from dataclasses import dataclass, replace

import numpy as np

from sltk.certify.intervals import Box
from sltk.certify.propagate import ErrorState, start, step
from sltk.construct.checkpoint import Parts
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.pools.samples import incoming_index
from sltk.construct.pools.solve_stage import StageTask, solve_stage
from sltk.construct.realise import decode, realise
from sltk.construct.recipe import Recipe
from sltk.construct.source import Source
from sltk.core.report import Report
from sltk.networks.activations.table import Activation
from sltk.networks.affine import Affine
from sltk.networks.network import Network
from sltk.networks.ops.conv import Conv


@dataclass(frozen=True)
class Order:
    """What is asked of one construction."""

    network: Network
    box: Box
    recipe: Recipe
    objective: str
    phi: Activation
    copy_error: float | None = None
    sub_pool: int | None = None


def build(
    order: Order,
    plan: SourcePlan,
    source: Source,
    tolerances: tuple[float, ...],
    pruned: tuple[float, ...],
    report: Report | None,
    parts: Parts | None,
) -> tuple[tuple[LayerMask, ...], FailureTable, int]:
    """Masks of the source's layers, what missed its target, and how many problems there were.

    Args:
        order, plan, source: what to build, from where.
        tolerances: of the parameters, by stage; pruned: size up to which they are left out, by stage.
        report: called with (stage name, stage number, number of stages) before each stage.
        parts: solved stages on disk, read where there are any and written where there are not.
    """
    none = np.zeros(0, dtype=np.int64)
    masks = [LayerMask(none, none) for _ in plan.layers]
    worst_case = order.objective == "weighted" and order.copy_error is None
    state = start(order.network, order.box) if worst_case else None
    failures, problems = [], 0
    for role, tolerance, below in zip(plan.roles, tolerances, pruned, strict=True):
        affine = order.network.stages[role.stage].affine
        if report:
            report(affine.name, role.stage, len(plan.roles))
        result = None if parts is None else parts.find(role.stage)
        if result is None:
            result = solve_stage(source, role, _task(order, role, tolerance, below, affine, state))
            if parts is not None:
                parts.keep(role.stage, result)
        keep(masks, source, role, result.kept)
        failures.append(result.failures)
        problems += result.problems
        if state is not None:
            state = step(state, role.stage, realise(source, role, masks, affine))
    return tuple(masks), FailureTable.concatenate(failures), problems


def keep(masks: list[LayerMask], source: Source, role: Role, kept: np.ndarray) -> None:
    """Write a stage's kept weights into the masks, with the neurons below that they read."""
    channels = np.unique(decode(source, role, kept).channel)
    neurons = channels[channels < role.inputs * role.copies_in]
    constants = channels[channels >= role.inputs * role.copies_in] - role.inputs * role.copies_in
    masks[role.combine] = replace(masks[role.combine], weight=kept)
    if role.first is not None:
        masks[role.first] = replace(masks[role.first], weight=np.sort(incoming_index(role, neurons)))
    if role.constants is not None and not role.constants.intercept:
        below = role.below
        # Two stages may read one layer, as the two ways around a block do.
        masks[below] = replace(masks[below], bias=np.union1d(masks[below].bias, role.constants.start + constants))


def _task(
    order: Order, role: Role, tolerance: float, below: float, affine: Affine, state: ErrorState | None
) -> StageTask:
    shape = (role.inputs, role.inner)
    reach, error = np.ones(shape), np.full((role.copies_in, *shape), order.copy_error or 0.0)
    if state is not None:
        reach, error = _reach_and_error(state, role, affine)
    return StageTask(
        weight=affine.weight.numpy().reshape(role.outputs, *shape),
        bias=affine.bias.numpy(),
        tolerance=tolerance,
        prune_below=below,
        objective=order.objective,
        reach=reach,
        error=error,
        copy_error=order.copy_error,
        sub_pool=order.sub_pool,
    )


def _reach_and_error(state: ErrorState, role: Role, affine: Affine) -> tuple[np.ndarray, np.ndarray]:
    """Largest ``|x|`` and the copies' errors at a stage's input, by input channel and tap or pixel."""
    reach, errors = state.ranges[role.stage].entering.magnitude, state.errors
    shape = (role.inputs, role.inner)
    if isinstance(affine, Conv):
        reach, errors = reach.flatten(1).amax(1, keepdim=True), errors.flatten(2).amax(2, keepdim=True)
    reach = reach.reshape(role.inputs, -1).expand(shape)
    errors = errors.reshape(errors.shape[0], role.inputs, -1).expand(errors.shape[0], *shape)
    return reach.numpy(), errors.numpy()
