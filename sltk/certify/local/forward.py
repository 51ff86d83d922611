"""Differences of target and ticket through all stages, over many balls at once.

Every value of the ticket lies in two places that are carried side by side: in an interval of its own, and within the
signed difference of the target's. Behind an activation the difference is between the least and the largest slope times
the one before it, and between the two ranges (``Step.difference``); at radius 0 the ranges are points, and so is it.

As run in a format, what a stage's sums, skips and steps lose when they are computed widens the difference where it
arises (`sltk.certify.as_run`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.as_run.evaluation import Evaluation
from sltk.certify.intervals import StageRanges
from sltk.certify.local.loops import COMPILED, Loops
from sltk.certify.local.pair_map import PairMap
from sltk.core.errors import SltkError
from sltk.core.numerics.formats import Format
from sltk.core.numerics.intervals import Interval, joined
from sltk.core.numerics.rounding import up
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network, Stage
from sltk.networks.op import Step
from sltk.networks.wiring import flow


@dataclass(frozen=True)
class Run:
    """A format, and what each stage loses in it."""

    format: Format
    evaluations: Sequence[Evaluation]

    def on(self, device: torch.device) -> "Run":
        """The same for values on ``device``."""
        return Run(self.format, [evaluation.on(device) for evaluation in self.evaluations])


@dataclass(frozen=True)
class Pair:
    """One value of both networks, ``(n, copies, *shape)``: target minus ticket, and the ticket's own."""

    difference: Interval
    ticket: Interval

    def widened(self, lost: Tensor) -> "Pair":
        """With the ticket off by up to ``lost``."""
        if not bool((lost > 0).any()):
            return self
        return Pair(*(joined(x, [Interval(-lost, lost)]) for x in (self.difference, self.ticket)))


def differences(
    network: Network,
    maps: Sequence[PairMap],
    before: Sequence[Interval],
    ranges: Sequence[StageRanges],
    run: Run | None,
    loops: Loops = COMPILED,
) -> Interval:
    """Where ``target - ticket`` lies at the output, ``(n, 1, *output_shape)``.

    Args:
        network: the target.
        maps: one a stage.
        before: the target's input, and behind each step before the first map, ``(n, ...)``.
        ranges: of the target, one entry a stage, with ``n`` rows.
        run: how the ticket is computed; ``None`` for real arithmetic.
        loops: what passes over entries; where the maps and the intervals are.
    """

    def step(index: int, entering: Pair, skips: list[Pair]) -> Pair:
        stage, target = network.stages[index], ranges[index]
        found = maps[index](target.entering, entering.difference, entering.ticket)
        if run is not None:
            lost = run.evaluations[index].lost(entering.ticket, run.format)
            _require_inside(lost.reach, run.format, stage)
            found = joined(found, [Interval(-lost.error, lost.error)])
        found = joined(found, [skip.difference for skip in skips])
        if run is not None and skips:
            lost = _added(_of_target(target.affine, found).magnitude, skips, run.format)
            found = joined(found, [Interval(-lost, lost)])
        straight = _straight(stage.after, run)
        if straight is not None:
            return _after(stage.after[1:], _bent(straight, found, target.affine, loops), target.steps, run)
        pair = Pair(found, _of_target(target.affine, found))
        return _after(stage.after, pair, [target.affine, *target.steps], run)

    first = Pair(*(Interval(x.low[:, None], x.high[:, None]) for x in (_zero(before[0]), before[0])))
    start = _after(network.before, first, before, run)
    return flow(network.stages, start, step).difference


def _zero(x: Interval) -> Interval:
    return Interval(torch.zeros_like(x.low), torch.zeros_like(x.low))


def _of_target(x: Interval, d: Interval) -> Interval:
    """Every ``x - d``; the target's range ``(n, *shape)`` with differences ``(n, copies, *shape)``."""
    far = torch.full_like(d.low, torch.inf)
    low, high = x.low[:, None] - d.high, x.high[:, None] - d.low
    return Interval(
        torch.where(d.high == 0, x.low[:, None], torch.nextafter(low, -far)),
        torch.where(d.low == 0, x.high[:, None], torch.nextafter(high, far)),
    )


def _after(steps: Sequence[Step], pair: Pair, target: Sequence[Interval], run: Run | None) -> Pair:
    for number, op in enumerate(steps):
        pair = _through(op, pair, target[number], target[number + 1], run)
    return pair


def _through(op: Step, pair: Pair, entering: Interval, leaving: Interval, run: Run | None) -> Pair:
    """Copies and inputs are one axis here: a step treats them alike."""
    ticket, d = (Interval(x.low.flatten(0, 1), x.high.flatten(0, 1)) for x in (pair.ticket, pair.difference))
    same = pair.ticket.low.shape
    target = Interval(*(end[:, None].expand(same).flatten(0, 1) for end in (entering.low, entering.high)))
    found = Pair(op.moved(target, ticket, d), op.image(ticket))
    if run is not None:
        found = found.widened(op.evaluation(ticket, run.format))
    moved, seen = (_apart(x, same[:2]) for x in (found.difference, found.ticket))
    near = _of_target(leaving, moved)
    return Pair(moved, Interval(torch.maximum(seen.low, near.low), torch.minimum(seen.high, near.high)))


def _apart(x: Interval, copies: Sequence[int]) -> Interval:
    """Inputs and copies as two axes again."""
    return Interval(*(end.reshape(*copies, *end.shape[1:]) for end in (x.low, x.high)))


def _straight(steps: Sequence[Step], run: Run | None) -> Activation | None:
    """The first step's activation where that is two rising half lines from 0, computed without rounding."""
    phi = steps[0].elementwise if steps else None
    if phi is None or phi.curved or phi.intercept != 0.0 or min(phi.slope_positive, phi.slope_negative) < 0.0:
        return None
    exact = run is None or phi.allowances(run.format) == (0.0, 0.0, 0.0)
    return phi if exact else None


def _bent(phi: Activation, d: Interval, target: Interval, loops: Loops = COMPILED) -> Pair:
    """Behind two half lines, in one pass."""
    n, copies = d.low.shape[:2]
    p, q = (end.reshape(n, copies, -1).contiguous() for end in (d.low, d.high))
    a, b = (end.reshape(n, -1).contiguous() for end in (target.low, target.high))
    found = loops.half_lines((a, b), (p, q), phi.slope_positive, phi.slope_negative)
    ends = [part.reshape(d.low.shape) for part in found]
    return Pair(Interval(ends[0], ends[1]), Interval(ends[2], ends[3]))


def _added(size: Tensor, skips: Sequence[Pair], run: Format) -> Tensor:
    """What adding the skips loses; sums on the way are no larger than the last one and the skips behind it."""
    reach = size * (1.0 + 2.0**-20)
    if len(skips) > 1:
        for skip in skips:
            reach = up(reach + skip.ticket.magnitude)
    return run.gamma(len(skips)) * reach * (1.0 + 2.0**-48)


def _require_inside(reach: Tensor, run: Format, stage: Stage) -> None:
    if not bool((reach <= run.limit).all()):
        raise SltkError(
            f"values of stage '{stage.affine.name}' may reach {float(reach.max()):.3g} around these inputs, and "
            f"{run.name} ends at {run.largest:.3g}: infinity or NaN is possible, and nothing is proved as run."
        )
