"""Upper bounds of the Euclidean norms of a target's maps, which grow far less from layer to layer than sums of sizes.

A convolution with zero padding and any stride is a part of a circular one on a torus that is wide enough for nothing to
wrap, so its norm is at most the largest norm of the matrices ``sum_taps W[tap] exp(i omega . tap)`` over the torus's
frequencies. The norm of a matrix A is at most ``||(A A*)^m||_F^(1/2m)``, here with m = 32; by repeated squaring of a
matrix of Frobenius norm 1 each product adds at most ``gamma_n`` to the error that it doubles, so ``ROOM`` is ample.

Source: derived for this project; that frequencies diagonalise circular convolutions is elementary.
"""

import math
from functools import singledispatch

import torch
from torch import Tensor

from sltk.core.numerics.squaring import largest
from sltk.networks.affine import Affine
from sltk.networks.op import Step
from sltk.networks.ops.act import Act
from sltk.networks.ops.max_pool import MaxPool

SQUARINGS = 5
ROOM = 1.0 + 1e-9


def matrix_norm(a: Tensor) -> float:
    """Upper bound of the largest Euclidean norm of matrices ``(..., rows, columns)``, real or complex."""
    gram = a @ a.mH if a.shape[-2] <= a.shape[-1] else a.mH @ a
    if not bool(gram.any()):
        return 0.0
    return math.exp(float(largest(gram, SQUARINGS).log.max()) / 2.0) * ROOM


def affine_norm(affine: Affine, shape: tuple[int, ...]) -> float:
    """Upper bound of the norm of ``x -> W x`` on inputs of ``shape`` (no batch axis)."""
    kernel = affine.kernel
    blocks = kernel.chunk(affine.groups)
    sides = (1, 1, *shape[1:])[-2:]
    _, _, height, width = kernel.shape
    if height == width == 1:
        return max(matrix_norm(block[:, :, 0, 0]) for block in blocks)
    spread = affine.geometry.dilation
    torus = [side + d * (k - 1) for side, d, k in zip(sides, spread, (height, width), strict=True)]
    waves = [_waves(n, k, d) for n, k, d in zip(torus, (height, width), spread, strict=True)]
    found = 0.0
    for block in blocks:
        for row in waves[0][: torus[0] // 2 + 1]:  # the other frequencies have the conjugate matrices
            found = max(found, matrix_norm(torch.einsum("oiyx,y,wx->woi", block.to(row.dtype), row, waves[1])))
    return found


def _waves(torus: int, taps: int, spread: int) -> Tensor:
    """``exp(2 pi i f d t / n)``, ``(torus, taps)``."""
    angle = torch.outer(torch.arange(torus), torch.arange(taps) * spread).double() * (2.0 * math.pi / torus)
    return torch.complex(angle.cos(), angle.sin())


@singledispatch
def step_norm(op: Step, shape: tuple[int, ...]) -> float:
    """Upper bound of ``||op(x) - op(y)|| / ||x - y||``, of a linear step with entries that are at least 0."""
    with torch.enable_grad():
        x = torch.ones(1, *shape, dtype=torch.float64, requires_grad=True)
        out = op(x)
        (columns,) = torch.autograd.grad(out.sum(), x)
    return math.sqrt(float(out.detach().max()) * float(columns.max())) * ROOM


@step_norm.register
def _(op: Act, shape: tuple[int, ...]) -> float:
    return op.activation.lipschitz


@step_norm.register
def _(op: MaxPool, shape: tuple[int, ...]) -> float:
    """An entry is in so many windows."""
    reach = (d * (k - 1) + 1 for k, d in zip(op.kernel, op.dilation, strict=True))
    return math.sqrt(math.prod(math.ceil(r / s) for r, s in zip(reach, op.stride, strict=True)))
