"""Activation functions, with what the constructions need to know of them."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Remainder:
    """``|phi(x) - mu(x)| <= coefficient * |x|**order`` for ``|x| <= radius``."""

    coefficient: float
    order: int
    radius: float


@dataclass(frozen=True)
class Activation:
    """Placeholder; see the brief."""

    name: str
    function: Callable[[Tensor], Tensor]
    slope_positive: float
    slope_negative: float
    intercept: float
    lipschitz: float
    remainder: Remainder

    def __call__(self, x: Tensor) -> Tensor:
        """phi(x)."""
        return self.function(x)
