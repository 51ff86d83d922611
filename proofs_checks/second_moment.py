"""The second-moment bound for one target (claim ``second-moment``).

N counts the subsets within eps of z: ``P(N > 0) >= (E N)^2/E N^2`` (Cauchy and Schwarz). ``E N = sum_k C(n, k) P(|S_k
- z| <= eps)`` with S_k a sum of k samples; in ``E N^2`` a pair of subsets counts by its overlap o and the rests a, b,
with multiplicity ``n!/(o! a! b! (n-o-a-b)!)``. Typical subsets of size n/2 overlap in n/4, so their sums have
correlation 1/2, and the densities' ratio ``1/sqrt(1 - 1/4)`` puts the limit at ``sqrt(3)/2``.
"""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._sample import agrees, generator
from sltk.subset_sum.laws import Uniform

_QUARTER = sp.Rational(1, 4)
_LAW = {-3: Fraction(1, 4), -1: Fraction(1, 4), 1: Fraction(1, 4), 2: Fraction(1, 4)}


def _sum_law(k: int) -> dict[int, Fraction]:
    law = {0: Fraction(1)}
    for _ in range(k):
        grown: dict[int, Fraction] = {}
        for (s, p), (x, q) in product(law.items(), _LAW.items()):
            grown[s + x] = grown.get(s + x, Fraction(0)) + p * q
        law = grown
    return law


def _moments_by_enumeration(n: int, z: int) -> tuple[Fraction, Fraction, Fraction]:
    """``E N``, ``E N^2`` and ``P(N > 0)`` over all pools of a four-point law."""
    first = second = hit = Fraction(0)
    for pool in product(_LAW, repeat=n):
        sums = [0]
        for x in pool:
            sums += [s + x for s in sums]
        count, weight = sums.count(z), Fraction(1, len(_LAW) ** n)
        first, second, hit = first + weight * count, second + weight * count**2, hit + weight * (count > 0)
    return first, second, hit


def _first_moment(choose_from: int = 0) -> bool:
    for n, z in ((3, 1), (4, 0), (4, 3), (5, -2)):
        formula = sum(math.comb(n + choose_from, k) * _sum_law(k).get(z, Fraction(0)) for k in range(n + 1))
        require(formula == _moments_by_enumeration(n, z)[0], f"n = {n}, z = {z}")
    return True


def _second_moment(overlap_counts: bool = True) -> bool:
    for n, z in ((3, 1), (4, 0), (4, 3), (5, -2)):
        formula = Fraction(0)
        for o, a, b in product(range(n + 1), repeat=3):
            if o + a + b <= n:
                ways = math.factorial(n) // math.prod(map(math.factorial, (o, a, b, n - o - a - b)))
                formula += ways * _both(o if overlap_counts else 0, a, b, z)
        require(formula == _moments_by_enumeration(n, z)[1], f"n = {n}, z = {z}")
    return True


def _both(o: int, a: int, b: int, z: int) -> Fraction:
    """``P(S_o + S_a = z and S_o + S_b = z)``."""
    left, right = _sum_law(a), _sum_law(b)
    return sum((p * left.get(z - s, 0) * right.get(z - s, 0) for s, p in _sum_law(o).items()), Fraction(0))


def _bound(power: int = 2) -> bool:
    for n, z in product(range(1, 6), range(-4, 5)):
        first, second, hit = _moments_by_enumeration(n, z)
        require(second * hit >= first**power, f"n = {n}, z = {z}: {hit} < {first}^{power}/{second}")
    return True


def _limit(overlap: sp.Expr = _QUARTER) -> bool:
    """Two normal sums of n/2 samples with ``overlap n`` in common: ``density(0,0)/density(0)^2`` is ``2/sqrt 3``."""
    shared, own = overlap, sp.Rational(1, 2) - overlap
    covariance = sp.Matrix([[shared + own, shared], [shared, shared + own]])
    ratio = covariance[0, 0] / sp.sqrt(covariance.det())
    return sp.simplify(1 / ratio - sp.sqrt(3) / 2) == 0


def _uniform_draws(half_width: float = 1.0, trials: int = 400_000) -> bool:
    """n = 2, U[-1,1], z = 1/4, eps = 1/10: ``P(|x_1 + x_2 - z| <= eps)`` from the triangular law, drawn."""
    pools = Uniform(half_width).sample(generator("second-moment"), (trials, 2))
    count = int(np.count_nonzero(np.abs(pools.sum(axis=1) - 0.25) <= 0.1))
    x = sp.Symbol("x")
    p = sp.integrate((2 - x) / 4, (x, sp.Rational(3, 20), sp.Rational(7, 20)))
    return agrees(count, trials, float(p))


CHECK = ProofCheck(
    key="second-moment",
    steps=(
        ProofStep("E N by sizes against all pools", _first_moment, {"C(n+1, k)": {"choose_from": 1}}),
        ProofStep(
            "E N^2 by overlaps against all pools", _second_moment, {"overlap ignored": {"overlap_counts": False}}
        ),
        ProofStep("P(N > 0) E N^2 >= (E N)^2", _bound, {"(E N)^1": {"power": 1}}),
        ProofStep("limit sqrt(3)/2 of normal sums", _limit, {"overlap n/3": {"overlap": sp.Rational(1, 3)}}),
        ProofStep("drawn pairs of U[-1,1]", _uniform_draws, {"U[-1.1,1.1]": {"half_width": 1.1}}),
    ),
    covers="Both moments' formulas and the inequality, exactly on a four-point law; the limit for normal sums.",
    trusts=("that the ratio of uniform pools tends to that of normal sums (a local limit theorem)",),
)
