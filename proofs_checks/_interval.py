"""Inequalities on whole intervals, by bisection with ball arithmetic.

``prove_positive`` shows ``f > 0`` on ``[low, high]``: a cell is done where the ball ``f(cell)`` lies above 0, refuted
where ``f`` at its midpoint is certainly at most 0, else cut in halves. A cell that neither settles is refuted too:
no doubt passes as a proof. `taylor` gives balls for ``f^(k)(x) / k!`` on a cell by power-series arithmetic.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb, arb_series, ctx, fmpq

from proofs_checks._check import Refuted

PRECISION = 106  # bits; twice a double, so that constants given as doubles are resolved with room to spare
DEEPEST = 30
_ORDER = 4
Number = int | float | Fraction | str

ctx.prec = PRECISION


def ball(value: Number) -> arb:
    """A ball around ``value``; a float stands for itself, a text for the decimal that it spells."""
    if isinstance(value, str):
        value = Fraction(value)
    if isinstance(value, Fraction):
        return arb(fmpq(value.numerator, value.denominator))
    return arb(value)


def cell(low: Fraction, high: Fraction) -> arb:
    """A ball that holds ``[low, high]``."""
    return ball(low).union(ball(high))


def prove_positive(f: Callable[[arb], arb], low: Number, high: Number, name: str = "f") -> int:
    """Prove ``f > 0`` on ``[low, high]``; returns how many cells it took.

    Raises:
        Refuted: a midpoint where ``f <= 0``, or a cell that stays undecided after 30 halvings.
    """
    todo, cells = [(Fraction(low), Fraction(high), 0)], 0
    while todo:
        left, right, depth = todo.pop()
        cells += 1
        if f(cell(left, right)) > 0:
            continue
        middle = (left + right) / 2
        if f(ball(middle)) <= 0:
            raise Refuted(f"{name} is not positive at {float(middle):.12g}")
        if depth == DEEPEST:
            raise Refuted(f"{name} stays undecided on a cell at {float(middle):.12g}")
        todo += [(left, middle, depth + 1), (middle, right, depth + 1)]
    return cells


def prove_bound(f: Callable[[arb], arb], low: Number, high: Number, bound: Number | arb, name: str = "f") -> int:
    """Prove ``|f| < bound`` on ``[low, high]``; as ``prove_positive``."""
    limit = bound if isinstance(bound, arb) else ball(bound)
    return prove_positive(lambda x: limit - abs(f(x)), low, high, f"{limit.str(8)} - |{name}|")


def taylor(f: Callable[[arb_series], arb_series], order: int) -> Callable[[arb], arb]:
    """``x -> f^(order)(x) / order!`` on balls, expanded to fourth order about the middle of the ball."""

    def coefficient(x: arb) -> arb:
        middle = x.mid()
        try:
            at_middle = f(arb_series([middle, arb(1)], prec=order + _ORDER))
            rest = arb(f(arb_series([x, arb(1)], prec=order + _ORDER + 1))[order + _ORDER])
        except ValueError:  # a denominator's ball holds 0 on this cell: nothing is known here
            return arb("nan")
        step, value = x - middle, math.comb(order + _ORDER, order) * rest
        for j in reversed(range(_ORDER)):
            value = value * step + math.comb(order + j, order) * at_middle[order + j]
        return value

    return coefficient
