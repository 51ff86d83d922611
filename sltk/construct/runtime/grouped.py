"""Convolutions of a source in groups, beside the constants that all groups read."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sltk.construct.source import SourceLayer
from sltk.train.tickets.layers import TicketLayer
from sltk.train.tickets.ticket import Ticket


class GroupedConv(TicketLayer):
    """Cross-correlation in groups, of images or lines, with effective weight and bias.

    Args:
        weight: ticket of a weight ``(out, width, kh, kw)``, or ``(out, width, k)``: see ``SourceLayer``.
        bias: ticket of a bias ``(out,)``.
        layer: says how its channels are grouped.
    """

    def __init__(self, weight: Ticket, bias: Ticket, layer: SourceLayer) -> None:
        super().__init__(weight, bias, ", ".join(("out", "width", "kh", "kw")[: weight().dim()]))
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, ...)`` to ``(batch, out, ...)`` in the dtype of the coefficients."""
        bias = self.bias
        assert bias is not None
        return _grouped(self.layer, x, self.weight, bias)

    def extra_repr(self) -> str:
        """Groups and options of the convolution."""
        layer = self.layer
        return f"groups={layer.groups}, stride={layer.stride}, padding={layer.padding}, dilation={layer.dilation}"


class PlainGroupedConv(nn.Module):
    """The same with ordinary parameters ``weight`` and ``bias``."""

    def __init__(self, layer: SourceLayer) -> None:
        super().__init__()
        self.layer = layer
        self.weight = nn.Parameter(torch.empty(layer.weight_shape))
        self.bias = nn.Parameter(torch.empty(layer.outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, ...)`` to ``(batch, out, ...)``."""
        return _grouped(self.layer, x, self.weight, self.bias)


def _grouped(layer: SourceLayer, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    block, own, rows = layer.block, layer.block * layer.groups, layer.outputs - layer.extra
    y = _convolve(layer, x[:, :own], weight[:rows, :block], layer.groups)
    if layer.extra:
        y = torch.cat([y, _convolve(layer, x[:, own - block : own], weight[rows:, :block], 1)], 1)
    if layer.shared:
        y = y + _convolve(layer, x[:, own:], weight[:, block:], 1)
    return y + bias.reshape(-1, *(1,) * (y.dim() - 2))


def _convolve(layer: SourceLayer, x: Tensor, weight: Tensor, groups: int) -> Tensor:
    convolve: Any = F.conv2d if weight.dim() == 4 else F.conv1d
    axes = slice(4 - weight.dim(), None)  # of a line, the columns alone
    return convolve(x, weight, None, layer.stride[axes], layer.padding[axes], layer.dilation[axes], groups)
