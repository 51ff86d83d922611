"""An activation of the pair on boxes: lines of target and ticket, planes of differences, and gates of copies."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from sltk.certify.boxes.functional import Functional, Total, by_copy, dot
from sltk.certify.boxes.planes import (
    Plane,
    Slopes,
    charged,
    difference_above,
    flat_slopes,
    leaning_slopes,
    product_above,
)
from sltk.certify.differential.forms import Known
from sltk.certify.differential.relax import consistent
from sltk.core.numerics.intervals import Interval
from sltk.networks.activations.activation import Activation
from sltk.networks.op import Step
from sltk.networks.relaxed import Lines


@dataclass(frozen=True)
class Gate:
    """Copies of a neuron together: ``sum_a v_a D_a = phi'(y) t + sum_a v_a r_a`` with ``t = sum_a v_a d_a``.

    Attributes:
        slopes: of ``phi'`` over where y lies, ``(boxes, neurons)``, closer on small boxes, then flat.
        low, high: ends of ``r_a``, ``(boxes, neurons * copies)``, moved outward.
    """

    slopes: tuple[Slopes, Slopes]
    low: Tensor
    high: Tensor

    def above(self, y: Interval, t: Interval) -> Plane:
        """A plane above ``phi'(y) t`` for y ``(boxes, neurons, 1)`` and t ``(boxes, neurons, rows)``."""
        middles = (y.low + y.high) / 2, (t.low + t.high) / 2
        one, other = (product_above(Slopes(*(part[..., None] for part in own)), y, t) for own in self.slopes)
        return one.where(one.at(*middles) < other.at(*middles), other)


@dataclass(frozen=True)
class Activated:
    """An activation on boxes.

    Attributes:
        target: lines of its values, ``(boxes, neurons)``.
        above, below: planes of the differences, ``(boxes, neurons * copies)``.
        gate: of the copies together; ``None`` for single ones and for a phi of straight pieces.
        known: where the arguments lie, flat like the lines.
        copies: of a neuron.
    """

    target: Lines
    above: Plane
    below: Plane
    gate: Gate | None
    known: Known
    copies: int

    def back(self, form: Functional, total: Total, t: Interval | None = None) -> Functional:
        """A functional of the arguments that is at least ``form``, with what is added to ``total``.

        Args:
            form: of the values.
            total: takes its constant.
            t: where ``sum_a v_a d_a`` lies for every row and neuron; none for copies apart.
        """
        target = difference = None
        if form.target is not None:
            target = _through(self.target, form.target, total)
        if form.difference is not None:
            if t is None:
                joint, difference = self._apart(form.difference, total)
            else:
                joint, difference = self._together(form.difference, t, total)
            if joint is not None:
                target = joint if target is None else target + joint
        return Functional(target, difference)

    @property
    def middles(self) -> tuple[Tensor, Tensor]:
        """Of the differences, and of y for every copy."""
        y, d = self.known.target, self.known.difference
        return (d.low + d.high) / 2, ((y.low + y.high) / 2).repeat_interleave(self.copies, 1)

    def _apart(self, v: Tensor, total: Total) -> tuple[Tensor | None, Tensor]:
        rising, falling = v.clamp(min=0), v.clamp(max=0)
        total.add(dot(rising, self.above.level) + dot(falling, self.below.level))
        difference = rising * self.above.of_d[:, None] + falling * self.below.of_d[:, None]
        if not self.leans:
            return None, difference
        joint = rising * self.above.of_y[:, None] + falling * self.below.of_y[:, None]
        return by_copy(joint, self.copies).sum(-1), difference

    def _together(self, v: Tensor, t: Interval, total: Total) -> tuple[Tensor, Tensor]:
        """Neuron by neuron the copies together, or one by one, whichever is lower in the middle."""
        assert self.gate is not None
        y, d = self.known.target, self.known.difference
        rising, falling = v.clamp(min=0), v.clamp(max=0)

        def summed(up: Tensor, down: Tensor) -> Tensor:
            return by_copy(rising * up[:, None] + falling * down[:, None], self.copies).sum(-1)

        middle_y, (middle_d, wide) = (y.low + y.high) / 2, self.middles
        at_middle = summed(self.above.at(wide, middle_d), self.below.at(wide, middle_d))
        middle_t = by_copy(v * middle_d[:, None], self.copies).sum(-1)
        turned = Interval(t.low.transpose(1, 2), t.high.transpose(1, 2))
        plane = self.gate.above(Interval(y.low[..., None], y.high[..., None]), turned)
        plane = Plane(*(one.transpose(1, 2) for one in plane))
        rest = summed(self.gate.high, self.gate.low)
        ahead = plane.at(middle_y[:, None], middle_t) + rest < at_middle
        weight = by_copy(v.abs() * d.magnitude[:, None], self.copies).sum(-1)
        # Products of coefficients round once; levels by as many units as there are neurons and copies.
        size = plane.of_y.abs() * y.magnitude[:, None] + plane.of_d.abs() * weight + plane.level.abs() + rest
        level = plane.level + rest + (2.0 * v.shape[-1] + 64) * 2.0**-52 * size
        total.add(torch.where(ahead, level, summed(self.above.level, self.below.level)).sum(-1))
        joint = torch.where(ahead, plane.of_y, summed(self.above.of_y, self.below.of_y))
        apart = rising * self.above.of_d[:, None] + falling * self.below.of_d[:, None]
        copies = ahead.repeat_interleave(self.copies, -1)
        return joint, torch.where(copies, plane.of_d.repeat_interleave(self.copies, -1) * v, apart)

    @property
    def leans(self) -> bool:
        """Whether any plane depends on y."""
        return bool(self.above.of_y.any() or self.below.of_y.any())


