"""A logarithmic width for all targets at once (claim ``lueker``).

For U[-1,1] and ``m = min(e, delta) <= 1`` the explicit theorem asks for ``ceil(ln(2/(e^2 delta))/ln(4/3))`` samples,
and ``2/(e^2 delta) <= (2/m)^3/4``; so ``C log(2/m)`` suffices with ``C = 3/ln(4/3) < 10.43``, on all of [-1/2, 1/2].
"""

from fractions import Fraction

from proofs_checks._check import ProofCheck, ProofStep, require
from proofs_checks._interval import ball
from proofs_checks._widths import closed_form

_GRID = [Fraction(a, 10**k) for k in range(1, 7) for a in (1, 3, 10)]


def _cube(share: Fraction = Fraction(1, 4)) -> bool:
    """``2/(e^2 delta) <= (2/m)^3 share``: as e, delta >= m the left side is at most ``2/m^3``.

    Equality at e = delta.
    """
    return all(2 / (e * e * d) <= (2 / min(e, d)) ** 3 * share for e in _GRID for d in _GRID)


def _ceiling_is_free(share: Fraction = Fraction(1, 4)) -> bool:
    """The factor 1/4 pays for rounding up: ``ln(4)/ln(4/3) >= 1``."""
    return bool((1 / ball(share)).log() >= (ball(4) / 3).log())


def _constant(limit: str = "10.43") -> bool:
    return bool(3 / (ball(4) / 3).log() < ball(limit))


def _widths(constant: str = "10.43") -> bool:
    """The exact widths stay below ``C log(2/m)`` on a grid."""
    for e in _GRID:
        for delta in _GRID:
            n = closed_form(Fraction(1), Fraction(1, 2), e, delta)
            require(bool(n <= ball(constant) * ball(2 / min(e, delta)).log()), f"n = {n} at ({e}, {delta})")
    return True


CHECK = ProofCheck(
    key="lueker",
    steps=(
        ProofStep("2/(e^2 delta) <= (2/m)^3/4", _cube, {"a fifth": {"share": Fraction(1, 5)}}),
        ProofStep("the factor pays for rounding up", _ceiling_is_free, {"no factor": {"share": Fraction(1)}}),
        ProofStep("3/ln(4/3) < 10.43", _constant, {"10.42": {"limit": "10.42"}}),
        ProofStep("widths on a grid", _widths, {"C = 8": {"constant": "8"}}),
    ),
    covers="Lueker's form with the explicit constant 10.43 for U[-1,1], from the claim subset-sum-covering.",
    trusts=("the published theorem for other laws, and the tail form of da Cunha et al. (remembered)",),
)
