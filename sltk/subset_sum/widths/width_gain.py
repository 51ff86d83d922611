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

import numpy as np

from sltk.core.numerics.arrays import Values
from sltk.subset_sum.laws import Law


def expected_gain(law: Law, length: float, covered: Values) -> Values:
    """``G(V)`` of the lemma for ``V`` in ``covered``, a part of an interval of ``length``; never negative.

    Returns:
        ``G``, same shape, with absolute error at most ``1e-13 length``.
    """
    p = law.second_integral
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
    p, edge = law.second_integral, float(law.first_integral(np.asarray(length))) - 2e-15
    found = np.zeros(np.shape(covered))
    for part in (covered, missing):
        found = np.maximum(found, expected_gain(law, length, part) - 2e-13 * length)
        found = np.maximum(found, part * edge - 2.0 * p(part))
    return found * (1.0 - 1e-10)
