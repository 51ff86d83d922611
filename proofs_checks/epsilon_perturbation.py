"""Weights that may move by up to m (claim ``epsilon-perturbation``).

Moved samples of a subset I sum to anything within ``m |I|`` of ``sum_I x`` and to nothing beyond. So I comes within
eps of z exactly where ``|z - sum_I x| <= eps + m |I|``, an interval of length ``2 (eps + m |I|)`` around its sum;
their lengths add up to ``sum_k C(n, k) 2 (eps + m k) = 2^n (2 eps + n m)``, and a uniform target of a window W lies
in their union with probability at most that over W.
"""

import math
from fractions import Fraction

import sympy

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import generator
from proofs_checks._worst_case import rationals


def _reach(share: Fraction = Fraction(1)) -> bool:
    """The extreme moves reach the ends of the interval, and no corner of moves lies beyond: linear, so corners do."""
    pool, move = rationals(generator("epsilon-perturbation"), 5), Fraction(1, 7)
    for subset in range(2**5):
        inside = [x for i, x in enumerate(pool) if subset >> i & 1]
        corners = [
            sum((x + move * (1 if signs >> i & 1 else -1) for i, x in enumerate(inside)), Fraction(0))
            for signs in range(2 ** len(inside))
        ]
        centre, radius = sum(inside, Fraction(0)), share * move * len(inside)
        require((min(corners), max(corners)) == (centre - radius, centre + radius), f"subset {subset:05b}")
    return True


def _lengths(samples: int = 1) -> bool:
    """``sum_k C(n, k) (2 eps + 2 m k) = 2^n (2 eps + n m)``, in symbols for eps and m, n up to 40."""
    eps, move = sympy.symbols("eps m", positive=True)
    for n in range(41):
        total = sum(math.comb(n, k) * (2 * eps + 2 * move * k) for k in range(n + 1))
        require(sympy.expand(total - 2**n * (2 * eps + samples * n * move)) == 0, f"n = {n}")
    return True


def _induction(step: int = 1) -> bool:
    """For every n: a further sample doubles the number of subsets and adds 1 to the size of half of them.

    With ``S(n) = sum_k C(n, k) k``: ``S(n + 1) = 2 S(n) + 2^n``, which ``n 2^(n-1)`` solves from ``S(0) = 0``.
    """
    n = sympy.symbols("n", integer=True, nonnegative=True)
    solution = n * 2 ** (n - 1)
    left = solution.subs(n, n + 1) - 2 * solution - step * 2**n
    return solution.subs(n, 0) == 0 and sympy.simplify(left) == 0


def _never_more(sign: int = 1) -> bool:
    """The intervals with moves contain those without, subset by subset, so no target is lost."""
    eps, move = Fraction(1, 50), Fraction(sign, 100)
    return all(eps + move * size >= eps for size in range(41))


CHECK = ProofCheck(
    key="epsilon-perturbation",
    steps=(
        ProofStep("what moved samples sum to", _reach, {"half of the move": {"share": Fraction(1, 2)}}),
        ProofStep("lengths of all intervals", _lengths, {"every subset whole": {"samples": 2}}),
        ProofStep("their sum for every n", _induction, {"a sample that adds 2": {"step": 2}}),
        ProofStep("moving never hurts", _never_more, {"moves that shrink": {"sign": -1}}),
    ),
    covers="The counting bound and that never more samples are needed, for the definition that is measured here.",
    trusts=("the published factor 1/(1 + eps) (only the abstract has been read)",),
)
