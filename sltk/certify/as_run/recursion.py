"""The error recursion of `sltk.certify.propagate` for the values that are computed, rounding included.

Let ``e`` bound the distance of the target's values, in real arithmetic, from what the module computes in its format.
The recursion holds as it stands for inputs that are off by ``e``, whatever they are off for; what is computed from them
is off by a stage's own evaluation errors besides (`sltk.certify.as_run.evaluation`): of its sums, of the additions of
skips (``gamma_m`` times the sizes, for m of them) and of every step (``Step.evaluation``). These are added where they
arise. Intervals of the ticket are those of computed values, since ``e`` contains the rounding.

Beside it goes the distance ``r`` of the computed values from the ticket's own in real arithmetic: what a stage loses,
and what its kept weights, or its effective parameters, make of ``r``. The certificate, however it was found, plus ``r``
at the output is a bound too; the smaller of both is given for each output.

Where a partial sum, or a step's input, may pass a sixteenth of the format's largest number, infinities and NaN are
possible: no bound is given, and the stage is named.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sltk.certify.as_run.bound import RunBound, StageRounding
from sltk.certify.as_run.evaluation import Evaluation
from sltk.certify.intervals import Box, StageRanges
from sltk.certify.propagate import Carried, ErrorState, start
from sltk.certify.realised import Realised
from sltk.core.numerics.formats import Format
from sltk.core.numerics.intervals import Interval, apart, joined, widened
from sltk.core.numerics.rounding import up
from sltk.networks.network import Network, Stage
from sltk.networks.op import Step


class Overflow(Exception):
    """Values that may leave the format; says where, and how far they reach."""


def certify_as_run(
    network: Network, box: Box, realised: Sequence[Realised], evaluations: Sequence[Evaluation], run: Format,
    proved: Tensor | None = None,
) -> RunBound:  # fmt: skip
    """Bound the error of the ticket's module in the format ``run``.

    Args:
        network: the target.
        box: the domain; its inputs are numbers of the format.
        realised, evaluations: one entry a stage, in order.
        run: the format.
        proved: ``output_shape``, bounds of the error in real arithmetic, from elsewhere.
    """
    layers: list[StageRounding] = []
    try:
        state, own = _started(network, box, run)
        for parts in zip(realised, evaluations, strict=True):
            state, own, rounding = _step(state, own, *parts, run)
            layers.append(rounding)
    except Overflow as found:
        return RunBound(float("inf"), None, str(found), tuple(layers), box, run)
    per_output = state.errors.amax(0)
    if proved is not None:
        per_output = torch.minimum(per_output, up(proved + own[-1].amax(0)))
    return RunBound(float(per_output.max()), per_output, "", tuple(layers), box, run)


def _started(network: Network, box: Box, run: Format) -> tuple[ErrorState, tuple[Tensor, ...]]:
    """The steps before the first map are computed like any others; and what they lose."""
    state = start(network, box)
    x = box.on(network.input_shape)
    first = Interval(x.low[None], x.high[None])
    errors, _ = _through(network.before, torch.zeros_like(first.low), first, None, run, "input")
    ticket = widened(Interval(state.ticket.low[0], state.ticket.high[0]), errors)
    return replace(state, values=(Carried(errors, ticket, 0.0),)), (errors,)


def _step(
    state: ErrorState, own: tuple[Tensor, ...], realised: Realised, evaluation: Evaluation, run: Format
) -> tuple[ErrorState, tuple[Tensor, ...], StageRounding]:
    """The next stage; ``own`` holds the distances from the ticket itself, of the input and behind each stage so far."""
    index = state.stage
    stage, target = state.network.stages[index], state.ranges[index]
    lost = evaluation.lost(Interval(state.ticket.low[None], state.ticket.high[None]), run)
    _require_inside(lost.reach, run, stage.affine.name)
    terms = realised.contributions(stage.affine, state.target, state.ticket, state.errors)
    terms = replace(terms, own=realised.own(stage.affine, state.target, state.ticket))
    errors = up(terms.total() + lost.error[0])
    for added in stage.adds:
        errors = up(errors + state.values[added + 1].errors)
    rounding = _added(stage, state, widened(target.affine, errors).magnitude, run)
    errors = up(errors + rounding)
    read = own[state.network.wires[index].reads + 1]
    distance = up(evaluation.spread(read, state.ticket) + lost.error[0] + rounding)
    for added in stage.adds:
        distance = up(distance + own[added + 1])
    seen = widened(target.affine, errors)
    distance, _ = _through(stage.after, up(distance), seen, None, run, stage.affine.name)
    errors, ticket = _through(stage.after, errors, seen, target, run, stage.affine.name)
    layer = StageRounding(stage.affine.name, float((lost.error[0] + rounding).max()), float(errors.max()))
    values = (*state.values, Carried(errors, ticket, 0.0))
    return replace(state, stage=index + 1, values=values), (*own, distance), layer


def _added(stage: Stage, state: ErrorState, size: Tensor, run: Format) -> Tensor:
    """What adding the skips loses, for a sum of ``size``; sums on the way to it are no larger than with the rest."""
    if not stage.adds:
        return torch.zeros_like(size)
    reach = size * (1.0 + 2.0**-20)  # the computed sum is a little larger than the exact one
    if len(stage.adds) > 1:
        for added in stage.adds:
            reach = up(reach + state.values[added + 1].ticket.magnitude)
    _require_inside(reach, run, stage.affine.name)
    return run.gamma(len(stage.adds)) * reach * (1.0 + 2.0**-48)


def _through(
    steps: Sequence[Step], errors: Tensor, ticket: Interval, target: StageRanges | None, run: Format, name: str
) -> tuple[Tensor, Interval]:
    """Errors and computed values behind the steps; ``target`` has the exact values' ranges, where there are any."""
    for number, op in enumerate(steps):
        _require_inside(ticket.magnitude, run, name)
        lost = op.evaluation(ticket, run)
        seen = _widened(op.image(ticket), lost)
        errors = up(op.through(errors) + lost)
        if target is not None:
            reached = target.steps[number]
            errors = torch.minimum(errors, apart(reached, seen))
            near = widened(reached, errors)
            seen = Interval(torch.maximum(seen.low, near.low), torch.minimum(seen.high, near.high))
        ticket = seen
    return errors, ticket


def _widened(x: Interval, by: Tensor) -> Interval:
    return joined(x, [Interval(-by, by)]) if bool((by > 0).any()) else x


def _require_inside(size: Tensor, run: Format, name: str) -> None:
    if not bool((size <= run.limit).all()):
        reach = float(size.max()) if not bool(size.isnan().any()) else float("inf")
        raise Overflow(
            f"values of stage '{name}' may reach {reach:.3g}, and {run.name} ends at {run.largest:.3g}: infinity or "
            "NaN is possible"
        )
