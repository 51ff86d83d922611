"""Sources that are random graphs (claim ``random-source``).

A Bernoulli(p) mask takes a density p0 to ``p p0``, so c to ``p c`` in subset-sum-covering; the width grows by the
factor ``ln(1 - c/2)/ln(1 - p c/2)``, between ``1/p`` and ``1.151/p`` as ``c <= 1/2``.
"""

from fractions import Fraction

import numpy as np
import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball, prove_positive
from proofs_checks._sample import agrees, generator
from proofs_checks._widths import closed_form
from sltk.subset_sum.laws import Masked, Uniform


def _convex(power: int = 1) -> bool:
    """``f(p) = -ln(1 - p a)`` is convex with f(0) = 0, so ``f(p) <= p f(1)``, and ``f(p) >= p a``."""
    p, a = sp.symbols("p a", positive=True)
    second = sp.diff(-sp.log(1 - p * a), p, 2)
    return sp.simplify(second - (a / (1 - p * a)) ** (2 * power)) == 0


def _factor(limit: str = "1.151") -> bool:
    """``-ln(1 - a)/a <= 1.151`` at a = 1/4, where it is largest: its power series has positive coefficients."""
    return bool(-4 * (ball(3) / 4).log() < ball(limit))


def _widths(thin: Fraction = Fraction(1)) -> bool:
    """Exact widths at (.01, .05) for four p lie between 1/p and 1.151/p times the dense one, to rounding."""
    e, delta = Fraction(1, 100), Fraction(1, 20)
    dense = closed_form(Fraction(1), Fraction(1, 2), e, delta)
    for p in (Fraction(1), Fraction(1, 2), Fraction(1, 4), Fraction(1, 10)):
        n = closed_form(Fraction(1), p * thin / 2, e, delta)
        require((dense - 1) / p <= n <= Fraction("1.151") * dense / p + 1, f"p = {p}: {n}")
    return True


def _published_factor(factor: int = 1) -> bool:
    """``p < ln(1/(1-p))``, so ``1/ln(1/(1-p))`` is below 1/p.

    Beyond ``1 - 1/e`` it is below 1, and no factor of a width.
    """
    prove_positive(lambda p: -((1 - p).log()) - factor * p, "1/1000", "999/1000", "ln(1/(1-p)) - p")
    return bool(1 / -((1 - ball("64/100")).log()) < 1)


def _draws(p: float = 0.3, trials: int = 400_000) -> bool:
    draws = Masked(Uniform(1.0), p).sample(generator("random-source"), trials)
    return agrees(int(np.count_nonzero((draws > 0.0) & (draws <= 0.5))), trials, 0.3 * 0.25)


CHECK = ProofCheck(
    key="random-source",
    steps=(
        ProofStep("-ln(1 - p a) is convex in p", _convex, {"fourth power": {"power": 2}}),
        ProofStep("-4 ln(3/4) < 1.151", _factor, {"1.150": {"limit": "1.150"}}),
        ProofStep("exact widths", _widths, {"p c squared": {"thin": Fraction(1, 2)}}),
        ProofStep("1/ln(1/(1-p)) against 1/p", _published_factor, {"1/(2p)": {"factor": 2}}),
        ProofStep("drawn masked law", _draws, {"p = .32": {"p": 0.32}}),
    ),
    covers="c -> p c and the factor it costs, in [1/p, 1.151/p].",
    trusts=(
        "the published factor 1/ln(1/(1-p)), whose meaning near p = 1 differs: it falls below 1 from p = 1 - 1/e on",
    ),
)
