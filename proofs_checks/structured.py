"""Whole filters removed (claim ``structured``): subset sums of vectors.

``2^n`` sums of d-vectors cover at most ``2^n (2 eps)^d``, so a cube of side W asks for ``n >= d log2(W/(2 eps))``:
linear in d.
"""

from fractions import Fraction
from itertools import product

from proofs_checks._check import ProofCheck, ProofStep, require


def _floor(power: int = 1) -> bool:
    """``2^n (2 eps)^d >= 1`` at eps = 1/16 first holds at ``n = 3 d``."""
    for d in range(1, 12):
        n = next(k for k in range(200) if 2**k * Fraction(1, 8) ** (d * power) >= 1)
        require(n == 3 * d, f"d = {d}: {n}")
    return True


def _grid(spacing: int = 2) -> bool:
    """Samples ``2 eps 2^i`` along each axis tile the square: the bound is attained in two dimensions."""
    eps, each = Fraction(1, 10), 2
    pool = [(spacing * eps * 2**i, Fraction(0)) for i in range(each)] + [
        (Fraction(0), spacing * eps * 2**i) for i in range(each)
    ]
    sums = {(Fraction(0), Fraction(0))}
    for x in pool:
        sums |= {(s[0] + x[0], s[1] + x[1]) for s in sums}
    apart = all(max(abs(a[0] - b[0]), abs(a[1] - b[1])) >= 2 * eps for a, b in product(sums, sums) if a != b)
    return apart and len(sums) == 2 ** (2 * each)


CHECK = ProofCheck(
    key="structured",
    steps=(
        ProofStep("counting floor in d dimensions", _floor, {"(2 eps)^(2d)": {"power": 2}}),
        ProofStep("attained by a grid", _grid, {"sums eps apart": {"spacing": 1}}),
    ),
    covers="The counting floor d log2(W/(2 eps)).",
    trusts=("the sufficient width, whose published exponents are remembered and not verified",),
)
