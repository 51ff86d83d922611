"""Random source networks with random access: a weight is a function of (seed, tensor, flat index).

Definition. Weight ``f`` of tensor ``t`` in layer ``l`` is ``2**e * law(words)``, with ``words`` word ``f`` of
Philox4x32-10 under a key that depends on ``(seed, "source", l, t)`` alone, and ``e`` the exponent of the
input channel that the weight reads. It is exactly representable in float32, so a solver in float64 and a
network in float32 see the same number. Any block can be drawn alone, in any order.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from sltk.core import rng
from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Indices, Values
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.geometry import Pair
from sltk.networks.op import Op
from sltk.networks.ops import affine_kind
from sltk.subset_sum.laws import Law
from sltk.subset_sum.laws.draws import drawn, drawn_on, drawn_range, drawn_range_on

MATERIALISE_LIMIT = 2**28


@dataclass(frozen=True)
class SourceLayer:
    """A fully connected or convolutional layer of the source, every weight and bias random.

    Args:
        name: names the random stream.
        kind: ``"linear"`` or ``"conv"``.
        outputs: neurons or channels.
        columns: ``(input channels, exponent)`` from the left: weights on them carry the factor ``2**exponent``.
        inner: taps of the kernel, or pixels of a flattened input channel.
        kernel, stride, padding, dilation: geometry of a convolution.
        after: the steps that follow.
        reads: index of the layer whose output is read; ``None`` for the one before, -1 for the input.
        adds: layers whose first ``joined`` channels are added to this one's.
        joined: how many channels a skip carries: the copies, not the constants.
        groups: blocks of input channels, each read by a block of outputs alone.
        shared: last input channels, which all outputs read: the constants, where there are groups.
        extra: last outputs, which are in no block (constants again); their weights read the last one.
    """

    name: str
    kind: str
    outputs: int
    columns: tuple[tuple[int, int], ...]
    inner: int
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    after: tuple[Op, ...]
    reads: int | None = None
    adds: tuple[int, ...] = ()
    joined: int = 0
    groups: int = 1
    shared: int = 0
    extra: int = 0

    @property
    def inputs(self) -> int:
        """Input channels."""
        return sum(count for count, _ in self.columns)

    @property
    def block(self) -> int:
        """Input channels of one group."""
        return (self.inputs - self.shared) // self.groups

    @property
    def width(self) -> int:
        """Input channels that one output reads."""
        return self.block + self.shared

    def channel_of(self, row: Indices, column: Indices) -> Indices:
        """Input channel at place ``column`` among those that output ``row`` reads; the arguments broadcast."""
        if self.groups == 1:
            return column
        apart = self.inputs - self.shared - self.block
        return np.where(column < self.block, self._group(row) * self.block + column, apart + column)

    def column_of(self, row: Indices, channel: Indices) -> Indices:
        """Place of an input channel among those that output ``row`` reads: what ``channel_of`` turns back."""
        if self.groups == 1:
            return channel
        own, apart = self.inputs - self.shared, self.inputs - self.shared - self.block
        return np.where(channel < own, channel - self._group(row) * self.block, channel - apart)

    def _group(self, row: Indices) -> Indices:
        return np.minimum(row // ((self.outputs - self.extra) // self.groups), self.groups - 1)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the weight tensor, as torch has it."""
        return affine_kind(self.kind).weight_shape(self.outputs, self.width, self.inner, self.kernel)

    @property
    def weight_count(self) -> int:
        """Number of weights."""
        return math.prod(self.weight_shape)

    @cached_property
    def column_factors(self) -> Values:
        """Factor ``2**exponent`` of every input channel, ``(inputs,)``; the same in every group."""
        exponents = np.concatenate([np.full(count, e, dtype=np.int64) for count, e in self.columns])
        return np.ldexp(1.0, exponents)

    @cached_property
    def row_factors(self) -> Values:
        """Factors of the channels that one output reads, ``(width,)``."""
        return np.concatenate([self.column_factors[: self.block], self.column_factors[self.inputs - self.shared :]])


