"""Log-uniform weights for a whole network (claim ``orseau-logarithmic``).

With M target weights the golden-ratio pools need ``n = 2K ln(2 K M/delta)`` samples each, ``K =
ceil(log_{1/g}(1/eps))``: the union bound over 2KM (scale, sign) cells.
"""

from fractions import Fraction
from itertools import product

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball


def _inverse_golden():
    return (ball(5).sqrt() + 1) / 2


def _union(weights_counted: bool = True) -> bool:
    for scales, weights, delta in product((2, 10, 20), (1, 1000, 10**6), ("1/20", "1/1000")):
        n = 2 * scales * (2 * scales * (weights if weights_counted else 1) / ball(delta)).log()
        missed = 2 * scales * weights * (1 - ball(Fraction(1, 2 * scales))) ** n
        require(bool(missed <= ball(delta)), f"K = {scales}, M = {weights}")
    return True


def _scales(found: tuple[int, ...] = (5, 10, 15, 29)) -> bool:
    """K at eps = .1, .01, .001, 1e-6: ``g^K <= eps < g^(K-1)``."""
    g = 1 / _inverse_golden()
    asked = zip(found, ("1/10", "1/100", "1/1000", "1/1000000"), strict=True)
    return all(bool(g**k <= ball(eps)) and bool(g ** (k - 1) > ball(eps)) for k, eps in asked)


CHECK = ProofCheck(
    key="orseau-logarithmic",
    steps=(
        ProofStep("union bound over all weights", _union, {"M dropped": {"weights_counted": False}}),
        ProofStep("number of scales", _scales, {"one fewer": {"found": (4, 9, 14, 28)}}),
    ),
    covers="The width of the pools, given golden-ratio-greedy. It is K ln K, not K, in ln(1/eps).",
    trusts=("the paper's error propagation for Lipschitz networks",),
)
