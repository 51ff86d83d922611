"""Chains of stages of single copies, as matrices: which networks are such, and what the rounding of functionals costs.

Stage l gives ``y = A v + b`` and ``d = A D + sum h(v^) + g`` of the value v that it reads, ``D = v - v^``, where every
row has a function ``h_ri(x) = line_ri x + sum_k c_kri b_k(x)`` of each input; behind it come the activation and a
linear step P: ``v = P phi(y)``, ``v^ = P phi(y - d)``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sltk.certify.boxes.ground import curves_of
from sltk.certify.boxes.matrices import Univariate, Weights
from sltk.certify.boxes.stages import FAR
from sltk.certify.differential.forms import power
from sltk.certify.intervals import images
from sltk.certify.multipliers.columns import Curve
from sltk.certify.realised import Realised
from sltk.core.numerics.intervals import Interval
from sltk.core.numerics.rounding import gamma
from sltk.networks.activations.activation import Activation
from sltk.networks.network import Network
from sltk.networks.op import Step
from sltk.networks.relaxed import Adjoint

ENTRIES = 2**20  # of the largest matrix


@dataclass(frozen=True)
class Link:
    """A stage.

    Attributes:
        weight: A, ``(rows, inputs)``; bias: b.
        line: ``(rows, inputs)``; curves: c by curve.
        own: what they were made of; shift: g with its slack.
        phi: the activation; ``None`` behind the last stage.
        pool: P, ``(entries, rows)``; ``None`` where the values are those of phi, in order.
        steps: behind the activation; shape: of the affine output.
    """

    weight: Tensor
    bias: Tensor
    line: Tensor
    curves: dict[Curve, Tensor]
    own: Univariate
    shift: tuple[Tensor, Tensor]
    phi: Activation | None
    pool: Tensor | None
    steps: tuple[Step, ...]
    shape: tuple[int, ...]

    @property
    def roughly(self) -> "Link":
        """In float32."""
        curves = {name: c.float() for name, c in self.curves.items()}
        pool = None if self.pool is None else self.pool.float()
        shift = self.shift[0].float(), self.shift[1].float()
        parts = {name: getattr(self, name).float() for name in ("weight", "bias", "line")}
        return replace(self, curves=curves, pool=pool, shift=shift, **parts)

    def image(self, x: Interval) -> Interval:
        """What the steps behind the activation make of values ``(rows,)``."""
        found = images(self.steps, Interval(x.low.reshape(self.shape), x.high.reshape(self.shape)))[-1]
        return Interval(found.low.flatten(), found.high.flatten())


def chain_of(network: Network, realised: Sequence[Realised]) -> list[Link] | None:
    """The stages; ``None`` where a neuron has several copies, a stage reads or adds another than the one before, steps
    are not linear behind one activation, or a matrix is large."""
    if not network.chain or any(one.copies > 1 for one in realised):
        return None
    if any(math.prod(network.shapes(index)[0]) * _rows(network, index) > ENTRIES for index in range(len(realised))):
        return None
    found: list[Link] = []
    for index, (stage, one) in enumerate(zip(network.stages, realised, strict=True)):
        entering, image, _ = network.shapes(index)
        last, steps = index + 1 == len(realised), stage.after
        phi = steps[0].elementwise if steps else None
        if (steps != () if last else phi is None) or any(step.elementwise is not None for step in steps[1:]):
            return None
        pool = _matrix(steps[1:], image)
        weights: Weights = one.matrices(stage.affine, entering, 1)
        if pool is None or weights.univariate is None:
            return None
        affine, own = stage.affine, weights.univariate
        flat = affine.matrix(affine.blocks(affine.kernel), entering).reshape(-1, math.prod(entering))
        bias = affine.offset.repeat_interleave(len(flat) // len(affine.offset))
        idle = pool.shape[0] == pool.shape[1] and torch.equal(pool, torch.eye(len(pool), dtype=torch.float64))
        line = (own.line[0] + own.line[1]) / 2
        shift = weights.bias, weights.bias_slack
        found.append(Link(flat, bias, line, curves_of(own), own, shift, phi, None if idle else pool, steps[1:], image))
    return found


@dataclass(frozen=True)
class Spare:
    """What else an affine output may be off by for a multiplier of 1, the rounding of substitution included.

    Attributes:
        y, d: of arguments and differences, ``(rows,)``.
    """

    y: Tensor
    d: Tensor


def spare_of(link: Link, v: Interval, ticket: Interval, off: Tensor) -> Spare:
    """For values v of target and ticket that differ by at most ``off``, ``(inputs,)``.

    A functional's coefficients c meet a matrix M as ``c M``, with an error of at most ``gamma_N |c| |M|`` for N rows,
    which is worth at most ``gamma_N |c| (|M| sup|v|)``.
    """
    own, size, seen = link.own, v.magnitude, ticket.magnitude
    round_off = gamma(4 * (len(link.weight) + link.weight.shape[1]) + 64)
    y = round_off * (link.weight.abs() @ size + link.bias.abs())
    steep = torch.maximum(own.line[0].abs(), own.line[1].abs())
    met = link.weight.abs() @ off + steep @ (seen + size) + link.shift[0].abs()
    slack = own.line_slack @ seen + own.rest @ power(seen, own.rest_order) + link.shift[1]
    if own.curve is not None:
        bent = torch.maximum(own.curve[0].abs(), own.curve[1].abs())
        met = met + bent @ power(seen, own.order)
        slack = slack + own.curve_slack @ power(seen, own.order)
    far = FAR * float((seen > own.limit).any())
    return Spare(1.01 * y, 1.01 * (round_off * met + slack * (1 + round_off)) + far)


def _rows(network: Network, index: int) -> int:
    return math.prod(network.shapes(index)[1])


def _matrix(steps: Sequence[Step], shape: tuple[int, ...]) -> Tensor | None:
    """Of linear steps; ``None`` where one is not."""
    found = torch.eye(math.prod(shape), dtype=torch.float64).reshape(-1, *shape)
    for step in steps:
        if not isinstance(step.relaxed(Interval(found[:1], found[:1])), Adjoint):
            return None
        found = step(found)
    return found.flatten(1).T.contiguous()