def activated(step: Step | None, known: Known) -> tuple[Activated, tuple[Interval, Interval, Interval]]:
    """The activation where ``known`` says, ``(boxes, neurons, copies or 1)``, and where its values lie."""
    phi = None if step is None else step.elementwise
    parts = known.target, known.difference, known.ticket
    if step is None or phi is None:
        flat = Known(*map(_flat, parts))
        like = flat.ticket.low
        plane = Plane(torch.zeros_like(like), torch.ones_like(like), torch.zeros_like(like))
        return Activated(_identity(flat.target.low), plane, plane, None, flat, known.ticket.low.shape[-1]), parts
    moved, lines = step.difference(known.target, known.ticket, known.difference)
    after = consistent(Known(step.image(known.target), moved, step.image(known.ticket)))
    above, below = _planes(phi, cast(Lines, lines), known)  # those of an elementwise step are lines
    flat = Known(*map(_flat, parts))
    found = Activated(
        cast(Lines, step.relaxed(flat.target)), above, below, _gate(phi, known), flat, known.ticket.low.shape[-1]
    )
    return found, (after.target, after.difference, after.ticket)


def _planes(phi: Activation, lines: Lines, known: Known) -> tuple[Plane, Plane]:
    """Of the lines in d and the planes, those that are closer in the middle."""
    d, nothing = known.difference, torch.zeros_like(known.difference.low)
    above, below = Plane(nothing, lines.slope_high, lines.high), Plane(nothing, lines.slope_low, lines.low)
    hull = Interval(*_ends(known))
    y = Interval(known.target.low.expand_as(d.low), known.target.high.expand_as(d.low))
    leaning = leaning_slopes(phi, hull)
    if leaning is not None:
        middles = (y.low + y.high) / 2, (d.low + d.high) / 2
        one, other = difference_above(leaning, y, d), difference_above(leaning.negative(), y, d).negative()
        above = one.where(one.at(*middles) < above.at(*middles), above)
        below = other.where(other.at(*middles) > below.at(*middles), below)
    terms = 4 * d.low[0].numel() + 64
    above, below = charged(above, y, d, terms), charged(below.negative(), y, d, terms).negative()
    return Plane(*(one.flatten(1) for one in above)), Plane(*(one.flatten(1) for one in below))


def _gate(phi: Activation, known: Known) -> Gate | None:
    if not phi.smooth or known.ticket.low.shape[-1] == 1:
        return None
    least, most = phi.bends(*_ends(known))
    if not bool(torch.isfinite(least).any()):
        return None
    terms = 1 + (4 * known.ticket.low[0].numel() + 256) * 2.0**-52
    half = known.difference.magnitude.square() / 2 * terms
    high, low = (-least * half).clamp(min=0), (-most * half).clamp(max=0)
    high, low = torch.nan_to_num(high, 1e150, 1e150, 0.0), torch.nan_to_num(low, -1e150, 0.0, -1e150)
    y = _flat(known.target)
    flat, leaning = flat_slopes(phi, y), leaning_slopes(phi, y)
    return Gate((flat if leaning is None else leaning, flat), low.flatten(1), high.flatten(1))


def _ends(known: Known) -> tuple[Tensor, Tensor]:
    return (
        torch.minimum(known.target.low, known.ticket.low),
        torch.maximum(known.target.high, known.ticket.high),
    )


def _flat(x: Interval) -> Interval:
    return Interval(x.low.flatten(1), x.high.flatten(1))


def _identity(like: Tensor) -> Lines:
    one, nothing = torch.ones_like(like), torch.zeros_like(like)
    return Lines(one, nothing, one, nothing)


def _through(lines: Lines, c: Tensor, total: Total) -> Tensor:
    rising, falling = c.clamp(min=0), c.clamp(max=0)
    total.add(dot(rising, lines.high) + dot(falling, lines.low))
    return rising * lines.slope_high[:, None] + falling * lines.slope_low[:, None]
