"""Quantised networks met exactly (claim ``quantised``).

``2^P`` subnetworks meet at most ``2^P`` targets exactly, and the multiples of delta in ``[-1, 1]`` are ``2/delta +
1`` a weight: meeting half of the d x d matrices needs ``P >= d^2 log2(2/delta + 1) - 1``.
"""

from fractions import Fraction

from proofs_checks._check import ProofCheck, ProofStep, require


def _levels(both_ends: int = 1) -> bool:
    for steps in (1, 2, 8, 128):
        delta = Fraction(1, steps)
        levels = {k * delta for k in range(-2 * steps, 2 * steps + 1) if abs(k * delta) <= 1}
        require(len(levels) == 2 / delta + both_ends, f"delta = {delta}")
    return True


def _floor(share: Fraction = Fraction(1, 2)) -> bool:
    """Least P, in integers, against ``(2/delta + 1)^(d^2)/2 <= 2^P < (2/delta + 1)^(d^2)``."""
    for d in (1, 2, 3):
        for levels in (3, 17, 257):
            targets = levels ** (d * d)
            least = next(p for p in range(200) if 2**p >= share * targets)
            require(targets <= 2 ** (least + 1) <= 2 * targets, f"d = {d}, levels = {levels}")
    return True


def _doubling(base: int = 2) -> bool:
    """Samples ``delta 2^i`` reach every multiple of delta exactly.

    Log2(1/delta) of a sign suffice, if they may be chosen.
    """
    pool, sums = [base**i for i in range(7)], {0}
    for x in pool:
        sums |= {s + x for s in sums}
    return sums == set(range(128))


CHECK = ProofCheck(
    key="quantised",
    steps=(
        ProofStep("levels in [-1, 1]", _levels, {"2/delta": {"both_ends": 0}}),
        ProofStep("counting floor in integers", _floor, {"a quarter of the targets": {"share": Fraction(1, 4)}}),
        ProofStep("powers of two meet it for one weight", _doubling, {"powers of three": {"base": 3}}),
    ),
    covers="The counting floor for exact tickets, and that it is of the right order for one weight.",
    trusts=("the published width C d log2(1/delta) and its lower bound in the paper's own form",),
)
