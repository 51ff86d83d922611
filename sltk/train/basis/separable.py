"""Bases that act on each axis by a matrix of its own: ``B = B_1 (x) ... (x) B_m``, never formed."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import Basis


class Separable(Basis):
    r"""``W = c x_1 M_1 x_2 M_2 ...``: along every axis with a factor, ``W_i = sum_j M_{ij} c_j``, ``M`` orthonormal.

    A weight of ``d = d_1 ... d_m`` numbers costs ``O(d (d_1 + ... + d_m))``, not ``O(d^2)``.

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

    def _act(self, x: Tensor, *, transpose: bool) -> Tensor:
        require_full_precision(x.device.type)
        shape = x.shape
        if self.view is not None:
            x = x.reshape(*_lead(shape, self.view), *self.view)
        for axis in self.axes:
            matrix = getattr(self, f"factor{-axis}").to(x.dtype)
            x = _along(x, matrix.mT if transpose else matrix, axis)
        return x.reshape(shape)


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
