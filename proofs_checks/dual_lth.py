"""Random tickets, transformed (claim ``dual-lth``).

Gradient descent with momentum mu on the penalty ``lambda/2 |theta|^2`` is stable iff ``0 < eta lambda < 2 (1 + mu)``.
After k of 5 cycles the ratio cut is ``1 - (1 - p)^(k/5)``. A schedule of 1e-4 every 5 iterations passes 1 after
50,000 iterations.
"""

from fractions import Fraction

import sympy as sp

from proofs_checks._check import ProofCheck, ProofStep, require

_r = sp.Symbol("r")


def _characteristic(sign: int = 1) -> bool:
    """Momentum on a quadratic has the polynomial ``r^2 - (1 + mu - h) r + mu`` with ``h = eta lambda``."""
    mu, h, new, now, old = sp.symbols("mu h new now old")
    rule = new - (now + mu * (now - old) - h * now)
    return sp.expand(rule.subs({new: _r**2, now: _r, old: 1}) - (_r**2 - (1 + mu - h) * _r + sign * mu)) == 0


def _limit(factor: Fraction = Fraction(2)) -> bool:
    """Roots, exactly: inside the unit circle just below ``2 (1 + mu)``, and -1 is a root there."""
    for mu in (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100)):
        edge = factor * (1 + mu)
        require(1 + (1 + mu - edge) + mu == 0, f"mu = {mu}: -1 is no root at the limit")
        for share in (Fraction(1, 100), Fraction(1, 2), Fraction(999, 1000)):
            require(_stable(mu, edge * share), f"mu = {mu}, share = {share}")
        require(not _stable(mu, edge * Fraction(1001, 1000)), f"mu = {mu}: stable beyond the limit")
    return True


def _stable(mu: Fraction, h: Fraction) -> bool:
    """Jury's criterion for ``r^2 - (1 + mu - h) r + mu``."""
    return abs(1 + mu - h) < 1 + mu and mu < 1


def _jury(size: str = "0.97") -> bool:
    """Jury's criterion against numeric roots on a grid, away from the limit."""
    for mu in (0.0, 0.3, 0.9):
        for h in (0.1, 1.0, 1.9, 2.2, 3.0, 3.6, 4.5):
            centre = 1 + mu - h
            roots = sp.Poly(_r**2 - centre * _r + mu, _r).nroots()
            inside = max(abs(complex(root)) for root in roots) < 1.0
            require(
                inside == _stable(Fraction(mu), Fraction(h) * Fraction(size) / Fraction("0.97")), f"mu = {mu}, h = {h}"
            )
    return True


def _cycles(count: int = 5) -> bool:
    """Five equal cumulative cuts end at p: ``(1 - p)^(1/5)`` five times over is ``1 - p``."""
    p = sp.Symbol("p", positive=True)
    return sp.simplify(((1 - p) ** sp.Rational(1, 5)) ** count - (1 - p)) == 0


def _schedule(every: int = 5) -> bool:
    return Fraction(1) / Fraction(1, 10_000) * every == 50_000


CHECK = ProofCheck(
    key="dual-lth",
    steps=(
        ProofStep("characteristic polynomial", _characteristic, {"-mu": {"sign": -1}}),
        ProofStep("stable iff eta lambda < 2 (1 + mu)", _limit, {"2.01 (1 + mu)": {"factor": Fraction(201, 100)}}),
        ProofStep("Jury's criterion against roots", _jury, {"h doubled": {"size": "1.94"}}),
        ProofStep("cumulative ratio", _cycles, {"four cycles": {"count": 4}}),
        ProofStep("length of the schedule", _schedule, {"every 4": {"every": 4}}),
    ),
    covers="The stability limit and the schedules of the protocol.",
    trusts=("the claim itself, which is empirical",),
)
