"""Frozen sparse layers that hold their kept weights only, and cost what these cost.

On the CPU a layer and its gradient with respect to the input are sums of shifted planes (``shift_maps``); elsewhere a
torch sparse product.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from sltk.core.errors import SltkError
from sltk.networks.geometry import Geometry, Pair, pair
from sltk.runtime.sparse_products import Convolve, Transpose, unfolded_product
from sltk.runtime.sparse_tables import Tables, building, check_index


class SparseLayer(nn.Module):
    """Kept weights of a linear layer or a convolution; see the two subclasses.

    Attributes:
        index: ``(kept,)`` int64 buffer, ascending flat indices into ``shape``.
        value: ``(kept,)`` buffer.
        bias: ``(out,)`` buffer.
        shape: of the dense weight.
    """

    index: Tensor
    value: Tensor
    bias: Tensor

    def __init__(self, shape: tuple[int, ...], geometry: Geometry, index: Tensor, value: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.shape, self.geometry = shape, geometry
        _check_kept(index, value, bias, shape[0])
        index, value = _ascending(index.detach(), value.detach())
        self.register_buffer("index", index)
        self.register_buffer("value", value)
        self.register_buffer("bias", bias.detach().clone())
        check_index(self.index, shape)
        self._sorted: tuple[Tensor, tuple[int, int], Tables] | None = None

    @property
    def kept(self) -> int:
        """Number of kept weights, biases not counted."""
        return self.index.numel()

    @property
    def density(self) -> float:
        """Kept fraction of the weights; 0 for a layer without weights."""
        return self.kept / max(1, math.prod(self.shape))

    @property
    def weight(self) -> Tensor:
        """The dense weight, of shape ``shape``, made anew on each call."""
        dense = self.value.new_zeros(math.prod(self.shape))
        return dense.index_put((self.index,), self.value).view(self.shape)

    def transposed(self, grad: Tensor, size: tuple[int, int]) -> Tensor:
        """The transpose of the linear part on the CPU: ``(batch, out, h', w')`` to ``(batch, in, *size)``."""
        result = Transpose.apply(grad, self.value, size, self.tables())
        assert isinstance(result, Tensor)
        return result

    def tables(self) -> Tables:
        """The kept weights, sorted once for as long as the index stays as it is."""
        index = self.index
        # load_state_dict overwrites the index or replaces it; tables belong to one version of one tensor.
        version = (index.data_ptr(), -1 if index.is_inference() else index._version)
        with building:
            if self._sorted is None or self._sorted[0] is not index or self._sorted[1] != version:
                self._sorted = index, version, Tables(self.geometry, index)
            return self._sorted[2]

    def extra_repr(self) -> str:
        """Shape and kept weights."""
        return f"shape={self.shape}, kept={self.kept}"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_sorted": None}

    def _convolve(self, images: Tensor) -> Tensor:
        self._check_input(images)
        if images.device.type != "cpu":
            return unfolded_product(images, self.index, self.value, self.bias, self.geometry)
        result = Convolve.apply(images, self.value, self.bias, self.tables())
        assert isinstance(result, Tensor)
        return result

    def _check_input(self, images: Tensor) -> None:
        if images.dtype != self.value.dtype or images.device != self.value.device:
            raise SltkError(
                f"input is {images.dtype} on {images.device}, but the layer holds {self.value.dtype} on "
                f"{self.value.device}; move one of them with .to()."
            )
        if images.device.type == "cpu" and images.dtype not in (torch.float32, torch.float64):
            raise SltkError(f"input must be float32 or float64 on the CPU, but it is {images.dtype}; call .float().")
        if self.value.requires_grad or self.bias.requires_grad:
            raise SltkError("value and bias of a sparse layer are frozen, but one requires a gradient; train a Ticket.")


class SparseLinear(SparseLayer):
    """``y = W x + b`` with ``W`` given by its kept entries.

    Args:
        in_features: inputs.
        out_features: outputs.
        index: ``(kept,)`` int64 flat indices into ``(out, in)``, each once, in any order.
        value: ``(kept,)`` floating point.
        bias: ``(out,)`` in the dtype of ``value``.

    Raises:
        SltkError: wrong shapes or dtypes, an index out of range or given twice.
    """

    def __init__(self, in_features: int, out_features: int, index: Tensor, value: Tensor, bias: Tensor) -> None:
        shape = (int(out_features), int(in_features))
        super().__init__(shape, Geometry((*shape, 1, 1)), index, value, bias)
        self.out_features, self.in_features = shape

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in)`` to ``(..., out)``, equal to the dense layer up to the order of a sum.

        Raises:
            SltkError: input of another width, dtype or device.
        """
        if x.shape[-1:] != (self.in_features,):
            raise SltkError(f"input must have {self.in_features} features on its last axis, but has {tuple(x.shape)}.")
        # An explicit count, because -1 is ambiguous for an empty batch.
        images = x.reshape(math.prod(x.shape[:-1]), self.in_features, 1, 1)
        return self._convolve(images).reshape(*x.shape[:-1], self.out_features)


