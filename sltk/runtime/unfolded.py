"""Frozen layers as products with unfolded images: the form in which a ticket's module runs on any device of torch.

An unfolded image has a column for each output position, with what that position reads. A layer is then one product of
its weight with the columns of a batch: a dense one where the weight is filled with zeros, a sparse one where it is not.
Both are sums of products of the layer's own numbers (`sltk.core.numerics.device`), so that bounds that hold for sums in
every order hold here; a library's own convolution may be none (Winograd's algorithm, TF32).

Rule. Layers are dense, the smallest first, as long as all that are filled have no more than ``DENSE_ENTRIES`` numbers.
It is a rule on memory alone, and the same on every device: no device has measured where a sparse product is sooner. A
dense product gives the same bits in every run; a sparse one, on a GPU, need not.
"""

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from sltk.networks.geometry import Geometry
from sltk.runtime.sparse import SparseLayer
from sltk.runtime.sparse_products import by_columns

DENSE_ENTRIES = 2**29
"""Numbers that the filled layers of a module have together: 2 GiB in float32, 4 in float64."""


class UnfoldedLayer(nn.Module):
    """``x -> W x + b`` with ``W`` and ``b`` frozen; see the two subclasses.

    Attributes:
        geometry: of the layer, ``(out, in / groups, kh, kw)``.
        bias: ``(out,)`` buffer.
    """

    bias: Tensor

    def __init__(self, geometry: Geometry, bias: Tensor) -> None:
        super().__init__()
        self.geometry = geometry
        self.register_buffer("bias", bias.detach())

    @abstractmethod
    def product(self, columns: Tensor) -> Tensor:
        """``(in kh kw, count)`` to ``(out, count)``, in the dtype of the columns."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in)``, lines ``(batch, in, l)`` or images ``(batch, in, h, w)``, in the dtype of ``x``.

        Returns:
            ``(batch, out, ...)`` with as many axes, equal to the dense layer up to the order of sums.
        """
        images = x.reshape(*x.shape[:2], *(1,) * (4 - x.dim()), *x.shape[2:])
        y = by_columns(images, self.product, self.geometry) + self.bias.to(x.dtype).view(-1, 1, 1)
        return y.reshape(*y.shape[:2], *y.shape[6 - x.dim() :])

    def extra_repr(self) -> str:
        """Shape, stride, padding and dilation."""
        return str(self.geometry)


class DenseUnfolded(UnfoldedLayer):
    """A weight with its zeros.

    Args:
        weight: ``(out, in / groups, kh, kw)``, or as many numbers in that order.
        bias, geometry: of the layer.
        groups: blocks of input channels, each read by a block of outputs alone.
    """

    weight: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, geometry: Geometry, groups: int = 1) -> None:
        super().__init__(geometry, bias)
        self.groups = groups
        self.register_buffer("weight", weight.detach().reshape(geometry.shape[0], math.prod(geometry.shape[1:])))

    def product(self, columns: Tensor) -> Tensor:
        """One product of matrices for each group."""
        weight = self.weight.to(columns.dtype)
        if self.groups == 1:
            return weight @ columns
        return (weight.unflatten(0, (self.groups, -1)) @ columns.unflatten(0, (self.groups, -1))).flatten(0, 1)


class SparseUnfolded(UnfoldedLayer):
    """Kept weights alone.

    Args:
        index: ``(kept,)`` ascending flat indices into ``geometry.shape``; value: ``(kept,)``.
        bias, geometry: of the layer.
    """

    place: Tensor
    value: Tensor

    def __init__(self, index: Tensor, value: Tensor, bias: Tensor, geometry: Geometry) -> None:
        super().__init__(geometry, bias)
        inner = math.prod(geometry.shape[1:])
        self.register_buffer("place", torch.stack([index.div(inner, rounding_mode="floor"), index.remainder(inner)]))
        self.register_buffer("value", value.detach())

    def product(self, columns: Tensor) -> Tensor:
        """A torch sparse product."""
        size, value = (self.geometry.shape[0], len(columns)), self.value.to(columns.dtype)
        weight = torch.sparse_coo_tensor(self.place, value, size, is_coalesced=True, check_invariants=False)
        return torch.sparse.mm(weight, columns)


def unfolded(module: nn.Module, device: torch.device, entries: int = DENSE_ENTRIES) -> nn.Module:
    """``module`` on ``device``, its sparse layers as products with unfolded images.

    Args:
        module: any; changed in place, like ``nn.Module.to``.
        device: of torch, the CPU among them.
        entries: numbers that all filled layers may have together.

    Returns:
        The module; its outputs differ by the order of sums alone.
    """
    found: list[tuple[nn.Module, str, SparseLayer]] = []
    for parent in module.modules():
        found += [(parent, name, child) for name, child in parent.named_children() if isinstance(child, SparseLayer)]
    for parent, name, layer in sorted(found, key=lambda place: math.prod(place[2].shape)):
        layer = layer.to(device)
        entries -= math.prod(layer.shape)
        made: UnfoldedLayer = SparseUnfolded(layer.index, layer.value, layer.bias, layer.geometry)
        if entries >= 0:
            made = DenseUnfolded(layer.weight, layer.bias, layer.geometry)
        setattr(parent, name, made)
    return module.to(device)
