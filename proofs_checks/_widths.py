"""Widths of the explicit covering theorem in exact rationals and balls: the arithmetic that several claims rest on."""

from fractions import Fraction

from flint import arb

from proofs_checks._check import Refuted
from proofs_checks._interval import ball


def closed_form(length: Fraction, c: Fraction, e: Fraction, delta: Fraction) -> int:
    """Least n with ``(2 L^2/e^2) (1 - c/2)^n <= delta``, exactly."""
    bound, n = 2 * length**2 / e**2, 0
    while bound > delta:
        bound, n = bound * (1 - c / 2), n + 1
    return n


def closed_form_ball(length: arb, c: arb, e: Fraction, delta: Fraction) -> int:
    """``ceil(ln(2 L^2/(e^2 delta)) / -ln(1 - c/2))`` where L and c are no rationals.

    Raises:
        Refuted: the ball of the quotient holds an integer, so its ceiling is not decided.
    """
    quotient = (2 * length**2 / (ball(e) ** 2 * ball(delta))).log() / -((1 - c / 2).log())
    above = quotient.ceil().unique_fmpz()
    if above is None:
        raise Refuted("the ceiling of a width is not decided")
    return int(above)
