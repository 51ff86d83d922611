"""A frozen sparse convolution and its gradient with respect to the input, as functions of tensors."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from sltk.networks.geometry import Geometry
from sltk.runtime.sparse_tables import Tables
from sltk.runtime.tile_sums import TileSums

_UNFOLDED_BYTES = 1 << 30
"""Aim for the size of the unfolded images of one torch sparse product."""


class Convolve(Function):
    """``x -> W * x + b`` on the CPU, linear in ``x``, with ``W`` and ``b`` frozen."""

    @staticmethod
    def forward(images: Tensor, value: Tensor, bias: Tensor, tables: Tables) -> Tensor:
        """Map ``(batch, in, h, w)`` to ``(batch, out, h', w')``."""
        height, width = images.shape[2:]
        if TileSums.serves(len(images), tables.geometry.output(height, width)):
            tiled = tables.tiled(value)
            if tiled is not None:
                return tiled(images.detach(), bias)
        return tables.convolution(height, width, value)(images.detach(), bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep the weights and the size of the images; the images themselves are not needed."""
        images, value, _, tables = inputs
        ctx.save_for_backward(value)
        ctx.size, ctx.tables = tuple(images.shape[2:]), tables

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        """Gradient with respect to the images."""
        return Transpose.apply(grads[0], *ctx.saved_tensors, ctx.size, ctx.tables), None, None, None


class Transpose(Function):
    """The transpose of the linear part of ``Convolve``; a function of its own, so that it has a gradient too."""

    @staticmethod
    def forward(grad: Tensor, value: Tensor, size: tuple[int, int], tables: Tables) -> Tensor:
        """Map ``(batch, out, h', w')`` to ``(batch, in, h, w)``, ``size = (h, w)``."""
        transpose = tables.transpose(*size, value)
        return transpose(grad.detach(), grad.new_zeros(len(transpose.target.where)))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep the weights."""
        _, value, _, ctx.tables = inputs
        ctx.save_for_backward(value)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        """The transpose of the transpose."""
        (value,) = ctx.saved_tensors
        bias = value.new_zeros(ctx.tables.geometry.shape[0])
        return Convolve.apply(grads[0], value, bias, ctx.tables), None, None, None


def unfolded_product(images: Tensor, index: Tensor, value: Tensor, bias: Tensor, geometry: Geometry) -> Tensor:
    """The same convolution as a torch sparse product with unfolded images, on any device that torch serves.

    Args:
        images: ``(batch, in, h, w)``.
        index: ``(kept,)`` ascending flat indices into ``geometry.shape``; value: ``(kept,)``; bias: ``(out,)``.
        geometry: of the layer.

    Returns:
        ``(batch, out, h', w')``, equal to the dense convolution up to rounding.
    """
    h, w = geometry.output(images.shape[2], images.shape[3])
    out, inner = geometry.shape[0], geometry.shape[1] * geometry.shape[2] * geometry.shape[3]
    place = torch.stack([index.div(inner, rounding_mode="floor"), index.remainder(inner)])
    weight = torch.sparse_coo_tensor(place, value, (out, inner), is_coalesced=True, check_invariants=False)
    step = max(1, _UNFOLDED_BYTES // max(1, inner * h * w * images.element_size()))
    parts = [_unfolded_part(part, weight, geometry) for part in images.split(step)]
    return torch.cat(parts).view(images.shape[0], out, h, w) + bias.view(1, out, 1, 1)


def _unfolded_part(images: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    columns = F.unfold(images, geometry.shape[2:], geometry.dilation, geometry.padding, geometry.stride)
    batch, inner, pixels = columns.shape
    product = torch.sparse.mm(weight, columns.transpose(0, 1).reshape(inner, batch * pixels))
    return product.view(geometry.shape[0], batch, pixels).transpose(0, 1)
