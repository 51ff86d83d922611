"""Mask times source as ordinary torch modules, dense or sparse."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sltk.construct.masks import LayerMask
from sltk.construct.source import Indices, Source, SourceLayer
from sltk.engine.layers import TicketConv2d, TicketLinear
from sltk.engine.sparse import SparseConv2d, SparseLinear
from sltk.engine.ticket import Ticket
from sltk.networks.layers import Op


class Step(nn.Module):
    """A step without parameters as a module."""

    def __init__(self, op: Op) -> None:
        super().__init__()
        self.op = op

    def forward(self, x: Tensor) -> Tensor:
        """Apply the step."""
        return self.op(x)

    def extra_repr(self) -> str:
        """The step's own text."""
        return str(self.op)


def dense_module(source: Source, masks: Sequence[LayerMask], before: Sequence[Op], limit: int) -> nn.Sequential:
    """Every source weight under its boolean mask."""
    parts: list[nn.Module] = [Step(op) for op in before]
    for index, (layer, mask) in enumerate(zip(source.layers, masks, strict=True)):
        weight = torch.from_numpy(source.weight(index, limit)).float()
        bias = torch.from_numpy(source.biases(index, np.arange(layer.outputs))).float()
        tickets = (
            Ticket(weight, torch.from_numpy(mask.dense(layer, limit))),
            Ticket(bias, torch.from_numpy(mask.dense_bias(layer))),
        )
        if layer.kind == "linear":
            parts.append(TicketLinear(*tickets))
        else:
            parts.append(TicketConv2d(*tickets, stride=layer.stride, padding=layer.padding, dilation=layer.dilation))
        parts += [Step(op) for op in layer.after]
    return nn.Sequential(*parts)


def sparse_module(source: Source, masks: Sequence[LayerMask], before: Sequence[Op]) -> nn.Sequential:
    """The kept weights of the neurons that reach the output; the others are left out of the module."""
    inner = [_inner(source, index) for index in range(len(source.layers))]
    read = [_channels_read(*parts) for parts in zip(source.layers, masks, inner, strict=True)]
    written = [*read[1:], np.arange(source.layers[-1].outputs)]
    read[0] = np.arange(source.layers[0].weight_count // source.layers[0].outputs // inner[0])
    parts: list[nn.Module] = [Step(op) for op in before]
    for index, layer in enumerate(source.layers):
        parts.append(_sparse_layer(source, index, masks[index], inner[index], read[index], written[index]))
        parts += [Step(op) for op in layer.after]
    return nn.Sequential(*parts)


def _inner(source: Source, index: int) -> int:
    """Kernel taps, or the pixels that a flatten makes of one output channel of the layer below."""
    layer = source.layers[index]
    if layer.kind == "conv" or index == 0:
        return layer.inner
    return layer.inputs * layer.inner // source.layers[index - 1].outputs


def _channels_read(layer: SourceLayer, mask: LayerMask, inner: int) -> Indices:
    """Channels of the layer below that some kept weight reads; at least one, so that shapes stay ordinary."""
    columns = layer.weight_count // layer.outputs
    channels = np.unique((mask.weight % columns) // inner)
    return channels if channels.size else np.zeros(1, dtype=np.int64)


def _sparse_layer(
    source: Source, index: int, mask: LayerMask, inner: int, read: Indices, written: Indices
) -> nn.Module:
    layer = source.layers[index]
    row, column = np.divmod(mask.weight, layer.weight_count // layer.outputs)
    channel, s = np.divmod(column, inner)
    here = np.isin(row, written)
    row, channel, s = np.searchsorted(written, row[here]), np.searchsorted(read, channel[here]), s[here]
    flat = torch.from_numpy((row * read.size + channel) * inner + s)
    value = torch.from_numpy(source.weights(index, mask.weight[here])).float()
    bias = torch.from_numpy(_kept_bias(source, index, mask)[written]).float()
    if layer.kind == "linear":
        return SparseLinear(read.size * inner, written.size, flat, value, bias)
    geometry = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    return SparseConv2d(read.size, written.size, layer.kernel, flat, value, bias, **geometry)


def _kept_bias(source: Source, index: int, mask: LayerMask) -> np.ndarray:
    bias = np.zeros(source.layers[index].outputs)
    bias[mask.bias] = source.biases(index, mask.bias)
    return bias
