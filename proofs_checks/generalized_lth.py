"""Tickets in other bases (claim ``generalized-lth``).

For orthonormal B a gradient step in ``c = B^T theta`` is the gradient step in theta, L2 and momentum included; sign
steps are not. The DCT-II is orthonormal, so magnitude is a sound score. After r rounds that drop a share p, ``(1 -
p)^r`` is kept.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require

_ROTATION = sp.Matrix([[sp.Rational(3, 5), -sp.Rational(4, 5)], [sp.Rational(4, 5), sp.Rational(3, 5)]])


def _dct(size: int, first: sp.Expr) -> sp.Matrix:
    return sp.Matrix(size, size, lambda k, i: (first if k == 0 else sp.sqrt(sp.Rational(2, size)))
                     * sp.cos(sp.pi * (2 * i + 1) * k / (2 * size)))  # fmt: skip


_FIRST_OF_FOUR = sp.Rational(1, 2)


def _orthonormal(first: sp.Expr = _FIRST_OF_FOUR) -> bool:
    """4 x 4, with the first row scaled to ``sqrt(1/4)``."""
    matrix = _dct(4, first)
    return (matrix * matrix.T).applyfunc(sp.simplify) == sp.eye(4)


def _gradient_steps(basis: sp.Matrix = _ROTATION) -> bool:
    """Three steps with momentum and L2 on a quadratic loss, in exact rationals: ``theta = B c`` throughout."""
    hessian, rate, momentum, decay = (
        sp.Matrix([[3, 1], [1, 2]]),
        sp.Rational(1, 10),
        sp.Rational(9, 10),
        sp.Rational(1, 7),
    )
    theta, c = sp.Matrix([1, -2]), basis.inv() * sp.Matrix([1, -2])
    speed_theta, speed_c = sp.zeros(2, 1), sp.zeros(2, 1)
    for _ in range(3):
        speed_theta = momentum * speed_theta + hessian * theta + decay * theta
        speed_c = momentum * speed_c + basis.T * hessian * basis * c + decay * c
        theta, c = theta - rate * speed_theta, c - rate * speed_c
    return theta == basis * c


def _sign_steps_differ(basis: sp.Matrix = _ROTATION) -> bool:
    gradient = sp.Matrix([1, 2])
    in_theta, in_c = gradient.applyfunc(sp.sign), basis * (basis.T * gradient).applyfunc(sp.sign)
    return in_theta != in_c


def _kept(power: int = 0) -> bool:
    kept, p = Fraction(1), Fraction(1, 5)
    for r in range(1, 8):
        kept -= p * kept
        require(kept == (1 - p) ** (r + power), f"round {r}")
    return True


CHECK = ProofCheck(
    key="generalized-lth",
    steps=(
        ProofStep("DCT-II is orthonormal", _orthonormal, {"first row like the others": {"first": 1 / sp.sqrt(2)}}),
        ProofStep(
            "gradient steps commute with an orthonormal basis", _gradient_steps, {"2 B": {"basis": 2 * _ROTATION}}
        ),
        ProofStep("sign steps do not", _sign_steps_differ, {"canonical basis": {"basis": sp.eye(2)}}),
        ProofStep("(1 - p)^r is kept", _kept, {"(1 - p)^(r + 1)": {"power": 1}}),
    ),
    covers="The algebra that the protocol rests on.",
    trusts=("the claim itself, which is empirical: tickets train to full accuracy in other bases",),
)
