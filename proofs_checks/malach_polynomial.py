"""One random weight for one target weight (claim ``malach-polynomial``).

``P(|x - z| <= e) >= e/2`` for x from U[-1,1], ``|z| <= 1`` and ``e <= 2``, so ``2 ln(1/delta)/e`` draws hold one
within e but for probability delta: a width of order 1/e where subset sums need its logarithm.
"""

from fractions import Fraction
from itertools import product

import numpy as np

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._sample import agrees, generator
from sltk.subset_sum.laws import Uniform


def _hit(z: Fraction, e: Fraction) -> Fraction:
    return max(Fraction(0), min(z + e, Fraction(1)) - max(z - e, Fraction(-1))) / 2


def _chance(share: Fraction = Fraction(1, 2)) -> bool:
    """On a grid that holds every break of this piecewise linear function; the worst target is an end."""
    grid = [Fraction(k, 20) for k in range(-20, 21)]
    for z, e in product(grid, (Fraction(k, 20) for k in range(1, 41))):
        require(_hit(z, e) >= share * e, f"z = {z}, e = {e}")
    return _hit(Fraction(1), Fraction(1, 7)) == Fraction(1, 14)


def _width(factor: int = 2) -> bool:
    """``(1 - e/2)^n <= delta`` at ``n = 2 ln(1/delta)/e``."""
    for e, delta in product(("1", "1/10", "1/1000"), ("1/2", "1/100", "1/1000000")):
        n = factor * (1 / ball(delta)).log() / ball(e)
        require(bool((1 - ball(e) / 2) ** n <= ball(delta)), f"e = {e}, delta = {delta}")
    return True


def _draws(e: float = 0.1, trials: int = 400_000) -> bool:
    draws = Uniform(1.0).sample(generator("malach"), trials)
    return agrees(int(np.count_nonzero(np.abs(draws - 1.0) <= e)), trials, 0.05)


CHECK = ProofCheck(
    key="malach-polynomial",
    steps=(
        ProofStep("chance of one draw", _chance, {"e": {"share": Fraction(1)}}),
        ProofStep("draws that suffice", _width, {"ln(1/delta)/e": {"factor": 1}}),
        ProofStep("drawn at the worst target", _draws, {"e = .11": {"e": 0.11}}),
    ),
    covers="The core, one weight by one draw, with constants.",
    trusts=("the network's order d^5 l^2/eps^2, as restated in another paper",),
)
