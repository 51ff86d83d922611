"""Upper bounds of ``max |u^T M v|`` over ``|u_i| <= 1``, ``|v_j| <= 1``, which signs that cancel make small.

For positive weights a, b and the largest singular value s of ``N = diag(a)^(-1/2) M diag(b)^(-1/2)``,
``u^T M v = (diag(a)^(1/2) u)^T N (diag(b)^(1/2) v) <= s sqrt(sum a sum b)``: the dual of the semidefinite relaxation at
one point. Weights start as the norms of rows and columns, and move once towards where the largest singular vectors are.
With k columns, N N^T is computed within ``gamma_k ||N||_F^2``, and ``||N||_F^2 <= m s^2`` for m rows; with what its
repeated squares lose (``sltk.core.numerics.squaring``) s^2 is off by at most ``m gamma_(k + 2m)`` of it.

Source: derived for this project; the relaxation is that of Grothendieck's inequality, textbook.
"""

import torch
from torch import Tensor

from sltk.core.numerics.rounding import gamma
from sltk.core.numerics.squaring import largest

SQUARINGS = 6
MOVED = 0.6  # exponent of a weight's step, by measurement
LEAST = 1e-12  # of the largest weight; a row of zeros has some weight, which costs next to nothing


def cube_norm(matrix: Tensor) -> Tensor:
    """Bounds for matrices ``(..., m, k)``, with more columns than rows at best; never above the sum of sizes."""
    rows, columns = matrix.shape[-2:]
    best = matrix.abs().sum((-1, -2)) * (1 + gamma(rows * columns + 8))
    if rows < 2 or columns < 2:
        return best
    a, b = _positive(matrix.square().sum(-1).sqrt()), _positive(matrix.square().sum(-2).sqrt())
    room = 1 + rows * gamma(columns + 2 * rows + 64) + 2 * gamma(rows + columns + 64)
    for last in (False, True):
        scaled = matrix / a.sqrt()[..., None] / b.sqrt()[..., None, :]
        gram = scaled @ scaled.mT
        log, squared = largest(gram, SQUARINGS)
        best = torch.minimum(best, (log / 2).exp() * (a.sum(-1) * b.sum(-1)).sqrt() * room)
        if not last:
            a = _moved(a, (gram @ squared).diagonal(dim1=-2, dim2=-1))
            b = _moved(b, (scaled * (squared @ scaled)).sum(-2))
    return best


def _moved(weights: Tensor, mass: Tensor) -> Tensor:
    """Towards the share of the largest singular vectors that is in each entry."""
    share = weights / weights.sum(-1, keepdim=True)
    aim = mass.clamp(min=0) / mass.clamp(min=0).sum(-1, keepdim=True).clamp(min=1e-300)
    return _positive(share * (aim / share).clamp(1e-3, 1e3) ** MOVED)


def _positive(weights: Tensor) -> Tensor:
    return weights.clamp(min=LEAST * weights.amax(-1, keepdim=True).clamp(min=1e-200))
