"""Effective parameters off on one common input (claim ``error-common-input``).

``y - y^ = sum_i W_i (x_i - x^_i) + sum_i (W_i - W^_i) x^_i = sum_i (W_i - W^_i) x_i + sum_i W^_i (x_i - x^_i)``, so
with ``|W_i - W^_i| <= eps`` on a support of s, ``|x_i - x^_i| <= e``, ``B = sum |x_i|``, a bias off by eps and
remainders summing to R, ``|phi(y) - phi(y^)| <= T (eps (1 + B) + R + (||W||_1 + s eps) e)``.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import largest, rationals


def _identity(cross_term: bool = True) -> bool:
    weight, ticket, x, seen, bias = sp.symbols("W W^ x x^ b", real=True)
    error = (weight * x + bias) - (ticket * seen + bias)
    second = (weight - ticket) * x + (ticket if cross_term else weight) * (x - seen)
    first = weight * (x - seen) + (weight - ticket) * seen
    return sp.expand(error - first) == 0 and sp.expand(error - second) == 0


def _bound(cross: int = 1, bias: int = 1) -> bool:
    """Supports of 1 to 3 inputs, random W, x; parameter, input and bias errors at all corners, exactly."""
    draw, eps, e = generator("error-common-input"), Fraction(1, 10), Fraction(1, 7)
    for trial in range(60):
        s = 1 + trial % 3
        weight, x = rationals(draw, s), rationals(draw, s)

        def error(signs, weight=weight, x=x, s=s) -> Fraction:
            ticket = [w + eps * g for w, g in zip(weight, signs[:s], strict=True)]
            seen = [v + e * g for v, g in zip(x, signs[s : 2 * s], strict=True)]
            return _affine(weight, x) - _affine(ticket, seen) + eps * signs[-1]

        mass, norm = sum(map(abs, x)), sum(map(abs, weight))
        bound = eps * (bias + mass) + (norm + cross * s * eps) * e
        require(largest(error, 2 * s + 1) <= bound, f"W = {weight}, x = {x}")
    return True


def _affine(weight: list[Fraction], x: list[Fraction]) -> Fraction:
    return sum((w * v for w, v in zip(weight, x, strict=True)), Fraction(0))


def _attained(share: Fraction = Fraction(1)) -> bool:
    """W, x > 0 and all errors outward: equality, so no smaller constant serves."""
    weight, x, eps, e = [Fraction(2), Fraction(1, 3)], [Fraction(1), Fraction(5)], Fraction(1, 9), Fraction(1, 4)
    error = _affine([w + eps for w in weight], [v + e for v in x]) + eps - _affine(weight, x)
    return error == share * (eps * (1 + sum(x)) + (sum(weight) + 2 * eps) * e)


def _remainder(source_range: bool = True) -> bool:
    """``phi(t) = t + K t^3``, ``v w = W``: the remainder is met where the source's own input is, at ``|x| + e``."""
    bend, v, w, x, e = Fraction(1, 5), Fraction(3), Fraction(1, 2), Fraction(2), Fraction(1, 3)
    seen = x + e
    error = v * (w * seen + bend * (w * seen) ** 3) - v * w * x
    return error <= v * w * e + v * bend * (w * (seen if source_range else x)) ** 3


CHECK = ProofCheck(
    key="error-common-input",
    steps=(
        ProofStep("both forms of the difference", _identity, {"W for W^": {"cross_term": False}}),
        ProofStep("bound at all corners of 60 neurons, exactly", _bound,
             {"s eps e dropped": {"cross": 0}, "bias error dropped": {"bias": 0}}),
        ProofStep("attained", _attained, {"95%": {"share": Fraction(19, 20)}}),
        ProofStep("remainder on the source's range", _remainder, {"the target's range": {"source_range": False}}),
    ),
    covers="The recursion with its constant 1, which is the best; the error is multilinear, so corners are the worst "
    "case. With slopes that differ, W^ depends on the sign of x^; the bound takes each entry's worse one.",
)  # fmt: skip
