"""Disjoint groups fail independently (claim ``amplification``).

``P_fail(n_1 + .. + n_m) <= P_fail(n_1) .. P_fail(n_m)``, and so ``P_fail(m n0) <= P_fail(n0)^m``. If the
whole pool fails, each of its m disjoint groups fails; they are independent and of one law. The groups may have
different sizes. What is least over all choices of groups is found by a table in the package, by enumeration here.
"""

from fractions import Fraction
from itertools import product

from proofs_checks._check import ProofCheck, ProofStep, require
from sltk.subset_sum.bounds import mixed_size

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


def _mixed(repeated: bool = False, targets: tuple[tuple[int, ...], ...] = ((5,), (1,), (1, 2), (-2, 5))) -> bool:
    """Groups of different sizes: the product of their failures, not the smaller one's to the power of their number."""
    for name, law in _LAWS.items():
        for wanted, (a, b) in product(targets, ((1, 2), (1, 3), (2, 3))):
            small, large = _failure(law, a, wanted), _failure(law, b, wanted)
            require(_failure(law, a + b, wanted) <= (large**2 if repeated else small * large), f"{name}, {wanted}")
    return True


def _least_total(margin: int = 0) -> bool:
    """The size that the package finds for two kinds of groups, less ``margin``, is reached by no smaller choice."""
    for groups in (((22, 0.0423), (24, 0.02343)), ((17, 0.04), (5, 0.5)), ((3, 0.7), (4, 0.55)), ((6, 0.1), (6, 0.2))):
        for delta in (0.05, 0.01, 0.001, 1e-6):
            found = mixed_size(groups, delta) - margin
            if not _reaches(groups, delta, found) or _reaches(groups, delta, found - 1):
                return False
    return True


def _reaches(groups: tuple[tuple[int, float], ...], delta: float, total: int) -> bool:
    (m, p), (n, q) = groups
    counts = product(range(total // m + 1), range(total // n + 1))
    return any(i * m + j * n <= total and Fraction(p) ** i * Fraction(q) ** j <= Fraction(delta) for i, j in counts)


def _equality(power: int = 3) -> bool:
    """One sample that hits or is of no use: equality, so no larger power is true."""
    law = _LAWS["all or nothing"]
    return _failure(law, 3, (5,)) == _failure(law, 1, (5,)) ** power


CHECK = ProofCheck(
    key="amplification",
    steps=(
        ProofStep("one target and several, three laws, exactly", _bound, {"power m + 1": {"extra": 1}}),
        ProofStep(
            "groups of different sizes, three laws, exactly", _mixed, {"the larger group twice": {"repeated": True}}
        ),
        ProofStep("the least total size of two kinds of groups", _least_total, {"one sample fewer": {"margin": 1}}),
        ProofStep("equality where one sample hits or is of no use", _equality, {"power 2": {"power": 2}}),
    ),
    covers="The inequality (independence of disjoint groups, of one size or several) for one target and for all "
    "at once, that the power m is the best, and the least total size of two kinds of groups.",
)
