"""Bases that act on each axis by a matrix of its own: ``B = B_1 (x) ... (x) B_m``, never formed."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import Basis, product

AS_ONE = 64  # numbers in the last axes below which one product, of their squares, is faster than one an axis


@dataclass(frozen=True)
class Order:
    """In which order ``x W^T`` is computed: what of ``B`` acts on ``x``, what on ``c``, and what on their product.

    Attributes:
        inputs: whether ``B_in`` acts on ``x``.
        axes: of ``c`` that are acted on.
        late: whether ``B_out`` acts on the product.
    """

    inputs: bool
    axes: tuple[int, ...]
    late: bool


PLAIN = Order(False, (), False)  # ``x c^T``: inputs are turned already, and there is no other side


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
        return self._act(weight, self.axes, transpose=True)

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """``W = B c``."""
        return self._act(coefficients, self.axes, transpose=False)

    def storage_bytes(self, shape: tuple[int, ...]) -> int:
        """What the factors take; 0 where shape and seed give them."""
        return self.stored

    def dense(self, x: Tensor, coefficients: Tensor, bias: Tensor | None = None, *, turned: bool = False) -> Tensor:
        """See ``Basis``. Weights are turned twice a step, forward and backward; inputs that are data, once."""
        rows = x.shape[-2]
        if torch.is_autocast_enabled(x.device.type):  # activations are rounded there: weights alone are turned
            rows = max(coefficients.shape[-2:])
        order = self.order(rows, coefficients.shape, trained=x.requires_grad, turned=turned)
        x = self.on_inputs(x) if order.inputs else x
        weight = self.act(coefficients, order.axes) if order.axes else coefficients
        if not order.late:
            return product(x, weight, bias)
        return product(product(x, weight), self.outer(x.dtype), bias)

    def order(self, rows: int, shape: Sequence[int], *, trained: bool, turned: bool) -> Order:
        """The cheapest.

        Args:
            rows: of ``x``.
            shape: of the coefficients, ``(..., out, in)``.
            trained: whether somebody asks for the slopes by ``x``.
            turned: ``x`` is what ``turn`` gave.
        """
        out, inner = shape[-2:]
        inputs = not turned and bool(self._input) and rows * (1 + trained) < 2 * out
        late = self._output in self.axes and rows < inner
        done = inputs or turned
        return Order(inputs, tuple(a for a in self.axes if not (done if a in self._input else late)), late)

    def outer(self, dtype: torch.dtype) -> Tensor:
        """``B_out``, ``(out, out)``."""
        return self._matrix(self._output, dtype)

    def inner(self, axes: tuple[int, ...], dtype: torch.dtype) -> Tensor | None:
        """``B_in`` where ``axes`` are the input side and this has one factor, ``(in, in)``; else ``None``."""
        return self._matrix(-1, dtype) if axes == self._input == (-1,) and self._output == -2 else None

    def turn(self, x: Tensor) -> Tensor | None:
        """``x B_in``; ``None`` where the input side has no factor, or one a replica."""
        if not self._input or any(getattr(self, f"factor{-axis}").ndim > 2 for axis in self._input):
            return None
        return self.on_inputs(x)

    def on_inputs(self, x: Tensor, *, adjoint: bool = False) -> Tensor:
        """``x B_in`` along the last axis of ``x``; the slopes by ``x`` of what has the slopes ``x``, if ``adjoint``."""
        shape = x.shape
        if self.view is not None:
            x = x.reshape(*shape[:-1], *self.view[1:])
        return self._along_axes(x, self._input, transpose=not adjoint, backwards=adjoint).reshape(shape)

    def act(self, x: Tensor, axes: Sequence[int], *, adjoint: bool = False) -> Tensor:
        """The factors of ``axes`` on coefficients ``x``; the slopes by those from the slopes ``x``, if ``adjoint``."""
        return self._act(x, axes, transpose=adjoint, backwards=adjoint)

    def _act(self, x: Tensor, axes: Sequence[int], *, transpose: bool, backwards: bool = False) -> Tensor:
        if self.view is None:
            return self._along_axes(x, axes, transpose=transpose, backwards=backwards)
        seen = x.reshape(*_lead(x.shape, self.view), *self.view)
        return self._along_axes(seen, axes, transpose=transpose, backwards=backwards).reshape(x.shape)

    def _along_axes(self, x: Tensor, axes: Sequence[int], *, transpose: bool, backwards: bool = False) -> Tensor:
        """``backwards``: the last first, as the slopes of a product go."""
        require_full_precision(x.device.type)
        if torch.is_autocast_enabled(x.device.type):
            with torch.autocast(x.device.type, enabled=False):
                return self._along_axes(x, axes, transpose=transpose, backwards=backwards)
        matrices = [(axis, self._matrix(axis, x.dtype)) for axis in axes]
        flat = self._as_one(x, matrices) if len(matrices) > 1 else 1
        if flat > 1:
            joined = functools.reduce(torch.kron, [matrix.contiguous() for _, matrix in matrices[-flat:]])
            matrices = [(-flat, joined), *matrices[:-flat]]
        for axis, matrix in reversed(matrices) if backwards else matrices:
            turned = matrix.mT if transpose else matrix
            if flat > 1 and axis == -flat:
                x = _along(x.flatten(-flat), turned, -1).reshape(x.shape)
            else:
                x = _along(x, turned, axis)
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
