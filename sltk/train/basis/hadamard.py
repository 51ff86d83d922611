"""Hadamard: every coefficient spreads over its axis with equal sizes and signs of its own."""

import math

import torch
from torch import Tensor

from sltk.train.basis.base import NamedBasis
from sltk.train.basis.dct import Axes, chosen_axes
from sltk.train.basis.separable import Separable


def hadamard_matrix(n: int) -> Tensor:
    """Sylvester's matrix over ``sqrt(n)``; block diagonal, over the powers of two in ``n``, where ``n`` is none.

    Returns:
        ``(n, n)`` float64, orthonormal.
    """
    blocks = [_sylvester(bit) for bit in range(n.bit_length() - 1, -1, -1) if n >> bit & 1]
    return torch.block_diag(*blocks)


def hadamard(shape: tuple[int, ...], axes: Axes = "both") -> Separable:
    """Hadamard along the axes that are chosen; see ``dct`` for their names."""
    view, chosen = chosen_axes(shape, axes)
    return Separable({axis: hadamard_matrix(view[axis]).mT for axis in chosen if view[axis] > 1})


def _sylvester(bits: int) -> Tensor:
    matrix = torch.ones(1, 1, dtype=torch.float64)
    for _ in range(bits):
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix / math.sqrt(len(matrix))


NAMED = (NamedBasis("hadamard", lambda place: hadamard(place.shape)),)
