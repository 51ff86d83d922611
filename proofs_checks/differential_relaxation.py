"""The difference of two values of an activation between lines (claim ``differential-relaxation``).

``D = kappa d``, ``max(m d, M d)`` is convex, so below its chord on ``[p, q]``; by Taylor
``phi(y) - phi(y - d) = phi'(y) d - phi''(xi) d^2 / 2``; ``s t`` for s in ``[m, M]`` is at most ``max(m t, M t)``.
On boxes: where ``phi'(u)`` is in ``k u + [l, h]``, ``D`` is ``e d + k (y d - d^2/2)`` with e in ``[l, h]``; products of
what y and d are off their middles by are at most the product of the half widths. Where slopes are a middle and a
deviation, ``u^T N v <= ||N|| sqrt(sum a sum b)`` for signs with weights a and b, by Cauchy and Schwarz.
"""

from fractions import Fraction
from itertools import product

import sympy as sp
from flint import arb

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import prove_positive
from proofs_checks._sample import generator
from proofs_checks._worst_case import rationals


def _below_the_chord(corner: str = "max") -> bool:
    """``kappa d <= chord(d)`` for all corners kappa in {m, M}, d on a grid of [p, q], in rationals."""
    draw = generator("differential-chord")
    choose = max if corner == "max" else min
    for _ in range(200):
        (m, most), (p, q) = sorted(rationals(draw, 2)), sorted(rationals(draw, 2))
        if p == q:
            continue
        left, right = choose(m * p, most * p), choose(m * q, most * q)
        for k in range(9):
            d = p + (q - p) * Fraction(k, 8)
            chord = left + (right - left) * (d - p) / (q - p)
            require(max(m * d, most * d) <= chord, f"m = {m}, M = {most}, [p, q] = [{p}, {q}], d = {d}")
    return True


def _taylor(factor: Fraction = Fraction(1, 2)) -> bool:
    """``phi(y) - phi(y - d) = phi'(y) d - phi''(y) d^2 / 2 + O(d^3)``, for the polynomial of degree 3 at y."""
    y, d, a, b, c = sp.symbols("y d a b c", real=True)
    phi = a * y + b * y**2 + c * y**3
    left = phi - phi.subs(y, y - d)
    rest = sp.expand(left - sp.diff(phi, y) * d + factor * sp.diff(phi, y, 2) * d**2)
    return sp.expand(rest - c * d**3) == 0


def _one_gate(shared: bool = True) -> bool:
    """``sum v_a s d_a = s t`` with one s for all; with slopes of their own it is not bounded by the range of t."""
    draw = generator("differential-gate")
    for _ in range(100):
        v, d, (m, most) = rationals(draw, 3), rationals(draw, 3), sorted(rationals(draw, 2))
        t = sum(a * b for a, b in zip(v, d, strict=True))
        slopes = [(s, s, s) for s in (m, most)] if shared else [(m, most, m), (most, m, most)]
        worst = max(sum(a * s * b for a, s, b in zip(v, one, d, strict=True)) for one in slopes)
        require(worst <= max(m * t, most * t), f"v = {v}, d = {d}, slopes in [{m}, {most}]")
    return True


def _curvature_of_tanh(bound: Fraction = Fraction(77, 100)) -> bool:
    """``|tanh''| = |2 t (1 - t^2)| < .77`` for ``t = tanh x`` in [-1, 1]; the measurement uses ``4 / (3 sqrt 3)``."""

    def room(sign: int):
        return lambda t: arb(bound.numerator) / bound.denominator - sign * 2 * t * (1 - t * t)

    return all(prove_positive(room(sign), -1, 1, "bound - |phi''|") > 0 for sign in (-1, 1))


def _one_piece(outside: str = "below") -> bool:
    """ReLU: if the ticket is above ``-e``, ``D >= d - e``; if the target is, ``D <= d + e``; at corners, exactly."""
    draw = generator("differential-piece")
    for _ in range(300):
        y, other = rationals(draw, 2)
        d, difference = y - other, max(y, Fraction(0)) - max(other, Fraction(0))
        below, above = max(Fraction(0), -other), max(Fraction(0), -y)
        if outside != "below":
            below, above = above, below
        require(d - below <= difference <= d + above, f"y = {y}, y^ = {other}")
    return True


