r"""What one more sample is sure to add to a covered set, on average.

Lemma (rearrangement). Let ``A`` be a measurable part of an interval ``J`` of length ``l``, ``|A| = V``, and let the
sample ``x`` have a density that is at least ``p``, with ``p`` symmetric and non-increasing in ``|x|``. Put ``P(t) =
int_0^t int_0^s p(u) du ds``. Then the part of ``J`` that ``A + x`` covers anew has expected measure at least

    ``G(V) = 2 (P(V/2) + P(l) - P(l - V/2) - P(V))``.

Proof. The expectation is at least ``int_A q - int_A int_A p(y - z)`` with ``q(y) = int_J p(z - y) dz``. Since q rises
from the ends of J to its middle, the first term is least where A fills both ends, ``V/2`` each: ``2 (P(V/2) + P(l) -
P(l - V/2))``. By Riesz's inequality the second is largest where A is an interval: ``2 P(V)``. A and ``E = J - A`` can
change places in ``int_A int_E p(y - z)``, so ``G(l - V)`` is a bound as well.

For a density ``p0`` on ``|x| <= L`` and ``l <= L`` it reads ``p0 V (l - V)``. A decreasing density gains over that.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from sltk.core.arrays import Values
from sltk.subset_sum.laws import Law, Masked, Normal, Product, Uniform

Integral = Callable[[Values], Values]


def second_integral(law: Law) -> Integral:
    """``t -> int_0^t int_0^s p(u) du ds`` for ``t >= 0``, ``p`` symmetric, unimodal and below the density of ``law``.

    ``p`` is the density itself for uniform, normal, and the product of two uniforms, also behind a random mask; for
    any other law it is ``p0`` on ``|u| <= L``. The absolute error is at most ``1e-14 t``, and the values, where
    ``t`` is of the order of the law's scale, are of the order of ``t``.

    Raises:
        SltkError: nothing is known of the density (see ``Law.constants``).
    """
    if isinstance(law, Masked):
        inner = second_integral(law.law)
        return lambda t: law.p * inner(t)
    if isinstance(law, Normal):
        return lambda t: _normal(t / law.std) * law.std
    if isinstance(law, Product) and isinstance(law.left, Uniform) and isinstance(law.right, Uniform):
        h = law.left.half_width * law.right.half_width
        return lambda t: _product(t / h) * h
    known = law.constants()
    return lambda t: _flat(t, known.p0, known.L)


def expected_gain(law: Law, length: float, covered: Values) -> Values:
    """``G(V)`` of the lemma for ``V`` in ``covered``, a part of an interval of ``length``; never negative.

    Returns:
        ``G``, same shape, with absolute error at most ``1e-13 length``.
    """
    p = second_integral(law)
    half = 0.5 * covered
    total = p(np.asarray(length))
    return np.maximum(2.0 * (p(half) + total - p(length - half) - p(covered)), 0.0)


def certain_gain(law: Law, length: float, covered: Values, missing: Values) -> Values:
    """A number that the expected gain is not below: the better of ``G(V)`` and ``G(g)``, ``g = l - V`` what is missing.

    The expectation is a double integral over ``A`` and ``E = J - A`` in which they can change places. Where little is
    covered, or little missing, ``G`` cancels in double precision; there ``t P'(l) - 2 P(t) <= G(t)`` keeps all digits.

    Args:
        law: of the sample.
        length: ``l``.
        covered: ``V``; missing: ``g``, both with all their digits.

    Returns:
        The bound, same shape, and not above the exact one.
    """
    p, edge = second_integral(law), float(first_integral(law)(np.asarray(length))) - 2e-15
    found = np.zeros(np.shape(covered))
    for part in (covered, missing):
        found = np.maximum(found, expected_gain(law, length, part) - 2e-13 * length)
        found = np.maximum(found, part * edge - 2.0 * p(part))
    return found * (1.0 - 1e-10)


def first_integral(law: Law) -> Integral:
    """``t -> int_0^t p(u) du`` for ``t >= 0``, of the same ``p`` as in ``second_integral``; at most 1/2.

    The absolute error is at most ``1e-15``.

    Raises:
        SltkError: nothing is known of the density (see ``Law.constants``).
    """
    if isinstance(law, Masked):
        inner = first_integral(law.law)
        return lambda t: law.p * inner(t)
    if isinstance(law, Normal):
        return lambda t: special.ndtr(t / law.std) - 0.5
    if isinstance(law, Product) and isinstance(law.left, Uniform) and isinstance(law.right, Uniform):
        h = law.left.half_width * law.right.half_width
        return lambda t: 0.5 * (np.minimum(t / h, 1.0) - special.xlogy(*2 * (np.minimum(t / h, 1.0),)))
    known = law.constants()
    return lambda t: known.p0 * np.minimum(t, known.L)


def _normal(t: Values) -> Values:
    bump = np.expm1(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    return t * (special.ndtr(t) - 0.5) + bump


def _product(t: Values) -> Values:
    """Of ``-ln(u) / 2`` on ``0 < u <= 1``: ``t^2 (3 - 2 ln t) / 8``, and from ``t = 1`` on a line of slope 1/2."""
    inside = np.minimum(t, 1.0)
    return 0.125 * (3.0 * inside**2 - 2.0 * inside * special.xlogy(inside, inside)) + 0.5 * (t - inside)


def _flat(t: Values, p0: float, length: float) -> Values:
    inside = np.minimum(t, length)
    return p0 * inside * (0.5 * inside + (t - inside))
