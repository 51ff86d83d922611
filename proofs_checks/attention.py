"""Tickets of attention heads (claim ``attention``).

``|softmax(a) - softmax(b)|_1 <= |a - b|_inf``, for rows of any length: the Jacobian maps u to ``s_i (u_i - s.u)``,
whose l1 norm is convex in u, so over ``|u|_inf <= 1`` it is largest at signs; with mass p on +1 it is ``4 p (1 - p)
<= 1``. That is why no length enters.
"""

from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._sample import generator


def _jacobian(cross: int = 1) -> bool:
    """``d softmax_i/d a_j = s_i (1{i = j} - s_j)`` for three entries."""
    a = sp.symbols("a0:3", real=True)
    total = sum(sp.exp(t) for t in a)
    s = [sp.exp(t) / total for t in a]
    return all(
        sp.simplify(sp.diff(s[i], a[j]) - s[i] * (int(i == j) - cross * s[j])) == 0
        for i, j in product(range(3), repeat=2)
    )


def _corner(peak: int = 4) -> bool:
    """``p |1 - (2p - 1)| + (1 - p) |-1 - (2p - 1)| = 4 p (1 - p) = 1 - (1 - 2p)^2``."""
    p = sp.Symbol("p", positive=True)
    deviation = p * (2 - 2 * p) + (1 - p) * 2 * p
    return sp.expand(deviation - peak * p * (1 - p)) == 0 and sp.expand(4 * p * (1 - p) - (1 - (1 - 2 * p) ** 2)) == 0


def _rows(constant: Fraction = Fraction(1)) -> bool:
    """Random rows of length 2, 5, 40 moved by up to 1/4 an entry, by balls."""
    draw = generator("attention")
    for length, _ in product((2, 5, 40), range(20)):
        a = [Fraction(int(k), 64) for k in draw.integers(-128, 129, length)]
        move = [Fraction(int(k), 4) for k in 2 * draw.integers(0, 2, length) - 1]
        left, right = _softmax(a), _softmax([x + y for x, y in zip(a, move, strict=True)])
        gap = sum((abs(x - y) for x, y in zip(left, right, strict=True)), ball(0))
        require(bool(gap <= ball(constant / 4)), f"length {length}: {gap.str(5)}")
    return True


def _softmax(a: list[Fraction]):
    powers = [ball(x).exp() for x in a]
    return [p / sum(powers, ball(0)) for p in powers]


CHECK = ProofCheck(
    key="attention",
    steps=(
        ProofStep("Jacobian of softmax", _jacobian, {"s_i 1{i = j}": {"cross": 0}}),
        ProofStep("worst direction: 4 p (1 - p) <= 1", _corner, {"2 p (1 - p)": {"peak": 2}}),
        ProofStep("rows of length 2, 5, 40", _rows, {"constant 3/4": {"constant": Fraction(3, 4)}}),
    ),
    covers="The Lipschitz constant 1 of softmax from sup to l1 norm, free of the length.",
    trusts=("the published widths of keys and values with their existential constants",),
)
