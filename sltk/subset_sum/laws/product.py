"""The product of two independent numbers: a path through two random weights."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sltk.core.errors import SltkError
from sltk.core.lazy import later
from sltk.core.numerics.arrays import Values, Words
from sltk.subset_sum.laws.base import SCALE_HIGH, SCALE_LOW, Law, LawConstants, float32_above, real, to_float32
from sltk.subset_sum.laws.normal import Normal
from sltk.subset_sum.laws.text import inner_law, register_law
from sltk.subset_sum.laws.uniform import Uniform

if TYPE_CHECKING:
    from torch import Tensor

integrate, optimize, special = later("scipy.integrate"), later("scipy.optimize"), later("scipy.special")

_QUADRATURE_MARGIN = 1e-8  # relative; p0 is lowered by it, a hundred times the tolerance asked of the quadrature


@register_law
@dataclass(frozen=True)
class Product(Law):
    """Product of independent draws of ``left`` and ``right``, rounded to float32.

    Closed forms, with ``h`` the product of the scales: two uniforms have density ``ln(h/|u|) / (2h)`` on
    ``|u| <= h``, two normals ``K_0(|u|/h) / (pi h)``. Otherwise, for symmetric factors with densities f and g, it
    is ``2 int_0^inf f(x) g(u/x) / x dx`` by quadrature, each factor cut at its ``high``.
    LawConstants: where both factors are unimodal, so is the product, and ``c = max_L L p(L)``. Two uniforms:
    ``L ln(h/L) / (2h)`` is largest at ``L = h/e``, with ``p0 = 1/(2h)`` and ``c = 1/(2e) = .18394``. Otherwise
    ``L`` is found by search; any ``L`` is valid with its own density, so only the size of ``c`` rests on it.
    """

    left: Law
    right: Law
    name: ClassVar[str] = "product"

    def __post_init__(self) -> None:
        inner_law(self, "left")
        inner_law(self, "right")
        reach = self.left.high * self.right.high
        if not SCALE_LOW**2 <= reach <= SCALE_HIGH**2:
            raise SltkError(
                f"{self.spec()} reaches up to {reach:.3g}, but float32 needs 2**-120 to 2**120; scale a factor."
            )

    @property
    def words(self) -> int:
        """Those of ``left``, then those of ``right``."""
        return self.left.words + self.right.words

    @property
    def symmetric(self) -> bool:
        """True where one factor is."""
        return self.left.symmetric or self.right.symmetric

    @property
    def unimodal(self) -> bool:
        """True where both factors are: the product is then a mixture of scaled copies of either."""
        return self.left.unimodal and self.right.unimodal

    @property
    def atom(self) -> float:
        """``a + b - a b`` for atoms ``a``, ``b`` of the factors (underflow to 0 is not counted)."""
        return self.left.atom + self.right.atom - self.left.atom * self.right.atom

    @property
    def high(self) -> float:
        """Product of the factors' ``high``, rounded up to a float32."""
        return float32_above(self.left.high * self.right.high)

    def transform(self, words: Words) -> Values:
        """Draws, ``(left.words + right.words, ...) -> (...)``."""
        words = self._checked(words)
        split = self.left.words
        return to_float32(self.left.transform(words[:split]) * self.right.transform(words[split:]))

    @property
    def arithmetic(self) -> bool:
        """True where both factors are."""
        return self.left.arithmetic and self.right.arithmetic

    def transform_tensor(self, words: "Tensor") -> "Tensor":
        """See ``Law``."""
        split = self.left.words
        factors = self.left.transform_tensor(words[:split]), self.right.transform_tensor(words[split:])
        return (factors[0] * factors[1]).float().double()

    def density(self, x: ArrayLike) -> Values:
        """Density at ``x``: to a few ulps in the closed forms, to ``1e-9`` relative by quadrature.

        Raises:
            SltkError: no closed form, and a factor that is not symmetric.
        """
        size = np.abs(real(x))
        h = self._of_uniforms()
        if h is not None:
            with np.errstate(divide="ignore"):
                return np.where(size < h, -np.log(np.minimum(size / h, 1.0)) / (2.0 * h), 0.0)
        if isinstance(self.left, Normal) and isinstance(self.right, Normal):
            h = self.left.std * self.right.std
            return special.k0(size / h) / (math.pi * h)
        return np.vectorize(self._density_by_quadrature, otypes=[np.float64])(size)

    def cdf(self, x: ArrayLike) -> Values:
        """``P(X <= x)`` of two uniforms: ``1/2 + u (1 - ln|u|) / 2`` with ``u = x/h`` clipped to ``[-1, 1]``.

        Raises:
            SltkError: other factors.
        """
        h = self._of_uniforms()
        if h is None:
            return super().cdf(x)
        u = np.clip(real(x) / h, -1.0, 1.0)
        return 0.5 + 0.5 * (u - special.xlogy(u, np.abs(u)))

    def constants(self) -> LawConstants:
        """Largest ``c``: exact for two uniforms, by search otherwise.

        Raises:
            SltkError: a factor is not unimodal.
        """
        h = self._of_uniforms()
        if h is not None:
            return LawConstants(0.5 / h, h / math.e, 0.5 / math.e)
        if not self.unimodal:
            raise SltkError(
                f"the density of {self.spec()} is not known to fall in |x|, so its constants are not known; take "
                "factors that are symmetric and unimodal."
            )
        return _constants_by_search(self)

    def first_integral(self, t: Values) -> Values:
        """Of the density itself, for two uniforms; otherwise by ``constants``."""
        h = self._of_uniforms()
        if h is None:
            return super().first_integral(t)
        inside = np.minimum(t / h, 1.0)
        return 0.5 * (inside - special.xlogy(inside, inside))

    def second_integral(self, t: Values) -> Values:
        """Of the density itself, for two uniforms, ``-ln(u) / 2`` on ``0 < u <= 1``; otherwise by ``constants``.

        ``t^2 (3 - 2 ln t) / 8``, and from ``t = 1`` on a line of slope 1/2.
        """
        h = self._of_uniforms()
        if h is None:
            return super().second_integral(t)
        x = t / h
        inside = np.minimum(x, 1.0)
        return (0.125 * (3.0 * inside**2 - 2.0 * inside * special.xlogy(inside, inside)) + 0.5 * (x - inside)) * h

    def in_units(self) -> tuple[Law, Fraction]:
        """The product of the factors' units, and of their scales."""
        (left, a), (right, b) = self.left.in_units(), self.right.in_units()
        return Product(left, right), a * b

    def _of_uniforms(self) -> float | None:
        """Product of the half widths of two uniforms."""
        if isinstance(self.left, Uniform) and isinstance(self.right, Uniform):
            return self.left.half_width * self.right.half_width
        return None

    def _density_by_quadrature(self, x: float) -> float:
        if not (self.left.symmetric and self.right.symmetric):
            raise SltkError(f"{self.spec()} has no density formula: a factor is not symmetric; sample it instead.")
        if x == 0.0 and self.left.density(0.0) > 0.0 and self.right.density(0.0) > 0.0:
            return math.inf
        x = max(x, SCALE_LOW**4)  # at 0 itself the limit is finite, and reached long before this
        # In t = ln(factor) the ends of the factors' ranges are finite and known.
        low, high = math.log(x / self.right.high), math.log(self.left.high)
        if not low < high:
            return 0.0

        def integrand(t: float) -> float:
            return (self.left.density(math.exp(t)) * self.right.density(x * math.exp(-t))).item()

        value, _ = integrate.quad(integrand, low, high, epsabs=0.0, epsrel=1e-10, limit=400)
        return 2.0 * value


@lru_cache(maxsize=64)
def _constants_by_search(law: Product) -> LawConstants:
    top = math.log(law.left.high * law.right.high)

    def loss(log_length: float) -> float:
        return -math.exp(log_length) * law.density(math.exp(log_length)).item()

    found = optimize.minimize_scalar(loss, bounds=(top - 12.0, top), method="bounded", options={"xatol": 1e-6})
    length = math.exp(float(found.x))
    p0 = law.density(length).item() * (1.0 - _QUADRATURE_MARGIN)
    return LawConstants(p0, length, p0 * length)
