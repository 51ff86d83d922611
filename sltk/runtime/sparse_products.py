"""A frozen sparse convolution and its gradient with respect to the input, as functions of tensors."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from sltk.networks.geometry import Geometry
from sltk.runtime.sparse_tables import Tables
from sltk.runtime.tile_sums import TileSums

UNFOLDED_BYTES = 2**30
"""Aim for the size of the unfolded images of one product."""


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
    out, inner = geometry.shape[0], math.prod(geometry.shape[1:])
    place = torch.stack([index.div(inner, rounding_mode="floor"), index.remainder(inner)])
    weight = torch.sparse_coo_tensor(place, value, (out, inner), is_coalesced=True, check_invariants=False)
    return by_columns(images, lambda columns: torch.sparse.mm(weight, columns), geometry) + bias.view(1, out, 1, 1)


def by_columns(images: Tensor, product: Callable[[Tensor], Tensor], geometry: Geometry) -> Tensor:
    """A convolution without bias as a product with unfolded images, ``UNFOLDED_BYTES`` of them at a time.

    Args:
        images: ``(batch, channels, h, w)``.
        product: ``(channels kh kw, count)`` to ``(out, count)``.
        geometry: of the layer; its shape may be that of one group.

    Returns:
        ``(batch, out, h', w')``.
    """
    h, w = geometry.output(images.shape[2], images.shape[3])
    inner = images.shape[1] * math.prod(geometry.shape[2:])
    step = max(1, UNFOLDED_BYTES // max(1, inner * h * w * images.element_size()))
    parts = [_by_columns(part, product, geometry, h * w) for part in images.split(step)]
    return torch.cat(parts).unflatten(2, (h, w))


def _by_columns(images: Tensor, product: Callable[[Tensor], Tensor], geometry: Geometry, pixels: int) -> Tensor:
    """``(batch, out, pixels)``."""
    taps = geometry.shape[2:]
    if taps == geometry.stride == (1, 1) and geometry.padding == (0, 0):
        columns = images.flatten(2)
    else:
        columns = F.unfold(images, taps, geometry.dilation, geometry.padding, geometry.stride)
    inner = columns.shape[1]
    found = product(columns.transpose(0, 1).reshape(inner, len(images) * pixels))
    return found.view(len(found), len(images), pixels).transpose(0, 1)
