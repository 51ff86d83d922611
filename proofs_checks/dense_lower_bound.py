"""Parameters that any source needs for linear targets (claim ``dense-lower-bound``).

One subnetwork serves targets within ``2 eps`` of each other: at most the share ``(2 eps)^(d^2)`` of the unit ball of
d x d matrices, in any norm. If each target is served with probability 1/2, some source serves half of the ball, so
``2^P (2 eps)^(d^2) >= 1/2`` and ``P >= d^2 log2(1/(2 eps)) - 1``.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require

_HALF = sp.Rational(1, 2)


def _algebra(half: sp.Expr = _HALF) -> bool:
    d, eps = sp.symbols("d eps", positive=True)
    parameters = sp.log(half / (2 * eps) ** (d**2)) / sp.log(2)
    claimed = d**2 * sp.log(1 / (2 * eps)) / sp.log(2) - 1
    return sp.simplify(sp.expand_log(parameters - claimed, force=True)) == 0


def _diameter(radii: int = 2) -> bool:
    """``|W - V| <= |W - g| + |g - V|``: with both ends at eps the distance 2 eps is reached on the line."""
    eps = Fraction(1, 10)
    g, w, v = Fraction(0), eps, -eps
    return abs(w - v) <= radii * eps and abs(w - g) == abs(v - g) == eps


def _volume(power: int = 1) -> bool:
    """Scaling by r multiplies a k-dimensional volume by ``r^k``: the determinant of r times the identity."""
    r = sp.Symbol("r", positive=True)
    return all(sp.expand((r * sp.eye(k)).det() - r ** (k * power)) == 0 for k in (1, 4, 9, 16))


def _exact(slack: int = 0) -> bool:
    """Least P with ``2^P (2 eps)^(d^2) >= 1/2`` is the ceiling of the bound; eps = 1/16: ``3 d^2 - 1`` exactly."""
    for d in range(1, 9):
        share = Fraction(1, 8) ** (d * d)
        least = next(p for p in range(1000) if 2**p * share >= Fraction(1, 2))
        require(least == 3 * d * d - 1 + slack, f"d = {d}: {least}")
    return True


CHECK = ProofCheck(
    key="dense-lower-bound",
    steps=(
        ProofStep("solving for P", _algebra, {"whole ball": {"half": sp.Integer(1)}}),
        ProofStep("targets of one subnetwork are within 2 eps", _diameter, {"eps": {"radii": 1}}),
        ProofStep("volume of a scaled ball", _volume, {"r^(2k)": {"power": 2}}),
        ProofStep("integers at eps = 1/16", _exact, {"one more": {"slack": 1}}),
    ),
    covers="The whole counting argument, with Fubini's theorem for the choice of one source, and 2^P "
    "subnetworks of P parameters.",
)
