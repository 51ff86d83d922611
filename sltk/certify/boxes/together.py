"""The copies of every neuron of a stage on the input together: ranges of ``t = sum_a v_a d_a``, and what gates make."""

from typing import NamedTuple

import torch
from torch import Tensor

from sltk.certify.boxes.activated import Activated
from sltk.certify.boxes.functional import by_copy
from sltk.certify.boxes.stages import Mapped
from sltk.core.numerics.intervals import Interval


class Line(NamedTuple):
    """``slope x + constant`` for every entry: ``(boxes, entries, inputs)`` and ``(boxes, entries)``."""

    slope: Tensor
    constant: Tensor


class Reached(NamedTuple):
    """Functionals of the input ``(boxes, rows, inputs)``, constants ``(boxes, rows)``, and the sizes of all terms."""

    slope: Tensor
    constant: Tensor
    size: Tensor


class Sums(NamedTuple):
    """Sums over the copies of each neuron, ``(boxes, neurons, rows)``, or with an axis of inputs behind.

    Attributes:
        t: where ``sum_a v_a d_a`` lies; ends: what of it is not a functional of the input, lower and upper.
        middle: t in the middle of the differences; at_middle: lines copy by copy there.
        rest: of second order; weight: sizes of all terms of t.
        of_t: t on the input; apart: lines copy by copy, with their constants.
    """

    t: Interval
    ends: tuple[Tensor, Tensor]
    middle: Tensor
    at_middle: Tensor
    rest: Tensor
    weight: Tensor
    of_t: Tensor
    apart: Line


def sums_of(
    c: Tensor, act: Activated, own: Mapped, lines: tuple[Line, Line], count: float, x: Interval
) -> Sums:  # fmt: skip
    """By two products, one for coefficients of each sign.

    Args:
        c: ``([boxes,] rows, neurons * copies)``.
        act, own: the stage.
        lines: below and above, in the input.
        count: relative rounding.
        x: ``(boxes, inputs)``.
    """
    assert act.gate is not None
    boxes, gate = len(x.low), act.gate
    v = by_copy(c, act.copies).transpose(-3, -2)  # ([boxes,] neurons, rows, copies)
    middle_d, middle_y = act.middles
    reach = torch.maximum(own.reach, act.known.difference.magnitude)
    moved, offset = own.on_target.expand(boxes, -1, -1), own.difference
    columns = [middle_d, offset.high, offset.low, gate.high, act.above.at(middle_y, middle_d), lines[1].constant, reach]
    other = [middle_d, offset.low, offset.high, gate.low, act.below.at(middle_y, middle_d), lines[0].constant, -reach]
    up, down = (
        _by_neuron(torch.cat((torch.stack(parts, -1), moved, line.slope), -1), act.copies)
        for parts, line in ((columns, lines[1]), (other, lines[0]))
    )
    found = torch.matmul(v.clamp(min=0), up) + torch.matmul(v.clamp(max=0), down)
    middle, top, bottom, rest, at_middle, constant, weight = found[..., :7].unbind(-1)
    of_t, slope = found[..., 7 : 7 + moved.shape[-1]], found[..., 7 + moved.shape[-1] :]
    spread = count * (weight + top.abs() + bottom.abs())
    high, low = _ends(of_t, x)
    high, low = high + top + spread, low + bottom - spread
    t = Interval(torch.minimum(low, high), torch.maximum(low, high))
    return Sums(t, (bottom, top), middle, at_middle, rest, weight, of_t, Line(slope, constant))


def together(own: Sums, act: Activated, mapped: Mapped, x: Interval, count: float) -> Reached:
    """Neuron by neuron one gate for all copies, or lines copy by copy, whichever is lower in the middle."""
    assert act.gate is not None
    y, offset = act.known.target, Interval(mapped.target.low[..., None], mapped.target.high[..., None])
    plane = act.gate.above(Interval(y.low[..., None], y.high[..., None]), own.t)
    middle_y = (y.low + y.high)[..., None] / 2
    ahead = plane.at(middle_y, own.middle) + own.rest < own.at_middle
    matrix = mapped.of_target[:, None]  # (neurons, 1, inputs)
    level = plane.level + own.rest + torch.maximum(plane.of_y * offset.low, plane.of_y * offset.high)
    level = level + torch.maximum(plane.of_d * own.ends[0], plane.of_d * own.ends[1])
    size = plane.of_y.abs() * (_sized(matrix, x) + offset.magnitude) + plane.level.abs() + own.rest
    size = size + plane.of_d.abs() * (own.weight + own.ends[0].abs() + own.ends[1].abs())
    constant = torch.where(ahead, level + count * size, own.apart.constant)
    joint = plane.of_y[..., None] * matrix + plane.of_d[..., None] * own.of_t
    slope = torch.where(ahead[..., None], joint, own.apart.slope)
    return Reached(slope.sum(1), constant.sum(1), (constant.abs() + _sized(slope, x)).sum(1))


def _by_neuron(x: Tensor, copies: int) -> Tensor:
    return x.reshape(len(x), -1, copies, x.shape[-1])


def _ends(c: Tensor, x: Interval) -> tuple[Tensor, Tensor]:
    """Largest and least values of functionals ``(boxes, neurons, rows, inputs)``, as computed."""
    rising, falling = c.clamp(min=0), c.clamp(max=0)
    low, high = (end[:, None, :, None] for end in (x.low, x.high))
    one, other = (torch.matmul(rising, a) + torch.matmul(falling, b) for a, b in ((high, low), (low, high)))
    return one[..., 0], other[..., 0]


def _sized(c: Tensor, x: Interval) -> Tensor:
    return torch.matmul(c.abs(), x.magnitude[:, None, :, None])[..., 0]
