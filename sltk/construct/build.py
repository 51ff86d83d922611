"""Solve the stages of a construction, each with what the ones before it came to; or a share of all.

They are solved in order, or from the last to the first where copies that nothing reads are to be skipped.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from sltk.certify.intervals import Box
from sltk.certify.propagate import ErrorState, start, step
from sltk.construct.checkpoint import Checkpoint
from sltk.construct.failures import FailureTable
from sltk.construct.masks import LayerMask
from sltk.construct.methods.roles import Role, SourcePlan
from sltk.construct.pools.parts import Share, only, solved
from sltk.construct.pools.samples import incoming_index
from sltk.construct.pools.solve_stage import StageResult, solve_stage
from sltk.construct.pools.task import StageTask
from sltk.construct.realise import decode, realise
from sltk.construct.recipe import Run, Search
from sltk.construct.source import Source
from sltk.construct.unread import Readers, only_read
from sltk.networks.affine import Affine
from sltk.networks.network import Network


class Planned(Protocol):
    """A target on a domain, and the plan of its source."""

    network: Network
    box: Box

    @property
    def plan(self) -> SourcePlan:
        """Source layers and roles."""
        ...


def build_stages(
    planned: Planned,
    source: Source,
    tolerances: tuple[float, ...],
    search: Search,
    run: Run,
    parts: Checkpoint | None,
) -> tuple[tuple[LayerMask, ...], FailureTable, int]:
    """Masks of the source's layers, what missed its target, and how many problems there were.

    Args:
        planned: what to build; source: from what.
        tolerances: of the parameters, by stage.
        search: which subset to take.
        run: what changes nothing in the result.
        parts: solved ones on disk, read where there are any and written where there are not.

    Raises:
        PartsMissing: under ``run.merge``, a part is missing or damaged.
    """
    network, roles = planned.network, planned.plan.roles
    none = np.zeros(0, dtype=np.int64)
    masks = [LayerMask(none, none) for _ in source.layers]
    state = start(network, planned.box, signs=False) if search.certified_errors else None
    readers = Readers(source) if search.skip_unread else None
    found = dict[int, StageResult]()
    for place, role in enumerate(roles if readers is None else reversed(roles)):
        affine = network.stages[role.stage].affine
        if run.report:
            run.report(affine.name, place, len(roles))
        task = _task(role, tolerances[role.stage], search, affine, state, run.device)
        read = None if readers is None else readers.of(role, masks)
        solve = partial(_solve, source, role, replace(task, read=read))
        result = solved(parts, role, solve, affine.name, run.merge)
        # A share of the outputs is solved before it is known what reads them.
        result = found[role.stage] = result if read is None else only_read(result, role, read)
        keep(masks, source, role, result.kept)
        if state is not None and waits(roles, search):
            state = step(state, role.stage, realise(source, role, masks, affine))
    results = [found[role.stage] for role in roles]
    failures = FailureTable.concatenate([result.failures for result in results])
    return tuple(masks), failures, sum(int(result.problems.sum()) for result in results)


def build_share(
    planned: Planned,
    source: Source,
    tolerances: tuple[float, ...],
    search: Search,
    run: Run,
    parts: Checkpoint,
    share: Share,
) -> int:
    """Solve a share of every stage's outputs into ``parts``; how many parts were not there yet.

    Args:
        planned, source, tolerances, search, run: as ``build_stages`` takes them.

    Raises:
        PartsMissing: the search weighs samples by certified errors of the copies, and a stage below is not whole yet.
    """
    network, roles = planned.network, planned.plan.roles
    state = start(network, planned.box, signs=False) if search.certified_errors else None
    none, new = np.zeros(0, dtype=np.int64), 0
    masks = [LayerMask(none, none) for _ in source.layers]
    for role, tolerance in zip(roles, tolerances, strict=True):
        affine, own = network.stages[role.stage].affine, share.of(role.outputs)
        if run.report:
            run.report(affine.name, role.stage, len(roles))
        task = _task(role, tolerance, search, affine, state, run.device)
        if own and parts.find(role.stage, own) is None:
            parts.keep(role.stage, own, _solve(source, role, task, own))
            new += 1
        if state is not None and waits(roles, search) and role.stage < len(roles) - 1:
            whole = solved(parts, role, partial(_solve, source, role, task), affine.name, merge=True)
            keep(masks, source, role, whole.kept)
            state = step(state, role.stage, realise(source, role, masks, affine))
    return new


def waits(roles: Sequence[Role], search: Search) -> bool:
    """Whether the search of a stage needs to know what became of those below it."""
    return search.certified_errors and not all(role.univariate for role in roles)


def _solve(source: Source, role: Role, task: StageTask, outputs: range) -> StageResult:
    return solve_stage(source, role, only(task, outputs))


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
    role: Role, tolerance: float, search: Search, affine: Affine, state: ErrorState | None, device: str = "cpu"
) -> StageTask:
    shape = (role.inputs, role.inner)
    reach, error = np.ones(shape), np.full((role.copies_in, *shape), search.copy_error_of(role.stage) or 0.0)
    if state is not None:
        reach, error = _reach_and_error(state, role, affine)
    return StageTask(
        weight=affine.weight.numpy().reshape(role.outputs, role.fan, role.inner),
        bias=affine.bias.numpy(),
        tolerance=tolerance,
        reach=reach,
        error=error,
        search=search,
        device=device,
    )


def _reach_and_error(state: ErrorState, role: Role, affine: Affine) -> tuple[np.ndarray, np.ndarray]:
    """Largest ``|x|`` and the copies' errors at a stage's input, by input channel and tap or pixel.

    A univariate stage has one copy of its input, whose error weighs nothing in its search.
    """
    shape = (role.inputs, role.inner)
    reach = affine.by_parameter(state.ranges[role.stage].entering.magnitude[None], *shape)[0].numpy()
    if role.univariate:
        return reach, np.zeros((role.copies_in, *shape))
    return reach, affine.by_parameter(state.errors, *shape).numpy()
