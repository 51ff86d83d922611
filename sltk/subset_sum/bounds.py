r"""Sizes of pools with every constant given: the closed form, the counting floor, amplification.

Theorem (closed form). Density ``>= p0`` on ``|x| <= L`` and ``c = p0 L <= 1/2``. Then all targets of ``[-L/2, L/2]``
are within ``eps`` of ``S(x)`` with probability at least ``1 - (2 L^2 / eps^2) (1 - c/2)^n``.

Counting floor. ``2^n`` intervals of length ``2 eps`` cover at most ``2^n 2 eps``: below ``log2(W / (2 eps))``
samples no pool covers a window of length ``W``.

Amplification. Disjoint groups fail independently, groups of different sizes too: ``P_fail(n_1 + .. + n_m) <=
P_fail(n_1) .. P_fail(n_m)``, in particular ``P_fail(m n) <= P_fail(n)^m``.

Source: derived for this project and provable as stated (the argument is Lueker's, Random Structures & Algorithms 12
(1998), remembered, with the constants worked out).
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from sltk.core.errors import SltkError
from sltk.subset_sum.laws import Law, law_of


def closed_form_failure(n: int, eps: float, law: Law | str) -> float:
    """``min(1, (2 L^2 / eps^2) (1 - c/2)^n)``, an upper bound up to a relative rounding error of ``4 n 2^-53``.

    Raises:
        SltkError: ``n < 0`` or ``eps <= 0``, or a law without constants.
    """
    _require_size(n)
    _require_eps(eps)
    k = law_of(law).constants()
    return min(1.0, math.exp(math.log(2.0) + 2.0 * math.log(k.L / eps) + n * math.log1p(-0.5 * k.c)))


def closed_form_size(eps: float, delta: float, law: Law | str) -> int:
    """Least ``n`` with ``(2 L^2 / eps^2) (1 - c/2)^n <= delta``; 0 where ``eps >= L/2`` and the empty subset will do.

    Args:
        eps: tolerance > 0, in the units of ``law``.
        delta: failure probability in ``(0, 1)``.
        law: of the samples; the targets fill ``[-L/2, L/2]`` of its constants.

    Raises:
        SltkError: an argument out of range, or a law without constants.
    """
    _require_eps(eps)
    _require_delta(delta)
    k = law_of(law).constants()
    if 2.0 * eps >= k.L:
        return 0
    goal = math.log(2.0) + 2.0 * math.log(k.L / eps) - math.log(delta)
    # A relative margin above the rounding of the logarithms: a quotient that is whole but for rounding goes up.
    return math.ceil(goal / -math.log1p(-0.5 * k.c) * (1.0 + 2.0**-45))


def counting_floor(eps: float, window: float) -> int:
    """Least ``n`` with ``2^n 2 eps >= window``, decided in exact rationals.

    Raises:
        SltkError: ``eps <= 0`` or ``window < 0``.
    """
    _require_eps(eps)
    if not 0.0 <= window < math.inf:
        raise SltkError(f"counting_floor needs a finite window >= 0, but got window={window}; it is a length.")
    intervals = Fraction(window) / (2 * Fraction(eps))
    return max(0, math.ceil(intervals) - 1).bit_length()


def amplified_size(n: int, failure: float, delta: float) -> int:
    """``m n`` with the least ``m >= 1`` for which ``failure^m <= delta``: disjoint groups fail independently.

    Args:
        n: size of a group.
        failure: bound of the probability that a group fails, in ``(0, 1)`` or 0.
        delta: what the whole pool may fail with.

    Raises:
        SltkError: a probability out of range.
    """
    _require_group(n, failure)
    _require_delta(delta)
    groups, power = 1, Fraction(failure)
    while power > Fraction(delta):
        groups, power = groups + 1, power * Fraction(failure)
    return groups * n


def mixed_size(groups: Sequence[tuple[int, float]], delta: float) -> int:
    """Least ``n_1 + .. + n_m`` over all choices of groups, repeats allowed, with ``failure_1 .. failure_m <= delta``.

    Args:
        groups: ``(size, failure)`` of each kind of group: a bound in ``[0, 1)`` of the probability that it fails.
        delta: what the whole pool may fail with.

    Raises:
        SltkError: no group, a size that is no whole number, or a probability out of range.
    """
    _require_delta(delta)
    if not groups:
        raise SltkError("mixed_size needs at least one (size, failure) of a group, but got none.")
    for group in groups:
        _require_group(*group)
    if min(size for size, _ in groups) == 0:
        return 0  # nothing is random about no samples: a failure below 1 is a failure of 0
    least = [Fraction(1)]  # least product of failures by total size, exactly
    while least[-1] > Fraction(delta):
        fits = [least[-size] * Fraction(failure) for size, failure in groups if size <= len(least)]
        least.append(min([least[-1], *fits]))
    return len(least) - 1


def _require_group(size: int, failure: float) -> None:
    _require_size(size)
    if not 0.0 <= failure < 1.0:
        raise SltkError(f"a group needs 0 <= failure < 1, but got failure={failure}; certify a larger group.")


def _require_size(n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may be untyped
        raise SltkError(f"a pool needs a whole number n >= 0 of samples, but got n={n!r}.")


def _require_eps(eps: float) -> None:
    if not 0.0 < eps < math.inf:
        raise SltkError(f"a tolerance must be finite and > 0, but got eps={eps}; pass it in the units of the law.")


def _require_delta(delta: float) -> None:
    if not 0.0 < delta < 1.0:
        raise SltkError(f"delta must lie strictly between 0 and 1, but got delta={delta}; write 5% as 0.05.")