class SparseConv2d(SparseLayer):
    """2-D cross-correlation with zero padding, its weight given by its kept entries.

    Args:
        in_channels: input channels.
        out_channels: output channels.
        kernel: taps along both axes, an integer or a pair.
        index: ``(kept,)`` int64 flat indices into ``(out, in, kh, kw)``, each once, in any order.
        value: ``(kept,)`` floating point.
        bias: ``(out,)`` in the dtype of ``value``.
        stride: pixels, an integer or a pair; ``padding`` and ``dilation`` likewise.

    Raises:
        SltkError: wrong shapes or dtypes, an index out of range or given twice.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int | Pair,
        index: Tensor,
        value: Tensor,
        bias: Tensor,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
    ) -> None:
        shape = (int(out_channels), int(in_channels), *pair("kernel", kernel, 1))
        options = pair("stride", stride, 1), pair("padding", padding, 0), pair("dilation", dilation, 1)
        super().__init__(shape, Geometry(shape, *options), index, value, bias)
        self.out_channels, self.in_channels, self.kernel_size = shape[0], shape[1], shape[2:]
        self.stride, self.padding, self.dilation = options

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, h, w)`` to ``(batch, out, h', w')``, equal to the dense layer up to the order of a sum.

        Raises:
            SltkError: input of another shape, dtype or device.
        """
        if x.dim() != 4 or x.shape[1] != self.in_channels:
            raise SltkError(f"input must be (batch, {self.in_channels}, h, w), but has shape {tuple(x.shape)}.")
        return self._convolve(x)

    def extra_repr(self) -> str:
        """Shape, kept weights and geometry."""
        return f"{super().extra_repr()}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}"


def _ascending(index: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Copies in the order of the indices."""
    if bool((torch.diff(index) > 0).all()):
        return index.clone(), value.clone()
    order = torch.argsort(index, stable=True)
    return index[order], value[order]


def _check_kept(index: Tensor, value: Tensor, bias: Tensor, out: int) -> None:
    if index.dtype != torch.int64 or index.dim() != 1:
        raise SltkError(f"index must be a 1-D int64 tensor, but is {index.dtype} of shape {tuple(index.shape)}.")
    if not value.is_floating_point() or value.shape != index.shape:
        raise SltkError(
            f"value must be floating point of shape {tuple(index.shape)}, one for each index, but is {value.dtype} "
            f"of shape {tuple(value.shape)}."
        )
    if bias.dtype != value.dtype or bias.shape != (out,):
        raise SltkError(
            f"bias must be {value.dtype} of shape ({out},), but is {bias.dtype} of shape {tuple(bias.shape)}; "
            "pass zeros for a layer without bias."
        )
