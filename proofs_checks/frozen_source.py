"""Sources partly pruned or locked in advance (claim ``frozen-source``).

Locked samples are in every subset and pruned ones in none: what can be reached is the free samples' sums moved by the
locked sum, so the target z becomes ``z - sum locked`` with the free pool.
"""

from fractions import Fraction

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import rationals


def _sums(pool: list[Fraction]) -> set[Fraction]:
    sums = {Fraction(0)}
    for x in pool:
        sums |= {s + x for s in sums}
    return sums


def _shift(sign: int = 1) -> bool:
    """All 3^5 ways to freeze five samples, against an enumeration of subsets, exactly."""
    pool = rationals(generator("frozen-source"), 5)
    for code in range(3**5):
        state = [code // 3**i % 3 for i in range(5)]
        locked = sum((x for x, s in zip(pool, state, strict=True) if s == 2), Fraction(0))
        free = [x for x, s in zip(pool, state, strict=True) if s == 1]
        reached = set()
        for subset in range(2**5):
            inside = [subset >> i & 1 for i in range(5)]
            if all(s == 1 or i == (s == 2) for i, s in zip(inside, state, strict=True)):
                reached.add(sum((x for x, i in zip(pool, inside, strict=True) if i), Fraction(0)))
        require(reached == {s + sign * locked for s in _sums(free)}, f"frozen as {state}")
    return True


CHECK = ProofCheck(
    key="frozen-source",
    steps=(ProofStep("reachable sums of all freezings", _shift, {"moved the other way": {"sign": -1}}),),
    covers="The reduction to a moved target and a thinned pool, to which random-source applies if the target "
    "stays in the window.",
    trusts=("the published widths (abstract alone has been read)",),
)