@dataclass(frozen=True)
class Source:
    """A random network that has been drawn once: ``law`` and ``seed`` fix every weight of ``layers``."""

    layers: tuple[SourceLayer, ...]
    law: Law
    seed: int

    def size(self) -> int:
        """Number of random parameters, biases included."""
        return sum(layer.weight_count + layer.outputs for layer in self.layers)

    def weights(self, layer: int, flat: Indices) -> Values:
        """Weights at the flat indices ``flat`` (any shape, int64) of a layer's weight tensor, float64, exact."""
        spec = self.layers[layer]
        _require_inside(flat, spec.weight_count, spec.name)
        # numpy divides by one number quickly, and takes remainders slowly.
        place = flat // spec.inner
        column = place - place // spec.width * spec.width
        return self._draw(spec.name, "weight", flat) * spec.row_factors[column]

    def weights_on(self, layer: int, flat: Tensor) -> Tensor:
        """``weights`` on the device of ``flat``, int64, by torch's integers, bit for bit; for an ``arithmetic`` law.

        Raises:
            SltkError: a law whose draws take more than arithmetic.
        """
        spec = self.layers[layer]
        factors = torch.as_tensor(spec.row_factors, device=flat.device)
        return drawn_on(self.law, self._key(spec.name, "weight"), flat) * factors[flat // spec.inner % spec.width]

    def biases(self, layer: int, flat: Indices) -> Values:
        """Biases at the indices ``flat`` of a layer, float64, exact."""
        spec = self.layers[layer]
        _require_inside(flat, spec.outputs, spec.name)
        return self._draw(spec.name, "bias", flat)

    def block(self, layer: int, start: int, stop: int) -> Values:
        """Weights ``start`` to ``stop`` (flat) of a layer, drawn as a contiguous block, ``(stop - start,)``.

        The same numbers as ``weights(layer, arange(start, stop))`` by another path through the generator.
        """
        key, row = self._of_block(layer, start, stop)
        first = start % row.size
        factors = np.tile(row, -(-(first + stop - start) // row.size))[first:][: stop - start]
        return drawn_range(self.law, key, start, stop) * factors

    def block_on(self, layer: int, start: int, stop: int, device: torch.device) -> Tensor:
        """``block`` drawn on ``device`` by torch's integers, bit for bit; for an ``arithmetic`` law.

        Raises:
            SltkError: a law whose draws take more than arithmetic; a block that is none of the layer's.
        """
        key, row = self._of_block(layer, start, stop)
        place = torch.arange(start, stop, device=device).remainder(row.size)
        return drawn_range_on(self.law, key, start, stop, device) * tensor_of(row).to(device)[place]

    def _of_block(self, layer: int, start: int, stop: int) -> tuple[int, Values]:
        """The key of a layer's weights, and the factors of one output's row, which are those of every other."""
        spec = self.layers[layer]
        if not 0 <= start <= stop <= spec.weight_count:
            raise SltkError(
                f"block needs 0 <= start <= stop <= {spec.weight_count} in layer {spec.name!r}, "
                f"but got start={start}, stop={stop}."
            )
        return self._key(spec.name, "weight"), np.repeat(spec.row_factors, spec.inner)

    def weight(self, layer: int, limit: int = MATERIALISE_LIMIT) -> Values:
        """The whole weight tensor of a layer.

        Raises:
            SltkError: it has more than ``limit`` entries.
        """
        spec = self.layers[layer]
        if spec.weight_count > limit:
            raise SltkError(
                f"layer {spec.name!r} of the source has {spec.weight_count:,} weights, over the limit of {limit:,}. "
                "Draw the blocks that you need with Source.block or Source.weights, use layout='sparse', "
                "or pass a larger limit."
            )
        return self.block(layer, 0, spec.weight_count).reshape(spec.weight_shape)

    def _draw(self, name: str, tensor: str, flat: Indices) -> Values:
        return drawn(self.law, self._key(name, tensor), flat)

    def _key(self, name: str, tensor: str) -> int:
        return rng.key(self.seed, "source", name, tensor)


def _require_inside(flat: Indices, count: int, name: str) -> None:
    if flat.size and (int(flat.min()) < 0 or int(flat.max()) >= count):
        raise SltkError(
            f"flat indices of layer {name!r} must lie in [0, {count}), but run from {flat.min()} to {flat.max()}."
        )
