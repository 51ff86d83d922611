"""Convolutions by twice the depth (claim ``conv-two-for-one``).

With ``||K_j||_1 <= 1`` for every output channel, inputs in ``[-1, 1]`` and ``e_i = eps/(2 l c_{i-1} k^2)`` a weight,
sup errors obey the recursion of `dense_explicit`, and the closed form's argument ``16 e^-2 l^2 (c_{i-1} k^2)^2 (sum
N)/(eps^2 delta)`` is at most ``(4 l N/m)^3 e^-2/4`` with N the largest ``c_{i-1} c_i k^2``: the dense constant 64
again.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import rationals


def _allocation(share: int = 2) -> bool:
    """``c k^2 e_i = eps/(2 l)``: the l1 norm of a kernel's errors."""
    eps, depth, fan = sp.symbols("eps l F", positive=True)
    return sp.simplify(fan * eps / (share * depth * fan) - eps / (2 * depth)) == 0


def _argument(power: int = 3) -> bool:
    """``16 l^2 F^2 (l N)/m^3`` with ``F = N/c <= N``: the cube over 4 is larger by the factor ``c^2 >= 1``."""
    depth, size, channels, m = sp.symbols("l N c m", positive=True)
    quotient = (4 * depth * size / m) ** power / 4 / (16 * depth**3 * (size / channels) ** 2 * size / m**3)
    return sp.simplify(quotient - channels**2) == 0


def _sup_norm(norm: str = "sum") -> bool:
    """1-D cross-correlation with zero padding: ``|K * x|_sup <= ||K||_1 |x|_sup``, attained at matching signs."""
    draw = generator("conv-sup-norm")
    for _ in range(60):
        kernel, x = rationals(draw, 3), rationals(draw, 7)
        padded = [Fraction(0), *x, Fraction(0)]
        image = [sum((k * padded[i + r] for r, k in enumerate(kernel)), Fraction(0)) for i in range(7)]
        signs = [(1 if k >= 0 else -1) for k in kernel]
        top = sum((k * s for k, s in zip(kernel, signs, strict=True)), Fraction(0))
        size = sum(map(abs, kernel)) if norm == "sum" else max(map(abs, kernel))
        require(max(map(abs, image)) <= size * max(map(abs, x)) and top <= size, f"K = {kernel}, x = {x}")
    return True


CHECK = ProofCheck(
    key="conv-two-for-one",
    steps=(
        ProofStep("allocation in the l1 norm", _allocation, {"eps/(l F)": {"share": 1}}),
        ProofStep("argument of the logarithm", _argument, {"square": {"power": 2}}),
        ProofStep("sup norm under a kernel", _sup_norm, {"largest tap": {"norm": "max"}}),
    ),
    covers="An explicit version (constant 64, weights up to 1/(2e), norms at most 1), through two-for-one.",
    trusts=("the published statement, which is remembered and not verified",),
)
