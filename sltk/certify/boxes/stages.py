"""A stage of the pair on many boxes at once, ``(boxes, rows)``, and what substitution through it costs in rounding.

A functional's coefficients c meet a matrix M as ``c M``, computed with an error of at most ``gamma_N |c| |M|`` for N
rows, which is worth at most ``gamma_N |c| (|M| sup|v|)`` on values v. That, and the rounding of sums of offsets, is in
the offsets of the stage, which are taken at their worse end for every coefficient.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.boxes.ground import Ground, spread_of
from sltk.certify.boxes.matrices import Univariate, Weights
from sltk.certify.differential.forms import power
from sltk.certify.differential.univariate import SLACK, value
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.op import Step

FAR = 1e90  # where nothing is known


@dataclass(frozen=True)
class StageMatrices:
    """A stage without its boxes.

    Attributes:
        target: A, ``(neurons, inputs)``; bias: ``(neurons,)``.
        copies: of each neuron; reads, adds: as the wires have them.
        weights: of the difference.
        step: the activation, or ``None``.
    """

    target: Tensor
    bias: Tensor
    copies: int
    reads: int
    adds: tuple[int, ...]
    weights: Weights
    step: Step | None


@dataclass(frozen=True)
class Value:
    """Where a value lies in target ``(boxes, neurons)``, difference and ticket ``(boxes, neurons * copies)``."""

    target: Interval
    difference: Interval
    ticket: Interval


@dataclass(frozen=True)
class Mapped:
    """An affine map of the pair on boxes.

    Attributes:
        of_target: A, ``(neurons, inputs)``.
        on_target: G, ``([boxes,] rows, inputs)``; on_copies: P, ``([boxes,] rows, entries)``.
        target, difference: offsets with all slack, ``(boxes, ...)``.
        reach: ``(boxes, rows)``, ``|G| sup|x|``.
    """

    of_target: Tensor
    on_target: Tensor
    on_copies: Tensor
    target: Interval
    difference: Interval
    reach: Tensor


def mapped(stage: StageMatrices, read: Value, added: list[Value], ground: Ground | None) -> Mapped:
    """The affine map of ``stage`` on what it reads, with the rounding of functionals through it.

    Args:
        stage: without boxes.
        read: where that lies; of all inputs for a stage on the input.
        added: what joins the map.
        ground: the input, for a stage on it.
    """
    weights, x, off = stage.weights, read.target.magnitude, read.difference.magnitude
    matrix = stage.target if ground is None else ground.padded(stage.target)
    repeated = matrix.repeat_interleave(stage.copies, 0)
    round_off = gamma(2 * (len(repeated) + matrix.shape[1] + off.shape[1]) + 256)
    if weights.univariate is None:
        assert weights.delta is not None
        assert weights.selected is not None
        assert weights.delta_slack is not None
        on_target, on_copies = weights.delta, weights.selected
        if ground is not None:
            on_target, on_copies = ground.padded(on_target), ground.padded(on_copies)
        band = Interval(*(torch.zeros(1, dtype=torch.float64) for _ in range(2)))
        slack = torch.matmul(x[:, : weights.delta.shape[1]], weights.delta_slack.T)
    else:
        if ground is None:
            on_target, band = chords(weights.univariate, read.ticket)
        else:
            on_target, slope = ground.matrix(weights.univariate), weights.univariate.line[0].abs()
            spare = _slack(weights.univariate, slope, ground.x.magnitude[:, None])
            band = Interval(-spare, spare)
        on_copies, slack = repeated - on_target, torch.zeros(1, dtype=torch.float64)
    reach = times(on_target.abs(), x)
    size = reach + times(on_copies.abs(), off) + times(repeated.abs(), x) + band.magnitude + weights.bias.abs()
    slack = (slack + weights.bias_slack + round_off * (size + sum_of(added, "difference"))) * 1.01
    spare = round_off * (times(matrix.abs(), x) + stage.bias.abs() + sum_of(added, "target")) * 1.01
    return Mapped(
        matrix, on_target, on_copies, Interval(stage.bias - spare, stage.bias + spare),
        Interval(band.low + weights.bias - slack, band.high + weights.bias + slack), reach,
    )  # fmt: skip


def sum_of(values: list[Value], part: str) -> Tensor:
    """Sizes of what is added."""
    return sum((getattr(value, part).magnitude for value in values), torch.zeros(1, dtype=torch.float64))


def times(matrix: Tensor, x: Tensor) -> Tensor:
    """``matrix x`` for every box, ``(boxes, rows)``."""
    return torch.matmul(x, matrix.T) if matrix.dim() == 2 else torch.matmul(matrix, x[..., None])[..., 0]


def chords(own: Univariate, x: Interval) -> tuple[Tensor, Interval]:
    """Slopes ``(boxes, rows, inputs)`` of chords of every ``h_ri``, and where ``sum_i h_ri(x_i) - slope x_i`` lies.

    ``h - s x`` is largest and least at the ends or where it turns, which is computed; see
    ``sltk.certify.differential.univariate``.
    """
    low, high = x.low[:, None], x.high[:, None]
    line, curve = own.line, None if own.curve is None else tuple(-one for one in own.curve)
    ends, width = [value(line, curve, own.order, end) for end in (low, high)], high - low
    slope = torch.where(width > 0, (ends[1] - ends[0]) / torch.where(width > 0, width, 1.0), line[0])
    rest = tuple(one - slope for one in line)
    least, most, _ = spread_of(rest, curve, own.order, Interval(low, high))
    slack = _slack(own, slope, x.magnitude[:, None])
    return slope, Interval(least.sum(-1) - slack, most.sum(-1) + slack)


def _slack(own: Univariate, slope: Tensor, size: Tensor) -> Tensor:
    """What is not known of ``sum_i h_ri``, and its rounding."""
    count = SLACK + gamma(2 * slope.shape[-1] + 64)
    steep = torch.maximum(own.line[0].abs(), own.line[1].abs())
    total = own.line_slack * size + count * (steep + slope.abs()) * size + own.rest * power(size, own.rest_order)
    if own.curve is not None:
        bent = torch.maximum(own.curve[0].abs(), own.curve[1].abs())
        total = total + (own.curve_slack + count * bent) * power(size, own.order)
    return total.sum(-1) * (1 + count) + FAR * (size > own.limit).any(-1).double()
