"""Copies that carry errors of their own (claim ``error-own-copies``).

``y - y^ = sum_i (W_i - sum_a v_ia) x_i + sum_ia v_ia (x_i - x^_ia)``: the parameter error meets the target's value,
and what amplifies is the selected mass: ``|phi(y) - phi(y^)| <= T (eps (1 + B) + sum |v| e)``. With ``||W||_1`` in
place of the mass it is false.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import largest, rationals


def _identity(sign: int = 1) -> bool:
    weight, x, v1, v2, x1, x2 = sp.symbols("W x v1 v2 x1 x2", real=True)
    parts = (weight - v1 - v2) * x + sign * (v1 * (x - x1) + v2 * (x - x2))
    return sp.expand(weight * x - v1 * x1 - v2 * x2 - parts) == 0


def _bound(amplifier: str = "mass", bias: int = 1) -> bool:
    """Two inputs with two copies each; the copies' errors, parameter error and bias error at all corners, exactly."""
    draw, eps, e = generator("error-own-copies"), Fraction(1, 10), Fraction(1, 7)
    for _ in range(60):
        v, x = rationals(draw, 4), rationals(draw, 2)
        sums = [v[0] + v[1], v[2] + v[3]]

        def error(signs, v=v, x=x) -> Fraction:
            copies = sum((v[k] * e * signs[k] for k in range(4)), Fraction(0))
            return copies + eps * (signs[4] * x[0] + signs[5] * x[1] + signs[6])

        gain = sum(map(abs, v)) if amplifier == "mass" else sum(abs(s) + eps for s in sums)
        bound = eps * (bias + sum(map(abs, x))) + gain * e
        require(largest(error, 7) <= bound, f"v = {v}, x = {x}")
    return True


def _apart(total: bool = True) -> bool:
    """Errors kept apart, ``sum |v_a| e_a``, bound the same and are never worse than ``sum |v| max e``."""
    draw = generator("errors-apart")
    for _ in range(60):
        v, e = rationals(draw, 3), [abs(k) for k in rationals(draw, 3)]
        refined = sum(abs(a) * b for a, b in zip(v, e, strict=True))
        worst = largest(lambda s, v=v, e=e: sum((v[k] * e[k] * s[k] for k in range(3)), Fraction(0)), 3)
        coarse = sum(map(abs, v)) * (max(e) if total else min(e))
        require(worst == refined <= coarse, f"v = {v}, e = {e}")
    return True


def _norm_is_not_enough(first: int = 2) -> bool:
    """``W = 1 = 2 - 1`` exactly, copies off by e and -e: the error is 3 e, not ``||W||_1 e``."""
    e = Fraction(1, 100)
    v = (first, 1 - first)
    return abs(v[0] * e - v[1] * e) == 3 * e > 1 * e


CHECK = ProofCheck(
    key="error-own-copies",
    steps=(
        ProofStep("the difference", _identity, {"sign of the copies' errors": {"sign": -1}}),
        ProofStep("bound at all corners of 60 neurons, exactly", _bound,
             {"||W|| + s eps for the mass": {"amplifier": "norm"}, "bias error dropped": {"bias": 0}}),
        ProofStep("errors of copies kept apart", _apart, {"least error for all": {"total": False}}),
        ProofStep("||W|| in place of the mass is refuted", _norm_is_not_enough, {"v = (1, 0)": {"first": 1}}),
    ),
    covers="The recursion, plain and refined, with its constant; and the counterexample to ||W||_1.",
)  # fmt: skip
