"""Low rank with factors that train: a weight as a sum of outer products, kept or dropped whole."""

import math

import torch
from torch import Tensor

from sltk.core.errors import SltkError
from sltk.train.basis.base import Basis, NamedBasis


class Factored(Basis):
    r"""``W = sum_r a_r b_r^T``: row ``r`` of the coefficients is ``(a_r, b_r)``, and rows are kept or dropped whole.

    Not a linear map, and not a bijection: ``analyse`` gives the balanced factors ``sqrt(s) u, sqrt(s) v`` of the
    singular value decomposition, for which ``synthesise`` gives ``W`` again. Training ``c`` is not training ``W``.

    Args:
        shape: of the weight, two axes at least; those past the first are flattened.
    """

    orthonormal = False
    groups = (-1,)

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        if len(shape) < 2:
            raise SltkError(f"Factored needs a weight with two axes at least, but got shape {shape}.")
        self.shape = tuple(shape)
        self.rows, self.columns = shape[0], math.prod(shape[1:])

    def analyse(self, weight: Tensor) -> Tensor:
        """``(..., *shape)`` to ``(..., rank, rows + columns)``, components in falling order of size."""
        u, s, vh = torch.linalg.svd(weight.flatten(-len(self.shape) + 1), full_matrices=False)
        root = s.sqrt()[..., None]
        return torch.cat([u.mT * root, vh * root], -1)

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """``(..., rank, rows + columns)`` to ``(..., *shape)``."""
        a, b = coefficients.split([self.rows, self.columns], -1)
        return (a.mT @ b).unflatten(-1, self.shape[1:])

    def storage_bytes(self, shape: tuple[int, ...]) -> int:
        """The coefficients are the factors: 0 bytes beside them."""
        return 0

    def coefficient_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """``(rank, rows + columns)``."""
        return min(self.rows, self.columns), self.rows + self.columns

    def column_norms(self, coefficients: Tensor) -> Tensor:
        """``||dW / da||``: of an entry of ``a_r`` it is ``||b_r||``, of an entry of ``b_r`` it is ``||a_r||``."""
        a, b = coefficients.split([self.rows, self.columns], -1)
        size_a, size_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
        return torch.cat([size_b.expand_as(a), size_a.expand_as(b)], -1)


NAMED = (NamedBasis("low-rank", lambda place: Factored(place.shape)),)
