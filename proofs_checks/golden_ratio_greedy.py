"""Greedy subset sums on golden-ratio scales (claim ``golden-ratio-greedy``).

``g = (sqrt 5 - 1)/2`` solves ``g^2 = 1 - g``. With one sample in each ``[g^(k+2), g^(k+1)]``, ``k < K``, a remainder
in ``[0, g^k]`` is either at most the sample, which is skipped, and then at most ``g^(k+1)``; or the sample is
subtracted, and ``g^k - g^(k+2) = g^(k+1)`` bounds what is left, which is positive. Random signs and ``|w|``
log-uniform on ``[g^(K+1), g]``: each of the 2K (scale, sign) cells has probability ``1/(2K)``, so ``n = 2K
ln(2K/delta)`` leaves one empty with probability at most delta.
"""

from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._sample import agrees, generator
from sltk.subset_sum.laws import LogUniform

_GOLDEN = (sp.sqrt(5) - 1) / 2


def _step_bounds(g: sp.Expr = _GOLDEN) -> bool:
    """In units of ``g^k``: the largest remainder, 1, less the smallest sample, ``g^2``, is at most g; in Q(sqrt 5)."""
    return bool(sp.simplify(1 - g**2 - g) <= 0)


def _tight(g: sp.Expr = _GOLDEN) -> bool:
    """Both ends are met at once, so no other ratio g serves: ``1 - g^2 = g`` exactly."""
    return sp.simplify(1 - g**2 - g) == 0


def _greedy(reach: float = 1.0) -> bool:
    """Greedy on random admissible samples, over a grid of targets: the remainder stays in ``[0, g^K]``."""
    g, scales = float(_GOLDEN.evalf()), 12
    draw = generator("golden-ratio-greedy")
    for _ in range(200):
        exponents = np.arange(1, scales + 1) + draw.random(scales)
        remainder = np.linspace(0.0, reach, 501)
        for sample in g**exponents:
            remainder = np.where(remainder > sample, remainder - sample, remainder)
        require(bool((remainder >= 0).all()), "a negative remainder")
        require(remainder.max() <= g**scales * (1 + 1e-9), f"remainder {remainder.max()} beyond {g**scales}")
    return True


def _width(factor: int = 2) -> bool:
    """``2K (1 - 1/(2K))^n <= delta`` at ``n = factor K ln(2K/delta)``, on a grid of K and delta."""
    for scales in (1, 2, 5, 10, 20, 40):
        for delta in ("1/2", "1/20", "1/100", "1/1000000"):
            n = factor * scales * (2 * scales / ball(delta)).log()
            missed = 2 * scales * (1 - ball(Fraction(1, 2 * scales))) ** n
            require(bool(missed <= ball(delta)), f"K = {scales}, delta = {delta}: {missed.str(4)}")
    return True


def _cells(span: int = 1, trials: int = 200_000) -> bool:
    """A log-uniform draw hits the positive cell k = 3 of K = 10 with probability ``1/(2K)``."""
    g, scales = float(_GOLDEN.evalf()), 10
    draws = LogUniform(g ** (scales + 1), g).sample(generator("golden-cells"), trials)
    count = int(np.count_nonzero((draws >= g**5) & (draws <= g ** (5 - span))))
    return agrees(count, trials, 1 / (2 * scales))


CHECK = ProofCheck(
    key="golden-ratio-greedy",
    steps=(
        ProofStep("the induction step in Q(sqrt 5)", _step_bounds, {"g = 3/5": {"g": sp.Rational(3, 5)}}),
        ProofStep("1 - g^2 = g", _tight, {"g = 5/8": {"g": sp.Rational(5, 8)}}),
        ProofStep("greedy on 200 random pools", _greedy, {"targets up to 1.1": {"reach": 1.1}}),
        ProofStep("n = 2K ln(2K/delta)", _width, {"K ln(2K/delta)": {"factor": 1}}),
        ProofStep("cells have probability 1/(2K)", _cells, {"two cells": {"span": 2}}),
    ),
    covers="The induction and the count of samples. (1 - 1/m)^m <= 1/e gives the width for all K and delta.",
)
