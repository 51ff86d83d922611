"""The normal law of mean zero."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.lazy import later
from sltk.core.numerics.arrays import Values, Words
from sltk.subset_sum.laws.base import Law, LawConstants, real, to_float32
from sltk.subset_sum.laws.text import register_law

special = later("scipy.special")


@register_law
@dataclass(frozen=True)
class Normal(Law):
    """Normal of mean 0 and standard deviation ``std``.

    A draw is ``std Q((k + 1/2) / 2^32)``, ``k`` one word and ``Q`` the normal quantile, rounded to float32. Draws
    stop at 6.3380 standard deviations (two tails of ``2^-33`` each are cut), and their cdf is within ``2^-33`` of
    the law's plus the rounding. ``Q`` comes from scipy; another build may round a rare draw the other way.
    LawConstants: ``L p(L)`` with ``p`` the density is largest where ``p + L p' = 0``, at ``L = std``; so
    ``p0 = e^{-1/2} / (std sqrt(2 pi))`` and ``c = e^{-1/2} / sqrt(2 pi) = .24197``.
    """

    std: float = 1.0
    name: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        self._set_scale("std")

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
        """True."""
        return True

    def transform(self, words: Words) -> Values:
        """Draws, ``(1, ...) -> (...)``."""
        (word,) = self._checked(words)
        return to_float32(self.std * special.ndtri((word.astype(np.float64) + 0.5) * 2.0**-32))

    def density(self, x: ArrayLike) -> Values:
        """``exp(-x^2 / (2 std^2)) / (std sqrt(2 pi))``."""
        return np.exp(-0.5 * (real(x) / self.std) ** 2) / (self.std * math.sqrt(2.0 * math.pi))

    def cdf(self, x: ArrayLike) -> Values:
        """``P(X <= x)``, to a few ulps of 1."""
        return special.ndtr(real(x) / self.std)

    def first_integral(self, t: Values) -> Values:
        """Of the density itself."""
        return special.ndtr(t / self.std) - 0.5

    def second_integral(self, t: Values) -> Values:
        """Of the density itself."""
        x = t / self.std
        bump = np.expm1(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
        return (x * (special.ndtr(x) - 0.5) + bump) * self.std

    def in_units(self) -> tuple[Law, Fraction]:
        """``normal(1.0)`` and ``std``."""
        return Normal(1.0), Fraction(self.std)

    @property
    def high(self) -> float:
        """The largest draw, 6.338 standard deviations; the law itself is unbounded."""
        return self.transform(np.array([2**32 - 1], dtype=np.uint32)).item()

    def constants(self) -> LawConstants:
        """``L = std``, ``c = .24197``."""
        c = math.exp(-0.5) / math.sqrt(2.0 * math.pi)
        return LawConstants(c / self.std, self.std, c)
