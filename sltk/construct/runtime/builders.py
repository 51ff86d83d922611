"""The torch modules of a source layer, dense and sparse, by the tag of its kind."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sltk.construct.runtime.grouped import GroupedConv
from sltk.construct.runtime.lines import AsImage, TicketConv1d
from sltk.construct.source import SourceLayer
from sltk.networks.affine import Affine
from sltk.runtime.sparse import SparseConv2d, SparseLinear
from sltk.train.tickets.layers import TicketConv2d, TicketLinear
from sltk.train.tickets.ticket import Ticket


@dataclass(frozen=True)
class Kept:
    """The kept weights of a layer, and the neurons that are left of it.

    Args:
        read, written: numbers of input channels and of outputs; inner: numbers that each channel brings.
        flat: places of the kept weights; value: the weights; bias: ``(written,)``.
    """

    read: int
    written: int
    inner: int
    flat: Tensor
    value: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Builders:
    """What makes a module of one kind of layer, from tickets or from kept weights; and how its like is evaluated.

    Args:
        exact: a target's layer as it is computed in float64 without gradient; by default it computes itself.
    """

    dense: Callable[[SourceLayer, Ticket, Ticket], nn.Module]
    sparse: Callable[[SourceLayer, Kept], nn.Module]
    exact: Callable[[Affine], Callable[[Tensor], Tensor]] = lambda affine: affine


def _dense_conv(layer: SourceLayer, weight: Ticket, bias: Ticket) -> nn.Module:
    if layer.groups > 1:
        return GroupedConv(weight, bias, layer)
    return TicketConv2d(weight, bias, stride=layer.stride, padding=layer.padding, dilation=layer.dilation)


def _sparse_conv(layer: SourceLayer, kept: Kept) -> nn.Module:
    return SparseConv2d(
        kept.read, kept.written, layer.kernel, kept.flat, kept.value, kept.bias,
        stride=layer.stride, padding=layer.padding, dilation=layer.dilation,
    )  # fmt: skip


def _exact_conv(affine: Affine) -> Callable[[Tensor], Tensor]:
    """Sums over the weights that are not zero: torch's own, in float64, unfold every image."""
    if affine.groups > 1:
        return affine
    given, geometry = affine.weight.double().flatten(), affine.geometry
    index = torch.nonzero(given)[:, 0]
    rows, channels, *kernel = geometry.shape
    return SparseConv2d(
        channels, rows, (kernel[0], kernel[1]), index, given[index], affine.bias.double(),
        geometry.stride, geometry.padding, geometry.dilation,
    )  # fmt: skip


def _dense_line(layer: SourceLayer, weight: Ticket, bias: Ticket) -> nn.Module:
    if layer.groups > 1:
        return GroupedConv(weight, bias, layer)
    return TicketConv1d(weight, bias, stride=layer.stride[1], padding=layer.padding[1], dilation=layer.dilation[1])


BUILDERS = {
    "linear": Builders(
        lambda layer, weight, bias: TicketLinear(weight, bias),
        lambda layer, kept: SparseLinear(kept.read * kept.inner, kept.written, kept.flat, kept.value, kept.bias),
    ),
    "conv": Builders(_dense_conv, _sparse_conv, _exact_conv),
    "conv1d": Builders(_dense_line, lambda layer, kept: AsImage(_sparse_conv(layer, kept))),
}
