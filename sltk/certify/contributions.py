"""The terms of a stage's error at its affine output: parameters, curvature, bias, inheritance."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sltk.certify.signed import Ball, Signed
from sltk.core.numerics.rounding import swell


@dataclass(frozen=True)
class Contributions:
    """Non-negative upper bounds, each ``(copies, out)`` or ``(copies, out, h', w')``, and the largest gain.

    Attributes:
        parameter, remainder, bias, inherited: from sizes alone.
        gain: largest factor of inherited errors.
        own: what errors of weights and biases add together with their signs; ``None`` where those are not looked at.
    """

    parameter: Tensor
    remainder: Tensor
    bias: Tensor
    inherited: Tensor
    gain: float
    own: Tensor | None = None

    def total(self, inherited: Tensor | None = None) -> Tensor:
        """Upper bound of the sum, with another inherited term where one is given."""
        last = self.inherited if inherited is None else inherited
        sizes = swell(self.parameter + self.remainder + self.bias + last, 4)
        return sizes if self.own is None else torch.minimum(sizes, swell(self.own + self.remainder + last, 3))


def shifted(bias: Signed, like: Tensor) -> Ball:
    """Signed errors of biases, ``(copies, out)``, at every output position of ``like``."""
    return Ball(spread(bias.value, like), spread(bias.slack, like))


def spread(bias: Tensor, like: Tensor) -> Tensor:
    """Errors of biases, ``(copies, out)``, at every output position of ``like``."""
    return bias.reshape(*bias.shape, *(1,) * (like.dim() - 2)).expand_as(like)
