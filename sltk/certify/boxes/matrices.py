"""A stage of target and ticket as matrices, for small networks: neurons in order, the copies of each side by side."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.networks.affine import Affine


@dataclass(frozen=True)
class Univariate:
    """``h_ri(x)`` that every row adds of every input: ``h x - c |x|^order`` with h, c of the sign of x.

    Attributes:
        line, line_slack: h for positive and for negative x, ``(rows, inputs)`` each, and how far the two may be off.
        curve, curve_slack: c likewise; ``None`` where nothing is bent.
        rest: ``(rows, inputs)``, at least 0: what else there may be, times ``|x|^rest_order``.
        limit: largest ``|x|`` for which this holds.
    """

    line: tuple[Tensor, Tensor]
    line_slack: Tensor
    curve: tuple[Tensor, Tensor] | None
    curve_slack: Tensor
    order: int
    rest: Tensor
    rest_order: int
    limit: float


@dataclass(frozen=True)
class Weights:
    """The difference of a stage's affine outputs, ``d = P D + H(x) + g``, rows ``neuron * copies + copy``.

    With ``univariate`` it is ``A D + sum_i h_i(x^_i) + g`` instead, of a value with a single copy.

    Attributes:
        selected: P, ``(rows, entries)``; ``None`` with ``univariate``.
        delta, delta_slack: of ``H(x) = delta x`` on the target's values, ``(rows, inputs)``; ``None`` likewise.
        bias, bias_slack: g, ``(rows,)``, and how far it may be off.
    """

    bias: Tensor
    bias_slack: Tensor
    selected: Tensor | None = None
    delta: Tensor | None = None
    delta_slack: Tensor | None = None
    univariate: Univariate | None = None


def by_neuron(per_copy: Tensor) -> Tensor:
    """``(copies, neurons, ...)`` as ``(neurons * copies, ...)``."""
    return per_copy.transpose(0, 1).flatten(0, 1).contiguous()


def positions(affine: Affine, shape: tuple[int, ...]) -> int:
    """Output positions of each channel."""
    return math.prod(affine.output_positions(shape))


def spread(affine: Affine, bias: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``(copies, out)`` at every position, by neuron."""
    return by_neuron(bias.repeat_interleave(positions(affine, shape), 1))


def matrix_of(affine: Affine, weight: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``(copies, out, in / groups, kh, kw)`` as ``(neurons * copies, inputs)``."""
    rows = [affine.matrix(affine.blocks(one), shape).reshape(-1, math.prod(shape)) for one in weight]
    return by_neuron(torch.stack(rows))


def selected_of(affine: Affine, weight: Tensor, copies_in: int, shape: tuple[int, ...]) -> Tensor:
    """``(copies, out, copies_in * in, kh, kw)`` as ``(neurons * copies, inputs * copies_in)``."""
    inputs, parts = shape[0], list[Tensor]()
    for copy in range(copies_in):
        own = weight[:, :, copy * inputs : (copy + 1) * inputs]
        parts.append(torch.stack([affine.matrix(one, shape).reshape(-1, math.prod(shape)) for one in own]))
    return by_neuron(torch.stack(parts, -1).flatten(2))
