"""Kept weights of a stage, of all copies at once, applied to batches of images in float64."""

import copy
import math
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.core.numerics.arrays import Values
from sltk.core.numerics.rounding import swell
from sltk.core.numerics.tensors import tensor_of
from sltk.networks.affine import Affine
from sltk.runtime.sparse import SparseConv2d
from sltk.runtime.unfolded import DenseUnfolded, SparseUnfolded, UnfoldedLayer

SMALLEST = 2.0**-1022  # what one product can lose to underflow
FILLED = 2**26  # entries of a map that is filled with zeros on a device: half a GiB


class SparseMap:
    """``x -> V x`` with the stride, padding and dilation of a layer, and no bias.

    Args:
        affine: the layer.
        matrix: CSR of shape ``(rows, channels kh kw)``; column ``channel kh kw + tap``.
    """

    def __init__(self, affine: Affine, matrix: csr_matrix) -> None:
        found: Any = csr_matrix(matrix, dtype=np.float64)
        found.sum_duplicates()
        found.eliminate_zeros()
        _, _, *kernel = affine.geometry.shape
        self.affine, self.matrix = affine, found
        self._placed: UnfoldedLayer | None = None  # what computes it on a device
        self.rows, columns = found.shape
        self.channels = columns // (kernel[0] * kernel[1])
        self.counts = tensor_of(np.diff(found.indptr).astype(np.float64))  # products of each row
        self.terms = int(self.counts.max()) + 1 if self.rows else 1
        row = np.repeat(np.arange(self.rows, dtype=np.int64), np.diff(found.indptr))
        index = tensor_of(row * columns + found.indices.astype(np.int64))
        geometry = affine.geometry
        self._layer = SparseConv2d(
            self.channels, self.rows, (kernel[0], kernel[1]), index, tensor_of(found.data.copy()),
            torch.zeros(self.rows, dtype=torch.float64), geometry.stride, geometry.padding, geometry.dilation,
        )  # fmt: skip

    @classmethod
    def of(cls, affine: Affine, weight: Tensor) -> "SparseMap":
        """That of ``weight`` ``(copies, out, in / groups, kh, kw)`` on one copy of the inputs."""
        whole = torch.cat([affine.blocks(one) for one in weight])
        return cls(affine, csr_matrix(whole.flatten(1).numpy()))

    def on(self, device: torch.device) -> "SparseMap":
        """The same map on ``device``, as one product of matrices; ``adjoint``, ``layer`` and ``weights`` stay here."""
        made, own = copy.copy(self), self._layer
        placed: UnfoldedLayer = SparseUnfolded(own.index, own.value, own.bias, own.geometry)
        if math.prod(own.shape) <= FILLED:
            placed = DenseUnfolded(own.weight, own.bias, own.geometry)
        made._placed = placed.to(device)
        return made

    def _alike(self, matrix: csr_matrix) -> "SparseMap":
        """Of other weights, where this one is."""
        made = SparseMap(self.affine, matrix)
        return made if self._placed is None else made.on(self._placed.bias.device)

    @property
    def sizes(self) -> "SparseMap":
        """``x -> |V| x``."""
        return self._alike(abs(self.matrix))

    @property
    def places(self) -> "SparseMap":
        """The map with 1 for every weight."""
        return self._alike(self.matrix != 0)

    @property
    def layer(self) -> SparseConv2d:
        """The layer that computes it, with a bias of zeros."""
        return self._layer

    @property
    def weights(self) -> Tensor:
        """All weights that are not 0."""
        return self._layer.value

    @property
    def empty(self) -> bool:
        """Whether there is no weight at all."""
        return self.matrix.nnz == 0

    @property
    def masses(self) -> Tensor:
        """Sum of the sizes of every row's weights, rounded upward, ``(rows,)``."""
        total: Values = np.asarray(abs(self.matrix).sum(axis=1), dtype=np.float64).reshape(-1)
        mass = swell(tensor_of(total), self.terms)
        return mass if self._placed is None else mass.to(self._placed.bias.device)

    def __call__(self, x: Tensor) -> Tensor:
        """Map ``(n, channels, *positions)`` to ``(n, rows, *positions)``, off by ``gamma_terms`` times ``|V| |x|``."""
        shape = tuple(x.shape[2:])
        lifted = x.reshape(*x.shape[:2], *(1,) * (2 - len(shape)), *shape)
        with torch.no_grad():
            image = self._layer(lifted) if self._placed is None else self._placed(lifted)
        return image.reshape(*image.shape[:2], *image.shape[4 - len(shape) :])

    def adjoint(self, c: Tensor, shape: tuple[int, ...]) -> Tensor:
        """``c V`` for ``c`` ``(n, rows, *positions)``, as ``(n, *shape)``; ``shape`` is that of what the map reads."""
        lifted = c.reshape(*c.shape[:2], *(1,) * (4 - c.dim()), *c.shape[2:])
        size = (1, 1, *shape[1:])[-2:]
        return self._layer.transposed(lifted.contiguous(), (size[0], size[1])).reshape(len(c), *shape)

    def upper(self, x: Tensor) -> Tensor:
        """Upper bound of the image of ``x >= 0`` where no weight is negative."""
        return swell(self(x), self.terms) + self.terms * SMALLEST
