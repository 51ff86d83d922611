"""A stage's activation as a middle slope and a deviation of each neuron, and its values as lines with what they leave.

``D_a = phi(y) - phi(y - d_a)`` is ``(c + rho sigma) d_a + r_a`` with ``|sigma| <= 1``. Copies of a smooth activation
share the sigma of ``phi'(y) = c + rho sigma``, and r_a is in ``-phi''(.) d_a^2 / 2``; a single copy has the sigma of
the secant slope, which lies between the slopes where both arguments lie, and no r.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.boxes.activated import Activated
from sltk.certify.boxes.stages import StageMatrices
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.activation import Activation

OUTWARD = 2.0**-48  # relative; a handful of roundings


@dataclass(frozen=True)
class Gate:
    """The activation of a stage.

    Attributes:
        middle, deviation: c and rho, ``(neurons,)``.
        copies: of a neuron.
        rest: where r lies, ``(neurons * copies,)``.
        steep: slope of a line through the target's values; open: where ``phi(y) - steep y`` lies, ``(neurons,)``.
    """

    middle: Tensor
    deviation: Tensor
    copies: int
    rest: Interval
    steep: Tensor
    open: Interval

    @property
    def repeated(self) -> Tensor:
        """c for every copy."""
        return self.middle.repeat_interleave(self.copies)


def gate_of(stage: StageMatrices, act: Activated, d: Interval) -> Gate | None:
    """Where differences of arguments lie in ``d``; ``None`` where slopes or bends have no bound, or copies a kink.

    Args:
        stage: for its activation.
        act: where the arguments lie, for one box.
        d: ``(neurons * copies,)``.
    """
    y = Interval(act.known.target.low[0], act.known.target.high[0])
    phi = None if stage.step is None else stage.step.elementwise
    nothing = torch.zeros_like(d.low)
    if phi is None:
        one, no = torch.ones_like(y.low), torch.zeros_like(y.low)
        return Gate(one, no, stage.copies, Interval(nothing, nothing), one, Interval(no, no))
    hull, rest = _hull(y, act, d, stage.copies), Interval(nothing, nothing)
    least, most = phi.slopes(hull.low, hull.high) if stage.copies == 1 else phi.slopes(y.low, y.high)
    if stage.copies > 1:
        found = _rest(phi, hull, d)
        if found is None:
            return None
        rest = found
    if not bool((torch.isfinite(least) & torch.isfinite(most)).all()):
        return None
    middle = (least + most) / 2
    deviation = torch.maximum(most - middle, middle - least) * (1 + OUTWARD)
    return Gate(middle, deviation, stage.copies, rest, *_line(act, y))


def _hull(y: Interval, act: Activated, d: Interval, copies: int) -> Interval:
    """Over both arguments of every copy."""
    low, high = y.low.repeat_interleave(copies), y.high.repeat_interleave(copies)
    spare = OUTWARD * (Interval(low, high).magnitude + d.magnitude)
    ticket_low = torch.maximum(act.known.ticket.low[0], low - d.high - spare)
    ticket_high = torch.minimum(act.known.ticket.high[0], high - d.low + spare)
    return Interval(torch.minimum(low, ticket_low), torch.maximum(high, ticket_high))


def _rest(phi: Activation, hull: Interval, d: Interval) -> Interval | None:
    if not phi.smooth:
        return None
    least, most = phi.bends(hull.low, hull.high)
    if not bool((torch.isfinite(least) & torch.isfinite(most)).all()):
        return None
    half = d.magnitude.square() / 2 * (1 + OUTWARD)
    return Interval((-most * half).clamp(max=0), (-least * half).clamp(min=0))


def _line(act: Activated, y: Interval) -> tuple[Tensor, Interval]:
    """A slope between those of the two lines, and what is left of values: the lines minus it, at their worse ends."""
    lines = act.target
    steep = (lines.slope_low[0] + lines.slope_high[0]) / 2
    above, below = lines.slope_high[0] - steep, lines.slope_low[0] - steep
    high = torch.maximum(above * y.low, above * y.high) + lines.high[0]
    low = torch.minimum(below * y.low, below * y.high) + lines.low[0]
    steepest = torch.maximum(lines.slope_low[0].abs(), lines.slope_high[0].abs())
    spare = OUTWARD * (steepest * y.magnitude + torch.maximum(lines.low[0].abs(), lines.high[0].abs()))
    return steep, Interval(low - spare, high + spare)
