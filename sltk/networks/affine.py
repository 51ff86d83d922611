"""What the affine kinds answer: their rules where they differ, and those that follow from them for all.

For ``y = W x + b`` on ``low <= x <= high``: ``W+ low + W- high + b <= y <= W+ high + W- low + b`` with
``W+ = max(W, 0)``, ``W- = min(W, 0)``. Rounding: the computed ends are off by at most
``gamma_N (|W| max(|low|, |high|) + |b|)``, which is added.

Parameters are indexed ``(row, in, kh, kw)`` everywhere, with ``kh = kw = 1`` for a linear layer. Zero padding, stride
and dilation are the target's, so every output pixel has a value of its own and every border pattern is covered.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from sltk.core.numerics.intervals import Interval, outward
from sltk.core.numerics.rounding import gamma, swell, underflow
from sltk.networks.geometry import Geometry, Pair
from sltk.networks.op import Op


@dataclass(frozen=True)
class Affine(Op):
    """A layer with parameters: its ``weight`` in torch's shape, and ``bias`` ``(out,)``; both float64.

    With ``groups`` the channels of inputs and outputs fall into as many blocks, and an output reads those of its own
    block; the weight has ``in / groups`` of them.
    """

    may_group = False  # whether the kind has groups at all

    name: str
    weight: Tensor
    bias: Tensor
    groups: int = field(default=1, kw_only=True)

    @property
    @abstractmethod
    def geometry(self) -> Geometry:
        """Shape ``(out, in / groups, kh, kw)`` of the parameters, stride, padding and dilation."""

    @abstractmethod
    def correlate(self, weight: Tensor, x: Tensor) -> Tensor:
        """Apply another weight with this map's geometry, no bias.

        Args:
            weight: ``(rows, in / groups, kh, kw)``; with groups, ``rows`` is a multiple of the outputs, one after the
                other.
            x: ``(n, *shape)``.

        Returns:
            ``(n, rows, *positions)``.
        """

    @abstractmethod
    def adjoint(self, weight: Tensor, c: Tensor, shape: tuple[int, ...], groups: int) -> Tensor:
        """The adjoint of ``correlate`` with this map's geometry.

        Args:
            weight: ``(rows, channels / groups, kh, kw)``; with groups, as ``correlate`` takes it.
            c: ``(n, rows, *positions)``.
            shape: of the inputs, ``(channels, ...)``.
            groups: this map's, or 1 for a weight that reads all channels.

        Returns:
            ``(n, *shape)``.
        """

    @abstractmethod
    def windows(self, x: Tensor) -> Tensor:
        """Every input that an output position sees, zero padded.

        Args:
            x: ``(copies, *shape)``.

        Returns:
            ``(copies * in * kh * kw, positions)``, row ``(a * in + i) * kh * kw + tap``.
        """

    @abstractmethod
    def support_reach(self, reach: Tensor) -> float:
        """Largest ``sum of |x_i|`` over the support of one neuron, for ``reach`` ``(*shape)`` of ``|x|``."""

    @classmethod
    @abstractmethod
    def mixing(cls, name: str, matrix: Tensor, shift: Tensor, shape: tuple[int, ...]) -> Self | None:
        """The map ``y -> matrix y + shift`` of channels, the same at every position.

        Args:
            name: of the layer.
            matrix: ``(out, in)``; shift: ``(out,)``.
            shape: of the inputs; ``None`` is returned where they are not the kind's own.
        """

    @classmethod
    def diagonal(cls, name: str, gain: Tensor, shift: Tensor, shape: tuple[int, ...]) -> Self | None:
        """The map ``y -> gain y + shift``, one number a channel; ``None`` where inputs of ``shape`` are not its own."""
        return cls.mixing(name, torch.diag(gain), shift, shape)

    # What a construction asks of a kind before there are weights: all numbers, so that no target is looked at.

    @classmethod
    @abstractmethod
    def weight_shape(cls, outputs: int, inputs: int, inner: int, kernel: Pair) -> tuple[int, ...]:
        """Shape of the weight in torch, of a layer in which each input brings ``inner`` numbers to an output."""

    @classmethod
    @abstractmethod
    def grouped(cls, inputs: int, inner: int, channels: int | None) -> tuple[int, int]:
        """Input channels before a flattening, and the numbers that each brings to one output.

        Args:
            inputs, inner: the same, as the weight has them.
            channels: of the image that was flattened; ``None`` where nothing was.
        """

    @classmethod
    @abstractmethod
    def univariate(cls, inputs: int, inner: int) -> tuple[int, int]:
        """Inputs that get univariate neurons of their own, and the taps through which these are read."""

    @classmethod
    @abstractmethod
    def constant_taps(cls, inner: int, kernel: Pair, padding: Pair, dilation: Pair) -> tuple[int, ...]:
        """Taps that never fall into the zero padding, and so carry a constant to every output position."""

    @classmethod
    def constant_phases(
        cls, inner: int, kernel: Pair, padding: Pair, dilation: Pair, gaps: tuple[Pair, Pair]
    ) -> tuple[tuple[int, ...], ...]:
        """Taps that carry a constant to every output position of one phase, phase by phase; see ``Spread``.

        Args:
            inner, kernel, padding, dilation: of the map; its stride is 1.
            gaps: how far apart the pixels of its input are, and how many zeros are behind the last.
        """
        return (cls.constant_taps(inner, kernel, padding, dilation),)

    @classmethod
    @abstractmethod
    def by_parameter(cls, sizes: Tensor, inputs: int, inner: int) -> Tensor:
        """The largest size that each parameter of a neuron meets.

        Args:
            sizes: ``(n, *shape)``, at least 0.
            inputs, inner: channels, and the numbers that each brings to one output.

        Returns:
            ``(n, inputs, inner)``.
        """

    @property
    def inputs(self) -> int:
        """Input channels, of all groups."""
        return self.geometry.shape[1] * self.groups

    def blocks(self, weight: Tensor) -> Tensor:
        """Numbers of the parameters ``(out, in / groups, ...)`` as ``(out, in, ...)``, zeros between the groups."""
        if self.groups == 1:
            return weight
        parts = [part.flatten(1) for part in weight.chunk(self.groups)]
        return torch.block_diag(*parts).reshape(weight.shape[0], self.inputs, *weight.shape[2:])

    @property
    def kernel(self) -> Tensor:
        """The weight as ``(out, in / groups, kh, kw)``, float64, where it is."""
        return self.weight.detach().double().reshape(self.geometry.shape)

    @property
    def offset(self) -> Tensor:
        """The bias ``(out,)``, float64, where it is."""
        return self.bias.detach().double()

    def on(self, device: torch.device) -> Self:
        """The same map with its parameters on ``device``."""
        return replace(self, weight=self.weight.to(device), bias=self.bias.to(device))

    @property
    def terms(self) -> int:
        """Number of terms of one output: fan-in and bias."""
        return self.weight[0].numel() + 1

    def matrix(self, weight: Tensor, shape: tuple[int, ...]) -> Tensor:
        """``correlate`` of a weight that reads all channels, as a matrix.

        Args:
            weight: ``(rows, channels, kh, kw)``.
            shape: of the inputs, ``(channels, ...)``.

        Returns:
            ``(rows, *positions, *shape)``.
        """
        count = math.prod(shape)
        place = self.windows(torch.arange(1.0, count + 1.0, dtype=torch.float64).reshape(1, *shape)).long()
        found = weight.new_zeros(weight.shape[0], place.shape[1], count + 1)
        for position in range(place.shape[1]):  # 0 is the padding
            found[:, position].index_add_(1, place[:, position], weight.flatten(1))
        return found[..., 1:].reshape(weight.shape[0], *self.output_positions((self.inputs, *shape[1:])), *shape)

    def upper(self, weight: Tensor, x: Tensor) -> Tensor:
        """Upper bound of ``correlate(weight, x)`` for non-negative ``weight`` and ``x``."""
        count = self.terms
        return swell(self.correlate(weight, x), count) + underflow(count, weight, x)

    def image(self, x: Interval) -> Interval:
        """Enclose ``W x + b``."""
        weight, bias = self.kernel, self.offset
        ends, turned = torch.cat((x.low, x.high)), torch.cat((x.high, x.low))
        sums = self.correlate(weight.clamp(min=0), ends) + self.correlate(weight.clamp(max=0), turned)
        spread = bias.reshape(-1, *(1,) * (sums.dim() - 2))
        low, high = (sums + spread).chunk(2)
        # Two sums of N products, the sum of both and of the bias: 2 N + 2 terms, and a few to spare.
        count = 2 * self.terms + 8
        size = self.upper(weight.abs(), x.magnitude) + spread.abs()
        slack = gamma(count) * size + underflow(count, weight, ends) + underflow(count, bias)
        return outward(low, high, slack, self.name)

    def through(self, errors: Tensor) -> Tensor:
        """``|W| errors``, rounded upward."""
        return self.upper(self.kernel.abs(), errors)

    def output_positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Axes of the output behind its channels, for inputs of ``shape``: none, or height and width."""
        weight, x = (torch.zeros(size, dtype=torch.float64, device="meta") for size in (self.geometry.shape, shape))
        return tuple(self.correlate(weight, x[None]).shape[2:])