def _plane(lost: int = 1) -> bool:
    """The plane of ``sltk.certify.boxes.planes`` at corners and inside of boxes, exactly, for both signs of k."""
    draw = generator("differential-plane")
    for _ in range(200):
        (a, b), (p, q), (least, most) = (sorted(rationals(draw, 2)) for _ in range(3))
        if p == q:
            continue
        (k,) = rationals(draw, 1)
        about, centre, half, spread = (a + b) / 2, (p + q) / 2, (b - a) / 2, (q - p) / 2
        left, right = max(least * p, most * p), max(least * q, most * q)
        bent = k * centre**2 / 2 if k > 0 else k * p * q / 2
        level = left - (right - left) / (q - p) * p + lost * abs(k) * half * spread - k * centre * about + bent
        slope = (right - left) / (q - p) + k * about - k * centre
        for y in (a, about, b):
            for d in (p, (p + centre) / 2, centre, q):
                for e in (least, most):
                    found = e * d + k * (y * d - d * d / 2)
                    require(found <= k * centre * y + slope * d + level, f"k = {k}, y = {y}, d = {d}, e = {e}")
    return True


def _leaning(factor: Fraction = Fraction(1, 2)) -> bool:
    """With ``phi' = k u + e``, ``phi(y) - phi(y - d) = e d + k (y d - d^2/2)``."""
    y, d, k, e = sp.symbols("y d k e", real=True)
    phi = e * y + k * y**2 / 2
    return sp.expand(phi - phi.subs(y, y - d) - e * d - k * (y * d - factor * d**2)) == 0


def _signs(total: str = "sum") -> bool:
    """``(u^T M v)^8 <= tr (A^-1 M B^-1 M^T)^4 (sum a sum b)^4`` for all signs u, v, in rationals: N N^T of
    ``sltk.certify.deviations.cube_norm`` has the eigenvalues of that matrix, and the trace of a power is above the
    power of the largest."""
    draw = generator("differential-signs")
    add = sum if total == "sum" else max
    for _ in range(40):
        m = sp.Matrix(3, 4, [sp.Rational(one.numerator, one.denominator) for one in rationals(draw, 12)])
        a, b = ([sp.Rational(abs(one.numerator) + 1, one.denominator) for one in rationals(draw, k)] for k in (3, 4))
        squared = sp.diag(*(1 / one for one in a)) * m * sp.diag(*(1 / one for one in b)) * m.T
        bound = (squared**4).trace() * (add(a) * add(b)) ** 4
        for u in product((-1, 1), repeat=3):
            # For these signs of the rows the best ones of the columns are those of their sums.
            largest = sum(abs(one) for one in sp.Matrix([u]) * m)
            require(largest**8 <= bound, f"M = {m}, signs = {u}")
    return True


CHECK = ProofCheck(
    key="differential-relaxation",
    steps=(
        ProofStep("below the chord, at corners of 200 cases, exactly", _below_the_chord,
                  {"chord of the smaller": {"corner": "min"}}),
        ProofStep("second order", _taylor, {"without the half": {"factor": Fraction(1)}}),
        ProofStep("one slope for all copies", _one_gate, {"slopes of their own": {"shared": False}}),
        ProofStep("curvature of tanh", _curvature_of_tanh, {"a smaller one": {"bound": Fraction(76, 100)}}),
        ProofStep("slopes about a line", _leaning, {"without the half": {"factor": Fraction(1)}}),
        ProofStep("planes over boxes, exactly", _plane, {"without what the product loses": {"lost": 0}}),
        ProofStep("all signs under a norm, exactly", _signs, {"the largest weights for their sums": {"total": "max"}}),
        ProofStep("a kink that is hardly crossed", _one_piece, {"sides exchanged": {"outside": "above"}}),
    ),
    covers="The chord, the shared gate with its second-order term, planes over boxes, the lines near a kink, and "
    "signs under a norm.",
    trusts=("the mean value theorem, and Taylor's with Lagrange's remainder",),
)  # fmt: skip
