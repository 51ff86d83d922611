"""Probability that a whole ticket succeeds (claim ``product-formula``).

Given the univariate weights w, the pools ``v_jka w_ia`` of different parameters and copies use different v, so their
problems are independent: ``P(success | w) = prod (1 - p(theta | w))`` over all problems, averaged over w. The product
of the marginals is smaller: problems that share w succeed together.
"""

from fractions import Fraction
from itertools import product

from proofs_checks._check import ProofCheck, ProofStep, require

_WEIGHTS = (-2, -1, 1, 2)
_EACH = Fraction(1, len(_WEIGHTS))


def _reaches(v: tuple[int, ...], w: tuple[int, ...], target: int) -> bool:
    sums = {0}
    for a, b in zip(v, w, strict=True):
        sums |= {s + a * b for s in sums}
    return target in sums


def _given(w: tuple[int, ...], target: int) -> Fraction:
    """``1 - p(theta | w)``."""
    hits = sum(_reaches(v, w, target) for v in product(_WEIGHTS, repeat=len(w)))
    return hits * _EACH ** len(w)


def _joint(targets: tuple[int, ...]) -> Fraction:
    """Probability of success of all problems, over all w and all v."""
    total = 0
    for w in product(_WEIGHTS, repeat=2):
        for rows in product(list(product(_WEIGHTS, repeat=2)), repeat=len(targets)):
            total += all(_reaches(v, w, t) for v, t in zip(rows, targets, strict=True))
    return total * _EACH ** (2 + 2 * len(targets))


def _formula(targets: tuple[int, ...], conditional: bool) -> Fraction:
    pools = list(product(_WEIGHTS, repeat=2))
    if conditional:
        return sum((_all_given(w, targets) for w in pools), Fraction(0)) / len(pools)
    result = Fraction(1)
    for t in targets:
        result *= sum((_given(w, t) for w in pools), Fraction(0)) / len(pools)
    return result


def _all_given(w: tuple[int, ...], targets: tuple[int, ...]) -> Fraction:
    result = Fraction(1)
    for t in targets:
        result *= _given(w, t)
    return result


def _exact(conditional: bool = True, copies: int = 1) -> bool:
    """Two outputs on one input, two samples: the whole source enumerated; equal targets stand for copies."""
    for targets in ((1, 2), (3, 3), (4, -4)):
        counted = targets if copies == 1 else targets[:1]
        require(_joint(targets) == _formula(counted, conditional), f"targets {targets}")
    return True


def _marginals_are_smaller(sign: int = 1) -> bool:
    """Equal targets: ``E[q^2] > (E q)^2`` whenever q depends on w."""
    gaps = [_formula((t, t), True) - _formula((t, t), False) for t in (1, 2, 3, 4)]
    return all(sign * gap > 0 for gap in gaps)


CHECK = ProofCheck(
    key="product-formula",
    steps=(
        ProofStep("conditional product against the whole source", _exact,
             {"product of marginals": {"conditional": False}, "one factor too few": {"copies": 2}}),
        ProofStep("the product of marginals is smaller", _marginals_are_smaller, {"larger": {"sign": -1}}),
    ),
    covers="Independence given w, exactly on a source with four weights; the same argument serves any law, "
    "depth and count.",
)  # fmt: skip
