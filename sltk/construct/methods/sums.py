"""Which subset sums one parameter needs, and what each of them amounts to: the rule of prediction, width and search.

A parameter that a stage picks from copies is one sum ``sum v``. Below a univariate layer with first activation ``phi``
it is ``slope * sum v w``; a kink asks for two sums, one over ``w > 0`` and one over ``w < 0``, unless the inputs are
known to be non-negative.
"""

from dataclasses import dataclass
from typing import Literal

from sltk.networks.activations.activation import Activation

Sides = Literal["smooth", "split", "positive", "negative"]

SIGNS: dict[Sides, tuple[int, ...]] = {"smooth": (0,), "split": (1, -1), "positive": (1,), "negative": (-1,)}


@dataclass(frozen=True)
class Sum:
    """One subset sum of a parameter.

    Args:
        sign: of the univariate weights that its samples have; 0 where either will do.
        slope: the parameter is ``slope`` times the sum.
        gain: an error of the sum costs at most ``gain`` times as much in the parameter.
        label: ``weight``, or ``weight+`` and ``weight-`` where there are two.
    """

    sign: int
    slope: float
    gain: float
    label: str

    @property
    def usable(self) -> float:
        """Probability that a neuron with a symmetric random weight can serve."""
        return 0.5 if self.sign else 1.0


DIRECT = Sum(0, 1.0, 1.0, "weight")  # over the copies of a neuron: no univariate layer is in between


def sums(phi: Activation, sides: Sides) -> tuple[Sum, ...]:
    """The sums of one parameter over univariate neurons with activation ``phi``."""
    right, left = phi.slope_positive, phi.slope_negative
    if sides == "split":
        slope, gain, labels = right + left, abs(right) + abs(left), ("weight+", "weight-")
    else:
        slope = left if sides == "negative" else right
        gain, labels = abs(slope), ("weight",)
    signs = SIGNS[sides]
    return tuple(Sum(sign, slope, gain, labels[min(k, len(labels) - 1)]) for k, sign in enumerate(signs))


def sides_of(phi: Activation, nonnegative: bool) -> Sides:
    """How a univariate stage with ``phi`` handles its inputs' signs."""
    if not phi.kinked:
        return "smooth"
    if not nonnegative:
        return "split"
    return "positive" if abs(phi.slope_positive) >= abs(phi.slope_negative) else "negative"
