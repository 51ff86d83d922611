"""A ticket of low rank as two layers: fewer numbers and fewer products, the same outputs."""

from typing import Any

import torch
from torch import Tensor, nn

from sltk.train.basis.factored import Factored
from sltk.train.tickets.attach import Attached, detach
from sltk.train.tickets.ticket import Ticket


def split_low_rank(module: nn.Module) -> Any:
    """A plain copy in which every linear or 2-D convolutional layer ``W = A B`` of rank ``r`` is ``B``, then ``A``.

    A layer is split where its basis is ``Factored`` and that takes fewer numbers; its kept components are the rank. All
    others become plain. A convolution becomes one with ``r`` outputs and a 1 x 1 convolution after it.

    Args:
        module: attached.

    Returns:
        Plain layers; outputs equal those of ``module`` but for the rounding of two products in place of one.
    """
    own = detach(module)
    for name, layer in list(module.named_modules()):
        if isinstance(layer, Attached) and isinstance(layer.weight_ticket.basis, Factored):
            pair = _pair(layer)
            if pair is not None:
                own = _replace(own, name, pair)
    return own


def _pair(layer: Any) -> nn.Sequential | None:
    inner, outer = _factors(layer.weight_ticket)
    rank, rows = inner.shape[0], outer.shape[0]
    if rank == 0 or rank * (rows + inner.shape[1]) >= rows * inner.shape[1]:
        return None
    if isinstance(layer, nn.Linear):
        first, second = nn.Linear(inner.shape[1], rank, bias=False), nn.Linear(rank, rows, bias=layer.bias is not None)
    elif isinstance(layer, nn.Conv2d) and layer.groups == 1:
        first = _thin_conv(layer, rank)
        second = nn.Conv2d(rank, rows, 1, bias=layer.bias is not None)
    else:
        return None
    _fill(first.weight, inner)
    _fill(second.weight, outer)
    if layer.bias is not None and second.bias is not None:
        _fill(second.bias, layer.bias)
    return nn.Sequential(first, second).to(inner)


def _factors(ticket: Ticket) -> tuple[Tensor, Tensor]:
    """``(rank, columns)`` and ``(rows, rank)`` of the kept components."""
    basis = ticket.basis
    assert isinstance(basis, Factored)
    c = ticket.gated().detach()
    a, b = c[(c != 0).any(-1)].split([basis.rows, basis.columns], -1)
    return b, a.mT


def _thin_conv(layer: nn.Conv2d, rank: int) -> nn.Conv2d:
    return nn.Conv2d(
        layer.in_channels, rank, layer.kernel_size, layer.stride, layer.padding, layer.dilation, bias=False,  # type: ignore[arg-type]
        padding_mode=layer.padding_mode,
    )  # fmt: skip


def _fill(parameter: Tensor, values: Tensor) -> None:
    with torch.no_grad():
        parameter.copy_(values.detach().reshape(parameter.shape))


def _replace(module: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    if not name:
        return layer
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, layer)
    return module
