"""Copies behind one gate: a smooth activation multiplies all copies of a neuron by one slope, up to second order.

``D_a = phi(y) - phi(y - d_a) = s d_a + r_a`` with ``s = phi'(y)`` for all copies a and ``r_a = -phi''(.) d_a^2 / 2``.
So ``sum_a v_a D_a = s t + sum_a v_a r_a`` with ``t = sum_a v_a d_a``, one functional, in which the copies cancel as
they do on data. With s in ``[m, M]``, the slopes over where y lies, and t in ``[tl, tu]``, ``s t`` is at most the
chord of the convex ``max(m t, M t)``. For each functional and neuron this or the lines copy by copy are taken,
whichever is lower in the middle of the differences; either is a bound.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.differential.forms import Known
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import UNIT, gamma
from sltk.networks.activations.activation import Activation
from sltk.networks.activations.lines import ROUNDING, difference_lines
from sltk.networks.relaxed import Lines


@dataclass(frozen=True)
class Gate:
    """An activation of a neuron and of its copies.

    Attributes:
        least, most: slopes over where the target's argument lies, ``(*shape)``.
        low, high: ends of ``r_a``, ``(copies, *shape)``.
        lines: copy by copy.
        d: where the differences of the arguments lie, ``(copies, *shape)``.
    """

    least: Tensor
    most: Tensor
    low: Tensor
    high: Tensor
    lines: Lines
    d: Interval

    def back(self, v: Tensor, t: Interval) -> tuple[Tensor, Tensor]:
        """Functionals of the differences of the arguments.

        Args:
            v: ``(rows, copies, *shape)``.
            t: where ``sum_a v_a d_a`` lies, ``(rows, *shape)``.

        Returns:
            ``(rows, copies, *shape)`` and constants ``(rows,)``.
        """
        rising, falling = v.clamp(min=0), v.clamp(max=0)
        shared_slope, shared = self._shared(rising, falling, v, t)
        steep = rising * self.lines.slope_high + falling * self.lines.slope_low
        apart = (rising * self.lines.high + falling * self.lines.low).sum(1)
        middle = (self.d.low + self.d.high) / 2
        ahead = ((shared_slope[:, None] * v) * middle).sum(1) + shared <= (steep * middle).sum(1) + apart
        found = torch.where(ahead[:, None], shared_slope[:, None] * v, steep)
        constant = torch.where(ahead, shared, apart)
        count = v.shape[1] + constant[0].numel() + 64
        # Products of coefficients round once, sums of constants by as many units as they have terms.
        size = 4 * UNIT * (found.abs() * self.d.magnitude).sum(1)
        size = size + gamma(count) * (constant.abs() + (v.abs() * self._level).sum(1))
        return found, (constant + 1.01 * size).flatten(1).sum(1)

    @property
    def _level(self) -> Tensor:
        lines = torch.maximum(self.lines.low.abs(), self.lines.high.abs())
        return lines + torch.maximum(self.low.abs(), self.high.abs())

    def _shared(self, rising: Tensor, falling: Tensor, v: Tensor, t: Interval) -> tuple[Tensor, Tensor]:
        left, right = (torch.maximum(self.least * end, self.most * end) for end in (t.low, t.high))
        width = t.high - t.low
        slope = torch.where(width > 0, (right - left) / width, torch.zeros_like(width))
        level = torch.maximum(left - slope * t.low, right - slope * t.high)
        level = level + ROUNDING * torch.maximum(self.least.abs(), self.most.abs()) * t.magnitude
        return slope, level + (rising * self.high + falling * self.low).sum(1)


def gate(phi: Activation, known: Known) -> Gate | None:
    """The gate of ``phi`` on arguments that lie where ``known`` says; ``None`` for single copies, for a phi
    made of lines, whose bend is at its kinks alone, and where it is bent without bound for all neurons."""
    target, ticket, d = known.target, known.ticket, known.difference
    low, high = torch.minimum(target.low, ticket.low), torch.maximum(target.high, ticket.high)
    least_bend, most_bend = phi.bends(low, high)
    if d.low.shape[0] == 1 or not phi.smooth or not bool(torch.isfinite(least_bend).any()):
        return None
    half = d.magnitude.square() / 2 * (1 + 4 * UNIT)
    top, bottom = (-least_bend * half).clamp(min=0), (-most_bend * half).clamp(max=0)
    # What is not finite is never lower than the lines; large numbers keep it from being NaN.
    top, bottom = torch.nan_to_num(top, 1e150, 1e150, 0.0), torch.nan_to_num(bottom, -1e150, 0.0, -1e150)
    least, most = phi.slopes(target.low, target.high)
    return Gate(least[0], most[0], bottom, top, difference_lines(phi, target, ticket, d), d)
