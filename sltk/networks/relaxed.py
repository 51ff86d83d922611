"""Linear bounds of a step, and what a linear functional of its outputs becomes as one of its inputs.

A functional is a row of coefficients c. A relaxation gives c' and a constant with ``c . f(v) <= c' . v + constant`` for
every v of the intervals that it was made for. Coefficients and constants are float64 as computed; what rounding can
cost is in the constant already, by ``|rounding of c'| <= u |c'|`` and ``|v|`` at its largest.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sltk.core.numerics.rounding import UNIT, gamma, swell


class Relaxed(ABC):
    """A step, bounded linearly on a set of values ``(copies, *shape)``."""

    @abstractmethod
    def back(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """The functional before the step.

        Args:
            c: ``(rows, copies, *shape after)``.

        Returns:
            ``(rows, copies, *shape before)``, and constants ``(rows,)``.
        """


@dataclass(frozen=True)
class Lines(Relaxed):
    """``slope_low v + low <= f(v) <= slope_high v + high``, entry by entry; tensors ``(copies, *shape)``."""

    slope_low: Tensor
    low: Tensor
    slope_high: Tensor
    high: Tensor

    def back(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """Positive coefficients take the upper line, negative ones the lower."""
        rising, falling = c.clamp(min=0), c.clamp(max=0)
        constant = dot(rising, self.high) + dot(falling, self.low)
        return rising.mul_(self.slope_high).add_(falling.mul_(self.slope_low)), constant

    def charged(self, magnitude: Tensor) -> "Lines":
        """The same lines with the rounding of ``back`` in their constants, for ``|v| <= magnitude``."""
        count = self.low.numel() + 8
        slope = torch.maximum(self.slope_low.abs(), self.slope_high.abs())
        level = torch.maximum(self.low.abs(), self.high.abs())
        slack = 1.01 * (4 * UNIT * slope * magnitude + gamma(count) * level)
        return Lines(self.slope_low, self.low - slack, self.slope_high, self.high + slack)


@dataclass(frozen=True)
class Adjoint(Relaxed):
    """A linear step ``f``, by its adjoint.

    Attributes:
        function: on ``(n, *shape)``, linear.
        shape: before the step, no batch axis.
        slack: ``(copies, *shape after)``, what the rounding of one output's adjoint can cost; zeros where none rounds.
    """

    function: Callable[[Tensor], Tensor]
    shape: tuple[int, ...]
    slack: Tensor | None = None

    def back(self, c: Tensor) -> tuple[Tensor, Tensor]:
        """By the vector-Jacobian product."""
        with torch.enable_grad():
            zero = torch.zeros(c.shape[0] * c.shape[1], *self.shape, dtype=torch.float64, requires_grad=True)
            out = self.function(zero)
        (found,) = torch.autograd.grad(out, zero, c.flatten(0, 1).contiguous())
        constant = torch.zeros(c.shape[0], dtype=torch.float64) if self.slack is None else dot(c.abs(), self.slack)
        return found.reshape(*c.shape[:2], *self.shape), constant


def adjoint(function: Callable[[Tensor], Tensor], magnitude: Tensor, terms: int) -> Adjoint:
    """The adjoint of a linear step with entries of at most 1, for values up to ``magnitude`` ``(copies, *shape)``.

    Args:
        function: the step, of which no output has more than ``terms`` inputs, nor an input more outputs.
        magnitude: largest ``|v|``.
        terms: 1 where nothing is added and nothing rounded.
    """
    shape = tuple(magnitude.shape[1:])
    if terms == 1:
        return Adjoint(function, shape)
    return Adjoint(function, shape, gamma(terms + 8) * swell(function(magnitude), terms))


def dot(c: Tensor, values: Tensor) -> Tensor:
    """``sum c v`` of every row, ``(rows,)``; ``values`` has the shape of a row."""
    product: Any = c.flatten(1) @ values.expand(c.shape[1:]).flatten()
    return product
