"""Bases that act on each axis by a matrix of its own: ``B = B_1 (x) ... (x) B_m``, never formed."""

import functools
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import Basis, product

AS_ONE = 64  # numbers in the last axes below which one product, of their squares, is faster than one an axis


class Separable(Basis):
    r"""``W = c x_1 M_1 x_2 M_2 ...``: along every axis with a factor, ``W_i = sum_j M_{ij} c_j``, ``M`` orthonormal.

    A weight of ``d = d_1 ... d_m`` numbers costs ``O(d (d_1 + ... + d_m))``, not ``O(d^2)``. Last axes of few numbers,
    as the taps of a kernel, are one: one product over all filters, where a product an axis is thousands of tiny ones.

    In a dense layer ``B = B_out (x) B_in`` and ``x W^T = ((x B_in) c^T) B_out^T``: either side acts on the weight or on
    the activations, whichever has fewer rows.

    Args:
        factors: orthonormal ``(n, n)`` matrices by negative axis of ``view``; an axis without one is left as it is.
        view: the shape in which the axes are counted, where it is finer than the weight's: ``(out, 1, 8, 8)`` for a
            dense layer on images; the weight's own by default.
        stored: bytes that the factors take where they cannot be computed from the shape or from a seed.

    Raises:
        SltkError: a factor that is not square, or not orthonormal to 1e-5.
    """

    orthonormal = True

    def __init__(self, factors: Mapping[int, Tensor], view: tuple[int, ...] | None = None, *, stored: int = 0) -> None:
        super().__init__()
        self.view, self.stored = view, stored
        self.axes = tuple(sorted(factors))
        self._output = -2 if view is None else -len(view)  # axis of the outputs of a dense layer
        self._input = tuple(axis for axis in self.axes if axis > self._output)  # of its inputs, with a factor
        for axis in self.axes:
            self.register_buffer(f"factor{-axis}", _require_orthonormal(factors[axis].detach().clone(), axis))

    def analyse(self, weight: Tensor) -> Tensor:
        """``c = B^T W``."""
        return self._act(weight, transpose=True)

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """``W = B c``."""
        return self._act(coefficients, transpose=False)

    def storage_bytes(self, shape: tuple[int, ...]) -> int:
        """What the factors take; 0 where shape and seed give them."""
        return self.stored

    def dense(self, x: Tensor, coefficients: Tensor, bias: Tensor | None = None, *, turned: bool = False) -> Tensor:
        """See ``Basis``. Weights are turned twice a step, forward and backward; inputs that are data, once."""
        rows, (out, inner) = x.shape[-2], coefficients.shape[-2:]
        if torch.is_autocast_enabled(x.device.type):  # activations are rounded there: weights alone are turned
            rows = max(out, inner)
        if not turned and self._input and rows * (1 + x.requires_grad) < 2 * out:
            x, turned = self._on_inputs(x), True
        late = self._output in self.axes and rows < inner
        left = [axis for axis in self.axes if not (turned if axis in self._input else late)]
        weight = self._act(coefficients, left, transpose=False) if left else coefficients
        if not late:
            return product(x, weight, bias)
        return product(product(x, weight), self._matrix(self._output, x.dtype), bias)

    def turn(self, x: Tensor) -> Tensor | None:
        """``x B_in``; ``None`` where the input side has no factor, or one a replica."""
        if not self._input or any(getattr(self, f"factor{-axis}").ndim > 2 for axis in self._input):
            return None
        return self._on_inputs(x)

    def _on_inputs(self, x: Tensor) -> Tensor:
        shape = x.shape
        if self.view is not None:
            x = x.reshape(*shape[:-1], *self.view[1:])
        return self._along_axes(x, self._input, transpose=True).reshape(shape)

    def _act(self, x: Tensor, axes: Sequence[int] | None = None, *, transpose: bool) -> Tensor:
        axes = self.axes if axes is None else axes
        if self.view is None:
            return self._along_axes(x, axes, transpose=transpose)
        seen = x.reshape(*_lead(x.shape, self.view), *self.view)
        return self._along_axes(seen, axes, transpose=transpose).reshape(x.shape)

    def _along_axes(self, x: Tensor, axes: Sequence[int], *, transpose: bool) -> Tensor:
        require_full_precision(x.device.type)
        if torch.is_autocast_enabled(x.device.type):
            with torch.autocast(x.device.type, enabled=False):
                return self._along_axes(x, axes, transpose=transpose)
        matrices = [(axis, self._matrix(axis, x.dtype)) for axis in axes]
        flat = self._as_one(x, matrices) if len(matrices) > 1 else 1
        if flat > 1:
            shape = x.shape
            joined = functools.reduce(torch.kron, [matrix.contiguous() for _, matrix in matrices[-flat:]])
            x = _along(x.flatten(-flat), joined.mT if transpose else joined, -1).reshape(shape)
            matrices = matrices[:-flat]
        for axis, matrix in matrices:
            x = _along(x, matrix.mT if transpose else matrix, axis)
        return x

    def _as_one(self, x: Tensor, matrices: list[tuple[int, Tensor]]) -> int:
        """How many of the last axes have a factor each, and few enough numbers together to be one axis."""
        count = 0
        for axis, matrix in reversed(matrices):
            if axis != -count - 1 or matrix.ndim > 2 or math.prod(x.shape[axis:]) > AS_ONE:
                break
            count += 1
        return count

    def _matrix(self, axis: int, dtype: torch.dtype) -> Tensor:
        return getattr(self, f"factor{-axis}").to(dtype)


def require_full_precision(device: str) -> None:
    """Refuse TF32, whose 10 bits of mantissa would make a transform that is not orthonormal.

    Raises:
        SltkError: ``device`` is a GPU and torch may use TF32 or less in float32 products.
    """
    if device == "cuda" and torch.get_float32_matmul_precision() != "highest":
        raise SltkError(
            f"float32 products on the GPU are set to {torch.get_float32_matmul_precision()!r}, which rounds a "
            "transform to 10 bits; call torch.set_float32_matmul_precision('highest')."
        )


def _along(x: Tensor, matrix: Tensor, axis: int) -> Tensor:
    if axis == -1:
        return x @ matrix.mT
    # The axes behind it as one: a product as it stands, where moving the axis to the end copies all of x twice.
    return (matrix @ x.flatten(axis + 1)).reshape(x.shape)


def _lead(shape: torch.Size, view: tuple[int, ...]) -> tuple[int, ...]:
    """Replica axes: what is left of ``shape`` once its last axes make up ``view``."""
    size, count = math.prod(view), len(shape)
    while count > 0 and math.prod(shape[count:]) < size:
        count -= 1
    if math.prod(shape[count:]) != size:
        raise SltkError(f"a basis made for {view} cannot act on a weight of shape {tuple(shape)}; make one for it.")
    while count > 0 and shape[count - 1] == 1 and len(shape) - count < len(view):
        count -= 1
    return tuple(shape[:count])


def _require_orthonormal(matrix: Tensor, axis: int) -> Tensor:
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
    eye = torch.eye(matrix.shape[-1], dtype=torch.float64)
    wide = matrix.double().cpu()
    if not square or float((wide.mT @ wide - eye).abs().max()) > 1e-5:
        raise SltkError(f"the factor of axis {axis} must be square and orthonormal, but has shape {matrix.shape}.")
    return matrix
