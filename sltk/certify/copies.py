"""A stage in which every copy picks its own weights to the copies of the stage before."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs]  # it has none
from torch import Tensor

from sltk.certify.contributions import Contributions, spread
from sltk.certify.maps import row_sums, shape_of, upper_per_copy, upper_selected
from sltk.certify.realised import Realised, parameter_shape, require_shape, store
from sltk.core.errors import SltkError
from sltk.core.numerics.intervals import Interval
from sltk.networks.affine import Affine


@dataclass(frozen=True)
class Copies(Realised):
    """A stage in which every copy picks its own weights to the copies of the stage before.

    Args:
        delta: ``(copies, out, in, kh, kw)``, ``|theta - sum_a v_a|`` for each target parameter.
        selected: ``|v|`` of the kept source weights, CSR of shape ``(copies out, copies_in in kh kw)``, row
            ``k out + j``, column ``(a in + i) kh kw + tap``.
        bias_error: ``(copies, out)``, absolute, with the actual values of the constants.

    Raises:
        SltkError: for wrong shapes, NaN, or negative entries.
    """

    kind = "copies"
    delta: Tensor
    selected: csr_matrix
    bias_error: Tensor

    def __post_init__(self) -> None:
        store(self, "delta", signed=True)
        store(self, "bias_error")
        shape = parameter_shape("Copies", self.delta)
        require_shape("Copies", "bias_error", self.bias_error, shape[:2])
        selected: Any = csr_matrix(self.selected, dtype=np.float64)
        if not (np.isfinite(selected.data) & (selected.data >= 0)).all():
            raise SltkError(
                "Copies needs finite selected entries >= 0, but got "
                f"{selected.data.min()} to {selected.data.max()}; pass absolute values."
            )
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
    def parameter_error(self) -> float:
        """Largest error of an effective weight, pruned ones included."""
        return float(self.delta.max())

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
        return self.delta

    def contributions(self, affine: Affine, magnitude: Tensor, ticket: Interval, errors: Tensor) -> Contributions:
        """Parameter errors meet the target's values; see ``sltk.certify.propagate``."""
        parameter = upper_per_copy(affine, self.delta, magnitude)
        return Contributions(
            parameter=parameter,
            remainder=torch.zeros_like(parameter),
            bias=spread(self.bias_error, parameter),
            inherited=self.inherited(affine, errors),
            gain=float(row_sums(self.selected).max()),
        )

    def inherited(self, affine: Affine, errors: Tensor) -> Tensor:
        """The selected weights amplify, each the error of the copy that it reads."""
        return upper_selected(affine, self.selected, errors, affine.weight.shape[0])
