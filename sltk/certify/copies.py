"""A stage in which every copy picks its own weights to the copies of the stage before."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.certify.boxes.matrices import Weights, matrix_of, selected_of
from sltk.certify.boxes.matrices import spread as spread_rows
from sltk.certify.contributions import Contributions, shifted, spread
from sltk.certify.differential.copies_map import CopiesMap, copies_map, sparse
from sltk.certify.differential.forms import Known
from sltk.certify.local.pair_map import FromCopies, PairMap, SignedMap
from sltk.certify.maps import dense, row_sums, shape_of, sizes, upper_per_copy, upper_selected
from sltk.certify.realised import Realised, parameter_shape, require_shape
from sltk.certify.signed import Signed, image
from sltk.certify.sparse import SparseMap
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.networks.affine import Affine


@dataclass(frozen=True)
class Copies(Realised):
    """A stage in which every copy picks its own weights to the copies of the stage before.

    Args:
        delta: ``(copies, out, in / groups, kh, kw)``, ``theta - sum_a v_a`` for each target parameter.
        selected: the kept source weights ``v`` with their signs, exact, CSR of shape
            ``(copies out, copies_in in kh kw)``, row ``k out + j``, column ``(a in + i) kh kw + tap``; before a mask is
            known, the largest sum of their sizes.
        bias: ``(copies, out)``, ``b - sum v c`` with the actual values ``c`` of the constants; where a bias is built
            phase by phase, all of its phases.

    Raises:
        SltkError: for wrong shapes, NaN or infinity.
    """

    kind = "copies"
    delta: Signed
    selected: csr_matrix
    bias: Signed

    def __post_init__(self) -> None:
        shape = parameter_shape("Copies", self.delta)
        require_shape("Copies", "bias", self.bias, shape[:2])
        selected: Any = csr_matrix(self.selected, dtype=np.float64)
        if not np.isfinite(selected.data).all():
            raise SltkError("Copies needs finite selected weights, but they hold NaN or infinity; bound them first.")
        if selected.shape[0] != shape[0] * shape[1]:
            raise SltkError(
                f"Copies needs selected with copies * out = {shape[0] * shape[1]} rows, but got "
                f"shape={selected.shape}; row k * out + j belongs to copy k of neuron j."
            )
        object.__setattr__(self, "selected", selected)

    @property
    def copies(self) -> int:
        """Copies of every target neuron."""
        return self.delta.shape[0]

    @property
    def products(self) -> int:
        """Those of parameter errors and selected weights; where few of them are there, these alone."""
        delta = self.delta.value
        if sparse(delta, self.selected):
            return int(self.selected.nnz) + int(delta.count_nonzero())  # pyright: ignore
        return math.prod(shape_of(self.selected)) + delta.numel()

    @property
    def parameter_error(self) -> float:
        """Largest error of an effective weight, pruned ones included."""
        return float(self.delta.magnitude.max())

    def fits(self, affine: Affine, copies_in: int) -> None:
        """Check against the target's stage and the copies that the stage before has.

        Raises:
            SltkError: where a shape differs.
        """
        shape = affine.geometry.shape
        require_shape("Copies", "delta", self.delta, (self.copies, *shape))
        columns = copies_in * affine.inputs * shape[2] * shape[3]
        found = shape_of(self.selected)
        if found[1] != columns:
            raise SltkError(
                f"Copies needs selected with copies_in * in * kh * kw = {columns} columns at stage "
                f"'{affine.name}', but got shape={found}."
            )

    def weight_error(self, nonnegative: bool) -> Tensor:
        """The errors, which do not depend on the sign of the input."""
        return self.delta.magnitude

    def contributions(self, affine: Affine, target: Interval, ticket: Interval, errors: Tensor) -> Contributions:
        """Parameter errors meet the target's values; see ``sltk.certify.propagate``."""
        parameter = upper_per_copy(affine, self.delta.magnitude, target.magnitude)
        return Contributions(
            parameter=parameter,
            remainder=torch.zeros_like(parameter),
            bias=spread(self.bias_error, parameter),
            inherited=self.inherited(affine, errors),
            gain=float(row_sums(self._mass).max()),
        )

    def own(self, affine: Affine, target: Interval, ticket: Interval) -> Tensor:
        """On the target's values."""
        met = image(affine, self.delta, target)
        return (met + shifted(self.bias, met.centre)).largest

    def map(self, affine: Affine, known: Known, injected: Tensor) -> CopiesMap:
        """Parameter errors on the target's values, selected weights on the ticket's and on the differences."""
        return copies_map(affine, self.delta, self.selected, self.bias, known, injected)

    def matrices(self, affine: Affine, shape: tuple[int, ...], copies_in: int) -> Weights:
        """Selected weights, and parameter errors on the target's values."""
        rows, inner = affine.weight.shape[0], affine.geometry.shape[2:]
        weight = dense(self.selected).reshape(self.copies, rows, copies_in * affine.inputs, *inner)
        bias, slack = (spread_rows(affine, one, shape) for one in (self.bias.value, self.bias.slack))
        delta, spare = (matrix_of(affine, one, shape) for one in (self.delta.value, self.delta.slack))
        return Weights(bias, slack, selected_of(affine, weight, copies_in, shape), delta, spare)

    def pair(self, affine: Affine) -> PairMap:
        """Parameter errors on the target's values, selected weights on the differences."""
        weights = SparseMap(affine, self.selected)
        return FromCopies(SignedMap.of(affine, self.delta), SignedMap(weights, weights.sizes), self.bias)

    def inherited(self, affine: Affine, errors: Tensor) -> Tensor:
        """The selected weights amplify, each the error of the copy that it reads."""
        return upper_selected(affine, self._mass, errors, affine.weight.shape[0])

    @cached_property
    def _mass(self) -> csr_matrix:
        return sizes(self.selected)
