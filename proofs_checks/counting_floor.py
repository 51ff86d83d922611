"""How many samples a cover needs (claim ``counting-floor``).

``2^n`` sums cover a measure of at most ``2^n 2 eps``, so covering a window of length W needs ``2^n 2 eps >= W``.
The samples ``2 eps 2^i`` reach it: their sums are ``2 eps`` apart.
"""

from fractions import Fraction
from itertools import product

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator


def _sums(pool: list[Fraction]) -> list[Fraction]:
    sums = [Fraction(0)]
    for x in pool:
        sums += [s + x for s in sums]
    return sorted(sums)


def _measure(pool: list[Fraction], eps: Fraction) -> Fraction:
    covered, end = Fraction(0), None
    for s in _sums(pool):
        low = s - eps if end is None else max(end, s - eps)
        covered, end = covered + s + eps - low, s + eps
    return covered


def _pools(factor: Fraction = Fraction(2)) -> bool:
    """Random dyadic pools and the extremal one, measured exactly."""
    draw = generator("counting-floor")
    for n, trial in product(range(7), range(20)):
        pool = [Fraction(int(k), 1024) for k in draw.integers(-1024, 1025, n)]
        eps = Fraction(1 + trial, 256)
        for samples in (pool, [2 * eps * 2**i for i in range(n)]):
            require(_measure(samples, eps) <= 2**n * factor * eps, f"{samples} covers {_measure(samples, eps)}")
    return True


def _extremal(spacing: int = 2) -> bool:
    """The bound is attained, so no smaller constant is true."""
    eps = Fraction(1, 100)
    return all(_measure([spacing * eps * 2**i for i in range(n)], eps) == 2**n * 2 * eps for n in range(8))


def _floors(factor: int = 2) -> bool:
    """W = 1: 3, 6, 6, 9 at eps = .1, .01, .01, .001."""
    asked = (Fraction(1, 10), Fraction(1, 100), Fraction(1, 100), Fraction(1, 1000))
    found = [next(n for n in range(99) if 2**n * factor * eps >= 1) for eps in asked]
    require(found == [3, 6, 6, 9], f"floors {found}")
    return True


CHECK = ProofCheck(
    key="counting-floor",
    steps=(
        ProofStep("covered measure of 280 pools, exactly", _pools, {"2^n eps": {"factor": Fraction(1)}}),
        ProofStep("the extremal pool attains it", _extremal, {"sums eps apart": {"spacing": 1}}),
        ProofStep("floors at the usual tolerances", _floors, {"2^n eps >= W": {"factor": 1}}),
    ),
    covers="The bound (subadditivity of length), that its constant is the best, and the floors that are quoted.",
)
