"""A law behind a random mask: pools that were pruned at random before any choice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Values, Words
from sltk.subset_sum.laws.base import Law, LawConstants, real
from sltk.subset_sum.laws.text import inner_law, register_law

if TYPE_CHECKING:
    from torch import Tensor


@register_law
@dataclass(frozen=True)
class Masked(Law):
    """A draw of ``law`` with probability ``p``, else 0.

    The last word decides: the draw is kept where the word is below ``round(2^32 p)``, so ``p`` is met to
    ``2^-33``. The density is ``p`` times that of ``law``, and so ``p0`` and ``c`` gain the factor ``p``.
    """

    law: Law
    p: float
    name: ClassVar[str] = "masked"

    def __post_init__(self) -> None:
        inner_law(self, "law")
        self._set_number("p")
        if not 2.0**-32 <= self.p <= 1.0:
            raise SltkError(f"masked needs 2**-32 <= p <= 1, but got p={self.p}; p is the share that is kept.")

    @property
    def words(self) -> int:
        """Those of ``law``, and one."""
        return self.law.words + 1

    @property
    def symmetric(self) -> bool:
        """As ``law``."""
        return self.law.symmetric

    @property
    def unimodal(self) -> bool:
        """As ``law``; the atom sits at the peak."""
        return self.law.unimodal

    @property
    def atom(self) -> float:
        """``1 - p``, and ``p`` times what ``law`` has."""
        return (1.0 - self.p) + self.p * self.law.atom

    def transform(self, words: Words) -> Values:
        """Draws, ``(law.words + 1, ...) -> (...)``."""
        words = self._checked(words)
        kept = words[-1].astype(np.uint64) < np.uint64(round(self.p * 2**32))
        return np.where(kept, self.law.transform(words[:-1]), 0.0)

    @property
    def arithmetic(self) -> bool:
        """As ``law``."""
        return self.law.arithmetic

    def transform_tensor(self, words: "Tensor") -> "Tensor":
        """See ``Law``."""
        kept = words[-1] < round(self.p * 2**32)
        return self.law.transform_tensor(words[:-1]).masked_fill(~kept, 0.0)

    def density(self, x: ArrayLike) -> Values:
        """``p`` times the density of ``law``; the atom at 0 is left out."""
        return self.p * self.law.density(x)

    def cdf(self, x: ArrayLike) -> Values:
        """``P(X <= x)``, the atom at 0 included."""
        return self.p * self.law.cdf(x) + (1.0 - self.p) * (real(x) >= 0.0)

    def first_integral(self, t: Values) -> Values:
        """``p`` times that of ``law``."""
        return self.p * self.law.first_integral(t)

    def second_integral(self, t: Values) -> Values:
        """``p`` times that of ``law``."""
        return self.p * self.law.second_integral(t)

    @property
    def high(self) -> float:
        """As ``law``."""
        return self.law.high

    def constants(self) -> LawConstants:
        """``p0`` and ``c`` of ``law`` times ``p``."""
        inner = self.law.constants()
        return LawConstants(self.p * inner.p0, inner.L, self.p * inner.c)
