"""What a sum of products loses when it is computed (claim ``float32-rounding``).

Each operation multiplies its exact result by ``1 + delta``, ``|delta| <= u``. A product passes at most k operations, so
it is multiplied by at most ``(1 + u)^k`` and at least ``(1 - u)^k``, both within ``1 + gamma_k`` and ``1 - gamma_k``.
"""

from fractions import Fraction
from itertools import permutations, product

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import rationals


def _gamma(k: int, u: Fraction) -> Fraction:
    return k * u / (1 - k * u)


def _powers(lost: int = 0) -> bool:
    """``(1 + u)^k <= 1 + gamma_k`` and ``(1 - u)^k >= 1 - gamma_k``, exactly, for all k with ``k u < 1/2``."""
    for denominator in (16, 1000, 2**24):
        u = Fraction(1, denominator)
        for k in (1, 2, 3, 5, 7, *([100] if denominator > 200 else [])):
            bound = _gamma(k - lost, u)
            require((1 + u) ** k <= 1 + bound and (1 - u) ** k >= 1 - bound, f"k = {k}, u = {u}")
    return True


def _every_order(factor: Fraction = Fraction(1)) -> bool:
    """Three products, all orders, all corners of the roundings: the error is multilinear in them."""
    draw, u = generator("float32-rounding"), Fraction(1, 20)
    for _ in range(15):
        terms = [a * b for a, b in zip(rationals(draw, 3), rationals(draw, 3), strict=True)]
        size = sum(map(abs, terms), Fraction(0))
        for order, signs in product(permutations(terms), product((-1, 1), repeat=5)):
            rounded = [t * (1 + s * u) for t, s in zip(order, signs[:3], strict=True)]
            total = ((rounded[0] + rounded[1]) * (1 + signs[3] * u) + rounded[2]) * (1 + signs[4] * u)
            require(abs(total - sum(terms, Fraction(0))) <= factor * _gamma(3, u) * size, f"terms {terms}")
    return True


def _attained(share: Fraction = Fraction(99, 100)) -> bool:
    """1 and then k - 1 times u, each addition a tie that goes back to 1: all of it is lost."""
    k, u = 1000, Fraction(1, 2**24)
    lost, size = (k - 1) * u, 1 + (k - 1) * u
    return share * _gamma(k, u) * size < lost <= _gamma(k, u) * size


CHECK = ProofCheck(
    key="float32-rounding",
    steps=(
        ProofStep("powers of 1 + u", _powers, {"one operation less": {"lost": 1}}),
        ProofStep("three products in every order, exactly", _every_order, {"a third": {"factor": Fraction(1, 3)}}),
        ProofStep("ties lose nearly all of it", _attained, {"all of it": {"share": Fraction(1)}}),
    ),
    covers="The lemma for every order of summation in the standard model of rounding, and that its constant is needed.",
    trusts=("that the kernels of torch and of the sparse layers follow the standard model",),
)
