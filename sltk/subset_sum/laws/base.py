"""What a law is: words in, one float32 number out, with its density and the constants of the explicit theorem.

The draws are exact in float32, so that a solver in float64 and a network in float32 see the same number. Density,
cdf and constants are those of the continuous law; each law says how far its draws are from it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.numerics.arrays import Values, Words

if TYPE_CHECKING:
    from torch import Tensor

SCALE_LOW, SCALE_HIGH = 2.0**-60, 2.0**60


@dataclass(frozen=True)
class LawConstants:
    """Hypothesis of the explicit subset-sum theorem: the density is at least ``p0`` wherever ``|x| <= L``.

    Args:
        p0: lower bound of the density.
        L: half the width of that region, and the length of the window ``[-L/2, L/2]`` of targets.
        c: ``p0 L <= 1/2``, the larger the better.
    """

    p0: float
    L: float
    c: float


@dataclass(frozen=True)
class Law(ABC):
    """The law of one real random number; a subclass is a frozen dataclass of numbers and laws."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def words(self) -> int:
        """How many 32-bit words a draw takes."""

    @abstractmethod
    def transform(self, words: Words) -> Values:
        """Draws from independent uniform uint32 ``words``, ``(self.words, ...) -> (...)``: float64, exact in float32.

        Raises:
            SltkError: another dtype or first axis.
        """

    @abstractmethod
    def density(self, x: ArrayLike) -> Values:
        """Density at ``x`` of the part of the law that has one (its mass is ``1 - atom``)."""

    @property
    @abstractmethod
    def high(self) -> float:
        """A number that no draw exceeds in size; the supremum of ``|x|`` where that is finite."""

    @abstractmethod
    def constants(self) -> LawConstants:
        """``(p0, L, c)`` of the explicit theorem, with the largest ``c`` known.

        Raises:
            SltkError: the theorem does not apply to this law, or nothing is known.
        """

    @property
    def arithmetic(self) -> bool:
        """Whether a draw takes sums, products and roundings alone, which have the same bits on every device."""
        return False

    def transform_tensor(self, words: "Tensor") -> "Tensor":
        """``transform`` of words as torch has them, on their device, bit for bit; for laws that are ``arithmetic``.

        Args:
            words: ``(self.words, ...)`` int64 in ``[0, 2^32)``.

        Returns:
            ``(...)`` float64, exact in float32.

        Raises:
            SltkError: the law takes more than arithmetic.
        """
        raise SltkError(f"{self.spec()} is drawn on the CPU, but {words.device} was asked; use Law.transform.")

    def cdf(self, x: ArrayLike) -> Values:
        """``P(X <= x)``.

        Raises:
            SltkError: the law has no formula for it.
        """
        raise SltkError(f"{self.spec()} has no formula for its cdf at {x}; estimate it from draws of Law.sample.")

    def first_integral(self, t: Values) -> Values:
        """``int_0^t p(u) du`` for ``t >= 0``, at most 1/2, with ``p`` symmetric, unimodal and below the density.

        ``p`` is ``p0`` on ``|u| <= L``, or a better one where the law has it. The absolute error is at most ``1e-15``.

        Raises:
            SltkError: nothing is known of the density (see ``constants``).
        """
        known = self.constants()
        return known.p0 * np.minimum(t, known.L)

    def second_integral(self, t: Values) -> Values:
        """``int_0^t int_0^s p(u) du ds`` for ``t >= 0``, of the same ``p`` as in ``first_integral``.

        The absolute error is at most ``1e-14 t``, and the values, where ``t`` is of the order of the law's scale, are
        of the order of ``t``.

        Raises:
            SltkError: nothing is known of the density (see ``constants``).
        """
        known = self.constants()
        inside = np.minimum(t, known.L)
        return known.p0 * inside * (0.5 * inside + (t - inside))

    def in_units(self) -> "tuple[Law, Fraction]":
        """A law and a factor, exact: draws of this one are the factor times draws of that; subset sums scale with them.

        Two laws that differ by their scale have the same first entry, where the law knows its scale.
        """
        return self, Fraction(1)

    @property
    def symmetric(self) -> bool:
        """Whether ``x`` and ``-x`` have one law."""
        return False

    @property
    def unimodal(self) -> bool:
        """Whether the law is symmetric and its density does not increase in ``|x|``."""
        return False

    @property
    def atom(self) -> float:
        """``P(X = 0)``."""
        return 0.0

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Values:
        """Independent draws of ``shape``, through ``transform``."""
        size = (self.words, shape) if isinstance(shape, int) else (self.words, *shape)
        return self.transform(generator.integers(0, 2**32, size=size, dtype=np.uint32))

    def spec(self) -> str:
        """Canonical text, such as ``uniform(2.0)``; ``parse_law`` reads it back to an equal law."""
        values: list[float | Law] = [getattr(self, f.name) for f in fields(self)]
        return f"{self.name}({', '.join(v.spec() if isinstance(v, Law) else repr(v) for v in values)})"

    def _checked(self, words: Words) -> Words:
        words = np.asarray(words)
        if words.dtype != np.uint32 or words.ndim == 0 or words.shape[0] != self.words:
            raise SltkError(
                f"{self.spec()} takes {self.words} uint32 words a draw, an array ({self.words}, ...), but got "
                f"{words.dtype} {words.shape}; draw them with sltk.core.philox.words."
            )
        return words

    def _set_number(self, name: str) -> None:
        value: Any = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise SltkError(f"{self.name} needs a number for {name}, but got {value!r}; pass one like {name}=1.0.")
        object.__setattr__(self, name, float(getattr(self, name)))

    def _set_scale(self, name: str) -> None:
        self._set_number(name)
        if not SCALE_LOW <= getattr(self, name) <= SCALE_HIGH:
            raise SltkError(
                f"{self.name} needs 2**-60 <= {name} <= 2**60, but got {name}={getattr(self, name)}; float32 must "
                "hold every draw."
            )


def real(x: ArrayLike) -> Values:
    """``x`` as a float64 array."""
    return np.asarray(x, dtype=np.float64)


def to_float32(values: Values) -> Values:
    """``values`` rounded to the nearest float32, ties to even, as float64."""
    return values.astype(np.float32).astype(np.float64)


def float32_above(value: float) -> float:
    """Smallest float32 that is at least ``value``."""
    near = np.float32(value)
    return float(near if float(near) >= value else np.nextafter(near, np.float32(np.inf)))
