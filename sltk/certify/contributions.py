"""The four terms of a stage's error at its affine output: parameters, curvature, bias, inheritance."""

from dataclasses import dataclass

from torch import Tensor

from sltk.core.numerics.rounding import swell


@dataclass(frozen=True)
class Contributions:
    """Non-negative upper bounds, each ``(copies, out)`` or ``(copies, out, h', w')``, and the largest gain."""

    parameter: Tensor
    remainder: Tensor
    bias: Tensor
    inherited: Tensor
    gain: float

    def total(self, inherited: Tensor | None = None) -> Tensor:
        """Upper bound of the sum, with another inherited term where one is given."""
        last = self.inherited if inherited is None else inherited
        return swell(self.parameter + self.remainder + self.bias + last, 4)


def spread(bias: Tensor, like: Tensor) -> Tensor:
    """Errors of biases, ``(copies, out)``, at every output position of ``like``."""
    return bias.reshape(*bias.shape, *(1,) * (like.dim() - 2)).expand_as(like)
