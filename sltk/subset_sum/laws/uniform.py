"""The uniform law on a centred interval."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.numerics.arrays import Values, Words
from sltk.subset_sum.laws.base import Law, LawConstants, real, to_float32
from sltk.subset_sum.laws.text import register_law

if TYPE_CHECKING:
    from torch import Tensor


@register_law
@dataclass(frozen=True)
class Uniform(Law):
    """Uniform on ``[-a, a]``, ``a = half_width``: density ``1/(2a)``.

    A draw is ``a (2k + 1 - 2^24) / 2^24``, ``k`` the upper 24 bits of one word, rounded to float32 (exact where
    ``a`` is a power of two). It is never zero, and its cdf is within ``2^-24`` of the law's plus the rounding.
    LawConstants: the density is constant, so ``L = a``, ``p0 = 1/(2a)``, and ``c = 1/2`` is the largest possible.
    """

    half_width: float = 1.0
    name: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        self._set_scale("half_width")

    @property
    def words(self) -> int:
        """One."""
        return 1

    @property
    def symmetric(self) -> bool:
        """True."""
        return True

    @property
    def unimodal(self) -> bool:
        """True: the density is constant."""
        return True

    def transform(self, words: Words) -> Values:
        """Draws, ``(1, ...) -> (...)``."""
        (word,) = self._checked(words)
        odd = 2 * (word >> np.uint32(8)).astype(np.int64) + (1 - 2**24)
        return to_float32(odd * (self.half_width * 2.0**-24))

    @property
    def arithmetic(self) -> bool:
        """True."""
        return True

    def transform_tensor(self, words: "Tensor") -> "Tensor":
        """See ``Law``."""
        odd = 2 * (words[0] >> 8) + (1 - 2**24)
        return (odd.double() * (self.half_width * 2.0**-24)).float().double()

    def density(self, x: ArrayLike) -> Values:
        """``1/(2a)`` for ``|x| <= a``, else 0."""
        return np.where(np.abs(real(x)) <= self.half_width, 0.5 / self.half_width, 0.0)

    def cdf(self, x: ArrayLike) -> Values:
        """``P(X <= x)``, to a few ulps of 1."""
        return 0.5 + 0.5 * np.clip(real(x) / self.half_width, -1.0, 1.0)

    def in_units(self) -> tuple[Law, Fraction]:
        """``uniform(1.0)`` and ``a``."""
        return Uniform(1.0), Fraction(self.half_width)

    @property
    def high(self) -> float:
        """``a``, or the float32 above it to which a draw may round."""
        return max(self.half_width, float(np.float32(self.half_width)))

    def constants(self) -> LawConstants:
        """``p0 = 1/(2a)``, ``L = a``, ``c = 1/2``."""
        return LawConstants(0.5 / self.half_width, self.half_width, 0.5)
