"""Mask times source as ordinary torch modules, dense or sparse."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sltk.construct.masks import LayerMask
from sltk.construct.runtime.builders import BUILDERS, Kept
from sltk.construct.runtime.steps import AfterStep, through
from sltk.construct.runtime.wired import WiredModule, by_batches, described, dtype_of, held_neurons, pixels
from sltk.construct.source import Source
from sltk.core.numerics.arrays import Indices, divided
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.op import Op
from sltk.networks.reading.given import in_dtype
from sltk.networks.wiring import INPUT, is_chain, wires
from sltk.runtime.lane_kernels import LANES
from sltk.runtime.read_out import ReadOut
from sltk.train.tickets.ticket import Ticket


class TicketSequence(nn.Sequential):
    """Mask times source of a chain of layers, in order; it says what it is in a line."""

    def __repr__(self) -> str:
        return described(self)

    def forward(self, input: Tensor) -> Tensor:
        """Outputs for ``input``, cast where that changes none of its numbers.

        Raises:
            SltkError: it would.
        """
        return by_batches(in_dtype(input, dtype_of(self)), self._run, LANES)

    def _run(self, x: Tensor) -> Tensor:
        parts = list(self)
        while parts:
            joined = None if torch.is_grad_enabled() else _joined(parts)
            if joined is not None:
                x = joined(x)
                del parts[: len(joined.steps) + 3]
                continue
            # What a step on the input reads is the caller's, and stays.
            steps = [] if isinstance(parts[0], AfterStep) else list(_steps(parts[1:]))
            x = through(steps, parts[0](x))
            del parts[: 1 + len(steps)]
        return x


def _steps(parts: Sequence[nn.Module]) -> Iterator[AfterStep]:
    """The steps that the parts begin with."""
    for part in parts:
        if not isinstance(part, AfterStep):
            return
        yield part


def _joined(parts: Sequence[nn.Module]) -> ReadOut | None:
    """The first of the parts with what follows it, where that can be computed at few pixels."""
    between = [step.op for step in _steps(parts[1:])]
    last = 1 + len(between)
    return ReadOut.of(parts[0], between, parts[last]) if between and last < len(parts) else None


def dense_module(source: Source, masks: Sequence[LayerMask], before: Sequence[Op], limit: int) -> nn.Module:
    """Every source weight under its boolean mask."""
    maps: list[nn.Module] = []
    for index, (layer, mask) in enumerate(zip(source.layers, masks, strict=True)):
        weight = tensor_of(source.weight(index, limit)).float()
        bias = tensor_of(source.biases(index, np.arange(layer.outputs))).float()
        weights = Ticket(weight, tensor_of(mask.dense(layer, limit)))
        maps.append(BUILDERS[layer.kind].dense(layer, weights, Ticket(bias, tensor_of(mask.dense_bias(layer)))))
    return _assembled(source, before, maps, [np.arange(layer.outputs) for layer in source.layers])


def sparse_module(source: Source, masks: Sequence[LayerMask], before: Sequence[Op]) -> nn.Module:
    """The kept weights of live neurons; the others are left out of the module."""
    held = held_neurons(source, masks)
    maps = [
        _sparse_layer(
            source, index, masks[index], pixels(source, index), channels_read(source, held, index), held[index]
        )
        for index in range(len(source.layers))
    ]
    return _assembled(source, before, maps, held)


def channels_read(source: Source, held: Sequence[Indices], index: int) -> Indices:
    """Input channels of a layer's module: what the module of the layer below has; all of the network's input."""
    below = wires(source.layers)[index].reads
    if below != INPUT:
        return held[below]
    layer = source.layers[index]
    return np.arange(layer.inputs)


def _assembled(source: Source, before: Sequence[Op], maps: Sequence[nn.Module], held: Sequence[Indices]) -> nn.Module:
    """A plain sequence for a chain."""
    after = [[AfterStep(op) for op in layer.after] for layer in source.layers]
    start = [AfterStep(op) for op in before]
    if is_chain(source.layers):
        steps = (part for one, own in zip(maps, after, strict=True) for part in (one, *own))
        return TicketSequence(*start, *steps)
    return WiredModule(nn.Sequential(*start), maps, [nn.Sequential(*steps) for steps in after], source.layers, held)


def _sparse_layer(
    source: Source, index: int, mask: LayerMask, inner: int, read: Indices, written: Indices
) -> nn.Module:
    layer = source.layers[index]
    row, column = divided(mask.weight, layer.weight_count // layer.outputs)
    place, s = divided(column, inner)
    channel = _places(read, layer.inputs)[layer.channel_of(row, place)]
    row = _places(written, layer.outputs)[row]
    here = (row >= 0) & (channel >= 0)
    flat = tensor_of((row[here] * read.size + channel[here]) * inner + s[here])
    value = tensor_of(source.weights(index, mask.weight[here])).float()
    bias = tensor_of(_kept_bias(source, index, mask)[written]).float()
    return BUILDERS[layer.kind].sparse(layer, Kept(read.size, written.size, inner, flat, value, bias))


def _places(held: Indices, count: int) -> Indices:
    """The place of each channel among those that are ``held``; -1 for the others."""
    places = np.full(count, -1)
    places[held] = np.arange(held.size)
    return places


def _kept_bias(source: Source, index: int, mask: LayerMask) -> np.ndarray:
    bias = np.zeros(source.layers[index].outputs)
    bias[mask.bias] = source.biases(index, mask.bias)
    return bias
