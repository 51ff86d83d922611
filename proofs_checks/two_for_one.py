"""Twice the depth, a logarithm of width (claim ``two-for-one``).

The allocation of `dense_explicit` turns into the published form with a constant: with ``m = min(eps, delta)`` and D
the largest ``d_i d_{i-1}``, ``2 L^2/(e_i^2 delta') = 16 e^-2 l^2 D_i (sum D)/(eps^2 delta) <= (4 l D/m)^3 e^-2/4``,
so ``n_i <= 64 ln(4 l D/m)`` neurons an input suffice for weights up to ``1/(2e)``. On inputs of norm up to alpha the
error is at most ``alpha (e^(eps/2) - 1)``, which is at most ``e^(alpha eps/2) - 1`` for ``alpha >= 1``, and above it
for ``alpha < 1``.
"""

from fractions import Fraction
from itertools import product

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._widths import closed_form_ball


def _argument(problems: int = 2) -> bool:
    """The closed form's argument with ``e_i`` and ``delta'`` put in."""
    eps, delta, depth, size, total = sp.symbols("eps delta l D Sigma", positive=True)
    square = eps**2 / (4 * depth**2 * size)
    argument = 2 * sp.exp(-2) / (square * delta / (problems * total))
    return sp.simplify(argument - 16 * sp.exp(-2) * depth**2 * size * total / (eps**2 * delta)) == 0


def _cube(power: int = 3) -> bool:
    """``16 l^2 D (l D)/m^3 <= (4 l D/m)^power/4`` whenever ``l D/m >= 1``: the quotient has nonnegative exponents."""
    depth, size, m = sp.symbols("l D m", positive=True)
    quotient = sp.powsimp((4 * depth * size / m) ** power / 4 / (16 * depth**3 * size**2 / m**3), force=True)
    return sp.simplify(quotient - size) == 0


def _constant(limit: int = 64) -> bool:
    """``3/-ln(1 - 1/(8e)) < 64``, and ``e^-2/4`` pays for rounding up."""
    rate = -((1 - 1 / (8 * ball(1).exp())).log())
    return bool(3 / rate < limit) and bool((4 * ball(2).exp()).log() / rate > 1)


def _widths(constant: int = 64) -> bool:
    """On a grid of sizes, depths and tolerances, from the closed form itself."""
    length, c = 1 / ball(1).exp(), 1 / (4 * ball(1).exp())
    for depth, size, eps, delta in product(
        (1, 2, 8), (1, 100, 10**6), (Fraction(1), Fraction(1, 100)), (Fraction(1, 20),)
    ):
        square = eps**2 / (4 * depth**2 * size)
        n = closed_form_ball(length / ball(square).sqrt(), c, Fraction(1), delta / (2 * depth * size))
        limit = constant * (4 * depth * size / ball(min(eps, delta))).log()
        require(bool(n <= limit), f"n = {n} at l = {depth}, D = {size}, eps = {eps}")
    return True


def _larger_inputs(sizes: tuple[Fraction, ...] = (Fraction(1), Fraction(3, 2), Fraction(10))) -> bool:
    """``e^(alpha u) - 1 - alpha (e^u - 1)`` has the coefficients ``(alpha^k - alpha)/k!``, none negative."""
    return all(alpha**k >= alpha for alpha in sizes for k in range(1, 40))


def _smaller_inputs(depth: int = 3) -> bool:
    """Norm 1/2, eps = 1: scalar weights 1 met by ``1 + eps/(2 l)`` exceed ``e^(alpha eps/2) - 1`` from depth 3 on."""
    error = (Fraction(2 * depth + 1, 2 * depth) ** depth - 1) / 2
    return bool(ball(error) > (ball(1) / 4).exp() - 1)


CHECK = ProofCheck(
    key="two-for-one",
    steps=(
        ProofStep("argument of the logarithm", _argument, {"one problem a weight": {"problems": 1}}),
        ProofStep("cube of the published argument", _cube, {"square": {"power": 2}}),
        ProofStep("3/-ln(1 - 1/(8e)) < 64", _constant, {"63": {"limit": 63}}),
        ProofStep("widths on a grid", _widths, {"C = 32": {"constant": 32}}),
        ProofStep("inputs of norm alpha >= 1", _larger_inputs, {"alpha = 1/2": {"sizes": (Fraction(1, 2),)}}),
        ProofStep("inputs of norm 1/2: that error bound is exceeded", _smaller_inputs, {"depth 2": {"depth": 2}}),
    ),
    covers="The form with the explicit constant 64 for weights up to 1/(2e), and the error on inputs of norm "
    "alpha >= 1; for alpha < 1 that allocation gives alpha (e^(eps/2) - 1) and no less.",
    trusts=("the published theorem with its own constant and for weights up to 1, as restated in another paper",),
)
