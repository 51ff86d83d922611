"""The effective parameters of a ticket against its target's, read back from mask and source alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sltk.certify.realised import Realised
from sltk.construct.methods.roles import Role
from sltk.networks.network import Stage


@dataclass(frozen=True)
class StageParameters:
    """Absolute errors of one stage's effective parameters.

    Attributes:
        name: of the target's affine map.
        weight: ``(copies, out, in, kh, kw)``; the larger of both signs of the input where both can occur.
        bias: ``(copies, out)``, with the constants as they really are.
        magnitude: ``(out, in, kh, kw)``, ``|theta|`` of the target.
        bias_magnitude: ``(out,)``, ``|b|`` of the target.
    """

    name: str
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    magnitude: NDArray[np.float64]
    bias_magnitude: NDArray[np.float64]

    def worst(self) -> float:
        """Largest error of a weight or bias."""
        return float(max(self.weight.max(initial=0.0), self.bias.max(initial=0.0)))

    def beyond(self, tolerance: float, prune_below: float) -> int:
        """Effective parameters, counted in every copy, that are off by more than ``tolerance``.

        Parameters of size up to ``prune_below`` were left out on purpose, and may be off by as much.
        """
        found = 0
        for error, size in ((self.weight, self.magnitude), (self.bias, self.bias_magnitude)):
            allowed = np.where(size <= prune_below, max(tolerance, prune_below), tolerance)
            # The errors carry an allowance for rounding, which must not turn "exactly at" into "beyond".
            found += int((error > allowed * (1.0 + 1e-9)).sum())
        return found

    def built(self) -> NDArray[np.float64]:
        """Errors in the parameters that the target has, every copy, flat; its exact zeros are left out."""
        return np.concatenate(
            [self.weight[:, self.magnitude > 0].ravel(), self.bias[:, self.bias_magnitude > 0].ravel()]
        )


def stage_parameters(
    roles: Sequence[Role], realised: Sequence[Realised], target: Sequence[Stage]
) -> list[StageParameters]:
    """Errors of all effective parameters, stage by stage."""
    stages: list[StageParameters] = []
    for role, known, stage in zip(roles, realised, target, strict=True):
        # Where no input is negative, nothing ever meets the parameter for negative ones.
        weight = known.weight_error(nonnegative=role.sides in ("positive", "negative")).numpy()
        stages.append(
            StageParameters(
                name=stage.affine.name,
                weight=weight,
                bias=known.bias_error.numpy(),
                magnitude=stage.affine.weight.abs().numpy().reshape(weight.shape[1:]),
                bias_magnitude=stage.affine.bias.abs().numpy(),
            )
        )
    return stages
