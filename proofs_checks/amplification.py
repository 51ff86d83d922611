"""Disjoint groups fail independently (claim ``amplification``): ``P_fail(m n0) <= P_fail(n0)^m``.

If the pool of ``m n0`` samples fails, each of its m disjoint groups fails; they are independent and of one law.
"""

from fractions import Fraction
from itertools import product

from proofs_checks._check import ProofCheck, ProofStep, require

_LAWS = {
    "three points": {-2: Fraction(1, 4), 1: Fraction(1, 2), 3: Fraction(1, 4)},
    "all or nothing": {5: Fraction(1, 3), -50: Fraction(2, 3)},
    "five points": {k: Fraction(1, 5) for k in (-2, -1, 1, 2, 4)},
}


def _failure(law: dict[int, Fraction], n: int, targets: tuple[int, ...]) -> Fraction:
    """Probability that some target is no subset sum of n samples, by enumeration."""
    total = Fraction(0)
    for pool in product(law.items(), repeat=n):
        sums, weight = {0}, Fraction(1)
        for x, p in pool:
            sums |= {s + x for s in sums}
            weight *= p
        if not set(targets) <= sums:
            total += weight
    return total


def _bound(extra: int = 0, targets: tuple[tuple[int, ...], ...] = ((5,), (1,), (1, 2), (-2, 5))) -> bool:
    for name, law in _LAWS.items():
        for wanted, n0, m in product(targets, (1, 2), (2, 3)):
            group, whole = _failure(law, n0, wanted), _failure(law, m * n0, wanted)
            require(whole <= group ** (m + extra), f"{name}, {wanted}: {whole} > {group}^{m + extra}")
    return True


def _equality(power: int = 3) -> bool:
    """One sample that hits or is of no use: equality, so no larger power is true."""
    law = _LAWS["all or nothing"]
    return _failure(law, 3, (5,)) == _failure(law, 1, (5,)) ** power


CHECK = ProofCheck(
    key="amplification",
    steps=(
        ProofStep("one target and several, three laws, exactly", _bound, {"power m + 1": {"extra": 1}}),
        ProofStep("equality where one sample hits or is of no use", _equality, {"power 2": {"power": 2}}),
    ),
    covers="The inequality (independence of disjoint groups) for one target and for all at once, and that the "
    "power m is the best.",
)
