"""The law whose logarithm is uniform, with a random sign."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Values, Words
from sltk.subset_sum.laws.base import Law, LawConstants, float32_above, real, to_float32
from sltk.subset_sum.laws.text import register_law


@register_law
@dataclass(frozen=True)
class LogUniform(Law):
    """Random sign, and ``ln |x|`` uniform on ``[ln a, ln b]``: density ``1 / (2 ln(b/a) |x|)`` there.

    Here ``a = low`` and ``b = largest``. A draw takes its sign from the lowest bit of a word, and from the others
    ``|x| = a (b/a)^u`` with ``u = (k + 1/2) / 2^31``, rounded to a float32 inside ``[a, b]``; its cdf is within
    ``2^-32`` of the law's plus the rounding. Another platform's ``exp`` may round a rare draw the other way.
    It has no constants: the density vanishes around 0, where the explicit theorem needs it. Golden-ratio greedy
    is the theorem that fits this law.
    """

    low: float
    largest: float = 1.0
    name: ClassVar[str] = "log_uniform"

    def __post_init__(self) -> None:
        self._set_scale("low")
        self._set_scale("largest")
        if not float32_above(self.low) < -float32_above(-self.largest):
            raise SltkError(
                f"log_uniform needs two float32 numbers between low and largest, but got low={self.low}, "
                f"largest={self.largest}; low is the smaller one."
            )

    @property
    def words(self) -> int:
        """One."""
        return 1

    @property
    def symmetric(self) -> bool:
        """True."""
        return True

    def transform(self, words: Words) -> Values:
        """Draws, ``(1, ...) -> (...)``."""
        (word,) = self._checked(words)
        u = ((word >> np.uint32(1)).astype(np.float64) + 0.5) * 2.0**-31
        size = to_float32(self.low * np.exp(u * math.log(self.largest / self.low)))
        size = np.clip(size, float32_above(self.low), -float32_above(-self.largest))
        return np.where(word & np.uint32(1), -size, size)

    def density(self, x: ArrayLike) -> Values:
        """``1 / (2 ln(b/a) |x|)`` for ``a <= |x| <= b``, else 0."""
        size = np.abs(real(x))
        inside = (size >= self.low) & (size <= self.largest)
        return np.where(inside, 0.5 / (math.log(self.largest / self.low) * np.where(inside, size, 1.0)), 0.0)

    def cdf(self, x: ArrayLike) -> Values:
        """``P(X <= x)``, to a few ulps of ``1 / ln(b/a)``."""
        x = real(x)
        size = np.clip(np.abs(x), self.low, self.largest)
        return 0.5 + 0.5 * np.sign(x) * np.log(size / self.low) / math.log(self.largest / self.low)

    @property
    def high(self) -> float:
        """``largest``."""
        return self.largest

    def constants(self) -> LawConstants:
        """Refused: there is no ``L > 0`` with a positive density on all of ``|x| <= L``."""
        raise SltkError(
            f"{self.spec()} has density 0 on |x| < {self.low}, so the explicit subset-sum theorem does not apply; take "
            "uniform, normal or a product, or the golden-ratio greedy theorem."
        )
